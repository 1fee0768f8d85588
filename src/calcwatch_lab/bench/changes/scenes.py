"""Two examinations of one phantom breast: what changes is planned, how each day is imaged is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

import calcwatch
from calcwatch.domain.image import Laterality, Mammogram
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_prior_and_current
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, PlannedChange, random_stream
from calcwatch_lab.bench.truth.phantoms import Look, mammogram_of

if TYPE_CHECKING:
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.phantom.truth import ImageTruth, PhantomImage

_KINDS = (
    PlannedChange.NO_SIGNIFICANT_CHANGE,
    PlannedChange.NEW,
    PlannedChange.INCREASED_IN_NUMBER,
    PlannedChange.INCREASED_IN_EXTENT,
    PlannedChange.INCREASED_IN_SIZE,
    PlannedChange.RESHAPED,
    PlannedChange.FEWER,
    PlannedChange.PARTIALLY_REMOVED,
    PlannedChange.GONE,
)
_SHAPES = (
    Morphology.FINE_PLEOMORPHIC,
    Morphology.PUNCTATE,
    Morphology.ROUND,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_LINEAR,
)
_LARGE_SHAPES = (Morphology.ROUND, Morphology.COARSE_HETEROGENEOUS, Morphology.FINE_PLEOMORPHIC)
_LARGE_MM = (0.5, 0.9)  # so that the earlier, smaller ones are seen as well
_SHAPES_BEFORE = (Morphology.ROUND, Morphology.PUNCTATE)
_SHAPES_AFTER = (Morphology.FINE_LINEAR, Morphology.FINE_LINEAR_BRANCHING, Morphology.FINE_PLEOMORPHIC)
_LAYOUTS = (Distribution.GROUPED, Distribution.GROUPED, Distribution.SEGMENTAL, Distribution.LINEAR)
_LONG_LAYOUTS = (Distribution.SEGMENTAL, Distribution.LINEAR)
_GROUPS_A_BREAST = 2
_FILM_EVERY = 6
_BLURS = (
    ((0.85, 0.055), (0.15, 0.25)),
    ((0.8, 0.075), (0.2, 0.3)),
    ((0.92, 0.04), (0.08, 0.2)),
)
_EDGES = (0.0, 0.3, 0.8)
_DENSITIES = (1.2, 1.8)  # plain: how faint ones are found is measured by the bench of detection
_DOSES = (0.5, 1.6)
_SPACINGS_NOW, _SPACINGS_THEN = (0.07, 0.1), (0.07, 0.1, 0.14)


@dataclass(frozen=True, eq=False)
class Shot:
    """One view as it was read and analyzed, with its truth."""

    mammogram: Mammogram
    findings: ImageFindings
    truth: ImageTruth


@dataclass(frozen=True, eq=False)
class Scene:
    """Both days of one breast; ``film``: the prior was on film."""

    seed: int
    film: bool
    prior: tuple[Shot, ...]
    current: tuple[Shot, ...]


def make_scene(seed: int, *, repositioning: float = 1.0, usual: PhantomSettings | None = None) -> Scene:
    """Make and analyze both days; ``usual``: what is not drawn, such as the field, else as phantoms are."""
    now, then = scene_settings(seed, repositioning=repositioning, usual=usual)
    prior, current = make_prior_and_current(seed, settings=now, prior_settings=then)
    return Scene(
        seed,
        then.film,
        tuple(shot_of(image) for image in prior.images),
        tuple(shot_of(image) for image in current.images),
    )


def scene_settings(
    seed: int, *, repositioning: float, usual: PhantomSettings | None = None
) -> tuple[PhantomSettings, PhantomSettings]:
    """What the current and the prior examination of a seed are asked to be."""
    rng = random_stream(seed, "changes")
    base = replace(
        usual or PhantomSettings(),
        lateralities=((Laterality.LEFT, Laterality.RIGHT)[seed // 2 % 2],),  # two neighbors are of one side
        groups=_plans(seed, rng),
        non_lesions=(),
        repositioning=repositioning,
    )
    now = _imaged(rng, base, _SPACINGS_NOW)
    then = _imaged(rng, base, _SPACINGS_THEN)
    return now, replace(then, film=seed % _FILM_EVERY == _FILM_EVERY - 1)


def shot_of(image: PhantomImage) -> Shot:
    """Analyze a phantom's image, its side, view and date stated."""
    mammogram = mammogram_of(image, Look())
    description = replace(
        mammogram.description,
        sha256=f"{mammogram.description.sha256} {image.laterality} {image.study_date}",
        image_laterality=image.laterality,
        view_position=image.view_position,
        study_date=image.study_date,
    )
    mammogram = replace(mammogram, description=description)
    return Shot(mammogram, calcwatch.analyze_image(mammogram), image.truth)


def _imaged(rng: np.random.Generator, base: PhantomSettings, spacings: tuple[float, ...]) -> PhantomSettings:
    return replace(
        base,
        pixel_spacing_mm=spacings[int(rng.integers(len(spacings)))],
        relative_dose=float(rng.uniform(*_DOSES)),
        edge_enhancement=_EDGES[int(rng.integers(len(_EDGES)))],
        mtf=_BLURS[int(rng.integers(len(_BLURS)))],
    )


def _plans(seed: int, rng: np.random.Generator) -> tuple[GroupPlan, ...]:
    """Two groups, their kinds of change in turn over the seeds, and a few single calcifications."""
    kinds = [_KINDS[(_GROUPS_A_BREAST * seed + n) % len(_KINDS)] for n in range(_GROUPS_A_BREAST)]
    return (*(_plan(rng, kind) for kind in kinds), GroupPlan(Morphology.ROUND, Distribution.SINGLE))


def _plan(rng: np.random.Generator, kind: PlannedChange) -> GroupPlan:
    """A group that a radiologist would see, on both days where it is there."""
    shapes = {PlannedChange.INCREASED_IN_SIZE: _LARGE_SHAPES, PlannedChange.RESHAPED: _SHAPES_AFTER}.get(
        kind, _SHAPES
    )
    layouts = _LONG_LAYOUTS if kind is PlannedChange.INCREASED_IN_EXTENT else _LAYOUTS
    return GroupPlan(
        shapes[int(rng.integers(len(shapes)))],
        layouts[int(rng.integers(len(layouts)))],
        count=int(rng.integers(12, 20, endpoint=True)),
        change=kind,
        density=float(rng.uniform(*_DENSITIES)),
        diameter_mm=_LARGE_MM if kind is PlannedChange.INCREASED_IN_SIZE else None,
        prior_morphology=_SHAPES_BEFORE[int(rng.integers(len(_SHAPES_BEFORE)))],
    )
