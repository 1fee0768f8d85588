"""What is found in one image: calcifications, groups, look-alikes, and the settings that found them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from calcwatch.domain.lexicon import SizeClass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from calcwatch.domain.image import ImageDescription, Point, QualityFlag
    from calcwatch.domain.lexicon import Distribution, Morphology


@dataclass(frozen=True)
class ShapeFeatures:
    """What a radiologist sees of one calcification, measured on its outline and the pixels inside.

    ``length``, ``width``: of the smallest rectangle round the outline, ``None`` in mm where the spacing is
    unknown. ``length_to_width``: 1 is as long as wide. ``roundness``: 4 pi area / perimeter squared, 1 for a
    circle. ``solidity``: area over that of the convex hull; branches and lobes lower it. ``edge_sharpness``:
    steepest fall at the outline over what the system's blur allows, near 1 is sharp, 0 hazy.
    ``lucent_center``: how far the middle falls below the rim, as a share of the rim, 0 for none.
    ``branches``: deep notches of the outline beyond one, 0 for a straight or bent line.
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
    """How likely each shape is, most likely first, together 1; ``undetermined_because``: why none is named.

    Empty probabilities mean that nothing was attempted.
    """

    probabilities: tuple[tuple[Morphology, float], ...]
    undetermined_because: str = ""

    @property
    def likeliest(self) -> Morphology | None:
        """The likeliest shape; ``None`` where the pixels do not carry it."""
        if self.undetermined_because or not self.probabilities:
            return None
        return self.probabilities[0][0]

    def of(self, morphology: Morphology) -> float:
        """Probability of one shape, 0 when it was not considered."""
        return dict(self.probabilities).get(morphology, 0.0)


@dataclass(frozen=True)
class DistributionMeasurements:
    """What a distribution was told from; lengths in mm, ``None`` where the spacing is unknown.

    ``count``: members. The pattern the group is part of is looked at too, and not measured here. ``extent``:
    largest distance of two of them. ``length``, ``width``: along and across the principal axis.
    ``hull_area``: convex hull. ``nearest_neighbor``: median distance to the next one. ``nipple_angle``:
    degrees between the principal axis and the direction to the nipple, 0 to 90, ``None`` without a nipple.
    ``breast_share``: hull over the area of the breast.
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
    """How likely each distribution is, most likely first, together 1, and what it was told from."""

    probabilities: tuple[tuple[Distribution, float], ...]
    measurements: DistributionMeasurements

    @property
    def likeliest(self) -> Distribution:
        """The likeliest distribution."""
        return self.probabilities[0][0]


@dataclass(frozen=True)
class Landmarks:
    """Points of the breast that places are told from, in the file's pixels.

    ``nipple``: on the skin line; ``nipple_seen`` is false where it is inferred from the shape of the breast
    alone. ``pectoral``: two points of the front edge of the muscle on an oblique or lateral view, empty where
    none was found. ``chest_wall``: two points of the line that depth is measured from.
    """

    nipple: Point
    nipple_seen: bool
    pectoral: tuple[Point, ...]
    chest_wall: tuple[Point, Point]


@dataclass(frozen=True)
class Calcification:
    """One calcification, outlined and measured.

    ``score`` 0 to 1, higher is more believable. ``outline``: closed polygon round the whole object, the
    system's blur undone, first point not repeated. ``area``: inside it; ``diameter``: of the circle with that
    area. ``contrast``: height over its surround in units of the local noise. Each error is one standard
    deviation. ``vascular``: whether it looks like calcium in the wall of a vessel; ``None`` where the
    detector does not tell. ``shape``, ``morphology``: ``None`` where nothing was described.
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
    """Something bright that is named and kept apart, never silently dropped and never counted."""

    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True)
