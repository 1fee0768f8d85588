"""Dust and scratches: thinner than the blur of an x-ray image, and too bright for calcium that thin.

They lie on the film or on the scanner's glass, so nothing has blurred them. A tenth of a millimeter of
calcium takes a few hundredths of the gray scale, where dust takes all it likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.arrays import mask_outline
from calcwatch.image.lookalikes.lookalike import Lookalike
from calcwatch.image.settings.lookalikes import DustSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.prepare.normalize import PreparedImage

_TINY = 1e-6  # gray; keeps a peak that stands no higher than its ground from being divided by


def find_dust(
    image: PreparedImage,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    *,
    settings: DustSettings = DustSettings(),
) -> tuple[tuple[Lookalike, ...], NDArray[np.bool_]]:
    """Find the specks of dust and the scratches among peaks.

    Args:
        image: The prepared image.
        rows: Rows of n peaks in crop pixels, inside the crop.
        columns: Their columns.
        settings: Settings of dust.

    Returns:
        Look-alikes from top to bottom, a scratch with several peaks once; and for each peak whether it lies
        on one. No peaks give an empty tuple.
    """
    is_dust = whiter_than_calcium(image.gray, rows, columns, image.working_mm, settings=settings)
    taken = np.zeros(image.gray.shape, np.uint8)
    found = []
    # in order of place, so that a scratch is always traced from the same of its peaks
    for row, column in sorted(zip(rows[is_dust].tolist(), columns[is_dust].tolist(), strict=True)):
        if not taken[row, column]:
            found.append(_traced(image.gray, row, column, taken, settings))
    return tuple(found), is_dust | (taken[rows, columns] > 0)


def whiter_than_calcium(
    gray: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    spacing_mm: float,
    *,
    settings: DustSettings = DustSettings(),
) -> NDArray[np.bool_]:
    """Say of each peak whether it is thin, stands on even ground, and is brighter than calcium of its width.

    The width is that of the narrowest of four profiles through the brightest pixel: area over height. Where
    pixels are coarse only the brightest dust is told from fine calcifications.

    Args:
        gray: The crop.
        rows: Rows of n peaks, inside the crop.
        columns: Their columns.
        spacing_mm: Millimeters a pixel.
        settings: Settings of dust.

    Returns:
        One mark a peak.
    """
    if rows.size == 0:
        return np.zeros(0, np.bool_)
    # maxima were found on a blurred picture: the sharp top may lie a pixel beside
    rows, columns = _brightest_beside(gray, rows, columns)
    patch = _patches(gray, rows, columns, settings.radius_px)
    ground = np.median(patch, axis=(0, 1))
    height = np.maximum(patch[settings.radius_px, settings.radius_px] - ground, _TINY)
    relative = (patch - ground) / height
    along = np.arange(2 * settings.radius_px + 1)
    # a scratch is narrow across and long along: the narrowest profile crosses it
    profiles = (
        (relative[settings.radius_px], 1.0),
        (relative[:, settings.radius_px], 1.0),
        (relative[along, along], 2**0.5),  # diagonal steps are longer
        (relative[along, along[::-1]], 2**0.5),
    )
    # area over height: a width that does not depend on where a threshold is set
    width = np.min([step * np.maximum(profile, 0.0).sum(axis=0) for profile, step in profiles], axis=0)
    # middle quantiles: the speck itself lies above them, unevenness of the ground between them
    low, high = np.quantile(relative.reshape(along.size**2, -1), settings.evenness_quantiles, axis=0)
    bright = height > settings.gray_per_mm * width * spacing_mm
    return np.asarray(bright & (width <= settings.max_width_px) & (high - low < settings.max_unevenness))


def _brightest_beside(
    gray: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The brightest of the nine pixels round each peak."""
    best = _patches(gray, rows, columns, 1).reshape(9, -1).argmax(axis=0)
    return (
        np.clip(rows + best // 3 - 1, 0, gray.shape[0] - 1),
        np.clip(columns + best % 3 - 1, 0, gray.shape[1] - 1),
    )


def _patches(
    gray: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp], radius: int
) -> NDArray[np.float32]:
    """Gray round each peak: rows x columns x peaks; the border of the picture is repeated."""
    away = np.arange(-radius, radius + 1)
    ys = np.clip(rows + away[:, None], 0, gray.shape[0] - 1)
    xs = np.clip(columns + away[:, None], 0, gray.shape[1] - 1)
    return np.asarray(gray[ys[:, None], xs[None]])


def _traced(
    gray: NDArray[np.float32], row: int, column: int, taken: NDArray[np.uint8], settings: DustSettings
) -> Lookalike:
    """The speck or scratch that a peak lies on, with its outline; marks it in ``taken``."""
    top, left = max(0, row - settings.reach_px), max(0, column - settings.reach_px)
    part = (slice(top, row + settings.reach_px + 1), slice(left, column + settings.reach_px + 1))
    reach = settings.ground_px
    nearby = gray[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    ground = float(np.median(nearby))
    core = gray[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    level = ground + settings.outline_level * (float(core.max()) - ground)
    # eight neighbors: a scratch is a pixel thin and runs aslant
    _, labels = cv2.connectedComponents((gray[part] >= np.float32(level)).astype(np.uint8), connectivity=8)
    # the peak itself may lie a pixel beside what it was found on
    home = labels[max(0, row - 1 - top) : row + 2 - top, max(0, column - 1 - left) : column + 2 - left]
    mask = (labels == int(home.max())).astype(np.uint8)
    if not 0 < cv2.countNonZero(mask) <= settings.max_area_px:
        mask = np.zeros(mask.shape, np.uint8)
        mask[row - top, column - left] = 1
    mask = np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)  # peaks on its flank are its own
    taken[part] |= mask
    outline = mask_outline(mask, settings.outline_tolerance_px, top=top, left=left)
    return Lookalike(NonLesionKind.DUST, float(row), float(column), outline)
