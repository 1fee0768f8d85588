"""Scenes -> candidates with the answer to each, as arrays a network learns from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.find.candidates import find_candidates
from calcwatch.image.find.classify import CANDIDATE_CLASSES, CandidateClass
from calcwatch.image.find.patches import cut_patches
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from calcwatch_lab.seeds import FILM_STREAM, TISSUE_STREAM
from calcwatch_lab.train.detector.scenes import make_scene
from calcwatch_lab.train.examples import LEFT_OUT, SceneExamples, make_scenes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch_lab.labels import LabeledImage
    from calcwatch_lab.train.detector.scenes import DetectorScene, Known
    from calcwatch_lab.train.detector.settings import DetectorTraining

TISSUE = CANDIDATE_CLASSES.index(CandidateClass.TISSUE)
"""Answer of a candidate that is nothing."""

_METAL = {CandidateClass.CLIP, CandidateClass.MARKER, CandidateClass.WIRE}
_CALCIFICATIONS = {CandidateClass.CALCIFICATION, CandidateClass.VASCULAR}
_DUST_REACH_PX = 1.0  # a candidate this close to dust is on it: dust is as sharp as the scanner sees it
_SHIFT = 3  # fractional bits of the corners that outlines are drawn with


def collect(
    seeds: Sequence[int],
    backgrounds: Sequence[LabeledImage],
    settings: DetectorTraining,
    *,
    whole: bool,
    workers: int | None,
    on_done: Callable[[int, int], None],
) -> list[SceneExamples]:
    """Make scenes and their examples.

    Args:
        seeds: Seeds of the scenes.
        backgrounds: Real images without calcifications; none: all scenes are phantoms.
        settings: How the detector is trained.
        whole: Whether every candidate is kept, as the context network needs, not only some tissue.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of scenes that are done and that of all.

    Returns:
        The examples of each scene, in the order of the seeds.

    Raises:
        TrainingFailed: A scene could not be made.

    """
    job = partial(examples_of, backgrounds=tuple(backgrounds), settings=settings, whole=whole)
    return make_scenes(job, seeds, workers=workers, on_done=on_done)


def examples_of(
    seed: int, *, backgrounds: tuple[LabeledImage, ...], settings: DetectorTraining, whole: bool
) -> SceneExamples:
    """Make one scene and its examples.

    Args:
        seed: Seed of the scene.
        backgrounds: Real images without calcifications.
        settings: How the detector is trained.
        whole: Whether every candidate is kept, not only some tissue.

    Returns:
        The examples, strongest candidates first.

    Raises:
        BadTable: The spacing of a background is not known.

    """
    films = tuple(own for own in backgrounds if (own.given.pixel_spacing_mm or 0) >= settings.film_mm)
    others = tuple(own for own in backgrounds if own not in films)
    chosen = backgrounds
    if films and others:
        # A stream of its own, so that the scene's other draws are the same with or without films.
        is_film = np.random.default_rng([seed, FILM_STREAM]).random() < settings.film_share
        chosen = films if is_film else others
    examples = make_examples(make_scene(seed, chosen, settings), settings)
    # The context network needs every neighbor of a candidate, the patch network only examples.
    if whole:
        return examples
    rng = np.random.default_rng([seed, TISSUE_STREAM])
    rows = _with_some_tissue(rng, examples.answer, settings)
    return SceneExamples(
        tuple(own[rows] for own in examples.inputs),
        examples.answer[rows],
        examples.places_mm[rows],
        examples.found,
        examples.wanted,
    )


def make_examples(scene: DetectorScene, settings: DetectorTraining) -> SceneExamples:
    """Find the candidates of a scene, look up what each is, and cut its patches.

    Args:
        scene: The scene.
        settings: How many candidates are taken, and how near to an object one is on it.

    Returns:
        The examples, strongest candidates first.

    """
    image = normalize(scene.mammogram)
    # By the very code of the analysis: the network learns what it will be given.
    candidates = find_candidates(image, find_breast(image), AnalysisSettings())
    patches = cut_patches(image, candidates, settings.candidates)
    count = len(patches.numbers)
    rows, columns = candidates.row[:count], candidates.column[:count]
    answers, owners = _draw_answers(scene, image, settings)
    calcifications = {n for n, known in enumerate(scene.known) if known.answer in _CALCIFICATIONS}
    found = calcifications & {int(n) for n in owners[rows, columns]}
    return SceneExamples(
        (patches.detail.astype(np.float16), patches.context.astype(np.float16), patches.numbers),
        answers[rows, columns],
        np.stack([rows, columns], axis=1) * np.float64(image.working_mm),
        len(found),
        len(calcifications),
    )


def _with_some_tissue(
    rng: np.random.Generator, answer: NDArray[np.int8], settings: DetectorTraining
) -> NDArray[np.intp]:
    """All that is something, and of the tissue the strongest candidates and some of the rest."""
    tissue = np.flatnonzero(answer == TISSUE)
    rest = tissue[settings.hardest_tissue :]
    count = min(max(0, settings.tissue - settings.hardest_tissue), rest.size)
    some = rng.choice(rest, count, replace=False)
    # Candidates come strongest first, so the first are the likeliest mistakes.
    hardest = tissue[: settings.hardest_tissue][: settings.tissue]
    kept = np.concatenate([np.flatnonzero(answer > TISSUE), hardest, some])
    return np.asarray(np.sort(kept), dtype=np.intp)


def _draw_answers(
    scene: DetectorScene, image: PreparedImage, settings: DetectorTraining
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The answer at each pixel of the crop, and the number of the object that gives it (-1: none)."""
    answers = np.full(image.gray.shape, TISSUE, np.int8)
    owners = np.full(image.gray.shape, -1, np.int32)
    objects = [(number, known, _in_crop(known, image)) for number, known in enumerate(scene.known)]
    # Doubt first: where two objects meet, what one of them is counts for more than doubt about the other.
    for _, _, points in objects:
        _stamp(answers, points, image.px(settings.doubt_mm), LEFT_OUT)
    for number, known, points in objects:
        reach_px = image.px(settings.metal_near_mm if known.answer in _METAL else settings.near_mm)
        if known.answer is CandidateClass.DUST:
            reach_px = _DUST_REACH_PX
        answer = LEFT_OUT if known.answer is None else CANDIDATE_CLASSES.index(known.answer)
        _stamp(answers, points, reach_px, answer)
        _stamp(owners, points, reach_px, number)
    return answers, owners


