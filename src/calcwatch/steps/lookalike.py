"""Bright things that are no calcification: named and kept apart, never silently dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain import NonLesionKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain import Point
    from calcwatch.steps.breast import BreastRegion
    from calcwatch.steps.detect import Detections
    from calcwatch.steps.normalize import NormalizedImage

_WHITE = 0.985  # metal absorbs nearly everything: it is displayed at the top of the gray scale
_MIN_AREA_MM2 = 0.25
_MAX_LENGTH_MM = 60.0
_CLIP_LENGTH_MM = (1.5, 12.0)
_CLIP_WIDTH_MM = 2.2
_CLIP_ELONGATION = 2.2
_MARKER_DIAMETER_MM = (1.4, 6.0)
_ROUND = 0.86  # area over the area of the enclosing circle
_EDGE_MM = 0.25  # metal falls to the surround within this distance
_EDGE_DROP = 0.35  # of the gray scale, over that distance
_REACH_MM = 0.6  # a detection this close to a non-lesion belongs to it
_DUST_SIDE = (
    0.12  # share of the height left one pixel beside a speck of dust; the blur of a system leaves more
)
_DUST_SIGMA_PX = 1.15
_DUST_STRENGTH = 8.0  # weaker peaks are noise


@dataclass(frozen=True, eq=False)
class Lookalike:
    """A named non-lesion in crop coordinates with its outline polygon."""

    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]


def find_lookalikes(
    image: NormalizedImage, breast: BreastRegion, detections: Detections
) -> tuple[tuple[Lookalike, ...], NDArray[np.bool_]]:
    """Non-lesions, top to bottom, and for each detection whether it remains a candidate.

    No lookalikes give an empty tuple and every detection remains.
    """
    metal, covered = _metal(image, breast)
    rows, columns = detections.row.astype(np.intp), detections.column.astype(np.intp)
    remains = covered[rows, columns] == 0
    sharp = sharper_than_blur(image.gray, rows, columns, detections.sigma_px)
    is_dust = remains & sharp & (detections.strength > _DUST_STRENGTH)
    points = sorted(zip(rows[is_dust].tolist(), columns[is_dust].tolist(), strict=True))
    dust = tuple(Lookalike(NonLesionKind.DUST, float(r), float(c), _square(r, c)) for r, c in points)
    remains &= ~is_dust
    return (*metal, *dust), remains


def _metal(image: NormalizedImage, breast: BreastRegion) -> tuple[tuple[Lookalike, ...], NDArray[np.uint8]]:
    """Saturated objects with the shape of a clip, a marker or a wire, and a mask of what they cover."""
    white = ((image.gray >= _WHITE) & (breast.mask > 0)).astype(np.uint8)
    covered = np.zeros_like(white)
    contours, _ = cv2.findContours(white, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = []
    for contour in (np.asarray(points, np.int32) for points in contours):
        kind = _kind_of(contour, image)
        if kind is not None and _sharp_edge(contour, image):
            found.append(_lookalike(kind, contour))
            cv2.drawContours(covered, [contour], -1, 1, cv2.FILLED)
    reach = max(1, round(image.px(_REACH_MM)))
    if found:
        covered = np.asarray(cv2.dilate(covered, np.ones((2 * reach + 1,) * 2, np.uint8)), np.uint8)
    return tuple(sorted(found, key=lambda x: (x.row, x.column))), covered


def _kind_of(contour: NDArray[np.int32], image: NormalizedImage) -> NonLesionKind | None:
    """Clip, marker or wire by size and elongation; ``None`` for others and at the picture's rim."""
    if _at_rim(contour, image.gray.shape):
        return None
    area = cv2.contourArea(contour) + 0.5 * len(contour) + 1
    if area < _MIN_AREA_MM2 * image.px(1.0) ** 2:
        return None
    _, sides, _ = cv2.minAreaRect(contour)
    length = (max(sides) + 1) / image.px(1.0)
    _, radius = cv2.minEnclosingCircle(contour)
    roundness = area / (np.pi * (radius + 0.5) ** 2)
    if roundness > _ROUND and _MARKER_DIAMETER_MM[0] <= length <= _MARKER_DIAMETER_MM[1]:
        return NonLesionKind.MARKER
    thin = area / image.px(1.0) ** 2 / length
    if length > _CLIP_LENGTH_MM[1] and thin < _CLIP_WIDTH_MM and length < _MAX_LENGTH_MM:
        return NonLesionKind.WIRE
    if length >= _CLIP_LENGTH_MM[0] and thin <= _CLIP_WIDTH_MM and length >= _CLIP_ELONGATION * thin:
        return NonLesionKind.CLIP
    return None


def _at_rim(contour: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """Whether it is cut off by the border of the picture, where film and collimator have bright edges."""
    left, top, width, height = cv2.boundingRect(contour)
    return left == 0 or top == 0 or top + height == shape[0] or left + width == shape[1]


def _sharp_edge(contour: NDArray[np.int32], image: NormalizedImage) -> bool:
    """Whether gray falls steeply all round, as it does at metal and not at a fading density."""
    reach = max(1, round(image.px(_EDGE_MM)))
    left, top, width, height = cv2.boundingRect(contour)
    pad = 3 * reach
    rows = slice(max(0, top - pad), top + height + pad)
    columns = slice(max(0, left - pad), left + width + pad)
    piece = image.gray[rows, columns]
    solid = np.zeros(piece.shape, np.uint8)
    cv2.drawContours(solid, [contour], -1, 1, cv2.FILLED, offset=(-columns.start, -rows.start))
    inner = cv2.dilate(solid, np.ones((2 * reach + 1,) * 2, np.uint8))
    outer = cv2.dilate(inner, np.ones((3, 3), np.uint8))
    ring = piece[(outer > 0) & (inner == 0)]
    return bool(ring.size and 1.0 - float(np.median(ring)) > _EDGE_DROP)


def sharper_than_blur(
    gray: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    sigma_px: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Whether next to nothing of a peak's height is left one pixel beside it.

    The breast is seen through the blur of a focal spot and a detector (or of film and scanner): what is
    sharper lies behind them, like dust on film, a scratch or a defective pixel. ``sigma_px``: scale of each
    peak; only the finest can be that sharp.
    """
    around = range(-3, 4)
    ys = [np.clip(rows + i, 0, gray.shape[0] - 1) for i in around]
    xs = [np.clip(columns + j, 0, gray.shape[1] - 1) for j in around]
    patch = np.stack([[gray[y, x] for x in xs] for y in ys])
    surround = np.median(patch.reshape(49, -1), axis=0)
    height = np.maximum(patch[3, 3] - surround, 1e-9)
    sides = np.sort(np.stack([patch[2, 3], patch[4, 3], patch[3, 2], patch[3, 4]]), axis=0)
    return np.asarray(((sides[2] - surround) / height < _DUST_SIDE) & (sigma_px < _DUST_SIGMA_PX))


def _lookalike(kind: NonLesionKind, contour: NDArray[np.int32]) -> Lookalike:
    (column, row), _ = cv2.minEnclosingCircle(contour)
    simple = cv2.approxPolyDP(contour, 0.7, closed=True)[:, 0, :]
    return Lookalike(kind, float(row), float(column), tuple((float(y), float(x)) for x, y in simple))


def _square(row: int, column: int) -> tuple[Point, ...]:
    return tuple((row + a, column + b) for a, b in ((-1.5, -1.5), (-1.5, 1.5), (1.5, 1.5), (1.5, -1.5)))
