"""What is known of a history: its dates and images, and the exact truth of every finding over all of them.

Rows and columns count in pixels of the stored image, (0, 0) at the center of the top-left pixel; lengths are
in mm in the plane of the breast. Points of the material are (anterior, superior, lateral) in mm from the
middle of the chest wall, as they lay before the operation; a right breast is told like a left one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.phantom.geometry import project_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Laterality, Point, ViewPosition
    from calcwatch.domain.lexicon import Distribution, Morphology
    from calcwatch.domain.treatment import Treatment
    from calcwatch.phantom.geometry import ViewGeometry
    from calcwatch.phantom.history.settings import Device, FindingKind, FindingState
    from calcwatch.phantom.history.treatment import TreatedState
    from calcwatch.phantom.truth import PhantomExamination, PhantomImage


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
        magnification: 1, or the factor of a magnification view.
        geometry: How the view lies, before mirroring, its origin that of the image.
        state: What the breast is like on the date.
        bed_outline: Closed polygon round the bed: before the operation round what will be cut out, after it
            round what fills the cavity; empty for a breast that is not treated.
        findings: Every finding that exists on the date, in the order of the history.
        grid: N x 2, row and column of each of the history's points; not a number where its tissue was cut out
            or lies outside the image.

    """

    image: PhantomImage
    magnification: float
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
    rows, columns = image.stored.shape
    moved = state.place(points)
    is_left = ~np.isnan(moved[:, 0])
    places = np.full((len(points), 2), np.nan)
    places[is_left] = project_points(geometry, moved[is_left])[:, :2] / image.pixel_spacing_mm
    if image.laterality == "R":
        places[:, 1] = columns - 1 - places[:, 1]
    # Comparisons with what is not a number are false, as they should be.
    inside = (places >= -0.5) & (places <= np.array([rows, columns]) - 0.5)
    is_shown = np.all(inside, axis=1)
    return np.where(is_shown[:, None], places, np.nan)


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
        counts: How many members it has.
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
    counts: tuple[int, ...]
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
