import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from calcwatch.domain.errors import ResultNotWritten
from calcwatch.service.files.result_folder import (
    belongs_to_result,
    check_result_folder,
    result_folder,
    writing,
)


def write_result(out: Path, word: str) -> None:
    with result_folder(out) as folder:
        (folder / "overlays").mkdir()
        (folder / "findings.json").write_text(
            json.dumps({"provenance": {"package": "calcwatch"}, "is": word})
        )


def word_of(out: Path) -> str:
    return str(json.loads((out / "findings.json").read_text())["is"])


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", ["result", "odd [x]*", "a/b/c"])
def test_result_appears_at_the_end(tmp_path: Path, name: str) -> None:
    """The place is free until the block ends; then the whole result is there and nothing beside it."""
    out = tmp_path / name
    with result_folder(out) as folder:
        (folder / "findings.json").write_text("{}")
        assert not out.exists()
    assert names(out) == ["SHA256SUMS", "findings.json"]
    assert names(out.parent) == [out.name]


def test_former_result_is_replaced(tmp_path: Path) -> None:
    """A former result stays until the new one is whole, and goes then."""
    out = tmp_path / "result"
    write_result(out, "first")
    with result_folder(out) as folder:
        (folder / "findings.json").write_text("half")
        assert word_of(out) == "first"
        (folder / "findings.json").write_text(json.dumps({"is": "second"}))
    assert word_of(out) == "second"
    assert names(tmp_path) == ["result"]


def test_failure_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """When the block raises, a former result stays and nothing is left beside it."""
    out = tmp_path / "result"
    write_result(out, "first")
    with pytest.raises(KeyboardInterrupt), result_folder(out) as folder:
        (folder / "findings.json").write_text("half")
        raise KeyboardInterrupt
    assert word_of(out) == "first"
    assert names(tmp_path) == ["result"]


@pytest.mark.parametrize("content", ["notes.txt", "findings.json", ".hidden"])
def test_folder_with_other_files_is_refused(tmp_path: Path, content: str) -> None:
    """A folder that holds other files, or a findings.json that is not ours, is refused and not touched."""
    (tmp_path / content).write_text("{}")
    with pytest.raises(ResultNotWritten, match="holds other files"), result_folder(tmp_path):
        raise AssertionError("must not start")
    assert (tmp_path / content).read_text() == "{}"


@pytest.mark.parametrize("place", ["notes.txt", "overlays/notes.txt", "overlays/mine/x", "mine/.hidden"])
def test_file_put_into_a_former_result_is_not_lost(tmp_path: Path, place: str) -> None:
    """A former result with a file of somebody else, on any level, is refused by that file's name."""
    out = tmp_path / "result"
    write_result(out, "first")
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / place).write_text("three weeks of work")
    with pytest.raises(ResultNotWritten, match=Path(place).name), result_folder(out):
        raise AssertionError("must not start")
    assert (out / place).read_text() == "three weeks of work"
    assert word_of(out) == "first"


def test_file_that_comes_during_the_run_stays(tmp_path: Path) -> None:
    """What is put beside a former result while a run goes on stays, and the new result is there too."""
    out = tmp_path / "result"
    write_result(out, "first")
    with result_folder(out) as folder:
        (folder / "findings.json").write_text(json.dumps({"is": "second"}))
        (out / "overlays").mkdir(exist_ok=True)
        (out / "overlays" / "notes.txt").write_text("mine")
    assert (out / "overlays" / "notes.txt").read_text() == "mine"
    assert word_of(out) == "second"


def test_changed_file_of_a_former_result_is_never_replaced(tmp_path: Path) -> None:
    """A file of a former result that somebody edited, before or during a run, is named and not replaced."""
    out = tmp_path / "result"
    write_result(out, "first")
    with pytest.raises(ResultNotWritten, match=r"findings\.json' was changed"), result_folder(out) as folder:
        (folder / "findings.json").write_text("new")
        (out / "findings.json").write_text("edited")
    with pytest.raises(ResultNotWritten, match=r"findings\.json' was changed"), result_folder(out):
        raise AssertionError("must not start")
    assert (out / "findings.json").read_text() == "edited"
    assert names(tmp_path) == ["result"]


