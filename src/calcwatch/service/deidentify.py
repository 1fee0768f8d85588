"""A folder of images and results -> the same without anybody's identity, and a report of what was done."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.errors import (
    BadKeyFile,
    CalcwatchError,
    ResultNotWritten,
    UnreadableImage,
    UnsuitableImage,
    UnsupportedImage,
)
from calcwatch.formats.dicom.deidentify.deidentify import (
    Identity,
    Removed,
    deidentify,
    names_of,
    names_of_ids,
    needs_black_out,
    read_whole,
)
from calcwatch.formats.dicom.deidentify.pixels import check_same_picture, read_as_analyzed
from calcwatch.formats.dicom.deidentify.values import moved_day
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import looks_like_dicom, parse_dicom
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.service.deidentify_result import (
    RESULT_FILES,
    deidentify_document,
    persons_in,
)
from calcwatch.service.deidentify_women import Women, find_women, patient_ids
from calcwatch.service.files.find_images import read_head
from calcwatch.service.files.key_file import (
    Pseudonyms,
    check_passphrase,
    locked_key,
    new_secret,
    read_key_file,
    write_key_file,
)
from calcwatch.service.files.open_image import open_image, source_of
from calcwatch.service.files.result_folder import (
    FINDINGS,
    LISTED,
    RESULT_NAMES,
    belongs_to_result,
    check_result_folder,
    holds_what_it_lists,
    result_folder,
    source_places,
    writing,
)
from calcwatch.service.files.side_file import read_json_file
from calcwatch.service.workers import READING, each_apart

MANIFEST = "deidentification.json"
"""Lists what was written and what was removed from it, by keyword and never by value."""

_LEFT_OUT = {
    FINDINGS: RESULT_NAMES - {FINDINGS},
    "export.json": {"export.json", "fhir.json", "report.pdf", LISTED},
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
        notes: What has to be known about the copies; may name a file, and is for the terminal alone.
        kept: Number of files of former runs that stay in ``out``.

    """

    out: Path
    files: dict[str, Removed] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    left_out: int = 0
    notes: list[str] = field(default_factory=list)
    kept: int = 0


@dataclass(frozen=True)
class CleanedCopy:
    """The copy of one DICOM file without identity.

    Attributes:
        content: Its bytes.
        place: Name of the folder it belongs in, below that of all copies: pseudonym and shifted date.
        removed: What was done to it.

    """

    content: bytes
    place: str
    removed: Removed


@dataclass
class _Run:
    """What a run knows while it works.

    ``written``: name and digest in the output by source; ``women``: all names of each woman; ``digests``: of
    each source, as it was when the women were told apart; ``held``: names in the output by digest, those of
    former runs too; ``numbers``: of the files in each folder of the output; ``results``: folder in the output
    of each result; ``former``: what former runs told of their files.
    """

    folder: Path
    pseudonyms: Pseudonyms
    done: Deidentified
    women: Women
    digests: dict[str, str]
    written: dict[str, tuple[str, str]] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    results: dict[Path, str] = field(default_factory=dict)
    former: dict[str, dict[str, Any]] = field(default_factory=dict)

    def identity_of(self, names: Collection[str]) -> Identity:
        """Who the person is that any of these names is of."""
        known = next((self.women[name] for name in names if name in self.women), tuple(names))
        return self.pseudonyms.identity_of(*known)


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
        out: Where the copies are to lie; those of a former run there stay, and what is there already is not
            written twice.
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
    with locked_key(key_file) if key_file else nullcontext():
        is_known = key_file is not None and key_file.exists()
        pseudonyms = read_key_file(key_file) if key_file and is_known else Pseudonyms(new_secret(seed))
        # sorted is stable: within images and within documents the order of names stays.
        files = sorted(_files(path, out), key=lambda file: file.name in RESULT_FILES)  # they refer to images
        done = Deidentified(out)
        digests: dict[str, str] = {}
        named = {file: list(_named_in(file, digests)) for file in files}
        women = _women_of(named, pseudonyms, done)
        with result_folder(out, is_deidentified) as folder:
            run = _Run(folder, pseudonyms, done, women, digests)
            with writing(out):
                _carry_over(run)
            tasks = [
                (
                    file,
                    next((run.identity_of(names) for names in named[file]), None),
                    digests.get(os.path.realpath(file), ""),
                )
                for file in files
                if file.name not in RESULT_FILES
            ]
            copied = partial(_copied, black_out)
            with closing(each_apart(copied, tasks, limits=READING)) as copies:
                for number, file in enumerate(files, start=1):
                    on_done(number - 1, len(files))
                    _clean(run, file, number, copies)
            with writing(out):
                (folder / MANIFEST).write_text(_manifest(run), encoding="utf-8")
            if key_file is not None:
                # Inside the block: should the key not be written, no copy is left that nobody could add to.
                write_key_file(key_file, pseudonyms)
    on_done(len(files), len(files))
    return done


