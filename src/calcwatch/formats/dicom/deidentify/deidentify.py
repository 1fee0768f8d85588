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
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from calcwatch.codes.code import VERSIONS, Code
from calcwatch.codes.documents import (
    BASIC_PROFILE,
    CLEAN_PIXEL_DATA,
    COMMENT,
    RETAIN_MODIFIED_DATES,
    RETAIN_PATIENT_CHARACTERISTICS,
)
from calcwatch.codes.findings import UNSPECIFIED
from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.content_items import coded
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
from calcwatch.formats.dicom.read.quirks import is_digitized_film
from calcwatch.formats.dicom.write.common_modules import file_bytes, with_meta

STANDARD_UIDS = "1.2.840.10008."
"""UIDs below this one are the Standard's own: SOP classes, transfer syntaxes (PS3.5 9)."""

_DAY = re.compile(r"\d{8}")
_TIME = re.compile(r"\d{2}(\d{2})?(\d{2}(\.\d{1,6})?)?")
_AGE = re.compile(r"\d{3}[DWMY]")

_OLDEST_YEARS = 89
"""A higher age is rare enough to name somebody (45 CFR 164.514(b)(2)(i)(C))."""

MapUid = Callable[[str], str]
"""A UID -> the UID that takes its place."""


@dataclass(frozen=True)
class Pseudonym:
    """How one person is called from now on.

    Attributes:
        patient_id: Takes the place of Patient ID and Patient's Name.
        shift_days: By how many days her dates are moved; negative is earlier.

    """

    patient_id: str
    shift_days: int


@dataclass(frozen=True)
class Identity:
    """What takes the place of one person's identity.

    Attributes:
        pseudonym: How she is called.
        map_uid: How UIDs are replaced.

    """

    pseudonym: Pseudonym
    map_uid: MapUid


@dataclass
class Removed:
    """What was done to one file, by keyword and how often; never a value.

    Attributes:
        removed: Attributes of the Standard that are not kept.
        replaced: Attributes whose value became another.
        shifted: Dates that were moved.
        mapped: UIDs that were replaced.
        private: Number of private attributes removed.
        blacked_out: Whether pixels became background.

    """

    removed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    shifted: Counter[str] = field(default_factory=Counter)
    mapped: Counter[str] = field(default_factory=Counter)
    private: int = 0
    blacked_out: bool = False


def read_whole(content: bytes) -> FileDataset:
    """Read a whole DICOM file, its pixels too.

    Args:
        content: Bytes of the file.

    Returns:
        The data set, everything decoded.

    Raises:
        UnreadableImage: It is damaged: what cannot be read in full cannot be cleaned.

    """
    # First our own parser, which refuses truncated files and compression bombs; pydicom takes what is there.
    parse_dicom(content)
    with _reading_whole():
        dataset = dcmread(BytesIO(content), force=True)
        # Decoded now: text in the file's character set is about to be written as UTF-8.
        dataset.decode()
        return dataset


def person_of(dataset: Dataset) -> str:
    """What names the person; it never leaves the program.

    Args:
        dataset: One of her files.

    Returns:
        Patient ID, or the study where there is none.

    """
    # Without Patient ID at least a study stays together; two women without ID are never merged.
    return word(dataset, "PatientID") or f"study {word(dataset, 'StudyInstanceUID')}"


def needs_black_out(dataset: Dataset) -> str:
    """Why an image may show letters in its pixels.

    Burned In Annotation (0028,0301) is believed where it is given. Digitized film bears labels, and a
    captured screen what the screen showed, unless the file denies it.

    Args:
        dataset: The file.

    Returns:
        The reason in words; ``""`` where nothing says so.

    """
    # Segmentations hold masks that programs made; letters cannot be burned into them.
    if "PixelData" not in dataset or word(dataset, "Modality") == "SEG":
        return ""
    burned_in = word(dataset, "BurnedInAnnotation").upper()
    if burned_in == "YES":
        return "Burned In Annotation is YES"
    # Even against a NO: labels are on the film itself, whatever the scanner wrote.
    if is_digitized_film(dataset):
        return "it is digitized film"
    # the UIDs of multi-frame secondary captures are below that of the single-frame one
    if burned_in != "NO" and word(dataset, "SOPClassUID").startswith(SecondaryCaptureImageStorage):
        return "it is a secondary capture that does not say what is burned in"
    return ""


