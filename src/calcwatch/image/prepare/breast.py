"""The crop -> where the breast is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.arrays import enlarged, largest_part
from calcwatch.image.settings.prepare import BreastSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.prepare.normalize import NormalizedImage

_CELL = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class BreastRegion:
    """``mask``: uint8, crop size, 1 inside the breast (pectoral muscle included), 0 outside.

    ``area_px``: its area in pixels, 0 when no breast was found. ``outline``: polygon in crop coordinates,
    empty when no breast was found.
    """

    mask: NDArray[np.uint8]
    area_px: float
    outline: tuple[Point, ...]

    def area_cm2(self, spacing_mm: float | None) -> float | None:
        """Area in square centimeters, ``None`` when the pixel spacing is unknown."""
        return None if spacing_mm is None else self.area_px * spacing_mm**2 / 100.0


def find_breast(image: NormalizedImage, *, settings: BreastSettings = BreastSettings()) -> BreastRegion:
    """Keep the largest solid part of the foreground, its holes filled."""
    bare = image.foreground & ~_film_border(image, settings)
    radius = image.px(settings.opening_mm) / 2
    step = max(1, round(radius / settings.opening_steps))
    small = np.ascontiguousarray(bare[step // 2 :: step, step // 2 :: step])
    solid = _filled(largest_part(_open(small, round(radius / step))))
    mask = bare & enlarged(cv2.dilate(solid, _CELL), bare.shape)  # the rim at full resolution
    mask |= enlarged(cv2.erode(solid, _CELL, borderType=cv2.BORDER_CONSTANT, borderValue=1), bare.shape)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return BreastRegion(mask, 0.0, ())
    outline = cv2.approxPolyDP(max(contours, key=len), image.px(settings.outline_tolerance_mm), closed=True)
    points = tuple((float(row), float(column)) for column, row in outline[:, 0, :])
    return BreastRegion(mask, float(cv2.countNonZero(mask)), points)


def _film_border(image: NormalizedImage, settings: BreastSettings) -> NDArray[np.uint8]:
    """1 on a bright strip along the top, the bottom or the far side: the rim of a film, not a breast."""
    border = np.zeros_like(image.foreground)
    most = round(image.px(settings.film_rim_mm))
    margin = round(image.px(settings.film_rim_margin_mm))
    for view, marked in (
        (image.foreground, border),
        (image.foreground[::-1], border[::-1]),
        (image.foreground.T[::-1], border.T[::-1]),
    ):
        bright = view[: most + 1].mean(axis=1) > settings.film_rim_share
        depth = int(np.argmin(bright)) if not bright.all() else 0
        marked[: depth + margin if depth else 0] = 1
    return border


def _open(mask: NDArray[np.uint8], radius_px: int) -> NDArray[np.uint8]:
    """Opening that leaves what touches the border of the picture alone, as a breast does."""
    radius = max(1, radius_px)
    padded = cv2.copyMakeBorder(mask, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, square)
    return np.ascontiguousarray(opened[radius:-radius, radius:-radius])


def _filled(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask without its holes."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED), np.uint8)
