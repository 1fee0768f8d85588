"""Groups as a DICOM Segmentation (PS3.3 A.51): one binary segment a group, one object an image."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from highdicom import seg
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from calcwatch.codes.concepts import LATERALITIES, MORPHOLOGIES
from calcwatch.domain.findings import CalcificationGroup, ImageFindings
from calcwatch.domain.image import Point
from calcwatch.domain.uids import letter
from calcwatch.formats.dicom.read.header import words
from calcwatch.formats.dicom.write.derived import serial_number
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence
from calcwatch.formats.dicom.write.highdicom_objects import complete, concept, settled
from calcwatch.words.summary import RESEARCH_USE, parameter_words

_DCM, _SCT = codes.DCM, codes.SCT
_SERIES_NUMBER = 9003
_THICKNESS_MM = 1.0
"""Readers ask for Slice Thickness (0018,0050), which a projection has not."""


def segmentation(evidence: Evidence, place: int) -> Dataset | None:
    """The calcifications of each group of one image as pixels; ``None`` where the image has no group.

    ``place``: of the image in ``evidence.current``. A segment holds the pixels whose center lies inside the
    outline of a member; the segment's tracking UID is the group's. Where members of two groups touch, the
    pixel is that of the first group.
    """
    image = evidence.images[place]
    if not image.groups:
        return None
    header = complete(evidence.current[place])
    document = seg.Segmentation(
        source_images=[header],
        pixel_array=_labels(image),
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_segment(evidence, image, number) for number in range(len(image.groups))],
        series_instance_uid=evidence.uid("series", "seg"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=evidence.uid("instance", "seg", place),
        instance_number=place + 1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=evidence.version,
        device_serial_number=serial_number(evidence),
        content_label="CALCIFICATIONS",
        content_description=RESEARCH_USE[:64],
        pixel_measures=_measures(image),
        series_description=f"calcwatch segmentation. {RESEARCH_USE}"[:64],
    )
    document.PatientOrientation = list(words(header, "PatientOrientation")) or ["", ""]
    _name_dimensions(document, evidence.uid("dimensions", place))
    return settled(document, evidence)


def _measures(image: ImageFindings) -> hd.PixelMeasuresSequence | None:
    spacing = image.description.pixel_spacing
    if spacing is None:
        return None
    return hd.PixelMeasuresSequence((spacing.row_mm, spacing.column_mm), slice_thickness=_THICKNESS_MM)


def _name_dimensions(document: Dataset, uid: str) -> None:
    """Replace the dimension organization that highdicom draws at random: same result, same bytes."""
    for item in (*document.DimensionOrganizationSequence, *document.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def _segment(evidence: Evidence, image: ImageFindings, number: int) -> seg.SegmentDescription:
    group = image.groups[number]
    side = image.description.image_laterality
    description = seg.SegmentDescription(
        segment_number=number + 1,
        segment_label=f"{letter(number)}: {group.count} calcifications",
        segmented_property_category=concept(_SCT.MorphologicallyAbnormalStructure),
        segmented_property_type=_property(group),
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=MANUFACTURER,
            family=concept(_DCM.ArtificialIntelligence),
            version=evidence.version,
            source=MANUFACTURER,
            parameters={"settings": "; ".join(parameter_words(evidence.result.provenance))},
        ),
        tracking_uid=group.tracking_uid,
        tracking_id=f"group of {group.count}",
        anatomic_regions=[concept(_SCT.Breast)],
    )
    if side in LATERALITIES:
        description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [concept(LATERALITIES[side])]
    return description


def _property(group: CalcificationGroup) -> hd.sr.CodedConcept:
    """What the segment shows: the likeliest shape, calcification of no stated shape otherwise."""
    likeliest = group.morphology.likeliest if group.morphology else None
    return concept(MORPHOLOGIES[likeliest] if likeliest else codes.cid6014.CalcificationCluster)


def _labels(image: ImageFindings) -> NDArray[np.uint16]:
    """One frame of rows x columns: 0 outside, n inside a member of the n-th group."""
    labels = np.zeros((1, image.description.rows, image.description.columns), dtype=np.uint16)
    found = {one.tracking_uid: one for one in image.calcifications}
    for number, group in reversed(list(enumerate(image.groups, start=1))):
        for uid in group.members:
            _fill(labels[0], found[uid].outline, (found[uid].row, found[uid].column), number)
    return labels


def _fill(labels: NDArray[np.uint16], outline: tuple[Point, ...], center: Point, number: int) -> None:
    """Mark pixels whose center lies inside an outline; at least the one that holds the center."""
    shape = np.array(labels.shape)
    row, column = np.clip(np.rint(center).astype(int), 0, shape - 1)
    labels[row, column] = number
    if len(outline) < 3:
        return
    corners = np.asarray(outline)
    top, left = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, shape)
    bottom, right = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, shape)
    labels[top:bottom, left:right][_inside(corners, (top, bottom), (left, right))] = number


def _inside(
    corners: NDArray[np.float64], rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.bool_]:
    """Whether each pixel center of a box lies inside a polygon, by the parity of the edges to its right."""
    row = np.arange(*rows)[:, None]
    column = np.arange(*columns)[None, :]
    inside = np.zeros((rows[1] - rows[0], columns[1] - columns[0]), dtype=bool)
    for (row_a, column_a), (row_b, column_b) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if row_a == row_b:
            continue
        at = column_a + (column_b - column_a) * (row - row_a) / (row_b - row_a)
        inside ^= ((row_a > row) != (row_b > row)) & (column < at)
    return inside
