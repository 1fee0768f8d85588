"""The command ``calcwatch train``."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calcwatch.service.workers import available_cores
from calcwatch.train.backgrounds import read_backgrounds
from calcwatch.train.run import train_detector
from calcwatch.train.settings import DEFAULT, read_settings


def train_command(
    out: Path, table: Path | None, masks: Path | None, config: Path | None, workers: int | None
) -> None:
    """Read what is given, train with a bar that tells the remaining time of each part, and say where it is.

    Raises ``CalcwatchError`` for a table, a configuration or an image that cannot be used.
    """
    settings = read_settings(config or DEFAULT)
    backgrounds = read_backgrounds(table, masks) if table else ()
    columns = (TextColumn("making scenes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scenes", total=None)
        train_detector(
            settings,
            backgrounds,
            out,
            workers=workers or available_cores(),
            report=lambda line: typer.echo(line, err=True),
            on_done=lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(out)
