"""What is known of a history: its dates and images, and the exact truth of every finding over all of them.

Rows and columns count in pixels of the stored image, (0, 0) at the center of the top-left pixel; lengths are
in mm in the plane of the breast. Points of the material are (anterior, superior, lateral) in mm from the
middle of the chest wall, as they lay before the operation; a right breast is told like a left one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from calcwatch.phantom.geometry import project_points
from calcwatch.phantom.history.settings import OF_THE_BED
from calcwatch.phantom.truth import plain_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Laterality, Point, ViewPosition
    from calcwatch.domain.lexicon import Distribution, Morphology
    from calcwatch.domain.treatment import Treatment
    from calcwatch.phantom.geometry import BreastSize, ViewGeometry
    from calcwatch.phantom.history.findings import Course, Stage
    from calcwatch.phantom.history.settings import Device, FindingKind, FindingState
    from calcwatch.phantom.history.treatment import Excision, TreatedState
    from calcwatch.phantom.truth import PhantomExamination, PhantomImage


_RIM_POINTS = 400  # of a ball whose outline in an image is told


@dataclass(frozen=True, kw_only=True)
class FindingInView:
    """A finding as one image shows it.

    Attributes:
        id: Of the finding.
        members: Ids of those whose center lies on the image; empty where the finding is not in this view.
        row: Middle of the smallest circle round their centers; ``None`` where there are none.
        column: The same.
        radius_mm: Of that circle.
        bed_distance_mm: From that middle to the outline of the bed on this image, negative inside; ``None``
            for a breast without a bed.

    """

    id: str
    members: tuple[str, ...]
    row: float | None = None
    column: float | None = None
    radius_mm: float | None = None
    bed_distance_mm: float | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class HistoryView:
    """One image, and where everything of the breast lies on it.

    Attributes:
        image: The image with its own truth, in which calcifications and clips have their lasting ids.
        geometry: How the view lies, before mirroring, its origin that of the image.
        state: What the breast is like on the date.
        bed_outline: Closed polygon round the bed: before the operation round what will be cut out, after it
            round what fills the cavity; empty for a breast that is not treated.
        findings: Every finding that exists on the date, in the order of the history.
        grid: N x 2, row and column of each of the history's points; not a number where its tissue was cut out
            or lies outside the image.

    """

    image: PhantomImage
    geometry: ViewGeometry
    state: TreatedState
    bed_outline: tuple[Point, ...]
    findings: tuple[FindingInView, ...]
    grid: NDArray[np.float64]

    @property
    def laterality(self) -> Laterality:
        """Which breast."""
        return self.image.laterality

    @property
    def view_position(self) -> ViewPosition:
        """Its view."""
        return self.image.view_position

    @property
    def magnification(self) -> float:
        """1, or the factor of a magnification view."""
        return self.image.magnification

    def places(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell which pixels show points of the breast.

        Args:
            points: N x 3 of the material, in mm.

        Returns:
            N x 2, row and column; not a number where the tissue was cut out or lies outside the image.

        """
        return places_of(points, self.geometry, self.state, self.image)


def places_of(
    points: NDArray[np.float64], geometry: ViewGeometry, state: TreatedState, image: PhantomImage
) -> NDArray[np.float64]:
    """Tell which pixels of an image show points of the breast.

    Args:
        points: N x 3 of the material, in mm.
        geometry: How the view lies, before mirroring.
        state: What the breast is like on the date.
        image: Tells size, spacing and side.

    Returns:
        N x 2, row and column; not a number where the tissue was cut out or lies outside the image.

    """
    moved = state.place(points)
    is_left = ~np.isnan(moved[:, 0])
    places = np.full((len(points), 2), np.nan)
    places[is_left] = _pixels_of(moved[is_left], geometry, image)
    # Comparisons with what is not a number are false, as they should be.
    inside = (places >= -0.5) & (places <= np.array(image.stored.shape) - 0.5)
    is_shown = np.all(inside, axis=1)
    return np.where(is_shown[:, None], places, np.nan)


def _pixels_of(
    points: NDArray[np.float64], geometry: ViewGeometry, image: PhantomImage
) -> NDArray[np.float64]:
    """Row and column of points of the breast as it is on the date of an image, beyond its border too."""
    places = project_points(geometry, points)[:, :2] / image.pixel_spacing_mm
    if image.laterality == "R":
        places[:, 1] = image.stored.shape[1] - 1 - places[:, 1]
    return places


