"""Areas under the ROC curve, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcwatch_lab.bench.statistics.roc import area_estimate, area_under_curve


def test_the_area_under_the_curve_counts_pairs() -> None:
    """Five of six pairs in the right order, one tied: 5.5 of 6."""
    scores = np.array([0.9, 0.5, 0.5, 0.4, 0.1])
    positive = np.array([True, True, False, False, False])
    assert area_under_curve(scores, positive) == pytest.approx(5.5 / 6)
    assert math.isnan(area_under_curve(scores, np.ones(5, bool)))


def test_the_interval_is_wider_for_fewer_patients() -> None:
    """Images of one woman are drawn together: four patients tell less than forty."""
    generator = np.random.default_rng(0)
    scores, positive = generator.random(40), np.arange(40) % 2 == 0
    few = area_estimate(scores, positive, [str(i // 10) for i in range(40)])
    many = area_estimate(scores, positive, [str(i) for i in range(40)])
    assert few == area_estimate(scores, positive, [str(i // 10) for i in range(40)])
    assert 0 <= many.low < many.value < many.high <= 1
    assert many.value == area_under_curve(scores, positive)
    nothing = area_estimate(scores, np.ones(40, bool), ["a"] * 40)
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)
