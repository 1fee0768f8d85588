"""One compressed view's tissue: how much of the x-rays each path through the breast takes.

The answer is a map of line integrals (attenuation, no unit) on the image's pixels, before blur and noise.
Attenuation coefficients are those near 20 keV (Johns and Yaffe, Phys Med Biol 32:675, 1987).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from calcwatch.domain.views import VIEWS, Beam, is_from_above
from calcwatch.phantom.anatomy import texture_cell_mm
from calcwatch.phantom.geometry import polar_of, project_points, unproject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.phantom.anatomy import Breast, Curve
    from calcwatch.phantom.geometry import ViewGeometry
    from calcwatch.phantom.history.treatment import TreatedState
    from calcwatch.phantom.settings import PhantomSettings

_SUBPIXEL = 16  # steps of a pixel in OpenCV's fixed point with shift=4
_ALIGNMENT = 32  # bytes of a vector register
_TUBE_LEVEL = 200  # gray that a tube is drawn with in 8 bits, taken out again


@dataclass(frozen=True, eq=False)
class ProjectedTissue:
    """The tissue of one view before mirroring, chest wall at column 0.

    Attributes:
        attenuation: Line integral at each pixel.
        depth_mm: Distance inward from the skin line at each pixel, negative outside.
        thickness_mm: Path length in the breast at each pixel.
        nipple_mm: Row and column of its tip, in mm from the center of the top-left pixel.
        pectoral_mm: Outline of the muscle, N x 2, row and column in mm; no rows where none is seen.

    """

    attenuation: NDArray[np.float32]
    depth_mm: NDArray[np.float32]
    thickness_mm: NDArray[np.float32]
    nipple_mm: tuple[float, float]
    pectoral_mm: NDArray[np.float64]


def project_tissue(
    rng: np.random.Generator,
    breast: Breast,
    texture: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    geometry: ViewGeometry,
    usual: ViewGeometry,
    settings: PhantomSettings,
    state: TreatedState | None = None,
) -> ProjectedTissue:
    """Compress the breast into one view and add up what lies on each path.

    Args:
        rng: Where muscle and lymph nodes of the view are drawn from.
        breast: What is compressed.
        texture: Clouds and strands of the view, from ``draw_texture``.
        geometry: How the view lies on this day.
        usual: How it usually lies: the texture is carried from there.
        settings: The phantom's; its image and tissue are used.
        state: What operation and radiation made of the breast, the strands of ``breast`` being those of the
            date already; ``None`` for a breast that was not treated.

    Returns:
        The tissue on the image's pixels.

    """
    numbers = settings.tissue
    tip = project_points(geometry, np.array([[geometry.size.depth_mm, 0.0, 0.0]]))[0]
    nipple = (float(tip[0]), float(tip[1]))
    depth = _depth(breast, geometry, nipple, settings)
    thickness = _slab(depth, geometry.thickness_mm)
    # What is inside the skin on every side, front and back included.
    skin = numbers.skin_mm if state is None else _treated_skin_mm(geometry, state, settings)
    inner = _slab(depth - np.float32(skin), geometry.thickness_mm - 2 * skin)
    pectoral = _draw_pectoral_outline(rng, geometry, settings)
    gland = _gland_thickness(breast, geometry, settings, state)
    # Muscle lies behind the gland: they overlap, so together they are less than their sum.
    extra = np.hypot(gland, _draw_muscle(rng, pectoral, geometry, settings)).astype(np.float32)
    extra += _draw_nodes(rng, geometry, settings)
    if settings.texture:
        clouds, strands = _carried(texture, geometry, usual, settings, state)
        if state is not None:
            strands = strands * np.float32(1 + state.settings.edema_strands * state.edema)
        extra += _texture_mm(gland, inner, clouds, strands, settings)
        extra += _curves(breast, geometry, settings)
    if state is not None:
        extra += _filling_mm(geometry, state, settings)
        extra += inner * np.float32(state.settings.edema_haze * state.edema)
    extra = _at_most(extra, inner, numbers.softness_mm)
    # All is fat first; gland counts only by what it takes more than the fat whose place it has.
    attenuation = np.float32(numbers.fat_per_mm) * inner
    attenuation += np.float32(numbers.skin_per_mm) * (thickness - inner)
    attenuation += np.float32(numbers.gland_per_mm - numbers.fat_per_mm) * extra
    return ProjectedTissue(attenuation, depth, thickness, nipple, pectoral)


def _coarse_axes(
    settings: PhantomSettings, cell_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns in mm of a grid that ``_enlarge`` spreads evenly over the image."""
    spacing = settings.pixel_spacing_mm
    axes = []
    for count in settings.shape:
        number = max(int(np.ceil(count * spacing / cell_mm)), 2)
        # cv2.resize lines up the outer borders of both grids, not the centers of their first cells.
        axes.append(((np.arange(number) + 0.5) * count / number - 0.5) * spacing)
    return axes[0], axes[1]


