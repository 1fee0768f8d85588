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

from calcwatch.domain import CalcwatchError
from calcwatch.steps.detect import Detector, detect_classical
from calcwatch.steps.learned import LOOKS, LearnedModel, detect_learned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain import AnalysisSettings
    from calcwatch.steps.breast import BreastRegion
    from calcwatch.steps.detect import Detections
    from calcwatch.steps.normalize import NormalizedImage
    from calcwatch.steps.patches import Patches

SHIPPED = Path(__file__).parent / "models"
"""Folder of the model that comes with calcwatch."""

LOOK, WEIGH, CARD = "look.onnx", "weigh.onnx", "model.json"
"""Files of a model: both networks, and what is to be known of them."""

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


def model_card(folder: Path = SHIPPED) -> dict[str, Any]:
    """What is to be known of a model: its name, what it was trained on, how many candidates it looks at.

    Raises ``BadModel`` when the folder does not hold a whole model.
    """
    missing = [name for name in (LOOK, WEIGH, CARD) if not (folder / name).is_file()]
    if missing:
        raise BadModel(
            f"{folder}: no model here, {', '.join(missing)} is missing; train one, or use the shipped"
        )
    card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return card


def model_hash(folder: Path = SHIPPED) -> str:
    """SHA-256 of both networks, which is stored with every result they make."""
    return hashlib.sha256((folder / LOOK).read_bytes() + (folder / WEIGH).read_bytes()).hexdigest()


def _detect(
    folder: str, image: NormalizedImage, breast: BreastRegion, settings: AnalysisSettings
) -> Detections:
    return detect_learned(image, breast, settings, model=_model(folder))


@lru_cache(maxsize=2)
def _model(folder: str) -> LearnedModel:
    look, weigh = (_session(Path(folder) / name) for name in (LOOK, WEIGH))
    return LearnedModel(
        look=partial(_look, look),
        weigh=partial(_weigh, weigh),
        candidates=int(model_card(Path(folder))["candidates"]),
    )


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, cv2.getNumThreads())
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _look(session: onnxruntime.InferenceSession, patches: Patches) -> NDArray[np.float32]:
    """Logits in batches of one size, the last one filled up, so that no answer depends on the others."""
    count = len(patches.numbers)
    logits = np.zeros((count, len(LOOKS)), np.float32)
    for start in range(0, count, _BATCH):
        stop = min(start + _BATCH, count)
        feeds = {
            name: _filled(getattr(patches, name)[start:stop]) for name in ("detail", "context", "numbers")
        }
        logits[start:stop] = session.run(None, feeds)[0][: stop - start]
    return logits


def _filled(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    missing = _BATCH - len(rows)
    return np.pad(rows, [(0, missing), *[(0, 0)] * (rows.ndim - 1)]) if missing else rows


def _weigh(session: onnxruntime.InferenceSession, features: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(features):
        return np.zeros((0, len(LOOKS)), np.float32)
    return np.asarray(session.run(None, {"features": features})[0], dtype=np.float32)
