"""What a DICOM file holds: an image calcwatch analyzes, or the reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import UID

from calcwatch.codes.concepts import BREAST_REGION, BREAST_SPECIMEN, VIEW_CODES
from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.read.header import integer, is_code, items, word, words
from calcwatch.formats.dicom.read.parse import DICOMDIR_SOP_CLASS, DicomFile

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAMMOGRAPHY = frozenset({"1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.1.2.1"})
"""Digital Mammography X-Ray Image Storage - For Presentation, - For Processing."""

TOMOSYNTHESIS = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.13.1.3",
        "1.2.840.10008.5.1.4.1.1.13.1.4",
        "1.2.840.10008.5.1.4.1.1.13.1.5",
    }
)
"""Breast Tomosynthesis Image Storage and the projection images it is made from."""

OTHER_RADIOGRAPHY = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.1",
        "1.2.840.10008.5.1.4.1.1.1.1",
        "1.2.840.10008.5.1.4.1.1.1.1.1",
        "1.2.840.10008.5.1.4.1.1.7",
        "1.2.840.10008.5.1.4.1.1.7.2",
        "1.2.840.10008.5.1.4.1.1.7.3",
    }
)
"""CR, DX and grayscale Secondary Capture: mammograms when the header says breast."""

_RADIOGRAPHIC_MODALITIES = frozenset({"MG", "RG", "CR", "DX", "OT", ""})

_TOMOSYNTHESIS_REASON = (
    "this is a tomosynthesis image of {frames} frames: it is described, its analysis comes in a later "
    "release; analyze the mammogram or the synthetic image of the same examination"
)


def check_is_mammogram(file: DicomFile) -> None:
    """Pass when the file holds one mammogram in one frame.

    Raises ``UnreadableImage`` for an encrypted file or one cut off before its pixels, ``UnsupportedImage``
    with the reason for everything that is no single mammogram.
    """
    dataset = file.dataset
    sop_class = word(dataset, "SOPClassUID") or word(dataset.file_meta, "MediaStorageSOPClassUID")
    if sop_class == DICOMDIR_SOP_CLASS:
        raise UnsupportedImage("this is a DICOMDIR, an index of other files, and holds no image")
    _check_has_pixels(file, sop_class)
    frames = integer(dataset, "NumberOfFrames") or 1
    if sop_class in TOMOSYNTHESIS:
        raise UnsupportedImage(_TOMOSYNTHESIS_REASON.format(frames=frames))
    if not breast_evidence(dataset, sop_class):
        raise UnsupportedImage(_no_mammogram(dataset, sop_class))
    if any(is_specimen(item) for item in items(dataset, "ViewCodeSequence")):
        raise UnsupportedImage("not a mammogram: the view says radiograph of a tissue specimen")
    if frames > 1:
        raise UnsupportedImage(f"the file holds {frames} frames; a mammogram has one: export them one by one")


def breast_evidence(dataset: Dataset, sop_class: str) -> str:
    """Return what in the header says that this is a radiograph of the breast; ``""`` for nothing."""
    modality = word(dataset, "Modality")
    if sop_class in MAMMOGRAPHY:
        return "SOP Class"
    if modality not in _RADIOGRAPHIC_MODALITIES or (sop_class and sop_class not in OTHER_RADIOGRAPHY):
        return ""
    evidence = {
        "Modality MG": modality == "MG",
        "Body Part Examined": "BREAST" in word(dataset, "BodyPartExamined").upper(),
        "Organ Exposed": word(dataset, "OrganExposed") == "BREAST",
        "Positioner Type": word(dataset, "PositionerType") == "MAMMOGRAPHIC",
        "Anatomic Region Sequence": any(
            word(region, "CodeValue") in BREAST_REGION for region in items(dataset, "AnatomicRegionSequence")
        ),
        "View Code Sequence": any(
            is_code(item, sct, old)
            for item in items(dataset, "ViewCodeSequence")
            for _, sct, old in VIEW_CODES
        ),
    }
    return next((name for name, found in evidence.items() if found), "")


def is_specimen(item: Dataset) -> bool:
    """Tell whether a view code is that of a tissue specimen."""
    return word(item, "CodeValue") in BREAST_SPECIMEN


def is_digitized_film(dataset: Dataset) -> bool:
    """Tell whether the image was scanned from film: Conversion Type DF, a film's scanned spacing, or RG."""
    return (
        word(dataset, "ConversionType") == "DF"
        or bool(words(dataset, "NominalScannedPixelSpacing"))
        or word(dataset, "Modality") == "RG"
    )


def sop_class_name(uid: str) -> str:
    """Return the Standard's name of a SOP class, or the UID when it is not a known one."""
    return UID(uid).name if uid else ""


def _check_has_pixels(file: DicomFile, sop_class: str) -> None:
    if file.pixels is not None:
        return
    if items(file.dataset, "EncryptedAttributesSequence"):
        raise UnreadableImage(
            "the file is encrypted (Encrypted Attributes Sequence) and holds no readable pixels; "
            "decrypt it where it was encrypted"
        )
    name = sop_class_name(sop_class) or "without SOP Class"
    if "Image Storage" not in name and not integer(file.dataset, "Rows"):
        raise UnsupportedImage(f"no pixels: this object ({name}) is not an image; leave it out")
    raise UnreadableImage(
        f"no pixels: the file ends after {file.size} bytes without Pixel Data; it is truncated or was stored "
        "without its image: copy or export it again"
    )


def _no_mammogram(dataset: Dataset, sop_class: str) -> str:
    name = sop_class_name(sop_class) or "no SOP Class"
    modality = word(dataset, "Modality") or "not given"
    part = word(dataset, "BodyPartExamined") or "not given"
    return (
        f"not a mammogram: {name}, Modality {modality}, Body Part Examined {part}; "
        "leave it out, or correct its header"
    )
