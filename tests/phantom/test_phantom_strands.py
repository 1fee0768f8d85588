"""Strands, knots and moles drawn on a background."""

from __future__ import annotations

import numpy as np

from calcwatch.phantom.strands import draw_strands


def _drawn(seed: int = 3, count: int = 20) -> np.ndarray:
    area = np.zeros((400, 300), np.uint8)
    area[100:300, 50:250] = 1
    noise = np.full((400, 300), 0.01, np.float32)
    return draw_strands(np.random.default_rng(seed), area, noise, spacing_mm=0.1, count=count)


def test_strands_are_bright_lines_and_the_same_for_a_seed() -> None:
    """They only add, stand a few times above the noise, and cover a small share of the picture."""
    added = _drawn()
    assert np.array_equal(added, _drawn())
    assert added.min() >= 0
    assert 0.05 < added.max() < 2.0
    assert 0.001 < np.mean(added > 0.02) < 0.4


def test_none_asked_none_drawn() -> None:
    """A count of 0 adds nothing, and so does an area without room."""
    assert not _drawn(count=0).any()
    empty = np.zeros((40, 40), np.uint8)
    noise = np.full((40, 40), 0.01, np.float32)
    assert not draw_strands(np.random.default_rng(0), empty, noise, spacing_mm=0.1, count=5).any()
