"""From the uncompressed breast to one compressed view and its image plane.

Everything is drawn as a left breast (chest wall at column 0) and mirrored at the end for a right one. The
uncompressed breast is half an ellipsoid. A view takes the in-plane part of a point to polar coordinates
round the middle of the chest wall and stretches it so that the ellipsoid's rim becomes the view's skin
line: an invertible map, the same for tissue, calcifications and clips. Points far from the mid-plane are
pressed outward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.views import VIEWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.phantom.settings import PhantomSettings

_BULGE = 0.35


@dataclass(frozen=True)
class BreastSize:
    """Semi-axes of the uncompressed breast in mm: nipple to chest wall, and half its width."""

    depth_mm: float
    radius_mm: float


@dataclass(frozen=True, eq=False)
class ViewGeometry:
    """How one view compresses and projects the breast.

    ``angle``: radians from superior to the image's upward axis. ``origin_mm``: row and column of the middle
    of the chest wall, from the center of the top-left pixel. ``radius_mm``: skin line's distance from there
    at evenly spaced angles from straight down to straight up. ``tilt``: in-plane rotation in radians.
    """

    view: ViewPosition
    size: BreastSize
    angle: float
    origin_mm: tuple[float, float]
    radius_mm: NDArray[np.float64]
    thickness_mm: float
    tilt: float

    def skin_radius(self, phi: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of the skin line from the origin, in mm, at angles ``phi`` (radians)."""
        grid = np.linspace(-np.pi / 2, np.pi / 2, self.radius_mm.size)
        return np.asarray(np.interp(phi, grid, self.radius_mm))

    def axes(self) -> NDArray[np.float64]:
        """Rows: unit vectors of the image's rows, columns and depth in (anterior, superior, lateral)."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array([[0.0, -cos, -sin], [1.0, 0.0, 0.0], [0.0, -sin, cos]])


def project_points(geometry: ViewGeometry, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``(row_mm, column_mm, depth)`` of points N x 3 (anterior, superior, lateral) in mm.

    Millimeters count from the center of the top-left pixel; depth runs from -1 to 1 across the thickness.
    """
    down, across, depth = (_normalized(geometry, points) @ geometry.axes().T).T
    phi = np.arctan2(-down, np.maximum(across, 0.0)) + geometry.tilt
    rho = np.hypot(down, across) / np.power(np.maximum(1 - depth**2, 0.04), _BULGE)
    radius = rho * geometry.skin_radius(phi)
    row = geometry.origin_mm[0] - radius * np.sin(phi)
    return np.stack([row, geometry.origin_mm[1] + radius * np.cos(phi), depth], axis=1)


def _normalized(geometry: ViewGeometry, points: NDArray[np.float64]) -> NDArray[np.float64]:
    size = geometry.size
    return np.asarray(np.asarray(points) / np.array([size.depth_mm, size.radius_mm, size.radius_mm]))


