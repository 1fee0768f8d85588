"""Pictures: gray by the container alone, and a clear no to what is no gray picture."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, QualityFlag
from calcwatch.formats import bounds
from calcwatch.formats.raster import describe_raster, raster_format, read_raster

GIVEN = GivenAttributes()
EIGHT = np.arange(256, dtype=np.uint8).reshape(8, 32)
SIXTEEN = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(8, 32)


def saved(pixels: Any, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pgm(pixels: Any, top: int, magic: str = "P5", comment: str = "") -> bytes:
    rows, columns = pixels.shape
    head = f"{magic}\n{comment}{columns} {rows}\n{top}\n".encode()
    if magic == "P2":
        return head + "\n".join(" ".join(str(v) for v in row) for row in pixels).encode() + b"\n"
    data: bytes = (pixels.astype(">u2") if top > 255 else pixels.astype(np.uint8)).tobytes()
    return head + data


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunk(content: bytes, name: bytes, data: bytes) -> bytes:
    """Insert a chunk after the header chunk of a PNG."""
    return content[:33] + png_chunk(name, data) + content[33:]


def tiff(pixels: Any, tags: dict[int, int], order: str = "<") -> bytes:
    """Write an uncompressed TIFF of one strip by hand, so that nothing but these tags decides its meaning."""
    rows, columns = pixels.shape
    data: bytes = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    base = {
        256: columns,
        257: rows,
        258: pixels.dtype.itemsize * 8,
        259: 1,
        262: 1,
        273: 8,
        277: 1,
        278: rows,
    }
    entries = sorted((base | {279: len(data)} | tags).items())
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(data))
    directory = struct.pack(f"{order}H", len(entries))
    for tag, value in entries:
        directory += struct.pack(f"{order}HHII", tag, 4, 1, value)
    return head + data + directory + bytes(4)


def assert_refused(
    content: bytes, kind: type[CalcwatchError], reason: str, given: GivenAttributes = GIVEN
) -> None:
    """Check that reading raises and describing tells the same reason, without the file's name."""
    with pytest.raises(kind, match=reason) as caught:
        read_raster(content, "bad.png", given)
    assert str(caught.value) == f"bad.png: {describe_raster(content, 'bad.png', given).not_analyzed_because}"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("pixels", "top"), [(EIGHT, 255), (SIXTEEN, 65535)])
def test_gray_of_container(kind: str, pixels: Any, top: int) -> None:
    """Eight and sixteen bit PNG and TIFF are value / (2^bits - 1)."""
    found = read_raster(saved(pixels, kind), "a", GIVEN)
    np.testing.assert_array_equal(found.gray, pixels.astype(np.float32) / np.float32(top))
    assert found.gray_step == 1 / top
    assert found.padding is None
    assert found.description.file_format == kind
    assert (QualityFlag.EIGHT_BIT in found.description.flags) == (top == 255)


@pytest.mark.parametrize("magic", ["P2", "P5"])
@pytest.mark.parametrize("top", [255, 100, 4095, 65535])
def test_gray_of_pgm(magic: str, top: int) -> None:
    """Plain and binary PGM are value / the header's white, comments and all."""
    pixels = np.linspace(0, top, 60).round().astype(np.uint16).reshape(6, 10)
    found = read_raster(pgm(pixels, top, magic, "# made by hand\n"), "a.pgm", GIVEN)
    np.testing.assert_allclose(found.gray, pixels / top, atol=1e-7)
    assert found.description.bits_stored == top.bit_length()


