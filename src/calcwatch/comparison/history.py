"""One group through all examinations: one identifier, one history, and how long it has not changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calcwatch.domain.change import ChangeKind
from calcwatch.exam.facts import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcwatch.domain.change import Change, Comparison, GroupMeasurement
    from calcwatch.domain.image import Laterality, ViewPosition


@dataclass(frozen=True)
class Moment:
    """A group on one day: ``examination``, 0 first; ``change``: what led to it, ``None`` on the first."""

    examination: int
    measured: GroupMeasurement
    change: ChangeKind | None


@dataclass(frozen=True)
class GroupHistory:
    """One group in one view through the examinations, the earliest first."""

    tracking_uid: str
    image_laterality: Laterality | None
    view_position: ViewPosition | None
    moments: tuple[Moment, ...]


def with_lasting_uids(comparison: Comparison, earlier: Sequence[Comparison]) -> Comparison:
    """Give every group the tracking UID under which the earliest of the comparisons met it."""
    lasting = _lasting(earlier)
    return replace(
        comparison,
        changes=tuple(
            replace(one, tracking_uid=lasting.get(one.tracking_uid, one.tracking_uid))
            for one in comparison.changes
        ),
    )


def _lasting(comparisons: Sequence[Comparison]) -> dict[str, str]:
    """UID of a group on its own day -> the one it is followed under."""
    return {
        uid: change.tracking_uid
        for comparison in comparisons
        for change in comparison.changes
        for uid in change.groups
    }


def observed_of(comparison: Comparison, earlier: Sequence[Comparison] = ()) -> Mapping[str, Observed]:
    """What the rules are told of each current group, by its tracking UID on its own day."""
    return {
        uid: Observed(_known(change), _stable_months(change, earlier), change.in_bed)
        for change in comparison.changes
        for uid in change.groups
    }


def _known(change: Change) -> ChangeKind | None:
    return None if change.kind is ChangeKind.NOT_COMPARABLE else change.kind


def _stable_months(change: Change, earlier: Sequence[Comparison]) -> int | None:
    """Whole months for which nothing has changed, over all comparisons; ``None`` where a date is missing."""
    if change.kind is not ChangeKind.NO_SIGNIFICANT_CHANGE:
        return None
    total = 0.0
    for one in [change, *_before(change.tracking_uid, earlier)]:
        if one.kind is not ChangeKind.NO_SIGNIFICANT_CHANGE:
            break
        if one.interval_months is None:
            return None
        total += one.interval_months
    return int(total)


def _before(uid: str, earlier: Sequence[Comparison]) -> list[Change]:
    """What became of a group before, the latest first."""
    return [
        one
        for comparison in reversed(earlier)
        for one in comparison.changes
        if one.tracking_uid == uid and one.groups
    ]


def histories(comparisons: Sequence[Comparison]) -> tuple[GroupHistory, ...]:
    """Every group of a series, as they were met; ``comparisons``: of each day with the one before."""
    moments: dict[str, list[Moment]] = {}
    views: dict[str, tuple[Laterality | None, ViewPosition | None]] = {}
    for number, comparison in enumerate(comparisons):
        for change in comparison.changes:
            own = moments.setdefault(change.tracking_uid, [])
            views.setdefault(change.tracking_uid, (change.image_laterality, change.view_position))
            if not own and change.prior_groups:
                own.append(Moment(number, change.prior, None))
            own.append(Moment(number + 1, change.current, change.kind))
    return tuple(GroupHistory(uid, *views[uid], tuple(own)) for uid, own in moments.items())
