"""Pieces of phantoms, whose kind is known: what no labeled woman has must be told all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.lexicon import GroupKind, kind_of_word
from calcwatch.image.describe.kind import KIND_CLASSES
from calcwatch.phantom.examination import make_examination
from calcwatch_lab.seeds import KIND_PHANTOM_STREAM
from calcwatch_lab.train.kinds.fit import LabeledPieces
from calcwatch_lab.train.kinds.pieces import pieces_of_mammogram
from calcwatch_lab.train.kinds.settings import KindTraining
from calcwatch_lab.train.scenes import scene_mammogram
from calcwatch_lab.train.shapes.scenes import phantom_settings
from calcwatch_lab.train.shapes.settings import ShapeScenes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.phantom.truth import CalcificationTruth


def phantom_pieces(seed: int, *, settings: KindTraining = KindTraining()) -> LabeledPieces:
    """Make a phantom and measure the pieces that are found in it.

    Args:
        seed: Its seed.
        settings: How far a mark may lie from what it is.

    Returns:
        Its pieces, each with the shares of kinds among what its marks truly are; nobody said how suspicious
        they are.
    """
    rng = np.random.default_rng([seed, KIND_PHANTOM_STREAM])
    image = make_examination(seed, settings=phantom_settings(rng, ShapeScenes())).images[0]
    measured = pieces_of_mammogram(
        scene_mammogram(image, with_view=True), name=f"phantom {seed}", woman=f"phantom {seed}"
    )
    reach_px = settings.phantom_mm / image.pixel_spacing_mm
    kinds = [true_kinds(marks, image.truth.calcifications, reach_px) for marks in measured.marks]
    return LabeledPieces(
        measured.woman,
        measured.features,
        measured.places_mm,
        np.array(kinds).reshape(-1, len(KIND_CLASSES)),
        np.full(len(measured.features), np.nan),
        settings.phantom_weight,
    )


def true_kinds(
    marks: NDArray[np.float64], truth: Sequence[CalcificationTruth], reach_px: float
) -> NDArray[np.float64]:
    """Count what the marks of a piece truly are.

    Args:
        marks: n x 2, row and column.
        truth: The true calcifications of the image.
        reach_px: A mark so near to an outline is on it.

    Returns:
        Share of the marks that are of each of ``KIND_CLASSES``.
    """
    shares = np.zeros(len(KIND_CLASSES))
    for row, column in marks:
        inside = [
            cv2.pointPolygonTest(np.array(true.outline, np.float32), (row, column), measureDist=True)
            for true in truth
        ]
        kind = GroupKind.NOT_A_CALCIFICATION
        if inside and max(inside) >= -reach_px:
            true = truth[int(np.argmax(inside))]
            kind = kind_of_word(true.morphology, true.distribution)
        shares[KIND_CLASSES.index(kind)] += 1 / len(marks)
    return shares
