"""Free-response curves: the share of true findings that is reported at each rate of false positives.

Marks are matched once (:mod:`matching`); a curve is then read off by lowering the threshold on the score, and
its interval by drawing patients (free-response ROC: Chakraborty, Med Phys 16:561, 1989). Nothing here knows
what is found or what false positives are counted on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch_lab.bench.statistics.intervals import Estimate, draw_patients, patient_numbers, percentiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEVER = -1.0
"""In place of a score: this true finding was reported at no threshold."""

_BELOW_ALL = -0.5  # a threshold below every score, above that of what was never found
_EVERY_RANK = 500  # thresholds tried while drawing: at each of the first false positives,
_RANK_STEP = 1.005  # then at ranks half a percent apart, which moves an interval by less than 0.01
_ROUNDING = 1e-9  # a count that is allowed exactly is allowed, however numbers are rounded


@dataclass(frozen=True, eq=False)
class FreeResponse:
    """Scores of true findings and of false positives, pooled over images.

    Attributes:
        true_scores: Highest score that matched each true finding, ``NEVER`` where none did.
        true_patient: Number of its patient.
        false_scores: Score of each false positive.
        false_patient: Number of its patient.
        exposure: What false positives are counted on (square centimeters, images), by number of patient.

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
    ) -> FreeResponse:
        """Pool images.

        Args:
            patients: The patient of each image.
            true_scores: Scores of the true findings of each image.
            false_scores: Scores of its false positives.
            exposure: What false positives are counted on there.

        Returns:
            All of them, patients numbered in sorted order.

        """
        numbers = patient_numbers(patients)
        count = int(numbers.max(initial=-1)) + 1
        return cls(
            np.concatenate([np.zeros(0), *true_scores]),
            np.repeat(numbers, [len(scores) for scores in true_scores]),
            np.concatenate([np.zeros(0), *false_scores]),
            np.repeat(numbers, [len(scores) for scores in false_scores]),
            np.bincount(numbers, np.array(exposure, np.float64), minlength=count).astype(np.float64),
        )


def sensitivity(response: FreeResponse, rates: Sequence[float]) -> NDArray[np.float64]:
    """Share of true findings reported at each rate of false positives.

    The operating point is the lowest threshold that lets at most that many false positives pass; equal scores
    pass together.

    Args:
        response: Scores.
        rates: False positives per unit of exposure.

    Returns:
        A share for each rate; ``nan`` where nothing is true.

    """
    pooled = replace(
        response,
        # The same computation as for a draw, with all patients taken for a single patient.
        true_patient=np.zeros_like(response.true_patient),
        false_patient=np.zeros_like(response.false_patient),
        exposure=response.exposure.sum(keepdims=True),
    )
    # Only at false scores does the rate change; between them a lower threshold can only find more.
    thresholds = np.append(np.unique(response.false_scores)[::-1], _BELOW_ALL)
    return np.asarray(_sensitivities(pooled, rates, np.ones((1, 1), np.int32), thresholds)[0])


def sensitivity_interval(response: FreeResponse, rates: Sequence[float]) -> NDArray[np.float64]:
    """95 percent interval of the sensitivity; each draw has its own operating point.

    Args:
        response: Scores.
        rates: False positives per unit of exposure.

    Returns:
        Lower and upper end, 2 x rates.

    """
    draws = draw_patients(len(response.exposure))
    return percentiles(_sensitivities(response, rates, draws, _thresholds(response)))


def sensitivity_estimates(response: FreeResponse, rates: Sequence[float]) -> tuple[Estimate, ...]:
    """Sensitivity with its interval.

    Args:
        response: Scores.
        rates: False positives per unit of exposure.

    Returns:
        One estimate a rate.

    """
    low, high = sensitivity_interval(response, rates)
    return tuple(
        Estimate(float(value), float(lower), float(upper))
        for value, lower, upper in zip(sensitivity(response, rates), low, high, strict=True)
    )


