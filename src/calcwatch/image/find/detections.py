"""What a detector answers with: the candidates of one image, as arrays of one length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings


@dataclass(frozen=True, eq=False)
class Detections:
    """Candidates in crop pixels, highest score first, as arrays of one length; empty when there are none.

    Attributes:
        row: float32, row of the local maximum.
        column: float32, its column.
        sigma_px: float32, scale of the filter that responds most, in pixels.
        strength: float32, height above the surround in units of the noise, lines discounted.
        supported_strength: float32, strength together with that of its neighbors, each with a cap.
        score: float32, how likely it is a calcification, 0 to 1.
        class_probabilities: float32, n x ``CANDIDATE_CLASSES`` (``image/find/classify.py``): the probability
            of each class; ``None`` from a detector that does not classify.
    """

    row: NDArray[np.float32]
    column: NDArray[np.float32]
    sigma_px: NDArray[np.float32]
    strength: NDArray[np.float32]
    supported_strength: NDArray[np.float32]
    score: NDArray[np.float32]
    class_probabilities: NDArray[np.float32] | None = None


Detector = Callable[["PreparedImage", "BreastRegion", "AnalysisSettings"], Detections]
"""Anything that finds candidates: (image, breast, settings) -> detections in crop pixels.

The answer holds at most ``settings.max_candidates`` detections, below the score threshold too, and is the
same for the same image. A learned detector is handed in as such a function.
"""


def kept(detections: Detections, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
    """Keep some detections.

    Args:
        detections: Detections of one image.
        keep: Which of them to keep: one mark each, or their numbers.

    Returns:
        Those that are marked, in the same order; by numbers, in the order of these.
    """
    columns = (getattr(detections, field.name) for field in fields(Detections))
    chosen: list[Any] = [None if column is None else column[keep] for column in columns]
    return Detections(*chosen)
