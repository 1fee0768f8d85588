"""The training on one page: scenes -> a network that looks -> one that weighs -> calibration -> ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcwatch import __version__
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch_lab.train.detector.backgrounds import Background
from calcwatch_lab.train.detector.collect import SceneExamples, collect, learnable, surround_of
from calcwatch_lab.train.detector.export import write_model
from calcwatch_lab.train.detector.fit import calibrate, fit_look, fit_weigh, joined, look_at
from calcwatch_lab.train.detector.network import CandidateClass
from calcwatch_lab.train.detector.settings import TrainingSettings

WEIGH_SEEDS = 8000
"""Scenes for weighing count from this seed, scenes for looking from 0; 9000 and above are for evaluation."""

_CALIBRATION_SHARE = 0.35


def train_detector(
    settings: TrainingSettings,
    backgrounds: Sequence[Background],
    out: Path,
    *,
    workers: int,
    report: Callable[[str], None],
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Train both networks, write the model to ``out`` and return its card.

    The women of the backgrounds are split: some serve the second network alone, so that it learns how far
    the first can be believed on images it has not seen. Without backgrounds it learns from phantoms alone.
    """
    ours, held = split_by_patient(backgrounds, settings.held_back_share)
    first = collect(range(settings.learn), ours, settings, whole=False, workers=workers, on_done=on_done)
    pool = joined([scene.pool for scene in first])
    report(f"{len(pool.answer)} examples from {len(first)} scenes")
    look = fit_look(pool, epochs=settings.epochs, seed=settings.seed, report=report)
    seeds = range(WEIGH_SEEDS, WEIGH_SEEDS + settings.weigh)
    second = collect(seeds, held, settings, whole=True, workers=workers, on_done=on_done)
    last = max(1, round(_CALIBRATION_SHARE * len(second)))
    features, answer = _surrounds(look, second[:-last], settings)
    weigh = fit_weigh(features, answer, seed=settings.seed, report=report)
    features, answer = _surrounds(look, second[-last:], settings)
    calibrate(weigh, features, answer)
    card = _card(settings, backgrounds, held, first + second)
    write_model(look, weigh, out, card)
    return card


def split_by_patient(
    backgrounds: Sequence[Background], share: float
) -> tuple[tuple[Background, ...], tuple[Background, ...]]:
    """Backgrounds for the first network and for the second; no woman is in both, each kind is in each."""
    names = sorted({one.patient for one in backgrounds}, key=lambda name: (name[:3], name))
    step = round(1 / share) if share > 0 else len(names) + 1
    second = set(names[step - 1 :: step])
    return (
        tuple(one for one in backgrounds if one.patient not in second),
        tuple(one for one in backgrounds if one.patient in second),
    )


def _surrounds(
    look: CandidateClass, scenes: Sequence[SceneExamples], settings: TrainingSettings
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Features and answers of the candidates that the shipped detector would look at."""
    features, answers = [], []
    for scene in scenes:
        count = min(settings.shipped_candidates, scene.pool.answer.size)
        rows = surround_of(scene, look_at(look, scene.pool), count)
        answer = scene.pool.answer[:count]
        features.append(rows[learnable(answer)])
        answers.append(answer[learnable(answer)])
    return np.concatenate(features), np.concatenate(answers)


def _card(
    settings: TrainingSettings,
    backgrounds: Sequence[Background],
    held: Sequence[Background],
    scenes: Sequence[SceneExamples],
) -> dict[str, Any]:
    wanted = sum(scene.wanted for scene in scenes)
    return {
        "name": "phantoms and insertions" if backgrounds else "phantoms alone",
        "calcwatch": __version__,
        "analysis_version": ANALYSIS_VERSION,
        "candidates": settings.shipped_candidates,
        "seed": settings.seed,
        "scenes": {"learn": settings.learn, "weigh": settings.weigh},
        "epochs": settings.epochs,
        "trained_on": sorted({one.patient for one in backgrounds}),
        "weighed_on": sorted({one.patient for one in held}),
        "candidate_recall": round(sum(scene.found for scene in scenes) / max(1, wanted), 4),
    }
