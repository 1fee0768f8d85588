"""The deciles of the examination score, on results made by hand and on one made for real."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from calcwatch.domain.errors import BadTable
from calcwatch.domain.findings import ImageFindings, MorphologyDescription
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.image.describe.suspicion import suspicion_of_single
from calcwatch.models.learned import suspicion_model
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.cli.main import app as lab
from calcwatch_lab.results import read_examinations
from calcwatch_lab.train.suspicion import deciles_of
from tests.lab.bench import by_hand

MODEL = suspicion_model()


def an_image(*suspicions: float, single: Morphology | None = None) -> ImageFindings:
    """A group of three calcifications for each suspicion, and perhaps a single one of a shape."""
    marks = [by_hand.mark(500, 0, 0.8, uid="single")] if single else []
    marks = [replace(mark, morphology=MorphologyDescription(((single, 1.0),))) for mark in marks if single]
    groups = []
    for number, suspicion in enumerate(suspicions):
        members = [by_hand.mark(100 * number, column, uid=f"{number}-{column}") for column in (0, 10, 20)]
        marks += members
        groups.append(replace(by_hand.group(0, 0, members, 0.9), suspicion=suspicion))
    return by_hand.findings(marks, groups)


@pytest.mark.parametrize("text", [None, "", "[]", '{"images": []}'])
def test_what_is_no_result_is_refused(tmp_path: Path, text: str | None) -> None:
    """A missing file, an empty one and other JSON get one message that names the file."""
    if text is not None:
        (tmp_path / "findings.json").write_text(text)
    with pytest.raises(BadTable, match=r"findings\.json"):
        read_examinations(tmp_path)


def test_deciles_count_examinations() -> None:
    """Every examination counts once, by its most suspicious finding; one without findings is 0."""
    population = [[an_image(0.1, 0.4), an_image(0.2)], [an_image()], [an_image(0.3)]]
    deciles = deciles_of(population, MODEL)
    assert len(deciles) == 9
    assert list(deciles) == sorted(deciles)
    assert deciles[4] == pytest.approx(0.3)  # the median of 0.4, 0 and 0.3
    assert 0.3 < deciles[8] < 0.4


def test_a_single_calcification_can_be_the_most_suspicious() -> None:
    """A fine line in no group outweighs a benign group beside it."""
    image = an_image(0.01, single=Morphology.FINE_LINEAR)
    expected = suspicion_of_single(image.singles[0], MODEL)
    assert expected > 0.01
    assert deciles_of([[image]], MODEL)[0] == pytest.approx(expected, abs=1e-4)


def test_the_command_writes_the_deciles_of_what_analyze_found(tmp_path: Path) -> None:
    """Two phantom examinations: a whole file with their number, source and deciles, and the shipped odds."""
    plans = (GroupPlan(Morphology.FINE_PLEOMORPHIC, Distribution.GROUPED),)
    settings = PhantomSettings(field_mm=(120, 90), pixel_spacing_mm=0.1, groups=plans, non_lesions=())
    (tmp_path / "exam").mkdir()
    for seed in (3, 4):
        for image in make_examination(seed, settings=settings).images[:1]:
            write_mammogram(image, tmp_path / "exam" / f"{seed}-{image.view_position}.dcm")
    run = CliRunner().invoke
    assert run(app, ["analyze", str(tmp_path / "exam"), "--out", str(tmp_path / "result")]).exit_code == 0
    words = ["train", "suspicion", str(tmp_path / "result"), "--out", str(tmp_path / "m"), "--source", "two"]
    assert run(lab, words).exit_code == 0
    written = json.loads((tmp_path / "m" / "suspicion.json").read_text())
    assert written["reference"]["source"] == "two"
    assert written["reference"]["examinations"] == len(read_examinations(tmp_path / "result"))
    model = suspicion_model(tmp_path / "m")
    assert model.shape_odds == MODEL.shape_odds
    assert model.deciles == deciles_of(read_examinations(tmp_path / "result"), MODEL)
