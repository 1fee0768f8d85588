"""The rule table: rules as data, each with its conditions, effect, reason and source.

A table is written in TOML (docs/rules.md explains it to its readers). Here its words become rules, and a
table that is not sound is refused with the rule's id and the remedy.
"""

from __future__ import annotations

import operator
import re
import tomllib
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from itertools import product
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from calcwatch.domain.assessment import LikelihoodRange
from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category, Distribution, Morphology
from calcwatch.exam.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECTIONS = ("classic", "base", "modifier", "context")
"""Parts of a table, in the order they are applied; the last two see what the ones before found."""

STEPS_STOP_AT = Category.HIGH_SUSPICION
"""No step leads above this; category 5 comes from shape and distribution alone."""

_EFFECTS = {
    "classic": {"category", "incomplete"},
    "base": {"category", "instead_of", "incomplete"},
    "modifier": {"at_least", "steps_up", "incomplete"},
    "context": {"show", "incomplete"},
}
_WORDS = {"id", "when", "unless", "wants", "reason", "source"}
_UNKNOWN = "unknown"
_COMPARISON = re.compile(r"(\w+) *(<=|>=|<|>) *(-?[0-9]+(?:\.[0-9]+)?)")
_CHOICE = re.compile(r"(\w+) *= *([\w]+(?: *\| *[\w]+)*)")
_PLAIN = re.compile(r"(not +)?(\w+)")
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_KINDS: dict[str, type] = {
    name: next(kind for kind in get_args(hint) if kind is not NoneType)
    for name, hint in get_type_hints(Facts).items()
}


@dataclass(frozen=True)
class Condition:
    """One condition on one fact; ``text`` as it was written.

    ``choices``: values that hold; ``order`` and ``limit``: a comparison with a number, in place of choices.
    ``holds_unknown``: holds where the fact is not known.
    """

    text: str
    fact: str
    choices: frozenset[str | bool] = frozenset()
    order: str = ""
    limit: float = 0.0
    holds_unknown: bool = False

    def holds(self, facts: Facts) -> bool | None:
        """Whether it holds; ``None`` where the fact is not known."""
        value = getattr(facts, self.fact)
        if value is None:
            return True if self.holds_unknown else None
        if self.order:
            return bool(_ORDER[self.order](value, self.limit))
        return value in self.choices


@dataclass(frozen=True)
class Rule:
    """One row of the table: ``when`` all of its conditions hold, and none of ``unless``, it fires.

    A condition on a fact that is not known does not hold. ``wants``: facts worth asking for.
    Effects: ``category`` of the finding; ``instead_of``, ids of rules that do not count where this one fires;
    ``at_least`` and ``steps_up`` raise; ``incomplete`` says what must be done first; ``show`` a category
    beside the ladder. A rule without an effect is a note to the reader.
    """

    id: str
    section: str
    when: tuple[Condition, ...]
    reason: str
    source: str
    unless: tuple[Condition, ...] = ()
    wants: tuple[str, ...] = ()
    category: Category | None = None
    instead_of: tuple[str, ...] = ()
    at_least: Category | None = None
    steps_up: int = 0
    incomplete: str = ""
    show: Category | None = None

    def fires(self, facts: Facts) -> bool:
        """All conditions hold, and no exception."""
        return all(one.holds(facts) is True for one in self.when) and not any(
            one.holds(facts) for one in self.unless
        )

    def lacks(self, facts: Facts) -> tuple[str, ...]:
        """Facts it wants that are not known, where nothing else keeps it from firing."""
        answers = [(one.fact, one.holds(facts)) for one in self.when]
        open_to_it = all(holds or (holds is None and fact in self.wants) for fact, holds in answers)
        if not open_to_it or any(one.holds(facts) for one in self.unless):
            return ()
        return tuple(name for name in self.wants if getattr(facts, name) is None)


@dataclass(frozen=True)
class Likelihood:
    """What studies found for findings of which all conditions hold."""

    when: tuple[Condition, ...]
    found: LikelihoodRange


