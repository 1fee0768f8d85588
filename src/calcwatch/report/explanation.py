"""How the suggestion for one group came about: lines of text made of ``findings.json`` and the rules."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from textwrap import wrap
from typing import TypeVar

from calcwatch.domain.assessment import JudgedBy
from calcwatch.domain.identity import letter
from calcwatch.domain.lexicon import Category, Distribution, GroupKind, Morphology
from calcwatch.exam.facts import Facts
from calcwatch.exam.rule_table import Rule, RuleTable
from calcwatch.formats.result.fields import Document
from calcwatch.report.performance import performance_lines
from calcwatch.report.views.reading import counted_words, description_words, percent_words, range_words
from calcwatch.words.lexicon import (
    CATEGORY_WORDS,
    DISTRIBUTION_WORDS,
    GROUP_KIND_WORDS,
    JUDGED_BY_WORDS,
    MORPHOLOGY_WORDS,
    SUGGESTION_NOTE,
    TRADEMARK_NOTE,
)

_WIDTH = 100  # characters of a line
_NAME = 18  # of them for the name before a text

_Word = TypeVar("_Word", bound=StrEnum)


def named_groups(document: Document) -> dict[str, tuple[Document, Document]]:
    """Name the groups of a result.

    Args:
        document: Its ``findings.json``.

    Returns:
        ``2:A``, number of the image and letter of the group, to the entries of its image and of itself.

    """
    return {
        f"{number}:{letter(index)}": (image, group)
        for number, image in enumerate(document["images"], start=1)
        for index, group in enumerate(image["groups"])
    }


def explanation(document: Document, name: str, table: RuleTable) -> Iterator[str]:
    """Explain a group: what it is, what is suggested, by which rules, what would change that.

    Args:
        document: The ``findings.json`` of the result.
        name: The group, as ``2:A``.
        table: The rules that are installed; conditions and sources are told where the result was made with
            it.

    Yields:
        Lines of text.

    """
    groups = named_groups(document)
    image, group = groups[name]
    counterpart = next(
        (other for other, (_, entry) in groups.items() if entry["tracking_uid"] == group["counterpart"]), ""
    )
    examination: Document = next(
        (entry for entry in document["examinations"] if image["source"] in entry["sources"]), {}
    )
    # The installed rules may not be those that fired: then conditions and sources are not made up from them.
    same = examination.get("rule_table_version", "") == table.version
    known = table if same and {rule.id for rule in table.rules}.issuperset(group["rule_ids"]) else None
    view = f"{image['image_laterality'] or 'side unknown'} {image['view_position'] or 'view unknown'}"
    yield f"Group {name}: {view}, {image['source']}"
    yield from _line("tracking UID", group["tracking_uid"])
    yield from _line("place", (group["location"] or {}).get("words", "not told"))
    also = f" ({counterpart})" if counterpart else ""
    yield from _line("views", f"{group['view_note'] or 'not compared'}{also}")
    yield ""
    yield from _suggestion(group)
    yield ""
    yield from _description(image, group)
    yield ""
    yield from _rules(group, known)
    yield from _changes(group, known)
    yield ""
    yield from _made(examination, known, document["provenance"]["analysis_version"])


def _line(name: str, words: str, indent: int = 2) -> Iterator[str]:
    start = f"{' ' * indent}{name:<{_NAME}} "
    yield from wrap(words, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start)) or [
        start.rstrip()
    ]


def _category(word: str | None) -> str:
    return f"{word} ({CATEGORY_WORDS[Category(word)]})" if word else "none"


def _suggestion(group: Document) -> Iterator[str]:
    if group["suggested_category"] is None:
        yield "Nothing is suggested: the group was not assessed."
        return
    if confirmed := group["if_confirmed"]:
        yield f"Suggests {_category(confirmed)} if confirmed"
        yield from _line(
            "to do", f"{_category(group['suggested_category'])}: magnification or more views first"
        )
    else:
        yield f"Suggests {_category(group['suggested_category'])}"
    yield from _line("not below", group["floor"])
    yield from _line("judged by", _judged(group))
    if stated := {
        name: value for name, value in (group["stated"] or {}).items() if value not in (None, [], "")
    }:
        yield from _line(
            "a person says", "; ".join(f"{name} {_plain(value)}" for name, value in stated.items())
        )
    if likely := group["likelihood_range"]:
        found = range_words(likely["low"], likely["high"])
        yield from _line("malignant", f"{found} of such findings ({likely['source']})")
    if group["suspicion"] is not None:
        yield from _line(
            "suspicion",
            f"{group['suspicion']:.2f} (0 to 1: probability that a reader would call it suspicious; no "
            "probability of cancer)",
        )
    yield from _line("belief", f"{group['score']:.2f} (0 to 1: that it is a group of calcifications)")


def _plain(value: object) -> str:
    """A stated value as a person writes it."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _judged(group: Document) -> str:
    words = JUDGED_BY_WORDS[JudgedBy(group["judged_by"] or JudgedBy.RULES)]
    if group["cost_ratio"] is None:
        return words
    return f"{words}; {group['cost_ratio']:g} needless alarms weigh as much as one missed finding"


