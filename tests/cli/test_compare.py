"""``calcwatch compare`` and ``calcwatch history``: words in, an exit status and lines out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from tests.cli.test_main import command
from tests.service.days import write_days

DAY = ["compare", "old", "new", "--out", "c"]


@pytest.fixture(scope="module")
def woman(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two examinations of one woman with their table."""
    root = tmp_path_factory.mktemp("woman")
    write_days(root, days=2)
    return root


def test_compare_tells_what_became_of_each_group(woman: Path, tmp_path: Path) -> None:
    """The pairs, the kinds of change and the report are told; the result lies in the folder."""
    out = tmp_path / "c"
    done = command(
        "compare", woman / "day-1", woman / "day-2", "--table", woman / "images.csv", "--out", out,
        "--operation", "2019-03-14:L:lumpectomy", "--radiation", "2019-06-01:L", "--workers", "2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 pairs of images compared: 2 new" in done.stdout
    assert f"report: {out / 'report.html'}" in done.stdout
    written = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert written["treatment"]["months_since_treatment"] == {"L": 55}


def test_history_with_json_progress(woman: Path, tmp_path: Path) -> None:
    """Each line is a JSON object, the last tells where the report is."""
    done = command(
        "history", woman / "day-2", woman / "day-1", "--table", woman / "images.csv",
        "--out", tmp_path / "h", "--json-progress",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["event"] == "written"
    written = json.loads((tmp_path / "h" / "history.json").read_text(encoding="utf-8"))
    assert written["study_dates"] == ["20230110", "20240115"]


def test_one_image_of_the_prior_is_broken(woman: Path, tmp_path: Path) -> None:
    """The others are compared, the broken file is named, and the status says that not all was analyzed."""
    prior = tmp_path / "day-1"
    shutil.copytree(woman / "day-1", prior)
    shutil.copytree(woman / "day-2", tmp_path / "day-2")
    shutil.copy(woman / "images.csv", tmp_path)
    (prior / "L-CC.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = command(
        "compare", prior, tmp_path / "day-2", "--table", tmp_path / "images.csv", "--out", tmp_path / "c"
    )
    assert done.returncode == 3
    assert "L-CC.png" in done.stderr
    assert "1 pair of images compared" in done.stdout
    assert "L CC has no prior" in done.stdout


def test_a_prior_without_any_image(woman: Path, tmp_path: Path) -> None:
    """Nothing to compare with: status 4, and it is said."""
    prior = tmp_path / "old"
    prior.mkdir()
    (prior / "L-CC.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = command(
        "compare", prior, woman / "day-2", "--table", woman / "images.csv", "--out", tmp_path / "c"
    )
    assert done.returncode == 4
    assert "nothing to compare" in done.stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--operation", "2019-03-14:L"], "--operation '2019-03-14:L' is not DATE:SIDE:KIND"),
        (["--operation", "2019-03-14:L:excision"], "kind of operation 1 is 'excision'"),
        (["--operation", "14.3.2019:L:lumpectomy"], "date of operation 1 '14.3.2019' is no date"),
        (["--radiation", "2019-06-01"], "--radiation '2019-06-01' is not END_DATE:SIDE"),
        (["--neoadjuvant", "spring"], "start_date of neoadjuvant of the flags 'spring' is no date"),
        (["--treatment", "t.json", "--radiation", "2019-06-01:L"], "exclude each other"),
        (["--treatment", "missing.json"], "missing.json"),
        (["--pixel-spacing", "fine"], "fine"),
    ],
)
def test_wrong_flags_are_refused(
    flags: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read: status 2, the word and the remedy."""
    monkeypatch.chdir(tmp_path)
    done = command(*DAY, *flags)
    assert done.returncode == 2
    assert told in done.stderr
    assert not Path("c").exists()


def test_paths_that_are_not_there_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing folder is named, and that there is nothing to compare."""
    monkeypatch.chdir(tmp_path)
    missing = command(*DAY)
    assert missing.returncode == 4
    assert "old: cannot be read" in missing.stderr
    assert "nothing to compare" in missing.stderr


@pytest.mark.parametrize("name", ["compare", "history"])
def test_help_shows_an_example(name: str) -> None:
    """Both explain themselves."""
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert f"calcwatch {name}" in answer.output.split("For example:")[1]
