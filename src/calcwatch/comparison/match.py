"""The same calcifications on two examinations: their constellation decides, and corrects the alignment.

Every speck may be matched to one of the other day, or be new, or gone. The alignment by tissue says where a
speck should lie and how far off that may be; what neighbors are found to be off, a speck is likely to be off
too (a Gaussian process over the breast). Matching and correcting take turns, first softly and then sharply,
in the way of coherent point drift (Myronenko and Song, IEEE PAMI 32:2262, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from calcwatch.exam.correspondence import marginal_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.comparison.register import Registration
    from calcwatch.domain.findings import ImageFindings, TissueMap

MOST_SPECKS = 400
"""So many of an image's most believable calcifications take part."""

LEAST_PROBABILITY = 0.5
"""Two calcifications are the same from this probability on."""

_LENGTH_MM, _NEAR_MM = 40.0, 8.0  # how far what one speck is off tells of another: the tissue, its depth
_DEPTH_ERROR_MM = 0.8  # specks over each other in depth part when the breast is rolled
_SHARPNESS_MM = tuple(np.geomspace(3.0, 0.6, 8))  # from soft to sharp
_PLACE_ERROR_MM = 0.35  # of a matched speck: outlines, rotation of the breast about its axis
_CROWD_MM = 8.0  # strangers are counted this far about
_LONELY_PER_MM2 = 1 / 2000
_SIZE_STEP, _CONTRAST_STEP = 0.3, 0.4  # natural logarithms
_MOST_UNLIKE, _LIKE_GAIN = 6.0, 1.0  # of the two squared steps; what looking alike is worth
_BOTH_THERE = 3.0  # odds before anything is compared that a speck is on the other image too
_COARSE_MM = 4.0  # the correction is worked out on places so far apart
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, eq=False)
class CalcificationPoints:
    """Calcifications: places n x 2 in mm of the crop, and logarithms of diameter and contrast n x 2."""

    places: NDArray[np.float64]
    looks: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Matched:
    """Which specks are the same, and the alignment after they were used.

    ``current``, ``prior``: places among the specks, m each. ``probability``: of each, m. ``apart``: mm that
    are left between the two, m.
    """

    current: NDArray[np.intp]
    prior: NDArray[np.intp]
    probability: NDArray[np.float64]
    apart: NDArray[np.float64]
    registration: Registration


def points_of(image: ImageFindings, tissue: TissueMap) -> CalcificationPoints:
    """The calcifications of an image, in its order."""
    places = [(one.row, one.column) for one in image.calcifications]
    looks = [
        (max(one.diameter_px, 0.2) * tissue.pixel_mm, max(one.contrast, 0.5)) for one in image.calcifications
    ]
    return CalcificationPoints(
        tissue.to_mm(np.array(places, np.float64).reshape(-1, 2)),
        np.log(np.array(looks, np.float64).reshape(-1, 2)),
    )


def match_calcifications(
    registration: Registration, prior: CalcificationPoints, current: CalcificationPoints
) -> Matched:
    """Match the specks of both days one to one, and correct the alignment by them."""
    now, then = _first(current), _first(prior)
    if len(now.places) == 0 or len(then.places) == 0:
        nothing = np.zeros(0, np.intp)
        return Matched(nothing, nothing, np.zeros(0), np.zeros(0), registration)
    start = registration.to_prior(now.places)
    drift = _Drift(now.places, registration.error_mm(now.places))
    alike = _alike(now, then)
    off = np.zeros_like(start)
    spread = drift.error
    for sharpness in _SHARPNESS_MM:
        odds = _odds(start + off, then.places, alike, np.hypot(sharpness, 0.5 * spread))
        share = marginal_probability(odds)
        weight = share.sum(axis=1)
        wanted = share @ then.places / np.maximum(weight, _LEAST_WEIGHT)[:, None] - start
        off, spread = drift.follow(wanted, weight, sharpness)
    odds = _odds(start + off, then.places, alike, np.hypot(_PLACE_ERROR_MM, spread))
    probability = marginal_probability(odds)
    rows, columns = linear_sum_assignment(probability, maximize=True)
    sure = probability[rows, columns] >= LEAST_PROBABILITY
    rows, columns = rows[sure], columns[sure]
    corrected = _corrected(registration, now.places[rows], then.places[columns], start[rows])
    apart = np.linalg.norm(corrected.to_prior(now.places[rows]) - then.places[columns], axis=1)
    return Matched(rows, columns, probability[rows, columns], apart, corrected)


