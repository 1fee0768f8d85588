import os
import time
from contextlib import closing

import cv2
import pytest

from calcwatch.service.workers import WorkerEnded, answers


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
