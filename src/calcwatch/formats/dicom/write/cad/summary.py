"""Which detections and analyses were tried on which images, and what came of them (TID 4015 to 4018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.codes import cad
from calcwatch.codes.findings import CLUSTER, INDIVIDUAL, NON_LESION
from calcwatch.formats.dicom.content_items import (
    CONTAINS,
    HAS_PROPERTIES,
    INFERRED_FROM,
    code,
    container,
    same_item,
    with_children,
)
from calcwatch.formats.dicom.write.cad.findings import algorithm, parameters
from calcwatch.formats.dicom.write.cad.image_library import library_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from calcwatch.codes.code import Code
    from calcwatch.formats.dicom.write.evidence import Evidence


def summary_of_detections(evidence: Evidence) -> Dataset:
    """What was looked for on each image; images of the study that were not analyzed are failed ones.

    Args:
        evidence: What the report is made from.

    Returns:
        The summary with its successful and failed detections (TID 4015, 4017).

    """
    # Prior images were analyzed by their own examination and are not claimed a second time.
    analyzed = range(len(evidence.current))
    # Headers go on where findings end: those are the images that were not analyzed.
    failed = range(len(evidence.findings), len(evidence.headers))
    return _summary(
        cad.SUMMARY_OF_DETECTIONS,
        _attempts(cad.SUCCESSFUL_DETECTIONS, _detections(evidence, analyzed)),
        _attempts(cad.FAILED_DETECTIONS, _detections(evidence, failed)),
    )


def summary_of_analyses(evidence: Evidence) -> Dataset:
    """What was made of the detections: views of a breast put together, two days compared, all assessed.

    Args:
        evidence: What the report is made from.

    Returns:
        The summary with its successful and failed analyses (TID 4016, 4018).

    """
    sides = [image.description.image_laterality for image in evidence.images]
    # Collocation needs two images of the same breast; an image of unknown side has no partner.
    in_two_views = [place for place, side in enumerate(sides) if side is not None and sides.count(side) > 1]
    succeeded = [
        *_performed(evidence, cad.ANALYSIS_PERFORMED, cad.COLLOCATION, in_two_views),
        *_performed(
            evidence, cad.ANALYSIS_PERFORMED, cad.TEMPORAL_CORRELATION, _compared(evidence, comparable=True)
        ),
        *_performed(evidence, cad.ANALYSIS_PERFORMED, cad.OVERALL_IMPRESSION, range(len(evidence.current))),
    ]
    failed = _performed(
        evidence, cad.ANALYSIS_PERFORMED, cad.TEMPORAL_CORRELATION, _compared(evidence, comparable=False)
    )
    return _summary(
        cad.SUMMARY_OF_ANALYSES,
        _attempts(cad.SUCCESSFUL_ANALYSES, succeeded),
        _attempts(cad.FAILED_ANALYSES, failed),
    )


def processing_summary(evidence: Evidence, *, with_findings: bool) -> Code:
    """All that was tried in one word (CID 6047).

    Args:
        evidence: What the report is made from.
        with_findings: Whether anything was found.

    Returns:
        The code.

    """
    # A pair that could not be aligned is a failed analysis too, or the summary would claim "no change".
    all_succeeded = not evidence.failed and not _compared(evidence, comparable=False)
    return cad.PROCESSING_SUMMARIES[all_succeeded, with_findings]


def _summary(concept: Code, succeeded: Dataset | None, failed: Dataset | None) -> Dataset:
    status = cad.STATUSES[succeeded is not None, failed is not None]
    return code(CONTAINS, concept, status, succeeded, failed)


def _attempts(heading: Code, tried: Sequence[Dataset]) -> Dataset | None:
    return container(INFERRED_FROM, heading, *tried) if tried else None


def _detections(evidence: Evidence, places: Sequence[int]) -> list[Dataset]:
    return [
        detection
        for kind in (CLUSTER, INDIVIDUAL, NON_LESION)
        for detection in _performed(evidence, cad.DETECTION_PERFORMED, kind, places)
    ]


def _performed(evidence: Evidence, question: Code, kind: Code, places: Sequence[int]) -> list[Dataset]:
    """What was done with the images at some places; nothing where there are none."""
    # An attempt without images would be a claim about nothing.
    if not places:
        return []
    return [
        with_children(
            code(CONTAINS, question, kind),
            *algorithm(evidence),
            *parameters(evidence),
            *(same_item(HAS_PROPERTIES, library_place(place)) for place in places),
        )
    ]


def _compared(evidence: Evidence, *, comparable: bool) -> list[int]:
    """Places of the current and prior images of pairs that could be compared, or of those that could not."""
    comparison = evidence.result.comparison
    return [
        place
        for pair in (comparison.pairs if comparison else ())
        if pair.comparable is comparable
        # Library places: prior images stand behind the current ones.
        for place in (pair.current, len(evidence.current) + pair.prior)
    ]