def _first(specks: CalcificationPoints) -> CalcificationPoints:
    """Calcifications are listed most believable first."""
    return CalcificationPoints(specks.places[:MOST_SPECKS], specks.looks[:MOST_SPECKS])


class _Drift:
    """What specks may be off by: a Gaussian process at their places, with an ``error`` of each."""

    def __init__(self, places: NDArray[np.float64], error: NDArray[np.float64]) -> None:
        self.error = error
        self.covariance = _covariance(places, error, places, error)

    def follow(
        self, wanted: NDArray[np.float64], weight: NDArray[np.float64], sharpness: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far each is off (n x 2) and the error of that (n), where some are known to be off so far."""
        noise = sharpness**2 / np.maximum(weight, _LEAST_WEIGHT)
        gain = np.linalg.solve(self.covariance + np.diag(noise), self.covariance).T
        left = np.maximum(np.diag(self.covariance) - np.einsum("ij,ji->i", gain, self.covariance), 0)
        return gain @ wanted, np.sqrt(left)


def _covariance(
    one: NDArray[np.float64],
    error: NDArray[np.float64],
    other: NDArray[np.float64],
    others: NDArray[np.float64],
) -> NDArray[np.float64]:
    square = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    far = error[:, None] * others[None] * np.exp(-square / (2 * _LENGTH_MM**2))
    return np.asarray(far + _DEPTH_ERROR_MM**2 * np.exp(-square / (2 * _NEAR_MM**2)))


def _alike(now: CalcificationPoints, then: CalcificationPoints) -> NDArray[np.float64]:
    """What looking alike makes of the odds, n x m; contrasts are compared after a common factor."""
    steps = (now.looks[:, None] - then.looks[None]) / np.array([_SIZE_STEP, _CONTRAST_STEP])
    steps[..., 1] -= (
        np.median(now.looks[:, 1]) / _CONTRAST_STEP - np.median(then.looks[:, 1]) / _CONTRAST_STEP
    )
    return np.asarray(np.exp(_LIKE_GAIN - np.minimum((steps**2).sum(axis=2), _MOST_UNLIKE) / 2))


def _odds(
    expected: NDArray[np.float64],
    there: NDArray[np.float64],
    alike: NDArray[np.float64],
    error: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Odds of each pair by itself: how well it fits over how many strangers would fit as well."""
    square = ((expected[:, None] - there[None]) ** 2).sum(axis=2)
    variance = error[:, None] ** 2
    density = np.exp(-square / (2 * variance)) / (2 * np.pi * variance)
    crowd = cKDTree(there).query_ball_point(expected, _CROWD_MM, return_length=True)
    strangers = np.maximum(np.asarray(crowd) / (np.pi * _CROWD_MM**2), _LONELY_PER_MM2)
    return np.asarray(_BOTH_THERE * alike * density / strangers[:, None])


def _corrected(
    registration: Registration,
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    start: NDArray[np.float64],
) -> Registration:
    """The alignment bent so that matched specks fall together, and surer near them."""
    if len(here) == 0:
        return registration
    tissue = registration.current
    shape = registration.error.shape
    coarse = [max(2, round(length * tissue.cell_mm / _COARSE_MM)) for length in shape]
    axes = [np.linspace(0, length - 1, count) for length, count in zip(shape, coarse, strict=True)]
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=2).reshape(-1, 2)
    places = ((cells + 0.5) * tissue.step - 0.5) * tissue.pixel_mm
    error, own = registration.error_mm(places), registration.error_mm(here)
    known = _covariance(here, own, here, own) + _PLACE_ERROR_MM**2 * np.eye(len(here))
    toward = _covariance(places, error, here, own)
    gain = np.linalg.solve(known, toward.T).T
    off = (gain @ (there - start)).reshape(*coarse, 2)
    left = np.sqrt(
        np.maximum(error**2 + _DEPTH_ERROR_MM**2 - (gain * toward).sum(axis=1), 0) + _PLACE_ERROR_MM**2
    )
    size = shape[::-1]
    return replace(
        registration,
        target=registration.target + cv2.resize(off.astype(np.float32), size, interpolation=cv2.INTER_LINEAR),
        error=np.minimum(
            registration.error,
            cv2.resize(left.reshape(coarse).astype(np.float32), size, interpolation=cv2.INTER_LINEAR),
        ),
    )
