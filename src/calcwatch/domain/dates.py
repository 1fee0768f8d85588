"""Time between two dates as DICOM writes them, without a clock."""

from __future__ import annotations

_DAYS_A_MONTH = 30.44


def months_between(earlier: str | None, later: str | None) -> float | None:
    """Months from one date (``YYYYMMDD``) to another; ``None`` where one is not known."""
    first, second = _parts(earlier), _parts(later)
    if first is None or second is None:
        return None
    years, months, days = (b - a for a, b in zip(first, second, strict=True))
    return 12 * years + months + days / _DAYS_A_MONTH


def _parts(date: str | None) -> tuple[int, int, int] | None:
    if date is None or len(date) != 8 or not date.isdigit():
        return None
    return int(date[:4]), int(date[4:6]), int(date[6:])
