"""One image to learn from or to judge by, with all that is known of it: a phantom, or a real background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import ImageDescription, Mammogram, PixelSpacing, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.find.classify import CandidateClass
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.insertion import InsertionSettings, insert, noise_of
from calcwatch.phantom.lookalikes import (
    draw_biopsy_marker,
    draw_clip,
    draw_marker,
    draw_strands,
    draw_wire,
)
from calcwatch.phantom.settings import GroupPlan, LookalikeSettings, PhantomSettings
from calcwatch_lab.train.detector.backgrounds import Background, open_background, vary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.phantom.solids import Parts
    from calcwatch.phantom.truth import PhantomImage

_LEAST_DETECTABLE = 2.0
"""Below this detectability a calcification is neither learned as one nor as tissue."""

_DENSITIES = ("a", "b", "c", "d")
_SATURATED = 0.97
_MOST_STRANDS = 70
_FINE_MM = 0.085  # pixels so fine that dust covers several
_UNKNOWN_CHANCE = 0.1
_METAL_CHANCE, _FILM_CHANCE, _EMPTY_CHANCE = 0.3, 0.25, 0.35


class HasOutline(Protocol):
    """Anything with an outline in pixels of the file."""

    @property
    def outline(self) -> tuple[Point, ...]:
        """A closed polygon."""
        ...


@dataclass(frozen=True, eq=False)
class Known:
    """One thing in the image: its look, ``None`` for "leave it out"; where it is, in pixels of the file."""

    look: CandidateClass | None
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """A mammogram and everything known in it; all else is tissue."""

    mammogram: Mammogram
    known: tuple[Known, ...]


def make_scene(seed: int, backgrounds: Sequence[Background], *, real_share: float) -> Scene:
    """Make one scene; without backgrounds it is a phantom. The same seed gives the same scene."""
    rng = np.random.default_rng([seed, 20])
    if backgrounds and rng.random() < real_share:
        return _on_background(rng, backgrounds[int(rng.integers(len(backgrounds)))])
    return _phantom(rng, seed)


def _phantom(rng: np.random.Generator, seed: int) -> Scene:
    settings = _phantom_settings(rng)
    image = make_examination(seed, settings=settings).images[0]
    gray = (image.stored / np.float32(2**image.bits_stored - 1)).astype(np.float32)
    known = _known_of_phantom(image)
    if settings.film and rng.random() < 0.5:
        gray, dust = _dusty(rng, gray, room(gray, ()), image.pixel_spacing_mm)
        known += tuple(dust)
    mammogram = Mammogram(
        gray, _described(image.pixel_spacing_mm, gray), None, 1 / (2**image.bits_stored - 1)
    )
    return Scene(_perhaps_unknown(rng, mammogram), known)


def _perhaps_unknown(rng: np.random.Generator, mammogram: Mammogram) -> Mammogram:
    """Now and then an image that does not say its pixel spacing, as scans do not."""
    if rng.random() >= _UNKNOWN_CHANCE:
        return mammogram
    return replace(mammogram, description=replace(mammogram.description, pixel_spacing=None))


def _phantom_settings(rng: np.random.Generator) -> PhantomSettings:
    film = bool(rng.random() < _FILM_CHANCE)
    kinds = [kind for kind in NonLesionKind if rng.random() < _METAL_CHANCE]
    wide = rng.uniform(0.7, 1.4)
    return PhantomSettings(
        field_mm=(float(rng.uniform(130, 200)), float(rng.uniform(90, 140))),
        pixel_spacing_mm=float(np.exp(rng.uniform(np.log(0.05), np.log(0.2)))),
        views=(ViewPosition.CC if rng.random() < 0.5 else ViewPosition.MLO,),
        non_lesions=tuple(k for k in kinds if film or k is not NonLesionKind.DUST),
        breast_density=_DENSITIES[int(rng.integers(4))],
        relative_dose=float(np.exp(rng.uniform(np.log(0.4), np.log(2.5)))),
        mtf=((0.85, 0.055 * wide), (0.15, 0.25)),
        edge_enhancement=float(rng.uniform(0, 0.9)),
        bits_stored=int(rng.choice([8, 12, 14])),
        film=film,
        groups=_plans(rng),
    )


def _plans(rng: np.random.Generator) -> tuple[GroupPlan, ...]:
    if rng.random() < _EMPTY_CHANCE:
        return ()
    shapes = [shape for shape in Morphology if shape is not Morphology.VASCULAR]
    layouts = (Distribution.SINGLE, Distribution.GROUPED, Distribution.LINEAR, Distribution.REGIONAL)
    plans = [
        GroupPlan(
            shapes[int(rng.integers(len(shapes)))],
            layouts[int(rng.choice(4, p=[0.4, 0.4, 0.1, 0.1]))],
            density=float(np.exp(rng.uniform(np.log(0.5), np.log(2.2)))),
        )
        for _ in range(int(rng.integers(1, 7)))
    ]
    if rng.random() < 0.3:
        plans.append(
            GroupPlan(Morphology.VASCULAR, Distribution.LINEAR, density=float(rng.uniform(0.6, 1.6)))
        )
    return tuple(plans)


_LOOK_OF = {
    NonLesionKind.CLIP: CandidateClass.CLIP,
    NonLesionKind.MARKER: CandidateClass.MARKER,
    NonLesionKind.WIRE: CandidateClass.WIRE,
    NonLesionKind.DUST: CandidateClass.DUST,
}


def _known_of_phantom(image: PhantomImage) -> tuple[Known, ...]:
    known = [
        Known(_LOOK_OF.get(thing.kind), *point, thing.outline if len(thing.points) == 1 else ())
        for thing in image.truth.non_lesions
        if thing.kind is not NonLesionKind.SKIN_FOLD
        for point in thing.points
    ]
    for found in image.truth.calcifications:
        pixels = max(found.area_mm2 / image.pixel_spacing_mm**2, 1.0)
        plain = found.contrast is None or found.contrast * min(pixels, 40) ** 0.5 >= 2 * _LEAST_DETECTABLE
        look = (
            CandidateClass.VASCULAR
            if found.morphology is Morphology.VASCULAR
            else CandidateClass.CALCIFICATION
        )
        known.append(Known(look if plain else None, found.row, found.column, found.outline))
    return tuple(known)


def _on_background(rng: np.random.Generator, background: Background) -> Scene:
    original = open_background(background)
    spacing = original.description.pixel_spacing
    if spacing is None:
        raise ValueError(f"{background.path}: a background needs its pixel spacing; state it in the table")
    mammogram, factor = vary(rng, original, spacing.mm)
    known = [Known(None, (r + 0.5) / factor - 0.5, (c + 0.5) / factor - 0.5, circle(r, c, radius, factor))
             for r, c, radius in background.masked]  # fmt: skip
    area = room(mammogram.gray, known)
    settings = _insertion_settings(rng)
    made = insert(
        rng,
        with_strands(rng, mammogram.gray, area, spacing.mm * factor),
        area,
        spacing_mm=spacing.mm * factor,
        gray_step=mammogram.gray_step,
        settings=settings,
    )
    for found in made.calcifications:
        look = (
            CandidateClass.VASCULAR
            if found.morphology is Morphology.VASCULAR
            else CandidateClass.CALCIFICATION
        )
        plain = found.detectability >= _LEAST_DETECTABLE
        known.append(Known(look if plain else None, found.row, found.column, found.outline))
    known += [Known(_LOOK_OF[one.kind], one.row, one.column, one.outline) for one in made.non_lesions]
    gray = _noisier(rng, made.gray, area, spacing.mm * factor)
    if rng.random() < _FILM_CHANCE:
        gray, dust = _dusty(rng, gray, area, spacing.mm * factor)
        known += dust
    gray = np.rint(gray.clip(0, 1) / mammogram.gray_step) * np.float32(mammogram.gray_step)
    shown = replace(mammogram, gray=np.asarray(gray, np.float32))
    return Scene(_perhaps_unknown(rng, shown), tuple(known))


def with_strands(
    rng: np.random.Generator, gray: NDArray[np.float32], area: NDArray[np.uint8], spacing_mm: float
) -> NDArray[np.float32]:
    """More of the strands and knots that a normal breast has: all of them are tissue."""
    count = int(rng.integers(0, _MOST_STRANDS))
    noise = noise_of(gray, area, spacing_mm)
    strands = draw_strands(rng, area, noise, spacing_mm=spacing_mm, count=count)
    return np.asarray((gray + strands * (1 - gray)).clip(0, 1), dtype=np.float32)


def _insertion_settings(rng: np.random.Generator) -> InsertionSettings:
    lookalikes = LookalikeSettings()
    draw = {
        NonLesionKind.CLIP: (draw_clip, lookalikes.titanium),
        NonLesionKind.MARKER: (draw_marker, lookalikes.steel),
        NonLesionKind.WIRE: (draw_wire, lookalikes.steel),
    }
    metal: list[tuple[NonLesionKind, Parts, float]] = []
    for kind, (shape, density) in draw.items():
        for _ in range(int(rng.integers(1, 4)) if rng.random() < _METAL_CHANCE else 0):
            small = kind is NonLesionKind.CLIP and rng.random() < 0.35
            metal.append((kind, draw_biopsy_marker(rng) if small else shape(rng), density))
    wide = rng.uniform(0.6, 1.7)
    return InsertionSettings(
        scatters=0 if rng.random() < _EMPTY_CHANCE else int(rng.integers(1, 13)),
        contrast=(1.8, 45.0),
        blanks=int(rng.integers(0, 40)),
        gain=float(np.exp(rng.uniform(np.log(0.15), np.log(0.6)))),
        mtf=((0.85, 0.055 * wide), (0.15, 0.25)),
        edge_enhancement=float(rng.uniform(0, 0.9)) if rng.random() < 0.4 else 0.0,
        metal=tuple(metal),
    )


def room(gray: NDArray[np.float32], masked: Sequence[HasOutline]) -> NDArray[np.uint8]:
    """1 where something may be inserted: in the largest bright region, off its rim and off masked circles."""
    bright = (cv2.blur(gray, (9, 9)) > 0.08).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
    area = np.zeros_like(bright)
    if len(stats) > 1:
        area = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    area[cv2.blur(gray, (9, 9)) > _SATURATED] = 0
    area = np.asarray(cv2.erode(area, np.ones((15, 15), np.uint8)), np.uint8)
    for one in masked:
        cv2.fillPoly(area, [_corners(one.outline)], (0,))
    if not area.any():
        area[area.shape[0] // 2, area.shape[1] // 2] = 1
    return area


def circle(row: float, column: float, radius: float, factor: float) -> tuple[Point, ...]:
    """Points of a circle (pixels of an image) in the pixels of one ``factor`` times as coarse."""
    angle = np.arange(24) * (2 * np.pi / 24)
    rows, columns = row + radius * np.sin(angle), column + radius * np.cos(angle)
    return tuple(
        ((r + 0.5) / factor - 0.5, (c + 0.5) / factor - 0.5) for r, c in zip(rows, columns, strict=True)
    )


def _corners(outline: tuple[Point, ...]) -> NDArray[np.int32]:
    return np.rint(np.array(outline)[:, ::-1]).astype(np.int32)


def _noisier(
    rng: np.random.Generator, gray: NDArray[np.float32], area: NDArray[np.uint8], spacing_mm: float
) -> NDArray[np.float32]:
    """Less dose or more grain, half of the time."""
    if rng.random() < 0.5:
        return gray
    noise = noise_of(gray, area, spacing_mm) * np.float32(rng.uniform(0.2, 1.3))
    sigma = rng.uniform(0.3, 0.8)
    white = cv2.GaussianBlur(rng.standard_normal(gray.shape, np.float32), (0, 0), sigma)
    return np.asarray(gray + white / white.std() * noise, dtype=np.float32)


def _dusty(
    rng: np.random.Generator, gray: NDArray[np.float32], area: NDArray[np.uint8], spacing_mm: float
) -> tuple[NDArray[np.float32], list[Known]]:
    """Specks, hairs and scratches as sharp as the scanner sees them: on the film, not in the breast."""
    added, known = np.zeros_like(gray), []
    rows, columns = np.nonzero(area)
    for chosen in rng.integers(0, rows.size, int(rng.integers(5, 60))):
        path = _dust_path(rng, float(rows[chosen]), float(columns[chosen]))
        thick = 2 if spacing_mm < _FINE_MM and rng.random() < 0.5 else 1
        mask = np.zeros(gray.shape, np.uint8)
        cv2.polylines(mask, [path], False, (255,), thick, cv2.LINE_8)
        drawn = np.argwhere(mask)
        added[drawn[:, 0], drawn[:, 1]] += np.float32(rng.uniform(0.08, 0.6))
        known += [Known(CandidateClass.DUST, float(r), float(c), ()) for r, c in drawn[::3]]
    if spacing_mm < _FINE_MM:  # what the scanner or a lossy compression makes of one pixel of dust
        added = np.asarray(cv2.GaussianBlur(added, (0, 0), rng.uniform(0.2, 0.55)), np.float32)
    return np.asarray((gray + added).clip(0, 1), dtype=np.float32), known


def _dust_path(rng: np.random.Generator, row: float, column: float) -> NDArray[np.int32]:
    """A speck of a pixel or two, more rarely a bent hair or a straight scratch, columns and rows."""
    length, bend = float(rng.uniform(0, 2)), 0.0
    if rng.random() < 0.2:
        length, bend = float(rng.uniform(5, 60)), float(rng.choice([0.0, rng.normal(0, 0.3)]))
    angle = rng.uniform(0, 2 * np.pi) + bend * np.arange(8)
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / 8
    return np.rint(np.cumsum(steps, axis=0) + np.array([column, row])).astype(np.int32)


def _described(spacing_mm: float, gray: NDArray[np.float32]) -> ImageDescription:
    return ImageDescription(
        "scene",
        pixel_spacing=PixelSpacing(spacing_mm, spacing_mm, "phantom"),
        rows=gray.shape[0],
        columns=gray.shape[1],
    )
