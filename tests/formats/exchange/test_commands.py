"""The commands that exchange results, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from calcwatch.cli.exchange import ALL_FORMATS
from calcwatch.service.export import FORMATS, Exported
from tests.formats.dicom.make import attributes, file_bytes
from tests.formats.dicom.test_read_cad_report import (
    CLUSTER_SRT,
    NOT_SHOWN,
    center,
    dcm,
    finding,
    impression,
    intent,
    report,
)
from tests.service.inputs import left_cc, stored


def command(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    line = [sys.executable, "-c", "from calcwatch.cli.main import main; main()", *map(str, words)]
    return subprocess.run(
        line, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """Two images, one of which may bear letters."""
    folder = tmp_path / "hospital"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(file_bytes(left_cc(stored())))
    (folder / "2.dcm").write_bytes(file_bytes(left_cc(stored(), SOPInstanceUID="1.2.9", ConversionType="DF")))
    return folder


@pytest.mark.parametrize("name", ["export", "read-cad", "deidentify"])
def test_help_shows_an_example(name: str) -> None:
    """Every command explains itself and shows an example."""
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert f"calcwatch {name}" in answer.output.split("For example:")[1]


def test_help_names_every_format() -> None:
    """The words of --to, which help shows without loading what writes them, are those of the one table."""
    assert ",".join(FORMATS) == ALL_FORMATS
    text = CliRunner().invoke(app, ["export", "--help"]).output
    assert set(FORMATS) <= set(text.split())


def test_export_lists_what_it_wrote(result: Path, tmp_path: Path) -> None:
    """Each file is named, and each is there."""
    answer = command("export", result, "--to", "cad-sr,fhir", "--out", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    named = [Path(line) for line in answer.stdout.splitlines()]
    assert sorted(path.name for path in named) == ["cad-sr.dcm", "fhir.json"]
    assert all(path.is_file() for path in named)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "hl7"], "'hl7' is no format"),
        (["--to", ","], "it names no format"),
    ],
)
def test_export_of_what_is_no_format(result: Path, tmp_path: Path, words: list[str], told: str) -> None:
    """A word that is no format is refused with those that are, and nothing is written."""
    answer = command("export", result, *words, "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert told in answer.stderr
    assert "cad-sr" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_export_of_what_is_no_result(tmp_path: Path) -> None:
    """A folder without a result is refused by name."""
    answer = command("export", tmp_path, "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert str(tmp_path) in answer.stderr
    assert "Traceback" not in answer.stderr


def test_read_cad_tells_every_mark(exported: Exported) -> None:
    """Our own report read back: a line a mark, or one JSON object."""
    report = exported.out / "cad-sr.dcm"
    answer = command("read-cad", report)
    assert answer.returncode == 0, answer.stderr
    marks = json.loads(command("read-cad", report, "--json").stdout)["marks"]
    assert len(answer.stdout.splitlines()) >= len(marks) > 40
    assert "by calcwatch" in answer.stdout.splitlines()[0]


def test_read_cad_tells_silence_from_nothing_found(tmp_path: Path) -> None:
    """Marks that are not for presentation are counted, and what was not attempted is told."""
    hidden = finding(CLUSTER_SRT, intent(NOT_SHOWN), center(1, 2))
    summary = attributes(
        RelationshipType="CONTAINS",
        ValueType="CODE",
        ConceptNameCodeSequence=[dcm("111064", "Summary of Detections")],
        ConceptCodeSequence=[dcm("111225", "Not Attempted")],
    )
    (tmp_path / "cad.dcm").write_bytes(report(impression(hidden), summary))
    answer = CliRunner().invoke(app, ["read-cad", str(tmp_path / "cad.dcm")])
    assert answer.exit_code == 0
    assert "0 marks by Another Vendor" in answer.output
    assert "detections: Not Attempted" in answer.output
    assert "does not mean that nothing is there" in answer.output
    assert "1 mark not for presentation" in answer.output
    assert "Calcification Cluster" not in answer.output


def test_read_cad_of_an_image(hospital: Path) -> None:
    """A mammogram is no CAD report, which is said by name."""
    answer = command("read-cad", hospital / "1.dcm")
    assert answer.returncode == 2
    assert "1.dcm" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_deidentify_tells_what_it_refused(hospital: Path, tmp_path: Path) -> None:
    """The refused file is named with the remedy on standard error; the status says that one is missing."""
    answer = command("deidentify", hospital, tmp_path / "out", "--seed", "1")
    assert answer.returncode == 3
    assert "2.dcm" in answer.stderr
    assert "--black-out" in answer.stderr
    assert "1 DICOM file and 0 documents of results" in answer.stdout
    assert "SECRET" not in answer.stdout + answer.stderr


def test_deidentify_with_black_out(hospital: Path, tmp_path: Path) -> None:
    """With black-out both are there; without a key the user is told what that means."""
    answer = command("deidentify", hospital, tmp_path / "out", "--black-out")
    assert answer.returncode == 0, answer.stderr
    assert "2 DICOM files" in answer.stdout
    assert "no key file" in answer.stdout
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 2


def test_deidentify_without_anything_to_keep(tmp_path: Path) -> None:
    """Where every file is refused, or there is none, the status says so; a missing path is named."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("notes", encoding="utf-8")
    assert command("deidentify", tmp_path / "in", tmp_path / "out").returncode == 4
    (tmp_path / "empty").mkdir()
    assert command("deidentify", tmp_path / "empty", tmp_path / "out").returncode == 4
    answer = command("deidentify", tmp_path / "gone", tmp_path / "out")
    assert answer.returncode == 4
    assert "gone: cannot be read: No such file or directory" in answer.stderr


def test_deidentify_with_a_key(hospital: Path, tmp_path: Path) -> None:
    """Without a passphrase nothing is done; with one the key is made and used again; another is refused."""
    key = tmp_path / "study.key"
    words = ("deidentify", hospital / "1.dcm", tmp_path / "out", "--key-file", key)
    without = command(*words, CALCWATCH_KEY_PASSPHRASE="")
    assert without.returncode == 2
    assert "CALCWATCH_KEY_PASSPHRASE" in without.stderr
    assert not (tmp_path / "out").exists()
    for _ in range(2):
        assert command(*words, CALCWATCH_KEY_PASSPHRASE="a sentence for tests").returncode == 0
    wrong = command(*words, CALCWATCH_KEY_PASSPHRASE="another sentence for tests")
    assert wrong.returncode == 2
    assert "does not open" in wrong.stderr
    seeded = command(*words, "--seed", "1", CALCWATCH_KEY_PASSPHRASE="a sentence for tests")
    assert seeded.returncode == 2
    assert "--seed" in seeded.stderr