def _enlarge(values: NDArray[np.float32], settings: PhantomSettings) -> NDArray[np.float32]:
    """A map on a grid of ``_coarse_axes``, on the image's pixels."""
    rows, columns = settings.shape
    return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _depth(
    breast: Breast, geometry: ViewGeometry, nipple: tuple[float, float], settings: PhantomSettings
) -> NDArray[np.float32]:
    """Distance inward from the skin line in mm, smooth across the line itself."""
    numbers = settings.tissue
    rows, columns = _coarse_axes(settings, numbers.skin_grid_mm)
    rho, phi = polar_of(geometry, rows[:, None], columns[None, :])
    radial = (1 - rho) * geometry.skin_radius(phi + geometry.turn)
    # Tissue goes on beyond the image: without a rim of it the border would count as skin.
    rim = numbers.skin_margin_cells
    inside = np.pad((rho < 1).astype(np.uint8), rim, mode="edge")
    cell = float(rows[1] - rows[0])
    signed = (_distance_cells(inside) - _distance_cells(1 - inside))[rim:-rim, rim:-rim]
    signed = (signed * cell).astype(np.float32)
    # Near the line the radial distance over its slope is exact below a cell; deep inside it is no distance.
    begin, length = numbers.radial_depth_mm
    deep = np.clip((np.abs(signed) - begin) / length, 0, 1)
    steep = np.hypot(*np.gradient(radial.astype(np.float32), cell))
    steep = np.asarray(np.maximum(steep, numbers.least_slope), dtype=np.float32)
    smooth = deep * signed + (1 - deep) * (radial / steep)
    bump = _nipple_depth(breast, nipple, rows, columns, settings)
    joint = numbers.nipple_joint_mm
    # A maximum with a rounded joint: nipple and areola meet without a crease.
    smooth = np.maximum(smooth, bump) + np.maximum(joint - np.abs(smooth - bump), 0) ** 2 / (4 * joint)
    return _enlarge(smooth.astype(np.float32), settings)


