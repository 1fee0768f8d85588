"""The table: a CSV file with what is known of images that do not say it themselves."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import GivenAttributes
from calcwatch.service.files.side_file import read_side_file

TABLE_COLUMNS = (
    "file",
    "patient_id",
    "study_date",
    "image_laterality",
    "view_position",
    "pixel_spacing_mm",
)
"""Columns of a table; only ``file`` is required, an empty cell is "not given", others are not used."""

_MEANT = {
    "id": "patient_id",
    "patient": "patient_id",
    "date": "study_date",
    "side": "image_laterality",
    "laterality": "image_laterality",
    "view": "view_position",
    "spacing": "pixel_spacing_mm",
    "pixelspacing": "pixel_spacing_mm",
}
"""Names that people write for a column, in small letters alone."""

_ALIKE = 0.8
"""From this similarity on (``difflib``, 0 to 1) a name is a misspelled one: one letter in six, our choice."""


@dataclass(frozen=True)
class Table:
    """What a table says.

    Attributes:
        rows: Its rows in order, empty lines left out.
        unused: Names of columns that mean nothing here and hold something.

    """

    rows: tuple[TableRow, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableRow:
    """One row of a table.

    Attributes:
        line: Line of the file on which it ends, 1 first.
        file: The file it names, relative to a folder that is searched; ``""`` where it names none.
        given: What it states of the file.
        problem: Why it cannot be used, in words; ``""``: it can.

    """

    line: int
    file: str
    given: GivenAttributes
    problem: str = ""


def read_table(path: Path) -> Table:
    """Read a table.

    Args:
        path: CSV in UTF-8, with or without byte order mark; separated by commas, or, as spreadsheets of
            Europe write it, by semicolons with decimal commas, or by tabs.

    Returns:
        Its rows; a row with a wrong value has its ``problem``.

    Raises:
        BadTable: The file cannot be read, is not UTF-8, lacks the column ``file``, or has a misspelled one.

    """
    try:
        # Spreadsheets put a byte order mark in front, which would become part of the first column's name.
        text = read_side_file(path).decode("utf-8-sig")
        separator, is_said = _separator(text)
        # strict: an open quote would otherwise swallow the rest of the table as a single cell.
        reader = csv.reader(StringIO(text, newline=""), strict=True, delimiter=separator)
        if is_said:
            next(reader)
        columns = [name.strip().lower() for name in next(reader, [])]
        _check_columns(columns, path)
        # Blank rows at the end of a spreadsheet are no mistakes.
        filled = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
        rows = tuple(_row(line, cells, columns, has_commas=separator != ",") for line, cells in filled)
        return Table(rows, _unused(columns, [cells for _, cells in filled]))
    except OSError as error:
        raise BadTable(f"{path}: the table cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTable(
            f"{path}: the table is not UTF-8 (byte {error.start}); save it as CSV UTF-8"
        ) from error
    except csv.Error as error:
        raise BadTable(f"{path}: the table is no CSV: {error}") from error


def _separator(text: str) -> tuple[str, bool]:
    """What parts the cells, and whether the first line only says so, as spreadsheets write it."""
    said = re.match(r"sep=([,;\t])\r?\n", text)
    first = text.partition("\n")[0]
    return (said[1], True) if said else (max(",;\t", key=first.count), False)


def _check_columns(columns: Sequence[str], path: Path) -> None:
    expected = ", ".join(TABLE_COLUMNS)
    if "file" not in columns:
        found = ", ".join(filter(None, columns)) or "none"
        raise BadTable(
            f"{path}: the table has no column 'file'; columns found: {found}; expected, separated by commas: "
            f"{expected} (only file is required)"
        )
    twice = sorted({name for name in columns if name in TABLE_COLUMNS and columns.count(name) > 1})
    if twice:
        raise BadTable(f"{path}: the table has the column {', '.join(twice)} twice")
    for name in columns:
        meant = _meant(name)
        # What is there under its own name cannot have been meant.
        if meant and meant not in columns:
            raise BadTable(
                f"{path}: the table has a column {name!r}, which is not read; call it {meant}, or, if it is "
                "something else, take it out"
            )


def _meant(name: str) -> str | None:
    """The column that a misspelled name stands for, ``None`` where it is a name of its own."""
    if name in TABLE_COLUMNS:
        return None
    plain = {re.sub("[^a-z]", "", column): column for column in TABLE_COLUMNS} | _MEANT
    letters = re.sub("[^a-z]", "", name)
    close = get_close_matches(letters, plain, n=1, cutoff=_ALIKE)
    return plain[close[0]] if close else None


def _unused(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Columns that mean nothing here; one without a name and without a cell is the end of every line."""
    return tuple(
        name or f"number {place + 1}"
        for place, name in enumerate(columns)
        if name not in TABLE_COLUMNS
        and (name or any(cells[place].strip() for cells in rows if len(cells) > place))
    )


def _row(line: int, cells: Sequence[str], columns: Sequence[str], *, has_commas: bool) -> TableRow:
    # A missing comma shifts every cell behind it: the side would stand under the view.
    if len(cells) != len(columns):
        problem = f"{len(cells)} cells, but the table has {len(columns)} columns"
        return TableRow(line, "", GivenAttributes(), problem)
    named = {name: cell for name, cell in zip(columns, cells, strict=True) if name in TABLE_COLUMNS}
    file = named.pop("file").strip()
    if not file:
        return TableRow(line, "", GivenAttributes(), "the cell of column file is empty")
    broken = next((name for name, cell in named.items() if not cell.strip().isprintable()), None)
    if broken is not None:
        problem = f"the cell of column {broken} holds a line break or another control character"
        return TableRow(line, file, GivenAttributes(), problem)
    # Where commas do not part the cells they can only be decimal.
    if has_commas and re.fullmatch(r"[0-9]+,[0-9]+", named.get("pixel_spacing_mm", "").strip()):
        named["pixel_spacing_mm"] = named["pixel_spacing_mm"].replace(",", ".")
    try:
        return TableRow(line, file, GivenAttributes.from_text(**named))
    except ValueError as error:
        return TableRow(line, file, GivenAttributes(), str(error))
