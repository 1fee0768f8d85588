"""From evaluated images to the figures of a data set, each with its 95 percent interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from calcwatch_lab.bench.detection.evaluate import EvaluatedImage
from calcwatch_lab.bench.statistics.calibration import (
    Reliability,
    brier,
    equal_count,
    equal_width,
    expected_error,
    reliability,
)
from calcwatch_lab.bench.statistics.froc import (
    FreeResponse,
    at_threshold,
    matched_above,
    sensitivity,
    sensitivity_difference,
    sensitivity_estimates,
    sensitivity_interval,
    threshold_at,
)
from calcwatch_lab.bench.statistics.intervals import Estimate, mean, ratio_interval
from calcwatch_lab.bench.statistics.matching import MarkClass, ScoredMarks
from calcwatch_lab.bench.statistics.roc import area_estimate
from calcwatch_lab.bench.truth.truth import APART_PX, ROSE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

FALSE_PER_CM2 = (0.1, 0.4, 1.0)
"""False positives per square centimeter of breast at which sensitivity is read off; HDoGReg reports 0.4."""

FALSE_PER_IMAGE = (1.0, 2.0, 5.0, 10.0)
"""False positives an image at which the sensitivity is read off, as others report it."""

FALSE_GROUPS = (0.1, 0.21, 0.5, 1.0, 2.0)
"""False groups an image at which the sensitivity for groups is read off, as others report it."""

USUAL_RATE = 0.4
"""False positives per square centimeter at which data sets, shifts and visibilities are compared."""

DETECTABILITY_EDGES = (0.0, 5.0, 7.0, 10.0, 15.0, 25.0, 50.0, math.inf)
"""Edges of the bins of detectability; the second is Rose's limit."""

LOCATED, GROUPED, LABELED = "located", "grouped", "labeled"
"""Kinds of truth: each calcification, circles round groups, or only which images show any."""

_GRIDS = {"cm2": (0.01, 3), "image": (0.1, 100), "groups": (0.02, 3)}  # ends of the curves, of plots only
_GRID_POINTS = 60

Curve = dict[str, "NDArray[np.float64]"]
"""Sensitivity (``value``) with its interval (``low``, ``high``) over ``rates`` of false positives."""


@dataclass(frozen=True, eq=False)
class MarkFigures:
    """Single calcifications; keys ``all`` and ``visible`` (detectability of 5 and more).

    Attributes:
        count: Number of true ones.
        per_cm2: Sensitivity at ``FALSE_PER_CM2``.
        per_image: Sensitivity at ``FALSE_PER_IMAGE``.
        curve_cm2: Free-response curve over false positives per square centimeter.
        curve_image: The same over false positives an image.
        reported: Sensitivity and false positives of an analysis as it comes, by what these lie on.
        by_detectability: Number of true ones and share found, for each bin of ``DETECTABILITY_EDGES``.

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
    """Groups.

    Attributes:
        count: Number of true ones.
        at_rates: Sensitivity at ``FALSE_GROUPS``.
        curve: Free-response curve over false groups an image.

    """

    count: int
    at_rates: tuple[Estimate, ...]
    curve: Curve


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far scores are probabilities.

    Attributes:
        marks: Number of marks.
        real: Number of those that lie on a calcification.
        by_width: Reliability in bins of one width.
        by_count: Reliability in bins of one count.
        width_error: Expected calibration error in bins of one width.
        count_error: The same in bins of one count.
        brier: Brier score.

    """

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

    Attributes:
        kind: What the truth tells: ``LOCATED``, ``GROUPED`` or ``LABELED``.
        images: Number of images.
        positive: Number of those with calcifications.
        patients: Number of patients.
        breast_cm2: Area of all breasts.
        image_area: Area under the ROC curve of the highest score of an image.
        corrected_area: The same by corrected labels.
        marks_on_negative: Calcifications reported an image labeled as without.
        unseen_on_negative: Those of them where nobody saw one who looked again.
        marks_on_corrected: Calcifications reported an image that is without by its corrected label.
        marks: Single calcifications.
        groups: Groups as ``reported`` and ``loose``.
        calibration: How far scores are probabilities.
        outlines: Mean overlap of outlines of what was found (``hits``), of all, of the whole foreground.
        lookalikes: Of each kind, how many there are, are named, are called calcifications.

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


@dataclass(frozen=True)
class ShiftFigures:
    """A shift of the imaging against the reference, at 0.4 false positives per cm2, each at its threshold.

    Attributes:
        name: What was changed.
        kind: Kind of the change.
        count: Calcifications visible in the reference.
        sensitivity: For these, under the shift.
        loss: Against the reference, in points (100 is all).
        both_count: Calcifications visible under both and three pixels from the next, which a coarser pixel or
            a lower dose has neither hidden nor run together.
        both_loss: Loss for these.
        kept_threshold: Sensitivity for the first, and false positives per cm2, when the threshold of the
            reference is kept.

    """

    name: str
    kind: str
    count: int
    sensitivity: Estimate
    loss: Estimate
    both_count: int
    both_loss: Estimate
    kept_threshold: tuple[float, float]


