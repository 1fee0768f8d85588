"""Shape scenes -> what the detector finds in them, with the true shape of each: examples to learn from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.views import is_true_lateral
from calcwatch.image.analyze import group_calcifications, measure_calcifications, separate_lookalikes
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES, OUTPUTS
from calcwatch.image.describe.shape_patches import measure_shapes
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from calcwatch_lab.train.examples import LEFT_OUT, SceneExamples, make_scenes
from calcwatch_lab.train.shapes.scenes import make_shape_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.lexicon import Morphology
    from calcwatch.image.find.detections import Detector
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import CropFrame
    from calcwatch_lab.labels import LabeledImage
    from calcwatch_lab.train.scenes import KnownObject
    from calcwatch_lab.train.shapes.scenes import ShapeScene
    from calcwatch_lab.train.shapes.settings import ShapeTraining

NOTHING = OUTPUTS - 1
"""Answer of a mark that is no calcification."""


def collect_shapes(
    seeds: Sequence[int],
    backgrounds: Sequence[LabeledImage],
    detector: Detector,
    settings: ShapeTraining,
    *,
    workers: int | None,
    on_done: Callable[[int, int], None],
) -> list[SceneExamples]:
    """Make scenes and their examples.

    Args:
        seeds: Seeds of the scenes.
        backgrounds: Real images without calcifications; none: all scenes are phantoms.
        detector: What finds calcifications in them.
        settings: How morphology is trained.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of scenes that are done and that of all.

    Returns:
        The examples of each scene, in the order of the seeds.

    Raises:
        TrainingFailed: A scene could not be made.

    """
    job = partial(_examples_of, backgrounds=tuple(backgrounds), detector=detector, settings=settings)
    return make_scenes(job, seeds, workers=workers, on_done=on_done)


def _examples_of(
    seed: int, *, backgrounds: tuple[LabeledImage, ...], detector: Detector, settings: ShapeTraining
) -> SceneExamples:
    return shape_examples(make_shape_scene(seed, backgrounds, settings), detector, settings)


def shape_examples(scene: ShapeScene, detector: Detector, settings: ShapeTraining) -> SceneExamples:
    """Find and measure what is in a scene as the analysis does, and look up what each is.

    Args:
        scene: The scene.
        detector: What finds calcifications in it.
        settings: Which marks count, and how near to an object one is on it.

    Returns:
        The marks and groups with their answers: a place in ``MORPHOLOGY_CLASSES``, ``NOTHING``, ``LEFT_OUT``.

    """
    image = normalize(scene.mammogram)
    # A lower threshold than the analysis has: false marks are needed as examples of nothing.
    analysis = AnalysisSettings(score_threshold=settings.least_score)
    breast = find_breast(image)
    detections, _ = separate_lookalikes(image, breast, detector(image, breast, analysis), settings=analysis)
    marks = measure_calcifications(image, detections, settings=analysis)
    grouped = group_calcifications(image, breast, marks, detections, settings=analysis)
    is_lateral = is_true_lateral(scene.mammogram.description.view_position)
    _, patches = measure_shapes(image, marks, detections.class_probabilities, is_lateral=is_lateral)
    places = np.array([(mark.row, mark.column) for mark in marks]).reshape(-1, 2)
    groups = tuple(group.members for group in grouped)
    answer = _answers(marks, scene.known, image.frame, image.px(settings.near_mm))
    return SceneExamples(
        inputs=(patches.close, patches.near, patches.around, patches.numbers),
        answer=answer,
        places_mm=places * image.working_mm,
        groups=groups,
        group_answer=np.array([_of_group(answer[list(members)]) for members in groups], np.int8),
    )


def _answers(
    marks: Sequence[MeasuredObject],
    known: Sequence[KnownObject[Morphology]],
    frame: CropFrame,
    near_px: float,
) -> NDArray[np.int8]:
    outlines = [np.array(own.outline or ((own.row, own.column),), np.float32) for own in known]
    centers = np.array([(own.row, own.column) for own in known]).reshape(-1, 2)
    reach = np.array(
        [np.hypot(*(points - center).T).max() for points, center in zip(outlines, centers, strict=True)]
    )
    answer = np.full(len(marks), NOTHING, np.int8)
    for place, mark in enumerate(marks):
        # Marks are in crop pixels, the truth is in file pixels.
        row, column = frame.to_file(mark.row, mark.column)
        away = np.hypot(*(centers - (row, column)).T)
        for number in np.argsort(away, kind="stable")[: np.count_nonzero(away <= reach + near_px)]:
            if away[number] > reach[number] + near_px:
                break
            if _is_on(outlines[number], row, column, near_px):
                shape = known[number].answer
                # On something that is not to be learned from: it is no example of nothing either.
                answer[place] = LEFT_OUT if shape is None else MORPHOLOGY_CLASSES.index(shape)
                break
    return answer


def _is_on(outline: NDArray[np.float32], row: float, column: float, near_px: float) -> bool:
    if len(outline) < 3:
        return True
    return cv2.pointPolygonTest(outline, (row, column), measureDist=True) >= -near_px


def _of_group(answer: NDArray[np.int8]) -> int:
    """The commonest answer of the members, if half of all have it."""
    counts = np.bincount(answer[answer >= 0], minlength=OUTPUTS)
    best = int(np.argmax(counts))
    # A group of several shapes has no true shape to learn.
    return best if counts[best] * 2 >= answer.size else LEFT_OUT
