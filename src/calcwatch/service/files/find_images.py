"""Find the images below the given paths and in a table; what is no image is listed, never skipped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path

from calcwatch.domain.errors import BadTable, CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes
from calcwatch.service.files.open_image import HEAD_BYTES, source_of, tell_format
from calcwatch.service.files.result_folder import is_result
from calcwatch.service.files.table import TableRow, read_table

_IMAGE_SUFFIXES = frozenset({".dcm", ".dicom", ".png", ".tif", ".tiff", ".pgm"})


class FoundKind(StrEnum):
    """What was found. Only ``IMAGE`` is to be read; ``REFUSED`` and ``TABLE_ROW`` are errors."""

    IMAGE = "image"
    NOT_AN_IMAGE = "not_an_image"
    ALREADY_FOUND = "already_found"
    REFUSED = "refused"
    TABLE_ROW = "table_row"


@dataclass(frozen=True)
class FoundFile:
    """One file to read, or one thing that is not to be read and the reason.

    ``source`` is the path as given, joined with the way down from it; ``given`` what the user states of it.
    ``problem`` is ``None`` for an image; its message starts with ``source``.
    """

    path: Path
    source: str
    given: GivenAttributes
    problem: CalcwatchError | None = None
    kind: FoundKind = FoundKind.IMAGE

    @property
    def is_error(self) -> bool:
        """Whether this must show in the exit status: a file that is no image in a walked folder must not."""
        return self.kind in (FoundKind.REFUSED, FoundKind.TABLE_ROW)


def find_images(paths: Sequence[Path], table: Path | None, given: GivenAttributes) -> tuple[FoundFile, ...]:
    """Find files in the order given, folders walked by sorted name; each real file and folder once.

    ``given`` holds for every file; a table row's cells go before it. Files of a folder without a row are
    found all the same; a table without paths finds its own files. Raises ``BadTable`` when the table cannot
    be used.
    """
    rows = read_table(table) if table is not None else ()
    walk = _Walk(given, set(), {})
    if table is None:
        return tuple(entry for path in paths for entry in _below(path, walk))
    if not paths:
        return tuple(_own_files(rows, table, walk))
    found = [entry for path in paths for entry in _below(path, walk)]
    return tuple(_with_rows(found, rows, table, [table.parent, *(_folder(path) for path in paths)]))


@dataclass(frozen=True, eq=False)
class _Walk:
    """What one search has met: real files, and real folders with the path that led to them."""

    given: GivenAttributes
    files: set[str]
    folders: dict[str, str]


def _below(root: Path, walk: _Walk) -> Iterator[FoundFile]:
    """Yield what a path given by the user leads to, folders depth first; loops do not."""
    if not _is_folder(root):
        yield _look(root, walk, named=True)
        return
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while waiting:
        path, above = waiting.pop()
        if not _is_folder(path):
            yield _look(path, walk, named=False)
            continue
        real = os.path.realpath(path)
        if is_result(path):
            yield _former_result(path, walk)
            continue
        if real in walk.folders:
            yield _met_again(path, walk, is_loop=real in above, first=walk.folders[real])
            continue
        walk.folders[real] = source_of(path)
        try:
            inside = sorted(path.iterdir(), reverse=True)
        except OSError as error:
            yield _refused(path, walk.given, UnreadableImage, f"the folder cannot be read: {error.strerror}")
            continue
        waiting.extend((entry, (*above, real)) for entry in inside)


def _met_again(path: Path, walk: _Walk, *, is_loop: bool, first: str) -> FoundFile:
    if is_loop:
        reason = f"a folder loop: this leads back to {first}"
        return _refused(path, walk.given, UnreadableImage, reason)
    problem = UnsupportedImage(f"{source_of(path)}: already found as {first}")
    return FoundFile(path, source_of(path), walk.given, problem, FoundKind.ALREADY_FOUND)


def _former_result(path: Path, walk: _Walk) -> FoundFile:
    problem = UnsupportedImage(
        f"{source_of(path)}: this is a result of calcwatch, whose pictures are no images"
    )
    return FoundFile(path, source_of(path), walk.given, problem, FoundKind.NOT_AN_IMAGE)


def _look(path: Path, walk: _Walk, *, named: bool) -> FoundFile:
    """Tell from a file's first bytes what it is; ``named``: the user named it, so it has to be an image."""
    real = os.path.realpath(path)
    if real in walk.files:
        return _met_again(path, walk, is_loop=False, first=source_of(Path(real)))
    walk.files.add(real)
    try:
        head = _head(path)
    except OSError as error:
        return _refused(path, walk.given, UnreadableImage, f"cannot be read: {error.strerror or error}")
    if not head:
        return _refused(path, walk.given, UnreadableImage, "the file is empty (0 bytes); copy it again")
    told = tell_format(head)
    if told.file_format:
        return FoundFile(path, source_of(path), walk.given)
    reason = UnreadableImage if told.is_encrypted else UnsupportedImage
    refused = _refused(path, walk.given, reason, f"this is {told.otherwise}")
    is_missed = named or told.is_picture or told.is_encrypted or _promises_an_image(path)
    return refused if is_missed else replace(refused, kind=FoundKind.NOT_AN_IMAGE)


