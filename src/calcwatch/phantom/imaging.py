"""From attenuation to stored values: exposure, blur, quantum noise, and what the device makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from calcwatch.phantom.settings import Blur, ImagingSettings, PhantomSettings
    from calcwatch.phantom.tissue import ProjectedTissue

_COARSE = 4  # every fourth pixel is enough for a median


def blur(image: NDArray[np.float32], mtf: Blur, spacing_mm: float) -> NDArray[np.float32]:
    """Blur an image by a system's point spread; what it adds up to stays the same.

    Args:
        image: Rows x columns.
        mtf: The point spread, a sum of Gaussians ``(weight, sigma in mm)``.
        spacing_mm: Distance of the pixels.

    Returns:
        The blurred image.

    """
    total = np.zeros_like(image)
    for weight, sigma_mm in mtf:
        sigma = max(sigma_mm / spacing_mm, 0.1)  # OpenCV takes 0 for "not given"
        # A sum of Gaussians: a narrow core and wide tails, as the spread of a real detector has them.
        total += np.float32(weight) * cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return total


def expose(attenuation: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """Send x-rays through the breast.

    Args:
        attenuation: Line integral at each pixel.
        settings: The phantom's; its blur is used.

    Returns:
        Share of the x-rays that arrive at each pixel, blurred by the system, without noise.

    """
    # Transmission is blurred and not attenuation: a detector adds up quanta, not logarithms.
    return blur(np.exp(-attenuation), settings.mtf, settings.pixel_spacing_mm)


def quanta_in_air(signal: NDArray[np.float32], tissue: ProjectedTissue, settings: PhantomSettings) -> float:
    """Choose the exposure so that the breast's median pixel receives what the dose asks for.

    Args:
        signal: Share of the x-rays that arrive without calcifications.
        tissue: Tells where the breast is.
        settings: The phantom's; its dose is used.

    Returns:
        Quanta a pixel that a signal of 1 stands for.

    """
    numbers = settings.imaging
    inside = tissue.depth_mm[::_COARSE, ::_COARSE] > numbers.exposure_depth_mm
    # The median of the breast, as automatic exposure looks at tissue and not at the air.
    middle = float(np.median(signal[::_COARSE, ::_COARSE][inside]))
    area = settings.pixel_spacing_mm**2  # larger pixels gather more quanta
    return numbers.quanta_per_mm2 * settings.relative_dose * area / max(middle, 1e-6)


def _noise_sigma(
    signal: NDArray[np.float32], quanta: float, settings: ImagingSettings
) -> NDArray[np.float32]:
    """Standard deviation of the noise, in the units of ``signal``: Poisson plus electronic."""
    # Variances add; that of the quanta goes with the signal.
    electronic = np.float32((settings.electronic_quanta / quanta) ** 2)
    return np.asarray(np.sqrt(signal / np.float32(quanta) + electronic))


def _correlated(white: NDArray[np.float32], settings: ImagingSettings) -> NDArray[np.float32]:
    """White noise, a little correlated between neighbors as a scintillator makes it."""
    return np.asarray(cv2.GaussianBlur(white, (0, 0), settings.noise_blur_px), dtype=np.float32)


def _gain(filtered: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> float:
    """Factor by which a linear filter changes the standard deviation of white noise."""
    impulse = np.zeros((129, 129), np.float32)  # wide enough for every filter here
    impulse[64, 64] = 1
    # Independent noise of unit variance: the variances of all taps of the filter add up.
    return float(np.sqrt((filtered(impulse) ** 2).sum()))


@dataclass(frozen=True, eq=False)
class Presentation:
    """How one image is turned from exposure to gray; fixed before calcifications and noise are added.

    Attributes:
        equalization: Log attenuation added at each pixel, where the breast is thin.
        outside: Log attenuation taken away at each pixel, beyond the skin.
        middle: Log attenuation shown mid gray.

    """

    equalization: NDArray[np.float32]
    outside: NDArray[np.float32]
    middle: float


def plan_presentation(
    signal: NDArray[np.float32], tissue: ProjectedTissue, settings: PhantomSettings
) -> Presentation | None:
    """Choose thickness equalization and brightness from the exposure without calcifications.

    Args:
        signal: Share of the x-rays that arrive without calcifications.
        tissue: Thickness and depth at each pixel.
        settings: The phantom's.

    Returns:
        How the image is shown; ``None`` for an image For Processing, which is linear in exposure.

    """
    # Raw images are stored as the detector saw them.
    if settings.for_processing:
        return None
    numbers, coarse = settings.imaging, (slice(None, None, _COARSE), slice(None, None, _COARSE))
    # A slab of fat as thick as the breast: its rim looks as thick as its middle.
    missing_mm = float(tissue.thickness_mm.max()) - tissue.thickness_mm
    equalization = np.float32(settings.tissue.fat_per_mm * numbers.equalized) * missing_mm
    outside = np.clip(-tissue.depth_mm / np.float32(numbers.rim_mm), 0, 1)
    if settings.film:  # a film is not processed: little is made up for
        equalization = equalization * (np.float32(numbers.film_equalized) * (1 - outside))
    inside = tissue.depth_mm[coarse] > numbers.brightness_depth_mm
    level = -np.log(signal[coarse]) + equalization[coarse]
    middle = float(np.median(level[inside]))
    if settings.film:
        return Presentation(equalization, np.zeros_like(outside), middle)
    equalization -= _compressed(level - np.float32(middle), inside, settings)
    return Presentation(equalization, outside * np.float32(numbers.blackened), middle)


def _compressed(
    level: NDArray[np.float32], inside: NDArray[np.bool_], settings: PhantomSettings
) -> NDArray[np.float32]:
    """Large-scale brightness that the presentation takes away, on the image's pixels."""
    numbers = settings.imaging
    sigma = numbers.large_scale_mm / settings.pixel_spacing_mm / _COARSE
    # Smoothed inside the breast only: the air beside it would pull its rim down.
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    mean = cv2.GaussianBlur(np.where(inside, level, np.float32(0)), (0, 0), sigma) / np.maximum(weight, 0.02)
    faded = np.float32(numbers.compressed) * mean * np.clip(weight * numbers.compressed_inside, 0, 1)
    return np.asarray(cv2.resize(faded, settings.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _enhanced(level: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """An unsharp mask, which digital systems put on and films lack."""
    if settings.film or settings.edge_enhancement == 0:
        return level
    wide = cv2.GaussianBlur(level, (0, 0), settings.imaging.enhanced_mm / settings.pixel_spacing_mm)
    return np.asarray(level + np.float32(settings.edge_enhancement) * (level - wide), dtype=np.float32)


def stored_values(
    signal: NDArray[np.float32], presentation: Presentation | None, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Make of an exposure what the device stores, not yet rounded.

    Args:
        signal: Share of the x-rays that arrive at each pixel.
        presentation: How it is shown: log, equalized, edge-enhanced, through a soft tone curve; ``None`` for
            values linear in exposure.
        settings: The phantom's.

    Returns:
        float32 values from 0 to ``settings.white``.

    """
    numbers = settings.imaging
    # Raw: linear in exposure, with air at the top of the range.
    if presentation is None:
        return signal * np.float32(numbers.air * settings.white)
    level = presentation.equalization - np.log(np.maximum(signal, np.float32(numbers.least_signal)))
    level = _enhanced(level, settings) - presentation.outside - np.float32(presentation.middle)
    # A logistic function with the slope of the gray range in its middle.
    tone = 1 / (1 + np.exp(np.float32(-4 / numbers.gray_range) * level))
    toe = numbers.toe
    return np.asarray(
        np.maximum((tone - np.float32(toe)) * np.float32(settings.white / (1 - toe)), 0), dtype=np.float32
    )


def noise_in_stored(
    signal: NDArray[np.float32],
    values: NDArray[np.float32],
    quanta: float,
    presentation: Presentation | None,
    settings: PhantomSettings,
) -> NDArray[np.float32]:
    """Measure the noise that an exposure has as it is stored.

    Args:
        signal: Share of the x-rays that arrive at each pixel.
        values: What is stored of it.
        quanta: Quanta a pixel that a signal of 1 stands for.
        presentation: How it is shown, ``None`` for values linear in exposure.
        settings: The phantom's.

    Returns:
        Standard deviation at each pixel, in stored values.

    """
    numbers = settings.imaging
    sigma = _noise_sigma(signal, quanta, numbers)
    if presentation is None:
        return sigma * np.float32(numbers.air * settings.white)
    toe = numbers.toe
    # Back from stored values to the tone curve, away from its ends, where it has no slope.
    tone = np.clip(
        values / np.float32(settings.white) * np.float32(1 - toe) + np.float32(toe), 1e-4, 1 - 1e-4
    )
    # First order: a change of log exposure times the slope of the tone curve and the gain of the filters.
    slope = np.float32(4 / numbers.gray_range * settings.white / (1 - toe)) * tone * (1 - tone)
    # Of the logarithm: a change of log exposure is the change relative to the exposure.
    relative = sigma / np.maximum(signal, np.float32(numbers.least_signal))
    sharpened = _gain(lambda white: _enhanced(_correlated(white, numbers), settings))
    # Sigma is stated for the correlated noise, so only what enhancement adds to it is a gain.
    gain = sharpened / _gain(lambda white: _correlated(white, numbers))
    shown = np.asarray(relative * slope * np.float32(gain), dtype=np.float32)
    return np.hypot(shown, _grain_sigma(values, settings)) if settings.film else shown


def develop(
    rng: np.random.Generator,
    signal: NDArray[np.float32],
    quanta: float,
    presentation: Presentation | None,
    settings: PhantomSettings,
) -> NDArray[np.float32]:
    """Store one exposure with its noise.

    Args:
        rng: Where the noise is drawn from.
        signal: Share of the x-rays that arrive at each pixel, without noise.
        quanta: Quanta a pixel that a signal of 1 stands for.
        presentation: How it is shown, ``None`` for values linear in exposure.
        settings: The phantom's; without noise the values are clean, on a film they have grain and fog.

    Returns:
        float32 values, not yet rounded.

    """
    if not settings.noise:
        return stored_values(signal, presentation, settings)
    numbers = settings.imaging
    noise = _correlated(rng.standard_normal(signal.shape, np.float32), numbers)
    # Blurring took variance away; the noise is wanted at the strength that the quanta give it.
    noise = noise * np.float32(1 / _gain(lambda white: _correlated(white, numbers)))
    # Noise before the presentation, so that it is bent, equalized and sharpened along with the signal.
    noisy = np.asarray(signal + _noise_sigma(signal, quanta, numbers) * noise, dtype=np.float32)
    values = stored_values(noisy, presentation, settings)
    return _with_grain_and_fog(rng, values, settings) if settings.film else values


def _grain_sigma(values: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """Standard deviation of a film's grain, largest in mid gray."""
    base, middle = settings.imaging.grain
    share = np.clip(values / np.float32(settings.white), 0, 1)
    grain = np.float32(base) + np.float32(middle) * share * (1 - share)
    return np.asarray(grain * np.float32(settings.white))


def _with_grain_and_fog(
    rng: np.random.Generator, values: NDArray[np.float32], settings: PhantomSettings
) -> NDArray[np.float32]:
    """Give a digitized film its grain and the uneven fog that keeps its background from black."""
    numbers = settings.imaging
    sigma = max(numbers.grain_mm / settings.pixel_spacing_mm, numbers.grain_least_px)
    grain = cv2.GaussianBlur(rng.standard_normal(values.shape, np.float32), (0, 0), sigma)
    grain = grain / grain.std()
    coarse = rng.standard_normal(numbers.fog_grid).astype(np.float32)
    usual, uneven = numbers.fog
    fog = usual + uneven * cv2.resize(coarse, values.shape[::-1], interpolation=cv2.INTER_CUBIC)
    # Fog lifts black and leaves white where it is.
    film = values * (1 - fog) + fog * np.float32(settings.white)
    return np.asarray(film + grain * _grain_sigma(values, settings), dtype=np.float32)


def quantize(values: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.uint16]:
    """Round to what the device can store.

    Args:
        values: Rows x columns, not yet rounded.
        settings: The phantom's; its bits are used.

    Returns:
        Integers from 0 to ``settings.white``.

    """
    return np.clip(np.rint(values), 0, settings.white).astype(np.uint16)
