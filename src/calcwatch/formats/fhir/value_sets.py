"""Codes that FHIR R4 requires where the library's own lists end in "and others".

fhir.resources checks no code; of each element with a required binding it knows the codes that the page of the
resource shows, and a ``+`` where the page leaves the rest out. These are written out here (FHIR 4.0.1).
"""

from __future__ import annotations

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
"""Resource and element -> every code of its required value set."""
