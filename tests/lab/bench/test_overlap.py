"""Overlap of outlines, on squares whose areas are plain."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch_lab.bench.statistics.overlap import (
    area_px,
    cells,
    covered,
    intersection_over_union,
    overlap,
    steps_for,
)
from tests.lab.bench.by_hand import box


def test_overlap_of_two_squares() -> None:
    """Two squares of side 10 that share a half: 50 of 150."""
    assert overlap(box(20, 20, 5), box(20, 25, 5)) == pytest.approx(1 / 3, abs=0.01)
    assert overlap(box(20, 20, 5), box(20, 20, 5)) == 1.0
    assert overlap(box(20, 20, 5), box(20, 31, 5)) == 0.0


def test_a_speck_is_filled_to_a_few_percent() -> None:
    """A square of two pixels against one of four: a quarter, though no pixel is that small."""
    assert overlap(box(3.2, 5.7, 0.5), box(3.2, 5.7, 1.0)) == pytest.approx(0.25, abs=0.03)


def test_nothing_overlaps_with_an_empty_outline() -> None:
    """Fewer than three points enclose nothing, and two empty sets share nothing."""
    assert overlap((), box(2, 2)) == 0.0
    assert cells(((0.0, 0.0), (1.0, 1.0)), 4).size == 0
    assert intersection_over_union(np.zeros(0, np.int64), np.zeros(0, np.int64)) == 0.0
    assert covered([], 4).size == 0


def test_points_left_of_the_picture_are_other_points() -> None:
    """Cells at negative columns are not those at the end of the row before."""
    assert overlap(box(10, 0, 3), box(9, 0, 3)) == pytest.approx(30 / 42, abs=0.03)
    assert overlap(box(-5, -5, 2), box(5, 5, 2)) == 0.0


def test_covered_ground_counts_once() -> None:
    """Two outlines on the same ground cover it once."""
    assert covered([box(5, 5), box(5, 5)], 4).size == covered([box(5, 5)], 4).size


def test_the_area_of_a_square() -> None:
    """A square of side 4 has 16 pixels, nothing has none."""
    assert area_px(box(7, 9)) == 16.0
    assert area_px(()) == 0.0


def test_large_outlines_are_divided_less() -> None:
    """An outline of a thousand pixels is compared in two steps a pixel, a speck in sixteen."""
    assert steps_for(box(0, 0, 500)) == 2
    assert steps_for(box(0, 0, 1), ()) == 16
