"""What was said of two days of a phantom, held against what truly became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.comparison.register import to_prior
from calcwatch.phantom.settings import PlannedChange
from calcwatch_lab.bench.changes.truth import group_names, true_change, true_names
from calcwatch_lab.bench.description.pairs import PairCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calcwatch.domain.change import Change, ChangeKind, ImagePair
    from calcwatch_lab.bench.truth.phantoms import AnalyzedView

_HELD_SHARE = 0.25  # of what a change holds: so much of a true group, and it tells of that group


@dataclass(frozen=True)
class ChangeResult:
    """What truly became of a group and what was said.

    Attributes:
        true: What became of it; ``None``: there is no such group.
        predicted: What was said; ``None``: it was not found.
        is_main: Of everything said of that group, this holds most of it.
        is_mixed: Groups that lie over each other in this view, with different changes, were taken for one.
        found: Share of its calcifications that were found, on the day that fewer were.

    """

    true: ChangeKind | None
    predicted: ChangeKind | None
    is_main: bool = True
    is_mixed: bool = False
    found: float = 0.0


@dataclass(frozen=True)
class PairResult:
    """One pair of images, held against the truth.

    Attributes:
        comparable: Whether they were compared at all.
        errors_mm: Of the alignment at every true calcification that is on both.
        calcifications: Matched calcifications.
        groups: Linked groups.
        changes: What was said of each group.

    """

    comparable: bool
    errors_mm: tuple[float, ...] = ()
    calcifications: PairCounts = field(default_factory=PairCounts)
    groups: PairCounts = field(default_factory=PairCounts)
    changes: tuple[ChangeResult, ...] = ()


def evaluate_pair(
    prior: AnalyzedView, current: AnalyzedView, pair: ImagePair, changes: Sequence[Change]
) -> PairResult:
    """Hold one pair against the truth of both days.

    Args:
        prior: The view on the prior day.
        current: The same view on the current day.
        pair: How they lie over each other.
        changes: What the comparison says of their groups.

    Returns:
        What is right and what is not.

    """
    days = (prior, current)
    # Names are worked out once a day: everything below counts true calcifications by them.
    groups = group_names(prior.truth, current.truth)
    names = tuple(_names_by_uid(view) for view in days)
    held = [_held(change, days, names, groups) for change in changes]
    results = tuple(_change_results(changes, held, days, names))
    if pair.registration is None:
        return PairResult(comparable=False, changes=results)
    return PairResult(
        comparable=True,
        errors_mm=_errors_mm(prior, current, pair),
        calcifications=_matched(pair, names),
        groups=_linked(changes, days, names, groups),
        changes=results,
    )


Names = tuple["Mapping[str, str | None]", ...]
"""On each day the true calcification that each found one is, by tracking UID; ``None`` where it is none."""


def _names_by_uid(view: AnalyzedView) -> dict[str, str | None]:
    marks = view.findings.calcifications
    return {mark.tracking_uid: name for mark, name in zip(marks, true_names(view), strict=True)}


def _errors_mm(prior: AnalyzedView, current: AnalyzedView, pair: ImagePair) -> tuple[float, ...]:
    registration = pair.registration
    prior_places = {true.id: (true.row, true.column) for true in prior.truth.calcifications}
    current_places = {true.id: (true.row, true.column) for true in current.truth.calcifications}
    both = sorted(prior_places.keys() & current_places.keys())
    if registration is None or not both:
        return ()
    current_mm = registration.current.to_working(np.array([current_places[name] for name in both]))
    prior_mm = registration.prior.to_working(np.array([prior_places[name] for name in both]))
    # In working units of the prior, which are millimeters: phantoms always state their spacing.
    off = np.linalg.norm(to_prior(registration, current_mm) - prior_mm, axis=1)
    return tuple(float(value) for value in off)


def _matched(pair: ImagePair, names: Names) -> PairCounts:
    prior, current = names
    both = (set(prior.values()) & set(current.values())) - {None}
    stated = [(prior[match.prior], current[match.current]) for match in pair.matches]
    right = {name for name, other in stated if name is not None and name == other}
    false = sum(name is None or name != other for name, other in stated)
    return PairCounts(len(both), len(right), len(stated), false)


def _linked(
    changes: Sequence[Change], days: Sequence[AnalyzedView], names: Names, groups: Mapping[str, str]
) -> PairCounts:
    prior, current = (_mainly(view, own, groups) for view, own in zip(days, names, strict=True))
    both = (set(prior.values()) & set(current.values())) - {None}
    right: set[str | None] = set()
    stated = false = 0
    for change in changes:
        if not (change.groups and change.prior_groups):
            continue
        common = {current[uid] for uid in change.groups} & {prior[uid] for uid in change.prior_groups}
        common -= {None}
        right |= common
        stated += 1
        false += not common
    return PairCounts(len(both), len(right & both), stated, false)


def _mainly(
    view: AnalyzedView, names: Mapping[str, str | None], groups: Mapping[str, str]
) -> dict[str, str | None]:
    """The true group that most members of each found group belong to; ``None`` where there is none."""
    mainly: dict[str, str | None] = {}
    for group in view.findings.groups:
        counted = Counter(_true_groups(group.members, names, groups))
        mainly[group.tracking_uid] = counted.most_common(1)[0][0] if counted else None
    return mainly


def _true_groups(
    members: Sequence[str], names: Mapping[str, str | None], groups: Mapping[str, str]
) -> Iterator[str]:
    """The true group of each member that is of one."""
    for uid in members:
        name = names[uid]
        # Loose calcifications belong to no group, and say nothing of what became of one.
        if name is not None and name in groups:
            yield groups[name]


def _held(
    change: Change, days: Sequence[AnalyzedView], names: Names, groups: Mapping[str, str]
) -> Counter[str]:
    """How many members of each true group the groups of a change hold, on both days."""
    held: Counter[str] = Counter()
    for view, uids, own in zip(days, (change.prior_groups, change.groups), names, strict=True):
        for group in view.findings.groups:
            if group.tracking_uid in uids:
                held.update(_true_groups(group.members, own, groups))
    return held


def _change_results(
    changes: Sequence[Change], held: Sequence[Counter[str]], days: Sequence[AnalyzedView], names: Names
) -> Iterator[ChangeResult]:
    """One result of every change, and one of every true group that no change tells of."""
    plans = {group.id: group.change for view in days for group in view.truth.groups}
    # Of several changes that tell of a group, the one that holds most of it stands for it.
    best = {
        name: max(range(len(held)), key=lambda n: held[n][name])
        for name in plans
        if any(counts[name] for counts in held)
    }
    for number, (change, counts) in enumerate(zip(changes, held, strict=True)):
        groups = {name for name, count in counts.items() if count >= _HELD_SHARE * counts.total()}
        if not groups:
            yield ChangeResult(None, change.kind)
            continue
        yield ChangeResult(
            true=_true_change(groups, plans, days),
            predicted=change.kind,
            is_main=any(best[name] == number for name in groups),
            is_mixed=len({_true_change({name}, plans, days) for name in groups}) > 1,
            found=min(_found_share(view, own, groups) for view, own in zip(days, names, strict=True)),
        )
    for name in plans.keys() - best.keys():
        yield ChangeResult(_true_change({name}, plans, days), None)


def _found_share(view: AnalyzedView, names: Mapping[str, str | None], groups: set[str]) -> float:
    """Share of the calcifications of true groups that were found; 1 where there are none."""
    members = {true.id for true in view.truth.calcifications if true.group_id in groups}
    return len(members.intersection(names.values())) / len(members) if members else 1.0


def _true_change(
    groups: set[str], plans: Mapping[str, PlannedChange], days: Sequence[AnalyzedView]
) -> ChangeKind:
    """What became of one group, or of several that were taken for one."""
    prior, current = (
        {true.id: true for true in view.truth.calcifications if true.group_id in groups} for view in days
    )
    # Of several groups taken for one no plan is true: only numbers and places tell.
    plan = plans[next(iter(groups))] if len(groups) == 1 else PlannedChange.NO_SIGNIFICANT_CHANGE
    return true_change(prior, current, plan, days[1].spacing_mm)
