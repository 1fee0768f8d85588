"""De-identification of one file: what must go is gone, what a mammogram is read by is still there."""

from __future__ import annotations

import json
from datetime import datetime
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.deidentify.deidentify import (
    STUDY,
    Identity,
    Pseudonym,
    deidentify,
    names_of,
    needs_black_out,
    read_whole,
)
from calcwatch.formats.dicom.read.mammogram import read_dicom
from tests.formats.dicom.make import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS,
    RLE,
    file_bytes,
    gradient,
    mammogram,
)
from tests.formats.dicom.planted import capture, found_in, planted_image, planted_jpeg, planted_report

SHIFT_DAYS = -400


def map_uid(uid: str) -> str:
    """Another UID for each."""
    return f"2.25.{sum(uid.encode()) + 10**20}"


IDENTITY = Identity(Pseudonym("P-TEST", SHIFT_DAYS), map_uid)


def cleaned(file: FileDataset) -> bytes:
    return deidentify(file, IDENTITY)[0]


PLANTED = {"image": planted_image, "report": planted_report, "jpeg": planted_jpeg}


def test_many_identifiers_are_planted() -> None:
    """More than sixty are in the files, and the search finds every one of them before they are cleaned."""
    planted = 0
    for make in PLANTED.values():
        file, words = make()
        before = BytesIO()
        file.save_as(before, enforce_file_format=True)
        assert sorted(found_in(before.getvalue(), words)) == sorted(words)
        planted += len(set(words))
    assert planted >= 60


@pytest.mark.parametrize("name", PLANTED)
def test_no_planted_identifier_survives(name: str) -> None:
    """None stands in the bytes of the output in any encoding, nor in what is told of the work."""
    file, words = PLANTED[name]()
    content, told = deidentify(file, IDENTITY)
    assert found_in(content, words) == []
    assert found_in(json.dumps(str(told)).encode(), words) == []


def test_what_stays_of_the_image() -> None:
    """View, side, geometry, window and pixels are what they were; what is missing is told by keyword."""
    file, _ = planted_image()
    content, told = deidentify(file, IDENTITY)
    after = dcmread(BytesIO(content))
    kept = ("ImageLaterality", "ViewPosition", "ImagerPixelSpacing", "WindowCenter", "Rows", "BitsStored")
    assert [after[one].value for one in kept] == [file[one].value for one in kept]
    assert after.ViewCodeSequence[0].CodeValue == "399368009"
    assert after.ViewCodeSequence[0].CodeMeaning == "medio-lateral oblique"
    assert np.array_equal(after.pixel_array, file.pixel_array)
    assert after.PatientID == str(after.PatientName) == "P-TEST"
    assert after.PatientIdentityRemoved == "YES"
    assert told.private >= 4
    assert {"InstitutionName", "OperatorsName", "IconImageSequence", "ImageType"} <= set(told.removed)
    assert {"ManufacturerModelName", "Manufacturer"} <= set(told.replaced)
    assert "StudyInstanceUID" in told.mapped
    assert told.shifted["StudyDate"] == 1


