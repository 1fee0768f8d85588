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

from calcwatch.image.measure.outline import Window, cut_window, describe_object
from calcwatch.image.settings.measure import OutlineSettings, WholeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch.image.find.detections import Detections
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage


@dataclass(frozen=True, eq=False)
class _Region:
    """What lies above a level round a mark, holes filled, on the pixels of a window.

    Attributes:
        contour: Its rim, n x 2 (column, row) as OpenCV has it.
        inside: 1 inside, 0 outside.
        level: The level, as height in gray.
        area: Number of its pixels.
        steepness: Mean slope along its rim, gray a pixel.
    """

    contour: NDArray[np.int32]
    inside: NDArray[np.uint8]
    level: float
    area: int
    steepness: float


@dataclass(frozen=True, eq=False)
class _Whole:
    """A region with the window it was found in."""

    window: Window
    region: _Region

    def holds(self, row: float, column: float) -> bool:
        """Whether a point of the crop lies in the region."""
        place = self.window.inside(row, column)
        return place is not None and bool(self.region.inside[place])


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
    places = np.array([(found.row, found.column) for found in measured]).reshape(-1, 2)
    wholes: list[_Whole] = []
    for number in _seeds(image, measured, detections, places, settings):
        peak = _peak(detections, measured[number])
        # a place on a whole that is known leads to no other
        if any(whole.holds(*peak) for whole in wholes):
            continue
        if (whole := _whole_at(image, peak, measured[number], detections, settings, outline)) is not None:
            wholes.append(whole)
    wholes.sort(key=lambda whole: -whole.region.area * (1.0 / whole.window.fine) ** 2)
    joined = dict(enumerate(measured))
    for whole in wholes:
        on_it = [number for number, found in joined.items() if _lies_on(found, whole, detections)]
        if on_it:
            joined[on_it[0]] = _object_of(image, whole, [joined[number] for number in on_it], outline)
            for number in on_it[1:]:
                del joined[number]
    return tuple(joined[number] for number in sorted(joined))


def _peak(detections: Detections, found: MeasuredObject) -> tuple[float, float]:
    return float(detections.row[found.index]), float(detections.column[found.index])


def _lies_on(found: MeasuredObject, whole: _Whole, detections: Detections) -> bool:
    return whole.holds(found.row, found.column) or whole.holds(*_peak(detections, found))


def _seeds(
    image: PreparedImage,
    measured: Sequence[MeasuredObject],
    detections: Detections,
    places: NDArray[np.float64],
    settings: WholeSettings,
) -> Iterator[int]:
    """Marks that may lie on a whole: large ones, those seen at a coarse scale, and those with a neighbor."""
    near = image.px(settings.neighbor_mm)
    for number, found in enumerate(measured):
        if (
            found.diameter_px >= image.px(settings.seed_mm)
            or detections.sigma_px[found.index] >= image.px(settings.seed_sigma_mm)
            or np.count_nonzero(np.hypot(*(places - places[number]).T) < near) > 1
        ):
            yield number


def _whole_at(
    image: PreparedImage,
    peak: tuple[float, float],
    found: MeasuredObject,
    detections: Detections,
    settings: WholeSettings,
    outline: OutlineSettings,
) -> _Whole | None:
    """The largest whole that a place lies on; ``None`` when it lies on none."""
    half = math.ceil(image.px(settings.half_window_mm))
    window = cut_window(image, peak, half, fine=1, settings=outline)
    start = window.inside(*peak)
    if start is None:
        return None
    height = cv2.GaussianBlur(window.height, (0, 0), settings.smoothing_px)
    reach = max(1, round(settings.peak_sigmas * float(detections.sigma_px[found.index])))
    near = height[max(0, start[0] - reach) : start[0] + reach + 1, max(0, start[1] - reach) : start[1] + reach + 1]
    top = float(near.max())
    if top <= 0:
        return None
    slope = np.hypot(cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8), cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8))
    cut = _cut_sides(image, window)
    valid: list[_Region] = []
    for share in np.geomspace(settings.highest_level, settings.lowest_level, settings.levels):
        level = float(share) * top
        region = _region(height, level, start, cut)
        if region is None:
            continue
        if region is _LEAK:
            break
        judged = _judged(image, height, slope, level, region, top, settings)
        if judged is not None:
            valid.append(judged)
    if not valid:
        return None
    largest = max(valid, key=lambda region: region.area)
    # of the levels of one object the one at which its border is steepest
    same = [region for region in valid if region.area >= settings.same_share * largest.area]
    return _Whole(replace(window, height=height), max(same, key=lambda region: region.steepness))


_LEAK = np.zeros((0, 2), np.int32)


def _cut_sides(image: PreparedImage, window: Window) -> tuple[bool, bool, bool, bool]:
    """Whether the window ends there before the picture does: top, bottom, left, right."""
    rows, columns = window.height.shape
    return (
        window.top > 0,
        window.top + rows < image.gray.shape[0],
        window.left > 0,
        window.left + columns < image.gray.shape[1],
    )


