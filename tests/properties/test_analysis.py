"""What must hold for any picture: the answers move with the breast and change in nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Mammogram
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from tests.image.pictures import mammogram_of

SMALL = PhantomSettings(
    field_mm=(120, 90),
    pixel_spacing_mm=0.1,
    non_lesions=(),
    groups=(
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=6, density=2.0),
        GroupPlan(Morphology.PUNCTATE, Distribution.SINGLE, count=3, density=2.0),
    ),
)


@cache
def phantom() -> PhantomImage:
    """A small CC view with plain calcifications."""
    return make_examination(5, settings=SMALL).images[0]


@cache
def mammogram() -> Mammogram:
    """The phantom as a mammogram."""
    return mammogram_of((phantom().stored / 4095.0).astype(np.float32))


def measures(found: ImageFindings) -> list[tuple[float, ...]]:
    """Everything measured but the place, by score."""
    return sorted((c.score, c.diameter_px, c.contrast) for c in found.calcifications)


def test_the_same_picture_gives_the_same_answer() -> None:
    """Twice the same, to the last bit and in the same order."""
    assert analyze_image(mammogram()) == analyze_image(mammogram())


def test_the_input_is_not_modified() -> None:
    """The pixels are the same after the analysis."""
    untouched = mammogram().gray.copy()
    analyze_image(mammogram())
    np.testing.assert_array_equal(mammogram().gray, untouched)


def test_mirroring_mirrors_the_answer() -> None:
    """Left and right change places, to the bit; nothing else changes."""
    plain = analyze_image(mammogram())
    mirrored = analyze_image(replace(mammogram(), gray=np.ascontiguousarray(mammogram().gray[:, ::-1])))
    last = mammogram().gray.shape[1] - 1
    assert len(plain.calcifications) >= 6
    for calcification, other in zip(plain.calcifications, mirrored.calcifications, strict=True):
        assert (calcification.row, last - calcification.column) == pytest.approx(
            (other.row, other.column), abs=1e-6
        )
        assert (calcification.score, calcification.diameter_px, calcification.contrast) == (
            other.score,
            other.diameter_px,
            other.contrast,
        )
    assert [g.score for g in plain.groups] == pytest.approx([g.score for g in mirrored.groups], abs=1e-5)
    assert plain.breast_area_cm2 == pytest.approx(mirrored.breast_area_cm2, rel=1e-4)


def test_turning_upside_down_turns_the_answer() -> None:
    """Up and down change places; measures agree but for rounding."""
    plain = analyze_image(mammogram())
    turned = analyze_image(replace(mammogram(), gray=np.ascontiguousarray(mammogram().gray[::-1])))
    assert len(plain.calcifications) == len(turned.calcifications)
    np.testing.assert_allclose(measures(plain), measures(turned), rtol=0.02)


@settings(max_examples=6, deadline=None)
@given(down=st.integers(-40, 40))
def test_shifting_shifts_the_answer(down: int) -> None:
    """Along the chest wall, as far as there is air: every row moves, nothing else."""
    rows = np.flatnonzero(mammogram().gray.max(axis=1) > 0.02)
    down = int(np.clip(down, -rows[0] + 1, mammogram().gray.shape[0] - 2 - rows[-1]))
    plain = analyze_image(mammogram())
    shifted = analyze_image(replace(mammogram(), gray=np.roll(mammogram().gray, down, axis=0)))
    assert len(plain.calcifications) == len(shifted.calcifications)
    for calcification, other in zip(plain.calcifications, shifted.calcifications, strict=True):
        assert (calcification.row + down, calcification.column) == pytest.approx(
            (other.row, other.column), abs=0.02
        )
        assert (calcification.score, calcification.diameter_px) == pytest.approx(
            (other.score, other.diameter_px), rel=1e-3
        )


@settings(max_examples=5, deadline=None)
@given(factor=st.sampled_from([1 / 16, 0.25, 0.5, 0.9]))
def test_the_gray_scale_does_not_matter(factor: float) -> None:
    """Twelve bits in sixteen, or a darker display: the same calcifications are found."""
    plain = analyze_image(mammogram())
    dark = analyze_image(
        replace(mammogram(), gray=mammogram().gray * np.float32(factor), gray_step=factor / 4095)
    )
    assert len(plain.calcifications) == len(dark.calcifications)
    np.testing.assert_allclose(measures(plain), measures(dark), rtol=0.02)
