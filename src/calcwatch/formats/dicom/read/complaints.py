"""What the JPEG library says of damage: it says so on the standard error stream only, and decodes on."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

_STANDARD_ERROR = 2
_ONE_AT_A_TIME = threading.Lock()
_JPEG_LINE = re.compile(
    r"^(?:Corrupt JPEG data|Premature end of JPEG file|Bogus|Invalid JPEG|Unsupported).*$", re.M
)
_EXTRA_BYTES = re.compile(r"(\d+) extraneous bytes before marker")
_HARMLESS_EXTRA_BYTES = 8


def listen(decode: Callable[[], _Result]) -> tuple[_Result, str]:
    """Run a decoder and return its result with its complaint of damage, ``""`` when it had none.

    Some encoders leave a few bytes before the end marker: up to 8 are no damage. Whatever else was written to
    the standard error stream meanwhile is written there again.
    """
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as sink:
        sys.stderr.flush() if sys.stderr else None
        try:
            kept = os.dup(_STANDARD_ERROR)
        except OSError:
            return decode(), ""
        os.dup2(sink.fileno(), _STANDARD_ERROR)
        try:
            result = decode()
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            said = _read_back(sink.fileno())
    return result, _damage(said)


def _read_back(sink: int) -> str:
    os.lseek(sink, 0, os.SEEK_SET)
    said = os.read(sink, 1 << 20).decode("utf-8", "replace")
    others = _JPEG_LINE.sub("", said).strip()
    if others:
        os.write(_STANDARD_ERROR, f"{others}\n".encode())
    return said


def _damage(said: str) -> str:
    for line in _JPEG_LINE.findall(said):
        extra = _EXTRA_BYTES.search(line)
        if extra is None or int(extra.group(1)) > _HARMLESS_EXTRA_BYTES:
            return str(line)
    return ""
