"""A bank of differences of Gaussians over the breast -> local maxima in units of the local noise.

One chain of Gaussians serves every scale, and coarse scales are looked at with coarse pixels. A ring of
samples round each maximum tells a speck from a vessel, a ligament or a crossing of two (a line leaves the
ring bright on opposite sides).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.arrays import block_mean, gaussian, local_noise, sampled
from calcwatch.image.settings.find import FilterBankSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.prepare.normalize import PreparedImage

_TINY = np.float32(1e-9)


@dataclass(frozen=True, eq=False)
class LocalMaxima:
    """Local maxima of one scale or of all, as arrays of one length; empty when there are none.

    ``row``, ``column``: pixel of the crop. ``noise``: gray of one sigma at that scale; ``relative_noise``:
    that noise over the breast's own. ``response``: of the filter, in units of the noise. ``strength``: height
    over the surround in the same units, lines discounted.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    sigma_px: NDArray[np.float32]
    noise: NDArray[np.float32]
    relative_noise: NDArray[np.float32]
    response: NDArray[np.float32]
    strength: NDArray[np.float32]

    def taken(self, which: NDArray[np.intp]) -> LocalMaxima:
        """Those that ``which`` numbers, in its order."""
        return LocalMaxima(*(getattr(self, field.name)[which] for field in fields(LocalMaxima)))


@dataclass(frozen=True, eq=False)
class NoiseMap:
    """``sigma``: gray of a standard deviation of the noise, one for ``reduction`` x ``reduction`` pixels."""

    sigma: NDArray[np.float32]
    reduction: int


@dataclass(frozen=True, eq=False)
class _Level:
    """The breast ``smooth`` by ``sigma`` of its own pixels, each as wide as ``factor`` pixels of the crop."""

    smooth: NDArray[np.float32]
    inside: NDArray[np.uint8]
    area: NDArray[np.uint8]
    sigma: float
    factor: int


def scales_px(
    image: PreparedImage, *, settings: FilterBankSettings = FilterBankSettings()
) -> tuple[float, ...]:
    """Sigmas of the filter bank in pixels, ascending, each 1.6 times the one before."""
    first = max(settings.min_sigma_px, image.px(settings.finest_mm))
    count = 1 + math.floor(math.log(image.px(settings.coarsest_mm) / first) / math.log(settings.scale_ratio))
    return tuple(first * settings.scale_ratio**i for i in range(max(1, count)))


def fill_outside(
    gray: NDArray[np.float32],
    inside: NDArray[np.uint8],
    reach_px: float,
    *,
    settings: FilterBankSettings = FilterBankSettings(),
) -> NDArray[np.float32]:
    """Continue the breast smoothly past its skin, so that no filter sees an edge there.

    ``inside``: 1 in the breast. ``reach_px``: size of the window the continuation averages over, twice.
    """
    step = max(1, round(reach_px / settings.fill_samples))
    size = (round(reach_px / step) | 1,) * 2
    rows, columns = gray.shape
    padded = np.zeros((step * math.ceil(rows / step), step * math.ceil(columns / step)), np.float32)
    cv2.copyTo(inside.astype(np.float32), inside, padded[:rows, :columns])
    weight = block_mean(padded, step)
    cv2.copyTo(gray, inside, padded[:rows, :columns])
    total = block_mean(padded, step)
    wide = [cv2.blur(cv2.blur(each, size), size) for each in (total, weight)]
    whole = cv2.resize(wide[0] / (wide[1] + np.float32(1e-4)), padded.shape[::-1])
    filled = np.ascontiguousarray(whole[:rows, :columns])
    return np.asarray(cv2.copyTo(gray, inside, filled), dtype=np.float32)


