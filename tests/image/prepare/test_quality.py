"""Whether an image may be analyzed."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.domain.errors import UnsuitableImage
from calcwatch.domain.image import QualityFlag
from calcwatch.image.analyze import analyze_image
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.prepare.quality import quality_flags
from tests.image.pictures import half_round_breast, mammogram_of


def flags_of(gray: np.ndarray, **how: float | None) -> frozenset[QualityFlag]:
    """What the quality step says about a picture."""
    image = normalize(mammogram_of(gray, **how))  # type: ignore[arg-type]
    return quality_flags(image, find_breast(image))


def test_a_plain_breast_has_no_flags() -> None:
    """Nothing is wrong with an ordinary picture."""
    assert flags_of(half_round_breast(noise=0.03)) == frozenset()


def test_a_breast_of_few_gray_levels_is_dark() -> None:
    """Twelve-bit values read as eight bit leave nothing to analyze."""
    gray = half_round_breast(gray=8 / 255, noise=2 / 255)
    assert QualityFlag.BREAST_DARK in flags_of(gray, gray_step=1 / 255)


def test_a_dark_picture_with_enough_levels_is_no_error() -> None:
    """Twelve-bit values in sixteen bits look black but carry everything."""
    gray = half_round_breast(noise=0.03) / 16
    assert flags_of(gray, gray_step=1 / 65535) == frozenset()


def test_a_white_breast_is_saturated() -> None:
    """More than a quarter of the breast at the top of the scale forbids the analysis."""
    assert QualityFlag.BREAST_SATURATED in flags_of(
        (half_round_breast(noise=0.2) + 0.6).clip(0, 1) * (half_round_breast() > 0)
    )


def test_a_white_corner_is_mentioned() -> None:
    """A few percent of white are flagged and analyzed."""
    gray = half_round_breast(noise=0.03)
    gray[190:230, 10:80] = 1.0
    assert flags_of(gray) == {QualityFlag.PARTLY_SATURATED}


@pytest.mark.parametrize(("spacing", "breast_cm2"), [(0.02, 0.3), (1.3, 1290)])
def test_an_impossible_breast_is_no_mammogram(spacing: float, breast_cm2: float) -> None:
    """A breast smaller than 5 or larger than 1000 square centimeters is none."""
    assert QualityFlag.NOT_A_MAMMOGRAM in flags_of(half_round_breast(noise=0.03), spacing_mm=spacing), (
        breast_cm2
    )


def test_coarse_pixels_are_mentioned() -> None:
    """At 0.2 mm a small calcification is a pixel: sizes and shapes cannot be trusted."""
    assert QualityFlag.PIXELS_COARSE in flags_of(half_round_breast(noise=0.03), spacing_mm=0.2)


@pytest.mark.parametrize(
    ("gray", "words"),
    [
        (np.zeros((300, 300), np.float32), "no breast was found"),
        (half_round_breast(gray=3 / 4095, noise=1 / 4095), "almost no gray levels"),
        (half_round_breast(gray=3.0).clip(0, 1), "pure white"),
    ],
    ids=["empty", "dark", "white"],
)
def test_an_unsuitable_breast_is_an_error_and_never_zero_calcifications(gray: np.ndarray, words: str) -> None:
    """The message names the file and what is wrong with it."""
    with pytest.raises(UnsuitableImage, match=rf"picture\.png: .*{words}"):
        analyze_image(mammogram_of(gray))
