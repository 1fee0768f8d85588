"""Finding images: by content, in order, each once, with nothing skipped in silence."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcwatch.domain.errors import BadTable, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, Laterality
from calcwatch.service.files.find_images import FoundFile, FoundKind, find_images
from calcwatch.service.files.result_folder import result_folder
from tests.formats.dicom.make import file_bytes, gradient, mammogram
from tests.service.inputs import ENVELOPE

NONE = GivenAttributes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with pictures, a DICOM file with a misleading name, and no images."""
    root = tmp_path / "images"
    (root / "inner").mkdir(parents=True)
    for name in ("b.png", "inner/a.png"):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(root / name)
    (root / "notes.txt").write_bytes(file_bytes(mammogram(gradient())))
    (root / "README.md").write_text("about these images")
    (root / "mask.raw.gz").write_bytes(b"\x1f\x8b\x08\0 packed")
    (root / "preview.jpg").write_bytes(b"\xff\xd8\xff\xe0 a picture")
    (root / "empty.dcm").write_bytes(b"")
    return root


def find(*paths: Path, table: Path | None = None, given: GivenAttributes = NONE) -> tuple[FoundFile, ...]:
    return find_images(paths, table, given)


def names(found: Sequence[FoundFile], kind: FoundKind) -> list[str]:
    return [entry.path.name for entry in found if entry.kind is kind]


def problems(found: Sequence[FoundFile]) -> list[str]:
    return [str(entry.problem) for entry in found if entry.problem]


def test_by_content_in_sorted_order(folder: Path) -> None:
    """Images are found by content, folders walked by sorted name; sources are the paths as given."""
    found = find(folder)
    assert names(found, FoundKind.IMAGE) == ["b.png", "a.png", "notes.txt"]
    assert [entry.source for entry in found] == sorted(entry.source for entry in found)
    assert all(entry.source.startswith(str(folder)) for entry in found)


def test_what_is_no_image_is_listed(folder: Path) -> None:
    """Files of a folder that are no images are no errors; unread pictures and empty files are."""
    found = find(folder)
    assert names(found, FoundKind.NOT_AN_IMAGE) == ["README.md", "mask.raw.gz"]
    assert names(found, FoundKind.REFUSED) == ["empty.dcm", "preview.jpg"]
    assert {entry.path.name for entry in found if entry.is_error} == {"empty.dcm", "preview.jpg"}
    text = "\n".join(problems(found))
    assert "README.md: this is neither DICOM nor PNG, TIFF or PGM" in text
    assert "mask.raw.gz: this is a gzip archive" in text
    assert "preview.jpg: this is a JPEG picture; convert it" in text
    assert "empty.dcm: the file is empty (0 bytes)" in text


def test_encrypted_files_are_errors(folder: Path) -> None:
    """An encrypted file met in a folder may hold an image, so it is an error with its remedy."""
    (folder / "IM1").write_bytes(ENVELOPE)
    (folder / "exam.zip").write_bytes(b"PK\x03\x04\x14\0\x01\0")
    found = {entry.path.name: entry for entry in find(folder)}
    for name, reason in (
        ("IM1", "CMS envelope .* decrypt it first"),
        ("exam.zip", "password; unpack it first"),
    ):
        assert found[name].is_error
        assert isinstance(found[name].problem, UnreadableImage)
        assert re.search(reason, str(found[name].problem))


def test_names_that_promise_an_image(folder: Path) -> None:
    """A file that is called an image and is none is an error; a hidden one beside each image is not."""
    for name in ("failed.DCM", "page.png", "._b.png"):
        (folder / name).write_bytes(b"<html>Access denied</html>")
    found = {entry.path.name: entry for entry in find(folder)}
    assert [found[name].is_error for name in ("failed.DCM", "page.png", "._b.png")] == [True, True, False]


