"""The command ``calcwatch``: translate words into one use case and its answer into words and a status."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from calcwatch.cli.compare import add_comparison
from calcwatch.cli.exchange import add_exchange
from calcwatch.cli.terminal import one_line
from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.image import GivenAttributes
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from types import FrameType

    from calcwatch.service.analyze import AnalyzedRun
    from calcwatch.service.check import CheckedFile

WRONG_USE, SOME_NOT_ANALYZED, NONE_ANALYZED, INTERRUPTED = 2, 3, 4, 130
"""Exit statuses other than 0, all files analyzed."""

app = typer.Typer(
    name="calcwatch",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find, measure and describe breast calcifications in mammograms: a second pair of eyes, for "
    "research use; a radiologist decides; not for patients.",
)

for add_commands in (add_comparison, add_exchange):
    add_commands(app)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH...",
        readable=False,
        help="Mammograms, or folders to search for mammograms; may be left out when a table names files.",
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", readable=False, help="Folder to write to.")]
Table = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        readable=False,
        help="What is known of the files, with the columns file, patient_id, study_date, image_laterality, "
        "view_position and pixel_spacing_mm; a row goes before the options that follow.",
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
Side = Annotated[
    str | None, typer.Option("--laterality", metavar="L|R", help="Side, for files that do not say it.")
]
View = Annotated[
    str | None,
    typer.Option("--view", metavar="CC|MLO|...", help="View Position, for files that do not say it."),
]
Bits = Annotated[
    str | None,
    typer.Option(
        "--bits-stored",
        metavar="N",
        help="Bits that carry gray in a PNG, TIFF or PGM, 8 to 16; for 12 bits in 16.",
    ),
]


def _fail(message: str, status: int = WRONG_USE) -> NoReturn:
    typer.echo(f"calcwatch: {one_line(message)}", err=True)
    raise typer.Exit(status)


def _given(spacing: str | None, side: str | None, view: str | None, bits: str | None) -> GivenAttributes:
    try:
        return GivenAttributes.from_text(
            pixel_spacing_mm=spacing, image_laterality=side, view_position=view, bits_stored=bits
        )
    except ValueError as problem:
        _fail(str(problem))


def _paths(paths: list[Path] | None, table: Path | None) -> list[Path]:
    if not paths and table is None:
        _fail("no files given; name mammograms or folders, or a table that names them with --table")
    return paths or []


def _settings(score_threshold: float | None) -> AnalysisSettings:
    try:
        return AnalysisSettings() if score_threshold is None else AnalysisSettings(score_threshold)
    except ValueError as problem:
        _fail(str(problem))


@contextmanager
def _clean_interrupt() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)


@app.command()
def analyze(
    paths: Paths = None,
    *,
    out: Out,
    table: Table = None,
    pixel_spacing: Spacing = None,
    laterality: Side = None,
    view: View = None,
    bits_stored: Bits = None,
    context: Annotated[
        Path | None,
        typer.Option(metavar="JSON", readable=False, help="What a person states of the woman or women."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(metavar="X", help="Report nothing less believable, 0 to 1.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A model you trained, instead of the one shipped.")
    ] = None,
    classical: Annotated[
        bool, typer.Option("--classical", help="Use nothing learned: find, describe nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    json_progress: Annotated[
        bool, typer.Option("--json-progress", help="Print progress as one JSON object a line.")
    ] = False,
) -> None:
    """Find, measure, group and describe calcifications, and suggest a category to a radiologist.

    DIR receives findings.json (its schema: calcwatch schema), examinations.csv, groups.csv,
    calcifications.csv, report.html and overlays/. It is written as a whole at the end or not at all; a former
    result there is replaced, a folder that holds anything else is refused. Images with the same Patient ID,
    Study Date and Study Instance UID are read together.

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
    from calcwatch.models.cards import SHIPPED
    from calcwatch.models.learned import CLASSICAL, named_describer, named_learned
    from calcwatch.service.analyze import AnalyzeOptions, analyze_files

    if model is not None and classical:
        _fail("--model and --classical exclude each other; give one of them")
    options = AnalyzeOptions(
        table=table,
        context=context,
        given=_given(pixel_spacing, laterality, view, bits_stored),
        settings=_settings(score_threshold),
        workers=workers,
        detector=CLASSICAL if classical else named_learned(model or SHIPPED),
        describer=None if classical else named_describer(),
    )
    with (
        _clean_interrupt(),
        show_progress("json" if json_progress else "none" if quiet else "bar", one_line) as on_event,
    ):
        run = analyze_files(_paths(paths, table), out, options=options, on_event=on_event)
    if json_progress:
        typer.echo(json.dumps({"event": "written", "out": str(run.out), "report": str(run.report)}))
    _tell(run, quiet=quiet or json_progress)
    raise typer.Exit(_status(len(run.images), run.error_count))


def _tell(run: AnalyzedRun, *, quiet: bool) -> None:
    from calcwatch.cli.progress import counted

    errors = [refused for refused in run.not_analyzed if refused.is_error]
    for refused in errors:
        typer.echo(f"not analyzed: {one_line(refused.message)}", err=True)
    if not run.images and not errors:
        typer.echo("calcwatch: no images found; name mammograms, or folders that hold some", err=True)
    if quiet:
        return
    if others := len(run.not_analyzed) - len(errors):
        typer.echo(f"listed in findings.json: {counted(others, 'other file')}, not images or met before")
    groups = sum(len(image.groups) for image in run.images)
    calcifications = sum(len(image.calcifications) for image in run.images)
    typer.echo(
        f"{counted(len(run.images), 'image')} analyzed, {counted(len(errors), 'file')} not analyzed, "
        f"{counted(groups, 'group')}, {counted(calcifications, 'calcification')}"
    )
    typer.echo(f"report: {one_line(str(run.report))}")


