"""Pictures whose container contradicts itself: what no decoder asks for is asked here."""

from __future__ import annotations

import struct
import time
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, QualityFlag
from calcwatch.formats.bounds import MAX_SIDE, MIN_SIDE, check_least_size, check_size
from calcwatch.formats.raster import read_raster

GIVEN = GivenAttributes()
PIXELS = np.random.default_rng(20).integers(0, 65536, (40, 30)).astype(np.uint16)


def saved(kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    Image.fromarray(PIXELS).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(packed: bytes, extra: bytes = b"", interlace: int = 0, end: bytes = chunk(b"IEND", b"")) -> bytes:
    rows, columns = PIXELS.shape
    header = struct.pack(">IIBBBBB", columns, rows, 16, 0, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", packed) + end


def lines() -> bytes:
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in PIXELS)


def stored(content: bytes) -> np.ndarray[Any, Any]:
    gray = read_raster(content, "a", GIVEN).gray
    return np.asarray(np.round(gray * 65535)).astype(np.uint16)


def flags(content: bytes) -> tuple[QualityFlag, ...]:
    return read_raster(content, "a", GIVEN).description.flags


def test_no_changed_byte_of_png_pixels_is_read() -> None:
    """A PNG in which any byte of the pixels or their checksums was changed is refused."""
    content = saved("PNG")
    for place in range(33, len(content) - 12, 97):
        changed = bytearray(content)
        changed[place] ^= 0x40
        with pytest.raises(UnreadableImage, match=r"damaged|truncated"):
            read_raster(bytes(changed), "a", GIVEN)


def test_wrong_checksum_of_the_stream_of_png() -> None:
    """A PNG whose chunks are sound but whose packed pixels fail their Adler-32 is refused."""
    packed = bytearray(zlib.compress(lines()))
    packed[-1] ^= 1
    with pytest.raises(UnreadableImage, match="do not unpack"):
        read_raster(png(bytes(packed)), "a", GIVEN)


@pytest.mark.parametrize(
    "content",
    [
        png(zlib.compress(lines()), end=b""),
        png(zlib.compress(lines())) + b"more",
        png(zlib.compress(lines()), end=chunk(b"IEND", b"")[:-1] + b"\0"),
        png(zlib.compress(lines() + b"more")),
        png(zlib.compress(lines())[:-4]),
        png(zlib.compress(lines()), extra=chunk(b"tEXt", b"a\0b")[:-1] + b"\0"),
    ],
    ids=["no end", "more behind", "end checksum", "more packed", "no end of stream", "text checksum"],
)
def test_odd_png_is_read_and_flagged(content: bytes) -> None:
    """A PNG with all of its pixels but an odd end is read as stored and flagged; a sound one is not."""
    assert np.array_equal(stored(content), PIXELS)
    assert QualityFlag.FILE_END_ODD in flags(content)
    assert QualityFlag.FILE_END_ODD not in flags(saved("PNG"))


def test_pixels_that_lack_in_png() -> None:
    """A PNG with fewer pixels than its header promises is refused, interlaced or not."""
    with pytest.raises(UnreadableImage, match="truncated"):
        read_raster(png(zlib.compress(lines()[:-1])), "a", GIVEN)
    with pytest.raises(UnreadableImage, match="truncated"):
        read_raster(png(zlib.compress(lines()), interlace=1), "a", GIVEN)


def test_text_and_profiles_never_reach_the_decoder() -> None:
    """A text of a PNG that unpacks to much more than it is costs nothing and hides no picture."""
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**25)))
    assert np.array_equal(stored(png(zlib.compress(lines()), extra=bomb)), PIXELS)


@pytest.mark.parametrize("orientation", [2, 3, 5, 6, 8])
def test_places_are_those_of_the_file(orientation: int) -> None:
    """A picture that is to be turned for display is read as stored, and the steps say so."""
    exif = Image.Exif()
    exif[274] = orientation
    for content in (saved("TIFF", tiffinfo={274: orientation}), saved("PNG", exif=exif.tobytes())):
        assert np.array_equal(stored(content), PIXELS)
        steps = read_raster(content, "a", GIVEN).description.pixel_steps
        assert any(f"Orientation {orientation} is not applied" in step for step in steps)