def figures_of(images: Sequence[EvaluatedImage]) -> DataSetFigures:
    """Compute every figure that the truth of a data set allows.

    Args:
        images: Its evaluated images, at least one.

    Returns:
        The figures.

    """
    located = images[0].marks is not None
    grouped = any(image.groups is not None for image in images)
    corrected = any(image.corrected is not None for image in images)
    negative = [image for image in images if image.positive is False]
    without = [image for image in images if image.corrected is False]
    return DataSetFigures(
        kind=LOCATED if located else GROUPED if grouped else LABELED,
        images=len(images),
        positive=sum(bool(image.positive) for image in images),
        patients=len({image.patient for image in images}),
        breast_cm2=sum(image.breast_cm2 for image in images),
        image_area=image_area(images, lambda image: image.positive),
        corrected_area=image_area(images, lambda image: image.corrected) if corrected else None,
        marks_on_negative=_an_image(negative, lambda image: image.reported_count),
        unseen_on_negative=_an_image(negative, lambda image: image.unseen_count) if corrected else None,
        marks_on_corrected=_an_image(without, lambda image: image.reported_count),
        marks=mark_figures(images) if located else None,
        groups=group_figures(images),
        calibration=calibrate(images) if located else None,
        outlines=outline_figures(images),
        lookalikes=lookalike_figures(images),
    )


def image_area(images: Sequence[EvaluatedImage], label: Callable[[EvaluatedImage], bool | None]) -> Estimate:
    """Area under the ROC curve of the highest score.

    Args:
        images: Evaluated images.
        label: Tells whether an image shows a calcification; ``None``: it does not count.

    Returns:
        The area over the images whose label is known.

    """
    known = [image for image in images if label(image) is not None]
    scores = np.array([image.highest for image in known], np.float64)
    positive = np.array([bool(label(image)) for image in known], bool)
    return area_estimate(scores, positive, _patients(known))


def mark_figures(images: Sequence[EvaluatedImage]) -> MarkFigures:
    """Figures of single calcifications, all and the visible.

    Args:
        images: Evaluated images whose calcifications are located.

    Returns:
        The figures at every rate.

    """
    chosen = {"all": mark_responses(images, 0.0), "visible": mark_responses(images, ROSE)}
    areas = {name: response for name, (response, _) in chosen.items()}
    counts = {name: response for name, (_, response) in chosen.items()}
    return MarkFigures(
        count={name: response.true_scores.size for name, response in areas.items()},
        per_cm2={name: sensitivity_estimates(response, FALSE_PER_CM2) for name, response in areas.items()},
        per_image={name: sensitivity_estimates(own, FALSE_PER_IMAGE) for name, own in counts.items()},
        curve_cm2={name: _curve(response, "cm2") for name, response in areas.items()},
        curve_image={name: _curve(response, "image") for name, response in counts.items()},
        reported=_reported(images),
        by_detectability=_by_detectability(images, threshold_at(areas["all"], USUAL_RATE)),
    )


def gain(images: Sequence[EvaluatedImage], others: Sequence[EvaluatedImage]) -> Estimate:
    """Sensitivity for visible calcifications at 0.4 false positives per cm2, less that of another detector.

    Args:
        images: Images evaluated with a detector.
        others: The same images in the same order, evaluated with the other.

    Returns:
        The difference, its interval with the same patients drawn for both.

    """
    (own, _), (other, _) = mark_responses(images, ROSE), mark_responses(others, ROSE)
    return sensitivity_difference(own, other, USUAL_RATE)


def mark_responses(
    images: Sequence[EvaluatedImage], detectability: float
) -> tuple[FreeResponse, FreeResponse]:
    """Pool single calcifications of some detectability.

    Args:
        images: Evaluated images whose calcifications are located.
        detectability: The least that counts.

    Returns:
        Their free response with false positives counted per square centimeter, and per image.

    """
    true = [_marks(image).true_scores[image.detectability >= detectability] for image in images]
    false = [_marks(image).false_scores for image in images]
    patients = _patients(images)
    return (
        FreeResponse.of(patients, true, false, [image.breast_cm2 for image in images]),
        FreeResponse.of(patients, true, false, [1.0] * len(images)),
    )


