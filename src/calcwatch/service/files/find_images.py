"""Find the images below the given paths and in a table; what is no image is listed, never skipped."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path

from calcwatch.domain.errors import BadTable, CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes
from calcwatch.service.files.open_image import HEAD_BYTES, source_of, tell_format
from calcwatch.service.files.result_folder import (
    COMPARISON_NAMES,
    RESULT_NAMES,
    is_leftover,
    is_result,
)
from calcwatch.service.files.table import Table, TableRow, read_table

_IMAGE_SUFFIXES = frozenset({".dcm", ".dicom", ".png", ".tif", ".tiff", ".pgm"})


class FoundKind(StrEnum):
    """What was found.

    Attributes:
        IMAGE: An image to read.
        NOT_AN_IMAGE: Another kind of file in a folder, which is no error.
        ALREADY_FOUND: A file or folder that another path led to before, which is no error.
        REFUSED: A file that was named, or must be an image, and cannot be read.
        TABLE_ROW: A row of the table that cannot be used.

    """

    IMAGE = "image"
    NOT_AN_IMAGE = "not_an_image"
    ALREADY_FOUND = "already_found"
    REFUSED = "refused"
    TABLE_ROW = "table_row"


@dataclass(frozen=True)
class FoundFile:
    """One file to read, or one thing that is not to be read and the reason.

    Attributes:
        path: Where it lies.
        source: The path as given, joined with the way down from it, as text.
        given: What the user states of it.
        problem: Why it is not to be read, ``None`` for an image; the message starts with ``source``.
        kind: What it is.

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
    """Find files and folders, each real one once; folders are walked by sorted name.

    Args:
        paths: Files, and folders to search to the bottom.
        table: CSV with what is known of files; alone, without paths, it finds its own. ``None``: none.
        given: What holds for every file; the cells of a row go before it.

    Returns:
        Everything that was met, in the order given; files of a folder without a row too, and rows that
        cannot be used last.

    Raises:
        BadTable: The table cannot be used.

    """
    known = read_table(table) if table is not None else Table()
    met: dict[str, str] = {}
    if table is None:
        found = [file for path in paths for file in _below(path, met)]
    elif not paths:
        found = list(_own_files(known.rows, table, met))
    else:
        below = [file for path in paths for file in _below(path, met)]
        folders = [table.parent, *(path if _is_folder(path) else path.parent for path in paths)]
        found = list(_with_rows(below, known.rows, table, folders))
    if table is not None and known.unused:
        found.append(
            _told(table, f"its columns {', '.join(known.unused)} mean nothing here and are not used")
        )
    return tuple(replace(file, given=_over(file.given, given)) for file in found)


def _below(root: Path, met: dict[str, str]) -> Iterator[FoundFile]:
    """Yield what a path given by the user leads to, folders depth first; loops do not.

    ``met``: every real file and folder that the search has met, with the path that led to it.
    """
    if not _is_folder(root):
        yield _look(root, met, named=True)
        return
    # A stack, because folders may be nested deeper than Python may call.
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while waiting:
        path, above = waiting.pop()
        if not _is_folder(path):
            yield _look(path, met, named=False)
            continue
        real = _identity(path)
        if is_leftover(path):
            reason = UnsupportedImage("this is what a run of calcwatch keeps aside until its end")
            yield _refused(path, reason, FoundKind.NOT_AN_IMAGE)
            continue
        # A link back to a folder above would be walked without end.
        if real in above:
            yield _refused(path, UnreadableImage(f"a folder loop: this leads back to {met[real]}"))
            continue
        # Two ways to the same files must not count a woman twice.
        if real in met:
            yield _refused(path, UnsupportedImage(f"already found as {met[real]}"), FoundKind.ALREADY_FOUND)
            continue
        met[real] = source_of(path)
        try:
            # Reversed, since the stack gives back the last.
            inside = sorted(path.iterdir(), reverse=True)
        except OSError as error:
            yield _refused(path, UnreadableImage(f"the folder cannot be read: {error.strerror}"))
            continue
        # The overlays of an earlier result are PNG files and would be taken for mammograms.
        if is_result(path):
            reason = UnsupportedImage("this is a result of calcwatch, whose pictures are no images")
            yield _refused(path, reason, FoundKind.NOT_AN_IMAGE)
            # What somebody has put beside them may be images.
            inside = [entry for entry in inside if entry.name not in RESULT_NAMES | COMPARISON_NAMES]
        waiting.extend((entry, (*above, real)) for entry in inside)


def _identity(path: Path) -> str:
    """What tells a folder, whatever way led to it; its real path would take minutes where it lies deep."""
    try:
        status = path.stat()
    except OSError:  # told when it is read
        return os.path.realpath(path)
    return f"{status.st_dev}/{status.st_ino}"


def _look(path: Path, met: dict[str, str], *, named: bool) -> FoundFile:
    """Tell from a file's first bytes what it is; ``named``: the user named it, so it has to be an image."""
    real = os.path.realpath(path)
    if real in met:
        return _refused(path, UnsupportedImage(f"already found as {met[real]}"), FoundKind.ALREADY_FOUND)
    # By its real path, so that a link and its target are one file.
    met[real] = source_of(Path(real))
    try:
        head = read_head(path)
    except OSError as error:
        return _refused(path, UnreadableImage(f"cannot be read: {error.strerror or error}"))
    if not head:
        return _refused(path, UnreadableImage("the file is empty (0 bytes); copy it again"))
    shown = tell_format(head)
    if shown.file_format:
        return FoundFile(path, source_of(path), GivenAttributes())
    # A failed download is called an image; some systems leave a hidden file of the same name beside each.
    is_called_image = path.suffix.lower() in _IMAGE_SUFFIXES and not path.name.startswith(".")
    is_missed = named or shown.is_picture or shown.is_encrypted or is_called_image
    reason = UnreadableImage if shown.is_encrypted else UnsupportedImage
    kind = FoundKind.REFUSED if is_missed else FoundKind.NOT_AN_IMAGE
    return _refused(path, reason(f"this is {shown.otherwise}"), kind)


