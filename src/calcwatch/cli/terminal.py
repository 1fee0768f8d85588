"""Words for a terminal, and the statuses a command ends with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOBase
from pathlib import Path
from typing import NoReturn

import typer

PROGRAM_ERROR = 1
"""Exit status: a mistake of calcwatch ended the command, or nobody reads its answer any more."""

WRONG_USE = 2
"""Exit status: an option, a path or a table cannot be used; nothing was written."""

SOME_LEFT_OUT = 3
"""Exit status: some files were not analyzed, exported or cleaned; the rest is complete."""

NONE_DONE = 4
"""Exit status: nothing was analyzed, compared, exported or cleaned."""


def one_line(text: str) -> str:
    """Make text safe for a terminal.

    Args:
        text: Any text, such as the name of a file.

    Returns:
        One line that moves no cursor.

    """
    # Not os.fsencode: the system may name its files in ASCII alone, and this is text already.
    raw = "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else ascii(c)[1:-1] for c in text)
    shown = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
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


class _Closed(TextIOBase):
    """A stream that was closed before the program began; what is printed there is refused, not lost."""

    def write(self, text: str) -> int:
        raise OSError(0, "standard output is closed")


def mend_streams() -> None:
    """Make standard streams usable that were closed, or cannot hold every letter."""
    # Else the first file that is opened would get the number of a closed stream, and what is printed.
    while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(free)
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- as long as the process
    for stream in (sys.stdout, sys.stderr):
        # An ASCII terminal shows an umlaut as an escape; it is no reason to stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def refuse_empty(words: Sequence[str]) -> None:
    """Refuse an argument without a letter: an empty path would be the folder one stands in.

    Args:
        words: The arguments of the command.

    Raises:
        SystemExit: One is empty.

    """
    for number, word in enumerate(words, start=1):
        name, sign, value = word.partition("=")
        if not word.strip() or (name.startswith("--") and sign and not value):
            named = f"{name} is empty" if sign else f"argument {number} is empty"
            say(f"calcwatch: {named}, perhaps a variable that is not set; give a value", is_error=True)
            sys.exit(WRONG_USE)


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
