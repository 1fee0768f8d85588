"""What is marked on a picture and how: letters, colors, and how far a mark reaches."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from calcwatch.domain.findings import CalcificationGroup, ImageFindings
from calcwatch.domain.image import Laterality, Point

GROUP_COLOR = "#f0a020"
"""Orange; the colors of marks follow Okabe and Ito (2008), told apart with any color vision."""

CALCIFICATION_COLOR = "#56c8f0"
"""Sky blue; a ring, where a group has an outline."""

NON_LESION_COLOR = "#d98cc0"
"""Reddish purple; a diamond."""

BREAST_COLOR = "#7d8a99"
"""Gray, for the edge of the breast."""

NON_LESION_REACH_PX = 2.0
"""A mark of what is no calcification reaches at least so far from its center."""

_BREASTS = {
    Laterality.RIGHT: "Right breast",
    Laterality.LEFT: "Left breast",
    Laterality.BOTH: "Both breasts",
}


def anchor(index: int) -> str:
    """Name the part of the page that shows an image.

    Args:
        index: Place of the image in the run, 0 first.

    Returns:
        Its id, unique within the page.

    """
    return f"image-{index + 1}"


def reach(center: Point, outline: Sequence[Point], at_least: float) -> float:
    """Measure how far an outline reaches.

    Args:
        center: From here.
        outline: Corners, in the same pixels; may be empty.
        at_least: The smallest distance to return, in pixels.

    Returns:
        Distance to the farthest corner, in pixels.

    """
    return max([at_least, *(hypot(row - center[0], column - center[1]) for row, column in outline)])


def label_place(group: CalcificationGroup) -> Point:
    """Tell where a group's letter stands.

    Args:
        group: The group.

    Returns:
        The corner of its outline that lies farthest up and right, in file pixels; without an outline a place
        on its circle.

    """
    corner = group.radius_px * 0.75  # a little outside the circle's own corner, at 0.71
    places = group.outline or ((group.row - corner, group.column + corner),)
    # Farthest to the upper right: there the letter covers nothing of its group.
    return max(places, key=lambda place: place[1] - place[0])


def image_label(findings: ImageFindings) -> str:
    """Name an image as on a film.

    Args:
        findings: Of the image.

    Returns:
        Side and view, ``R MLO``; what is not known is said in words.

    """
    image = findings.description
    if not image.image_laterality and not image.view_position:
        return "View unknown"
    return f"{image.image_laterality or 'Side unknown,'} {image.view_position or 'view unknown'}"


def side_label(laterality: Laterality | None) -> str:
    """Name the breast of a side.

    Args:
        laterality: The side; ``None`` where it is not known.

    Returns:
        Its name, in words.

    """
    return _BREASTS[laterality] if laterality else "Breast, side unknown"
