"""A result on disk -> what a hospital files: DICOM objects and FHIR, each format by itself."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from calcwatch.domain.errors import BadFormat, CalcwatchError, ResultNotWritten, UnsupportedImage
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
from calcwatch.report.paper import paper_pdf
from calcwatch.service.files.evidence import (
    StoredExamination,
    StoredResult,
    read_examination,
    read_overlays,
    read_result_folder,
)
from calcwatch.service.files.result_folder import (
    check_result_folder,
    holds_what_it_lists,
    result_folder,
    writing,
)

MANIFEST = "export.json"
"""Lists what was written, and what was not with the reason."""

Content = Header | bytes | None
"""A DICOM object, the bytes of any other file, or ``None`` where there is nothing to write."""

Writer = Callable[[str, StoredResult, StoredExamination], Iterator[tuple[str, Content]]]
"""Word of the format, result, examination -> name and content of each file."""


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export.

    Attributes:
        name: Its path below the folder of the export.
        format: The word of its format, a key of ``FORMATS``.
        sha256: Of its bytes.
        sop_class_uid: ``""`` for what is no DICOM.
        sop_instance_uid: Likewise.

    """

    name: str
    format: str
    sha256: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


@dataclass(frozen=True)
class NotMade:
    """A format in which an examination could not be written.

    Attributes:
        examination: Number of the examination, 1 first in the worklist.
        format: The word of its format.
        reason: Why, with the remedy.

    """

    examination: int
    format: str
    reason: str


@dataclass(frozen=True)
class Exported:
    """What one export wrote.

    Attributes:
        out: The folder.
        files: Everything that was written, in order.
        empty: Files for which there was nothing to write: an image without a group has no segmentation.
        not_exported: Number of each examination that could not be exported, 1 first in the worklist, to the
            reason, which names the file and the remedy.
        not_made: Formats that failed in an examination of which others were written.
        told: What of the images' headers was left empty or reworded, a sentence a file, by keyword alone.

    """

    out: Path
    files: tuple[ExportedFile, ...]
    empty: tuple[str, ...]
    not_exported: Mapping[int, str]
    not_made: tuple[NotMade, ...] = ()
    told: tuple[str, ...] = ()


def _of_examination(write: Callable[[Evidence], Header | None]) -> Writer:
    """A format of which an examination has one object."""

    def written(word: str, _: StoredResult, examination: StoredExamination) -> Iterator[tuple[str, Content]]:
        yield f"{word}.dcm", write(_evidence(word, examination))

    return written


def _of_each_image(write: Callable[[Evidence, int], Header | None]) -> Writer:
    """A format of which each image has an object."""

    def written(word: str, _: StoredResult, examination: StoredExamination) -> Iterator[tuple[str, Content]]:
        evidence = _evidence(word, examination)
        for place in range(len(evidence.images)):
            yield _image_name(word, evidence, place), write(evidence, place)

    return written


def _captures(
    word: str, stored: StoredResult, examination: StoredExamination
) -> Iterator[tuple[str, Content]]:
    """The pictures with marks, each as an object."""
    evidence = _evidence(word, examination)
    for place, png in enumerate(read_overlays(stored, evidence.images)):
        # The overlays of the result itself, so that the capture shows what the page showed.
        with Image.open(BytesIO(png)) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        yield _image_name(word, evidence, place), secondary_capture(evidence, place, pixels)


def _papers(_: str, stored: StoredResult, examination: StoredExamination) -> Iterator[tuple[str, Content]]:
    """The report on paper, by itself and, where the images are DICOM, inside a DICOM file."""
    pictures = read_overlays(stored, examination.result.examination.images)
    pdf = paper_pdf(examination.result, examination.study, pictures)
    yield "report.pdf", pdf
    # PDF alone needs no DICOM images: it is a file by itself.
    if examination.evidence is not None:
        yield "pdf.dcm", encapsulated_pdf(examination.evidence, pdf)


def _fhir(word: str, _: StoredResult, examination: StoredExamination) -> Iterator[tuple[str, Content]]:
    bundle = result_bundle(examination.result, examination.study, made=examination.made)
    yield f"{word}.json", (json.dumps(bundle, indent=2, ensure_ascii=False) + "\n").encode()


FORMATS: Mapping[str, Writer] = {
    "cad-sr": _of_examination(cad_report),
    "sr": _of_examination(measurement_report),
    "seg": _of_each_image(segmentation),
    "pr": _of_each_image(presentation_state),
    "sc": _captures,
    "pdf": _papers,
    "ko": _of_examination(key_object_selection),
    "fhir": _fhir,
}
"""What an examination can be exported as, by the words of ``--to``."""


