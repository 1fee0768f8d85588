"""Operations on pictures that several stages share."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.image.arrays import (
    WIDE_SIGMA_PX,
    block_centers,
    block_mean,
    block_to_pixel,
    enlarged,
    erode,
    gaussian,
    largest_part,
    local_noise,
    longest_contour,
    mask_outline,
    sampled,
    squares_around,
)


@pytest.mark.parametrize("sigma_px", [2.0, WIDE_SIGMA_PX, 9.75, 10.0, 30.0])
def test_a_gaussian_has_about_the_width_asked_for(sigma_px: float) -> None:
    """Its sum is one; its sigma is right, but for box filters of odd sides, which make it up to 8 % wider."""
    side = 2 * round(6 * sigma_px) + 1
    impulse = np.zeros((side, side), np.float32)
    impulse[side // 2, side // 2] = 1
    blurred = gaussian(impulse, sigma_px)
    away = np.arange(side) - side // 2
    assert blurred.sum() == pytest.approx(1, rel=1e-3)
    sigma = float(blurred.sum(axis=0) @ away**2) ** 0.5
    assert 0.99 * sigma_px < sigma < (1.08 if sigma_px > WIDE_SIGMA_PX else 1.01) * sigma_px


def test_local_noise_is_the_standard_deviation_of_normal_noise() -> None:
    """On pure noise the estimate is right within a few percent."""
    noise = np.random.default_rng(3).normal(0, 0.02, (300, 300)).astype(np.float32)
    estimate = local_noise(noise, np.ones_like(noise), 101)
    assert estimate[150, 150] == pytest.approx(0.02, rel=0.05)


def test_a_few_bright_specks_do_not_raise_the_noise() -> None:
    """One pixel in a hundred at fifty sigmas raises the estimate by less than a quarter."""
    generator = np.random.default_rng(4)
    noise = generator.normal(0, 0.02, (300, 300)).astype(np.float32)
    clean = local_noise(noise, np.ones_like(noise), 101)[150, 150]
    noise[generator.random(noise.shape) < 0.01] = 1.0
    assert local_noise(noise, np.ones_like(noise), 101)[150, 150] < 1.25 * clean


def test_erosion_leaves_the_border_of_the_picture_alone() -> None:
    """The chest wall is where the picture ends, not where the breast ends."""
    mask = np.ones((20, 20), np.uint8)
    mask[:, 15:] = 0
    eroded = erode(mask, 3)
    assert eroded[:, 0].all()
    assert eroded[10].sum() == 12
    np.testing.assert_array_equal(erode(mask, 0), mask)


def test_the_largest_part_stays() -> None:
    """Of two parts the larger one, joined by sides alone; nothing of an empty mask."""
    mask = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]], np.uint8)
    np.testing.assert_array_equal(largest_part(mask), [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]])
    assert not largest_part(np.zeros((3, 4), np.uint8)).any()


def test_blocks_are_reduced_to_their_mean_and_their_middle_pixel() -> None:
    """What fills no block at the far borders is left out; a place on blocks finds its way back."""
    picture = np.arange(35, dtype=np.float32).reshape(5, 7)
    np.testing.assert_allclose(block_mean(picture, 2), [[4, 6, 8], [18, 20, 22]])
    np.testing.assert_allclose(block_mean(picture, 3), [[8, 11]])
    np.testing.assert_allclose(block_centers(picture, 3), [[8, 11], [29, 32]])
    np.testing.assert_allclose(block_to_pixel(np.array([0.0, 1.0]), 3), [1, 4])
    assert block_mean(picture, 9).shape == (1, 1)


def test_a_mask_is_enlarged_in_squares() -> None:
    """Each larger pixel becomes a square of equal ones."""
    np.testing.assert_array_equal(enlarged([[1, 0]], (2, 4)), [[1, 1, 0, 0], [1, 1, 0, 0]])


def test_gray_between_pixels_is_that_of_the_four_nearest() -> None:
    """Halfway between two it is their mean; past the border that of the border."""
    picture = np.array([[0, 2], [4, 8]], np.float32)
    row, column = np.array([0, 0.5, 0.5, 9], np.float32), np.array([0.5, 0, 0.5, 9], np.float32)
    np.testing.assert_allclose(sampled(picture, row, column), [1, 2, 3.5, 8])
    assert sampled(picture, row[:0], column[:0]).size == 0


def test_squares_are_centered_on_their_pixels() -> None:
    """Past the border it is repeated, or there is a given gray; even sides have one more pixel before."""
    picture = np.arange(12, dtype=np.float32).reshape(3, 4)
    row, column = np.array([1, 0]), np.array([1, 3])
    odd = squares_around(picture, row, column, 3)
    np.testing.assert_array_equal(
        odd, [[[0, 1, 2], [4, 5, 6], [8, 9, 10]], [[2, 3, 3], [2, 3, 3], [6, 7, 7]]]
    )
    even = squares_around(picture, row, column, 2, fill=-1.0)
    np.testing.assert_array_equal(even, [[[0, 1], [4, 5]], [[-1, -1], [2, 3]]])
    assert squares_around(picture, row[:0], column[:0], 4).shape == (0, 4, 4)


def test_the_outline_of_a_mask_is_in_pixels_of_the_whole_picture() -> None:
    """Corners (row, column) of the longest rim, moved to where the mask was cut from; none if it is empty."""
    mask = np.zeros((9, 9), np.uint8)
    mask[2:7, 1:6] = 1
    mask[8, 8] = 1
    assert len(longest_contour(mask)) == 16
    assert set(mask_outline(mask, 0.7, top=10, left=20)) == {(12, 21), (12, 25), (16, 21), (16, 25)}
    assert mask_outline(mask * 0, 0.7) == ()
    assert longest_contour(mask * 0).shape == (0, 2)
