"""Small solids (ellipsoids, hollow or part filled) and their exact thickness along a line of sight.

A calcification, a clip or a wire is a union of ellipsoids less its cavities. Its thickness map is computed
on a grid finer than the pixels and averaged over each pixel, so the truth is known to a fraction of a
pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.phantom.settings import ShapeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import NonLesionKind
    from calcwatch.domain.image import Point

_SETTINGS = ShapeSettings()


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """One part of a solid; coordinates are (anterior, superior, lateral) from the solid's own center, in mm.

    Attributes:
        center: Three coordinates.
        matrix: 3 x 3; the ellipsoid is the image of the unit sphere under it.
        hollow: Whether it is a cavity, taken away from the parts that are not.
        level: Filled only below this superior coordinate, as sediment lies in a cyst; ``None`` for all of it.

    """

    center: NDArray[np.float64]
    matrix: NDArray[np.float64]
    hollow: bool = False
    level: float | None = None


Parts = tuple[Ellipsoid, ...]
"""The parts of one solid, cavities among them, in any order."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A rigid body in the breast.

    Attributes:
        id: Names it in every view and on every day.
        position: (anterior, superior, lateral) of its own center in the uncompressed breast, in mm.
        parts: What it is made of.
        density: Its attenuation in units of that of dense calcium.

    """

    id: str
    position: NDArray[np.float64]
    parts: Parts
    density: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Silhouette:
    """A solid's exact projection, in pixels of the image before mirroring.

    Attributes:
        thickness: Mean thickness over each pixel of a window, in mm.
        top: Row of the window's first pixel; it may lie outside the image.
        left: Column of the window's first pixel.
        row: Center of attenuation.
        column: Center of attenuation.
        area_mm2: Area of the outline.
        half_maximum_area_mm2: Area where the thickness is at least half the largest.
        largest_mm: Largest thickness before any averaging.
        outline: Closed polygon, points (row, column), (0, 0) at the center of the top-left pixel.

    """

    thickness: NDArray[np.float32]
    top: int
    left: int
    row: float
    column: float
    area_mm2: float
    half_maximum_area_mm2: float
    largest_mm: float
    outline: tuple[Point, ...]

    def window(self, shape: tuple[int, ...], margin_px: int = 0) -> tuple[slice, slice, NDArray[np.float32]]:
        """Find where the projection lies in an image.

        Args:
            shape: Rows and columns of the image.
            margin_px: Pixels round the projection that belong to the window as well.

        Returns:
            Rows and columns of the window, cut at the image's border and empty outside it, and the thickness
            there in mm, 0 in the margin.

        """
        # The margin is empty now and is where blur will spread to.
        thickness = np.pad(self.thickness, margin_px)
        top, left = self.top - margin_px, self.left - margin_px
        (first, last), (begin, end) = (
            np.clip((start, start + length), 0, limit).tolist()
            for start, length, limit in zip((top, left), thickness.shape, shape, strict=True)
        )
        inner = thickness[first - top : last - top, begin - left : end - left]
        return slice(first, last), slice(begin, end), inner


def scaled(solid: Solid, factor: float) -> Solid:
    """Make a solid larger or smaller round its own center.

    Args:
        solid: What is scaled.
        factor: On every length, above 0.

    Returns:
        The same solid at the same place, of another size.

    """
    parts = tuple(
        replace(
            part,
            center=part.center * factor,
            matrix=part.matrix * factor,
            # Sediment keeps its share of the cyst.
            level=None if part.level is None else part.level * factor,
        )
        for part in solid.parts
    )
    return replace(solid, parts=parts)


def trace_solid(
    solid: Solid,
    place_mm: tuple[float, float],
    axes: NDArray[np.float64],
    spacing_mm: float,
    settings: ShapeSettings = _SETTINGS,
) -> Silhouette:
    """Project one solid along parallel rays, itself rigid.

    Args:
        solid: What is projected.
        place_mm: Row and column of its own center on the image, in mm from the center of the top-left pixel.
        axes: 3 x 3; unit vectors of the image's rows, columns and depth in (anterior, superior, lateral).
        spacing_mm: Distance of the image's pixels.
        settings: How finely it is traced.

    Returns:
        Its exact silhouette.

    """
    # As many samples as resolve the smallest extent, within bounds; whole pixels all round.
    # Cavities only take away, so their bounds never matter beyond those of the parts that hold them.
    low, high = _bounds(solid.parts, place_mm, axes)
    least, most = settings.subpixels
    smallest = float(np.min(high - low))
    fine = int(np.clip(np.ceil(spacing_mm * settings.samples_across / smallest), least, most))
    # Pixel n reaches from n - 0.5 to n + 0.5; a pixel of margin keeps the outline off the window's border.
    first = np.floor(low / spacing_mm + 0.5).astype(int) - 1
    last = np.floor(high / spacing_mm + 0.5).astype(int) + 1
    count = (last - first + 1) * fine
    start = first - 0.5 + 0.5 / fine  # center of the first sample, in pixels
    # From here on in mm from the solid's own center, where its parts are described.
    rows = (start[0] + np.arange(count[0]) / fine) * spacing_mm - place_mm[0]
    columns = (start[1] + np.arange(count[1]) / fine) * spacing_mm - place_mm[1]
    thickness = _thickness(solid.parts, axes, rows, columns)
    return _measured(thickness, first, fine, spacing_mm, settings)


def add_silhouette(total: NDArray[np.float32], silhouette: Silhouette, attenuation_per_mm: float) -> None:
    """Add one silhouette's attenuation to an image in place, cut at the image's border.

    Args:
        total: Rows x columns, line integrals of attenuation.
        silhouette: What is added.
        attenuation_per_mm: Factor on its thickness.

    """
    rows, columns, thickness = silhouette.window(total.shape)
    total[rows, columns] += thickness * np.float32(attenuation_per_mm)


def _measured(
    thickness: NDArray[np.float64],
    first: NDArray[np.int_],
    fine: int,
    spacing_mm: float,
    settings: ShapeSettings,
) -> Silhouette:
    """Measure a thickness map of ``fine`` x ``fine`` samples a pixel from the pixel ``first`` on."""
    height, width = thickness.shape
    weights, largest = thickness.sum(), thickness.max()
    # Weighted by thickness: blur moves no center of attenuation, while it does move the middle of an outline.
    row = (thickness.sum(axis=1) @ np.arange(height)) / weights
    column = (thickness.sum(axis=0) @ np.arange(width)) / weights
    cell = (spacing_mm / fine) ** 2  # area of a sample
    # The mean over a pixel's samples is what a pixel of a detector gathers.
    pixels = thickness.reshape(height // fine, fine, width // fine, fine).mean(axis=(1, 3))
    offset = np.asarray(first - 0.5 + 0.5 / fine, dtype=np.float64)
    # A share of the largest and not zero: rays that graze the rim would make the outline jagged.
    inside = thickness > settings.outline_level * largest
    return Silhouette(
        thickness=pixels.astype(np.float32),
        top=int(first[0]),
        left=int(first[1]),
        row=float(offset[0] + row / fine),
        column=float(offset[1] + column / fine),
        area_mm2=float(np.count_nonzero(inside) * cell),
        half_maximum_area_mm2=float(np.count_nonzero(thickness >= 0.5 * largest) * cell),
        largest_mm=float(largest),
        outline=_outline(inside, offset, fine, settings),
    )


def _outline(
    mask: NDArray[np.bool_], offset: NDArray[np.float64], fine: int, settings: ShapeSettings
) -> tuple[Point, ...]:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    # Parts of a shape may project apart; the outline is that of the largest.
    longest = max(contours, key=cv2.contourArea)
    points = cv2.approxPolyDP(longest, settings.outline_tolerance, closed=True).reshape(-1, 2)
    return tuple((float(offset[0] + y / fine), float(offset[1] + x / fine)) for x, y in points)


def _bounds(
    parts: Sequence[Ellipsoid], place_mm: tuple[float, float], axes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    flat = axes[:2]
    centers = np.array([flat @ part.center for part in parts])
    # Half the width of an ellipsoid's shadow along an axis is the norm of that row of its matrix.
    reach = np.array([np.linalg.norm(flat @ part.matrix, axis=1) for part in parts])
    return place_mm + (centers - reach).min(axis=0), place_mm + (centers + reach).max(axis=0)


def _thickness(
    parts: Sequence[Ellipsoid],
    axes: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Thickness at samples, rows and columns in mm from the solid's own center."""
    total = np.zeros((rows.size, columns.size))
    # Cavities last: they are taken away from the union of the others.
    for part in sorted(parts, key=lambda part: part.hollow):
        _add_chord(total, axes, part, rows, columns)
    # A cavity that sticks out would make the thickness negative.
    return np.maximum(total, 0.0)


