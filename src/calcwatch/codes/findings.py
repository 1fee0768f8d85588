"""What is seen: kinds of findings, shape and distribution of calcifications, objects that are no lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.codes.code import Code
from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.lexicon import Distribution, Morphology

if TYPE_CHECKING:
    from calcwatch.domain.findings import DistributionDescription, MorphologyDescription

CLUSTER = Code("SCT", "129769006", "Calcification Cluster")
"""A group as a finding (PS3.16 CID 6014)."""

INDIVIDUAL = Code("SCT", "129770007", "Individual Calcification")
"""A single calcification as a finding (PS3.16 CID 6014)."""

FINDING = Code("DCM", "121071", "Finding")
"""What was found, as a question; the answer is in words."""

NON_LESION = Code("DCM", "111102", "Non-lesion")
"""Something bright that is no calcification, as a finding (PS3.16 CID 6014)."""

ABNORMAL_STRUCTURE = Code("SCT", "49755003", "Morphologically Abnormal Structure")
"""Category of what a segment shows (PS3.16 CID 7150)."""

CALCIFICATION_TYPE = Code("DCM", "111009", "Calcification Type")
"""Morphology, as a question; the answers are ``MORPHOLOGIES``."""

MORPHOLOGIES: dict[Morphology, Code] = {
    Morphology.SKIN: Code("SCT", "129757003", "Calcified skin of breast"),
    Morphology.VASCULAR: Code("SCT", "129759000", "Vascular calcification"),
    Morphology.POPCORN: Code("SCT", "129749001", "Coarse (popcorn-like) calcification"),
    Morphology.ROD: Code("SCT", "129752009", "Large rod-like calcification"),
    Morphology.ROUND: Code("SCT", "129756007", "Round shaped calcification"),
    Morphology.PUNCTATE: Code("SCT", "129755006", "Punctate calcification"),
    Morphology.RIM: Code("SCT", "129751002", "Eggshell calcification"),
    Morphology.DYSTROPHIC: Code("SCT", "129750001", "Dystrophic calcification"),
    Morphology.MILK_OF_CALCIUM: Code("SCT", "129753004", "Milk of calcium calcification"),
    Morphology.SUTURE: Code("SCT", "129758008", "Calcified suture material"),
    Morphology.AMORPHOUS: Code("SCT", "129760005", "Amorphous calcification"),
    Morphology.COARSE_HETEROGENEOUS: Code("SCT", "129763007", "Heterogeneous calcification"),
    Morphology.FINE_PLEOMORPHIC: Code("DCM", "111344", "Fine pleomorphic calcification"),
    Morphology.FINE_LINEAR: Code("SCT", "129761009", "Fine, linear (casting) calcification"),
    Morphology.FINE_LINEAR_BRANCHING: Code(
        "SCT", "129762002", "Fine linear, branching (casting) calcification"
    ),
}
"""Calcification type (PS3.16 CID 6010)."""

CALCIFICATION_DISTRIBUTION = Code("DCM", "111008", "Calcification Distribution")
"""Distribution, as a question; the answers are ``DISTRIBUTIONS``."""

DISTRIBUTIONS: dict[Distribution, Code] = {
    Distribution.DIFFUSE: Code("SCT", "129764001", "Diffuse calcification distribution"),
    Distribution.REGIONAL: Code("SCT", "129767008", "Regional calcification distribution"),
    Distribution.GROUPED: Code("SCT", "129766004", "Grouped calcification distribution"),
    Distribution.LINEAR: Code("SCT", "129765000", "Linear calcification distribution"),
    Distribution.SEGMENTAL: Code("SCT", "129768003", "Segmental calcification distribution"),
}
"""Calcification distribution (PS3.16 CID 6012); a single calcification has none."""

OBJECT_TYPE = Code("DCM", "111039", "Object type")
"""What a non-lesion is, as a question; the answers are ``NON_LESIONS``."""

UNSPECIFIED = Code("DCM", "111176", "Unspecified")
"""An object that CID 6040 has no word for; a code that de-identification took away."""

NON_LESIONS: dict[NonLesionKind, Code] = {
    NonLesionKind.CLIP: Code("SCT", "77720000", "Clip"),
    NonLesionKind.MARKER: Code("SCT", "262301009", "Opaque Marker"),
    NonLesionKind.WIRE: Code("SCT", "27065002", "Suture"),
    NonLesionKind.SKIN_FOLD: UNSPECIFIED,
    NonLesionKind.POWDER: UNSPECIFIED,
    NonLesionKind.DUST: UNSPECIFIED,
    NonLesionKind.TEXT: UNSPECIFIED,
}
"""Object type of what is no lesion (PS3.16 CID 6040)."""


def morphology_code(description: MorphologyDescription | None) -> Code | None:
    """The code of the likeliest shape.

    Args:
        description: Of a calcification or a group; ``None`` where nothing was described.

    Returns:
        One of ``MORPHOLOGIES``; ``None`` where the pixels carry no shape, or one that has no code there.

    """
    likeliest = description.likeliest if description else None
    return MORPHOLOGIES.get(likeliest) if likeliest else None


def distribution_code(description: DistributionDescription | None) -> Code | None:
    """The code of the likeliest distribution.

    Args:
        description: Of a group; ``None`` where nothing was described.

    Returns:
        One of ``DISTRIBUTIONS``; ``None`` for a distribution that has no code there.

    """
    return DISTRIBUTIONS.get(description.likeliest) if description else None