def _status(good: int, bad: int) -> int:
    if not good:
        return NONE_ANALYZED
    return SOME_NOT_ANALYZED if bad else 0


@app.command()
def check(
    paths: Paths = None,
    *,
    table: Table = None,
    pixel_spacing: Spacing = None,
    laterality: Side = None,
    view: View = None,
    bits_stored: Bits = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file and line.")] = False,
) -> None:
    """Tell what is understood of each file.

    The answer has a line for each fact; the last says whether the file will be analyzed. Nothing is written.
    Exit status: 0 all will be analyzed, 2 wrong use, 3 some will not, 4 none will.

    For example:

      calcwatch check exam/R-CC.dcm

      calcwatch check exam/ --json

      calcwatch check film.png --pixel-spacing 0.05 --laterality L --view MLO
    """
    from calcwatch.service.check import check_files

    counts = [0, 0]
    with _clean_interrupt():
        given = _given(pixel_spacing, laterality, view, bits_stored)
        for checked in check_files(_paths(paths, table), table, given):
            _print_checked(checked, as_json=as_json)
            counts[checked.will_be_analyzed] += checked.will_be_analyzed or checked.is_error
    if not any(counts):
        typer.echo("calcwatch: no images found; name mammograms, or folders that hold some", err=True)
    raise typer.Exit(_status(counts[True], counts[False]))


def _print_checked(checked: CheckedFile, *, as_json: bool) -> None:
    from calcwatch.service.check import check_document, facts

    if as_json:
        typer.echo(json.dumps(check_document(checked)))
        return
    typer.echo(one_line(checked.source))
    for name, words in facts(checked):
        typer.echo(f"  {name:<27} {one_line(words)}")


@app.command()
def schema(
    document: Annotated[
        str, typer.Argument(metavar="[DOCUMENT]", help="findings, comparison or history.")
    ] = "findings",
) -> None:
    """Print the JSON Schema (draft 2020-12) of findings.json, comparison.json or history.json.

    For example:

      calcwatch schema > findings.schema.json

      calcwatch schema comparison > comparison.schema.json
    """
    from calcwatch.formats.result.document import DOCUMENTS
    from calcwatch.formats.result.schema import schema_text

    if document not in DOCUMENTS:
        raise typer.BadParameter(f"{document!r} is none of {', '.join(DOCUMENTS)}")
    typer.echo(schema_text(document), nl=False)


@app.command()
def explain(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="2:A, or a tracking UID or its end.")],
    findings: Annotated[Path, typer.Option(metavar="PATH", help="The result.")] = Path("findings.json"),
) -> None:
    """Tell how the suggestion for a group came about: description, rules, sources, what would change it.

    2:A is group A of image 2 of the result, a findings.json or the folder that holds one. Exit status: 0, or
    2 when no group is called so; then those there are are listed.

    For example:

      calcwatch explain 1:A --findings result
    """
    from calcwatch.service.explain import explain_group

    for line in explain_group(group, findings):
        typer.echo(one_line(line))


@app.command()
def phantom(
    out: Out,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed; the same seed, the same phantom.")] = 1,
    count: Annotated[
        int, typer.Option(min=1, metavar="N", help="Number of examinations, with the seeds that follow.")
    ] = 1,
    *,
    prior: Annotated[bool, typer.Option("--prior", help="Also the examination a year before.")] = False,
) -> None:
    """Make synthetic mammograms with known truth.

    Each examination gets a folder with DICOM files and truth.json, two with --prior: prior/ and current/.
    The same seed gives the same files.

    For example:

      calcwatch phantom --seed 7 --count 3 --out phantoms
    """
    from calcwatch.service.make_phantom import make_phantom, make_phantom_days

    make = make_phantom_days if prior else make_phantom
    with _clean_interrupt():
        for number in range(seed, seed + count):
            for path in make(number, out / f"phantom-{number}"):
                typer.echo(one_line(str(path)))


@app.command()
def demo(
    out: Out = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the phantom.")] = 1,
) -> None:
    """Make a phantom examination and analyze it.

    DIR receives examination/ and result/; the last line printed says where the page is.

    For example:

      calcwatch demo --out demo
    """
    from calcwatch.cli.progress import show_progress
    from calcwatch.service.analyze import analyze_files
    from calcwatch.service.make_phantom import make_phantom

    with _clean_interrupt():
        typer.echo("making a phantom examination ...", err=True)
        images = make_phantom(seed, out / "examination")
        with show_progress("bar", one_line) as on_event:
            run = analyze_files(images, out / "result", on_event=on_event)
    _tell(run, quiet=False)
    raise typer.Exit(_status(len(run.images), run.error_count))


@app.command()
def version() -> None:
    """Print the versions of the package and of the analysis.

    For example:

      calcwatch version
    """
    from calcwatch import __version__
    from calcwatch.domain.findings import ANALYSIS_VERSION

    typer.echo(f"calcwatch {__version__}, analysis {ANALYSIS_VERSION}")


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    """Run ``calcwatch``."""
    run(app)


def run(app: typer.Typer) -> None:
    """Run a command; an error of ours is a sentence on standard error, never a traceback."""
    signal.signal(signal.SIGTERM, _end)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except CalcwatchError as problem:
        typer.echo(f"calcwatch: {one_line(str(problem))}", err=True)
        sys.exit(WRONG_USE)
    except OSError as problem:
        what = one_line(str(problem.filename)) if problem.filename else "cannot print"
        typer.echo(f"calcwatch: {what}: {problem.strerror or problem}", err=True)
        # What is left in the buffer cannot be printed at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(WRONG_USE)
