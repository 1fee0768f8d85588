"""One compressed view's tissue: how much of the x-rays each path through the breast takes.

The answer is a map of line integrals (attenuation, no unit) on the image's pixels, before blur and noise.
Attenuation coefficients are those near 20 keV (Johns and Yaffe, Phys Med Biol 32:675, 1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from calcwatch.domain.image import ViewPosition
from calcwatch.phantom.anatomy import GLAND_SHAPE, Breast, Curve, Texture
from calcwatch.phantom.geometry import ViewGeometry, polar_of, project_points, unproject
from calcwatch.phantom.settings import PhantomSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FAT_PER_MM = 0.0456
"""Linear attenuation of fat; equalization fills up with it."""
_GLAND_PER_MM = 0.0802
_SKIN_PER_MM = 0.0720
_SKIN_MM = 1.2
_COARSE_MM = 0.28
_GLAND_GRID_MM = 1.6
_SOFT_MM = 2.0


@dataclass(frozen=True, eq=False)
class Tissue:
    """The tissue of one view, left breast orientation.

    ``attenuation``: line integral. ``depth_mm``: distance inward from the skin line (negative outside).
    ``thickness_mm``: path length in the breast. ``nipple_mm``: (row, column) of its tip. ``pectoral_mm``:
    polygon of (row, column), empty where no muscle is seen.
    """

    attenuation: NDArray[np.float32]
    depth_mm: NDArray[np.float32]
    thickness_mm: NDArray[np.float32]
    nipple_mm: tuple[float, float]
    pectoral_mm: NDArray[np.float64]


def image_tissue(
    rng: np.random.Generator,
    breast: Breast,
    texture: Texture,
    *,
    geometry: ViewGeometry,
    usual: ViewGeometry,
    settings: PhantomSettings,
) -> Tissue:
    """Compress the breast into one view and add up what lies on each path."""
    nipple = _nipple_mm(geometry)
    depth = _depth(breast, geometry, nipple, settings)
    thickness = _slab(depth, geometry.thickness_mm)
    inner = _slab(depth - np.float32(_SKIN_MM), geometry.thickness_mm - 2 * _SKIN_MM)
    pectoral = _pectoral_line(rng, geometry, settings)
    gland = _gland_thickness(breast, geometry, settings)
    extra = np.hypot(gland, _pectoral(rng, pectoral, geometry, settings)).astype(np.float32)
    extra += _nodes(rng, geometry, settings)
    if settings.texture:
        fine, strands = _carried(texture, geometry, usual, settings)
        extra += _texture_mm(gland, inner, fine, strands)
        extra += _curves(breast, geometry, settings)
    extra = _at_most(extra, inner)
    attenuation = np.float32(FAT_PER_MM) * inner + np.float32(_SKIN_PER_MM) * (thickness - inner)
    attenuation += np.float32(_GLAND_PER_MM - FAT_PER_MM) * extra
    return Tissue(attenuation, depth, thickness, nipple, pectoral)


def coarse_axes(settings: PhantomSettings, cell_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mm of the rows and columns of a grid that ``enlarge`` spreads evenly over the image."""
    spacing = settings.pixel_spacing_mm
    axes = []
    for count in settings.shape:
        number = max(int(np.ceil(count * spacing / cell_mm)), 2)
        axes.append(((np.arange(number) + 0.5) * count / number - 0.5) * spacing)
    return axes[0], axes[1]


