"""The page ``report.html``: self-contained, no script, no network; worst image first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from numpy.typing import NDArray

from calcwatch.domain import ImageFindings
from calcwatch.report.findings import NotAnalyzed, Provenance, printable
from calcwatch.report.marks import (
    BREAST_COLOR,
    CALCIFICATION_COLOR,
    GROUP_COLOR,
    NON_LESION_COLOR,
    image_label,
)
from calcwatch.report.views import TILE_PX, view_image
from calcwatch.report.words import PURPOSE, REASONS


@dataclass(frozen=True)
class Card:
    """One image in the overview at the top of the page."""

    anchor: str
    label: str
    source: str
    study: str
    rows: int
    columns: int
    group_count: int
    calcification_count: int
    score: str
    note_count: int


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("calcwatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(tile_px=TILE_PX)
    return environment.get_template(name)


def anchor(index: int) -> str:
    """Name the part of the page that shows the image at a place in the order, 0 first."""
    return f"image-{index + 1}"


def belief(findings: ImageFindings) -> tuple[float, float]:
    """Highest score of a group and of a calcification; -1 stands for none."""
    return (
        max((group.score for group in findings.groups), default=-1.0),
        max((found.score for found in findings.calcifications), default=-1.0),
    )


def worst_first(images: Sequence[ImageFindings]) -> tuple[int, ...]:
    """Places of the images in the order a reader wants them: most believable group first."""
    return tuple(sorted(range(len(images)), key=lambda index: [-score for score in belief(images[index])]))


def image_section(gray: NDArray[np.float32], findings: ImageFindings, index: int) -> str:
    """Part of the page that shows one image, as HTML; ``index`` is its place in the run, 0 first."""
    return _template("image.html").render(view=view_image(gray, findings, anchor(index)))


def _score_words(group_score: float, single_score: float) -> str:
    if group_score >= 0:
        return f"group {group_score:.2f}"
    return f"single {single_score:.2f}" if single_score >= 0 else ""


def _card(findings: ImageFindings, index: int) -> Card:
    image = findings.description
    group_score, best = belief(findings)
    return Card(
        anchor=anchor(index),
        label=image_label(findings),
        source=printable(image.source),
        study=printable(" · ".join(word for word in (image.patient_id, image.study_date) if word)),
        rows=image.rows,
        columns=image.columns,
        group_count=len(findings.groups),
        calcification_count=len(findings.calcifications),
        score=_score_words(group_score, best),
        note_count=len(findings.quality_flags),
    )


def _settings(provenance: Provenance) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in asdict(provenance.settings).items()]


def _without_source(refused: NotAnalyzed) -> str:
    """Return the reason alone: the row names the file already."""
    return printable(refused.message.removeprefix(f"{refused.source}: "))


def page_parts(
    images: Sequence[ImageFindings],
    sections: Iterable[str],
    *,
    places: Sequence[int],
    not_analyzed: Sequence[NotAnalyzed],
    provenance: Provenance,
) -> Iterator[str]:
    """Yield the page piece by piece, so that a large one never lies in memory as a whole.

    ``places`` are the places of the images in the run, those that ``image_section`` was given; ``sections``
    are the parts it made, in the order of ``worst_first``, read as needed.
    """
    errors_first = sorted(not_analyzed, key=lambda one: not one.is_error)
    refused = [
        (printable(one.source), REASONS[one.reason_code], _without_source(one)) for one in errors_first
    ]
    return _template("report.html").generate(
        purpose=PURPOSE,
        cards=[_card(images[index], places[index]) for index in worst_first(images)],
        group_count=sum(len(image.groups) for image in images),
        calcification_count=sum(len(image.calcifications) for image in images),
        sections=sections,
        not_analyzed=refused,
        error_count=sum(one.is_error for one in not_analyzed),
        provenance=provenance,
        settings=_settings(provenance),
        inputs=[(printable(image.description.source), image.description.sha256) for image in images],
        colors={
            "group": GROUP_COLOR,
            "calcification": CALCIFICATION_COLOR,
            "non_lesion": NON_LESION_COLOR,
            "breast": BREAST_COLOR,
        },
    )
