"""From judged breasts to shares with their intervals, which come from drawing breasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from calcwatch.domain.change import ChangeKind
from calcwatch_lab.bench.changes.changes import Judged
from calcwatch_lab.bench.changes.verdicts import Verdict
from calcwatch_lab.bench.statistics.figures import Estimate
from calcwatch_lab.bench.statistics.sweep import draw_patients, percentiles, ratio_interval

KINDS = (
    ChangeKind.NEW,
    ChangeKind.INCREASED_IN_NUMBER,
    ChangeKind.INCREASED_IN_EXTENT,
    ChangeKind.INCREASED_IN_SIZE,
    ChangeKind.SHAPE_CHANGED,
    ChangeKind.NO_SIGNIFICANT_CHANGE,
    ChangeKind.DECREASED,
    ChangeKind.PARTIALLY_REMOVED,
    ChangeKind.RESOLVED,
)
"""Everything that may be said of a group, but that it is not comparable."""

_WELL_FOUND = 0.5


@dataclass(frozen=True)
class Share:
    """``part`` of ``whole`` with its 95 percent interval."""

    part: int
    whole: int
    estimate: Estimate

    def words(self) -> str:
        """For example ``0.95 (0.91 to 0.98), 95 of 100``."""
        if not self.whole:
            return "–"
        one = self.estimate
        return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f}), {self.part} of {self.whole}"


@dataclass(frozen=True)
class KindFigures:
    """``recall``: of all planned groups. ``well_found``: of those at least half found each day."""

    recall: Share
    well_found: Share
    precision: Share


def share(judged: Sequence[Judged], count: Callable[[Judged], tuple[int, int]]) -> Share:
    """Add up part and whole of every breast."""
    counts = np.array([count(one) for one in judged], np.float64).reshape(-1, 2)
    part, whole = counts.sum(axis=0)
    low, high = ratio_interval(counts[:, 0], counts[:, 1], [str(one.seed) for one in judged])
    value = float(part / whole) if whole else float("nan")
    return Share(int(part), int(whole), Estimate(value, low, high))


def linked_shares(judged: Sequence[Judged], what: str) -> tuple[Share, Share]:
    """Share of links found right, and share of the stated ones that are false; ``specks`` or ``groups``."""

    def right(one: Judged) -> tuple[int, int]:
        links = [getattr(pair, what) for pair in one.pairs]
        return sum(link.right for link in links), sum(link.both for link in links)

    def false(one: Judged) -> tuple[int, int]:
        links = [getattr(pair, what) for pair in one.pairs]
        return sum(link.false for link in links), sum(link.stated for link in links)

    return share(judged, right), share(judged, false)


def error_mm(judged: Sequence[Judged], quantile: float) -> Estimate:
    """A quantile of the error of the alignment at all true calcifications that are on both days."""
    each = [np.array([error for pair in one.pairs for error in pair.errors_mm]) for one in judged]
    counted = [errors for errors in each if errors.size]
    if not counted:
        return Estimate(float("nan"))
    drawn = [
        float(
            np.quantile(
                np.concatenate([np.tile(e, n) for e, n in zip(counted, times, strict=True)]), quantile
            )
        )
        for times in draw_patients(len(counted), draws=200)
    ]
    low, high = percentiles(np.array(drawn)[:, None])[:, 0]
    return Estimate(float(np.quantile(np.concatenate(counted), quantile)), float(low), float(high))


def kind_figures(judged: Sequence[Judged], kind: ChangeKind) -> KindFigures:
    """How often a kind is told where it is true, and true where it is told."""

    def recall(one: Judged, least: float = 0.0) -> tuple[int, int]:
        mine = [v for v in _main(one) if v.true is kind and v.found >= least]
        return sum(v.told is kind for v in mine), len(mine)

    def precision(one: Judged) -> tuple[int, int]:
        told = [v for v in _each(one) if v.told is kind and not _says_nothing(v)]
        return sum(v.true is kind for v in told), len(told)

    return KindFigures(
        share(judged, recall), share(judged, partial(recall, least=_WELL_FOUND)), share(judged, precision)
    )


def _says_nothing(verdict: Verdict) -> bool:
    """Noise that was there on both days, or a piece of a group, is rightly called unchanged."""
    return verdict.told is ChangeKind.NO_SIGNIFICANT_CHANGE and (verdict.true is None or not verdict.is_main)


def _each(one: Judged) -> Iterator[Verdict]:
    return (verdict for pair in one.pairs for verdict in pair.verdicts if not verdict.is_mixed)


def _main(one: Judged) -> Iterator[Verdict]:
    return (verdict for verdict in _each(one) if verdict.is_main)


def told_instead(judged: Sequence[Judged], kind: ChangeKind) -> Counter[str]:
    """What was said where a kind is true, but something else was said."""
    verdicts = (v for one in judged for v in _main(one) if v.true is kind and v.told is not kind)
    return Counter("nothing found" if v.told is None else v.told.value for v in verdicts)


def mixed_count(judged: Sequence[Judged]) -> int:
    """Groups with different changes that lie over each other and were taken for one."""
    return sum(verdict.is_mixed for one in judged for pair in one.pairs for verdict in pair.verdicts)


def unchanged(judged: Sequence[Judged]) -> Share:
    """The null test: share of groups of an image disturbed that are called unchanged."""
    return share(
        judged, lambda one: (sum(k is ChangeKind.NO_SIGNIFICANT_CHANGE for k in one.null), len(one.null))
    )


def comparable(judged: Sequence[Judged]) -> Share:
    """Share of pairs with their true prior that are compared."""
    return share(judged, lambda one: (sum(pair.comparable for pair in one.pairs), len(one.pairs)))


def refused(judged: Sequence[Judged], kind: str) -> Counter[str]:
    """How well priors that do not belong were said to fit."""
    return Counter(r.alignment.value for one in judged for r in one.refusals if r.kind == kind)
