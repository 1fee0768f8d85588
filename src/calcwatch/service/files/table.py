"""The table: a CSV file with what is known of images that do not say it themselves."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
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
"""Columns of a table; only ``file`` is required, an empty cell is "not given", others are ignored."""


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


def read_table(path: Path) -> tuple[TableRow, ...]:
    """Read a table.

    Args:
        path: CSV in UTF-8, with or without byte order mark, separated by commas.

    Returns:
        Its rows in order, empty lines left out; a row with a wrong value has its ``problem``.

    Raises:
        BadTable: The file cannot be read, is not UTF-8, or lacks the column ``file``.

    """
    try:
        # Spreadsheets put a byte order mark in front, which would become part of the first column's name.
        text = read_side_file(path).decode("utf-8-sig")
        # strict: an open quote would otherwise swallow the rest of the table as a single cell.
        reader = csv.reader(StringIO(text, newline=""), strict=True)
        columns = [name.strip() for name in next(reader, [])]
        _check_columns(columns, path)
        # Blank rows at the end of a spreadsheet are no mistakes.
        filled = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
        return tuple(_row(line, cells, columns) for line, cells in filled)
    except OSError as error:
        raise BadTable(f"{path}: the table cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTable(
            f"{path}: the table is not UTF-8 (byte {error.start}); save it as CSV UTF-8"
        ) from error
    except csv.Error as error:
        raise BadTable(f"{path}: the table is no CSV: {error}") from error


def _check_columns(columns: Sequence[str], path: Path) -> None:
    expected = ", ".join(TABLE_COLUMNS)
    if "file" not in columns:
        raise BadTable(
            f"{path}: the table has no column 'file'; columns found: {', '.join(columns) or 'none'}; "
            f"expected, separated by commas: {expected} (only file is required)"
        )
    twice = sorted({name for name in columns if name in TABLE_COLUMNS and columns.count(name) > 1})
    if twice:
        raise BadTable(f"{path}: the table has the column {', '.join(twice)} twice")


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> TableRow:
    # A missing comma shifts every cell behind it: the side would stand under the view.
    if len(cells) != len(columns):
        problem = f"{len(cells)} cells, but the table has {len(columns)} columns"
        return TableRow(line, "", GivenAttributes(), problem)
    named = {name: cell for name, cell in zip(columns, cells, strict=True) if name in TABLE_COLUMNS}
    file = named.pop("file").strip()
    if not file:
        return TableRow(line, "", GivenAttributes(), "the cell of column file is empty")
    try:
        return TableRow(line, file, GivenAttributes.from_text(**named))
    except ValueError as error:
        return TableRow(line, file, GivenAttributes(), str(error))
