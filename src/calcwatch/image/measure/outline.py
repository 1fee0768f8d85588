"""Outline of each calcification; size and contrast, each with its error.

An outline at half height shows a small calcification too large, because the system blurs it, and a large one
too small, because it is thin at its rim. Where between the top and the surround the true edge lies depends on
the half-width in units of the blur, in the same way for a ball and for a rod; and on whether the object is
round on top or flat, as a plate is, or anything dense enough to come near white.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.arrays import NORMAL_MAD, PIXEL_VARIANCE, longest_contour
from calcwatch.image.settings.measure import OutlineSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.prepare.normalize import PreparedImage

_TINY = 1e-9  # keeps heights and slopes of 0 from being divided by


@dataclass(frozen=True, eq=False)
class MeasuredObject:
    """One outlined object in crop pixels; errors are one standard deviation.

    Attributes:
        index: Which detection it belongs to.
        row: Row of its center, weighted by height.
        column: Column of its center.
        area_px: Area inside the outline in square pixels, holes included.
        diameter_px: Diameter of the circle with that area.
        diameter_error_px: Error of the diameter.
        contrast: Height over the surround in units of the noise.
        contrast_error: Error of the contrast.
        outline: Polygon round the whole object, (row, column), blur undone.
        merged: Other detections that lie on the same object.
        height: Height over the surround in gray.
        surround: Gray of the surround.
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
class Window:
    """A finer look at a piece of the crop: gray over the plane of its surround.

    Attributes:
        height: Gray over that plane, on fine pixels.
        fine: Fine pixels along a pixel of the crop.
        top: Row of the crop at which the piece begins.
        left: Column of the crop at which it begins.
        noise: Standard deviation of the surround in gray.
        surround: Gray of the plane in the middle.
        cut: Whether the crop goes on there: at the top, left, bottom, right.
    """

    height: NDArray[np.float32]
    fine: float
    top: int
    left: int
    noise: float
    surround: float
    cut: tuple[bool, bool, bool, bool]

    def inside(self, row: float, column: float) -> tuple[int, int] | None:
        """Fine pixel of a point of the crop, ``None`` when it lies outside the window."""
        y, x = (
            # centers of pixels, as cv2.resize maps them: half a pixel out, scaled, half a pixel back in
            round((row - self.top + 0.5) * self.fine - 0.5),
            round((column - self.left + 0.5) * self.fine - 0.5),
        )
        return (y, x) if 0 <= y < self.height.shape[0] and 0 <= x < self.height.shape[1] else None

    def outside(self, y: float, x: float) -> Point:
        """Point of the crop of a fine pixel."""
        return (y + 0.5) / self.fine - 0.5 + self.top, (x + 0.5) / self.fine - 0.5 + self.left


@dataclass(frozen=True, eq=False)
class _Core:
    """An object at half height, on fine pixels.

    Attributes:
        region: 1 on the object.
        peak: Its height in gray.
        neighbors: 1 on the tops of those that a dip parts from it.
        merged: Other detections that lie on it.
    """

    region: NDArray[np.uint8]
    peak: float
    neighbors: NDArray[np.uint8]
    merged: tuple[int, ...]


def measure(
    image: PreparedImage, detections: Detections, *, settings: OutlineSettings = OutlineSettings()
) -> tuple[MeasuredObject, ...]:
    """Outline and measure every detection.

    Args:
        image: The prepared image.
        detections: What to outline, in crop pixels, the highest score first.
        settings: Settings of outlines and sizes.

    Returns:
        The objects in the order of the detections; a detection on an object that one before it outlined
        already is merged into that.

    Raises:
        ValueError: A detection lies outside the picture.
    """
    # strongest first: a weaker detection on the same object joins it, never the other way round
    objects: list[MeasuredObject] = []
    taken: set[int] = set()
    peaks = np.stack([detections.row, detections.column], axis=1)
    for index in range(len(peaks)):
        if index not in taken:
            found = _measure_object(image, peaks, index, float(detections.sigma_px[index]), settings)
            if not any(_lies_on(found, stronger, settings) for stronger in objects):
                taken.update(found.merged)
                objects.append(found)
    return tuple(objects)


