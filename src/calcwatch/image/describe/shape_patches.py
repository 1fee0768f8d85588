"""What the shape network sees of each calcification: filled, to scale, with its surround, and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.measure.shape import CLOSE_PX, cut, cut_close_up, measure_shape, pyramid
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import ShapeFeatures
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings.describe import ShapePatchSettings


SHAPE_NUMBERS = (
    *("spacing", "diameter", "length", "width", "length_to_width", "roundness", "solidity", "edge_sharpness"),
    *("contrast", "lucent_center", "branches", "surround", "is_lateral"),
    *(f"probability_{candidate_class}" for candidate_class in CANDIDATE_CLASSES),
)
"""The numbers that go with each calcification, in order; the last are the detector's class probabilities."""


@dataclass(frozen=True, eq=False)
class ShapePatches:
    """Network inputs for n calcifications, all float32.

    Attributes:
        close: n x 2 x 32 x 32, the object filling the square in units of its height, and its outline filled.
        near: n x 1 x 32 x 32, cells 0.08 mm apart, gray over the surround in units of the noise.
        around: n x 2 x 32 x 32, cells 0.4 mm apart: gray likewise, and where calcifications are.
        numbers: n x ``SHAPE_NUMBERS``.
    """

    close: NDArray[np.float32]
    near: NDArray[np.float32]
    around: NDArray[np.float32]
    numbers: NDArray[np.float32]


def measure_shapes(
    image: PreparedImage,
    calcifications: Sequence[MeasuredObject],
    class_probabilities: NDArray[np.float32] | None,
    *,
    is_lateral: bool,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[tuple[ShapeFeatures, ...], ShapePatches]:
    """Measure the shape of calcifications and cut what the shape network sees of them.

    Args:
        image: The prepared image.
        calcifications: n measured calcifications, in crop pixels.
        class_probabilities: Of all detections, which their ``index`` counts, x ``CANDIDATE_CLASSES``;
            ``None`` from a detector without, and then the numbers hold zeros.
        is_lateral: Whether the view is a true lateral (ML, LM), the only one that shows sediment as such.
        settings: Settings of shapes and of their patches.

    Returns:
        Shape of each calcification, and the inputs of the network, a row each, in the order given; no
        calcifications give empty arrays.
    """
    # made once for the image: every cut takes the level that fits its scale
    levels = pyramid(image.gray, settings=settings.shape)
    close_ups = [cut_close_up(levels, found, settings=settings.shape) for found in calcifications]
    features = tuple(
        measure_shape(image, found, close_up, settings=settings.shape)
        for found, close_up in zip(calcifications, close_ups, strict=True)
    )
    lowest, highest = settings.shape_patches.close_up_range
    marks = _marks(image, calcifications, settings.shape_patches)
    close = [
        np.stack([close_up.gray.clip(lowest, highest), close_up.inside.astype(np.float32)])
        for close_up in close_ups
    ]
    near = [_near(levels, image, found, settings.shape_patches) for found in calcifications]
    around = [_around(levels, marks, image, found, settings.shape_patches) for found in calcifications]
    numbers = [
        (
            *_numbers(image, found, shape, settings.shape_patches),
            float(is_lateral),
            *(
                np.zeros(len(CANDIDATE_CLASSES))
                if class_probabilities is None
                else class_probabilities[found.index]
            ),
        )
        for found, shape in zip(calcifications, features, strict=True)
    ]
    return features, ShapePatches(
        close=_stacked(close, 2),
        near=_stacked(near, 1),
        around=_stacked(around, 2),
        numbers=np.array(numbers, np.float32).reshape(-1, len(SHAPE_NUMBERS)),
    )


def _stacked(squares: list[NDArray[np.float32]], channels: int) -> NDArray[np.float32]:
    """Squares of some channels as one array, also when there are none."""
    if not squares:
        return np.zeros((0, channels, CLOSE_PX, CLOSE_PX), np.float32)
    return np.stack(squares).reshape(-1, channels, CLOSE_PX, CLOSE_PX).astype(np.float32)


def _near(
    levels: Sequence[NDArray[np.float32]],
    image: PreparedImage,
    found: MeasuredObject,
    settings: ShapePatchSettings,
) -> NDArray[np.float32]:
    """The calcification to scale: size and sharpness show, which a close-up that fills the square hides."""
    side = image.px(settings.near_mm) * CLOSE_PX
    return _in_noise(cut(levels, found.row, found.column, side_px=side, cells=CLOSE_PX), found, settings)


def _around(
    levels: Sequence[NDArray[np.float32]],
    marks: NDArray[np.float32],
    image: PreparedImage,
    found: MeasuredObject,
    settings: ShapePatchSettings,
) -> NDArray[np.float32]:
    """Its surround, in which a vessel, a cyst or a duct shows, and the calcifications in it."""
    step = image.px(settings.around_mm)
    gray = cut(levels, found.row, found.column, side_px=step * CLOSE_PX, cells=CLOSE_PX)
    # from pixels of the crop to cells of the marks, both counted from the middle of their first one
    row, column = (found.row + 0.5) / step - 0.5, (found.column + 0.5) / step - 0.5
    # marks are on the scale of the patch already, so a single level is enough
    nearby = cut((marks,), row, column, side_px=CLOSE_PX, cells=CLOSE_PX)
    return np.stack([_in_noise(gray, found, settings), nearby])


def _in_noise(
    gray: NDArray[np.float32], found: MeasuredObject, settings: ShapePatchSettings
) -> NDArray[np.float32]:
    """Gray over the object's surround in units of the noise, large values compressed."""
    # contrast is height over noise: their ratio is the noise that the object was measured with
    noise = max(found.height / max(found.contrast, settings.min_contrast), settings.min_noise)
    # arcsinh is linear near 0 and a logarithm far from it: faint and bright calcifications fit one scale
    return np.asarray(
        np.arcsinh((gray - np.float32(found.surround)) / np.float32(settings.noise_scale * noise))
    )


def _marks(
    image: PreparedImage, calcifications: Sequence[MeasuredObject], settings: ShapePatchSettings
) -> NDArray[np.float32]:
    """1 in the cells, 0.4 mm apart, in which a calcification lies; a large one fills several."""
    step = image.px(settings.around_mm)
    rows, columns = (int(size / step) + 1 for size in image.gray.shape)
    marks = np.zeros((rows, columns), np.float32)
    for found in calcifications:
        place = (int((found.column + 0.5) / step), int((found.row + 0.5) / step))
        # a radius of 0 still marks its cell
        cv2.circle(marks, place, int(found.diameter_px / 2 / step), (1.0,), -1)
    return marks


def _numbers(
    image: PreparedImage, found: MeasuredObject, shape: ShapeFeatures, settings: ShapePatchSettings
) -> tuple[float, ...]:
    """The first of ``SHAPE_NUMBERS``, up to the surround, each of about unit size."""
    mm, reference = image.working_mm, settings.reference_length_mm
    return (
        # ratios as logarithms: the same factor is the same step for small and large
        np.log(mm / settings.reference_spacing_mm),
        np.log(max(found.diameter_px, settings.min_diameter_px) * mm / reference),
        np.log(shape.length_px * mm / reference),
        np.log(shape.width_px * mm / reference),
        np.log(shape.length_to_width),
        shape.roundness,
        shape.solidity,
        min(shape.edge_sharpness, settings.max_edge_sharpness),
        np.arcsinh(found.contrast / settings.contrast_scale),
        shape.lucent_center,
        min(shape.branches, settings.max_branches) / settings.max_branches,
        found.surround,
    )
