"""Small solids (ellipsoids, hollow or part filled) and their exact thickness along a line of sight.

A calcification, a clip or a wire is a union of ellipsoids less its cavities. Its thickness map is computed
on a grid finer than the pixels and averaged over each pixel, so the truth is known to a fraction of a
pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid round ``center`` mm, image of the unit sphere under ``matrix`` (3 x 3, mm).

    Coordinates are (anterior, superior, lateral) from the solid's own center. ``hollow``: a cavity, taken
    away. ``level``: filled only below this superior coordinate, as sediment lies in a cyst.
    """

    center: NDArray[np.float64]
    matrix: NDArray[np.float64]
    hollow: bool = False
    level: float | None = None


@dataclass(frozen=True, eq=False)
class Solid:
    """A rigid thing at ``position`` mm in the breast; ``density`` 1 attenuates as much as dense calcium."""

    id: str
    position: NDArray[np.float64]
    parts: tuple[Ellipsoid, ...]
    density: float


@dataclass(frozen=True, eq=False)
class ProjectedSolid:
    """A solid as one view sees it: ``row_mm, column_mm`` of its own center, and the view's axes (3 x 3)."""

    solid: Solid
    row_mm: float
    column_mm: float
    axes: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Silhouette:
    """A solid's exact projection: thickness in mm over pixels from ``row0, column0``, and its measures.

    ``row, column``: center of attenuation in pixels. ``largest_mm``: largest thickness before any averaging.
    """

    thickness: NDArray[np.float32]
    row0: int
    column0: int
    row: float
    column: float
    area_mm2: float
    half_maximum_area_mm2: float
    largest_mm: float
    outline: tuple[Point, ...]


def trace_solid(projected: ProjectedSolid, spacing_mm: float) -> Silhouette:
    """Return the exact silhouette of one solid on pixels ``spacing_mm`` apart."""
    low, high = _bounds(projected)
    fine = _fineness(high - low, spacing_mm)
    first = np.floor(low / spacing_mm + 0.5).astype(int) - 1
    last = np.floor(high / spacing_mm + 0.5).astype(int) + 1
    count = (last - first + 1) * fine
    start = first - 0.5 + 0.5 / fine
    rows = (start[0] + np.arange(count[0]) / fine) * spacing_mm - projected.row_mm
    columns = (start[1] + np.arange(count[1]) / fine) * spacing_mm - projected.column_mm
    thickness = _thickness(projected, rows, columns)
    return _measured(thickness, first, fine, spacing_mm)


def _measured(
    thickness: NDArray[np.float64], first: NDArray[np.int_], fine: int, spacing_mm: float
) -> Silhouette:
    height, width = thickness.shape
    weights, largest = thickness.sum(), thickness.max()
    row = (thickness.sum(axis=1) @ np.arange(height)) / weights
    column = (thickness.sum(axis=0) @ np.arange(width)) / weights
    cell = (spacing_mm / fine) ** 2
    pixels = thickness.reshape(height // fine, fine, width // fine, fine).mean(axis=(1, 3))
    offset = np.asarray(first - 0.5 + 0.5 / fine, dtype=np.float64)
    return Silhouette(
        thickness=pixels.astype(np.float32),
        row0=int(first[0]),
        column0=int(first[1]),
        row=float(offset[0] + row / fine),
        column=float(offset[1] + column / fine),
        area_mm2=float(np.count_nonzero(thickness > 0.02 * largest) * cell),
        half_maximum_area_mm2=float(np.count_nonzero(thickness >= 0.5 * largest) * cell),
        largest_mm=float(largest),
        outline=_outline(thickness > 0.02 * largest, offset, fine),
    )


def _outline(mask: NDArray[np.bool_], offset: NDArray[np.float64], fine: int) -> tuple[Point, ...]:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(contours, key=cv2.contourArea)
    points = cv2.approxPolyDP(longest, 0.6, closed=True).reshape(-1, 2)
    return tuple((float(offset[0] + y / fine), float(offset[1] + x / fine)) for x, y in points)


def _fineness(extent: NDArray[np.float64], spacing_mm: float) -> int:
    return int(np.clip(np.ceil(spacing_mm * 40 / float(np.min(extent))), 3, 12))


def _bounds(projected: ProjectedSolid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    flat = projected.axes[:2]
    home = np.array([projected.row_mm, projected.column_mm])
    centers = np.array([flat @ part.center for part in projected.solid.parts])
    reach = np.array([np.linalg.norm(flat @ part.matrix, axis=1) for part in projected.solid.parts])
    return home + (centers - reach).min(axis=0), home + (centers + reach).max(axis=0)


def _thickness(
    projected: ProjectedSolid, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    total = np.zeros((rows.size, columns.size))
    for hollow in (False, True):
        for part in projected.solid.parts:
            if part.hollow is hollow:
                _add_chord(total, projected.axes, part, rows, columns)
    return np.maximum(total, 0.0)


def _add_chord(
    total: NDArray[np.float64],
    axes: NDArray[np.float64],
    part: Ellipsoid,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> None:
    """Join one ellipsoid's chord length to ``total``: the longer of the two, or less it for a cavity."""
    center, reach = axes[:2] @ part.center, np.linalg.norm(axes[:2] @ part.matrix, axis=1)
    inside = [
        slice(*np.searchsorted(line, [middle - half, middle + half]))
        for line, middle, half in zip((rows, columns), center, reach, strict=True)
    ]
    chord = _chord(axes, part, rows[inside[0]], columns[inside[1]])
    window = total[inside[0], inside[1]]
    window[...] = window - chord if part.hollow else np.maximum(window, chord)


def _chord(
    axes: NDArray[np.float64], part: Ellipsoid, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    inverse = np.linalg.inv(part.matrix)
    point = rows[:, None, None] * axes[0] + columns[None, :, None] * axes[1]
    start, step = (point - part.center) @ inverse.T, inverse @ axes[2]
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
    if abs(rise) < 1e-9:
        cell = float(np.ptp(superior[:2, :2]))
        return near, near + (far - near) * np.clip((level - superior) / cell + 0.5, 0, 1)
    crossing = (level - superior) / rise
    if rise > 0:
        return near, np.minimum(far, crossing)
    return np.maximum(near, crossing), far


def render_calcifications(
    solids: Sequence[ProjectedSolid], shape: tuple[int, int], spacing_mm: float
) -> NDArray[np.float32]:
    """Return the thickness of dense calcium in mm over an image with pixels ``spacing_mm`` apart.

    The map is not blurred. Multiplied by an attenuation per mm it adds to the logarithm of the exposure, so
    ``raw * exp(-attenuation * map)`` puts the calcifications into any linear image. What lies outside is cut.
    """
    total = np.zeros(shape, np.float32)
    for projected in solids:
        add_silhouette(total, trace_solid(projected, spacing_mm), projected.solid.density)
    return total


def add_silhouette(total: NDArray[np.float32], silhouette: Silhouette, density: float) -> None:
    """Add one silhouette's thickness times ``density`` to ``total`` in place, cut at the border."""
    height, width = silhouette.thickness.shape
    top, left = max(silhouette.row0, 0), max(silhouette.column0, 0)
    bottom = min(silhouette.row0 + height, total.shape[0])
    right = min(silhouette.column0 + width, total.shape[1])
    if top < bottom and left < right:
        part = silhouette.thickness[
            top - silhouette.row0 : bottom - silhouette.row0,
            left - silhouette.column0 : right - silhouette.column0,
        ]
        total[top:bottom, left:right] += part * np.float32(density)
