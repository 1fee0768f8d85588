"""Analyze files one by one in several processes; each leaves its pictures where the result is written."""

from __future__ import annotations

import pickle
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from calcwatch import __version__
from calcwatch.domain.errors import (
    CalcwatchError,
    ResultNotWritten,
    UnreadableImage,
    UnsuitableImage,
    UnsupportedImage,
)
from calcwatch.domain.findings import ANALYSIS_VERSION, ImageFindings, Provenance
from calcwatch.domain.image import GivenAttributes, Mammogram
from calcwatch.formats.result.image import image_document
from calcwatch.formats.result.run import NotAnalyzed
from calcwatch.image.analyze import analyze_image
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.learned import NamedDescriber, NamedDetector, named_describer, named_learned
from calcwatch.report.overlay import draw_overlay, encode_png
from calcwatch.report.sheets import Sheet, take_sheet
from calcwatch.report.take_pictures import ImagePictures, take_pictures
from calcwatch.service.files.find_images import FoundFile, FoundKind
from calcwatch.service.files.open_image import open_image
from calcwatch.service.files.result_folder import writing
from calcwatch.service.workers import WorkerEnded, answers

PARTS = ".parts"
"""Folder in the unfinished result in which workers leave what the page is made of."""

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
class Job:
    """What every worker knows; ``folder`` is where it leaves its pictures, later to be ``out``.

    ``to_compare``: whether to keep what a comparison needs: the tissue, and the whole breast as a sheet.
    """

    out: Path
    folder: Path
    options: AnalyzeOptions
    to_compare: bool = False


Outcome = ImageFindings | NotAnalyzed
"""What a file gave: findings, or why there are none."""


@dataclass(frozen=True)
class _Answer:
    """What a worker says of one file; an error of the result's place ends the run."""

    outcome: Outcome | ResultNotWritten
    seconds: float


def overlay_name(place: int, source: str) -> str:
    """File name of an overlay: the place of the file in the run, 1 first, and a safe form of its name."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(source).stem).strip("-")[:60]
    return f"{place + 1:04d}-{stem or 'image'}.png"


def _pictures_path(folder: Path, place: int) -> Path:
    return folder / PARTS / f"{place}.pickle"


def _sheet_path(folder: Path, place: int) -> Path:
    return folder / PARTS / f"{place}-sheet.pickle"


def overlay_path(folder: Path, place: int, source: str) -> Path:
    """Where the overlay of the file at a place of the run lies."""
    return folder / "overlays" / overlay_name(place, source)


def _write_pictures(job: Job, place: int, mammogram: Mammogram, findings: ImageFindings) -> None:
    source = findings.description.source
    png = encode_png(draw_overlay(mammogram.gray, findings))
    pictures = pickle.dumps(take_pictures(mammogram.gray, findings))
    with writing(job.out):
        overlay_path(job.folder, place, source).write_bytes(png)
        _pictures_path(job.folder, place).write_bytes(pictures)
        if job.to_compare:
            _sheet_path(job.folder, place).write_bytes(pickle.dumps(take_sheet(mammogram.gray, findings)))


def _analyze(job: Job, place: int, found: FoundFile) -> ImageFindings:
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
    return findings if job.to_compare else replace(findings, tissue_map=None, subthreshold=())


def _refusal(source: str, problem: CalcwatchError, kind: FoundKind = FoundKind.IMAGE) -> NotAnalyzed:
    code = next(code for error, code in _REASON_CODES if isinstance(problem, error))
    if kind in (FoundKind.NOT_AN_IMAGE, FoundKind.ALREADY_FOUND):
        code = kind.value
    return NotAnalyzed(source, code, str(problem))


def program_error(source: str, problem: Exception) -> NotAnalyzed:
    """An error in calcwatch that cost the file."""
    # The text of a foreign exception may quote the header, so it is not repeated.
    last = traceback.extract_tb(problem.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    message = f"{source}: {type(problem).__name__} at {where}; please report it, with no patient data"
    return NotAnalyzed(source, "program_error", message)


def _out_of_memory(source: str) -> NotAnalyzed:
    return NotAnalyzed(source, "worker_ended", f"{source}: memory ran out; try again with fewer --workers")


def _answer(job: Job, task: tuple[int, FoundFile]) -> _Answer:
    started = time.perf_counter()
    outcome = _analyze_one(job, *task)
    return _Answer(outcome, time.perf_counter() - started)


def _analyze_one(job: Job, place: int, found: FoundFile) -> Outcome | ResultNotWritten:
    try:
        return _analyze(job, place, found)
    except ResultNotWritten as problem:
        return problem
    except CalcwatchError as problem:
        return _refusal(found.source, problem)
    except MemoryError:
        return _out_of_memory(found.source)
    except Exception as problem:
        return program_error(found.source, problem)


def _ended(source: str, ended: WorkerEnded) -> NotAnalyzed:
    status = ended.exit_status or 0
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    remedy = "memory may have run out: try it again alone, with --workers 1"
    return NotAnalyzed(source, "worker_ended", f"{source}: its analysis ended abruptly ({how}); {remedy}")


def _event(source: str, outcome: Outcome) -> ProgressEvent:
    if isinstance(outcome, NotAnalyzed):
        return ProgressEvent(0, 0, source, outcome.reason_code, outcome.message)
    groups, calcifications = len(outcome.groups), len(outcome.calcifications)
    return ProgressEvent(0, 0, source, "analyzed", groups=groups, calcifications=calcifications)


def _outcome(answer: _Answer | WorkerEnded, source: str) -> tuple[Outcome, float | None]:
    if isinstance(answer, WorkerEnded):
        return _ended(source, answer), None
    if isinstance(answer.outcome, ResultNotWritten):
        raise answer.outcome
    return answer.outcome, answer.seconds


def analyze_all(
    job: Job, found: Sequence[FoundFile], workers: int, on_event: Callable[[ProgressEvent], None]
) -> dict[int, Outcome]:
    """Return the outcome of each file by its place; files that cannot even be opened need no worker."""
    outcomes: dict[int, Outcome] = {
        n: _refusal(one.source, one.problem, one.kind) for n, one in enumerate(found) if one.problem
    }
    tasks = [(place, one) for place, one in enumerate(found) if place not in outcomes]
    on_event(ProgressEvent(0, len(tasks)))
    with closing(answers(partial(_answer, job), tasks, workers=workers)) as coming:
        for done, (number, answer) in enumerate(coming, start=1):
            place, one = tasks[number]
            outcome, seconds = _outcome(answer, one.source)
            if isinstance(outcome, NotAnalyzed):
                overlay_path(job.folder, place, one.source).unlink(missing_ok=True)
            outcomes[place] = outcome
            event = _event(one.source, outcome)
            on_event(replace(event, done=done, total=len(tasks), seconds=seconds))
    return outcomes


def pictures_of(folder: Path, places: Iterable[int]) -> Iterator[ImagePictures]:
    """What the workers of this run left of its images, one at a time."""
    for place in places:
        pictures: ImagePictures = pickle.loads(_pictures_path(folder, place).read_bytes())
        yield pictures


def sheet_of(folder: Path, place: int) -> Sheet:
    """The whole breast of one image of a run that compares."""
    sheet: Sheet = pickle.loads(_sheet_path(folder, place).read_bytes())
    return sheet


def provenance_of(options: AnalyzeOptions) -> Provenance:
    """How a result with these options is made."""
    return Provenance(
        __version__,
        ANALYSIS_VERSION,
        options.settings.numbers(),
        model_name=options.detector.name,
        model_hash=options.detector.digest,
        description_model_hash=options.describer.digest if options.describer else None,
    )
