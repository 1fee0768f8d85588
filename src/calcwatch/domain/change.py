"""What became of calcifications between two examinations, in DICOM's words (PS3.16 CID 6002 and 6037).

A change is stated of a group in one view; it is a measurement, never a judgment: neither growth nor
shrinkage says malignant or benign by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from calcwatch.domain.findings import TissueMap
    from calcwatch.domain.image import Laterality, Point, ViewPosition
    from calcwatch.domain.lexicon import Morphology


class ChangeKind(StrEnum):
    """How a group compares with the prior examination.

    Attributes:
        NEW: On the prior there is no group, though it would have shown one.
        INCREASED_IN_NUMBER: More calcifications than chance explains.
        INCREASED_IN_EXTENT: The same, and the new ones lie to one side.
        INCREASED_IN_SIZE: The same calcifications are larger.
        SHAPE_CHANGED: Their shape has moved toward a more worrying one.
        NO_SIGNIFICANT_CHANGE: Nothing of this, within the error of both images.
        DECREASED: Fewer calcifications than chance explains.
        PARTIALLY_REMOVED: The same, and those that are gone lay on one side.
        RESOLVED: On the current image there is no group, though it would show one.
        NOT_COMPARABLE: Nothing may be said: the images cannot be aligned, one of them does not show the
            place, or what one shows could not have been seen on the other.
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


GROWTH = frozenset(
    {
        ChangeKind.NEW,
        ChangeKind.INCREASED_IN_NUMBER,
        ChangeKind.INCREASED_IN_EXTENT,
        ChangeKind.INCREASED_IN_SIZE,
        ChangeKind.SHAPE_CHANGED,
    }
)
"""Changes toward more, larger or more worrying calcifications."""

SHRINKAGE = frozenset({ChangeKind.DECREASED, ChangeKind.PARTIALLY_REMOVED, ChangeKind.RESOLVED})
"""Changes toward fewer calcifications."""


class SurgicalBedPosition(StrEnum):
    """Where something lies with respect to the bed or scar of an operation.

    Attributes:
        INSIDE: In the bed, or within the stated margin of its rim.
        OUTSIDE: Beyond that margin.
    """

    INSIDE = "inside"
    OUTSIDE = "outside"


class Alignment(StrEnum):
    """How well two images of a view could be laid over each other.

    Attributes:
        GOOD: The tissue agrees.
        UNCERTAIN: It agrees in part: more is required before anything is new or gone.
        FAILED: It does not agree: nothing is said of change.
    """

    GOOD = "good"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, eq=False, kw_only=True)
class Registration:
    """Where each place of the current image lies on the prior one, and how sure that is.

    Places and lengths are in working units of the two tissue maps: millimeters where the pixel spacing is
    known.

    Attributes:
        prior: Tissue of the prior image.
        current: Tissue of the current image.
        target: Place on the prior (row, column), rows x columns x 2 on the cells of the current tissue.
        error: One standard deviation of it, rows x columns on the same cells.
        local_correlation: Mean local correlation of the aligned tissue in the breast, 1 at most; about 0.3
            for two different breasts.
        overlap: Share of the current breast that the prior shows.
        inverse_consistency_error: How far a place of the breast comes back from where it was when it goes to
            the prior by this registration and returns by the one from the other side, median; 0 where that
            was not tried, infinite where nothing is shared.
    """

    prior: TissueMap
    current: TissueMap
    target: NDArray[np.float32]
    error: NDArray[np.float32]
    local_correlation: float
    overlap: float
    inverse_consistency_error: float = 0.0


@dataclass(frozen=True)
class CalcificationMatch:
    """One calcification that both images show.

    Attributes:
        prior: Its tracking UID on the prior image.
        current: Its tracking UID on the current image.
        probability: That the two are the same, 0 to 1.
        distance_mm: Of the two places after alignment, in mm; ``None`` where a pixel spacing is unknown.
    """

    prior: str
    current: str
    probability: float
    distance_mm: float | None


