"""One mark, one calcification: small cases with known answers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from calcwatch_lab.bench.statistics.matching import UNMATCHED, Places, match, possible_matches, within
from tests.lab.bench.by_hand import SPACING_MM, box


def specks(*points: tuple[float, float]) -> Places:
    """Points without outlines."""
    return Places.of([(row, column, ()) for row, column in points])


def test_a_hit_is_within_the_distance() -> None:
    """0.35 mm are three and a half pixels here: 3.5 is a hit, 3.6 is none."""
    marks, truths = specks((0, 3.5), (10, 13.6)), specks((0, 0), (10, 10))
    mark, truth, distance_px = possible_matches(marks, truths, spacing_mm=SPACING_MM)
    assert list(zip(mark, truth, strict=True)) == [(0, 0)]
    assert distance_px.tolist() == [3.5]


def test_an_overlap_is_a_hit_beyond_the_distance() -> None:
    """Outlines of 2 mm that overlap by more than 0.3 are a hit though the centers lie 0.9 mm apart."""
    truth = Places.of([(50.0, 50.0, box(50, 50, 10))])
    good = Places.of([(50.0, 59.0, box(50, 59, 10))])  # 11 of 29 columns are shared: 0.38
    bad = Places.of([(50.0, 62.0, box(50, 62, 10))])  # 8 of 32: 0.25
    assert possible_matches(good, truth, spacing_mm=SPACING_MM)[0].tolist() == [0]
    assert possible_matches(bad, truth, spacing_mm=SPACING_MM)[0].tolist() == []


def test_greedy_would_lose_a_hit() -> None:
    """The first mark lies nearest to the only calcification the second can hit; both hit all the same."""
    marks, truths = specks((0, 2), (0, 5)), specks((0, 0), (0, 3))
    hit = match(possible_matches(marks, truths, spacing_mm=SPACING_MM), np.array([0.9, 0.8]))
    assert hit.tolist() == [0, 1]


def test_the_more_believable_mark_is_the_hit() -> None:
    """Of two marks on one calcification the better scored hits, though the other lies nearer."""
    hit = match(
        possible_matches(specks((0, 0), (0, 3)), specks((0, 0.5)), spacing_mm=SPACING_MM),
        np.array([0.3, 0.9]),
    )
    assert hit.tolist() == [UNMATCHED, 0]


def test_of_equal_marks_the_nearest_hits() -> None:
    """With equal scores the distance decides, whatever the order."""
    for order in ([0, 1], [1, 0]):
        points = [[(0.0, 1.0), (0.0, 3.0)][i] for i in order]
        hit = match(possible_matches(specks(*points), specks((0, 0)), spacing_mm=SPACING_MM), np.full(2, 0.5))
        assert points[hit.tolist().index(0)] == (0.0, 1.0)


def test_nothing_matches_nothing() -> None:
    """No marks or no calcifications give no hits."""
    assert match(possible_matches(specks(), specks((0, 0)), spacing_mm=SPACING_MM), np.zeros(0)).size == 0
    assert match(possible_matches(specks((0, 0)), specks(), spacing_mm=SPACING_MM), np.ones(1)).tolist() == [
        UNMATCHED
    ]


@given(
    edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=24),
    scores=st.lists(st.integers(1, 5), min_size=8, max_size=8),
    threshold=st.integers(1, 5),
)
def test_matching_once_is_matching_at_every_threshold(
    edges: list[tuple[int, int]], scores: list[int], threshold: int
) -> None:
    """Leaving out weak marks leaves as many hits as the largest matching of the others has."""
    pairs = np.array(sorted(set(edges)), np.intp).reshape(-1, 2)
    believed = np.array(scores, np.float64)
    hit = match((pairs[:, 0], pairs[:, 1], np.ones(len(pairs))), believed)
    strong = pairs[believed[pairs[:, 0]] >= threshold]
    graph = csr_array((np.ones(len(strong)), (strong[:, 0], strong[:, 1])), shape=(8, 6))
    largest = int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())
    assert int(((hit != UNMATCHED) & (believed >= threshold)).sum()) == largest


def test_within_a_region_or_near_its_center() -> None:
    """A point counts inside an outline that is not convex, or within 0.35 mm of a center."""
    bent = ((0.0, 0.0), (0.0, 30.0), (30.0, 30.0), (30.0, 20.0), (10.0, 20.0), (10.0, 0.0))
    region = Places(np.array([[100.0, 100.0]]), (bent,))
    points = np.array([[5, 5], [20, 5], [20, 25], [100, 103], [100, 104]], np.float64)
    assert within(points, region, spacing_mm=SPACING_MM).tolist() == [True, False, True, True, False]
    assert within(points, Places(np.zeros((0, 2)), ()), spacing_mm=SPACING_MM).any() == np.False_
