"""Bright things that are no calcification: named and kept apart, never silently dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.steps.dust import find_dust
from calcwatch.steps.letters import find_letters
from calcwatch.steps.metal import Lookalike, find_objects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.steps.breast import BreastRegion
    from calcwatch.steps.detect import Detections
    from calcwatch.steps.normalize import NormalizedImage

__all__ = ["Lookalike", "find_lookalikes", "sharper_than_blur"]

_DUST_SIDE = (
    0.12  # share of the height left one pixel beside a speck of dust; the blur of a system leaves more
)
_DUST_SIGMA_PX = 1.15
_DUST_STRENGTH = 8.0  # weaker peaks are noise


def find_lookalikes(
    image: NormalizedImage, breast: BreastRegion, detections: Detections
) -> tuple[tuple[Lookalike, ...], NDArray[np.bool_]]:
    """Non-lesions (metal, then dust, then letters), and for each detection whether it remains a candidate.

    No lookalikes give an empty tuple and every detection remains.
    """
    metal, covered = find_objects(image, breast)
    rows, columns = detections.row.astype(np.intp), detections.column.astype(np.intp)
    remains = covered[rows, columns] == 0
    plain = np.flatnonzero(remains & (detections.strength > _DUST_STRENGTH))
    dust, on_dust = find_dust(image, rows[plain], columns[plain])
    remains[plain[on_dust]] = False
    return (*metal, *dust, *find_letters(image, breast)), remains


def sharper_than_blur(
    gray: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    sigma_px: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Whether next to nothing of a peak's height is left one pixel beside it.

    The breast is seen through the blur of a focal spot and a detector (or of film and scanner): what is
    sharper lies behind them, like dust on film, a scratch or a defective pixel. ``sigma_px``: scale of each
    peak; only the finest can be that sharp.
    """
    around = range(-3, 4)
    ys = [np.clip(rows + i, 0, gray.shape[0] - 1) for i in around]
    xs = [np.clip(columns + j, 0, gray.shape[1] - 1) for j in around]
    patch = np.stack([[gray[y, x] for x in xs] for y in ys])
    surround = np.median(patch.reshape(49, -1), axis=0)
    height = np.maximum(patch[3, 3] - surround, 1e-9)
    sides = np.sort(np.stack([patch[2, 3], patch[4, 3], patch[3, 2], patch[3, 4]]), axis=0)
    return np.asarray(((sides[2] - surround) / height < _DUST_SIDE) & (sigma_px < _DUST_SIGMA_PX))
