"""Entries of a transaction, each with a place that depends on the result alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from calcwatch.codes import private
from calcwatch.codes.fhir import RESEARCH
from calcwatch.formats.fhir.data_types import URI, Json, coding, filled, uri_identifier
from calcwatch.words.printable import shown
from calcwatch.words.summary import RESEARCH_USE

if TYPE_CHECKING:
    from datetime import datetime

    from calcwatch.domain.assessment import ExaminationResult


@dataclass
class Entries:
    """Resources that one transaction creates.

    A class because everything added has to be told apart and referred to. The place of a resource is a UUID
    of the result and its name: the same result, the same transaction, and a server that has it creates
    nothing twice.

    Attributes:
        seed: What places depend on.
        added: Entries in the order in which they were added.

    """

    seed: str
    added: list[Json] = field(default_factory=list)

    def place(self, *names: object) -> str:
        """Where a resource is.

        Args:
            *names: Its name.

        Returns:
            Its ``fullUrl``, the same whether or not it has been added.

        """
        return f"urn:uuid:{uuid5(NAMESPACE_OID, '/'.join([self.seed, *map(str, names)]))}"

    def add(
        self, full_url: str, kind: str, *, identifiers: list[Json] | None = None, **elements: object
    ) -> str:
        """Add a resource.

        Args:
            full_url: Its place.
            kind: Its resource type.
            identifiers: Its own, ``None`` for a resource that has no identifier element; the place is added
                to them, and a server that has it creates no other.
            **elements: Its elements by name; empty ones are left out.

        Returns:
            Its place.

        """
        resource = _plain(
            filled(
                resourceType=kind,
                meta={
                    # In every resource: a server stores each by itself, and the label must not get lost.
                    "security": [coding(RESEARCH)],
                    "tag": [coding(private.RESEARCH_USE._replace(meaning=RESEARCH_USE))],
                },
                # The place becomes an identifier, so that ifNoneExist can find the resource on the server.
                identifier=None if identifiers is None else [*identifiers, uri_identifier(full_url)],
                **elements,
            )
        )
        # Conditional create: sending a bundle twice creates nothing twice.
        unless = {} if identifiers is None else {"ifNoneExist": f"identifier={quote(URI)}|{quote(full_url)}"}
        request = {"method": "POST", "url": kind, **unless}
        self.added.append({"fullUrl": full_url, "resource": resource, "request": request})
        return full_url


def _plain(value: Any) -> Any:
    """A part of a resource with text that any server takes: a FHIR string has lines and no other controls."""
    if isinstance(value, str):
        return "\n".join(map(shown, value.split("\n")))
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return {name: _plain(part) for name, part in value.items()} if isinstance(value, dict) else value


def entries_of(result: ExaminationResult, made: datetime) -> Entries:
    """No entries yet, with places that depend on the result and on when it was made.

    Args:
        result: The examination.
        made: When the result was made, to the second.

    Returns:
        An empty transaction.

    """
    # repr of frozen dataclasses holds every value of the result in a fixed order.
    seed = hashlib.sha256(f"{result!r} {made.timestamp():.0f}".encode()).hexdigest()
    return Entries(f"calcwatch/{seed}")
