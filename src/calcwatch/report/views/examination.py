"""What the page says of an examination: what to do now, breasts, questions, pairs, where groups are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calcwatch.domain.change import Change
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.lexicon import LateralityPattern
from calcwatch.formats.result.order import group_letters
from calcwatch.formats.result.run import ReadExamination, first_given
from calcwatch.report.marks import anchor, image_label, side_label
from calcwatch.report.template import Row
from calcwatch.report.views.reading import Link, percent_words
from calcwatch.words.dates import date_words
from calcwatch.words.lexicon import PATTERN_WORDS
from calcwatch.words.next_step import sort_findings, steps_now, what_to_do

Links = Mapping[str, Link]
"""Tracking UID of a group -> where the page shows it."""


def links(images: Sequence[ImageFindings], places: Sequence[int]) -> dict[str, Link]:
    """Tell where the page shows each group.

    Args:
        images: Findings of the images of an examination.
        places: Of the images in the run, 0 first.

    Returns:
        Tracking UID to the part of the page and its name.

    """
    return {
        uid: (f"{anchor(place)}-group-{name}", f"{image_label(image)}, group {name}")
        for image, place in zip(images, places, strict=True)
        for uid, name in group_letters(image).items()
    }


def view_examination(
    examination: ReadExamination, index: int, *, changes: Sequence[Change] = (), compared: str = ""
) -> Row:
    """Work out what the page says of an examination, its images and findings aside.

    Args:
        examination: The examination.
        index: Its place on the page, 0 first.
        changes: What became of its groups since the prior.
        compared: The two days that were compared, in words; empty where nothing was.

    Returns:
        A row for ``report.html`` and ``examination.html``; ``anchor`` is unique within the page.

    """
    findings = examination.findings
    patient = first_given(findings.images, "patient_id") or "Patient not given"
    date = date_words(first_given(findings.images, "study_date")) or "date not given"
    known = links(findings.images, examination.places)
    return {
        "anchor": f"examination-{index + 1}",
        "title": f"{patient} · {date}",
        "compared": compared,
        "now": what_to_do(findings, changes),
        "next": steps_now(findings, changes),
        "suspicious_count": len(sort_findings(findings).suspicious),
        "score": findings.score,
        "reasons": findings.score_reasons,
        "breasts": [
            {
                "label": side_label(breast.laterality),
                "found": breast.found,
                "notes": breast.notes,
                "not_looked_for": breast.not_looked_for,
            }
            for breast in findings.breasts
        ],
        "questions": _questions(examination),
        "pattern": _pattern(findings.laterality_pattern),
        "pairs": [
            (known[pair.first], known[pair.second], percent_words(pair.probability), pair.reason)
            for pair in findings.pairs
        ],
        "stated": examination.stated,
    }


def _pattern(pattern: LateralityPattern) -> str:
    """How calcifications are spread over both breasts, where that says more than what was found in each."""
    if pattern is not LateralityPattern.SYMMETRIC_SCATTER:
        return ""
    words = PATTERN_WORDS[pattern]
    return f"{words[0].upper()}{words[1:]}."


def _questions(examination: ReadExamination) -> list[str]:
    """What was wanted of any finding and not given, each once."""
    # A rule table of a user's own may ask for what has no question in words.
    wanted = [name for breast in examination.findings.breasts for name in breast.missing]
    return [examination.questions.get(name, name) for name in dict.fromkeys(wanted)]
