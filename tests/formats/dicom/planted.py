"""DICOM files with identifiers of a person in every place that a file has, and what finds them again."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from calcwatch.formats.dicom.deidentify.deidentify import read_whole
from tests.formats.dicom.make import (
    EXPLICIT,
    JPEG_BASELINE,
    SECONDARY_CAPTURE,
    attributes,
    code,
    file_bytes,
    gradient,
    lut_item,
    mammogram,
    written,
)

ROOT = "1.2.276.9999."
"""UIDs below this one are the hospital's: each is an identifier."""

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"

Plant = Callable[[str], str]
"""Notes an identifier and returns it."""


def encodings(word: str) -> set[bytes]:
    """The bytes a word may be written in: as text of one or two bytes a letter, as JSON, and backwards."""
    forms = {word, word.upper(), word.lower(), word.encode("ascii", "backslashreplace").decode()}
    named = ("latin-1", "utf-8", "utf-16-le", "utf-16-be", "cp1252")
    return {form.encode(name, "ignore") for form in forms for name in named if form.encode(name, "ignore")}


def found_in(content: bytes, words: list[str]) -> list[str]:
    """The words that stand in these bytes in any encoding and any case."""
    folded = content.lower()
    return [word for word in words if any(form.lower() in folded for form in encodings(word))]


def planted_image() -> tuple[FileDataset, list[str]]:
    """A mammogram full of identifiers, and the identifiers."""
    words: list[str] = []

    def plant(word: str) -> str:
        words.append(word)
        return word

    dataset = mammogram(gradient(64, 48))
    dataset.SpecificCharacterSet = "ISO_IR 100"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # real files break the rules of value representations too
        for fill in (_plant_public, _plant_misused, _plant_nested, _plant_private, _plant_uids):
            fill(dataset, plant)
        _plant_hidden_bytes(dataset, plant)
        return _file(dataset, plant), words


def _plant_public(dataset: Dataset, plant: Plant) -> None:
    """Attributes whose very purpose is to say who, when and where."""
    for keyword, word in {
        "PatientName": "Müllersdottir^Ágnes^Röntgena",
        "PatientID": "MRN-77120934",
        "OtherPatientNames": "Kestrelborn^Agnes",
        "PatientBirthName": "Winterfeldt^Agnes",
        "PatientMotherBirthName": "Quillmother",
        "PatientAddress": "17 Larkspur Crescent",
        "PatientTelephoneNumbers": "+49-30-5557719",
        "PatientComments": "neighbor of doctor Ottoline",
        "EthnicGroup": "Faroese",
        "Occupation": "lighthouse keeper",
        "MilitaryRank": "Korvettenkapitän",
        "MedicalRecordLocator": "SHELF-4411",
        "AccessionNumber": "ACC9931177",
        "StudyID": "STID48812",
        "StudyDescription": "control of Agnes Mullersdottir",
        "SeriesDescription": "left breast of Mrs Seriesname",
        "ProtocolName": "Protocol Dr Pfeffernuss",
        "InstitutionName": "Clinic Elbblick",
        "InstitutionAddress": "Harbor Street 3 Elbstadt",
        "InstitutionalDepartmentName": "Ward Nordwind",
        "ReferringPhysicianName": "Quackenbush^Ewald",
        "PerformingPhysicianName": "Zimmerspiel^Dora",
        "OperatorsName": "Abendroth^Kim",
        "NameOfPhysiciansReadingStudy": "Lesewitz^Iris",
        "StationName": "MAMMO-NORD-7",
        "DeviceSerialNumber": "SN5566778899",
        "ManufacturerModelName": "Modell Sonderbau Elbblick",
        "DetectorID": "DET-0099-ELB",
        "SoftwareVersions": "7.1-elbblick",
        "ImageComments": "Patientin Frau Bildkommentar",
        "AdditionalPatientHistory": "sister of Berta Vorgeschichte",
        "RequestingService": "Praxis Donnerberg",
        "AdmissionID": "ADM-30219",
        "IssuerOfPatientID": "ISSUER-ELB-9",
        "PerformedProcedureStepID": "PPSID-6612",
    }.items():
        setattr(dataset, keyword, plant(word))
    plan = code(plant("INSURE-81"), "99ELB", plant("Kasse Sonnental"))
    dataset.PatientInsurancePlanCodeSequence = [plan]
    for keyword, day in {"PatientBirthDate": "19480223", "AdmittingDate": "20251127"}.items():
        setattr(dataset, keyword, plant(day))
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(dataset, keyword, "20260102")
    plant("20260102")
    dataset.StudyTime = plant("134759.331")
    dataset.AcquisitionDateTime = "20260103081559.27+0100"
    plant("20260103")


