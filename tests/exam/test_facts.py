"""Facts from groups: the worst shape and distribution that count, sizes, views, and what was stated."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from calcwatch.domain.context import BreastContext, ClinicalContext, ExamContext
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    MorphologyDescription,
    ShapeFeatures,
)
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import Distribution, LateralityPattern, Morphology, SizeClass
from calcwatch.exam.facts import (
    Facts,
    FactThresholds,
    alternative_facts,
    facts_of_context,
    facts_of_group,
    facts_of_single,
    is_bilateral,
    worst_shape,
)
from calcwatch.service.files.rules import read_rules

SHAPE = ShapeFeatures(
    length_px=12.0,
    width_px=8.0,
    length_mm=1.2,
    width_mm=0.8,
    length_to_width=1.5,
    roundness=0.7,
    solidity=0.8,
    edge_sharpness=0.9,
    lucent_center=0.0,
    branches=0,
)
SPECK = Calcification(
    tracking_uid="1",
    row=0.0,
    column=0.0,
    score=0.9,
    diameter_px=10.0,
    diameter_error_px=0.5,
    area_px=78.0,
    contrast=10.0,
    contrast_error=1.0,
    diameter_mm=1.0,
    diameter_error_mm=0.05,
    area_mm2=0.78,
    outline=(),
    vascular=False,
    size_class=SizeClass.BORDERLINE_ONE_MM,
    shape=SHAPE,
)
MEASURED = DistributionMeasurements(
    count=4,
    extent_mm=9.0,
    length_mm=9.0,
    width_mm=3.0,
    hull_area_mm2=20.0,
    nearest_neighbor_mm=2.0,
    nipple_angle_degrees=20.0,
    breast_share=0.01,
)


def described(*likely: tuple[Morphology, float], because: str = "") -> MorphologyDescription:
    """A description with these probabilities."""
    return MorphologyDescription(likely, because)


def speck(*likely: tuple[Morphology, float]) -> Calcification:
    """A calcification of 1 mm with these probabilities of its shape."""
    return replace(SPECK, morphology=described(*likely))


def group_of(
    morphology: MorphologyDescription | None = None, *likely: tuple[Distribution, float]
) -> CalcificationGroup:
    """A group of four with this description and these probabilities of its distribution."""
    distribution = DistributionDescription(likely, MEASURED) if likely else None
    return CalcificationGroup(
        tracking_uid="g",
        row=0.0,
        column=0.0,
        radius_px=50.0,
        radius_mm=5.0,
        score=0.9,
        members=("1", "2", "3", "4"),
        outline=(),
        morphology=morphology,
        distribution=distribution,
    )


@cache
def thresholds() -> FactThresholds:
    """The shipped thresholds."""
    return read_rules().thresholds


ROUND, AMORPHOUS = (Morphology.ROUND, 0.9), (Morphology.AMORPHOUS, 0.6)


@pytest.mark.parametrize(
    ("group", "members", "worst"),
    [
        (group_of(described(ROUND)), [speck(ROUND)] * 4, Morphology.ROUND),
        (group_of(described(ROUND)), [speck(AMORPHOUS)] * 3 + [speck(ROUND)], Morphology.AMORPHOUS),
        (group_of(described(ROUND)), [speck(AMORPHOUS)] * 2 + [speck(ROUND)] * 2, Morphology.ROUND),
        (group_of(described(ROUND)), [speck((Morphology.AMORPHOUS, 0.45))] * 4, Morphology.ROUND),
        (group_of(described(ROUND)), [speck((Morphology.FINE_LINEAR, 0.8))], Morphology.FINE_LINEAR),
        (group_of(described(ROUND)), [speck((Morphology.FINE_LINEAR, 0.79))], Morphology.ROUND),
        (
            group_of(described(ROUND)),
            [speck((Morphology.FINE_LINEAR_BRANCHING, 0.5), (Morphology.FINE_LINEAR, 0.4))],
            Morphology.FINE_LINEAR_BRANCHING,
        ),
        (
            group_of(described((Morphology.FINE_PLEOMORPHIC, 0.5))),
            [speck(ROUND)] * 4,
            Morphology.FINE_PLEOMORPHIC,
        ),
        (group_of(described(because="too small")), [speck(ROUND)] * 4, None),
        (group_of(described(because="too small")), [speck(AMORPHOUS)] * 3, Morphology.AMORPHOUS),
        (group_of(None), [SPECK] * 4, None),
    ],
)
def test_the_worst_shape_that_counts(
    group: CalcificationGroup, members: list[Calcification], worst: Morphology | None
) -> None:
    """The group's own, or a worse one of three members, or one plain line; members never make it benign."""
    assert worst_shape(group, members, thresholds()) is worst


