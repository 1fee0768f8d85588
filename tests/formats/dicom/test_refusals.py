"""Bad files: each is refused with its reason, and describing it never fails."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.uid import MediaStorageDirectoryStorage

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.bounds import MAX_PIXELS
from calcwatch.formats.dicom.deidentify.deidentify import needs_black_out
from calcwatch.formats.dicom.read import parse
from calcwatch.formats.dicom.read.frames import decode_with_complaint
from calcwatch.formats.dicom.read.mammogram import describe_dicom, read_dicom
from calcwatch.formats.dicom.read.parse import MAX_NESTING, decode_text, is_dicomdir, parse_dicom
from tests.formats.dicom.make import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS,
    RLE,
    SECONDARY_CAPTURE,
    TOMOSYNTHESIS,
    attributes,
    code,
    file_bytes,
    gradient,
    mammogram,
)


def assert_refused(content: bytes, kind: type[CalcwatchError], reason: str) -> None:
    """Check that reading raises and describing tells the same reason, without the file's name."""
    with pytest.raises(kind, match=reason) as caught:
        read_dicom(content, "bad.dcm")
    assert str(caught.value).startswith("bad.dcm: ")
    described = describe_dicom(content, "bad.dcm")
    assert f"bad.dcm: {described.not_analyzed_because}" == str(caught.value)


def refused(reason: str, *, kind: type[CalcwatchError] = UnsupportedImage, **given: Any) -> None:
    assert_refused(file_bytes(mammogram(gradient(), **given)), kind, reason)


def test_empty() -> None:
    """An empty file is refused as empty."""
    assert_refused(b"", UnreadableImage, "0 bytes")


def test_no_dicom() -> None:
    """A text file is refused as no DICOM file."""
    assert_refused(b"file,patient\n" * 40, UnreadableImage, "no DICOM file")


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED, JPEG_LOSSLESS_SV1, JPEG_LS])
@pytest.mark.parametrize("part", [0.02, 0.1, 0.2, 0.3, 0.5, 0.8, 0.95, 0.98])
def test_truncated(syntax: str, part: float) -> None:
    """A file cut off anywhere is refused, never read in part."""
    content = file_bytes(mammogram(gradient(40, 40)), syntax)
    assert_refused(content[: int(len(content) * part)], UnreadableImage, "truncated|damaged|no DICOM file")


