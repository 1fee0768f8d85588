"""A result is there as a whole or not at all: it is written beside its place and moved there at the end.

Also what lies in a result, by name, and where the files that it speaks of lie now.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from calcwatch.domain.errors import ResultNotWritten, UnreadableImage
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_json_file

if sys.platform != "win32":
    import fcntl

FINDINGS = "findings.json"
"""What was found, of every result."""

COMPARISON = "comparison.json"
"""What became of every group between two examinations."""

HISTORY = "history.json"
"""What became of every group in a series of examinations."""

REPORT = "report.html"
"""The page for people."""

OVERLAYS = "overlays"
"""Folder of the pictures with marks."""

RESULT_NAMES = frozenset({FINDINGS, "examinations.csv", "groups.csv", "calcifications.csv", REPORT, OVERLAYS})
"""Everything that the result of an analysis holds."""

COMPARISON_NAMES = frozenset({COMPARISON, HISTORY})
"""What the result of a comparison, and that of a series, holds beside it."""

IsFormer = Callable[[Path], bool]
"""Tells whether a folder holds a former result of the same kind, and nothing else."""


def overlay_name(place: int, source: str) -> str:
    """Name the overlay of an image.

    Args:
        place: Of the file in the run, 0 first.
        source: The file as it was given.

    Returns:
        A file name: the place, 1 first, and a safe form of the file's name.

    """
    # Source names may hold slashes, colons or control characters; the number keeps names apart.
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(source).stem).strip("-")[:60]
    return f"{place + 1:04d}-{stem or 'image'}.png"


def findings_file(result: Path) -> Path:
    """Name the ``findings.json`` of a result.

    Args:
        result: The folder of the result, or the file itself.

    Returns:
        The file, whether it is there or not.

    """
    return result / FINDINGS if result.is_dir() else result


def is_result(folder: Path) -> bool:
    """Tell whether a folder holds a result of calcwatch and nothing else.

    Args:
        folder: Any path.

    Returns:
        False too where it cannot be read.

    """
    try:
        # Any foreign file forbids it: the whole folder is going to be replaced.
        if not {entry.name for entry in folder.iterdir()} <= RESULT_NAMES | COMPARISON_NAMES:
            return False
        findings = read_json_file(folder / FINDINGS, MAX_RESULT_BYTES)
        return bool(findings["provenance"]["package"] == "calcwatch")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def holds_what_it_lists(folder: Path, manifest: str) -> bool:
    """Tell whether a folder holds what its manifest lists, and nothing else.

    Args:
        folder: Any path.
        manifest: Name of a JSON file in it, which lists ``files`` by their ``name``, and may list names of
            ``results``.

    Returns:
        False too where there is no manifest of calcwatch that can be read.

    """
    try:
        document = read_json_file(folder / manifest)
        names = {file["name"] for file in document["files"]}
        held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
        is_ours = document["package"] == "calcwatch"
        # At most what is listed: something may have been deleted, but nothing of the user's may be lost.
        return is_ours and held <= {manifest, *names, *document.get("results", ())}
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn an error of the system, such as a full disk, into one that names the remedy.

    Args:
        out: Where the result is to be, for the message.

    Yields:
        Nothing; the block writes.

    Raises:
        ResultNotWritten: The block raised ``OSError``.

    """
    try:
        yield
    except OSError as problem:
        raise ResultNotWritten(
            f"cannot write to {out}: {problem.strerror or problem}; give another --out, or make room there"
        ) from problem


def check_result_folder(out: Path, is_former: IsFormer = is_result) -> None:
    """Check that a place for a result is free, an empty folder, or holds a former result alone.

    Args:
        out: The place.
        is_former: What a former result is.

    Raises:
        ResultNotWritten: It holds anything else; the message names the remedy.

    """
    with writing(out):
        if not out.exists():
            return
        if not out.is_dir():
            raise ResultNotWritten(f"{out} is a file; give a folder with --out")
        is_empty = not any(out.iterdir())
    if not is_empty and not is_former(out):
        raise ResultNotWritten(
            f"{out} holds other files, which calcwatch will not overwrite; give a new or empty folder"
        )


def belongs_to_result(path: Path, place: Path) -> bool:
    """Tell whether a file lies in a former result or in what a run left beside it.

    Args:
        path: The file.
        place: Where the result lies, or is to lie.

    Returns:
        True where it does; links are followed.

    """
    out = Path(os.path.realpath(place))
    within = Path(os.path.realpath(path))
    # By real paths: a link into the result would otherwise be analyzed.
    if not within.is_relative_to(out.parent):
        return False
    first = within.relative_to(out.parent).parts[:1]
    marks = tuple(_mark(out, kind) for kind in ("partial", "former"))
    return any(name == out.name or name.startswith(marks) for name in first)


