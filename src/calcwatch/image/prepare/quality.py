"""May this image be analyzed? Flags, never a silent pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import QualityFlag

if TYPE_CHECKING:
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import NormalizedImage

_MIN_BREAST_CM2 = 5.0
_MAX_BREAST_CM2 = 1000.0
_MIN_BREAST_SHARE = 0.01  # of the picture, where the spacing is unknown
_MIN_GRAY_LEVELS = 24  # stored values between the 2nd and the 98th percentile of the breast
_FEW_GRAY_LEVELS = 64
_SATURATED_SHARE = 0.25
_PARTLY_SATURATED_SHARE = 0.01
_COARSE_MM = 0.12


def check(image: NormalizedImage, breast: BreastRegion) -> frozenset[QualityFlag]:
    """Flags for what the picture itself shows; an empty set when nothing is wrong."""
    if breast.area_px < _MIN_BREAST_SHARE * image.gray.size:
        return frozenset({QualityFlag.NO_BREAST})
    inside = image.gray[::2, ::2][breast.mask[::2, ::2] > 0]
    return _area_flags(image, breast) | _gray_flags(inside, image.gray_step) | _spacing_flags(image)


def _area_flags(image: NormalizedImage, breast: BreastRegion) -> frozenset[QualityFlag]:
    area = breast.area_cm2(image.spacing_mm)
    if area is None or _MIN_BREAST_CM2 <= area <= _MAX_BREAST_CM2:
        return frozenset()
    return frozenset({QualityFlag.NOT_A_MAMMOGRAM})


def _spacing_flags(image: NormalizedImage) -> frozenset[QualityFlag]:
    coarse = image.spacing_mm is not None and image.spacing_mm > _COARSE_MM
    return frozenset({QualityFlag.PIXELS_COARSE} if coarse else ())


def _gray_flags(inside: np.ndarray[tuple[int], np.dtype[np.float32]], step: float) -> frozenset[QualityFlag]:
    low, high = (float(q) for q in np.quantile(inside, [0.02, 0.98]))
    saturated = float(np.mean(inside >= 1.0 - 0.5 * step))
    flags = set()
    if saturated > _SATURATED_SHARE:
        flags.add(QualityFlag.BREAST_SATURATED)
    elif saturated > _PARTLY_SATURATED_SHARE:
        flags.add(QualityFlag.PARTLY_SATURATED)
    if high - low < _MIN_GRAY_LEVELS * step and QualityFlag.BREAST_SATURATED not in flags:
        flags.add(QualityFlag.BREAST_DARK)
    elif high - low < _FEW_GRAY_LEVELS * step:
        flags.add(QualityFlag.FEW_GRAY_LEVELS)
    return frozenset(flags)
