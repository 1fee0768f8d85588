"""Shape scenes -> what the detector finds in them, with the true shape of each: examples to learn from."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.views import is_true_lateral
from calcwatch.image.analyze import group_calcifications, measure_calcifications, separate_lookalikes
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES, OUTPUTS
from calcwatch.image.describe.shape_patches import ShapePatches, see_shapes
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from calcwatch.service.workers import WorkerEnded, answers
from calcwatch_lab.train.detector.collect import TrainingFailed
from calcwatch_lab.train.detector.examples import LEFT_OUT
from calcwatch_lab.train.shapes.scenes import KnownShape, ShapeScene, make_shape_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from calcwatch.image.find.detections import Detector
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import CropFrame
    from calcwatch_lab.train.detector.backgrounds import Background

NOTHING = OUTPUTS - 1
"""Answer of a mark that is no calcification."""

_NEAR_MM = 0.2  # a mark this close to an outline is on it
_BELIEVED = 0.3  # marks less believable are no examples


@dataclass(frozen=True, eq=False)
class ShapeExamples:
    """Marks of one scene: ``answer`` is an index of ``MORPHOLOGY_CLASSES``, ``NOTHING`` or ``LEFT_OUT``.

    ``places_mm``: n x 2. ``groups``: indices of the members of each group; ``group_answer``: the shape that
    most of its members have, ``LEFT_OUT`` where most are nothing.
    """

    patches: ShapePatches
    answer: NDArray[np.int8]
    places_mm: NDArray[np.float64]
    groups: tuple[tuple[int, ...], ...]
    group_answer: NDArray[np.int8]
    working_mm: float


def collect_shapes(
    seeds: Sequence[int],
    backgrounds: Sequence[Background],
    detector: Detector,
    *,
    real_share: float,
    workers: int,
    on_done: Callable[[int, int], None],
) -> list[ShapeExamples]:
    """Make the scenes of ``seeds`` and their examples, in that order.

    Raises ``TrainingFailed`` when a process dies or a scene cannot be made.
    """
    made: dict[int, ShapeExamples] = {}
    job = partial(_one, tuple(backgrounds), detector, real_share)
    with closing(answers(job, list(seeds), workers=workers)) as coming:
        for place, answer in coming:
            if isinstance(answer, WorkerEnded | str):
                raise TrainingFailed(f"the scene of seed {seeds[place]} could not be made: {answer}")
            made[place] = answer
            on_done(len(made), len(seeds))
    return [made[place] for place in sorted(made)]


def _one(
    backgrounds: tuple[Background, ...], detector: Detector, real_share: float, seed: int
) -> ShapeExamples | str:
    cv2.setNumThreads(1)
    try:
        return shape_examples(make_shape_scene(seed, backgrounds, real_share=real_share), detector)
    except (CalcwatchError, ValueError) as error:
        return str(error)


def shape_examples(scene: ShapeScene, detector: Detector) -> ShapeExamples:
    """Find and measure what is in a scene as the pipeline does, and look up what each is."""
    image = normalize(scene.mammogram)
    settings = AnalysisSettings(score_threshold=_BELIEVED)
    breast = find_breast(image)
    candidates = detector(image, breast, settings)
    detections, _ = separate_lookalikes(image, breast, candidates, settings=settings)
    measured = measure_calcifications(image, detections, settings=settings)
    grouped = group_calcifications(image, breast, measured, detections, settings=settings)
    is_lateral = is_true_lateral(scene.mammogram.description.view_position)
    seen = see_shapes(image, measured, detections.class_probabilities, is_lateral=is_lateral)
    places = np.array([(found.row, found.column) for found in measured]).reshape(-1, 2)
    groups = tuple(group.members for group in grouped)
    answer = _answers(measured, scene.known, image.frame, image.px(_NEAR_MM))
    return ShapeExamples(
        patches=seen.patches,
        answer=answer,
        places_mm=places * image.working_mm,
        groups=groups,
        group_answer=np.array([_of_group(answer[list(members)]) for members in groups], np.int8),
        working_mm=image.working_mm,
    )


def _answers(
    objects: Sequence[MeasuredObject], known: Sequence[KnownShape], frame: CropFrame, near_px: float
) -> NDArray[np.int8]:
    outlines = [np.array(one.outline or ((one.row, one.column),), np.float32) for one in known]
    centers = np.array([(one.row, one.column) for one in known]).reshape(-1, 2)
    reach = np.array(
        [np.hypot(*(points - center).T).max() for points, center in zip(outlines, centers, strict=True)]
    )
    answer = np.full(len(objects), NOTHING, np.int8)
    for place, found in enumerate(objects):
        row, column = frame.to_file(found.row, found.column)
        away = np.hypot(*(centers - (row, column)).T)
        for one in np.argsort(away, kind="stable")[: np.count_nonzero(away <= reach + near_px)]:
            if away[one] > reach[one] + near_px:
                break
            if _is_on(outlines[one], row, column, near_px):
                shape = known[one].morphology
                answer[place] = LEFT_OUT if shape is None else MORPHOLOGY_CLASSES.index(shape)
                break
    return answer


def _is_on(outline: NDArray[np.float32], row: float, column: float, near_px: float) -> bool:
    if len(outline) < 3:
        return True
    return cv2.pointPolygonTest(outline, (row, column), measureDist=True) >= -near_px


def _of_group(answer: NDArray[np.int8]) -> int:
    """The commonest answer of the members that are calcifications, if half of all are that."""
    counts = np.bincount(answer[answer >= 0], minlength=OUTPUTS)
    best = int(np.argmax(counts))
    return best if counts[best] * 2 >= answer.size else LEFT_OUT
