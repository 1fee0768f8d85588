"""Single calcifications into groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcwatch.image.describe.group import Grouped, group, group_score


def grouped(
    points: list[tuple[float, float]], *, distance: float = 10, least: int = 3
) -> tuple[Grouped, ...]:
    """Group points of falling belief and even evidence."""
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    belief = np.linspace(0.9, 0.6, len(points))
    return group(array, belief, np.full(len(points), 40.0), distance_px=distance, min_count=least)


def test_points_in_reach_of_each_other_are_a_group() -> None:
    """A chain holds together link by link; a lone point and a pair stay out."""
    (found,) = grouped([(0, 0), (0, 9), (0, 18), (100, 100), (200, 200), (200, 205)])
    assert found.members == (0, 1, 2)
    assert (found.row, found.column) == pytest.approx((0, 9), abs=1e-3)
    assert found.radius_px == pytest.approx(9, abs=1e-2)
    assert found.score == pytest.approx((0.5 + 0.9 * 0.84 * 0.78) / 2)


def test_a_gap_wider_than_the_distance_parts_groups() -> None:
    """Two clouds eleven pixels apart are two groups."""
    assert len(grouped([(0, 0), (0, 3), (3, 0), (0, 14.5), (0, 17), (3, 15)])) == 2


def test_the_outline_holds_every_member() -> None:
    """The hull runs round the members with a margin."""
    points = [(0.0, 0.0), (0.0, 8.0), (7.0, 3.0)]
    (found,) = grouped(points)
    outline = np.array(found.outline)
    assert outline[:, 0].min() < -0.9
    assert outline[:, 1].max() > 8.9
    assert len(outline) >= 6


def test_the_order_of_points_does_not_matter() -> None:
    """The same groups come out, with the members' own numbers."""
    points = [(0.0, 0.0), (2.0, 5.0), (6.0, 1.0), (50.0, 50.0), (52.0, 55.0), (56.0, 51.0)]
    array, belief, evidence = np.array(points), np.linspace(0.9, 0.6, 6), np.linspace(60, 30, 6)
    order = np.array([4, 0, 5, 2, 1, 3])
    plain = group(array, belief, evidence, distance_px=10, min_count=3)
    mixed = group(array[order], belief[order], evidence[order], distance_px=10, min_count=3)
    assert [g.members for g in plain] == [tuple(int(order[i]) for i in g.members) for g in mixed]
    assert [g.score for g in plain] == pytest.approx([g.score for g in mixed])


def test_more_evidence_is_more_belief() -> None:
    """Groups come most believable first, and belief lies between 0 and 1."""
    points = np.array([(0.0, i) for i in range(3)] + [(100.0, i) for i in range(3)])
    evidence = np.array([20.0] * 3 + [70.0] * 3)
    first, second = group(points, np.full(6, 0.8), evidence, distance_px=5, min_count=3)
    assert first.members == (3, 4, 5)
    assert 0 < second.score < 0.5 < first.score < 1


@pytest.mark.parametrize("points", [[], [(0.0, 0.0)], [(0.0, 0.0), (1.0, 1.0)]])
def test_too_few_points_are_no_group(points: list[tuple[float, float]]) -> None:
    """Nothing, one and two points give no groups."""
    assert grouped(points) == ()


def test_two_points_are_a_group_where_two_are_enough() -> None:
    """The least number is a setting; the circle of two points has their distance as diameter."""
    (found,) = grouped([(0, 0), (3, 4)], least=2)
    assert found.radius_px == pytest.approx(2.5, abs=1e-2)
    assert math.hypot(found.row - 1.5, found.column - 2) < 1e-2


def test_plain_specks_that_lie_loosely_are_a_believable_group() -> None:
    """Five certain specks without a near neighbor are as likely a group as not, or more."""
    assert group_score(np.full(5, 1.0), np.full(5, 15.0)) >= 0.5


def test_three_of_the_members_must_be_real() -> None:
    """Against every outcome counted one by one."""
    beliefs = np.array([0.9, 0.5, 0.3, 0.8])
    real = 0.0
    for outcome in np.ndindex(2, 2, 2, 2):
        chance = np.prod(np.where(np.array(outcome) == 1, beliefs, 1 - beliefs))
        real += float(chance) if sum(outcome) >= 3 else 0.0
    assert group_score(beliefs, np.full(4, 40.0)) == pytest.approx((real + 0.5) / 2)


def test_a_scatter_is_one_group_and_as_likely_as_three_of_it() -> None:
    """Twenty loose specks over the breast make one group; without the breast's area they make none."""
    points = np.stack(np.meshgrid(np.arange(5) * 18.0, np.arange(4) * 18.0), axis=2).reshape(-1, 2)
    belief = np.full(20, 0.8)
    (found,) = group(points, belief, None, distance_px=5, min_count=3, breast_area_px=9000.0)
    assert len(found.members) == 20
    assert 0.8 < found.score <= 1
    assert group(points, belief, None, distance_px=5, min_count=3) == ()
