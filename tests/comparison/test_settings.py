"""Numbers of the comparison: each is explained, and each stage goes by those it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from calcwatch.comparison.compare import compare_exams
from calcwatch.comparison.settings import DEFAULT, ComparisonSettings
from calcwatch.comparison.surgical_bed import surgical_beds_of
from calcwatch.domain.change import Change, ChangeKind, ImagePair
from calcwatch.domain.findings import NonLesion, NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.settings import described_settings
from calcwatch.domain.treatment import Operation, OperationKind, SurgicalBedMark, SurgicalBedSource, Treatment
from tests.comparison.aligned import a_cluster, a_day, dated

CLUSTER = a_cluster(60.0, 30.0, 10)


def test_every_number_says_what_it_does() -> None:
    """Each setting has a unit and a meaning, and one that was measured names by what."""
    settings = list(described_settings(DEFAULT))
    assert len(settings) > 60
    for name, _, description in settings:
        assert description["unit"], name
        assert len(description["meaning"]) > 15, name
        assert name.endswith("_mm") is (description["unit"] == "mm"), name


def compared(settings: ComparisonSettings) -> tuple[ImagePair, Change]:
    """Ten calcifications, of which the prior shows four, one of them faintly, under given settings."""
    prior = dated(a_day("a", CLUSTER[:3], faint=CLUSTER[3:4]), "20230110")
    comparison = compare_exams([prior], [dated(a_day("b", CLUSTER), "20240115")], settings=settings)
    return comparison.pairs[0], comparison.changes[0]


OTHERWISE: list[tuple[ComparisonSettings, Callable[[ImagePair, Change], object]]] = [
    (
        replace(DEFAULT, registration=replace(DEFAULT.registration, min_error_mm=4.0)),
        lambda pair, change: change.error_mm,
    ),
    (
        replace(DEFAULT, match=replace(DEFAULT.match, min_probability=1.1)),
        lambda pair, change: len(pair.matches),
    ),
    (
        replace(DEFAULT, visibility=replace(DEFAULT.visibility, detection_contrast=1000.0)),
        lambda pair, change: change.not_assessable,
    ),
    (
        replace(DEFAULT, regions=replace(DEFAULT.regions, min_matched_share=2.0, min_touching_share=2.0)),
        lambda pair, change: change.prior_groups,
    ),
    (
        replace(DEFAULT, change=replace(DEFAULT.change, min_net=20)),
        lambda pair, change: change.kind,
    ),
    (
        replace(DEFAULT, pairs=replace(DEFAULT.pairs, min_overlap=1.1)),
        lambda pair, change: pair.comparable,
    ),
]


@pytest.mark.parametrize(("settings", "answer"), OTHERWISE)
def test_each_stage_goes_by_its_settings(
    settings: ComparisonSettings, answer: Callable[[ImagePair, Change], object]
) -> None:
    """One number changed, and what that stage answers is another."""
    pair, change = compared(DEFAULT)
    assert change.kind is ChangeKind.INCREASED_IN_NUMBER
    assert answer(pair, change) != answer(*compared(settings))


def test_a_bed_goes_by_its_settings() -> None:
    """A bed lies as far round its clips as the settings say."""
    mark = SurgicalBedMark("20240115", ViewPosition.CC, SurgicalBedSource.CLIPS)
    operation = Operation("20200101", Laterality.LEFT, OperationKind.LUMPECTOMY, bed=(mark,))
    image = dated(a_day("b"), "20240115")
    image = replace(image, non_lesions=(NonLesion(NonLesionKind.CLIP, 600.0, 300.0, ()),))
    for margin_mm in (5.0, 20.0):
        settings = replace(DEFAULT.surgical_bed, clip_margin_mm=margin_mm)
        (bed,) = surgical_beds_of(Treatment((operation,)), image, settings=settings)
        assert bed.outline[:, 0].max() == pytest.approx(600 + 10 * margin_mm, abs=1)
