"""Noise, blur and presentation of a phantom, measured on its pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.truth import PhantomImage
from tests.phantom.views import CLEAN, SMALL, examine, one_group

FLAT = replace(SMALL, texture=False)


def middle_of(image: PhantomImage) -> tuple[slice, slice]:
    """A square in the breast, away from its border."""
    row, column = round(image.truth.nipple[0]), round(image.truth.nipple[1] / 2)
    return slice(row - 100, row + 100), slice(column - 60, column + 60)


def noise_in(image: PhantomImage, clean: PhantomImage) -> float:
    part = middle_of(image)
    return float(np.std(image.stored[part].astype(float) - clean.stored[part]))


@pytest.mark.parametrize("raw", [False, True], ids=["for presentation", "for processing"])
def test_noise_is_as_true_as_the_dose(raw: bool) -> None:
    """Noise in the stored values is what the truth says; four times the dose halves it."""
    settings = replace(FLAT, for_processing=raw, bits_stored=14)
    clean = examine(60, replace(settings, noise=False)).images[0]
    usual, more = (examine(60, replace(settings, relative_dose=dose)).images[0] for dose in (1.0, 4.0))
    assert noise_in(usual, clean) == pytest.approx(usual.truth.noise_gray, rel=0.1)
    assert noise_in(more, clean) == pytest.approx(more.truth.noise_gray, rel=0.1)
    assert noise_in(usual, clean) / noise_in(more, clean) == pytest.approx(2.0, rel=0.06)


def test_noise_is_little_correlated() -> None:
    """Noise of neighboring pixels is correlated a little, that of pixels five apart not at all."""
    settings = replace(FLAT, for_processing=True, bits_stored=14)
    image, clean = examine(61, settings).images[0], examine(61, replace(settings, noise=False)).images[0]
    part = middle_of(image)
    noise = image.stored[part].astype(float) - clean.stored[part]
    near = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]
    far = np.corrcoef(noise[:, 5:].ravel(), noise[:, :-5].ravel())[0, 1]
    assert 0.05 < near < 0.5
    assert abs(far) < 0.05


def exponent_of(patch: NDArray[np.float64], spacing_mm: float) -> float:
    """Slope of the log power spectrum between 0.15 and 1 cycle per mm."""
    window = np.outer(np.hanning(patch.shape[0]), np.hanning(patch.shape[1]))
    power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
    axes = [np.fft.fftfreq(length, spacing_mm) for length in patch.shape]
    frequency = np.hypot(axes[0][:, None], axes[1][None, :])
    band = (frequency > 0.15) & (frequency < 1.0)
    return float(-np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0])


def test_texture_follows_a_power_law() -> None:
    """The logarithm of a raw image's breast has a power spectrum that falls with about the third power."""
    exponents = []
    for seed in range(62, 66):
        for image in examine(seed, replace(CLEAN, field_mm=(160, 120), breast_density="c")).images:
            row, column = round(image.truth.nipple[0]), round(image.truth.nipple[1] / 2)
            patch = np.log(image.stored[row - 160 : row + 160, column - 160 : column + 160].astype(float))
            exponents.append(exponent_of(patch, image.pixel_spacing_mm))
    assert 2.3 < float(np.median(exponents)) < 3.6


def test_blur_follows_the_mtf() -> None:
    """A wider point spread lowers the contrast of a small calcification and keeps its place."""
    sharp, soft = (
        examine(
            66,
            replace(
                SMALL,
                noise=False,
                mtf=((1.0, sigma),),
                groups=one_group(Morphology.PUNCTATE, Distribution.SINGLE, 1),
            ),
        )
        .images[0]
        .truth.calcifications[0]
        for sigma in (0.05, 0.2)
    )
    assert soft.contrast_gray < 0.6 * sharp.contrast_gray
    assert (soft.row, soft.column, soft.diameter_mm) == (sharp.row, sharp.column, sharp.diameter_mm)


def test_contrast_spans_hidden_to_obvious() -> None:
    """Calcifications as they come range from below the noise to far above it."""
    free = replace(SMALL, groups=None, field_mm=(160, 120))
    contrasts = [
        item.contrast or 0.0
        for seed in range(67, 75)
        for item in examine(seed, replace(free, views=free.views[:1])).images[0].truth.calcifications
    ]
    assert min(contrasts) < 2.5
    assert max(contrasts) > 15
    assert 2.5 < float(np.median(contrasts)) < 12


def test_for_processing_is_linear_and_dark_where_dense() -> None:
    """A raw image is brightest in air; calcifications lower it."""
    image = examine(75, replace(CLEAN, bits_stored=14)).images[0]
    assert image.for_processing
    air = np.median(image.stored[:, -20:])
    assert 0.9 * 16383 < air < 16383
    assert np.median(image.stored[middle_of(image)]) < air / 4


def test_digitized_film_has_fog_grain_dust_and_letters() -> None:
    """A film's background is not black, and it carries dust and its letters with their truth."""
    image = examine(
        76, replace(SMALL, film=True, bits_stored=8, non_lesions=None, pixel_spacing_mm=0.2)
    ).images[1]
    kinds = {item.kind for item in image.truth.non_lesions}
    assert {NonLesionKind.DUST, NonLesionKind.TEXT} <= kinds
    (text,) = (item for item in image.truth.non_lesions if item.kind is NonLesionKind.TEXT)
    corner = image.stored[-40:, -40:]
    assert 3 < np.median(corner) < 40
    assert 0.3 < corner.std() < 6
    points = np.array(text.outline)
    top, left = points.min(axis=0).astype(int)
    bottom, right = points.max(axis=0).astype(int)
    assert (image.stored[top:bottom, left:right] > 250).mean() > 0.15
    assert right > 0.9 * image.stored.shape[1]
    assert image.stored.max() <= 255


def test_background_beside_the_breast_is_black() -> None:
    """A presented image shows air as 0, as a device that masks the background does."""
    image = examine(77, SMALL).images[0]
    assert image.stored[:50, -50:].max() <= 2
    assert (image.stored > 100).mean() > 0.2
