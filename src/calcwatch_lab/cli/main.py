"""The command ``calcwatch-lab``: what a hospital never runs, training and evaluation."""

from __future__ import annotations

import typer

from calcwatch.cli.main import run
from calcwatch_lab.cli import bench, train

app = typer.Typer(
    name="calcwatch-lab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train what calcwatch has learned, and measure how well it finds, describes and compares.",
)
app.add_typer(bench.app)
app.add_typer(train.app)


def main() -> None:
    """Run the command; an error of ours is a sentence on standard error, never a traceback."""
    run(lambda: app)
