"""From a stated treatment to facts: months since, in or out of the bed, what is typical."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BreastContext, ClinicalContext
from calcwatch.domain.dates import months_between
from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality
from calcwatch.domain.treatment import OperationKind, SurgicalBedSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.register import Registration
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings
    from calcwatch.domain.treatment import Operation, SurgicalBedMark, Treatment

MOST_CARRIED_ERROR_MM = 10.0
"""A bed that was carried over less surely than this is not known."""

PLACE_UNKNOWN = "location in the breast after surgery not known: treated as outside the bed"
"""Said of every group of a treated breast whose bed is not known."""

_ROUND_CLIPS_MM = 10.0  # the bed lies so far round its clips or scar marker; our own choice
_CORNERS = 48
_MARKS = {SurgicalBedSource.CLIPS: NonLesionKind.CLIP, SurgicalBedSource.SCAR_MARKER: NonLesionKind.MARKER}
_BENIGN_MONTHS, _MALIGNANT_MONTHS = (2, 27, 91), (11, 41, 57)
_SOURCE = "Breast J 2021;27:761"


@dataclass(frozen=True)
class LiteratureFigure:
    """A figure of a study with what it rests on.

    ``events`` of ``n``; ``percent`` with its 95 % interval ``low`` to ``high``, or for times the median and
    range in months.
    """

    what: str
    events: int
    n: int
    percent: float | None
    low: float
    high: float
    words: str
    source: str


FIGURES = (
    LiteratureFigure(
        "malignant, new in the bed",
        2,
        137,
        1.5,
        0.2,
        5.2,
        "Of new calcifications in the bed, 2 of 137 were malignant: 1.5 % (95 % interval 0.2 to 5.2).",
        _SOURCE,
    ),
    LiteratureFigure(
        "malignant, new outside the bed",
        6,
        16,
        37.5,
        15.0,
        65.0,
        "Of new calcifications outside the bed, 6 of 16 were malignant: 37.5 % (95 % interval 15 to 65).",
        _SOURCE,
    ),
    LiteratureFigure(
        "months to malignant calcifications, median and range",
        8,
        153,
        None,
        11.0,
        57.0,
        "Malignant ones appeared after 41 months (median; 11 to 57) in 8 women, benign ones after 27 "
        "(2 to 91) in 145: the ranges overlap, so time alone tells nothing.",
        _SOURCE,
    ),
)
"""What is known of new calcifications after breast-conserving treatment: one study with eight cancers."""


@dataclass(frozen=True, eq=False)
class SurgicalBed:
    """The bed of an operation on one image: polygon n x 2 of (row, column) in the file's pixels.

    ``error_mm``: of its place, 0 where it was marked on the image itself. ``words``: where it comes from.
    """

    outline: NDArray[np.float64]
    error_mm: float
    words: str


def context_with(
    treatment: Treatment, context: ClinicalContext, study_date: str | None, earlier_dates: Sequence[str]
) -> ClinicalContext:
    """What a person states, with the facts that the treatment tells about the examination of a day.

    ``study_date``: ``None`` where it is not known, then no time is told. ``earlier_dates``: of other
    examinations at hand. Raises ``ValueError`` where ``context`` states otherwise than the treatment.
    """
    had = replace(treatment, operations=_before(treatment.operations, study_date))
    known: dict[str, Any] = {
        "left": _breast(had, Laterality.LEFT, context.left, study_date, earlier_dates),
        "right": _breast(had, Laterality.RIGHT, context.right, study_date, earlier_dates),
        "personal_history": True if any(one.is_of_cancer for one in had.operations) else None,
        "neoadjuvant": _is_neoadjuvant(had, study_date),
    }
    for name in ("personal_history", "neoadjuvant"):
        known[name] = _agreed(name, getattr(context, name), known[name])
    return replace(context, **known)


def _before(operations: Iterable[Operation], study_date: str | None) -> tuple[Operation, ...]:
    """Operations up to the day, the earliest first; all of them where the day is not known."""
    return tuple(
        sorted(
            (one for one in operations if study_date is None or one.date <= study_date), key=lambda o: o.date
        )
    )


def _is_neoadjuvant(treatment: Treatment, study_date: str | None) -> bool | None:
    """Whether chemotherapy has begun and its operation has not been done yet."""
    therapy = treatment.neoadjuvant
    if therapy is None or study_date is None or therapy.start_date > study_date:
        return None
    return not any(one.is_of_cancer and one.date >= therapy.start_date for one in treatment.operations)


def _breast(
    treatment: Treatment,
    side: Laterality,
    stated: BreastContext,
    study_date: str | None,
    earlier_dates: Sequence[str],
) -> BreastContext:
    operations = [one for one in treatment.operations if one.laterality is side]
    rays = [
        one.end_date
        for one in treatment.radiation
        if one.laterality is side and (study_date is None or one.end_date <= study_date)
    ]
    cancer = [one for one in operations if one.is_of_cancer]
    biopsies = [one.biopsy for one in operations if one.biopsy is not None]
    told = BreastContext(
        treated=True if cancer or rays else None,
        reduction=True if any(one.kind is OperationKind.REDUCTION for one in operations) else None,
        months_since_treatment=_months(rays or [one.date for one in cancer], study_date),
        original_malignant=_last(one.malignant for one in operations if _removes(one)),
        original_calcified=_last(one.calcified for one in operations if _removes(one)),
        first_after_surgery=_is_first(operations, study_date, earlier_dates),
        biopsy=biopsies[-1] if biopsies else None,
    )
    names = [one.name for one in fields(BreastContext)]
    return BreastContext(
        **{name: _agreed(name, getattr(stated, name), getattr(told, name), side) for name in names}
    )


def _removes(operation: Operation) -> bool:
    return operation.kind in (OperationKind.LUMPECTOMY, OperationKind.MASTECTOMY)


def _last(values: Iterable[bool | None]) -> bool | None:
    known = [value for value in values if value is not None]
    return known[-1] if known else None


def _months(dates: Sequence[str], study_date: str | None) -> int | None:
    """Whole months from the last of the dates to the day."""
    months = months_between(max(dates, default=None), study_date)
    return None if months is None or months < 0 else int(months)


def _is_first(
    operations: Sequence[Operation], study_date: str | None, earlier_dates: Sequence[str]
) -> bool | None:
    """Whether no examination that is known of lies between the last removal and the day."""
    removals = [one.date for one in operations if _removes(one)]
    if not removals or study_date is None or not earlier_dates:
        return None
    return not any(removals[-1] < date < study_date for date in earlier_dates)


def _agreed(name: str, stated: Any, told: Any, side: Laterality | None = None) -> Any:
    if stated is not None and told is not None and stated != told:
        where = f"{side}: " if side else ""
        raise ValueError(f"{where}{name} is stated as {stated}, but the treatment says {told}; correct one")
    return told if stated is None else stated


def surgical_beds_of(treatment: Treatment, image: ImageFindings) -> tuple[SurgicalBed, ...]:
    """Beds that are marked on an image; none where its date, side or view is not known or nothing is marked.

    A circle or clips need the pixel spacing: without it there is no bed.
    """
    shown = image.description
    beds = []
    for operation in treatment.operations:
        if operation.laterality is not shown.image_laterality:
            continue
        for mark in operation.bed:
            if (mark.study_date, mark.view_position) == (shown.study_date, shown.view_position):
                outline = _outline(mark, image)
                if outline is not None:
                    beds.append(
                        SurgicalBed(
                            outline, 0.0, f"bed of the {operation.kind}, {mark.source.replace('_', ' ')}"
                        )
                    )
    return tuple(beds)


def carry_surgical_beds(beds: Sequence[SurgicalBed], registration: Registration) -> tuple[SurgicalBed, ...]:
    """Beds of the prior image on the current one."""
    carried = []
    for bed in beds:
        places = registration.to_current(registration.prior.to_mm(bed.outline))
        error = float(np.median(registration.error_mm(places)))
        outline = registration.current.to_file(places)
        carried.append(
            SurgicalBed(outline, float(np.hypot(bed.error_mm, error)), f"{bed.words}, carried over")
        )
    return tuple(carried)


def _outline(mark: SurgicalBedMark, image: ImageFindings) -> NDArray[np.float64] | None:
    if mark.outline:
        return np.array(mark.outline, np.float64)
    spacing = image.description.pixel_spacing
    if spacing is None:
        return None
    if mark.row is not None and mark.column is not None and mark.radius_mm is not None:
        return _ring(mark.row, mark.column, mark.radius_mm / spacing.mm)
    centers = [(one.row, one.column) for one in image.non_lesions if one.kind is _MARKS.get(mark.source)]
    if not centers:
        return None
    rings = np.concatenate([_ring(row, column, _ROUND_CLIPS_MM / spacing.mm) for row, column in centers])
    return np.asarray(cv2.convexHull(rings.astype(np.float32)).reshape(-1, 2), np.float64)


def _ring(row: float, column: float, radius_px: float) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    return np.stack([row + radius_px * np.sin(angles), column + radius_px * np.cos(angles)], axis=1)


def place_in_surgical_bed(
    beds: Sequence[SurgicalBed], image: ImageFindings, group: CalcificationGroup, margin_mm: float
) -> tuple[SurgicalBedPosition | None, float | None, tuple[str, ...]]:
    """Inside or outside the nearest bed, mm beyond its rim (below 0 inside), and why, in words.

    Inside is only a group all of whose members lie within the margin. ``None`` where no bed is known well
    enough, or nothing can be measured; that is treated as outside.
    """
    known = [bed for bed in beds if bed.error_mm <= MOST_CARRIED_ERROR_MM]
    spacing = image.description.pixel_spacing
    if not known or spacing is None:
        return None, None, (PLACE_UNKNOWN,)
    members = set(group.members)
    points = [(one.row, one.column) for one in image.calcifications if one.tracking_uid in members]
    beyond, bed = min(((_beyond(bed, points) * spacing.mm, bed) for bed in known), key=lambda one: one[0])
    place = SurgicalBedPosition.INSIDE if beyond <= margin_mm else SurgicalBedPosition.OUTSIDE
    rim = f"{abs(beyond):.0f} mm {'inside' if beyond <= 0 else 'beyond'} its rim"
    sure = f" (error {bed.error_mm:.0f} mm)" if bed.error_mm else ""
    return place, beyond, (f"{place} the {bed.words}: the farthest member lies {rim}{sure}",)


def _beyond(bed: SurgicalBed, points: Sequence[tuple[float, float]]) -> float:
    """How far the farthest point lies beyond the rim, in pixels, below 0 inside."""
    corners = bed.outline.astype(np.float32)
    return max(-cv2.pointPolygonTest(corners, (float(r), float(c)), measureDist=True) for r, c in points)


def typical_window(months: int) -> str:
    """What is typical so many months after treatment, in words; it says nothing about one woman."""
    low, median, high = _BENIGN_MONTHS
    bad_low, bad_median, bad_high = _MALIGNANT_MONTHS
    benign = "within" if low <= months <= high else "outside"
    malignant = "within" if bad_low <= months <= bad_high else "outside"
    return (
        f"{months} months after treatment: {benign} the range in which new benign calcifications appeared "
        f"(median {median}, {low} to {high} months), {malignant} that of malignant ones (median "
        f"{bad_median}, {bad_low} to {bad_high}, 8 cancers)"
    )


def neoadjuvant_change(kinds: Sequence[ChangeKind]) -> tuple[str, str] | None:
    """Change of calcifications under chemotherapy: complete, partial, none or increased, and what it is not.

    ``None`` where no group could be compared.
    """
    known = [kind for kind in kinds if kind is not ChangeKind.NOT_COMPARABLE]
    if not known:
        return None
    grown = {
        ChangeKind.NEW,
        ChangeKind.INCREASED_IN_NUMBER,
        ChangeKind.INCREASED_IN_EXTENT,
        ChangeKind.INCREASED_IN_SIZE,
        ChangeKind.SHAPE_CHANGED,
    }
    less = {ChangeKind.DECREASED, ChangeKind.PARTIALLY_REMOVED, ChangeKind.RESOLVED}
    if any(kind in grown for kind in known):
        word = "increased"
    elif all(kind is ChangeKind.RESOLVED for kind in known):
        word = "complete"
    else:
        word = "partial" if any(kind in less for kind in known) else "none"
    return word, (
        "change of calcifications is no response of the cancer: what is left is malignant in about half, and "
        "what is gone may have been either (systematic review, J Clin Med 2026)"
    )
