"""How a picture lies, from Patient Orientation (0020,0020): which body axes run along its rows and columns.

Places in the breast are told from a picture that hangs upright: the lateral side of a view from above and the
armpit of a view from the side are at its top. Whether it does is said by the header, never guessed.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from calcwatch.domain.image import Laterality, QualityFlag
from calcwatch.domain.views import VIEWS, Beam

if TYPE_CHECKING:
    from calcwatch.domain.image import ViewPosition

_OPPOSITE = {"A": "P", "P": "A", "L": "R", "R": "L", "H": "F", "F": "H"}


class Lie(Enum):
    """How a picture lies.

    Attributes:
        UPRIGHT: It hangs as places are told.
        UPSIDE_DOWN: The other way up; places are told all the same.
        TURNED: By a quarter: the chest wall is above or below.
        CONTRADICTED: Side or view cannot have this orientation, or it is no orientation.
        UNKNOWN: The header does not say it, or does not say of which breast.
    """

    UPRIGHT = "upright"
    UPSIDE_DOWN = "upside down"
    TURNED = "turned"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


FLAG_OF_LIE = {
    Lie.UPSIDE_DOWN: QualityFlag.UPSIDE_DOWN,
    Lie.TURNED: QualityFlag.TURNED,
    Lie.CONTRADICTED: QualityFlag.ORIENTATION_CONFLICT,
    Lie.UNKNOWN: QualityFlag.ORIENTATION_UNKNOWN,
}
"""What is flagged of a picture that does not hang upright."""


def lie_of(orientation: str, view: ViewPosition | None, side: Laterality | None) -> Lie:
    r"""Tell how a picture lies.

    Args:
        orientation: Directions along rows and down columns, as ``A\FR`` (PS3.3 C.7.6.1.1.1); ``""`` where
            not given.
        view: View of the image; of one that is not known nothing is told.
        side: Which breast; without it a view from above has no upper side.

    Returns:
        The lie. Of a view whose beam is not fixed by its name, ``UPRIGHT``: no place is told on it.
    """
    axes = [part.strip().upper() for part in orientation.split("\\")]
    if not any(axes):
        return Lie.UNKNOWN
    if len(axes) != 2 or not all(_is_direction(axis) for axis in axes):
        return Lie.CONTRADICTED
    across, down = axes
    if down[0] in "AP" and across[0] in "LRHF":
        return Lie.TURNED
    if across[0] not in "AP":
        return Lie.CONTRADICTED
    beam = VIEWS[view].beam if view else None
    if beam is None:
        return Lie.UPRIGHT
    return (
        _from_above(across + down, down, side) if beam is Beam.VERTICAL else _from_the_side(down, beam, side)
    )


def _is_direction(axis: str) -> bool:
    """Whether it names one direction: letters of different axes of the body."""
    return bool(axis) and all(
        letter in _OPPOSITE and _OPPOSITE[letter] not in axis and axis.count(letter) == 1 for letter in axis
    )


def _from_above(letters: str, down: str, side: Laterality | None) -> Lie:
    # No axis of such a picture runs to head or feet.
    if down[0] not in "LR" or set(letters) & {"H", "F"}:
        return Lie.CONTRADICTED
    if side not in (Laterality.LEFT, Laterality.RIGHT):
        return Lie.UNKNOWN
    # Down the columns of a picture that hangs upright runs toward the midline.
    return Lie.UPSIDE_DOWN if down[0] == side else Lie.UPRIGHT


def _from_the_side(down: str, beam: Beam, side: Laterality | None) -> Lie:
    if not set(down) & {"H", "F"}:
        return Lie.CONTRADICTED
    sideways = next((letter for letter in down if letter in "LR"), "")
    if sideways and beam is Beam.HORIZONTAL:
        return Lie.CONTRADICTED
    is_upright = "F" in down
    # The plane of an oblique view runs from medial top to lateral bottom.
    if sideways and side in (Laterality.LEFT, Laterality.RIGHT):
        toward_midline = sideways != side
        if toward_midline != is_upright:
            return Lie.CONTRADICTED
    return Lie.UPRIGHT if is_upright else Lie.UPSIDE_DOWN
