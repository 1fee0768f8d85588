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
from functools import partial
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from calcwatch.codes.code import PRIVATE_SCHEME, VERSIONS, Code
from calcwatch.codes.documents import (
    BASIC_PROFILE,
    CLEAN_PIXEL_DATA,
    COMMENT,
    RETAIN_MODIFIED_DATES,
    RETAIN_PATIENT_CHARACTERISTICS,
)
from calcwatch.codes.findings import UNSPECIFIED
from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.formats.dicom.content_items import coded
from calcwatch.formats.dicom.deidentify.code_meanings import UNKNOWN, meaning_of
from calcwatch.formats.dicom.deidentify.pixels import put_pixels
from calcwatch.formats.dicom.deidentify.rules import (
    CODES,
    COMPANY_WORDS,
    DATES,
    DUMMIES,
    EMPTIED_SEQUENCES,
    MAKERS,
    NUMBERS,
    OUR_CODES,
    SCHEMES,
    SEQUENCES,
    TEMPLATES,
    TERMS_OF,
    TIMES,
    UIDS,
)
from calcwatch.formats.dicom.deidentify.values import (
    ages_of,
    moved_dates_of,
    numbers_of,
    standard_vrs,
    terms_of,
    times_of,
    uids_of,
)
from calcwatch.formats.dicom.read.header import identifier, numbers, word
from calcwatch.formats.dicom.read.kind import is_film_unread
from calcwatch.formats.dicom.read.parse import decode_text, parse_dicom
from calcwatch.formats.dicom.read.quirks import current_code, is_digitized_film, lut_entries
from calcwatch.formats.dicom.write.common_modules import file_bytes, with_meta

