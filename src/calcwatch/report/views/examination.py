"""What the page says of an examination: score, breasts, pairs, and where each of its groups is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.identity import letter
from calcwatch.formats.result.fields import printable
from calcwatch.formats.result.order import group_letters
from calcwatch.formats.result.run import ReadExamination, first_given
from calcwatch.report.marks import anchor, image_label, side_label
from calcwatch.report.pictures import SHOWN_GROUPS
from calcwatch.report.template import Row
from calcwatch.report.views.reading import Link, percent_words, view_reading
from calcwatch.words.dates import date_words
from calcwatch.words.lexicon import PATTERN_WORDS

Links = Mapping[str, Link]
"""Tracking UID of a group -> where the page shows it."""


def links(images: Sequence[ImageFindings], places: Sequence[int]) -> dict[str, Link]:
    """Tell where the page shows each group.

    Args:
        images: Findings of the images of an examination.
        places: Of the images in the run, 0 first.

    Returns:
        Tracking UID to the part of the page and its name; a group without pictures is shown by its image.

    """
    with_pictures = {letter(index) for index in range(SHOWN_GROUPS)}
    return {
        uid: (
            f"{anchor(place)}-group-{name}" if name in with_pictures else anchor(place),
            f"{image_label(image)}, group {name}",
        )
        for image, place in zip(images, places, strict=True)
        for uid, name in group_letters(image).items()
    }


def view_readings(examination: ReadExamination, known: Links) -> dict[str, Row]:
    """Work out what the page shows of the reading of each group of an examination.

    Args:
        examination: The examination.
        known: Where the page shows its groups.

    Returns:
        Tracking UID to a row of ``view_reading``.

    """
    return {
        reading.tracking_uid: view_reading(
            reading, known.get(reading.counterpart or ""), examination.questions
        )
        for reading in examination.findings.groups
    }


def view_examination(examination: ReadExamination, known: Links, index: int) -> Row:
    """Work out what the page says of an examination, its images aside.

    Args:
        examination: The examination.
        known: Where the page shows its groups.
        index: Its place in the worklist, 0 first.

    Returns:
        A row for ``report.html``; ``anchor`` is unique within the page.

    """
    findings = examination.findings
    patient = first_given(findings.images, "patient_id") or "Patient not given"
    date = date_words(first_given(findings.images, "study_date")) or "date not given"
    return {
        "anchor": f"examination-{index + 1}",
        "title": printable(f"{patient} · {date}"),
        "score": findings.score,
        "suspicion": f"{findings.suspicion:.2f}",
        "reasons": findings.score_reasons,
        "breasts": [
            {
                "label": side_label(breast.laterality),
                "found": breast.found,
                "notes": breast.notes,
                "not_looked_for": breast.not_looked_for,
                "missing": [examination.questions.get(name, name) for name in breast.missing],
                "group_count": len(breast.groups),
            }
            for breast in findings.breasts
        ],
        "pattern": PATTERN_WORDS[findings.laterality_pattern],
        "pairs": [
            (known[pair.first], known[pair.second], percent_words(pair.probability), pair.reason)
            for pair in findings.pairs
        ],
        "stated": examination.stated,
    }
