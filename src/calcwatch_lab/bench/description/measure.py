"""``calcwatch-lab bench describe``: every figure of description and suspicion in one run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch_lab.bench.description.distribution import measure_distributions
from calcwatch_lab.bench.description.morphology import TELLABLE_SHAPES, measure_shapes
from calcwatch_lab.bench.description.pairs import PairCounts, measure_pairs
from calcwatch_lab.bench.statistics.confusion import Confusion, confusion

if TYPE_CHECKING:
    from collections.abc import Callable

SPACINGS_MM = (0.07, 0.14)
"""Pixel spacings that phantoms are made with: a usual detector, and film or a coarse one."""


@dataclass(frozen=True, eq=False)
class SpacingFigures:
    """Figures of phantoms at one pixel spacing.

    Attributes:
        spacing_mm: Distance of two pixels.
        confusions: Confusion matrices by the name they have among the figures.
        missed: Number of planned groups or loose calcifications of which nothing was found.
        pairs: The same group on two views.

    """

    spacing_mm: float
    confusions: dict[str, Confusion]
    missed: int
    pairs: PairCounts


def measure_spacing(
    spacing_mm: float,
    *,
    shapes: int,
    distributions: int,
    pairs: int,
    workers: int | None,
    on_done: Callable[[str, int, int], None],
) -> SpacingFigures:
    """Measure descriptions of phantoms at one pixel spacing.

    Args:
        spacing_mm: Distance of two pixels.
        shapes: Number of phantoms for morphology.
        distributions: Number of phantoms for distribution.
        pairs: Number of phantoms of two views.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with what is measured, how many are done and how many there are.

    Returns:
        The figures.

    Raises:
        TaskFailed: A phantom cannot be analyzed.

    """
    at = f"at {spacing_mm:g} mm"
    of_shapes = measure_shapes(shapes, spacing_mm, workers=workers, on_done=partial(on_done, f"shapes {at}"))
    layouts = measure_distributions(
        distributions, spacing_mm, workers=workers, on_done=partial(on_done, f"distributions {at}")
    )
    findings, missed = layouts["planned"], layouts["missed"]
    return SpacingFigures(
        spacing_mm=spacing_mm,
        confusions={
            "shapes_of_groups": confusion(of_shapes["groups"], TELLABLE_SHAPES),
            "shapes_of_calcifications": confusion(of_shapes["calcifications"], TELLABLE_SHAPES),
            "shapes_of_planned": confusion(of_shapes["planned"], TELLABLE_SHAPES),
            "distributions": confusion(findings, DISTRIBUTION_CLASSES),
            "distributions_of_found_groups": confusion(layouts["found"], DISTRIBUTION_CLASSES),
            # Here groups of which nothing was grouped count as wrong instead of being left out.
            "distributions_with_missed": confusion((*findings, *missed), DISTRIBUTION_CLASSES),
        },
        missed=len(of_shapes["missed"]),
        pairs=measure_pairs(
            pairs, spacing_mm, workers=workers, on_done=partial(on_done, f"pairs of views {at}")
        ),
    )
