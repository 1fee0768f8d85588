"""Where calcifications of every distribution lie in a view: sets of points to learn from, and no picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.anatomy import draw_breast
from calcwatch.phantom.arrangement import Group, PositionedBreast, place_calcifications
from calcwatch.phantom.geometry import ViewGeometry, draw_geometry, draw_size, project_points, reposition
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, random_stream
from calcwatch.phantom.shapes import LARGE
from calcwatch_lab.seeds import POINT_SET_STREAM
from calcwatch_lab.train.distribution.settings import PointSetSettings
from calcwatch_lab.train.examples import make_scenes
from calcwatch_lab.train.settings import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LOOSE = -1
"""Owner of a point that belongs to no group: a single calcification or a false positive."""

_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
_LOOSE_SHAPES = (Morphology.ROUND, Morphology.PUNCTATE)
_GROUPED_SHAPES = tuple(
    shape
    for shape in Morphology
    if shape not in LARGE and shape not in (Morphology.SKIN, Morphology.VASCULAR)
)
_SKIN_POINTS = 181  # of the outline, one a degree
_INNER = 0.95  # of the way from the chest wall to the skin: false positives lie no farther out


@dataclass(frozen=True, eq=False)
class PointSet:
    """Calcifications of one view in mm.

    Attributes:
        points: Where they lie, n x 2 (row, column) from the corner of the field.
        owner: Number of the group of each, ``LOOSE`` for none.
        size: Diameter times density, what decides whether one is seen.
        distributions: Distribution of each group.
        skin: Outline of the breast, k x 2.
        nipple: Where it is taken to be; ``None`` where it is not known.

    """

    points: NDArray[np.float64]
    owner: NDArray[np.intp]
    size: NDArray[np.float64]
    distributions: tuple[Distribution, ...]
    skin: NDArray[np.float64]
    nipple: NDArray[np.float64] | None

    @property
    def breast_area(self) -> float:
        """Area inside the outline in square millimeters."""
        row, column = self.skin.T
        # The shoelace formula.
        return float(abs(np.dot(row, np.roll(column, 1)) - np.dot(column, np.roll(row, 1))) / 2)


def draw_many(
    seeds: Sequence[int],
    settings: PointSetSettings,
    *,
    workers: int | None,
    on_done: Callable[[int, int], None],
) -> list[PointSet]:
    """Draw the point sets of many breasts.

    Args:
        seeds: Seeds of the breasts.
        settings: What they hold.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of breasts that are drawn and that of all.

    Returns:
        Both views of each, in the order of the seeds.

    Raises:
        TrainingFailed: A breast could not be drawn.

    """
    drawn = make_scenes(partial(draw_point_sets, settings=settings), seeds, workers=workers, on_done=on_done)
    return [view for views in drawn for view in views]


def draw_point_sets(seed: int, settings: PointSetSettings | None = None) -> tuple[PointSet, ...]:
    """Draw one breast with a group or two and loose calcifications, as both views show it, all of it seen.

    Args:
        seed: Seed of the breast.
        settings: What it holds; ``None``: as usual.

    Returns:
        The views.

    """
    draws = settings or PointSetSettings()
    rng = np.random.default_rng([seed, POINT_SET_STREAM])
    phantom = PhantomSettings(
        field_mm=(uniform(rng, draws.height_mm), uniform(rng, draws.width_mm)),
        groups=_draw_plans(rng, draws),
    )
    size = draw_size(random_stream(seed, "size"), phantom)
    geometries = [
        # As an examination is positioned, without making any picture of it.
        reposition(rng, draw_geometry(random_stream(seed, "positioning", view), size, view, phantom))
        for view in _VIEWS
    ]
    breast = draw_breast(seed, Laterality.LEFT, size, phantom)
    groups = place_calcifications(PositionedBreast(breast, tuple(geometries), phantom))
    return tuple(_projected(groups, geometry, phantom) for geometry in geometries)


def as_detected(rng: np.random.Generator, whole: PointSet, draws: PointSetSettings) -> PointSet:
    """Give a view as a detector does: faint ones missed, false positives added, the nipple a bit off.

    Args:
        rng: Draws what is missed and added.
        whole: The view, all of it seen.
        draws: How much.

    Returns:
        The view as it is detected, all lengths a bit off.

    """
    seen = rng.uniform(draws.least_seen, 1.0)
    strength = np.log(whole.size) + rng.normal(0, draws.size_spread, whole.size.size)
    kept = strength >= np.quantile(strength, 1 - seen) if strength.size else np.zeros(0, bool)
    false_count = int(rng.integers(0, draws.most_false, endpoint=True) * rng.random())
    false = _inside(rng, whole.skin, false_count)
    nipple = None if whole.nipple is None else whole.nipple + rng.normal(0, draws.nipple_error_mm, 2)
    scale = float(np.exp(rng.normal(0, draws.scale_error)))
    moved = whole.points[kept] + rng.normal(0, draws.place_error_mm, (kept.sum(), 2))
    return PointSet(
        points=np.concatenate([moved, false]) * scale,
        owner=np.concatenate([whole.owner[kept], np.full(len(false), LOOSE)]),
        size=np.concatenate([whole.size[kept], np.ones(len(false))]),
        distributions=whole.distributions,
        skin=whole.skin * scale,
        nipple=None if nipple is None or rng.random() < draws.no_nipple_chance else nipple * scale,
    )


def _draw_plans(rng: np.random.Generator, draws: PointSetSettings) -> tuple[GroupPlan, ...]:
    plans = [_group_plan(rng, draws)]
    if rng.random() < draws.second_chance:
        plans.append(_group_plan(rng, draws))
    if rng.random() < draws.vessel_chance:
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR))
    plans += [
        GroupPlan(_LOOSE_SHAPES[int(rng.integers(len(_LOOSE_SHAPES)))], Distribution.SINGLE)
        for _ in range(int(rng.integers(0, draws.most_loose, endpoint=True)))
    ]
    return tuple(plans)


def _group_plan(rng: np.random.Generator, draws: PointSetSettings) -> GroupPlan:
    counts = {
        Distribution.DIFFUSE: draws.diffuse_count,
        Distribution.REGIONAL: draws.regional_count,
        Distribution.GROUPED: draws.grouped_count,
        Distribution.LINEAR: draws.linear_count,
        Distribution.SEGMENTAL: draws.segmental_count,
    }
    layout = list(counts)[int(rng.integers(len(counts)))]
    shape = _GROUPED_SHAPES[int(rng.integers(len(_GROUPED_SHAPES)))]
    if rng.random() < draws.usual_chance:
        return GroupPlan(shape, layout)
    # In the logarithm: small groups are as frequent among the examples as large groups.
    low, high = np.log(counts[layout])
    return GroupPlan(shape, layout, count=round(float(np.exp(rng.uniform(low, high)))))


def _projected(groups: tuple[Group, ...], geometry: ViewGeometry, phantom: PhantomSettings) -> PointSet:
    real = [group for group in groups if group.plan.distribution is not Distribution.SINGLE]
    rows, owner, size = [], [], []
    for group in groups:
        solids = group.current
        rows += [solid.position for solid in solids]
        owner += [real.index(group) if group in real else LOOSE] * len(solids)
        # Large and dense are seen first; which are missed is drawn by it.
        size += [
            solid.density * max(2 * float(np.abs(part.matrix).max()) for part in solid.parts)
            for solid in solids
        ]
    tip = geometry.skin_radius(np.array([geometry.turn]))[0]
    away = tip * np.array([-np.sin(geometry.turn), np.cos(geometry.turn)])
    return PointSet(
        points=project_points(geometry, np.array(rows).reshape(-1, 3))[:, :2],
        owner=np.array(owner, np.intp),
        size=np.array(size, np.float64),
        distributions=tuple(group.plan.distribution for group in real),
        skin=_skin(geometry, phantom),
        nipple=np.array(geometry.origin_mm) + away,
    )


def _skin(geometry: ViewGeometry, phantom: PhantomSettings) -> NDArray[np.float64]:
    """Outline of the breast as far as the field shows it."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, _SKIN_POINTS)
    radius = geometry.skin_radius(angle)
    row = geometry.origin_mm[0] - radius * np.sin(angle)
    column = geometry.origin_mm[1] + radius * np.cos(angle)
    height, width = phantom.field_mm
    return np.stack([np.clip(row, 0, height), np.clip(column, 0, width)], axis=1)


def _inside(rng: np.random.Generator, skin: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Points spread over the breast, at random between the middle of its chest wall and its skin."""
    wall = (skin[0] + skin[-1]) / 2
    rim = skin[rng.integers(0, len(skin), count)]
    # The root spreads points evenly over the area between wall and rim.
    return np.asarray(wall + (rim - wall) * _INNER * rng.random((count, 1)) ** 0.5)
