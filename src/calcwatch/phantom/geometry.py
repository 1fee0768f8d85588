"""From the uncompressed breast to one compressed view and its image plane.

Everything is drawn as a left breast (chest wall at column 0) and mirrored at the end for a right one. The
uncompressed breast is half an ellipsoid; points in it are (anterior, superior, lateral) in mm from the middle
of the chest wall. A view takes the in-plane part of a point to polar coordinates round the middle of the
chest wall and stretches it so that the ellipsoid's rim becomes the view's skin line: an invertible map, the
same for tissue, calcifications and clips. Points far from the mid-plane are pressed outward.

Rows and columns in mm count from the center of the top-left pixel of the image before mirroring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.views import VIEWS, is_from_above

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import ViewPosition
    from calcwatch.phantom.settings import PhantomSettings, PositioningSettings


@dataclass(frozen=True)
class BreastSize:
    """Size of the uncompressed breast, half an ellipsoid.

    Attributes:
        depth_mm: Nipple to chest wall.
        radius_mm: Half its width at the chest wall, the same upward as sideways.

    """

    depth_mm: float
    radius_mm: float

    @property
    def semi_axes_mm(self) -> NDArray[np.float64]:
        """Semi-axes along (anterior, superior, lateral), in mm."""
        return np.array([self.depth_mm, self.radius_mm, self.radius_mm])


@dataclass(frozen=True, eq=False, kw_only=True)
class ViewGeometry:
    """How one view compresses and projects the breast.

    Attributes:
        view: Its view position.
        size: Size of the uncompressed breast.
        beam_tilt: Angle between the image's upward axis and superior, in radians; 0 in a true lateral view.
        origin_mm: Row and column of the middle of the chest wall, in mm of the image before mirroring.
        radius_mm: Distance of the skin line from there at evenly spaced angles from straight down to straight
            up, in mm.
        thickness_mm: Thickness under compression.
        turn: In-plane rotation of the breast in radians.
        positioning: The settings it was drawn with.

    """

    view: ViewPosition
    size: BreastSize
    beam_tilt: float
    origin_mm: tuple[float, float]
    radius_mm: NDArray[np.float64]
    thickness_mm: float
    turn: float
    positioning: PositioningSettings

    def skin_radius(self, phi: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measure how far the skin line lies from the origin.

        Args:
            phi: Angles in radians, 0 along the columns and positive upward, of any shape.

        Returns:
            Distances in mm, of the shape of ``phi``.

        """
        # Only half a turn: behind the chest wall there is no skin.
        grid = np.linspace(-np.pi / 2, np.pi / 2, self.radius_mm.size)
        return np.asarray(np.interp(phi, grid, self.radius_mm))

    def axes(self) -> NDArray[np.float64]:
        """Unit vectors of the image's rows, columns and depth in (anterior, superior, lateral), as rows."""
        cos, sin = np.cos(self.beam_tilt), np.sin(self.beam_tilt)
        # Rows run downward, so the first axis points to inferior in a lateral view.
        return np.array([[0.0, -cos, -sin], [1.0, 0.0, 0.0], [0.0, -sin, cos]])

    def section(self, depth: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Measure the section of the breast off its mid-plane; compression presses it out to the skin.

        Args:
            depth: -1 to 1 across the thickness, of any shape.

        Returns:
            Radius of the section as a share of that in the mid-plane, of the shape of ``depth``.

        """
        # At the very top and bottom of the slab the section would vanish, and dividing by it would explode.
        share = np.maximum(1 - depth**2, self.positioning.least_section)
        return np.asarray(np.power(share, self.positioning.bulge))


def project_points(geometry: ViewGeometry, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project points of the breast into a view.

    Args:
        geometry: How the view lies.
        points: N x 3, (anterior, superior, lateral) in mm.

    Returns:
        N x 3: row and column in mm, and the depth, which runs from -1 to 1 across the thickness.

    """
    # In semi-axes the half ellipsoid is half a unit ball, so that polar coordinates fit it exactly.
    normalized = np.asarray(points) / geometry.size.semi_axes_mm
    down, across, depth = (normalized @ geometry.axes().T).T
    # Nothing lies behind the chest wall: what rounding puts there is taken onto it.
    phi = np.arctan2(-down, np.maximum(across, 0.0)) + geometry.turn
    # Pressed outward: compression makes the section at every depth as wide as the middle.
    radius = np.hypot(down, across) / geometry.section(depth) * geometry.skin_radius(phi)
    row = geometry.origin_mm[0] - radius * np.sin(phi)
    return np.stack([row, geometry.origin_mm[1] + radius * np.cos(phi), depth], axis=1)


def polar_of(
    geometry: ViewGeometry, row_mm: NDArray[np.float64], column_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take places on the image to in-plane polar coordinates of the breast.

    Args:
        geometry: How the view lies.
        row_mm: Rows in mm, of any shape that broadcasts with ``column_mm``.
        column_mm: Columns in mm.

    Returns:
        ``rho``, 1 on the skin line, and ``phi`` in radians, 0 toward the nipple and positive upward.

    """
    down, across = row_mm - geometry.origin_mm[0], column_mm - geometry.origin_mm[1]
    # Left of the chest wall there is no breast; the angle stays within the half turn.
    phi = np.arctan2(-down, np.maximum(across, 1e-6))
    return np.hypot(down, across) / geometry.skin_radius(phi), phi - geometry.turn


def unproject(
    geometry: ViewGeometry, rho: NDArray[np.float64], phi: NDArray[np.float64], depth: float
) -> NDArray[np.float64]:
    """Find the points of the breast that lie behind places on the image.

    Args:
        geometry: How the view lies.
        rho: In-plane distance as ``polar_of`` gives it, of any shape.
        phi: In-plane angle in radians, of the same shape.
        depth: -1 to 1 across the thickness.

    Returns:
        Points ... x 3, (anterior, superior, lateral) in mm.

    """
    # The steps of project_points backward.
    flat = rho * geometry.section(depth)
    parts = np.stack([-flat * np.sin(phi), flat * np.cos(phi), np.full_like(flat, depth)], axis=-1)
    # The axes are orthonormal: their inverse is the transpose, so no inversion.
    return np.asarray((parts @ geometry.axes()) * geometry.size.semi_axes_mm)


def draw_size(rng: np.random.Generator, settings: PhantomSettings) -> BreastSize:
    """Draw a breast that fits the image's field.

    Args:
        rng: Where it is drawn from.
        settings: The phantom's; its field and positioning are used.

    Returns:
        The size of the uncompressed breast.

    """
    positioning, (height, width) = settings.positioning, settings.field_mm
    # Of the field, so that small fields in tests hold a whole breast; capped, so that large fields do not.
    depth = min(rng.uniform(*positioning.depth) * width, positioning.most_depth_mm)
    radius = min(rng.uniform(*positioning.radius) * height, positioning.most_radius_mm)
    return BreastSize(float(depth), float(radius))


def draw_geometry(
    rng: np.random.Generator, size: BreastSize, view: ViewPosition, settings: PhantomSettings
) -> ViewGeometry:
    """Draw how a breast usually lies in one view; ``reposition`` gives a single day's positioning.

    Args:
        rng: Where it is drawn from.
        size: The uncompressed breast.
        view: One of ``PHANTOM_VIEWS``; the table of views gives the tilt of its beam.
        settings: The phantom's; its field, thickness and positioning are used.

    Returns:
        The usual geometry of that view.

    """
    positioning, (height, width) = settings.positioning, settings.field_mm
    from_above = is_from_above(view)
    thickness = settings.thickness_mm
    if thickness is None:
        thickness = rng.uniform(*positioning.thickness) * size.radius_mm
    middle = positioning.middle_from_above if from_above else positioning.middle_from_the_side
    row = float(height * rng.uniform(*middle))
    # The chest wall's middle lies off the image: some tissue behind is never imaged.
    behind = float(rng.uniform(*positioning.behind) * width)
    outline = _outline_from_above if from_above else _outline_from_the_side
    return ViewGeometry(
        view=view,
        size=size,
        beam_tilt=float(np.radians(VIEWS[view].tilt_degrees or 0.0)),
        origin_mm=(row, -behind),
        radius_mm=outline(rng, size, behind, positioning),
        thickness_mm=float(thickness),
        turn=float(np.radians(rng.uniform(*positioning.turn_degrees))),
        positioning=positioning,
    )


def reposition(rng: np.random.Generator, usual: ViewGeometry, strength: float = 1.0) -> ViewGeometry:
    """Draw one day's positioning and compression, a little unlike the usual.

    Args:
        rng: Where it is drawn from.
        usual: How the breast usually lies in that view.
        strength: How unlike: 1 is usual, 0 is just as ``usual``.

    Returns:
        The geometry of that day.

    """
    positioning = usual.positioning
    waves = rng.normal(0, positioning.repositioned_waves * strength, size=positioning.repositioned_wave_count)
    stretch = rng.normal(1.0, positioning.repositioned_stretch * strength) + sum(
        wave * np.cos(order * _angles(positioning)) for order, wave in enumerate(waves, start=1)
    )
    row, column = usual.origin_mm
    down_mm, across_mm = positioning.repositioned_origin_mm

    def off(most: float) -> float:
        return strength * float(rng.uniform(-most, most))

    return replace(
        usual,
        beam_tilt=usual.beam_tilt + float(np.radians(off(positioning.repositioned_angle_degrees))),
        origin_mm=(row + off(down_mm), column + off(across_mm)),
        radius_mm=usual.radius_mm * stretch,
        thickness_mm=usual.thickness_mm * (1 + off(positioning.repositioned_thickness)),
        turn=usual.turn + float(np.radians(off(positioning.repositioned_turn_degrees))),
    )


def _angles(positioning: PositioningSettings) -> NDArray[np.float64]:
    return np.linspace(-np.pi / 2, np.pi / 2, positioning.skin_angles)


def _outline_from_above(
    rng: np.random.Generator, size: BreastSize, behind: float, positioning: PositioningSettings
) -> NDArray[np.float64]:
    lateral = size.radius_mm * rng.uniform(*positioning.lateral)
    medial = size.radius_mm * rng.uniform(*positioning.medial)
    depth = size.depth_mm * rng.uniform(*positioning.front) + behind
    power = rng.uniform(*positioning.power_from_above)
    return _super_ellipse(_angles(positioning), depth, (lateral, medial), power)


def _outline_from_the_side(
    rng: np.random.Generator, size: BreastSize, behind: float, positioning: PositioningSettings
) -> NDArray[np.float64]:
    """An ellipse that runs out into the armpit above and into the fold under the breast below."""
    phi = _angles(positioning)
    depth = size.depth_mm * rng.uniform(*positioning.front) + behind
    lower = size.radius_mm * rng.uniform(*positioning.lower)
    upper = size.radius_mm * rng.uniform(*positioning.upper)
    breast = _super_ellipse(phi, depth, (upper, lower), rng.uniform(*positioning.power_from_the_side))
    armpit_mm = depth * rng.uniform(*positioning.armpit_width)
    armpit = _strip(phi, armpit_mm, rng.uniform(*positioning.armpit_lean), positioning)
    fold_mm = behind + rng.uniform(*positioning.fold_width_mm)
    fold = _strip(-phi, fold_mm, positioning.fold_lean, positioning)
    # Smooth: a corner in the skin line would look like a finding of its own.
    whole = _smooth_max(breast, armpit, positioning.armpit_joint)
    return _smooth_max(whole, fold, positioning.fold_joint)


def _super_ellipse(
    phi: NDArray[np.float64], depth: float, heights: tuple[float, float], power: float
) -> NDArray[np.float64]:
    """Radius at each angle; ``heights``: half heights above and below the nipple."""
    across = np.abs(np.cos(phi) / depth) ** power
    # Upper and lower half differ but meet at the nipple, where the sine is zero.
    along = np.abs(np.sin(phi) / np.where(phi > 0, *heights)) ** power
    return np.asarray((across + along) ** (-1 / power))


def _strip(
    away: NDArray[np.float64], width: float, lean: float, positioning: PositioningSettings
) -> NDArray[np.float64]:
    """Distance to a line ``width`` mm off the chest wall that leans toward it; ``away``: angle along it."""
    beyond = np.cos(away) + lean * np.sin(away)
    # The line runs out of the image where it is parallel to the ray: cut far beyond any field.
    reach = np.minimum(width / np.maximum(beyond, 0.02), 400.0)
    share = np.clip(np.sin(away) / positioning.strip_begins, 0, 1)
    # A smooth step, so that the strip leaves the breast without a corner.
    return np.asarray(reach * share**2 * (3 - 2 * share))


def _smooth_max(first: NDArray[np.float64], second: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    # Divided by the larger, so that no power overflows.
    top = np.maximum(first, second)
    return np.asarray(top * ((first / top) ** power + (second / top) ** power) ** (1 / power))
