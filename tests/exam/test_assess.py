"""The shipped rules, one line a row, cell and modifier; what the engine makes of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from calcwatch.domain.assessment import JudgedBy
from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult, BreastDensity, ExamContext, RadiationKind, ScarFinding, Sex
from calcwatch.domain.lexicon import (
    RANKED_CATEGORIES,
    RANKED_DISTRIBUTIONS,
    RANKED_MORPHOLOGIES,
    Category,
    Distribution,
    GroupKind,
    Morphology,
)
from calcwatch.domain.lexicon import SUSPICIOUS as SUSPECT
from calcwatch.exam.assess import assess_group
from calcwatch.exam.facts import Facts
from calcwatch.exam.rule_table import RuleTable
from calcwatch.service.files.rules import read_rules

UNCHANGED: dict[str, Any] = {"change": ChangeKind.NO_SIGNIFICANT_CHANGE, "stable_months": 24}
ROD: dict[str, Any] = {"morphology": Morphology.ROD, "width_mm": 0.7, "smooth_edge": True}
RIM: dict[str, Any] = {"morphology": Morphology.RIM, "lucent_center": True}
COARSE: dict[str, Any] = {"morphology": Morphology.DYSTROPHIC, "median_mm": 1.5, "smooth_edge": True}

CLASSIC: dict[str, dict[str, Any]] = {
    "B1": {"morphology": Morphology.VASCULAR, "tubular": True},
    "B1-BOTH": {
        "morphology": Morphology.FINE_LINEAR_BRANCHING,
        "follows_vessel": True,
        "bilateral": True,
        "both_views": True,
    },
    "B1-JUDGED": {"suspicious": False, "kind": GroupKind.VASCULAR},
    "B-JUDGED": {"suspicious": False, "kind": GroupKind.TYPICALLY_BENIGN},
    "B2": {"morphology": Morphology.SKIN, "proven_in_skin": True},
    "B2-ANY": {"morphology": Morphology.AMORPHOUS, "proven_in_skin": True},
    "B2-SEEN": {
        "morphology": Morphology.SKIN,
        "lucent_center": True,
        "extent_mm": 4.0,
        "magnification_done": True,
    },
    "B3": {
        "morphology": Morphology.MILK_OF_CALCIUM,
        "changes_with_projection": True,
        "all_members_change": True,
    },
    "B4": {"morphology": Morphology.POPCORN, "largest_mm": 4.0, "inside_smooth_mass": True},
    "B4-STABLE": {"morphology": Morphology.POPCORN, "largest_mm": 4.0, **UNCHANGED},
    "B5": {**ROD, "bilateral": True, "toward_nipple": True},
    "B5-STABLE": {**ROD, **UNCHANGED},
    "B5-ONE": {
        **ROD,
        "toward_nipple": True,
        "magnification_done": True,
        "age": 66,
        "distribution": Distribution.REGIONAL,
    },
    "B6": {**RIM, "smooth_edge": True, "distribution": Distribution.REGIONAL},
    "B6-LARGE": {**RIM, "smooth_edge": True, "median_mm": 3.0},
    "B6-THIN": {**RIM, "thin_rim": True, "magnification_done": True},
    "B6-CAUSE": {**RIM, "fat_grafting": True},
    "B7": {
        **COARSE,
        "irregular_shape": True,
        "treated": True,
        "in_bed": SurgicalBedPosition.INSIDE,
    },
    "B7-CAUSE": {**COARSE, "injury": True},
    "B8": {"morphology": Morphology.SUTURE, "knot": True, "on_surgical_line": True},
    "B8-BED": {"morphology": Morphology.SUTURE, "in_bed": SurgicalBedPosition.INSIDE},
    "B8-STABLE": {"morphology": Morphology.SUTURE, **UNCHANGED},
    "B9-SYSTEMIC": {
        "morphology": Morphology.DYSTROPHIC,
        "systemic_disease": True,
        "bilateral": True,
        "distribution": Distribution.DIFFUSE,
    },
    "B10": {"products": True, "gone_after_wiping": True},
    "D1-STABLE": {
        "morphology": Morphology.AMORPHOUS,
        "biopsy": BiopsyResult.BENIGN_CONCORDANT,
        "change": ChangeKind.NO_SIGNIFICANT_CHANGE,
    },
}

MATRIX = {
    Morphology.ROUND: "2 4A 4A 4B 4B",
    Morphology.PUNCTATE: "2 4A 4A 4B 4B",
    Morphology.AMORPHOUS: "4A 4A 4B 4B 4B",
    Morphology.COARSE_HETEROGENEOUS: "4A 4A 4B 4B 4C",
    Morphology.FINE_PLEOMORPHIC: "4B 4B 4B 4C 4C",
    Morphology.FINE_LINEAR: "4C 4C 4C 5 5",
    Morphology.FINE_LINEAR_BRANCHING: "4C 4C 4C 5 5",
    Morphology.VASCULAR: "4A 4A 4A 4A 4A",
    Morphology.SKIN: "2 4A 4A 4B 4B",
    Morphology.RIM: "2 4A 4A 4B 4B",
    Morphology.MILK_OF_CALCIUM: "4A 4A 4B 4B 4B",
    Morphology.POPCORN: "4A 4A 4B 4B 4C",
    Morphology.DYSTROPHIC: "4A 4A 4B 4B 4C",
    Morphology.ROD: "4C 4C 4C 4C 4C",
    Morphology.SUTURE: "4C 4C 4C 4C 4C",
    None: "4A 4A 4A 4B 4B",
}

CELLS = [
    (morphology, distribution, category)
    for morphology, row in MATRIX.items()
    for distribution, category in zip(RANKED_DISTRIBUTIONS[1:], row.split(), strict=True)
]


@cache
def table() -> RuleTable:
    """The shipped table."""
    return read_rules()


def worked_up(**known: Any) -> Facts:
    """Facts of a diagnostic examination with magnification."""
    return Facts(**{"exam_context": ExamContext.DIAGNOSTIC, "magnification_done": True, **known})


def amorphous(**known: Any) -> Facts:
    """A group of hazy specks in a worked-up examination: base 4B."""
    described = {"morphology": Morphology.AMORPHOUS, "distribution": Distribution.GROUPED, "count": 8}
    return worked_up(**{**described, **known})


def round_group(**known: Any) -> Facts:
    """A group of round specks in a worked-up examination: base 4A."""
    return amorphous(**{"morphology": Morphology.ROUND, **known})


def judged(kind: GroupKind, **known: Any) -> Facts:
    """A group that the costs do not call suspicious, in a worked-up examination."""
    return worked_up(**{"suspicious": False, "kind": kind, "count": 8, **known})


FULL_WORKUP = {"personal_history": False, "treated": False, "priors_available": False}


@pytest.mark.parametrize(("morphology", "distribution", "category"), CELLS)
def test_each_cell_of_the_matrix(
    morphology: Morphology | None, distribution: Distribution, category: str
) -> None:
    """Shape and distribution alone give the category of their cell, by a single rule of the base."""
    found = assess_group(worked_up(morphology=morphology, distribution=distribution), table())
    assert found.floor == category
    assert len([name for name in found.rule_ids if table().rule(name).section == "base"]) == 1
    assert found.needs_human


@pytest.mark.parametrize("name", CLASSIC)
def test_each_typically_benign_kind(name: str) -> None:
    """When every condition holds it is 2, on screening too, and asks a radiologist to confirm."""
    for context in (ExamContext.SCREENING, ExamContext.DIAGNOSTIC, None):
        found = assess_group(Facts(**CLASSIC[name], exam_context=context), table())
        assert (found.suggested_category, found.if_confirmed) == (Category.BENIGN, None)
        assert {name, "X-CONFIRM"} <= set(found.rule_ids)
        assert found.likelihood_range is not None
        assert (found.likelihood_range.low, found.likelihood_range.high) == (0.0, 0.037)


@pytest.mark.parametrize(
    ("name", "lost"), [(name, lost) for name, facts in CLASSIC.items() for lost in facts]
)
def test_one_doubt_and_a_kind_is_not_typically_benign(name: str, lost: str) -> None:
    """Each condition is needed: where one is not known, the rule does not fire and the base counts."""
    grouped: dict[str, Any] = {"distribution": Distribution.GROUPED, **CLASSIC[name]}
    grouped[lost] = None
    found = assess_group(Facts(**grouped), table())
    assert name not in found.rule_ids
    assert found.floor not in (Category.NEGATIVE, Category.BENIGN, Category.PROBABLY_BENIGN)


BASE_ROWS: list[tuple[str, Facts, str]] = [
    ("N1", Facts(count=0), "1"),
    ("S1", Facts(count=1, distribution=Distribution.SINGLE), "2"),
    ("S1", Facts(count=1, distribution=Distribution.SINGLE, morphology=Morphology.ROUND), "2"),
    ("S2", Facts(count=1, distribution=Distribution.SINGLE, morphology=Morphology.ROD), "4A"),
    ("S3", Facts(count=1, distribution=Distribution.SINGLE, morphology=Morphology.FINE_LINEAR), "4B"),
    ("M-RND-GRP-3", round_group(**FULL_WORKUP), "3"),
    ("M-RND-GRP", round_group(**FULL_WORKUP | {"priors_available": True}), "4A"),
    ("M-RND-GRP", round_group(**FULL_WORKUP | {"personal_history": True}), "4A"),
    ("M-RND-GRP", round_group(**FULL_WORKUP | {"magnification_done": False}), "4A"),
    ("M-RND-GRP", round_group(**FULL_WORKUP | {"treated": None}), "4A"),
    ("M-RND-REG-3", round_group(**FULL_WORKUP | {"distribution": Distribution.REGIONAL}), "3"),
    ("M-RND-REG", round_group(distribution=Distribution.REGIONAL, treated=True), "4A"),
    (
        "C4",
        round_group(
            **FULL_WORKUP | {"priors_available": True},
            change=ChangeKind.NO_SIGNIFICANT_CHANGE,
            stable_months=24,
        ),
        "2",
    ),
    ("C4-WAIT", round_group(**FULL_WORKUP | UNCHANGED | {"stable_months": 23}), "3"),
    ("M-RND-GRP", round_group(change=ChangeKind.NO_SIGNIFICANT_CHANGE, stable_months=12), "4A"),
    ("M-RND-GRP", round_group(**FULL_WORKUP | UNCHANGED | {"treated": True}), "4A"),
    ("J-SINGLE", Facts(count=1, suspicious=False, distribution=Distribution.SINGLE), "2"),
    (
        "J-SINGLE",
        Facts(suspicious=False, distribution=Distribution.SINGLE, morphology=Morphology.FINE_LINEAR),
        "2",
    ),
    ("J-SCATTER", judged(GroupKind.SCATTERED_ROUND), "2"),
    ("J-NOT", judged(GroupKind.NOT_A_CALCIFICATION), "2"),
    ("J-TIGHT", judged(GroupKind.SMALL_SUSPICIOUS), "3"),
    ("J-TIGHT-TREATED", judged(GroupKind.SMALL_SUSPICIOUS, treated=True), "4A"),
    ("J-TIGHT-HISTORY", judged(GroupKind.SMALL_SUSPICIOUS, personal_history=True), "4A"),
    ("J-STABLE", judged(GroupKind.SMALL_SUSPICIOUS, **FULL_WORKUP | UNCHANGED), "2"),
    ("M-DOUBT", amorphous(morphology=Morphology.FINE_LINEAR, suspicious=True, doubtful=True), "4B"),
    (
        "B9",
        Facts(
            morphology=Morphology.PUNCTATE,
            distribution=Distribution.DIFFUSE,
            bilateral=True,
            largest_mm=0.6,
            dominant_group=False,
        ),
        "2",
    ),
    (
        "B9-AMORPHOUS",
        amorphous(
            distribution=Distribution.DIFFUSE,
            bilateral=True,
            age=50,
            personal_history=False,
            treated=False,
            dominant_group=False,
        ),
        "2",
    ),
    ("M-AMO-DIF", amorphous(distribution=Distribution.DIFFUSE, bilateral=True, age=50), "4A"),
    (
        "B9-COARSE",
        worked_up(
            morphology=Morphology.COARSE_HETEROGENEOUS,
            distribution=Distribution.DIFFUSE,
            bilateral=True,
            dominant_group=False,
        ),
        "2",
    ),
]


@pytest.mark.parametrize(("name", "facts", "category"), BASE_ROWS)
def test_rows_beside_the_matrix(name: str, facts: Facts, category: str) -> None:
    """Nothing, singles, and the rows that need more than shape and distribution; 3 and 2 need all of it."""
    found = assess_group(facts, table())
    assert (found.floor, name in found.rule_ids) == (category, True)


INSIDE = {"treated": True, "in_bed": SurgicalBedPosition.INSIDE}
PLACED_CANCER = {"exam_context": ExamContext.KNOWN_CANCER, "known_cancer": True}
OUTSIDE_NEW: dict[str, Any] = {
    "treated": True,
    "in_bed": SurgicalBedPosition.OUTSIDE,
    "change": ChangeKind.NEW,
}
HEALED = CLASSIC["B7"]
PLEOMORPHIC_LINE = {"morphology": Morphology.FINE_PLEOMORPHIC, "distribution": Distribution.LINEAR}

RAISED: list[tuple[str, Facts, str]] = [
    ("C1", round_group(change=ChangeKind.NEW, distribution=Distribution.DIFFUSE, both_views=True), "4A"),
    ("C2", amorphous(change=ChangeKind.INCREASED_IN_NUMBER), "4C"),
    ("C2", round_group(change=ChangeKind.INCREASED_IN_SIZE, distribution=Distribution.DIFFUSE), "4A"),
    ("C3", round_group(change=ChangeKind.SHAPE_CHANGED, distribution=Distribution.DIFFUSE), "4A"),
    ("C5", amorphous(change=ChangeKind.NO_SIGNIFICANT_CHANGE, stable_months=60), "4B"),
    ("C6", amorphous(change=ChangeKind.DECREASED), "4B"),
    ("C6", amorphous(change=ChangeKind.RESOLVED), "4B"),
    ("C1-FEW", round_group(change=ChangeKind.NEW, count=4), "4A"),
    ("D1", amorphous(biopsy=BiopsyResult.BENIGN_CONCORDANT), "4B"),
    ("D2", amorphous(biopsy=BiopsyResult.BENIGN_DISCORDANT), "4B"),
    ("D2", amorphous(biopsy=BiopsyResult.HIGH_RISK_LESION), "4B"),
    ("L1", worked_up(**HEALED), "2"),
    ("L2", amorphous(**INSIDE, months_since_treatment=36), "4B"),
    ("L3", round_group(**INSIDE, months_since_treatment=37, distribution=Distribution.DIFFUSE), "4A"),
    ("L4", round_group(**OUTSIDE_NEW), "4B"),
    ("L4", round_group(**OUTSIDE_NEW | {"in_bed": None}), "4B"),
    ("L4-PLACE", worked_up(**OUTSIDE_NEW, **CLASSIC["B8"]), "4B"),
    ("L5", amorphous(personal_history=True, treated=False, change=ChangeKind.NEW), "4B"),
    ("L6", worked_up(reduction=True, in_bed=SurgicalBedPosition.INSIDE, **CLASSIC["B6"]), "2"),
    ("L7", round_group(**OUTSIDE_NEW), "4B"),
    ("L7-CLASSIC", Facts(**OUTSIDE_NEW, **CLASSIC["B1"]), "4A"),
    ("L7-CLASSIC", Facts(reduction=True, change=ChangeKind.NEW, **CLASSIC["B1"]), "4A"),
    ("L7-REDUCTION", round_group(reduction=True, change=ChangeKind.NEW), "4A"),
    ("R-IORT", round_group(**INSIDE, radiation=RadiationKind.INTRAOPERATIVE), "4A"),
    ("J-COST", amorphous(distribution=Distribution.DIFFUSE, suspicious=True), "4A"),
    (
        "J-COST",
        worked_up(suspicious=True, morphology=Morphology.ROUND, distribution=Distribution.DIFFUSE),
        "4A",
    ),
    ("C2-CLASSIC", worked_up(change=ChangeKind.INCREASED_IN_SIZE, **CLASSIC["B1"]), "2"),
    ("C2", judged(GroupKind.SCATTERED_ROUND, change=ChangeKind.INCREASED_IN_NUMBER), "4A"),
    ("C1", judged(GroupKind.SCATTERED_ROUND, change=ChangeKind.NEW), "4A"),
    ("Q-MAN", round_group(**FULL_WORKUP, sex=Sex.MALE), "4A"),
    ("Q-MAN", judged(GroupKind.SCATTERED_ROUND, sex=Sex.MALE), "4A"),
    ("Q-DENSE", Facts(count=0, breast_density=BreastDensity.D), "1"),
    ("T1", amorphous(treated=True, original_calcified=True), "4C"),
    ("T2", round_group(**FULL_WORKUP, high_risk=True), "4A"),
    ("T2-NOTE", amorphous(high_risk=True), "4B"),
    ("T3", amorphous(first_after_surgery=True, original_malignant=True), "4C"),
    ("T3-PATHOLOGY", amorphous(first_after_surgery=True), "4B"),
    ("M1", round_group(companion=True), "4B"),
    ("M1", worked_up(companion=True, **CLASSIC["B1"]), "4B"),
    ("M2", worked_up(symptom=True, **CLASSIC["B1"]), "4A"),
    ("M2", Facts(count=0, symptom=True), "4A"),
    ("U1", round_group(ultrasound_scar=ScarFinding.CHANGED, change=ChangeKind.DECREASED), "4B"),
    ("U2", amorphous(ultrasound_scar=ScarFinding.FAT_NECROSIS), "4B"),
    ("Q-SIZE", amorphous(**PLEOMORPHIC_LINE, borderline_size=True), "4C"),
    ("Q-SIZE-COARSE", worked_up(morphology=Morphology.DYSTROPHIC, median_mm=1.0), "4B"),
    ("Q-SIZE-ROD", worked_up(morphology=Morphology.ROD, width_mm=0.5), "4C"),
    ("Q-AGE", amorphous(age=29), "4B"),
    ("C2", amorphous(**PLEOMORPHIC_LINE, change=ChangeKind.INCREASED_IN_NUMBER, companion=True), "4C"),
    ("B1-VIEW", worked_up(morphology=Morphology.VASCULAR, distribution=Distribution.LINEAR), "4A"),
    ("B2-VIEW", worked_up(morphology=Morphology.SKIN, distribution=Distribution.GROUPED), "4A"),
    ("B3-VIEW", worked_up(morphology=Morphology.MILK_OF_CALCIUM, distribution=Distribution.GROUPED), "4B"),
    ("B10-WIPE", amorphous(both_views=False, products=True), "4B"),
    ("B10-VIEW", amorphous(products=True), "4B"),
]


@pytest.mark.parametrize(("name", "facts", "category"), RAISED)
def test_each_modifier(name: str, facts: Facts, category: str) -> None:
    """Each modifier fires with its reason, and the result is what base and modifiers together ask for."""
    found = assess_group(facts, table())
    assert (found.floor, name in found.rule_ids) == (category, True)
    assert len(found.reasons) == len(found.rule_ids)
    assert any(reason.startswith(table().rule(name).reason) for reason in found.reasons)


QUIET: list[tuple[str, Facts]] = [
    ("C1", round_group(change=ChangeKind.NEW, both_views=False)),
    ("C1", round_group(change=ChangeKind.NEW, count=4)),
    ("C1", worked_up(change=ChangeKind.NEW, **CLASSIC["B1"])),
    ("L2", worked_up(**HEALED, months_since_treatment=10)),
    ("L3", round_group(**INSIDE, months_since_treatment=36)),
    ("L3", round_group(**INSIDE, months_since_treatment=40, count=3)),
    ("L4", round_group(**INSIDE, change=ChangeKind.NEW)),
    ("L2", amorphous(**INSIDE, months_since_treatment=14, morphology=Morphology.FINE_LINEAR)),
    ("L4", worked_up(**OUTSIDE_NEW, **CLASSIC["B1"])),
    ("L4-PLACE", worked_up(**OUTSIDE_NEW, **CLASSIC["B6-LARGE"])),
    ("L4-PLACE", worked_up(**OUTSIDE_NEW, **CLASSIC["B7-CAUSE"])),
    ("L7", round_group(**INSIDE, change=ChangeKind.NEW)),
    ("L7-CLASSIC", worked_up(**OUTSIDE_NEW, **CLASSIC["B1"])),
    ("C2", worked_up(change=ChangeKind.INCREASED_IN_NUMBER, **HEALED)),
    ("C3", worked_up(change=ChangeKind.SHAPE_CHANGED, **CLASSIC["B1-JUDGED"])),
    ("T2", amorphous(high_risk=True)),
    ("T2-NOTE", worked_up(high_risk=True, **CLASSIC["B1"])),
    ("Q-MAN", worked_up(sex=Sex.MALE, **CLASSIC["B1"])),
    ("Q-SIZE", amorphous(borderline_size=True)),
    ("D1", worked_up(**CLASSIC["D1-STABLE"])),
    ("T1", worked_up(original_calcified=True, **HEALED)),
    ("T3", round_group(first_after_surgery=True, original_malignant=True)),
    ("Q-AGE", amorphous(age=30)),
]


@pytest.mark.parametrize(("name", "facts"), QUIET)
def test_a_modifier_keeps_to_its_conditions(name: str, facts: Facts) -> None:
    """One condition beside the mark, and the modifier does not fire."""
    assert name not in assess_group(facts, table()).rule_ids


@pytest.mark.parametrize(
    ("name", "facts", "suggested", "if_confirmed"),
    [
        ("X-SCREEN", amorphous(exam_context=ExamContext.SCREENING), "0", "4B"),
        ("X-SCREEN", amorphous(exam_context=None), "0", "4B"),
        ("X-MAGNIFY", amorphous(magnification_done=None), "0", "4B"),
        ("X-MAGNIFY", amorphous(magnification_done=False), "0", "4B"),
        ("M-AMO-GRP", amorphous(), "4B", None),
        ("M-UNK", amorphous(morphology=None), "0", "4A"),
        ("M-UNK", amorphous(morphology=None, distribution=None), "0", "4A"),
        ("B10-WIPE", amorphous(both_views=False, products=True), "0", "4B"),
        ("X-TREATED", worked_up(**HEALED), "2", None),
        ("X-KNOWN", amorphous(**PLACED_CANCER), "6", None),
        ("X-KNOWN", amorphous(**PLACED_CANCER, morphology=None), "6", None),
        ("X-BIOPSY", round_group(biopsy=BiopsyResult.MALIGNANT), "6", None),
        ("X-BESIDE", amorphous(exam_context=ExamContext.KNOWN_CANCER), "4B", None),
        ("M-AMO-GRP", amorphous(exam_context=ExamContext.KNOWN_CANCER, known_cancer=False), "4B", None),
        ("T4", amorphous(neoadjuvant=True, known_cancer=True), "6", None),
        ("T4-BESIDE", amorphous(neoadjuvant=True), "4B", None),
        ("X-SINGLE", Facts(count=1, distribution=Distribution.SINGLE), "0", "2"),
        ("X-SCREEN", judged(GroupKind.SMALL_SUSPICIOUS, exam_context=None), "0", "3"),
        ("B1-JUDGED", judged(GroupKind.VASCULAR, exam_context=ExamContext.SCREENING), "2", None),
    ],
)
def test_the_examination_says_what_may_be_shown(
    name: str, facts: Facts, suggested: str, if_confirmed: str | None
) -> None:
    """0 where something must come first, with the category if confirmed; 6 for the known cancer."""
    found = assess_group(facts, table())
    assert (found.suggested_category, found.if_confirmed) == (suggested, if_confirmed)
    assert name in found.rule_ids


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (amorphous(), ()),
        (amorphous(exam_context=None), ("exam_context",)),
        (amorphous(magnification_done=None), ("magnification_done",)),
        (round_group(personal_history=False), ("priors_available", "treated")),
        (amorphous(treated=True), ("original_calcified", "in_bed", "months_since_treatment")),
        (
            worked_up(**HEALED | {"in_bed": None}, original_calcified=False),
            ("in_bed", "months_since_treatment"),
        ),
        (amorphous(first_after_surgery=True), ("original_malignant",)),
        (amorphous(neoadjuvant=True), ("known_cancer",)),
    ],
)
def test_what_is_missing_is_asked_for(facts: Facts, missing: tuple[str, ...]) -> None:
    """A fact that would decide is listed as missing, others are not; each has its question."""
    found = assess_group(facts, table())
    assert set(found.missing) - {"bilateral", "dominant_group"} == set(missing)
    assert all(table().questions[name].endswith(("?", "size.")) for name in found.missing)


def test_alternatives_come_with_their_category() -> None:
    """Each other description has the category on the ladder that it would give, context set aside."""
    facts = amorphous(exam_context=None)
    others = [
        (replace(facts, morphology=Morphology.FINE_LINEAR), 0.3),
        (replace(facts, distribution=Distribution.SEGMENTAL), 0.2),
    ]
    found = assess_group(facts, table(), alternatives=others)
    assert [other.category for other in found.alternatives] == ["4C", "4B"]
    assert [other.probability for other in found.alternatives] == [0.3, 0.2]
    assert [(other.morphology, other.distribution) for other in found.alternatives] == [
        (Morphology.FINE_LINEAR, Distribution.GROUPED),
        (Morphology.AMORPHOUS, Distribution.SEGMENTAL),
    ]


def test_a_likelihood_is_a_range_with_its_source() -> None:
    """The narrowest study that fits is named; where no study fits it is what the category stands for."""
    found = assess_group(amorphous(distribution=Distribution.LINEAR), table()).likelihood_range
    assert found is not None
    assert (found.low, found.high) == (0.115, 0.434)
    assert "8 of 32" in found.source
    outside = assess_group(round_group(**OUTSIDE_NEW), table()).likelihood_range
    assert outside is not None
    assert "6 of 16" in outside.source
    inside = assess_group(round_group(**INSIDE, change=ChangeKind.NEW), table()).likelihood_range
    assert inside is not None
    assert (inside.low, inside.high) == (0.002, 0.052)
    unknown = assess_group(amorphous(morphology=None), table()).likelihood_range
    assert unknown is not None
    assert unknown.source == "What category 4A stands for, BI-RADS 5th edition 2013"
    assert assess_group(amorphous(**PLACED_CANCER), table()).likelihood_range is None
    assert assess_group(Facts(count=0), table()).likelihood_range is None


LIMITS = {
    "2": (0, 0), "3": (0, 0.02), "4A": (0.02, 0.1), "4B": (0.1, 0.5), "4C": (0.5, 0.95), "5": (0.95, 1),
}  # fmt: skip


@pytest.mark.parametrize("change", [None, *ChangeKind])
@pytest.mark.parametrize("in_bed", [None, *SurgicalBedPosition])
def test_no_range_contradicts_its_category(
    change: ChangeKind | None, in_bed: SurgicalBedPosition | None
) -> None:
    """Every shape in every distribution, changed, treated, in the bed or not, has a range that fits."""
    for shape, layout, treated in product(
        (*RANKED_MORPHOLOGIES, None), (*RANKED_DISTRIBUTIONS, None), (True, False, None)
    ):
        facts = worked_up(
            morphology=shape, distribution=layout, treated=treated, change=change, in_bed=in_bed, count=7
        )
        found = assess_group(facts, table())
        low, high = LIMITS[found.floor]
        assert found.likelihood_range is not None
        assert found.likelihood_range.low <= high, facts
        assert found.likelihood_range.high >= low, facts


@pytest.mark.parametrize("name", CLASSIC)
def test_what_was_raised_has_no_range_of_the_harmless(name: str) -> None:
    """A typically benign kind beside a mass is no longer told as 0 of 97."""
    found = assess_group(worked_up(**CLASSIC[name] | {"companion": True}), table())
    assert found.floor == "4B"
    assert found.likelihood_range is not None
    assert found.likelihood_range.low > 0.037


def test_nothing_marked_is_no_category() -> None:
    """Nothing marked is 0 and never 1: most was not looked for, and a symptom raises what would follow."""
    for context in (None, *ExamContext):
        found = assess_group(Facts(count=0, exam_context=context), table())
        assert (found.suggested_category, found.if_confirmed) == (Category.INCOMPLETE, None)
        assert "not a normal mammogram" in found.reasons[0]
        assert "masses, distortions and asymmetries were not looked for" in found.reasons[0]
    symptom = assess_group(Facts(count=0, symptom=True), table())
    assert (symptom.suggested_category, symptom.if_confirmed, symptom.rule_ids[0]) == ("0", "4A", "M2")


def test_what_decides_leads() -> None:
    """The first reason is of the rule that makes the category; what only adds a remark comes last."""
    for facts, first, last in (
        (amorphous(**PLACED_CANCER), "X-KNOWN", "M-AMO-GRP"),
        (round_group(**OUTSIDE_NEW), "L4", "M-RND-GRP"),
        (round_group(**FULL_WORKUP, high_risk=True), "T2", "T2-NOTE"),
        (worked_up(**HEALED), "B7", "X-TREATED"),
    ):
        found = assess_group(facts, table())
        assert (found.rule_ids[0], found.rule_ids[-1]) == (first, last)
        assert found.reasons[0].startswith(table().rule(first).reason)


def test_it_is_told_what_a_suggestion_rests_on() -> None:
    """The costs are named where they decided; facts alone and a person's word are told apart from them."""
    weighed = assess_group(judged(GroupKind.VASCULAR), table())
    assert (weighed.judged_by, weighed.cost_ratio) == (JudgedBy.SUSPICION, table().cost_ratio)
    given = assess_group(amorphous(), table())
    assert (given.judged_by, given.cost_ratio) == (JudgedBy.RULES, None)
    theirs = assess_group(amorphous(), table(), judged_by=JudgedBy.PERSON)
    assert (theirs.judged_by, theirs.cost_ratio) == (JudgedBy.PERSON, None)


