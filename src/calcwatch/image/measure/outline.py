"""Outline of each calcification; size and contrast, each with its error.

An outline at half height shows a small calcification too large, because the system blurs it, and a large one
too small, because it is thin at its rim. Where between the top and the surround the true edge lies depends on
the half-width in units of the blur, in the same way for a ball and for a rod; and on whether the object is
round on top or flat, as a plate is, or anything dense enough to come near white.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.prepare.normalize import NormalizedImage

_WINDOW_SIGMAS = 5.0
_MIN_WINDOW_PX = 8
_MAX_WINDOW_MM = 4.0
_WINDOW_GROWTH = 1.7
_FINE_WINDOW_PX = 16  # windows up to this are looked at four times finer
_HALF, _THREE_QUARTERS = 0.5, 0.75
_SADDLE = 0.72  # two peaks are two calcifications when the best way between them dips below this share
_PEAK_QUANTILE = 0.9
_NORMAL_MAD = 1.4826
_TINY = 1e-9

_BLUR_MM = 0.06  # focal spot and detector of a mammography system
_PIXEL_BLUR = 1 / 12  # variance of a pixel's width
_ROUNDNESS = 1.12  # noise makes an outline rough: the half-width is up to so much more than what fits inside

# A ball and a plate as a blur of one unit shows them, computed once with 15 percent of it four times as wide:
# half-width at half height; share of the height at the true edge; how far outside of the outline at half
# height that edge lies; width at three quarters of the height over that at half.
_HALF_WIDTH = (1.55, 1.75, 2.0, 2.4, 3.0, 4.0, 6.0, 9.0, 14.0, 40.0)
_BALL_LEVEL = (0.49, 0.40, 0.36, 0.31, 0.28, 0.25, 0.22, 0.19, 0.17, 0.15)
_PLATE_LEVEL = (0.50, 0.49, 0.46, 0.44, 0.43, 0.43, 0.43, 0.43, 0.43, 0.43)
_BALL_GROWTH = (0.0, 0.23, 0.37, 0.54, 0.69, 0.87, 1.19, 1.62, 2.29, 5.5)
_PLATE_GROWTH = (0.0, 0.01, 0.10, 0.17, 0.19, 0.17, 0.17, 0.17, 0.17, 0.17)
_BALL_TOP = (0.685, 0.687, 0.694, 0.716, 0.741, 0.768, 0.787, 0.787, 0.785, 0.785)
_PLATE_TOP = (0.690, 0.692, 0.701, 0.738, 0.775, 0.820, 0.871, 0.915, 0.944, 0.970)
_LEAST_TOP = 0.07  # smaller differences of the two tell nothing
_TELLING = 10.0  # contrast from which on the shape of the top is seen
_LEAST_GROWTH, _MOST_GROWTH = 0.5, 1.2  # of that growth: noise at the foot moves the edge no further
_SHAPE_ERROR = 0.04  # of the diameter, one standard deviation: the profile along the beam is not known


@dataclass(frozen=True, eq=False)
class MeasuredObject:
    """One outlined object in crop coordinates; lengths in pixels, errors one standard deviation.

    ``index``: which detection it belongs to. ``outline``: polygon round the whole object, blur undone.
    ``area``: inside the outline, holes included; ``diameter``: of the circle with that area. ``contrast``:
    height over the surround in noise units; ``height``: the same in gray; ``surround``: gray it stands on.
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
    height: float
    surround: float


@dataclass(frozen=True, eq=False)
class _Window:
    """A finer look at a piece of the crop: ``fine`` pixels to one, gray over the plane of its surround.

    ``surround``: gray of that plane in the middle.
    """

    height: NDArray[np.float32]
    fine: int
    top: int
    left: int
    noise: float
    surround: float

    def inside(self, row: float, column: float) -> tuple[int, int] | None:
        """Fine pixel of a point of the crop, ``None`` when it lies outside the window."""
        y, x = (
            round((row - self.top + 0.5) * self.fine - 0.5),
            round((column - self.left + 0.5) * self.fine - 0.5),
        )
        return (y, x) if 0 <= y < self.height.shape[0] and 0 <= x < self.height.shape[1] else None

    def outside(self, y: float, x: float) -> Point:
        """Point of the crop of a fine pixel."""
        return (y + 0.5) / self.fine - 0.5 + self.top, (x + 0.5) / self.fine - 0.5 + self.left


@dataclass(frozen=True, eq=False)
class _Core:
    """An object at half height: 1 in ``region``, ``peak`` its height.

    ``neighbors``: 1 on the tops of those that a dip parts from it. ``merged``: other detections on it.
    """

    region: NDArray[np.uint8]
    peak: float
    neighbors: NDArray[np.uint8]
    merged: tuple[int, ...]


