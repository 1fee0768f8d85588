"""Calcifications put into an image that has none: a known truth on a real background.

Attenuation adds in the logarithm of the exposure, which a mammogram For Presentation shows nearly linearly:
the logarithm of the blurred transmission, times the gray a unit of attenuation makes, is added to the gray.
Less radiation behind a calcification means more noise there, so noise is added too. A blank insertion gets
that noise and no calcification, so that nobody can learn the insertion's own trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.arrays import local_noise
from calcwatch.phantom.record import CALCIUM_PER_MM
from calcwatch.phantom.scatter import Scatter, draw_scatter
from calcwatch.phantom.shapes import draw_density, draw_direction, draw_shape
from calcwatch.phantom.solids import ProjectedSolid, Silhouette, Solid, trace_solid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.phantom.shapes import Parts

_NOISE_WINDOW_MM = 5.0
_PAD_MM = 0.8
_MAX_ATTENUATION = 5.0
_TRIES = 40
_SHOULDER = 0.1  # of the gray range, where the tone curve bends toward white
_ENHANCED_MM = 0.45
_ROUNDING = 0.29  # standard deviation of rounding, in steps


@dataclass(frozen=True)
class InsertionSettings:
    """What is inserted and how it is imaged.

    ``scatters``: groups and single calcifications. ``contrast``: smallest and largest peak of a group's
    median member in units of the local noise, drawn evenly in the logarithm (of 391 calcifications seen on
    digital mammograms 9 in 10 show 10 to 37, noise included). ``blanks``: places that get the
    noise of an insertion and nothing else. ``gain``: gray a unit of log attenuation makes. ``mtf``: the
    system's blur as a sum of Gaussians ``(weight, sigma_mm)``. ``edge_enhancement``: of an unsharp mask.
    ``metal``: clips, markers and wires to insert. ``morphologies``: the shapes to draw from, all alike often;
    ``None``: all, as often as they are met. ``crowded_share``: of the groups hold 20 to 60 calcifications.
    """

    scatters: int = 10
    contrast: tuple[float, float] = (6.0, 40.0)
    blanks: int = 10
    gain: float = 0.35
    mtf: tuple[tuple[float, float], ...] = ((0.85, 0.055), (0.15, 0.25))
    edge_enhancement: float = 0.0
    metal: tuple[tuple[NonLesionKind, Parts, float], ...] = ()
    morphologies: tuple[Morphology, ...] | None = None
    crowded_share: float = 0.0


@dataclass(frozen=True, eq=False)
class InsertedCalcification:
    """One inserted calcification, in pixels of the image given, origin at the center of the top-left pixel.

    ``group``: number of its scatter. ``outline``, ``diameter_mm``: of the unblurred silhouette. ``contrast``:
    peak over the surround in units of the local noise, as the picture shows it (less where white is near);
    ``detectability``: root of the sum of its squared contrast over all pixels (what an ideal observer has to
    go by in white noise).
    """

    row: float
    column: float
    diameter_mm: float
    outline: tuple[Point, ...]
    morphology: Morphology
    distribution: Distribution
    group: int
    contrast: float
    detectability: float


@dataclass(frozen=True, eq=False)
class InsertedNonLesion:
    """One inserted clip, marker or wire, in the same coordinates."""

    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class Insertion:
    """The new picture and the truth of what was put in; ``gray`` float32, 0 to 1, as the one given."""

    gray: NDArray[np.float32]
    calcifications: tuple[InsertedCalcification, ...]
    non_lesions: tuple[InsertedNonLesion, ...]


@dataclass(frozen=True, eq=False)
class _Canvas:
    """What is being made: ``attenuation`` over the whole picture, and what it stands in."""

    attenuation: NDArray[np.float32]
    unrest: NDArray[np.float32]
    noise: NDArray[np.float32]
    distance_px: NDArray[np.float32]
    spacing_mm: float
    settings: InsertionSettings


@dataclass(frozen=True, eq=False)
class _Planned:
    """One calcification on the canvas; ``attenuation`` over its window, not blurred."""

    silhouette: Silhouette
    scatter: Scatter
    number: int
    attenuation: NDArray[np.float32]


def insert(
    rng: np.random.Generator,
    gray: NDArray[np.float32],
    area: NDArray[np.uint8],
    *,
    spacing_mm: float,
    gray_step: float,
    settings: InsertionSettings,
) -> Insertion:
    """Put calcifications, blanks and metal into ``gray`` where ``area`` is 1; the input is left alone.

    ``gray_step``: the picture's quantization, which the result has too. The same generator state gives the
    same picture. Raises ``ValueError`` when ``area`` is empty.
    """
    if not area.any():
        raise ValueError("there is no room to insert anything: the area is empty")
    noise = np.maximum(noise_of(gray, area, spacing_mm), np.float32(_ROUNDING * gray_step))
    distance = cv2.distanceTransform(np.pad(area, 1), cv2.DIST_L2, 3)[1:-1, 1:-1].astype(np.float32)
    empty = np.zeros_like(gray)
    canvas = _Canvas(empty, empty.copy(), noise, distance, spacing_mm, settings)
    planned = [one for number in range(settings.scatters) for one in _put_scatter(rng, canvas, number)]
    metal = [_put_metal(rng, canvas, *item) for item in settings.metal]
    for _ in range(settings.blanks):
        _put_blank(rng, canvas)
    added, shown = _signal(gray, canvas)
    made = _image(rng, gray + added, gray_step, canvas)
    return Insertion(made, tuple(_record(one, shown, canvas) for one in planned), tuple(metal))


def noise_of(gray: NDArray[np.float32], area: NDArray[np.uint8], spacing_mm: float) -> NDArray[np.float32]:
    """Standard deviation of the noise of single pixels, in gray, from the finest differences round each."""
    fine = gray - cv2.GaussianBlur(gray, (0, 0), 1.0)
    white = 0.855  # share of white noise that this difference lets pass
    window = round(_NOISE_WINDOW_MM / spacing_mm)
    noise = local_noise(fine.astype(np.float32), area.astype(np.float32), window) / np.float32(white)
    return np.asarray(np.maximum(noise, 1e-4), dtype=np.float32)


def _draw_place(rng: np.random.Generator, canvas: _Canvas, margin_mm: float) -> tuple[int, int]:
    """Return a pixel at least ``margin_mm`` inside the area, or the innermost of some when there is none."""
    rows = rng.integers(0, canvas.noise.shape[0], 400)
    columns = rng.integers(0, canvas.noise.shape[1], 400)
    depth = canvas.distance_px[rows, columns] * canvas.spacing_mm
    deep = np.flatnonzero(depth >= margin_mm)
    chosen = int(deep[0]) if deep.size else int(np.argmax(depth))
    return int(rows[chosen]), int(columns[chosen])


def _put_scatter(rng: np.random.Generator, canvas: _Canvas, number: int) -> list[_Planned]:
    settings = canvas.settings
    scatter = draw_scatter(rng, settings.morphologies, crowded_share=settings.crowded_share)
    middle = np.array(_draw_place(rng, canvas, 4.0), dtype=np.float64) * canvas.spacing_mm
    drawn = []
    taken = np.zeros((0, 3))
    for offset, diameter in zip(scatter.points, scatter.diameters_mm, strict=True):
        place = middle + offset
        if _has_room(place, float(diameter), taken, canvas):
            taken = np.concatenate([taken, [[*place, diameter]]])
            drawn.append(_draw_silhouette(rng, scatter, float(diameter), place, canvas.spacing_mm))
    if not drawn:
        return []
    low, high = np.log(canvas.settings.contrast)
    wanted = float(np.exp(rng.uniform(low, high)))
    factor = wanted / float(np.median([_peak_contrast(s, d, canvas) for s, d in drawn]))
    return [_put(silhouette, density * factor, scatter, canvas, number) for silhouette, density in drawn]


def _has_room(
    place: NDArray[np.float64], diameter: float, taken: NDArray[np.float64], canvas: _Canvas
) -> bool:
    """Whether a calcification lies wholly in the area and clear of those before it."""
    row, column = np.round(place / canvas.spacing_mm).astype(int)
    if not (0 <= row < canvas.noise.shape[0] and 0 <= column < canvas.noise.shape[1]):
        return False
    if canvas.distance_px[row, column] * canvas.spacing_mm < diameter / 2 + 0.5:
        return False
    away = np.hypot(*(taken[:, :2] - place).T) - (taken[:, 2] + diameter) / 2
    return bool((away > 0.35).all())


def _draw_silhouette(
    rng: np.random.Generator, scatter: Scatter, diameter: float, place: NDArray[np.float64], spacing_mm: float
) -> tuple[Silhouette, float]:
    direction = np.array([*scatter.direction, 0.0]) + 0.3 * draw_direction(rng)
    parts = draw_shape(rng, scatter.morphology, diameter, direction / np.linalg.norm(direction))
    return _project(parts, place, spacing_mm), draw_density(rng, scatter.morphology, diameter)


def _project(parts: Parts, place: NDArray[np.float64], spacing_mm: float) -> Silhouette:
    """Silhouette of parts whose first two coordinates are the picture's rows and columns in mm."""
    solid = Solid("inserted", np.zeros(3), parts, 1.0)
    return trace_solid(ProjectedSolid(solid, float(place[0]), float(place[1]), np.eye(3)), spacing_mm)


