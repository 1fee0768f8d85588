"""Calibration of scores whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch_lab.bench.statistics.calibration import (
    brier,
    equal_count,
    equal_width,
    expected_error,
    reliability,
)


def test_an_honest_score_has_no_error() -> None:
    """Where 0.25 means one of four and 0.75 three of four, the error is 0."""
    scores = np.repeat([0.25, 0.75], 4)
    real = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    curve = reliability(scores, real, equal_width())
    assert curve.expected_error == 0.0
    assert curve.share[2] == 0.25
    assert curve.share[7] == 0.75
    assert np.isnan(curve.share[0])


def test_a_boastful_score_has_a_known_error() -> None:
    """0.9 that holds six times of ten is 0.3 too much; Brier's score is 0.6 x 0.01 + 0.4 x 0.81."""
    scores, real = np.full(10, 0.9), np.arange(10) < 6
    assert reliability(scores, real, equal_width()).expected_error == pytest.approx(0.3)
    assert brier(scores, real) == pytest.approx(0.33)
    assert np.isnan(brier(np.zeros(0), np.zeros(0, bool)))


def test_the_error_is_weighted_by_the_marks() -> None:
    """Ninety marks off by 0.05 and ten off by 0.5: 0.095, and the count of each bin says so."""
    scores = np.concatenate([np.full(90, 0.05), np.full(10, 0.95)])
    real = np.concatenate([np.zeros(90, bool), np.ones(10, bool)])
    real[90:] = [True, False] * 4 + [False, False]  # four of ten
    curve = reliability(scores, real, equal_width())
    assert curve.expected_error == pytest.approx(0.9 * 0.05 + 0.1 * 0.55)
    assert curve.count[[0, 9]].tolist() == [90, 10]


def test_a_sure_score_is_in_the_last_bin() -> None:
    """A score of 1 has a bin, and so has one of 0."""
    curve = reliability(np.array([0.0, 1.0]), np.array([False, True]), equal_width())
    assert curve.count[[0, 9]].tolist() == [1, 1]


def test_bins_of_one_count() -> None:
    """A hundred different scores give ten bins of ten; one score alone gives one bin."""
    scores = np.linspace(0.01, 0.2, 100)
    assert reliability(scores, scores > 2, equal_count(scores)).count.tolist() == [10] * 10
    same = np.full(5, 0.4)
    assert reliability(same, same > 0, equal_count(same)).count.sum() == 5
    assert equal_count(np.zeros(0)).tolist() == equal_width().tolist()


def test_the_interval_draws_patients() -> None:
    """One patient gives no interval about the figure, several give one that holds it."""
    scores, real = np.full(40, 0.5), np.arange(40) % 2 == 0
    edges = equal_width()
    alone = expected_error(scores, real, edges, ["a"] * 40)
    assert (alone.value, alone.low, alone.high) == (0.0, 0.0, 0.0)
    many = expected_error(scores, real, edges, [str(n) for n in range(40)])
    assert 0 <= many.low < 0.05 < many.high < 0.2
    none = expected_error(scores[:0], real[:0], edges, [])
    assert np.isnan([none.low, none.high]).all()