class CalcificationGroup:
    """Calcifications that lie together; ``members`` are their tracking UIDs, most believable first.

    ``row, column, radius``: the smallest circle round all members. ``outline``: convex hull with a margin.
    ``score`` 0 to 1: belief that this is a group of calcifications. ``suspicion`` 0 to 1: how much it looks
    like those that turned out suspicious; it ranks groups and is no probability for one woman. Description
    and suspicion are ``None`` where nothing was described.
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

    @property
    def count(self) -> int:
        """Number of member calcifications."""
        return len(self.members)


@dataclass(frozen=True)
class SubthresholdCandidate:
    """A bright point below the threshold of belief: never reported, it tells "there already" from "new".

    ``row, column`` in the file's pixels; ``score``: belief, below the threshold.
    """

    row: float
    column: float
    score: float


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Tissue of one view on cells of about half a millimeter, chest wall on the left, specks taken out.

    ``pattern``: uint8, 128 where the tissue is as bright as its surround, brightness and contrast evened out;
    ``mask``: uint8, 1 in the breast. ``contrast_to_noise``: float32, contrast of the tissue in units of the
    noise, on cells ``contrast_to_noise_step`` times as large. ``cell_mm`` is a length where ``in_mm``, else
    cells are counted as if a pixel had 0.1 mm. ``step``: pixels in a cell. ``top, left, columns, mirrored``:
    where the crop lies in the file and whether it was turned. Places "in mm" count from the first pixel of
    the crop.
    """

    pattern: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    contrast_to_noise: NDArray[np.float32]
    contrast_to_noise_step: int
    step: int
    cell_mm: float
    in_mm: bool
    top: int
    left: int
    columns: int
    mirrored: bool

    @property
    def pixel_mm(self) -> float:
        """What a pixel of the file measures."""
        return self.cell_mm / self.step

    def to_mm(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the file (n x 2, row and column in pixels) as places in mm (n x 2)."""
        return self._turned(points.reshape(-1, 2) - (self.top, self.left)) * self.pixel_mm

    def to_file(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in mm as points of the file."""
        corner = (self.top, self.left)
        return self._turned(places.reshape(-1, 2) / self.pixel_mm) + corner

    def cells(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in mm as row and column of cells, whole numbers in their centers."""
        return (places / self.pixel_mm + 0.5) / self.step - 0.5

    def _turned(self, inner: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.mirrored:
            inner[:, 1] = self.columns - 1 - inner[:, 1]
        return inner


@dataclass(frozen=True)
class ImageFindings:
    """The answer for one image; nothing found is an empty tuple, never ``None``.

    ``tissue_map`` and ``subthreshold`` are what a comparison with another examination needs beside the
    findings; they are ``None`` and empty for findings that were read from a file.
    """

    description: ImageDescription
    breast_area_cm2: float | None
    breast_outline: tuple[Point, ...]
    quality_flags: tuple[QualityFlag, ...]
    calcifications: tuple[Calcification, ...] = ()
    non_lesions: tuple[NonLesion, ...] = ()
    groups: tuple[CalcificationGroup, ...] = ()
    landmarks: Landmarks | None = None
    tissue_map: TissueMap | None = field(default=None, compare=False, repr=False)
    subthreshold: tuple[SubthresholdCandidate, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class AnalysisSettings:
    """Every number that changes a result; stored with the result it made.

    ``grouping_distance_mm``: two calcifications closer than this belong together. ``min_group_count``: fewer
    are no group. ``score_threshold``: less believable candidates are not reported. ``min_contrast``: nor are
    those that stand less than this many units of noise above their surround. ``max_candidates``: how many
    of the strongest are looked at in one image.
    """

    score_threshold: float = 0.5
    min_contrast: float = 1.0
    grouping_distance_mm: float = 5.0
    min_group_count: int = 3
    max_candidates: int = 4000

    def __post_init__(self) -> None:
        if not 0.0 <= self.score_threshold <= 1.0:
            raise ValueError(f"score_threshold {self.score_threshold} is not between 0 and 1")
        if self.grouping_distance_mm <= 0:
            raise ValueError(f"grouping_distance_mm {self.grouping_distance_mm} must be above 0")
        if self.min_group_count < 2:
            raise ValueError(f"min_group_count {self.min_group_count} is no group; two is the least")
        if self.max_candidates < 1:
            raise ValueError(f"max_candidates {self.max_candidates} must be at least 1")


ANALYSIS_VERSION = "3"
"""Changes whenever any number in a result may change; stored with every result."""


@dataclass(frozen=True)
class Provenance:
    """How a result was made.

    ``model_hash`` is ``None`` for a detector without learned weights, ``description_model_hash`` where
    nothing was described.
    """

    package_version: str
    analysis_version: str
    settings: AnalysisSettings
    model_name: str = "classical"
    model_hash: str | None = None
    description_model_hash: str | None = None


@dataclass(frozen=True)
class CadMark:
    """One finding of a CAD report.

    ``finding``: what it is, in the report's words; ``words``: what else it says of it, such as a type.
    ``row, column``: its center, ``None`` where it has no place of its own; ``outline`` may be empty.
    ``sop_instance_uid``: of the image it lies in, ``""`` where the report does not say. ``part_of``: place
    of the mark that it belongs to in the report's marks, ``None`` for a mark by itself. ``certainty``,
    ``probability``: on the maker's own scale. ``rendering_intent``: whether a viewer must show it, in the
    report's words.
    """

    finding: str
    row: float | None = None
    column: float | None = None
    outline: tuple[Point, ...] = ()
    sop_instance_uid: str = ""
    tracking_uid: str = ""
    rendering_intent: str = ""
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

    ``algorithm``: name and version; ``detections``, ``analyses``: what came of them, in the report's words;
    ``""`` is not said. No marks is an empty tuple; whether that means "none found" stands in ``detections``.
    """

    manufacturer: str
    algorithm: str
    study_instance_uid: str
    sop_instance_uid: str
    marks: tuple[CadMark, ...]
    detections: str = ""
    analyses: str = ""
