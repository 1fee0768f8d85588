"""Who and what was imaged, in the words of the images' own headers: what a result must be filed under."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PatientIdentity:
    """Whose images these are; ``""`` is "the header does not say".

    ``patient_id`` (0010,0020), ``issuer`` (0010,0021), ``name`` (0010,0010) with ``^`` between its parts,
    ``birth_date`` (0010,0030) as ``YYYYMMDD``, ``sex`` (0010,0040) ``F``, ``M`` or ``O``.
    """

    patient_id: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True)
class InstanceReference:
    """One DICOM instance and where it is filed; ``frames``: 1 for a single image."""

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

    ``instances``: those images, in the order of the examination. ``study_date`` is ``YYYYMMDD``,
    ``study_time`` ``HHMMSS``; ``accession_number`` (0008,0050); ``""`` is not known.
    """

    patient: PatientIdentity
    study_instance_uid: str
    instances: tuple[InstanceReference, ...]
    study_date: str = ""
    study_time: str = ""
    accession_number: str = ""
