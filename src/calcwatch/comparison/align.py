"""Two views aligned both ways: where the way there and the way back disagree, one of them is wrong.

Tissue of two days can be alike in a wrong place. It is seldom alike in the same wrong place when the
alignment starts from the other image, so that what comes back where it was can be trusted (inverse
consistency, Christensen and Johnson, IEEE TMI 20:568, 2001).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.comparison.register import MOST_ERROR_MM, inside, register, registration_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.comparison.register import Registration
    from calcwatch.domain.findings import TissueMap

_STRIDE = 4  # cells: what changes slowly is worked out on every fourth
_MORE_ALIKE = 0.02  # than the way there: the way back is turned round and taken


def align(
    prior: TissueMap,
    current: TissueMap,
    nipples: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Registration:
    """Align two views of the same breast from either side, and tell by the difference what it is worth.

    ``nipples``: as for ``register``. Of the two ways the one that makes the tissue more alike is taken;
    ``inverse_consistency_mm`` and ``error`` tell how far they are apart.
    """
    there = register(prior, current, nipples)
    back = register(current, prior, None if nipples is None else nipples[::-1])
    if back.local_correlation > there.local_correlation + _MORE_ALIKE:
        there = _turned_round(back)
    return _held_against(there, back)


def _turned_round(back: Registration) -> Registration:
    """The alignment of the prior with the current image as one of the current with the prior."""
    current, prior = back.prior, back.current
    places = _grid(current)
    found = _on_cells(back.to_current(places.reshape(-1, 2)).reshape(places.shape), current)
    cells = prior.cells(found.astype(np.float64))
    return registration_of(prior, current, cells.astype(np.float32))


def _held_against(there: Registration, back: Registration) -> Registration:
    """The alignment, less sure where the way back does not lead where it came from."""
    grid = _grid(there.current)
    places = grid.reshape(-1, 2)
    astray = np.linalg.norm(back.to_prior(there.to_prior(places)) - places, axis=1)
    seen = inside(there.current, places) & there.is_shown_by_prior(places)
    error = np.hypot(there.error, _on_cells(astray.reshape(grid.shape[:2]), there.current))
    return replace(
        there,
        error=np.minimum(error, np.float32(MOST_ERROR_MM)),
        inverse_consistency_mm=float(np.median(astray[seen])) if seen.any() else np.inf,
    )


def _grid(tissue: TissueMap) -> NDArray[np.float64]:
    """Places in mm of every fourth cell, a little beyond the last ones too; rows x columns x 2."""
    rows, columns = (length + _STRIDE for length in tissue.mask.shape)
    cells = np.moveaxis(np.mgrid[:rows:_STRIDE, :columns:_STRIDE], 0, 2)
    return np.asarray(((cells + 0.5) * tissue.step - 0.5) * tissue.pixel_mm, np.float64)


def _on_cells(coarse: NDArray[np.float64], tissue: TissueMap) -> NDArray[np.float32]:
    """Values of ``_grid`` on all cells."""
    rows, columns = np.mgrid[: tissue.mask.shape[0], : tissue.mask.shape[1]].astype(np.float32) / _STRIDE
    return np.asarray(cv2.remap(coarse.astype(np.float32), columns, rows, cv2.INTER_LINEAR), np.float32)
