"""Tissue that was moved, bent, turned or swapped is found again, or plainly is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.comparison.register import Registration, contrast_to_noise_at, inside, register
from tests.comparison.aligned import COLUMNS, ROWS, a_tissue, breast_mask

CELLS = np.moveaxis(np.indices((ROWS, COLUMNS)), 0, 2).astype(np.float32)


def bent(shift: float = 4.0, scale: float = 1.03, bend: float = 3.0) -> NDArray[np.float32]:
    """Where each cell of the current image lies on the prior: shifted in rows, scaled, and bent."""
    rows = scale * (CELLS[..., 0] - ROWS / 2) + ROWS / 2 + shift
    columns = scale * CELLS[..., 1]
    rows = rows + bend * np.sin(CELLS[..., 1] / 40)
    columns = columns + bend * (1 - np.cos(CELLS[..., 1] / 50)) * np.cos(CELLS[..., 0] / 60)
    return np.stack([rows, columns], axis=2).astype(np.float32)


def errors_mm(found: Registration, moved: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far the alignment is off, in the breast a centimeter away from its rim."""
    inner = np.zeros((ROWS, COLUMNS), bool)
    inner[40:-40, 10:-60] = True
    cells = CELLS[inner & (breast_mask() > 0)].astype(np.float64)
    places = ((cells + 0.5) * 5 - 0.5) * 0.1
    truth = ((moved[inner & (breast_mask() > 0)] + 0.5) * 5 - 0.5) * 0.1
    return np.asarray(np.linalg.norm(found.to_prior(places) - truth, axis=1))


@pytest.mark.parametrize(
    ("shift", "scale", "bend"), [(0.0, 1.0, 0.0), (8.0, 1.0, 0.0), (4.0, 1.04, 3.0), (-6.0, 0.96, 4.0)]
)
def test_moved_tissue_is_found_again(shift: float, scale: float, bend: float) -> None:
    """Shifted, scaled and bent tissue is aligned to well under a millimeter, and is alike then."""
    moved = bent(shift, scale, bend)
    found = register(a_tissue(), a_tissue(moved=moved, noise=0.2))
    errors = errors_mm(found, moved)
    assert np.median(errors) < 0.6
    assert np.quantile(errors, 0.95) < 1.5
    assert found.local_correlation > 0.6
    assert found.overlap > 0.9


def test_other_tissue_is_not_alike() -> None:
    """The tissue of another breast of the same outline is far less alike, whatever bends it."""
    found = register(a_tissue(seed=3), a_tissue(seed=4))
    assert found.local_correlation < 0.4
    assert np.median(found.error[breast_mask() > 0]) > 4.0


def test_upside_down_is_not_alike() -> None:
    """The same tissue turned top to bottom does not fit."""
    prior = a_tissue()
    turned = replace(prior, pattern=np.ascontiguousarray(prior.pattern[::-1]))
    assert register(turned, a_tissue()).local_correlation < 0.4


def test_there_and_back() -> None:
    """A place taken to the prior and back is the same place, to a tenth of a millimeter."""
    found = register(a_tissue(), a_tissue(moved=bent()))
    places = np.array([[40.0, 20.0], [60.0, 30.0], [80.0, 15.0]])
    assert np.abs(found.to_current(found.to_prior(places)) - places).max() < 0.1
    assert found.to_prior(np.zeros((0, 2))).shape == (0, 2)


def test_the_error_is_small_where_tissue_is_alike() -> None:
    """The stated error covers the true one: at least three of four within it, nearly all within twice."""
    moved = bent()
    found = register(a_tissue(), a_tissue(moved=moved, noise=0.3))
    truth = errors_mm(found, moved)
    stated = float(np.median(found.error[breast_mask() > 0]))
    assert np.mean(truth <= stated) > 0.75
    assert np.mean(truth <= 2 * stated) > 0.95


def test_what_only_one_image_shows() -> None:
    """A place beyond the prior's breast is not inside it; the shared part is what both show."""
    prior = a_tissue()
    half = prior.mask.copy()
    half[: ROWS // 2] = 0
    found = register(replace(prior, mask=half), a_tissue())
    assert found.overlap < 0.7
    assert not inside(replace(prior, mask=half), np.array([[20.0, 20.0]]))[0]
    assert inside(prior, np.array([[60.0, 20.0]]))[0]
    assert not inside(prior, np.array([[-5.0, 20.0], [500.0, 20.0]])).any()


def test_an_empty_picture_aligns_with_nothing() -> None:
    """Without any breast there is an answer, and it says that nothing is shared."""
    prior = a_tissue()
    empty = replace(prior, mask=np.zeros_like(prior.mask), pattern=np.full_like(prior.pattern, 128))
    found = register(empty, a_tissue())
    assert (found.overlap, found.local_correlation) == (0.0, 0.0)


def test_clearness_is_looked_up() -> None:
    """Clearness is that of the coarse cell, beyond the border that of its rim."""
    tissue = a_tissue(contrast_to_noise=2.5)
    assert contrast_to_noise_at(tissue, np.array([[60.0, 20.0], [-9.0, 999.0]])).tolist() == [2.5, 2.5]
