"""The overlay picture: one mammogram with everything found marked on it, as a PNG."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Point
from calcwatch.formats.result.order import group_letters
from calcwatch.report.marks import (
    BREAST_COLOR,
    CALCIFICATION_COLOR,
    GROUP_COLOR,
    NON_LESION_COLOR,
    NON_LESION_REACH_PX,
    image_label,
    label_place,
    reach,
)
from calcwatch.report.pictures import breast_mask, breast_window, for_display, shrink

OVERLAY_PX = 2400
"""Long side of an overlay, in pixels; a smaller image keeps its size."""

Canvas = NDArray[np.uint8]
"""Rows x columns x (blue, green, red), 0 to 255."""

Color = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

_WHITE: Color = (235, 235, 235)  # of letters: bright, and no pixel value of saturated film
_BLACK: Color = (0, 0, 0)  # behind letters
_MAKER = "calcwatch, for research use"
_PART_OF_PIXEL = 4  # bits that OpenCV reads as fractions of a pixel
_RING_MARGIN_PX = 6.0
_DIAMOND = 1.42  # its sides come nearer to its center than its corners, by the square root of two
_BORDER_PX = 24  # between captions and the edge of the picture
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_overlay(gray: NDArray[np.float32], findings: ImageFindings) -> Canvas:
    """Draw a mammogram with every mark.

    Rings and diamonds run outside what they mark and hide none of its pixels. Without findings the picture
    bears the breast outline and its captions alone; without pixel spacing there is no scale bar.

    Args:
        gray: Rows x columns of the file, 0 black to 1 white.
        findings: Of the image, in file pixels.

    Returns:
        The picture, its long side at most 2400 pixels.

    """
    # The picture is made small first and marked then, so that marks keep their width at every size.
    small = shrink(for_display(gray, breast_window(gray, findings)), OVERLAY_PX)
    canvas: Canvas = np.repeat(small[:, :, None], 3, axis=2)
    scale = small.shape[0] / gray.shape[0]
    width = max(1, round(max(small.shape) / 1000))
    _draw_outline(canvas, findings.breast_outline, scale, _color(BREAST_COLOR), 1)
    for calcification in findings.calcifications:
        place = calcification.row, calcification.column
        # Margins are pixels of the picture: added after scaling.
        radius = reach(place, calcification.outline, calcification.diameter_px / 2) * scale + _RING_MARGIN_PX
        _draw_ring(canvas, _on_canvas(place, scale), radius, _color(CALCIFICATION_COLOR), 1)
    for non_lesion in findings.non_lesions:
        place = non_lesion.row, non_lesion.column
        radius = _DIAMOND * reach(place, non_lesion.outline, NON_LESION_REACH_PX) * scale + _RING_MARGIN_PX
        _draw_diamond(canvas, _on_canvas(place, scale), radius, _color(NON_LESION_COLOR))
    _draw_groups(canvas, findings, scale, width)
    _draw_captions(canvas, findings, scale, width * 0.6)
    return canvas


def encode_png(canvas: Canvas) -> bytes:
    """Encode a picture.

    Args:
        canvas: The picture.

    Returns:
        A PNG file.

    """
    _, encoded = cv2.imencode(".png", canvas, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    return encoded.tobytes()


def _color(name: str) -> Color:
    """``#rrggbb`` as OpenCV takes it."""
    # OpenCV's order is blue, green, red.
    return int(name[5:7], 16), int(name[3:5], 16), int(name[1:3], 16)


def _on_canvas(point: Point, scale: float) -> Point:
    """The center of a pixel stays the center of the smaller pixel that holds it."""
    return (point[0] + 0.5) * scale - 0.5, (point[1] + 0.5) * scale - 0.5


def _fixed(value: float) -> int:
    return round(value * (1 << _PART_OF_PIXEL))


