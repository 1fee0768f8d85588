"""A bank of differences of Gaussians over the breast -> local maxima in units of the local noise.

One chain of Gaussians serves every scale, and coarse scales are filtered on coarse pixels. A ring of samples
round each maximum tells a point from a vessel, a ligament or a crossing of two: a line leaves the ring bright
on opposite sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.arrays import (
    block_centers,
    block_mean,
    block_to_pixel,
    gaussian,
    local_noise,
    sampled,
)
from calcwatch.image.settings.find import FilterBankSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.prepare.normalize import PreparedImage

_TINY = np.float32(1e-9)  # keeps a division by zero away


@dataclass(frozen=True, eq=False)
class LocalMaxima:
    """Local maxima of one scale or of all, as arrays of one length; empty when there are none.

    Attributes:
        row: Row in crop pixels, whole.
        column: Column in crop pixels, whole.
        sigma_px: Scale, in crop pixels.
        noise: Gray of one sigma of the noise at that scale.
        relative_noise: That noise over the noise typical of the breast.
        response: Response of the filter in units of the noise.
        strength: Height over the surround in units of the noise, lines discounted.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    sigma_px: NDArray[np.float32]
    noise: NDArray[np.float32]
    relative_noise: NDArray[np.float32]
    response: NDArray[np.float32]
    strength: NDArray[np.float32]

    def taken(self, order: NDArray[np.intp]) -> LocalMaxima:
        """Take some of the maxima.

        Args:
            order: Their indices.

        Returns:
            Those maxima, in that order.
        """
        return LocalMaxima(*(getattr(self, field.name)[order] for field in fields(LocalMaxima)))


def scales_px(
    image: PreparedImage, *, settings: FilterBankSettings = FilterBankSettings()
) -> tuple[float, ...]:
    """List the scales of the filter bank.

    Args:
        image: The prepared image, for its pixel spacing.
        settings: Finest and coarsest scale.

    Returns:
        Sigmas in crop pixels, ascending, at least one; each is the last one times the scale ratio.
    """
    first = max(settings.min_sigma_px, image.px(settings.finest_mm))
    count = 1 + math.floor(math.log(image.px(settings.coarsest_mm) / first) / math.log(settings.scale_ratio))
    return tuple(first * settings.scale_ratio**level for level in range(max(1, count)))


def fill_outside(
    gray: NDArray[np.float32],
    inside: NDArray[np.uint8],
    reach_px: float,
    *,
    settings: FilterBankSettings = FilterBankSettings(),
) -> NDArray[np.float32]:
    """Continue the breast smoothly past its skin, so that no filter sees an edge there.

    Args:
        gray: The crop.
        inside: 1 in the breast, same shape.
        reach_px: Side of the window that the continuation is averaged over, twice.
        settings: How fine the continuation is.

    Returns:
        Gray, same shape: as it was inside, the mean of the breast nearby outside.
    """
    # means over a wide window need no fine pixels
    step = max(1, round(reach_px / settings.fill_samples))
    size = (round(reach_px / step) | 1,) * 2
    rows, columns = gray.shape
    padded = np.zeros((step * math.ceil(rows / step), step * math.ceil(columns / step)), np.float32)
    cv2.copyTo(inside.astype(np.float32), inside, padded[:rows, :columns])
    # normalized convolution: mean of the breast over mean of its mask, so that air adds nothing
    weight = block_mean(padded, step)
    cv2.copyTo(gray, inside, padded[:rows, :columns])
    total = block_mean(padded, step)
    # twice a box is a tent: what lies nearer to the skin counts more
    wide_total, wide_weight = (cv2.blur(cv2.blur(picture, size), size) for picture in (total, weight))
    # far from the breast, where no window reaches it, the continuation fades to black
    whole = cv2.resize(wide_total / (wide_weight + np.float32(1e-4)), padded.shape[::-1])
    filled = np.ascontiguousarray(whole[:rows, :columns])
    # inside, every pixel stays as it was
    return np.asarray(cv2.copyTo(gray, inside, filled), dtype=np.float32)


