"""From attenuation to stored values: exposure, blur, quantum noise, and what the device makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.phantom.settings import PhantomSettings
from calcwatch.phantom.tissue import FAT_PER_MM, Tissue

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_QUANTA_PER_MM2 = 3.0e5
_ELECTRONIC_QUANTA = 10.0
_NOISE_BLUR_PX = 0.45
_GRAY_RANGE = 2.3
_EQUALIZED = 0.88
_ENHANCED_MM = 0.45
_FLOOR = 2e-5
_LARGE_SCALE_MM = 9.0
_COMPRESSED = 0.5
_BLACKENED = 4.0


def expose(attenuation: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """Return the share of x-rays that arrive behind a map of line integrals, blurred by the system."""
    return blur(np.exp(-attenuation), settings)


def blur(image: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """Blur an image by the system's point spread, a sum of Gaussians; what it adds up to stays the same."""
    total = np.zeros_like(image)
    for weight, sigma_mm in settings.mtf:
        sigma = sigma_mm / settings.pixel_spacing_mm
        total += np.float32(weight) * cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return total


def quanta_of(signal: NDArray[np.float32], tissue: Tissue, settings: PhantomSettings) -> float:
    """Return quanta a pixel in air such that the breast's median receives what the dose asks for."""
    middle = float(np.median(signal[::4, ::4][tissue.depth_mm[::4, ::4] > 5]))
    area = settings.pixel_spacing_mm**2
    return _QUANTA_PER_MM2 * settings.relative_dose * area / max(middle, 1e-6)


def noise_sigma(signal: NDArray[np.float32], quanta: float) -> NDArray[np.float32]:
    """Standard deviation of the noise, in the units of ``signal``: Poisson plus electronic."""
    return np.asarray(np.sqrt(signal / np.float32(quanta) + np.float32((_ELECTRONIC_QUANTA / quanta) ** 2)))


def add_noise(rng: np.random.Generator, signal: NDArray[np.float32], quanta: float) -> NDArray[np.float32]:
    """Add quantum noise, a little correlated between neighbors as a scintillator makes it."""
    white = rng.standard_normal(signal.shape, np.float32)
    unit = _correlated(white) * np.float32(1 / _gain(_correlated))
    return np.asarray(signal + noise_sigma(signal, quanta) * unit, dtype=np.float32)


def _correlated(white: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(white, (0, 0), _NOISE_BLUR_PX), dtype=np.float32)


