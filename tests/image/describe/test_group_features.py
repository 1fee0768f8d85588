"""What a group is told by: named, finite, and blind to the order of its members."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.image.describe.group_features import (
    GROUP_FEATURES,
    Ground,
    MemberLooks,
    NetworkAnswers,
    describe_group,
    look_at_ground,
    look_at_members,
)
from calcwatch.image.describe.morphology import OUTPUTS
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS, measure_shapes
from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.measure.outline import measure
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from tests.image.measure.test_outline import detections_at
from tests.image.pictures import add_disk, half_round_breast, mammogram_of

GROUP = np.full(OUTPUTS, 1 / OUTPUTS)
PLACES = ((180.0, 100.0), (200.0, 120.0), (220.0, 90.0), (205.0, 60.0))


def ground_of(picture: NDArray[np.float32]) -> Ground:
    image = normalize(mammogram_of(picture))
    return look_at_ground(image, find_breast(image), (200.0, 260.0))


def banded() -> NDArray[np.float32]:
    """A breast with a bright upright band, 1.6 mm wide, in column 100."""
    picture = half_round_breast(noise=0.004)
    columns = np.arange(picture.shape[1], dtype=np.float32)
    band = 0.35 * np.exp(-0.5 * ((columns - 100) / 8) ** 2)
    return np.where(picture > 0.2, picture + band, picture).astype(np.float32)


def looks(count: int, seed: int = 3) -> MemberLooks:
    """Calcifications of random looks, 1 to 20 mm apart."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(OUTPUTS), count)
    return MemberLooks(
        looks=rng.uniform(0.1, 1, (count, 11)),
        classes=rng.dirichlet(np.ones(len(CANDIDATE_CLASSES)), count),
        outputs=chances,
        logits=np.log(chances),
        numbers=rng.normal(size=(count, len(SHAPE_NUMBERS))),
        places_mm=rng.uniform(5, 20, (count, 2)),
        marks=np.ones(count),
    )


def test_every_feature_has_a_name_of_its_own() -> None:
    """As many numbers as names, no name twice."""
    values = describe_group(range(5), looks(8), GROUP, ground_of(half_round_breast()))
    assert values.shape == (len(GROUP_FEATURES),)
    assert len(set(GROUP_FEATURES)) == len(GROUP_FEATURES)


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_features_are_finite_for_any_number_of_members(count: int) -> None:
    """One member, alone in its breast, two, three and many."""
    values = describe_group(range(count), looks(count), GROUP, ground_of(half_round_breast()))
    assert np.isfinite(values).all()


def test_a_look_that_is_not_known_leaves_the_rest() -> None:
    """What is not known becomes 0, and every number is finite."""
    seen = looks(4)
    seen.looks[2, 0] = np.nan
    values = describe_group(range(4), seen, GROUP, ground_of(half_round_breast()))
    assert np.isfinite(values).all()
    assert values[GROUP_FEATURES.index("log_diameter_median")] == 0


def test_members_on_one_spot_are_described_too() -> None:
    """Places without extent give finite numbers."""
    seen = looks(4)
    seen.places_mm[:] = 10.0
    assert np.isfinite(describe_group(range(4), seen, GROUP, ground_of(half_round_breast()))).all()


def test_the_order_of_members_does_not_matter() -> None:
    """The same group, counted the other way round, has the same numbers."""
    seen, ground = looks(9), ground_of(banded())
    first = describe_group([0, 2, 4, 5, 7], seen, GROUP, ground)
    second = describe_group([7, 4, 0, 5, 2], seen, GROUP, ground)
    assert first == pytest.approx(second, abs=1e-4)


def test_nothing_is_no_group() -> None:
    """A group without members is refused."""
    with pytest.raises(ValueError, match="without members"):
        describe_group([], looks(3), GROUP, ground_of(half_round_breast()))


def test_a_bright_band_is_a_tube_and_the_tissue_beside_it_is_not() -> None:
    """On the band the rank is near the highest, 8 mm beside it below the middle; it runs along the rows."""
    ground = ground_of(banded())
    on = np.array([(row / 10, 10.0) for row in range(140, 261, 20)])
    beside = on + np.array([0.0, 8.0])
    assert ground.at(ground.tube, on).min() > 0.9
    assert np.median(ground.at(ground.tube, beside)) < 0.6
    assert np.abs(np.sin(ground.at(ground.direction, on))).min() > 0.9


def test_specks_do_not_make_a_band() -> None:
    """A row of small bright disks on even tissue ranks lower than the band that it could be taken for."""
    dotted = half_round_breast(noise=0.004)
    for row in range(120, 281, 20):
        dotted = add_disk(dotted, row, 100, radius_px=2.0, height=0.3)
    both = banded()
    for row in range(120, 281, 20):
        both = add_disk(both, row, 200, radius_px=2.0, height=0.3)
    ground = ground_of(both)
    on_band = np.array([(row / 10, 10.0) for row in range(140, 261, 20)])
    on_specks = on_band + np.array([0.0, 10.0])
    assert ground.at(ground.tube, on_band).min() > np.median(ground.at(ground.tube, on_specks))


def test_calcifications_on_a_band_lie_on_a_tube() -> None:
    """Members along the band have high ranks and the direction of the band; the same beside it have not."""
    ground, seen = ground_of(banded()), looks(6)
    seen.places_mm[:] = [(row / 10, 10.0) for row in (150, 165, 180, 200, 220, 240)]
    on = dict(zip(GROUP_FEATURES, describe_group(range(6), seen, GROUP, ground), strict=True))
    seen.places_mm[:, 1] = 18.0
    beside = dict(zip(GROUP_FEATURES, describe_group(range(6), seen, GROUP, ground), strict=True))
    assert on["tube_median"] > 0.95
    assert on["along_tube"] > 0.9
    assert on["runs_on"] > beside["runs_on"]
    assert on["tube_median"] > beside["tube_median"]
    assert on["straightness_median"] < 0.05


def test_skin_and_nipple_are_measured_in_millimeters() -> None:
    """The middle of the breast is far from its edge, a place near the edge is near it."""
    ground = ground_of(half_round_breast())
    middle, edge = ground.at(ground.skin_mm, np.array([(20.0, 8.0), (20.0, 26.0)]))
    assert middle > 8
    assert edge < 2
    assert ground.nipple_mm == pytest.approx((20.0, 26.0))


def test_members_are_looked_at_in_their_order() -> None:
    """A row for each calcification, the classes 0 without a network, logits without their mean."""
    picture = half_round_breast(noise=0.004)
    for row, column in PLACES:
        picture = add_disk(picture, row, column, radius_px=3.0)
    image = normalize(mammogram_of(picture))
    found = measure(image, detections_at(image, *PLACES))
    shapes, patches = measure_shapes(image, found, None, is_lateral=False)
    logits = np.random.default_rng(2).normal(1.0, 1.0, (4, OUTPUTS)).astype(np.float32)
    chances = np.full((4, OUTPUTS), 1 / OUTPUTS, np.float32)
    seen = look_at_members(
        found,
        shapes,
        np.full(4, 0.9),
        None,
        NetworkAnswers(logits, patches.numbers, chances),
        ground=ground_of(picture),
        working_mm=image.working_mm,
    )
    assert seen.places_mm == pytest.approx(
        np.array([(own.row, own.column) for own in found]) * image.working_mm
    )
    assert np.isfinite(seen.looks).all()
    assert not seen.classes.any()
    assert seen.logits.mean(axis=1) == pytest.approx(np.zeros(4), abs=1e-6)
    assert seen.marks.tolist() == [1 + len(own.merged) for own in found]