def _plant_misused(dataset: Dataset, plant: Plant) -> None:
    """Attributes that stay, with values that do not belong there."""
    dataset.add_new("BodyPartExamined", "CS", plant("BREAST OF BODYNAME"))
    dataset.add_new("ImageType", "CS", ["DERIVED", "PRIMARY", plant("TYPE GRETA")])
    dataset.add_new("WindowCenterWidthExplanation", "LO", plant("window of Fensterle"))
    dataset.add_new("AnodeTargetMaterial", "CS", plant("ANODE LOTTE"))
    dataset.add_new("PatientAge", "AS", plant("Lena"))
    dataset.add_new("FilterMaterial", "CS", plant("FILTER OF FRIDA"))
    dataset.add_new("Manufacturer", "LO", plant("Maker for Frau Herstell"))
    dataset.add_new("TimezoneOffsetFromUTC", "SH", plant("+0917"))


def _plant_nested(dataset: Dataset, plant: Plant) -> None:
    """Sequences that stay, whose items say more than they have to."""
    dataset.ViewCodeSequence = [
        code(
            "399368009",
            meaning=plant("oblique view of Frau Codewort"),
            ViewModifierCodeSequence=[code(plant("MOD-4477"), "99ELB", plant("turned by Dreher"))],
        )
    ]
    dataset.SourceImageSequence = [
        attributes(
            ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.1.2.1",
            ReferencedSOPInstanceUID=plant(f"{ROOT}77.1"),
            PurposeOfReferenceCodeSequence=[code("121322", "DCM", plant("source of Quellinger"))],
            PatientName=plant("Nestled^Name"),
            SourceImageSequence=[attributes(InstitutionName=plant("Deeply Nested Hospital"))],
        )
    ]
    dataset.RequestAttributesSequence = [
        attributes(ScheduledProcedureStepDescription=plant("step for Frau Termin"))
    ]
    dataset.VOILUTSequence = [lut_item(0, list(range(4096)), 12, plant("curve of Kurvinski"))]
    dataset.OriginalAttributesSequence = [
        attributes(ModifiedAttributesSequence=[attributes(PatientID=plant("OLDMRN-5512"))])
    ]
    icon = mammogram(gradient(8, 8))
    icon.ImageComments = plant("icon of Iconelle")
    dataset.IconImageSequence = [icon]


def _plant_private(dataset: Dataset, plant: Plant) -> None:
    block = dataset.private_block(0x0019, plant("ELBBLICK PRIVATE"), create=True)
    block.add_new(0x10, "LO", plant("private Geheimrat"))
    block.add_new(0x11, "SQ", [attributes(PatientName=plant("Privatnested^Paula"))])
    block.add_new(0x12, "OB", plant("rawbytes of Rohdata").encode("utf-16-le"))
    dataset.add_new(0x00290010, "UN", plant("unknown Unbekannte").encode())
    inner = dataset.SourceImageSequence[0].private_block(0x0011, plant("INNER ELBBLICK"), create=True)
    inner.add_new(0x01, "UT", plant("inner private Innerhofer"))


def _plant_uids(dataset: Dataset, plant: Plant) -> None:
    for number, keyword in enumerate(
        ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "DeviceUID"), 1
    ):
        setattr(dataset, keyword, plant(f"{ROOT}1000{number}"))


def _plant_hidden_bytes(dataset: Dataset, plant: Plant) -> None:
    """Places whose bytes are no text: overlays, padding behind the pixels, bits that no pixel uses."""
    dataset.add_new(0x60000010, "US", 64)
    dataset.add_new(0x60000011, "US", 48)
    dataset.add_new(0x60003000, "OW", plant("overlay letters Aufschrift ").encode().ljust(384, b"\0"))
    dataset.add_new(0x60000022, "LO", plant("overlay of Overbeck"))
    dataset.add_new(0xFFFCFFFC, "OB", plant("trailing Nachsatz ").encode())
    dataset.add_new(0x40000010, "LT", plant("retired Rentnerin"))


