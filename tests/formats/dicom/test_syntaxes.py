"""Transfer syntaxes: the same picture from every one that is read, and a clear no to others."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
import pytest
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGLSLossless

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.dicom.read.mammogram import describe_dicom, read_dicom
from calcwatch.formats.dicom.read.parse import looks_like_dicom
from calcwatch.formats.dicom.read.syntax import codec_of
from tests.formats.dicom.make import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS,
    JPEG_LS_NEAR,
    RLE,
    file_bytes,
    gradient,
    mammogram,
)

NATIVE = [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]
JPEG_LS_FILE = file_bytes(mammogram(gradient()), JPEG_LS)
LOSSLESS = [JPEG_LOSSLESS, JPEG_LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, RLE]


@pytest.mark.parametrize("syntax", NATIVE + LOSSLESS)
@pytest.mark.parametrize("bits", [12, 14, 16])
def test_lossless(syntax: str, bits: int) -> None:
    """Every lossless transfer syntax gives every stored value back, at 12, 14 and 16 bits."""
    pixels = gradient(33, 47, 2**bits - 1)
    found = read_dicom(file_bytes(mammogram(pixels, bits=bits), syntax), "made.dcm")
    expected = np.clip((pixels - (2 ** (bits - 1) - 0.5)) / (2**bits - 1) + 0.5, 0, 1)
    np.testing.assert_allclose(found.gray, expected, atol=1e-6)
    assert QualityFlag.LOSSY_COMPRESSION not in found.description.flags


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS])
def test_lossless_of_eight_bits(syntax: str) -> None:
    """Every lossless transfer syntax gives eight bit pixels back, of an odd number of bytes."""
    rows, columns = (64, 67) if syntax in (JPEG_LOSSLESS, JPEG_LOSSLESS_SV1) else (65, 67)
    pixels = np.arange(rows * columns).astype(np.uint8).reshape(rows, columns)
    found = read_dicom(file_bytes(mammogram(pixels, bits=8), syntax), "made.dcm")
    np.testing.assert_allclose(found.gray, np.clip((pixels - 127.5) / 255 + 0.5, 0, 1), atol=1e-6)


@pytest.fixture
def without_jpeg_ls() -> Iterator[None]:
    """Take the decoder of JPEG-LS away, as on a machine where it is not installed."""
    decoder = get_decoder(JPEGLSLossless)
    decoder.remove_plugin("pyjpegls")
    yield
    decoder.add_plugin("pyjpegls", ("pydicom.pixels.decoders.pyjpegls", "_decode_frame"))


@pytest.mark.usefixtures("without_jpeg_ls")
def test_decoder_that_is_not_installed() -> None:
    """A missing decoder is named with what to install; the file is not called damaged."""
    content = file_bytes(mammogram(gradient(64, 65)), JPEG_2000_LOSSLESS)
    assert read_dicom(content, "made.dcm").gray.shape == (64, 65)
    with pytest.raises(UnsupportedImage, match=r"JPEG-LS .* is not installed; .* pip install pyjpegls$"):
        read_dicom(JPEG_LS_FILE, "made.dcm")


@pytest.mark.parametrize(
    ("syntax", "packages"),
    [
        (JPEG_LOSSLESS_SV1, "python-gdcm"),
        (JPEG_LS, "pyjpegls"),
        (JPEG_2000, "pylibjpeg pylibjpeg-openjpeg"),
    ],
)
def test_packages_of_decoders_are_ours(syntax: str, packages: str) -> None:
    """The packages to install for a decoder are installed here, under that very name."""
    codec = codec_of(syntax)
    assert codec is not None
    assert codec.packages == packages
    assert all(version(package) for package in packages.split())


@pytest.mark.parametrize("syntax", [EXPLICIT, JPEG_LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, RLE])
def test_lossless_of_signed_pixels(syntax: str) -> None:
    """Signed pixels keep their sign through compression."""
    pixels = (gradient(64, 65).astype(np.int32) - 2048).astype(np.int16)
    dataset = mammogram(pixels, WindowCenter=0, WindowWidth=4096)
    found = read_dicom(file_bytes(dataset, syntax), "made.dcm")
    np.testing.assert_allclose(found.gray, np.clip((pixels + 0.5) / 4095 + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize(("syntax", "tolerance"), [(JPEG_LS_NEAR, 3.5 / 4095), (JPEG_2000, 0.05)])
def test_lossy(syntax: str, tolerance: float) -> None:
    """Lossy transfer syntaxes are read, close to the original, and flagged."""
    pixels = gradient(64, 64)
    found = read_dicom(file_bytes(mammogram(pixels), syntax), "made.dcm")
    np.testing.assert_allclose(found.gray, np.clip((pixels - 2047.5) / 4095 + 0.5, 0, 1), atol=tolerance)
    assert QualityFlag.LOSSY_COMPRESSION in found.description.flags


@pytest.mark.parametrize("syntax", [JPEG_BASELINE, JPEG_EXTENDED])
def test_lossy_of_eight_bits(syntax: str) -> None:
    """Eight bit JPEG is read, close to the original, and flagged."""
    pixels = np.linspace(0, 255, 64 * 64).round().astype(np.uint8).reshape(64, 64)
    found = read_dicom(file_bytes(mammogram(pixels, bits=8), syntax), "made.dcm")
    np.testing.assert_allclose(found.gray, np.clip((pixels - 127.5) / 255 + 0.5, 0, 1), atol=0.05)
    assert QualityFlag.LOSSY_COMPRESSION in found.description.flags


def test_jpeg_extended_of_twelve_bits_is_refused() -> None:
    """Twelve bit JPEG Extended, which no decoder here reads, is refused with its name."""
    content = file_bytes(mammogram(gradient()), JPEG_LOSSLESS_SV1)
    content = content.replace(JPEG_LOSSLESS_SV1.encode(), JPEG_EXTENDED.encode())
    with pytest.raises(UnsupportedImage, match=r"Process 2 and 4.* of 12 bits is not read"):
        read_dicom(content, "made.dcm")


def test_lossless_stated_in_a_syntax_that_may_lose() -> None:
    """JPEG 2000 that the header states to be free of loss is not flagged; a loss in its past is."""
    content = file_bytes(mammogram(gradient(64, 64), LossyImageCompression="00"), JPEG_2000)
    assert QualityFlag.LOSSY_COMPRESSION not in describe_dicom(content, "made.dcm").flags
    past = mammogram(gradient(), LossyImageCompression="01", LossyImageCompressionRatio=[10, 4])
    described = describe_dicom(file_bytes(past), "made.dcm")
    assert described.lossy_history == "lossy compression stated, ratio 10, 4"
    assert QualityFlag.LOSSY_COMPRESSION in described.flags


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93", "1.2.3.4.5"])
def test_unread_syntaxes_are_refused(syntax: str) -> None:
    """A transfer syntax that is not read is refused with its name and a remedy."""
    content = file_bytes(mammogram(gradient()), JPEG_LS)
    padded = syntax.encode().ljust(len(JPEG_LS), b"\0")
    with pytest.raises(UnsupportedImage, match="is not read; convert"):
        read_dicom(content.replace(JPEG_LS.encode(), padded, 1), "made.dcm")


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_file_without_preamble_and_meta(syntax: str) -> None:
    """A data set without preamble and file meta is told by its first element and read."""
    content = file_bytes(mammogram(gradient()), syntax)
    start = content.index(b"\0\x08\0\x16" if syntax == BIG_ENDIAN else b"\x08\0\x16\0", 132)
    bare = content[start:]
    assert looks_like_dicom(bare[:132])
    np.testing.assert_array_equal(read_dicom(bare, "x").gray, read_dicom(content, "x").gray)


def test_file_without_preamble() -> None:
    """A file whose preamble is missing but whose file meta is there is read."""
    content = file_bytes(mammogram(gradient()))
    np.testing.assert_array_equal(read_dicom(content[132:], "x").gray, read_dicom(content, "x").gray)


@pytest.mark.parametrize(
    "head",
    [b"", b"DICM", b"file,patient_id\n1.png,7\n", b"\x08\0", b"\0" * 132, b"\x89PNG\r\n\x1a\n" + bytes(125)],
)
def test_other_heads_are_no_dicom(head: bytes) -> None:
    """Text, zeros, pictures and fragments are not taken for DICOM."""
    assert not looks_like_dicom(head)


def test_syntax_that_contradicts_the_pixels() -> None:
    """A transfer syntax that contradicts how the pixels are stored is refused."""
    content = file_bytes(mammogram(gradient()), JPEG_LS)
    plain = EXPLICIT.encode().ljust(len(JPEG_LS), b"\0")
    with pytest.raises(UnreadableImage, match="encapsulated but the transfer syntax is an uncompressed"):
        read_dicom(content.replace(JPEG_LS.encode(), plain, 1), "made.dcm")
    native = file_bytes(mammogram(gradient()))
    native = native.replace(
        b"UI\x14\0" + EXPLICIT.encode() + b"\0", b"UI\x14\0" + b"1.2.840.10008.1.2.5\0", 1
    )
    with pytest.raises(UnreadableImage, match="not encapsulated although"):
        read_dicom(native, "made.dcm")
