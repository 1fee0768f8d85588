"""The pieces of an image with what tells their kind, before anybody says what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.views import is_true_lateral
from calcwatch.image.analyze import measure_calcifications, prepare, separate_lookalikes
from calcwatch.image.describe.describe import look_at_pieces
from calcwatch.image.prepare.landmarks import find_landmarks
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.cards import SHIPPED
from calcwatch.models.learned import learned_detector, morphology_networks
from calcwatch.service.files.open_image import open_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Mammogram
    from calcwatch_lab.labels import LabeledImage


@dataclass(frozen=True, eq=False)
class MeasuredPieces:
    """The pieces of one image without labels.

    Attributes:
        name: Name of the file.
        woman: Whose image it is.
        spacing_mm: Millimeters a pixel.
        features: n x ``GROUP_FEATURES``.
        places_mm: Places of the members of each piece, in mm.
        marks: The same in file pixels.
    """

    name: str
    woman: str
    spacing_mm: float
    features: NDArray[np.float64]
    places_mm: tuple[NDArray[np.float64], ...]
    marks: tuple[NDArray[np.float64], ...]


def measure_pieces(image: LabeledImage) -> MeasuredPieces:
    """Find the pieces of an image and what tells their kind.

    Args:
        image: The image; its spacing must be known.

    Returns:
        Its pieces.

    Raises:
        UnreadableImage: The file cannot be read.
        UnsuitableImage: The breast cannot be analyzed.

    """
    return pieces_of_mammogram(open_image(image.path, image.given), name=image.path.name, woman=image.patient)


def pieces_of_mammogram(mammogram: Mammogram, *, name: str, woman: str) -> MeasuredPieces:
    """Find the pieces of a mammogram and what tells their kind.

    Args:
        mammogram: The image; its spacing must be known.
        name: What it is called.
        woman: Whose it is.

    Returns:
        Its pieces.

    Raises:
        UnsuitableImage: The breast cannot be analyzed.
    """
    settings = AnalysisSettings()
    prepared, breast, _ = prepare(mammogram, settings)
    view = mammogram.description.view_position
    landmarks = find_landmarks(prepared, breast, view, settings=settings.landmarks)
    candidates = learned_detector()(prepared, breast, settings)
    detections, _ = separate_lookalikes(prepared, breast, candidates, settings=settings)
    found = measure_calcifications(prepared, detections, settings=settings)
    pieces = look_at_pieces(
        prepared,
        breast,
        found,
        detections,
        nipple=landmarks.nipple if landmarks else None,
        is_lateral=is_true_lateral(view),
        networks=morphology_networks(str(SHIPPED)),
        settings=settings,
    )
    in_file = np.array([prepared.frame.to_file(own.row, own.column) for own in found]).reshape(-1, 2)
    return MeasuredPieces(
        name=name,
        woman=woman,
        spacing_mm=prepared.working_mm,
        features=pieces.features,
        places_mm=tuple(pieces.places_of_members),
        marks=tuple(in_file[members] for members in pieces.members),
    )
