"""Findings read back from a bundle: what another system gets, by tracking UID."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calcwatch.codes import concepts as codes
from calcwatch.codes.concepts import Code
from calcwatch.formats.fhir.data_types import DICOM_UID, SYSTEMS, Json

_KINDS = {codes.CLUSTER: "group", codes.INDIVIDUAL: "calcification", codes.NON_LESION: "non-lesion"}


@dataclass(frozen=True)
class ObservedFinding:
    """A finding as an Observation tells it; ``None`` or ``""`` is not told.

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
    resources = [one["resource"] for one in document["entry"]]
    observed = [one for one in resources if one["resourceType"] == "Observation"]
    return tuple(_finding(one, kind) for one in observed if (kind := _kind(one)))


def _kind(observation: Json) -> str:
    return next((kind for code, kind in _KINDS.items() if _is(observation["code"], code)), "")


def _finding(observation: Json, kind: str) -> ObservedFinding:
    row, column = _value(observation, codes.ROW), _value(observation, codes.COLUMN)
    if row is None or column is None:
        raise KeyError("an observation of a finding has no place")
    return ObservedFinding(
        tracking_uid=_tracking_uid(observation),
        kind=kind,
        row=row,
        column=column,
        sop_instance_uid=_value(observation, codes.SOP_INSTANCE_UID) or "",
        count=_value(observation, codes.NUMBER_OF_CALCIFICATIONS),
        radius_mm=_value(observation, codes.RADIUS),
        diameter_mm=_value(observation, codes.DIAMETER),
        area_mm2=_value(observation, codes.AREA),
        certainty_percent=_value(observation, codes.CERTAINTY),
        shape=_value(observation, codes.CALCIFICATION_TYPE),
        distribution=_value(observation, codes.CALCIFICATION_DISTRIBUTION),
        category=_value(observation, codes.ASSESSMENT_CATEGORY),
        change=_value(observation, codes.CHANGE_SINCE_PRIOR),
        object_type=_value(observation, codes.OBJECT_TYPE),
    )


def _tracking_uid(observation: Json) -> str:
    value = next(one["value"] for one in observation["identifier"] if one.get("system") == DICOM_UID)
    return str(value).removeprefix("urn:oid:")


def _is(found: Json, code: Code) -> bool:
    return any(one["system"] == SYSTEMS[code.scheme] and one["code"] == code.value for one in found["coding"])


def _value(observation: Json, question: Code) -> Any:
    """The answer to a question: a number, a text or the value of a code; ``None`` where it is not asked."""
    for one in observation.get("component", []):
        if not _is(one["code"], question):
            continue
        if "valueQuantity" in one:
            return one["valueQuantity"]["value"]
        if "valueCodeableConcept" in one:
            return one["valueCodeableConcept"]["coding"][0]["code"]
        return one.get("valueInteger", one.get("valueString"))
    return None
