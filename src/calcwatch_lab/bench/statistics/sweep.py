"""Free-response curves: what share of true things is found at how many false ones, with intervals.

Images are matched once; a curve is then read off by lowering the score, and its interval by drawing patients
with replacement (2000 times, percentiles). Nothing here knows what is found or what the false are counted on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DRAWS = 2000
"""Number of times that patients are drawn for an interval."""

_SEED = 20240115
_BELOW_ALL = -0.5  # below every score, above that of what was never found
_EVERY_RANK = 500  # thresholds tried while drawing: at each of the first false ones,
_RANK_STEP = 1.005  # then at ranks half a percent apart


@dataclass(frozen=True, eq=False)
class Sweep:
    """Scores of true things (-1: never found) and of false ones, each with the number of its patient.

    ``exposure``: for each patient, what false ones are counted on (square centimeters, images).
    """

    true_scores: NDArray[np.float64]
    true_patient: NDArray[np.intp]
    false_scores: NDArray[np.float64]
    false_patient: NDArray[np.intp]
    exposure: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        patients: Sequence[str],
        true_scores: Sequence[NDArray[np.float64]],
        false_scores: Sequence[NDArray[np.float64]],
        exposure: Sequence[float],
    ) -> Sweep:
        """Pool images: one entry of each sequence an image. Patients are numbered in sorted order."""
        numbers = patient_numbers(patients)
        return cls(
            np.concatenate([np.zeros(0), *true_scores]),
            np.repeat(numbers, [len(scores) for scores in true_scores]),
            np.concatenate([np.zeros(0), *false_scores]),
            np.repeat(numbers, [len(scores) for scores in false_scores]),
            _summed(numbers, np.array(exposure, np.float64)),
        )


def patient_numbers(patients: Sequence[str]) -> NDArray[np.intp]:
    """Number the patients in sorted order; one number an entry."""
    return np.unique(np.array(patients, dtype=object), return_inverse=True)[1].astype(np.intp)


def _summed(numbers: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(numbers, values, minlength=int(numbers.max(initial=-1)) + 1), np.float64)


def draw_patients(count: int, *, draws: int = DRAWS, seed: int = _SEED) -> NDArray[np.int32]:
    """How often each of ``count`` patients is in each draw, ``draws`` x ``count``."""
    drawn = np.random.default_rng(seed).integers(0, count, (draws, count))
    counts = np.zeros((draws, count), np.int32)
    np.add.at(counts, (np.arange(draws)[:, None], drawn), 1)
    return counts


def sensitivity(sweep: Sweep, rates: Sequence[float]) -> NDArray[np.float64]:
    """Share of true things found at each rate of false ones per unit of exposure.

    The threshold is the lowest that lets at most that many false ones pass; equal scores pass together.
    ``nan`` where nothing is true.
    """
    pooled = replace(
        sweep,
        true_patient=np.zeros_like(sweep.true_patient),
        false_patient=np.zeros_like(sweep.false_patient),
        exposure=sweep.exposure.sum(keepdims=True),
    )
    levels = np.append(np.unique(sweep.false_scores)[::-1], _BELOW_ALL)
    return np.asarray(_sensitivities(pooled, rates, np.ones((1, 1), np.int32), levels)[0])


def sensitivity_interval(sweep: Sweep, rates: Sequence[float]) -> NDArray[np.float64]:
    """95 percent interval at each rate, 2 x rates, from drawing patients."""
    draws = draw_patients(len(sweep.exposure))
    return percentiles(_sensitivities(sweep, rates, draws, _levels(sweep)))


def sensitivity_difference_interval(
    sweep: Sweep, other: Sweep, rates: Sequence[float]
) -> NDArray[np.float64]:
    """95 percent interval of ``sweep`` less ``other``, the same patients drawn for both.

    Both must number the same patients alike. 2 x rates.
    """
    draws = draw_patients(len(sweep.exposure))
    ours = _sensitivities(sweep, rates, draws, _levels(sweep))
    return percentiles(ours - _sensitivities(other, rates, draws, _levels(other)))


def threshold_at(sweep: Sweep, rate: float) -> float:
    """Score above which at most ``rate`` false ones pass per unit of exposure; -inf when all may pass."""
    allowed = int(np.floor(rate * sweep.exposure.sum() + 1e-9))
    ordered = np.sort(sweep.false_scores)[::-1]
    return float(ordered[allowed]) if allowed < ordered.size else -np.inf


def at_threshold(sweep: Sweep, threshold: float) -> tuple[float, float]:
    """Share of true things found above a score, and false ones per unit of exposure there."""
    found = sweep.true_scores > max(threshold, _BELOW_ALL)
    total = float(sweep.exposure.sum())
    false = float((sweep.false_scores > threshold).sum()) / total if total else np.nan
    return (float(found.mean()) if found.size else np.nan), false


def percentiles(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """2.5th and 97.5th percentile along the first axis; ``nan`` where no draw has a value."""
    kept = np.where(np.isnan(draws).all(axis=0), 0.0, draws)
    limits = np.nanquantile(kept, [0.025, 0.975], axis=0)
    return np.asarray(np.where(np.isnan(draws).all(axis=0), np.nan, limits))


def ratio_interval(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], patients: Sequence[str]
) -> tuple[float, float]:
    """95 percent interval of sum over sum, one entry an image, by drawing patients."""
    numbers = patient_numbers(patients)
    count = int(numbers.max(initial=-1)) + 1
    if count == 0:
        return float("nan"), float("nan")
    draws = draw_patients(count)
    above = draws @ np.bincount(numbers, numerators, minlength=count)
    below = draws @ np.bincount(numbers, denominators, minlength=count)
    low, high = percentiles(np.where(below > 0, above / np.where(below > 0, below, 1), np.nan))
    return float(low), float(high)


def _levels(sweep: Sweep) -> NDArray[np.float64]:
    """Thresholds to try, falling; the last lets everything pass."""
    ordered = np.sort(sweep.false_scores)[::-1]
    further = np.geomspace(_EVERY_RANK, max(ordered.size, _EVERY_RANK), _steps(ordered.size)).astype(np.intp)
    ranks = np.union1d(np.arange(_EVERY_RANK), further)
    chosen = ordered[ranks[ranks < ordered.size]]
    return np.append(np.unique(chosen)[::-1], _BELOW_ALL)


def _steps(count: int) -> int:
    return 1 + int(np.log(max(count / _EVERY_RANK, 1)) / np.log(_RANK_STEP))


def _sensitivities(
    sweep: Sweep, rates: Sequence[float], draws: NDArray[np.int32], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sensitivity in each draw at each rate, draws x rates."""
    count, weights = len(sweep.exposure), draws.astype(np.float64)
    false = weights @ _above(sweep.false_scores, sweep.false_patient, levels, count)
    true = weights @ _above(sweep.true_scores, sweep.true_patient, levels, count)
    total = weights @ np.bincount(sweep.true_patient, minlength=count)
    allowed = np.floor(np.outer(weights @ sweep.exposure, rates) + 1e-9)
    lowest = _count_up_to(false, allowed) - 1
    found = np.take_along_axis(true, lowest, axis=1)
    return np.where(total[:, None] > 0, found / np.maximum(total, 1)[:, None], np.nan)


def _above(
    scores: NDArray[np.float64], patient: NDArray[np.intp], levels: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """How many of each patient's scores are above each level, patients x levels."""
    ordered = [np.sort(scores[patient == number]) for number in range(count)]
    return np.array([s.size - np.searchsorted(s, levels, side="right") for s in ordered], np.float64)


def _count_up_to(rising: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.intp]:
    """How many numbers of each row, which never falls, are at most each limit of that row."""
    found = [np.searchsorted(row, limit, side="right") for row, limit in zip(rising, limits, strict=True)]
    return np.array(found, np.intp)
