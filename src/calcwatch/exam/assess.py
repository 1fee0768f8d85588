"""Rules -> suggested category, reasons, what is missing, and what else it could be.

The order is that of a careful reader: typically benign in every respect? If not, shape and distribution; then
what raises; then what the examination allows to say. No rule lowers a category, and a radiologist decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calcwatch.domain.assessment import Alternative, Assessment
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category
from calcwatch.exam.rule_table import STEPS_STOP_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.assessment import LikelihoodRange
    from calcwatch.exam.facts import Facts, OtherDescription
    from calcwatch.exam.rule_table import Rule, RuleTable

_LEAST_RAISED = RANKED_CATEGORIES.index(Category.LOW_SUSPICION)
_STOP = RANKED_CATEGORIES.index(STEPS_STOP_AT)


@dataclass(frozen=True)
class _Verdict:
    """What the rules made of facts: which fired, the place on the ladder, which facts were wanted."""

    facts: Facts
    fired: tuple[Rule, ...]
    rank: int
    missing: tuple[str, ...]


def assess_group(
    facts: Facts, table: RuleTable, *, alternatives: Sequence[OtherDescription] = ()
) -> Assessment:
    """Suggest a category for one finding: a group, a single calcification, or a breast with nothing marked.

    ``alternatives``: other descriptions that the picture allows; each comes back with the category on the
    ladder that it would give. ``missing``: names of facts; ``table.questions`` says how to ask for them.
    """
    verdict = _judge(facts, table)
    floor = RANKED_CATEGORIES[verdict.rank]
    suggested = _shown(verdict.fired, floor)
    return Assessment(
        suggested_category=suggested,
        floor=floor,
        rule_ids=tuple(rule.id for rule in verdict.fired),
        reasons=tuple(f"{rule.reason} {rule.incomplete}".strip() for rule in verdict.fired),
        if_confirmed=floor if suggested is Category.INCOMPLETE else None,
        likelihood_range=_likelihood(verdict.facts, table),
        missing=verdict.missing,
        alternatives=tuple(_alternative(facts, other, table) for other in alternatives),
        rule_table_version=table.version,
        lexicon=table.lexicon,
    )


def assess_breast(assessments: Sequence[Assessment], facts: Facts, table: RuleTable) -> Assessment:
    """The worst of what was found in a breast, its groups and single calcifications; ties: incomplete first.

    ``facts``: of a breast with nothing marked, which is assessed where there are no findings. What is missing
    for any of the findings is missing for the breast.
    """
    if not assessments:
        return assess_group(replace(facts, count=0), table)
    worst = max(assessments, key=_concern)
    missing = tuple(dict.fromkeys(name for one in (worst, *assessments) for name in one.missing))
    return replace(worst, missing=missing)


def _concern(assessment: Assessment) -> tuple[int, bool]:
    return RANKED_CATEGORIES.index(assessment.floor), assessment.suggested_category is Category.INCOMPLETE


def _judge(facts: Facts, table: RuleTable) -> _Verdict:
    classic = _fired(table.of("classic"), facts)
    facts = replace(facts, classic=bool(classic))
    first = classic or _base(table, facts)
    raising = _fired(table.of("modifier"), facts)
    rank = _raised(max(_rank(rule.category) for rule in first), raising)
    facts = replace(facts, above_benign=rank > RANKED_CATEGORIES.index(Category.BENIGN))
    fired = (*first, *raising, *_fired(table.of("context"), facts))
    return _Verdict(facts, fired, rank, _missing(table, facts))


def _fired(rules: Sequence[Rule], facts: Facts) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.fires(facts))


def _base(table: RuleTable, facts: Facts) -> tuple[Rule, ...]:
    """Rules of shape and distribution that fire, without those that others stand in for."""
    fired = _fired(table.of("base"), facts)
    replaced = {name for rule in fired for name in rule.instead_of}
    return tuple(rule for rule in fired if rule.id not in replaced)


def _raised(rank: int, rules: Sequence[Rule]) -> int:
    """Steps first, from the base, up to 4C; then the highest floor. No step ends on 3, which reassures."""
    steps = sum(rule.steps_up for rule in rules)
    if steps and rank < _STOP:
        rank = min(max(rank + steps, _LEAST_RAISED), _STOP)
    return max([rank, *(_rank(rule.at_least) for rule in rules)])


def _rank(category: Category | None) -> int:
    return RANKED_CATEGORIES.index(category) if category else 0


def _shown(fired: Sequence[Rule], floor: Category) -> Category:
    """Known cancer stays 6; else 0 where something must be done first; else the category itself."""
    if any(rule.show for rule in fired):
        return Category.KNOWN_MALIGNANCY
    return Category.INCOMPLETE if any(rule.incomplete for rule in fired) else floor


def _missing(table: RuleTable, facts: Facts) -> tuple[str, ...]:
    """Facts wanted by rules that they could still make fire; of the base only where nothing is classic."""
    asked = [rule for rule in table.rules if not (facts.classic and rule.section in ("classic", "base"))]
    return tuple(dict.fromkeys(name for rule in asked for name in rule.lacks(facts)))


def _likelihood(facts: Facts, table: RuleTable) -> LikelihoodRange | None:
    fitting = (one.found for one in table.likelihoods if all(c.holds(facts) for c in one.when))
    return next(fitting, None)


def _alternative(facts: Facts, other: OtherDescription, table: RuleTable) -> Alternative:
    imagined = replace(facts, morphology=other.morphology, distribution=other.distribution)
    category = RANKED_CATEGORIES[_judge(imagined, table).rank]
    return Alternative(other.morphology, other.distribution, other.probability, category)
