"""All cases through all detectors, several at a time; only numbers are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calcwatch.domain.errors import CalcwatchError
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.detections import Detector
from calcwatch.models.cards import DETECTOR, SHIPPED, BadModel, hash_of_files, read_card
from calcwatch.models.learned import learned_detector
from calcwatch_lab.bench.detection.evaluate import EvaluatedImage, evaluate
from calcwatch_lab.parallel import run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from calcwatch_lab.bench.truth.truth import Case


@dataclass(frozen=True)
class Contender:
    """One detector under test.

    Attributes:
        name: What tables call it.
        detector: The function, picklable.
        model_hash: Of its weights; empty when it has none.
        trained_on: Patients whose images had a part in its weights.

    """

    name: str
    detector: Detector
    model_hash: str = ""
    trained_on: frozenset[str] = frozenset()


CLASSICAL = Contender("classical", detect_classical)
"""The detector that nothing trained: the baseline of every table."""


@dataclass(frozen=True, eq=False)
class CaseResult:
    """One case after all contenders.

    Attributes:
        case: The case.
        images: The evaluated image by name of the contender; empty where it was refused.
        refused: Why the image could not be analyzed; empty where it could.

    """

    case: Case
    images: dict[str, EvaluatedImage]
    refused: str = ""


def contenders_of(models: Sequence[Path] | None) -> tuple[Contender, ...]:
    """Collect the detectors to measure.

    Args:
        models: Folders of models; ``None`` or empty: the one that is shipped, if it is.

    Returns:
        The classical detector and every model, each under a name of its own.

    Raises:
        BadModel: A folder that was named holds no model.

    """
    contenders = [CLASSICAL]
    for folder in models or [SHIPPED]:
        try:
            card = read_card(folder, DETECTOR)
        except BadModel:
            # A model that was named has to be there; the shipped model may be missing in a bare installation.
            if models:
                raise
            continue
        name = str(card.get("name") or "learned")
        # Two models of one name would overwrite each other's figures.
        if name in {contender.name for contender in contenders}:
            name = f"{name} ({folder.resolve().name})"
        patients = frozenset(
            str(patient) for part in ("trained_on", "weighed_on") for patient in card.get(part, ())
        )
        digest = hash_of_files(folder, *DETECTOR.networks)
        contenders.append(Contender(name, learned_detector(folder), digest, patients))
    return tuple(contenders)


def run_cases(
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    *,
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[CaseResult]:
    """Evaluate every case with every contender; the answer does not depend on the number of workers.

    Args:
        cases: Test images.
        contenders: Detectors.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of cases that are done and that of all.

    Returns:
        One result a case, in their order; an image that is refused is a result with its reason.

    Raises:
        TaskFailed: A case failed otherwise; the figures would be of other images than stated.

    """
    job = partial(_run_case, contenders=tuple(contenders))
    return run_tasks(job, cases, workers=workers, on_done=on_done)


def _run_case(case: Case, *, contenders: tuple[Contender, ...]) -> CaseResult:
    try:
        mammogram, truth = case.load()
        images = {
            contender.name: evaluate(mammogram, truth, contender.detector, patient=case.patient)
            for contender in contenders
        }
    except CalcwatchError as error:
        return CaseResult(case, {}, str(error))
    return CaseResult(case, images)
