"""What was asked of the detector, and whether a figure reaches it.

The limits are those of the project's brief, set before anything was measured; none was moved afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcwatch.domain.findings import NonLesionKind
from calcwatch_lab.bench.detection.figures import FALSE_GROUPS, FALSE_PER_CM2, LABELED, DataSetFigures
from calcwatch_lab.bench.statistics.intervals import Estimate
from calcwatch_lab.bench.truth.phantoms import LOOKALIKES, SHIFTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcwatch_lab.bench.detection.evidence import Evidence

    Read = Callable[[DataSetFigures], Estimate | None]

METAL = (NonLesionKind.CLIP, NonLesionKind.MARKER, NonLesionKind.WIRE)
"""Look-alikes that must be named and must not be called calcifications."""

POINTS_LOST = 5.0
"""Points of sensitivity that a shift of the imaging may cost."""

_SHIFTS = ("spacing", "dose", "window", "vendor")  # kinds of shifts that were asked for


@dataclass(frozen=True)
class Target:
    """One figure that was asked for.

    Attributes:
        data_set: Where it is measured.
        words: What it is.
        limit: What was asked.
        at_least: Whether the figure must be at least the limit; else at most.
        reached: What each contender reaches, by name.

    """

    data_set: str
    words: str
    limit: float
    at_least: bool
    reached: dict[str, Estimate]

    def is_met(self, contender: str) -> bool:
        """Tell whether a contender reaches it.

        Args:
            contender: Name of the contender.

        Returns:
            Whether the figure itself, not its interval, is within the limit.

        """
        value = self.reached[contender].value
        return value >= self.limit if self.at_least else value <= self.limit


def targets_of(evidence: Evidence) -> Iterator[Target]:
    """List every target that a run can tell about.

    Args:
        evidence: What the run measured.

    Yields:
        The targets in the order of the data sets.

    """
    for data_set, figures in evidence.data_sets.items():
        for words, limit, at_least, read in _ASKED:
            reached = {name: read(own) for name, own in figures.items()}
            known = {name: estimate for name, estimate in reached.items() if estimate is not None}
            # Only the look-alikes' own data set holds enough metal; all other figures are read elsewhere.
            belongs = (data_set == LOOKALIKES) == words.startswith("metal")
            # A target is shown only where every contender can be held against it.
            if belongs and len(known) == len(reached):
                yield Target(data_set, words, limit, at_least, known)
    if evidence.shifts:
        # The worst and not the mean: a detector has to work on each device by itself.
        worst = {
            name: max(
                (shift.both_loss for shift in shifts if shift.kind in _SHIFTS), key=lambda loss: loss.value
            )
            for name, shifts in evidence.shifts.items()
        }
        yield Target(SHIFTS, "points of sensitivity lost, the worst shift", POINTS_LOST, False, worst)


def _sensitivity_at(rate: float) -> Read:
    place = FALSE_PER_CM2.index(rate)
    return lambda figures: figures.marks.per_cm2["all"][place] if figures.marks else None


def _clusters(figures: DataSetFigures) -> Estimate | None:
    if figures.marks or not figures.groups:
        return None
    return figures.groups["reported"].at_rates[FALSE_GROUPS.index(0.5)]


def _image_area(figures: DataSetFigures) -> Estimate | None:
    return figures.image_area if figures.kind == LABELED else None


def _outlines(name: str) -> Read:
    return lambda figures: figures.outlines.get(name)


def _metal(place: int) -> Read:
    """Read the share of metal that is named (1) or called a calcification (2)."""

    def share(figures: DataSetFigures) -> Estimate | None:
        counts = [figures.lookalikes[kind] for kind in METAL if kind in figures.lookalikes]
        total = sum(count[0] for count in counts)
        return Estimate(sum(count[place] for count in counts) / total) if total else None

    return share


def _calibration(figures: DataSetFigures) -> Estimate | None:
    calibration = figures.calibration
    known = calibration is not None and not math.isnan(calibration.width_error.value)
    return calibration.width_error if calibration is not None and known else None


_ASKED: tuple[tuple[str, float, bool, Read], ...] = (
    ("calcifications found at 0.4 false/cm²", 0.85, True, _sensitivity_at(0.4)),
    ("calcifications found at 0.1 false/cm²", 0.80, True, _sensitivity_at(0.1)),
    ("outlines: overlap an object, misses 0", 0.65, True, _outlines("all")),
    ("outlines: overlap an object that is found", 0.65, True, _outlines("hits")),
    ("expected calibration error", 0.05, False, _calibration),
    ("images told apart (AUC), labels as given", 0.92, True, _image_area),
    ("images told apart (AUC), labels corrected", 0.97, True, lambda figures: figures.corrected_area),
    ("marks an image that are no calcification", 0.5, False, lambda figures: figures.marks_on_corrected),
    ("clusters found at 0.5 false groups a normal image", 0.85, True, _clusters),
    ("metal named", 0.95, True, _metal(1)),
    ("metal called a calcification", 0.02, False, _metal(2)),
)
"""What is asked, how much, whether more is better, what reads it: our own targets, set before the figures."""
