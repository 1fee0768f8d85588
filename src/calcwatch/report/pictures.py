"""Gray pixels as pictures for the eye: a window for display, thumbnails and cut-outs. Display only."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Point

THUMBNAIL_PX = 900
"""Long side of a thumbnail, in pixels."""

SMALLEST_WINDOW = 0.02
"""A window for display is never narrower than this part of the gray scale: noise is not blown up."""


@dataclass(frozen=True)
class Window:
    """Gray shown black and gray shown white, on the scale 0 to 1 of ``Mammogram.gray``."""

    black: float
    white: float


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels: first row, first column, number of rows and of columns."""

    top: int
    left: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Picture:
    """Part of an image, ready to show: ``uri`` holds the encoded pixels, ``box`` says which part it is."""

    uri: str
    box: Box


def _window(black: float, white: float) -> Window:
    middle, half = (black + white) / 2, max(white - black, SMALLEST_WINDOW) / 2
    return Window(middle - half, middle + half)


def breast_mask(findings: ImageFindings, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Rows x columns, True inside the breast outline; all True when there is no outline."""
    if not findings.breast_outline:
        return np.ones(shape, dtype=bool)
    mask = np.zeros(shape, dtype=np.uint8)
    corners = np.rint(np.asarray(findings.breast_outline)[:, ::-1]).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1)
    return mask.astype(bool)


def breast_window(gray: NDArray[np.float32], findings: ImageFindings) -> Window:
    """Window for a whole breast: from its darkest tissue (1 %) to its brightest (99.9 %)."""
    step = max(1, max(gray.shape) // 1024)
    small = np.ascontiguousarray(gray[::step, ::step])
    inside = small[breast_mask(findings, (gray.shape[0], gray.shape[1]))[::step, ::step]]
    black, white = np.percentile(inside if inside.size else small, (1.0, 99.9))
    return _window(float(black), float(white))


def close_up_window(gray: NDArray[np.float32], points: Sequence[Point], box: Box) -> Window:
    """Window for a cut-out: from its dark (1 %) to its bright tissue (98 %), never clipping the given points.

    A clip or marker that is brighter than both is shown white.
    """
    black, white = np.percentile(cut(gray, box), (1.0, 98.0))
    return _window(float(black), max([float(white), *(_peak(gray, point) for point in points)]))


def _peak(gray: NDArray[np.float32], point: Point, reach: int = 3) -> float:
    row, column = (round(place) for place in point)
    near = gray[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return float(near.max()) if near.size else 0.0


def for_display(gray: NDArray[np.float32], window: Window) -> NDArray[np.uint8]:
    """Gray 0 to 1 -> display value 0 to 255 through a linear window."""
    scaled = (gray - np.float32(window.black)) * np.float32(255 / (window.white - window.black))
    shown: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return shown


def cut(gray: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Pixels of a box, a view into ``gray``."""
    return gray[box.top : box.top + box.rows, box.left : box.left + box.columns]


def box_round(points: Sequence[Point], *, margin_px: int, smallest_px: int, shape: tuple[int, int]) -> Box:
    """Box round all points with a margin, at least ``smallest_px`` wide and high, kept inside the image."""
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    first, last = places.min(axis=0) - margin_px, places.max(axis=0) + margin_px
    size = np.ceil(np.maximum(last - first, smallest_px)).astype(int)
    size = np.minimum(size, shape)
    start = np.clip(np.rint((first + last - size) / 2).astype(int), 0, np.asarray(shape) - size)
    return Box(int(start[0]), int(start[1]), int(size[0]), int(size[1]))


def _uri(pixels: NDArray[np.uint8], extension: str, media_type: str, options: Sequence[int]) -> str:
    _, encoded = cv2.imencode(extension, pixels, list(options))
    return f"data:{media_type};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def close_up(gray: NDArray[np.float32], box: Box, window: Window) -> Picture:
    """Cut-out without any mark and without loss: one pixel of the picture is one pixel of the image."""
    pixels = for_display(cut(gray, box), window)
    return Picture(_uri(pixels, ".png", "image/png", (cv2.IMWRITE_PNG_COMPRESSION, 9)), box)


def thumbnail(gray: NDArray[np.float32], window: Window) -> Picture:
    """Whole image made small, without any mark; ``box`` is the whole image in its own pixels."""
    rows, columns = gray.shape
    pixels = shrink(for_display(gray, window), THUMBNAIL_PX)
    return Picture(encoded_jpeg(pixels), Box(0, 0, rows, columns))


def encoded_jpeg(pixels: NDArray[np.uint8]) -> str:
    """Display values as a data URI, small and with a little loss."""
    return _uri(pixels, ".jpg", "image/jpeg", (cv2.IMWRITE_JPEG_QUALITY, 82))


def shrink(pixels: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """Make a picture small by averaging; one that is small enough comes back as it is."""
    scale = longest_px / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