@dataclass(frozen=True)
class RuleTable:
    """A sound table. ``questions``: how to ask for a fact; ``likelihoods``: the first that fits counts."""

    version: str
    lexicon: str
    rules: tuple[Rule, ...]
    likelihoods: tuple[Likelihood, ...]
    questions: Mapping[str, str]

    def of(self, section: str) -> tuple[Rule, ...]:
        """The rules of one section, in the order of the table."""
        return tuple(rule for rule in self.rules if rule.section == section)

    def rule(self, name: str) -> Rule:
        """The rule of that id; ``KeyError`` where there is none."""
        return {rule.id: rule for rule in self.rules}[name]


def parse_rules(text: str) -> RuleTable:
    """Make a table of its text. Raises ``BadTable``, naming the rule and the remedy, when it is not sound."""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadTable(f"rule table: not TOML: {error}") from error
    _refuse_unknown_words(written, {"version", "lexicon", "questions", "likelihood", *SECTIONS}, "rule table")
    rules = tuple(
        _rule(section, row, number)
        for section in SECTIONS
        for number, row in enumerate(written.get(section, []), 1)
    )
    table = RuleTable(
        version=_text(written, "version", "rule table"),
        lexicon=_text(written, "lexicon", "rule table"),
        rules=rules,
        likelihoods=tuple(_likelihood(row) for row in written.get("likelihood", [])),
        questions=dict(written.get("questions", {})),
    )
    _check_ids(table)
    _check_questions(table)
    _check_cover(table)
    return table


def parse_condition(text: str, place: str) -> Condition:
    """``fact``, ``not fact``, ``fact = a|b``, ``fact >= 5``; ``unknown`` is a choice of any fact.

    ``place``: what to name when it cannot be understood, which raises ``BadTable``.
    """
    words = text.strip()
    if found := _COMPARISON.fullmatch(words):
        return _comparison(words, found, place)
    if found := _CHOICE.fullmatch(words):
        return _choice(words, found[1], [word.strip() for word in found[2].split("|")], place)
    if found := _PLAIN.fullmatch(words):
        if _kind(found[2], place) is not bool:
            raise BadTable(f"{place}: {words!r}: {found[2]} is no yes-or-no fact; write '{found[2]} = word'")
        return Condition(words, found[2], frozenset({found[1] is None}))
    raise BadTable(f"{place}: cannot read {text!r}; write fact, not fact, fact = a|b, or fact >= 5")


def _comparison(words: str, found: re.Match[str], place: str) -> Condition:
    fact, order, limit = found[1], found[2], found[3]
    if _kind(fact, place) not in (int, float):
        raise BadTable(f"{place}: {words!r}: {fact} is no number; write '{fact} = word'")
    return Condition(words, fact, order=order, limit=float(limit))


def _choice(words: str, fact: str, choices: list[str], place: str) -> Condition:
    kind = _kind(fact, place)
    known = list(kind) if issubclass(kind, StrEnum) else []
    wrong = [word for word in choices if word not in (*known, _UNKNOWN)]
    if wrong:
        allowed = ", ".join((*known, _UNKNOWN))
        raise BadTable(f"{place}: {words!r}: {wrong[0]!r} is no value of {fact}; one of {allowed}")
    return Condition(words, fact, frozenset(choices) - {_UNKNOWN}, holds_unknown=_UNKNOWN in choices)


def _kind(fact: str, place: str) -> type:
    if fact not in _KINDS:
        raise BadTable(f"{place}: there is no fact {fact!r}; known: {', '.join(_KINDS)}")
    return _KINDS[fact]


def _rule(section: str, row: dict[str, Any], number: int) -> Rule:
    place = f"rule {row.get('id') or f'{number} of [[{section}]], which has no id'}"
    _refuse_unknown_words(row, _WORDS | _EFFECTS[section], place)
    rule = Rule(
        id=_text(row, "id", place),
        section=section,
        when=_conditions(row, "when", place),
        unless=_conditions(row, "unless", place),
        wants=tuple(row.get("wants", ())),
        reason=_text(row, "reason", place),
        source=_text(row, "source", place),
        category=_category(row, "category", place),
        instead_of=tuple(row.get("instead_of", ())),
        at_least=_category(row, "at_least", place),
        steps_up=_steps(row, place),
        incomplete=row.get("incomplete", ""),
        show=Category.KNOWN_MALIGNANCY if "show" in row else None,
    )
    _check_rule(rule, row, place)
    return rule


