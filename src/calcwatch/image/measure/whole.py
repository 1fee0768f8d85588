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
from calcwatch.image.find.classify import is_vascular
from calcwatch.image.measure.outline import Window, cut_window, describe_object
from calcwatch.image.settings.measure import OutlineSettings, WholeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.image.find.detections import Detections
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage

_TINY = 1e-9  # keeps what is divided by from being 0
_RING_PX = 2  # so far inside and outside of a border, and round a detection, pixels are looked at


@dataclass(frozen=True, eq=False)
class _Marks:
    """Marks of an image in crop pixels, the highest score first; arrays of one length.

    Attributes:
        places: n x 2, row and column of what was detected.
        centers: n x 2, row and column of what was outlined there.
        diameters: Diameters of that.
        sigmas: Scales of the filters that respond most.
    """

    places: NDArray[np.float32]
    centers: NDArray[np.float64]
    diameters: NDArray[np.float64]
    sigmas: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Picture:
    """A piece of the crop in which a whole is sought round a mark.

    Attributes:
        window: The piece, slope of its surround taken off, on pixels that are not much finer than the blur.
        height: The same without its grain.
        slope: How steep that is, gray a pixel.
        blur: Sigma of a step edge on these pixels.
        per_mm: Pixels a millimeter.
        start: Row and column of the mark.
        top: Greatest height within the reach of its filter.
        tops: Row and column of the greatest height next to every mark of the piece.
    """

    window: Window
    height: NDArray[np.float32]
    slope: NDArray[np.float32]
    blur: float
    per_mm: float
    start: tuple[int, int]
    top: float
    tops: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class _Whole:
    """A calcification as a whole, in pixels of the crop.

    Attributes:
        contour: Its rim, n x 2 (row, column).
        level: Gray at its rim.
        area: Its area.
        steepness: Mean slope along its rim, gray a pixel.
    """

    contour: NDArray[np.float32]
    level: float
    area: float
    steepness: float

    def holds(self, place: NDArray[np.floating]) -> bool:
        """Whether a point of the crop lies inside."""
        row, column = place.tolist()
        return cv2.pointPolygonTest(self.contour, (row, column), measureDist=False) >= 0


def join_wholes(
    image: PreparedImage,
    measured: Sequence[MeasuredObject],
    detections: Detections,
    *,
    settings: WholeSettings = WholeSettings(),
    outline_settings: OutlineSettings = OutlineSettings(),
) -> tuple[MeasuredObject, ...]:
    """Make one object of the marks that lie on one large calcification, and outline it as a whole.

    Args:
        image: The prepared image.
        measured: Outlined detections in crop pixels, highest score first.
        detections: What their ``index`` counts.
        settings: What a whole is.
        outline_settings: Settings of outlines.

    Returns:
        The objects, highest score first. A whole stands in the place of the strongest of the marks on it and
        has the others among its ``merged``; all other marks are as they were.
    """
    used = [found.index for found in measured]
    marks = _Marks(
        np.stack([detections.row[used], detections.column[used]], axis=1),
        np.array([(found.row, found.column) for found in measured], np.float64).reshape(-1, 2),
        np.array([found.diameter_px for found in measured], np.float64),
        detections.sigma_px[used],
    )
    left = dict(enumerate(measured))
    # the largest first: what lies in it is a part of it
    for whole in sorted(
        _find_wholes(image, marks, settings, outline_settings), key=lambda whole: -whole.area
    ):
        parts = [n for n in left if whole.holds(marks.centers[n]) or whole.holds(marks.places[n])]
        if parts and not (
            len(parts) > 1 and _on_vessel(detections, [left[number].index for number in parts])
        ):
            left[parts[0]] = _object_of(
                image, whole, [left.pop(number) for number in parts], outline_settings
            )
    return tuple(left[number] for number in sorted(left))


def _on_vessel(detections: Detections, indices: Sequence[int]) -> bool:
    """Whether most of these are calcium of a vessel's wall: its tracks stay in pieces."""
    if detections.class_probabilities is None:
        return False
    return 2 * sum(is_vascular(detections.class_probabilities[index]) for index in indices) > len(indices)


def _find_wholes(
    image: PreparedImage, marks: _Marks, settings: WholeSettings, outline_settings: OutlineSettings
) -> list[_Whole]:
    """The wholes that marks lie on, in no order."""
    wholes: list[_Whole] = []
    for number in _seeds(image, marks, settings):
        # a place on a whole that is known leads to no other
        if any(whole.holds(marks.places[number]) for whole in wholes):
            continue
        windows = [settings.half_window_mm]
        if marks.diameters[number] >= image.px(settings.large_mm):
            windows.append(settings.large_window_mm)
        for half_mm in windows:
            half = math.ceil(image.px(half_mm))
            picture = _picture(
                image, marks, number, half, settings=settings, outline_settings=outline_settings
            )
            whole, leaks = _largest(picture, settings)
            # what leaves the window at a high level is larger than it
            if not leaks:
                break
        if whole is not None:
            wholes.append(whole)
    return wholes


