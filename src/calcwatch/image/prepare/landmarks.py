"""Nipple, pectoral muscle and chest wall of one view: the points that places in the breast are told from.

The chest wall is on the left of the crop and, on an oblique or lateral view, the armpit above (normal
hanging). Everything is done on pixels of about half a millimeter: no landmark is known better than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from calcwatch.domain.findings import Landmarks
from calcwatch.domain.views import side_tilt_degrees
from calcwatch.image.arrays import erode, gaussian
from calcwatch.image.settings.prepare import LandmarkSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point, ViewPosition
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import NormalizedImage


# The muscle: a bright corner whose front edge runs from the upper border down to the chest wall.

# The nipple: forward, standing out of the skin line, with dense tissue behind it.


def find_landmarks(
    image: NormalizedImage,
    breast: BreastRegion,
    view: ViewPosition | None,
    *,
    settings: LandmarkSettings = LandmarkSettings(),
) -> Landmarks | None:
    """Nipple, muscle and chest wall in pixels of the crop; ``None`` where no skin line is seen.

    ``view``: a muscle is looked for only on views from the side, so ``None`` (not known) finds none. The
    chest wall line is the muscle's edge where that was found, else the image's border on the chest side.
    """
    step = max(1, round(settings.cell_mm / image.working_mm))
    gray, mask = _reduced(image.gray, breast.mask, step)
    cell_mm = image.working_mm * step
    line = _skin_line(mask)
    if len(line) * cell_mm < settings.min_skin_line_mm:
        return None
    muscle = _muscle_edge(gray, mask, cell_mm, settings) if side_tilt_degrees(view) is not None else None
    wall = np.array([[0.0, 0.0], [mask.shape[0] - 1.0, 0.0]]) if muscle is None else muscle
    nipple, seen = _nipple(gray, line, wall, cell_mm, settings)
    tip, first, last = (_in_crop(point, step) for point in (nipple, *wall))
    return Landmarks(tip, seen, () if muscle is None else (first, last), (first, last))


def from_nipple(points: NDArray[np.float64], landmarks: Landmarks) -> NDArray[np.float64]:
    """How far points (n x 2) lie behind and above the nipple, n x 2, in the pixels of the landmarks.

    Behind runs halfway between the picture's own horizontal and the normal of the chest wall line; the
    picture hangs upright (lateral side of a CC view above, armpit above in a view from the side).
    """
    return np.asarray((points - np.array(landmarks.nipple)) @ _axes(landmarks).T)


def depth_px(landmarks: Landmarks) -> float:
    """From the nipple straight back to the chest wall line, in pixels, 1 or more."""
    nipple, (first, last) = np.array(landmarks.nipple), np.array(landmarks.chest_wall)
    normal = _normal(first, last)
    along = float(_axes(landmarks)[0] @ normal)
    return max(1.0, abs(float((first - nipple) @ normal) / along))


def _reduced(
    gray: NDArray[np.float32], mask: NDArray[np.uint8], step: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Picture and mask on pixels ``step`` times as large; what is left over at the far borders is cut off."""
    rows, columns = (max(1, length // step) for length in gray.shape)
    used = gray[: rows * step, : columns * step]
    small = cv2.resize(used, (columns, rows), interpolation=cv2.INTER_AREA)
    thin = mask[step // 2 :: step, step // 2 :: step][:rows, :columns]
    return np.asarray(small, np.float32), np.ascontiguousarray(thin)


def _in_crop(cell: NDArray[np.float64], step: int) -> Point:
    row, column = (cell + 0.5) * step - 0.5
    return float(row), float(column)


def _axes(landmarks: Landmarks) -> NDArray[np.float64]:
    """Rows: unit vectors backward and upward."""
    nipple, (first, last) = np.array(landmarks.nipple), np.array(landmarks.chest_wall)
    normal = _normal(first, last)
    normal = normal if (first - nipple) @ normal > 0 else -normal
    backward = _halfway(normal)
    upward = np.array([-abs(backward[1]), np.sign(backward[1]) * backward[0]])
    return np.stack([backward, upward])


def _normal(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    down, right = last - first
    return np.array([-right, down]) / max(float(np.hypot(down, right)), 1e-9)


def _halfway(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector halfway between a direction and the picture's horizontal on the same side."""
    both = normal + np.array([0.0, 1.0 if normal[1] >= 0 else -1.0])
    return np.asarray(both / np.hypot(*both))


def _skin_line(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Points (row, column) of the rim between breast and air, from above to below, a cell apart."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2))
    rim = max(contours, key=len)[:, 0, ::-1]
    at_border = (rim[:, 1] <= 1) | (rim[:, 0] <= 1) | (rim[:, 0] >= mask.shape[0] - 2)
    if at_border.any():
        first = int(np.argmax(at_border))
        rim, at_border = np.roll(rim, -first, axis=0), np.roll(at_border, -first)
    pieces = np.split(rim, np.flatnonzero(np.diff(at_border.astype(np.int8))) + 1)
    free = [piece for piece, border in zip(pieces, _firsts(at_border), strict=True) if not border]
    if not free:
        return np.zeros((0, 2))
    line = max(free, key=len).astype(np.float64)
    return _evenly(line if line[0, 0] <= line[-1, 0] else line[::-1])


def _firsts(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mark of each run of equal marks."""
    return np.asarray(marks[np.concatenate([[0], np.flatnonzero(np.diff(marks.astype(np.int8))) + 1])])


def _evenly(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same line with points one cell apart."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.arange(0.0, along[-1] + 1e-9)
    return np.stack([np.interp(places, along, line[:, 0]), np.interp(places, along, line[:, 1])], axis=1)


def _nipple(
    gray: NDArray[np.float32],
    line: NDArray[np.float64],
    wall: NDArray[np.float64],
    cell_mm: float,
    settings: LandmarkSettings,
) -> tuple[NDArray[np.float64], bool]:
    """The likeliest point of the skin line, and whether it stands out of it."""
    fine = gaussian_filter1d(line, settings.skin_fine_mm / cell_mm, axis=0, mode="nearest")
    wide = gaussian_filter1d(line, settings.skin_wide_mm / cell_mm, axis=0, mode="nearest")
    outward = _outward(wide)
    bump = _bump(fine, wide, outward, cell_mm, settings)
    forward = fine @ _halfway(_normal(*wall)) * cell_mm  # the way a nipple points
    density = _density_behind(gray, wide, outward, cell_mm, settings)
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
    length = np.maximum(np.hypot(down, right), 1e-9)
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
    size = round(3 * settings.skin_wide_mm / cell_mm) | 1
    return np.asarray(offset - median_filter(offset, size, mode="nearest"))


def _density_behind(
    gray: NDArray[np.float32],
    line: NDArray[np.float64],
    outward: NDArray[np.float64],
    cell_mm: float,
    settings: LandmarkSettings,
) -> NDArray[np.float64]:
    """How bright the tissue behind each point of the skin line is, in standard deviations along the line."""
    depths = np.arange(*settings.behind_nipple_mm, 1.0) / cell_mm
    places = line[:, None] - depths[None, :, None] * outward[:, None]
    bright = _look_up(gray, places).mean(axis=1)
    bright = gaussian_filter1d(bright, 4.0 / cell_mm, mode="nearest")
    return np.asarray((bright - bright.mean()) / max(float(bright.std()), 1e-6))


def _look_up(
    picture: NDArray[np.float32] | NDArray[np.uint8], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values at the nearest pixel; places beyond the border take the border's."""
    row = np.clip(np.rint(places[..., 0]), 0, picture.shape[0] - 1).astype(np.intp)
    column = np.clip(np.rint(places[..., 1]), 0, picture.shape[1] - 1).astype(np.intp)
    return np.asarray(picture[row, column], np.float64)


def _muscle_edge(
    gray: NDArray[np.float32], mask: NDArray[np.uint8], cell_mm: float, settings: LandmarkSettings
) -> NDArray[np.float64] | None:
    """Upper and lower end of the muscle's front edge as a straight line, ``None`` where none is seen."""
    smooth = gaussian(gray, settings.muscle_sigma_mm / cell_mm)
    inside = erode(mask, round(settings.muscle_skin_mm / cell_mm))
    tops, feet = _possible_edges(mask.shape, cell_mm, settings)
    if tops.size == 0 or not inside.any():
        return None
    parts = np.linspace(*settings.muscle_samples)
    places = np.stack([feet[:, None] * parts, tops[:, None] * (1 - parts)], axis=2)
    forward = np.stack([tops, feet], axis=1)[:, None] / np.hypot(tops, feet)[:, None, None]
    slopes = [_look_up(np.asarray(slope, np.float32), places) for slope in np.gradient(smooth)]
    fall = -(np.stack(slopes, axis=2) * forward).sum(axis=2) * (_look_up(inside, places) > 0)
    agreement = np.tanh(fall / (2 * float(np.abs(fall).mean()) + 1e-9)).mean(axis=1)
    best = int(np.argmax(agreement * (feet + tops) ** 0.25))
    if (
        _step(smooth, inside, places[best], forward[best] * settings.muscle_across_mm / cell_mm)
        < settings.min_muscle_step
    ):
        return None
    return np.array([[0.0, tops[best]], [feet[best], 0.0]])


def _possible_edges(
    shape: tuple[int, ...], cell_mm: float, settings: LandmarkSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Columns on the upper border and rows on the chest side between which a muscle's edge may run."""
    tops, feet = (
        each.ravel() / cell_mm
        for each in np.meshgrid(
            np.arange(*settings.muscle_top_mm), np.arange(*settings.muscle_foot_mm), indexing="ij"
        )
    )
    fits = (feet >= settings.muscle_steepness[0] * tops) & (feet <= settings.muscle_steepness[1] * tops)
    fits &= (feet < 1.05 * shape[0]) & (tops < shape[1])
    return tops[fits], feet[fits]


def _step(
    smooth: NDArray[np.float32],
    inside: NDArray[np.uint8],
    places: NDArray[np.float64],
    across: NDArray[np.float64],
) -> float:
    """How much brighter it is behind the edge than before it, as a share of the breast's mean gray."""
    used = places[_look_up(inside, places) > 0]
    if len(used) == 0:
        return 0.0
    step = _look_up(smooth, used - across).mean() - _look_up(smooth, used + across).mean()
    return float(step) / max(float(smooth[inside > 0].mean()), 1e-6)
