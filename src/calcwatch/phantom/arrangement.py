"""Where calcifications lie: every BI-RADS distribution, in three dimensions or in the plane of one image.

The calcifications of a phantom are placed once in the uncompressed breast, so that every view and every day
shows the same ones. Those that are inserted into a picture have only its plane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.geometry import project_points
from calcwatch.phantom.settings import (
    ArrangementSettings,
    GroupPlan,
    PlannedChange,
    ShapeSettings,
    draw_log_uniform,
    random_stream,
)
from calcwatch.phantom.shapes import LARGE, draw_density, draw_direction, draw_shape
from calcwatch.phantom.solids import Solid, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from calcwatch.phantom.anatomy import Breast
    from calcwatch.phantom.geometry import ViewGeometry
    from calcwatch.phantom.settings import PhantomSettings

Item = TypeVar("Item")

_SCATTERED = (Distribution.DIFFUSE, Distribution.SINGLE)


@dataclass(frozen=True, eq=False)
class PositionedBreast:
    """A breast and every way in which it will be positioned.

    Attributes:
        breast: Before compression.
        geometries: Of every view on every day.
        settings: The phantom's.

    """

    breast: Breast
    geometries: tuple[ViewGeometry, ...]
    settings: PhantomSettings

    def shows(self, points: NDArray[np.float64], margin_mm: float) -> NDArray[np.bool_]:
        """Find which points every view shows on every day.

        Args:
            points: N x 3, (anterior, superior, lateral) in mm.
            margin_mm: How far inside the skin line and the field they are to lie.

        Returns:
            One answer a point.

        """
        height, width = self.settings.field_mm
        most_deep = self.settings.arrangement.most_deep
        # Every view and day has to agree: the truth must not name a calcification that no image can show.
        shown = np.ones(len(points), bool)
        for geometry in self.geometries:
            row, column, depth = project_points(geometry, points).T
            down, across = row - geometry.origin_mm[0], column - geometry.origin_mm[1]
            skin = geometry.skin_radius(np.arctan2(-down, np.maximum(across, 1e-6)))
            shown &= (np.hypot(down, across) < skin - margin_mm) & (np.abs(depth) < most_deep)
            shown &= (row > margin_mm) & (row < height - margin_mm)
            shown &= (column > margin_mm) & (column < width - margin_mm)
        return shown

    @property
    def middle(self) -> NDArray[np.float64]:
        """The point that stands in where no drawn one is shown: half way to the nipple."""
        return np.array([0.5 * self.breast.size.depth_mm, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class Group:
    """A planned group as it is on both days; with ``SINGLE`` its members belong to no group.

    Attributes:
        id: Names it, and with a number each of its members.
        plan: Its shape, distribution and change.
        current: Its calcifications on the current examination.
        prior: Its calcifications on the prior; the same ``Solid.id`` is the same calcification.

    """

    id: str
    plan: GroupPlan
    current: tuple[Solid, ...]
    prior: tuple[Solid, ...]


def draw_plans(rng: np.random.Generator, settings: ArrangementSettings) -> tuple[GroupPlan, ...]:
    """Draw what one breast holds: loose benign calcifications, and often a group or two.

    Args:
        rng: Where it is drawn from.
        settings: How often each is met.

    Returns:
        Plans of loose calcifications first, then of a calcified vessel, then of groups.

    """
    loose = int(rng.integers(*settings.loose_count, endpoint=True))
    plans = [GroupPlan(pick(rng, settings.loose_shapes), Distribution.SINGLE) for _ in range(loose)]
    if rng.random() < settings.vessel_chance:
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR))
    for _ in range(int(rng.choice(len(settings.group_counts), p=settings.group_counts))):
        shape = pick(rng, settings.group_shapes)
        layout = pick(rng, tuple((layout, weight) for layout, (weight, _) in settings.layouts))
        change = pick(rng, settings.group_changes)
        density = float(rng.uniform(*settings.group_density))
        plans.append(GroupPlan(shape, layout, change=change, density=density))
    return tuple(plans)


def pick(rng: np.random.Generator, weights: tuple[tuple[Item, float], ...]) -> Item:
    """Draw one of several items.

    Args:
        rng: Where it is drawn from.
        weights: Each item with how often it is drawn; the weights need not add to 1.

    Returns:
        The item.

    """
    # By number and not by the item: numpy would turn the items of an enumeration into strings.
    shares = np.array([weight for _, weight in weights]) / sum(weight for _, weight in weights)
    return weights[int(rng.choice(len(shares), p=shares))][0]


def place_calcifications(positioned: PositionedBreast) -> tuple[Group, ...]:
    """Place every group so that each calcification is seen, clear of others, in all views.

    Args:
        positioned: The breast; its settings hold the plans, or none to draw them.

    Returns:
        One group a plan, in order.

    """
    breast, settings = positioned.breast, positioned.settings
    rng = random_stream(breast.seed, "calcifications", breast.laterality)
    # An empty tuple asks for no groups; None leaves it to chance.
    plans = draw_plans(rng, settings.arrangement) if settings.groups is None else settings.groups
    # Of every view: row and column in mm and diameter of what was placed so far.
    taken = [np.zeros((0, 3)) for _ in positioned.geometries]
    return tuple(
        _place_group(rng, positioned, plan, f"{breast.laterality}{number}", taken)
        for number, plan in enumerate(plans, start=1)
    )


def _place_group(
    rng: np.random.Generator,
    positioned: PositionedBreast,
    plan: GroupPlan,
    name: str,
    taken: list[NDArray[np.float64]],
) -> Group:
    settings = positioned.settings.arrangement
    count = plan.count or int(rng.integers(*dict(settings.layouts)[plan.distribution][1], endpoint=True))
    # A count that was asked for is kept, even where it crowds.
    if plan.count is None and plan.morphology in LARGE:
        count = min(count, settings.most_large)
    current, prior = [], []
    for number, (candidates, along) in enumerate(_candidates(rng, positioned, plan, count), start=1):
        solid = _draw_member(
            rng, positioned, plan, f"{name}-{number:03d}", candidates=candidates, along=along, taken=taken
        )
        current.append(solid)
        # Drawn whichever day is imaged, so that both days agree on every member.
        prior.append(_as_on_prior(rng, plan, solid, positioned.settings))
    return Group(name, plan, *_existing(plan.change, current, prior))


def _candidates(
    rng: np.random.Generator, positioned: PositionedBreast, plan: GroupPlan, count: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """For each member where it may lie (N x 3, mm, best first), and the way it is to run, if given."""
    settings = positioned.settings.arrangement
    if plan.morphology is Morphology.VASCULAR:
        low, high = settings.usual_vessel_count
        return _along_vessel(rng, positioned, plan.count or int(rng.integers(low, high, endpoint=True)))
    if plan.morphology is Morphology.SKIN:
        return [(points, None) for points in _in_skin(rng, positioned, plan, count)]
    if plan.distribution in _SCATTERED:
        tries = settings.scattered_tries
        return [
            (_shown_or(positioned, _draw_breast_points(rng, positioned, tries), positioned.middle), None)
            for _ in range(count)
        ]
    center = _draw_center(rng, positioned, plan)
    layout = _layout(rng, positioned, plan, center, count)
    return [(_shown_or(positioned, layout(), center), None) for _ in range(count)]


def _shown_or(
    positioned: PositionedBreast, points: NDArray[np.float64], fallback: NDArray[np.float64]
) -> NDArray[np.float64]:
    shown = points[positioned.shows(points, positioned.settings.arrangement.margin_mm)]
    return shown if len(shown) else fallback[None]


def _draw_breast_points(
    rng: np.random.Generator, positioned: PositionedBreast, count: int
) -> NDArray[np.float64]:
    """Points in the breast, those in gland first."""
    settings, breast = positioned.settings.arrangement, positioned.breast
    vectors = rng.normal(size=(count, 3))
    # The cube root spreads points evenly over the volume.
    reach = settings.reach * rng.random((count, 1)) ** (1 / 3)
    vectors *= reach / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] = np.abs(vectors[:, 0])
    points = vectors * breast.size.semi_axes_mm
    # Anterior runs 0 to 1, the others -1 to 1: to indices of the voxels.
    place = (vectors * [1, 0.5, 0.5] + [0, 0.5, 0.5]) * (np.array(breast.gland.shape) - 1)
    voxel = tuple(np.round(place).astype(int).T)
    in_gland = breast.gland[voxel] > rng.uniform(*settings.gland_share, size=count)
    return np.concatenate([points[in_gland], points[~in_gland]])


def _in_skin(
    rng: np.random.Generator, positioned: PositionedBreast, plan: GroupPlan, count: int
) -> list[NDArray[np.float64]]:
    """Places in the skin: anywhere, or round one of them when the plan is a group."""
    settings = positioned.settings.arrangement
    vectors = rng.normal(size=(settings.skin_tries, 3))
    vectors *= settings.skin_reach / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] = np.abs(vectors[:, 0])
    points = _shown_or(positioned, vectors * positioned.breast.size.semi_axes_mm, positioned.middle)
    if plan.distribution not in _SCATTERED:
        extent = max(_draw_extent_mm(rng, positioned, plan), settings.least_skin_extent_mm)
        # Round the first, which thereby becomes the middle of the group.
        points = points[np.linalg.norm(points - points[0], axis=1) < extent]
    return [rng.permutation(points)[: settings.tries] for _ in range(count)]


def _draw_extent_mm(rng: np.random.Generator, positioned: PositionedBreast, plan: GroupPlan) -> float:
    """Radius (half length for a line, length for a segment) of a group, less in a small breast."""
    settings = positioned.settings.arrangement
    large = settings.large_extent if plan.morphology in LARGE else 1.0
    scale = min(positioned.breast.size.radius_mm / settings.usual_radius_mm, 1.0)
    return float(rng.uniform(*dict(settings.extent_mm)[plan.distribution]) * large * scale)


def _draw_center(
    rng: np.random.Generator, positioned: PositionedBreast, plan: GroupPlan
) -> NDArray[np.float64]:
    settings = positioned.settings.arrangement
    points = _draw_breast_points(rng, positioned, settings.center_tries)
    is_wide = plan.distribution in (Distribution.REGIONAL, Distribution.LINEAR)
    margin = settings.wide_center_margin_mm if is_wide else settings.center_margin_mm
    # A wide margin is tried first and given up bit by bit where the breast is too small for it.
    for share in settings.center_margins:
        shown = points[positioned.shows(points, margin * share)]
        if len(shown):
            return np.asarray(shown[0])
    return positioned.middle


def _layout(
    rng: np.random.Generator,
    positioned: PositionedBreast,
    plan: GroupPlan,
    center: NDArray[np.float64],
    count: int,
) -> Callable[[], NDArray[np.float64]]:
    """What draws candidate places for one member, the later ones farther out to find room."""
    settings, depth_mm = positioned.settings.arrangement, positioned.breast.size.depth_mm
    tries, (crowd, power) = settings.tries, settings.crowded_extent
    # Many calcifications need more room than few, or they would not keep clear of each other.
    extent = _draw_extent_mm(rng, positioned, plan) * max(1.0, (count / crowd) ** power)
    nipple = np.array([depth_mm * settings.duct_orifice, 0.0, 0.0])
    # Ducts run from the nipple back: a line follows one, a segment fans out over a lobe.
    back = (center - nipple) / max(float(np.linalg.norm(center - nipple)), 1.0)
    looser = np.linspace(1.0, settings.loosest, tries)[:, None]

    def ball() -> NDArray[np.float64]:
        away = rng.normal(size=(tries, 3))
        # The square root and not the cube root: groups are denser toward their middle.
        away *= rng.random((tries, 1)) ** 0.5 / np.linalg.norm(away, axis=1, keepdims=True)
        return np.asarray(center + away * extent * looser)

    def line() -> NDArray[np.float64]:
        along = rng.uniform(-extent, extent, (tries, 1)) * looser
        return np.asarray(center + along * back + rng.normal(0, settings.line_spread_mm, (tries, 3)))

    def wedge() -> NDArray[np.float64]:
        least, crowding = settings.wedge_share
        along = rng.uniform(least, 1.0, (tries, 1)) ** crowding
        aside = rng.normal(0, settings.wedge_spread, (tries, 3))
        return np.asarray(nipple + (back * settings.wedge_length + aside) * along * extent)

    return {Distribution.LINEAR: line, Distribution.SEGMENTAL: wedge}.get(plan.distribution, ball)


def _along_vessel(
    rng: np.random.Generator, positioned: PositionedBreast, count: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """Places in the walls of a stretch of that vessel of which most is seen: a double track."""
    settings = positioned.settings.arrangement
    shown = [positioned.shows(curve.path, settings.margin_mm) for curve in positioned.breast.vessels]
    chosen = int(np.argmax([part.sum() for part in shown]))
    vessel = positioned.breast.vessels[chosen]
    path = vessel.path[shown[chosen]]
    # Hardly any of it is seen: then the whole vessel serves, and members off the image are left out.
    path = path if len(path) > 3 else vessel.path
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    share = min(settings.vessel_step_mm * count / length, 1.0)
    # A hundredth of a step short of the end, so that there is always a next point.
    first = rng.uniform(0, (1 - share) * (len(path) - 1.01))
    places: list[tuple[NDArray[np.float64], NDArray[np.float64] | None]] = []
    for _ in range(count):
        at = first + rng.uniform(0, share * (len(path) - 1.01))
        step = path[int(at) + 1] - path[int(at)]
        # At right angles to the vessel, a radius away: in its wall.
        across = np.cross(step, draw_direction(rng))
        across *= vessel.radius_mm / max(float(np.linalg.norm(across)), 1e-9)
        place = path[int(at)] + (at - int(at)) * step + across
        places.append((place[None], step / np.linalg.norm(step)))
    return places


def _draw_member(
    rng: np.random.Generator,
    positioned: PositionedBreast,
    plan: GroupPlan,
    name: str,
    *,
    candidates: NDArray[np.float64],
    along: NDArray[np.float64] | None,
    taken: list[NDArray[np.float64]],
) -> Solid:
    """Draw one calcification at the first of its candidate places that keeps clear of those before it."""
    shapes = positioned.settings.shapes
    diameter = draw_log_uniform(rng, plan.diameter_mm or dict(shapes.usual)[plan.morphology][0])
    position = clear_place(positioned, candidates, diameter, taken)
    if along is None:
        along = _draw_duct(rng, positioned, position)
    parts = draw_shape(rng, plan.morphology, diameter, along, shapes)
    return Solid(name, position, parts, draw_density(rng, plan.morphology, diameter, shapes) * plan.density)


def _draw_duct(
    rng: np.random.Generator, positioned: PositionedBreast, position: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The way a duct runs there, more or less toward the nipple."""
    way = np.array([positioned.breast.size.depth_mm, 0.0, 0.0]) - position
    way = way / max(float(np.linalg.norm(way)), 1.0)
    way = way + positioned.settings.arrangement.duct_wander * draw_direction(rng)
    return np.asarray(way / np.linalg.norm(way))


