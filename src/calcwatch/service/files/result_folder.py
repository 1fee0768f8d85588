"""A result is there as a whole or not at all: it is written aside and moved to its place at the end.

A folder that is there already is filled and never replaced: it keeps its permissions and its owner, may be a
mount point, and what calcwatch did not write stays. What calcwatch wrote is told by a list with digests.

Also what lies in a result, by name, and where the files that it speaks of lie now.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from calcwatch.domain.errors import ResultNotWritten, UnreadableImage
from calcwatch.service.files.side_file import MAX_RESULT_BYTES, read_json_file, read_side_file

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

LISTED = "SHA256SUMS"
"""Lists every file that a run wrote into a folder with its digest, as ``sha256sum --check`` reads it."""

RESULT_NAMES = frozenset(
    {FINDINGS, "examinations.csv", "groups.csv", "calcifications.csv", REPORT, OVERLAYS, LISTED}
)
"""Everything that the result of an analysis holds."""

COMPARISON_NAMES = frozenset({COMPARISON, HISTORY})
"""What the result of a comparison, and that of a series, holds beside it."""

_FAILED: ContextVar[list[ResultNotWritten] | None] = ContextVar("failed", default=None)
"""What could not be written, so that whoever takes it for an error of a file does not hide it."""

IsFormer = Callable[[Path], bool]
"""Tells whether a folder holds a former result of the same kind."""

_OF_THE_SYSTEM = frozenset(
    {"lost+found", ".snapshot", ".Trashes", ".Spotlight-V100", "System Volume Information"}
    | {".DS_Store", "Thumbs.db", "desktop.ini"}
)
"""What systems put into folders by themselves: it forbids nothing, and stays."""

_LONGEST_NAME = 150  # bytes: with what is added it stays below the 255 that file systems allow

_PARTIAL, _FORMER, _NEW = "partial", "former", "new"
_LEFTOVER = re.compile(rf"\..*\.calcwatch-(?:{_PARTIAL}|{_FORMER})(?:-.*)?", re.DOTALL)
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


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
    """Tell whether a folder holds a result of calcwatch.

    Args:
        folder: Any path.

    Returns:
        False too where it cannot be read.

    """
    try:
        findings = read_json_file(folder / FINDINGS, MAX_RESULT_BYTES)
        return bool(findings["provenance"]["package"] == "calcwatch")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def holds_more(result: Path) -> bool:
    """Tell whether somebody has put something into a result.

    Args:
        result: Its folder.

    Returns:
        Whether it holds anything but what calcwatch writes there.

    """
    return not {entry.name for entry in result.iterdir()} <= RESULT_NAMES | COMPARISON_NAMES | _OF_THE_SYSTEM


def is_leftover(path: Path) -> bool:
    """Tell whether a path is what an interrupted or a living run of calcwatch keeps aside.

    Args:
        path: Any path.

    Returns:
        Whether its own name says so.

    """
    return _LEFTOVER.fullmatch(path.name) is not None


def holds_what_it_lists(folder: Path, manifest: str) -> bool:
    """Tell whether a folder holds a manifest of calcwatch and was written with it.

    Args:
        folder: Any path.
        manifest: Name of a JSON file in it.

    Returns:
        False too where there is no manifest of calcwatch that can be read. Whether anything else lies there
        tells ``check_result_folder``.

    """
    try:
        return bool(read_json_file(folder / manifest, MAX_RESULT_BYTES)["package"] == "calcwatch")
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
        error = ResultNotWritten(
            f"cannot write to {out}: {problem.strerror or problem}; give another --out, or make room there"
        )
        failed = _FAILED.get()
        if failed is not None:
            failed.append(error)
        raise error from problem


def check_result_folder(out: Path, is_former: IsFormer = is_result) -> None:
    """Check that a place for a result is free, or a folder that is empty or holds a former result.

    Args:
        out: The place.
        is_former: What a former result is.

    Raises:
        ResultNotWritten: It holds anything else, on any level, or a file that was changed since it was
            written; or it cannot be written, or another run is writing there. The message names the file and
            the remedy.

    """
    with writing(out):
        if not out.exists():
            _check_above(out)
            return
        if not out.is_dir():
            raise ResultNotWritten(f"{out} is a file; give a folder with --out")
        real = Path(os.path.realpath(out))
        partial = _aside_place(real)
        if partial.is_dir():
            held = _lock(partial, out)
            _put_back(partial, real)
            _unlock(held)
        _check_place(out, is_former)


def _check_above(out: Path) -> None:
    """Check that a place that is not there yet can be made: else it would be told after the work."""
    above = next((folder for folder in out.absolute().parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise ResultNotWritten(f"{above} is a file; give a folder with --out")
    if above is not None and not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(above))


def _check_place(out: Path, is_former: IsFormer) -> None:
    ours, theirs = _told_apart(out)
    if theirs:
        raise ResultNotWritten(next(iter(theirs.values())))
    if ours and not is_former(out):
        raise ResultNotWritten(
            f"{out} holds other files, those of another command of calcwatch, which this one will not "
            "overwrite; give a new or empty folder"
        )
    folders = sorted({out, *((out / name).parent for name in ours)})
    locked = next((folder for folder in folders if not os.access(folder, os.W_OK | os.X_OK)), None)
    if locked is not None:
        raise ResultNotWritten(f"{locked} may not be written to; give another --out, or permit it")


def _told_apart(out: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Tell what a former run wrote, name to digest, from everything else, name to why it stays."""
    listed = _read_list(out / LISTED)
    ours, theirs = dict[str, str](), dict[str, str]()
    for name in _files_below(out):
        if name == LISTED and listed:
            continue
        if name not in listed:
            theirs[name] = (
                f"{out} holds other files, such as {name!r}, which calcwatch will not overwrite; give a new "
                "or empty folder"
            )
        elif not _is_regular(out / name) or _digest(out / name) != listed[name]:
            theirs[name] = (
                f"{out}: {name!r} was changed since calcwatch wrote it and will not be overwritten; move it "
                "away, or give a new or empty folder"
            )
        else:
            ours[name] = listed[name]
    return ours, theirs


