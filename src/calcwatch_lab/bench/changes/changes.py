"""How well two examinations are compared: alignment, matches, changes, what is refused, and the null test.

Phantom breasts are imaged on two days, by two devices, positioned and compressed anew. Seeds go two by two:
the one's prior stands in for another woman's.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2

import calcwatch
from calcwatch.comparison.compare import compare_exams
from calcwatch.domain.change import Alignment, ChangeKind
from calcwatch.domain.findings import ImageFindings
from calcwatch.phantom.settings import random_stream
from calcwatch_lab.bench.changes.null_test import disturbed, labeled_like, upside_down, views_swapped
from calcwatch_lab.bench.changes.scenes import Scene, Shot, make_scene
from calcwatch_lab.bench.changes.verdicts import PairVerdict, judge_pair
from calcwatch_lab.bench.detection.run import measured

UNSEEN_SEED = 10000
"""The evidence is measured on phantoms from here on: nothing about comparing was chosen on them."""

STRONG_SEED = 10400
"""The same, of those that are positioned twice as differently."""

OTHER_WOMAN, VIEWS_SWAPPED, UPSIDE_DOWN = "another woman", "CC and MLO swapped", "upside down"
"""Priors that do not belong."""


@dataclass(frozen=True)
class Refusal:
    """A prior that does not belong: which kind, and how well it was said to fit."""

    kind: str
    alignment: Alignment


@dataclass(frozen=True)
class Judged:
    """Everything measured of one breast; ``null``: what was said of each group of images disturbed."""

    seed: int
    film: bool
    pairs: tuple[PairVerdict, ...]
    refusals: tuple[Refusal, ...]
    null: tuple[ChangeKind, ...]


def measure_sets(
    breasts: int, strong: int, *, workers: int | None, on_done: Callable[[str, int, int], None]
) -> dict[str, tuple[Judged, ...]]:
    """Judged breasts as the page shows them: digital priors, film priors, and strong repositioning."""

    def told(what: str) -> Callable[[int, int], None]:
        return lambda done, total: on_done(what, done, total)

    usual = measure_changes(breasts, workers=workers, on_done=told("pairs of breasts"))
    much: tuple[Judged, ...] = ()
    if strong:
        much = measure_changes(
            strong, STRONG_SEED, repositioning=2.0, workers=workers, on_done=told("positioned otherwise")
        )
    return {
        "two digital examinations": tuple(one for one in usual if not one.film),
        "a film and a digital examination": tuple(one for one in usual if one.film),
        "two examinations positioned twice as differently": tuple(one for one in much if not one.film),
    }


def measure_changes(
    count: int,
    first_seed: int = UNSEEN_SEED,
    *,
    repositioning: float = 1.0,
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Judged, ...]:
    """Judge ``count`` breasts, rounded up to an even number.

    Raises ``RuntimeError`` when one cannot be analyzed: then the figures would be of others than stated.
    """
    starts = range(first_seed, first_seed + count, 2)
    job = partial(_two, repositioning=repositioning)
    return tuple(one for two in measured(job, starts, workers=workers, on_done=on_done) for one in two)


def _two(start: int, *, repositioning: float) -> tuple[Judged, ...] | str:
    cv2.setNumThreads(1)
    try:
        scenes = [make_scene(seed, repositioning=repositioning) for seed in (start, start + 1)]
        return tuple(judge_scene(own, other) for own, other in (scenes, scenes[::-1]))
    except Exception:
        return traceback.format_exc()


def judge_scene(scene: Scene, other: Scene) -> Judged:
    """Compare both days, then the current one with what does not belong and with itself disturbed."""
    prior, current = _findings(scene.prior), _findings(scene.current)
    comparison = compare_exams(prior, current)
    return Judged(
        seed=scene.seed,
        film=scene.film,
        pairs=tuple(
            judge_pair(
                scene.prior[pair.prior], scene.current[pair.current], pair, comparison.changes_of(pair)
            )
            for pair in comparison.pairs
        ),
        refusals=tuple(_refusals(scene, other)),
        null=_null(scene),
    )


def _findings(shots: Sequence[Shot]) -> list[ImageFindings]:
    return [shot.findings for shot in shots]


def _refusals(scene: Scene, other: Scene) -> Iterator[Refusal]:
    prior, current = _findings(scene.prior), _findings(scene.current)
    turned = [calcwatch.analyze_image(upside_down(shot.mammogram)) for shot in scene.prior]
    wrong = {
        OTHER_WOMAN: labeled_like(_findings(other.prior), prior),
        VIEWS_SWAPPED: views_swapped(prior),
        UPSIDE_DOWN: turned,
    }
    for kind, images in wrong.items():
        for pair in compare_exams(images, current).pairs:
            yield Refusal(kind, pair.alignment)


def _null(scene: Scene) -> tuple[ChangeKind, ...]:
    """What is said of an image and the same image disturbed."""
    told: list[ChangeKind] = []
    for number, shot in enumerate(scene.current):
        rng = random_stream(scene.seed, "null", str(number))
        again = calcwatch.analyze_image(disturbed(shot.mammogram, rng))
        told += [change.kind for change in compare_exams([shot.findings], [again]).changes]
    return tuple(told)
