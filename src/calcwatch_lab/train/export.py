"""Networks -> ONNX files, and a card that says what they are."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import torch

from calcwatch import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_OPSET = 17  # of ONNX: the newest that the older exporter writes

OUTPUT = "out"
"""Name of the one output of every network."""

FEATURES = ("features",)
"""Name of the one input of every feature network."""


def export_network(
    network: torch.nn.Module, inputs: tuple[torch.Tensor, ...], path: Path, names: Sequence[str]
) -> None:
    """Write one network as ONNX.

    Args:
        network: The fitted network.
        inputs: Inputs of the shapes it sees, two rows each.
        path: File to write.
        names: Names of the inputs; any number of rows is seen.

    """
    plain = network.to(memory_format=torch.contiguous_format).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter, which needs no further packages, says it is old
        torch.onnx.export(
            plain,
            inputs,
            str(path),
            input_names=list(names),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "count"} for name in (*names, OUTPUT)},
            opset_version=_OPSET,
            dynamo=False,
        )


def write_card(
    path: Path, card: Mapping[str, Any], *, classes: Sequence[str], inputs: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Write what is to be known of a model.

    Args:
        path: File to write.
        card: What it was trained with and on.
        classes: Names of its classes in the order of its outputs.
        inputs: Names of the inputs of each network, by the name of its file.

    Returns:
        The whole card, with the version of calcwatch that wrote it.

    """
    whole = {
        "calcwatch": __version__,
        "classes": [str(name) for name in classes],
        "inputs": {file: list(names) for file, names in inputs.items()},
        **card,
    }
    text = json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return whole
