"""Operations on pictures that several stages share, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

WIDE_SIGMA_PX = 9.0
"""From here on a Gaussian is made of three box filters, which differ from it by less than a percent."""

CLIP = 2.5
"""Times the mean absolute value: higher values are clipped, so that no calcification raises its own noise."""

CLIPPED_MEAN_OF_NORMAL = 0.780
"""E min(|x|, 2.5 E|x|) for a normal distribution of unit sigma."""

NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation: 1 / 0.6745."""

PIXEL_VARIANCE = 1 / 12
"""Variance of a place within a pixel, in square pixels: that of a uniform distribution."""


def gaussian(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Blur with a Gaussian of ``sigma_px`` pixels; a wide one is made of three box filters."""
    if sigma_px > WIDE_SIGMA_PX:
        size = (round((4 * sigma_px**2 + 1) ** 0.5) | 1,) * 2  # variance of a box: (size^2 - 1) / 12
        return np.asarray(cv2.blur(cv2.blur(cv2.blur(image, size), size), size), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), dtype=np.float32)


def local_noise(
    response: NDArray[np.float32], inside: NDArray[np.float32], window_px: int
) -> NDArray[np.float32]:
    """Standard deviation of ``response`` in a square window, robust against the few bright things in it.

    ``inside``: float32, 1 where pixels count. The mean absolute value is taken twice, the second time with
    outliers clipped; the result is scaled to the sigma of a normal distribution. 0 where nothing counts.
    """
    size = (window_px | 1, window_px | 1)
    weight = cv2.blur(inside, size) + np.float32(1e-6)
    magnitude = cv2.absdiff(response, np.zeros(1)) * inside
    mean = cv2.blur(magnitude, size) / weight
    clipped = cv2.blur(np.minimum(magnitude, np.float32(CLIP) * mean), size) / weight
    return np.asarray(clipped / np.float32(CLIPPED_MEAN_OF_NORMAL), dtype=np.float32)


def largest_part(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 in the largest connected part of a mask; 0 everywhere when the mask is empty."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if len(stats) < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), dtype=np.uint8)


def enlarged(mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A mask on larger pixels as one of ``shape`` (rows, columns)."""
    return np.asarray(
        cv2.resize(np.asarray(mask, np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8
    )


def block_mean(picture: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Mean of blocks of ``step`` x ``step`` pixels; the picture's sides are multiples of it."""
    size = (picture.shape[1] // step, picture.shape[0] // step)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def sampled(
    picture: NDArray[np.float32], row: NDArray[np.float32], column: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Gray between pixels, by the four nearest; past the border, that of the border.

    ``row``, ``column``: places of any shape, the answer's too.
    """
    (rows, columns), flat = picture.shape, picture.ravel()
    y, x = row.clip(0, rows - 1), column.clip(0, columns - 1)
    top, left = y.astype(np.intp), x.astype(np.intp)
    right, down = (left < columns - 1).astype(np.intp), (top < rows - 1) * np.intp(columns)
    y, x = y - top.astype(np.float32), x - left.astype(np.float32)
    place = top * columns + left
    upper = flat[place] * (1 - x) + flat[place + right] * x
    place += down
    lower = flat[place] * (1 - x) + flat[place + right] * x
    return np.asarray(upper * (1 - y) + lower * y, dtype=np.float32)


def erode(mask: NDArray[np.uint8], radius_px: int) -> NDArray[np.uint8]:
    """Take ``radius_px`` off the rim of a mask; the border of the picture is no rim."""
    if radius_px < 1:
        return mask
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    eroded = cv2.erode(mask, element, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray(eroded, dtype=np.uint8)
