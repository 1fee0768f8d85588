"""What must hold for any facts: nothing lowers, and what is not known never reassures."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcwatch.domain.change import ChangeKind
from calcwatch.domain.context import BiopsyResult, RadiationKind, ScarFinding, Sex
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category
from calcwatch.exam.assess import assess_group
from calcwatch.exam.facts import FACT_KINDS, Facts
from calcwatch.exam.rule_table import RuleTable
from calcwatch.service.files.rules import read_rules

SET_BY_RULES = {"classic", "probably_benign", "above_benign"}
NUMBERS: dict[str, list[Any]] = {
    "count": [1, 3, 4, 5, 12],
    "median_mm": [0.3, 0.7, 1.0, 1.5],
    "largest_mm": [0.3, 0.7, 1.5, 4.0],
    "width_mm": [0.2, 0.8],
    "extent_mm": [3.0, 30.0],
    "age": [25, 45, 60],
    "months_since_treatment": [6, 36, 60],
    "stable_months": [6, 24, 60],
}
SIZES = ("median_mm", "largest_mm", "width_mm", "extent_mm", "borderline_size")


def values_of(name: str) -> list[Any]:
    """All values a fact may have when it is known; of numbers, some on each side of every limit."""
    kind = FACT_KINDS[name]
    if name in NUMBERS:
        return NUMBERS[name]
    return list(kind) if issubclass(kind, StrEnum) else [True, False]


FACTS = {name: values_of(name) for name in FACT_KINDS if name not in SET_BY_RULES}

scattered = st.builds(Facts, **{name: st.none() | st.sampled_from(values) for name, values in FACTS.items()})

RAISING: list[dict[str, Any]] = [
    {"change": ChangeKind.NEW},
    {"change": ChangeKind.INCREASED_IN_NUMBER},
    {"change": ChangeKind.INCREASED_IN_SIZE},
    {"change": ChangeKind.SHAPE_CHANGED},
    {"companion": True},
    {"symptom": True},
    {"original_calcified": True},
    {"high_risk": True},
    {"personal_history": True},
    {"priors_available": True},
    {"ultrasound_scar": ScarFinding.CHANGED},
    {"biopsy": BiopsyResult.BENIGN_DISCORDANT},
    {"biopsy": BiopsyResult.MALIGNANT},
    {"first_after_surgery": True, "original_malignant": True},
    {"borderline_size": True},
    {"neoadjuvant": True},
    {"age": 25},
    {"sex": Sex.MALE},
    {"suspicious": True},
    {"radiation": RadiationKind.INTRAOPERATIVE},
    {"known_cancer": True},
]


@cache
def table() -> RuleTable:
    """The shipped table."""
    return read_rules()


@st.composite
def near_rules(draw: st.DrawFn) -> Facts:
    """Facts that make one to three rules of the table fire, or all but fire, and little else known."""
    facts = draw(st.just(Facts()) | scattered)
    for rule in draw(st.lists(st.sampled_from(table().rules), min_size=1, max_size=3)):
        for condition in rule.when:
            fitting = [
                value
                for value in FACTS.get(condition.fact, [])
                if condition.holds(replace(Facts(), **{condition.fact: value}))
            ]
            if fitting:
                facts = replace(facts, **{condition.fact: draw(st.sampled_from(fitting))})
    return facts


any_facts = scattered | near_rules()


def rank(facts: Facts) -> int:
    """Place of the floor on the ladder."""
    return RANKED_CATEGORIES.index(assess_group(facts, table()).floor)


@settings(max_examples=200, deadline=None)
@given(facts=any_facts, raising=st.sampled_from(RAISING))
def test_raising_input_never_lowers(facts: Facts, raising: dict[str, Any]) -> None:
    """Adding anything that speaks for suspicion never lowers the floor."""
    without = replace(facts, **dict.fromkeys(raising))
    assert rank(replace(without, **raising)) >= rank(without)


@settings(max_examples=200, deadline=None)
@given(facts=any_facts, name=st.sampled_from(sorted(FACTS)))
def test_what_is_not_known_never_reassures(facts: Facts, name: str) -> None:
    """A fact that is not known gives no lower a floor than its most reassuring value."""
    lowest = min(rank(replace(facts, **{name: value})) for value in FACTS[name])
    assert rank(replace(facts, **{name: None})) >= lowest


@settings(max_examples=100, deadline=None)
@given(facts=any_facts)
def test_without_sizes_nothing_is_lower(facts: Facts) -> None:
    """Unknown spacing blocks every rule of size: the floor is never lower than with any sizes."""
    assert rank(replace(facts, **dict.fromkeys(SIZES))) >= rank(facts)


@settings(max_examples=100, deadline=None)
@given(facts=any_facts)
def test_no_modifier_and_no_context_lowers(facts: Facts) -> None:
    """The floor is never below what shape and distribution or a typically benign kind give."""
    found = assess_group(facts, table())
    base = [table().rule(name).category for name in found.rule_ids]
    assert all(
        RANKED_CATEGORIES.index(found.floor) >= RANKED_CATEGORIES.index(least) for least in base if least
    )


@settings(max_examples=100, deadline=None)
@given(facts=any_facts, order=st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(facts: Facts, order: Any) -> None:
    """A shuffled table suggests the same category with the same rules."""
    rules = list(table().rules)
    order.shuffle(rules)
    first, second = assess_group(facts, table()), assess_group(facts, replace(table(), rules=tuple(rules)))
    assert (first.suggested_category, first.floor) == (second.suggested_category, second.floor)
    assert set(first.rule_ids) == set(second.rule_ids)
    assert set(first.missing) == set(second.missing)


@settings(max_examples=100, deadline=None)
@given(facts=any_facts)
def test_a_suggestion_keeps_its_promises(facts: Facts) -> None:
    """0 comes with the category if confirmed, 3 only after full workup, 5 only from lines in a duct."""
    found = assess_group(facts, table())
    assert found.needs_human
    is_incomplete = found.suggested_category is Category.INCOMPLETE
    assert (found.if_confirmed is not None) == (is_incomplete and found.floor is not Category.NEGATIVE)
    assert found.suggested_category is not Category.NEGATIVE
    assert found.suggested_category in (found.floor, Category.INCOMPLETE, Category.KNOWN_MALIGNANCY)
    assert len(found.reasons) == len(found.rule_ids) > 0
    if found.floor is Category.HIGHLY_SUGGESTIVE:
        assert {"M-FIN-LIN", "M-FIN-SEG"} & set(found.rule_ids)
    if found.floor is Category.PROBABLY_BENIGN:
        assert not facts.personal_history
        assert not facts.treated
        assert not facts.high_risk
        assert facts.sex is not Sex.MALE
    if found.suggested_category is Category.PROBABLY_BENIGN:
        assert facts.magnification_done or facts.suspicious is False


@settings(max_examples=200, deadline=None)
@given(facts=any_facts)
def test_a_range_never_contradicts_its_category(facts: Facts) -> None:
    """Whatever is known, the range that stands beside a category overlaps what the category stands for."""
    found = assess_group(facts, table())
    if found.likelihood_range is not None:
        limits = table().limits[found.floor]
        assert found.likelihood_range.low <= limits.high
        assert found.likelihood_range.high >= limits.low


@pytest.mark.parametrize("name", sorted(FACTS))
def test_from_nothing_known_each_fact_unknown_is_safe(name: str) -> None:
    """The same holds with nothing else known, for every single fact."""
    assert rank(Facts()) >= min(rank(Facts(**{name: value})) for value in FACTS[name])
