"""Stored pixels of one frame: layout checked against the bytes before anything is decoded."""

from __future__ import annotations

import os
import re
import struct
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.bounds import AGAIN, check_size
from calcwatch.formats.dicom.read.header import CORRECT, sure_integer, sure_word, value
from calcwatch.formats.dicom.read.parse import DicomFile, PixelElement
from calcwatch.formats.dicom.read.quirks import has_end_marker, is_harmless_complaint, is_harmless_rest
from calcwatch.formats.dicom.read.syntax import Codec, codec_of, is_native, syntax_name

Cells = NDArray[np.uint8] | NDArray[np.uint16]
"""Pixel cells as stored: rows x columns, unsigned, bits outside Bits Stored not yet removed."""

_Result = TypeVar("_Result")

_STANDARD_ERROR = 2
"""File descriptor of the standard error stream."""

_ONE_AT_A_TIME = threading.Lock()

_JPEG_COMPLAINT = re.compile(
    r"^(?:Corrupt JPEG data|Premature end of JPEG file|Bogus|Invalid JPEG|Unsupported).*$", re.M
)
"""Lines in which the JPEG library (IJG) speaks of damage."""


@dataclass(frozen=True, kw_only=True)
class PixelLayout:
    """How frames are stored (PS3.5 8.1.1, PS3.3 C.7.6.3).

    Attributes:
        rows: Rows of a frame.
        columns: Columns of a frame.
        frames: Number of frames, 1 or more.
        bits_allocated: Bits of a pixel cell, 8 or 16.
        bits_stored: How many of them hold the value.
        high_bit: The highest of those, bit 0 is the lowest of the cell.
        signed: Whether values are two's complement.

    """

    rows: int
    columns: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool

    @property
    def frame_bytes(self) -> int:
        """Length of one uncompressed frame in bytes."""
        return self.rows * self.columns * self.bits_allocated // 8


def read_layout(file: DicomFile) -> PixelLayout:
    """Read how pixels are stored, checked for contradictions and against the bounds.

    Args:
        file: A parsed file, its header corrected.

    Returns:
        The layout.

    Raises:
        UnreadableImage: A required attribute is missing, attributes contradict each other, or a frame has too
            many pixels.
        UnsupportedImage: Pixels are in color, floating point or of 32 bits.

    """
    _check_is_gray(file)
    layout = PixelLayout(
        rows=_required(file, "Rows"),
        columns=_required(file, "Columns"),
        # Number of Frames is absent in single-frame objects; 0 is no number of frames.
        frames=max(1, sure_integer(file.dataset, "NumberOfFrames") or 1),
        bits_allocated=_required(file, "BitsAllocated"),
        bits_stored=_required(file, "BitsStored"),
        # Not _required, which refuses 0: the check below judges it, and quirks has filled in a missing value.
        high_bit=sure_integer(file.dataset, "HighBit") or 0,
        signed=_is_signed(file),
    )
    if layout.bits_allocated not in (8, 16):
        raise UnsupportedImage(f"Bits Allocated {layout.bits_allocated} is not read; mammograms have 8 or 16")
    if not 1 <= layout.bits_stored <= layout.high_bit + 1 <= layout.bits_allocated:
        raise UnreadableImage(
            f"Bits Allocated {layout.bits_allocated}, Bits Stored {layout.bits_stored} and High Bit "
            f"{layout.high_bit} contradict each other; {AGAIN}"
        )
    # Before any pixel is touched: a header of a few bytes may promise more than memory holds.
    check_size(layout.rows, layout.columns)
    return layout


def read_cells(file: DicomFile, layout: PixelLayout, frame: int = 0) -> Cells:
    """Read the pixel cells of one frame as they are stored.

    Args:
        file: A parsed file.
        layout: How its pixels are stored.
        frame: Number of the frame, the first is 0.

    Returns:
        Rows x columns.

    Raises:
        UnreadableImage: The bytes are truncated, damaged or of another size than the header says.
        UnsupportedImage: The transfer syntax is not read, or its decoder is not installed.

    """
    if file.pixels is None:
        raise UnreadableImage("the file holds no pixels; export it again")
    if is_native(file.transfer_syntax):
        return _native(file, file.pixels, layout, frame)
    codec = codec_of(file.transfer_syntax)
    if codec is None:
        raise UnsupportedImage(
            f"transfer syntax {syntax_name(file.transfer_syntax)} is not read; "
            "convert the file to Explicit VR Little Endian or JPEG Lossless"
        )
    # Refused here, because the plug-in would be fed a stream it was never built for.
    if layout.bits_stored > codec.max_bits:
        raise UnsupportedImage(
            f"{syntax_name(file.transfer_syntax)} of {layout.bits_stored} bits is not read; "
            "convert the file to Explicit VR Little Endian"
        )
    # Size and end are judged on the bare stream: decoders differ in what they do with a damaged stream.
    stream = _encapsulated_frame(file, file.pixels, layout, frame)
    _check_bit_stream(stream, codec, layout)
    return _decoded(stream, codec, file.transfer_syntax, layout)


