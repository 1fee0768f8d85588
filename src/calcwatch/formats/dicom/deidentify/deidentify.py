"""Take a person's identity out of a DICOM file (PS3.15 Annex E), keeping what a mammogram is read by.

Basic Application Level Confidentiality Profile with options: Retain Patient Characteristics (age and sex),
Retain Longitudinal Temporal Information with Modified Dates (dates are shifted, intervals survive) and, where
pixels were blacked out, Clean Pixel Data. Structured content is rebuilt from what may stay.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from calcwatch.codes.concepts import Code
from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.content import coded
from calcwatch.formats.dicom.deidentify.code_meanings import meaning_of
from calcwatch.formats.dicom.deidentify.marker_segments import without_comments
from calcwatch.formats.dicom.deidentify.rules import (
    CODES,
    COMPANY_WORDS,
    DATES,
    DUMMIES,
    EMPTIED_SEQUENCES,
    MAKERS,
    NUMBERS,
    SCHEMES,
    SEQUENCES,
    TERMS,
    TERMS_OF,
    TIMES,
    UIDS,
)
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import parse_dicom
from calcwatch.formats.dicom.write.derived import IMPLEMENTATION

STANDARD_UIDS = "1.2.840.10008."
"""UIDs below this one are the Standard's own: SOP classes, transfer syntaxes."""