def find_local_maxima(
    filled: NDArray[np.float32],
    inside: NDArray[np.uint8],
    area: NDArray[np.uint8],
    image: PreparedImage,
    *,
    most: int,
    settings: FilterBankSettings = FilterBankSettings(),
) -> tuple[LocalMaxima, NDArray[np.float32]]:
    """Find the local maxima of every scale.

    Args:
        filled: The crop, the breast continued past its skin.
        inside: 1 in the breast, same shape.
        area: 1 where maxima may lie, same shape; 0 on the border of the crop.
        image: The prepared image, for its pixel spacing and gray step.
        most: How many maxima are kept of each scale, those of the highest response.
        settings: Scales, windows of the noise, rings.

    Returns:
        The maxima, scale by scale from fine to coarse, each in raster order; and the noise map: gray of one
        standard deviation that single pixels would have if the noise of the finest scale were white, on cells
        of ``noise_cell_px``.
    """
    scales = scales_px(image, settings=settings)
    # a level of the chain: the breast blurred by ``sigma`` of its own pixels, each ``cell`` crop pixels wide
    smooth, sigma, cell = gaussian(filled, scales[0]), scales[0], 1
    maxima: list[LocalMaxima] = []
    noises: list[NDArray[np.float32]] = []
    for _ in scales:
        # variances of Gaussians add up: this blur takes sigma to that of the next scale
        wider = gaussian(smooth, sigma * math.sqrt(settings.scale_ratio**2 - 1))
        # a difference of Gaussians is near to a Laplacian at this ratio (Marr and Hildreth 1980)
        response = np.asarray(cv2.subtract(smooth, wider), np.float32)
        noise, typical = _working_noise(response, inside, sigma, cell, image, settings=settings)
        noises.append(noise)
        row, column = _highest(response, noise, area, most, settings)
        noise_there = _at(noise, row, column, response.shape)
        height = response[row, column] / noise_there
        crop_row, crop_column = _in_crop(response, row, column, cell)
        maxima.append(
            LocalMaxima(
                # the row that an odd picture was filled up with lies past the border
                row=np.minimum(crop_row, image.gray.shape[0] - 1),
                column=np.minimum(crop_column, image.gray.shape[1] - 1),
                sigma_px=np.full_like(height, sigma * cell),
                noise=noise_there,
                relative_noise=noise_there / (typical + _TINY),
                response=height,
                strength=_strength(smooth, sigma, row, column, settings) / noise_there,
            )
        )
        smooth, sigma = wider, settings.scale_ratio * sigma
        # pixels twice as large lose nothing of a picture that is this smooth
        if sigma >= 2 * settings.reducible_sigma_px and min(smooth.shape) >= settings.min_level_px:
            smooth, inside, area = _halved(smooth, inside, area)
            sigma, cell = math.sqrt(sigma**2 + 0.25) / 2, 2 * cell  # the mean of two pixels: variance 1/4
    joined = (
        np.concatenate([getattr(level, field.name) for level in maxima]) for field in fields(LocalMaxima)
    )
    return LocalMaxima(*joined), _noise_map(noises[0], filled.shape, scales[0], image, settings)


def noise_cell_px(image: PreparedImage, *, settings: FilterBankSettings = FilterBankSettings()) -> int:
    """Tell how large a cell of the noise map is.

    Args:
        image: The prepared image, for its pixel spacing.
        settings: Size of a cell in millimeters.

    Returns:
        Side of a cell in crop pixels, 1 or more.
    """
    return max(1, round(image.px(settings.noise_map_mm)))


