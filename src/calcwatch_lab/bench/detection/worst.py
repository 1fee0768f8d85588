"""The worst misses and false marks: a list of places to look at, since a figure does not say why."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

import numpy as np

from calcwatch.domain.findings import Calcification
from calcwatch_lab.bench.statistics.fate import Fate, Swept
from calcwatch_lab.bench.truth.truth import Truth

MOST = 20
"""Most places of a kind that are listed for a detector on a data set."""

WORST_COLUMNS = ("data_set", "image", "detector", "what", "row", "column", "score", "detectability")
"""Columns of the list; pixels from the center of the top-left pixel, empty where there is no place."""

_FALSE = {Fate.FALSE: "false mark", Fate.AGAIN: "second mark", Fate.LOOKALIKE: "mark on a look-alike"}


@dataclass(frozen=True)
class Odd:
    """One place that is wrong: ``what`` it is and how ``bad``, by which the list is sorted.

    ``score``: of the mark; ``detectability``: of the calcification that was missed; ``nan`` where there is
    none.
    """

    what: str
    bad: float
    row: float
    column: float
    score: float = np.nan
    detectability: float = np.nan


def odd_marks(found: Sequence[Calcification], swept: Swept) -> Iterator[Odd]:
    """Yield the highest false marks of an image, by what they lie on."""
    for fate, what in _FALSE.items():
        chosen = np.flatnonzero(swept.fate == fate)
        for number in chosen[np.argsort(-swept.scores[chosen], kind="stable")][:MOST]:
            mark = found[number]
            yield Odd(what, mark.score, mark.row, mark.column, score=mark.score)


def odd_misses(truth: Truth, told: Swept) -> Iterator[Odd]:
    """Yield the calcifications that were not reported, those best to be seen first."""
    strength = np.array([one.detectability or 0.0 for one in truth.calcifications], np.float64)
    missed = np.flatnonzero(told.true_scores < 0)
    for number in missed[np.argsort(-strength[missed], kind="stable")][:MOST]:
        one, seen = truth.calcifications[number], float(strength[number])
        yield Odd("missed calcification", seen, one.row, one.column, detectability=seen)


def odd_answer(found: Sequence[Calcification], highest: float, truth: Truth) -> Iterator[Odd]:
    """Yield the marks reported in an image labeled as without, or that nothing is in one labeled as with."""
    if truth.positive is False:
        for mark in sorted(found, key=lambda mark: -mark.score)[:MOST]:
            yield Odd("mark on an image without", mark.score, mark.row, mark.column, score=mark.score)
    elif truth.positive and not found:
        yield Odd("image without a mark", -highest, np.nan, np.nan, score=highest)


def worst_of(odd: Sequence[tuple[str, Odd]]) -> list[tuple[str, Odd]]:
    """The worst of each kind over all images, given and returned with the image's name."""
    kinds = sorted({one.what for _, one in odd})
    chosen = []
    for kind in kinds:
        same = [(name, one) for name, one in odd if one.what == kind]
        chosen += sorted(same, key=lambda item: (-item[1].bad, item[0], item[1].row, item[1].column))[:MOST]
    return chosen


def worst_table(rows: Sequence[tuple[str, str, str, Odd]]) -> str:
    """Return the list as CSV: data set, image, detector and what is odd there."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(WORST_COLUMNS)
    for data_set, image, detector, one in rows:
        numbers = [_cell(one.row, 1), _cell(one.column, 1), _cell(one.score, 3), _cell(one.detectability, 1)]
        writer.writerow([data_set, image, detector, one.what, *numbers])
    return text.getvalue()


def _cell(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{value + 0.0:.{digits}f}"
