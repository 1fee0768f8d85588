"""Marks as a Grayscale Softcopy Presentation State (PS3.3 A.33.1): drawn over the untouched image."""

from __future__ import annotations

from collections.abc import Iterator

import highdicom as hd
import numpy as np
from highdicom import pr
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
from calcwatch.domain.image import Point
from calcwatch.domain.uids import letter
from calcwatch.formats.dicom.content import to_dicom
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.write.derived import local_moment, serial_number
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence, closed
from calcwatch.formats.dicom.write.highdicom_objects import complete, settled
from calcwatch.words.summary import RESEARCH_USE

_SERIES_NUMBER = 9004
_RING_MARGIN_PX = 6.0
_LABEL_PX = (240.0, 48.0)
Limits = tuple[int, int]
"""Rows and columns of an image: marks are drawn inside."""

_COLORS = {
    "GROUPS": (72.0, 20.0, 68.0),
    "CALCIFICATIONS": (76.0, -20.0, -28.0),
    "NON_LESIONS": (68.0, 36.0, -10.0),
}
"""Color of each layer in CIELab: orange, sky blue, reddish purple, as in the report."""


def presentation_state(evidence: Evidence, place: int) -> Dataset | None:
    """Groups, calcifications and non-lesions of one image as marks; ``None`` where nothing is marked.

    ``place``: of the image in ``evidence.current``. Outlines and rings lie outside what they mark. Gray is
    shown as the image says, MONOCHROME1 with an inverse Presentation LUT (PS3.3 C.11.6).
    """
    image, header = evidence.images[place], complete(evidence.current[place])
    layers = [
        pr.GraphicLayer(name, order, display_color=hd.color.CIELabColor(*color))
        for order, (name, color) in enumerate(_COLORS.items(), start=1)
    ]
    annotations = [
        one for layer in layers if (one := _annotation(evidence, image, header, layer=layer)) is not None
    ]
    if not annotations:
        return None
    used = {one.GraphicLayer for one in annotations}
    inverse = word(header, "PhotometricInterpretation") == "MONOCHROME1"
    document = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[header],
        series_instance_uid=evidence.uid("series", "pr"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=evidence.uid("instance", "pr", place),
        instance_number=place + 1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=evidence.version,
        device_serial_number=serial_number(evidence),
        content_label="CALCWATCH",
        content_description=RESEARCH_USE[:64],
        graphic_annotations=annotations,
        graphic_layers=[one for one in layers if one.GraphicLayer in used],
        presentation_lut_transformation=hd.PresentationLUTTransformation(
            presentation_lut_shape="INVERSE" if inverse else "IDENTITY"
        ),
        series_description=f"calcwatch marks. {RESEARCH_USE}"[:64],
    )
    side = image.description.image_laterality
    # highdicom takes the moment of the export; that of the result makes the same marks the same object
    made = local_moment(evidence)
    document.PresentationCreationDate = made.strftime("%Y%m%d")
    document.PresentationCreationTime = made.strftime("%H%M%S")
    document.Laterality = str(side) if side in ("L", "R") else ""
    return settled(document, evidence)


def _annotation(
    evidence: Evidence, image: ImageFindings, header: Dataset, *, layer: pr.GraphicLayer
) -> pr.GraphicAnnotation | None:
    """What stands on a layer; ``None`` for nothing."""
    limits = image.description.rows, image.description.columns
    texts: list[pr.TextObject] = []
    drawn: list[pr.GraphicObject] = []
    if layer.GraphicLayer == "GROUPS":
        drawn = [_outline(one, limits) for one in image.groups]
        texts = list(_labels(evidence, image, limits))
    elif layer.GraphicLayer == "CALCIFICATIONS":
        drawn = [
            _ring((one.row, one.column), _reach(one), limits, one.tracking_uid)
            for one in image.calcifications
        ]
    else:
        drawn = [_ring((one.row, one.column), _reach(one), limits) for one in image.non_lesions]
    if not drawn:
        return None
    return pr.GraphicAnnotation([header], layer, graphic_objects=drawn, text_objects=texts or None)


def _outline(group: CalcificationGroup, limits: Limits) -> pr.GraphicObject:
    line = closed(group.outline, *limits)
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
    toward = column + radius if column < columns / 2 else column - radius
    ends: NDArray[np.float64] = np.array([(column, row), (min(max(toward, 0.0), float(columns)), row)])
    return pr.GraphicObject(
        "CIRCLE",
        ends,
        units="PIXEL",
        tracking_id="finding" if tracking_uid else None,
        tracking_uid=tracking_uid,
    )


def _reach(found: Calcification | NonLesion) -> float:
    """Radius of a ring that hides nothing of what it marks."""
    if not found.outline:
        return _RING_MARGIN_PX
    apart = np.hypot(*(np.asarray(found.outline) - (found.row, found.column)).T)
    return float(apart.max()) + _RING_MARGIN_PX


def _labels(evidence: Evidence, image: ImageFindings, limits: Limits) -> Iterator[pr.TextObject]:
    """Letter, number of calcifications and suggested category of each group, beside it."""
    categories = {
        one.tracking_uid: one.assessment.suggested_category for one in evidence.result.examination.groups
    }
    for number, group in enumerate(image.groups):
        category = categories.get(group.tracking_uid)
        said = f"{letter(number)}: {group.count}" + (f", BI-RADS {category}?" if category else "")
        yield pr.TextObject(said, units="PIXEL", bounding_box=_box(group, limits))


def _box(group: CalcificationGroup, limits: Limits) -> tuple[float, float, float, float]:
    """Room for a label right of the group, kept inside the image: left, top, right, bottom."""
    rows, columns = map(float, limits)
    width, height = min(_LABEL_PX[0], columns), min(_LABEL_PX[1], rows)
    left = min(max(group.column + group.radius_px + _RING_MARGIN_PX, 0.0), columns - width)
    top = min(max(group.row - group.radius_px - height, 0.0), rows - height)
    return left, top, left + width, top + height
