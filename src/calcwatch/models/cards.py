"""Folders of models: which files hold what, what their cards must say, and the hash that names them.

A network is a file of numbers: nothing in it says which output is which class, or which pixels an input
wants. The card beside it says so, and a model is refused where its card and the code that feeds it differ.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import CalcwatchError
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.find.classify import CANDIDATE_CLASSES, CONTEXT_INPUTS
from calcwatch.image.find.patches import PATCH_INPUTS, PATCH_NUMBERS

SHIPPED = Path(__file__).parent
"""Folder of the models that come with calcwatch."""

SUSPICION = "suspicion.json"
"""Odds of single calcifications and the deciles of the examination score, which need no network."""

KINDS = "kinds.json"
"""The fitted models of kinds and suspicion of groups, which need no network either."""

NOT_A_CALCIFICATION = "not_a_calcification"
"""Name of the last output of the morphology networks, which is no morphology."""

_OF_VERSION_0_1 = ("look.onnx", "weigh.onnx", "shape-look.onnx", "shape-weigh.onnx")


class BadModel(CalcwatchError):
    """A folder that should hold a model and does not; the message names folder, fault and remedy."""


@dataclass(frozen=True)
class ModelKind:
    """One kind of model as a folder holds it.

    Attributes:
        card: Name of the JSON file that says what the model is; it lists ``classes`` and ``inputs``.
        networks: Name of each ONNX file, with the names of its inputs in order.
        classes: What the outputs of the networks mean, in order.
        numbers: Names of the numbers that enter beside the patches, in order; empty where none do.
        train: The command that makes such a model.
    """

    card: str
    networks: dict[str, tuple[str, ...]]
    classes: tuple[str, ...]
    numbers: tuple[str, ...]
    train: str

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all its files, the card last."""
        return (*self.networks, self.card)


DETECTOR = ModelKind(
    card="detector.json",
    networks={
        "detector-patch.onnx": PATCH_INPUTS,
        "detector-context.onnx": CONTEXT_INPUTS,
    },
    classes=CANDIDATE_CLASSES,
    numbers=PATCH_NUMBERS,
    train="calcwatch-lab train detector",
)
"""Classifies candidates."""

MORPHOLOGY = ModelKind(
    card="morphology.json",
    networks={
        "morphology-patch.onnx": ("close", "near", "around", "numbers"),
        "morphology-context.onnx": ("features",),
    },
    classes=(*MORPHOLOGY_CLASSES, NOT_A_CALCIFICATION),
    numbers=SHAPE_NUMBERS,
    train="calcwatch-lab train shapes",
)
"""Tells the morphology of calcifications and groups."""

DISTRIBUTION = ModelKind(
    card="distribution.json",
    networks={"distribution.onnx": ("features",)},
    classes=DISTRIBUTION_CLASSES,
    numbers=(),
    train="calcwatch-lab train distributions",
)
"""Tells the distribution of a group."""


def read_card(folder: Path, kind: ModelKind) -> dict[str, Any]:
    """Read what is to be known of a model, once it is sure that the model fits the code.

    Args:
        folder: Where the model lies.
        kind: Which model of the folder.

    Returns:
        The card as JSON holds it: its name, what it was trained on, its classes and inputs.

    Raises:
        BadModel: A file is missing or no card, the model is of an earlier version, or its classes or inputs
            are not those that the code feeds and names.
    """
    # first of all, so that a missing file is named and not met later as an error of the network
    check_files(folder, kind.files, kind.train)
    path = folder / kind.card
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        # lists, as JSON has them: tuples would never be equal to them
        said = {name: list(card[name]) for name in ("classes", "numbers")}
        said |= {name: list(card["inputs"][name]) for name in kind.networks}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadModel(
            f"{path}: the card names no classes and inputs ({error}), so nobody can tell which output is "
            f"which; train the model again with {kind.train}, or use the one that is shipped"
        ) from error
    wanted = {"classes": list(kind.classes), "numbers": list(kind.numbers)}
    wanted |= {name: list(inputs) for name, inputs in kind.networks.items()}
    # compared in order: swapped classes would rename findings without any error (decision 20)
    for name, expected in wanted.items():
        if said[name] != expected:
            raise BadModel(
                f"{path}: {name} are {', '.join(said[name]) or 'none'}, but this version of calcwatch wants "
                f"{', '.join(expected) or 'none'}; train the model again with {kind.train}, or use the one "
                "that is shipped"
            )
    return card


def card_entries(kind: ModelKind) -> dict[str, Any]:
    """Return what the card of a new model must say of its classes and inputs, for those who train one.

    Args:
        kind: Which model.

    Returns:
        The entries ``classes``, ``numbers`` and ``inputs`` of the card.
    """
    return {
        "classes": list(kind.classes),
        "numbers": list(kind.numbers),
        "inputs": {name: list(inputs) for name, inputs in kind.networks.items()},
    }


def check_files(folder: Path, names: tuple[str, ...], train: str) -> None:
    """Pass where all files of a model are there.

    Args:
        folder: Where the model lies.
        names: Its files.
        train: The command that makes such a model, for the message.

    Raises:
        BadModel: Files are missing; a model of an earlier version is called so.
    """
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        return
    # told by its file names: such a card does not name its classes and cannot be checked (decision 20)
    if any((folder / name).is_file() for name in _OF_VERSION_0_1):
        raise BadModel(
            f"{folder}: this is a model of calcwatch 0.1, whose card does not name its classes "
            f"({', '.join(missing)} is missing); train it again with {train}, or use the one that is shipped"
        )
    raise BadModel(
        f"{folder}: no model here, {', '.join(missing)} is missing; train one with {train}, or use the one "
        "that is shipped"
    )


def hash_of_files(folder: Path, *names: str) -> str:
    """Hash what a model consists of, as a result stores it.

    Args:
        folder: Where the model lies.
        *names: Its files, in the order in which they are hashed.

    Returns:
        SHA-256 of all their bytes together, in hexadecimal.
    """
    # the files are small (under 1 MB together, decision 9), so they are joined in memory
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()
