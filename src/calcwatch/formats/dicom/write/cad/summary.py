"""Which detections and analyses were tried on which images, and what came of them (TID 4015 to 4018)."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from calcwatch.formats.dicom.content import (
    CONTAINS,
    HAS_PROPERTIES,
    INFERRED_FROM,
    AnyCode,
    code,
    container,
    same_item,
    with_children,
)
from calcwatch.formats.dicom.write.cad.findings import CLUSTER, INDIVIDUAL, algorithm, parameters
from calcwatch.formats.dicom.write.cad.image_library import place_of
from calcwatch.formats.dicom.write.evidence import Evidence

_DCM, _SCT = codes.DCM, codes.SCT
_DETECTIONS = (CLUSTER, INDIVIDUAL, _DCM.NonLesion)
LIBRARY = "1.2"
"""Where the Image Library stands in the tree of a Mammography CAD SR."""


def summary_of_detections(evidence: Evidence) -> Dataset:
    """What was looked for on each image; images of the study that were not analyzed are failed ones."""
    return _summary(
        _DCM.SummaryOfDetections,
        _attempts(evidence, _DCM.SuccessfulDetections, _detections(evidence, evidence.current)),
        _attempts(evidence, _DCM.FailedDetections, _detections(evidence, evidence.failed)),
    )


def summary_of_analyses(evidence: Evidence) -> Dataset:
    """What was made of the detections: views of a breast put together, two days compared, all assessed."""
    good, bad = _compared(evidence)
    succeeded = [
        *_analysis(evidence, _SCT.SpatialCollocationAnalysis, _paired(evidence)),
        *_analysis(evidence, _SCT.TemporalCorrelation, good),
        *_analysis(evidence, _DCM.OverallImpressionRecommendationAnalysis, evidence.current),
    ]
    failed = _analysis(evidence, _SCT.TemporalCorrelation, bad)
    return _summary(
        _DCM.SummaryOfAnalyses,
        _attempts(evidence, _DCM.SuccessfulAnalyses, succeeded),
        _attempts(evidence, _DCM.FailedAnalyses, failed),
    )


def processing_summary(evidence: Evidence, *, with_findings: bool) -> AnyCode:
    """All that was tried in one word (CID 6047)."""
    all_succeeded = not evidence.failed and not _compared(evidence)[1]
    said: dict[tuple[bool, bool], AnyCode] = {
        (True, True): _DCM.AllAlgorithmsSucceededWithFindings,
        (True, False): _DCM.AllAlgorithmsSucceededWithoutFindings,
        (False, True): _DCM.NotAllAlgorithmsSucceededWithFindings,
        (False, False): _DCM.NotAllAlgorithmsSucceededWithoutFindings,
    }
    return said[all_succeeded, with_findings]


def _summary(concept: AnyCode, succeeded: Dataset | None, failed: Dataset | None) -> Dataset:
    status = {
        (True, False): _DCM.Succeeded,
        (True, True): _DCM.PartiallySucceeded,
        (False, True): _DCM.Failed,
        (False, False): _DCM.NotAttempted,
    }[succeeded is not None, failed is not None]
    return code(CONTAINS, concept, status, succeeded, failed)


def _attempts(evidence: Evidence, heading: AnyCode, tried: Sequence[Dataset]) -> Dataset | None:
    return container(INFERRED_FROM, heading, *tried) if tried else None


def _detections(evidence: Evidence, headers: Sequence[Dataset]) -> list[Dataset]:
    if not headers:
        return []
    return [_performed(evidence, _DCM.DetectionPerformed, kind, headers) for kind in _DETECTIONS]


def _analysis(evidence: Evidence, kind: AnyCode, headers: Sequence[Dataset]) -> list[Dataset]:
    return [_performed(evidence, _DCM.AnalysisPerformed, kind, headers)] if headers else []


def _performed(evidence: Evidence, concept: AnyCode, kind: AnyCode, headers: Sequence[Dataset]) -> Dataset:
    places = [f"{LIBRARY}.{place_of(evidence, header)}" for header in headers]
    return with_children(
        code(CONTAINS, concept, kind),
        *algorithm(evidence.result.provenance),
        *parameters(evidence.result.provenance),
        *(same_item(HAS_PROPERTIES, place) for place in places),
    )


def _paired(evidence: Evidence) -> list[Dataset]:
    """Images of a breast that was seen in more than one view."""
    sides = [image.description.image_laterality for image in evidence.images]
    return [
        header
        for header, side in zip(evidence.current, sides, strict=True)
        if side is not None and sides.count(side) > 1
    ]


def _compared(evidence: Evidence) -> tuple[list[Dataset], list[Dataset]]:
    """Current and prior images of pairs that could be compared, and of those that could not."""
    good: list[Dataset] = []
    bad: list[Dataset] = []
    for pair in evidence.result.comparison.pairs if evidence.result.comparison else ():
        both = evidence.current[pair.current], evidence.prior[pair.prior]
        (good if pair.comparable else bad).extend(both)
    return good, bad
