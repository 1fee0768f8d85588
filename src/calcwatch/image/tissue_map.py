"""The crop -> a small picture of its tissue without calcifications: what a later comparison aligns by.

It is made from the pixels that were analyzed, so none is read twice, and it is kept until the other
examination is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import TissueMap
from calcwatch.image.arrays import block_centers, block_mean, gaussian
from calcwatch.image.settings.tissue_map import TissueMapSettings

if TYPE_CHECKING:
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


EVEN, PATTERN_SCALE = 128, 42
"""Format of a stored pattern: gray of even tissue, and gray levels a deviation of the local contrast."""

_TINY = 1e-6  # gray; keeps a division by zero away where nothing was imaged
_TINY_WEIGHT = np.float32(1e-3)  # so far outside the breast that its mean is that of nothing


def map_tissue(
    image: PreparedImage, breast: BreastRegion, *, settings: TissueMapSettings = TissueMapSettings()
) -> TissueMap:
    """Reduce the crop to cells, take calcifications out, and even brightness and contrast out.

    What is left is much the same for every vendor's curve, for film, and for every dose.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: Size of the cells, and distance over which they are evened out.

    Returns:
        The map: cells of the crop, which say where it lies in the file.
    """
    step = max(1, round(settings.cell_mm / image.working_mm))
    means = block_mean(image.gray, step)
    # blocks that the far border cuts are left out by the mean and kept by the centers: cut to fit
    mask = np.ascontiguousarray(block_centers(breast.mask, step)[: means.shape[0], : means.shape[1]])
    # a calcification is brighter than the median round it, dark tissue stays as it is
    tissue = np.minimum(means, np.asarray(cv2.medianBlur(means, settings.median_cells), np.float32))
    cell_size = step * image.working_mm
    sigma = settings.local_mm / cell_size
    inside = (mask > 0).astype(np.float32)
    weight = gaussian(inside, sigma) + _TINY_WEIGHT
    # normalized convolution: air has no weight, so the skin leaves no halo in mean and deviation
    offset = (tissue - gaussian(tissue * inside, sigma) / weight) * inside
    deviation = np.sqrt(np.maximum(gaussian(offset * offset, sigma), 0) / weight)
    usual = float(np.median(deviation[mask > 0])) if mask.any() else 0.0
    # without it even fat would be stretched until its noise looks like a pattern
    deviation = deviation + np.float32(settings.min_deviation * usual + _TINY)
    # noise is the deviation of the pixels within a cell, evened over the neighborhood
    squares = block_mean(np.asarray(cv2.multiply(image.gray, image.gray), np.float32), step)
    # mean of squares less square of means; rounding can leave it just below 0
    variance = np.maximum(squares - means * means, 0) * inside
    noise = np.sqrt(gaussian(variance, sigma) / weight + np.float32(_TINY**2)) + _TINY
    # smooth over local_mm already: every few cells tell it all
    coarse = max(1, round(settings.contrast_to_noise_mm / cell_size))
    pattern = EVEN + PATTERN_SCALE * np.asarray(offset / deviation, np.float32)
    return TissueMap(
        # a byte holds three deviations to either side: 128 / 42
        pattern=np.clip(np.rint(pattern), 0, 255).astype(np.uint8),
        mask=mask,
        contrast_to_noise=np.ascontiguousarray((deviation / noise)[::coarse, ::coarse]),
        contrast_to_noise_step=coarse,
        step=step,
        cell_size=cell_size,
        # else the cell size rests on an assumed spacing and no length may be told from it
        in_mm=image.spacing_mm is not None,
        top=image.frame.top,
        left=image.frame.left,
        columns=image.frame.columns,
        mirrored=image.frame.mirrored,
    )
