"""Nipple, pectoral muscle and chest wall."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import Landmarks
from calcwatch.domain.image import Mammogram, ViewPosition
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.landmarks import depth_px, find_landmarks, from_nipple
from calcwatch.image.prepare.normalize import PreparedImage, normalize
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from tests.image.pictures import half_round_breast, mammogram_of

CC, MLO = ViewPosition.CC, ViewPosition.MLO
SPACING_MM = 0.3  # of the drawn breasts: 120 mm high, 81 mm deep


def landmarks_of(mammogram: Mammogram, view: ViewPosition | None) -> tuple[PreparedImage, Landmarks | None]:
    image = normalize(mammogram)
    return image, find_landmarks(image, find_breast(image), view)


def found_in(gray: NDArray[np.float32], view: ViewPosition | None = CC) -> tuple[PreparedImage, Landmarks]:
    image, found = landmarks_of(mammogram_of(gray, spacing_mm=SPACING_MM), view)
    assert found is not None
    return image, found


def with_nipple(
    gray: NDArray[np.float32], row: float, column: float, radius_px: float = 4.0 / SPACING_MM
) -> NDArray[np.float32]:
    """A copy with a half disk standing out of the skin."""
    y, x = np.indices(gray.shape)
    tip = np.hypot(y - row, x - column) < radius_px
    return np.where(tip, np.maximum(gray, 0.4), gray).astype(np.float32)


def with_muscle(gray: NDArray[np.float32], top: float, foot: float) -> NDArray[np.float32]:
    """A copy with a bright corner: its edge runs from (0, top) to (foot, 0)."""
    y, x = np.indices(gray.shape)
    inside = (y / foot + x / top < 1) & (gray > 0.1)
    return np.where(inside, gray + 0.25, gray).astype(np.float32)


@cache
def phantoms() -> tuple[PhantomImage, ...]:
    coarse = PhantomSettings(pixel_spacing_mm=0.2, groups=())
    return tuple(
        image for seed in (9301, 9302, 9303) for image in make_examination(seed, settings=coarse).images
    )


def as_mammogram(image: PhantomImage) -> Mammogram:
    gray = np.divide(image.stored, np.float32(2**image.bits_stored - 1), dtype=np.float32)
    return mammogram_of(gray, spacing_mm=image.pixel_spacing_mm)


def test_a_nipple_that_stands_out_is_found_where_it_is() -> None:
    """Off the middle of the breast too, within two millimeters of the skin under it."""
    angle = np.radians(12)
    row, column = 200 - 180 * np.sin(angle), 270 * np.cos(angle)
    image, found = found_in(with_nipple(half_round_breast(), row, column))
    assert found.nipple_seen
    assert np.hypot(*np.subtract(image.frame.to_file(*found.nipple), (row, column))) * SPACING_MM < 2.0


def test_without_a_nipple_in_profile_it_is_inferred_and_said_so() -> None:
    """The most forward point of a smooth breast, marked as not seen."""
    image, found = found_in(half_round_breast())
    assert not found.nipple_seen
    assert np.hypot(*np.subtract(image.frame.to_file(*found.nipple), (200, 270))) * SPACING_MM < 6.0


def test_the_muscle_is_looked_for_on_views_from_the_side_only() -> None:
    """Its front edge as a line on an oblique view; none on a CC view or where the view is not known."""
    gray = with_muscle(half_round_breast(600, 300), 110.0, 330.0)
    _, found = found_in(gray, MLO)
    assert found.pectoral == found.chest_wall
    (_, top), (foot, _) = found.pectoral
    assert top == pytest.approx(110, abs=25)
    assert foot == pytest.approx(330, abs=50)
    for view in (CC, None):
        _, other = found_in(gray, view)
        assert other.pectoral == ()
        assert other.chest_wall[0][1] == other.chest_wall[1][1] == pytest.approx(0, abs=2)


def test_a_breast_without_a_muscle_has_none() -> None:
    """An even breast shows no edge: empty, and the chest wall is the picture's border."""
    _, found = found_in(half_round_breast(), MLO)
    assert found.pectoral == ()


def test_no_breast_has_no_landmarks() -> None:
    """An empty picture gives None."""
    image = normalize(mammogram_of(np.zeros((300, 200), np.float32)))
    assert find_landmarks(image, find_breast(image), CC) is None


def test_a_picture_full_of_breast_has_no_skin_line() -> None:
    """A magnification view without any air tells no nipple."""
    gray = np.random.default_rng(3).normal(0.5, 0.02, (400, 300)).astype(np.float32)
    image = normalize(mammogram_of(gray))
    assert find_landmarks(image, find_breast(image), CC) is None


def test_mirroring_moves_the_landmarks_with_the_picture() -> None:
    """In the crop they stay where they are."""
    gray = with_nipple(half_round_breast(), 190.0, 269.0)
    _, plain = found_in(gray)
    image, turned = found_in(np.ascontiguousarray(gray[:, ::-1]))
    assert image.frame.mirrored
    assert turned == plain


def test_unknown_spacing_still_finds_the_nipple() -> None:
    """Filters are then chosen as for 0.1 mm; the nipple of a large enough picture is found."""
    gray = with_nipple(half_round_breast(1200, 900), 600.0, 810.0, 40.0)
    image, found = landmarks_of(mammogram_of(gray, spacing_mm=None), CC)
    assert found is not None
    assert np.hypot(*np.subtract(image.frame.to_file(*found.nipple), (600, 810))) < 30


def test_the_nipples_of_phantoms_are_found_within_three_millimeters() -> None:
    """On CC and MLO, every one of them."""
    for phantom in phantoms():
        image, found = landmarks_of(as_mammogram(phantom), phantom.view_position)
        assert found is not None
        off = np.subtract(image.frame.to_file(*found.nipple), phantom.truth.nipple)
        assert np.hypot(*off) * phantom.pixel_spacing_mm < 3.0


def test_behind_and_above_are_told_from_the_nipple() -> None:
    """With an upright chest wall they are columns and rows, on either side of the picture."""
    left = Landmarks((100.0, 80.0), True, (), ((0.0, 0.0), (200.0, 0.0)))
    right = replace(left, nipple=(100.0, 20.0), chest_wall=((0.0, 100.0), (200.0, 100.0)))
    np.testing.assert_allclose(from_nipple(np.array([[90.0, 50.0]]), left), [[30.0, 10.0]])
    np.testing.assert_allclose(from_nipple(np.array([[90.0, 50.0]]), right), [[30.0, 10.0]])
    assert depth_px(left) == depth_px(right) == 80.0


def test_a_slanting_chest_wall_turns_the_axes_by_half_its_slant() -> None:
    """Behind runs halfway between horizontal and the muscle's normal, and keeps lengths."""
    slanting = Landmarks((100.0, 80.0), True, (), ((0.0, 60.0), (60.0, 0.0)))
    behind, above = from_nipple(np.array([[100.0, 30.0]]), slanting)[0]
    assert np.hypot(behind, above) == pytest.approx(50.0)
    assert np.degrees(np.arctan2(abs(above), behind)) == pytest.approx(22.5)
