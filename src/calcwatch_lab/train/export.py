"""Networks -> ONNX files, and a card that says what they are."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import torch

from calcwatch import __version__
from calcwatch.models.cards import card_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calcwatch.models.cards import ModelKind

_OPSET = 17  # of ONNX: the newest that the older exporter writes

OUTPUT = "out"
"""Name of the one output of every network."""


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
    # Trained channels last for speed; the graph that is written should not depend on that.
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


def write_card(folder: Path, kind: ModelKind, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is to be known of a model.

    Args:
        folder: Folder to write to.
        kind: Which model it is: names its classes and inputs.
        card: What it was trained with and on.

    Returns:
        The whole card, with the version of calcwatch that wrote it.

    """
    whole = {"calcwatch": __version__, **card, **card_entries(kind)}
    text = json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / kind.card).write_text(text + "\n", encoding="utf-8", newline="\n")
    return whole
