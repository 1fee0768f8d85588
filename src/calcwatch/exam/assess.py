"""Rules -> suggested category, reasons, what is missing, and what else it could be.

The order is that of a careful reader: typically benign in every respect? If not, shape and distribution; then
what raises; then what the examination allows to say. No rule lowers a category, and a radiologist decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calcwatch.domain.assessment import Alternative, Assessment
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category
from calcwatch.exam.rule_table import STEPS_STOP_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.assessment import LikelihoodRange
    from calcwatch.exam.facts import Facts
    from calcwatch.exam.rule_table import Rule, RuleTable

_LEAST_RAISED = Category.LOW_SUSPICION  # no step ends on 3: what has been raised is not "probably benign"


def assess_group(
    facts: Facts, table: RuleTable, *, alternatives: Sequence[tuple[Facts, float]] = ()
) -> Assessment:
    """Suggest a category for one finding: a group, a single calcification, or a breast with nothing marked.

    Args:
        facts: What is known of it.
        table: The rules.
        alternatives: What the facts would be for other descriptions that the picture allows, each with its
            probability, the likeliest first; each comes back with the category that it would give.

    Returns:
        The suggestion; ``missing`` names facts, and ``table.questions`` says how to ask for them.
    """
    facts, fired = _fire(facts, table)
    floor = RANKED_CATEGORIES[_floor(fired)]
    suggested = _shown(fired, floor)
    return Assessment(
        suggested_category=suggested,
        floor=floor,
        rule_ids=tuple(rule.id for rule in fired),
        reasons=tuple(f"{rule.reason} {rule.incomplete}".strip() for rule in fired),
        if_confirmed=floor if suggested is Category.INCOMPLETE else None,
        likelihood_range=_likelihood(facts, table),
        missing=_missing(facts, table),
        alternatives=tuple(
            Alternative(
                morphology=other.morphology,
                distribution=other.distribution,
                probability=probability,
                category=RANKED_CATEGORIES[_floor(_fire(other, table)[1])],
            )
            for other, probability in alternatives
        ),
        rule_table_version=table.version,
        lexicon=table.lexicon,
    )


def _fire(facts: Facts, table: RuleTable) -> tuple[Facts, tuple[Rule, ...]]:
    """The rules that fire, in the order of the sections, and the facts with what the rules made known."""
    # typically benign kinds first: shape and distribution count only where none holds
    classic = _fired(table.of("classic"), facts)
    facts = replace(facts, classic=bool(classic))
    fired = (*(classic or _base(facts, table)), *_fired(table.of("modifier"), facts))
    # what raises may depend on the kind, what an examination allows on the category reached by then
    facts = replace(facts, above_benign=_floor(fired) > RANKED_CATEGORIES.index(Category.BENIGN))
    return facts, (*fired, *_fired(table.of("context"), facts))


def _fired(rules: Sequence[Rule], facts: Facts) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.fires(facts))


def _base(facts: Facts, table: RuleTable) -> tuple[Rule, ...]:
    """Rules of shape and distribution that fire, without those that others stand in for."""
    fired = _fired(table.of("base"), facts)
    replaced = {name for rule in fired for name in rule.instead_of}
    return tuple(rule for rule in fired if rule.id not in replaced)


def _floor(fired: Sequence[Rule]) -> int:
    """Place on the ladder: the base, then steps up to 4C, then the highest "at least"."""
    # some base rule always fires: the table was checked to cover every description
    rank = max(_rank(rule.category) for rule in fired)
    steps, stop = sum(rule.steps_up for rule in fired), _rank(STEPS_STOP_AT)
    # a base of 5 is above the stop already, and a step must not take it down
    if steps and rank < stop:
        rank = min(max(rank + steps, _rank(_LEAST_RAISED)), stop)
    # after the steps, and the highest: so the order of rules makes no difference (decision 11)
    return max(rank, *(_rank(rule.at_least) for rule in fired))


def _rank(category: Category | None) -> int:
    return RANKED_CATEGORIES.index(category) if category else 0


def _shown(fired: Sequence[Rule], floor: Category) -> Category:
    """Known cancer stays 6; else 0 where something must be done first; else the category itself."""
    # a known cancer stays 6 whatever else is incomplete
    if any(rule.show for rule in fired):
        return Category.KNOWN_MALIGNANCY
    return Category.INCOMPLETE if any(rule.incomplete for rule in fired) else floor


def _missing(facts: Facts, table: RuleTable) -> tuple[str, ...]:
    """Facts wanted by rules that they could still make fire; of the base only where nothing is classic."""
    # once typically benign, an answer to a question of the base would change nothing
    open_rules = [rule for rule in table.rules if not (facts.classic and rule.section in ("classic", "base"))]
    return tuple(dict.fromkeys(name for rule in open_rules for name in rule.lacks(facts)))


def _likelihood(facts: Facts, table: RuleTable) -> LikelihoodRange | None:
    """The first range of studies whose conditions all hold."""
    for likelihood in table.likelihoods:
        # not known is None and holds as little as False
        if all(condition.holds(facts) for condition in likelihood.when):
            return likelihood.found
    return None
