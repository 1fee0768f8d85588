"""The shipped rules, one line a row, cell and modifier; what the engine makes of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult, ExamContext, ScarFinding
from calcwatch.domain.lexicon import RANKED_DISTRIBUTIONS, Category, Distribution, Morphology
from calcwatch.exam.assess import assess_breast, assess_group
from calcwatch.exam.facts import Facts
from calcwatch.exam.rule_table import RuleTable
from calcwatch.service.files.rules import read_rules

CLASSIC: dict[str, dict[str, Any]] = {
    "B1": {"morphology": Morphology.VASCULAR, "tubular": True, "follows_vessel": True, "both_views": True},
    "B2": {"morphology": Morphology.SKIN, "lucent_center": True, "extent_mm": 4.0, "proven_in_skin": True},
    "B3": {
        "morphology": Morphology.MILK_OF_CALCIUM,
        "changes_with_projection": True,
        "all_members_change": True,
    },
    "B4": {"morphology": Morphology.POPCORN, "largest_mm": 4.0, "inside_smooth_mass": True},
    "B4-STABLE": {
        "morphology": Morphology.POPCORN,
        "largest_mm": 4.0,
        "change": ChangeKind.NO_SIGNIFICANT_CHANGE,
        "stable_months": 24,
    },
    "B5": {
        "morphology": Morphology.ROD,
        "width_mm": 0.7,
        "smooth_edge": True,
        "bilateral": True,
        "toward_nipple": True,
    },
    "B6": {
        "morphology": Morphology.RIM,
        "thin_rim": True,
        "smooth_edge": True,
        "lucent_center": True,
        "distribution": Distribution.REGIONAL,
    },
    "B7": {
        "morphology": Morphology.DYSTROPHIC,
        "median_mm": 1.5,
        "irregular_shape": True,
        "smooth_edge": True,
        "treated": True,
        "in_bed": SurgicalBedPosition.INSIDE,
    },
    "B8": {"morphology": Morphology.SUTURE, "knot": True, "on_surgical_line": True},
    "B10": {"both_views": False, "products": True, "gone_after_wiping": True},
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
    (
        "M-RND-GRP",
        round_group(change=ChangeKind.NO_SIGNIFICANT_CHANGE, stable_months=23, priors_available=True),
        "4A",
    ),
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
OUTSIDE_NEW = {"treated": True, "in_bed": SurgicalBedPosition.OUTSIDE, "change": ChangeKind.NEW}
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
    ("L7", worked_up(**OUTSIDE_NEW, **CLASSIC["B1"]), "4A"),
    ("L7-REDUCTION", worked_up(reduction=True, change=ChangeKind.NEW, **CLASSIC["B1"]), "4A"),
    ("T1", amorphous(treated=True, original_calcified=True), "4C"),
    ("T2", amorphous(high_risk=True), "4B"),
    ("T3", amorphous(first_after_surgery=True, original_malignant=True), "4C"),
    ("T3-PATHOLOGY", amorphous(first_after_surgery=True), "4B"),
    ("M1", round_group(companion=True), "4B"),
    ("M1", worked_up(companion=True, **CLASSIC["B1"]), "4B"),
    ("M2", worked_up(symptom=True, **CLASSIC["B1"]), "4A"),
    ("M2", Facts(count=0, symptom=True), "4A"),
    ("U1", round_group(ultrasound_scar=ScarFinding.CHANGED, change=ChangeKind.DECREASED), "4B"),
    ("U2", amorphous(ultrasound_scar=ScarFinding.FAT_NECROSIS), "4B"),
    ("Q-SIZE", amorphous(borderline_size=True), "4B"),
    ("Q-AGE", amorphous(age=29), "4B"),
    ("C2", amorphous(**PLEOMORPHIC_LINE, change=ChangeKind.INCREASED_IN_NUMBER, companion=True), "4C"),
    ("B1-VIEW", worked_up(morphology=Morphology.VASCULAR, distribution=Distribution.LINEAR), "4A"),
    ("B2-VIEW", worked_up(morphology=Morphology.SKIN, distribution=Distribution.GROUPED), "4A"),
    ("B3-VIEW", worked_up(morphology=Morphology.MILK_OF_CALCIUM, distribution=Distribution.GROUPED), "4B"),
    ("B10-WIPE", amorphous(both_views=False, products=True), "4B"),
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
    ("L4", worked_up(**OUTSIDE_NEW, **CLASSIC["B1"])),
    ("L7", round_group(**INSIDE, change=ChangeKind.NEW)),
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
        ("X-KNOWN", amorphous(exam_context=ExamContext.KNOWN_CANCER, known_cancer=True), "6", None),
        ("X-KNOWN", amorphous(exam_context=ExamContext.KNOWN_CANCER, morphology=None), "6", None),
        ("M-AMO-GRP", amorphous(exam_context=ExamContext.KNOWN_CANCER, known_cancer=False), "4B", None),
        ("T4", amorphous(neoadjuvant=True), "6", None),
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
    """The narrowest study that fits is named; where no study fits there is no range."""
    found = assess_group(amorphous(distribution=Distribution.LINEAR), table()).likelihood_range
    assert found is not None
    assert (found.low, found.high) == (0.115, 0.434)
    assert "8 of 32" in found.source
    outside = assess_group(round_group(**OUTSIDE_NEW), table()).likelihood_range
    assert outside is not None
    assert "6 of 16" in outside.source
    assert assess_group(amorphous(morphology=None), table()).likelihood_range is None


def test_a_breast_is_as_its_worst_finding() -> None:
    """The highest floor wins; of equal ones the incomplete; what any of them misses is missing."""
    single = assess_group(Facts(count=1, distribution=Distribution.SINGLE), table())
    seen = assess_group(amorphous(), table())
    unclear = assess_group(amorphous(magnification_done=None), table())
    breast = assess_breast([single, seen, unclear], Facts(), table())
    assert (breast.suggested_category, breast.floor) == ("0", "4B")
    assert set(breast.missing) >= {"magnification_done", *single.missing}
    assert assess_breast([single], Facts(), table()).suggested_category == Category.BENIGN


def test_nothing_marked_is_not_a_normal_mammogram() -> None:
    """A breast without marks is 1, and the reason says that no marks is no normal mammogram."""
    breast = assess_breast([], Facts(exam_context=ExamContext.SCREENING), table())
    assert breast.suggested_category == Category.NEGATIVE
    assert "not a normal mammogram" in breast.reasons[0]


def test_the_order_of_rules_does_not_matter() -> None:
    """A table with its rules in reverse gives the same category for every row of the tests."""
    reverse = replace(table(), rules=table().rules[::-1])
    for _, facts, category in (*BASE_ROWS, *RAISED):
        assert assess_group(facts, reverse).floor == category
