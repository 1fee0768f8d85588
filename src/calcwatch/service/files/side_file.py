"""The one way to read a file beside the images: results, tables, statements, rules, keys, markers."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from calcwatch.formats.json_text import BadDocument, parse_json

MAX_RESULT_BYTES = 256 * 2**20
"""Largest document of a result: that of about three thousand images."""

MAX_TABLE_BYTES = 32 * 2**20
"""Largest table, statement, set of rules, key or marker: a table of half a million images."""


def read_side_file(path: Path, most: int = MAX_TABLE_BYTES) -> bytes:
    """Read a file whole.

    Args:
        path: The file; a link is followed.
        most: Bytes that it may have.

    Returns:
        Its bytes.

    Raises:
        OSError: It cannot be read, is no regular file or is larger; ``strerror`` says which.

    """
    # Without waiting: a pipe that nobody writes to would be opened for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - by descriptor: what was looked at is read
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is no regular file; give the file itself")
        content = b"" if found.st_size > most else file.read(most + 1)
        # Counted again: files may grow while they are read, and those of /proc have no size.
        if max(found.st_size, len(content)) > most:
            raise OSError(
                0, f"it is larger than the {most} bytes that are read; check that it is the right file"
            )
        return content


def read_json_file(path: Path, most: int = MAX_TABLE_BYTES) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        most: Bytes that it may have.

    Returns:
        What stands there.

    Raises:
        OSError: It cannot be read, is no regular file or is larger; ``strerror`` says which.
        BadDocument: It is no JSON that is read; the message holds no value, and the remedy.

    """
    return parse_json(read_side_file(path, most))


def unreadable_because(error: Exception) -> str:
    """Say why a result cannot be read.

    Args:
        error: What its reading raised.

    Returns:
        Words without a value of the file, which may name a patient.

    """
    if isinstance(error, OSError):
        return f"{error.strerror or 'it cannot be opened'}"
    # Only our own sentences: what Python says of a KeyError or TypeError is the bare value.
    return str(error) if isinstance(error, BadDocument) else "it lacks what every result has"
