"""Shapes told by a model handed in: what it is shown, what its answers become."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.lexicon import Morphology
from calcwatch.image.describe.morphology import (
    CONTEXT_FEATURES,
    MORPHOLOGY_CLASSES,
    OUTPUTS,
    SET_FEATURES,
    MorphologyNetworks,
    classify_morphology,
    context_features,
    describe_morphology,
    describe_set,
)
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS, ShapePatches, measure_shapes
from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.measure.outline import measure
from calcwatch.image.prepare.normalize import normalize
from tests.image.measure.test_outline import detections_at
from tests.image.pictures import add_disk, half_round_breast, mammogram_of

PLACES = ((180.0, 100.0), (200.0, 120.0), (220.0, 90.0))


def seen(*, is_lateral: bool = False) -> ShapePatches:
    """Three disks of 6 pixels in a drawn breast, as the network sees them."""
    picture = half_round_breast(noise=0.004)
    for row, column in PLACES:
        picture = add_disk(picture, row, column, radius_px=3.0)
    image = normalize(mammogram_of(picture))
    return measure_shapes(image, measure(image, detections_at(image, *PLACES)), None, is_lateral=is_lateral)[
        1
    ]


def test_patches_show_the_object_in_their_middle() -> None:
    """The disk lies in the middle of all three squares, at 1 where it fills one, and outlined there."""
    patches = seen()
    assert patches.close.shape == (3, 2, 32, 32)
    assert patches.near.shape == (3, 1, 32, 32)
    assert patches.around.shape == (3, 2, 32, 32)
    assert patches.close[:, 0, 15:17, 15:17].mean() == pytest.approx(1.0, abs=0.15)
    assert np.all(patches.close[:, 1, 15:17, 15:17] == 1)
    assert np.all(patches.near[:, 0, 15, 15] > patches.near[:, 0, 0, 0] + 1)
    assert np.all(patches.around[:, 1, 14:18, 14:18].max(axis=(1, 2)) > 0.4)


def test_numbers_have_names_and_the_lateral_view_is_one_of_them() -> None:
    """Each number has a name; only ``is_lateral`` changes with the view; without a network the last are 0."""
    first, second = seen().numbers, seen(is_lateral=True).numbers
    assert first.shape == (3, len(SHAPE_NUMBERS))
    changed = [name for name, a, b in zip(SHAPE_NUMBERS, first[0], second[0], strict=True) if a != b]
    assert changed == ["is_lateral"]
    assert np.all(first[:, -len(CANDIDATE_CLASSES) :] == 0)


def test_nothing_gives_empty_arrays() -> None:
    """No objects give patches without rows, and no answers."""
    image = normalize(mammogram_of(half_round_breast()))
    _, nothing = measure_shapes(image, (), None, is_lateral=False)
    model = model_of(MORPHOLOGY_CLASSES.index(Morphology.ROUND))
    logits = model.patch_network(nothing)
    alone, _ = classify_morphology(
        logits, nothing.numbers, np.zeros((0, 2)), (), context_network=model.context_network
    )
    assert nothing.close.shape == (0, 2, 32, 32)
    assert nothing.numbers.shape == (0, len(SHAPE_NUMBERS))
    assert alone.shape == (0, OUTPUTS)


def model_of(answer: int) -> MorphologyNetworks:
    """A model that always says the same, and whose second half passes the first's mean on."""

    def patch_network(patches: ShapePatches) -> NDArray[np.float32]:
        logits = np.zeros((len(patches.numbers), OUTPUTS), np.float32)
        logits[:, answer] = 4.0
        return logits

    def context_network(features: NDArray[np.float32]) -> NDArray[np.float32]:
        likely = np.exp(features[:, :OUTPUTS])
        return np.asarray(likely / likely.sum(axis=1, keepdims=True), np.float32)

    return MorphologyNetworks(patch_network, context_network)


def test_calcifications_and_groups_get_a_row_each() -> None:
    """Three calcifications and their group give four rows of probabilities, in that order."""
    answer = MORPHOLOGY_CLASSES.index(Morphology.AMORPHOUS)
    model, patches = model_of(answer), seen()
    alone, groups = classify_morphology(
        model.patch_network(patches),
        patches.numbers,
        np.array(PLACES) * 0.1,
        [(0, 1, 2)],
        context_network=model.context_network,
    )
    assert alone.shape == (3, OUTPUTS)
    assert groups.shape == (1, OUTPUTS)
    assert alone.argmax(axis=1).tolist() == [answer] * 3
    assert groups.argmax(axis=1).tolist() == [answer]


def test_features_do_not_depend_on_the_order_of_members() -> None:
    """A group's row is the same whichever way its members are counted, and as wide as stated."""
    patches = seen()
    logits = np.random.default_rng(1).normal(size=(3, OUTPUTS)).astype(np.float32)
    places = np.array(PLACES) * 0.1
    first = context_features(logits, patches.numbers, places, [(0, 1, 2)])
    second = context_features(logits, patches.numbers, places, [(2, 0, 1)])
    assert first.shape == (4, CONTEXT_FEATURES)
    assert np.allclose(first, second, atol=1e-6)
    assert first[:, -1].tolist() == [0, 0, 0, 1]


def test_a_set_of_one_has_features_too() -> None:
    """One calcification alone is a set without extent."""
    likely = np.full((1, OUTPUTS), 1 / OUTPUTS, np.float32)
    features = describe_set(likely, np.zeros((1, len(SHAPE_NUMBERS)), np.float32), np.zeros((1, 2)), (0,))
    assert features.shape == (SET_FEATURES,)
    assert np.isfinite(features).all()


def row_of(**chances: float) -> NDArray[np.float32]:
    row = np.zeros(OUTPUTS, np.float32)
    for name, chance in chances.items():
        row[OUTPUTS - 1 if name == "nothing" else MORPHOLOGY_CLASSES.index(Morphology[name])] = chance
    return row


def test_milk_of_calcium_is_told_on_a_true_lateral_only() -> None:
    """Elsewhere its probability goes to the other shapes."""
    row = row_of(MILK_OF_CALCIUM=0.8, ROUND=0.2)
    assert describe_morphology(row, diameter_px=12, is_lateral=True).likeliest is Morphology.MILK_OF_CALCIUM
    elsewhere = describe_morphology(row, diameter_px=12, is_lateral=False)
    assert elsewhere.likeliest is Morphology.ROUND
    assert elsewhere.of(Morphology.MILK_OF_CALCIUM) == 0.0


def test_probabilities_are_among_shapes() -> None:
    """The chance that it is no calcification is left out; the rest adds up to 1, most likely first."""
    told = describe_morphology(row_of(nothing=0.5, ROUND=0.3, PUNCTATE=0.2), diameter_px=8, is_lateral=False)
    assert sum(chance for _, chance in told.probabilities) == pytest.approx(1.0)
    assert [shape for shape, _ in told.probabilities] == [Morphology.ROUND, Morphology.PUNCTATE]
    assert told.of(Morphology.ROUND) == pytest.approx(0.6)


@pytest.mark.parametrize(("diameter_px", "words"), [(2.5, "at this resolution"), (9.0, "several shapes")])
def test_a_shape_that_the_pixels_do_not_carry_is_not_named(diameter_px: float, words: str) -> None:
    """Where no shape reaches 0.4 none is named, and the reason is said; probabilities stay."""
    row = row_of(ROUND=0.35, PUNCTATE=0.35, AMORPHOUS=0.3)
    told = describe_morphology(row, diameter_px=diameter_px, is_lateral=False)
    assert told.likeliest is None
    assert words in told.undetermined_because
    assert len(told.probabilities) == 3
