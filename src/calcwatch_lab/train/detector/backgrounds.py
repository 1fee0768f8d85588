"""Real images without calcifications, to insert some into, and how they are varied."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.errors import BadTable
from calcwatch.domain.image import GivenAttributes, Mammogram, PixelSpacing
from calcwatch.service.files.open_image import open_image
from calcwatch.service.files.table import read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Background:
    """An image file without calcifications, or nearly.

    ``masked``: circles (row, column, radius in pixels) that may hold some and are left out.
    """

    path: Path
    given: GivenAttributes
    masked: tuple[tuple[float, float, float], ...]

    @property
    def patient(self) -> str:
        """Who it is of: the table's ``patient_id``, or the file's own name where it gives none."""
        return self.given.patient_id or self.path.stem


def read_backgrounds(table: Path, masks: Path | None) -> tuple[Background, ...]:
    """Read the backgrounds that ``table`` names (columns as of ``calcwatch analyze --table``).

    ``masks``: a CSV with ``file, row, column, radius_px``. Relative files are looked for beside the table.
    Raises ``BadTable`` naming the line for a row that cannot be used.
    """
    circles = _read_masks(masks) if masks else {}
    backgrounds = []
    for row in read_table(table):
        path = table.parent / row.file
        if row.problem or not path.is_file():
            raise BadTable(f"{table}, line {row.line}: {row.problem or f'{path} is no file'}")
        backgrounds.append(Background(path, row.given, circles.get(path.name, ())))
    return tuple(backgrounds)


def _read_masks(path: Path) -> dict[str, tuple[tuple[float, float, float], ...]]:
    circles: dict[str, tuple[tuple[float, float, float], ...]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            circle = (float(row["row"]), float(row["column"]), float(row["radius_px"]))
            circles[row["file"]] = (*circles.get(row["file"], ()), circle)
    return circles


@lru_cache(maxsize=64)
def open_background(background: Background) -> Mammogram:
    """Read the image once a process."""
    return open_image(background.path, background.given)


def vary(rng: np.random.Generator, mammogram: Mammogram, spacing_mm: float) -> tuple[Mammogram, float]:
    """Another image of the same breast, with other pixels, tone and blur; and the factor of its pixel size.

    ``spacing_mm``: of the image given. The result says its true spacing.
    """
    factor = _draw_factor(rng, spacing_mm)
    spacing = spacing_mm * factor
    kind = cv2.INTER_AREA if factor > 1 else cv2.INTER_CUBIC
    gray = cv2.resize(mammogram.gray, None, fx=1 / factor, fy=1 / factor, interpolation=kind)
    gray = _toned(rng, gray.clip(0, 1))
    if rng.random() < 0.35:
        gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.3, 0.8))
    if rng.random() < 0.35:
        gray = _sharpened(rng, np.asarray(gray, np.float32), spacing)
    description = replace(
        mammogram.description, pixel_spacing=PixelSpacing(spacing, spacing, "resampled"), rows=gray.shape[0]
    )
    step = 1 / 255 if rng.random() < 0.6 else 1 / 4095
    return Mammogram(np.asarray(gray, np.float32), description, None, step), factor


def _sharpened(rng: np.random.Generator, gray: NDArray[np.float32], spacing_mm: float) -> NDArray[np.float32]:
    """Edges enhanced, as some vendors show them."""
    wide = cv2.GaussianBlur(gray, (0, 0), max(rng.uniform(0.1, 0.7) / spacing_mm, 0.6))
    return np.asarray((gray + np.float32(rng.uniform(0.2, 1.6)) * (gray - wide)).clip(0, 1), dtype=np.float32)


def _draw_factor(rng: np.random.Generator, spacing_mm: float) -> float:
    low, high = np.log(max(0.82, 0.05 / spacing_mm)), np.log(min(2.2, 0.21 / spacing_mm))
    return float(np.exp(rng.uniform(low, max(high, low + 0.01))))


def _toned(rng: np.random.Generator, gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Another window and look-up table: a gamma, perhaps an S-shaped curve, perhaps white cut off."""
    bent = gray ** np.float32(np.exp(rng.uniform(-0.2, 0.3)))
    if rng.random() < 0.3:
        middle, steep = rng.uniform(0.35, 0.6), rng.uniform(3, 6)
        ends = 1 / (1 + np.exp(-steep * (np.array([0.0, 1.0]) - middle)))
        bent = (1 / (1 + np.exp(np.float32(-steep) * (bent - np.float32(middle)))) - ends[0]) / np.ptp(ends)
    low, high = rng.uniform(0, 0.05), rng.uniform(0.93, 1.15)
    return np.asarray(((bent - low) / (high - low)).clip(0, 1), dtype=np.float32)
