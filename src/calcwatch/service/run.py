"""A run over files: each is analyzed in a process of its own, then all of it is written as one result.

A bad file never stops the rest. The pictures of an image are taken while its pixels are at hand, and wait
where the result is written until the page is made of them.
"""

from __future__ import annotations

import pickle
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from calcwatch import __version__
from calcwatch.comparison.settings import ComparisonSettings
from calcwatch.domain.errors import (
    CalcwatchError,
    ResultNotWritten,
    UnreadableImage,
    UnsuitableImage,
    UnsupportedImage,
    words_of_mistake,
)
from calcwatch.domain.findings import ANALYSIS_VERSION, ImageFindings, Provenance
from calcwatch.domain.image import GivenAttributes
from calcwatch.domain.settings import hash_of_settings
from calcwatch.exam.facts import FactThresholds
from calcwatch.exam.settings import ExamSettings
from calcwatch.formats.result.document import (
    comparison_document,
    document_text,
    findings_document,
    history_document,
)
from calcwatch.formats.result.image import image_document
from calcwatch.formats.result.run import NotAnalyzed, ReadExamination, Run, Step, images_as_read
from calcwatch.formats.result.tables import calcifications_table, examinations_table, groups_table
from calcwatch.image.analyze import analyze_image
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.learned import NamedDescriber, NamedDetector, named_describer, named_learned
from calcwatch.report.overlay import draw_overlay, encode_png
from calcwatch.report.page import page_parts, reading_order
from calcwatch.report.pictures import ImagePictures, take_pictures
from calcwatch.report.side_by_side import Sheet, take_sheet
from calcwatch.service.files.find_images import FoundFile, FoundKind
from calcwatch.service.files.open_image import open_image
from calcwatch.service.files.result_folder import (
    COMPARISON,
    FINDINGS,
    HISTORY,
    OVERLAYS,
    REPORT,
    overlay_name,
    writing,
)
from calcwatch.service.files.same_image import SeenImages, digest_of_pixels
from calcwatch.service.workers import ANALYSIS, WorkerEnded, answers, available_cores

_PARTS = ".parts"
"""Folder in the unfinished result in which workers leave what the page is made of."""

_REASON_CODES = (
    (UnreadableImage, "unreadable"),
    (UnsupportedImage, "unsupported"),
    (UnsuitableImage, "unsuitable"),
    (CalcwatchError, "wrong_value"),
)

Outcome = ImageFindings | NotAnalyzed
"""What a file gave: findings, or why there are none."""


@dataclass(frozen=True, kw_only=True)
class AnalyzeOptions:
    """How files are analyzed.

    Attributes:
        table: CSV with what is known of the files; ``None``: none.
        context: JSON with what a person states of the woman, or of each by her Patient ID; ``None``: nothing
            is stated.
        given: What holds for all files.
        settings: Settings of the analysis.
        workers: Number of processes, ``None`` for one per processor core.
        detector: The learned one that is shipped unless another is given; it must be picklable.
        describer: Classifies shapes and distributions, likewise; ``None``: nothing is described.

    """

    table: Path | None = None
    context: Path | None = None
    given: GivenAttributes = field(default_factory=GivenAttributes)
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)
    workers: int | None = None
    detector: NamedDetector = field(default_factory=named_learned)
    describer: NamedDescriber | None = field(default_factory=named_describer)


@dataclass(frozen=True)
class ProgressEvent:
    """One file is done; an event with ``done`` 0 comes first, when the files are found.

    Attributes:
        done: Files that are done.
        total: Of how many.
        source: The file; ``""`` in the first event, whose further fields are empty.
        outcome: ``analyzed`` or the reason code.
        message: The reason in words; ``""`` when it was analyzed.
        groups: Groups that were found on it.
        calcifications: Calcifications that were found on it.
        seconds: Spent on this file, its reading and its pictures included; ``None`` when its process died.

    """

    done: int
    total: int
    source: str = ""
    outcome: str = ""
    message: str = ""
    groups: int = 0
    calcifications: int = 0
    seconds: float | None = None


OnEvent = Callable[[ProgressEvent], None]
"""Is given every event of a run as it happens."""


