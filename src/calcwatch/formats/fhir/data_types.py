"""Data types of FHIR as plain dicts: codings, quantities, identifiers, references, dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from calcwatch.codes.concepts import BREAST, PRIVATE_SCHEME, SIDES, Code
from calcwatch.domain.image import Laterality
from calcwatch.domain.uids import tracking_uid_of

Json = dict[str, Any]
"""A resource or a part of one, as it stands in a JSON document."""

SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    "RADELEMENT": "http://www.radelement.org",
    "BI": "urn:calcwatch:coding-scheme:BI",
    PRIVATE_SCHEME: f"urn:oid:{tracking_uid_of('code system')}",
}
"""URI of each coding scheme; that of BI is our own, since none is registered for it."""

DICOM_UID = "urn:dicom:uid"
"""System of identifiers that are DICOM UIDs (FHIR R4, ImagingStudy.identifier)."""

URI = "urn:ietf:rfc:3986"
"""System of identifiers that are URIs."""

PIXELS = "{pixels}"
"""Unit of places in an image: an annotation, as UCUM has no pixel."""


def coding(code: Code) -> Json:
    """A Coding."""
    version = {"version": code.version} if code.version else {}
    return {"system": SYSTEMS[code.scheme], **version, "code": code.value, "display": code.meaning}


def concept(*codes: Code) -> Json:
    """A CodeableConcept with the same meaning in each coding, the first one preferred."""
    return {"coding": [coding(one) for one in codes], "text": codes[0].meaning}


def site(side: Laterality | None) -> Json:
    """The breast of a side as a CodeableConcept."""
    return concept(SIDES[side] if side else BREAST)


def quantity(value: float, unit: str) -> Json:
    """A Quantity; ``unit`` is a UCUM code."""
    return {"value": value, "unit": unit, "system": SYSTEMS["UCUM"], "code": unit}


def uid_identifier(uid: str) -> Json:
    """A DICOM UID as an Identifier."""
    return {"system": DICOM_UID, "value": f"urn:oid:{uid}"}


def uri_identifier(uri: str) -> Json:
    """A URI as an Identifier."""
    return {"system": URI, "value": uri}


def reference(full_url: str, display: str = "") -> Json:
    """A Reference to another entry of the bundle."""
    return {"reference": full_url, **({"display": display} if display else {})}


def date_of(dicom_date: str | None) -> str | None:
    """A DICOM date ``YYYYMMDD`` as FHIR writes it; ``None`` for what is no date."""
    try:
        return datetime.strptime(dicom_date or "", "%Y%m%d").date().isoformat()
    except ValueError:
        return None


def instant(moment: datetime) -> str:
    """A moment, aware of its time zone, as FHIR writes it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def component(question: Code, **answer: Any) -> Json:
    """A component of an Observation; ``answer`` is one of its ``value`` elements."""
    return {"code": concept(question), **answer}


def filled(**elements: Any) -> Json:
    """Elements that hold something: FHIR knows no empty element and no ``null``."""
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}