@contextmanager
def result_folder(place: Path, is_former: IsFormer = is_result) -> Iterator[Path]:
    """Give an empty folder beside a place that becomes that place when the block ends well.

    A former result stays as it is until then. When the block raises, nothing is left behind; after a kill
    only a hidden folder is, which the next run clears away.

    Args:
        place: Where the result is to lie.
        is_former: What a former result is, which may be replaced.

    Yields:
        The folder to write into.

    Raises:
        ResultNotWritten: The place holds other files or cannot be written.

    """
    out = Path(os.path.realpath(place))
    # Beside its place, since a rename is atomic only within a file system; hidden, and told apart by process.
    partial = out.with_name(f"{_mark(out, 'partial')}{os.getpid()}")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(out)
        check_result_folder(out, is_former)
        partial.mkdir()
    # A lock and not the process number tells whether the owner lives: numbers are used again.
    held = _lock(partial)
    try:
        yield partial
        check_result_folder(out, is_former)
        # Checked once more just before: somebody may have put files there while the run went on.
        _put_in_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        # Without a lock there is nothing to close.
        with suppress(OSError, TypeError):
            os.close(held)  # type: ignore[arg-type]


def _mark(out: Path, kind: str) -> str:
    return f".{out.name}.calcwatch-{kind}-"


def _lock(folder: Path) -> int | None:
    """Hold a folder as ours for as long as this process lives; ``None`` when another process holds it."""
    if sys.platform == "win32":
        return None
    held = os.open(folder, os.O_RDONLY)
    try:
        # The system gives the lock up when the process dies, however it dies.
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held


def _clear_leftovers(out: Path) -> None:
    """Remove what a killed run left beside its place, and put a former result back that it had moved."""
    beside = sorted(out.parent.iterdir())
    for former in (entry for entry in beside if entry.name.startswith(_mark(out, "former"))):
        if not out.exists():
            former.rename(out)
        else:
            shutil.rmtree(former, ignore_errors=True)
    for partial in (entry for entry in beside if entry.name.startswith(_mark(out, "partial"))):
        held = _lock(partial)
        if held is not None:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(held)


def _put_in_place(partial: Path, out: Path) -> None:
    """Move a finished result to its place; where that fails, a former one is there again."""
    former = out.with_name(f"{_mark(out, 'former')}{os.getpid()}")
    try:
        if not out.exists():
            partial.rename(out)
            return
        # Two renames: a folder cannot be overwritten at once; a crash between leaves the former to put back.
        out.rename(former)
        try:
            partial.rename(out)
        except OSError:
            former.rename(out)
            raise
    except OSError as problem:
        raise ResultNotWritten(
            f"cannot put the result at {out}: {problem.strerror}; give a folder inside it with --out"
        ) from problem
    shutil.rmtree(former, ignore_errors=True)


def find_source(result: Path, source: str) -> Path:
    """Find a file that a result speaks of.

    Args:
        result: The ``findings.json`` of the result.
        source: The file as it was given when it was analyzed.

    Returns:
        Where it lies now: as given, or relative to the result or to the folder above; as given where it is
        in none of these.

    """
    # As named, beside the result, or beside the result's folder: results are moved with their images.
    places = (Path(source), result.parent / source, result.parent.parent / source)
    return next((place for place in places if place.is_file()), Path(source))


def check_source(path: Path, source: str, digest: str | None, *, needed: str) -> None:
    """Check that a file of a result is still there, and still what it was.

    Args:
        path: Where it should lie.
        source: The file as it was given when it was analyzed, for the message.
        digest: SHA-256 of the file when it was analyzed, ``None`` where it is not known.
        needed: What cannot be done without it, for the message.

    Raises:
        UnreadableImage: It is gone or has changed.

    """
    if not path.is_file():
        raise UnreadableImage(f"{source}: the image of this finding is not there any more, and {needed}")
    try:
        with path.open("rb") as file:
            # A result may hold no digest of a file that could not be read: then the name has to do.
            same = digest is None or hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError as problem:
        raise UnreadableImage(f"{source}: cannot be read: {problem.strerror or problem}") from problem
    if not same:
        raise UnreadableImage(f"{source}: the file has changed since it was analyzed; analyze it anew")
