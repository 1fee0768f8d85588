"""Overlap of outlines an object and an image, by hand."""

from __future__ import annotations

import math

import pytest

from calcwatch_lab.bench.statistics.outlines import judge_outlines
from calcwatch_lab.bench.truth.truth import TrueCalcification, Truth
from tests.lab.bench.by_hand import SPACING_MM, mark, true


def test_misses_count_as_nothing() -> None:
    """One outline drawn half as large, one missed, one true speck of a pixel that does not count."""
    truth = Truth(calcifications=(true(50, 50, half=4), true(90, 90), true(120, 120, half=0.5)))
    found = judge_outlines([mark(50, 50, half=2)], truth, spacing_mm=SPACING_MM)
    assert found.hit.tolist() == [True, False]
    assert found.overlap == pytest.approx([0.25, 0.0], abs=0.01)
    assert found.foreground == pytest.approx(16 / (64 + 16 + 1), abs=0.03)


def test_false_marks_spoil_the_image_not_the_object() -> None:
    """A false mark as large as the object halves the overlap of the image."""
    found = judge_outlines(
        [mark(50, 50), mark(90, 90)], Truth(calcifications=(true(50, 50),)), spacing_mm=SPACING_MM
    )
    assert found.overlap.tolist() == [1.0]
    assert found.foreground == pytest.approx(0.5, abs=0.01)


def test_points_have_no_outline() -> None:
    """Where only centers are known there is nothing to compare."""
    truth = Truth(calcifications=(TrueCalcification(50, 50),))
    found = judge_outlines([mark(50, 50)], truth, spacing_mm=SPACING_MM)
    assert found.overlap.size == 0
    assert math.isnan(found.foreground)
