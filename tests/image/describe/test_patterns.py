"""Fragments of a wide pattern into one group."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.image.describe.patterns import (
    deviation_from_line,
    hull_area,
    join_fragments,
    linked,
    spacing_of,
)

REACH = 5.0
BREAST = 130.0 * 90.0


def joined(points: NDArray[np.float64], breast: float | None = BREAST) -> list[set[int]]:
    """Members of each group of points in mm that are all certain."""
    fragments = [part for part in linked(points, REACH) if part.size >= 3]
    found = join_fragments(points, np.ones(len(points)), fragments, distance_px=REACH, breast_area_px=breast)
    return sorted((set(members.tolist()) for members, _ in found), key=len, reverse=True)


def spread_over(height: float, width: float, count: int, seed: int = 1) -> NDArray[np.float64]:
    """Points at random in a rectangle, at least 2 mm apart."""
    rng = np.random.default_rng(seed)
    kept = [rng.uniform(0, 1, 2) * (height, width)]
    while len(kept) < count:
        point = rng.uniform(0, 1, 2) * (height, width)
        if np.hypot(*(np.array(kept) - point).T).min() >= 2.0:
            kept.append(point)
    return np.array(kept)


def test_a_scatter_over_the_breast_is_one_group() -> None:
    """Forty calcifications spread over the breast are one finding, linked or not."""
    points = spread_over(110, 80, 40)
    assert len([part for part in linked(points, REACH) if part.size >= 3]) != 1
    assert joined(points) == [set(range(40))]


def test_a_tight_group_in_a_scatter_stays_a_group() -> None:
    """Eight specks within 4 mm are what matters; the scatter round them is another group."""
    scatter = spread_over(110, 80, 40)
    scatter = scatter[np.hypot(*(scatter - (50, 40)).T) > 12]
    tight = np.array([(50, 40), (51, 41), (52, 40), (50, 42), (53, 42), (51, 43), (52, 44), (54, 41)], float)
    wide, narrow = joined(np.concatenate([scatter, tight]))
    assert wide == set(range(len(scatter)))
    assert narrow == set(range(len(scatter), len(scatter) + 8))


def test_a_scatter_is_told_only_where_the_breast_is_known() -> None:
    """Without the area of the breast nobody can say that most of it is meant."""
    points = spread_over(110, 80, 18)
    assert joined(points) == [set(range(18))]
    assert all(len(members) < 18 for members in joined(points, None))


def test_fragments_of_a_region_are_joined() -> None:
    """Twenty-five specks in 36 mm that fall apart at 5 mm are one region, and far ones stay out."""
    region = spread_over(34, 34, 25, seed=3)
    points = np.concatenate([region, [(90.0, 70.0), (70.0, 80.0)]])
    assert len([part for part in linked(region, REACH) if part.size >= 3]) > 1
    assert joined(points) == [set(range(25))]


def test_two_tight_groups_side_by_side_are_no_region() -> None:
    """Groups of five and more within 1 cm stay two, though they lie 8 mm apart."""
    region = spread_over(9, 9, 9, seed=5)
    assert [len(members) for members in joined(np.concatenate([region, region + np.array([0.0, 17.0])]))] == [
        9,
        9,
    ]


def test_a_line_with_gaps_is_one_group() -> None:
    """Eight specks along a gentle arc with two gaps of 8 mm are one line."""
    along = np.array([0, 3, 6, 14, 17, 20, 28, 31.0])
    points = np.stack([along, 20 + 0.004 * along**2], axis=1)
    assert joined(points) == [set(range(8))]


def test_doubtful_points_are_no_reason_to_join() -> None:
    """The same scatter of doubtful points stays in fragments."""
    points = spread_over(110, 80, 40)
    fragments = [part for part in linked(points, REACH) if part.size >= 3]
    found = join_fragments(points, np.full(40, 0.4), fragments, distance_px=REACH, breast_area_px=BREAST)
    assert [set(members) for members, _ in found] == [set(part) for part in fragments]


def test_a_handful_of_loose_points_is_nothing() -> None:
    """Ten specks far from each other make no group."""
    points = np.stack(np.meshgrid([0.0, 50.0], [0.0, 20.0, 40.0, 60.0, 80.0]), axis=2).reshape(-1, 2)
    assert joined(points) == []


def test_points_are_linked_step_by_step() -> None:
    """A chain is one set, a lone point a set of its own, no points no sets."""
    sets = linked(np.array([(0.0, 0.0), (0.0, 4.0), (0.0, 8.0), (9.0, 9.0)]), 5.0)
    assert [part.tolist() for part in sets] == [[0, 1, 2], [3]]
    assert linked(np.zeros((0, 2)), 5.0) == []


def test_spacing_hull_and_line_of_points_drawn_by_hand() -> None:
    """Third neighbors, a square's area, and the deviation of points beside a parabola."""
    square = np.array([(0.0, 0.0), (0.0, 2.0), (2.0, 0.0), (2.0, 2.0)])
    assert spacing_of(square, 3) == pytest.approx(np.full(4, 8**0.5))
    assert spacing_of(square[:1], 3).size == 0
    assert hull_area(square) == pytest.approx(4.0)
    assert hull_area(square[:2]) == 0.0
    t = np.linspace(-10, 10, 9)
    length, deviation = deviation_from_line(np.stack([t, 0.01 * t**2], axis=1))
    assert (length, deviation) == pytest.approx((20.0, 0.0), abs=1e-6)
    assert deviation_from_line(square)[1] > 0.5
    assert deviation_from_line(square[:1]) == (0.0, 0.0)
