"""Findings as Observations: groups, calcifications, what is none, each breast, and the score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calcwatch.codes import concepts as codes
from calcwatch.codes.concepts import Code
from calcwatch.domain.assessment import BreastReading, ExaminationResult, GroupReading
from calcwatch.domain.change import Change
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    ImageFindings,
    MorphologyDescription,
    NonLesion,
)
from calcwatch.domain.image import Point
from calcwatch.domain.uids import non_lesion_uid
from calcwatch.formats.fhir.data_types import (
    PIXELS,
    Json,
    component,
    concept,
    date_of,
    filled,
    quantity,
    reference,
    site,
    uid_identifier,
)
from calcwatch.formats.fhir.entries import Entries
from calcwatch.words.summary import change_words, suggestion

_IMAGING = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "imaging",
            "display": "Imaging",
        }
    ]
}


@dataclass(frozen=True)
class Subject:
    """What every observation refers to: places of the patient, the device and an examination's study.

    ``study``: ``""`` where the images belong to none.
    """

    patient: str
    device: str
    study: str
    is_prior: bool = False


def observe_image(
    entries: Entries, result: ExaminationResult, image: ImageFindings, subject: Subject
) -> list[str]:
    """Everything found on one image; returns the places of its observations."""
    singles = {one.tracking_uid: _calcification(entries, one, image, subject) for one in image.calcifications}
    groups = [
        _group(entries, result, group, image, subject=subject, singles=singles) for group in image.groups
    ]
    others = [_non_lesion(entries, one, image, subject) for one in image.non_lesions]
    return [*groups, *singles.values(), *others]


def observe_examination(entries: Entries, result: ExaminationResult, subject: Subject) -> list[str]:
    """The score of the examination, and the suggestion for each breast; returns their places."""
    image = result.examination.images[0]
    score = _add(
        entries,
        "score",
        subject,
        image,
        code=concept(codes.SCORE),
        valueInteger=result.examination.score,
        note=_note("Orders a worklist; no probability.", *result.examination.score_reasons),
    )
    return [score, *(_breast(entries, one, image, subject) for one in result.examination.breasts)]


def breast_place(entries: Entries, breast: BreastReading) -> str:
    """Where the observation of a breast is."""
    return entries.place("observation", "breast", breast.laterality)


def _breast(entries: Entries, breast: BreastReading, image: ImageFindings, subject: Subject) -> str:
    groups = [reference(entries.place("observation", uid)) for uid in breast.groups]
    return _add(
        entries,
        ("breast", breast.laterality),
        subject,
        image,
        code=concept(codes.ASSESSMENT_CATEGORY, codes.RADELEMENTS[codes.ASSESSMENT_CATEGORY]),
        bodySite=site(breast.laterality),
        valueCodeableConcept=concept(codes.CATEGORIES[breast.assessment.suggested_category]),
        note=_note(suggestion(breast.assessment)),
        hasMember=groups,
    )


def _group(
    entries: Entries,
    result: ExaminationResult,
    group: CalcificationGroup,
    image: ImageFindings,
    *,
    subject: Subject,
    singles: dict[str, str],
) -> str:
    uid = group.tracking_uid
    change = _change(result, uid, is_prior=subject.is_prior)
    reading = None if subject.is_prior else _reading(result, uid)
    said = [suggestion(reading.assessment)] if reading else []
    said += [change_words(change)] if change else []
    lasting = change.tracking_uid if change else uid
    names = [uid] if lasting == uid else [uid, lasting]
    return _add(
        entries,
        uid,
        subject,
        image,
        identifiers=[uid_identifier(one) for one in names],
        code=concept(codes.CLUSTER, codes.RADELEMENT_CALCIFICATION),
        focus=[reference(entries.place("body structure", lasting))],
        bodySite=site(image.description.image_laterality),
        hasMember=[reference(singles[member]) for member in group.members],
        component=[
            *_numbers(group),
            *_words(group, reading, change),
            *_place((group.row, group.column), image),
        ],
        note=_note(*said),
    )


def _change(result: ExaminationResult, uid: str, *, is_prior: bool) -> Change | None:
    if not is_prior:
        return result.change_of(uid)
    return next((one for one in result.changes if uid in one.prior_groups), None)


def _reading(result: ExaminationResult, uid: str) -> GroupReading | None:
    return next((one for one in result.examination.groups if one.tracking_uid == uid), None)


def _numbers(group: CalcificationGroup) -> Iterator[Json]:
    measured = group.distribution.measurements if group.distribution else None
    yield component(codes.NUMBER_OF_CALCIFICATIONS, valueInteger=group.count)
    yield from _quantity(codes.RADIUS, group.radius_mm, "mm")
    yield from _quantity(codes.EXTENT, measured.extent_mm if measured else None, "mm")
    yield from _quantity(codes.CERTAINTY, _percent(group.score), "%")
    yield from _quantity(codes.SUSPICION, group.suspicion, "1")


def _words(group: CalcificationGroup, reading: GroupReading | None, change: Change | None) -> Iterator[Json]:
    yield from _type(group.morphology)
    spread = group.distribution.likeliest if group.distribution else None
    yield from _answer(codes.CALCIFICATION_DISTRIBUTION, codes.DISTRIBUTIONS.get(spread) if spread else None)
    category = codes.CATEGORIES[reading.assessment.suggested_category] if reading else None
    yield from _answer(codes.ASSESSMENT_CATEGORY, category)
    yield from _answer(codes.CHANGE_SINCE_PRIOR, codes.CHANGE_WORDS[change.kind] if change else None)


def _type(described: MorphologyDescription | None) -> Iterator[Json]:
    likeliest = described.likeliest if described else None
    yield from _answer(codes.CALCIFICATION_TYPE, codes.MORPHOLOGIES[likeliest] if likeliest else None)


def _calcification(entries: Entries, found: Calcification, image: ImageFindings, subject: Subject) -> str:
    return _add(
        entries,
        found.tracking_uid,
        subject,
        image,
        identifiers=[uid_identifier(found.tracking_uid)],
        code=concept(codes.INDIVIDUAL, codes.RADELEMENT_CALCIFICATION),
        bodySite=site(image.description.image_laterality),
        component=[
            *_quantity(codes.DIAMETER, found.diameter_mm, "mm"),
            *_quantity(codes.AREA, found.area_mm2, "mm2"),
            *_quantity(codes.CERTAINTY, _percent(found.score), "%"),
            *_type(found.morphology),
            *_place((found.row, found.column), image),
        ],
    )


def _non_lesion(entries: Entries, found: NonLesion, image: ImageFindings, subject: Subject) -> str:
    uid = non_lesion_uid(found, image)
    return _add(
        entries,
        uid,
        subject,
        image,
        identifiers=[uid_identifier(uid)],
        code=concept(codes.NON_LESION),
        bodySite=site(image.description.image_laterality),
        component=[
            *_answer(codes.OBJECT_TYPE, codes.NON_LESIONS[found.kind]),
            *_place((found.row, found.column), image),
        ],
        note=_note(found.kind.value.replace("_", " ")),
    )


def _add(
    entries: Entries,
    name: object,
    subject: Subject,
    image: ImageFindings,
    *,
    identifiers: Sequence[Json] = (),
    **elements: object,
) -> str:
    """An observation; nobody has confirmed it, so it is preliminary."""
    names = name if isinstance(name, tuple) else (name,)
    return entries.add(
        entries.place("observation", *names),
        "Observation",
        identifiers=list(identifiers),
        status="preliminary",
        category=[_IMAGING],
        subject=reference(subject.patient),
        effectiveDateTime=date_of(image.description.study_date),
        device=reference(subject.device),
        derivedFrom=[reference(subject.study)] if subject.study else None,
        **elements,
    )


def _place(place: Point, image: ImageFindings) -> Iterator[Json]:
    """Where a finding lies, and on which image."""
    described = image.description
    yield component(codes.ROW, valueQuantity=quantity(place[0], PIXELS))
    yield component(codes.COLUMN, valueQuantity=quantity(place[1], PIXELS))
    if described.sop_instance_uid:
        yield component(codes.SOP_INSTANCE_UID, valueString=described.sop_instance_uid)
    elif described.sha256:
        yield component(codes.IMAGE_DIGEST, valueString=described.sha256)


def _quantity(question: Code, value: float | None, unit: str) -> Iterator[Json]:
    if value is not None:
        yield component(question, valueQuantity=quantity(value, unit))


def _answer(question: Code, value: Code | None) -> Iterator[Json]:
    if value is not None:
        second = codes.RADELEMENTS.get(question)
        asked = concept(question, second) if second else concept(question)
        yield filled(code=asked, valueCodeableConcept=concept(value))


def _note(*said: str) -> list[Json]:
    return [{"text": one} for one in said if one]


def _percent(share: float) -> float:
    return round(100 * share, 4)
