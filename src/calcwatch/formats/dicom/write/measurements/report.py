"""Measurements as a Comprehensive 3D SR (PS3.3 A.35.13, PS3.16 TID 1500): what IHE AIR asks of a result."""

from __future__ import annotations

from collections.abc import Iterator

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from calcwatch.codes.concepts import CATEGORIES, SCORE, SIDES
from calcwatch.domain.assessment import BreastReading
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.uids import tracking_uid_of
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, Evidence
from calcwatch.formats.dicom.write.highdicom_objects import complete, concept, observer, settled
from calcwatch.formats.dicom.write.measurements.groups import (
    measured_calcification,
    measured_group,
    measured_non_lesion,
)
from calcwatch.formats.dicom.write.measurements.items import Sources, comment, finding_site
from calcwatch.words.summary import RESEARCH_USE, impression, parameter_words, suggestion

_DCM, _SCT = codes.DCM, codes.SCT
_Measured = sr.MeasurementsAndQualitativeEvaluations | sr.PlanarROIMeasurementsAndQualitativeEvaluations


def measurement_report(evidence: Evidence) -> Dataset:
    """The TID 1500 report of an examination, with its prior where it was compared with one.

    One measurement group a finding, told by its tracking UID: groups, calcifications and what is none, of
    both days. Examination score and the suggestion for each breast stand before them.
    """
    headers = [complete(header) for header in (*evidence.current, *evidence.prior)]
    version = evidence.version
    sources = Sources(
        headers=tuple(headers),
        algorithm=sr.AlgorithmIdentification(
            name=MANUFACTURER, version=version, parameters=list(parameter_words(evidence.result.provenance))
        ),
        result=evidence.result,
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer(evidence)),
        procedure_reported=concept(_SCT.ImagingProcedure),
        imaging_measurements=[*_overall(evidence, sources), *_findings(evidence, sources)],
        title=concept(_DCM.ImagingMeasurementReport),
        referenced_images=headers,
    )
    document = sr.Comprehensive3DSR(
        evidence=headers,
        content=report[0],
        series_instance_uid=evidence.uid("series", "sr"),
        series_number=9002,
        sop_instance_uid=evidence.uid("instance", "sr"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=not evidence.failed,
        series_description=f"calcwatch measurements. {RESEARCH_USE}"[:64],
    )
    return settled(document, evidence)


def _overall(evidence: Evidence, sources: Sources) -> Iterator[sr.MeasurementsAndQualitativeEvaluations]:
    """The examination with its score, then each breast with its category."""
    found, study = evidence.result.examination, evidence.current[0].StudyInstanceUID
    whole = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracked("examination", study),
        finding_type=concept(_SCT.ImagingProcedure),
        algorithm_id=sources.algorithm,
        measurements=[sr.Measurement(concept(SCORE), found.score, concept(codes.UCUM.NoUnits))],
    )
    yield comment(whole, impression(evidence.result))
    for breast in found.breasts:
        yield _breast(breast, study, sources)


def _breast(breast: BreastReading, study: str, sources: Sources) -> sr.MeasurementsAndQualitativeEvaluations:
    side = breast.laterality
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracked("breast", study, side or ""),
        finding_type=concept(SIDES[side]) if side else concept(_SCT.Breast),
        finding_sites=finding_site(side),
        algorithm_id=sources.algorithm,
        qualitative_evaluations=[
            sr.QualitativeEvaluation(
                concept(_DCM.AssessmentCategory), concept(CATEGORIES[breast.assessment.suggested_category])
            )
        ],
    )
    return comment(group, suggestion(breast.assessment))


def _findings(evidence: Evidence, sources: Sources) -> Iterator[_Measured]:
    images: tuple[ImageFindings, ...] = (*evidence.images, *evidence.result.prior)
    for place, image in enumerate(images):
        for group in image.groups:
            yield measured_group(group, image, place, sources)
        for single in image.calcifications:
            yield measured_calcification(single, image, place, sources)
        for other in image.non_lesions:
            yield measured_non_lesion(other, image, place, sources)


def _tracked(kind: str, *names: object) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=tracking_uid_of(kind, *names), identifier=kind)
