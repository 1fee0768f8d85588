"""Area under the ROC curve and its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from calcwatch_lab.bench.statistics.intervals import DRAWS, ENDS, Estimate
from calcwatch_lab.seeds import AREA_DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, by the statistic of Mann and Whitney (Hanley, Radiology 143:29, 1982).

    Args:
        scores: A score each.
        positive: Whether each is positive.

    Returns:
        The share of pairs that the scores put in order, ties counting half; ``nan`` when one kind is missing.

    """
    count = int(positive.sum())
    if count in (0, positive.size):
        return math.nan
    # Ranks with ties at their mean: equal scores count as half right.
    excess = rankdata(scores)[positive].sum() - count * (count + 1) / 2
    return float(excess / (count * (positive.size - count)))


def area_estimate(
    scores: NDArray[np.float64],
    positive: NDArray[np.bool_],
    patients: Sequence[str],
    *,
    seed: int = AREA_DRAWS,
) -> Estimate:
    """Area under the ROC curve with its interval from drawing patients.

    Args:
        scores: A score each.
        positive: Whether each is positive.
        patients: The patient of each.
        seed: Seed of the draws.

    Returns:
        The area; ``nan`` without an interval when one kind is missing.

    """
    value = area_under_curve(scores, positive)
    if math.isnan(value):
        return Estimate(value)
    names = sorted(set(patients))
    rows = [np.flatnonzero(np.array(patients) == name) for name in names]
    rng = np.random.default_rng(seed)
    areas = []
    for _ in range(DRAWS):
        drawn = np.concatenate([rows[i] for i in rng.integers(0, len(names), len(names))])
        areas.append(area_under_curve(scores[drawn], positive[drawn]))
    # A draw of only positives or only negatives has no area.
    low, high = np.nanquantile(areas, ENDS)
    return Estimate(value, float(low), float(high))
