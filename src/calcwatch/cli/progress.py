"""Progress of a run: a bar for a terminal, lines for a log, JSON for a program."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from calcwatch.service.analyze_each import ProgressEvent

Style = Literal["bar", "json", "none"]
OnEvent = Callable[["ProgressEvent"], None]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless there is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _words(event: ProgressEvent) -> str:
    if event.outcome != "analyzed":
        return f"{event.source}: not analyzed ({event.outcome})"
    groups, calcifications = counted(event.groups, "group"), counted(event.calcifications, "calcification")
    return f"{event.source}: {groups}, {calcifications}"


@contextmanager
def _bar(clean: Callable[[str], str]) -> Iterator[OnEvent]:
    """Draw a bar with the remaining time on standard error."""
    columns = (
        TextColumn("analyzing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[file]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("analyzing", total=None, file="")

        def show(event: ProgressEvent) -> None:
            progress.update(task, completed=event.done, total=event.total, file=clean(event.source)[-60:])

        yield show


@contextmanager
def _lines(clean: Callable[[str], str]) -> Iterator[OnEvent]:
    """Write a line a file on standard error."""

    def show(event: ProgressEvent) -> None:
        if event.done:
            typer.echo(f"[{event.done}/{event.total}] {clean(_words(event))}", err=True)

    yield show


def _json_line(event: ProgressEvent, started: float) -> str:
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
    return json.dumps(line)


@contextmanager
def _json(clean: Callable[[str], str]) -> Iterator[OnEvent]:
    """Write an object a line on standard output; JSON keeps any file name apart from the line."""
    started = time.monotonic()

    def show(event: ProgressEvent) -> None:
        typer.echo(_json_line(event, started))

    yield show


@contextmanager
def _nothing(clean: Callable[[str], str]) -> Iterator[OnEvent]:
    yield lambda event: None


@contextmanager
def show_progress(style: Style, clean: Callable[[str], str]) -> Iterator[OnEvent]:
    """Yield the function that a run tells its events; ``clean`` makes any text safe for a terminal.

    ``bar`` draws a bar where standard error is a terminal and writes lines where it is not.
    """
    bar = _bar if sys.stderr.isatty() else _lines
    with {"bar": bar, "json": _json, "none": _nothing}[style](clean) as on_event:
        yield on_event


@contextmanager
def show_count(doing: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yield the function that a run tells how many are done, of how many; ``doing``: what it does to them.

    Draws a bar with the remaining time where standard error is a terminal, and writes a line every hundred
    where it is not.
    """
    if quiet:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        with _count_bar(doing) as show:
            yield show
    else:
        yield lambda done, total: _count_line(doing, done, total)


@contextmanager
def _count_bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _count_line(doing: str, done: int, total: int) -> None:
    if done and done % 100 == 0:
        typer.echo(f"[{done}/{total}] {doing}", err=True)
