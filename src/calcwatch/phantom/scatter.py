"""Groups of calcifications laid out in the plane of one image: a shape, a layout, points in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.shapes import USUAL_DIAMETER_MM

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHARES = {
    Morphology.PUNCTATE: 6,
    Morphology.ROUND: 5,
    Morphology.AMORPHOUS: 3,
    Morphology.FINE_PLEOMORPHIC: 5,
    Morphology.COARSE_HETEROGENEOUS: 3,
    Morphology.FINE_LINEAR: 2,
    Morphology.FINE_LINEAR_BRANCHING: 2,
    Morphology.VASCULAR: 3,
    Morphology.ROD: 2,
    Morphology.RIM: 1,
    Morphology.SKIN: 2,
    Morphology.DYSTROPHIC: 2,
    Morphology.POPCORN: 1,
    Morphology.MILK_OF_CALCIUM: 1,
    Morphology.SUTURE: 1,
}
_ALONE = {
    Morphology.PUNCTATE,
    Morphology.ROUND,
    Morphology.RIM,
    Morphology.SKIN,
    Morphology.DYSTROPHIC,
    Morphology.POPCORN,
}
_LARGE = {Morphology.POPCORN, Morphology.RIM, Morphology.ROD, Morphology.SUTURE, Morphology.DYSTROPHIC}
_ALONE_SHARE = 0.5
_COUNT = {
    Distribution.SINGLE: (1, 1),
    Distribution.GROUPED: (4, 20),
    Distribution.LINEAR: (5, 14),
    Distribution.SEGMENTAL: (12, 30),
    Distribution.REGIONAL: (10, 25),
}
_EXTENT_MM = {
    Distribution.SINGLE: (0.1, 0.1),
    Distribution.GROUPED: (1.5, 7.0),
    Distribution.LINEAR: (6.0, 14.0),
    Distribution.SEGMENTAL: (12.0, 25.0),
    Distribution.REGIONAL: (12.0, 20.0),
}
_CROWDED = {Distribution.GROUPED, Distribution.REGIONAL, Distribution.SEGMENTAL}
_LAYOUT_CHANCES = (0.6, 0.15, 0.1, 0.15)  # grouped, linear, segmental, regional


@dataclass(frozen=True, eq=False)
class Scatter:
    """One group in the plane: ``points`` (N x 2, row and column in mm from its middle), ``direction`` (unit).

    ``diameters_mm``: one a member. With ``Distribution.SINGLE`` there is one member and no group.
    """

    morphology: Morphology
    distribution: Distribution
    points: NDArray[np.float64]
    diameters_mm: NDArray[np.float64]
    direction: NDArray[np.float64]


def draw_scatter(
    rng: np.random.Generator,
    morphologies: tuple[Morphology, ...] | None = None,
    *,
    crowded_share: float = 0.0,
) -> Scatter:
    """Draw one group, or one calcification alone, of any of the shapes given, or as often as they are met.

    ``crowded_share``: of the groups, regions and segments hold 20 to 60 calcifications.
    """
    chances = _SHARES if morphologies is None else dict.fromkeys(morphologies, 1)
    shares = np.array(list(chances.values())) / sum(chances.values())
    morphology = list(chances)[int(rng.choice(len(shares), p=shares))]
    distribution = _draw_distribution(rng, morphology)
    count = int(rng.integers(*_COUNT[distribution], endpoint=True))
    if distribution in _CROWDED and crowded_share > 0 and rng.random() < crowded_share:
        count = int(rng.integers(20, 60, endpoint=True))
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    if morphology is Morphology.VASCULAR:
        points, distribution = _along_vessel(rng, direction), Distribution.LINEAR
    else:
        count = min(count, 4) if morphology in _LARGE else count
        points = _lay_out(rng, distribution, count, direction)
    low, high = USUAL_DIAMETER_MM[morphology]
    diameters = np.exp(rng.uniform(np.log(low), np.log(high), len(points)))
    return Scatter(morphology, distribution, points, diameters, direction)


def _draw_distribution(rng: np.random.Generator, morphology: Morphology) -> Distribution:
    if morphology in _ALONE and rng.random() < _ALONE_SHARE:
        return Distribution.SINGLE
    layouts = (Distribution.GROUPED, Distribution.LINEAR, Distribution.SEGMENTAL, Distribution.REGIONAL)
    return layouts[int(rng.choice(4, p=_LAYOUT_CHANCES))]


def _lay_out(
    rng: np.random.Generator, distribution: Distribution, count: int, direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    extent = rng.uniform(*_EXTENT_MM[distribution])
    across = np.array([-direction[1], direction[0]])
    if distribution is Distribution.LINEAR:
        along, aside = rng.uniform(-extent, extent, count), rng.normal(0, 0.5, count)
    elif distribution is Distribution.SEGMENTAL:
        share = rng.uniform(0.15, 1, count) ** 0.7
        along, aside = (share - 0.5) * 2 * extent, rng.uniform(-0.35, 0.35, count) * share * extent
    else:
        turn, radius = rng.uniform(0, 2 * np.pi, count), extent * np.sqrt(rng.random(count))
        along, aside = radius * np.sin(turn), radius * np.cos(turn)
    return np.asarray(along[:, None] * direction + aside[:, None] * across)


def _along_vessel(rng: np.random.Generator, direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in the two walls of a winding vessel, with gaps."""
    length, radius = rng.uniform(10, 35), rng.uniform(0.4, 1.1)
    count = int(length * rng.uniform(1.2, 3.0))
    at = np.sort(rng.uniform(-length / 2, length / 2, count))
    wave = rng.uniform(0.5, 3) * np.sin(at / rng.uniform(3, 9) + rng.uniform(0, 6))
    wall = np.where(rng.random(count) < 0.5, -radius, radius) + rng.normal(0, 0.08, count)
    across = np.array([-direction[1], direction[0]])
    shown = np.sin(at / rng.uniform(1.5, 5) + rng.uniform(0, 6)) > -0.6
    points = at[:, None] * direction + (wave + wall)[:, None] * across
    return np.asarray(points[shown] if shown.any() else points[:1])
