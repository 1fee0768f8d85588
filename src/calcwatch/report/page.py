"""The page ``report.html``: self-contained, no script, no network; most suspicious examination first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.formats.result.fields import printable
from calcwatch.formats.result.run import (
    NotAnalyzed,
    ReadExamination,
    Step,
    images_as_read,
    study_dates,
    worklist,
)
from calcwatch.report.marks import (
    BREAST_COLOR,
    CALCIFICATION_COLOR,
    GROUP_COLOR,
    NON_LESION_COLOR,
    anchor,
    image_label,
)
from calcwatch.report.pictures import ImagePictures
from calcwatch.report.side_by_side import SheetOf
from calcwatch.report.template import Row, template
from calcwatch.report.views.comparison import view_dates, view_histories, view_step
from calcwatch.report.views.examination import links, view_examination, view_readings
from calcwatch.report.views.image import view_image
from calcwatch.report.views.reading import SHAPE_HEADS
from calcwatch.words.flags import PURPOSE, REASONS
from calcwatch.words.lexicon import SUGGESTION_NOTE


def reading_order(examinations: Sequence[ReadExamination]) -> tuple[int, ...]:
    """Tell the order in which the page shows the images.

    Args:
        examinations: Of the run.

    Returns:
        Places of the images, as in the worklist, of an examination the most suspicious one first.

    """
    return tuple(place for examination in worklist(examinations) for place in _worst_first(examination))


def page_parts(
    examinations: Sequence[ReadExamination],
    places: Sequence[int],
    not_analyzed: Sequence[NotAnalyzed],
    provenance: Provenance,
    pictures: Iterable[ImagePictures],
    *,
    steps: Sequence[Step] = (),
    sheets: SheetOf | None = None,
) -> Iterator[str]:
    """Write the page piece by piece, so that a large one never lies in memory as a whole.

    Args:
        examinations: Of the run; each image is in one.
        places: Of the images in the run, 0 first.
        not_analyzed: Files without findings.
        provenance: How the findings came about.
        pictures: Of the images, in the order of ``reading_order``, read as needed.
        steps: Comparisons with earlier examinations, shown first; with more than one a timeline follows.
        sheets: Gives the breasts that they show; ``None`` where there are no comparisons.

    Returns:
        The pieces.

    Raises:
        ValueError: An image is in no examination or in two.

    """
    order = reading_order(examinations)
    # An image in no examination would be left out of the page, as if nothing had been found on it.
    if sorted(order) != list(range(len(places))):
        raise ValueError("each image must be in one examination, or the page would not show it")
    as_read = images_as_read(examinations)
    images = [as_read[at] for at in range(len(places))]
    # A generator: pictures of a single image lie in memory at a time, whatever the length of the page.
    views = (view_image(shown, images[at], places[at]) for shown, at in zip(pictures, order, strict=True))
    # Files that may hold a missed image come before those that are no image at all.
    errors_first = sorted(not_analyzed, key=lambda refused: not refused.is_error)
    return template("report.html").generate(
        purpose=PURPOSE,
        suggestion_note=SUGGESTION_NOTE,
        chapters=[
            _chapter(examination, index, images, places, views)
            for index, examination in enumerate(worklist(examinations))
        ],
        comparison=_comparison(steps, sheets) if steps and sheets else "",
        image_count=len(images),
        group_count=sum(len(image.groups) for image in images),
        calcification_count=sum(len(image.calcifications) for image in images),
        not_analyzed=[
            (
                printable(refused.source),
                REASONS[refused.reason_code],
                # the row names the file already
                printable(refused.message.removeprefix(f"{refused.source}: ")),
            )
            for refused in errors_first
        ],
        error_count=sum(refused.is_error for refused in not_analyzed),
        provenance=provenance,
        settings=[(name, str(value)) for name, value in provenance.settings.items()],
        inputs=[(printable(image.description.source), image.description.sha256) for image in images],
        colors={
            "group": GROUP_COLOR,
            "calcification": CALCIFICATION_COLOR,
            "non_lesion": NON_LESION_COLOR,
            "breast": BREAST_COLOR,
        },
    )


def _chapter(
    examination: ReadExamination,
    index: int,
    images: Sequence[ImageFindings],
    places: Sequence[int],
    views: Iterator[Row],
) -> Row:
    """One examination: what is said of it, its images in the overview, their parts below."""
    order = _worst_first(examination)
    known = links([images[at] for at in order], [places[at] for at in order])

    def sections() -> Iterator[str]:
        readings = view_readings(examination, known)
        for at in order:
            yield template("image.html").render(
                view=next(views), readings=readings, number=at + 1, shape_heads=SHAPE_HEADS
            )

    return {
        "examination": view_examination(examination, known, index),
        "cards": [_card(images[at], places[at]) for at in order],
        "sections": sections(),
    }


def _worst_first(examination: ReadExamination) -> list[int]:
    images = dict(zip(examination.places, examination.findings.images, strict=True))
    return sorted(images, key=lambda place: [-part for part in _rank(images[place])])


def _rank(findings: ImageFindings) -> tuple[float, float, float]:
    """Highest suspicion of a group, highest score of a group and of a calcification; -1 stands for none.

    A group whose suspicion is not known counts as the most suspicious, so that it is not put out of sight.
    """
    suspicions = [1.0 if group.suspicion is None else group.suspicion for group in findings.groups]
    return (
        max(suspicions, default=-1.0),
        max((group.score for group in findings.groups), default=-1.0),
        max((calcification.score for calcification in findings.calcifications), default=-1.0),
    )


def _card(findings: ImageFindings, place: int) -> Row:
    """An image in the worklist at the top of the page."""
    image = findings.description
    return {
        "anchor": anchor(place),
        "label": image_label(findings),
        "source": printable(image.source),
        "rows": image.rows,
        "columns": image.columns,
        "group_count": len(findings.groups),
        "calcification_count": len(findings.calcifications),
        "score": _score_words(findings),
        "note_count": len(findings.quality_flags),
    }


def _score_words(findings: ImageFindings) -> str:
    suspicion, group_score, single_score = _rank(findings)
    if any(group.suspicion is not None for group in findings.groups):
        return f"suspicion {suspicion:.2f}"
    if group_score >= 0:
        return f"group {group_score:.2f}"
    return f"single {single_score:.2f}" if single_score >= 0 else ""


def _comparison(steps: Sequence[Step], sheets: SheetOf) -> str:
    """The comparisons as a part of the page, the latest first."""
    dates = study_dates(steps)
    return template("comparison.html").render(
        steps=[view_step(step, sheets) for step in reversed(steps)],
        histories=view_histories(steps, dates),
        dates=tuple(view_dates(dates)),
    )
