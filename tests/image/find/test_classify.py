"""Candidates and what a model makes of them."""

from __future__ import annotations

import numpy as np

from calcwatch.image.find.classify import (
    CANDIDATE_CLASSES,
    CandidateClass,
    DetectorNetworks,
    context_features,
    detect_learned,
)
from calcwatch.image.find.patches import PATCH_NUMBERS, Patches
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from tests.image.pictures import add_blob, half_round_breast, mammogram_of

CALCIFICATION, TISSUE = (
    CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION),
    CANDIDATE_CLASSES.index(CandidateClass.TISSUE),
)


def _logits(calcification: list[float]) -> np.ndarray:
    logits = np.zeros((len(calcification), len(CANDIDATE_CLASSES)), np.float32)
    logits[:, CALCIFICATION] = calcification
    return logits


def _bright_is_calcification(patches: Patches) -> np.ndarray:
    return _logits(list(patches.detail[:, 0, 15:18, 15:18].max(axis=(1, 2)) * 3 - 4))


def _believe_the_first(features: np.ndarray) -> np.ndarray:
    raised = np.exp(features[:, : len(CANDIDATE_CLASSES)])
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


MODEL = DetectorNetworks(
    patch_network=_bright_is_calcification, context_network=_believe_the_first, max_candidates=50
)


def test_the_model_decides_what_is_found() -> None:
    """The blob is the most believable detection, and its score is the model's probability."""
    image = normalize(mammogram_of(add_blob(half_round_breast(), 200, 100, height=0.3)))
    found = detect_learned(image, find_breast(image), AnalysisSettings(), model=MODEL)
    row, column = image.frame.to_file(float(found.row[0]), float(found.column[0]))
    assert abs(row - 200) <= 1
    assert abs(column - 100) <= 1
    assert np.all(np.diff(found.score) <= 0)
    assert found.class_probabilities is not None
    assert np.allclose(found.class_probabilities.sum(axis=1), 1, atol=1e-5)
    both = [
        CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION),
        CANDIDATE_CLASSES.index(CandidateClass.VASCULAR),
    ]
    assert np.allclose(found.score, found.class_probabilities[:, both].sum(axis=1))


def test_no_more_candidates_are_looked_at_than_the_model_says() -> None:
    """The number of detections is at most the model's number of candidates."""
    image = normalize(mammogram_of(half_round_breast()))
    found = detect_learned(image, find_breast(image), AnalysisSettings(), model=MODEL)
    assert found.row.size <= 50


def test_neighbors_within_reach_are_heard_and_no_others() -> None:
    """Two likely ones 2 mm apart hear each other at 2.5 mm and not at 1 mm; one at 30 mm is alone."""
    places = np.array([[0, 0], [0, 2], [30, 0]], np.float32)
    numbers = np.zeros((3, len(PATCH_NUMBERS)), np.float32)
    features = context_features(places, numbers, _logits([9.0, 9.0, 9.0]))
    surround = features[:, len(CANDIDATE_CLASSES) + len(PATCH_NUMBERS) :].reshape(3, 4, 3)
    assert np.allclose(surround[0, 0], 0)
    assert surround[0, 1, 0] > 0.6
    assert surround[0, 1, 2] > 0.9
    assert np.allclose(surround[2], 0)


def test_no_candidates_give_no_features() -> None:
    """Nothing in, nothing out, with the right number of columns."""
    none = np.zeros((0, 2), np.float32)
    features = context_features(none, np.zeros((0, len(PATCH_NUMBERS)), np.float32), _logits([]))
    assert features.shape == (0, len(CANDIDATE_CLASSES) + len(PATCH_NUMBERS) + 12)
