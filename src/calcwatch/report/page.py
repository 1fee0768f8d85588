"""The page ``report.html``: self-contained, no script, no network; most suspicious examination first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.formats.result.fields import printable
from calcwatch.formats.result.run import NotAnalyzed, ReadExamination, Step, study_dates, worklist
from calcwatch.report.marks import (
    BREAST_COLOR,
    CALCIFICATION_COLOR,
    GROUP_COLOR,
    NON_LESION_COLOR,
    anchor,
    image_label,
)
from calcwatch.report.side_by_side import SheetOf
from calcwatch.report.take_pictures import ImagePictures
from calcwatch.report.views.comparison import view_dates, view_histories, view_step
from calcwatch.report.views.examination import ExaminationView, Links, links, reading_views, view_examination
from calcwatch.report.views.image import TILE_PX, ImageView, view_image
from calcwatch.report.views.reading import SHAPE_HEADS
from calcwatch.words.flags import PURPOSE, REASONS
from calcwatch.words.lexicon import SUGGESTION_NOTE


@dataclass(frozen=True)
class Card:
    """One image in the worklist at the top of the page."""

    anchor: str
    label: str
    source: str
    rows: int
    columns: int
    group_count: int
    calcification_count: int
    score: str
    note_count: int


@dataclass(frozen=True)
class Chapter:
    """One examination on the page: what is said of it, its images in the overview, their parts below."""

    examination: ExaminationView
    cards: tuple[Card, ...]
    sections: Iterator[str]


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("calcwatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(tile_px=TILE_PX, shape_heads=SHAPE_HEADS)
    return environment.get_template(name)


def rank(findings: ImageFindings) -> tuple[float, float, float]:
    """Highest suspicion of a group, highest score of a group and of a calcification; -1 stands for none.

    A group whose suspicion is not known counts as the most suspicious, so that it is not put out of sight.
    """
    suspicions = [1.0 if group.suspicion is None else group.suspicion for group in findings.groups]
    return (
        max(suspicions, default=-1.0),
        max((group.score for group in findings.groups), default=-1.0),
        max((found.score for found in findings.calcifications), default=-1.0),
    )


def _worst_first(examination: ReadExamination) -> list[int]:
    images = dict(zip(examination.places, examination.findings.images, strict=True))
    return sorted(images, key=lambda place: [-part for part in rank(images[place])])


def reading_order(examinations: Sequence[ReadExamination]) -> tuple[int, ...]:
    """Places of the images as the page shows them: as in the worklist, the most suspicious image first."""
    return tuple(place for one in worklist(examinations) for place in _worst_first(one))


def _score_words(findings: ImageFindings) -> str:
    suspicion, group_score, single_score = rank(findings)
    if any(group.suspicion is not None for group in findings.groups):
        return f"suspicion {suspicion:.2f}"
    if group_score >= 0:
        return f"group {group_score:.2f}"
    return f"single {single_score:.2f}" if single_score >= 0 else ""


def _card(findings: ImageFindings, place: int) -> Card:
    image = findings.description
    return Card(
        anchor=anchor(place),
        label=image_label(findings),
        source=printable(image.source),
        rows=image.rows,
        columns=image.columns,
        group_count=len(findings.groups),
        calcification_count=len(findings.calcifications),
        score=_score_words(findings),
        note_count=len(findings.quality_flags),
    )


def _settings(provenance: Provenance) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in provenance.settings.items()]


def _without_source(refused: NotAnalyzed) -> str:
    """Return the reason alone: the row names the file already."""
    return printable(refused.message.removeprefix(f"{refused.source}: "))


def _sections(
    views: Iterator[ImageView], order: Sequence[int], examination: ReadExamination, known: Links
) -> Iterator[str]:
    template = _template("image.html")
    readings = reading_views(examination.findings.groups, known, examination.questions)
    for place in order:
        yield template.render(view=next(views), readings=readings, number=place + 1)


def _chapters(
    images: Sequence[ImageFindings],
    views: Iterator[ImageView],
    places: Sequence[int],
    examinations: Sequence[ReadExamination],
) -> Iterator[Chapter]:
    for index, examination in enumerate(worklist(examinations)):
        order = _worst_first(examination)
        known = links([images[place] for place in order], [places[place] for place in order])
        yield Chapter(
            view_examination(examination, known, index=index),
            tuple(_card(images[place], places[place]) for place in order),
            _sections(views, order, examination, known),
        )


@dataclass(frozen=True, eq=False)
class PageRun:
    """What the page shows: the images of a run, their places in it, and what was made of them.

    ``steps``: comparisons with earlier examinations, shown first, none unless there were some; with more than
    one a timeline follows. ``sheets``: the breasts they show.
    """

    images: Sequence[ImageFindings]
    places: Sequence[int]
    examinations: Sequence[ReadExamination]
    not_analyzed: Sequence[NotAnalyzed]
    provenance: Provenance
    steps: Sequence[Step] = ()
    sheets: SheetOf | None = None


def _comparison(run: PageRun) -> str:
    """The comparisons as a part of the page; empty where there were none."""
    if not run.steps or run.sheets is None:
        return ""
    dates = study_dates(run.steps)
    return _template("comparison.html").render(
        steps=[view_step(one, run.sheets) for one in reversed(run.steps)],
        histories=view_histories(run.steps, dates),
        dates=tuple(view_dates(dates)),
    )


def page_parts(run: PageRun, pictures: Iterable[ImagePictures]) -> Iterator[str]:
    """Yield the page piece by piece, so that a large one never lies in memory as a whole.

    ``pictures``: those of the images in the order of ``reading_order``, read as needed. Raises ``ValueError``
    when an image is in no examination or in two.
    """
    images, places, provenance = run.images, run.places, run.provenance
    order = reading_order(run.examinations)
    if sorted(order) != list(range(len(images))):
        raise ValueError("each image must be in one examination, or the page would not show it")
    views = (view_image(shown, images[at], places[at]) for shown, at in zip(pictures, order, strict=True))
    errors_first = sorted(run.not_analyzed, key=lambda one: not one.is_error)
    refused = [
        (printable(one.source), REASONS[one.reason_code], _without_source(one)) for one in errors_first
    ]
    return _template("report.html").generate(
        purpose=PURPOSE,
        suggestion_note=SUGGESTION_NOTE,
        chapters=list(_chapters(images, views, places, run.examinations)),
        comparison=_comparison(run),
        image_count=len(images),
        group_count=sum(len(image.groups) for image in images),
        calcification_count=sum(len(image.calcifications) for image in images),
        not_analyzed=refused,
        error_count=sum(one.is_error for one in run.not_analyzed),
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
