"""One job for many tasks, several at a time: what the bench and the trainings share."""

from __future__ import annotations

import traceback
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import cv2

from calcwatch.domain.errors import CalcwatchError
from calcwatch.service.workers import WorkerEnded, answers, available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")


class TaskFailed(RuntimeError):
    """A task could not be done; the message names it and says why, with a traceback where it is a defect."""


def run_tasks(
    job: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    """Do a job for every task in several processes.

    Each process uses one thread of OpenCV: the last digit of a phantom's gray can depend on their number, and
    the answer may not depend on the number of processes.

    Args:
        job: What is done; it, its tasks and its results must be picklable, and no result a string.
        tasks: What it is done for.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of tasks that are done and that of all.

    Returns:
        The results in the order of the tasks.

    Raises:
        TaskFailed: One task failed or its process ended; the figures would be of others than stated.

    """
    results: dict[int, Result] = {}
    count = min(workers or available_cores(), max(len(tasks), 1))
    with closing(answers(partial(_attempt, job), tasks, workers=count)) as coming:
        for place, answer in coming:
            if isinstance(answer, WorkerEnded):
                raise TaskFailed(f"{tasks[place]}: its process ended ({answer.exit_status})")
            if isinstance(answer, str):
                raise TaskFailed(f"{tasks[place]}: {answer}")
            results[place] = answer
            on_done(len(results), len(tasks))
    return [results[place] for place in sorted(results)]


def _attempt(job: Callable[[Task], Result], task: Task) -> Result | str:
    """Do one task; an error comes back in words, for a worker must not raise."""
    cv2.setNumThreads(1)
    try:
        return job(task)
    except CalcwatchError as error:
        return str(error)
    except Exception:
        return traceback.format_exc()
