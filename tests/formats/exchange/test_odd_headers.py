"""Headers that say nonsense: what goes out has a valid form, what was left empty is told by its name."""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from calcwatch.domain.errors import CalcwatchError
from calcwatch.formats.dicom.read.filed import filed_header
from calcwatch.formats.dicom.read.study import read_header
from calcwatch.service.export import export_result
from tests.formats.dicom.make import file_bytes
from tests.formats.exchange.filed import write_result
from tests.service.inputs import left_cc, stored

DICOM = ("cad-sr", "sr", "seg", "pr", "sc", "ko", "fhir")


@pytest.fixture(autouse=True)
def _lenient() -> Iterator[None]:
    """Write headers that pydicom would refuse."""
    former = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    yield
    config.settings.writing_validation_mode = former


def put(header: Dataset, keyword: str, vr: str, value: bytes) -> None:
    """Put an element with these very bytes."""
    tag = Tag(keyword)
    value += b" " * (len(value) % 2)
    header._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


@pytest.mark.parametrize(
    ("keyword", "vr", "value", "filed", "is_told"),
    [
        ("StudyDate", "DA", b"2024.01.31", "20240131", True),
        ("StudyDate", "DA", b"20240230", "", True),
        ("StudyDate", "DA", b"20240131\\20240201", "", True),
        ("StudyDate", "DA", b"", "", False),
        ("StudyTime", "TM", b"09:41:05", "094105", True),
        ("StudyTime", "TM", b"0941", "0941", False),
        ("StudyTime", "TM", b"94105", "", True),
        ("StudyTime", "TM", b"236060", "", True),
        ("StudyTime", "TM", b"094105.12345678", "094105.123456", True),
        ("PatientBirthDate", "DA", b"00000000", "", True),
        ("PatientSex", "CS", b"W", "F", True),
        ("PatientSex", "CS", b"X", "", True),
        ("PatientID", "LO", b"12\\34", "", True),
        ("PatientID", "LO", b"9" * 65, "", True),
        ("PatientID", "LO", b"12\x0034", "", True),
        ("PatientName", "PN", b"A^B^C^D^E^F=G=H=I", "A^B^C^D^E=G=H", True),
        ("AccessionNumber", "SH", b"9" * 17, "", True),
        ("StudyDescription", "LO", b"a\r\nb" + b"c" * 70, "a b" + "c" * 61, True),
        ("PatientAge", "AS", b"45Y", "045Y", True),
        ("PatientAge", "AS", b"45", None, True),
        ("TimezoneOffsetFromUTC", "SH", b"GMT+1", None, True),
        ("TimezoneOffsetFromUTC", "SH", b"+9999", None, True),
        ("InstanceNumber", "IS", b"A12", None, True),
        ("InstanceNumber", "IS", b"99999999999", None, True),
        ("ImagerPixelSpacing", "DS", b"0.07", None, True),
        ("PatientOrientation", "CS", b"X", ["", ""], True),
        ("WindowCenter", "DS", b"x", None, True),
        ("SOPClassUID", "UI", b"1.02.3", None, True),
    ],
)
def test_every_attribute_has_a_valid_form(
    keyword: str, vr: str, value: bytes, filed: object, is_told: bool
) -> None:
    """What can mean one thing alone is written as DICOM does; the rest is left empty, and both are told."""
    header = left_cc(stored())
    put(header, keyword, vr, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = filed_header(header)
    found = read.dataset.get(keyword)
    assert (list(found) if isinstance(filed, list) else found) == filed
    assert (keyword in (*read.emptied, *read.reworded)) is is_told


@pytest.mark.parametrize(
    ("charset", "name", "read"),
    [
        (b"\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
        (
            b"\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        ),
        (b"GB18030", "王^小花".encode("gb18030"), "王^小花"),
        (b"NONSENSE", b"Doe^Jane", "Doe^Jane"),
    ],
)
def test_text_of_every_script_is_filed_in_unicode(charset: bytes, name: bytes, read: str) -> None:
    """Whatever character set an image used, what goes out is in UTF-8."""
    header = left_cc(stored(), SeriesInstanceUID="1.2.3.5")
    put(header, "SpecificCharacterSet", "CS", charset)
    put(header, "PatientName", "PN", name)
    found = read_header(file_bytes(header), "a.dcm").dataset
    assert (found.SpecificCharacterSet, str(found.PatientName)) == ("ISO_IR 192", read)


def test_nothing_else_of_a_header_goes_out() -> None:
    """Attributes that no result repeats do not leave the header, such as comments and other IDs."""
    header = left_cc(stored(), PatientComments="HIDDEN", OtherPatientIDs="HIDDEN", InstitutionName="HIDDEN")
    assert "HIDDEN" not in str(filed_header(header).dataset)


def without_digests(result: Path) -> Path:
    """Forget the digests of the images, so that they may be changed."""
    document = json.loads((result / "findings.json").read_text())
    for entry in document["provenance"]["inputs"]:
        entry["sha256"] = None
    (result / "findings.json").write_text(json.dumps(document))
    return result


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result whose images' headers are nonsense."""
    result = without_digests(write_result(tmp_path_factory.mktemp("odd")))
    former = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in result.parent.rglob("*.dcm"):
            header = dcmread(file)
            for keyword, vr, value in (
                ("SpecificCharacterSet", "CS", b"KLINGON"),
                ("PatientBirthDate", "DA", b"SECRET60"),
                ("PatientSex", "CS", b"SECRET"),
                ("StudyTime", "TM", b"SECRET"),
                ("PatientID", "LO", b"SECRET\\SECRET"),
                ("PatientOrientation", "CS", b"SECRET"),
                ("WindowCenter", "DS", b"SECRET"),
                ("ImagerPixelSpacing", "DS", b"SECRET"),
                ("SeriesNumber", "IS", b"SECRET"),
            ):
                put(header, keyword, vr, value)
            header.save_as(file)
    config.settings.writing_validation_mode = former
    return result


def test_no_header_stops_an_export(odd: Path, tmp_path: Path) -> None:
    """Every format is written, what was left empty is told by name, and no value is quoted anywhere."""
    done = export_result(odd, tmp_path / "out", DICOM)
    assert {file.format for file in done.files} == set(DICOM)
    assert not done.not_made
    told = " ".join(done.told)
    assert all(name in told for name in ("PatientBirthDate", "PatientSex", "StudyTime", "WindowCenter"))
    assert "SECRET" not in told
    assert not [
        file for file in (tmp_path / "out").rglob("*") if file.is_file() and b"SECRET" in file.read_bytes()
    ]


def test_a_format_that_fails_does_not_stop_the_others(result: Path, tmp_path: Path) -> None:
    """Without its pictures a result is still written in all other formats; alone the reason is the answer."""
    copy = tmp_path / "case" / result.name
    shutil.copytree(result.parent, copy.parent, ignore=shutil.ignore_patterns("exported"))
    shutil.rmtree(copy / "overlays")
    done = export_result(copy, tmp_path / "out", ("cad-sr", "sc", "fhir"))
    assert [file.format for file in done.files] == ["cad-sr", "fhir"]
    assert [failed.format for failed in done.not_made] == ["sc"]
    assert "leave sc and pdf out" in done.not_made[0].reason
    with pytest.raises(CalcwatchError, match="leave sc and pdf out"):
        export_result(copy, tmp_path / "alone", ("sc",))


def test_an_image_that_nothing_can_refer_to_is_exported_without_dicom(tmp_path: Path) -> None:
    """A UID that is none is never invented: FHIR is written, DICOM is refused with the attribute's name."""
    result = without_digests(write_result(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in result.parent.rglob("*.dcm"):
            header = dcmread(file)
            put(header, "SeriesInstanceUID", "UI", b"1.2.SECRET")
            header.save_as(file)
    done = export_result(result, tmp_path / "out", ("cad-sr", "fhir"))
    assert [file.format for file in done.files] == ["fhir"]
    assert "SeriesInstanceUID" in done.not_made[0].reason
    assert "SECRET" not in done.not_made[0].reason


def test_the_same_result_gives_the_same_bytes_everywhere(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the time zone, nor a copy, nor the day it is exported changes a byte or a UID."""
    copy = tmp_path / "case" / result.name
    shutil.copytree(result.parent, copy.parent, ignore=shutil.ignore_patterns("exported"))
    os.utime(copy / "findings.json", (1_000_000_000, 1_000_000_000))
    there = export_result(result, tmp_path / "there", DICOM)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    here = export_result(copy, tmp_path / "here", DICOM)
    monkeypatch.undo()
    time.tzset()
    assert [(file.name, file.sha256, file.sop_instance_uid) for file in here.files] == [
        (file.name, file.sha256, file.sop_instance_uid) for file in there.files
    ]
