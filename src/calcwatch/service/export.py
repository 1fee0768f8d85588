"""A result on disk -> what a hospital files: DICOM objects and FHIR, as a whole or not at all."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from calcwatch.domain.errors import CalcwatchError, UnsupportedImage
from calcwatch.domain.findings import ImageFindings
from calcwatch.formats.dicom.write.cad.report import cad_report
from calcwatch.formats.dicom.write.common_modules import file_bytes
from calcwatch.formats.dicom.write.encapsulated_pdf import encapsulated_pdf
from calcwatch.formats.dicom.write.evidence import Evidence, Header
from calcwatch.formats.dicom.write.key_object_selection import key_object_selection
from calcwatch.formats.dicom.write.measurements.report import measurement_report
from calcwatch.formats.dicom.write.presentation_state import presentation_state
from calcwatch.formats.dicom.write.secondary_capture import secondary_capture
from calcwatch.formats.dicom.write.segmentation import segmentation
from calcwatch.formats.fhir.bundle import result_bundle
from calcwatch.report.paper import Paper, paper_pdf
from calcwatch.service.files.evidence import (
    ReadExamination,
    ReadResult,
    read_examination,
    read_overlays,
    read_result_folder,
)
from calcwatch.service.files.result_folder import check_result_folder, result_folder, writing


class ExportFormat(StrEnum):
    """What an examination can be exported as; the words of ``--to``."""

    CAD_SR = "cad-sr"
    SR = "sr"
    SEGMENTATION = "seg"
    PRESENTATION_STATE = "pr"
    SECONDARY_CAPTURE = "sc"
    PDF = "pdf"
    KEY_OBJECTS = "ko"
    FHIR = "fhir"


MANIFEST = "export.json"
"""Lists what was written, and what was not with the reason."""


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export; UIDs are ``""`` for what is no DICOM."""

    name: str
    format: ExportFormat
    sha256: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


@dataclass(frozen=True)
class NotExported:
    """An examination that could not be exported; ``reason`` names the file and the remedy."""

    examination: int
    reason: str


@dataclass(frozen=True)
class Exported:
    """What one export wrote into ``out``.

    ``empty``: formats and images for which there was nothing to write, in words: an image without a group
    has no segmentation.
    """

    out: Path
    files: tuple[ExportedFile, ...]
    empty: tuple[str, ...]
    not_exported: tuple[NotExported, ...]


@dataclass(frozen=True)
class _Part:
    """One file to be: ``content`` is ``None`` where there is nothing to write."""

    name: str
    format: ExportFormat
    content: bytes | None
    dataset: Header | None = None


@dataclass(frozen=True)
class _Job:
    """What the parts of one examination are made from; ``pictures``: with marks, of its images in order."""

    found: ReadExamination
    pictures: Sequence[bytes]
    made: datetime


_WHOLE: Mapping[ExportFormat, Callable[[Evidence], Header | None]] = {
    ExportFormat.CAD_SR: cad_report,
    ExportFormat.SR: measurement_report,
    ExportFormat.KEY_OBJECTS: key_object_selection,
}
"""Objects of which an examination has one; of the others each image has its own."""


