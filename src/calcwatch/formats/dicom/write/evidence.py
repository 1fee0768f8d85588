"""What every exported object is made from: a result, the headers of its images, and when it was made.

Coordinates change here and nowhere else: ours count from the center of the top-left pixel as ``(row,
column)``, those of DICOM from its corner as ``(column, row)`` (PS3.3 C.10.5 and C.18.6.1).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from pydicom.dataset import Dataset

from calcwatch.domain.errors import CalcwatchError, UnreadableImage
from calcwatch.domain.study import ImagedStudy, InstanceReference, PatientIdentity
from calcwatch.formats.dicom.content import to_dicom
from calcwatch.formats.dicom.read.header import integer, word
from calcwatch.formats.dicom.read.parse import parse_stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calcwatch.domain.assessment import ExaminationResult
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.domain.image import Point

Header = Dataset
"""Header of an image, or a whole object: what pydicom calls a data set."""

MANUFACTURER = "calcwatch"
"""Manufacturer (0008,0070) and Manufacturer's Model Name (0008,1090) of what is exported."""

_REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Rows", "Columns")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an exported object is made from.

    ``current``, ``prior``: header of each image of ``result.examination`` and ``result.prior``, in their
    order. ``failed``: headers of images of the same study that were not analyzed. ``made``: when the result
    was, aware of its time zone. ``digest``: of the result; the UIDs of the objects
    depend on it, on ``made`` and on nothing else.
    """

    result: ExaminationResult
    current: tuple[Dataset, ...]
    prior: tuple[Dataset, ...]
    made: datetime
    digest: str
    failed: tuple[Dataset, ...] = ()

    def __post_init__(self) -> None:
        expected = len(self.result.examination.images), len(self.result.prior)
        if expected != (len(self.current), len(self.prior)) or not self.current:
            raise ValueError(f"{len(self.current)} and {len(self.prior)} headers for {expected} images")

    @property
    def images(self) -> tuple[ImageFindings, ...]:
        """Images of the examination, in the order of ``current``."""
        return self.result.examination.images

    @property
    def version(self) -> str:
        """Software and analysis version in one phrase."""
        made = self.result.provenance
        return f"{made.package_version}, analysis {made.analysis_version}"

    def uid(self, *names: object) -> str:
        """A UID derived from a UUID (PS3.5 B.2): the same for the same result, moment and names."""
        words = [MANUFACTURER, self.digest, f"{self.made.timestamp():.0f}", *map(str, names)]
        return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(words)).int}"


def read_header(content: bytes, source: str) -> Dataset:
    """Read the header of the image that a result is of; text is decoded, pixels are left out.

    Raises ``UnreadableImage`` that names ``source`` where it is no DICOM or lacks what a reference needs.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = parse_stream(BytesIO(content), len(content)).dataset
            dataset.decode()
    except CalcwatchError as error:
        raise UnreadableImage(f"{source}: {error}") from error
    missing = [name for name in _REQUIRED if not word(dataset, name)]
    if missing:
        raise UnreadableImage(
            f"{source}: {', '.join(missing)} is missing in the header, so nothing can refer to this image; "
            "export it again from its source"
        )
    return dataset


def reference_of(dataset: Dataset) -> InstanceReference:
    """Where an image is filed, from its header."""
    return InstanceReference(
        study_instance_uid=word(dataset, "StudyInstanceUID"),
        series_instance_uid=word(dataset, "SeriesInstanceUID"),
        sop_class_uid=word(dataset, "SOPClassUID"),
        sop_instance_uid=word(dataset, "SOPInstanceUID"),
        modality=word(dataset, "Modality") or "MG",
        series_number=integer(dataset, "SeriesNumber"),
        instance_number=integer(dataset, "InstanceNumber"),
        frames=integer(dataset, "NumberOfFrames") or 1,
    )


def study_of(headers: Sequence[Dataset]) -> ImagedStudy:
    """The study of an examination's images, from their headers; patient and study are those of the first."""
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
        instances=tuple(reference_of(one) for one in headers),
        study_date=word(first, "StudyDate"),
        study_time=word(first, "StudyTime"),
        accession_number=word(first, "AccessionNumber"),
    )


def closed(outline: Sequence[Point], rows: int, columns: int) -> tuple[tuple[float, float], ...]:
    """An outline as DICOM draws a closed polyline: the first point again at the end; empty stays empty.

    What lies outside an image of ``rows`` x ``columns`` is drawn at its edge: viewers take no other place.
    """
    points = tuple(
        (min(max(column, 0.0), float(columns)), min(max(row, 0.0), float(rows)))
        for column, row in map(to_dicom, outline)
    )
    return (*points, points[0]) if points else ()
