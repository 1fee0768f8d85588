"""From measured breasts to shares with their intervals, which come from drawing breasts."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.change import ChangeKind
from calcwatch_lab.bench.description.pairs import PairCounts
from calcwatch_lab.bench.statistics.intervals import (
    Estimate,
    Proportion,
    draw_patients,
    percentiles,
    proportion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from calcwatch_lab.bench.changes.evaluate import ChangeResult, PairResult
    from calcwatch_lab.bench.changes.measure import BreastResult

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

_WELL_FOUND = 0.5  # share of a group's calcifications found each day: the comparison has enough to go by
_QUANTILE_DRAWS = 200  # draws of breasts for a quantile, which takes longer than a ratio


def linked_shares(
    breasts: Sequence[BreastResult], counts_of: Callable[[PairResult], PairCounts]
) -> tuple[Proportion, Proportion]:
    """Share of links found right, and share of the stated ones that are false.

    Args:
        breasts: Measured breasts.
        counts_of: Which links of a pair count: those of calcifications or of groups.

    Returns:
        Both proportions.

    """
    counts = [[counts_of(pair) for pair in breast.pairs] for breast in breasts]
    totals = [sum(own, PairCounts()) for own in counts]
    names = _names(breasts)
    return (
        proportion([(total.right, total.both) for total in totals], names),
        proportion([(total.false, total.stated) for total in totals], names),
    )


def error_mm(breasts: Sequence[BreastResult], quantile: float) -> Estimate:
    """A quantile of the error of the alignment at all true calcifications that are on both days.

    Args:
        breasts: Measured breasts.
        quantile: Which, 0 to 1.

    Returns:
        The error in mm; ``nan`` where no calcification is on both days.

    """
    errors = [np.array([error for pair in breast.pairs for error in pair.errors_mm]) for breast in breasts]
    known = [own for own in errors if own.size]
    if not known:
        return Estimate(math.nan)
    drawn = []
    # A quantile is no ratio of sums, so each draw has to be put together in full.
    for times in draw_patients(len(known), draws=_QUANTILE_DRAWS):
        repeated = [np.tile(own, n) for own, n in zip(known, times, strict=True)]
        drawn.append(float(np.quantile(np.concatenate(repeated), quantile)))
    low, high = percentiles(np.array(drawn)[:, None])[:, 0]
    return Estimate(float(np.quantile(np.concatenate(known), quantile)), float(low), float(high))


def kind_figures(breasts: Sequence[BreastResult], kind: ChangeKind) -> dict[str, Proportion]:
    """How often a change is said where it is true, and true where it is said.

    Args:
        breasts: Measured breasts.
        kind: The change.

    Returns:
        ``recall`` of all planned groups; ``well_found``: of those at least half found each day;
        ``precision``.

    """

    def recall(breast: BreastResult, least: float) -> tuple[int, int]:
        own = [result for result in _main(breast) if result.true is kind and result.found >= least]
        return sum(result.predicted is kind for result in own), len(own)

    def precision(breast: BreastResult) -> tuple[int, int]:
        own = [
            result for result in _unmixed(breast) if result.predicted is kind and not _says_nothing(result)
        ]
        return sum(result.true is kind for result in own), len(own)

    names = _names(breasts)
    return {
        "recall": proportion([recall(breast, 0.0) for breast in breasts], names),
        "well_found": proportion([recall(breast, _WELL_FOUND) for breast in breasts], names),
        "precision": proportion([precision(breast) for breast in breasts], names),
    }


def said_instead(breasts: Sequence[BreastResult], kind: ChangeKind) -> Counter[str]:
    """Count what was said where a change is true, but another was said.

    Args:
        breasts: Measured breasts.
        kind: The true change.

    Returns:
        How often each change was said, and "nothing found".

    """
    wrong = (
        result
        for breast in breasts
        for result in _main(breast)
        if result.true is kind and result.predicted is not kind
    )
    return Counter(
        "nothing found" if result.predicted is None else result.predicted.value for result in wrong
    )


def mixed_count(breasts: Sequence[BreastResult]) -> int:
    """Count groups with different changes that lie over each other and were taken for one.

    Args:
        breasts: Measured breasts.

    Returns:
        Their number.

    """
    return sum(result.is_mixed for breast in breasts for pair in breast.pairs for result in pair.changes)


def unchanged(breasts: Sequence[BreastResult]) -> Proportion:
    """The null test: share of groups of an image disturbed that are called unchanged.

    Args:
        breasts: Measured breasts.

    Returns:
        The proportion.

    """
    counts = [
        (sum(kind is ChangeKind.NO_SIGNIFICANT_CHANGE for kind in breast.null), len(breast.null))
        for breast in breasts
    ]
    return proportion(counts, _names(breasts))


def comparable(breasts: Sequence[BreastResult]) -> Proportion:
    """Share of pairs with their true prior that are compared.

    Args:
        breasts: Measured breasts.

    Returns:
        The proportion.

    """
    counts = [(sum(pair.comparable for pair in breast.pairs), len(breast.pairs)) for breast in breasts]
    return proportion(counts, _names(breasts))


def refused(breasts: Sequence[BreastResult], kind: str) -> Counter[str]:
    """Count how well priors that do not belong were said to fit.

    Args:
        breasts: Measured breasts.
        kind: Kind of prior.

    Returns:
        How often each alignment was said.

    """
    return Counter(alignment.value for breast in breasts for own, alignment in breast.refusals if own == kind)


def _names(breasts: Sequence[BreastResult]) -> list[str]:
    return [str(breast.seed) for breast in breasts]


def _says_nothing(result: ChangeResult) -> bool:
    """Noise that was there on both days, or a piece of a group, is rightly called unchanged."""
    unchanged = result.predicted is ChangeKind.NO_SIGNIFICANT_CHANGE
    return unchanged and (result.true is None or not result.is_main)


def _unmixed(breast: BreastResult) -> Iterator[ChangeResult]:
    return (result for pair in breast.pairs for result in pair.changes if not result.is_mixed)


def _main(breast: BreastResult) -> Iterator[ChangeResult]:
    return (result for result in _unmixed(breast) if result.is_main)
