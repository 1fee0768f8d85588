"""The prepared image -> where the breast is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.arrays import block_centers, enlarged, largest_part, mask_outline
from calcwatch.image.settings.prepare import BreastSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.prepare.normalize import PreparedImage


@dataclass(frozen=True, eq=False)
class BreastRegion:
    """Where the breast is, in crop pixels.

    Attributes:
        mask: uint8, size of the crop: 1 inside the breast (pectoral muscle included), 0 outside.
        area_px: Area of the mask in square pixels, 0 when no breast was found.
        outline: Polygon round the largest part of the mask; empty when no breast was found.
    """

    mask: NDArray[np.uint8]
    area_px: float
    outline: tuple[Point, ...]

    def area_cm2(self, spacing_mm: float | None) -> float | None:
        """Give the area of the breast in square centimeters.

        Args:
            spacing_mm: Millimeters a pixel, ``None`` when not known.

        Returns:
            The area, ``None`` when the spacing is not known.
        """
        return None if spacing_mm is None else self.area_px * spacing_mm**2 / 100.0


def find_breast(image: PreparedImage, *, settings: BreastSettings = BreastSettings()) -> BreastRegion:
    """Keep the largest solid part of what was imaged, its holes filled.

    Args:
        image: The prepared image.
        settings: How thick a breast is, and what the rim of a film looks like.

    Returns:
        The breast; an empty mask where nothing is thick enough for one.
    """
    # of a mask of 0 and 1 the inverse is 255 and 254: only its last bit meets the foreground
    bare = image.foreground & ~_film_rim(image, settings)
    radius = image.px(settings.opening_mm) / 2
    # a coarse picture is enough to tell what is thick; its rim is that of the fine one
    step = max(1, round(radius / settings.opening_steps))
    # opened before the largest part is chosen, or a thread would tie a label to the breast
    solid = _filled(largest_part(_open(block_centers(bare, step), round(radius / step))))
    cell = np.ones((3, 3), np.uint8)
    # a coarse pixel wider than found, so that the fine rim says where the skin is
    mask = bare & enlarged(cv2.dilate(solid, cell), bare.shape)
    # what is a coarse pixel inside the rim is breast, however dark
    mask |= enlarged(cv2.erode(solid, cell, borderType=cv2.BORDER_CONSTANT, borderValue=1), bare.shape)
    outline = mask_outline(mask, image.px(settings.outline_tolerance_mm))
    return BreastRegion(mask, float(cv2.countNonZero(mask)), outline)


def _film_rim(image: PreparedImage, settings: BreastSettings) -> NDArray[np.uint8]:
    """1 on a bright strip along the top, the bottom or the far side: the rim of a film, not a breast."""
    rim = np.zeros_like(image.foreground)
    deepest = round(image.px(settings.film_rim_mm))
    margin = round(image.px(settings.film_rim_margin_mm))
    for imaged, marked in (
        # flipped views share their pixels with rim itself; the near side is the chest wall, and stays
        (image.foreground, rim),
        (image.foreground[::-1], rim[::-1]),
        (image.foreground.T[::-1], rim.T[::-1]),
    ):
        bright = imaged[: deepest + 1].mean(axis=1) > settings.film_rim_share
        # the first row that is not bright ends the strip
        depth = int(np.argmin(bright)) if not bright.all() else 0  # bright all the way down is a breast
        marked[: depth + margin if depth else 0] = 1
    return rim


def _open(mask: NDArray[np.uint8], radius_px: int) -> NDArray[np.uint8]:
    """Opening that leaves what touches the border of the picture alone, as a breast does."""
    radius = max(1, radius_px)
    # what touches the border goes on past it, or opening would round the breast off there
    padded = cv2.copyMakeBorder(mask, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, square)
    return np.ascontiguousarray(opened[radius:-radius, radius:-radius])


def _filled(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask without its holes: a cyst as dark as air lies in the breast."""
    # outer contours alone, drawn filled: holes vanish
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED), np.uint8)
