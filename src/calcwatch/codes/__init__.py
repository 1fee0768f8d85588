"""Coded concepts of DICOM, SNOMED and RadElement, each once; DICOM results and FHIR both draw from here."""
