"""Gray pixels as pictures for the eye: a window for display, thumbnails, and all cut-outs of an image.

For display only: nothing is measured on them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Point
from calcwatch.formats.result.order import ordered_groups, ordered_non_lesions, single_calcifications

THUMBNAIL_PX = 900
"""Long side of a thumbnail, in pixels."""

SMALLEST_WINDOW = 0.02
"""A window for display is never narrower than this part of the gray scale: noise is not blown up."""

SHOWN_GROUPS = 12
"""Groups of an image that get pictures; the rest stand in the table and on the overlay."""

SHOWN_TILES = 16
"""Calcifications of a group, and single ones of an image, that get a tile of their own."""

# File pixels; looks of the page alone.
_GROUP_MARGIN_PX = 32  # round a group
_NON_LESION_MARGIN_PX = 16  # round what is no calcification
_SMALLEST_GROUP_PX = 96  # side of a group's picture at least
_LARGEST_GROUP_PX = 220  # side of the part of a group that its picture shows at most, without the margin
_SMALLEST_TILE_PX = 96  # side of a calcification's picture at least

Window = tuple[float, float]
"""Gray shown black and gray shown white, on the scale 0 to 1 of ``Mammogram.gray``."""


@dataclass(frozen=True)
class Box:
    """A rectangle of whole file pixels.

    Attributes:
        top: First row.
        left: First column.
        rows: Number of rows.
        columns: Number of columns.

    """

    top: int
    left: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Picture:
    """Part of an image, ready to show.

    Attributes:
        uri: Holds the encoded pixels.
        box: Which part it is.

    """

    uri: str
    box: Box


@dataclass(frozen=True)
class ImagePictures:
    """All pictures that the page shows of one image.

    Attributes:
        whole: The whole image.
        groups: Of its first groups, by tracking UID.
        singles: Of its first calcifications in no group, by tracking UID.
        non_lesions: Of the first things that are no calcifications, in their order.

    """

    whole: Picture
    groups: Mapping[str, Picture]
    singles: Mapping[str, Picture]
    non_lesions: tuple[Picture, ...]


def take_pictures(gray: NDArray[np.float32], findings: ImageFindings) -> ImagePictures:
    """Cut out everything the page shows of an image, while its pixels are at hand.

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        findings: Of the image.

    Returns:
        The pictures.

    """
    members = {calcification.tracking_uid: calcification for calcification in findings.calcifications}
    groups = {}
    for group in ordered_groups(findings)[:SHOWN_GROUPS]:
        inside = [members[uid] for uid in group.members if uid in members]
        centers = [(member.row, member.column) for member in inside] or [(group.row, group.column)]
        centers = densest(centers, _LARGEST_GROUP_PX)
        groups[group.tracking_uid] = _cut_out(gray, centers, _GROUP_MARGIN_PX, _SMALLEST_GROUP_PX)
    singles = {}
    for single in single_calcifications(findings)[:SHOWN_TILES]:
        # A single calcification is a point to box_round; its own size has to make the margin.
        side = tile_side([single.diameter_px], _SMALLEST_TILE_PX)
        singles[single.tracking_uid] = _cut_out(gray, [(single.row, single.column)], 0, side)
    return ImagePictures(
        whole=thumbnail(gray, breast_window(gray, findings)),
        groups=groups,
        singles=singles,
        non_lesions=tuple(
            _cut_out(
                gray, found.outline or [(found.row, found.column)], _NON_LESION_MARGIN_PX, _SMALLEST_TILE_PX
            )
            for found in ordered_non_lesions(findings)[:SHOWN_TILES]
        ),
    )


def densest(points: Sequence[Point], side_px: float) -> list[Point]:
    """Choose the part of a group that is worth a picture: where most of it lies.

    Args:
        points: Centers of its calcifications, in file pixels.
        side_px: Side of a square.

    Returns:
        Points in the square round one of them that holds the most; all of them where all fit in one.

    """
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    if np.all(np.ptp(places, axis=0) <= side_px):
        return list(points)
    # Round each in turn: the first of equals, so that the same group gives the same picture.
    near = np.abs(places[:, None] - places[None]).max(axis=2) <= side_px / 2
    inside = near[int(near.sum(axis=1).argmax())]
    return [point for point, is_inside in zip(points, inside, strict=True) if is_inside]


def _cut_out(gray: NDArray[np.float32], points: Sequence[Point], margin_px: int, smallest_px: int) -> Picture:
    """Close-up round points, in a window that clips none of them."""
    shape = gray.shape[0], gray.shape[1]
    box = box_round(points, margin_px=margin_px, smallest_px=smallest_px, shape=shape)
    return close_up(gray, box, close_up_window(gray, points, box))


def tile_side(diameters_px: Sequence[float], smallest_px: int) -> int:
    """Tell how large the tiles of calcifications are.

    Args:
        diameters_px: Their diameters, in pixels.
        smallest_px: The smallest side.

    Returns:
        Side in pixels: room round the largest.

    """
    return max(smallest_px, int(np.ceil(2.4 * max(diameters_px))))  # 0.7 diameters on either side


def breast_mask(findings: ImageFindings, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw the breast outline as a mask.

    Args:
        findings: Of the image.
        shape: Rows and columns of the file.

    Returns:
        Rows x columns, True inside the outline; all True when there is none.

    """
    if not findings.breast_outline:
        return np.ones(shape, dtype=bool)
    mask = np.zeros(shape, dtype=np.uint8)
    corners = np.rint(np.asarray(findings.breast_outline)[:, ::-1]).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1)
    return mask.astype(bool)