def deidentify(
    dataset: FileDataset, identity: Identity, *, keep: NDArray[np.bool_] | None = None
) -> tuple[bytes, Removed]:
    """Make a file anew without the person's identity.

    Args:
        dataset: The file, as ``read_whole`` gives it; it is not changed.
        identity: What takes the place of the person's.
        keep: Pixels that stay, rows x columns; the others become background. ``None`` keeps all.

    Returns:
        Bytes of the new file, and what was done.

    Raises:
        UnsupportedImage: It is a picture or text by itself and cannot be cleaned.
        UnreadableImage: It is damaged where ``read_whole`` did not look.

    """
    # Refused before anything is written: no copy is better than a half-cleaned copy.
    if "EncapsulatedDocument" in dataset:
        raise UnsupportedImage(
            "an encapsulated document may name the patient on any page and cannot be cleaned; analyze the "
            "cleaned images and export that"
        )
    with _reading_whole():
        tally = Removed()
        # From an empty data set upward: what no rule lists is never copied, whatever it is.
        cleaned = _cleaned(dataset, identity, tally)
        # A file without meta information was found to be plain; explicit little-endian is what is written.
        syntax = UID(word(dataset.file_meta, "TransferSyntaxUID") or ExplicitVRLittleEndian)
        if "PixelData" in dataset:
            syntax = _put_pixels(cleaned, dataset, syntax, keep=keep)
            tally.blacked_out = keep is not None
        # Objects without pixels are rewritten in a single plain syntax; compressed pixels keep theirs.
        elif not syntax.is_little_endian or syntax.is_implicit_VR or syntax.is_deflated:
            syntax = ExplicitVRLittleEndian
        _add_identity(cleaned, identity, tally)
        # file meta of our own, and nothing in the preamble
        with_meta(cleaned).file_meta.TransferSyntaxUID = syntax
        return file_bytes(cleaned), tally


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


def _add_identity(cleaned: Dataset, identity: Identity, tally: Removed) -> None:
    name = identity.pseudonym.patient_id
    # After cleaning, since both were left out there like everything unlisted.
    cleaned.PatientID = cleaned.PatientName = name
    cleaned.SpecificCharacterSet = "ISO_IR 192"
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.LongitudinalTemporalInformationModified = "MODIFIED"
    cleaned.DeidentificationMethod = "calcwatch deidentify: what is not listed is removed"
    methods = [BASIC_PROFILE, RETAIN_PATIENT_CHARACTERISTICS, RETAIN_MODIFIED_DATES]
    methods += [CLEAN_PIXEL_DATA] if tally.blacked_out else []
    cleaned.DeidentificationMethodCodeSequence = [coded(method) for method in methods]
    # Burned In Annotation of the copy speaks of the copy.
    if tally.blacked_out:
        cleaned.BurnedInAnnotation = "NO"


def _cleaned(dataset: Dataset, identity: Identity, tally: Removed) -> Dataset:
    """A new data set with what may stay."""
    cleaned = Dataset()
    if "CodeValue" in dataset or "LongCodeValue" in dataset:
        return _code(dataset, tally)
    for element in dataset:
        # Counted, not named: a private creator's name may tell the institution.
        if element.tag.is_private:
            tally.private += 1
            continue
        kept = _kept(element, identity, tally)
        if kept is not None:
            cleaned.add(kept)
        # These are put back by other means and are not missing in the copy.
        elif element.keyword not in ("PixelData", "PatientID", "PatientName", "SpecificCharacterSet"):
            tally.removed[element.keyword or "unknown"] += 1
    return cleaned


