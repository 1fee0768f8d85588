"""What looks like calcifications in a normal breast: fibrous strands, vessels end-on, moles.

They are drawn on real and synthetic backgrounds as more of what is there anyway, so that a detector meets
many times what a few backgrounds hold a few times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LENGTH_MM, _WIDTH_MM = (3.0, 30.0), (0.06, 0.45)
_CONTRAST = (2.5, 25.0)
_STEP_MM = 0.7
_BUNDLE_SHARE, _KNOT_SHARE = 0.35, 0.6
_KNOT_MM = (0.2, 1.3)
_MOLE_MM = (0.8, 3.0)


def draw_strands(
    rng: np.random.Generator,
    area: NDArray[np.uint8],
    noise: NDArray[np.float32],
    *,
    spacing_mm: float,
    count: int,
) -> NDArray[np.float32]:
    """Gray to add to a picture: ``count`` strands, some in bundles, some ending in a knot, and a few moles.

    ``area``: 1 where they may begin. ``noise``: gray of one sigma of the local noise; the strands' contrast
    is 2.5 to 25 of them. The same generator state gives the same strands.
    """
    added = np.zeros(noise.shape, np.float32)
    rows, columns = np.nonzero(area[::4, ::4])
    for _ in range(count if rows.size else 0):
        chosen = int(rng.integers(rows.size))
        start = np.array([rows[chosen], columns[chosen]]) * 4.0
        level = float(noise[int(start[0]), int(start[1])])
        _add_bundle(rng, added, start, level, spacing_mm)
        if rng.random() < _KNOT_SHARE:
            _add_knot(rng, added, start, level, spacing_mm)
    return added


def _add_bundle(
    rng: np.random.Generator, added: NDArray[np.float32], start: NDArray[np.float64], level: float, mm: float
) -> None:
    angle = rng.uniform(0, 2 * np.pi)
    for number in range(int(rng.integers(2, 5)) if rng.random() < _BUNDLE_SHARE else 1):
        begin = start + (rng.normal(0, 1.5, 2) / mm if number else 0)
        path = _path(rng, begin, angle + rng.normal(0, 0.25), mm)
        height = level * float(np.exp(rng.uniform(*np.log(_CONTRAST))))
        width = float(np.exp(rng.uniform(*np.log(_WIDTH_MM)))) / mm
        _add_line(rng, added, path, height=height, width_px=width)


def _path(
    rng: np.random.Generator, start: NDArray[np.float64], angle: float, mm: float
) -> NDArray[np.float64]:
    """A gently bending path, N x 2, rows and columns in pixels."""
    length = float(np.exp(rng.uniform(*np.log(_LENGTH_MM))))
    count = max(4, round(length / _STEP_MM))
    bend = angle + rng.normal(0, 0.02) * np.arange(count) + np.cumsum(rng.normal(0, 0.05, count))
    steps = np.stack([np.sin(bend), np.cos(bend)], axis=1) * (length / count / mm)
    return np.asarray(start + np.cumsum(steps, axis=0))


def _add_line(
    rng: np.random.Generator,
    added: NDArray[np.float32],
    path: NDArray[np.float64],
    *,
    height: float,
    width_px: float,
) -> None:
    """Add a line that fades at its ends and is uneven along its way."""
    pad = round(4 * width_px) + 4
    low = np.maximum(np.floor(path.min(axis=0)).astype(int) - pad, 0)
    high = np.minimum(np.ceil(path.max(axis=0)).astype(int) + pad, added.shape)
    if (high <= low).any():
        return
    along = np.sin(np.linspace(0, np.pi, len(path))) ** 0.5 * np.clip(1 + rng.normal(0, 0.2, len(path)), 0, 2)
    mask = np.zeros(tuple(high - low), np.uint8)
    corners = np.rint((path - low)[:, ::-1] * 16).astype(int)
    for first, second, share in zip(corners[:-1], corners[1:], along, strict=False):
        cv2.line(mask, first.tolist(), second.tolist(), (int(min(share, 2) * 120),), 1, cv2.LINE_AA, shift=4)
    line = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(width_px, 0.45))
    peak = float(np.quantile(line[line > 0], 0.98)) if (line > 0).any() else 1.0
    added[low[0] : high[0], low[1] : high[1]] += line * np.float32(height / peak)


def _add_knot(
    rng: np.random.Generator, added: NDArray[np.float32], start: NDArray[np.float64], level: float, mm: float
) -> None:
    """Add a soft round thing as a vessel end-on is, or a flat disk with a soft rim as a mole is."""
    mole = rng.random() < 0.2
    size = float(rng.uniform(*(_MOLE_MM if mole else _KNOT_MM))) / mm
    reach = round(3 * size) + 2
    top, left = int(start[0]) - reach, int(start[1]) - reach
    rows = slice(max(top, 0), min(top + 2 * reach + 1, added.shape[0]))
    columns = slice(max(left, 0), min(left + 2 * reach + 1, added.shape[1]))
    y, x = np.mgrid[rows, columns]
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.6, 1.0)
    down, across = y - start[0], x - start[1]
    along, aside = down * np.sin(turn) + across * np.cos(turn), down * np.cos(turn) - across * np.sin(turn)
    distance = np.hypot(along, aside / flat) / size
    rim = np.clip((distance - 1) * rng.uniform(4, 10), -50, 50)
    steep = rng.uniform(1.0, 1.8)  # a vessel end-on has a flatter top than a blurred speck
    shape = 1 / (1 + np.exp(rim)) if mole else np.exp(-(distance ** (2 * steep)) / 2)
    height = level * float(np.exp(rng.uniform(np.log(3.0), np.log(40.0))))
    added[rows, columns] += (height * shape).astype(np.float32)
