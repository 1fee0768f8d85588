"""``calcwatch-lab train``: translate words into one training."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from calcwatch.domain.errors import CalcwatchError

app = typer.Typer(
    name="train",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Train what calcwatch has learned.",
)


class TrainingNotInstalled(CalcwatchError):
    """PyTorch is not there; the message says how to get it."""


@app.command()
def detector(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    backgrounds: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Images without calcifications to insert some into: columns as of analyze --table, with "
            "patient_id and pixel_spacing_mm. Without it the detector learns from phantoms alone.",
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Places in them that may be calcifications after all and are left out: columns file, row, "
            "column, radius_px.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Another detector.toml than the one that is shipped.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
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
    from calcwatch.service.workers import available_cores
    from calcwatch_lab.train.detector.backgrounds import read_backgrounds
    from calcwatch_lab.train.detector.run import train_detector
    from calcwatch_lab.train.detector.settings import DEFAULT, read_settings

    settings = read_settings(config or DEFAULT)
    chosen = read_backgrounds(backgrounds, masks) if backgrounds else ()
    with show_count("making scenes") as on_done:
        train_detector(
            settings,
            chosen,
            out,
            workers=workers or available_cores(),
            report=lambda line: typer.echo(line, err=True),
            on_done=on_done,
        )
    typer.echo(out)


@app.command()
def shapes(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    backgrounds: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Images without calcifications to insert some into, as for calcwatch-lab train detector.",
        ),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Places in them that may be calcifications, as for calcwatch-lab train detector.",
        ),
    ] = None,
    scenes: Annotated[int, typer.Option(min=10, metavar="N", help="Images to learn from.")] = 1400,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="How often each is seen.")] = 14,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
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
    from calcwatch.service.workers import available_cores
    from calcwatch_lab.train.detector.backgrounds import read_backgrounds
    from calcwatch_lab.train.detector.settings import ShapeSettings
    from calcwatch_lab.train.shapes.run import train_shapes as train_all

    with show_count("making scenes") as on_done:
        train_all(
            ShapeSettings(scenes=scenes, epochs=epochs),
            read_backgrounds(backgrounds, masks) if backgrounds else (),
            out,
            workers=workers or available_cores(),
            report=lambda line: typer.echo(line, err=True),
            on_done=on_done,
        )
    typer.echo(out)


@app.command()
def distributions(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    breasts: Annotated[int, typer.Option(min=20, metavar="N", help="Phantom breasts to learn from.")] = 5000,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one per processor core unless given.")
    ] = None,
) -> None:
    """Train what tells distributions, from places of calcifications alone, without any picture.

    Needs the extra: pip install "calcwatch[train]". DIR receives distribution.onnx. On two processor cores it
    takes about ten minutes.

    For example:

      calcwatch-lab train distributions --out model
    """
    _need_torch()
    from calcwatch.cli.progress import show_count
    from calcwatch.service.workers import available_cores
    from calcwatch_lab.train.distribution.run import train_distribution
    from calcwatch_lab.train.distribution.sets import draw_many

    with show_count("making scenes") as on_done:
        sets = draw_many(range(breasts), workers=workers or available_cores(), on_done=on_done)
    train_distribution(sets, out, repeats=2, seed=1, report=lambda line: typer.echo(line, err=True))
    typer.echo(out)


@app.command()
def suspicion(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Results of calcwatch analyze: folders.")
    ],
    *,
    ratings: Annotated[
        Path,
        typer.Option(
            metavar="CSV",
            help="What radiologists said of the images of the first result: columns file, patient, birads, "
            "calcifications (0 or 1).",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    leave_out: Annotated[
        str,
        typer.Option(
            metavar="PATIENT,...", help="Patients to leave out, as those the detector learned from."
        ),
    ] = "",
    ridge: Annotated[
        float, typer.Option(min=0.0, metavar="X", help="How much studies count against these images.")
    ] = 1.0,
    curve_source: Annotated[
        str, typer.Option(metavar="TEXT", help="What suspicion.json says of the rated images.")
    ] = "not said",
    reference_source: Annotated[
        str, typer.Option(metavar="TEXT", help="What it says of the reference population.")
    ] = "not said",
) -> None:
    """Fit how suspicion follows from a description, and the deciles that make the examination score.

    The curve is fitted to the rated images of the first result; all examinations of all results are the
    reference population. DIR receives suspicion.json. Needs no extra and takes seconds.

    For example:

      calcwatch-lab train suspicion rated-result phantoms-result --ratings labels.csv --out model
    """
    import json

    from calcwatch.models.cards import SUSPICION
    from calcwatch.models.learned import suspicion_model
    from calcwatch_lab.train.suspicion import fit_suspicion, read_rated, read_result

    documents = [read_result(one) for one in results]
    without = frozenset(filter(None, (name.strip() for name in leave_out.split(","))))
    rated = read_rated(ratings, documents[0], suspicion_model(), leave_out=without)
    says = {"curve": curve_source, "reference": reference_source}
    whole = fit_suspicion(rated, documents, ridge=ridge, says=says)
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(whole, indent=2, ensure_ascii=False)
    (out / SUSPICION).write_text(text + "\n", encoding="utf-8", newline="\n")
    typer.echo(out)


def _need_torch() -> None:
    if find_spec("torch") is None:
        raise TrainingNotInstalled('training needs PyTorch; install it with: pip install "calcwatch[train]"')
