"""The frame of a structured report that is built by hand: SR Document General and Content (PS3.3 C.17)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from calcwatch.formats.dicom.content import AnyCode, coded
from calcwatch.formats.dicom.write.derived import study_sequence
from calcwatch.formats.dicom.write.evidence import Evidence


def add_document(dataset: Dataset, evidence: Evidence, *, template: str, title: AnyCode) -> None:
    """Make a data set the root of a report: unverified, with its evidence and its template."""
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.CompletionFlag = "PARTIAL" if evidence.failed else "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    headers = [*evidence.current, *evidence.prior, *evidence.failed]
    dataset.CurrentRequestedProcedureEvidenceSequence = study_sequence(headers)
    dataset.ValueType = "CONTAINER"
    dataset.ConceptNameCodeSequence = [coded(title)]
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ContentTemplateSequence = [_template(template)]


def _template(identifier: str) -> Dataset:
    item = Dataset()
    item.MappingResource = "DCMR"
    item.TemplateIdentifier = identifier
    return item
