"""What a change of the imaging costs: the same phantoms, the same calcifications, one thing different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcwatch_lab.bench.detection.judge import Judged
from calcwatch_lab.bench.statistics.figures import USUAL_RATE, Estimate, Image
from calcwatch_lab.bench.statistics.sweep import (
    Sweep,
    at_threshold,
    sensitivity,
    sensitivity_difference_interval,
    sensitivity_interval,
    threshold_at,
)
from calcwatch_lab.bench.truth.truth import APART_PX, ROSE


@dataclass(frozen=True)
class ShiftFigures:
    """One shift against the reference, at 0.4 false marks per cm2, each at its own threshold.

    ``count``: calcifications visible in the reference; ``sensitivity`` for these, ``loss`` against the
    reference in points (100 is all). ``both_count``, ``both_loss``: for those visible under both and three
    pixels from the next, which a coarser pixel or a lower dose has neither hidden nor run together.
    ``kept_threshold``: sensitivity for the first and false marks per cm2 when the threshold of the reference
    is kept.
    """

    name: str
    kind: str
    count: int
    sensitivity: Estimate
    loss: Estimate
    both_count: int
    both_loss: Estimate
    kept_threshold: tuple[float, float]


def shift_figures(name: str, kind: str, reference: Sequence[Image], shifted: Sequence[Image]) -> ShiftFigures:
    """Compare two sets of images of the same patients, in the same order.

    Raises ``ValueError`` when they are not of the same patients.
    """
    if [one.patient for one in reference] != [one.patient for one in shifted]:
        raise ValueError(f"the images of {name!r} are not of the patients of the reference")
    pairs = list(zip(reference, shifted, strict=True))
    first = [_visible(one.judged) & _named(other.judged) for one, other in pairs]
    both = [
        names & _visible(other.judged) & _single(one.judged) & _single(other.judged)
        for names, (one, other) in zip(first, pairs, strict=True)
    ]
    before, after = _sweep(reference, first), _sweep(shifted, first)
    low, high = sensitivity_interval(after, [USUAL_RATE])[:, 0]
    return ShiftFigures(
        name=name,
        kind=kind,
        count=after.true_scores.size,
        sensitivity=Estimate(float(sensitivity(after, [USUAL_RATE])[0]), float(low), float(high)),
        loss=_loss(before, after),
        both_count=sum(len(names) for names in both),
        both_loss=_loss(_sweep(reference, both), _sweep(shifted, both)),
        kept_threshold=at_threshold(after, threshold_at(before, USUAL_RATE)),
    )


def _loss(before: Sweep, after: Sweep) -> Estimate:
    """Points of sensitivity lost, with the interval of the paired difference."""
    value = sensitivity(before, [USUAL_RATE]) - sensitivity(after, [USUAL_RATE])
    low, high = sensitivity_difference_interval(before, after, [USUAL_RATE])
    return Estimate(*(100 * float(one[0]) for one in (value, low, high)))


def _visible(judged: Judged) -> frozenset[str]:
    names = zip(judged.names, judged.detectability, strict=True)
    return frozenset(name for name, strength in names if strength >= ROSE)


def _single(judged: Judged) -> frozenset[str]:
    names = zip(judged.names, judged.apart_px, strict=True)
    return frozenset(name for name, apart in names if apart >= APART_PX)


def _named(judged: Judged) -> frozenset[str]:
    return frozenset(judged.names)


def _sweep(images: Sequence[Image], chosen: Sequence[frozenset[str]]) -> Sweep:
    true = [_scores(one.judged, names) for one, names in zip(images, chosen, strict=True)]
    false = [one.judged.marks.false_scores for one in images if one.judged.marks is not None]
    return Sweep.of([one.patient for one in images], true, false, [one.judged.breast_cm2 for one in images])


def _scores(judged: Judged, names: frozenset[str]) -> NDArray[np.float64]:
    """Scores of the named calcifications, in the order of their names."""
    if judged.marks is None:
        raise ValueError("a phantom's calcifications are located")
    found = dict(zip(judged.names, judged.marks.true_scores, strict=True))
    return np.array([found[name] for name in sorted(names)], np.float64)