def read_head(path: Path) -> bytes:
    """Read a file's first bytes; a pipe, socket or device is never opened, it could wait for ever.

    Args:
        path: Any path.

    Returns:
        As many bytes as tell what it is, or all of a shorter file.

    Raises:
        OSError: It is no regular file, or cannot be read.

    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "it is no regular file")
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _refused(path: Path, reason: CalcwatchError, kind: FoundKind = FoundKind.REFUSED) -> FoundFile:
    source = source_of(path)
    return FoundFile(path, source, GivenAttributes(), type(reason)(f"{source}: {reason}"), kind)


def _is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; one whose parent may not be entered is not, and fails when opened."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _own_files(rows: Sequence[TableRow], table: Path, met: dict[str, str]) -> Iterator[FoundFile]:
    """Yield the files a table names, relative to its own folder."""
    lines: dict[str, int] = {}
    for row in rows:
        path = table.parent / row.file
        problem = row.problem or _row_problem(row, path, lines)
        yield (
            _bad_row(row, table, problem)
            if problem
            else replace(_look(path, met, named=True), given=row.given)
        )


def _with_rows(
    found: Sequence[FoundFile], rows: Sequence[TableRow], table: Path, folders: Sequence[Path]
) -> Iterator[FoundFile]:
    """Yield the found files with what their rows state, then the rows that cannot be used or were not."""
    places = {os.path.realpath(file.path): place for place, file in enumerate(found)}
    stated, bad, lines = dict[int, GivenAttributes](), list[tuple[TableRow, str]](), dict[str, int]()
    elsewhere: list[TableRow] = []
    for row in rows:
        path = _named_file(row.file, found, folders)
        problem = row.problem or _row_problem(row, path, lines)
        if problem:
            bad.append((row, problem))
        elif path is not None and os.path.realpath(path) in places:
            stated[places[os.path.realpath(path)]] = row.given
        else:
            elsewhere.append(row)
    # A row of a file that was not asked for may have been meant for one that was, and has none of its own.
    bare = {_name(file.path): file.source for place, file in enumerate(found) if place not in stated}
    meant = [row for row in elsewhere if _name(Path(row.file)) in bare]
    bad += [(row, _other_file(row, bare[_name(Path(row.file))], table)) for row in meant]
    for place, file in enumerate(found):
        yield replace(file, given=stated.get(place, GivenAttributes()))
    for row, problem in sorted(bad, key=lambda pair: pair[0].line):
        yield _bad_row(row, table, problem)
    unused = [row for row in elsewhere if row not in meant]
    if unused:
        number = f"{len(unused)} of its rows name files that were not asked for"
        yield _told(table, f"{number} and are not used, the first in line {unused[0].line}")


def _other_file(row: TableRow, source: str, table: Path) -> str:
    return (
        f"{row.file!r} is another file than {source}, to which no row speaks; write the path of the one that "
        f"is meant, relative to {source_of(table.parent)}"
    )


def _named_file(name: str, found: Sequence[FoundFile], folders: Sequence[Path]) -> Path | None:
    """Return the file a row names: below one of the folders, else the found file of that name."""
    # The table's own folder first: that is what its author had before the eyes.
    if _is_file(folders[0] / name):
        return folders[0] / name
    below = {os.path.realpath(folder / name): folder / name for folder in folders if _is_file(folder / name)}
    same_name = below or {
        os.path.realpath(file.path): file.path for file in found if _name(file.path) == _name(Path(name))
    }
    # Only where it is unique: a guess would give a breast the side of another.
    return next(iter(same_name.values())) if len(same_name) == 1 else None


def _name(path: Path) -> str:
    """The name of a file; some systems write an umlaut as one sign and others as two."""
    return unicodedata.normalize("NFC", path.name)


def _is_file(path: Path) -> bool:
    """Tell whether a path is a file; one that no system can have is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def _told(table: Path, words: str) -> FoundFile:
    """Something of a table that is no mistake and has to be known."""
    return _refused(table, UnsupportedImage(words), FoundKind.NOT_AN_IMAGE)


def _row_problem(row: TableRow, path: Path | None, lines: dict[str, int]) -> str:
    """Say why a row cannot be used: no such file, or one that an earlier row names; ``""`` when it can."""
    if path is None or not _is_file(path):
        return f"{row.file!r} is no file below the table's folder or the given paths, or one of several there"
    first = lines.setdefault(os.path.realpath(path), row.line)
    return "" if first == row.line else f"{row.file!r} is named by line {first} already"


def _bad_row(row: TableRow, table: Path, problem: str) -> FoundFile:
    source = f"{source_of(table)} line {row.line}"
    error = BadTable(f"{source}: {problem}")
    return FoundFile(table, source, GivenAttributes(), error, FoundKind.TABLE_ROW)


def _over(row: GivenAttributes, given: GivenAttributes) -> GivenAttributes:
    """What a row states, and what holds for all files where it says nothing."""
    stated = {field.name: getattr(row, field.name) for field in fields(row)}
    return replace(given, **{name: value for name, value in stated.items() if value is not None})