def test_former_result_is_no_input(folder: Path) -> None:
    """A result of ours that lies in a searched folder is listed as one thing; its pictures are no images."""
    with result_folder(folder / "result") as made:
        (made / "overlays").mkdir()
        (made / "overlays" / "x.png").write_bytes((folder / "b.png").read_bytes())
        (made / "findings.json").write_text('{"provenance": {"package": "calcwatch"}}')
    found = find(folder)
    assert names(found, FoundKind.IMAGE) == ["b.png", "a.png", "notes.txt"]
    (listed,) = [entry for entry in found if Path(entry.source).is_relative_to(folder / "result")]
    assert listed.kind is FoundKind.NOT_AN_IMAGE
    assert "a result of calcwatch" in str(listed.problem)


def test_named_files_have_to_be_images(folder: Path) -> None:
    """A file the user names is an error when it is no image; so is a path that is not there."""
    found = find(folder / "README.md", folder / "gone.dcm", folder / "b.png")
    assert [entry.kind for entry in found] == [FoundKind.REFUSED, FoundKind.REFUSED, FoundKind.IMAGE]
    assert isinstance(found[0].problem, UnsupportedImage)
    assert isinstance(found[1].problem, UnreadableImage)
    assert problems(found)[1].endswith("gone.dcm: cannot be read: No such file or directory")


def test_each_file_once(folder: Path) -> None:
    """A file named twice, or linked, is found once and listed as already found, which is no error."""
    (folder / "link.png").symlink_to(folder / "b.png")
    found = find(folder / "b.png", folder)
    assert names(found, FoundKind.IMAGE).count("b.png") == 1
    again = [entry for entry in found if entry.kind is FoundKind.ALREADY_FOUND]
    assert [entry.path.name for entry in again] == ["b.png", "link.png"]
    assert not any(entry.is_error for entry in again)


def test_folder_loop(folder: Path) -> None:
    """A link that leads back to a folder above is listed as a loop and not followed."""
    (folder / "inner" / "back").symlink_to(folder, target_is_directory=True)
    found = find(folder)
    assert names(found, FoundKind.IMAGE) == ["b.png", "a.png", "notes.txt"]
    loops = [entry for entry in found if "folder loop" in str(entry.problem)]
    assert [entry.path.name for entry in loops] == ["back"]
    assert loops[0].is_error


def test_folder_linked_twice(folder: Path, tmp_path: Path) -> None:
    """A folder reached by two ways that are no loop is read once; the second way is listed and no error."""
    (folder / "other").symlink_to(folder / "inner", target_is_directory=True)
    found = find(folder)
    assert names(found, FoundKind.IMAGE).count("a.png") == 1
    assert names(found, FoundKind.ALREADY_FOUND) == ["other"]


def test_broken_and_circular_links(folder: Path) -> None:
    """Links that lead nowhere or to themselves are listed with their reason."""
    (folder / "nowhere.png").symlink_to(folder / "gone.png")
    (folder / "self.png").symlink_to(folder / "self.png")
    refused = names(find(folder), FoundKind.REFUSED)
    assert "nowhere.png" in refused
    assert "self.png" in refused


def test_pipe_is_not_opened(folder: Path) -> None:
    """A pipe is listed, not opened: nothing would ever come out of it."""
    os.mkfifo(folder / "pipe.dcm")
    text = "\n".join(problems(find(folder, folder / "pipe.dcm")))
    assert "pipe.dcm: cannot be read: it is no regular file" in text


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read every folder")
def test_locked_folder(folder: Path) -> None:
    """A folder that may not be read is listed with its reason, and the rest is found."""
    (folder / "inner").chmod(0)
    try:
        found = find(folder)
    finally:
        (folder / "inner").chmod(0o755)
    assert "b.png" in names(found, FoundKind.IMAGE)
    assert "inner" in names(found, FoundKind.REFUSED)


