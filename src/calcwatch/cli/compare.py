"""``calcwatch compare`` and ``calcwatch history``: examinations of one woman, what became of every group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcwatch.cli.analyze import tell_errors, tell_written
from calcwatch.cli.options import JsonProgress, Out, PatientId, Quiet, Spacing, Workers, given_attributes
from calcwatch.cli.terminal import NONE_DONE, counted, say, status_of
from calcwatch.domain.errors import BadContext
from calcwatch.domain.image import GivenAttributes
from calcwatch.domain.treatment import Treatment

if TYPE_CHECKING:
    from calcwatch.service.run import AnalyzedRun, AnalyzeOptions, OnEvent

Table = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        readable=False,
        help="What is known of the files, with the columns of calcwatch analyze --table.",
    ),
]
"""Table of the two commands."""

TreatmentFile = Annotated[
    Path | None,
    typer.Option("--treatment", metavar="JSON", readable=False, help="Operations, radiation and therapies."),
]
"""File with what is stated of the treatment."""

Context = Annotated[
    Path | None,
    typer.Option(metavar="JSON", readable=False, help="What a person states of the woman, and of findings."),
]
"""File with what is stated of the woman."""

Operation = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATE:SIDE:KIND",
        help="An operation, for example 2019-03-14:L:lumpectomy; may be given again. Kinds: lumpectomy, "
        "mastectomy, reduction, augmentation, biopsy.",
    ),
]
"""Operations, one a flag."""

Radiation = Annotated[
    list[str] | None,
    typer.Option(metavar="DATE:SIDE", help="End of radiation, for example 2019-06-01:L; may be given again."),
]
"""Ends of radiation, one a flag."""

Neoadjuvant = Annotated[
    str | None,
    typer.Option(
        metavar="START[:END]", help="Chemotherapy before the operation, for example 2019-01-07:2019-03-01."
    ),
]
"""Chemotherapy before the operation."""


def compare(
    prior: Annotated[Path, typer.Argument(metavar="PRIOR", readable=False, help="The earlier examination.")],
    current: Annotated[Path, typer.Argument(metavar="CURRENT", readable=False, help="The later one.")],
    *,
    out: Out,
    table: Table = None,
    treatment: TreatmentFile = None,
    operation: Operation = None,
    radiation: Radiation = None,
    neoadjuvant: Neoadjuvant = None,
    context: Context = None,
    pixel_spacing: Spacing = None,
    patient_id: PatientId = None,
    workers: Workers = None,
    quiet: Quiet = False,
    json_progress: JsonProgress = False,
) -> None:
    """Compare an examination with an earlier one: what is new, what has changed, what is gone.

    PRIOR and CURRENT are a file, a folder, or the result of calcwatch analyze. Both are analyzed; images of
    the same side and view are laid over each other, calcifications are matched one by one, and each group is
    called new, increased, unchanged, decreased, resolved or not comparable, with reasons.

    DIR receives what calcwatch analyze writes for both, comparison.json and history.json; report.html shows
    prior and current side by side. Exit status: 0 all files analyzed, 2 wrong use, 3 some files not analyzed,
    4 none analyzed or nothing to compare with, 130 interrupted.

    For example:

      calcwatch compare exam-2023/ exam-2024/ --out compared

      calcwatch compare old.png new.png --table images.csv --out compared

      calcwatch compare result-2023/ exam-2024/ --operation 2019-03-14:L:lumpectomy --out compared
    """
    from calcwatch.service.compare import compare_files

    stated = _treatment(treatment, operation, radiation, neoadjuvant)
    options = _options(table, context, given_attributes(pixel_spacing, patient_id=patient_id), workers)
    _run(
        lambda on_event: compare_files(
            prior, current, out, options=options, treatment=stated, on_event=on_event
        ),
        quiet=quiet,
        json_progress=json_progress,
    )


def history(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="Examinations of one woman.")
    ],
    *,
    out: Out = Path("history"),
    table: Table = None,
    treatment: TreatmentFile = None,
    operation: Operation = None,
    radiation: Radiation = None,
    neoadjuvant: Neoadjuvant = None,
    context: Context = None,
    pixel_spacing: Spacing = None,
    patient_id: PatientId = None,
    workers: Workers = None,
    quiet: Quiet = False,
    json_progress: JsonProgress = False,
) -> None:
    """Follow every group of calcifications through any number of examinations, and draw the timeline.

    Images of the same date are one examination; without dates each PATH is one, the earliest first. Every
    examination is compared with the one before, as by calcwatch compare; a group keeps its tracking UID.

    DIR receives what calcwatch compare writes; comparison.json is that of the last two.
    Exit status: as calcwatch compare.

    For example:

      calcwatch history 2021/ 2022/ 2024/ --out followed

      calcwatch history archive/of-her/ --treatment treatment.json --out followed
    """
    from calcwatch.service.compare import follow_files

    stated = _treatment(treatment, operation, radiation, neoadjuvant)
    options = _options(table, context, given_attributes(pixel_spacing, patient_id=patient_id), workers)
    _run(
        lambda on_event: follow_files(paths, out, options=options, treatment=stated, on_event=on_event),
        quiet=quiet,
        json_progress=json_progress,
    )


def _options(
    table: Path | None, context: Path | None, given: GivenAttributes, workers: int | None
) -> AnalyzeOptions:
    from calcwatch.service.run import AnalyzeOptions

    return AnalyzeOptions(table=table, context=context, given=given, workers=workers)


def _treatment(
    path: Path | None, operations: list[str] | None, radiation: list[str] | None, neoadjuvant: str | None
) -> Treatment | None:
    """A treatment from a file or from flags, ``None`` where nothing is stated."""
    from calcwatch.service.files.statements import read_treatment, treatment_of

    flags = operations or radiation or neoadjuvant
    if path is not None and flags:
        raise BadContext("--treatment and flags of treatment exclude each other; write all into the file")
    if path is not None:
        return read_treatment(path)
    if not flags:
        return None
    try:
        return treatment_of(_written(operations or [], radiation or [], neoadjuvant), "the flags")
    except ValueError as problem:
        raise BadContext(str(problem)) from problem


def _written(operations: list[str], radiation: list[str], neoadjuvant: str | None) -> dict[str, object]:
    """The flags as the treatment file would say it."""
    written: dict[str, object] = {
        "operations": [_words(text, ("date", "side", "kind"), "--operation") for text in operations],
        "radiation": [_words(text, ("end_date", "side"), "--radiation") for text in radiation],
    }
    if neoadjuvant is not None:
        start, _, end = neoadjuvant.partition(":")
        written["neoadjuvant"] = {"start_date": start, "end_date": end or None}
    return written


def _words(text: str, names: tuple[str, ...], flag: str) -> dict[str, str]:
    parts = text.split(":")
    if len(parts) != len(names):
        raise ValueError(f"{flag} {text!r} is not {':'.join(names).upper()}")
    return dict(zip(names, parts, strict=True))


def _run(work: Callable[[OnEvent], AnalyzedRun], *, quiet: bool, json_progress: bool) -> None:
    from calcwatch.cli.progress import show_progress

    with show_progress(quiet=quiet, as_json=json_progress) as on_event:
        run = work(on_event)
    if json_progress:
        tell_written(run)
    tell_errors(run)
    if not run.steps:
        say("calcwatch: nothing to compare: one of the examinations gave no image", is_error=True)
    if not (quiet or json_progress):
        _tell_changes(run)
    raise typer.Exit(status_of(len(run.images), run.error_count) if run.steps else NONE_DONE)


def _tell_changes(run: AnalyzedRun) -> None:
    from calcwatch.words.changes import CHANGE_WORDS

    for step in run.steps:
        comparison = step.compared.comparison
        number = Counter(change.kind for change in comparison.changes)
        said = ", ".join(f"{number[kind]} {CHANGE_WORDS[kind]}" for kind in CHANGE_WORDS if number[kind])
        pairs = counted(len(comparison.pairs), "pair")
        typer.echo(f"{pairs} of images compared: {said or 'no group on either day'}")
        for note in comparison.not_paired:
            say(f"  {note}")
    say(f"report: {run.report}")
