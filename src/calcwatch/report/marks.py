"""What is marked on a picture and how: letters, colors and which calcifications stand alone."""

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

_BREASTS = {
    Laterality.RIGHT: "Right breast",
    Laterality.LEFT: "Left breast",
    Laterality.BOTH: "Both breasts",
}


def anchor(index: int) -> str:
    """Name the part of the page that shows the image at a place in the run, 0 first."""
    return f"image-{index + 1}"


def reach(center: Point, outline: Sequence[Point], at_least: float) -> float:
    """Distance in pixels from a center to the farthest point of its outline, at least ``at_least``."""
    return max([at_least, *(hypot(row - center[0], column - center[1]) for row, column in outline)])


def label_place(group: CalcificationGroup) -> Point:
    """Where a group's letter stands: the corner of its outline that lies farthest up and right."""
    corner = group.radius_px * 0.75
    places = group.outline or ((group.row - corner, group.column + corner),)
    return max(places, key=lambda place: place[1] - place[0])


def image_label(findings: ImageFindings) -> str:
    """Side and view as on a film, ``R MLO``; what is not known is said in words."""
    image = findings.description
    if not image.image_laterality and not image.view_position:
        return "View unknown"
    return f"{image.image_laterality or 'Side unknown,'} {image.view_position or 'view unknown'}"


def side_label(laterality: Laterality | None) -> str:
    """Name the breast of a side."""
    return _BREASTS[laterality] if laterality else "Breast, side unknown"
