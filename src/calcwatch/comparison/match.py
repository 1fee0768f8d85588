"""Which calcifications of two images are the same: their constellation decides, and corrects the alignment.

Every calcification may be matched to one of the other image, or have no partner. The alignment by tissue says
where it should lie and how far off that may be; what its neighbors are off by, it is likely to be off by too
(a Gaussian process over the breast). Matching and correcting take turns, first softly and then sharply, in
the way of coherent point drift (Myronenko and Song, IEEE PAMI 32:2262, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from calcwatch.comparison.register import error_at, to_prior
from calcwatch.comparison.settings import DEFAULT
from calcwatch.exam.correspondence import marginal_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.comparison.settings import MatchSettings
    from calcwatch.domain.change import Registration
    from calcwatch.domain.findings import ImageFindings, TissueMap


@dataclass(frozen=True, eq=False, kw_only=True)
class CalcificationPoints:
    """An image as a comparison sees it: its tissue, and its calcifications as points.

    Attributes:
        image: The findings they are of.
        tissue_map: Its tissue, which gives the frame of reference of all places.
        places: Of the calcifications in their order, n x 2 in working units.
        appearance: Natural logarithm of their diameter in working units and of their contrast, n x 2.
        subthreshold: Places of points below the threshold, m x 2 in working units.
    """

    image: ImageFindings
    tissue_map: TissueMap
    places: NDArray[np.float64]
    appearance: NDArray[np.float64]
    subthreshold: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Matched:
    """Which calcifications of two images are the same.

    Attributes:
        current: Place of each matched one among those of the current image, m.
        prior: Place of its partner among those of the prior image, m.
        probability: That the two are the same, m.
        distance: Of the two places after the correction, m, in working units.
        registration: Corrected so that matched ones fall together.
    """

    current: NDArray[np.intp]
    prior: NDArray[np.intp]
    probability: NDArray[np.float64]
    distance: NDArray[np.float64]
    registration: Registration


def points_of(image: ImageFindings, *, settings: MatchSettings = DEFAULT.match) -> CalcificationPoints:
    """Place the calcifications of an image on its tissue.

    Args:
        image: Findings of ``analyze_image``.
        settings: Numbers of this stage.

    Returns:
        The calcifications as points, in the order of the image.

    Raises:
        ValueError: The findings have no tissue, because they were read from a file.
    """
    tissue = image.tissue_map
    if tissue is None:
        raise ValueError(
            f"{image.description.source}: findings without tissue cannot be aligned; analyze it anew"
        )
    places, subthreshold = (
        np.array([(point.row, point.column) for point in points], np.float64).reshape(-1, 2)
        for points in (image.calcifications, image.subthreshold)
    )
    sizes = [
        (
            max(calcification.diameter_px, settings.min_diameter_px) * tissue.pixel_size,
            max(calcification.contrast, settings.min_contrast),
        )
        for calcification in image.calcifications
    ]
    return CalcificationPoints(
        image=image,
        tissue_map=tissue,
        places=tissue.to_working(places),
        # logarithms: sizes and contrasts differ by factors, and a common factor becomes a difference
        appearance=np.log(np.array(sizes, np.float64).reshape(-1, 2)),
        subthreshold=tissue.to_working(subthreshold),
    )


def match_calcifications(
    registration: Registration,
    prior: CalcificationPoints,
    current: CalcificationPoints,
    *,
    settings: MatchSettings = DEFAULT.match,
) -> Matched:
    """Match the calcifications of two images one to one, and correct the registration by them.

    Args:
        registration: Of the two images, by their tissue.
        prior: Calcifications of the prior image.
        current: Calcifications of the current image.
        settings: Numbers of this stage.

    Returns:
        The matched ones in the order of the current image; none where either image has none, and the
        registration as it was.
    """
    # Calcifications are listed by score: the first ones take part.
    first = slice(settings.max_calcifications)
    current_places, prior_places = current.places[first], prior.places[first]
    if len(current_places) == 0 or len(prior_places) == 0:
        none = np.zeros(0, np.intp)
        return Matched(
            current=none,
            prior=none,
            probability=np.zeros(0),
            distance=np.zeros(0),
            registration=registration,
        )
    # all in working units on the prior, where the other calcifications lie
    start = to_prior(registration, current_places)
    error = error_at(registration, current_places)
    gain = _appearance_gain(current.appearance[first], prior.appearance[first], settings)
    # on the current image: neighbors there move alike, whatever they are matched to
    covariance = _covariance(current_places, error, current_places, error, settings)
    probability = _probability(start, prior_places, error, gain, covariance=covariance, settings=settings)
    # first soft, now each with a single partner
    rows, columns = linear_sum_assignment(probability, maximize=True)
    sure = probability[rows, columns] >= settings.min_probability
    rows, columns = rows[sure], columns[sure]
    # only sure matches bend the map: what is new must not be pulled onto what is old
    corrected = _corrected(registration, current_places[rows], prior_places[columns], start[rows], settings)
    return Matched(
        current=rows,
        prior=columns,
        probability=probability[rows, columns],
        distance=np.linalg.norm(to_prior(corrected, current_places[rows]) - prior_places[columns], axis=1),
        registration=corrected,
    )


def _probability(
    start: NDArray[np.float64],
    prior: NDArray[np.float64],
    error: NDArray[np.float64],
    gain: NDArray[np.float64],
    *,
    covariance: NDArray[np.float64],
    settings: MatchSettings,
) -> NDArray[np.float64]:
    """That each current and each prior calcification are the same, n x m: matched and corrected by turns.

    ``start``, ``error``: where the registration puts the current ones on the prior image, and how surely.
    """
    # always from the alignment by tissue: corrections do not pile up from round to round
    offset = np.zeros_like(start)
    # soft to sharp, as annealing: early on every partner within reach has a say
    for sharpness in np.geomspace(settings.max_sharpness_mm, settings.min_sharpness_mm, settings.rounds):
        odds = _odds(
            start + offset, prior, gain, np.hypot(sharpness, settings.spread_share * error), settings
        )
        # calcifications compete for partners, and may have none
        share = marginal_probability(odds)
        weight = np.maximum(share.sum(axis=1), settings.min_weight)
        # toward the mean of the likely partners; without any, the weight's floor makes it not count
        wanted = share @ prior / weight[:, None] - start
        # little weight is much noise: such a calcification follows its neighbors
        offset, error = _smoothed(covariance, wanted, sharpness**2 / weight)
    # the last comparison by the error that is really left, not by the sharpness of a round
    odds = _odds(start + offset, prior, gain, np.hypot(settings.place_error_mm, error), settings)
    return marginal_probability(odds)


def _smoothed(
    covariance: NDArray[np.float64], wanted: NDArray[np.float64], noise: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each calcification is off (n x 2), and the error of that (n).

    ``wanted``: how far each seems to be off by itself; ``noise``: variance of that.
    """
    # posterior mean of a Gaussian process; solving is steadier than an inverse
    gain = np.linalg.solve(covariance + np.diag(noise), covariance).T
    # its variance; rounding can leave it just below 0
    left = np.maximum(np.diag(covariance) - np.einsum("ij,ji->i", gain, covariance), 0)
    return gain @ wanted, np.sqrt(left)


