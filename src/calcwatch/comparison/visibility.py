"""Could a calcification of one image be seen on the other? Only then is what one image shows alone new.

A calcification is matched to one of the other image; or at its place lies a point below the threshold, or one
that fell into pieces; or the other image could not show it (the place is cut off, or it would not stand out
of the noise there); or it has no counterpart: it is new, or gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from calcwatch.comparison.register import error_at, inside, interpolated, to_current, to_prior
from calcwatch.comparison.settings import DEFAULT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.comparison.match import CalcificationPoints, Matched
    from calcwatch.comparison.settings import ComparisonSettings, VisibilitySettings
    from calcwatch.domain.change import Registration
    from calcwatch.domain.findings import TissueMap


class Visibility(IntEnum):
    """What one image says of a calcification of the other.

    Attributes:
        MATCHED: It shows the same one.
        SUBTHRESHOLD: At its place lies a point below the threshold, or a calcification that it is a piece of.
        NOT_VISIBLE: It could not show it.
        UNMATCHED: It does not show it, though it could.
    """

    MATCHED = 0
    SUBTHRESHOLD = 1
    NOT_VISIBLE = 2
    UNMATCHED = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class PairVisibility:
    """What each image of a pair says of the calcifications of the other.

    Attributes:
        prior: Calcifications of the prior image, n.
        current: Calcifications of the current image, m.
        registration: Of the two, corrected by the matched ones.
        prior_visibility: ``Visibility`` of each prior one on the current image, n.
        current_visibility: ``Visibility`` of each current one on the prior image, m.
        prior_visible_share: Share of calcifications like each prior one that the current image would show, n.
        partner: Place of the prior one that each current one is matched to, else -1; m.
    """

    prior: CalcificationPoints
    current: CalcificationPoints
    registration: Registration
    prior_visibility: NDArray[np.int_]
    current_visibility: NDArray[np.int_]
    prior_visible_share: NDArray[np.float64]
    partner: NDArray[np.intp]


def visibility_of_pair(
    prior: CalcificationPoints,
    current: CalcificationPoints,
    matched: Matched,
    *,
    settings: ComparisonSettings = DEFAULT,
) -> PairVisibility:
    """Say of every calcification of two images what the other one shows of it.

    Args:
        prior: Calcifications of the prior image.
        current: Calcifications of the current image.
        matched: Those that are the same.
        settings: Numbers of all stages.

    Returns:
        What each image says of the calcifications of the other.
    """
    registration = matched.registration
    on_prior = to_prior(registration, current.places)
    # each image's calcifications where they would lie on the other, in its working units
    on_current = to_current(registration, prior.places, settings=settings.registration)
    current_gain = _contrast_gain(current, prior.tissue_map, on_prior, settings.visibility)
    prior_gain = _contrast_gain(prior, current.tissue_map, on_current, settings.visibility)
    # matched pairs tell what noise and blur of the tissue leave unexplained
    clearer = _clearer(prior, current, current_gain, matched, settings.visibility)
    partner = np.full(len(current.places), -1, np.intp)
    partner[matched.current] = matched.prior
    prior_share = _visible_share(
        np.exp(prior.appearance[:, 1] + prior_gain - clearer),
        inside(current.tissue_map, on_current),
        settings.visibility,
    )
    current_share = _visible_share(
        np.exp(current.appearance[:, 1] + current_gain + clearer),
        inside(prior.tissue_map, on_prior),
        settings.visibility,
    )
    return PairVisibility(
        prior=prior,
        current=current,
        registration=registration,
        prior_visibility=_visibility(
            current,
            on_current,
            # the error is kept on the current image: looked up where the prior calcification would lie
            error=error_at(registration, on_current),
            is_matched=np.isin(np.arange(len(prior.places)), matched.prior),
            visible_share=prior_share,
            settings=settings.visibility,
        ),
        current_visibility=_visibility(
            prior,
            on_prior,
            error=error_at(registration, current.places),
            is_matched=partner >= 0,
            visible_share=current_share,
            settings=settings.visibility,
        ),
        prior_visible_share=prior_share,
        partner=partner,
    )


def contrast_to_noise_at(tissue: TissueMap, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Look up how much the tissue stands out of the noise.

    Args:
        tissue: Tissue of an image.
        places: n x 2 on the image, in working units.

    Returns:
        Contrast of the tissue in units of the noise, n; beyond the border that of the rim.
    """
    # the map has every so many cells, the first of them at cell 0
    cells = tissue.to_cells(places) / tissue.contrast_to_noise_step
    return interpolated(tissue.contrast_to_noise[..., None], cells)[:, 0]