def _kept(element: DataElement, identity: Identity, tally: Removed) -> DataElement | None:
    """An attribute as it may stay, ``None`` where it may not."""
    keyword = element.keyword
    # Before the test for emptiness: a dummy also fills an empty type 1 attribute.
    if keyword in DUMMIES:
        return _dummy(element, tally)
    if keyword in SEQUENCES:
        return _sequence(element, identity, tally)
    # Empty tells nothing but has to be there where type 2 asks for it.
    if element.is_empty:
        return DataElement(element.tag, element.VR, None) if keyword in _LISTED else None
    if keyword in UIDS:
        return _mapped(element, identity, tally)
    if keyword in DATES:
        return _shifted(element, identity.pseudonym.shift_days, tally)
    return _allowed(element)


def _sequence(element: DataElement, identity: Identity, tally: Removed) -> DataElement:
    """A sequence with its items cleaned; a concept name that may not stay becomes "Comment"."""
    is_emptied = element.keyword in EMPTIED_SEQUENCES or not element.value
    items = [] if is_emptied else [_cleaned(item, identity, tally) for item in element.value]
    if element.keyword == "ConceptNameCodeSequence":
        # A heading "Unspecified" would say nothing; "Comment" fits any content item.
        items = [coded(COMMENT) if item.CodeValue == UNSPECIFIED.value else item for item in items]
    return DataElement(element.tag, "SQ", items)


def _allowed(element: DataElement) -> DataElement | None:
    """A number, a word of the Standard, a time or an age; ``None`` where any value is something else."""
    allowed = _ALLOWED.get(element.keyword)
    if allowed is None:
        return None
    values = element.value if element.VM > 1 else [element.value]
    kept = [allowed(value) for value in values]
    # One bad value removes all: what is left of a list would change places.
    if any(value is None for value in kept):
        return None
    return DataElement(element.tag, element.VR, kept if element.VM > 1 else kept[0])


def _dummy(element: DataElement, tally: Removed) -> DataElement:
    """A free word is replaced; a maker that everybody knows stays."""
    # "GE MEDICAL SYSTEMS" and "Ge Medical Systems, Inc." are the same maker.
    words = re.findall(r"\w+", str(element.value or "").upper())
    is_known = " ".join(word for word in words if word not in COMPANY_WORDS) in MAKERS
    if element.keyword == "Manufacturer" and is_known:
        return element
    tally.replaced[element.keyword] += 1
    return DataElement(element.tag, element.VR, DUMMIES[element.keyword])


def _mapped(element: DataElement, identity: Identity, tally: Removed) -> DataElement:
    values = [str(uid) for uid in (element.value if element.VM > 1 else [element.value])]
    # SOP classes and other well-known UIDs are the same for everybody, and objects need them.
    mapped = [uid if uid.startswith(STANDARD_UIDS) else identity.map_uid(uid) for uid in values]
    if mapped != values:
        tally.mapped[element.keyword] += 1
    return DataElement(element.tag, element.VR, mapped if element.VM > 1 else mapped[0])


def _shifted(element: DataElement, days: int, tally: Removed) -> DataElement | None:
    """A date that many days earlier or later, with its time to the minute; ``None`` for what is no date."""
    written = str(element.value).strip()
    # A DT begins as a DA does, so that both take the same way.
    day, time = written[:8], written[8:]
    if not _DAY.fullmatch(day):
        return None
    try:
        moved = datetime.strptime(day, "%Y%m%d") + timedelta(days=days)
    # Days that no calendar has, or that would fall before year 1.
    except (ValueError, OverflowError):
        return None
    tally.shifted[element.keyword] += 1
    to_the_minute = _time(time) if element.VR == "DT" and time else ""
    return DataElement(element.tag, element.VR, moved.strftime("%Y%m%d") + (to_the_minute or ""))


