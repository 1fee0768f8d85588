"""The truth of a phantom is what its pixels show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.phantom.views import CLEAN, SMALL, around, centroid, examine, log_loss, one_group

APART = {
    Morphology.ROUND: 0.02,
    Morphology.PUNCTATE: 0.02,
    Morphology.RIM: 0.03,
    Morphology.DYSTROPHIC: 0.05,
    Morphology.FINE_PLEOMORPHIC: 0.03,
    Morphology.FINE_LINEAR: 0.05,
}


@pytest.mark.parametrize("side", [Laterality.LEFT, Laterality.RIGHT])
@pytest.mark.parametrize("morphology", APART)
def test_centers_are_where_the_pixels_changed(morphology: Morphology, side: Laterality) -> None:
    """The centroid of what a calcification changes in the raw image is its true row and column."""
    bare = replace(CLEAN, lateralities=(side,))
    planned = replace(bare, groups=one_group(morphology, Distribution.SINGLE, 1))
    for image, empty in zip(examine(5, planned).images, examine(5, bare).images, strict=True):
        (truth,) = image.truth.calcifications
        part = around(truth, 12, image.stored.shape)
        lost = log_loss(image.stored, empty.stored)[part]
        row, column = centroid(lost, part)
        away_mm = np.hypot(row - truth.row, column - truth.column) * image.pixel_spacing_mm
        assert away_mm < APART[morphology]


@pytest.mark.parametrize("diameter_mm", [1.5, 3.0])
def test_area_at_half_maximum_is_the_true_one(diameter_mm: float) -> None:
    """A calcification well above the blur has, at half maximum, the true half-maximum area."""
    plan = GroupPlan(Morphology.ROUND, Distribution.SINGLE, 1, diameter_mm=(diameter_mm, diameter_mm))
    sharp = replace(CLEAN, mtf=((1.0, 0.05),), pixel_spacing_mm=0.05, field_mm=(80, 60))
    image, empty = (examine(6, replace(sharp, groups=groups)).images[0] for groups in ((plan,), ()))
    (truth,) = image.truth.calcifications
    lost = log_loss(image.stored, empty.stored)[around(truth, 6, image.stored.shape)]
    top = np.median(np.sort(lost.ravel())[-20:])
    measured = 2 * np.sqrt(np.count_nonzero(lost >= top / 2) * 0.05**2 / np.pi)
    assert measured == pytest.approx(truth.half_maximum_diameter_mm, rel=0.03)
    assert truth.diameter_mm == pytest.approx(diameter_mm, rel=0.08)
    assert truth.area_mm2 == pytest.approx(np.pi / 4 * truth.diameter_mm**2)
    assert top == pytest.approx(truth.attenuation, rel=0.06)


def test_contrast_is_what_the_stored_values_show() -> None:
    """The true contrast is the largest difference of two presented images without noise."""
    planned = replace(
        SMALL, noise=False, bits_stored=16, groups=one_group(Morphology.ROUND, Distribution.GROUPED, 5)
    )
    for image, empty in zip(
        examine(7, planned).images, examine(7, replace(planned, groups=())).images, strict=True
    ):
        difference = image.stored.astype(int) - empty.stored
        for truth in image.truth.calcifications:
            part = difference[around(truth, 0, image.stored.shape)]
            assert part.max() == pytest.approx(truth.contrast_gray, abs=2)
            assert truth.contrast is None


def test_nothing_changes_away_from_calcifications() -> None:
    """Beyond the reach of blur and edge enhancement the image is the same with and without calcifications."""
    planned = replace(SMALL, groups=one_group(Morphology.COARSE_HETEROGENEOUS, Distribution.GROUPED, 6))
    image, empty = examine(8, planned).images[0], examine(8, SMALL).images[0]
    same = np.ones(image.stored.shape, bool)
    for truth in image.truth.calcifications:
        same[around(truth, 25, same.shape)] = False
    assert np.array_equal(image.stored[same], empty.stored[same])
    assert not np.array_equal(image.stored, empty.stored)


def test_views_show_one_arrangement() -> None:
    """CC and MLO hold the same calcifications with the same ids, positions, groups and shapes."""
    settings = replace(
        SMALL,
        groups=(
            GroupPlan(Morphology.FINE_PLEOMORPHIC, Distribution.GROUPED, 7),
            GroupPlan(Morphology.ROUND, Distribution.SINGLE, 2),
        ),
    )
    cranial, oblique = (image.truth for image in examine(9, settings).images)
    assert [item.id for item in cranial.calcifications] == [item.id for item in oblique.calcifications]
    for first, second in zip(cranial.calcifications, oblique.calcifications, strict=True):
        assert first.position_mm == second.position_mm
        assert (first.group_id, first.morphology) == (second.group_id, second.morphology)
        assert (first.row, first.column) != (second.row, second.column)
    assert [group.members for group in cranial.groups] == [group.members for group in oblique.groups]
    assert sum(item.group_id is None for item in cranial.calcifications) == 2


def test_distance_to_the_nipple_agrees_between_views() -> None:
    """Seen from the nipple, a calcification lies about as far back in CC as in MLO."""
    settings = replace(SMALL, groups=one_group(Morphology.ROUND, Distribution.DIFFUSE, 20))
    cranial, oblique = examine(10, settings).images
    back = [
        np.array([image.truth.nipple[1] - item.column for item in image.truth.calcifications]) * 0.1
        for image in (cranial, oblique)
    ]
    assert np.corrcoef(back[0], back[1])[0, 1] > 0.8
    assert np.abs(back[0] - back[1]).max() < 20


def test_groups_enclose_their_members() -> None:
    """A group's circle holds every member's center and touches at least first."""
    settings = replace(SMALL, groups=one_group(Morphology.PUNCTATE, Distribution.GROUPED, 9))
    for image in examine(11, settings).images:
        (group,) = image.truth.groups
        places = np.array([[item.row, item.column] for item in image.truth.calcifications])
        away = np.hypot(*(places - [group.row, group.column]).T) * image.pixel_spacing_mm
        assert away.max() == pytest.approx(group.radius_mm, abs=0.01)


def test_members_keep_clear_of_each_other() -> None:
    """Calcifications of a group can be counted: none touches another in any view."""
    settings = replace(SMALL, groups=one_group(Morphology.ROUND, Distribution.GROUPED, 12))
    for image in examine(12, settings).images:
        items = image.truth.calcifications
        for index, first in enumerate(items):
            for second in items[index + 1 :]:
                away = np.hypot(first.row - second.row, first.column - second.column) * 0.1
                assert away > (first.diameter_mm + second.diameter_mm) / 2 + 0.2


def test_right_breast_is_hung_the_other_way() -> None:
    """The chest wall lies left in a left breast and right in a right one, and the outline with it."""
    settings = replace(SMALL, lateralities=(Laterality.LEFT, Laterality.RIGHT), views=(ViewPosition.CC,))
    left, right = examine(13, settings).images
    columns = left.stored.shape[1]
    assert left.stored[:, 0].mean() > 5 * left.stored[:, -1].mean()
    assert right.stored[:, -1].mean() > 5 * right.stored[:, 0].mean()
    assert left.truth.nipple[1] > columns / 3
    assert right.truth.nipple[1] < 2 * columns / 3
    assert max(column for _, column in right.truth.breast_outline) > columns - 6


def test_breast_outline_is_the_border_of_the_tissue() -> None:
    """Pixels inside the true breast outline are gray, those outside black."""
    image = examine(14, SMALL).images[0]
    bright = np.count_nonzero(image.stored > 300) * 0.1**2 / 100
    assert bright == pytest.approx(image.truth.breast_area_cm2, rel=0.02)


def test_spacing_changes_pixels_not_anatomy() -> None:
    """The same phantom at another pixel spacing has the same places and sizes in mm."""
    plans = one_group(Morphology.ROUND, Distribution.GROUPED, 4)
    fine, coarse = (
        examine(
            15, PhantomSettings(field_mm=(90, 66), pixel_spacing_mm=spacing, groups=plans, non_lesions=())
        )
        for spacing in (0.06, 0.12)
    )
    for first, second in zip(
        fine.images[0].truth.calcifications, coarse.images[0].truth.calcifications, strict=True
    ):
        assert first.row * 0.06 == pytest.approx(second.row * 0.12, abs=0.01)
        assert first.column * 0.06 == pytest.approx(second.column * 0.12, abs=0.01)
        assert first.diameter_mm == pytest.approx(second.diameter_mm, rel=0.02)
