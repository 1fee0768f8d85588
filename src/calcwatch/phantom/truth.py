"""What is known of a phantom: its images, and the exact truth of everything put into them.

Rows and columns count in pixels of the stored image, (0, 0) at the center of the top-left pixel; lengths are
in mm. The truth is written down before a right breast is mirrored, and mirrored with its image.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from calcwatch.domain.lexicon import Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import NonLesionKind
    from calcwatch.domain.image import Laterality, Point, ViewPosition
    from calcwatch.domain.lexicon import Morphology
    from calcwatch.phantom.arrangement import Group
    from calcwatch.phantom.settings import PhantomSettings, PlannedChange
    from calcwatch.phantom.solids import Lookalike, Silhouette, Solid
    from calcwatch.phantom.tissue import ProjectedTissue

_COARSE = 4  # every fourth pixel is enough for a median and for the outline of the breast


@dataclass(frozen=True, kw_only=True)
class CalcificationTruth:
    """One calcification in one view; the same ``id`` names it in every view and examination.

    Attributes:
        id: Its group's and a number.
        group_id: The group it belongs to; ``None`` for a loose one.
        morphology: Shape on the current examination.
        distribution: How its group lies.
        row: Center of its attenuation (blur does not move it).
        column: The same.
        diameter_mm: Of the circle with its area.
        area_mm2: Of its projected outline before blur.
        half_maximum_diameter_mm: Of the circle with the area where the unblurred thickness is at least half
            its largest.
        attenuation: Largest unblurred log attenuation.
        contrast_gray: Highest difference in stored values without noise that all calcifications together
            make inside the outline.
        contrast: The same in units of the local noise's standard deviation; ``None`` without noise.
        position_mm: (anterior, superior, lateral) in the uncompressed breast, from the chest wall's middle.
        outline: Closed polygon before blur.

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
    position_mm: tuple[float, float, float]
    outline: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class GroupTruth:
    """One group in one view.

    Attributes:
        id: The same in every view and examination.
        morphology: Shape of its members on the current examination.
        distribution: How they lie.
        change: What happens to it between the prior and the current examination.
        row: Middle of the smallest circle round its members' centers.
        column: The same.
        radius_mm: Of that circle.
        members: Their ids, those outside the image left out.

    """

    id: str
    morphology: Morphology
    distribution: Distribution
    change: PlannedChange
    row: float
    column: float
    radius_mm: float
    members: tuple[str, ...]


@dataclass(frozen=True)
class NonLesionTruth:
    """One look-alike in one view.

    Attributes:
        id: The same in every view, for what lies in the breast in every examination too.
        kind: What it is.
        row: Its center.
        column: The same.
        outline: Closed polygon.
        points: Every speck of powder, else its single center.

    """

    id: str
    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class ImageTruth:
    """Everything known of one image.

    Attributes:
        calcifications: Those whose center lies on the image.
        groups: Those of which a member lies on it.
        non_lesions: Those of which a part lies on it.
        breast_outline: Closed polygon of the skin, cut at the image's border.
        breast_area_cm2: Of the breast on the image.
        nipple: Its tip.
        pectoral_outline: Closed polygon; empty where no muscle is seen.
        noise_gray: Median standard deviation of the noise in the breast, in stored values; 0 without noise.

    """

    calcifications: tuple[CalcificationTruth, ...]
    groups: tuple[GroupTruth, ...]
    non_lesions: tuple[NonLesionTruth, ...]
    breast_outline: tuple[Point, ...]
    breast_area_cm2: float
    nipple: Point
    pectoral_outline: tuple[Point, ...]
    noise_gray: float


