"""What a network sees of each candidate: the pixels round it, the wider surround, and a few numbers.

The detail patch holds pixels as they are, so that no speck is blurred; the context patch has a fixed scale in
mm, so that neighbors, vessels and lines look alike at every pixel spacing. Both are in units of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.settings.find import PatchSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.candidates import Candidates
    from calcwatch.image.prepare.normalize import PreparedImage

PATCH_PX = 32
"""Rows and columns of both patches; the candidate lies at row and column 16."""


PATCH_NUMBERS = ("spacing", "sigma", "strength", "response", "support", "busy", "gray", "head_room")
"""The numbers that go with each candidate, in order; see ``cut_patches``."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Network inputs for n candidates, all float32.

    ``detail``: n x 1 x 32 x 32, native pixels. ``context``: n x 2 x 32 x 32, pixels 0.4 mm apart: gray, and
    the strength of the strongest candidate in each. ``numbers``: n x 8, named by ``PATCH_NUMBERS``.
    """

    detail: NDArray[np.float32]
    context: NDArray[np.float32]
    numbers: NDArray[np.float32]


def cut_patches(
    image: PreparedImage, candidates: Candidates, count: int, *, settings: PatchSettings = PatchSettings()
) -> Patches:
    """Patches of the first ``count`` candidates; none give empty arrays.

    The context shows all candidates, not only these. ``numbers`` are logarithms or inverse hyperbolic sines,
    so that they stay near 0 to 3: pixel spacing over 0.1 mm, scale over 0.1 mm, strength, response, support
    of neighbors, noise over the noise typical of the breast, gray, gray left to white in units of noise.
    """
    count = min(count, candidates.row.size)
    row, column = candidates.row[:count], candidates.column[:count]
    noise = candidates.pixel_noise()[:count]
    return Patches(
        detail=_detail(candidates.filled, row, column, noise, settings),
        context=_context(image, candidates, row, column, noise, settings=settings),
        numbers=_numbers(image, candidates, noise, settings),
    )


def _detail(
    filled: NDArray[np.float32],
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    noise: NDArray[np.float32],
    settings: PatchSettings,
) -> NDArray[np.float32]:
    patches = _gather(filled, row, column)
    patches -= _median(patches)
    patches /= np.float32(settings.detail_scale) * noise[:, None, None]
    return np.arcsinh(patches)[:, None]


def _context(
    image: PreparedImage,
    candidates: Candidates,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    noise: NDArray[np.float32],
    *,
    settings: PatchSettings,
) -> NDArray[np.float32]:
    step = max(1, round(image.px(settings.context_mm)))
    coarse = _reduced(candidates.filled, step)
    gray = _gather(coarse, row // step, column // step)
    gray -= _median(gray)
    gray /= np.float32(settings.context_scale) * noise[:, None, None]
    strongest = np.zeros_like(coarse)
    heard = np.arcsinh(np.maximum(candidates.strength, 0) / np.float32(settings.strength_scale))
    np.maximum.at(strongest, (candidates.row // step, candidates.column // step), heard)
    return np.stack([np.arcsinh(gray), _gather(strongest, row // step, column // step, fill=0.0)], axis=1)


def _median(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of every sixteenth pixel of each patch, n x 1 x 1."""
    some = patches[:, ::4, ::4].reshape(len(patches), (PATCH_PX // 4) ** 2)
    return np.asarray(np.median(some, axis=1)[:, None, None], dtype=np.float32)


def _reduced(filled: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Mean of squares of ``step`` pixels; the last row and column of squares may be cut."""
    height, width = (-(-length // step) for length in filled.shape)
    missing = (height * step - filled.shape[0], width * step - filled.shape[1])
    whole = cv2.copyMakeBorder(filled, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _gather(
    picture: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp], fill: float | None = None
) -> NDArray[np.float32]:
    """Squares of the picture round each point, n x 32 x 32, continued past its border (or by ``fill``)."""
    half = PATCH_PX // 2
    kind = cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT
    padded = cv2.copyMakeBorder(picture, half, half, half, half, kind, value=(fill or 0.0,))
    squares = np.lib.stride_tricks.sliding_window_view(padded, (PATCH_PX, PATCH_PX))
    return np.ascontiguousarray(squares[row, column])


def _numbers(
    image: PreparedImage, candidates: Candidates, noise: NDArray[np.float32], settings: PatchSettings
) -> NDArray[np.float32]:
    count = noise.size
    gray = image.gray[candidates.row[:count], candidates.column[:count]]
    typical = (
        np.float32(np.median(candidates.noise_map[candidates.noise_map > 0])) if count else np.float32(1)
    )
    columns = (
        np.full(count, np.log(image.working_mm / 0.1)),
        np.log(candidates.sigma_px[:count] / image.px(0.1)),
        np.arcsinh(candidates.strength[:count] / settings.strength_scale),
        np.arcsinh(candidates.response[:count] / settings.strength_scale),
        np.arcsinh(candidates.support[:count] / settings.strength_scale),
        np.log(noise / typical),
        gray,
        np.arcsinh((1 - gray) / (10 * noise)),
    )
    return np.stack(columns, axis=1).astype(np.float32)
