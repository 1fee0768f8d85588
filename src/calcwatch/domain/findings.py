"""What is found in one image: calcifications, groups, look-alikes, and the settings that found them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from calcwatch.domain.lexicon import SizeClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from calcwatch.domain.image import ImageDescription, Point, QualityFlag
    from calcwatch.domain.lexicon import Distribution, GroupKind, Morphology


@dataclass(frozen=True)
class ShapeFeatures:
    """What a radiologist sees of one calcification, measured on its outline and the pixels inside.

    Attributes:
        length_px: Longer side of the smallest rectangle round the outline, in pixels.
        width_px: Shorter side of that rectangle, in pixels.
        length_mm: ``length_px`` in mm, ``None`` where the spacing is unknown.
        width_mm: ``width_px`` in mm, ``None`` where the spacing is unknown.
        length_to_width: Length over width; 1 is as long as wide.
        roundness: 4 pi area over the square of the perimeter; 1 is a circle, 0 a line.
        solidity: Area over that of the convex hull; branches and lobes lower it.
        edge_sharpness: Steepest fall of gray at the outline over the steepest that the blur of the system
            allows; near 1 is a sharp edge, near 0 a hazy one.
        lucent_center: How far the middle falls below the rim, as a share of the rim; 0 is no lucent center.
        branches: Deep notches of the outline beyond one; 0 for a straight or bent line.
    """

    length_px: float
    width_px: float
    length_mm: float | None
    width_mm: float | None
    length_to_width: float
    roundness: float
    solidity: float
    edge_sharpness: float
    lucent_center: float
    branches: int


@dataclass(frozen=True)
class MorphologyDescription:
    """How likely each morphology is.

    Attributes:
        probabilities: Morphology and probability, most likely first, together 1; empty where nothing was
            attempted.
        undetermined_because: Why no morphology is named, in words; ``""`` where one is.
    """

    probabilities: tuple[tuple[Morphology, float], ...]
    undetermined_because: str = ""

    @property
    def likeliest(self) -> Morphology | None:
        """The likeliest morphology; ``None`` where the pixels do not carry it."""
        if self.undetermined_because or not self.probabilities:
            return None
        return self.probabilities[0][0]

    def of(self, morphology: Morphology) -> float:
        """Return the probability of one morphology.

        Args:
            morphology: Which.

        Returns:
            0 to 1; 0 when it was not considered.
        """
        return dict(self.probabilities).get(morphology, 0.0)


@dataclass(frozen=True)
class KindDescription:
    """How likely each kind of group is.

    Attributes:
        probabilities: Kind and probability, most likely first, together 1.
    """

    probabilities: tuple[tuple[GroupKind, float], ...]

    @property
    def likeliest(self) -> GroupKind:
        """The likeliest kind."""
        return self.probabilities[0][0]

    def of(self, kind: GroupKind) -> float:
        """Return the probability of one kind.

        Args:
            kind: Which.

        Returns:
            0 to 1; 0 when it was not considered.
        """
        return dict(self.probabilities).get(kind, 0.0)


@dataclass(frozen=True)
class DistributionMeasurements:
    """What a distribution was told from; lengths in mm, ``None`` where the spacing is unknown.

    The pattern that a group is part of is looked at too, and not measured here.

    Attributes:
        count: Members of the group.
        extent_mm: Largest distance of two of them.
        length_mm: Extent along the principal axis.
        width_mm: Extent across the principal axis.
        hull_area_mm2: Area of their convex hull, in square millimeters.
        nearest_neighbor_mm: Median distance to the next one.
        nipple_angle_degrees: Angle between the principal axis and the direction to the nipple, 0 (toward it)
            to 90; ``None`` without a nipple.
        breast_share: Area of the hull over that of the breast.
    """

    count: int
    extent_mm: float | None
    length_mm: float | None
    width_mm: float | None
    hull_area_mm2: float | None
    nearest_neighbor_mm: float | None
    nipple_angle_degrees: float | None
    breast_share: float


@dataclass(frozen=True)
class DistributionDescription:
    """How likely each distribution is.

    Attributes:
        probabilities: Distribution and probability, most likely first, together 1.
        measurements: What it was told from.
    """

    probabilities: tuple[tuple[Distribution, float], ...]
    measurements: DistributionMeasurements

    @property
    def likeliest(self) -> Distribution:
        """The likeliest distribution."""
        return self.probabilities[0][0]


@dataclass(frozen=True)
class Landmarks:
    """Points of the breast that places are told from; in file pixels once findings are out of the analysis.

    Attributes:
        nipple: On the skin line.
        nipple_seen: False where the nipple is inferred from the shape of the breast alone.
        pectoral: Two points of the front edge of the pectoral muscle on an oblique or lateral view; empty
            where none was found.
        chest_wall: Two points of the line that depth is measured from.
    """

    nipple: Point
    nipple_seen: bool
    pectoral: tuple[Point, ...]
    chest_wall: tuple[Point, Point]


@dataclass(frozen=True)
class Calcification:
    """One calcification, outlined and measured. Each error is one standard deviation.

    Attributes:
        tracking_uid: Its Tracking UID (0062,0021): the same file and analysis give the same.
        row: Row of its center in file pixels.
        column: Column of its center in file pixels.
        score: 0 to 1, higher is more likely a calcification.
        diameter_px: Diameter of the circle with its area, in pixels.
        diameter_error_px: Error of ``diameter_px``.
        area_px: Area inside the outline, in square pixels.
        contrast: Height over the surround in units of the local noise.
        contrast_error: Error of ``contrast``.
        diameter_mm: ``diameter_px`` in mm, ``None`` where the spacing is unknown.
        diameter_error_mm: Error of ``diameter_mm``.
        area_mm2: Area in square millimeters, ``None`` where the spacing is unknown.
        outline: Closed polygon round the whole object in file pixels, the system's blur undone, first point
            not repeated.
        vascular: Whether it looks like calcium in the wall of a vessel; ``None`` where the detector does not
            tell.
        size_class: Class of its diameter with guard bands.
        shape: Its shape in numbers; ``None`` where nothing was described.
        morphology: How likely each morphology is; ``None`` where nothing was described.
    """

    tracking_uid: str
    row: float
    column: float
    score: float
    diameter_px: float
    diameter_error_px: float
    area_px: float
    contrast: float
    contrast_error: float
    diameter_mm: float | None
    diameter_error_mm: float | None
    area_mm2: float | None
    outline: tuple[Point, ...]
    vascular: bool | None = None
    size_class: SizeClass = SizeClass.NOT_MEASURABLE
    shape: ShapeFeatures | None = None
    morphology: MorphologyDescription | None = None


class NonLesionKind(StrEnum):
    """What a bright thing is when it is no calcification (compare DICOM CID 4012/6040)."""

    CLIP = "surgical_clip"
    MARKER = "marker"
    WIRE = "wire_or_suture"
    SKIN_FOLD = "skin_fold"
    POWDER = "deodorant_or_powder"
    DUST = "dust_or_scratch"
    TEXT = "burned_in_text"


@dataclass(frozen=True)
class NonLesion:
    """Something bright that is named and kept apart, never silently dropped and never counted.

    Attributes:
        kind: What it is.
        row: Row of its center in file pixels.
        column: Column of its center in file pixels.
        outline: Closed polygon round it in file pixels; may be empty.
    """

    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True)
class CalcificationGroup:
    """Calcifications that lie together.

    Attributes:
        tracking_uid: Its Tracking UID (0062,0021): the same file and analysis give the same.
        row: Row of the center of the smallest circle round all members, in file pixels.
        column: Column of that center.
        radius_px: Radius of that circle, in pixels.
        radius_mm: Radius in mm, ``None`` where the spacing is unknown.
        score: 0 to 1, higher is more likely a group of calcifications.
        members: Tracking UIDs of its calcifications, highest score first.
        outline: Convex hull of the members with a margin, in file pixels.
        morphology: How likely each morphology is; ``None`` where nothing was described.
        distribution: How likely each distribution is; ``None`` where nothing was described.
        suspicion: Calibrated probability that a reader would call the group suspicious, 0 to 1; it ranks
            groups and is no probability of cancer. ``None`` where nothing was described.
        kind: How likely each kind of group is; ``None`` where nothing was described.
        composition: How many members look like each word of its kind, the most frequent first; members of
            which nothing can be told are not in it.
    """

    tracking_uid: str
    row: float
    column: float
    radius_px: float
    radius_mm: float | None
    score: float
    members: tuple[str, ...]
    outline: tuple[Point, ...]
    morphology: MorphologyDescription | None = None
    distribution: DistributionDescription | None = None
    suspicion: float | None = None
    kind: KindDescription | None = None
    composition: tuple[tuple[Morphology, int], ...] = ()

    @property
    def count(self) -> int:
        """Number of member calcifications."""
        return len(self.members)


@dataclass(frozen=True)
class SubthresholdCandidate:
    """A candidate below the score threshold: never reported, it tells "there already" from "new".

    Attributes:
        row: Row in file pixels.
        column: Column in file pixels.
        score: 0 to 1, below the threshold.
    """

    row: float
    column: float
    score: float


@dataclass(frozen=True, eq=False, kw_only=True)
class TissueMap:
    """Tissue of one view without calcifications, on cells of half a millimeter, chest wall on the left.

    Lengths and places are in working units: millimeters where ``in_mm``, else a pixel of the file counts 0.1.
    Places are (row, column) in the crop, (0, 0) at the center of its first pixel.

    Attributes:
        pattern: uint8, rows x columns of cells; 128 where the tissue is as bright as its surround, brightness
            and contrast evened out.
        mask: uint8, rows x columns of cells, 1 in the breast.
        contrast_to_noise: float32, contrast of the tissue in units of the noise, on larger cells.
        contrast_to_noise_step: Side of those larger cells, in cells.
        step: Side of a cell, in pixels of the file.
        cell_size: Side of a cell, in working units.
        in_mm: Whether the pixel spacing is known, so that working units are millimeters.
        top: Row of the file at which the crop begins.
        left: Column of the file at which the crop begins.
        columns: Columns of the crop, in pixels.
        mirrored: Whether the crop was turned left to right.
    """

    pattern: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    contrast_to_noise: NDArray[np.float32]
    contrast_to_noise_step: int
    step: int
    cell_size: float
    in_mm: bool
    top: int
    left: int
    columns: int
    mirrored: bool

    @property
    def pixel_size(self) -> float:
        """Side of a pixel of the file, in working units."""
        return self.cell_size / self.step

    def to_working(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take points of the file to places of the crop.

        Args:
            points: n x 2, row and column in pixels of the file.

        Returns:
            Places in working units, n x 2.
        """
        return self._turned(points.reshape(-1, 2) - (self.top, self.left)) * self.pixel_size

    def to_file(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take places of the crop to points of the file.

        Args:
            places: n x 2, in working units.

        Returns:
            Row and column in pixels of the file, n x 2.
        """
        corner = (self.top, self.left)
        return self._turned(places.reshape(-1, 2) / self.pixel_size) + corner

    def to_cells(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take places of the crop to row and column of cells.

        Args:
            places: ... x 2, in working units.

        Returns:
            Row and column, ... x 2; whole numbers are the centers of cells.
        """
        # A cell covers step pixels; centers of cells and of pixels are half their own side from the corner.
        return (places / self.pixel_size + 0.5) / self.step - 0.5

    def of_cells(self, cells: NDArray[Any]) -> NDArray[Any]:
        """Take row and column of cells to places of the crop.

        Args:
            cells: ... x 2; whole numbers are the centers of cells.

        Returns:
            Places in working units, ... x 2, of the precision of the cells.
        """
        return ((cells + 0.5) * self.step - 0.5) * self.pixel_size

    def _turned(self, inner: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the crop as they lie in the file, or the other way round; the array given is changed."""
        if self.mirrored:
            # Mirroring is its own inverse, so the same step serves both ways.
            inner[:, 1] = self.columns - 1 - inner[:, 1]
        return inner


@dataclass(frozen=True)
class ImageFindings:
    """The answer for one image; nothing found is an empty tuple, never ``None``.

    Attributes:
        description: What was understood of the file.
        breast_area_cm2: Area of the breast in square centimeters, ``None`` where the spacing is unknown.
        breast_outline: Polygon round the breast in file pixels; empty for findings that were read from a
            file.
        quality_flags: What a reader of the numbers must know, sorted.
        calcifications: Highest score first.
        non_lesions: Bright things that are no calcifications.
        groups: Groups of the calcifications.
        landmarks: Nipple, pectoral muscle and chest wall; ``None`` where no skin line is seen.
        tissue_map: What a comparison aligns by; ``None`` for findings that were read from a file.
        subthreshold: Candidates below the threshold, which a comparison needs; empty likewise.
    """

    description: ImageDescription
    breast_area_cm2: float | None
    breast_outline: tuple[Point, ...]
    quality_flags: tuple[QualityFlag, ...]
    calcifications: tuple[Calcification, ...] = ()
    non_lesions: tuple[NonLesion, ...] = ()
    groups: tuple[CalcificationGroup, ...] = ()
    landmarks: Landmarks | None = None
    # Left out of comparison: it is no finding, and equal findings are equal without it.
    tissue_map: TissueMap | None = field(default=None, compare=False, repr=False)
    subthreshold: tuple[SubthresholdCandidate, ...] = field(default=(), compare=False, repr=False)

    @property
    def singles(self) -> tuple[Calcification, ...]:
        """Calcifications in no group, in the order of ``calcifications``."""
        grouped = {uid for group in self.groups for uid in group.members}
        return tuple(found for found in self.calcifications if found.tracking_uid not in grouped)

    def members_of(self, group: CalcificationGroup) -> tuple[Calcification, ...]:
        """The calcifications of a group.

        Args:
            group: One of ``groups``.

        Returns:
            Its members in its own order, the highest score first.

        Raises:
            KeyError: A member is no calcification of this image.
        """
        by_uid = {found.tracking_uid: found for found in self.calcifications}
        return tuple(by_uid[uid] for uid in group.members)


ANALYSIS_VERSION = "4"
"""Changes whenever any number in a result may change; stored with every result."""


@dataclass(frozen=True)
class Provenance:
    """How a result was made.

    Attributes:
        package_version: Version of the package.
        analysis_version: Version of the analysis, ``ANALYSIS_VERSION`` of that time.
        settings: The numbers that a user may change, by name.
        settings_hash: SHA-256 of every number that changes a result, in hexadecimal; ``None`` for a result of
            an earlier version.
        model_name: Name of the detector.
        model_hash: SHA-256 of its weights in hexadecimal; ``None`` for a detector without.
        description_model_hash: SHA-256 of what described, in hexadecimal; ``None`` where nothing was
            described.
    """

    package_version: str
    analysis_version: str
    settings: Mapping[str, float]
    model_name: str = "classical"
    model_hash: str | None = None
    description_model_hash: str | None = None
    settings_hash: str | None = None


@dataclass(frozen=True)
class CadMark:
    """One finding of a CAD report, in the report's own words and on its maker's own scale.

    Attributes:
        finding: What it is.
        row: Row of its center in file pixels, ``None`` where it has no place of its own.
        column: Column of its center in file pixels, ``None`` likewise.
        outline: Polygon in file pixels; may be empty.
        sop_instance_uid: Of the image it lies in, ``""`` where the report does not say.
        tracking_uid: Its Tracking Unique Identifier, ``""`` where it has none.
        rendering_intent: Whether a viewer must show it, its own or that of what it stands under.
        is_shown: Whether it may be shown: neither it nor anything above it is "Not for Presentation".
        certainty_percent: Certainty of Finding, ``None`` where the report does not say.
        probability_percent: Probability of cancer, ``None`` where the report does not say.
        count: Number of calcifications, ``None`` where the report does not say.
        morphology: Calcification Type, where it is one that calcwatch knows.
        distribution: Calcification Distribution, likewise.
        words: What else the report says of it.
        part_of: Place in the report's marks of the mark that it belongs to, ``None`` for a mark by itself.
    """

    finding: str
    row: float | None = None
    column: float | None = None
    outline: tuple[Point, ...] = ()
    sop_instance_uid: str = ""
    tracking_uid: str = ""
    rendering_intent: str = ""
    is_shown: bool = True
    certainty_percent: float | None = None
    probability_percent: float | None = None
    count: int | None = None
    morphology: Morphology | None = None
    distribution: Distribution | None = None
    words: tuple[str, ...] = ()
    part_of: int | None = None


@dataclass(frozen=True)
class CadReport:
    """A Mammography CAD SR as read: who made it, what it marks.

    Attributes:
        manufacturer: Who made the program.
        algorithm: Name and version of the algorithm; ``""`` where the report does not say.
        study_instance_uid: The study it belongs to.
        sop_instance_uid: Of the report itself.
        marks: What it marks; whether an empty tuple means "none found" stands in ``detections``.
        detections: What came of the detections, in the report's words; ``""`` is not said.
        analyses: What came of the analyses, in the report's words; ``""`` is not said.
        processing: All that was tried in one phrase of the report; ``""`` is not said.
        failed: Detections and analyses that failed, each with the UIDs of its images.
    """

    manufacturer: str
    algorithm: str
    study_instance_uid: str
    sop_instance_uid: str
    marks: tuple[CadMark, ...]
    detections: str = ""
    analyses: str = ""
    processing: str = ""
    failed: tuple[tuple[str, tuple[str, ...]], ...] = ()
