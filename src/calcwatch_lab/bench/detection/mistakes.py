"""The worst misses and false positives: a list of places to look at, since a figure does not say why."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calcwatch_lab.bench.statistics.matching import MarkClass, ScoredMarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcwatch.domain.findings import Calcification
    from calcwatch_lab.bench.truth.truth import Truth

MOST = 20
"""Most places of a kind that are listed for a detector on a data set: a page to look through."""

COLUMNS = ("data_set", "image", "detector", "what", "row", "column", "score", "detectability")
"""Columns of the list; pixels from the center of the top-left pixel, empty where there is no place."""

_FALSE = {
    MarkClass.FALSE_POSITIVE: "false mark",
    MarkClass.DUPLICATE: "second mark",
    MarkClass.LOOKALIKE: "mark on a look-alike",
}


class Mistake(NamedTuple):
    """One place where a detector is wrong: a row of the list.

    Attributes:
        what: What is wrong there.
        weight: How bad it is, by which the list is sorted.
        row: Row of the place; ``nan`` where there is none.
        column: Column of the place; ``nan`` where there is none.
        score: Score of the mark; ``nan`` without one.
        detectability: Of the calcification that was missed; ``nan`` without one.

    """

    what: str
    weight: float
    row: float
    column: float
    score: float = np.nan
    detectability: float = np.nan


def false_positives(marks: Sequence[Calcification], scored: ScoredMarks) -> Iterator[Mistake]:
    """List the highest false positives of an image, by what they lie on.

    Args:
        marks: The marks.
        scored: The same held against the truth.

    Yields:
        At most ``MOST`` of each kind, the highest first.

    """
    for mark_class, what in _FALSE.items():
        chosen = np.flatnonzero(scored.mark_class == mark_class)
        for number in chosen[np.argsort(-scored.scores[chosen], kind="stable")][:MOST]:
            mark = marks[number]
            yield Mistake(what, mark.score, mark.row, mark.column, score=mark.score)


def misses(truth: Truth, reported: ScoredMarks) -> Iterator[Mistake]:
    """List the calcifications that were not reported.

    Args:
        truth: What is true of the image.
        reported: The reported marks held against it.

    Yields:
        At most ``MOST``, those best to be seen first.

    """
    # Unknown goes last: the list begins with misses that are surely visible.
    strength = np.array([true.detectability or 0.0 for true in truth.calcifications], np.float64)
    missed = np.flatnonzero(reported.true_scores < 0)
    for number in missed[np.argsort(-strength[missed], kind="stable")][:MOST]:
        true, visible = truth.calcifications[number], float(strength[number])
        yield Mistake("missed calcification", visible, true.row, true.column, detectability=visible)


def image_mistakes(marks: Sequence[Calcification], highest: float, truth: Truth) -> Iterator[Mistake]:
    """List what contradicts the label of an image whose calcifications are not located.

    Args:
        marks: The reported marks.
        highest: Highest score of all marks, reported or not.
        truth: The label.

    Yields:
        The marks on an image without, or that nothing is reported on one with calcifications.

    """
    if truth.positive is False:
        for mark in sorted(marks, key=lambda mark: -mark.score)[:MOST]:
            yield Mistake("mark on an image without", mark.score, mark.row, mark.column, score=mark.score)
    elif truth.positive and not marks:
        yield Mistake("image without a mark", -highest, np.nan, np.nan, score=highest)


def worst_of(mistakes: Sequence[tuple[str, Mistake]]) -> list[tuple[str, Mistake]]:
    """Choose the worst of each kind over all images.

    Args:
        mistakes: Name of the image and mistake.

    Returns:
        At most ``MOST`` of each kind, the same whatever the order given.

    """
    chosen = []
    for kind in sorted({mistake.what for _, mistake in mistakes}):
        same = [(name, mistake) for name, mistake in mistakes if mistake.what == kind]
        # Ties by name and place, so that the list is the same on every run.
        same.sort(key=lambda item: (-item[1].weight, item[0], item[1].row, item[1].column))
        chosen += same[:MOST]
    return chosen


def mistakes_table(rows: Sequence[tuple[str, str, str, Mistake]]) -> str:
    """Write the list as CSV.

    Args:
        rows: Data set, image, detector and mistake.

    Returns:
        The table with its head line.

    """
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for data_set, image, detector, mistake in rows:
        numbers = (
            (mistake.row, 1),
            (mistake.column, 1),
            (mistake.score, 3),
            (mistake.detectability, 1),
        )
        cells = ["" if np.isnan(value) else f"{value + 0.0:.{digits}f}" for value, digits in numbers]
        writer.writerow([data_set, image, detector, mistake.what, *cells])
    return text.getvalue()