def _lies_on(found: MeasuredObject, stronger: MeasuredObject, settings: OutlineSettings) -> bool:
    """Whether the center of one object lies inside the outline of a stronger one."""
    # far apart, or without an area, no polygon needs to be looked at
    offset = math.hypot(found.row - stronger.row, found.column - stronger.column)
    if offset > settings.max_offset_diameters * stronger.diameter_px or len(stronger.outline) < 3:
        return offset < settings.same_place_px
    polygon = np.array(stronger.outline, np.float32)
    return cv2.pointPolygonTest(polygon, (found.row, found.column), measureDist=False) >= 0


def _measure_object(
    image: PreparedImage, peaks: NDArray[np.float32], index: int, sigma_px: float, settings: OutlineSettings
) -> MeasuredObject:
    """The object that a detection lies on, in a window that grows until it holds the object."""
    smallest = max(settings.min_window_px, math.ceil(settings.window_sigmas * sigma_px))
    largest = max(smallest, round(image.px(settings.max_window_mm)))
    # what leaves the largest window has run out into the tissue: the object is what lies higher
    for share in (settings.half_height, *settings.raised_heights):
        raised_settings = replace(settings, half_height=share)
        # small at first: a larger window holds more neighbors, which disturb surround and noise
        half_size = smallest
        while True:
            fine = (
                settings.small_magnification
                if half_size <= settings.fine_window_px
                else settings.magnification
            )
            window = cut_window(image, peaks[index], half_size, fine=fine, settings=settings)
            core = _core(window, peaks, index, raised_settings)
            # an object that fills its window leaves no surround to be measured against
            fills = cv2.countNonZero(core.region) > settings.max_fill * core.region.size
            if half_size >= largest or not (fills or _leaves(window, core.region)):
                break
            half_size = min(largest, math.ceil(settings.window_growth * half_size))
        if not _leaves(window, core.region):
            break
    # the pixels blur, too: variances add up
    blur = math.sqrt(image.px(settings.blur_mm) ** 2 + PIXEL_VARIANCE)
    edge = _edge(window, core, blur, settings)
    return replace(describe_object(window, core.region, edge, index, settings), merged=core.merged)


def cut_window(
    image: PreparedImage,
    peak: Sequence[float] | NDArray[np.float32],
    half_size: int,
    *,
    fine: float,
    settings: OutlineSettings = OutlineSettings(),
) -> Window:
    """Cut the piece of the crop round a place and take the slope of its surround off.

    Args:
        image: The prepared image.
        peak: Row and column of the place.
        half_size: Half of its side in pixels of the crop; the border of the picture cuts it.
        fine: Fine pixels along a pixel of the crop.
        settings: Settings of outlines.

    Returns:
        The window.
    """
    row, column = int(peak[0]), int(peak[1])
    top, left = max(0, row - half_size), max(0, column - half_size)
    piece = image.gray[top : row + half_size + 1, left : column + half_size + 1]
    # gray slopes toward the skin: a level surround would tilt the outline
    height = piece - _plane(piece)
    # medians of the rim: a neighbor that reaches into it raises neither surround nor noise
    rim = np.concatenate([side.ravel() for side in _sides(height)])
    surround = _median(rim)
    noise = NORMAL_MAD * _median(np.abs(rim - surround))
    height -= surround
    # cubic: the top between pixels can rise above them, which linear interpolation never lets it
    way = cv2.INTER_CUBIC if fine > 1 else cv2.INTER_AREA
    finer = height if fine == 1 else cv2.resize(height, None, fx=fine, fy=fine, interpolation=way)
    # a surround that rounding made even still hides as much as a step of gray
    noise = max(noise, settings.quantization_noise * image.gray_step)
    bottom, right = (
        side < whole
        for side, whole in zip((top + piece.shape[0], left + piece.shape[1]), image.gray.shape, strict=True)
    )
    cut = (top > 0, left > 0, bottom, right)
    return Window(np.asarray(finer, np.float32), fine, top, left, noise, surround, cut)


