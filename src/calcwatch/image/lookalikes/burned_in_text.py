"""Letters burned into the picture beside the breast: side, view, a scale or a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.lookalikes.lookalike import Lookalike
from calcwatch.image.settings.lookalikes import TextSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


def find_burned_in_text(
    image: PreparedImage, breast: BreastRegion, *, settings: TextSettings = TextSettings()
) -> tuple[Lookalike, ...]:
    """Find words in the air round the breast; only what the crop shows is seen.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: Size of letters, and how many make a word.

    Returns:
        Words of at least two letters from top to bottom, each with the box round it; an empty tuple for none.
    """
    step = max(1, round(image.px(settings.cell_mm)))
    bright = _bright_in_air(image, breast, step, settings)
    # eight neighbors: slanted strokes hang together by their corners
    _, _, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
    letters = _letters(np.asarray(stats, np.int32)[1:], image.px(1.0) / step, bright.shape, settings)
    if len(letters) < settings.min_letters:
        return ()
    words = _words(letters, round(settings.gap_mm * image.px(1.0) / step), bright.shape, settings)
    return tuple(_named(box, step) for box in sorted(words))


def _bright_in_air(
    image: PreparedImage, breast: BreastRegion, step: int, settings: TextSettings
) -> NDArray[np.uint8]:
    """1 on coarse pixels away from the breast that hold something bright."""
    level = image.background + settings.above_air * (1.0 - image.background)
    # coarse cells close the gaps of thin strokes, and there are a tenth as many pixels to follow
    spots = (image.gray >= np.float32(level)).view(np.uint8)
    # anchored at the corner, each sampled pixel is the brightest of its own block
    coarse = cv2.dilate(spots, np.ones((step, step), np.uint8), anchor=(0, 0))[::step, ::step]
    near = 2 * max(1, round(image.px(settings.skin_mm) / step)) + 1
    taken = cv2.dilate(np.ascontiguousarray(breast.mask[::step, ::step]), np.ones((near, near), np.uint8))
    # unsigned bytes stop at 0, so the breast itself leaves no mark
    return np.asarray(cv2.subtract(np.ascontiguousarray(coarse), taken), np.uint8)


def _letters(
    stats: NDArray[np.int32], coarse_px: float, shape: tuple[int, ...], settings: TextSettings
) -> list[tuple[int, int, int, int]]:
    """Boxes (top, left, bottom, right) of what has the size of a letter and is not cut off by the border."""
    found = []
    for left, top, width, height, area in stats.tolist():
        # what the border cuts off is a collimator or a film's edge
        inside = left > 0 and top > 0 and top + height < shape[0] and left + width < shape[1]
        high = settings.height_mm[0] * coarse_px <= height <= settings.height_mm[1] * coarse_px
        wide = settings.width_mm[0] * coarse_px <= width <= settings.width_mm[1] * coarse_px
        # letters are strokes with gaps; one that is a single stroke fills its box, and is narrow
        thin = area < settings.max_filled * width * height or width * settings.stroke_ratio <= height
        if inside and high and wide and thin:
            found.append((top, left, top + height, left + width))
    return found


def _words(
    letters: list[tuple[int, int, int, int]], gap: int, shape: tuple[int, ...], settings: TextSettings
) -> list[tuple[int, int, int, int]]:
    """Boxes of letters that stand side by side, two or more."""
    # widened by half the gap each, neighbors of a line touch
    lines = np.zeros(shape, np.uint8)
    for top, left, bottom, right in letters:
        lines[top:bottom, max(0, left - gap // 2) : right + gap // 2 + 1] = 1
    _, labels = cv2.connectedComponents(lines, connectivity=4)
    words: dict[int, list[tuple[int, int, int, int]]] = {}
    for letter in letters:
        words.setdefault(int(labels[letter[0], letter[1]]), []).append(letter)
    boxes = [np.array(word) for word in words.values() if len(word) >= settings.min_letters]
    return [(*box[:, :2].min(axis=0).tolist(), *box[:, 2:].max(axis=0).tolist()) for box in boxes]


def _named(box: tuple[int, int, int, int], step: int) -> Lookalike:
    """A word, from the box on coarse cells back to crop pixels."""
    top, left, bottom, right = (float(side * step) for side in box)
    # boxes end past their last pixel
    outline = ((top, left), (top, right - 1), (bottom - 1, right - 1), (bottom - 1, left))
    return Lookalike(NonLesionKind.TEXT, (top + bottom - 1) / 2, (left + right - 1) / 2, outline)
