"""What is suggested: assessment categories and the follow-up that goes with each."""

from __future__ import annotations

from calcwatch.codes.code import VERSIONS, Code
from calcwatch.domain.lexicon import Category

ASSESSMENT_CATEGORY = Code("DCM", "111005", "Assessment Category")
"""Category, as a question; the answers are ``CATEGORIES``."""

CATEGORIES: dict[Category, Code] = {
    Category.INCOMPLETE: Code("SCT", "397138000", "0 - Incomplete - Need additional imaging evaluation"),
    Category.NEGATIVE: Code("SCT", "397140005", "1 - Negative"),
    Category.BENIGN: Code("SCT", "397141009", "2 - Benign"),
    Category.PROBABLY_BENIGN: Code("SCT", "397143007", "3 - Probably Benign"),
    # SNOMED CT has no code for the parts of category 4 in CID 6026; scheme BI has, in version 4.0 alone.
    Category.LOW_SUSPICION: Code("BI", "MA.II.A.5.4A", "4A - Low suspicion", VERSIONS["BI"]),
    Category.MODERATE_SUSPICION: Code("BI", "MA.II.A.5.4B", "4B - Intermediate suspicion", VERSIONS["BI"]),
    Category.HIGH_SUSPICION: Code("BI", "MA.II.A.5.4C", "4C - Moderate suspicion", VERSIONS["BI"]),
    Category.HIGHLY_SUGGESTIVE: Code("SCT", "397145000", "5 - Highly suggestive of malignancy"),
    Category.KNOWN_MALIGNANCY: Code(
        "BI", "MA.II.A.5.6", "6 - Known biopsy proven malignancy", VERSIONS["BI"]
    ),
}
"""Assessment category (PS3.16 CID 6026); meanings as DICOM prints them, one edition behind ours in 4B, 4C."""

FOLLOW_UPS: dict[Category, Code] = {
    # Incomplete is a question to more views, before any biopsy is spoken of.
    Category.INCOMPLETE: Code("DCM", "111135", "Additional projections"),
    Category.PROBABLY_BENIGN: Code("DCM", "111142", "Follow-up at short interval (1-11 months)"),
    Category.LOW_SUSPICION: Code("DCM", "111143", "Biopsy should be considered"),
    Category.MODERATE_SUSPICION: Code("DCM", "111143", "Biopsy should be considered"),
    Category.HIGH_SUSPICION: Code("DCM", "111148", "Biopsy should be strongly considered"),
    Category.HIGHLY_SUGGESTIVE: Code("DCM", "111148", "Biopsy should be strongly considered"),
}
"""Recommended follow-up that goes with a category suggested for a finding (PS3.16 CID 6028).

1 and 2 have none: "normal interval" would be said of the breast, and only calcifications were looked for. 6
has none: a proven cancer is in somebody's hands.
"""

SHORT_INTERVAL_MONTHS = 6
"""Interval of the follow-up of a probably benign finding, as BI-RADS (5th edition) asks."""
