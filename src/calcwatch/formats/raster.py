"""PNG, TIFF and PGM: pictures that say little of themselves, read by their container alone.

gray = value / (2^bits - 1), where bits come from the container or from what the user states; never from the
brightest pixel. Resolution tags (dpi) are printing hints and no pixel spacing.
"""

from __future__ import annotations

import re
import struct
import warnings
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, ImageDescription, Mammogram, PixelSpacing, QualityFlag
from calcwatch.formats.bounds import AGAIN, check_is_fine, check_size
from calcwatch.formats.settings import READING

_PNG = b"\x89PNG\r\n\x1a\n"
"""Signature of a PNG (ISO 15948 5.2)."""

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Signatures of a TIFF and a BigTIFF in either byte order."""

_PGM_HEADER = re.compile(
    rb"P[25](?:\s+|#[^\n]*\n)+?(\d+)(?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)\s", re.S
)
"""Magic number, columns, rows and the value of white, with comments between them (Netpbm)."""

_TIFF_PHOTOMETRIC, _TIFF_BITS, _TIFF_COMPRESSION, _TIFF_SAMPLE_FORMAT = 262, 258, 259, 339
"""Tags of a TIFF (TIFF 6.0): PhotometricInterpretation, BitsPerSample, Compression, SampleFormat."""

_WHITE_IS_ZERO, _UNSIGNED = 0, 1
"""Values of PhotometricInterpretation and SampleFormat."""

_TIFF_JPEG = frozenset({6, 7, 34892, 33003, 33005, 34712})
"""Values of Compression that may lose: old and new JPEG, that of DNG, JPEG 2000, Aperio's two kinds of it."""

Samples = NDArray[np.uint8] | NDArray[np.uint16]
"""Values of a picture, rows x columns."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture, black to white as its container says.

    Attributes:
        samples: Its values, rows x columns.
        top: The value that the container calls white.
        bits: Bits of its values.
        significant_bits: How many of them carry gray (PNG sBIT).
        steps: How the values came about, in words.
        photometric: MONOCHROME1 where the lowest value is white, else MONOCHROME2.
        lossy: Compression that lost detail, in words; ``""`` for none.

    """

    samples: Samples
    top: int
    bits: int
    significant_bits: int
    steps: tuple[str, ...]
    photometric: str = "MONOCHROME2"
    lossy: str = ""


def raster_format(head: bytes) -> str:
    """Name the picture format of a file.

    Args:
        head: Its first bytes, 8 or more.

    Returns:
        PNG, TIFF or PGM; ``""`` for anything else.

    """
    if head.startswith(_PNG):
        return "PNG"
    if head[:4] in _TIFF:
        return "TIFF"
    return "PGM" if re.match(rb"P[25][\s#]", head) else ""


def read_raster(content: bytes, source: str, given: GivenAttributes) -> Mammogram:
    """Read one gray picture.

    Args:
        content: Bytes of the file.
        source: Where they come from, as messages and the description name it.
        given: What the picture does not say of itself.

    Returns:
        Gray 0 to 1 of the picture, with its description.

    Raises:
        UnreadableImage: It is empty, truncated, damaged, or beyond its bounds.
        UnsupportedImage: It is in color, transparent, of several pages, or of float or signed values.

    """
    try:
        return _read(content, source, given)
    except CalcwatchError as error:
        raise type(error)(f"{source}: {error}") from error


def describe_raster(content: bytes, source: str, given: GivenAttributes) -> ImageDescription:
    """Describe what was understood of a picture; never raises for a bad file.

    Args:
        content: Bytes of the file.
        source: Where they come from.
        given: What the picture does not say of itself.

    Returns:
        The description; ``not_analyzed_because`` holds the reason where :func:`read_raster` would raise.

    """
    try:
        return _read(content, source, given).description
    except CalcwatchError as error:
        bare = ImageDescription(source, file_format=raster_format(content[:16]))
        return replace(bare, not_analyzed_because=str(error))


