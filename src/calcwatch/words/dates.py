"""Dates as people read them."""

from __future__ import annotations


def date_words(study_date: str | None) -> str:
    """Write a date as people read it.

    Args:
        study_date: ``YYYYMMDD``, or ``None`` where it is not known.

    Returns:
        ``YYYY-MM-DD``; what is no such date stays as it is, none is ``""``.
    """
    date = study_date or ""
    # A header's date may be anything: what is no date is shown as it is and not dropped.
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date