@pytest.mark.parametrize("syntax", [JPEG_2000_LOSSLESS, RLE])
def test_truncated_bit_stream(syntax: str) -> None:
    """A compressed bit stream cut off inside an intact file is refused."""
    content = file_bytes(mammogram(gradient(40, 40)), syntax)
    start = content.rindex(b"\xfe\xff\x00\xe0") + 8
    assert_refused(content[: start + (len(content) - start) // 2], UnreadableImage, "truncated|damaged")


@pytest.mark.parametrize("where", [0.35, 0.6, 0.9])
def test_damaged_rle(where: float) -> None:
    """A damaged run length code is refused without crashing the reader."""
    content = bytearray(file_bytes(mammogram(gradient(40, 40)), RLE))
    place = int(len(content) * where)
    content[place : place + 40] = b"\x7f" * 40
    try:
        assert read_dicom(bytes(content), "bad.dcm").gray.shape == (40, 40)
    except UnreadableImage as error:
        assert "damaged" in str(error)


@pytest.mark.parametrize("size", [40, 150])
def test_damaged_jpeg(size: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A damaged lossless JPEG, which its library decodes all the same, is refused, and nothing is printed."""
    content = bytearray(file_bytes(mammogram(gradient(64, 48)), JPEG_LOSSLESS_SV1))
    place = len(content) - 300
    content[place : place + size] = b"\x55" * size
    assert_refused(bytes(content), UnreadableImage, "damaged: Corrupt JPEG data")
    assert capfd.readouterr().err == ""


def test_other_messages_are_kept(capfd: pytest.CaptureFixture[str]) -> None:
    """What others print to the standard error stream while a decoder runs is not lost, harmless noise is."""

    def decode() -> int:
        os.write(2, b"from elsewhere\nCorrupt JPEG data: 2 extraneous bytes before marker 0xd9\n")
        return 7

    assert decode_with_complaint(decode) == (7, "")
    assert capfd.readouterr().err == "from elsewhere\n"


def test_decoder_errors_pass() -> None:
    """An error of the decoder passes, and the standard error stream is back in its place."""
    before = os.fstat(2)
    with pytest.raises(ZeroDivisionError):
        decode_with_complaint(lambda: 1 // 0)
    assert os.fstat(2).st_ino == before.st_ino


def test_header_without_pixels() -> None:
    """A mammogram's header without Pixel Data is refused as without pixels."""
    dataset = mammogram(gradient())
    del dataset.PixelData
    assert_refused(file_bytes(dataset), UnreadableImage, "no pixels: .* without Pixel Data")


@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.10008.5.1.4.1.1.88.50", "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.104.1"],
)
def test_objects_without_image(sop_class: str) -> None:
    """Reports, presentation states and documents are refused as no image."""
    dataset = attributes(SOPClassUID=sop_class, SOPInstanceUID="1.2", Modality="SR", PatientID="P1")
    assert_refused(file_bytes(dataset), UnsupportedImage, "no pixels: this object .* is not an image")


def test_encrypted() -> None:
    """A file whose attributes are encrypted is refused as encrypted."""
    dataset = attributes(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2",
        SOPInstanceUID="1.2",
        EncryptedAttributesSequence=[
            attributes(EncryptedContentTransferSyntaxUID=EXPLICIT, EncryptedContent=bytes(64))
        ],
    )
    assert_refused(file_bytes(dataset), UnreadableImage, "encrypted")


def test_encrypted_identity_does_not_matter() -> None:
    """A de-identified mammogram that keeps its old identity encrypted is read."""
    kept = [attributes(EncryptedContentTransferSyntaxUID=EXPLICIT, EncryptedContent=bytes(64))]
    dataset = mammogram(gradient(), EncryptedAttributesSequence=kept)
    assert read_dicom(file_bytes(dataset), "x").gray.shape == (24, 32)


def test_dicomdir() -> None:
    """A DICOMDIR is refused as an index, and told by its first bytes."""
    dataset = attributes(SOPClassUID=MediaStorageDirectoryStorage, SOPInstanceUID="1.2", FileSetID="X")
    content = file_bytes(dataset)
    assert is_dicomdir(content[:512])
    assert not is_dicomdir(file_bytes(mammogram(gradient()))[:512])
    assert_refused(content, UnsupportedImage, "DICOMDIR")


def test_promised_pixels_are_bounded() -> None:
    """A header that promises more pixels than allowed is refused before anything is decoded."""
    refused("compression bomb", kind=UnreadableImage, Rows=60000, Columns=60000)


def test_inflating_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deflated data set is inflated up to its bound and refused beyond it."""
    content = file_bytes(mammogram(np.zeros((2000, 2000), np.uint16)), DEFLATED)
    assert len(content) < 20_000
    monkeypatch.setattr(parse, "MAX_INFLATED_BYTES", 1_000_000)
    assert_refused(content, UnreadableImage, "compression bomb")


def test_damaged_deflation() -> None:
    """A deflated data set with damaged bytes is refused."""
    content = bytearray(file_bytes(mammogram(gradient()), DEFLATED))
    start = content.index(DEFLATED.encode()) + len(DEFLATED)
    content[start:] = b"\xff" * (len(content) - start)
    assert_refused(bytes(content), UnreadableImage, "damaged|truncated")


@pytest.mark.parametrize("syntax", [JPEG_LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS])
def test_size_of_the_bit_stream(syntax: str) -> None:
    """A compressed picture of another size than the header says is refused before it is decoded."""
    content = file_bytes(mammogram(gradient(64, 72)), syntax)
    rows = b"\x28\x00\x10\x00US\x02\x00"
    changed = content.replace(rows + b"\x40\x00", rows + b"\x20\x00", 1)
    assert changed != content
    assert_refused(
        changed, UnreadableImage, "header says 32 x 72 pixels but the compressed image has 64 x 72"
    )


@pytest.mark.parametrize(("rows", "columns"), [(23, 32), (24, 31), (12, 32), (25, 32), (24, 33)])
def test_size_of_native_pixels(rows: int, columns: int) -> None:
    """Rows and Columns that do not fit the amount of Pixel Data are refused."""
    refused("need .* bytes but Pixel Data has", kind=UnreadableImage, Rows=rows, Columns=columns)


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated", "BitsStored"])
def test_missing_attribute(keyword: str) -> None:
    """A missing attribute that pixels need is named."""
    refused(f"required attribute {keyword} is missing", kind=UnreadableImage, **{keyword: None})


@pytest.mark.parametrize(("stored", "high"), [(17, 16), (12, 10), (12, 16)])
def test_contradictory_bits(stored: int, high: int) -> None:
    """Bits Stored, Bits Allocated and High Bit that contradict each other are refused."""
    refused("contradict each other", kind=UnreadableImage, BitsStored=stored, HighBit=high)


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("Photometric Interpretation RGB", {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}),
        ("PALETTE COLOR", {"PhotometricInterpretation": "PALETTE COLOR"}),
        (r"\(missing\)", {"PhotometricInterpretation": None}),
        ("Bits Allocated 32", {"BitsAllocated": 32}),
        ("Bits Allocated 1 ", {"BitsAllocated": 1}),
    ],
)
def test_other_pixels(reason: str, given: dict[str, Any]) -> None:
    """Color pixels and pixels of other sizes are refused with what they are."""
    refused(reason, **given)


def test_float_pixels() -> None:
    """Float Pixel Data is refused."""
    dataset = mammogram(gradient())
    del dataset.PixelData
    dataset.FloatPixelData = bytes(24 * 32 * 4)
    assert_refused(file_bytes(dataset), UnsupportedImage, "FloatPixelData is not read")


@pytest.mark.parametrize(
    "given",
    [
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Modality": "CT", "BodyPartExamined": "BREAST"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR", "BodyPartExamined": "BREAST"},
        {"SOPClassUID": SECONDARY_CAPTURE, "Modality": "US", "BodyPartExamined": "BREAST"},
        {"SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT", "ViewCodeSequence": None},
        {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1",
            "Modality": "DX",
            "BodyPartExamined": "CHEST",
            "ViewCodeSequence": None,
        },
    ],
)
def test_other_images(given: dict[str, Any]) -> None:
    """CT, MR, ultrasound, a chest film and an unnamed capture are refused as no mammograms, and flagged."""
    refused("not a mammogram: ", **given)
    described = describe_dicom(file_bytes(mammogram(gradient(), **given)), "x")
    assert QualityFlag.NOT_A_MAMMOGRAM in described.flags


@pytest.mark.parametrize(
    "evidence",
    [
        {"Modality": "MG"},
        {"Modality": "RG", "BodyPartExamined": "BREAST"},
        {"Modality": "OT", "OrganExposed": "BREAST"},
        {"Modality": "CR", "PositionerType": "MAMMOGRAPHIC"},
        {"Modality": "DX", "AnatomicRegionSequence": [code("T-04000", "SRT")]},
        {"Modality": "", "ViewCodeSequence": [code("R-10242", "SNM3")]},
    ],
)
@pytest.mark.parametrize("sop_class", [SECONDARY_CAPTURE, "1.2.840.10008.5.1.4.1.1.1", None])
def test_captured_mammograms(evidence: dict[str, Any], sop_class: str | None) -> None:
    """Scanned and captured images whose header says breast are mammograms."""
    plain = {"ViewCodeSequence": None, "PresentationIntentType": None, "SOPClassUID": sop_class}
    content = file_bytes(mammogram(gradient(), **(plain | evidence)))
    assert not describe_dicom(content, "x").not_analyzed_because


def test_specimen() -> None:
    """A radiograph of a tissue specimen is refused."""
    refused("tissue specimen", ViewCodeSequence=[code("G-8310", "SRT")])


def test_several_frames() -> None:
    """A mammogram object of several frames is refused with their number."""
    content = file_bytes(mammogram(np.stack([gradient()] * 3)))
    assert_refused(content, UnsupportedImage, "holds 3 frames")


def test_tomosynthesis() -> None:
    """A tomosynthesis image is described, and refused for now with its number of frames."""
    content = file_bytes(mammogram(np.stack([gradient()] * 3), SOPClassUID=TOMOSYNTHESIS))
    assert_refused(content, UnsupportedImage, "tomosynthesis image of 3 frames: .* comes in a later release")
    described = describe_dicom(content, "x")
    assert (described.frames, described.rows, described.view_position) == (3, 24, "MLO")
    assert QualityFlag.NOT_A_MAMMOGRAM not in described.flags


def test_coarse_pixels() -> None:
    """An image whose pixels are coarser than any mammogram's is refused and flagged."""
    refused("not a mammogram for diagnosis: its pixels are 0.3 mm", ImagerPixelSpacing=[0.3, 0.3])
    described = describe_dicom(file_bytes(mammogram(gradient(), ImagerPixelSpacing=[0.3, 0.3])), "x")
    assert QualityFlag.NOT_A_MAMMOGRAM in described.flags


def test_random_damage() -> None:
    """Damaged bytes anywhere in a file end in a named error or in a picture, in nothing else."""
    chance = np.random.default_rng(7)
    contents = [
        file_bytes(mammogram(gradient()), syntax) for syntax in (EXPLICIT, IMPLICIT, JPEG_LS, DEFLATED)
    ]
    for number in range(200):
        damaged = bytearray(contents[number % len(contents)])
        for place in chance.integers(132, len(damaged), 3):
            damaged[place] = chance.integers(0, 256)
        described = describe_dicom(bytes(damaged), "bad.dcm")
        try:
            assert read_dicom(bytes(damaged), "bad.dcm").gray.dtype == np.float32
            assert not described.not_analyzed_because
        except CalcwatchError as error:
            assert described.not_analyzed_because in str(error)


def test_deep_nesting() -> None:
    """Sequences nested beyond all reason are refused, not followed until the program ends."""
    content = file_bytes(mammogram(gradient()))
    opening = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    start = content.index(b"\x08\0\x16\0", 132)
    assert_refused(content[:start] + opening * 20000, UnreadableImage, "damaged")


def test_no_patient_in_messages() -> None:
    """No refusal repeats the patient's name, number or date of birth."""
    secret = {"PatientName": "Secret^Name", "PatientID": "S3CR3T", "PatientBirthDate": "19500203"}
    for given in (
        {"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"},
        {"Rows": 5},
        {"BitsStored": 40},
    ):
        content = file_bytes(mammogram(gradient(), **(secret | given)))
        reason = describe_dicom(content, "x").not_analyzed_because
        assert reason
        assert not any(word in reason for word in ("Secret", "S3CR3T", "19500203"))


def test_bound_is_far_above_real_images() -> None:
    """The bound on pixels lies above the largest real mammograms."""
    assert MAX_PIXELS > 4 * 6000 * 4800 / 2


def nested(dataset: Dataset, levels: int) -> Dataset:
    """A data set with another one so many levels down."""
    for _ in range(levels):
        dataset = attributes(ContentSequence=[dataset])
    return mammogram(gradient(), ContentSequence=[dataset])


def test_an_error_far_down_is_told_once() -> None:
    """The library tells an error twice on each level above it: nine levels down that takes gigabytes."""
    content = file_bytes(nested(attributes(PixelPaddingValue=5), 6))
    content = content.replace(b"\x28\x00\x20\x01US\x02\x00", b"\x28\x00\x20\x01FD\x02\x00")
    with pytest.raises(BytesLengthException) as error:
        decode_text(parse_dicom(content).dataset)
    assert len(str(error.value)) < 500


def test_items_nested_without_end_are_refused() -> None:
    """No file of use nests items so deep, and each level costs whoever reads them."""
    content = file_bytes(nested(attributes(PixelPaddingValue=5), MAX_NESTING + 1))
    with pytest.raises(UnreadableImage, match="nested deeper"):
        decode_text(parse_dicom(content).dataset)


def test_a_container_of_a_maker_is_named() -> None:
    """A capture whose private attributes hold more than its pixels is a container, and is named as such."""
    dataset = mammogram(gradient(), SOPClassUID=SECONDARY_CAPTURE)
    dataset.private_block(0x7E01, "HOLOGIC, Inc.", create=True).add_new(0x12, "OB", b"x" * 2_000_000)
    assert_refused(file_bytes(dataset), UnsupportedImage, "container of HOLOGIC, Inc.")


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("RescaleSlope", "LO", "abc"),
        ("RescaleIntercept", "LO", ["1", "2"]),
        ("WindowCenter", "LO", "2048,5,1"),
        ("WindowWidth", "LO", ["", "4096"]),
        ("PixelPaddingValue", "LO", "none"),
        ("BitsStored", "LO", "twelve"),
        ("HighBit", "LO", "eleven"),
        ("PixelRepresentation", "LO", "unsigned"),
        ("VOILUTSequence", "LO", "none"),
        ("ModalityLUTSequence", "LO", "none"),
        ("NumberOfFrames", "LO", "one"),
        ("PresentationIntentType", "CS", "PROCESSED"),
        # under a VR of another kind: bytes that are no text, a zero and a vertical tab among them
        ("HighBit", "OB", b"\x0b\0"),
        ("BitsStored", "OB", b"\0\0"),
        ("VOILUTFunction", "OB", b"\0\0"),
        ("PresentationLUTShape", "OB", b"\0\0"),
        ("PresentationIntentType", "OB", b"\0\0"),
    ],
)
def test_gray_that_cannot_be_read_is_refused(keyword: str, vr: str, value: Any) -> None:
    """What stands where a number of the gray should is named; no default takes its place."""
    given = {"RescaleSlope": 1} if keyword == "RescaleIntercept" else {}
    dataset = mammogram(gradient(), **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.add_new(keyword, vr, value)
        content = file_bytes(dataset)
    assert_refused(content, UnreadableImage, "cannot be read")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"RescaleSlope": "1e305", "RescaleIntercept": "0", "WindowCenter": None, "WindowWidth": None},
            "gray",
        ),
        ({"RescaleIntercept": -1000}, "Rescale Slope is not given"),
        ({"WindowCenter": 100000, "WindowWidth": 10}, "every pixel would have the same gray"),
        ({"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 4095}, "every value that a pixel can have"),
    ],
)
def test_numbers_that_leave_no_gray_are_refused(given: dict[str, Any], reason: str) -> None:
    """Numbers of the header that leave no gray, or one gray, are refused before any pixel is looked at."""
    refused(reason, kind=UnreadableImage, **given)


