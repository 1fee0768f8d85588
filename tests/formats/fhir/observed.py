"""Findings read back from a bundle: what another system gets, by tracking UID."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calcwatch.codes import assessment, change, findings, private, quantities
from calcwatch.codes.code import SYSTEMS, Code
from calcwatch.formats.fhir.data_types import DICOM_UID, Json

_KINDS = {
    findings.CLUSTER: "group",
    findings.INDIVIDUAL: "calcification",
    findings.NON_LESION: "non-lesion",
}


@dataclass(frozen=True)
class ObservedFinding:
    """A finding as an Observation has it; ``None`` or ``""`` is not given.

    ``kind``: ``group``, ``calcification`` or ``non-lesion``. ``row, column``: in pixels, 0 at the center of
    the top-left one. Shape, distribution, category, change and object are code values.
    """

    tracking_uid: str
    kind: str
    row: float
    column: float
    sop_instance_uid: str
    count: int | None
    radius_mm: float | None
    diameter_mm: float | None
    area_mm2: float | None
    certainty_percent: float | None
    shape: str | None
    distribution: str | None
    category: str | None
    change: str | None
    object_type: str | None


def read_bundle(document: Json) -> tuple[ObservedFinding, ...]:
    """Findings of a bundle that ``result_bundle`` made, in its order.

    Raises ``KeyError`` for observations of findings that lack their place.
    """
    resources = [entry["resource"] for entry in document["entry"]]
    observed = [resource for resource in resources if resource["resourceType"] == "Observation"]
    return tuple(_finding(item, kind) for item in observed if (kind := _kind(item)))


def _kind(observation: Json) -> str:
    return next((kind for code, kind in _KINDS.items() if _is(observation["code"], code)), "")


def _finding(observation: Json, kind: str) -> ObservedFinding:
    row, column = _value(observation, private.ROW), _value(observation, private.COLUMN)
    if row is None or column is None:
        raise KeyError("an observation of a finding has no place")
    return ObservedFinding(
        tracking_uid=_tracking_uid(observation),
        kind=kind,
        row=row,
        column=column,
        sop_instance_uid=_value(observation, private.SOP_INSTANCE_UID) or "",
        count=_value(observation, quantities.NUMBER_OF_CALCIFICATIONS),
        radius_mm=_value(observation, quantities.RADIUS),
        diameter_mm=_value(observation, quantities.DIAMETER),
        area_mm2=_value(observation, quantities.AREA),
        certainty_percent=_value(observation, quantities.CERTAINTY),
        shape=_value(observation, findings.CALCIFICATION_TYPE),
        distribution=_value(observation, findings.CALCIFICATION_DISTRIBUTION),
        category=_value(observation, assessment.ASSESSMENT_CATEGORY),
        change=_value(observation, change.CHANGE_SINCE_PRIOR),
        object_type=_value(observation, findings.OBJECT_TYPE),
    )


def _tracking_uid(observation: Json) -> str:
    uids = (item["value"] for item in observation["identifier"] if item.get("system") == DICOM_UID)
    return str(next(uids)).removeprefix("urn:oid:")


def _is(found: Json, code: Code) -> bool:
    expected = SYSTEMS[code.scheme], code.value
    return any((coding["system"], coding["code"]) == expected for coding in found["coding"])


def _value(observation: Json, question: Code) -> Any:
    """The answer to a question: a number, a text or the value of a code; ``None`` where it is not asked."""
    for part in observation.get("component", []):
        if not _is(part["code"], question):
            continue
        if "valueQuantity" in part:
            return part["valueQuantity"]["value"]
        if "valueCodeableConcept" in part:
            return part["valueCodeableConcept"]["coding"][0]["code"]
        return part.get("valueInteger", part.get("valueString"))
    return None
