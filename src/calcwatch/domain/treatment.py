"""What a person states of a woman's treatment; pixels never tell any of this.

Dates are ``YYYYMMDD``. What is not stated is not known: it is never filled in, and never reassures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from calcwatch.domain.dates import check_date
from calcwatch.domain.image import Laterality

if TYPE_CHECKING:
    from calcwatch.domain.context import BiopsyResult, RadiationKind
    from calcwatch.domain.image import Point, ViewPosition

_LEAST_CORNERS = 3  # of a polygon that has an area
_MOST_RADIUS_MM = 100.0  # of a bed: larger is no operation of a breast, so the number is mistyped
_MOST_MARGIN_MM = 50.0  # half a breast: beyond it every place would lie inside


class OperationKind(StrEnum):
    """What was done.

    Attributes:
        LUMPECTOMY: A part of the breast was taken out.
        MASTECTOMY: The breast was taken off.
        REDUCTION: The breast was made smaller.
        AUGMENTATION: The breast was made larger, with an implant or fat.
        BIOPSY: Tissue was taken by needle or knife to name it.
    """

    LUMPECTOMY = "lumpectomy"
    MASTECTOMY = "mastectomy"
    REDUCTION = "reduction"
    AUGMENTATION = "augmentation"
    BIOPSY = "biopsy"


class SurgicalBedSource(StrEnum):
    """What a bed is taken from.

    Attributes:
        DRAWN: A person drew it.
        CLIPS: It lies round the surgical clips that are found on the image.
        SCAR_MARKER: It lies round the markers that are found on the image.
    """

    DRAWN = "drawn"
    CLIPS = "clips"
    SCAR_MARKER = "scar_marker"


@dataclass(frozen=True)
class SurgicalBedMark:
    """Where the bed of an operation lies on one image; side and view are those of the breast operated on.

    A drawn bed has an outline or a circle. Raises ``ValueError`` for anything between, for an outline
    without an area, and for what is no date.

    Attributes:
        study_date: Of the image, ``YYYYMMDD``.
        view_position: Of the image.
        source: What the bed is taken from; for clips and scar markers nothing else is given.
        outline: Polygon of (row, column) in file pixels; empty where the bed is a circle.
        row: Of the circle's center, file pixels.
        column: Of the circle's center, file pixels.
        radius_mm: Of the circle, above 0 and at most 100.
    """

    study_date: str
    view_position: ViewPosition
    source: SurgicalBedSource = SurgicalBedSource.DRAWN
    outline: tuple[Point, ...] = ()
    row: float | None = None
    column: float | None = None
    radius_mm: float | None = None

    def __post_init__(self) -> None:
        check_date("study_date", self.study_date)
        circle = (self.row, self.column, self.radius_mm)
        is_circle = all(part is not None for part in circle)
        is_drawn = self.source is SurgicalBedSource.DRAWN
        if any(part is not None for part in circle) and not is_circle:
            raise ValueError("a bed that is a circle has row, column and radius_mm")
        # Both or neither: either way nobody could say where the bed is.
        if is_drawn and is_circle is bool(self.outline):
            raise ValueError("a drawn bed has either an outline or row, column and radius_mm")
        if not is_drawn and (is_circle or self.outline):
            raise ValueError(
                f"a bed from {self.source} is not drawn: leave outline, row, column, radius_mm out"
            )
        if self.outline and len(self.outline) < _LEAST_CORNERS:
            raise ValueError(f"an outline of {len(self.outline)} points is no area; give three or more")
        if self.radius_mm is not None and not 0 < self.radius_mm <= _MOST_RADIUS_MM:
            raise ValueError(f"radius_mm {self.radius_mm} is not above 0 and at most {_MOST_RADIUS_MM:.0f}")


@dataclass(frozen=True)
class Operation:
    """One operation of one breast.

    Raises ``ValueError`` for what is no date, for side ``BOTH``, for the result of a biopsy that was none,
    and for the bed of an augmentation.

    Attributes:
        date: ``YYYYMMDD``.
        laterality: Which breast.
        kind: What was done.
        malignant: What was removed was cancer; ``None`` where that is not known.
        calcified: What was removed had calcifications; ``None`` where that is not known.
        biopsy: What a biopsy gave; ``None`` where it was none or the result is not known.
        bed: Where it lies, on any number of images.
    """

    date: str
    laterality: Laterality
    kind: OperationKind
    malignant: bool | None = None
    calcified: bool | None = None
    biopsy: BiopsyResult | None = None
    bed: tuple[SurgicalBedMark, ...] = ()

    def __post_init__(self) -> None:
        check_date("date", self.date)
        _check_side(self.laterality)
        if self.biopsy is not None and self.kind is not OperationKind.BIOPSY:
            raise ValueError(
                f"a {self.kind} has no result of a biopsy; state the biopsy as its own operation"
            )
        if self.bed and self.kind is OperationKind.AUGMENTATION:
            raise ValueError("an augmentation has no bed")

    @property
    def is_of_cancer(self) -> bool:
        """Whether it treats cancer: a lumpectomy or mastectomy that is not stated to have been benign."""
        is_treatment = self.kind in (OperationKind.LUMPECTOMY, OperationKind.MASTECTOMY)
        # Not known counts as cancer: what is not stated never reassures.
        return is_treatment and self.malignant is not False

    @property
    def is_benign_excision(self) -> bool:
        """Whether something was cut out that is stated to have been benign."""
        return self.kind is OperationKind.LUMPECTOMY and self.malignant is False


@dataclass(frozen=True)
class Radiation:
    """Radiation of one breast. Raises ``ValueError`` for what is no date and for side ``BOTH``.

    Attributes:
        laterality: Which breast.
        end_date: The day it ended, ``YYYYMMDD``.
        kind: How it was given; ``None`` where that is not known.
    """

    laterality: Laterality
    end_date: str
    kind: RadiationKind | None = None

    def __post_init__(self) -> None:
        check_date("end_date", self.end_date)
        _check_side(self.laterality)


@dataclass(frozen=True)
class Therapy:
    """A therapy of the whole body. Raises ``ValueError`` for what is no date and an end before the start.

    Attributes:
        start_date: ``YYYYMMDD``.
        end_date: ``YYYYMMDD``; ``None`` where it goes on or the end is not known.
    """

    start_date: str
    end_date: str | None = None

    def __post_init__(self) -> None:
        check_date("start_date", self.start_date)
        if self.end_date is not None:
            check_date("end_date", self.end_date)
            if self.end_date < self.start_date:
                raise ValueError(f"end_date {self.end_date} lies before start_date {self.start_date}")


@dataclass(frozen=True)
class Treatment:
    """Everything that is stated of a treatment; ``Treatment()`` states nothing.

    Raises ``ValueError`` for a margin that is not 0 to 50 mm.

    Attributes:
        operations: In any order; empty where none is stated.
        radiation: Of either breast; empty where none is stated.
        neoadjuvant: Chemotherapy before the operation; ``None`` where none is stated.
        endocrine: Endocrine therapy; ``None`` where none is stated.
        margin_mm: Calcifications so far beyond the rim of a bed still count as inside. 5 mm is our own
            choice, about what two alignments differ by.
    """

    operations: tuple[Operation, ...] = ()
    radiation: tuple[Radiation, ...] = ()
    neoadjuvant: Therapy | None = None
    endocrine: Therapy | None = None
    margin_mm: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin_mm <= _MOST_MARGIN_MM:
            raise ValueError(f"margin_mm {self.margin_mm} is not between 0 and {_MOST_MARGIN_MM:.0f}")


def _check_side(laterality: Laterality) -> None:
    # Dates and beds may differ by breast, and facts are worked out for each.
    if laterality is Laterality.BOTH:
        raise ValueError("side B: state each breast by itself, L and R")