@pytest.mark.parametrize("kind", GroupKind)
@pytest.mark.parametrize("distribution", [*Distribution, None])
def test_what_the_costs_call_harmless_stays_below_4(
    kind: GroupKind, distribution: Distribution | None
) -> None:
    """Without cancer before and without a change every kind that is not suspicious is 2 or 3."""
    for shape in (*RANKED_MORPHOLOGIES, None):
        found = assess_group(judged(kind, morphology=shape, distribution=distribution), table())
        assert found.floor in (Category.BENIGN, Category.PROBABLY_BENIGN)
        raised = assess_group(
            judged(kind, morphology=shape, distribution=distribution, companion=True), table()
        )
        assert raised.floor == Category.MODERATE_SUSPICION


@pytest.mark.parametrize("shape", [*RANKED_MORPHOLOGIES, None])
@pytest.mark.parametrize("distribution", [*RANKED_DISTRIBUTIONS[1:], None])
def test_what_the_costs_call_suspicious_is_4a_at_least(
    shape: Morphology | None, distribution: Distribution | None
) -> None:
    """Whatever its shape; and where it is likelier not suspicious, no 4C and no 5 of a suspicious shape."""
    sure = assess_group(amorphous(morphology=shape, distribution=distribution, suspicious=True), table())
    assert RANKED_CATEGORIES.index(sure.floor) >= RANKED_CATEGORIES.index(Category.LOW_SUSPICION)
    if shape in SUSPECT:
        doubted = amorphous(morphology=shape, distribution=distribution, suspicious=True, doubtful=True)
        found = assess_group(doubted, table())
        assert found.floor in (Category.LOW_SUSPICION, Category.MODERATE_SUSPICION)


def test_the_order_of_rules_does_not_matter() -> None:
    """A table with its rules in reverse gives the same category for every row of the tests."""
    reverse = replace(table(), rules=table().rules[::-1])
    for _, facts, category in (*BASE_ROWS, *RAISED):
        assert assess_group(facts, reverse).floor == category
