"""What the bench of pairs says of phantoms."""

from __future__ import annotations

from calcwatch.domain.image import ViewPosition
from calcwatch_lab.bench.description.pairs import (
    PairCounts,
    analyze_two_views,
    count_pairs,
    count_pairs_of,
    nipple_error_mm,
    report_pairs,
)
from calcwatch_lab.seeds import VIEW_PAIRS_CHOICE
from tests.exam.two_views import a_group, a_view


def test_right_and_false_pairs_are_counted() -> None:
    """Of two stated pairs one holds the same true group and one does not."""
    first = a_view(ViewPosition.CC, a_group("a", 60, 5), a_group("b", 20, 5))
    second = a_view(ViewPosition.MLO, a_group("c", 60, 5), a_group("d", 20, 5))
    held = ({"1": 1.0}, {"2": 1.0}), ({"1": 1.0}, {"3": 1.0})
    counts = count_pairs(first, second, *held, {"1", "2", "3"})
    assert counts == PairCounts(both=1, right=1, stated=2, false=1)


def test_what_is_mostly_another_group_is_not_found_twice() -> None:
    """A group that was run together with a larger one is none of the found ones; nor is what is no group."""
    first = a_view(ViewPosition.CC, a_group("a", 60, 5))
    second = a_view(ViewPosition.MLO, a_group("c", 60, 5))
    merged = ({"1": 0.6, "2": 0.4},)
    assert count_pairs(first, second, merged, ({"2": 1.0},), {"1", "2"}).both == 0
    assert count_pairs(first, second, merged, ({"1": 1.0},), {"1", "2"}).both == 1
    assert count_pairs(first, second, ({"clip": 1.0},), ({"clip": 1.0},), {"1", "2"}).both == 0


def test_figures_add_up_and_read_as_a_line() -> None:
    """Counts add; the words give counts and shares."""
    both = PairCounts(10, 9, 10, 1) + PairCounts(10, 10, 10, 0)
    assert both.words() == "paired right 19 of 20 (95.0%), false 1 of 20 pairs (5.0%)"


def test_a_phantom_is_analyzed_with_its_truth() -> None:
    """A single group of a phantom is found on both views, and the pair is right; the nipple is near."""
    views = analyze_two_views(VIEW_PAIRS_CHOICE.seeds[2], spacing_mm=0.14)
    counts = count_pairs_of(*views)
    assert counts.both == counts.right == 1
    assert all((nipple_error_mm(view) or 99.0) < 15.0 for view in views)


def test_the_report_has_a_line_for_each_scene_and_view() -> None:
    """One line for all, one for each kind of scene, one for the nipple on each view."""
    lines = report_pairs((0, 1), (PairCounts(1, 1, 1, 0), PairCounts()), ((1.0, 2.0), (None, 4.0)))
    assert lines[0].startswith("all: paired right 1 of 1")
    assert lines[1].startswith("as drawn: paired right 1 of 1")
    assert lines[-2].startswith("nipple on CC: found in 1 of 2, median error 1.0 mm")
    assert lines[-1].startswith("nipple on MLO: found in 2 of 2, median error 3.0 mm")