@pytest.mark.parametrize(
    ("likely", "worst"),
    [
        (((Distribution.GROUPED, 0.55), (Distribution.LINEAR, 0.45)), Distribution.LINEAR),
        (((Distribution.GROUPED, 0.65), (Distribution.LINEAR, 0.35)), Distribution.GROUPED),
        (((Distribution.SEGMENTAL, 0.55), (Distribution.GROUPED, 0.45)), Distribution.SEGMENTAL),
        ((), None),
    ],
)
def test_the_worst_distribution_that_counts(
    likely: tuple[tuple[Distribution, float], ...], worst: Distribution | None
) -> None:
    """A more worrying distribution counts from 0.4 on; where none was described it is not known."""
    facts = facts_of_group(group_of(None, *likely), [], Facts(), thresholds())
    assert facts.distribution is worst


def test_facts_of_a_group() -> None:
    """Sizes and edges come from the members, what is known beside them stays; a person's part is unknown."""
    group = group_of(described((Morphology.VASCULAR, 0.95)), (Distribution.GROUPED, 1.0))
    vessel = replace(SPECK, vascular=True)
    known = replace(
        facts_of_context(Laterality.LEFT, ClinicalContext(age=60)), both_views=False, bilateral=True
    )
    facts = facts_of_group(group, [vessel, vessel, SPECK], known, thresholds())
    assert (facts.count, facts.median_mm, facts.largest_mm, facts.width_mm) == (4, 1.0, 1.0, 0.8)
    assert (facts.tubular, facts.follows_vessel, facts.toward_nipple) == (True, True, True)
    assert (facts.smooth_edge, facts.irregular_shape, facts.lucent_center) == (True, True, False)
    assert (facts.both_views, facts.bilateral, facts.borderline_size, facts.age) == (False, True, True, 60)
    assert (facts.thin_rim, facts.proven_in_skin, facts.dominant_group, facts.in_bed) == (None,) * 4


def test_without_spacing_nothing_has_a_size() -> None:
    """Every fact in mm is unknown, and so is whether a size is borderline."""
    shape = replace(SHAPE, length_mm=None, width_mm=None)
    bare = replace(SPECK, diameter_mm=None, size_class=SizeClass.NOT_MEASURABLE, shape=shape)
    measured = replace(MEASURED, extent_mm=None)
    group = replace(
        group_of(), distribution=DistributionDescription(((Distribution.GROUPED, 1.0),), measured)
    )
    facts = facts_of_group(group, [bare] * 4, Facts(), thresholds())
    sizes = (facts.median_mm, facts.largest_mm, facts.width_mm, facts.extent_mm, facts.borderline_size)
    assert sizes == (None,) * 5


def test_nothing_described_gives_nothing_known() -> None:
    """A group without descriptions and members has a count, and all else is unknown."""
    assert facts_of_group(group_of(), [], Facts(), thresholds()) == Facts(count=4)


