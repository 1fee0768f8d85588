"""What was found in the crop -> findings in file pixels and in mm: the one place where the frame changes.

Every function takes crop pixels and gives file pixels, but for groups: they are made of points of the file,
because the circle round a group is computed in single precision, which rounds other points otherwise.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    Landmarks,
    NonLesion,
    SubthresholdCandidate,
)
from calcwatch.image.find.classify import is_vascular
from calcwatch.image.measure.shape import size_class
from calcwatch.image.settings.measure import ShapeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point
    from calcwatch.image.describe.describe import Described
    from calcwatch.image.describe.group import Grouped
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.lookalikes.lookalike import Lookalike
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.landmarks import CropLandmarks
    from calcwatch.image.prepare.normalize import CropFrame, PreparedImage

# a hash of a name in this space: no clock and no chance, which the core does without
_UID_SPACE = uuid.UUID("8d5d6a1c-4f0e-5c55-9a43-6d1f9a5e6b70")  # drawn once for calcwatch's findings


def tracking_uid(name: str) -> str:
    """Make a DICOM UID (PS3.5 B.2) of a name.

    Args:
        name: File, analysis version and place in the order of the findings.

    Returns:
        The same UID for the same name: same file, same analysis, same finding.
    """
    # 2.25 is the root of UIDs made of a UUID: it needs no registration
    return f"2.25.{uuid.uuid5(_UID_SPACE, name).int}"


def to_calcifications(
    measured: Sequence[MeasuredObject],
    detections: Detections,
    described: Described | None,
    image: PreparedImage,
    name: str,
    *,
    settings: ShapeSettings = ShapeSettings(),
) -> tuple[Calcification, ...]:
    """Turn measured calcifications into findings.

    Args:
        measured: The calcifications, in crop pixels.
        detections: What their ``index`` counts.
        described: Their descriptions in the same order; ``None`` when nothing was described.
        image: The prepared image; lengths in mm are given only where its spacing is known.
        name: Of the file and the analysis; identifiers are made from it.
        settings: Limits of the size classes.

    Returns:
        Calcifications in file pixels, in the same order.
    """
    mm = image.spacing_mm
    probabilities = detections.class_probabilities
    calcifications = []
    for number, found in enumerate(measured):
        row, column = image.frame.to_file(found.row, found.column)
        # never from the working scale: a guessed size cannot be told from a measured size (decision 4)
        diameter_mm = None if mm is None else found.diameter_px * mm
        calcifications.append(
            Calcification(
                tracking_uid=tracking_uid(f"{name}/calcification/{number}"),
                row=row,
                column=column,
                score=float(detections.score[found.index]),
                diameter_px=found.diameter_px,
                diameter_error_px=found.diameter_error_px,
                area_px=found.area_px,
                contrast=found.contrast,
                contrast_error=found.contrast_error,
                diameter_mm=diameter_mm,
                diameter_error_mm=None if mm is None else found.diameter_error_px * mm,
                area_mm2=None if mm is None else found.area_px * mm**2,
                outline=to_polygon(found.outline, image.frame),
                size_class=size_class(diameter_mm, settings=settings),
                shape=None if described is None else described.shapes[number],
                morphology=None if described is None else described.morphologies[number],
                # not known rather than False: a detector without classes has not looked
                vascular=None if probabilities is None else is_vascular(probabilities[found.index]),
            )
        )
    return tuple(calcifications)


def to_groups(
    grouped: Sequence[Grouped],
    calcifications: Sequence[Calcification],
    described: Described | None,
    spacing_mm: float | None,
    name: str,
) -> tuple[CalcificationGroup, ...]:
    """Turn groups into findings.

    Args:
        grouped: The groups, in file pixels.
        calcifications: What their members count.
        described: Their descriptions in the same order; ``None`` when nothing was described.
        spacing_mm: Millimeters a pixel, ``None`` when not known.
        name: Of the file and the analysis; identifiers are made from it.

    Returns:
        Groups in file pixels, in the same order; members are named by their tracking UIDs.
    """
    descriptions = [None] * len(grouped) if described is None else described.groups
    return tuple(
        CalcificationGroup(
            tracking_uid=tracking_uid(f"{name}/group/{number}"),
            # groups come in file pixels already
            row=group.row,
            column=group.column,
            radius_px=group.radius_px,
            radius_mm=None if spacing_mm is None else group.radius_px * spacing_mm,
            score=group.score,
            members=tuple(calcifications[member].tracking_uid for member in group.members),
            outline=group.outline,
            morphology=None if description is None else description.morphology,
            distribution=None if description is None else description.distribution,
            suspicion=None if description is None else description.suspicion,
            kind=None if description is None else description.kind,
            composition=() if description is None else description.composition,
        )
        for number, (group, description) in enumerate(zip(grouped, descriptions, strict=True))
    )


def to_landmarks(landmarks: CropLandmarks | None, frame: CropFrame) -> Landmarks | None:
    """Turn landmarks of the crop into landmarks of the file.

    Args:
        landmarks: Of the crop; ``None`` where no skin line was seen.
        frame: Where the crop lies.

    Returns:
        The same landmarks in file pixels; ``None`` for ``None``.
    """
    if landmarks is None:
        return None
    first, last = to_polygon(landmarks.chest_wall, frame)
    return Landmarks(
        frame.to_file(*landmarks.nipple),
        landmarks.nipple_seen,
        to_polygon(landmarks.pectoral, frame),
        (first, last),
    )


def to_non_lesions(lookalikes: Sequence[Lookalike], frame: CropFrame) -> tuple[NonLesion, ...]:
    """Turn look-alikes into findings.

    Args:
        lookalikes: In crop pixels.
        frame: Where the crop lies.

    Returns:
        Named non-lesions in file pixels, in the same order.
    """
    return tuple(
        NonLesion(
            lookalike.kind,
            *frame.to_file(lookalike.row, lookalike.column),
            to_polygon(lookalike.outline, frame),
        )
        for lookalike in lookalikes
    )


def to_subthreshold(detections: Detections, frame: CropFrame) -> tuple[SubthresholdCandidate, ...]:
    """Turn detections below the threshold into what a later comparison looks up.

    Args:
        detections: In crop pixels, highest score first.
        frame: Where the crop lies.

    Returns:
        Their places in file pixels and scores, in the same order.
    """
    return tuple(
        SubthresholdCandidate(*frame.to_file(float(row), float(column)), score=float(score))
        for row, column, score in zip(detections.row, detections.column, detections.score, strict=True)
    )


def to_polygon(points: Sequence[Point], frame: CropFrame) -> tuple[Point, ...]:
    """Turn points of the crop into points of the file.

    Args:
        points: In crop pixels.
        frame: Where the crop lies.

    Returns:
        The same points in file pixels, in the same order.
    """
    return tuple(frame.to_file(*point) for point in points)
