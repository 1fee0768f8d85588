"""Marks burned into a picture, as a Secondary Capture (PS3.3 A.8.1): for viewers that show nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom as hd
import numpy as np

from calcwatch.formats.dicom.content_items import sop_reference
from calcwatch.formats.dicom.read.study import reference_of
from calcwatch.formats.dicom.write.highdicom_objects import series, settled
from calcwatch.words.summary import RESEARCH_USE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from calcwatch.formats.dicom.write.evidence import Evidence


def secondary_capture(evidence: Evidence, place: int, picture: NDArray[np.uint8]) -> Dataset:
    """A picture with marks, joined to the image that it shows.

    Args:
        evidence: What it is made from.
        place: Of the image among the current ones.
        picture: Rows x columns x (red, green, blue), small or as large as the image; it carries no spacing,
            since it is there to be looked at and not to measure on.

    Returns:
        A Secondary Capture Image.

    """
    image, header = evidence.images[place], evidence.current[place]
    side = image.description.image_laterality
    document = hd.sc.SCImage(
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        # highdicom knows only PATIENT and SLIDE; only PATIENT asks for an orientation, which mammograms have.
        coordinate_system="PATIENT",
        study_instance_uid=header.StudyInstanceUID,
        patient_orientation=("A", "F"),  # highdicom knows no oblique ones: the image's own goes in below
        laterality=str(side) if side in ("L", "R") else None,
        **series(evidence, "sc", 9005, "marks burned in", place),
    )
    # Type 2C: empty where the image names none (PS3.3 C.7.6.1).
    document.PatientOrientation = header.PatientOrientation
    # The marks are in the pixels, and de-identification has to know.
    document.BurnedInAnnotation = "YES"
    # Without this a viewer could take the picture for an acquisition.
    document.ImageType = ["DERIVED", "SECONDARY"]
    document.DerivationDescription = f"Marks of calcwatch {evidence.version} burned in. {RESEARCH_USE}"
    # Leads back to the image with full resolution and gray; the capture has neither, nor a pixel spacing.
    document.SourceImageSequence = [sop_reference(reference_of(header))]
    return settled(document, evidence)
