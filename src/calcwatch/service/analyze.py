"""Analyze mammograms with what is shipped: one image, one examination, or files and folders into a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from calcwatch.domain.assessment import ExaminationFindings
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import ImageDescription, Mammogram
from calcwatch.domain.statements import FindingStatement
from calcwatch.exam import read
from calcwatch.exam.rule_table import RuleTable
from calcwatch.formats.result.run import ReadExamination, first_given
from calcwatch.image import analyze
from calcwatch.image.describe.suspicion import SuspicionModel
from calcwatch.image.find.detections import Detector
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.learned import learned_describer, learned_detector, suspicion_model
from calcwatch.service.files.find_images import find_images
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


def analyze_image(
    mammogram: Mammogram, *, settings: AnalysisSettings | None = None, detector: Detector | None = None
) -> ImageFindings:
    """Find, measure, group and describe the calcifications of one mammogram.

    The same mammogram gives the same answer, in the same order.

    Args:
        mammogram: What ``open_image`` gave.
        settings: Settings of the analysis; ``None``: the usual ones.
        detector: Finds the calcifications; ``None``: the learned one that is shipped
            (``calcwatch.detect_classical`` needs no weights).

    Returns:
        The findings, places in pixels of the file.

    Raises:
        UnsuitableImage: The breast cannot be analyzed: that is an error, never "0 calcifications".

    """
    return analyze.analyze_image(
        mammogram,
        settings=settings,
        detector=detector or learned_detector(),
        describer=learned_describer(),
    )


def analyze_exam(
    images: Sequence[ImageFindings],
    *,
    context: ClinicalContext | None = None,
    statements: Mapping[str, FindingStatement] | None = None,
) -> ExaminationFindings:
    """Read the images of one woman and day together: pairs of views, suggested categories, a score.

    Everything is a suggestion: a radiologist decides.

    Args:
        images: What ``analyze_image`` gave for each; their order is kept.
        context: What a person states; ``None``: nothing, and what is not known never reassures.
        statements: What a person states of single groups, by their tracking UID; ``None``: nothing beside the
            findings of ``context``.

    Returns:
        The findings of the examination.

    Raises:
        ValueError: There are no images, or two findings of the context are the same group.

    """
    return read.analyze_exam(
        images, table=read_rules(), suspicion=suspicion_model(), context=context, statements=statements
    )


def analyze_files(
    paths: Sequence[Path],
    out: Path,
    *,
    options: AnalyzeOptions | None = None,
    on_event: OnEvent = lambda event: None,
) -> AnalyzedRun:
    """Analyze files and folders and put the result at a place, as a whole or not at all.

    The files of the result depend on the input and the settings alone, not on the number of workers. Work is
    done in spawned processes: call it from a module that may be imported, in a script under
    ``if __name__ == "__main__":``.

    Args:
        paths: Mammograms, and folders to search; the pictures of a former result at ``out`` are left alone.
        out: Where the result is to lie; a former result there is replaced.
        options: How; ``None``: with what is shipped.
        on_event: Is told of each file that is done.

    Returns:
        What was done: every file that was found is in ``images`` or in ``not_analyzed`` with its reason.

    Raises:
        ResultNotWritten: ``out`` holds other files or cannot be written.
        BadContext: What a person states cannot be used.
        BadTable: The table cannot be used.

    """
    options = options or AnalyzeOptions()
    # Before any work: a place that cannot be written to is told at once, not after an hour.
    check_result_folder(out)
    contexts = read_contexts(options.context) if options.context else StatedContexts()
    found = [
        file
        for file in find_images(paths, options.table, options.given)
        # A second run over the same folder would otherwise analyze the overlays of the first.
        if not belongs_to_result(file.path, out)
    ]
    table = read_rules()
    with result_folder(out) as folder:
        # The tissue maps are left out: nothing is compared, and they would travel between processes.
        outcomes, _ = analyze_each(found, out, folder, options, to_compare=False, on_event=on_event)
        _, images = images_of(outcomes)
        examinations, failed = read_examinations(
            images, table=table, suspicion=suspicion_model(), contexts=contexts
        )
        examinations = leave_out(failed, outcomes, examinations, folder)
        run = write_run(out, folder, outcomes, examinations, options, thresholds=table.thresholds)
        return replace(run, notes=contexts.unheard([image.description.patient_id for image in images]))


def read_examinations(
    images: Sequence[ImageFindings], *, table: RuleTable, suspicion: SuspicionModel, contexts: StatedContexts
) -> tuple[tuple[ReadExamination, ...], dict[int, Exception]]:
    """Group the images of a run into examinations and read each.

    Args:
        images: Findings of the images.
        table: The rules that suggest.
        suspicion: The numbers that make the score.
        contexts: What persons state of the women.

    Returns:
        The examinations, in the order of ``group_images``; and, of examinations in which calcwatch failed,
        place of each image to the error.

    Raises:
        BadContext: What is stated of one woman would be taken as said of several, or something is stated
            twice of one group.

    """
    grouped = group_images([image.description for image in images])
    patients = [first_given([images[at] for at in places], "patient_id") for places in grouped]
    # Before the first is read: a context of a single woman must not be applied to several.
    contexts.check(patients)
    known = list(zip(grouped, patients, strict=True))
    examinations: list[ReadExamination] = []
    failed: dict[int, Exception] = {}
    for places, patient in known:
        own, context = [images[at] for at in places], contexts.of(patient)
        hers = [images[at] for others, other in known if other == patient for at in others]
        context = context_of_day(context, own, hers)
        try:
            findings = read.analyze_exam(own, table=table, suspicion=suspicion, context=context)
            examination = ReadExamination(places, findings, stated_words(context), table.questions)
        except Exception as problem:  # it costs the images of this examination alone
            failed |= dict.fromkeys(places, problem)
        else:
            examinations.append(examination)
    return tuple(examinations), failed


def group_images(images: Sequence[ImageDescription]) -> tuple[tuple[int, ...], ...]:
    """Tell which images belong together.

    Images do when Patient ID, Study Date and Study Instance UID are all the same, "not given" counting as a
    value of its own: images that disagree in any of them are never merged. An image with neither patient nor
    study is an examination of its own.

    Args:
        images: Descriptions of the images of a run.

    Returns:
        Places of the images of each examination, 0 first, in their order; an examination stands where its
        first image does.

    """
    together: dict[tuple[str | None, str | None, str | None] | int, list[int]] = {}
    for place, image in enumerate(images):
        identity = (image.patient_id, image.study_date, image.study_instance_uid)
        is_known = image.patient_id or image.study_instance_uid
        # The place as key is unlike any identity, so an unknown image meets no other.
        together.setdefault(identity if is_known else place, []).append(place)
    return tuple(tuple(places) for places in together.values())