def _covariance(
    first: NDArray[np.float64],
    first_error: NDArray[np.float64],
    second: NDArray[np.float64],
    second_error: NDArray[np.float64],
    settings: MatchSettings,
) -> NDArray[np.float64]:
    """Covariance of what places are off by, n x m: as far as the tissue is sure, and by their depth."""
    square = ((first[:, None] - second[None]) ** 2).sum(axis=2)
    far = first_error[:, None] * second_error[None] * np.exp(-square / (2 * settings.tissue_length_mm**2))
    # calcifications over each other part when the breast is rolled: they agree over a short way alone
    near = settings.depth_error_mm**2 * np.exp(-square / (2 * settings.depth_length_mm**2))
    return np.asarray(far + near)


def _appearance_gain(
    current: NDArray[np.float64], prior: NDArray[np.float64], settings: MatchSettings
) -> NDArray[np.float64]:
    """What diameters and contrasts make of the odds, n x m; contrasts are compared after a common factor."""
    steps = (current[:, None] - prior[None]) / np.array([settings.diameter_step, settings.contrast_step])
    # dose and device change all contrasts alike: medians bring them to the same level
    steps[..., 1] -= (
        np.median(current[:, 1]) / settings.contrast_step - np.median(prior[:, 1]) / settings.contrast_step
    )
    # capped: a merged or cut outline must not rule a partner out
    difference = np.minimum((steps**2).sum(axis=2), settings.max_difference)
    return np.asarray(np.exp(settings.appearance_gain - difference / 2))


def _odds(
    expected: NDArray[np.float64],
    prior: NDArray[np.float64],
    gain: NDArray[np.float64],
    error: NDArray[np.float64],
    settings: MatchSettings,
) -> NDArray[np.float64]:
    """Odds of each pair by itself: how well it fits over how many others would fit as well."""
    square = ((expected[:, None] - prior[None]) ** 2).sum(axis=2)
    variance = error[:, None] ** 2
    fit = np.exp(-square / (2 * variance)) / (2 * np.pi * variance)
    crowd = cKDTree(prior).query_ball_point(expected, settings.crowd_radius_mm, return_length=True)
    # against chance: in a crowd a stranger lies just as near
    density = np.asarray(crowd) / (np.pi * settings.crowd_radius_mm**2)
    density = np.maximum(density, settings.min_density_per_mm2)
    return np.asarray(settings.presence_odds * gain * fit / density[:, None])


def _corrected(
    registration: Registration,
    current: NDArray[np.float64],
    prior: NDArray[np.float64],
    start: NDArray[np.float64],
    settings: MatchSettings,
) -> Registration:
    """The registration bent so that matched places fall together, and surer near them.

    ``start``: where the registration puts the current ones on the prior.
    """
    if len(current) == 0:
        return registration
    shape, cell_size = registration.error.shape, registration.current.cell_size
    # a coarse grid is enough, since the correction bends over millimeters
    coarse = [max(2, round(length * cell_size / settings.correction_grid_mm)) for length in shape]
    axes = [np.linspace(0, length - 1, count) for length, count in zip(shape, coarse, strict=True)]
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=2).reshape(-1, 2)
    places = registration.current.of_cells(cells)
    error, own = error_at(registration, places), error_at(registration, current)
    known = _covariance(current, own, current, own, settings)
    # the error of the places themselves, which also keeps the matrix well conditioned
    known = known + settings.place_error_mm**2 * np.eye(len(current))
    toward = _covariance(places, error, current, own, settings)
    gain = np.linalg.solve(known, toward.T).T
    # the same Gaussian process, asked at places where no calcification lies
    offset = (gain @ (prior - start)).reshape(*coarse, 2)
    # what is left of the error: small near matches, that of the tissue far from any
    variance = np.maximum(error**2 + settings.depth_error_mm**2 - (gain * toward).sum(axis=1), 0)
    left = np.sqrt(variance + settings.place_error_mm**2).reshape(coarse)
    offset_on_cells, left_on_cells = (
        np.asarray(cv2.resize(values.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR))
        for values in (offset, left)
    )
    return replace(
        registration,
        target=registration.target + offset_on_cells,
        # matches can make a place surer, never less sure
        error=np.minimum(registration.error, left_on_cells),
    )
