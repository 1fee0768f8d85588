"""The stored answer for one phantom of two views: which groups are the same, where, and what is suggested.

When a change is meant, raise ``ANALYSIS_VERSION``, run ``python -m tests.golden.test_exam_answers`` in the
folder of the project to store the new answers, and say in the change log what changed.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.assessment import Assessment, ExaminationFindings
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.service.analyze import analyze_exam, analyze_image
from tests.image.pictures import mammogram_of

STORED = Path(__file__).with_name("exam_answers.json")
SETTINGS = PhantomSettings(
    field_mm=(120, 90),
    pixel_spacing_mm=0.1,
    non_lesions=(),
    groups=(
        GroupPlan(Morphology.FINE_PLEOMORPHIC, Distribution.GROUPED, count=12, density=2.0),
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=7, density=2.0),
        GroupPlan(Morphology.ROUND, Distribution.SINGLE, count=2, density=1.5),
    ),
)


@cache
def examination() -> ExaminationFindings:
    """One phantom, read with everything that is shipped."""
    images = []
    for view in make_examination(17, settings=SETTINGS).images:
        mammogram = mammogram_of((view.stored / 4095).astype(np.float32))
        description = replace(
            mammogram.description,
            sha256=str(view.view_position).ljust(64, "0"),  # tracking UIDs are made of it
            image_laterality=view.laterality,
            view_position=view.view_position,
        )
        images.append(analyze_image(replace(mammogram, description=description)))
    return analyze_exam(images)


@cache
def answers() -> dict[str, Any]:
    """Correspondence, location and assessment; groups by their place in the reading, 0 first."""
    exam = examination()
    number = {reading.tracking_uid: place for place, reading in enumerate(exam.groups)}
    return {
        "analysis_version": ANALYSIS_VERSION,
        "pairs": [
            [number[pair.first], number[pair.second], pair.probability, pair.difference_mm]
            for pair in exam.pairs
        ],
        "pair_reasons": [pair.reason for pair in exam.pairs],
        "distances": [reading.location.nipple_distance_mm for reading in exam.groups],
        "locations": [reading.location.words for reading in exam.groups],
        "view_notes": [reading.view_note for reading in exam.groups],
        "groups": [judged(reading.assessment) for reading in exam.groups],
        "breasts": [
            [breast.found, *(judged(single.assessment) for single in breast.singles)]
            for breast in exam.breasts
        ],
        "laterality_pattern": exam.laterality_pattern.value,
        "suspicion": exam.suspicion,
        "score": exam.score,
        "score_reasons": list(exam.score_reasons),
    }


def judged(assessment: Assessment) -> dict[str, Any]:
    """What was suggested, by which rules, and what was asked for."""
    return {
        "suggested": assessment.suggested_category.value,
        "floor": assessment.floor.value,
        "rules": list(assessment.rule_ids),
        "missing": list(assessment.missing),
        "alternatives": [
            [other.morphology, other.distribution, other.category.value] for other in assessment.alternatives
        ],
    }


def stored() -> dict[str, Any]:
    """The answer that is kept beside this file."""
    read: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize(("numbers", "absolute"), [("pairs", 0.02), ("distances", 0.5), ("suspicion", 0.03)])
def test_the_numbers_of_an_examination_are_what_they_were(numbers: str, absolute: float) -> None:
    """Probabilities, millimeters and suspicion, within a tolerance for another build of the libraries."""
    assert np.shape(answers()[numbers]) == np.shape(stored()[numbers])
    np.testing.assert_allclose(answers()[numbers], stored()[numbers], atol=absolute)


@pytest.mark.parametrize("part", ["view_notes", "groups", "breasts", "laterality_pattern", "score"])
def test_the_judgment_of_an_examination_is_what_it_was(part: str) -> None:
    """Views, categories, rules, what is asked for and what else it could be are the stored ones."""
    assert answers()[part] == stored()[part]


@pytest.mark.parametrize("part", ["pair_reasons", "locations", "score_reasons"])
def test_the_sentences_of_an_examination_are_what_they_were(part: str) -> None:
    """Reasons and places read as stored, their numbers set aside: those are compared as numbers."""
    assert without_numbers(answers()[part]) == without_numbers(stored()[part])


def without_numbers(sentences: list[str]) -> list[str]:
    return [re.sub(r"[0-9.]+", "#", sentence) for sentence in sentences]


def test_the_stored_exam_answers_are_of_this_analysis_version() -> None:
    """New answers come with a new analysis version."""
    assert stored()["analysis_version"] == ANALYSIS_VERSION


if __name__ == "__main__":
    STORED.write_text(json.dumps(answers(), indent=1) + "\n", encoding="utf-8")
