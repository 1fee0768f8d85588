"""What the page shows of a comparison: each pair of images, each change, the treatment, the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calcwatch.comparison.history import GroupHistory, histories
from calcwatch.domain.change import Change, ImagePair
from calcwatch.domain.dates import months_between
from calcwatch.domain.uids import letter
from calcwatch.formats.result.run import Step
from calcwatch.report.side_by_side import SheetOf, SideBySide, pair_pictures
from calcwatch.words.changes import (
    ALIGNMENT_WORDS,
    CHANGE_WORDS,
    bed_words,
    in_reading_order,
    interval_words,
    measured_rows,
    tone,
)
from calcwatch.words.dates import date_words

SHOWN_CHANGES = 12
"""Changes of a pair that get pictures; all of them stand in the table."""


@dataclass(frozen=True)
class ChangeView:
    """One change: its letter, its word and color, what was measured, why, where, and its pictures."""

    letter: str
    view: str
    word: str
    tone: str
    rows: tuple[tuple[str, str, str], ...]
    reasons: tuple[str, ...]
    place: str
    bed: str
    pictures: SideBySide | None


@dataclass(frozen=True)
class PairView:
    """One pair of images; ``facts``: name and value."""

    label: str
    alignment: str
    comparable: bool
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    whole: SideBySide | None
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True)
class StepView:
    """One comparison: when, its pairs, groups that could not be compared, what the treatment adds."""

    title: str
    summary: tuple[tuple[str, str, int], ...]
    pairs: tuple[PairView, ...]
    alone: tuple[ChangeView, ...]
    not_paired: tuple[str, ...]
    treatment: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MomentView:
    """A group on one day: its place on the timeline in percent, its count and the change that led to it."""

    x: float
    y: float
    count: str
    word: str
    tone: str


@dataclass(frozen=True)
class HistoryView:
    """One group through all examinations."""

    label: str
    uid: str
    moments: tuple[MomentView, ...]


def view_step(step: Step, sheets: SheetOf) -> StepView:
    """Work out what the page shows of one comparison."""
    compared = step.compared
    changes = compared.comparison.changes
    counts = [
        (CHANGE_WORDS[kind], tone(kind), sum(one.kind is kind for one in changes)) for kind in CHANGE_WORDS
    ]
    then = max((i.description.study_date or "" for i in compared.prior), default="")
    now = max((i.description.study_date or "" for i in compared.examination.images), default="")
    months = next((one.interval_months for one in compared.comparison.pairs), None)
    paired = [change for pair in compared.comparison.pairs for change in compared.comparison.changes_of(pair)]
    alone = tuple(change for change in changes if change not in paired)
    return StepView(
        title=interval_words(months, then or None, now or None),
        summary=tuple(one for one in counts if one[2]),
        pairs=tuple(_view_pair(step, one, sheets) for one in compared.comparison.pairs),
        alone=tuple(_view_change(one, "", None) for one in in_reading_order(alone)),
        not_paired=compared.comparison.not_paired,
        treatment=_treatment_words(step),
        figures=tuple((one.words, one.source) for one in compared.treatment.figures)
        if compared.treatment
        else (),
    )


def _view_pair(step: Step, pair: ImagePair, sheets: SheetOf) -> PairView:
    ordered = in_reading_order(step.compared.comparison.changes_of(pair))
    letters = tuple(letter(number) for number in range(len(ordered)))
    shown = ordered[:SHOWN_CHANGES]
    whole, pictures = pair_pictures(step, pair, sheets, shown=shown, letters=letters[: len(shown)])
    pieces = [*pictures, *[None] * (len(ordered) - len(shown))]
    facts = [
        ("Same calcifications", str(len(pair.matches))),
        ("Likeness of the tissue", f"{pair.local_correlation:.2f}"),
    ]
    if pair.error_mm is not None:
        facts.append(("Error of the alignment", f"{pair.error_mm:.1f} mm (one standard deviation)"))
    return PairView(
        label=" ".join(filter(None, (pair.image_laterality, pair.view_position))),
        alignment=ALIGNMENT_WORDS[pair.alignment],
        comparable=pair.comparable,
        facts=tuple(facts),
        notes=pair.notes,
        whole=whole,
        changes=tuple(
            _view_change(one, name, piece) for one, name, piece in zip(ordered, letters, pieces, strict=True)
        ),
    )


def _view_change(change: Change, name: str, pictures: SideBySide | None) -> ChangeView:
    row, column = change.place or change.prior_place or (0.0, 0.0)
    day = "" if change.place else " of the prior"
    return ChangeView(
        letter=name,
        view=" ".join(filter(None, (change.image_laterality, change.view_position))) or "view not known",
        word=CHANGE_WORDS[change.kind],
        tone=tone(change.kind),
        rows=measured_rows(change.prior, change.current),
        reasons=change.reasons,
        place=f"row {row:.0f}, column {column:.0f}{day}",
        bed=bed_words(change),
        pictures=pictures,
    )


def _treatment_words(step: Step) -> tuple[str, ...]:
    read = step.compared.treatment
    if read is None:
        return ()
    months = [f"{side}: {count} months since treatment" for side, count in read.months.items()]
    change = (
        [f"calcifications under neoadjuvant therapy: {read.neoadjuvant[0]}", read.neoadjuvant[1]]
        if (read.neoadjuvant)
        else []
    )
    return (*read.stated, *months, *read.window, *change)


def view_histories(steps: Sequence[Step], dates: Sequence[str | None]) -> tuple[HistoryView, ...]:
    """Every group of a series on a timeline; without dates the examinations are put at even distances."""
    followed = histories([one.compared.comparison for one in steps])
    places = _on_timeline(dates)
    most = max((m.measured.count for one in followed for m in one.moments), default=1) or 1
    return tuple(_view_history(one, places, most) for one in followed)


def _view_history(history: GroupHistory, places: Sequence[float], most: int) -> HistoryView:
    return HistoryView(
        label=" ".join(filter(None, (history.image_laterality, history.view_position))) or "view not known",
        uid=history.tracking_uid,
        moments=tuple(
            MomentView(
                x=places[one.examination],
                y=100.0 * (1 - one.measured.count / most),
                count=str(one.measured.count),
                word=CHANGE_WORDS[one.change] if one.change else "first seen",
                tone=tone(one.change) if one.change else "calm",
            )
            for one in history.moments
        ),
    )


def _on_timeline(dates: Sequence[str | None]) -> list[float]:
    """Percent of the way from the first date to the last."""
    months = [months_between(dates[0], one) for one in dates]
    known = [one for one in months if one is not None]
    if len(known) < len(months) or max(known, default=0.0) <= 0:
        return [100.0 * number / max(1, len(dates) - 1) for number in range(len(dates))]
    return [100.0 * one / max(known) for one in known]


def view_dates(dates: Sequence[str | None]) -> Iterator[tuple[float, str]]:
    """Where each examination stands on the timeline, in percent, and its date."""
    for place, date in zip(_on_timeline(dates), dates, strict=True):
        yield place, date_words(date) or "date not given"
