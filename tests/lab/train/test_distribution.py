"""Point sets that distributions are learned from, and the training on very few of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calcwatch.domain.lexicon import Distribution
from calcwatch_lab.train.distribution.sets import LOOSE, PointSet, as_detected, draw_many, draw_point_sets
from calcwatch_lab.train.distribution.settings import DistributionTraining, PointSetSettings

DRAWS = PointSetSettings()


@pytest.fixture(scope="module")
def sets() -> list[PointSet]:
    """Both views of a dozen breasts."""
    return draw_many(range(12), DRAWS, workers=2, on_done=lambda done, total: None)


def test_the_same_seed_gives_the_same_points() -> None:
    """Both views are drawn anew and are equal to the last digit; they show the same groups."""
    first, again = draw_point_sets(3), draw_point_sets(3)
    assert len(first) == 2
    for view, same in zip(first, again, strict=True):
        assert np.array_equal(view.points, same.points)
    assert first[0].distributions == first[1].distributions
    assert np.array_equal(first[0].owner, first[1].owner)


def test_points_lie_in_the_breast_and_belong_to_planned_groups(sets: list[PointSet]) -> None:
    """Every owner is a group or nobody, areas are those of breasts, the nipple is on the outline."""
    for view in sets:
        assert len(view.points) == len(view.owner) == len(view.size)
        assert set(view.owner.tolist()) <= {LOOSE, *range(len(view.distributions))}
        assert 3_000 < view.breast_area < 40_000
        assert view.nipple is not None
        assert np.hypot(*(view.skin - view.nipple).T).min() < 3.0
        assert (view.points >= view.skin.min(axis=0) - 1).all()
        assert (view.points <= view.skin.max(axis=0) + 1).all()


def test_all_distributions_are_drawn() -> None:
    """A few dozen breasts hold each of the five."""
    drawn = {name for seed in range(30, 60) for name in draw_point_sets(seed)[0].distributions}
    assert drawn == set(Distribution) - {Distribution.SINGLE}


def test_a_detector_misses_some_and_adds_some(sets: list[PointSet]) -> None:
    """Nothing real is added, what is kept stays where it is but for the scale, and loose marks come in."""
    rng = np.random.default_rng(1)
    seen = [as_detected(rng, view, DRAWS) for view in sets]
    for whole, found in zip(sets, seen, strict=True):
        for owner in range(len(whole.distributions)):
            assert (found.owner == owner).sum() <= (whole.owner == owner).sum()
    assert sum(len(view.points) for view in seen) < sum(len(view.points) for view in sets)
    loose = [
        (found.owner == LOOSE).sum() > (whole.owner == LOOSE).sum()
        for whole, found in zip(sets, seen, strict=True)
    ]
    assert any(loose)


def test_a_small_training_gives_a_function_that_runs(tmp_path: Path, sets: list[PointSet]) -> None:
    """A dozen breasts make a function whose file gives the same probabilities as the network."""
    pytest.importorskip("torch", reason='needs torch: pip install "calcwatch[train]"')
    import onnxruntime

    from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES, FEATURES
    from calcwatch.models.cards import DISTRIBUTION, read_card
    from calcwatch_lab.train.distribution.run import fit_distribution, write_distribution_model
    from calcwatch_lab.train.fitting import probabilities_of

    lines: list[str] = []
    settings = DistributionTraining(repeats=1, seed=0)
    network = fit_distribution(sets, settings, report=lines.append)
    assert any("held out" in line for line in lines)
    card = write_distribution_model(network, tmp_path, settings)
    assert read_card(tmp_path, DISTRIBUTION) == card
    features = np.random.default_rng(2).normal(size=(5, FEATURES)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(tmp_path / next(iter(DISTRIBUTION.networks))))
    written = session.run(None, {"features": features})[0]
    assert written.shape == (5, len(DISTRIBUTION_CLASSES))
    assert written == pytest.approx(probabilities_of(network, features), abs=1e-5)
    assert written.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
