"""The shapes of BI-RADS as small solids: one function draws one calcification of a given morphology.

Sizes follow BI-RADS 5th edition: punctate below 0.5 mm, dystrophic usually above 1 mm, coarse heterogeneous
0.5 to 1 mm, fine pleomorphic and fine linear below 0.5 mm wide, popcorn above 2 mm, rods at least 0.5 mm
wide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.lexicon import Morphology
from calcwatch.phantom.solids import Ellipsoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

Parts = tuple[Ellipsoid, ...]

USUAL_DIAMETER_MM: dict[Morphology, tuple[float, float]] = {
    Morphology.SKIN: (1.0, 1.8),
    Morphology.VASCULAR: (0.25, 0.6),
    Morphology.POPCORN: (2.5, 7.0),
    Morphology.ROD: (3.0, 9.0),
    Morphology.ROUND: (0.5, 1.0),
    Morphology.PUNCTATE: (0.18, 0.45),
    Morphology.RIM: (1.5, 7.0),
    Morphology.DYSTROPHIC: (1.1, 3.5),
    Morphology.MILK_OF_CALCIUM: (0.7, 2.0),
    Morphology.SUTURE: (3.0, 7.0),
    Morphology.AMORPHOUS: (0.2, 0.5),
    Morphology.COARSE_HETEROGENEOUS: (0.5, 1.0),
    Morphology.FINE_PLEOMORPHIC: (0.2, 0.6),
    Morphology.FINE_LINEAR: (0.5, 1.6),
    Morphology.FINE_LINEAR_BRANCHING: (0.8, 2.2),
}
"""Smallest and largest size drawn for each morphology: the diameter, or the length of an elongated one."""

_LARGEST_MM = 0.85
_USUAL_DENSITY = {
    Morphology.FINE_PLEOMORPHIC: 1.4,
    Morphology.FINE_LINEAR: 1.3,
    Morphology.FINE_LINEAR_BRANCHING: 1.3,
    Morphology.AMORPHOUS: 0.7,
    Morphology.MILK_OF_CALCIUM: 0.45,
    Morphology.VASCULAR: 0.9,
}


def draw_density(rng: np.random.Generator, morphology: Morphology, diameter_mm: float) -> float:
    """Draw how dense a calcification is; large ones are porous, so that none is opaque."""
    usual = _USUAL_DENSITY.get(morphology, 1.0) * rng.uniform(0.65, 1.35)
    depth = diameter_mm * (0.15 if morphology in (Morphology.ROD, Morphology.SUTURE) else 1.0)
    return float(min(usual, _LARGEST_MM * rng.uniform(0.5, 1.2) / max(depth, 0.2)))


def draw_shape(
    rng: np.random.Generator, morphology: Morphology, diameter_mm: float, direction: NDArray[np.float64]
) -> Parts:
    """Draw the parts of one calcification; ``direction`` is the unit vector an elongated one follows."""
    return _SHAPES[morphology](rng, diameter_mm, direction)


def tube(path: NDArray[np.float64], radius_mm: NDArray[np.float64]) -> Parts:
    """Return overlapping ellipsoids along a finely sampled path (N x 3, mm), with a radius at each point."""
    parts = []
    for start, end, radius in zip(path[:-1], path[1:], radius_mm[:-1], strict=True):
        half = (end - start) / 2
        length = float(np.linalg.norm(half))
        frame = _frame(half / max(length, 1e-9))
        parts.append(
            Ellipsoid((start + end) / 2, frame * np.array([3 * length + 0.4 * radius, radius, radius]))
        )
    return tuple(parts)


def straight_tube(start: NDArray[np.float64], end: NDArray[np.float64], radius_mm: float) -> Parts:
    """Return a straight rod between two points in mm."""
    return tube(np.linspace(start, end, 13), np.full(13, radius_mm))


def ball(diameter_mm: float) -> Parts:
    """Return one sphere."""
    return (Ellipsoid(np.zeros(3), np.eye(3) * diameter_mm / 2),)


def draw_direction(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a unit vector, all directions alike."""
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _frame(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """An orthonormal frame whose first column is ``direction``."""
    helper = np.eye(3)[int(np.argmin(np.abs(direction)))]
    second = np.cross(direction, helper)
    second /= np.linalg.norm(second)
    return np.stack([direction, second, np.cross(direction, second)], axis=1)


def _round(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    axes = diameter / 2 * rng.uniform(0.93, 1.07, size=3)
    return (Ellipsoid(np.zeros(3), _frame(draw_direction(rng)) * axes),)


def _shell(rng: np.random.Generator, diameter: float, wall: float) -> Parts:
    frame, axes = _frame(draw_direction(rng)), diameter / 2 * rng.uniform(0.9, 1.1, size=3)
    inner = np.maximum(axes - wall, 0.1 * axes)
    shift = frame @ rng.normal(0, 0.1 * wall, size=3)
    return (Ellipsoid(np.zeros(3), frame * axes), Ellipsoid(shift, frame * inner, hollow=True))


def _rim(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _shell(rng, diameter, rng.uniform(0.05, 0.09) * diameter)


def _skin(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _shell(rng, diameter, rng.uniform(0.2, 0.28) * diameter)


def _lumps(rng: np.random.Generator, diameter: float, count: int, spread: float, flat: float) -> Parts:
    """A union of tilted ellipsoids round the center: angular when few and flat, lobed when many and round."""
    parts = []
    for index in range(count):
        axes = (
            diameter
            * rng.uniform(0.22, 0.36)
            * np.array([rng.uniform(1.0, 1.5), 1.0, rng.uniform(flat, 1.0)])
        )
        away = draw_direction(rng) * diameter * spread * (rng.uniform(0.4, 1.0) if index else 0.0)
        parts.append(Ellipsoid(away, _frame(draw_direction(rng)) * axes))
    return tuple(parts)


def _popcorn(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _lumps(rng, diameter * 0.8, int(rng.integers(8, 15)), 0.42, 0.8)


def _dystrophic(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _lumps(rng, diameter * 0.9, int(rng.integers(4, 8)), 0.36, 0.35)


def _coarse(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _lumps(rng, diameter, int(rng.integers(2, 5)), 0.26, 0.5)


def _pleomorphic(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _lumps(rng, diameter, int(rng.integers(2, 4)), 0.3, 0.3)


def _amorphous(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    return _lumps(rng, diameter, int(rng.integers(3, 6)), 0.3, 0.8)


def _sediment(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    fill = diameter / 2 * rng.uniform(-0.55, -0.2)
    return (Ellipsoid(np.zeros(3), np.eye(3) * diameter / 2, level=float(fill)),)


def _path(
    rng: np.random.Generator, length: float, direction: NDArray[np.float64], wander: float
) -> NDArray[np.float64]:
    """A gently bending path of 9 points centered on the origin."""
    steps = np.cumsum(rng.normal(0, wander, size=(8, 3)), axis=0) + direction
    steps *= length / 8 / np.linalg.norm(steps, axis=1, keepdims=True)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    return np.asarray(path - path.mean(axis=0))


def _rod(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    radius = rng.uniform(0.27, 0.45) * (1 + 0.06 * np.cumsum(rng.normal(size=9)))
    return tube(_path(rng, diameter * 0.85, direction, 0.05), radius)


def _flake(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    axes = np.array([diameter / 2 * rng.uniform(1.2, 2.0), diameter / 4, diameter / 4])
    return (Ellipsoid(np.zeros(3), _frame(direction) * axes),)


def _linear(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    radius = rng.uniform(0.07, 0.17) * rng.uniform(0.7, 1.2, size=9)
    return tube(_path(rng, diameter, direction, 0.12), radius)


def _branching(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    stem = _path(rng, diameter, direction, 0.1)
    side = direction + draw_direction(rng) * 0.9
    branch = _path(rng, diameter * 0.6, side / np.linalg.norm(side), 0.1)
    width = rng.uniform(0.07, 0.17)
    joined = branch - branch[0] + stem[int(rng.integers(3, 6))]
    radii = [width * rng.uniform(0.7, 1.2, size=9) for _ in range(2)]
    return tube(stem, radii[0]) + tube(joined, radii[1])


def _suture(rng: np.random.Generator, diameter: float, direction: NDArray[np.float64]) -> Parts:
    """A loop of thread with a knot and two cut ends."""
    turn = np.linspace(0, 2 * np.pi * rng.uniform(0.7, 0.95), 24)
    frame = _frame(direction)
    loop = (
        np.stack([np.cos(turn), 0.6 * np.sin(turn), 0.15 * np.sin(2 * turn)], axis=1) * diameter / 3 @ frame.T
    )
    radius = np.full(24, rng.uniform(0.12, 0.18))
    ends = [loop[0] + draw_direction(rng) * diameter * 0.25 for _ in range(2)]
    cut = [straight_tube(loop[0], end, radius[0]) for end in ends]
    knot = Ellipsoid(loop[0], np.eye(3) * radius[0] * 2.2)
    return (*tube(loop, radius), *cut[0], *cut[1], knot)


_SHAPES: dict[Morphology, Callable[[np.random.Generator, float, NDArray[np.float64]], Parts]] = {
    Morphology.SKIN: _skin,
    Morphology.VASCULAR: _flake,
    Morphology.POPCORN: _popcorn,
    Morphology.ROD: _rod,
    Morphology.ROUND: _round,
    Morphology.PUNCTATE: _round,
    Morphology.RIM: _rim,
    Morphology.DYSTROPHIC: _dystrophic,
    Morphology.MILK_OF_CALCIUM: _sediment,
    Morphology.SUTURE: _suture,
    Morphology.AMORPHOUS: _amorphous,
    Morphology.COARSE_HETEROGENEOUS: _coarse,
    Morphology.FINE_PLEOMORPHIC: _pleomorphic,
    Morphology.FINE_LINEAR: _linear,
    Morphology.FINE_LINEAR_BRANCHING: _branching,
}