@dataclass(frozen=True, kw_only=True)
class ImagePair:
    """A current image and the prior one of the same breast and view it was compared with.

    Attributes:
        prior: Place of the prior image in its examination, 0 first.
        current: Place of the current image in its examination, 0 first.
        image_laterality: Side of both.
        view_position: View of both.
        interval_months: Between the two, ``None`` where a date is not known.
        alignment: How well the two could be laid over each other.
        local_correlation: Mean local correlation of the aligned tissue, 1 at most.
        overlap: Share of the current breast that the prior shows.
        error_mm: Median error of the alignment at the calcifications or, where there are none, in the breast;
            ``None`` where a pixel spacing is not known.
        matches: Calcifications that both show; empty where the alignment failed.
        notes: What a reader must know of the pair, in words.
        registration: Where places of the current image lie on the prior, corrected by the matches; ``None``
            where the alignment failed, and for a comparison that was read from a file.
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
    # Left out of comparison and repr: arrays are no part of what was said.
    registration: Registration | None = field(default=None, compare=False, repr=False)

    @property
    def comparable(self) -> bool:
        """Whether anything is said of change."""
        return self.alignment is not Alignment.FAILED


@dataclass(frozen=True)
class GroupMeasurement:
    """What was measured of one group on one image; without arguments: that there is nothing, or no image.

    Attributes:
        count: Calcifications above the threshold.
        subthreshold: Points below the threshold where the other image shows a calcification.
        extent_mm: Largest distance of two calcifications; ``None`` where the pixel spacing is not known.
        diameter_mm: Median diameter; ``None`` where the pixel spacing is not known.
        contrast: Median height over the surround in units of the local noise, so that two devices differ in
            it.
        morphology: Likeliest shape, ``None`` where none is named.
    """

    count: int = 0
    subthreshold: int = 0
    extent_mm: float | None = None
    diameter_mm: float | None = None
    contrast: float | None = None
    morphology: Morphology | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one group in one view.

    Attributes:
        kind: In one word.
        tracking_uid: Of the group through all examinations: that of the earliest one that it was found in.
        groups: Tracking UIDs on the current image, the largest first; more than one where it fell into
            pieces, empty where there is no group.
        prior_groups: The same on the prior image.
        image_laterality: Side of the image, ``None`` where it is not known.
        view_position: View of the image, ``None`` where it is not known.
        image: Place of the current image in its examination, ``None`` where there is none.
        prior_image: Place of the prior image in its examination, ``None`` where there is none.
        place: (row, column) in the current file; where there is no group, where the alignment puts it;
            ``None`` where no current image shows it.
        prior_place: The same in the prior file.
        current: What was measured on the current image.
        prior: What was measured on the prior image.
        matched: Calcifications that both images show.
        new: Those on the current image alone, though the prior would have shown them.
        gone: Those on the prior alone, though the current image would show them.
        not_assessable: Those on one image alone that the other one might have missed.
        size_ratio: Median diameter on the current image over that on the prior, of the matched ones; ``None``
            where too few can be measured.
        interval_months: Between the two images, ``None`` where a date is not known.
        error_mm: One standard deviation of the alignment there; ``None`` where a pixel spacing is not known.
        reasons: Why it is called so, in words.
        in_bed: Inside or outside the bed of an operation; ``None`` where that is not known.
        bed_margin_mm: From the rim of the bed to the farthest member, below 0 inside; ``None`` where no bed
            is known.
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
    """Two examinations of one woman, compared view by view.

    Attributes:
        pairs: Images that were compared, in the order of the current examination.
        changes: What became of each group: pair by pair, then current and prior images without a partner.
        not_paired: Images of either examination without a partner, and why, in words.
    """

    pairs: tuple[ImagePair, ...]
    changes: tuple[Change, ...]
    not_paired: tuple[str, ...]

    def changes_of(self, pair: ImagePair) -> tuple[Change, ...]:
        """Select what became of the groups of one pair of images.

        Args:
            pair: One of ``pairs``.

        Returns:
            Its changes, in their order; empty where neither image shows a group.
        """
        return tuple(
            change
            for change in self.changes
            # Either day: a new group has no prior place, a resolved group no current place.
            if change.image == pair.current or change.prior_image == pair.prior
        )
