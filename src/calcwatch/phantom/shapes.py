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
from calcwatch.phantom.settings import ShapeSettings
from calcwatch.phantom.solids import Ellipsoid, Parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.phantom.settings import Range

LARGE = frozenset(
    {Morphology.POPCORN, Morphology.RIM, Morphology.ROD, Morphology.SUTURE, Morphology.DYSTROPHIC}
)
"""Morphologies of a millimeter and more, of which a group holds few, farther apart."""

_SETTINGS = ShapeSettings()


def draw_density(
    rng: np.random.Generator,
    morphology: Morphology,
    diameter_mm: float,
    settings: ShapeSettings = _SETTINGS,
) -> float:
    """Draw how dense a calcification is; large ones are porous, so that none is opaque.

    Args:
        rng: Where it is drawn from.
        morphology: Its shape.
        diameter_mm: Its diameter, or the length of an elongated one.
        settings: How dense each shape usually is.

    Returns:
        Attenuation in units of that of dense calcium.

    """
    # Rods and sutures are long in the plane and thin along the rays.
    usual = dict(settings.usual)[morphology][1] * rng.uniform(*settings.density_spread)
    is_thin = morphology in (Morphology.ROD, Morphology.SUTURE)
    depth_mm = diameter_mm * (settings.thin_depth if is_thin else 1.0)
    most = settings.most_dense_mm * rng.uniform(*settings.most_dense_spread)
    # Density times depth is what attenuates: the bound is on the product.
    return float(min(usual, most / max(depth_mm, settings.least_depth_mm)))


def draw_shape(
    rng: np.random.Generator,
    morphology: Morphology,
    diameter_mm: float,
    direction: NDArray[np.float64],
    settings: ShapeSettings = _SETTINGS,
) -> Parts:
    """Draw the parts of one calcification.

    Args:
        rng: Where it is drawn from.
        morphology: Its shape.
        diameter_mm: Its diameter, or the length of an elongated one.
        direction: Unit vector that an elongated one follows, in (anterior, superior, lateral).
        settings: What each shape is made of.

    Returns:
        Its parts round its own center.

    """
    if morphology in _SHAPES:
        return _SHAPES[morphology](rng, diameter_mm, direction, settings)
    return _draw_lumps(rng, morphology, diameter_mm, settings)


def tube(
    path: NDArray[np.float64], radius_mm: NDArray[np.float64], settings: ShapeSettings = _SETTINGS
) -> Parts:
    """Lay overlapping ellipsoids along a path.

    Args:
        path: N x 3, finely sampled, in mm.
        radius_mm: Radius at each of the N points.
        settings: How much they overlap.

    Returns:
        N - 1 ellipsoids.

    """
    along, beyond = settings.tube_overlap
    parts = []
    for start, end, radius in zip(path[:-1], path[1:], radius_mm[:-1], strict=True):
        half = (end - start) / 2
        length = float(np.linalg.norm(half))
        frame = _frame(half / max(length, 1e-9))
        # Longer than its stretch, so that neighbors overlap and the tube has no waist between them.
        axes = np.array([along * length + beyond * radius, radius, radius])
        parts.append(Ellipsoid((start + end) / 2, frame * axes))
    return tuple(parts)


def straight_tube(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius_mm: float,
    settings: ShapeSettings = _SETTINGS,
) -> Parts:
    """Lay a straight rod between two points.

    Args:
        start: Three coordinates in mm.
        end: Three coordinates in mm.
        radius_mm: Its radius.
        settings: How many ellipsoids it is made of, and how much they overlap.

    Returns:
        Its ellipsoids.

    """
    count = settings.rod_points
    return tube(np.linspace(start, end, count), np.full(count, radius_mm), settings)


def ball(diameter_mm: float) -> Parts:
    """Make one sphere.

    Args:
        diameter_mm: Its diameter.

    Returns:
        One part round its own center.

    """
    return (Ellipsoid(np.zeros(3), np.eye(3) * diameter_mm / 2),)