def sensitivity_difference(response: FreeResponse, other: FreeResponse, rate: float) -> Estimate:
    """Sensitivity less that of another detector or imaging, the same patients drawn for both.

    Args:
        response: Scores.
        other: Scores of the same patients.
        rate: False positives per unit of exposure; each has its own threshold there.

    Returns:
        The difference with the interval of the paired difference.

    """
    value = sensitivity(response, [rate]) - sensitivity(other, [rate])
    draws = draw_patients(len(response.exposure))
    own = _sensitivities(response, [rate], draws, _thresholds(response))
    low, high = percentiles(own - _sensitivities(other, [rate], draws, _thresholds(other)))
    return Estimate(float(value[0]), float(low[0]), float(high[0]))


def threshold_at(response: FreeResponse, rate: float) -> float:
    """Threshold of the operating point at a rate of false positives.

    Args:
        response: Scores.
        rate: False positives per unit of exposure.

    Returns:
        The score above which at most that many pass; ``-inf`` when all may.

    """
    allowed = int(np.floor(rate * response.exposure.sum() + _ROUNDING))
    ordered = np.sort(response.false_scores)[::-1]
    # The score of the first false positive that is not allowed; only higher scores pass.
    return float(ordered[allowed]) if allowed < ordered.size else -np.inf


def at_threshold(response: FreeResponse, threshold: float) -> tuple[float, float]:
    """Operating point at a threshold.

    Args:
        response: Scores.
        threshold: Scores above it pass.

    Returns:
        Sensitivity, and false positives per unit of exposure; ``nan`` where there is nothing to count on.

    """
    reported = matched_above(response.true_scores, threshold)
    total = float(response.exposure.sum())
    rate = float((response.false_scores > threshold).sum()) / total if total else np.nan
    return (float(reported.mean()) if reported.size else np.nan), rate


def matched_above(true_scores: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Which true findings are reported at a threshold.

    Args:
        true_scores: Score of each, ``NEVER`` where none.
        threshold: Scores above it pass; ``-inf`` lets all pass.

    Returns:
        Whether each is reported.

    """
    return np.asarray(true_scores > max(threshold, _BELOW_ALL))


def _thresholds(response: FreeResponse) -> NDArray[np.float64]:
    """Thresholds to try, falling; the last lets everything pass."""
    ordered = np.sort(response.false_scores)[::-1]
    steps = 1 + int(np.log(max(ordered.size / _EVERY_RANK, 1)) / np.log(_RANK_STEP))
    further = np.geomspace(_EVERY_RANK, max(ordered.size, _EVERY_RANK), steps).astype(np.intp)
    ranks = np.union1d(np.arange(_EVERY_RANK), further)
    return np.append(np.unique(ordered[ranks[ranks < ordered.size]])[::-1], _BELOW_ALL)


def _sensitivities(
    response: FreeResponse,
    rates: Sequence[float],
    draws: NDArray[np.int32],
    thresholds: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sensitivity in each draw at each rate, draws x rates."""
    count, weights = len(response.exposure), draws.astype(np.float64)
    false = weights @ _above(response.false_scores, response.false_patient, thresholds, count)
    true = weights @ _above(response.true_scores, response.true_patient, thresholds, count)
    total = weights @ np.bincount(response.true_patient, minlength=count)
    allowed = np.floor(np.outer(weights @ response.exposure, rates) + _ROUNDING)
    # False positives only grow as the threshold falls: the last one allowed is found by bisection.
    passing = [np.searchsorted(row, limit, side="right") for row, limit in zip(false, allowed, strict=True)]
    # passing is at least 1: at the first threshold, the highest false score itself, none passes.
    reported = np.take_along_axis(true, np.array(passing, np.intp) - 1, axis=1)
    return np.where(total[:, None] > 0, reported / np.maximum(total, 1)[:, None], np.nan)


def _above(
    scores: NDArray[np.float64], patient: NDArray[np.intp], thresholds: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """How many of each patient's scores are above each threshold, patients x thresholds."""
    ordered = [np.sort(scores[patient == number]) for number in range(count)]
    return np.array(
        [own.size - np.searchsorted(own, thresholds, side="right") for own in ordered], np.float64
    )
