"""The training of a detector on one page: scenes -> both networks -> calibration -> ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.image.find.patches import PATCH_NUMBERS, PATCH_PX
from calcwatch.models.cards import DETECTOR
from calcwatch_lab.seeds import CONTEXT_NETWORK_SCENES, PATCH_NETWORK_SCENES
from calcwatch_lab.train.detector.examples import collect
from calcwatch_lab.train.detector.fit import (
    calibrate,
    context_examples,
    fit_context_network,
    fit_patch_network,
)
from calcwatch_lab.train.detector.network import CONTEXT_FEATURES, CandidateNetwork
from calcwatch_lab.train.examples import SceneExamples, pooled_inputs
from calcwatch_lab.train.export import export_network, write_card

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from calcwatch_lab.labels import LabeledImage
    from calcwatch_lab.train.detector.settings import DetectorTraining
    from calcwatch_lab.train.networks import FeatureNetwork


def train_detector(
    settings: DetectorTraining,
    backgrounds: Sequence[LabeledImage],
    out: Path,
    *,
    workers: int | None,
    report: Callable[[str], None],
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Train both networks and write the model.

    The women of the backgrounds are split: some serve the second network alone, so that it learns how far
    the first can be relied on in images it has not seen.

    Args:
        settings: How the detector is trained.
        backgrounds: Real images without calcifications; none: it learns from phantoms alone.
        out: Folder to write to, which is made.
        workers: Number of processes; ``None``: one per processor core.
        report: Called with a line of progress.
        on_done: Called with the number of scenes that are made and that of all.

    Returns:
        The model's card.

    Raises:
        TrainingFailed: A scene could not be made.
        TooFewSeeds: More scenes are asked for than there are seeds.

    """
    # By women: two images of one breast in both parts would make the first network look better than it is.
    first, held_back = split_by_patient(backgrounds, settings.held_back_share)
    patch_seeds = PATCH_NETWORK_SCENES.take(settings.patch_scenes)
    context_seeds = CONTEXT_NETWORK_SCENES.take(settings.context_scenes)
    patch_scenes = collect(patch_seeds, first, settings, whole=False, workers=workers, on_done=on_done)
    answer = np.concatenate([scene.answer for scene in patch_scenes])
    inputs = pooled_inputs(patch_scenes, [np.arange(scene.answer.size) for scene in patch_scenes])
    report(f"{len(answer)} examples from {len(patch_scenes)} scenes")
    patch_network = fit_patch_network(inputs, answer, settings, report)
    scenes = collect(context_seeds, held_back, settings, whole=True, workers=workers, on_done=on_done)
    last = max(1, round(settings.calibration_share * len(scenes)))
    features, classes = context_examples(patch_network, scenes[:-last], settings)
    context_network = fit_context_network(features, classes, settings, report)
    calibrate(context_network, *context_examples(patch_network, scenes[-last:], settings), settings)
    card = _card(settings, backgrounds, held_back, [*patch_scenes, *scenes])
    return write_model(patch_network, context_network, out, card)


def split_by_patient(
    backgrounds: Sequence[LabeledImage], share: float
) -> tuple[tuple[LabeledImage, ...], tuple[LabeledImage, ...]]:
    """Split backgrounds so that no woman is in both parts.

    Args:
        backgrounds: Real images without calcifications.
        share: Of the women, for the second part.

    Returns:
        Backgrounds for the patch network and for the context network, each of every kind: women are taken in
        turns of their names, whose first letters tell data sets apart.

    """
    names = sorted({image.patient for image in backgrounds}, key=lambda name: (name[:3], name))
    step = round(1 / share) if share > 0 else len(names) + 1
    second = set(names[step - 1 :: step])
    return (
        tuple(image for image in backgrounds if image.patient not in second),
        tuple(image for image in backgrounds if image.patient in second),
    )


def _card(
    settings: DetectorTraining,
    backgrounds: Sequence[LabeledImage],
    held_back: Sequence[LabeledImage],
    scenes: Sequence[SceneExamples],
) -> dict[str, Any]:
    wanted = sum(scene.wanted for scene in scenes)
    return {
        "name": "phantoms and insertions" if backgrounds else "phantoms alone",
        "analysis_version": ANALYSIS_VERSION,
        "candidates": settings.shipped_candidates,
        "seed": settings.seed,
        "scenes": {"learn": settings.patch_scenes, "weigh": settings.context_scenes},
        "epochs": settings.patch_network.rounds,
        "trained_on": sorted({image.patient for image in backgrounds}),
        # Both lists go into the card, so that a bench leaves these women out.
        "weighed_on": sorted({image.patient for image in held_back}),
        "candidate_recall": round(sum(scene.found for scene in scenes) / max(1, wanted), 4),
    }


def write_model(
    patch_network: CandidateNetwork, context_network: FeatureNetwork, folder: Path, card: dict[str, Any]
) -> dict[str, Any]:
    """Write both networks and the card.

    Args:
        patch_network: The fitted patch network.
        context_network: The fitted and calibrated context network.
        folder: Folder to write to, which is made.
        card: What they were trained with and on.

    Returns:
        The whole card.

    """
    folder.mkdir(parents=True, exist_ok=True)
    side = (PATCH_PX, PATCH_PX)
    inputs = (torch.zeros(2, 1, *side), torch.zeros(2, 2, *side), torch.zeros(2, len(PATCH_NUMBERS)))
    (patch, patch_inputs), (context, context_inputs) = DETECTOR.networks.items()
    export_network(patch_network, inputs, folder / patch, patch_inputs)
    export_network(context_network, (torch.zeros(2, CONTEXT_FEATURES),), folder / context, context_inputs)
    return write_card(folder, DETECTOR, card)
