"""Values that may stay, each judged by the value representation that the Standard gives its attribute.

A file may call an attribute anything: text under ``UN`` or ``OB``, numbers as words. What counts is the
dictionary (PS3.6): a value is written anew in its VR, or not at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

from calcwatch.domain.dates import read_date
from calcwatch.formats.dicom.deidentify.rules import TERMS

_TIME = re.compile(r"(\d{2}):?(\d{2})?(?::?(\d{2})(?:\.\d{1,6})?)?")
_ZONE = re.compile(r"[+-]\d{4}$")
_AGE = re.compile(r"\d{3}[DWMY]")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")

_OLDEST_YEARS = 89
"""A higher age is rare enough to name somebody (45 CFR 164.514(b)(2)(i)(C))."""

_LONGEST_DECIMAL = 16
"""Characters that a decimal string may have (PS3.5 6.2, DS)."""

_LIMITS = {
    "US": (0, 2**16 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "UL": (0, 2**32 - 1),
    "SL": (-(2**31), 2**31 - 1),
    "IS": (-(2**31), 2**31 - 1),
}
"""Least and greatest number of each VR that holds whole numbers."""

_TEXTS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
"""VRs under which a file may hold a text; names of persons are none."""


def values_of(element: DataElement) -> list[object]:
    """The values of an attribute one by one.

    Args:
        element: Any but a sequence.

    Returns:
        Its values; none where it is empty.

    """
    if element.is_empty:
        return []
    return list(element.value) if isinstance(element.value, MultiValue | list | tuple) else [element.value]


def standard_vrs(element: DataElement) -> list[str]:
    """The value representations that the Standard gives an attribute.

    Args:
        element: An attribute of the Standard.

    Returns:
        One VR, or the several that it may have.

    """
    return dictionary_VR(element.tag).split(" or ")


def with_values(element: DataElement, vr: str, values: list[object]) -> DataElement:
    """An attribute with other values.

    Args:
        element: The attribute.
        vr: Its value representation from now on.
        values: Its values; none leaves it empty.

    Returns:
        The new attribute.

    """
    if not values:
        return DataElement(element.tag, vr, None)
    return DataElement(element.tag, vr, values if len(values) > 1 else values[0])


def text_of(element: DataElement, value: object) -> str | None:
    """A value as text.

    Args:
        element: Its attribute.
        value: One of its values.

    Returns:
        Without blanks round it; ``None`` where it is no text by its VR.

    """
    return str(value).strip(" \0") if element.VR in _TEXTS and not isinstance(value, bytes) else None


def numbers_of(element: DataElement) -> DataElement | None:
    """An attribute that holds numbers, written anew.

    Args:
        element: The attribute.

    Returns:
        The same numbers in a VR of the Standard; ``None`` where any value is none, or fits none.

    """
    values = values_of(element)
    vrs = standard_vrs(element)
    # The VR of the file first: of US and SS both are right, and only the file knows which.
    for vr in sorted(vrs, key=lambda name: name != element.VR):
        kept = [_number(element, vr, value) for value in values]
        # One bad value removes all: what is left of a list would change places.
        if all(number is not None for number in kept):
            return with_values(element, vr, kept)
    return None


def _number(element: DataElement, vr: str, value: object) -> object | None:
    if vr == "AT":
        # A tag is four bytes of anything, unless the Standard has it.
        return value if element.VR == "AT" and dictionary_has_tag(value) else None  # type: ignore[arg-type]
    written = _written(element, value)
    number = float(written) if written else math.nan
    if not math.isfinite(number):
        return None
    if vr in _LIMITS:
        low, high = _LIMITS[vr]
        return int(number) if number.is_integer() and low <= number <= high else None
    if vr == "DS":
        return written if len(written) <= _LONGEST_DECIMAL else f"{number:.9g}"
    return number if vr in ("FL", "FD") else None


def _written(element: DataElement, value: object) -> str:
    """A number as it is written; ``""`` for what is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    written = str(value).strip(" \0") if is_number else text_of(element, value) or ""
    # Shape before float(), which also takes "nan", "1_0" and digits of other scripts.
    return written if _DECIMAL.fullmatch(written) and written.isascii() else ""


