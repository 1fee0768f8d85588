"""All figures of one run: data sets and shifts, each for every contender."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from calcwatch_lab.bench.detection.run import Contender, Outcome
from calcwatch_lab.bench.detection.shifts import ShiftFigures, shift_figures
from calcwatch_lab.bench.detection.worst import Odd, worst_of
from calcwatch_lab.bench.statistics.figures import LOCATED, DataSetFigures, Estimate, Image, figures_of, gain
from calcwatch_lab.bench.truth.phantoms import PHANTOMS, SHIFTS

_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one run measured.

    ``data_sets``: figures by data set and contender. ``gains``: of each contender over the first, where
    calcifications are located. ``shifts``: by contender. ``refused``: images that could
    not be analyzed, with the reason, by data set. ``left_out``: number of patients left out of a data set
    since they trained a contender. ``worst``: data set, image, contender and what is worst there.
    """

    contenders: tuple[Contender, ...]
    data_sets: dict[str, dict[str, DataSetFigures]]
    gains: dict[str, dict[str, Estimate]]
    shifts: dict[str, tuple[ShiftFigures, ...]]
    refused: dict[str, tuple[str, ...]]
    left_out: dict[str, int]
    worst: tuple[tuple[str, str, str, Odd], ...] = ()


def gather(
    outcomes: Sequence[Outcome], contenders: Sequence[Contender], left_out: dict[str, int]
) -> Evidence:
    """Compute the figures of every data set; the shifts are compared with the phantoms as they come."""
    names = list(dict.fromkeys(outcome.case.data_set for outcome in outcomes))
    good = [outcome for outcome in outcomes if not outcome.refused]
    filled = [name for name in names if any(outcome.case.data_set == name for outcome in good)]
    data_sets = {
        name: {one.name: figures_of(_images(good, name, one.name)) for one in contenders}
        for name in filled
        if name != SHIFTS
    }
    first, *others = contenders
    return Evidence(
        contenders=tuple(contenders),
        data_sets=data_sets,
        gains={
            name: {
                one.name: gain(_images(good, name, one.name), _images(good, name, first.name))
                for one in others
            }
            for name, figures in data_sets.items()
            if figures[first.name].kind == LOCATED
        },
        shifts={one.name: _shifts(good, one.name) for one in contenders} if SHIFTS in filled else {},
        refused={name: _refusals(outcomes, name) for name in names if _refusals(outcomes, name)},
        left_out=left_out,
        worst=tuple(_worst(good, data_sets)),
    )


def figures_document(evidence: Evidence) -> dict[str, Any]:
    """Return all figures as dictionaries and lists, ready for JSON; ``null`` where nothing can be told."""
    return {
        "contenders": [
            {"name": one.name, "model_hash": one.model_hash or None} for one in evidence.contenders
        ],
        **{
            name: plain(getattr(evidence, name))
            for name in ("data_sets", "gains", "shifts", "refused", "left_out")
        },
    }


def plain(value: Any) -> Any:
    """Turn dataclasses, arrays and numbers into what JSON knows, rounded to four digits."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return round(float(value), _DIGITS) + 0.0 if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _images(outcomes: Sequence[Outcome], data_set: str, contender: str) -> list[Image]:
    return [
        Image(outcome.case.patient, outcome.judged[contender])
        for outcome in outcomes
        if outcome.case.data_set == data_set
    ]


def _shifts(outcomes: Sequence[Outcome], contender: str) -> tuple[ShiftFigures, ...]:
    shifted = [outcome for outcome in outcomes if outcome.case.data_set == SHIFTS]
    usual = {one.patient: one for one in _images(outcomes, PHANTOMS, contender)}
    kinds = {outcome.case.variant: outcome.case.kind for outcome in shifted}
    found = []
    for variant, kind in kinds.items():
        images = [
            Image(outcome.case.patient, outcome.judged[contender])
            for outcome in shifted
            if outcome.case.variant == variant and outcome.case.patient in usual
        ]
        found.append(shift_figures(variant, kind, [usual[one.patient] for one in images], images))
    return tuple(found)


def _worst(
    outcomes: Sequence[Outcome], data_sets: dict[str, dict[str, DataSetFigures]]
) -> Iterator[tuple[str, str, str, Odd]]:
    for data_set, figures in data_sets.items():
        chosen = [outcome for outcome in outcomes if outcome.case.data_set == data_set]
        for contender in figures:
            odd = [(one.case.name, place) for one in chosen for place in one.judged[contender].odd]
            for image, place in worst_of(odd):
                yield data_set, image, contender, place


def _refusals(outcomes: Sequence[Outcome], data_set: str) -> tuple[str, ...]:
    return tuple(
        f"{one.case.name}: {one.refused}" for one in outcomes if one.refused and one.case.data_set == data_set
    )