def export_result(
    findings: Path,
    out: Path,
    formats: Sequence[ExportFormat] = tuple(ExportFormat),
    *,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write an examination, or each of several, in the formats asked for.

    ``findings``: the folder or ``findings.json`` of a result; of two examinations that were compared the
    current one is exported, with what it was compared with. One examination is written into ``out`` itself,
    several into a folder each, ``1`` first in the worklist. The same result gives the same bytes. An
    examination whose images are gone or are no DICOM does not stop the others: it is in ``not_exported``.
    ``on_done`` is told how many examinations are done, of how many.

    Raises ``NotInResult`` where there is no result to read, ``ResultNotWritten`` where ``out`` holds other
    files, the error of the examination where it is the only one.
    """
    check_result_folder(out, is_export)
    read = read_result_folder(findings)
    total = len(read.examinations)
    files: list[ExportedFile] = []
    empty: list[str] = []
    missed: list[NotExported] = []
    with result_folder(out, is_export) as folder:
        for number in range(total):
            below = "" if total == 1 else f"{number + 1}/"
            on_done(number, total)
            try:
                written, nothing = _export_one(read, number, formats, folder, below=below)
            except CalcwatchError as problem:
                if total == 1:
                    raise
                missed.append(NotExported(number + 1, str(problem)))
                continue
            files += written
            empty += nothing
        exported = Exported(out, tuple(files), tuple(empty), tuple(missed))
        with writing(out):
            (folder / MANIFEST).write_text(_manifest(read, exported), encoding="utf-8")
    on_done(total, total)
    return exported


def _export_one(
    read: ReadResult, number: int, formats: Sequence[ExportFormat], folder: Path, *, below: str
) -> tuple[list[ExportedFile], list[str]]:
    """Every part is made before the first is written: an examination is there as a whole or not at all."""
    found = read_examination(read, number)
    with_pictures = {ExportFormat.SECONDARY_CAPTURE, ExportFormat.PDF} & set(formats)
    pictures = read_overlays(read, found.result.examination.images) if with_pictures else []
    job = _Job(found, pictures, read.made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # highdicom and pydicom quote the patient's name in theirs
        parts = [part for one in dict.fromkeys(formats) for part in _parts(job, one)]
    files: list[ExportedFile] = []
    for part in parts:
        if part.content is not None:
            files.append(_write(part, folder, below))
    return files, [f"{below}{part.name}" for part in parts if part.content is None]


def _write(part: _Part, folder: Path, below: str) -> ExportedFile:
    content = part.content or b""
    place = folder / below / part.name
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    sop = part.dataset
    return ExportedFile(
        name=f"{below}{part.name}",
        format=part.format,
        sha256=hashlib.sha256(content).hexdigest(),
        sop_class_uid="" if sop is None else str(sop.SOPClassUID),
        sop_instance_uid="" if sop is None else str(sop.SOPInstanceUID),
    )


def _parts(job: _Job, wanted: ExportFormat) -> Iterator[_Part]:
    """The files of one format."""
    if wanted is ExportFormat.FHIR:
        yield _Part("fhir.json", wanted, _fhir(job))
    elif wanted is ExportFormat.PDF:
        yield from _paper(job)
    elif wanted in _WHOLE:
        yield _dicom(f"{wanted}.dcm", wanted, _WHOLE[wanted](_evidence(job, wanted)))
    else:
        evidence = _evidence(job, wanted)
        for place, image in enumerate(evidence.images):
            yield _dicom(_name(wanted, place, image), wanted, _of_image(job, wanted, place))


def _of_image(job: _Job, wanted: ExportFormat, place: int) -> Header | None:
    """The object of one image."""
    evidence = _evidence(job, wanted)
    if wanted is ExportFormat.SEGMENTATION:
        return segmentation(evidence, place)
    if wanted is ExportFormat.PRESENTATION_STATE:
        return presentation_state(evidence, place)
    return secondary_capture(evidence, place, _pixels(job.pictures[place]))


def _evidence(job: _Job, wanted: ExportFormat) -> Evidence:
    if job.found.evidence is None:
        raise UnsupportedImage(
            f"{job.found.not_dicom}: this image is no DICOM, so {wanted} has nothing to refer to; give --to "
            "fhir,pdf, or analyze the DICOM images"
        )
    return job.found.evidence


def _dicom(name: str, wanted: ExportFormat, dataset: Header | None) -> _Part:
    return _Part(name, wanted, None if dataset is None else file_bytes(dataset), dataset)


def _name(wanted: ExportFormat, place: int, image: ImageFindings) -> str:
    """File name of an object of one image: its place in the examination, side and view."""
    found = image.description
    words = [word for word in (found.image_laterality, found.view_position) if word]
    return "-".join([wanted, str(place + 1), *words]) + ".dcm"


def _paper(job: _Job) -> Iterator[_Part]:
    """The report on paper, by itself and, where the images are DICOM, inside a DICOM file."""
    paper = Paper(job.found.result, job.found.study, job.pictures, job.made.strftime("%Y-%m-%d %H:%M"))
    pdf = paper_pdf(paper)
    yield _Part("report.pdf", ExportFormat.PDF, pdf)
    if job.found.evidence is not None:
        yield _dicom("pdf.dcm", ExportFormat.PDF, encapsulated_pdf(job.found.evidence, pdf))


def _fhir(job: _Job) -> bytes:
    bundle = result_bundle(job.found.result, job.found.study, made=job.made)
    return (json.dumps(bundle, indent=2, ensure_ascii=False) + "\n").encode()


def _pixels(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def _manifest(read: ReadResult, exported: Exported) -> str:
    document = {
        "package": "calcwatch",
        "result_sha256": read.digest,
        "files": [asdict(one) for one in exported.files],
        "nothing_to_write": list(exported.empty),
        "not_exported": [asdict(one) for one in exported.not_exported],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def is_export(folder: Path) -> bool:
    """Tell whether a folder holds an export of calcwatch and nothing else."""
    try:
        document = json.loads((folder / MANIFEST).read_bytes())
        listed = {MANIFEST, *(one["name"] for one in document["files"])}
        held = {str(one.relative_to(folder).as_posix()) for one in folder.rglob("*") if not one.is_dir()}
        return document["package"] == "calcwatch" and held <= listed
    except (OSError, ValueError, KeyError, TypeError):
        return False