def _halved(
    smooth: NDArray[np.float32], inside: NDArray[np.uint8], area: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """The same on pixels twice as large; an odd last row or column is repeated."""
    rows, columns = smooth.shape[0] % 2, smooth.shape[1] % 2
    if rows or columns:
        smooth = np.asarray(cv2.copyMakeBorder(smooth, 0, rows, 0, columns, cv2.BORDER_REPLICATE), np.float32)
    area = area[::2, ::2].copy()
    area[-1], area[:, -1] = 0, 0  # a maximum has neighbors on every side
    return block_mean(smooth, 2), inside[::2, ::2], area


def _working_noise(
    response: NDArray[np.float32],
    inside: NDArray[np.uint8],
    sigma: float,
    cell: int,
    image: PreparedImage,
    *,
    settings: FilterBankSettings,
) -> tuple[NDArray[np.float32], np.float32]:
    """Geometric mean of the local noise and the breast's own, and the breast's own.

    So neither a calm nor a restless corner sets its own standard. The first is on a coarse grid over the
    whole crop, since noise is even over some millimeters.
    """
    # the response is smooth over about a sigma: closer samples would say the same again
    step = math.ceil(settings.noise_sample_sigmas * sigma)
    samples = block_centers(response, step)
    counted = block_centers(inside, step).astype(np.float32)
    millimeter = image.px(1.0) / cell
    window = max(settings.noise_window_mm * millimeter, settings.noise_window_sigmas * sigma)
    local = local_noise(samples, counted, round(window / step))
    # mean of logarithms: a restless corner of the breast does not set it
    typical = np.float32(np.exp(cv2.mean(cv2.log(local + _TINY), mask=counted.astype(np.uint8))[0]))
    # gray comes in steps: noise below their rounding cannot be seen
    # averaged over the filter, white noise falls with its sigma in crop pixels
    least = np.float32(settings.quantization_noise * image.gray_step / (sigma * cell))
    return np.maximum(np.sqrt(local * typical), least).astype(np.float32), typical


def _highest(
    response: NDArray[np.float32],
    noise: NDArray[np.float32],
    area: NDArray[np.uint8],
    most: int,
    settings: FilterBankSettings,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the highest local maxima above the threshold, at most ``most``, in raster order."""
    # noise is even over millimeters: its coarse map is enlarged and serves as threshold
    least = cv2.resize(noise * np.float32(settings.min_response), response.shape[::-1])
    high = cv2.compare(response, least, cv2.CMP_GT)
    window = np.ones((settings.maximum_px, settings.maximum_px), np.uint8)
    # a pixel equal to the dilation is the highest of its window; the threshold's memory is reused
    highest = cv2.dilate(response, window, dst=least)
    top = cv2.compare(response, highest, cv2.CMP_GE)
    is_maximum = np.bitwise_and(np.bitwise_and(high, top), area).view(bool)
    row, column = np.divmod(np.flatnonzero(is_maximum), response.shape[1])
    # ranked in units of the noise, as everything later is, and not in gray
    height = response[row, column] / _at(noise, row, column, response.shape)
    strongest = np.sort(np.argsort(-height, kind="stable")[:most])
    return row[strongest], column[strongest]


def _at(
    coarse: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Values of a coarse map at pixels of a fine picture of ``shape``, as enlarging the map gives them."""
    # centers of pixels, as cv2.resize maps them
    y = (row.astype(np.float32) + 0.5) * np.float32(coarse.shape[0] / shape[0]) - np.float32(0.5)
    x = (column.astype(np.float32) + 0.5) * np.float32(coarse.shape[1] / shape[1]) - np.float32(0.5)
    return sampled(coarse, y, x)


def _in_crop(
    response: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp], cell: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pixels of the crop: a parabola through its neighbors finds the top between coarse pixels."""
    if cell == 1:
        return row, column
    top = response[row, column]
    places = []
    for place, low, high in (
        (row, response[row - 1, column], response[row + 1, column]),
        (column, response[row, column - 1], response[row, column + 1]),
    ):
        offset = 0.5 * (high - low) / np.maximum(2 * top - low - high, _TINY)
        # a maximum lies within its own pixel, whatever noise does to the parabola
        places.append(np.rint(block_to_pixel(place + np.clip(offset, -0.5, 0.5), cell)).astype(np.intp))
    return places[0], places[1]


def _strength(
    smooth: NDArray[np.float32],
    sigma: float,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    settings: FilterBankSettings,
) -> NDArray[np.float32]:
    """Height of each maximum in gray: over a line through it or over its surround, whichever is less."""
    center = smooth[row, column]
    near = _ring(smooth, row, column, settings.near_ring * sigma, settings)
    far = _ring(smooth, row, column, settings.far_ring * sigma, settings)
    half = settings.ring_samples // 2
    # of two opposite samples the darker: a line is bright on both sides, a neighbor on a single side
    line = np.minimum(near[:, :half], near[:, half:]).max(axis=1)
    # not the median: on a vessel most of the ring is dark, and the maximum would look high
    surround = np.partition(far, -settings.ring_rank, axis=1)[:, -settings.ring_rank]
    over_line = np.float32(settings.line_weight) * (center - line)
    # the less flattering of the two, so that either a line or a bright surround discounts it
    return np.asarray(np.minimum(over_line, center - surround), dtype=np.float32)


def _ring(
    smooth: NDArray[np.float32],
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    radius_px: float,
    settings: FilterBankSettings,
) -> NDArray[np.float32]:
    """Gray on a circle round each maximum: n x samples, opposite ones half a row apart."""
    angle = np.arange(settings.ring_samples, dtype=np.float32) * np.float32(2 * np.pi / settings.ring_samples)
    radius = np.float32(radius_px)
    x = column[:, None].astype(np.float32) + radius * np.cos(angle)
    y = row[:, None].astype(np.float32) + radius * np.sin(angle)
    return sampled(smooth, y, x)


def _noise_map(
    noise: NDArray[np.float32],
    shape: tuple[int, ...],
    sigma: float,
    image: PreparedImage,
    settings: FilterBankSettings,
) -> NDArray[np.float32]:
    """Noise of single pixels, were that of the finest scale white, a cell for each ``noise_cell_px``."""
    cell = noise_cell_px(image, settings=settings)
    row, column = (np.minimum(np.arange(0, n, cell) + cell // 2, n - 1) for n in shape)
    y, x = np.meshgrid(row, column, indexing="ij")
    # the gain of the filter for white noise is the norm of its answer to a single bright pixel
    impulse = np.zeros((2 * math.ceil(8 * sigma) + 1,) * 2, np.float32)  # 8 sigma: beyond is below rounding
    impulse[impulse.shape[0] // 2, impulse.shape[1] // 2] = 1
    gain = np.linalg.norm(gaussian(impulse, sigma) - gaussian(impulse, settings.scale_ratio * sigma))
    return _at(noise, y, x, shape) / np.float32(gain)
