"""``calcwatch-lab train``: translate words into one training."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from calcwatch.domain.errors import CalcwatchError
from calcwatch_lab.cli.options import (
    Backgrounds,
    GroupLabels,
    GroupMarks,
    LeaveOut,
    Masks,
    Out,
    Workers,
    names_of,
    tell,
    tell_progress,
)

app = typer.Typer(
    name="train",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Train what calcwatch has learned.",
)


class TrainingNotInstalled(CalcwatchError):
    """What trains is not there; the message says how to get it."""


@app.command()
def detector(
    *,
    out: Out,
    backgrounds: Backgrounds = None,
    masks: Masks = None,
    config: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Another detector.toml than the one that is shipped.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Train the detector on phantoms and on calcifications inserted into images without any.

    Needs the extra: pip install "calcwatch[train]". DIR receives detector-patch.onnx, detector-context.onnx
    and detector.json, which calcwatch analyze --model DIR uses. On two processor cores it takes about half an
    hour.

    For example:

      calcwatch-lab train detector --out model

      calcwatch-lab train detector --backgrounds normal.csv --masks masks.csv --out model
    """
    _need_torch()
    from calcwatch.cli.progress import show_count
    from calcwatch_lab.labels import read_backgrounds
    from calcwatch_lab.train.detector.run import train_detector
    from calcwatch_lab.train.detector.settings import DEFAULT, DetectorTraining
    from calcwatch_lab.train.settings import read_settings

    settings = read_settings(DetectorTraining, config or DEFAULT)
    images = read_backgrounds(backgrounds, masks) if backgrounds else ()
    with show_count("making scenes") as on_done:
        train_detector(settings, images, out, workers=workers, report=tell, on_done=on_done)
    typer.echo(out)


@app.command()
def shapes(
    *,
    out: Out,
    backgrounds: Backgrounds = None,
    masks: Masks = None,
    scenes: Annotated[int, typer.Option(min=10, metavar="N", help="Images to learn from.")] = 1400,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="How often each is seen.")] = 14,
    workers: Workers = None,
) -> None:
    """Train what tells the shapes of calcifications.

    Needs the extra: pip install "calcwatch[train]". DIR receives morphology-patch.onnx,
    morphology-context.onnx and morphology.json. Calcifications are found with the detector that is shipped,
    so that the networks learn from what they will see. On two processor cores it takes about an hour.

    For example:

      calcwatch-lab train shapes --backgrounds normal.csv --masks masks.csv --out model
    """
    _need_torch()
    from calcwatch.cli.progress import show_count
    from calcwatch_lab.labels import read_backgrounds
    from calcwatch_lab.train.shapes.run import train_shapes
    from calcwatch_lab.train.shapes.settings import ShapeTraining

    usual = ShapeTraining()
    settings = replace(usual, scenes=scenes, patch_network=replace(usual.patch_network, rounds=epochs))
    images = read_backgrounds(backgrounds, masks) if backgrounds else ()
    with show_count("making scenes") as on_done:
        train_shapes(settings, images, out, workers=workers, report=tell, on_done=on_done)
    typer.echo(out)


@app.command()
def distributions(
    *,
    out: Out,
    breasts: Annotated[int, typer.Option(min=20, metavar="N", help="Phantom breasts to learn from.")] = 5000,
    workers: Workers = None,
) -> None:
    """Train what tells distributions, from places of calcifications alone, without any picture.

    Needs the extra: pip install "calcwatch[train]". DIR receives distribution.onnx and distribution.json. On
    two processor cores it takes about ten minutes.

    For example:

      calcwatch-lab train distributions --out model
    """
    _need_torch()
    from calcwatch.cli.progress import show_count
    from calcwatch_lab.train.distribution.run import train_distribution
    from calcwatch_lab.train.distribution.settings import DistributionTraining

    with show_count("drawing breasts") as on_done:
        settings = DistributionTraining(breasts=breasts)
        train_distribution(settings, out, workers=workers, report=tell, on_done=on_done)
    typer.echo(out)


@app.command("view-pairs")
def view_pairs(
    *,
    count: Annotated[int, typer.Option(min=3, max=300, metavar="N", help="Phantoms of two views.")] = 300,
    spacing_mm: Annotated[
        float, typer.Option(min=0.05, max=0.2, metavar="MM", help="Distance of two pixels.")
    ] = 0.14,
    workers: Workers = None,
) -> None:
    """Fit the weights with which groups of two views are paired, and print them.

    They are numbers of calcwatch.exam.correspondence. Before them comes how often the shipped weights pair
    these phantoms right, and how near nipples are found. Needs no extra; calcwatch-lab bench describe
    measures pairs on phantoms that nothing was fitted to.

    For example:

      calcwatch-lab train view-pairs --count 60
    """
    from calcwatch_lab.train.view_pairs import train_view_pairs

    lines = train_view_pairs(
        count,
        spacing_mm=spacing_mm,
        workers=workers,
        on_done=partial(tell_progress, "pairs of views"),
    )
    typer.echo("\n".join(lines))


@app.command()
def suspicion(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Results of calcwatch analyze: folders.")
    ],
    *,
    out: Out,
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="What suspicion.json says of the reference population.")
    ] = "not said",
) -> None:
    """Take the deciles that make the examination score from a reference population.

    All examinations of all results are the population. DIR receives suspicion.json. Needs no extra and takes
    seconds.

    For example:

      calcwatch-lab train suspicion rated-result phantoms-result --out model
    """
    from calcwatch_lab.train.suspicion import train_suspicion

    train_suspicion(results, out, source=source)
    typer.echo(out)


@app.command()
def kinds(
    *,
    images: Annotated[
        Path,
        typer.Option(
            metavar="CSV", help="The images, as calcwatch analyze --table knows them; patient_id is needed."
        ),
    ],
    groups: GroupLabels,
    marks: GroupMarks,
    out: Out,
    leave_out: LeaveOut = "",
    each: Annotated[
        bool,
        typer.Option(
            "--each-left-out",
            help="Fit one model for each woman without her, in a folder of her name, to measure with.",
        ),
    ] = False,
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="What kinds.json says of these readers and images.")
    ] = "not said",
    phantoms: Annotated[
        int,
        typer.Option(
            min=0, help="Phantoms to learn from beside: their kinds are known, not how readers see them."
        ),
    ] = 120,
    workers: Workers = None,
) -> None:
    """Fit what tells the kind of a group and how suspicious it is to groups that readers labeled.

    Needs the extra: pip install "calcwatch[train]". DIR receives kinds.json. It takes about ten minutes
    for 150 images on two processor cores.

    For example:

      calcwatch-lab train kinds --images images.csv --groups groups.csv --marks group-marks.csv --out model
    """
    # refused before the images are measured, which takes minutes
    _need("sklearn", "scikit-learn")
    from calcwatch_lab.train.kinds.run import train_kinds

    train_kinds(
        images,
        groups,
        marks,
        out,
        leave_out=names_of(leave_out),
        each=each,
        source=source,
        phantoms=phantoms,
        workers=workers,
        on_done=tell_progress,
    )
    typer.echo(out)


def _need_torch() -> None:
    _need("torch", "PyTorch")


def _need(package: str, name: str) -> None:
    if find_spec(package) is None:
        raise TrainingNotInstalled(f'training needs {name}; install it with: pip install "calcwatch[train]"')
