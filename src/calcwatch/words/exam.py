"""What an examination says of its findings, in sentences: places, views, pairs, reasons of the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.context import BiopsyResult, RadiationKind, Sex
from calcwatch.domain.image import Laterality

if TYPE_CHECKING:
    from calcwatch.domain.assessment import Location
    from calcwatch.domain.context import ClinicalContext
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


SYMPTOM_NOTE = (
    "A lump or another warning symptom is stated: it is examined by a doctor within two weeks at the latest, "
    "whatever was found here and even if nothing was."
)
"""Said of a breast with a symptom: an empty list of findings must never quiet it."""

HIGH_RISK_NOTE = "High risk is stated: what was found here, or was not, changes nothing in her own plan."
"""Said of every breast of a woman at high risk."""

CANCER_NOTE = (
    "A cancer is known in this breast and not said to lie at any finding: each finding is judged by itself. "
    "State at which it lies."
)
"""Said where a proven cancer is stated of the breast alone."""

BIOPSY_NOTE = (
    "A biopsy in this breast is stated ({result}): state of which finding, it counts for that one alone."
)
"""Said where a biopsy is stated of the breast alone; with its result."""

DENSITY_NOTE = "Density, as the report states it: {density}. It was not looked at here."
"""Said of every breast of a woman whose density is stated; with the letter."""

IMPLANT_NOTE = "An implant hides a part of the breast; its edge and its capsule may hold calcium."
"""Said of a breast with an implant."""

INJECTION_NOTE = "What was injected hides tissue: masses and calcifications may lie in it unseen."
"""Said of a breast into which something was injected."""

RECENT_RADIATION_NOTE = (
    "Radiation of the treated part alone, above all in a single dose, often leaves many fine specks there; "
    "that lowers nothing."
)
"""Said of a breast that was irradiated during the operation or in part."""

MAN_NOTE = "A man: the studies behind the suggestions were made on women."
"""Said of every breast of a man."""


def notes_of_breast(
    context: ClinicalContext,
    laterality: Laterality | None,
    *,
    cancer_is_placed: bool = False,
    symptom_is_placed: bool = False,
) -> tuple[str, ...]:
    """Say what a person stated that matters for a breast whatever was found in it, the most urgent first.

    Args:
        context: What was stated.
        laterality: Which breast; ``None`` where the side is not known.
        cancer_is_placed: Whether a person said at which finding of the breast its cancer lies.
        symptom_is_placed: Whether a person stated a symptom at a finding of the breast.

    Returns:
        A sentence or two for each.
    """
    breast = context.of(laterality)
    is_malignant = breast.biopsy is BiopsyResult.MALIGNANT
    is_known = breast.known_cancer or is_malignant
    result = (breast.biopsy or "").replace("_", ", ", 1).replace("_", " ")
    notes = (
        (breast.symptom or symptom_is_placed, SYMPTOM_NOTE),
        (is_known and not cancer_is_placed, CANCER_NOTE),
        (breast.biopsy and not is_malignant, BIOPSY_NOTE.format(result=result)),
        (context.high_risk, HIGH_RISK_NOTE),
        (context.sex is Sex.MALE, MAN_NOTE),
        (breast.implants, IMPLANT_NOTE),
        (breast.injection, INJECTION_NOTE),
        (breast.radiation in (RadiationKind.INTRAOPERATIVE, RadiationKind.PARTIAL), RECENT_RADIATION_NOTE),
        (context.breast_density, DENSITY_NOTE.format(density=context.breast_density)),
    )
    return tuple(note for applies, note in notes if applies)


def not_assigned_note(name: str) -> str:
    """Say that a statement is of no finding of the examination.

    Args:
        name: How its finding was named.

    Returns:
        One sentence.
    """
    return f"Something is stated of {name}, but no group was found there: it changes no suggestion."


def found_words(groups: int, singles: int, rejected: int = 0) -> str:
    """Say what was found in a breast.

    Args:
        groups: Number of groups over all its views.
        singles: Number of calcifications in no group.
        rejected: Number of these groups that a person rejected.

    Returns:
        One sentence.
    """
    if not groups and not singles:
        return "No calcification was marked."
    parts = [
        *([f"{groups} group{'' if groups == 1 else 's'}{_rejected_words(rejected)}"] if groups else []),
        *([f"{singles} calcification{'' if singles == 1 else 's'} in no group"] if singles else []),
    ]
    return f"Marked on all its views together: {' and '.join(parts)}."


def _rejected_words(rejected: int) -> str:
    return f" ({rejected} rejected by a person)" if rejected else ""


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
