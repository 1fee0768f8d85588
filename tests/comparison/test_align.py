"""Tissue aligned both ways: where the two ways agree it can be trusted, and where not it says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.comparison import align as both_ways
from calcwatch.comparison.align import align
from calcwatch.comparison.register import Registration, register, registration_of
from calcwatch.domain.findings import TissueMap
from tests.comparison.aligned import a_tissue, breast_mask, half_strange
from tests.comparison.test_register import CELLS, bent, errors_mm

IN_BREAST = breast_mask() > 0


def test_ways_that_agree_change_nothing() -> None:
    """Moved and bent tissue comes back where it was, and is aligned as by one way."""
    moved = bent()
    prior, current = a_tissue(), a_tissue(moved=moved, noise=0.2)
    found, one_way = align(prior, current), register(prior, current)
    assert found.inverse_consistency_mm < 0.5
    assert np.median(errors_mm(found, moved)) < 0.6
    assert np.median((found.error - one_way.error)[IN_BREAST]) < 0.1


def test_other_tissue_goes_astray() -> None:
    """The tissue of another breast does not come back where it was, and nothing is sure in it."""
    found = align(a_tissue(seed=3), a_tissue(seed=4))
    assert found.inverse_consistency_mm > 3.0
    assert np.median(found.error[IN_BREAST]) > 6.0


def test_only_the_strange_part_is_unsure() -> None:
    """Where the tissue is the same the error stays small; where it is another it is large."""
    found = align(a_tissue(), half_strange(0.5, seed=9))
    assert np.median(found.error[40:100, 10:80]) < 3.0
    assert np.median(found.error[150:200, 10:80]) > 5.0


def spoiled(*args: TissueMap | tuple[NDArray[np.float64], NDArray[np.float64]] | None) -> Registration:
    """``register``, off by a centimeter when it goes from the bent tissue to the straight one."""
    prior, current, nipples = args
    assert isinstance(prior, TissueMap)
    assert isinstance(current, TissueMap)
    assert not isinstance(nipples, TissueMap)
    found = register(prior, current, nipples)
    if prior.mask.sum() != a_tissue().mask.sum():
        return found
    return registration_of(prior, current, (CELLS + 20).astype(np.float32))


def test_the_better_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the way there fails and the way back does not, the way back is turned round."""
    moved = bent()
    prior, current = a_tissue(), a_tissue(moved=moved)
    monkeypatch.setattr(both_ways, "register", spoiled)
    found = align(prior, current)
    assert np.median(errors_mm(found, moved)) < 0.8
    assert found.local_correlation > 0.6


def test_nothing_shared_is_infinitely_astray() -> None:
    """An empty picture shares nothing, and says so."""
    prior = a_tissue()
    empty = replace(prior, mask=np.zeros_like(prior.mask), pattern=np.full_like(prior.pattern, 128))
    assert align(empty, a_tissue()).inverse_consistency_mm == np.inf
