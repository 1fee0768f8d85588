"""Images to learn shapes from, with calcifications of each that the model tells: phantoms and insertions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.domain.views import is_true_lateral
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.insertion import InsertionSettings, insert
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.shapes import LARGE
from calcwatch_lab.seeds import SHAPE_SCENE_STREAM
from calcwatch_lab.train.backgrounds import draw_background, insertable_area, with_strands
from calcwatch_lab.train.scenes import KnownObject, Scene, masked_objects, scene_mammogram
from calcwatch_lab.train.settings import Limits, log_uniform, uniform, widened_blur

if TYPE_CHECKING:
    from calcwatch_lab.labels import LabeledImage
    from calcwatch_lab.train.shapes.settings import ShapeScenes, ShapeTraining

    ShapeScene = Scene[Morphology]

_LAYOUTS = (
    Distribution.SINGLE,
    Distribution.GROUPED,
    Distribution.LINEAR,
    Distribution.REGIONAL,
    Distribution.SEGMENTAL,
)  # in the order of their chances
_HAZY = (Morphology.AMORPHOUS, Morphology.MILK_OF_CALCIUM)
_FINE = (Morphology.PUNCTATE, Morphology.FINE_PLEOMORPHIC)
_HARD = (*_FINE, Morphology.AMORPHOUS)  # told apart least well: met more often
_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
_DENSITIES = "abcd"  # of breasts, all alike often


def make_shape_scene(seed: int, backgrounds: tuple[LabeledImage, ...], settings: ShapeTraining) -> ShapeScene:
    """Make one scene.

    Args:
        seed: Its seed; the same seed gives the same scene.
        backgrounds: Real images without calcifications; none: it is a phantom.
        settings: What it holds.

    Returns:
        The scene; shapes that its view cannot tell teach nothing.

    Raises:
        BadTable: The spacing of a background is not known.

    """
    # A stream of its own: the same seed serves the phantom's own draws.
    rng = np.random.default_rng([seed, SHAPE_SCENE_STREAM])
    if backgrounds and rng.random() < settings.real_share:
        return _on_background(rng, backgrounds, settings)
    return _phantom(rng, seed, settings.draws)


def _phantom(rng: np.random.Generator, seed: int, draws: ShapeScenes) -> ShapeScene:
    image = make_examination(seed, settings=phantom_settings(rng, draws)).images[0]
    known = tuple(
        KnownObject(_tellable(true.morphology, image.view_position), true.row, true.column, true.outline)
        for true in image.truth.calcifications
    )
    return Scene(scene_mammogram(image, with_view=True), known)


def _tellable(morphology: Morphology, view: ViewPosition) -> Morphology | None:
    """Only a true lateral view tells sediment; elsewhere it is a smudge like others."""
    is_sediment = morphology is Morphology.MILK_OF_CALCIUM
    return None if is_sediment and not is_true_lateral(view) else morphology


def phantom_settings(rng: np.random.Generator, draws: ShapeScenes) -> PhantomSettings:
    """Draw what a phantom with groups of several shapes is and how it is imaged.

    Args:
        rng: Source of randomness.
        draws: What is drawn from.

    Returns:
        Settings of an examination of one view.
    """
    film = bool(rng.random() < draws.film_share)
    lateral = rng.random() < draws.lateral_share
    blur = uniform(rng, draws.phantom_blur)
    is_usual = rng.random() < draws.usual_share
    spacing_mm = float(rng.choice(draws.usual_mm)) if is_usual else log_uniform(rng, draws.spacing_mm)
    return PhantomSettings(
        field_mm=(uniform(rng, draws.height_mm), uniform(rng, draws.width_mm)),
        pixel_spacing_mm=spacing_mm,
        views=(ViewPosition.ML if lateral else _VIEWS[int(rng.integers(len(_VIEWS)))],),
        breast_density=_DENSITIES[int(rng.integers(len(_DENSITIES)))],
        relative_dose=log_uniform(rng, draws.dose),
        mtf=widened_blur(blur),
        edge_enhancement=uniform(rng, draws.edge_enhancement),
        bits_stored=int(rng.choice(draws.bits)),
        film=film,
        groups=_plans(rng, draws, lateral=lateral),
    )


def _plans(rng: np.random.Generator, draws: ShapeScenes, *, lateral: bool) -> tuple[GroupPlan, ...]:
    shapes = [shape for shape in MORPHOLOGY_CLASSES if shape is not Morphology.VASCULAR]
    weight = np.array([draws.hard_weight if shape in _HARD else 1.0 for shape in shapes])
    count = int(rng.integers(*draws.groups, endpoint=True))
    drawn = rng.choice(len(shapes), count, replace=False, p=weight / weight.sum())
    chosen = [shapes[place] for place in drawn]
    # Lateral views are few and the only views in which sediment can be learned.
    if lateral and Morphology.MILK_OF_CALCIUM not in chosen:
        chosen.append(Morphology.MILK_OF_CALCIUM)
    plans = [_plan(rng, shape, draws) for shape in chosen]
    if rng.random() < draws.vessel_chance:
        density = log_uniform(rng, draws.density)
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR, density=density))
    return tuple(plans)


def _plan(rng: np.random.Generator, shape: Morphology, draws: ShapeScenes) -> GroupPlan:
    """A group, now and then crowded."""
    chances = draws.large_layout_chances if shape in LARGE else draws.layout_chances
    layout = _LAYOUTS[int(rng.choice(len(_LAYOUTS), p=chances))]
    may_be_crowded = layout is not Distribution.SINGLE and shape not in LARGE
    is_crowded = may_be_crowded and rng.random() < draws.crowded_share
    count = int(rng.integers(*draws.crowded_count, endpoint=True)) if is_crowded else None
    return GroupPlan(shape, layout, count=count, density=log_uniform(rng, draws.density))


def _on_background(
    rng: np.random.Generator, backgrounds: tuple[LabeledImage, ...], settings: ShapeTraining
) -> ShapeScene:
    draws = settings.draws
    background, mammogram, spacing_mm, coarser = draw_background(rng, backgrounds, settings.backgrounds)
    known: list[KnownObject[Morphology]] = list(masked_objects(background, coarser))
    gray = mammogram.gray
    area = insertable_area(gray, [masked.outline for masked in known], settings.backgrounds)
    gray = with_strands(rng, gray, area, spacing_mm, settings.backgrounds)
    blur, gain = uniform(rng, draws.insertion_blur), log_uniform(rng, draws.gain)
    for shapes, contrast, scatters in _layers(rng, draws):
        made = insert(
            rng,
            gray,
            area,
            spacing_mm=spacing_mm,
            gray_step=mammogram.gray_step,
            settings=InsertionSettings(
                scatters=scatters,
                contrast=contrast,
                blanks=0,
                gain=gain,
                mtf=widened_blur(blur),
                morphologies=shapes,
                crowded_share=draws.crowded_share,
            ),
        )
        # Each layer is inserted into the result of the layers before.
        gray = made.gray
        known += [
            KnownObject(
                _tellable(inserted.morphology, ViewPosition.CC),
                inserted.row,
                inserted.column,
                inserted.outline,
            )
            for inserted in made.calcifications
        ]
    return Scene(replace(mammogram, gray=gray), tuple(known))


def _layers(
    rng: np.random.Generator, draws: ShapeScenes
) -> tuple[tuple[tuple[Morphology, ...], Limits, int], ...]:
    """Hazy shapes faint, all others plain: in a phantom their density makes that difference."""
    plain = tuple(shape for shape in MORPHOLOGY_CLASSES if shape not in _HAZY)
    return (
        (plain, draws.plain_contrast, int(rng.integers(*draws.plain_scatters, endpoint=True))),
        (_FINE, draws.fine_contrast, int(rng.integers(0, draws.most_further, endpoint=True))),
        (
            (Morphology.AMORPHOUS,),
            draws.hazy_contrast,
            int(rng.integers(0, draws.most_further, endpoint=True)),
        ),
    )
