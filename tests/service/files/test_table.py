"""The table of images: its columns, its encoding, its mistakes."""

from __future__ import annotations

import os
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
    rows = read_table(table(tmp_path, mark + end.join(lines) + end)).rows
    assert [(row.line, row.file, row.problem) for row in rows] == [(3, "a, b.png", ""), (5, "ü.png", "")]
    assert rows[0].given == GivenAttributes("P1", "20260131", Laterality.LEFT, ViewPosition.MLO, 0.07)
    assert rows[1].given == GivenAttributes()


def test_missing_column(tmp_path: Path) -> None:
    """A table without the column file is refused; columns found and expected are named."""
    with pytest.raises(
        BadTable, match="columns found: image, patient; expected, separated by commas: file, patient_id"
    ):
        read_table(table(tmp_path, b"image,patient\n1,2\n"))
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
    (row,) = read_table(table(tmp_path, b"file,pixel_spacing_mm\na.png,wide\n")).rows
    assert row.problem == "pixel_spacing_mm 'wide' is not a number; write it like 0.07"
    assert row.given == GivenAttributes()


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("said", [False, True])
def test_spreadsheets_of_europe(tmp_path: Path, separator: str, said: bool) -> None:
    """Semicolons or tabs with decimal commas are read, also behind a byte order mark and a line ``sep=``."""
    lines = ["File;PATIENT_ID;pixel_spacing_mm", "a,b.png;P1;0,07", ";;", "c.png;P2;0.05"]
    text = "\r\n".join([f"sep={separator}"] * said + [line.replace(";", separator) for line in lines])
    read = read_table(table(tmp_path, text.encode("utf-8" if said else "utf-8-sig")))
    assert [(row.file, row.given.pixel_spacing_mm, row.problem) for row in read.rows] == [
        ("a,b.png", 0.07, ""),
        ("c.png", 0.05, ""),
    ]
    assert [row.line for row in read.rows] == [2 + said, 4 + said]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("patientid", "patient_id"),
        ("Patient-ID", "patient_id"),
        ("laterality", "image_laterality"),
        ("image_lateralty", "image_laterality"),
        ("View Position", "view_position"),
        ("pixel_spacing", "pixel_spacing_mm"),
        ("date", "study_date"),
    ],
)
def test_misspelled_column(tmp_path: Path, name: str, meant: str) -> None:
    """A column whose name nearly is one that is read is refused with that name, not passed over."""
    with pytest.raises(BadTable, match=f"{name.lower()}', which is not read; call it {meant}"):
        read_table(table(tmp_path, f"file,{name}\na.png,x\n".encode()))


def test_unused_columns_are_known(tmp_path: Path) -> None:
    """Columns that mean nothing here are named; an empty one at the end of every line is none."""
    read = read_table(table(tmp_path, b"file,remark,view,view_position,\na.png,x,y,CC,\n"))
    assert read.unused == ("remark", "view")


def test_control_characters(tmp_path: Path) -> None:
    """A cell with a line break in it, which no report could show, is a problem of its row."""
    (row,) = read_table(table(tmp_path, b'file,patient_id\na.png,"P\nQ"\n')).rows
    assert "patient_id holds a line break" in row.problem


@pytest.mark.parametrize("word", ["0.1_0", "\u0660.\u0660\u0667", "1e999", "nan"])
def test_numbers_that_only_python_reads(tmp_path: Path, word: str) -> None:
    """A spacing written as no person writes numbers is a problem of its row."""
    (row,) = read_table(table(tmp_path, f"file,pixel_spacing_mm\na.png,{word}\n".encode())).rows
    assert row.problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_pipe_is_no_table(tmp_path: Path) -> None:
    """A pipe is refused and not waited for."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadTable, match="no regular file"):
        read_table(tmp_path / "pipe")