def _files_below(folder: Path) -> Iterator[str]:
    """Names, relative with slashes, of everything that is no folder, at any depth; links are not followed."""
    # A stack, because folders may be nested deeper than Python may call.
    waiting = [folder]
    while waiting:
        for entry in sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name in _OF_THE_SYSTEM or is_leftover(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                yield path.relative_to(folder).as_posix()


def _read_list(path: Path) -> dict[str, str]:
    """Digest of each file by its name; empty where there is no list, or none that is whole."""
    try:
        lines = read_side_file(path, MAX_RESULT_BYTES).decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return {}
    read = [_LINE.fullmatch(line) for line in lines[:-1]]
    # A list that was edited speaks for nothing: then every file is somebody's.
    whole = [found for found in read if found is not None]
    return {found[2]: found[1] for found in whole} if len(whole) == len(read) else {}


def _write_list(folder: Path) -> None:
    """List every file of a finished result with its digest."""
    # It may be a link to that of a former result.
    (folder / LISTED).unlink(missing_ok=True)
    text = "".join(f"{_digest(folder / name)}  {name}\n" for name in sorted(_files_below(folder)))
    (folder / LISTED).write_text(text, encoding="utf-8", newline="\n")


def _is_regular(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    return any(name == out.name or is_leftover(Path(name)) for name in first)


@contextmanager
def result_folder(place: Path, is_former: IsFormer = is_result) -> Iterator[Path]:
    """Give an empty folder whose files are at a place when the block ends well, with a list of them.

    A former result stays as it is until then. When the block raises, everything is as it was; after a kill
    a hidden folder is left, from which the next run puts everything back.

    Args:
        place: Where the result is to lie. A folder that is there is filled: only files that a former run
            wrote are replaced, and whatever comes into it meanwhile stays.
        is_former: What a former result is, which may be replaced.

    Yields:
        The folder to write into.

    Raises:
        ResultNotWritten: The place holds other files or cannot be written, or another run is writing there.

    """
    out = Path(os.path.realpath(place))
    # Those that were not there go again when nothing was written, the innermost first.
    missing = [folder for folder in out.parents if not folder.exists()]
    try:
        with _aside(out) as partial:
            if out.exists():
                with writing(out):
                    _check_place(out, is_former)
            failed = list[ResultNotWritten]()
            token = _FAILED.set(failed)
            try:
                yield partial / _NEW
            finally:
                _FAILED.reset(token)
            # An error of the place is never one of a file, even where somebody went on after it.
            if failed:
                raise failed[0]
            with writing(out):
                _finish(partial, out)
    except BaseException:
        for folder in missing:
            # Whoever put something there in the meantime keeps it.
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """Give a hidden folder on the file system of a place, which no other run has; it goes at the end."""
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = _aside_place(out)
        # Nobody else may look into it: what is made there may be meant for a place that is locked to others.
        partial.mkdir(mode=0o700, exist_ok=True)
        held = _lock(partial, out)
    try:
        with writing(out):
            _put_back(partial, out)
            for entry in list(partial.iterdir()):
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
            _clear_leftovers(out)
            (partial / _NEW).mkdir()
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        _unlock(held)


def _aside_place(out: Path) -> Path:
    """Beside a place; inside it where it is a file system of its own or beside it may not be written."""
    # Names may have 255 bytes: a digest stands for a long one.
    name = os.fsencode(out.name)
    short = out.name if len(name) <= _LONGEST_NAME else hashlib.sha256(name).hexdigest()
    above = out.parent
    is_beside = not out.is_dir() or (
        out.stat().st_dev == above.stat().st_dev and os.access(above, os.W_OK | os.X_OK)
    )
    return (above if is_beside else out) / f".{short}.calcwatch-{_PARTIAL}"


def _lock(folder: Path, out: Path) -> int | None:
    """Hold a folder as ours for as long as this process lives; ``None`` where the system knows no locks."""
    if sys.platform == "win32":
        return None
    held = os.open(folder, os.O_RDONLY)
    try:
        # A lock and not the process number: numbers are used again. The system gives it up with the process.
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = folder.exists() and os.path.samestat(os.fstat(held), folder.stat())
    except BlockingIOError:
        is_ours = False
    except OSError:  # file systems without locks, as some on a network
        is_ours = True
    if not is_ours:
        os.close(held)
        raise ResultNotWritten(
            f"another run of calcwatch is writing to {out}; wait until it is done, or give another --out"
        )
    return held


def _unlock(held: int | None) -> None:
    if held is not None:
        os.close(held)


def _clear_leftovers(out: Path) -> None:
    """Remove what killed runs of former versions left beside a place."""
    for left in out.parent.glob("." + glob.escape(out.name) + ".calcwatch-" + _PARTIAL + "-*"):
        with suppress(ResultNotWritten, OSError):
            held = _lock(left, out)
            shutil.rmtree(left, ignore_errors=True)
            _unlock(held)


def _finish(partial: Path, out: Path) -> None:
    """Move a finished result to its place; where that fails, a former one is there again."""
    new, former = partial / _NEW, partial / _FORMER
    _write_list(new)
    if not out.exists():
        new.rename(out)
        return
    # Told apart once more just before: somebody may have put or changed files while the run went on.
    ours, theirs = _told_apart(out)
    names = [name for name in _files_below(new) if name != LISTED]
    taken = next((name for name in names if name in theirs), None)
    if taken is not None:
        raise ResultNotWritten(theirs[taken])
    former.mkdir()
    try:
        # The list goes first and comes last: where there is none, a run was interrupted in between.
        for name in (LISTED, *ours):
            if (out / name).exists():
                _move(out / name, former / name)
        for name in (*names, LISTED):
            _move(new / name, out / name)
            _make_alike(out / name, former / name, out)
    except BaseException:
        _put_back(partial, out)
        raise
    _remove_empty(out, ours)
    # An empty folder is part of a result as well.
    for folder in (path for path in new.rglob("*") if path.is_dir()):
        (out / folder.relative_to(new)).mkdir(parents=True, exist_ok=True)


def _put_back(partial: Path, out: Path) -> None:
    """Undo moves of a run that did not come to its end: new files go, those of the former result return."""
    new, former = partial / _NEW, partial / _FORMER
    if not former.is_dir() or (out / LISTED).exists():
        return
    before = _read_list(former / LISTED)
    # What has not been moved away yet is still that of the former result, whatever it holds.
    moved = {
        name: digest
        for name, digest in _read_list(new / LISTED).items()
        if name not in before or (former / name).exists()
    }
    for name, digest in moved.items():
        if (out / name).is_file() and not (new / name).exists() and _digest(out / name) == digest:
            (out / name).unlink()
    _remove_empty(out, moved)
    names = [name for name in _files_below(former) if name != LISTED]
    for name in (*names, LISTED):
        if (former / name).exists():
            _move(former / name, out / name)


def _move(path: Path, place: Path) -> None:
    """Move a file; one that is there already is never replaced."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(place):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
    # Not a rename alone: a folder inside may be on another file system.
    shutil.move(path, place)


def _make_alike(path: Path, former: Path, out: Path) -> None:
    """Give a new file the permissions and the owner of the one that it replaces, or the group of its folder.

    As far as we may: only an administrator gives files away.
    """
    if sys.platform == "win32":
        return
    with suppress(OSError):
        if former.exists():
            was = former.stat()
            os.chown(path, was.st_uid, was.st_gid)
            path.chmod(stat.S_IMODE(was.st_mode))
        elif out.stat().st_mode & stat.S_ISGID:
            os.chown(path, -1, out.stat().st_gid)


def _remove_empty(out: Path, names: Iterable[str]) -> None:
    """Remove folders that held files of ours and hold nothing now."""
    folders = {folder for name in names for folder in (out / name).parents if out in folder.parents}
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        with suppress(OSError):
            folder.rmdir()


def source_places(result: Path, source: str) -> tuple[Path, ...]:
    """Where a file that a result speaks of may lie.

    Args:
        result: The ``findings.json`` of the result.
        source: The file as it was given when it was analyzed.

    Returns:
        As given, beside the result, and beside its folder: results are moved with their images.

    """
    return Path(source), result.parent / source, result.parent.parent / source


def find_source(result: Path, source: str) -> Path:
    """Find a file that a result speaks of.

    Args:
        result: The ``findings.json`` of the result.
        source: The file as it was given when it was analyzed.

    Returns:
        Where it lies now: as given, or relative to the result or to the folder above; as given where it is
        in none of these.

    """
    return next((place for place in source_places(result, source) if place.is_file()), Path(source))


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
