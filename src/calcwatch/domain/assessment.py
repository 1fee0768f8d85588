"""What an examination says: the same group in two views, where it lies, a suggested category with reasons.

Everything here is a suggestion. A radiologist decides; ``needs_human`` is always true.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from calcwatch.domain.lexicon import LEXICON, Category, LateralityPattern

if TYPE_CHECKING:
    from calcwatch.domain.change import Change, Comparison
    from calcwatch.domain.findings import ImageFindings, Provenance
    from calcwatch.domain.image import Laterality
    from calcwatch.domain.lexicon import Distribution, Morphology
    from calcwatch.domain.statements import FindingStatement


class JudgedBy(StrEnum):
    """What a suggestion rests on.

    Attributes:
        PERSON: The shape that a person named.
        SUSPICION: The probability that a reader would call the finding suspicious, weighed by the costs of
            both mistakes.
        RULES: The facts alone, as they were given.
    """

    PERSON = "person"
    SUSPICION = "suspicion"
    RULES = "rules"


@dataclass(frozen=True)
class LikelihoodRange:
    """Between which shares of such findings studies found malignant.

    It is a range over studies, never a probability for one woman. Raises ``ValueError`` unless
    0 <= low <= high <= 1.

    Attributes:
        low: Lowest share, 0 to 1.
        high: Highest share, 0 to 1.
        source: Which studies.
    """

    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError(f"likelihood range {self.low} to {self.high} must be 0 <= low <= high <= 1")


@dataclass(frozen=True)
class Alternative:
    """Another description that the picture allows.

    Attributes:
        morphology: Its shape; ``None`` where that is not known.
        distribution: Its distribution; ``None`` where that is not known.
        probability: Of the shape or distribution that differs, 0 to 1.
        category: Place on the ladder that would be suggested for it.
    """

    morphology: Morphology | None
    distribution: Distribution | None
    probability: float
    category: Category


@dataclass(frozen=True)
class Assessment:
    """A suggested BI-RADS category and how it came about.

    Attributes:
        suggested_category: What to show.
        floor: The least category that the rules that fired allow, whatever is still missing.
        rule_ids: All rules that fired, those that decide first; of equals in the order of the table.
        reasons: One sentence a rule, plain words, in the same order.
        if_confirmed: What it would be once the workup confirms the description; ``None`` unless the
            suggestion is 0 (incomplete), and where nothing is marked.
        likelihood_range: Of studies where theirs agrees with the category, else what the category itself
            stands for; ``None`` for a proven cancer and where nothing is marked.
        missing: Names of facts that were wanted and not given.
        alternatives: Other descriptions, most likely first.
        rule_table_version: Of the table that the rules are from.
        lexicon: Edition whose words and categories are used.
        morphology: The shape that was judged, which need not be the likeliest one of the group; ``None``
            where none is told.
        distribution: The distribution that was judged; ``None`` where none is told.
        judged_by: What it rests on.
        cost_ratio: How many needless alarms weigh as much as one missed suspicious finding, where that
            decided; ``None`` where it did not.
    """

    suggested_category: Category
    floor: Category
    rule_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    if_confirmed: Category | None = None
    likelihood_range: LikelihoodRange | None = None
    missing: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    rule_table_version: str = ""
    lexicon: str = LEXICON
    morphology: Morphology | None = None
    distribution: Distribution | None = None
    judged_by: JudgedBy = JudgedBy.RULES
    cost_ratio: float | None = None

    @property
    def needs_human(self) -> bool:
        """Always true: software suggests, a radiologist decides."""
        return True


@dataclass(frozen=True)
class Location:
    """Where a group lies in the breast, as a reader says it; ``None`` where the views do not tell.

    Attributes:
        laterality: Which breast.
        quadrant: ``upper outer`` and the like, or ``central``; from one view alone only half of it
            (``upper`` or ``outer``). An axillary tail is never named: its border is not seen.
        clock: 1 to 12, as seen facing the woman.
        depth: ``anterior``, ``middle`` or ``posterior`` third.
        nipple_distance_mm: From the nipple; ``None`` without spacing or nipple.
        words: The whole place in one phrase.
    """

    laterality: Laterality | None
    quadrant: str | None
    clock: int | None
    depth: str | None
    nipple_distance_mm: float | None
    words: str


@dataclass(frozen=True)
class ViewPair:
    """Two groups that are the same one in two views of a breast.

    Attributes:
        first: Tracking UID of the group on the CC view.
        second: Tracking UID of the group on the view from the side.
        probability: That they are the same, 0 to 1.
        difference_mm: Of their distances from the nipple; ``None`` where a spacing is unknown.
        reason: What speaks for it, in words.
    """

    first: str
    second: str
    probability: float
    difference_mm: float | None
    reason: str


@dataclass(frozen=True)
class GroupReading:
    """What the examination says of one group of one image.

    Attributes:
        tracking_uid: Of the group.
        location: Where it lies.
        counterpart: Tracking UID of the same group in the other view; ``None`` when it is seen in one view
            only.
        view_note: In which views it is seen, in words.
        assessment: What the rules suggest for it.
        stated: What a person states of it, stored beside the suggestion; ``None`` where nothing is.
    """

    tracking_uid: str
    location: Location
    counterpart: str | None
    view_note: str
    assessment: Assessment
    stated: FindingStatement | None = None

    @property
    def is_rejected(self) -> bool:
        """Whether a person rejected the mark: it stays in the result and orders no worklist."""
        return self.stated is not None and self.stated.is_rejected


@dataclass(frozen=True)
class SingleReading:
    """What the examination says of one calcification in no group.

    Attributes:
        tracking_uid: Of the calcification.
        assessment: What the rules suggest for it.
    """

    tracking_uid: str
    assessment: Assessment


@dataclass(frozen=True, kw_only=True)
class BreastReading:
    """What was looked for in one breast and what was found; never a category of the breast.

    Only calcifications are looked for, hence nothing can be said of the breast as a whole: suggestions are of
    findings alone.

    Attributes:
        laterality: Which breast; ``None`` for the images of which the side is not known.
        groups: Tracking UIDs of its groups, the most suspicious first, those that a person rejected last.
        singles: Its calcifications in no group whose suggestion is above benign.
        found: What was found, in one sentence.
        not_looked_for: What was not looked for, in one sentence.
        notes: What a person stated that matters whatever was found, a symptom and its urgency above all.
        missing: Names of facts that were wanted of any finding and not given.
    """

    laterality: Laterality | None
    groups: tuple[str, ...]
    singles: tuple[SingleReading, ...] = ()
    found: str = ""
    not_looked_for: str = ""
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExaminationFindings:
    """All images of one woman and day, read together; never shown to a patient.

    Raises ``ValueError`` for a score that is not 1 to 10.

    Attributes:
        images: Findings of each image.
        pairs: Groups that are the same one in two views; empty when there are none.
        groups: A reading for every group of ``images``, in their order.
        breasts: A reading for every breast of which there is an image: right, left, side not known.
        laterality_pattern: How calcifications are spread over both breasts.
        suspicion: 0 to 1, that of the most suspicious finding.
        score: 1 to 10, the decile of ``suspicion`` on the reference population.
        score_reasons: The findings that made the score, in words, the most suspicious first.
    """

    images: tuple[ImageFindings, ...]
    pairs: tuple[ViewPair, ...]
    groups: tuple[GroupReading, ...]
    breasts: tuple[BreastReading, ...]
    laterality_pattern: LateralityPattern
    suspicion: float
    score: int
    score_reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.score <= 10:
            raise ValueError(f"examination score {self.score} is not between 1 and 10")


@dataclass(frozen=True)
class ExaminationResult:
    """One examination and what it was compared with.

    Attributes:
        examination: What was found and suggested.
        provenance: How it was made.
        prior: Images of the prior examination; empty where there was none.
        comparison: What became of its groups; ``None`` where nothing was compared. Places of images in it
            count those of ``prior`` and of ``examination.images``.
    """

    examination: ExaminationFindings
    provenance: Provenance
    prior: tuple[ImageFindings, ...] = ()
    comparison: Comparison | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What became of each group; empty where nothing was compared."""
        return self.comparison.changes if self.comparison else ()

    def change_of(self, group: str) -> Change | None:
        """What became of a current group.

        Args:
            group: Its tracking UID.

        Returns:
            The change; ``None`` where nothing is said of it.
        """
        return next((change for change in self.changes if group in change.groups), None)

    def change_from(self, prior_group: str) -> Change | None:
        """What became of a group of the prior.

        Args:
            prior_group: Its tracking UID.

        Returns:
            The change; ``None`` where nothing is said of it.
        """
        return next((change for change in self.changes if prior_group in change.prior_groups), None)

    def reading_of(self, group: str) -> GroupReading | None:
        """What the examination says of a current group.

        Args:
            group: Its tracking UID.

        Returns:
            The reading; ``None`` where it has none.
        """
        return next((reading for reading in self.examination.groups if reading.tracking_uid == group), None)
