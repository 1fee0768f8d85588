"""Places in the breast: where the members of a group of each distribution may lie, seen in every view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.anatomy import GLAND_SHAPE, Breast
from calcwatch.phantom.geometry import ViewGeometry, project_points
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.shapes import draw_direction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LARGE = {Morphology.POPCORN, Morphology.RIM, Morphology.ROD, Morphology.SUTURE, Morphology.DYSTROPHIC}
"""Morphologies of a millimeter and more, of which a group holds few, farther apart."""

_TRIES = 64


@dataclass(frozen=True, eq=False)
class Scene:
    """A breast and every way in which it will be positioned."""

    breast: Breast
    geometries: tuple[ViewGeometry, ...]
    settings: PhantomSettings


@dataclass(frozen=True, eq=False)
class Spot:
    """Places for one calcification (N x 3, mm, best first), and the way it is to run, if given."""

    candidates: NDArray[np.float64]
    along: NDArray[np.float64] | None = None


def seen_everywhere(
    geometries: Sequence[ViewGeometry],
    points: NDArray[np.float64],
    settings: PhantomSettings,
    margin_mm: float,
) -> NDArray[np.bool_]:
    """Tell which points (N x 3, mm) lie well inside the breast and the field in every geometry."""
    height, width = settings.field_mm
    seen = np.ones(len(points), bool)
    for geometry in geometries:
        row, column, depth = project_points(geometry, points).T
        down, across = row - geometry.origin_mm[0], column - geometry.origin_mm[1]
        skin = geometry.skin_radius(np.arctan2(-down, np.maximum(across, 1e-6)))
        seen &= (np.hypot(down, across) < skin - margin_mm) & (np.abs(depth) < 0.97)
        seen &= (row > margin_mm) & (row < height - margin_mm)
        seen &= (column > margin_mm) & (column < width - margin_mm)
    return seen


def spread(rng: np.random.Generator, scene: Scene, plan: GroupPlan, count: int) -> list[Spot]:
    """Return a spot for each of ``count`` members of a planned group."""
    if plan.morphology is Morphology.SKIN:
        return _on_skin(rng, scene, plan, count)
    if plan.distribution in (Distribution.DIFFUSE, Distribution.SINGLE):
        middle = np.array([0.5 * scene.breast.size.depth_mm, 0.0, 0.0])
        points = (_breast_points(rng, scene, 6 * _TRIES) for _ in range(count))
        return [Spot(_visible_or(scene, candidates, middle)) for candidates in points]
    center = _draw_center(rng, scene, plan)
    layout = _layout(rng, scene, plan, center, count)
    return [Spot(_visible_or(scene, layout(), center)) for _ in range(count)]


def _visible_or(
    scene: Scene, points: NDArray[np.float64], fallback: NDArray[np.float64]
) -> NDArray[np.float64]:
    seen = points[seen_everywhere(scene.geometries, points, scene.settings, 5.0)]
    return seen if len(seen) else fallback[None]


def _breast_points(rng: np.random.Generator, scene: Scene, count: int) -> NDArray[np.float64]:
    """Points in the breast, those in gland first."""
    vectors = rng.normal(size=(count, 3))
    vectors *= 0.85 * rng.random((count, 1)) ** (1 / 3) / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] = np.abs(vectors[:, 0])
    size = scene.breast.size
    points = vectors * np.array([size.depth_mm, size.radius_mm, size.radius_mm])
    cell = np.round((vectors * [1, 0.5, 0.5] + [0, 0.5, 0.5]) * (np.array(GLAND_SHAPE) - 1)).astype(int)
    in_gland = scene.breast.gland[tuple(cell.T)] > rng.uniform(0.1, 0.6, size=count)
    return np.concatenate([points[in_gland], points[~in_gland]])


def _on_skin(rng: np.random.Generator, scene: Scene, plan: GroupPlan, count: int) -> list[Spot]:
    """Spots in the skin: anywhere, or round one of them when the plan is a group."""
    size = scene.breast.size
    vectors = rng.normal(size=(60 * _TRIES, 3))
    vectors *= 0.96 / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] = np.abs(vectors[:, 0])
    points = vectors * np.array([size.depth_mm, size.radius_mm, size.radius_mm])
    points = _visible_or(scene, points, np.array([0.5 * size.depth_mm, 0.0, 0.0]))
    if plan.distribution not in (Distribution.DIFFUSE, Distribution.SINGLE):
        near = np.linalg.norm(points - points[0], axis=1) < max(_extent_mm(rng, scene, plan), 8.0)
        points = points[near]
    return [Spot(rng.permutation(points)[:_TRIES]) for _ in range(count)]


def _extent_mm(rng: np.random.Generator, scene: Scene, plan: GroupPlan) -> float:
    """Radius (half length for a line, length for a segment) of a group, less in a small breast."""
    usual = {
        Distribution.REGIONAL: (14.0, 22.0),
        Distribution.GROUPED: (3.0, 7.0),
        Distribution.LINEAR: (8.0, 14.0),
        Distribution.SEGMENTAL: (28.0, 45.0),
    }
    large = 1.6 if plan.morphology in LARGE else 1.0
    scale = min(scene.breast.size.radius_mm / 65, 1.0)
    return float(rng.uniform(*usual[plan.distribution]) * large * scale)


def _draw_center(rng: np.random.Generator, scene: Scene, plan: GroupPlan) -> NDArray[np.float64]:
    points = _breast_points(rng, scene, 400)
    margin = 16.0 if plan.distribution in (Distribution.REGIONAL, Distribution.LINEAR) else 10.0
    for less in (1.0, 0.7, 0.4):
        seen = points[seen_everywhere(scene.geometries, points, scene.settings, margin * less)]
        if len(seen):
            return np.asarray(seen[0])
    return np.array([0.5 * scene.breast.size.depth_mm, 0.0, 0.0])


def _layout(
    rng: np.random.Generator, scene: Scene, plan: GroupPlan, center: NDArray[np.float64], count: int
) -> Callable[[], NDArray[np.float64]]:
    """Return what draws candidate places for one member, the later ones farther out to find room."""
    extent = _extent_mm(rng, scene, plan) * max(1.0, (count / 25) ** 0.4)
    nipple = np.array([scene.breast.size.depth_mm * 0.92, 0.0, 0.0])
    back = (center - nipple) / max(float(np.linalg.norm(center - nipple)), 1.0)

    looser = np.linspace(1.0, 1.8, _TRIES)[:, None]

    def ball() -> NDArray[np.float64]:
        away = rng.normal(size=(_TRIES, 3))
        away *= rng.random((_TRIES, 1)) ** 0.5 / np.linalg.norm(away, axis=1, keepdims=True)
        return np.asarray(center + away * extent * looser)

    def line() -> NDArray[np.float64]:
        along = rng.uniform(-extent, extent, (_TRIES, 1)) * looser
        return np.asarray(center + along * back + rng.normal(0, 0.35, (_TRIES, 3)))

    def wedge() -> NDArray[np.float64]:
        along = rng.uniform(0.2, 1.0, (_TRIES, 1)) ** 0.7
        spread = rng.normal(0, 0.16, (_TRIES, 3))
        return np.asarray(nipple + (back * 1.2 + spread) * along * extent)

    return {Distribution.LINEAR: line, Distribution.SEGMENTAL: wedge}.get(plan.distribution, ball)


def along_vessel(rng: np.random.Generator, scene: Scene, count: int) -> list[Spot]:
    """Return spots in the walls of a stretch of that vessel of which most is seen: a double track."""
    vessel = max(scene.breast.vessels, key=lambda curve: int(_seen_part(scene, curve.path).sum()))
    path = vessel.path[_seen_part(scene, vessel.path)]
    path = path if len(path) > 3 else vessel.path
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    share = min(0.7 * count / length, 1.0)
    first = rng.uniform(0, (1 - share) * (len(path) - 1.01))
    spots = []
    for _ in range(count):
        at = first + rng.uniform(0, share * (len(path) - 1.01))
        step = path[int(at) + 1] - path[int(at)]
        across = np.cross(step, draw_direction(rng))
        across *= vessel.radius_mm / max(float(np.linalg.norm(across)), 1e-9)
        place = path[int(at)] + (at - int(at)) * step + across
        spots.append(Spot(place[None], step / np.linalg.norm(step)))
    return spots


def _seen_part(scene: Scene, path: NDArray[np.float64]) -> NDArray[np.bool_]:
    return seen_everywhere(scene.geometries, path, scene.settings, 5.0)
