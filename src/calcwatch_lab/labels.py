"""Every table of labels, read once: what somebody said of images, in one vocabulary of columns.

A table is a CSV file in UTF-8 with a head line; what it holds follows from its columns:

- image labels: ``file``, ``calcifications`` (0 or 1);
- clusters: ``image`` (a file name without its ending), ``class`` (``CALC`` or another), ``x_px``,
  ``y_px_top_origin``, ``radius_px``; a ``CALC`` row without a place says that nobody knows where;
- single calcifications: ``file``, ``row``, ``column``, perhaps ``diameter_mm``, one a row; a row without a
  place is an image without any;
- corrections, beside one of these: ``file``, ``row``, ``column``, ``what``, ``corrected_label``, one row a
  mark: what somebody saw there who looked again, and what the label of the whole image should be (0, 1, or
  ``?`` for doubt);
- backgrounds, images without calcifications: ``file`` and what else ``calcwatch analyze --table`` knows;
- masks, beside backgrounds: ``file``, ``row``, ``column``, ``radius_px``: places that may hold some still;
- ratings: ``file``, ``patient``, ``birads``, ``calcifications``, perhaps ``notes``.

Each may have ``patient``, ``pixel_spacing_mm``, ``image_laterality``, ``view_position``. Rows and columns are
pixels of the file, (0, 0) at the center of the top-left one.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import GivenAttributes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

LABELS = "labels.csv"
"""The table that is looked for in a labeled folder."""

OTHER_NAMES = {"patient_id": "patient", "laterality": "image_laterality", "view": "view_position"}
"""Names of columns that mean the same as another."""

SEEN_MM = {"calcification": 1.0, "cluster": 5.0}
"""How near a mark must be to a place that a table of corrections names, by a word of its column ``what``."""

SUSPICIOUS = ("4", "5", "6")
"""How a BI-RADS category begins that a radiologist gives to what must be biopsied."""

RATED = ("2", "3", *SUSPICIOUS)
"""How a category begins that says something of calcifications."""

Circle = tuple[float, float, float]
"""Row, column and radius (or another length) of a place."""


class Row(dict[str, str]):
    """One row of a table by column, words stripped of blanks.

    Attributes:
        table: The file.
        line: Number of its line there, the head line being 1.

    """

    def __init__(self, cells: Mapping[str, str], table: Path, line: int) -> None:
        super().__init__(cells)
        self.table = table
        self.line = line

    def number(self, column: str) -> float:
        """Read a number.

        Args:
            column: Name of a column.

        Returns:
            The number in the cell.

        Raises:
            BadTable: The cell holds none.

        """
        try:
            value = float(self[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.refused(f"{column} is {self[column]!r}, not a number")
        return value

    def given(self, *columns: str) -> GivenAttributes:
        """Read what the row says of the image that its file may not say.

        Args:
            *columns: The columns that count.

        Returns:
            The attributes; a column that the table lacks or an empty cell gives ``None``.

        Raises:
            BadTable: A cell cannot be used.

        """
        try:
            return GivenAttributes.from_text(
                **{"patient_id" if name == "patient" else name: self.get(name) for name in columns}
            )
        except ValueError as error:
            raise self.refused(str(error)) from error

    def refused(self, words: str) -> BadTable:
        """Make the error that refuses this row.

        Args:
            words: What is wrong with it.

        Returns:
            An error that names table and line.

        """
        return BadTable(f"{self.table}, line {self.line}: {words}")


@dataclass(frozen=True, kw_only=True)
class LabeledImage:
    """One image and what a table says of it.

    Attributes:
        path: Its file; its name alone where a table was read without a folder.
        patient: Whom it shows; the name of the file where the table does not say.
        given: What the table says that the file may not say.
        positive: Whether it shows a calcification; ``None`` where nobody said.
        located: Whether every calcification is in ``points``.
        grouped: Whether every cluster is in ``circles``.
        circles: Row, column and radius of each cluster in pixels.
        points: Row and column of each calcification in pixels, and its diameter in mm, 0 where unknown.
        corrected: ``positive`` as somebody sees it who looked again; ``None`` without, or in doubt.
        seen: Places met then: row, column, and the distance in mm up to which a mark is one of them.
        masked: Row, column and radius in pixels of places that may hold calcifications after all.
        birads: Category that a radiologist gave to the image; empty without.
        notes: What was noted beside it.

    """

    path: Path
    patient: str
    given: GivenAttributes = field(default=GivenAttributes())
    positive: bool | None = None
    located: bool = False
    grouped: bool = False
    circles: tuple[Circle, ...] = ()
    points: tuple[Circle, ...] = ()
    corrected: bool | None = None
    seen: tuple[Circle, ...] = ()
    masked: tuple[Circle, ...] = ()
    birads: str = ""
    notes: str = ""

    @property
    def is_rated(self) -> bool:
        """Whether its category says something of calcifications: 2 to 6."""
        return self.birads.startswith(RATED)

    @property
    def is_suspicious(self) -> bool:
        """Whether its category is 4, 5 or 6."""
        return self.birads.startswith(SUSPICIOUS)


def read_rows(path: Path, needed: Sequence[str] = ()) -> list[Row]:
    """Read a table.

    Args:
        path: A CSV file in UTF-8, with or without byte order mark, with a head line.
        needed: Columns without which it is of no use.

    Returns:
        Its rows in order, columns by their first name of ``OTHER_NAMES``.

    Raises:
        BadTable: It cannot be read, has no rows, or lacks a column that is needed.

    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [Row(_renamed(cells), path, reader.line_num) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise BadTable(f"{path}: the table of labels cannot be read: {words}") from error
    if not rows:
        raise BadTable(f"{path}: the table of labels has no rows")
    if missing := [name for name in needed if name not in rows[0]]:
        found = ", ".join(rows[0]) or "none"
        raise BadTable(f"{path}: the table lacks the column {missing[0]}; columns found: {found}")
    return rows


def read_labels(table: Path, files: Mapping[str, Path] | None = None) -> list[LabeledImage]:
    """Read image labels, clusters or single calcifications, whichever the table holds.

    Args:
        table: The table.
        files: The images there are, by file name; ``None``: every image that the table names, by that name
            alone.

    Returns:
        One label an image, in the order of their first rows; rows of images that are not there are left out.

    Raises:
        BadTable: The table cannot be read, is of no known kind, or a row cannot be used.

    """
    rows = read_rows(table)
    read, column = _kind_of(rows[0])
    if files is None:
        known = {row[column]: table.parent / row[column] for row in rows if row[column]}
    else:
        known = {name if column == "file" else name.rpartition(".")[0]: path for name, path in files.items()}
    return [read(known[name], own) for name, own in _by_image(rows, column).items() if name in known]


def read_labeled(folder: Path, table: Path | None = None) -> list[LabeledImage]:
    """Read the labels of a folder's images.

    Args:
        folder: Where the images lie.
        table: Their labels, of any of the three kinds; ``None``: ``labels.csv`` of the folder.

    Returns:
        One label an image, in the order of the table.

    Raises:
        BadTable: The table cannot be read, is of no known kind, or names no image of the folder.

    """
    path = table or folder / LABELS
    files = {file.name: file for file in sorted(folder.iterdir())} if folder.is_dir() else {}
    images = read_labels(path, files)
    if not images:
        raise BadTable(f"{path}: the table names no file of the folder {folder}; is it the table of another?")
    return images


def read_backgrounds(table: Path, masks: Path | None = None) -> tuple[LabeledImage, ...]:
    """Read a table of images without calcifications.

    Args:
        table: Columns as of ``calcwatch analyze --table``; files are looked for beside it.
        masks: Table of the places in them that may hold calcifications after all; ``None``: none do.

    Returns:
        The images in the order of the table.

    Raises:
        BadTable: A table cannot be read, or a row cannot be used or names no file.

    """
    circles: dict[str, tuple[Circle, ...]] = {}
    for row in read_rows(masks, ("file", "row", "column", "radius_px")) if masks else ():
        circle = (row.number("row"), row.number("column"), row.number("radius_px"))
        circles[row["file"]] = (*circles.get(row["file"], ()), circle)
    images = []
    for row in read_rows(table, ("file",)):
        path = table.parent / row["file"]
        if not path.is_file():
            raise row.refused(f"{path} is no file")
        columns = ("patient", "study_date", "image_laterality", "view_position", "pixel_spacing_mm")
        images.append(
            LabeledImage(
                path=path,
                patient=_patient(row, path),
                given=row.given(*columns),
                positive=False,
                masked=circles.get(path.name, ()),
            )
        )
    return tuple(images)


def read_ratings(
    table: Path,
    folder: Path | None = None,
    *,
    needed: Sequence[str] = (),
    leave_out: Collection[str] = (),
) -> list[LabeledImage]:
    """Read the categories that radiologists gave to images.

    Args:
        table: The table of ratings.
        folder: Where the images lie; ``None``: beside the table.
        needed: Columns that are needed beside those of every rating.
        leave_out: Patients whose images are left out.

    Returns:
        The images in the order of the table, with what it says of spacing, side and view.

    Raises:
        BadTable: The table cannot be read, lacks a column, or a row cannot be used.

    """
    rows = read_rows(table, ("file", "patient", "birads", "calcifications", *needed))
    return [
        LabeledImage(
            path=(folder or table.parent) / row["file"],
            patient=row["patient"],
            given=row.given("pixel_spacing_mm", "image_laterality", "view_position"),
            positive=row["calcifications"] == "1",
            birads=row["birads"],
            notes=row.get("notes", ""),
        )
        for row in rows
        if row["patient"] not in leave_out
    ]


def with_corrections(images: Sequence[LabeledImage], table: Path) -> list[LabeledImage]:
    """Put in what somebody saw who looked again, if the table names any of the images.

    Args:
        images: Labels as given.
        table: Table of corrections.

    Returns:
        The same images. A corrected label that is neither 0 nor 1 is doubt; an image without a row keeps its
        label.

    Raises:
        BadTable: The table cannot be read, or a place in it is none.

    """
    rows = _by_image(read_rows(table), "file")
    if not any(image.path.name in rows for image in images):
        return list(images)
    return [_corrected(image, rows.get(image.path.name, [])) for image in images]


def without_patients(images: Iterable[LabeledImage], left_out: Collection[str]) -> list[LabeledImage]:
    """Leave out images of patients, such as those that trained the detector.

    Args:
        images: Labels.
        left_out: The patients.

    Returns:
        The images of everybody else, in their order.

    """
    return [image for image in images if image.patient not in left_out]


def without_calcifications(images: Sequence[LabeledImage]) -> list[LabeledImage]:
    """Keep the images that show no calcification.

    Args:
        images: Labels.

    Returns:
        Those without by their corrected labels, or by their labels where nobody corrected any.

    """
    if any(image.corrected is not None for image in images):
        return [image for image in images if image.corrected is False]
    return [image for image in images if image.positive is False]


def _renamed(cells: Mapping[str | None, str | None]) -> dict[str, str]:
    """Words of a row by the first name of their column; cells beyond the head line are left out."""
    words: dict[str, str] = {}
    for name, word in cells.items():
        if name is not None:
            column = OTHER_NAMES.get(name, name)
            words[column] = words.get(column) or (word or "").strip()
    return words


def _kind_of(row: Row) -> tuple[Callable[[Path, list[Row]], LabeledImage], str]:
    """What reads the rows of an image, and the column that names it."""
    kinds = (
        ({"file", "calcifications"}, _image_label, "file"),
        ({"image", "class", "x_px", "y_px_top_origin", "radius_px"}, _clusters, "image"),
        ({"file", "row", "column"}, _calcifications, "file"),
    )
    for columns, read, name in kinds:
        if columns <= set(row):
            return read, name
    expected = "; or ".join(", ".join(sorted(columns)) for columns, _, _ in kinds)
    raise BadTable(f"{row.table}: columns {', '.join(row)} are no labels; expected {expected}")


def _by_image(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """Rows of each image, in the order of their first row."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.get(column, ""), []).append(row)
    return found


def _patient(row: Row, path: Path) -> str:
    return row.get("patient") or path.name


def _image_label(path: Path, rows: list[Row]) -> LabeledImage:
    row = rows[0]
    if row["calcifications"] not in ("0", "1"):
        raise row.refused(f"calcifications of {path.name} is {row['calcifications']!r}, not 0 or 1")
    return LabeledImage(
        path=path,
        patient=_patient(row, path),
        given=row.given("pixel_spacing_mm"),
        positive=row["calcifications"] == "1",
    )


def _clusters(path: Path, rows: list[Row]) -> LabeledImage:
    clusters = [row for row in rows if row["class"] == "CALC"]
    circles = tuple(
        (row.number("y_px_top_origin"), row.number("x_px"), row.number("radius_px"))
        for row in clusters
        if row["x_px"]
    )
    return LabeledImage(
        path=path,
        patient=_patient(rows[0], path),
        given=rows[0].given("pixel_spacing_mm"),
        positive=bool(clusters),
        grouped=len(circles) == len(clusters),
        circles=circles,
    )


def _calcifications(path: Path, rows: list[Row]) -> LabeledImage:
    points = tuple(
        (
            row.number("row"),
            row.number("column"),
            row.number("diameter_mm") if row.get("diameter_mm") else 0.0,
        )
        for row in rows
        if row["row"]
    )
    return LabeledImage(
        path=path,
        patient=_patient(rows[0], path),
        given=rows[0].given("pixel_spacing_mm"),
        positive=bool(points),
        located=True,
        points=points,
    )


def _corrected(image: LabeledImage, rows: Sequence[Row]) -> LabeledImage:
    label = rows[-1].get("corrected_label", "") if rows else ""
    labels = {"0": False, "1": True, "": image.positive}
    return replace(image, corrected=labels.get(label), seen=tuple(_seen(rows)))


def _seen(rows: Iterable[Row]) -> Iterator[Circle]:
    for row in rows:
        for word, reach_mm in SEEN_MM.items():
            if word in row.get("what", ""):
                yield row.number("row"), row.number("column"), reach_mm
