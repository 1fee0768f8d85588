"""The only file that runs a network: weights on disk -> functions the core is handed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import onnxruntime

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.describe import Describer, DescriptionModel, describe_learned
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.image.describe.morphology import OUTPUTS, MorphologyNetworks
from calcwatch.image.describe.suspicion import SuspicionModel
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.classify import CANDIDATE_CLASSES, DetectorNetworks, detect_learned
from calcwatch.image.find.detections import Detector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.describe.describe import Described, ToDescribe
    from calcwatch.image.describe.shape_patches import ShapePatches
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.find.patches import Patches
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings

SHIPPED = Path(__file__).parent
"""Folder of the model that comes with calcwatch."""

LOOK, WEIGH, CARD = "look.onnx", "weigh.onnx", "model.json"
"""Files of a model: both networks, and what is to be known of them."""

SHAPE_LOOK, SHAPE_WEIGH, SHAPE_CARD = "shape-look.onnx", "shape-weigh.onnx", "shapes.json"
"""Files that tell shapes: both networks, and what is to be known of them."""

DISTRIBUTION, SUSPICION = "distribution.onnx", "suspicion.json"
"""Files that tell distributions, and how suspicious a description is."""

_DESCRIBING = (SHAPE_LOOK, SHAPE_WEIGH, SHAPE_CARD, DISTRIBUTION, SUSPICION)

_BATCH = 256


class BadModel(CalcwatchError):
    """A folder that should hold a model and does not; the message names what is missing."""


@dataclass(frozen=True)
class NamedDetector:
    """A detector with what a result says of it: its name, and the hash of its weights if it has any."""

    detect: Detector
    name: str
    digest: str | None = None


CLASSICAL = NamedDetector(detect_classical, "classical")
"""The detector without learned weights."""


def named_learned(folder: Path = SHIPPED) -> NamedDetector:
    """The learned detector of a folder with its name and hash. Raises ``BadModel`` when a file is missing."""
    return NamedDetector(learned_detector(folder), str(model_card(folder)["name"]), model_hash(folder))


def learned_detector(folder: Path = SHIPPED) -> Detector:
    """Return the learned detector as a function that can travel to other processes.

    ``folder`` holds ``look.onnx``, ``weigh.onnx`` and ``model.json``. The networks are loaded at the first
    image of a process, with as many threads as OpenCV uses there. Raises ``BadModel`` when a file is missing.
    """
    model_card(folder)
    return partial(_detect, str(folder))


@dataclass(frozen=True)
class NamedDescriber:
    """A describer with what a result says of it: the hash of its weights."""

    describe: Describer
    digest: str


def named_describer(folder: Path = SHIPPED) -> NamedDescriber:
    """The learned describer of a folder with its hash. Raises ``BadModel`` when a file is missing."""
    return NamedDescriber(learned_describer(folder), description_hash(folder))


def learned_describer(folder: Path = SHIPPED) -> Describer:
    """Return what describes shapes and distributions, as a function that can travel to other processes.

    Its networks are loaded at the first image of a process. Raises ``BadModel`` when a file is missing.
    """
    _check_files(folder, _DESCRIBING)
    return partial(_describe, str(folder))


def suspicion_model(folder: Path = SHIPPED) -> SuspicionModel:
    """Read the fitted numbers of suspicion. Raises ``BadModel`` when they are missing or make no sense."""
    _check_files(folder, (SUSPICION,))
    try:
        tree = json.loads((folder / SUSPICION).read_text(encoding="utf-8"))
        return SuspicionModel(
            shape_odds={Morphology(name): float(odds) for name, odds in tree["shape_odds"].items()},
            distribution_odds={
                Distribution(name): float(odds) for name, odds in tree["distribution_odds"].items()
            },
            **{name: float(tree["curve"][name]) for name in ("intercept", "slope", "crowd", "gathered")},
            deciles=tuple(float(value) for value in tree["reference"]["deciles"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadModel(f"{folder / SUSPICION}: {error}; use the file that is shipped") from error


def suspicion_sources(folder: Path = SHIPPED) -> tuple[str, float | None, str]:
    """What the curve of suspicion was fitted to, its area there without each woman, and the reference.

    The area is ``None`` and a text empty where the file does not say.
    """
    tree = json.loads((folder / SUSPICION).read_text(encoding="utf-8"))
    curve, reference = tree["curve"], tree["reference"]
    return curve.get("source", ""), curve.get("area_left_out"), reference.get("source", "")


def description_hash(folder: Path = SHIPPED) -> str:
    """SHA-256 of everything learned that describes, which is stored with every result it makes."""
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in _DESCRIBING)).hexdigest()


def _check_files(folder: Path, names: tuple[str, ...]) -> None:
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise BadModel(
            f"{folder}: no model here, {', '.join(missing)} is missing; train one, or use the shipped"
        )


def model_card(folder: Path = SHIPPED) -> dict[str, Any]:
    """What is to be known of a model: its name, what it was trained on, how many candidates it looks at.

    Raises ``BadModel`` when the folder does not hold a whole model.
    """
    _check_files(folder, (LOOK, WEIGH, CARD))
    card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return card


def model_hash(folder: Path = SHIPPED) -> str:
    """SHA-256 of both networks, which is stored with every result they make."""
    return hashlib.sha256((folder / LOOK).read_bytes() + (folder / WEIGH).read_bytes()).hexdigest()


def _detect(
    folder: str, image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings
) -> Detections:
    return detect_learned(image, breast, settings, model=_model(folder))


@lru_cache(maxsize=2)
def _model(folder: str) -> DetectorNetworks:
    look, weigh = (_session(Path(folder) / name) for name in (LOOK, WEIGH))
    return DetectorNetworks(
        patch_network=partial(_look, look),
        context_network=partial(_weigh, weigh, len(CANDIDATE_CLASSES)),
        max_candidates=int(model_card(Path(folder))["candidates"]),
    )


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, cv2.getNumThreads())
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _look(session: onnxruntime.InferenceSession, patches: Patches) -> NDArray[np.float32]:
    """Logits in batches of one size, the last one filled up, so that no answer depends on the others."""
    return _in_batches(session, patches, ("detail", "context", "numbers"), len(CANDIDATE_CLASSES))


def _in_batches(
    session: onnxruntime.InferenceSession,
    patches: Patches | ShapePatches,
    names: tuple[str, ...],
    outputs: int,
) -> NDArray[np.float32]:
    count = len(patches.numbers)
    logits = np.zeros((count, outputs), np.float32)
    for start in range(0, count, _BATCH):
        stop = min(start + _BATCH, count)
        feeds = {name: _filled(getattr(patches, name)[start:stop]) for name in names}
        logits[start:stop] = session.run(None, feeds)[0][: stop - start]
    return logits


def _filled(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = _BATCH - len(rows)
    return np.pad(rows, [(0, missing), *[(0, 0)] * (rows.ndim - 1)]) if missing else rows


def _weigh(
    session: onnxruntime.InferenceSession, outputs: int, features: NDArray[np.float32]
) -> NDArray[np.float32]:
    if not len(features):
        return np.zeros((0, outputs), np.float32)
    return np.asarray(session.run(None, {"features": features})[0], dtype=np.float32)


def _describe(folder: str, image: PreparedImage, found: ToDescribe) -> Described:
    return describe_learned(image, found, model=_description_model(folder))


@lru_cache(maxsize=2)
def _description_model(folder: str) -> DescriptionModel:
    look, weigh, tell = (_session(Path(folder) / name) for name in (SHAPE_LOOK, SHAPE_WEIGH, DISTRIBUTION))
    return DescriptionModel(
        shape=MorphologyNetworks(
            patch_network=partial(_look_at_shapes, look), context_network=partial(_weigh, weigh, OUTPUTS)
        ),
        distribution=partial(_weigh, tell, len(DISTRIBUTION_CLASSES)),
        suspicion=suspicion_model(Path(folder)),
    )


def _look_at_shapes(session: onnxruntime.InferenceSession, patches: ShapePatches) -> NDArray[np.float32]:
    return _in_batches(session, patches, ("close", "near", "around", "numbers"), OUTPUTS)
