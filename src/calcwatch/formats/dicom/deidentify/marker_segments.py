"""Comments inside compressed pixels: text that no attribute shows and every copy carries."""

from __future__ import annotations

_JPEG_START, _JPEG_2000_START = b"\xff\xd8", b"\xff\x4f\xff\x51"
_SCAN, _CODESTREAM_TILE = 0xDA, 0x90
_JPEG_COMMENT, _JPEG_2000_COMMENT = 0xFE, 0x64
_APPLICATIONS = range(0xE0, 0xF0)
_LONGEST_HEADER = 1 << 16
_SPIFF = 0xE8
"""APP8 holds how JPEG-LS is to be decoded."""


def without_comments(encapsulated: bytes) -> bytes:
    """Compressed pixels of a file (PS3.5 A.4) with the text of every comment segment overwritten by zeros.

    Lengths and offsets stay what they were, and so does every pixel: comments (COM) and application data
    (APPn, but APP8) of JPEG and JPEG-LS, comments of JPEG 2000.
    """
    cleaned = bytearray(encapsulated)
    for start in (_JPEG_START, _JPEG_2000_START):
        at = cleaned.find(start)
        while at >= 0:
            _clear(cleaned, at + 2, is_2000=start == _JPEG_2000_START)
            at = cleaned.find(start, at + len(start))
    return bytes(cleaned)


def _clear(stream: bytearray, at: int, *, is_2000: bool) -> None:
    """Clear comments from one segment after another, up to where the coded pixels begin."""
    end = min(len(stream), at + _LONGEST_HEADER)
    while at + 4 <= end and stream[at] == 0xFF:
        marker, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker in (_SCAN, _CODESTREAM_TILE) or length < 2:
            return
        if _is_text(marker, is_2000=is_2000):
            first = at + (6 if is_2000 else 4)
            stream[first : at + 2 + length] = b"\0" * max(0, at + 2 + length - first)
        at += 2 + length


def _is_text(marker: int, *, is_2000: bool) -> bool:
    if is_2000:
        return marker == _JPEG_2000_COMMENT
    return marker == _JPEG_COMMENT or (marker in _APPLICATIONS and marker != _SPIFF)
