"""The list of the worst, on marks written by hand."""

from __future__ import annotations

import numpy as np

from calcwatch_lab.bench.detection.mistakes import (
    COLUMNS,
    MOST,
    Mistake,
    false_positives,
    image_mistakes,
    misses,
    mistakes_table,
    worst_of,
)
from calcwatch_lab.bench.statistics.matching import MarkClass, ScoredMarks
from calcwatch_lab.bench.truth.truth import Truth
from tests.lab.bench.by_hand import mark, true


def test_false_marks_are_told_by_what_they_lie_on() -> None:
    """A match is no false positive; the others come by kind, the highest first."""
    found = [mark(1, 1, 0.9), mark(2, 2, 0.3), mark(3, 3, 0.8), mark(4, 4, 0.7), mark(5, 5, 0.6)]
    classes = [
        MarkClass.MATCHED,
        MarkClass.FALSE_POSITIVE,
        MarkClass.FALSE_POSITIVE,
        MarkClass.DUPLICATE,
        MarkClass.LOOKALIKE,
    ]
    scored = ScoredMarks(np.array([own.score for own in found]), np.array(classes, np.int8), np.zeros(0))
    assert [(mistake.what, mistake.row, mistake.score) for mistake in false_positives(found, scored)] == [
        ("false mark", 3, 0.8),
        ("false mark", 2, 0.3),
        ("second mark", 4, 0.7),
        ("mark on a look-alike", 5, 0.6),
    ]


def test_the_plainest_miss_comes_first() -> None:
    """Of three calcifications two are not reported; the one best to be seen is first."""
    truth = Truth(calcifications=(true(1, 1, 8), true(2, 2, 30), true(3, 3, 90)))
    reported = ScoredMarks(np.zeros(0), np.zeros(0, np.int8), np.array([-1, -1, 0.7]))
    assert [(mistake.row, mistake.detectability) for mistake in misses(truth, reported)] == [(2, 30), (1, 8)]


def test_labels_have_their_own_mistakes() -> None:
    """Marks where there is nothing, and nothing where there is something; else nothing is wrong."""
    marks = [mark(1, 1, 0.6), mark(2, 2, 0.9)]
    assert [mistake.score for mistake in image_mistakes(marks, 0.9, Truth(positive=False))] == [0.9, 0.6]
    (silent,) = image_mistakes([], 0.3, Truth(positive=True))
    assert (silent.what, silent.score) == ("image without a mark", 0.3)
    assert list(image_mistakes(marks, 0.9, Truth(positive=True))) == []
    assert list(image_mistakes([], 0.3, Truth(positive=False))) == []
    assert list(image_mistakes(marks, 0.9, Truth())) == []


def test_the_worst_of_all_images_are_listed() -> None:
    """Thirty false marks in three images: the twenty highest, the same whatever the order."""
    mistakes = [(f"image {n % 3}", Mistake("false mark", n / 30, n, n, score=n / 30)) for n in range(30)]
    mistakes.append(("image 0", Mistake("missed calcification", 7, 1, 1, detectability=7)))
    chosen = worst_of(mistakes)
    assert chosen == worst_of(mistakes[::-1])
    assert [mistake.row for _, mistake in chosen] == [*range(29, 29 - MOST, -1), 1]


def test_the_list_is_a_table() -> None:
    """One row a place, empty cells for what there is not."""
    rows = [
        ("set", "a, b", "learned", Mistake("false mark", 0.9, 1.26, 2, score=0.9)),
        ("set", "c", "learned", Mistake("image without a mark", 0, np.nan, np.nan, score=0.1)),
    ]
    assert mistakes_table(rows).splitlines() == [
        ",".join(COLUMNS),
        'set,"a, b",learned,false mark,1.3,2.0,0.900,',
        "set,c,learned,image without a mark,,,0.100,",
    ]
