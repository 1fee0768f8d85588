"""Stored answers of the stages of the analysis, and what ties them to ``ANALYSIS_VERSION``.

A test module of this folder names its answers ``GOLDEN``; ``python -m tests.golden`` stores those of all of
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcwatch.domain.findings import ANALYSIS_VERSION

REMEDY = (
    "if the change is meant, raise ANALYSIS_VERSION in src/calcwatch/domain/findings.py, then run "
    "`python -m tests.golden` in the folder of the project to store the new answers, "
    "and say in CHANGELOG.md what changed"
)


@dataclass(frozen=True)
class Golden:
    """Answers of some stages on one phantom.

    Attributes:
        path: The file they are stored in.
        answers: Computes them anew: stage -> numbers or lists of numbers.
        tolerances: Stage -> greatest relative and absolute difference, as another build of the libraries may
            need; every stage has one.
    """

    path: Path
    answers: Callable[[], dict[str, Any]]
    tolerances: dict[str, tuple[float, float]]

    def stored(self) -> dict[str, Any]:
        """Return the stored answers with the ``analysis_version`` they are of; empty before the first."""
        if not self.path.is_file():
            return {}
        stored: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return stored


def difference(golden: Golden, stage: str) -> str:
    """Compare the answer of a stage with the stored one.

    Returns:
        What differs beyond the tolerance and what to do about it; empty when nothing does.
    """
    relative, absolute = golden.tolerances[stage]
    answer, stored = golden.answers()[stage], golden.stored().get(stage)
    if stored is None:
        return f"{golden.path.name} has no answer of {stage}: run `python -m tests.golden`"
    if np.shape(answer) != np.shape(stored):
        return f"{stage} answers {np.shape(answer)} numbers, not {np.shape(stored)} as stored: {REMEDY}"
    try:
        np.testing.assert_allclose(answer, stored, rtol=relative, atol=absolute)
    except AssertionError as error:
        return f"{stage} does not answer as stored: {REMEDY}\n{error}"
    return ""


def store(golden: Golden) -> str:
    """Store the answers when there are none, or none of this ``ANALYSIS_VERSION``.

    Returns:
        What was done, or why nothing was: answers that differ need a new version.
    """
    stored = golden.stored()
    if stored.get("analysis_version") == ANALYSIS_VERSION:
        changed = [stage for stage in golden.tolerances if stage in stored and difference(golden, stage)]
        if changed:
            return f"{golden.path.name}: not stored, {', '.join(changed)} changed: {REMEDY}"
        if all(stage in stored for stage in golden.tolerances):
            return f"{golden.path.name}: as stored"
    answers = {stage: golden.answers()[stage] for stage in golden.tolerances}
    text = json.dumps({"analysis_version": ANALYSIS_VERSION} | answers, indent=1)
    golden.path.write_text(text + "\n", encoding="utf-8")
    return f"{golden.path.name}: stored for analysis version {ANALYSIS_VERSION}"