@dataclass(frozen=True, eq=False, kw_only=True)
class PhantomImage:
    """One synthetic mammogram as a device would store it, with its truth.

    Attributes:
        stored: uint16, rows x columns; For Presentation is MONOCHROME2 (dense is white), For Processing is
            linear in exposure (dense is low).
        laterality: Which breast.
        view_position: One of ``PHANTOM_VIEWS``.
        pixel_spacing_mm: Along rows and columns alike.
        bits_stored: Bits a stored value may use.
        study_date: Year, month and day, as DICOM writes it.
        patient_id: Says that it is a phantom, and of which seed.
        seed: Of the patient.
        instance: Number in its examination, from 1.
        thickness_mm: Of the compressed breast, to a tenth.
        relative_dose: 1 is what automatic exposure would choose.
        window: Center and width to display it with (PS3.3 C.11.2, LINEAR).
        for_processing: Whether it is raw.
        film: Whether it looks like a digitized film.
        truth: Everything known of it.
        magnification: 1, or the factor of a magnification view; the spacing is that in the breast.

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
    magnification: float = 1.0


@dataclass(frozen=True, eq=False)
class PhantomExamination:
    """All images of one patient on one day, with one arrangement of calcifications behind them.

    Attributes:
        seed: Of the patient.
        patient_id: Says that it is a phantom, and of which seed.
        study_date: Year, month and day, as DICOM writes it.
        images: Every breast and view, in the order of the settings.

    """

    seed: int
    patient_id: str
    study_date: str
    images: tuple[PhantomImage, ...]


def truth_of_image(
    groups: Sequence[tuple[Group, Sequence[Solid]]],
    lookalikes: Sequence[Lookalike],
    silhouettes: Mapping[str, Silhouette],
    *,
    tissue: ProjectedTissue,
    difference: NDArray[np.float32],
    sigma: NDArray[np.float32],
    settings: PhantomSettings,
) -> ImageTruth:
    """Write down the truth of one view before mirroring: where everything lies, how large, how plain.

    Args:
        groups: Every group with its calcifications of the day.
        lookalikes: Those made of solids.
        silhouettes: The exact projection of every solid, by its id.
        tissue: Of the view.
        difference: What calcifications and look-alikes change at each pixel, in stored values without noise.
        sigma: Standard deviation of the noise at each pixel, in stored values.
        settings: The phantom's.

    Returns:
        The truth, chest wall at column 0.

    """
    spacing, shape = settings.pixel_spacing_mm, settings.shape
    calcifications = tuple(
        _calcification(
            group, solid, silhouettes[solid.id], difference=difference, sigma=sigma, settings=settings
        )
        for group, solids in groups
        for solid in solids
        if _is_on_image(silhouettes[solid.id], shape)
    )
    inside = tissue.depth_mm > 0
    # Well inside the breast: at the skin line and in air the noise is of another level.
    noise = sigma[::_COARSE, ::_COARSE][
        tissue.depth_mm[::_COARSE, ::_COARSE] > settings.imaging.noise_depth_mm
    ]
    return ImageTruth(
        calcifications=calcifications,
        groups=_groups([group for group, _ in groups], calcifications, spacing),
        non_lesions=tuple(
            _non_lesion(item, [silhouettes[solid.id] for solid in item.solids])
            for item in lookalikes
            if any(_is_on_image(silhouettes[solid.id], shape) for solid in item.solids)
        ),
        breast_outline=_outline(inside),
        breast_area_cm2=float(np.count_nonzero(inside)) * spacing**2 / 100,
        nipple=(tissue.nipple_mm[0] / spacing, tissue.nipple_mm[1] / spacing),
        pectoral_outline=_points(tissue.pectoral_mm / spacing),
        noise_gray=float(np.median(noise)) if settings.noise else 0.0,
    )


def _is_on_image(silhouette: Silhouette, shape: tuple[int, int]) -> bool:
    # By the center: a calcification cut by the border is still found or missed as a whole.
    return 0 <= silhouette.row <= shape[0] - 1 and 0 <= silhouette.column <= shape[1] - 1


def _calcification(
    group: Group,
    solid: Solid,
    silhouette: Silhouette,
    *,
    difference: NDArray[np.float32],
    sigma: NDArray[np.float32],
    settings: PhantomSettings,
) -> CalcificationTruth:
    rows, columns, thickness = silhouette.window(difference.shape)
    # Raw images have dense tissue low, so the difference is negative there.
    contrast = float(np.abs(difference[rows, columns])[thickness > 0].max())
    # Of the noise without calcifications: sigma was made from the plain exposure.
    noise = float(np.median(sigma[rows, columns]))
    anterior, superior, lateral = (float(value) for value in solid.position)
    return CalcificationTruth(
        id=solid.id,
        # Loose calcifications are planned together for the drawing's sake and belong to no group.
        group_id=None if group.plan.distribution is Distribution.SINGLE else group.id,
        morphology=group.plan.morphology,
        distribution=group.plan.distribution,
        row=silhouette.row,
        column=silhouette.column,
        diameter_mm=2 * float(np.sqrt(silhouette.area_mm2 / np.pi)),
        area_mm2=silhouette.area_mm2,
        half_maximum_diameter_mm=2 * float(np.sqrt(silhouette.half_maximum_area_mm2 / np.pi)),
        attenuation=silhouette.largest_mm * solid.density * settings.shapes.calcium_per_mm,
        contrast_gray=contrast,
        contrast=contrast / noise if settings.noise else None,
        position_mm=(anterior, superior, lateral),
        outline=silhouette.outline,
    )


def _groups(
    groups: Sequence[Group], calcifications: Sequence[CalcificationTruth], spacing_mm: float
) -> tuple[GroupTruth, ...]:
    truths = []
    for group in groups:
        members = [item for item in calcifications if item.group_id == group.id]
        # A group of which the image shows nothing is not there to be found.
        if members:
            places = np.array([[item.column, item.row] for item in members], np.float32)
            # OpenCV's points are (x, y).
            (column, row), radius = cv2.minEnclosingCircle(places)
            truth = GroupTruth(
                id=group.id,
                morphology=group.plan.morphology,
                distribution=group.plan.distribution,
                change=group.plan.change,
                row=float(row),
                column=float(column),
                radius_mm=float(radius) * spacing_mm,
                members=tuple(item.id for item in members),
            )
            truths.append(truth)
    return tuple(truths)


def _non_lesion(item: Lookalike, silhouettes: Sequence[Silhouette]) -> NonLesionTruth:
    """What is made of one solid has its outline; what is made of many, the hull of their centers."""
    points = tuple((silhouette.row, silhouette.column) for silhouette in silhouettes)
    row, column = (float(value) for value in np.mean(points, axis=0))
    outline = silhouettes[0].outline
    if len(silhouettes) > 1:
        hull = cv2.convexHull(np.array(points, np.float32)).reshape(-1, 2)
        outline = _points(hull.astype(np.float64))
    return NonLesionTruth(item.id, item.kind, row, column, outline, points)


def _outline(mask: NDArray[np.bool_]) -> tuple[Point, ...]:
    """Polygon round the largest part of a mask, to about four pixels."""
    contours, _ = cv2.findContours(
        mask[::_COARSE, ::_COARSE].astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    longest = max(contours, key=cv2.contourArea)
    corners = cv2.approxPolyDP(longest, 1.0, closed=True).reshape(-1, 2)[:, ::-1]
    return _points(corners.astype(float) * _COARSE)


def _points(values: NDArray[np.floating]) -> tuple[Point, ...]:
    return tuple((float(row), float(column)) for row, column in values)


def mirror_truth(truth: ImageTruth, columns: int) -> ImageTruth:
    """Tell the truth of an image mirrored left to right.

    Args:
        truth: Before mirroring.
        columns: Columns of the image.

    Returns:
        The same with mirrored columns; positions in the breast stay.

    """

    def across(column: float) -> float:
        # (0, 0) is a pixel center, so the last column's center is columns - 1.
        return columns - 1 - column

    def line(points: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple((row, across(column)) for row, column in points)

    return replace(
        truth,
        calcifications=tuple(
            replace(item, column=across(item.column), outline=line(item.outline))
            for item in truth.calcifications
        ),
        groups=tuple(replace(group, column=across(group.column)) for group in truth.groups),
        non_lesions=tuple(
            replace(item, column=across(item.column), outline=line(item.outline), points=line(item.points))
            for item in truth.non_lesions
        ),
        breast_outline=line(truth.breast_outline),
        nipple=(truth.nipple[0], across(truth.nipple[1])),
        pectoral_outline=line(truth.pectoral_outline),
    )


def truth_json(examination: PhantomExamination) -> dict[str, Any]:
    """Give an examination's truth as plain dictionaries and lists, ready for JSON; no pixels.

    Args:
        examination: Whose truth it is.

    Returns:
        Names as in the classes here, but for ``image_laterality``; lengths and places to a millionth.

    """
    return {
        "seed": examination.seed,
        "patient_id": examination.patient_id,
        "study_date": examination.study_date,
        "images": [_image_json(image) for image in examination.images],
    }


def plain_json(value: Any) -> Any:
    """Give a truth as plain dictionaries, lists and words, ready for JSON.

    Args:
        value: Dataclasses, enumerations, tuples and numbers.

    Returns:
        The same in plain types; numbers to a millionth.

    """
    return _plain(asdict(value) if is_dataclass(value) and not isinstance(value, type) else value)


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
    # Rounded, since the last bits may differ between machines.
    if isinstance(value, float):
        return round(value, 6)
    return str(value) if isinstance(value, str) else value
