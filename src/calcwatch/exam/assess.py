"""Rules -> suggested category, reasons, what is missing, and what else it could be.

The order is that of a careful reader: typically benign in every respect? If not, what its probability of
being suspicious weighs against the costs of both mistakes, or shape and distribution; then what raises; then
what the examination allows to say. No rule lowers a category, and a radiologist decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calcwatch.domain.assessment import Alternative, Assessment, JudgedBy
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category
from calcwatch.exam.rule_table import STEPS_STOP_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.assessment import LikelihoodRange
    from calcwatch.exam.facts import Facts
    from calcwatch.exam.rule_table import Rule, RuleTable

_LEAST_RAISED = Category.LOW_SUSPICION  # no step ends on 3: what has been raised is not "probably benign"


def assess_group(
    facts: Facts,
    table: RuleTable,
    *,
    alternatives: Sequence[tuple[Facts, float]] = (),
    judged_by: JudgedBy | None = None,
) -> Assessment:
    """Suggest a category for one finding: a group, or a single calcification.

    Args:
        facts: What is known of it.
        table: The rules.
        alternatives: What the facts would be for other descriptions that the picture allows, each with its
            probability, the likeliest first; each comes back with the category that it would give.
        judged_by: What the facts rest on; ``None``: its probability of being suspicious where that was
            weighed, else the facts alone.

    Returns:
        The suggestion; ``missing`` names facts, and ``table.questions`` says how to ask for them. Where
        nothing is marked (``count`` 0) it is 0: most of what makes a category was not looked for.
    """
    facts, fired = _fire(facts, table)
    floor = RANKED_CATEGORIES[_floor(fired)]
    suggested = _shown(fired, floor)
    if judged_by is None:
        judged_by = JudgedBy.RULES if facts.suspicious is None else JudgedBy.SUSPICION
    told = sorted(fired, key=lambda rule: _told_at(rule, floor))
    return Assessment(
        suggested_category=suggested,
        floor=floor,
        rule_ids=tuple(rule.id for rule in told),
        reasons=tuple(f"{rule.reason} {rule.incomplete}".strip() for rule in told),
        # "1 if confirmed" would call a breast normal in which masses were not looked for
        if_confirmed=floor if suggested is Category.INCOMPLETE and floor is not Category.NEGATIVE else None,
        likelihood_range=_likelihood(facts, suggested, floor, table),
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
        morphology=facts.morphology,
        distribution=facts.distribution,
        judged_by=judged_by,
        cost_ratio=table.cost_ratio if judged_by is JudgedBy.SUSPICION else None,
    )


def _fire(facts: Facts, table: RuleTable) -> tuple[Facts, tuple[Rule, ...]]:
    """The rules that fire, in the order of the sections, and the facts with what the rules made known."""
    # typically benign kinds first: shape and distribution count only where none holds
    classic = _fired(table.of("classic"), facts)
    base = classic or _standing("judged", facts, table) or _standing("base", facts, table)
    facts = replace(
        facts, classic=bool(classic), probably_benign=_floor(base) == _rank(Category.PROBABLY_BENIGN)
    )
    fired = (*base, *_fired(table.of("modifier"), facts))
    # what raises may depend on the kind, what an examination allows on the category reached by then
    facts = replace(facts, above_benign=_floor(fired) > RANKED_CATEGORIES.index(Category.BENIGN))
    return facts, (*fired, *_fired(table.of("context"), facts))


def _fired(rules: Sequence[Rule], facts: Facts) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.fires(facts))


def _standing(section: str, facts: Facts, table: RuleTable) -> tuple[Rule, ...]:
    """Rules of a section that fire, without those that others stand in for."""
    fired = _fired(table.of(section), facts)
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


def _told_at(rule: Rule, floor: Category) -> int:
    """Where a rule stands among the reasons: what decides first, what only adds a remark last."""
    if rule.show:
        return 0
    if floor in (rule.category, rule.at_least) or rule.steps_up:
        return 1
    if rule.incomplete or rule.at_least:
        return 2
    # a base that something else has raised above is no reason for what is suggested
    return 3 if rule.category else 4


def _shown(fired: Sequence[Rule], floor: Category) -> Category:
    """A proven cancer stays 6; else 0 where something must be done first; else the category itself."""
    # a proven cancer stays 6 whatever else is incomplete
    if any(rule.show for rule in fired):
        return Category.KNOWN_MALIGNANCY
    return Category.INCOMPLETE if any(rule.incomplete for rule in fired) else floor


def _missing(facts: Facts, table: RuleTable) -> tuple[str, ...]:
    """Facts wanted by rules that they could still make fire; of the base only where nothing is classic."""
    # once typically benign, an answer to a question of the base would change nothing
    settled = _settled(facts, table)
    open_rules = [rule for rule in table.rules if rule.section not in settled]
    return tuple(dict.fromkeys(name for rule in open_rules for name in rule.lacks(facts)))


def _settled(facts: Facts, table: RuleTable) -> tuple[str, ...]:
    """Sections of which an answer would change nothing."""
    if facts.classic:
        return ("classic", "judged", "base")
    # what was weighed is not asked once more by shape and distribution
    return ("classic", "base") if _standing("judged", facts, table) else ()


def _likelihood(
    facts: Facts, suggested: Category, floor: Category, table: RuleTable
) -> LikelihoodRange | None:
    """The first range of studies that does not contradict the category, else that of the category."""
    if suggested is Category.KNOWN_MALIGNANCY or floor is Category.NEGATIVE:
        return None
    limits = table.limits[floor]
    for likelihood in table.likelihoods:
        found = likelihood.found
        # not known is None and holds as little as False
        if all(condition.holds(facts) for condition in likelihood.when) and (
            found.low <= limits.high and limits.low <= found.high
        ):
            return found
    return limits
