"""Operations on pictures that several stages share, each once.

A picture is a two-dimensional array; a point is (row, column) with (0, 0) at the center of the top-left
pixel. Nothing here knows what a picture shows: the numbers that tune a stage come from its settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from calcwatch.domain.image import Point

_Pixel = TypeVar("_Pixel", bound=np.generic)

WIDE_SIGMA_PX = 9.0
"""From here on a Gaussian is made of three box filters; their sides are odd, so it is up to 8 % wider."""

CLIP = 2.5
"""Times the mean absolute value: higher values are clipped, so that no calcification raises its own noise."""

CLIPPED_MEAN_OF_NORMAL = 0.780
"""E min(|x|, 2.5 E|x|) for a normal distribution of unit sigma."""

NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation: 1 / 0.6745."""

PIXEL_VARIANCE = 1 / 12
"""Variance of a place within a pixel, in square pixels: that of a uniform distribution."""


def gaussian(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Blur a picture with a Gaussian.

    Args:
        image: The picture; the border is mirrored.
        sigma_px: Standard deviation in pixels, above 0; from ``WIDE_SIGMA_PX`` on three box filters take the
            place of the Gaussian, whose cost grows with its width.

    Returns:
        The blurred picture, same shape.
    """
    if sigma_px > WIDE_SIGMA_PX:
        # three boxes are close to a Gaussian; an odd side has a middle pixel, so nothing is shifted
        size = (round((4 * sigma_px**2 + 1) ** 0.5) | 1,) * 2  # variance of a box: (size^2 - 1) / 12
        return np.asarray(cv2.blur(cv2.blur(cv2.blur(image, size), size), size), dtype=np.float32)
    # kernel size (0, 0): OpenCV takes it from sigma; the border is mirrored without its own pixel
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), dtype=np.float32)


def local_noise(
    response: NDArray[np.float32], inside: NDArray[np.float32], window_px: int
) -> NDArray[np.float32]:
    """Estimate the standard deviation of a filter's response, robust against the few bright things in it.

    The mean absolute value of a square window is taken twice, the second time with outliers clipped, and
    scaled to the sigma of a normal distribution.

    Args:
        response: Response of a filter whose mean is 0.
        inside: 1 where pixels count, else 0; same shape.
        window_px: Side of the window in pixels; an even one is made odd.

    Returns:
        Noise at every pixel in units of the response, same shape; 0 where nothing in the window counts.
    """
    size = (window_px | 1, window_px | 1)
    # normalized convolution: divided by the weight, pixels outside of the breast take no part
    weight = cv2.blur(inside, size) + np.float32(1e-6)  # keeps 0 over 0 at 0
    # absolute values: in a mean of squares a single calcification would outweigh its whole window
    magnitude = cv2.absdiff(response, np.zeros(1)) * inside
    mean = cv2.blur(magnitude, size) / weight
    clipped = cv2.blur(np.minimum(magnitude, np.float32(CLIP) * mean), size) / weight
    return np.asarray(clipped / np.float32(CLIPPED_MEAN_OF_NORMAL), dtype=np.float32)


def largest_part(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the largest 4-connected part of a mask.

    Args:
        mask: 1 on the parts, 0 elsewhere.

    Returns:
        1 on the largest part, same shape; 0 everywhere when the mask is empty.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    # the first label is the background
    if len(stats) < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), dtype=np.uint8)


def erode(mask: NDArray[np.uint8], radius_px: int) -> NDArray[np.uint8]:
    """Take a rim off a mask; the border of the picture is no rim.

    Args:
        mask: 1 inside, 0 outside.
        radius_px: Width of the rim in pixels; below 1 nothing is taken off.

    Returns:
        The smaller mask, same shape.
    """
    if radius_px < 1:
        return mask
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    # value 1 past the border: the breast goes on there, as at the chest wall, and loses no rim
    eroded = cv2.erode(mask, element, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray(eroded, dtype=np.uint8)


def block_mean(picture: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Reduce a picture to the means of square blocks.

    Args:
        picture: The picture; rows and columns that fill no block at its far borders are left out.
        step: Side of a block in pixels.

    Returns:
        One pixel a block, at least one row and one column.
    """
    rows, columns = (max(1, length // step) for length in picture.shape)
    # by a whole number INTER_AREA gives the plain mean of each block
    whole = picture[: rows * step, : columns * step]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32)


def block_centers(picture: NDArray[_Pixel], step: int) -> NDArray[_Pixel]:
    """Reduce a picture to the middle pixel of each square block, as a mask is whose values have no mean.

    Args:
        picture: The picture; a block that its far borders cut counts where its middle pixel is left.
        step: Side of a block in pixels.

    Returns:
        One pixel a block.
    """
    return np.ascontiguousarray(picture[step // 2 :: step, step // 2 :: step])


def block_to_pixel(place: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Turn places on a picture of blocks into places on the picture that was reduced.

    Args:
        place: Rows, columns or both on the picture of blocks; 0 is the middle of the first block.
        step: Side of a block in pixels.

    Returns:
        The same places in pixels, same shape; 0 is the center of the first pixel.
    """
    # edges of pixels scale, centers do not: half a pixel out, and half a pixel back in
    return (place + 0.5) * step - 0.5


def enlarged(mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Enlarge a mask on larger pixels, each as a square of equal ones.

    Args:
        mask: 1 inside, 0 outside.
        shape: Rows and columns of the answer.

    Returns:
        The mask, of ``shape``.
    """
    # nearest pixel: any interpolation would make values between 0 and 1
    return np.asarray(
        cv2.resize(np.asarray(mask, np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8
    )


def sampled(
    picture: NDArray[np.float32], row: NDArray[np.float32], column: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Interpolate between the four pixels nearest to each place.

    Args:
        picture: The picture; past its border counts the border.
        row: Rows of the places, of any shape.
        column: Their columns, same shape.

    Returns:
        Gray at the places, same shape as they.
    """
    (rows, columns), flat = picture.shape, picture.ravel()
    y, x = row.clip(0, rows - 1), column.clip(0, columns - 1)
    top, left = y.astype(np.intp), x.astype(np.intp)
    # in the last row or column the next pixel is the pixel itself: nothing past the border is read
    right, down = (left < columns - 1).astype(np.intp), (top < rows - 1) * np.intp(columns)
    y, x = y - top.astype(np.float32), x - left.astype(np.float32)
    place = top * columns + left
    upper = flat[place] * (1 - x) + flat[place + right] * x
    place += down
    lower = flat[place] * (1 - x) + flat[place + right] * x
    return np.asarray(upper * (1 - y) + lower * y, dtype=np.float32)


def squares_around(
    picture: NDArray[np.float32],
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    side_px: int,
    *,
    fill: float | None = None,
) -> NDArray[np.float32]:
    """Cut the square round each of n pixels.

    Args:
        picture: The picture.
        row: Rows of the n pixels, inside the picture.
        column: Their columns.
        side_px: Side of the squares; the pixel lies at row and column ``side_px // 2`` of its square.
        fill: Gray past the border of the picture; ``None`` repeats the border.

    Returns:
        The squares, n x side x side.
    """
    half = side_px // 2
    kind = cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT
    # padded by half a side, the row and column of a pixel are the corner of its square
    padded = cv2.copyMakeBorder(picture, half, half, half, half, kind, value=(fill or 0.0,))
    # a view of all squares: only the few that are indexed are copied
    squares = np.lib.stride_tricks.sliding_window_view(padded, (side_px, side_px))
    return np.ascontiguousarray(squares[row, column])


def longest_contour(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Follow the rim of the part of a mask that has the longest one, holes left out.

    Args:
        mask: 1 inside, 0 outside.

    Returns:
        Pixels of the rim in order, n x 2 (column, row), as OpenCV has it; 0 x 2 when the mask is empty.
    """
    # every pixel of the rim is kept: the number of its points stands for its length
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2), np.int32)
    return np.asarray(max(contours, key=len)[:, 0, :], np.int32)


def mask_outline(
    mask: NDArray[np.uint8], tolerance_px: float, *, top: int = 0, left: int = 0
) -> tuple[Point, ...]:
    """Draw the polygon round the part of a mask that has the longest rim.

    Args:
        mask: 1 inside, 0 outside.
        tolerance_px: How far the polygon may run from the rim, in pixels.
        top: Row of the mask's first row in the picture it was cut from.
        left: Column of the mask's first column there.

    Returns:
        Corners of the polygon in pixels of that picture; empty when the mask is.
    """
    contour = longest_contour(mask)
    if not len(contour):
        return ()
    corners = cv2.approxPolyDP(contour, tolerance_px, closed=True)[:, 0, :]
    return tuple((float(row) + top, float(column) + left) for column, row in corners)
