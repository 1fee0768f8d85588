"""Predicted classes against true ones: confusion matrix, F1 of each class, their mean with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calcwatch_lab.bench.statistics.intervals import Estimate
from calcwatch_lab.seeds import F1_DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_RESAMPLES = 500  # draws of images: F1 over 15 classes takes longer than a ratio
_ENDS = (2.5, 97.5)  # percentiles


class Classified(NamedTuple):
    """One finding of known class.

    Attributes:
        true: Its class.
        predicted: The class that was predicted; ``None``: it cannot be told.
        image: Name of the image it is of.

    """

    true: str
    predicted: str | None
    image: str


@dataclass(frozen=True, eq=False)
class Confusion:
    """Predicted against true classes.

    Attributes:
        classes: The classes in the order of rows and columns.
        counts: Rows true, columns predicted, the last column "cannot tell".
        f1: F1 of each class that occurs, by name.
        macro_f1: Mean over the classes that occur; its interval from resampling images.
        accuracy: Share of all findings that is predicted right.
        share_classified: Share of all findings for which a class is predicted at all.

    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    f1: dict[str, float]
    macro_f1: Estimate
    accuracy: float
    share_classified: float


def confusion(findings: Sequence[Classified], classes: Sequence[str]) -> Confusion:
    """Count predictions.

    Args:
        findings: Findings of known class.
        classes: All classes in order.

    Returns:
        The confusion matrix with its figures; a class that never occurs has no F1.

    Raises:
        ValueError: There is no finding.

    """
    if not findings:
        raise ValueError("there is nothing to compare: no finding of known truth was made")
    place = {name: number for number, name in enumerate(classes)}
    true = np.array([place[finding.true] for finding in findings])
    predicted = np.array(
        [len(classes) if finding.predicted is None else place[finding.predicted] for finding in findings]
    )
    counts = _counts(true, predicted, len(classes))
    scores = f1_of(counts)
    return Confusion(
        classes=tuple(classes),
        counts=counts,
        f1={name: float(scores[number]) for name, number in place.items() if np.isfinite(scores[number])},
        macro_f1=_macro_f1(true, predicted, [finding.image for finding in findings], len(classes)),
        accuracy=float((true == predicted).mean()),
        share_classified=float((predicted < len(classes)).mean()),
    )


def f1_of(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class: harmonic mean of precision and recall.

    Args:
        counts: Rows true, columns predicted, the last column "cannot tell".

    Returns:
        A figure a class; ``nan`` where the class never occurs.

    """
    # Without the last column: "cannot tell" is nobody's precision, but lowers recall through the rows.
    square = counts[:, : len(counts)]
    right = np.diag(square).astype(np.float64)
    total = counts.sum(axis=1) + square.sum(axis=0)
    scores = np.full(len(counts), np.nan)
    # A class that no finding truly has cannot have an F1, and would pull the mean to 0.
    occurs = counts.sum(axis=1) > 0
    scores[occurs] = 2 * right[occurs] / total[occurs]
    return scores


def _counts(true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    counts = np.zeros((classes, classes + 1), np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


def _macro_f1(
    true: NDArray[np.int64], predicted: NDArray[np.int64], images: Sequence[str], classes: int
) -> Estimate:
    names, which = np.unique(np.array(images), return_inverse=True)
    rows = [np.flatnonzero(which == number) for number in range(len(names))]
    rng = np.random.default_rng(F1_DRAWS)
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([rows[number] for number in rng.integers(0, len(rows), len(rows))])
        # Classes that a draw happens to lack are left out of its mean.
        drawn.append(float(np.nanmean(f1_of(_counts(true[chosen], predicted[chosen], classes)))))
    low, high = np.percentile(drawn, _ENDS)
    return Estimate(float(np.nanmean(f1_of(_counts(true, predicted, classes)))), float(low), float(high))