def _gain(filtered: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> float:
    """Factor by which a linear filter changes the standard deviation of white noise."""
    impulse = np.zeros((129, 129), np.float32)
    impulse[64, 64] = 1
    return float(np.sqrt((filtered(impulse) ** 2).sum()))


@dataclass(frozen=True, eq=False)
class Presentation:
    """How one image is turned from exposure to gray; fixed before calcifications and noise are added.

    ``equalization``: log attenuation added where the breast is thin, ``outside``: taken away beyond the
    skin. ``middle``: log attenuation shown mid gray.
    """

    equalization: NDArray[np.float32]
    outside: NDArray[np.float32]
    middle: float
    white: float
    enhancement: float
    sigma_px: float


def plan_presentation(signal: NDArray[np.float32], tissue: Tissue, settings: PhantomSettings) -> Presentation:
    """Choose thickness equalization and brightness from the exposure without calcifications."""
    slab = float(tissue.thickness_mm.max())
    missing = np.float32(FAT_PER_MM * _EQUALIZED) * (slab - tissue.thickness_mm)
    outside = np.clip(-tissue.depth_mm / np.float32(0.3), 0, 1)
    equalization = missing * (np.float32(0.25) * (1 - outside)) if settings.film else missing
    inside = tissue.depth_mm[::4, ::4] > 1
    level = -np.log(signal[::4, ::4]) + equalization[::4, ::4]
    middle = float(np.median(level[inside]))
    if not settings.film:
        equalization -= _compressed(level - np.float32(middle), inside, settings)
    return Presentation(
        equalization=equalization,
        middle=middle,
        outside=np.zeros_like(outside) if settings.film else outside * np.float32(_BLACKENED),
        white=float(2**settings.bits_stored - 1),
        enhancement=0.0 if settings.film else settings.edge_enhancement,
        sigma_px=_ENHANCED_MM / settings.pixel_spacing_mm,
    )


def _compressed(
    level: NDArray[np.float32], inside: NDArray[np.bool_], settings: PhantomSettings
) -> NDArray[np.float32]:
    """Return the share of large-scale brightness that the presentation takes away, on the image's pixels."""
    sigma = _LARGE_SCALE_MM / settings.pixel_spacing_mm / 4
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    mean = cv2.GaussianBlur(np.where(inside, level, np.float32(0)), (0, 0), sigma) / np.maximum(weight, 0.02)
    faded = np.float32(_COMPRESSED) * mean * np.clip(weight * 4, 0, 1)
    return np.asarray(cv2.resize(faded, settings.shape[::-1], interpolation=cv2.INTER_LINEAR))


def present(signal: NDArray[np.float32], plan: Presentation) -> NDArray[np.float32]:
    """Return gray from 0 to ``plan.white``: log, equalized, edge-enhanced, through a soft tone curve."""
    level = plan.equalization - np.log(np.maximum(signal, np.float32(_FLOOR)))
    level = _enhanced(level, plan) - plan.outside - np.float32(plan.middle)
    tone = 1 / (1 + np.exp(np.float32(-4 / _GRAY_RANGE) * level))
    return np.asarray(
        np.maximum((tone - np.float32(0.03)) * np.float32(plan.white / 0.97), 0), dtype=np.float32
    )


def _enhanced(level: NDArray[np.float32], plan: Presentation) -> NDArray[np.float32]:
    if plan.enhancement == 0:
        return level
    wide = cv2.GaussianBlur(level, (0, 0), plan.sigma_px)
    return np.asarray(level + np.float32(plan.enhancement) * (level - wide), dtype=np.float32)


def gray_noise(
    signal: NDArray[np.float32], gray: NDArray[np.float32], quanta: float, plan: Presentation
) -> NDArray[np.float32]:
    """Standard deviation of the noise in the presented gray, from the exposure's noise and the tone curve."""
    tone = np.clip(gray / np.float32(plan.white) * np.float32(0.97) + np.float32(0.03), 1e-4, 1 - 1e-4)
    slope = np.float32(4 / _GRAY_RANGE * plan.white / 0.97) * tone * (1 - tone)
    relative = noise_sigma(signal, quanta) / np.maximum(signal, np.float32(_FLOOR))
    return np.asarray(relative * slope * np.float32(_noise_gain(plan)), dtype=np.float32)


def _noise_gain(plan: Presentation) -> float:
    def both(image: NDArray[np.float32]) -> NDArray[np.float32]:
        soft = _correlated(image)
        return _enhanced(soft, plan)

    return _gain(both) / _gain(_correlated)


@dataclass(frozen=True, eq=False)
class Development:
    """One view's exposure and how it becomes stored values.

    ``signal``: share of the x-rays arriving, without noise. ``quanta``: quanta a pixel that a signal of 1
    stands for. ``clean`` and ``plain``: stored values without noise, with and without calcifications and
    look-alikes. ``sigma``: standard deviation of the noise in stored values. ``presentation``: ``None`` For
    Processing.
    """

    signal: NDArray[np.float32]
    quanta: float
    clean: NDArray[np.float32]
    plain: NDArray[np.float32]
    sigma: NDArray[np.float32]
    presentation: Presentation | None


def plan_development(
    plain: NDArray[np.float32], signal: NDArray[np.float32], tissue: Tissue, settings: PhantomSettings
) -> Development:
    """Return how the exposures without (``plain``) and with calcifications become stored values."""
    quanta = quanta_of(plain, tissue, settings)
    if settings.for_processing:
        gain = np.float32(0.95 * (2**settings.bits_stored - 1))
        sigma = noise_sigma(plain, quanta) * gain
        return Development(signal, quanta, signal * gain, plain * gain, sigma, None)
    plan = plan_presentation(plain, tissue, settings)
    gray = present(plain, plan)
    sigma = gray_noise(plain, gray, quanta, plan)
    if settings.film:
        sigma = np.hypot(sigma, _grain_sigma(gray, plan.white))
    return Development(signal, quanta, present(signal, plan), gray, sigma, plan)


def develop(
    rng: np.random.Generator, development: Development, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Return stored values, not yet rounded, with noise where it is wanted."""
    plan = development.presentation
    if not settings.noise:
        return development.clean
    signal = add_noise(rng, development.signal, development.quanta)
    if plan is None:
        return signal * np.float32(0.95 * (2**settings.bits_stored - 1))
    gray = present(signal, plan)
    return _add_film_look(rng, gray, plan.white, settings.pixel_spacing_mm) if settings.film else gray


def _grain_sigma(gray: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Standard deviation of a film's grain, largest in mid gray."""
    share = np.clip(gray / np.float32(white), 0, 1)
    return np.asarray((np.float32(0.005) + np.float32(0.03) * share * (1 - share)) * np.float32(white))


def _add_film_look(
    rng: np.random.Generator, gray: NDArray[np.float32], white: float, spacing_mm: float
) -> NDArray[np.float32]:
    """Give a digitized film its grain and the uneven fog that keeps its background from black."""
    grain = cv2.GaussianBlur(rng.standard_normal(gray.shape, np.float32), (0, 0), max(0.05 / spacing_mm, 0.3))
    grain = grain / grain.std()
    coarse = rng.standard_normal((6, 5)).astype(np.float32)
    fog = 0.05 + 0.008 * cv2.resize(coarse, gray.shape[::-1], interpolation=cv2.INTER_CUBIC)
    film = gray * (1 - fog) + fog * np.float32(white)
    return np.asarray(film + grain * _grain_sigma(gray, white), dtype=np.float32)


def quantize(values: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.uint16]:
    """Round to stored values of ``bits_stored`` bits."""
    return np.clip(np.rint(values), 0, 2**settings.bits_stored - 1).astype(np.uint16)