def is_deidentified(folder: Path) -> bool:
    """Tell whether a folder holds what a former run wrote, and nothing else.

    Args:
        folder: Any path.

    Returns:
        False too where it cannot be read.

    """
    return holds_what_it_lists(folder, MANIFEST)


def _women_of(named: dict[Path, list[Collection[str]]], pseudonyms: Pseudonyms, done: Deidentified) -> Women:
    """Who the women of these files are, all files looked at before any is cleaned."""
    women = find_women(names for names_in_file in named.values() for names in names_in_file)
    told: set[tuple[str, ...]] = set()
    for file, names_in_file in named.items():
        for names in {women[name] for found in names_in_file for name in found} - told:
            told.add(names)
            known = {pseudonyms.patients[name] for name in names if name in pseudonyms.patients}
            if len(patient_ids(names)) > 1:
                done.notes.append(
                    f"{source_of(file)}: {len(patient_ids(names))} Patient IDs share a study: they are taken "
                    "for one woman's; if they are not, correct the study or the Patient ID and start again"
                )
            if len(known) > 1:
                done.notes.append(
                    f"{source_of(file)}: the key file knows this woman under {len(known)} pseudonyms: from "
                    "now on she has one of them; clean her earlier examinations again"
                )
    return women


def _named_in(file: Path, digests: dict[str, str]) -> Iterator[Collection[str]]:
    """What names the persons of a file; nothing where it cannot be read, which is told when it is cleaned.

    Its digest is noted: what is cleaned must be what was looked at here.
    """
    try:
        if file.name in RESULT_FILES:
            if file.name == FINDINGS:
                yield from (names for person in persons_in(file) if (names := names_of_ids(*person)))
            return
        content = _read(file)
        # A file that names nobody is a person of her own.
        digests[os.path.realpath(file)] = digest = hashlib.sha256(content).hexdigest()
        # Warnings of the library quote the patient.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            named = names_of(parse_dicom(content).dataset)
        yield named or {f"file {digest}"}
    except (CalcwatchError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return


def _carry_over(run: _Run) -> None:
    """Take what former runs wrote into the new output: a later visit is added and replaces nothing."""
    out = run.done.out
    if not (out / MANIFEST).is_file():
        return
    told = json.loads((out / MANIFEST).read_bytes())
    run.former = {file["name"]: file for file in told["files"] if (out / file["name"]).is_file()}
    listed = {*run.former, *told.get("results", ())}
    # What lies there and is listed: a name of the list alone could lead anywhere.
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if name not in listed or path.is_symlink() or not path.is_file():
            continue
        place = run.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            # No copy of gigabytes: the former folder is going to be removed.
            os.link(path, place)
        except OSError:
            shutil.copy2(path, place)
        with path.open("rb") as file:
            run.held[hashlib.file_digest(file, "sha256").hexdigest()] = name
        run.done.kept += 1
    if run.done.kept and told.get("pseudonyms") != _mark_of(run.pseudonyms):
        run.done.notes.append(
            f"{out} holds copies of a former run under other pseudonyms: the same woman may be there twice, "
            "and no interval leads from one to the other; use one --key-file for all of them"
        )


def _mark_of(pseudonyms: Pseudonyms) -> str:
    """Tells whether two runs had the same secret, and nothing of it."""
    return pseudonyms.stand_in("run", "")


def _put(run: _Run, name: Callable[[int], str], content: bytes) -> tuple[str, str]:
    """Write a file under the first name that is free; name and digest. What is there already stays alone."""
    digest = hashlib.sha256(content).hexdigest()
    there = run.held.get(digest)
    if there is not None:
        return there, digest
    place = PurePosixPath(name(0)).parent.as_posix()
    while True:
        run.numbers[place] += 1
        free = name(run.numbers[place])
        if not (run.folder / free).exists():
            break
    with writing(run.done.out):
        (run.folder / free).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / free).write_bytes(content)
    run.held[digest] = free
    return free, digest


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
        # The output of a former run, and what a killed one left, may lie in the folder that is cleaned.
        if not belongs_to_result(entry, out):
            yield from _files(entry, out, named=False)