def _read(content: bytes, source: str, given: GivenAttributes) -> Mammogram:
    kind = raster_format(content[:16])
    if not content:
        raise UnreadableImage("the file is empty (0 bytes); copy it again from its source")
    if not kind:
        raise UnsupportedImage("this is no PNG, TIFF or PGM picture")
    # Pillow scales PGM samples to its own range; the stored values are needed, so PGM is decoded here.
    picture = _scaled(_decode_pgm(content) if kind == "PGM" else _decode_with_pillow(content, kind), given)
    brightest = int(picture.samples.max())
    # A wrong statement would clip the brightest pixels, which are the calcifications.
    if brightest > picture.top:
        raise UnreadableImage(
            f"a value of {brightest} does not fit the {picture.bits} bits stated (at most {picture.top}); "
            "state the right number of bits"
        )
    bits_used = brightest.bit_length()
    # high bits that are never used, as in 12-bit pixels in a 16-bit file, are named; gray stays as it is
    is_unused = bits_used <= picture.bits - READING.unused_bits and picture.bits > READING.eight_bit
    # Whoever stated the bits knows them: an image may be dark for a good reason.
    unused = () if given.bits_stored is not None or not is_unused else (QualityFlag.BITS_UNUSED,)
    if unused:
        step = (
            f"values use {bits_used} of {picture.bits} bits; gray stays value / {picture.top}; "
            f"state --bits-stored {bits_used} if the values are {bits_used} bit"
        )
        picture = replace(picture, steps=(*picture.steps, step))
    description = _described(picture, given, ImageDescription(source, file_format=kind))
    # Before the division, which makes a picture of four bytes a pixel.
    check_is_fine(description.pixel_spacing)
    description = replace(description, bits_used=bits_used, flags=(*description.flags, *unused))
    # In single precision from the start: the intermediate float64 of a film scan would be hundreds of MB.
    gray: NDArray[np.float32] = np.divide(picture.samples, np.float32(picture.top), dtype=np.float32)
    if picture.photometric == "MONOCHROME1":
        # Inverted about the full scale and not about the brightest pixel, which would depend on the picture.
        np.subtract(np.float32(1), gray, out=gray)
    # sBIT values were scaled up, so that neighboring grays lie farther apart than the container's bits say.
    return Mammogram(gray, description, None, 1.0 / (2**picture.significant_bits - 1))


def _scaled(picture: Picture, given: GivenAttributes) -> Picture:
    """Take the number of bits the user states for the container's."""
    bits = given.bits_stored
    if bits is None:
        step = f"gray = value / {picture.top} ({picture.bits} bits of the container)"
        return replace(picture, steps=(*picture.steps, step))
    # The container cannot hold them: the statement is of another file.
    if bits > picture.bits:
        raise UnreadableImage(f"{bits} bits are stated but the picture has {picture.bits} bits a pixel")
    step = f"gray = value / {2**bits - 1} ({bits} bits, as stated by the user)"
    return replace(picture, top=2**bits - 1, bits=bits, significant_bits=bits, steps=(*picture.steps, step))


def _described(picture: Picture, given: GivenAttributes, bare: ImageDescription) -> ImageDescription:
    spacing = given.pixel_spacing_mm
    laterality, view = given.image_laterality, given.view_position
    flags = {
        QualityFlag.PIXEL_SPACING_UNKNOWN: spacing is None,
        QualityFlag.LATERALITY_UNKNOWN: laterality is None,
        QualityFlag.VIEW_UNKNOWN: view is None,
        QualityFlag.EIGHT_BIT: picture.bits <= READING.eight_bit,
        QualityFlag.LOSSY_COMPRESSION: bool(picture.lossy),
    }
    return replace(
        bare,
        rows=picture.samples.shape[0],
        columns=picture.samples.shape[1],
        bits_stored=picture.bits,
        photometric_interpretation=picture.photometric,
        pixel_steps=picture.steps,
        pixel_spacing=None if spacing is None else PixelSpacing(spacing, spacing, "given by the user"),
        pixel_spacing_note="" if spacing else "a picture's resolution tags (dpi) are no pixel spacing",
        image_laterality=laterality,
        laterality_source="given by the user" if laterality else "not given",
        view_position=view,
        view_source="given by the user" if view else "not given",
        lossy_history=picture.lossy,
        patient_id=given.patient_id,
        study_date=given.study_date,
        flags=tuple(flag for flag, is_set in flags.items() if is_set),
    )


