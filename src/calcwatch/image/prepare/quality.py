"""May this image be analyzed? Flags, never a silent pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import QualityFlag
from calcwatch.image.settings.prepare import QualitySettings

if TYPE_CHECKING:
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import NormalizedImage


def check(
    image: NormalizedImage, breast: BreastRegion, *, settings: QualitySettings = QualitySettings()
) -> frozenset[QualityFlag]:
    """Flags for what the picture itself shows; an empty set when nothing is wrong."""
    if breast.area_px < settings.min_breast_share * image.gray.size:
        return frozenset({QualityFlag.NO_BREAST})
    inside = image.gray[::2, ::2][breast.mask[::2, ::2] > 0]
    return (
        _area_flags(image, breast, settings)
        | _gray_flags(inside, image.gray_step, settings)
        | _spacing_flags(image, settings)
    )


def _area_flags(
    image: NormalizedImage, breast: BreastRegion, settings: QualitySettings
) -> frozenset[QualityFlag]:
    area = breast.area_cm2(image.spacing_mm)
    if area is None or settings.min_breast_cm2 <= area <= settings.max_breast_cm2:
        return frozenset()
    return frozenset({QualityFlag.NOT_A_MAMMOGRAM})


def _spacing_flags(image: NormalizedImage, settings: QualitySettings) -> frozenset[QualityFlag]:
    coarse = image.spacing_mm is not None and image.spacing_mm > settings.coarse_mm
    return frozenset({QualityFlag.PIXELS_COARSE} if coarse else ())


def _gray_flags(
    inside: np.ndarray[tuple[int], np.dtype[np.float32]], step: float, settings: QualitySettings
) -> frozenset[QualityFlag]:
    low, high = (float(q) for q in np.quantile(inside, [0.02, 0.98]))
    saturated = float(np.mean(inside >= 1.0 - 0.5 * step))
    flags = set()
    if saturated > settings.saturated_share:
        flags.add(QualityFlag.BREAST_SATURATED)
    elif saturated > settings.partly_saturated_share:
        flags.add(QualityFlag.PARTLY_SATURATED)
    if high - low < settings.min_gray_levels * step and QualityFlag.BREAST_SATURATED not in flags:
        flags.add(QualityFlag.BREAST_DARK)
    elif high - low < settings.few_gray_levels * step:
        flags.add(QualityFlag.FEW_GRAY_LEVELS)
    return frozenset(flags)
