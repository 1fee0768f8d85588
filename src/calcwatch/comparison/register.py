"""Where a place of the current image lies on the prior one of the same breast and view.

An affine map comes first, from nipple and outline of the breast and then from the tissue; then a smooth flow
of the tissue, kept where it agrees with the flow the other way. What is left uncertain is stated at every
place, and matched calcifications make it smaller afterwards (``match.py``). The affine map is that of
Evangelidis and Psarakis (IEEE PAMI 30:1858, 2008), the flow that of Kroeger, Timofte, Dai and van Gool (ECCV
2016).

The tissue of two breasts can be alike in a wrong place. It is seldom alike in the same wrong place when the
alignment starts from the other image: a place that comes back to where it was can be trusted (inverse
consistency, Christensen and Johnson, IEEE TMI 20:568, 2001).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from calcwatch.comparison.settings import DEFAULT
from calcwatch.domain.change import Registration
from calcwatch.image.arrays import erode, gaussian
from calcwatch.image.tissue_map import EVEN, PATTERN_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.comparison.settings import RegistrationSettings
    from calcwatch.domain.findings import TissueMap

    Nipples = tuple[NDArray[np.float64], NDArray[np.float64]]
    """Place of the nipple on the prior and on the current image, each 1 x 2 in working units."""


def align(
    prior: TissueMap,
    current: TissueMap,
    nipples: Nipples | None = None,
    *,
    settings: RegistrationSettings = DEFAULT.registration,
) -> Registration:
    """Register two views of the same breast from either side, and tell by the difference what it is worth.

    Of the two registrations the one with the higher local correlation is taken. Its error grows where the
    other one does not lead back to where a place came from. The same input gives the same answer.

    Args:
        prior: Tissue of the prior image.
        current: Tissue of the current image.
        nipples: Where the nipple lies on both, ``None`` where one of them is not known.
        settings: Numbers of this stage.

    Returns:
        From the current to the prior image, with its inverse-consistency error. There is always an answer:
        local correlation and overlap say what it is worth.
    """
    forward = register(prior, current, nipples, settings=settings)
    # a second alignment that starts from the other image: what is wrong seldom goes wrong the same way
    backward = register(current, prior, None if nipples is None else nipples[::-1], settings=settings)
    # more than a hair, so that noise does not decide between the two
    if backward.local_correlation > forward.local_correlation + settings.reversal_gain:
        forward = _inverted(backward, settings)
    places = _coarse_places(current, settings)
    returned = to_prior(backward, to_prior(forward, places.reshape(-1, 2)))
    off = np.linalg.norm(returned - places.reshape(-1, 2), axis=1)
    shown = inside(current, places.reshape(-1, 2)) & inside(prior, to_prior(forward, places.reshape(-1, 2)))
    # independent doubts: how unlike the tissue is, and how far a place comes back from where it was
    error = np.hypot(forward.error, _on_cells(off.reshape(places.shape[:2]), current, settings))
    return replace(
        forward,
        error=np.minimum(error, np.float32(settings.max_error_mm)),
        # the median within both breasts: places that only one image shows cannot come back
        inverse_consistency_error=float(np.median(off[shown])) if shown.any() else np.inf,
    )


def register(
    prior: TissueMap,
    current: TissueMap,
    nipples: Nipples | None = None,
    *,
    settings: RegistrationSettings = DEFAULT.registration,
) -> Registration:
    """Register two views of the same breast from one side.

    Args:
        prior: Tissue of the prior image.
        current: Tissue of the current image.
        nipples: Where the nipple lies on both, ``None`` where one of them is not known.
        settings: Numbers of this stage.

    Returns:
        From the current to the prior image, its inverse-consistency error not tried. There is always an
        answer: local correlation and overlap say what it is worth.
    """
    # several starts, since maximizing a correlation only finds the nearest maximum
    starts = _starts(prior, current, nipples, settings)
    best = max(
        (_affine(prior, current, start, settings) for start in starts), key=lambda candidate: candidate[0]
    )
    target = _affine_target(best[1], current.mask.shape)
    # stiff first, then softer: a free flow from the start would fit tissue to whatever resembles it
    for smoothing_mm in settings.flow_smoothing_mm:
        target = _flowed(prior, current, target, smoothing_mm, settings)
    return registration_of(prior, current, target, settings=settings)


def registration_of(
    prior: TissueMap,
    current: TissueMap,
    target: NDArray[np.float32],
    *,
    settings: RegistrationSettings = DEFAULT.registration,
) -> Registration:
    """Say what a map from the current to the prior image is worth.

    Args:
        prior: Tissue of the prior image.
        current: Tissue of the current image.
        target: Row and column in cells of the prior, for each cell of the current tissue: rows x columns x 2.
        settings: Numbers of this stage.

    Returns:
        The map with its error: small where the aligned tissue is alike, large where it is not or is not
        shown. Its inverse-consistency error is not tried.
    """
    local_correlation, shown = _local_correlation(prior, current, target, settings)
    # where only one image shows the breast the tissue tells nothing: the largest error
    unlike = 1 - np.clip(local_correlation * shown, 0, 1)
    error = settings.min_error_mm + (settings.max_error_mm - settings.min_error_mm) * unlike
    # the rim of any breast looks like that of any other and would flatter the figures
    inner = erode(current.mask, round(settings.rim_mm / current.cell_size)) > 0
    seen = inner & (shown > 0)
    return Registration(
        prior=prior,
        current=current,
        target=np.asarray(prior.of_cells(target), np.float32),
        error=np.asarray(error, np.float32),
        local_correlation=float(local_correlation[seen].mean()) if seen.any() else 0.0,
        overlap=float(seen.sum() / max(1, inner.sum())),
    )


def to_prior(registration: Registration, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take places of the current image to the prior one.

    Args:
        registration: Of the two images.
        places: n x 2 on the current image, in working units.

    Returns:
        Places on the prior, n x 2 in its working units; beyond the current image its rim decides.
    """
    return interpolated(registration.target, registration.current.to_cells(places))


