"""Who and what was imaged, in the words of the images' own headers: what a result must be filed under."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PatientIdentity:
    """Whose images these are; ``""`` is "the header does not say".

    Attributes:
        patient_id: Patient ID (0010,0020).
        issuer: Issuer of Patient ID (0010,0021).
        name: Patient's Name (0010,0010) with ``^`` between its parts.
        birth_date: Patient's Birth Date (0010,0030), ``YYYYMMDD``.
        sex: Patient's Sex (0010,0040), ``F``, ``M`` or ``O``.
    """

    patient_id: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True)
class InstanceReference:
    """One DICOM instance and where it is filed.

    Attributes:
        study_instance_uid: Study Instance UID (0020,000D).
        series_instance_uid: Series Instance UID (0020,000E).
        sop_class_uid: SOP Class UID (0008,0016).
        sop_instance_uid: SOP Instance UID (0008,0018).
        modality: Modality (0008,0060).
        series_number: Series Number (0020,0011), ``None`` where not given.
        instance_number: Instance Number (0020,0013), ``None`` where not given.
        frames: Number of frames; 1 for a single image.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    modality: str = "MG"
    series_number: int | None = None
    instance_number: int | None = None
    frames: int = 1


@dataclass(frozen=True)
class ImagedStudy:
    """The study that an examination's images belong to.

    Attributes:
        patient: Whose it is.
        study_instance_uid: Study Instance UID (0020,000D).
        instances: Its images, in the order of the examination.
        study_date: Study Date (0008,0020), ``YYYYMMDD``; ``""`` is not known.
        study_time: Study Time (0008,0030), ``HHMMSS``; ``""`` is not known.
        accession_number: Accession Number (0008,0050); ``""`` is not known.
    """

    patient: PatientIdentity
    study_instance_uid: str
    instances: tuple[InstanceReference, ...]
    study_date: str = ""
    study_time: str = ""
    accession_number: str = ""