def _region(
    height: NDArray[np.float32], level: float, start: tuple[int, int], cut: tuple[bool, bool, bool, bool]
) -> NDArray[np.int32] | None:
    """Contour of the region round a place; ``None`` when it lies in none, ``_LEAK`` when it leaves the window."""
    contours, _ = cv2.findContours((height >= level).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    point = (float(start[1]), float(start[0]))
    for contour in contours:
        if len(contour) > 8 and cv2.pointPolygonTest(contour, point, measureDist=False) >= 0:
            columns, rows = contour[:, 0, 0], contour[:, 0, 1]
            ends = (rows.min() == 0, rows.max() == height.shape[0] - 1, columns.min() == 0, columns.max() == height.shape[1] - 1)
            if any(end and side for end, side in zip(ends, cut, strict=True)):
                return _LEAK
            return contour[:, 0, :]
    return None


def _judged(
    image: PreparedImage,
    height: NDArray[np.float32],
    slope: NDArray[np.float32],
    level: float,
    contour: NDArray[np.int32],
    top: float,
    settings: WholeSettings,
) -> _Region | None:
    """The region when it is a whole: large, compact, with a border that is steep all along."""
    _, sides, _ = cv2.minAreaRect(contour)
    length, width = max(sides) + 1, min(sides) + 1
    if length < image.px(settings.min_length_mm) or length > image.px(settings.max_length_mm) or length > settings.max_length_to_width * width:
        return None
    hull = cv2.convexHull(contour)
    inside = np.zeros(height.shape, np.uint8)
    cv2.drawContours(inside, [contour[:, None]], -1, (1,), -1)
    area = int(inside.sum())
    rim = len(contour) / 2 + 1
    if area < settings.min_solidity * (cv2.contourArea(hull) + len(hull) / 2 + rim * 0 + cv2.arcLength(hull, closed=True) / 2 + 1):
        return None
    along = slope[contour[:, 1], contour[:, 0]]
    steepness = float(along.mean())
    weakest = float(np.quantile(along, settings.weak_quantile))
    if weakest < settings.min_weak_share * steepness:
        return None
    padded = cv2.copyMakeBorder(inside, 4, 4, 4, 4, cv2.BORDER_REPLICATE)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    near = cv2.dilate(padded, np.ones((3, 3), np.uint8))
    outer = height[(cv2.dilate(near, disk) - near)[4:-4, 4:-4] > 0]
    inner = height[(inside - cv2.erode(padded, disk)[4:-4, 4:-4]) > 0]
    if not outer.size:
        return None
    step = float(inner.mean() - outer.mean())
    if steepness < settings.min_sharpness * step or step < settings.min_step_share * top:
        return None
    if step < settings.min_step_noise * float(outer.std()):
        return None
    return _Region(contour, inside, level, area, steepness)


def _object_of(
    image: PreparedImage, whole: _Whole, marks: Sequence[MeasuredObject], settings: OutlineSettings
) -> MeasuredObject:
    """The object that a whole is, in the name of the strongest of its marks."""
    y, x = np.nonzero(whole.region.inside)
    row, column = whole.window.outside((y.min() + y.max()) / 2, (x.min() + x.max()) / 2)
    half = max(y.max() - y.min(), x.max() - x.min()) // 2 + settings.min_window_px
    window = cut_window(image, (row, column), int(half), fine=settings.magnification, settings=settings)
    top, left = window.top - whole.window.top, window.left - whole.window.left
    rows, columns = (side // window.fine for side in window.height.shape)
    inside = np.zeros((rows, columns), np.uint8)
    source = whole.region.inside[max(0, top) : top + rows, max(0, left) : left + columns]
    inside[max(0, -top) : max(0, -top) + source.shape[0], max(0, -left) : max(0, -left) + source.shape[1]] = source
    region = np.asarray(cv2.resize(inside, window.height.shape[::-1], interpolation=cv2.INTER_NEAREST))
    # both windows have their own surround: the level is taken over as gray
    level = whole.region.level + whole.window.surround - window.surround
    within = cv2.distanceTransform(region, cv2.DIST_L2, cv2.DIST_MASK_5)
    away = cv2.distanceTransform(1 - region, cv2.DIST_L2, cv2.DIST_MASK_5)
    steep = np.float32(max(whole.region.steepness / window.fine, 1e-9))
    field = window.height - np.float32(level)
    field = np.maximum(field, steep * (within - window.fine))
    field = np.minimum(field, steep * (np.float32(window.fine) - away))
    strongest = marks[0]
    others = {index for mark in marks for index in (mark.index, *mark.merged)} - {strongest.index}
    found = describe_object(window, region, field.astype(np.float32), strongest.index, settings)
    return replace(found, merged=tuple(sorted(others)))
