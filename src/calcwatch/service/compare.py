"""Two or more examinations of one woman -> a result folder with what became of every group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from calcwatch.comparison.compare import Compared, compare_with_prior
from calcwatch.comparison.treatment import context_of_examination
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.errors import BadContext
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.treatment import Treatment
from calcwatch.exam.read import analyze_exam
from calcwatch.formats.result.run import NotAnalyzed, ReadExamination, Step, first_given, images_as_read
from calcwatch.models.learned import suspicion_model
from calcwatch.service.analyze import AnalyzedRun, images_of, write_result
from calcwatch.service.analyze_each import (
    PARTS,
    AnalyzeOptions,
    Job,
    ProgressEvent,
    analyze_all,
    provenance_of,
)
from calcwatch.service.files.contexts import StatedContexts, read_contexts, stated_words
from calcwatch.service.files.examination_files import (
    FilesOfDays,
    check_one_day,
    check_one_woman,
    check_order,
    days_of,
    files_of_days,
)
from calcwatch.service.files.result_folder import (
    belongs_to_result,
    check_result_folder,
    result_folder,
    writing,
)
from calcwatch.service.files.rules import read_rules
from calcwatch.service.workers import available_cores


@dataclass(frozen=True)
class CompareOptions:
    """How examinations are compared; ``treatment``: what is stated of it, ``None`` for nothing."""

    analyze: AnalyzeOptions = field(default_factory=AnalyzeOptions)
    treatment: Treatment | None = None


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """What one run did; ``steps``: a comparison for each examination after the first."""

    run: AnalyzedRun
    steps: tuple[Step, ...]


_Days = Callable[[Sequence[ImageFindings], Sequence[int]], tuple[tuple[int, ...], ...]]


def compare_files(
    prior: Path,
    current: Path,
    out: Path,
    *,
    options: CompareOptions | None = None,
    on_event: Callable[[ProgressEvent], None] = lambda event: None,
) -> ComparedRun:
    """Compare an examination with an earlier one and put the result at ``out``, as a whole or not at all.

    ``prior``, ``current``: a file, a folder, or a result of ``analyze_files``. Everything that
    ``analyze_files`` writes is there for both, with ``comparison.json`` and ``history.json``.
    Raises ``BadSeries`` where the two are not the earlier and the later examination of one woman,
    ``ResultNotWritten`` and ``BadContext`` as ``analyze_files`` does.
    """
    return _compare([prior, current], out, options or CompareOptions(), on_event, _two_days)


def follow_files(
    paths: Sequence[Path],
    out: Path,
    *,
    options: CompareOptions | None = None,
    on_event: Callable[[ProgressEvent], None] = lambda event: None,
) -> ComparedRun:
    """Compare each examination of a woman with the one before and follow every group through all of them.

    Images of the same date are one examination. Writes what ``compare_files`` writes; ``comparison.json`` is
    that of the last two. Raises as ``compare_files`` does.
    """
    return _compare(paths, out, options or CompareOptions(), on_event, days_of)


def _two_days(images: Sequence[ImageFindings], arguments: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Places of the images of the first and of the second path."""
    days = [tuple(n for n, one in enumerate(arguments) if one == number) for number in (0, 1)]
    for name, day in zip(("PRIOR", "CURRENT"), days, strict=True):
        check_one_day([images[n] for n in day], name)
    check_order(*([images[n] for n in day] for day in days))
    return tuple(days)


def _compare(
    paths: Sequence[Path],
    out: Path,
    options: CompareOptions,
    on_event: Callable[[ProgressEvent], None],
    days_from: _Days,
) -> ComparedRun:
    check_result_folder(out)
    contexts = read_contexts(options.analyze.context) if options.analyze.context else StatedContexts()
    found = _find(paths, out, options.analyze)
    workers = min(options.analyze.workers or available_cores(), max(1, len(found.files)))
    with result_folder(out) as folder:
        with writing(out):
            (folder / "overlays").mkdir()
            (folder / PARTS).mkdir()
        job = Job(out, folder, options.analyze, to_compare=True)
        outcomes = analyze_all(job, found.files, workers, on_event)
        places, images = images_of(outcomes)
        check_one_woman([images])
        days = days_from(images, [found.argument[place] or 0 for place in places])
        context = _context(images, contexts)
        read, steps = _read(images, places, days, context=context, treatment=options.treatment)
        as_read = images_as_read(read)
        refused = tuple(one for _, one in sorted(outcomes.items()) if isinstance(one, NotAnalyzed))
        run = AnalyzedRun(out, tuple(as_read[at] for at in range(len(images))), read, refused)
        with writing(out):
            write_result(folder, run, places, provenance_of(options.analyze), steps=steps)
    return ComparedRun(run, steps)


def _find(paths: Sequence[Path], out: Path, options: AnalyzeOptions) -> FilesOfDays:
    found = files_of_days(paths, options.table, options.given)
    kept = [n for n, one in enumerate(found.files) if not belongs_to_result(one.path, out)]
    return FilesOfDays(tuple(found.files[n] for n in kept), tuple(found.argument[n] for n in kept))


def _context(images: Sequence[ImageFindings], contexts: StatedContexts) -> ClinicalContext:
    return contexts.of(first_given(images, "patient_id"))


def _read(
    images: Sequence[ImageFindings],
    places: Sequence[int],
    days: Sequence[tuple[int, ...]],
    *,
    context: ClinicalContext,
    treatment: Treatment | None,
) -> tuple[tuple[ReadExamination, ...], tuple[Step, ...]]:
    """Read every day: the first by itself, each other one with what became of it since the day before."""
    table, suspicion = read_rules(), suspicion_model()
    read: list[ReadExamination] = []
    compared: list[Compared] = []
    steps: list[Step] = []
    for number, day in enumerate(days):
        if not day:
            continue
        own = [images[at] for at in day]
        known = _context_of_day(context, treatment, own, [images[at] for one in days[:number] for at in one])
        before = _latest_of_each_view(images, days[:number])
        if not before:
            found = analyze_exam(own, table=table, suspicion=suspicion, context=known)
        else:
            answer = compare_with_prior(
                [images[at] for at in before],
                own,
                table=table,
                suspicion=suspicion,
                context=known,
                treatment=treatment,
                earlier=compared,
            )
            compared.append(answer)
            found = answer.examination
            steps.append(Step(tuple(places[at] for at in before), tuple(places[at] for at in day), answer))
        read.append(ReadExamination(day, found, stated_words(known), table.questions))
    return tuple(read), tuple(steps)


def _latest_of_each_view(images: Sequence[ImageFindings], days: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Images of the last day, and of each view that it lacks the latest one before."""
    latest: list[int] = []
    seen: set[tuple[object, object]] = set()
    for day in reversed(days):
        views = {
            at: (images[at].description.image_laterality, images[at].description.view_position) for at in day
        }
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