@dataclass(frozen=True, kw_only=True)
class FindingTruth:
    """One finding over all dates and views; tuples without other words have one entry a date.

    Attributes:
        id: Names it in every view and on every date.
        kind: What it is.
        laterality: Of its breast.
        distribution: How its members lie; ``SINGLE`` for what is no group.
        is_of_the_bed: Whether it comes of the operation: clip, suture, fat necrosis, recurrence at the bed.
        first_date: The first on which it exists, as DICOM writes it.
        states: What became of it since the date before, the most telling first; one word, or more where more
            than one thing happened at once.
        changes: The same since each date before, oldest first: ``changes[3][0]`` is from the first date to
            the fourth, for views that were missed between them.
        counts: How many members it has.
        members: Their ids.
        morphologies: Shape of most of them; ``None`` where it has no calcification.
        member_ids: All that it ever has.
        positions_mm: Place of each of them in the material of the breast.
        bed_distances_mm: From the nearest member to the rim of the bed, in mm of the uncompressed breast on
            the date, negative inside; before the operation to the rim of what will be cut out. ``None`` where
            it does not exist or nothing is cut out of its breast.
        bed_middles_mm: The same from the middle of its members.

    """

    id: str
    kind: FindingKind
    laterality: Laterality
    distribution: Distribution
    is_of_the_bed: bool
    first_date: str
    states: tuple[tuple[FindingState, ...], ...]
    changes: tuple[tuple[tuple[FindingState, ...], ...], ...]
    counts: tuple[int, ...]
    members: tuple[tuple[str, ...], ...]
    morphologies: tuple[Morphology | None, ...]
    member_ids: tuple[str, ...]
    positions_mm: tuple[tuple[float, float, float], ...]
    bed_distances_mm: tuple[float | None, ...]
    bed_middles_mm: tuple[float | None, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class HistoryDate:
    """One date.

    Attributes:
        examination: Its images as any phantom examination has them.
        months: From the operation, negative before it.
        device: Where she was imaged.
        views: One for each image of the examination, in its order.

    """

    examination: PhantomExamination
    months: int
    device: Device
    views: tuple[HistoryView, ...]

    @property
    def study_date(self) -> str:
        """Year, month and day, as DICOM writes it."""
        return self.examination.study_date


@dataclass(frozen=True, eq=False, kw_only=True)
class PhantomHistory:
    """A woman, her treatment, and every image and finding of her over all dates.

    Attributes:
        seed: Of the woman.
        patient_id: Says that she is a phantom, and of which seed.
        treated: The breast that was operated on.
        treatment: What a person would state: the operation with its bed on the first date after it, and the
            radiation.
        dates: Oldest first.
        findings: Of all breasts, in a lasting order.
        points_mm: N x 3, points of the material on a grid; ``HistoryView.grid`` tells where each is shown.

    """

    seed: int
    patient_id: str
    treated: Laterality
    treatment: Treatment
    dates: tuple[HistoryDate, ...]
    findings: tuple[FindingTruth, ...]
    points_mm: NDArray[np.float64]


def points_in(size: BreastSize, step_mm: float) -> NDArray[np.float64]:
    """Lay a grid of points through a breast.

    Args:
        size: Of the breast before the operation.
        step_mm: Distance of the points along each axis.

    Returns:
        N x 3 of the material, those inside the skin.

    """
    axes = [
        np.arange(step_mm / 2 - low, high, step_mm)
        for low, high in zip((0.0, size.radius_mm, size.radius_mm), size.semi_axes_mm, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(points[np.linalg.norm(points / size.semi_axes_mm, axis=1) < 1])


def outline_of_bed(
    excision: Excision | None, geometry: ViewGeometry, state: TreatedState, image: PhantomImage
) -> tuple[Point, ...]:
    """Tell the outline of the bed on an image.

    Args:
        excision: What is cut out, on this date or a later one; ``None`` for a breast without a bed.
        geometry: How the view lies, before mirroring.
        state: What the breast is like on the date.
        image: Tells size, spacing and side.

    Returns:
        Closed polygon that may reach beyond the border; empty without a bed.

    """
    ball = _bed_ball(excision, state)
    if ball is None:
        return ()
    # Points spread evenly over the ball by the golden angle.
    along = np.linspace(-1, 1, _RIM_POINTS)
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(_RIM_POINTS)
    wide = np.sqrt(1 - along**2)
    rim = np.stack([along, wide * np.cos(turn), wide * np.sin(turn)], axis=1)
    places = _pixels_of(ball[0] + ball[1] * rim, geometry, image)
    hull = cv2.convexHull(places.astype(np.float32)).reshape(-1, 2)
    return tuple((float(row), float(column)) for row, column in hull)


def _bed_ball(excision: Excision | None, state: TreatedState) -> tuple[NDArray[np.float64], float] | None:
    """Middle and radius of the bed in the breast of a date: of what will be cut out, before the operation."""
    if excision is None:
        return None
    return state.bed_mm or (excision.center_mm, excision.radius_mm)


def finding_in_view(course: Course, image: PhantomImage, outline: tuple[Point, ...]) -> FindingInView:
    """Tell a finding as one image shows it.

    Args:
        course: The finding.
        image: With its own truth.
        outline: Of the bed on it; empty without a bed.

    Returns:
        Its members on the image and where they lie.

    """
    names = {member.id for member in course.members}
    shown = [(item.id, item.row, item.column) for item in image.truth.calcifications]
    shown += [(item.id, item.row, item.column) for item in image.truth.non_lesions]
    places = {name: (row, column) for name, row, column in shown if name in names}
    if not places:
        return FindingInView(id=course.id, members=())
    points = np.array(list(places.values()), np.float32)
    (row, column), radius = cv2.minEnclosingCircle(points)
    distance = None
    if outline:
        # Positive inside for OpenCV.
        contour = np.array(outline, np.float32).reshape(-1, 1, 2)
        inside = cv2.pointPolygonTest(contour, (float(row), float(column)), True)
        distance = -float(inside) * image.pixel_spacing_mm
    return FindingInView(
        id=course.id,
        members=tuple(places),
        row=float(row),
        column=float(column),
        radius_mm=float(radius) * image.pixel_spacing_mm,
        bed_distance_mm=distance,
    )


def truth_of_finding(
    course: Course,
    *,
    laterality: Laterality,
    days: Sequence[str],
    excision: Excision | None,
    states: Sequence[TreatedState],
) -> FindingTruth:
    """Tell a finding over all dates.

    Args:
        course: The finding.
        laterality: Of its breast.
        days: The study dates, oldest first.
        excision: What is cut out of its breast; ``None`` for nothing.
        states: What its breast is like on each date.

    Returns:
        All that is true of it beside the images.

    """
    dates = range(len(days))
    first = next(date for date in dates if course.stages_at(date))
    distances = [_bed_distances_mm(course.stages_at(date), excision, states[date]) for date in dates]
    return FindingTruth(
        id=course.id,
        kind=course.kind,
        laterality=laterality,
        distribution=course.distribution,
        is_of_the_bed=course.kind in OF_THE_BED,
        first_date=days[first],
        states=course.states,
        changes=course.changes,
        counts=tuple(len(course.stages_at(date)) for date in dates),
        members=tuple(tuple(stage.solid.id for stage in course.stages_at(date)) for date in dates),
        morphologies=tuple(course.morphology_at(date) for date in dates),
        member_ids=tuple(member.id for member in course.members),
        positions_mm=tuple(
            (float(member.position_mm[0]), float(member.position_mm[1]), float(member.position_mm[2]))
            for member in course.members
        ),
        bed_distances_mm=tuple(nearest for nearest, _ in distances),
        bed_middles_mm=tuple(middle for _, middle in distances),
    )


def _bed_distances_mm(
    stages: Sequence[Stage], excision: Excision | None, state: TreatedState
) -> tuple[float | None, float | None]:
    """From the nearest member and from the middle of all to the rim of the bed, on one date."""
    ball = _bed_ball(excision, state)
    if ball is None or not stages:
        return None, None
    places = state.place(np.array([stage.solid.position for stage in stages]))
    nearest = float(np.linalg.norm(places - ball[0], axis=1).min()) - ball[1]
    return nearest, float(np.linalg.norm(places.mean(axis=0) - ball[0])) - ball[1]


def history_json(history: PhantomHistory) -> dict[str, Any]:
    """Give what is true of a woman over all dates as plain dictionaries and lists, ready for JSON; no pixels.

    Args:
        history: Whose truth it is.

    Returns:
        Names as in the classes here; the truth of each image beside that is in its examination's own.

    """
    return {
        "seed": history.seed,
        "patient_id": history.patient_id,
        "treated": str(history.treated),
        "treatment": plain_json(history.treatment),
        "points_mm": plain_json(history.points_mm.tolist()),
        "dates": [
            {
                "study_date": date.study_date,
                "months": date.months,
                "device": date.device.name,
                "views": [_view_json(view) for view in date.views],
            }
            for date in history.dates
        ],
        "findings": [plain_json(finding) for finding in history.findings],
    }


def _view_json(view: HistoryView) -> dict[str, Any]:
    return {
        "instance": view.image.instance,
        "image_laterality": str(view.laterality),
        "view_position": str(view.view_position),
        "magnification": view.magnification,
        "bed_outline": plain_json(view.bed_outline),
        "findings": [plain_json(finding) for finding in view.findings],
        # JSON has no word for what is not a number.
        "grid": [None if np.isnan(place).any() else plain_json(place.tolist()) for place in view.grid],
    }
