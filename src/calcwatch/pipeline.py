"""The job on one page: normalize -> breast -> quality -> detect -> lookalike -> measure -> group."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain import (
    BLOCKING_FLAGS,
    AnalysisSettings,
    Calcification,
    CalcificationGroup,
    ImageFindings,
    NonLesion,
    QualityFlag,
    UnsuitableImage,
)
from calcwatch.steps.breast import find_breast
from calcwatch.steps.detect import detect_classical
from calcwatch.steps.group import group
from calcwatch.steps.lookalike import find_lookalikes
from calcwatch.steps.measure import measure
from calcwatch.steps.normalize import normalize
from calcwatch.steps.quality import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain import Mammogram, Point
    from calcwatch.steps.detect import Detections, Detector
    from calcwatch.steps.group import Grouped
    from calcwatch.steps.lookalike import Lookalike
    from calcwatch.steps.measure import MeasuredObject
    from calcwatch.steps.normalize import Frame, NormalizedImage

ANALYSIS_VERSION = "1"
"""Changes whenever any number in a result may change; stored with every result."""

_UID_SPACE = uuid.UUID("8d5d6a1c-4f0e-5c55-9a43-6d1f9a5e6b70")
_SENTENCES = {
    QualityFlag.NO_BREAST: "no breast was found in the picture; is it a mammogram, and is it inverted?",
    QualityFlag.BREAST_DARK: "the breast has almost no gray levels; check the window and the bits stored",
    QualityFlag.BREAST_SATURATED: "more than a quarter of the breast is pure white; check the window",
    QualityFlag.NOT_A_MAMMOGRAM: "the breast would be smaller than 5 or larger than 1000 square centimeters; "
    "check the pixel spacing, and that it is a mammogram",
}


def analyze_image(
    mammogram: Mammogram,
    *,
    settings: AnalysisSettings | None = None,
    detector: Detector = detect_classical,
) -> ImageFindings:
    """Find, measure and group the calcifications of one mammogram.

    The same mammogram gives the same answer, in the same order. ``detector`` finds the candidates; a learned
    model is handed in here. Raises ``UnsuitableImage`` when the breast cannot be analyzed: that is an error,
    never "0 calcifications".
    """
    settings = settings or AnalysisSettings()
    image = normalize(mammogram)
    breast = find_breast(image)
    flags = frozenset(mammogram.description.flags) | check(image, breast)
    if reason := reason_to_refuse(flags):
        raise UnsuitableImage(f"{mammogram.description.source}: {reason}")
    detections = _believed(detector(image, breast, settings), settings)
    lookalikes, remains = find_lookalikes(image, breast, detections)
    detections = _kept(detections, remains)
    objects = [found for found in measure(image, detections) if found.contrast >= settings.min_contrast]
    calcifications = _calcifications(mammogram, image, detections, objects)
    evidence = detections.evidence[[found.index for found in objects]]
    return ImageFindings(
        description=mammogram.description,
        breast_area_cm2=breast.area_cm2(image.spacing_mm),
        breast_outline=_in_file(breast.outline, image.frame),
        quality_flags=tuple(sorted(flags)),
        calcifications=calcifications,
        non_lesions=tuple(_non_lesion(found, image.frame) for found in lookalikes),
        groups=_groups(mammogram, image, calcifications, evidence, settings),
    )


def check_image(mammogram: Mammogram) -> frozenset[QualityFlag]:
    """All that a reader of the numbers must know, without analyzing: the file's flags and the picture's."""
    image = normalize(mammogram)
    return frozenset(mammogram.description.flags) | check(image, find_breast(image))


def reason_to_refuse(flags: frozenset[QualityFlag]) -> str:
    """Why an image with these flags is not analyzed, in words; empty when it is."""
    return "; ".join(_SENTENCES[flag] for flag in sorted(flags & BLOCKING_FLAGS))


def _believed(detections: Detections, settings: AnalysisSettings) -> Detections:
    return _kept(detections, detections.score >= settings.score_threshold)


def _kept(detections: Detections, keep: NDArray[np.bool_]) -> Detections:
    fields = {
        name: getattr(detections, name)[keep] for name in ("row", "column", "sigma_px", "strength", "score")
    }
    return replace(detections, **fields)


def _calcifications(
    mammogram: Mammogram, image: NormalizedImage, detections: Detections, objects: Sequence[MeasuredObject]
) -> tuple[Calcification, ...]:
    return tuple(
        _calcification(
            found, float(detections.score[found.index]), image, _uid(mammogram, "calcification", i)
        )
        for i, found in enumerate(objects)
    )


def _calcification(
    found: MeasuredObject, score: float, image: NormalizedImage, tracking_uid: str
) -> Calcification:
    row, column = image.frame.to_file(found.row, found.column)
    mm = image.spacing_mm
    return Calcification(
        tracking_uid=tracking_uid,
        row=row,
        column=column,
        score=score,
        diameter_px=found.diameter_px,
        diameter_error_px=found.diameter_error_px,
        area_px=found.area_px,
        contrast=found.contrast,
        contrast_error=found.contrast_error,
        diameter_mm=None if mm is None else found.diameter_px * mm,
        diameter_error_mm=None if mm is None else found.diameter_error_px * mm,
        area_mm2=None if mm is None else found.area_px * mm**2,
        outline=_in_file(found.outline, image.frame),
    )


def _groups(
    mammogram: Mammogram,
    image: NormalizedImage,
    calcifications: tuple[Calcification, ...],
    evidence: NDArray[np.float32],
    settings: AnalysisSettings,
) -> tuple[CalcificationGroup, ...]:
    points = np.array([(c.row, c.column) for c in calcifications], dtype=np.float64).reshape(-1, 2)
    scores = np.array([c.score for c in calcifications], dtype=np.float64)
    found = group(
        points,
        scores,
        evidence.astype(np.float64),
        distance_px=image.px(settings.grouping_distance_mm),
        min_count=settings.min_group_count,
    )
    return tuple(
        _group(grouped, calcifications, image, _uid(mammogram, "group", i)) for i, grouped in enumerate(found)
    )


def _group(
    grouped: Grouped, calcifications: tuple[Calcification, ...], image: NormalizedImage, tracking_uid: str
) -> CalcificationGroup:
    mm = image.spacing_mm
    return CalcificationGroup(
        tracking_uid=tracking_uid,
        row=grouped.row,
        column=grouped.column,
        radius_px=grouped.radius_px,
        radius_mm=None if mm is None else grouped.radius_px * mm,
        score=grouped.score,
        members=tuple(calcifications[i].tracking_uid for i in grouped.members),
        outline=grouped.outline,
    )


def _non_lesion(found: Lookalike, frame: Frame) -> NonLesion:
    row, column = frame.to_file(found.row, found.column)
    return NonLesion(kind=found.kind, row=row, column=column, outline=_in_file(found.outline, frame))


def _in_file(points: Sequence[Point], frame: Frame) -> tuple[Point, ...]:
    return tuple(frame.to_file(*point) for point in points)


def _uid(mammogram: Mammogram, what: str, number: int) -> str:
    """A DICOM UID that is the same whenever the same file is analyzed (PS3.5 B.2)."""
    name = f"{mammogram.description.sha256}/{ANALYSIS_VERSION}/{what}/{number}"
    return f"2.25.{uuid.uuid5(_UID_SPACE, name).int}"
