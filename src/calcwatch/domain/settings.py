"""Settings: numbers that change a result, each with its unit and where it comes from.

A stage keeps its numbers in a frozen dataclass whose fields are made by ``setting``. The fields carry what a
reader must know of them, so that the documentation and the check of the house read it from the code, and the
hash of all values is stored with every result.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import field, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_Value = TypeVar("_Value")


class Origin(StrEnum):
    """Where the value of a setting comes from.

    Attributes:
        STANDARD: A standard, a lexicon or a paper, named beside it.
        MEASURED: Measured, by what is named beside it.
        FITTED: Fitted by a command, named beside it.
        TRAINED: The shipped weights were trained with it: another value needs other weights.
        CHOSEN: Chosen by the authors on development phantoms and images, with nothing else to go by.
    """

    STANDARD = "standard"
    MEASURED = "measured"
    FITTED = "fitted"
    TRAINED = "trained"
    CHOSEN = "chosen"


STANDARD, MEASURED, FITTED, TRAINED, CHOSEN = Origin
"""The origins, for short."""


def setting(value: _Value, unit: str, origin: Origin, meaning: str, *, reference: str = "") -> _Value:
    """A field of a settings class.

    Args:
        value: Its default.
        unit: ``mm``, ``px``, ``sigma`` (of the local noise), ``share`` (0 to 1), ``count`` and the like;
            ``1`` for a number without a unit.
        origin: Where the value comes from.
        meaning: What it does, in a phrase.
        reference: The standard, paper, measurement or command that ``origin`` speaks of.

    Returns:
        The field of a dataclass, which type checkers take for its value.

    Raises:
        ValueError: The meaning is missing, or the reference that the origin asks for.
    """
    if not meaning or (origin in (STANDARD, MEASURED, FITTED) and not reference):
        raise ValueError(f"a setting of {value!r} needs a meaning, and a reference when it is {origin}")
    described = {"unit": unit, "origin": origin, "meaning": meaning, "reference": reference}
    # Typed as the value, so that type checkers see a plain default and not a field.
    made: _Value = field(default=value, metadata=described)
    return made


def described_settings(settings: object) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every setting of a settings object and of the ones it holds.

    Args:
        settings: A dataclass whose fields are settings or such dataclasses.

    Yields:
        Dotted name, value, and what ``setting`` was told of it (``unit``, ``origin``, ``meaning``,
        ``reference``).
    """
    assert is_dataclass(settings)
    for part in fields(settings):
        value = getattr(settings, part.name)
        if is_dataclass(value):
            for name, inner, described in described_settings(value):
                yield f"{part.name}.{name}", inner, described
        else:
            yield part.name, value, dict(part.metadata)


def hash_of_settings(*settings: object) -> str:
    """Hash the values of settings objects; the same values give the same hash.

    Args:
        *settings: Dataclasses of numbers, words, tuples and such dataclasses.

    Returns:
        SHA-256 in hexadecimal.
    """
    values = [
        # With the class, since two stages may call different numbers alike.
        {name: value for name, value, _ in described_settings(stage)} | {"of": type(stage).__name__}
        for stage in settings
    ]
    # Sorted keys: moving a field in its class must not change the hash.
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
