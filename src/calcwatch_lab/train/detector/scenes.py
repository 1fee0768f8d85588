"""Scenes that a detector learns from: phantoms, and real backgrounds with insertions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Mammogram, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.find.classify import CandidateClass
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.insertion import InsertionSettings, insert, noise_of
from calcwatch.phantom.lookalikes import (
    draw_biopsy_marker,
    draw_clip,
    draw_marker,
    draw_wire,
)
from calcwatch.phantom.settings import GroupPlan, LookalikeSettings, PhantomSettings
from calcwatch_lab.seeds import DETECTOR_SCENE_STREAM
from calcwatch_lab.train.backgrounds import draw_background, insertable_area, with_strands
from calcwatch_lab.train.scenes import KnownObject, Scene, masked_objects, scene_mammogram
from calcwatch_lab.train.settings import log_uniform, uniform, widened_blur

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.phantom.solids import Parts
    from calcwatch.phantom.truth import PhantomImage
    from calcwatch_lab.labels import LabeledImage
    from calcwatch_lab.train.detector.settings import DetectorScenes, DetectorTraining

    Known = KnownObject[CandidateClass]
    DetectorScene = Scene[CandidateClass]

_DENSITIES = ("a", "b", "c", "d")  # of breasts, all alike often
_LAYOUTS = (Distribution.SINGLE, Distribution.GROUPED, Distribution.LINEAR, Distribution.REGIONAL)
_METAL = {
    NonLesionKind.CLIP: (draw_clip, "titanium"),
    NonLesionKind.MARKER: (draw_marker, "steel"),
    NonLesionKind.WIRE: (draw_wire, "steel"),
}  # what is inserted, of what
_CLASSES = {
    NonLesionKind.CLIP: CandidateClass.CLIP,
    NonLesionKind.MARKER: CandidateClass.MARKER,
    NonLesionKind.WIRE: CandidateClass.WIRE,
    NonLesionKind.DUST: CandidateClass.DUST,
}  # all other look-alikes teach nothing
_HAIR_STEPS = 8  # pieces of a hair
_KNOWN_EVERY = 3  # pixels of dust, of which one is a known object


def make_scene(seed: int, backgrounds: tuple[LabeledImage, ...], settings: DetectorTraining) -> DetectorScene:
    """Make one scene.

    Args:
        seed: Its seed; the same seed gives the same scene.
        backgrounds: Real images without calcifications; none: it is a phantom.
        settings: What it holds.

    Returns:
        The scene.

    Raises:
        BadTable: The spacing of a background is not known.

    """
    rng = np.random.default_rng([seed, DETECTOR_SCENE_STREAM])
    if backgrounds and rng.random() < settings.real_share:
        return _on_background(rng, backgrounds, settings)
    return _phantom(rng, seed, settings)


def _phantom(rng: np.random.Generator, seed: int, settings: DetectorTraining) -> DetectorScene:
    draws = settings.scenes
    phantom = _phantom_settings(rng, draws)
    image = make_examination(seed, settings=phantom).images[0]
    mammogram = scene_mammogram(image, with_view=False)
    known = _known_in_phantom(image, draws)
    if phantom.film and rng.random() < draws.dust_chance:
        area = insertable_area(mammogram.gray, (), settings.backgrounds)
        gray, dust = _with_dust(rng, mammogram.gray, area, image.pixel_spacing_mm, draws)
        mammogram = replace(mammogram, gray=gray)
        known += dust
    return Scene(_perhaps_without_spacing(rng, mammogram, draws), tuple(known))


def _perhaps_without_spacing(
    rng: np.random.Generator, mammogram: Mammogram, draws: DetectorScenes
) -> Mammogram:
    if rng.random() >= draws.unknown_spacing_chance:
        return mammogram
    return replace(mammogram, description=replace(mammogram.description, pixel_spacing=None))


def _phantom_settings(rng: np.random.Generator, draws: DetectorScenes) -> PhantomSettings:
    film = bool(rng.random() < draws.film_chance)
    kinds = [kind for kind in NonLesionKind if rng.random() < draws.metal_chance]
    blur = uniform(rng, draws.phantom_blur)
    return PhantomSettings(
        field_mm=(uniform(rng, draws.height_mm), uniform(rng, draws.width_mm)),
        pixel_spacing_mm=log_uniform(rng, draws.spacing_mm),
        views=(ViewPosition.CC if rng.random() < draws.cc_share else ViewPosition.MLO,),
        non_lesions=tuple(kind for kind in kinds if film or kind is not NonLesionKind.DUST),
        breast_density=_DENSITIES[int(rng.integers(len(_DENSITIES)))],
        relative_dose=log_uniform(rng, draws.dose),
        mtf=widened_blur(blur),
        edge_enhancement=uniform(rng, draws.edge_enhancement),
        bits_stored=int(rng.choice(draws.bits)),
        film=film,
        groups=_plans(rng, draws),
    )


def _plans(rng: np.random.Generator, draws: DetectorScenes) -> tuple[GroupPlan, ...]:
    if rng.random() < draws.empty_chance:
        return ()
    shapes = [shape for shape in Morphology if shape is not Morphology.VASCULAR]
    plans = [
        GroupPlan(
            shapes[int(rng.integers(len(shapes)))],
            _LAYOUTS[int(rng.choice(len(_LAYOUTS), p=draws.layout_chances))],
            density=log_uniform(rng, draws.density),
        )
        for _ in range(int(rng.integers(1, draws.most_groups, endpoint=True)))
    ]
    if rng.random() < draws.vessel_chance:
        density = uniform(rng, draws.vessel_density)
        plans.append(GroupPlan(Morphology.VASCULAR, Distribution.LINEAR, density=density))
    return tuple(plans)


def _class_of(morphology: Morphology) -> CandidateClass:
    return CandidateClass.VASCULAR if morphology is Morphology.VASCULAR else CandidateClass.CALCIFICATION


def _known_in_phantom(image: PhantomImage, draws: DetectorScenes) -> list[Known]:
    known = [
        KnownObject(_CLASSES.get(found.kind), *point, found.outline if len(found.points) == 1 else ())
        for found in image.truth.non_lesions
        # A fold is tissue and stays an example of tissue.
        if found.kind is not NonLesionKind.SKIN_FOLD
        for point in found.points
    ]
    for found in image.truth.calcifications:
        # At least a pixel, in which a smaller thing still shows; capped, as large things are plain anyway.
        pixels = min(max(found.area_mm2 / image.pixel_spacing_mm**2, 1.0), draws.most_counted_px)
        # The contrast is a peak: over its shadow, a ball adds up to about half of a plate of that height.
        plain = found.contrast is None or found.contrast * pixels**0.5 >= 2 * draws.least_detectability
        answer = _class_of(found.morphology) if plain else None
        known.append(KnownObject(answer, found.row, found.column, found.outline))
    return known


def _on_background(
    rng: np.random.Generator, backgrounds: tuple[LabeledImage, ...], settings: DetectorTraining
) -> DetectorScene:
    draws = settings.scenes
    background, mammogram, spacing_mm, coarser = draw_background(rng, backgrounds, settings.backgrounds)
    known: list[Known] = list(masked_objects(background, coarser))
    area = insertable_area(mammogram.gray, [masked.outline for masked in known], settings.backgrounds)
    insertions = _insertion_settings(rng, draws)
    made = insert(
        rng,
        with_strands(rng, mammogram.gray, area, spacing_mm, settings.backgrounds),
        area,
        spacing_mm=spacing_mm,
        gray_step=mammogram.gray_step,
        settings=insertions,
    )
    for found in made.calcifications:
        plain = found.detectability >= draws.least_detectability
        answer = _class_of(found.morphology) if plain else None
        known.append(KnownObject(answer, found.row, found.column, found.outline))
    known += [
        KnownObject(_CLASSES[metal.kind], metal.row, metal.column, metal.outline)
        for metal in made.non_lesions
    ]
    # After insertion: more noise lies over calcifications as over tissue.
    gray = _with_noise(rng, made.gray, area, spacing_mm, draws)
    if rng.random() < draws.film_chance:
        gray, dust = _with_dust(rng, gray, area, spacing_mm, draws)
        known += dust
    # Rounded last, as a device stores what it has processed.
    gray = np.rint(gray.clip(0, 1) / mammogram.gray_step) * np.float32(mammogram.gray_step)
    rounded = replace(mammogram, gray=np.asarray(gray, np.float32))
    return Scene(_perhaps_without_spacing(rng, rounded, draws), tuple(known))


def _insertion_settings(rng: np.random.Generator, draws: DetectorScenes) -> InsertionSettings:
    metal: list[tuple[NonLesionKind, Parts, float]] = []
    lookalikes = LookalikeSettings()
    for kind, (draw, metal_name) in _METAL.items():
        has_metal = rng.random() < draws.metal_chance
        for _ in range(int(rng.integers(1, draws.most_metal, endpoint=True)) if has_metal else 0):
            small = kind is NonLesionKind.CLIP and rng.random() < draws.biopsy_marker_share
            metal.append(
                (kind, draw_biopsy_marker(rng) if small else draw(rng), getattr(lookalikes, metal_name))
            )
    blur = uniform(rng, draws.insertion_blur)
    empty = rng.random() < draws.empty_chance
    return InsertionSettings(
        scatters=0 if empty else int(rng.integers(1, draws.most_scatters, endpoint=True)),
        contrast=draws.contrast,
        blanks=int(rng.integers(0, draws.most_blanks, endpoint=True)),
        gain=log_uniform(rng, draws.gain),
        mtf=widened_blur(blur),
        edge_enhancement=uniform(rng, draws.edge_enhancement)
        if rng.random() < draws.enhanced_chance
        else 0.0,
        metal=tuple(metal),
    )


def _with_noise(
    rng: np.random.Generator,
    gray: NDArray[np.float32],
    area: NDArray[np.uint8],
    spacing_mm: float,
    draws: DetectorScenes,
) -> NDArray[np.float32]:
    """Less dose or more grain, now and then."""
    if rng.random() < 1 - draws.noise_chance:
        return gray
    noise = noise_of(gray, area, spacing_mm) * np.float32(rng.uniform(*draws.noise))
    sigma_px = rng.uniform(*draws.noise_px)
    white = cv2.GaussianBlur(rng.standard_normal(gray.shape, np.float32), (0, 0), sigma_px)
    return np.asarray(gray + white / white.std() * noise, dtype=np.float32)


def _with_dust(
    rng: np.random.Generator,
    gray: NDArray[np.float32],
    area: NDArray[np.uint8],
    spacing_mm: float,
    draws: DetectorScenes,
) -> tuple[NDArray[np.float32], list[Known]]:
    """Specks, hairs and scratches as sharp as the scanner sees them: on the film, not in the breast."""
    added = np.zeros_like(gray)
    known: list[Known] = []
    rows, columns = np.nonzero(area)
    least, most = draws.dust
    for chosen in rng.integers(0, rows.size, int(rng.integers(least, most, endpoint=True))):
        path = _dust_path(rng, float(rows[chosen]), float(columns[chosen]), draws)
        thick = 2 if spacing_mm < draws.fine_mm and rng.random() < draws.thick_chance else 1
        mask = np.zeros(gray.shape, np.uint8)
        # Not antialiased: dust has edges as sharp as the pixels.
        cv2.polylines(mask, [path], False, (255,), thick, cv2.LINE_8)
        drawn = np.argwhere(mask)
        added[drawn[:, 0], drawn[:, 1]] += np.float32(rng.uniform(*draws.dust_gray))
        known += [
            KnownObject(CandidateClass.DUST, float(row), float(column), ())
            for row, column in drawn[::_KNOWN_EVERY]
        ]
    if spacing_mm < draws.fine_mm:
        added = np.asarray(cv2.GaussianBlur(added, (0, 0), rng.uniform(*draws.dust_blur_px)), np.float32)
    return np.asarray((gray + added).clip(0, 1), dtype=np.float32), known


def _dust_path(
    rng: np.random.Generator, row: float, column: float, draws: DetectorScenes
) -> NDArray[np.int32]:
    """A speck of a pixel or two, more rarely a bent hair or a straight scratch, columns and rows."""
    length, bend = uniform(rng, draws.speck_px), 0.0
    if rng.random() < draws.hair_chance:
        length, bend = uniform(rng, draws.hair_px), float(rng.choice([0.0, rng.normal(0, draws.hair_bend)]))
    angle = rng.uniform(0, 2 * np.pi) + bend * np.arange(_HAIR_STEPS)
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / _HAIR_STEPS
    return np.rint(np.cumsum(steps, axis=0) + np.array([column, row])).astype(np.int32)
