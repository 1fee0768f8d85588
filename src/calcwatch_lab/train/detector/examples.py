"""Scenes -> candidates with the answer to each, as arrays a network learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.find.candidates import find_candidates
from calcwatch.image.find.classify import CANDIDATE_CLASSES, CandidateClass
from calcwatch.image.find.patches import Patches, cut_patches
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.candidates import Candidates
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch_lab.train.detector.scenes import Known, Scene

LEFT_OUT = -1
"""Answer of a candidate that nothing is to be learned from."""

_NEAR_MM = 0.15  # a candidate this close to an outline is on it
_DOUBT_MM = 0.6  # one this close is neither on it nor tissue
_METAL_MM = 0.6
_METAL = {CandidateClass.CLIP, CandidateClass.MARKER, CandidateClass.WIRE}


@dataclass(frozen=True, eq=False)
class Examples:
    """Candidates of one scene, best first; ``answer``: place in ``CANDIDATE_CLASSES``, or ``LEFT_OUT``."""

    image: PreparedImage
    candidates: Candidates
    patches: Patches
    answer: NDArray[np.int8]
    found: int
    wanted: int


def make_examples(scene: Scene, *, count: int) -> Examples:
    """Find the candidates of a scene, look up what each is, and cut the patches of the first ``count``.

    ``wanted``: how many calcifications the scene has; ``found``: on how many of them a candidate lies.
    """
    image = normalize(scene.mammogram)
    candidates = find_candidates(image, find_breast(image), AnalysisSettings())
    patches = cut_patches(image, candidates, count)
    count = len(patches.numbers)
    answers, owners = _draw_answers(scene, image)
    rows, columns = candidates.row[:count], candidates.column[:count]
    owner = owners[rows, columns]
    calcifications = {
        n
        for n, one in enumerate(scene.known)
        if one.look in (CandidateClass.CALCIFICATION, CandidateClass.VASCULAR)
    }
    hit = calcifications & {int(n) for n in owner}
    return Examples(image, candidates, patches, answers[rows, columns], len(hit), len(calcifications))


def _draw_answers(scene: Scene, image: PreparedImage) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The answer at each pixel of the crop, and the number of the thing that gives it (-1: none)."""
    answers = np.zeros(image.gray.shape, np.int8)
    owners = np.full(image.gray.shape, -1, np.int32)
    things = [(n, one, _in_crop(one, image)) for n, one in enumerate(scene.known)]
    for _, _, points in things:
        _stamp(answers, points, image.px(_DOUBT_MM), LEFT_OUT)
    for number, one, points in things:
        reach = image.px(_METAL_MM if one.look in _METAL else _NEAR_MM)
        reach = 1.0 if one.look is CandidateClass.DUST else reach
        _stamp(answers, points, reach, LEFT_OUT if one.look is None else CANDIDATE_CLASSES.index(one.look))
        _stamp(owners, points, reach, number)
    return answers, owners


def _in_crop(one: Known, image: PreparedImage) -> NDArray[np.float64]:
    """The thing's outline (or its center) as columns and rows of the crop."""
    frame = image.frame
    points = np.array(one.outline if len(one.outline) > 2 else ((one.row, one.column),), dtype=np.float64)
    rows, columns = points[:, 0] - frame.top, points[:, 1] - frame.left
    return np.stack([frame.columns - 1 - columns if frame.mirrored else columns, rows], axis=1)


def _stamp(
    canvas: NDArray[np.int8] | NDArray[np.int32], points: NDArray[np.float64], reach_px: float, value: int
) -> None:
    """Set the pixels inside an outline, or within ``reach_px`` of it, to a value."""
    thick = 2 * max(1, round(reach_px)) + 1
    corners = np.rint(points * 8).astype(np.int32)
    if len(corners) > 2:
        cv2.fillPoly(canvas, [corners], (value,), shift=3)
        cv2.polylines(canvas, [corners], True, (value,), thick, shift=3)
    else:
        cv2.circle(canvas, np.rint(points[0]).astype(int).tolist(), thick // 2, (value,), -1)
