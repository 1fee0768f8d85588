"""Builders of JSON Schema: one short function a kind of value, each with its meaning in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

NULL_SPACING = "null when the pixel spacing is unknown: a size is never guessed."
"""What null means for a length in millimeters."""

ROW = "Row in pixels, 0 at the center of the top-left pixel of the file as stored, growing downward."
"""What a row is."""

COLUMN = "Column in pixels, 0 at the center of the top-left pixel of the file as stored, growing rightward."
"""What a column is."""

UID = "Name of this finding within the document; the same input gives the same name."
"""What a tracking UID is."""

_Word = TypeVar("_Word", bound=StrEnum)


def text(description: str, **more: Any) -> Schema:
    """A string."""
    return {"type": "string", "description": description, **more}


def text_or_null(description: str, **more: Any) -> Schema:
    """A string, or ``null`` for not known."""
    return {"type": ["string", "null"], "description": description, **more}


def word(description: str, words: Mapping[_Word, str]) -> Schema:
    """One word of an enumeration; the description lists each with its meaning."""
    return text(f"{description} {_meanings(words)}", enum=[one.value for one in words])


def word_or_null(description: str, words: Mapping[_Word, str]) -> Schema:
    """One word of an enumeration, or ``null`` for not known."""
    return text_or_null(f"{description} {_meanings(words)}", enum=[*(one.value for one in words), None])


def same_word_or_null(description: str, words: Mapping[_Word, str]) -> Schema:
    """One word of an enumeration whose meanings stand elsewhere, or ``null`` for not known."""
    return text_or_null(description, enum=[*(one.value for one in words), None])


def _meanings(words: Mapping[_Word, str]) -> str:
    return "; ".join(f"{one}: {meaning}" for one, meaning in words.items()) + "."


def number(description: str, **more: Any) -> Schema:
    """A number."""
    return {"type": "number", "description": description, **more}


def number_or_null(description: str, **more: Any) -> Schema:
    """A number, or ``null`` for not known."""
    return {"type": ["number", "null"], "description": description, **more}


def length(description: str) -> Schema:
    """A number that is never negative."""
    return number(description, minimum=0)


def length_or_null(description: str) -> Schema:
    """A number that is never negative, or ``null`` for not known."""
    return number_or_null(description, minimum=0)


def share(description: str) -> Schema:
    """A number from 0 to 1."""
    return number(description, minimum=0, maximum=1)


def share_or_null(description: str) -> Schema:
    """A number from 0 to 1, or ``null`` for not known."""
    return number_or_null(description, minimum=0, maximum=1)


def count(description: str, minimum: int = 0) -> Schema:
    """A whole number."""
    return {"type": "integer", "description": description, "minimum": minimum}


def truth(description: str, **more: Any) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description, **more}


def listing(description: str, items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "description": description, "items": items}


def record(description: str, properties: Schema) -> Schema:
    """An object that has exactly these properties."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def record_or_null(description: str, properties: Schema) -> Schema:
    """An object that has exactly these properties, or ``null`` for not known."""
    return record(description, properties) | {"type": ["object", "null"]}


def probabilities(of_what: str, words: Mapping[_Word, str]) -> Schema:
    """An object from words of an enumeration to probabilities."""
    return {
        "type": "object",
        "description": f"Word -> probability of each {of_what} considered, most likely first, together 1; "
        "empty when nothing was described.",
        "propertyNames": {"enum": [one.value for one in words]},
        "additionalProperties": share("Probability, 0 to 1."),
    }


def score(of_what: str) -> Schema:
    """How believable a finding is."""
    return share(f"Belief that this is {of_what}, 0 to 1, higher is more believable.")


def point(description: str) -> Schema:
    """A point in pixels."""
    return {
        "type": "array",
        "description": description,
        "prefixItems": [number(ROW), number(COLUMN)],
        "items": False,
        "minItems": 2,
    }


def outline(description: str) -> Schema:
    """A closed polygon."""
    points = point("A point as [row, column] in pixels.")
    return listing(f"{description} A closed polygon whose first point is not repeated.", points)
