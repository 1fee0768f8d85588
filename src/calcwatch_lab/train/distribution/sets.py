"""Where calcifications of every distribution lie in a view: sets of points to learn from, and no picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.anatomy import draw_breast
from calcwatch.phantom.arrangement import Group, PositionedBreast, place_calcifications
from calcwatch.phantom.geometry import ViewGeometry, draw_geometry, draw_size, project_points, reposition
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, random_stream
from calcwatch.phantom.shapes import LARGE
from calcwatch.service.workers import WorkerEnded, answers

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOSE = -1
"""Owner of a point that belongs to no group: a single calcification or a false mark."""

_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
_LOOSE_SHAPES = (Morphology.ROUND, Morphology.PUNCTATE)
_GROUPED_SHAPES = tuple(
    shape
    for shape in Morphology
    if shape not in LARGE and shape not in (Morphology.SKIN, Morphology.VASCULAR)
)
_COUNTS = {
    Distribution.DIFFUSE: (20, 80),
    Distribution.REGIONAL: (14, 60),
    Distribution.GROUPED: (3, 30),
    Distribution.LINEAR: (5, 25),
    Distribution.SEGMENTAL: (12, 60),
}
_USUAL_CHANCE = 0.5  # that a group has as many members as phantoms usually have
_SECOND_CHANCE, _VESSEL_CHANCE = 0.25, 0.15
_MOST_LOOSE = 6
_MOST_FALSE = 14
_LEAST_SEEN = 0.3  # of the calcifications, by the detector
_NIPPLE_ERROR_MM = 6.0
_NO_NIPPLE_CHANCE = 0.08
_SCALE_ERROR = 0.12  # where the pixel spacing is unknown, lengths are guesses; a little of that everywhere


@dataclass(frozen=True, eq=False)
class PointSet:
    """Calcifications of one view in mm, n x 2 (row, column).

    ``owner``: number of the group of each, ``LOOSE`` for none; ``distributions``: of each group.
    ``size``: diameter times density, what decides whether it is seen. ``skin``: k x 2, the outline of the
    breast. ``nipple``: where it is taken to be, ``None`` where it is not known.
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
        return float(abs(np.dot(row, np.roll(column, 1)) - np.dot(column, np.roll(row, 1))) / 2)


def draw_point_sets(seed: int) -> tuple[PointSet, ...]:
    """Draw one breast with a group or two and loose calcifications, as both views show it, all of it seen."""
    rng = np.random.default_rng([seed, 30])
    settings = PhantomSettings(
        field_mm=(float(rng.uniform(150, 235)), float(rng.uniform(110, 180))), groups=_draw_plans(rng)
    )
    size = draw_size(random_stream(seed, "size"), settings)
    geometries = [
        reposition(rng, draw_geometry(random_stream(seed, "positioning", view), size, view, settings))
        for view in _VIEWS
    ]
    breast = draw_breast(seed, Laterality.LEFT, size, settings)
    groups = place_calcifications(PositionedBreast(breast, tuple(geometries), settings))
    return tuple(_projected(groups, geometry, settings) for geometry in geometries)


def draw_many(seeds: Sequence[int], *, workers: int, on_done: Callable[[int, int], None]) -> list[PointSet]:
    """Draw the point sets of many breasts, by several processes, in the order of the seeds.

    Raises ``RuntimeError`` when a process dies.
    """
    drawn: dict[int, tuple[PointSet, ...]] = {}
    with closing(answers(draw_point_sets, list(seeds), workers=workers)) as coming:
        for place, answer in coming:
            if isinstance(answer, WorkerEnded):
                raise RuntimeError(f"the breast of seed {seeds[place]} could not be drawn: {answer}")
            drawn[place] = answer
            on_done(len(drawn), len(seeds))
    return [one for place in sorted(drawn) for one in drawn[place]]


