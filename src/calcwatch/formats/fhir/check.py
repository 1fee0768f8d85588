"""Is a transaction valid FHIR R4: resource definitions, required codes, references, and the rules between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel, ValidationError

from calcwatch.codes.fhir import REQUIRED
from calcwatch.formats.fhir.data_types import DICOM_UID, OID, Json

_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_REST = "+"
"""How the library ends a list of codes that it does not show in full."""


def check_bundle(document: Json) -> tuple[str, ...]:
    """Check a transaction bundle against FHIR R4.

    R4 itself is gone from fhir.resources; its R4B has the same definitions of the resources used here. The
    library checks elements, types and cardinalities, and no code: required value sets are checked here, and
    the constraints (FHIR R4 "Invariants") that such a bundle can break.

    Args:
        document: The bundle, as it stands in JSON.

    Returns:
        Everything that is wrong with it, in words; empty for a valid one.

    """
    if document.get("resourceType") != "Bundle":
        return ("the document is no Bundle",)
    entries = document.get("entry")
    if not isinstance(entries, list):
        return ("the bundle has no entries",)
    # Without entries: each is checked by itself, so that a problem is named with its fullUrl.
    problems = list(_defined("Bundle", {**document, "entry": []}))
    places = [entry.get("fullUrl") for entry in entries]
    repeated = sorted({place for place in places if places.count(place) > 1}, key=str)
    problems += [f"{place}: two entries have this fullUrl (bdl-7)" for place in repeated]
    for entry in entries:
        problems += [f"{entry.get('fullUrl')}: {problem}" for problem in _entry(entry, set(places))]
    return tuple(problems)


def _entry(entry: Json, places: set[Any]) -> Iterator[str]:
    resource, request = entry.get("resource", {}), entry.get("request", {})
    kind = str(resource.get("resourceType"))
    if not _UUID.fullmatch(str(entry.get("fullUrl"))):
        yield "fullUrl is no urn:uuid"
    yield from _request(request, kind)
    yield from _defined(kind, resource)
    yield from (f"{place} is in no entry" for place in _references(resource) if place not in places)
    yield from _invariants(kind, resource)


def _request(request: Json, kind: str) -> Iterator[str]:
    method = request.get("method")
    if method not in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"):
        yield f"request.method {method!r} is no HTTP verb of FHIR"
    if method == "POST" and request.get("url") != kind:
        yield f"request.url is {request.get('url')!r} but the resource is {kind}"
    if "ifNoneExist" in request and method != "POST":
        yield "ifNoneExist is for POST alone"


def _defined(kind: str, resource: Json) -> Iterator[str]:
    """What the definition of a resource does not allow, and codes outside required value sets."""
    try:
        model = get_fhir_model_class(kind)
    except (KeyError, LookupError, ValueError):
        yield f"{kind} is no resource of FHIR R4"
        return
    try:
        parsed = model.model_validate(resource)
    except ValidationError as error:
        for problem in error.errors():
            yield f"{kind}.{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        return
    yield from _codes(kind, parsed, kind)


def _codes(kind: str, value: object, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _codes(kind, item, f"{path}[{number}]")
        return
    if not isinstance(value, BaseModel):
        return
    for name, field in type(value).model_fields.items():
        inner = getattr(value, name)
        # The library's own bookkeeping, no element of FHIR.
        if inner is None or name == "resource_type":
            continue
        allowed = required_codes(type(value).__name__, name, field.json_schema_extra)
        if allowed and isinstance(inner, str) and inner not in allowed:
            yield f"{path}.{name}: {inner!r} is not one of {', '.join(sorted(allowed))}"
        yield from _codes(kind, inner, f"{path}.{name}")


def required_codes(kind: str, name: str, extra: object) -> frozenset[str]:
    """Codes that an element may have.

    Args:
        kind: Resource or data type that the element is of.
        name: The element.
        extra: What fhir.resources notes of the element.

    Returns:
        The codes of its required value set; empty where any is allowed.

    Raises:
        KeyError: The library shows a part of the codes alone and ``codes.fhir.REQUIRED`` has none: a code
            that nobody can check must not pass.

    """
    shown = extra.get("enum_values") if isinstance(extra, dict) else None
    if not isinstance(shown, list):
        return frozenset()
    # A list cut short would refuse good codes; no entry in REQUIRED is an error, never a pass.
    return REQUIRED[kind, name] if _REST in shown else frozenset(map(str, shown))


def _references(value: object) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, dict):
        found = value.get("reference")
        if isinstance(found, str):
            yield found
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _invariants(kind: str, resource: Json) -> Iterator[str]:
    """Constraints between elements, and forms of strings that types leave open."""
    if kind == "Observation":
        yield from _observation(resource)
    open_ended = resource.get("status") in ("proposed", "cancelled", "waitlist")
    if kind == "Appointment" and not open_ended and not {"start", "end"} <= resource.keys():
        yield "only proposed, cancelled or waitlisted appointments have no start and end (app-3)"
    # No invariant of FHIR but ours: software must never publish a final result.
    if kind in ("Observation", "DiagnosticReport") and resource.get("status") in ("final", "amended"):
        yield f"a {resource['status']} {kind} needs a person who signed it; calcwatch writes preliminary ones"
    for name in ("issued", "recorded"):
        if name in resource and not _INSTANT.fullmatch(str(resource[name])):
            yield f"{name} {resource[name]!r} is no instant"
    for identifier in resource.get("identifier", []):
        if identifier.get("system") == DICOM_UID and not OID.fullmatch(str(identifier.get("value"))):
            yield f"identifier {identifier.get('value')!r} is no urn:oid"
    div = resource.get("text", {}).get("div", "<div")
    if not div.startswith("<div"):
        yield "text.div is no XHTML div (txt-1)"


def _observation(resource: Json) -> Iterator[str]:
    has_value = any(name.startswith("value") for name in resource)
    if has_value and "dataAbsentReason" in resource:
        yield "a value and dataAbsentReason exclude each other (obs-6)"
    # All codings count: two systems may ask the same question.
    in_components = {code for part in resource.get("component", []) for code in _questions(part)}
    if has_value and _questions(resource) & in_components:
        yield "a component asks what the observation asks, which has a value (obs-7)"


def _questions(element: Json) -> set[tuple[str, str]]:
    """System and code of every coding of what an observation or a component asks."""
    codings = element.get("code", {}).get("coding", [])
    return {(coding.get("system", ""), coding.get("code", "")) for coding in codings}
