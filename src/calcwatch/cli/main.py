"""How ``calcwatch`` begins and ends: signals, streams, and errors that become sentences.

Nothing is imported here that takes time: a signal that comes while the commands are loaded ends in order too.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    import typer

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end a run; those that a system does not know are left out."""


def main() -> None:
    """Run ``calcwatch``."""
    run(_commands)


def _commands() -> typer.Typer:
    from calcwatch.cli.commands import app

    return app


def run(load: Callable[[], typer.Typer]) -> None:
    """Run a command; whatever happens ends with a sentence on standard error, never with a traceback.

    Args:
        load: Loads the commands.

    Raises:
        SystemExit: The command ended with a status other than 0.

    """
    try:
        _hear_signals()
        _run(load)
    except SystemExit as ended:
        # As a shell counts them; no command ends with such a status by itself.
        if isinstance(ended.code, int) and ended.code > 128:
            _say_last("calcwatch: interrupted")
        raise
    # Before the signals were heard.
    except KeyboardInterrupt:
        _say_last("calcwatch: interrupted")
        sys.exit(128 + signal.SIGINT)


def _hear_signals() -> None:
    """Let every signal that ends a program end it in order, so that nothing half-written stays."""
    # Signal handlers can be set in the main thread only.
    if threading.current_thread() is not threading.main_thread():
        return
    for name in _ENDING:
        number = getattr(signal, name, None)
        # What the caller has set aside, as nohup does, stays aside.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    # Not KeyboardInterrupt: libraries catch that one and make an error of their own of it.
    raise SystemExit(128 + number)


def _say_last(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{text}\n")  # by itself: what prints otherwise may not be loaded yet
        sys.stderr.flush()


def _run(load: Callable[[], typer.Typer]) -> None:
    from calcwatch.cli.terminal import PROGRAM_ERROR, WRONG_USE, mend_streams, refuse_empty, say
    from calcwatch.domain.errors import CalcwatchError, words_of_mistake

    mend_streams()
    try:
        try:
            refuse_empty(sys.argv[1:])
            load()()
        finally:
            sys.stdout.flush()
    except CalcwatchError as problem:
        say(f"calcwatch: {problem}", is_error=True)
        sys.exit(WRONG_USE)
    except OSError as problem:
        say(f"calcwatch: {problem.filename or 'cannot print'}: {problem.strerror or problem}", is_error=True)
        # What is left in the buffer cannot be printed at exit either.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(WRONG_USE)
    # The last net: every command has one of its own under each file and examination.
    except Exception as problem:
        say(words_of_mistake("calcwatch", problem), is_error=True)
        sys.exit(PROGRAM_ERROR)