def as_detected(rng: np.random.Generator, whole: PointSet) -> PointSet:
    """The same view as a detector gives it: faint ones missed, false marks added, the nipple a bit off."""
    seen = rng.uniform(_LEAST_SEEN, 1.0)
    strength = np.log(whole.size) + rng.normal(0, 0.4, whole.size.size)
    kept = strength >= np.quantile(strength, 1 - seen) if strength.size else np.zeros(0, bool)
    false = _inside(rng, whole.skin, int(rng.integers(0, _MOST_FALSE) * rng.random()))
    nipple = None if whole.nipple is None else whole.nipple + rng.normal(0, _NIPPLE_ERROR_MM, 2)
    scale = float(np.exp(rng.normal(0, _SCALE_ERROR)))
    return PointSet(
        points=np.concatenate([whole.points[kept] + rng.normal(0, 0.05, (kept.sum(), 2)), false]) * scale,
        owner=np.concatenate([whole.owner[kept], np.full(len(false), LOOSE)]),
        size=np.concatenate([whole.size[kept], np.ones(len(false))]),
        distributions=whole.distributions,
        skin=whole.skin * scale,
        nipple=None if nipple is None or rng.random() < _NO_NIPPLE_CHANCE else nipple * scale,
    )


def _draw_plans(rng: np.random.Generator) -> tuple[GroupPlan, ...]:
    layouts = list(_COUNTS)
    plans = [_group_plan(rng, layouts[int(rng.integers(len(layouts)))])]
    if rng.random() < _SECOND_CHANCE:
        plans.append(_group_plan(rng, layouts[int(rng.integers(len(layouts)))]))
    if rng.random() < _VESSEL_CHANCE:
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR))
    plans += [
        GroupPlan(_LOOSE_SHAPES[int(rng.integers(2))], Distribution.SINGLE)
        for _ in range(int(rng.integers(0, _MOST_LOOSE)))
    ]
    return tuple(plans)


def _group_plan(rng: np.random.Generator, layout: Distribution) -> GroupPlan:
    shape = _GROUPED_SHAPES[int(rng.integers(len(_GROUPED_SHAPES)))]
    if rng.random() < _USUAL_CHANCE:
        return GroupPlan(shape, layout)
    low, high = np.log(_COUNTS[layout])
    return GroupPlan(shape, layout, count=round(float(np.exp(rng.uniform(low, high)))))


def _projected(groups: tuple[Group, ...], geometry: ViewGeometry, settings: PhantomSettings) -> PointSet:
    real = [group for group in groups if group.plan.distribution is not Distribution.SINGLE]
    rows, owner, size = [], [], []
    for group in groups:
        solids = group.current
        rows += [solid.position for solid in solids]
        owner += [real.index(group) if group in real else LOOSE] * len(solids)
        size += [
            solid.density * max(2 * float(np.abs(p.matrix).max()) for p in solid.parts) for solid in solids
        ]
    places = project_points(geometry, np.array(rows).reshape(-1, 3))[:, :2]
    skin = _skin(geometry, settings)
    tip = geometry.skin_radius(np.array([geometry.turn]))[0]
    away = tip * np.array([-np.sin(geometry.turn), np.cos(geometry.turn)])
    return PointSet(
        points=places,
        owner=np.array(owner, np.intp),
        size=np.array(size, np.float64),
        distributions=tuple(group.plan.distribution for group in real),
        skin=skin,
        nipple=np.array(geometry.origin_mm) + away,
    )


def _skin(geometry: ViewGeometry, settings: PhantomSettings) -> NDArray[np.float64]:
    """Outline of the breast as far as the field shows it."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 181)
    radius = geometry.skin_radius(angle)
    row = geometry.origin_mm[0] - radius * np.sin(angle)
    column = geometry.origin_mm[1] + radius * np.cos(angle)
    height, width = settings.field_mm
    return np.stack([np.clip(row, 0, height), np.clip(column, 0, width)], axis=1)


def _inside(rng: np.random.Generator, skin: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Points spread over the breast, at random between the middle of its chest wall and its skin."""
    wall = (skin[0] + skin[-1]) / 2
    rim = skin[rng.integers(0, len(skin), count)]
    return np.asarray(wall + (rim - wall) * 0.95 * rng.random((count, 1)) ** 0.5)
