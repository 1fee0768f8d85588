"""The same image once more, as another day and device might show it, and examinations that do not belong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.image import Mammogram, PixelSpacing, ViewPosition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import ImageFindings

# How much an unchanged image is disturbed: chosen as what two days and devices differ by, a little more.
_SCALES, _SHIFT_MM = (0.85, 1.2), 4.0  # of a pixel; along the chest wall
_BENT_MM, _BENT_OVER_MM = 1.5, 35.0  # standard deviation of the bending, over such distances
_HELD_MM = 30.0  # so near to the chest wall nothing moves across: it stays at the border of the image
_GAMMAS, _RANGES = (0.75, 1.35), (0.8, 1.0)  # of the tone curve; of the gray range that is used
_NOISES = (0.3, 0.8)  # noise that is added, of the noise there is
_AIR = 0.04  # gray below which there is no breast
_LEVELS = 4095  # gray levels: 12 bits
_ALIASING_SCALE, _BLUR_PX = 1.05, 0.35  # pixels this much larger are blurred before, by so much of their size
_MAD_TO_DEVIATION = 1.48  # of a normal distribution
_OTHER_VIEW = {ViewPosition.CC: ViewPosition.MLO, ViewPosition.MLO: ViewPosition.CC}


def disturbed(mammogram: Mammogram, rng: np.random.Generator) -> Mammogram:
    """Shift, rescale and bend an image, with more noise and another curve and range; nothing has changed.

    Args:
        mammogram: The image.
        rng: Draws how.

    Returns:
        Another image of the same breast.

    Raises:
        ValueError: The spacing of the image is not known.

    """
    spacing = mammogram.description.pixel_spacing
    if spacing is None:
        raise ValueError(f"{mammogram.description.source}: only an image with a spacing can be disturbed")
    scale = float(rng.uniform(*_SCALES))
    gray = _bent(mammogram.gray, spacing.mm, scale, rng)
    # Noise before the curve, as a device would have it; the air is left clean.
    gray = gray + _noise(mammogram.gray, gray.shape, rng) * (gray > _AIR)
    gray = np.float32(rng.uniform(*_RANGES)) * np.clip(gray, 0, 1) ** np.float32(rng.uniform(*_GAMMAS))
    description = replace(
        mammogram.description,
        # Tracking UIDs come from the digest: the two must not share any.
        sha256=f"{mammogram.description.sha256} disturbed",
        rows=gray.shape[0],
        columns=gray.shape[1],
        pixel_spacing=PixelSpacing(spacing.mm * scale, spacing.mm * scale, spacing.source),
    )
    rounded = np.asarray(np.rint(gray * _LEVELS) / _LEVELS, np.float32)
    return replace(mammogram, gray=rounded, description=description, gray_step=1 / _LEVELS)


def upside_down(mammogram: Mammogram) -> Mammogram:
    """Turn an image top to bottom.

    Args:
        mammogram: The image.

    Returns:
        The same upside down.

    """
    description = replace(mammogram.description, sha256=f"{mammogram.description.sha256} upside down")
    return replace(mammogram, gray=np.ascontiguousarray(mammogram.gray[::-1]), description=description)


def labeled_like(images: Sequence[ImageFindings], others: Sequence[ImageFindings]) -> list[ImageFindings]:
    """Put another woman's images under the sides and views of these.

    Args:
        images: Findings of the other woman.
        others: Findings whose sides and views are taken, in the same order.

    Returns:
        The images with these sides and views.

    """
    return [
        replace(
            image,
            description=replace(
                image.description,
                image_laterality=other.description.image_laterality,
                view_position=other.description.view_position,
            ),
        )
        for image, other in zip(images, others, strict=True)
    ]


def views_swapped(images: Sequence[ImageFindings]) -> list[ImageFindings]:
    """Label CC as MLO and MLO as CC.

    Args:
        images: Findings of an examination.

    Returns:
        The same, wrongly labeled; other views lose theirs.

    """
    swapped = []
    for image in images:
        view = image.description.view_position
        label = _OTHER_VIEW.get(view) if view else None
        swapped.append(replace(image, description=replace(image.description, view_position=label)))
    return swapped


def _bent(
    gray: NDArray[np.float32], pixel_mm: float, scale: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """The picture with pixels ``scale`` times as large, shifted and bent."""
    rows, columns = gray.shape
    down, across = (_displacement(gray.shape, pixel_mm, rng) for _ in range(2))
    # Tissue cannot move away from the border of the image at which the detector ends.
    across *= _chest_wall_ramp(gray, pixel_mm)
    shift = rng.uniform(-_SHIFT_MM, _SHIFT_MM) / pixel_mm
    y, x = np.indices((int(rows / scale), int(columns / scale)), np.float32) * np.float32(scale)
    edge = cv2.BORDER_REPLICATE
    source_rows = y + np.float32(shift) + cv2.remap(down, x, y, cv2.INTER_LINEAR, borderMode=edge)
    source_columns = x + cv2.remap(across, x, y, cv2.INTER_LINEAR, borderMode=edge)
    # Before sampling more coarsely, as larger pixels average what falls on them.
    source = cv2.GaussianBlur(gray, (0, 0), _BLUR_PX * scale) if scale > _ALIASING_SCALE else gray
    bent = cv2.remap(
        source,
        source_columns.astype(np.float32),
        source_rows.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=edge,
    )
    return np.asarray(bent, np.float32)


def _displacement(shape: tuple[int, ...], pixel_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """How far the tissue is moved along one axis, in pixels."""
    coarse = [max(2, int(length * pixel_mm / _BENT_OVER_MM)) for length in shape]
    drawn = rng.normal(0, _BENT_MM / pixel_mm, coarse).astype(np.float32)
    return np.asarray(cv2.resize(drawn, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _chest_wall_ramp(gray: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """0 at the chest wall, 1 some way before it."""
    columns = gray.shape[1]
    ramp = np.clip(np.arange(columns, dtype=np.float32) * np.float32(pixel_mm / _HELD_MM), 0, 1)
    wall_left = gray[:, : columns // 2].mean() > gray[:, columns // 2 :].mean()
    return np.asarray(ramp if wall_left else ramp[::-1], np.float32)


def _noise(
    gray: NDArray[np.float32], shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Some of the noise that the picture holds already, once more."""
    fine = gray - cv2.GaussianBlur(gray, (0, 0), 1.0)
    # The median, since calcifications and edges are outliers of the fine differences.
    usual = _MAD_TO_DEVIATION * float(np.median(np.abs(fine[gray > _AIR])))
    strength = usual * rng.uniform(*_NOISES)
    return np.asarray(strength * rng.standard_normal(shape, np.float32), np.float32)
