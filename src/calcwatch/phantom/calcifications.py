"""Where calcifications lie: every BI-RADS distribution, placed once in three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.anatomy import Breast
from calcwatch.phantom.geometry import ViewGeometry, project_points
from calcwatch.phantom.places import LARGE, Scene, Spot, along_vessel, spread
from calcwatch.phantom.settings import GroupChange, GroupPlan, PhantomSettings, random_stream
from calcwatch.phantom.shapes import USUAL_DIAMETER_MM, draw_density, draw_direction, draw_shape
from calcwatch.phantom.solids import Ellipsoid, Solid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Item = TypeVar("Item")
_GAP_MM = 0.45
_USUAL_COUNT = {
    Distribution.SINGLE: (1, 4),
    Distribution.DIFFUSE: (30, 70),
    Distribution.REGIONAL: (20, 40),
    Distribution.GROUPED: (5, 18),
    Distribution.LINEAR: (6, 14),
    Distribution.SEGMENTAL: (18, 40),
}


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
    GroupChange.NO_SIGNIFICANT_CHANGE: 5,
    GroupChange.NEW: 2,
    GroupChange.INCREASED_IN_NUMBER: 2,
    GroupChange.INCREASED_IN_SIZE: 1,
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
    scene = Scene(breast, tuple(geometries), settings)
    groups: list[Group] = []
    taken = [np.zeros((0, 3)) for _ in geometries]
    for number, plan in enumerate(plans, start=1):
        group = _place_group(rng, scene, plan, f"{breast.laterality}{number}", taken)
        groups.append(group)
    return tuple(groups)


def _place_group(
    rng: np.random.Generator, scene: Scene, plan: GroupPlan, name: str, taken: list[NDArray[np.float64]]
) -> Group:
    count = plan.count or int(rng.integers(*_USUAL_COUNT[plan.distribution], endpoint=True))
    if plan.count is None and plan.morphology in LARGE:
        count = min(count, 3)
    if plan.morphology is Morphology.VASCULAR:
        spots = along_vessel(rng, scene, plan.count or int(rng.integers(30, 70)))
    else:
        spots = spread(rng, scene, plan, count)
    members = []
    for number, spot in enumerate(spots, start=1):
        solid = _draw_member(rng, scene, plan, f"{name}-{number:03d}", spot=spot, taken=taken)
        members.append(_changed(rng, plan, solid, number, len(spots)))
    return Group(name, plan, _changed_by_place(plan.change, members))


def _draw_member(
    rng: np.random.Generator,
    scene: Scene,
    plan: GroupPlan,
    name: str,
    *,
    spot: Spot,
    taken: list[NDArray[np.float64]],
) -> Solid:
    """Draw one calcification at the first of its candidate places that keeps clear of those before it."""
    low, high = plan.diameter_mm or USUAL_DIAMETER_MM[plan.morphology]
    diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    position = _clear_of(scene, spot.candidates, diameter, taken)
    along = _toward_nipple(rng, scene, position) if spot.along is None else spot.along
    parts = draw_shape(rng, plan.morphology, diameter, along)
    density = draw_density(rng, plan.morphology, diameter) * plan.density
    return Solid(name, position, parts, density)


def _toward_nipple(
    rng: np.random.Generator, scene: Scene, position: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The way a duct runs there, more or less."""
    way = np.array([scene.breast.size.depth_mm, 0.0, 0.0]) - position
    way = way / max(float(np.linalg.norm(way)), 1.0) + 0.35 * draw_direction(rng)
    return np.asarray(way / np.linalg.norm(way))


def _clear_of(
    scene: Scene, candidates: NDArray[np.float64], diameter: float, taken: list[NDArray[np.float64]]
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


def _changed(rng: np.random.Generator, plan: GroupPlan, solid: Solid, number: int, count: int) -> Member:
    """Return the calcification as it is now and as it was, for the change planned for its group."""
    in_second_half = number > max(count // 2, 1)
    if plan.change is GroupChange.NEW or (plan.change is GroupChange.INCREASED_IN_NUMBER and in_second_half):
        return Member(solid, None)
    if plan.change is GroupChange.GONE or (plan.change is GroupChange.FEWER and in_second_half):
        return Member(None, solid)
    if plan.change is GroupChange.INCREASED_IN_SIZE:
        return Member(solid, _scaled(solid, float(rng.uniform(0.5, 0.65))))
    if plan.change is GroupChange.RESHAPED:
        return Member(solid, _as_it_was(rng, plan.prior_morphology, solid, plan.density))
    return Member(solid, solid)


def _as_it_was(rng: np.random.Generator, morphology: Morphology, solid: Solid, density: float) -> Solid:
    """Another shape at the same place."""
    low, high = USUAL_DIAMETER_MM[morphology]
    diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    parts = draw_shape(rng, morphology, diameter, draw_direction(rng))
    return Solid(solid.id, solid.position, parts, draw_density(rng, morphology, diameter) * density)


def _changed_by_place(change: GroupChange, members: list[Member]) -> tuple[Member, ...]:
    """Let the half nearer the nipple, which every view shows, be new (``INCREASED_IN_EXTENT``) or gone."""
    if change not in (GroupChange.INCREASED_IN_EXTENT, GroupChange.PARTIALLY_REMOVED):
        return tuple(members)
    forward = [one.current.position[0] for one in members if one.current is not None]
    is_beyond = np.argsort(np.argsort(forward, kind="stable")) >= max(len(members) // 2, 1)
    return tuple(
        (
            Member(one.current, None)
            if change is GroupChange.INCREASED_IN_EXTENT
            else Member(None, one.current)
        )
        if beyond
        else one
        for one, beyond in zip(members, is_beyond, strict=True)
    )


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