_SECONDARY_CAPTURES = frozenset(
    {
        SecondaryCaptureImageStorage,
        MultiFrameSingleBitSecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)

_MANY_PRIVATE_BYTES = 1 << 16
"""Private attributes of more bytes than this may hold a picture; a maker's settings have a few thousand."""

STUDY = "\0study "
"""Begins the name of a person that is a study and no Patient ID, which never holds a NUL."""

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
        decoded: Whether compressed pixels are stored as they decode.
        lost_pixels: Why a picture may be missing in the copy, in words; ``""`` where none is.
        lost_dates: Dates that are there and cannot be read, so that no interval is known from them.
        lost_flags: Flags of the file that the copy has no longer.

    """

    removed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    shifted: Counter[str] = field(default_factory=Counter)
    mapped: Counter[str] = field(default_factory=Counter)
    private: int = 0
    blacked_out: bool = False
    decoded: bool = False
    lost_pixels: str = ""
    lost_dates: list[str] = field(default_factory=list)
    lost_flags: tuple[str, ...] = ()


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
        decode_text(dataset)
        return dataset


def names_of(dataset: Dataset) -> frozenset[str]:
    """What names the person of a file; it never leaves the program.

    Args:
        dataset: One of her files.

    Returns:
        Patient ID and study, where they are given: files that share either are of one woman.

    """
    return frozenset(names_of_ids(identifier(dataset, "PatientID"), identifier(dataset, "StudyInstanceUID")))


def names_of_ids(patient_id: str, study: str) -> tuple[str, ...]:
    """What names a person, by her IDs.

    Args:
        patient_id: Patient ID; ``""`` is not known.
        study: Study Instance UID; likewise.

    Returns:
        The names, Patient ID first.

    """
    return tuple(name for name in (patient_id, f"{STUDY}{study}" if study else "") if name)


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
    burned_in = identifier(dataset, "BurnedInAnnotation").upper()
    if burned_in not in ("", "NO"):
        return "Burned In Annotation is YES" if burned_in == "YES" else "Burned In Annotation is no YES or NO"
    # Even against a NO: labels are on the film itself, whatever the scanner wrote.
    if is_digitized_film(dataset):
        return "it is digitized film"
    if is_film_unread(dataset):
        return "it cannot be read whether it is digitized film"
    if burned_in != "NO" and word(dataset, "SOPClassUID") in _SECONDARY_CAPTURES:
        return "it is a secondary capture that does not say what is burned in"
    return ""


def deidentify(
    dataset: FileDataset,
    identity: Identity,
    *,
    keep: NDArray[np.bool_] | None = None,
    is_sound: bool = False,
) -> tuple[bytes, Removed]:
    """Make a file anew without the person's identity.

    Args:
        dataset: The file, as ``read_whole`` gives it; it is not changed.
        identity: What takes the place of the person's.
        keep: Pixels that stay, rows x columns; the others become background. ``None`` keeps all.
        is_sound: Whether an analysis reads the pixels: then a stream that cannot be rebuilt can be decoded.

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
        tally = Removed(lost_pixels=_lost_pixels(dataset))
        # From an empty data set upward: what no rule lists is never copied, whatever it is.
        cleaned = _cleaned(dataset, identity, tally)
        # A file without meta information was found to be plain; explicit little-endian is what is written.
        syntax = UID(word(dataset.file_meta, "TransferSyntaxUID") or ExplicitVRLittleEndian)
        if "PixelData" in dataset:
            former, syntax = syntax, put_pixels(cleaned, dataset, syntax, keep=keep, is_sound=is_sound)
            tally.blacked_out = keep is not None
            tally.decoded = former.is_encapsulated and not syntax.is_encapsulated
        # Objects without pixels are rewritten in a single plain syntax; compressed pixels keep theirs.
        elif not syntax.is_little_endian or syntax.is_implicit_VR or syntax.is_deflated:
            syntax = ExplicitVRLittleEndian
        _add_identity(cleaned, identity, tally)
        # file meta of our own, and nothing in the preamble
        with_meta(cleaned).file_meta.TransferSyntaxUID = syntax
        return file_bytes(cleaned), tally


@contextmanager
def _reading_whole() -> Iterator[None]:
    """Silence warnings, which may quote the patient; of an error say no more than that there was one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except CalcwatchError:
        raise
    except Exception as error:  # pydicom answers damaged bytes with errors of any kind
        raise UnreadableImage(
            "the file is damaged: something in it cannot be read, so it cannot be cleaned; export it again"
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


def _lost_pixels(dataset: Dataset) -> str:
    """Why a picture of the file may be missing in its copy, ``""`` where none is."""
    if any(keyword in dataset for keyword in ("FloatPixelData", "DoubleFloatPixelData")):
        return "its pixels are floating-point numbers"
    if _private_bytes(dataset) > _MANY_PRIVATE_BYTES:
        return "private attributes of its maker, which may hold a picture, are removed"
    if "PixelData" not in dataset and ("Rows" in dataset or "Columns" in dataset):
        return "the file itself holds no pixels"
    return ""


def _private_bytes(dataset: Dataset, *, is_private: bool = False) -> int:
    """Bytes of the longest value among private attributes, at any depth."""
    longest = 0
    for element in dataset:
        is_inside = is_private or element.tag.is_private
        if element.VR == "SQ":
            parts = [_private_bytes(item, is_private=is_inside) for item in element.value or ()]
            longest = max([longest, *parts])
        elif is_inside and isinstance(element.value, bytes):
            longest = max(longest, len(element.value))
    return longest


def _cleaned(dataset: Dataset, identity: Identity, tally: Removed) -> Dataset:
    """A new data set with what may stay."""
    cleaned = Dataset()
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
        # Called a sequence by the file too: anything else under such a name has no items to clean.
        return _sequence(element, identity, tally) if element.VR == "SQ" else None
    # Empty tells nothing but has to be there where type 2 asks for it.
    if element.is_empty:
        return DataElement(element.tag, standard_vrs(element)[0], None) if keyword in _LISTED else None
    if keyword in UIDS:
        return _mapped(element, identity, tally)
    if keyword in DATES:
        return _shifted(element, identity.pseudonym.shift_days, tally)
    allowed = _ALLOWED.get(keyword)
    return allowed(element) if allowed else None


def _sequence(element: DataElement, identity: Identity, tally: Removed) -> DataElement:
    """A sequence with its items cleaned; a concept name that may not stay becomes "Comment"."""
    is_emptied = element.keyword in EMPTIED_SEQUENCES or not element.value
    items = [] if is_emptied else [_item(item, identity, tally) for item in element.value]
    if element.keyword == "ConceptNameCodeSequence":
        # A heading "Unspecified" would say nothing; "Comment" fits any content item.
        items = [coded(COMMENT) if item.get("CodeValue") == UNSPECIFIED.value else item for item in items]
    return DataElement(element.tag, "SQ", items)


def _item(item: Dataset, identity: Identity, tally: Removed) -> Dataset:
    if "CodeValue" in item or "LongCodeValue" in item:
        return _code(item, tally)
    cleaned = _cleaned(item, identity, tally)
    if "LUTData" in item and _put_lut(cleaned, item):
        # Put back by other means: it is not missing in the copy.
        tally.removed -= Counter({"LUTData": 1})
    return cleaned


def _put_lut(cleaned: Dataset, item: Dataset) -> bool:
    """Put as many entries as the descriptor names, none higher than it says: beyond them text could stand.

    Returns whether there is such a descriptor.
    """
    descriptor = [int(part) for part in numbers(item, "LUTDescriptor")]
    if len(descriptor) != 3 or not 1 <= descriptor[2] <= 16:
        return False
    # 65536 entries do not fit the descriptor's 16 bits and are written as 0 (PS3.3 C.11.1.1).
    count = descriptor[0] % 65536 or 65536
    entries = np.minimum(lut_entries(item, count, descriptor[2])[:count], 2.0 ** descriptor[2] - 1)
    cleaned.LUTData = entries.astype("<u2").tobytes()
    cleaned["LUTData"].VR = "OW"
    return True


def _dummy(element: DataElement, tally: Removed) -> DataElement:
    """A free word is replaced; a maker that everybody knows stays."""
    keyword, stated = element.keyword, element.value
    # "GE MEDICAL SYSTEMS" and "Ge Medical Systems, Inc." are the same maker; signs between could say more.
    if keyword == "Manufacturer" and isinstance(stated, str) and _PLAIN_NAME.fullmatch(stated):
        words = re.findall(r"\w+", stated.upper())
        if " ".join(word for word in words if word not in COMPANY_WORDS) in MAKERS:
            return DataElement(element.tag, "LO", " ".join(stated.split()))
    tally.replaced[keyword] += 1
    return DataElement(element.tag, standard_vrs(element)[0], DUMMIES[keyword])


def _mapped(element: DataElement, identity: Identity, tally: Removed) -> DataElement | None:
    mapped = uids_of(element, identity.map_uid)
    if mapped is not None and mapped.value != element.value:
        tally.mapped[element.keyword] += 1
    return mapped


def _shifted(element: DataElement, days: int, tally: Removed) -> DataElement | None:
    """A date that many days earlier or later, with its time to the minute; ``None`` for what is no date."""
    moved = moved_dates_of(element, days)
    if moved is None:
        tally.lost_dates.append(element.keyword)
    else:
        tally.shifted[element.keyword] += 1
    return moved


_ALLOWED: dict[str, Callable[[DataElement], DataElement | None]] = {
    **dict.fromkeys(NUMBERS, numbers_of),
    **dict.fromkeys(TERMS_OF, terms_of),
    **dict.fromkeys(TIMES, times_of),
    "PatientAge": ages_of,
    "TemplateIdentifier": partial(terms_of, terms=TEMPLATES),
}
_LISTED = frozenset(_ALLOWED) | UIDS | DATES | SEQUENCES | DUMMIES.keys()

_PLAIN_NAME = re.compile(r"[A-Za-z]+([ ,.&]{1,3}[A-Za-z]+)*\.?")


def _code(item: Dataset, tally: Removed) -> Dataset:
    """A code of a public scheme, with the scheme's own meaning; another becomes "Unspecified"."""
    scheme, value = word(item, "CodingSchemeDesignator"), word(item, "CodeValue")
    # A local scheme may code an institution or a person, and so may a number that a public one does not have.
    is_ours = scheme != PRIVATE_SCHEME or value in OUR_CODES
    if scheme not in SCHEMES or not is_ours or meaning_of(*current_code(item)) == UNKNOWN:
        tally.replaced["CodeValue"] += 1
        return coded(UNSPECIFIED)
    # The meaning comes from a dictionary: Code Meaning is free text, in which a name can hide.
    kept = coded(Code(scheme, value, meaning_of(*current_code(item)), VERSIONS.get(scheme, "")))
    keywords = (element.keyword for element in item)
    tally.removed.update(keyword for keyword in keywords if keyword and keyword not in CODES | SEQUENCES)
    # Side and view modifiers hang on the code itself, and a mammogram is read by them.
    for keyword in ("AnatomicRegionModifierSequence", "ViewModifierCodeSequence"):
        if keyword in item:
            setattr(kept, keyword, [_code(modifier, tally) for modifier in item.get(keyword) or []])
    return kept
