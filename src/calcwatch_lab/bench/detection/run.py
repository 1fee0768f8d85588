"""All cases through all detectors, several at a time; only numbers are kept."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import cv2

from calcwatch.domain.errors import CalcwatchError
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.detections import Detector
from calcwatch.service.run import ProgressEvent
from calcwatch.service.workers import WorkerEnded, answers, available_cores
from calcwatch_lab.bench.detection.judge import Judged, judge
from calcwatch_lab.bench.truth.truth import Case

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Contender:
    """One detector under test; it must be picklable. ``name`` is what tables call it.

    ``model_hash``: of its weights, empty when it has none. ``trained_on``: patients whose images trained it.
    """

    name: str
    detector: Detector
    model_hash: str = ""
    trained_on: frozenset[str] = frozenset()


CLASSICAL = Contender("classical", detect_classical)
"""The detector that nothing trained: the baseline of every table."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """One case after all contenders: an answer each by name, or why the image could not be analyzed."""

    case: Case
    judged: dict[str, Judged]
    refused: str = ""


def run_cases(
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    *,
    workers: int | None = None,
    on_event: Callable[[ProgressEvent], None] = lambda event: None,
) -> list[Outcome]:
    """Judge every case, in the order given; the answer does not depend on the number of workers.

    An image that is refused is an outcome with its reason. Raises ``RuntimeError`` when a worker fails
    otherwise: then the figures would be of other images than stated.
    """
    outcomes: dict[int, Outcome] = {}
    crew = min(workers or available_cores(), max(len(cases), 1))
    on_event(ProgressEvent(0, len(cases)))
    with closing(answers(partial(_judge_case, contenders=tuple(contenders)), cases, workers=crew)) as found:
        for place, answer in found:
            outcomes[place] = _checked(answer, cases[place])
            on_event(_event(len(outcomes), len(cases), outcomes[place]))
    return [outcome for _, outcome in sorted(outcomes.items())]


def measured(
    job: Callable[[Task], Result | str],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    """Do a job for every task in several processes; the results in the order of the tasks.

    A job that comes back with words has failed: ``RuntimeError`` with them, for then the figures would be of
    others than stated.
    """
    found: dict[int, Result] = {}
    crew = min(workers or available_cores(), max(len(tasks), 1))
    with closing(answers(job, tasks, workers=crew)) as coming:
        for place, answer in coming:
            if isinstance(answer, WorkerEnded | str):
                raise RuntimeError(f"{tasks[place]}: {answer}")
            found[place] = answer
            on_done(len(found), len(tasks))
    return [found[place] for place in sorted(found)]


def _checked(answer: Outcome | str | WorkerEnded, case: Case) -> Outcome:
    if isinstance(answer, Outcome):
        return answer
    words = f"its process ended ({answer.exit_status})" if isinstance(answer, WorkerEnded) else answer
    raise RuntimeError(f"{case.data_set} {case.name}: {words}")


def _event(done: int, total: int, outcome: Outcome) -> ProgressEvent:
    words = "unsuitable" if outcome.refused else "analyzed"
    counts = [judged.reported for judged in outcome.judged.values()]
    name = f"{outcome.case.data_set}: {outcome.case.name}"
    return ProgressEvent(done, total, name, words, outcome.refused, 0, max(counts, default=0))


def _judge_case(case: Case, *, contenders: tuple[Contender, ...]) -> Outcome | str:
    """Judge one case in a worker; an error that is not about the image comes back in words.

    One thread of OpenCV: the last digit of a phantom's gray can depend on their number.
    """
    cv2.setNumThreads(1)
    try:
        shown = case.show()
        judged = {one.name: judge(shown.mammogram, shown.truth, one.detector) for one in contenders}
    except CalcwatchError as error:
        return Outcome(case, {}, str(error))
    except Exception:
        return traceback.format_exc()
    return Outcome(case, judged)