@dataclass(frozen=True)
class AnalyzedRun:
    """What one run did.

    Attributes:
        out: Where the result lies.
        images: Findings of the images, in the order of the files.
        examinations: What the images say together.
        not_analyzed: Files without findings, in their order, each with its reason.
        steps: A comparison for each examination after the first, the earliest first; empty for a run that
            does not compare.
        notes: What else has to be known, for the terminal.

    """

    out: Path
    images: tuple[ImageFindings, ...]
    examinations: tuple[ReadExamination, ...]
    not_analyzed: tuple[NotAnalyzed, ...]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def error_count(self) -> int:
        """Number of files that may hold an image that was missed."""
        return sum(refused.is_error for refused in self.not_analyzed)

    @property
    def report(self) -> Path:
        """The page."""
        return self.out / REPORT


def analyze_each(
    found: Sequence[FoundFile],
    out: Path,
    folder: Path,
    options: AnalyzeOptions,
    *,
    to_compare: bool,
    on_event: OnEvent,
) -> tuple[list[Outcome], dict[int, int]]:
    """Analyze files, each in a process of its own; a process that dies costs its own file.

    Args:
        found: The files; those with a problem are not opened.
        out: Where the result is to lie, for messages.
        folder: The unfinished result, empty; receives overlays, and what the page is made of.
        options: How.
        to_compare: Whether to keep what a comparison needs: the tissue map, and the whole breast for display.
        on_event: Is told of each file that is done.

    Returns:
        What each file gave, in the order of ``found``, an image that was met before as not analyzed; and of
        each of those its place to that of the first.

    Raises:
        ResultNotWritten: The folder cannot be written.

    """
    with writing(out):
        (folder / OVERLAYS).mkdir()
        (folder / _PARTS).mkdir()
    outcomes: dict[int, Outcome] = {
        # Known before any process starts.
        place: _refusal(file.source, file.problem, file.kind)
        for place, file in enumerate(found)
        if file.problem
    }
    pixels: dict[int, str] = {}
    tasks = [(place, file) for place, file in enumerate(found) if place not in outcomes]
    on_event(ProgressEvent(0, len(tasks)))
    workers = min(options.workers or available_cores(), max(1, len(found)))
    work = partial(_analyze_file, out, folder, options, to_compare)
    with closing(answers(work, tasks, workers=workers, limits=ANALYSIS)) as coming:
        for done, (number, answer) in enumerate(coming, start=1):
            place, file = tasks[number]
            outcome, seconds, pixels[place] = (
                (_ended(file.source, answer), None, "") if isinstance(answer, WorkerEnded) else answer
            )
            # A full disk is no fault of the file: the next would fail as well.
            if isinstance(outcome, ResultNotWritten):
                raise outcome
            if isinstance(outcome, NotAnalyzed):
                # A worker may have written it before it failed.
                discard_overlay(folder, place, file.source)
            outcomes[place] = outcome
            on_event(_event(done, len(tasks), file.source, outcome, seconds))
    # Answers come as they are ready; the result is in the order of the files whatever the workers do.
    return _each_once([outcomes[place] for place in range(len(found))], pixels, folder)


def _each_once(
    outcomes: list[Outcome], pixels: dict[int, str], folder: Path
) -> tuple[list[Outcome], dict[int, int]]:
    """Leave an image out that was met before: a copy must not count a woman's groups twice."""
    seen, twins = SeenImages(), dict[int, int]()
    once = list(outcomes)
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, NotAnalyzed):
            continue
        source = outcome.description.source
        twin = seen.meet(place, outcome.description, pixels[place])
        if twin is not None:
            kind = FoundKind.IMAGE if twin.is_error else FoundKind.ALREADY_FOUND
            once[place] = _refusal(source, twin.problem, kind)
            twins[place] = twin.first
            discard_overlay(folder, place, source)
    return once, twins


def images_of(outcomes: Sequence[Outcome]) -> tuple[list[int], list[ImageFindings]]:
    """Pick the images of a run.

    Args:
        outcomes: What each file gave.

    Returns:
        Places of the images in the run, 0 first, and their findings, both in order.

    """
    found = [(place, outcome) for place, outcome in enumerate(outcomes) if isinstance(outcome, ImageFindings)]
    return [place for place, _ in found], [findings for _, findings in found]


