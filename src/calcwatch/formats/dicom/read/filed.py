"""The header of an image as it may be filed: what results repeat of it, each attribute in a valid form.

One guard for everything that goes out: an export sees no other header. What has no valid form is left empty
and told by its keyword, never by its value, which may name the patient.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DS

from calcwatch.domain.dates import read_date
from calcwatch.formats.dicom.read.header import items, numbers, word
from calcwatch.formats.dicom.read.quirks import lut_entries
from calcwatch.formats.dicom.read.view import read_laterality, read_view

LONGEST_LONG_STRING = 64
"""Characters of a value of VR LO, and of a group of components of a person's name (PS3.5 6.2)."""

LONGEST_SHORT_STRING = 16
"""Characters of a value of VR SH (PS3.5 6.2)."""

TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
"""Attributes of Patient and General Study that an object must have, empty where the image has none."""

NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Rows", "Columns")
"""Attributes without which nothing can refer to an image or to a place in it."""

GRAY = (
    *("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction", "VOILUTSequence"),
    *("RescaleSlope", "RescaleIntercept", "RescaleType"),
)
"""Attributes that say how an image is shown."""

Parts = tuple[str, ...]
"""The values of an attribute as text, those that are empty too."""

_UNDECODED = "\0"
"""Stands for a value that cannot be decoded at all; no form accepts it."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UID = re.compile(r"(?=.{1,64}$)[0-2](\.(0|[1-9][0-9]*))+")
_DAY = re.compile(r"([0-9]{4})([.-]?)([0-9]{2})\2([0-9]{2})")
_MOMENT = re.compile(r"([0-9]{2})(?:(:?)([0-9]{2})(?:\2([0-9]{2})(\.[0-9]+)?)?)?")
_ZONE = re.compile(r"([+-])([0-9]{2})([0-9]{2})")
_AGE = re.compile(r"([0-9]{1,3})([DWMY])")
_WHOLE = re.compile(r"([+-]?[0-9]{1,10})(?:\.0*)?")
_CODE_STRING = re.compile(r"[A-Z0-9 _]{1,16}")
_DIRECTION = re.compile(r"[APRLHF]{1,3}")

_SEXES = {"FEMALE": "F", "W": "F", "MALE": "M", "OTHER": "O", "F": "F", "M": "M", "O": "O"}
"""Words for a sex that can mean one thing alone; W is German, ``weiblich``."""

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
"""VOI LUT Functions of the Standard (PS3.3 C.11.2.1.3)."""


@dataclass(frozen=True, eq=False)
class FiledHeader:
    """A header in which every attribute has a valid form.

    Attributes:
        dataset: What results repeat of it and nothing else: attributes of type 2 always, perhaps empty.
        emptied: Keywords of attributes that say something and have no valid form, in their order.
        reworded: Keywords of attributes that were put into another spelling or made shorter.

    """

    dataset: Dataset
    emptied: tuple[str, ...]
    reworded: tuple[str, ...]


def filed_header(header: Dataset) -> FiledHeader:
    """Put the header of an image into a form that may be filed.

    Args:
        header: As it is in the file; it is not changed.

    Returns:
        What results repeat of it. ``NEEDED`` attributes may be missing.

    """
    filed, emptied, reworded = Dataset(), [], []
    # Text is Unicode from here on, whatever character set the image used.
    filed.SpecificCharacterSet = "ISO_IR 192"
    for keyword, form in _FORMS.items():
        parts = _parts(header, keyword)
        said = any(parts)
        kept = form(parts) if said else None
        if kept is None and said:
            emptied.append(keyword)
        elif isinstance(kept, str) and (kept,) != parts:
            reworded.append(keyword)
        # Type 3 attributes may not be there empty without need; type 2 must be, even empty.
        if kept is not None or keyword in TYPE_2:
            setattr(filed, keyword, "" if kept is None else kept)
    emptied += _add_gray(filed, header)
    _complete(filed, header)
    return FiledHeader(filed, tuple(emptied), tuple(reworded))


def _complete(filed: Dataset, header: Dataset) -> None:
    """Add what writers ask of every image, and side and view as they were read."""
    # An absent Modality is put up with in reading; what was analyzed as a mammogram is filed as such.
    filed.Modality = filed.get("Modality") or "MG"
    filed.SamplesPerPixel = filed.get("SamplesPerPixel") or 1
    filed.InstanceNumber = filed.get("InstanceNumber")
    filed.PatientOrientation = filed.get("PatientOrientation") or ["", ""]
    # No view is handed in: orientation is only a witness against a side and not needed here.
    side, view = read_laterality(header, None).value, read_view(header).value
    if side is not None:
        filed.ImageLaterality = str(side)
    if view is not None:
        filed.ViewPosition = str(view)


def _parts(header: Dataset, keyword: str) -> Parts:
    """What an attribute says, every value of it, decoded or not."""
    try:
        found = header.get(keyword)
    except Exception:  # pydicom decodes lazily, and damaged values raise a dozen kinds of error
        return (_UNDECODED,)
    if found is None:
        return ()
    if isinstance(found, bytes):
        found = found.decode("ascii", "replace")
    several = found if isinstance(found, list | tuple | MultiValue) else (found,)
    return tuple(_text(part) for part in several)


def _text(part: Any) -> str:
    """A value as the file spells it, without the padding round it."""
    if part is None:
        return ""
    spelled = getattr(part, "original_string", None)  # of numbers and dates; bytes for a name
    return (spelled if isinstance(spelled, str) else str(part)).strip(" \0")


def _single(parts: Parts) -> str | None:
    """The only value; ``None`` where there are several, or one that cannot be decoded or shown."""
    # A backslash parts values: the first part of an ID is another woman's ID.
    return parts[0] if len(parts) == 1 and not _CONTROLS.search(parts[0]) else None


def _day(parts: Parts) -> str | None:
    """A date; 2024.01.31 is of ACR-NEMA (PS3.5 6.2, DA), 2024-01-31 of ISO 8601."""
    spelled = _DAY.fullmatch(_single(parts) or "")
    if spelled is None:
        return None
    try:
        return read_date("", "".join(spelled.group(1, 3, 4)))
    except ValueError:
        return None


def _moment(parts: Parts) -> str | None:
    """A time of day (PS3.5 6.2, TM); 12:00:31 is of ACR-NEMA."""
    spelled = _MOMENT.fullmatch(_single(parts) or "")
    if spelled is None:
        return None
    hour, _, minute, second, fraction = spelled.groups()
    if hour > "23" or (minute or "") > "59" or (second or "") > "59":
        return None
    return "".join(part for part in (hour, minute, second, (fraction or "")[:7]) if part and part != ".")


def _zone(parts: Parts) -> str | None:
    """Offset from UTC, -1200 to +1400 (PS3.3 C.12.1.1.8)."""
    spelled = _ZONE.fullmatch(_single(parts) or "")
    if spelled is None or spelled[3] > "59" or spelled[0] == "-0000":
        return None
    minutes = (60 * int(spelled[2]) + int(spelled[3])) * (-1 if spelled[1] == "-" else 1)
    return spelled[0] if -720 <= minutes <= 840 else None


def _sex(parts: Parts) -> str | None:
    return _SEXES.get((_single(parts) or "").upper())


def _age(parts: Parts) -> str | None:
    spelled = _AGE.fullmatch((_single(parts) or "").upper())
    return f"{int(spelled[1]):03}{spelled[2]}" if spelled else None


def _key(longest: int) -> Callable[[Parts], str | None]:
    """Text by which things are told apart: it is never cut."""

    def form(parts: Parts) -> str | None:
        single = _single(parts)
        return single if single and len(single) <= longest else None

    return form


def _free(parts: Parts) -> str | None:
    """Text for people: it may be made shorter."""
    joined = " ".join(_CONTROLS.sub(" ", ", ".join(filter(None, parts))).split())
    return joined[:LONGEST_LONG_STRING].strip() or None


def _name(parts: Parts) -> str | None:
    """A person's name: at most three groups of at most five components (PS3.5 6.2.1)."""
    single = _single(parts)
    if single is None:
        return None
    groups = ("^".join(group.split("^")[:5])[:LONGEST_LONG_STRING] for group in single.split("=")[:3])
    name = "=".join(groups)
    return name if name.strip("=^ ") else None


