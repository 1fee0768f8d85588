"""The words of a description: BI-RADS 5th edition (2013) as DICOM lists them, each with our own explanation.

BI-RADS is the ACR's; definitions here are paraphrased. The order in which an enum lists its members says
nothing: what is worse than what stands in ``RANKED_MORPHOLOGIES``, ``RANKED_DISTRIBUTIONS`` and
``RANKED_CATEGORIES``, and nothing else may be read as a rank.
"""

from __future__ import annotations

from enum import StrEnum

LEXICON = "BI-RADS 5th edition (2013)"
"""The edition whose words and categories are used."""


class Morphology(StrEnum):
    """Calcification morphology, the words of BI-RADS 5th edition (DICOM CID 6010).

    Attributes:
        SKIN: Small with a lucent center, in the skin.
        VASCULAR: Two parallel tracks or a tube, in the wall of a vessel.
        POPCORN: Large and coarse, in a fibroadenoma that shrinks.
        ROD: Thick smooth rods that point to the nipple, in widened ducts.
        ROUND: Round, 0.5 mm or more.
        PUNCTATE: Round, below 0.5 mm.
        RIM: A thin smooth shell round a lucent center, in the wall of a cyst or in fat necrosis.
        DYSTROPHIC: Coarse, irregular, usually above 1 mm, in healed tissue.
        MILK_OF_CALCIUM: Sediment in cysts: a smudge from above, a crescent or line from the side.
        SUTURE: Lines or tubes with knots where stitches were placed.
        AMORPHOUS: So small or hazy that no shape can be named.
        COARSE_HETEROGENEOUS: Irregular and plain, mostly 0.5 to 1 mm.
        FINE_PLEOMORPHIC: Irregular, of many shapes and sizes, below 0.5 mm.
        FINE_LINEAR: Thin irregular lines below 0.5 mm in width.
        FINE_LINEAR_BRANCHING: Such lines that branch.
    """

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


class MorphologyFamily(StrEnum):
    """What may be concluded from a shape before anything else is known.

    Attributes:
        CLASSIC_BENIGN: Typically benign, when everything about it is classic (rules B1 to B8).
        SMALL_ROUND: Round or punctate: benign scattered over both breasts, judged by distribution else.
        SUSPICIOUS: Suspicious wherever it lies.
        FINE_LINEAR: Suspicious, and so telling that a single plain one counts.
    """

    CLASSIC_BENIGN = "classic_benign"
    SMALL_ROUND = "small_round"
    SUSPICIOUS = "suspicious"
    FINE_LINEAR = "fine_linear"


FAMILY_OF: dict[Morphology, MorphologyFamily] = {
    Morphology.SKIN: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.VASCULAR: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.POPCORN: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.ROD: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.RIM: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.DYSTROPHIC: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.MILK_OF_CALCIUM: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.SUTURE: MorphologyFamily.CLASSIC_BENIGN,
    Morphology.ROUND: MorphologyFamily.SMALL_ROUND,
    Morphology.PUNCTATE: MorphologyFamily.SMALL_ROUND,
    Morphology.AMORPHOUS: MorphologyFamily.SUSPICIOUS,
    Morphology.COARSE_HETEROGENEOUS: MorphologyFamily.SUSPICIOUS,
    Morphology.FINE_PLEOMORPHIC: MorphologyFamily.SUSPICIOUS,
    Morphology.FINE_LINEAR: MorphologyFamily.FINE_LINEAR,
    Morphology.FINE_LINEAR_BRANCHING: MorphologyFamily.FINE_LINEAR,
}
"""A row a shape: its family, and by the place of its row its rank, the most worrying last."""

# One table for family and rank, so that a shape cannot be in one and missing in the other.
RANKED_MORPHOLOGIES = tuple(FAMILY_OF)
"""All shapes, the most worrying last: "worst shape" means the last of those that apply."""


def morphologies_of(*families: MorphologyFamily) -> tuple[Morphology, ...]:
    """The shapes of some families.

    Args:
        *families: Which families.

    Returns:
        Their shapes, ranked, the most worrying last.
    """
    return tuple(shape for shape in RANKED_MORPHOLOGIES if FAMILY_OF[shape] in families)


CLASSIC_BENIGN = morphologies_of(MorphologyFamily.CLASSIC_BENIGN)
"""Shapes that are typically benign when everything about them is classic, ranked."""

SMALL_ROUND = morphologies_of(MorphologyFamily.SMALL_ROUND)
"""Round and punctate."""

SUSPICIOUS = morphologies_of(MorphologyFamily.SUSPICIOUS, MorphologyFamily.FINE_LINEAR)
"""Shapes that are suspicious wherever they lie, ranked; fine linear ones are among them."""

FINE_LINEAR = morphologies_of(MorphologyFamily.FINE_LINEAR)
"""Fine linear and fine linear branching."""


