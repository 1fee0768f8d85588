"""What a radiologist sees of one calcification: how long, how round, how sharp, lucent, branching.

Everything is read off the outline and a closer look: the object magnified (or reduced) until it fills a small
square, in units of its own height.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import ShapeFeatures
from calcwatch.domain.lexicon import SizeClass
from calcwatch.image.arrays import PIXEL_VARIANCE
from calcwatch.image.settings import ShapeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage

CLOSE_PX = 32
"""Rows and columns of a closer look; the object's middle lies at row and column 16."""

_SUB = 8  # fractions of a pixel that outlines are drawn with
_TINY = 1e-6
_ROUNDING_MM = 1e-9  # the limits themselves are borderline


@dataclass(frozen=True, eq=False)
class Close:
    """A closer look at one object: ``gray`` over its surround in units of its height, ``inside`` its outline.

    Both float32, 32 x 32; ``scale``: pixels of the crop that one cell is wide.
    """

    gray: NDArray[np.float32]
    inside: NDArray[np.uint8]
    scale: float


def pyramid(
    gray: NDArray[np.float32], *, settings: ShapeSettings = ShapeSettings()
) -> tuple[NDArray[np.float32], ...]:
    """The picture and ever coarser ones, each averaging two by two pixels of the one before."""
    levels = [gray]
    for _ in range(settings.pyramid_levels - 1):
        last = levels[-1]
        size = (max(1, last.shape[1] // 2), max(1, last.shape[0] // 2))
        levels.append(np.asarray(cv2.resize(last, size, interpolation=cv2.INTER_AREA), np.float32))
    return tuple(levels)


def cut(
    levels: Sequence[NDArray[np.float32]], row: float, column: float, *, side_px: float, cells: int
) -> NDArray[np.float32]:
    """A square of ``side_px`` pixels of the crop round a point, on ``cells`` x ``cells`` cells."""
    scale = side_px / cells
    level = int(np.clip(math.floor(math.log2(max(scale, 1.0)) + 0.5), 0, len(levels) - 1))
    step = 2.0**level
    middle = (cells - 1) / 2
    y, x = ((row + 0.5) / step - 0.5, (column + 0.5) / step - 0.5)
    way = np.array(
        [[scale / step, 0, x - middle * scale / step], [0, scale / step, y - middle * scale / step]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpAffine(levels[level], way, (cells, cells), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(square, np.float32)


def look_closer(
    levels: Sequence[NDArray[np.float32]], found: MeasuredObject, *, settings: ShapeSettings = ShapeSettings()
) -> Close:
    """Cut the square that an object fills; a tiny object is shown with its surround."""
    points = np.array(found.outline, np.float32)
    (row, column), (one, other), _ = cv2.minAreaRect(points)
    side = max(settings.min_field_px, settings.field_of_view * max(one, other))
    gray = (cut(levels, row, column, side_px=side, cells=CLOSE_PX) - np.float32(found.surround)) / np.float32(
        max(found.height, _TINY)
    )
    scale = side / CLOSE_PX
    corners = (points[:, ::-1] - (column, row)) / scale + (CLOSE_PX - 1) / 2
    inside = np.zeros((CLOSE_PX, CLOSE_PX), np.uint8)
    cv2.fillPoly(inside, [np.rint(corners * _SUB).astype(np.int32)], (1,), shift=3)
    return Close(gray, inside, scale)


def measure_shape(
    image: PreparedImage, found: MeasuredObject, close: Close, *, settings: ShapeSettings = ShapeSettings()
) -> ShapeFeatures:
    """Describe the shape of one object by numbers; lengths in mm only where the spacing is known."""
    points = np.array(found.outline, np.float32)
    _, sides, _ = cv2.minAreaRect(points)
    length, width = (max(side, settings.min_length_px) for side in (max(sides), min(sides)))
    perimeter, hull = cv2.arcLength(points, closed=True), cv2.contourArea(cv2.convexHull(points))
    area = max(found.area_px, _TINY)
    mm = image.spacing_mm
    return ShapeFeatures(
        length_px=float(length),
        width_px=float(width),
        length_mm=None if mm is None else float(length * mm),
        width_mm=None if mm is None else float(width * mm),
        length_to_width=float(max(1.0, length / width)),
        roundness=float(min(1.0, 4 * math.pi * area / max(perimeter, _TINY) ** 2)),
        solidity=float(min(1.0, area / max(hull, area))),
        edge_sharpness=_edge_sharpness(close, math.sqrt(image.px(settings.blur_mm) ** 2 + PIXEL_VARIANCE)),
        lucent_center=_lucent_center(close, settings),
        branches=branches_of(close.inside, settings=settings),
    )


def size_class(diameter_mm: float | None, *, settings: ShapeSettings = ShapeSettings()) -> SizeClass:
    """Class of a diameter with guard bands of 0.1 mm; an unknown one is not measurable."""
    if diameter_mm is None:
        return SizeClass.NOT_MEASURABLE
    if abs(diameter_mm - settings.micro_mm) <= settings.guard_mm + _ROUNDING_MM:
        return SizeClass.BORDERLINE_HALF_MM
    if abs(diameter_mm - settings.macro_mm) <= settings.guard_mm + _ROUNDING_MM:
        return SizeClass.BORDERLINE_ONE_MM
    if diameter_mm < settings.micro_mm:
        return SizeClass.MICRO
    return SizeClass.HALF_TO_ONE_MM if diameter_mm < settings.macro_mm else SizeClass.MACRO


def _edge_sharpness(close: Close, blur_px: float) -> float:
    """Median of the steepest slope near the outline over that of a step edge as the system blurs it."""
    slope = np.hypot(
        cv2.Sobel(close.gray, cv2.CV_32F, 0, 1, scale=1 / 8),
        cv2.Sobel(close.gray, cv2.CV_32F, 1, 0, scale=1 / 8),
    )
    steepest = cv2.dilate(slope, np.ones((3, 3), np.uint8))
    edge = cv2.morphologyEx(close.inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    if not edge.any():
        return 0.0
    step = close.scale / (math.sqrt(2 * math.pi) * max(blur_px, close.scale / 2))
    return float(np.median(steepest[edge]) / step)


def _lucent_center(close: Close, settings: ShapeSettings) -> float:
    depth = cv2.distanceTransform(close.inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    deepest = float(depth.max())
    core, rim = depth > settings.core_share * deepest, (depth > 0) & (depth <= settings.rim_share * deepest)
    if deepest < 2 or core.sum() < settings.min_core_cells or not rim.any():
        return 0.0
    bright = float(np.quantile(close.gray[rim], 0.75))
    return float(np.clip(1 - np.mean(close.gray[core]) / max(bright, _TINY), 0, 1))


def branches_of(inside: NDArray[np.uint8], *, settings: ShapeSettings = ShapeSettings()) -> int:
    """Deep notches of an object beyond one: 0 for a straight or bent line, more where arms part.

    ``inside``: 1 inside its outline.
    """
    corners = cv2.findNonZero(inside)
    if corners is None or len(corners) < 4:
        return 0
    hull = np.zeros_like(np.pad(inside, 1))
    cv2.fillConvexPoly(hull, cv2.convexHull(corners) + 1, (1,))
    depth = cv2.distanceTransform(hull, cv2.DIST_L2, cv2.DIST_MASK_5)
    count, pockets = cv2.connectedComponents(hull & (1 - np.pad(inside, 1)), connectivity=4)
    deep = max(settings.notch_share * max(cv2.minAreaRect(corners)[1]), settings.min_notch_cells)
    return max(0, sum(bool(depth[pockets == label].max() >= deep) for label in range(1, count)) - 1)
