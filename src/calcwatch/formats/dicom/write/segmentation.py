"""Groups as a DICOM Segmentation (PS3.3 A.51): one binary segment a group, one object an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom as hd
import numpy as np
from highdicom import seg

from calcwatch.codes.body import BREAST, LATERALITIES
from calcwatch.codes.documents import ARTIFICIAL_INTELLIGENCE
from calcwatch.codes.findings import ABNORMAL_STRUCTURE, CLUSTER, morphology_code
from calcwatch.domain.identity import letter
from calcwatch.formats.dicom.read.filed import LONGEST_LONG_STRING
from calcwatch.formats.dicom.write.common_modules import serial_number
from calcwatch.formats.dicom.write.evidence import MANUFACTURER
from calcwatch.formats.dicom.write.highdicom_objects import concept, series, settled
from calcwatch.words.summary import RESEARCH_USE, parameter_words

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from calcwatch.domain.findings import Calcification, ImageFindings
    from calcwatch.formats.dicom.write.evidence import Evidence

_THICKNESS_MM = 1.0
"""Readers ask for Slice Thickness (0018,0050), which a projection has not."""


def segmentation(evidence: Evidence, place: int) -> Dataset | None:
    """The calcifications of each group of one image as pixels.

    A segment holds the pixels whose center lies inside the outline of a member; the segment's tracking UID is
    the group's. Where members of two groups touch, the pixel is that of the first group.

    Args:
        evidence: What it is made from.
        place: Of the image among the current ones.

    Returns:
        A Segmentation; ``None`` where the image has no group.

    """
    image = evidence.images[place]
    if not image.groups:
        return None
    header, spacing = evidence.current[place], image.description.pixel_spacing
    measures = None
    if spacing is not None:
        # Rows first, each with its own spacing: here the grid itself is stated, not a size.
        apart = (spacing.row_mm, spacing.column_mm)
        measures = hd.PixelMeasuresSequence(apart, slice_thickness=_THICKNESS_MM)
    document = seg.Segmentation(
        source_images=[header],
        # A label map is handed in; highdicom takes it apart into a binary frame for each segment.
        pixel_array=_labels(image),
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_segment(evidence, image, number) for number in range(len(image.groups))],
        manufacturer_model_name=MANUFACTURER,
        software_versions=evidence.version,
        device_serial_number=serial_number(evidence),
        content_label="CALCIFICATIONS",
        content_description=RESEARCH_USE[:LONGEST_LONG_STRING],
        pixel_measures=measures,
        **series(evidence, "seg", 9003, "segmentation", place),
    )
    document.PatientOrientation = header.PatientOrientation
    # highdicom draws the dimension organization at random: the same result gives the same bytes
    for item in (*document.DimensionOrganizationSequence, *document.DimensionIndexSequence):
        item.DimensionOrganizationUID = evidence.uid("dimensions", place)
    return settled(document, evidence)


def _segment(evidence: Evidence, image: ImageFindings, number: int) -> seg.SegmentDescription:
    group = image.groups[number]
    side = image.description.image_laterality
    description = seg.SegmentDescription(
        segment_number=number + 1,
        segment_label=f"{letter(number)}: {group.count} calcifications",
        segmented_property_category=concept(ABNORMAL_STRUCTURE),
        # The shape where it is known; a cluster without a shape is still a cluster.
        segmented_property_type=concept(morphology_code(group.morphology) or CLUSTER),
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=MANUFACTURER,
            family=concept(ARTIFICIAL_INTELLIGENCE),
            version=evidence.version,
            source=MANUFACTURER,
            parameters={"settings": "; ".join(parameter_words(evidence.result.provenance))},
        ),
        tracking_uid=group.tracking_uid,
        tracking_id=f"group of {group.count}",
        anatomic_regions=[concept(BREAST)],
    )
    if side in LATERALITIES:
        description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [concept(LATERALITIES[side])]
    return description


def _labels(image: ImageFindings) -> NDArray[np.uint16]:
    """One frame of rows x columns: 0 outside, n inside a member of the n-th group."""
    labels = np.zeros((1, image.description.rows, image.description.columns), dtype=np.uint16)
    calcifications = {found.tracking_uid: found for found in image.calcifications}
    # Painted from the last, so that the first group wins where members touch.
    for number, group in reversed(list(enumerate(image.groups, start=1))):
        for uid in group.members:
            _fill(labels[0], calcifications[uid], number)
    return labels


def _fill(labels: NDArray[np.uint16], found: Calcification, number: int) -> None:
    """Mark pixels whose center lies inside a calcification; at least the one that holds its center."""
    shape = np.array(labels.shape)
    row, column = np.clip(np.rint((found.row, found.column)).astype(int), 0, shape - 1)
    # A calcification smaller than a pixel may contain no pixel center and would vanish.
    labels[row, column] = number
    if len(found.outline) < 3:
        return
    corners = np.asarray(found.outline)
    # Only the box of the outline is looked at: an image has millions of pixels, a calcification dozens.
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
        # A horizontal edge crosses no row of pixel centers, and would divide by zero.
        if row_a == row_b:
            continue
        crossing = column_a + (column_b - column_a) * (row - row_a) / (row_b - row_a)
        # The half-open comparison counts a corner shared by two edges exactly once.
        inside ^= ((row_a > row) != (row_b > row)) & (column < crossing)
    return inside
