"""Compressed frames made anew: the segments that pixels are decoded by, from start to end marker.

What no decoder needs (comments, application data, tables that no scan uses, boxes round the stream, bytes
before, between and behind) is not copied, because it is not listed. A stream with anything else in it is not
rebuilt: its pixels can still be stored as they decode.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

_START, _END = b"\xff\xd8", b"\xff\xd9"
"""Markers SOI and EOI of JPEG and JPEG-LS (ITU-T T.81 B.1.1.3); EOI is EOC of JPEG 2000 too."""

_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xF7})
"""Markers SOF0 to SOF3 of JPEG and SOF55 of JPEG-LS: baseline, extended, progressive, lossless."""

_LOSSLESS, _LS = 0xC3, 0xF7
_HUFFMAN, _QUANTIZATION, _INTERVAL, _SCAN, _LS_PARAMETERS = 0xC4, 0xDB, 0xDD, 0xDA, 0xF8
_ADOBE, _JFIF = 0xEE, 0xE0

_NOT_NEEDED = frozenset({*range(0xE0, 0xF0), 0xFE})
"""Application data and comments: what a decoder needs of them is written anew."""

_ANY_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"
"""JFIF 1.01, no density, no thumbnail: says only that three components are YCbCr."""

_CODED, _CODED_LS = re.compile(rb"\xff(?![\0\xd0-\xd7])"), re.compile(rb"\xff(?![\0-\x7f\xd0-\xd7])")
"""Where coded pixels end: a marker that is no restart (T.81 B.1.1.5; T.87 stuffs a bit, not a byte)."""

_START_2000 = b"\xff\x4f\xff\x51"
"""Markers SOC and SIZ of JPEG 2000 (ITU-T T.800 A.4.1, A.5.1)."""

_TILE, _DATA, _SIZE, _STYLE, _STEPS, _CAPABILITIES = 0x90, 0x93, 0x51, 0x52, 0x5C, 0x50
_NOT_NEEDED_2000 = frozenset({0x64, 0x63, 0x55, 0x57, 0x58, 0x59, 0x56})
"""Comments, registration, profiles, and lengths of packets and tile-parts, which stand elsewhere too."""


@dataclass(frozen=True)
class BitStream:
    """A frame rebuilt.

    Attributes:
        before: Everything up to the last coded pixels.
        coded: The last coded pixels; whether bytes lie behind the last pixel only a decoder can tell.
        runs: How many runs of coded pixels the frame has.
        size: Rows and columns, as the stream itself says.
        is_2000: Whether it is JPEG 2000, which says before the coded pixels how long they are.

    """

    before: bytes
    coded: bytes
    runs: int
    size: tuple[int, int]
    is_2000: bool = False

    @property
    def whole(self) -> bytes:
        """The stream with its end marker."""
        return self.with_coded(self.coded)

    def with_coded(self, coded: bytes) -> bytes:
        """The stream with other bytes for its last coded pixels.

        Args:
            coded: The bytes.

        Returns:
            The stream with its end marker.

        """
        before = self.before
        if self.is_2000:
            # Psot counts from the start of SOT, 14 bytes before the coded pixels (T.800 A.4.2).
            before = before[:-8] + (14 + len(coded)).to_bytes(4, "big") + before[-4:]
        return before + coded + _END


class _UnknownSegmentError(Exception):
    """Something that is not listed: nobody can say whether the picture needs it."""


def rebuilt_jpeg(stream: bytes) -> BitStream | None:
    """Rebuild a frame of JPEG or JPEG-LS.

    Args:
        stream: The frame, its fragments joined.

    Returns:
        The frame from its first start marker to its end marker; ``None`` where it holds what is not listed,
        or no end marker.

    """
    start = stream.find(_START + b"\xff")
    try:
        return None if start < 0 else _Jpeg(stream, start + len(_START)).rebuilt()
    except (_UnknownSegmentError, IndexError):
        return None


@dataclass
class _Jpeg:
    """One walk along a JPEG stream: what was read, and what of it was written."""

    stream: bytes
    at: int
    made: list[bytes] = field(default_factory=lambda: [_START])
    tables: dict[tuple[int, int], bytes] = field(default_factory=dict)
    told: dict[tuple[int, int], bytes] = field(default_factory=dict)
    frame: bytes = b""
    process: int = 0
    coded: list[int] = field(default_factory=list)

    def rebuilt(self) -> BitStream:
        while True:
            marker = self._marker()
            if marker == _END[1]:
                _only(bool(self.coded))
                # The end of the last run of coded pixels is where the caller looks for more than pixels.
                last = self.coded[-1]
                _only(last == len(self.made) - 1)
                size = int.from_bytes(self.frame[1:3], "big"), int.from_bytes(self.frame[3:5], "big")
                return BitStream(b"".join(self.made[:last]), self.made[last], len(self.coded), size)
            self._segment(marker, self._content())

    def _marker(self) -> int:
        _only(self.stream[self.at] == 0xFF)
        # Any number of fill bytes may stand before a marker (T.81 B.1.1.2).
        while self.stream[self.at] == 0xFF:
            self.at += 1
        self.at += 1
        return self.stream[self.at - 1]

    def _content(self) -> bytes:
        # The length counts itself but not the marker.
        length = int.from_bytes(self.stream[self.at : self.at + 2], "big")
        content = self.stream[self.at + 2 : self.at + length]
        _only(length >= 2 and len(content) == length - 2)
        self.at += length
        return content

    def _segment(self, marker: int, content: bytes) -> None:
        if marker in _NOT_NEEDED:
            self._colors(marker, content)
        elif marker == _HUFFMAN:
            self._huffman(content)
        elif marker == _QUANTIZATION:
            self._quantization(content)
        elif marker == _INTERVAL:
            _only(len(content) == 2)
            self._put(marker, content)
        elif marker == _LS_PARAMETERS:
            # Only thresholds: the other kinds are palettes and sizes of more than 65535 lines.
            _only(content[:1] == b"\1" and len(content) == 11)
            self._put(marker, content)
        elif marker in _FRAMES:
            _only(not self.frame and len(content) == 6 + 3 * content[5])
            self.frame, self.process = content, marker
            self._put(marker, content)
        elif marker == _SCAN:
            _only(bool(self.frame) and len(content) == 4 + 2 * content[0])
            self._scan(content)
        else:
            raise _UnknownSegmentError

    def _colors(self, marker: int, content: bytes) -> None:
        """Of application data only what colors are decoded by, in our own words; gray needs none of it."""
        if self.frame:
            return
        if marker == _JFIF and content.startswith(b"JFIF\0"):
            self._put(marker, _ANY_JFIF)
        if marker == _ADOBE and content.startswith(b"Adobe") and len(content) == 12 and content[11] < 3:
            self._put(marker, b"Adobe\0\x64\0\0\0\0" + content[11:])

    def _huffman(self, content: bytes) -> None:
        at = 0
        while at < len(content):
            kind, counts = content[at], content[at + 1 : at + 17]
            length = 17 + sum(counts)
            _only(len(counts) == 16 and at + length <= len(content))
            self.tables[_HUFFMAN, kind] = content[at : at + length]
            at += length

    def _quantization(self, content: bytes) -> None:
        at = 0
        while at < len(content):
            length = 129 if content[at] >> 4 else 65
            _only(at + length <= len(content))
            self.tables[_QUANTIZATION, content[at] & 15] = content[at : at + length]
            at += length

    def _scan(self, content: bytes) -> None:
        """Tables that this scan uses, where they are new to it; its header; its coded pixels."""
        for key in self._used(content):
            table = self.tables.get(key)
            if table is not None and self.told.get(key) != table:
                self._put(key[0], table)
                self.told[key] = table
        self._put(_SCAN, content)
        found = (_CODED_LS if self.process == _LS else _CODED).search(self.stream, self.at)
        if found is None:
            raise _UnknownSegmentError
        self.coded.append(len(self.made))
        self.made.append(self.stream[self.at : found.start()])
        self.at = found.start()

    def _used(self, scan: bytes) -> list[tuple[int, int]]:
        if self.process == _LS:
            return []
        components = [(scan[1 + 2 * place], scan[2 + 2 * place]) for place in range(scan[0])]
        names = {name for name, _ in components}
        steps = [
            (_QUANTIZATION, self.frame[8 + 3 * place])
            for place in range(self.frame[5])
            if self.frame[6 + 3 * place] in names and self.process != _LOSSLESS
        ]
        direct = [(_HUFFMAN, selected >> 4) for _, selected in components]
        # Tables of the AC coefficients have 1 in the upper half of their name.
        other = [(_HUFFMAN, 0x10 | selected & 15) for _, selected in components if self.process != _LOSSLESS]
        return list(dict.fromkeys(steps + direct + other))

    def _put(self, marker: int, content: bytes) -> None:
        self.made.append(bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content)


def rebuilt_jpeg_2000(stream: bytes) -> BitStream | None:
    """Rebuild a frame of JPEG 2000.

    Args:
        stream: The frame, its fragments joined; boxes of a JP2 file may stand round the code stream.

    Returns:
        The code stream alone; ``None`` where it holds what is not listed, or no end marker.

    """
    start = stream.find(_START_2000)
    try:
        return None if start < 0 else _code_stream(stream, start)
    except (_UnknownSegmentError, IndexError):
        return None


def _code_stream(stream: bytes, start: int) -> BitStream:
    made = [_START_2000[:2]]
    at, components, levels, size = start + 2, 0, 0, (0, 0)
    while stream[at + 1] != _TILE:
        marker, content, at = _next(stream, at)
        if marker in _NOT_NEEDED_2000:
            continue
        if marker == _SIZE:
            components = int.from_bytes(content[34:36], "big")
            # The reference grid begins at 0, the image at its offset (T.800 A.5.1).
            right, bottom, left, top = struct.unpack_from(">IIII", content.ljust(18), 2)
            size = bottom - top, right - left
        if marker == _STYLE:
            levels = content[5]
        _only(len(content) == _length_2000(marker, content, components, levels))
        made.append(_written(marker, content))
    tiles = 0
    coded = b""
    while stream[at + 1] == _TILE:
        made.append(coded)
        head, coded, at = _tile_part(stream, at)
        made.append(head)
        tiles += 1
    _only(stream[at : at + 2] == _END)
    return BitStream(b"".join(made), coded, tiles, size, is_2000=True)


def _next(stream: bytes, at: int) -> tuple[int, bytes, int]:
    length = int.from_bytes(stream[at + 2 : at + 4], "big")
    content = stream[at + 4 : at + 2 + length]
    _only(stream[at] == 0xFF and length >= 2 and len(content) == length - 2)
    return stream[at + 1], content, at + 2 + length


def _length_2000(marker: int, content: bytes, components: int, levels: int) -> int:
    """Bytes that a segment of the main header has (T.800 A.5, A.6), so that nothing hides behind its end."""
    if marker == _SIZE:
        return 36 + 3 * components
    if marker == _STYLE:
        # Sizes of precincts only where the first bit says so.
        return 10 + (levels + 1 if content[0] & 1 else 0)
    if marker == _STEPS:
        # No quantization: a byte a band; derived: one step; else two bytes a band.
        bands = 3 * levels + 1
        return 1 + {0: bands, 1: 2, 2: 2 * bands}[content[0] & 31] if content[0] & 31 < 3 else -1
    if marker == _CAPABILITIES:
        return 4 + 2 * int.from_bytes(content[:4], "big").bit_count()
    raise _UnknownSegmentError


def _tile_part(stream: bytes, at: int) -> tuple[bytes, bytes, int]:
    """Head and coded pixels of a tile-part, and where the next one begins."""
    marker, content, after = _next(stream, at)
    _only(marker == _TILE and len(content) == 8)
    length = int.from_bytes(content[2:6], "big")
    # 0: it reaches to the end of the code stream.
    end = at + length if length else stream.rindex(_END)
    while stream[after + 1] != _DATA:
        marker, _, after = _next(stream, after)
        _only(marker in _NOT_NEEDED_2000)
    coded = stream[after + 2 : end]
    _only(after + 2 + len(coded) == end)
    told = content[:2] + (14 + len(coded)).to_bytes(4, "big") + content[6:]
    return _written(_TILE, told) + bytes((0xFF, _DATA)), coded, end


def _written(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def rebuilt_rle(stream: bytes, segments: int, length: int) -> bytes | None:
    """Rebuild a frame of RLE (PS3.5 Annex G).

    Args:
        stream: The frame, its fragments joined.
        segments: Bytes of a pixel: each has a segment of its own.
        length: Pixels of the frame.

    Returns:
        Header and segments, each to its last pixel; ``None`` where it is no such frame.

    """
    offsets = [int.from_bytes(stream[at : at + 4], "little") for at in range(0, 64, 4)]
    if offsets[0] != segments or not 1 <= segments <= 15:
        return None
    starts = offsets[1 : segments + 1]
    parts = []
    for start, end in zip(starts, [*starts[1:], len(stream)], strict=True):
        part = _packed(stream[start:end], length)
        if part is None:
            return None
        parts.append(part + b"\0" * (len(part) % 2))
    places = [64 + sum(map(len, parts[:place])) for place in range(segments)]
    header = [segments, *places, *[0] * (15 - segments)]
    return b"".join(number.to_bytes(4, "little") for number in header) + b"".join(parts)


def _packed(segment: bytes, length: int) -> bytes | None:
    """A segment up to its last pixel (PackBits); ``None`` where it ends before."""
    at = held = 0
    end = len(segment)
    while held < length:
        if at >= end:
            return None
        head = segment[at]
        # 128 stands for nothing; encoders need not write it (G.3.1).
        if head == 128:
            return None
        held += head + 1 if head < 128 else 257 - head
        at += head + 2 if head < 128 else 2
    return segment[:at] if held == length and at <= end else None


def _only(is_so: bool) -> None:
    if not is_so:
        raise _UnknownSegmentError
