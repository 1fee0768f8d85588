import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from calcwatch.domain.errors import ResultNotWritten
from calcwatch.service.files.result_folder import belongs_to_result, check_result_folder, result_folder


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
    assert names(out) == ["findings.json"]
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


def test_file_put_into_a_former_result_is_not_lost(tmp_path: Path) -> None:
    """A former result to which somebody added a file is refused, even when that happens during the run."""
    out = tmp_path / "result"
    write_result(out, "first")
    with pytest.raises(ResultNotWritten), result_folder(out) as folder:
        (folder / "findings.json").write_text("{}")
        (out / "notes.txt").write_text("mine")
    assert (out / "notes.txt").read_text() == "mine"
    assert word_of(out) == "first"


def test_place_that_is_a_file_or_cannot_be_made(tmp_path: Path) -> None:
    """A place that is a file, or lies below one, is refused with a remedy."""
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ResultNotWritten, match="is a file"):
        check_result_folder(file)
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
        assert names(tmp_path) == sorted([living.name, "result"])
        living.joinpath("findings.json").write_text(json.dumps({"is": "second"}))
    assert names(tmp_path) == ["result"]
    assert word_of(out) == "second"


def test_living_run_is_left_alone(tmp_path: Path) -> None:
    """The unfinished folder of a run that still lives is not cleared by another run."""
    out = tmp_path / "result"
    other = (
        "import sys; from pathlib import Path\n"
        "from calcwatch.service.files.result_folder import result_folder\n"
    )
    other += "with result_folder(Path(sys.argv[1])) as f: (f / 'findings.json').write_text('{}')\n"
    with result_folder(out) as living:
        subprocess.run([sys.executable, "-c", other, str(out)], check=True)
        assert living.exists()
        (out / "findings.json").unlink()
        (living / "findings.json").write_text(json.dumps({"is": "mine"}))
    assert word_of(out) == "mine"


def test_former_result_moved_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    """A run killed between its two moves leaves the former result aside; the next run puts it back."""
    out = tmp_path / "result"
    write_result(out, "first")
    out.rename(tmp_path / ".result.calcwatch-former-1")
    with pytest.raises(KeyboardInterrupt), result_folder(out):
        raise KeyboardInterrupt
    assert word_of(out) == "first"
    assert names(tmp_path) == ["result"]


def test_own_pictures_are_told_from_input(tmp_path: Path) -> None:
    """Files of a former result, and of unfinished ones beside it, are told from other files."""
    out = tmp_path / "result"
    assert belongs_to_result(out / "overlays" / "0001.png", out)
    assert belongs_to_result(tmp_path / ".result.calcwatch-partial-77" / "overlays" / "x.png", out)
    assert not belongs_to_result(tmp_path / "results" / "x.png", out)
    assert not belongs_to_result(Path(os.sep) / "x.png", out)
