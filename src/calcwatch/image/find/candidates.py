"""Bright points above the local noise -> believed calcifications (the classical detector).

Differences of Gaussians at several scales in units of the local noise propose candidates; how each stands
over its surround and how many others lie about it make the belief. The difference-of-Gaussians family for
microcalcifications goes back to Dengler, Behrens and Desaga, IEEE Trans Med Imaging 12:634 (1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from calcwatch.image.arrays import enlarged, erode, sampled
from calcwatch.image.find.detections import Detections
from calcwatch.image.find.filter_bank import LocalMaxima, fill_outside, find_local_maxima
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


@dataclass(frozen=True, eq=False)
class Candidates:
    """Bright points that may be calcifications, most promising first, and what they were found in.

    Arrays of one length, empty when there are none. ``row``, ``column``: whole pixels of the crop.
    ``sigma_px``: scale that answered strongest. ``noise``: gray of one sigma at that scale. ``response``: of
    the filter, in units of that noise. ``strength``: height above the surround in the same units, lines
    discounted. ``supported_strength``: its strength and that of its neighbors within 2 mm, each with a cap;
    ``support``: the neighbors' alone. ``rank_score``: what they are ordered by, so that few calcifications
    are lost where only the first are looked at. ``score``: 0 to 1, what the classical detector makes of them.
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
    supported_strength: NDArray[np.float32]
    support: NDArray[np.float32]
    rank_score: NDArray[np.float32]
    score: NDArray[np.float32]
    filled: NDArray[np.float32]
    noise_map: NDArray[np.float32]
    reduction: int

    def pixel_noise(self) -> NDArray[np.float32]:
        """Gray of one sigma of a single pixel's noise where each candidate lies."""
        return self.noise_map[self.row // self.reduction, self.column // self.reduction]


def detect_classical(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
    """Find bright specks in the breast; at most ``settings.max_candidates`` of them."""
    found = find_candidates(image, breast, settings)
    order = np.lexsort((found.column, found.row, -found.strength, -found.score))
    columns = (found.row, found.column, found.sigma_px, found.strength, found.supported_strength, found.score)
    return Detections(*(column[order].astype(np.float32) for column in columns))


def find_candidates(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Candidates:
    """Everything in the breast that stands out as a speck may; the ``settings.max_candidates`` likeliest.

    Belief discounts what lies on a line, as some calcifications do: it does not decide who is looked at.
    """
    imaged = breast.mask & image.foreground
    filled = fill_outside(
        image.gray, imaged, image.px(settings.candidates.fill_mm), settings=settings.filter_bank
    )
    area = _search_area(imaged, image.px(settings.candidates.skin_rim_mm), settings)
    most = settings.candidates.peaks_per_candidate * settings.max_candidates
    peaks, noise = find_local_maxima(filled, imaged, area, image, most=most, settings=settings.filter_bank)
    peaks = _without_twins(peaks, image, most, settings)
    evidence, support = _evidence(peaks, image, settings)
    promise = (
        peaks.response
        + settings.candidates.rank_strength_weight * peaks.strength.clip(0)
        + settings.candidates.rank_support_weight * support
    )
    order = np.lexsort((peaks.column, peaks.row, -promise))[: settings.max_candidates]
    best = peaks.taken(order)
    return Candidates(
        row=best.row,
        column=best.column,
        sigma_px=best.sigma_px,
        noise=best.noise,
        response=best.response,
        strength=best.strength,
        supported_strength=evidence[order],
        support=support[order],
        rank_score=promise[order],
        score=_belief(
            best.strength + np.float32(settings.candidates.support_weight) * support[order], image, settings
        ),
        filled=filled,
        noise_map=noise.sigma,
        reduction=noise.reduction,
    )


def _without_twins(
    peaks: LocalMaxima, image: PreparedImage, most: int, settings: AnalysisSettings
) -> LocalMaxima:
    """One peak for each thing: a weaker one next to a stronger goes, then the strongest ``most`` stay.

    Next to it means within a few pixels or one sigma of either scale; but a speck on a coarse object stays.
    """
    order = np.lexsort((peaks.sigma_px, peaks.column, peaks.row, -peaks.response))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    stays = np.ones(order.size, bool)
    if order.size > 1:
        points = np.stack([peaks.row, peaks.column], axis=1)
        reach = np.maximum(np.float32(settings.candidates.suppression_px), peaks.sigma_px)
        coarse = peaks.sigma_px > image.px(settings.candidates.object_sigma_mm)
        pair = cKDTree(points).query_pairs(float(reach.max()), output_type="ndarray")
        first_stronger = place[pair[:, 0]] < place[pair[:, 1]]
        weaker = np.where(first_stronger, pair[:, 1], pair[:, 0])
        stronger = np.where(first_stronger, pair[:, 0], pair[:, 1])
        apart = np.hypot(*(points[weaker] - points[stronger]).T)
        near = apart <= np.where(coarse[stronger], 0, np.maximum(reach[stronger], reach[weaker]))
        stays[weaker[near | (coarse[weaker] & (apart <= reach[weaker]))]] = False
    return peaks.taken(order[stays[order]][:most])


def _search_area(imaged: NDArray[np.uint8], rim_px: float, settings: AnalysisSettings) -> NDArray[np.uint8]:
    """1 where candidates may lie: not on the skin line, not on the border of the picture."""
    step = max(1, round(rim_px / settings.candidates.rim_steps))
    rim = erode(np.ascontiguousarray(imaged[step // 2 :: step, step // 2 :: step]), round(rim_px / step))
    area = imaged & enlarged(rim, imaged.shape)
    for edge in (
        area[: settings.candidates.border_px],
        area[-settings.candidates.border_px :],
        area[:, : settings.candidates.border_px],
        area[:, -settings.candidates.border_px :],
    ):
        edge[:] = 0
    return area


def _evidence(
    peaks: LocalMaxima, image: PreparedImage, settings: AnalysisSettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Capped strength of each peak with its neighbors', and the neighbors' alone.

    Less what the wider surround leads to expect: busy texture and fine pixels make weak peaks everywhere, and
    only more of them here than around counts. In a busy corner each counts less; what is sharper than the
    blur or coarse has no voice.
    """
    loud = np.flatnonzero(
        (peaks.strength > settings.candidates.support_strength)
        & (peaks.response > settings.candidates.support_response)
    )
    silent = peaks.sigma_px > image.px(settings.candidates.object_sigma_mm)
    silent[loud] |= sharper_than_blur(
        image.gray, peaks.row[loud], peaks.column[loud], peaks.sigma_px[loud], settings=settings
    )
    own = np.where(
        silent,
        0.0,
        np.minimum(peaks.strength / np.maximum(1.0, peaks.relative_noise), settings.candidates.support_cap),
    )
    heard = np.where(own > settings.candidates.support_strength, own, 0.0).astype(np.float32)
    heard[peaks.response <= settings.candidates.support_response] = 0.0
    near = _sum_of_neighbors(peaks, heard, image.px(settings.candidates.support_mm), settings)
    wide = _sum_of_neighbors(peaks, heard, image.px(settings.candidates.background_support_mm), settings)
    expected = (wide - near) / (
        (settings.candidates.background_support_mm / settings.candidates.support_mm) ** 2 - 1
    )
    support = np.maximum(near - expected, 0.0)
    return (own + support).astype(np.float32), support.astype(np.float32)


def _sum_of_neighbors(
    peaks: LocalMaxima, heard: NDArray[np.float32], distance_px: float, settings: AnalysisSettings
) -> NDArray[np.float32]:
    """What is heard at each peak from all others within a distance, an eighth of it uncertain.

    The voices are laid on a grid, so that a picture full of them takes no longer than another.
    """
    if heard.size == 0:
        return heard
    cell = distance_px / settings.candidates.support_cells
    row, column = (peaks.row / cell).astype(np.float32), (peaks.column / cell).astype(np.float32)
    shape = int(row.max()) + 2, int(column.max()) + 2
    top, left = row.astype(np.intp), column.astype(np.intp)
    y, x = row - top, column - left
    grid = np.zeros(shape, np.float32)
    for down, right, share in (
        (0, 0, (1 - y) * (1 - x)),
        (0, 1, (1 - y) * x),
        (1, 0, y * (1 - x)),
        (1, 1, y * x),
    ):
        np.add.at(grid, (top + down, left + right), share * heard)
    reach = np.arange(
        -settings.candidates.support_cells, settings.candidates.support_cells + 1, dtype=np.float32
    )
    disk = (np.hypot(reach[:, None], reach) <= settings.candidates.support_cells).astype(np.float32)
    total = cv2.filter2D(grid, -1, disk, borderType=cv2.BORDER_CONSTANT)
    return sampled(np.asarray(total, np.float32), row, column) - heard


def _belief(
    strength: NDArray[np.float32], image: PreparedImage, settings: AnalysisSettings
) -> NDArray[np.float32]:
    half = settings.candidates.score_midpoint * min(
        1.0, (settings.candidates.sharp_spacing_mm / image.working_mm) ** settings.candidates.blur_exponent
    )
    return np.asarray(expit((strength - half) / settings.candidates.score_width), dtype=np.float32)


def sharper_than_blur(
    gray: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    sigma_px: NDArray[np.float32],
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> NDArray[np.bool_]:
    """Whether next to nothing of a peak's height is left one pixel beside it.

    The breast is seen through the blur of a focal spot and a detector (or of film and scanner): what is
    sharper lies behind them, like dust on film, a scratch or a defective pixel. ``sigma_px``: scale of each
    peak; only the finest can be that sharp.
    """
    around = range(-3, 4)
    ys = [np.clip(rows + i, 0, gray.shape[0] - 1) for i in around]
    xs = [np.clip(columns + j, 0, gray.shape[1] - 1) for j in around]
    patch = np.stack([[gray[y, x] for x in xs] for y in ys])
    surround = np.median(patch.reshape(49, -1), axis=0)
    height = np.maximum(patch[3, 3] - surround, 1e-9)
    sides = np.sort(np.stack([patch[2, 3], patch[4, 3], patch[3, 2], patch[3, 4]]), axis=0)
    return np.asarray(
        ((sides[2] - surround) / height < settings.candidates.sharp_side_share)
        & (sigma_px < settings.candidates.sharp_sigma_px)
    )
