"""Could a speck of one image be seen on the other? What is found on one day only is new only if it could.

A calcification of one day is the same as one of the other day; or there is a faint point below the threshold
at its place, or one that fell into pieces; or the other image could not show it (the place is cut off, or the
speck would not stand out of the noise there); or it is alone: new, or gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from calcwatch.comparison.register import contrast_to_noise_at, inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.comparison.match import CalcificationPoints, Matched
    from calcwatch.comparison.register import Registration
    from calcwatch.domain.findings import ImageFindings, TissueMap

SEEN_CONTRAST = 4.0
"""Specks expected to stand so many units of noise over their surround are found eight times of ten."""

_SEEN_SHARE = 0.8  # at that contrast; below it by the square root
_FAINT_MM, _FAINT_ERRORS = 0.7, 1.6  # a faint point counts so near, or within so many errors
_MOST_FAINT_MM = 2.5
_PIECE_MM = 0.7  # so near a calcification of the other day, a speck is a piece of it
_BLUR_MM = 0.14  # of a system, full width; small specks lose height by it and by the pixel
_PRIOR_SPECKS = 2.0  # the tissue's word on how much clearer one image is weighs as much as so many specks


class Visibility(IntEnum):
    """What the other day's image says of a speck of this one.

    ``SUBTHRESHOLD``: something below the threshold lies at its place, or a calcification that it is a piece
    of.
    """

    MATCHED = 0
    SUBTHRESHOLD = 1
    NOT_VISIBLE = 2
    UNMATCHED = 3


@dataclass(frozen=True, eq=False)
class PairVisibility:
    """Of each current and each prior speck, in their order; ``partner``: place of the same one, else -1.

    ``prior_visible_share``: share of such prior specks that the current image would show. ``images`` and
    ``specks``: prior, current; ``registration``: after matching.
    """

    images: tuple[ImageFindings, ImageFindings]
    specks: tuple[CalcificationPoints, CalcificationPoints]
    registration: Registration
    current: NDArray[np.int_]
    prior: NDArray[np.int_]
    prior_visible_share: NDArray[np.float64]
    partner: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Day:
    """Specks and faint points of an image, and where on the other image the specks lie, with its error."""

    tissue: TissueMap
    specks: CalcificationPoints
    faint: NDArray[np.float64]
    elsewhere: NDArray[np.float64]
    error: NDArray[np.float64]


def visibility_of_pair(
    prior: ImageFindings,
    current: ImageFindings,
    specks: tuple[CalcificationPoints, CalcificationPoints],
    matched: Matched,
) -> PairVisibility:
    """Say of every speck of both days what the other image shows; ``specks``: prior, current."""
    registration, (old, new) = matched.registration, specks
    back = registration.to_current(old.places)
    then = _day(registration.prior, old, prior, back, registration.error_mm(back))
    there, error = registration.to_prior(new.places), registration.error_mm(new.places)
    now = _day(registration.current, new, current, there, error)
    clearer = _clearer(now, then, matched)
    partner = np.full(len(new.places), -1, np.intp)
    partner[matched.current] = matched.prior
    taken = np.zeros(len(old.places), bool)
    taken[matched.prior] = True
    then_seen = _seen(then, now.tissue, -clearer)
    return PairVisibility(
        images=(prior, current),
        specks=specks,
        registration=registration,
        current=_sights(now, then, same=partner >= 0, seen=_seen(now, then.tissue, clearer)),
        prior=_sights(then, now, same=taken, seen=then_seen),
        prior_visible_share=then_seen,
        partner=partner,
    )


def _day(
    tissue: TissueMap,
    specks: CalcificationPoints,
    image: ImageFindings,
    elsewhere: NDArray[np.float64],
    error: NDArray[np.float64],
) -> _Day:
    points = np.array([(one.row, one.column) for one in image.subthreshold], np.float64).reshape(-1, 2)
    return _Day(tissue, specks, tissue.to_mm(points), elsewhere, error)


def _seen(day: _Day, other: TissueMap, clearer: float) -> NDArray[np.float64]:
    """Share of such specks that the other image shows, 0 where it does not show the place.

    ``clearer``: logarithm of how much more specks stand out there.
    """
    expected = np.exp(day.specks.looks[:, 1] + _usual(day, other) + clearer)
    share = _SEEN_SHARE * np.sqrt(np.minimum(expected / SEEN_CONTRAST, 1.0))
    return np.where(inside(other, day.elsewhere), share, 0.0)


def _sights(
    day: _Day, other: _Day, *, same: NDArray[np.bool_], seen: NDArray[np.float64]
) -> NDArray[np.int_]:
    sights = np.where(seen >= _SEEN_SHARE, Visibility.UNMATCHED, Visibility.NOT_VISIBLE)
    reach = np.clip(_FAINT_ERRORS * day.error, _FAINT_MM, _MOST_FAINT_MM)
    left = np.flatnonzero(~same)
    sights[left[_has_its_own(day.elsewhere[left], other.faint, reach[left])]] = Visibility.SUBTHRESHOLD
    if len(other.specks.places):
        sights[cKDTree(other.specks.places).query(day.elsewhere)[0] <= _PIECE_MM] = Visibility.SUBTHRESHOLD
    sights[same] = Visibility.MATCHED
    return sights


def _has_its_own(
    places: NDArray[np.float64], points: NDArray[np.float64], reach: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which places have a point within their reach, each point used once."""
    found = np.zeros(len(places), bool)
    if len(points) and len(places):
        apart = cdist(places, points) / reach[:, None]
        rows, columns = linear_sum_assignment(np.minimum(apart, 2.0))
        found[rows[apart[rows, columns] <= 1.0]] = True
    return found


def _clearer(now: _Day, then: _Day, matched: Matched) -> float:
    """Logarithm of how much more specks stand out on the prior than the tissue alone tells."""
    if len(matched.current) == 0:
        return 0.0
    risen = then.specks.looks[matched.prior, 1] - now.specks.looks[matched.current, 1]
    unexplained = risen - _usual(now, then.tissue)[matched.current]
    return float(np.median(unexplained) * len(risen) / (len(risen) + _PRIOR_SPECKS))


def _usual(day: _Day, other: TissueMap) -> NDArray[np.float64]:
    """Logarithm of how much more each speck stands out on the other image, by noise and blur."""
    contrast_to_noise = np.log(
        contrast_to_noise_at(other, day.elsewhere) / contrast_to_noise_at(day.tissue, day.specks.places)
    )
    square = np.exp(2 * day.specks.looks[:, 0]) + _BLUR_MM**2
    return np.asarray(
        contrast_to_noise + np.log((square + day.tissue.pixel_mm**2) / (square + other.pixel_mm**2))
    )
