"""Attributes of a data set that may hold anything: a value that cannot be read is "not given"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from calcwatch.domain.image import QualityFlag

_PIXEL_GROUPS = ("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence")
"""Functional groups that say how the pixels of a frame are read (PS3.3 C.7.6.16.2)."""

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Reading(Generic[_Value]):
    """What a header says of one thing.

    Attributes:
        value: What is taken for true; ``None`` where the header does not say it.
        note: Where it was read, and what in the header contradicts it, in words.
        flags: What must be known about it.

    """

    value: _Value
    note: str
    flags: tuple[QualityFlag, ...] = ()


def value(dataset: Dataset, keyword: str) -> Any:
    """An attribute as pydicom decodes it.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The value; ``None`` when absent, empty or not decodable.

    """
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom decodes lazily, and damaged values raise a dozen kinds of error
        return None


def values(dataset: Dataset, keyword: str) -> tuple[Any, ...]:
    """All values of an attribute.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The values in their order; empty when absent, empty, bytes or not decodable.

    """
    found = value(dataset, keyword)
    # Bytes are values of unknown VR: read as text they would be a wrong word.
    if found is None or found == "" or isinstance(found, bytes):
        return ()
    return tuple(found) if isinstance(found, list | tuple | MultiValue) else (found,)


def words(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of an attribute as text.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The values in their order without blanks round them; empty when not given.

    """
    return tuple(str(item).strip() for item in values(dataset, keyword))


def word(dataset: Dataset, keyword: str) -> str:
    """The first value of an attribute as text.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The value without blanks round it; ``""`` when not given.

    """
    return next(iter(words(dataset, keyword)), "")


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of an attribute as numbers.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The values in their order; empty when not given, or when any of them is no finite number.

    """
    try:
        # Decimal strings may hold anything: words, "1.#QNAN", numbers with a decimal comma.
        converted = tuple(float(item) for item in values(dataset, keyword))
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return ()
    # NaN passes every comparison silently and would reach the gray table or a spacing.
    return converted if all(map(math.isfinite, converted)) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of an attribute as a number.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        A finite number, or ``None`` when not given.

    """
    return next(iter(numbers(dataset, keyword)), None)


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The first value of an attribute as a whole number.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The number; ``None`` when not given or not whole.

    """
    found = number(dataset, keyword)
    return None if found is None or found != int(found) else int(found)


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the sequence (PS3.6).

    Returns:
        The items in their order; empty when absent or not a sequence.

    """
    found = value(dataset, keyword)
    return tuple(found) if isinstance(found, Sequence) else ()


def with_functional_groups(dataset: Dataset, frame: int) -> Dataset:
    """A data set with the pixel attributes of a frame's functional groups beside its own.

    Multi-frame images keep window, rescale and spacing there, shared by all frames or one for each (PS3.3
    C.7.6.16).

    Args:
        dataset: Header of the image; it is not changed.
        frame: Number of the frame, the first is 0.

    Returns:
        A data set of its own; the same one where it has no functional groups.

    """
    shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
    own = items(dataset, "PerFrameFunctionalGroupsSequence")[frame : frame + 1]
    if not shared and not own:
        return dataset
    # A copy: other frames and the caller still need the header as it is.
    merged = Dataset(dataset)
    # The frame's own groups come last and so override what all frames share.
    for group in (*shared, *own):
        for keyword in _PIXEL_GROUPS:
            for item in items(group, keyword)[:1]:
                merged.update(item)
    return merged
