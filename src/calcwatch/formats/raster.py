"""PNG, TIFF and PGM: pictures that say little of themselves, read by their container alone.

gray = value / (2^bits - 1), where bits come from the container or from what the user states; never from the
brightest pixel. Resolution tags (dpi) are printing hints and no pixel spacing.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, ImageDescription, Mammogram, PixelSpacing, QualityFlag
from calcwatch.formats.bounds import AGAIN, check_is_fine
from calcwatch.formats.containers import PNG_SIGNATURE, Container, check_pgm, check_png, check_tiff
from calcwatch.formats.settings import READING

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Signatures of a TIFF and a BigTIFF in either byte order."""

_TIFF_PHOTOMETRIC, _TIFF_BITS, _TIFF_COMPRESSION, _TIFF_SAMPLE_FORMAT = 262, 258, 259, 339
"""Tags of a TIFF (TIFF 6.0): PhotometricInterpretation, BitsPerSample, Compression, SampleFormat."""

_WHITE_IS_ZERO, _UNSIGNED = 0, 1
"""Values of PhotometricInterpretation and SampleFormat."""

_TIFF_JPEG = frozenset({6, 7, 34892, 33003, 33005, 34712})
"""Values of Compression that may lose: old and new JPEG, that of DNG, JPEG 2000, Aperio's two kinds of it."""

_COMMENT = re.compile(rb"#[^\n]*+")
"""A comment of a plain PGM, to the end of its line."""

_PLAIN_STEP = 2**20
"""Bytes of a plain PGM that are read at a time."""

_PLAIN_DIGITS = 9
"""Most digits of a sample of a plain PGM; leading zeros are allowed, 5 are needed."""

