"""What was said against what is true: confusion matrix, F1 of each class and their mean with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcwatch_lab.bench.statistics.figures import Estimate

_RESAMPLES = 500
_ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class Answer:
    """One finding: ``true`` class, what was ``said`` (``None``: cannot tell), and the image it is of."""

    true: str
    said: str | None
    image: str


@dataclass(frozen=True, eq=False)
class Confusion:
    """``counts``: rows true, columns said, the last column "cannot tell"; ``f1`` of each class by name.

    ``macro_f1``: mean over the classes that occur, its 95 percent interval from resampling images.
    ``accuracy``: share said right. ``told``: share that was said at all.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    f1: dict[str, float]
    macro_f1: Estimate
    accuracy: float
    told: float


def confusion(answers: Sequence[Answer], classes: Sequence[str]) -> Confusion:
    """Count answers; a class that never occurs has no F1. Raises ``ValueError`` for no answers."""
    if not answers:
        raise ValueError("there is nothing to compare: no finding of known truth was made")
    place = {name: number for number, name in enumerate(classes)}
    true = np.array([place[one.true] for one in answers])
    said = np.array([len(classes) if one.said is None else place[one.said] for one in answers])
    counts = _counts(true, said, len(classes))
    scores = f1_of(counts)
    return Confusion(
        classes=tuple(classes),
        counts=counts,
        f1={name: float(scores[number]) for name, number in place.items() if np.isfinite(scores[number])},
        macro_f1=_estimate(true, said, [one.image for one in answers], len(classes)),
        accuracy=float((true == said).mean()),
        told=float((said < len(classes)).mean()),
    )


def f1_of(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class; not a number where the class never occurs."""
    square = counts[:, : len(counts)]
    right = np.diag(square).astype(np.float64)
    total = counts.sum(axis=1) + square.sum(axis=0)
    scores = np.full(len(counts), np.nan)
    occurs = counts.sum(axis=1) > 0
    scores[occurs] = 2 * right[occurs] / total[occurs]
    return scores


def _counts(true: NDArray[np.int64], said: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    counts = np.zeros((classes, classes + 1), np.int64)
    np.add.at(counts, (true, said), 1)
    return counts


def _estimate(
    true: NDArray[np.int64], said: NDArray[np.int64], images: Sequence[str], classes: int
) -> Estimate:
    names, which = np.unique(np.array(images), return_inverse=True)
    rows = [np.flatnonzero(which == number) for number in range(len(names))]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([rows[number] for number in rng.integers(0, len(rows), len(rows))])
        drawn.append(float(np.nanmean(f1_of(_counts(true[chosen], said[chosen], classes)))))
    low, high = np.percentile(drawn, _ENDS)
    return Estimate(float(np.nanmean(f1_of(_counts(true, said, classes)))), float(low), float(high))