def _file(dataset: Dataset, plant: Plant) -> FileDataset:
    content = bytearray(file_bytes(dataset, EXPLICIT))
    content[:128] = plant("preamble of Vorwort").encode().ljust(128, b"\0")
    file = read_whole(bytes(content))
    file.file_meta.SourceApplicationEntityTitle = plant("AE_ELBBLICK")
    file.file_meta.ImplementationVersionName = plant("ELB_VERSION")
    file.file_meta.PrivateInformationCreatorUID = UID(plant(f"{ROOT}55"))
    file.file_meta.PrivateInformation = plant("meta private Metaphora ").encode()
    return file


def planted_report() -> tuple[FileDataset, list[str]]:
    """A structured report full of identifiers, in UTF-8, and the identifiers."""
    words: list[str] = []

    def plant(word: str) -> str:
        words.append(word)
        return word

    def item(kind: str, **more: Any) -> Dataset:
        name = more.pop("name", code("121106", "DCM", plant(f"concept of {kind} Begriffler")))
        return attributes(RelationshipType="CONTAINS", ValueType=kind, ConceptNameCodeSequence=[name], **more)

    dataset = attributes(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=COMPREHENSIVE_SR,
        SOPInstanceUID=plant(f"{ROOT}2001"),
        StudyInstanceUID=plant(f"{ROOT}2002"),
        SeriesInstanceUID=plant(f"{ROOT}2003"),
        Modality="SR",
        PatientName=plant("Ωμέγα^Ελένη"),
        PatientID=plant("MRN-Привет-12"),
        StudyDate="20260102",
        ContentDate="20260102",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        CompletionFlag="COMPLETE",
        VerificationFlag="VERIFIED",
        VerifyingObserverSequence=[
            attributes(
                VerifyingObserverName=plant("Signatura^Else"), VerifyingOrganization=plant("Org Siegel")
            )
        ],
        AuthorObserverSequence=[attributes(PersonName=plant("Autorin^Ada"))],
        ConceptNameCodeSequence=[code(plant("TITLE-99"), "99ELB", plant("report of Frau Titelblatt"))],
        ContentSequence=[
            item("TEXT", TextValue=plant("seen by Frau Freitext on the phone")),
            item("PNAME", PersonName=plant("Beobachter^Bodo")),
            item("CODE", ConceptCodeSequence=[code("T-04000", "SRT", plant("breast of Brusthilde"))]),
            item("CODE", ConceptCodeSequence=[code(plant("LOCAL-7"), "99ELB", plant("local Lokalis"))]),
            item("UIDREF", UID=plant(f"{ROOT}2004")),
            item("DATE", Date=plant("20240229")),
            item("DATETIME", DateTime="20240301121314.5"),
            item(
                "NUM",
                MeasuredValueSequence=[
                    attributes(
                        NumericValue="3.5",
                        MeasurementUnitsCodeSequence=[code("mm", "UCUM", plant("mm of Messmer"))],
                    )
                ],
            ),
            item(
                "CONTAINER",
                ContinuityOfContent="SEPARATE",
                ContentSequence=[item("TEXT", TextValue=plant("nested Ä Schachtel"))],
            ),
        ],
    )
    plant("20240301")
    return read_whole(file_bytes(dataset)), words


def planted_jpeg() -> tuple[FileDataset, list[str]]:
    """A JPEG mammogram whose code stream has a comment and application data."""
    plain = read_whole(
        file_bytes(mammogram(gradient(64, 48, top=255).astype(np.uint8), bits=8), JPEG_BASELINE)
    )
    words = ["comment Kommentarius", "application data Appelhans"]
    pixels = bytearray(plain.PixelData)
    at = pixels.index(b"\xff\xd8") + 2
    segments = b"".join(
        marker + struct.pack(">H", 2 + len(word)) + word
        for marker, word in zip((b"\xff\xfe", b"\xff\xe1"), (one.encode() for one in words), strict=True)
    )
    pixels[at:at] = segments + b"" * (len(segments) % 2)
    _lengthen_fragment(pixels, at, len(segments))
    plain.PixelData = bytes(pixels)
    return read_whole(written(plain)), words


def _lengthen_fragment(pixels: bytearray, at: int, more: int) -> None:
    """Put the new length of the fragment that begins two bytes before ``at`` in front of it."""
    length = at - 6
    old = struct.unpack_from("<I", pixels, length)[0]
    struct.pack_into("<I", pixels, length, old + more)


def capture(stated: str | None) -> Dataset:
    """A secondary capture that says, or does not say, whether letters are burned in."""
    return mammogram(gradient(), SOPClassUID=SECONDARY_CAPTURE, BurnedInAnnotation=stated)
