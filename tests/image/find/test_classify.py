"""Candidates and how networks classify them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.find.classify import (
    CANDIDATE_CLASSES,
    LOOKALIKE_KINDS,
    CandidateClass,
    DetectorNetworks,
    context_features,
    detect_learned,
    is_lookalike,
    is_vascular,
    lookalike_kind,
    without_metal,
)
from calcwatch.image.find.detections import Detections
from calcwatch.image.find.patches import PATCH_NUMBERS, Patches
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from tests.image.pictures import add_blob, half_round_breast, mammogram_of

CALCIFICATION, TISSUE = (
    CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION),
    CANDIDATE_CLASSES.index(CandidateClass.TISSUE),
)


def test_every_class_has_one_output_in_the_order_of_the_weights() -> None:
    """The order is that which the shipped networks were trained with; four classes are look-alikes."""
    assert [str(candidate_class) for candidate_class in CANDIDATE_CLASSES] == [
        *("tissue", "calcification", "vascular", "surgical_clip", "marker", "wire_or_suture"),
        "dust_or_scratch",
    ]
    assert sorted(CANDIDATE_CLASSES) == sorted(CandidateClass)
    assert {str(candidate_class): str(kind) for candidate_class, kind in LOOKALIKE_KINDS.items()} == {
        name: name for name in ("surgical_clip", "marker", "wire_or_suture", "dust_or_scratch")
    }


def test_a_lookalike_is_named_by_its_likeliest_class() -> None:
    """From a probability of one half on it is one; a calcification may be vascular."""
    marker, calcification, vascular = np.zeros((3, len(CANDIDATE_CLASSES)), np.float32)
    marker[[CALCIFICATION, CANDIDATE_CLASSES.index(CandidateClass.MARKER)]] = 0.4, 0.6
    calcification[[CALCIFICATION, CANDIDATE_CLASSES.index(CandidateClass.DUST)]] = 0.6, 0.4
    vascular[[CALCIFICATION, CANDIDATE_CLASSES.index(CandidateClass.VASCULAR)]] = 0.4, 0.6
    unclassified = Detections(*[np.zeros(3, np.float32)] * 6)
    classified = replace(unclassified, class_probabilities=np.stack([marker, calcification, vascular]))
    assert is_lookalike(classified).tolist() == [True, False, False]
    assert not is_lookalike(unclassified).any()
    assert lookalike_kind(marker) is NonLesionKind.MARKER
    assert [is_vascular(row) for row in (calcification, vascular)] == [False, True]


def test_what_cannot_be_metal_is_what_else_it_may_be() -> None:
    """A rim that a network took for a marker is a calcification by the odds that are left, not dust."""
    clip = CANDIDATE_CLASSES.index(CandidateClass.MARKER)
    rows = np.zeros((2, len(CANDIDATE_CLASSES)), np.float32)
    rows[0, [TISSUE, CALCIFICATION, clip]] = 0.2, 0.6, 0.2
    rows[1, [TISSUE, CALCIFICATION, clip, CANDIDATE_CLASSES.index(CandidateClass.DUST)]] = (
        0.01,
        0.09,
        0.6,
        0.3,
    )
    place = np.arange(2, dtype=np.float32)
    score = np.array([0.6, 0.09], np.float32)
    found = Detections(place, place, place, place, place, score, rows)
    left = without_metal(found, np.array([False, True]))
    assert left.row.tolist() == [1, 0]
    assert np.allclose(left.score, [0.9, 0.6])
    assert not is_lookalike(left).any()
    assert without_metal(found, np.array([False, False])) is found
    unclassified = replace(found, class_probabilities=None)
    assert without_metal(unclassified, np.array([True, True])) is unclassified


def _logits(calcification: list[float]) -> np.ndarray:
    logits = np.zeros((len(calcification), len(CANDIDATE_CLASSES)), np.float32)
    logits[:, CALCIFICATION] = calcification
    return logits


def _bright_is_calcification(patches: Patches) -> np.ndarray:
    return _logits(list(patches.detail[:, 0, 15:18, 15:18].max(axis=(1, 2)) * 3 - 4))


def _patch_classes(features: np.ndarray) -> np.ndarray:
    raised = np.exp(features[:, : len(CANDIDATE_CLASSES)])
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


MODEL = DetectorNetworks(
    patch_network=_bright_is_calcification, context_network=_patch_classes, max_candidates=50
)


def test_the_networks_decide_what_is_found() -> None:
    """The blob is the detection of the highest score, and that is the probability of its classes."""
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


def test_no_more_candidates_are_classified_than_the_model_says() -> None:
    """The number of detections is at most the model's number of candidates."""
    image = normalize(mammogram_of(half_round_breast()))
    found = detect_learned(image, find_breast(image), AnalysisSettings(), model=MODEL)
    assert found.row.size <= 50


def test_neighbors_within_reach_count_and_no_others() -> None:
    """Two likely ones 2 mm apart count for each other at 2.5 mm and not at 1 mm; one at 30 mm is alone."""
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
