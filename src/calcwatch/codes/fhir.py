"""Codes that FHIR R4 itself asks for: categories and labels of resources, and its required value sets."""

from __future__ import annotations

from calcwatch.codes.code import Code

RESEARCH = Code("v3-ActReason", "HRESCH", "healthcare research")
"""Security label of every resource: why it may be used."""

IMAGING = Code("observation-category", "imaging", "Imaging")
"""Category of every Observation."""

RADIOLOGY = Code("v2-0074", "RAD", "Radiology")
"""Category of a DiagnosticReport: the department."""

ASSEMBLER = Code("provenance-participant-type", "assembler", "Assembler")
"""Part that calcwatch plays in a Provenance."""

ACCESSION_NUMBER = Code("v2-0203", "ACSN", "")
"""Type of an identifier; written without a display."""

GENDERS: dict[str, str] = {"F": "female", "M": "male", "O": "other"}
"""Patient's Sex (0010,0040) -> Patient.gender."""

_EVENT_ENDS = frozenset({"entered-in-error", "unknown"})

REQUIRED: dict[tuple[str, str], frozenset[str]] = {
    ("Observation", "status"): frozenset(
        {"registered", "preliminary", "final", "amended", "corrected", "cancelled"}
    )
    | _EVENT_ENDS,
    ("DiagnosticReport", "status"): frozenset(
        {"registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled"}
    )
    | _EVENT_ENDS,
    ("ServiceRequest", "intent"): frozenset(
        {
            *("proposal", "plan", "directive", "order", "original-order", "reflex-order", "filler-order"),
            *("instance-order", "option"),
        }
    ),
    ("ServiceRequest", "status"): frozenset({"draft", "active", "on-hold", "revoked", "completed"})
    | _EVENT_ENDS,
    ("Appointment", "status"): frozenset(
        {
            *("proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow"),
            *("entered-in-error", "checked-in", "waitlist"),
        }
    ),
    ("Communication", "status"): frozenset(
        {"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed"}
    )
    | _EVENT_ENDS,
    ("ImagingStudy", "status"): frozenset({"registered", "available", "cancelled"}) | _EVENT_ENDS,
    ("Bundle", "type"): frozenset(
        {
            *("document", "message", "transaction", "transaction-response", "batch", "batch-response"),
            *("history", "searchset", "collection"),
        }
    ),
}
"""Resource and element -> every code of its required value set (FHIR 4.0.1).

The library that checks bundles knows of such a set the codes that the page of the resource shows; these are
the elements whose pages leave the rest out.
"""
