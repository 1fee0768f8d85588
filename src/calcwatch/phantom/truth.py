"""What is known of a phantom: its images, and the exact truth of everything put into them.

Rows and columns count from the center of the top-left pixel of the stored image; lengths are in mm.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from calcwatch.domain.findings import NonLesionKind
    from calcwatch.domain.image import Laterality, Point, ViewPosition
    from calcwatch.domain.lexicon import Distribution, Morphology
    from calcwatch.phantom.settings import GroupChange

Position = tuple[float, float, float]
"""``(anterior, superior, lateral)`` in mm in the uncompressed breast, from the chest wall."""


@dataclass(frozen=True)
class CalcificationTruth:
    """One calcification in one view; the same ``id`` names it in every view and examination.

    ``row, column``: center of its attenuation (blur does not move it). ``area_mm2`` and ``diameter_mm``
    (circle of equal area): its projected outline before blur. ``half_maximum_diameter_mm``: circle with the
    area where the unblurred thickness is at least half its largest. ``contrast_gray``: highest difference
    in stored values without noise that all calcifications together make inside the outline; ``contrast``:
    the same in units of the local noise's standard deviation (``None`` without noise). ``attenuation``:
    largest unblurred log attenuation.
    """

    id: str
    group_id: str | None
    morphology: Morphology
    distribution: Distribution
    row: float
    column: float
    diameter_mm: float
    area_mm2: float
    half_maximum_diameter_mm: float
    attenuation: float
    contrast_gray: float
    contrast: float | None
    position_mm: Position
    outline: tuple[Point, ...]


@dataclass(frozen=True)
class GroupTruth:
    """One group in one view; ``row, column, radius_mm``: smallest circle round its members' centers."""

    id: str
    morphology: Morphology
    distribution: Distribution
    change: GroupChange
    row: float
    column: float
    radius_mm: float
    members: tuple[str, ...]


@dataclass(frozen=True)
class NonLesionTruth:
    """One look-alike in one view; ``points`` are the specks of powder or dust, else its single center."""

    id: str
    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class ImageTruth:
    """Everything known of one image.

    ``breast_outline``: closed polygon of the skin, cut at the image's border. ``pectoral_outline``: empty
    where no muscle is seen. ``noise_gray``: median standard deviation of the noise in the breast, in stored
    values.
    """

    calcifications: tuple[CalcificationTruth, ...]
    groups: tuple[GroupTruth, ...]
    non_lesions: tuple[NonLesionTruth, ...]
    breast_outline: tuple[Point, ...]
    breast_area_cm2: float
    nipple: Point
    pectoral_outline: tuple[Point, ...]
    noise_gray: float


@dataclass(frozen=True, eq=False)
class PhantomImage:
    """One synthetic mammogram as a device would store it, with its truth.

    ``stored``: uint16, rows x columns; For Presentation is MONOCHROME2 (dense is white), For Processing is
    linear in exposure (dense is low). ``window``: center and width to display it with (PS3.3 C.11.2,
    LINEAR). ``relative_dose``: 1 is what automatic exposure would choose. ``instance``: number in its
    examination, from 1.
    """

    stored: NDArray[np.uint16]
    laterality: Laterality
    view_position: ViewPosition
    pixel_spacing_mm: float
    bits_stored: int
    study_date: str
    patient_id: str
    seed: int
    instance: int
    thickness_mm: float
    relative_dose: float
    window: tuple[float, float]
    for_processing: bool
    film: bool
    truth: ImageTruth


@dataclass(frozen=True, eq=False)
class PhantomExamination:
    """All images of one patient on one day, with one arrangement of calcifications behind them."""

    seed: int
    patient_id: str
    study_date: str
    images: tuple[PhantomImage, ...]


def truth_json(examination: PhantomExamination) -> dict[str, Any]:
    """Return the examination's truth as plain dictionaries and lists, ready for JSON; no pixels."""
    return {
        "seed": examination.seed,
        "patient_id": examination.patient_id,
        "study_date": examination.study_date,
        "images": [_image_json(image) for image in examination.images],
    }


def _image_json(image: PhantomImage) -> dict[str, Any]:
    rows, columns = image.stored.shape
    return {
        "image_laterality": str(image.laterality),
        "view_position": str(image.view_position),
        "rows": rows,
        "columns": columns,
        "pixel_spacing_mm": image.pixel_spacing_mm,
        "thickness_mm": image.thickness_mm,
        "relative_dose": image.relative_dose,
        **_plain(asdict(image.truth)),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6)
    return str(value) if isinstance(value, str) else value
