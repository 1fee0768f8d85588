"""A new DICOM object that joins the study it was made from: patient, study, equipment, file meta."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from calcwatch.domain.study import InstanceReference
from calcwatch.formats.dicom.content import sop_reference
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence, reference_of

_OF_THE_STUDY = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
    "StudyDescription",
)
_TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
IMPLEMENTATION = UID("2.25.211340137212146377014362286233042046821")
"""Implementation Class UID (0002,0012) of what calcwatch writes."""


def new_object(
    evidence: Evidence, sop_class: str, kind: str, *, modality: str, series_number: int
) -> Dataset:
    """A data set with everything but its content; ``kind`` tells its UIDs from those of other objects."""
    dataset = Dataset()
    join_study(dataset, evidence.current[0])
    add_equipment(dataset, evidence)
    dataset.Modality = modality
    dataset.SeriesInstanceUID = evidence.uid("series", kind)
    dataset.SeriesNumber = series_number
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = evidence.uid("instance", kind)
    dataset.InstanceNumber = 1
    add_moment(dataset, evidence)
    return with_meta(dataset)


def join_study(dataset: Dataset, header: Dataset) -> None:
    """Put patient and study of an image into an object, as text in UTF-8, type 2 attributes always."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword in _OF_THE_STUDY:
        stated = word(header, keyword)
        if stated or keyword in _TYPE_2:
            setattr(dataset, keyword, stated)


def add_moment(dataset: Dataset, evidence: Evidence) -> None:
    """State when the object was made, in all the attributes that say so.

    A time zone is named only where the image names one: it would hold for the study's date and time too.
    """
    made = local_moment(evidence)
    day, moment = made.strftime("%Y%m%d"), made.strftime("%H%M%S")
    dataset.SeriesDate = dataset.ContentDate = dataset.InstanceCreationDate = day
    dataset.SeriesTime = dataset.ContentTime = dataset.InstanceCreationTime = moment
    offset = word(evidence.current[0], "TimezoneOffsetFromUTC")
    if offset:
        dataset.TimezoneOffsetFromUTC = offset
    elif "TimezoneOffsetFromUTC" in dataset:
        del dataset.TimezoneOffsetFromUTC


def local_moment(evidence: Evidence) -> datetime:
    """When the object was made, in the image's time zone where it names one, else in ours."""
    offset = word(evidence.current[0], "TimezoneOffsetFromUTC")
    try:
        zone = datetime.strptime(offset, "%z").tzinfo if offset else None
    except ValueError:
        zone = None
    return evidence.made.astimezone(zone) if zone else evidence.made


def software_versions(evidence: Evidence) -> tuple[str, str]:
    """Software Versions (0018,1020): of the package and of the analysis."""
    made = evidence.result.provenance
    return made.package_version, f"analysis {made.analysis_version}"


def add_equipment(dataset: Dataset, evidence: Evidence) -> None:
    """State what made the object: our name and versions (PS3.3 C.7.5.1)."""
    dataset.Manufacturer = dataset.ManufacturerModelName = MANUFACTURER
    dataset.SoftwareVersions = list(software_versions(evidence))
    dataset.DeviceSerialNumber = serial_number(evidence)


def serial_number(evidence: Evidence) -> str:
    """Device Serial Number (0018,1000): software has none, so the model that found it, by its hash."""
    return (evidence.result.provenance.model_hash or "classical")[:16]


def with_meta(dataset: Dataset) -> Dataset:
    """Give a data set its File Meta Information (PS3.10 7.1), Explicit VR Little Endian. Returns it."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION
    dataset.file_meta.ImplementationVersionName = "CALCWATCH"
    return dataset


def file_bytes(dataset: Dataset) -> bytes:
    """The object as the bytes of a DICOM file; the same object, the same bytes."""
    content = BytesIO()
    FileDataset(content, dataset, file_meta=dataset.file_meta).save_as(content, enforce_file_format=True)
    return content.getvalue()


def series_sequence(headers: Sequence[Dataset]) -> list[Dataset]:
    """Images by series, as the items of Referenced Series Sequence (0008,1115)."""
    return [_series_item(own) for own in _grouped(headers, "SeriesInstanceUID")]


def study_sequence(headers: Sequence[Dataset]) -> list[Dataset]:
    """Images by study and series, as Current Requested Procedure Evidence Sequence (0040,A375)."""
    items = []
    for own in _grouped(headers, "StudyInstanceUID"):
        item = Dataset()
        item.ReferencedSeriesSequence = [
            _series_item(series, reference_sequence="ReferencedSOPSequence")
            for series in _grouped(own, "SeriesInstanceUID")
        ]
        item.StudyInstanceUID = own[0].StudyInstanceUID
        items.append(item)
    return items


def _grouped(headers: Sequence[Dataset], keyword: str) -> list[list[Dataset]]:
    groups: dict[str, list[Dataset]] = {}
    for header in headers:
        groups.setdefault(word(header, keyword), []).append(header)
    return list(groups.values())


def _series_item(
    headers: Sequence[Dataset], *, reference_sequence: str = "ReferencedImageSequence"
) -> Dataset:
    item = Dataset()
    references: list[InstanceReference] = [reference_of(header) for header in headers]
    setattr(item, reference_sequence, [sop_reference(one) for one in references])
    item.SeriesInstanceUID = references[0].series_instance_uid
    return item
