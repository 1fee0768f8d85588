"""How well the outlines of calcifications are drawn: overlap an object, and of all of them an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch_lab.bench.statistics.matching import NOBODY, Places, assign, possible_hits
from calcwatch_lab.bench.statistics.overlap import area_px, covered, overlap, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import Calcification
    from calcwatch_lab.bench.truth.truth import Truth

_SMALLEST_PX = 1.0
_FOREGROUND_STEPS = 4


@dataclass(frozen=True, eq=False)
class OutlineFigures:
    """Intersection over union, one a true calcification of more than a pixel; 0 where it was not found.

    ``hit``: whether it was found. ``foreground``: of everything in the image, ``nan`` where nothing is true.
    """

    overlap: NDArray[np.float64]
    hit: NDArray[np.bool_]
    foreground: float


def judge_outlines(found: Sequence[Calcification], truth: Truth, *, spacing_mm: float) -> OutlineFigures:
    """Compare the outlines of what is reported with the true ones; matched as in :mod:`matching`."""
    marks = Places.of([(mark.row, mark.column, mark.outline) for mark in found])
    truths = Places.of([(one.row, one.column, one.outline) for one in truth.calcifications])
    scores = np.array([mark.score for mark in found], np.float64)
    number = assign(possible_hits(marks, truths, spacing_mm=spacing_mm), scores)
    drawn = {int(n): found[mark].outline for mark, n in enumerate(number) if n != NOBODY}
    known = [n for n, one in enumerate(truth.calcifications) if area_px(one.outline) > _SMALLEST_PX]
    return OutlineFigures(
        np.array([overlap(truths.outlines[n], drawn.get(n, ())) for n in known], np.float64),
        np.array([n in drawn for n in known], bool),
        _foreground(marks, truths),
    )


def _foreground(marks: Places, truths: Places) -> float:
    if not any(truths.outlines):
        return float("nan")
    return share(covered(marks.outlines, _FOREGROUND_STEPS), covered(truths.outlines, _FOREGROUND_STEPS))
