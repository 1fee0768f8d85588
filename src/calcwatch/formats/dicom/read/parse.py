"""Bytes -> header and the place of the pixels; every damaged file is refused with its reason."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from pydicom import dcmread
from pydicom.charset import decode_element
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from calcwatch.domain.errors import UnreadableImage
from calcwatch.formats.bounds import AGAIN
from calcwatch.formats.dicom.read.quirks import starts_like_a_data_set, transfer_syntax_of

MAX_INFLATED_BYTES = 512 * 2**20
"""A deflated data set may not grow beyond this: one 100 MP image of 16 bits is 200 MB."""

MAX_NESTING = 64
"""How deep items may be nested in each other; reports of ours are 12 deep."""

_PIECE_BYTES = 2**20

_UNDEFINED_LENGTH = 0xFFFFFFFF
"""Length of an element that ends with a delimiter (PS3.5 7.1.1)."""

_PIXEL_ELEMENTS = {
    0x7FE00010: "PixelData",
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
}
"""Elements that hold pixels by their tag (PS3.3 C.7.6.3, C.7.6.24, C.7.6.25)."""


class PixelElement(NamedTuple):
    """Where the pixels of a file lie.

    Attributes:
        keyword: Which of the elements that hold pixels it is.
        vr: Its value representation.
        offset: Of its value, in bytes from the start of the file.
        length: Of its value, in bytes; ``None`` when the pixels are encapsulated.

    """

    keyword: str
    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, eq=False, kw_only=True)
class DicomFile:
    """One parsed file.

    Attributes:
        dataset: Its header, without pixels.
        transfer_syntax: UID of its transfer syntax.
        stream: The whole file, seekable.
        size: Length of the stream in bytes.
        pixels: Where the pixels lie in the stream; ``None`` when it has none.

    """

    dataset: FileDataset
    transfer_syntax: str
    stream: BinaryIO
    size: int
    pixels: PixelElement | None


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file is DICOM by its first bytes: the prefix, or a plausible first element without it.

    Args:
        head: The first 132 bytes, or as many as there are.

    Returns:
        Yes or no.

    """
    return head[128:132] == b"DICM" or starts_like_a_data_set(head)


def is_dicomdir(head: bytes) -> bool:
    """Whether a DICOM file is a media directory (DICOMDIR), which holds no image.

    Args:
        head: Its first bytes, the File Meta Information among them.

    Returns:
        Yes or no.

    """
    return head[128:132] == b"DICM" and MediaStorageDirectoryStorage.encode() in head


def parse_dicom(content: bytes) -> DicomFile:
    """Parse a whole file held in memory; pixels are located, not copied.

    Args:
        content: Bytes of the file.

    Returns:
        The parsed file; a deflated one is inflated.

    Raises:
        UnreadableImage: It is empty, no DICOM, truncated, damaged, or expands beyond its bound.

    """
    if not content:
        raise UnreadableImage("the file is empty (0 bytes); copy it again from its source")
    if not looks_like_dicom(content[:132]):
        raise UnreadableImage(
            "this is no DICOM file: it has neither the DICM prefix nor a DICOM first element; "
            "give the file as it was exported"
        )
    return parse_stream(BytesIO(_inflated(content)), len(content))


def parse_stream(stream: BinaryIO, size: int) -> DicomFile:
    """Parse the header of a file and stop before its pixels.

    Args:
        stream: The file, seekable, not deflated.
        size: Its length in bytes on disk, as messages name it.

    Returns:
        The parsed file.

    Raises:
        UnreadableImage: The header is truncated or damaged.

    """
    stream.seek(0)
    try:
        # force: files without preamble are read too; they were looked at in looks_like_dicom.
        dataset = dcmread(stream, stop_before_pixels=True, force=True)
    except Exception as error:  # pydicom answers damaged bytes with errors of any kind
        raise UnreadableImage(
            f"the DICOM header is damaged or truncated ({type(error).__name__}); {AGAIN}"
        ) from error
    cut = UnreadableImage(f"the file is truncated: it ends in its header, after {size} bytes; {AGAIN}")
    # force turns any rubbish into an empty data set instead of an error.
    if len(dataset) == 0:
        raise cut
    syntax = transfer_syntax_of(dataset)
    # The encoding found in the bytes, not the one named: the two may differ.
    is_implicit = bool(dataset.original_encoding[0])
    pixels = _pixel_element(stream, implicit=is_implicit, big_endian=syntax == ExplicitVRBigEndian)
    # pydicom reads a value that the file cuts short without complaint; only its length betrays it.
    if pixels is None and _last_element_is_cut(dataset):
        raise cut
    end = stream.seek(0, 2)
    return DicomFile(dataset=dataset, transfer_syntax=syntax, stream=stream, size=end, pixels=pixels)


