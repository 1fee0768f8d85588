"""Tissue that was moved, bent, turned or swapped is found again, or plainly is not.

Aligned from either side it says where it can be trusted, and where not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.comparison import register as stage
from calcwatch.comparison.register import align, inside, register, registration_of, to_current, to_prior
from calcwatch.comparison.settings import DEFAULT, RegistrationSettings
from calcwatch.domain.change import Registration
from calcwatch.domain.findings import TissueMap
from tests.comparison.aligned import COLUMNS, ROWS, a_tissue, breast_mask, half_strange

CELLS = np.moveaxis(np.indices((ROWS, COLUMNS)), 0, 2).astype(np.float32)
IN_BREAST = breast_mask() > 0


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
    cells = CELLS[inner & (IN_BREAST)].astype(np.float64)
    places = ((cells + 0.5) * 5 - 0.5) * 0.1
    truth = ((moved[inner & (IN_BREAST)] + 0.5) * 5 - 0.5) * 0.1
    return np.asarray(np.linalg.norm(to_prior(found, places) - truth, axis=1))


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
    assert np.median(found.error[IN_BREAST]) > 4.0


def test_upside_down_is_not_alike() -> None:
    """The same tissue turned top to bottom does not fit."""
    prior = a_tissue()
    turned = replace(prior, pattern=np.ascontiguousarray(prior.pattern[::-1]))
    assert register(turned, a_tissue()).local_correlation < 0.4


def test_to_the_prior_and_back() -> None:
    """A place taken to the prior and back is the same place, to a tenth of a millimeter."""
    found = register(a_tissue(), a_tissue(moved=bent()))
    places = np.array([[40.0, 20.0], [60.0, 30.0], [80.0, 15.0]])
    assert np.abs(to_current(found, to_prior(found, places)) - places).max() < 0.1
    assert to_prior(found, np.zeros((0, 2))).shape == (0, 2)


def test_the_error_is_small_where_tissue_is_alike() -> None:
    """The stated error covers the true one: at least three of four within it, nearly all within twice."""
    moved = bent()
    found = register(a_tissue(), a_tissue(moved=moved, noise=0.3))
    truth = errors_mm(found, moved)
    stated = float(np.median(found.error[IN_BREAST]))
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


def test_registrations_that_agree_change_nothing() -> None:
    """Moved and bent tissue comes back where it was, and is aligned as from one side."""
    moved = bent()
    prior, current = a_tissue(), a_tissue(moved=moved, noise=0.2)
    found, from_one_side = align(prior, current), register(prior, current)
    assert found.inverse_consistency_error < 0.5
    assert np.median(errors_mm(found, moved)) < 0.6
    assert np.median((found.error - from_one_side.error)[IN_BREAST]) < 0.1


def test_other_tissue_does_not_come_back() -> None:
    """The tissue of another breast does not come back where it was, and nothing is sure in it."""
    found = align(a_tissue(seed=3), a_tissue(seed=4))
    assert found.inverse_consistency_error > 3.0
    assert np.median(found.error[IN_BREAST]) > 6.0


def test_only_the_strange_part_is_unsure() -> None:
    """Where the tissue is the same the error stays small; where it is another it is large."""
    found = align(a_tissue(), half_strange(0.5, seed=9))
    assert np.median(found.error[40:100, 10:80]) < 3.0
    assert np.median(found.error[150:200, 10:80]) > 5.0


def spoiled(
    prior: TissueMap,
    current: TissueMap,
    nipples: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    *,
    settings: RegistrationSettings,
) -> Registration:
    """``register``, off by a centimeter when it goes from the bent tissue to the straight one."""
    if prior.mask.sum() != a_tissue().mask.sum():
        return register(prior, current, nipples, settings=settings)
    return registration_of(prior, current, (CELLS + 20).astype(np.float32), settings=settings)


def test_the_better_registration_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the one from the current image fails and the other does not, the other is inverted."""
    moved = bent()
    prior, current = a_tissue(), a_tissue(moved=moved)
    monkeypatch.setattr(stage, "register", spoiled)
    found = align(prior, current)
    assert np.median(errors_mm(found, moved)) < 0.8
    assert found.local_correlation > 0.6


def test_nothing_shared_never_comes_back() -> None:
    """An empty picture shares nothing, and its inverse-consistency error is infinite."""
    prior = a_tissue()
    empty = replace(prior, mask=np.zeros_like(prior.mask), pattern=np.full_like(prior.pattern, 128))
    assert align(empty, a_tissue()).inverse_consistency_error == np.inf


def test_an_error_stays_within_its_bounds() -> None:
    """Whatever the tissue says, the error lies between the least and the most of the settings."""
    for prior in (a_tissue(), a_tissue(seed=4)):
        error = align(prior, a_tissue()).error
        assert error.min() >= DEFAULT.registration.min_error_mm
        assert error.max() <= DEFAULT.registration.max_error_mm
