"""What the page shows of an examination: score, breasts, pairs, and where each of its groups is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calcwatch.domain.assessment import BreastReading, ExaminationFindings, GroupReading, ViewPair
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.uids import letter
from calcwatch.formats.result.fields import printable
from calcwatch.formats.result.order import group_letters
from calcwatch.formats.result.run import ReadExamination, first_given
from calcwatch.report.marks import anchor, image_label, side_label
from calcwatch.report.take_pictures import SHOWN_GROUPS
from calcwatch.report.views.reading import (
    AssessmentView,
    Link,
    ReadingView,
    percent_words,
    view_assessment,
    view_reading,
)
from calcwatch.words.dates import date_words
from calcwatch.words.lexicon import PATTERN_WORDS

Links = Mapping[str, Link]
"""Tracking UID of a group -> where the page shows it."""


@dataclass(frozen=True)
class BreastView:
    """One breast: its name, what is suggested, how many groups it holds."""

    label: str
    assessment: AssessmentView
    group_count: int


@dataclass(frozen=True)
class PairView:
    """The same group in two views: where each is, how likely that is, and why."""

    first: Link
    second: Link
    probability: str
    reason: str


@dataclass(frozen=True)
class ExaminationView:
    """Everything the page says of one examination, its images aside; ``anchor`` is unique within the page."""

    anchor: str
    title: str
    score: int
    suspicion: str
    reasons: tuple[str, ...]
    breasts: tuple[BreastView, ...]
    pattern: str
    pairs: tuple[PairView, ...]
    stated: tuple[tuple[str, str], ...]


def links(images: Sequence[ImageFindings], places: Sequence[int]) -> dict[str, Link]:
    """Where the page shows each group; ``places`` are those of the images in the run."""
    return {
        uid: Link(_group_anchor(place, name), f"{image_label(image)}, group {name}")
        for image, place in zip(images, places, strict=True)
        for uid, name in group_letters(image).items()
    }


def _group_anchor(place: int, name: str) -> str:
    shown = {letter(index) for index in range(SHOWN_GROUPS)}
    return f"{anchor(place)}-group-{name}" if name in shown else anchor(place)


def reading_views(
    readings: Sequence[GroupReading], known: Links, questions: Mapping[str, str]
) -> dict[str, ReadingView]:
    """Tracking UID of each group of an examination -> what the page shows of its reading."""
    return {
        found.tracking_uid: view_reading(found, known.get(found.counterpart or ""), questions)
        for found in readings
    }


def _pair(found: ViewPair, known: Links) -> PairView:
    probability = percent_words(found.probability)
    return PairView(known[found.first], known[found.second], probability, found.reason)


def _breast(found: BreastReading, questions: Mapping[str, str]) -> BreastView:
    assessment = view_assessment(found.assessment, questions)
    return BreastView(side_label(found.laterality), assessment, len(found.groups))


def _title(found: ExaminationFindings) -> str:
    patient = first_given(found.images, "patient_id") or "Patient not given"
    date = date_words(first_given(found.images, "study_date")) or "date not given"
    return printable(f"{patient} · {date}")


def view_examination(examination: ReadExamination, known: Links, *, index: int) -> ExaminationView:
    """Work out what the page says of an examination; ``index``: its place in the worklist, 0 first."""
    found = examination.findings
    return ExaminationView(
        anchor=f"examination-{index + 1}",
        title=_title(found),
        score=found.score,
        suspicion=f"{found.suspicion:.2f}",
        reasons=found.score_reasons,
        breasts=tuple(_breast(one, examination.questions) for one in found.breasts),
        pattern=PATTERN_WORDS[found.laterality_pattern],
        pairs=tuple(_pair(pair, known) for pair in found.pairs),
        stated=examination.stated,
    )
