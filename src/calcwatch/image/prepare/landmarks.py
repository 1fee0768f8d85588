"""Nipple, pectoral muscle and chest wall of one view: the points that places in the breast are told from.

The chest wall is on the left of the crop and, on an oblique or lateral view, the armpit above (normal
hanging). Everything is done on cells of about half a millimeter: no landmark is known better than that.

The nipple is the point of the skin line that lies forward, stands out of it and has dense tissue behind it.
The muscle is a bright corner whose front edge runs, nearly straight, from the upper border of the picture
down to the chest wall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from calcwatch.domain.findings import Landmarks
from calcwatch.domain.views import side_tilt_degrees
from calcwatch.image.arrays import (
    block_centers,
    block_mean,
    block_to_pixel,
    erode,
    gaussian,
    longest_contour,
)
from calcwatch.image.settings.prepare import LandmarkSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import ViewPosition
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage

CropLandmarks = NewType("CropLandmarks", Landmarks)
"""Landmarks in crop pixels; those of findings are in file pixels."""

_TINY = 1e-9  # keeps a division by zero away; no length or fall of gray is that small


def find_landmarks(
    image: PreparedImage,
    breast: BreastRegion,
    view: ViewPosition | None,
    *,
    settings: LandmarkSettings = LandmarkSettings(),
) -> CropLandmarks | None:
    """Find the nipple, the front edge of the pectoral muscle and the chest wall of one view.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        view: How the breast was imaged: a muscle is looked for only on views from the side, so ``None`` (not
            known) finds none.
        settings: What nipples and muscles look like.

    Returns:
        The landmarks; the line of the chest wall is the muscle's edge where that was found,
        else the border of the picture on the chest side. ``None`` where too short a skin line is seen.
    """
    step = max(1, round(settings.cell_mm / image.working_mm))
    gray = block_mean(image.gray, step)
    mask = np.ascontiguousarray(block_centers(breast.mask, step)[: gray.shape[0], : gray.shape[1]])
    cell_mm = image.working_mm * step
    line = _skin_line(mask, settings)
    if len(line) * cell_mm < settings.min_skin_line_mm:
        return None
    muscle = _muscle_edge(gray, mask, cell_mm, settings) if side_tilt_degrees(view) is not None else None
    # the crop has the chest wall on its left border
    wall = np.array([[0.0, 0.0], [mask.shape[0] - 1.0, 0.0]]) if muscle is None else muscle
    nipple, seen = _nipple(gray, line, wall, cell_mm, settings)
    tip, first, last = (
        (float(row), float(column))
        for row, column in (block_to_pixel(point, step) for point in (nipple, *wall))
    )
    return CropLandmarks(Landmarks(tip, seen, () if muscle is None else (first, last), (first, last)))


def from_nipple(points: NDArray[np.float64], landmarks: Landmarks) -> NDArray[np.float64]:
    """Tell how far points lie behind and above the nipple.

    Behind runs halfway between the picture's own horizontal and the normal of the chest wall line; the
    picture hangs upright (lateral side of a CC view above, armpit above in a view from the side).

    Args:
        points: n x 2, row and column, in the pixels of the landmarks.
        landmarks: Of the same image.

    Returns:
        n x 2: how far behind, how far above, in the same pixels; negative in front and below.
    """
    return np.asarray((points - np.array(landmarks.nipple)) @ _axes(landmarks).T)


def depth_px(landmarks: Landmarks) -> float:
    """Measure how deep a breast is: from the nipple straight back to the chest wall line.

    Args:
        landmarks: Of one image.

    Returns:
        The way in the pixels of the landmarks, 1 or more.
    """
    nipple, (first, last) = np.array(landmarks.nipple), np.array(landmarks.chest_wall)
    normal = _normal(first, last)
    along = float(_axes(landmarks)[0] @ normal)
    # the way runs along the axis, aslant to the wall: longer than the distance by 1 / cosine
    return max(1.0, abs(float((first - nipple) @ normal) / along))


def _axes(landmarks: Landmarks) -> NDArray[np.float64]:
    """Rows: unit vectors backward and upward."""
    nipple, (first, last) = np.array(landmarks.nipple), np.array(landmarks.chest_wall)
    normal = _normal(first, last)
    # a normal has no sign of its own: backward is from the nipple toward the wall
    normal = normal if (first - nipple) @ normal > 0 else -normal
    # on phantoms the axis is the horizontal, in a breast nearer to the normal (decision 12)
    backward = _halfway(normal)
    # up is to smaller rows, whichever side the chest wall is on: landmarks of a file may be mirrored
    upward = np.array([-abs(backward[1]), np.sign(backward[1]) * backward[0]])
    return np.stack([backward, upward])


def _normal(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normal of the line between two points."""
    down, right = last - first
    return np.array([-right, down]) / max(float(np.hypot(down, right)), _TINY)


