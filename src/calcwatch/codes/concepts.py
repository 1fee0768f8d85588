"""The coded concepts calcwatch understands: the only file where codes are spelled.

SNOMED codes are given twice: as SCT numbers (current) and as the older SNOMED-RT identifiers that images
carry under the designators SRT, SNM3 and 99SDM; PS3.16 asks receivers to treat the old designators alike.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from calcwatch.domain.change import ChangeKind
from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, Morphology


class Code(NamedTuple):
    """A coded concept: Coding Scheme Designator (0008,0102), Code Value and Code Meaning (PS3.3 8.8).

    ``version``: Coding Scheme Version (0008,0103), for schemes whose codes mean nothing without it.
    """

    scheme: str
    value: str
    meaning: str
    version: str = ""


SNOMED_RT_DESIGNATORS = frozenset({"SRT", "SNM3", "99SDM"})
"""Coding Scheme Designators (0008,0102) under which SNOMED-RT identifiers are found."""


class ViewModifier(StrEnum):
    """View modifiers of PS3.16 CID 4015 that change how an image is read."""

    CLEAVAGE = "cleavage"
    AXILLARY_TAIL = "axillary tail"
    ROLLED_LATERAL = "rolled lateral"
    ROLLED_MEDIAL = "rolled medial"
    ROLLED_INFERIOR = "rolled inferior"
    ROLLED_SUPERIOR = "rolled superior"
    IMPLANT_DISPLACED = "implant displaced"
    MAGNIFICATION = "magnification"
    SPOT_COMPRESSION = "spot compression"
    TANGENTIAL = "tangential"
    NIPPLE_IN_PROFILE = "nipple in profile"
    ANTERIOR_COMPRESSION = "anterior compression"
    INFRAMAMMARY_FOLD = "infra-mammary fold"
    AXILLARY_TISSUE = "axillary tissue"


VIEW_CODES: tuple[tuple[ViewPosition, str, str], ...] = (
    (ViewPosition.ML, "399260004", "R-10224"),
    (ViewPosition.MLO, "399368009", "R-10226"),
    (ViewPosition.LM, "399352003", "R-10228"),
    (ViewPosition.LMO, "399099002", "R-10230"),
    (ViewPosition.CC, "399162004", "R-10242"),
    (ViewPosition.FB, "399196006", "R-10244"),
    (ViewPosition.SIO, "399188001", "R-102D0"),
    (ViewPosition.ISO, "441555000", "R-40AAA"),
    (ViewPosition.XCCL, "399192008", "R-1024A"),
    (ViewPosition.XCCM, "399101009", "R-1024B"),
    (ViewPosition.XCCL, "399192008", "Y-X1770"),
    (ViewPosition.XCCM, "399101009", "Y-X1771"),
    (ViewPosition.XCC, "399265009", "R-102CF"),
)
"""PS3.16 CID 4014 with its deprecated entries: view, SCT code, SNOMED-RT code."""

VIEW_MEANINGS: dict[ViewPosition, str] = {
    ViewPosition.ML: "medial-lateral",
    ViewPosition.MLO: "medio-lateral oblique",
    ViewPosition.LM: "latero-medial",
    ViewPosition.LMO: "latero-medial oblique",
    ViewPosition.CC: "cranio-caudal",
    ViewPosition.FB: "caudo-cranial (from below)",
    ViewPosition.SIO: "superolateral to inferomedial oblique",
    ViewPosition.ISO: "inferomedial to superolateral oblique",
    ViewPosition.XCC: "cranio-caudal exaggerated",
    ViewPosition.XCCL: "cranio-caudal exaggerated laterally",
    ViewPosition.XCCM: "cranio-caudal exaggerated medially",
}
"""Code Meaning of each view of PS3.16 CID 4014; cleavage and axillary tail are modifiers, no views."""

VIEW_MODIFIERS: tuple[tuple[ViewModifier, str, str], ...] = (
    (ViewModifier.CLEAVAGE, "399161006", "R-102D2"),
    (ViewModifier.AXILLARY_TAIL, "399011000", "R-102D1"),
    (ViewModifier.ROLLED_LATERAL, "399197002", "R-102D3"),
    (ViewModifier.ROLLED_MEDIAL, "399226006", "R-102D4"),
    (ViewModifier.ROLLED_INFERIOR, "414493004", "R-102CA"),
    (ViewModifier.ROLLED_SUPERIOR, "415670009", "R-102C9"),
    (ViewModifier.IMPLANT_DISPLACED, "399209000", "R-102D5"),
    (ViewModifier.MAGNIFICATION, "399163009", "R-102D6"),
    (ViewModifier.SPOT_COMPRESSION, "399055006", "R-102D7"),
    (ViewModifier.TANGENTIAL, "399110001", "R-102C2"),
    (ViewModifier.NIPPLE_IN_PROFILE, "442581004", "R-40AB3"),
    (ViewModifier.ANTERIOR_COMPRESSION, "441752004", "P2-00161"),
    (ViewModifier.INFRAMAMMARY_FOLD, "442593008", "R-40ABE"),
    (ViewModifier.AXILLARY_TISSUE, "442580003", "R-40AB2"),
)
"""PS3.16 CID 4015: modifier, SCT code, SNOMED-RT code."""

BREAST_REGION = frozenset(
    {"76752008", "T-04000", "63762007", "T-04080", "80248007", "T-04030", "73056007", "T-04020"}
)
"""Anatomic region codes that mean breast, both, left and right breast (PS3.16 CID 4013, 6022)."""

BREAST_SPECIMEN = frozenset({"127457009", "G-8310"})
"""View codes of a tissue specimen: a radiograph of no breast (PS3.16 CID 4014)."""

RIGHT = frozenset({"24028007", "G-A100", "73056007", "T-04020"})
"""Codes that mean right, as a region modifier or as the right breast (PS3.16 CID 244, 6022)."""

LEFT = frozenset({"7771000", "G-A101", "80248007", "T-04030"})
"""Codes that mean left, as a region modifier or as the left breast (PS3.16 CID 244, 6022)."""

BILATERAL = frozenset({"51440002", "G-A102", "63762007", "T-04080"})
"""Codes that mean right and left (PS3.16 CID 244, 6022)."""

CHANGES: dict[ChangeKind, tuple[str, str]] = {
    ChangeKind.NEW: ("129721008", "New finding"),
    ChangeKind.INCREASED_IN_NUMBER: ("129726003", "Increase in number of calcifications"),
    ChangeKind.INCREASED_IN_EXTENT: ("15454001", "Increase in size"),
    ChangeKind.INCREASED_IN_SIZE: ("15454001", "Increase in size"),
    ChangeKind.SHAPE_CHANGED: ("129811006", "Difference in shape"),
    ChangeKind.NO_SIGNIFICANT_CHANGE: ("129723006", "No significant changes in the finding"),
    ChangeKind.DECREASED: ("129727007", "Decrease in number of calcifications"),
    ChangeKind.PARTIALLY_REMOVED: ("129722001", "Finding partially removed"),
}
"""Change since the last mammogram as SCT code and meaning (PS3.16 CID 6002; shape: CID 6038).

