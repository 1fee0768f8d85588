"""Do tasks in several processes; a process that dies takes its own task with it and no other."""

from __future__ import annotations

import logging
import os
import signal
import threading
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
Answer = Any


@dataclass(frozen=True)
class WorkerEnded:
    """The answer of a process that died: below 0 the signal that killed it, else its exit status."""

    exit_status: int | None


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    place: int = -1


def available_cores() -> int:
    """Processor cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let a child be born deaf to Ctrl-C, which the terminal sends to it as well: the parent ends it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _be_silent() -> None:
    """Drop what libraries print: it would tear the progress bar and may quote a header with patient data."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)


def _serve(connection: Connection, function: Callable[[Task], Answer], threads: int) -> None:
    _be_silent()
    cv2.setNumThreads(threads)
    with suppress(EOFError, OSError):  # the parent is gone or needs no more
        while True:
            connection.send(function(connection.recv()))


def _start(function: Callable[[Task], Answer], threads: int) -> _Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function, threads), daemon=True)
    with _interrupts_ignored():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, place: int, task: Task) -> None:
    worker.place = place
    with suppress(OSError):  # it died before it got the task: its silence is noticed when we listen
        worker.connection.send(task)


def _listen(worker: _Worker) -> Answer | WorkerEnded:
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        return WorkerEnded(worker.process.exitcode)


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.terminate()
    worker.process.join(5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()


def answers(
    function: Callable[[Task], Answer], tasks: Sequence[Task], *, workers: int
) -> Generator[tuple[int, Answer | WorkerEnded], None, None]:
    """Yield ``(place of the task, answer)`` as the answers come in, in no particular order.

    ``function``, tasks and answers travel between processes, so they must be picklable; ``function`` must not
    raise. Each process does one task at a time; one that dies is replaced. Close the iterator to stop early.
    """
    waiting = iter(enumerate(tasks))
    threads = max(1, available_cores() // max(1, workers))
    crew: dict[Connection, _Worker] = {}
    try:
        for place, task in zip(range(min(workers, len(tasks))), tasks, strict=False):
            next(waiting)
            worker = _start(function, threads)
            crew[worker.connection] = worker
            _give(worker, place, task)
        while crew:
            for ready in wait(list(crew)):
                worker = crew.pop(cast(Connection, ready))
                place, answer = worker.place, _listen(worker)
                following = next(waiting, None)
                if following is None or isinstance(answer, WorkerEnded):
                    _stop(worker)
                    worker = _start(function, threads) if following is not None else worker
                if following is not None:
                    crew[worker.connection] = worker
                    _give(worker, *following)
                yield place, answer
    finally:
        for worker in crew.values():
            _stop(worker)
