"""The table of ``comparison.json``: what became of everything between two examinations."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from calcwatch.codes.change import CHANGES
from calcwatch.codes.code import PRIVATE_SCHEME, Code
from calcwatch.comparison.compare import Compared
from calcwatch.comparison.treatment import TreatmentReading
from calcwatch.domain.change import (
    Alignment,
    CalcificationMatch,
    Change,
    ChangeKind,
    Comparison,
    GroupMeasurement,
    ImagePair,
    SurgicalBedPosition,
)
from calcwatch.domain.dates import months_between
from calcwatch.domain.findings import Provenance
from calcwatch.domain.image import Laterality, Point, ViewPosition
from calcwatch.domain.lexicon import Morphology
from calcwatch.formats.result.fields import (
    COLUMN,
    ROW,
    Field,
    Inlined,
    Kind,
    Part,
    Record,
    always,
    count,
    length,
    listing,
    mapping,
    number,
    or_null,
    printable_text,
    record,
    share,
    text,
    truth,
    word,
)
from calcwatch.formats.result.run import study_date_of
from calcwatch.words.treatment import LiteratureFigure

COMPARISON_VERSION = "2.0"
"""Version of the names in ``comparison.json`` and ``history.json``.

2.0 renamed ``likeness`` of 1.0 to ``local_correlation``, ``shared`` to ``overlap``, ``apart_mm`` to
``distance_mm``, ``faint`` to ``subthreshold`` and ``density`` to ``contrast``.
"""

# The same words in every meaning, so that the documentation says it alike everywhere.
_NULL_SPACING = "null where a pixel spacing is not known"
_LATERALITY = Field("image_laterality", or_null(word(Laterality)), "Side; null when unknown.")
_VIEW = Field(
    "view_position", or_null(word(ViewPosition)), "View as abbreviated in DICOM CID 4014; null when unknown."
)
_MONTHS = "Months between the two days; null where a date is not known."


class Day(NamedTuple):
    """One of two examinations that were compared.

    Attributes:
        study_date: Its Study Date (``YYYYMMDD``); ``None`` where it is not known.
        sources: Path of each image as given, in the order that places of images count.

    """

    study_date: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ComparedDays:
    """Everything that ``comparison.json`` holds.

    Attributes:
        prior: The prior examination.
        current: The current one.
        comparison: What became of every group; places of images count ``sources`` of the two.
        treatment: What a stated treatment adds; ``None`` where none was stated.

    """

    prior: Day
    current: Day
    comparison: Comparison
    treatment: TreatmentReading | None = None


def compared_days(compared: Compared) -> ComparedDays:
    """What is written of a comparison.

    Args:
        compared: Two examinations and what became of every group.

    Returns:
        The same without findings of images, which stand in ``findings.json``.

    """
    prior, current = (
        Day(study_date_of(images), tuple(image.description.source for image in images))
        for images in (compared.prior, compared.examination.images)
    )
    return ComparedDays(prior, current, compared.comparison, compared.treatment)


MATCH = record(
    CalcificationMatch,
    Field("prior_tracking_uid", text(), "Of the calcification on the prior image.", of="prior"),
    Field("tracking_uid", text(), "Of the calcification on the current image.", of="current"),
    Field("probability", share(3), "How likely it is that they are the same, 0 to 1."),
    Field(
        "distance_mm",
        or_null(length(2)),
        f"How far apart they lie after alignment, in mm; {_NULL_SPACING}.",
        was="apart_mm",
    ),
)
"""The same calcification on both days."""


class _WithSources(NamedTuple):
    """A pair or a change with the sources of its images, which it counts by place."""

    item: ImagePair | Change
    prior_source: str | None
    source: str | None


PAIR = record(
    ImagePair,
    _LATERALITY,
    _VIEW,
    Field(
        "prior_source",
        printable_text(),
        "source of the prior image.",
        of=lambda row: row.prior_source,
        into="prior",
    ),
    Field(
        "source", printable_text(), "source of the current image.", of=lambda row: row.source, into="current"
    ),
    Field("interval_months", or_null(number(1)), _MONTHS),
    Field(
        "alignment",
        word(Alignment),
        "How well the two images could be laid over each other; where that is uncertain, more is asked "
        "before anything is called new or gone, and where it failed, nothing is said of change.",
    ),
    Field(
        "comparable",
        truth(),
        "Whether anything is said of change: false where the alignment failed.",
        into=None,
    ),
    Field(
        "local_correlation",
        number(3, maximum=1),
        "Mean correlation of the aligned tissue, calcifications taken out; 1 is the same tissue.",
        was="likeness",
    ),
    Field(
        "overlap",
        share(3),
        "Share of the current breast that the prior shows, 0 to 1.",
        was="shared",
    ),
    Field(
        "error_mm",
        or_null(length(2)),
        "Median error of the alignment at the calcifications or, where there are none, in the breast, one "
        f"standard deviation in mm; {_NULL_SPACING}.",
    ),
    Field(
        "matches",
        listing(MATCH, "The same calcification on both days."),
        "Calcifications that are the same; empty when none is.",
    ),
    Field(
        "notes",
        listing(text(), "A note."),
        "What a reader must know of the pair, in words; empty when nothing.",
    ),
    at="item",
    build=dict,
    not_written={"registration": "it is kept in memory only, for pictures of the two images"},
)
"""A current image and the prior one that it was compared with."""


def measurement(prefix: str, day: str) -> Record:
    """What was measured of one group on one day.

    Args:
        prefix: Starts the name of each field.
        day: Which day, as the meanings say it.

    Returns:
        The fields, to be inlined.

    """
    shape: Kind = or_null(word(Morphology))
    return record(
        GroupMeasurement,
        Field(f"{prefix}count", count(), f"Calcifications {day}.", of="count"),
        Field(
            f"{prefix}subthreshold",
            count(),
            f"Candidates below the threshold {day}, where the other day shows a calcification.",
            of="subthreshold",
            was=f"{prefix}faint",
        ),
        Field(
            f"{prefix}extent_mm",
            or_null(length(2)),
            f"Largest distance of two calcifications {day}, in mm; {_NULL_SPACING}, or where there is none.",
            of="extent_mm",
        ),
        Field(
            f"{prefix}diameter_mm",
            or_null(length(3)),
            f"Median diameter {day}, in mm; {_NULL_SPACING}, or where there is no calcification.",
            of="diameter_mm",
        ),
        Field(
            f"{prefix}contrast",
            or_null(number(2)),
            f"Median height over the surround {day}, in units of the local noise: two devices differ in it; "
            "null where there is no calcification.",
            of="contrast",
            was=f"{prefix}density",
        ),
        Field(
            f"{prefix}morphology", shape, f"Likeliest shape {day}; null where none was told.", of="morphology"
        ),
    )


CODE = record(
    Code,
    Field("scheme", always("SCT"), "Coding Scheme Designator: SNOMED CT."),
    Field("value", text(), "Code Value.", into=None),
    Field("meaning", text(), "Code Meaning.", into=None),
)
"""A coded concept."""


def _standard_code(kind: ChangeKind) -> Code | None:
    code = CHANGES[kind]
    # A private code would look like a code of the Standard to readers of the document.
    return None if code.scheme == PRIVATE_SCHEME else code


def _place(which: str, prefix: str) -> Inlined:
    """Where a group lies on one of the two images."""
    fields = [
        Field(
            f"{prefix}{name}",
            or_null(number(1)),
            f"{meaning} Where no group is, the place it would lie at; null where no image shows it.",
            of=itemgetter(part),
            into=name,
        )
        for part, (name, meaning) in enumerate((("row", ROW), ("column", COLUMN)))
    ]

    def build(row: float | None, column: float | None) -> Point | None:
        # Half a place is no place.
        return None if row is None or column is None else (row, column)

    return Inlined(record(tuple, *fields, build=build), of=which, or_none=True)


CHANGE = record(
    Change,
    Field(
        "kind",
        word(ChangeKind),
        "What became of it, beyond the error of both images. A measurement, no judgment.",
    ),
    Field(
        "code",
        or_null(CODE),
        "The same as a code of DICOM PS3.16 CID 6002 or 6038; null where these have none.",
        of=lambda row: _standard_code(row.item.kind),
        into=None,
    ),
    Field(
        "tracking_uid",
        text(),
        "Of the group through all examinations: the earliest one's that it was found in.",
    ),
    _LATERALITY,
    _VIEW,
    Field(
        "source",
        or_null(printable_text()),
        "source of the current image; null where the prior one has no partner.",
        of=lambda row: row.source,
        into="image",
    ),
    Field(
        "prior_source",
        or_null(printable_text()),
        "source of the prior image; null where the current one has no partner.",
        of=lambda row: row.prior_source,
        into="prior_image",
    ),
    Field(
        "groups",
        listing(text(), "tracking_uid of a group in findings.json."),
        "Its groups on the current image, the largest first: several where it fell apart, none where it is "
        "gone.",
    ),
    Field(
        "prior_groups",
        listing(text(), "tracking_uid of a group in findings.json."),
        "Its groups on the prior image, the largest first: several where they grew together, none where it "
        "is new.",
    ),
    _place("place", ""),
    _place("prior_place", "prior_"),
    Inlined(measurement("", "on the current day"), of="current"),
    Inlined(measurement("prior_", "on the prior day"), of="prior"),
    Field("matched", count(), "Calcifications found on both days."),
    Field("new", count(), "On the current day alone, though the prior image would have shown them."),
    Field("gone", count(), "On the prior day alone, though the current image would have shown them."),
    Field("not_assessable", count(), "On one day alone, where the other image may have missed them."),
    Field(
        "size_ratio",
        or_null(length(3)),
        "Median diameter of the matched ones, current over prior; null where none can be measured.",
    ),
    Field("interval_months", or_null(number(1)), _MONTHS),
    Field(
        "error_mm",
        or_null(length(2)),
        f"Error of the alignment there, one standard deviation in mm; {_NULL_SPACING}.",
    ),
    Field(
        "in_bed",
        or_null(word(SurgicalBedPosition)),
        "Where it lies with respect to the bed of an operation; null where that is not known.",
    ),
    Field(
        "bed_margin_mm",
        or_null(number(1)),
        "How far its farthest member lies beyond the rim of the bed, in mm, below 0 inside; null where that "
        "is not known.",
    ),
    Field("reasons", listing(text(), "A reason."), "Why this is said, in words."),
    at="item",
    build=dict,
)
"""What became of one group in one view."""

FIGURE = record(
    LiteratureFigure,
    Field("what", text(), "What was counted."),
    Field("events", count(), "Women in whom it was so."),
    Field("n", count(), "Women in all."),
    Field("percent", or_null(number()), "Share in percent; null for times."),
    Field("low", number(), "Lower end of its 95 % interval in percent; for times of their range in months."),
    Field("high", number(), "Upper end of it."),
    Field("words", text(), "The same in a sentence."),
    Field("source", text(), "Which study."),
)
"""A figure of the literature with what it rests on."""


def _treatment(months: tuple[tuple[Laterality, int], ...], **rest: Any) -> TreatmentReading:
    return TreatmentReading(months=dict(months), **rest)


TREATMENT = record(
    TreatmentReading,
    Field("stated", listing(text(), "A treatment."), "What was stated, in words, the earliest first."),
    Field(
        "months_since_treatment",
        mapping(word(Laterality), count(), "Months since treatment ended."),
        "Side -> months since its treatment ended; empty where that is not known.",
        of=lambda read: read.months.items(),
        into="months",
    ),
    Field(
        "typical_window",
        listing(text(), "A side and its window."),
        "What is typical so long after; it says nothing about one woman.",
        of="window",
    ),
    Field(
        "literature",
        listing(FIGURE, "A figure of the literature with what it rests on."),
        "What studies found after such treatment.",
        of="figures",
    ),
    Inlined(
        record(
            tuple,
            Field(
                "neoadjuvant_change",
                or_null(text()),
                "Change of calcifications under chemotherapy before surgery: complete, partial, none or "
                "increased; null without one.",
                of=itemgetter(0),
                into="change",
            ),
            Field(
                "neoadjuvant_note",
                or_null(text()),
                "What that change does not say; null without one.",
                of=itemgetter(1),
                into="note",
            ),
            build=lambda change, note: (change, note),
        ),
        of="neoadjuvant",
        or_none=True,
    ),
    build=_treatment,
)
"""What a stated treatment adds."""

DAY = record(
    Day,
    Field("study_date", or_null(text()), "Study Date (0008,0020); null when not given."),
    Field(
        "sources", listing(printable_text(), "A source."), "source of each of its images in findings.json."
    ),
)
"""One of the two examinations."""


def _pairs_with_sources(days: ComparedDays) -> list[_WithSources]:
    prior, current = days.prior.sources, days.current.sources
    return [_WithSources(pair, prior[pair.prior], current[pair.current]) for pair in days.comparison.pairs]


def _changes_with_sources(days: ComparedDays) -> list[_WithSources]:
    def named(day: Day, place: int | None) -> str | None:
        return None if place is None else day.sources[place]

    return [
        _WithSources(change, named(days.prior, change.prior_image), named(days.current, change.image))
        for change in days.comparison.changes
    ]


def _days(
    *,
    prior: Day,
    current: Day,
    pairs: tuple[dict[str, Any], ...],
    changes: tuple[dict[str, Any], ...],
    not_paired: tuple[str, ...],
    treatment: TreatmentReading | None,
) -> ComparedDays:
    """Put pairs and changes together, the places of their images counted again."""

    def counted(read: dict[str, Any], prior_key: str, key: str) -> dict[str, Any]:
        places = {prior_key: (prior, read[prior_key]), key: (current, read[key])}
        return read | {
            name: None if source is None else day.sources.index(source)
            for name, (day, source) in places.items()
        }

    comparison = Comparison(
        pairs=tuple(ImagePair(**counted(read, "prior", "current")) for read in pairs),
        changes=tuple(Change(**counted(read, "prior_image", "image")) for read in changes),
        not_paired=not_paired,
    )
    return ComparedDays(prior, current, comparison, treatment)


STEP = record(
    ComparedDays,
    Field("prior", DAY, "The prior examination."),
    Field("current", DAY, "The current examination."),
    Field(
        "interval_months",
        or_null(number(1)),
        _MONTHS,
        of=lambda days: months_between(days.prior.study_date, days.current.study_date),
        into=None,
    ),
    Field(
        "pairs",
        listing(PAIR, "A current image and the prior one of the same breast and view."),
        "Images that were compared; empty when none has a partner.",
        of=_pairs_with_sources,
    ),
    Field(
        "changes",
        listing(CHANGE, "What became of one group in one view."),
        "What became of every group of either day; empty when there is none.",
        of=_changes_with_sources,
    ),
    Field(
        "not_paired",
        listing(text(), "An image and the reason."),
        "Images of either day without a partner, and why; empty when all have one.",
        of=lambda days: days.comparison.not_paired,
    ),
    Field("treatment", or_null(TREATMENT), "What the treatment adds; null where none was stated."),
    build=_days,
    not_written={"comparison": "its pairs, changes and not_paired stand by themselves"},
)
"""Two examinations of one woman, compared view by view."""

MADE_WITH = record(
    Provenance,
    Field("package", always("calcwatch"), "Name of the program."),
    Field("package_version", text(), "Version of the package."),
    Field("analysis_version", text(), "Changes whenever any number of a result may change."),
    not_written=dict.fromkeys(
        ("settings", "settings_hash", "model_name", "model_hash", "description_model_hash"),
        "they stand in findings.json, which is written beside it",
    ),
)
"""How a comparison was made."""

HEAD: tuple[Part, ...] = (
    Field(
        "schema_version",
        always(COMPARISON_VERSION),
        "Version of the names and meanings in this document.",
    ),
    Field(
        "purpose",
        always("For research use: a second pair of eyes. A radiologist decides."),
        "What it is for.",
    ),
    Field("provenance", MADE_WITH, "How the result was made.", into=None),
)
"""What ``comparison.json`` and ``history.json`` begin with."""


class Made(NamedTuple):
    """What a document is of, and how it was made.

    Attributes:
        provenance: How it was made.
        steps: Two examinations that were compared; of a series, each examination with the one before, the
            earliest first.

    """

    provenance: Provenance
    steps: tuple[ComparedDays, ...]


COMPARISON = record(
    Made, *HEAD, Inlined(STEP, of=lambda made: made.steps[0], into="days"), build=lambda days: days
)
"""Two examinations and what became of every group between them."""
