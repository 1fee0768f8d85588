"""Eleven cases as a radiologist would tell them, and what may and may not be suggested."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from calcwatch.domain.assessment import Assessment
from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult, ExamContext, ScarFinding
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category, Distribution, Morphology
from calcwatch.exam.assess import assess_group
from calcwatch.exam.facts import Facts
from calcwatch.exam.rule_table import RuleTable
from calcwatch.service.files.rules import read_rules


@cache
def table() -> RuleTable:
    """The shipped table."""
    return read_rules()


def assess(facts: Facts) -> Assessment:
    """What the shipped table suggests."""
    return assess_group(facts, table())


def at_least(found: Assessment, category: Category) -> bool:
    """Whether the floor is that category or a higher one."""
    return RANKED_CATEGORIES.index(found.floor) >= RANKED_CATEGORIES.index(category)


WORKED_UP = Facts(exam_context=ExamContext.DIAGNOSTIC, magnification_done=True)
TREATED = replace(WORKED_UP, treated=True, personal_history=True)


def test_new_after_lumpectomy_shape_unknown() -> None:
    """64 years, new, 18 months after lumpectomy, shape unknown: 0 and magnify, never 3."""
    case = replace(
        TREATED,
        age=64,
        change=ChangeKind.NEW,
        months_since_treatment=18,
        count=6,
        magnification_done=None,
    )
    found = assess(case)
    assert found.suggested_category == Category.INCOMPLETE
    assert found.if_confirmed not in (Category.BENIGN, Category.PROBABLY_BENIGN)
    assert any("Magnify" in reason for reason in found.reasons)
    assert "in_bed" in found.missing
    biopsied = assess(replace(case, biopsy=BiopsyResult.BENIGN_CONCORDANT))
    assert "D1" in biopsied.rule_ids
    assert biopsied.floor == found.floor


def test_linear_after_radiation() -> None:
    """51 years, linear, 2 years after radiation: at least 4C."""
    case = replace(
        TREATED,
        age=51,
        months_since_treatment=24,
        morphology=Morphology.FINE_LINEAR,
        distribution=Distribution.LINEAR,
        count=7,
        change=ChangeKind.NEW,
    )
    assert at_least(assess(case), Category.HIGH_SUSPICION)


def test_grouped_on_screening_then_diagnostic() -> None:
    """57 years, grouped: 0 on screening, at least 4A once worked up; a concordant benign biopsy is a note."""
    case = replace(WORKED_UP, age=57, distribution=Distribution.GROUPED, count=9)
    for shape in (None, Morphology.ROUND, Morphology.AMORPHOUS):
        screening = assess(replace(case, morphology=shape, exam_context=ExamContext.SCREENING))
        assert screening.suggested_category == Category.INCOMPLETE
        assert at_least(assess(replace(case, morphology=shape)), Category.LOW_SUSPICION)
    assert "D1" in assess(replace(case, biopsy=BiopsyResult.BENIGN_CONCORDANT)).rule_ids


def test_scattered_in_both_breasts() -> None:
    """47 years, scattered in both breasts: 2 and confirm when round, the base for a suspicious shape."""
    case = Facts(
        age=47,
        distribution=Distribution.DIFFUSE,
        bilateral=True,
        count=40,
        exam_context=ExamContext.SCREENING,
        morphology=Morphology.ROUND,
    )
    found = assess(case)
    assert found.suggested_category == Category.BENIGN
    assert "X-CONFIRM" in found.rule_ids
    assert at_least(
        assess(replace(case, morphology=Morphology.FINE_PLEOMORPHIC)), Category.MODERATE_SUSPICION
    )


def test_left_after_an_excision() -> None:
    """Specks left after an excision: nothing can be planned without pathology; T3 if it was cancer."""
    case = replace(
        WORKED_UP,
        first_after_surgery=True,
        morphology=Morphology.AMORPHOUS,
        distribution=Distribution.GROUPED,
        count=5,
    )
    found = assess(case)
    assert (found.suggested_category, "original_malignant" in found.missing) == (Category.INCOMPLETE, True)
    malignant = assess(replace(case, original_malignant=True))
    assert "T3" in malignant.rule_ids
    assert at_least(malignant, Category.HIGH_SUSPICION)


def test_a_scar_that_shrinks_and_then_changes() -> None:
    """A scar of 12, 15, then 10 mm with an angle and vessels: U1, at least 4B although it shrank."""
    case = replace(
        WORKED_UP,
        ultrasound_scar=ScarFinding.CHANGED,
        change=ChangeKind.DECREASED,
        morphology=Morphology.ROUND,
        distribution=Distribution.DIFFUSE,
    )
    found = assess(case)
    assert {"U1", "C6"} <= set(found.rule_ids)
    assert at_least(found, Category.MODERATE_SUSPICION)


def test_deodorant_in_one_view() -> None:
    """A streak in one view with a product on the skin: wipe and repeat; 2 once it is gone."""
    case = Facts(both_views=False, products=True, distribution=Distribution.GROUPED, count=12)
    found = assess(case)
    assert found.suggested_category == Category.INCOMPLETE
    assert any("Wipe the skin" in reason for reason in found.reasons)
    assert assess(replace(case, gone_after_wiping=True)).suggested_category == Category.BENIGN


DYSTROPHIC = replace(
    TREATED,
    morphology=Morphology.DYSTROPHIC,
    distribution=Distribution.GROUPED,
    count=4,
    median_mm=1.5,
    irregular_shape=True,
    smooth_edge=True,
    in_bed=SurgicalBedPosition.INSIDE,
    months_since_treatment=36,
)


def test_dystrophic_in_the_bed() -> None:
    """Dystrophic, 1.5 mm, in the bed, 3 years after radiation: 2, and a person confirms."""
    found = assess(DYSTROPHIC)
    assert found.suggested_category == Category.BENIGN
    assert {"B7", "L1", "X-CONFIRM", "X-TREATED"} <= set(found.rule_ids)


def test_the_same_look_in_another_quadrant() -> None:
    """The same look, new, in another quadrant: L4 and L7, at least 4B and never 2."""
    found = assess(replace(DYSTROPHIC, in_bed=SurgicalBedPosition.OUTSIDE, change=ChangeKind.NEW))
    assert {"L4", "L7"} <= set(found.rule_ids)
    assert at_least(found, Category.MODERATE_SUSPICION)
    unknown = assess(replace(DYSTROPHIC, in_bed=None, change=ChangeKind.NEW))
    assert unknown.floor == found.floor


def test_coarse_irregular_in_the_bed() -> None:
    """0.7 mm and irregular in the bed after 20 months: coarse heterogeneous 4B with the note L2."""
    case = replace(
        DYSTROPHIC, morphology=Morphology.COARSE_HETEROGENEOUS, median_mm=0.7, months_since_treatment=20
    )
    found = assess(case)
    assert (found.suggested_category, found.floor) == (Category.MODERATE_SUSPICION,) * 2
    assert "L2" in found.rule_ids
    small = assess(replace(case, morphology=Morphology.DYSTROPHIC))
    assert small.floor == Category.MODERATE_SUSPICION


def test_stable_amorphous_group() -> None:
    """A hazy group, stable for five years: C5 says that this clears nothing, it stays 4B."""
    case = replace(
        WORKED_UP,
        morphology=Morphology.AMORPHOUS,
        distribution=Distribution.GROUPED,
        change=ChangeKind.NO_SIGNIFICANT_CHANGE,
        stable_months=60,
    )
    found = assess(case)
    assert ("C5" in found.rule_ids, found.suggested_category) == (True, Category.MODERATE_SUSPICION)
