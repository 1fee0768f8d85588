"""Everything that takes a result reads those of released versions, or refuses them by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from calcwatch.domain.errors import NotInResult, UnreadableImage
from calcwatch.domain.image import GivenAttributes
from calcwatch.formats.result.document import DOCUMENTS
from calcwatch.service.deidentify import deidentify_files
from calcwatch.service.explain import explain_group
from calcwatch.service.export import export_result
from calcwatch.service.files.evidence import read_result_folder
from calcwatch.service.files.examination_files import find_examination_files
from calcwatch_lab.results import read_examinations

RELEASED = Path(__file__).parents[1] / "formats" / "result" / "released"


def put(folder: Path, **names: str) -> Path:
    """A result folder of released documents, each under the name of today."""
    folder.mkdir(parents=True)
    for name, released in names.items():
        shutil.copy(RELEASED / released, folder / f"{name}.json")
    return folder


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A comparison as schema versions 1.1 and 1.0 wrote it."""
    documents = {"findings": "findings-1.1.json", "comparison": "comparison-1.0.json"}
    return put(tmp_path / "older", **documents, history="history-1.0.json")


@pytest.fixture
def oldest(tmp_path: Path) -> Path:
    """Findings of schema version 1.0."""
    return put(tmp_path / "oldest", findings="findings-1.0.json")


@pytest.fixture
def newer(older: Path) -> Path:
    """Findings that say they are of schema version 4.0."""
    path = older / "findings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": "4.0"}))
    return older


def test_older_findings_are_explained(older: Path) -> None:
    """A group of schema version 1.1 is explained with its rules."""
    text = "\n".join(explain_group("2:A", older))
    assert "Group 2:A: L CC" in text
    assert "Rules that fired" in text
    assert "density" not in text


def test_an_older_comparison_is_read_for_export(older: Path) -> None:
    """Schema versions 1.1 and 1.0 give the current examination with its changes; only images are missing."""
    read = read_result_folder(older)
    (result,) = read.examinations
    assert result.changes[0].current.contrast == 25.56
    assert read.sources == tuple(image["source"] for image in json.loads(read.findings.read_text())["images"])
    with pytest.raises(UnreadableImage, match=r"L-CC\.dcm: the image of this finding is not there any more"):
        export_result(older, older.parent / "exported")


def test_findings_without_suggestions_are_refused_with_the_remedy(oldest: Path) -> None:
    """Schema version 1.0 holds nothing to explain, to export or to fit suspicion to."""
    words = r"findings\.json: its schema 1\.0 holds no suggestions; analyze the images again"
    for use in (
        lambda: explain_group("1:A", oldest),
        lambda: read_result_folder(oldest),
        lambda: read_examinations(oldest),
    ):
        with pytest.raises(NotInResult, match=words):
            use()


def test_images_of_every_version_are_found_again(older: Path, oldest: Path) -> None:
    """A comparison finds the images of results of schema versions 1.0 and 1.1, with what is known of them."""
    found = find_examination_files([oldest, older], None, GivenAttributes())
    assert [argument for _, argument in found] == [0, 1, 1]
    assert {file.given.patient_id for file, _ in found} == {"PHANTOM-0040"}
    assert {file.given.study_date for file, _ in found} == {"20230110", "20240115"}


def test_older_results_are_deidentified_with_the_names_of_today(older: Path, oldest: Path) -> None:
    """Every document of every version is cleaned, and none keeps a name that no table knows."""
    path = oldest / "findings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"remark": "seen by Dr. Klarname"}))
    done = deidentify_files(older.parent, older.parent / "out", seed=3)
    assert (len(done.results), done.refused) == (4, [])
    for name in done.results:
        text = (done.out / name).read_text(encoding="utf-8")
        today = DOCUMENTS["findings" if "findings" in name else "comparison"].version
        assert json.loads(text)["schema_version"] == today
        assert not any(word in text for word in ("PHANTOM-0040", "20240115", "Klarname", "faint", "likeness"))


def test_suspicion_is_fitted_to_older_results(older: Path) -> None:
    """A result of schema version 1.1 has what suspicion is fitted to."""
    assert len(read_examinations(older)) == 2


def test_a_newer_version_is_refused_everywhere(newer: Path, tmp_path: Path) -> None:
    """Explain, export, compare, the fit of suspicion and de-identification name file, version and remedy."""
    words = r"findings\.json: its schema version 4\.0 is newer than 3\.0.*analyze the images again"
    for use in (
        lambda: explain_group("1:A", newer),
        lambda: read_result_folder(newer),
        lambda: find_examination_files([newer], None, GivenAttributes()),
        lambda: read_examinations(newer),
    ):
        with pytest.raises(NotInResult, match=words):
            use()
    done = deidentify_files(newer, tmp_path / "out", seed=3)
    assert done.results == []
    assert all("newer than 3.0" in file.message for file in done.refused)
    assert len(done.refused) == 3


def test_the_command_refuses_a_newer_version_with_a_sentence(newer: Path) -> None:
    """The command line gives the refusal on to the user."""
    refused = CliRunner().invoke(app, ["explain", "1:A", "--findings", str(newer)])
    assert isinstance(refused.exception, NotInResult)
