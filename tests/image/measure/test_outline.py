"""Outlines, sizes and contrasts."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from calcwatch.image.find.detections import Detections
from calcwatch.image.measure.outline import MeasuredObject, measure
from calcwatch.image.prepare.normalize import PreparedImage, normalize
from tests.image.pictures import add_blob, add_disk, half_round_breast, mammogram_of


def image_of(gray: np.ndarray) -> PreparedImage:
    """The crop of a picture."""
    return normalize(mammogram_of(gray))


def at(image: PreparedImage, *places: tuple[float, float], sigma: float = 1.5) -> tuple[MeasuredObject, ...]:
    """Measure what lies at these places of the file."""
    return measure(image, detections_at(image, *places, sigma=sigma))


def detections_at(image: PreparedImage, *places: tuple[float, float], sigma: float = 1.5) -> Detections:
    """Detections at these places of the file."""
    rows = np.array([row - image.frame.top for row, _ in places], np.float32)
    columns = np.array([column for _, column in places], np.float32)
    ones = np.ones(len(places), np.float32)
    return Detections(rows, columns, sigma * ones, 30 * ones, 30 * ones, ones)


@pytest.mark.parametrize("radius", [2.0, 4.0, 9.0])
def test_a_disk_has_its_diameter(radius: float) -> None:
    """A flat disk is measured within 15 percent, its center within a third of a pixel."""
    image = image_of(add_disk(half_round_breast(), 200.3, 120.6, radius_px=radius))
    (found,) = at(image, (200, 121))
    assert found.diameter_px == pytest.approx(2 * radius, rel=0.15)
    assert found.area_px == pytest.approx(math.pi / 4 * found.diameter_px**2)
    assert math.hypot(found.row + image.frame.top - 200.3, found.column - 120.6) < 0.34


def add_rod(picture: np.ndarray, radius_px: float, length_px: float, *, height: float = 0.3) -> np.ndarray:
    """A copy with the blurred shadow of a ball (length 0) or of a rod round 200, 120."""
    fine = 5
    y, x = (np.indices((110 * fine, 110 * fine)) + 0.5) / fine - 55
    across = np.hypot(y, np.maximum(np.abs(x) - length_px / 2, 0)) / radius_px
    shadow = np.sqrt(np.maximum(1 - across**2, 0)).astype(np.float32)
    shadow = cv2.GaussianBlur(shadow, (0, 0), 0.6 * fine)
    copy = picture.copy()
    copy[145:255, 65:175] += height * cv2.resize(shadow, (110, 110), interpolation=cv2.INTER_AREA)
    return copy


@pytest.mark.parametrize("radius", [1.5, 2.0, 3.0, 5.0, 9.0])
def test_a_ball_has_its_diameter(radius: float) -> None:
    """Thin at its rim and blurred by the system, large or small: the diameter is right within 10 percent."""
    (found,) = at(image_of(add_rod(half_round_breast(noise=0.004), radius, 0)), (199, 119))
    assert found.diameter_px == pytest.approx(2 * radius, rel=0.1)


@pytest.mark.parametrize("radius", [1.5, 2.5, 4.0])
def test_a_rod_has_its_area(radius: float) -> None:
    """It is as wide as it is: length and width give the area within 15 percent."""
    (found,) = at(image_of(add_rod(half_round_breast(noise=0.004), radius, 24)), (199, 119))
    assert found.area_px == pytest.approx(math.pi * radius**2 + 2 * radius * 24, rel=0.15)


def test_the_outline_is_finer_than_the_pixels() -> None:
    """Every point of the outline of a small ball lies within a fifth of a pixel of its circle."""
    (found,) = at(image_of(add_rod(half_round_breast(noise=0.001), 3.0, 0)), (199, 119))
    points = np.array(found.outline) - [found.row, found.column]
    assert len(points) > 20
    assert np.hypot(*points.T) == pytest.approx(3.0, abs=0.25)
    assert np.hypot(*points.T).std() < 0.1


def test_the_slope_of_the_surround_does_not_count() -> None:
    """On a gradient the same disk has the same diameter and contrast."""
    even = add_disk(half_round_breast(), 200, 120, radius_px=4)
    slope = (even + 0.002 * (np.arange(even.shape[1]) - 120) * (even > 0.1)).astype(np.float32)
    (plain,), (sloping,) = at(image_of(even), (200, 120)), at(image_of(slope), (200, 120))
    assert sloping.diameter_px == pytest.approx(plain.diameter_px, rel=0.05)
    assert sloping.contrast == pytest.approx(plain.contrast, rel=0.15)


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


def test_three_specks_in_a_row_are_three() -> None:
    """The second and the third are parted from the first by one dip, and from each other by the next."""
    gray = half_round_breast()
    for column, height in ((120, 0.4), (125.5, 0.3), (131, 0.25)):
        gray = add_blob(gray, 200, column, height=height)
    found = at(image_of(gray), (200, 120), (200, 125), (200, 131))
    assert [len(mark.merged) for mark in found] == [0, 0, 0]
    assert [mark.column for mark in found] == pytest.approx([120, 125.5, 131], abs=0.6)
    assert all(mark.diameter_px < 6 for mark in found)


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
