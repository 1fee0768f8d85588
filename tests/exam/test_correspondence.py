"""The same group on two views of a breast."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from calcwatch.domain.findings import (
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    MorphologyDescription,
)
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.exam.correspondence import DIFFERENCES, differences, marginal_probability, pair_groups
from calcwatch.exam.settings import CorrespondenceSettings, DifferenceWeights, ExamSettings
from tests.exam.two_views import a_group, a_view, mirrored

CC, MLO, ML = ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML
FINE, COARSE = (0.2, 0.22, 0.25, 0.3), (0.6, 0.7, 0.8, 0.9)


def names(first: ImageFindings, second: ImageFindings) -> set[tuple[str, str]]:
    return {(pair.first, pair.second) for pair in pair_groups(first, second)}


def test_a_group_alone_on_both_views_is_one_pair() -> None:
    """Same place, same look: nearly certain, with the distances and the reason."""
    above, aside = a_view(CC, a_group("a", 40, 10)), a_view(MLO, a_group("b", 40, 10))
    (pair,) = pair_groups(above, aside)
    assert (pair.first, pair.second) == ("a", "b")
    assert pair.probability > 0.95
    assert pair.difference_mm == pytest.approx(0.0, abs=0.1)
    assert pair.reason == (
        "40 and 40 mm behind the nipple; 3 and 3 calcifications, median diameter 0.30 and 0.30 mm"
    )


def test_the_order_of_the_views_does_not_matter() -> None:
    """The group on the CC view comes first, whichever view is given first."""
    above, aside = a_view(CC, a_group("a", 40, 10)), a_view(MLO, a_group("b", 40, 10))
    assert pair_groups(aside, above) == pair_groups(above, aside)


def test_mirroring_a_view_changes_nothing() -> None:
    """A mirrored picture has the same pairs with the same probability."""
    above, aside = a_view(CC, a_group("a", 40, 10)), a_view(MLO, a_group("b", 45, 10))
    (plain,), (turned,) = pair_groups(above, aside), pair_groups(mirrored(above), mirrored(aside))
    assert turned.probability == pytest.approx(plain.probability)


def test_similar_groups_are_told_apart_by_their_depth() -> None:
    """Two groups that look alike pair with the one as far behind the nipple."""
    above = a_view(CC, a_group("front", 65, 5), a_group("back", 25, 5))
    aside = a_view(MLO, a_group("deep", 25, 5), a_group("fore", 65, 5))
    assert names(above, aside) == {("front", "fore"), ("back", "deep")}


def test_groups_at_one_depth_are_told_apart_by_their_look() -> None:
    """Fine pairs with fine and coarse with coarse where the place does not tell."""
    above = a_view(CC, a_group("a", 40, 5, diameters_mm=FINE), a_group("b", 40, -5, diameters_mm=COARSE))
    aside = a_view(ML, a_group("c", 40, 5, diameters_mm=COARSE), a_group("d", 40, -5, diameters_mm=FINE))
    assert names(above, aside) == {("a", "d"), ("b", "c")}


def test_groups_that_do_not_fit_stay_alone() -> None:
    """Far apart in depth and unlike: seen on one view only."""
    above = a_view(CC, a_group("a", 70, 0, diameters_mm=FINE))
    aside = a_view(MLO, a_group("b", 10, 0, diameters_mm=COARSE))
    assert pair_groups(above, aside) == ()


def test_each_group_is_in_one_pair_at_most() -> None:
    """Of two groups that both fit one, only the better is paired."""
    above = a_view(CC, a_group("a", 40, 5), a_group("b", 55, 5))
    assert names(above, a_view(MLO, a_group("c", 40, 5))) == {("a", "c")}


def test_without_spacing_the_depth_of_the_breast_is_the_measure() -> None:
    """No millimeters are stated, and the pair is found all the same."""
    above = a_view(CC, a_group("a", 40, 10), spacing_mm=None)
    (pair,) = pair_groups(above, a_view(MLO, a_group("b", 40, 10)))
    assert pair.difference_mm is None
    assert "mm" not in pair.reason
    assert pair.reason.startswith("50 and 50 % of the breast's depth")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (a_view(CC, a_group("a", 40, 0)), a_view(CC, a_group("b", 40, 0))),
        (a_view(MLO, a_group("a", 40, 0)), a_view(ML, a_group("b", 40, 0))),
        (a_view(CC, a_group("a", 40, 0)), a_view(None, a_group("b", 40, 0))),
        (a_view(CC, a_group("a", 40, 0)), a_view(MLO, a_group("b", 40, 0), side=Laterality.RIGHT)),
        (a_view(CC, a_group("a", 40, 0), side=None), a_view(MLO, a_group("b", 40, 0), side=None)),
        (a_view(CC, a_group("a", 40, 0)), a_view(MLO, a_group("b", 40, 0), landmarks=False)),
        (a_view(CC), a_view(MLO, a_group("b", 40, 0))),
    ],
    ids=["twice CC", "no CC", "unknown view", "other breast", "unknown side", "no landmarks", "no groups"],
)
def test_views_that_cannot_be_compared_give_no_pairs(first: ImageFindings, second: ImageFindings) -> None:
    """Same kind of view, other breast, unknown side or view, no landmarks, nothing found: no pairs."""
    assert pair_groups(first, second) == ()
    assert differences(first, second).size == 0


def described(image: ImageFindings, shape: Morphology, suspicion: float) -> ImageFindings:
    morphology = MorphologyDescription(((shape, 0.9), (Morphology.ROUND, 0.1)))
    return replace(
        image, groups=tuple(replace(g, morphology=morphology, suspicion=suspicion) for g in image.groups)
    )


def test_descriptions_that_agree_raise_the_probability_and_others_lower_it() -> None:
    """Shape and suspicion count where both views have them, and only there."""
    above, aside = a_view(CC, a_group("a", 40, 10)), a_view(MLO, a_group("b", 52, 10))
    (plain,) = pair_groups(above, aside)
    shape = Morphology.FINE_PLEOMORPHIC
    (alike,) = pair_groups(described(above, shape, 0.8), described(aside, shape, 0.8))
    (half,) = pair_groups(described(above, shape, 0.8), aside)
    unlike = pair_groups(described(above, shape, 0.9), described(aside, Morphology.POPCORN, 0.1))
    assert alike.probability > plain.probability
    assert half.probability == plain.probability
    assert not unlike or unlike[0].probability < plain.probability


def loose(image: ImageFindings) -> ImageFindings:
    measured = DistributionMeasurements(30, 60.0, 60.0, 50.0, 2000.0, 5.0, None, 0.4)
    distribution = DistributionDescription(((Distribution.DIFFUSE, 1.0),), measured)
    return replace(image, groups=tuple(replace(g, distribution=distribution) for g in image.groups))


def test_the_place_of_loose_patterns_counts_less() -> None:
    """Two diffuse patterns are the same one although their middles lie apart."""
    above, aside = a_view(CC, a_group("a", 60, 10)), a_view(MLO, a_group("b", 35, 10))
    assert names(above, aside) == set()
    assert names(loose(above), loose(aside)) == {("a", "b")}


def test_probabilities_of_competing_pairs_are_exact_for_one_row() -> None:
    """With one group on one view, each pair's probability is its share of all that may be."""
    odds = np.array([[3.0, 1.0]])
    np.testing.assert_allclose(marginal_probability(odds), [[0.6, 0.2]])
    np.testing.assert_allclose(marginal_probability(odds.T), [[0.6], [0.2]])


