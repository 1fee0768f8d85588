"""Files that a result speaks of, found again: where they were, or below the folder of the result."""

from __future__ import annotations

import hashlib
from pathlib import Path

from calcwatch.domain.errors import UnreadableImage


def find_source(result: Path, source: str) -> Path:
    """Where the file ``source`` of a result lies now; ``result``: its ``findings.json``.

    As it was named when it was analyzed, or relative to the result or to the folder above; the name itself
    where it is in none of these.
    """
    places = (Path(source), result.parent / source, result.parent.parent / source)
    return next((one for one in places if one.is_file()), Path(source))


def check_source(path: Path, source: str, digest: str | None, *, needed: str) -> None:
    """Raise ``UnreadableImage`` where a file is not there any more, or not what it was.

    ``digest``: SHA-256 of the file when it was analyzed, ``None`` where it is not known. ``needed``: what
    cannot be done without it, for the message.
    """
    if not path.is_file():
        raise UnreadableImage(f"{source}: the image of this finding is not there any more, and {needed}")
    try:
        with path.open("rb") as file:
            same = digest is None or hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError as problem:
        raise UnreadableImage(f"{source}: cannot be read: {problem.strerror or problem}") from problem
    if not same:
        raise UnreadableImage(f"{source}: the file has changed since it was analyzed; analyze it anew")
