"""Do tasks in several processes; a process that dies takes its own task with it and no other."""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

import cv2

Task = Any
"""What one call of the function is given; picklable."""

Answer = Any
"""What the function gives for a task; picklable."""

_SECONDS_TO_END = 5  # that a process is given to end before it is killed


@dataclass(frozen=True)
class WorkerEnded:
    """The answer of a process that died.

    Attributes:
        exit_status: Below 0 the signal that killed it, else its exit status; ``None`` where it is not known.

    """

    exit_status: int | None


def available_cores() -> int:
    """Return the number of processor cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        # A container or a batch system grants fewer cores than the machine has.
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def answers(
    function: Callable[[Task], Answer], tasks: Sequence[Task], *, workers: int
) -> Generator[tuple[int, Answer | WorkerEnded], None, None]:
    """Do tasks in several processes; close the iterator to stop early.

    Args:
        function: What is called with each task, in a process that does one at a time; picklable, and it must
            not raise. A process that dies is replaced.
        tasks: In the order in which they are begun.
        workers: Most processes at a time.

    Yields:
        Place of a task and its answer, as the answers come in, in no particular order.

    """
    waiting = iter(enumerate(tasks))
    # Each process would start a thread a core by itself, and all would wait for each other.
    threads = max(1, available_cores() // max(1, workers))
    crew: dict[Connection, tuple[BaseProcess, int]] = {}  # with the place of the task that each does
    try:
        for place, task in zip(range(min(workers, len(tasks))), tasks, strict=False):
            # Taken along, so that the queue goes on behind what the crew was given at the start.
            next(waiting)
            connection, process = _start(function, threads)
            crew[connection] = process, place
            _give(connection, task)
        while crew:
            # A dead process is ready as well: the end of its pipe wakes the wait.
            for ready in wait(list(crew)):
                connection = cast(Connection, ready)
                process, place = crew.pop(connection)
                answer = _listen(connection, process)
                following = next(waiting, None)
                # A fresh process takes the place of a dead process; its task is not tried again.
                if following is None or isinstance(answer, WorkerEnded):
                    _stop(connection, process)
                    if following is not None:
                        connection, process = _start(function, threads)
                if following is not None:
                    crew[connection] = process, following[0]
                    _give(connection, following[1])
                # After the next task is handed out: the crew works on while the caller looks at the answer.
                yield place, answer
    finally:
        # Reached by an error or a closed iterator too: no process outlives the run.
        for connection, (process, _) in crew.items():
            _stop(connection, process)


def _start(function: Callable[[Task], Answer], threads: int) -> tuple[Connection, BaseProcess]:
    # fork would copy the threads and locks of OpenCV and ONNX Runtime in whatever state they are.
    context = get_context("spawn")
    connection, of_child = context.Pipe()
    process = context.Process(target=_serve, args=(of_child, function, threads), daemon=True)
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


def _serve(connection: Connection, function: Callable[[Task], Answer], threads: int) -> None:
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
