"""What an examination says of its findings, in sentences: places, views, pairs, reasons of the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.image import Laterality

if TYPE_CHECKING:
    from calcwatch.domain.assessment import Location
    from calcwatch.domain.findings import Calcification, CalcificationGroup
    from calcwatch.domain.image import ImageDescription, ViewPosition

SIDE_WORDS: dict[Laterality | None, str] = {
    Laterality.LEFT: "left breast",
    Laterality.RIGHT: "right breast",
}
"""Which breast, in words; every other side is not known."""

NOT_LOOKED_FOR = (
    "Masses, distortions and asymmetries were not looked for, and some calcifications are missed: this is no "
    "assessment of the breast."
)
"""Stands wherever it is said what was found in a breast."""

NOTHING_MARKED = "nothing was marked; that is no normal mammogram"
"""Stands for the findings that made the score where there are none."""


def found_words(groups: int, singles: int) -> str:
    """Say what was found in a breast.

    Args:
        groups: Number of groups over all its views.
        singles: Number of calcifications in no group.

    Returns:
        One sentence.
    """
    if not groups and not singles:
        return "No calcification was marked."
    parts = [
        *([f"{groups} group{'' if groups == 1 else 's'}"] if groups else []),
        *([f"{singles} calcification{'' if singles == 1 else 's'} in no group"] if singles else []),
    ]
    return f"Marked on all its views together: {' and '.join(parts)}."


def location_words(place: Location, *, on_both_views: bool) -> str:
    """Say a place as one phrase.

    Args:
        place: What is known of it; its own ``words`` are not looked at.
        on_both_views: Whether it rests on a view from above and one from the side: else no quadrant is said.

    Returns:
        Side, quadrant or half, clock position, third and distance from the nipple, parted by commas.
    """
    words = [
        SIDE_WORDS.get(place.laterality, "side not known"),
        _region_words(place.quadrant, on_both_views=on_both_views),
        f"{place.clock} o'clock" if place.clock else "",
        f"{place.depth} third" if place.depth else "depth not known",
        "" if place.nipple_distance_mm is None else f"{place.nipple_distance_mm:.0f} mm from the nipple",
    ]
    return ", ".join(word for word in words if word)


def _region_words(quadrant: str | None, *, on_both_views: bool) -> str:
    # A single view tells one direction only: inner or outer from above, upper or lower from the side.
    if not on_both_views:
        return f"{quadrant} half (one view only)" if quadrant else "quadrant not known"
    if quadrant is None or quadrant == "central":
        return "central"
    return f"{quadrant} quadrant" if " " in quadrant else f"{quadrant} half"


def view_note(view: ViewPosition | None, counterpart: ViewPosition | None, *, was_compared: bool) -> str:
    """Say on which views of a breast a group is seen.

    Args:
        view: Its own view.
        counterpart: The view that shows it too; ``None`` where none does.
        was_compared: Whether it was looked for on another view at all.

    Returns:
        A phrase.
    """
    own = view or "this view"
    if counterpart is not None:
        return f"seen on {own} and {counterpart}"
    return f"seen on {own} only" if was_compared else f"no second view to compare {own} with"


def pair_reason(
    behind: tuple[float, float], counts: tuple[int, int], diameters_mm: tuple[float, float] | None
) -> str:
    """Say what speaks for two groups being the same one on two views.

    Args:
        behind: How far each lies behind the nipple, in mm; without spacing in percent of the breast's depth.
        counts: How many calcifications each has.
        diameters_mm: Their median diameters; ``None`` without spacing.

    Returns:
        A phrase.
    """
    # Diameters are known exactly where millimeters are.
    unit = "% of the breast's depth" if diameters_mm is None else "mm"
    sizes = (
        ""
        if diameters_mm is None
        else f", median diameter {diameters_mm[0]:.2f} and {diameters_mm[1]:.2f} mm"
    )
    return (
        f"{behind[0]:.0f} and {behind[1]:.0f} {unit} behind the nipple; "
        f"{counts[0]} and {counts[1]} calcifications{sizes}"
    )


def group_words(group: CalcificationGroup, place: Location) -> str:
    """Say a group as a reason of the examination's score.

    Args:
        group: The group.
        place: Where it lies.

    Returns:
        Number, shape, distribution, place and suspicion in one phrase.
    """
    shape = group.morphology.likeliest if group.morphology else None
    layout = group.distribution.likeliest if group.distribution else None
    named = ", ".join(word.replace("_", " ") for word in (shape or "shape not told", layout or "") if word)
    return f"{group.count} calcifications, {named}; {place.words} (suspicion {group.suspicion or 0.0:.2f})"


def single_words(calcification: Calcification, description: ImageDescription) -> str:
    """Say a calcification in no group as a reason of the examination's score.

    Args:
        calcification: The calcification.
        description: Of its image.

    Returns:
        Shape, side and view in one phrase.
    """
    shape = calcification.morphology.likeliest if calcification.morphology else None
    view = " ".join(filter(None, (description.image_laterality, description.view_position)))
    named = (shape or "shape not told").replace("_", " ")
    return f"a single calcification, {named}; {view or 'view not known'}"
