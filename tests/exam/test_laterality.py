"""How calcifications are spread over both breasts."""

from __future__ import annotations

from dataclasses import replace

from calcwatch.domain.findings import ImageFindings, MorphologyDescription
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import LateralityPattern, Morphology
from calcwatch.exam.laterality import laterality_pattern
from tests.exam.two_views import a_group, a_view

LEFT, RIGHT, CC = Laterality.LEFT, Laterality.RIGHT, ViewPosition.CC


def scattered(side: Laterality, count: int, shape: Morphology | None = Morphology.PUNCTATE) -> ImageFindings:
    """A view with so many specks of one shape that belong to no group."""
    view = a_view(CC, a_group("a", 50, 0, diameters_mm=(0.3,) * count), side=side)
    morphology = None if shape is None else MorphologyDescription(((shape, 1.0),))
    return replace(
        view,
        groups=(),
        calcifications=tuple(replace(speck, morphology=morphology) for speck in view.calcifications),
    )


def test_one_breast_alone_tells_no_pattern() -> None:
    """With only one side imaged, or none, or the side unknown, the pattern is not known."""
    image = a_view(CC, a_group("a", 50, 0))
    assert laterality_pattern([image]) is LateralityPattern.NOT_KNOWN
    assert laterality_pattern([]) is LateralityPattern.NOT_KNOWN
    unknown = a_view(CC, a_group("b", 50, 0), side=None)
    assert laterality_pattern([image, unknown]) is LateralityPattern.NOT_KNOWN


def test_no_calcifications_are_no_pattern() -> None:
    """Two clear breasts, or a few stray specks, give no pattern."""
    assert laterality_pattern([a_view(CC), a_view(CC, side=RIGHT)]) is LateralityPattern.NONE
    assert laterality_pattern([scattered(LEFT, 4), a_view(CC, side=RIGHT)]) is LateralityPattern.NONE


def test_a_group_on_one_side_is_unilateral_and_on_both_bilateral() -> None:
    """Sides are told by groups."""
    left, right = a_view(CC, a_group("a", 50, 0)), a_view(CC, a_group("b", 50, 0), side=RIGHT)
    assert laterality_pattern([left, a_view(CC, side=RIGHT)]) is LateralityPattern.UNILATERAL
    assert laterality_pattern([left, right]) is LateralityPattern.BILATERAL


def test_a_group_that_is_hardly_believed_makes_no_side() -> None:
    """A group with a score below one half does not count."""
    left = a_view(CC, a_group("a", 50, 0))
    doubtful = replace(left, groups=(replace(left.groups[0], score=0.3),))
    assert laterality_pattern([doubtful, a_view(CC, side=RIGHT)]) is LateralityPattern.NONE


def test_similar_numbers_of_round_specks_on_both_sides_are_a_symmetric_scatter() -> None:
    """Ten and fourteen punctate specks without a group: a symmetric scatter."""
    images = [scattered(LEFT, 10), scattered(RIGHT, 14, Morphology.ROUND)]
    assert laterality_pattern(images) is LateralityPattern.SYMMETRIC_SCATTER


def test_what_could_speak_against_a_scatter_does() -> None:
    """Unequal numbers, shapes that are unknown or not round, and a group that dominates: bilateral."""
    unequal = [scattered(LEFT, 10), scattered(RIGHT, 30)]
    unknown = [scattered(LEFT, 10), scattered(RIGHT, 10, None)]
    pointed = [scattered(LEFT, 10), scattered(RIGHT, 10, Morphology.FINE_PLEOMORPHIC)]
    members = a_view(CC, a_group("a", 50, 0, diameters_mm=(0.3,) * 6), side=RIGHT).groups
    grouped = [scattered(LEFT, 10), replace(scattered(RIGHT, 10), groups=members)]
    for images in (unequal, unknown, pointed, grouped):
        assert laterality_pattern(images) is LateralityPattern.BILATERAL


def test_every_view_must_show_the_scatter() -> None:
    """A second view without specks on one side is no symmetric scatter."""
    images = [scattered(LEFT, 10), scattered(RIGHT, 10), scattered(RIGHT, 10), scattered(RIGHT, 1)]
    assert laterality_pattern(images) is LateralityPattern.BILATERAL
