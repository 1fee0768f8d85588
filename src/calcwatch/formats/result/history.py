"""The table of ``history.json``: each comparison of a series, and each group through all of it."""

from __future__ import annotations

from typing import NamedTuple

from calcwatch.comparison.history import GroupHistory, Moment, histories
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.findings import Provenance
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.formats.result.comparison import HEAD, STEP, ComparedDays, measurement
from calcwatch.formats.result.fields import Field, Inlined, listing, or_null, record, text, word


class HistoryRow(NamedTuple):
    """A series of examinations and how the result was made.

    Attributes:
        provenance: How it was made.
        steps: Comparisons of each examination with the one before, the earliest first; at least one.

    """

    provenance: Provenance
    steps: tuple[ComparedDays, ...]

    @property
    def study_dates(self) -> list[str | None]:
        """Study Date (``YYYYMMDD``) of each examination, the earliest first; ``None``: not known."""
        return [self.steps[0].prior.study_date, *(days.current.study_date for days in self.steps)]


class _MomentRow(NamedTuple):
    """A group on one day, with the date of that day."""

    moment: Moment
    study_date: str | None


class _GroupRow(NamedTuple):
    """A group through all examinations, with the dates of these."""

    history: GroupHistory
    study_dates: list[str | None]


MOMENT = record(
    Moment,
    Field(
        "study_date",
        or_null(text()),
        "Study Date (0008,0020); null when not given.",
        of=lambda row: row.study_date,
        into=None,
    ),
    Field(
        "change",
        or_null(word(ChangeKind)),
        "What became of it since the examination before; null on the first day.",
    ),
    Inlined(measurement("", "on that day"), of="measured"),
    at="moment",
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
        of=lambda row: [
            _MomentRow(moment, row.study_dates[moment.examination]) for moment in row.history.moments
        ],
    ),
    at="history",
)
"""One group in one view through all examinations."""

HISTORY = record(
    HistoryRow,
    *HEAD,
    Field(
        "study_dates",
        listing(or_null(text()), "Study Date (0008,0020); null when not given."),
        "Day of each examination, the earliest first.",
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
        of=lambda row: [
            _GroupRow(history, row.study_dates)
            for history in histories([days.comparison for days in row.steps])
        ],
        into=None,
    ),
    build=lambda steps: steps,
)
"""A series of examinations; ``groups`` and ``study_dates`` follow from ``steps`` and are not read."""
