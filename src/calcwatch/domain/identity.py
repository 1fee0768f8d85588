"""Identity: of the woman and the images, as their headers say it, and of what was found in them.

A finding has a tracking UID (0062,0021), made from its image and place where it has none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    from calcwatch.domain.findings import ImageFindings, NonLesion


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


def tracking_uid_of(*names: object) -> str:
    """Make a UID from names: the same names give the same UID (derived from a UUID, PS3.5 B.2).

    Args:
        *names: What identifies the thing, from the widest to the narrowest.

    Returns:
        A UID below 2.25.
    """
    return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(['calcwatch', *map(str, names)])).int}"


def non_lesion_uid(found: NonLesion, image: ImageFindings) -> str:
    """Make the tracking UID of something that is no calcification, from its image and place.

    Args:
        found: The non-lesion, in file pixels.
        image: The findings it belongs to.

    Returns:
        A UID below 2.25.
    """
    described = image.description
    return tracking_uid_of(
        # The UID names an image wherever it is copied, the hash a file without; the path is the last resort.
        described.sop_instance_uid or described.sha256 or described.source,
        f"{found.row:.3f}",
        f"{found.column:.3f}",
    )


def letter(index: int) -> str:
    """Name the group at a place in the order.

    Args:
        index: The place, 0 first.

    Returns:
        0 is A, 25 is Z, 26 is AA.
    """
    # As columns of a spreadsheet: after Z comes AA.
    before = letter(index // 26 - 1) if index >= 26 else ""
    return before + ascii_uppercase[index % 26]
