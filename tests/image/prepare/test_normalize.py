"""The crop, the orientation and the background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.image.prepare.normalize import CropFrame, normalize
from tests.image.pictures import half_round_breast, mammogram_of


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_chest_wall_is_turned_to_the_left(mirrored: bool) -> None:
    """A breast on the right is mirrored, one on the left is not; the crop is the same to the bit."""
    gray = half_round_breast()
    crop = normalize(mammogram_of(gray[:, ::-1] if mirrored else gray))
    assert crop.frame.mirrored is mirrored
    np.testing.assert_array_equal(crop.gray, normalize(mammogram_of(gray)).gray)


def test_the_crop_holds_the_breast_and_a_margin() -> None:
    """Air round the breast is cut away, the breast is not."""
    gray = np.pad(half_round_breast(), ((60, 40), (0, 90)))
    crop = normalize(mammogram_of(gray))
    rows, columns = np.nonzero(gray)
    assert 0 < rows.min() - crop.frame.top <= 8
    assert crop.frame.top + crop.frame.rows > rows.max()
    assert crop.frame.left + crop.frame.columns > columns.max()
    assert crop.gray.shape == (crop.frame.rows, crop.frame.columns)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_point_of_the_crop_finds_its_way_back(mirrored: bool) -> None:
    """The brightest pixel of the crop is the brightest pixel of the file."""
    gray = half_round_breast()
    gray[200, 100] = 1.0
    if mirrored:
        gray = gray[:, ::-1]
    crop = normalize(mammogram_of(gray))
    row, column = np.unravel_index(np.argmax(crop.gray), crop.gray.shape)
    place = crop.frame.to_file(float(row), float(column))
    assert place == pytest.approx(np.unravel_index(np.argmax(gray), gray.shape), abs=0)


def test_the_frame_turns_columns_round_when_mirrored() -> None:
    """Column 0 of a mirrored crop is its last column in the file."""
    assert CropFrame(10, 20, 5, 7, mirrored=True).to_file(1, 0) == (11, 26)
    assert CropFrame(10, 20, 5, 7, mirrored=False).to_file(1, 0) == (11, 20)


def test_padding_is_no_foreground() -> None:
    """Pixels the file declares as padding are outside, however bright they are displayed."""
    gray = np.pad(half_round_breast(), ((0, 0), (0, 100)), constant_values=0.9)
    padding = np.zeros(gray.shape, bool)
    padding[:, 300:] = True
    crop = normalize(replace(mammogram_of(gray), padding=padding))
    assert crop.frame.left + crop.frame.columns <= 300
    assert not crop.frame.mirrored


def test_a_foggy_background_is_still_background() -> None:
    """Film has no black air: the background is where the dark peak of the gray levels lies."""
    fog = np.random.default_rng(1).normal(0.12, 0.005, (400, 300)).astype(np.float32)
    gray = np.maximum(half_round_breast(), fog)
    crop = normalize(mammogram_of(gray))
    assert crop.background == pytest.approx(0.12, abs=0.02)
    assert 0.5 < crop.foreground.mean() < 0.9


def test_a_picture_without_air_is_all_foreground() -> None:
    """A crop from inside a breast has no background to cut away."""
    gray = (0.5 + np.random.default_rng(2).normal(0, 0.05, (200, 200))).astype(np.float32)
    crop = normalize(mammogram_of(gray))
    assert crop.foreground.all()
    assert crop.gray.shape == gray.shape


def test_an_even_picture_has_no_foreground() -> None:
    """Nothing imaged: the whole frame, nothing in it."""
    crop = normalize(mammogram_of(np.zeros((50, 60), np.float32)))
    assert crop.gray.shape == (50, 60)
    assert not crop.foreground.any()


def test_an_almost_even_picture_has_no_foreground() -> None:
    """Grays that differ only in their last digit are no breast, and no error."""
    gray = np.full((200, 150), 0.75, np.float32)
    gray[50:150, 20:90] = np.nextafter(np.float32(0.75), np.float32(1))
    assert not normalize(mammogram_of(gray)).foreground.any()


def test_unknown_spacing_stays_unknown() -> None:
    """Filters get a working scale; no length in mm can be made from it."""
    crop = normalize(mammogram_of(half_round_breast(), spacing_mm=None))
    assert crop.spacing_mm is None
    assert crop.px(1.0) == pytest.approx(10.0)
