"""Read a file that is one: a pipe would be waited for, a device has no end, and a wrong file may be huge."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_regular(path: Path, most: int) -> bytes:
    """Read a file whole.

    Args:
        path: The file.
        most: Bytes that it may have.

    Returns:
        Its bytes.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger; ``strerror`` says so in words.

    """
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        # Looked at once it is open, so that nothing can take its place in between.
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no regular file", str(path))
        if status.st_size > most:
            raise OSError(0, f"its {status.st_size} bytes are more than the {most} that are read", str(path))
        return file.read(most)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
