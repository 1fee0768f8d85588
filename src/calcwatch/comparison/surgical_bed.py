"""Where the bed of an operation lies on an image, and which groups lie in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.comparison.register import error_at, to_current
from calcwatch.comparison.settings import DEFAULT
from calcwatch.domain.change import SurgicalBedPosition
from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.treatment import SurgicalBedSource
from calcwatch.words.treatment import BED_UNKNOWN, bed_origin, bed_position, carried_bed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.settings import ComparisonSettings, SurgicalBedSettings
    from calcwatch.domain.change import Change, Comparison, Registration
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings
    from calcwatch.domain.treatment import SurgicalBedMark, Treatment

_MARKS = {SurgicalBedSource.CLIPS: NonLesionKind.CLIP, SurgicalBedSource.SCAR_MARKER: NonLesionKind.MARKER}
"""What lies on the image where a bed is taken from marks."""


@dataclass(frozen=True, eq=False)
class SurgicalBed:
    """The bed of an operation on one image.

    Attributes:
        outline: Polygon, n x 2 of (row, column) in pixels of the file.
        error: One standard deviation of its place in working units, millimeters where the pixel spacing is
            known; 0 where it was marked on the image itself.
        words: Which bed it is, as a phrase.
    """

    outline: NDArray[np.float64]
    error: float
    words: str


def with_surgical_beds(
    comparison: Comparison,
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    treatment: Treatment,
    *,
    settings: ComparisonSettings = DEFAULT,
) -> Comparison:
    """Put each current group of a treated breast inside or outside the beds of its image.

    A bed is marked on the image itself, or else carried over from its prior.

    Args:
        comparison: Of the two examinations.
        prior: Images of the prior examination.
        current: Images of the current examination.
        treatment: As a person stated it.
        settings: Numbers of all stages.

    Returns:
        The comparison, its changes with the place of their group, and why, in words.
    """
    treated = {operation.laterality for operation in treatment.operations}
    # irradiated without a stated operation is treated, too: its groups say that no bed is known
    treated |= {radiation.laterality for radiation in treatment.radiation}
    registrations = {
        pair.current: (prior[pair.prior], pair.registration)
        for pair in comparison.pairs
        if pair.registration is not None
    }
    beds: list[tuple[SurgicalBed, ...]] = []
    for place, image in enumerate(current):
        own = surgical_beds_of(treatment, image, settings=settings.surgical_bed)
        # a mark on the image itself is surer than any that is carried over
        if not own and place in registrations:
            prior_image, registration = registrations[place]
            own = carry_surgical_beds(
                surgical_beds_of(treatment, prior_image, settings=settings.surgical_bed),
                registration,
                settings=settings,
            )
        beds.append(own)

    def placed(change: Change) -> Change:
        # an unknown side may be the treated breast, so its groups are placed as well
        if change.image is None or not change.groups or change.image_laterality not in {*treated, None}:
            return change
        image = current[change.image]
        group = next(group for group in image.groups if group.tracking_uid == change.groups[0])
        position, margin_mm, reasons = place_in_surgical_bed(
            beds[change.image], image, group, treatment.margin_mm, settings=settings.surgical_bed
        )
        return replace(change, in_bed=position, bed_margin_mm=margin_mm, reasons=(*change.reasons, *reasons))

    return replace(comparison, changes=tuple(placed(change) for change in comparison.changes))


def surgical_beds_of(
    treatment: Treatment,
    image: ImageFindings,
    *,
    settings: SurgicalBedSettings = DEFAULT.surgical_bed,
) -> tuple[SurgicalBed, ...]:
    """Find the beds that are marked on an image.

    Args:
        treatment: As a person stated it.
        image: Findings of the image.
        settings: Numbers of this stage.

    Returns:
        A bed for each mark; none where the date, side or view of the image is not known or nothing is marked.
        A circle or clips need the pixel spacing: without it there is no bed.
    """
    description = image.description
    beds = []
    for operation in treatment.operations:
        if operation.laterality is not description.image_laterality:
            continue
        for mark in operation.bed:
            # a mark holds for a single image: the same pixels of another show another place
            if (mark.study_date, mark.view_position) == (description.study_date, description.view_position):
                outline = _outline(mark, image, settings)
                if outline is not None:
                    beds.append(SurgicalBed(outline, 0.0, bed_origin(operation.kind, mark.source)))
    return tuple(beds)


def carry_surgical_beds(
    beds: Sequence[SurgicalBed],
    registration: Registration,
    *,
    settings: ComparisonSettings = DEFAULT,
) -> tuple[SurgicalBed, ...]:
    """Carry beds of the prior image over to the current one.

    Args:
        beds: On the prior image.
        registration: Of the two images.
        settings: Numbers of all stages.

    Returns:
        The same beds on the current image, with the error of the registration added to theirs.
    """
    carried = []
    for bed in beds:
        # file pixels to working units, moved, and back to pixels of the other file
        places = registration.prior.to_working(bed.outline)
        places = to_current(registration, places, settings=settings.registration)
        # at the bed itself, not over the breast
        error = float(np.median(error_at(registration, places)))
        outline = registration.current.to_file(places)
        carried.append(SurgicalBed(outline, float(np.hypot(bed.error, error)), carried_bed(bed.words)))
    return tuple(carried)


def place_in_surgical_bed(
    beds: Sequence[SurgicalBed],
    image: ImageFindings,
    group: CalcificationGroup,
    margin_mm: float,
    *,
    settings: SurgicalBedSettings = DEFAULT.surgical_bed,
) -> tuple[SurgicalBedPosition | None, float | None, tuple[str, ...]]:
    """Put a group inside or outside the nearest bed.

    Args:
        beds: On the image of the group.
        image: Findings of that image.
        group: One of its groups.
        margin_mm: Members so far beyond the rim still count as inside; a group is inside only if all are.
        settings: Numbers of this stage.

    Returns:
        Inside or outside, millimeters from the rim to the farthest member (below 0 inside), and why, in
        words. The first two are ``None`` where no bed is known well enough, or the pixel spacing is not
        known; that is treated as outside.
    """
    # a bed that may lie a centimeter off would put groups in or out by chance
    known = [bed for bed in beds if bed.error <= settings.max_carried_error_mm]
    spacing = image.description.pixel_spacing
    if not known or spacing is None:
        return None, None, (BED_UNKNOWN,)
    members = set(group.members)
    points = [
        (calcification.row, calcification.column)
        for calcification in image.calcifications
        if calcification.tracking_uid in members
    ]
    # by the farthest member: a group is inside only if all of it is
    margins = [_beyond(bed, points) * spacing.mm for bed in known]
    nearest = int(np.argmin(margins))
    margin, bed = margins[nearest], known[nearest]
    position = SurgicalBedPosition.INSIDE if margin <= margin_mm else SurgicalBedPosition.OUTSIDE
    return position, margin, (bed_position(position, bed.words, margin, bed.error),)


def _outline(
    mark: SurgicalBedMark, image: ImageFindings, settings: SurgicalBedSettings
) -> NDArray[np.float64] | None:
    """Polygon of a marked bed in the file; ``None`` where it cannot be placed."""
    # pixels of the file, as drawn: no spacing is needed
    if mark.outline:
        return np.array(mark.outline, np.float64)
    spacing = image.description.pixel_spacing
    if spacing is None:
        return None
    if mark.row is not None and mark.column is not None and mark.radius_mm is not None:
        return _circle(mark.row, mark.column, mark.radius_mm / spacing.mm, settings)
    circles = [
        _circle(non_lesion.row, non_lesion.column, settings.clip_margin_mm / spacing.mm, settings)
        for non_lesion in image.non_lesions
        if non_lesion.kind is _MARKS.get(mark.source)
    ]
    if not circles:
        return None
    # a hull: what lies between the marks belongs to the bed as well
    hull = cv2.convexHull(np.concatenate(circles).astype(np.float32))
    return np.asarray(hull.reshape(-1, 2), np.float64)


def _circle(
    row: float, column: float, radius_px: float, settings: SurgicalBedSettings
) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, settings.circle_corners, endpoint=False)
    return np.stack([row + radius_px * np.sin(angles), column + radius_px * np.cos(angles)], axis=1)


def _beyond(bed: SurgicalBed, points: Sequence[tuple[float, float]]) -> float:
    """How far the farthest point lies beyond the rim, in pixels, below 0 inside."""
    # OpenCV wants single precision; row and column swapped for both leave distances as they are
    corners = bed.outline.astype(np.float32)
    return max(
        # OpenCV counts positive inside
        -cv2.pointPolygonTest(corners, (float(row), float(column)), measureDist=True)
        for row, column in points
    )
