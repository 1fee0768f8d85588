"""Progress of a run: a bar for a terminal, lines for a log, JSON for a program."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calcwatch.cli.terminal import counted, one_line

if TYPE_CHECKING:
    from calcwatch.service.run import OnEvent, ProgressEvent

_LOGGED = 100  # things between two lines of a log
_NAME = 60  # characters of a file's name beside the bar: its end


@contextmanager
def show_progress(*, quiet: bool = False, as_json: bool = False) -> Iterator[OnEvent]:
    """Show how far a run is: a bar with the remaining time on a terminal, a line a file elsewhere.

    Args:
        quiet: Show nothing.
        as_json: Print an object a line on standard output instead.

    Yields:
        The function that the run tells its events.

    """
    if as_json:
        yield partial(_print_json, time.monotonic())
    elif quiet:
        yield lambda event: None
    elif sys.stderr.isatty():
        with _bar("analyzing") as update:
            yield lambda event: update(event.done, event.total, one_line(event.source)[-_NAME:])
    else:
        yield _print_line


@contextmanager
def show_count(doing: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show how many things are done: a bar with the remaining time on a terminal, some lines elsewhere.

    Args:
        doing: What is done to them.
        quiet: Show nothing.

    Yields:
        The function that is given how many are done, and of how many.

    """
    if quiet:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        with _bar(doing) as update:
            yield lambda done, total: update(done, total, "")
    else:
        yield partial(_print_count, doing)


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int, str], None]]:
    """Draw a bar on standard error; the function takes done, total and the name that stands beside it."""
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[file]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=None, file="")
        yield lambda done, total, file: progress.update(task, completed=done, total=total, file=file)


def _print_count(doing: str, done: int, total: int) -> None:
    if done and done % _LOGGED == 0:
        typer.echo(f"[{done}/{total}] {doing}", err=True)


def _print_line(event: ProgressEvent) -> None:
    if not event.done:
        return
    said = f"{counted(event.groups, 'group')}, {counted(event.calcifications, 'calcification')}"
    if event.outcome != "analyzed":
        said = f"not analyzed ({event.outcome})"
    typer.echo(f"[{event.done}/{event.total}] {one_line(f'{event.source}: {said}')}", err=True)


def _print_json(started: float, event: ProgressEvent) -> None:
    """JSON keeps any file name apart from the line."""
    left = event.total - event.done
    seconds_left = round((time.monotonic() - started) / event.done * left, 1) if event.done else None
    line: dict[str, object] = {
        "event": "file" if event.done else "found",
        "done": event.done,
        "total": event.total,
        "seconds_left": seconds_left,
    }
    if event.done:
        line |= {
            "source": event.source,
            "outcome": event.outcome,
            "message": event.message,
            "groups": event.groups,
            "calcifications": event.calcifications,
            "seconds": None if event.seconds is None else round(event.seconds, 3),
        }
    typer.echo(json.dumps(line))