def find_local_maxima(
    filled: NDArray[np.float32],
    inside: NDArray[np.uint8],
    area: NDArray[np.uint8],
    image: PreparedImage,
    *,
    most: int,
    settings: FilterBankSettings = FilterBankSettings(),
) -> tuple[LocalMaxima, NoiseMap]:
    """Local maxima of every scale in ``area``, at most ``most`` a scale, and the noise of single pixels.

    ``filled``: the crop continued past the skin; ``inside``, ``area``: 1 in the breast, and where peaks may
    lie.
    """
    first = scales_px(image, settings=settings)[0]
    level = _Level(gaussian(filled, first), inside, area, first, 1)
    found, maps = [], []
    for _ in scales_px(image, settings=settings):
        wider = gaussian(level.smooth, level.sigma * math.sqrt(settings.scale_ratio**2 - 1))
        response = np.asarray(cv2.subtract(level.smooth, wider), np.float32)
        peaks, noise = _peaks_of_level(level, response, image, most, settings)
        found.append(peaks)
        maps.append(noise)
        level = _next_level(level, wider, settings)
    return _joined(found), _noise_map(maps[0], filled.shape, first, image, settings)


def _next_level(level: _Level, wider: NDArray[np.float32], settings: FilterBankSettings) -> _Level:
    """The same at the next scale, with pixels twice as large where that loses nothing."""
    sigma = settings.scale_ratio * level.sigma
    if sigma < 2 * settings.reducible_sigma_px or min(wider.shape) < 4:
        return _Level(wider, level.inside, level.area, sigma, level.factor)
    rows, columns = wider.shape[0] % 2, wider.shape[1] % 2
    if rows or columns:
        wider = np.asarray(cv2.copyMakeBorder(wider, 0, rows, 0, columns, cv2.BORDER_REPLICATE), np.float32)
    half = block_mean(wider, 2)
    sigma = math.sqrt(sigma**2 + 0.25) / 2  # the mean of two pixels has a variance of a quarter
    area = level.area[::2, ::2].copy()
    area[-1], area[:, -1] = 0, 0  # a peak has neighbors on every side
    return _Level(half, level.inside[::2, ::2], area, sigma, 2 * level.factor)


def _peaks_of_level(
    level: _Level,
    response: NDArray[np.float32],
    image: PreparedImage,
    most: int,
    settings: FilterBankSettings,
) -> tuple[LocalMaxima, NDArray[np.float32]]:
    """Peaks of one scale, and the working noise on a coarse grid over the whole crop."""
    noise, typical = _working_noise(level, response, image, settings)
    row, column = _local_maxima(response, noise, level.area, most, settings)
    heard_in = _at(noise, row, column, response.shape)
    height = response[row, column] / heard_in
    full_row, full_column = _in_crop(response, row, column, level.factor)
    peaks = LocalMaxima(
        row=np.minimum(full_row, image.gray.shape[0] - 1),
        column=np.minimum(full_column, image.gray.shape[1] - 1),
        sigma_px=np.full_like(height, level.sigma * level.factor),
        noise=heard_in,
        relative_noise=heard_in / (typical + _TINY),
        response=height,
        strength=_speck_strength(level, row, column, settings) / heard_in,
    )
    return peaks, noise


