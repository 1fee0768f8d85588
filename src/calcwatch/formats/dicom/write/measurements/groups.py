"""Measurement groups of a TID 1500 report: a group, a calcification, something that is none (TID 1410)."""

from __future__ import annotations

from highdicom import sr
from pydicom.sr.codedict import codes

from calcwatch.codes.concepts import (
    CATEGORIES,
    CHANGE_WORDS,
    DISTRIBUTIONS,
    EXTENT,
    LASTING_TRACKING_UID,
    MORPHOLOGIES,
    NON_LESIONS,
    SUSPICION,
)
from calcwatch.domain.assessment import GroupReading
from calcwatch.domain.change import Change
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    ImageFindings,
    MorphologyDescription,
    NonLesion,
)
from calcwatch.domain.uids import non_lesion_uid
from calcwatch.formats.dicom.content import AnyCode
from calcwatch.formats.dicom.write.highdicom_objects import concept
from calcwatch.formats.dicom.write.measurements.items import (
    Sources,
    centered,
    comment,
    evaluation,
    finding_site,
    measurement,
    region,
)
from calcwatch.words.summary import change_words, suggestion

_DCM, _SCT, _UCUM = codes.DCM, codes.SCT, codes.UCUM
_Measured = sr.PlanarROIMeasurementsAndQualitativeEvaluations
_CLUSTER, _INDIVIDUAL = codes.cid6014.CalcificationCluster, codes.cid6014.IndividualCalcification


def measured_group(
    group: CalcificationGroup, image: ImageFindings, place: int, sources: Sources
) -> _Measured:
    """A group with its numbers, words, category and change; ``place``: of its image among the headers."""
    reading = next(
        (one for one in sources.result.examination.groups if one.tracking_uid == group.tracking_uid), None
    )
    is_prior = place >= len(sources.result.examination.images)
    change = _change(group.tracking_uid, sources, is_prior=is_prior)
    item = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=group.tracking_uid, identifier=f"group of {group.count}"
        ),
        referenced_region=region((group.row, group.column), group.outline, sources.headers[place]),
        finding_type=concept(_CLUSTER),
        algorithm_id=sources.algorithm,
        finding_sites=finding_site(image.description.image_laterality),
        measurements=_numbers(group),
        qualitative_evaluations=_words(group, None if is_prior else reading, change),
    )
    _add_history(item, change)
    said = [suggestion(reading.assessment)] if reading and not is_prior else []
    said += [change_words(change)] if change else []
    if said:
        comment(item, " ".join(said))
    return centered(item, (group.row, group.column), sources.headers[place])


def _change(uid: str, sources: Sources, *, is_prior: bool) -> Change | None:
    if not is_prior:
        return sources.result.change_of(uid)
    return next((one for one in sources.result.changes if uid in one.prior_groups), None)


def _numbers(group: CalcificationGroup) -> list[sr.Measurement]:
    measured = group.distribution.measurements if group.distribution else None
    return [
        *measurement(_DCM.NumberOfCalcifications, group.count, _UCUM.NoUnits),
        *measurement(_SCT.Radius, group.radius_mm, _UCUM.Millimeter),
        *measurement(EXTENT, measured.extent_mm if measured else None, _UCUM.Millimeter),
        *measurement(_DCM.CertaintyOfFinding, _percent(group.score), _UCUM.Percent),
        *measurement(SUSPICION, group.suspicion, _UCUM.NoUnits),
    ]


def _words(
    group: CalcificationGroup, reading: GroupReading | None, change: Change | None
) -> list[sr.QualitativeEvaluation]:
    distribution = group.distribution.likeliest if group.distribution else None
    category = CATEGORIES[reading.assessment.suggested_category] if reading else None
    return [
        *evaluation(_DCM.CalcificationType, _type(group.morphology)),
        *evaluation(
            _DCM.CalcificationDistribution, DISTRIBUTIONS.get(distribution) if distribution else None
        ),
        *evaluation(_DCM.AssessmentCategory, category),
        *evaluation(
            _SCT.FindingOfChangeSincePreviousMammogram, CHANGE_WORDS[change.kind] if change else None
        ),
    ]


def _add_history(item: _Measured, change: Change | None) -> None:
    """The tracking UID that names the group through all examinations, where it is followed."""
    if change is not None:
        item[0].ContentSequence.append(
            sr.UIDRefContentItem(
                name=concept(LASTING_TRACKING_UID), value=change.tracking_uid, relationship_type="CONTAINS"
            )
        )


def measured_calcification(
    found: Calcification, image: ImageFindings, place: int, sources: Sources
) -> _Measured:
    """One calcification with its size; ``place``: of its image among the headers."""
    item = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=found.tracking_uid, identifier="calcification"),
        referenced_region=region((found.row, found.column), found.outline, sources.headers[place]),
        finding_type=concept(_INDIVIDUAL),
        algorithm_id=sources.algorithm,
        finding_sites=finding_site(image.description.image_laterality),
        measurements=[
            *measurement(_SCT.Diameter, found.diameter_mm, _UCUM.Millimeter),
            *measurement(_SCT.AreaOfDefinedRegion, found.area_mm2, _UCUM.SquareMillimeter),
            *measurement(_DCM.CertaintyOfFinding, _percent(found.score), _UCUM.Percent),
        ],
        qualitative_evaluations=evaluation(_DCM.CalcificationType, _type(found.morphology)),
    )
    return centered(item, (found.row, found.column), sources.headers[place])


def measured_non_lesion(found: NonLesion, image: ImageFindings, place: int, sources: Sources) -> _Measured:
    """Something bright that is no calcification; ``place``: of its image among the headers."""
    item = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=non_lesion_uid(found, image), identifier=found.kind.value
        ),
        referenced_region=region((found.row, found.column), found.outline, sources.headers[place]),
        finding_type=concept(_DCM.NonLesion),
        algorithm_id=sources.algorithm,
        finding_sites=finding_site(image.description.image_laterality),
        qualitative_evaluations=evaluation(_DCM.ObjectType, NON_LESIONS[found.kind]),
    )
    return centered(item, (found.row, found.column), sources.headers[place])


def _type(described: MorphologyDescription | None) -> AnyCode | None:
    likeliest = described.likeliest if described else None
    return None if likeliest is None else MORPHOLOGIES[likeliest]


def _percent(share: float) -> float:
    return round(100 * share, 4)
