"""Examples to learn from, made of many scenes by several processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calcwatch.domain.errors import CalcwatchError
from calcwatch_lab.parallel import TaskFailed, run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Result = TypeVar("Result")

LEFT_OUT = -1
"""Answer of a candidate, mark or group that nothing is to be learned from."""

Inputs = tuple["NDArray[np.generic]", ...]
"""Inputs of a patch network, one row an example: pictures in float16, and last the numbers in float32."""


class TrainingFailed(CalcwatchError):
    """A process that made scenes died, or a scene could not be made."""


@dataclass(frozen=True, eq=False)
class SceneExamples:
    """Examples of one scene.

    Attributes:
        inputs: What the patch network sees of each.
        answer: Place of each one's class among the network's outputs, or ``LEFT_OUT``.
        places_mm: Where each lies, n x 2 (row, column) in crop pixels times their size.
        found: Number of the scene's calcifications that a candidate lies on.
        wanted: Number of all of them.
        groups: Numbers of the examples of each group that was found.
        group_answer: The answer that most of its members have, or ``LEFT_OUT``.

    """

    inputs: Inputs
    answer: NDArray[np.int8]
    places_mm: NDArray[np.float64]
    found: int = 0
    wanted: int = 0
    groups: tuple[tuple[int, ...], ...] = ()
    group_answer: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))


def make_scenes(
    job: Callable[[int], Result],
    seeds: Sequence[int],
    *,
    workers: int | None,
    on_done: Callable[[int, int], None],
) -> list[Result]:
    """Make something of every seed.

    Args:
        job: What is made, picklable.
        seeds: Seeds of the scenes.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of scenes that are done and that of all.

    Returns:
        The results in the order of the seeds.

    Raises:
        TrainingFailed: A scene could not be made.

    """
    try:
        return run_tasks(job, seeds, workers=workers, on_done=on_done)
    except TaskFailed as failed:
        # With its seed, by which the scene can be made again alone.
        raise TrainingFailed(f"a scene could not be made; its seed and why: {failed}") from failed


def pooled_inputs(scenes: Sequence[SceneExamples], rows: Sequence[NDArray[np.intp]]) -> Inputs:
    """Pool the inputs of scenes.

    Args:
        scenes: Examples of each scene, at least one.
        rows: Which of them are taken.

    Returns:
        Each input of all scenes.

    """
    chosen = list(zip(scenes, rows, strict=True))
    return tuple(
        np.concatenate([scene.inputs[place][own] for scene, own in chosen])
        for place in range(len(scenes[0].inputs))
    )
