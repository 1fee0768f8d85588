"""One identifier and one course through a series of examinations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcwatch.comparison.history import histories, observed_of, with_lasting_uids
from calcwatch.domain.change import Change, ChangeKind, Comparison, GroupMeasurement
from calcwatch.domain.image import Laterality, ViewPosition

EIGHT = GroupMeasurement(8, 0, 6.0, 0.4, 9.0, None)


def a_change(kind: ChangeKind, prior: str = "", current: str = "", months: float | None = 12.0) -> Change:
    """What became of a group that was called ``prior`` and is called ``current``."""
    return Change(
        kind=kind,
        tracking_uid=prior or current,
        groups=(current,) if current else (),
        prior_groups=(prior,) if prior else (),
        image_laterality=Laterality.LEFT,
        view_position=ViewPosition.CC,
        image=0,
        prior_image=0,
        place=(1.0, 2.0),
        prior_place=(1.0, 2.0),
        current=EIGHT if current else GroupMeasurement(),
        prior=EIGHT if prior else GroupMeasurement(),
        matched=0,
        new=0,
        gone=0,
        not_assessable=0,
        size_ratio=None,
        interval_months=months,
        error_mm=1.0,
        reasons=(),
    )


def a_series(*changes: tuple[Change, ...]) -> list[Comparison]:
    """The comparisons of a series, each with lasting tracking UIDs."""
    series: list[Comparison] = []
    for own in changes:
        series.append(with_lasting_uids(Comparison((), own, ()), series))
    return series


NO_SIGNIFICANT_CHANGE = ChangeKind.NO_SIGNIFICANT_CHANGE


def test_a_group_keeps_the_identifier_of_its_first_day() -> None:
    """New on the second day as b, then c, then d: b all the way; what was there from the start keeps a."""
    series = a_series(
        (a_change(ChangeKind.NEW, current="b"), a_change(NO_SIGNIFICANT_CHANGE, "a", "a2")),
        (a_change(NO_SIGNIFICANT_CHANGE, "b", "c"), a_change(NO_SIGNIFICANT_CHANGE, "a2", "a3")),
        (a_change(ChangeKind.INCREASED_IN_NUMBER, "c", "d"), a_change(ChangeKind.RESOLVED, "a3")),
    )
    assert [[change.tracking_uid for change in comparison.changes] for comparison in series] == [
        ["b", "a"]
    ] * 3


def test_histories_tell_every_moment() -> None:
    """A group that was there has a first moment without change; one that came later starts with new."""
    series = a_series(
        (a_change(ChangeKind.NEW, current="b"), a_change(NO_SIGNIFICANT_CHANGE, "a", "a2")),
        (a_change(NO_SIGNIFICANT_CHANGE, "b", "c"), a_change(ChangeKind.RESOLVED, "a2")),
    )
    courses = {
        history.tracking_uid: [(moment.examination, moment.change) for moment in history.moments]
        for history in histories(series)
    }
    assert courses == {
        "b": [(1, ChangeKind.NEW), (2, NO_SIGNIFICANT_CHANGE)],
        "a": [(0, None), (1, NO_SIGNIFICANT_CHANGE), (2, ChangeKind.RESOLVED)],
    }
    (gone,) = [history for history in histories(series) if history.tracking_uid == "a"]
    assert gone.moments[-1].measured.count == 0
    assert histories([]) == ()


@pytest.mark.parametrize(
    ("changes", "months"),
    [
        ([(NO_SIGNIFICANT_CHANGE, 12.0), (NO_SIGNIFICANT_CHANGE, 13.5)], 25),
        ([(ChangeKind.INCREASED_IN_NUMBER, 12.0), (NO_SIGNIFICANT_CHANGE, 13.5)], 13),
        ([(NO_SIGNIFICANT_CHANGE, None), (NO_SIGNIFICANT_CHANGE, 13.5)], None),
        ([(NO_SIGNIFICANT_CHANGE, 12.0), (ChangeKind.INCREASED_IN_NUMBER, 13.5)], None),
        ([(NO_SIGNIFICANT_CHANGE, 12.0), (ChangeKind.NOT_COMPARABLE, 12.0), (NO_SIGNIFICANT_CHANGE, 6.0)], 6),
    ],
)
def test_stable_months_add_up(changes: list[tuple[ChangeKind, float | None]], months: int | None) -> None:
    """Only what has not changed without a break counts; a missing date and the sum is not known."""
    series = a_series(
        *((a_change(kind, f"g{n}", f"g{n + 1}", long),) for n, (kind, long) in enumerate(changes))
    )
    observed = observed_of(series[-1], series[:-1])
    assert observed[f"g{len(changes)}"].stable_months == months


def test_what_is_not_comparable_is_no_observation() -> None:
    """The rules are given nothing of a group that could not be compared, and nothing of one that is gone."""
    series = a_series((a_change(ChangeKind.NOT_COMPARABLE, current="b"), a_change(ChangeKind.RESOLVED, "a")))
    observed = observed_of(series[0])
    assert set(observed) == {"b"}
    assert observed["b"].change is None
    several = replace(a_change(NO_SIGNIFICANT_CHANGE, "a", "b"), groups=("b", "c"))
    assert set(observed_of(Comparison((), (several,), ()))) == {"b", "c"}
