"""From judged images to the figures of a data set, each with its 95 percent interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calcwatch_lab.bench.detection.accuracy import area_interval, area_under_curve
from calcwatch_lab.bench.detection.judge import Judged
from calcwatch_lab.bench.statistics.calibration import (
    Reliability,
    brier,
    equal_count,
    equal_width,
    expected_error_interval,
    reliability,
)
from calcwatch_lab.bench.statistics.fate import Fate, Swept
from calcwatch_lab.bench.statistics.sweep import (
    Sweep,
    ratio_interval,
    sensitivity,
    sensitivity_difference_interval,
    sensitivity_interval,
    threshold_at,
)
from calcwatch_lab.bench.truth.truth import ROSE

FALSE_PER_CM2 = (0.1, 0.4, 1.0)
"""False marks per square centimeter of breast at which the sensitivity is read off."""

FALSE_PER_IMAGE = (1.0, 2.0, 5.0, 10.0)
"""False marks an image at which the sensitivity is read off."""

FALSE_GROUPS = (0.1, 0.21, 0.5, 1.0, 2.0)
"""False groups an image at which the sensitivity for groups is read off."""

USUAL_RATE = 0.4
"""False marks per square centimeter at which data sets, shifts and visibilities are compared."""

DETECTABILITY_EDGES = (0.0, 5.0, 7.0, 10.0, 15.0, 25.0, 50.0, math.inf)
"""Edges of the bins of detectability."""


LOCATED, GROUPED, LABELED = "located", "grouped", "labeled"
"""Kinds of truth: each calcification, circles round groups, or only which images show any."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 percent interval; ``nan`` where it cannot be told."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, eq=False)
class Image:
    """One judged image and whom it shows."""

    patient: str
    judged: Judged