def _seeds(image: PreparedImage, marks: _Marks, settings: WholeSettings) -> list[int]:
    """Marks that may lie on a whole: large ones, those seen at a coarse scale, and those with a neighbor."""
    may = (marks.diameters >= image.px(settings.seed_mm)) | (marks.sigmas >= image.px(settings.seed_sigma_mm))
    pairs = cKDTree(marks.centers).query_pairs(image.px(settings.neighbor_mm), output_type="ndarray")
    may[pairs.ravel()] = True
    return [int(number) for number in np.flatnonzero(may)]


def _picture(
    image: PreparedImage,
    marks: _Marks,
    number: int,
    half_px: int,
    *,
    settings: WholeSettings,
    outline_settings: OutlineSettings,
) -> _Picture:
    """The piece of the crop round a mark."""
    # pixels much finer than the blur tell no more of a large object
    step = max(1, round(image.px(settings.pixel_mm)))
    half = -(-half_px // step) * step
    middle = marks.places[number]
    window = cut_window(image, middle, half, fine=1 / step, settings=outline_settings)
    height = gaussian(window.height, settings.smoothing_px)
    downward, rightward = (
        cv2.Sobel(height, cv2.CV_32F, across, 1 - across, scale=1 / 8) for across in (0, 1)
    )
    variance = (image.px(settings.blur_mm) / step) ** 2 + PIXEL_VARIANCE + settings.smoothing_px**2
    near = marks.places[np.abs(marks.places - middle).max(axis=1) < half]
    places = [place for row, column in near.tolist() if (place := window.inside(row, column))]
    start = window.inside(*middle.tolist()) or (0, 0)
    reach = max(1, round(settings.peak_sigmas * float(marks.sigmas[number]) / step))
    return _Picture(
        window,
        height,
        np.hypot(downward, rightward),
        math.sqrt(variance),
        image.px(1.0) / step,
        start,
        float(height[_highest(height, start, reach)]),
        tuple(_highest(height, place, _RING_PX) for place in places),
    )


def _highest(height: NDArray[np.float32], place: tuple[int, int], reach: int) -> tuple[int, int]:
    """The highest pixel of the square round a place."""
    up, left = (max(0, side - reach) for side in place)
    near = height[up : place[0] + reach + 1, left : place[1] + reach + 1]
    row, column = divmod(int(near.argmax()), near.shape[1])
    return up + row, left + column


def _largest(picture: _Picture, settings: WholeSettings) -> tuple[_Whole | None, bool]:
    """The largest whole round a mark, and whether what lies there left the picture at a high level."""
    found: list[_Whole] = []
    leaks = False
    shares = np.geomspace(settings.highest_level, settings.lowest_level, settings.levels).tolist()
    for share in shares if picture.top > 0 else ():
        contour = _contour(picture, share * picture.top)
        if contour is None:
            continue
        if _leaves(picture, contour):
            leaks = share >= settings.leak_level
            break
        if (steepness := _steepness_of_whole(picture, contour, settings)) is not None:
            rim = [picture.window.outside(y, x) for x, y in contour.tolist()]
            found.append(
                _Whole(
                    np.array(rim, np.float32),
                    share * picture.top + picture.window.surround,
                    cv2.contourArea(contour) / picture.window.fine**2,
                    steepness * picture.window.fine,
                )
            )
    if not found:
        return None, leaks
    # of the levels of one object the one at which its border is steepest
    area = settings.same_share * max(whole.area for whole in found)
    return max((whole for whole in found if whole.area >= area), key=lambda whole: whole.steepness), leaks


def _contour(picture: _Picture, level: float) -> NDArray[np.int32] | None:
    """Rim of what lies above a level round the mark, n x 2 (column, row); ``None`` when nothing does."""
    above = (picture.height >= level).view(np.uint8)
    # the outer rims, filled: a place in the dark middle of a ring lies inside of it
    contours, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(above, contours, -1, (1,), -1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    label = int(labels[picture.start])
    if label == 0:
        return None
    left, top, width, tall, _ = stats[label].tolist()
    piece = (labels[top : top + tall, left : left + width] == label).view(np.uint8)
    rims, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(left, top))
    return np.asarray(rims[0][:, 0, :], np.int32)


def _leaves(picture: _Picture, contour: NDArray[np.int32]) -> bool:
    """Whether a region reaches a side of the picture that is not the border of the image."""
    rows, columns = picture.height.shape
    (left, top), (right, bottom) = contour.min(axis=0), contour.max(axis=0)
    reached = (top == 0, left == 0, bottom == rows - 1, right == columns - 1)
    return any(end and cut for end, cut in zip(reached, picture.window.cut, strict=True))


def _steepness_of_whole(
    picture: _Picture, contour: NDArray[np.int32], settings: WholeSettings
) -> float | None:
    """Mean slope along the rim of a region that is a whole; ``None`` when it is none."""
    tops = [top for top in picture.tops if cv2.pointPolygonTest(contour, top[::-1], measureDist=False) >= 0]
    alone = len(tops) < 2
    if not _is_compact(
        picture, contour, settings.lone_solidity if alone else settings.min_solidity, settings
    ):
        return None
    # where the border of the image cuts it, a whole has no border of its own
    free = contour[((contour > 0) & (contour < np.array(picture.height.shape[::-1]) - 1)).all(axis=1)]
    if not free.size:
        return None
    along = picture.slope[free[:, 1], free[:, 0]]
    steepness = float(along.mean())
    step, unrest = _step(picture.height, contour)
    share = settings.lone_step_share if alone else settings.min_step_share
    is_border = (
        float(np.quantile(along, settings.weak_quantile)) >= settings.min_weak_share * steepness
        # a step edge behind a Gaussian rises by its height over sqrt(2 pi) sigmas
        and steepness * math.sqrt(2 * math.pi) * picture.blur >= settings.min_sharpness * step
        and step >= max(share * picture.top, settings.min_step_noise * unrest)
    )
    return steepness if is_border and _hangs_together(picture.height, tops, settings) else None


def _is_compact(
    picture: _Picture, contour: NDArray[np.int32], solidity: float, settings: WholeSettings
) -> bool:
    """Whether a region is as large as a whole may be, not long, and fills so much of its hull."""
    _, sides, _ = cv2.minAreaRect(contour)
    # the contour runs through the middle of pixels
    length, width = max(sides) + 1, min(sides) + 1
    if not settings.min_length_mm <= length / picture.per_mm <= settings.max_length_mm:
        return False
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(contour) + len(contour) / 2 + 1  # Pick's theorem: as many pixels
    hull_area = cv2.contourArea(hull) + cv2.arcLength(hull, closed=True) / 2 + 1
    return length <= settings.max_length_to_width * width and area >= solidity * hull_area


def _step(height: NDArray[np.float32], contour: NDArray[np.int32]) -> tuple[float, float]:
    """How much higher it is just inside of a region than just outside, and the unrest outside."""
    corner = np.maximum(contour.min(axis=0) - 2 * _RING_PX, 0)
    (left, top), (right, bottom) = corner.tolist(), (contour.max(axis=0) + 2 * _RING_PX + 1).tolist()
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


def _hangs_together(
    height: NDArray[np.float32], tops: Sequence[tuple[int, int]], settings: WholeSettings
) -> bool:
    """Whether most tops are joined to the highest without a deep dip between them."""
    highest = max(tops, key=lambda top: height[top], default=(0, 0))
    joined = 0
    for top in tops:
        _, labels = cv2.connectedComponents((height >= settings.min_saddle * height[top]).view(np.uint8))
        joined += bool(labels[top] == labels[highest])
    # the highest is joined to itself
    return 2 * (joined - 1) >= len(tops) - 1


def _object_of(
    image: PreparedImage, whole: _Whole, parts: Sequence[MeasuredObject], settings: OutlineSettings
) -> MeasuredObject:
    """The object that a whole is, in the name of the strongest of its parts."""
    low, high = whole.contour.min(axis=0), whole.contour.max(axis=0)
    half = math.ceil(float((high - low).max()) / 2) + settings.min_window_px
    middle = np.clip((low + high) / 2, 0, np.array(image.gray.shape) - 1)
    fine = settings.magnification
    window = cut_window(image, middle, half, fine=fine, settings=settings)
    corners = (whole.contour - (window.top, window.left) + 0.5) * fine - 0.5
    region = np.zeros(window.height.shape, np.uint8)
    cv2.fillPoly(region, [np.rint(corners[:, ::-1]).astype(np.int32)], (1,))
    # the level between pixels, but no further from the region than a pixel of the crop
    within, away = (
        cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_5) for part in (region, 1 - region)
    )
    slope = np.float32(max(whole.steepness / fine, _TINY))
    edge = window.height - np.float32(whole.level - window.surround)
    edge = np.minimum(np.maximum(edge, slope * (within - fine)), slope * (np.float32(fine) - away))
    merged = {index for part in parts for index in (part.index, *part.merged)} - {parts[0].index}
    found = describe_object(window, region, np.asarray(edge, np.float32), parts[0].index, settings)
    return replace(found, merged=tuple(sorted(merged)))
