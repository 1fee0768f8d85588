"""Where a group lies, as a reader says it: side, quadrant, clock position, depth, distance from the nipple.

A view from above tells inner from outer, one from the side upper from lower; only both together tell the
quadrant. The picture is taken to hang upright, as devices store it: the lateral side of a CC view and the
armpit of a view from the side are above. Mirroring does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.assessment import Location
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.views import is_from_above, side_tilt_degrees
from calcwatch.image.prepare.landmarks import depth_px, from_nipple

if TYPE_CHECKING:
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings

_NEAR_LINE_MM = 10.0  # nearer to the line behind the nipple, no half is named: landmarks are no more exact
_USUAL_DEPTH_MM = 80.0  # of a breast, which the line's width is scaled to where the pixel spacing is unknown
_SIDES: dict[Laterality | None, str] = {Laterality.LEFT: "left breast", Laterality.RIGHT: "right breast"}
_HOUR_DEGREES = 30.0


@dataclass(frozen=True)
class _Place:
    """Where one view shows a group: ``behind`` and ``above`` the nipple, in mm or 80ths of the depth.

    ``share``: how far back, 0 at the nipple and 1 at the chest wall line.
    """

    view: ViewPosition | None
    behind: float
    above: float
    share: float


def locate_group(
    image: ImageFindings,
    group: CalcificationGroup,
    counterpart: tuple[ImageFindings, CalcificationGroup] | None = None,
) -> Location:
    """Say where a group lies; ``counterpart``: the same one on another view, with its image.

    What the views do not tell is ``None``, and the words say that it rests on one view. The distance from the
    nipple is that in space where two views tell it, else that in the picture, which is never longer. An
    axillary tail is never named: its border is not seen on a mammogram.
    """
    side = image.description.image_laterality
    seen = [(image, group), *([counterpart] if counterpart else [])]
    in_mm = all(one.description.pixel_spacing is not None for one, _ in seen)
    places = [place for one, its in seen if (place := _place(one, its, in_mm=in_mm)) is not None]
    outer = next((place.above for place in places if is_from_above(place.view)), None)
    upper = _upper(places, outer)
    quadrant, clock, depth = _quadrant(outer, upper), _clock(outer, upper, side), _third(places)
    distance = _distance(places, outer, upper) if in_mm else None
    words = [
        _SIDES.get(side, "side not known"),
        _region_words(quadrant, on_both_views=outer is not None and upper is not None),
        f"{clock} o'clock" if clock else "",
        f"{depth} third" if depth else "depth not known",
        "" if distance is None else f"{distance:.0f} mm from the nipple",
    ]
    return Location(side, quadrant, clock, depth, distance, ", ".join(word for word in words if word))


def _place(image: ImageFindings, group: CalcificationGroup, *, in_mm: bool) -> _Place | None:
    """Where the view shows the middle of the group; ``None`` without landmarks."""
    if image.landmarks is None:
        return None
    depth = depth_px(image.landmarks)
    spacing = image.description.pixel_spacing
    unit = spacing.mm if in_mm and spacing else _USUAL_DEPTH_MM / depth
    behind, above = from_nipple(np.array([[group.row, group.column]]), image.landmarks)[0]
    share = float(behind / depth)
    return _Place(image.description.view_position, float(behind * unit), float(above * unit), share)


def _upper(places: list[_Place], outer: float | None) -> float | None:
    """How far above the nipple; only a view from the side tells.

    A tilted view shows what lies outward higher than it is; with a view from above that is undone.
    """
    for place in places:
        tilt = side_tilt_degrees(place.view)
        if tilt is not None:
            angle = 0.0 if outer is None else np.radians(tilt)
            return float((place.above - (outer or 0.0) * np.sin(angle)) / np.cos(angle))
    return None


def _quadrant(outer: float | None, upper: float | None) -> str | None:
    """``upper outer`` and the like; a half where only that is told; ``central`` right behind the nipple."""
    halves = [_half(upper, "upper", "lower"), _half(outer, "outer", "inner")]
    if outer is not None and upper is not None and not any(halves):
        return "central"
    return " ".join(half for half in halves if half) or None


def _half(value: float | None, positive: str, negative: str) -> str:
    if value is None or abs(value) < _NEAR_LINE_MM:
        return ""
    return positive if value > 0 else negative


def _region_words(quadrant: str | None, *, on_both_views: bool) -> str:
    if not on_both_views:
        return f"{quadrant} half (one view only)" if quadrant else "quadrant not known"
    if quadrant is None or quadrant == "central":
        return "central"
    return f"{quadrant} quadrant" if " " in quadrant else f"{quadrant} half"


def _clock(outer: float | None, upper: float | None, side: Laterality | None) -> int | None:
    """Hour as seen facing the woman: outward is 3 o'clock on the left breast, 9 on the right."""
    if outer is None or upper is None or side not in _SIDES:
        return None
    if max(abs(outer), abs(upper)) < _NEAR_LINE_MM:
        return None
    to_the_right = outer if side is Laterality.LEFT else -outer
    hour = round(float(np.degrees(np.arctan2(to_the_right, upper))) / _HOUR_DEGREES) % 12
    return hour or 12


def _third(places: list[_Place]) -> str | None:
    """Third of the way from the nipple to the chest wall, over the views."""
    if not places:
        return None
    share = float(np.mean([place.share for place in places]))
    return "anterior" if share < 1 / 3 else "middle" if share < 2 / 3 else "posterior"


def _distance(places: list[_Place], outer: float | None, upper: float | None) -> float | None:
    if not places:
        return None
    if outer is None or upper is None:
        return float(np.hypot(places[0].behind, places[0].above))
    behind = float(np.mean([place.behind for place in places]))
    return float(np.linalg.norm(np.array([behind, outer, upper])))
