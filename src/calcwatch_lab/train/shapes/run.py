"""The training of morphology on one page: scenes -> both networks -> calibration -> ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from calcwatch.image.describe.morphology import CONTEXT_FEATURES
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.measure.shape import CLOSE_PX
from calcwatch.models.cards import MORPHOLOGY
from calcwatch.models.learned import learned_detector
from calcwatch_lab.seeds import EXAMPLE_DRAW, SHAPE_SCENES
from calcwatch_lab.train.examples import pooled_inputs
from calcwatch_lab.train.export import export_network, write_card
from calcwatch_lab.train.shapes.examples import collect_shapes
from calcwatch_lab.train.shapes.fit import (
    calibrate,
    choose,
    context_examples,
    fit_context_network,
    fit_patch_network,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from calcwatch_lab.labels import LabeledImage
    from calcwatch_lab.train.examples import SceneExamples
    from calcwatch_lab.train.networks import FeatureNetwork
    from calcwatch_lab.train.shapes.network import ShapeNetwork
    from calcwatch_lab.train.shapes.settings import ShapeTraining


def train_shapes(
    settings: ShapeTraining,
    backgrounds: Sequence[LabeledImage],
    out: Path,
    *,
    workers: int | None,
    report: Callable[[str], None],
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Make scenes, train both networks and write the model.

    Calcifications are found by the detector that is shipped, as they will be.

    Args:
        settings: How morphology is trained.
        backgrounds: Real images without calcifications; none: it is learned from phantoms alone.
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
    seeds = SHAPE_SCENES.take(settings.scenes)
    scenes = collect_shapes(
        seeds, backgrounds, learned_detector(), settings, workers=workers, on_done=on_done
    )
    patch_network, context_network = fit_shapes(scenes, settings, report=report)
    card = {
        "name": "shapes of phantoms and insertions" if backgrounds else "shapes of phantoms",
        "seed": settings.seed,
        "scenes": settings.scenes,
        "epochs": settings.patch_network.rounds,
        "real_share": settings.real_share if backgrounds else 0.0,
        "trained_on": sorted({image.patient for image in backgrounds}),
    }
    return write_shape_model(patch_network, context_network, out, card)


def fit_shapes(
    scenes: Sequence[SceneExamples], settings: ShapeTraining, *, report: Callable[[str], None]
) -> tuple[ShapeNetwork, FeatureNetwork]:
    """Fit the first network on most scenes, the second on others, and calibrate it on the last of those.

    Args:
        scenes: Examples of each scene.
        settings: How morphology is trained.
        report: Called with a line of progress.

    Returns:
        The patch network and the calibrated context network.

    """
    # Three parts: each step is fitted on scenes that the step before has not seen, where it is not too sure.
    first = round((1 - settings.context_share) * len(scenes))
    second = first + round((1 - settings.calibration_share) * (len(scenes) - first))
    rng = np.random.default_rng(EXAMPLE_DRAW)
    rows = [choose(rng, scene.answer, settings.most_of_a_shape) for scene in scenes[:first]]
    # Half precision halves the memory of all these patches.
    inputs = tuple(own.astype(np.float16) for own in pooled_inputs(scenes[:first], rows))
    answer = np.concatenate([scene.answer[own] for scene, own in zip(scenes[:first], rows, strict=True)])
    patch_network = fit_patch_network(inputs, answer, settings, report)
    features, classes = context_examples(patch_network, scenes[first:second])
    context_network = fit_context_network(features, classes, settings, report)
    calibrate(context_network, *context_examples(patch_network, scenes[second:]))
    return patch_network, context_network


def write_shape_model(
    patch_network: ShapeNetwork, context_network: FeatureNetwork, folder: Path, card: dict[str, Any]
) -> dict[str, Any]:
    """Write both networks and the card.

    Args:
        patch_network: The fitted patch network.
        context_network: The fitted and calibrated context network.
        folder: Folder to write to, which is made.
        card: What they were trained with and on.

    Returns:
        The whole card; the last output, beyond its classes, says that a mark is no calcification.

    """
    folder.mkdir(parents=True, exist_ok=True)
    side = (CLOSE_PX, CLOSE_PX)
    inputs = (
        torch.zeros(2, 2, *side),
        torch.zeros(2, 1, *side),
        torch.zeros(2, 2, *side),
        torch.zeros(2, len(SHAPE_NUMBERS)),
    )
    (patch, patch_inputs), (context, context_inputs) = MORPHOLOGY.networks.items()
    export_network(patch_network, inputs, folder / patch, patch_inputs)
    export_network(context_network, (torch.zeros(2, CONTEXT_FEATURES),), folder / context, context_inputs)
    return write_card(folder, MORPHOLOGY, card)
