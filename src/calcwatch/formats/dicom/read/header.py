"""Attributes of a data set that may hold anything.

``stated`` is the one guard of everything that changes a size, a gray, a side or a place: it tells a value
that is there and cannot be read from one that is not given. The plain readers (``word``, ``number``, ...) do
not; they are for what changes no result.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from calcwatch.domain.errors import UnreadableImage
from calcwatch.domain.image import QualityFlag

_PIXEL_GROUPS = ("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence")
"""Functional groups that say how the pixels of a frame are read (PS3.3 C.7.6.16.2)."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number as DICOM writes it (DS and IS, PS3.5 6.2)."""

_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,[0-9]+|[1-9][0-9]*,(?![0-9]{3}$)[0-9]+)")
"""A number with a comma that can only be a decimal one: 1,085 may be a thousand and 0,07 may not."""

CORRECT = "correct the header, or export the file again"
"""What to do about a value of the header that cannot be read or contradicts the pixels."""

_SHOWN = 32
"""Characters of a value that a message quotes."""

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


@dataclass(frozen=True)
class Stated:
    """What one numeric attribute says.

    Attributes:
        values: Its numbers, all finite; empty when it is not given or not readable.
        unread: What stands there, in words, where that cannot be read; ``""`` otherwise.
        note: How it was read where it is spelled oddly; ``""`` otherwise.

    """

    values: tuple[float, ...] = ()
    unread: str = ""
    note: str = ""


def stated(dataset: Dataset, keyword: str, *, most: int = 1) -> Stated:
    """Read numbers that may change a result, and tell what is there but is none.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).
        most: Values that it may have; more of them are not readable.

    Returns:
        Its numbers. A decimal comma is read where it can be nothing else, and noted. Words, empty parts of a
        list, numbers that are none and too many values are unread.

    """
    name = dictionary_description(keyword)
    parts = _parts(dataset, keyword)
    if all(part is None or part == "" for part in parts):
        return Stated()
    said = f"{name} {_quoted(parts)}"
    found = [_number_of(part) for part in parts]
    read = tuple(number for number in found if number is not None)
    if len(read) < len(parts):
        return Stated(unread=f"{said} cannot be read")
    if len(read) > most:
        return Stated(unread=f"{said} has {len(read)} values, more than {most}, and cannot be read")
    is_odd = any(isinstance(part, str) and "," in part for part in parts)
    return Stated(read, note=f"{said} is read with a decimal comma" if is_odd else "")


def sure_number(dataset: Dataset, keyword: str) -> float | None:
    """A number without which the gray of an image is not known.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        A finite number; ``None`` when it is not given.

    Raises:
        UnreadableImage: Something stands there that cannot be read: no default takes its place.

    """
    said = stated(dataset, keyword)
    if said.unread:
        raise UnreadableImage(f"{said.unread}; {CORRECT}")
    return next(iter(said.values), None)


def sure_integer(dataset: Dataset, keyword: str) -> int | None:
    """A whole number without which the gray of an image is not known.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The number; ``None`` when it is not given.

    Raises:
        UnreadableImage: Something stands there that is no whole number.

    """
    found = sure_number(dataset, keyword)
    if found is not None and found != int(found):
        raise UnreadableImage(f"{dictionary_description(keyword)} {found:g} is no whole number; {CORRECT}")
    return None if found is None else int(found)


