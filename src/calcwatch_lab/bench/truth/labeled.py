"""Test images that somebody labeled: what a table says of them, in the words of the bench."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from calcwatch.domain.errors import BadTable
from calcwatch.service.files.open_image import open_image
from calcwatch_lab.bench.truth.truth import Case, TrueCalcification, TrueGroup, Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Mammogram, Point
    from calcwatch_lab.labels import LabeledImage

_CIRCLE_POINTS = 24  # corners of a circle: its area comes out one percent too small


def labeled_cases(data_set: str, images: Sequence[LabeledImage]) -> list[Case]:
    """Make a case of each labeled image.

    Args:
        data_set: Name of the data set.
        images: Labels.

    Returns:
        One case an image, in their order.

    """
    return [Case(data_set, image.patient, image.path.name, partial(load_labeled, image)) for image in images]


def load_labeled(image: LabeledImage) -> tuple[Mammogram, Truth]:
    """Read one labeled image; what its table gives in pixels or in mm is turned into the other here.

    Args:
        image: The label.

    Returns:
        The image, and what the table says of it.

    Raises:
        BadTable: Its pixel spacing is not known.

    """
    mammogram = open_image(image.path, image.given)
    spacing = mammogram.description.pixel_spacing
    # Matches are judged in millimeters, so an image without a spacing cannot be measured.
    if spacing is None:
        raise BadTable(f"{image.path.name}: its pixel spacing is unknown; give it in column pixel_spacing_mm")
    truth = Truth(
        calcifications=tuple(
            TrueCalcification(row, column, _circle(row, column, mm / spacing.mm / 2))
            for row, column, mm in image.points
        ),
        # Tables give circles in pixels and points with a diameter in mm.
        groups=tuple(TrueGroup(row, column, radius * spacing.mm) for row, column, radius in image.circles),
        positive=image.positive,
        corrected=image.corrected,
        seen=image.seen,
        located=image.located,
        grouped=image.grouped,
    )
    return mammogram, truth


def _circle(row: float, column: float, radius_px: float) -> tuple[Point, ...]:
    if radius_px <= 0:
        return ()
    angles = [2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS)]
    return tuple(
        (row + radius_px * math.sin(angle), column + radius_px * math.cos(angle)) for angle in angles
    )
