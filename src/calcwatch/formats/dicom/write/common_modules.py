"""Modules that every object has: Patient, Study, Series, Equipment, SOP Common; file meta information."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from calcwatch.formats.dicom.read.filed import LONGEST_LONG_STRING, TYPE_2
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.write.evidence import MANUFACTURER
from calcwatch.words.summary import RESEARCH_USE

if TYPE_CHECKING:
    from calcwatch.formats.dicom.write.evidence import Evidence

IMPLEMENTATION = UID("2.25.211340137212146377014362286233042046821")
"""Implementation Class UID (0002,0012) of what calcwatch exports."""

IMPLEMENTATION_VERSION = "CALCWATCH"
"""Implementation Version Name (0002,0013) of what calcwatch writes."""

_OF_THE_STUDY = (*TYPE_2, "IssuerOfPatientID", "PatientAge", "StudyInstanceUID", "StudyDescription")
"""Attributes that an object shares with the images of its study (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2)."""


_OF_THE_EXPORT = (
    *("InstanceCreationDate", "InstanceCreationTime", "SeriesDate", "SeriesTime"),
    *("DateOfSecondaryCapture", "TimeOfSecondaryCapture", "TimezoneOffsetFromUTC"),
)
"""Attributes of type 3 that highdicom fills with the moment of the export."""


def new_object(
    evidence: Evidence, sop_class: str, kind: str, *, modality: str, series_number: int, description: str
) -> Dataset:
    """Make an object with everything but its content.

    Args:
        evidence: What it is made from.
        sop_class: Its SOP Class UID.
        kind: Tells its UIDs from those of other objects of the result.
        modality: Modality (0008,0060) of its series.
        series_number: Series Number (0020,0011).
        description: What the series holds, in a phrase.

    Returns:
        A data set with file meta information.

    """
    dataset = Dataset()
    # Any current image serves: all of them are of the study that the object joins.
    join_study(dataset, evidence.current[0])
    add_equipment(dataset, evidence)
    dataset.Modality = modality
    dataset.SeriesInstanceUID = evidence.uid("series", kind)
    dataset.SeriesNumber = series_number
    dataset.SeriesDescription = series_description(description)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = evidence.uid("instance", kind)
    dataset.InstanceNumber = 1
    add_moment(dataset, evidence)
    return with_meta(dataset)


def series_description(description: str) -> str:
    """Series Description (0008,103E): what the series holds, by whom, and for what use.

    Args:
        description: What it holds, in a phrase.

    Returns:
        As much of it as the value representation holds.

    """
    # Cut at the limit of LO: a longer value makes the object invalid.
    return f"{MANUFACTURER} {description}. {RESEARCH_USE}"[:LONGEST_LONG_STRING]


def join_study(dataset: Dataset, header: Dataset) -> None:
    """Put patient and study of an image into an object, type 2 attributes always.

    Args:
        dataset: The object; it is changed.
        header: Of the image, as it may be filed.

    """
    dataset.SpecificCharacterSet = header.SpecificCharacterSet
    for keyword in _OF_THE_STUDY:
        if keyword in header:
            setattr(dataset, keyword, header[keyword].value)


def add_moment(dataset: Dataset, evidence: Evidence) -> None:
    """Date an object as its images, in the attributes that it must have; when it was written is not stated.

    A time zone is named only where the image names one: it would hold for the study's date and time too.

    Args:
        dataset: The object; it is changed.
        evidence: What it is made from.

    """
    dataset.ContentDate, dataset.ContentTime = day_and_time(evidence)
    # The same result is the same object on any day, so nothing in it may tell the day of the export.
    for keyword in _OF_THE_EXPORT:
        if keyword in dataset:
            delattr(dataset, keyword)
    offset = word(evidence.current[0], "TimezoneOffsetFromUTC")
    if offset:
        dataset.TimezoneOffsetFromUTC = offset


def day_and_time(evidence: Evidence) -> tuple[str, str]:
    """When what was examined was: on the clock of its images.

    Args:
        evidence: What objects are made from.

    Returns:
        ``YYYYMMDD`` and ``HHMMSS``.

    """
    # Not strftime: it writes years before 1000 with three digits.
    day, moment = evidence.made.date().isoformat(), evidence.made.time().isoformat("seconds")
    return day.replace("-", ""), moment.replace(":", "")


def add_equipment(dataset: Dataset, evidence: Evidence) -> None:
    """State what made an object: our name and versions (PS3.3 C.7.5.1).

    Args:
        dataset: The object; it is changed.
        evidence: What it is made from.

    """
    made = evidence.result.provenance
    dataset.Manufacturer = dataset.ManufacturerModelName = MANUFACTURER
    dataset.SoftwareVersions = [made.package_version, f"analysis {made.analysis_version}"]
    dataset.DeviceSerialNumber = serial_number(evidence)


def serial_number(evidence: Evidence) -> str:
    """Device Serial Number (0018,1000): software has none, so the model that found it.

    Args:
        evidence: What objects are made from.

    Returns:
        The first 16 digits of the hash of the model, ``classical`` for a detector without one.

    """
    return (evidence.result.provenance.model_hash or "classical")[:16]


def with_meta(dataset: Dataset, *, implementation: UID = IMPLEMENTATION) -> Dataset:
    """Give a data set its File Meta Information (PS3.10 7.1), Explicit VR Little Endian.

    Args:
        dataset: With SOP Class and SOP Instance UID; it is changed.
        implementation: Implementation Class UID of what wrote it.

    Returns:
        The data set.

    """
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = implementation
    dataset.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    return dataset


def file_bytes(dataset: Dataset) -> bytes:
    """Write an object as the bytes of a DICOM file.

    Args:
        dataset: With file meta information.

    Returns:
        The bytes; the same object gives the same ones.

    """
    content = BytesIO()
    # enforce_file_format: preamble and group length, without which strict readers refuse a file.
    FileDataset(content, dataset, file_meta=dataset.file_meta).save_as(content, enforce_file_format=True)
    return content.getvalue()
