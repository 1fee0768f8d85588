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
from calcwatch.domain.study import ImagedStudy
from calcwatch.formats.dicom.read.parse import looks_like_dicom
from calcwatch.formats.dicom.read.study import read_header, study_of
from calcwatch.formats.dicom.write.evidence import Evidence, Header
from calcwatch.formats.result.document import read_document, read_result
from calcwatch.formats.result.image import WITH_SUGGESTIONS
from calcwatch.service.analyze_each import overlay_name
from calcwatch.service.files.result_sources import check_source, find_source

_FINDINGS, _COMPARISON = "findings.json", "comparison.json"
_NEEDED = "without its header nothing can refer to it; put it back, or analyze the mammograms anew"


@dataclass(frozen=True)
class ReadResult:
    """A result as it lies on disk.

    ``findings``: its ``findings.json``; ``examinations``: in the order of its worklist, the current one alone
    where two were compared; ``sources``: of all images, in the order of the run; ``refused``: of files that
    gave no findings; ``digests``: SHA-256 of the files by source; ``made``: when it was written; ``digest``:
    of what was read.
    """

    findings: Path
    examinations: tuple[ExaminationResult, ...]
    sources: tuple[str, ...]
    refused: tuple[str, ...]
    digests: dict[str, str | None]
    made: datetime
    digest: str


def read_result_folder(path: Path) -> ReadResult:
    """Read a result of ``calcwatch analyze``, ``compare`` or ``history``: its folder or ``findings.json``.

    Raises ``NotInResult`` where it is none, of a version that cannot be read, or holds no examination.
    """
    file = path / _FINDINGS if path.is_dir() else path
    try:
        content = file.read_bytes()
        beside = file.parent / _COMPARISON
        compared = beside.read_bytes() if beside.is_file() else None
        document = read_document(content, file, least=WITH_SUGGESTIONS)
        examinations = read_result(
            document, None if compared is None else read_document(compared, beside, "comparison")
        )
        inputs = document["provenance"]["inputs"]
        read = ReadResult(
            findings=file,
            examinations=examinations,
            sources=tuple(one["source"] for one in document["images"]),
            refused=tuple(one["source"] for one in document["not_analyzed"]),
            digests={one["source"]: one["sha256"] for one in inputs},
            made=datetime.fromtimestamp(int(file.stat().st_mtime), UTC).astimezone(),
            digest=hashlib.sha256(content + (compared or b"")).hexdigest(),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotInResult(
            f"{path}: this is no result of calcwatch that can be read ({type(error).__name__}); give the "
            "folder that calcwatch analyze, compare or history wrote"
        ) from error
    if not read.examinations:
        raise NotInResult(f"{path}: this result holds no examination; no image was analyzed")
    return read


@dataclass(frozen=True, eq=False)
class ReadExamination:
    """One examination of a result, ready for export.

    ``evidence``: with the headers of its images, ``None`` where an image is no DICOM; ``not_dicom`` says
    which then. ``study``: whose it is, ``None`` where no image says so.
    """

    result: ExaminationResult
    evidence: Evidence | None
    study: ImagedStudy | None
    not_dicom: str = ""


def read_examination(read: ReadResult, number: int) -> ReadExamination:
    """An examination of a result with what the headers of its images say; ``number``: its place, 0 first.

    Each file is read once. Images of the same study that were not analyzed are among the evidence as failed
    ones. Raises ``UnreadableImage`` where a file is gone or has changed.
    """
    result = read.examinations[number]
    current = [_header(read, image) for image in result.examination.images]
    prior = [_header(read, image) for image in result.prior]
    headers = [one for one in current if one is not None]
    study = study_of(headers) if len(headers) == len(current) else None
    plain = [
        image.description.source
        for image, header in zip((*result.examination.images, *result.prior), (*current, *prior), strict=True)
        if header is None
    ]
    if plain:
        return ReadExamination(result, None, study, not_dicom=plain[0])
    before = tuple(one for one in prior if one is not None)
    evidence = Evidence(
        result=result,
        current=tuple(headers),
        prior=before,
        made=read.made,
        digest=read.digest,
        failed=_failed(read, headers),
    )
    return ReadExamination(result, evidence, study)


def read_overlays(read: ReadResult, images: Sequence[ImageFindings]) -> list[bytes]:
    """The pictures with marks of some images of a result, as PNG, in their order.

    Raises ``NotInResult`` where the result has not kept them.
    """
    folder = read.findings.parent / "overlays"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    named = dict(zip(read.sources, files, strict=False))
    return [_overlay(read, named, image.description.source, len(files)) for image in images]


def _overlay(read: ReadResult, named: dict[str, Path], source: str, count: int) -> bytes:
    """Overlays are numbered in the order of the run, with numbers left out for files without findings."""
    file = named.get(source)
    expected = overlay_name(0, source)[4:]
    if file is None or count != len(read.sources) or not file.name.endswith(expected):
        raise NotInResult(
            f"{read.findings.parent / 'overlays'} does not hold the picture of {source}; analyze it anew, or "
            "leave sc and pdf out of --to"
        )
    return file.read_bytes()


def _header(read: ReadResult, image: ImageFindings) -> Header | None:
    """Header of an image, ``None`` where it is no DICOM."""
    source = image.description.source
    path = find_source(read.findings, source)
    check_source(path, source, read.digests.get(source), needed=_NEEDED)
    content = path.read_bytes()
    return read_header(content, source) if looks_like_dicom(content[:132]) else None


def _failed(read: ReadResult, current: Sequence[Header]) -> tuple[Header, ...]:
    """Headers of images of the study that gave no findings; files that are no such image are passed over."""
    study = current[0].StudyInstanceUID
    known = {one.SOPInstanceUID for one in current}
    found: list[Header] = []
    for source in read.refused:
        try:
            header = read_header(find_source(read.findings, source).read_bytes(), source)
        except (OSError, CalcwatchError):
            continue
        if header.StudyInstanceUID == study and header.SOPInstanceUID not in known:
            known.add(header.SOPInstanceUID)
            found.append(header)
    return tuple(found)
