"""Marks burned into a picture, as a Secondary Capture (PS3.3 A.8.1): for viewers that show nothing else."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from calcwatch.formats.dicom.read.header import words
from calcwatch.formats.dicom.write.derived import local_moment
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence
from calcwatch.formats.dicom.write.highdicom_objects import complete, settled
from calcwatch.words.summary import RESEARCH_USE

_SERIES_NUMBER = 9005


def secondary_capture(evidence: Evidence, place: int, picture: NDArray[np.uint8]) -> Dataset:
    """A picture with marks, joined to the image that it shows.

    ``place``: of the image in ``evidence.current``. ``picture``: rows x columns x (red, green, blue), small
    or as large as the image; it carries no spacing, since it is there to be looked at and not to measure on.
    """
    image, header = evidence.images[place], complete(evidence.current[place])
    side = image.description.image_laterality
    document = hd.sc.SCImage(
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=header.StudyInstanceUID,
        series_instance_uid=evidence.uid("series", "sc"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=evidence.uid("instance", "sc", place),
        instance_number=place + 1,
        manufacturer=MANUFACTURER,
        patient_orientation=("A", "F"),  # highdicom knows no oblique ones: the image's own goes in below
        laterality=str(side) if side in ("L", "R") else None,
        series_description=f"calcwatch marks burned in. {RESEARCH_USE}"[:64],
    )
    document.PatientOrientation = list(words(header, "PatientOrientation")) or ["", ""]
    document.BurnedInAnnotation = "YES"
    document.ImageType = ["DERIVED", "SECONDARY"]
    document.DerivationDescription = f"Marks of calcwatch {evidence.version} burned in. {RESEARCH_USE}"
    # highdicom takes the moment of the export; that of the result makes the same picture the same object
    made = local_moment(evidence)
    moment = {"DateOfSecondaryCapture": "%Y%m%d", "TimeOfSecondaryCapture": "%H%M%S"}
    for keyword, written in moment.items():
        setattr(document, keyword, made.strftime(written))
    document.SourceImageSequence = [_source(header)]
    return settled(document, evidence)


def _source(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