def breast_window(gray: NDArray[np.float32], findings: ImageFindings) -> Window:
    """Choose the window for a whole breast: from its darkest tissue (1 %) to its brightest (99.9 %).

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        findings: Of the image; tells where the breast is.

    Returns:
        The window.

    """
    step = max(1, max(gray.shape) // 1024)  # as many pixels are enough for percentiles
    small = np.ascontiguousarray(gray[::step, ::step])
    inside = small[breast_mask(findings, (gray.shape[0], gray.shape[1]))[::step, ::step]]
    # Percentiles inside the breast: the air round it and burned-in letters would decide the window.
    black, white = np.percentile(inside if inside.size else small, (1.0, 99.9))
    return _window(float(black), float(white))


def close_up_window(gray: NDArray[np.float32], points: Sequence[Point], box: Box) -> Window:
    """Choose the window for a cut-out: from its dark (1 %) to its bright tissue (98 %).

    A clip or marker that is brighter is shown white.

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        points: Places in file pixels that are never clipped.
        box: The cut-out.

    Returns:
        The window.

    """
    black, white = np.percentile(cut(gray, box), (1.0, 98.0))
    # Calcifications lie above the 98th percentile and would be clipped to flat white.
    return _window(float(black), max([float(white), *(_peak(gray, point) for point in points)]))


def _window(black: float, white: float) -> Window:
    # Widened about its middle, so that an even piece of tissue stays gray.
    middle, half = (black + white) / 2, max(white - black, SMALLEST_WINDOW) / 2
    return middle - half, middle + half


def _peak(gray: NDArray[np.float32], point: Point, reach: int = 3) -> float:
    row, column = (round(place) for place in point)
    near = gray[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return float(near.max()) if near.size else 0.0


def for_display(gray: NDArray[np.float32], window: Window) -> NDArray[np.uint8]:
    """Turn gray into display values through a linear window.

    Args:
        gray: Any shape, 0 black to 1 white.
        window: Gray shown black and gray shown white.

    Returns:
        The same shape, 0 to 255.

    """
    black, white = window
    scaled = (gray - np.float32(black)) * np.float32(255 / (white - black))
    shown: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return shown


def cut(gray: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Cut a box out of an image.

    Args:
        gray: Rows x columns of the file.
        box: The part.

    Returns:
        Its pixels, a view into ``gray``.

    """
    return gray[box.top : box.top + box.rows, box.left : box.left + box.columns]


def box_round(points: Sequence[Point], *, margin_px: int, smallest_px: int, shape: tuple[int, int]) -> Box:
    """Put a box round points.

    Args:
        points: Places in file pixels, at least one.
        margin_px: Room round them.
        smallest_px: The box is at least so wide and high.
        shape: Rows and columns of the file: the box is kept inside.

    Returns:
        The box.

    """
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    first, last = places.min(axis=0) - margin_px, places.max(axis=0) + margin_px
    size = np.ceil(np.maximum(last - first, smallest_px)).astype(int)
    # A box is never larger than the image, and is moved inside rather than cut.
    size = np.minimum(size, shape)
    start = np.clip(np.rint((first + last - size) / 2).astype(int), 0, np.asarray(shape) - size)
    return Box(int(start[0]), int(start[1]), int(size[0]), int(size[1]))


def close_up(gray: NDArray[np.float32], box: Box, window: Window) -> Picture:
    """Cut out a part of an image without any mark and without loss.

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        box: The part.
        window: Gray shown black and gray shown white.

    Returns:
        A PNG in which one pixel is one pixel of the image.

    """
    # Without loss: compression would make and remove specks of this size.
    pixels = for_display(cut(gray, box), window)
    return Picture(_uri(pixels, ".png", "image/png", (cv2.IMWRITE_PNG_COMPRESSION, 9)), box)


def thumbnail(gray: NDArray[np.float32], window: Window) -> Picture:
    """Make a whole image small, without any mark.

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        window: Gray shown black and gray shown white.

    Returns:
        A JPEG; its ``box`` is the whole image in file pixels.

    """
    rows, columns = gray.shape
    pixels = shrink(for_display(gray, window), THUMBNAIL_PX)
    return Picture(encoded_jpeg(pixels), Box(0, 0, rows, columns))


def encoded_jpeg(pixels: NDArray[np.uint8]) -> str:
    """Encode a picture small and with a little loss.

    Args:
        pixels: Rows x columns, or rows x columns x (blue, green, red), 0 to 255.

    Returns:
        A data URI.

    """
    return _uri(pixels, ".jpg", "image/jpeg", (cv2.IMWRITE_JPEG_QUALITY, 82))


def _uri(pixels: NDArray[np.uint8], extension: str, media_type: str, options: Sequence[int]) -> str:
    _, encoded = cv2.imencode(extension, pixels, list(options))
    return f"data:{media_type};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def shrink(pixels: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """Make a picture small by averaging.

    Args:
        pixels: Rows x columns, or rows x columns x colors.
        longest_px: The long side is to be no longer.

    Returns:
        The smaller picture; one that is small enough comes back as it is.

    """
    scale = longest_px / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
