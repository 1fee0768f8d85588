"""The coded concepts calcwatch understands: the only file where codes are spelled.

SNOMED codes are given twice: as SCT numbers (current) and as the older SNOMED-RT identifiers that images
carry under the designators SRT, SNM3 and 99SDM; PS3.16 asks receivers to treat the old designators alike.
"""

from __future__ import annotations

from enum import StrEnum

from calcwatch.domain import ChangeKind, ViewPosition

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


VIEWS: tuple[tuple[ViewPosition, str, str], ...] = (
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
    ChangeKind.MORE: ("129726003", "Increase in number of calcifications"),
    ChangeKind.WIDER: ("15454001", "Increase in size"),
    ChangeKind.LARGER: ("15454001", "Increase in size"),
    ChangeKind.SHAPE_CHANGED: ("129811006", "Difference in shape"),
    ChangeKind.STABLE: ("129723006", "No significant changes in the finding"),
    ChangeKind.DECREASED: ("129727007", "Decrease in number of calcifications"),
    ChangeKind.PARTLY_REMOVED: ("129722001", "Finding partially removed"),
}
"""Change since the last mammogram as SCT code and meaning (PS3.16 CID 6002; shape: CID 6038).

Resolved and not comparable have no code there.
"""