def export_result(
    findings: Path | str,
    out: Path | str,
    formats: Sequence[str] = tuple(FORMATS),
    *,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write an examination, or each of several, in the formats asked for.

    Of two examinations that were compared the current one is exported, with what it was compared with. The
    same result gives the same bytes. Neither a format that fails nor an examination whose images are gone
    stops the others.

    Args:
        findings: A result: its folder or its ``findings.json``.
        out: Folder to write to; a former export there is replaced. One examination is written into it,
            several into a folder each, ``1`` first in the worklist.
        formats: Keys of ``FORMATS``.
        on_done: Is given how many examinations are done, and of how many.

    Returns:
        What was written.

    Raises:
        BadFormat: A word names no format, or there is none.
        NotInResult: There is no result to read.
        ResultNotWritten: ``out`` holds other files or cannot be written.
        CalcwatchError: The only examination could not be exported.

    """
    # A misspelled word is told before anything is read.
    check_formats(formats)
    out = Path(out)
    check_result_folder(out, is_export)
    stored = read_result_folder(findings)
    total = len(stored.examinations)
    exported = Exported(out, (), (), {})
    with result_folder(out, is_export) as folder:
        for number in range(total):
            on_done(number, total)
            exported = _with_examination(exported, stored, number, formats, folder=folder)
        with writing(out):
            (folder / MANIFEST).write_text(_manifest(stored, exported), encoding="utf-8")
    on_done(total, total)
    return exported


def check_formats(formats: Sequence[str]) -> None:
    """Check words that should name formats.

    Args:
        formats: The words.

    Raises:
        BadFormat: One is no key of ``FORMATS``, or there is none; the message lists the formats.

    """
    unknown = next((word for word in formats if word not in FORMATS), None)
    if unknown is not None or not formats:
        because = "it names no format" if unknown is None else f"{unknown!r} is no format"
        raise BadFormat(
            f"--to {','.join(formats)}: {because}; formats are {','.join(FORMATS)}, parted by commas"
        )


def is_export(folder: Path) -> bool:
    """Tell whether a folder holds an export of calcwatch and nothing else.

    Args:
        folder: Any path.

    Returns:
        False too where it cannot be read.

    """
    return holds_what_it_lists(folder, MANIFEST)


def _with_examination(
    exported: Exported, stored: StoredResult, number: int, formats: Sequence[str], *, folder: Path
) -> Exported:
    """Export one more examination: every format is made as a whole before its first file is written."""
    # A single examination lies flat, as most exports are of that kind.
    below = "" if len(stored.examinations) == 1 else f"{number + 1}/"
    made: list[_Made] = []
    failed: list[tuple[str, CalcwatchError]] = []
    told: tuple[str, ...] = ()
    try:
        with _as_ours(f"examination {number + 1} of {stored.findings}"):
            examination = read_examination(stored, number)
    except CalcwatchError as problem:
        failed.append(("", problem))
    else:
        told = examination.told
        # A format asked for twice is written once.
        for word in dict.fromkeys(formats):
            try:
                made += _make(word, stored, examination, below)
            except CalcwatchError as problem:
                failed.append((word, problem))
    if failed and not made:
        # With nothing else to export the reason is the answer and no line in a list.
        if not below:
            raise failed[0][1]
        return replace(exported, not_exported={**exported.not_exported, number + 1: str(failed[0][1])})
    return replace(
        exported,
        files=(*exported.files, *(_write(file, folder) for file in made if file.content is not None)),
        # Nothing to write is listed: a missing file could also be a forgotten file.
        empty=(*exported.empty, *(file.name for file in made if file.content is None)),
        not_made=(*exported.not_made, *(NotMade(number + 1, word, str(why)) for word, why in failed)),
        told=(*exported.told, *told),
    )


class _Made(NamedTuple):
    """A file before it is written; ``None`` where there is nothing to write."""

    name: str
    format: str
    content: bytes | None
    uids: tuple[str, str] = ("", "")


def _make(word: str, stored: StoredResult, examination: StoredExamination, below: str) -> list[_Made]:
    """Every file of one format."""
    files = []
    with _as_ours(f"{word} of {stored.findings}"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # highdicom and pydicom quote the patient's name in theirs
        for name, content in FORMATS[word](word, stored, examination):
            if isinstance(content, Header):
                uids = str(content.SOPClassUID), str(content.SOPInstanceUID)
                files.append(_Made(f"{below}{name}", word, file_bytes(content), uids))
            else:
                files.append(_Made(f"{below}{name}", word, content))
    return files


@contextmanager
def _as_ours(what: str) -> Iterator[None]:
    """Turn an error that nobody foresaw into one that names what was written and no value of a header."""
    try:
        yield
    except CalcwatchError:
        raise
    except Exception as problem:  # highdicom and pydicom answer odd headers with errors of any kind
        raise ResultNotWritten(
            f"{what} could not be made of these images: a mistake of calcwatch; please report it, without "
            "patient data, and leave this format out of --to"
        ) from problem


def _write(file: _Made, folder: Path) -> ExportedFile:
    """Write a file; where the place cannot take it, the whole export ends."""
    place, content = folder / file.name, file.content or b""
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return ExportedFile(file.name, file.format, hashlib.sha256(content).hexdigest(), *file.uids)


def _evidence(word: str, examination: StoredExamination) -> Evidence:
    if examination.evidence is None:
        raise UnsupportedImage(f"{word}: {examination.without_evidence}")
    return examination.evidence


def _image_name(word: str, evidence: Evidence, place: int) -> str:
    """File name of an object of one image: its place in the examination, side and view."""
    image = evidence.images[place].description
    parts = [part for part in (image.image_laterality, image.view_position) if part]
    return "-".join([word, str(place + 1), *parts]) + ".dcm"


def _manifest(stored: StoredResult, exported: Exported) -> str:
    document = {
        "package": "calcwatch",
        "result_sha256": stored.digest,
        "files": [asdict(file) for file in exported.files],
        "nothing_to_write": list(exported.empty),
        "not_exported": [
            {"examination": number, "reason": reason} for number, reason in exported.not_exported.items()
        ],
        "not_made": [asdict(failed) for failed in exported.not_made],
        "headers": list(exported.told),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
