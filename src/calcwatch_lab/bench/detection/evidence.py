"""All figures of one run: data sets and shifts, each for every contender."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from calcwatch_lab.bench.detection.figures import (
    LOCATED,
    DataSetFigures,
    ShiftFigures,
    figures_of,
    gain,
    shift_figures,
)
from calcwatch_lab.bench.detection.mistakes import Mistake, worst_of
from calcwatch_lab.bench.truth.phantoms import PHANTOMS, SHIFTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcwatch_lab.bench.detection.evaluate import EvaluatedImage
    from calcwatch_lab.bench.detection.run import CaseResult, Contender
    from calcwatch_lab.bench.statistics.intervals import Estimate

_DIGITS = 4  # of every figure that is written for a program


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one run measured.

    Attributes:
        contenders: The detectors, the first being the baseline.
        data_sets: Figures by data set and contender.
        gains: Of each contender over the first, by data set, where calcifications are located.
        shifts: What each shift of the imaging costs, by contender.
        refused: Images that could not be analyzed, with the reason, by data set.
        left_out: Number of patients left out of a data set since they trained a contender.
        worst: Data set, image, contender and mistake.

    """

    contenders: tuple[Contender, ...]
    data_sets: dict[str, dict[str, DataSetFigures]]
    gains: dict[str, dict[str, Estimate]]
    shifts: dict[str, tuple[ShiftFigures, ...]]
    refused: dict[str, tuple[str, ...]]
    left_out: dict[str, int]
    worst: tuple[tuple[str, str, str, Mistake], ...] = ()


def gather_evidence(
    results: Sequence[CaseResult], contenders: Sequence[Contender], left_out: dict[str, int]
) -> Evidence:
    """Compute the figures of every data set; shifts are compared with the phantoms as they come.

    Args:
        results: All cases after all contenders.
        contenders: The detectors, the first being the baseline.
        left_out: Number of patients left out, by data set.

    Returns:
        The figures.

    """
    names = list(dict.fromkeys(result.case.data_set for result in results))
    analyzed = [result for result in results if not result.refused]
    filled = [name for name in names if any(result.case.data_set == name for result in analyzed)]
    data_sets = {
        name: {own.name: figures_of(_images(analyzed, name, own.name)) for own in contenders}
        for name in filled
        if name != SHIFTS
    }
    first, *others = contenders
    refused = {
        name: tuple(
            f"{result.case.name}: {result.refused}"
            for result in results
            if result.refused and result.case.data_set == name
        )
        for name in names
    }
    return Evidence(
        contenders=tuple(contenders),
        data_sets=data_sets,
        gains={
            name: {
                other.name: gain(_images(analyzed, name, other.name), _images(analyzed, name, first.name))
                for other in others
            }
            for name, figures in data_sets.items()
            if figures[first.name].kind == LOCATED
        },
        shifts={own.name: _shifts(analyzed, own.name) for own in contenders} if SHIFTS in filled else {},
        refused={name: words for name, words in refused.items() if words},
        left_out=left_out,
        worst=tuple(_worst(analyzed, data_sets)),
    )


def figures_document(evidence: Evidence) -> dict[str, Any]:
    """Write all figures as dictionaries and lists.

    Args:
        evidence: What a run measured.

    Returns:
        What JSON knows; ``None`` where a figure cannot be told.

    """
    return {
        "contenders": [
            {"name": contender.name, "model_hash": contender.model_hash or None}
            for contender in evidence.contenders
        ],
        **{
            name: plain(getattr(evidence, name))
            for name in ("data_sets", "gains", "shifts", "refused", "left_out")
        },
    }


def plain(value: Any) -> Any:
    """Turn dataclasses, arrays and numbers into what JSON knows.

    Args:
        value: Dataclasses, dictionaries, lists, arrays, numbers and words, one in another.

    Returns:
        The same in dictionaries and lists, numbers rounded to four digits; ``None`` for ``nan``.

    """
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        # JSON has no nan; adding 0.0 turns -0.0 into 0.0.
        return round(float(value), _DIGITS) + 0.0 if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _images(results: Sequence[CaseResult], data_set: str, contender: str) -> list[EvaluatedImage]:
    return [result.images[contender] for result in results if result.case.data_set == data_set]


def _shifts(results: Sequence[CaseResult], contender: str) -> tuple[ShiftFigures, ...]:
    # By patient, so that each shifted phantom is held against itself as it comes.
    usual = {image.patient: image for image in _images(results, PHANTOMS, contender)}
    shifted = [result for result in results if result.case.data_set == SHIFTS]
    kinds = {result.case.variant: result.case.kind for result in shifted}
    figures = []
    for variant, kind in kinds.items():
        images = [
            result.images[contender]
            for result in shifted
            if result.case.variant == variant and result.case.patient in usual
        ]
        figures.append(shift_figures(variant, kind, [usual[image.patient] for image in images], images))
    return tuple(figures)


def _worst(
    results: Sequence[CaseResult], data_sets: dict[str, dict[str, DataSetFigures]]
) -> Iterator[tuple[str, str, str, Mistake]]:
    for data_set, figures in data_sets.items():
        chosen = [result for result in results if result.case.data_set == data_set]
        for contender in figures:
            mistakes = [
                (result.case.name, mistake)
                for result in chosen
                for mistake in result.images[contender].mistakes
            ]
            for image, mistake in worst_of(mistakes):
                yield data_set, image, contender, mistake
