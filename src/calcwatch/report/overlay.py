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
    image_label,
    label_place,
    reach,
)
from calcwatch.report.pictures import breast_mask, breast_window, for_display, shrink

OVERLAY_PX = 2400
"""Long side of an overlay, in pixels; a smaller image keeps its size."""

Canvas = NDArray[np.uint8]
Color = tuple[int, int, int]

_WHITE: Color = (235, 235, 235)
_BLACK: Color = (0, 0, 0)
_MAKER = "calcwatch, for research use"
_PART_OF_PIXEL = 4  # bits that OpenCV reads as fractions of a pixel
_RING_MARGIN_PX = 6.0


def _color(name: str) -> Color:
    return int(name[5:7], 16), int(name[3:5], 16), int(name[1:3], 16)


def _fixed(value: float) -> int:
    return round(value * (1 << _PART_OF_PIXEL))


def _draw_outline(canvas: Canvas, points: Sequence[Point], *, scale: float, color: Color, width: int) -> None:
    if len(points) < 2:
        return
    # The center of a pixel stays the center of the smaller pixel that holds it.
    places = (np.asarray(points)[:, ::-1] + 0.5) * scale - 0.5
    corners = np.rint(places * (1 << _PART_OF_PIXEL)).astype(np.int32)
    cv2.polylines(canvas, [corners], True, color, width, cv2.LINE_AA, _PART_OF_PIXEL)


def _draw_ring(canvas: Canvas, place: Point, radius: float, *, color: Color, width: int) -> None:
    center = (_fixed(place[1]), _fixed(place[0]))
    cv2.circle(canvas, center, _fixed(radius), color, width, cv2.LINE_AA, _PART_OF_PIXEL)


def _draw_diamond(canvas: Canvas, place: Point, radius: float, *, color: Color, width: int) -> None:
    row, column = place
    corners = ((row - radius, column), (row, column + radius), (row + radius, column), (row, column - radius))
    _draw_outline(canvas, corners, scale=1.0, color=color, width=width)


def _draw_text(canvas: Canvas, text: str, place: tuple[int, int], *, size: float, color: Color) -> None:
    width = max(1, round(size * 2))
    for ink, thickness in ((_BLACK, width + 3), (color, width)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thickness, cv2.LINE_AA)


def _on_canvas(point: Point, scale: float) -> Point:
    return (point[0] + 0.5) * scale - 0.5, (point[1] + 0.5) * scale - 0.5


def _draw_groups(canvas: Canvas, findings: ImageFindings, scale: float, width: int) -> None:
    letters = group_letters(findings)
    color = _color(GROUP_COLOR)
    for group in findings.groups:
        if len(group.outline) > 2:
            _draw_outline(canvas, group.outline, scale=scale, color=color, width=width)
        else:
            radius = group.radius_px * scale + 2 * _RING_MARGIN_PX
            _draw_ring(canvas, _on_canvas((group.row, group.column), scale), radius, color=color, width=width)
        row, column = _on_canvas(label_place(group), scale)
        right = min(round(column) + 6, canvas.shape[1] - 24 * width)
        below = max(22 * width, round(row) - 6)
        _draw_text(canvas, letters[group.tracking_uid], (right, below), size=0.6 * width, color=color)


def _draw_calcifications(canvas: Canvas, findings: ImageFindings, scale: float, width: int) -> None:
    for found in findings.calcifications:
        place = _on_canvas((found.row, found.column), scale)
        radius = reach((found.row, found.column), found.outline, found.diameter_px / 2)
        _draw_ring(
            canvas, place, radius * scale + _RING_MARGIN_PX, color=_color(CALCIFICATION_COLOR), width=width
        )


def _draw_non_lesions(canvas: Canvas, findings: ImageFindings, scale: float, width: int) -> None:
    for found in findings.non_lesions:
        place = _on_canvas((found.row, found.column), scale)
        # A diamond's sides come nearer to its center than its corners, by the square root of two.
        radius = 1.42 * reach((found.row, found.column), found.outline, 2.0) * scale + _RING_MARGIN_PX
        _draw_diamond(canvas, place, radius, color=_color(NON_LESION_COLOR), width=width)


def _air_is_left(findings: ImageFindings, shape: tuple[int, int]) -> bool:
    """Tell on which side there is more room beside the breast."""
    mask = breast_mask(findings, shape)
    middle = shape[1] // 2
    return bool(mask[:, :middle].sum() <= mask[:, middle:].sum())


def _draw_label(canvas: Canvas, text: str, *, left: bool, row: int, size: float) -> None:
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, max(1, round(size * 2)))
    column = 24 if left else canvas.shape[1] - width - 24
    _draw_text(canvas, text, (max(0, column), row), size=size, color=_WHITE)


def _draw_scale_bar(canvas: Canvas, spacing_mm: float, *, left: bool, size: float) -> None:
    length = round(10.0 / spacing_mm)
    row = canvas.shape[0] - 30
    first = 24 if left else canvas.shape[1] - 24 - length
    for ink, thickness in ((_BLACK, 7), (_WHITE, 3)):
        cv2.line(canvas, (first, row), (first + length, row), ink, thickness)
        for end in (first, first + length):
            cv2.line(canvas, (end, row - 8), (end, row + 8), ink, thickness)
    _draw_label(canvas, "10 mm", left=left, row=row - 20, size=size)


def _draw_captions(canvas: Canvas, findings: ImageFindings, scale: float, size: float) -> None:
    left = _air_is_left(findings, (findings.description.rows, findings.description.columns))
    _draw_label(canvas, image_label(findings), left=left, row=round(60 * size), size=size * 1.5)
    _draw_label(canvas, _MAKER, left=left, row=round(95 * size), size=size * 0.75)
    spacing = findings.description.pixel_spacing
    if spacing is not None:
        _draw_scale_bar(canvas, spacing.column_mm / scale, left=left, size=size)
    else:
        _draw_label(canvas, "pixel spacing unknown", left=left, row=canvas.shape[0] - 24, size=size)


def draw_overlay(gray: NDArray[np.float32], findings: ImageFindings) -> Canvas:
    """Draw the mammogram with every mark; rows x columns x (blue, green, red), at most 2400 long.

    Rings and diamonds run outside what they mark and hide none of its pixels. Without findings the picture
    bears the breast outline and its captions alone; without pixel spacing there is no scale bar.
    """
    small = shrink(for_display(gray, breast_window(gray, findings)), OVERLAY_PX)
    canvas: Canvas = np.repeat(small[:, :, None], 3, axis=2)
    scale = small.shape[0] / gray.shape[0]
    width = max(1, round(max(small.shape) / 1000))
    _draw_outline(canvas, findings.breast_outline, scale=scale, color=_color(BREAST_COLOR), width=1)
    _draw_calcifications(canvas, findings, scale, 1)
    _draw_non_lesions(canvas, findings, scale, 1)
    _draw_groups(canvas, findings, scale, width)
    _draw_captions(canvas, findings, scale, width * 0.6)
    return canvas


def encode_png(canvas: Canvas) -> bytes:
    """Encode a picture as PNG."""
    _, encoded = cv2.imencode(".png", canvas, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    return encoded.tobytes()
