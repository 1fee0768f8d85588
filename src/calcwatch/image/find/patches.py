"""What the patch network is shown of each candidate: the pixels round it, the wider surround, some numbers.

The detail patch holds pixels as they are, so that no calcification is blurred; the context patch has a fixed
scale in mm, so that neighbors, vessels and lines look alike at every pixel spacing. Both are in units of the
noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.arrays import block_mean, squares_around
from calcwatch.image.settings.find import PatchSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.candidates import Candidates
    from calcwatch.image.prepare.normalize import PreparedImage

PATCH_PX = 32
"""Rows and columns of both patches, as the shipped weights take them; the candidate is at row, column 16."""

PATCH_INPUTS = ("detail", "context", "numbers")
"""Names of the inputs of the patch network in the model file, and of the fields of ``Patches``, in order."""

PATCH_NUMBERS = (
    "spacing",
    "sigma",
    "strength",
    "response",
    "support",
    "relative_noise",
    "gray",
    "head_room",
)
"""The numbers that go with each candidate, in the order of the shipped weights; see ``cut_patches``."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Inputs of the patch network for n candidates.

    Attributes:
        detail: float32, n x 1 x 32 x 32, pixels of the crop as they are.
        context: float32, n x 2 x 32 x 32, pixels ``context_mm`` apart: gray, and the strength of the
            strongest candidate in each.
        numbers: float32, n x 8, named by ``PATCH_NUMBERS``.
    """

    detail: NDArray[np.float32]
    context: NDArray[np.float32]
    numbers: NDArray[np.float32]


def cut_patches(
    image: PreparedImage, candidates: Candidates, count: int, *, settings: PatchSettings = PatchSettings()
) -> Patches:
    """Cut the patches of the first candidates; the context shows all candidates, not only these.

    The numbers are logarithms or inverse hyperbolic sines, so that they stay near 0 to 3: pixel spacing and
    scale over a tenth of a millimeter, strength, response, support of neighbors, noise over the noise typical
    of the breast, gray, gray left to white in units of noise.

    Args:
        image: The prepared image.
        candidates: Candidates of that image, highest rank first.
        count: How many of them, at most.
        settings: Scales of the patches and numbers.

    Returns:
        The patches in the order of the candidates; arrays of length 0 when there are none.
    """
    count = min(count, candidates.row.size)
    row, column = candidates.row[:count], candidates.column[:count]
    noise = candidates.pixel_noise()[:count]
    # cut from the filled crop: past the skin there is no black edge for the network to see
    detail = squares_around(candidates.filled, row, column, PATCH_PX)
    return Patches(
        detail=_in_noise(detail, noise, settings.detail_scale, settings)[:, None],
        context=_context(image, candidates, row, column, noise, settings=settings),
        numbers=_numbers(image, candidates, noise, settings),
    )


def _context(
    image: PreparedImage,
    candidates: Candidates,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    noise: NDArray[np.float32],
    *,
    settings: PatchSettings,
) -> NDArray[np.float32]:
    """Context patches of candidates: gray and strengths on coarse pixels."""
    step = max(1, round(image.px(settings.context_mm)))
    # the last row and column of blocks may be cut by the border: they are filled up with it
    missing = [-length % step for length in candidates.filled.shape]
    whole = cv2.copyMakeBorder(candidates.filled, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    coarse = block_mean(np.asarray(whole, np.float32), step)
    strongest = np.zeros_like(coarse)
    strength = np.arcsinh(np.maximum(candidates.strength, 0) / np.float32(settings.strength_scale))
    # maximum.at: several candidates may share a coarse pixel
    np.maximum.at(strongest, (candidates.row // step, candidates.column // step), strength)
    place = (row // step, column // step, PATCH_PX)
    gray = _in_noise(squares_around(coarse, *place), noise, settings.context_scale, settings)
    # gray repeats its border; past it there are no candidates, hence 0
    return np.stack([gray, squares_around(strongest, *place, fill=0.0)], axis=1)


def _in_noise(
    squares: NDArray[np.float32], noise: NDArray[np.float32], scale: float, settings: PatchSettings
) -> NDArray[np.float32]:
    """Gray over the median of each square in units of the noise, large values compressed."""
    every = slice(None, None, settings.median_step_px)  # some pixels tell the median as well as all
    some = squares[:, every, every]
    median = np.median(some.reshape(len(some), some.shape[1] * some.shape[2]), axis=1)
    squares = squares - np.asarray(median[:, None, None], dtype=np.float32)
    squares /= np.float32(scale) * noise[:, None, None]
    # linear near 0 and a logarithm far off: faint calcifications and metal fit the same range
    return np.arcsinh(squares)


def _numbers(
    image: PreparedImage, candidates: Candidates, noise: NDArray[np.float32], settings: PatchSettings
) -> NDArray[np.float32]:
    """The numbers of the candidates whose noise is given, n x 8."""
    count = noise.size
    gray = image.gray[candidates.row[:count], candidates.column[:count]]
    # cells without noise lie outside of the breast
    typical = (
        np.float32(np.median(candidates.noise_map[candidates.noise_map > 0])) if count else np.float32(1)
    )
    columns = (
        np.full(count, np.log(image.working_mm / settings.unit_mm)),
        np.log(candidates.sigma_px[:count] / image.px(settings.unit_mm)),
        np.arcsinh(candidates.strength[:count] / settings.strength_scale),
        np.arcsinh(candidates.response[:count] / settings.strength_scale),
        np.arcsinh(candidates.support[:count] / settings.strength_scale),
        np.log(noise / typical),
        gray,
        np.arcsinh((1 - gray) / (settings.head_room_scale * noise)),
    )
    return np.stack(columns, axis=1).astype(np.float32)
