"""Dates: ``YYYYMMDD`` inside, as DICOM writes them (PS3.5 6.2, DA); ``YYYY-MM-DD`` too where people write."""

from __future__ import annotations

import calendar
import re

_DAYS_A_MONTH = 30.44  # mean of the Gregorian calendar: 365.2425 / 12

_SPELLINGS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})-([0-9]{2})-([0-9]{2})")


def read_date(name: str, word: str) -> str:
    """Read a date as a person or a file writes it.

    Args:
        name: What the date is of, for the message.
        word: ``YYYY-MM-DD`` or ``YYYYMMDD``.

    Returns:
        The date as ``YYYYMMDD``.

    Raises:
        ValueError: The word is in neither spelling, or no day of the calendar, as 2019-02-30; the message
            holds name, word and remedy.

    """
    spelled = _SPELLINGS.fullmatch(word)
    if spelled is None:
        raise ValueError(f"{name} {word!r} is no date; write it YYYY-MM-DD or YYYYMMDD, like 2019-03-14")
    year, month, day = (part for part in spelled.groups() if part)
    # Checked before the day: monthrange raises for a month that is none.
    in_calendar = year > "0000" and "01" <= month <= "12"
    if not (in_calendar and 1 <= int(day) <= calendar.monthrange(int(year), int(month))[1]):
        raise ValueError(f"{name} {word!r} is no day of the calendar; check its month and its day")
    return f"{year}{month}{day}"


def known_date(word: str | None) -> str | None:
    """Take a date of a header or a document for what it is.

    Args:
        word: What stands there.

    Returns:
        ``YYYYMMDD``, a day of the calendar; ``None``: what stands there is none, so the date is not known.

    """
    try:
        return read_date("date", word) if word else None
    except ValueError:
        return None


def check_date(name: str, date: str) -> None:
    """Refuse what is no date as it is kept inside.

    Args:
        name: What the date is of, for the message.
        date: Should be ``YYYYMMDD``, a day of the calendar.

    Raises:
        ValueError: It is not; the message holds name, date and remedy.

    """
    read = read_date(name, date)
    if read != date:
        raise ValueError(f"{name} {date!r} is not written as dates are kept; write it YYYYMMDD, {read!r}")


def months_between(earlier: str | None, later: str | None) -> float | None:
    """Measure the time from one date to another.

    Args:
        earlier: ``YYYYMMDD``; ``None`` or anything else: not known.
        later: Likewise.

    Returns:
        Months, whole ones by the calendar and days as parts of a mean month; negative where ``later`` comes
        first, ``None`` where a date is not known.

    """
    first, second = known_date(earlier), known_date(later)
    if first is None or second is None:
        return None
    years, months, days = (b - a for a, b in zip(_parts(first), _parts(second), strict=True))
    # Whole months count as such: from January 31 to March 31 are two months, whatever February is.
    return 12 * years + months + days / _DAYS_A_MONTH


def _parts(date: str) -> tuple[int, int, int]:
    """Year, month and day."""
    return int(date[:4]), int(date[4:6]), int(date[6:])
