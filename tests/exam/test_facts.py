"""Facts from groups: what the costs take them for, sizes, views, and what was stated."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import (
    BiopsyResult,
    BreastContext,
    ClinicalContext,
    ExamContext,
    RadiationKind,
    Sex,
)
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    KindDescription,
    MorphologyDescription,
    ShapeFeatures,
)
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import Distribution, GroupKind, LateralityPattern, Morphology, SizeClass
from calcwatch.domain.statements import FindingStatement
from calcwatch.exam.facts import (
    Facts,
    FactThresholds,
    alternative_facts,
    facts_of_context,
    facts_of_group,
    facts_of_single,
    is_bilateral,
    with_statement,
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
LINE, VESSEL = Morphology.FINE_LINEAR, Morphology.VASCULAR


def judged(
    suspicion: float | None,
    *shapes: tuple[Morphology, float],
    kind: GroupKind | None = None,
    layout: Distribution = Distribution.GROUPED,
) -> CalcificationGroup:
    """A group with this suspicion, these shapes and this kind."""
    return replace(
        group_of(described(*shapes), (layout, 0.6), (Distribution.LINEAR, 0.4)),
        suspicion=suspicion,
        kind=KindDescription(((kind, 1.0),)) if kind else None,
    )


MIXED = ((VESSEL, 0.5), (LINE, 0.3), (Morphology.PUNCTATE, 0.2))


@pytest.mark.parametrize(
    ("group", "suspicious", "doubtful", "kind", "morphology"),
    [
        (judged(0.14, *MIXED, kind=GroupKind.VASCULAR), False, None, GroupKind.VASCULAR, VESSEL),
        (judged(0.15, *MIXED, kind=GroupKind.VASCULAR), True, True, None, LINE),
        (judged(0.5, *MIXED, kind=GroupKind.VASCULAR), True, False, None, LINE),
        (judged(0.9, (VESSEL, 1.0)), True, False, None, None),
        (judged(0.9, ROUND, (Morphology.PUNCTATE, 0.1)), True, False, None, Morphology.PUNCTATE),
        (judged(0.1, *MIXED), False, None, GroupKind.VASCULAR, VESSEL),
        (judged(0.1, ROUND), False, None, GroupKind.SMALL_SUSPICIOUS, Morphology.ROUND),
        (
            judged(0.1, ROUND, layout=Distribution.DIFFUSE),
            False,
            None,
            GroupKind.SCATTERED_ROUND,
            Morphology.ROUND,
        ),
        (
            judged(0.1, ROUND, (Morphology.RIM, 0.1), kind=GroupKind.TYPICALLY_BENIGN),
            False,
            None,
            GroupKind.TYPICALLY_BENIGN,
            Morphology.RIM,
        ),
        (
            judged(0.1, ROUND, kind=GroupKind.NOT_A_CALCIFICATION),
            False,
            None,
            GroupKind.NOT_A_CALCIFICATION,
            None,
        ),
        (judged(0.1), False, None, None, None),
        (judged(None, *MIXED), None, None, None, VESSEL),
        (judged(float("nan"), *MIXED), None, None, None, VESSEL),
    ],
)
def test_a_group_is_judged_by_the_least_expected_cost(
    group: CalcificationGroup,
    suspicious: bool | None,
    doubtful: bool | None,
    kind: GroupKind | None,
    morphology: Morphology | None,
) -> None:
    """From 1 in 6 on it is suspicious, of the likeliest suspicious word; below that its kind decides."""
    facts = facts_of_group(group, [], Facts(), thresholds())
    assert (facts.suspicious, facts.doubtful, facts.kind) == (suspicious, doubtful, kind)
    assert facts.morphology is morphology
    assert facts.follows_vessel is (True if kind is GroupKind.VASCULAR else None)


def test_members_decide_nothing_by_themselves() -> None:
    """However many members look worse, however plain a line one of them is: the group is judged as one."""
    group = judged(0.05, *MIXED, kind=GroupKind.VASCULAR)
    for count in (1, 3, 200):
        facts = facts_of_group(group, [speck((LINE, 0.99))] * count, Facts(), thresholds())
        assert (facts.suspicious, facts.morphology) == (False, VESSEL)


def test_the_ratio_of_costs_moves_the_limit() -> None:
    """Where a missed finding weighs as little as an alarm only the likelier counts; at 99 to 1 all do."""
    for ratio, is_suspicious in ((1.0, False), (5.0, True), (99.0, True)):
        costs = replace(thresholds(), cost_ratio=ratio)
        facts = facts_of_group(judged(0.3, *MIXED), [], Facts(), costs)
        assert facts.suspicious is is_suspicious
    assert replace(thresholds(), cost_ratio=99.0).least_suspicious_probability == pytest.approx(0.01)


def test_both_views_of_a_group_are_judged_alike() -> None:
    """The mean of both views decides for both; with a weight of 0 each decides by itself."""
    calm, alarming = judged(0.05, *MIXED), judged(0.35, (LINE, 0.9), (VESSEL, 0.1))
    for own, other in ((calm, alarming), (alarming, calm)):
        facts = facts_of_group(own, [], Facts(), thresholds(), counterpart=other)
        assert (facts.suspicious, facts.doubtful, facts.morphology) == (True, True, LINE)
    alone = replace(thresholds(), other_view_weight=0.0)
    assert facts_of_group(calm, [], Facts(), alone, counterpart=alarming).suspicious is False
    undescribed = replace(calm, suspicion=None)
    assert facts_of_group(calm, [], Facts(), thresholds(), counterpart=undescribed).suspicious is False


def test_the_likeliest_distribution_counts() -> None:
    """Not a worse one that is nearly as likely; where none was described it is not known."""
    likely = ((Distribution.GROUPED, 0.55), (Distribution.LINEAR, 0.45))
    facts = facts_of_group(group_of(None, *likely), [], Facts(), thresholds())
    assert facts.distribution is Distribution.GROUPED
    assert facts_of_group(group_of(None), [], Facts(), thresholds()).distribution is None


def test_a_persons_word_takes_the_place_of_the_classifiers() -> None:
    """The worst shape that they name counts, and what the classifier alone said is dropped."""
    facts = facts_of_group(judged(0.05, *MIXED, kind=GroupKind.VASCULAR), [], Facts(), thresholds())
    named = with_statement(facts, FindingStatement(morphology=(VESSEL, LINE)))
    assert (named.morphology, named.suspicious, named.kind, named.follows_vessel) == (LINE, None, None, None)
    answered = with_statement(
        facts, FindingStatement(morphology=(VESSEL,), follows_vessel=True, tubular=True)
    )
    assert (answered.morphology, answered.follows_vessel, answered.tubular) == (VESSEL, True, True)


def test_a_persons_distribution_counts() -> None:
    """A line of scattered specks is judged as specks in a line; a vessel is a line anyway."""
    line = FindingStatement(distribution=Distribution.LINEAR)
    specks = facts_of_group(judged(0.05, ROUND, kind=GroupKind.SCATTERED_ROUND), [], Facts(), thresholds())
    stated = with_statement(specks, line)
    assert (stated.distribution, stated.suspicious, stated.morphology) == (
        Distribution.LINEAR,
        None,
        Morphology.ROUND,
    )
    vessel = facts_of_group(judged(0.05, *MIXED, kind=GroupKind.VASCULAR), [], Facts(), thresholds())
    assert with_statement(vessel, line).suspicious is False


def test_what_a_person_denies_is_no_vessel() -> None:
    """Not in the wall of a vessel: what the classifier took it for is dropped."""
    vessel = facts_of_group(judged(0.05, *MIXED, kind=GroupKind.VASCULAR), [], Facts(), thresholds())
    denied = with_statement(vessel, FindingStatement(follows_vessel=False))
    assert (denied.kind, denied.suspicious, denied.follows_vessel) == (None, None, False)
    specks = facts_of_group(judged(0.05, ROUND, kind=GroupKind.SCATTERED_ROUND), [], Facts(), thresholds())
    assert with_statement(specks, FindingStatement(follows_vessel=False)).suspicious is False


def test_unchanged_for_no_month_is_no_stability() -> None:
    """What was seen once has not been stable."""
    assert with_statement(Facts(), FindingStatement(stable_months=0)).change is None


def test_answers_of_a_person_become_facts() -> None:
    """Each answer stands in the place of what was known; stable for so long means not changed."""
    known = Facts(both_views=True, change=ChangeKind.NEW)
    stated = FindingStatement(
        both_views=False, knot=True, stable_months=24, in_bed=SurgicalBedPosition.INSIDE
    )
    facts = with_statement(known, stated)
    assert (facts.both_views, facts.knot, facts.in_bed) == (False, True, SurgicalBedPosition.INSIDE)
    assert (facts.change, facts.stable_months) == (ChangeKind.NO_SIGNIFICANT_CHANGE, 24)
    assert with_statement(known, FindingStatement()) == known


def test_facts_of_a_group() -> None:
    """Sizes and edges come from the members, what is known beside them stays; a person's part is unknown."""
    group = group_of(described((Morphology.VASCULAR, 0.95)), (Distribution.GROUPED, 1.0))
    known = replace(
        facts_of_context(Laterality.LEFT, ClinicalContext(age=60)), both_views=False, bilateral=True
    )
    facts = facts_of_group(group, [SPECK] * 3, known, thresholds())
    assert (facts.count, facts.median_mm, facts.largest_mm, facts.width_mm) == (4, 1.0, 1.0, 0.8)
    assert (facts.tubular, facts.follows_vessel, facts.toward_nipple) == (None, None, True)
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


