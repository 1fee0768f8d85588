"""Where calcifications lie: every BI-RADS distribution, placed once in three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calcwatch.phantom.anatomy import GLAND_SHAPE, Breast
from calcwatch.phantom.geometry import ViewGeometry, project_points
from calcwatch.phantom.settings import (
    Distribution,
    GroupChange,
    GroupPlan,
    Morphology,
    PhantomSettings,
    random_stream,
)
from calcwatch.phantom.shapes import USUAL_DIAMETER_MM, draw_density, draw_direction, draw_shape
from calcwatch.phantom.solids import Ellipsoid, Solid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Item = TypeVar("Item")
_TRIES = 32
_GAP_MM = 0.45
_USUAL_COUNT = {
    Distribution.SINGLE: (1, 4),
    Distribution.DIFFUSE: (30, 70),
    Distribution.REGIONAL: (20, 40),
    Distribution.GROUPED: (5, 18),
    Distribution.LINEAR: (6, 14),
    Distribution.SEGMENTAL: (18, 40),
}
_LARGE = {Morphology.POPCORN, Morphology.RIM, Morphology.ROD, Morphology.SUTURE, Morphology.DYSTROPHIC}


@dataclass(frozen=True, eq=False)
class Member:
    """One calcification of a group as it is on either day; ``None`` where it does not exist."""

    current: Solid | None
    prior: Solid | None


@dataclass(frozen=True, eq=False)
class Group:
    """A group with its plan; with ``SINGLE`` its members belong to no group and ``id`` only names them."""

    id: str
    plan: GroupPlan
    members: tuple[Member, ...]


_BENIGN = {
    Morphology.ROUND: 5,
    Morphology.PUNCTATE: 5,
    Morphology.RIM: 2,
    Morphology.ROD: 1,
    Morphology.POPCORN: 1,
    Morphology.SKIN: 2,
    Morphology.DYSTROPHIC: 1,
}
_IN_GROUPS = {
    Morphology.AMORPHOUS: 4,
    Morphology.FINE_PLEOMORPHIC: 5,
    Morphology.COARSE_HETEROGENEOUS: 2,
    Morphology.PUNCTATE: 3,
    Morphology.ROUND: 2,
    Morphology.FINE_LINEAR: 2,
    Morphology.FINE_LINEAR_BRANCHING: 2,
    Morphology.MILK_OF_CALCIUM: 1,
}
_LAYOUTS = {
    Distribution.GROUPED: 10,
    Distribution.LINEAR: 2,
    Distribution.SEGMENTAL: 2,
    Distribution.REGIONAL: 2,
    Distribution.DIFFUSE: 1,
}
_CHANGES = {
    GroupChange.STABLE: 5,
    GroupChange.NEW: 2,
    GroupChange.MORE: 2,
    GroupChange.LARGER: 1,
    GroupChange.GONE: 1,
}


def draw_plans(rng: np.random.Generator) -> tuple[GroupPlan, ...]:
    """Draw what one breast holds: loose benign calcifications, and often a group or two."""
    plans = [GroupPlan(_pick(rng, _BENIGN), Distribution.SINGLE) for _ in range(int(rng.integers(1, 5)))]
    if rng.random() < 0.25:
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.25, 0.5, 0.25]))):
        shape, layout, change = _pick(rng, _IN_GROUPS), _pick(rng, _LAYOUTS), _pick(rng, _CHANGES)
        plans.append(GroupPlan(shape, layout, change=change, density=float(rng.uniform(0.5, 1.3))))
    return tuple(plans)


def _pick(rng: np.random.Generator, weights: dict[Item, int]) -> Item:
    shares = np.array(list(weights.values())) / sum(weights.values())
    return list(weights)[int(rng.choice(len(shares), p=shares))]


def place_calcifications(
    breast: Breast, geometries: Sequence[ViewGeometry], settings: PhantomSettings
) -> tuple[Group, ...]:
    """Place every group so that each calcification is seen, clear of others, in all views."""
    rng = random_stream(breast.seed, "calcifications", breast.laterality)
    plans = draw_plans(rng) if settings.groups is None else settings.groups
    scene = _Scene(breast, tuple(geometries), settings)
    groups: list[Group] = []
    taken = [np.zeros((0, 3)) for _ in geometries]
    for number, plan in enumerate(plans, start=1):
        group = _place_group(rng, scene, plan, f"{breast.laterality}{number}", taken)
        groups.append(group)
    return tuple(groups)


@dataclass(frozen=True, eq=False)
class _Scene:
    breast: Breast
    geometries: tuple[ViewGeometry, ...]
    settings: PhantomSettings


def _place_group(
    rng: np.random.Generator, scene: _Scene, plan: GroupPlan, name: str, taken: list[NDArray[np.float64]]
) -> Group:
    count = plan.count or int(rng.integers(*_USUAL_COUNT[plan.distribution], endpoint=True))
    if plan.count is None and plan.morphology in _LARGE:
        count = min(count, 3)
    if plan.morphology is Morphology.VASCULAR:
        spots = _along_vessel(rng, scene, plan.count or int(rng.integers(30, 70)))
    else:
        spots = _spread(rng, scene, plan, count)
    members = []
    for number, candidates in enumerate(spots, start=1):
        solid = _draw_member(rng, scene, plan, f"{name}-{number:03d}", candidates=candidates, taken=taken)
        members.append(_changed(rng, plan.change, solid, number, len(spots)))
    return Group(name, plan, tuple(members))


def _draw_member(
    rng: np.random.Generator,
    scene: _Scene,
    plan: GroupPlan,
    name: str,
    *,
    candidates: NDArray[np.float64],
    taken: list[NDArray[np.float64]],
) -> Solid:
    """Draw one calcification at the first of its candidate places that keeps clear of those before it."""
    low, high = plan.diameter_mm or USUAL_DIAMETER_MM[plan.morphology]
    diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    position = _clear_of(scene, candidates, diameter, taken)
    nipple = np.array([scene.breast.size.depth_mm, 0.0, 0.0])
    toward = (nipple - position) / max(float(np.linalg.norm(nipple - position)), 1.0)
    direction = toward + 0.35 * draw_direction(rng)
    parts = draw_shape(rng, plan.morphology, diameter, direction / np.linalg.norm(direction))
    density = draw_density(rng, plan.morphology, diameter) * plan.density
    return Solid(name, position, parts, density)


def _clear_of(
    scene: _Scene, candidates: NDArray[np.float64], diameter: float, taken: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    room = np.full(len(candidates), np.inf)
    places = [project_points(geometry, candidates)[:, :2] for geometry in scene.geometries]
    for place, others in zip(places, taken, strict=True):
        if len(others):
            away = np.linalg.norm(place[:, None] - others[None, :, :2], axis=2)
            room = np.minimum(room, (away - (others[None, :, 2] + diameter) / 2).min(axis=1))
    clear = np.flatnonzero(room >= _GAP_MM)
    best = int(clear[0]) if clear.size else int(np.argmax(room))
    for index, place in enumerate(places):
        taken[index] = np.concatenate([taken[index], [[*place[best], diameter]]])
    return np.asarray(candidates[best])


def _changed(rng: np.random.Generator, change: GroupChange, solid: Solid, number: int, count: int) -> Member:
    """Return the calcification as it is now and as it was, for the change planned for its group."""
    if change is GroupChange.NEW or (change is GroupChange.MORE and number > max(count // 2, 1)):
        return Member(solid, None)
    if change is GroupChange.GONE:
        return Member(None, solid)
    if change is GroupChange.LARGER:
        return Member(solid, _scaled(solid, float(rng.uniform(0.5, 0.65))))
    return Member(solid, solid)


def _scaled(solid: Solid, factor: float) -> Solid:
    parts = tuple(
        Ellipsoid(
            part.center * factor,
            part.matrix * factor,
            part.hollow,
            None if part.level is None else part.level * factor,
        )
        for part in solid.parts
    )
    return Solid(solid.id, solid.position, parts, solid.density)


def seen_everywhere(
    scene_geometries: Sequence[ViewGeometry],
    points: NDArray[np.float64],
    settings: PhantomSettings,
    margin_mm: float,
) -> NDArray[np.bool_]:
    """Tell which points (N x 3, mm) lie well inside the breast and the field in every geometry."""
    height, width = settings.field_mm
    seen = np.ones(len(points), bool)
    for geometry in scene_geometries:
        row, column, depth = project_points(geometry, points).T
        down, across = row - geometry.origin_mm[0], column - geometry.origin_mm[1]
        skin = geometry.skin_radius(np.arctan2(-down, np.maximum(across, 1e-6)))
        seen &= (np.hypot(down, across) < skin - margin_mm) & (np.abs(depth) < 0.97)
        seen &= (row > margin_mm) & (row < height - margin_mm)
        seen &= (column > margin_mm) & (column < width - margin_mm)
    return seen


def _spread(
    rng: np.random.Generator, scene: _Scene, plan: GroupPlan, count: int
) -> list[NDArray[np.float64]]:
    """Return, for each member, candidate places (at least one) in order of preference."""
    anywhere = plan.distribution in (Distribution.DIFFUSE, Distribution.SINGLE)
    if plan.morphology is Morphology.SKIN:
        return [_on_skin(rng, scene) for _ in range(count)]
    if anywhere:
        return [
            _candidates(scene, _breast_points(rng, scene, 6 * _TRIES), scene.breast) for _ in range(count)
        ]
    center = _draw_center(rng, scene, plan)
    layout = _layout(rng, scene, plan, center, count)
    return [_visible_or(scene, layout(), center) for _ in range(count)]


def _candidates(scene: _Scene, points: NDArray[np.float64], breast: Breast) -> NDArray[np.float64]:
    fallback = np.array([0.5 * breast.size.depth_mm, 0.0, 0.0])
    return _visible_or(scene, points, fallback)


def _visible_or(
    scene: _Scene, points: NDArray[np.float64], fallback: NDArray[np.float64]
) -> NDArray[np.float64]:
    seen = points[seen_everywhere(scene.geometries, points, scene.settings, 5.0)]
    return seen if len(seen) else fallback[None]


def _breast_points(rng: np.random.Generator, scene: _Scene, count: int) -> NDArray[np.float64]:
    """Points in the breast, those in gland first."""
    vectors = rng.normal(size=(count, 3))
    vectors *= 0.85 * rng.random((count, 1)) ** (1 / 3) / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] = np.abs(vectors[:, 0])
    size = scene.breast.size
    points = vectors * np.array([size.depth_mm, size.radius_mm, size.radius_mm])
    cell = np.round((vectors * [1, 0.5, 0.5] + [0, 0.5, 0.5]) * (np.array(GLAND_SHAPE) - 1)).astype(int)
    in_gland = scene.breast.gland[tuple(cell.T)] > rng.uniform(0.1, 0.6, size=count)
    return np.concatenate([points[in_gland], points[~in_gland]])


def _on_skin(rng: np.random.Generator, scene: _Scene) -> NDArray[np.float64]:
    vectors = rng.normal(size=(8 * _TRIES, 3))
    vectors *= 0.96 / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] = np.abs(vectors[:, 0])
    size = scene.breast.size
    points = vectors * np.array([size.depth_mm, size.radius_mm, size.radius_mm])
    return _candidates(scene, points, scene.breast)


def _extent_mm(rng: np.random.Generator, scene: _Scene, plan: GroupPlan) -> float:
    """Radius (half length for a line, length for a segment) of a group, less in a small breast."""
    usual = {
        Distribution.REGIONAL: (14.0, 22.0),
        Distribution.GROUPED: (3.0, 7.0),
        Distribution.LINEAR: (8.0, 14.0),
        Distribution.SEGMENTAL: (28.0, 45.0),
    }
    large = 1.6 if plan.morphology in _LARGE else 1.0
    scale = min(scene.breast.size.radius_mm / 65, 1.0)
    return float(rng.uniform(*usual[plan.distribution]) * large * scale)


def _draw_center(rng: np.random.Generator, scene: _Scene, plan: GroupPlan) -> NDArray[np.float64]:
    points = _breast_points(rng, scene, 400)
    margin = 16.0 if plan.distribution in (Distribution.REGIONAL, Distribution.LINEAR) else 10.0
    for less in (1.0, 0.7, 0.4):
        seen = points[seen_everywhere(scene.geometries, points, scene.settings, margin * less)]
        if len(seen):
            return np.asarray(seen[0])
    return np.array([0.5 * scene.breast.size.depth_mm, 0.0, 0.0])


def _layout(
    rng: np.random.Generator, scene: _Scene, plan: GroupPlan, center: NDArray[np.float64], count: int
) -> Callable[[], NDArray[np.float64]]:
    extent = _extent_mm(rng, scene, plan) * max(1.0, (count / 25) ** 0.4)
    nipple = np.array([scene.breast.size.depth_mm * 0.92, 0.0, 0.0])
    back = (center - nipple) / max(float(np.linalg.norm(center - nipple)), 1.0)

    def ball() -> NDArray[np.float64]:
        away = rng.normal(size=(_TRIES, 3))
        away *= rng.random((_TRIES, 1)) ** 0.5 / np.linalg.norm(away, axis=1, keepdims=True)
        return np.asarray(center + away * extent)

    def line() -> NDArray[np.float64]:
        along = rng.uniform(-extent, extent, (_TRIES, 1))
        return np.asarray(center + along * back + rng.normal(0, 0.35, (_TRIES, 3)))

    def wedge() -> NDArray[np.float64]:
        along = rng.uniform(0.2, 1.0, (_TRIES, 1)) ** 0.7
        spread = rng.normal(0, 0.16, (_TRIES, 3))
        return np.asarray(nipple + (back * 1.2 + spread) * along * extent)

    return {Distribution.LINEAR: line, Distribution.SEGMENTAL: wedge}.get(plan.distribution, ball)


def _along_vessel(rng: np.random.Generator, scene: _Scene, count: int) -> list[NDArray[np.float64]]:
    """Places in the two walls of that vessel which is seen over the longest stretch."""
    longest = max(scene.breast.vessels, key=lambda curve: int(_seen_part(scene, curve.path).sum()))
    path = longest.path[_seen_part(scene, longest.path)]
    path = path if len(path) > 3 else longest.path
    spots = []
    for _ in range(count):
        at = rng.uniform(0, len(path) - 1.01)
        index = int(at)
        step = path[index + 1] - path[index]
        across = np.cross(step, draw_direction(rng))
        across *= longest.radius_mm / max(float(np.linalg.norm(across)), 1e-9)
        spots.append((path[index] + (at - index) * step + across)[None])
    return spots


def _seen_part(scene: _Scene, path: NDArray[np.float64]) -> NDArray[np.bool_]:
    return seen_everywhere(scene.geometries, path, scene.settings, 5.0)
