"""Stored pixels of one frame: layout checked against the bytes before anything is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.bounds import check_size
from calcwatch.formats.dicom.read.complaints import listen
from calcwatch.formats.dicom.read.header import integer, value, word
from calcwatch.formats.dicom.read.parse import AGAIN, DicomFile, PixelElement
from calcwatch.formats.dicom.read.syntax import BIG_ENDIAN, Codec, codec_of, is_native, syntax_name

Codes = NDArray[np.uint8] | NDArray[np.uint16]
"""Pixel cells as stored: rows x columns, unsigned, bits outside Bits Stored not yet removed."""


@dataclass(frozen=True)
class PixelLayout:
    """How one frame is stored: PS3.5 8.1.1 and PS3.3 C.7.6.3."""

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
    """Return the pixel layout the header states, checked against itself and against the bounds.

    Raises ``UnreadableImage`` for a missing or contradictory attribute or a frame of too many pixels,
    ``UnsupportedImage`` for color, float or 32-bit pixels.
    """
    _check_is_gray(file)
    layout = PixelLayout(
        rows=_required(file, "Rows"),
        columns=_required(file, "Columns"),
        frames=max(1, integer(file.dataset, "NumberOfFrames") or 1),
        bits_allocated=_required(file, "BitsAllocated"),
        bits_stored=_required(file, "BitsStored"),
        high_bit=_high_bit(file),
        signed=integer(file.dataset, "PixelRepresentation") == 1,
    )
    if layout.bits_allocated not in (8, 16):
        raise UnsupportedImage(f"Bits Allocated {layout.bits_allocated} is not read; mammograms have 8 or 16")
    if not 1 <= layout.bits_stored <= layout.high_bit + 1 <= layout.bits_allocated:
        raise UnreadableImage(
            f"Bits Allocated {layout.bits_allocated}, Bits Stored {layout.bits_stored} and High Bit "
            f"{layout.high_bit} contradict each other; {AGAIN}"
        )
    check_size(layout.rows, layout.columns)
    return layout


def read_codes(file: DicomFile, layout: PixelLayout, frame: int = 0) -> Codes:
    """Return the stored pixel cells of one frame (counted from 0), rows x columns.

    Raises ``UnreadableImage`` when its bytes are truncated, damaged or of another size than the header says,
    ``UnsupportedImage`` when its transfer syntax is not read.
    """
    if file.pixels is None:
        raise UnreadableImage("the file holds no pixels; export it again")
    if is_native(file.transfer_syntax):
        return _native(file, layout, frame)
    codec = codec_of(file.transfer_syntax)
    if codec is None:
        raise UnsupportedImage(
            f"transfer syntax {syntax_name(file.transfer_syntax)} is not read; "
            "convert the file to Explicit VR Little Endian or JPEG Lossless"
        )
    if layout.bits_stored > codec.max_bits:
        raise UnsupportedImage(
            f"{syntax_name(file.transfer_syntax)} of {layout.bits_stored} bits is not read; "
            "convert the file to Explicit VR Little Endian"
        )
    stream = _encapsulated_frame(file, layout, frame)
    _check_bit_stream(stream, codec, layout)
    return _decoded(stream, codec, file, layout)


def _check_is_gray(file: DicomFile) -> None:
    samples = integer(file.dataset, "SamplesPerPixel") or 1
    photometric = word(file.dataset, "PhotometricInterpretation")
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnsupportedImage(
            f"Photometric Interpretation {photometric or '(missing)'} with {samples} samples per pixel is "
            "not read; a mammogram is MONOCHROME1 or MONOCHROME2"
        )
    if file.pixels is not None and file.pixels.keyword != "PixelData":
        raise UnsupportedImage(f"{file.pixels.keyword} is not read; a mammogram has integer Pixel Data")


def _required(file: DicomFile, keyword: str) -> int:
    stated = integer(file.dataset, keyword)
    if stated is None or stated < 1:
        raise UnreadableImage(
            f"the required attribute {keyword} is missing or empty in the header; export the file again"
        )
    return stated


def _high_bit(file: DicomFile) -> int:
    stated = integer(file.dataset, "HighBit")
    return _required(file, "BitsStored") - 1 if stated is None else stated


def _native(file: DicomFile, layout: PixelLayout, frame: int) -> Codes:
    assert file.pixels is not None
    _check_native_length(file.pixels, file.size, layout)
    start = file.pixels.offset
    swapped = file.transfer_syntax == BIG_ENDIAN and (layout.bits_allocated == 16 or file.pixels.vr == "OW")
    file.stream.seek(start + frame * layout.frame_bytes)
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
    needed = layout.frame_bytes * layout.frames
    present = min(pixels.length, size - pixels.offset)
    if present < min(needed, pixels.length):
        raise UnreadableImage(
            f"the file is truncated: {present} of {needed} bytes of pixels are there; {AGAIN}"
        )
    smallest_error = layout.bits_allocated // 8 * min(layout.rows, layout.columns)
    if not 0 <= present - needed < max(2, smallest_error):
        raise UnreadableImage(
            f"{layout.frames} x {layout.rows} x {layout.columns} pixels need {needed} bytes but Pixel Data "
            f"has {present}: Rows, Columns or Number of Frames must be wrong; {AGAIN}"
        )


def _encapsulated_frame(file: DicomFile, layout: PixelLayout, frame: int) -> bytes:
    """Return one frame's bit stream, its fragments joined (PS3.5 A.4)."""
    assert file.pixels is not None
    if file.pixels.length is not None:
        raise UnreadableImage(
            f"the pixels are not encapsulated although the transfer syntax is a compressed one; {AGAIN}"
        )
    file.stream.seek(file.pixels.offset)
    offsets = value(file.dataset, "ExtendedOffsetTable")
    lengths = value(file.dataset, "ExtendedOffsetTableLengths")
    try:
        return get_frame(
            file.stream,
            frame,
            number_of_frames=layout.frames,
            extended_offsets=(offsets, lengths) if offsets and lengths else None,
        )
    except (ValueError, EOFError, struct.error, IndexError) as error:
        raise UnreadableImage(f"the compressed pixels are truncated or damaged: {error}; {AGAIN}") from error


