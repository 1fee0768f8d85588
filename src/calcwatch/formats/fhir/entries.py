"""Entries of a transaction, each with a place that depends on the result alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from calcwatch.codes.concepts import PRIVATE_SCHEME, Code
from calcwatch.domain.assessment import ExaminationResult
from calcwatch.formats.fhir.data_types import URI, Json, coding, filled, uri_identifier
from calcwatch.words.summary import RESEARCH_USE

_RESEARCH = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HRESCH",
    "display": "healthcare research",
}
_FOR_RESEARCH_USE = Code(PRIVATE_SCHEME, "research_use", RESEARCH_USE)


@dataclass
class Entries:
    """Resources that one transaction creates, in the order in which they are added.

    A class because everything added has to be told apart and referred to. The place of a resource is a UUID
    of the result and its name: the same result, the same transaction, and a server that has it creates
    nothing twice.
    """

    seed: str
    added: list[Json] = field(default_factory=list)

    def place(self, *names: object) -> str:
        """The ``fullUrl`` of what has that name."""
        return f"urn:uuid:{uuid5(NAMESPACE_OID, '/'.join([self.seed, *map(str, names)]))}"

    def add(
        self, full_url: str, kind: str, *, identifiers: list[Json] | None = None, **elements: object
    ) -> str:
        """Add a resource and return where it is.

        ``identifiers``: its own, ``None`` for a resource that has no identifier element; the place is added
        to them, and a server that has it creates no other.
        """
        resource = filled(
            resourceType=kind,
            meta={"security": [_RESEARCH], "tag": [coding(_FOR_RESEARCH_USE)]},
            identifier=None if identifiers is None else [*identifiers, uri_identifier(full_url)],
            **elements,
        )
        unless = {} if identifiers is None else {"ifNoneExist": f"identifier={quote(URI)}|{quote(full_url)}"}
        request = {"method": "POST", "url": kind, **unless}
        self.added.append({"fullUrl": full_url, "resource": resource, "request": request})
        return full_url


def entries_of(result: ExaminationResult, made: datetime) -> Entries:
    """No entries yet, with places that depend on the result and on when it was made."""
    seed = hashlib.sha256(f"{result!r} {made.timestamp():.0f}".encode()).hexdigest()
    return Entries(f"calcwatch/{seed}")
