"""The report on paper: one examination as a PDF of A4 pages, for archives that keep documents."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np

from calcwatch.domain.assessment import Assessment, ExaminationResult, GroupReading, LikelihoodRange
from calcwatch.domain.change import Change
from calcwatch.domain.errors import ResultNotWritten
from calcwatch.domain.findings import CalcificationGroup, ImageFindings
from calcwatch.domain.identity import ImagedStudy
from calcwatch.domain.image import ImageDescription
from calcwatch.domain.lexicon import Category
from calcwatch.formats.result.order import group_letters, ordered_groups
from calcwatch.report.marks import image_label, side_label
from calcwatch.report.performance import performance
from calcwatch.report.pictures import encoded_jpeg, shrink
from calcwatch.report.template import Row, template
from calcwatch.report.views.reading import judged_words, morphology_words, range_words
from calcwatch.words.changes import CHANGE_WORDS, bed_words, in_reading_order, interval_words
from calcwatch.words.dates import date_words
from calcwatch.words.flags import FLAG_WORDS, PURPOSE
from calcwatch.words.lexicon import CATEGORY_WORDS, DISTRIBUTION_WORDS, SUGGESTION_NOTE, TRADEMARK_NOTE
from calcwatch.words.next_step import (
    Finding,
    SortedFindings,
    look_words,
    place_words,
    sort_findings,
    stated_words,
    what_to_do,
)
from calcwatch.words.summary import group_words
from calcwatch.words.urgency import category_of

PICTURE_PX = 1500
"""Long side of a picture on paper, in pixels: 0.12 mm a pixel at the size it is printed."""


def paper_html(result: ExaminationResult, study: ImagedStudy | None, pictures: Sequence[bytes]) -> str:
    """Write the pages as HTML without anything to be fetched.

    Args:
        result: The examination, with what it was compared with.
        study: Whose it is, as the images' headers say; ``None`` for images without.
        pictures: Of each image of the examination with its marks, as PNG.

    Returns:
        The pages.

    Raises:
        ValueError: There are not as many pictures as images, or one is damaged.

    """
    examination, provenance = result.examination, result.provenance
    images = zip(examination.images, pictures, strict=True)
    found, measured = sort_findings(examination), performance()
    return template("paper.html").render(
        purpose=PURPOSE,
        note=SUGGESTION_NOTE,
        trademark=TRADEMARK_NOTE,
        now=what_to_do(examination, result.changes),
        suspicious=[_finding(finding, result) for finding in found.suspicious],
        harmless=_harmless(found, result),
        measured=measured.sentences(provenance.analysis_version),
        figures=measured.figures,
        heading=_heading(examination.images[0].description, study),
        found=examination,
        breasts=[
            {
                "label": side_label(breast.laterality),
                "found": breast.found,
                "notes": breast.notes,
                "not_looked_for": breast.not_looked_for,
            }
            for breast in examination.breasts
        ],
        changes=[_change(change) for change in in_reading_order(result.changes)],
        interval=_interval(result),
        images=[_image(image, png, result) for image, png in images],
        made=f"calcwatch {provenance.package_version}, analysis {provenance.analysis_version}, "
        f"model {provenance.model_name} {(provenance.model_hash or 'no weights')[:12]}",
    )


def paper_pdf(result: ExaminationResult, study: ImagedStudy | None, pictures: Sequence[bytes]) -> bytes:
    """Write the pages as PDF; the same result gives the same bytes.

    Args:
        result: The examination, with what it was compared with.
        study: Whose it is, as the images' headers say; ``None`` for images without.
        pictures: Of each image of the examination with its marks, as PNG.

    Returns:
        The PDF.

    Raises:
        ResultNotWritten: The system lacks Pango, which sets the text.
        ValueError: There are not as many pictures as images, or one is damaged.

    """
    try:
        from weasyprint import HTML  # noqa: PLC0415 - it loads libraries of the system
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    # WeasyPrint is installed but the libraries of the system that it loads may not be.
    except OSError as problem:
        raise ResultNotWritten(
            "the report on paper needs the library Pango, which is not installed: on Debian and Ubuntu "
            "'apt install libpango-1.0-0 libpangoft2-1.0-0'; or leave pdf out of --to"
        ) from problem
    # the pages hold what they show: no file and no network is read
    fetcher = URLFetcher(allowed_protocols=("data",))
    html = paper_html(result, study, pictures)
    # A fixed identifier, since a random identifier would make different bytes each time.
    pdf: bytes = HTML(string=html, url_fetcher=fetcher).write_pdf(pdf_identifier=b"calcwatch")
    return pdf


def _heading(first: ImageDescription, study: ImagedStudy | None) -> list[tuple[str, str]]:
    """Whose examination it is, name and value; what the images do not say is left out."""
    patient = study.patient if study else None
    said = (
        ("Patient", _name(patient.name) if patient else ""),
        ("Patient ID", patient.patient_id if patient else first.patient_id or ""),
        ("Born", date_words(patient.birth_date) if patient else ""),
        ("Examination", date_words(study.study_date if study else first.study_date)),
        ("Accession", study.accession_number if study else ""),
    )
    return [(name, value) for name, value in said if value]


def _name(name: str) -> str:
    """A person's name, its parts in the order in which DICOM holds them: family name first."""
    return re.sub(r",\s*$", "", ", ".join(part for part in name.split("=", maxsplit=1)[0].split("^") if part))