def group_figures(images: Sequence[EvaluatedImage]) -> dict[str, GroupFigures]:
    """Figures of groups.

    Args:
        images: Evaluated images.

    Returns:
        Figures of groups as ``reported`` and with members of lower scores (``loose``); empty where no group
        is true.

    """
    known = [image for image in images if image.groups is not None]
    if not sum(image.groups.true_scores.size for image in known if image.groups is not None):
        return {}
    return {
        "reported": _group_figures(known, lambda image: image.groups),
        "loose": _group_figures(known, lambda image: image.loose_groups),
    }


def calibrate(images: Sequence[EvaluatedImage]) -> Calibration:
    """Compare scores with what the marks lie on; ignored marks are left out.

    A duplicate counts as real here: what a score claims is that the mark lies on a calcification.

    Args:
        images: Evaluated images whose calcifications are located.

    Returns:
        How far scores are probabilities.

    """
    marks = [_marks(image) for image in images]
    kept = [own.mark_class != MarkClass.IGNORED for own in marks]
    scores = np.concatenate([own.scores[keep] for own, keep in zip(marks, kept, strict=True)])
    classes = np.concatenate([own.mark_class[keep] for own, keep in zip(marks, kept, strict=True)])
    real = np.isin(classes, (MarkClass.MATCHED, MarkClass.DUPLICATE))
    patients = [
        image.patient for image, keep in zip(images, kept, strict=True) for _ in range(int(keep.sum()))
    ]
    width, count = equal_width(), equal_count(scores)
    return Calibration(
        marks=len(scores),
        real=int(real.sum()),
        by_width=reliability(scores, real, width),
        by_count=reliability(scores, real, count),
        width_error=expected_error(scores, real, width, patients),
        count_error=expected_error(scores, real, count, patients),
        brier=brier(scores, real),
    )


def outline_figures(images: Sequence[EvaluatedImage]) -> dict[str, Estimate]:
    """Mean overlap of outlines.

    Args:
        images: Evaluated images.

    Returns:
        Of objects that were found (``hits``), of ``all``, and of each image's ``foreground``; empty when no
        outline is true.

    """
    known = [(image.patient, image.outlines) for image in images if image.outlines is not None]
    if not sum(own.overlap.size for _, own in known):
        return {}
    patients = [patient for patient, _ in known]
    drawn = [(patient, own.foreground) for patient, own in known if not math.isnan(own.foreground)]
    return {
        "hits": mean([own.overlap[own.matched] for _, own in known], patients),
        "all": mean([own.overlap for _, own in known], patients),
        "foreground": mean([np.array([value]) for _, value in drawn], [patient for patient, _ in drawn]),
    }


def lookalike_figures(images: Sequence[EvaluatedImage]) -> dict[str, tuple[int, int, int]]:
    """Count look-alikes.

    Args:
        images: Evaluated images.

    Returns:
        For each kind how many there are, are named, are called calcifications.

    """
    results = [result for image in images for result in image.lookalikes]
    return {
        kind: (
            sum(result.kind == kind for result in results),
            sum(result.kind == kind and result.named for result in results),
            sum(result.kind == kind and result.called for result in results),
        )
        for kind in sorted({result.kind for result in results})
    }


def shift_figures(
    name: str, kind: str, reference: Sequence[EvaluatedImage], shifted: Sequence[EvaluatedImage]
) -> ShiftFigures:
    """Compare the same phantoms under a shift of the imaging and without.

    Args:
        name: What was changed.
        kind: Kind of the change.
        reference: Images without it.
        shifted: Images of the same patients in the same order, with it.

    Returns:
        What the shift costs.

    Raises:
        ValueError: The images are not of the same patients.

    """
    if _patients(reference) != _patients(shifted):
        raise ValueError(f"the images of {name!r} are not of the patients of the reference")
    pairs = list(zip(reference, shifted, strict=True))
    # Visible in the reference: what could never be seen cannot be lost by a shift.
    first = [_visible(usual) & frozenset(other.names) for usual, other in pairs]
    # Also visible under the shift and lying apart: then only the detector can have lost it.
    both = [
        names & _visible(other) & _single(usual) & _single(other)
        for names, (usual, other) in zip(first, pairs, strict=True)
    ]
    usual, under_shift = _named_response(reference, first), _named_response(shifted, first)
    low, high = sensitivity_interval(under_shift, [USUAL_RATE])[:, 0]
    return ShiftFigures(
        name=name,
        kind=kind,
        count=under_shift.true_scores.size,
        sensitivity=Estimate(float(sensitivity(under_shift, [USUAL_RATE])[0]), float(low), float(high)),
        loss=_points_lost(usual, under_shift),
        both_count=sum(len(names) for names in both),
        both_loss=_points_lost(_named_response(reference, both), _named_response(shifted, both)),
        kept_threshold=at_threshold(under_shift, threshold_at(usual, USUAL_RATE)),
    )