@pytest.mark.parametrize(
    ("member", "ratio", "suspicious"),
    [
        (speck(ROUND), 999.0, False),
        (speck((Morphology.ROD, 0.9)), 999.0, False),
        (speck((LINE, 0.9)), 5.0, False),
        (speck((LINE, 0.9)), 30.0, None),
        (speck((LINE, 0.7)), 5.0, None),
        (SPECK, 5.0, None),
    ],
)
def test_a_single_is_cleared_by_the_costs_and_never_raised(
    member: Calcification, ratio: float, suspicious: bool | None
) -> None:
    """A shape that is told clears it, a plain line unless a miss costs too much; else its shape decides."""
    costs = replace(thresholds(), cost_ratio=ratio)
    assert facts_of_single(member, Facts(), costs).suspicious is suspicious


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
    weighed = facts_of_group(replace(group, suspicion=0.05), [], Facts(), thresholds())
    kinds = [other.kind for other, _ in alternative_facts(group, weighed, thresholds())]
    assert kinds[0] is GroupKind.SMALL_SUSPICIOUS
    assert None in kinds  # hazy specks would be suspicious
    two = replace(thresholds(), max_alternatives=2)
    assert alternative_facts(group, facts, two) == others[:2]


def test_thresholds_decide_when_something_is_a_fact() -> None:
    """With other thresholds the same measurements give other facts."""
    group = group_of(described((Morphology.VASCULAR, 0.95)), (Distribution.GROUPED, 1.0))
    strict = replace(
        thresholds(),
        toward_nipple_degrees=10.0,
        smooth_edge_sharpness=1.0,
        irregular_solidity=0.7,
        lucent_center_depth=0.0,
    )
    usual, other = (facts_of_group(group, [SPECK] * 4, Facts(), limits) for limits in (thresholds(), strict))
    names = ("toward_nipple", "smooth_edge", "irregular_shape", "lucent_center")
    assert [getattr(usual, name) for name in names] == [True, True, True, False]
    assert [getattr(other, name) for name in names] == [False, False, False, True]


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