def _add_chord(
    total: NDArray[np.float64],
    axes: NDArray[np.float64],
    part: Ellipsoid,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> None:
    """Join one ellipsoid's chord length to ``total``: the longer of the two, or less it for a cavity.

    Parts of a solid overlap by much, so that the longer chord is the thickness of the union.
    """
    center, reach = axes[:2] @ part.center, np.linalg.norm(axes[:2] @ part.matrix, axis=1)
    inside = [
        # Only the samples in the shadow of this part: a tube has dozens of parts, each small.
        slice(*np.searchsorted(line, [middle - half, middle + half]))
        for line, middle, half in zip((rows, columns), center, reach, strict=True)
    ]
    chord = _chord(axes, part, rows[inside[0]], columns[inside[1]])
    window = total[inside[0], inside[1]]
    window[...] = window - chord if part.hollow else np.maximum(window, chord)


def _chord(
    axes: NDArray[np.float64], part: Ellipsoid, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    # Taken to the unit sphere, a ray start + s * step meets it where |start + s * step| is 1.
    inverse = np.linalg.inv(part.matrix)
    point = rows[:, None, None] * axes[0] + columns[None, :, None] * axes[1]
    start, step = (point - part.center) @ inverse.T, inverse @ axes[2]
    # The usual quadratic: square * s^2 + 2 * cross * s + |start|^2 - 1 = 0, its discriminant cut at a miss.
    square, cross = step @ step, start @ step
    root = np.sqrt(np.maximum(cross**2 - square * ((start * start).sum(axis=2) - 1), 0.0)) / square
    near, far = -cross / square - root, -cross / square + root
    if part.level is not None:
        near, far = _below(part.level, point[..., 1], float(axes[2][1]), near, far)
    return np.asarray(np.maximum(far - near, 0.0))


def _below(
    level: float,
    superior: NDArray[np.float64],
    rise: float,
    near: NDArray[np.float64],
    far: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut the interval from ``near`` to ``far`` to where ``superior + rise * s`` is below ``level``."""
    # The ray runs level: there is no crossing to compute.
    if abs(rise) < 1e-9:
        # Seen from the side the surface is a line: soft over one sample, so that its place is exact.
        cell = float(np.ptp(superior[:2, :2]))
        return near, near + (far - near) * np.clip((level - superior) / cell + 0.5, 0, 1)
    crossing = (level - superior) / rise
    if rise > 0:
        return near, np.minimum(far, crossing)
    return np.maximum(near, crossing), far


@dataclass(frozen=True, eq=False)
class Lookalike:
    """One look-alike made of solids in or on the breast, seen in every view.

    Attributes:
        id: Names it in every view and on every day.
        kind: What it is.
        solids: What it is made of; the specks of powder are one each.

    """

    id: str
    kind: NonLesionKind
    solids: tuple[Solid, ...]
