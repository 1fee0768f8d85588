"""Whether a score of 0.8 means that eight of ten are real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch_lab.bench.statistics.sweep import draw_patients, patient_numbers, percentiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BINS = 10
"""Bins of a reliability curve."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of scores: how many marks, their mean score, and the share that is real (``nan`` when empty)."""

    count: NDArray[np.float64]
    score: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean difference of score and share, weighted by the number of marks."""
        return float(np.nansum(self.count * np.abs(self.score - self.share)) / max(self.count.sum(), 1))


def equal_width(bins: int = BINS) -> NDArray[np.float64]:
    """Edges of bins of one width from 0 to 1."""
    return np.linspace(0, 1, bins + 1)


def equal_count(scores: NDArray[np.float64], bins: int = BINS) -> NDArray[np.float64]:
    """Edges of bins that hold about as many marks each; fewer bins where scores repeat."""
    if not scores.size:
        return equal_width(bins)
    return np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)))


def reliability(
    scores: NDArray[np.float64], real: NDArray[np.bool_], edges: NDArray[np.float64]
) -> Reliability:
    """Bin the marks; the last bin holds its upper edge, so does every score of 1."""
    count, score, share = (_binned(scores, values, edges) for values in (np.ones(len(scores)), scores, real))
    filled = np.where(count > 0, count, np.nan)
    return Reliability(count, score / filled, share / filled)


def expected_error_interval(
    scores: NDArray[np.float64],
    real: NDArray[np.bool_],
    edges: NDArray[np.float64],
    patients: Sequence[str],
) -> tuple[float, float]:
    """95 percent interval of the expected calibration error; ``patients``: one entry a mark."""
    if not len(scores):
        return float("nan"), float("nan")
    numbers = patient_numbers(patients)
    count = int(numbers.max()) + 1
    draws, place = draw_patients(count), _places(scores, edges)
    bins = len(edges) - 1
    excess, total = (
        draws @ np.bincount(numbers * bins + place, values, minlength=count * bins).reshape(count, bins)
        for values in (scores - real, np.ones(len(scores)))
    )
    low, high = percentiles(np.abs(excess).sum(axis=1) / np.maximum(total.sum(axis=1), 1))
    return float(low), float(high)


def brier(scores: NDArray[np.float64], real: NDArray[np.bool_]) -> float:
    """Mean squared difference of score and outcome (Brier, Mon Weather Rev 78:1, 1950); 0 is perfect."""
    return float(np.mean((scores - real) ** 2)) if len(scores) else float("nan")


def _places(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, max(len(edges) - 2, 0))


def _binned(
    scores: NDArray[np.float64], values: NDArray[np.generic], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    bins = max(len(edges) - 1, 1)
    counts = np.bincount(_places(scores, edges), np.asarray(values, np.float64), minlength=bins)
    return np.asarray(counts, np.float64)
