"""What the page shows of a comparison: each pair of images, each change, the treatment, the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calcwatch.comparison.history import GroupHistory, histories
from calcwatch.domain.change import Change, ImagePair
from calcwatch.domain.dates import months_between
from calcwatch.formats.result.order import group_letters
from calcwatch.formats.result.run import Step
from calcwatch.report.side_by_side import SheetOf, pair_pictures
from calcwatch.report.template import Row
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


def view_step(step: Step, sheets: SheetOf) -> Row:
    """Work out what the page shows of one comparison.

    Args:
        step: The comparison.
        sheets: Gives the sheets of its images.

    Returns:
        A row for ``comparison.html``: when, its pairs, groups that could not be compared, what the treatment
        adds.

    """
    compared = step.compared
    changes = compared.comparison.changes
    prior, current = (
        max((image.description.study_date or "" for image in images), default="") or None
        for images in (compared.prior, compared.examination.images)
    )
    months = next((pair.interval_months for pair in compared.comparison.pairs), None)
    paired = [change for pair in compared.comparison.pairs for change in compared.comparison.changes_of(pair)]
    # Changes whose image has no partner stand under no pair and must still be shown.
    alone = tuple(change for change in changes if change not in paired)
    treatment = compared.treatment
    return {
        "title": interval_words(months, prior, current),
        "summary": _counted(changes),
        # What has grown first, then what could not be compared; sorted keeps the order of the views.
        "pairs": sorted(
            (_view_pair(step, pair, sheets) for pair in compared.comparison.pairs),
            key=lambda pair: (not pair["is_raised"], not pair["changes"]),
        ),
        "alone": [_view_change(change, "", None) for change in in_reading_order(alone)],
        "not_paired": compared.comparison.not_paired,
        "treatment": _treatment_words(step),
        "figures": [(figure.words, figure.source) for figure in treatment.figures] if treatment else [],
    }


def _view_pair(step: Step, pair: ImagePair, sheets: SheetOf) -> Row:
    ordered = in_reading_order(step.compared.comparison.changes_of(pair))
    letters = _letters(step, pair, ordered)
    shown = ordered[:SHOWN_CHANGES]
    whole, pictures = pair_pictures(step, pair, sheets, shown, letters[: len(shown)])
    # Every change has a row in the table, with a picture or without.
    pieces = [*pictures, *[None] * (len(ordered) - len(shown))]
    facts = [
        ("Same calcifications", str(len(pair.matches))),
        ("Likeness of the tissue", f"{pair.local_correlation:.2f}"),
    ]
    if pair.error_mm is not None:
        facts.append(("Error of the alignment", f"{pair.error_mm:.1f} mm (one standard deviation)"))
    return {
        "label": " ".join(filter(None, (pair.image_laterality, pair.view_position))),
        "alignment": ALIGNMENT_WORDS[pair.alignment],
        "facts": facts,
        "notes": pair.notes,
        "whole": whole,
        "is_raised": any(tone(change.kind) == "raised" for change in ordered),
        "words": _counted(ordered),
        "changes": [
            _view_change(change, name, piece)
            for change, name, piece in zip(ordered, letters, pieces, strict=True)
        ],
    }


def _counted(changes: Sequence[Change]) -> list[tuple[str, str, int]]:
    """Word, tone and number of each kind of change that there is."""
    counts = [
        (CHANGE_WORDS[kind], tone(kind), sum(change.kind is kind for change in changes))
        for kind in CHANGE_WORDS
    ]
    return [count for count in counts if count[2]]


def _letters(step: Step, pair: ImagePair, changes: Sequence[Change]) -> list[str]:
    """Name changes by the letter of their group on the current image, of the prior one where it is gone."""
    now = group_letters(step.compared.examination.images[pair.current])
    then = group_letters(step.compared.prior[pair.prior])
    return [
        next(
            (now[uid] for uid in change.groups if uid in now),
            next((f"({then[uid]})" for uid in change.prior_groups if uid in then), "-"),
        )
        for change in changes
    ]


def _view_change(change: Change, name: str, pictures: Row | None) -> Row:
    row, column = change.place or change.prior_place or (0.0, 0.0)
    day = "" if change.place else " of the prior"
    return {
        "letter": name,
        "view": _view_words(change),
        "word": CHANGE_WORDS[change.kind],
        "tone": tone(change.kind),
        "rows": measured_rows(change.prior, change.current),
        "reasons": change.reasons,
        "place": f"row {row:.0f}, column {column:.0f}{day}",
        "bed": bed_words(change),
        "pictures": pictures,
    }


def _view_words(shown: Change | GroupHistory) -> str:
    return " ".join(filter(None, (shown.image_laterality, shown.view_position))) or "view not known"


def _treatment_words(step: Step) -> list[str]:
    treatment = step.compared.treatment
    if treatment is None:
        return []
    months = [f"{side}: {count} months since treatment" for side, count in treatment.months.items()]
    words = [*treatment.stated, *months, *treatment.window]
    if treatment.neoadjuvant:
        change, note = treatment.neoadjuvant
        words += [f"calcifications under neoadjuvant therapy: {change}", note]
    return words


def view_histories(steps: Sequence[Step], dates: Sequence[str | None]) -> list[Row]:
    """Put every group of a series on a timeline.

    Args:
        steps: The comparisons, the earliest first.
        dates: Of each examination, ``None`` where it is not known.

    Returns:
        A row for each group; ``x`` and ``y`` of its moments are in percent of the timeline. Without dates the
        examinations stand at even distances.

    """
    followed = histories([step.compared.comparison for step in steps])
    places = _on_timeline(dates)
    counts = [moment.measured.count for history in followed for moment in history.moments]
    # A group may be down to no calcification on all days shown: no division by zero.
    most = max(counts, default=1) or 1
    return [
        {
            "label": _view_words(history),
            "uid": history.tracking_uid,
            "moments": [
                {
                    "x": places[moment.examination],
                    "y": 100.0 * (1 - moment.measured.count / most),
                    "count": str(moment.measured.count),
                    "word": CHANGE_WORDS[moment.change] if moment.change else "first seen",
                    "tone": tone(moment.change) if moment.change else "calm",
                }
                for moment in history.moments
            ],
        }
        for history in followed
    ]


def _on_timeline(dates: Sequence[str | None]) -> list[float]:
    """Percent of the way from the first date to the last."""
    months = [months_between(dates[0], date) for date in dates]
    known = [count for count in months if count is not None]
    # A single unknown date would have no place on a scale of months: then all stand evenly apart.
    if len(known) < len(months) or max(known, default=0.0) <= 0:
        return [100.0 * number / max(1, len(dates) - 1) for number in range(len(dates))]
    return [100.0 * count / max(known) for count in known]


def view_dates(dates: Sequence[str | None]) -> Iterator[tuple[float, str]]:
    """Put the examinations of a series on a timeline.

    Args:
        dates: Of each examination, ``None`` where it is not known.

    Yields:
        Where each stands, in percent, and its date in words.

    """
    for place, date in zip(_on_timeline(dates), dates, strict=True):
        yield place, date_words(date) or "date not given"
