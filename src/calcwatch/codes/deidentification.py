"""How a file was de-identified (PS3.16 CID 7050)."""

from __future__ import annotations

from calcwatch.codes.code import Code

BASIC_PROFILE = Code("DCM", "113100", "Basic Application Confidentiality Profile")
"""The profile of PS3.15 E.1 that all de-identified files follow."""

RETAIN_PATIENT_CHARACTERISTICS = Code("DCM", "113108", "Retain Patient Characteristics Option")
"""Age and sex stay (PS3.15 E.3.7)."""

RETAIN_MODIFIED_DATES = Code(
    "DCM", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"
)
"""Dates are moved, intervals stay (PS3.15 E.3.6)."""

CLEAN_PIXEL_DATA = Code("DCM", "113101", "Clean Pixel Data Option")
"""Burned-in text was blacked out (PS3.15 E.3.1)."""
