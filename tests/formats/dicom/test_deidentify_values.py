"""Values by their VR and by exact lists: what is called a number, a date, a code or a UID has to be one."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import Tag

from calcwatch.formats.dicom.deidentify.deidentify import (
    Identity,
    Pseudonym,
    deidentify,
    needs_black_out,
    read_whole,
)
from calcwatch.formats.dicom.deidentify.values import moved_day, to_the_minute
from calcwatch.formats.dicom.read.mammogram import read_dicom
from tests.formats.dicom.make import code, file_bytes, gradient, lut_item, mammogram
from tests.formats.dicom.planted import found_in

NAME = "Frau Quellhofer"
IDENTITY = Identity(Pseudonym("P-TEST", -400), lambda uid: f"2.25.{sum(uid.encode()) + 10**20}")


def put_raw(dataset: Dataset, keyword: str, vr: str, value: bytes) -> None:
    """Put an attribute with a VR and bytes that no writer would let pass."""
    tag = Tag(tag_for_keyword(keyword) or 0)
    value += b" " * (len(value) % 2)
    dataset._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


def copy_of(dataset: Dataset) -> tuple[FileDataset, bytes]:
    content = deidentify(read_whole(file_bytes(dataset)), IDENTITY)[0]
    return dcmread(BytesIO(content)), content


@pytest.mark.parametrize("vr", ["UN", "OB", "UT", "LO", "PN"])
@pytest.mark.parametrize(
    "keyword", ["KVP", "SeriesNumber", "PatientSex", "StudyTime", "StudyDate", "PatientAge"]
)
def test_a_name_under_another_vr_is_removed(keyword: str, vr: str) -> None:
    """Text in bytes, or in a VR for text, is no number, word, date or age by its attribute's name alone."""
    file = mammogram(gradient(24, 32))
    put_raw(file, keyword, vr, NAME.encode())
    assert found_in(copy_of(file)[1], [NAME]) == []


@pytest.mark.parametrize("keyword", ["Manufacturer", "StudyID", "SoftwareVersions", "AccessionNumber"])
def test_a_dummy_has_the_vr_of_the_standard(keyword: str) -> None:
    """Whatever VR the file had: a copy is written, and the name is not in it."""
    file = mammogram(gradient(24, 32))
    put_raw(file, keyword, "OB", NAME.encode())
    after, content = copy_of(file)
    assert found_in(content, [NAME]) == []
    assert after[keyword].VR in ("LO", "SH")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (b"28", 28.0),
        (b" 2.8e1 ", 28.0),
        (b"nan", None),
        (b"infinity", None),
        (b"1_0", None),
        (b"28 kV of Quellhofer", None),
        (b"0x1c", None),
        (b"28\\Quellhofer", None),
    ],
)
def test_a_number_is_what_the_standard_calls_one(written: bytes, kept: float | None) -> None:
    """Python takes more words for numbers than DICOM does; one bad value of a list removes all."""
    file = mammogram(gradient(24, 32))
    put_raw(file, "KVP", "DS", written)
    assert copy_of(file)[0].get("KVP") == kept


def test_a_number_under_another_vr_stays() -> None:
    """A maker that writes a decimal number as text, or a small one in a wider VR, loses nothing."""
    file = mammogram(gradient(24, 32))
    put_raw(file, "BodyPartThickness", "LO", b"53")
    file.add_new("SeriesNumber", "UL", 4)
    after, _ = copy_of(file)
    assert (after.BodyPartThickness, after["BodyPartThickness"].VR) == (53.0, "DS")
    assert (after.SeriesNumber, after["SeriesNumber"].VR) == (4, "IS")


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("SCT", "771234509"),
        ("DCM", "ANNA"),
        ("DCM", "771234"),
        ("LN", "77123-4"),
        ("SRT", "T-77123"),
        ("BI", "MA.X"),
    ],
)
def test_a_code_that_no_dictionary_has_is_replaced(scheme: str, value: str) -> None:
    """A patient's number fits the shape of a code: only codes that a dictionary lists stay."""
    file = mammogram(gradient(24, 32), AnatomicRegionSequence=[code(value, scheme, NAME)])
    after, content = copy_of(file)
    assert after.AnatomicRegionSequence[0].CodeValue == "111176"
    assert found_in(content, [NAME, value]) == []


def test_a_code_at_the_top_is_no_code() -> None:
    """Attributes of a code among those of the image do not turn the image into one."""
    after, content = copy_of(mammogram(gradient(24, 32), CodeValue=NAME, CodeMeaning=NAME))
    assert after.Rows == 24
    assert found_in(content, [NAME]) == []


def test_a_uid_below_the_root_of_the_standard_is_replaced() -> None:
    """Only UIDs that the Standard lists stay: behind its root a number can be anybody's."""
    numbers = ["771234509", "771234510"]
    file = mammogram(
        gradient(24, 32),
        FrameOfReferenceUID=f"1.2.840.10008.{numbers[0]}",
        SeriesInstanceUID=f"1.2.840.10008.5.1.4.1.1.1.2.{numbers[1]}",
    )
    after, content = copy_of(file)
    assert found_in(content, numbers) == []
    assert after.SOPClassUID == file.SOPClassUID


