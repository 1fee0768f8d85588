"""Files and folders -> findings, tables, overlays and a page. A bad file never stops the rest."""

from __future__ import annotations

import pickle
import re
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from calcwatch import __version__
from calcwatch.domain import (
    AnalysisSettings,
    CalcwatchError,
    GivenAttributes,
    ImageFindings,
    Mammogram,
    ResultNotWritten,
    UnreadableImage,
    UnsuitableImage,
    UnsupportedImage,
)
from calcwatch.inference import (
    NamedDescriber,
    NamedDetector,
    named_describer,
    named_learned,
    suspicion_model,
)
from calcwatch.pipeline import ANALYSIS_VERSION, analyze_image
from calcwatch.report.document import findings_document, findings_text
from calcwatch.report.examinations import ReadExamination, images_as_read
from calcwatch.report.findings import NotAnalyzed, Provenance, image_document
from calcwatch.report.overlay import draw_overlay, encode_png
from calcwatch.report.page import page_parts, reading_order
from calcwatch.report.tables import calcifications_table, examinations_table, groups_table
from calcwatch.report.take_pictures import ImagePictures, take_pictures
from calcwatch.service.examinations import ExaminationNotRead, read_examinations
from calcwatch.service.find_images import FoundFile, FoundKind, find_images
from calcwatch.service.open_image import open_image
from calcwatch.service.read_contexts import StatedContexts, read_contexts
from calcwatch.service.read_rules import read_rules
from calcwatch.service.result_folder import belongs_to_result, check_result_folder, result_folder, writing
from calcwatch.service.workers import WorkerEnded, answers, available_cores

_PARTS = ".parts"
_REASON_CODES = (
    (UnreadableImage, "unreadable"),
    (UnsupportedImage, "unsupported"),
    (UnsuitableImage, "unsuitable"),
    (CalcwatchError, "wrong_value"),
)


@dataclass(frozen=True)
class AnalyzeOptions:
    """How files are analyzed.

    ``table``: CSV with what is known of the files. ``context``: JSON with what a person states of the woman,
    or of each by her Patient ID. ``given``: what holds for all files. ``workers``: number
    of processes, ``None`` for one per processor core. ``detector`` must be picklable; it is the learned one
    that is shipped unless another is given. ``describer`` tells shapes and distributions, likewise;
    ``None``: nothing is described.
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
    """One file is done. ``outcome``: ``analyzed`` or the reason code; ``message``: the reason in words.

    ``seconds``: spent on this file, its reading and its pictures included; ``None`` when its process died.

    An event with ``done`` 0 comes first, when the files are found; its other fields are empty.
    """

    done: int
    total: int
    source: str = ""
    outcome: str = ""
    message: str = ""
    groups: int = 0
    calcifications: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class AnalyzedRun:
    """What one run did: where the result lies, its images and examinations, and the files without one."""

    out: Path
    images: tuple[ImageFindings, ...]
    examinations: tuple[ReadExamination, ...]
    not_analyzed: tuple[NotAnalyzed, ...]

    @property
    def error_count(self) -> int:
        """Files that may hold an image that was missed."""
        return sum(refused.is_error for refused in self.not_analyzed)

    @property
    def report(self) -> Path:
        """Where the page lies."""
        return self.out / "report.html"


@dataclass(frozen=True)
class _Job:
    """What every worker knows; ``folder`` is where it leaves its pictures, later to be ``out``."""

    out: Path
    folder: Path
    options: AnalyzeOptions


_Outcome = ImageFindings | NotAnalyzed


@dataclass(frozen=True)
class _Answer:
    """What a worker says of one file; an error of the result's place ends the run."""

    outcome: _Outcome | ResultNotWritten
    seconds: float


