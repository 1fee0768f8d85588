"""What a stated treatment says of an examination: in or out of the bed, how long after, what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from calcwatch.comparison.surgical_bed import (
    FIGURES,
    carry_surgical_beds,
    context_with,
    neoadjuvant_change,
    place_in_surgical_bed,
    surgical_beds_of,
    typical_window,
)
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.image import Laterality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.comparison.compare import ComparedPair
    from calcwatch.comparison.surgical_bed import LiteratureFigure, SurgicalBed
    from calcwatch.domain.change import Change, Comparison
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.domain.treatment import Treatment


@dataclass(frozen=True)
class ClinicalStatement:
    """What a person states of the woman, facts of her treatment on that day included, and the treatment."""

    context: ClinicalContext = field(default_factory=ClinicalContext)
    treatment: Treatment | None = None


@dataclass(frozen=True)
class TreatmentReading:
    """What the treatment adds to a comparison, in words.

    ``months``: since treatment, of each treated breast. ``window``: what is typical then. ``figures``: the
    literature's, each with n and interval. ``neoadjuvant``: change under chemotherapy, and what it does not
    say; ``None`` where there was none.
    """

    stated: tuple[str, ...]
    months: Mapping[Laterality, int]
    window: tuple[str, ...]
    figures: tuple[LiteratureFigure, ...]
    neoadjuvant: tuple[str, str] | None


def stated_on(
    context: ClinicalContext,
    treatment: Treatment | None,
    images: Sequence[ImageFindings],
    earlier: Sequence[ImageFindings],
) -> ClinicalStatement:
    """What is stated for the day of ``images``; raises ``ValueError`` where the two disagree."""
    if treatment is None:
        return ClinicalStatement(context)
    dates = sorted({one.description.study_date for one in earlier if one.description.study_date})
    day = max((one.description.study_date for one in images if one.description.study_date), default=None)
    return ClinicalStatement(context_with(treatment, context, day, dates), treatment)


def find_surgical_beds(
    stated: ClinicalStatement,
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    aligned: Sequence[ComparedPair],
) -> dict[int, tuple[SurgicalBed, ...]]:
    """Beds on each current image, by its place: marked on it, or carried over from its prior."""
    if stated.treatment is None:
        return {}
    beds = {}
    for place, image in enumerate(current):
        own = surgical_beds_of(stated.treatment, image)
        pair = next((one for one in aligned if one.pair.current == place and one.registration), None)
        if not own and pair is not None and pair.registration is not None:
            own = carry_surgical_beds(
                surgical_beds_of(stated.treatment, prior[pair.pair.prior]), pair.registration
            )
        beds[place] = own
    return beds


def with_surgical_beds(
    comparison: Comparison,
    current: Sequence[ImageFindings],
    beds: Mapping[int, tuple[SurgicalBed, ...]],
    treatment: Treatment | None,
) -> Comparison:
    """The comparison with each current group put inside or outside the beds of its image."""
    if treatment is None:
        return comparison
    return replace(
        comparison,
        changes=tuple(
            _placed(one, current, beds.get(one.image or 0, ()), treatment) for one in comparison.changes
        ),
    )


def _placed(
    change: Change, current: Sequence[ImageFindings], beds: tuple[SurgicalBed, ...], treatment: Treatment
) -> Change:
    sides = {one.laterality for one in treatment.operations} | {one.laterality for one in treatment.radiation}
    if change.image is None or not change.groups or change.image_laterality not in {*sides, None}:
        return change
    image = current[change.image]
    group = next(one for one in image.groups if one.tracking_uid == change.groups[0])
    position, margin, reasons = place_in_surgical_bed(beds, image, group, treatment.margin_mm)
    return replace(change, in_bed=position, bed_margin_mm=margin, reasons=(*change.reasons, *reasons))


def read_treatment(stated: ClinicalStatement, comparison: Comparison) -> TreatmentReading | None:
    """What the treatment adds; ``None`` where none was stated."""
    if stated.treatment is None:
        return None
    sides = {Laterality.LEFT: stated.context.left, Laterality.RIGHT: stated.context.right}
    months = {
        side: breast.months_since_treatment
        for side, breast in sides.items()
        if breast.treated and breast.months_since_treatment is not None
    }
    kinds = [one.kind for one in comparison.changes]
    return TreatmentReading(
        stated=treatment_words(stated.treatment),
        months=months,
        window=tuple(f"{side}: {typical_window(count)}" for side, count in months.items()),
        figures=FIGURES if any(breast.treated for breast in sides.values()) else (),
        neoadjuvant=neoadjuvant_change(kinds) if stated.treatment.neoadjuvant else None,
    )


def treatment_words(treatment: Treatment) -> tuple[str, ...]:
    """The treatment as it was stated, in words, the earliest first."""
    said = [
        (one.date, f"{_date(one.date)} {one.laterality} {one.kind}", one.malignant)
        for one in treatment.operations
    ]
    words = [(date, text + {None: "", True: ", cancer", False: ", benign"}[bad]) for date, text, bad in said]
    words += [
        (one.end_date, f"{_date(one.end_date)} {one.laterality} end of radiation")
        for one in treatment.radiation
    ]
    for name, therapy in (("neoadjuvant", treatment.neoadjuvant), ("endocrine", treatment.endocrine)):
        if therapy is not None:
            until = f" to {_date(therapy.end_date)}" if therapy.end_date else " on"
            words.append((therapy.start_date, f"{_date(therapy.start_date)}{until} {name} therapy"))
    return tuple(text for _, text in sorted(words))


def _date(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
