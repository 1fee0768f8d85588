"""Do tasks in other processes; one that dies, or takes too much, costs its own task and no other."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

import cv2

from calcwatch.domain.errors import UnreadableImage

if sys.platform != "win32":
    import resource

Task = Any
"""What one call of the function is given; picklable."""

Answer = Any
"""What the function gives for a task; picklable."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one task may take; whoever exceeds it is ended.

    Attributes:
        seconds: Time for a task, the start of its process included; ``None``: any.
        memory: Bytes of data that the process may hold (``RLIMIT_DATA``); ``None``: any, as on systems that
            do not count them.

    """

    seconds: float | None = None
    memory: int | None = None


NO_LIMITS = Limits()
"""For tasks of our own, which nobody has forged."""

READING = Limits(seconds=120, memory=6 * 2**30)
"""For reading a file of anybody: the largest mammogram that is read needs 3 GiB and a few seconds."""

ANALYSIS = Limits(seconds=900, memory=8 * 2**30)
"""For an analysis: mammograms need seconds and 1 GiB, the largest picture that is read far more."""

_SECONDS_TO_END = 5  # that a process is given to end before it is killed


@dataclass(frozen=True)
class WorkerEnded:
    """The answer of a process that died.

    Attributes:
        exit_status: Below 0 the signal that killed it, else its exit status; ``None`` where it is not known.
        seconds: After how long it was ended because its task took longer; ``None``: it died by itself.

    """

    exit_status: int | None
    seconds: float | None = None

    @property
    def words(self) -> str:
        """How it ended, and what to do about its task."""
        if self.seconds is not None:
            return f"it took longer than {self.seconds:g} seconds; leave the file out, or export it again"
        status = self.exit_status or 0
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return (
            f"it ended abruptly ({how}); memory may have run out: close other programs, or analyze the file "
            "alone, with --workers 1 where the command has it"
        )


def available_cores() -> int:
    """Return the number of processor cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        # A container or a batch system grants fewer cores than the machine has.
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def answers(
    function: Callable[[Task], Answer], tasks: Sequence[Task], *, workers: int, limits: Limits = NO_LIMITS
) -> Generator[tuple[int, Answer | WorkerEnded], None, None]:
    """Do tasks in several processes; close the iterator to stop early.

    Args:
        function: What is called with each task, in a process that does one at a time; picklable, and it must
            not raise. A process that dies is replaced.
        tasks: In the order in which they are begun.
        workers: Most processes at a time.
        limits: What each task may take.

    Yields:
        Place of a task and its answer, as the answers come in: with one worker in the order of the tasks.

    """
    waiting = iter(enumerate(tasks))
    # Each process would start a thread a core by itself, and all would wait for each other.
    threads = max(1, available_cores() // max(1, workers))
    start = partial(_start, function, threads, limits.memory)
    # With the place of the task that each does, and when it was given.
    crew: dict[Connection, tuple[BaseProcess, int, float]] = {}
    try:
        for place, task in zip(range(min(workers, len(tasks))), tasks, strict=False):
            # Taken along, so that the queue goes on behind what the crew was given at the start.
            next(waiting)
            connection, process = start()
            crew[connection] = process, place, time.monotonic()
            _give(connection, task)
        while crew:
            # A dead process is ready as well: the end of its pipe wakes the wait.
            for done, is_late in _ready_or_late(crew, limits.seconds):
                connection = done
                process, place, _ = crew.pop(connection)
                answer = WorkerEnded(None, limits.seconds) if is_late else _listen(connection, process)
                following = next(waiting, None)
                # A fresh process takes the place of a dead process; its task is not tried again.
                if following is None or isinstance(answer, WorkerEnded):
                    _stop(connection, process)
                    if following is not None:
                        connection, process = start()
                if following is not None:
                    crew[connection] = process, following[0], time.monotonic()
                    _give(connection, following[1])
                # After the next task is handed out: the crew works on while the caller looks at the answer.
                yield place, answer
    finally:
        # Reached by an error or a closed iterator too: no process outlives the run.
        for connection, (process, _, _) in crew.items():
            _stop(connection, process)


def each_apart(
    function: Callable[[Task], Answer], tasks: Sequence[Task], *, limits: Limits
) -> Generator[Answer | Exception, None, None]:
    """Do tasks one after the other in a process apart, in which whatever is forged may die; close to stop.

    Args:
        function: What is called with each task; picklable.
        tasks: Picklable, and so are the answers. A next one is begun while the caller looks at an answer.
        limits: What each may take.

    Yields:
        For each task what the function gives, or the error that it raised; ``UnreadableImage`` where its
        process ended: the message says how, and what to do.

    """
    with closing(answers(partial(_answer_or_error, function), tasks, workers=1, limits=limits)) as coming:
        for _, answer in coming:
            yield UnreadableImage(answer.words) if isinstance(answer, WorkerEnded) else answer


def _answer_or_error(function: Callable[[Task], Answer], task: Task) -> Answer | Exception:
    try:
        return function(task)
    except Exception as problem:
        return problem


def _ready_or_late(
    crew: dict[Connection, tuple[BaseProcess, int, float]], seconds: float | None
) -> list[tuple[Connection, bool]]:
    """Wait for processes that have answered or died, or whose task has taken too long, which is late."""
    if seconds is None:
        return [(cast(Connection, ready), False) for ready in wait(list(crew))]
    last = min(begun for _, _, begun in crew.values()) + seconds
    ready = [cast(Connection, found) for found in wait(list(crew), max(0.0, last - time.monotonic()))]
    now = time.monotonic()
    late = [found for found, (_, _, begun) in crew.items() if found not in ready and now - begun >= seconds]
    return [*((found, False) for found in ready), *((found, True) for found in late)]


def _start(
    function: Callable[[Task], Answer], threads: int, memory: int | None
) -> tuple[Connection, BaseProcess]:
    # fork would copy the threads and locks of OpenCV and ONNX Runtime in whatever state they are.
    context = get_context("spawn")
    connection, of_child = context.Pipe()
    process = context.Process(target=_serve, args=(of_child, function, threads, memory), daemon=True)
    with _interrupts_ignored():
        process.start()
    # Otherwise the parent holds the child's end open, and a dead child never ends the pipe.
    of_child.close()
    return connection, process


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let a child be born deaf to Ctrl-C, which the terminal sends to it as well: the parent ends it."""
    if sys.platform == "win32":
        yield
        return
    # Held back and not ignored: one that comes just now is heard by the parent a moment later.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _serve(
    connection: Connection, function: Callable[[Task], Answer], threads: int, memory: int | None
) -> None:
    """Answer tasks until the parent is gone or needs no more; this is what a worker's process does."""
    # What libraries print would tear the progress bar and may quote a header with patient data.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # By descriptor, since C libraries do not write through sys.stdout.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    cv2.setNumThreads(threads)
    if memory is not None and sys.platform != "win32":
        # Never more than the user or the batch system allows.
        most = min(bound for bound in (memory, *resource.getrlimit(resource.RLIMIT_DATA)) if bound >= 0)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    # The end of the pipe is how the parent says that there is no more to do.
    with suppress(EOFError, OSError):
        while True:
            connection.send(function(connection.recv()))


def _give(connection: Connection, task: Task) -> None:
    with suppress(OSError):  # it died before it got the task: its silence is noticed when we listen
        connection.send(task)


def _listen(connection: Connection, process: BaseProcess) -> Answer | WorkerEnded:
    try:
        return connection.recv()
    except (EOFError, OSError):
        # The exit status is there only after the join.
        process.join()
        return WorkerEnded(process.exitcode)


def _stop(connection: Connection, process: BaseProcess) -> None:
    connection.close()
    # Workers hold nothing that an abrupt end could spoil: the parent writes the result.
    process.terminate()
    process.join(_SECONDS_TO_END)
    if process.is_alive():
        process.kill()
        process.join()
