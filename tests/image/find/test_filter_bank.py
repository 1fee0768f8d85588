"""The filter bank: local maxima in units of the local noise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from calcwatch.image.find.filter_bank import (
    LocalMaxima,
    fill_outside,
    find_local_maxima,
    noise_cell_px,
    scales_px,
)
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from tests.image.pictures import NOISE, add_blob, half_round_breast, mammogram_of


@pytest.mark.parametrize(("spacing", "count"), [(0.05, 7), (0.1, 7), (0.2, 5)])
def test_scales_merge_where_pixels_are_coarse(spacing: float, count: int) -> None:
    """No sigma below 0.7 pixels, each 1.6 times the one before, the last about a millimeter."""
    sigmas = scales_px(normalize(mammogram_of(half_round_breast(), spacing_mm=spacing)))
    assert len(sigmas) == count
    assert sigmas[0] >= 0.7
    assert all(b == pytest.approx(1.6 * a) for a, b in itertools.pairwise(sigmas))
    assert 0.7 < sigmas[-1] * spacing <= 1.2


def test_the_breast_is_continued_past_its_skin() -> None:
    """Outside, the gray of the nearest breast; inside, every pixel as it was."""
    image = normalize(mammogram_of(half_round_breast(gray=0.6)))
    breast = find_breast(image)
    inside = breast.mask & image.foreground
    filled = fill_outside(image.gray, inside, 25)
    middle = filled.shape[0] // 2
    np.testing.assert_array_equal(filled[inside > 0], image.gray[inside > 0])
    assert filled[middle, 273] == pytest.approx(0.6, abs=0.05)


def maxima_of(
    gray: np.ndarray, *, spacing_mm: float = 0.1, most: int = 1000
) -> tuple[LocalMaxima, np.ndarray]:
    """Local maxima of a picture in its crop, looked for everywhere but at the border; the noise map."""
    image = normalize(mammogram_of(gray, spacing_mm=spacing_mm))
    inside = find_breast(image).mask & image.foreground
    area = np.zeros_like(inside)
    area[30:-30, 30:-60] = 1
    return find_local_maxima(fill_outside(image.gray, inside, 25), inside, area & inside, image, most=most)


@pytest.mark.parametrize("sigma_px", [1.0, 2.5, 4.0, 6.5, 9.0])
def test_a_blob_is_found_at_its_place_and_scale(sigma_px: float) -> None:
    """Small or large, on fine or coarse pixels: the highest maximum is within a pixel and near its scale."""
    found, _ = maxima_of(add_blob(half_round_breast(), 201, 121, sigma_px=sigma_px, height=0.4))
    best = int(np.argmax(found.response))
    top = normalize(mammogram_of(half_round_breast())).frame.top
    assert abs(found.row[best] + top - 201) <= 1
    assert abs(found.column[best] - 121) <= 1
    assert found.sigma_px[best] == pytest.approx(sigma_px, rel=0.45)


def test_the_noise_of_single_pixels_is_told() -> None:
    """White noise of 0.01 is 0.01 on the map, all over the breast."""
    image = normalize(mammogram_of(half_round_breast()))
    assert noise_cell_px(image) == 8
    _, noise = maxima_of(half_round_breast())
    assert noise.shape == tuple(-(-length // 8) for length in image.gray.shape)
    middle = noise[noise.shape[0] // 2, 3:25]
    np.testing.assert_allclose(middle, NOISE, rtol=0.12)


def test_the_highest_maxima_are_kept() -> None:
    """At most so many a scale, and they are the highest of that scale."""
    everything, _ = maxima_of(half_round_breast())
    few, _ = maxima_of(half_round_breast(), most=5)
    finest = everything.sigma_px == everything.sigma_px.min()
    assert np.count_nonzero(few.sigma_px == few.sigma_px.min()) == 5
    best = np.sort(everything.response[finest])[-5:]
    np.testing.assert_array_equal(np.sort(few.response[few.sigma_px == few.sigma_px.min()]), best)