def program_error(source: str, problem: Exception) -> NotAnalyzed:
    """Describe an error in calcwatch that cost a file.

    Args:
        source: The file.
        problem: The error; its text is not repeated, because it may quote the header.

    Returns:
        The reason, with the line of code where it happened.

    """
    return NotAnalyzed(source, "program_error", words_of_mistake(source, problem))


def leave_out(
    failed: Mapping[int, Exception],
    outcomes: list[Outcome],
    examinations: Sequence[ReadExamination],
    folder: Path,
) -> tuple[ReadExamination, ...]:
    """Leave the images of examinations out that could not be read: without a category they pass for nothing.

    Args:
        failed: Place of each such image among the images, 0 first, to the error in calcwatch.
        outcomes: What each file gave; those images become errors.
        examinations: The others.
        folder: The unfinished result, whose overlays of those images go.

    Returns:
        The others, their places counted without the images that dropped out.

    """
    places, images = images_of(outcomes)
    for at, problem in failed.items():
        source = images[at].description.source
        outcomes[places[at]] = program_error(source, problem)
        discard_overlay(folder, places[at], source)
    kept = [at for at in range(len(images)) if at not in failed]
    return tuple(
        replace(examination, places=tuple(kept.index(at) for at in examination.places))
        for examination in examinations
    )


def discard_overlay(folder: Path, place: int, source: str) -> None:
    """Remove the overlay of an image that is no part of the result, if there is one.

    Args:
        folder: The unfinished result.
        place: Of the image in the run, 0 first.
        source: Its file.

    """
    (folder / OVERLAYS / overlay_name(place, source)).unlink(missing_ok=True)


def write_run(
    out: Path,
    folder: Path,
    outcomes: Sequence[Outcome],
    examinations: tuple[ReadExamination, ...],
    options: AnalyzeOptions,
    *,
    thresholds: FactThresholds,
    steps: tuple[Step, ...] = (),
) -> AnalyzedRun:
    """Write everything but the overlays, which the workers wrote, and clear away what they left.

    Args:
        out: Where the result is to lie.
        folder: The unfinished result.
        outcomes: What each file gave.
        examinations: What the images say together; their ``places`` count the images alone.
        options: How the files were analyzed.
        thresholds: From where on something was a fact for the rules; they are part of the hash of settings.
        steps: The comparisons that were made of the examinations.

    Returns:
        The run.

    Raises:
        ResultNotWritten: The folder cannot be written.

    """
    places, _ = images_of(outcomes)
    as_read = images_as_read(examinations)
    # As the examination has them, which may know more than the image alone.
    images = tuple(as_read[number] for number in range(len(places)))
    refused = tuple(outcome for outcome in outcomes if isinstance(outcome, NotAnalyzed))
    provenance = Provenance(
        __version__,
        ANALYSIS_VERSION,
        options.settings.numbers(),
        model_name=options.detector.name,
        model_hash=options.detector.digest,
        description_model_hash=options.describer.digest if options.describer else None,
        # All settings and not only the user's five: any of them changes a result.
        settings_hash=hash_of_settings(options.settings, ExamSettings(), ComparisonSettings(), thresholds),
    )
    # A generator: the page takes one image's pictures at a time, so memory holds no whole run.
    pictures = (_pictures(folder, places[number]) for number in reading_order(examinations, steps))
    with writing(out):
        document = findings_document(Run(provenance, images, examinations, refused))
        _write_lines(folder / FINDINGS, [document_text(document)])
        _write_lines(folder / "examinations.csv", [examinations_table(examinations)])
        _write_lines(folder / "groups.csv", [groups_table(images, examinations)])
        _write_lines(folder / "calcifications.csv", [calcifications_table(images)])
        if steps:
            compared = comparison_document(steps[-1], provenance)
            _write_lines(folder / COMPARISON, [document_text(compared)])
            _write_lines(folder / HISTORY, [document_text(history_document(steps, provenance))])
        page = page_parts(
            examinations, places, refused, provenance, pictures, steps=steps, sheets=partial(_sheet, folder)
        )
        _write_lines(folder / REPORT, page)
        # Pickles are no part of a result: nobody should ever have to load them.
        shutil.rmtree(folder / _PARTS)
    return AnalyzedRun(out, images, examinations, refused, steps)