def _points_lost(usual: FreeResponse, under_shift: FreeResponse) -> Estimate:
    lost = sensitivity_difference(usual, under_shift, USUAL_RATE)
    return Estimate(100 * lost.value, 100 * lost.low, 100 * lost.high)


def _visible(image: EvaluatedImage) -> frozenset[str]:
    names = zip(image.names, image.detectability, strict=True)
    return frozenset(name for name, strength in names if strength >= ROSE)


def _single(image: EvaluatedImage) -> frozenset[str]:
    """Names of the calcifications that no other lies close to."""
    names = zip(image.names, image.apart_px, strict=True)
    return frozenset(name for name, apart in names if apart >= APART_PX)


def _named_response(images: Sequence[EvaluatedImage], chosen: Sequence[frozenset[str]]) -> FreeResponse:
    """Free response of the named calcifications of each image, in the order of their names."""
    true = []
    for image, names in zip(images, chosen, strict=True):
        scores = dict(zip(image.names, _marks(image).true_scores, strict=True))
        # In one order for both, so that differences are taken of the same calcifications.
        true.append(np.array([scores[name] for name in sorted(names)], np.float64))
    false = [_marks(image).false_scores for image in images]
    return FreeResponse.of(_patients(images), true, false, [image.breast_cm2 for image in images])


def _patients(images: Sequence[EvaluatedImage]) -> list[str]:
    return [image.patient for image in images]


def _marks(image: EvaluatedImage) -> ScoredMarks:
    if image.marks is None:
        raise ValueError("these images have no located calcifications")
    return image.marks


def _curve(response: FreeResponse, unit: str) -> Curve:
    rates = np.geomspace(*_GRIDS[unit], _GRID_POINTS)
    low, high = sensitivity_interval(response, list(rates))
    return {"rates": rates, "value": sensitivity(response, list(rates)), "low": low, "high": high}


def _an_image(images: Sequence[EvaluatedImage], count: Callable[[EvaluatedImage], int]) -> Estimate | None:
    """Mean number an image; ``None`` without images."""
    if not images:
        return None
    return mean([np.array([float(count(image))]) for image in images], _patients(images))


def _reported(images: Sequence[EvaluatedImage]) -> dict[str, Estimate]:
    """Figures of what a user sees: the marks of an analysis as it comes."""
    patients = _patients(images)
    reported = [(image.reported, image) for image in images if image.reported is not None]
    found = [
        (marks.true_scores[image.detectability >= ROSE] >= 0).astype(np.float64) for marks, image in reported
    ]
    figures = {"sensitivity": mean(found, patients)}
    area = np.array([image.breast_cm2 for _, image in reported])
    for name, classes in (
        ("false", (MarkClass.FALSE_POSITIVE, MarkClass.DUPLICATE, MarkClass.LOOKALIKE)),
        ("again", (MarkClass.DUPLICATE,)),
        ("lookalike", (MarkClass.LOOKALIKE,)),
    ):
        count = np.array([np.isin(marks.mark_class, classes).sum() for marks, _ in reported], np.float64)
        interval = ratio_interval(count, area, patients)
        figures[f"{name} per cm2"] = Estimate(float(count.sum() / area.sum()), *interval)
        figures[f"{name} per image"] = mean(list(count[:, None]), patients)
    return figures


def _by_detectability(images: Sequence[EvaluatedImage], threshold: float) -> tuple[tuple[int, Estimate], ...]:
    """Number of true ones and share found at a threshold in each bin of detectability."""
    bins = []
    for low, high in pairwise(DETECTABILITY_EDGES):
        found = []
        for image in images:
            inside = (image.detectability >= low) & (image.detectability < high)
            found.append(matched_above(_marks(image).true_scores[inside], threshold).astype(np.float64))
        bins.append((sum(part.size for part in found), mean(found, _patients(images))))
    return tuple(bins)


def _group_figures(
    images: Sequence[EvaluatedImage], which: Callable[[EvaluatedImage], ScoredMarks | None]
) -> GroupFigures:
    scored = [(image, groups) for image in images if (groups := which(image)) is not None]
    none = np.zeros(0)
    response = FreeResponse.of(
        [image.patient for image, _ in scored],
        [groups.true_scores for _, groups in scored],
        # Where a group may be real without being labeled, it is neither false nor counted as exposure.
        [groups.false_scores if image.counts_false_groups else none for image, groups in scored],
        [float(image.counts_false_groups) for image, _ in scored],
    )
    return GroupFigures(
        count=response.true_scores.size,
        at_rates=sensitivity_estimates(response, FALSE_GROUPS),
        curve=_curve(response, "groups"),
    )