def test_probabilities_of_two_by_two_are_close_to_counting_all_ways() -> None:
    """Against the sum over all seven ways to pair two groups with two."""
    odds = np.array([[8.0, 2.0], [2.0, 8.0]])
    ways = 1 + odds.sum() + odds[0, 0] * odds[1, 1] + odds[0, 1] * odds[1, 0]
    exact = odds[0, 0] * (1 + odds[1, 1]) / ways
    assert marginal_probability(odds)[0, 0] == pytest.approx(exact, abs=0.03)


def test_every_stated_pair_is_likelier_than_not() -> None:
    """The least probability that is stated is one half."""
    assert ExamSettings().correspondence.min_probability == 0.5


def test_each_difference_has_its_weight_by_name() -> None:
    """A difference counts by the weight of its name, whatever the order of either."""
    above, aside = a_view(CC, a_group("a", 40, 10)), a_view(MLO, a_group("b", 47, 10, diameters_mm=FINE))
    weights = dict.fromkeys(DIFFERENCES, 0.0)
    assert set(weights) == {weight.name for weight in fields(DifferenceWeights)}
    measured = dict(zip(DIFFERENCES, differences(above, aside)[0, 0], strict=True))
    assert all(value > 0 for name, value in measured.items() if name != "height")
    for name, value in measured.items():
        own = CorrespondenceSettings(
            base=2.0, weights=DifferenceWeights(**weights | {name: -0.5}), min_probability=0.0
        )
        (pair,) = pair_groups(above, aside, settings=ExamSettings(correspondence=own))
        odds = np.exp(2.0 - 0.5 * value)
        assert pair.probability == pytest.approx(odds / (1 + odds))