def overlay_name(place: int, source: str) -> str:
    """File name of an overlay: the place of the file in the run, 1 first, and a safe form of its name."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(source).stem).strip("-")[:60]
    return f"{place + 1:04d}-{stem or 'image'}.png"


def _pictures_path(folder: Path, place: int) -> Path:
    return folder / _PARTS / f"{place}.pickle"


def _overlay_path(folder: Path, place: int, source: str) -> Path:
    return folder / "overlays" / overlay_name(place, source)


def _write_pictures(job: _Job, place: int, mammogram: Mammogram, findings: ImageFindings) -> None:
    source = findings.description.source
    png = encode_png(draw_overlay(mammogram.gray, findings))
    pictures = pickle.dumps(take_pictures(mammogram.gray, findings))
    with writing(job.out):
        _overlay_path(job.folder, place, source).write_bytes(png)
        _pictures_path(job.folder, place).write_bytes(pictures)


def _analyze(job: _Job, place: int, found: FoundFile) -> ImageFindings:
    mammogram = open_image(found.path, found.given)
    options = job.options
    findings = analyze_image(
        mammogram,
        settings=options.settings,
        detector=options.detector.detect,
        describer=options.describer.describe if options.describer else None,
    )
    image_document(findings)  # a number that is none is noticed here, where it costs one file
    _write_pictures(job, place, mammogram, findings)
    return findings


def _refusal(source: str, problem: CalcwatchError, kind: FoundKind = FoundKind.IMAGE) -> NotAnalyzed:
    code = next(code for error, code in _REASON_CODES if isinstance(problem, error))
    if kind in (FoundKind.NOT_AN_IMAGE, FoundKind.ALREADY_FOUND):
        code = kind.value
    return NotAnalyzed(source, code, str(problem))


def _program_error(source: str, problem: Exception) -> NotAnalyzed:
    # The text of a foreign exception may quote the header, so it is not repeated.
    last = traceback.extract_tb(problem.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    message = f"{source}: {type(problem).__name__} at {where}; please report it, with no patient data"
    return NotAnalyzed(source, "program_error", message)


def _out_of_memory(source: str) -> NotAnalyzed:
    return NotAnalyzed(source, "worker_ended", f"{source}: memory ran out; try again with fewer --workers")


def _answer(job: _Job, task: tuple[int, FoundFile]) -> _Answer:
    started = time.perf_counter()
    outcome = _analyze_one(job, *task)
    return _Answer(outcome, time.perf_counter() - started)


def _analyze_one(job: _Job, place: int, found: FoundFile) -> _Outcome | ResultNotWritten:
    try:
        return _analyze(job, place, found)
    except ResultNotWritten as problem:
        return problem
    except CalcwatchError as problem:
        return _refusal(found.source, problem)
    except MemoryError:
        return _out_of_memory(found.source)
    except Exception as problem:
        return _program_error(found.source, problem)


def _ended(source: str, ended: WorkerEnded) -> NotAnalyzed:
    status = ended.exit_status or 0
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    remedy = "memory may have run out: try it again alone, with --workers 1"
    return NotAnalyzed(source, "worker_ended", f"{source}: its analysis ended abruptly ({how}); {remedy}")


def _event(source: str, outcome: _Outcome) -> ProgressEvent:
    if isinstance(outcome, NotAnalyzed):
        return ProgressEvent(0, 0, source, outcome.reason_code, outcome.message)
    groups, calcifications = len(outcome.groups), len(outcome.calcifications)
    return ProgressEvent(0, 0, source, "analyzed", groups=groups, calcifications=calcifications)


def _outcome(answer: _Answer | WorkerEnded, source: str) -> tuple[_Outcome, float | None]:
    if isinstance(answer, WorkerEnded):
        return _ended(source, answer), None
    if isinstance(answer.outcome, ResultNotWritten):
        raise answer.outcome
    return answer.outcome, answer.seconds


def _analyze_all(
    job: _Job, found: Sequence[FoundFile], workers: int, on_event: Callable[[ProgressEvent], None]
) -> dict[int, _Outcome]:
    """Return the outcome of each file by its place; files that cannot even be opened need no worker."""
    outcomes: dict[int, _Outcome] = {
        n: _refusal(one.source, one.problem, one.kind) for n, one in enumerate(found) if one.problem
    }
    tasks = [(place, one) for place, one in enumerate(found) if place not in outcomes]
    on_event(ProgressEvent(0, len(tasks)))
    with closing(answers(partial(_answer, job), tasks, workers=workers)) as coming:
        for done, (number, answer) in enumerate(coming, start=1):
            place, one = tasks[number]
            outcome, seconds = _outcome(answer, one.source)
            if isinstance(outcome, NotAnalyzed):
                _overlay_path(job.folder, place, one.source).unlink(missing_ok=True)
            outcomes[place] = outcome
            event = _event(one.source, outcome)
            on_event(replace(event, done=done, total=len(tasks), seconds=seconds))
    return outcomes


def _images(outcomes: dict[int, _Outcome]) -> tuple[list[int], list[ImageFindings]]:
    """Places in the run and findings of the images, in order."""
    found = [(place, one) for place, one in sorted(outcomes.items()) if isinstance(one, ImageFindings)]
    return [place for place, _ in found], [one for _, one in found]


def _read_together(
    job: _Job, outcomes: dict[int, _Outcome], contexts: StatedContexts
) -> tuple[ReadExamination, ...]:
    """Read the images as examinations; an error in calcwatch costs the images of its examination only."""
    table, suspicion = read_rules(), suspicion_model()
    while True:
        places, images = _images(outcomes)
        try:
            return read_examinations(images, table=table, suspicion=suspicion, contexts=contexts)
        except ExaminationNotRead as problem:
            cause = problem.__cause__ if isinstance(problem.__cause__, Exception) else problem
            for at in problem.places:
                source = images[at].description.source
                _overlay_path(job.folder, places[at], source).unlink(missing_ok=True)
                outcomes[places[at]] = _program_error(source, cause)


def _pictures(folder: Path, places: Iterable[int]) -> Iterator[ImagePictures]:
    """What the workers of this run left of its images, one at a time."""
    for place in places:
        pictures: ImagePictures = pickle.loads(_pictures_path(folder, place).read_bytes())
        yield pictures


def _write_lines(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def _write_result(folder: Path, run: AnalyzedRun, places: Sequence[int], provenance: Provenance) -> None:
    images, read, refused = run.images, run.examinations, run.not_analyzed
    document = findings_document(images, refused, provenance, read)
    _write_lines(folder / "findings.json", [findings_text(document)])
    _write_lines(folder / "examinations.csv", [examinations_table(read)])
    _write_lines(folder / "groups.csv", [groups_table(images, read)])
    _write_lines(folder / "calcifications.csv", [calcifications_table(images)])
    pictures = _pictures(folder, (places[index] for index in reading_order(read)))
    page = page_parts(
        images, pictures, places=places, examinations=read, not_analyzed=refused, provenance=provenance
    )
    _write_lines(folder / "report.html", page)
    shutil.rmtree(folder / _PARTS)


def _provenance(options: AnalyzeOptions) -> Provenance:
    return Provenance(
        __version__,
        ANALYSIS_VERSION,
        options.settings,
        model_name=options.detector.name,
        model_hash=options.detector.digest,
        description_model_hash=options.describer.digest if options.describer else None,
    )


def _find(paths: Sequence[Path], out: Path, options: AnalyzeOptions) -> list[FoundFile]:
    """Find the files to analyze; the pictures of a former result at ``out`` are none of them."""
    found = find_images(paths, options.table, options.given)
    return [one for one in found if not belongs_to_result(one.path, out)]


def analyze_files(
    paths: Sequence[Path],
    out: Path,
    *,
    options: AnalyzeOptions | None = None,
    on_event: Callable[[ProgressEvent], None] = lambda event: None,
) -> AnalyzedRun:
    """Analyze files and folders and put the result at ``out``, as a whole or not at all.

    Every file that is found is either in the images or in ``not_analyzed`` with its reason, in the order in
    which it was found. The files of the result depend on the input and the settings alone, not on the number
    of workers. Work is done in spawned processes: call it from a module that may be imported, in a script
    under ``if __name__ == "__main__":``. Raises ``ResultNotWritten`` when ``out`` holds other files or cannot
    be written, ``BadContext`` when what a person states cannot be used.
    """
    options = options or AnalyzeOptions()
    check_result_folder(out)
    contexts = read_contexts(options.context) if options.context else StatedContexts()
    found = _find(paths, out, options)
    workers = min(options.workers or available_cores(), max(1, len(found)))
    with result_folder(out) as folder:
        with writing(out):
            (folder / "overlays").mkdir()
            (folder / _PARTS).mkdir()
        job = _Job(out, folder, options)
        outcomes = _analyze_all(job, found, workers, on_event)
        read = _read_together(job, outcomes, contexts)
        places, images = _images(outcomes)
        as_read = images_as_read(read)
        refused = [one for _, one in sorted(outcomes.items()) if isinstance(one, NotAnalyzed)]
        run = AnalyzedRun(out, tuple(as_read[at] for at in range(len(images))), read, tuple(refused))
        with writing(out):
            _write_result(folder, run, places, _provenance(options))
    return run
