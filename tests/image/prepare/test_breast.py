"""Where the breast is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from tests.image.pictures import half_round_breast, mammogram_of

HALF_ELLIPSE_PX = math.pi * (0.45 * 400) * (0.9 * 300) / 2


def test_the_area_is_that_of_the_half_ellipse() -> None:
    """Within one percent; in square centimeters where the spacing is known."""
    region = find_breast(normalize(mammogram_of(half_round_breast())))
    assert region.area_px == pytest.approx(HALF_ELLIPSE_PX, rel=0.01)
    assert region.area_cm2(0.1) == pytest.approx(HALF_ELLIPSE_PX / 1e4, rel=0.01)
    assert region.area_cm2(None) is None


def test_a_label_and_a_thread_are_no_breast() -> None:
    """A burned-in label apart from the breast and a thin thread on it do not count."""
    gray = half_round_breast()
    gray[5:25, 230:290] = 1.0
    gray[199:201, 260:300] = 1.0
    region = find_breast(normalize(mammogram_of(gray)))
    assert region.area_px == pytest.approx(HALF_ELLIPSE_PX, rel=0.02)


def test_a_dark_hole_belongs_to_the_breast() -> None:
    """A cyst as dark as air does not make a hole in the breast."""
    gray = half_round_breast()
    gray[180:220, 60:100] = 0.0
    region = find_breast(normalize(mammogram_of(gray)))
    assert region.mask[region.mask.shape[0] // 2, 80] == 1


def test_nothing_imaged_is_an_empty_region() -> None:
    """No breast: an empty mask, no area, no outline."""
    region = find_breast(normalize(mammogram_of(np.zeros((50, 60), np.float32))))
    assert region.area_px == 0.0
    assert region.outline == ()
    assert not region.mask.any()


def test_lines_of_text_are_no_breast() -> None:
    """A test pattern of thin strokes has no solid part."""
    gray = np.zeros((512, 512), np.float32)
    gray[40:500:24, 30:480] = 1.0
    assert find_breast(normalize(mammogram_of(gray, spacing_mm=0.33))).area_px == 0.0
