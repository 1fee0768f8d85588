"""Single values as JSON holds them: finite numbers with a fixed number of decimals, points, ``null``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeVar

from calcwatch.domain.image import Point

Document = dict[str, Any]
"""A JSON object."""

_Word = TypeVar("_Word", bound=StrEnum)


def number(value: float, digits: int) -> float:
    """Round to ``digits`` decimals, never ``-0.0``.

    Raises:
        ValueError: the value is not finite; JSON has no word for it.
    """
    if not math.isfinite(value):
        raise ValueError(f"a finding holds {value}, which is no number; the detector must not return it")
    return round(float(value), digits) + 0.0


def number_or_null(value: float | None, digits: int) -> float | None:
    """Round as ``number`` does; what is not known stays ``None``."""
    return None if value is None else number(value, digits)


def points(outline: Sequence[Point]) -> list[list[float]]:
    """Each point as ``[row, column]`` with three decimals."""
    return [[number(row, 3), number(column, 3)] for row, column in outline]


def probabilities(described: Sequence[tuple[_Word, float]]) -> dict[str, float]:
    """Word -> probability, in the order given."""
    return {word.value: number(probability, 4) for word, probability in described}


def word_or_null(word: StrEnum | None) -> str | None:
    """Return the word of an enumeration; ``None`` where it is not known."""
    return None if word is None else word.value
