"""Whose an image is and where it is filed, from its header: what results refer to."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from calcwatch.domain.dates import read_date
from calcwatch.domain.errors import CalcwatchError, UnreadableImage
from calcwatch.domain.identity import ImagedStudy, InstanceReference, PatientIdentity
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.dicom.read.filed import NEEDED, FiledHeader, filed_header
from calcwatch.formats.dicom.read.header import Reading, holds_no_text, integer, word, words
from calcwatch.formats.dicom.read.parse import decode_text, parse_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset


def read_header(content: bytes, source: str) -> FiledHeader:
    """Read the header of an image that a result is of, each attribute in a form that may be filed.

    Args:
        content: Bytes of the file.
        source: Where they come from, as messages name it.

    Returns:
        What results repeat of it, in Unicode, and what was left empty.

    Raises:
        UnreadableImage: The file is no DICOM, or lacks what a reference needs.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = parse_stream(BytesIO(content), len(content)).dataset
            # To Unicode while errors are still caught; pydicom would decode late, outside of this block.
            with suppress(Exception):  # a value that cannot be decoded is told with the others
                decode_text(dataset)
            filed = filed_header(dataset)
    except CalcwatchError as error:
        raise UnreadableImage(f"{source}: {error}") from error
    missing = [name for name in NEEDED if name not in filed.dataset]
    if missing:
        raise UnreadableImage(
            f"{source}: {', '.join(missing)} is missing in the header or has no valid form, so no DICOM "
            "object can refer to this image; export it again from its source and analyze that, or give "
            "--to fhir,pdf"
        )
    return filed


def read_study_date(dataset: Dataset) -> Reading[str | None]:
    """Read Study Date (0008,0020); a date that the calendar has not is not known.

    Args:
        dataset: Header of the image.

    Returns:
        ``YYYYMMDD``, from the spelling with dots of older files too; ``None`` where it is not given or is no
        single day, which is flagged.

    """
    said = words(dataset, "StudyDate")
    if not any(said):
        is_unread = holds_no_text(dataset, "StudyDate")
        return Reading(None, "", (QualityFlag.STUDY_DATE_UNKNOWN,) if is_unread else ())
    # ACR-NEMA wrote 2024.01.31 (PS3.5 6.2, DA).
    dotted = re.fullmatch(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})", said[0])
    try:
        # Several dates: which one is the day of this image is not known.
        return Reading(read_date("Study Date", "".join(dotted.groups()) if dotted else "\\".join(said)), "")
    except ValueError:
        return Reading(None, "", (QualityFlag.STUDY_DATE_UNKNOWN,))


def reference_of(header: Dataset) -> InstanceReference:
    """Where an image is filed.

    Args:
        header: Its header.

    Returns:
        A reference to it; modality MG where it names none.

    """
    return InstanceReference(
        study_instance_uid=word(header, "StudyInstanceUID"),
        series_instance_uid=word(header, "SeriesInstanceUID"),
        sop_class_uid=word(header, "SOPClassUID"),
        sop_instance_uid=word(header, "SOPInstanceUID"),
        modality=word(header, "Modality") or "MG",
        series_number=integer(header, "SeriesNumber"),
        instance_number=integer(header, "InstanceNumber"),
        frames=integer(header, "NumberOfFrames") or 1,
    )


def study_of(headers: Sequence[Dataset]) -> ImagedStudy:
    """The study that the images of an examination belong to.

    Args:
        headers: Of its images, one or more, in their order.

    Returns:
        Patient and study as the first one names them, with references to all.

    """
    # All headers are of a single study, so patient and study are the same in each.
    first = headers[0]
    return ImagedStudy(
        patient=PatientIdentity(
            patient_id=word(first, "PatientID"),
            issuer=word(first, "IssuerOfPatientID"),
            name=word(first, "PatientName"),
            birth_date=word(first, "PatientBirthDate"),
            sex=word(first, "PatientSex"),
        ),
        study_instance_uid=word(first, "StudyInstanceUID"),
        instances=tuple(reference_of(header) for header in headers),
        study_date=word(first, "StudyDate"),
        study_time=word(first, "StudyTime"),
        accession_number=word(first, "AccessionNumber"),
    )