def sure_items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence without which the gray of an image is not known.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the sequence (PS3.6).

    Returns:
        The items in their order; empty when absent.

    Raises:
        UnreadableImage: Something else than a sequence stands there.

    """
    if said := unread_sequence(dataset, keyword):
        raise UnreadableImage(f"{said}; {CORRECT}")
    return items(dataset, keyword)


def sure_word(dataset: Dataset, keyword: str) -> str:
    """A word without which the gray of an image is not known.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        The word as it is written; ``""`` when it is not given.

    Raises:
        UnreadableImage: Something stands there that is no text, as under a VR of another kind.

    """
    found = word(dataset, keyword)
    if not found and is_stated(dataset, keyword):
        raise UnreadableImage(f"{unread_word(dataset, keyword)}; {CORRECT}")
    return found


def unread_sequence(dataset: Dataset, keyword: str) -> str:
    """What stands where a sequence should.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the sequence (PS3.6).

    Returns:
        It in words; ``""`` for a sequence and for nothing.

    """
    parts = () if isinstance(value(dataset, keyword), Sequence) else _parts(dataset, keyword)
    if all(part is None or part == "" for part in parts):
        return ""
    return f"{dictionary_description(keyword)} {_quoted(parts)} is no sequence and cannot be read"


def unread_word(dataset: Dataset, keyword: str) -> str:
    """What an attribute says, for a message that it cannot be read.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        Name and value in words, cut short.

    """
    return f"{dictionary_description(keyword)} {_quoted(_parts(dataset, keyword))} cannot be read"


def is_stated(dataset: Dataset, keyword: str) -> bool:
    """Whether anything stands in an attribute, readable or not.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        Yes or no; an empty value and a list of empty parts say nothing.

    """
    return any(part is not None and part != "" for part in _parts(dataset, keyword))


def holds_no_text(dataset: Dataset, keyword: str) -> bool:
    """Whether something stands in an attribute of words, and none of it is text.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        Yes for bytes under a VR of another kind; no where nothing stands.

    """
    return is_stated(dataset, keyword) and not any(words(dataset, keyword))


def _parts(dataset: Dataset, keyword: str) -> tuple[Any, ...]:
    """All values of an attribute as they are; what cannot be decoded as the bytes of the file."""
    try:
        found = dataset.get(keyword)
    except Exception:  # as in ``value``; here what stands there must still be told from nothing
        found = getattr(dataset.get_item(keyword, keep_deferred=True), "value", None)
    if isinstance(found, bytes):
        # Blanks alone are padding; any other byte, a zero too, may be a number under a wrong VR.
        parts = found.decode("latin-1").split("\\")
        return tuple(part.strip("\0 ") or part.strip(" ") for part in parts)
    if found is None or found == "":
        return ()
    return tuple(found) if isinstance(found, list | tuple | MultiValue | Sequence) else (found,)


def _number_of(part: Any) -> float | None:
    """The finite number that a value is; ``None`` for anything else."""
    # Checked by its spelling: Python's own reader also takes "1_0", "inf" and digits of other scripts.
    part = getattr(part, "original_string", part)
    if isinstance(part, str):
        spelled = part.strip()
        if _DECIMAL_COMMA.fullmatch(spelled):
            spelled = spelled.replace(",", ".")
        elif not _DECIMAL.fullmatch(spelled):
            return None
        part = spelled
    try:
        number = float(part)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None


def _quoted(parts: tuple[Any, ...]) -> str:
    """What stands in an attribute, printable and cut short."""
    if any(isinstance(part, Dataset) for part in parts):
        return "(a sequence)"
    text = "\\".join("" if part is None else str(part) for part in parts)
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{shown[:_SHOWN]}{'...' if len(shown) > _SHOWN else ''}'"


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


def identifier(dataset: Dataset, keyword: str) -> str:
    """All that stands in an attribute that tells one thing from another, as one word.

    Args:
        dataset: A data set or an item of a sequence.
        keyword: DICOM keyword of the attribute (PS3.6).

    Returns:
        Its values with backslashes between them, bytes that are no text as Latin-1: what is written
        differently never becomes the same. ``""`` when nothing is stated.

    """
    element = dataset.get_item(keyword)
    raw = getattr(element, "value", None)
    said = "\\".join(str(part).strip() for part in _parts(dataset, keyword))
    # Bytes that the character set has not were replaced, and two women's would be alike.
    if "\ufffd" in said and isinstance(raw, bytes):
        said = raw.decode("latin-1").strip("\0 ")
    return said if said.strip("\\") else ""


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
