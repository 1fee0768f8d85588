"""Images with calcifications of every shape, to learn shapes from: phantoms, and insertions on real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import ImageDescription, Mammogram, PixelSpacing, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.domain.views import is_true_lateral
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.insertion import InsertionSettings, insert
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.train.detector.backgrounds import Background, open_background, vary
from calcwatch_lab.train.detector.scenes import circle, room, with_strands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point

_LARGE = (Morphology.POPCORN, Morphology.RIM, Morphology.ROD, Morphology.SUTURE, Morphology.DYSTROPHIC)
_LAYOUTS = (
    Distribution.SINGLE,
    Distribution.GROUPED,
    Distribution.LINEAR,
    Distribution.REGIONAL,
    Distribution.SEGMENTAL,
)
_HAZY = (Morphology.AMORPHOUS, Morphology.MILK_OF_CALCIUM)
_HARD = (Morphology.PUNCTATE, Morphology.AMORPHOUS, Morphology.FINE_PLEOMORPHIC)
_HARD_WEIGHT = 1.8  # told apart least well: met more often
_CROWDED_SHARE = 0.35
_LATERAL_SHARE, _FILM_SHARE = 0.12, 0.1
_USUAL_MM = (0.07, 0.085, 0.1, 0.14)


@dataclass(frozen=True)
class KnownShape:
    """One calcification in pixels of the file; ``morphology``: ``None`` where no picture can tell it."""

    morphology: Morphology | None
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class ShapeScene:
    """A mammogram and the shapes in it."""

    mammogram: Mammogram
    known: tuple[KnownShape, ...]


def make_shape_scene(seed: int, backgrounds: Sequence[Background], *, real_share: float) -> ShapeScene:
    """Make one scene; without backgrounds it is a phantom. The same seed gives the same scene."""
    rng = np.random.default_rng([seed, 40])
    if backgrounds and rng.random() < real_share:
        return _on_background(rng, backgrounds[int(rng.integers(len(backgrounds)))])
    return _phantom(rng, seed)


def _phantom(rng: np.random.Generator, seed: int) -> ShapeScene:
    settings = _settings(rng)
    image = make_examination(seed, settings=settings).images[0]
    gray = (image.stored / np.float32(2**image.bits_stored - 1)).astype(np.float32)
    spacing = image.pixel_spacing_mm
    description = ImageDescription(
        "scene",
        pixel_spacing=PixelSpacing(spacing, spacing, "phantom"),
        view_position=image.view_position,
        image_laterality=image.laterality,
        rows=gray.shape[0],
        columns=gray.shape[1],
    )
    known = tuple(
        KnownShape(_told(one.morphology, image.view_position), one.row, one.column, one.outline)
        for one in image.truth.calcifications
    )
    return ShapeScene(Mammogram(gray, description, None, 1 / (2**image.bits_stored - 1)), known)


def _told(morphology: Morphology, view: ViewPosition) -> Morphology | None:
    """Only a true lateral view tells sediment; elsewhere it is a smudge like others."""
    is_lateral = is_true_lateral(view)
    return None if morphology is Morphology.MILK_OF_CALCIUM and not is_lateral else morphology


def _settings(rng: np.random.Generator) -> PhantomSettings:
    film = bool(rng.random() < _FILM_SHARE)
    lateral = rng.random() < _LATERAL_SHARE
    views = (ViewPosition.CC, ViewPosition.MLO)
    wide = rng.uniform(0.8, 1.3)
    spacing = (
        float(rng.choice(_USUAL_MM))
        if rng.random() < 0.5
        else float(np.exp(rng.uniform(np.log(0.05), np.log(0.17))))
    )
    return PhantomSettings(
        field_mm=(float(rng.uniform(130, 233)), float(rng.uniform(90, 180))),
        pixel_spacing_mm=spacing,
        views=(ViewPosition.ML if lateral else views[int(rng.integers(2))],),
        breast_density="abcd"[int(rng.integers(4))],
        relative_dose=float(np.exp(rng.uniform(np.log(0.6), np.log(1.8)))),
        mtf=((0.85, 0.055 * wide), (0.15, 0.25)),
        edge_enhancement=float(rng.uniform(0, 0.7)),
        bits_stored=int(rng.choice([8, 12, 14])),
        film=film,
        groups=_plans(rng, lateral=lateral),
    )


def _plans(rng: np.random.Generator, *, lateral: bool) -> tuple[GroupPlan, ...]:
    shapes = [shape for shape in Morphology if shape is not Morphology.VASCULAR]
    weight = np.array([_HARD_WEIGHT if shape in _HARD else 1.0 for shape in shapes])
    count = int(rng.integers(4, 8))
    drawn = rng.choice(len(shapes), count, replace=False, p=weight / weight.sum())
    chosen = [shapes[place] for place in drawn]
    if lateral and Morphology.MILK_OF_CALCIUM not in chosen:
        chosen.append(Morphology.MILK_OF_CALCIUM)
    plans = [_plan(rng, shape) for shape in chosen]
    if rng.random() < 0.35:
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR, density=_density(rng)))
    return tuple(plans)


def _plan(rng: np.random.Generator, shape: Morphology) -> GroupPlan:
    """A group, now and then crowded: else a crowd would be taken for a vessel."""
    layout = _layout(rng, shape)
    crowded = layout is not Distribution.SINGLE and shape not in _LARGE and rng.random() < _CROWDED_SHARE
    count = int(rng.integers(20, 70)) if crowded else None
    return GroupPlan(shape, layout, count=count, density=_density(rng))


def _layout(rng: np.random.Generator, shape: Morphology) -> Distribution:
    chances = (0.6, 0.3, 0.05, 0.05, 0.0) if shape in _LARGE else (0.2, 0.5, 0.1, 0.1, 0.1)
    return _LAYOUTS[int(rng.choice(len(_LAYOUTS), p=chances))]


def _density(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(0.5), np.log(1.6))))


def _on_background(rng: np.random.Generator, background: Background) -> ShapeScene:
    original = open_background(background)
    spacing = original.description.pixel_spacing
    if spacing is None:
        raise ValueError(f"{background.path}: a background needs its pixel spacing; state it in the table")
    mammogram, factor = vary(rng, original, spacing.mm)
    gray = mammogram.gray
    known = [
        KnownShape(None, (r + 0.5) / factor - 0.5, (c + 0.5) / factor - 0.5, circle(r, c, radius, factor))
        for r, c, radius in background.masked
    ]
    area = room(gray, known)
    gray = with_strands(rng, gray, area, spacing.mm * factor)
    wide, gain = rng.uniform(0.8, 1.4), float(np.exp(rng.uniform(np.log(0.2), np.log(0.5))))
    for shapes, contrast, scatters in _layers(rng):
        made = insert(
            rng,
            gray,
            area,
            spacing_mm=spacing.mm * factor,
            gray_step=mammogram.gray_step,
            settings=InsertionSettings(
                scatters=scatters,
                contrast=contrast,
                blanks=0,
                gain=gain,
                mtf=((0.85, 0.055 * wide), (0.15, 0.25)),
                morphologies=shapes,
                crowded_share=_CROWDED_SHARE,
            ),
        )
        gray = made.gray
        known += [
            KnownShape(_told(one.morphology, ViewPosition.CC), one.row, one.column, one.outline)
            for one in made.calcifications
        ]
    return ShapeScene(replace(mammogram, gray=gray), tuple(known))


def _layers(
    rng: np.random.Generator,
) -> tuple[tuple[tuple[Morphology, ...], tuple[float, float], int], ...]:
    """Hazy shapes faint, all others plain: in a phantom their density makes that difference."""
    plain = tuple(shape for shape in Morphology if shape not in _HAZY)
    return (
        (plain, (6.0, 45.0), int(rng.integers(4, 10))),
        (_HARD[:1] + _HARD[2:], (6.0, 30.0), int(rng.integers(0, 3))),
        ((Morphology.AMORPHOUS,), (3.0, 14.0), int(rng.integers(0, 3))),
    )
