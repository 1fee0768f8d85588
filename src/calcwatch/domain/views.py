"""The one table of mammographic views: how the x-rays run, how far the image is tilted, what is paired.

Everything that depends on the view of an image is read from ``VIEWS``: which landmarks are sought, whether
inner and outer or upper and lower are told apart, which views are held side by side, what a patient
orientation may say. Which two views can be compared is said by ``are_paired`` (the two directions of one day)
and ``are_alike`` (the same direction on two days), and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calcwatch.domain.image import ViewPosition


class Beam(StrEnum):
    """How the x-rays run through a standing woman."""

    VERTICAL = "vertical"
    OBLIQUE = "oblique"
    HORIZONTAL = "horizontal"


@dataclass(frozen=True)
class View:
    """What one View Position (0018,5101) means.

    Attributes:
        beam: How the x-rays run; ``None`` where that differs from image to image.
        tilt_degrees: Usual angle between the beam and the horizontal, 90 for a view from above and 0 for a
            true lateral; ``None`` where no usual angle is known, so that nothing is measured with it.
        is_paired: Whether a group on it is looked for on a view that crosses it (CC with MLO, LMO, ML, LM).
            Exaggerated and special views show part of a breast, where the way from the nipple tells nothing.
    """

    beam: Beam | None
    tilt_degrees: float | None = None
    is_paired: bool = False


VIEWS: dict[ViewPosition, View] = {
    ViewPosition.CC: View(Beam.VERTICAL, 90.0, is_paired=True),
    ViewPosition.MLO: View(Beam.OBLIQUE, 45.0, is_paired=True),
    ViewPosition.ML: View(Beam.HORIZONTAL, 0.0, is_paired=True),
    ViewPosition.LM: View(Beam.HORIZONTAL, 0.0, is_paired=True),
    ViewPosition.LMO: View(Beam.OBLIQUE, 45.0, is_paired=True),
    ViewPosition.XCC: View(Beam.VERTICAL, 90.0),
    ViewPosition.XCCL: View(Beam.VERTICAL, 90.0),
    ViewPosition.XCCM: View(Beam.VERTICAL, 90.0),
    # From below the beam still runs along the body: inner and outer are told as in a CC.
    ViewPosition.FB: View(Beam.VERTICAL, 90.0),
    ViewPosition.SIO: View(Beam.OBLIQUE),
    ViewPosition.ISO: View(Beam.OBLIQUE),
    # Neither beam nor tilt is fixed by these names, so nothing is told of places on them.
    ViewPosition.CV: View(None),
    ViewPosition.AT: View(None),
}
"""Every view of DICOM CID 4014, with the two of CID 4015 that View Position abbreviates (CV, AT)."""


def is_from_above(view: ViewPosition | None) -> bool:
    """Whether a view runs along the body and so tells inner from outer.

    Args:
        view: ``None`` where it is not known, which is no.
    """
    return view is not None and VIEWS[view].beam is Beam.VERTICAL


def is_true_lateral(view: ViewPosition | None) -> bool:
    """Whether a view shows sediment in a cyst as such (ML, LM).

    Args:
        view: ``None`` where it is not known, which is no.
    """
    return view is not None and VIEWS[view].beam is Beam.HORIZONTAL


def side_tilt_degrees(view: ViewPosition | None) -> float | None:
    """Usual tilt of a view from the side, which tells upper from lower and shows the pectoral muscle.

    Args:
        view: ``None`` where it is not known.

    Returns:
        Degrees between beam and horizontal; ``None`` for views from above, special ones and what is unknown.
    """
    if view is None or is_from_above(view):
        return None
    return VIEWS[view].tilt_degrees


def are_paired(first: ViewPosition | None, second: ViewPosition | None) -> bool:
    """Whether two views of a breast cross, so that groups on one are looked for on the other.

    A CC view is paired with an MLO, LMO, ML or LM view, in either order. Two views that are not paired were
    not compared: that a group is missing on one of them tells nothing.

    Args:
        first: One view; ``None`` where it is not known, which is paired with nothing.
        second: The other view, likewise.
    """
    if first is None or second is None or not (VIEWS[first].is_paired and VIEWS[second].is_paired):
        return False
    # Exactly one of the two runs along the body: two oblique views show the same direction twice.
    return is_from_above(first) is not is_from_above(second)


def are_alike(first: ViewPosition | None, second: ViewPosition | None) -> bool:
    """Whether two views show a breast from the same side, so that one day is laid over another.

    An exaggerated view shows another part of the breast than the usual one, and ML and LM show it mirrored:
    they are compared with their own kind alone.

    Args:
        first: One view; ``None`` where it is not known, which is like nothing.
        second: The other view, likewise.
    """
    return first is not None and first == second
