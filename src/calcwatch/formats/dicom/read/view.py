"""Laterality, view and implants, each with where it was read and what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.codes.body import LATERALITIES, SIDES
from calcwatch.codes.views import MODIFIED_VIEWS, VIEW_MODIFIERS, VIEWS, ViewModifier
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.domain.views import is_from_above, is_true_lateral
from calcwatch.formats.dicom.read.header import Reading, items, word, words
from calcwatch.formats.dicom.read.quirks import is_code, is_snomed_value

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_OBLIQUE_SIDES = {
    "FL": Laterality.RIGHT,
    "HR": Laterality.RIGHT,
    "FR": Laterality.LEFT,
    "HL": Laterality.LEFT,
}
"""Patient Orientation down the columns of an MLO or LMO: its plane runs from medial top to lateral bottom
at right angles to the beam, so toward the feet it turns left in the right breast."""


def read_laterality(dataset: Dataset, view: ViewPosition | None) -> Reading[Laterality | None]:
    """Read which breast an image shows.

    Image Laterality, Frame Laterality, the anatomic region and Laterality of the series are looked at in this
    order. The first one given is used; any other that differs, Patient Orientation of an oblique view
    included, is a conflict.

    Args:
        dataset: Header of the image.
        view: View of the image, ``None`` where it is not known.

    Returns:
        The side; ``None`` where the header does not say it.

    """
    given = [(name, side) for name, side in _sides(dataset) if side is not None]
    if not given:
        return Reading(None, "not given", (QualityFlag.LATERALITY_UNKNOWN,))
    source, side = given[0]
    # Orientation is a witness only: it is inferred from the view and never decides the side.
    checks = [*given[1:], *_oblique_side(dataset, view)]
    differing = [f"{name} says {other}" for name, other in checks if other != side]
    if not differing:
        return Reading(side, source)
    return Reading(side, f"{source}; but {', '.join(differing)}", (QualityFlag.LATERALITY_CONFLICT,))


def read_view_modifiers(dataset: Dataset) -> tuple[ViewModifier, ...]:
    """Read the modifiers of the view (PS3.16 CID 4015).

    Args:
        dataset: Header of the image.

    Returns:
        Those that are known, in the order of the header.

    """
    return tuple(
        modifier
        # The Standard permits a single item; what follows it is of no view.
        for view in items(dataset, "ViewCodeSequence")[:1]
        for entry in items(view, "ViewModifierCodeSequence")
        for modifier, code in VIEW_MODIFIERS.items()
        if is_code(entry, code)
    )


def read_view(dataset: Dataset) -> Reading[ViewPosition | None]:
    """Read the view: View Code Sequence (CID 4014) with its modifiers goes before View Position.

    Args:
        dataset: Header of the image.

    Returns:
        The view; ``None`` where the header does not say it.

    """
    modifiers = read_view_modifiers(dataset)
    coded = next(
        (
            view
            for item in items(dataset, "ViewCodeSequence")[:1]
            for view, code in VIEWS.items()
            if is_code(item, code)
        ),
        None,
    )
    position = word(dataset, "ViewPosition").upper()
    named = ViewPosition(position) if position in list(ViewPosition) else None
    # Cleavage and axillary tail are modifiers in the code and views of their own in View Position.
    view = next((MODIFIED_VIEWS[modifier] for modifier in modifiers if modifier in MODIFIED_VIEWS), coded)
    if view is None:
        if named is None:
            source = f"View Position {position!r} is no mammographic view" if position else "not given"
            return Reading(None, source, (QualityFlag.VIEW_UNKNOWN,))
        return _against_orientation(dataset, named, "View Position")
    source = "View Code Sequence" + (f" ({', '.join(modifiers)})" if modifiers else "")
    # View Position cannot say a modifier: naming the unmodified view is no conflict.
    if named is not None and named not in (view, coded):
        return Reading(view, f"{source}; but View Position says {named}", (QualityFlag.VIEW_CONFLICT,))
    return _against_orientation(dataset, view, source)


def read_implant(dataset: Dataset) -> Reading[str]:
    """Read Breast Implant Present (0028,1300) and the implant displaced modifier.

    Args:
        dataset: Header of the image.

    Returns:
        What is said of implants, in words; ``""`` when nothing is.

    """
    present = word(dataset, "BreastImplantPresent").upper()
    # Breast Implant Present may say NO here, since the implant is out of the view; the flag stays.
    if ViewModifier.IMPLANT_DISPLACED in read_view_modifiers(dataset):
        said = f"displaced out of the view (Breast Implant Present {present or 'not given'})"
        return Reading(said, "View Modifier Code Sequence", (QualityFlag.IMPLANT,))
    if present == "YES":
        return Reading("present", "Breast Implant Present", (QualityFlag.IMPLANT,))
    return Reading({"NO": "not present"}.get(present, present.lower()), "Breast Implant Present")


def _against_orientation(dataset: Dataset, view: ViewPosition, source: str) -> Reading[ViewPosition | None]:
    """Compare the view with Patient Orientation: which body axes run along rows and columns (C.7.6.1.1.1)."""
    orientation = words(dataset, "PatientOrientation")
    axes = set("".join(orientation).upper())
    # From above no image axis runs to head or feet; in a true lateral none to left or right.
    if (is_from_above(view) and axes & {"H", "F"}) or (is_true_lateral(view) and axes & {"L", "R"}):
        directions = "\\".join(orientation)
        note = f"{source}; but Patient Orientation {directions} is not of a {view}"
        return Reading(view, note, (QualityFlag.VIEW_CONFLICT,))
    return Reading(view, source)


def _sides(dataset: Dataset) -> list[tuple[str, Laterality | None]]:
    """Every attribute that says a side, the one that is believed first in front."""
    shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
    anatomy = [frame for group in shared for frame in items(group, "FrameAnatomySequence")]
    regions = [region for owner in (dataset, *anatomy) for region in items(owner, "AnatomicRegionSequence")]
    coded = [
        code for region in regions for code in (region, *items(region, "AnatomicRegionModifierSequence"))
    ]
    return [
        ("Image Laterality", _side(word(dataset, "ImageLaterality"))),
        *(("Frame Laterality", _side(word(frame, "FrameLaterality"))) for frame in anatomy[:1]),
        *(("Anatomic Region Sequence", _coded_side(code)) for code in coded),
        # Last: it is of the series, and a series may hold both breasts.
        ("Laterality", _side(word(dataset, "Laterality"))),
    ]


def _side(letter: str) -> Laterality | None:
    return Laterality(letter.upper()) if letter.upper() in list(Laterality) else None


def _coded_side(item: Dataset) -> Laterality | None:
    """The side that a code says, as a word of its own or as the breast of that side."""
    return next(
        (
            side
            for side in Laterality
            if is_snomed_value(item, LATERALITIES[side]) or is_snomed_value(item, SIDES[side])
        ),
        None,
    )


def _oblique_side(dataset: Dataset, view: ViewPosition | None) -> list[tuple[str, Laterality]]:
    """The side that Patient Orientation of an oblique view implies; empty for other views."""
    # Only a tilted beam projects left and right onto the columns in a way that differs by side.
    if view not in (ViewPosition.MLO, ViewPosition.LMO):
        return []
    # The second value is the direction down the columns (C.7.6.1.1.1).
    down = [part.upper() for part in words(dataset, "PatientOrientation")[1:2]]
    return [("Patient Orientation", _OBLIQUE_SIDES[part]) for part in down if part in _OBLIQUE_SIDES]
