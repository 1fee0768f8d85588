"""Marks as a Grayscale Softcopy Presentation State (PS3.3 A.33.1): drawn over the untouched image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom as hd
import numpy as np
from highdicom import pr
from pydicom.dataset import Dataset

from calcwatch.domain.identity import letter
from calcwatch.formats.dicom.coordinates import closed_polyline, to_dicom
from calcwatch.formats.dicom.read.filed import GRAY, LONGEST_LONG_STRING
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.write.common_modules import day_and_time, serial_number
from calcwatch.formats.dicom.write.evidence import MANUFACTURER
from calcwatch.formats.dicom.write.highdicom_objects import series, settled
from calcwatch.words.summary import RESEARCH_USE
from calcwatch.words.urgency import category_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
    from calcwatch.domain.image import Point
    from calcwatch.formats.dicom.write.evidence import Evidence

_RING_MARGIN_PX = 6.0
"""Pixels between a mark and what it is drawn round, so that nothing is hidden."""

_LABEL_PX = (240.0, 48.0)
"""Width and height of the room for a label, in pixels of the image."""

_COLORS = {
    "GROUPS": (72.0, 20.0, 68.0),
    "CALCIFICATIONS": (76.0, -20.0, -28.0),
    "NON_LESIONS": (68.0, 36.0, -10.0),
}
"""Color of each layer in CIELab: orange, sky blue, reddish purple, as in the report."""

Limits = tuple[int, int]
"""Rows and columns of an image: marks are drawn inside."""


def presentation_state(evidence: Evidence, place: int) -> Dataset | None:
    """Groups, calcifications and non-lesions of one image as marks.

    Outlines and rings lie outside what they mark. Gray is shown as the image says, MONOCHROME1 with an
    inverse Presentation LUT (PS3.3 C.11.6).

    Args:
        evidence: What it is made from.
        place: Of the image among the current ones.

    Returns:
        A Grayscale Softcopy Presentation State; ``None`` where nothing is marked.

    """
    image, header = evidence.images[place], evidence.current[place]
    layers = [
        pr.GraphicLayer(name, order, display_color=hd.color.CIELabColor(*color))
        for order, (name, color) in enumerate(_COLORS.items(), start=1)
    ]
    marks = _marks(image)
    labels = list(_labels(evidence, image))
    annotations = [
        pr.GraphicAnnotation(
            [header],
            layer,
            graphic_objects=marks[layer.GraphicLayer],
            # Labels name groups, so they vanish together with their layer.
            text_objects=labels if layer.GraphicLayer == "GROUPS" else None,
        )
        for layer in layers
        if marks[layer.GraphicLayer]
    ]
    # A presentation state without marks would promise marks in every viewer's list.
    if not annotations:
        return None
    is_inverse = word(header, "PhotometricInterpretation") == "MONOCHROME1"
    document = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[_without_gray(header)],
        manufacturer_model_name=MANUFACTURER,
        software_versions=evidence.version,
        device_serial_number=serial_number(evidence),
        content_label="CALCWATCH",
        # The intended use stands in the object itself: it may be shown far from the program that made it.
        content_description=RESEARCH_USE[:LONGEST_LONG_STRING],
        graphic_annotations=annotations,
        # Only layers that something is drawn on: each layer is an entry to switch in a viewer.
        graphic_layers=[layer for layer in layers if marks[layer.GraphicLayer]],
        presentation_lut_transformation=hd.PresentationLUTTransformation(
            # It replaces the polarity of the image: without INVERSE a MONOCHROME1 image comes out negative.
            presentation_lut_shape="INVERSE" if is_inverse else "IDENTITY"
        ),
        **series(evidence, "pr", 9004, "marks", place),
    )
    side = image.description.image_laterality
    # highdicom takes the moment of the export; the same marks are to be the same object on any day
    document.PresentationCreationDate, document.PresentationCreationTime = day_and_time(evidence)
    document.Laterality = str(side) if side in ("L", "R") else ""
    _show_as(document, header)
    return settled(document, evidence)


def _without_gray(header: Dataset) -> Dataset:
    """A header from which highdicom takes no gray: its reader refuses a table beside a window."""
    plain = Dataset(header)
    for keyword in GRAY:
        plain.pop(keyword, None)
    # Asked for where the SOP Class allows several frames, though ours is one.
    plain.SharedFunctionalGroupsSequence = plain.PerFrameFunctionalGroupsSequence = [Dataset()]
    return plain


def _show_as(document: Dataset, header: Dataset) -> None:
    """Show the image as the analysis saw it: Modality LUT (PS3.3 C.11.1), Softcopy VOI LUT (C.11.8)."""
    values = Dataset()
    for keyword in filter(header.__contains__, GRAY):
        (document if keyword.startswith("Rescale") else values).add(header[keyword])
    if values:
        document.SoftcopyVOILUTSequence = [values]


def _marks(image: ImageFindings) -> dict[str, list[pr.GraphicObject]]:
    """What stands on each layer."""
    limits = image.description.rows, image.description.columns
    return {
        "GROUPS": [_outline(group, limits) for group in image.groups],
        "CALCIFICATIONS": [
            _ring((found.row, found.column), _reach(found), limits, found.tracking_uid)
            for found in image.calcifications
        ],
        "NON_LESIONS": [
            _ring((found.row, found.column), _reach(found), limits) for found in image.non_lesions
        ],
    }


def _outline(group: CalcificationGroup, limits: Limits) -> pr.GraphicObject:
    """The outline of a group, a ring round it where it has none."""
    line = closed_polyline(group.outline, *limits)
    # A closed triangle has four points; fewer enclose nothing.
    if len(line) < 4:
        return _ring((group.row, group.column), group.radius_px + _RING_MARGIN_PX, limits, group.tracking_uid)
    return pr.GraphicObject(
        "POLYLINE",
        np.array(line),
        units="PIXEL",
        tracking_id="group",
        tracking_uid=group.tracking_uid,
    )


def _ring(place: Point, radius: float, limits: Limits, tracking_uid: str | None = None) -> pr.GraphicObject:
    """A circle by its center and the point on it that lies toward the middle of the image."""
    column, row = to_dicom(place)
    columns = limits[1]
    # Only the distance of the two points counts; this one has the best chance to lie inside the image.
    toward = column + radius if column < columns / 2 else column - radius
    return pr.GraphicObject(
        "CIRCLE",
        np.array([(column, row), (min(max(toward, 0.0), float(columns)), row)]),
        units="PIXEL",
        tracking_id="finding" if tracking_uid else None,
        tracking_uid=tracking_uid,
    )


def _reach(found: Calcification | NonLesion) -> float:
    """Radius of a ring that hides nothing of what it marks."""
    if not found.outline:
        return _RING_MARGIN_PX
    # The farthest corner: a ring of the mean radius would cover the ends of a rod.
    apart = np.hypot(*(np.asarray(found.outline) - (found.row, found.column)).T)
    return float(apart.max()) + _RING_MARGIN_PX


def _labels(evidence: Evidence, image: ImageFindings) -> Iterator[pr.TextObject]:
    """Letter, number of calcifications and the category that each group points at, beside it."""
    for number, group in enumerate(image.groups):
        reading = evidence.result.reading_of(group.tracking_uid)
        category = f", BI-RADS {category_of(reading.assessment)}?" if reading else ""
        said = f"{letter(number)}: {group.count}{category}"
        yield pr.TextObject(said, units="PIXEL", bounding_box=_label_box(group, image))


def _label_box(group: CalcificationGroup, image: ImageFindings) -> tuple[float, float, float, float]:
    """Room for a label right of the group, kept inside the image: left, top, right, bottom."""
    rows, columns = float(image.description.rows), float(image.description.columns)
    width, height = min(_LABEL_PX[0], columns), min(_LABEL_PX[1], rows)
    # Moved inside rather than cut: viewers do not draw text beyond the image.
    left = min(max(group.column + group.radius_px + _RING_MARGIN_PX, 0.0), columns - width)
    top = min(max(group.row - group.radius_px - height, 0.0), rows - height)
    return left, top, left + width, top + height
