"""Stored answers of the shipped networks: what they find in one phantom, and how they describe it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.findings import MorphologyDescription, NonLesionKind
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.detections import kept
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.learned import learned_describer, learned_detector
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.golden.stored import Golden, difference
from tests.image.pictures import mammogram_of

SETTINGS = PhantomSettings(
    field_mm=(100, 80),
    pixel_spacing_mm=0.1,
    non_lesions=(NonLesionKind.CLIP,),
    groups=(
        GroupPlan(Morphology.FINE_PLEOMORPHIC, Distribution.GROUPED, count=8, density=2.0),
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=6, density=1.5),
    ),
)
LOWEST_SCORE = 0.2
"""Detections of a lower score are not stored: so far down, rounding decides what is the next."""


@cache
def answers() -> dict[str, Any]:
    """What the networks make of one phantom, as plain numbers; detections from top to bottom."""
    phantom = make_examination(21, settings=SETTINGS).images[0]
    mammogram = mammogram_of((phantom.stored / 4095).astype(np.float32))
    image = normalize(mammogram)
    detector = learned_detector()
    detections = detector(image, find_breast(image), AnalysisSettings())
    detections = kept(detections, detections.score >= LOWEST_SCORE)
    downward = np.lexsort((detections.column, detections.row))
    assert detections.class_probabilities is not None
    found = analyze_image(mammogram, detector=detector, describer=learned_describer())
    calcifications = sorted(found.calcifications, key=lambda c: (c.row, c.column))
    groups = sorted(found.groups, key=lambda g: g.row)  # their scores are equal but for rounding
    return {
        "detections": _rounded(np.stack([detections.row, detections.column], axis=1)[downward]),
        "scores": _rounded(detections.score[downward]),
        "class probabilities": _rounded(detections.class_probabilities[downward]),
        "calcifications": _rounded([[c.row, c.column, c.diameter_px, c.contrast] for c in calcifications]),
        "lookalikes": _rounded([[mark.row, mark.column] for mark in found.non_lesions]),
        "groups": _rounded([[g.row, g.column, g.radius_px, g.count] for g in groups]),
        "group scores": _rounded([[g.score, g.suspicion] for g in groups]),
        # every word, also those that may not follow the kind of the group: their probability is 0
        "morphology": [_of_every_word(g.morphology) for g in groups],
        "distribution": [_by_name(g.distribution) for g in groups],
    }


def _rounded(numbers: Any) -> list[Any]:
    return list(np.round(np.asarray(numbers, np.float64), 4).tolist())


def _of_every_word(description: MorphologyDescription | None) -> list[float]:
    """Probability of each word in the order of their names."""
    assert description is not None
    return _rounded([description.of(word) for word in sorted(Morphology)])


def _by_name(description: Any) -> list[float]:
    """Probabilities in the order of the names of what they belong to, which no network decides."""
    return _rounded([probability for _, probability in sorted(description.probabilities)])


GOLDEN = Golden(
    Path(__file__).with_name("detector_answers.json"),
    answers,
    {
        "detections": (1e-3, 1e-3),
        "scores": (0.0, 0.02),
        "class probabilities": (0.0, 0.02),
        "calcifications": (3e-2, 1e-3),
        "lookalikes": (1e-3, 1e-3),
        "groups": (5e-2, 1e-3),
        "group scores": (0.0, 0.03),
        "morphology": (0.0, 0.03),
        "distribution": (0.0, 0.03),
    },
)


@pytest.mark.parametrize("answer", GOLDEN.tolerances)
def test_the_shipped_networks_answer_as_they_did(answer: str) -> None:
    """The stored answer, within a tolerance that another build of the libraries may need."""
    assert difference(GOLDEN, answer) == ""


def test_the_phantom_shows_what_networks_decide() -> None:
    """Both groups, something below the threshold and a look-alike: no stored answer is empty."""
    assert all(len(answer) for answer in answers().values())
    assert len(answers()["groups"]) == 2
    assert min(answers()["scores"]) < AnalysisSettings().score_threshold
