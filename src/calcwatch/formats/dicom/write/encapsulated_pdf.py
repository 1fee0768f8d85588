"""The report on paper, inside a DICOM file: Encapsulated PDF (PS3.3 A.45.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import EncapsulatedPDFStorage

from calcwatch.codes.documents import CAD_REPORT
from calcwatch.formats.dicom.content_items import coded, sop_reference
from calcwatch.formats.dicom.read.study import reference_of
from calcwatch.formats.dicom.write.common_modules import day_and_time, new_object

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from calcwatch.formats.dicom.write.evidence import Evidence


def encapsulated_pdf(evidence: Evidence, pdf: bytes) -> Dataset:
    """A PDF file as a DICOM object that joins the study and names the images it was made from.

    Args:
        evidence: What the report is of.
        pdf: The report.

    Returns:
        An Encapsulated PDF.

    """
    dataset = new_object(
        evidence, EncapsulatedPDFStorage, "pdf", modality="DOC", series_number=9006, description="report"
    )
    # Made on a workstation, not scanned.
    dataset.ConversionType = "WSD"
    # The pages may name the patient, and de-identification has to know.
    dataset.BurnedInAnnotation = "YES"
    dataset.AcquisitionDateTime = "".join(day_and_time(evidence))
    dataset.DocumentTitle = "Breast calcifications, suggested reading for research use"
    dataset.ConceptNameCodeSequence = [coded(CAD_REPORT)]
    dataset.SourceInstanceSequence = [sop_reference(reference_of(header)) for header in evidence.current]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    # The true length, since padding to even appends a byte that is not of the PDF.
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return dataset
