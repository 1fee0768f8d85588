"""Read the rule table, and what a person states of an examination."""

from __future__ import annotations

import json
from dataclasses import fields
from enum import StrEnum
from importlib.resources import files
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from calcwatch.domain.context import BreastContext, ClinicalContext
from calcwatch.domain.errors import BadContext, BadTable
from calcwatch.exam.rule_table import parse_rules, parse_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from calcwatch.exam.rule_table import RuleTable

_Parsed = TypeVar("_Parsed")
_Statement = TypeVar("_Statement", BreastContext, ClinicalContext)

_RULES_FOLDER = files("calcwatch") / "rules"

SHIPPED_RULES = _RULES_FOLDER / "birads.toml"
"""The rules that come with calcwatch."""

SHIPPED_THRESHOLDS = _RULES_FOLDER / "facts.toml"
"""The thresholds that come with calcwatch, which turn measurements into the facts that rules ask for."""


def read_rules(path: Path | None = None, *, thresholds: Path | None = None) -> RuleTable:
    """Read a rule table with its thresholds.

    Args:
        path: TOML file of the rules; the shipped one unless given.
        thresholds: TOML file of the thresholds; the shipped one unless given.

    Returns:
        The table.

    Raises:
        BadTable: A file cannot be read or is not sound; the message names the file, the rule or threshold
            and the remedy.
    """
    limits = _read(thresholds or SHIPPED_THRESHOLDS, parse_thresholds)
    return _read(path or SHIPPED_RULES, lambda text: parse_rules(text, limits))


def _read(source: Path | Traversable, parse: Callable[[str], _Parsed]) -> _Parsed:
    try:
        return parse(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadTable(f"{source}: the rule table cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTable(f"{source}: the rule table is not UTF-8; save it as UTF-8") from error
    except BadTable as error:
        raise BadTable(f"{source}: {error}") from error


def read_context(path: Path) -> ClinicalContext:
    """Read what is stated of an examination: a JSON object; what it leaves out or says null of is not known.

    Raises ``BadContext``, naming the file, the word and the remedy, for a file that cannot be read, a word
    that is not known or a value of the wrong kind.
    """
    written = read_object(path)
    try:
        return context_of(written, "the context")
    except ValueError as error:
        raise BadContext(f"{path}: {error}") from error


def context_of(written: object, place: str) -> ClinicalContext:
    """Take what is stated from a JSON value; raises ``ValueError`` with ``place``, word and remedy."""
    return _statement(ClinicalContext, written, place)


def read_object(path: Path) -> object:
    """Read a JSON file in which no word is said twice; raises ``BadContext`` with the file and the reason."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_no_word_twice)
    except OSError as error:
        raise BadContext(f"{path}: the context cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadContext(f"{path}: the context is not UTF-8; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise BadContext(f"{path}: the context is no JSON, line {error.lineno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise BadContext(f"{path}: {error}") from error


def _no_word_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is stated twice; state it once")
    return dict(pairs)


def _statement(kind: type[_Statement], written: object, place: str) -> _Statement:
    if not isinstance(written, dict):
        raise ValueError(f'{place} must be an object, like {{"exam_context": "diagnostic"}}, not {written!r}')
    kinds = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    unknown = next((name for name in written if name not in names), None)
    if unknown is not None:
        raise ValueError(f"{unknown!r} is not known in {place}; one of {', '.join(names)}")
    return kind(
        **{name: _value(kinds[name], name, value) for name, value in written.items() if value is not None}
    )


def _value(hint: Any, name: str, value: object) -> Any:
    if hint is BreastContext:
        return _statement(BreastContext, value, name)
    kind = next(one for one in get_args(hint) if one is not NoneType)
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise ValueError(f"{name} {value!r} is not one of {', '.join(kind)}; leave it out if not known")
        return kind(value)
    if type(value) is not kind:
        expected = "true or false" if kind is bool else "a whole number"
        raise ValueError(f"{name} {value!r} is not {expected}; leave it out if not known")
    return value
