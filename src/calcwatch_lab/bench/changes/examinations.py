"""Two examinations of one phantom breast: what changes is planned, how each day is imaged is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_prior_and_current
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, PlannedChange, random_stream
from calcwatch_lab.bench.truth.phantoms import (
    SHARP_DETECTOR,
    SOFT_DETECTOR,
    AnalyzedView,
    analyze_view,
    mammogram_of,
    with_view,
)

if TYPE_CHECKING:
    from calcwatch.phantom.truth import PhantomImage

_CHANGES = (
    PlannedChange.NO_SIGNIFICANT_CHANGE,
    PlannedChange.NEW,
    PlannedChange.INCREASED_IN_NUMBER,
    PlannedChange.INCREASED_IN_EXTENT,
    PlannedChange.INCREASED_IN_SIZE,
    PlannedChange.RESHAPED,
    PlannedChange.FEWER,
    PlannedChange.PARTIALLY_REMOVED,
    PlannedChange.GONE,
)  # planned in turn over the seeds
_SHAPES = (
    Morphology.FINE_PLEOMORPHIC,
    Morphology.PUNCTATE,
    Morphology.ROUND,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_LINEAR,
)  # of usual groups
_LARGE_SHAPES = (Morphology.ROUND, Morphology.COARSE_HETEROGENEOUS, Morphology.FINE_PLEOMORPHIC)
_LARGE_MM = (0.5, 0.9)  # of groups that grow in size, so that the earlier, smaller ones are seen as well
_PRIOR_SHAPES = (Morphology.ROUND, Morphology.PUNCTATE)  # of groups that change their shape
_CURRENT_SHAPES = (Morphology.FINE_LINEAR, Morphology.FINE_LINEAR_BRANCHING, Morphology.FINE_PLEOMORPHIC)
_LAYOUTS = (Distribution.GROUPED, Distribution.GROUPED, Distribution.SEGMENTAL, Distribution.LINEAR)
_LONG_LAYOUTS = (Distribution.SEGMENTAL, Distribution.LINEAR)  # of groups that grow in extent
_GROUPS_A_BREAST = 2
_MEMBERS = (12, 20)  # of a group
_FILM_EVERY = 6  # every sixth prior is a film
_BLURS = (((0.85, 0.055), (0.15, 0.25)), SOFT_DETECTOR, SHARP_DETECTOR)  # the first is usual
_EDGE_ENHANCEMENTS = (0.0, 0.3, 0.8)
_DENSITIES = (1.2, 1.8)  # plain: how faint ones are found is measured by the bench of detection
_DOSES = (0.5, 1.6)  # times the usual
_CURRENT_SPACINGS_MM, _PRIOR_SPACINGS_MM = (0.07, 0.1), (0.07, 0.1, 0.14)


@dataclass(frozen=True, eq=False)
class BreastOnTwoDays:
    """One phantom breast on two days, analyzed.

    Attributes:
        seed: Seed of the phantom.
        film: Whether the prior is a film.
        prior: Views of the prior examination.
        current: Views of the current one.

    """

    seed: int
    film: bool
    prior: tuple[AnalyzedView, ...]
    current: tuple[AnalyzedView, ...]


def analyze_two_days(
    seed: int, *, repositioning: float = 1.0, usual: PhantomSettings | None = None
) -> BreastOnTwoDays:
    """Make and analyze a breast on two days.

    Args:
        seed: Seed of the phantom.
        repositioning: How differently it is positioned, 1 being usual.
        usual: What is not drawn, such as the field; ``None``: as phantoms are.

    Returns:
        Both examinations with their truth.

    Raises:
        UnsuitableImage: An image cannot be analyzed.

    """
    current_settings, prior_settings = settings_of_two_days(seed, repositioning=repositioning, usual=usual)
    prior, current = make_prior_and_current(seed, settings=current_settings, prior_settings=prior_settings)
    return BreastOnTwoDays(
        seed,
        prior_settings.film,
        tuple(_analyze(image) for image in prior.images),
        tuple(_analyze(image) for image in current.images),
    )


def settings_of_two_days(
    seed: int, *, repositioning: float, usual: PhantomSettings | None = None
) -> tuple[PhantomSettings, PhantomSettings]:
    """Draw what both examinations of a seed are asked to be.

    Args:
        seed: Seed of the phantom.
        repositioning: How differently the breast is positioned.
        usual: What is not drawn; ``None``: as phantoms are.

    Returns:
        Settings of the current and of the prior examination.

    """
    rng = random_stream(seed, "changes")
    base = replace(
        usual or PhantomSettings(),
        lateralities=((Laterality.LEFT, Laterality.RIGHT)[seed // 2 % 2],),  # two neighbors are of one side
        groups=_plans(seed, rng),
        non_lesions=(),
        repositioning=repositioning,
    )
    # Drawn apart: the two days are imaged by two devices.
    current = _imaged(rng, base, _CURRENT_SPACINGS_MM)
    prior = _imaged(rng, base, _PRIOR_SPACINGS_MM)
    return current, replace(prior, film=seed % _FILM_EVERY == _FILM_EVERY - 1)


def _analyze(image: PhantomImage) -> AnalyzedView:
    mammogram = with_view(mammogram_of(image), image)
    description = replace(
        mammogram.description,
        sha256=f"{mammogram.description.sha256} {image.laterality} {image.study_date}",
        study_date=image.study_date,
    )
    return analyze_view(replace(mammogram, description=description), image)


def _imaged(
    rng: np.random.Generator, base: PhantomSettings, spacings_mm: tuple[float, ...]
) -> PhantomSettings:
    return replace(
        base,
        pixel_spacing_mm=spacings_mm[int(rng.integers(len(spacings_mm)))],
        relative_dose=float(rng.uniform(*_DOSES)),
        edge_enhancement=_EDGE_ENHANCEMENTS[int(rng.integers(len(_EDGE_ENHANCEMENTS)))],
        mtf=_BLURS[int(rng.integers(len(_BLURS)))],
    )


def _plans(seed: int, rng: np.random.Generator) -> tuple[GroupPlan, ...]:
    """Two groups, their changes in turn over the seeds, and a few single calcifications."""
    changes = [_CHANGES[(_GROUPS_A_BREAST * seed + n) % len(_CHANGES)] for n in range(_GROUPS_A_BREAST)]
    groups = [_plan(rng, change) for change in changes]
    return (*groups, GroupPlan(Morphology.ROUND, Distribution.SINGLE))


def _plan(rng: np.random.Generator, change: PlannedChange) -> GroupPlan:
    """A group that a radiologist would see, on both days where it is there."""
    shapes = {PlannedChange.INCREASED_IN_SIZE: _LARGE_SHAPES, PlannedChange.RESHAPED: _CURRENT_SHAPES}.get(
        change, _SHAPES
    )
    layouts = _LONG_LAYOUTS if change is PlannedChange.INCREASED_IN_EXTENT else _LAYOUTS
    return GroupPlan(
        shapes[int(rng.integers(len(shapes)))],
        layouts[int(rng.integers(len(layouts)))],
        count=int(rng.integers(*_MEMBERS, endpoint=True)),
        change=change,
        density=float(rng.uniform(*_DENSITIES)),
        diameter_mm=_LARGE_MM if change is PlannedChange.INCREASED_IN_SIZE else None,
        prior_morphology=_PRIOR_SHAPES[int(rng.integers(len(_PRIOR_SHAPES)))],
    )
