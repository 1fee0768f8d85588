"""Computes where the true edge of a calcification lies on its blurred profile: tables of image/settings.py.

A ball (thin at its rim) and a plate (flat on top) of many radii are blurred by a Gaussian of unit sigma, 15
percent of it four times as wide: a focal spot and detector, with glare and scatter. Then they are measured as
``calcwatch.image.measure.outline`` measures: the surround is what a window just outside of the object shows,
the height is what nine tenths of the pixels inside do not exceed. For each half-width at half height the
tables give the share of the height at the true edge (level), how far outside of the outline at half height
that edge lies (growth), and the width at three quarters of the height over that at half (top).

Beside each table stand the values that are shipped and the largest difference. The shipped ones were computed
once with another sampling; they agree within what ``--check`` allows. Others would change every diameter.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from calcwatch.image.settings.measure import OutlineSettings

WIDE_SHARE, WIDE_SIGMA = 0.15, 4.0
"""Part of the blur that is wide, and how wide, in sigmas of the narrow part."""

SAMPLES = 10
"""Pixels in one sigma."""

RADII = np.array([0.8, 1.2, 1.5, 1.8, 2.1, 2.5, 3.0, 3.5, 4.2, 5.0, 6.0, 7.5, 9.5, 14.5])
"""Radii in sigmas for which profiles are computed; larger ones are straight edges."""

TOLERANCE = {"level": 0.05, "growth": 0.2, "top": 0.03}
"""Largest difference between computed and shipped values that ``--check`` lets pass."""

Profile = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Distances from the center in sigmas, and the height there."""


def main(arguments: Sequence[str]) -> int:
    """Print the tables beside the shipped ones; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when a difference is too large")
    options = parser.parse_args(arguments)
    settings = OutlineSettings()
    widths = [width for width in settings.half_width if width < RADII[-1]]
    worst = 0.0
    print("half-width    " + " ".join(f"{width:6.2f}" for width in widths))
    for kind in ("ball", "plate"):
        computed = tables(kind, widths)
        for name, values in computed.items():
            shipped = np.array(getattr(settings, f"{kind}_{name}"))[: len(widths)]
            difference = float(np.abs(values - shipped).max())
            worst = max(worst, difference / TOLERANCE[name])
            print(f"{kind:5} {name:7} " + " ".join(f"{value:6.3f}" for value in values))
            print("      shipped " + " ".join(f"{value:6.3f}" for value in shipped) + f"  {difference:.3f}")
    return int(options.check and worst > 1)


def tables(kind: str, widths: Sequence[float]) -> dict[str, NDArray[np.float64]]:
    """Level, growth and top of a ``ball`` or ``plate`` at half-widths given in sigmas."""
    measured = np.array([measure(radius, profile(radius, kind)) for radius in RADII])
    measured[:, 1] = np.minimum(measured[:, 1], 0.5)  # the edge is never sought inside of half height
    measured[:, 2] = np.maximum(measured[:, 2], 0.0)
    columns = {"level": 1, "growth": 2, "top": 3}
    return {name: np.interp(widths, measured[:, 0], measured[:, column]) for name, column in columns.items()}


def profile(radius: float, kind: str) -> Profile:
    """Blurred profile of an object through its center."""
    reach = int((radius + 14) * SAMPLES)
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1] / SAMPLES
    away = np.hypot(row, column)
    thickness = np.sqrt(np.clip(radius**2 - away**2, 0, None)) if kind == "ball" else (away <= radius) * 1.0
    narrow, wide = (gaussian_filter(thickness, SAMPLES * sigma) for sigma in (1.0, WIDE_SIGMA))
    height = (1 - WIDE_SHARE) * narrow + WIDE_SHARE * wide
    return np.arange(reach + 1) / SAMPLES, height[reach, reach:]


def measure(radius: float, blurred: Profile) -> tuple[float, float, float, float]:
    """Half-width at half height, level at the true edge, growth, and top of one profile."""
    away, height = blurred
    height = height - np.interp(max(1.2 * radius, radius + 3), away, height)
    share_below = OutlineSettings().peak_quantile
    peak = float(height[0])
    for _ in range(4):  # height and half-width depend on each other
        half = float(np.interp(-0.5 * peak, -height, away))
        peak = float(np.interp(half * (1 - share_below) ** 0.5, away, height))
    upper = float(np.interp(-0.75 * peak, -height, away))
    return half, float(np.interp(radius, away, height)) / peak, radius - half, upper / half


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