def _check_is_gray(file: DicomFile) -> None:
    samples = sure_integer(file.dataset, "SamplesPerPixel")
    # Missing in old exports of gray pictures; 0 is a number that no picture has.
    samples = 1 if samples is None else samples
    photometric = sure_word(file.dataset, "PhotometricInterpretation")
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnsupportedImage(
            f"Photometric Interpretation {photometric or '(missing)'} with {samples} samples per pixel is "
            "not read; a mammogram is MONOCHROME1 or MONOCHROME2"
        )
    # Float and Double Float Pixel Data have no stored values to put through a lookup table.
    if file.pixels is not None and file.pixels.keyword != "PixelData":
        raise UnsupportedImage(f"{file.pixels.keyword} is not read; a mammogram has integer Pixel Data")


def _is_signed(file: DicomFile) -> bool:
    representation = sure_integer(file.dataset, "PixelRepresentation") or 0
    if representation not in (0, 1):
        raise UnreadableImage(f"Pixel Representation {representation} is neither 0 nor 1; {CORRECT}")
    return representation == 1


def _required(file: DicomFile, keyword: str) -> int:
    found = sure_integer(file.dataset, keyword)
    if found is None:
        raise UnreadableImage(
            f"the required attribute {keyword} is missing or empty in the header; export the file again"
        )
    if found < 1:
        raise UnreadableImage(f"{keyword} {found} is less than 1; {CORRECT}")
    return found


def _native(file: DicomFile, pixels: PixelElement, layout: PixelLayout, frame: int) -> Cells:
    _check_native_length(pixels, file.size, layout)
    # Cells of 8 bits are swapped by pairs where the file calls them words (PS3.5 7.3, Annex A.3).
    swapped = file.transfer_syntax == ExplicitVRBigEndian and (
        layout.bits_allocated == 16 or pixels.vr == "OW"
    )
    file.stream.seek(pixels.offset + frame * layout.frame_bytes)
    # The last byte of an odd frame sits in the second half of a swapped pair: read that pair whole.
    data = file.stream.read(layout.frame_bytes + (layout.frame_bytes % 2 if swapped else 0))
    if swapped:
        data = np.frombuffer(data, ">u2").astype("<u2").tobytes()[: layout.frame_bytes]
    cells = np.frombuffer(data, "<u2" if layout.bits_allocated == 16 else "u1")
    return cells.reshape(layout.rows, layout.columns)


