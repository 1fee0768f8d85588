"""Folders of images with a table of labels; the table's columns tell what kind it is.

Image labels have ``file`` and ``calcifications`` (0 or 1). Clusters have ``image`` (a file name without its
ending), ``class`` (``CALC`` or another), ``x_px``, ``y_px_top_origin`` and ``radius_px``; a ``CALC`` row
without a place says that nobody knows where. Located calcifications have ``file``, ``row`` and ``column`` in
pixels, perhaps ``diameter_mm``, one a calcification; a row without a place is an image without any. Each may
have ``patient`` (or ``patient_id``) and ``pixel_spacing_mm``.

Corrections are a second table with ``file``, ``row``, ``column``, ``what`` and ``corrected_label``, one row a
mark: what somebody saw there, and what the label of the whole image should be (0, 1, or ``?`` for doubt).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import GivenAttributes
from calcwatch.service.files.open_image import open_image
from calcwatch_lab.bench.truth.truth import Case, Shown, TrueCalcification, TrueGroup, Truth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from calcwatch.domain.image import Point

LABELS = "labels.csv"
"""The table that is looked for in a labeled folder."""

SEEN_MM = {"calcification": 1.0, "cluster": 5.0}
"""How near a mark must be to a place that a corrected table names, by a word of its column ``what``."""

Rows = list[dict[str, str]]
"""A table: a dictionary a row, words stripped of blanks."""

_CIRCLE_POINTS = 24


@dataclass(frozen=True)
class LabeledImage:
    """One image of a labeled folder; ``circles`` and ``points`` are (row, column, size) as in the table.

    ``circles``: clusters with their radius in pixels. ``points``: calcifications with their diameter in mm,
    0 where unknown.
    """

    path: Path
    patient: str
    given: GivenAttributes
    truth: Truth
    circles: tuple[tuple[float, float, float], ...] = ()
    points: tuple[tuple[float, float, float], ...] = ()


def read_labeled(folder: Path, table: Path | None = None) -> list[LabeledImage]:
    """Read the labels of a folder's images, in the order of the table; ``None``: its ``labels.csv``.

    Raises ``BadTable`` when the table cannot be read, has no rows, is of no known kind or names no image.
    """
    path = table or folder / LABELS
    rows = read_rows(path)
    kind = _kind_of(rows[0], path)
    files = {found.name: found for found in sorted(folder.iterdir())} if folder.is_dir() else {}
    column = "file" if "file" in rows[0] else "image"
    known = files if column == "file" else {name.rpartition(".")[0]: file for name, file in files.items()}
    images = [kind(known[name], group) for name, group in _by_image(rows, column) if name in known]
    if not images:
        raise BadTable(f"{path}: the table names no file of the folder {folder}; is it the table of another?")
    return images


def with_corrections(images: Sequence[LabeledImage], table: Path) -> list[LabeledImage]:
    """Put in what somebody saw who looked again, if the table of corrections names any of the images.

    A corrected label that is neither 0 nor 1 is doubt; an image without a row keeps its label. Raises
    ``BadTable`` when the table cannot be read.
    """
    corrected = dict(_by_image(read_rows(table), "file"))
    if not any(image.path.name in corrected for image in images):
        return list(images)
    return [_corrected(image, corrected.get(image.path.name, []), table) for image in images]


def read_rows(path: Path) -> Rows:
    """Read a CSV file with a head line; raises ``BadTable`` when it cannot be read or has no rows."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                {name: (word or "").strip() for name, word in row.items() if name is not None}
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise BadTable(f"{path}: the table of labels cannot be read: {words}") from error
    if not rows:
        raise BadTable(f"{path}: the table of labels has no rows")
    return rows


def without_patients(images: Iterable[LabeledImage], left_out: Collection[str]) -> list[LabeledImage]:
    """Leave out the images of the patients named: those that trained the detector."""
    return [image for image in images if image.patient not in left_out]


def without_calcifications(images: Sequence[LabeledImage]) -> list[LabeledImage]:
    """Images that show no calcification by their corrected labels, or by their labels where none is."""
    if any(one.truth.corrected is not None for one in images):
        return [one for one in images if one.truth.corrected is False]
    return [one for one in images if one.truth.positive is False]


def labeled_cases(name: str, images: Sequence[LabeledImage]) -> list[Case]:
    """One case an image, under the data set's ``name``."""
    return [Case(name, one.patient, one.path.name, partial(show_labeled, one)) for one in images]