def terms_of(element: DataElement, terms: frozenset[str] = TERMS) -> DataElement | None:
    """An attribute that holds words of the Standard.

    Args:
        element: The attribute.
        terms: The words that it may hold.

    Returns:
        The same words; ``None`` where any of them is another.

    """
    found = [text_of(element, value) for value in values_of(element)]
    if any(term is None or (term and term not in terms) for term in found):
        return None
    return with_values(element, standard_vrs(element)[0], list(found))


def times_of(element: DataElement) -> DataElement | None:
    """An attribute that holds times of day, to the minute.

    Args:
        element: The attribute.

    Returns:
        ``HHMM00``; ``None`` where any value is no time.

    """
    found = [to_the_minute(text_of(element, value) or "") for value in values_of(element)]
    return None if not all(found) else with_values(element, "TM", list(found))


def to_the_minute(time: str) -> str:
    """A time of day without seconds.

    Args:
        time: ``HHMMSS.FFFFFF`` or less of it; ``HH:MM:SS`` too, as old files write it (PS3.5 6.2, TM).

    Returns:
        ``HHMM00``; ``""`` for what is no time.

    """
    found = _TIME.fullmatch(time) if time.isascii() else None
    if not found:
        return ""
    hour, minute, second = (int(part or 0) for part in found.groups())
    # 60: a leap second
    return f"{hour:02}{minute:02}00" if hour < 24 and minute < 60 and second <= 60 else ""


def ages_of(element: DataElement) -> DataElement | None:
    """An attribute that holds an age; over 89 years it is rare enough to name somebody, and is 90.

    Args:
        element: The attribute.

    Returns:
        The age; ``None`` for what is none.

    """
    ages = []
    for value in values_of(element):
        age = text_of(element, value) or ""
        if not (_AGE.fullmatch(age) and age.isascii()):
            return None
        years = int(age[:3]) / {"Y": 1, "M": 12, "W": 52, "D": 365}[age[3]]
        ages.append(f"{_OLDEST_YEARS + 1:03}Y" if years > _OLDEST_YEARS else age)
    return with_values(element, "AS", list(ages))


def moved_day(word: str, days: int) -> str:
    """Move a date.

    Args:
        word: ``YYYYMMDD``; ``YYYY-MM-DD`` and, as old files write it, ``YYYY.MM.DD`` too (PS3.5 6.2, DA).
        days: By how many days, below 0 into the past.

    Returns:
        ``YYYYMMDD``; ``""`` for what is no day of the calendar, or would fall before year 1.

    """
    try:
        day = read_date("date", word.strip(" \0").replace(".", "-"))
        return (datetime.strptime(day, "%Y%m%d") + timedelta(days=days)).strftime("%Y%m%d").zfill(8)
    except (ValueError, OverflowError):
        return ""


def moved_dates_of(element: DataElement, days: int) -> DataElement | None:
    """An attribute that holds dates, or dates with a time, moved; a time to the minute.

    Args:
        element: The attribute.
        days: By how many days, below 0 into the past.

    Returns:
        The moved dates; ``None`` where any value is no date.

    """
    vr = standard_vrs(element)[0]
    moved = []
    for value in values_of(element):
        word = text_of(element, value) or ""
        # Ten characters where a date is written with dots or hyphens.
        length = 10 if word[4:5] in (".", "-") else 8
        day, time = moved_day(word[:length], days), word[length:]
        if not day or (time and vr != "DT"):
            return None
        # The zone goes: it tells the place.
        minute = to_the_minute(_ZONE.sub("", time).strip()) if time else ""
        moved.append(day + minute)
    return with_values(element, vr, list(moved))


def uids_of(element: DataElement, map_uid: Callable[[str], str]) -> DataElement | None:
    """An attribute that holds UIDs, each replaced unless the Standard itself has it.

    Args:
        element: The attribute.
        map_uid: The UID that takes the place of one.

    Returns:
        The new UIDs; ``None`` where the VR holds no text.

    """
    found = [text_of(element, value) for value in values_of(element)]
    if any(uid is None for uid in found):
        return None
    # By exact list: below the root of the Standard anything can be written behind the last point.
    return with_values(element, "UI", [uid if uid in UID_dictionary else map_uid(str(uid)) for uid in found])
