"""Free-response curves and their intervals, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from calcwatch_lab.bench.statistics.froc import (
    FreeResponse,
    at_threshold,
    sensitivity,
    sensitivity_difference,
    sensitivity_interval,
    threshold_at,
)
from calcwatch_lab.bench.statistics.intervals import (
    draw_patients,
    mean,
    percentiles,
    proportion,
    ratio_interval,
)


def scores(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """An array of scores."""
    return np.array(values, np.float64)


def by_hand() -> FreeResponse:
    """Two images of 10 units each: four true things, three found; false ones at 0.8, 0.6, 0.6 and 0.2."""
    return FreeResponse.of(
        ["a", "b"], [scores(0.9, 0.7), scores(0.5, -1)], [scores(0.8, 0.2), scores(0.6, 0.6)], [10, 10]
    )


def test_sensitivity_by_hand() -> None:
    """None false: 1 of 4 (above 0.8). One: 2 (above 0.6). Two: still 2, both at 0.6 pass together. All: 3."""
    found = sensitivity(by_hand(), [0.0, 0.05, 0.1, 0.15, 0.2, 9.0])
    assert found.tolist() == [0.25, 0.5, 0.5, 0.75, 0.75, 0.75]


def test_thresholds_by_hand() -> None:
    """At one false thing in 20 units the threshold is 0.6, above which half is found."""
    assert threshold_at(by_hand(), 0.05) == 0.6
    assert at_threshold(by_hand(), 0.6) == (0.5, 0.05)
    assert threshold_at(by_hand(), 9.0) == -np.inf
    assert at_threshold(by_hand(), -np.inf) == (0.75, 0.2)


def test_what_is_never_found_stays_so() -> None:
    """Without any false thing everything found counts and the rest does not."""
    alone = FreeResponse.of(["a"], [scores(0.1, -1)], [scores()], [1])
    assert sensitivity(alone, [0.1]).tolist() == [0.5]
    nothing = FreeResponse.of(["a"], [scores()], [scores(0.5)], [1])
    assert np.isnan(sensitivity(nothing, [0.1])).all()
    assert np.isnan(sensitivity_interval(nothing, [0.1])).all()


def test_the_interval_of_a_known_case() -> None:
    """Forty patients with one calcification each, half found: the quantiles of a binomial distribution."""
    found = [scores(0.9 if number < 20 else -1) for number in range(40)]
    response = FreeResponse.of([f"{n:02d}" for n in range(40)], found, [scores()] * 40, [1] * 40)
    low, high = sensitivity_interval(response, [1.0])[:, 0]
    expected = binom.ppf([0.025, 0.975], 40, 0.5) / 40
    assert [low, high] == pytest.approx(expected, abs=0.026)


def test_images_of_a_patient_are_drawn_together() -> None:
    """One patient with forty images has no interval; forty patients with one each have one."""
    found = [scores(0.9 if number < 20 else -1) for number in range(40)]
    pooled = FreeResponse.of(["a"] * 40, found, [scores()] * 40, [1] * 40)
    assert sensitivity_interval(pooled, [1.0])[:, 0].tolist() == [0.5, 0.5]


def test_the_interval_follows_the_threshold_of_each_draw() -> None:
    """Drawing patients by hand and computing the curve anew gives the same interval."""
    generator = np.random.default_rng(5)
    names = [f"{n:02d}" for n in range(12)]
    true = [np.round(generator.random(6), 2) for _ in names]
    false = [np.round(generator.random(9), 2) for _ in names]
    area = generator.uniform(5, 9, 12)
    interval = sensitivity_interval(FreeResponse.of(names, true, false, list(area)), [0.3])
    draws = []
    for counts in draw_patients(12):
        drawn = np.repeat(np.arange(12), counts)
        again = FreeResponse.of(
            ["x"] * 12, [true[n] for n in drawn], [false[n] for n in drawn], [area[n] for n in drawn]
        )
        draws.append(sensitivity(again, [0.3]))
    assert interval == pytest.approx(percentiles(np.array(draws)))


def test_many_false_things_change_the_interval_little() -> None:
    """With thousands of false ones only some thresholds are tried; the interval moves by less than 0.01."""
    generator = np.random.default_rng(6)
    names = [f"{n:02d}" for n in range(10)]
    true, false = [generator.random(50) for _ in names], [generator.random(400) for _ in names]
    rates = [50.0, 150.0]
    interval = sensitivity_interval(FreeResponse.of(names, true, false, [1] * 10), rates)
    draws = []
    for counts in draw_patients(10):
        drawn = np.repeat(np.arange(10), counts)
        again = FreeResponse.of(["x"] * 10, [true[n] for n in drawn], [false[n] for n in drawn], [1] * 10)
        draws.append(sensitivity(again, rates))
    assert np.abs(interval - percentiles(np.array(draws))).max() < 0.01


def test_a_paired_difference_knows_the_pairs() -> None:
    """A detector that finds one more in every patient is better by that for certain."""
    names = [f"{n:02d}" for n in range(20)]
    hard = [scores(*([-1] * 4)) if n % 2 else scores(0.9, 0.9, -1, -1) for n in range(20)]
    easy = [scores(0.9, -1, -1, -1) if n % 2 else scores(0.9, 0.9, 0.9, -1) for n in range(20)]
    none = [scores()] * 20
    better, worse = (FreeResponse.of(names, found, none, [1] * 20) for found in (easy, hard))
    difference = sensitivity_difference(better, worse, 1.0)
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.25, 0.25, 0.25))


def test_a_ratio_has_the_interval_of_its_patients() -> None:
    """Equal patients give no interval; nothing to count gives none either."""
    assert ratio_interval(scores(1, 1), scores(2, 2), ["a", "b"]) == (0.5, 0.5)
    low, high = ratio_interval(scores(0, 4), scores(2, 2), ["a", "b"])
    assert (low, high) == (0.0, 2.0)
    assert np.isnan(ratio_interval(scores(), scores(), [])).all()


def test_proportions_and_means_are_pooled() -> None:
    """Two of four and one of one are three of five; three values of two patients have one mean."""
    found = proportion([(2, 4), (1, 1)], ["a", "b"])
    assert (found.part, found.whole) == (3, 5)
    assert found.ratio.value == pytest.approx(0.6)
    assert found.ratio.low <= 0.6 <= found.ratio.high
    assert np.isnan(proportion([], []).ratio.value)
    assert mean([scores(1, 2), scores(6)], ["a", "b"]).value == 3.0
    assert np.isnan(mean([scores()], ["a"]).value)


def test_draws_are_the_same_each_time() -> None:
    """Each draw has as many patients as there are; the seed is fixed."""
    draws = draw_patients(7, draws=50)
    assert draws.sum(axis=1).tolist() == [7] * 50
    assert (draws == draw_patients(7, draws=50)).all()
    assert len({tuple(draw) for draw in draws}) > 10