class GroupKind(StrEnum):
    """What a group is, told before any word of BI-RADS: the kind decides which words may follow.

    Attributes:
        VASCULAR: Calcium in the wall of an artery.
        TYPICALLY_BENIGN: Rods, rims, dystrophic, popcorn, skin, suture, milk of calcium.
        SCATTERED_ROUND: Round specks loosely scattered; they are the scatter of a breast, told once.
        SMALL_SUSPICIOUS: A tight group of small specks: punctate, amorphous, coarse heterogeneous, fine
            pleomorphic or fine linear.
        NOT_A_CALCIFICATION: Something else that is bright.
    """

    VASCULAR = "vascular"
    TYPICALLY_BENIGN = "typically_benign"
    SCATTERED_ROUND = "scattered_round"
    SMALL_SUSPICIOUS = "small_suspicious"
    NOT_A_CALCIFICATION = "not_a_calcification"


WORDS_OF_KIND: dict[GroupKind, tuple[Morphology, ...]] = {
    GroupKind.NOT_A_CALCIFICATION: (),
    GroupKind.VASCULAR: (Morphology.VASCULAR,),
    GroupKind.TYPICALLY_BENIGN: tuple(shape for shape in CLASSIC_BENIGN if shape is not Morphology.VASCULAR),
    GroupKind.SCATTERED_ROUND: SMALL_ROUND,
    GroupKind.SMALL_SUSPICIOUS: (*SMALL_ROUND, *SUSPICIOUS),
}
"""Which words may follow each kind; by the place of its row its rank, the most worrying last."""

RANKED_KINDS = tuple(WORDS_OF_KIND)
"""All kinds, the most worrying last."""


class Distribution(StrEnum):
    """Distribution of a group, the words of BI-RADS 5th edition (DICOM CID 6012).

    Attributes:
        SINGLE: In no group (no word of BI-RADS).
        DIFFUSE: Scattered through the breast.
        REGIONAL: Over a large part of the breast, not along a duct.
        GROUPED: A few in a small volume.
        LINEAR: In a line, as in a duct.
        SEGMENTAL: In a wedge that points to the nipple, as in the ducts of one lobe.
    """

    SINGLE = "single"
    DIFFUSE = "diffuse"
    REGIONAL = "regional"
    GROUPED = "grouped"
    LINEAR = "linear"
    SEGMENTAL = "segmental"


RANKED_DISTRIBUTIONS = (
    Distribution.SINGLE,
    Distribution.DIFFUSE,
    Distribution.REGIONAL,
    Distribution.GROUPED,
    Distribution.LINEAR,
    Distribution.SEGMENTAL,
)
"""All distributions, the most worrying last, as the shares of malignant ones in studies have it."""


def kind_of_word(morphology: Morphology, distribution: Distribution | None) -> GroupKind:
    """The kind that goes with a word.

    Args:
        morphology: The word.
        distribution: How the group lies; ``None`` where that is not known.

    Returns:
        The kind; round specks are scattered only where they lie over a large part of the breast.
    """
    if morphology is Morphology.VASCULAR:
        return GroupKind.VASCULAR
    if morphology in CLASSIC_BENIGN:
        return GroupKind.TYPICALLY_BENIGN
    is_loose = distribution in (Distribution.DIFFUSE, Distribution.REGIONAL)
    return GroupKind.SCATTERED_ROUND if morphology in SMALL_ROUND and is_loose else GroupKind.SMALL_SUSPICIOUS


class SizeClass(StrEnum):
    """Size of one calcification with guard bands: what lies within 0.1 mm of a limit is borderline.

    Micro and macro are textbook words, no BI-RADS descriptors; size alone never lowers a category.

    Attributes:
        MICRO: Below 0.4 mm.
        BORDERLINE_HALF_MM: Within 0.1 mm of 0.5 mm.
        HALF_TO_ONE_MM: Between the two guard bands.
        BORDERLINE_ONE_MM: Within 0.1 mm of 1 mm.
        MACRO: Above 1.1 mm.
        NOT_MEASURABLE: The pixel spacing is not known.
    """

    MICRO = "microcalcification"
    BORDERLINE_HALF_MM = "borderline_0.5_mm"
    HALF_TO_ONE_MM = "between_0.5_and_1_mm"
    BORDERLINE_ONE_MM = "borderline_1_mm"
    MACRO = "macrocalcification"
    NOT_MEASURABLE = "not_measurable"


class Category(StrEnum):
    """Assessment category of BI-RADS 5th edition (DICOM CID 6026).

    Attributes:
        INCOMPLETE: 0: more imaging or earlier images first.
        NEGATIVE: 1: nothing to remark on.
        BENIGN: 2.
        PROBABLY_BENIGN: 3: short-interval follow-up.
        LOW_SUSPICION: 4A.
        MODERATE_SUSPICION: 4B.
        HIGH_SUSPICION: 4C.
        HIGHLY_SUGGESTIVE: 5: highly suggestive of malignancy.
        KNOWN_MALIGNANCY: 6: proven by biopsy and not yet removed.
    """

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
    """How calcifications are spread over both breasts of an examination.

    Attributes:
        NONE: None in either breast.
        UNILATERAL: In one breast only.
        BILATERAL: In both.
        SYMMETRIC_SCATTER: Round or punctate ones scattered alike over both, and no group dominates.
        NOT_KNOWN: Not both breasts were imaged.
    """

    NONE = "none"
    UNILATERAL = "unilateral"
    BILATERAL = "bilateral"
    SYMMETRIC_SCATTER = "symmetric_scatter"
    NOT_KNOWN = "not_known"