def to_current(
    registration: Registration,
    places: NDArray[np.float64],
    *,
    settings: RegistrationSettings = DEFAULT.registration,
) -> NDArray[np.float64]:
    """Take places of the prior image to the current one: the map inverted by fixed-point iteration.

    Args:
        registration: Of the two images.
        places: n x 2 on the prior image, in working units.
        settings: Numbers of this stage.

    Returns:
        Places on the current image, n x 2 in its working units.
    """
    # begun with the shift of the middle, from where the iteration needs few rounds
    middle = np.array(registration.target.shape[:2]) / 2 * registration.current.cell_size
    shift = middle - to_prior(registration, middle[None])[0]
    found = np.array(places, np.float64).reshape(-1, 2) + shift
    for _ in range(settings.inverse_iterations):
        # a fixed point: what is missing on the prior is added on the current image
        found = found + (places - to_prior(registration, found))
    return np.asarray(found)


def error_at(registration: Registration, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Look the error of a registration up.

    Args:
        registration: Of the two images.
        places: n x 2 on the current image, in working units.

    Returns:
        One standard deviation at each place, n, in working units.
    """
    return interpolated(registration.error[..., None], registration.current.to_cells(places))[:, 0]


def inside(tissue: TissueMap, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which places lie in the breast that an image shows.

    Args:
        tissue: Tissue of the image.
        places: n x 2 on the image, in working units.

    Returns:
        Whether each lies in the breast, n; beyond the border of the image none does.
    """
    cells = np.rint(tissue.to_cells(places)).astype(np.intp)
    rows, columns = tissue.mask.shape
    # tested before clipping: the mask's border must not stand for what lies past it
    shown = (cells >= 0).all(axis=1) & (cells[:, 0] < rows) & (cells[:, 1] < columns)
    cells = np.clip(cells, 0, [rows - 1, columns - 1])
    return np.asarray(shown & (tissue.mask[cells[:, 0], cells[:, 1]] > 0))


def interpolated(field: NDArray[np.float32], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Look a field up between its cells, linearly.

    Args:
        field: rows x columns x k values on cells.
        cells: n x 2, row and column; whole numbers are the centers of cells.

    Returns:
        Values, n x k; beyond the border the field goes on as its rim does.
    """
    rows, columns = field.shape[:2]
    # clipped first, so that a place far outside takes the rim's value and none is extrapolated
    kept = np.clip(cells, 0, [rows - 1, columns - 1])
    values = [
        map_coordinates(field[..., axis], kept.T, order=1, mode="nearest") for axis in range(field.shape[2])
    ]
    return np.stack(values, axis=1).astype(np.float64)


def _inverted(backward: Registration, settings: RegistrationSettings) -> Registration:
    """The registration of the prior with the current image as one of the current with the prior."""
    current, prior = backward.prior, backward.current
    places = _coarse_places(current, settings)
    found = to_current(backward, places.reshape(-1, 2), settings=settings).reshape(places.shape)
    # inverted on coarse places alone: the map is smooth, and each inversion takes many look-ups
    cells = prior.to_cells(_on_cells(found, current, settings).astype(np.float64))
    return registration_of(prior, current, cells.astype(np.float32), settings=settings)


def _coarse_places(tissue: TissueMap, settings: RegistrationSettings) -> NDArray[np.float64]:
    """Places of every fourth cell, a little beyond the last ones too: rows x columns x 2."""
    stride = settings.consistency_stride_cells
    # beyond the last cells, so that interpolation has a value on either side of each cell
    rows, columns = (length + stride for length in tissue.mask.shape)
    cells = np.moveaxis(np.mgrid[:rows:stride, :columns:stride], 0, 2)
    return np.asarray(tissue.of_cells(cells), np.float64)


def _on_cells(
    coarse: NDArray[np.float64], tissue: TissueMap, settings: RegistrationSettings
) -> NDArray[np.float32]:
    """Values on ``_coarse_places`` as values on all cells."""
    rows, columns = np.mgrid[: tissue.mask.shape[0], : tissue.mask.shape[1]].astype(np.float32)
    stride = settings.consistency_stride_cells
    return np.asarray(
        cv2.remap(coarse.astype(np.float32), columns / stride, rows / stride, cv2.INTER_LINEAR), np.float32
    )


def _pattern(tissue: TissueMap, sigma_mm: float) -> NDArray[np.float32]:
    """The tissue in units of its local deviation, 0 where it is even, blurred."""
    # bytes back to deviations, with even tissue at 0, so that what is not imaged pulls nowhere
    level = np.asarray((tissue.pattern.astype(np.float32) - EVEN) / PATTERN_SCALE, np.float32)
    return gaussian(level, sigma_mm / tissue.cell_size)


def _starts(
    prior: TissueMap, current: TissueMap, nipples: Nipples | None, settings: RegistrationSettings
) -> list[NDArray[np.float64]]:
    """Affine maps from current to prior cells to begin with: nipple on nipple, breast on breast.

    Each is 2 x 3 for column and row, as OpenCV has them.
    """
    # cells of both images may differ in size; what is searched for is a map of cells
    scale = current.cell_size / prior.cell_size

    def shifted(rows: float, columns: float) -> NDArray[np.float64]:
        return np.array([[scale, 0.0, columns], [0.0, scale, rows]], np.float64)

    starts = []
    if nipples is not None:
        # a shift alone: scale is known from the cells, rotation is left to the tissue
        off = prior.to_cells(nipples[0]).ravel() - scale * current.to_cells(nipples[1]).ravel()
        starts.append(shifted(float(off[0]), float(off[1])))
    # Both chest walls lie on the left border, so that the outlines are apart in rows alone.
    by_outline = shifted(_middle_row(prior.mask) - scale * _middle_row(current.mask), 0.0)
    outline, prior_outline = (
        gaussian((tissue.mask > 0).astype(np.float32), settings.outline_sigma_mm / tissue.cell_size)
        for tissue in (current, prior)
    )
    # blurred masks correlate over a wide range: the outline needs no nipple and no good start
    starts.append(_correlated(outline, prior_outline, by_outline, np.ones_like(prior.mask), settings))
    return starts


def _middle_row(mask: NDArray[np.uint8]) -> float:
    if not mask.any():
        return 0.0
    return float(np.average(np.arange(mask.shape[0]), weights=mask.sum(axis=1)))


def _correlated(
    template: NDArray[np.float32],
    picture: NDArray[np.float32],
    start: NDArray[np.float64],
    mask: NDArray[np.uint8],
    settings: RegistrationSettings,
) -> NDArray[np.float64]:
    """The affine map under which the picture correlates best with the template; else the start."""
    until = (
        cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT,
        settings.affine_iterations,
        settings.affine_tolerance,
    )
    try:
        # enhanced correlation does not mind a change of brightness or contrast between the days
        _, found = cv2.findTransformECC(
            template, picture, start.astype(np.float32), cv2.MOTION_AFFINE, until, mask, 1
        )
    except cv2.error:  # nothing in common from this start
        return start
    # OpenCV may return NaN without raising an error
    return np.asarray(found, np.float64) if np.isfinite(found).all() else start


def _affine(
    prior: TissueMap, current: TissueMap, start: NDArray[np.float64], settings: RegistrationSettings
) -> tuple[float, NDArray[np.float64]]:
    """The correlation of the tissue under the best affine map from a start, and that map."""
    matrix = start
    # coarse to fine: strong blur first, or fine strands would lock onto their neighbors
    for sigma_mm in settings.affine_sigmas_mm:
        prior_pattern, current_pattern = (_pattern(tissue, sigma_mm) for tissue in (prior, current))
        matrix = _correlated(current_pattern, prior_pattern, matrix, prior.mask, settings)
    moved, mask = (
        cv2.warpAffine(
            picture,
            matrix.astype(np.float32),
            current.mask.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        for picture in (prior_pattern, prior.mask)
    )
    shown = (mask > 0) & (current.mask > 0)
    return _correlation(np.asarray(moved, np.float32)[shown], current_pattern[shown], settings), matrix


def _correlation(
    first: NDArray[np.float32], second: NDArray[np.float32], settings: RegistrationSettings
) -> float:
    """Correlation of two sets of values; -1 where there are too few."""
    if first.size < settings.min_common_cells:
        return -1.0
    first, second = first - first.mean(), second - second.mean()
    return float((first @ second) / (np.sqrt((first @ first) * (second @ second)) + 1e-9))  # 0 / 0 is 0


def _affine_target(matrix: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Row and column of prior cells for each current cell, rows x columns x 2."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    across, down = (line[0] * columns + line[1] * rows + line[2] for line in matrix)
    # OpenCV has (column, row), targets are (row, column)
    return np.stack([down, across], axis=2).astype(np.float32)


def _flowed(
    prior: TissueMap,
    current: TissueMap,
    target: NDArray[np.float32],
    smoothing_mm: float,
    settings: RegistrationSettings,
) -> NDArray[np.float32]:
    """The map after one round of flow, smoothed with more weight where both directions agree."""
    pictures = [
        # the dense inverse search takes bytes
        np.clip(EVEN + PATTERN_SCALE * pattern, 0, 255).astype(np.uint8)
        for pattern in (
            _pattern(current, settings.flow_sigma_mm),
            _moved(_pattern(prior, settings.flow_sigma_mm), target),
        )
    ]
    flow = cv2.DISOpticalFlow.create(settings.flow_preset)
    flow.setFinestScale(settings.flow_finest_scale)
    forward, backward = (
        np.asarray(flow.calc(first, second, None), np.float32)  # type: ignore[call-overload]
        for first, second in (pictures, pictures[::-1])
    )
    # there and back again: 0 where both flows tell the same
    apart = forward + _along(backward, forward)
    agreement = np.float32((current.cell_size / settings.flow_agreement_mm) ** 2)
    disagreement = (apart[..., 0] ** 2 + apart[..., 1] ** 2) * agreement
    shown = (_moved(prior.mask, target) > 0) & (current.mask > 0)
    weight = shown * np.exp(-disagreement / 2) + settings.min_flow_weight * (current.mask > 0)
    # a trace everywhere: outside of the breast the map goes on smoothly, and nothing is divided by 0
    weight = np.asarray(weight + np.float32(settings.outside_flow_weight), np.float32)
    sigma = smoothing_mm / current.cell_size
    total = gaussian(weight, sigma)
    # normalized convolution: where the flows disagree, the neighborhood decides
    smooth = np.stack([gaussian(forward[..., axis] * weight, sigma) / total for axis in (0, 1)], axis=2)
    # maps are composed, not added: the flow was measured on the prior as already moved
    return _along(target, smooth)


def _moved(picture: NDArray[Any], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a picture or mask shows at each target (row, column in its cells), 0 beyond its border."""
    moved = cv2.remap(
        picture,
        np.ascontiguousarray(target[..., 1]),
        np.ascontiguousarray(target[..., 0]),
        # a mask keeps its 0 and 1
        cv2.INTER_NEAREST if picture.dtype == np.uint8 else cv2.INTER_LINEAR,
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
    prior: TissueMap, current: TissueMap, target: NDArray[np.float32], settings: RegistrationSettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Local correlation of the aligned tissue, and 1 where both show the breast."""
    first = _pattern(current, settings.flow_sigma_mm)
    second = _moved(_pattern(prior, settings.flow_sigma_mm), target)
    shown = ((_moved(prior.mask, target) > 0) & (current.mask > 0)).astype(np.float32)
    sigma = settings.local_correlation_sigma_mm / current.cell_size
    weight = gaussian(shown, sigma) + np.float32(settings.min_neighborhood_weight)

    def around(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return gaussian(field * shown, sigma)

    # local means are taken off and the breast alone counts: trends of brightness do not pass for correlation
    first, second = first - around(first) / weight, second - around(second) / weight
    variances = around(first * first) * around(second * second)
    # the weights cancel in the quotient, so sums may stand for means
    spread = np.sqrt(np.maximum(variances, settings.min_neighborhood_variance))
    return np.asarray(around(first * second) / spread, np.float32), shown
