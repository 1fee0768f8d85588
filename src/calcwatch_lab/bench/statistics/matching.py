"""Which marks are calcifications: one to one, as many as possible, the most believable marks first.

The rule of HDoGReg (Marasinou et al., J Imaging Inform Med 2022): a mark hits a calcification when its center
lies within 0.35 mm of that one's center, or when their outlines overlap by 0.3 (intersection over union).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from calcwatch_lab.bench.statistics.overlap import overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point

HIT_MM = 0.35
"""Largest distance of two centers that is a hit."""

HIT_OVERLAP = 0.3
"""Smallest intersection over union that is a hit."""

NOBODY = -1
"""In place of a number: this mark hits nothing, this calcification is hit by nothing."""


@dataclass(frozen=True, eq=False)
class Places:
    """Things with a center (``points``, n x 2) and an outline (empty where unknown), in pixels."""

    points: NDArray[np.float64]
    outlines: tuple[tuple[Point, ...], ...]

    @classmethod
    def of(cls, items: Sequence[tuple[float, float, tuple[Point, ...]]]) -> Places:
        """Places from rows, columns and outlines; none give empty arrays."""
        points = np.array([(row, column) for row, column, _ in items], np.float64).reshape(-1, 2)
        return cls(points, tuple(outline for _, _, outline in items))

    def __len__(self) -> int:
        """Number of things."""
        return len(self.outlines)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a mark and a calcification that would be a hit; ``distance_px`` of their centers."""

    mark: NDArray[np.intp]
    truth: NDArray[np.intp]
    distance_px: NDArray[np.float64]


def possible_hits(marks: Places, truths: Places, *, spacing_mm: float) -> Pairs:
    """Every pair that is a hit by distance or by overlap, in the order of the marks."""
    found = {
        (mark, truth): _distance(marks, truths, mark, truth)
        for mark, truth in _near_pairs(marks, truths, _reach_px(spacing_mm))
    }
    for mark, truth in _boxes_that_meet(marks, truths):
        if (mark, truth) not in found and (
            overlap(marks.outlines[mark], truths.outlines[truth]) >= HIT_OVERLAP
        ):
            found[mark, truth] = _distance(marks, truths, mark, truth)
    ordered = sorted(found)
    return Pairs(
        np.array([mark for mark, _ in ordered], np.intp),
        np.array([truth for _, truth in ordered], np.intp),
        np.array([found[pair] for pair in ordered], np.float64),
    )


def assign(pairs: Pairs, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of the calcification each mark hits, ``NOBODY`` for the others; no calcification is hit twice.

    As many hits as possible, with the most believable marks (the Hungarian method on the marks' ranks), and
    among those the nearest. Since sets of marks that can be matched form a matroid, leaving out the marks
    below any threshold leaves as many hits as a new matching of the rest would find: match once, then sweep.
    """
    hit = np.full(len(scores), NOBODY, np.intp)
    if pairs.mark.size == 0:
        return hit
    marks, row = np.unique(pairs.mark, return_inverse=True)
    truths, column = np.unique(pairs.truth, return_inverse=True)
    worth = np.zeros((marks.size, truths.size))
    worth[row, column] = _ranks(scores[marks])[row] + _nearness(pairs.distance_px) / (marks.size + 1)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    real = worth[rows, columns] > 0
    hit[marks[rows[real]]] = truths[columns[real]]
    return hit


def within(points: NDArray[np.float64], region: Places, *, spacing_mm: float) -> NDArray[np.bool_]:
    """Which points lie inside one of the region's outlines or within the distance of a hit of its centers."""
    inside = np.zeros(len(points), bool)
    if len(points) and len(region.points):
        inside |= cKDTree(region.points).query(points)[0] <= _reach_px(spacing_mm)
    for outline in region.outlines:
        inside |= _in_polygon(points, outline)
    return inside


def _reach_px(spacing_mm: float) -> float:
    """Distance of a hit in pixels; what is exactly that far away is a hit, however numbers are rounded."""
    return HIT_MM / spacing_mm * (1 + 1e-9)


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for the least believable; equal scores, equal ranks."""
    return np.asarray(np.unique(scores, return_inverse=True)[1] + 1, np.float64)


def _nearness(distance_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 at no distance, toward 0 far away."""
    return 1 / (1 + distance_px)


def _distance(marks: Places, truths: Places, mark: int, truth: int) -> float:
    return float(np.hypot(*(marks.points[mark] - truths.points[truth])))


def _near_pairs(marks: Places, truths: Places, reach_px: float) -> list[tuple[int, int]]:
    if not len(marks) or not len(truths):
        return []
    near = cKDTree(truths.points).query_ball_point(marks.points, reach_px)
    return [(mark, int(truth)) for mark, found in enumerate(near) for truth in found]


def _boxes_that_meet(marks: Places, truths: Places) -> list[tuple[int, int]]:
    ours, theirs = _boxes(marks), _boxes(truths)
    apart = (ours[:, None, :2] > theirs[None, :, 2:]) | (theirs[None, :, :2] > ours[:, None, 2:])
    return [(int(mark), int(truth)) for mark, truth in np.argwhere(~apart.any(axis=2))]


def _boxes(places: Places) -> NDArray[np.float64]:
    """Smallest and largest row and column of each outline; without one, a box that meets no other."""
    boxes = np.empty((len(places), 4))
    boxes[:, :2], boxes[:, 2:] = np.inf, -np.inf
    for box, outline in zip(boxes, places.outlines, strict=True):
        if len(outline) >= 3:
            points = np.array(outline, np.float64)
            box[:2], box[2:] = points.min(axis=0), points.max(axis=0)
    return boxes


def _in_polygon(points: NDArray[np.float64], outline: Sequence[Point]) -> NDArray[np.bool_]:
    """Even-odd rule for many points at once."""
    inside = np.zeros(len(points), bool)
    row, column = points.T
    for (r1, c1), (r2, c2) in zip(outline, (*outline[1:], *outline[:1]), strict=True):
        if r1 != r2:
            crosses = (r1 > row) != (r2 > row)
            inside ^= crosses & (column < (c2 - c1) * (row - r1) / (r2 - r1) + c1)
    return inside
