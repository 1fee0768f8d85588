"""Months between two dates."""

from __future__ import annotations

import pytest

from calcwatch.domain.dates import months_between


@pytest.mark.parametrize(
    ("earlier", "later", "months"),
    [
        ("20230110", "20240110", 12.0),
        ("20230110", "20230110", 0.0),
        ("20230110", "20230125", 15 / 30.44),
        ("20240115", "20230115", -12.0),
        ("20230131", "20230301", 2 - 30 / 30.44),
    ],
)
def test_months_between_dates(earlier: str, later: str, months: float) -> None:
    """Years and months count whole, days as their share of a month."""
    assert months_between(earlier, later) == pytest.approx(months)


@pytest.mark.parametrize("date", [None, "", "2023", "2023-01-10", "202301xx"])
def test_what_is_no_date_is_not_known(date: str | None) -> None:
    """A date that is missing or no date gives no months, on either side."""
    assert months_between(date, "20240110") is None
    assert months_between("20240110", date) is None
