"""Bytes <-> nouns, nothing else: DICOM, FHIR, plain pictures and the documents of a result.

Formats do not know each other; what they share are the nouns of ``domain`` and the codes of ``codes``.
"""