def _suggestion(assessment: Assessment) -> Row:
    category = category_of(assessment)
    return {
        "category": category,
        "words": CATEGORY_WORDS[category],
        "confirmed": "if confirmed" if assessment.if_confirmed else "",
        "is_open": assessment.suggested_category is Category.INCOMPLETE,
        "judged": judged_words(assessment),
        "reasons": assessment.reasons,
        "likelihood": _likelihood(assessment.likelihood_range),
    }


def _finding(finding: Finding, result: ExaminationResult) -> Row:
    """One suspicious finding, on all views that show it."""
    first = finding.first
    change = next(filter(None, (result.change_of(seen.group.tracking_uid) for seen in finding.views)), None)
    return {
        "names": _names(finding),
        "place": first.reading.location.words,
        "looks": group_words(first.group) or f"Looks {look_words(first.group)}.",
        "count": finding.count,
        "change": CHANGE_WORDS[change.kind] if change else "",
        "stated": stated_words(finding),
        **_suggestion(finding.assessment),
    }


def _harmless(found: SortedFindings, result: ExaminationResult) -> list[str]:
    """Everything else, a line each; arteries and scatter a line together."""
    lines = [
        f"{_names(finding)}: {look_words(finding.first.group)}, {finding.count} calcifications, "
        f"{place_words(finding)}; suggestion {category_of(finding.assessment)}"
        f"{' if confirmed' if finding.assessment.if_confirmed else ''}"
        f"{f'; a person says: {said}' if (said := stated_words(finding)) else ''}"
        for finding in found.other
    ]
    for title, findings in (
        ("Arteries", found.arteries),
        ("Loose specks", found.scatter),
        ("Rejected by a person", found.rejected),
    ):
        if findings:
            total = sum(finding.count for finding in findings)
            lines.append(f"{title}: {total} calcifications ({', '.join(map(_names, findings))})")
    if singles := sum(len(image.singles) for image in result.examination.images):
        lines.append(f"Calcifications in no group: {singles} on all views together")
    return lines


def _names(finding: Finding) -> str:
    """Its letters, with the view of each."""
    return " and ".join(
        f"{image_label(seen.image)} {group_letters(seen.image)[seen.group.tracking_uid]}"
        for seen in finding.views
    )


def _likelihood(found: LikelihoodRange | None) -> str:
    return "" if found is None else f"{range_words(found.low, found.high)} ({found.source})"


def _change(change: Change) -> Row:
    return {
        "view": f"{change.image_laterality or '?'} {change.view_position or '?'}",
        "kind": CHANGE_WORDS[change.kind],
        "counts": f"{change.prior.count} then, {change.current.count} now",
        "bed": bed_words(change),
        "reasons": "; ".join(change.reasons),
    }


def _interval(result: ExaminationResult) -> str:
    """The two dates and the time between them; empty where nothing was compared."""
    if result.comparison is None:
        return ""
    known = (pair.interval_months for pair in result.comparison.pairs)
    months = next((count for count in known if count is not None), None)
    dates = (image.description.study_date for image in result.prior)
    prior = next((date for date in dates if date), None)
    return interval_words(months, prior, result.examination.images[0].description.study_date)


def _image(image: ImageFindings, png: bytes, result: ExaminationResult) -> Row:
    readings = {reading.tracking_uid: reading for reading in result.examination.groups}
    letters = group_letters(image)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("a picture of the result is damaged")
    return {
        "label": image_label(image),
        "picture": encoded_jpeg(shrink(pixels.astype(np.uint8, copy=False), PICTURE_PX)),
        "groups": [
            _group(
                group,
                letters[group.tracking_uid],
                readings[group.tracking_uid],
                result.change_of(group.tracking_uid),
            )
            for group in ordered_groups(image)
        ],
        "singles": len(image.singles),
        "others": len(image.non_lesions),
        "flags": [FLAG_WORDS[flag].sentence for flag in image.quality_flags if flag in FLAG_WORDS],
    }


def _group(group: CalcificationGroup, name: str, reading: GroupReading, change: Change | None) -> Row:
    pattern = group.distribution
    extent = pattern.measurements.extent_mm if pattern else None
    return {
        "name": name,
        "count": group.count,
        "extent": "not known" if extent is None else f"{extent:.1f} mm",
        "shape": morphology_words(group) or "not described",
        "distribution": DISTRIBUTION_WORDS[pattern.likeliest] if pattern and pattern.probabilities else "",
        "place": reading.location.words,
        "change": CHANGE_WORDS[change.kind] if change else "",
        **_suggestion(reading.assessment),
    }