def _check_rule(rule: Rule, row: dict[str, Any], place: str) -> None:
    if not rule.when:
        raise BadTable(f"{place}: it has no condition; name under 'when' what must hold")
    if rule.section in ("classic", "base") and rule.category is None:
        raise BadTable(f"{place}: it gives no category; add one, or move it to [[modifier]]")
    if row.get("show", "6") != Category.KNOWN_MALIGNANCY:
        raise BadTable(f"{place}: show = {row['show']!r}; only '6' stands beside the ladder and can be shown")
    for name in rule.wants:
        _kind(name, place)
    reassures = rule.section == "classic" or rule.instead_of
    if reassures and (rule.unless or any(one.holds_unknown for one in rule.when)):
        raise BadTable(
            f"{place}: what is not known may not reassure; state every condition under 'when', "
            "without 'unknown', and use no 'unless'"
        )


def _likelihood(row: dict[str, Any]) -> Likelihood:
    place = f"likelihood of {row.get('when')}"
    _refuse_unknown_words(row, {"when", "low", "high", "source"}, place)
    low, high = row.get("low"), row.get("high")
    if not (isinstance(low, int | float) and isinstance(high, int | float) and 0 <= low <= high <= 1):
        raise BadTable(f"{place}: low {low!r} and high {high!r} must be shares, 0 <= low <= high <= 1")
    return Likelihood(
        _conditions(row, "when", place),
        LikelihoodRange(float(low), float(high), _text(row, "source", place)),
    )


def _conditions(row: dict[str, Any], name: str, place: str) -> tuple[Condition, ...]:
    return tuple(parse_condition(str(text), place) for text in row.get(name, ()))


def _text(row: dict[str, Any], name: str, place: str) -> str:
    text = row.get(name, "")
    if not isinstance(text, str) or not text.strip():
        raise BadTable(f"{place}: it has no {name}; every rule says why and where that is known from")
    return text.strip()


def _category(row: dict[str, Any], name: str, place: str) -> Category | None:
    if name not in row:
        return None
    if row[name] not in RANKED_CATEGORIES:
        raise BadTable(
            f"{place}: {name} = {row[name]!r} is no category; one of {', '.join(RANKED_CATEGORIES)}"
        )
    return Category(row[name])


def _steps(row: dict[str, Any], place: str) -> int:
    steps = row.get("steps_up", 0)
    if not isinstance(steps, int) or steps < 0:
        raise BadTable(f"{place}: steps_up = {steps!r} must be 0 or more: no rule lowers")
    return steps


def _refuse_unknown_words(row: Mapping[str, Any], allowed: Iterable[str], place: str) -> None:
    allowed = sorted(allowed)
    unknown = sorted(set(row) - set(allowed))
    if unknown:
        raise BadTable(f"{place}: {unknown[0]!r} is not understood here; one of {', '.join(allowed)}")


def _check_ids(table: RuleTable) -> None:
    names = [rule.id for rule in table.rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadTable(f"rule {twice[0]}: the id is there twice; each rule has its own")
    base = {rule.id for rule in table.of("base")}
    for rule in table.rules:
        for name in rule.instead_of:
            if name not in base or table.rule(name).instead_of:
                raise BadTable(
                    f"rule {rule.id}: it stands in for {name}, which is no rule of [[base]] or itself stands "
                    "in for another; name rules that ask for shape and distribution alone"
                )


def _check_questions(table: RuleTable) -> None:
    for name in table.questions:
        _kind(name, "questions")
    for rule in table.rules:
        for name in rule.wants:
            if name not in table.questions:
                raise BadTable(f"rule {rule.id}: it wants {name}; say under [questions] how to ask for it")


def _check_cover(table: RuleTable) -> None:
    """Every shape with every distribution, known or not, has a rule when nothing else is known."""
    base = table.of("base")
    for morphology, distribution in product((*Morphology, None), (*Distribution, None)):
        facts = replace(Facts(), morphology=morphology, distribution=distribution, classic=False)
        if not any(rule.fires(facts) for rule in base):
            raise BadTable(
                f"rule table: no rule of [[base]] covers {morphology or _UNKNOWN}, "
                f"{distribution or _UNKNOWN}; add one that asks for nothing else"
            )


FACT_NAMES = tuple(field.name for field in fields(Facts))
"""Names of all facts, in the order of ``Facts``."""
