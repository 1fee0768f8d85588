"""When a woman is imaged, where and in which views."""

from __future__ import annotations

from itertools import pairwise

import pytest

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.phantom.history.settings import Device, HistorySettings
from calcwatch.phantom.history.timeline import draw_timeline

TIMELINES = [draw_timeline(seed, HistorySettings()) for seed in range(120)]


def test_dates_run_on_and_one_follows_the_operation() -> None:
    """Two to six dates, months apart, before and after the operation or all after it."""
    assert {len(timeline.dates) for timeline in TIMELINES} == {2, 3, 4, 5, 6}
    for timeline in TIMELINES:
        dates = [date.study_date for date in timeline.dates]
        assert dates == sorted(set(dates))
        assert all(later - earlier >= 6 for earlier, later in pairwise(timeline.months))
        operated = timeline.day_of(0, 15)
        assert [date < operated for date in dates] == [months < 0 for months in timeline.months]
        assert timeline.months[-1] > 0
    assert {sum(months < 0 for months in timeline.months) for timeline in TIMELINES} == {0, 1, 2}


def test_film_comes_before_digital() -> None:
    """No film follows a digital image; some women have films and some more than one clinic."""
    films = [[date.device.film for date in timeline.dates] for timeline in TIMELINES]
    assert all(row == sorted(row, reverse=True) for row in films)
    assert 0.1 < sum(any(row) for row in films) / len(films) < 0.5
    clinics = [len({date.device.name for date in timeline.dates}) for timeline in TIMELINES]
    assert min(clinics) == 1 < max(clinics)


def test_cc_and_mlo_are_seldom_missing() -> None:
    """At least one of the two is there, both nine times in ten, and other views now and then."""
    dates = [date for timeline in TIMELINES for date in timeline.dates]
    usual = [
        sum(not view.is_magnified and view.position in ("CC", "MLO") for view in date.views) for date in dates
    ]
    assert min(usual) == 1
    assert 0.85 < sum(count == 2 for count in usual) / len(usual) < 0.99
    names = {view.name for date in dates for view in date.views}
    assert names == {"CC", "MLO", "XCCL", "ML", "CC-magnified", "ML-magnified"}


def test_wishes_are_kept() -> None:
    """Number of dates, dates before the operation, views and device are as asked for."""
    asked = HistorySettings(
        date_count=5, dates_before=3, extra_views=False, missed_views=False, other_devices=False
    )
    for seed in range(20):
        timeline = draw_timeline(seed, asked)
        assert sum(months < 0 for months in timeline.months) == 3
        assert len(timeline.dates) == 5
        assert {date.device.name for date in timeline.dates} == {"first"}
        views = [[view.position for view in date.views] for date in timeline.dates]
        assert views == [[ViewPosition.CC, ViewPosition.MLO]] * 5


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"date_count": 7}, "date_count 7"),
        ({"date_count": 3, "dates_before": 3}, "dates_before 3 is not between 0 and 2"),
        ({"laterality": Laterality.BOTH}, "not BOTH"),
        ({"grid_mm": 0.0}, "grid_mm 0.0"),
        ({"devices": (Device(name="film", film=True),)}, "no digital device"),
    ],
)
def test_impossible_histories_are_refused(wrong: dict[str, object], complaint: str) -> None:
    """A history that no woman can have is refused, and the message names what is wrong."""
    with pytest.raises(ValueError, match=complaint):
        HistorySettings(**wrong)  # type: ignore[arg-type]
