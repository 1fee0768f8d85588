"""Where a point of one examination lies on an earlier one of the same breast and view.

An affine map comes first, from nipple and breast outline and then from the tissue; then a smooth flow of the
tissue, kept where it agrees with the flow the other way. What is left uncertain is told in mm at every point,
and matched specks make it smaller afterwards (``comparison/match.py``). The flow is that of Kroeger, Timofte,
Dai and van Gool (ECCV 2016), the affine map that of Evangelidis and Psarakis (IEEE PAMI 30:1858, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from calcwatch.image.arrays import erode, gaussian
from calcwatch.image.tissue_map import EVEN, PATTERN_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.findings import TissueMap

MOST_ERROR_MM = 8.0
"""Of the alignment, where the tissue tells nothing."""

_OUTLINE_MM = 8.0  # the outline alone is compared this softly
_AFFINE_MM = (4.0, 2.0, 1.0)  # the tissue, from coarse to fine
_FLOW_MM = 0.7
_SMOOTH_MM = (12.0, 6.0)  # the flow may bend over these distances, first round and second
_AGREES_MM = 0.7  # flow and counterflow differ by less where they can be trusted
_LIKENESS_MM = 4.0
_RIM_MM = 5.0  # of the breast, not looked at: skin is like skin
_ROUNDS, _ENOUGH = 60, 1e-4
_LEAST_SHARED = 50.0  # cells
_FLOW_SCALE = 1  # finest pyramid level of the flow
_LEAST_ERROR_MM = 1.5  # where the tissue is the same
_INVERSE_ROUNDS = 12
_SOME_TRUST, _TINY_TRUST = 1e-3, 1e-6  # of a flow that disagrees, in the breast and outside


@dataclass(frozen=True, eq=False)
class Registration:
    """A map from places on the current image to places on the prior one, both in mm of their crops.

    ``target``: rows x columns x 2 on the cells of the current tissue, place on the prior (row, column in mm).
    ``error``: one standard deviation in mm, on the same cells. ``local_correlation``: mean correlation of the
    tissue in the breast after alignment, 1 at most; about 0.3 for different breasts. ``overlap``: share of
    the current breast that the prior shows. ``inverse_consistency_mm``: how far a place of the breast comes
    back from where it was when it goes to the prior and returns by the alignment the other way round, median;
    0 where that was not tried, infinite where nothing is shared.
    """

    prior: TissueMap
    current: TissueMap
    target: NDArray[np.float32]
    error: NDArray[np.float32]
    local_correlation: float
    overlap: float
    inverse_consistency_mm: float

    def to_prior(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places of the current image (n x 2, mm) on the prior."""
        return _at(self.target, self.current.cells(places))

    def error_mm(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviation in mm at places of the current image (n)."""
        return _at(self.error[..., None], self.current.cells(places))[:, 0]

    def to_current(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places of the prior (n x 2, mm) on the current image: the map turned round, step by step."""
        found = np.array(places, np.float64).reshape(-1, 2)
        middle = np.array(self.target.shape[:2]) / 2 * self.current.cell_mm
        shift = middle - self.to_prior(middle[None])[0]
        found = found + shift
        for _ in range(_INVERSE_ROUNDS):
            found = found + (places - self.to_prior(found))
        return np.asarray(found)

    def is_shown_by_prior(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the prior shows breast where places of the current image would lie."""
        return inside(self.prior, self.to_prior(places))


def inside(tissue: TissueMap, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether places (n x 2, mm) lie in the breast that the image shows."""
    cells = np.rint(tissue.cells(places)).astype(np.intp)
    rows, columns = tissue.mask.shape
    shown = (cells >= 0).all(axis=1) & (cells[:, 0] < rows) & (cells[:, 1] < columns)
    cells = np.clip(cells, 0, [rows - 1, columns - 1])
    return np.asarray(shown & (tissue.mask[cells[:, 0], cells[:, 1]] > 0))


def contrast_to_noise_at(tissue: TissueMap, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Contrast of the tissue in units of the noise at places (n x 2, mm)."""
    cells = tissue.cells(places) / tissue.contrast_to_noise_step
    return _at(tissue.contrast_to_noise[..., None], cells)[:, 0]


def register(
    prior: TissueMap,
    current: TissueMap,
    nipples: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Registration:
    """Align two views of the same breast, from the current to the prior.

    ``nipples``: on the prior and on the current image, in mm; ``None`` where one is not known. Always gives
    an answer: ``local_correlation`` and ``shared`` say what it is worth. The same input gives the same
    answer.
    """
    patterns = _level(prior), _level(current)
    start = max(
        (_affine(prior, current, patterns, start) for start in _starts(prior, current, nipples)),
        key=lambda found: found[0],
    )[1]
    target = _affine_target(start, current.mask.shape)
    for smooth_mm in _SMOOTH_MM:
        target = _flowed(prior, current, patterns, target, smooth_mm)
    return registration_of(prior, current, target)


def registration_of(prior: TissueMap, current: TissueMap, target: NDArray[np.float32]) -> Registration:
    """A map with what it is worth.

    ``target``: row and column in cells of the prior, for each cell of the current tissue.
    """
    local_correlation, shown = _local_correlation(prior, current, (_level(prior), _level(current)), target)
    inner = erode(current.mask, round(_RIM_MM / current.cell_mm)) > 0
    seen = inner & (shown > 0)
    return Registration(
        prior=prior,
        current=current,
        target=_places(target, prior),
        error=_error(local_correlation, shown),
        local_correlation=float(local_correlation[seen].mean()) if seen.any() else 0.0,
        overlap=float(seen.sum() / max(1, inner.sum())),
        inverse_consistency_mm=0.0,
    )


def _level(tissue: TissueMap) -> NDArray[np.float32]:
    return np.asarray((tissue.pattern.astype(np.float32) - EVEN) / PATTERN_SCALE, np.float32)


def _starts(
    prior: TissueMap, current: TissueMap, nipples: tuple[NDArray[np.float64], NDArray[np.float64]] | None
) -> list[NDArray[np.float64]]:
    """Affine maps in cells (2 x 3 for column and row) to begin with: nipple on nipple, breast on breast."""
    scale = current.cell_mm / prior.cell_mm
    starts = []
    if nipples is not None:
        there, here = prior.cells(nipples[0]).ravel(), current.cells(nipples[1]).ravel()
        starts.append(_shifted(scale, there - scale * here))
    outlines = [
        gaussian((each.mask > 0).astype(np.float32), _OUTLINE_MM / each.cell_mm) for each in (prior, current)
    ]
    middles = [_middle(each.mask) for each in (prior, current)]
    apart = np.array([middles[0] - scale * middles[1], 0.0])  # both chest walls lie on the left border
    by_outline = _shifted(scale, apart)
    starts.append(_correlated(outlines[1], outlines[0], by_outline, np.ones_like(prior.mask)))
    return starts


def _middle(mask: NDArray[np.uint8]) -> float:
    rows = np.flatnonzero(mask.any(axis=1))
    return float(np.average(np.arange(mask.shape[0]), weights=mask.sum(axis=1))) if rows.size else 0.0


def _shifted(scale: float, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([[scale, 0.0, float(apart[1])], [0.0, scale, float(apart[0])]], np.float64)


def _correlated(
    template: NDArray[np.float32],
    picture: NDArray[np.float32],
    start: NDArray[np.float64],
    mask: NDArray[np.uint8],
) -> NDArray[np.float64]:
    """The affine map under which the picture is most like the template; the start where none is found."""
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ROUNDS, _ENOUGH)
    try:
        _, found = cv2.findTransformECC(
            template, picture, start.astype(np.float32), cv2.MOTION_AFFINE, until, mask, 1
        )
    except cv2.error:  # nothing in common from this start
        return start
    return np.asarray(found, np.float64) if np.isfinite(found).all() else start


def _affine(
    prior: TissueMap,
    current: TissueMap,
    patterns: tuple[NDArray[np.float32], NDArray[np.float32]],
    start: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """How alike the two are under the best affine map from a start, and that map."""
    found = start
    there, here = patterns
    for soft_mm in _AFFINE_MM:
        there = gaussian(patterns[0], soft_mm / prior.cell_mm)
        here = gaussian(patterns[1], soft_mm / current.cell_mm)
        found = _correlated(here, there, found, prior.mask)
    shape = current.mask.shape[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(there, found.astype(np.float32), shape, flags=flags)
    shown = (cv2.warpAffine(prior.mask, found.astype(np.float32), shape, flags=flags) > 0) & (
        current.mask > 0
    )
    return _correlation(np.asarray(moved, np.float32)[shown], here[shown]), found


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    if one.size < _LEAST_SHARED:
        return -1.0
    one, other = one - one.mean(), other - other.mean()
    return float((one @ other) / (np.sqrt((one @ one) * (other @ other)) + 1e-9))


def _affine_target(matrix: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Row and column of prior cells for each current cell, rows x columns x 2."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    across, down = (line[0] * columns + line[1] * rows + line[2] for line in matrix)
    return np.stack([down, across], axis=2).astype(np.float32)


def _flowed(
    prior: TissueMap,
    current: TissueMap,
    patterns: tuple[NDArray[np.float32], NDArray[np.float32]],
    target: NDArray[np.float32],
    smooth_mm: float,
) -> NDArray[np.float32]:
    """The map after one round of flow, smoothed with more weight where both directions agree."""
    there = gaussian(patterns[0], _FLOW_MM / prior.cell_mm)
    here = gaussian(patterns[1], _FLOW_MM / current.cell_mm)
    pictures = [_as_bytes(here), _as_bytes(_moved(there, target))]
    shown = (_moved(prior.mask, target) > 0) & (current.mask > 0)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(_FLOW_SCALE)
    forward = np.asarray(flow.calc(pictures[0], pictures[1], None), np.float32)  # type: ignore[call-overload]
    backward = np.asarray(flow.calc(pictures[1], pictures[0], None), np.float32)  # type: ignore[call-overload]
    apart = forward + _along(backward, forward)
    disagreement = (apart[..., 0] ** 2 + apart[..., 1] ** 2) * np.float32((current.cell_mm / _AGREES_MM) ** 2)
    trust = shown * np.exp(-disagreement / 2) + _SOME_TRUST * (current.mask > 0) + np.float32(_TINY_TRUST)
    trust = np.asarray(trust, np.float32)
    total = gaussian(trust, smooth_mm / current.cell_mm)
    smooth = np.stack(
        [gaussian(forward[..., axis] * trust, smooth_mm / current.cell_mm) / total for axis in (0, 1)], axis=2
    )
    return _along(target, smooth)


def _as_bytes(level: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(EVEN + PATTERN_SCALE * level, 0, 255).astype(np.uint8)


def _moved(
    picture: NDArray[np.float32] | NDArray[np.uint8], target: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What the picture shows at each target (row, column in its cells), 0 beyond its border."""
    way = cv2.INTER_NEAREST if picture.dtype == np.uint8 else cv2.INTER_LINEAR
    moved = cv2.remap(
        picture,
        np.ascontiguousarray(target[..., 1]),
        np.ascontiguousarray(target[..., 0]),
        way,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(moved, np.float32)


def _along(field: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """A field (rows x columns x 2) looked up where a flow (column, row) leads."""
    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    moved = cv2.remap(
        field, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.float32)


def _local_correlation(
    prior: TissueMap,
    current: TissueMap,
    patterns: tuple[NDArray[np.float32], NDArray[np.float32]],
    target: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Local correlation of the aligned tissue, and 1 where both show the breast."""
    here = gaussian(patterns[1], _FLOW_MM / current.cell_mm)
    there = _moved(gaussian(patterns[0], _FLOW_MM / prior.cell_mm), target)
    shown = ((_moved(prior.mask, target) > 0) & (current.mask > 0)).astype(np.float32)
    sigma = _LIKENESS_MM / current.cell_mm
    weight = gaussian(shown, sigma) + np.float32(1e-3)

    def around(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return gaussian(field * shown, sigma)

    one, other = here - around(here) / weight, there - around(there) / weight
    spread = np.sqrt(np.maximum(around(one * one) * around(other * other), 1e-6))
    return np.asarray(around(one * other) / spread, np.float32), shown


def _error(local_correlation: NDArray[np.float32], shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """Small where the aligned tissue is alike, large where it is not or is not shown."""
    unlike = 1 - np.clip(local_correlation * shown, 0, 1)
    return np.asarray(_LEAST_ERROR_MM + (MOST_ERROR_MM - _LEAST_ERROR_MM) * unlike, np.float32)


def _places(target: NDArray[np.float32], prior: TissueMap) -> NDArray[np.float32]:
    """Targets in cells of the prior as places in mm."""
    return np.asarray(((target + 0.5) * prior.step - 0.5) * prior.pixel_mm, np.float32)


def _at(field: NDArray[np.float32], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """A field looked up between its cells; beyond the border it goes on as its rim does."""
    rows, columns = field.shape[:2]
    kept = np.clip(cells, 0, [rows - 1, columns - 1])
    values = [
        map_coordinates(field[..., axis], kept.T, order=1, mode="nearest") for axis in range(field.shape[2])
    ]
    return np.stack(values, axis=1).astype(np.float64)
