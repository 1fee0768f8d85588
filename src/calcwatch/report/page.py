"""The page ``report.html``: self-contained, no script, no network; most suspicious examination first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.domain.image import Laterality
from calcwatch.domain.views import is_from_above
from calcwatch.formats.result.run import (
    NotAnalyzed,
    ReadExamination,
    Step,
    images_as_read,
    study_date_of,
    study_dates,
    worklist,
)
from calcwatch.report.marks import (
    BREAST_COLOR,
    CALCIFICATION_COLOR,
    GROUP_COLOR,
    NON_LESION_COLOR,
)
from calcwatch.report.performance import Performance, performance
from calcwatch.report.pictures import Box, ImagePictures
from calcwatch.report.side_by_side import SheetOf
from calcwatch.report.template import Row, template
from calcwatch.report.views.comparison import view_dates, view_histories, view_step
from calcwatch.report.views.examination import view_examination
from calcwatch.report.views.findings import view_findings
from calcwatch.report.views.image import view_image
from calcwatch.report.views.reading import SHAPE_HEADS
from calcwatch.words.changes import interval_words
from calcwatch.words.flags import PURPOSE, REASONS
from calcwatch.words.lexicon import SUGGESTION_NOTE, TRADEMARK_NOTE
from calcwatch.words.next_step import NOT_LOOKED_FOR_SHORT

_SIDES = (Laterality.RIGHT, Laterality.LEFT)  # right first, as films hang


def reading_order(examinations: Sequence[ReadExamination], steps: Sequence[Step] = ()) -> tuple[int, ...]:
    """Tell the order in which the page shows the images.

    Args:
        examinations: Of the run.
        steps: Comparisons of a series of them, the earliest first; empty where nothing was compared.

    Returns:
        Places of the images: examinations as in the worklist, of a series the latest first; in each as films
        hang, views from above first, right beside left.

    """
    return tuple(place for examination in _in_order(examinations, steps) for place in _hung(examination))


def _in_order(examinations: Sequence[ReadExamination], steps: Sequence[Step]) -> tuple[ReadExamination, ...]:
    """Examinations as the page shows them: what is current never stands behind its prior."""
    ranks: dict[str, int] = {}
    for rank, step in enumerate(reversed(steps)):
        # A prior view may stand in for one that was left out since: the latest day that shows it counts.
        ranks |= {source: rank + 1 for source in _sources(step.compared.prior) if source not in ranks}
        ranks |= dict.fromkeys(_sources(step.compared.examination.images), rank)
    # sorted keeps the order of the worklist among what no step names.
    return tuple(
        sorted(
            worklist(examinations),
            key=lambda read: min(ranks.get(source, 0) for source in _sources(read.findings.images)),
        )
    )


def _sources(images: Sequence[ImageFindings]) -> set[str]:
    """Names of images: a comparison counts them otherwise than a run."""
    return {image.description.source for image in images}


def _hung(examination: ReadExamination) -> list[int]:
    """Places of its images as films hang."""

    def rank(place: int) -> tuple[bool, int]:
        image = images[place].description
        side = _SIDES.index(image.image_laterality) if image.image_laterality in _SIDES else len(_SIDES)
        return not is_from_above(image.view_position), side

    images = dict(zip(examination.places, examination.findings.images, strict=True))
    return sorted(images, key=rank)


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
    order = reading_order(examinations, steps)
    # An image in no examination would be left out of the page, as if nothing had been found on it.
    if sorted(order) != list(range(len(places))):
        raise ValueError("each image must be in one examination, or the page would not show it")
    ordered = _in_order(examinations, steps)
    # Files that may hold a missed image come before those that are no image at all.
    errors_first = sorted(not_analyzed, key=lambda refused: not refused.is_error)
    heads = [_head(examination, index, places, steps) for index, examination in enumerate(ordered)]
    images = images_as_read(examinations)
    inputs = [images[at].description for at in range(len(places))]
    return template("report.html").generate(
        purpose=PURPOSE,
        suggestion_note=SUGGESTION_NOTE,
        trademark_note=TRADEMARK_NOTE,
        chapters=heads,
        is_series=bool(steps),
        not_looked_for=NOT_LOOKED_FOR_SHORT,
        image_count=len(places),
        # A generator: pictures of one examination lie in memory at a time, whatever the length of the page.
        bodies=_bodies(ordered, heads, places, provenance, iter(pictures), steps=steps, sheets=sheets),
        not_analyzed=[
            (
                refused.source,
                REASONS[refused.reason_code],
                # the row names the file already
                refused.message.removeprefix(f"{refused.source}: "),
            )
            for refused in errors_first
        ],
        error_count=sum(refused.is_error for refused in not_analyzed),
        provenance=provenance,
        settings=[(name, str(value)) for name, value in provenance.settings.items()],
        inputs=[(image.source, image.sha256) for image in inputs],
        colors={
            "group": GROUP_COLOR,
            "calcification": CALCIFICATION_COLOR,
            "non_lesion": NON_LESION_COLOR,
            "breast": BREAST_COLOR,
        },
    )


def _head(examination: ReadExamination, index: int, places: Sequence[int], steps: Sequence[Step]) -> Row:
    step, in_run = _step_of(examination, steps), _in_run(examination, places)
    if step is None:
        return view_examination(in_run, index)
    comparison = step.compared.comparison
    days = (study_date_of(step.compared.prior), study_date_of(step.compared.examination.images))
    months = next((pair.interval_months for pair in comparison.pairs), None)
    return view_examination(in_run, index, changes=comparison.changes, compared=interval_words(months, *days))


def _in_run(examination: ReadExamination, places: Sequence[int]) -> ReadExamination:
    """The examination with the places that its images have in the run."""
    return replace(examination, places=tuple(places[at] for at in examination.places))


def _step_of(examination: ReadExamination, steps: Sequence[Step]) -> Step | None:
    """The comparison of an examination with the one before; ``None`` where there is none."""
    own = _sources(examination.findings.images)
    return next((step for step in steps if _sources(step.compared.examination.images) == own), None)


def _bodies(
    examinations: Sequence[ReadExamination],
    heads: Sequence[Row],
    places: Sequence[int],
    provenance: Provenance,
    pictures: Iterator[ImagePictures],
    *,
    steps: Sequence[Step],
    sheets: SheetOf | None,
) -> Iterator[str]:
    """Each examination as a part of the page; what is said once stands with the first."""
    measured = performance()
    for index, (examination, head) in enumerate(zip(examinations, heads, strict=True)):
        images = dict(zip(examination.places, examination.findings.images, strict=True))
        step = _step_of(examination, steps)
        changes = step.compared.comparison.changes if step else ()
        hung = _hung(examination)
        views = [view_image(next(pictures), images[at], places[at]) for at in hung]
        _hang(views, [images[at] for at in hung])
        groups = {group["tracking_uid"]: group for view in views for group in view["groups"]}
        findings = view_findings(
            _in_run(examination, places),
            groups,
            {uid: change for change in changes for uid in change.groups},
        )
        yield template("examination.html").render(
            examination=head,
            is_prior=bool(steps) and index > 0,
            images=views,
            findings=findings,
            raised=_raised(findings),
            not_looked_for=dict.fromkeys(breast.not_looked_for for breast in examination.findings.breasts),
            comparison=_comparison(steps, sheets) if index == 0 and steps and sheets else "",
            performance=_performance(measured, provenance) if index == 0 else "",
            shape_heads=SHAPE_HEADS,
        )


def _hang(views: Sequence[Row], images: Sequence[ImageFindings]) -> None:
    """Give each view the frame in which it hangs: the breast, all of one size where all pixels are."""
    spacings = {image.description.pixel_spacing and image.description.pixel_spacing.mm for image in images}
    frames = [view["frame"] for view in views]
    rows, columns = max(frame.rows for frame in frames), max(frame.columns for frame in frames)
    for view, image in zip(views, images, strict=True):
        frame, whole = view["frame"], view["thumbnail"].box
        if len(spacings) == 1:
            # The chest wall stays at its edge: both breasts of a view meet there.
            at_right = image.description.image_laterality is Laterality.RIGHT
            left = frame.left + frame.columns - columns if at_right else frame.left
            top = frame.top + (frame.rows - rows) // 2
            frame = Box(min(max(top, 0), max(whole.rows - rows, 0)), left, rows, columns)
        view["hung"] = frame


def _raised(findings: Row) -> set[str]:
    """Groups whose marks stand out: those of suspicious findings."""
    return {view["group"]["tracking_uid"] for finding in findings["suspicious"] for view in finding["views"]}


def _performance(measured: Performance, provenance: Provenance) -> str:
    return template("performance.html").render(
        sentences=measured.sentences(provenance.analysis_version),
        figures=measured.figures,
        data=dict.fromkeys(figure.data for figure in measured.figures),
    )


def _comparison(steps: Sequence[Step], sheets: SheetOf) -> str:
    """The comparisons as a part of the page, the latest first."""
    dates = study_dates(steps)
    return template("comparison.html").render(
        steps=[view_step(step, sheets) for step in reversed(steps)],
        histories=view_histories(steps, dates),
        dates=tuple(view_dates(dates)),
    )
