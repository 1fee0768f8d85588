"""One image to learn from, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from calcwatch.domain.image import ImageDescription, Mammogram, PixelSpacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcwatch.domain.image import Point
    from calcwatch.phantom.truth import PhantomImage
    from calcwatch_lab.labels import LabeledImage

Answer = TypeVar("Answer")
"""What a network is to say of an object: a class of candidates, or a morphology."""

_CIRCLE_POINTS = 24  # corners of a circle: its area comes out one percent too small


@dataclass(frozen=True, eq=False)
class KnownObject(Generic[Answer]):
    """One object in a scene, in pixels of the file.

    Attributes:
        answer: What it is; ``None``: nothing is to be learned from it.
        row: Row of its center.
        column: Column of its center.
        outline: Closed polygon; empty where it is a point.

    """

    answer: Answer | None
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class Scene(Generic[Answer]):
    """A mammogram and everything known in it; all else is tissue.

    Attributes:
        mammogram: The image.
        known: The objects in it.

    """

    mammogram: Mammogram
    known: tuple[KnownObject[Answer], ...]


def scene_mammogram(image: PhantomImage, *, with_view: bool) -> Mammogram:
    """Turn a phantom's picture into a mammogram to learn from.

    Args:
        image: The picture.
        with_view: Whether its side and view are said.

    Returns:
        The mammogram, its spacing said.

    """
    top = 2**image.bits_stored - 1
    # The window of a phantom is its whole range, so reading its file would give the same gray.
    gray = (image.stored / np.float32(top)).astype(np.float32)
    description = ImageDescription(
        "scene",
        pixel_spacing=PixelSpacing(image.pixel_spacing_mm, image.pixel_spacing_mm, "phantom"),
        # Detectors are trained without side and view; shapes need the view, by which sediment is told.
        view_position=image.view_position if with_view else None,
        image_laterality=image.laterality if with_view else None,
        rows=gray.shape[0],
        columns=gray.shape[1],
    )
    return Mammogram(gray, description, None, 1 / top)


def masked_objects(background: LabeledImage, coarser: float) -> Iterator[KnownObject[Answer]]:
    """Places of a background that may hold calcifications after all: nothing is learned there.

    Args:
        background: The background.
        coarser: Factor by which its pixels were made coarser.

    Yields:
        A circle each, in pixels of the varied background.

    """
    angle = np.arange(_CIRCLE_POINTS) * (2 * np.pi / _CIRCLE_POINTS)
    for row, column, radius in background.masked:
        rows, columns = row + radius * np.sin(angle), column + radius * np.cos(angle)
        outline = tuple(
            (_resampled(r, coarser), _resampled(c, coarser)) for r, c in zip(rows, columns, strict=True)
        )
        yield KnownObject(None, _resampled(row, coarser), _resampled(column, coarser), outline)


def _resampled(place: float, coarser: float) -> float:
    """A row or column in coarser pixels, whose first begins where the first fine one does."""
    return (place + 0.5) / coarser - 0.5