def _contrast_gain(
    points: CalcificationPoints,
    tissue: TissueMap,
    places: NDArray[np.float64],
    settings: VisibilitySettings,
) -> NDArray[np.float64]:
    """Logarithm of how much more each calcification stands out on another image, by noise and blur.

    ``places``: where they lie on the other image, of ``tissue``.
    """
    contrast_to_noise = np.log(
        contrast_to_noise_at(tissue, places) / contrast_to_noise_at(points.tissue_map, points.places)
    )
    # A calcification loses height as the squares of its diameter, the blur and the pixel add up.
    square = np.exp(2 * points.appearance[:, 0]) + settings.blur_mm**2
    own, other = points.tissue_map.pixel_size, tissue.pixel_size
    return np.asarray(contrast_to_noise + np.log((square + own**2) / (square + other**2)))


def _clearer(
    prior: CalcificationPoints,
    current: CalcificationPoints,
    current_gain: NDArray[np.float64],
    matched: Matched,
    settings: VisibilitySettings,
) -> float:
    """Logarithm of how much more matched calcifications stand out on the prior than the tissue explains."""
    if len(matched.current) == 0:
        return 0.0
    risen = prior.appearance[matched.prior, 1] - current.appearance[matched.current, 1]
    unexplained = risen - current_gain[matched.current]
    # drawn toward the tissue's answer where few matches speak
    return float(np.median(unexplained) * len(risen) / (len(risen) + settings.tissue_weight))


def _visible_share(
    contrast: NDArray[np.float64], is_inside: NDArray[np.bool_], settings: VisibilitySettings
) -> NDArray[np.float64]:
    """Share of calcifications of an expected contrast that an image shows, 0 where it is cut off."""
    # no step at the threshold: what is fainter is found more seldom, not never
    share = settings.detected_share * np.sqrt(np.minimum(contrast / settings.detection_contrast, 1.0))
    return np.where(is_inside, share, 0.0)


def _visibility(
    other: CalcificationPoints,
    places: NDArray[np.float64],
    *,
    error: NDArray[np.float64],
    is_matched: NDArray[np.bool_],
    visible_share: NDArray[np.float64],
    settings: VisibilitySettings,
) -> NDArray[np.int_]:
    """``Visibility`` of calcifications on the other image; ``places``, ``error``: where they lie on it."""
    # each step overrules the last: could it be shown, is a point there, is it matched
    visibility = np.where(
        visible_share >= settings.detected_share, Visibility.UNMATCHED, Visibility.NOT_VISIBLE
    )
    # farther where the place is unsure, within bounds: too far, any point would explain any calcification
    reach = np.clip(
        settings.subthreshold_errors * error,
        settings.subthreshold_radius_mm,
        settings.max_subthreshold_radius_mm,
    )
    left = np.flatnonzero(~is_matched)
    explained = _has_point_of_its_own(places[left], other.subthreshold, reach[left])
    visibility[left[explained]] = Visibility.SUBTHRESHOLD
    if len(other.places):
        # also a matched calcification: an object that fell into pieces has a single match
        nearest = cKDTree(other.places).query(places)[0]
        visibility[nearest <= settings.piece_radius_mm] = Visibility.SUBTHRESHOLD
    visibility[is_matched] = Visibility.MATCHED
    return visibility


def _has_point_of_its_own(
    places: NDArray[np.float64], points: NDArray[np.float64], reach: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which places have a point within their reach, each point used once."""
    found = np.zeros(len(places), bool)
    if len(points) and len(places):
        # in units of each reach, so that 1 is the limit for all
        apart = cdist(places, points) / reach[:, None]
        # each point once: a single faint point must not explain a whole group away
        rows, columns = linear_sum_assignment(np.minimum(apart, 2.0))  # beyond reach all are alike
        found[rows[apart[rows, columns] <= 1.0]] = True
    return found
