"""Habits of makers and older files: the table says what is done, and that is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from calcwatch.formats.dicom.read import quirks
from calcwatch.formats.dicom.read.mammogram import read_dicom
from calcwatch.formats.dicom.read.quirks import Quirk
from tests.formats.dicom.make import attributes, file_bytes, gradient, mammogram

ROOM = Path(quirks.__file__).parent


def test_every_row_is_whole() -> None:
    """Each row says where the habit is met, what is done and which clause it touches; no two are alike."""
    for quirk in quirks.QUIRKS:
        assert quirk.met
        assert quirk.done
        assert quirk.clause.startswith(("PS3.", "ITU-T "))
    assert len({quirk.function for quirk in quirks.QUIRKS}) == len(quirks.QUIRKS)


def test_the_table_names_every_function() -> None:
    """Each public function of the file is in the table, but for two that stand on one that is."""
    public = {
        name
        for name, value in vars(quirks).items()
        if callable(value)
        and getattr(value, "__module__", "") == quirks.__name__
        and not name.startswith("_")
    }
    assert public - {quirk.function.__name__ for quirk in quirks.QUIRKS} == {
        "Quirk",
        "correct_header",
        "is_code",
    }


@pytest.mark.parametrize("quirk", quirks.JUDGMENTS, ids=lambda quirk: quirk.function.__name__)
def test_judgments_are_asked_for(quirk: Quirk) -> None:
    """Each function that is no correction is used by a reader."""
    readers = [path for path in ROOM.glob("*.py") if path.name != "quirks.py"]
    assert any(quirk.function.__name__ in path.read_text(encoding="utf-8") for path in readers)


def test_a_new_correction_needs_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A correction that is put into the table holds for every image that is read."""

    def side_from_description(dataset: Dataset) -> None:
        if dataset.get("SeriesDescription") == "L MLO":
            dataset.ImageLaterality = "L"

    quirk = Quirk(met="here", done="this", clause="PS3.3", function=side_from_description)
    monkeypatch.setattr(quirks, "CORRECTIONS", (*quirks.CORRECTIONS, quirk))
    dataset = mammogram(gradient(), ImageLaterality=None, SeriesDescription="L MLO", PatientOrientation=None)
    assert read_dicom(file_bytes(dataset), "a.dcm").description.image_laterality == "L"


def test_high_bit_is_completed() -> None:
    """A missing High Bit is Bits Stored - 1; one that is there stays, and one is not made from nothing."""
    for given, expected in (
        ({"BitsStored": 12}, 11),
        ({"BitsStored": 12, "HighBit": 15}, 15),
        ({"BitsStored": 0}, None),
        ({}, None),
    ):
        dataset = attributes(**given)
        quirks.complete_high_bit(dataset)
        assert dataset.get("HighBit") == expected


@pytest.mark.parametrize(
    ("representation", "written", "expected"), [(1, 65436, -100), (1, 100, 100), (0, 65436, 65436)]
)
def test_padding_gets_its_sign(representation: int, written: int, expected: int) -> None:
    """A padding value written as unsigned in signed pixels is the negative one with the same bits."""
    dataset = attributes(BitsAllocated=16, PixelRepresentation=representation)
    dataset.add_new("PixelPaddingValue", "US", written)
    quirks.sign_padding(dataset)
    assert dataset.PixelPaddingValue == expected
