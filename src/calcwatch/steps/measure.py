"""Outline of each calcification; size and contrast, each with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain import Point
    from calcwatch.steps.detect import Detections
    from calcwatch.steps.normalize import NormalizedImage

_WINDOW_SIGMAS = 5.0
_MIN_WINDOW_PX = 8
_MAX_WINDOW_MM = 4.0
_WINDOW_GROWTH = 1.7
_FINE_WINDOW_PX = 16  # windows up to this are looked at four times finer
_HALF = 0.5
_SADDLE = 0.72  # two peaks are two calcifications when the best way between them dips below this share
_PEAK_QUANTILE = 0.9
_NORMAL_MAD = 1.4826
_TRUE_TO_HALF = 1.09
"""True diameter over the diameter at half height: 1.15 for a ball, 1.00 for a plate."""
_SHAPE_ERROR = 0.04  # of the diameter, one standard deviation: the profile along the beam is not known


@dataclass(frozen=True, eq=False)
class MeasuredObject:
    """One outlined object in crop coordinates; lengths in pixels, errors one standard deviation.

    ``index``: which detection it belongs to. ``outline``: polygon at half height. ``diameter``, ``area``: of
    the whole object, estimated from that outline. ``contrast``: height over the surround in noise units.
    ``merged``: other detections that lie on the same object.
    """

    index: int
    row: float
    column: float
    area_px: float
    diameter_px: float
    diameter_error_px: float
    contrast: float
    contrast_error: float
    outline: tuple[Point, ...]
    merged: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Window:
    """A finer look at a piece of the crop: ``fine`` pixels to one, its top-left pixel, levels in gray."""

    gray: NDArray[np.float32]
    fine: int
    top: int
    left: int
    surround: float
    noise: float

    def inside(self, row: float, column: float) -> tuple[int, int] | None:
        """Fine pixel of a point of the crop, ``None`` when it lies outside the window."""
        y, x = (
            round((row - self.top + 0.5) * self.fine - 0.5),
            round((column - self.left + 0.5) * self.fine - 0.5),
        )
        return (y, x) if 0 <= y < self.gray.shape[0] and 0 <= x < self.gray.shape[1] else None

    def outside(self, y: float, x: float) -> Point:
        """Point of the crop of a fine pixel."""
        return (y + 0.5) / self.fine - 0.5 + self.top, (x + 0.5) / self.fine - 0.5 + self.left


def measure(image: NormalizedImage, detections: Detections) -> tuple[MeasuredObject, ...]:
    """Outline every detection at half of its height, strongest first.

    A detection on an object that a stronger one outlined already is merged into it. The order is that of the
    detections.
    """
    objects: list[MeasuredObject] = []
    taken: set[int] = set()
    peaks = np.stack([detections.row, detections.column], axis=1)
    for index in range(len(peaks)):
        if index not in taken:
            found = _measure_one(image, peaks, index, float(detections.sigma_px[index]))
            if not any(_lies_on(found, stronger) for stronger in objects):
                taken.update(found.merged)
                objects.append(found)
    return tuple(objects)


def _lies_on(found: MeasuredObject, stronger: MeasuredObject) -> bool:
    """Whether the center of one object lies inside the outline of a stronger one."""
    offset = math.hypot(found.row - stronger.row, found.column - stronger.column)
    if offset > 2 * stronger.diameter_px or len(stronger.outline) < 3:
        return offset < 1.0
    polygon = np.array(stronger.outline, np.float32)
    return cv2.pointPolygonTest(polygon, (found.row, found.column), measureDist=False) >= 0


def _measure_one(
    image: NormalizedImage, peaks: NDArray[np.float32], index: int, sigma_px: float
) -> MeasuredObject:
    half_size = max(_MIN_WINDOW_PX, math.ceil(_WINDOW_SIGMAS * sigma_px))
    largest = max(half_size, round(image.px(_MAX_WINDOW_MM)))
    while True:
        window = _window(image, peaks[index], half_size)
        region, merged = _region(window, peaks, index)
        if half_size >= largest or not _touches_rim(region):
            return _describe(window, region, index, merged)
        half_size = min(largest, math.ceil(_WINDOW_GROWTH * half_size))


def _window(image: NormalizedImage, peak: NDArray[np.float32], half_size: int) -> _Window:
    row, column = int(peak[0]), int(peak[1])
    top, left = max(0, row - half_size), max(0, column - half_size)
    piece = image.gray[top : row + half_size + 1, left : column + half_size + 1]
    fine = 4 if half_size <= _FINE_WINDOW_PX else 2
    gray = cv2.resize(piece, None, fx=fine, fy=fine, interpolation=cv2.INTER_CUBIC)
    rim = np.concatenate([piece[:2].ravel(), piece[-2:].ravel(), piece[:, :2].ravel(), piece[:, -2:].ravel()])
    surround = float(np.median(rim))
    noise = _NORMAL_MAD * float(np.median(np.abs(rim - surround)))
    return _Window(np.asarray(gray), fine, top, left, surround, max(noise, 0.3 * image.gray_step))


def _region(
    window: _Window, peaks: NDArray[np.float32], index: int
) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
    """Pixels of the object, and the other detections on it."""
    start = window.inside(*map(float, peaks[index]))
    if start is None:
        raise ValueError(f"detection {index} lies outside the picture")
    top = _peak_near(window, start)
    level = window.surround + _HALF * (top - window.surround)
    region = _connected(window.gray, level, start)
    robust = float(np.quantile(window.gray[region > 0], _PEAK_QUANTILE))
    level = window.surround + _HALF * (robust - window.surround)
    region = _connected(window.gray, level, start)
    merged = []
    for other, place in _weaker_on(window, region, peaks, index):
        lower = min(top, _peak_near(window, place))
        saddle = window.surround + _SADDLE * (lower - window.surround)
        if saddle <= level or _connected(window.gray, saddle, start)[place]:
            merged.append(other)
        else:
            level = saddle
            region = _connected(window.gray, level, start)
    return region, tuple(merged)


def _weaker_on(
    window: _Window, region: NDArray[np.uint8], peaks: NDArray[np.float32], index: int
) -> list[tuple[int, tuple[int, int]]]:
    """Weaker detections whose peak lies on the region, each with its fine pixel."""
    rows, columns = region.shape[0] / window.fine, region.shape[1] / window.fine
    near = (np.abs(peaks[:, 0] - window.top - rows / 2) < rows / 2) & (
        np.abs(peaks[:, 1] - window.left - columns / 2) < columns / 2
    )
    others = [int(i) for i in np.flatnonzero(near) if i > index]
    places = [window.inside(*map(float, peaks[i])) for i in others]
    return [(i, place) for i, place in zip(others, places, strict=True) if place and region[place]]


def _peak_near(window: _Window, place: tuple[int, int]) -> float:
    y, x = place
    reach = window.fine
    return float(window.gray[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].max())


def _connected(gray: NDArray[np.float32], level: float, start: tuple[int, int]) -> NDArray[np.uint8]:
    """1 where gray is above ``level`` and joined to the brightest such pixel at ``start``."""
    _, labels = cv2.connectedComponents((gray >= level).astype(np.uint8), connectivity=4)
    label = labels[start]
    if label == 0:
        region = np.zeros(gray.shape, np.uint8)
        region[start] = 1
        return region
    return np.asarray(labels == label, dtype=np.uint8)


def _touches_rim(region: NDArray[np.uint8]) -> bool:
    return bool(region[0].any() or region[-1].any() or region[:, 0].any() or region[:, -1].any())


def _describe(
    window: _Window, region: NDArray[np.uint8], index: int, merged: tuple[int, ...]
) -> MeasuredObject:
    contours, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(region), contours, -1, 1, cv2.FILLED)
    height = np.where(filled > 0, window.gray - window.surround, 0.0).clip(0.0)
    y, x = np.indices(filled.shape, dtype=np.float32)
    mass = max(float(height.sum()), 1e-9)
    row, column = window.outside(float((y * height).sum()) / mass, float((x * height).sum()) / mass)
    diameter = _TRUE_TO_HALF * 2.0 * math.sqrt(float(filled.sum()) / window.fine**2 / math.pi)
    area = math.pi / 4.0 * diameter**2
    top = float(np.quantile(window.gray[region > 0], _PEAK_QUANTILE))
    contrast = (top - window.surround) / window.noise
    outline = max(contours, key=len)[:, 0, ::-1]
    return MeasuredObject(
        index=index,
        row=row,
        column=column,
        area_px=area,
        diameter_px=diameter,
        diameter_error_px=_diameter_error(diameter, contrast),
        contrast=contrast,
        contrast_error=math.sqrt(1.0 + 1.0 / max(1.0, area)),
        outline=tuple(window.outside(float(a), float(b)) for a, b in outline[:: window.fine]),
        merged=merged,
    )


def _diameter_error(diameter_px: float, contrast: float) -> float:
    """One standard deviation: noise moves the edge, pixels cut it, and the profile is not known.

    The edge rises over about two pixels, so noise moves it by ``2 / contrast`` pixels; a pixel cuts it to
    0.29 pixels; both average over the pixels along the outline.
    """
    edge_px = math.hypot(2.0 / max(contrast, 1.0), 0.29)
    along = max(1.0, math.pi * diameter_px)
    return math.hypot(2.0 * edge_px / math.sqrt(along), _SHAPE_ERROR * diameter_px)
