"""The report on paper, inside a DICOM file: Encapsulated PDF (PS3.3 A.45.1)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import EncapsulatedPDFStorage

from calcwatch.formats.dicom.content import coded, sop_reference
from calcwatch.formats.dicom.write.derived import local_moment, new_object
from calcwatch.formats.dicom.write.evidence import Evidence, reference_of
from calcwatch.words.summary import RESEARCH_USE

_SERIES_NUMBER = 9006


def encapsulated_pdf(evidence: Evidence, pdf: bytes) -> Dataset:
    """A PDF file as a DICOM object that joins the study and names the images it was made from."""
    dataset = new_object(
        evidence, EncapsulatedPDFStorage, "pdf", modality="DOC", series_number=_SERIES_NUMBER
    )
    dataset.SeriesDescription = f"calcwatch report. {RESEARCH_USE}"[:64]
    dataset.ConversionType = "WSD"
    dataset.BurnedInAnnotation = "YES"
    dataset.AcquisitionDateTime = local_moment(evidence).strftime("%Y%m%d%H%M%S%z")
    dataset.DocumentTitle = "Breast calcifications, suggested reading for research use"
    dataset.ConceptNameCodeSequence = [coded(codes.DCM.MammographyCADReport)]
    dataset.SourceInstanceSequence = [sop_reference(reference_of(one)) for one in evidence.current]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return dataset