@pytest.mark.parametrize("keyword", ["PatientID", "StudyInstanceUID", "PatientOrientation", "ViewPosition"])
def test_a_name_that_is_no_text_is_flagged(keyword: str) -> None:
    """What says whose image it is and how it lies, under a VR that is no text, is not taken for absent."""
    without: dict[str, Any] = {keyword: None}
    dataset = mammogram(gradient(), **without)
    dataset.add_new(keyword, "OB", b"\x01\0")
    found = read_dicom(file_bytes(dataset), "made.dcm")
    assert QualityFlag.HEADER_UNREADABLE in found.description.flags


def test_a_photometric_interpretation_in_small_letters_is_refused() -> None:
    """It is no value of the Standard: which way its gray runs is not guessed."""
    dataset = mammogram(gradient())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.PhotometricInterpretation = "monochrome1"
        content = file_bytes(dataset)
    assert_refused(content, UnsupportedImage, "Photometric Interpretation monochrome1")


def test_padding_that_no_pixel_can_have_is_flagged() -> None:
    """Padding beyond the bits of a pixel sets nothing apart, and that is said and flagged."""
    found = read_dicom(file_bytes(mammogram(gradient(), PixelPaddingValue=65535)), "made.dcm")
    assert found.padding is None
    assert QualityFlag.HEADER_UNREADABLE in found.description.flags
    assert any("no value that a pixel can have" in step for step in found.description.pixel_steps)


