"""Dates in both spellings, days of the calendar, and the months between them."""

from __future__ import annotations

import pytest

from calcwatch.domain.dates import check_date, known_date, months_between, read_date


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


@pytest.mark.parametrize("date", [None, "", "2023", "2023-13-10", "20230230", "202301xx"])
def test_what_is_no_date_is_not_known(date: str | None) -> None:
    """A date that is missing or no date gives no months, on either side."""
    assert months_between(date, "20240110") is None
    assert months_between("20240110", date) is None


@pytest.mark.parametrize("word", ["2019-03-14", "20190314"])
def test_a_date_is_read_in_both_spellings(word: str) -> None:
    """With hyphens or without, a date is kept as YYYYMMDD."""
    assert read_date("date", word) == "20190314"


@pytest.mark.parametrize("word", ["2020-02-29", "20001231", "19000228"])
def test_days_of_the_calendar_are_dates(word: str) -> None:
    """Leap days are days of the calendar in the years that have them."""
    assert read_date("date", word) == word.replace("-", "")


@pytest.mark.parametrize(
    "word", ["2019-02-30", "20190229", "19000229", "2019-13-01", "2019-00-10", "20260100", "0000-01-01"]
)
def test_what_is_in_no_calendar_is_refused_as_such(word: str) -> None:
    """A day that no month has is refused as no day of the calendar, in either spelling."""
    with pytest.raises(ValueError, match=f"date '{word}' is no day of the calendar; check its month"):
        read_date("date", word)


@pytest.mark.parametrize(
    "word",
    ["", "2019", "14.3.2019", "2019-3-14", "201903-14", "2019-0314", "2019-03-14 ", "２０１９０３１４"],
)
def test_what_is_spelled_otherwise_is_refused_with_the_remedy(word: str) -> None:
    """Any other spelling is refused with the two that are read; the remedy is a date that is taken."""
    with pytest.raises(ValueError, match="is no date; write it YYYY-MM-DD or YYYYMMDD, like 2019-03-14"):
        read_date("date", word)
    assert read_date("date", "2019-03-14") == "20190314"


@pytest.mark.parametrize("date", ["2019-03-14", "20190230", "soon"])
def test_dates_inside_have_one_spelling(date: str) -> None:
    """What is kept is YYYYMMDD; the message of the other spelling says how it is to be written."""
    check_date("date", "20190314")
    with pytest.raises(ValueError, match="date "):
        check_date("date", date)
    with pytest.raises(ValueError, match="write it YYYYMMDD, '20190314'"):
        check_date("date", "2019-03-14")


@pytest.mark.parametrize("word", [None, "", "20230230", "2023", "٢٠٢٣٠١٠١", "20230101\n", "00000101"])
def test_a_date_that_is_none_is_not_known(word: str | None) -> None:
    """What is no day of the calendar is not known; both spellings of a day are that day."""
    assert known_date(word) is None
    assert known_date("2023-01-10") == known_date("20230110") == "20230110"