def _uid(parts: Parts) -> str | None:
    single = _single(parts) or ""
    return single if _UID.fullmatch(single) else None


def _word(parts: Parts) -> str | None:
    single = (_single(parts) or "").upper()
    return single if _CODE_STRING.fullmatch(single) else None


def _whole(least: int, most: int) -> Callable[[Parts], int | None]:
    def form(parts: Parts) -> int | None:
        spelled = _WHOLE.fullmatch(_single(parts) or "")
        return int(spelled[1]) if spelled and least <= int(spelled[1]) <= most else None

    return form


def _lengths(parts: Parts) -> list[Any] | None:
    """Two distances; one alone does not say the other."""
    try:
        found = [float(part) for part in parts]
    except ValueError:
        return None
    if len(found) != 2 or not all(math.isfinite(length) and length > 0 for length in found):
        return None
    return [DS(length, auto_format=True) for length in found]


def _directions(parts: Parts) -> list[str] | None:
    found = [part.upper() for part in parts]
    return found if len(found) == 2 and all(map(_DIRECTION.fullmatch, found)) else None


_IS_RANGE = (-(2**31), 2**31 - 1)
"""Least and greatest value of VR IS (PS3.5 6.2)."""

_FORMS: Mapping[str, Callable[[Parts], Any]] = {
    "SOPClassUID": _uid,
    "SOPInstanceUID": _uid,
    "StudyInstanceUID": _uid,
    "SeriesInstanceUID": _uid,
    "PatientName": _name,
    "PatientID": _key(LONGEST_LONG_STRING),
    "IssuerOfPatientID": _key(LONGEST_LONG_STRING),
    "PatientBirthDate": _day,
    "PatientSex": _sex,
    "PatientAge": _age,
    "StudyDate": _day,
    "StudyTime": _moment,
    "ContentDate": _day,
    "ContentTime": _moment,
    "TimezoneOffsetFromUTC": _zone,
    "StudyID": _key(LONGEST_SHORT_STRING),
    "AccessionNumber": _key(LONGEST_SHORT_STRING),
    "ReferringPhysicianName": _name,
    "StudyDescription": _free,
    "Modality": _word,
    "SeriesNumber": _whole(*_IS_RANGE),
    "InstanceNumber": _whole(*_IS_RANGE),
    "NumberOfFrames": _whole(1, _IS_RANGE[1]),
    "Rows": _whole(1, 65535),
    "Columns": _whole(1, 65535),
    "SamplesPerPixel": _whole(1, 4),
    "PhotometricInterpretation": _word,
    "PatientOrientation": _directions,
    "ImagerPixelSpacing": _lengths,
}
"""Attributes that results repeat, each with what gives its valid form, ``None`` where it has none."""