Resolved and not comparable have no code there.
"""

PRIVATE_SCHEME = "99CALCWATCH"
"""Coding Scheme Designator of our own codes; PS3.16 8 keeps those that start with 99 for private use."""

CHANGE_WORDS: dict[ChangeKind, Code] = {
    **{kind: Code("SCT", *code) for kind, code in CHANGES.items()},
    ChangeKind.RESOLVED: Code(PRIVATE_SCHEME, "resolved", "Finding resolved"),
    ChangeKind.NOT_COMPARABLE: Code(PRIVATE_SCHEME, "not_comparable", "Not comparable with the prior"),
}
"""Change since the last mammogram, with our own codes for what PS3.16 CID 6002 has no word for."""

LATERALITIES: dict[Laterality, Code] = {
    Laterality.LEFT: Code("SCT", "7771000", "Left"),
    Laterality.RIGHT: Code("SCT", "24028007", "Right"),
    Laterality.BOTH: Code("SCT", "51440002", "Right and left"),
}
"""Laterality of a finding site (PS3.16 CID 244)."""

SCORE = Code(PRIVATE_SCHEME, "exam_score", "Examination score, 1 to 10 (orders a worklist)")
"""The examination's decile on the reference population; no probability."""

EXTENT = Code(PRIVATE_SCHEME, "extent", "Largest distance between two calcifications")
"""Extent of a group, between centers of calcifications."""

SUSPICION = Code(PRIVATE_SCHEME, "suspicion", "Likeness to suspicious groups, 0 to 1")
"""Ranks groups; no probability."""