def _sides(piece: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Top, bottom, left and right rim, two pixels wide."""
    return piece[:2], piece[-2:], piece[:, :2], piece[:, -2:]


def _median(values: NDArray[np.float32]) -> float:
    """The median, of an even number of values the upper one: quicker than a mean of two, and as good here."""
    half = values.size // 2
    return float(np.partition(values, half, axis=None)[half])


def _plane(piece: NDArray[np.float32]) -> NDArray[np.float32]:
    """The slope of the surround, from one side of the window to the other; 0 in its middle."""
    above, below, left, right = (_median(side) for side in _sides(piece))
    downward = np.linspace((above - below) / 2, (below - above) / 2, piece.shape[0], dtype=np.float32)
    rightward = np.linspace((left - right) / 2, (right - left) / 2, piece.shape[1], dtype=np.float32)
    return downward[:, None] + rightward


def _core(window: Window, peaks: NDArray[np.float32], index: int, settings: OutlineSettings) -> _Core:
    """Pixels of the object at half height, and the other detections on it."""
    start = window.inside(*map(float, peaks[index]))
    if start is None:
        raise ValueError(f"detection {index} lies outside the picture")
    top = _peak_near(window, start)
    # the peak alone rises with noise: a first outline is made by it, the second by most of what that holds
    region = _connected(window.height, settings.half_height * top, start)
    level = settings.half_height * _high(window.height[region > 0], settings)
    # region is what the object may cover; core rises until the dips part it from its neighbors
    region = core = _connected(window.height, level, start)
    merged, parted = [], []
    for other, place in _weaker_on(window, region, peaks, index):
        # two peaks with a dip between them that noise would not make are two calcifications
        saddle = settings.saddle_share * min(top, _peak_near(window, place))
        if core[place] and (saddle <= level or _connected(window.height, saddle, start)[place]):
            merged.append(other)
            continue
        parted.append(place)
        if core[place]:  # raise the level until the dip parts them
            level = saddle
            core = _connected(window.height, level, start)
    neighbors = np.zeros_like(region)
    for place in parted:
        neighbors |= _connected(window.height, level, place)
    if parted:  # between two calcifications the border runs where both are as far
        region &= (_away_from(core) <= _away_from(neighbors)).view(np.uint8)
    return _Core(region, _high(window.height[region > 0], settings), neighbors, tuple(merged))


def _high(heights: NDArray[np.float32], settings: OutlineSettings) -> float:
    """The height that nine of ten pixels of an object do not exceed."""
    place = math.ceil(settings.peak_quantile * (heights.size - 1))
    return float(np.partition(heights, place)[place])


def _weaker_on(
    window: Window, region: NDArray[np.uint8], peaks: NDArray[np.float32], index: int
) -> list[tuple[int, tuple[int, int]]]:
    """Weaker detections whose peak lies on the region, each with its fine pixel."""
    rows, columns = region.shape[0] / window.fine, region.shape[1] / window.fine
    near = (np.abs(peaks[:, 0] - window.top - rows / 2) < rows / 2) & (
        np.abs(peaks[:, 1] - window.left - columns / 2) < columns / 2
    )
    weaker = [int(number) for number in np.flatnonzero(near) if number > index]  # the strongest come first
    places = [window.inside(*map(float, peaks[number])) for number in weaker]
    return [(number, place) for number, place in zip(weaker, places, strict=True) if place and region[place]]


def _peak_near(window: Window, place: tuple[int, int]) -> float:
    """Greatest height within a pixel of the crop: a detection lies on whole pixels, the top between them."""
    y, x = place
    reach = round(window.fine)
    return float(window.height[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].max())


def _connected(height: NDArray[np.float32], level: float, start: tuple[int, int]) -> NDArray[np.uint8]:
    """1 where the height is above ``level`` and joined to the brightest such pixel at ``start``."""
    # four neighbors: objects that meet at a corner are two
    _, labels = cv2.connectedComponents((height >= level).view(np.uint8), connectivity=4)
    label = labels[start]
    # the start may lie below the level: then its own pixel, so that no object is empty
    if label == 0:
        region = np.zeros(height.shape, np.uint8)
        region[start] = 1
        return region
    return np.asarray(labels == label).view(np.uint8)


def _leaves(window: Window, region: NDArray[np.uint8]) -> bool:
    """Whether an object reaches a side of the window at which the crop goes on."""
    sides = (region[0], region[:, 0], region[-1], region[:, -1])
    return any(cut and bool(side.any()) for cut, side in zip(window.cut, sides, strict=True))


def _edge(window: Window, core: _Core, blur_px: float, settings: OutlineSettings) -> NDArray[np.float32]:
    """A field that is 0 on the true edge of the object, above inside, in units of its height.

    The edge lies where the height falls to the level that belongs to the object's width and top; noise at the
    foot of the object, and its neighbors, are kept out by the distance from the outline at half height.
    """
    blur = blur_px * window.fine
    level, growth = _level_and_growth(window, core, blur, settings)
    away = _away_from(core.region)
    # no edge rises faster than the blur lets it: the slope of the fields that bound the edge
    steep = np.float32(settings.half_height / blur)
    # distances enter as fields of the same slope, so that minimum and maximum leave an edge between pixels
    field = window.height / np.float32(max(core.peak, _TINY)) - np.float32(level)
    field = np.minimum(field, steep * (np.float32(settings.max_growth * growth + 0.5) - away))
    # after the upper bound: the object keeps at least this growth
    field = np.maximum(field, steep * (np.float32(settings.min_growth * growth + 0.5) - away))
    # last, so that no bound carries the edge across the border to a neighbor
    if core.neighbors.any():
        field = np.minimum(field, steep * (_away_from(core.neighbors) - away))
    return np.asarray(field, dtype=np.float32)


def _level_and_growth(
    window: Window, core: _Core, blur: float, settings: OutlineSettings
) -> tuple[float, float]:
    """Share of the height at the true edge, and how many fine pixels outside of half height that lies."""
    within = cv2.distanceTransform(np.pad(core.region, 1), cv2.DIST_L2, cv2.DIST_MASK_5)
    inscribed = float(within.max()) - 0.5  # from the center of the deepest pixel to the edge of the last
    heights = window.height[core.region > 0]
    # by area, bounded by what fits inside: noise makes an outline rough
    half_width = min(math.sqrt(heights.size / math.pi), settings.roundness * inscribed) / blur
    # how many of the circles that fit inside make its area: 1 for a ball, more for a rod or a bent line
    thinness = max(1.0, heights.size / (math.pi * (settings.roundness * inscribed) ** 2))
    # share of the area near the top, as a ratio of widths: of a disk its root, of a long rod itself
    top = float(np.mean(heights >= settings.upper_height * core.peak)) ** (1.0 / (1.0 + 1.0 / thinness))
    ball, plate = (
        float(np.interp(half_width, settings.half_width, tops))
        for tops in (settings.ball_top, settings.plate_top)
    )
    flat = min(1.0, max(0.0, (top - ball) / max(plate - ball, settings.min_top_difference)))
    # noise roughens a top: where contrast is low, it tells little
    seen = min(1.0, core.peak / window.noise / settings.flatness_contrast)
    flat = seen * flat + (1.0 - seen) * settings.unseen_flatness
    level, growth = (
        (1.0 - flat) * np.interp(half_width, settings.half_width, ball)
        + flat * np.interp(half_width, settings.half_width, plate)
        for ball, plate in (
            (settings.ball_level, settings.plate_level),
            (settings.ball_growth, settings.plate_growth),
        )
    )
    return float(level), float(growth) * blur


def _away_from(region: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance of every fine pixel from a region; far beyond the window when it is empty."""
    return np.asarray(cv2.distanceTransform(1 - region, cv2.DIST_L2, cv2.DIST_MASK_5), dtype=np.float32)


def describe_object(
    window: Window,
    region: NDArray[np.uint8],
    edge: NDArray[np.float32],
    index: int,
    settings: OutlineSettings = OutlineSettings(),
) -> MeasuredObject:
    """Size, center, contrast and outline of an object, from fine pixels back to those of the crop.

    Args:
        window: The window it lies in.
        region: 1 on the object, on fine pixels.
        edge: A field that is 0 on its edge, above inside.
        index: Which detection it belongs to.
        settings: Settings of outlines.

    Returns:
        The object, with no other detections on it.
    """
    peak = _high(window.height[region > 0], settings)
    y, x = _outline(edge, region)
    area = _area(y, x) / window.fine**2
    diameter = 2.0 * math.sqrt(area / math.pi)
    # weighted by height: the center depends little on where the outline runs
    weight = np.where(edge > 0, window.height, 0).clip(0)
    mass = max(float(weight.sum()), _TINY)
    row = float(weight.sum(axis=1) @ np.arange(weight.shape[0])) / mass
    column = float(weight.sum(axis=0) @ np.arange(weight.shape[1])) / mass
    contrast = peak / window.noise
    step = max(1, round(window.fine / 2))  # corners half a pixel apart show all that the pixels hold
    return MeasuredObject(
        index,
        *window.outside(row, column),
        area_px=area,
        diameter_px=diameter,
        diameter_error_px=_diameter_error(diameter, contrast, settings),
        contrast=contrast,
        contrast_error=math.sqrt(1.0 + 1.0 / max(1.0, area)),
        outline=tuple(
            window.outside(*point) for point in zip(y[::step].tolist(), x[::step].tolist(), strict=True)
        ),
        merged=(),
        height=peak,
        surround=window.surround,
    )


def _outline(edge: NDArray[np.float32], region: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Rows and columns of the polygon on which ``edge`` is 0, of the part that holds most of ``region``.

    The pixels along the rim of that part are moved outward to where the field, taken as even, vanishes.
    """
    # the field may be above 0 in several parts: the object is that which holds most of its core
    _, labels = cv2.connectedComponents((edge >= 0).view(np.uint8), connectivity=4)
    shares = np.bincount(labels[region > 0], minlength=2)
    part = (labels == 1 + int(np.argmax(shares[1:]))).view(np.uint8) if shares[1:].any() else region
    x, y = longest_contour(part).T
    # a frame, so that pixels on the rim of the window have neighbors on both sides
    padded = cv2.copyMakeBorder(edge, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    down, right = padded[y + 2, x + 1] - padded[y, x + 1], padded[y + 1, x + 2] - padded[y + 1, x]
    slope = np.hypot(down, right) / 2 + _TINY
    # a Newton step along the gradient, never further than the next pixel: past it the field is not even
    step = np.clip(edge[y, x] / slope, 0, 1) / (2 * slope)
    return y - step * down, x - step * right


def _area(y: NDArray[np.float32], x: NDArray[np.float32]) -> float:
    """Inside a closed polygon (shoelace formula); of fewer than three corners, that of a pixel each."""
    inside = abs(float(y @ np.roll(x, 1) - x @ np.roll(y, 1))) / 2
    return max(inside, float(y.size)) if y.size < 3 else inside


def _diameter_error(diameter_px: float, contrast: float, settings: OutlineSettings) -> float:
    """One standard deviation: noise moves the edge, pixels cut it, and the profile is not known.

    The edge lies low on a flank that rises over about three pixels, so noise moves it by three pixels over
    the contrast; a pixel cuts it to a third of itself; both average over the pixels along the outline.
    """
    edge_px = math.hypot(settings.flank_px / max(contrast, 1.0), settings.pixel_error_px)
    along = max(1.0, math.pi * diameter_px)
    # a diameter has two edges; the profile is wrong along all of the outline and does not average out
    return math.hypot(2.0 * edge_px / math.sqrt(along), settings.profile_error * diameter_px)
