"""Files and folders -> findings, tables, overlays and a page. A bad file never stops the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.formats.result.document import (
    comparison_document,
    document_text,
    findings_document,
    history_document,
)
from calcwatch.formats.result.run import NotAnalyzed, ReadExamination, Run, Step, images_as_read
from calcwatch.formats.result.tables import calcifications_table, examinations_table, groups_table
from calcwatch.models.learned import suspicion_model
from calcwatch.report.page import PageRun, page_parts, reading_order
from calcwatch.service.analyze_each import (
    PARTS,
    AnalyzeOptions,
    Job,
    Outcome,
    ProgressEvent,
    analyze_all,
    overlay_path,
    pictures_of,
    program_error,
    provenance_of,
    sheet_of,
)
from calcwatch.service.examinations import ExaminationNotRead, read_examinations
from calcwatch.service.files.contexts import StatedContexts, read_contexts
from calcwatch.service.files.find_images import FoundFile, find_images
from calcwatch.service.files.result_folder import (
    belongs_to_result,
    check_result_folder,
    result_folder,
    writing,
)
from calcwatch.service.files.rules import read_rules
from calcwatch.service.workers import available_cores

__all__ = ["AnalyzeOptions", "AnalyzedRun", "ProgressEvent", "analyze_files"]


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


def images_of(outcomes: dict[int, Outcome]) -> tuple[list[int], list[ImageFindings]]:
    """Places in the run and findings of the images, in order."""
    found = [(place, one) for place, one in sorted(outcomes.items()) if isinstance(one, ImageFindings)]
    return [place for place, _ in found], [one for _, one in found]


def _read_together(
    job: Job, outcomes: dict[int, Outcome], contexts: StatedContexts
) -> tuple[ReadExamination, ...]:
    """Read the images as examinations; an error in calcwatch costs the images of its examination only."""
    table, suspicion = read_rules(), suspicion_model()
    while True:
        places, images = images_of(outcomes)
        try:
            return read_examinations(images, table=table, suspicion=suspicion, contexts=contexts)
        except ExaminationNotRead as problem:
            cause = problem.__cause__ if isinstance(problem.__cause__, Exception) else problem
            for at in problem.places:
                source = images[at].description.source
                overlay_path(job.folder, places[at], source).unlink(missing_ok=True)
                outcomes[places[at]] = program_error(source, cause)


def _write_lines(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def write_result(
    folder: Path,
    run: AnalyzedRun,
    places: Sequence[int],
    provenance: Provenance,
    *,
    steps: Sequence[Step] = (),
) -> None:
    """Write everything but the overlays, which the workers wrote, and clear away what they left.

    ``places``: of the images in the run; ``steps``: the comparisons that were made of them.
    """
    images, read, refused = run.images, run.examinations, run.not_analyzed
    document = findings_document(Run(provenance, images, read, refused))
    _write_lines(folder / "findings.json", [document_text(document)])
    _write_lines(folder / "examinations.csv", [examinations_table(read)])
    _write_lines(folder / "groups.csv", [groups_table(images, read)])
    _write_lines(folder / "calcifications.csv", [calcifications_table(images)])
    pictures = pictures_of(folder, (places[index] for index in reading_order(read)))
    if steps:
        _write_lines(folder / "comparison.json", [document_text(comparison_document(steps[-1], provenance))])
        _write_lines(folder / "history.json", [document_text(history_document(steps, provenance))])
    shown = PageRun(images, places, read, refused, provenance, steps, partial(sheet_of, folder))
    _write_lines(folder / "report.html", page_parts(shown, pictures))
    shutil.rmtree(folder / PARTS)


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
            (folder / PARTS).mkdir()
        job = Job(out, folder, options)
        outcomes = analyze_all(job, found, workers, on_event)
        read = _read_together(job, outcomes, contexts)
        places, images = images_of(outcomes)
        as_read = images_as_read(read)
        refused = [one for _, one in sorted(outcomes.items()) if isinstance(one, NotAnalyzed)]
        run = AnalyzedRun(out, tuple(as_read[at] for at in range(len(images))), read, tuple(refused))
        with writing(out):
            write_result(folder, run, places, provenance_of(options))
    return run