@dataclass(frozen=True, eq=False)
class Curve:
    """Sensitivity with its interval over rates of false ones."""

    rates: NDArray[np.float64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MarkFigures:
    """Single calcifications: at the stated rates, as curves, and what the false marks lie on.

    Keys ``all`` and ``visible`` (detectability of 5 and more). ``reported``: sensitivity and false marks per
    cm2 and an image of an analysis as it comes, the false ones by what they lie on.
    """

    count: dict[str, int]
    per_cm2: dict[str, tuple[Estimate, ...]]
    per_image: dict[str, tuple[Estimate, ...]]
    curve_cm2: dict[str, Curve]
    curve_image: dict[str, Curve]
    reported: dict[str, Estimate]
    by_detectability: tuple[tuple[int, Estimate], ...]


@dataclass(frozen=True, eq=False)
class GroupFigures:
    """Number of true groups, sensitivity at the stated rates, and the whole curve."""

    count: int
    at_rates: tuple[Estimate, ...]
    curve: Curve


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far scores are probabilities: ``real`` of the ``marks`` lie on a calcification."""

    marks: int
    real: int
    by_width: Reliability
    by_count: Reliability
    width_error: Estimate
    count_error: Estimate
    brier: float


@dataclass(frozen=True, eq=False)
class DataSetFigures:
    """All figures of one detector on one data set; ``None``: the truth does not tell.

    ``kind``: what the truth tells, ``LOCATED``, ``GROUPED`` or ``LABELED``. ``images``, ``positive`` and
    ``patients`` are numbers. ``marks_on_negative`` and ``unseen_on_negative``: calcifications reported an
    image labeled as without, all and those where nobody saw one who looked again; ``marks_on_corrected``: an
    image that is without by its corrected label. ``lookalikes``: of each kind, how many there are, are named,
    are called calcifications.
    """

    kind: str
    images: int
    positive: int
    patients: int
    breast_cm2: float
    image_area: Estimate
    corrected_area: Estimate | None = None
    marks_on_negative: Estimate | None = None
    unseen_on_negative: Estimate | None = None
    marks_on_corrected: Estimate | None = None
    marks: MarkFigures | None = None
    groups: dict[str, GroupFigures] = field(default_factory=dict)
    calibration: Calibration | None = None
    outlines: dict[str, Estimate] = field(default_factory=dict)
    lookalikes: dict[str, tuple[int, int, int]] = field(default_factory=dict)


def figures_of(images: Sequence[Image]) -> DataSetFigures:
    """Compute every figure that the truth of these images allows."""
    first = images[0].judged
    grouped = any(one.judged.groups is not None for one in images)
    seen = any(one.judged.corrected is not None for one in images)
    labeled_without = [one for one in images if one.judged.positive is False]
    return DataSetFigures(
        kind=LOCATED if first.marks is not None else GROUPED if grouped else LABELED,
        images=len(images),
        positive=sum(bool(one.judged.positive) for one in images),
        patients=len({one.patient for one in images}),
        breast_cm2=sum(one.judged.breast_cm2 for one in images),
        image_area=image_area(images, lambda judged: judged.positive),
        corrected_area=image_area(images, lambda judged: judged.corrected) if seen else None,
        marks_on_negative=_marks_an_image(labeled_without, lambda judged: judged.reported),
        unseen_on_negative=_marks_an_image(labeled_without, lambda judged: judged.unseen) if seen else None,
        marks_on_corrected=_marks_an_image(
            [one for one in images if one.judged.corrected is False], lambda judged: judged.reported
        ),
        marks=mark_figures(images) if first.marks is not None else None,
        groups=group_figures(images),
        calibration=calibrate(images) if first.marks is not None else None,
        outlines=outline_figures(images),
        lookalikes=lookalike_figures(images),
    )


def image_area(images: Sequence[Image], label: Callable[[Judged], bool | None]) -> Estimate:
    """Area under the ROC curve of the highest score, over the images whose label is known."""
    known = [one for one in images if label(one.judged) is not None]
    scores = np.array([one.judged.highest for one in known], np.float64)
    positive = np.array([bool(label(one.judged)) for one in known], bool)
    value = area_under_curve(scores, positive)
    if math.isnan(value):
        return Estimate(value)
    return Estimate(value, *area_interval(scores, positive, [one.patient for one in known]))


def mark_figures(images: Sequence[Image]) -> MarkFigures:
    """Single calcifications, all and the visible, at every rate."""
    chosen = {"all": mark_sweeps(images, 0.0), "visible": mark_sweeps(images, ROSE)}
    areas = {name: sweep for name, (sweep, _) in chosen.items()}
    counts = {name: sweep for name, (_, sweep) in chosen.items()}
    grid_cm2, grid_image = np.geomspace(0.01, 3, 60), np.geomspace(0.1, 100, 60)
    return MarkFigures(
        count={name: sweep.true_scores.size for name, sweep in areas.items()},
        per_cm2={name: estimates(sweep, FALSE_PER_CM2) for name, sweep in areas.items()},
        per_image={name: estimates(sweep, FALSE_PER_IMAGE) for name, sweep in counts.items()},
        curve_cm2={name: curve(sweep, grid_cm2) for name, sweep in areas.items()},
        curve_image={name: curve(sweep, grid_image) for name, sweep in counts.items()},
        reported=_reported(images),
        by_detectability=_by_detectability(images, threshold_at(areas["all"], USUAL_RATE)),
    )


def gain(images: Sequence[Image], others: Sequence[Image]) -> Estimate:
    """Sensitivity for visible calcifications at 0.4 false marks per cm2, less that of another detector.

    The interval is that of the difference, the same patients drawn for both. The images must be the same, in
    the same order.
    """
    (ours, _), (theirs, _) = mark_sweeps(images, ROSE), mark_sweeps(others, ROSE)
    value = sensitivity(ours, [USUAL_RATE]) - sensitivity(theirs, [USUAL_RATE])
    low, high = sensitivity_difference_interval(ours, theirs, [USUAL_RATE])
    return Estimate(float(value[0]), float(low[0]), float(high[0]))


def mark_sweeps(images: Sequence[Image], at_least: float) -> tuple[Sweep, Sweep]:
    """Sweeps of single calcifications of some detectability, false ones per cm2 and per image."""
    swept = [(_marks(one), one.judged) for one in images]
    true = [marks.true_scores[judged.detectability >= at_least] for marks, judged in swept]
    false = [marks.false_scores for marks, _ in swept]
    patients = [one.patient for one in images]
    return (
        Sweep.of(patients, true, false, [judged.breast_cm2 for _, judged in swept]),
        Sweep.of(patients, true, false, [1.0] * len(images)),
    )


def estimates(sweep: Sweep, rates: Sequence[float]) -> tuple[Estimate, ...]:
    """Sensitivity at each rate with its interval."""
    low, high = sensitivity_interval(sweep, rates)
    return tuple(
        Estimate(float(v), float(lo), float(hi))
        for v, lo, hi in zip(sensitivity(sweep, rates), low, high, strict=True)
    )


def curve(sweep: Sweep, rates: NDArray[np.float64]) -> Curve:
    """Sensitivity over a range of rates."""
    low, high = sensitivity_interval(sweep, list(rates))
    return Curve(rates, sensitivity(sweep, list(rates)), low, high)


def group_figures(images: Sequence[Image]) -> dict[str, GroupFigures]:
    """Figures of groups as reported (``reported``) and with less believed members (``loose``)."""
    known = [one for one in images if one.judged.groups is not None]
    if not sum(one.judged.groups.true_scores.size for one in known if one.judged.groups is not None):
        return {}
    return {
        "reported": _group_figures(known, lambda judged: judged.groups),
        "loose": _group_figures(known, lambda judged: judged.loose_groups),
    }


def calibrate(images: Sequence[Image]) -> Calibration:
    """Compare scores with what the marks lie on; ignored marks are left out.

    A second mark on a calcification counts as real here: what a score claims is that the mark lies on one.
    """
    kept = [_marks(one).fate != Fate.IGNORED for one in images]
    scores = np.concatenate([_marks(one).scores[keep] for one, keep in zip(images, kept, strict=True)])
    fates = np.concatenate([_marks(one).fate[keep] for one, keep in zip(images, kept, strict=True)])
    real = np.isin(fates, (Fate.HIT, Fate.AGAIN))
    patients = [one.patient for one, keep in zip(images, kept, strict=True) for _ in range(int(keep.sum()))]
    width, count = equal_width(), equal_count(scores)
    by_width, by_count = reliability(scores, real, width), reliability(scores, real, count)
    return Calibration(
        marks=len(scores),
        real=int(real.sum()),
        by_width=by_width,
        by_count=by_count,
        width_error=Estimate(
            by_width.expected_error, *expected_error_interval(scores, real, width, patients)
        ),
        count_error=Estimate(
            by_count.expected_error, *expected_error_interval(scores, real, count, patients)
        ),
        brier=brier(scores, real),
    )


def outline_figures(images: Sequence[Image]) -> dict[str, Estimate]:
    """Mean overlap an object and an image; empty when no outline is true."""
    known = [(one.patient, one.judged.outlines) for one in images if one.judged.outlines is not None]
    if not sum(found.overlap.size for _, found in known):
        return {}
    patients = [patient for patient, _ in known]
    found = [outlines for _, outlines in known]
    shown = [(p, o.foreground) for p, o in known if not math.isnan(o.foreground)]
    return {
        "hits": _mean([o.overlap[o.hit] for o in found], patients),
        "all": _mean([o.overlap for o in found], patients),
        "foreground": _mean([np.array([value]) for _, value in shown], [patient for patient, _ in shown]),
    }


def lookalike_figures(images: Sequence[Image]) -> dict[str, tuple[int, int, int]]:
    """Count for each kind of look-alike how many there are, are named, are called calcifications."""
    fates = [fate for one in images for fate in one.judged.lookalikes]
    return {
        kind: (
            sum(fate.kind == kind for fate in fates),
            sum(fate.kind == kind and fate.named for fate in fates),
            sum(fate.kind == kind and fate.called for fate in fates),
        )
        for kind in sorted({fate.kind for fate in fates})
    }


def _marks(image: Image) -> Swept:
    if image.judged.marks is None:
        raise ValueError("these images have no located calcifications")
    return image.judged.marks


def _marks_an_image(images: Sequence[Image], count: Callable[[Judged], int]) -> Estimate | None:
    if not images:
        return None
    return _mean([np.array([float(count(one.judged))]) for one in images], [one.patient for one in images])


def _mean(values: Sequence[NDArray[np.float64]], patients: Sequence[str]) -> Estimate:
    """Mean of all values with its interval; one array and one patient an image."""
    total = np.array([part.sum() for part in values], np.float64)
    count = np.array([part.size for part in values], np.float64)
    if not count.sum():
        return Estimate(math.nan)
    return Estimate(float(total.sum() / count.sum()), *ratio_interval(total, count, patients))


def _reported(images: Sequence[Image]) -> dict[str, Estimate]:
    """Figures of what a user is told: the marks of an analysis as it comes."""
    patients = [one.patient for one in images]
    told = [(one.judged.told, one.judged) for one in images if one.judged.told is not None]
    found = [
        (marks.true_scores[judged.detectability >= ROSE] >= 0).astype(np.float64) for marks, judged in told
    ]
    figures = {"sensitivity": _mean(found, patients)}
    area = np.array([judged.breast_cm2 for _, judged in told])
    for name, kinds in (
        ("false", (Fate.FALSE, Fate.AGAIN, Fate.LOOKALIKE)),
        ("again", (Fate.AGAIN,)),
        ("lookalike", (Fate.LOOKALIKE,)),
    ):
        count = np.array([np.isin(marks.fate, kinds).sum() for marks, _ in told], np.float64)
        interval = ratio_interval(count, area, patients)
        figures[f"{name} per cm2"] = Estimate(float(count.sum() / area.sum()), *interval)
        figures[f"{name} per image"] = _mean(list(count[:, None]), patients)
    return figures


def _by_detectability(images: Sequence[Image], threshold: float) -> tuple[tuple[int, Estimate], ...]:
    """Number and share found above a threshold in each bin of detectability."""
    bins = []
    for low, high in pairwise(DETECTABILITY_EDGES):
        found = [_found_between(one, (low, high), max(threshold, -0.5)) for one in images]
        bins.append((sum(part.size for part in found), _mean(found, [one.patient for one in images])))
    return tuple(bins)


def _found_between(image: Image, limits: tuple[float, float], threshold: float) -> NDArray[np.float64]:
    strength = image.judged.detectability
    inside = (strength >= limits[0]) & (strength < limits[1])
    return (_marks(image).true_scores[inside] > threshold).astype(np.float64)


def _group_figures(images: Sequence[Image], which: Callable[[Judged], Swept | None]) -> GroupFigures:
    swept = [(one, groups) for one in images if (groups := which(one.judged)) is not None]
    none = np.zeros(0)
    sweep = Sweep.of(
        [one.patient for one, _ in swept],
        [groups.true_scores for _, groups in swept],
        [groups.false_scores if one.judged.counts_false_groups else none for one, groups in swept],
        [float(one.judged.counts_false_groups) for one, _ in swept],
    )
    return GroupFigures(
        count=sweep.true_scores.size,
        at_rates=estimates(sweep, FALSE_GROUPS),
        curve=curve(sweep, np.geomspace(0.02, 3, 60)),
    )
