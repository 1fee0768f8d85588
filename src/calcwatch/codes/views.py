"""Mammographic views and their modifiers (PS3.16 CID 4014, 4015); what they mean is in ``domain.views``."""

from __future__ import annotations

from enum import StrEnum

from calcwatch.codes.code import Code
from calcwatch.domain.image import ViewPosition


class ViewModifier(StrEnum):
    """View modifiers of PS3.16 CID 4015 that change how an image is read.

    Attributes:
        CLEAVAGE: The medial parts of both breasts; makes a cranio-caudal view a cleavage view (CV).
        AXILLARY_TAIL: The tail of the breast towards the armpit; makes a view an axillary tail view (AT).
        ROLLED_LATERAL: The top of the breast is turned outwards.
        ROLLED_MEDIAL: The top of the breast is turned inwards.
        ROLLED_INFERIOR: The breast is turned downwards.
        ROLLED_SUPERIOR: The breast is turned upwards.
        IMPLANT_DISPLACED: An implant is pushed out of the view.
        MAGNIFICATION: Enlarged by distance between breast and detector.
        SPOT_COMPRESSION: A part of the breast is pressed by a small paddle.
        TANGENTIAL: The beam touches the skin at the place of interest.
        NIPPLE_IN_PROFILE: Taken for the nipple to lie on the skin line.
        ANTERIOR_COMPRESSION: The front of the breast alone is pressed.
        INFRAMAMMARY_FOLD: Taken for the fold under the breast.
        AXILLARY_TISSUE: Taken for the tissue of the armpit.

    """

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


VIEWS: dict[ViewPosition, Code] = {
    ViewPosition.ML: Code("SCT", "399260004", "medial-lateral"),
    ViewPosition.MLO: Code("SCT", "399368009", "medio-lateral oblique"),
    ViewPosition.LM: Code("SCT", "399352003", "latero-medial"),
    ViewPosition.LMO: Code("SCT", "399099002", "latero-medial oblique"),
    ViewPosition.CC: Code("SCT", "399162004", "cranio-caudal"),
    ViewPosition.FB: Code("SCT", "399196006", "caudo-cranial (from below)"),
    ViewPosition.SIO: Code("SCT", "399188001", "superolateral to inferomedial oblique"),
    ViewPosition.ISO: Code("SCT", "441555000", "inferomedial to superolateral oblique"),
    ViewPosition.XCC: Code("SCT", "399265009", "cranio-caudal exaggerated"),
    ViewPosition.XCCL: Code("SCT", "399192008", "cranio-caudal exaggerated laterally"),
    ViewPosition.XCCM: Code("SCT", "399101009", "cranio-caudal exaggerated medially"),
}
"""View of an image (PS3.16 CID 4014); cleavage and axillary tail are modifiers there, no views."""

VIEW_MODIFIERS: dict[ViewModifier, Code] = {
    ViewModifier.CLEAVAGE: Code("SCT", "399161006", "Cleavage"),
    ViewModifier.AXILLARY_TAIL: Code("SCT", "399011000", "Axillary Tail"),
    ViewModifier.ROLLED_LATERAL: Code("SCT", "399197002", "Rolled Lateral"),
    ViewModifier.ROLLED_MEDIAL: Code("SCT", "399226006", "Rolled Medial"),
    ViewModifier.ROLLED_INFERIOR: Code("SCT", "414493004", "Rolled Inferior"),
    ViewModifier.ROLLED_SUPERIOR: Code("SCT", "415670009", "Rolled Superior"),
    ViewModifier.IMPLANT_DISPLACED: Code("SCT", "399209000", "Implant Displaced"),
    ViewModifier.MAGNIFICATION: Code("SCT", "399163009", "Magnification"),
    ViewModifier.SPOT_COMPRESSION: Code("SCT", "399055006", "Spot Compression"),
    ViewModifier.TANGENTIAL: Code("SCT", "399110001", "tangential"),
    ViewModifier.NIPPLE_IN_PROFILE: Code("SCT", "442581004", "Nipple in profile"),
    ViewModifier.ANTERIOR_COMPRESSION: Code("SCT", "441752004", "Anterior compression"),
    ViewModifier.INFRAMAMMARY_FOLD: Code("SCT", "442593008", "Infra-mammary fold"),
    ViewModifier.AXILLARY_TISSUE: Code("SCT", "442580003", "Axillary tissue"),
}
"""Modifier of a view (PS3.16 CID 4015)."""

MODIFIED_VIEWS: dict[ViewModifier, ViewPosition] = {
    ViewModifier.CLEAVAGE: ViewPosition.CV,
    ViewModifier.AXILLARY_TAIL: ViewPosition.AT,
}
"""Modifiers that View Position (0018,5101) has an abbreviation for, as if they were views."""

SPECIMEN = Code("SCT", "127457009", "tissue specimen from breast")
"""View of a tissue specimen: a radiograph of no breast (PS3.16 CID 4014)."""