def tiff(tags: dict[int, tuple[int, int, int]], following: int = 0) -> bytes:
    """Write a plain TIFF of one strip by hand; tag -> type, count and value."""
    rows, columns = PIXELS.shape
    data = PIXELS.astype("<u2").tobytes()
    usual = {256: columns, 257: rows, 258: 16, 259: 1, 262: 1, 273: 8, 277: 1, 278: rows, 279: len(data)}
    entries = {tag: (4, 1, value) for tag, value in usual.items()} | tags
    directory = struct.pack("<H", len(entries))
    for tag, (kind, count, value) in sorted(entries.items()):
        directory += struct.pack("<HHII", tag, kind, count, value)
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + directory + struct.pack("<I", following)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({279: (4, 1, 2**31)}, "beyond the file"),
        ({273: (4, 1, 2**31)}, "beyond the file"),
        ({279: (4, 1, 100)}, "100 of 2400 bytes"),
        ({278: (4, 1, 20)}, "1 of 2 parts"),
        ({279: (4, 2**30, 8)}, "tag 279 is not readable"),
        ({273: (2, 1, 8)}, "tag 273 is not readable"),
        ({257: (4, 1, 2**31)}, "compression bomb"),
    ],
)
def test_lengths_of_tiff_hold(tags: dict[int, tuple[int, int, int]], reason: str) -> None:
    """A TIFF whose strips do not lie in the file as a whole, or are shorter than their rows, is refused."""
    assert np.array_equal(stored(tiff({})), PIXELS)
    with pytest.raises(CalcwatchError, match=reason):
        read_raster(tiff(tags), "a", GIVEN)


def test_next_page_of_tiff() -> None:
    """A link to no page is odd, a link to the first page is odd, a link to another page is refused."""
    first = 8 + PIXELS.nbytes
    for following in (first, 2**31, 9):
        assert QualityFlag.FILE_END_ODD in flags(tiff({}, following))
    one_more = tiff({}, len(tiff({})))
    with pytest.raises(UnsupportedImage, match="pages"):
        read_raster(one_more + one_more[first:], "a", GIVEN)


@pytest.mark.parametrize(
    "content",
    [
        b"P5" + b" " * 5000 + b"x",
        b"P5" + b"#a\n" * 5000 + b"x",
        b"P2 1" + b" #\n" * 5000,
        b"P5 " + b"9" * 100_000 + b" 9 9\n",
        b"P5 3 3 " + b"#" * 100_000,
        b"P2 30 40 9 " + b"7" * 3_000_000,
    ],
)
def test_no_pgm_takes_long(content: bytes) -> None:
    """A header or a word without end is refused at once."""
    begun = time.process_time()
    with pytest.raises(UnreadableImage):
        read_raster(content, "a", GIVEN)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("between", [b" ", b"\n", b" #c 7\n"])
def test_plain_pgm_is_read_in_pieces(between: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain PGM that is read in pieces is that which was written, whatever stands between its words."""
    monkeypatch.setattr("calcwatch.formats.raster._PLAIN_STEP", 64)
    content = b"P2 30 40 65535\n" + between.join(str(value).encode() for value in PIXELS.ravel())
    assert np.array_equal(stored(content), PIXELS)


def test_what_follows_the_pixels_of_pgm() -> None:
    """Rubbish behind a PGM is flagged, a line end is not, a second picture is refused."""
    content = b"P5 30 40 65535\n" + PIXELS.astype(">u2").tobytes()
    plain = b"P2 30 40 65535\n" + b" ".join(str(value).encode() for value in PIXELS.ravel())
    for sound in (content, plain):
        assert QualityFlag.FILE_END_ODD not in flags(sound + b"\n")
        assert QualityFlag.FILE_END_ODD in flags(sound + b" 12 x")
    with pytest.raises(UnsupportedImage, match="pages"):
        read_raster(content * 2, "a", GIVEN)


@pytest.mark.parametrize("word", [b"-1", b"+1", b"1_0", b"1e2", b"1.0", b"9" * 5000])
def test_words_of_plain_pgm_are_plain_numbers(word: bytes) -> None:
    """A plain PGM holds digits and nothing else that Python would take for a number."""
    with pytest.raises(UnreadableImage, match="no number"):
        read_raster(b"P2 2 2 255\n" + word + b" 0 0 0", "a", GIVEN)


def test_bounds_of_size() -> None:
    """A side that OpenCV cannot count, and a side that no filter fits into, are refused."""
    check_size(1, MAX_SIDE)
    with pytest.raises(UnreadableImage, match="a side longer"):
        check_size(1, MAX_SIDE + 1)
    check_least_size(MIN_SIDE, MIN_SIDE)
    for size in ((1, 3000), (3000, 1), (MIN_SIDE, MIN_SIDE - 1)):
        with pytest.raises(UnsupportedImage, match="not a mammogram"):
            check_least_size(*size)
