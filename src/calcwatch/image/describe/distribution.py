"""Where the calcifications of a group lie -> its distribution, from points alone.

A group is seen together with the pattern that it is part of: itself, what lies within a centimeter of it from
point to point, within two, and everything in the breast. Each is described by the same few numbers, and a
learned function tells the distribution from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from calcwatch.domain.findings import DistributionDescription, DistributionMeasurements
from calcwatch.domain.lexicon import Distribution
from calcwatch.image.describe.patterns import deviation_from_line, hull_area, linked, spacing_of
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from calcwatch.domain.image import Point

DistributionNetwork = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Features, n x ``FEATURES`` -> probabilities, n x ``DISTRIBUTION_CLASSES``, each row adding up to 1."""

DISTRIBUTION_CLASSES = (
    Distribution.DIFFUSE,
    Distribution.REGIONAL,
    Distribution.GROUPED,
    Distribution.LINEAR,
    Distribution.SEGMENTAL,
)
"""The classes in the order of the outputs of the shipped weights."""

_PATTERNS = 4  # the group, what is within the two reaches of it, and everything in the breast
_SHAPE_NUMBERS = 10  # what ``_shape`` gives
_NIPPLE_NUMBERS = 8  # what ``_toward_nipple`` gives

FEATURES = _PATTERNS * (_SHAPE_NUMBERS + _NIPPLE_NUMBERS) + (_PATTERNS - 1) + 1
"""How many features describe one group: each pattern, its share of the others, whether there is a nipple."""

_TINY_MM = 1e-9  # keeps a distance of 0 from being divided by


@dataclass(frozen=True)
class BreastGeometry:
    """The breast that points lie in, in the pixels of the points.

    Attributes:
        working_mm: Millimeters a pixel; an assumed value where the spacing is unknown.
        spacing_mm: Millimeters a pixel, ``None`` where that is unknown.
        breast_area_px: Area of the breast in square pixels.
        nipple: The nipple as (row, column); ``None`` where it is not known.

    Raises:
        ValueError: The scale or the area is not above 0.
    """

    working_mm: float
    spacing_mm: float | None
    breast_area_px: float
    nipple: Point | None

    def __post_init__(self) -> None:
        if self.working_mm <= 0:
            raise ValueError(f"working_mm {self.working_mm} must be above 0")
        if self.breast_area_px <= 0:
            raise ValueError(f"breast_area_px {self.breast_area_px} must be above 0")


