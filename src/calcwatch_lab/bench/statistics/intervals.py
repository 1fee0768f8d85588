"""Intervals from drawing patients with replacement, the same way for every figure.

All images of a patient are drawn together, since they are alike; 2000 draws, percentiles 2.5 and 97.5
(Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). With few patients they are too
narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calcwatch_lab.seeds import PATIENT_DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DRAWS = 2000
"""Number of times that patients are drawn for an interval."""

ENDS = (0.025, 0.975)
"""Quantiles between which 95 percent of the draws lie."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 percent interval.

    Attributes:
        value: The figure; ``nan`` where it cannot be told.
        low: Lower end of the interval; ``nan`` without one.
        high: Upper end of the interval; ``nan`` without one.

    """

    value: float
    low: float = math.nan
    high: float = math.nan


class Proportion(NamedTuple):
    """A part of a whole, both counted, with their ratio.

    Attributes:
        part: Number of those that count.
        whole: Number of all.
        ratio: Part over whole with its interval; ``nan`` of nothing.

    """

    part: int
    whole: int
    ratio: Estimate


def draw_patients(count: int, *, draws: int = DRAWS, seed: int = PATIENT_DRAWS) -> NDArray[np.int32]:
    """Draw patients with replacement.

    Args:
        count: Number of patients.
        draws: Number of draws.
        seed: Seed of the draws.

    Returns:
        How often each patient is in each draw, draws x patients; every row adds to ``count``.

    """
    drawn = np.random.default_rng(seed).integers(0, count, (draws, count))
    counts = np.zeros((draws, count), np.int32)
    # add.at, because a patient may be drawn several times in a draw, which += would count once.
    np.add.at(counts, (np.arange(draws)[:, None], drawn), 1)
    return counts


def patient_numbers(patients: Sequence[str]) -> NDArray[np.intp]:
    """Number the patients in sorted order.

    Args:
        patients: The patient of each entry.

    Returns:
        The number of each entry's patient, from 0.

    """
    return np.unique(np.array(patients, dtype=object), return_inverse=True)[1].astype(np.intp)


def percentiles(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Limits of the 95 percent interval of draws.

    Args:
        draws: A figure of each draw along the first axis; ``nan`` where a draw has none.

    Returns:
        2.5th and 97.5th percentile, 2 x the other axes; ``nan`` where no draw has a figure.

    """
    # nanquantile warns of columns without a number; they are put back to nan below.
    kept = np.where(np.isnan(draws).all(axis=0), 0.0, draws)
    limits = np.nanquantile(kept, ENDS, axis=0)
    return np.asarray(np.where(np.isnan(draws).all(axis=0), np.nan, limits))


def ratio_interval(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], patients: Sequence[str]
) -> tuple[float, float]:
    """Interval of a sum over a sum.

    Args:
        numerators: What each entry adds above.
        denominators: What it adds below.
        patients: Its patient.

    Returns:
        Lower and upper end; ``nan`` without entries.

    """
    numbers = patient_numbers(patients)
    count = int(numbers.max(initial=-1)) + 1
    if count == 0:
        return math.nan, math.nan
    draws = draw_patients(count)
    above = draws @ np.bincount(numbers, numerators, minlength=count)
    below = draws @ np.bincount(numbers, denominators, minlength=count)
    # A draw in which nobody counts has no ratio and no say in the interval.
    low, high = percentiles(np.where(below > 0, above / np.where(below > 0, below, 1), np.nan))
    return float(low), float(high)


def proportion(counts: Sequence[tuple[int, int]], patients: Sequence[str]) -> Proportion:
    """Pool counts of patients.

    Args:
        counts: Part and whole of each entry.
        patients: Its patient.

    Returns:
        Part, whole and their ratio with its interval.

    """
    array = np.array(counts, np.float64).reshape(-1, 2)
    part, whole = array.sum(axis=0)
    low, high = ratio_interval(array[:, 0], array[:, 1], patients)
    value = float(part / whole) if whole else math.nan
    return Proportion(int(part), int(whole), Estimate(value, low, high))


def mean(values: Sequence[NDArray[np.float64]], patients: Sequence[str]) -> Estimate:
    """Mean of all values with its interval.

    Args:
        values: The values of each entry, any number of them.
        patients: Its patient.

    Returns:
        The mean; ``nan`` of no values.

    """
    total = np.array([part.sum() for part in values], np.float64)
    count = np.array([part.size for part in values], np.float64)
    if not count.sum():
        return Estimate(math.nan)
    return Estimate(float(total.sum() / count.sum()), *ratio_interval(total, count, patients))
