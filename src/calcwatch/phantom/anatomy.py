"""The breast itself, before any compression: gland, vessels, ligaments, nipple; one for every view and date.

Texture of breast tissue has a power spectrum that falls with about the third power of frequency
(Burgess, Jacobson, Judy, Med Phys 28:419, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from scipy import fft

from calcwatch.phantom.settings import random_stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Laterality
    from calcwatch.phantom.geometry import BreastSize
    from calcwatch.phantom.settings import AnatomySettings, PhantomSettings, TextureSettings


class Curve(NamedTuple):
    """A vessel or ligament in the uncompressed breast.

    Attributes:
        path: N x 3, (anterior, superior, lateral) in mm.
        radius_mm: The same all along.

    """

    path: NDArray[np.float64]
    radius_mm: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Breast:
    """One breast before compression.

    Attributes:
        seed: Of the patient.
        laterality: Which breast it is; it is drawn as a left one all the same.
        size: Half an ellipsoid.
        gland: Share of gland (0 to 1) in each voxel: anterior 0 to 1, superior and lateral -1 to 1, in
            semi-axes.
        ligaments: Thin strands.
        vessels: Few and long, from the chest wall forward.
        nipple_mm: Its radius and height.

    """

    seed: int
    laterality: Laterality
    size: BreastSize
    gland: NDArray[np.float32]
    ligaments: tuple[Curve, ...]
    vessels: tuple[Curve, ...]
    nipple_mm: tuple[float, float]


def draw_breast(seed: int, laterality: Laterality, size: BreastSize, settings: PhantomSettings) -> Breast:
    """Draw one breast of a patient; its composition is the patient's, its tissue its own.

    Args:
        seed: Of the patient.
        laterality: Which breast.
        size: Of the uncompressed breast.
        settings: The phantom's; its composition, texture and anatomy are used.

    Returns:
        The breast; without texture its gland is 0 everywhere.

    """
    anatomy = settings.anatomy
    letters, chances, shares = zip(*anatomy.compositions, strict=True)
    composition = settings.breast_density or str(
        random_stream(seed, "composition").choice(list(letters), p=list(chances))
    )
    # With the side, since the two breasts are alike in composition and differ in every lump.
    rng = random_stream(seed, "anatomy", laterality)
    radius = float(rng.uniform(*anatomy.nipple_radius_mm))
    nipple = (radius, radius * float(rng.uniform(*anatomy.nipple_height)))
    ligaments = tuple(_draw_ligament(rng, size, anatomy) for _ in range(anatomy.ligament_count))
    vessels = tuple(_draw_vessel(rng, size, anatomy) for _ in range(anatomy.vessel_count))
    gland = np.zeros(anatomy.gland_voxels, np.float32)
    if settings.texture:
        gland = _draw_gland(rng, dict(zip(letters, shares, strict=True))[composition], anatomy)
    return Breast(
        seed=seed,
        laterality=laterality,
        size=size,
        gland=gland,
        ligaments=ligaments,
        vessels=vessels,
        nipple_mm=nipple,
    )


def power_law_noise(
    rng: np.random.Generator, shape: tuple[int, ...], exponent: float, lowest: float = 0.0
) -> NDArray[np.float32]:
    """Draw periodic noise whose power spectrum falls as frequency ** -exponent.

    Args:
        rng: Where it is drawn from.
        shape: Samples along each axis.
        exponent: Of the power spectrum.
        lowest: Frequency in cycles a sample below which the spectrum is flat; 0 for the lowest there is.

    Returns:
        float32 noise of that shape, of zero mean and unit variance.

    """
    # White noise in space has random phases in frequency: shaping its amplitude gives the spectrum wanted.
    white = rng.standard_normal(shape, np.float32)
    spectrum = fft.rfftn(white)
    axes = [np.fft.fftfreq(length).astype(np.float32) for length in shape[:-1]]
    axes.append(np.fft.rfftfreq(shape[-1]).astype(np.float32))
    square = sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True))
    # Below the lowest frequency the power law would put all its energy into a single slope.
    floor = max(lowest, 1 / max(shape)) ** 2
    # Amplitude is the root of power, and the frequency stands squared: a fourth of the exponent.
    spectrum *= np.maximum(square, floor) ** np.float32(-exponent / 4)
    # Frequency zero is the mean: texture is to have none.
    spectrum.flat[0] = 0
    noise = fft.irfftn(spectrum, shape)
    return np.asarray(noise / noise.std(), dtype=np.float32)


def _draw_gland(rng: np.random.Generator, share: float, anatomy: AnatomySettings) -> NDArray[np.float32]:
    """Gland fills a cone behind the nipple, more of it above and to the side, broken up by fat."""
    voxels = anatomy.gland_voxels
    x, y, z = np.meshgrid(
        np.linspace(0, 1, voxels[0]),
        np.linspace(-1, 1, voxels[1]),
        np.linspace(-1, 1, voxels[2]),
        indexing="ij",
    )
    # Depth in the cone, in softnesses of its rim: positive inside.
    rho = np.sqrt(x**2 + (y - anatomy.gland_offset) ** 2 + (z - anatomy.gland_offset) ** 2)
    wide = anatomy.gland_reach[0] + anatomy.gland_reach[1] * share
    behind = anatomy.gland_front[0] + anatomy.gland_front[1] * (1 - share)
    least, most = anatomy.gland_depth
    inside = np.clip((wide + anatomy.gland_taper * x - rho) / anatomy.gland_rim, least, most)
    inside += np.clip((x - behind) / anatomy.gland_front_rim, least, 0)
    # Power-law noise in three dimensions: every view then shows the same lumps from another side.
    lumps = power_law_noise(rng, voxels, anatomy.lump_exponent)
    # Gland is where the lumps are highest: the quantile makes its share what the composition wants.
    height = lumps + anatomy.cone_weight * inside
    fill, most_filled = anatomy.gland_fill
    level = np.quantile(height[inside > 0], 1 - min(share * fill, most_filled))
    field = (height - level) / anatomy.gland_softness + np.minimum(inside, 0) * anatomy.fat_around
    # Clipped where the logistic function is flat, so that it cannot overflow.
    return np.asarray(1 / (1 + np.exp(-np.clip(anatomy.gland_steepness * field, -30, 30))), dtype=np.float32)


def _draw_ligament(rng: np.random.Generator, size: BreastSize, anatomy: AnatomySettings) -> Curve:
    """A short bent strand, most often running toward the nipple, else toward the skin."""
    start = _draw_inside(rng, size, anatomy.ligament_reach)
    nipple = np.array([size.depth_mm, 0.0, 0.0])
    to_nipple = rng.random() < anatomy.ligament_to_nipple
    toward = nipple - start if to_nipple else start * np.array(anatomy.ligament_to_skin)
    length = rng.uniform(*anatomy.ligament_length_mm)
    path = _draw_path(
        rng, start, toward, length_mm=length, bend=anatomy.ligament_bend, steps=anatomy.curve_steps
    )
    return Curve(path, float(rng.uniform(*anatomy.ligament_radius_mm)))


def _draw_vessel(rng: np.random.Generator, size: BreastSize, anatomy: AnatomySettings) -> Curve:
    """A long, gently bent vessel from the chest wall forward."""
    side = rng.uniform(0, 2 * np.pi)
    back, wide = anatomy.vessel_start
    start = np.array(
        [
            back * size.depth_mm,
            wide * size.radius_mm * np.cos(side),
            wide * size.radius_mm * np.sin(side),
        ]
    )
    front, narrow = anatomy.vessel_goal
    goal = np.array([size.depth_mm * front, narrow * start[1], narrow * start[2]])
    length = rng.uniform(*anatomy.vessel_length) * size.depth_mm
    path = _draw_path(
        rng, start, goal - start, length_mm=length, bend=anatomy.vessel_bend, steps=anatomy.curve_steps
    )
    return Curve(path, float(rng.uniform(*anatomy.vessel_radius_mm)))


def _draw_inside(rng: np.random.Generator, size: BreastSize, most: float) -> NDArray[np.float64]:
    """A point in the half ellipsoid, evenly spread, up to a share of the way to the skin."""
    vector = rng.normal(size=3)
    # The cube root spreads points evenly over the volume.
    vector *= most * rng.random() ** (1 / 3) / np.linalg.norm(vector)
    # The breast is half an ellipsoid: what lies behind the chest wall is reflected forward.
    vector[0] = abs(vector[0])
    return np.asarray(vector * size.semi_axes_mm)


def _draw_path(
    rng: np.random.Generator,
    start: NDArray[np.float64],
    toward: NDArray[np.float64],
    *,
    length_mm: float,
    bend: float,
    steps: int,
) -> NDArray[np.float64]:
    """A smooth random walk of given length that keeps its general direction, (``steps`` + 1) x 3."""
    direction = toward / np.linalg.norm(toward)
    # The bend is that of a quarter of the way, however many steps there are.
    turns = np.cumsum(rng.normal(0, bend / np.sqrt(steps / 4), size=(steps, 3)), axis=0)
    ways = direction + turns
    ways *= length_mm / steps / np.linalg.norm(ways, axis=1, keepdims=True)
    return np.concatenate([start[None], start + np.cumsum(ways, axis=0)])


def texture_cell_mm(settings: PhantomSettings) -> float:
    """Measure the grid that fine texture is drawn on.

    Args:
        settings: The phantom's.

    Returns:
        Side of a cell in mm, never finer than the image's pixels.

    """
    return max(settings.pixel_spacing_mm, settings.anatomy.texture.cell_mm)


def draw_texture(
    breast: Breast, view: str, settings: PhantomSettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw the texture too fine for the gland volume, on a plane grid centered on the chest wall's middle.

    Args:
        breast: Whose texture it is.
        view: View position; every view has its own texture, the same on every day.
        settings: The phantom's; the grid's cells are ``texture_cell_mm`` wide and cover its field and more.

    Returns:
        Clouds (power-law noise of unit variance) and strands (0 between them to about 1), of one shape.

    """
    details, cell = settings.anatomy.texture, texture_cell_mm(settings)
    height, width = (
        fft.next_fast_len(round(length * details.margin / cell), real=True) for length in settings.field_mm
    )
    rng = random_stream(breast.seed, "texture", breast.laterality, view)
    clouds = power_law_noise(
        rng, (height, width), details.cloud_exponent, lowest=details.cloud_lowest_per_mm * cell
    )
    strands = np.zeros((height, width), np.float32)
    for weight, size_mm, stretch in details.strands:
        strands += np.float32(weight) * _draw_ridges(rng, (height, width), size_mm / cell, stretch, details)
    return clouds, strands


