"""The breast itself, before any compression: gland, strands, vessels, ligaments; one for every view and date.

Texture of breast tissue has a power spectrum that falls with about the third power of frequency
(Burgess, Jacobson, Judy, Med Phys 28:419, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import fft

from calcwatch.phantom.settings import PhantomSettings, random_stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Laterality
    from calcwatch.phantom.geometry import BreastSize

GLAND_SHAPE = (48, 72, 72)
"""Voxels of the gland volume: anterior 0 to 1, superior and lateral -1 to 1, in semi-axes."""

_GLAND_SHARE = {"a": 0.14, "b": 0.30, "c": 0.55, "d": 0.68}


@dataclass(frozen=True, eq=False)
class Curve:
    """A vessel or ligament: its path in the uncompressed breast (N x 3, mm) and its radius."""

    path: NDArray[np.float64]
    radius_mm: float


@dataclass(frozen=True, eq=False)
class Breast:
    """One breast.

    ``density``: BI-RADS composition. ``gland``: share of gland in each voxel. ``nipple_mm``: radius, height.
    """

    seed: int
    laterality: Laterality
    size: BreastSize
    density: str
    gland: NDArray[np.float32]
    ligaments: tuple[Curve, ...]
    vessels: tuple[Curve, ...]
    nipple_mm: tuple[float, float]


def draw_breast(seed: int, laterality: Laterality, size: BreastSize, settings: PhantomSettings) -> Breast:
    """Draw one breast of a patient; its composition is the patient's, its tissue its own."""
    patient = random_stream(seed, "composition")
    density = settings.breast_density or str(patient.choice(list("abcd"), p=[0.15, 0.4, 0.35, 0.1]))
    rng = random_stream(seed, "anatomy", laterality)
    radius = float(rng.uniform(4.0, 7.0))
    nipple = (radius, radius * float(rng.uniform(0.4, 1.2)))
    ligaments = tuple(_draw_ligament(rng, size) for _ in range(260))
    vessels = tuple(_draw_vessel(rng, size) for _ in range(9))
    gland = _draw_gland(rng, density) if settings.texture else np.zeros(GLAND_SHAPE, np.float32)
    return Breast(seed, laterality, size, density, gland, ligaments, vessels, nipple)


def power_law_noise(
    rng: np.random.Generator, shape: tuple[int, ...], exponent: float, lowest: float = 0.0
) -> NDArray[np.float32]:
    """Return noise with zero mean, unit variance and a power spectrum falling as frequency ** -exponent.

    ``lowest``: frequency (cycles per sample) below which the spectrum is flat. The noise is periodic.
    """
    white = rng.standard_normal(shape, np.float32)
    spectrum = fft.rfftn(white)
    axes = [np.fft.fftfreq(length).astype(np.float32) for length in shape[:-1]]
    axes.append(np.fft.rfftfreq(shape[-1]).astype(np.float32))
    square = sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True))
    floor = max(lowest, 1 / max(shape)) ** 2
    spectrum *= np.maximum(square, floor) ** np.float32(-exponent / 4)
    spectrum.flat[0] = 0
    noise = fft.irfftn(spectrum, shape)
    return np.asarray(noise / noise.std(), dtype=np.float32)


def _draw_gland(rng: np.random.Generator, density: str) -> NDArray[np.float32]:
    """Gland fills a cone behind the nipple, more of it above and to the side, broken up by fat."""
    x, y, z = np.meshgrid(
        np.linspace(0, 1, GLAND_SHAPE[0]),
        np.linspace(-1, 1, GLAND_SHAPE[1]),
        np.linspace(-1, 1, GLAND_SHAPE[2]),
        indexing="ij",
    )
    rho = np.sqrt(x**2 + (y - 0.08) ** 2 + (z - 0.08) ** 2)
    share = _GLAND_SHARE[density]
    wide = 0.60 + 0.28 * share
    skirt = 0.12 + 0.2 * (1 - share)
    inside = np.clip((wide + 0.18 * x - rho) / 0.12, -3, 1) + np.clip((x - skirt) / 0.15, -3, 0)
    lumps = power_law_noise(rng, GLAND_SHAPE, 4.0)
    cone = inside > 0
    level = np.quantile((lumps + 0.5 * inside)[cone], 1 - min(share * 1.15, 0.92))
    field = (lumps + 0.5 * inside - level) / 0.35 + np.minimum(inside, 0) * 3
    return np.asarray(1 / (1 + np.exp(-np.clip(2.2 * field, -30, 30))), dtype=np.float32)