def test_a_cancer_of_the_breast_is_of_no_finding() -> None:
    """A biopsy and a known cancer are facts of the finding that a person names; the woman has the history."""
    stated = BreastContext(biopsy=BiopsyResult.MALIGNANT, known_cancer=True)
    for context in (ClinicalContext(left=stated), ClinicalContext(left=stated, right=stated)):
        for side in (Laterality.LEFT, Laterality.RIGHT, None):
            facts = facts_of_context(side, context)
            assert (facts.biopsy, facts.known_cancer, facts.personal_history) == (None, None, True)
    biopsied = ClinicalContext(left=BreastContext(biopsy=BiopsyResult.MALIGNANT))
    assert facts_of_context(Laterality.RIGHT, biopsied).personal_history is True


def test_a_kind_of_radiation_says_that_a_breast_was_treated() -> None:
    """Whatever kind it was; "none" says nothing of an operation."""
    for kind in RadiationKind:
        facts = facts_of_context(
            Laterality.LEFT, ClinicalContext(left=BreastContext(radiation=kind), sex=Sex.FEMALE)
        )
        assert facts.treated is (None if kind is RadiationKind.NONE else True)
        assert (facts.radiation, facts.sex) == (kind, Sex.FEMALE)


@pytest.mark.parametrize("age", [-1, 121])
def test_an_impossible_age_is_refused(age: int) -> None:
    """The message names the value and what to do where it is not known."""
    with pytest.raises(ValueError, match=f"age {age} is not between 0 and 120; leave it out"):
        ClinicalContext(age=age)