def test_folder_that_vanishes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed is reported with its reason, and the rest is found."""
    listed = Path.iterdir

    def unlucky(path: Path) -> object:
        if path.name == "inner":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", unlucky)
    found = find(folder)
    assert "inner: the folder cannot be read: Permission denied" in "\n".join(problems(found))
    assert "b.png" in names(found, FoundKind.IMAGE)


def test_deep_folders(tmp_path: Path) -> None:
    """Folders nested a few hundred deep are walked to the end."""
    deep = tmp_path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(deep / "x.png")
    assert names(find(tmp_path), FoundKind.IMAGE) == ["x.png"]


def test_strange_names(tmp_path: Path) -> None:
    """A name that is no UTF-8 is found, and its source can be written anywhere."""
    path = os.fsencode(tmp_path) + b"/m\xe9.png"
    with Path(os.fsdecode(path)).open("wb") as file:
        Image.fromarray(np.zeros((2, 2), np.uint8)).save(file, "PNG")
    found = find(tmp_path)
    assert found[0].source.endswith("m\\xe9.png")
    found[0].source.encode("utf-8")


def test_empty_folder(tmp_path: Path) -> None:
    """An empty folder gives nothing."""
    assert find(tmp_path) == ()


def write_table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_table_of_a_folder(folder: Path) -> None:
    """Rows are matched below the given folder or by name; files without a row keep what holds for all."""
    table = write_table(
        folder.parent / "t.csv",
        "file,patient_id,image_laterality,pixel_spacing_mm\nb.png,P1,L,0.05\na.png,P2,R,\n",
    )
    found = find(folder, table=table, given=GivenAttributes(pixel_spacing_mm=0.1))
    stated = {entry.path.name: entry.given for entry in found if entry.kind is FoundKind.IMAGE}
    assert stated["b.png"] == GivenAttributes("P1", None, Laterality.LEFT, None, 0.05)
    assert stated["a.png"] == GivenAttributes("P2", None, Laterality.RIGHT, None, 0.1)
    assert stated["notes.txt"] == GivenAttributes(pixel_spacing_mm=0.1)
    assert not names(found, FoundKind.TABLE_ROW)


def test_table_alone(folder: Path) -> None:
    """A table without paths finds its own files, relative to its folder, in its order."""
    table = write_table(folder / "t.csv", "file,patient_id\ninner/a.png,P2\nb.png,P1\n")
    found = find(table=table)
    assert [(entry.path.name, entry.given.patient_id) for entry in found] == [
        ("a.png", "P2"),
        ("b.png", "P1"),
    ]


def test_bad_rows(folder: Path) -> None:
    """Rows that cannot be used are listed with their line and reason; the other rows hold."""
    table = write_table(
        folder / "t.csv",
        "file,image_laterality,pixel_spacing_mm\n"
        "gone.png,L,0.1\n"
        "b.png,L,0.1\n"
        "./b.png,R,0.1\n"
        "inner/a.png,left,0.1\n"
        ",L,0.1\n"
        "b.png,L\n",
    )
    for found in (find(folder, table=table), find(table=table)):
        rows = [entry for entry in found if entry.kind is FoundKind.TABLE_ROW]
        assert [entry.source for entry in rows] == [f"{table} line {line}" for line in (2, 4, 5, 6, 7)]
        assert all(isinstance(entry.problem, BadTable) and entry.is_error for entry in rows)
        text = "\n".join(problems(rows))
        assert "'gone.png' is no file" in text
        assert "'./b.png' is named by line 3 already" in text
        assert "image_laterality 'left' is not one of L, R, B" in text
        assert "the cell of column file is empty" in text
        assert "2 cells, but the table has 3 columns" in text
        used = [entry for entry in found if entry.path.name == "b.png" and entry.kind is FoundKind.IMAGE]
        assert [entry.given.image_laterality for entry in used] == [Laterality.LEFT]


def test_name_of_several_files(folder: Path) -> None:
    """A row whose file name fits several files is listed, not guessed."""
    (folder / "more").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "more" / "a.png")
    table = write_table(folder.parent / "t.csv", "file,patient_id\na.png,P1\n")
    found = find(folder, table=table)
    assert "or one of several there" in problems([e for e in found if e.kind is FoundKind.TABLE_ROW])[0]
    assert all(entry.given.patient_id is None for entry in found)


def test_rows_of_files_not_asked_for(folder: Path) -> None:
    """A table may say more than what is asked for: that is told in one line and is no error."""
    table = write_table(folder / "t.csv", "file,patient_id\ninner/a.png,P2\nb.png,P1\n")
    file, told = find(folder / "b.png", table=table)
    assert (file.path.name, file.given.patient_id) == ("b.png", "P1")
    assert told.kind is FoundKind.NOT_AN_IMAGE
    assert "1 of its rows name files that were not asked for" in str(told.problem)


def test_file_beside_the_table_of_the_same_name(folder: Path) -> None:
    """A row of a file beside the table is not lost when another of that name was asked for."""
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "a.png")
    table = write_table(folder / "t.csv", "file,patient_id\na.png,P1\n")
    file, row = find(folder / "inner", table=table)
    assert (file.path.name, file.given.patient_id) == ("a.png", None)
    assert row.kind is FoundKind.TABLE_ROW
    assert "write the path of the one that is meant" in str(row.problem)
    write_table(table, "file,patient_id\ninner/a.png,P1\n")
    (file,) = find(folder / "inner", table=table)
    assert file.given.patient_id == "P1"


def test_name_below_two_of_the_given_folders(folder: Path) -> None:
    """A row whose path fits below two given folders is an error; it goes to neither."""
    for name in ("one", "two"):
        (folder / name).mkdir()
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / name / "c.png")
    table = write_table(folder / "t.csv", "file,patient_id\nc.png,P1\n")
    found = find(folder / "one", folder / "two", table=table)
    assert [entry.given.patient_id for entry in found] == [None, None, None]
    assert found[-1].is_error


def test_rows_with_names_that_no_system_has(folder: Path) -> None:
    """A row with a name too long, or with a zero byte, is an error of its own."""
    table = write_table(folder / "t.csv", f"file,patient_id\n{'x' * 5000},P1\nb.png,P2\n")
    for found in (find(folder / "b.png", table=table), find(table=table)):
        assert sorted((entry.kind.value, entry.given.patient_id) for entry in found) == [
            ("image", "P2"),
            ("table_row", None),
        ]


def test_umlaut_written_as_two_signs(folder: Path) -> None:
    """A name that one system writes with one sign and another with two is the same name."""
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "\u00e4.png")
    table = write_table(folder.parent / "t.csv", "file,patient_id\na\u0308.png,P1\n")
    stated = {entry.path.name: entry.given.patient_id for entry in find(folder, table=table)}
    assert stated["\u00e4.png"] == "P1"


def test_columns_that_are_not_used_are_told(folder: Path) -> None:
    """Columns of a table that mean nothing here are listed as something that was not looked at."""
    table = write_table(folder / "t.csv", "file,patient_id,remark\nb.png,P1,faint\n")
    _, told = find(table=table)
    assert "remark mean nothing here" in str(told.problem)
    assert not told.is_error


def test_images_beside_a_result_are_found(folder: Path) -> None:
    """Whoever puts an image into the folder of a result finds it; the result's own pictures stay away."""
    (folder / "findings.json").write_text('{"provenance": {"package": "calcwatch"}}')
    (folder / "overlays").mkdir()
    (folder / "overlays" / "x.png").write_bytes((folder / "b.png").read_bytes())
    found = find(folder)
    assert names(found, FoundKind.IMAGE) == ["b.png", "a.png", "notes.txt"]
    assert "a result of calcwatch" in "".join(problems(found))


def test_leftover_of_a_run_is_no_input(folder: Path) -> None:
    """What a living or a killed run keeps aside, of whatever command, is listed and not walked."""
    left = folder / ".out.calcwatch-partial-99999" / "new"
    left.mkdir(parents=True)
    (left / "1.dcm").write_bytes(file_bytes(mammogram(gradient())))
    found = find(folder)
    assert names(found, FoundKind.IMAGE) == ["b.png", "a.png", "notes.txt"]
    assert "keeps aside" in "".join(problems(found))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_odd_findings_in_a_searched_folder(folder: Path) -> None:
    """A findings.json that is a pipe, or nested without end, is no result, and is neither waited for."""
    os.mkfifo(folder / "findings.json")
    assert "b.png" in names(find(folder), FoundKind.IMAGE)
    (folder / "findings.json").unlink()
    (folder / "findings.json").write_text("[" * 100_000)
    assert "b.png" in names(find(folder), FoundKind.IMAGE)


def test_unusable_table(folder: Path) -> None:
    """A table without its required column is an error of the whole search."""
    with pytest.raises(BadTable, match="no column 'file'"):
        find(folder, table=write_table(folder / "t.csv", "image,patient\n1,2\n"))
