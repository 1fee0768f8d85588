"""The whole breast of one image, kept until it is shown beside another examination's; display only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Point
from calcwatch.report.pictures import breast_window, encoded_jpeg, for_display

SHEET_MM = 0.1
"""Pixels of a sheet are no finer than this: a pair of examinations fits in memory, every speck is seen."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A breast as it is shown: ``pixels`` uint8, ``step`` pixels of the file in one of the sheet."""

    pixels: NDArray[np.uint8]
    step: float


@dataclass(frozen=True, eq=False)
class Cutting:
    """A square piece of a sheet: ``uri`` holds it, ``turn`` (2 x 3) takes (column, row) of the file there."""

    uri: str
    side: int
    turn: NDArray[np.float64]

    def at(self, place: Point) -> Point:
        """(x, y) in the picture of a point (row, column) of the file."""
        x, y = self.turn @ np.array([place[1], place[0], 1.0])
        return round(float(x), 1), round(float(y), 1)


def take_sheet(gray: NDArray[np.float32], findings: ImageFindings) -> Sheet:
    """Keep the breast for display. ``gray``: rows x columns, 0 black to 1 white."""
    spacing = findings.description.pixel_spacing
    step = max(1.0, SHEET_MM / spacing.mm) if spacing else 1.0
    shown = for_display(gray, breast_window(gray, findings))
    size = (round(shown.shape[1] / step), round(shown.shape[0] / step))
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA) if step > 1 else shown
    return Sheet(np.asarray(small, np.uint8), shown.shape[0] / small.shape[0])


def cut_sheet(sheet: Sheet, turn: NDArray[np.float64], side: int) -> Cutting:
    """Cut a square of ``side`` pixels out.

    ``turn``: 2 x 3, takes (column, row) of the file to (x, y) of the picture: it says where, how large and
    how turned. Where the sheet ends it is black. Contrast is stretched to what the piece shows.
    """
    scaled = turn.copy()
    scaled[:, :2] *= sheet.step
    scaled[:, 2] += turn[:, :2] @ np.full(2, sheet.step / 2 - 0.5)
    piece = cv2.warpAffine(sheet.pixels, scaled, (side, side), flags=cv2.INTER_LINEAR)
    return Cutting(encoded_jpeg(_stretched(np.asarray(piece, np.uint8))), side, turn)


def _stretched(piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    inside = piece[piece > 0]
    if inside.size == 0:
        return piece
    black, white = np.percentile(inside, (1.0, 99.8))
    scaled = (piece.astype(np.float32) - black) * (255 / max(white - black, 24.0))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)
