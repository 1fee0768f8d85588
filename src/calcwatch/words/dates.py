"""Dates as people read them."""

from __future__ import annotations

from calcwatch.domain.dates import known_date


def date_words(study_date: str | None) -> str:
    """Write a date as people read it.

    Args:
        study_date: ``YYYYMMDD``, or ``None`` where it is not known.

    Returns:
        ``YYYY-MM-DD``; what is no such date stays as it is, none is ``""``.
    """
    date = study_date or ""
    day = known_date(date)
    # A header's date may be anything: what is no date is shown as it is and not dropped.
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else date
