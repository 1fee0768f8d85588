"""Distributions told against those planned."""

from __future__ import annotations

import pytest

from calcwatch.domain.findings import (
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
)
from calcwatch.domain.image import ImageDescription
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.truth import ImageTruth
from calcwatch_lab.bench.description.distribution import compare_distributions, distribution_settings
from calcwatch_lab.seeds import DISTRIBUTION_TEST
from tests.lab.bench.by_hand import mark

MM = 0.1
LINE = GroupPlan(Morphology.ROUND, Distribution.LINEAR, count=6)
LOOSE = GroupPlan(Morphology.ROUND, Distribution.SINGLE, count=4)


@pytest.fixture(scope="module")
def truth() -> ImageTruth:
    """A line of six and four loose calcifications in a small phantom."""
    settings = PhantomSettings(
        field_mm=(110, 80), pixel_spacing_mm=MM, groups=(LINE, LOOSE), non_lesions=(), texture=False
    )
    return make_examination(1, settings=settings).images[0].truth


def found(truth: ImageTruth, numbers: list[int], predicted: Distribution) -> ImageFindings:
    """Findings of every true calcification a pixel away, with one group of the given ones."""
    marks = tuple(mark(true.row + 1, true.column, uid=true.id) for true in truth.calcifications)
    members = tuple(marks[number].tracking_uid for number in numbers)
    measured = DistributionMeasurements(len(members), None, None, None, None, None, None, 0.1)
    described = DistributionDescription(((predicted, 1.0),), measured)
    group = CalcificationGroup("1", 0, 0, 9, 0.9, 0.9, members, (), distribution=described)
    return ImageFindings(ImageDescription("phantom"), 50.0, (), (), marks, groups=(group,))


def test_a_group_answers_for_the_planned_one_that_most_members_are_of(truth: ImageTruth) -> None:
    """Four of the line and two loose ones are the line."""
    classified = compare_distributions(
        truth, found(truth, [0, 1, 2, 3, 6, 7], Distribution.GROUPED), spacing_mm=MM, name="1"
    )
    ((true, predicted, _),) = classified["planned"]
    assert (true, predicted) == (Distribution.LINEAR, Distribution.GROUPED)
    assert classified["found"] == classified["planned"]
    assert classified["missed"] == ()


def test_a_planned_group_that_is_not_grouped_is_missed(truth: ImageTruth) -> None:
    """A group of loose ones alone has no true distribution, and nothing was said of the line."""
    classified = compare_distributions(
        truth, found(truth, [6, 7, 8, 9], Distribution.GROUPED), spacing_mm=MM, name="1"
    )
    assert classified["planned"] == ()
    assert [(own.true, own.predicted) for own in classified["missed"]] == [(Distribution.LINEAR, None)]


def test_the_seeds_hold_every_distribution_by_turns() -> None:
    """Five seeds in a row plan the five distributions; the last seeds leave the scene to the phantom."""
    plans = [distribution_settings(seed, MM).groups for seed in DISTRIBUTION_TEST.take(5)]
    assert tuple(plan[0].distribution for plan in plans if plan) == DISTRIBUTION_CLASSES
    assert distribution_settings(DISTRIBUTION_TEST.seeds[-1], MM).groups is None