def _draw_outline(canvas: Canvas, points: Sequence[Point], scale: float, color: Color, width: int) -> None:
    if len(points) < 2:
        return
    places = (np.asarray(points)[:, ::-1] + 0.5) * scale - 0.5
    corners = np.rint(places * (1 << _PART_OF_PIXEL)).astype(np.int32)
    cv2.polylines(canvas, [corners], True, color, width, cv2.LINE_AA, _PART_OF_PIXEL)


def _draw_ring(canvas: Canvas, place: Point, radius: float, color: Color, width: int) -> None:
    center = (_fixed(place[1]), _fixed(place[0]))
    cv2.circle(canvas, center, _fixed(radius), color, width, cv2.LINE_AA, _PART_OF_PIXEL)


def _draw_diamond(canvas: Canvas, place: Point, radius: float, color: Color) -> None:
    row, column = place
    corners = ((row - radius, column), (row, column + radius), (row + radius, column), (row, column - radius))
    _draw_outline(canvas, corners, 1.0, color, 1)


def _draw_groups(canvas: Canvas, findings: ImageFindings, scale: float, width: int) -> None:
    letters = group_letters(findings)
    color = _color(GROUP_COLOR)
    for group in findings.groups:
        if len(group.outline) > 2:
            _draw_outline(canvas, group.outline, scale, color, width)
        else:
            radius = group.radius_px * scale + 2 * _RING_MARGIN_PX
            _draw_ring(canvas, _on_canvas((group.row, group.column), scale), radius, color, width)
        row, column = _on_canvas(label_place(group), scale)
        right = min(round(column) + 6, canvas.shape[1] - 24 * width)
        below = max(22 * width, round(row) - 6)
        _draw_text(canvas, letters[group.tracking_uid], (right, below), 0.6 * width, color)


def _draw_text(canvas: Canvas, text: str, place: tuple[int, int], size: float, color: Color) -> None:
    width = max(1, round(size * 2))
    # Dark under light: letters stay legible on dense tissue as on air.
    for ink, thickness in ((_BLACK, width + 3), (color, width)):
        cv2.putText(canvas, text, place, _FONT, size, ink, thickness, cv2.LINE_AA)


def _draw_captions(canvas: Canvas, findings: ImageFindings, scale: float, size: float) -> None:
    """Label, maker and scale bar on the side on which there is more room beside the breast."""
    mask = breast_mask(findings, (findings.description.rows, findings.description.columns))
    middle = mask.shape[1] // 2
    # By where the breast is and not by laterality, which may be unknown or wrong.
    left = bool(mask[:, :middle].sum() <= mask[:, middle:].sum())
    _draw_caption(canvas, image_label(findings), left=left, row=round(60 * size), size=size * 1.5)
    _draw_caption(canvas, _MAKER, left=left, row=round(95 * size), size=size * 0.75)
    spacing = findings.description.pixel_spacing
    if spacing is None:
        row = canvas.shape[0] - _BORDER_PX
        _draw_caption(canvas, "pixel spacing unknown", left=left, row=row, size=size)
        return
    # The bar lies along a row, so the distance between columns counts.
    length = round(10.0 / (spacing.column_mm / scale))
    row = canvas.shape[0] - 30
    first = _BORDER_PX if left else canvas.shape[1] - _BORDER_PX - length
    for ink, thickness in ((_BLACK, 7), (_WHITE, 3)):
        cv2.line(canvas, (first, row), (first + length, row), ink, thickness)
        for end in (first, first + length):
            cv2.line(canvas, (end, row - 8), (end, row + 8), ink, thickness)
    _draw_caption(canvas, "10 mm", left=left, row=row - 20, size=size)


def _draw_caption(canvas: Canvas, text: str, *, left: bool, row: int, size: float) -> None:
    (width, _), _ = cv2.getTextSize(text, _FONT, size, max(1, round(size * 2)))
    column = _BORDER_PX if left else canvas.shape[1] - width - _BORDER_PX
    _draw_text(canvas, text, (max(0, column), row), size, _WHITE)
