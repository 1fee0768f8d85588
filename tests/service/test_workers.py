import os
import time
from contextlib import closing

import cv2
import pytest

from calcwatch.domain.errors import UnreadableImage, UnsuitableImage
from calcwatch.service.workers import NO_LIMITS, Limits, WorkerEnded, answers, each_apart


def square_or_die(task: int) -> int:
    """Square a number; some numbers kill the process that meets them."""
    if task == 13:
        os._exit(7)
    if task == 14:
        os.kill(os.getpid(), 9)
    return task * task


def who_and_threads(task: float) -> tuple[int, int]:
    time.sleep(task)
    os.write(1, b"noise on standard output")
    return os.getpid(), cv2.getNumThreads()


def test_each_answer_comes_with_the_place_of_its_task() -> None:
    """Every task is answered once, whatever the number of workers."""
    tasks = list(range(2, 9))
    for workers in (1, 2):
        assert dict(answers(square_or_die, tasks, workers=workers)) == {n: t * t for n, t in enumerate(tasks)}


def test_a_process_that_dies_loses_its_own_task_only() -> None:
    """A process that exits or is killed is answered with its status; all other tasks are done."""
    got = dict(answers(square_or_die, [1, 13, 2, 14, 3, 4], workers=2))
    assert got == {0: 1, 1: WorkerEnded(7), 2: 4, 3: WorkerEnded(-9), 4: 9, 5: 16}


def test_last_task_may_die_too() -> None:
    """When the last process dies there is still an end."""
    assert dict(answers(square_or_die, [13], workers=3)) == {0: WorkerEnded(7)}


def test_no_task_no_process() -> None:
    """Without tasks there is no answer and nothing is started."""
    assert list(answers(square_or_die, [], workers=2)) == []


def test_stopping_early_ends_the_processes(capfd: pytest.CaptureFixture[str]) -> None:
    """Closing the iterator ends its processes at once; what they print is dropped; threads are shared out."""
    started = time.monotonic()
    with closing(answers(who_and_threads, [0.0, 60.0], workers=2)) as coming:
        _, answer = next(coming)
    assert time.monotonic() - started < 30
    assert isinstance(answer, tuple)
    process, threads = answer
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert 1 <= threads <= max(1, (os.cpu_count() or 1) // 2)
    assert "noise" not in capfd.readouterr().out


def sleep_or_fill(task: float) -> float:
    """Sleep so many seconds; below 0 ask for so many bytes."""
    if task < 0:
        try:
            return float(len(bytearray(int(-task))))
        except MemoryError:
            return -1.0
    time.sleep(task)
    return task


def test_a_task_that_takes_too_long_loses_its_process_only() -> None:
    """A task over the limit of time is ended and said so; those behind it are done, in order."""
    limits = Limits(seconds=20)
    tasks = [0.0, 600.0, 0.25]
    begun = time.monotonic()
    got = list(answers(sleep_or_fill, tasks, workers=1, limits=limits))
    assert got == [(0, 0.0), (1, WorkerEnded(None, 20)), (2, 0.25)]
    assert time.monotonic() - begun < 100
    assert "longer than 20 seconds" in WorkerEnded(None, 20).words


def test_memory_of_a_task_is_bounded() -> None:
    """A task gets no more memory than the limit says, and what it may have it gets."""
    limits = Limits(memory=2 * 2**30)
    assert dict(answers(sleep_or_fill, [-(2.0**20), -(2.0**32)], workers=1, limits=limits)) == {
        0: 2.0**20,
        1: -1.0,
    }


def fail_or_answer(task: str) -> str:
    if task == "die":
        os._exit(3)
    if task == "dark":
        raise UnsuitableImage(task)
    return task


def test_tasks_done_apart_fail_as_they_would_here_and_the_rest_goes_on() -> None:
    """A process of their own: each task's answer, its error, or how its process ended, in order."""
    given = each_apart(fail_or_answer, ["dark", "die", "fine"], limits=NO_LIMITS)
    dark, dead, fine = given
    assert isinstance(dark, UnsuitableImage) and str(dark) == "dark"
    assert isinstance(dead, UnreadableImage) and "exit status 3" in str(dead)
    assert fine == "fine"
