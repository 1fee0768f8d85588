"""``calcwatch compare`` and ``calcwatch history``: translate words into one comparison."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcwatch.cli.terminal import one_line
from calcwatch.domain.errors import BadContext, BadSeries
from calcwatch.domain.image import GivenAttributes
from calcwatch.domain.treatment import Treatment

if TYPE_CHECKING:
    from calcwatch.service.analyze_each import ProgressEvent
    from calcwatch.service.compare import ComparedRun, CompareOptions

StatedTreatment = Treatment | None
"""What a person states of the treatment; ``None``: nothing."""

SOME_NOT_ANALYZED, NONE_ANALYZED, INTERRUPTED = 3, 4, 130
"""Exit statuses other than 0, all files analyzed."""

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", readable=False, help="Folder to write to.")]
Table = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        readable=False,
        help="What is known of the files, with the columns of calcwatch analyze --table.",
    ),
]
TreatmentFile = Annotated[
    Path | None,
    typer.Option("--treatment", metavar="JSON", readable=False, help="Operations, radiation and therapies."),
]
Context = Annotated[
    Path | None, typer.Option(metavar="JSON", readable=False, help="What a person states of the woman.")
]
Operation = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATE:SIDE:KIND",
        help="An operation, for example 2019-03-14:L:lumpectomy; may be given again. Kinds: lumpectomy, "
        "mastectomy, reduction, augmentation, biopsy.",
    ),
]
Radiation = Annotated[
    list[str] | None,
    typer.Option(metavar="DATE:SIDE", help="End of radiation, for example 2019-06-01:L; may be given again."),
]
Neoadjuvant = Annotated[
    str | None,
    typer.Option(
        metavar="START[:END]", help="Chemotherapy before the operation, for example 2019-01-07:2019-03-01."
    ),
]
Spacing = Annotated[
    str | None,
    typer.Option(
        "--pixel-spacing",
        metavar="MM",
        help="Distance between pixel centers in the plane of the breast, for files that do not say it.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
JsonProgress = Annotated[
    bool, typer.Option("--json-progress", help="Print progress as one JSON object a line.")
]


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
    options = _options(table, context, pixel_spacing, workers, stated=stated)
    _run(
        lambda on_event: compare_files(prior, current, out, options=options, on_event=on_event),
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
    options = _options(table, context, pixel_spacing, workers, stated=stated)
    _run(
        lambda on_event: follow_files(paths, out, options=options, on_event=on_event),
        quiet=quiet,
        json_progress=json_progress,
    )


def add_comparison(app: typer.Typer) -> None:
    """Add the commands that compare to the commands of ``app``."""
    for command in (compare, history):
        app.command()(command)


def _options(
    table: Path | None,
    context: Path | None,
    spacing: str | None,
    workers: int | None,
    *,
    stated: StatedTreatment,
) -> CompareOptions:
    from calcwatch.service.analyze_each import AnalyzeOptions
    from calcwatch.service.compare import CompareOptions

    try:
        given = GivenAttributes.from_text(pixel_spacing_mm=spacing)
    except ValueError as problem:
        raise BadSeries(str(problem)) from problem
    return CompareOptions(AnalyzeOptions(table=table, context=context, given=given, workers=workers), stated)


def _treatment(
    path: Path | None, operations: list[str] | None, radiation: list[str] | None, neoadjuvant: str | None
) -> StatedTreatment:
    """A treatment from a file or from flags, ``None`` where nothing is stated."""
    from calcwatch.service.files.treatment import read_treatment, treatment_of

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
        "operations": [_words(one, ("date", "side", "kind"), "--operation") for one in operations],
        "radiation": [_words(one, ("end_date", "side"), "--radiation") for one in radiation],
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


def _run(
    work: Callable[[Callable[[ProgressEvent], None]], ComparedRun], *, quiet: bool, json_progress: bool
) -> None:
    from calcwatch.cli.progress import show_progress

    try:
        with show_progress("json" if json_progress else "none" if quiet else "bar", one_line) as on_event:
            done = work(on_event)
    except KeyboardInterrupt:
        typer.echo("calcwatch: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if json_progress:
        written = {"event": "written", "out": str(done.run.out), "report": str(done.run.report)}
        typer.echo(json.dumps(written))
    _tell(done, quiet=quiet or json_progress)
    raise typer.Exit(_status(done))


def _tell(done: ComparedRun, *, quiet: bool) -> None:
    from calcwatch.cli.progress import counted
    from calcwatch.words.changes import CHANGE_WORDS

    for refused in done.run.not_analyzed:
        if refused.is_error:
            typer.echo(f"not analyzed: {one_line(refused.message)}", err=True)
    if not done.steps:
        typer.echo("calcwatch: nothing to compare: one of the examinations gave no image", err=True)
    if quiet:
        return
    for step in done.steps:
        comparison = step.compared.comparison
        number = Counter(one.kind for one in comparison.changes)
        said = ", ".join(f"{number[kind]} {CHANGE_WORDS[kind]}" for kind in CHANGE_WORDS if number[kind])
        typer.echo(
            f"{counted(len(comparison.pairs), 'pair')} of images compared: {said or 'no group on either day'}"
        )
        for note in comparison.not_paired:
            typer.echo(f"  {one_line(note)}")
    typer.echo(f"report: {one_line(str(done.run.report))}")


def _status(done: ComparedRun) -> int:
    if not done.run.images or not done.steps:
        return NONE_ANALYZED
    return SOME_NOT_ANALYZED if done.run.error_count else 0
