"""A folder of images and results -> the same without anybody's identity, and a report of what was done."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
    Identity,
    Removed,
    deidentify,
    needs_black_out,
    person_of,
    read_whole,
)
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import looks_like_dicom
from calcwatch.service.black_out import breast_pixels
from calcwatch.service.deidentify_result import (
    RESULT_FILES,
    deidentify_document,
    persons_in,
    shifted_day,
)
from calcwatch.service.files.key_file import check_passphrase, read_key_file, write_key_file
from calcwatch.service.files.open_image import source_of
from calcwatch.service.files.pseudonyms import Pseudonyms, new_secret
from calcwatch.service.files.result_folder import check_result_folder, result_folder, writing
from calcwatch.service.files.result_sources import find_source

MANIFEST = "deidentification.json"
"""Lists what was written and what was removed from it, by keyword and never by value."""

_LEFT_OUT = {
    "findings.json": {"overlays", "report.html", "examinations.csv", "groups.csv", "calcifications.csv"},
    "export.json": {"export.json", "fhir.json", "report.pdf"},
}
"""Beside these, files that may name the patient anywhere; an analysis of the cleaned images makes them."""

_LARGEST = 2**31


@dataclass(frozen=True)
class DeidentifyOptions:
    """How identity is taken away.

    ``key_file``: where the key is kept, ``None``: it is thrown away, and nobody can tell who is who or add
    examinations later. ``seed``: a secret that can be made again, for tests; whoever knows it can tell who
    is who. ``black_out``: black out what lies outside the breast where letters may be burned in, instead of
    refusing the image.
    """

    key_file: Path | None = None
    seed: int | None = None
    black_out: bool = False


@dataclass(frozen=True)
class CleanedFile:
    """One file that was written: its name in the output and what was done to it."""

    name: str
    told: Removed


@dataclass(frozen=True)
class RefusedFile:
    """One file that was not: ``number`` counts the files as they were found, 1 first.

    ``source`` and ``message`` may name the patient, as file names do: they are for the terminal alone.
    """

    number: int
    reason_code: str
    source: str
    message: str


@dataclass
class Deidentified:
    """What one run did."""

    out: Path
    files: list[CleanedFile] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    left_out: int = 0


@dataclass
class _Run:
    """What a run knows while it works: where each source went, and whose each study is."""

    options: DeidentifyOptions
    pseudonyms: Pseudonyms
    folder: Path
    done: Deidentified
    written: dict[Path, tuple[str, str]] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    results: dict[Path, int] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)


def deidentify_files(
    path: Path,
    out: Path,
    *,
    options: DeidentifyOptions | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> Deidentified:
    """Take identity out of every file below a path, and put the rest at ``out``, as a whole or not at all.

    DICOM files go to ``<pseudonym>/<shifted date>/<n>.dcm``, documents of results to ``result-<n>/``, with
    the same pseudonyms, UIDs and dates. Every other file is refused; nothing is copied as it is. No name of
    a file or folder is kept. ``on_done`` is told how many files are done, of how many.

    Raises ``ResultNotWritten`` where ``out`` holds other files than those of a former run, ``BadKeyFile``
    where the key file lies in ``out`` or cannot be used.
    """
    options = options or DeidentifyOptions()
    check_result_folder(out, is_deidentified)
    _check_key_file(options, out)
    pseudonyms = _pseudonyms(options)
    files = list(_files(path, out))
    with result_folder(out, is_deidentified) as folder:
        run = _Run(options, pseudonyms, folder, Deidentified(out))
        results = [one for one in files if one.name in RESULT_FILES]
        others = [one for one in files if one.name not in RESULT_FILES]
        for number, one in enumerate([*others, *results], start=1):
            on_done(number - 1, len(files))
            _one(run, one, number, is_result=one.name in RESULT_FILES)
        with writing(out):
            (folder / MANIFEST).write_text(_manifest(run), encoding="utf-8")
        if options.key_file is not None:
            write_key_file(options.key_file, pseudonyms)
    on_done(len(files), len(files))
    return run.done


def _check_key_file(options: DeidentifyOptions, out: Path) -> None:
    key = options.key_file
    if key is None:
        return
    if Path(os.path.realpath(key)).is_relative_to(os.path.realpath(out)):
        raise BadKeyFile(f"{key} lies in {out}: whoever gets the images would get the key; keep it elsewhere")
    if options.seed is not None and key.exists():
        raise BadKeyFile(f"{key} has a secret already; leave --seed out, or give a new --key-file")
    check_passphrase()


def _pseudonyms(options: DeidentifyOptions) -> Pseudonyms:
    if options.key_file is not None and options.key_file.exists():
        return read_key_file(options.key_file)
    return Pseudonyms(new_secret(options.seed))


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
    for one in inside:
        if one.resolve() != out.resolve():
            yield from _files(one, out, named=False)


def _one(run: _Run, path: Path, number: int, *, is_result: bool) -> None:
    """Clean one file; what cannot be cleaned is refused and never copied."""
    try:
        if is_result:
            _clean_result(run, path)
        else:
            _clean_dicom(run, path, _read(path))
    except (CalcwatchError, OSError) as problem:
        if _is_left_out(path):
            run.done.left_out += 1
            return
        run.done.refused.append(RefusedFile(number, _reason(problem), source_of(path), _words(problem)))


def _is_left_out(path: Path) -> bool:
    return any(
        place.name in names and (place.parent / beside).is_file()
        for beside, names in _LEFT_OUT.items()
        for place in (path, path.parent)
    )


def _reason(problem: Exception) -> str:
    named: dict[type[Exception], str] = {
        UnsupportedImage: "unsupported",
        UnsuitableImage: "no_breast_found",
        UnreadableImage: "unreadable",
    }
    return named.get(type(problem), "unreadable")


def _words(problem: CalcwatchError | OSError) -> str:
    return str(problem) if isinstance(problem, CalcwatchError) else f"cannot be read: {problem.strerror}"


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
    keep = _pixels_to_keep(run, path, needs_black_out(dataset))
    cleaned, told = deidentify(dataset, identity, keep=keep)
    name = _new_name(run, identity, word(dataset, "StudyDate"))
    with writing(run.done.out):
        (run.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (run.folder / name).write_bytes(cleaned)
    run.done.files.append(CleanedFile(name, told))
    run.written[path.resolve()] = (name, hashlib.sha256(cleaned).hexdigest())
    run.persons[word(dataset, "StudyInstanceUID")] = person


def _new_name(run: _Run, identity: Identity, study_date: str) -> str:
    who = identity.pseudonym
    day = shifted_day(study_date, who.shift_days) or "undated"
    place = f"{who.patient_id}/{day}"
    run.numbers[place] += 1
    return f"{place}/{run.numbers[place]}.dcm"


def _pixels_to_keep(run: _Run, path: Path, why: str) -> NDArray[np.bool_] | None:
    """Pixels of the breast where letters may be burned in, ``None`` where nothing says so.

    Raises ``UnsupportedImage`` where they may and black-out was not asked for, ``UnsuitableImage`` where no
    breast is found to keep.
    """
    if not why:
        return None
    if not run.options.black_out:
        raise UnsupportedImage(
            f"letters may be burned into this image ({why}); give --black-out to black out what lies "
            "outside the breast, and look at the result"
        )
    return breast_pixels(path)


def _clean_result(run: _Run, path: Path) -> None:
    try:
        text = deidentify_document(
            path,
            persons_in(path.parent / "findings.json"),
            lambda patient, study: run.pseudonyms.identity_of(
                patient or run.persons.get(study) or f"study {study}"
            ),
            lambda source: _new_source(run, path, source),
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


def _new_source(run: _Run, result: Path, source: str) -> tuple[str, str | None]:
    """Name and digest of an image in the output; a file that is not there gets a word for its name."""
    found = run.written.get(find_source(result.parent / "findings.json", source).resolve())
    return found or (f"not-here/{run.pseudonyms.lookalike_kind('source', source)}", None)


def _manifest(run: _Run) -> str:
    document = {
        "package": "calcwatch",
        "profile": "PS3.15 Annex E, Basic Application Level Confidentiality Profile",
        "options": [
            "Retain Patient Characteristics",
            "Retain Longitudinal Temporal Information with Modified Dates",
            *(["Clean Pixel Data"] if any(one.told.blacked_out for one in run.done.files) else []),
        ],
        "files": [{"name": one.name, **_told(one.told)} for one in run.done.files],
        "results": run.done.results,
        "left_out": run.done.left_out,
        "refused": [{"number": one.number, "reason_code": one.reason_code} for one in run.done.refused],
    }
    return json.dumps(document, indent=2) + "\n"


def _told(told: Removed) -> dict[str, object]:
    counts = (told.removed, told.replaced, told.shifted, told.mapped)
    names = ("removed", "replaced", "shifted", "mapped")
    return {
        **{name: dict(sorted(count.items())) for name, count in zip(names, counts, strict=True)},
        "private_removed": told.private,
        "blacked_out": told.blacked_out,
    }


def is_deidentified(folder: Path) -> bool:
    """Tell whether a folder holds what a former run wrote, and nothing else."""
    try:
        document = json.loads((folder / MANIFEST).read_bytes())
        listed = {MANIFEST, *document["results"], *(one["name"] for one in document["files"])}
        held = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if not one.is_dir()}
        return document["package"] == "calcwatch" and held <= listed
    except (OSError, ValueError, KeyError, TypeError):
        return False
