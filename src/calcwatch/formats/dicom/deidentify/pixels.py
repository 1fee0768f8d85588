"""Pixels of a copy: compressed ones rebuilt or decoded, plain ones without the bits and bytes that none uses.

Whether a reader sees the same picture is not taken on trust: :func:`check_same_picture` reads both files as
an analysis does.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRLittleEndian

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import Mammogram, QualityFlag
from calcwatch.formats.bounds import check_size
from calcwatch.formats.dicom.deidentify.bit_streams import (
    BitStream,
    rebuilt_jpeg,
    rebuilt_jpeg_2000,
    rebuilt_rle,
)
from calcwatch.formats.dicom.read.frames import decode_with_complaint
from calcwatch.formats.dicom.read.header import integer, value, word
from calcwatch.formats.dicom.read.mammogram import read_dicom
from calcwatch.formats.dicom.read.syntax import Codec, codec_of

_DECODED_COLORS = {"YBR_FULL_422": "YBR_FULL", "YBR_ICT": "RGB", "YBR_RCT": "RGB"}
"""Photometric Interpretation of compressed pixels -> of the same decoded (PS3.5 8.2)."""

_MOST_BYTES = 2**31
"""Of decoded pixels, all frames together."""

_NOT_REBUILT = (
    "its pixels are compressed in a way that nobody can rebuild without what may name the patient; convert "
    "it to Explicit VR Little Endian, for example with gdcmconv --raw"
)

_OF_THE_HEADER = (
    QualityFlag.HEADER_UNREADABLE,
    QualityFlag.PIXEL_SPACING_AMBIGUOUS,
    QualityFlag.LATERALITY_CONFLICT,
    QualityFlag.VIEW_CONFLICT,
    QualityFlag.ORIENTATION_CONFLICT,
    QualityFlag.LOSSY_COMPRESSION,
)
"""Flags that only a header raises, in which a copy holds less."""

_CUT = 8
"""Bytes taken from the end of the coded pixels of JPEG 2000: where no pixel changes, they were none."""


def put_pixels(
    cleaned: Dataset,
    dataset: FileDataset,
    syntax: UID,
    *,
    keep: NDArray[np.bool_] | None,
    is_sound: bool,
) -> UID:
    """Put the pixels of a file into its copy.

    Compressed frames are rebuilt in their own syntax under a new offset table; where that cannot be done,
    and where something is blacked out, they are stored as they decode, which loses nothing.

    Args:
        cleaned: The copy; it is changed.
        dataset: The file, with Pixel Data.
        syntax: Its transfer syntax.
        keep: Pixels that stay, rows x columns; the others become background. ``None`` keeps all.
        is_sound: Whether an analysis reads the pixels: then a stream that cannot be rebuilt can be decoded.

    Returns:
        The transfer syntax of the copy.

    Raises:
        UnreadableImage: The pixels are damaged, or more than any image has.
        UnsupportedImage: They are compressed in a way that nobody can rebuild, and no analysis reads them.

    """
    _check_bounds(dataset)
    if syntax.is_encapsulated and keep is None:
        frames = _rebuilt_frames(dataset, syntax, is_sound=is_sound)
        if frames is not None:
            cleaned.PixelData = encapsulate(frames, has_bot=True)
            cleaned["PixelData"].VR = "OB"
            cleaned["PixelData"].is_undefined_length = True
            return syntax
    if int(dataset.BitsAllocated) == 1:
        cleaned.PixelData = _packed_bits(dataset)
        cleaned["PixelData"].VR = "OB"
        return ExplicitVRLittleEndian
    pixels = _without_other_bits(dataset, stored_pixels(dataset))
    if keep is not None:
        # The value that is shown black and not 0, which is white in MONOCHROME1.
        pixels = np.where(keep, pixels, _background(dataset, pixels)).astype(pixels.dtype)
    # pixels have the machine's order, the file is little-endian.
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    cleaned.PixelData = data + b"\0" * (len(data) % 2)
    cleaned["PixelData"].VR = "OW" if int(dataset.BitsAllocated) > 8 else "OB"
    if (integer(dataset, "SamplesPerPixel") or 1) > 1:
        # What a decoder gives: the samples of a pixel side by side, none left out.
        cleaned.PlanarConfiguration = 0
        color = word(dataset, "PhotometricInterpretation")
        cleaned.PhotometricInterpretation = _DECODED_COLORS.get(color, color)
    return ExplicitVRLittleEndian


def read_as_analyzed(content: bytes) -> Mammogram | None:
    """Read a file as an analysis reads it.

    Args:
        content: Its bytes.

    Returns:
        The mammogram; ``None`` for any other object, whose pixels no analysis reads.

    """
    try:
        return read_dicom(content, "")
    except CalcwatchError:
        return None


def check_same_picture(
    before: bytes,
    after: bytes,
    *,
    read: Mammogram | None,
    keep: NDArray[np.bool_] | None = None,
) -> tuple[str, ...]:
    """Check that a copy shows what its file shows, and says of it what that says, read as an analysis does.

    Args:
        before: Bytes of the file.
        after: Bytes of the copy.
        read: ``read_as_analyzed`` of the file: where it is none, stored pixels are compared.
        keep: Pixels that were kept, rows x columns; ``None``: all.

    Returns:
        Flags of the header that the copy has no longer, since what raised them did not stay.

    Raises:
        UnsupportedImage: It shows another picture, or says otherwise how large it is, of which side and view:
            what tells that did not stay.

    """
    copy = read_as_analyzed(after)
    if read is None and copy is not None:
        raise UnsupportedImage(
            "an analysis refuses this image and would read its copy, since what is wrong in its header "
            "cannot stay; see what calcwatch check says of it, correct the header, and clean it again"
        )
    first = _as_stored(before) if read is None else read.gray
    if first is None:
        return ()
    second = _as_stored(after) if copy is None else copy.gray
    if second is None or first.shape != second.shape:
        is_same = False
    else:
        is_same = bool(np.array_equal(first, second) if keep is None else (first == second)[keep].all())
    if not is_same:
        raise UnsupportedImage(
            "its copy would show another picture, since something that it is displayed by cannot stay; "
            "export the image with a plain window and without private attributes, or leave it out"
        )
    if read is None or copy is None:
        return ()
    of_copy = _said(copy)
    others = [name for name, said in _said(read).items() if said != of_copy[name]]
    if others:
        raise UnsupportedImage(
            f"its copy would say otherwise of: {', '.join(others)}, since what its header says of that has "
            "no valid form; see what calcwatch check says of it, correct the header, and clean it again"
        )
    return tuple(
        flag
        for flag in _OF_THE_HEADER
        if flag in read.description.flags and flag not in copy.description.flags
    )


def _said(mammogram: Mammogram) -> dict[str, object]:
    """What is understood of size, side, view and lie, by names for a message."""
    told, spacing = mammogram.description, mammogram.description.pixel_spacing
    return {
        "pixel spacing": spacing and (round(spacing.row_mm, 5), round(spacing.column_mm, 5)),
        "side": told.image_laterality,
        "view": told.view_position,
        "orientation": told.patient_orientation,
        "implant": QualityFlag.IMPLANT in told.flags,
        "film": QualityFlag.DIGITIZED_FILM in told.flags,
        "raw": QualityFlag.FOR_PROCESSING in told.flags,
    }


def stored_pixels(dataset: FileDataset) -> NDArray[Any]:
    """Pixels of a data set as they are stored.

    Args:
        dataset: With Pixel Data.

    Returns:
        Frames x rows x columns x samples, without what there is one of.

    Raises:
        UnreadableImage: Its decoder complains of damage.

    """
    codec = codec_of(word(dataset.file_meta, "TransferSyntaxUID"))
    # The decoder of an analysis: another one may round a lossy pixel otherwise.
    plugin = codec.plugin if codec else ""
    # Unused bits as they are: pydicom takes them to lie above the gray, whatever High Bit says.
    dataset.pixel_array_options(raw=True, decoding_plugin=plugin, correct_unused_bits=False)
    pixels, complaint = decode_with_complaint(lambda: dataset.pixel_array)
    if complaint:
        raise UnreadableImage(
            "the compressed pixels are damaged, so they cannot be cleaned; export the image again"
        )
    return np.ascontiguousarray(pixels)


def _as_stored(content: bytes) -> NDArray[Any] | None:
    """Stored pixels of any object; ``None`` where there are none that can be read."""
    try:
        dataset = dcmread(BytesIO(content), force=True)
        if "PixelData" not in dataset:
            return None
        _check_bounds(dataset)
        return _without_other_bits(dataset, stored_pixels(dataset))
    except Exception:  # pydicom answers damaged bytes with errors of any kind
        return None


def _check_bounds(dataset: FileDataset) -> None:
    """Refuse what promises more pixels than memory holds, before any of them is decoded."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    check_size(rows, columns)
    frames, samples = integer(dataset, "NumberOfFrames") or 1, integer(dataset, "SamplesPerPixel") or 1
    if rows * columns * frames * samples * int(dataset.BitsAllocated) // 8 > _MOST_BYTES:
        raise UnreadableImage("its pixels need more memory than 2 GB; export the frames one by one")