def draw_direction(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a direction, all alike often.

    Args:
        rng: Where it is drawn from.

    Returns:
        A unit vector of three coordinates.

    """
    # A normal distribution has no preferred direction, unlike a cube or two random angles.
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _frame(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """An orthonormal frame whose first column is ``direction``."""
    # The axis that is least along the direction gives the best conditioned cross product.
    helper = np.eye(3)[int(np.argmin(np.abs(direction)))]
    second = np.cross(direction, helper)
    second /= np.linalg.norm(second)
    return np.stack([direction, second, np.cross(direction, second)], axis=1)


def _round(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    axes = diameter / 2 * rng.uniform(*settings.roundness, size=3)
    return (Ellipsoid(np.zeros(3), _frame(draw_direction(rng)) * axes),)


def _shell(rng: np.random.Generator, diameter: float, wall: Range, settings: ShapeSettings) -> Parts:
    """A round one with a lucent center a little off its middle."""
    wall_mm = rng.uniform(*wall) * diameter
    frame = _frame(draw_direction(rng))
    axes = diameter / 2 * rng.uniform(*settings.shell_roundness, size=3)
    # However thick the wall, a lucent center is left.
    inner = np.maximum(axes - wall_mm, settings.least_lucent * axes)
    shift = frame @ rng.normal(0, settings.lucent_shift * wall_mm, size=3)
    return (Ellipsoid(np.zeros(3), frame * axes), Ellipsoid(shift, frame * inner, hollow=True))


def _rim(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    return _shell(rng, diameter, settings.rim_wall, settings)


def _skin(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    return _shell(rng, diameter, settings.skin_wall, settings)


def _draw_lumps(
    rng: np.random.Generator, morphology: Morphology, diameter_mm: float, settings: ShapeSettings
) -> Parts:
    """A union of tilted ellipsoids round the center: angular when few and flat, lobed when many and round."""
    scale, (fewest, most), spread, flat = dict(settings.lumps)[morphology]
    diameter = diameter_mm * scale
    parts = []
    for index in range(int(rng.integers(fewest, most, endpoint=True))):
        size = diameter * rng.uniform(*settings.lump_size)
        axes = size * np.array([rng.uniform(*settings.lump_length), 1.0, rng.uniform(flat, 1.0)])
        away = draw_direction(rng) * diameter * spread
        away *= rng.uniform(*settings.lump_away) if index else 0.0
        parts.append(Ellipsoid(away, _frame(draw_direction(rng)) * axes))
    return tuple(parts)


def _sediment(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    # A level surface: from the side a teacup, from above a smudge, as milk of calcium is recognized.
    level = diameter / 2 * rng.uniform(*settings.sediment_level)
    return (Ellipsoid(np.zeros(3), np.eye(3) * diameter / 2, level=float(level)),)


def _draw_path(
    rng: np.random.Generator,
    length: float,
    direction: NDArray[np.float64],
    wander: float,
    settings: ShapeSettings,
) -> NDArray[np.float64]:
    """A gently bending path of ``path_points`` points centered on the origin."""
    count = settings.path_points - 1
    steps = np.cumsum(rng.normal(0, wander, size=(count, 3)), axis=0) + direction
    # All steps of the same length: the path has exactly the length wanted, however it bends.
    steps *= length / count / np.linalg.norm(steps, axis=1, keepdims=True)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    return np.asarray(path - path.mean(axis=0))


def _rod(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    radius = rng.uniform(*settings.rod_radius_mm)
    radii = radius * (1 + settings.rod_waver * np.cumsum(rng.normal(size=settings.path_points)))
    path = _draw_path(rng, diameter * settings.rod_length, direction, settings.rod_wander, settings)
    return tube(path, radii, settings)


def _flake(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    thin = diameter * settings.flake_radius
    axes = np.array([diameter / 2 * rng.uniform(*settings.flake_length), thin, thin])
    return (Ellipsoid(np.zeros(3), _frame(direction) * axes),)


def _linear(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    radius = rng.uniform(*settings.line_radius_mm)
    radii = radius * rng.uniform(*settings.line_waver, size=settings.path_points)
    return tube(_draw_path(rng, diameter, direction, settings.line_wander, settings), radii, settings)


def _branching(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    stem = _draw_path(rng, diameter, direction, settings.branch_wander, settings)
    side = direction + draw_direction(rng) * settings.branch_turn
    length = diameter * settings.branch_length
    branch = _draw_path(rng, length, side / np.linalg.norm(side), settings.branch_wander, settings)
    width = rng.uniform(*settings.line_radius_mm)
    first, last = settings.branch_joint
    # The branch begins at a point of the stem.
    joined = branch - branch[0] + stem[int(rng.integers(first, last, endpoint=True))]
    radii = [width * rng.uniform(*settings.line_waver, size=settings.path_points) for _ in range(2)]
    return tube(stem, radii[0], settings) + tube(joined, radii[1], settings)


def _suture(
    rng: np.random.Generator, diameter: float, direction: NDArray[np.float64], settings: ShapeSettings
) -> Parts:
    """A loop of thread with a knot and two cut ends."""
    count, (part, flat, lift) = settings.thread_points, settings.thread_loop
    turn = np.linspace(0, 2 * np.pi * rng.uniform(*settings.thread_turns), count)
    ring = np.stack([np.cos(turn), flat * np.sin(turn), lift * np.sin(2 * turn)], axis=1)
    loop = ring * diameter / part @ _frame(direction).T
    radius = float(rng.uniform(*settings.thread_radius_mm))
    ends = [loop[0] + draw_direction(rng) * diameter * settings.thread_end for _ in range(2)]
    cut = [straight_tube(loop[0], end, radius, settings) for end in ends]
    knot = Ellipsoid(loop[0], np.eye(3) * radius * settings.knot)
    return (*tube(loop, np.full(count, radius), settings), *cut[0], *cut[1], knot)


_SHAPES: dict[
    Morphology, Callable[[np.random.Generator, float, NDArray[np.float64], ShapeSettings], Parts]
] = {
    Morphology.SKIN: _skin,
    Morphology.VASCULAR: _flake,
    Morphology.ROD: _rod,
    Morphology.ROUND: _round,
    Morphology.PUNCTATE: _round,
    Morphology.RIM: _rim,
    Morphology.MILK_OF_CALCIUM: _sediment,
    Morphology.SUTURE: _suture,
    Morphology.FINE_LINEAR: _linear,
    Morphology.FINE_LINEAR_BRANCHING: _branching,
}