def test_edited_list_speaks_for_nothing(tmp_path: Path) -> None:
    """Without a whole list of what calcwatch wrote every file is taken for somebody else's."""
    out = tmp_path / "result"
    write_result(out, "first")
    (out / "SHA256SUMS").write_text((out / "SHA256SUMS").read_text() + "and more\n")
    with pytest.raises(ResultNotWritten, match="holds other files"):
        check_result_folder(out)


def test_permissions_of_a_folder_and_its_files_stay(tmp_path: Path) -> None:
    """A folder that is filled keeps its permissions, and so does a file that is replaced."""
    out = tmp_path / "result"
    out.mkdir(mode=0o700)
    write_result(out, "first")
    (out / "findings.json").chmod(0o600)
    inode = out.stat().st_ino
    write_result(out, "second")
    assert (out.stat().st_ino, oct(out.stat().st_mode)[-3:]) == (inode, "700")
    assert oct((out / "findings.json").stat().st_mode)[-3:] == "600"
    assert word_of(out) == "second"


def test_what_the_system_puts_there_forbids_nothing(tmp_path: Path) -> None:
    """A new disk has a folder lost+found: it can be filled, and the folder stays."""
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "x").write_text("x")
    write_result(tmp_path, "first")
    write_result(tmp_path, "second")
    assert (tmp_path / "lost+found" / "x").exists()
    assert word_of(tmp_path) == "second"


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permissions there")
def test_locked_place_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, or one of a former result inside it, that may not be written to is told at once."""
    out = tmp_path / "result"
    with result_folder(out) as folder:
        (folder / "overlays").mkdir()
        (folder / "overlays" / "a.png").write_text("x")
        (folder / "findings.json").write_text(json.dumps({"provenance": {"package": "calcwatch"}}))
    # Asked and not tried: these tests may run as a user to whom nothing is forbidden.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "overlays")
    with pytest.raises(ResultNotWritten, match="overlays may not be written to"):
        check_result_folder(out)


def test_failing_move_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a move fails in the middle the former result is there again, whole, and nothing else."""
    out = tmp_path / "result"
    with result_folder(out) as folder:
        for name in ("findings.json", "a.csv", "b.csv"):
            (folder / name).write_text(json.dumps({"provenance": {"package": "calcwatch"}, "is": "first"}))
    before = {path.name: path.read_text() for path in out.iterdir()}
    move, left = shutil.move, [5]

    def failing(path: Path, place: Path) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        move(path, place)

    with pytest.raises(ResultNotWritten, match="No space left"), result_folder(out) as folder:
        for name in ("findings.json", "b.csv", "c.csv"):
            (folder / name).write_text("second")
        monkeypatch.setattr(shutil, "move", failing)
    assert {path.name: path.read_text() for path in out.iterdir()} == before


def test_linked_files_of_a_former_result_are_kept(tmp_path: Path) -> None:
    """A run may link what a former one wrote, its list too; nothing is written through the links."""
    out = tmp_path / "result"
    write_result(out, "first")
    before = (out / "SHA256SUMS").read_text()
    with pytest.raises(KeyboardInterrupt), result_folder(out) as folder:
        for name in ("findings.json", "SHA256SUMS"):
            os.link(out / name, folder / name)
        raise KeyboardInterrupt
    with result_folder(out) as folder:
        for name in ("findings.json", "SHA256SUMS"):
            os.link(out / name, folder / name)
        (folder / "2.dcm").write_text("x")
        assert (out / "SHA256SUMS").read_text() == before
    assert word_of(out) == "first"
    assert (out / "SHA256SUMS").read_text().split()[1::2] == ["2.dcm", "findings.json"]


def test_error_of_the_place_that_somebody_swallowed(tmp_path: Path) -> None:
    """An error of the place ends the run without a result, even where it was taken for that of one file."""
    out = tmp_path / "result"
    with pytest.raises(ResultNotWritten, match="No space"), result_folder(out) as folder:
        (folder / "findings.json").write_text("{}")
        with suppress(ResultNotWritten), writing(out):
            raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only an administrator mounts")