@pytest.mark.parametrize(
    ("likely", "shape"),
    [
        (ROUND, Morphology.ROUND),
        ((Morphology.ROUND, 0.4), None),
        ((Morphology.FINE_LINEAR, 0.7), None),
        ((Morphology.FINE_LINEAR, 0.8), Morphology.FINE_LINEAR),
    ],
)
def test_a_single_needs_a_plain_shape(likely: tuple[Morphology, float], shape: Morphology | None) -> None:
    """A shape counts from 0.5 on, fine linear from 0.8 on."""
    facts = facts_of_single(speck(likely), Facts(), thresholds())
    assert (facts.morphology, facts.distribution, facts.count) == (shape, Distribution.SINGLE, 1)


def test_other_descriptions_are_listed_by_probability() -> None:
    """From 0.1 on, four at most; the one that counts is not among them."""
    shapes = ((Morphology.ROUND, 0.5), (Morphology.PUNCTATE, 0.3), (Morphology.AMORPHOUS, 0.12))
    group = group_of(
        described(*shapes, (Morphology.RIM, 0.08)), (Distribution.GROUPED, 0.7), (Distribution.LINEAR, 0.3)
    )
    facts = facts_of_group(group, [], Facts(), thresholds())
    others = alternative_facts(group, facts, thresholds())
    assert [(other.morphology, other.distribution, probability) for other, probability in others] == [
        (Morphology.PUNCTATE, Distribution.GROUPED, 0.3),
        (Morphology.ROUND, Distribution.LINEAR, 0.3),
        (Morphology.AMORPHOUS, Distribution.GROUPED, 0.12),
    ]
    two = replace(thresholds(), max_alternatives=2)
    assert alternative_facts(group, facts, two) == others[:2]


def test_thresholds_decide_when_something_is_a_fact() -> None:
    """With other thresholds the same measurements give other facts."""
    group = group_of(described((Morphology.VASCULAR, 0.95)), (Distribution.GROUPED, 1.0))
    strict = replace(
        thresholds(),
        tubular_probability=0.96,
        vessel_members_share=1.0,
        toward_nipple_degrees=10.0,
        smooth_edge_sharpness=1.0,
        irregular_solidity=0.7,
        lucent_center_depth=0.0,
    )
    usual, other = (
        facts_of_group(group, [replace(SPECK, vascular=True)] * 4, Facts(), limits)
        for limits in (thresholds(), strict)
    )
    names = (
        "tubular", "follows_vessel", "toward_nipple", "smooth_edge", "irregular_shape", "lucent_center",
    )  # fmt: skip
    assert [getattr(usual, name) for name in names] == [True, True, True, True, True, False]
    assert [getattr(other, name) for name in names] == [None, False, False, False, False, True]


def test_a_pattern_tells_whether_both_breasts_have_calcifications() -> None:
    """On one side only is no; where nothing is known or nothing was found it is not known."""
    answers = {pattern: is_bilateral(pattern) for pattern in LateralityPattern}
    assert answers == {
        LateralityPattern.NONE: None,
        LateralityPattern.NOT_KNOWN: None,
        LateralityPattern.UNILATERAL: False,
        LateralityPattern.BILATERAL: True,
        LateralityPattern.SYMMETRIC_SCATTER: True,
    }


def test_what_is_stated_reaches_the_breast_it_is_stated_of() -> None:
    """The treated side is known as such; on an unknown side only what holds for both breasts is known."""
    context = ClinicalContext(
        exam_context=ExamContext.DIAGNOSTIC,
        left=BreastContext(treated=True, magnification_done=True),
        right=BreastContext(treated=False, magnification_done=True),
    )
    left, right, unknown = (
        facts_of_context(side, context) for side in (Laterality.LEFT, Laterality.RIGHT, None)
    )
    assert (left.treated, right.treated, unknown.treated) == (True, False, None)
    assert (unknown.magnification_done, unknown.count) == (True, None)
    assert right.personal_history is True


@pytest.mark.parametrize("age", [-1, 121])
def test_an_impossible_age_is_refused(age: int) -> None:
    """The message names the value and what to do where it is not known."""
    with pytest.raises(ValueError, match=f"age {age} is not between 0 and 120; leave it out"):
        ClinicalContext(age=age)
