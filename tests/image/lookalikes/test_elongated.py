"""How one bright object is made."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.image.lookalikes.elongated import ElongatedObject, measure_elongated_object


def measured(mask: NDArray[np.uint8], *, sigma_px: float = 0.6, contact_px: int = 0) -> ElongatedObject:
    """Measures of a drawn object behind a blur, on pixels of 0.1 mm."""
    height = np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma_px), np.float32)
    return measure_elongated_object(height, (height >= 0.5).astype(np.uint8), 0.1, contact_px)


def empty() -> NDArray[np.uint8]:
    return np.zeros((120, 120), np.uint8)


def test_a_bar_has_its_width_and_length() -> None:
    """A bar of 6 x 0.6 mm."""
    mask = empty()
    mask[50:56, 30:90] = 1
    bar = measured(mask)
    assert bar.width_mm == pytest.approx(0.6, abs=0.08)
    assert bar.length_mm == pytest.approx(6.0, rel=0.12)
    assert bar.extent_mm == pytest.approx(6.0, abs=0.2)
    assert bar.solidity > 0.95
    assert bar.roundness < 0.2
    assert bar.hole_mm == 0


def test_a_ring_has_a_hole() -> None:
    """A ring of 8 mm with a stroke of 0.8 mm: as long as its circumference."""
    mask = cv2.circle(empty(), (60, 60), 36, 1, 8).astype(np.uint8)
    ring = measured(mask)
    assert ring.hole_mm == pytest.approx(6.4, abs=0.3)
    assert ring.width_mm == pytest.approx(0.8, abs=0.12)
    assert ring.length_mm == pytest.approx(2 * np.pi * 3.6, rel=0.15)


def test_a_disk_is_round() -> None:
    """A disk fills the smallest circle round it."""
    disk = measured(cv2.circle(empty(), (60, 60), 10, 1, cv2.FILLED).astype(np.uint8))
    assert disk.roundness == pytest.approx(1.0, abs=0.12)
    assert disk.extent_mm == pytest.approx(2.1, abs=0.15)


def test_more_blur_is_a_longer_way_to_the_plateau() -> None:
    """The way from half height to 0.93 of an edge blurred by sigma is 1.48 sigma."""
    mask = cv2.circle(empty(), (60, 60), 30, 1, cv2.FILLED).astype(np.uint8)
    sharp, soft = measured(mask, sigma_px=1.0), measured(mask, sigma_px=3.0)
    assert sharp.edge_mm == pytest.approx(0.148, rel=0.15)
    assert soft.edge_mm == pytest.approx(3 * 0.148, rel=0.15)
    assert sharp.white > soft.white


def test_what_it_touches_is_told_in_mm() -> None:
    """Pixels on the border of the picture become mm."""
    mask = empty()
    mask[50:56, 30:90] = 1
    assert measured(mask, contact_px=7).contact_mm == pytest.approx(0.7)
    assert measured(mask).contact_mm == 0


def test_a_single_pixel_can_be_measured() -> None:
    """One pixel has a width and an area; nothing divides by zero."""
    mask = empty()
    mask[60, 60] = 1
    height = mask.astype(np.float32)
    pixel = measure_elongated_object(height, mask, 0.1)
    assert 0 < pixel.width_mm < 0.3
    assert 0 < pixel.length_mm < 0.3


def test_an_empty_mask_is_refused() -> None:
    """Nothing has no shape; the message says what to give."""
    with pytest.raises(ValueError, match="at least one pixel"):
        measure_elongated_object(np.zeros((5, 5), np.float32), np.zeros((5, 5), np.uint8), 0.1)
