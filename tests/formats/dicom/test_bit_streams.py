"""Compressed pixels made anew: nothing but what a picture is decoded by, from the start to the end marker."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_fragments, generate_frames, parse_basic_offsets

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.deidentify.bit_streams import rebuilt_jpeg, rebuilt_jpeg_2000, rebuilt_rle
from calcwatch.formats.dicom.deidentify.deidentify import Identity, Pseudonym, deidentify, read_whole
from calcwatch.formats.dicom.deidentify.pixels import check_same_picture, read_as_analyzed
from calcwatch.formats.dicom.read.mammogram import read_dicom
from tests.formats.dicom.make import (
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS,
    RLE,
    file_bytes,
    gradient,
    mammogram,
    written,
)
from tests.formats.dicom.planted import found_in

NAME = "Frau Quellenhofer"
IDENTITY = Identity(Pseudonym("P-TEST", -400), lambda uid: f"2.25.{sum(uid.encode()) + 10**20}")

Edit = Callable[[bytes], bytes]
"""A stream -> the same with the name in it."""


def compressed(syntax: str) -> FileDataset:
    """A mammogram in a transfer syntax."""
    pixels = gradient(64, 48, top=255).astype(np.uint8) if syntax == JPEG_BASELINE else gradient(64, 48)
    return read_whole(file_bytes(mammogram(pixels, bits=8 if syntax == JPEG_BASELINE else 12), syntax))


def stream_of(file: FileDataset) -> bytes:
    return next(generate_frames(file.PixelData, number_of_frames=1))


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content


def behind(marker: bytes, more: bytes) -> Edit:
    """Put bytes behind the first place where a marker stands."""
    return lambda stream: stream.replace(marker, marker + more, 1)


def before_end(more: bytes) -> Edit:
    return lambda stream: stream[: stream.rindex(b"\xff\xd9")] + more + b"\xff\xd9"


def longer_tile(stream: bytes) -> bytes:
    """Bytes behind the coded pixels of a tile-part, which counts them as its own."""
    at = stream.index(b"\xff\x90")
    content = NAME.encode()
    length = struct.unpack_from(">I", stream, at + 6)[0]
    head = stream[: at + 6] + struct.pack(">I", length + len(content)) + stream[at + 10 :]
    return before_end(content)(head)


TEXT = NAME.encode()
UNUSED_TABLE = segment(0xDB, b"\x03" + TEXT.ljust(64, b"."))
UNUSED_CODES = segment(0xC4, b"\x13" + bytes((0,) * 7 + (len(TEXT),) + (0,) * 8) + TEXT)
SOI = b"\xff\xd8"

JPEG_EDITS: dict[str, Edit] = {
    "a comment": behind(SOI, segment(0xFE, TEXT)),
    "application data": behind(SOI, segment(0xE1, TEXT)),
    "SPIFF": behind(SOI, segment(0xE8, TEXT)),
    "Adobe": behind(SOI, segment(0xEE, b"Adobe" + TEXT)),
    "a thumbnail of JFIF": behind(SOI, segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0" + TEXT)),
    "many long comments": behind(SOI, 3 * segment(0xFE, b" " * 60000) + segment(0xFE, TEXT)),
    "fill bytes and a comment": behind(SOI, b"\xff\xff\xff" + segment(0xFE, TEXT)[1:]),
    "behind the end": lambda stream: stream + TEXT,
    "a second stream": lambda stream: stream + SOI + segment(0xFE, TEXT) + b"\xff\xd9",
    "before the start": lambda stream: TEXT + stream,
}
TABLE_EDITS: dict[str, Edit] = {
    "a table of steps that no scan uses": behind(SOI, UNUSED_TABLE),
    "a table of codes that no scan uses": behind(SOI, UNUSED_CODES),
    "a comment before the scan": lambda stream: stream.replace(
        b"\xff\xda", segment(0xFE, TEXT) + b"\xff\xda", 1
    ),
    "behind the last pixel": before_end(TEXT[:8]),
}
JPEG_2000_EDITS: dict[str, Edit] = {
    "a comment": lambda stream: stream[:45] + segment(0x64, b"\0\1" + TEXT) + stream[45:],
    "lengths of packets": lambda stream: stream[:45] + segment(0x58, b"\0" + TEXT) + stream[45:],
    "a comment of the tile": lambda stream: _in_tile(stream, segment(0x64, b"\0\1" + TEXT)),
    "behind the end": lambda stream: stream + TEXT,
    "boxes round it": lambda stream: struct.pack(">I4s", 8 + len(TEXT), b"uuid") + TEXT + stream,
    "behind the last pixel": longer_tile,
}


def _in_tile(stream: bytes, more: bytes) -> bytes:
    at = stream.index(b"\xff\x90")
    length = struct.unpack_from(">I", stream, at + 6)[0]
    head = stream[: at + 6] + struct.pack(">I", length + len(more)) + stream[at + 10 : at + 12]
    return head + more + stream[at + 12 :]


CASES = [
    *(
        (syntax, edit)
        for syntax in (JPEG_BASELINE, JPEG_LOSSLESS_SV1)
        for edit in {**JPEG_EDITS, **TABLE_EDITS}
    ),
    *((JPEG_LS, edit) for edit in JPEG_EDITS),
    *((JPEG_2000_LOSSLESS, edit) for edit in JPEG_2000_EDITS),
]


def edit_of(syntax: str, name: str) -> Edit:
    table = JPEG_2000_EDITS if syntax == JPEG_2000_LOSSLESS else {**JPEG_EDITS, **TABLE_EDITS}
    return table[name]


@pytest.mark.parametrize(("syntax", "name"), CASES)
def test_a_name_in_a_stream_is_not_copied(syntax: str, name: str) -> None:
    """Wherever in a stream a name stands, the copy does not hold it, and shows the same picture."""
    file = compressed(syntax)
    plain = deidentify(file, IDENTITY)[0]
    file.PixelData = encapsulate([edit_of(syntax, name)(stream_of(file))])
    planted = written(file)
    assert found_in(planted, [NAME]) or name == "behind the last pixel"
    content, _ = deidentify(read_whole(planted), IDENTITY)
    assert found_in(content, [NAME, NAME[:8]]) == []
    assert np.array_equal(read_dicom(content, "a").gray, read_dicom(plain, "b").gray)


@pytest.mark.parametrize("syntax", [JPEG_BASELINE, JPEG_LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, RLE])
def test_a_rebuilt_frame_is_one_fragment_under_a_new_table(syntax: str) -> None:
    """Names between fragments, in the offset table and behind the last item are gone; the syntax stays."""
    file = compressed(syntax)
    stream = stream_of(file)
    half = len(stream) // 2 // 2 * 2
    items = [b"\0\0\0\0" + TEXT.ljust(20), stream[:half], stream[half:] + b"\0" * (len(stream) % 2)]
    pixels = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item for item in items)
    file.PixelData = pixels
    content, told = deidentify(file, IDENTITY)
    assert found_in(content, [NAME]) == []
    after = dcmread(BytesIO(content))
    assert not told.decoded
    assert after.file_meta.TransferSyntaxUID == syntax
    assert parse_basic_offsets(after.PixelData) == [0]
    assert len(list(generate_fragments(after.PixelData))) == 2
    assert np.array_equal(after.pixel_array, compressed(syntax).pixel_array)


def test_a_frame_that_cannot_be_rebuilt_is_stored_as_it_decodes() -> None:
    """A marker that nobody knows: the pixels stay, the stream does not."""
    file = compressed(JPEG_LS)
    stream = stream_of(file).replace(SOI, SOI + segment(0xF0, TEXT), 1)
    assert rebuilt_jpeg(stream) is None
    for broken in (b"", stream[:2], stream_of(file)[:-2], TEXT):
        assert rebuilt_jpeg(broken) is None
        assert rebuilt_jpeg_2000(broken) is None
        assert rebuilt_rle(broken, 2, 64 * 48) is None
    file = compressed(JPEG_2000_LOSSLESS)
    whole = stream_of(file)
    # Packed packet headers may hold anything: they are not listed.
    stream = whole[:45] + segment(0x5E, b"\1" + TEXT) + whole[45:]
    assert rebuilt_jpeg_2000(stream) is None
    file.PixelData = encapsulate([stream])
    with pytest.raises(UnsupportedImage, match="Explicit VR Little Endian"):
        deidentify(file, IDENTITY)


def test_rle_ends_with_its_last_pixel() -> None:
    """A name behind a segment and behind the frame is not copied."""
    file = compressed(RLE)
    stream = stream_of(file)
    rebuilt = rebuilt_rle(stream + TEXT, 2, 64 * 48)
    assert rebuilt is not None
    assert TEXT not in rebuilt
    assert rebuilt_rle(rebuilt, 2, 64 * 48) == rebuilt


def test_a_copy_that_shows_another_picture_is_refused() -> None:
    """A window that the copy lacks changes the gray: the copy is refused, with what to do."""
    before = file_bytes(mammogram(gradient(64, 48), WindowCenter=300, WindowWidth=200))
    after = file_bytes(mammogram(gradient(64, 48)))
    gray = read_as_analyzed(before)
    check_same_picture(before, before, read=gray)
    with pytest.raises(UnsupportedImage, match="leave it out"):
        check_same_picture(before, after, read=gray)


@pytest.mark.parametrize(
    ("said", "copied"),
    [
        ({"ImagerPixelSpacing": [0.07, 0.07]}, {"ImagerPixelSpacing": [0.1, 0.1]}),
        ({"ImageLaterality": "R"}, {"ImageLaterality": "L"}),
        ({"ViewPosition": "MLO", "ViewCodeSequence": None}, {"ViewPosition": "CC", "ViewCodeSequence": None}),
    ],
)
def test_a_copy_that_says_otherwise_is_refused(said: dict[str, Any], copied: dict[str, Any]) -> None:
    """The same pixels with another size, side or view are another image."""
    before = file_bytes(mammogram(gradient(64, 48), **said))
    after = file_bytes(mammogram(gradient(64, 48), **copied))
    check_same_picture(before, before, read=read_as_analyzed(before))
    with pytest.raises(UnsupportedImage, match="say otherwise"):
        check_same_picture(before, after, read=read_as_analyzed(before))


def test_a_copy_that_is_read_though_its_image_is_not_is_refused() -> None:
    """What is wrong in a header and cannot stay would leave a copy that nothing is wrong with."""
    wrong = mammogram(gradient(64, 48))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong.add_new("WindowWidth", "LO", "wide")
        before = file_bytes(wrong)
    assert read_as_analyzed(before) is None
    with pytest.raises(UnsupportedImage, match="would read its copy"):
        check_same_picture(before, file_bytes(mammogram(gradient(64, 48))), read=None)


def test_objects_that_no_analysis_reads_are_compared_as_stored() -> None:
    """A CT has no gray of a mammogram: its stored pixels have to be the same, and are looked at."""
    ct = "1.2.840.10008.5.1.4.1.1.2"
    before, other = (file_bytes(mammogram(gradient(24, 32, top), SOPClassUID=ct)) for top in (4095, 4000))
    assert read_as_analyzed(before) is None
    check_same_picture(before, before, read=None)
    with pytest.raises(UnsupportedImage):
        check_same_picture(before, other, read=None)


def test_what_promises_too_much_is_refused_before_it_is_decoded() -> None:
    """More pixels than any image has, and a stream of another size than the header says."""
    file = compressed(JPEG_LS)
    file.Rows = file.Columns = 65535
    with pytest.raises(UnreadableImage):
        deidentify(file, IDENTITY)
    file = compressed(JPEG_LS)
    file.Rows = 63
    with pytest.raises(UnreadableImage, match="another size"):
        deidentify(file, IDENTITY)
    file = compressed(JPEG_LS)
    file.NumberOfFrames = 2**20
    with pytest.raises(UnreadableImage, match="one by one"):
        deidentify(file, IDENTITY)