def _clean(run: _Run, path: Path, number: int, copies: Iterator[CleanedCopy | Exception]) -> None:
    """Put the cleaned copy of one file at its place; what cannot be cleaned is refused and never copied."""
    try:
        if path.name in RESULT_FILES:
            _clean_result(run, path)
        else:
            _put_copy(run, path, next(copies))
    # The place for the copies is full or gone: that is no fault of this file, and ends the run.
    except ResultNotWritten:
        raise
    except Exception as problem:  # whatever one file does, the others are cleaned
        # Only beside a document that says what they are; a PDF elsewhere, and an image anywhere, is refused.
        is_left_out = not _starts_like_dicom(path) and any(
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
        elif isinstance(problem, OSError):
            message = f"cannot be read: {problem.strerror or 'the system does not say why'}; copy it again"
        else:
            code = "program_error"
            message = "an error in calcwatch; please report it, with a file that holds no patient data"
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


def _starts_like_dicom(path: Path) -> bool:
    try:
        return looks_like_dicom(read_head(path))
    except OSError:
        return False


def _copied(black_out: bool, task: tuple[Path, Identity | None, str]) -> CleanedCopy:
    path, identity, digest = task
    return clean_file(path, identity, black_out=black_out, digest=digest)


def clean_file(path: Path, identity: Identity | None, *, black_out: bool, digest: str = "") -> CleanedCopy:
    """Copy a DICOM file without identity; all that decodes its pixels, for a process apart.

    Args:
        path: The file.
        identity: What takes the place of hers; ``None``: the file could not be read when women were told
            apart.
        black_out: Black out what lies outside the breast where letters may be burned in.
        digest: SHA-256 of the file that the identity was looked up for; ``""``: not held against it.

    Returns:
        The copy.

    Raises:
        CalcwatchError: The file cannot be cleaned; the message says why and what to do, without its name.

    """
    content = _read(path)
    dataset = read_whole(content)
    # Else one woman's image could be put under another's name.
    if identity is None or (digest and hashlib.sha256(content).hexdigest() != digest):
        raise UnreadableImage("the file has changed while it was read; start again")
    # Before anything is cleaned: an image with letters in it is not half safe.
    letters = needs_black_out(dataset)
    if letters and not black_out:
        raise UnsupportedImage(
            f"letters may be burned into this image ({letters}); give --black-out to black out what lies "
            "outside the breast, and look at the result"
        )
    keep = _breast_pixels(path) if letters else None
    read = read_as_analyzed(content)
    cleaned, removed = deidentify(dataset, identity, keep=keep, is_sound=read is not None)
    removed.lost_flags = check_same_picture(content, cleaned, read=read, keep=keep)
    # File names tell no more than the file: pseudonym, shifted date and a number.
    pseudonym = identity.pseudonym
    day = moved_day(word(dataset, "StudyDate"), pseudonym.shift_days) or "undated"
    return CleanedCopy(cleaned, f"{pseudonym.patient_id}/{day}", removed)


def _put_copy(run: _Run, path: Path, copy: CleanedCopy | Exception) -> None:
    if isinstance(copy, Exception):
        raise copy
    name, digest = _put(run, lambda number: f"{copy.place}/{number}.dcm", copy.content)
    if name in run.done.files:
        run.done.notes.append(f"{source_of(path)}: the same object as another file; it was written once")
    run.done.files[name] = copy.removed
    run.written[os.path.realpath(path)] = (name, digest)
    _note_losses(run, path, copy.removed)


def _note_losses(run: _Run, path: Path, removed: Removed) -> None:
    if removed.lost_pixels:
        run.done.notes.append(
            f"{source_of(path)}: its copy may lack a picture ({removed.lost_pixels}); export the image "
            "itself where it was made, and clean that"
        )
    if removed.lost_flags:
        run.done.notes.append(
            f"{source_of(path)}: flagged {', '.join(removed.lost_flags)}, and its copy is not, since what "
            "raised that did not stay"
        )
    if removed.lost_dates:
        where = ", ".join(sorted(set(removed.lost_dates)))
        run.done.notes.append(
            f"{source_of(path)}: no date that can be read stands in {where}: it was removed, and no interval "
            "is known from it; correct it to YYYYMMDD"
        )


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
    analyzed = _digests_in(findings)

    def new_source(source: str) -> tuple[str, str | None]:
        """Name and digest of an image in the output; a file that is not there gets a word for its name."""
        places = [os.path.realpath(place) for place in source_places(findings, source)]
        # A file of that name at another place may be another woman's.
        same = [place for place in places if analyzed.get(source) in (None, run.digests.get(place))]
        written = next((run.written[place] for place in same if place in run.written), None)
        return written or (f"not-here/{pseudonyms.stand_in('source', source)}", None)

    try:
        text = deidentify_document(
            path,
            persons_in(findings),
            lambda patient, study: run.identity_of(names_of_ids(patient, study) or (f"result {path}",)),
            pseudonyms.map_uid,
            new_source,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableImage(
            "this is no result of calcwatch that can be read; leave it out, or analyze the images again"
        ) from error
    content = text.encode()
    there = run.held.get(hashlib.sha256(content).hexdigest())
    # Documents of one result stay together; what a former run wrote of it stays as it is.
    folder = run.results.get(path.parent)
    if there is None and (folder is None or (run.folder / folder / path.name).exists()):
        folder = _free_result(run)
    name = there or f"{folder}/{path.name}"
    run.results[path.parent] = PurePosixPath(name).parent.as_posix()
    if there is None:
        with writing(run.done.out):
            (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (run.folder / name).write_bytes(content)
    run.done.results.append(name)


def _digests_in(findings: Path) -> dict[str, str | None]:
    """Digest of each image that a result was made from; empty where it tells none that can be read."""
    try:
        inputs = read_json_file(findings)["provenance"]["inputs"]
        return {file["source"]: file["sha256"] for file in inputs}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _free_result(run: _Run) -> str:
    number = 1
    while (run.folder / f"result-{number}").exists():
        number += 1
    return f"result-{number}"


def _manifest(run: _Run) -> str:
    done = run.done
    files = run.former | {name: _told(name, removed) for name, removed in done.files.items()}
    former = {path.relative_to(run.folder).as_posix() for path in run.folder.glob("result-*/*.json")}
    document = {
        "package": "calcwatch",
        "profile": "PS3.15 Annex E, Basic Application Level Confidentiality Profile",
        "options": [
            "Retain Patient Characteristics",
            "Retain Longitudinal Temporal Information with Modified Dates",
            *(["Clean Pixel Data"] if any(file.get("blacked_out") for file in files.values()) else []),
        ],
        "pseudonyms": _mark_of(run.pseudonyms),
        "files": list(files.values()),
        "results": [*done.results, *sorted(former - set(done.results))],
        "left_out": done.left_out,
        # By number: file names may name the patient.
        "refused": [{"number": file.number, "reason_code": file.reason_code} for file in done.refused],
    }
    return json.dumps(document, indent=2) + "\n"


def _told(name: str, removed: Removed) -> dict[str, Any]:
    """What the manifest says of one file: by keyword and how often, never a value."""
    return {
        "name": name,
        "removed": dict(sorted(removed.removed.items())),
        "replaced": dict(sorted(removed.replaced.items())),
        "shifted": dict(sorted(removed.shifted.items())),
        "mapped": dict(sorted(removed.mapped.items())),
        "private_removed": removed.private,
        "blacked_out": removed.blacked_out,
        "decoded": removed.decoded,
        "lost_pixels": bool(removed.lost_pixels),
        "lost_dates": sorted(set(removed.lost_dates)),
        "lost_flags": list(removed.lost_flags),
    }
