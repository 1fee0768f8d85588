"""What the bench of pairs says of phantoms."""

from __future__ import annotations

import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch_lab.bench.description import pairs
from calcwatch_lab.bench.description.pairs import PairFigures, fit, judge, look_at, main
from tests.exam.two_views import a_group, a_view


def drawn() -> tuple[pairs.View, pairs.View]:
    """Two groups on each view; the first of both is the same, the others are not."""
    above = a_view(ViewPosition.CC, a_group("a", 60, 5), a_group("b", 20, 5))
    aside = a_view(ViewPosition.MLO, a_group("c", 60, 5), a_group("d", 20, 5))
    one, two, three = frozenset({"1"}), frozenset({"2"}), frozenset({"3"})
    return pairs.View(above, (one, two), one | two, 1.0), pairs.View(aside, (one, three), one | three, 2.0)


def test_right_and_false_pairs_are_counted() -> None:
    """Of two stated pairs one holds the same true group and one does not."""
    assert judge(*drawn()) == PairFigures(both=1, right=1, stated=2, false=1)


def test_figures_add_up_and_read_as_a_line() -> None:
    """Counts add; the words give counts and shares."""
    both = PairFigures(10, 9, 10, 1) + PairFigures(10, 10, 10, 0)
    assert both.words() == "paired right 19 of 20 (95.0%), false 1 of 20 pairs (5.0%)"


def test_a_fit_gives_a_base_and_a_weight_for_each_difference() -> None:
    """No weight speaks for groups because they differ."""
    weights = fit([drawn()])
    assert weights.shape == (6,)
    assert np.all(weights[1:] <= 0)


def test_a_phantom_is_looked_at_with_its_truth() -> None:
    """A single group of a phantom is found on both views, and the pair is right."""
    figures = judge(*look_at(9101 + 1, spacing_mm=0.14))
    assert figures.both == figures.right == 1


def test_the_command_prints_pairs_and_nipples() -> None:
    """One line for all, one for each kind of scene, one for the nipple on each view."""
    lines = main(["--count", "1", "--first-seed", "9102", "--spacing-mm", "0.14"]).splitlines()
    assert lines[0].startswith("all: paired right")
    assert [line.split(":")[0] for line in lines[-2:]] == ["nipple on CC", "nipple on MLO"]