def measure(image: NormalizedImage, detections: Detections) -> tuple[MeasuredObject, ...]:
    """Outline every detection, strongest first.

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
        core = _core(window, peaks, index)
        if half_size >= largest or not _touches_rim(core.region):
            blur = math.sqrt(image.px(_BLUR_MM) ** 2 + _PIXEL_BLUR)
            return _describe(window, core, _edge(window, core, blur), index)
        half_size = min(largest, math.ceil(_WINDOW_GROWTH * half_size))


def _window(image: NormalizedImage, peak: NDArray[np.float32], half_size: int) -> _Window:
    row, column = int(peak[0]), int(peak[1])
    top, left = max(0, row - half_size), max(0, column - half_size)
    piece = image.gray[top : row + half_size + 1, left : column + half_size + 1]
    height = piece - _plane(piece)
    rim = np.concatenate([side.ravel() for side in _sides(height)])
    surround = _middle(rim)
    noise = _NORMAL_MAD * _middle(np.abs(rim - surround))
    height -= surround
    fine = 4 if half_size <= _FINE_WINDOW_PX else 2
    finer = cv2.resize(height, None, fx=fine, fy=fine, interpolation=cv2.INTER_CUBIC)
    noise = max(noise, 0.3 * image.gray_step)
    return _Window(np.asarray(finer, np.float32), fine, top, left, noise, surround)


def _sides(piece: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Top, bottom, left and right rim, two pixels wide."""
    return piece[:2], piece[-2:], piece[:, :2], piece[:, -2:]


def _middle(values: NDArray[np.float32]) -> float:
    half = values.size // 2
    return float(np.partition(values, half, axis=None)[half])


def _plane(piece: NDArray[np.float32]) -> NDArray[np.float32]:
    """The slope of the surround, from one side of the window to the other; 0 in its middle."""
    above, below, before, behind = (_middle(side) for side in _sides(piece))
    down = np.linspace((above - below) / 2, (below - above) / 2, piece.shape[0], dtype=np.float32)
    right = np.linspace((before - behind) / 2, (behind - before) / 2, piece.shape[1], dtype=np.float32)
    return down[:, None] + right


def _core(window: _Window, peaks: NDArray[np.float32], index: int) -> _Core:
    """Pixels of the object at half height, and the other detections on it."""
    start = window.inside(*map(float, peaks[index]))
    if start is None:
        raise ValueError(f"detection {index} lies outside the picture")
    top = _peak_near(window, start)
    region = _connected(window.height, _HALF * top, start)
    robust = _high(window.height[region > 0])
    level = _HALF * robust
    region = core = _connected(window.height, level, start)
    merged, parted = [], []
    for other, place in _weaker_on(window, region, peaks, index):
        saddle = _SADDLE * min(top, _peak_near(window, place))
        if core[place] and (saddle <= level or _connected(window.height, saddle, start)[place]):
            merged.append(other)
            continue
        parted.append(place)
        if core[place]:
            level = saddle
            core = _connected(window.height, level, start)
    neighbors = np.zeros_like(region)
    for place in parted:
        neighbors |= _connected(window.height, level, place)
    if parted:
        region &= (_away_from(core) <= _away_from(neighbors)).view(np.uint8)
    return _Core(region, _high(window.height[region > 0]), neighbors, tuple(merged))


def _high(heights: NDArray[np.float32]) -> float:
    """The height that nine of ten pixels of an object do not exceed."""
    place = math.ceil(_PEAK_QUANTILE * (heights.size - 1))
    return float(np.partition(heights, place)[place])


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
    return float(window.height[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].max())


def _connected(height: NDArray[np.float32], level: float, start: tuple[int, int]) -> NDArray[np.uint8]:
    """1 where the height is above ``level`` and joined to the brightest such pixel at ``start``."""
    _, labels = cv2.connectedComponents((height >= level).view(np.uint8), connectivity=4)
    label = labels[start]
    if label == 0:
        region = np.zeros(height.shape, np.uint8)
        region[start] = 1
        return region
    return np.asarray(labels == label).view(np.uint8)


def _touches_rim(region: NDArray[np.uint8]) -> bool:
    return bool(region[0].any() or region[-1].any() or region[:, 0].any() or region[:, -1].any())


def _edge(window: _Window, core: _Core, blur_px: float) -> NDArray[np.float32]:
    """A field that is 0 on the true edge of the object, above inside, in units of its height.

    The edge lies where the height falls to the level that belongs to the object's width and top; noise at the
    foot of the object, and its neighbors, are kept out by the distance from the outline at half height.
    """
    blur = blur_px * window.fine
    level, growth = _level_and_growth(window, core, blur)
    away = _away_from(core.region)
    steep = np.float32(_HALF / blur)
    field = window.height / np.float32(max(core.peak, _TINY)) - np.float32(level)
    field = np.minimum(field, steep * (np.float32(_MOST_GROWTH * growth + 0.5) - away))
    field = np.maximum(field, steep * (np.float32(_LEAST_GROWTH * growth + 0.5) - away))
    if core.neighbors.any():
        field = np.minimum(field, steep * (_away_from(core.neighbors) - away))
    return np.asarray(field, dtype=np.float32)


