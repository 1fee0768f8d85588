"""Cases that a radiologist would tell in a sentence, as facts, and the categories that are right for each."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from calcwatch.domain.context import BreastContext, ClinicalContext, ExamContext
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Category, Morphology
from calcwatch.exam.assess import assess_group
from calcwatch.exam.facts import FACT_KINDS, Facts
from calcwatch.exam.read import analyze_exam
from calcwatch.exam.rule_table import RuleTable
from calcwatch.models.learned import suspicion_model
from calcwatch.service.files.rules import read_rules
from tests.exam.test_read import image
from tests.paths import ROOT

CASES = json.loads((ROOT / "tests" / "acceptance" / "vignettes.json").read_text(encoding="utf-8"))


@cache
def table() -> RuleTable:
    """The shipped table."""
    return read_rules()


def facts_of(written: dict[str, Any]) -> Facts:
    """Facts of their words."""
    return Facts(**{name: FACT_KINDS[name](value) for name, value in written.items()})


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_vignette_is_judged_as_a_radiologist_would(case: dict[str, Any]) -> None:
    """The suggestion is among those that are right, is never 1, and its range does not contradict it."""
    found = assess_group(facts_of(case["facts"]), table())
    assert found.suggested_category in case["expected"], found.rule_ids
    assert found.suggested_category is not Category.NEGATIVE
    if found.likelihood_range is not None:
        limits = table().limits[found.floor]
        assert found.likelihood_range.low <= limits.high
        assert found.likelihood_range.high >= limits.low


SIDE = Laterality.LEFT
EMPTY = image(SIDE, ViewPosition.CC), image(SIDE, ViewPosition.MLO)
SPECK = image(SIDE, ViewPosition.CC, single=Morphology.ROUND), image(SIDE, ViewPosition.MLO)


@pytest.mark.parametrize("images", [EMPTY, SPECK], ids=["nothing marked", "a single speck"])
@pytest.mark.parametrize("context", [None, *ExamContext])
def test_no_breast_is_given_a_category(images: Any, context: ExamContext | None) -> None:
    """A breast says what was found and what was not looked for; a harmless single suggests nothing."""
    exam = analyze_exam(
        images, table=table(), suspicion=suspicion_model(), context=ClinicalContext(exam_context=context)
    )
    (breast,) = exam.breasts
    assert not hasattr(breast, "assessment")
    assert breast.singles == ()
    assert "Masses, distortions and asymmetries were not looked for" in breast.not_looked_for
    assert breast.found


def test_a_symptom_is_urgent_even_where_nothing_is_marked() -> None:
    """A lump that can be felt: the breast says how soon somebody must look, though its list is empty."""
    context = ClinicalContext(age=39, high_risk=True, left=BreastContext(symptom=True))
    exam = analyze_exam(EMPTY, table=table(), suspicion=suspicion_model(), context=context)
    (breast,) = exam.breasts
    assert "within two weeks" in breast.notes[0]
    assert any("High risk" in note for note in breast.notes)
    exam = analyze_exam(SPECK, table=table(), suspicion=suspicion_model(), context=context)
    (breast,) = exam.breasts
    assert "within two weeks" in breast.notes[0]
    assert breast.singles == ()  # a lump is no reason to point at every speck
