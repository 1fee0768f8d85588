"""Deciles of the examination score: how suspicious the examinations of a reference population are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from calcwatch.image.describe.suspicion import SCORES, SuspicionModel, suspicion_of_single
from calcwatch.models.cards import SHIPPED, SUSPICION
from calcwatch.models.learned import suspicion_model
from calcwatch_lab.pages import figures_text, write_texts
from calcwatch_lab.results import read_examinations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calcwatch.domain.findings import ImageFindings

_DIGITS = 4  # of the deciles: findings.json gives no more of suspicion


def train_suspicion(results: Sequence[Path], out: Path, *, source: str) -> None:
    """Take the deciles of all examinations of some results and write the model.

    Args:
        results: Results of ``calcwatch analyze``.
        out: Folder to write to, which is made.
        source: What is written of the population.

    Raises:
        BadTable: A result cannot be used.
        ResultNotWritten: ``out`` cannot be written.

    """
    everybody = [examination for path in results for examination in read_examinations(path)]
    whole: dict[str, Any] = json.loads((SHIPPED / SUSPICION).read_text(encoding="utf-8"))
    whole["reference"] = {
        "examinations": len(everybody),
        "deciles": list(deciles_of(everybody, suspicion_model())),
        "source": source,
    }
    write_texts(out, {SUSPICION: figures_text(whole, sort_keys=False)})


def deciles_of(examinations: Sequence[Sequence[ImageFindings]], model: SuspicionModel) -> tuple[float, ...]:
    """Part a population in ten by suspicion.

    Args:
        examinations: Images of each examination; each counts once, by its most suspicious finding.
        model: The odds of single calcifications.

    Returns:
        Nine suspicions.

    """
    highest = [max(_highest(image, model) for image in images) for images in examinations]
    # Of the examinations and not of the images: the score is of an examination.
    cuts = np.quantile(highest, np.arange(1, SCORES) / SCORES)
    return tuple(round(float(cut), _DIGITS) for cut in cuts)


def _highest(image: ImageFindings, model: SuspicionModel) -> float:
    groups = [group.suspicion or 0.0 for group in image.groups]
    return max((*groups, *(suspicion_of_single(single, model) for single in image.singles)), default=0.0)