def _working_noise(
    level: _Level, response: NDArray[np.float32], image: PreparedImage, settings: FilterBankSettings
) -> tuple[NDArray[np.float32], np.float32]:
    """Geometric mean of the local noise and the breast's own: no busy or calm corner rules alone.

    On a coarse grid over the whole crop: noise is even over some millimeters. Also the breast's own.
    """
    step = math.ceil(settings.noise_sample_sigmas * level.sigma)
    samples = np.ascontiguousarray(response[step // 2 :: step, step // 2 :: step])
    inside = level.inside[step // 2 :: step, step // 2 :: step].astype(np.float32)
    pixel = image.px(1.0) / level.factor
    window = max(settings.noise_window_mm * pixel, settings.noise_window_sigmas * level.sigma)
    local = local_noise(samples, inside, round(window / step))
    typical = np.float32(np.exp(cv2.mean(cv2.log(local + _TINY), mask=inside.astype(np.uint8))[0]))
    least = np.float32(settings.quantization_noise * image.gray_step / (level.sigma * level.factor))
    return np.maximum(np.sqrt(local * typical), least).astype(np.float32), typical


def _local_maxima(
    response: NDArray[np.float32],
    noise: NDArray[np.float32],
    area: NDArray[np.uint8],
    most: int,
    settings: FilterBankSettings,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the highest local maxima above the threshold, at most ``most``, in raster order."""
    least = cv2.resize(noise * np.float32(settings.min_response), response.shape[::-1])
    high = cv2.compare(response, least, cv2.CMP_GT)
    highest = cv2.dilate(response, np.ones((5, 5), np.uint8), dst=least)
    top = cv2.compare(response, highest, cv2.CMP_GE)
    peak = np.bitwise_and(np.bitwise_and(high, top), area).view(bool)
    row, column = np.divmod(np.flatnonzero(peak), response.shape[1])
    height = response[row, column] / _at(noise, row, column, response.shape)
    strongest = np.sort(np.argsort(-height, kind="stable")[:most])
    return row[strongest], column[strongest]


def _at(
    coarse: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Values of a coarse map at pixels of a fine picture of ``shape``, as enlarging the map gives them."""
    y = (row.astype(np.float32) + 0.5) * np.float32(coarse.shape[0] / shape[0]) - np.float32(0.5)
    x = (column.astype(np.float32) + 0.5) * np.float32(coarse.shape[1] / shape[1]) - np.float32(0.5)
    return sampled(coarse, y, x)


def _in_crop(
    response: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp], factor: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pixels of the crop: a parabola through its neighbors finds the top between coarse pixels."""
    if factor == 1:
        return row, column
    top = response[row, column]
    places = []
    for place, low, high in (
        (row, response[row - 1, column], response[row + 1, column]),
        (column, response[row, column - 1], response[row, column + 1]),
    ):
        offset = 0.5 * (high - low) / np.maximum(2 * top - low - high, _TINY)
        places.append(np.rint((place + 0.5 + np.clip(offset, -0.5, 0.5)) * factor - 0.5).astype(np.intp))
    return places[0], places[1]


def _speck_strength(
    level: _Level, row: NDArray[np.intp], column: NDArray[np.intp], settings: FilterBankSettings
) -> NDArray[np.float32]:
    """Height over the surround in gray, the least favorable of three looks at each candidate."""
    center = level.smooth[row, column]
    near = _ring(level, row, column, settings.near_ring, settings)
    far = _ring(level, row, column, settings.far_ring, settings)
    half = settings.ring_samples // 2
    line = np.minimum(near[:, :half], near[:, half:]).max(axis=1)
    surround = np.partition(far, -settings.ring_rank, axis=1)[:, -settings.ring_rank]
    over_line = np.float32(settings.line_weight) * (center - line)
    return np.asarray(np.minimum(over_line, center - surround), dtype=np.float32)


def _ring(
    level: _Level,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    sigmas: float,
    settings: FilterBankSettings,
) -> NDArray[np.float32]:
    """Gray on a circle round each candidate: candidates x samples, opposite ones half a row apart."""
    angle = np.arange(settings.ring_samples, dtype=np.float32) * np.float32(2 * np.pi / settings.ring_samples)
    radius = np.float32(sigmas * level.sigma)
    x = column[:, None].astype(np.float32) + radius * np.cos(angle)
    y = row[:, None].astype(np.float32) + radius * np.sin(angle)
    return sampled(level.smooth, y, x)


def _joined(found: list[LocalMaxima]) -> LocalMaxima:
    return LocalMaxima(
        *(np.concatenate([getattr(each, field.name) for each in found]) for field in fields(LocalMaxima))
    )


def _noise_map(
    noise: NDArray[np.float32],
    shape: tuple[int, ...],
    sigma: float,
    image: PreparedImage,
    settings: FilterBankSettings,
) -> NoiseMap:
    """Noise of single pixels, were that of the finest scale white, on a grid of 0.8 mm."""
    reduction = max(1, round(image.px(settings.noise_map_mm)))
    row, column = (np.minimum(np.arange(0, n, reduction) + reduction // 2, n - 1) for n in shape)
    y, x = np.meshgrid(row, column, indexing="ij")
    return NoiseMap(_at(noise, y, x, shape) / np.float32(_white_gain(sigma, settings)), reduction)


def _white_gain(sigma: float, settings: FilterBankSettings) -> float:
    """Factor by which the difference of Gaussians changes the standard deviation of white noise."""
    impulse = np.zeros((2 * math.ceil(8 * sigma) + 1,) * 2, np.float32)
    impulse[impulse.shape[0] // 2, impulse.shape[1] // 2] = 1
    return float(np.linalg.norm(gaussian(impulse, sigma) - gaussian(impulse, settings.scale_ratio * sigma)))
