"""Where in the body: the breast, its side, left and right as words of their own."""

from __future__ import annotations

from calcwatch.codes.code import Code
from calcwatch.domain.image import Laterality

BREAST = Code("SCT", "76752008", "Breast")
"""The breast where its side is not known (PS3.16 CID 4013)."""

SIDES: dict[Laterality, Code] = {
    Laterality.LEFT: Code("SCT", "80248007", "Left breast"),
    Laterality.RIGHT: Code("SCT", "73056007", "Right breast"),
    Laterality.BOTH: Code("SCT", "63762007", "Both breasts"),
}
"""The breast of a side (PS3.16 CID 6022)."""

# Two tables, since templates ask either for a sided breast (CID 6022) or for a side of the breast (CID 244).
LATERALITIES: dict[Laterality, Code] = {
    Laterality.LEFT: Code("SCT", "7771000", "Left"),
    Laterality.RIGHT: Code("SCT", "24028007", "Right"),
    Laterality.BOTH: Code("SCT", "51440002", "Right and left"),
}
"""Laterality of a finding site, which is the breast (PS3.16 CID 244)."""


def breast_of(side: Laterality | None) -> Code:
    """The breast of a side.

    Args:
        side: ``None`` where it is not known.

    Returns:
        One of ``SIDES``, ``BREAST`` for a side that is not known.

    """
    return SIDES[side] if side else BREAST
