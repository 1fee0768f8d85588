"""Measurement groups of a TID 1500 report: a group, a calcification, something that is none (TID 1410).

Each is extended, as TID 1410 and 1501 allow, by the center of the finding and by what a reader is told in
words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from highdicom import sr

from calcwatch.codes.assessment import ASSESSMENT_CATEGORY, CATEGORIES
from calcwatch.codes.body import BREAST, LATERALITIES
from calcwatch.codes.cad import CENTER
from calcwatch.codes.change import CHANGE_SINCE_PRIOR, CHANGES
from calcwatch.codes.documents import COMMENT, SOURCE_OF_MEASUREMENT
from calcwatch.codes.findings import (
    CALCIFICATION_DISTRIBUTION,
    CALCIFICATION_TYPE,
    CLUSTER,
    INDIVIDUAL,
    NON_LESION,
    NON_LESIONS,
    OBJECT_TYPE,
    distribution_code,
    morphology_code,
)
from calcwatch.codes.private import EXTENT, LASTING_TRACKING_UID, SUSPICION
from calcwatch.codes.quantities import (
    AREA,
    CERTAINTY,
    DIAMETER,
    NUMBER_OF_CALCIFICATIONS,
    RADIUS,
    ROI_UNITS,
    percent,
)
from calcwatch.domain.identity import non_lesion_uid
from calcwatch.formats.dicom.coordinates import closed_polyline, to_dicom
from calcwatch.formats.dicom.write.evidence import MANUFACTURER
from calcwatch.formats.dicom.write.highdicom_objects import concept
from calcwatch.words.summary import change_words, group_words, parameter_words, suggestion

if TYPE_CHECKING:
    from calcwatch.codes.code import Code
    from calcwatch.domain.findings import Calcification, CalcificationGroup, NonLesion
    from calcwatch.domain.image import Laterality
    from calcwatch.formats.dicom.write.evidence import Evidence

Measured = sr.PlanarROIMeasurementsAndQualitativeEvaluations
"""A measurement group of a region (TID 1410)."""

_Group = TypeVar("_Group", bound=sr.ContentSequence)


def measured_group(evidence: Evidence, place: int, group: CalcificationGroup) -> Measured:
    """A group with its numbers, words, category and change.

    Args:
        evidence: What the report is made from.
        place: Of the group's image among the evidence's ``findings``.
        group: The group.

    Returns:
        A measurement group.

    """
    result, uid = evidence.result, group.tracking_uid
    is_prior = evidence.is_prior(place)
    # Categories belong to the examination that is reported; the prior had a report of its own.
    reading = None if is_prior else result.reading_of(uid)
    # Stated on both days' groups: whoever opens either sees what it became or was.
    change = result.change_from(uid) if is_prior else result.change_of(uid)
    extent = group.distribution.measurements.extent_mm if group.distribution else None
    item = _measured(
        evidence,
        place,
        group,
        tracking=sr.TrackingIdentifier(uid=uid, identifier=f"group of {group.count}"),
        kind=CLUSTER,
        measurements=[
            *measurement(NUMBER_OF_CALCIFICATIONS, group.count, "1"),
            *measurement(RADIUS, group.radius_mm, "mm"),
            *measurement(EXTENT, extent, "mm"),
            *measurement(CERTAINTY, percent(group.score), "%"),
            *measurement(SUSPICION, group.suspicion, "1"),
        ],
        evaluations=[
            *evaluation(CALCIFICATION_TYPE, morphology_code(group.morphology)),
            *evaluation(CALCIFICATION_DISTRIBUTION, distribution_code(group.distribution)),
            *evaluation(
                ASSESSMENT_CATEGORY, CATEGORIES[reading.assessment.suggested_category] if reading else None
            ),
            *evaluation(CHANGE_SINCE_PRIOR, CHANGES[change.kind] if change else None),
        ],
    )
    if change is not None:
        # The tracking UID is of this examination's group; another ties it to all examinations.
        lasting = concept(LASTING_TRACKING_UID)
        # highdicom has no argument for it; TID 1410 is extensible, so it is appended.
        item[0].ContentSequence.append(
            sr.UIDRefContentItem(lasting, value=change.tracking_uid, relationship_type="CONTAINS")
        )
    said = [group_words(group)] if group.kind or group.composition else []
    said += [suggestion(reading.assessment)] if reading else []
    said += [change_words(change)] if change else []
    if said:
        commented(item, " ".join(said))
    return _centered(evidence, place, group, item)


def measured_calcification(evidence: Evidence, place: int, found: Calcification) -> Measured:
    """One calcification with its size.

    Args:
        evidence: What the report is made from.
        place: Of its image among the evidence's ``findings``.
        found: The calcification.

    Returns:
        A measurement group.

    """
    item = _measured(
        evidence,
        place,
        found,
        tracking=sr.TrackingIdentifier(uid=found.tracking_uid, identifier="calcification"),
        kind=INDIVIDUAL,
        measurements=[
            *measurement(DIAMETER, found.diameter_mm, "mm"),
            *measurement(AREA, found.area_mm2, "mm2"),
            *measurement(CERTAINTY, percent(found.score), "%"),
        ],
        evaluations=evaluation(CALCIFICATION_TYPE, morphology_code(found.morphology)),
    )
    return _centered(evidence, place, found, item)


def measured_non_lesion(evidence: Evidence, place: int, found: NonLesion) -> Measured:
    """Something bright that is no calcification.

    Args:
        evidence: What the report is made from.
        place: Of its image among the evidence's ``findings``.
        found: The object.

    Returns:
        A measurement group.

    """
    uid = non_lesion_uid(found, evidence.findings[place])
    item = _measured(
        evidence,
        place,
        found,
        tracking=sr.TrackingIdentifier(uid=uid, identifier=found.kind.value),
        kind=NON_LESION,
        measurements=None,
        evaluations=evaluation(OBJECT_TYPE, NON_LESIONS[found.kind]),
    )
    return _centered(evidence, place, found, item)


def algorithm(evidence: Evidence) -> sr.AlgorithmIdentification:
    """What measured it (TID 4019).

    Args:
        evidence: What the report is made from.

    Returns:
        Name, version and settings.

    """
    phrases = list(parameter_words(evidence.result.provenance))
    return sr.AlgorithmIdentification(name=MANUFACTURER, version=evidence.version, parameters=phrases)


def finding_sites(side: Laterality | None) -> list[sr.FindingSite]:
    """The breast, and which one where that is known.

    Args:
        side: ``None`` where it is not known.

    Returns:
        One finding site.

    """
    # An unknown side has no code, and no laterality is better than a wrong laterality.
    laterality = concept(LATERALITIES[side]) if side in LATERALITIES else None
    return [sr.FindingSite(concept(BREAST), laterality=laterality)]


def measurement(name: Code, value: float | None, unit: str) -> list[sr.Measurement]:
    """A measurement (TID 300).

    Args:
        name: What was measured.
        value: ``None`` where it is not known.
        unit: One of ``codes.quantities.ROI_UNITS``.

    Returns:
        One measurement, none for ``None``.

    """
    return [] if value is None else [sr.Measurement(concept(name), value, concept(ROI_UNITS[unit]))]


def evaluation(question: Code, answer: Code | None) -> list[sr.QualitativeEvaluation]:
    """A qualitative evaluation.

    Args:
        question: What is described.
        answer: ``None`` where nothing was described.

    Returns:
        One evaluation, none for ``None``.

    """
    return [] if answer is None else [sr.QualitativeEvaluation(concept(question), concept(answer))]


def commented(group: _Group, words: str) -> _Group:
    """Add a comment to a measurement group, which is extensible (TID 1501).

    Args:
        group: The measurement group; it is changed.
        words: The comment.

    Returns:
        The measurement group.

    """
    group[0].ContentSequence.append(
        sr.TextContentItem(name=concept(COMMENT), value=words, relationship_type="CONTAINS")
    )
    return group


def _measured(
    evidence: Evidence,
    place: int,
    found: CalcificationGroup | Calcification | NonLesion,
    *,
    tracking: sr.TrackingIdentifier,
    kind: Code,
    measurements: list[sr.Measurement] | None,
    evaluations: list[sr.QualitativeEvaluation],
) -> Measured:
    """A finding with its outline as the region, its center where it has none."""
    header = evidence.headers[place]
    center = to_dicom((found.row, found.column))
    # A region is required: a finding without outline is shown by its center.
    line = closed_polyline(found.outline, header.Rows, header.Columns) or (center,)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking,
        referenced_region=sr.ImageRegion(
            graphic_type="POLYLINE" if found.outline else "POINT",
            # GraphicData has VR FL, single precision.
            graphic_data=np.array(line, dtype=np.float32),
            source_image=sr.SourceImageForRegion.from_source_image(header),
        ),
        finding_type=concept(kind),
        algorithm_id=algorithm(evidence),
        finding_sites=finding_sites(evidence.findings[place].description.image_laterality),
        measurements=measurements,
        qualitative_evaluations=evaluations,
    )


def _centered(
    evidence: Evidence, place: int, found: CalcificationGroup | Calcification | NonLesion, group: _Group
) -> _Group:
    """Add the center to a measurement group, which is extensible (TID 1410). Returns the group."""
    center = sr.ScoordContentItem(
        name=concept(CENTER),
        graphic_type="POINT",
        graphic_data=np.array([to_dicom((found.row, found.column))], dtype=np.float32),
        relationship_type="CONTAINS",
    )
    source = sr.SourceImageForRegion.from_source_image(evidence.headers[place])
    # highdicom names the source image for a region; here it is the source of a measured point.
    source.ConceptNameCodeSequence = [concept(SOURCE_OF_MEASUREMENT)]
    center.ContentSequence = sr.ContentSequence([source])
    group[0].ContentSequence.append(center)
    return group