def enlarge(values: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """Return a map on a grid of ``coarse_axes`` on the image's pixels."""
    rows, columns = settings.shape
    return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _depth(
    breast: Breast, geometry: ViewGeometry, nipple: tuple[float, float], settings: PhantomSettings
) -> NDArray[np.float32]:
    """Distance inward from the skin line in mm, smooth across the line itself."""
    rows, columns = coarse_axes(settings, _COARSE_MM)
    rho, phi = polar_of(geometry, rows[:, None], columns[None, :])
    radial = (1 - rho) * geometry.skin_radius(phi + geometry.tilt)
    inside = np.pad((rho < 1).astype(np.uint8), 160, mode="edge")
    cell = float(rows[1] - rows[0])
    away = [cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for mask in (inside, 1 - inside)]
    signed = ((away[0] - away[1])[160:-160, 160:-160] * cell).astype(np.float32)
    deep = np.clip((np.abs(signed) - 3.0) / 4.0, 0, 1)
    steep = _slope(radial.astype(np.float32), cell)
    smooth = deep * signed + (1 - deep) * (radial / steep)
    bump = _nipple_depth(breast, nipple, rows, columns)
    smooth = np.maximum(smooth, bump) + np.maximum(3 - np.abs(smooth - bump), 0) ** 2 / 12
    return enlarge(smooth.astype(np.float32), settings)


def _slope(values: NDArray[np.float32], cell: float) -> NDArray[np.float32]:
    down, across = np.gradient(values, cell)
    return np.asarray(np.maximum(np.hypot(down, across), 0.2), dtype=np.float32)


def _slab(depth: NDArray[np.float32], thickness_mm: float) -> NDArray[np.float32]:
    """Thickness of a compressed slab whose free edge is round."""
    radius = np.float32(thickness_mm / 2)
    edge = np.clip(radius - depth, 0, radius)
    return np.asarray(2 * np.sqrt(radius * radius - edge * edge), dtype=np.float32)


def _gland_thickness(
    breast: Breast, geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Gland on each path in mm, from the volume shared by all views."""
    rows, columns = coarse_axes(settings, _GLAND_GRID_MM)
    rho, phi = polar_of(geometry, rows[:, None], columns[None, :])
    depths = np.linspace(-0.95, 0.95, 20)
    total = np.zeros(rho.shape)
    for depth in depths:
        points = unproject(geometry, rho, phi, float(depth))
        total += _sample_gland(breast, points)
    below_armpit = (
        1.0 if geometry.view is ViewPosition.CC else np.clip((1.2 - phi - geometry.tilt) / 0.35, 0, 1)
    )
    mean = (total * below_armpit / depths.size).astype(np.float32)
    return enlarge(mean, settings) * np.float32(geometry.thickness_mm)


def _sample_gland(breast: Breast, points: NDArray[np.float64]) -> NDArray[np.float64]:
    count = np.array(GLAND_SHAPE) - 1
    x = points[..., 0] / breast.size.depth_mm * count[0]
    y = (points[..., 1] / breast.size.radius_mm + 1) / 2 * count[1]
    z = (points[..., 2] / breast.size.radius_mm + 1) / 2 * count[2]
    return np.asarray(map_coordinates(breast.gland, [x, y, z], order=1, mode="constant"))


def _at_most(extra: NDArray[np.float32], inner: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep gland between none and what fits into the breast, without flattening its texture."""
    some = (extra + np.sqrt(extra**2 + np.float32(_SOFT_MM**2))) / 2
    share = some / np.maximum(inner, np.float32(0.05))
    return np.asarray(inner * share / np.sqrt(np.sqrt(1 + share**4)), dtype=np.float32)


def _carried(
    texture: Texture, geometry: ViewGeometry, usual: ViewGeometry, settings: PhantomSettings
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the fine texture and the strands, carried along with the tissue from its usual position."""
    rows, columns = coarse_axes(settings, 2.0)
    rho, phi = polar_of(geometry, rows[:, None], columns[None, :])
    reach = rho * usual.skin_radius(phi + usual.tilt) / texture.cell_mm
    middle = texture.fine.shape[0] / 2
    across = enlarge((reach * np.cos(phi + usual.tilt)).astype(np.float32), settings)
    down = enlarge((middle - reach * np.sin(phi + usual.tilt)).astype(np.float32), settings)
    fine, strands = (
        cv2.remap(values, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for values in (texture.fine, texture.strands)
    )
    return np.asarray(fine, dtype=np.float32), np.asarray(strands, dtype=np.float32)


def _texture_mm(
    gland: NDArray[np.float32],
    inner: NDArray[np.float32],
    fine: NDArray[np.float32],
    strands: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return what the fine texture adds, in mm of gland: clouds where gland is, strands in fat too."""
    share = np.minimum(gland / np.maximum(inner, 1), 1)
    result = np.float32(0.42) * np.sqrt(gland) * fine
    result += (strands + np.float32(0.25) * fine) * (4 + 3 * np.sqrt(share))
    return np.asarray(result, dtype=np.float32)


def _curves(breast: Breast, geometry: ViewGeometry, settings: PhantomSettings) -> NDArray[np.float32]:
    """Ligaments and vessels: extra thickness of gland-like tissue in mm."""
    total = np.zeros(settings.shape, np.float32)
    for curves, bins in ((breast.ligaments, (0.18, 0.27)), (breast.vessels, (0.7, 0.9))):
        for part in _by_radius(curves, bins):
            _draw_tubes(total, part, geometry, settings)
    return total


def _by_radius(curves: Sequence[Curve], bins: tuple[float, float]) -> list[list[Curve]]:
    parts: list[list[Curve]] = [[], [], []]
    for curve in curves:
        parts[int(np.digitize(curve.radius_mm, bins))].append(curve)
    return [part for part in parts if part]


def _draw_tubes(
    total: NDArray[np.float32], curves: list[Curve], geometry: ViewGeometry, settings: PhantomSettings
) -> None:
    """Draw tubes of about one radius as soft lines, on a half-size grid, and add their thickness."""
    cell = 2 * settings.pixel_spacing_mm
    radius = float(np.mean([curve.radius_mm for curve in curves]))
    canvas = np.zeros([length // 2 + 1 for length in settings.shape], np.uint8)
    width = max(round(2 * radius / cell), 1)
    for curve in curves:
        place = project_points(geometry, curve.path)[:, [1, 0]] / cell
        cv2.polylines(
            canvas, [np.round(place * 16).astype(np.int32)], False, 200, width, cv2.LINE_AA, shift=4
        )
    soft = cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), max(0.35 * radius / cell, 0.4))
    large = cv2.resize(soft, None, fx=2, fy=2)[: total.shape[0], : total.shape[1]]
    total += large * np.float32(2 * radius * 0.85 / 200)


def _pectoral_line(
    rng: np.random.Generator, geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float64]:
    """Polygon of the pectoral muscle in mm: a wedge from the armpit, or in CC now and then a low arc."""
    height, _ = settings.field_mm
    wide, long, bow = rng.uniform(0.26, 0.42), rng.uniform(0.5, 0.72), rng.uniform(0.0, 0.05)
    seen = rng.random() < 0.3
    down = np.linspace(0, 1, 40)
    if geometry.view is not ViewPosition.CC:
        edge = settings.field_mm[1] * (wide * (1 - down) + bow * np.sin(np.pi * down))
        line = np.stack([down * long * height, edge], axis=1)
    elif seen:
        center, reach = geometry.origin_mm[0], 0.5 * geometry.size.radius_mm
        line = np.stack([center + reach * (2 * down - 1), 7.0 * np.sin(np.pi * down) ** 2], axis=1)
    else:
        return np.zeros((0, 2))
    return np.concatenate([line, [[line[-1, 0], -5.0], [line[0, 0], -5.0]]])


def _pectoral(
    rng: np.random.Generator, polygon: NDArray[np.float64], geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Muscle on each path in mm: thicker away from its edge, with fibers along it."""
    if polygon.size == 0:
        return np.zeros(settings.shape, np.float32)
    rows, columns = coarse_axes(settings, 0.5)
    cell = float(rows[1] - rows[0])
    mask = np.zeros((rows.size, columns.size), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon[:, ::-1] / cell * 16).astype(np.int32)], 1, shift=4)
    away = cv2.distanceTransform(np.pad(mask, 60, mode="edge"), cv2.DIST_L2, 5)[60:-60, 60:-60] * cell
    rise = 1 - np.exp(-away / 9.0)
    if settings.texture:
        rise = rise * (1 + 0.035 * _fibers(rng, polygon, rows, columns))
    muscle = np.float32(0.45 * geometry.thickness_mm) * cv2.GaussianBlur(rise.astype(np.float32), (0, 0), 1.0)
    return enlarge(muscle, settings)


def _fibers(
    rng: np.random.Generator,
    polygon: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> NDArray[np.float64]:
    along = polygon[39] - polygon[0]
    along = along / np.linalg.norm(along)
    offset = rows[:, None] * -along[1] + columns[None, :] * along[0]
    profile = np.cumsum(rng.normal(0, 0.35, size=900))
    profile -= np.convolve(profile, np.ones(60) / 60, mode="same")
    return np.asarray(np.interp(offset, np.linspace(-300, 300, profile.size), profile))


def _nodes(
    rng: np.random.Generator, geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Lymph nodes in the armpit of an oblique view, in mm: beans with a fatty middle, none to two of them."""
    total = np.zeros(settings.shape, np.float32)
    if geometry.view is not ViewPosition.MLO:
        return total
    rows, columns = coarse_axes(settings, 0.5)
    grid = np.zeros((rows.size, columns.size))
    for _ in range(int(rng.integers(0, 3))):
        center = np.array([rng.uniform(0.04, 0.22), rng.uniform(0.08, 0.3)]) * settings.field_mm
        long, short, turn = rng.uniform(4, 8), rng.uniform(2.5, 4), rng.uniform(0, np.pi)
        down, across = rows[:, None] - center[0], columns[None, :] - center[1]
        along, aside = (
            down * np.cos(turn) + across * np.sin(turn),
            across * np.cos(turn) - down * np.sin(turn),
        )
        bean = np.sqrt(np.maximum(1 - (along / long) ** 2 - (aside / short) ** 2, 0))
        hilum = np.maximum(1 - (2 * along / long) ** 2 - (2 * (aside / short - 0.3)) ** 2, 0)
        grid += short * 1.4 * (bean - 0.5 * hilum)
    return enlarge(np.maximum(grid, 0).astype(np.float32), settings)


def _nipple_mm(geometry: ViewGeometry) -> tuple[float, float]:
    tip = project_points(geometry, np.array([[geometry.size.depth_mm, 0.0, 0.0]]))[0]
    return float(tip[0]), float(tip[1])


def _nipple_depth(
    breast: Breast, tip: tuple[float, float], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance inward from the nipple's own outline in mm; it stands out of the skin line."""
    radius, height = breast.nipple_mm
    down = np.abs((rows[:, None] - tip[0]) / radius) ** 2.3
    across = np.abs((columns[None, :] - tip[1] + 0.3 * radius) / (height + 0.3 * radius)) ** 2.3
    return np.asarray(min(radius, height) * (1 - (down + across) ** (1 / 2.3)))
