"""How far two outlines cover the same ground, to a small part of a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point

FINEST = 16
"""Most steps a pixel is divided into: an outline of two pixels is then filled to three percent."""

_STEPS_ACROSS = 400  # what a large object is divided into, at most, in each direction
_ROW = 1 << 31  # cells of one row; no image is that wide


def steps_for(*outlines: Sequence[Point]) -> int:
    """Steps a pixel to compare these outlines with: many for small ones, at least 2."""
    extent = max((float(np.ptp(np.array(o), axis=0).max()) for o in outlines if len(o)), default=1.0)
    return int(np.clip(_STEPS_ACROSS / max(extent, 1.0), 2, FINEST))


def cells(outline: Sequence[Point], steps: int) -> NDArray[np.int64]:
    """Numbers of the cells inside a closed polygon, each pixel being ``steps`` x ``steps`` cells; sorted.

    Fewer than three points enclose nothing: an empty array.
    """
    if len(outline) < 3:
        return np.zeros(0, np.int64)
    corners = (np.array(outline, np.float64) + 0.5) * steps - 0.5
    first = np.floor(corners.min(axis=0)).astype(np.int64)
    size = np.ceil(corners.max(axis=0)).astype(np.int64) - first + 1
    local = np.rint((corners - first)[:, ::-1] * 16).astype(np.int32)
    mask = cv2.fillPoly(np.zeros(tuple(size), np.uint8), [local], 1, shift=4)
    rows, columns = np.nonzero(mask)
    return np.asarray((rows + first[0] + _ROW // 4) * _ROW + columns + first[1] + _ROW // 4)


def area_px(outline: Sequence[Point]) -> float:
    """Area inside a closed polygon in pixels (shoelace formula); 0 for fewer than three points."""
    if len(outline) < 3:
        return 0.0
    row, column = np.array(outline, np.float64).T
    return float(abs(row @ np.roll(column, 1) - column @ np.roll(row, 1)) / 2)


def overlap(one: Sequence[Point], other: Sequence[Point]) -> float:
    """Intersection over union of two closed polygons, 0 when either encloses nothing."""
    steps = steps_for(one, other)
    return share(cells(one, steps), cells(other, steps))


def share(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Intersection over union of two sets of cells, 0 when both are empty."""
    common = np.intersect1d(one, other, assume_unique=True).size
    return common / max(one.size + other.size - common, 1)


def covered(outlines: Iterable[Sequence[Point]], steps: int) -> NDArray[np.int64]:
    """Cells that at least one of the outlines encloses, each once, sorted."""
    found = [cells(outline, steps) for outline in outlines]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