_LOOKED_AT = 4096
"""Bytes behind the samples that are looked at for another picture."""

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
        odd_end: What is odd of a file whose pixels are all there, in words; ``""``: nothing.

    """

    samples: Samples
    top: int
    bits: int
    significant_bits: int
    steps: tuple[str, ...]
    photometric: str = "MONOCHROME2"
    lossy: str = ""
    odd_end: str = ""


def raster_format(head: bytes) -> str:
    """Name the picture format of a file.

    Args:
        head: Its first bytes, 8 or more.

    Returns:
        PNG, TIFF or PGM; ``""`` for anything else.

    """
    if head.startswith(PNG_SIGNATURE):
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
        raise UnreadableImage(
            f"{bits} bits are stated but the picture has {picture.bits} bits a pixel; state fewer"
        )
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
        QualityFlag.FILE_END_ODD: bool(picture.odd_end),
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
    header = check_pgm(content)
    count = header.rows * header.columns
    is_plain = content[:2] == b"P2"
    samples, rest = (_plain_samples if is_plain else _binary_samples)(content, header.end, count, header.top)
    if len(samples) < count:
        raise UnreadableImage(f"the file is truncated: {len(samples)} of {count} pixels are there; {AGAIN}")
    # Netpbm allows several pictures in a file; which of them is meant nobody says.
    if raster_format(rest) == "PGM":
        raise UnsupportedImage("the PGM holds 2 pages or more; save each as a file of its own")
    bits = header.top.bit_length()
    picture = Picture(
        samples.reshape(header.rows, header.columns), header.top, bits, bits, (f"PGM: white is {header.top}",)
    )
    return _with_odd_end(picture, "something follows its pixels" if rest else "")


def _with_odd_end(picture: Picture, odd_end: str) -> Picture:
    steps = (*picture.steps, f"the end of the file is odd: {odd_end}") if odd_end else picture.steps
    return replace(picture, odd_end=odd_end, steps=steps)


def _binary_samples(content: bytes, start: int, count: int, top: int) -> tuple[Samples, bytes]:
    """Samples of a binary gray map, and the beginning of what follows them."""
    # Netpbm writes a byte a sample up to 255, two bytes with the high byte first above.
    size = 1 if top < 256 else 2
    end = start + size * count
    # Cut to whole samples: the caller tells a truncated file by their count.
    data = content[start : start + (min(end, len(content)) - start) // size * size]
    samples = np.frombuffer(data, np.uint8) if size == 1 else np.frombuffer(data, ">u2").astype(np.uint16)
    return samples, content[end : end + _LOOKED_AT].strip()


def _plain_samples(content: bytes, start: int, count: int, top: int) -> tuple[Samples, bytes]:
    """Samples of a plain gray map, read piece by piece: as words all of them would fill gigabytes."""
    pieces: list[NDArray[np.uint16]] = []
    found, words = 0, list[bytes]()
    while start < len(content) and found < count:
        end = _piece_end(content, start)
        # Comments may stand between samples too.
        words = _COMMENT.sub(b"", content[start:end]).split()
        piece, words = words[: count - found], words[count - found :]
        # Not int: it takes signs and underscores, and thousands of digits.
        if not all(word.isdigit() and len(word) <= _PLAIN_DIGITS for word in piece):
            raise UnreadableImage(f"the PGM holds something that is no number from 0 to {top}; {AGAIN}")
        values = np.array(piece, dtype=f"S{_PLAIN_DIGITS}").astype(np.int64)
        if len(values) and values.max() > top:
            raise UnreadableImage(f"the PGM holds a value outside 0 to {top}; {AGAIN}")
        pieces.append(values.astype(np.uint16))
        found, start = found + len(values), end
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.uint16)
    rest = b" ".join(words[:_LOOKED_AT]) or content[start : start + _LOOKED_AT].strip()
    return (samples.astype(np.uint8) if top < 256 else samples), rest


def _piece_end(content: bytes, start: int) -> int:
    """Where a piece of text may end: between two words, and never within a comment."""
    end = start + _PLAIN_STEP
    if end >= len(content):
        return len(content)
    line = content.rfind(b"\n", start, end)
    if line >= start:
        return line + 1
    # A line that goes on: a comment in it reaches to its end, words part anywhere.
    if content.find(b"#", start, end) >= 0:
        line = content.find(b"\n", end)
        return len(content) if line < 0 else line + 1
    word = max(content.rfind(space, start, end) for space in (b" ", b"\t", b"\r"))
    return end if word < start else word + 1


def _decode_with_pillow(content: bytes, kind: str) -> Picture:
    container = check_png(content) if kind == "PNG" else check_tiff(content)
    # WeasyPrint sets this for the whole process: half a breast would be read as a whole one
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # formats: no other of Pillow's many decoders is reachable by a forged signature.
            image = Image.open(BytesIO(container.content), formats=(kind,))
        except UnidentifiedImageError as error:
            raise UnreadableImage(
                f"the {kind} is damaged or truncated: its header is not readable; {AGAIN}"
            ) from error
        except Exception as error:  # Pillow answers damaged files with errors of many kinds
            raise UnreadableImage(f"the {kind} is damaged or truncated: {error}; {AGAIN}") from error
        with image:
            # The decoder reads the same header: were it of another opinion, nobody could say who is right.
            if (image.height, image.width) != (container.rows, container.columns):
                raise UnreadableImage(f"the {kind} is damaged: its header contradicts itself; {AGAIN}")
            picture = _png_layout(container) if kind == "PNG" else _tiff_layout(image)
            try:
                image.load()
            except Exception as error:  # as above: truncated data, a wrong checksum, a broken code stream
                raise UnreadableImage(f"the {kind} is damaged or truncated: {error}; {AGAIN}") from error
            samples, note = _gray_samples(image)
    picture = replace(picture, samples=samples, steps=(*picture.steps, *container.steps, *note))
    return _with_odd_end(picture, container.odd_end)


def _png_layout(container: Container) -> Picture:
    """Take bit depth and significant bits of a PNG (ISO 15948 11.2.2, 11.3.2.4), refusing what loses bits."""
    depth, color_type = container.bits, container.color_type
    # Below 8 bits calcifications and tissue share their gray levels.
    if depth < 8 and color_type == 0:
        raise UnsupportedImage(f"the PNG has {depth} bits a pixel; a mammogram has 8 or 16")
    # Pillow reduces 16-bit color to 8 bits without a word.
    if depth == 16 and color_type != 0:
        raise UnsupportedImage(
            "the PNG has 16 bits in several channels; save it as 16-bit gray without alpha"
        )
    significant = container.significant_bits
    # sBIT of all bits says nothing, and more bits than there are is a damaged chunk.
    if significant is None or not 1 <= significant < depth:
        return _undecoded(depth, depth, "PNG")
    return _undecoded(
        depth, significant, f"PNG: sBIT says {significant} of {depth} bits carry gray, scaled up"
    )


def _undecoded(bits: int, significant: int, step: str) -> Picture:
    return Picture(np.zeros((0, 0), np.uint8), 2**bits - 1, bits, significant, (step,))


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
