"""May this image be analyzed? Flags, never a silent pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import QualityFlag
from calcwatch.image.settings.prepare import QualitySettings

if TYPE_CHECKING:
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


def quality_flags(
    image: PreparedImage, breast: BreastRegion, *, settings: QualitySettings = QualitySettings()
) -> frozenset[QualityFlag]:
    """Tell what is wrong with a picture as far as the picture itself shows it.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: Limits of area, gray levels, saturation and pixel spacing.

    Returns:
        The flags, ``NO_BREAST`` alone where there is none; an empty set when nothing is wrong.
    """
    if breast.area_px < settings.min_breast_share * image.gray.size:
        # grays of what is no breast would only raise more flags
        return frozenset({QualityFlag.NO_BREAST})
    flags = _gray_flags(image, breast, settings)
    area = breast.area_cm2(image.spacing_mm)
    if area is not None and not settings.min_breast_cm2 <= area <= settings.max_breast_cm2:
        # or a mammogram with a wrong spacing: its millimeters would be wrong either way
        flags.add(QualityFlag.NOT_A_MAMMOGRAM)
    if image.spacing_mm is not None and image.spacing_mm > settings.coarse_mm:
        flags.add(QualityFlag.PIXELS_COARSE)
    return frozenset(flags)


def _gray_flags(image: PreparedImage, breast: BreastRegion, settings: QualitySettings) -> set[QualityFlag]:
    """Flags for a breast that is saturated, dark or has few gray levels."""
    every = (slice(None, None, settings.sample_step),) * 2
    inside = image.gray[every][breast.mask[every] > 0]
    # quantiles: a marker or a dead pixel does not stretch the range
    low, high = (float(gray) for gray in np.quantile(inside, settings.gray_quantiles))
    # white is the highest stored value: what lies nearer to 1 than to the value below it
    saturated = float(np.mean(inside >= 1.0 - 0.5 * image.gray_step))
    flags = set()
    if saturated > settings.saturated_share:
        flags.add(QualityFlag.BREAST_SATURATED)
    elif saturated > settings.partly_saturated_share:
        flags.add(QualityFlag.PARTLY_SATURATED)
    # counted in stored steps, so that 8 and 16 bits are judged alike; all white is not dark
    if high - low < settings.min_gray_levels * image.gray_step and QualityFlag.BREAST_SATURATED not in flags:
        flags.add(QualityFlag.BREAST_DARK)
    elif high - low < settings.few_gray_levels * image.gray_step:
        flags.add(QualityFlag.FEW_GRAY_LEVELS)
    return flags