def test_gray_does_not_follow_the_content() -> None:
    """A dark picture stays dark: gray never depends on the brightest pixel."""
    found = read_raster(saved(EIGHT // 4, "PNG"), "a.png", GIVEN)
    assert found.gray.max() == np.float32(63) / np.float32(255)


def test_twelve_bits_in_sixteen() -> None:
    """Twelve bit pixels in a 16-bit PNG are flagged; stated bits make them read right."""
    pixels = (SIXTEEN >> 4).astype(np.uint16)
    content = saved(pixels, "PNG")
    silent = read_raster(content, "a.png", GIVEN)
    assert QualityFlag.BITS_UNUSED in silent.description.flags
    assert (silent.description.bits_used, silent.description.bits_stored) == (12, 16)
    assert silent.gray_step == 1 / 65535
    assert any("values use 12 of 16 bits" in step for step in silent.description.pixel_steps)
    stated = read_raster(content, "a.png", GivenAttributes(bits_stored=12))
    np.testing.assert_array_equal(stated.gray, pixels.astype(np.float32) / np.float32(4095))
    assert stated.gray_step == 1 / 4095
    assert QualityFlag.BITS_UNUSED not in stated.description.flags


def test_bits_that_do_not_fit() -> None:
    """Stated bits that the values or the container do not fit are refused."""
    assert_refused(
        saved(SIXTEEN, "PNG"),
        UnreadableImage,
        "65535 does not fit the 12 bits",
        GivenAttributes(bits_stored=12),
    )
    assert_refused(
        saved(EIGHT, "PNG"), UnreadableImage, "12 bits are stated", GivenAttributes(bits_stored=12)
    )


def test_significant_bits_of_png() -> None:
    """The sBIT chunk tells how many bits carry gray; values are scaled up already (ISO 15948)."""
    pixels = ((SIXTEEN >> 4) * (65535 / 4095)).round().astype(np.uint16)
    found = read_raster(with_chunk(saved(pixels, "PNG"), b"sBIT", b"\x0c"), "a.png", GIVEN)
    np.testing.assert_array_equal(found.gray, pixels.astype(np.float32) / np.float32(65535))
    assert found.gray_step == 1 / 4095
    assert any("sBIT says 12 of 16 bits" in step for step in found.description.pixel_steps)
    plain = read_raster(with_chunk(saved(pixels, "PNG"), b"sBIT", b"\x10"), "a.png", GIVEN)
    assert plain.gray_step == 1 / 65535


@pytest.mark.parametrize("pixels", [EIGHT, SIXTEEN])
def test_white_is_zero(pixels: Any) -> None:
    """A TIFF whose header says WhiteIsZero is inverted by the header's range, at 8 and 16 bits."""
    top = np.iinfo(pixels.dtype).max
    found = read_raster(tiff(pixels // 2, {262: 0}), "a.tif", GIVEN)
    np.testing.assert_allclose(found.gray, 1 - (pixels // 2) / top, atol=1e-6)
    assert found.description.photometric_interpretation == "MONOCHROME1"
    assert found.description.bits_used == int(pixels.max() // 2).bit_length()
    assert any("WhiteIsZero" in step for step in found.description.pixel_steps)


@pytest.mark.parametrize("order", ["<", ">"])
def test_byte_order_of_tiff(order: str) -> None:
    """Sixteen bit TIFF is read in both byte orders."""
    found = read_raster(tiff(SIXTEEN, {}, order), "a.tif", GIVEN)
    np.testing.assert_array_equal(found.gray, SIXTEEN.astype(np.float32) / np.float32(65535))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiff(compression: str) -> None:
    """Losslessly compressed TIFF is read."""
    found = read_raster(saved(SIXTEEN, "TIFF", compression=compression), "a.tif", GIVEN)
    np.testing.assert_array_equal(found.gray, SIXTEEN.astype(np.float32) / np.float32(65535))
    assert QualityFlag.LOSSY_COMPRESSION not in found.description.flags


def test_lossy_tiff() -> None:
    """JPEG compression inside a TIFF is flagged."""
    described = describe_raster(saved(EIGHT, "TIFF", compression="jpeg"), "a.tif", GIVEN)
    assert QualityFlag.LOSSY_COMPRESSION in described.flags
    assert "JPEG" in described.lossy_history


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_gray_in_color_form(mode: str) -> None:
    """A gray picture saved in channels or with an opaque alpha is read, with a note."""
    content = saved(Image.fromarray(EIGHT).convert(mode), "PNG")
    found = read_raster(content, "a.png", GIVEN)
    np.testing.assert_array_equal(found.gray, EIGHT.astype(np.float32) / np.float32(255))
    assert f"gray in {mode} form: one channel taken" in found.description.pixel_steps


def test_gray_palette() -> None:
    """A picture with a palette of grays is read through its palette, in whatever order that is."""
    image = Image.fromarray(EIGHT)
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette([255 - value for value in range(256) for _ in range(3)])
    found = read_raster(saved(image, "PNG"), "a.png", GIVEN)
    np.testing.assert_array_equal(found.gray, (255 - EIGHT).astype(np.float32) / np.float32(255))


def test_color() -> None:
    """Colored pictures, with or without palette, are refused."""
    red = np.dstack([EIGHT, EIGHT, EIGHT // 2])
    assert_refused(saved(red, "PNG"), UnsupportedImage, "in color")
    assert_refused(saved(red, "TIFF"), UnsupportedImage, "in color")
    assert_refused(saved(Image.fromarray(red).quantize(8), "PNG"), UnsupportedImage, "in color")


def test_transparent() -> None:
    """A partly transparent picture is refused."""
    pixels = np.dstack([EIGHT] * 3 + [np.full_like(EIGHT, 200)])
    assert_refused(saved(pixels, "PNG"), UnsupportedImage, "partly transparent")


def test_sixteen_bits_in_channels() -> None:
    """Sixteen bits in several channels, which would lose bits on reading, are refused."""
    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(12) for _ in range(2)))
    content = (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    )
    assert_refused(content, UnsupportedImage, "16 bits in several channels")


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (EIGHT.astype(np.float32), "signed or floating point"),
        (EIGHT.astype(np.int32), "signed or floating point"),
        (EIGHT > 100, "1 bits a pixel"),
    ],
)
def test_other_values_of_tiff(pixels: Any, reason: str) -> None:
    """TIFF of floating point, signed or single bit values is refused."""
    assert_refused(saved(pixels, "TIFF"), UnsupportedImage, reason)


def test_few_bits_of_png() -> None:
    """A PNG of one bit a pixel is refused."""
    assert_refused(saved(EIGHT > 100, "PNG"), UnsupportedImage, "1 bits a pixel")


def test_several_pages() -> None:
    """A TIFF of several pages and an animated PNG are refused with their number of pages."""
    more = [Image.fromarray(EIGHT[::-1].copy())]
    for kind in ("TIFF", "PNG"):
        content = saved(EIGHT, kind, save_all=True, append_images=more)
        assert_refused(content, UnsupportedImage, f"{kind} holds 2 pages")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PGM"])
@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9])
def test_truncated(kind: str, part: float) -> None:
    """A picture cut off anywhere is refused, never read in part."""
    noise = np.random.default_rng(1).integers(0, 65536, (40, 40)).astype(np.uint16)
    content = pgm(noise, 65535) if kind == "PGM" else saved(noise, kind)
    with pytest.raises((UnreadableImage, UnsupportedImage)):
        read_raster(content[: int(len(content) * part)], "bad", GIVEN)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_truncated_when_pillow_was_told_to_be_lenient(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that lets Pillow fill up what is missing does not make us read half a picture."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    noise = np.random.default_rng(1).integers(0, 65536, (40, 40)).astype(np.uint16)
    content = saved(noise, kind)
    assert_refused(content[: int(len(content) * 0.9)], UnreadableImage, "truncated")


def test_damaged_png() -> None:
    """A PNG whose checksum does not fit is refused."""
    content = bytearray(saved(SIXTEEN, "PNG"))
    content[60] ^= 0xFF
    assert_refused(bytes(content), UnreadableImage, "damaged")


def test_empty_and_foreign() -> None:
    """An empty file and one of another format are refused."""
    assert_refused(b"", UnreadableImage, "0 bytes")
    assert_refused(b"GIF89a", UnsupportedImage, "no PNG, TIFF or PGM")


@pytest.mark.parametrize("kind", ["PNG", "PGM", "TIFF"])
def test_promised_pixels_are_bounded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that promises more pixels than allowed is refused before it is decoded."""
    monkeypatch.setattr(bounds, "MAX_PIXELS", 100)
    content = pgm(EIGHT, 255) if kind == "PGM" else saved(EIGHT, kind)
    assert_refused(content, UnreadableImage, "8 x 32 pixels, more than 100: refused as a compression bomb")


def test_giant_png() -> None:
    """A small PNG that promises a giant picture is refused without a warning or much memory."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 16, 0, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    )
    assert_refused(
        content + png_chunk(b"IEND", b""),
        UnreadableImage,
        "promises 60000 x 60000 pixels, .* bomb; do not trust",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"P5\n4 4\n", "header is damaged"),
        (b"P5\n4 4\n0\n" + bytes(16), "names 0 as white"),
        (b"P5\n4 4\n70000\n" + bytes(32), "names 70000 as white"),
        (b"P2\n2 2\n9\n1 2 x 4\n", "no number"),
        (b"P2\n2 2\n9\n1 2 3 10\n", "outside 0 to 9"),
        (b"P2\n2 2\n9\n1 2 3\n", "3 of 4 pixels"),
        (b"P5\n0 4\n255\n", "4 x 0 pixels"),
        (b"P5\n2 2\n99\n\x01\x02\x03\xc8", "200 does not fit"),
    ],
)
def test_damaged_pgm(content: bytes, reason: str) -> None:
    """A PGM with a damaged header or wrong values is refused with what is wrong."""
    assert_refused(content, UnreadableImage, reason)


def test_given_attributes() -> None:
    """Spacing, side, view, patient and date come from the user alone and are told as such."""
    given = GivenAttributes.from_text(
        patient_id="P7",
        study_date="2026-01-31",
        image_laterality="l",
        view_position="mlo",
        pixel_spacing_mm="0.2",
    )
    described = describe_raster(saved(EIGHT, "PNG", dpi=(300, 300)), "a.png", given)
    assert described.pixel_spacing is not None
    assert (described.pixel_spacing.mm, described.pixel_spacing.source) == (0.2, "given by the user")
    assert (described.image_laterality, described.view_position) == ("L", "MLO")
    assert (described.patient_id, described.study_date) == ("P7", "20260131")
    assert described.flags == (QualityFlag.EIGHT_BIT,)


def test_coarse_pixels() -> None:
    """A picture with a given spacing that no mammogram has is refused, as a DICOM image is."""
    content = saved(EIGHT, "PNG")
    assert read_raster(content, "a.png", GivenAttributes(pixel_spacing_mm=0.25)).gray.shape == EIGHT.shape
    with pytest.raises(UnsupportedImage, match=r"^a.png: .* 0.26 mm apart .*given by the user.* check the"):
        read_raster(content, "a.png", GivenAttributes(pixel_spacing_mm=0.26))


def test_resolution_is_no_spacing() -> None:
    """A picture's resolution tags are no pixel spacing: without a given one it is unknown and flagged."""
    for kind in ("PNG", "TIFF"):
        described = describe_raster(saved(EIGHT, kind, dpi=(300, 300)), "a", GIVEN)
        assert described.pixel_spacing is None
        assert "dpi" in described.pixel_spacing_note
        assert QualityFlag.PIXEL_SPACING_UNKNOWN in described.flags
        assert {QualityFlag.LATERALITY_UNKNOWN, QualityFlag.VIEW_UNKNOWN} < set(described.flags)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"P5\n", "PGM"),
        (b"P2 ", "PGM"),
        (b"P5X", ""),
        (b"P6\n", ""),
        (b"", ""),
        (b"\xff\xd8\xff", ""),
    ],
)
def test_formats(head: bytes, kind: str) -> None:
    """The format is told by the first bytes."""
    assert raster_format(head) == kind
