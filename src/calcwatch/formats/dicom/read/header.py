"""Read attributes of a data set that may hold anything: a value that cannot be read is "not given"."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from calcwatch.codes.concepts import SNOMED_RT_DESIGNATORS

_PIXEL_GROUPS = ("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence")
_Value = TypeVar("_Value")


def value(dataset: Dataset, keyword: str) -> Any:
    """Return the attribute as pydicom decodes it; ``None`` when absent, empty or not decodable."""
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom decodes lazily, and damaged values raise a dozen kinds of error
        return None


def values(dataset: Dataset, keyword: str) -> tuple[Any, ...]:
    """Return the attribute's values in order; empty when absent, empty, bytes or not decodable."""
    found = value(dataset, keyword)
    if found is None or found == "" or isinstance(found, bytes):
        return ()
    return tuple(found) if isinstance(found, list | tuple | MultiValue) else (found,)


def words(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the attribute's values as stripped text."""
    return tuple(str(one).strip() for one in values(dataset, keyword))


def word(dataset: Dataset, keyword: str) -> str:
    """Return the attribute's first value as stripped text; ``""`` when not given."""
    return next(iter(words(dataset, keyword)), "")


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return the attribute's values as finite numbers; empty when any is not one."""
    converted = [_converted(float, one) for one in values(dataset, keyword)]
    finite = [one for one in converted if one is not None and math.isfinite(one)]
    return tuple(finite) if len(finite) == len(converted) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the attribute's first value as a finite number, or ``None`` when not given."""
    return next(iter(numbers(dataset, keyword)), None)


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return the attribute's first value as an integer, or ``None`` when not given."""
    found = number(dataset, keyword)
    return None if found is None or found != int(found) else int(found)


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; empty when absent or not a sequence."""
    found = value(dataset, keyword)
    return tuple(found) if isinstance(found, Sequence) else ()


def with_functional_groups(dataset: Dataset, frame: int) -> Dataset:
    """Return the data set with the pixel attributes of one frame's functional groups beside its own.

    Multi-frame images keep window, rescale and spacing there, shared by all frames or one for each (PS3.3
    C.7.6.16); a data set without functional groups comes back as it is.
    """
    shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
    own = items(dataset, "PerFrameFunctionalGroupsSequence")[frame : frame + 1]
    if not shared and not own:
        return dataset
    merged = Dataset(dataset)
    for group in (*shared, *own):
        for keyword in _PIXEL_GROUPS:
            for item in items(group, keyword)[:1]:
                merged.update(item)
    return merged


def is_code(item: Dataset, sct: str, snomed_rt: str) -> bool:
    """Tell whether a code item is this SNOMED concept, under any designator in use (SCT, SRT, SNM3)."""
    designator, stated = word(item, "CodingSchemeDesignator"), word(item, "CodeValue")
    if designator == "SCT":
        return stated == sct
    return designator in SNOMED_RT_DESIGNATORS and stated == snomed_rt


def _converted(kind: Callable[[Any], _Value], found: Any) -> _Value | None:
    try:
        return kind(found)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return None
