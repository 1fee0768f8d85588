"""The list of the worst, on marks written by hand."""

from __future__ import annotations

import numpy as np

from calcwatch_lab.bench.detection.worst import (
    MOST,
    WORST_COLUMNS,
    Odd,
    odd_answer,
    odd_marks,
    odd_misses,
    worst_of,
    worst_table,
)
from calcwatch_lab.bench.statistics.fate import Fate, Swept
from calcwatch_lab.bench.truth.truth import Truth
from tests.lab.bench.by_hand import mark, true


def test_false_marks_are_told_by_what_they_lie_on() -> None:
    """A hit is no false mark; the others come by kind, the highest first."""
    found = [mark(1, 1, 0.9), mark(2, 2, 0.3), mark(3, 3, 0.8), mark(4, 4, 0.7), mark(5, 5, 0.6)]
    fate = [Fate.HIT, Fate.FALSE, Fate.FALSE, Fate.AGAIN, Fate.LOOKALIKE]
    swept = Swept(np.array([one.score for one in found]), np.array(fate, np.int8), np.zeros(0))
    assert [(odd.what, odd.row, odd.score) for odd in odd_marks(found, swept)] == [
        ("false mark", 3, 0.8),
        ("false mark", 2, 0.3),
        ("second mark", 4, 0.7),
        ("mark on a look-alike", 5, 0.6),
    ]


def test_the_plainest_miss_comes_first() -> None:
    """Of three calcifications two are not reported; the one best to be seen is first."""
    truth = Truth(calcifications=(true(1, 1, 8), true(2, 2, 30), true(3, 3, 90)))
    told = Swept(np.zeros(0), np.zeros(0, np.int8), np.array([-1, -1, 0.7]))
    assert [(odd.row, odd.detectability) for odd in odd_misses(truth, told)] == [(2, 30), (1, 8)]


def test_labels_have_their_own_mistakes() -> None:
    """Marks where there is nothing, and nothing where there is something; else nothing is odd."""
    marks = [mark(1, 1, 0.6), mark(2, 2, 0.9)]
    assert [odd.score for odd in odd_answer(marks, 0.9, Truth(positive=False))] == [0.9, 0.6]
    (silent,) = odd_answer([], 0.3, Truth(positive=True))
    assert (silent.what, silent.score) == ("image without a mark", 0.3)
    assert list(odd_answer(marks, 0.9, Truth(positive=True))) == []
    assert list(odd_answer([], 0.3, Truth(positive=False))) == []
    assert list(odd_answer(marks, 0.9, Truth())) == []


def test_the_worst_of_all_images_are_listed() -> None:
    """Thirty false marks in three images: the twenty highest, the same whatever the order."""
    odd = [(f"image {n % 3}", Odd("false mark", n / 30, n, n, score=n / 30)) for n in range(30)]
    odd.append(("image 0", Odd("missed calcification", 7, 1, 1, detectability=7)))
    chosen = worst_of(odd)
    assert chosen == worst_of(odd[::-1])
    assert [one.row for _, one in chosen] == [*range(29, 29 - MOST, -1), 1]


def test_the_list_is_a_table() -> None:
    """One row a place, empty cells for what there is not."""
    rows = [
        ("set", "a, b", "learned", Odd("false mark", 0.9, 1.26, 2, score=0.9)),
        ("set", "c", "learned", Odd("image without a mark", 0, np.nan, np.nan, score=0.1)),
    ]
    assert worst_table(rows).splitlines() == [
        ",".join(WORST_COLUMNS),
        'set,"a, b",learned,false mark,1.3,2.0,0.900,',
        "set,c,learned,image without a mark,,,0.100,",
    ]
