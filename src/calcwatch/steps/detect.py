"""Bright points above the local noise -> believed calcifications (the classical detector).

Differences of Gaussians at several scales in units of the local noise propose candidates; a ring of samples
round each one tells a speck from a vessel, a ligament or a crossing of two (a line leaves the ring bright on
opposite sides). The difference-of-Gaussians family for microcalcifications goes back to Dengler, Behrens and
Desaga, IEEE Trans Med Imaging 12:634 (1993).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from calcwatch.steps.breast import erode
from calcwatch.steps.lookalike import sharper_than_blur
from calcwatch.steps.normalize import gaussian, local_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain import AnalysisSettings
    from calcwatch.steps.breast import BreastRegion
    from calcwatch.steps.normalize import NormalizedImage

_SIGMAS_MM = (0.06, 0.10, 0.16, 0.26, 0.42)
_MIN_SIGMA_PX = 0.7
_SIGMA_STEP = 1.2  # scales closer than this are one
_SURROUND = 1.6  # ratio of the two Gaussians
_NOISE_WINDOW_MM = 5.0
_QUANTIZATION_NOISE = 0.29  # sigma of rounding to steps of one
_CANDIDATE_SIGMA = 3.5
_SKIN_RIM_MM = 1.0
_BORDER_PX = 3
_FILL_MM = 2.5
_RING_SAMPLES = 16
_NEAR_RING, _FAR_RING = 2.2, 3.5  # in sigmas of the candidate's scale
_RING_RANK = 4  # from the brightest: one neighbor may be bright, a line may not
_LINE_WEIGHT = 1.3
_SUPPORT_MM = 2.0  # neighbors this close speak for each other
_SURROUND_MM = 8.0
_SUPPORT_STRENGTH = 4.0  # weaker ones have no voice
_SUPPORT_CAP = 15.0  # one very bright neighbor is one neighbor
_SUPPORT_WEIGHT = 0.25
_HALF_BELIEF = 18.0
_BELIEF_WIDTH = 4.0
_SHARP_SPACING_MM = 0.12  # coarser pixels blur specks: less strength is needed for the same belief


@dataclass(frozen=True, eq=False)
class Detections:
    """Candidates, most believable first, as arrays of one length; empty arrays when there are none.

    ``row``, ``column``: of the peak, in the crop. ``sigma_px``: scale that answered strongest. ``strength``:
    height above the surround in units of the noise, lines discounted. ``evidence``: its strength and that of
    its neighbors within 2 mm, each with a cap. ``score``: belief, 0 to 1.
    """

    row: NDArray[np.float32]
    column: NDArray[np.float32]
    sigma_px: NDArray[np.float32]
    strength: NDArray[np.float32]
    evidence: NDArray[np.float32]
    score: NDArray[np.float32]


Detector = Callable[["NormalizedImage", "BreastRegion", "AnalysisSettings"], Detections]
"""Anything that finds candidates; a learned model is handed in as such a function."""


@dataclass(frozen=True, eq=False)
class _Scale:
    """Candidates that answered strongest at one scale, with the noise they stand in."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    peak: NDArray[np.float32]
    noise: NDArray[np.float32]


def detect_classical(image: NormalizedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
    """Find bright specks in the breast; at most ``settings.max_candidates`` of them."""
    filled = fill_outside(image, breast)
    inside = (breast.mask & image.foreground).astype(np.float32)
    sigmas = scales_px(image)
    peaks, scale, noises = _responses(filled, inside, sigmas, image)
    peaks *= _search_area(image, breast)
    row, column = _local_maxima(peaks, settings.max_candidates)
    strength = np.zeros(row.size, np.float32)
    which = scale[row, column]
    for index, scale_px in enumerate(sigmas):
        at = np.flatnonzero(which == index)
        if at.size:
            found = _Scale(
                row[at], column[at], peaks[row[at], column[at]], noises[index][row[at], column[at]]
            )
            strength[at] = _speck_strength(gaussian(filled, scale_px), scale_px, found)
    sigma = np.asarray(sigmas, np.float32)[which]
    voice = np.where(sharper_than_blur(image.gray, row, column, sigma), np.float32(0), strength)
    evidence = _evidence(row, column, voice, image)
    belief = _belief(
        strength + np.float32(_SUPPORT_WEIGHT) * (evidence - np.minimum(voice, _SUPPORT_CAP)), image
    )
    order = np.lexsort((column, row, -belief))
    fields = (row, column, sigma, strength, evidence, belief)
    return Detections(*(field[order].astype(np.float32) for field in fields))


def scales_px(image: NormalizedImage) -> tuple[float, ...]:
    """Sigmas of the filter bank in pixels, ascending; small ones merge where pixels are coarse."""
    sigmas: list[float] = []
    for millimeters in _SIGMAS_MM:
        sigma = max(_MIN_SIGMA_PX, image.px(millimeters))
        if not sigmas or sigma > _SIGMA_STEP * sigmas[-1]:
            sigmas.append(sigma)
    return tuple(sigmas)


def fill_outside(image: NormalizedImage, breast: BreastRegion) -> NDArray[np.float32]:
    """Continue the breast smoothly past its skin, so that no filter sees an edge there."""
    inside = (breast.mask & image.foreground).astype(np.float32)
    smooth = _blur_twice(image.gray * inside, image) / (_blur_twice(inside, image) + np.float32(1e-4))
    return np.where(inside > 0, image.gray, smooth)


def _blur_twice(values: NDArray[np.float32], image: NormalizedImage) -> NDArray[np.float32]:
    size = (round(image.px(_FILL_MM)) | 1,) * 2
    return np.asarray(cv2.blur(cv2.blur(values, size), size), dtype=np.float32)


def _responses(
    filled: NDArray[np.float32],
    inside: NDArray[np.float32],
    sigmas: tuple[float, ...],
    image: NormalizedImage,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], list[NDArray[np.float32]]]:
    """Strongest response in units of noise, the scale it came from, the noise of each scale."""
    peaks = np.full(filled.shape, -np.inf, np.float32)
    scale = np.zeros(filled.shape, np.uint8)
    noises = []
    window = round(image.px(_NOISE_WINDOW_MM))
    for index, sigma in enumerate(sigmas):
        response = gaussian(filled, sigma) - gaussian(filled, _SURROUND * sigma)
        noise = _working_noise(local_noise(response, inside, window), inside)
        np.maximum(noise, np.float32(_QUANTIZATION_NOISE * image.gray_step / sigma), out=noise)
        response /= noise
        better = response > peaks
        scale[better] = index
        np.maximum(peaks, response, out=peaks)
        noises.append(noise)
    return peaks, scale, noises


