"""The table of ``history.json``: each comparison of a series, and each group through all of it."""

from __future__ import annotations

from typing import NamedTuple

from calcwatch.comparison.history import GroupHistory, Moment, histories
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.formats.result.comparison import HEAD, STEP, Made, measurement
from calcwatch.formats.result.fields import Field, Inlined, listing, or_null, record, text, word


class _InSeries(NamedTuple):
    """A group, or a moment of it, with the dates of the examinations of the series."""

    item: GroupHistory | Moment
    study_dates: list[str | None]


def _study_dates(made: Made) -> list[str | None]:
    return [made.steps[0].prior.study_date, *(days.current.study_date for days in made.steps)]


MOMENT = record(
    Moment,
    Field(
        "study_date",
        or_null(text()),
        "Study Date (0008,0020); null when not given.",
        of=lambda row: row.study_dates[row.item.examination],
        into=None,
    ),
    Field(
        "change",
        or_null(word(ChangeKind)),
        "What became of it since the examination before; null on the first day.",
    ),
    Inlined(measurement("", "on that day"), of="measured"),
    at="item",
    not_written={"examination": "study_date says which"},
)
"""A group on one day."""

GROUP = record(
    GroupHistory,
    Field("tracking_uid", text(), "Of the group through all examinations."),
    Field("image_laterality", or_null(word(Laterality)), "Side; null when unknown."),
    Field(
        "view_position",
        or_null(word(ViewPosition)),
        "View as abbreviated in DICOM CID 4014; null when unknown.",
    ),
    Field(
        "moments",
        listing(MOMENT, "The group on one day."),
        "The days it was followed on, the earliest first.",
        of=lambda row: [_InSeries(moment, row.study_dates) for moment in row.item.moments],
    ),
    at="item",
)
"""One group in one view through all examinations."""

HISTORY = record(
    Made,
    *HEAD,
    Field(
        "study_dates",
        listing(or_null(text()), "Study Date (0008,0020); null when not given."),
        "Day of each examination, the earliest first.",
        of=_study_dates,
        into=None,
    ),
    Field(
        "steps",
        listing(STEP, "Two examinations of one woman, compared view by view, as in comparison.json."),
        "Each examination compared with the one before, the earliest first.",
    ),
    Field(
        "groups",
        listing(GROUP, "One group in one view through all examinations."),
        "Each group through all examinations; empty when there is none.",
        of=lambda made: [
            _InSeries(history, _study_dates(made))
            for history in histories([days.comparison for days in made.steps])
        ],
        into=None,
    ),
    # Dates and histories are worked out from the steps, so that they cannot disagree with them.
    build=lambda steps: steps,
)
"""A series of examinations; ``groups`` and ``study_dates`` follow from ``steps`` and are not read."""