def _add_gray(filed: Dataset, header: Dataset) -> list[str]:
    """Add how the image is shown, as the analysis read it; returns keywords of what has no valid form."""
    slope, intercept = numbers(header, "RescaleSlope"), numbers(header, "RescaleIntercept")
    if len(slope) == len(intercept) == 1 and slope[0]:
        filed.RescaleSlope, filed.RescaleIntercept = (
            DS(given[0], auto_format=True) for given in (slope, intercept)
        )
        filed.RescaleType = _free(_parts(header, "RescaleType")) or "US"
    emptied = [] if "RescaleSlope" in filed else _said(header, "RescaleSlope", "RescaleIntercept")
    # A table goes before a window, as in the analysis; the first of several is the one it used.
    tables = items(header, "VOILUTSequence")
    table = _table(tables[0]) if tables else None
    if table is not None:
        filed.VOILUTSequence = [table]
        return emptied
    windows = _add_windows(filed, header)
    return emptied + _said(header, "VOILUTSequence") + ([] if windows else _said(header, "WindowCenter"))


def _said(header: Dataset, *keywords: str) -> list[str]:
    return [keyword for keyword in keywords if any(_parts(header, keyword))]


def _add_windows(filed: Dataset, header: Dataset) -> bool:
    """Add windows; ``False`` where the header has none in a valid form."""
    centers, widths = numbers(header, "WindowCenter"), numbers(header, "WindowWidth")
    function = word(header, "VOILUTFunction") or "LINEAR"
    least = 1.0 if function == "LINEAR" else math.ulp(0.0)
    if not centers or len(centers) != len(widths) or function not in _FUNCTIONS or min(widths) < least:
        return False
    filed.WindowCenter = [DS(center, auto_format=True) for center in centers]
    filed.WindowWidth = [DS(width, auto_format=True) for width in widths]
    if word(header, "VOILUTFunction"):
        filed.VOILUTFunction = function
    explained = [_free((part,)) or "" for part in _parts(header, "WindowCenterWidthExplanation")]
    if len(explained) == len(centers) and any(explained):
        filed.WindowCenterWidthExplanation = explained
    return True


def _table(item: Dataset) -> Dataset | None:
    """A lookup table with its entries as words of 16 bits; ``None`` where it contradicts its descriptor."""
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3 or any(number != int(number) for number in descriptor):
        return None
    count, first, bits = (int(number) for number in descriptor)
    # A descriptor of 0 entries stands for 65536, and so does one read as signed (PS3.3 C.11.1.1).
    count = count % 65536 or 65536
    if not 8 <= bits <= 16 or not -32768 <= first <= 65535:
        return None
    try:
        entries = lut_entries(item, count, bits)
    except Exception:  # a damaged table answers with errors of any kind
        return None
    if len(entries) != count:
        return None
    table = Dataset()
    vr = "SS" if first < 0 else "US"
    written = count % 65536 - (65536 if first < 0 and count % 65536 > 32767 else 0)
    table.add(DataElement("LUTDescriptor", vr, [written, first, bits]))
    explained = _free(_parts(item, "LUTExplanation"))
    if explained:
        table.LUTExplanation = explained
    table.add(DataElement("LUTData", "OW", entries.astype(np.uint16).astype("<u2").tobytes()))
    return table
