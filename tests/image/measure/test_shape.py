"""Shape features of drawn objects whose shape is known, and size classes with their guard bands."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import ShapeFeatures
from calcwatch.domain.lexicon import SizeClass
from calcwatch.image.measure.outline import MeasuredObject
from calcwatch.image.measure.shape import cut, cut_close_up, measure_shape, pyramid, size_class
from calcwatch.image.prepare.normalize import CropFrame, PreparedImage

SIDE, MIDDLE = 160, 80
MM = 0.1


def blurred(drawn: NDArray[np.uint8], sigma: float = 0.9) -> NDArray[np.float32]:
    return np.asarray(0.3 + 0.4 * cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), sigma), np.float32)


def shape_of(drawn: NDArray[np.uint8], sigma: float = 0.9, spacing_mm: float | None = MM) -> ShapeFeatures:
    gray = blurred(drawn, sigma)
    contours, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = tuple((float(y), float(x)) for x, y in max(contours, key=len)[:, 0])
    area = float(cv2.contourArea(np.array(outline, np.float32)))
    found = MeasuredObject(
        index=0,
        row=float(MIDDLE),
        column=float(MIDDLE),
        area_px=area,
        diameter_px=2 * (area / np.pi) ** 0.5,
        diameter_error_px=0.1,
        contrast=40.0,
        contrast_error=1.0,
        outline=outline,
        merged=(),
        height=float(gray.max() - 0.3),
        surround=0.3,
    )
    whole = np.ones(gray.shape, np.uint8)
    frame = CropFrame(0, 0, SIDE, SIDE, mirrored=False)
    image = PreparedImage(
        gray=gray,
        foreground=whole,
        background=0.0,
        frame=frame,
        spacing_mm=spacing_mm,
        working_mm=spacing_mm or MM,
        gray_step=1 / 4095,
    )
    return measure_shape(image, found, cut_close_up(pyramid(gray), found))


def canvas() -> NDArray[np.uint8]:
    return np.zeros((SIDE, SIDE), np.uint8)


def disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.circle(canvas(), (MIDDLE, MIDDLE), radius, (1,), -1), np.uint8)


def test_a_disc_is_round_and_as_long_as_wide() -> None:
    """A disc of 2 mm is 2 mm long and wide, round, solid, sharp, without lucent center and arms."""
    shape = shape_of(disc(10))
    assert shape.length_mm == pytest.approx(2.0, abs=0.1)
    assert shape.length_to_width == pytest.approx(1.0, abs=0.05)
    assert shape.roundness > 0.8
    assert shape.solidity > 0.9
    assert shape.edge_sharpness > 0.5
    assert shape.lucent_center < 0.1
    assert shape.branches == 0


def test_a_rod_is_long() -> None:
    """A rod of 4 mm by 0.5 mm is about eight times as long as wide, at any angle."""
    rod = cv2.line(canvas(), (65, 65), (95, 95), (1,), 5)
    shape = shape_of(np.asarray(rod, np.uint8))
    assert shape.length_to_width > 5
    assert shape.roundness < 0.5


def test_a_ring_has_a_lucent_center() -> None:
    """A ring is lucent in its middle, a disc of the same size is not."""
    ring = disc(14)
    cv2.circle(ring, (MIDDLE, MIDDLE), 10, (0,), -1)
    assert shape_of(ring).lucent_center > 0.5


def test_a_star_of_three_arms_branches() -> None:
    """Three arms part, a straight line and a bent one do not."""
    star = canvas()
    for angle in (0.3, 2.4, 4.5):
        end = (round(MIDDLE + 24 * np.cos(angle)), round(MIDDLE + 24 * np.sin(angle)))
        cv2.line(star, (MIDDLE, MIDDLE), end, (1,), 3)
    line = cv2.line(canvas(), (56, 80), (104, 80), (1,), 3)
    assert shape_of(star).branches >= 1
    assert shape_of(star).solidity < 0.7
    bent = cv2.ellipse(canvas(), (MIDDLE, MIDDLE), (24, 24), 0, 0, 110, (1,), 3)
    assert shape_of(np.asarray(line, np.uint8)).branches == 0
    assert shape_of(np.asarray(bent, np.uint8)).branches == 0


def test_a_hazy_disc_is_less_sharp() -> None:
    """The same disc blurred three pixels wide has less than half the sharpness."""
    assert shape_of(disc(10), sigma=3.0).edge_sharpness < 0.5 * shape_of(disc(10)).edge_sharpness


def test_without_spacing_there_are_no_lengths_in_mm() -> None:
    """An unknown spacing gives lengths in pixels only."""
    shape = shape_of(disc(10), spacing_mm=None)
    assert shape.length_mm is None
    assert shape.width_mm is None
    assert shape.length_px == pytest.approx(20, abs=1)


def test_turning_an_object_changes_no_feature() -> None:
    """A quarter turn leaves every feature as it was."""
    drawn = canvas()
    cv2.ellipse(drawn, (MIDDLE, MIDDLE), (14, 6), 20, 0, 360, (1,), -1)
    cv2.circle(drawn, (MIDDLE + 4, MIDDLE + 7), 5, (1,), -1)
    straight, turned = shape_of(drawn), shape_of(np.ascontiguousarray(np.rot90(drawn)))
    for name in ("length_px", "width_px", "roundness", "solidity", "edge_sharpness", "lucent_center"):
        assert getattr(turned, name) == pytest.approx(getattr(straight, name), rel=0.1, abs=0.03)


def test_a_cut_at_the_border_repeats_the_border() -> None:
    """A square that reaches past the picture shows its last pixels again, and always has its size."""
    gray = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (40, 1))
    square = cut(pyramid(gray), 0.0, 0.0, side_px=32.0, cells=32)
    assert square.shape == (32, 32)
    assert np.all(square[:, 0] == 0)


@pytest.mark.parametrize(
    ("diameter_mm", "expected"),
    [
        (None, SizeClass.NOT_MEASURABLE),
        (0.39, SizeClass.MICRO),
        (0.4, SizeClass.BORDERLINE_HALF_MM),
        (0.6, SizeClass.BORDERLINE_HALF_MM),
        (0.61, SizeClass.HALF_TO_ONE_MM),
        (0.89, SizeClass.HALF_TO_ONE_MM),
        (0.9, SizeClass.BORDERLINE_ONE_MM),
        (1.1, SizeClass.BORDERLINE_ONE_MM),
        (1.11, SizeClass.MACRO),
    ],
)
def test_sizes_have_guard_bands(diameter_mm: float | None, expected: SizeClass) -> None:
    """What lies within 0.1 mm of half a millimeter or one is borderline; unknown is not measurable."""
    assert size_class(diameter_mm) is expected
