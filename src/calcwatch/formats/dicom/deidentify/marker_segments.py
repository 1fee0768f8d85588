"""Comments inside compressed pixels: text that no attribute shows and every copy carries."""

from __future__ import annotations

_JPEG_START = b"\xff\xd8"
"""Marker SOI of JPEG and JPEG-LS (ITU-T T.81 B.1.1.3)."""

_JPEG_2000_START = b"\xff\x4f\xff\x51"
"""Markers SOC and SIZ of JPEG 2000 (ITU-T T.800 A.4.1, A.5.1)."""

_SCAN, _TILE = 0xDA, 0x90
"""Markers SOS of JPEG and SOT of JPEG 2000: coded pixels begin."""

_JPEG_COMMENT, _JPEG_2000_COMMENT = 0xFE, 0x64
"""Marker COM of each."""

_APPLICATIONS = range(0xE0, 0xF0)
"""Markers APP0 to APP15 of JPEG."""

_SPIFF = 0xE8
"""APP8 holds how JPEG-LS is to be decoded."""

_LONGEST_HEADER = 1 << 16
"""Bytes from the start of a stream within which segments are looked through."""


def without_comments(encapsulated: bytes) -> bytes:
    """Clear the text of every comment segment in compressed pixels (PS3.5 A.4).

    Comments (COM) and application data (APPn, but APP8) of JPEG and JPEG-LS, and comments of JPEG 2000 are
    overwritten by zeros: lengths and offsets stay what they were, and so does every pixel.

    Args:
        encapsulated: Pixel Data of a file, encapsulated.

    Returns:
        The same without comments.

    """
    # Overwritten in place and not cut out: offset tables and item lengths would have to be written anew.
    cleaned = bytearray(encapsulated)
    # Streams are sought by their start, since fragments of several frames lie in the same bytes.
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
        # Behind it come coded pixels, in which bytes look like markers and must not be touched.
        if marker in (_SCAN, _TILE) or length < 2:
            return
        # APPn may hold EXIF, XMP or a maker's text; decoders do without, save SPIFF in APP8.
        is_application = marker in _APPLICATIONS and marker != _SPIFF
        if marker == _JPEG_2000_COMMENT if is_2000 else marker == _JPEG_COMMENT or is_application:
            # a comment of JPEG 2000 says first whether it is text, and that stays
            first = at + (6 if is_2000 else 4)
            stream[first : at + 2 + length] = b"\0" * max(0, at + 2 + length - first)
        # The length counts itself but not the marker.
        at += 2 + length
