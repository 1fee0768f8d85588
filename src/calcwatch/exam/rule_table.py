"""The rule table: rules as data, each with its conditions, effect, reason and source.

A table is written in TOML, and so are the thresholds that turn measurements into the facts it asks for
(docs/rules.md explains both to their readers). Here their words become rules and numbers, and what is not
sound is refused with the rule's id or the threshold's name and the remedy.
"""

from __future__ import annotations

import operator
import re
import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Any

from calcwatch.domain.assessment import LikelihoodRange
from calcwatch.domain.errors import BadTable
from calcwatch.domain.lexicon import RANKED_CATEGORIES, RANKED_DISTRIBUTIONS, RANKED_MORPHOLOGIES, Category
from calcwatch.domain.settings import CHOSEN, Origin
from calcwatch.exam.facts import FACT_KINDS, Facts, FactThresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECTIONS = ("classic", "judged", "base", "modifier", "context")
"""Parts of a table, in the order they are applied; the last two see what the ones before found."""

STEPS_STOP_AT = Category.HIGH_SUSPICION
"""No step leads above this; category 5 comes from shape and distribution alone."""

_EFFECTS = {
    "classic": {"category", "incomplete"},
    "judged": {"category", "instead_of", "incomplete"},
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
_THRESHOLD_WORDS = {"value", "unit", "origin", "meaning", "reference"}
_THRESHOLD_LIMITS = {
    "probability": (0, 1),
    "share": (0, 1),
    "degrees": (0, 90),  # an axis turns no further
    "ratio": (1, 1000),  # a missed finding never weighs less than a needless alarm
}


@dataclass(frozen=True)
class Condition:
    """One condition on one fact.

    Attributes:
        text: As it was written.
        fact: Name of the fact.
        choices: Values for which it holds; empty where it is a comparison.
        order: ``<``, ``<=``, ``>`` or ``>=``; empty where it is a choice.
        limit: What the fact is compared with.
        holds_unknown: Whether it holds where the fact is not known.
        any_of: Conditions of which one is enough; empty where it is a single one.
    """

    text: str
    fact: str
    choices: frozenset[str | bool] = frozenset()
    order: str = ""
    limit: float = 0.0
    holds_unknown: bool = False
    any_of: tuple[Condition, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of all facts that it asks."""
        return tuple(part.fact for part in self.any_of) or (self.fact,)

    def holds(self, facts: Facts) -> bool | None:
        """Whether it holds.

        Args:
            facts: What is known.

        Returns:
            ``None`` where the fact is not known.
        """
        if self.any_of:
            answers = {part.holds(facts) for part in self.any_of}
            return True if True in answers else (None if None in answers else False)
        value = getattr(facts, self.fact)
        # three values: true, false and not known (decision 11)
        if value is None:
            return True if self.holds_unknown else None
        if self.order:
            return bool(_ORDER[self.order](value, self.limit))
        return value in self.choices


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of the table: it fires when all of its conditions hold and none of its exceptions.

    A condition on a fact that is not known does not hold. A rule without an effect (``category`` to ``show``)
    is a note to the reader.

    Attributes:
        id: Its name, as results state it.
        section: One of ``SECTIONS``.
        when: Its conditions.
        reason: Why, a sentence for the reader.
        source: Where that is known from.
        unless: Its exceptions.
        wants: Names of facts worth asking for.
        category: Of the finding; ``None`` for rules that only raise or note.
        instead_of: Ids of rules that do not count where this one fires.
        at_least: Raises to this category.
        steps_up: Raises by so many.
        incomplete: What must be done first; empty where nothing must.
        show: A category beside the ladder.
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
        """Whether all conditions hold, and no exception.

        Args:
            facts: What is known.

        Returns:
            ``True`` where it fires.
        """
        # an exception that is not known does not keep a rule that raises from firing
        return all(condition.holds(facts) is True for condition in self.when) and not any(
            condition.holds(facts) for condition in self.unless
        )

    def lacks(self, facts: Facts) -> tuple[str, ...]:
        """Name the facts it wants that are not known.

        Args:
            facts: What is known.

        Returns:
            Their names; empty where something else keeps it from firing.
        """
        # open: every condition holds, or is not known and worth asking for
        answers = [(condition.fact, condition.holds(facts)) for condition in self.when]
        is_open = all(holds or (holds is None and fact in self.wants) for fact, holds in answers)
        if not is_open or any(condition.holds(facts) for condition in self.unless):
            return ()
        return tuple(name for name in self.wants if getattr(facts, name) is None)


@dataclass(frozen=True)
class Likelihood:
    """What studies found for findings of a description.

    Attributes:
        when: Conditions that all hold for them.
        found: The range, with its source.
    """

    when: tuple[Condition, ...]
    found: LikelihoodRange


@dataclass(frozen=True, kw_only=True)
class RuleTable:
    """A sound table.

    Attributes:
        version: Of the table, as results state it.
        lexicon: Edition whose words and categories it uses.
        rules: All rules, by section, in the order of the table.
        likelihoods: What studies found; the first that fits counts.
        limits: Between which shares of findings of a category are malignant, by its own meaning.
        questions: How to ask for a fact, by its name.
        thresholds: From where on something that was measured is a fact.
    """

    version: str
    lexicon: str
    rules: tuple[Rule, ...]
    likelihoods: tuple[Likelihood, ...]
    limits: Mapping[Category, LikelihoodRange]
    questions: Mapping[str, str]
    thresholds: FactThresholds

    @property
    def cost_ratio(self) -> float:
        """How many needless alarms weigh as much as one missed suspicious finding."""
        return self.thresholds.cost_ratio

    def of(self, section: str) -> tuple[Rule, ...]:
        """The rules of one section.

        Args:
            section: One of ``SECTIONS``.

        Returns:
            Its rules in the order of the table.
        """
        return tuple(rule for rule in self.rules if rule.section == section)

    def rule(self, name: str) -> Rule:
        """The rule of an id.

        Args:
            name: The id.

        Returns:
            The rule.

        Raises:
            KeyError: There is none.
        """
        return {rule.id: rule for rule in self.rules}[name]


def parse_rules(text: str, thresholds: FactThresholds) -> RuleTable:
    """Make a table of its text.

    Args:
        text: TOML, as ``rules/birads.toml`` has it.
        thresholds: From where on something is a fact, of ``parse_thresholds``.

    Returns:
        The table.

    Raises:
        BadTable: It is not sound; the message names the rule and the remedy.
    """
    written = parse_toml(text, "rule table")
    _refuse_unknown_words(
        written, {"version", "lexicon", "questions", "limits", "likelihood", *SECTIONS}, "rule table"
    )
    rules = tuple(
        _rule(section, row, number)
        # section by section, whatever their order in the file
        for section in SECTIONS
        for number, row in enumerate(rows_of(written, section, "rule table"), 1)
    )
    table = RuleTable(
        version=_text(written, "version", "rule table"),
        lexicon=_text(written, "lexicon", "rule table"),
        rules=rules,
        likelihoods=tuple(_likelihood(row) for row in rows_of(written, "likelihood", "rule table")),
        limits=_limits(rows_of(written, "limits", "rule table")),
        questions=texts_of(written, "questions", "rule table"),
        thresholds=thresholds,
    )
    # checks of the whole follow those of single rules: they rely on sound rules
    _check_ids(table)
    _check_questions(table)
    _check_cover(table)
    return table


def parse_thresholds(text: str) -> FactThresholds:
    """Make thresholds of their text.

    Args:
        text: TOML, as ``rules/facts.toml`` has it.

    Returns:
        Their values.

    Raises:
        BadTable: One is not there, not known or cannot be; the message names it, its value and the remedy.
    """
    written = parse_toml(text, "thresholds")
    units = {threshold.name: threshold.metadata["unit"] for threshold in fields(FactThresholds)}
    _refuse_unknown_words(written, units, "thresholds")
    return FactThresholds(
        **{name: _threshold(written.get(name), unit, f"threshold {name}") for name, unit in units.items()}
    )


def _threshold(entry: Any, unit: str, place: str) -> Any:
    """The value of one entry, once everything that is written of it is sound."""
    if not isinstance(entry, dict):
        raise BadTable(
            f"{place}: it is not there; write it in brackets, and under it value, unit, origin, meaning"
        )
    _refuse_unknown_words(entry, _THRESHOLD_WORDS, place)
    if entry.get("unit") != unit:
        raise BadTable(f"{place}: unit = {entry.get('unit')!r} is not {unit!r}, in which its value is read")
    if entry.get("origin") not in list(Origin):
        raise BadTable(f"{place}: origin = {entry.get('origin')!r} is not known; one of {', '.join(Origin)}")
    _text(entry, "meaning", place)
    # whoever claims a standard or a measurement names it
    if entry["origin"] != CHOSEN:
        _text(entry, "reference", place)
    value: Any = entry.get("value")
    if unit == "count":
        # type, not isinstance: true is an int in Python
        if type(value) is not int or value < 1:
            raise BadTable(f"{place}: value = {value!r} is no count; write a whole number, 1 or more")
        return value
    least, most = _THRESHOLD_LIMITS[unit]
    if type(value) not in (int, float) or not least <= value <= most:
        raise BadTable(f"{place}: value = {value!r} is no {unit}; write a number from {least} to {most}")
    return float(value)


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """Read the TOML of a table.

    Args:
        text: The text.
        place: What it is, for the message.

    Returns:
        Its entries.

    Raises:
        BadTable: It is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadTable(f"{place}: not TOML: {error}") from error


def rows_of(written: Mapping[str, Any], name: str, place: str) -> list[dict[str, Any]]:
    """Take the rows of one name from a table.

    Args:
        written: Entries of the table.
        name: The name, which stands in double brackets over each row.
        place: What the table is, for the message.

    Returns:
        The rows; none where the name is not there.

    Raises:
        BadTable: Something else stands under the name.
    """
    rows = written.get(name, [])
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise BadTable(f"{place}: {name} is no list of rows; write [[{name}]] over each")
    return rows


def texts_of(written: Mapping[str, Any], name: str, place: str) -> dict[str, str]:
    """Take texts under a name in brackets from a table.

    Args:
        written: Entries of the table.
        name: The name.
        place: What the table is, for the message.

    Returns:
        Each word with its text; none where the name is not there.

    Raises:
        BadTable: Something else stands there, or a text is empty.
    """
    texts = written.get(name, {})
    if not isinstance(texts, dict):
        raise BadTable(f"{place}: {name} holds no words; write [{name}], and under it word = text")
    bad = next((word for word, text in texts.items() if not (isinstance(text, str) and text.strip())), None)
    if bad is not None:
        raise BadTable(f"{place}: {bad} under [{name}] is {texts[bad]!r}; write a text")
    return dict(texts)


def parse_condition(text: str, place: str) -> Condition:
    """Make a condition of its words.

    Args:
        text: ``fact``, ``not fact``, ``fact = a|b`` or ``fact >= 5``; ``unknown`` is a choice of any fact. Of
            several with `` or `` between them one is enough.
        place: What to name when it cannot be understood.

    Returns:
        The condition.

    Raises:
        BadTable: The fact is not known, or its value is of another kind.
    """
    words = text.strip()
    if " or " in words:
        parts = tuple(parse_condition(part, place) for part in words.split(" or "))
        return Condition(
            words, parts[0].fact, holds_unknown=any(part.holds_unknown for part in parts), any_of=parts
        )
    # the most special form first; fullmatch, so that nothing after it is ignored
    if found := _COMPARISON.fullmatch(words):
        return _comparison(words, found, place)
    if found := _CHOICE.fullmatch(words):
        return _choice(words, found[1], [word.strip() for word in found[2].split("|")], place)
    if found := _PLAIN.fullmatch(words):
        if _kind(found[2], place) is not bool:
            raise BadTable(f"{place}: {words!r}: {found[2]} is no yes-or-no fact; write '{found[2]} = word'")
        # without "not" it holds for True, with it for False
        return Condition(words, found[2], frozenset({found[1] is None}))
    raise BadTable(f"{place}: cannot read {text!r}; write fact, not fact, fact = a|b, or fact >= 5")


def _comparison(words: str, found: re.Match[str], place: str) -> Condition:
    fact, order, limit = found[1], found[2], found[3]
    if _kind(fact, place) not in (int, float):
        raise BadTable(f"{place}: {words!r}: {fact} is no number; write '{fact} = word'")
    return Condition(words, fact, order=order, limit=float(limit))


def _choice(words: str, fact: str, choices: list[str], place: str) -> Condition:
    kind = _kind(fact, place)
    # for a yes-or-no fact or a number the only word is "unknown"
    known = list(kind) if issubclass(kind, StrEnum) else []
    wrong = [word for word in choices if word not in (*known, _UNKNOWN)]
    if wrong:
        allowed = ", ".join((*known, _UNKNOWN))
        raise BadTable(f"{place}: {words!r}: {wrong[0]!r} is no value of {fact}; one of {allowed}")
    return Condition(words, fact, frozenset(choices) - {_UNKNOWN}, holds_unknown=_UNKNOWN in choices)


def _kind(fact: str, place: str) -> type:
    if fact not in FACT_KINDS:
        raise BadTable(f"{place}: there is no fact {fact!r}; known: {', '.join(FACT_KINDS)}")
    return FACT_KINDS[fact]


def _rule(section: str, row: dict[str, Any], number: int) -> Rule:
    place = f"rule {row.get('id') or f'{number} of [[{section}]], which has no id'}"
    # a misspelled effect would otherwise be a rule that silently does nothing
    _refuse_unknown_words(row, _WORDS | _EFFECTS[section], place)
    rule = Rule(
        id=_text(row, "id", place),
        section=section,
        when=_conditions(row, "when", place),
        unless=_conditions(row, "unless", place),
        wants=_texts(row, "wants", place),
        reason=_text(row, "reason", place),
        source=_text(row, "source", place),
        category=_category(row, "category", place),
        instead_of=_texts(row, "instead_of", place),
        at_least=_category(row, "at_least", place),
        steps_up=_steps(row, place),
        incomplete=_text(row, "incomplete", place) if "incomplete" in row else "",
        show=Category.KNOWN_MALIGNANCY if "show" in row else None,
    )
    _check_rule(rule, row, place)
    return rule


def _check_rule(rule: Rule, row: dict[str, Any], place: str) -> None:
    if not rule.when:
        raise BadTable(f"{place}: it has no condition; name under 'when' what must hold")
    if rule.section in ("classic", "judged", "base") and rule.category is None:
        raise BadTable(f"{place}: it gives no category; add one, or move it to [[modifier]]")
    if row.get("show", "6") != Category.KNOWN_MALIGNANCY:
        raise BadTable(f"{place}: show = {row['show']!r}; only '6' stands beside the ladder and can be shown")
    for name in rule.wants:
        _kind(name, place)
    # instead_of takes other rules away, which can lower a category as well
    reassures = rule.section in ("classic", "judged") or rule.instead_of
    if reassures and (rule.unless or any(condition.holds_unknown for condition in rule.when)):
        raise BadTable(
            f"{place}: what is not known may not reassure; state every condition under 'when', "
            "without 'unknown', and use no 'unless'"
        )


def _likelihood(row: dict[str, Any]) -> Likelihood:
    place = f"likelihood of {row.get('when')}"
    return Likelihood(_conditions(row, "when", place), _range(row, "when", place))


def _limits(rows: Iterable[dict[str, Any]]) -> dict[Category, LikelihoodRange]:
    """What each category stands for; none may lack, or a finding of it could be given a range that is not."""
    limits: dict[Category, LikelihoodRange] = {}
    for row in rows:
        category = _category(row, "category", "limits")
        if category is None or category in limits:
            raise BadTable(f"limits of {category or 'a row'}: each row names a category of its own")
        limits[category] = _range(row, "category", f"limits of {category}")
    for category in RANKED_CATEGORIES[1:]:
        if category not in limits:
            raise BadTable(f"limits: {category} is missing; say between which shares it lies")
    return limits


def _range(row: dict[str, Any], key: str, place: str) -> LikelihoodRange:
    _refuse_unknown_words(row, {key, "low", "high", "source"}, place)
    low, high = row.get("low"), row.get("high")
    # bool is an int in Python
    are_numbers = all(isinstance(share, int | float) and type(share) is not bool for share in (low, high))
    if low is None or high is None or not are_numbers or not 0 <= low <= high <= 1:
        raise BadTable(f"{place}: low {low!r} and high {high!r} must be shares, 0 <= low <= high <= 1")
    return LikelihoodRange(float(low), float(high), _text(row, "source", place))


def _conditions(row: dict[str, Any], name: str, place: str) -> tuple[Condition, ...]:
    return tuple(parse_condition(text, place) for text in _texts(row, name, place))


def _texts(row: dict[str, Any], name: str, place: str) -> tuple[str, ...]:
    texts = row.get(name, [])
    # a text alone would be taken letter by letter
    if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
        raise BadTable(f'{place}: {name} = {texts!r} is no list of texts; write {name} = ["...", "..."]')
    return tuple(texts)


def _text(row: dict[str, Any], name: str, place: str) -> str:
    text = row.get(name, "")
    if not isinstance(text, str) or not text.strip():
        kind = place.split(maxsplit=1)[0]
        raise BadTable(f"{place}: it has no {name}; every {kind} says why and where that is known from")
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
    # type, not isinstance: true is an int in Python
    if type(steps) is not int or steps < 0:
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
    for rule in table.rules:
        own = {other.id for other in table.of(rule.section)}
        for name in rule.instead_of:
            # no chains: what stands in for a rule that stands in for another would depend on the order
            if name not in own or table.rule(name).instead_of:
                raise BadTable(
                    f"rule {rule.id}: it stands in for {name}, which is no rule of [[{rule.section}]] or "
                    "itself stands in for another; name rules that ask for shape and distribution alone"
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
    # a description without a rule would have no category when it is met in a patient
    for morphology, distribution in product((*RANKED_MORPHOLOGIES, None), (*RANKED_DISTRIBUTIONS, None)):
        facts = Facts(morphology=morphology, distribution=distribution, classic=False)
        if not any(rule.fires(facts) for rule in base):
            raise BadTable(
                f"rule table: no rule of [[base]] covers {morphology or _UNKNOWN}, "
                f"{distribution or _UNKNOWN}; add one that asks for nothing else"
            )
