"""Which marks match which calcifications: one to one, as many as possible, the highest scores first.

The rule of HDoGReg (Marasinou et al., J Imaging Inform Med 2022): a mark matches a calcification when its
center lies within 0.35 mm of that one's center, or when their outlines overlap by 0.3 (intersection over
union). Points are (row, column) in pixels of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from calcwatch_lab.bench.statistics.overlap import overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point

MATCH_MM = 0.35
"""Largest distance of two centers that match (HDoGReg)."""

MATCH_OVERLAP = 0.3
"""Smallest intersection over union of two outlines that match (HDoGReg)."""

UNMATCHED = -1
"""In place of a number: this mark matches nothing."""


class MarkClass(IntEnum):
    """What a mark or group is, held against the truth. All but ``MATCHED`` and ``IGNORED`` are false.

    Attributes:
        FALSE_POSITIVE: On nothing.
        MATCHED: On a true finding, the only one of its marks that counts.
        DUPLICATE: On a calcification that another mark matched already.
        LOOKALIKE: On something bright that is no calcification.
        IGNORED: Where nobody can say what is right.

    """

    FALSE_POSITIVE = 0
    MATCHED = 1
    DUPLICATE = 2
    LOOKALIKE = 3
    IGNORED = 4


@dataclass(frozen=True, eq=False)
class ScoredMarks:
    """Marks or groups of one image, held against the truth.

    Attributes:
        scores: Score of each.
        mark_class: What each is, of ``MarkClass``.
        true_scores: Score of what matches each true finding, -1 where nothing does.

    """

    scores: NDArray[np.float64]
    mark_class: NDArray[np.int8]
    true_scores: NDArray[np.float64]

    @property
    def false_scores(self) -> NDArray[np.float64]:
        """Scores of the false ones."""
        is_false = (self.mark_class != MarkClass.MATCHED) & (self.mark_class != MarkClass.IGNORED)
        return np.asarray(self.scores[is_false])


@dataclass(frozen=True, eq=False)
class Places:
    """Where things lie, in pixels.

    Attributes:
        points: Their centers, n x 2 (row, column).
        outlines: A closed polygon each; empty where unknown.

    """

    points: NDArray[np.float64]
    outlines: tuple[tuple[Point, ...], ...]

    @classmethod
    def of(cls, items: Sequence[tuple[float, float, tuple[Point, ...]]]) -> Places:
        """Collect places.

        Args:
            items: Row, column and outline of each.

        Returns:
            Their places; empty arrays of none.

        """
        points = np.array([(row, column) for row, column, _ in items], np.float64).reshape(-1, 2)
        return cls(points, tuple(outline for _, _, outline in items))

    def __len__(self) -> int:
        """Number of things."""
        return len(self.outlines)


MarkPairs = tuple["NDArray[np.intp]", "NDArray[np.intp]", "NDArray[np.float64]"]
"""Pairs that match by the rule: number of the mark, of the calcification, and the distance of their centers
in pixels.
"""


def possible_matches(marks: Places, truths: Places, *, spacing_mm: float) -> MarkPairs:
    """Find every pair of a mark and a calcification that match by distance or by overlap.

    Args:
        marks: Where marks lie.
        truths: Where calcifications truly lie.
        spacing_mm: Distance of two pixels.

    Returns:
        The pairs in the order of the marks; empty arrays of none.

    """
    near: set[tuple[int, int]] = set()
    if len(marks) and len(truths):
        reached = cKDTree(truths.points).query_ball_point(marks.points, _reach_px(spacing_mm))
        near = {(mark, int(truth)) for mark, own in enumerate(reached) for truth in own}
    overlapping = {
        (mark, truth)
        for mark, truth in _boxes_that_meet(marks, truths)
        # Overlap is slow to compute and only asked where distance has not decided.
        if (mark, truth) not in near
        and overlap(marks.outlines[mark], truths.outlines[truth]) >= MATCH_OVERLAP
    }
    # Sets have no order; the assignment has to be the same on every run.
    ordered = sorted(near | overlapping)
    distances = [float(np.hypot(*(marks.points[mark] - truths.points[truth]))) for mark, truth in ordered]
    return (
        np.array([mark for mark, _ in ordered], np.intp),
        np.array([truth for _, truth in ordered], np.intp),
        np.array(distances, np.float64),
    )


def match(pairs: MarkPairs, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Choose among possible matches, so that no calcification is matched twice.

    As many as possible, with the highest scores (the Hungarian method on the marks' ranks), and among those
    the nearest. Since sets of marks that can be matched form a matroid, leaving out the marks below any
    threshold leaves as many matches as a new matching of the rest would find: match once, then sweep.

    Args:
        pairs: Possible matches.
        scores: Score of each mark.

    Returns:
        Number of the calcification that each mark matches, ``UNMATCHED`` for the others.

    """
    matched = np.full(len(scores), UNMATCHED, np.intp)
    mark, truth, distance_px = pairs
    if mark.size == 0:
        return matched
    marks, row = np.unique(mark, return_inverse=True)
    truths, column = np.unique(truth, return_inverse=True)
    ranks = np.unique(scores[marks], return_inverse=True)[1] + 1  # equal scores, equal ranks
    nearness = 1 / (1 + distance_px)
    worth = np.zeros((marks.size, truths.size))
    worth[row, column] = ranks[row] + nearness / (marks.size + 1)  # distances never outweigh a rank
    rows, columns = linear_sum_assignment(worth, maximize=True)
    # The assignment also pairs what cannot match, at no worth; those are no matches.
    real = worth[rows, columns] > 0
    matched[marks[rows[real]]] = truths[columns[real]]
    return matched


def within(points: NDArray[np.float64], region: Places, *, spacing_mm: float) -> NDArray[np.bool_]:
    """Tell which points lie in a region.

    Args:
        points: n x 2 (row, column).
        region: Outlines and centers.
        spacing_mm: Distance of two pixels.

    Returns:
        Whether each lies inside one of the outlines, or as near to one of the centers as a match.

    """
    inside = np.zeros(len(points), bool)
    if len(points) and len(region.points):
        inside |= cKDTree(region.points).query(points)[0] <= _reach_px(spacing_mm)
    for outline in region.outlines:
        inside |= _in_polygon(points, outline)
    return inside


def _reach_px(spacing_mm: float) -> float:
    """Distance of a match in pixels; what is exactly that far away matches, however numbers are rounded."""
    return MATCH_MM / spacing_mm * (1 + 1e-9)


def _boxes_that_meet(marks: Places, truths: Places) -> list[tuple[int, int]]:
    own, true = _boxes(marks), _boxes(truths)
    apart = (own[:, None, :2] > true[None, :, 2:]) | (true[None, :, :2] > own[:, None, 2:])
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
