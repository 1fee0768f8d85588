"""The words of a description as a radiologist reads them; our own wording, no text of the ACR."""

from __future__ import annotations

from calcwatch.domain.assessment import JudgedBy
from calcwatch.domain.lexicon import (
    Category,
    Distribution,
    GroupKind,
    LateralityPattern,
    Morphology,
    SizeClass,
)

SUGGESTION_NOTE = (
    "Categories and scores are suggestions for a radiologist, for research use. None is a probability for "
    "one woman; never show them to a patient."
)
"""Stands wherever a category or a score of an examination does."""

TRADEMARK_NOTE = (
    "BI-RADS is a registered trademark of the American College of Radiology, which does not endorse this."
)
"""Stands once on each page that names a category."""

MORPHOLOGY_WORDS: dict[Morphology, str] = {shape: shape.replace("_", " ") for shape in Morphology} | {
    Morphology.SKIN: "skin (lucent-centered)",
    Morphology.POPCORN: "coarse or popcorn-like",
    Morphology.ROD: "large rod-like",
}
"""Every shape in words: its own word, unless people say it otherwise."""

DISTRIBUTION_WORDS: dict[Distribution, str] = {
    Distribution.SINGLE: "single, in no group",
    Distribution.DIFFUSE: "diffuse",
    Distribution.REGIONAL: "regional",
    Distribution.GROUPED: "grouped",
    Distribution.LINEAR: "linear",
    Distribution.SEGMENTAL: "segmental",
}
"""Every distribution in words."""

GROUP_KIND_WORDS: dict[GroupKind, str] = {
    GroupKind.VASCULAR: "calcium in the wall of an artery",
    GroupKind.TYPICALLY_BENIGN: "typically benign: rod, rim, dystrophic, popcorn, skin, suture or sediment",
    GroupKind.SCATTERED_ROUND: "round specks loosely scattered",
    GroupKind.SMALL_SUSPICIOUS: "a tight group of small specks",
    GroupKind.NOT_A_CALCIFICATION: "something else that is bright",
}
"""Every kind of group in words."""

JUDGED_BY_WORDS: dict[JudgedBy, str] = {
    JudgedBy.PERSON: "a person's word",
    JudgedBy.SUSPICION: "its suspicion, weighed by the costs of both mistakes",
    JudgedBy.RULES: "the facts alone",
}
"""What a suggestion rests on, in words."""

SIZE_CLASS_WORDS: dict[SizeClass, str] = {
    SizeClass.MICRO: "below 0.4 mm",
    SizeClass.BORDERLINE_HALF_MM: "about 0.5 mm",
    SizeClass.HALF_TO_ONE_MM: "0.6 to 0.9 mm",
    SizeClass.BORDERLINE_ONE_MM: "about 1 mm",
    SizeClass.MACRO: "above 1.1 mm",
    SizeClass.NOT_MEASURABLE: "size not known in mm",
}
"""Every size class in words; size alone never lowers a category."""

CATEGORY_WORDS: dict[Category, str] = {
    Category.INCOMPLETE: "more imaging needed",
    Category.NEGATIVE: "negative",
    Category.BENIGN: "benign",
    Category.PROBABLY_BENIGN: "probably benign",
    Category.LOW_SUSPICION: "low suspicion",
    Category.MODERATE_SUSPICION: "moderate suspicion",
    Category.HIGH_SUSPICION: "high suspicion",
    Category.HIGHLY_SUGGESTIVE: "highly suggestive of malignancy",
    Category.KNOWN_MALIGNANCY: "malignancy already proven",
}
"""Every category in words."""

PATTERN_WORDS: dict[LateralityPattern, str] = {
    LateralityPattern.NONE: "no calcifications found in the breasts imaged",
    LateralityPattern.UNILATERAL: "calcifications in one breast only",
    LateralityPattern.BILATERAL: "calcifications in both breasts",
    LateralityPattern.SYMMETRIC_SCATTER: "scattered alike over both breasts",
    LateralityPattern.NOT_KNOWN: "not known whether the other breast has any: it is not imaged here",
}
"""How calcifications are spread over both breasts, in words."""
