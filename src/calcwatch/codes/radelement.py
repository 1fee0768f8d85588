"""Common Data Elements of the RSNA (radelement.org): their questions; their answers are DICOM's."""

from __future__ import annotations

from calcwatch.codes.assessment import ASSESSMENT_CATEGORY
from calcwatch.codes.code import Code
from calcwatch.codes.findings import CALCIFICATION_DISTRIBUTION, CALCIFICATION_TYPE

BREAST_CALCIFICATION = Code("RADELEMENT", "RDES241", "Breast Calcification")
"""The set of elements about a calcification or a group."""

ELEMENTS: dict[Code, Code] = {
    CALCIFICATION_TYPE: Code("RADELEMENT", "RDE1565", "Calcification type"),
    CALCIFICATION_DISTRIBUTION: Code("RADELEMENT", "RDE1568", "Calcification distribution"),
    ASSESSMENT_CATEGORY: Code("RADELEMENT", "RDE1586", "Assessment"),
}
"""Question of DICOM -> the same question as a Common Data Element."""
