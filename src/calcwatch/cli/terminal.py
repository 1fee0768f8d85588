"""Words for a terminal, and the statuses a command ends with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

WRONG_USE = 2
"""Exit status: an option, a path or a table cannot be used; nothing was written."""

SOME_LEFT_OUT = 3
"""Exit status: some files were not analyzed, exported or cleaned; the rest is complete."""

NONE_DONE = 4
"""Exit status: nothing was analyzed, compared, exported or cleaned."""

INTERRUPTED = 130
"""Exit status: interrupted with Ctrl-C, as a shell counts it (128 + SIGINT)."""


def one_line(text: str) -> str:
    """Make text safe for a terminal.

    Args:
        text: Any text, such as the name of a file.

    Returns:
        One line that moves no cursor.

    """
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def counted(number: int, noun: str) -> str:
    """Say a number of things.

    Args:
        number: How many.
        noun: What, in the singular.

    Returns:
        The number with its noun, in the plural unless there is one.

    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def say(text: str, *, is_error: bool = False) -> None:
    """Print a line that is safe for a terminal.

    Args:
        text: The line.
        is_error: Print it on standard error.

    """
    typer.echo(one_line(text), err=is_error)


def fail(message: str, status: int = WRONG_USE) -> NoReturn:
    """End a command with a sentence on standard error.

    Args:
        message: The sentence.
        status: What it ends with.

    Raises:
        typer.Exit: Always.

    """
    say(f"calcwatch: {message}", is_error=True)
    raise typer.Exit(status)


@contextmanager
def clean_interrupt() -> Iterator[None]:
    """End a command that is interrupted with a word and its status, not with a traceback.

    Yields:
        Nothing; the block may be interrupted.

    Raises:
        typer.Exit: It was.

    """
    try:
        yield
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)


def status_of(done: int, missed: int) -> int:
    """Tell the exit status of a command.

    Args:
        done: Number of things that were done.
        missed: Number of those that were not.

    Returns:
        The status.

    """
    if not done:
        return NONE_DONE
    return SOME_LEFT_OUT if missed else 0