def _decode_pgm(content: bytes) -> Picture:
    """Decode a plain (P2) or binary (P5) portable gray map; its header names the value that is white."""
    header = _PGM_HEADER.match(content)
    if header is None:
        raise UnreadableImage(f"the PGM header is damaged or truncated; {AGAIN}")
    columns, rows, top = (int(word) for word in header.groups())
    _check_size(rows, columns)
    # Netpbm's own bounds; 0 would also divide by zero.
    if not 1 <= top <= 65535:
        raise UnreadableImage(f"the PGM header names {top} as white; 1 to 65535 are allowed")
    decode = _plain_samples if content[:2] == b"P2" else _binary_samples
    samples = decode(content, header.end(), rows * columns, top)
    if len(samples) < rows * columns:
        raise UnreadableImage(
            f"the file is truncated: {len(samples)} of {rows * columns} pixels are there; {AGAIN}"
        )
    bits = top.bit_length()
    return Picture(samples.reshape(rows, columns), top, bits, bits, (f"PGM: white is {top}",))


def _binary_samples(content: bytes, start: int, count: int, top: int) -> Samples:
    # Netpbm writes a byte a sample up to 255, two bytes with the high byte first above.
    if top < 256:
        return np.frombuffer(content[start : start + count], np.uint8)
    # Cut to whole pairs: the caller tells a truncated file by its count of samples.
    data = content[start : start + 2 * count]
    return np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype(np.uint16)


