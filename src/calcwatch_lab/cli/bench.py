"""``calcwatch-lab bench detect``: translate words into one run of the bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="bench",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Measure how well calcifications are found, and write the evidence.",
)


@app.callback()
def bench() -> None:
    """Measure how well calcifications are found, and write the evidence."""


@app.command()
def detect(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    phantoms: Annotated[int, typer.Option(min=0, max=500, metavar="N", help="Phantoms as they come.")] = 60,
    shifts: Annotated[
        int, typer.Option(min=0, max=500, metavar="N", help="Of these, made again under each shift.")
    ] = 20,
    lookalikes: Annotated[
        int, typer.Option(min=0, max=500, metavar="N", help="Phantoms that hold every kind of look-alike.")
    ] = 20,
    backgrounds: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Folder of images; calcifications are inserted into those labeled as without. Repeatable.",
        ),
    ] = None,
    labeled: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder of images with labels. Repeatable."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Labels, if not labels.csv in the one folder named.")
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="What somebody saw who looked again: file, row, column, what, corrected_label. Figures with "
            "the labels as given stay beside.",
        ),
    ] = None,
    leave_out: Annotated[
        str, typer.Option(metavar="PATIENT,...", help="Patients of labeled images to leave out.")
    ] = "",
    model: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Model to measure instead of the one that is shipped. Repeatable."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Measure the detectors against known truth and write a page with plots.

    DIR receives detector.md, its plots detector-*.svg, every figure in detector-figures.json and the worst
    misses and false marks in detector-worst.csv. The same command on the same images writes the same bytes.
    All detectors see the same images: the classical one and each model; patients whose images trained a model
    are left out.

    Truth comes from phantoms that trained nothing; from calcifications inserted into images without; and from
    labeled folders, whose labels.csv holds image labels (file, calcifications), clusters (image, class, x_px,
    y_px_top_origin, radius_px) or single calcifications (file, row, column, diameter_mm), each perhaps with
    patient and pixel_spacing_mm.

    For example:

      calcwatch-lab bench detect --phantoms 20 --out evidence

      calcwatch-lab bench detect --backgrounds archive --labeled archive --leave-out P05,P11 --out evidence

      calcwatch-lab bench detect --phantoms 0 --labeled films --table clusters.csv --out evidence
    """
    from calcwatch.cli.progress import show_progress
    from calcwatch_lab.bench.detection.goals import goals_of
    from calcwatch_lab.bench.detection.write_evidence import PAGE, BenchOptions, contenders_of, write_evidence

    options = BenchOptions(
        phantoms=phantoms,
        shifts=min(shifts, phantoms),
        lookalikes=min(lookalikes, phantoms),
        backgrounds=tuple(backgrounds or ()),
        labeled=tuple(labeled or ()),
        table=table,
        corrections=corrections,
        leave_out=frozenset(filter(None, (name.strip() for name in leave_out.split(",")))),
        workers=workers,
    )
    with show_progress(quiet=quiet) as on_event:
        evidence = write_evidence(options, out, contenders=contenders_of(model), on_event=on_event)
    if not quiet:
        for goal in goals_of(evidence):
            reached = ", ".join(f"{name} {found.value:.3g}" for name, found in goal.reached.items())
            limit = f"{'at least' if goal.at_least else 'at most'} {goal.limit:g}"
            typer.echo(f"{goal.data_set}: {goal.words}: {reached} (asked: {limit})")
        typer.echo(f"page: {_clean(str(out / PAGE))}")


@app.command()
def describe(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    shapes: Annotated[int, typer.Option(min=3, max=400, metavar="N", help="Phantoms for shapes.")] = 60,
    distributions: Annotated[
        int, typer.Option(min=5, max=100, metavar="N", help="Phantoms for distributions.")
    ] = 100,
    pairs: Annotated[
        int, typer.Option(min=3, max=100, metavar="N", help="Phantoms of two views for pairs.")
    ] = 60,
    rated: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of images that a radiologist rated: labels.csv with file, patient, birads, "
            "calcifications and pixel_spacing_mm, perhaps laterality, view and notes.",
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Ratings, if not labels.csv in that folder.")
    ] = None,
    leave_out: Annotated[
        str, typer.Option(metavar="PATIENT,...", help="Patients of rated images to leave out.")
    ] = "",
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
) -> None:
    """Measure how well shapes, distributions and suspicion are told and write a page.

    DIR receives description.md and every figure in description-figures.json. Phantoms are of seeds that
    trained nothing, at 0.07 and at 0.14 mm.

    For example:

      calcwatch-lab bench describe --out evidence

      calcwatch-lab bench describe --rated archive --leave-out P05,P07 --out evidence
    """
    from calcwatch_lab.bench.description.described import DescribeOptions, measure_descriptions
    from calcwatch_lab.bench.description.page import write_description_evidence

    options = DescribeOptions(
        shapes=shapes,
        distributions=distributions,
        pairs=pairs,
        rated=rated,
        table=table,
        leave_out=frozenset(filter(None, (name.strip() for name in leave_out.split(",")))),
        workers=workers,
    )
    command = (
        f"calcwatch-lab bench describe --shapes {shapes} --distributions {distributions} --pairs {pairs}"
    )
    command += " --rated DIR" if rated else ""
    command += f" --leave-out {leave_out}" if leave_out else ""
    evidence = measure_descriptions(options, _tell_progress)
    typer.echo(f"page: {_clean(str(write_description_evidence(evidence, out, command)))}")


@app.command()
def changes(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    breasts: Annotated[int, typer.Option(min=2, max=400, metavar="N", help="Breasts on two days.")] = 120,
    strong: Annotated[
        int, typer.Option(min=0, max=400, metavar="N", help="Of these, positioned twice as differently.")
    ] = 40,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
) -> None:
    """Measure how well two examinations are aligned, matched and compared, and write a page.

    DIR receives changes.md and its figures in changes-figures.json. Breasts are phantoms of seeds that
    nothing was chosen on; every sixth prior is film, reported apart. The null test, and priors that do not
    belong, are part of it.

    For example:

      calcwatch-lab bench changes --breasts 20 --strong 0 --out evidence
    """
    from calcwatch_lab.bench.changes.changes import measure_sets
    from calcwatch_lab.bench.changes.page import write_change_evidence

    sets = measure_sets(breasts, strong, workers=workers, on_done=_tell_progress)
    command = f"calcwatch-lab bench changes --breasts {breasts} --strong {strong}"
    typer.echo(f"page: {_clean(str(write_change_evidence(sets, out, command)))}")


def _tell_progress(what: str, done: int, total: int) -> None:
    """One line on standard error, written over again."""
    typer.echo(f"\r{what}: {done} of {total}".ljust(70), nl=done == total, err=True)


def _clean(text: str) -> str:
    """Return text that is one line and moves no cursor, whatever a file is called."""
    from calcwatch.formats.result.fields import printable

    shown = printable(text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
