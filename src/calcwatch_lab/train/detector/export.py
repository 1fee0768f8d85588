"""Both networks -> ONNX files and a card that says what they are."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from calcwatch.image.find.patches import PATCH_NUMBERS, PATCH_PX
from calcwatch.models.cards import DETECTOR, card_entries
from calcwatch_lab.train.detector.network import SURROUND_FEATURES

if TYPE_CHECKING:
    from calcwatch_lab.train.detector.network import CandidateClass, Weigh

_OPSET = 17


def write_model(look: CandidateClass, weigh: Weigh, folder: Path, card: dict[str, Any]) -> None:
    """Write both networks and their card into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    patch, context = DETECTOR.networks
    side = (PATCH_PX, PATCH_PX)
    inputs = (torch.zeros(2, 1, *side), torch.zeros(2, 2, *side), torch.zeros(2, len(PATCH_NUMBERS)))
    export_network(
        look.to(memory_format=torch.contiguous_format),
        inputs,
        folder / patch,
        DETECTOR.networks[patch],
    )
    export_network(weigh, (torch.zeros(2, SURROUND_FEATURES),), folder / context, DETECTOR.networks[context])
    write_card(card | card_entries(DETECTOR), folder / DETECTOR.card)


def write_card(card: dict[str, Any], path: Path) -> None:
    """Write what is to be known of a model."""
    text = json.dumps(card, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def export_network(
    network: torch.nn.Module, inputs: tuple[torch.Tensor, ...], path: Path, names: tuple[str, ...]
) -> None:
    """Write one network as ONNX: ``names`` of its inputs, any number of rows, one output ``out``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter, which needs no further packages, says it is old
        torch.onnx.export(
            network.eval(),
            inputs,
            str(path),
            input_names=list(names),
            output_names=["out"],
            dynamic_axes={name: {0: "count"} for name in (*names, "out")},
            opset_version=_OPSET,
            dynamo=False,
        )
