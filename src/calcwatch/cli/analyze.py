"""``calcwatch analyze`` and ``check``: find calcifications in files, or tell what is understood of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcwatch.cli.options import (
    AsJson,
    Bits,
    JsonProgress,
    Out,
    Paths,
    PatientId,
    Quiet,
    Side,
    Spacing,
    Table,
    View,
    Workers,
    given_attributes,
    named_paths,
)
from calcwatch.cli.terminal import counted, fail, one_line, say, status_of
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from calcwatch.service.run import AnalyzedRun


def analyze(
    paths: Paths = None,
    *,
    out: Out,
    table: Table = None,
    pixel_spacing: Spacing = None,
    laterality: Side = None,
    view: View = None,
    bits_stored: Bits = None,
    patient_id: PatientId = None,
    context: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON",
            readable=False,
            help="What a person states of the woman or women, and of findings.",
        ),
    ] = None,
    workers: Workers = None,
    score_threshold: Annotated[
        float | None, typer.Option(metavar="X", help="Report nothing less believable, 0 to 1.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A model you trained, in place of what is shipped."),
    ] = None,
    classical: Annotated[
        bool, typer.Option("--classical", help="Use nothing learned: find, describe nothing.")
    ] = False,
    quiet: Quiet = False,
    json_progress: JsonProgress = False,
) -> None:
    """Find, measure and describe calcifications and groups of them, and suggest a category of each group.

    DIR receives findings.json (its schema: calcwatch schema), examinations.csv, groups.csv,
    calcifications.csv, report.html, overlays/ and SHA256SUMS, which lists them. It is written as a whole at
    the end or not at all; files of a former result there are replaced, a folder that holds anything else, or
    a file that was changed since, is refused. Images with the same Patient ID, Study Date and Study Instance
    UID are read together; the same image twice is one image.

    A bad file never stops the rest: it is listed with its reason. Exit status: 0 all files analyzed, 2 wrong
    use, 3 some files not analyzed, 4 none analyzed, 130 interrupted.

    With --json-progress each line on standard output is an object. Its event is "found" or "file", with done,
    total and seconds_left (null when not known), and for a file source, outcome ("analyzed" or a reason
    code), message, groups, calcifications and seconds (spent on this file; null when its process died); the
    last is "written", with out and report.

    For example:

      calcwatch analyze exam/ --out result

      calcwatch analyze film.png --pixel-spacing 0.05 --laterality L --view MLO --out result

      calcwatch analyze archive/ --table images.csv --workers 4 --json-progress --out result
    """
    from calcwatch.cli.progress import show_progress
    from calcwatch.models.cards import KINDS, SHIPPED
    from calcwatch.models.learned import CLASSICAL, named_describer, named_learned
    from calcwatch.service.analyze import analyze_files
    from calcwatch.service.run import AnalyzeOptions

    if model is not None and classical:
        fail("--model and --classical exclude each other; give one of them")
    # a folder of a detector alone leaves the description as it is
    describes = model if model and (model / KINDS).is_file() else SHIPPED
    options = AnalyzeOptions(
        table=table,
        context=context,
        given=given_attributes(pixel_spacing, laterality, view, bits_stored, patient_id),
        settings=_settings(score_threshold),
        workers=workers,
        detector=CLASSICAL if classical else named_learned(model or SHIPPED),
        describer=None if classical else named_describer(describes),
    )
    with show_progress(quiet=quiet, as_json=json_progress) as on_event:
        run = analyze_files(named_paths(paths, table), out, options=options, on_event=on_event)
    if json_progress:
        tell_written(run)
    tell_run(run, quiet=quiet or json_progress)
    raise typer.Exit(status_of(len(run.images), run.error_count))


def _settings(score_threshold: float | None) -> AnalysisSettings:
    try:
        return AnalysisSettings() if score_threshold is None else AnalysisSettings(score_threshold)
    except ValueError as problem:
        fail(str(problem))


def tell_written(run: AnalyzedRun) -> None:
    """Print where a result lies, as the last object of the progress.

    Args:
        run: What was done.

    """
    typer.echo(json.dumps({"event": "written", "out": str(run.out), "report": str(run.report)}))


def tell_run(run: AnalyzedRun, *, quiet: bool) -> None:
    """Print what an analysis did: errors on standard error, then counts and where the page lies.

    Args:
        run: What was done.
        quiet: Print errors only.

    """
    from calcwatch.service.files.same_image import spelled_alike

    errors = tell_errors(run)
    if not run.images and not errors:
        _tell_no_images()
    alike = spelled_alike(image.description for image in run.images)
    if alike:
        say(
            f"note: the Patient IDs of {alike[0]} and {alike[1]} are spelled alike, and read as two women's; "
            "if they are one woman's, say so with --patient-id, or with patient_id in a --table",
            is_error=True,
        )
    if quiet:
        return
    if others := len(run.not_analyzed) - errors:
        typer.echo(f"listed in findings.json: {counted(others, 'other file')}, not images or met before")
    groups = sum(len(image.groups) for image in run.images)
    calcifications = sum(len(image.calcifications) for image in run.images)
    typer.echo(
        f"{counted(len(run.images), 'image')} analyzed, {counted(errors, 'file')} not analyzed, "
        f"{counted(groups, 'group')}, {counted(calcifications, 'calcification')}"
    )
    say(f"report: {run.report}")


def tell_errors(run: AnalyzedRun) -> int:
    """Print every file that may hold an image that was missed, and every note, on standard error.

    Args:
        run: What was done.

    Returns:
        How many there are.

    """
    for refused in run.not_analyzed:
        if refused.is_error:
            say(f"not analyzed: {refused.message}", is_error=True)
    for note in run.notes:
        say(f"note: {note}", is_error=True)
    return run.error_count


def _tell_no_images() -> None:
    say("calcwatch: no images found; name mammograms, or folders that hold some", is_error=True)


def check(
    paths: Paths = None,
    *,
    table: Table = None,
    pixel_spacing: Spacing = None,
    laterality: Side = None,
    view: View = None,
    bits_stored: Bits = None,
    patient_id: PatientId = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is understood of each file.

    The answer has a line for each fact; the last says whether the file will be analyzed. Nothing is written.
    Exit status: 0 all will be analyzed, 2 wrong use, 3 some will not, 4 none will.

    For example:

      calcwatch check exam/R-CC.dcm

      calcwatch check exam/ --json

      calcwatch check film.png --pixel-spacing 0.05 --laterality L --view MLO
    """
    from calcwatch.service.check import check_document, check_files, facts

    good, bad = 0, 0
    given = given_attributes(pixel_spacing, laterality, view, bits_stored, patient_id)
    for checked in check_files(named_paths(paths, table), table, given):
        good += checked.will_be_analyzed
        bad += checked.is_error
        if as_json:
            typer.echo(json.dumps(check_document(checked)))
            continue
        say(checked.description.source)
        for name, words in facts(checked):
            typer.echo(f"  {name:<27} {one_line(words)}")
    if not good and not bad:
        _tell_no_images()
    raise typer.Exit(status_of(good, bad))
