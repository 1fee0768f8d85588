"""From what a person states of a treatment to the rule that fires: a row for every rule about treatment."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import Any

import pytest

from calcwatch.comparison.treatment import context_with
from calcwatch.domain.assessment import Assessment
from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import (
    BiopsyResult,
    BreastContext,
    ClinicalContext,
    ExamContext,
    RadiationKind,
)
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Distribution, Morphology
from calcwatch.domain.treatment import Operation, OperationKind, Radiation, Therapy, Treatment
from calcwatch.exam.assess import assess_group
from calcwatch.exam.facts import Facts
from calcwatch.exam.rule_table import RuleTable
from calcwatch.service.files.rules import read_rules

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
TODAY = "20240115"
SUSPICIOUS = (
    Morphology.AMORPHOUS,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_PLEOMORPHIC,
    Morphology.FINE_LINEAR,
    Morphology.FINE_LINEAR_BRANCHING,
)


def lumpectomy(date: str = "20190314", **stated: Any) -> Operation:
    return Operation(date, LEFT, OperationKind.LUMPECTOMY, **{"malignant": True, **stated})


def biopsy(result: BiopsyResult) -> Operation:
    return Operation("20230601", LEFT, OperationKind.BIOPSY, biopsy=result)


CONSERVED = Treatment((lumpectomy(),), (Radiation(LEFT, "20190601"),))
RECENT = Treatment((lumpectomy("20220301"),), (Radiation(LEFT, "20220601"),))
REDUCED = Treatment((Operation("20200101", LEFT, OperationKind.REDUCTION),))
SINGLE_DOSE = Treatment((lumpectomy(),), (Radiation(LEFT, "20190314", RadiationKind.INTRAOPERATIVE),))
CHEMOTHERAPY = Treatment(neoadjuvant=Therapy("20231101"))
NONE = Treatment()
UNSTATED = ClinicalContext()

AMORPHOUS: dict[str, Any] = {
    "morphology": Morphology.AMORPHOUS,
    "distribution": Distribution.GROUPED,
    "count": 8,
    "both_views": True,
}
ROUND = {**AMORPHOUS, "morphology": Morphology.ROUND}
SCATTERED = {**ROUND, "distribution": Distribution.DIFFUSE}
OIL_CYST: dict[str, Any] = {
    "morphology": Morphology.RIM,
    "thin_rim": True,
    "smooth_edge": True,
    "lucent_center": True,
    "distribution": Distribution.REGIONAL,
}
VESSEL: dict[str, Any] = {
    "morphology": Morphology.VASCULAR,
    "tubular": True,
    "follows_vessel": True,
    "both_views": True,
}
STITCHES: dict[str, Any] = {"morphology": Morphology.SUTURE, "knot": True, "on_surgical_line": True}
COARSE: dict[str, Any] = {
    "morphology": Morphology.DYSTROPHIC,
    "distribution": Distribution.GROUPED,
    "median_mm": 1.8,
    "smooth_edge": True,
}
UNMAGNIFIED = {"magnification_done": None}
INSIDE, OUTSIDE = {"in_bed": SurgicalBedPosition.INSIDE}, {"in_bed": SurgicalBedPosition.OUTSIDE}
NEW = {"change": ChangeKind.NEW}


@cache
def table() -> RuleTable:
    """The shipped table."""
    return read_rules()


def assess(
    treatment: Treatment,
    seen: dict[str, Any],
    *,
    side: Laterality = LEFT,
    earlier: tuple[str, ...] = (),
    context: ClinicalContext = UNSTATED,
) -> Assessment:
    """What is suggested for a finding in a breast, worked up, on a day after the treatment."""
    known = context_with(treatment, context, TODAY, earlier)
    breast = known.of(side)
    stated = {statement.name: getattr(breast, statement.name) for statement in fields(BreastContext)} | {
        "exam_context": ExamContext.DIAGNOSTIC,
        "magnification_done": True,
        "personal_history": known.any_cancer_history,
        "neoadjuvant": known.neoadjuvant,
        "high_risk": known.high_risk,
    }
    return assess_group(Facts(**(stated | seen)), table())


ROWS: list[tuple[str, Treatment, dict[str, Any], str]] = [
    ("L1", CONSERVED, OIL_CYST | INSIDE, "2"),
    ("L2", RECENT, AMORPHOUS | INSIDE, "4B"),
    ("L3", CONSERVED, SCATTERED | INSIDE | {"count": 4}, "4A"),
    ("L4", CONSERVED, ROUND | OUTSIDE | NEW, "4B"),
    ("L4", CONSERVED, ROUND | NEW, "4B"),
    ("L4-PLACE", CONSERVED, STITCHES | OUTSIDE | NEW, "4B"),
    ("L4-PLACE", CONSERVED, STITCHES | NEW, "4B"),
    ("B6", CONSERVED, OIL_CYST | OUTSIDE | NEW, "2"),
    ("L6", REDUCED, OIL_CYST | INSIDE, "2"),
    ("L7", CONSERVED, ROUND | OUTSIDE | NEW, "4B"),
    ("L7-CLASSIC", CONSERVED, VESSEL | OUTSIDE | NEW | UNMAGNIFIED, "4A"),
    ("L7-CLASSIC", CONSERVED, VESSEL | NEW | UNMAGNIFIED, "4A"),
    ("B1", CONSERVED, VESSEL | OUTSIDE | NEW, "2"),
    ("L7-REDUCTION", REDUCED, ROUND | OUTSIDE | NEW, "4A"),
    ("B7-CAUSE", REDUCED, COARSE, "2"),
    ("B7-CAUSE", Treatment((lumpectomy(malignant=False),)), COARSE, "2"),
    ("R-IORT", SINGLE_DOSE, ROUND | INSIDE, "4A"),
    ("T1", Treatment((lumpectomy(calcified=True),)), AMORPHOUS, "4C"),
    ("T4", CHEMOTHERAPY, AMORPHOUS | {"change": ChangeKind.DECREASED, "known_cancer": True}, "4B"),
    ("T4-BESIDE", CHEMOTHERAPY, AMORPHOUS | {"change": ChangeKind.DECREASED}, "4B"),
    ("D1", Treatment((biopsy(BiopsyResult.BENIGN_CONCORDANT),)), AMORPHOUS, "4B"),
    ("D2", Treatment((biopsy(BiopsyResult.BENIGN_DISCORDANT),)), AMORPHOUS, "4B"),
    ("D2", Treatment((biopsy(BiopsyResult.HIGH_RISK_LESION),)), AMORPHOUS, "4B"),
    ("C1", NONE, SCATTERED | NEW, "4A"),
    ("C1-FEW", NONE, ROUND | NEW | {"count": 4}, "4A"),
    ("C2", NONE, AMORPHOUS | {"change": ChangeKind.INCREASED_IN_NUMBER}, "4C"),
    ("C2", NONE, AMORPHOUS | {"change": ChangeKind.INCREASED_IN_EXTENT}, "4C"),
    ("C2", NONE, SCATTERED | {"change": ChangeKind.INCREASED_IN_SIZE}, "4A"),
    ("C3", NONE, SCATTERED | {"change": ChangeKind.SHAPE_CHANGED}, "4A"),
    ("C5", NONE, AMORPHOUS | {"change": ChangeKind.NO_SIGNIFICANT_CHANGE, "stable_months": 60}, "4B"),
    ("C6", NONE, AMORPHOUS | {"change": ChangeKind.DECREASED}, "4B"),
    ("C6", NONE, AMORPHOUS | {"change": ChangeKind.PARTIALLY_REMOVED}, "4B"),
    ("C6", NONE, AMORPHOUS | {"change": ChangeKind.RESOLVED}, "4B"),
]


@pytest.mark.parametrize(("rule", "treatment", "seen", "floor"), ROWS)
def test_each_rule_fires_from_what_is_stated(
    rule: str, treatment: Treatment, seen: dict[str, Any], floor: str
) -> None:
    """The stated treatment becomes the facts that the rule asks, and the floor is what the table says."""
    found = assess(treatment, seen)
    assert (rule in found.rule_ids, found.floor) == (True, floor)


QUIET: list[tuple[str, Treatment, dict[str, Any]]] = [
    ("L2", CONSERVED, AMORPHOUS | INSIDE),
    ("L3", RECENT, AMORPHOUS | INSIDE),
    ("L3", CONSERVED, SCATTERED | INSIDE | {"count": 3}),
    ("L4", CONSERVED, ROUND | INSIDE | NEW),
    ("L4", REDUCED, ROUND | OUTSIDE | NEW),
    ("L4", CONSERVED, ROUND | {"change": ChangeKind.NO_SIGNIFICANT_CHANGE}),
    ("L6", REDUCED, ROUND | INSIDE),
    ("L7", CONSERVED, VESSEL | INSIDE | NEW),
    ("T1", Treatment((lumpectomy(calcified=False),)), AMORPHOUS),
    ("T1", CONSERVED, AMORPHOUS),
    ("T4", Treatment(neoadjuvant=Therapy("20240116")), AMORPHOUS),
    ("D1", Treatment((biopsy(BiopsyResult.BENIGN_DISCORDANT),)), AMORPHOUS),
    ("C1", NONE, ROUND | NEW | {"both_views": False}),
]


@pytest.mark.parametrize(("rule", "treatment", "seen"), QUIET)
def test_each_rule_keeps_to_its_conditions(rule: str, treatment: Treatment, seen: dict[str, Any]) -> None:
    """One thing stated otherwise, and the rule does not fire."""
    assert rule not in assess(treatment, seen).rule_ids


def test_l5_the_other_breast_of_a_treated_woman() -> None:
    """New in the breast that was not treated: the history is noted, C1 applies, and L4 does not."""
    found = assess(
        CONSERVED, ROUND | NEW, side=RIGHT, context=ClinicalContext(right=BreastContext(treated=False))
    )
    assert {"L5", "C1"} <= set(found.rule_ids)
    assert "L4" not in found.rule_ids
    assert found.floor == "4A"


def test_t2_high_risk() -> None:
    """High risk is never beside 3: what would be 3 is 4A; anything else keeps its category with a note."""
    known = assess(NONE, AMORPHOUS, context=ClinicalContext(high_risk=True))
    assert ("T2-NOTE" in known.rule_ids, known.floor) == (True, assess(NONE, AMORPHOUS).floor)
    worked_up = {"priors_available": False, "treated": False}
    for risk, floor in ((False, "3"), (True, "4A")):
        found = assess(
            NONE, ROUND | worked_up, context=ClinicalContext(personal_history=False, high_risk=risk)
        )
        assert ("T2" in found.rule_ids, found.floor) == (risk, floor)


def test_t3_left_after_the_operation() -> None:
    """Suspicious on the first mammogram after cancer was removed: 4C; on a later one the base counts."""
    just = Treatment((lumpectomy("20231201"),))
    assert assess(just, AMORPHOUS, earlier=("20231101",)).floor == "4C"
    assert "T3" in assess(just, AMORPHOUS, earlier=("20231101",)).rule_ids
    assert "T3" not in assess(just, AMORPHOUS, earlier=("20231101", "20240101")).rule_ids
    unknown = assess(Treatment((lumpectomy("20231201", malignant=None),)), AMORPHOUS, earlier=("20231101",))
    assert (unknown.suggested_category, "original_malignant" in unknown.missing) == ("0", True)


def test_t4_is_shown_as_known_cancer() -> None:
    """Under chemotherapy the cancer stays 6, whatever it did; any other finding is judged by itself."""
    for change in (ChangeKind.RESOLVED, ChangeKind.INCREASED_IN_NUMBER, ChangeKind.NO_SIGNIFICANT_CHANGE):
        cancer = AMORPHOUS | {"change": change, "known_cancer": True}
        assert assess(CHEMOTHERAPY, cancer).suggested_category == "6"
        for other in ({}, {"known_cancer": False}):
            assert assess(CHEMOTHERAPY, AMORPHOUS | {"change": change} | other).suggested_category != "6"


def test_c4_is_for_benign_shapes_alone() -> None:
    """Round and unchanged for two years: 2; the same in a treated breast or with a hazy shape: not."""
    stable = {"change": ChangeKind.NO_SIGNIFICANT_CHANGE, "stable_months": 24, "priors_available": True}
    untreated = ClinicalContext(personal_history=False, left=BreastContext(treated=False))
    found = assess(NONE, ROUND | stable, context=untreated)
    assert ("C4" in found.rule_ids, found.floor) == (True, "2")
    for treatment, seen in ((CONSERVED, ROUND), (NONE, AMORPHOUS)):
        context = ClinicalContext() if treatment is CONSERVED else untreated
        other = assess(treatment, seen | stable, context=context)
        assert "C4" not in other.rule_ids
        assert RANKED_CATEGORIES.index(other.floor) >= RANKED_CATEGORIES.index(
            assess(treatment, seen, context=context).floor
        )


@pytest.mark.parametrize("shape", SUSPICIOUS)
@pytest.mark.parametrize("treatment", [NONE, RECENT, CONSERVED, REDUCED])
@pytest.mark.parametrize(
    "change",
    [
        ChangeKind.NO_SIGNIFICANT_CHANGE,
        ChangeKind.DECREASED,
        ChangeKind.PARTIALLY_REMOVED,
        ChangeKind.RESOLVED,
    ],
)
@pytest.mark.parametrize("distribution", list(Distribution))
def test_neither_stability_nor_shrinkage_lowers_a_suspicious_shape(
    shape: Morphology, treatment: Treatment, change: ChangeKind, distribution: Distribution
) -> None:
    """For every suspicious shape and distribution, treated or not, in or out of the bed."""
    for place in (INSIDE, OUTSIDE, {}):
        seen = AMORPHOUS | place | {"morphology": shape, "distribution": distribution}
        alone = assess(treatment, seen)
        compared = assess(treatment, seen | {"change": change, "stable_months": 120})
        assert RANKED_CATEGORIES.index(compared.floor) >= RANKED_CATEGORIES.index(alone.floor)


@pytest.mark.parametrize("seen", [ROUND, AMORPHOUS, OIL_CYST, VESSEL, SCATTERED])
@pytest.mark.parametrize("treatment", [RECENT, CONSERVED, REDUCED])
def test_an_unknown_place_is_treated_as_outside(seen: dict[str, Any], treatment: Treatment) -> None:
    """A new finding whose place is not known fires what it would outside the bed, and the place is asked."""
    unknown, outside = assess(treatment, seen | NEW), assess(treatment, seen | NEW | OUTSIDE)
    assert unknown.rule_ids == outside.rule_ids
    assert unknown.floor == outside.floor


def test_the_place_is_asked_for() -> None:
    """Where the place decides, it is named as missing."""
    assert "in_bed" in assess(CONSERVED, ROUND | NEW).missing
    assert "in_bed" not in assess(CONSERVED, ROUND | NEW | OUTSIDE).missing


def test_time_counts_from_the_end_of_radiation() -> None:
    """Whole months are counted; where there was no radiation they count from the operation."""
    for end, months in (("20210115", 36), ("20201214", 37)):
        treated = Treatment((lumpectomy(),), (Radiation(LEFT, end),))
        assert context_with(treated, ClinicalContext(), TODAY, ()).left.months_since_treatment == months
    operated = context_with(Treatment((lumpectomy("20230115"),)), ClinicalContext(), TODAY, ())
    assert operated.left.months_since_treatment == 12
    assert operated.right.months_since_treatment is None


def test_what_comes_after_the_day_is_not_known_on_it() -> None:
    """An operation and radiation after the examination leave no trace in its facts."""
    later = Treatment((lumpectomy("20240116"),), (Radiation(LEFT, "20240301"),))
    assert context_with(later, ClinicalContext(), TODAY, ()) == ClinicalContext()


def test_statements_that_disagree_are_refused() -> None:
    """The context says the breast was never treated, the treatment that it was: nobody guesses."""
    stated = replace(ClinicalContext(), left=BreastContext(treated=False))
    with pytest.raises(ValueError, match="L: treated is stated as False, but the treatment says True"):
        context_with(CONSERVED, stated, TODAY, ())