def _halfway(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector halfway between a direction and the picture's horizontal on the same side."""
    both = normal + np.array([0.0, 1.0 if normal[1] >= 0 else -1.0])
    return np.asarray(both / np.hypot(*both))


def _skin_line(mask: NDArray[np.uint8], settings: LandmarkSettings) -> NDArray[np.float64]:
    """Cells (n x 2) of the rim between breast and air, from above to below, a cell apart; may be empty."""
    rim = longest_contour(mask)[:, ::-1]
    if not len(rim):
        return np.zeros((0, 2))
    # along the chest wall, the top and the bottom the picture ends, not the breast
    at_border = (
        (rim[:, 1] < settings.border_cells)
        | (rim[:, 0] < settings.border_cells)
        | (rim[:, 0] >= mask.shape[0] - settings.border_cells)
    )
    if at_border.any():  # the rim is closed: begin where no piece is cut in two
        first = int(np.argmax(at_border))
        rim, at_border = np.roll(rim, -first, axis=0), np.roll(at_border, -first)
    ends = np.flatnonzero(np.diff(at_border.astype(np.int8))) + 1
    pieces = zip(np.split(rim, ends), at_border[np.concatenate([[0], ends])], strict=True)
    free = [piece for piece, border in pieces if not border]
    if not free:
        return np.zeros((0, 2))
    # the border may cut the rim into pieces: the longest is the skin line
    line = max(free, key=len).astype(np.float64)
    # OpenCV goes round either way, and _outward relies on above to below
    return _evenly(line if line[0, 0] <= line[-1, 0] else line[::-1])


def _evenly(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same line with points one cell apart."""
    # steps of the rim are 1 or 1.41 cells long; a Gaussian along it needs even steps
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.arange(0.0, along[-1] + _TINY)
    return np.stack([np.interp(places, along, line[:, 0]), np.interp(places, along, line[:, 1])], axis=1)


def _nipple(
    gray: NDArray[np.float32],
    line: NDArray[np.float64],
    wall: NDArray[np.float64],
    cell_mm: float,
    settings: LandmarkSettings,
) -> tuple[NDArray[np.float64], bool]:
    """The likeliest cell of the skin line, and whether it stands out of it."""
    # mode nearest: the line is open and must not be joined end to end
    fine = gaussian_filter1d(line, settings.skin_fine_mm / cell_mm, axis=0, mode="nearest")
    wide = gaussian_filter1d(line, settings.skin_wide_mm / cell_mm, axis=0, mode="nearest")
    outward = _outward(wide)
    bump = _bump(fine, wide, outward, cell_mm, settings)
    forward = fine @ _halfway(_normal(*wall)) * cell_mm  # the way a nipple points
    density = _density_behind(gray, wide, outward, cell_mm, settings)
    # capped, or a fold would outweigh everything else
    standing_out = np.clip(bump, 0.0, settings.max_nipple_bump_mm)
    score = (
        settings.forward_weight * forward
        + settings.bump_weight * standing_out
        + settings.density_weight * density
    )
    best = int(np.argmax(score))
    return wide[best], bool(bump[best] >= settings.nipple_bump_mm)


def _outward(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normals of a line that runs from above to below, pointing away from the chest wall."""
    down, right = np.gradient(line, axis=0).T
    length = np.maximum(np.hypot(down, right), _TINY)
    return np.stack([-right / length, down / length], axis=1)


def _bump(
    fine: NDArray[np.float64],
    wide: NDArray[np.float64],
    outward: NDArray[np.float64],
    cell_mm: float,
    settings: LandmarkSettings,
) -> NDArray[np.float64]:
    """How far each point stands out of the line round it, in mm; the roundness of the breast left out."""
    offset = ((fine - wide) * outward).sum(axis=1) * cell_mm
    # blurring a convex line moves all of it inward: the median is how far, where there is no nipple
    size = round(settings.bump_window * settings.skin_wide_mm / cell_mm) | 1
    return np.asarray(offset - median_filter(offset, size, mode="nearest"))


def _density_behind(
    gray: NDArray[np.float32],
    line: NDArray[np.float64],
    outward: NDArray[np.float64],
    cell_mm: float,
    settings: LandmarkSettings,
) -> NDArray[np.float64]:
    """How bright the tissue behind each point of the skin line is, in standard deviations along the line."""
    depths = np.arange(*settings.behind_nipple_mm) / cell_mm
    places = line[:, None] - depths[None, :, None] * outward[:, None]
    # averaged over depths: ducts and dense tissue gather behind the nipple
    bright = _nearest(gray, places).mean(axis=1)
    bright = gaussian_filter1d(bright, settings.density_sigma_mm / cell_mm, mode="nearest")
    # in deviations along this very line, since some breasts are dense all over
    return np.asarray((bright - bright.mean()) / max(float(bright.std()), 1e-6))  # an even breast gives 0


def _nearest(
    picture: NDArray[np.float32] | NDArray[np.uint8], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values at the nearest cell; places beyond the border take the border's."""
    row = np.clip(np.rint(places[..., 0]), 0, picture.shape[0] - 1).astype(np.intp)
    column = np.clip(np.rint(places[..., 1]), 0, picture.shape[1] - 1).astype(np.intp)
    return np.asarray(picture[row, column], np.float64)


def _muscle_edge(
    gray: NDArray[np.float32], mask: NDArray[np.uint8], cell_mm: float, settings: LandmarkSettings
) -> NDArray[np.float64] | None:
    """Upper and lower end (cells) of the muscle's front edge as a straight line, ``None`` where none is seen.

    Of all straight lines from the upper border to the chest wall it is the one along which gray falls off
    toward the nipple most evenly: a short steep fall speaks for a vessel or a fold.
    """
    smooth = gaussian(gray, settings.muscle_sigma_mm / cell_mm)
    # near the skin gray falls off toward the nipple as well, along any line
    inside = erode(mask, round(settings.muscle_skin_mm / cell_mm))
    tops, feet = _possible_edges(mask.shape, cell_mm, settings)
    if tops.size == 0 or not inside.any():
        return None
    parts = np.linspace(*settings.muscle_samples)
    # along each line from the chest wall up to the border above, all lines at once
    places = np.stack([feet[:, None] * parts, tops[:, None] * (1 - parts)], axis=2)
    # normal of each line, pointing away from the muscle
    forward = np.stack([tops, feet], axis=1)[:, None] / np.hypot(tops, feet)[:, None, None]
    slopes = [_nearest(np.asarray(slope, np.float32), places) for slope in np.gradient(smooth)]
    fall = -(np.stack(slopes, axis=2) * forward).sum(axis=2) * (_nearest(inside, places) > 0)
    scale = settings.muscle_fall_scale * float(np.abs(fall).mean()) + _TINY
    # tanh: a fall all along the line outweighs a single steep place
    agreement = np.tanh(fall / scale).mean(axis=1)
    best = int(np.argmax(agreement * (feet + tops) ** settings.muscle_length_exponent))
    across = forward[best] * settings.muscle_across_mm / cell_mm
    # some line is always the best: it is a muscle only if it is brighter behind than before
    if _brightness_step(smooth, inside, places[best], across) < settings.min_muscle_step:
        return None
    return np.array([[0.0, tops[best]], [feet[best], 0.0]])


def _possible_edges(
    shape: tuple[int, ...], cell_mm: float, settings: LandmarkSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Columns on the upper border and rows on the chest side between which a muscle's edge may run."""
    tops, feet = (
        ends.ravel() / cell_mm
        for ends in np.meshgrid(
            np.arange(*settings.muscle_top_mm), np.arange(*settings.muscle_foot_mm), indexing="ij"
        )
    )
    fits = (feet >= settings.muscle_steepness[0] * tops) & (feet <= settings.muscle_steepness[1] * tops)
    fits &= (feet < settings.max_muscle_foot * shape[0]) & (tops < shape[1])
    return tops[fits], feet[fits]


def _brightness_step(
    smooth: NDArray[np.float32],
    inside: NDArray[np.uint8],
    places: NDArray[np.float64],
    across: NDArray[np.float64],
) -> float:
    """How much brighter it is behind the edge than before it, as a share of the breast's mean gray."""
    used = places[_nearest(inside, places) > 0]
    if len(used) == 0:
        return 0.0
    step = _nearest(smooth, used - across).mean() - _nearest(smooth, used + across).mean()
    return float(step) / max(float(smooth[inside > 0].mean()), 1e-6)
