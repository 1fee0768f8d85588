"""The words of a description: BI-RADS 5th edition (2013) as DICOM lists them, each with our own explanation.

BI-RADS is the ACR's; definitions here are paraphrased. The order of the members is that of DICOM CID 6010 and
CID 6012 families as the phantoms have used it, and never a ranking: ``RANKED_MORPHOLOGIES`` ranks.
"""

from __future__ import annotations

from enum import StrEnum

LEXICON = "BI-RADS 5th edition (2013)"
"""The edition whose words and categories are used."""


class Morphology(StrEnum):
    """Calcification morphology, the words of BI-RADS 5th edition (DICOM CID 6010)."""

    SKIN = "skin_lucent_centered"
    VASCULAR = "vascular"
    POPCORN = "coarse_popcorn"
    ROD = "large_rod_like"
    ROUND = "round"
    PUNCTATE = "punctate"
    RIM = "rim"
    DYSTROPHIC = "dystrophic"
    MILK_OF_CALCIUM = "milk_of_calcium"
    SUTURE = "suture"
    AMORPHOUS = "amorphous"
    COARSE_HETEROGENEOUS = "coarse_heterogeneous"
    FINE_PLEOMORPHIC = "fine_pleomorphic"
    FINE_LINEAR = "fine_linear"
    FINE_LINEAR_BRANCHING = "fine_linear_branching"


RANKED_MORPHOLOGIES = (
    Morphology.SKIN,
    Morphology.VASCULAR,
    Morphology.POPCORN,
    Morphology.ROD,
    Morphology.RIM,
    Morphology.DYSTROPHIC,
    Morphology.MILK_OF_CALCIUM,
    Morphology.SUTURE,
    Morphology.ROUND,
    Morphology.PUNCTATE,
    Morphology.AMORPHOUS,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_PLEOMORPHIC,
    Morphology.FINE_LINEAR,
    Morphology.FINE_LINEAR_BRANCHING,
)
"""All shapes, the most worrying last: "worst shape" means the last of those that apply."""

CLASSIC_BENIGN = frozenset(RANKED_MORPHOLOGIES[:8])
"""Shapes that are typically benign when everything about them is classic (rules B1 to B8)."""


class Distribution(StrEnum):
    """Distribution of a group, the words of BI-RADS 5th edition (DICOM CID 6012); single: not in a group."""

    SINGLE = "single"
    DIFFUSE = "diffuse"
    REGIONAL = "regional"
    GROUPED = "grouped"
    LINEAR = "linear"
    SEGMENTAL = "segmental"


class SizeClass(StrEnum):
    """Size of one calcification with guard bands: what lies within 0.1 mm of a limit is borderline.

    Micro and macro are textbook words, no BI-RADS descriptors; size alone never lowers a category.
    """

    MICRO = "microcalcification"
    BORDERLINE_HALF_MM = "borderline_0.5_mm"
    HALF_TO_ONE_MM = "between_0.5_and_1_mm"
    BORDERLINE_ONE_MM = "borderline_1_mm"
    MACRO = "macrocalcification"
    NOT_MEASURABLE = "not_measurable"


class Category(StrEnum):
    """Assessment category of BI-RADS 5th edition (DICOM CID 6026)."""

    INCOMPLETE = "0"
    NEGATIVE = "1"
    BENIGN = "2"
    PROBABLY_BENIGN = "3"
    LOW_SUSPICION = "4A"
    MODERATE_SUSPICION = "4B"
    HIGH_SUSPICION = "4C"
    HIGHLY_SUGGESTIVE = "5"
    KNOWN_MALIGNANCY = "6"


RANKED_CATEGORIES = (
    Category.NEGATIVE,
    Category.BENIGN,
    Category.PROBABLY_BENIGN,
    Category.LOW_SUSPICION,
    Category.MODERATE_SUSPICION,
    Category.HIGH_SUSPICION,
    Category.HIGHLY_SUGGESTIVE,
)
"""Categories that can be compared, the least worrying first; 0 and 6 stand beside the ladder."""


class LateralityPattern(StrEnum):
    """How calcifications are spread over both breasts of an examination."""

    NONE = "none"
    UNILATERAL = "unilateral"
    BILATERAL = "bilateral"
    SYMMETRIC_SCATTER = "symmetric_scatter"
    NOT_KNOWN = "not_known"
