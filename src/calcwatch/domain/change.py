"""What became of calcifications between two examinations, in DICOM's words (PS3.16 CID 6002 and 6037).

A change is stated of a group in one view; it is a measurement, never a judgment: neither growth nor
shrinkage says malignant or benign by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcwatch.domain.image import Laterality, Point, ViewPosition
    from calcwatch.domain.lexicon import Morphology


class ChangeKind(StrEnum):
    """How a group compares with the earlier examination.

    ``NOT_COMPARABLE``: nothing may be said, because the images cannot be aligned, the prior does not show the
    place, or what is seen now could not have been seen then.
    """

    NEW = "new"
    INCREASED_IN_NUMBER = "increased_in_number"
    INCREASED_IN_EXTENT = "increased_in_extent"
    INCREASED_IN_SIZE = "increased_in_size"
    SHAPE_CHANGED = "shape_changed"
    NO_SIGNIFICANT_CHANGE = "no_significant_change"
    DECREASED = "decreased"
    PARTIALLY_REMOVED = "partially_removed"
    RESOLVED = "resolved"
    NOT_COMPARABLE = "not_comparable"


class SurgicalBedPosition(StrEnum):
    """Where something lies with respect to the bed or scar of an operation."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Alignment(StrEnum):
    """How well two images of a view could be laid over each other."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True)
class CalcificationMatch:
    """The same calcification on both images, by tracking UID; ``distance_mm``: after alignment."""

    prior: str
    current: str
    probability: float
    distance_mm: float


@dataclass(frozen=True)
class ImagePair:
    """A current image and the earlier one of the same breast and view it was compared with.

    ``prior``, ``current``: place of the image in its examination, 0 first. ``interval_months``: ``None``
    where a date is not known. ``local_correlation``: mean correlation of the aligned tissue, 1 at most;
    ``overlap``: share of the current breast that the prior shows. ``error_mm``: median error of the alignment
    at the calcifications or, where there are none, in the breast; in mm only where both spacings are known.
    ``matches``: calcifications that are the same. ``notes``: what a reader must know of the pair, in words.
    """

    prior: int
    current: int
    image_laterality: Laterality | None
    view_position: ViewPosition | None
    interval_months: float | None
    alignment: Alignment
    local_correlation: float
    overlap: float
    error_mm: float | None
    matches: tuple[CalcificationMatch, ...]
    notes: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        """Whether anything is said of change."""
        return self.alignment is not Alignment.FAILED


@dataclass(frozen=True)
class GroupMeasurement:
    """What was measured of one group on one day.

    ``count``: calcifications above the threshold of belief. ``subthreshold``: bright points below the
    threshold where the other day shows a calcification. ``extent_mm``: largest distance of two
    calcifications. ``diameter_mm``: median. ``contrast``: median height over the surround in units of noise,
    so that two devices differ in it. ``morphology``: likeliest shape, if one was told.
    """

    count: int
    subthreshold: int
    extent_mm: float | None
    diameter_mm: float | None
    contrast: float | None
    morphology: Morphology | None


@dataclass(frozen=True)
class Change:
    """What became of one group in one view.

    ``tracking_uid``: of the group through all examinations: the earliest one's that it was found in.
    ``groups``, ``prior_groups``: tracking UIDs on either day, the largest first; more than one where a group
    fell apart or grew together, none where there is no group then. ``image``, ``prior_image``: place of its
    image in each examination, ``None`` where that has no partner. ``place``, ``prior_place``: (row, column)
    in the file of each day, where there is no group the place that the alignment tells; ``None`` where no
    image shows it. ``matched``: calcifications found on both days; ``new``, ``gone``: on one, though the
    other would have shown them; ``not_assessable``: on one, and the other might have missed them.
    ``size_ratio``: median diameter now over then of the matched ones. ``error_mm``: one standard deviation of
    the alignment there. ``in_bed``: ``None`` where it is not known; ``bed_margin_mm``: from the rim of the
    bed, below 0 inside.
    """

    kind: ChangeKind
    tracking_uid: str
    groups: tuple[str, ...]
    prior_groups: tuple[str, ...]
    image_laterality: Laterality | None
    view_position: ViewPosition | None
    image: int | None
    prior_image: int | None
    place: Point | None
    prior_place: Point | None
    current: GroupMeasurement
    prior: GroupMeasurement
    matched: int
    new: int
    gone: int
    not_assessable: int
    size_ratio: float | None
    interval_months: float | None
    error_mm: float | None
    reasons: tuple[str, ...]
    in_bed: SurgicalBedPosition | None = None
    bed_margin_mm: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two examinations of one woman, compared view by view; order as in the current examination.

    ``not_paired``: images of either day without a partner, and why, in words.
    """

    pairs: tuple[ImagePair, ...]
    changes: tuple[Change, ...]
    not_paired: tuple[str, ...]