def clear_place(
    positioned: PositionedBreast,
    candidates: NDArray[np.float64],
    diameter: float,
    taken: list[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Choose the first candidate with room in every view, else the one with most; it is taken from now on.

    Args:
        positioned: The breast and its views.
        candidates: N x 3, (anterior, superior, lateral) in mm, the best first.
        diameter: Of what is to lie there, in mm.
        taken: For each view M x 3, row, column and diameter in mm of what lies there already; the chosen
            place is added in place.

    Returns:
        The chosen place, (anterior, superior, lateral) in mm.

    """
    room = np.full(len(candidates), np.inf)
    places = [project_points(geometry, candidates)[:, :2] for geometry in positioned.geometries]
    # Room in the tightest view, from rim to rim.
    for place, others in zip(places, taken, strict=True):
        if len(others):
            away = np.linalg.norm(place[:, None] - others[None, :, :2], axis=2)
            room = np.minimum(room, (away - (others[None, :, 2] + diameter) / 2).min(axis=1))
    clear = np.flatnonzero(room >= positioned.settings.arrangement.gap_mm)
    best = int(clear[0]) if clear.size else int(np.argmax(room))
    # Taken in every view: what is drawn next must not cover it in any.
    for index, place in enumerate(places):
        taken[index] = np.concatenate([taken[index], [[*place[best], diameter]]])
    return np.asarray(candidates[best])


def _as_on_prior(rng: np.random.Generator, plan: GroupPlan, solid: Solid, settings: PhantomSettings) -> Solid:
    """A calcification as it was on the prior examination, for the change planned for its group."""
    if plan.change is PlannedChange.INCREASED_IN_SIZE:
        return scaled(solid, float(rng.uniform(*settings.arrangement.prior_size)))
    if plan.change is PlannedChange.RESHAPED:
        morphology, shapes = plan.prior_morphology, settings.shapes
        diameter = draw_log_uniform(rng, dict(shapes.usual)[morphology][0])
        parts = draw_shape(rng, morphology, diameter, draw_direction(rng), shapes)
        density = draw_density(rng, morphology, diameter, shapes) * plan.density
        return replace(solid, parts=parts, density=density)
    return solid


def _existing(
    change: PlannedChange, current: list[Solid], prior: list[Solid]
) -> tuple[tuple[Solid, ...], tuple[Solid, ...]]:
    """Take away what does not exist on either day."""
    # At least one: a change of number needs something on both days.
    half = max(len(current) // 2, 1)
    kept = list(range(half))
    if change in (PlannedChange.INCREASED_IN_EXTENT, PlannedChange.PARTIALLY_REMOVED):
        # What lies nearer the nipple does so in every view.
        back_first = np.argsort([solid.position[0] for solid in current], kind="stable")
        kept = sorted(back_first[:half].tolist())
    if change is PlannedChange.NEW:
        prior = []
    if change is PlannedChange.GONE:
        current = []
    if change in (PlannedChange.INCREASED_IN_NUMBER, PlannedChange.INCREASED_IN_EXTENT):
        prior = [prior[number] for number in kept]
    if change in (PlannedChange.FEWER, PlannedChange.PARTIALLY_REMOVED):
        current = [current[number] for number in kept]
    return tuple(current), tuple(prior)


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanarGroup:
    """One group in the plane of a picture; with ``Distribution.SINGLE`` there is one member and no group.

    Attributes:
        morphology: Shape of its members.
        distribution: How they lie.
        points: N x 2, row and column in mm from the group's middle.
        diameters_mm: N diameters, or lengths of elongated members.
        direction: Unit vector (row, column) along the group.

    """

    morphology: Morphology
    distribution: Distribution
    points: NDArray[np.float64]
    diameters_mm: NDArray[np.float64]
    direction: NDArray[np.float64]


def draw_planar_group(
    rng: np.random.Generator,
    morphologies: tuple[Morphology, ...] | None = None,
    *,
    crowded_share: float = 0.0,
    settings: ArrangementSettings,
    shapes: ShapeSettings,
) -> PlanarGroup:
    """Draw one group, or one calcification alone, in the plane of a picture.

    Args:
        rng: Where it is drawn from.
        morphologies: Shapes to draw from, all alike often; ``None`` for all, as often as they are met.
        crowded_share: Share of the groups, regions and segments that are crowded.
        settings: How groups are laid out in the plane.
        shapes: How large each shape usually is.

    Returns:
        The group, of one shape.

    """
    weights = tuple((shape, weight) for shape, (weight, _) in settings.planar_shapes)
    if morphologies is not None:
        # All alike often, since a bench asks for rare shapes as much as for common ones.
        weights = tuple((shape, 1) for shape in morphologies)
    morphology = pick(rng, weights)
    distribution = _draw_planar_distribution(rng, morphology, settings)
    count = int(rng.integers(*dict(settings.planar_layouts)[distribution][1], endpoint=True))
    can_be_crowded = distribution in (Distribution.GROUPED, Distribution.REGIONAL, Distribution.SEGMENTAL)
    if can_be_crowded and crowded_share > 0 and rng.random() < crowded_share:
        count = int(rng.integers(*settings.crowded_count, endpoint=True))
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    if morphology is Morphology.VASCULAR:
        points, distribution = _planar_vessel(rng, direction, settings), Distribution.LINEAR
    else:
        count = min(count, settings.most_large_in_plane) if morphology in LARGE else count
        points = _planar_points(rng, distribution, count, direction, settings)
    low, high = np.log(dict(shapes.usual)[morphology][0])
    return PlanarGroup(
        morphology=morphology,
        distribution=distribution,
        points=points,
        diameters_mm=np.exp(rng.uniform(low, high, len(points))),
        direction=direction,
    )


def _draw_planar_distribution(
    rng: np.random.Generator, morphology: Morphology, settings: ArrangementSettings
) -> Distribution:
    alone = dict(settings.planar_shapes)[morphology][1]
    if alone > 0 and rng.random() < alone:
        return Distribution.SINGLE
    chances = [row[0] for _, row in settings.planar_layouts]
    return settings.planar_layouts[int(rng.choice(len(chances), p=chances))][0]


def _planar_points(
    rng: np.random.Generator,
    distribution: Distribution,
    count: int,
    direction: NDArray[np.float64],
    settings: ArrangementSettings,
) -> NDArray[np.float64]:
    extent = rng.uniform(*dict(settings.planar_layouts)[distribution][2])
    if distribution is Distribution.LINEAR:
        along = rng.uniform(-extent, extent, count)
        aside = rng.normal(0, settings.planar_line_spread_mm, count)
    elif distribution is Distribution.SEGMENTAL:
        least, crowding = settings.planar_wedge_share
        share = rng.uniform(least, 1, count) ** crowding
        along = (share - 0.5) * 2 * extent
        spread = settings.planar_wedge_spread
        aside = rng.uniform(-spread, spread, count) * share * extent
    else:
        # The square root spreads points evenly over a disk.
        turn, radius = rng.uniform(0, 2 * np.pi, count), extent * np.sqrt(rng.random(count))
        along, aside = radius * np.sin(turn), radius * np.cos(turn)
    return _laid_along(direction, along, aside)


def _planar_vessel(
    rng: np.random.Generator, direction: NDArray[np.float64], settings: ArrangementSettings
) -> NDArray[np.float64]:
    """Points in the two walls of a winding vessel, with gaps."""
    length = rng.uniform(*settings.planar_vessel_mm)
    radius = rng.uniform(*settings.planar_vessel_radius_mm)
    count = int(length * rng.uniform(*settings.planar_vessel_per_mm))
    at = np.sort(rng.uniform(-length / 2, length / 2, count))
    wide = rng.uniform(*settings.planar_vessel_wave_mm)
    wave = wide * np.sin(
        at / rng.uniform(*settings.planar_vessel_wavelength_mm) + rng.uniform(*settings.planar_phase)
    )
    # Two walls seen from the side: the double track of a calcified artery.
    wall = np.where(rng.random(count) < 0.5, -radius, radius)
    wall = wall + rng.normal(0, settings.planar_wall_spread_mm, count)
    gap = np.sin(at / rng.uniform(*settings.planar_vessel_gap_mm) + rng.uniform(*settings.planar_phase))
    points = _laid_along(direction, at, wave + wall)
    shown = gap > settings.planar_vessel_shown
    return np.asarray(points[shown] if shown.any() else points[:1])


def _laid_along(
    direction: NDArray[np.float64], along: NDArray[np.float64], aside: NDArray[np.float64]
) -> NDArray[np.float64]:
    across = np.array([-direction[1], direction[0]])
    return np.asarray(along[:, None] * direction + aside[:, None] * across)