def _in_crop(known: Known, image: PreparedImage) -> NDArray[np.float64]:
    """The object's outline (or its center) as columns and rows of the crop."""
    frame = image.frame
    outline = known.outline if len(known.outline) > 2 else ((known.row, known.column),)
    points = np.array(outline, dtype=np.float64)
    rows, columns = points[:, 0] - frame.top, points[:, 1] - frame.left
    # From file pixels to crop pixels: OpenCV wants the column first.
    return np.stack([frame.columns - 1 - columns if frame.mirrored else columns, rows], axis=1)


def _stamp(
    canvas: NDArray[np.int8] | NDArray[np.int32], points: NDArray[np.float64], reach_px: float, value: int
) -> None:
    """Set the pixels inside an outline, or within ``reach_px`` of it, to a value."""
    # A line that wide reaches as far outside as inside.
    thick = 2 * max(1, round(reach_px)) + 1
    corners = np.rint(points * 2**_SHIFT).astype(np.int32)
    if len(corners) > 2:
        cv2.fillPoly(canvas, [corners], (value,), shift=_SHIFT)
        cv2.polylines(canvas, [corners], True, (value,), thick, shift=_SHIFT)
    else:
        cv2.circle(canvas, np.rint(points[0]).astype(int).tolist(), thick // 2, (value,), -1)
