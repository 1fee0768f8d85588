"""Coded concepts of DICOM, SNOMED CT, LOINC, RadElement and HL7, each spelled once.

DICOM structured reports, FHIR bundles and the readers of other makers' files all draw from here. One file is
one subject: what was seen (``findings``), where (``body``, ``views``), how much of it (``quantities``), what
became of it (``change``), what is advised (``assessment``), what a document calls its parts (``documents``,
``cad``), and what only calcwatch has a word for (``private``). Codes are current ones: retired identifiers
that older files carry are translated where files are read.
"""
