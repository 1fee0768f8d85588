"""Files beside the images: regular, bounded, and read without waiting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from calcwatch.service.files.side_file import read_json_file, read_side_file


def test_whole_file_is_read(tmp_path: Path) -> None:
    """A file, or a link to one, is read whole up to its bound."""
    file, link = tmp_path / "a.json", tmp_path / "link"
    file.write_bytes(b"[1]")
    link.symlink_to(file)
    assert read_side_file(link, 3) == b"[1]"
    assert read_json_file(link) == [1]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "larger", "missing", "loop"])
def test_what_is_no_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    """A pipe, a folder, a device, a file without end, a link to itself: each is told, none is waited for."""
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "larger":
        path.write_bytes(b"1234")
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(OSError, match=r".") as caught:
        read_side_file(path, 3)
    assert caught.value.strerror