@pytest.mark.parametrize(
    ("said", "date"),
    [("20240131", "20240131"), ("2024.01.31", "20240131"), ("20241399", None), ("2024", None), ("", None)],
)
def test_study_date(said: str, date: str | None) -> None:
    """A date that the calendar has not is not known, and flagged where something stands there."""
    dataset = mammogram(gradient())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.add_new("StudyDate", "LO", said)
        found = read_dicom(file_bytes(dataset), "made.dcm").description
    assert found.study_date == date
    assert (QualityFlag.STUDY_DATE_UNKNOWN in found.flags) is (date is None and said != "")


@pytest.mark.parametrize(
    "given",
    [
        {"ConversionType": "DF"},
        {"ConversionType": "SI"},
        {"DetectorType": "FILM"},
        {"Modality": "RG", "SOPClassUID": SECONDARY_CAPTURE, "OrganExposed": "BREAST"},
        {"NominalScannedPixelSpacing": [0.05, 0.05], "ImagerPixelSpacing": None},
    ],
)
def test_film_is_film_for_reading_and_for_cleaning(given: dict[str, Any]) -> None:
    """Whatever tells film tells it to all: the image is flagged, and no copy is made without black-out."""
    dataset = mammogram(gradient(), BurnedInAnnotation="NO", **given)
    assert QualityFlag.DIGITIZED_FILM in read_dicom(file_bytes(dataset), "film.dcm").description.flags
    assert needs_black_out(dataset) == "it is digitized film"
