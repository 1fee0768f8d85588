"""A folder of images and results -> the same without anybody's identity, and a report of what was done."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.errors import (
    BadKeyFile,
    CalcwatchError,
    UnreadableImage,
    UnsuitableImage,
    UnsupportedImage,
)
from calcwatch.formats.dicom.deidentify.deidentify import (
    Removed,
    deidentify,
    needs_black_out,
    person_of,
    read_whole,
)
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import looks_like_dicom
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.service.deidentify_result import (
    RESULT_FILES,
    deidentify_document,
    persons_in,
    shifted_day,
)
from calcwatch.service.files.key_file import (
    Pseudonyms,
    check_passphrase,
    new_secret,
    read_key_file,
    write_key_file,
)
from calcwatch.service.files.open_image import open_image, source_of
from calcwatch.service.files.result_folder import (
    FINDINGS,
    OVERLAYS,
    REPORT,
    check_result_folder,
    find_source,
    holds_what_it_lists,
    result_folder,
    writing,
)
from calcwatch.service.workers import READING, do_apart

MANIFEST = "deidentification.json"
"""Lists what was written and what was removed from it, by keyword and never by value."""

_LEFT_OUT = {
    FINDINGS: {OVERLAYS, REPORT, "examinations.csv", "groups.csv", "calcifications.csv"},
    "export.json": {"export.json", "fhir.json", "report.pdf"},
}
"""Beside these, files that may name the patient anywhere; an analysis of the cleaned images makes them."""

_LARGEST = 2**31  # bytes of a file that is read into memory

_MARGIN_MM = 2.0
"""Kept round the breast, so that the skin line stays whole: about the thickness of skin, our choice."""

_REASON_CODES: dict[type[CalcwatchError], str] = {
    UnsupportedImage: "unsupported",
    UnsuitableImage: "no_breast_found",
}
"""Reason code of a refusal by its error; of any other ``unreadable``."""


@dataclass(frozen=True)
class RefusedFile:
    """One file that was not written.

    Attributes:
        number: Counts the files as they were found, 1 first.
        reason_code: Why, for a program.
        source: The file; may name the patient, as file names do: for the terminal alone.
        message: Why, in words; likewise.

    """

    number: int
    reason_code: str
    source: str
    message: str


@dataclass
class Deidentified:
    """What one run did.

    Attributes:
        out: Where the copies lie.
        files: Name of each DICOM file that was written to what was done to it.
        results: Names of the documents of results that were written.
        refused: Files that were not.
        left_out: Number of tables, pictures and pages of results, which cannot be cleaned.

    """

    out: Path
    files: dict[str, Removed] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    left_out: int = 0


@dataclass
class _Run:
    """What a run knows while it works.

    ``written``: name and digest in the output by source; ``persons``: whose each study is; ``numbers``: of
    the files in each folder of the output, of the results by their folder.
    """

    folder: Path
    pseudonyms: Pseudonyms
    black_out: bool
    done: Deidentified
    written: dict[Path, tuple[str, str]] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    results: dict[Path, int] = field(default_factory=dict)


def deidentify_files(
    path: Path | str,
    out: Path | str,
    *,
    key_file: Path | str | None = None,
    seed: int | None = None,
    black_out: bool = False,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Deidentified:
    """Take identity out of every file below a path, and put the rest at a place, as a whole or not at all.

    DICOM files go to ``<pseudonym>/<shifted date>/<n>.dcm``, documents of results to ``result-<n>/``, with
    the same pseudonyms, UIDs and dates. Every other file is refused; nothing is copied as it is. No name of
    a file or folder is kept.

    Args:
        path: A file, or a folder with images and results.
        out: Where the copies are to lie; those of a former run there are replaced.
        key_file: Where the key is kept; ``None``: it is thrown away, and nobody can tell who is who or add
            examinations later.
        seed: Makes a secret that can be made again, for tests; whoever knows it can tell who is who.
            ``None``: the secret is random, or that of the key file.
        black_out: Black out what lies outside the breast where letters may be burned in, instead of refusing
            the image.
        on_done: Is given how many files are done, and of how many.

    Returns:
        What was written, and what was refused.

    Raises:
        ResultNotWritten: ``out`` holds other files than those of a former run, or cannot be written.
        BadKeyFile: The key file lies in ``out`` or cannot be used.

    """
    path, out = Path(path), Path(out)
    key_file = None if key_file is None else Path(key_file)
    check_result_folder(out, is_deidentified)
    if key_file is not None:
        _check_key_file(key_file, seed, out)
    is_known = key_file is not None and key_file.exists()
    pseudonyms = read_key_file(key_file) if key_file and is_known else Pseudonyms(new_secret(seed))
    # sorted is stable: within images and within documents the order of names stays.
    files = sorted(_files(path, out), key=lambda file: file.name in RESULT_FILES)  # they refer to images
    with result_folder(out, is_deidentified) as folder:
        run = _Run(folder, pseudonyms, black_out, Deidentified(out))
        for number, file in enumerate(files, start=1):
            on_done(number - 1, len(files))
            _clean(run, file, number)
        with writing(out):
            (folder / MANIFEST).write_text(_manifest(run.done), encoding="utf-8")
        if key_file is not None:
            # Inside the block: should the key not be written, no copy is left that nobody could ever add to.
            write_key_file(key_file, pseudonyms)
    on_done(len(files), len(files))
    return run.done


def is_deidentified(folder: Path) -> bool:
    """Tell whether a folder holds what a former run wrote, and nothing else.

    Args:
        folder: Any path.

    Returns:
        False too where it cannot be read.

    """
    return holds_what_it_lists(folder, MANIFEST)


def _check_key_file(key: Path, seed: int | None, out: Path) -> None:
    # By real paths, so that a link does not hide where the key lies.
    if Path(os.path.realpath(key)).is_relative_to(os.path.realpath(out)):
        raise BadKeyFile(f"{key} lies in {out}: whoever gets the images would get the key; keep it elsewhere")
    # Two secrets would give a woman two pseudonyms.
    if seed is not None and key.exists():
        raise BadKeyFile(f"{key} has a secret already; leave --seed out, or give a new --key-file")
    # Now and not after an hour of cleaning.
    check_passphrase()


def _files(path: Path, out: Path, *, named: bool = True) -> Iterator[Path]:
    """Every file below a path by sorted name, without ``out``; ``named``: the user named this one.

    A folder that cannot be read, and a link to one, which may lead in a circle, come themselves: to be
    refused, not skipped.
    """
    if not path.is_dir() or (path.is_symlink() and not named):
        yield path
        return
    try:
        inside = sorted(path.iterdir())
    except OSError:
        yield path
        return
    for entry in inside:
        # The output of a former run may lie in the folder that is cleaned.
        if entry.resolve() != out.resolve():
            yield from _files(entry, out, named=False)


def _clean(run: _Run, path: Path, number: int) -> None:
    """Clean one file; what cannot be cleaned is refused and never copied."""
    try:
        if path.name in RESULT_FILES:
            _clean_result(run, path)
        else:
            _clean_dicom(run, path, _read(path))
    except (CalcwatchError, OSError) as problem:
        # Only beside a document that says what they are; a PDF elsewhere is refused by name.
        is_left_out = any(
            place.name in names and (place.parent / beside).is_file()
            for beside, names in _LEFT_OUT.items()
            for place in (path, path.parent)
        )
        if is_left_out:
            run.done.left_out += 1
            return
        code, message = "unreadable", str(problem)
        if isinstance(problem, CalcwatchError):
            code = _REASON_CODES.get(type(problem), code)
        else:
            message = f"cannot be read: {problem.strerror}"
        run.done.refused.append(RefusedFile(number, code, source_of(path), message))


def _read(path: Path) -> bytes:
    if path.is_dir() and path.is_symlink():
        raise UnreadableImage("this is a link to a folder; give that folder itself")
    if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe could wait for ever
        raise UnreadableImage("this is no regular file; leave it out")
    if path.stat().st_size > _LARGEST:
        raise UnreadableImage(f"the file is larger than {_LARGEST} bytes; export it compressed")
    content = path.read_bytes()
    if not looks_like_dicom(content[:132]):
        raise UnsupportedImage(
            "this is no DICOM file, so nobody can say what in it names the patient; export it as DICOM, or "
            "leave it out"
        )
    return content


def _clean_dicom(run: _Run, path: Path, content: bytes) -> None:
    dataset = read_whole(content)
    person = person_of(dataset)
    identity = run.pseudonyms.identity_of(person)
    # Before anything is cleaned: an image with letters in it is not half safe.
    letters = needs_black_out(dataset)
    if letters and not run.black_out:
        raise UnsupportedImage(
            f"letters may be burned into this image ({letters}); give --black-out to black out what lies "
            "outside the breast, and look at the result"
        )
    cleaned, removed = deidentify(
        dataset, identity, keep=do_apart(_breast_pixels, path, limits=READING) if letters else None
    )
    # File names tell no more than the file: pseudonym, shifted date and a number.
    day = shifted_day(word(dataset, "StudyDate"), identity.pseudonym.shift_days) or "undated"
    place = f"{identity.pseudonym.patient_id}/{day}"
    run.numbers[place] += 1
    name = f"{place}/{run.numbers[place]}.dcm"
    with writing(run.done.out):
        (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / name).write_bytes(cleaned)
    run.done.files[name] = removed
    run.written[path.resolve()] = (name, hashlib.sha256(cleaned).hexdigest())
    # Results that know only the study still get the woman's pseudonym.
    run.persons[word(dataset, "StudyInstanceUID")] = person


def _breast_pixels(path: Path) -> NDArray[np.bool_]:
    """Pixels of an image file that show the breast and a margin round it; rows x columns."""
    mammogram = open_image(path)
    image = normalize(mammogram)
    breast = find_breast(image)
    if breast.area_px == 0:
        raise UnsuitableImage("no breast was found, so nobody can say what may stay; leave this image out")
    # From crop pixels back to file pixels: turned first, then put in its place.
    mask = breast.mask[:, ::-1] if image.frame.mirrored else breast.mask
    whole = np.zeros(mammogram.gray.shape, np.uint8)
    frame = image.frame
    whole[frame.top : frame.top + frame.rows, frame.left : frame.left + frame.columns] = mask
    radius = round(image.px(_MARGIN_MM))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    kept: NDArray[np.bool_] = cv2.dilate(whole, disk).astype(bool)
    return kept


def _clean_result(run: _Run, path: Path) -> None:
    pseudonyms, findings = run.pseudonyms, path.parent / FINDINGS

    def new_source(source: str) -> tuple[str, str | None]:
        """Name and digest of an image in the output; a file that is not there gets a word for its name."""
        written = run.written.get(find_source(findings, source).resolve())
        return written or (f"not-here/{pseudonyms.stand_in('source', source)}", None)

    try:
        text = deidentify_document(
            path,
            persons_in(findings),
            lambda patient, study: pseudonyms.identity_of(
                patient or run.persons.get(study) or f"study {study}"
            ),
            pseudonyms.map_uid,
            new_source,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableImage(
            f"this is no result of calcwatch that can be read ({type(error).__name__}); leave it out"
        ) from error
    number = run.results.setdefault(path.parent, len(run.results) + 1)
    name = f"result-{number}/{path.name}"
    with writing(run.done.out):
        (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / name).write_text(text, encoding="utf-8")
    run.done.results.append(name)


def _manifest(done: Deidentified) -> str:
    document = {
        "package": "calcwatch",
        "profile": "PS3.15 Annex E, Basic Application Level Confidentiality Profile",
        "options": [
            "Retain Patient Characteristics",
            "Retain Longitudinal Temporal Information with Modified Dates",
            *(["Clean Pixel Data"] if any(removed.blacked_out for removed in done.files.values()) else []),
        ],
        "files": [
            {
                "name": name,
                "removed": dict(sorted(removed.removed.items())),
                "replaced": dict(sorted(removed.replaced.items())),
                "shifted": dict(sorted(removed.shifted.items())),
                "mapped": dict(sorted(removed.mapped.items())),
                "private_removed": removed.private,
                "blacked_out": removed.blacked_out,
            }
            for name, removed in done.files.items()
        ],
        "results": done.results,
        "left_out": done.left_out,
        # By number: file names may name the patient.
        "refused": [{"number": file.number, "reason_code": file.reason_code} for file in done.refused],
    }
    return json.dumps(document, indent=2) + "\n"