def describe_distributions(
    groups: Sequence[NDArray[np.intp]],
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    geometry: BreastGeometry,
    *,
    network: DistributionNetwork,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[DistributionDescription, ...]:
    """Describe how the members of each group lie.

    Args:
        groups: Indices of the points of each group.
        points: All calcifications of the image, n x 2 (row, column), in pixels of ``geometry``.
        scores: Score of each, 0 to 1.
        geometry: The breast they lie in.
        network: What classifies the features of the groups.
        settings: Settings of distributions and of the patterns they are seen in.

    Returns:
        Distribution of each group, in the same order; no groups give none.
    """
    measured = [
        measure_distribution(points, scores, members=members, geometry=geometry, settings=settings)
        for members in groups
    ]
    if not measured:
        return ()
    probabilities = network(np.stack([features for features, _ in measured]))
    return tuple(
        DistributionDescription(_ranked(row), measurements)
        for row, (_, measurements) in zip(probabilities, measured, strict=True)
    )


def measure_distribution(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    *,
    members: NDArray[np.intp],
    geometry: BreastGeometry,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[NDArray[np.float32], DistributionMeasurements]:
    """Measure how the members of a group lie among all calcifications.

    Args:
        points: All calcifications of the image, n x 2 (row, column), in pixels of ``geometry``.
        scores: Score of each, 0 to 1.
        members: Indices of those that are the group.
        geometry: The breast they lie in.
        settings: Settings of distributions and of the patterns they are seen in.

    Returns:
        ``FEATURES`` numbers for the network, lengths at the working scale; and the measurements that a reader
        is shown, of the group alone, lengths in mm only where the spacing is known.

    Raises:
        ValueError: The group is empty.
    """
    if members.size == 0:
        raise ValueError("a group without members has no distribution")
    places = points * geometry.working_mm
    area = geometry.breast_area_px * geometry.working_mm**2
    nipple = None if geometry.nipple is None else np.asarray(geometry.nipple) * geometry.working_mm
    patterns = _patterns(places, scores, members, settings)
    numbers = [
        np.concatenate([_shape(p, area, settings), _toward_nipple(p, nipple, settings)]) for p in patterns
    ]
    # how much of each wider pattern is the group: all of it where the group stands alone
    counts = np.log([len(pattern) for pattern in patterns])
    shares = np.append(counts[0] - counts[1:], float(nipple is None))
    features = np.concatenate([*numbers, shares]).astype(np.float32)
    return features, _measurements(
        places[members], area, nipple, known=geometry.spacing_mm is not None, settings=settings
    )


def _ranked(probabilities: NDArray[np.float32]) -> tuple[tuple[Distribution, float], ...]:
    """Distributions with their probabilities, the likeliest first, adding up to 1 whatever rounding left."""
    order = np.argsort(-probabilities, kind="stable")
    total = float(probabilities.sum())
    return tuple((DISTRIBUTION_CLASSES[place], float(probabilities[place]) / total) for place in order)


def _patterns(
    places: NDArray[np.float64],
    scores: NDArray[np.float64],
    members: NDArray[np.intp],
    settings: AnalysisSettings,
) -> list[NDArray[np.float64]]:
    """Places of the group, of all within each reach of it, and of everything above the threshold."""
    # members count whatever their score: the group was made of them
    counted = np.union1d(np.flatnonzero(scores >= settings.distribution.min_score), members)
    own = np.isin(counted, members)
    # the group may be a fragment: only with what lies round it does a region or a segment show
    patterns = [places[members]]
    for reach in settings.distribution.reaches_mm:
        # steps of limited length, not a radius: a long line is followed to its end
        parts = [part for part in linked(places[counted], reach) if own[part].any()]
        patterns.append(places[counted[np.concatenate(parts)]])
    return [*patterns, places[counted]]


def _log(length: float, settings: AnalysisSettings) -> float:
    """Natural logarithm of a length in mm, of the shortest that counts where it is shorter."""
    return float(np.log(max(length, settings.distribution.min_length_mm)))


def _shape(
    places: NDArray[np.float64], breast_area: float, settings: AnalysisSettings
) -> NDArray[np.float64]:
    """Ten numbers of a cloud of points: count, sizes, how line-like, how dense, how even."""
    long, wide = _spread(places)
    length, deviation = deviation_from_line(places)
    area = hull_area(places)
    spacing, nearest = (
        spacing_of(places, settings.patterns.spacing_neighbor),
        spacing_of(places, 1),
    )
    # logarithms, so that twice the size is the same step for a small group and a wide one
    return np.array(
        [
            np.log(len(places)),
            _log(length, settings),
            _log(long, settings),
            _log(wide, settings),
            _log(deviation, settings),
            _log(area**0.5, settings),
            (area / breast_area) ** 0.5,
            _log(float(np.median(spacing, keepdims=True)[0]) if spacing.size else 0.0, settings),
            _log(float(np.median(nearest)) if nearest.size else 0.0, settings),
            float(spacing.std() / max(spacing.mean(), settings.distribution.min_length_mm))
            if spacing.size
            else 0.0,
        ]
    )


def _toward_nipple(
    places: NDArray[np.float64], nipple: NDArray[np.float64] | None, settings: AnalysisSettings
) -> NDArray[np.float64]:
    """Eight numbers of a cloud as seen from the nipple: direction, distances, and whether it is a wedge.

    In a wedge the spread across grows with the distance from the nipple and the angle does not. All 0
    without a nipple.
    """
    if nipple is None:
        return np.zeros(_NIPPLE_NUMBERS)
    away = places - nipple
    middle = away.mean(axis=0)
    # the axis of the wedge runs from the nipple through the middle of the pattern
    ahead = middle / max(float(np.linalg.norm(middle)), settings.distribution.min_length_mm)
    along = away @ ahead
    across = away @ np.array([-ahead[1], ahead[0]])
    # what lies beside or behind the nipple counts as straight beside it: an angle past 90 degrees is no wedge
    angle = np.arctan2(across, np.maximum(along, settings.distribution.min_length_mm))
    # a wedge is wider in its far half, a line or a round group is not
    far = along >= np.median(along)
    near_spread, far_spread = (float(across[half].std()) if half.any() else 0.0 for half in (~far, far))
    return np.array(
        [
            # of twice the angle: an axis has no direction, so 0 and 180 degrees are the same
            np.cos(np.radians(2 * (_angle_to(places, nipple) or 0.0))),
            _log(float(along.mean()), settings),
            _log(float(along.min()), settings),
            _log(float(along.max()), settings),
            _log(float(along.std()), settings) - _log(float(across.std()), settings),
            float(np.sin(angle).std()),
            _log(far_spread, settings) - _log(near_spread, settings),
            float(np.abs(np.sin(angle)).max()),
        ]
    )


def _spread(places: NDArray[np.float64]) -> tuple[float, float]:
    """Standard deviation along the principal axis and across it."""
    if len(places) < 2:
        return 0.0, 0.0
    # eigenvalues come smallest first; rounding can leave the smaller just below 0
    wide, long = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T, bias=True)), 0.0))
    return float(long), float(wide)


def _angle_to(places: NDArray[np.float64], nipple: NDArray[np.float64]) -> float | None:
    """Degrees between the principal axis and the way to the nipple, 0 to 90; ``None`` without an axis."""
    if len(places) < 2 or not np.ptp(places, axis=0).any():
        return None
    # the last vector belongs to the largest eigenvalue
    axis = np.linalg.eigh(np.cov(places.T))[1][:, 1]
    way = nipple - places.mean(axis=0)
    cosine = abs(float(axis @ way)) / max(float(np.linalg.norm(way)), _TINY_MM)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def _measurements(
    places: NDArray[np.float64],
    breast_area: float,
    nipple: NDArray[np.float64] | None,
    *,
    known: bool,
    settings: AnalysisSettings,
) -> DistributionMeasurements:
    """What a reader is shown of a group; where the spacing is unknown only ratios and angles."""
    # length and width along the principal axes, so that a slanting line is long and narrow
    axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)[2]
    length, *across = np.ptp((places - places.mean(axis=0)) @ axes.T, axis=0)
    area, nearest = hull_area(places), spacing_of(places, 1)

    def in_mm(value: float) -> float | None:
        return float(value) if known else None

    return DistributionMeasurements(
        count=len(places),
        extent_mm=in_mm(pdist(places).max(initial=0.0)),
        length_mm=in_mm(length),
        width_mm=in_mm(across[0] if across else 0.0),
        hull_area_mm2=in_mm(area),
        nearest_neighbor_mm=in_mm(np.median(nearest)) if nearest.size else None,
        nipple_angle_degrees=None if nipple is None else _angle_to(places, nipple),
        # a hull may span air where the skin bends inward
        breast_share=min(area / breast_area, 1.0),
    )
