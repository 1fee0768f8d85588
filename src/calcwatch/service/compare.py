"""Compare examinations of one woman: two that are at hand, or files of two or more days into a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from calcwatch.comparison import compare
from calcwatch.comparison.compare import Compared
from calcwatch.comparison.treatment import context_of_examination
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.errors import BadContext, CalcwatchError
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.treatment import Treatment
from calcwatch.exam.read import analyze_exam
from calcwatch.exam.rule_table import RuleTable
from calcwatch.formats.result.run import ReadExamination, Step, first_given
from calcwatch.models.learned import suspicion_model
from calcwatch.service.files.examination_files import (
    check_apart,
    check_no_twins,
    check_one_woman,
    days_of_arguments,
    days_of_dates,
    find_examination_files,
)
from calcwatch.service.files.result_folder import belongs_to_result, check_result_folder, result_folder
from calcwatch.service.files.rules import read_rules
from calcwatch.service.files.statements import StatedContexts, context_of_day, read_contexts, stated_words
from calcwatch.service.run import (
    AnalyzedRun,
    AnalyzeOptions,
    OnEvent,
    analyze_each,
    images_of,
    leave_out,
    write_run,
)


def compare_with_prior(
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    *,
    context: ClinicalContext | None = None,
    treatment: Treatment | None = None,
    earlier: Sequence[Compared] = (),
) -> Compared:
    """Say what became of every group since the prior examination, and read the current one knowing it.

    Everything is a suggestion: a radiologist decides.

    Args:
        prior: What ``analyze_image`` gave for each image of the prior examination; may be empty.
        current: Likewise of the current one.
        context: What a person states of the woman; ``None``: nothing.
        treatment: What a person states of her treatment; ``None``: nothing.
        earlier: The answers for the examinations before, the earliest first, so that a group keeps its
            tracking UID.

    Returns:
        The comparison, and the findings of the current examination.

    Raises:
        ValueError: There is no current image, or context and treatment contradict each other.

    """
    return compare.compare_with_prior(
        prior,
        current,
        table=read_rules(),
        suspicion=suspicion_model(),
        context=context_of_examination(context or ClinicalContext(), treatment, current, prior),
        treatment=treatment,
        earlier=earlier,
    )


def compare_files(
    prior: Path,
    current: Path,
    out: Path,
    *,
    options: AnalyzeOptions | None = None,
    treatment: Treatment | None = None,
    on_event: OnEvent = lambda event: None,
) -> AnalyzedRun:
    """Compare an examination with an earlier one and put the result at a place, as a whole or not at all.

    Everything that ``analyze_files`` writes is there for both, with ``comparison.json`` and ``history.json``.

    Args:
        prior: The earlier examination: a file, a folder, or a result of ``analyze_files``.
        current: The later one, likewise.
        out: Where the result is to lie; a former result there is replaced.
        options: How files are analyzed; ``None``: with what is shipped.
        treatment: What a person states of the treatment; ``None``: nothing.
        on_event: Is told of each file that is done.

    Returns:
        What was done; without a step where one of the two gave no image.

    Raises:
        BadSeries: The two are not the earlier and the later examination of one woman, or a result cannot be
            read.
        ResultNotWritten: ``out`` holds other files or cannot be written.
        BadContext: What a person states cannot be used.
        BadTable: The table cannot be used.

    """
    return _compare(
        [prior, current],
        out,
        options or AnalyzeOptions(),
        treatment,
        of_two=True,
        on_event=on_event,
    )


def follow_files(
    paths: Sequence[Path],
    out: Path,
    *,
    options: AnalyzeOptions | None = None,
    treatment: Treatment | None = None,
    on_event: OnEvent = lambda event: None,
) -> AnalyzedRun:
    """Compare each examination of a woman with the one before and follow every group through all of them.

    Images of the same date are one examination. Writes what ``compare_files`` writes; ``comparison.json`` is
    that of the last two.

    Args:
        paths: Files, folders, or results of ``analyze_files``.
        out: Where the result is to lie; a former result there is replaced.
        options: How files are analyzed; ``None``: with what is shipped.
        treatment: What a person states of the treatment; ``None``: nothing.
        on_event: Is told of each file that is done.

    Returns:
        What was done, with a step for each examination after the first.

    Raises:
        BadSeries: The images are those of several women, some have a date and others do not, or a result
            cannot be read.
        ResultNotWritten: ``out`` holds other files or cannot be written.
        BadContext: What a person states cannot be used.
        BadTable: The table cannot be used.

    """
    return _compare(paths, out, options or AnalyzeOptions(), treatment, of_two=False, on_event=on_event)


def _compare(
    paths: Sequence[Path],
    out: Path,
    options: AnalyzeOptions,
    treatment: Treatment | None,
    *,
    of_two: bool,
    on_event: OnEvent,
) -> AnalyzedRun:
    check_result_folder(out)
    contexts = read_contexts(options.context) if options.context else StatedContexts()
    found = [
        (file, argument)
        for file, argument in find_examination_files(paths, options.table, options.given)
        if not belongs_to_result(file.path, out)
    ]
    if of_two:
        check_apart(paths, found)
    table = read_rules()
    with result_folder(out) as folder:
        files = [file for file, _ in found]
        outcomes, twins = analyze_each(files, out, folder, options, to_compare=True, on_event=on_event)
        if of_two:
            check_no_twins([(found[first], found[place]) for place, first in twins.items()])
        places, images = images_of(outcomes)
        # Only now: who is on an image is known when it has been read.
        check_one_woman(images)
        # Rows of a table have no argument and count with the first path; there are dates to tell days by.
        days_of = days_of_arguments if of_two else days_of_dates
        days = days_of(images, [found[place][1] or 0 for place in places])
        context = contexts.of(first_given(images, "patient_id"))
        examinations, steps, failed = _read_days(images, places, days, context, treatment, table=table)
        examinations = leave_out(failed, outcomes, examinations, folder)
        run = write_run(
            out, folder, outcomes, examinations, options, thresholds=table.thresholds, steps=steps
        )
        return replace(run, notes=contexts.unheard([image.description.patient_id for image in images]))


def _read_days(
    images: Sequence[ImageFindings],
    places: Sequence[int],
    days: Sequence[tuple[int, ...]],
    context: ClinicalContext,
    treatment: Treatment | None,
    *,
    table: RuleTable,
) -> tuple[tuple[ReadExamination, ...], tuple[Step, ...], dict[int, Exception]]:
    """Read every day: the first by itself, each further one with what became of it since the day before.

    Last the images of days in which calcwatch failed, with the error.
    """
    suspicion = suspicion_model()
    examinations: list[ReadExamination] = []
    steps: list[Step] = []
    failed: dict[int, Exception] = {}
    before: list[tuple[int, ...]] = []
    for day in filter(None, days):
        current = [images[at] for at in day]
        # Every earlier day, not only the prior: treatment is dated against all that was seen before.
        earlier = [images[at] for earlier_day in before for at in earlier_day]
        known = _context_of_day(context_of_day(context, current, images), treatment, current, earlier)
        # A day may lack a view; then the last time that view was taken is its prior.
        prior = _latest_of_each_view(images, before)
        try:
            if not prior:
                findings = analyze_exam(current, table=table, suspicion=suspicion, context=known)
            else:
                compared = compare.compare_with_prior(
                    [images[at] for at in prior],
                    current,
                    table=table,
                    suspicion=suspicion,
                    context=known,
                    treatment=treatment,
                    # Earlier comparisons, by which a group keeps its tracking UID through the whole series.
                    earlier=[step.compared for step in steps],
                )
                findings = compared.examination
            read = ReadExamination(day, findings, stated_words(known), table.questions)
        except CalcwatchError:
            raise
        except Exception as problem:  # it costs this day alone, which is no prior of a later one either
            failed |= dict.fromkeys(day, problem)
            continue
        if prior:
            steps.append(Step(tuple(places[at] for at in prior), tuple(places[at] for at in day), compared))
        examinations.append(read)
        before.append(day)
    return tuple(examinations), tuple(steps), failed


def _latest_of_each_view(images: Sequence[ImageFindings], days: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Images of the last day, and of each view that it lacks the latest one before."""
    latest: list[int] = []
    seen: set[tuple[object, object]] = set()
    for day in reversed(days):
        views = {
            at: (images[at].description.image_laterality, images[at].description.view_position) for at in day
        }
        # An image of unknown side or view is used on the last day only: it cannot fill a gap.
        latest += [at for at in day if not latest or (views[at] not in seen and None not in views[at])]
        seen.update(views.values())
    return tuple(latest)


def _context_of_day(
    context: ClinicalContext,
    treatment: Treatment | None,
    images: Sequence[ImageFindings],
    earlier: Sequence[ImageFindings],
) -> ClinicalContext:
    """What is stated for a day, the facts of the treatment worked out for it."""
    try:
        return context_of_examination(context, treatment, images, earlier)
    except ValueError as error:
        raise BadContext(f"the treatment and the context contradict each other: {error}") from error
