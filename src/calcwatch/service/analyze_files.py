"""Files and folders -> findings, tables, overlays and a page. A bad file never stops the rest."""

from __future__ import annotations

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
from calcwatch.inference import NamedDetector, named_learned
from calcwatch.pipeline import ANALYSIS_VERSION, analyze_image
from calcwatch.report.findings import (
    NotAnalyzed,
    Provenance,
    findings_document,
    findings_text,
    image_document,
)
from calcwatch.report.overlay import draw_overlay, encode_png
from calcwatch.report.page import image_section, page_parts, worst_first
from calcwatch.report.tables import calcifications_table, groups_table
from calcwatch.service.find_images import FoundFile, FoundKind, find_images
from calcwatch.service.open_image import open_image
from calcwatch.service.result_folder import belongs_to_result, check_result_folder, result_folder, writing
from calcwatch.service.workers import WorkerEnded, answers, available_cores
from calcwatch.steps.detect import Detector

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

    ``table``: CSV with what is known of the files. ``given``: what holds for all files. ``workers``: number
    of processes, ``None`` for one per processor core. ``detector`` must be picklable; it is the learned one
    that is shipped unless another is given.
    """

    table: Path | None = None
    given: GivenAttributes = field(default_factory=GivenAttributes)
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)
    workers: int | None = None
    detector: NamedDetector = field(default_factory=named_learned)


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
    """What one run did: where the result lies, how many images it holds, which files it does not hold."""

    out: Path
    images: tuple[ImageFindings, ...]
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
    settings: AnalysisSettings
    detector: Detector


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


def _section_path(folder: Path, place: int) -> Path:
    return folder / _PARTS / f"{place}.html"


def _overlay_path(folder: Path, place: int, source: str) -> Path:
    return folder / "overlays" / overlay_name(place, source)


def _write_pictures(job: _Job, place: int, mammogram: Mammogram, findings: ImageFindings) -> None:
    source = findings.description.source
    png = encode_png(draw_overlay(mammogram.gray, findings))
    section = image_section(mammogram.gray, findings, place)
    with writing(job.out):
        _overlay_path(job.folder, place, source).write_bytes(png)
        _section_path(job.folder, place).write_text(section, encoding="utf-8")


def _analyze(job: _Job, place: int, found: FoundFile) -> ImageFindings:
    mammogram = open_image(found.path, found.given)
    findings = analyze_image(mammogram, settings=job.settings, detector=job.detector)
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


def _sections(folder: Path, images: Sequence[ImageFindings], places: Sequence[int]) -> Iterator[str]:
    for index in worst_first(images):
        yield _section_path(folder, places[index]).read_text(encoding="utf-8")


def _write_lines(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def _write_result(folder: Path, outcomes: dict[int, _Outcome], provenance: Provenance) -> None:
    analyzed = {place: one for place, one in sorted(outcomes.items()) if isinstance(one, ImageFindings)}
    refused = [one for _, one in sorted(outcomes.items()) if isinstance(one, NotAnalyzed)]
    images, places = list(analyzed.values()), list(analyzed)
    document = findings_document(images, refused, provenance)
    _write_lines(folder / "findings.json", [findings_text(document)])
    _write_lines(folder / "calcifications.csv", [calcifications_table(images)])
    _write_lines(folder / "groups.csv", [groups_table(images)])
    sections = _sections(folder, images, places)
    page = page_parts(images, sections, places=places, not_analyzed=refused, provenance=provenance)
    _write_lines(folder / "report.html", page)
    shutil.rmtree(folder / _PARTS)


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
    be written.
    """
    options = options or AnalyzeOptions()
    check_result_folder(out)
    found = _find(paths, out, options)
    chosen = options.detector
    provenance = Provenance(__version__, ANALYSIS_VERSION, options.settings, chosen.name, chosen.digest)
    workers = min(options.workers or available_cores(), max(1, len(found)))
    with result_folder(out) as folder:
        with writing(out):
            (folder / "overlays").mkdir()
            (folder / _PARTS).mkdir()
        job = _Job(out, folder, options.settings, chosen.detect)
        outcomes = _analyze_all(job, found, workers, on_event)
        with writing(out):
            _write_result(folder, outcomes, provenance)
    ordered = [outcome for _, outcome in sorted(outcomes.items())]
    return AnalyzedRun(
        out,
        tuple(one for one in ordered if isinstance(one, ImageFindings)),
        tuple(one for one in ordered if isinstance(one, NotAnalyzed)),
    )