def _check_bit_stream(stream: bytes, codec: Codec, layout: PixelLayout) -> None:
    """Refuse a bit stream that is cut off or whose own size is not the header's, before decoding it."""
    if codec.family == "rle":
        return
    if b"\xff\xd9" not in stream[-64:].rstrip(b"\0"):
        raise UnreadableImage(f"the compressed pixels are truncated: their end marker is missing; {AGAIN}")
    size = _jpeg2000_size(stream) if codec.family == "jpeg2000" else _jpeg_size(stream)
    if size != (layout.rows, layout.columns):
        raise UnreadableImage(
            f"the header says {layout.rows} x {layout.columns} pixels but the compressed image "
            f"{'has no readable size' if size is None else f'has {size[0]} x {size[1]}'}; {AGAIN}"
        )


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns of the frame header (ITU-T T.81 B.2.2; T.87 uses marker SOF55)."""
    position = 2
    while len(stream) >= position + 9 and stream[position] == 0xFF:
        marker = stream[position + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns = struct.unpack_from(">HH", stream, position + 5)
            return rows, columns
        position += 2 + int(struct.unpack_from(">H", stream, position + 2)[0]) if marker != 0xFF else 1
    return None


def _jpeg2000_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns of the SIZ marker (ITU-T T.800 A.5.1), of a bare code stream or inside JP2."""
    start = stream.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or len(stream) < start + 24:
        return None
    x_size, y_size, x_offset, y_offset = struct.unpack_from(">IIII", stream, start + 8)
    return y_size - y_offset, x_size - x_offset


def _decoded(stream: bytes, codec: Codec, file: DicomFile, layout: PixelLayout) -> Codes:
    """Decode one bit stream with the chosen plug-in; signed values come back as two's complement cells."""
    options: Any = {
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": "PixelData",
        "correct_unused_bits": False,
    }
    decoder = get_decoder(UID(file.transfer_syntax))
    if codec.plugin not in decoder.available_plugins:
        raise UnsupportedImage(
            f"the decoder of {syntax_name(file.transfer_syntax)} is not installed; install it with: "
            f"pip install {codec.packages}"
        )
    options |= {"raw": True, "index": 0, "decoding_plugin": codec.plugin}
    try:
        (cells, _), complaint = listen(lambda: decoder.as_array(_one_fragment(stream), **options))
    except (RuntimeError, ValueError) as error:
        raise UnreadableImage(f"the compressed pixels are damaged: {_last_line(error)}; {AGAIN}") from error
    if complaint:
        raise UnreadableImage(f"the compressed pixels are damaged: {complaint}; {AGAIN}")
    return cells.view(np.uint16) if layout.bits_allocated == 16 else cells.view(np.uint8)


def _one_fragment(stream: bytes) -> bytes:
    """Wrap a bit stream as encapsulated pixel data of one frame: an empty offset table and one item."""
    padded = stream + b"\0" * (len(stream) % 2)
    return b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0" + struct.pack("<I", len(padded)) + padded


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip() if str(error).strip() else type(error).__name__
