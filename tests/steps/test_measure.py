"""Outlines, sizes and contrasts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcwatch.steps.detect import Detections
from calcwatch.steps.measure import MeasuredObject, measure
from calcwatch.steps.normalize import NormalizedImage, normalize
from tests.steps.pictures import add_blob, add_disk, half_round_breast, mammogram_of


def image_of(gray: np.ndarray) -> NormalizedImage:
    """The crop of a picture."""
    return normalize(mammogram_of(gray))


def at(
    image: NormalizedImage, *places: tuple[float, float], sigma: float = 1.5
) -> tuple[MeasuredObject, ...]:
    """Measure what lies at these places of the file."""
    rows = np.array([row - image.frame.top for row, _ in places], np.float32)
    columns = np.array([column for _, column in places], np.float32)
    ones = np.ones(len(places), np.float32)
    return measure(image, Detections(rows, columns, sigma * ones, 30 * ones, 30 * ones, ones))


@pytest.mark.parametrize("radius", [2.0, 4.0, 9.0])
def test_a_disk_has_its_diameter(radius: float) -> None:
    """A flat disk is measured within 15 percent, its center within a third of a pixel."""
    image = image_of(add_disk(half_round_breast(), 200.3, 120.6, radius_px=radius))
    (found,) = at(image, (200, 121))
    assert found.diameter_px == pytest.approx(2 * radius, rel=0.15)
    assert found.area_px == pytest.approx(math.pi / 4 * found.diameter_px**2)
    assert math.hypot(found.row + image.frame.top - 200.3, found.column - 120.6) < 0.34


def test_the_outline_lies_at_half_height() -> None:
    """Every point of the outline of a Gaussian blob is at its half-width."""
    image = image_of(add_blob(half_round_breast(noise=0.001), 200, 120, sigma_px=4, height=0.4))
    (found,) = at(image, (200, 120), sigma=4)
    distance = np.hypot(
        np.array(found.outline)[:, 0] + image.frame.top - 200, np.array(found.outline)[:, 1] - 120
    )
    assert distance.mean() == pytest.approx(4 * math.sqrt(2 * math.log(2)), abs=0.4)
    assert distance.std() < 0.3


def test_an_eggshell_is_measured_by_its_outside() -> None:
    """The lucent center belongs to the calcification."""
    ring = add_disk(half_round_breast(), 200, 120, radius_px=12) - add_disk(
        half_round_breast(noise=0, gray=0), 200, 120, radius_px=9
    )
    (found,) = at(image_of(ring.astype(np.float32)), (200, 130.5))
    assert found.diameter_px == pytest.approx(24, rel=0.15)


def test_two_specks_that_nearly_touch_are_two() -> None:
    """The dip between them is deep enough to part them."""
    gray = add_blob(add_blob(half_round_breast(), 200, 120), 200, 125.5)
    assert len(at(image_of(gray), (200, 120), (200, 125))) == 2


def test_two_peaks_of_one_object_are_one() -> None:
    """A second detection on the same disk is merged, whichever comes first."""
    image = image_of(add_disk(half_round_breast(), 200, 120, radius_px=6))
    (found,) = at(image, (199, 119), (202, 122))
    assert found.merged == (1,)


def test_noise_widens_the_error() -> None:
    """The same disk in four times the noise has less contrast and a larger error of its diameter."""
    calm, busy = (
        at(image_of(add_disk(half_round_breast(noise=noise), 200, 120, radius_px=3)), (200, 120))[0]
        for noise in (0.01, 0.04)
    )
    assert calm.contrast > 2 * busy.contrast
    assert calm.diameter_error_px < busy.diameter_error_px


def test_contrast_is_height_in_units_of_noise() -> None:
    """A disk of 0.3 in noise of 0.01 stands about 30 noise units high."""
    (found,) = at(image_of(add_disk(half_round_breast(noise=0.01), 200, 120, radius_px=5)), (200, 120))
    assert found.contrast == pytest.approx(30, rel=0.25)


def test_a_speck_at_the_border_of_the_picture_is_measured() -> None:
    """Half of the window is missing there; the outline stays inside the picture."""
    (found,) = at(image_of(add_blob(half_round_breast(), 200, 3)), (200, 3))
    assert found.diameter_px > 0
    assert min(column for _, column in found.outline) > -1


def test_nothing_detected_is_nothing_measured() -> None:
    """No detections give an empty tuple."""
    assert at(image_of(half_round_breast())) == ()
