"""What a stated treatment says of an examination: facts of the day, how long after, what is known."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from calcwatch.domain.change import GROWTH, SHRINKAGE, ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BreastContext, ClinicalContext
from calcwatch.domain.dates import months_between
from calcwatch.domain.image import Laterality
from calcwatch.domain.treatment import OperationKind
from calcwatch.words.treatment import FIGURES, NEOADJUVANT_NOTE, treatment_words, typical_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from calcwatch.domain.change import Comparison
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.domain.treatment import Operation, Treatment
    from calcwatch.words.treatment import LiteratureFigure


@dataclass(frozen=True, kw_only=True)
class TreatmentReading:
    """What a stated treatment adds to a comparison.

    Attributes:
        stated: The treatment in words, the earliest first.
        months: Since treatment, of each treated breast for which that is known.
        window: What is typical then, in words.
        figures: Of the literature, each with n and interval: of new groups of treated breasts, of those in or
            outside the bed where that is known; empty where nothing is new there.
        neoadjuvant: Change under chemotherapy (``complete``, ``partial``, ``none`` or ``increased``), and
            what it does not say; ``None`` where there was none, or nothing could be compared.
    """

    stated: tuple[str, ...]
    months: Mapping[Laterality, int]
    window: tuple[str, ...]
    figures: tuple[LiteratureFigure, ...]
    neoadjuvant: tuple[str, str] | None


def read_treatment(
    treatment: Treatment, context: ClinicalContext, comparison: Comparison
) -> TreatmentReading:
    """Say what a treatment adds to a comparison.

    Args:
        treatment: As a person stated it.
        context: What is stated of the current examination, facts of the treatment included.
        comparison: Of the current examination with the prior one.

    Returns:
        What it adds, in words and numbers.
    """
    sides = {Laterality.LEFT: context.left, Laterality.RIGHT: context.right}
    months = {
        side: breast.months_since_treatment
        for side, breast in sides.items()
        if breast.is_treated and breast.months_since_treatment is not None
    }
    neoadjuvant = (
        neoadjuvant_change([change.kind for change in comparison.changes]) if treatment.neoadjuvant else None
    )
    return TreatmentReading(
        stated=treatment_words(treatment),
        months=months,
        window=tuple(f"{side}: {typical_window(count)}" for side, count in months.items()),
        figures=_figures(comparison, {side for side, breast in sides.items() if breast.is_treated}),
        neoadjuvant=None if neoadjuvant is None else (neoadjuvant, NEOADJUVANT_NOTE),
    )


def _figures(comparison: Comparison, treated: Set[Laterality]) -> tuple[LiteratureFigure, ...]:
    """What the literature says of what is new here; a figure of anything else would only frighten or calm."""
    new = [
        change
        for change in comparison.changes
        if change.kind is ChangeKind.NEW and change.image_laterality in treated
    ]
    places = {change.in_bed for change in new}
    inside, outside, time = FIGURES
    shown = (
        (inside, SurgicalBedPosition.INSIDE in places),
        (outside, SurgicalBedPosition.OUTSIDE in places),
        (time, bool(new)),
    )
    return tuple(figure for figure, applies in shown if applies)


def neoadjuvant_change(kinds: Sequence[ChangeKind]) -> str | None:
    """Sum up how calcifications changed under chemotherapy.

    Args:
        kinds: What became of each group.

    Returns:
        ``increased``, ``complete``, ``partial`` or ``none``; ``None`` where no group could be compared.
    """
    known = [kind for kind in kinds if kind is not ChangeKind.NOT_COMPARABLE]
    if not known:
        return None
    # the worst first: a group that grew is not outweighed by others that shrank
    if any(kind in GROWTH for kind in known):
        return "increased"
    if all(kind is ChangeKind.RESOLVED for kind in known):
        return "complete"
    return "partial" if any(kind in SHRINKAGE for kind in known) else "none"


def context_of_examination(
    context: ClinicalContext,
    treatment: Treatment | None,
    images: Sequence[ImageFindings],
    earlier: Sequence[ImageFindings],
) -> ClinicalContext:
    """Add to what a person states of an examination the facts of the treatment on that day.

    Args:
        context: What a person states.
        treatment: What a person states of the treatment, ``None`` for nothing.
        images: Of the examination.
        earlier: Of the earlier examinations at hand.

    Returns:
        The context with those facts.

    Raises:
        ValueError: Context and treatment contradict each other.
    """
    if treatment is None:
        return context
    dates = sorted({date for image in earlier if (date := image.description.study_date)})
    # the latest day of the images; as YYYYMMDD, dates sort as text
    day = max((date for image in images if (date := image.description.study_date)), default=None)
    return context_with(treatment, context, day, dates)


def context_with(
    treatment: Treatment, context: ClinicalContext, study_date: str | None, earlier_dates: Sequence[str]
) -> ClinicalContext:
    """Add to what a person states the facts of a treatment on one day; what came later is not known then.

    Args:
        treatment: As a person stated it.
        context: What a person states of the examination.
        study_date: Of the examination, ``YYYYMMDD``; ``None`` where it is not known, then no time is told.
        earlier_dates: Of earlier examinations at hand, ``YYYYMMDD``.

    Returns:
        The context with those facts.

    Raises:
        ValueError: Context and treatment contradict each other.
    """
    operations = tuple(
        sorted(
            (
                operation
                for operation in treatment.operations
                # what came later was not known on that day
                if study_date is None or operation.date <= study_date
            ),
            key=lambda operation: operation.date,
        )
    )
    until = replace(treatment, operations=operations)
    known: dict[str, Any] = {
        "left": _breast(until, Laterality.LEFT, context.left, study_date, earlier_dates),
        "right": _breast(until, Laterality.RIGHT, context.right, study_date, earlier_dates),
        # True or not known: what was not stated is not denied
        "personal_history": True if any(operation.is_of_cancer for operation in operations) else None,
        "neoadjuvant": _is_neoadjuvant(until, study_date),
    }
    for name in ("personal_history", "neoadjuvant"):
        known[name] = _agreed(name, getattr(context, name), known[name])
    return replace(context, **known)


def _is_neoadjuvant(treatment: Treatment, study_date: str | None) -> bool | None:
    """Whether chemotherapy has begun and its operation has not been done yet."""
    therapy = treatment.neoadjuvant
    if therapy is None or study_date is None or therapy.start_date > study_date:
        return None
    return not any(
        operation.is_of_cancer and operation.date >= therapy.start_date for operation in treatment.operations
    )


def _breast(
    treatment: Treatment,
    side: Laterality,
    context: BreastContext,
    study_date: str | None,
    earlier_dates: Sequence[str],
) -> BreastContext:
    """What is stated of one breast, with the facts of its treatment."""
    operations = [operation for operation in treatment.operations if operation.laterality is side]
    given = [
        radiation
        for radiation in treatment.radiation
        if radiation.laterality is side and (study_date is None or radiation.end_date <= study_date)
    ]
    irradiated = [radiation.end_date for radiation in given]
    cancer = [operation.date for operation in operations if operation.is_of_cancer]
    removals = [
        operation
        for operation in operations
        if operation.kind in (OperationKind.LUMPECTOMY, OperationKind.MASTECTOMY)
    ]
    # counted from radiation where there was any, else from the operation (docs/treatment.md)
    months = months_between(max(irradiated or cancer, default=None), study_date)
    facts = BreastContext(
        treated=True if cancer or irradiated else None,
        reduction=True if any(own.kind is OperationKind.REDUCTION for own in operations) else None,
        months_since_treatment=None if months is None or months < 0 else int(months),
        original_malignant=_last(removal.malignant for removal in removals),
        original_calcified=_last(removal.calcified for removal in removals),
        first_after_surgery=_is_first(removals, study_date, earlier_dates),
        biopsy=_last(operation.biopsy for operation in operations),
        # true or not known: nothing is denied because it is not among what was stated
        benign_excision=True if any(removal.is_benign_excision for removal in removals) else None,
        radiation=_last(radiation.kind for radiation in given),
    )
    return BreastContext(
        **{
            name: _agreed(name, getattr(context, name), getattr(facts, name), side)
            for name in (field.name for field in fields(BreastContext))
        }
    )


def _last(values: Iterable[Any]) -> Any:
    """The last value that is known."""
    known = [value for value in values if value is not None]
    # operations come in order of date
    return known[-1] if known else None


def _is_first(
    removals: Sequence[Operation], study_date: str | None, earlier_dates: Sequence[str]
) -> bool | None:
    """Whether no examination that is known of lies between the last removal and the day."""
    # with no earlier image at hand it is not known whether there was one
    if not removals or study_date is None or not earlier_dates:
        return None
    return not any(removals[-1].date < date < study_date for date in earlier_dates)


def _agreed(name: str, given: Any, fact: Any, side: Laterality | None = None) -> Any:
    """What a person gives for a name, or else the fact of the treatment; the two may not differ."""
    # refused, not resolved: nobody here can know which statement is right
    if given is not None and fact is not None and given != fact:
        where = f"{side}: " if side else ""
        raise ValueError(f"{where}{name} is stated as {given}, but the treatment says {fact}; correct one")
    return fact if given is None else given