def _promises_an_image(path: Path) -> bool:
    """Tell whether a file's name says that it holds an image, as that of a failed download does.

    Hidden files do not count: some systems leave one beside each image, under the same name.
    """
    return path.suffix.lower() in _IMAGE_SUFFIXES and not path.name.startswith(".")


def _head(path: Path) -> bytes:
    """Read a file's first bytes; a pipe, socket or device is never opened, it could wait for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "it is no regular file")
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _refused(path: Path, given: GivenAttributes, kind: type[CalcwatchError], reason: str) -> FoundFile:
    problem = kind(f"{source_of(path)}: {reason}")
    return FoundFile(path, source_of(path), given, problem, FoundKind.REFUSED)


def _folder(path: Path) -> Path:
    return path if _is_folder(path) else path.parent


def _is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; one whose parent may not be entered is not, and fails when opened."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _own_files(rows: Sequence[TableRow], table: Path, walk: _Walk) -> Iterator[FoundFile]:
    """Yield the files a table names, relative to its own folder."""
    lines: dict[str, int] = {}
    for row in rows:
        path = table.parent / row.file
        problem = row.problem or _row_problem(row, path, lines)
        if problem:
            yield _bad_row(row, table, walk.given, problem)
        else:
            found = _look(path, walk, named=True)
            yield replace(found, given=_over(row.given, walk.given))


def _with_rows(
    found: Sequence[FoundFile], rows: Sequence[TableRow], table: Path, folders: Sequence[Path]
) -> Iterator[FoundFile]:
    """Yield the found files with what their rows state, then the rows that cannot be used.

    A row of a file that is there but was not asked for is left alone.
    """
    places = {os.path.realpath(entry.path): place for place, entry in enumerate(found)}
    stated, bad, lines = dict[int, GivenAttributes](), list[FoundFile](), dict[str, int]()
    for row in rows:
        path = _named_file(row.file, found, folders)
        problem = row.problem or _row_problem(row, path, lines)
        if problem:
            bad.append(_bad_row(row, table, GivenAttributes(), problem))
        elif os.path.realpath(path) in places:
            stated[places[os.path.realpath(path)]] = row.given
    for place, entry in enumerate(found):
        yield replace(entry, given=_over(stated.get(place, GivenAttributes()), entry.given))
    yield from bad


def _named_file(name: str, found: Sequence[FoundFile], folders: Sequence[Path]) -> Path:
    """Return the file a row names: below one of the folders, else the found file of that name."""
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    same_name = [entry.path for entry in found if entry.path.name == name]
    return same_name[0] if len(same_name) == 1 else folders[0] / name


def _row_problem(row: TableRow, path: Path, lines: dict[str, int]) -> str:
    """Say why a row cannot be used: no such file, or one that an earlier row names; ``""`` when it can."""
    if not path.is_file():
        return f"{row.file!r} is no file below the table's folder or the given paths, or one of several there"
    first = lines.setdefault(os.path.realpath(path), row.line)
    return "" if first == row.line else f"{row.file!r} is named by line {first} already"


def _bad_row(row: TableRow, table: Path, given: GivenAttributes, problem: str) -> FoundFile:
    source = f"{source_of(table)} line {row.line}"
    return FoundFile(table, source, given, BadTable(f"{source}: {problem}"), FoundKind.TABLE_ROW)


def _over(row: GivenAttributes, given: GivenAttributes) -> GivenAttributes:
    stated = {field.name: getattr(row, field.name) for field in fields(row)}
    return replace(given, **{name: value for name, value in stated.items() if value is not None})
