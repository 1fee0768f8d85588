"""What was asked of the detector, and whether a figure reaches it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from calcwatch.domain.findings import NonLesionKind
from calcwatch_lab.bench.detection.evidence import Evidence
from calcwatch_lab.bench.statistics.figures import (
    FALSE_GROUPS,
    FALSE_PER_CM2,
    LABELED,
    DataSetFigures,
    Estimate,
)
from calcwatch_lab.bench.truth.phantoms import LOOKALIKES, SHIFTS

METAL = (NonLesionKind.CLIP, NonLesionKind.MARKER, NonLesionKind.WIRE)
"""Look-alikes that must be named and must not be called calcifications."""


@dataclass(frozen=True)
class Goal:
    """One figure that was asked for: where, what, the limit, and what each contender reaches."""

    data_set: str
    words: str
    limit: float
    at_least: bool
    reached: dict[str, Estimate]

    def is_met(self, contender: str) -> bool:
        """Whether the figure itself, not its interval, is within the limit."""
        value = self.reached[contender].value
        return value >= self.limit if self.at_least else value <= self.limit


def goals_of(evidence: Evidence) -> Iterator[Goal]:
    """Yield every goal that this run can tell about, in the order of the data sets."""
    for data_set, figures in evidence.data_sets.items():
        for words, limit, at_least, read in _ASKED:
            reached = {name: read(one) for name, one in figures.items()}
            known = {name: found for name, found in reached.items() if found is not None}
            if len(known) == len(reached) and _belongs(data_set, words):
                yield Goal(data_set, words, limit, at_least, known)
    if evidence.shifts:
        worst = {
            name: max((one.both_loss for one in shifts if one.kind in _SHIFTS), key=lambda loss: loss.value)
            for name, shifts in evidence.shifts.items()
        }
        yield Goal(SHIFTS, "points of sensitivity lost, the worst shift", 5.0, False, worst)


def _belongs(data_set: str, words: str) -> bool:
    """Only the look-alikes' own data set holds enough of them; single figures are read elsewhere."""
    return (data_set == LOOKALIKES) == words.startswith("metal")


def _at_area(place: int) -> Callable[[DataSetFigures], Estimate | None]:
    return lambda figures: figures.marks.per_cm2["all"][place] if figures.marks else None


def _groups(figures: DataSetFigures) -> Estimate | None:
    if figures.marks or not figures.groups:
        return None
    return figures.groups["reported"].at_rates[FALSE_GROUPS.index(0.5)]


def _image_area(figures: DataSetFigures) -> Estimate | None:
    return figures.image_area if figures.kind == LABELED else None


def _outlines(name: str) -> Callable[[DataSetFigures], Estimate | None]:
    return lambda figures: figures.outlines.get(name)


def _metal(place: int) -> Callable[[DataSetFigures], Estimate | None]:
    """Read the share of metal that is named (1) or called a calcification (2)."""

    def share(figures: DataSetFigures) -> Estimate | None:
        counts = [figures.lookalikes[kind] for kind in METAL if kind in figures.lookalikes]
        total = sum(count[0] for count in counts)
        return Estimate(sum(count[place] for count in counts) / total) if total else None

    return share


def _calibration(figures: DataSetFigures) -> Estimate | None:
    found = figures.calibration
    return None if found is None or math.isnan(found.width_error.value) else found.width_error


_SHIFTS = ("spacing", "dose", "window", "vendor")
_ASKED: tuple[tuple[str, float, bool, Callable[[DataSetFigures], Estimate | None]], ...] = (
    ("calcifications found at 0.4 false/cm²", 0.85, True, _at_area(FALSE_PER_CM2.index(0.4))),
    ("calcifications found at 0.1 false/cm²", 0.80, True, _at_area(FALSE_PER_CM2.index(0.1))),
    ("outlines: overlap an object, misses 0", 0.65, True, _outlines("all")),
    ("outlines: overlap an object that is found", 0.65, True, _outlines("hits")),
    ("expected calibration error", 0.05, False, _calibration),
    ("images told apart (AUC), labels as given", 0.92, True, _image_area),
    ("images told apart (AUC), labels corrected", 0.97, True, lambda figures: figures.corrected_area),
    ("marks an image that are no calcification", 0.5, False, lambda figures: figures.marks_on_corrected),
    ("clusters found at 0.5 false groups a normal image", 0.85, True, _groups),
    ("metal named", 0.95, True, _metal(1)),
    ("metal called a calcification", 0.02, False, _metal(2)),
)
