"""The curve of suspicion and its deciles, on results made by hand and on one made for real."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calcwatch.cli.main import app
from calcwatch.domain.errors import BadTable
from calcwatch.domain.findings import (
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    MorphologyDescription,
)
from calcwatch.domain.image import ImageDescription, PixelSpacing
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.dicom.write.mammogram import write_mammogram
from calcwatch.image.describe.suspicion import expected_share
from calcwatch.models.learned import suspicion_model, suspicion_sources
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.cli.main import app as lab
from calcwatch_lab.results import read_examinations
from calcwatch_lab.train.suspicion import (
    RatedFindings,
    area_left_out,
    deciles_of,
    features_of,
    fit_curve,
    rated_findings,
    suspicions,
)
from tests.lab.bench import by_hand

MODEL = suspicion_model()
HEAD = "file,patient,birads,calcifications\n"
MEASURED = DistributionMeasurements(3, None, None, None, None, None, None, 0.1)


def an_image(name: str = "a.png", spacing_mm: float | None = 0.1, *, empty: bool = False) -> ImageFindings:
    """Three calcifications in a group, one of them 8 mm away, and one in none."""
    description = ImageDescription(
        name, pixel_spacing=None if spacing_mm is None else PixelSpacing(spacing_mm, spacing_mm, "by hand")
    )
    if empty:
        return replace(by_hand.findings([]), description=description)
    is_round = MorphologyDescription(((Morphology.ROUND, 1.0),))
    marks = [
        replace(by_hand.mark(row, column, 0.8, uid=uid), morphology=is_round)
        for uid, row, column in (("1", 0, 0), ("2", 0, 10), ("3", 0, 90), ("4", 500, 0))
    ]
    group = replace(
        by_hand.group(0, 0, marks[:3], 0.9),
        morphology=MorphologyDescription(((Morphology.FINE_LINEAR, 1.0),)),
        distribution=DistributionDescription(((Distribution.LINEAR, 1.0),), MEASURED),
    )
    return replace(by_hand.findings(marks, [group]), description=description)


def test_features_are_those_worked_out_by_hand() -> None:
    """Two of three members are within 5 mm, the group holds three of four, the single one of four."""
    groups, singles = features_of(an_image(), MODEL)
    share = expected_share({Morphology.FINE_LINEAR: 1.0}, {Distribution.LINEAR: 1.0}, MODEL)
    assert groups[0] == pytest.approx([math.log(share / (1 - share)), math.log(2), math.log(3 / 4), 0.9])
    assert singles.shape == (1, 4)
    assert singles[0, 1:] == pytest.approx([0.0, math.log(1 / 4), 0.8])


def test_without_spacing_nothing_is_fitted() -> None:
    """The number within 5 mm cannot be counted, and the image is named."""
    with pytest.raises(BadTable, match=r"b\.png.*--pixel-spacing"):
        features_of(an_image("b.png", None), MODEL)


def test_ratings_are_matched_to_the_result(tmp_path: Path) -> None:
    """Only images with calcifications that are rated 2 to 6 count, without those left out."""
    result = [[an_image(f"in/{name}.png")] for name in "abcdfgh"]
    table = tmp_path / "labels.csv"
    table.write_text(
        HEAD
        + "a.png,P1,5,1\nb.png,P2,2,0\nc.png,P3,1,1\nd.png,P4,3,1\nf.png,P5,4a,1\ng.png,P6,2,1\nh.png,P7,6,1"
        + "\nb.png,P8,,1\n"
    )
    assert [(own.patient, own.suspicious) for own in rated_findings(table, result, MODEL)] == [
        ("P1", True),
        ("P4", False),
        ("P5", True),
        ("P6", False),
        ("P7", True),
    ]
    less = rated_findings(table, result, MODEL, leave_out={"P1"})
    assert [own.patient for own in less] == ["P4", "P5", "P6", "P7"]
    with pytest.raises(BadTable, match=r"1 women .* rated 4, 5 or 6"):
        rated_findings(table, result, MODEL, leave_out={"P1", "P5"})
    with pytest.raises(BadTable, match=r"1 women .* rated 2 or 3"):
        rated_findings(table, result, MODEL, leave_out={"P4"})
    table.write_text(HEAD + "e.png,P1,5,1\n")
    with pytest.raises(BadTable, match=r"e\.png is not in the result"):
        rated_findings(table, result, MODEL)
    table.write_text("file,patient\na.png,P1\n")
    with pytest.raises(BadTable, match="birads"):
        rated_findings(table, result, MODEL)


@pytest.mark.parametrize("text", [None, "", "[]", '{"images": []}'])
def test_what_is_no_result_is_refused(tmp_path: Path, text: str | None) -> None:
    """A missing file, an empty one and other JSON get one message that names the file."""
    if text is not None:
        (tmp_path / "findings.json").write_text(text)
    with pytest.raises(BadTable, match=r"findings\.json"):
        read_examinations(tmp_path)


def rated_images(seed: int = 1, count: int = 60) -> list[RatedFindings]:
    """One finding an image; what is suspicious has a larger share and lies denser."""
    rng = np.random.default_rng(seed)
    images = []
    for number in range(count):
        suspicious = number % 3 == 0
        share, crowd = rng.normal(1.5 if suspicious else -1.5), rng.normal(2.5 if suspicious else 1.5, 0.3)
        found = np.array([[share, crowd, -rng.random(), 0.95]])
        images.append(RatedFindings(f"P{number // 2}", suspicious, found, found))
    return images


def test_the_curve_follows_the_ratings_and_keeps_its_sense() -> None:
    """Density counts where it parts the ratings; against the description no fit goes."""
    curve = fit_curve(rated_images(), ridge=0.3)
    assert curve[1] > 0.9
    assert curve[2] > 0.5
    turned = [replace(own, suspicious=not own.suspicious) for own in rated_images()]
    assert fit_curve(turned, ridge=0.3)[1] == pytest.approx(0.5)
    assert fit_curve(rated_images(), ridge=1e9)[1:] == pytest.approx([1, 0, 0], abs=1e-3)


def test_the_area_is_of_women_the_fit_has_not_seen() -> None:
    """Images that part cleanly give 1; ratings that are drawn by lot give no more than luck."""
    assert area_left_out(rated_images(), ridge=1.0) > 0.95
    rng = np.random.default_rng(3)
    lots = [replace(own, suspicious=bool(rng.random() < 0.4)) for own in rated_images()]
    assert area_left_out(lots, ridge=1.0) < 0.7


def test_deciles_count_examinations() -> None:
    """Every examination counts once, by its most suspicious finding; one without findings is 0."""
    curve = np.array([0.0, 1.0, 0.0, 0.0])
    population = [[an_image()], [an_image("none.png", empty=True)], [an_image("c.png")]]
    deciles = deciles_of(population, curve, MODEL)
    assert len(deciles) == 9
    assert list(deciles) == sorted(deciles)
    highest = float(suspicions(features_of(an_image(), MODEL)[0], curve)[0])
    assert deciles[0] < highest
    assert deciles[-1] == pytest.approx(highest, abs=1e-3)


def test_a_fit_of_a_real_result_says_what_analyze_says(tmp_path: Path) -> None:
    """Suspicion worked out from findings.json is the suspicion in it, and the command writes a whole file."""
    plans = (
        GroupPlan(Morphology.FINE_PLEOMORPHIC, Distribution.GROUPED),
        GroupPlan(Morphology.ROUND, Distribution.REGIONAL),
    )
    settings = PhantomSettings(field_mm=(120, 90), pixel_spacing_mm=0.1, groups=plans, non_lesions=())
    (tmp_path / "exam").mkdir()
    for seed in (3, 4):
        for image in make_examination(seed, settings=settings).images:
            write_mammogram(image, tmp_path / "exam" / f"{seed}-{image.view_position}.dcm")
    run = CliRunner().invoke
    assert run(app, ["analyze", str(tmp_path / "exam"), "--out", str(tmp_path / "result")]).exit_code == 0
    images = [image for own in read_examinations(tmp_path / "result") for image in own]
    assert any(image.groups for image in images)
    curve = np.array([MODEL.intercept, MODEL.slope, MODEL.crowd, MODEL.gathered])
    for findings in images:
        fitted = suspicions(features_of(findings, MODEL)[0], curve)
        assert fitted == pytest.approx([group.suspicion for group in findings.groups], abs=2e-3)
    names = [Path(findings.description.source).name for findings in images]
    ratings = tmp_path / "labels.csv"
    said = ("P1,5,1", "P2,2,1", "P3,4,1", "P4,3,1")
    ratings.write_text(HEAD + "".join(f"{name},{words}\n" for name, words in zip(names, said, strict=True)))
    words = [
        "train",
        "suspicion",
        str(tmp_path / "result"),
        "--ratings",
        str(ratings),
        "--out",
        str(tmp_path / "m"),
    ]
    assert run(lab, words).exit_code == 0
    written = json.loads((tmp_path / "m" / "suspicion.json").read_text())
    assert written["curve"]["images"] == 4
    assert len(written["reference"]["deciles"]) == 9
    assert suspicion_sources(tmp_path / "m")[0] == "not said"