def _write_lines(path: Path, parts: Iterable[str]) -> None:
    # The same line ends on every system: the same result, the same bytes.
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def _analyze_file(
    out: Path, folder: Path, options: AnalyzeOptions, to_compare: bool, task: tuple[int, FoundFile]
) -> tuple[Outcome | ResultNotWritten, float, str]:
    """What a worker says of one file, seconds spent, digest of its pixels; an error of the place ends all."""
    started = time.perf_counter()
    _, file = task
    outcome: Outcome | ResultNotWritten
    pixels = ""
    try:
        outcome, pixels = _findings_of(out, folder, options, to_compare, task)
    except ResultNotWritten as problem:
        outcome = problem
    except CalcwatchError as problem:
        outcome = _refusal(file.source, problem)
    # Told apart, because the remedy is the user's: fewer images at a time.
    except MemoryError:
        message = f"{file.source}: memory ran out; try again with fewer --workers"
        outcome = NotAnalyzed(file.source, "worker_ended", message)
    except Exception as problem:
        outcome = program_error(file.source, problem)
    return outcome, time.perf_counter() - started, pixels


def _findings_of(
    out: Path, folder: Path, options: AnalyzeOptions, to_compare: bool, task: tuple[int, FoundFile]
) -> tuple[ImageFindings, str]:
    """Analyze an image and leave its pictures; its findings, and the digest of its pixels."""
    place, file = task
    mammogram = open_image(file.path, file.given)
    findings = analyze_image(
        mammogram,
        settings=options.settings,
        detector=options.detector.detect,
        describer=options.describer.describe if options.describer else None,
    )
    image_document(findings)  # a number that is none is noticed here, where it costs one file
    overlay = encode_png(draw_overlay(mammogram.gray, findings))
    # Left as files and not sent back: pictures are large, and the page needs them only at the end.
    pictures = pickle.dumps(take_pictures(mammogram.gray, findings))
    with writing(out):
        (folder / OVERLAYS / overlay_name(place, findings.description.source)).write_bytes(overlay)
        (folder / _PARTS / f"{place}.pickle").write_bytes(pictures)
        if to_compare:
            sheet = pickle.dumps(take_sheet(mammogram.gray, findings))
            (folder / _PARTS / f"{place}-sheet.pickle").write_bytes(sheet)
    # Only a comparison needs them, and an answer travels through a pipe.
    sent = findings if to_compare else replace(findings, tissue_map=None, subthreshold=())
    return sent, digest_of_pixels(mammogram.gray)


def _pictures(folder: Path, place: int) -> ImagePictures:
    pictures: ImagePictures = pickle.loads((folder / _PARTS / f"{place}.pickle").read_bytes())
    return pictures


def _sheet(folder: Path, place: int) -> Sheet:
    sheet: Sheet = pickle.loads((folder / _PARTS / f"{place}-sheet.pickle").read_bytes())
    return sheet


def _refusal(source: str, problem: CalcwatchError, kind: FoundKind = FoundKind.IMAGE) -> NotAnalyzed:
    # The general error stands last in the table, so something always fits.
    code = next(code for error, code in _REASON_CODES if isinstance(problem, error))
    if kind in (FoundKind.NOT_AN_IMAGE, FoundKind.ALREADY_FOUND):
        code = kind.value
    return NotAnalyzed(source, code, str(problem))


def _ended(source: str, ended: WorkerEnded) -> NotAnalyzed:
    return NotAnalyzed(source, "worker_ended", f"{source}: its analysis was ended: {ended.words}")


def _event(done: int, total: int, source: str, outcome: Outcome, seconds: float | None) -> ProgressEvent:
    if isinstance(outcome, NotAnalyzed):
        return ProgressEvent(done, total, source, outcome.reason_code, outcome.message, seconds=seconds)
    groups, calcifications = len(outcome.groups), len(outcome.calcifications)
    return ProgressEvent(done, total, source, "analyzed", "", groups, calcifications, seconds)