def show_labeled(image: LabeledImage) -> Shown:
    """Read one labeled image; what the table gives in pixels or mm is turned into the other here."""
    mammogram = open_image(image.path, image.given)
    spacing = mammogram.description.pixel_spacing
    if spacing is None:
        raise BadTable(f"{image.path.name}: its pixel spacing is unknown; give it in column pixel_spacing_mm")
    groups = tuple(TrueGroup(row, column, radius * spacing.mm) for row, column, radius in image.circles)
    points = tuple(
        TrueCalcification(row, column, _circle(row, column, mm / spacing.mm / 2))
        for row, column, mm in image.points
    )
    return Shown(mammogram, replace(image.truth, groups=groups, calcifications=points))


def _kind_of(row: dict[str, str], path: Path) -> partial[LabeledImage]:
    kinds = (
        ({"file", "calcifications"}, _image_labels),
        ({"image", "class", "x_px", "y_px_top_origin", "radius_px"}, _clusters),
        ({"file", "row", "column"}, _located),
    )
    for columns, reader in kinds:
        if columns <= set(row):
            return partial(reader, table=path)
    expected = "; or ".join(", ".join(sorted(columns)) for columns, _ in kinds)
    raise BadTable(f"{path}: columns {', '.join(row)} are no labels; expected {expected}")


def _by_image(rows: Rows, column: str) -> list[tuple[str, Rows]]:
    """Rows of each image, in the order of their first row."""
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row.get(column, ""), []).append(row)
    return list(found.items())


def _image_labels(path: Path, rows: Rows, *, table: Path) -> LabeledImage:
    if rows[0]["calcifications"] not in ("0", "1"):
        raise BadTable(f"{table}: calcifications of {path.name} is {rows[0]['calcifications']!r}, not 0 or 1")
    truth = Truth(positive=rows[0]["calcifications"] == "1")
    return LabeledImage(path, _patient(rows[0], path), _given(rows[0], table), truth)


def _clusters(path: Path, rows: Rows, *, table: Path) -> LabeledImage:
    clusters = [row for row in rows if row["class"] == "CALC"]
    located = [row for row in clusters if row["x_px"]]
    circles = tuple(
        (_number(r, "y_px_top_origin", table), _number(r, "x_px", table), _number(r, "radius_px", table))
        for r in located
    )
    truth = Truth(positive=bool(clusters), grouped=len(located) == len(clusters))
    return LabeledImage(path, _patient(rows[0], path), _given(rows[0], table), truth, circles=circles)


def _located(path: Path, rows: Rows, *, table: Path) -> LabeledImage:
    points = tuple(
        (
            _number(row, "row", table),
            _number(row, "column", table),
            _number(row, "diameter_mm", table) if row.get("diameter_mm") else 0.0,
        )
        for row in rows
        if row["row"]
    )
    truth = Truth(positive=bool(points), located=True)
    return LabeledImage(path, _patient(rows[0], path), _given(rows[0], table), truth, points=points)


def _patient(row: dict[str, str], path: Path) -> str:
    return row.get("patient") or row.get("patient_id") or path.name


def _given(row: dict[str, str], table: Path) -> GivenAttributes:
    try:
        return GivenAttributes.from_text(pixel_spacing_mm=row.get("pixel_spacing_mm"))
    except ValueError as error:
        raise BadTable(f"{table}: {error}") from error


def _number(row: dict[str, str], name: str, table: Path) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadTable(f"{table}: {name} is {row[name]!r}, not a number")
    return value


def _corrected(image: LabeledImage, rows: Rows, table: Path) -> LabeledImage:
    label = rows[-1].get("corrected_label", "") if rows else ""
    words = {"0": False, "1": True, "": image.truth.positive}
    return replace(
        image, truth=replace(image.truth, corrected=words.get(label), seen=tuple(_seen(rows, table)))
    )


def _seen(rows: Rows, table: Path) -> Iterator[tuple[float, float, float]]:
    for row in rows:
        for word, reach in SEEN_MM.items():
            if word in row.get("what", ""):
                yield _number(row, "row", table), _number(row, "column", table), reach


def _circle(row: float, column: float, radius_px: float) -> tuple[Point, ...]:
    if radius_px <= 0:
        return ()
    angles = [2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS)]
    return tuple((row + radius_px * math.sin(a), column + radius_px * math.cos(a)) for a in angles)
