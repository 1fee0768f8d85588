"""``calcwatch-lab bench``: translate words into one measurement."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from calcwatch.cli.terminal import one_line
from calcwatch_lab.cli.options import (
    GroupLabels,
    GroupMarks,
    LeaveOut,
    Out,
    Workers,
    names_of,
    say_nothing,
    tell_progress,
)

app = typer.Typer(
    name="bench",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Measure how well and how fast calcwatch works, and write the evidence.",
)


@app.callback()
def bench() -> None:
    """Measure how well and how fast calcwatch works, and write the evidence."""


@app.command()
def detect(
    *,
    out: Out,
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
    leave_out: LeaveOut = "",
    model: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Model to measure instead of the one that is shipped. Repeatable."),
    ] = None,
    workers: Workers = None,
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
    from calcwatch_lab.bench.detection.measure import PAGE, DetectionOptions, measure_detection
    from calcwatch_lab.bench.detection.run import contenders_of
    from calcwatch_lab.bench.detection.targets import targets_of

    options = DetectionOptions(
        phantoms=phantoms,
        shifts=min(shifts, phantoms),
        lookalikes=min(lookalikes, phantoms),
        backgrounds=tuple(backgrounds or ()),
        labeled=tuple(labeled or ()),
        table=table,
        corrections=corrections,
        leave_out=names_of(leave_out),
    )

    on_done = partial(say_nothing if quiet else tell_progress, "images")
    evidence = measure_detection(
        options, out, contenders=contenders_of(model), workers=workers, on_done=on_done
    )
    if not quiet:
        for target in targets_of(evidence):
            reached = ", ".join(f"{name} {found.value:.3g}" for name, found in target.reached.items())
            limit = f"{'at least' if target.at_least else 'at most'} {target.limit:g}"
            typer.echo(f"{target.data_set}: {target.words}: {reached} (asked: {limit})")
        typer.echo(f"page: {one_line(str(out / PAGE))}")


@app.command()
def describe(
    *,
    out: Out,
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
    leave_out: LeaveOut = "",
    workers: Workers = None,
) -> None:
    """Measure how well shapes, distributions and suspicion are told and write a page.

    DIR receives description.md and every figure in description-figures.json. Phantoms are of seeds that
    trained nothing, at 0.07 and at 0.14 mm.

    For example:

      calcwatch-lab bench describe --out evidence

      calcwatch-lab bench describe --rated archive --leave-out P05,P07 --out evidence
    """
    from calcwatch.models.learned import description_hash
    from calcwatch_lab.bench.description.measure import SPACINGS_MM, measure_spacing
    from calcwatch_lab.bench.description.page import write_description_evidence
    from calcwatch_lab.bench.description.rated import analyze_rated

    spacings = [
        measure_spacing(
            spacing_mm,
            shapes=shapes,
            distributions=distributions,
            pairs=pairs,
            workers=workers,
            on_done=tell_progress,
        )
        for spacing_mm in SPACINGS_MM
    ]
    images = (
        analyze_rated(
            rated,
            table=table,
            leave_out=names_of(leave_out),
            workers=workers,
            on_done=partial(tell_progress, "rated images"),
        )
        if rated
        else []
    )
    command = (
        f"calcwatch-lab bench describe --shapes {shapes} --distributions {distributions} --pairs {pairs}"
    )
    command += " --rated DIR" if rated else ""
    command += f" --leave-out {leave_out}" if leave_out else ""
    page = write_description_evidence(spacings, images, description_hash(), out, command)
    typer.echo(f"page: {one_line(str(page))}")


@app.command()
def changes(
    *,
    out: Out,
    breasts: Annotated[int, typer.Option(min=2, max=400, metavar="N", help="Breasts on two days.")] = 120,
    strong: Annotated[
        int, typer.Option(min=0, max=400, metavar="N", help="Of these, positioned twice as differently.")
    ] = 40,
    workers: Workers = None,
) -> None:
    """Measure how well two examinations are aligned, matched and compared, and write a page.

    DIR receives changes.md and its figures in changes-figures.json. Breasts are phantoms of seeds that
    nothing was chosen on; every sixth prior is film, reported apart. The null test, and priors that do not
    belong, are part of it.

    For example:

      calcwatch-lab bench changes --breasts 20 --strong 0 --out evidence
    """
    from calcwatch_lab.bench.changes.measure import measure_sets
    from calcwatch_lab.bench.changes.page import write_change_evidence

    sets = measure_sets(breasts, strong, workers=workers, on_done=tell_progress)
    command = f"calcwatch-lab bench changes --breasts {breasts} --strong {strong}"
    typer.echo(f"page: {one_line(str(write_change_evidence(sets, out, command)))}")


@app.command()
def accuracy(
    findings: Annotated[
        Path,
        typer.Argument(
            metavar="FINDINGS", help="A result of calcwatch analyze: its folder or findings.json."
        ),
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="Table of image labels (file, calcifications 0 or 1, perhaps patient) or of clusters "
            "(image, class, x_px, y_px_top_origin, radius_px).",
        ),
    ],
) -> None:
    """Hold a finished result against a table of labels and print the figures.

    Image labels give the area under the curve of the highest score, clusters the sensitivity at rates of
    false groups a normal image.

    For example:

      calcwatch-lab bench accuracy results labels.csv
    """
    from calcwatch_lab.bench.detection.accuracy import measure_accuracy

    typer.echo(measure_accuracy(findings, labels))


@app.command()
def speed(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Mammograms; without any, phantoms are made."),
    ] = None,
    *,
    detector: Annotated[
        Literal["learned", "classical"] | None,
        typer.Option(help="Detector that is timed; the learned one unless given, if it is shipped."),
    ] = None,
) -> None:
    """Measure speed and memory and print them.

    Decoding and analysis are timed apart, and the analysis against five scales of difference of Gaussians on
    the same image in the same run. Memory is the peak of a process that reads one file and analyzes it. Last
    come an examination after decoding and, of phantoms, the comparison of two examinations of four views.

    For example:

      calcwatch-lab bench speed

      calcwatch-lab bench speed exam/cc.dcm exam/mlo.dcm
    """
    from calcwatch_lab.bench.speed import measure_speed

    typer.echo(measure_speed(files or [], detector))


@app.command()
def judge(
    *,
    result: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="Result of calcwatch analyze. Repeatable, where each woman was analyzed by another model.",
        ),
    ],
    groups: GroupLabels,
    marks: GroupMarks,
    ratings: Annotated[
        Path,
        typer.Option(
            metavar="CSV", help="What images were rated: file, patient, birads, calcifications, mass."
        ),
    ],
    outlines: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of labels.csv, outline-counts.csv and calcification-outlines.csv: calcifications "
            "that were outlined one by one. Needs --corrections.",
        ),
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Marks that were looked at: file, corrected_label.")
    ] = None,
    clips: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Surgical clips: file, row, column.")
    ] = None,
    leave_out: LeaveOut = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for judge-figures.json.")
    ] = None,
) -> None:
    """Hold a finished result against what readers said of groups and images, and print the figures.

    Kinds are held against the first reader who could tell; a labeled group is the found one that holds most
    of its marks. A group counts with its category if confirmed, an image with its worst group. Intervals are
    by woman.

    For example:

      calcwatch-lab bench judge --result results --groups groups.csv --marks group-marks.csv --ratings
      labels.csv --leave-out P05,P07 --out evidence
    """
    from calcwatch_lab.bench.real.judge import in_words, judge, write_judgment
    from calcwatch_lab.bench.real.marks import (
        figures_in_words,
        figures_of,
        judged_threshold,
        read_marked_images,
    )
    from calcwatch_lab.bench.real.metal import clips_in_words, judge_real_clips
    from calcwatch_lab.results import findings_file

    if outlines and not corrections:
        raise typer.BadParameter("--outlines needs --corrections")
    left_out = names_of(leave_out)
    judgment = judge(result, groups=groups, marks=marks, ratings=ratings, leave_out=left_out)
    typer.echo(in_words(judgment))
    files = [findings_file(path) for path in result]
    if outlines and corrections:
        # of all results together: a woman may be alone in hers
        images = [
            image
            for file in files
            for image in read_marked_images(file, outlines, corrections=corrections, leave_out=left_out)
        ]
        for threshold in sorted({0.0, judged_threshold(images)}):
            typer.echo(figures_in_words(figures_of(images, threshold)))
    if clips:
        typer.echo(clips_in_words([found for file in files for found in judge_real_clips(file, clips)], ()))
    if out:
        typer.echo(f"figures: {one_line(str(write_judgment(judgment, out)))}")
