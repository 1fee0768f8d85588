"""The command ``calcwatch``: its commands in order, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from calcwatch.cli.about import explain, schema, version
from calcwatch.cli.analyze import analyze, check
from calcwatch.cli.compare import compare, history
from calcwatch.cli.exchange import deidentify, export, read_cad
from calcwatch.cli.phantom import demo, phantom
from calcwatch.cli.terminal import WRONG_USE, say
from calcwatch.domain.errors import CalcwatchError

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(
    name="calcwatch",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find, measure and describe breast calcifications in mammograms: a second pair of eyes, for "
    "research use; a radiologist decides; not for patients.",
)

COMMANDS = (
    *(compare, history, export, read_cad, deidentify),
    *(analyze, check, schema, explain, phantom, demo, version),
)
"""Every command, in the order in which help lists them; its name is that of its function."""

for command in COMMANDS:
    app.command()(command)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    """Run ``calcwatch``."""
    run(app)


def run(app: typer.Typer) -> None:
    """Run a command; an error of ours is a sentence on standard error, never a traceback.

    Args:
        app: The commands.

    Raises:
        SystemExit: The command ended with a status other than 0.

    """
    signal.signal(signal.SIGTERM, _end)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except CalcwatchError as problem:
        say(f"calcwatch: {problem}", is_error=True)
        sys.exit(WRONG_USE)
    except OSError as problem:
        say(f"calcwatch: {problem.filename or 'cannot print'}: {problem.strerror or problem}", is_error=True)
        # What is left in the buffer cannot be printed at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(WRONG_USE)
