"""Measurements as a Comprehensive 3D SR (PS3.3 A.35.13, PS3.16 TID 1500): what IHE AIR asks of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from highdicom import sr
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from calcwatch.codes.body import breast_of
from calcwatch.codes.documents import IMAGING_PROCEDURE, MEASUREMENT_REPORT
from calcwatch.codes.private import EXAM_SCORE
from calcwatch.domain.identity import tracking_uid_of
from calcwatch.formats.dicom.write.highdicom_objects import concept, observer, series, settled
from calcwatch.formats.dicom.write.measurements.groups import (
    Measured,
    algorithm,
    commented,
    finding_sites,
    measured_calcification,
    measured_group,
    measured_non_lesion,
    measurement,
)
from calcwatch.words.summary import breast_words, impression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcwatch.formats.dicom.write.evidence import Evidence


def measurement_report(evidence: Evidence) -> Dataset:
    """The TID 1500 report of an examination, with its prior where it was compared with one.

    One measurement group a finding, told by its tracking UID: groups, calcifications and what is none, of
    both days. The worklist score, and what was found in each breast in words, stand before them; only a group
    has a category.

    Args:
        evidence: What it is made from.

    Returns:
        A Comprehensive 3D SR.

    """
    # highdicom accepts only images that the evidence names: those of the prior have to be among them.
    headers = [*evidence.current, *evidence.prior]
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer(evidence)),
        procedure_reported=concept(IMAGING_PROCEDURE),
        imaging_measurements=[*_overall(evidence), *_findings(evidence)],
        title=concept(MEASUREMENT_REPORT),
        referenced_images=[_for_library(header) for header in headers],
    )
    # IHE AIR asks for Comprehensive 3D SR, though all coordinates here are of two dimensions.
    document = sr.Comprehensive3DSR(
        evidence=headers,
        content=report[0],
        is_complete=not evidence.failed,
        **series(evidence, "sr", 9002, "measurements"),
    )
    return settled(document, evidence)


def _for_library(header: Dataset) -> Dataset:
    """A header as highdicom's image library takes it, without how the image lies and spacing if need be."""
    if all(header.PatientOrientation) and "ImagerPixelSpacing" in header:
        return header
    plain = Dataset(header)
    # By the modality highdicom decides which rows there are; those of TID 1603 need both.
    plain.add(DataElement("Modality", "CS", "OT"))
    return plain


def _overall(evidence: Evidence) -> Iterator[sr.MeasurementsAndQualitativeEvaluations]:
    """The examination with its score, then each breast with what was found, in words (TID 1501)."""
    examination, study = evidence.result.examination, evidence.current[0].StudyInstanceUID
    whole = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracked("examination", study),
        finding_type=concept(IMAGING_PROCEDURE),
        algorithm_id=algorithm(evidence),
        measurements=measurement(EXAM_SCORE, examination.score, "1"),
    )
    yield commented(whole, impression(evidence.result))
    for breast in examination.breasts:
        side = breast.laterality
        group = sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracked("breast", study, side or ""),
            finding_type=concept(breast_of(side)),
            finding_sites=finding_sites(side),
            algorithm_id=algorithm(evidence),
        )
        yield commented(group, breast_words(breast))


def _tracked(kind: str, *names: object) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=tracking_uid_of(kind, *names), identifier=kind)


def _findings(evidence: Evidence) -> Iterator[Measured]:
    for place, image in enumerate(evidence.findings):
        for group in image.groups:
            yield measured_group(evidence, place, group)
        for calcification in image.calcifications:
            yield measured_calcification(evidence, place, calcification)
        for other in image.non_lesions:
            yield measured_non_lesion(evidence, place, other)