def _draw_ridges(
    rng: np.random.Generator,
    shape: tuple[int, int],
    size_px: float,
    stretch: float,
    details: TextureSettings,
) -> NDArray[np.float32]:
    """Thin lines where smooth noise passes zero, ``size_px`` apart, broken up, ``stretch`` times as long."""
    # The noise is smooth: it is drawn on a coarse grid and enlarged.
    least = details.ridge_least_samples
    rows, columns = (max(int(details.ridge_samples * length / size_px), least) for length in shape)
    grid = (
        fft.next_fast_len(rows, real=True),
        # Fewer columns that are enlarged by more: the ridges come out longer along the rows.
        fft.next_fast_len(max(int(columns / stretch), least), real=True),
    )
    lines, gaps = (
        power_law_noise(rng, grid, exponent, lowest=details.ridge_lowest)
        for exponent in (details.ridge_exponent, details.gap_exponent)
    )
    large = cv2.resize(lines, shape[::-1], interpolation=cv2.INTER_CUBIC)
    usual, contrast, most = details.gaps
    shown = np.clip(usual + contrast * gaps, 0, most)
    shown = cv2.resize(shown, shape[::-1], interpolation=cv2.INTER_CUBIC)
    # A Lorentzian of the height above the zero line: thin, with wide tails.
    return np.asarray(shown / (1 + (large / np.float32(details.ridge_width)) ** 2), dtype=np.float32)
