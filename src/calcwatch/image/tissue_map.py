"""The crop -> a small picture of its tissue without calcifications: what two examinations are aligned by.

It is made from the pixels that were analyzed, so none is read twice, and it is kept until the other
examination is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import SubthresholdCandidate, TissueMap
from calcwatch.image.arrays import gaussian

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.findings import AnalysisSettings
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import NormalizedImage

FAINT_SCORE = 0.02
"""What is believed less than this is not even faintly there."""

EVEN, PATTERN_SCALE = 128, 42
"""Gray of even tissue in the pattern, and gray levels for each deviation of the local contrast."""

_CELL_MM = 0.5
_SPECKS_CELLS = 5  # median over so many cells: no speck is left, strands and vessels are
_LOCAL_MM = 6.0  # brightness and contrast are evened out over this distance
_LEAST_DEVIATION = 0.15  # of the picture's own: flat places are not blown up to noise
_CLEARNESS_MM = 3.0
_TINY = 1e-6


def map_tissue(image: NormalizedImage, breast: BreastRegion) -> TissueMap:
    """Reduce the crop to cells, take the specks out, and even brightness and contrast out.

    What is left is much the same for every vendor's curve, for film, and for every dose.
    """
    step = max(1, round(_CELL_MM / image.working_mm))
    rows, columns = (max(1, length // step) for length in image.gray.shape)
    used = image.gray[: rows * step, : columns * step]
    small = np.asarray(cv2.resize(used, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
    mask = np.ascontiguousarray(breast.mask[step // 2 :: step, step // 2 :: step][:rows, :columns])
    without = np.minimum(small, np.asarray(cv2.medianBlur(small, _SPECKS_CELLS), np.float32))
    cell_size = step * image.working_mm
    off, deviation = _evened(without, mask, _LOCAL_MM / cell_size)
    noise = _noise(used, small, mask, _LOCAL_MM / cell_size)
    coarse = max(1, round(_CLEARNESS_MM / cell_size))
    return TissueMap(
        pattern=np.clip(np.rint(EVEN + PATTERN_SCALE * off), 0, 255).astype(np.uint8),
        mask=mask,
        contrast_to_noise=np.ascontiguousarray((deviation / noise)[::coarse, ::coarse]),
        contrast_to_noise_step=coarse,
        step=step,
        cell_size=cell_size,
        in_mm=image.spacing_mm is not None,
        top=image.frame.top,
        left=image.frame.left,
        columns=image.frame.columns,
        mirrored=image.frame.mirrored,
    )


def subthreshold_candidates(
    image: NormalizedImage, candidates: Detections, settings: AnalysisSettings
) -> tuple[SubthresholdCandidate, ...]:
    """Candidates below the threshold that are faintly believed, most believable first."""
    faint = np.flatnonzero((candidates.score >= FAINT_SCORE) & (candidates.score < settings.score_threshold))
    return tuple(
        SubthresholdCandidate(
            *image.frame.to_file(float(candidates.row[n]), float(candidates.column[n])),
            score=float(candidates.score[n]),
        )
        for n in faint
    )


def _evened(
    gray: NDArray[np.float32], mask: NDArray[np.uint8], sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Local deviations of the picture, 0 outside the mask, and their size in gray."""
    inside = (mask > 0).astype(np.float32)
    weight = gaussian(inside, sigma) + np.float32(1e-3)
    off = (gray - gaussian(gray * inside, sigma) / weight) * inside
    deviation = np.sqrt(np.maximum(gaussian(off * off, sigma), 0) / weight)
    usual = float(np.median(deviation[mask > 0])) if mask.any() else 0.0
    least = np.float32(_LEAST_DEVIATION * usual + _TINY)
    return np.asarray(off / (deviation + least), np.float32), np.asarray(deviation + least, np.float32)


def _noise(
    pixels: NDArray[np.float32], means: NDArray[np.float32], mask: NDArray[np.uint8], sigma: float
) -> NDArray[np.float32]:
    """Standard deviation of the pixels within a cell, evened over the neighborhood."""
    rows, columns = means.shape
    squares = cv2.resize(cv2.multiply(pixels, pixels), (columns, rows), interpolation=cv2.INTER_AREA)
    inside = (mask > 0).astype(np.float32)
    variance = np.maximum(squares - means * means, 0) * inside
    weight = gaussian(inside, sigma) + np.float32(1e-3)
    return np.asarray(np.sqrt(gaussian(variance, sigma) / weight + np.float32(_TINY**2)) + _TINY, np.float32)
