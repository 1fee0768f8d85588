"""Real images without calcifications, to insert some into, and how they are varied."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import Mammogram, PixelSpacing
from calcwatch.phantom.insertion import noise_of
from calcwatch.phantom.lookalikes import draw_strands
from calcwatch.service.files.open_image import open_image
from calcwatch_lab.train.settings import BackgroundSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch_lab.labels import LabeledImage

_EIGHT_BITS, _TWELVE_BITS = 1 / 255, 1 / 4095  # a step of gray
_LEAST_LOG_RANGE = 0.01  # so that a factor can be drawn where the limits of the spacing leave none


@lru_cache(maxsize=64)
def open_background(background: LabeledImage) -> Mammogram:
    """Read the image of a background, once a process.

    Args:
        background: The background.

    Returns:
        Its image.

    Raises:
        BadTable: Its spacing is not known.

    """
    mammogram = open_image(background.path, background.given)
    if mammogram.description.pixel_spacing is None:
        raise BadTable(f"{background.path}: a background needs its pixel spacing; state it in the table")
    return mammogram


def vary(
    rng: np.random.Generator, mammogram: Mammogram, settings: BackgroundSettings
) -> tuple[Mammogram, float, float]:
    """Make another image of the same breast, with other pixels, tone and blur.

    Args:
        rng: Draws how.
        mammogram: The image; its spacing must be known.
        settings: How much it is varied.

    Returns:
        The image, which says its true spacing; that spacing in mm; by which factor its pixels are coarser.

    Raises:
        ValueError: The spacing of the image is not known.

    """
    original = mammogram.description.pixel_spacing
    if original is None:
        raise ValueError(f"{mammogram.description.source}: only an image with a spacing can be varied")
    coarser = _draw_factor(rng, original.mm, settings)
    spacing_mm = original.mm * coarser
    # Averaging where pixels get larger, as a coarser detector would; sampling would alias the noise.
    kind = cv2.INTER_AREA if coarser > 1 else cv2.INTER_CUBIC
    resized = cv2.resize(mammogram.gray, None, fx=1 / coarser, fy=1 / coarser, interpolation=kind)
    gray = _toned(rng, np.asarray(resized.clip(0, 1), np.float32), settings)
    if rng.random() < settings.blur_chance:
        gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), rng.uniform(*settings.blur_px)), np.float32)
    if rng.random() < settings.sharpening_chance:
        gray = _sharpened(rng, gray, spacing_mm, settings)
    description = replace(
        mammogram.description,
        pixel_spacing=PixelSpacing(spacing_mm, spacing_mm, "resampled"),
        rows=gray.shape[0],
    )
    step = _EIGHT_BITS if rng.random() < settings.eight_bit_chance else _TWELVE_BITS
    return Mammogram(gray, description, None, step), spacing_mm, coarser


def _draw_factor(rng: np.random.Generator, spacing_mm: float, settings: BackgroundSettings) -> float:
    (least, most), (finest, coarsest) = settings.coarser, settings.spacing_mm
    low, high = np.log(max(least, finest / spacing_mm)), np.log(min(most, coarsest / spacing_mm))
    return float(np.exp(rng.uniform(low, max(high, low + _LEAST_LOG_RANGE))))


def _toned(
    rng: np.random.Generator, gray: NDArray[np.float32], settings: BackgroundSettings
) -> NDArray[np.float32]:
    """Another window and look-up table: a gamma, perhaps an S-shaped curve, perhaps white cut off."""
    curved = gray ** np.float32(np.exp(rng.uniform(*settings.gamma_log)))
    if rng.random() < settings.s_curve_chance:
        middle, steep = rng.uniform(*settings.s_curve_middle), rng.uniform(*settings.s_curve_steepness)
        ends = 1 / (1 + np.exp(-steep * (np.array([0.0, 1.0]) - middle)))
        s_shaped = 1 / (1 + np.exp(np.float32(-steep) * (curved - np.float32(middle))))
        # Stretched back, so that black stays black and white white.
        curved = (s_shaped - ends[0]) / np.ptp(ends)
    low, high = rng.uniform(*settings.black), rng.uniform(*settings.white)
    return np.asarray(((curved - low) / (high - low)).clip(0, 1), dtype=np.float32)


def _sharpened(
    rng: np.random.Generator, gray: NDArray[np.float32], spacing_mm: float, settings: BackgroundSettings
) -> NDArray[np.float32]:
    """Edges enhanced, as some vendors show them."""
    sigma_px = max(rng.uniform(*settings.sharpening_mm) / spacing_mm, settings.sharpening_least_px)
    detail = gray - cv2.GaussianBlur(gray, (0, 0), sigma_px)
    amount = np.float32(rng.uniform(*settings.sharpening))
    return np.asarray((gray + amount * detail).clip(0, 1), dtype=np.float32)


def insertable_area(
    gray: NDArray[np.float32], masked: Iterable[tuple[Point, ...]], settings: BackgroundSettings
) -> NDArray[np.uint8]:
    """Find where something may be inserted.

    Args:
        gray: The image, 0 to 1.
        masked: Outlines in its pixels that are left out.
        settings: What counts as breast.

    Returns:
        1 in the largest bright region, off its rim, off saturated gray and off the outlines; one pixel at
        least.

    """
    size = (settings.smoothing_px, settings.smoothing_px)
    bright = (cv2.blur(gray, size) > settings.breast_gray).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
    area = np.zeros_like(bright)
    # Row 0 is the background; the largest bright part is the breast, labels are smaller.
    if len(stats) > 1:
        area = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    area[cv2.blur(gray, size) > settings.saturated_gray] = 0
    rim = np.ones((settings.rim_px, settings.rim_px), np.uint8)
    area = np.asarray(cv2.erode(area, rim), np.uint8)
    for outline in masked:
        cv2.fillPoly(area, [np.rint(np.array(outline)[:, ::-1]).astype(np.int32)], (0,))
    # A single pixel, so that whatever is drawn from it later finds a place.
    if not area.any():
        area[area.shape[0] // 2, area.shape[1] // 2] = 1
    return area


def with_strands(
    rng: np.random.Generator,
    gray: NDArray[np.float32],
    area: NDArray[np.uint8],
    spacing_mm: float,
    settings: BackgroundSettings,
) -> NDArray[np.float32]:
    """Draw more of the strands and knots that a normal breast has: all of them are tissue.

    Args:
        rng: Draws them.
        gray: The image, 0 to 1.
        area: Where they may lie.
        spacing_mm: Distance of two pixels.
        settings: How many at most.

    Returns:
        The image with strands.

    """
    count = int(rng.integers(0, settings.most_strands))
    noise = noise_of(gray, area, spacing_mm)
    strands = draw_strands(rng, area, noise, spacing_mm=spacing_mm, count=count)
    # Less the nearer white is: strands never saturate.
    return np.asarray((gray + strands * (1 - gray)).clip(0, 1), dtype=np.float32)


def draw_background(
    rng: np.random.Generator, backgrounds: tuple[LabeledImage, ...], settings: BackgroundSettings
) -> tuple[LabeledImage, Mammogram, float, float]:
    """Draw a background and vary it.

    Args:
        rng: Draws which and how.
        backgrounds: Those there are, at least one.
        settings: How much it is varied.

    Returns:
        The background, its varied image, the spacing of that in mm, and by which factor its pixels are
        coarser.

    """
    background = backgrounds[int(rng.integers(len(backgrounds)))]
    mammogram, spacing_mm, coarser = vary(rng, open_background(background), settings)
    return background, mammogram, spacing_mm, coarser
