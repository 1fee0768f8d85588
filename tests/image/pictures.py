"""Small pictures written by hand: a half-round breast with noise, and things put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import ImageDescription, Mammogram, PixelSpacing, QualityFlag

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPACING_MM = 0.1
NOISE = 0.01


def half_round_breast(
    rows: int = 400, columns: int = 300, *, gray: float = 0.4, noise: float = NOISE, seed: int = 7
) -> NDArray[np.float32]:
    """A half disk of even gray with white noise, its flat side on the left border; air is 0."""
    y, x = np.indices((rows, columns), dtype=np.float32)
    inside = (y - rows / 2) ** 2 / (0.45 * rows) ** 2 + x**2 / (0.9 * columns) ** 2 < 1
    speckle = np.random.default_rng(seed).normal(0.0, noise, (rows, columns))
    return np.where(inside, gray + speckle, 0.0).astype(np.float32)


def add_blob(
    picture: NDArray[np.float32], row: float, column: float, *, sigma_px: float = 1.5, height: float = 0.2
) -> NDArray[np.float32]:
    """A copy with a round Gaussian blob on top."""
    y, x = np.indices(picture.shape, dtype=np.float32)
    blob = height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma_px**2))
    return np.asarray((picture + blob).clip(0, 1), dtype=np.float32)


def add_disk(
    picture: NDArray[np.float32], row: float, column: float, *, radius_px: float, height: float = 0.3
) -> NDArray[np.float32]:
    """A copy with a flat disk on top, its edge a pixel wide."""
    y, x = np.indices(picture.shape, dtype=np.float32)
    cover = np.clip(radius_px + 0.5 - np.hypot(y - row, x - column), 0, 1)
    return np.asarray((picture + height * cover).clip(0, 1), dtype=np.float32)


def mammogram_of(
    gray: NDArray[np.float32],
    *,
    spacing_mm: float | None = SPACING_MM,
    gray_step: float = 1 / 4095,
    flags: tuple[QualityFlag, ...] = (),
) -> Mammogram:
    """The picture as a mammogram whose file said nothing else."""
    spacing = None if spacing_mm is None else PixelSpacing(spacing_mm, spacing_mm, "stated by the test")
    description = ImageDescription(
        "picture.png",
        sha256="0" * 64,
        pixel_spacing=spacing,
        rows=gray.shape[0],
        columns=gray.shape[1],
        flags=flags,
    )
    return Mammogram(np.ascontiguousarray(gray, dtype=np.float32), description, gray_step=gray_step)
