"""What a detector answers with: candidates of one image, as arrays of one length."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Detections:
    """Candidates, most believable first, as arrays of one length; empty arrays when there are none.

    ``row``, ``column``: of the peak, in the crop. ``sigma_px``: scale that answered strongest. ``strength``:
    height above the surround in units of the noise, lines discounted. ``supported_strength``: its strength
    and that of its neighbors within 2 mm, each with a cap. ``score``: belief, 0 to 1.
    ``class_probabilities``: n x ``CANDIDATE_CLASSES`` of ``image/find/classify.py``, the probability of each;
    ``None`` where the detector does not tell.
    """

    row: NDArray[np.float32]
    column: NDArray[np.float32]
    sigma_px: NDArray[np.float32]
    strength: NDArray[np.float32]
    supported_strength: NDArray[np.float32]
    score: NDArray[np.float32]
    class_probabilities: NDArray[np.float32] | None = None


def kept(detections: Detections, keep: NDArray[np.bool_]) -> Detections:
    """Those detections that ``keep`` marks, in the same order."""
    columns = (getattr(detections, field.name) for field in fields(Detections))
    chosen: list[Any] = [None if column is None else column[keep] for column in columns]
    return Detections(*chosen)