def test_a_table_of_gray_ends_where_its_descriptor_says() -> None:
    """A name behind the entries, or in bits that they do not have, is not copied."""
    behind = lut_item(0, list(range(4096)), 12)
    behind["LUTData"].value += NAME.encode() + b" "
    within = lut_item(
        0, [entry + (letter << 8) for entry, letter in zip(range(15), NAME.encode(), strict=False)], 8
    )
    for item in (behind, within):
        before = file_bytes(mammogram(gradient(24, 32), VOILUTSequence=[item]))
        content = deidentify(read_whole(before), IDENTITY)[0]
        assert found_in(content, [NAME]) == []
        data = dcmread(BytesIO(content)).VOILUTSequence[0].LUTData
        assert len(data) == 2 * item.LUTDescriptor[0]
        # with more entries than its descriptor names the table is refused where images are read, without not
        if item is behind:
            read_dicom(content, "a")


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("20260102", "20241128"),
        ("2026.01.02", "20241128"),
        ("2026-01-02", "20241128"),
        ("20260230", ""),
        ("2026", ""),
        ("00010102", ""),
        ("20260102 Quellhofer", ""),
        ("", ""),
    ],
)
def test_dates_are_moved_in_every_spelling(written: str, moved: str) -> None:
    """Also with dots, as old files have them; what is no day of the calendar is none."""
    assert moved_day(written, -400) == moved


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("134759.331", "134700"),
        ("13:47:59", "134700"),
        ("1347", "134700"),
        ("13", "130000"),
        ("1399", ""),
        ("9900", ""),
        ("1347 Quellhofer", ""),
    ],
)
def test_times_are_times_from_first_to_last_letter(written: str, kept: str) -> None:
    """Colons are read; what only begins like a time is none."""
    assert to_the_minute(written) == kept


def test_a_date_that_cannot_be_read_is_told() -> None:
    """It is removed, and its keyword stands among the lost dates."""
    file = mammogram(gradient(24, 32), StudyDate=None)
    put_raw(file, "StudyDate", "DA", b"2. Januar 26")
    put_raw(file, "ContentDate", "DA", b"2026.01.02")
    content, told = deidentify(read_whole(file_bytes(file)), IDENTITY)
    assert told.lost_dates == ["StudyDate"]
    assert dcmread(BytesIO(content)).ContentDate == "20241128"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [11, 13, 15])
def test_bits_outside_of_the_gray_are_cleared(high_bit: int, signed: bool) -> None:
    """Above and below it, wherever High Bit puts it; the picture is the same."""
    gray = gradient(24, 32).astype(np.uint16)
    shift = high_bit - 11
    other = np.uint16(0xFFFF ^ (0xFFF << shift))
    cells = ((gray << shift) | (np.resize(np.arange(65536, dtype=np.uint16), gray.shape) & other)).astype(
        np.uint16
    )
    stored = cells.view(np.int16) if signed else cells
    before = file_bytes(mammogram(stored, high_bit=high_bit))
    content = deidentify(read_whole(before), IDENTITY)[0]
    after = np.frombuffer(dcmread(BytesIO(content)).PixelData, "<u2").reshape(gray.shape)
    rest = after & other
    sign = (gray >> 11) & 1 if signed else np.zeros_like(gray)
    above = np.uint16(other & ~np.uint16((1 << shift) - 1))
    assert np.array_equal(rest, np.where(sign == 1, above, 0))
    assert np.array_equal(read_dicom(content, "a").gray, read_dicom(before, "b").gray)


def test_pixels_of_one_bit_end_with_the_last() -> None:
    """A name behind the last pixel of a mask is not copied."""
    file = mammogram(gradient(24, 32).astype(np.uint16), Modality="SEG")
    file.BitsAllocated = file.BitsStored = 1
    file.HighBit = 0
    file.add_new("PixelData", "OB", bytes(24 * 32 // 8) + NAME.encode() + b" ")
    after, content = copy_of(file)
    assert found_in(content, [NAME]) == []
    assert len(after.PixelData) == 24 * 32 // 8


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"Modality": "RG"}, "digitized film"),
        ({"NominalScannedPixelSpacing": [0.05, 0.05]}, "digitized film"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.3"}, "secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4"}, ""),
    ],
)
def test_film_and_captures_are_told_by_what_they_are(given: dict[str, Any], why: str) -> None:
    """Film is what the reader calls film; a class whose UID only begins like a capture's is none."""
    said = needs_black_out(mammogram(gradient(), **given))
    assert why in said
    assert bool(why) == bool(said)


def test_pixels_in_private_attributes_are_told() -> None:
    """An object whose picture is its maker's own loses it, and says so."""
    file = mammogram(gradient(24, 32))
    del file.PixelData
    block = file.private_block(0x7E01, "MAKER", create=True)
    inner = Dataset()
    inner.add_new(0x7E011012, "OB", bytes(100_000))
    block.add_new(0x10, "SQ", [inner])
    _, told = deidentify(read_whole(file_bytes(file)), IDENTITY)
    assert "private attributes" in told.lost_pixels
    assert deidentify(read_whole(file_bytes(mammogram(gradient(24, 32)))), IDENTITY)[1].lost_pixels == ""
