"""``calcwatch phantom`` and ``demo``: synthetic mammograms, and what an analysis makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from calcwatch.cli.analyze import tell_run
from calcwatch.cli.options import Out
from calcwatch.cli.terminal import say, status_of


def phantom(
    out: Out,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed; the same seed, the same phantom.")] = 1,
    count: Annotated[
        int, typer.Option(min=1, metavar="N", help="Number of examinations, with the seeds that follow.")
    ] = 1,
    *,
    prior: Annotated[bool, typer.Option("--prior", help="Also the examination a year before.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="A treated woman over years instead: two to six examinations.")
    ] = False,
) -> None:
    """Make synthetic mammograms with known truth.

    Each examination gets a folder with DICOM files and truth.json, two with --prior: prior/ and current/.
    With --history a folder for each date, and a truth.json beside them of all. The same seed gives the same
    files.

    For example:

      calcwatch phantom --seed 7 --count 3 --out phantoms
    """
    from calcwatch.service.make_phantom import make_phantom, make_phantom_days, make_phantom_history

    if prior and history:
        raise typer.BadParameter("--prior and --history ask for different women; give one of them")
    make: Callable[[int, Path], tuple[Path, ...]] = make_phantom_days if prior else make_phantom
    if history:
        make = make_phantom_history
    for number in range(seed, seed + count):
        for path in make(number, out / f"phantom-{number}"):
            say(str(path))


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

    say("making a phantom examination ...", is_error=True)
    images = make_phantom(seed, out / "examination")
    with show_progress() as on_event:
        run = analyze_files(images, out / "result", on_event=on_event)
    tell_run(run, quiet=False)
    raise typer.Exit(status_of(len(run.images), run.error_count))