def _draw_ligament(rng: np.random.Generator, size: BreastSize) -> Curve:
    """A short bent strand, most often running toward the nipple or toward the skin."""
    start = _inside(rng, size, 0.95)
    nipple = np.array([size.depth_mm, 0.0, 0.0])
    toward = nipple - start if rng.random() < 0.6 else start * np.array([0.3, 1.0, 1.0])
    path = _wander(rng, start, toward, length=rng.uniform(8, 35), bend=0.35)
    return Curve(path, float(rng.uniform(0.1, 0.35)))


def _draw_vessel(rng: np.random.Generator, size: BreastSize) -> Curve:
    """A long, gently bent vessel from the chest wall forward."""
    side = rng.uniform(0, 2 * np.pi)
    start = np.array(
        [0.05 * size.depth_mm, 0.7 * size.radius_mm * np.cos(side), 0.7 * size.radius_mm * np.sin(side)]
    )
    goal = np.array([size.depth_mm * 0.9, 0.2 * start[1], 0.2 * start[2]])
    path = _wander(rng, start, goal - start, length=rng.uniform(0.6, 0.95) * size.depth_mm, bend=0.22)
    return Curve(path, float(rng.uniform(0.5, 1.1)))


def _inside(rng: np.random.Generator, size: BreastSize, most: float) -> NDArray[np.float64]:
    """A point in the half ellipsoid, evenly spread."""
    vector = rng.normal(size=3)
    vector *= most * rng.random() ** (1 / 3) / np.linalg.norm(vector)
    vector[0] = abs(vector[0])
    return np.asarray(vector * np.array([size.depth_mm, size.radius_mm, size.radius_mm]))


def _wander(
    rng: np.random.Generator,
    start: NDArray[np.float64],
    toward: NDArray[np.float64],
    *,
    length: float,
    bend: float,
) -> NDArray[np.float64]:
    """A smooth random walk of given length that keeps its general direction."""
    count = 24
    direction = toward / np.linalg.norm(toward)
    turns = np.cumsum(rng.normal(0, bend / np.sqrt(count / 4), size=(count, 3)), axis=0)
    steps = direction + turns
    steps *= length / count / np.linalg.norm(steps, axis=1, keepdims=True)
    return np.concatenate([start[None], start + np.cumsum(steps, axis=0)])


@dataclass(frozen=True, eq=False)
class Texture:
    """Fine texture of one view on a plane grid of ``cell_mm``, centered on the chest wall's middle."""

    fine: NDArray[np.float32]
    strands: NDArray[np.float32]
    cell_mm: float


def draw_texture(breast: Breast, view: str, settings: PhantomSettings) -> Texture:
    """Draw the texture too fine for the gland volume: cloudy (power law) and stringy (ridges)."""
    cell = max(settings.pixel_spacing_mm, 0.14)
    height, width = (
        fft.next_fast_len(round(length * 1.15 / cell), real=True) for length in settings.field_mm
    )
    rng = random_stream(breast.seed, "texture", breast.laterality, view)
    fine = power_law_noise(rng, (height, width), 2.8, lowest=0.05 * cell)
    return Texture(fine, _draw_strands(rng, (height, width), cell), cell)


def _draw_strands(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> NDArray[np.float32]:
    """Crossing strands at three scales, mostly along the line to the nipple: 0 between them to about 1."""
    total = np.zeros(shape, np.float32)
    for weight, size_mm, stretch in ((0.5, 14.0, 2.0), (0.45, 7.0, 2.6), (0.35, 3.5, 3.0)):
        total += np.float32(weight) * _ridges(rng, shape, size_mm / cell, stretch)
    return total


def _ridges(
    rng: np.random.Generator, shape: tuple[int, int], size_px: float, stretch: float
) -> NDArray[np.float32]:
    """Thin lines where smooth noise passes zero, ``size_px`` apart, broken up, ``stretch`` times as long."""
    rows, columns = (max(int(8 * length / size_px), 24) for length in shape)
    grid = (fft.next_fast_len(rows, real=True), fft.next_fast_len(max(int(columns / stretch), 24), real=True))
    lines, gaps = (power_law_noise(rng, grid, exponent, lowest=0.11) for exponent in (6.5, 4.0))
    large = cv2.resize(lines, shape[::-1], interpolation=cv2.INTER_CUBIC)
    shown = cv2.resize(np.clip(0.5 + 0.6 * gaps, 0, 1.5), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(shown / (1 + (large / np.float32(0.16)) ** 2), dtype=np.float32)
