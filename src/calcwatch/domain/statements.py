"""What a person states of one finding: a yes or no to the mark, other words, answers, their own category.

It is stored beside what the software says. A category of theirs is never overwritten and never lowered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from calcwatch.domain.change import ChangeKind
from calcwatch.domain.context import MOST_MONTHS, BiopsyResult, check_range
from calcwatch.domain.lexicon import Category

if TYPE_CHECKING:
    from calcwatch.domain.change import SurgicalBedPosition
    from calcwatch.domain.lexicon import Distribution, Morphology

_NEEDS_ATTENTION = (
    Category.LOW_SUSPICION,
    Category.MODERATE_SUSPICION,
    Category.HIGH_SUSPICION,
    Category.HIGHLY_SUGGESTIVE,
    Category.KNOWN_MALIGNANCY,
)
"""Own categories of what nobody can reject in the same breath."""


class Verdict(StrEnum):
    """What a person says of a mark.

    Attributes:
        ACCEPTED: It is what it is marked as.
        REJECTED: It is not, or it needs no attention; it stays in the result and orders no worklist.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class FindingStatement:
    """What a person states of one finding; ``None`` is not stated.

    Raises ``ValueError`` with the value and the remedy for a number that cannot be, and for two answers of
    which only one can be.

    Attributes:
        verdict: Whether the mark is accepted.
        morphology: The shapes they see; of several the most worrying counts. Empty where none is stated.
        words: The shapes as they were written, in any edition of the lexicon.
        distribution: The distribution they see.
        both_views: Seen in both views of the breast.
        bilateral: There are such calcifications in both breasts.
        dominant_group: One group stands out from the others.
        tubular: There are two parallel tracks or a tube.
        follows_vessel: They lie in the wall of a vessel.
        toward_nipple: It points to the nipple.
        lucent_center: The members have a lucent center.
        smooth_edge: The members have smooth sharp edges.
        irregular_shape: The members are irregular.
        thin_rim: A thin smooth shell.
        knot: A knot, as of a stitch.
        on_surgical_line: Where stitches were placed.
        inside_smooth_mass: Inside a smooth mass.
        proven_in_skin: A tangential view proves that it lies in the skin.
        changes_with_projection: A smudge in CC, a crescent or line in a true lateral view.
        all_members_change: All members do so without exception.
        in_bed: Inside or outside the bed of an operation.
        magnification_done: Magnification views of it were made.
        companion: A mass, distortion, asymmetry, change of the skin or large nodes beside it.
        symptom: A lump that can be felt, or another warning symptom, at that place.
        products: Deodorant, powder, ointment or a tattoo on the skin there.
        gone_after_wiping: A view repeated after wiping no longer shows it.
        biopsy: What a biopsy of it gave, and whether that explains the picture.
        known_cancer: The proven cancer that has not been removed lies there.
        change: What became of it since the earlier examination, by a person who looked at both.
        stable_months: How long it has not changed.
        category: Their own category. It is stored and shown; nothing here replaces it.
    """

    verdict: Verdict | None = None
    morphology: tuple[Morphology, ...] = ()
    words: tuple[str, ...] = ()
    distribution: Distribution | None = None
    both_views: bool | None = None
    bilateral: bool | None = None
    dominant_group: bool | None = None
    tubular: bool | None = None
    follows_vessel: bool | None = None
    toward_nipple: bool | None = None
    lucent_center: bool | None = None
    smooth_edge: bool | None = None
    irregular_shape: bool | None = None
    thin_rim: bool | None = None
    knot: bool | None = None
    on_surgical_line: bool | None = None
    inside_smooth_mass: bool | None = None
    proven_in_skin: bool | None = None
    changes_with_projection: bool | None = None
    all_members_change: bool | None = None
    in_bed: SurgicalBedPosition | None = None
    magnification_done: bool | None = None
    companion: bool | None = None
    symptom: bool | None = None
    products: bool | None = None
    gone_after_wiping: bool | None = None
    biopsy: BiopsyResult | None = None
    known_cancer: bool | None = None
    change: ChangeKind | None = None
    stable_months: int | None = None
    category: Category | None = None

    def __post_init__(self) -> None:
        check_range("stable_months", self.stable_months, MOST_MONTHS)
        malignant = self.biopsy is BiopsyResult.MALIGNANT
        unchanged = self.change in (None, ChangeKind.NO_SIGNIFICANT_CHANGE)
        contradictions = (
            (self.is_rejected and self.is_proven_cancer, "it is rejected, and a proven cancer lies there"),
            (
                self.is_rejected and self.category in _NEEDS_ATTENTION,
                f"it is rejected, and its own category is {self.category}",
            ),
            (malignant and self.known_cancer is False, "its biopsy found cancer, and no cancer lies there"),
            (
                bool(self.stable_months) and not unchanged,
                f"its change is {self.change}, and it has not changed for {self.stable_months} months",
            ),
        )
        for both, words in contradictions:
            if both:
                raise ValueError(f"{words}; state the one that is true")

    @property
    def is_proven_cancer(self) -> bool:
        """Whether a proven cancer is stated to lie there."""
        return self.known_cancer is True or self.biopsy is BiopsyResult.MALIGNANT

    @property
    def is_rejected(self) -> bool:
        """Whether a person rejected the mark."""
        return self.verdict is Verdict.REJECTED


@dataclass(frozen=True, kw_only=True)
class NamedFinding:
    """Which finding a statement is of: one that has this identifier, or the nearest group to a place.

    Raises ``ValueError`` unless it has either an identifier or an image with a place.

    Attributes:
        statement: What is stated of it.
        tracking_uid: Its Tracking UID.
        image: Source of its image, or the end of that: the name of the file.
        row: Of its center, in file pixels.
        column: Of its center, in file pixels.
    """

    statement: FindingStatement
    tracking_uid: str | None = None
    image: str | None = None
    row: float | None = None
    column: float | None = None

    def __post_init__(self) -> None:
        place = (self.image, self.row, self.column)
        is_place = all(part is not None for part in place)
        if any(part is not None for part in place) is not is_place or is_place is bool(self.tracking_uid):
            raise ValueError("name it by its tracking_uid, or by image, row and column")

    @property
    def words(self) -> str:
        """How it was named, in words."""
        if self.tracking_uid:
            return self.tracking_uid
        return f"row {self.row:g}, column {self.column:g} of {self.image}"