def _plain_samples(content: bytes, start: int, count: int, top: int) -> Samples:
    # Comments may stand between samples too.
    text = re.sub(rb"#[^\n]*", b"", content[start:])
    # Bounded by what the header promises: trailing rubbish costs neither time nor memory.
    words = text.split(maxsplit=count)[:count]
    try:
        values = np.array(words, dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise UnreadableImage("the PGM holds something that is no number") from error
    if len(values) and not 0 <= values.min() <= values.max() <= top:
        raise UnreadableImage(f"the PGM holds a value outside 0 to {top}")
    return values.astype(np.uint8) if top < 256 else values.astype(np.uint16)


def _decode_with_pillow(content: bytes, kind: str) -> Picture:
    # WeasyPrint sets this for the whole process: half a breast would be read as a whole one
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # formats: no other of Pillow's many decoders is reachable by a forged signature.
            image = Image.open(BytesIO(content), formats=(kind,))
        except UnidentifiedImageError as error:
            raise UnreadableImage(
                f"the {kind} is damaged or truncated: its header is not readable; {AGAIN}"
            ) from error
        except Image.DecompressionBombError as error:
            # Pillow's message begins with the number of pixels.
            promised = " ".join(re.findall(r"\d+", str(error))[:1])
            raise UnreadableImage(
                f"the header promises {promised} pixels, more than any mammogram has: "
                "refused as a compression bomb; do not trust this file"
            ) from error
        except Exception as error:  # Pillow answers damaged files with errors of many kinds
            raise UnreadableImage(f"the {kind} is damaged or truncated: {error}; {AGAIN}") from error
        with image:
            _check_size(image.height, image.width)
            # Before load: the size and the pages are in the header, decoding is the expensive part.
            _check_is_single(image, kind)
            picture = _png_layout(content) if kind == "PNG" else _tiff_layout(image)
            try:
                image.load()
            except Exception as error:  # as above: truncated data, a wrong checksum, a broken code stream
                raise UnreadableImage(f"the {kind} is damaged or truncated: {error}; {AGAIN}") from error
            samples, note = _gray_samples(image)
    return replace(picture, samples=samples, steps=(*picture.steps, *note))


def _check_size(rows: int, columns: int) -> None:
    check_size(rows, columns)
    if rows * columns == 0:
        raise UnreadableImage(f"the picture has {rows} x {columns} pixels; export it again")


def _check_is_single(image: Image.Image, kind: str) -> None:
    pages = int(getattr(image, "n_frames", 1))
    if pages > 1:
        raise UnsupportedImage(f"the {kind} holds {pages} pages; save each as a file of its own")


def _png_layout(content: bytes) -> Picture:
    """Read bit depth and significant bits of a PNG (ISO 15948 11.2.2, 11.3.2.4), refusing what loses bits."""
    depth, color_type = content[24], content[25]
    # Below 8 bits calcifications and tissue share their gray levels.
    if depth < 8 and color_type == 0:
        raise UnsupportedImage(f"the PNG has {depth} bits a pixel; a mammogram has 8 or 16")
    # Pillow reduces 16-bit color to 8 bits without a word.
    if depth == 16 and color_type != 0:
        raise UnsupportedImage(
            "the PNG has 16 bits in several channels; save it as 16-bit gray without alpha"
        )
    significant = _significant_bits(content)
    # sBIT of all bits says nothing, and more bits than there are is a damaged chunk.
    if significant is None or not 1 <= significant < depth:
        return _undecoded(depth, depth, "PNG")
    return _undecoded(
        depth, significant, f"PNG: sBIT says {significant} of {depth} bits carry gray, scaled up"
    )


def _undecoded(bits: int, significant: int, step: str) -> Picture:
    return Picture(np.zeros((0, 0), np.uint8), 2**bits - 1, bits, significant, (step,))


def _significant_bits(content: bytes) -> int | None:
    """Return the first channel's significant bits of chunk sBIT, which precedes the pixels; else ``None``."""
    position = len(_PNG)
    while position + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        if name == b"sBIT" and length >= 1:
            # The first channel serves: a gray picture has no other, and gray in color clothes has them alike.
            return content[position + 8]
        # sBIT behind the pixels would be invalid, and a chunk walk through them is slow.
        if name == b"IDAT":
            return None
        position += 12 + int(length)
    return None


def _tiff_layout(image: Image.Image) -> Picture:
    """Read bits, polarity and compression of a TIFF from its tags (TIFF 6.0)."""
    tags: Any = getattr(image, "tag_v2", {})
    # A value for each channel; 1 is the default of TIFF 6.0 where the tag is missing.
    bits = int(np.max(tags.get(_TIFF_BITS, 1)))
    kinds = np.atleast_1d(tags.get(_TIFF_SAMPLE_FORMAT, 1))
    if np.any(kinds != _UNSIGNED):
        raise UnsupportedImage(
            "the TIFF has signed or floating point values; save it as unsigned 8 or 16 bit"
        )
    if not 8 <= bits <= 16:
        raise UnsupportedImage(f"the TIFF has {bits} bits a pixel; a mammogram has 8 to 16")
    if bits > 8 and len(image.getbands()) > 1:
        raise UnsupportedImage(
            "the TIFF has 16 bits in several channels; save it as 16-bit gray without alpha"
        )
    layout = _undecoded(bits, bits, "TIFF")
    # By the kind of compression: JPEG inside a TIFF does not say whether it was lossless.
    if tags.get(_TIFF_COMPRESSION, 1) in _TIFF_JPEG:
        layout = replace(layout, lossy="JPEG compression inside the TIFF, may have lost detail")
    if tags.get(_TIFF_PHOTOMETRIC, 1) != _WHITE_IS_ZERO:
        return layout
    step = "TIFF Photometric Interpretation WhiteIsZero: low values are white, inverted"
    return replace(layout, steps=(*layout.steps, step), photometric="MONOCHROME1")


def _gray_samples(image: Image.Image) -> tuple[Samples, tuple[str, ...]]:
    """Return stored gray values; a gray picture in color clothes is undressed, a colored one refused."""
    if image.mode in ("I;16", "I;16B", "I;16L"):
        return np.asarray(image).astype(np.uint16), ()
    if image.mode == "L":
        # Pillow's inversion is undone: samples stay those of the file, and polarity is a step that is named.
        inverted = _is_white_zero(image)
        return (255 - np.asarray(image) if inverted else np.asarray(image)), ()
    # Floating point, CMYK or LAB have no stored gray of 8 bits to be undressed.
    if image.mode not in ("RGB", "RGBA", "LA", "P", "PA"):
        raise UnsupportedImage(
            f"pixels of kind {image.mode} are not read; save the picture as 8 or 16-bit gray"
        )
    channels = np.asarray(image.convert("RGBA"))
    # What a transparent pixel shows depends on the background, which nobody stated.
    if channels[..., 3].min() < 255:
        raise UnsupportedImage("the picture is partly transparent; save it as gray without alpha")
    if not (
        np.array_equal(channels[..., 0], channels[..., 1])
        and np.array_equal(channels[..., 0], channels[..., 2])
    ):
        raise UnsupportedImage(
            "the picture is in color; a mammogram is gray: save it in gray, or leave it out"
        )
    return np.ascontiguousarray(channels[..., 0]), (f"gray in {image.mode} form: one channel taken",)


def _is_white_zero(image: Image.Image) -> bool:
    """Tell whether Pillow has inverted the values: it does for 8-bit WhiteIsZero, not for 16-bit."""
    tags: Any = getattr(image, "tag_v2", {})
    return bool(tags.get(_TIFF_PHOTOMETRIC, 1) == _WHITE_IS_ZERO)
