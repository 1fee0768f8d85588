"""Marks on one large calcification -> one mark with one outline.

A coarse, popcorn, dystrophic or rim calcification has several tops, so that it is detected several times, and
its outline at half height of a top is a part of it. What tells the whole from a bright piece of tissue that
holds several specks is its border: closed, and as steep all along as the system lets a border be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import cKDTree

from calcwatch.image.arrays import PIXEL_VARIANCE, gaussian
from calcwatch.image.measure.outline import Window, cut_window, describe_object
from calcwatch.image.settings.measure import OutlineSettings, WholeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.image.find.detections import Detections
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage

_TINY = 1e-9  # keeps what is divided by from being 0
_RING_PX = 2  # inside and outside of a border are looked at so far from it


@dataclass(frozen=True, eq=False)
class _Picture:
    """A piece of the crop in which a whole is sought.

    Attributes:
        window: The piece, slope of its surround taken off, on pixels that are not much finer than the blur.
        height: The same without its grain.
        slope: How steep that is, gray a pixel.
        blur: Sigma of a step edge on these pixels.
        per_mm: Pixels a millimeter.
        cut: Whether it ends before the picture does: top, bottom, left, right.
    """

    window: Window
    height: NDArray[np.float32]
    slope: NDArray[np.float32]
    blur: float
    per_mm: float
    cut: tuple[bool, bool, bool, bool]


@dataclass(frozen=True, eq=False)
class _Whole:
    """A calcification as a whole, in pixels of the crop.

    Attributes:
        contour: Its rim, n x 2 (row, column).
        level: Gray at its rim.
        area: Its area.
        steepness: Mean slope along its rim, gray a pixel.
        picture: Where it was found.
    """

    contour: NDArray[np.float32]
    level: float
    area: float
    steepness: float
    picture: _Picture

    def holds(self, row: float, column: float) -> bool:
        """Whether a point of the crop lies inside."""
        return cv2.pointPolygonTest(self.contour, (row, column), measureDist=False) >= 0


def join_wholes(
    image: PreparedImage,
    measured: Sequence[MeasuredObject],
    detections: Detections,
    *,
    settings: WholeSettings = WholeSettings(),
    outline: OutlineSettings = OutlineSettings(),
) -> tuple[MeasuredObject, ...]:
    """Make one object of the marks that lie on one large calcification, and outline it as a whole.

    Args:
        image: The prepared image.
        measured: Outlined detections in crop pixels, highest score first.
        detections: What their ``index`` counts.
        settings: What a whole is.
        outline: Settings of outlines.

    Returns:
        The objects, highest score first. A whole stands in the place of the strongest of the marks on it and
        has the others among its ``merged``; all other marks are as they were.
    """
    wholes: list[_Whole] = []
    for number in _seeds(image, measured, detections, settings):
        peak = _peak(detections, measured[number])
        # a place on a whole that is known leads to no other
        if not any(whole.holds(*peak) for whole in wholes):
            sigma = float(detections.sigma_px[measured[number].index])
            whole = _whole_at(image, peak, measured[number].diameter_px, sigma, settings, outline)
            if whole is not None:
                wholes.append(whole)
    left = dict(enumerate(measured))
    # the largest first: what lies in it is a part of it
    for whole in sorted(wholes, key=lambda whole: -whole.area):
        parts = [
            number
            for number, found in left.items()
            if whole.holds(found.row, found.column) or whole.holds(*_peak(detections, found))
        ]
        places = [_peak(detections, left[number]) for number in parts]
        if parts and _hangs_together(whole.picture, places, settings):
            left[parts[0]] = _object_of(image, whole, [left[number] for number in parts], outline)
            for number in parts[1:]:
                del left[number]
    return tuple(left[number] for number in sorted(left))


def _peak(detections: Detections, found: MeasuredObject) -> tuple[float, float]:
    return float(detections.row[found.index]), float(detections.column[found.index])


def _seeds(
    image: PreparedImage, measured: Sequence[MeasuredObject], detections: Detections, settings: WholeSettings
) -> NDArray[np.intp]:
    """Marks that may lie on a whole: large ones, those seen at a coarse scale, and those with a neighbor."""
    places = np.array([(found.row, found.column) for found in measured], np.float64).reshape(-1, 2)
    diameters = np.array([found.diameter_px for found in measured])
    sigmas = detections.sigma_px[[found.index for found in measured]]
    pairs = cKDTree(places).query_pairs(image.px(settings.neighbor_mm), output_type="ndarray")
    may = (diameters >= image.px(settings.seed_mm)) | (sigmas >= image.px(settings.seed_sigma_mm))
    may[pairs.ravel()] = True
    return np.flatnonzero(may)


def _whole_at(
    image: PreparedImage,
    peak: tuple[float, float],
    diameter_px: float,
    sigma_px: float,
    settings: WholeSettings,
    outline: OutlineSettings,
) -> _Whole | None:
    """The largest whole that a place lies on; ``None`` when it lies on none."""
    large = diameter_px >= image.px(settings.large_mm)
    for half_mm in (settings.half_window_mm, settings.large_window_mm)[: 1 + large]:
        picture = _picture(image, peak, half_mm, settings, outline)
        whole, leaks = _largest(picture, peak, sigma_px, settings)
        # what leaves the window at a high level is larger than it
        if not leaks:
            return whole
    return whole


def _picture(
    image: PreparedImage,
    peak: tuple[float, float],
    half_mm: float,
    settings: WholeSettings,
    outline: OutlineSettings,
) -> _Picture:
    # pixels much finer than the blur tell no more of a large object
    step = max(1, round(image.px(settings.pixel_mm)))
    half = math.ceil(image.px(half_mm) / step) * step
    window = cut_window(image, peak, half, fine=1 / step, settings=outline)
    height = gaussian(window.height, settings.smoothing_px)
    downward, rightward = (cv2.Sobel(height, cv2.CV_32F, across, 1 - across, scale=1 / 8) for across in (0, 1))
    variance = (image.px(settings.blur_mm) / step) ** 2 + PIXEL_VARIANCE + settings.smoothing_px**2
    rows, columns = image.gray.shape
    side = 2 * half + 1
    cut = (
        window.top > 0,
        window.top + side < rows,
        window.left > 0,
        window.left + side < columns,
    )
    return _Picture(
        window,
        height,
        np.hypot(downward, rightward),
        math.sqrt(variance),
        image.px(1.0) / step,
        cut,
    )


def _largest(
    picture: _Picture, peak: tuple[float, float], sigma_px: float, settings: WholeSettings
) -> tuple[_Whole | None, bool]:
    """The largest whole round a place, and whether what lies there left the picture at a high level."""
    height = picture.height
    start = picture.window.inside(*peak)
    if start is None:
        return None, False
    reach = max(1, round(settings.peak_sigmas * sigma_px * picture.window.fine))
    rows, columns = (slice(max(0, place - reach), place + reach + 1) for place in start)
    top = float(height[rows, columns].max())
    if top <= 0:
        return None, False
    found: list[_Whole] = []
    leaks = False
    for share in np.geomspace(settings.highest_level, settings.lowest_level, settings.levels).tolist():
        contour = _contour(height, share * top, start)
        if contour is None:
            continue
        if _leaves(picture, contour):
            leaks = share >= settings.leak_level
            break
        whole = _judged(picture, contour, share * top, top, settings)
        if whole is not None:
            found.append(whole)
    if not found:
        return None, leaks
    # of the levels of one object the one at which its border is steepest
    largest = max(whole.area for whole in found)
    same = [whole for whole in found if whole.area >= settings.same_share * largest]
    return max(same, key=lambda whole: whole.steepness), leaks


def _contour(
    height: NDArray[np.float32], level: float, start: tuple[int, int]
) -> NDArray[np.int32] | None:
    """Rim of what lies above a level round a place, n x 2 (column, row); ``None`` when nothing does."""
    above = (height >= level).view(np.uint8)
    # the outer rims, filled: a place in the dark middle of a ring lies inside of it
    contours, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(above, contours, -1, (1,), -1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    label = labels[start]
    if label == 0:
        return None
    left, upper, width, tall, _ = stats[label].tolist()
    piece = (labels[upper : upper + tall, left : left + width] == label).view(np.uint8)
    rim, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(left, upper))
    return np.asarray(rim[0][:, 0, :], np.int32)


def _leaves(picture: _Picture, contour: NDArray[np.int32]) -> bool:
    """Whether a region reaches a side of the picture that is not the border of the image."""
    rows, columns = picture.height.shape
    (left, top), (right, bottom) = contour.min(axis=0), contour.max(axis=0)
    ends = (top == 0, bottom == rows - 1, left == 0, right == columns - 1)
    return any(end and side for end, side in zip(ends, picture.cut, strict=True))


def _judged(
    picture: _Picture, contour: NDArray[np.int32], level: float, top: float, settings: WholeSettings
) -> _Whole | None:
    """The region when it is a whole: large, compact, with a border that is steep all along."""
    _, sides, _ = cv2.minAreaRect(contour)
    # the contour runs through the middle of pixels
    length, width = max(sides) + 1, min(sides) + 1
    if not settings.min_length_mm <= length / picture.per_mm <= settings.max_length_mm:
        return None
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(contour) + len(contour) / 2 + 1  # Pick's theorem: as many pixels
    hull_area = cv2.contourArea(hull) + cv2.arcLength(hull, closed=True) / 2 + 1
    if length > settings.max_length_to_width * width or area < settings.min_solidity * hull_area:
        return None
    along = picture.slope[contour[:, 1], contour[:, 0]]
    steepness = float(along.mean())
    weakest = float(np.quantile(along, settings.weak_quantile))
    if weakest < settings.min_weak_share * steepness:
        return None
    step, unrest = _step(picture.height, contour)
    sharpness = steepness * math.sqrt(2 * math.pi) * picture.blur / max(step, _TINY)
    if (
        sharpness < settings.min_sharpness
        or step < settings.min_step_share * top
        or step < settings.min_step_noise * unrest
    ):
        return None
    fine = picture.window.fine
    rim = np.stack(picture.window.outside(contour[:, 1], contour[:, 0]), axis=1)
    return _Whole(
        rim.astype(np.float32), level + picture.window.surround, area / fine**2, steepness * fine, picture
    )


def _step(height: NDArray[np.float32], contour: NDArray[np.int32]) -> tuple[float, float]:
    """How much higher it is just inside of a region than just outside, and the unrest outside."""
    rim = _RING_PX + 2
    corner = np.maximum(contour.min(axis=0) - rim, 0)
    left, top = corner.tolist()
    right, bottom = (contour.max(axis=0) + rim + 1).tolist()
    piece = height[top:bottom, left:right]
    inside = np.zeros(piece.shape, np.uint8)
    cv2.drawContours(inside, [contour[:, None] - corner.astype(np.int32)], -1, (1,), -1)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RING_PX + 1, 2 * _RING_PX + 1))
    # the pixel next to the rim is of the border itself
    near = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    outer = piece[cv2.dilate(near, disk) > near]
    inner = piece[inside > cv2.erode(inside, disk)]
    if not outer.size:
        return 0.0, 0.0
    return float(inner.mean() - outer.mean()), float(outer.std())


def _hangs_together(picture: _Picture, places: Sequence[tuple[float, float]], settings: WholeSettings) -> bool:
    """Whether most of the tops at these places are joined to the first without a deep dip between."""
    tops = [_top_near(picture, picture.window.inside(*place)) for place in places]
    joined = 0
    for (height, place) in tops[1:]:
        level = settings.min_saddle * min(height, tops[0][0])
        _, labels = cv2.connectedComponents((picture.height >= level).view(np.uint8))
        joined += labels[place] == labels[tops[0][1]] != 0
    return 2 * joined >= len(tops) - 1


def _top_near(picture: _Picture, place: tuple[int, int] | None) -> tuple[float, tuple[int, int]]:
    """The greatest height within two pixels of a place, and where it is."""
    rows, columns = picture.height.shape
    y, x = place or (0, 0)
    up, left = max(0, y - _RING_PX), max(0, x - _RING_PX)
    near = picture.height[up : y + _RING_PX + 1, left : x + _RING_PX + 1]
    row, column = np.unravel_index(int(near.argmax()), near.shape)
    return float(near[row, column]), (up + int(row), left + int(column))


def _object_of(
    image: PreparedImage, whole: _Whole, marks: Sequence[MeasuredObject], settings: OutlineSettings
) -> MeasuredObject:
    """The object that a whole is, in the name of the strongest of its marks."""
    low, high = whole.contour.min(axis=0), whole.contour.max(axis=0)
    half = math.ceil(float((high - low).max()) / 2) + settings.min_window_px
    middle = np.clip((low + high) / 2, 0, np.array(image.gray.shape) - 1)
    fine = settings.magnification
    window = cut_window(image, middle, half, fine=fine, settings=settings)
    corners = (whole.contour - (window.top, window.left) + 0.5) * fine - 0.5
    region = np.zeros(window.height.shape, np.uint8)
    cv2.fillPoly(region, [np.rint(corners[:, ::-1]).astype(np.int32)], (1,))
    # the contour at the level, between pixels, but no further from the region than a pixel of the crop
    within, away = (cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_5) for part in (region, 1 - region))
    slope = np.float32(max(whole.steepness / fine, _TINY))
    edge = window.height - np.float32(whole.level - window.surround)
    edge = np.minimum(np.maximum(edge, slope * (within - fine)), slope * (np.float32(fine) - away))
    strongest = marks[0]
    merged = {index for mark in marks for index in (mark.index, *mark.merged)} - {strongest.index}
    found = describe_object(window, region, np.asarray(edge, np.float32), strongest.index, settings)
    return replace(found, merged=tuple(sorted(merged)))
