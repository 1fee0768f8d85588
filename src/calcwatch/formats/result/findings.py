"""The table of ``findings.json``: how it was made, examinations, images, files without findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any

from calcwatch.domain.assessment import BreastReading, ExaminationFindings, SingleReading, ViewPair
from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import LEXICON, LateralityPattern
from calcwatch.formats.result.fields import (
    Field,
    Inlined,
    Version,
    always,
    count,
    length,
    listing,
    number,
    or_null,
    printable_text,
    record,
    share,
    text,
    text_mapping,
    word,
)
from calcwatch.formats.result.image import ASSESSMENT, IMAGE, UID, WITH_KINDS, WITH_SUGGESTIONS, ImageRow
from calcwatch.formats.result.run import (
    NotAnalyzed,
    ReadExamination,
    Run,
    first_given,
    readings_by_place,
    worklist,
)
from calcwatch.words.exam import NOT_LOOKED_FOR
from calcwatch.words.flags import REASONS
from calcwatch.words.lexicon import PATTERN_WORDS, SUGGESTION_NOTE

FINDINGS_VERSION = "3.0"
"""Version of the names in ``findings.json``.

1.0 had neither descriptions nor examinations; 1.1 added them; 2.0 took ``density`` of a shape away, which was
its ``contrast`` a second time, and gave the hash of all settings; 3.0 added the kind of a group and took
categories of breasts away.
"""

WITH_SETTINGS_HASH: Version = (2, 0)
"""The version that added ``settings_hash``."""

SINGLE = record(
    SingleReading,
    Field("tracking_uid", text(), UID),
    Inlined(ASSESSMENT, of="assessment"),
)
"""What is suggested for a calcification in no group."""

BREAST = record(
    BreastReading,
    Field("image_laterality", or_null(word(Laterality)), "Side; null when unknown.", of="laterality"),
    Field("groups", listing(text(), UID), "tracking_uid of its groups, most suspicious first."),
    Field(
        "singles",
        listing(SINGLE, "A calcification in no group whose suggestion is above benign."),
        "Its calcifications in no group whose suggestion is above benign; empty when there are none.",
        since=WITH_KINDS,
    ),
    Field(
        "found",
        text(),
        "What was found, in one sentence; empty in a result of an earlier version.",
        since=WITH_KINDS,
    ),
    Field(
        "not_looked_for",
        text(),
        "What was not looked for, in one sentence.",
        since=WITH_KINDS,
        # It was true of every version, whether it was written or not.
        before=NOT_LOOKED_FOR,
    ),
    Field(
        "notes",
        listing(text(), "A note."),
        "What a person stated that matters whatever was found; empty when nothing.",
        since=WITH_KINDS,
    ),
    Field("missing", listing(text(), "An input."), "What was wanted of any finding and not given."),
)
"""What the images of one breast say together."""

PAIR = record(
    ViewPair,
    Field("first", text(), "tracking_uid of one group."),
    Field("second", text(), "tracking_uid of the other."),
    Field("probability", share(), "How likely it is that they are the same."),
    Field(
        "difference_mm",
        or_null(length(1)),
        "Difference of their distances from the nipple in mm; null when not measurable.",
    ),
    Field("reason", text(), "What speaks for it, in words."),
)
"""Two groups that are the same one in two views."""


def _rules_of(read: ReadExamination) -> tuple[str, str]:
    """Edition of the lexicon and version of the rule table: the same for everything in an examination."""
    assessments = [group.assessment for group in read.findings.groups]
    assessments += [single.assessment for breast in read.findings.breasts for single in breast.singles]
    # An examination is assessed with a single table, so any assessment can say which.
    return (assessments[0].lexicon, assessments[0].rule_table_version) if assessments else (LEXICON, "")


EXAMINATION = record(
    ExaminationFindings,
    Field(
        "patient_id",
        or_null(text()),
        "Patient ID (0010,0020); null when not given.",
        of=lambda read: first_given(read.findings.images, "patient_id"),
        into=None,
    ),
    Field(
        "study_date",
        or_null(text()),
        "Study Date (0008,0020); null when not given.",
        of=lambda read: first_given(read.findings.images, "study_date"),
        into=None,
    ),
    Field(
        "study_instance_uid",
        or_null(text()),
        "Study Instance UID (0020,000D); null when not given.",
        of=lambda read: first_given(read.findings.images, "study_instance_uid"),
        into=None,
    ),
    Field(
        "sources",
        listing(printable_text(), "A source."),
        "source of each of its images, in the order of images.",
        of=lambda read: [image.description.source for image in read.findings.images],
    ),
    Field(
        "laterality_pattern",
        word(LateralityPattern, PATTERN_WORDS),
        "How calcifications are spread over both breasts.",
    ),
    Field("score", count(1, 10), "Worklist score, 1 to 10: decile of suspicion on the reference population."),
    Field("suspicion", share(), "Suspicion of its most suspicious finding; it orders the worklist."),
    Field("score_reasons", listing(text(), "A reason."), "The two or three findings that made the score."),
    Field("breasts", listing(BREAST, "What the images of one breast say together."), "Its breasts."),
    Field(
        "pairs",
        listing(PAIR, "Two groups that are the same one in two views."),
        "Groups seen in two views; empty when there are none.",
    ),
    Field(
        "stated",
        text_mapping(),
        "What a person stated of the woman (option --context), name -> value; empty when nothing was.",
        of=lambda read: read.stated,
    ),
    Field(
        "lexicon", text(), "Edition whose words and categories are used.", of=lambda read: _rules_of(read)[0]
    ),
    Field(
        "rule_table_version",
        text(),
        "Version of the rule table; empty when no rule was applied.",
        of=lambda read: _rules_of(read)[1],
    ),
    at="findings",
    build=dict,
    not_written={
        "images": "sources names them; they stand in images",
        "groups": "what is said of a group stands with it in images",
    },
)
"""All images of one woman and day, read together."""

SETTINGS = record(
    dict,
    *(
        Field(name, kind, meaning, of=itemgetter(name), into=name, since=since, before=before)
        for name, kind, meaning, since, before in (
            (
                "score_threshold",
                number(),
                "Less believable candidates are not reported, 0 to 1.",
                (1, 0),
                0.0,
            ),
            (
                "min_contrast",
                number(),
                "Candidates lower than this are not reported, in units of the local noise.",
                WITH_SUGGESTIONS,
                0.0,
            ),
            (
                "grouping_distance_mm",
                number(),
                "Calcifications closer than this belong together, in mm.",
                (1, 0),
                0.0,
            ),
            ("min_group_count", count(), "Fewer calcifications than this are no group.", (1, 0), 0),
            (
                "max_candidates",
                count(),
                "Number of the strongest candidates that are looked at in one image.",
                (1, 0),
                0,
            ),
        )
    ),
)
"""The numbers that a user may change."""

MODEL = record(
    dict,
    Field(
        "name", text(), "Name of the detector; classical is the one without learned weights.", of="model_name"
    ),
    Field(
        "hash",
        or_null(text()),
        "SHA-256 of the weights, in hexadecimal; null without learned weights.",
        of="model_hash",
    ),
)
"""The detector."""

INPUT = record(
    tuple,
    Field("source", printable_text(), "Path of the file as given.", of=lambda read: read[0]),
    Field(
        "sha256",
        or_null(text()),
        "SHA-256 of its content, in hexadecimal; null when it could not be read.",
        of=lambda read: read[1] or None,
    ),
    build=lambda source, sha256: (source, sha256 or ""),
)
"""An input file."""


def _inputs(run: Run) -> list[tuple[str, str]]:
    images = [(image.description.source, image.description.sha256) for image in run.images]
    # Files without findings too: a result says what it was made from, the failures included.
    return sorted([*images, *((refused.source, refused.sha256) for refused in run.not_analyzed)])


PROVENANCE = record(
    Provenance,
    Field("package", always("calcwatch"), "Name of the program."),
    Field("package_version", text(), "Version of the package."),
    Field("analysis_version", text(), "Changes whenever any number of a result may change."),
    Field("settings", SETTINGS, "The numbers that a user may change."),
    Field(
        "settings_hash",
        or_null(text()),
        "SHA-256 of every number that changes a result, in hexadecimal; null for a result of an earlier "
        "version.",
        since=WITH_SETTINGS_HASH,
    ),
    Field("model", MODEL, "The detector.", of=lambda run: run.provenance, into="model"),
    Field(
        "description_model_hash",
        or_null(text()),
        "SHA-256 of what tells shapes, distributions and suspicion, in hexadecimal; null when nothing was "
        "described.",
        since=WITH_SUGGESTIONS,
    ),
    Field(
        "inputs", listing(INPUT, "An input file."), "Every file that was looked at, by source.", of=_inputs
    ),
    at="provenance",
    build=lambda model, inputs, **made: (Provenance(**made, **model), dict(inputs)),
    not_written=dict.fromkeys(("model_name", "model_hash"), "they stand in model"),
)
"""How a result was made, and from which files."""

COUNTS = record(
    dict,
    Field("images", count(), "Number of images analyzed.", of=lambda run: len(run.images), into=None),
    Field(
        "not_analyzed",
        count(),
        "Number of files that gave no findings.",
        of=lambda run: len(run.not_analyzed),
        into=None,
    ),
    Field(
        "calcifications",
        count(),
        "Number of calcifications in all images.",
        of=lambda run: sum(len(image.calcifications) for image in run.images),
        into=None,
    ),
    Field(
        "groups",
        count(),
        "Number of groups in all images.",
        of=lambda run: sum(len(image.groups) for image in run.images),
        into=None,
    ),
)
"""Totals."""

NOT_ANALYZED = record(
    NotAnalyzed,
    Field("source", printable_text(), "Path of the file as given."),
    Field("reason_code", word(REASONS, REASONS), "Kind of reason."),
    Field("message", printable_text(), "The reason in words: the thing, the value and the remedy."),
    not_written={"sha256": "it stands in provenance.inputs"},
)
"""A file that gave no findings."""


def _image_rows(run: Run) -> list[ImageRow]:
    readings = readings_by_place(run.examinations)
    return [ImageRow(image, readings.get(place, {})) for place, image in enumerate(run.images)]


def _run(
    provenance: tuple[Provenance, dict[str, str]],
    examinations: tuple[dict[str, Any], ...],
    images: tuple[ImageRow, ...],
    not_analyzed: tuple[NotAnalyzed, ...],
) -> Run:
    """Put together what the document holds apart: digests, and the images of each examination."""
    made, digests = provenance
    # Digests stand in provenance.inputs alone; images get theirs back by source.
    rows = [row._replace(findings=_with_digest(row.findings, digests)) for row in images]
    return Run(
        made,
        images=tuple(row.findings for row in rows),
        examinations=tuple(_examination(rows, **read) for read in examinations),
        not_analyzed=tuple(
            replace(refused, sha256=digests.get(refused.source, "")) for refused in not_analyzed
        ),
    )


def _with_digest(findings: ImageFindings, digests: Mapping[str, str]) -> ImageFindings:
    described = findings.description
    return replace(findings, description=replace(described, sha256=digests.get(described.source, "")))


def _examination(
    rows: list[ImageRow],
    *,
    sources: tuple[str, ...],
    stated: tuple[tuple[str, str], ...],
    lexicon: str,
    rule_table_version: str,
    **own: Any,
) -> ReadExamination:
    """An examination with its images and with what is said of their groups."""

    def by_rules(read: Any) -> Any:
        # Written once an examination, since one table serves all of it.
        assessment = replace(read.assessment, lexicon=lexicon, rule_table_version=rule_table_version)
        return replace(read, assessment=assessment)

    # Examinations name their images by source.
    known = {row.findings.description.source: place for place, row in enumerate(rows)}
    places = tuple(known[name] for name in sources)
    own["breasts"] = tuple(
        replace(breast, singles=tuple(by_rules(single) for single in breast.singles))
        for breast in own["breasts"]
    )
    found = ExaminationFindings(
        images=tuple(rows[place].findings for place in places),
        groups=tuple(by_rules(reading) for place in places for reading in rows[place].readings.values()),
        **own,
    )
    return ReadExamination(places, found, stated)


FINDINGS = record(
    Run,
    Field("schema_version", always(FINDINGS_VERSION), "Version of the names and meanings in this document."),
    Field(
        "provenance",
        PROVENANCE,
        "How the result was made; two results with the same provenance are the same.",
        of=lambda run: run,
        into="provenance",
    ),
    Field("counts", COUNTS, "Totals.", of=lambda run: run, into=None),
    Field(
        "examinations",
        listing(EXAMINATION, f"All images of one woman and day, read together. {SUGGESTION_NOTE}"),
        "Examinations, the images of one woman and day read together, in the order of the worklist: highest "
        "score first, then highest suspicion.",
        of=lambda run: worklist(run.examinations),
        since=WITH_SUGGESTIONS,
    ),
    Field(
        "images",
        listing(IMAGE, "Findings of one image."),
        "Images analyzed, in the order in which they were found.",
        of=_image_rows,
    ),
    Field(
        "not_analyzed",
        listing(
            NOT_ANALYZED, "A file that gave no findings. It never counts as an image without calcifications."
        ),
        "Files that gave no findings; empty when all did.",
    ),
    build=_run,
)
"""Everything one run found."""