_UNSPECIFIED = Code("DCM", "111176", "Unspecified")
_COMMENT = Code("DCM", "121106", "Comment")
_METHOD = (
    Code("DCM", "113100", "Basic Application Confidentiality Profile"),
    Code("DCM", "113108", "Retain Patient Characteristics Option"),
    Code("DCM", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
_CLEAN_PIXELS = Code("DCM", "113101", "Clean Pixel Data Option")
_DAY = re.compile(r"\d{8}")
_TIME = re.compile(r"\d{2}(\d{2})?(\d{2}(\.\d{1,6})?)?")
_AGE = re.compile(r"\d{3}[DWMY]")
_FILM = ("DF",)


@dataclass(frozen=True)
class Pseudonym:
    """How one person is called from now on: ``patient_id``, and by how many days her dates are moved."""

    patient_id: str
    shift_days: int


@dataclass
class Removed:
    """What was done to one file, by keyword and how often; never a value.

    ``private``: private attributes removed; ``unlisted``: those of the Standard that are not kept.
    """

    removed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    shifted: Counter[str] = field(default_factory=Counter)
    mapped: Counter[str] = field(default_factory=Counter)
    private: int = 0
    blacked_out: bool = False


MapUid = Callable[[str], str]
"""A UID -> the UID that takes its place."""


@dataclass(frozen=True)
class Identity:
    """What takes the place of one person's identity: her pseudonym, and how UIDs are replaced."""

    pseudonym: Pseudonym
    map_uid: MapUid


def read_whole(content: bytes) -> FileDataset:
    """Read a whole DICOM file, its pixels too.

    Raises ``UnreadableImage`` where it is damaged: what cannot be read in full cannot be cleaned.
    """
    parse_dicom(content)
    with _reading_whole():
        dataset = dcmread(BytesIO(content), force=True)
        dataset.decode()
        return dataset


def person_of(dataset: Dataset) -> str:
    """What names the person: Patient ID, the study where there is none; it never leaves the program."""
    return word(dataset, "PatientID") or f"study {word(dataset, 'StudyInstanceUID')}"


def needs_black_out(dataset: Dataset) -> str:
    """Why an image may show letters in its pixels; ``""`` where nothing says so.

    Burned In Annotation (0028,0301) is believed where it is given. Digitized film bears labels, and a
    captured screen what the screen showed, unless the file denies it.
    """
    if "PixelData" not in dataset or word(dataset, "Modality") == "SEG":
        return ""
    stated = word(dataset, "BurnedInAnnotation").upper()
    if stated == "YES":
        return "Burned In Annotation is YES"
    if word(dataset, "DetectorType") == "FILM" or word(dataset, "ConversionType") in _FILM:
        return "it is digitized film"
    if stated != "NO" and word(dataset, "SOPClassUID").startswith("1.2.840.10008.5.1.4.1.1.7"):
        return "it is a secondary capture that does not say what is burned in"
    return ""


def deidentify(
    dataset: FileDataset, identity: Identity, *, keep: NDArray[np.bool_] | None = None
) -> tuple[bytes, Removed]:
    """The file as another one without the person's identity, and what was done.

    ``keep``: pixels that stay, rows x columns; the others become background. Raises ``UnsupportedImage``
    for a document that is a picture or text by itself and cannot be cleaned, ``UnreadableImage`` for a file
    that is damaged where ``read_whole`` did not look.
    """
    if "EncapsulatedDocument" in dataset:
        raise UnsupportedImage(
            "an encapsulated document may name the patient on any page and cannot be cleaned; analyze the "
            "cleaned images and export that"
        )
    with _reading_whole():
        return _made_anew(dataset, identity, keep)


@contextmanager
def _reading_whole() -> Iterator[None]:
    """Silence warnings, which may quote the patient; say of an error no more than its kind."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # pydicom answers damaged bytes with errors of any kind
        raise UnreadableImage(
            f"the file is damaged ({type(error).__name__}), so it cannot be cleaned; export it again"
        ) from error


def _made_anew(
    dataset: FileDataset, identity: Identity, keep: NDArray[np.bool_] | None
) -> tuple[bytes, Removed]:
    told = Removed()
    cleaned = _cleaned(dataset, identity, told)
    syntax = UID(word(dataset.file_meta, "TransferSyntaxUID") or ExplicitVRLittleEndian)
    if "PixelData" in dataset:
        syntax = _put_pixels(cleaned, dataset, syntax, keep=keep)
        told.blacked_out = keep is not None
    elif not syntax.is_little_endian or syntax.is_implicit_VR or syntax.is_deflated:
        syntax = ExplicitVRLittleEndian
    _add_identity(cleaned, identity, told)
    return _written(cleaned, syntax), told


def _add_identity(cleaned: Dataset, identity: Identity, told: Removed) -> None:
    name = identity.pseudonym.patient_id
    cleaned.PatientID = cleaned.PatientName = name
    cleaned.SpecificCharacterSet = "ISO_IR 192"
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.LongitudinalTemporalInformationModified = "MODIFIED"
    cleaned.DeidentificationMethod = "calcwatch deidentify: what is not listed is removed"
    methods = (*_METHOD, _CLEAN_PIXELS) if told.blacked_out else _METHOD
    cleaned.DeidentificationMethodCodeSequence = [coded(one) for one in methods]
    if told.blacked_out:
        cleaned.BurnedInAnnotation = "NO"


def _written(cleaned: Dataset, syntax: UID) -> bytes:
    """The file with file meta of our own and nothing in its preamble."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = "CALCWATCH"
    content = BytesIO()
    file = FileDataset(content, cleaned, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(content, enforce_file_format=True)
    return content.getvalue()


def _cleaned(dataset: Dataset, identity: Identity, told: Removed) -> Dataset:
    """A new data set with what may stay."""
    cleaned = Dataset()
    if "CodeValue" in dataset or "LongCodeValue" in dataset:
        return _code(dataset, told)
    for element in dataset:
        if element.tag.is_private:
            told.private += 1
            continue
        kept = _kept(element, identity, told)
        if kept is not None:
            cleaned.add(kept)
        elif element.keyword not in ("PixelData", "PatientID", "PatientName", "SpecificCharacterSet"):
            told.removed[element.keyword or "unknown"] += 1
    return cleaned


def _kept(element: DataElement, identity: Identity, told: Removed) -> DataElement | None:
    """An attribute as it may stay, ``None`` where it may not."""
    keyword = element.keyword
    if keyword in DUMMIES:
        return _dummy(element, told)
    if keyword in SEQUENCES:
        return _sequence(element, identity, told)
    if element.is_empty:
        return DataElement(element.tag, element.VR, None) if keyword in _LISTED else None
    if keyword in UIDS:
        return _mapped(element, identity, told)
    if keyword in DATES:
        return _shifted(element, identity.pseudonym.shift_days, told)
    return _allowed(element)


def _sequence(element: DataElement, identity: Identity, told: Removed) -> DataElement:
    """A sequence with its items cleaned; a concept name that may not stay becomes "Comment"."""
    is_emptied = element.keyword in EMPTIED_SEQUENCES or not element.value
    items = [] if is_emptied else [_cleaned(one, identity, told) for one in element.value]
    if element.keyword == "ConceptNameCodeSequence":
        items = [coded(_COMMENT) if one.CodeValue == _UNSPECIFIED.value else one for one in items]
    return DataElement(element.tag, "SQ", items)


def _allowed(element: DataElement) -> DataElement | None:
    """A number, a word of the Standard, a time or an age; ``None`` where any value is something else."""
    allowed = _ALLOWED.get(element.keyword)
    if allowed is None:
        return None
    values = element.value if element.VM > 1 else [element.value]
    kept = [allowed(one) for one in values]
    if any(one is None for one in kept):
        return None
    return DataElement(element.tag, element.VR, kept if element.VM > 1 else kept[0])


def _dummy(element: DataElement, told: Removed) -> DataElement:
    """A free word is replaced; a maker that everybody knows stays."""
    if element.keyword == "Manufacturer" and _is_known_maker(str(element.value or "")):
        return element
    told.replaced[element.keyword] += 1
    return DataElement(element.tag, element.VR, DUMMIES[element.keyword])


def _is_known_maker(stated: str) -> bool:
    words = re.findall(r"\w+", stated.upper())
    return " ".join(word for word in words if word not in COMPANY_WORDS) in MAKERS


def _mapped(element: DataElement, identity: Identity, told: Removed) -> DataElement:
    values = [str(one) for one in (element.value if element.VM > 1 else [element.value])]
    mapped = [one if one.startswith(STANDARD_UIDS) else identity.map_uid(one) for one in values]
    if mapped != values:
        told.mapped[element.keyword] += 1
    return DataElement(element.tag, element.VR, mapped if element.VM > 1 else mapped[0])


def _shifted(element: DataElement, days: int, told: Removed) -> DataElement | None:
    """A date that many days earlier or later, with its time to the minute; ``None`` for what is no date."""
    stated = str(element.value).strip()
    if not _DAY.fullmatch(stated[:8]):
        return None
    try:
        moved = datetime.strptime(stated[:8], "%Y%m%d") + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    told.shifted[element.keyword] += 1
    time = _time(stated[8:]) if element.VR == "DT" and len(stated) > 8 else ""
    return DataElement(element.tag, element.VR, moved.strftime("%Y%m%d") + (time or ""))


def _time(value: object) -> str | None:
    """A time of day to the minute; ``None`` for what is no time."""
    found = _TIME.match(str(value))
    if not found:
        return None
    digits = found.group(0)
    return f"{digits[:4]:0<4}00"


def _number(value: object) -> object | None:
    """A number, a tag, or numbers as bytes; ``None`` for anything else."""
    if isinstance(value, int | float | bytes):
        return value
    try:
        float(str(value))
    except ValueError:
        return None
    return value


def _term(value: object) -> str | None:
    word = str(value).strip()
    return word if word in TERMS or word == "" else None


def _age(value: object) -> str | None:
    """An age; over 89 years it is rare enough to name somebody, and is 90."""
    word = str(value).strip()
    if not _AGE.fullmatch(word):
        return None
    return "090Y" if word.endswith("Y") and int(word[:3]) > 89 else word


_ALLOWED: dict[str, Callable[[object], object | None]] = {
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(TERMS_OF, _term),
    **dict.fromkeys(TIMES, _time),
    "PatientAge": _age,
}
_LISTED = frozenset(_ALLOWED) | UIDS | DATES | SEQUENCES | DUMMIES.keys()


def _code(item: Dataset, told: Removed) -> Dataset:
    """A code of a public scheme, with the scheme's own meaning; another becomes "Unspecified"."""
    scheme, value = word(item, "CodingSchemeDesignator"), word(item, "CodeValue")
    shape = SCHEMES.get(scheme)
    if shape is None or not shape.fullmatch(value):
        told.replaced["CodeValue"] += 1
        return coded(_UNSPECIFIED)
    kept = coded(Code(scheme, value, meaning_of(scheme, value), "4.0" if scheme == "BI" else ""))
    told.removed.update(e.keyword for e in item if e.keyword and e.keyword not in CODES | SEQUENCES)
    for keyword in ("AnatomicRegionModifierSequence", "ViewModifierCodeSequence"):
        if keyword in item:
            setattr(kept, keyword, [_code(one, told) for one in item.get(keyword) or []])
    return kept


def _put_pixels(
    cleaned: Dataset, dataset: FileDataset, syntax: UID, *, keep: NDArray[np.bool_] | None
) -> UID:
    """Put the pixels into the new data set; returns the transfer syntax they are in now.

    Compressed pixels stay as they are, but for comments in their streams. Bits above Bits Stored, in which
    old files hide overlays, are cleared.
    """
    if syntax.is_encapsulated and keep is None:
        cleaned.PixelData = without_comments(dataset.PixelData)
        cleaned["PixelData"].VR = "OB"
        cleaned["PixelData"].is_undefined_length = True
        return syntax
    pixels = np.ascontiguousarray(dataset.pixel_array)
    if keep is not None:
        pixels = np.where(keep, pixels, _background(dataset, pixels)).astype(pixels.dtype)
    if pixels.dtype.kind == "u" and word(dataset, "Modality") != "SEG":
        pixels = pixels & pixels.dtype.type((1 << int(dataset.BitsStored)) - 1)
    if int(dataset.BitsAllocated) == 1:
        cleaned.PixelData = dataset.PixelData
    else:
        data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
        cleaned.PixelData = data + b"\0" * (len(data) % 2)
    cleaned["PixelData"].VR = "OW" if int(dataset.BitsAllocated) > 8 else "OB"
    return ExplicitVRLittleEndian


def _background(dataset: Dataset, pixels: NDArray[np.generic]) -> int:
    """The stored value that is shown black."""
    inverse = word(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    return int(pixels.max() if inverse else pixels.min())
