"""What was said of two days of a phantom, held against what truly became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.comparison.register import to_prior
from calcwatch.phantom.settings import PlannedChange
from calcwatch_lab.bench.changes.truth import group_ids, spacing_of, true_ids, true_kind
from calcwatch_lab.bench.description.pairs import PairFigures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcwatch.domain.change import Change, ChangeKind, ImagePair
    from calcwatch_lab.bench.changes.scenes import Shot

_HELD_SHARE = 0.25  # of what a change holds: so much of a true group, and it tells of that group


@dataclass(frozen=True)
class Verdict:
    """What truly became of a group and what was said; ``None``: there is no such group, or none was found.

    ``is_main``: of everything said of that group, this holds most of it. ``is_mixed``: groups that lie over
    each other in this view, with different changes, were taken for one. ``found``: share of its
    calcifications that were found, on the day that fewer were.
    """

    true: ChangeKind | None
    told: ChangeKind | None
    is_main: bool = True
    is_mixed: bool = False
    found: float = 0.0


@dataclass(frozen=True)
class PairVerdict:
    """One pair of images; ``errors_mm``: of the alignment at every calcification that is on both."""

    comparable: bool
    errors_mm: tuple[float, ...] = ()
    specks: PairFigures = field(default_factory=PairFigures)
    groups: PairFigures = field(default_factory=PairFigures)
    verdicts: tuple[Verdict, ...] = ()


def judge_pair(prior: Shot, current: Shot, pair: ImagePair, changes: Sequence[Change]) -> PairVerdict:
    """Hold one pair, and what was said of its groups, against the truth of both days."""
    names = group_ids(prior.truth, current.truth)
    held = [_held(change, prior, current, names) for change in changes]
    verdicts = tuple(_verdicts(changes, held, prior, current))
    if pair.registration is None:
        return PairVerdict(comparable=False, verdicts=verdicts)
    return PairVerdict(
        comparable=True,
        errors_mm=_errors_mm(prior, current, pair),
        specks=_specks(prior, current, pair),
        groups=_groups(prior, current, changes, names),
        verdicts=verdicts,
    )


def _errors_mm(prior: Shot, current: Shot, pair: ImagePair) -> tuple[float, ...]:
    registration = pair.registration
    then = {one.id: (one.row, one.column) for one in prior.truth.calcifications}
    now = {one.id: (one.row, one.column) for one in current.truth.calcifications}
    both = sorted(then.keys() & now.keys())
    if registration is None or not both:
        return ()
    here = registration.current.to_working(np.array([now[one] for one in both]))
    there = registration.prior.to_working(np.array([then[one] for one in both]))
    off = np.linalg.norm(to_prior(registration, here) - there, axis=1)
    return tuple(float(value) for value in off)


def _specks(prior: Shot, current: Shot, pair: ImagePair) -> PairFigures:
    then, now = (
        {
            one.tracking_uid: name
            for one, name in zip(shot.findings.calcifications, true_ids(shot), strict=True)
        }
        for shot in (prior, current)
    )
    both = (set(then.values()) & set(now.values())) - {None}
    said = [(then[match.prior], now[match.current]) for match in pair.matches]
    right = {one for one, other in said if one is not None and one == other}
    return PairFigures(
        len(both), len(right), len(said), sum(one is None or one != other for one, other in said)
    )


def _groups(prior: Shot, current: Shot, changes: Sequence[Change], names: Mapping[str, str]) -> PairFigures:
    then, now = (_mainly(shot, names) for shot in (prior, current))
    both = (set(then.values()) & set(now.values())) - {None}
    right: set[str | None] = set()
    stated = false = 0
    for change in changes:
        if not (change.groups and change.prior_groups):
            continue
        common = {now[uid] for uid in change.groups} & {then[uid] for uid in change.prior_groups} - {None}
        right |= common
        stated += 1
        false += not common
    return PairFigures(len(both), len(right & both), stated, false)


def _mainly(shot: Shot, names: Mapping[str, str]) -> dict[str, str | None]:
    """The true group that most members of each found group belong to; ``None`` where there is none."""
    lookalike_kind = _name_of_each(shot, names)
    mainly: dict[str, str | None] = {}
    for group in shot.findings.groups:
        counted = Counter(name for uid in group.members if (name := lookalike_kind[uid]) is not None)
        mainly[group.tracking_uid] = counted.most_common(1)[0][0] if counted else None
    return mainly


def _name_of_each(shot: Shot, names: Mapping[str, str]) -> dict[str, str | None]:
    return {
        one.tracking_uid: names.get(name) if name is not None else None
        for one, name in zip(shot.findings.calcifications, true_ids(shot), strict=True)
    }


def _held(change: Change, prior: Shot, current: Shot, names: Mapping[str, str]) -> Counter[str]:
    """How many members of each true group the groups of a change hold, on both days."""
    held: Counter[str] = Counter()
    for shot, uids in ((prior, change.prior_groups), (current, change.groups)):
        lookalike_kind = _name_of_each(shot, names)
        members = [
            uid for group in shot.findings.groups if group.tracking_uid in uids for uid in group.members
        ]
        held.update(name for uid in members if (name := lookalike_kind[uid]) is not None)
    return held


def _verdicts(
    changes: Sequence[Change], held: Sequence[Counter[str]], prior: Shot, current: Shot
) -> Iterable[Verdict]:
    """One verdict of every change, and one of every true group that no change tells of."""
    plans = {group.id: group.change for shot in (prior, current) for group in shot.truth.groups}
    best = {
        name: max(range(len(held)), key=lambda n: held[n][name])
        for name in plans
        if any(each[name] for each in held)
    }
    for number, (change, names) in enumerate(zip(changes, held, strict=True)):
        told_of = {name for name, count in names.items() if count >= _HELD_SHARE * names.total()}
        if not told_of:
            yield Verdict(None, change.kind)
            continue
        yield Verdict(
            true=_true_kind(told_of, plans, prior, current),
            told=change.kind,
            is_main=any(best[name] == number for name in told_of),
            is_mixed=len({_true_kind({name}, plans, prior, current) for name in told_of}) > 1,
            found=min(_found_share(shot, told_of) for shot in (prior, current)),
        )
    for name in plans.keys() - best.keys():
        yield Verdict(_true_kind({name}, plans, prior, current), None)


def _found_share(shot: Shot, names: set[str]) -> float:
    """Share of the calcifications of groups that were found; 1 where there are none."""
    members = {one.id for one in shot.truth.calcifications if one.group_id in names}
    return len(members.intersection(true_ids(shot))) / len(members) if members else 1.0


def _true_kind(names: set[str], plans: Mapping[str, PlannedChange], prior: Shot, current: Shot) -> ChangeKind:
    """Of one group, or of several that were taken for one."""
    then, now = (
        {one.id: one for one in shot.truth.calcifications if one.group_id in names}
        for shot in (prior, current)
    )
    plan = plans[next(iter(names))] if len(names) == 1 else PlannedChange.NO_SIGNIFICANT_CHANGE
    return true_kind(then, now, plan, spacing_of(current.findings))