def _check_native_length(pixels: PixelElement, size: int, layout: PixelLayout) -> None:
    """Refuse pixels that are cut off, or so many that Rows and Columns cannot be right."""
    if pixels.length is None:
        raise UnreadableImage(
            f"the pixels are encapsulated but the transfer syntax is an uncompressed one; {AGAIN}"
        )
    # All frames are counted though only one is read: a stack cut off at its end is refused at once.
    needed = layout.frame_bytes * layout.frames
    # The element may claim more than the file has left.
    present = min(pixels.length, size - pixels.offset)
    if present < min(needed, pixels.length):
        raise UnreadableImage(
            f"the file is truncated: {present} of {needed} bytes of pixels are there; {AGAIN}"
        )
    # Less than a line too much is padding; a line or more means that Rows or Columns shear the picture.
    if not is_harmless_rest(present - needed, layout.bits_allocated // 8 * min(layout.rows, layout.columns)):
        raise UnreadableImage(
            f"{layout.frames} x {layout.rows} x {layout.columns} pixels need {needed} bytes but Pixel Data "
            f"has {present}: Rows, Columns or Number of Frames must be wrong; {AGAIN}"
        )


def _encapsulated_frame(file: DicomFile, pixels: PixelElement, layout: PixelLayout, frame: int) -> bytes:
    """Return one frame's bit stream, its fragments joined (PS3.5 A.4)."""
    # Encapsulated pixels always have undefined length (PS3.5 A.4); a length means native pixels.
    if pixels.length is not None:
        raise UnreadableImage(
            f"the pixels are not encapsulated although the transfer syntax is a compressed one; {AGAIN}"
        )
    file.stream.seek(pixels.offset)
    offsets = value(file.dataset, "ExtendedOffsetTable")
    lengths = value(file.dataset, "ExtendedOffsetTableLengths")
    try:
        return get_frame(
            file.stream,
            frame,
            number_of_frames=layout.frames,
            # Offsets without lengths do not say where a frame ends: then pydicom finds it by the items.
            extended_offsets=(offsets, lengths) if offsets and lengths else None,
        )
    # What pydicom answers to a cut offset table, a missing item tag or a frame that is not there.
    except (ValueError, EOFError, struct.error, IndexError) as error:
        raise UnreadableImage(f"the compressed pixels are truncated or damaged: {error}; {AGAIN}") from error


def _check_bit_stream(stream: bytes, codec: Codec, layout: PixelLayout) -> None:
    """Refuse a bit stream that is cut off or whose own size is not the header's, before decoding it."""
    # RLE has neither a size nor an end marker of its own to hold against the header.
    if codec.family == "rle":
        return
    if not has_end_marker(stream):
        raise UnreadableImage(f"the compressed pixels are truncated: their end marker is missing; {AGAIN}")
    size = _jpeg2000_size(stream) if codec.family == "jpeg2000" else _jpeg_size(stream)
    if size != (layout.rows, layout.columns):
        raise UnreadableImage(
            f"the header says {layout.rows} x {layout.columns} pixels but the compressed image "
            f"{'has no readable size' if size is None else f'has {size[0]} x {size[1]}'}; {AGAIN}"
        )


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns of the frame header (ITU-T T.81 B.2.2; T.87 uses marker SOF55)."""
    # Behind SOI, the two bytes every JPEG stream starts with.
    position = 2
    while len(stream) >= position + 9 and stream[position] == 0xFF:
        marker = stream[position + 1]
        # SOF0 to SOF15 but for DHT, JPG and DAC, which share their range; 0xF7 is SOF55 of JPEG-LS.
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns = struct.unpack_from(">HH", stream, position + 5)
            return rows, columns
        # 0xFF before a marker is a fill byte, stepped over singly; any other segment by its own length.
        position += 2 + int(struct.unpack_from(">H", stream, position + 2)[0]) if marker != 0xFF else 1
    return None


def _jpeg2000_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns of the SIZ marker (ITU-T T.800 A.5.1), of a bare code stream or inside JP2."""
    # Inside a JP2 file boxes come before the code stream, so the markers are sought.
    start = stream.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or len(stream) < start + 24:
        return None
    x_size, y_size, x_offset, y_offset = struct.unpack_from(">IIII", stream, start + 8)
    # The reference grid begins at 0; the image only at its offset.
    return y_size - y_offset, x_size - x_offset


def _decoded(stream: bytes, codec: Codec, transfer_syntax: str, layout: PixelLayout) -> Cells:
    """Decode one bit stream with the chosen plug-in; signed values come back as two's complement cells."""
    decoder = get_decoder(UID(transfer_syntax))
    # Checked by name: pydicom would fall back to another plug-in, whose lossy pixels may differ.
    if codec.plugin not in decoder.available_plugins:
        raise UnsupportedImage(
            f"the decoder of {syntax_name(transfer_syntax)} is not installed; install it with: "
            f"pip install {codec.packages}"
        )
    options: dict[str, Any] = {
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",  # polarity is a later step
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": "PixelData",
        "correct_unused_bits": False,  # bits beyond Bits Stored are masked by the gray table
        "raw": True,  # cells as decoded, without pydicom's own conversions
        "index": 0,
        "decoding_plugin": codec.plugin,
    }
    # The decoder takes encapsulated pixels: an empty offset table and one item with the bit stream.
    padded = stream + b"\0" * (len(stream) % 2)
    item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(padded)) + padded
    encapsulated = b"\xfe\xff\x00\xe0\0\0\0\0" + item
    try:
        (cells, _), complaint = decode_with_complaint(lambda: decoder.as_array(encapsulated, **options))
    except (RuntimeError, ValueError) as error:
        # pydicom lists every plug-in it tried; the last line is what the decoder itself said.
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise UnreadableImage(f"the compressed pixels are damaged: {said[-1].strip()}; {AGAIN}") from error
    if complaint:
        raise UnreadableImage(f"the compressed pixels are damaged: {complaint}; {AGAIN}")
    # Unsigned views, since the gray table is indexed by cell; it restores the sign by itself.
    return cells.view(np.uint16) if layout.bits_allocated == 16 else cells.view(np.uint8)


def decode_with_complaint(decode: Callable[[], _Result]) -> tuple[_Result, str]:
    """Run a decoder and catch what the JPEG library complains of.

    It says of damage on the standard error stream alone, and decodes on. Whatever else was written there
    meanwhile is written there again. Decoders run one at a time: the stream is that of the whole process.

    Args:
        decode: The decoder.

    Returns:
        Its result, and its first complaint of damage, ``""`` when it had none.

    """
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as sink:
        if sys.stderr:
            # What Python still holds back would otherwise land in the sink.
            sys.stderr.flush()
        try:
            kept = os.dup(_STANDARD_ERROR)
        # A process without standard error (a service, pythonw) has nothing to listen to.
        except OSError:
            return decode(), ""
        # The C library writes to the descriptor, so that replacing sys.stderr would catch nothing.
        os.dup2(sink.fileno(), _STANDARD_ERROR)
        try:
            result = decode()
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            os.lseek(sink.fileno(), 0, os.SEEK_SET)
            said = os.read(sink.fileno(), 1 << 20).decode("utf-8", "replace")
            others = _JPEG_COMPLAINT.sub("", said).strip()
            if others:
                os.write(_STANDARD_ERROR, f"{others}\n".encode())
    complaints = (line for line in _JPEG_COMPLAINT.findall(said) if not is_harmless_complaint(line))
    return result, next(complaints, "")