def _distance_cells(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance to the nearest 0, with the same bytes on every run.

    The last bit of OpenCV's answer depends on where in memory it lies: it is laid on a multiple of 32 bytes.
    """
    size = mask.size * np.dtype(np.float32).itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    distance = memory[start : start + size].view(np.float32).reshape(mask.shape)
    cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE, dst=distance)
    return distance


def _nipple_depth(
    breast: Breast,
    tip: tuple[float, float],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    settings: PhantomSettings,
) -> NDArray[np.float64]:
    """Distance inward from the nipple's own outline in mm; it stands out of the skin line."""
    radius, height = breast.nipple_mm
    power, base = settings.tissue.nipple_power, settings.tissue.nipple_base * radius
    down = np.abs((rows[:, None] - tip[0]) / radius) ** power
    across = np.abs((columns[None, :] - tip[1] + base) / (height + base)) ** power
    return np.asarray(min(radius, height) * (1 - (down + across) ** (1 / power)))


def _slab(depth: NDArray[np.float32], thickness_mm: float | NDArray[np.float32]) -> NDArray[np.float32]:
    """Thickness of a compressed slab whose free edge is round."""
    # A half circle as deep as half the thickness, flat from there on.
    radius = np.float32(thickness_mm / 2)
    edge = np.clip(radius - depth, 0, radius)
    return np.asarray(2 * np.sqrt(radius * radius - edge * edge), dtype=np.float32)


def _treated_skin_mm(
    geometry: ViewGeometry, state: TreatedState, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Thickness of the skin on the image's pixels: more everywhere by edema, and more near the bed."""
    rows, columns = _coarse_axes(settings, settings.tissue.carry_grid_mm)
    skin = np.full((rows.size, columns.size), settings.tissue.skin_mm + state.skin_mm)
    if (bed := state.bed_mm) is not None:
        row, column, _ = project_points(geometry, bed[0][None])[0]
        square = (rows[:, None] - row) ** 2 + (columns[None, :] - column) ** 2
        skin += state.bed_skin_mm * np.exp(-square / (2 * state.settings.bed_skin_reach_mm**2))
    return _enlarge(skin.astype(np.float32), settings)


def _filling_mm(
    geometry: ViewGeometry, state: TreatedState, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Scar or fluid in the cavity, in mm of gland."""
    numbers = state.settings
    rows, columns = _coarse_axes(settings, numbers.ball_grid_mm)
    total = np.zeros((rows.size, columns.size), np.float32)
    if (bed := state.bed_mm) is None:
        return _enlarge(total, settings)
    # Only where the ball can be: twice its radius, since compression spreads it.
    row, column, _ = project_points(geometry, bed[0][None])[0]
    reach = 2 * bed[1] + 4 * numbers.rim_mm
    window = tuple(
        slice(*np.searchsorted(axis, [middle - reach, middle + reach]))
        for axis, middle in ((rows, row), (columns, column))
    )
    rho, phi = polar_of(geometry, rows[window[0], None], columns[None, window[1]])
    depths = np.linspace(-1, 1, numbers.ball_layers) * settings.tissue.gland_depth
    for depth in depths:
        total[window] += state.fills(unproject(geometry, rho, phi, float(depth)))
    share = total * np.float32(state.filling / depths.size)
    return _enlarge(share, settings) * np.float32(geometry.thickness_mm)


def _gland_thickness(
    breast: Breast, geometry: ViewGeometry, settings: PhantomSettings, state: TreatedState | None
) -> NDArray[np.float32]:
    """Gland on each path in mm, from the volume shared by all views."""
    numbers = settings.tissue
    rows, columns = _coarse_axes(settings, numbers.gland_grid_mm)
    rho, phi = polar_of(geometry, rows[:, None], columns[None, :])
    count = np.array(breast.gland.shape) - 1
    depths = np.linspace(-numbers.gland_depth, numbers.gland_depth, numbers.gland_layers)
    # Rays are parallel in the compressed breast; unprojecting bends them back into the uncompressed one.
    total = np.zeros(rho.shape)
    for depth in depths:
        points = unproject(geometry, rho, phi, float(depth))
        material = (points if state is None else state.source(points)) / breast.size.semi_axes_mm
        place = [material[..., 0] * count[0], *((material[..., n] + 1) / 2 * count[n] for n in (1, 2))]
        # constant: outside the volume is no gland.
        shares = map_coordinates(breast.gland, place, order=1, mode="constant")
        total += shares if state is None else shares * (1 - state.fills(points))
    # The strip into the armpit is breast by its outline but holds no gland.
    if not is_from_above(geometry.view):
        begin, length = numbers.armpit_without_gland
        total = total * np.clip((begin - phi - geometry.turn) / length, 0, 1)
    # Mean share of gland on the path, times the path's length.
    mean = (total / depths.size).astype(np.float32)
    return _enlarge(mean, settings) * np.float32(geometry.thickness_mm)


def _at_most(
    extra: NDArray[np.float32], inner: NDArray[np.float32], softness_mm: float
) -> NDArray[np.float32]:
    """Keep gland between none and what fits into the breast, without flattening its texture."""
    # A smooth maximum with 0, then a smooth minimum with what fits.
    some = (extra + np.sqrt(extra**2 + np.float32(softness_mm**2))) / 2
    share = some / np.maximum(inner, np.float32(0.05))
    return np.asarray(inner * share / np.sqrt(np.sqrt(1 + share**4)), dtype=np.float32)


def _carried(
    texture: Sequence[NDArray[np.float32]],
    geometry: ViewGeometry,
    usual: ViewGeometry,
    settings: PhantomSettings,
    state: TreatedState | None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Clouds and strands, carried along with the tissue from its usual position."""
    rows, columns = _coarse_axes(settings, settings.tissue.carry_grid_mm)
    rho, phi = polar_of(geometry, rows[:, None], columns[None, :])
    # Polar coordinates of the tissue, laid out in the usual position: the texture moves with the breast.
    cell, middle = texture_cell_mm(settings), texture[0].shape[0] / 2
    if state is None:
        reach = rho * usual.skin_radius(phi + usual.turn) / cell
        places = middle - reach * np.sin(phi + usual.turn), reach * np.cos(phi + usual.turn)
    else:
        source = _mean_source_mm(geometry, usual, rho, phi, state)
        places = middle + source[..., 0] / cell, source[..., 1] / cell
    down, across = (_enlarge(place.astype(np.float32), settings) for place in places)
    clouds, strands = (
        np.asarray(
            cv2.remap(values, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32
        )
        for values in texture
    )
    return clouds, strands


def _mean_source_mm(
    geometry: ViewGeometry,
    usual: ViewGeometry,
    rho: NDArray[np.float64],
    phi: NDArray[np.float64],
    state: TreatedState,
) -> NDArray[np.float64]:
    """Where the tissue on each path usually lay before the operation, in mm from the chest wall's middle.

    A path holds tissue that was pulled by much and by little; its fine texture, which has no depth, comes
    from their mean.
    """
    # With the beam of the day: texture belongs to a path, and a tilt of the beam does not shift it.
    before = replace(usual, size=state.size, beam_tilt=geometry.beam_tilt)
    depths = state.settings.carried_depths
    total = np.zeros((*rho.shape, 2))
    for depth in depths:
        points = state.source(unproject(geometry, rho, phi, depth))
        total += project_points(before, points.reshape(-1, 3))[:, :2].reshape(total.shape)
    return np.asarray(total / len(depths) - np.array(usual.origin_mm))


def _texture_mm(
    gland: NDArray[np.float32],
    inner: NDArray[np.float32],
    clouds: NDArray[np.float32],
    strands: NDArray[np.float32],
    settings: PhantomSettings,
) -> NDArray[np.float32]:
    """What the fine texture adds, in mm of gland: clouds where gland is, strands in fat too."""
    numbers = settings.tissue
    # Clouds go with the root of the gland: independent lobules on a path add up in variance.
    share = np.minimum(gland / np.maximum(inner, 1), 1)
    in_fat, in_gland = numbers.strands_mm
    result = np.float32(numbers.clouds_mm) * np.sqrt(gland) * clouds
    result += (strands + np.float32(numbers.strand_clouds) * clouds) * (in_fat + in_gland * np.sqrt(share))
    return np.asarray(result, dtype=np.float32)


def _curves(breast: Breast, geometry: ViewGeometry, settings: PhantomSettings) -> NDArray[np.float32]:
    """Ligaments and vessels: extra thickness of gland-like tissue in mm."""
    numbers = settings.tissue
    total = np.zeros(settings.shape, np.float32)
    for curves, limits in (
        (breast.ligaments, numbers.ligament_classes_mm),
        (breast.vessels, numbers.vessel_classes_mm),
    ):
        # A few widths instead of one for each curve: all tubes of a class are drawn and blurred together.
        radius_class = np.digitize([curve.radius_mm for curve in curves], limits)
        for number in range(len(limits) + 1):
            alike = [curve for curve, found in zip(curves, radius_class, strict=True) if found == number]
            if alike:
                _draw_tubes(total, alike, geometry, settings)
    return total


def _draw_tubes(
    total: NDArray[np.float32], curves: Sequence[Curve], geometry: ViewGeometry, settings: PhantomSettings
) -> None:
    """Draw tubes of about one radius as soft lines, on a half-size grid, and add their thickness."""
    numbers = settings.tissue
    cell = 2 * settings.pixel_spacing_mm
    radius = float(np.mean([curve.radius_mm for curve in curves]))
    # Lines are drawn in 8 bits at half the size: a tube is wider than a pixel, and is blurred anyway.
    canvas = np.zeros([length // 2 + 1 for length in settings.shape], np.uint8)
    width = max(round(2 * radius / cell), 1)
    for curve in curves:
        place = project_points(geometry, curve.path)[:, [1, 0]] / cell
        corners = np.round(place * _SUBPIXEL).astype(np.int32)
        cv2.polylines(canvas, [corners], False, _TUBE_LEVEL, width, cv2.LINE_AA, shift=4)
    softness, least_px = numbers.tube_softness
    soft = cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), max(softness * radius / cell, least_px))
    large = cv2.resize(soft, None, fx=2, fy=2)[: total.shape[0], : total.shape[1]]
    total += large * np.float32(2 * radius * numbers.tube_thickness / _TUBE_LEVEL)


def _draw_pectoral_outline(
    rng: np.random.Generator, geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float64]:
    """Polygon of the pectoral muscle in mm: a wedge from the armpit, or in CC now and then a low arc."""
    numbers, (height, width) = settings.tissue, settings.field_mm
    # All is drawn whatever the view needs, so that what is drawn after it does not depend on the view.
    wide, long, bow = (
        rng.uniform(*drawn) for drawn in (numbers.muscle_width, numbers.muscle_length, numbers.muscle_bow)
    )
    seen = rng.random() < numbers.muscle_in_cc
    down = np.linspace(0, 1, numbers.muscle_points)
    if not is_from_above(geometry.view):
        edge = width * (wide * (1 - down) + bow * np.sin(np.pi * down))
        line = np.stack([down * long * height, edge], axis=1)
    elif seen:
        reach, deep = numbers.muscle_arc[0] * geometry.size.radius_mm, numbers.muscle_arc[1]
        rows = geometry.origin_mm[0] + reach * (2 * down - 1)
        line = np.stack([rows, deep * np.sin(np.pi * down) ** 2], axis=1)
    else:
        return np.zeros((0, 2))
    behind = -numbers.muscle_behind_mm
    return np.concatenate([line, [[line[-1, 0], behind], [line[0, 0], behind]]])


def _draw_muscle(
    rng: np.random.Generator, outline: NDArray[np.float64], geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Muscle on each path in mm: thicker away from its edge, with fibers along it."""
    numbers = settings.tissue
    if outline.size == 0:
        return np.zeros(settings.shape, np.float32)
    rows, columns = _coarse_axes(settings, numbers.muscle_grid_mm)
    cell = float(rows[1] - rows[0])
    mask = np.zeros((rows.size, columns.size), np.uint8)
    cv2.fillPoly(mask, [np.round(outline[:, ::-1] / cell * _SUBPIXEL).astype(np.int32)], 1, shift=4)
    rim = numbers.muscle_margin_cells
    away = cv2.distanceTransform(np.pad(mask, rim, mode="edge"), cv2.DIST_L2, 5)[rim:-rim, rim:-rim] * cell
    rise = 1 - np.exp(-away / numbers.muscle_rise_mm)
    if settings.texture:
        rise = rise * (1 + numbers.fiber_contrast * _draw_fibers(rng, outline, rows, columns, settings))
    soft = cv2.GaussianBlur(rise.astype(np.float32), (0, 0), numbers.muscle_softness_cells)
    return _enlarge(np.float32(numbers.muscle_thickness * geometry.thickness_mm) * soft, settings)


def _draw_fibers(
    rng: np.random.Generator,
    outline: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    settings: PhantomSettings,
) -> NDArray[np.float64]:
    """Brightness that wanders from fiber to fiber, along the muscle's edge the same."""
    numbers = settings.tissue
    along = outline[numbers.muscle_points - 1] - outline[0]
    along = along / np.linalg.norm(along)
    offset = rows[:, None] * -along[1] + columns[None, :] * along[0]
    profile = np.cumsum(rng.normal(0, numbers.fiber_step, size=numbers.fiber_count))
    smooth = numbers.fiber_smoothing
    # Slow drift is taken away: it would shade the muscle as a whole.
    profile -= np.convolve(profile, np.ones(smooth) / smooth, mode="same")
    reach = numbers.fiber_reach_mm
    return np.asarray(np.interp(offset, np.linspace(-reach, reach, profile.size), profile))


def _draw_nodes(
    rng: np.random.Generator, geometry: ViewGeometry, settings: PhantomSettings
) -> NDArray[np.float32]:
    """Lymph nodes in the armpit of an oblique view, in mm: beans with a fatty middle, none to two of them."""
    numbers = settings.tissue
    total = np.zeros(settings.shape, np.float32)
    # Only an oblique view reaches far enough into the armpit.
    if VIEWS[geometry.view].beam is not Beam.OBLIQUE:
        return total
    rows, columns = _coarse_axes(settings, numbers.node_grid_mm)
    grid = np.zeros((rows.size, columns.size))
    for _ in range(int(rng.integers(*numbers.node_count, endpoint=True))):
        place = [rng.uniform(*numbers.node_row), rng.uniform(*numbers.node_column)]
        center = np.array(place) * settings.field_mm
        long, short = rng.uniform(*numbers.node_long_mm), rng.uniform(*numbers.node_short_mm)
        turn = rng.uniform(0, np.pi)
        down, across = rows[:, None] - center[0], columns[None, :] - center[1]
        along = down * np.cos(turn) + across * np.sin(turn)
        aside = across * np.cos(turn) - down * np.sin(turn)
        # The chord through an ellipsoid.
        bean = np.sqrt(np.maximum(1 - (along / long) ** 2 - (aside / short) ** 2, 0))
        scale, off, fat = numbers.node_hilum
        hilum = np.maximum(1 - (scale * along / long) ** 2 - (scale * (aside / short - off)) ** 2, 0)
        grid += short * numbers.node_thickness * (bean - fat * hilum)
    return _enlarge(np.maximum(grid, 0).astype(np.float32), settings)