LASTING_TRACKING_UID = Code(PRIVATE_SCHEME, "lasting_uid", "Tracking UID through all examinations")
"""Names a group on all days; the Tracking Unique Identifier names it on one."""

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

DISTRIBUTIONS: dict[Distribution, Code] = {
    Distribution.DIFFUSE: Code("SCT", "129764001", "Diffuse calcification distribution"),
    Distribution.REGIONAL: Code("SCT", "129767008", "Regional calcification distribution"),
    Distribution.GROUPED: Code("SCT", "129766004", "Grouped calcification distribution"),
    Distribution.LINEAR: Code("SCT", "129765000", "Linear calcification distribution"),
    Distribution.SEGMENTAL: Code("SCT", "129768003", "Segmental calcification distribution"),
}
"""Calcification distribution (PS3.16 CID 6012); a single calcification has none."""

CATEGORIES: dict[Category, Code] = {
    Category.INCOMPLETE: Code("SCT", "397138000", "0 - Incomplete - Need additional imaging evaluation"),
    Category.NEGATIVE: Code("SCT", "397140005", "1 - Negative"),
    Category.BENIGN: Code("SCT", "397141009", "2 - Benign"),
    Category.PROBABLY_BENIGN: Code("SCT", "397143007", "3 - Probably Benign"),
    Category.LOW_SUSPICION: Code("BI", "MA.II.A.5.4A", "4A - Low suspicion", "4.0"),
    Category.MODERATE_SUSPICION: Code("BI", "MA.II.A.5.4B", "4B - Intermediate suspicion", "4.0"),
    Category.HIGH_SUSPICION: Code("BI", "MA.II.A.5.4C", "4C - Moderate suspicion", "4.0"),
    Category.HIGHLY_SUGGESTIVE: Code("SCT", "397145000", "5 - Highly suggestive of malignancy"),
    Category.KNOWN_MALIGNANCY: Code("BI", "MA.II.A.5.6", "6 - Known biopsy proven malignancy", "4.0"),
}
"""Assessment category (PS3.16 CID 6026); meanings as DICOM prints them, one edition behind ours in 4B, 4C."""

UNSPECIFIED_OBJECT = Code("DCM", "111176", "Unspecified")
"""An object that CID 6040 has no word for."""

NON_LESIONS: dict[NonLesionKind, Code] = {
    NonLesionKind.CLIP: Code("SCT", "77720000", "Clip"),
    NonLesionKind.MARKER: Code("SCT", "262301009", "Opaque Marker"),
    NonLesionKind.WIRE: Code("SCT", "27065002", "Suture"),
    NonLesionKind.SKIN_FOLD: UNSPECIFIED_OBJECT,
    NonLesionKind.POWDER: UNSPECIFIED_OBJECT,
    NonLesionKind.DUST: UNSPECIFIED_OBJECT,
    NonLesionKind.TEXT: UNSPECIFIED_OBJECT,
}
"""Object type of what is no lesion (PS3.16 CID 6040)."""

SIDES: dict[Laterality, Code] = {
    Laterality.LEFT: Code("SCT", "80248007", "Left breast"),
    Laterality.RIGHT: Code("SCT", "73056007", "Right breast"),
    Laterality.BOTH: Code("SCT", "63762007", "Both breasts"),
}
"""Side (PS3.16 CID 6022)."""

FOLLOW_UPS: dict[Category, Code] = {
    Category.INCOMPLETE: Code("DCM", "111135", "Additional projections"),
    Category.NEGATIVE: Code("DCM", "111140", "Normal interval follow-up"),
    Category.BENIGN: Code("DCM", "111140", "Normal interval follow-up"),
    Category.PROBABLY_BENIGN: Code("DCM", "111142", "Follow-up at short interval (1-11 months)"),
    Category.LOW_SUSPICION: Code("DCM", "111143", "Biopsy should be considered"),
    Category.MODERATE_SUSPICION: Code("DCM", "111143", "Biopsy should be considered"),
    Category.HIGH_SUSPICION: Code("DCM", "111148", "Biopsy should be strongly considered"),
    Category.HIGHLY_SUGGESTIVE: Code("DCM", "111148", "Biopsy should be strongly considered"),
    Category.KNOWN_MALIGNANCY: Code(
        "DCM", "111122", "Known biopsy proven malignancy - take appropriate action"
    ),
}
"""Recommended follow-up that goes with a suggested category (PS3.16 CID 6028)."""

