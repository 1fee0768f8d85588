"""Many scenes -> the examples to learn from, made by several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.errors import CalcwatchError
from calcwatch.image.find.classify import context_features
from calcwatch.service.workers import WorkerEnded, answers
from calcwatch_lab.train.detector.backgrounds import Background
from calcwatch_lab.train.detector.examples import LEFT_OUT, make_examples
from calcwatch_lab.train.detector.fit import Pool
from calcwatch_lab.train.detector.scenes import make_scene
from calcwatch_lab.train.detector.settings import TrainingSettings

_ALWAYS = 150  # of the likeliest candidates, tissue is always kept: they are the hard ones
_FILM_MM = 0.18  # a background with pixels this coarse is a film at low resolution


class TrainingFailed(CalcwatchError):
    """A process that made scenes died, or a scene could not be made."""


@dataclass(frozen=True, eq=False)
class SceneExamples:
    """Examples of one scene; ``row`` and ``column`` in pixels of the crop, ``working_mm`` apart."""

    pool: Pool
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    working_mm: float
    found: int
    wanted: int


def collect(
    seeds: Sequence[int],
    backgrounds: Sequence[Background],
    settings: TrainingSettings,
    *,
    whole: bool,
    workers: int,
    on_done: Callable[[int, int], None],
) -> list[SceneExamples]:
    """Make the scenes of ``seeds`` and their examples, in the order of the seeds.

    ``whole``: keep every candidate, as weighing needs, not only some tissue. Raises ``TrainingFailed`` when a
    process dies.
    """
    made: dict[int, SceneExamples] = {}
    job = partial(_one, tuple(backgrounds), settings, whole)
    with closing(answers(job, list(seeds), workers=workers)) as coming:
        for place, answer in coming:
            if isinstance(answer, WorkerEnded | str):
                raise TrainingFailed(f"the scene of seed {seeds[place]} could not be made: {answer}")
            made[place] = answer
            on_done(len(made), len(seeds))
    return [made[place] for place in sorted(made)]


def _one(
    backgrounds: tuple[Background, ...], settings: TrainingSettings, whole: bool, seed: int
) -> SceneExamples | str:
    try:
        return _examples_of(_some(backgrounds, settings, seed), settings, whole, seed)
    except (CalcwatchError, ValueError) as error:
        return str(error)


def _some(
    backgrounds: tuple[Background, ...], settings: TrainingSettings, seed: int
) -> tuple[Background, ...]:
    """The films, or all others, by the share that is wanted of each."""
    films = tuple(one for one in backgrounds if (one.given.pixel_spacing_mm or 0) >= _FILM_MM)
    others = tuple(one for one in backgrounds if one not in films)
    if not films or not others:
        return backgrounds
    return films if np.random.default_rng([seed, 21]).random() < settings.film_share else others


def _examples_of(
    backgrounds: tuple[Background, ...], settings: TrainingSettings, whole: bool, seed: int
) -> SceneExamples:
    scene = make_scene(seed, backgrounds, real_share=settings.real_share)
    examples = make_examples(scene, count=settings.candidates)
    rows = np.arange(examples.answer.size)
    if not whole:
        rows = _kept(np.random.default_rng([seed, 22]), examples.answer, settings.tissue)
    patches = examples.patches
    pool = Pool(
        detail=patches.detail[rows].astype(np.float16),
        context=patches.context[rows].astype(np.float16),
        numbers=patches.numbers[rows],
        answer=examples.answer[rows],
    )
    return SceneExamples(
        pool=pool,
        row=examples.candidates.row[rows].astype(np.int32),
        column=examples.candidates.column[rows].astype(np.int32),
        working_mm=examples.image.working_mm,
        found=examples.found,
        wanted=examples.wanted,
    )


def _kept(rng: np.random.Generator, answer: NDArray[np.int8], tissue: int) -> NDArray[np.intp]:
    """All that is something, and of the tissue the likeliest and some of the rest."""
    plain = np.flatnonzero(answer == 0)
    rest = plain[_ALWAYS:]
    some = rng.choice(rest, min(max(0, tissue - _ALWAYS), rest.size), replace=False)
    kept = np.concatenate([np.flatnonzero(answer > 0), plain[:_ALWAYS][:tissue], some])
    return np.asarray(np.sort(kept), dtype=np.intp)


def surround_of(scene: SceneExamples, logits: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Features of the first ``count`` candidates of a whole scene for the weighing network."""
    places = np.stack([scene.row, scene.column], axis=1)[:count] * scene.working_mm
    return context_features(places, scene.pool.numbers[:count], logits[:count])


def learnable(answer: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether there is an answer to learn from."""
    return np.asarray(answer != LEFT_OUT)
