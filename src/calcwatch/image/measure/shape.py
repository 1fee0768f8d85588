"""What a radiologist sees of one calcification: how long, how round, how sharp, lucent, branching.

Everything is read off the outline and a close-up: the object magnified (or reduced) until it fills a small
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
from calcwatch.image.settings.measure import ShapeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage

CLOSE_PX = 32
"""Rows and columns of a close-up, as the network takes it; the object's middle lies at row and column 16."""

_SHIFT = 3  # OpenCV draws outlines on fractions of a cell: so many binary digits of it
_TINY = 1e-6  # keeps heights and areas of 0 from being divided by
_ROUNDING_MM = 1e-9  # the limits themselves are borderline


@dataclass(frozen=True, eq=False)
class CloseUp:
    """One object magnified or reduced until it fills a small square.

    Attributes:
        gray: float32, 32 x 32, gray over the surround in units of the object's height.
        inside: uint8, 32 x 32, 1 inside its outline.
        scale: Pixels of the crop along a cell.
    """

    gray: NDArray[np.float32]
    inside: NDArray[np.uint8]
    scale: float


def pyramid(
    gray: NDArray[np.float32], *, settings: ShapeSettings = ShapeSettings()
) -> tuple[NDArray[np.float32], ...]:
    """Reduce a picture again and again, so that a cut of any size takes each pixel into account.

    Args:
        gray: The picture.
        settings: How many levels.

    Returns:
        The picture and ever coarser ones, each averaging two by two pixels of the last.
    """
    levels = [gray]
    for _ in range(settings.pyramid_levels - 1):
        last = levels[-1]
        size = (max(1, last.shape[1] // 2), max(1, last.shape[0] // 2))
        # halving by means: no pixel is skipped, so that a coarse cut shows no false patterns
        levels.append(np.asarray(cv2.resize(last, size, interpolation=cv2.INTER_AREA), np.float32))
    return tuple(levels)


def cut(
    levels: Sequence[NDArray[np.float32]], row: float, column: float, *, side_px: float, cells: int
) -> NDArray[np.float32]:
    """Cut a square out of a picture and scale it.

    Args:
        levels: The picture and coarser ones, as ``pyramid`` gives them.
        row: Row of the middle of the square, in pixels of the picture.
        column: Column of its middle.
        side_px: Side of the square in pixels.
        cells: Rows and columns of the answer.

    Returns:
        The square, cells x cells; past the border of the picture its last pixels go on.
    """
    # of the level whose pixels are nearest to the cells: finer ones would be sampled with gaps, as noise
    scale = side_px / cells
    level = int(np.clip(math.floor(math.log2(max(scale, 1.0)) + 0.5), 0, len(levels) - 1))
    step = 2.0**level
    middle = (cells - 1) / 2
    y, x = ((row + 0.5) / step - 0.5, (column + 0.5) / step - 0.5)  # 0 is the middle of the first pixel
    # from cells to pixels, hence WARP_INVERSE_MAP: no matrix has to be inverted
    way = np.array(
        [[scale / step, 0, x - middle * scale / step], [0, scale / step, y - middle * scale / step]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpAffine(levels[level], way, (cells, cells), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(square, np.float32)


def cut_close_up(
    levels: Sequence[NDArray[np.float32]], found: MeasuredObject, *, settings: ShapeSettings = ShapeSettings()
) -> CloseUp:
    """Cut the square that an object fills; a tiny object is shown with its surround.

    Args:
        levels: The crop and coarser ones, as ``pyramid`` gives them.
        found: The object, in crop pixels.
        settings: How much of the square it fills.

    Returns:
        The close-up.
    """
    points = np.array(found.outline, np.float32)
    (row, column), sides, _ = cv2.minAreaRect(points)
    side = max(settings.min_field_px, settings.field_of_view * max(sides))
    gray = (cut(levels, row, column, side_px=side, cells=CLOSE_PX) - np.float32(found.surround)) / np.float32(
        max(found.height, _TINY)
    )
    scale = side / CLOSE_PX
    # OpenCV draws (column, row)
    corners = (points[:, ::-1] - (column, row)) / scale + (CLOSE_PX - 1) / 2
    inside = np.zeros((CLOSE_PX, CLOSE_PX), np.uint8)
    cv2.fillPoly(inside, [np.rint(corners * 2**_SHIFT).astype(np.int32)], (1,), shift=_SHIFT)
    return CloseUp(gray, inside, scale)


def measure_shape(
    image: PreparedImage,
    found: MeasuredObject,
    close_up: CloseUp,
    *,
    settings: ShapeSettings = ShapeSettings(),
) -> ShapeFeatures:
    """Measure the shape of one object.

    Args:
        image: The prepared image.
        found: The object, in crop pixels.
        close_up: Its close-up.
        settings: Settings of shapes.

    Returns:
        Its shape in numbers; lengths in mm only where the spacing is known.
    """
    points = np.array(found.outline, np.float32)
    _, sides, _ = cv2.minAreaRect(points)
    # of the smallest rectangle round it: a slanting object is as long as it is
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
        # the isoperimetric quotient: 1 for a circle; outlines of a few pixels can pass it
        roundness=float(min(1.0, 4 * math.pi * area / max(perimeter, _TINY) ** 2)),
        solidity=float(min(1.0, area / max(hull, area))),
        edge_sharpness=_edge_sharpness(close_up, math.sqrt(image.px(settings.blur_mm) ** 2 + PIXEL_VARIANCE)),
        lucent_center=_lucent_center(close_up, settings),
        branches=branches_of(close_up.inside, settings=settings),
    )


def size_class(diameter_mm: float | None, *, settings: ShapeSettings = ShapeSettings()) -> SizeClass:
    """Class of a diameter, with guard bands of 0.1 mm round the limits.

    Args:
        diameter_mm: The diameter in mm; ``None`` where the spacing is unknown.
        settings: Limits and guard bands.

    Returns:
        The class; an unknown diameter is not measurable.
    """
    if diameter_mm is None:
        return SizeClass.NOT_MEASURABLE
    # borders first: a diameter within its error of a limit belongs to neither side
    if abs(diameter_mm - settings.micro_mm) <= settings.guard_mm + _ROUNDING_MM:
        return SizeClass.BORDERLINE_HALF_MM
    if abs(diameter_mm - settings.macro_mm) <= settings.guard_mm + _ROUNDING_MM:
        return SizeClass.BORDERLINE_ONE_MM
    if diameter_mm < settings.micro_mm:
        return SizeClass.MICRO
    return SizeClass.HALF_TO_ONE_MM if diameter_mm < settings.macro_mm else SizeClass.MACRO


def _edge_sharpness(close_up: CloseUp, blur_px: float) -> float:
    """Median of the steepest slope near the outline over that of a step edge as the system blurs it."""
    slope = np.hypot(
        # the weights of Sobel's filter add up to 8 for a slope of 1 a cell
        cv2.Sobel(close_up.gray, cv2.CV_32F, 0, 1, scale=1 / 8),
        cv2.Sobel(close_up.gray, cv2.CV_32F, 1, 0, scale=1 / 8),
    )
    # the outline runs on whole cells, the steepest place may be the next one
    steepest = cv2.dilate(slope, np.ones((3, 3), np.uint8))
    edge = cv2.morphologyEx(close_up.inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    if not edge.any():
        return 0.0
    # slope of a step edge behind a Gaussian, a cell; cells wider than the blur blur as well
    step = close_up.scale / (math.sqrt(2 * math.pi) * max(blur_px, close_up.scale / 2))
    return float(np.median(steepest[edge]) / step)


def _lucent_center(close_up: CloseUp, settings: ShapeSettings) -> float:
    """How much darker the middle is than the rim, 0 to 1; 0 for an object too small to show it."""
    # rim and core by depth, not by radius: a long object has a lucent center as well
    depth = cv2.distanceTransform(close_up.inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    deepest = float(depth.max())
    core, rim = depth > settings.core_share * deepest, (depth > 0) & (depth <= settings.rim_share * deepest)
    if deepest < settings.min_core_depth or core.sum() < settings.min_core_cells or not rim.any():
        return 0.0
    # the blur darkens the outside of a rim: the bright part of it stands for the whole
    bright = float(np.quantile(close_up.gray[rim], settings.rim_quantile))
    return float(np.clip(1 - np.mean(close_up.gray[core]) / max(bright, _TINY), 0, 1))


def branches_of(inside: NDArray[np.uint8], *, settings: ShapeSettings = ShapeSettings()) -> int:
    """Count where arms part: the deep notches of an object beyond one.

    Args:
        inside: 1 inside its outline, 0 outside.
        settings: How deep a notch must be.

    Returns:
        0 for a straight line and for a bent one, which has one notch; more where arms part.
    """
    corners = cv2.findNonZero(inside)
    if corners is None or len(corners) < 4:  # so few cells leave no cell of their hull empty
        return 0
    hull = np.zeros_like(np.pad(inside, 1))
    cv2.fillConvexPoly(hull, cv2.convexHull(corners) + 1, (1,))
    # a notch is a pocket between object and hull; its depth is the way from the hull's rim to its floor
    depth = cv2.distanceTransform(hull, cv2.DIST_L2, cv2.DIST_MASK_5)
    count, pockets = cv2.connectedComponents(hull & (1 - np.pad(inside, 1)), connectivity=4)
    deep = max(settings.notch_share * max(cv2.minAreaRect(corners)[1]), settings.min_notch_cells)
    return max(0, sum(bool(depth[pockets == label].max() >= deep) for label in range(1, count)) - 1)
