"""``calcwatch-lab bench describe``: every figure of description and suspicion in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.models.learned import description_hash
from calcwatch_lab.bench.description import pairs
from calcwatch_lab.bench.description.descriptions import TOLD_SHAPES, measure_shapes
from calcwatch_lab.bench.description.distributions import measure_distributions
from calcwatch_lab.bench.description.rated import RatedImage, rate_images
from calcwatch_lab.bench.statistics.confusion import Confusion, confusion

SPACINGS_MM = (0.07, 0.14)
"""Pixel spacings that phantoms are made with."""


@dataclass(frozen=True)
class DescribeOptions:
    """What is measured: numbers of phantoms, and a folder of rated images with its table, if any."""

    shapes: int
    distributions: int
    pairs: int
    rated: Path | None
    table: Path | None
    leave_out: frozenset[str]
    workers: int | None


@dataclass(frozen=True, eq=False)
class AtSpacing:
    """Figures of phantoms at one pixel spacing; ``missed``: planned ones of which nothing was found."""

    spacing_mm: float
    groups: Confusion
    each: Confusion
    planned: Confusion
    missed: int
    distributions: Confusion
    fragments: Confusion
    distributions_with_missed: Confusion
    pairs: pairs.PairFigures


@dataclass(frozen=True, eq=False)
class DescribedEvidence:
    """Everything one run measured."""

    at: tuple[AtSpacing, ...]
    rated: tuple[RatedImage, ...]
    model_hash: str


def measure_descriptions(
    options: DescribeOptions, on_done: Callable[[str, int, int], None]
) -> DescribedEvidence:
    """Run everything; ``on_done`` is told what, how many are done and how many there are."""
    at = tuple(_at(spacing, options, on_done) for spacing in SPACINGS_MM)
    rated: Sequence[RatedImage] = ()
    if options.rated is not None:
        rated = rate_images(
            options.rated,
            table=options.table,
            leave_out=options.leave_out,
            workers=options.workers,
            on_done=lambda done, total: on_done("rated images", done, total),
        )
    return DescribedEvidence(at, tuple(rated), description_hash())


def _at(spacing_mm: float, options: DescribeOptions, on_done: Callable[[str, int, int], None]) -> AtSpacing:
    def told(what: str) -> Callable[[int, int], None]:
        return lambda done, total: on_done(f"{what} at {spacing_mm:g} mm", done, total)

    workers = options.workers
    shapes = measure_shapes(options.shapes, spacing_mm, workers=workers, on_done=told("shapes"))
    layouts = measure_distributions(
        options.distributions, spacing_mm, workers=workers, on_done=told("distributions")
    )
    return AtSpacing(
        spacing_mm=spacing_mm,
        groups=confusion(shapes.groups, TOLD_SHAPES),
        each=confusion(shapes.each, TOLD_SHAPES),
        planned=confusion(shapes.planned, TOLD_SHAPES),
        missed=shapes.missed,
        distributions=confusion(layouts.findings, DISTRIBUTION_CLASSES),
        fragments=confusion(layouts.fragments, DISTRIBUTION_CLASSES),
        distributions_with_missed=confusion((*layouts.findings, *layouts.missed), DISTRIBUTION_CLASSES),
        pairs=pairs.measure_pairs(options.pairs, spacing_mm, workers=workers, on_done=told("pairs of views")),
    )