def decode_text(dataset: Dataset) -> None:
    """Read every value of a data set and its items now, text as Unicode by the character set of each.

    As ``Dataset.decode`` of pydicom, which tells an error twice on each level above it: a damaged value nine
    levels down takes gigabytes of memory.

    Args:
        dataset: As it was parsed; it is changed.

    Raises:
        UnreadableImage: Items are nested deeper than any file of use has them.
        Exception: A value cannot be decoded; pydicom raises a dozen kinds.

    """
    waiting: list[tuple[Dataset, Any, int]] = [(dataset, None, 0)]
    while waiting:
        inside, of_parent, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise UnreadableImage(f"its items are nested deeper than {MAX_NESTING}; leave the file out")
        character_set = inside.get("SpecificCharacterSet") or of_parent
        for tag in list(inside.keys()):
            element = inside[tag]
            if isinstance(element.value, Sequence):
                waiting += [(item, character_set, depth + 1) for item in element.value]
            else:
                decode_element(element, character_set)


def _last_element_is_cut(dataset: FileDataset) -> bool:
    # keep_deferred: the raw element still knows the length that was promised.
    last: object = dataset.get_item(max(dataset.keys()), keep_deferred=True)
    return isinstance(last, RawDataElement) and len(last.value or b"") < last.length < _UNDEFINED_LENGTH


def _pixel_element(stream: BinaryIO, *, implicit: bool, big_endian: bool) -> PixelElement | None:
    """Read the head of the element at which the parser stopped; ``None`` when that is the end of the file."""
    order = ">" if big_endian else "<"
    # Explicit OB and OW have two reserved bytes and a length of 32 bits: 12 bytes in all.
    head = stream.read(8 if implicit else 12)
    if len(head) < (8 if implicit else 12):
        return None
    group, element = struct.unpack(f"{order}HH", head[:4])
    keyword = _PIXEL_ELEMENTS.get(group << 16 | element)
    if keyword is None:
        return None
    (length,) = struct.unpack(f"{order}I", head[-4:])
    # Implicit VR pixels are always OW (PS3.5 A.1).
    vr = "OW" if implicit else head[4:6].decode("ascii", "replace")
    return PixelElement(keyword, vr, stream.tell(), None if length == _UNDEFINED_LENGTH else length)


def _inflated(content: bytes) -> bytes:
    """Return the file with a deflated data set inflated (PS3.5 A.5), within its bound; others unchanged."""
    meta_end, syntax = _file_meta(content)
    if syntax != DeflatedExplicitVRLittleEndian:
        return content
    deflated = content[meta_end:]
    try:
        # Measured first: a bomb is refused before it takes the memory of what it grows to.
        size = _inflated_size(deflated)
        # Negative: a raw deflate stream without zlib header, as PS3.5 A.5 prescribes.
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        plain = inflater.decompress(deflated) if size <= MAX_INFLATED_BYTES else b""
    except zlib.error as error:
        raise UnreadableImage(f"the deflated data set is damaged: {error}; {AGAIN}") from error
    if size > MAX_INFLATED_BYTES:
        raise UnreadableImage(
            f"the deflated data set of {len(content)} bytes grows beyond {MAX_INFLATED_BYTES} bytes: "
            "refused as a compression bomb; do not trust this file"
        )
    # zlib says nothing about a missing end; half a data set would parse as a whole data set.
    if not inflater.eof:
        raise UnreadableImage(
            f"the file is truncated: its deflated data set ends after {len(content)} bytes; {AGAIN}"
        )
    # The meta information is left as long as it was: its group length stays true.
    named = DeflatedExplicitVRLittleEndian.encode()
    # Renamed, since pydicom would try to inflate once more.
    explicit = ExplicitVRLittleEndian.encode().ljust(len(named), b"\0")
    return content[:meta_end].replace(named, explicit) + plain


def _inflated_size(deflated: bytes) -> int:
    """How many bytes a raw deflate stream grows to; counted no further than a piece beyond the bound."""
    inflater, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    # Pieces of what goes in as well: zlib copies what it has not taken yet each time.
    for start in range(0, len(deflated), _PIECE_BYTES):
        piece = deflated[start : start + _PIECE_BYTES]
        while piece and size <= MAX_INFLATED_BYTES:
            size += len(inflater.decompress(piece, _PIECE_BYTES))
            piece = inflater.unconsumed_tail
    return size


def _file_meta(content: bytes) -> tuple[int, str]:
    """Return where the File Meta Information ends and the transfer syntax it names (PS3.10 7.1)."""
    position, syntax = 132 if content[128:132] == b"DICM" else 0, ""
    while content[position : position + 2] == b"\x02\x00":
        # These VRs have a length of 32 bits behind two reserved bytes (PS3.5 7.1.2).
        is_long = content[position + 4 : position + 6] in (b"OB", b"UN", b"OW", b"SQ", b"UT")
        kind, at, head = ("<I", position + 8, 12) if is_long else ("<H", position + 6, 8)
        if len(content) < position + head:
            raise UnreadableImage(
                f"the file is truncated: it ends in its file meta, after {len(content)} bytes; {AGAIN}"
            )
        (length,) = struct.unpack_from(kind, content, at)
        if content[position + 2 : position + 4] == b"\x10\x00":
            syntax = (
                content[position + head : position + head + length].rstrip(b"\0 ").decode("ascii", "replace")
            )
        position += head + length
    return position, syntax