def _time(value: object) -> str | None:
    """A time of day to the minute; ``None`` for what is no time."""
    found = _TIME.match(str(value))
    if not found:
        return None
    digits = found.group(0)
    return f"{digits[:4]:0<4}00"


def _number(value: object) -> object | None:
    """A number, a tag, or numbers as bytes; ``None`` for anything else."""
    # Bytes are LUT data; text never arrives as bytes under these keywords.
    if isinstance(value, int | float | bytes):
        return value
    try:
        # A name typed into a decimal string fails here and is removed.
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
    return f"{_OLDEST_YEARS + 1:03}Y" if word.endswith("Y") and int(word[:3]) > _OLDEST_YEARS else word


_ALLOWED: dict[str, Callable[[object], object | None]] = {
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(TERMS_OF, _term),
    **dict.fromkeys(TIMES, _time),
    "PatientAge": _age,
}
_LISTED = frozenset(_ALLOWED) | UIDS | DATES | SEQUENCES | DUMMIES.keys()


def _code(item: Dataset, tally: Removed) -> Dataset:
    """A code of a public scheme, with the scheme's own meaning; another becomes "Unspecified"."""
    scheme, value = word(item, "CodingSchemeDesignator"), word(item, "CodeValue")
    shape = SCHEMES.get(scheme)
    # A local scheme may code an institution or a person; only public schemes are known to be harmless.
    if shape is None or not shape.fullmatch(value):
        tally.replaced["CodeValue"] += 1
        return coded(UNSPECIFIED)
    # The meaning comes from a dictionary: Code Meaning is free text, in which a name can hide.
    kept = coded(Code(scheme, value, meaning_of(scheme, value), VERSIONS.get(scheme, "")))
    keywords = (element.keyword for element in item)
    tally.removed.update(keyword for keyword in keywords if keyword and keyword not in CODES | SEQUENCES)
    # Side and view modifiers hang on the code itself, and a mammogram is read by them.
    for keyword in ("AnatomicRegionModifierSequence", "ViewModifierCodeSequence"):
        if keyword in item:
            setattr(kept, keyword, [_code(modifier, tally) for modifier in item.get(keyword) or []])
    return kept


def _put_pixels(
    cleaned: Dataset, dataset: FileDataset, syntax: UID, *, keep: NDArray[np.bool_] | None
) -> UID:
    """Put the pixels into the new data set; returns the transfer syntax they are in now.

    Compressed pixels stay as they are, but for comments in their streams. Bits above Bits Stored, in which
    old files hide overlays, are cleared.
    """
    # Not decoded and compressed anew: a lossy stream would lose a second time.
    if syntax.is_encapsulated and keep is None:
        cleaned.PixelData = without_comments(dataset.PixelData)
        cleaned["PixelData"].VR = "OB"
        cleaned["PixelData"].is_undefined_length = True
        return syntax
    pixels = np.ascontiguousarray(dataset.pixel_array)
    if keep is not None:
        # The value that is shown black and not 0, which is white in MONOCHROME1.
        pixels = np.where(keep, pixels, _background(dataset, pixels)).astype(pixels.dtype)
    if pixels.dtype.kind == "u" and word(dataset, "Modality") != "SEG":
        # Old files hide overlays, which may show text, in the bits above the gray.
        pixels = pixels & pixels.dtype.type((1 << int(dataset.BitsStored)) - 1)
    # Packed bits of a segmentation: an array of bytes would be eight times as long and wrong.
    if int(dataset.BitsAllocated) == 1:
        cleaned.PixelData = dataset.PixelData
    else:
        # pixel_array has the machine's order, the file is little-endian.
        data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
        cleaned.PixelData = data + b"\0" * (len(data) % 2)
    cleaned["PixelData"].VR = "OW" if int(dataset.BitsAllocated) > 8 else "OB"
    return ExplicitVRLittleEndian


def _background(dataset: Dataset, pixels: NDArray[np.generic]) -> int:
    """The stored value that is shown black."""
    inverse = word(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    return int(pixels.max() if inverse else pixels.min())