def test_the_file_says_how_it_was_cleaned() -> None:
    """Method, its codes (CID 7050) and that dates were moved stand in the file."""
    after = dcmread(BytesIO(cleaned(planted_image()[0])))
    codes = [one.CodeValue for one in after.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113108", "113107"]
    assert after.LongitudinalTemporalInformationModified == "MODIFIED"


def test_dates_move_by_the_same_number_of_days() -> None:
    """Every date and date-time moves as far as the pseudonym says; a leap day is a day like any other."""
    after = dcmread(BytesIO(cleaned(planted_image()[0])))
    moved = datetime.strptime(after.StudyDate, "%Y%m%d") - datetime(2026, 1, 2)
    assert moved.days == SHIFT_DAYS
    assert after.AcquisitionDateTime == "20241129081500"
    assert after.StudyTime == "134700"
    report = dcmread(BytesIO(cleaned(planted_report()[0])))
    (leap,) = (one.Date for one in report.ContentSequence if one.ValueType == "DATE")
    assert leap == "20230125"


def test_a_report_keeps_its_tree() -> None:
    """Items, numbers and codes of public schemes stay; words, names and local codes are replaced."""
    after = dcmread(BytesIO(cleaned(planted_report()[0])))
    items = after.ContentSequence
    assert [one.ValueType for one in items] == [
        *("TEXT", "PNAME", "CODE", "CODE", "UIDREF", "DATE", "DATETIME", "NUM", "CONTAINER")
    ]
    assert items[0].TextValue == "removed"
    assert str(items[1].PersonName) == "removed"
    assert items[2].ConceptCodeSequence[0].CodeMeaning == "Breast"
    assert items[3].ConceptCodeSequence[0].CodeValue == "111176"
    assert items[7].MeasuredValueSequence[0].NumericValue == 3.5
    assert items[8].ContentSequence[0].TextValue == "removed"


@pytest.mark.parametrize(
    "syntax",
    [
        EXPLICIT,
        IMPLICIT,
        DEFLATED,
        BIG_ENDIAN,
        JPEG_BASELINE,
        JPEG_LOSSLESS_SV1,
        JPEG_LS,
        JPEG_2000_LOSSLESS,
        RLE,
    ],
)
def test_every_transfer_syntax_shows_the_same_picture(syntax: str) -> None:
    """A reader sees the same gray before and after, whatever the pixels were stored in."""
    pixels = gradient(64, 48, top=255).astype(np.uint8) if syntax == JPEG_BASELINE else gradient(64, 48)
    before = file_bytes(mammogram(pixels, bits=8 if syntax == JPEG_BASELINE else 12), syntax)
    after = cleaned(read_whole(before))
    assert np.array_equal(read_dicom(after, "a.dcm").gray, read_dicom(before, "b.dcm").gray)


def test_compressed_pixels_stay_compressed() -> None:
    """A code stream loses its comment and shows the same picture in the same transfer syntax."""
    file, _ = planted_jpeg()
    after = dcmread(BytesIO(cleaned(file)))
    assert after.file_meta.TransferSyntaxUID == file.file_meta.TransferSyntaxUID
    assert len(after.PixelData) < len(file.PixelData)
    assert np.array_equal(after.pixel_array, file.pixel_array)


def test_bits_that_no_pixel_uses_are_cleared() -> None:
    """Old files hide overlays above Bits Stored; they are not carried on."""
    pixels = gradient(24, 32).astype(np.uint16) | np.uint16(0xA000)
    after = dcmread(BytesIO(cleaned(read_whole(file_bytes(mammogram(pixels))))))
    assert np.frombuffer(after.PixelData, "<u2").max() < 4096


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (mammogram(gradient()), ""),
        (mammogram(gradient(), BurnedInAnnotation="NO"), ""),
        (mammogram(gradient(), BurnedInAnnotation="YES"), "Burned In Annotation is YES"),
        (mammogram(gradient(), DetectorType="FILM"), "digitized film"),
        (mammogram(gradient(), ConversionType="DF"), "digitized film"),
        (mammogram(gradient(), DetectorType="FILM", BurnedInAnnotation="NO"), "digitized film"),
        (capture(None), "secondary capture"),
        (capture("NO"), ""),
        (capture("YES"), "Burned In Annotation is YES"),
    ],
)
def test_where_letters_may_be_burned_in(file: FileDataset, why: str) -> None:
    """Film bears labels whatever its header says; a captured screen has to deny them."""
    said = needs_black_out(file)
    assert why in said
    assert bool(why) == bool(said)


def test_blacked_out_pixels_become_background() -> None:
    """Outside of what is kept the picture is black, in stored values of either polarity."""
    for polarity, black in (("MONOCHROME2", 0), ("MONOCHROME1", 4095)):
        file = read_whole(file_bytes(mammogram(gradient(24, 32), PhotometricInterpretation=polarity)))
        keep = np.zeros((24, 32), bool)
        keep[5:10, 5:10] = True
        content, told = deidentify(file, IDENTITY, keep=keep)
        after = dcmread(BytesIO(content))
        assert (after.pixel_array[~keep] == black).all()
        assert (after.pixel_array[keep] == file.pixel_array[keep]).all()
        assert told.blacked_out
        assert after.BurnedInAnnotation == "NO"
        assert "113101" in [one.CodeValue for one in after.DeidentificationMethodCodeSequence]


def test_age_over_89_is_not_told() -> None:
    """An age so rare that it names somebody becomes 90; another stays."""
    for age, kept in (("097Y", "090Y"), ("061Y", "061Y"), ("011M", "011M")):
        file = read_whole(file_bytes(mammogram(gradient(), PatientAge=age)))
        assert dcmread(BytesIO(cleaned(file))).PatientAge == kept


def test_a_known_maker_stays() -> None:
    """The name of a company that makes mammography systems stays; another word is replaced."""
    for stated, kept in (
        ("HOLOGIC, Inc.", "HOLOGIC, Inc."),
        ("SIEMENS", "SIEMENS"),
        ("Dr. Mabuse", "removed"),
    ):
        file = read_whole(file_bytes(mammogram(gradient(), Manufacturer=stated)))
        assert dcmread(BytesIO(cleaned(file))).Manufacturer == kept


def test_what_cannot_be_cleaned_is_refused() -> None:
    """An encapsulated document and a damaged file are refused with what to do."""
    document = read_whole(file_bytes(mammogram(gradient(), EncapsulatedDocument=b"%PDF-1.7")))
    with pytest.raises(UnsupportedImage, match="analyze the cleaned images"):
        deidentify(document, IDENTITY)
    with pytest.raises(UnreadableImage):
        read_whole(file_bytes(mammogram(gradient()))[:600])


def test_patient_id_and_study_name_a_person() -> None:
    """Both do: a file of the study without Patient ID is hers too, and a file with neither names nobody."""
    assert names_of(mammogram(gradient())) == {"P1", f"{STUDY}1.2.3"}
    assert names_of(mammogram(gradient(), PatientID="")) == {f"{STUDY}1.2.3"}
    assert names_of(mammogram(gradient(), PatientID="", StudyInstanceUID="")) == frozenset()
