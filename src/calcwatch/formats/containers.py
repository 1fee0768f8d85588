"""PNG, TIFF and PGM held against themselves before any decoder is given a byte of them.

A format brings checks of its own: checksums, lengths, ends. Decoders skip them where they can. Here they are
asked for, sizes are read, and what a decoder does not need is left out of what it is given.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.bounds import AGAIN, check_size

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""Signature of a PNG (ISO 15948 5.2)."""

_IEND = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))

_PNG_NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
"""Chunks that decide a pixel; text, color profiles and EXIF are kept from the decoder."""

_PNG_MUST_HOLD = frozenset({b"sBIT", b"tRNS", b"acTL"})
"""Chunks that may be missing but change what is read where they are there."""

_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples a pixel by color type (ISO 15948 11.2.2)."""

_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""Passes of an interlaced PNG (ISO 15948 8.2): first row, first column, step of rows, step of columns."""

_INFLATE_STEP = 2**20  # bytes that are unpacked at a time, so that memory holds no more of a bomb

_TIFF_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
"""Types of a TIFF entry that hold numbers without sign, as ``struct`` calls them."""

_TIFF_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of a value by the type of its entry (TIFF 6.0 and BigTIFF)."""

_MOST_ENTRIES = 4096
"""Entries of a directory that are looked at; pictures have a few dozen."""

_COLUMNS, _ROWS, _BITS, _COMPRESSION = 256, 257, 258, 259
_STRIPS, _ORIENTATION, _SAMPLES, _STRIP_ROWS, _STRIP_BYTES = 273, 274, 277, 278, 279
_PLANES, _TILE_COLUMNS, _TILE_ROWS, _TILES, _TILE_BYTES = 284, 322, 323, 324, 325

_ORIENTATIONS = range(2, 9)
"""Values of Orientation that turn or mirror the picture for display (TIFF 6.0; EXIF has the same)."""

_SPACE = rb"(?:\s|#[^\n]*+\n)++"
"""White space and comments. Possessive: what was taken is never given back, so no header takes long."""

_PGM_HEADER = re.compile(
    rb"P[25]" + _SPACE + rb"(\d{1,9}+)" + _SPACE + rb"(\d{1,9}+)" + _SPACE + rb"(\d{1,9}+)\s"
)
"""Magic number, columns, rows and the value of white, with comments between them (Netpbm)."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a container says of itself, where its own checks hold.

    Attributes:
        content: What the decoder is given.
        rows: Number of rows.
        columns: Number of columns.
        steps: What a reader of the pixels should know of it, in words.
        odd_end: What is odd of a file whose pixels are all there, in words; ``""``: nothing.
        bits: Bits a sample of a PNG; 0 for others.
        color_type: Color type of a PNG; 0 for others.
        significant_bits: Bits that carry gray by sBIT of a PNG; ``None`` where nothing is said.

    """

    content: bytes
    rows: int
    columns: int
    steps: tuple[str, ...] = ()
    odd_end: str = ""
    bits: int = 0
    color_type: int = 0
    significant_bits: int | None = None


@dataclass(frozen=True)
class PgmHeader:
    """Header of a PGM.

    Attributes:
        rows: Number of rows.
        columns: Number of columns.
        top: Value of white.
        end: Where the samples begin.

    """

    rows: int
    columns: int
    top: int
    end: int


def check_pgm(content: bytes) -> PgmHeader:
    """Read the header of a portable gray map.

    Args:
        content: Bytes of the file.

    Returns:
        Its header.

    Raises:
        UnreadableImage: It is damaged or truncated, or of a size that no mammogram has.
        UnsupportedImage: It is too small for a mammogram.

    """
    header = _PGM_HEADER.match(content)
    if header is None:
        raise UnreadableImage(f"the PGM header is damaged or truncated; {AGAIN}")
    columns, rows, top = (int(word) for word in header.groups())
    check_size(rows, columns)
    # Netpbm's own bounds; 0 would also divide by zero.
    if not 1 <= top <= 65535:
        raise UnreadableImage(f"the PGM header names {top} as white, where 1 to 65535 are allowed; {AGAIN}")
    return PgmHeader(rows, columns, top, header.end())


def check_png(content: bytes) -> Container:
    """Ask a PNG for its checksums, its end, and a stream of pixels of the length that its header promises.

    Args:
        content: Bytes of the file.

    Returns:
        The container, with the chunks that decide a pixel.

    Raises:
        UnreadableImage: A check does not hold, or the size is none of a mammogram.
        UnsupportedImage: It is too small for a mammogram, or holds several pages.

    """
    parts: list[bytes] = []
    packed: list[memoryview] = []
    odd: list[str] = []
    seen: dict[bytes, memoryview] = {}
    is_ended = False
    for name, data, whole in _png_chunks(content, odd):
        # The header decides everything behind it, so its size is judged before anything is looked at.
        if not seen and (name != b"IHDR" or len(data) != 13):
            raise UnreadableImage(f"the PNG is damaged: its header is not readable; {AGAIN}")
        if name == b"IHDR":
            if seen:
                raise UnreadableImage(f"the PNG is damaged: it has two headers; {AGAIN}")
            check_size(*struct.unpack(">II", data[:8])[::-1])
        seen.setdefault(name, data)
        if name == b"IDAT":
            packed.append(data)
        if name in _PNG_NEEDED:
            parts.append(bytes(whole))
        is_ended = name == b"IEND"
    if not seen:
        raise UnreadableImage(f"the PNG is damaged or truncated: its header is not readable; {AGAIN}")
    if not is_ended:
        odd.append("its end chunk is missing")
    columns, rows, bits, color_type = struct.unpack(">IIBB", seen[b"IHDR"][:10])
    frames = struct.unpack(">I", seen[b"acTL"][:4])[0] if len(seen.get(b"acTL", b"")) >= 4 else 1
    if frames > 1:
        raise UnsupportedImage(f"the PNG holds {frames} pages; save each as a file of its own")
    needed = _png_bytes(rows, columns, bits * _PNG_CHANNELS.get(color_type, 1), bool(seen[b"IHDR"][12]))
    odd += _check_pixels(packed, needed)
    significant = seen.get(b"sBIT")
    return Container(
        content=b"".join([PNG_SIGNATURE, *parts, _IEND]),
        rows=rows,
        columns=columns,
        steps=_orientation_steps("EXIF", _exif_orientation(bytes(seen.get(b"eXIf", b"")))),
        odd_end="; ".join(odd),
        bits=bits,
        color_type=color_type,
        # The first channel serves: a gray picture has no other, and gray in color clothes has them alike.
        significant_bits=significant[0] if significant else None,
    )


def _png_chunks(content: bytes, odd: list[str]) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Yield name, data and all bytes of each chunk whose checksum holds; ``odd`` receives what is odd."""
    view, position = memoryview(content), len(PNG_SIGNATURE)
    while position + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            raise UnreadableImage(f"the PNG is truncated: it ends within a chunk; {AGAIN}")
        data = view[position + 8 : end - 4]
        (stated,) = struct.unpack_from(">I", content, end - 4)
        if zlib.crc32(data, zlib.crc32(name)) == stated:
            yield name, data, view[position:end]
        # An upper case letter first: no picture without it (ISO 15948 5.4).
        elif name == b"IEND" or not (name[:1].isupper() or name in _PNG_MUST_HOLD):
            odd.append("a checksum of what is no pixel is wrong")
        else:
            raise UnreadableImage(f"the PNG is damaged: a checksum (CRC) of its content is wrong; {AGAIN}")
        position = end
        if name == b"IEND":
            break
    if position < len(content):
        odd.append(f"{len(content) - position} bytes follow its last chunk")