ENGLISH = Code("RFC5646", "en", "English")
"""Language of what is exported (PS3.16 CID 5000)."""

CLUSTER = Code("SCT", "129769006", "Calcification Cluster")
"""A group as a finding (PS3.16 CID 6014)."""

INDIVIDUAL = Code("SCT", "129770007", "Individual Calcification")
"""A single calcification as a finding (PS3.16 CID 6014)."""

NON_LESION = Code("DCM", "111102", "Non-lesion")
"""Something bright that is no calcification, as a finding (PS3.16 CID 6014)."""

BREAST = Code("SCT", "76752008", "Breast")
"""The breast where its side is not known (PS3.16 CID 4013)."""

IMAGING_PROCEDURE = Code("SCT", "363679005", "Imaging procedure")
"""The examination itself, as the subject of a measurement."""

NUMBER_OF_CALCIFICATIONS = Code("DCM", "111038", "Number of calcifications")
"""Members of a group."""

RADIUS = Code("SCT", "131190003", "Radius")
"""Of the smallest circle round all members of a group."""

DIAMETER = Code("SCT", "81827009", "Diameter")
"""Of the circle with the area of a calcification."""

AREA = Code("SCT", "131184002", "Area of defined region")
"""Inside the outline of a calcification."""

CERTAINTY = Code("DCM", "111012", "Certainty of Finding")
"""Belief that a finding is what it is called, in percent."""

CALCIFICATION_TYPE = Code("DCM", "111009", "Calcification Type")
"""Morphology, as a question; the answers are ``MORPHOLOGIES``."""

CALCIFICATION_DISTRIBUTION = Code("DCM", "111008", "Calcification Distribution")
"""Distribution, as a question; the answers are ``DISTRIBUTIONS``."""

ASSESSMENT_CATEGORY = Code("DCM", "111005", "Assessment Category")
"""Category, as a question; the answers are ``CATEGORIES``."""

CHANGE_SINCE_PRIOR = Code("SCT", "129720009", "Finding of change since previous mammogram (finding)")
"""Change, as a question; the answers are ``CHANGE_WORDS``."""

OBJECT_TYPE = Code("DCM", "111039", "Object type")
"""What a non-lesion is, as a question; the answers are ``NON_LESIONS``."""

MAMMOGRAM_REPORT = Code("LN", "36625-2", "MG Breast Views")
"""A report of mammograms, whether made at screening or not: why an image was made is in no header."""

RADIOLOGY = Code("LN", "LP29684-5", "Radiology")
"""The department as LOINC names it."""

MAMMOGRAPHY = Code("DCM", "MG", "Mammography")
"""Modality (PS3.16 CID 33)."""

ROW = Code(PRIVATE_SCHEME, "row", "Row of the center, 0 at the center of the top-left pixel")
"""Place of a finding down the image, in pixels of the file as stored; 0.5 less than DICOM counts."""

COLUMN = Code(PRIVATE_SCHEME, "column", "Column of the center, 0 at the center of the top-left pixel")
"""Place of a finding along the image, in pixels of the file as stored; 0.5 less than DICOM counts."""

SOP_INSTANCE_UID = Code(PRIVATE_SCHEME, "sop_instance_uid", "SOP Instance UID of the image")
"""SOP Instance UID (0008,0018) of the image that a finding lies on."""

IMAGE_DIGEST = Code(PRIVATE_SCHEME, "image_sha256", "SHA-256 of the image file")
"""The image that a finding lies on where its file has no SOP Instance UID."""

SETTING = Code(PRIVATE_SCHEME, "setting", "Setting of the analysis")
"""A number that changes a result, by its name in the settings of the analysis."""

RADELEMENT_CALCIFICATION = Code("RADELEMENT", "RDES241", "Breast Calcification")
"""A calcification or a group in the Common Data Elements of the RSNA (set)."""

RADELEMENTS: dict[Code, Code] = {
    CALCIFICATION_TYPE: Code("RADELEMENT", "RDE1565", "Calcification type"),
    CALCIFICATION_DISTRIBUTION: Code("RADELEMENT", "RDE1568", "Calcification distribution"),
    ASSESSMENT_CATEGORY: Code("RADELEMENT", "RDE1586", "Assessment"),
}
"""Questions in the Common Data Elements of the RSNA; their answers are not taken over, DICOM's are."""