def test_mount_point_is_filled(tmp_path: Path) -> None:
    """A result is written into a mount point, twice, which stays one."""
    out = tmp_path / "disk"
    out.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(out)], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        write_result(out, "first")
        write_result(out, "second")
        assert out.is_mount()
        assert word_of(out) == "second"
        assert names(out) == ["SHA256SUMS", "findings.json", "overlays"]
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_place_that_is_a_file_or_cannot_be_made(tmp_path: Path) -> None:
    """A place that is a file, or lies below one, is refused with a remedy."""
    file = tmp_path / "file"
    file.write_text("x")
    for place in (file, file / "below", file / "far" / "below"):
        with pytest.raises(ResultNotWritten, match="file is a file"):
            check_result_folder(place)
    with (
        pytest.raises(ResultNotWritten, match="File exists; give another --out"),
        result_folder(file / "below"),
    ):
        raise AssertionError("must not start")


def test_empty_folder_and_link_are_fine(tmp_path: Path) -> None:
    """An empty folder is used, and a link to a folder stays a link."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    write_result(link, "first")
    assert link.is_symlink()
    assert word_of(tmp_path / "real") == "first"


_KILLED = """
import os, sys
from pathlib import Path
from calcwatch.service.files.result_folder import result_folder
with result_folder(Path(sys.argv[1])) as folder:
    (folder / "findings.json").write_text("half")
    os.kill(os.getpid(), 9)
"""


def test_next_run_clears_what_a_killed_run_left(tmp_path: Path) -> None:
    """A killed run leaves a hidden folder only; the next run clears it, but not that of a living run."""
    out = tmp_path / "result"
    write_result(out, "first")
    subprocess.run([sys.executable, "-c", _KILLED, str(out)], check=False)
    assert len(names(tmp_path)) == 2
    assert word_of(out) == "first"
    with result_folder(out) as living:
        assert names(living) == []
        living.joinpath("findings.json").write_text(json.dumps({"is": "second"}))
    assert names(tmp_path) == ["result"]
    assert names(out) == ["SHA256SUMS", "findings.json", "overlays"]
    assert word_of(out) == "second"


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
@pytest.mark.parametrize("is_there", [True, False])
def test_second_run_into_the_same_place_is_refused(tmp_path: Path, is_there: bool) -> None:
    """While a run lives another one that wants to write to its place is refused; it loses nothing."""
    out = tmp_path / "result"
    if is_there:
        out.mkdir()
    other = (
        "import sys; from pathlib import Path\n"
        "from calcwatch.service.files.result_folder import result_folder\n"
        "with result_folder(Path(sys.argv[1])): pass\n"
    )
    with result_folder(out) as living:
        (living / "findings.json").write_text(json.dumps({"is": "mine"}))
        ended = subprocess.run([sys.executable, "-c", other, str(out)], capture_output=True, check=False)
        assert b"another run of calcwatch is writing" in ended.stderr
    assert word_of(out) == "mine"


_KILLED_BETWEEN = """
import os, shutil, sys
from pathlib import Path
from calcwatch.service.files.result_folder import result_folder
move, left = shutil.move, [int(sys.argv[2])]
def killing(path, place):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), 9)
    move(path, place)
with result_folder(Path(sys.argv[1])) as folder:
    (folder / "findings.json").write_text('{"is": "second"}')
    (folder / "new.csv").write_text("second")
    shutil.move = killing
"""


@pytest.mark.parametrize("moves", [1, 2, 3, 4, 5])
def test_kill_between_two_moves_is_undone(tmp_path: Path, moves: int) -> None:
    """A run killed while it puts its files in place leaves the former result to the next run."""
    out = tmp_path / "result"
    write_result(out, "first")
    subprocess.run([sys.executable, "-c", _KILLED_BETWEEN, str(out), str(moves)], check=False)
    check_result_folder(out)
    assert word_of(out) == "first"
    write_result(out, "third")
    assert word_of(out) == "third"
    assert names(out) == ["SHA256SUMS", "findings.json", "overlays"]


def test_folders_made_on_the_way_go_again(tmp_path: Path) -> None:
    """When nothing was written, the folders above the place that were made for it are gone too."""
    with pytest.raises(KeyboardInterrupt), result_folder(tmp_path / "a" / "b" / "result"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_own_pictures_are_told_from_input(tmp_path: Path) -> None:
    """Files of a former result, and of unfinished ones beside it, are told from other files."""
    out = tmp_path / "result"
    assert belongs_to_result(out / "overlays" / "0001.png", out)
    assert belongs_to_result(tmp_path / ".result.calcwatch-partial-77" / "overlays" / "x.png", out)
    assert not belongs_to_result(tmp_path / "results" / "x.png", out)
    assert not belongs_to_result(Path(os.sep) / "x.png", out)