def _png_bytes(rows: int, columns: int, bits: int, interlaced: bool) -> int:
    """Bytes of the pixels before they are packed; each line has one more, which names its filter."""
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = (
        (-(-max(0, rows - top) // down), -(-max(0, columns - left) // right))
        for top, left, down, right in passes
    )
    return sum(lines * (1 + -(-across * bits // 8)) for lines, across in sizes if across)


def _check_pixels(packed: list[memoryview], needed: int) -> Iterator[str]:
    """Unpack the pixels piece by piece and tell what is odd of their end; refuse what lacks pixels."""
    stream, count = zlib.decompressobj(), 0
    try:
        for piece in packed:
            rest = bytes(piece)
            # A stream that is longer than the picture is not followed: it may be a bomb.
            while rest and not stream.eof and count <= needed:
                count += len(stream.decompress(rest, _INFLATE_STEP))
                rest = stream.unconsumed_tail
    # Also raised by a wrong Adler-32, the checksum of the stream itself.
    except zlib.error as error:
        raise UnreadableImage(f"the PNG is damaged: its pixels do not unpack; {AGAIN}") from error
    if count < needed:
        raise UnreadableImage(
            f"the PNG is truncated: {count} of {needed} bytes of its pixels are there; {AGAIN}"
        )
    if count > needed or stream.unused_data:
        yield "more is packed in it than its header promises"
    elif not stream.eof:
        yield "the packed pixels have no end"


def _exif_orientation(exif: bytes) -> int | None:
    try:
        return _Directory.read(exif).number(_ORIENTATION) if exif else None
    # EXIF of any kind decides no pixel.
    except UnreadableImage:
        return None


def _orientation_steps(name: str, orientation: int | None) -> tuple[str, ...]:
    if orientation not in _ORIENTATIONS:
        return ()
    return (f"{name} Orientation {orientation} is not applied: places are those of the file as stored",)


@dataclass(frozen=True)
class _Directory:
    """The first directory of a TIFF: where each entry lies, and where the next directory does."""

    content: bytes
    order: str
    is_big: bool
    start: int
    entries: Mapping[int, int] = field(default_factory=dict)
    following: int = 0

    @classmethod
    def read(cls, content: bytes, start: int | None = None) -> _Directory:
        """Read the first directory, or that at ``start``; refuses what is none."""
        try:
            order = {b"II": "<", b"MM": ">"}[content[:2]]
            is_big = struct.unpack_from(f"{order}H", content, 2)[0] == 43
            first_of_all = struct.unpack_from(f"{order}{'8xQ' if is_big else '4xI'}", content)[0]
            start = first_of_all if start is None else start
            (count,) = struct.unpack_from(f"{order}{'Q' if is_big else 'H'}", content, start)
            if not 0 < count <= _MOST_ENTRIES:
                raise ValueError
            first, size = start + (8 if is_big else 2), 20 if is_big else 12
            places = [first + size * number for number in range(count)]
            # The first of two entries with the same tag, as decoders have it.
            entries: dict[int, int] = {}
            for place in places:
                entries.setdefault(struct.unpack_from(f"{order}H", content, place)[0], place)
            (following,) = struct.unpack_from(
                f"{order}{'Q' if is_big else 'I'}", content, first + size * count
            )
        except (struct.error, KeyError, ValueError, OverflowError) as error:
            raise UnreadableImage(
                f"the TIFF is damaged or truncated: its header is not readable; {AGAIN}"
            ) from error
        return cls(content, order, is_big, start, entries, following)

    def numbers(self, tag: int) -> tuple[int, ...] | None:
        """The numbers of an entry, ``None`` where it is missing; refuses what is no list of numbers."""
        place = self.entries.get(tag)
        if place is None:
            return None
        try:
            kind, count = struct.unpack_from(
                f"{self.order}{'HQ' if self.is_big else 'HI'}", self.content, place + 2
            )
            letter, room = _TIFF_INTEGERS[kind], 8 if self.is_big else 4
            at = place + (12 if self.is_big else 8)
            if count * _TIFF_SIZES[kind] > room:
                (at,) = struct.unpack_from(f"{self.order}{'Q' if self.is_big else 'I'}", self.content, at)
            # A forged count promises more than the file has: told before memory is asked for.
            if at + count * _TIFF_SIZES[kind] > len(self.content):
                raise ValueError
            return struct.unpack_from(f"{self.order}{count}{letter}", self.content, at)
        except (struct.error, KeyError, ValueError, OverflowError) as error:
            raise UnreadableImage(f"the TIFF is damaged: its tag {tag} is not readable; {AGAIN}") from error

    def number(self, tag: int) -> int | None:
        """The first number of an entry; ``None`` where it is missing or empty."""
        found = self.numbers(tag)
        return found[0] if found else None


def check_tiff(content: bytes) -> Container:
    """Ask a TIFF for its size, its pages, and whether each strip or tile lies in the file as a whole.

    Args:
        content: Bytes of the file.

    Returns:
        The container; of what is to be turned for display the decoder is told nothing.

    Raises:
        UnreadableImage: A length does not hold, or the size is none of a mammogram.
        UnsupportedImage: It is too small for a mammogram, or holds several pages.

    """
    directory = _Directory.read(content)
    rows, columns = directory.number(_ROWS) or 0, directory.number(_COLUMNS) or 0
    check_size(rows, columns)
    odd = _check_single(directory)
    _check_pieces(directory, rows, columns)
    try:
        orientation = directory.number(_ORIENTATION)
    except UnreadableImage:
        orientation = None
        odd = f"{odd}; its Orientation is not readable".removeprefix("; ")
    place = directory.entries.get(_ORIENTATION)
    if place is not None:
        # Pillow would turn the picture, and every place would be one of the turned picture.
        changed = bytearray(content)
        upright = struct.pack(f"{directory.order}H{'Q' if directory.is_big else 'I'}HH", 3, 1, 1, 0)
        changed[place + 2 : place + 2 + len(upright)] = upright
        content = bytes(changed)
    return Container(
        content=content,
        rows=rows,
        columns=columns,
        steps=_orientation_steps("TIFF", orientation),
        odd_end=odd,
    )


def _check_single(directory: _Directory) -> str:
    """Refuse several pages; what leads to no page, back to the first or out of the file, is odd."""
    if not directory.following:
        return ""
    if directory.following == directory.start:
        return "its next page is itself"
    try:
        _Directory.read(directory.content, directory.following)
    except UnreadableImage:
        return "its next page is none"
    raise UnsupportedImage("the TIFF holds 2 pages or more; save each as a file of its own")


def _check_pieces(directory: _Directory, rows: int, columns: int) -> None:
    """Check that every strip or tile lies in the file, and holds its rows where it is not compressed."""
    is_tiled = _TILES in directory.entries
    offsets = directory.numbers(_TILES if is_tiled else _STRIPS) or ()
    counts = directory.numbers(_TILE_BYTES if is_tiled else _STRIP_BYTES) or ()
    high = (directory.number(_TILE_ROWS) if is_tiled else directory.number(_STRIP_ROWS)) or rows
    wide = (directory.number(_TILE_COLUMNS) if is_tiled else None) or columns
    samples = directory.number(_SAMPLES) or 1
    is_planar = directory.number(_PLANES) == 2
    high = high if is_tiled else min(high, rows)
    pieces = -(-rows // high) * -(-columns // wide) * (samples if is_planar else 1)
    if len(offsets) < pieces:
        raise UnreadableImage(f"the TIFF is truncated: {len(offsets)} of {pieces} parts are named; {AGAIN}")
    # Lengths may be left out or 0 where nothing is compressed: then they follow from the size.
    is_plain = (directory.number(_COMPRESSION) or 1) == 1
    if not (is_plain and not any(counts)) and len(counts) < pieces:
        raise UnreadableImage(f"the TIFF is damaged: {len(counts)} of {pieces} lengths are named; {AGAIN}")
    line = -(-wide * _bits(directory) * (1 if is_planar else samples) // 8)
    for number, offset in enumerate(offsets[:pieces]):
        of_plane = number % (pieces // samples) if is_planar else number
        lines = high if is_tiled else min(high, rows - of_plane * high)
        length = counts[number] if any(counts) else lines * line
        if offset + length > len(directory.content):
            raise UnreadableImage(
                f"the TIFF is truncated: a part of its pixels ends beyond the file; {AGAIN}"
            )
        if is_plain and length < lines * line:
            raise UnreadableImage(
                f"the TIFF is damaged: a part of its pixels has {length} of {lines * line} bytes; {AGAIN}"
            )


def _bits(directory: _Directory) -> int:
    """Bits a sample; the decoder judges what cannot be told here."""
    try:
        return directory.number(_BITS) or 1
    except UnreadableImage:
        return 1
