"""Kinds of pieces: what their neighbors add, and models made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from calcwatch.domain.lexicon import WORDS_OF_KIND, GroupKind, Morphology
from calcwatch.image.describe.kind import (
    CONTEXT_FEATURES,
    KIND_CLASSES,
    SPECK_KINDS,
    KindModel,
    LinearModel,
    classify_kinds,
    kind_context,
    mix_suspicion,
    words_of_kind,
)
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES, OUTPUTS
from calcwatch.image.settings.describe import KindSettings

KINDS = len(KIND_CLASSES)
VASCULAR = KIND_CLASSES.index(GroupKind.VASCULAR)


def linear(weights: NDArray[np.float64]) -> LinearModel:
    outputs, inputs = weights.shape
    return LinearModel(np.zeros(inputs), np.ones(inputs), weights, np.zeros(outputs), limit=10.0)


def by_hand() -> KindModel:
    """Two features: the first says vascular; the neighbors' kinds are believed, too; the second alarms."""
    alone = np.zeros((KINDS, 2))
    alone[VASCULAR, 0] = 4.0
    beside = np.zeros((KINDS, 2 + CONTEXT_FEATURES))
    beside[:, :2] = alone
    beside[np.arange(KINDS), 2 + KINDS + np.arange(KINDS)] = 6.0  # mean kinds of the near ones
    alarm = np.zeros((1, 2 + KINDS))
    alarm[0, 1] = 2.0
    return KindModel(linear(alone), linear(beside), linear(alarm), elsewhere=0.01, slope=1.0, intercept=-1.0)


def places(*columns: float) -> list[NDArray[np.float64]]:
    """Pieces of three members in one row, by the column of their first, in mm."""
    return [np.array([(0.0, column), (0.0, column + 1), (1.0, column)]) for column in columns]


def test_kinds_add_up_and_suspicion_is_a_probability() -> None:
    """Whatever the features, probabilities of a piece add up to 1."""
    features = np.random.default_rng(1).normal(0, 3, (20, 2))
    kinds, suspicion = classify_kinds(features, places(*range(0, 200, 10)), by_hand())
    assert kinds.shape == (20, KINDS)
    assert kinds.sum(axis=1) == pytest.approx(np.ones(20))
    assert ((suspicion > 0) & (suspicion < 1)).all()


def test_no_pieces_have_no_kinds() -> None:
    """Empty arrays of the usual width."""
    kinds, suspicion = classify_kinds(np.zeros((0, 2)), [], by_hand())
    assert kinds.shape == (0, KINDS)
    assert suspicion.shape == (0,)


def test_suspicion_is_asked_of_specks_and_calibrated_last() -> None:
    """A logit of 2 counts by the share of specks, the rest as other kinds do; then slope 1 less 1."""
    for slope in (1.0, 2.0):
        kinds, suspicion = classify_kinds(np.array([[0.0, 1.0]]), places(0), replace(by_hand(), slope=slope))
        specks = kinds[0, [KIND_CLASSES.index(kind) for kind in SPECK_KINDS]].sum()
        mixed = specks * expit(2.0) + (1 - specks) * 0.01
        assert suspicion[0] == pytest.approx(expit(slope * logit(mixed) - 1))


def test_a_plain_artery_is_not_suspicious() -> None:
    """Whatever its specks look like, an artery is called suspicious as seldom as arteries are."""
    kinds = np.eye(KINDS)[[VASCULAR, KIND_CLASSES.index(GroupKind.SMALL_SUSPICIOUS)]]
    artery, specks = mix_suspicion(np.array([5.0, 5.0]), kinds, 0.01)
    assert artery == pytest.approx(0.01)
    assert specks == pytest.approx(expit(5.0))


def test_a_doubtful_piece_is_told_by_the_artery_beside_it() -> None:
    """Between two plain pieces of an artery it is one, too; far from them it is not."""
    features = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    near, _ = classify_kinds(features, places(10, 0, 20), by_hand())
    far, _ = classify_kinds(features, places(500, 0, 20), by_hand())
    assert near[0, VASCULAR] > 2 * far[0, VASCULAR]
    assert near[0].argmax() == VASCULAR
    deaf = KindSettings(neighbor_mm=0.01)
    unheard, _ = classify_kinds(features, places(10, 0, 20), by_hand(), settings=deaf)
    assert unheard[0] == pytest.approx(far[0], abs=0.01)


def test_a_lone_piece_has_a_context_without_neighbors() -> None:
    """Nothing beside it: zeros, and the logarithms of its own kinds."""
    kinds = np.full((1, KINDS), 1 / KINDS)
    context = kind_context(kinds, places(0))
    assert context.shape == (1, CONTEXT_FEATURES)
    assert not context[0, : 2 * KINDS + 2].any()
    assert context[0, 2 * KINDS + 2 :] == pytest.approx(np.log(1 / KINDS + 1e-3), abs=1e-6)


def test_the_order_of_pieces_does_not_matter() -> None:
    """Pieces in another order have the same context, each its own."""
    rng = np.random.default_rng(5)
    kinds, where = rng.dirichlet(np.ones(KINDS), 6), places(0, 8, 30, 50, 90, 100)
    order = rng.permutation(6)
    first = kind_context(kinds, where)
    second = kind_context(kinds[order], [where[k] for k in order])
    assert second == pytest.approx(first[order])


def test_a_kind_allows_its_words_only() -> None:
    """An artery has one word, what is no calcification none; no word of the network is without a kind."""
    outputs = np.full(OUTPUTS, 1 / OUTPUTS, np.float32)
    vessel = words_of_kind(outputs, GroupKind.VASCULAR)
    assert [MORPHOLOGY_CLASSES[place] for place in np.flatnonzero(vessel)] == [Morphology.VASCULAR]
    assert not words_of_kind(outputs, GroupKind.NOT_A_CALCIFICATION).any()
    assert not words_of_kind(outputs, GroupKind.SMALL_SUSPICIOUS)[-1]
    assert {word for words in WORDS_OF_KIND.values() for word in words} >= set(MORPHOLOGY_CLASSES)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"scale": np.array([1.0, 0.0])}, "a scale or the limit is not above 0"),
        ({"mean": np.zeros(3)}, "same inputs and outputs"),
        ({"bias": np.zeros(2)}, "same inputs and outputs"),
        ({"weights": np.full((1, 2), np.nan)}, "not finite"),
    ],
)
def test_weights_that_make_no_sense_are_refused(changed: dict[str, Any], words: str) -> None:
    """A scale of 0 would make every kind unknown without a word."""
    with pytest.raises(ValueError, match=words):
        replace(linear(np.ones((1, 2))), **changed)
