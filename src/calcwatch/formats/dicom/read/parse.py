"""Bytes -> header and the place of the pixels; every damaged file is refused with its reason."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, NamedTuple

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset

from calcwatch.domain.errors import UnreadableImage
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.syntax import BIG_ENDIAN, DEFLATED

DICOMDIR_SOP_CLASS = "1.2.840.10008.1.3.10"
"""Media Storage Directory Storage (PS3.6 A): an index of the files of a medium."""

MAX_INFLATED_BYTES = 512 * 2**20
"""A deflated data set may not grow beyond this: one 100 MP image of 16 bits is 200 MB."""

AGAIN = "copy or export the file again"
"""What to do about a file that is cut off or damaged."""

_UNDEFINED_LENGTH = 0xFFFFFFFF
_EXPLICIT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OW PN SH SL SQ SS ST TM UC UI UL UN UR US UT".split()
)
_PIXEL_ELEMENTS = {
    0x7FE00010: "PixelData",
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
}


class PixelElement(NamedTuple):
    """Where the pixels lie: ``offset`` of the value in the file; ``length`` is ``None`` when encapsulated."""

    keyword: str
    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, eq=False)
class DicomFile:
    """One parsed file: its header, and the stream and place of its pixels (``None`` when it has none)."""

    dataset: FileDataset
    transfer_syntax: str
    stream: BinaryIO
    size: int
    pixels: PixelElement | None


def looks_like_dicom(head: bytes) -> bool:
    """Tell whether a file's first bytes are DICOM: the prefix, or a plausible first element without it.

    Older files without preamble start with group 0002 or 0008 (PS3.10 7.1), in either byte order.
    """
    if head[128:132] == b"DICM":
        return True
    if len(head) < 8:
        return False
    for order in "<>":
        group, element, length = struct.unpack(f"{order}HHI", head[:8])
        if group in (0x0002, 0x0008) and element <= 0x0070:
            return head[4:6] in _EXPLICIT_VRS or (order == "<" and length <= 1024)
    return False


def is_dicomdir(head: bytes) -> bool:
    """Tell whether a DICOM file's first bytes name the media directory (DICOMDIR), which holds no image."""
    return head[128:132] == b"DICM" and DICOMDIR_SOP_CLASS.encode() in head


def parse_dicom(content: bytes) -> DicomFile:
    """Parse a whole file held in memory; pixels are located, not copied.

    Raises ``UnreadableImage`` when the file is empty, truncated, damaged or expands beyond its bound.
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
    """Parse the header of a seekable stream and stop before its pixels.

    ``size``: bytes on disk, named in messages. Raises ``UnreadableImage`` as :func:`parse_dicom` does.
    """
    stream.seek(0)
    try:
        dataset = dcmread(stream, stop_before_pixels=True, force=True)
    except Exception as error:  # pydicom answers damaged bytes with errors of any kind
        raise UnreadableImage(
            f"the DICOM header is damaged or truncated ({type(error).__name__}); {AGAIN}"
        ) from error
    if len(dataset) == 0:
        raise UnreadableImage(_cut_in_header(size))
    syntax = _transfer_syntax(dataset)
    pixels = _pixel_element(stream, implicit=_is_implicit(dataset), big_endian=syntax == BIG_ENDIAN)
    if pixels is None and _last_element_is_cut(dataset):
        raise UnreadableImage(_cut_in_header(size))
    return DicomFile(dataset, syntax, stream, stream.seek(0, 2), pixels)


def _cut_in_header(size: int) -> str:
    return f"the file is truncated: it ends in its header, after {size} bytes; {AGAIN}"


def _transfer_syntax(dataset: FileDataset) -> str:
    """Name the transfer syntax, or the plain one the bytes turned out to have when the file names none."""
    stated = word(dataset.file_meta, "TransferSyntaxUID")
    if stated:
        return stated
    if not dataset.original_encoding[1]:
        return BIG_ENDIAN
    return "1.2.840.10008.1.2" if _is_implicit(dataset) else "1.2.840.10008.1.2.1"


def _is_implicit(dataset: FileDataset) -> bool:
    return bool(dataset.original_encoding[0])


def _last_element_is_cut(dataset: FileDataset) -> bool:
    last: object = dataset.get_item(max(dataset.keys()), keep_deferred=True)
    return isinstance(last, RawDataElement) and len(last.value or b"") < last.length < _UNDEFINED_LENGTH


def _pixel_element(stream: BinaryIO, *, implicit: bool, big_endian: bool) -> PixelElement | None:
    """Read the head of the element at which the parser stopped; ``None`` when that is the end of the file."""
    order = ">" if big_endian else "<"
    head = stream.read(8 if implicit else 12)
    if len(head) < (8 if implicit else 12):
        return None
    group, element = struct.unpack(f"{order}HH", head[:4])
    keyword = _PIXEL_ELEMENTS.get(group << 16 | element)
    if keyword is None:
        return None
    (length,) = struct.unpack(f"{order}I", head[-4:])
    vr = "OW" if implicit else head[4:6].decode("ascii", "replace")
    return PixelElement(keyword, vr, stream.tell(), None if length == _UNDEFINED_LENGTH else length)


def _inflated(content: bytes) -> bytes:
    """Return the file with a deflated data set inflated (PS3.5 A.5), within its bound; others unchanged."""
    meta_end, syntax = _file_meta(content)
    if syntax != DEFLATED:
        return content
    try:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        plain = inflater.decompress(content[meta_end:], MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise UnreadableImage(f"the deflated data set is damaged: {error}; {AGAIN}") from error
    if inflater.unconsumed_tail:
        raise UnreadableImage(
            f"the deflated data set of {len(content)} bytes grows beyond {MAX_INFLATED_BYTES} bytes: "
            "refused as a compression bomb; do not trust this file"
        )
    if not inflater.eof:
        raise UnreadableImage(
            f"the file is truncated: its deflated data set ends after {len(content)} bytes; {AGAIN}"
        )
    explicit = str(DEFLATED)[: -len(".99")].encode()
    return content[:meta_end].replace(DEFLATED.encode(), explicit.ljust(len(DEFLATED), b"\0")) + plain


def _file_meta(content: bytes) -> tuple[int, str]:
    """Return where the File Meta Information ends and the transfer syntax it names (PS3.10 7.1)."""
    position, syntax = 132 if content[128:132] == b"DICM" else 0, ""
    while content[position : position + 2] == b"\x02\x00":
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
