"""What was found in the crop, in pixels -> domain objects in the file's coordinates and in mm."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from calcwatch.domain.findings import Calcification, CalcificationGroup, Landmarks, NonLesion
from calcwatch.image.find.classify import is_vascular
from calcwatch.image.measure.shape import size_class
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point
    from calcwatch.image.describe.describe import Described
    from calcwatch.image.describe.group import Grouped
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.lookalikes.find import Lookalike
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import CropFrame, PreparedImage

_UID_SPACE = uuid.UUID("8d5d6a1c-4f0e-5c55-9a43-6d1f9a5e6b70")


def tracking_uid(name: str) -> str:
    """A DICOM UID (PS3.5 B.2) that is the same for the same name: same file, same analysis, same finding."""
    return f"2.25.{uuid.uuid5(_UID_SPACE, name).int}"


def place_calcifications(
    objects: Sequence[MeasuredObject],
    detections: Detections,
    image: PreparedImage,
    name: str,
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[Calcification, ...]:
    """Measured objects as calcifications, in the same order; lengths in mm only where the spacing is known.

    ``detections``: what ``MeasuredObject.index`` counts. ``name``: of the file and the analysis, which the
    identifiers are made from.
    """
    return tuple(
        _calcification(found, detections, image, tracking_uid(f"{name}/calcification/{number}"), settings)
        for number, found in enumerate(objects)
    )


def place_groups(
    found: Sequence[Grouped], calcifications: Sequence[Calcification], spacing_mm: float | None, name: str
) -> tuple[CalcificationGroup, ...]:
    """Groups of calcifications already in the file's coordinates, in the same order."""
    return tuple(
        CalcificationGroup(
            tracking_uid=tracking_uid(f"{name}/group/{number}"),
            row=grouped.row,
            column=grouped.column,
            radius_px=grouped.radius_px,
            radius_mm=None if spacing_mm is None else grouped.radius_px * spacing_mm,
            score=grouped.score,
            members=tuple(calcifications[i].tracking_uid for i in grouped.members),
            outline=grouped.outline,
        )
        for number, grouped in enumerate(found)
    )


def with_shapes(calcifications: Sequence[Calcification], described: Described) -> tuple[Calcification, ...]:
    """The calcifications with what they look like, in the same order."""
    return tuple(
        replace(one, shape=shape, morphology=morphology)
        for one, shape, morphology in zip(
            calcifications, described.shapes, described.morphologies, strict=True
        )
    )


def with_descriptions(
    groups: Sequence[CalcificationGroup], described: Described
) -> tuple[CalcificationGroup, ...]:
    """The groups with their descriptions, in the same order."""
    return tuple(
        replace(group, morphology=one.morphology, distribution=one.distribution, suspicion=one.suspicion)
        for group, one in zip(groups, described.groups, strict=True)
    )


def place_landmarks(found: Landmarks | None, frame: CropFrame) -> Landmarks | None:
    """Landmarks of the crop as points of the file."""
    if found is None:
        return None
    wall = [frame.to_file(*point) for point in found.chest_wall]
    return replace(
        found,
        nipple=frame.to_file(*found.nipple),
        pectoral=in_file(found.pectoral, frame),
        chest_wall=(wall[0], wall[1]),
    )


def place_non_lesions(found: Sequence[Lookalike], frame: CropFrame) -> tuple[NonLesion, ...]:
    """Named non-lesions, in the same order."""
    return tuple(
        NonLesion(thing.kind, *frame.to_file(thing.row, thing.column), in_file(thing.outline, frame))
        for thing in found
    )


def in_file(points: Sequence[Point], frame: CropFrame) -> tuple[Point, ...]:
    """Points of the crop as points of the file."""
    return tuple(frame.to_file(*point) for point in points)


def _calcification(
    found: MeasuredObject,
    detections: Detections,
    image: PreparedImage,
    uid: str,
    settings: AnalysisSettings,
) -> Calcification:
    row, column = image.frame.to_file(found.row, found.column)
    mm = image.spacing_mm
    return Calcification(
        tracking_uid=uid,
        row=row,
        column=column,
        score=float(detections.score[found.index]),
        diameter_px=found.diameter_px,
        diameter_error_px=found.diameter_error_px,
        area_px=found.area_px,
        contrast=found.contrast,
        contrast_error=found.contrast_error,
        diameter_mm=None if mm is None else found.diameter_px * mm,
        diameter_error_mm=None if mm is None else found.diameter_error_px * mm,
        area_mm2=None if mm is None else found.area_px * mm**2,
        outline=in_file(found.outline, image.frame),
        size_class=size_class(None if mm is None else found.diameter_px * mm, settings=settings.shape),
        vascular=None
        if detections.class_probabilities is None
        else is_vascular(detections.class_probabilities[found.index]),
    )
