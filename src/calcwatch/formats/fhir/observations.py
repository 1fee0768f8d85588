"""Findings as Observations: groups, calcifications, what is none, each breast, and the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.codes.assessment import ASSESSMENT_CATEGORY, CATEGORIES
from calcwatch.codes.change import CHANGE_SINCE_PRIOR, CHANGES
from calcwatch.codes.fhir import IMAGING
from calcwatch.codes.findings import (
    CALCIFICATION_DISTRIBUTION,
    CALCIFICATION_TYPE,
    CLUSTER,
    FINDING,
    INDIVIDUAL,
    NON_LESION,
    NON_LESIONS,
    OBJECT_TYPE,
    distribution_code,
    morphology_code,
)
from calcwatch.codes.private import (
    COLUMN,
    EXAM_SCORE,
    EXTENT,
    IMAGE_DIGEST,
    ROW,
    SOP_INSTANCE_UID,
    SUSPICION,
)
from calcwatch.codes.quantities import (
    AREA,
    CERTAINTY,
    DIAMETER,
    NUMBER_OF_CALCIFICATIONS,
    PIXELS,
    RADIUS,
    percent,
)
from calcwatch.codes.radelement import BREAST_CALCIFICATION, ELEMENTS
from calcwatch.domain.identity import non_lesion_uid
from calcwatch.formats.fhir.data_types import (
    Json,
    bare_concept,
    component,
    concept,
    date_of,
    filled,
    quantity,
    reference,
    site,
    uid_identifier,
)
from calcwatch.words.summary import breast_words, change_words, group_words, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcwatch.codes.code import Code
    from calcwatch.domain.assessment import BreastReading, ExaminationResult
    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
    from calcwatch.domain.image import Point
    from calcwatch.formats.fhir.entries import Entries


def observe_image(
    entries: Entries, result: ExaminationResult, image: ImageFindings, study: str, *, is_prior: bool = False
) -> list[str]:
    """Add everything found on one image.

    Args:
        entries: The transaction; it is changed.
        result: The examination.
        image: Findings of one of its images, or of one of the prior.
        study: Place of the study that the image belongs to, ``""`` where it belongs to none.
        is_prior: Whether the image is one of the prior.

    Returns:
        Places of the observations: groups, calcifications, non-lesions.

    """
    common = _common(entries, image, study)
    # Calcifications first: groups refer to them as members.
    singles = {
        found.tracking_uid: _calcification(entries, found, image, common) for found in image.calcifications
    }
    groups = [
        _group(entries, result, group, image, common=common, singles=singles, is_prior=is_prior)
        for group in image.groups
    ]
    others = [_non_lesion(entries, found, image, common) for found in image.non_lesions]
    return [*groups, *singles.values(), *others]


def observe_examination(entries: Entries, result: ExaminationResult, study: str) -> list[str]:
    """Add the score of the examination, and what was found in each breast; a breast has no category.

    Args:
        entries: The transaction; it is changed.
        result: The examination.
        study: Place of its study, ``""`` where it has none.

    Returns:
        Places of the observations: score, breasts.

    """
    common = _common(entries, result.examination.images[0], study)
    score = _add(
        entries,
        ("score",),
        common,
        code=concept(EXAM_SCORE),
        valueInteger=result.examination.score,
        note=_note("Orders a worklist; no probability.", *result.examination.score_reasons),
    )
    return [score, *(_breast(entries, breast, common) for breast in result.examination.breasts)]


def _common(entries: Entries, image: ImageFindings, study: str) -> Json:
    """What all observations of an image share; nobody has confirmed them, so they are preliminary."""
    return {
        "status": "preliminary",
        "category": [bare_concept(IMAGING)],
        "subject": reference(entries.place("patient")),
        "effectiveDateTime": date_of(image.description.study_date),
        "device": reference(entries.place("device")),
        # Without a header there is no ImagingStudy to derive from; filled() leaves the element out.
        "derivedFrom": [reference(study)] if study else None,
    }


def _breast(entries: Entries, breast: BreastReading, common: Json) -> str:
    return _add(
        entries,
        ("breast", breast.laterality),
        common,
        code=concept(FINDING),
        bodySite=site(breast.laterality),
        # Words and no code: only calcifications were looked for, so there is no category to give.
        valueString=breast_words(breast),
        # Places follow from names, so a reference may come before what it names is added.
        hasMember=[reference(entries.place("observation", uid)) for uid in breast.groups],
    )


def _group(
    entries: Entries,
    result: ExaminationResult,
    group: CalcificationGroup,
    image: ImageFindings,
    *,
    common: Json,
    singles: dict[str, str],
    is_prior: bool,
) -> str:
    """A group; ``singles``: places of the calcifications of its image by tracking UID."""
    uid = group.tracking_uid
    change = result.change_from(uid) if is_prior else result.change_of(uid)
    reading = None if is_prior else result.reading_of(uid)
    category = CATEGORIES[reading.assessment.suggested_category] if reading else None
    extent = group.distribution.measurements.extent_mm if group.distribution else None
    # Without a comparison the group's own UID is the lasting UID.
    lasting = change.tracking_uid if change else uid
    return _add(
        entries,
        (uid,),
        common,
        # Both names, but once where they are the same.
        identifiers=[uid_identifier(name) for name in dict.fromkeys((uid, lasting))],
        code=concept(CLUSTER, BREAST_CALCIFICATION),
        focus=[reference(entries.place("body structure", lasting))],
        bodySite=site(image.description.image_laterality),
        hasMember=[reference(singles[member]) for member in group.members],
        component=[
            component(NUMBER_OF_CALCIFICATIONS, valueInteger=group.count),
            *_quantity(RADIUS, group.radius_mm, "mm"),
            *_quantity(EXTENT, extent, "mm"),
            *_quantity(CERTAINTY, percent(group.score), "%"),
            *_quantity(SUSPICION, group.suspicion, "1"),
            *_answer(CALCIFICATION_TYPE, morphology_code(group.morphology)),
            *_answer(CALCIFICATION_DISTRIBUTION, distribution_code(group.distribution)),
            *_answer(ASSESSMENT_CATEGORY, category),
            *_answer(CHANGE_SINCE_PRIOR, CHANGES[change.kind] if change else None),
            *_place((group.row, group.column), image),
        ],
        note=_note(
            group_words(group),
            suggestion(reading.assessment) if reading else "",
            change_words(change) if change else "",
        ),
    )


def _calcification(entries: Entries, found: Calcification, image: ImageFindings, common: Json) -> str:
    return _add(
        entries,
        (found.tracking_uid,),
        common,
        identifiers=[uid_identifier(found.tracking_uid)],
        code=concept(INDIVIDUAL, BREAST_CALCIFICATION),
        bodySite=site(image.description.image_laterality),
        component=[
            *_quantity(DIAMETER, found.diameter_mm, "mm"),
            *_quantity(AREA, found.area_mm2, "mm2"),
            *_quantity(CERTAINTY, percent(found.score), "%"),
            *_answer(CALCIFICATION_TYPE, morphology_code(found.morphology)),
            *_place((found.row, found.column), image),
        ],
    )


def _non_lesion(entries: Entries, found: NonLesion, image: ImageFindings, common: Json) -> str:
    uid = non_lesion_uid(found, image)
    return _add(
        entries,
        (uid,),
        common,
        identifiers=[uid_identifier(uid)],
        code=concept(NON_LESION),
        bodySite=site(image.description.image_laterality),
        component=[
            *_answer(OBJECT_TYPE, NON_LESIONS[found.kind]),
            *_place((found.row, found.column), image),
        ],
        note=_note(found.kind.value.replace("_", " ")),
    )


def _add(
    entries: Entries,
    names: Sequence[object],
    common: Json,
    *,
    identifiers: Sequence[Json] = (),
    **elements: object,
) -> str:
    return entries.add(
        entries.place("observation", *names),
        "Observation",
        identifiers=list(identifiers),
        **common,
        **elements,
    )


def _place(place: Point, image: ImageFindings) -> Iterator[Json]:
    """Where a finding lies, and on which image."""
    description = image.description
    # File pixels, 0 at the center of the first, as in findings.json; DICOM's own places add a half.
    yield component(ROW, valueQuantity=quantity(place[0], PIXELS))
    yield component(COLUMN, valueQuantity=quantity(place[1], PIXELS))
    if description.sop_instance_uid:
        yield component(SOP_INSTANCE_UID, valueString=description.sop_instance_uid)
    # PNG, TIFF and PGM have no SOP Instance UID; their hash names the image.
    elif description.sha256:
        yield component(IMAGE_DIGEST, valueString=description.sha256)


def _quantity(question: Code, value: float | None, unit: str) -> Iterator[Json]:
    if value is not None:
        yield component(question, valueQuantity=quantity(value, unit))


def _answer(question: Code, answer: Code | None) -> Iterator[Json]:
    if answer is not None:
        # The RadElement question beside DICOM's: either is understood by itself.
        element = ELEMENTS.get(question)
        questions = (question, element) if element else (question,)
        yield filled(code=concept(*questions), valueCodeableConcept=concept(answer))


def _note(*phrases: str) -> list[Json]:
    return [{"text": phrase} for phrase in phrases if phrase]
