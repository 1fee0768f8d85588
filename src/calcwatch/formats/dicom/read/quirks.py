"""The one table of habits of makers and of older files, and what is done about each.

``QUIRKS`` says of every deviation that is put up with where it is met, what is done and which clause it
touches. A row names the function that does it, which stands in this file:

* Functions of ``CORRECTIONS`` set a header right. They run on every image before anything else looks at it,
  in the order of the table, so that a new one needs a function and a row here and nothing elsewhere.
* Functions of ``JUDGMENTS`` answer a question that a reader asks, because what is done has to be told: a
  note, a flag, a step of the way to gray.

What the Standard itself leaves open (which of two attributes goes first) is no quirk: it is in the readers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sr._snomed_dict import mapping
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from calcwatch.codes.code import Code
from calcwatch.domain.errors import UnreadableImage
from calcwatch.formats.dicom.read.header import (
    CORRECT,
    Stated,
    integer,
    numbers,
    stated,
    sure_integer,
    sure_word,
    unread_word,
    value,
    word,
    words,
)
from calcwatch.formats.settings import READING

Pair = tuple[float, float]
"""Distances between rows and between columns, in mm."""

SNOMED_RT_DESIGNATORS = frozenset({"SRT", "SNM3", "99SDM"})
"""Coding Scheme Designators (0008,0102) under which SNOMED-RT identifiers are found (PS3.16 8.1)."""

SNOMED_CT_OF_RT: dict[str, str] = mapping["SRT"]
"""SNOMED-RT identifier -> SNOMED CT code, as PS3.16 Annex O lists them."""

_RETIRED_VIEWS = {"Y-X1770": "399192008", "Y-X1771": "399101009"}
"""Retired identifiers of the exaggerated cranio-caudal views (CID 4014) -> their SNOMED CT codes."""

_FOR_PROCESSING = frozenset(
    {DigitalMammographyXRayImageStorageForProcessing, DigitalXRayImageStorageForProcessing}
)
_FILED_ELSEWHERE = frozenset(
    {
        ComputedRadiographyImageStorage,
        DigitalXRayImageStorageForPresentation,
        DigitalXRayImageStorageForProcessing,
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    }
)
_RADIOGRAPHIC_MODALITIES = frozenset({"MG", "RG", "CR", "DX", "OT", ""})

_EXPLICIT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OW PN SH SL SQ SS ST TM UC UI UL UN UR US UT".split()
)
_LONGEST_FIRST_ELEMENT = 1024
"""Bytes that the first element of a data set without preamble may have and be believed."""

_HARMLESS_BYTES = 8
"""Bytes before the end marker of a JPEG stream that are no damage: some encoders round up to words."""

_EXTRA_BYTES = re.compile(r"(\d+) extraneous bytes before marker")

_END_MARKER_WITHIN = 64
"""The end marker of a bit stream is sought in its last bytes: some writers pad with many zeros."""


def starts_like_a_data_set(head: bytes) -> bool:
    """Whether a file without the DICM prefix starts with a plausible first element, in either byte order.

    Args:
        head: First bytes of the file, 8 or more.

    Returns:
        Yes for group 0002 or 0008 with a value representation, or an implicit length that is not absurd.

    """
    if len(head) < 8:
        return False
    for order in "<>":
        group, element, length = struct.unpack(f"{order}HHI", head[:8])
        # Only the groups a data set can begin with; a low element number makes a chance hit unlikely.
        if group in (0x0002, 0x0008) and element <= 0x0070:
            return head[4:6] in _EXPLICIT_VRS or (order == "<" and length <= _LONGEST_FIRST_ELEMENT)
    return False


def transfer_syntax_of(dataset: FileDataset) -> str:
    """The transfer syntax that a file names, or the plain one that its bytes turned out to have.

    Args:
        dataset: As pydicom parsed it.

    Returns:
        A transfer syntax UID.

    """
    named = word(dataset.file_meta, "TransferSyntaxUID")
    if named:
        return named
    # pydicom has found the encoding by trying; the bytes themselves are the best witness left.
    is_implicit, is_little_endian = dataset.original_encoding
    if not is_little_endian:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian


def sop_class_of(dataset: FileDataset) -> str:
    """The SOP class of a file.

    Args:
        dataset: Its header.

    Returns:
        SOP Class UID, else Media Storage SOP Class UID, else ``""``.

    """
    return word(dataset, "SOPClassUID") or word(dataset.file_meta, "MediaStorageSOPClassUID")


def complete_high_bit(dataset: Dataset) -> None:
    """State High Bit (0028,0102) where it is missing: the bits are stored from bit 0 on.

    Args:
        dataset: Header of an image; it is changed.

    """
    bits_stored = integer(dataset, "BitsStored")
    # Only where it is missing: a stated High Bit above Bits Stored - 1 is legal in old files.
    if stated(dataset, "HighBit") == Stated() and bits_stored is not None and bits_stored > 0:
        dataset.HighBit = bits_stored - 1


def sign_padding(dataset: Dataset) -> None:
    """Turn padding values written as unsigned in a file of signed pixels into the cells they stand for.

    Args:
        dataset: Header of an image; it is changed.

    """
    bits_allocated = integer(dataset, "BitsAllocated") or 0
    if integer(dataset, "PixelRepresentation") != 1 or bits_allocated < 1:
        return
    for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        padding = integer(dataset, keyword)
        # The comparison with stored values is signed: 63536 would never meet the -2000 it stands for.
        if padding is not None and padding >= 2 ** (bits_allocated - 1):
            # With a new VR: a negative value does not fit the US that the file wrote.
            dataset.add_new(keyword, "SS", padding - 2**bits_allocated)


def is_code(item: Dataset, code: Code) -> bool:
    """Whether an item of a code sequence is a concept, under any designator that is in use for it.

    Args:
        item: The item.
        code: The concept, a current code.

    Returns:
        Yes or no; the meaning that the item states is not looked at.

    """
    return current_code(item) == (code.scheme, code.value)


def current_code(item: Dataset) -> tuple[str, str]:
    """Scheme and value of an item of a code sequence, a SNOMED-RT identifier as its SNOMED CT code.

    Args:
        item: The item.

    Returns:
        Coding Scheme Designator and Code Value; ``""`` where they are not given.

    """
    scheme, code_value = word(item, "CodingSchemeDesignator"), word(item, "CodeValue")
    if scheme not in SNOMED_RT_DESIGNATORS:
        return scheme, code_value
    # An identifier that no table knows stays under its scheme, so that it matches no concept by chance.
    current = SNOMED_CT_OF_RT.get(code_value) or _RETIRED_VIEWS.get(code_value)
    return ("SCT", current) if current else (scheme, code_value)


def is_snomed_value(item: Dataset, code: Code) -> bool:
    """Whether the value of a code is that of a SNOMED concept, whatever its designator says.

    Args:
        item: An item of a code sequence.
        code: The concept, a SNOMED CT code.

    Returns:
        Yes or no.

    """
    code_value = word(item, "CodeValue")
    # SNOMED CT codes are digits, RT identifiers have a letter and a dash: no value is in both.
    return SNOMED_CT_OF_RT.get(code_value, code_value) == code.value


def may_be_mammogram(dataset: Dataset, sop_class: str) -> bool:
    """Whether an image that is no Digital Mammography object may be a mammogram when its header says breast.

    Args:
        dataset: Its header.
        sop_class: Its SOP class, ``""`` where it names none.

    Returns:
        Yes for a radiograph filed as CR, DX or Secondary Capture, or without SOP class.

    """
    # An absent SOP class is an old export; any other class is something else than a plain radiograph.
    is_filed_elsewhere = not sop_class or sop_class in _FILED_ELSEWHERE
    return is_filed_elsewhere and word(dataset, "Modality") in _RADIOGRAPHIC_MODALITIES


def is_digitized_film(dataset: Dataset) -> bool:
    """Whether an image was scanned from film.

    Args:
        dataset: Its header.

    Returns:
        Yes for Conversion Type DF or SI (scanned), Detector Type FILM, a scanned pixel spacing, or the
        retired modality RG. Every command asks here, so that film is film for all of them.

    """
    return (
        any(said.upper() in ("DF", "SI") for said in words(dataset, "ConversionType"))
        or any(said.upper() == "FILM" for said in words(dataset, "DetectorType"))
        # An attribute of scanners alone, so that it tells film where Conversion Type is missing.
        or bool(words(dataset, "NominalScannedPixelSpacing"))
        or word(dataset, "Modality").upper() == "RG"
    )


def is_for_processing(dataset: Dataset) -> bool:
    """Whether an image is a raw detector image, not prepared for display.

    Args:
        dataset: Its header.

    Returns:
        Yes where Presentation Intent Type or the SOP class says For Processing.

    """
    return (
        word(dataset, "PresentationIntentType").upper() == "FOR PROCESSING"
        # Shown through a window, raw values look like a bad image: better to take it for raw in doubt.
        or word(dataset, "SOPClassUID") in _FOR_PROCESSING
    )


def stated_pair(dataset: Dataset, keyword: str) -> tuple[Pair | None, Stated]:
    """A spacing of two values; a single one means square pixels.

    Args:
        dataset: Header of an image, or an item.
        keyword: DICOM keyword of the spacing.

    Returns:
        Distances between rows and between columns in mm, ``None`` where they are not given or not above 0;
        and what stands there: 0 or less is a number that no distance can be, and so is not read.

    """
    found = stated(dataset, keyword, most=2)
    if not found.values:
        return None, found
    if min(found.values) <= 0:
        return None, replace(found, unread=f"{unread_word(dataset, keyword)}: no distance is 0 or less")
    return (found.values[0], found.values[-1]), found


def magnification_factor(dataset: Dataset, *, is_magnified: bool) -> tuple[float | None, str]:
    """Estimated Radiographic Magnification Factor (0018,1114), held against what else speaks of it.

    Args:
        dataset: Header of an image.
        is_magnified: Whether the view is called a magnified one.

    Returns:
        The factor, 1 where a contact view does not give it; ``None`` where it cannot be read or believed, is
        contradicted by the distances from the source, or is missing in a magnified view. And why, in words;
        ``""`` where the header's factor is taken as it is.

    """
    name = "Estimated Radiographic Magnification Factor"
    said = stated(dataset, "EstimatedRadiographicMagnificationFactor")
    ratio, unread = _distance_ratio(dataset)
    is_far = ratio is not None and ratio >= READING.magnification_view
    if not said.values and not (said.unread or unread or is_magnified or is_far):
        return 1.0, f"{name} not given: taken as 1"
    if not said.values:
        missing = f"{name} is not given, though this is a magnified view"
        return None, said.unread or unread or missing
    factor = said.values[0]
    low, high = READING.credible_magnification
    is_contradicted = ratio is not None and abs(factor / ratio - 1) > READING.magnification_tolerance
    why_not = {
        # 0 would divide by zero, and 150 (percent) would make every calcification tiny.
        "is not credible": not low <= factor <= high,
        "contradicts the view, which is a magnified one": is_magnified
        and factor < READING.magnification_view,
        f"contradicts the distances from the source, whose ratio is {ratio or 0:.3g}": is_contradicted,
    }
    reason = next((words for words, holds in why_not.items() if holds), "")
    return (
        (None, f"{name} {factor:g} {reason}")
        if reason
        else (factor, "; ".join(filter(None, [said.note, unread])))
    )


def _distance_ratio(dataset: Dataset) -> tuple[float | None, str]:
    """The magnification that Distance Source to Detector (0018,1110) and to Patient (0018,1111) mean.

    ``None`` where one is not given, not readable or 0, which makers write for not known: a witness only. And
    what of them stands there and cannot be read.
    """
    far = stated(dataset, "DistanceSourceToDetector")
    near = stated(dataset, "DistanceSourceToPatient")
    unread = "; ".join(filter(None, [far.unread, near.unread]))
    if not far.values or not near.values or min(far.values[0], near.values[0]) <= 0:
        return None, unread
    return far.values[0] / near.values[0], unread


def is_binned_spacing(spacing: Pair, element: Pair) -> bool:
    """Whether a spacing is that of 1, 2, 3, ... detector elements taken together.

    Args:
        spacing: Imager Pixel Spacing, in mm.
        element: Detector Element Spacing, in mm.

    Returns:
        Yes or no. A maker whose spacing is no multiple may state it in the plane of the breast; it is, where
        the spacing times the magnification factor is one.

    """
    ratios = [whole / part for whole, part in zip(spacing, element, strict=True)]
    return all(
        # A ratio that rounds to 0 would divide by zero below.
        round(ratio) >= 1 and abs(ratio / round(ratio) - 1) <= READING.spacing_tolerance
        for ratio in ratios
    )


def contradicts_photometric(dataset: Dataset) -> str:
    """Presentation LUT Shape (2050,0020) where it is not the one that Photometric Interpretation demands.

    Args:
        dataset: Header of an image.

    Returns:
        The shape, which is then not applied; ``""`` where it agrees or is not given.

    Raises:
        UnreadableImage: Something stands there that is no text.

    """
    sure_word(dataset, "PresentationLUTShape")
    shape = "\\".join(words(dataset, "PresentationLUTShape")).upper()
    demanded = "INVERSE" if word(dataset, "PhotometricInterpretation") == "MONOCHROME1" else "IDENTITY"
    # A shape that is no word of the Standard contradicts as well: what it asks for is not done.
    return "" if shape in ("", demanded) else shape


def higher_is_denser(dataset: Dataset) -> tuple[bool, str]:
    """Whether higher values of a raw image are denser: Pixel Intensity Relationship Sign (C.8.11.3.1.2).

    Args:
        dataset: Header of an image For Processing.

    Returns:
        Yes or no, and the step in words; without a sign, Photometric Interpretation decides.

    Raises:
        UnreadableImage: A sign is there and is none.

    """
    sign = sure_integer(dataset, "PixelIntensityRelationshipSign")
    if sign is not None and abs(sign) != 1:
        raise UnreadableImage(f"Pixel Intensity Relationship Sign {sign} is neither 1 nor -1; {CORRECT}")
    if sign is not None:
        meaning = "higher is less X-ray, so denser" if sign == -1 else "higher is more X-ray: inverted"
        return sign == -1, f"Pixel Intensity Relationship Sign {sign:+d}: {meaning}"
    photometric = word(dataset, "PhotometricInterpretation")
    # MONOCHROME1 shows low values white, and dense tissue is shown white.
    is_denser = photometric != "MONOCHROME1"
    meaning = "not inverted" if is_denser else "inverted"
    return is_denser, f"Pixel Intensity Relationship Sign not given: {photometric} decides, {meaning}"


def first_lut_input(written: int, *, signed: bool) -> int:
    """The first input of a lookup table, from its descriptor.

    Args:
        written: Second value of LUT Descriptor (0028,3002).
        signed: Whether inputs may be negative.

    Returns:
        The input; one written as unsigned stands for a negative one where inputs may be negative.

    """
    return written - 65536 if signed and written >= 32768 else written


def lut_entries(item: Dataset, count: int, bits: int) -> NDArray[np.float64]:
    """LUT Data (0028,3006) as numbers.

    Args:
        item: Item of a LUT sequence.
        count: Entries that its descriptor names.
        bits: Bits an entry.

    Returns:
        The entries, as many as there are; up to 8 bits may be packed two a word, low byte first (C.11.1.1).

    """
    data = value(item, "LUTData")
    if isinstance(data, bytes):
        # LUT Data as OW arrives as bytes in the order of the file; as US it arrives as numbers.
        order = ">" if item.original_encoding[1] is False else "<"
        cells = np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2").astype(np.uint16)
    else:
        # Masked, because entries of VR SS come as negative numbers.
        cells = np.array([int(entry) & 0xFFFF for entry in numbers(item, "LUTData")], np.uint16)
    # Half as many words as entries can only mean two entries a word; the low byte comes first.
    if bits <= 8 and len(cells) == (count + 1) // 2 < count:
        cells = cells.astype("<u2").view(np.uint8).astype(np.uint16)
    return cells.astype(np.float64)


def lut_top(entries: NDArray[np.float64], bits: int) -> float:
    """The largest output that a lookup table was made for.

    Args:
        entries: Its entries.
        bits: Bits an entry, as its descriptor names them.

    Returns:
        That of the bits named; of as many as the entries use where ``unused_bits`` or more are empty, as in
        tables of 12 bits that are called 16. Such a table would show everything nearly black.

    """
    used = max(1, int(entries.max())).bit_length()
    # All alike is no scale to judge bits by; it is refused later.
    is_overstated = used <= bits - READING.unused_bits and entries.min() < entries.max()
    return float(2 ** (used if is_overstated else bits) - 1)


def is_harmless_rest(rest: int, shortest_line: int) -> bool:
    """Whether bytes behind the last pixel are padding and no sign of wrong Rows or Columns.

    Args:
        rest: Number of bytes; negative where some are missing.
        shortest_line: Bytes of a row or a column, whichever has fewer.

    Returns:
        Yes for less than a line, or the one byte that makes the length even.

    """
    # At least 1 byte is always fine: an odd length is padded to even (PS3.5 8.1.1).
    return 0 <= rest < max(2, shortest_line)


def has_end_marker(stream: bytes) -> bool:
    """Whether a JPEG, JPEG-LS or JPEG 2000 bit stream has its end marker, zeros behind it put up with.

    Args:
        stream: The bit stream of a frame.

    Returns:
        Yes or no.

    """
    # EOI of JPEG and EOC of JPEG 2000 have the same code, so a single search serves all families.
    return b"\xff\xd9" in stream[-_END_MARKER_WITHIN:].rstrip(b"\0")


def is_harmless_complaint(complaint: str) -> bool:
    """Whether what the JPEG library complains of is no damage: a few bytes before the end marker.

    Args:
        complaint: One line of the library.

    Returns:
        Yes or no.

    """
    extra = _EXTRA_BYTES.search(complaint)
    return extra is not None and int(extra.group(1)) <= _HARMLESS_BYTES


@dataclass(frozen=True, kw_only=True)
class Quirk:
    """One habit of makers or older files.

    Attributes:
        met: What is met, and where.
        done: What is done about it.
        clause: Which clause of the Standard it touches.
        function: What does it, in this file.

    """

    met: str
    done: str
    clause: str
    function: Callable[..., object]


# Corrections run in this order on every image: a row may rely on the rows above it.
CORRECTIONS = (
    Quirk(
        met="High Bit is missing, in converted research data sets",
        done="it is Bits Stored - 1",
        clause="PS3.3 C.7.6.3, PS3.5 8.1.1",
        function=complete_high_bit,
    ),
    Quirk(
        met="Pixel Padding Value is written as unsigned (US) in a file of signed pixels",
        done="it is read as the signed value of the same bits",
        clause="PS3.3 C.7.5.1.1.2",
        function=sign_padding,
    ),
)
"""Habits that a change of the header sets right; each function takes the data set and changes it."""

JUDGMENTS = (
    Quirk(
        met="no preamble and no File Meta Information: ACR-NEMA and early DICOM exports",
        done="a plausible first element of group 0002 or 0008 is believed",
        clause="PS3.10 7.1",
        function=starts_like_a_data_set,
    ),
    Quirk(
        met="the transfer syntax is not named, for the same reason",
        done="the plain one that the bytes have is taken",
        clause="PS3.10 7.1",
        function=transfer_syntax_of,
    ),
    Quirk(
        met="SOP Class UID is missing in the data set",
        done="that of the File Meta Information is taken",
        clause="PS3.3 C.12.1",
        function=sop_class_of,
    ),
    Quirk(
        met="SNOMED codes as SNOMED-RT identifiers, under SRT, SNM3 (GE Senographe) or 99SDM, in older files",
        done="they are read as the SNOMED CT codes that replaced them",
        clause="PS3.16 8.1, CID 4014",
        function=current_code,
    ),
    Quirk(
        met="anatomic regions whose designator does not fit their value",
        done="the value alone is looked at: the values of SNOMED CT and RT cannot be confused",
        clause="PS3.16 CID 4013, 6022, 244",
        function=is_snomed_value,
    ),
    Quirk(
        met="mammograms filed as CR, DX or Secondary Capture: CR cassettes, film scans, exports of viewers",
        done="they are read when the header says breast",
        clause="PS3.3 A.2, A.8, A.26",
        function=may_be_mammogram,
    ),
    Quirk(
        met="scanned film, as Secondary Capture or under the retired modality RG: Howtek, Lumisys, Vidar",
        done="the image is flagged",
        clause="PS3.3 C.8.6.1, C.7.3.1.1.1",
        function=is_digitized_film,
    ),
    Quirk(
        met="Presentation Intent Type is missing, or is not that of the SOP class",
        done="the image is raw where either says so",
        clause="PS3.3 C.8.11.1",
        function=is_for_processing,
    ),
    Quirk(
        met="a pixel spacing of a single value",
        done="it holds for rows and columns",
        clause="PS3.3 10.7.1.3",
        function=stated_pair,
    ),
    Quirk(
        met="Estimated Radiographic Magnification Factor is missing; or is 0, a percentage, or not that of "
        "the view or of the distances from the source",
        done="missing in a contact view it is taken as 1, and that is said; else nothing is given in mm",
        clause="PS3.3 C.8.7.1",
        function=magnification_factor,
    ),
    Quirk(
        met="Imager Pixel Spacing in the plane of the breast, no multiple of the detector elements: "
        "GE Senographe states 0.094 mm for elements of 0.1 mm",
        done="it is not divided again where that makes it one; else it is used and flagged",
        clause="PS3.3 C.8.7.1, C.8.11.7",
        function=is_binned_spacing,
    ),
    Quirk(
        met="Presentation LUT Shape contradicts Photometric Interpretation",
        done="Photometric Interpretation is believed, and the image is flagged; so for an unknown shape",
        clause="PS3.3 C.8.11.3, C.7.6.3.1.2",
        function=contradicts_photometric,
    ),
    Quirk(
        met="a raw image without Pixel Intensity Relationship Sign",
        done="Photometric Interpretation decides, and that is said",
        clause="PS3.3 C.8.11.3.1.2",
        function=higher_is_denser,
    ),
    Quirk(
        met="the first input of a lookup table is written as unsigned where inputs are signed",
        done="it is read as the signed value of the same bits",
        clause="PS3.3 C.11.1.1",
        function=first_lut_input,
    ),
    Quirk(
        met="a lookup table whose descriptor names more bits than its entries use",
        done="as many as they use are taken where two or more are empty, and that is said",
        clause="PS3.3 C.11.1.1",
        function=lut_top,
    ),
    Quirk(
        met="8-bit entries of a lookup table packed two a word",
        done="they are unpacked where that gives as many as the descriptor names",
        clause="PS3.3 C.11.1.1",
        function=lut_entries,
    ),
    Quirk(
        met="bytes behind the last pixel, less than a row or column",
        done="they are left out",
        clause="PS3.5 8.1.1",
        function=is_harmless_rest,
    ),
    Quirk(
        met="several zeros behind the end marker of a compressed frame",
        done="they are left out",
        clause="PS3.5 A.4",
        function=has_end_marker,
    ),
    Quirk(
        met="up to 8 bytes before the end marker of a JPEG stream",
        done="they are no damage",
        clause="ITU-T T.81 B.1.1",
        function=is_harmless_complaint,
    ),
)
"""Habits that a reader asks about, because what is done has to be told or depends on more than the header."""

QUIRKS = CORRECTIONS + JUDGMENTS
"""Every habit that is put up with."""


def correct_header(dataset: Dataset) -> None:
    """Set a header right wherever a correction of the table applies.

    Args:
        dataset: Header of an image, read for nobody else; it is changed.

    """
    for quirk in CORRECTIONS:
        quirk.function(dataset)