def polar_of(
    geometry: ViewGeometry, row_mm: NDArray[np.float64], column_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return in-plane ``(rho, phi)`` of image points: rho is 1 on the skin line, phi 0 toward the nipple."""
    down, across = row_mm - geometry.origin_mm[0], column_mm - geometry.origin_mm[1]
    phi = np.arctan2(-down, np.maximum(across, 1e-6))
    return np.hypot(down, across) / geometry.skin_radius(phi), phi - geometry.tilt


def unproject(
    geometry: ViewGeometry, rho: NDArray[np.float64], phi: NDArray[np.float64], depth: float
) -> NDArray[np.float64]:
    """Return the points ... x 3 in mm that project to polar ``rho, phi`` at ``depth``."""
    flat = rho * np.power(max(1 - depth**2, 0.04), _BULGE)
    parts = np.stack([-flat * np.sin(phi), flat * np.cos(phi), np.full_like(flat, depth)], axis=-1)
    size = geometry.size
    return np.asarray((parts @ geometry.axes()) * np.array([size.depth_mm, size.radius_mm, size.radius_mm]))


def draw_size(rng: np.random.Generator, settings: PhantomSettings) -> BreastSize:
    """Draw a breast that fits the image's field."""
    height, width = settings.field_mm
    depth = min(rng.uniform(0.42, 0.72) * width, 115.0)
    radius = min(rng.uniform(0.30, 0.40) * height, 95.0)
    return BreastSize(float(depth), float(radius))


def draw_geometry(
    rng: np.random.Generator, size: BreastSize, view: ViewPosition, settings: PhantomSettings
) -> ViewGeometry:
    """Draw how a breast usually lies in one view; ``reposition`` gives a single day's positioning."""
    height, width = settings.field_mm
    oblique = view is not ViewPosition.CC
    thickness = (
        rng.uniform(0.52, 0.72) * size.radius_mm if settings.thickness_mm is None else settings.thickness_mm
    )
    middle = height * (rng.uniform(0.56, 0.62) if oblique else rng.uniform(0.47, 0.53))
    origin = (float(middle), float(-rng.uniform(0.02, 0.06) * width))
    outline = _oblique_outline if oblique else _cranial_outline
    return ViewGeometry(
        view=view,
        size=size,
        angle=float(np.radians(VIEWS[view].tilt_degrees or 0.0)),
        origin_mm=origin,
        radius_mm=outline(rng, size, -origin[1]),
        thickness_mm=float(thickness),
        tilt=float(np.radians(rng.uniform(-4, 4))),
    )


def reposition(rng: np.random.Generator, usual: ViewGeometry, strength: float = 1.0) -> ViewGeometry:
    """Draw one day's positioning and compression, a little unlike the usual; 0 is just as usual."""
    waves = rng.normal(0, 0.012 * strength, size=4)
    stretch = rng.normal(1.0, 0.015 * strength) + sum(
        wave * np.cos(order * _angles()) for order, wave in enumerate(waves, start=1)
    )
    row, column = usual.origin_mm

    def off(most: float) -> float:
        return strength * float(rng.uniform(-most, most))

    return replace(
        usual,
        angle=usual.angle + float(np.radians(off(3))),
        origin_mm=(row + off(4), column + off(2)),
        radius_mm=usual.radius_mm * stretch,
        thickness_mm=usual.thickness_mm * (1 + off(0.08)),
        tilt=usual.tilt + float(np.radians(off(3))),
    )


def _angles() -> NDArray[np.float64]:
    return np.linspace(-np.pi / 2, np.pi / 2, 721)


def _cranial_outline(rng: np.random.Generator, size: BreastSize, behind: float) -> NDArray[np.float64]:
    lateral, medial = size.radius_mm * rng.uniform(1.0, 1.15), size.radius_mm * rng.uniform(0.9, 1.05)
    depth = size.depth_mm * rng.uniform(1.02, 1.12) + behind
    return _super_ellipse(depth, lateral, medial, rng.uniform(1.75, 2.1))


def _oblique_outline(rng: np.random.Generator, size: BreastSize, behind: float) -> NDArray[np.float64]:
    """An ellipse that runs out into the armpit above and into the fold under the breast below."""
    depth = size.depth_mm * rng.uniform(1.02, 1.12) + behind
    below = size.radius_mm * rng.uniform(0.82, 0.95)
    breast = _super_ellipse(depth, size.radius_mm * rng.uniform(1.05, 1.25), below, rng.uniform(1.9, 2.3))
    armpit = _strip(depth * rng.uniform(0.80, 1.0), rng.uniform(0.38, 0.5), up=1)
    fold = _strip(behind + rng.uniform(1.0, 4.0), 0.02, up=-1)
    return _smooth_max(_smooth_max(breast, armpit, 6.0), fold, 14.0)


def _super_ellipse(depth: float, above: float, below: float, power: float) -> NDArray[np.float64]:
    phi = _angles()
    across = np.abs(np.cos(phi) / depth) ** power
    along = np.abs(np.sin(phi) / np.where(phi > 0, above, below)) ** power
    return np.asarray((across + along) ** (-1 / power))


def _strip(width: float, slope: float, *, up: int) -> NDArray[np.float64]:
    """Distance to a line that starts ``width`` mm from the chest wall and leans toward it by ``slope``."""
    phi = _angles()
    beyond = np.cos(phi) + slope * np.sin(phi) * up
    reach = np.minimum(width / np.maximum(beyond, 0.02), 400.0)
    away = np.clip(np.sin(phi) * up / 0.75, 0, 1)
    return np.asarray(reach * away**2 * (3 - 2 * away))


def _smooth_max(one: NDArray[np.float64], other: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    top = np.maximum(one, other)
    return np.asarray(top * ((one / top) ** power + (other / top) ** power) ** (1 / power))
