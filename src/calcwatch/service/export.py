"""A result on disk -> what a hospital files: DICOM objects and FHIR, as a whole or not at all."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from calcwatch.domain.errors import BadFormat, CalcwatchError, UnsupportedImage
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
class Exported:
    """What one export wrote.

    Attributes:
        out: The folder.
        files: Everything that was written, in order.
        empty: Files for which there was nothing to write: an image without a group has no segmentation.
        not_exported: Number of each examination that could not be exported, 1 first in the worklist, to the
            reason, which names the file and the remedy.

    """

    out: Path
    files: tuple[ExportedFile, ...]
    empty: tuple[str, ...]
    not_exported: Mapping[int, str]


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
    made = stored.made.strftime("%Y-%m-%d %H:%M")
    pdf = paper_pdf(examination.result, examination.study, pictures, made)
    yield "report.pdf", pdf
    # PDF alone needs no DICOM images: it is a file by itself.
    if examination.evidence is not None:
        yield "pdf.dcm", encapsulated_pdf(examination.evidence, pdf)


def _fhir(word: str, stored: StoredResult, examination: StoredExamination) -> Iterator[tuple[str, Content]]:
    bundle = result_bundle(examination.result, examination.study, made=stored.made)
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
    same result gives the same bytes. An examination whose images are gone or are no DICOM does not stop the
    others.

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
    files: list[ExportedFile] = []
    empty: list[str] = []
    missed: dict[int, str] = {}
    with result_folder(out, is_export) as folder:
        for number in range(total):
            # A single examination lies flat, as most exports are of that kind.
            below = "" if total == 1 else f"{number + 1}/"
            on_done(number, total)
            try:
                written, nothing = _export_examination(stored, number, formats, folder, below)
            except CalcwatchError as problem:
                # With nothing else to export the reason is the answer and no line in a list.
                if total == 1:
                    raise
                missed[number + 1] = str(problem)
                continue
            files += written
            empty += nothing
        exported = Exported(out, tuple(files), tuple(empty), missed)
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


def _export_examination(
    stored: StoredResult, number: int, formats: Sequence[str], folder: Path, below: str
) -> tuple[list[ExportedFile], list[str]]:
    """Every file is made before the first is written: an examination is there as a whole or not at all."""
    examination = read_examination(stored, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # highdicom and pydicom quote the patient's name in theirs
        made = [
            (name, word, content, content if isinstance(content, bytes | None) else file_bytes(content))
            # A format asked for twice is written once.
            for word in dict.fromkeys(formats)
            for name, content in FORMATS[word](word, stored, examination)
        ]
    files: list[ExportedFile] = []
    empty: list[str] = []
    for name, word, content, encoded in made:
        # Nothing to write is listed: a missing file could also be a forgotten file.
        if encoded is None:
            empty.append(f"{below}{name}")
            continue
        place = folder / below / name
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(encoded)
        uids = ("", "")
        if isinstance(content, Header):
            uids = str(content.SOPClassUID), str(content.SOPInstanceUID)
        files.append(ExportedFile(f"{below}{name}", word, hashlib.sha256(encoded).hexdigest(), *uids))
    return files, empty


def _evidence(word: str, examination: StoredExamination) -> Evidence:
    if examination.evidence is None:
        raise UnsupportedImage(
            f"{examination.not_dicom}: this image is no DICOM, so {word} has nothing to refer to; give --to "
            "fhir,pdf, or analyze the DICOM images"
        )
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
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