def _level_and_growth(window: _Window, core: _Core, blur: float) -> tuple[float, float]:
    """Share of the height at the true edge, and how many fine pixels outside of half height that lies."""
    within = cv2.distanceTransform(np.pad(core.region, 1), cv2.DIST_L2, cv2.DIST_MASK_5)
    inscribed = float(within.max()) - 0.5
    heights = window.height[core.region > 0]
    half_width = min(math.sqrt(heights.size / math.pi), _ROUNDNESS * inscribed) / blur
    thinness = max(1.0, heights.size / (math.pi * (_ROUNDNESS * inscribed) ** 2))
    top = float(np.mean(heights >= _THREE_QUARTERS * core.peak)) ** (1.0 / (1.0 + 1.0 / thinness))
    ball, plate = (float(np.interp(half_width, _HALF_WIDTH, tops)) for tops in (_BALL_TOP, _PLATE_TOP))
    flat = min(1.0, max(0.0, (top - ball) / max(plate - ball, _LEAST_TOP)))
    flat *= min(1.0, core.peak / window.noise / _TELLING)
    level, growth = (
        (1.0 - flat) * np.interp(half_width, _HALF_WIDTH, ball)
        + flat * np.interp(half_width, _HALF_WIDTH, plate)
        for ball, plate in ((_BALL_LEVEL, _PLATE_LEVEL), (_BALL_GROWTH, _PLATE_GROWTH))
    )
    return float(level), float(growth) * blur


def _away_from(region: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance of every fine pixel from a region; far beyond the window when it is empty."""
    return np.asarray(cv2.distanceTransform(1 - region, cv2.DIST_L2, cv2.DIST_MASK_5), dtype=np.float32)


def _describe(window: _Window, core: _Core, edge: NDArray[np.float32], index: int) -> MeasuredObject:
    y, x = _outline(edge, core.region)
    area = _area(y, x) / window.fine**2
    diameter = 2.0 * math.sqrt(area / math.pi)
    weight = np.where(edge > 0, window.height, 0).clip(0)
    mass = max(float(weight.sum()), _TINY)
    row = float(weight.sum(axis=1) @ np.arange(weight.shape[0])) / mass
    column = float(weight.sum(axis=0) @ np.arange(weight.shape[1])) / mass
    contrast = core.peak / window.noise
    step = max(1, window.fine // 2)
    return MeasuredObject(
        index,
        *window.outside(row, column),
        area_px=area,
        diameter_px=diameter,
        diameter_error_px=_diameter_error(diameter, contrast),
        contrast=contrast,
        contrast_error=math.sqrt(1.0 + 1.0 / max(1.0, area)),
        outline=tuple(
            window.outside(*point) for point in zip(y[::step].tolist(), x[::step].tolist(), strict=True)
        ),
        merged=core.merged,
        height=core.peak,
        surround=window.surround,
    )


def _outline(edge: NDArray[np.float32], region: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Rows and columns of the polygon on which ``edge`` is 0, of the part that holds most of ``region``.

    The pixels along the rim of that part are moved outward to where the field, taken as even, vanishes.
    """
    _, labels = cv2.connectedComponents((edge >= 0).view(np.uint8), connectivity=4)
    shares = np.bincount(labels[region > 0], minlength=2)
    part = (labels == 1 + int(np.argmax(shares[1:]))).view(np.uint8) if shares[1:].any() else region
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    x, y = max(contours, key=len)[:, 0].T
    padded = cv2.copyMakeBorder(edge, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    down, right = padded[y + 2, x + 1] - padded[y, x + 1], padded[y + 1, x + 2] - padded[y + 1, x]
    slope = np.hypot(down, right) / 2 + _TINY
    step = np.clip(edge[y, x] / slope, 0, 1) / (2 * slope)
    return y - step * down, x - step * right


def _area(y: NDArray[np.float32], x: NDArray[np.float32]) -> float:
    """Inside a closed polygon (shoelace formula); of fewer than three corners, that of a pixel each."""
    inside = abs(float(y @ np.roll(x, 1) - x @ np.roll(y, 1))) / 2
    return max(inside, float(y.size)) if y.size < 3 else inside


def _diameter_error(diameter_px: float, contrast: float) -> float:
    """One standard deviation: noise moves the edge, pixels cut it, and the profile is not known.

    The edge lies low on a flank that rises over about three pixels, so noise moves it by ``3 / contrast``
    pixels; a pixel cuts it to 0.29 pixels; both average over the pixels along the outline.
    """
    edge_px = math.hypot(3.0 / max(contrast, 1.0), 0.29)
    along = max(1.0, math.pi * diameter_px)
    return math.hypot(2.0 * edge_px / math.sqrt(along), _SHAPE_ERROR * diameter_px)
