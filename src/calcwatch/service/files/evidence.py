"""A result on disk, read back with the headers of its images: what every export is made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calcwatch.domain.assessment import ExaminationResult
from calcwatch.domain.errors import CalcwatchError, NotInResult, UnreadableImage
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.identity import ImagedStudy
from calcwatch.formats.dicom.read.filed import FiledHeader
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import looks_like_dicom
from calcwatch.formats.dicom.read.study import read_header, study_of
from calcwatch.formats.dicom.write.evidence import Evidence, Header
from calcwatch.formats.result.document import read_document, read_result
from calcwatch.formats.result.image import WITH_SUGGESTIONS
from calcwatch.service.files.open_image import MAX_FILE_BYTES, read_bounded
from calcwatch.service.files.result_folder import (
    COMPARISON,
    OVERLAYS,
    check_source,
    find_source,
    findings_file,
    overlay_name,
)
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_side_file, unreadable_because

_NO_DAY = "19000101"
"""Day of an examination that names none: an object must have one, and nobody takes this for the true one."""

_NO_REFERENCE = "no DICOM object can refer to it; give --to fhir,pdf, or analyze the DICOM images"


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """A result as it lies on disk.

    Attributes:
        findings: Its ``findings.json``.
        examinations: In the order of its worklist, the current one alone where two were compared.
        sources: Of all images, in the order of the run.
        refused: Sources of files that gave no findings.
        digests: SHA-256 of the files by source.
        digest: SHA-256 of what was read.

    """

    findings: Path
    examinations: tuple[ExaminationResult, ...]
    sources: tuple[str, ...]
    refused: tuple[str, ...]
    digests: dict[str, str | None]
    digest: str


@dataclass(frozen=True, eq=False)
class StoredExamination:
    """One examination of a result, ready for export.

    Attributes:
        result: What was read of it.
        made: The moment of its images, aware of a time zone; a result knows no other, so that it gives the
            same objects wherever and whenever it is exported.
        evidence: With the headers of its images, ``None`` where nothing can refer to one.
        study: Whose it is, ``None`` where no image says so.
        without_evidence: Why there is no evidence, with the remedy; ``""`` where there is.
        told: What of the headers was left empty or reworded, a sentence a file.

    """

    result: ExaminationResult
    made: datetime
    evidence: Evidence | None
    study: ImagedStudy | None
    without_evidence: str = ""
    told: tuple[str, ...] = ()


def read_result_folder(path: Path | str) -> StoredResult:
    """Read a result of ``calcwatch analyze``, ``compare`` or ``history``.

    Args:
        path: Its folder or its ``findings.json``.

    Returns:
        The result with at least one examination.

    Raises:
        NotInResult: It is none, is of a version that cannot be read, or holds no examination.

    """
    file = findings_file(Path(path))
    try:
        content = read_side_file(file, MAX_RESULT_BYTES)
        beside = file.parent / COMPARISON
        compared = read_side_file(beside, MAX_RESULT_BYTES) if beside.exists() else None
        document = read_document(content, file, least=WITH_SUGGESTIONS)
        earlier = None if compared is None else read_document(compared, beside, "comparison")
        stored = StoredResult(
            findings=file,
            examinations=read_result(document, earlier),
            sources=tuple(image["source"] for image in document["images"]),
            refused=tuple(refused["source"] for refused in document["not_analyzed"]),
            digests={entry["source"]: entry["sha256"] for entry in document["provenance"]["inputs"]},
            # Of both documents: the same findings compared with another prior are another result.
            digest=hashlib.sha256(content + (compared or b"")).hexdigest(),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotInResult(
            f"{path}: this is no result of calcwatch that can be read: {unreadable_because(error)}; give the "
            "folder that calcwatch analyze, compare or history wrote"
        ) from error
    if not stored.examinations:
        raise NotInResult(f"{path}: this result holds no examination; no image was analyzed")
    return stored


def read_examination(stored: StoredResult, number: int) -> StoredExamination:
    """Read the headers of the images of an examination, each file once.

    Args:
        stored: The result.
        number: Place of the examination among those of the result, 0 first.

    Returns:
        The examination; images of the same study that were not analyzed are among the evidence as failed
        ones.

    Raises:
        UnreadableImage: A file is gone or has changed.

    """
    result = stored.examinations[number]
    images = (*result.examination.images, *result.prior)
    read = [_read(stored, image) for image in images]
    filed = {file.source: file.header for file in read if file.header is not None}
    count = len(result.examination.images)
    current = [file.header.dataset for file in read[:count] if file.header is not None]
    # Whose study it is can only be said when all of its images say so.
    study = study_of(current) if len(current) == count else None
    made = _moment(result.examination.images, current[0] if study else None)
    told = tuple(filter(None, (_told(source, header) for source, header in filed.items())))
    problem = next((file.problem for file in read if file.problem), "")
    if problem:
        return StoredExamination(result, made, None, study, problem, told)
    evidence = Evidence(
        result=result,
        current=tuple(current),
        prior=tuple(file.header.dataset for file in read[count:] if file.header is not None),
        made=made,
        digest=stored.digest,
        failed=_failed(stored, current),
    )
    return StoredExamination(result, made, evidence, study, told=told)


def _moment(images: Sequence[ImageFindings], header: Header | None) -> datetime:
    """Day and time of an examination on the clock of its images; what is not known is the start of 1900."""
    known = (image.description.study_date for image in images)
    day = next(filter(None, (word(header, "StudyDate") if header else "", *known)), _NO_DAY)
    moment = word(header, "StudyTime") if header else ""
    zone = word(header, "TimezoneOffsetFromUTC") if header else ""
    written = f"{day}{moment.split('.', maxsplit=1)[0]:0<6}{zone or '+0000'}"
    try:
        return datetime.strptime(written, "%Y%m%d%H%M%S%z")
    except ValueError:  # a result made by hand may hold any day
        return datetime.strptime(f"{_NO_DAY}000000+0000", "%Y%m%d%H%M%S%z")


def _told(source: str, header: FiledHeader) -> str:
    """What of a header is not as it stands in the file, by keyword alone: values may name the patient."""
    said = (
        ("left empty, since the header gives no valid form of DICOM", header.emptied),
        ("put into a valid form of DICOM", header.reworded),
    )
    phrases = [f"{', '.join(keywords)} {what}" for what, keywords in said if keywords]
    remedy = "if it matters, correct the header and analyze it anew"
    return f"{source}: {'; '.join([*phrases, remedy])}" if phrases else ""


def read_overlays(stored: StoredResult, images: Sequence[ImageFindings]) -> list[bytes]:
    """Read the pictures with marks of some images of a result.

    Args:
        stored: The result.
        images: Of which.

    Returns:
        PNG files, one an image, in their order.

    Raises:
        NotInResult: The result has not kept them.

    """
    folder = stored.findings.parent / OVERLAYS
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    named = dict(zip(stored.sources, files, strict=False))
    overlays = []
    for source in (image.description.source for image in images):
        file = named.get(source)
        # Overlays are numbered in the order of the run, with numbers left out for files without findings.
        expected = overlay_name(0, source)[4:]
        if file is None or len(files) != len(stored.sources) or not file.name.endswith(expected):
            raise NotInResult(
                f"{folder} does not hold the picture of {source}; analyze it anew, or leave sc and pdf out "
                "of --to"
            )
        overlays.append(read_bounded(file, MAX_FILE_BYTES, "of a picture; analyze the images anew"))
    return overlays


@dataclass(frozen=True, eq=False)
class _File:
    """An image file: its header, or why nothing can refer to it."""

    source: str
    header: FiledHeader | None
    problem: str = ""


def _read(stored: StoredResult, image: ImageFindings) -> _File:
    """Read the header of an image."""
    source = image.description.source
    path = find_source(stored.findings, source)
    check_source(
        path,
        source,
        stored.digests.get(source),
        needed="without its header nothing can refer to it; put it back, or analyze the mammograms anew",
    )
    content = read_bounded(path, MAX_FILE_BYTES, "read into memory; export it compressed")
    if not looks_like_dicom(content[:132]):
        return _File(source, None, f"{source}: this image is no DICOM, so {_NO_REFERENCE}")
    try:
        header = read_header(content, source)
    except UnreadableImage as problem:
        return _File(source, None, str(problem))
    shape = header.dataset.Rows, header.dataset.Columns
    if shape != (image.description.rows, image.description.columns):
        # A result without digests: places would be those of another picture.
        raise UnreadableImage(f"{source}: the file has changed since it was analyzed; analyze it anew")
    return _File(source, header)


def _failed(stored: StoredResult, current: Sequence[Header]) -> tuple[Header, ...]:
    """Headers of images of the study that gave no findings; files that are no such image are passed over."""
    study = current[0].StudyInstanceUID
    known = {header.SOPInstanceUID for header in current}
    failed: list[Header] = []
    for source in stored.refused:
        try:
            content = read_bounded(find_source(stored.findings, source), MAX_FILE_BYTES, "read into memory")
            header = read_header(content, source).dataset
        # It was refused in the analysis for a reason; it need not be readable now.
        except (OSError, CalcwatchError):
            continue
        # A second copy of an analyzed image is refused as found twice: it did not fail.
        if header.StudyInstanceUID == study and header.SOPInstanceUID not in known:
            known.add(header.SOPInstanceUID)
            failed.append(header)
    return tuple(failed)
