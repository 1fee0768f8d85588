"""What the shape network sees of each calcification: filled, to scale, with its surround, and numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.measure.shape import CLOSE_PX, Close, cut, look_closer, measure_shape, pyramid
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import ShapeFeatures
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage


SHAPE_NUMBERS = (
    *("spacing", "diameter", "length", "width", "length_to_width", "roundness", "solidity", "edge_sharpness"),
    *("contrast", "lucent_center", "branches", "surround", "is_lateral"),
    *(f"looks_{look.value}" for look in CANDIDATE_CLASSES),
)
"""The numbers that go with each calcification, in order; see ``see_shapes``."""


@dataclass(frozen=True, eq=False)
class ShapePatches:
    """Network inputs for n calcifications, all float32.

    ``close``: n x 2 x 32 x 32, the object filling the square in units of its height, and its outline filled.
    ``near``: n x 1 x 32 x 32, cells 0.08 mm apart, in units of the noise. ``around``: n x 2 x 32 x 32, cells
    0.4 mm apart: gray, and where calcifications are. ``numbers``: n x ``SHAPE_NUMBERS``.
    """

    close: NDArray[np.float32]
    near: NDArray[np.float32]
    around: NDArray[np.float32]
    numbers: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SeenShapes:
    """Calcifications of one image as a reader sees them: their features and the network's inputs."""

    features: tuple[ShapeFeatures, ...]
    patches: ShapePatches


def see_shapes(
    image: PreparedImage,
    objects: Sequence[MeasuredObject],
    looks: NDArray[np.float32] | None,
    *,
    is_lateral: bool,
    settings: AnalysisSettings = AnalysisSettings(),
) -> SeenShapes:
    """Measure each object's shape and cut its patches; no objects give empty arrays.

    ``looks``: of all detections, which ``MeasuredObject.index`` counts; ``None`` from a detector without.
    ``is_lateral``: whether the view is a true lateral (ML, LM), the only one that shows sediment as such.
    """
    levels = pyramid(image.gray, settings=settings.shape)
    closes = [look_closer(levels, found, settings=settings.shape) for found in objects]
    features = tuple(
        measure_shape(image, found, close, settings=settings.shape)
        for found, close in zip(objects, closes, strict=True)
    )
    where = _where(image, objects, settings)
    count = len(objects)
    patches = ShapePatches(
        close=_stacked([_close(close) for close in closes], 2),
        near=_stacked([_near(levels, image, found, settings) for found in objects], 1),
        around=_stacked([_around(levels, where, image, found, settings) for found in objects], 2),
        numbers=_numbers(image, objects, features, looks, is_lateral=is_lateral, settings=settings)
        if count
        else np.zeros((0, len(SHAPE_NUMBERS)), np.float32),
    )
    return SeenShapes(features, patches)


def taken(patches: ShapePatches, rows: NDArray[np.intp] | slice) -> ShapePatches:
    """Those rows of all inputs."""
    return ShapePatches(*(getattr(patches, field.name)[rows] for field in fields(ShapePatches)))


def _stacked(squares: list[NDArray[np.float32]], channels: int) -> NDArray[np.float32]:
    if not squares:
        return np.zeros((0, channels, CLOSE_PX, CLOSE_PX), np.float32)
    return np.stack(squares).reshape(-1, channels, CLOSE_PX, CLOSE_PX).astype(np.float32)


def _close(close: Close) -> NDArray[np.float32]:
    return np.stack([close.gray.clip(-0.7, 1.7), close.inside.astype(np.float32)])


def _near(
    levels: Sequence[NDArray[np.float32]],
    image: PreparedImage,
    found: MeasuredObject,
    settings: AnalysisSettings,
) -> NDArray[np.float32]:
    side = image.px(settings.shape_patches.near_mm) * CLOSE_PX
    gray = cut(levels, found.row, found.column, side_px=side, cells=CLOSE_PX)
    return _in_noise(gray, found, settings)


def _around(
    levels: Sequence[NDArray[np.float32]],
    where: NDArray[np.float32],
    image: PreparedImage,
    found: MeasuredObject,
    settings: AnalysisSettings,
) -> NDArray[np.float32]:
    side = image.px(settings.shape_patches.around_mm) * CLOSE_PX
    gray = cut(levels, found.row, found.column, side_px=side, cells=CLOSE_PX)
    shown = _in_noise(gray, found, settings)
    step = image.px(settings.shape_patches.around_mm)
    marks = cut((where,), (found.row + 0.5) / step - 0.5, (found.column + 0.5) / step - 0.5,
                side_px=CLOSE_PX, cells=CLOSE_PX)  # fmt: skip
    return np.stack([shown, marks])


def _in_noise(
    gray: NDArray[np.float32], found: MeasuredObject, settings: AnalysisSettings
) -> NDArray[np.float32]:
    """Gray over the object's surround in units of the noise, large values compressed."""
    noise = max(found.height / max(found.contrast, 1e-3), 1e-5)
    return np.asarray(
        np.arcsinh(
            (gray - np.float32(found.surround)) / np.float32(settings.shape_patches.noise_scale * noise)
        )
    )


def _where(
    image: PreparedImage, objects: Sequence[MeasuredObject], settings: AnalysisSettings
) -> NDArray[np.float32]:
    """1 in the cells, 0.4 mm apart, in which a calcification lies; a large one fills several."""
    step = image.px(settings.shape_patches.around_mm)
    rows, columns = (int(size / step) + 1 for size in image.gray.shape)
    where = np.zeros((rows, columns), np.float32)
    for found in objects:
        place = (int((found.column + 0.5) / step), int((found.row + 0.5) / step))
        cv2.circle(where, place, int(found.diameter_px / 2 / step), (1.0,), -1)
    return where


def _numbers(
    image: PreparedImage,
    objects: Sequence[MeasuredObject],
    features: Sequence[ShapeFeatures],
    looks: NDArray[np.float32] | None,
    *,
    is_lateral: bool,
    settings: AnalysisSettings,
) -> NDArray[np.float32]:
    mm = image.working_mm
    rows = [
        (
            np.log(mm / 0.1),
            np.log(max(found.diameter_px, 0.5) * mm / 0.5),
            np.log(shape.length_px * mm / 0.5),
            np.log(shape.width_px * mm / 0.5),
            np.log(shape.length_to_width),
            shape.roundness,
            shape.solidity,
            min(shape.edge_sharpness, 2.5),
            np.arcsinh(found.contrast / settings.shape_patches.contrast_scale),
            shape.lucent_center,
            min(shape.branches, settings.shape_patches.max_branches) / settings.shape_patches.max_branches,
            found.surround,
            float(is_lateral),
            *(looks[found.index] if looks is not None else np.zeros(len(CANDIDATE_CLASSES))),
        )
        for found, shape in zip(objects, features, strict=True)
    ]
    return np.array(rows, np.float32)