def _working_noise(local: NDArray[np.float32], inside: NDArray[np.float32]) -> NDArray[np.float32]:
    """Geometric mean of the local noise and the breast's own: no busy or calm corner rules alone."""
    typical = np.exp(cv2.mean(cv2.log(local + np.float32(1e-9)), mask=inside.astype(np.uint8))[0])
    return np.asarray(np.sqrt(local * np.float32(typical)), dtype=np.float32)


def _search_area(image: NormalizedImage, breast: BreastRegion) -> NDArray[np.float32]:
    """1 where candidates may lie: not on the skin line, not on the border of the picture."""
    area = erode(breast.mask & image.foreground, round(image.px(_SKIN_RIM_MM)))
    border = np.zeros_like(area)
    border[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX] = 1
    return (area & border).astype(np.float32)


def _local_maxima(peaks: NDArray[np.float32], most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the strongest local maxima; equal ones from top to bottom, left to right."""
    highest = cv2.dilate(peaks, np.ones((5, 5), np.uint8))
    row, column = np.nonzero((peaks >= highest) & (peaks > _CANDIDATE_SIGMA))
    order = np.argsort(-peaks[row, column], kind="stable")[:most]
    return row[order], column[order]


def _speck_strength(smooth: NDArray[np.float32], sigma: float, found: _Scale) -> NDArray[np.float32]:
    """Height over the surround in units of noise, the least favorable of three looks at each candidate."""
    center = smooth[found.row, found.column]
    near = _ring(smooth, found, _NEAR_RING * sigma)
    far = _ring(smooth, found, _FAR_RING * sigma)
    half = _RING_SAMPLES // 2
    line = np.minimum(near[:, :half], near[:, half:]).max(axis=1)
    surround = np.partition(far, -_RING_RANK, axis=1)[:, -_RING_RANK]
    over_line = np.float32(_LINE_WEIGHT) * (center - line)
    return np.asarray(np.minimum(over_line, center - surround) / found.noise, dtype=np.float32)


def _ring(smooth: NDArray[np.float32], found: _Scale, radius_px: float) -> NDArray[np.float32]:
    """Gray on a circle round each candidate: candidates x samples, opposite ones half a row apart."""
    angle = np.arange(_RING_SAMPLES, dtype=np.float32) * np.float32(2 * np.pi / _RING_SAMPLES)
    column = found.column[:, None].astype(np.float32) + np.float32(radius_px) * np.cos(angle)
    row = found.row[:, None].astype(np.float32) + np.float32(radius_px) * np.sin(angle)
    return np.asarray(cv2.remap(smooth, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _evidence(
    row: NDArray[np.intp], column: NDArray[np.intp], voice: NDArray[np.float32], image: NormalizedImage
) -> NDArray[np.float32]:
    """Capped strength of each candidate and of its neighbors, less what the wider surround leads to expect.

    Busy texture and fine pixels make weak candidates everywhere; only more of them here than around counts.
    """
    own = np.minimum(voice, _SUPPORT_CAP)
    heard = np.where(voice > _SUPPORT_STRENGTH, own, 0.0)
    tree = cKDTree(np.stack([row, column], axis=1)) if row.size else None
    near = _sum_of_neighbors(tree, heard, image.px(_SUPPORT_MM))
    wide = _sum_of_neighbors(tree, heard, image.px(_SURROUND_MM))
    expected = (wide - near) / ((_SURROUND_MM / _SUPPORT_MM) ** 2 - 1)
    return np.asarray(own + np.maximum(near - expected, 0.0), dtype=np.float32)


def _sum_of_neighbors(
    tree: cKDTree | None, heard: NDArray[np.float64], distance_px: float
) -> NDArray[np.float64]:
    if tree is None:
        return np.zeros(0)
    first, second = tree.query_pairs(distance_px, output_type="ndarray").T
    count = heard.size
    total = np.bincount(first, heard[second], count) + np.bincount(second, heard[first], count)
    return np.asarray(total, dtype=np.float64)


def _belief(strength: NDArray[np.float32], image: NormalizedImage) -> NDArray[np.float32]:
    half = _HALF_BELIEF * min(1.0, (_SHARP_SPACING_MM / image.working_mm) ** 0.5)
    return np.asarray(expit((strength - half) / _BELIEF_WIDTH), dtype=np.float32)
