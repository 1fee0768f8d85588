"""Distribution of a group from the places of its members."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.lexicon import Distribution
from calcwatch.image.describe.distribution import (
    DISTRIBUTION_CLASSES,
    FEATURES,
    BreastGeometry,
    describe_distributions,
    measure_distribution,
)
from calcwatch.image.describe.group import group

GEOMETRY = BreastGeometry(working_mm=0.1, spacing_mm=0.1, breast_area_px=1_000_000.0, nipple=(500.0, 900.0))


def line_to_nipple(count: int = 11) -> NDArray[np.float64]:
    """Members along row 500, 20 px apart, from column 400 on: the nipple lies ahead in the same row."""
    return np.stack([np.full(count, 500.0), 400.0 + 20 * np.arange(count)], axis=1)


def features_of(points: NDArray[np.float64], geometry: BreastGeometry = GEOMETRY) -> NDArray[np.float32]:
    """Features of all points as one group."""
    members = np.arange(len(points))
    return measure_distribution(points, np.ones(len(points)), members=members, geometry=geometry)[0]


def test_measurements_of_a_line_are_in_mm() -> None:
    """Eleven points 2 mm apart toward the nipple: 20 mm long, no width, angle 0."""
    points = line_to_nipple()
    _, told = measure_distribution(points, np.ones(11), members=np.arange(11), geometry=GEOMETRY)
    assert told.count == 11
    assert told.extent_mm == pytest.approx(20)
    assert told.length_mm == pytest.approx(20)
    assert told.width_mm == pytest.approx(0, abs=1e-9)
    assert told.nearest_neighbor_mm == pytest.approx(2)
    assert told.nipple_angle_degrees == pytest.approx(0, abs=1e-3)
    assert told.hull_area_mm2 == pytest.approx(0)
    assert told.breast_share == pytest.approx(0)


def test_measurements_of_a_square() -> None:
    """Corners 10 mm apart: hull of 100 square millimeters, which is a hundredth of the breast."""
    points = np.array([(0.0, 0.0), (0.0, 100.0), (100.0, 0.0), (100.0, 100.0)])
    _, told = measure_distribution(points, np.ones(4), members=np.arange(4), geometry=GEOMETRY)
    assert told.hull_area_mm2 == pytest.approx(100)
    assert told.breast_share == pytest.approx(0.01)
    assert told.extent_mm == pytest.approx(10 * 2**0.5)


def test_lengths_stay_unknown_without_pixel_spacing() -> None:
    """Features take the working scale, measurements in mm are not known, an angle and a share are."""
    geometry = BreastGeometry(0.1, None, 1_000_000.0, (500.0, 900.0))
    points = line_to_nipple()
    features, told = measure_distribution(points, np.ones(11), members=np.arange(11), geometry=geometry)
    assert features == pytest.approx(features_of(points))
    assert told.extent_mm is None
    assert told.length_mm is None
    assert told.width_mm is None
    assert told.hull_area_mm2 is None
    assert told.nearest_neighbor_mm is None
    assert told.nipple_angle_degrees == pytest.approx(0, abs=1e-3)


def test_without_a_nipple_no_direction_is_claimed() -> None:
    """The angle is unknown, and the features are finite and say so."""
    geometry = BreastGeometry(0.1, 0.1, 1_000_000.0, None)
    points = line_to_nipple()
    features, told = measure_distribution(points, np.ones(11), members=np.arange(11), geometry=geometry)
    assert told.nipple_angle_degrees is None
    assert features.shape == (FEATURES,)
    assert np.isfinite(features).all()
    assert not np.array_equal(features, features_of(points))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_members_are_measured_too(count: int) -> None:
    """One, two and three points give finite features, all of one length."""
    features = features_of(line_to_nipple(count))
    assert features.shape == (FEATURES,)
    assert np.isfinite(features).all()


def test_members_on_one_spot_are_measured_too() -> None:
    """Points without any extent have no direction and no length, and everything stays finite."""
    points = np.full((4, 2), 300.0)
    features, told = measure_distribution(points, np.ones(4), members=np.arange(4), geometry=GEOMETRY)
    assert np.isfinite(features).all()
    assert told.extent_mm == 0
    assert told.nipple_angle_degrees is None


def test_turning_and_mirroring_change_nothing() -> None:
    """Only the nipple gives a direction: turned together with it, the features stay."""
    rng = np.random.default_rng(4)
    points = rng.uniform(300, 700, (14, 2))
    turned = points[:, ::-1] * (1, -1)
    geometry = BreastGeometry(0.1, 0.1, 1_000_000.0, (900.0, -500.0))
    assert features_of(turned, geometry) == pytest.approx(features_of(points), abs=1e-4)


def test_what_lies_round_a_group_counts() -> None:
    """The same three points alone and in a scatter have other features and the same measurements."""
    rng = np.random.default_rng(5)
    three = np.array([(500.0, 500.0), (500.0, 520.0), (520.0, 510.0)])
    many = np.concatenate([three, rng.uniform(0, 1000, (40, 2))])
    members = np.arange(3)
    alone, told_alone = measure_distribution(three, np.ones(3), members=members, geometry=GEOMETRY)
    among, told_among = measure_distribution(many, np.ones(43), members=members, geometry=GEOMETRY)
    assert told_alone == told_among
    assert np.abs(alone - among).max() > 1
    doubtful = np.concatenate([np.ones(3), np.full(40, 0.2)])
    ignored, _ = measure_distribution(many, doubtful, members=members, geometry=GEOMETRY)
    assert ignored == pytest.approx(alone)


def test_a_group_without_members_is_refused() -> None:
    """Nothing has no distribution."""
    with pytest.raises(ValueError, match="without members"):
        measure_distribution(np.zeros((0, 2)), np.zeros(0), members=np.zeros(0, np.intp), geometry=GEOMETRY)


@pytest.mark.parametrize(("working", "area"), [(0.0, 1.0), (0.1, 0.0)])
def test_a_breast_without_extent_is_refused(working: float, area: float) -> None:
    """Scale and area of the breast are above 0."""
    with pytest.raises(ValueError, match="above 0"):
        BreastGeometry(working, None, area, None)


def test_every_group_gets_its_own_description() -> None:
    """Probabilities come in the order of likelihood, add up to 1, and follow the order of the groups."""
    points = np.concatenate([line_to_nipple(), np.array([(100.0, 100.0), (100.0, 120.0), (120.0, 110.0)])])
    scores = np.linspace(0.99, 0.6, len(points))
    groups = group(points, scores, None, distance_px=50, min_count=3)

    def network(features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Linear where there are many, else grouped: the first feature is the logarithm of the count."""
        many = features[:, 0] > np.log(5)
        table = np.array([[0.1, 0.1, 0.6, 0.1, 0.1], [0.0, 0.1, 0.1, 0.7, 0.1]], np.float32)
        return np.asarray(table[many.astype(int)], np.float32)

    members = [np.array(group.members, np.intp) for group in groups]
    described = describe_distributions(members, points, scores, GEOMETRY, network=network)
    assert [len(group.members) for group in groups] == [
        description.measurements.count for description in described
    ]
    assert [description.likeliest for description in described] == [Distribution.LINEAR, Distribution.GROUPED]
    for description in described:
        assert sum(share for _, share in description.probabilities) == pytest.approx(1)
        assert {name for name, _ in description.probabilities} == set(DISTRIBUTION_CLASSES)


def test_no_groups_are_not_asked_about() -> None:
    """Nothing found is an empty answer, and the learned function is not called."""

    def never(features: NDArray[np.float32]) -> NDArray[np.float32]:
        raise AssertionError("asked")

    assert describe_distributions((), np.zeros((0, 2)), np.zeros(0), GEOMETRY, network=never) == ()