def _window(silhouette: Silhouette, canvas: _Canvas) -> tuple[slice, slice, NDArray[np.float32]]:
    """Where a silhouette with room for its blur lies in the picture, and its thickness there."""
    pad = max(3, round(_PAD_MM / canvas.spacing_mm))
    thickness = np.pad(silhouette.thickness, pad)
    top, left = silhouette.row0 - pad, silhouette.column0 - pad
    height, width = canvas.noise.shape
    rows = slice(max(top, 0), min(top + thickness.shape[0], height))
    columns = slice(max(left, 0), min(left + thickness.shape[1], width))
    inner = thickness[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return rows, columns, inner


def _blurred(image: NDArray[np.float32], canvas: _Canvas) -> NDArray[np.float32]:
    total = np.zeros_like(image)
    for weight, sigma_mm in canvas.settings.mtf:
        sigma = max(sigma_mm / canvas.spacing_mm, 0.1)
        total += np.float32(weight) * cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return total


def _peak_contrast(silhouette: Silhouette, density: float, canvas: _Canvas) -> float:
    rows, columns, thickness = _window(silhouette, canvas)
    peak = float(_blurred(thickness, canvas).max()) * density * CALCIUM_PER_MM * canvas.settings.gain
    return max(peak / float(np.median(canvas.noise[rows, columns])), 1e-6)


def _put(silhouette: Silhouette, density: float, scatter: Scatter, canvas: _Canvas, number: int) -> _Planned:
    rows, columns, thickness = _window(silhouette, canvas)
    attenuation = np.minimum(thickness * np.float32(density * CALCIUM_PER_MM), _MAX_ATTENUATION)
    canvas.attenuation[rows, columns] += attenuation
    return _Planned(silhouette, scatter, number, attenuation)


def _record(
    planned: _Planned, shown: tuple[NDArray[np.float32], NDArray[np.float32]], canvas: _Canvas
) -> InsertedCalcification:
    """Write down what the picture shows of one: its share of the signal where another lies close."""
    signal, attenuation = shown
    rows, columns, _ = _window(planned.silhouette, canvas)
    own = _blurred(planned.attenuation, canvas)
    share = np.clip(own / np.maximum(attenuation[rows, columns], np.float32(1e-6)), 0, 1)
    contrast = signal[rows, columns] * share / canvas.noise[rows, columns]
    return InsertedCalcification(
        row=planned.silhouette.row,
        column=planned.silhouette.column,
        diameter_mm=float(np.sqrt(planned.silhouette.area_mm2 * 4 / np.pi)),
        outline=planned.silhouette.outline,
        morphology=planned.scatter.morphology,
        distribution=planned.scatter.distribution,
        group=planned.number,
        contrast=float(contrast.max()),
        detectability=float(np.sqrt((contrast.astype(np.float64) ** 2).sum())),
    )


def _put_metal(
    rng: np.random.Generator, canvas: _Canvas, kind: NonLesionKind, parts: Parts, density: float
) -> InsertedNonLesion:
    place = np.array(_draw_place(rng, canvas, 4.0), dtype=np.float64) * canvas.spacing_mm
    silhouette = _project(parts, place, canvas.spacing_mm)
    rows, columns, thickness = _window(silhouette, canvas)
    canvas.attenuation[rows, columns] += thickness * np.float32(density * CALCIUM_PER_MM)
    return InsertedNonLesion(kind, silhouette.row, silhouette.column, silhouette.outline)


def _put_blank(rng: np.random.Generator, canvas: _Canvas) -> None:
    row, column = _draw_place(rng, canvas, 1.0)
    reach = max(1, round(rng.uniform(0.1, 0.6) / canvas.spacing_mm))
    place = (slice(max(0, row - reach), row + reach + 1), slice(max(0, column - reach), column + reach + 1))
    canvas.unrest[place] = np.float32(rng.uniform(0.05, 0.6))


def _signal(
    gray: NDArray[np.float32], canvas: _Canvas
) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Gray that is added without noise, bent toward white; and it again with the blurred attenuation."""
    settings = canvas.settings
    attenuation = -np.log(np.maximum(_blurred(np.exp(-canvas.attenuation), canvas), np.float32(1e-3)))
    added = np.float32(settings.gain) * attenuation
    if settings.edge_enhancement:
        wide = cv2.GaussianBlur(added, (0, 0), _ENHANCED_MM / canvas.spacing_mm)
        added += np.float32(settings.edge_enhancement) * (added - wide)
    room = np.maximum(1 - gray, 0)
    bent = np.where(added > 0, room * (1 - np.exp(-added / np.maximum(room, 1e-3))), added)
    near_white = np.clip((gray + added - (1 - _SHOULDER)) / _SHOULDER, 0, 1)
    added += near_white * (bent - added)
    return added, (added, _blurred(canvas.attenuation, canvas))


def _image(
    rng: np.random.Generator, clean: NDArray[np.float32], gray_step: float, canvas: _Canvas
) -> NDArray[np.float32]:
    """Add the noise of the radiation that is missing behind what was inserted, and quantize."""
    missing = np.minimum(np.exp(_blurred(canvas.attenuation, canvas)) - 1, 3.0) + canvas.unrest
    white = cv2.GaussianBlur(rng.standard_normal(clean.shape, np.float32), (0, 0), 0.45)
    made = clean + white * np.float32(1.45) * canvas.noise * np.sqrt(missing)
    touched = missing > 1e-3
    made = np.where(touched, np.rint(made / gray_step) * gray_step, clean)
    return np.asarray(made.clip(0, 1), dtype=np.float32)
