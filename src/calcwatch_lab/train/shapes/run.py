"""The training of shapes on one page: scenes -> a network that looks -> one that weighs -> ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from calcwatch import __version__
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES, WEIGHED_FEATURES
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.measure.shape import CLOSE_PX
from calcwatch.models.cards import MORPHOLOGY, card_entries
from calcwatch.models.learned import learned_detector
from calcwatch_lab.train.detector.backgrounds import Background
from calcwatch_lab.train.detector.export import export_network, write_card
from calcwatch_lab.train.detector.settings import ShapeSettings
from calcwatch_lab.train.shapes.examples import ShapeExamples, collect_shapes
from calcwatch_lab.train.shapes.fit import calibrate, choose, fit_look, fit_weigh, surrounds
from calcwatch_lab.train.shapes.network import ShapeLook, ShapeWeigh

_INPUTS = ("close", "near", "around", "numbers")
_CALIBRATION_SHARE = 0.3


def train_shapes(
    settings: ShapeSettings,
    backgrounds: Sequence[Background],
    out: Path,
    *,
    workers: int,
    report: Callable[[str], None],
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Make scenes, train both networks, write the model to ``out`` and return its card.

    Calcifications are found by the detector that is shipped, as they will be.
    """
    scenes = collect_shapes(
        range(settings.scenes),
        backgrounds,
        learned_detector(),
        real_share=settings.real_share,
        workers=workers,
        on_done=on_done,
    )
    look, weigh = fit_shapes(scenes, settings, report=report)
    card = {
        "name": "shapes of phantoms and insertions" if backgrounds else "shapes of phantoms",
        "calcwatch": __version__,
        "seed": settings.seed,
        "scenes": settings.scenes,
        "epochs": settings.epochs,
        "real_share": settings.real_share if backgrounds else 0.0,
        "shapes": [shape.value for shape in MORPHOLOGY_CLASSES],
        "trained_on": sorted({one.patient for one in backgrounds}),
    }
    write_shape_model(look, weigh, out, card)
    return card


def fit_shapes(
    scenes: Sequence[ShapeExamples], settings: ShapeSettings, *, report: Callable[[str], None]
) -> tuple[ShapeLook, ShapeWeigh]:
    """Fit the first network on most scenes, the second on others, and calibrate it on the last of those."""
    looked = round((1 - settings.weigh_share) * len(scenes))
    weighed = looked + round((1 - _CALIBRATION_SHARE) * (len(scenes) - looked))
    look = fit_look(*_pool(scenes[:looked]), epochs=settings.epochs, seed=settings.seed, report=report)
    weigh = fit_weigh(*surrounds(look, scenes[looked:weighed]), seed=settings.seed, report=report)
    calibrate(weigh, *surrounds(look, scenes[weighed:]))
    return look, weigh


def _pool(scenes: Sequence[ShapeExamples]) -> tuple[list[NDArray[np.float16]], NDArray[np.int8]]:
    """Patches and answers to learn from, of all scenes."""
    rng = np.random.default_rng(7)
    rows = [choose(rng, scene.answer) for scene in scenes]
    inputs = [
        np.concatenate(
            [getattr(scene.patches, name)[chosen] for scene, chosen in zip(scenes, rows, strict=True)]
        ).astype(np.float16)
        for name in _INPUTS
    ]
    return inputs, np.concatenate([scene.answer[chosen] for scene, chosen in zip(scenes, rows, strict=True)])


def write_shape_model(look: ShapeLook, weigh: ShapeWeigh, folder: Path, card: dict[str, Any]) -> None:
    """Write both networks and the card into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    side = (CLOSE_PX, CLOSE_PX)
    inputs = (
        torch.zeros(2, 2, *side),
        torch.zeros(2, 1, *side),
        torch.zeros(2, 2, *side),
        torch.zeros(2, len(SHAPE_NUMBERS)),
    )
    patch, context = MORPHOLOGY.networks
    export_network(
        look.to(memory_format=torch.contiguous_format), inputs, folder / patch, MORPHOLOGY.networks[patch]
    )
    export_network(weigh, (torch.zeros(2, WEIGHED_FEATURES),), folder / context, MORPHOLOGY.networks[context])
    write_card(card | card_entries(MORPHOLOGY), folder / MORPHOLOGY.card)
