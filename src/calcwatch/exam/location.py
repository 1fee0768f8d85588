"""Where a group lies, as a reader says it: side, quadrant, clock position, depth, distance from the nipple.

A view from above tells inner from outer, one from the side upper from lower; only both together tell the
quadrant. A picture hangs upright where the lateral side of a CC view and the armpit of a view from the side
are above. Its flags say where it does not, as its header told: upside down it is read the other way round;
where the header does not say it or contradicts itself, no half is named. Mirroring does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.assessment import Location
from calcwatch.domain.image import Laterality, QualityFlag
from calcwatch.domain.views import is_from_above, side_tilt_degrees
from calcwatch.exam.settings import ExamSettings
from calcwatch.image.prepare.landmarks import depth_px, from_nipple
from calcwatch.words.exam import location_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.findings import CalcificationGroup, ImageFindings
    from calcwatch.domain.image import ViewPosition

_HOUR_DEGREES = 30.0  # of a clock face

_NO_HALF = frozenset({QualityFlag.ORIENTATION_UNKNOWN, QualityFlag.ORIENTATION_CONFLICT})


@dataclass(frozen=True)
class _Place:
    """Where one view shows the middle of a group.

    Attributes:
        view: Which view.
        behind: The nipple, in mm; without spacing as if the breast had its usual depth.
        above: The nipple, likewise.
        tells_half: Whether ``above`` has a meaning: it is known which side of the picture is up.
        share: How far back, 0 at the nipple and 1 at the chest wall line.
    """

    view: ViewPosition | None
    behind: float
    above: float
    share: float
    tells_half: bool


def locate_group(
    image: ImageFindings,
    group: CalcificationGroup,
    counterpart: tuple[ImageFindings, CalcificationGroup] | None = None,
    *,
    settings: ExamSettings = ExamSettings(),
) -> Location:
    """Say where a group lies.

    What the views do not tell is ``None``, and the words say that it rests on one view. The distance from the
    nipple is that in space where two views tell it, else that in the picture, which is never longer. An
    axillary tail is never named: its border is not seen on a mammogram.

    Args:
        image: Findings of its image, with the landmarks in file pixels.
        group: One of its groups.
        counterpart: The same group on another view with the findings of that image; ``None`` where there is
            none.
        settings: How near the nipple line no half is named.

    Returns:
        The place with its words.
    """
    side = image.description.image_laterality
    # its own view first: the first place is what a single view's distance is taken from
    seen = [(image, group), *([counterpart] if counterpart else [])]
    # on all views or on none: lengths of two units cannot be combined
    in_mm = all(view.description.pixel_spacing is not None for view, _ in seen)
    places = [place for view, own in seen if (place := _place(view, own, in_mm, settings)) is not None]
    outer = next((place.above for place in places if place.tells_half and is_from_above(place.view)), None)
    upper = _upper(places, outer)
    near_line = settings.location.near_line_mm
    location = Location(
        laterality=side,
        quadrant=_quadrant(outer, upper, near_line),
        clock=_clock(outer, upper, side, near_line),
        depth=_third(places),
        nipple_distance_mm=_distance(places, outer, upper) if in_mm else None,
        words="",
    )
    on_both_views = outer is not None and upper is not None
    return replace(location, words=location_words(location, on_both_views=on_both_views))


def _place(
    image: ImageFindings, group: CalcificationGroup, in_mm: bool, settings: ExamSettings
) -> _Place | None:
    """Where the view shows the middle of the group; ``None`` without landmarks, and on a turned picture."""
    # Landmarks are sought with the chest wall at the left or right.
    if image.landmarks is None or QualityFlag.TURNED in image.quality_flags:
        return None
    depth = depth_px(image.landmarks)
    spacing = image.description.pixel_spacing
    # a breast of the usual depth, so that the limit near the nipple line has a meaning
    unit = spacing.mm if in_mm and spacing else settings.usual_depth_mm / depth
    behind, above = from_nipple(np.array([[group.row, group.column]]), image.landmarks)[0]
    if QualityFlag.UPSIDE_DOWN in image.quality_flags:
        above = -above
    return _Place(
        image.description.view_position,
        float(behind * unit),
        float(above * unit),
        share=float(behind / depth),
        tells_half=not _NO_HALF & set(image.quality_flags),
    )


def _upper(places: Sequence[_Place], outer: float | None) -> float | None:
    """How far above the nipple; only a view from the side tells.

    A tilted view shows what lies outward higher than it is; with a view from above that is undone.
    """
    for place in places:
        tilt = side_tilt_degrees(place.view)
        if tilt is not None and place.tells_half:
            angle = 0.0 if outer is None else np.radians(tilt)
            # without a view from above the tilt cannot be undone, and the picture's height stands
            return float((place.above - (outer or 0.0) * np.sin(angle)) / np.cos(angle))
    return None


def _quadrant(outer: float | None, upper: float | None, near_line: float) -> str | None:
    """``upper outer`` and the like; a half where only that is told; ``central`` right behind the nipple."""
    halves = [_half(upper, "upper", "lower", near_line), _half(outer, "outer", "inner", near_line)]
    if outer is not None and upper is not None and not any(halves):
        return "central"
    return " ".join(half for half in halves if half) or None


def _half(value: float | None, positive: str, negative: str, near_line: float) -> str:
    if value is None or abs(value) < near_line:
        return ""
    return positive if value > 0 else negative


def _clock(outer: float | None, upper: float | None, side: Laterality | None, near_line: float) -> int | None:
    """Hour as seen facing the woman: outward is 3 o'clock on the left breast, 9 on the right."""
    if outer is None or upper is None or side not in (Laterality.LEFT, Laterality.RIGHT):
        return None
    # so near the line behind the nipple, the hour would be that of the landmarks' error
    if max(abs(outer), abs(upper)) < near_line:
        return None
    # facing the woman, her left breast's outer side is to the right
    to_the_right = outer if side is Laterality.LEFT else -outer
    hour = round(float(np.degrees(np.arctan2(to_the_right, upper))) / _HOUR_DEGREES) % 12
    # a clock has no 0
    return hour or 12


def _third(places: Sequence[_Place]) -> str | None:
    """Third of the way from the nipple to the chest wall, over the views; ``None`` without landmarks."""
    if not places:
        return None
    share = float(np.mean([place.share for place in places]))
    # thirds are those of the words a reader uses
    return "anterior" if share < 1 / 3 else "middle" if share < 2 / 3 else "posterior"


def _distance(places: Sequence[_Place], outer: float | None, upper: float | None) -> float | None:
    """From the nipple: in space where two views tell it, else in the first view's picture."""
    if not places:
        return None
    if outer is None or upper is None:
        # a projection, hence never longer than the way in space
        return float(np.hypot(places[0].behind, places[0].above))
    # both views measure it: their mean
    behind = float(np.mean([place.behind for place in places]))
    return float(np.linalg.norm(np.array([behind, outer, upper])))
