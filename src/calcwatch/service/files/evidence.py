"""A result on disk, read back with the headers of its images: what every export is made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calcwatch.domain.assessment import ExaminationResult
from calcwatch.domain.errors import CalcwatchError, NotInResult
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.identity import ImagedStudy
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


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """A result as it lies on disk.

    Attributes:
        findings: Its ``findings.json``.
        examinations: In the order of its worklist, the current one alone where two were compared.
        sources: Of all images, in the order of the run.
        refused: Sources of files that gave no findings.
        digests: SHA-256 of the files by source.
        made: When it was written, aware of its time zone.
        digest: SHA-256 of what was read.

    """

    findings: Path
    examinations: tuple[ExaminationResult, ...]
    sources: tuple[str, ...]
    refused: tuple[str, ...]
    digests: dict[str, str | None]
    made: datetime
    digest: str


@dataclass(frozen=True, eq=False)
class StoredExamination:
    """One examination of a result, ready for export.

    Attributes:
        result: What was read of it.
        evidence: With the headers of its images, ``None`` where an image is no DICOM.
        study: Whose it is, ``None`` where no image says so.
        not_dicom: The first image that is no DICOM; ``""`` where all are.

    """

    result: ExaminationResult
    evidence: Evidence | None
    study: ImagedStudy | None
    not_dicom: str = ""


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
            # The document holds no moment (same input, same bytes), so the time of the file serves.
            made=datetime.fromtimestamp(int(file.stat().st_mtime), UTC).astimezone(),
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
    headers = [_header(stored, image) for image in images]
    count = len(result.examination.images)
    current = [header for header in headers[:count] if header is not None]
    # Whose study it is can only be said when all of its images say so.
    study = study_of(current) if len(current) == count else None
    plain = next((image for image, header in zip(images, headers, strict=True) if header is None), None)
    if plain is not None:
        return StoredExamination(result, None, study, not_dicom=plain.description.source)
    prior = tuple(header for header in headers[count:] if header is not None)
    evidence = Evidence(
        result=result,
        current=tuple(current),
        prior=prior,
        made=stored.made,
        digest=stored.digest,
        failed=_failed(stored, current),
    )
    return StoredExamination(result, evidence, study)


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


def _header(stored: StoredResult, image: ImageFindings) -> Header | None:
    """Header of an image, ``None`` where it is no DICOM."""
    source = image.description.source
    path = find_source(stored.findings, source)
    check_source(
        path,
        source,
        stored.digests.get(source),
        needed="without its header nothing can refer to it; put it back, or analyze the mammograms anew",
    )
    content = read_bounded(path, MAX_FILE_BYTES, "read into memory; export it compressed")
    return read_header(content, source) if looks_like_dicom(content[:132]) else None


def _failed(stored: StoredResult, current: Sequence[Header]) -> tuple[Header, ...]:
    """Headers of images of the study that gave no findings; files that are no such image are passed over."""
    study = current[0].StudyInstanceUID
    known = {header.SOPInstanceUID for header in current}
    failed: list[Header] = []
    for source in stored.refused:
        try:
            content = read_bounded(find_source(stored.findings, source), MAX_FILE_BYTES, "read into memory")
            header = read_header(content, source)
        # It was refused in the analysis for a reason; it need not be readable now.
        except (OSError, CalcwatchError):
            continue
        # A second copy of an analyzed image is refused as found twice: it did not fail.
        if header.StudyInstanceUID == study and header.SOPInstanceUID not in known:
            known.add(header.SOPInstanceUID)
            failed.append(header)
    return tuple(failed)
