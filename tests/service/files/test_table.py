"""The table of images: its columns, its encoding, its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import GivenAttributes, Laterality, ViewPosition
from calcwatch.service.files.table import read_table


def table(folder: Path, content: bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows(tmp_path: Path, mark: bytes, end: bytes) -> None:
    """Rows are read with and without byte order mark; unknown columns and empty lines are ignored."""
    lines = [
        b" file ,patient_id,study_date,image_laterality,view_position,pixel_spacing_mm,remark",
        b'"a, b.png",P1,2026-01-31,L,MLO,0.07,"two',
        b'lines"',
        b"",
        "ü.png,,,,,,".encode(),
    ]
    rows = read_table(table(tmp_path, mark + end.join(lines) + end))
    assert [(row.line, row.file, row.problem) for row in rows] == [(3, "a, b.png", ""), (5, "ü.png", "")]
    assert rows[0].given == GivenAttributes("P1", "20260131", Laterality.LEFT, ViewPosition.MLO, 0.07)
    assert rows[1].given == GivenAttributes()


def test_missing_column(tmp_path: Path) -> None:
    """A table without the column file is refused; columns found and expected are named."""
    with pytest.raises(
        BadTable, match="columns found: image, patient; expected, separated by commas: file, patient_id"
    ):
        read_table(table(tmp_path, b"image,patient\n1,2\n"))
    with pytest.raises(BadTable, match="columns found: file;patient_id; expected"):
        read_table(table(tmp_path, b"file;patient_id\n1;2\n"))
    with pytest.raises(BadTable, match="columns found: none"):
        read_table(table(tmp_path, b""))


def test_column_twice(tmp_path: Path) -> None:
    """A column that appears twice is refused."""
    with pytest.raises(BadTable, match="has the column patient_id twice"):
        read_table(table(tmp_path, b"file,patient_id,patient_id\n"))


def test_other_encodings(tmp_path: Path) -> None:
    """A table that is not UTF-8 is refused with a remedy."""
    for content in ("file\nmamö.png\n".encode("latin-1"), "file\na.png\n".encode("utf-16")):
        with pytest.raises(BadTable, match=r"not UTF-8 .*save it as CSV UTF-8"):
            read_table(table(tmp_path, content))


def test_unreadable(tmp_path: Path) -> None:
    """A table that is missing or no CSV is refused with its reason."""
    with pytest.raises(BadTable, match="cannot be read: No such file"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(BadTable, match="is no CSV"):
        read_table(table(tmp_path, b'file\n"a\n'))


def test_bad_value(tmp_path: Path) -> None:
    """A row with a wrong value carries its problem and states nothing."""
    (row,) = read_table(table(tmp_path, b"file,pixel_spacing_mm\na.png,wide\n"))
    assert row.problem == "pixel_spacing_mm 'wide' is not a number; write it like 0.07"
    assert row.given == GivenAttributes()
