"""How far outlines cover the same ground, to a small part of a pixel."""

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

_STEPS_ACROSS = 400  # what a large object is divided into, at most, in each direction: 0.5 percent of it
_ROW = 1 << 31  # cells of one row; no image is that wide


def steps_for(*outlines: Sequence[Point]) -> int:
    """Choose how finely to compare outlines.

    Args:
        *outlines: Closed polygons in pixels.

    Returns:
        Steps a pixel, many for small outlines, 2 at least.

    """
    extent = max(
        (float(np.ptp(np.array(outline), axis=0).max()) for outline in outlines if len(outline)), default=1.0
    )
    return int(np.clip(_STEPS_ACROSS / max(extent, 1.0), 2, FINEST))


def cells(outline: Sequence[Point], steps: int) -> NDArray[np.int64]:
    """Number the cells inside an outline.

    Args:
        outline: A closed polygon in pixels; fewer than three points enclose nothing.
        steps: Each pixel is ``steps`` x ``steps`` cells.

    Returns:
        Sorted numbers of the cells, the same for the same place in any outline.

    """
    if len(outline) < 3:
        return np.zeros(0, np.int64)
    # From pixel centers to cell centers, so that both outlines lie on the same grid.
    corners = (np.array(outline, np.float64) + 0.5) * steps - 0.5
    first = np.floor(corners.min(axis=0)).astype(np.int64)
    size = np.ceil(corners.max(axis=0)).astype(np.int64) - first + 1
    local = np.rint((corners - first)[:, ::-1] * 16).astype(np.int32)  # fillPoly's four fractional bits
    mask = cv2.fillPoly(np.zeros(tuple(size), np.uint8), [local], 1, shift=4)
    rows, columns = np.nonzero(mask)
    # One number for each cell; the offset keeps outlines that begin before the image positive.
    return np.asarray((rows + first[0] + _ROW // 4) * _ROW + columns + first[1] + _ROW // 4)


def area_px(outline: Sequence[Point]) -> float:
    """Area inside an outline by the shoelace formula.

    Args:
        outline: A closed polygon in pixels.

    Returns:
        Square pixels; 0 for fewer than three points.

    """
    if len(outline) < 3:
        return 0.0
    row, column = np.array(outline, np.float64).T
    return float(abs(row @ np.roll(column, 1) - column @ np.roll(row, 1)) / 2)


def overlap(first: Sequence[Point], second: Sequence[Point]) -> float:
    """Intersection over union of two outlines.

    Args:
        first: A closed polygon in pixels.
        second: Another.

    Returns:
        0 to 1; 0 when either encloses nothing.

    """
    steps = steps_for(first, second)
    return intersection_over_union(cells(first, steps), cells(second, steps))


def intersection_over_union(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Intersection over union of two sets of cells.

    Args:
        first: Numbers of cells, each once.
        second: The same of another set.

    Returns:
        0 to 1; 0 when both are empty.

    """
    common = np.intersect1d(first, second, assume_unique=True).size
    # Two empty sets share nothing: 0 and no division by zero.
    return common / max(first.size + second.size - common, 1)


def covered(outlines: Iterable[Sequence[Point]], steps: int) -> NDArray[np.int64]:
    """Number the cells that at least one outline encloses.

    Args:
        outlines: Closed polygons in pixels.
        steps: Cells a pixel in each direction.

    Returns:
        Sorted numbers of cells, each once.

    """
    found = [cells(outline, steps) for outline in outlines]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
