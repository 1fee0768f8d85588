"""Local maxima in the breast -> candidates with support by their neighbors; the classical detector.

Differences of Gaussians at several scales in units of the local noise give local maxima; how each stands over
its surround and how many others lie about it make its score. The difference-of-Gaussians family for
microcalcifications goes back to Dengler, Behrens and Desaga, IEEE Trans Med Imaging 12:634 (1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from calcwatch.image.arrays import block_centers, enlarged, erode, sampled, squares_around
from calcwatch.image.find.detections import Detections
from calcwatch.image.find.filter_bank import LocalMaxima, fill_outside, find_local_maxima, noise_cell_px

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings
    from calcwatch.image.settings.find import CandidateSettings


@dataclass(frozen=True, eq=False)
class Candidates:
    """Local maxima that may be calcifications, highest rank first, and the pictures they were found in.

    The arrays from ``row`` to ``score`` have one length, 0 when there are no candidates.

    Attributes:
        row: Row in crop pixels, whole.
        column: Column in crop pixels, whole.
        sigma_px: Scale of the filter that responds most, in crop pixels.
        noise: Gray of one sigma of the noise at that scale.
        response: Response of the filter in units of that noise.
        strength: Height above the surround in the same units, lines discounted.
        supported_strength: Strength of the candidate and of its neighbors within 2 mm, each with a cap.
        support: The neighbors' alone.
        rank_score: What candidates are ordered by, so that few calcifications are lost where only the first
            are classified.
        score: Score of the classical detector, 0 to 1.
        filled: float32, size of the crop: its gray, the breast continued smoothly past its skin.
        noise_map: float32, one cell for each ``noise_cell`` x ``noise_cell`` pixels of the crop: standard
            deviation in gray that single pixels would have if the noise of the finest scale were white.
        noise_cell: Side of a cell of the noise map in crop pixels.
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
    noise_cell: int

    def pixel_noise(self) -> NDArray[np.float32]:
        """Return gray of one sigma of a single pixel's noise where each candidate lies."""
        return self.noise_map[self.row // self.noise_cell, self.column // self.noise_cell]


def detect_classical(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
    """Find candidates and score them by strength and support, without learned weights.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: Settings of the analysis; ``max_candidates`` bounds the answer.

    Returns:
        The candidates, highest score first.
    """
    found = find_candidates(image, breast, settings)
    order = np.lexsort((found.column, found.row, -found.strength, -found.score))
    columns = (found.row, found.column, found.sigma_px, found.strength, found.supported_strength, found.score)
    return Detections(*(column[order].astype(np.float32) for column in columns))


def find_candidates(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Candidates:
    """Find everything in the breast that stands out as a calcification may.

    The score discounts what lies on a line, as some calcifications do; so it does not decide which candidates
    are kept, the rank does.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: Settings of the analysis.

    Returns:
        The ``settings.max_candidates`` candidates of the highest rank.
    """
    candidate_settings = settings.candidates
    # the mask has its holes filled: what is as dark as air in them takes no part
    imaged = breast.mask & image.foreground
    filled = fill_outside(
        image.gray, imaged, image.px(candidate_settings.fill_mm), settings=settings.filter_bank
    )
    area = _search_area(imaged, image.px(candidate_settings.skin_rim_mm), candidate_settings)
    most = candidate_settings.peaks_per_candidate * settings.max_candidates
    maxima, noise_map = find_local_maxima(
        filled, imaged, area, image, most=most, settings=settings.filter_bank
    )
    # doubles go before support is summed: else a calcification would support itself from every scale
    maxima = _suppress_non_maxima(maxima, image, most, candidate_settings)
    supported_strength, support = _support(maxima, image, candidate_settings)
    rank_score = (
        maxima.response
        + candidate_settings.rank_strength_weight * maxima.strength.clip(0)
        + candidate_settings.rank_support_weight * support
    )
    # ties are broken by place, so that the order is always the same
    order = np.lexsort((maxima.column, maxima.row, -rank_score))[: settings.max_candidates]
    best = maxima.taken(order)
    return Candidates(
        row=best.row,
        column=best.column,
        sigma_px=best.sigma_px,
        noise=best.noise,
        response=best.response,
        strength=best.strength,
        supported_strength=supported_strength[order],
        support=support[order],
        rank_score=rank_score[order],
        score=_score(
            best.strength + np.float32(candidate_settings.support_weight) * support[order],
            image,
            candidate_settings,
        ),
        filled=filled,
        noise_map=noise_map,
        noise_cell=noise_cell_px(image, settings=settings.filter_bank),
    )


def _search_area(imaged: NDArray[np.uint8], rim_px: float, settings: CandidateSettings) -> NDArray[np.uint8]:
    """1 where candidates may lie: not on the skin line, not on the border of the picture."""
    # a wide rim is taken off on coarse pixels, where it costs less
    step = max(1, round(rim_px / settings.rim_steps))
    area = imaged & enlarged(erode(block_centers(imaged, step), round(rim_px / step)), imaged.shape)
    border = settings.border_px
    for edge in (area[:border], area[-border:], area[:, :border], area[:, -border:]):
        edge[:] = 0
    return area


def _suppress_non_maxima(
    maxima: LocalMaxima, image: PreparedImage, most: int, settings: CandidateSettings
) -> LocalMaxima:
    """Drop a weaker maximum near a stronger one, of whatever scale; then keep the strongest ``most``.

    Near is within a few pixels or one sigma of either scale; but a fine maximum on a coarse object stays.
    """
    order = np.lexsort((maxima.sigma_px, maxima.column, maxima.row, -maxima.response))
    # rank of each maximum: the inverse of the order
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    stays = np.ones(order.size, bool)
    if order.size > 1:
        points = np.stack([maxima.row, maxima.column], axis=1)
        reach = np.maximum(np.float32(settings.suppression_px), maxima.sigma_px)
        coarse = maxima.sigma_px > image.px(settings.object_sigma_mm)
        pair = cKDTree(points).query_pairs(float(reach.max()), output_type="ndarray")
        first_stronger = place[pair[:, 0]] < place[pair[:, 1]]
        weaker = np.where(first_stronger, pair[:, 1], pair[:, 0])
        stronger = np.where(first_stronger, pair[:, 0], pair[:, 1])
        apart = np.hypot(*(points[weaker] - points[stronger]).T)
        # a coarse maximum takes away only what lies on its very pixel, not the fine maxima beside
        near = apart <= np.where(coarse[stronger], 0, np.maximum(reach[stronger], reach[weaker]))
        stays[weaker[near | (coarse[weaker] & (apart <= reach[weaker]))]] = False
    return maxima.taken(order[stays[order]][:most])


def _support(
    maxima: LocalMaxima, image: PreparedImage, settings: CandidateSettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Capped strength of each maximum with its neighbors', and the neighbors' alone.

    Less what the wider surround leads to expect: dense texture and fine pixels make weak maxima everywhere,
    and only more of them here than around count. Where the noise is higher than usual each counts less; what
    is sharper than the blur, or coarse, gives no support.
    """
    above_threshold = np.flatnonzero(
        (maxima.strength > settings.support_strength) & (maxima.response > settings.support_response)
    )
    excluded = maxima.sigma_px > image.px(settings.object_sigma_mm)
    excluded[above_threshold] |= _sharper_than_blur(
        image.gray,
        maxima.row[above_threshold],
        maxima.column[above_threshold],
        maxima.sigma_px[above_threshold],
        settings,
    )
    own = np.where(
        excluded,
        0.0,
        np.minimum(maxima.strength / np.maximum(1.0, maxima.relative_noise), settings.support_cap),
    )
    # noise gives nothing, however much of it lies about
    given = np.where(own > settings.support_strength, own, 0.0).astype(np.float32)
    given[maxima.response <= settings.support_response] = 0.0
    near = _sum_of_neighbors(maxima, given, image.px(settings.support_mm), settings)
    wide = _sum_of_neighbors(maxima, given, image.px(settings.background_support_mm), settings)
    # what the ring between both distances holds, on the area of the inner disk
    expected = (wide - near) / ((settings.background_support_mm / settings.support_mm) ** 2 - 1)
    support = np.maximum(near - expected, 0.0)
    return (own + support).astype(np.float32), support.astype(np.float32)


def _sum_of_neighbors(
    maxima: LocalMaxima, given: NDArray[np.float32], distance_px: float, settings: CandidateSettings
) -> NDArray[np.float32]:
    """Sum of what all others within a distance give to each maximum, an eighth of the distance uncertain.

    What is given is laid on a grid, so that a picture full of maxima takes no longer than another.
    """
    if given.size == 0:
        return given
    cell = distance_px / settings.support_cells
    row, column = (maxima.row / cell).astype(np.float32), (maxima.column / cell).astype(np.float32)
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
        # add.at: several maxima may share a cell, and plain indexing would count the last alone
        np.add.at(grid, (top + down, left + right), share * given)
    reach = np.arange(-settings.support_cells, settings.support_cells + 1, dtype=np.float32)
    disk = (np.hypot(reach[:, None], reach) <= settings.support_cells).astype(np.float32)
    # a sum over a disk is a filter; past the border nothing gives
    total = cv2.filter2D(grid, -1, disk, borderType=cv2.BORDER_CONSTANT)
    # its own share lies wholly within the disk and is taken off again
    return sampled(np.asarray(total, np.float32), row, column) - given


def _score(
    strength: NDArray[np.float32], image: PreparedImage, settings: CandidateSettings
) -> NDArray[np.float32]:
    """Score of the classical detector: a logistic curve of strength with support."""
    sharpness = (settings.sharp_spacing_mm / image.working_mm) ** settings.blur_exponent
    # capped at 1: pixels finer than that ask for no more strength
    midpoint = settings.score_midpoint * min(1.0, sharpness)
    return np.asarray(expit((strength - midpoint) / settings.score_width), dtype=np.float32)


def _sharper_than_blur(
    gray: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    sigma_px: NDArray[np.float32],
    settings: CandidateSettings,
) -> NDArray[np.bool_]:
    """Whether next to nothing of the height of a maximum of a fine scale is left one pixel beside it.

    The breast is seen through the blur of a focal spot and a detector (or of film and scanner): what is
    sharper lies behind them, like dust on film, a scratch or a defective pixel.
    """
    square = squares_around(gray, rows, columns, settings.sharp_window_px)
    middle = settings.sharp_window_px // 2
    # on pixels as they are: blur would hide how sharp a speck is
    surround = np.median(square.reshape(len(square), settings.sharp_window_px**2), axis=1)
    height = np.maximum(square[:, middle, middle] - surround, 1e-9)
    # all but the brightest neighbor must be low: along a scratch that neighbor is bright
    sides = np.sort(
        np.stack(
            [
                square[:, middle - 1, middle],
                square[:, middle + 1, middle],
                square[:, middle, middle - 1],
                square[:, middle, middle + 1],
            ]
        ),
        axis=0,
    )
    return np.asarray(
        ((sides[-settings.sharp_side_rank] - surround) / height < settings.sharp_side_share)
        & (sigma_px < settings.sharp_sigma_px)
    )
