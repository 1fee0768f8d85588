"""Bright points above the local noise -> believed calcifications (the classical detector).

Differences of Gaussians at several scales in units of the local noise propose candidates; a ring of samples
round each one tells a speck from a vessel, a ligament or a crossing of two (a line leaves the ring bright on
opposite sides). The difference-of-Gaussians family for microcalcifications goes back to Dengler, Behrens and
Desaga, IEEE Trans Med Imaging 12:634 (1993).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
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

_SIGMAS_MM = (0.06, 0.10, 0.16, 0.26, 0.42, 0.68, 1.1)
_MIN_SIGMA_PX = 0.7
_SIGMA_STEP = 1.2  # scales closer than this are one
_SURROUND = 1.6  # ratio of the two Gaussians
_NOISE_WINDOW_MM = 5.0
_NOISE_WINDOW_SIGMAS = 11.0  # at least, for coarse scales
_QUANTIZATION_NOISE = 0.29  # sigma of rounding to steps of one
_CANDIDATE_SIGMA = 3.0
_MOST_PEAKS = 4  # looked at for one candidate kept: belief decides, not response alone
_NOISE_MAP_MM = 0.8
_SKIN_RIM_MM = 1.0
_BORDER_PX = 3
_FILL_MM = 2.5
_TWIN_PX = 2.9
_COARSE_MM = 0.5  # scales above this see objects, not specks
_RING_SAMPLES = 16
_NEAR_RING, _FAR_RING = 2.2, 3.5  # in sigmas of the candidate's scale
_RING_RANK = 4  # from the brightest: one neighbor may be bright, a line may not
_LINE_WEIGHT = 1.3
_SUPPORT_MM = 2.0  # neighbors this close speak for each other
_SURROUND_MM = 8.0
_SUPPORT_STRENGTH, _SUPPORT_RESPONSE = 4.0, 3.5  # weaker ones have no voice
_SUPPORT_CAP = 15.0  # one very bright neighbor is one neighbor
_SUPPORT_WEIGHT = 0.25
_HALF_BELIEF = 18.0
_BELIEF_WIDTH = 4.0
_SHARP_SPACING_MM = 0.12  # coarser pixels blur specks: less strength is needed for the same belief
_BLUR_EXPONENT = 0.75
_TINY = np.float32(1e-9)


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


def kept(detections: Detections, keep: NDArray[np.bool_]) -> Detections:
    """Those detections that ``keep`` marks, in the same order."""
    return Detections(*(getattr(detections, field.name)[keep] for field in fields(Detections)))


@dataclass(frozen=True, eq=False)
class Candidates:
    """Bright points that may be calcifications, most believable first, and what they were found in.

    Arrays of one length, empty when there are none. ``row``, ``column``: whole pixels of the crop.
    ``sigma_px``: scale that answered strongest. ``noise``: gray of one sigma at that scale. ``response``: of
    the filter, in units of that noise. ``strength``: height above the surround in the same units, lines
    discounted. ``evidence``: its strength and that of its neighbors within 2 mm, each with a cap;
    ``support``: the neighbors' alone. ``belief``: 0 to 1, what the classical detector makes of them.
    ``filled``: crop size, float32, the gray of the crop with the breast continued smoothly past its skin.
    ``noise_map``: float32, ``reduction`` times fewer rows and columns than the crop (rounded up): standard
    deviation in gray that single pixels would have if the noise of the finest scale were white.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    sigma_px: NDArray[np.float32]
    noise: NDArray[np.float32]
    response: NDArray[np.float32]
    strength: NDArray[np.float32]
    evidence: NDArray[np.float32]
    support: NDArray[np.float32]
    belief: NDArray[np.float32]
    filled: NDArray[np.float32]
    noise_map: NDArray[np.float32]
    reduction: int

    def pixel_noise(self) -> NDArray[np.float32]:
        """Gray of one sigma of a single pixel's noise where each candidate lies."""
        return self.noise_map[self.row // self.reduction, self.column // self.reduction]


Detector = Callable[["NormalizedImage", "BreastRegion", "AnalysisSettings"], Detections]
"""Anything that finds candidates; a learned model is handed in as such a function."""


@dataclass(frozen=True, eq=False)
class _Peaks:
    """Local maxima of one scale or of all, as arrays of one length.

    ``noise``: what each stands in, at its scale; ``busy``: that noise over the breast's own. ``response``: of
    the filter, in units of the noise. ``strength``: height over the surround in the same units, lines
    discounted.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    sigma_px: NDArray[np.float32]
    noise: NDArray[np.float32]
    busy: NDArray[np.float32]
    response: NDArray[np.float32]
    strength: NDArray[np.float32]


def detect_classical(image: NormalizedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
    """Find bright specks in the breast; at most ``settings.max_candidates`` of them."""
    found = find_candidates(image, breast, settings)
    columns = (found.row, found.column, found.sigma_px, found.strength, found.evidence, found.belief)
    return Detections(*(column.astype(np.float32) for column in columns))


def find_candidates(image: NormalizedImage, breast: BreastRegion, settings: AnalysisSettings) -> Candidates:
    """Everything in the breast that stands out as a speck may; the ``settings.max_candidates`` likeliest."""
    imaged = breast.mask & image.foreground
    inside = imaged.astype(np.float32)
    filled = fill_outside(image.gray, inside, image.px(_FILL_MM))
    area = _search_area(imaged, round(image.px(_SKIN_RIM_MM)))
    most = _MOST_PEAKS * settings.max_candidates
    scales = [_peaks_of_scale(filled, inside, area, sigma, image, most=most) for sigma in scales_px(image)]
    peaks = _without_twins(_joined([peaks for peaks, _ in scales]), image, most)
    evidence, support = _evidence(peaks, image)
    belief = _belief(peaks.strength + np.float32(_SUPPORT_WEIGHT) * support, image)
    order = np.lexsort((peaks.column, peaks.row, -belief))[: settings.max_candidates]
    reduction = max(1, round(image.px(_NOISE_MAP_MM)))
    return Candidates(
        row=peaks.row[order],
        column=peaks.column[order],
        sigma_px=peaks.sigma_px[order],
        noise=peaks.noise[order],
        response=peaks.response[order],
        strength=peaks.strength[order],
        evidence=evidence[order],
        support=support[order],
        belief=belief[order],
        filled=filled,
        noise_map=scales[0][1][::reduction, ::reduction] / np.float32(_white_gain(scales_px(image)[0])),
        reduction=reduction,
    )


def _white_gain(sigma: float) -> float:
    """Factor by which the difference of Gaussians changes the standard deviation of white noise."""
    impulse = np.zeros((2 * math.ceil(8 * sigma) + 1,) * 2, np.float32)
    impulse[impulse.shape[0] // 2, impulse.shape[1] // 2] = 1
    return float(np.linalg.norm(gaussian(impulse, sigma) - gaussian(impulse, _SURROUND * sigma)))


def scales_px(image: NormalizedImage) -> tuple[float, ...]:
    """Sigmas of the filter bank in pixels, ascending; small ones merge where pixels are coarse."""
    sigmas: list[float] = []
    for millimeters in _SIGMAS_MM:
        sigma = max(_MIN_SIGMA_PX, image.px(millimeters))
        if not sigmas or sigma > _SIGMA_STEP * sigmas[-1]:
            sigmas.append(sigma)
    return tuple(sigmas)


def fill_outside(
    gray: NDArray[np.float32], inside: NDArray[np.float32], reach_px: float
) -> NDArray[np.float32]:
    """Continue the breast smoothly past its skin, so that no filter sees an edge there.

    ``inside``: float32, 1 in the breast. ``reach_px``: size of the window the continuation averages over.
    """
    size = (round(reach_px) | 1,) * 2
    total = cv2.blur(cv2.blur(gray * inside, size), size)
    weight = cv2.blur(cv2.blur(inside, size), size)
    return np.where(inside > 0, gray, total / (weight + np.float32(1e-4))).astype(np.float32)


def _peaks_of_scale(
    filled: NDArray[np.float32],
    inside: NDArray[np.float32],
    area: NDArray[np.uint8],
    sigma: float,
    image: NormalizedImage,
    *,
    most: int,
) -> tuple[_Peaks, NDArray[np.float32]]:
    """Local maxima of the difference of Gaussians in units of noise, how much each is a speck; the noise."""
    smooth = gaussian(filled, sigma)
    response = smooth - gaussian(filled, _SURROUND * sigma)
    window = round(max(image.px(_NOISE_WINDOW_MM), _NOISE_WINDOW_SIGMAS * sigma))
    noise = local_noise(response, inside, window)
    typical = np.float32(np.exp(cv2.mean(cv2.log(noise + _TINY), mask=inside.astype(np.uint8))[0]))
    noise = _working_noise(noise, typical, np.float32(_QUANTIZATION_NOISE * image.gray_step / sigma))
    response /= noise
    row, column = _local_maxima(response, area, most)
    height = response[row, column]
    heard_in = noise[row, column]
    sigmas = np.full_like(height, sigma)
    peaks = _Peaks(row, column, sigmas, heard_in, heard_in / (typical + _TINY), height, height)
    return (replace(peaks, strength=_speck_strength(smooth, sigma, peaks)) if row.size else peaks), noise


def _joined(scales: list[_Peaks]) -> _Peaks:
    names = [field.name for field in fields(_Peaks)]
    return _Peaks(*(np.concatenate([getattr(scale, name) for scale in scales]) for name in names))


def _without_twins(peaks: _Peaks, image: NormalizedImage, most: int) -> _Peaks:
    """One peak for each thing: a weaker one next to a stronger goes, then the strongest ``most`` stay.

    Next to it means within a few pixels or one sigma of either scale; but a speck on a coarse object stays.
    """
    order = np.lexsort((peaks.sigma_px, peaks.column, peaks.row, -peaks.response))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    stays = np.ones(order.size, bool)
    if order.size > 1:
        points = np.stack([peaks.row, peaks.column], axis=1)
        reach = np.maximum(np.float32(_TWIN_PX), peaks.sigma_px)
        coarse = peaks.sigma_px > image.px(_COARSE_MM)
        pair = cKDTree(points).query_pairs(float(reach.max()), output_type="ndarray")
        first_stronger = place[pair[:, 0]] < place[pair[:, 1]]
        weaker = np.where(first_stronger, pair[:, 1], pair[:, 0])
        stronger = np.where(first_stronger, pair[:, 0], pair[:, 1])
        apart = np.hypot(*(points[weaker] - points[stronger]).T)
        near = apart <= np.where(coarse[stronger], 0, np.maximum(reach[stronger], reach[weaker]))
        stays[weaker[near | (coarse[weaker] & (apart <= reach[weaker]))]] = False
    kept = order[stays[order]][:most]
    return _Peaks(*(getattr(peaks, field.name)[kept] for field in fields(_Peaks)))


def _working_noise(local: NDArray[np.float32], typical: np.float32, least: np.float32) -> NDArray[np.float32]:
    """Geometric mean of the local noise and the breast's own: no busy or calm corner rules alone."""
    return np.asarray(np.maximum(np.sqrt(local * typical), least), dtype=np.float32)


def _search_area(imaged: NDArray[np.uint8], rim_px: int) -> NDArray[np.uint8]:
    """1 where candidates may lie: not on the skin line, not on the border of the picture."""
    area = erode(imaged, rim_px)
    border = np.zeros_like(area)
    border[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX] = 1
    return area & border


def _local_maxima(
    response: NDArray[np.float32], area: NDArray[np.uint8], most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the highest local maxima above the threshold, at most ``most``, in raster order."""
    highest = cv2.dilate(response, np.ones((5, 5), np.uint8))
    row, column = np.nonzero((response >= highest) & (response > _CANDIDATE_SIGMA) & (area > 0))
    strongest = np.sort(np.argsort(-response[row, column], kind="stable")[:most])
    return row[strongest], column[strongest]


def _speck_strength(smooth: NDArray[np.float32], sigma: float, found: _Peaks) -> NDArray[np.float32]:
    """Height over the surround in units of noise, the least favorable of three looks at each candidate."""
    center = smooth[found.row, found.column]
    near = _ring(smooth, found, _NEAR_RING * sigma)
    far = _ring(smooth, found, _FAR_RING * sigma)
    half = _RING_SAMPLES // 2
    line = np.minimum(near[:, :half], near[:, half:]).max(axis=1)
    surround = np.partition(far, -_RING_RANK, axis=1)[:, -_RING_RANK]
    over_line = np.float32(_LINE_WEIGHT) * (center - line)
    return np.asarray(np.minimum(over_line, center - surround) / found.noise, dtype=np.float32)


def _ring(smooth: NDArray[np.float32], found: _Peaks, radius_px: float) -> NDArray[np.float32]:
    """Gray on a circle round each candidate: candidates x samples, opposite ones half a row apart."""
    angle = np.arange(_RING_SAMPLES, dtype=np.float32) * np.float32(2 * np.pi / _RING_SAMPLES)
    column = found.column[:, None].astype(np.float32) + np.float32(radius_px) * np.cos(angle)
    row = found.row[:, None].astype(np.float32) + np.float32(radius_px) * np.sin(angle)
    return np.asarray(cv2.remap(smooth, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _evidence(peaks: _Peaks, image: NormalizedImage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Capped strength of each peak with its neighbors', and the neighbors' alone.

    Less what the wider surround leads to expect: busy texture and fine pixels make weak peaks everywhere, and
    only more of them here than around counts. In a busy corner each counts less; what is sharper than the
    blur or coarse has no voice.
    """
    sharp = sharper_than_blur(image.gray, peaks.row, peaks.column, peaks.sigma_px)
    silent = sharp | (peaks.sigma_px > image.px(_COARSE_MM))
    own = np.where(silent, 0.0, np.minimum(peaks.strength / np.maximum(1.0, peaks.busy), _SUPPORT_CAP))
    heard = np.where((own > _SUPPORT_STRENGTH) & (peaks.response > _SUPPORT_RESPONSE), own, 0.0)
    tree = cKDTree(np.stack([peaks.row, peaks.column], axis=1)) if own.size else None
    near = _sum_of_neighbors(tree, heard, image.px(_SUPPORT_MM))
    wide = _sum_of_neighbors(tree, heard, image.px(_SURROUND_MM))
    expected = (wide - near) / ((_SURROUND_MM / _SUPPORT_MM) ** 2 - 1)
    support = np.maximum(near - expected, 0.0)
    return (own + support).astype(np.float32), support.astype(np.float32)


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
    half = _HALF_BELIEF * min(1.0, (_SHARP_SPACING_MM / image.working_mm) ** _BLUR_EXPONENT)
    return np.asarray(expit((strength - half) / _BELIEF_WIDTH), dtype=np.float32)
