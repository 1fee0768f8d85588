"""The report on paper: one examination as a PDF of A4 pages, for archives that keep documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from calcwatch.domain.assessment import ExaminationResult, LikelihoodRange
from calcwatch.domain.change import Change
from calcwatch.domain.errors import ResultNotWritten
from calcwatch.domain.findings import CalcificationGroup, ImageFindings
from calcwatch.domain.study import ImagedStudy
from calcwatch.domain.uids import letter
from calcwatch.formats.result.fields import printable
from calcwatch.report.marks import image_label, side_label
from calcwatch.report.pictures import encoded_jpeg, shrink
from calcwatch.report.views.reading import morphology_words, range_words
from calcwatch.words.changes import CHANGE_WORDS, bed_words, in_reading_order, interval_words
from calcwatch.words.dates import date_words
from calcwatch.words.flags import FLAG_WORDS, PURPOSE
from calcwatch.words.lexicon import CATEGORY_WORDS, DISTRIBUTION_WORDS, SUGGESTION_NOTE

PICTURE_PX = 1500
"""Long side of a picture on paper, in pixels: 0.12 mm a pixel at the size it is printed."""


@dataclass(frozen=True)
class Paper:
    """What the paper is made from.

    ``study``: whose it is, as the images' headers say; ``None`` for images without. ``pictures``: of each
    image of the examination with its marks, as PNG. ``made``: when the result was, in words.
    """

    result: ExaminationResult
    study: ImagedStudy | None
    pictures: Sequence[bytes]
    made: str


def paper_html(paper: Paper) -> str:
    """The pages as HTML without anything to be fetched; raises ``ValueError`` for a picture too few."""
    found = paper.result.examination
    images = zip(found.images, paper.pictures, strict=True)
    return _template().render(
        purpose=PURPOSE,
        note=SUGGESTION_NOTE,
        heading=_heading(paper),
        found=found,
        breasts=[_breast(one.laterality, one.assessment) for one in found.breasts],
        changes=[_change(one) for one in in_reading_order(paper.result.changes)],
        interval=_interval(paper.result),
        images=[_image(image, png, paper.result) for image, png in images],
        made=_made(paper),
    )


def paper_pdf(paper: Paper) -> bytes:
    """The pages as PDF; the same paper, the same bytes.

    Raises ``ResultNotWritten`` where the system lacks Pango, which sets the text.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415 - it loads libraries of the system
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as problem:
        raise ResultNotWritten(
            "the report on paper needs the library Pango, which is not installed: on Debian and Ubuntu "
            "'apt install libpango-1.0-0 libpangoft2-1.0-0'; or leave pdf out of --to"
        ) from problem
    # the pages hold what they show: no file and no network is read
    fetcher = URLFetcher(allowed_protocols=("data",))
    pdf: bytes = HTML(string=paper_html(paper), url_fetcher=fetcher).write_pdf(pdf_identifier=b"calcwatch")
    return pdf


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("calcwatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("paper.html")


def _heading(paper: Paper) -> list[tuple[str, str]]:
    """Whose examination it is, name and value; what the images do not say is left out."""
    first = paper.result.examination.images[0].description
    study = paper.study
    patient = study.patient if study else None
    said = (
        ("Patient", _name(patient.name) if patient else ""),
        ("Patient ID", patient.patient_id if patient else first.patient_id or ""),
        ("Born", date_words(patient.birth_date) if patient else ""),
        ("Examination", date_words(study.study_date if study else first.study_date)),
        ("Accession", study.accession_number if study else ""),
    )
    return [(name, printable(value)) for name, value in said if value]


def _name(name: str) -> str:
    """A person's name, its parts in the order in which DICOM holds them: family name first."""
    return re.sub(r",\s*$", "", ", ".join(part for part in name.split("=", maxsplit=1)[0].split("^") if part))


def _breast(side: Any, found: Any) -> dict[str, Any]:
    return {
        "label": side_label(side),
        "category": found.suggested_category,
        "words": CATEGORY_WORDS[found.suggested_category],
        "confirmed": found.if_confirmed,
        "reasons": found.reasons,
        "likelihood": _likelihood(found.likelihood_range),
    }


def _likelihood(found: LikelihoodRange | None) -> str:
    return "" if found is None else f"{range_words(found.low, found.high)} ({found.source})"


def _change(found: Change) -> dict[str, Any]:
    view = f"{found.image_laterality or '?'} {found.view_position or '?'}"
    counts = f"{found.prior.count} then, {found.current.count} now"
    reasons = "; ".join(found.reasons)
    return {
        "view": view,
        "kind": CHANGE_WORDS[found.kind],
        "counts": counts,
        "bed": bed_words(found),
        "reasons": reasons,
    }


def _interval(result: ExaminationResult) -> str:
    """The two dates and the time between them; empty where nothing was compared."""
    if result.comparison is None:
        return ""
    months = next(
        (one.interval_months for one in result.comparison.pairs if one.interval_months is not None), None
    )
    then = next((one.description.study_date for one in result.prior if one.description.study_date), None)
    now = result.examination.images[0].description.study_date
    return interval_words(months, then, now)


def _image(image: ImageFindings, png: bytes, result: ExaminationResult) -> dict[str, Any]:
    readings = {one.tracking_uid: one for one in result.examination.groups}
    grouped = {uid for group in image.groups for uid in group.members}
    return {
        "label": image_label(image),
        "picture": _picture(png),
        "groups": [
            _group(group, letter(number), readings[group.tracking_uid], result.change_of(group.tracking_uid))
            for number, group in enumerate(image.groups)
        ],
        "singles": len(image.calcifications) - len(grouped),
        "others": len(image.non_lesions),
        "flags": [FLAG_WORDS[flag].sentence for flag in image.quality_flags if flag in FLAG_WORDS],
    }


def _picture(png: bytes) -> str:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("a picture of the result is damaged")
    return encoded_jpeg(shrink(pixels.astype(np.uint8, copy=False), PICTURE_PX))


def _group(group: CalcificationGroup, name: str, reading: Any, change: Change | None) -> dict[str, Any]:
    pattern = group.distribution
    extent = pattern.measurements.extent_mm if pattern else None
    return {
        "name": name,
        "count": group.count,
        "extent": "not known" if extent is None else f"{extent:.1f} mm",
        "shape": morphology_words(group) or "not described",
        "distribution": DISTRIBUTION_WORDS[pattern.likeliest] if pattern and pattern.probabilities else "",
        "place": reading.location.words,
        "category": reading.assessment.suggested_category,
        "words": CATEGORY_WORDS[reading.assessment.suggested_category],
        "likelihood": _likelihood(reading.assessment.likelihood_range),
        "reasons": reading.assessment.reasons,
        "change": CHANGE_WORDS[change.kind] if change else "",
    }


def _made(paper: Paper) -> str:
    made = paper.result.provenance
    return (
        f"calcwatch {made.package_version}, analysis {made.analysis_version}, model {made.model_name} "
        f"{(made.model_hash or 'no weights')[:12]}; result of {paper.made}"
    )
