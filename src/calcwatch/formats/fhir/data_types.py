"""Data types of FHIR as plain dicts: codings, quantities, identifiers, references, dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from calcwatch.codes.body import breast_of
from calcwatch.codes.code import SYSTEMS, Code
from calcwatch.domain.dates import known_date
from calcwatch.domain.image import Laterality

if TYPE_CHECKING:
    from datetime import datetime

Json = dict[str, Any]
"""A resource or a part of one, as it stands in a JSON document."""

DICOM_UID = "urn:dicom:uid"
"""System of identifiers that are DICOM UIDs (FHIR R4, ImagingStudy.identifier)."""

OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")
"""A UID as a URI (FHIR R4, data type oid)."""

URI = "urn:ietf:rfc:3986"
"""System of identifiers that are URIs."""


def coding(code: Code) -> Json:
    """A code as a Coding.

    Args:
        code: The concept; without a meaning the Coding has no display.

    Returns:
        A Coding.

    """
    return {
        "system": SYSTEMS[code.scheme],
        **({"version": code.version} if code.version else {}),
        "code": code.value,
        **({"display": code.meaning} if code.meaning else {}),
    }


def concept(*codes: Code) -> Json:
    """Codes with the same meaning as a CodeableConcept.

    Args:
        *codes: One or more, the preferred one first.

    Returns:
        A CodeableConcept whose text is the meaning of the first.

    """
    return {**bare_concept(*codes), "text": codes[0].meaning}


def bare_concept(*codes: Code) -> Json:
    """Codes of FHIR's own tables as a CodeableConcept.

    Args:
        *codes: One or more, the preferred one first.

    Returns:
        A CodeableConcept without text.

    """
    return {"coding": [coding(code) for code in codes]}


def site(side: Laterality | None) -> Json:
    """The breast of a side.

    Args:
        side: ``None`` where it is not known.

    Returns:
        A CodeableConcept.

    """
    return concept(breast_of(side))


def quantity(value: float, unit: str) -> Json:
    """A number with its unit.

    Args:
        value: The number.
        unit: Its UCUM code.

    Returns:
        A Quantity.

    """
    return {"value": value, "unit": unit, "system": SYSTEMS["UCUM"], "code": unit}


def is_uid(uid: str | None) -> bool:
    """Whether an identifier can be made of a UID.

    Args:
        uid: Should be one; a header may hold anything.

    Returns:
        Yes or no.

    """
    return bool(OID.fullmatch(f"urn:oid:{uid}"))


def uid_identifier(uid: str) -> Json:
    """A DICOM UID as an Identifier.

    Args:
        uid: The UID.

    Returns:
        An Identifier.

    """
    return {"system": DICOM_UID, "value": f"urn:oid:{uid}"}


def uri_identifier(uri: str) -> Json:
    """A URI as an Identifier.

    Args:
        uri: The URI.

    Returns:
        An Identifier.

    """
    return {"system": URI, "value": uri}


def reference(full_url: str, display: str = "") -> Json:
    """A reference to another entry of the bundle.

    Args:
        full_url: Where the entry is.
        display: Its name for people; ``""`` for none.

    Returns:
        A Reference.

    """
    return {"reference": full_url, **({"display": display} if display else {})}


def date_of(dicom_date: str | None) -> str | None:
    """A date of DICOM as FHIR writes it.

    Args:
        dicom_date: ``YYYYMMDD``.

    Returns:
        ``YYYY-MM-DD``; ``None`` for what is no date.

    """
    # Header dates may be empty or damaged; FHIR has no place for half a date that nobody vouches for.
    day = known_date(dicom_date)
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else None


def instant(moment: datetime) -> str:
    """A moment as FHIR writes it.

    Args:
        moment: Aware of its time zone.

    Returns:
        An instant to the second.

    """
    # FHIR instants need a zone; Z is how UTC is usually written.
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def component(question: Code, **answer: Any) -> Json:
    """A component of an Observation.

    Args:
        question: What is asked.
        **answer: One of its ``value`` elements.

    Returns:
        The component.

    """
    return {"code": concept(question), **answer}


def filled(**elements: Any) -> Json:
    """Elements that hold something: FHIR knows no empty element and no ``null``.

    Args:
        **elements: By name.

    Returns:
        Those that are not ``None`` and not empty.

    """
    # 0 and False stay: they are values. (0 equals none of these.)
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}
