"""One group through all examinations: one identifier, one history, and how long it has not changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from calcwatch.domain.change import ChangeKind
from calcwatch.exam.facts import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcwatch.domain.change import Change, Comparison, GroupMeasurement
    from calcwatch.domain.image import Laterality, ViewPosition


class Moment(NamedTuple):
    """A group at one examination.

    Attributes:
        examination: Place of the examination in the series, 0 first.
        measured: What was measured of the group.
        change: What led to it, ``None`` where it was there from the start.
    """

    examination: int
    measured: GroupMeasurement
    change: ChangeKind | None


@dataclass(frozen=True)
class GroupHistory:
    """One group in one view through the examinations.

    Attributes:
        tracking_uid: Of the group in the first examination that it was found in.
        image_laterality: Side of its images, ``None`` where it is not known.
        view_position: View of its images, ``None`` where it is not known.
        moments: The group at each examination, the earliest first.
    """

    tracking_uid: str
    image_laterality: Laterality | None
    view_position: ViewPosition | None
    moments: tuple[Moment, ...]


def with_lasting_uids(comparison: Comparison, earlier: Sequence[Comparison]) -> Comparison:
    """Give every group the tracking UID under which the earliest comparison met it.

    Args:
        comparison: Of the current examination with the one before.
        earlier: The comparisons before, the earliest first, each with lasting UIDs.

    Returns:
        The comparison with changed tracking UIDs.
    """
    # a later comparison overwrites an earlier, and each carries lasting identifiers already
    lasting = {
        uid: change.tracking_uid for former in earlier for change in former.changes for uid in change.groups
    }
    return replace(
        comparison,
        changes=tuple(
            replace(change, tracking_uid=lasting.get(change.tracking_uid, change.tracking_uid))
            for change in comparison.changes
        ),
    )


def observed_of(comparison: Comparison, earlier: Sequence[Comparison] = ()) -> Mapping[str, Observed]:
    """Collect what the rules are given of each current group.

    Args:
        comparison: Of the current examination, with lasting tracking UIDs.
        earlier: The comparisons before, the earliest first.

    Returns:
        Change, stable months and place in a surgical bed, by the tracking UID of the group in the current
        examination. A change that is not comparable is not known.
    """
    return {
        uid: Observed(
            # nothing was seen to stay, and nothing to change
            None if change.kind is ChangeKind.NOT_COMPARABLE else change.kind,
            _stable_months(change, earlier),
            change.in_bed,
        )
        for change in comparison.changes
        for uid in change.groups
    }


def _stable_months(change: Change, earlier: Sequence[Comparison]) -> int | None:
    """Whole months for which nothing has changed, over all comparisons; ``None`` where a date is missing."""
    if change.kind is not ChangeKind.NO_SIGNIFICANT_CHANGE:
        return None
    former = [
        candidate
        for comparison in reversed(earlier)
        for candidate in comparison.changes
        # backward in time, until something changed
        if candidate.tracking_uid == change.tracking_uid and candidate.groups
    ]
    total = 0.0
    for step in [change, *former]:
        if step.kind is not ChangeKind.NO_SIGNIFICANT_CHANGE:
            break
        # a shorter time would be wrong as well: what is not known stays not known
        if step.interval_months is None:
            return None
        total += step.interval_months
    # whole months, rounded down: stability must not be overstated
    return int(total)


def histories(comparisons: Sequence[Comparison]) -> tuple[GroupHistory, ...]:
    """Follow every group of a series of examinations.

    Args:
        comparisons: Of each examination with the one before, the earliest first, with lasting tracking UIDs.

    Returns:
        A history for every group, in the order in which they were met; empty for no comparison.
    """
    moments: dict[str, list[Moment]] = {}
    views: dict[str, tuple[Laterality | None, ViewPosition | None]] = {}
    for number, comparison in enumerate(comparisons):
        for change in comparison.changes:
            own = moments.setdefault(change.tracking_uid, [])
            views.setdefault(change.tracking_uid, (change.image_laterality, change.view_position))
            # a group met for the first time begins on the prior day, if it was there
            if not own and change.prior_groups:
                own.append(Moment(number, change.prior, None))
            own.append(Moment(number + 1, change.current, change.kind))
    return tuple(GroupHistory(uid, *views[uid], tuple(own)) for uid, own in moments.items())