def _rebuilt_frames(dataset: FileDataset, syntax: UID, *, is_sound: bool) -> list[bytes] | None:
    """Every frame anew; ``None`` where any of them cannot be rebuilt but decoded."""
    codec = codec_of(syntax)
    if codec is None:
        raise UnsupportedImage(_NOT_REBUILT)
    made = []
    for stream in _frames(dataset):
        if codec.family == "rle":
            samples = integer(dataset, "SamplesPerPixel") or 1
            cells = int(dataset.Rows) * int(dataset.Columns)
            rebuilt = rebuilt_rle(stream, samples * int(dataset.BitsAllocated) // 8, cells)
        else:
            rebuilt = _rebuilt_stream(stream, dataset, syntax, codec, is_sound=is_sound)
        if rebuilt is None:
            return None
        made.append(rebuilt)
    return made


def _rebuilt_stream(
    stream: bytes, dataset: FileDataset, syntax: UID, codec: Codec, *, is_sound: bool
) -> bytes | None:
    is_2000 = codec.family == "jpeg2000"
    found = rebuilt_jpeg_2000(stream) if is_2000 else rebuilt_jpeg(stream)
    # Looked at before any decoder is: what is decoded without an analysis has at least the right size.
    if found is None:
        if not is_sound:
            raise UnsupportedImage(_NOT_REBUILT)
        return None
    if found.size != (int(dataset.Rows), int(dataset.Columns)):
        raise UnreadableImage("the compressed image has another size than the header says; export it again")
    if is_2000:
        return _to_last_pixel_2000(found, dataset, syntax)
    return _to_last_pixel(found, dataset, syntax, codec.family)


def _frames(dataset: FileDataset) -> Iterator[bytes]:
    offsets, lengths = value(dataset, "ExtendedOffsetTable"), value(dataset, "ExtendedOffsetTableLengths")
    yield from generate_frames(
        dataset.PixelData,
        number_of_frames=max(1, integer(dataset, "NumberOfFrames") or 1),
        extended_offsets=(offsets, lengths) if offsets and lengths else None,
    )


def _to_last_pixel(stream: BitStream, dataset: FileDataset, syntax: UID, family: str) -> bytes | None:
    """A JPEG frame that ends with its last pixel; ``None`` where nobody can say which byte that is."""
    # The decoder misses bytes before the end marker alone; of several runs the first ones stay unlooked at.
    if stream.runs != 1:
        return None
    if family == "jpeg-ls":
        # This decoder refuses any byte behind the last pixel.
        return stream.whole if _decoded(stream.whole, dataset, syntax) is not None else None
    surplus = _surplus(stream, dataset, syntax)
    return None if surplus is None else stream.with_coded(stream.coded[: len(stream.coded) - surplus])


def _surplus(stream: BitStream, dataset: FileDataset, syntax: UID) -> int | None:
    """How many bytes lie behind the last pixel; ``None`` where the decoder never misses any."""

    def is_enough(missing: int) -> bool:
        try:
            shorter = stream.with_coded(stream.coded[: len(stream.coded) - missing])
            return "premature" not in _decode(shorter, dataset, syntax)[1].lower()
        except (RuntimeError, ValueError):  # what pydicom makes of an error of its plug-ins
            return False

    # Nearly always the last byte is missed at once; else the step is doubled, then halved.
    enough, too_many = 0, 1
    while is_enough(too_many):
        enough, too_many = too_many, 2 * too_many
        if too_many >= len(stream.coded):
            return None
    while too_many - enough > 1:
        middle = (enough + too_many) // 2
        enough, too_many = (middle, too_many) if is_enough(middle) else (enough, middle)
    return enough


def _to_last_pixel_2000(stream: BitStream, dataset: FileDataset, syntax: UID) -> bytes | None:
    """A JPEG 2000 frame whose last bytes are pixels; ``None`` where they are none, or nobody can say."""
    if stream.runs != 1:
        return None
    whole = _decoded(stream.whole, dataset, syntax)
    cut = _decoded(stream.with_coded(stream.coded[:-_CUT]), dataset, syntax)
    is_needed = whole is not None and (cut is None or not np.array_equal(whole, cut))
    return stream.whole if is_needed else None


def _decoded(stream: bytes, dataset: FileDataset, syntax: UID) -> NDArray[Any] | None:
    try:
        return _decode(stream, dataset, syntax)[0]
    except (RuntimeError, ValueError):  # what pydicom makes of an error of its plug-ins
        return None


def _decode(stream: bytes, dataset: FileDataset, syntax: UID) -> tuple[NDArray[Any], str]:
    """Decode one frame; what the decoder complains of stands beside the pixels."""
    codec = codec_of(syntax)
    options: dict[str, Any] = {
        "rows": int(dataset.Rows),
        "columns": int(dataset.Columns),
        "number_of_frames": 1,
        "samples_per_pixel": integer(dataset, "SamplesPerPixel") or 1,
        "photometric_interpretation": word(dataset, "PhotometricInterpretation"),
        "bits_allocated": int(dataset.BitsAllocated),
        "bits_stored": int(dataset.BitsStored),
        "pixel_representation": int(dataset.PixelRepresentation),
        "planar_configuration": integer(dataset, "PlanarConfiguration") or 0,
        "pixel_keyword": "PixelData",
        "correct_unused_bits": False,
        "raw": True,
        "index": 0,
        "decoding_plugin": codec.plugin if codec else "",
    }
    decoder, encapsulated = get_decoder(syntax), encapsulate([stream], has_bot=False)
    (cells, _), complaint = decode_with_complaint(lambda: decoder.as_array(encapsulated, **options))
    return cells, complaint


def _without_other_bits(dataset: FileDataset, pixels: NDArray[Any]) -> NDArray[Any]:
    """Clear the bits outside of Bits Stored, in which old files hide overlays, which may show text."""
    if pixels.dtype.kind not in "ui" or word(dataset, "Modality") == "SEG":
        return pixels
    bits, high = int(dataset.BitsStored), integer(dataset, "HighBit")
    lowest = 0 if high is None else high + 1 - bits
    unsigned = pixels.view(pixels.dtype.str.replace("i", "u"))
    cleared = unsigned & unsigned.dtype.type(((1 << bits) - 1) << lowest)
    if pixels.dtype.kind == "i":
        # The sign is repeated above the gray, where readers expect it.
        above = unsigned.dtype.type((~((1 << (bits + lowest)) - 1)) & ((1 << 8 * pixels.itemsize) - 1))
        is_negative = (cleared >> (bits + lowest - 1)) & 1
        cleared = np.where(is_negative, cleared | above, cleared)
    same_type: NDArray[Any] = cleared.astype(unsigned.dtype).view(pixels.dtype)
    return same_type


def _packed_bits(dataset: FileDataset) -> bytes:
    """Pixels of one bit, without the bits behind the last of them."""
    frames = max(1, integer(dataset, "NumberOfFrames") or 1)
    # An array of bytes would be eight times as long and wrong.
    count = int(dataset.Rows) * int(dataset.Columns) * frames
    if count > 8 * len(dataset.PixelData):
        raise UnreadableImage("the file is truncated: it ends in its pixels; export it again")
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little", count=count)
    data = np.packbits(bits, bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


def _background(dataset: Dataset, pixels: NDArray[Any]) -> int:
    """The stored value that is shown black."""
    inverse = word(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    return int(pixels.max() if inverse else pixels.min())
