"""Whether a score of 0.8 means that eight of ten are real (Guo et al., ICML 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch_lab.bench.statistics.intervals import Estimate, draw_patients, patient_numbers, percentiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BINS = 10
"""Bins of a reliability curve, as is usual."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Marks in bins of their scores.

    Attributes:
        count: Number of marks of each bin.
        score: Their mean score, ``nan`` of none.
        share: The share of them that is real, ``nan`` of none.

    """

    count: NDArray[np.float64]
    score: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean difference of score and share, weighted by the number of marks."""
        return float(np.nansum(self.count * np.abs(self.score - self.share)) / max(self.count.sum(), 1))


def equal_width(bins: int = BINS) -> NDArray[np.float64]:
    """Edges of bins of one width.

    Args:
        bins: Number of bins.

    Returns:
        ``bins`` + 1 edges from 0 to 1.

    """
    return np.linspace(0, 1, bins + 1)


def equal_count(scores: NDArray[np.float64], bins: int = BINS) -> NDArray[np.float64]:
    """Edges of bins that hold about as many marks each.

    Args:
        scores: Score of each mark.
        bins: Number of bins; fewer come out where scores repeat.

    Returns:
        Rising edges; those of ``equal_width`` without marks.

    """
    if not scores.size:
        return equal_width(bins)
    # Many equal scores give equal edges; bins without width are dropped.
    return np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)))


def reliability(
    scores: NDArray[np.float64], real: NDArray[np.bool_], edges: NDArray[np.float64]
) -> Reliability:
    """Put marks into bins.

    Args:
        scores: Score of each mark.
        real: Whether each is real.
        edges: Edges of the bins; the last bin holds its upper edge, so that every score of 1 has one.

    Returns:
        The reliability curve.

    """
    places, bins = _places(scores, edges), max(len(edges) - 1, 1)
    count, score, share = (
        np.bincount(places, np.asarray(values, np.float64), minlength=bins).astype(np.float64)
        for values in (np.ones(len(scores)), scores, real)
    )
    # An empty bin has no share; as 0 it would count as an error.
    filled = np.where(count > 0, count, np.nan)
    return Reliability(count, score / filled, share / filled)


def expected_error(
    scores: NDArray[np.float64],
    real: NDArray[np.bool_],
    edges: NDArray[np.float64],
    patients: Sequence[str],
) -> Estimate:
    """Expected calibration error with its interval.

    Args:
        scores: Score of each mark.
        real: Whether each is real.
        edges: Edges of the bins.
        patients: The patient of each mark.

    Returns:
        The error, its interval from drawing patients; without an interval where there are no marks.

    """
    value = reliability(scores, real, edges).expected_error
    if not len(scores):
        return Estimate(value)
    numbers = patient_numbers(patients)
    count = int(numbers.max()) + 1
    draws, places = draw_patients(count), _places(scores, edges)
    bins = len(edges) - 1
    excess, total = (
        # Counted once by patient and bin; every draw is then a product instead of a new count.
        draws @ np.bincount(numbers * bins + places, values, minlength=count * bins).reshape(count, bins)
        for values in (scores - real, np.ones(len(scores)))
    )
    low, high = percentiles(np.abs(excess).sum(axis=1) / np.maximum(total.sum(axis=1), 1))
    return Estimate(value, float(low), float(high))


def brier(scores: NDArray[np.float64], real: NDArray[np.bool_]) -> float:
    """Mean squared difference of score and outcome (Brier, Mon Weather Rev 78:1, 1950).

    Args:
        scores: Score of each mark.
        real: Whether each is real.

    Returns:
        0 is perfect; ``nan`` without marks.

    """
    return float(np.mean((scores - real) ** 2)) if len(scores) else math.nan


def _places(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of each score's bin."""
    # The last edge belongs to the last bin: a score of exactly 1 has a place.
    return np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, max(len(edges) - 2, 0))
