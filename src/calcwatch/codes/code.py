"""A coded concept, and the coding schemes that codes are taken from."""

from __future__ import annotations

from typing import NamedTuple

from calcwatch.domain.identity import tracking_uid_of


class Code(NamedTuple):
    """A coded concept (PS3.3 8.8).

    Attributes:
        scheme: Coding Scheme Designator (0008,0102), a key of ``SYSTEMS``.
        value: Code Value (0008,0100).
        meaning: Code Meaning (0008,0104), in English as the context group that the code is used from prints
            it.
        version: Coding Scheme Version (0008,0103), for schemes whose codes mean nothing without it.

    """

    scheme: str
    value: str
    meaning: str
    version: str = ""


PRIVATE_SCHEME = "99CALCWATCH"
"""Coding Scheme Designator of our own codes; PS3.16 8 keeps those that start with 99 for private use."""

VERSIONS = {"BI": "4.0"}
"""Coding Scheme Version (0008,0103) of schemes whose codes mean nothing without it (PS3.16 CID 6026)."""

_HL7 = "http://terminology.hl7.org/CodeSystem/"

SYSTEMS: dict[str, str] = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    "RFC5646": "urn:ietf:bcp:47",
    "RADELEMENT": "http://www.radelement.org",
    # Nobody has registered a URI for it; a URN of ours cannot be taken for an official URI.
    "BI": "urn:calcwatch:coding-scheme:BI",
    # Derived and not made up: an OID under 2.25 needs no registration (PS3.5 B.2).
    PRIVATE_SCHEME: f"urn:oid:{tracking_uid_of('code system')}",
    "v2-0074": f"{_HL7}v2-0074",
    "v2-0203": f"{_HL7}v2-0203",
    "v3-ActReason": f"{_HL7}v3-ActReason",
    "observation-category": f"{_HL7}observation-category",
    "provenance-participant-type": f"{_HL7}provenance-participant-type",
}
"""URI by which FHIR knows each coding scheme (PS3.16 8, HL7 terminology).

That of BI is our own, since none is registered for it. The last five are tables of HL7, which DICOM has no
designator for.
"""