def _described(probabilities: dict[str, float], kind: type[_Word], words: dict[_Word, str]) -> str:
    return ", ".join(
        f"{words[kind(word)]} {percent_words(probability)}" for word, probability in probabilities.items()
    )


def _description(image: Document, group: Document) -> Iterator[str]:
    yield "Looks like"
    kinds = _described(group["kind_probabilities"], GroupKind, GROUP_KIND_WORDS)
    yield from _line("kind", kinds or "not told")
    if group["composition"]:
        counted = ", ".join(
            f"{number} {MORPHOLOGY_WORDS[Morphology(word)]}" for word, number in group["composition"].items()
        )
        yield from _line("made of", counted)
    shapes = _described(group["morphology_probabilities"], Morphology, MORPHOLOGY_WORDS)
    note = f"cannot tell: {group['morphology_note']}; " if group["morphology_note"] else ""
    yield from _line("shape", f"{note}{shapes}" or "not described")
    inside = set(group["members"])
    members = [entry for entry in image["calcifications"] if entry["tracking_uid"] in inside]
    yield from _line("its members", counted_words(map(_member_words, members)))
    patterns = _described(group["distribution_probabilities"], Distribution, DISTRIBUTION_WORDS)
    yield from _line("distribution", patterns or "not described")
    measured = group["distribution_measurements"] or {}
    facts = ", ".join(f"{name} {value}" for name, value in measured.items() if value is not None)
    yield from _line("told from", facts or "nothing")


def _member_words(calcification: Document) -> str:
    if calcification["morphology"]:
        return MORPHOLOGY_WORDS[Morphology(calcification["morphology"])]
    return "cannot tell" if calcification["morphology_note"] else "not described"


def _rules(group: Document, table: RuleTable | None) -> Iterator[str]:
    yield "Rules that fired, in order"
    for name, reason in zip(group["rule_ids"], group["reasons"], strict=True):
        yield from _line(name, reason)
        if table is not None:
            rule = table.rule(name)
            yield from _line(
                "", f"because: {'; '.join(condition.text for condition in rule.when) or 'always'}"
            )
            yield from _line("", f"source: {rule.source}")
    if not group["rule_ids"]:
        yield "  none"


def _changes(group: Document, table: RuleTable | None) -> Iterator[str]:
    """What is not known and would matter, and what else the group could be."""
    facts = _described_facts(group, table)
    if group["missing"]:
        yield ""
        yield "Not known, and asked for"
    for name in group["missing"]:
        yield from _line(name, table.questions.get(name, name) if table else name)
        for rule in table.rules if table else ():
            if name in rule.lacks(facts) and rule.id not in group["rule_ids"]:
                needs = "; ".join(condition.text for condition in rule.when)
                yield from _line("", f"{rule.id}, if {needs}: {_effect(rule)}")
    if group["alternatives"]:
        yield ""
        yield "Could also be"
    for other in group["alternatives"]:
        words = description_words(
            other["morphology"] and Morphology(other["morphology"]),
            other["distribution"] and Distribution(other["distribution"]),
        )
        yield from _line(percent_words(other["probability"]), f"{words}: then {_category(other['category'])}")


def _described_facts(group: Document, table: RuleTable | None) -> Facts:
    """What the group says of its shape and layout, where the rules that fired took it so."""
    facts = Facts(
        morphology=group["morphology"] and Morphology(group["morphology"]),
        distribution=group["distribution"] and Distribution(group["distribution"]),
    )
    fired = [table.rule(name) for name in group["rule_ids"]] if table else []
    differ = any(condition.holds(facts) is False for rule in fired for condition in rule.when)
    # If a rule that fired does not hold for the described facts, it took them otherwise: say nothing by them.
    return Facts() if differ else facts


def _effect(rule: Rule) -> str:
    effects = (
        rule.category and f"gives {rule.category}",
        rule.at_least and f"at least {rule.at_least}",
        rule.steps_up and f"raises by {rule.steps_up}",
        rule.show and f"shows {rule.show}",
        rule.incomplete,
    )
    return ", ".join(effect for effect in effects if effect) or "a note"


def _made(examination: Document, table: RuleTable | None, analysis_version: str) -> Iterator[str]:
    if stated := examination.get("stated"):
        yield f"Stated by a person: {'; '.join(f'{name} {value}' for name, value in stated.items())}"
    version = examination.get("rule_table_version") or "unknown"
    yield f"Rule table {version}, {examination.get('lexicon', 'lexicon unknown')}"
    if table is None:
        yield "The rule table that is installed is another one: conditions and sources are not told."
    yield ""
    yield "How good is this version, measured on real images"
    for line in performance_lines(analysis_version):
        yield from _line("", line)
    yield ""
    yield from wrap(f"{SUGGESTION_NOTE} {TRADEMARK_NOTE}", _WIDTH)
