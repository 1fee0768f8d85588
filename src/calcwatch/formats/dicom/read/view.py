"""Laterality, view and implants, each with where it was read and what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from calcwatch.codes.body import LATERALITIES, SIDES
from calcwatch.codes.views import MODIFIED_VIEWS, VIEW_MODIFIERS, VIEWS, ViewModifier
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.domain.views import is_from_above, is_true_lateral
from calcwatch.formats.dicom.read.header import (
    Reading,
    holds_no_text,
    is_stated,
    items,
    unread_sequence,
    unread_word,
    word,
    words,
)
from calcwatch.formats.dicom.read.quirks import current_code, is_code, is_snomed_value

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SIDE_WORDS = {
    **{str(side): side for side in Laterality},
    **{side.name: side for side in Laterality},
}
"""Letters of Image Laterality (0020,0062), and the words that some makers write out."""

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
    given = [said for said in _sides(dataset) if said.side is not None or said.unread]
    if not given:
        return Reading(None, "not given", (QualityFlag.LATERALITY_UNKNOWN,))
    first = given[0]
    if first.side is None:
        # What comes next is of a series or of a region and may be of the other breast: no side is taken.
        return Reading(None, first.unread, (QualityFlag.LATERALITY_UNKNOWN, QualityFlag.HEADER_UNREADABLE))
    unread = tuple(said.unread for said in given if said.unread)
    flags = (QualityFlag.HEADER_UNREADABLE,) if unread else ()
    # Orientation is a witness only: it is inferred from the view and never decides the side.
    checks = [*given[1:], *_oblique_side(dataset, view)]
    differing = [f"{said.name} says {said.side}" for said in checks if said.side not in (None, first.side)]
    source = "; ".join([first.name, *unread])
    if not differing:
        return Reading(first.side, source, flags)
    said = f"{source}; but {', '.join(differing)}"
    return Reading(first.side, said, (QualityFlag.LATERALITY_CONFLICT, *flags))


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
    position = "\\".join(words(dataset, "ViewPosition")).upper()
    named = ViewPosition(position) if position in list(ViewPosition) else None
    # Cleavage and axillary tail are modifiers in the code and views of their own in View Position.
    view = next((MODIFIED_VIEWS[modifier] for modifier in modifiers if modifier in MODIFIED_VIEWS), coded)
    unread = _unread_views(dataset, is_named=named is not None, is_coded=view is not None)
    if view is None:
        if named is None:
            flags = (QualityFlag.VIEW_UNKNOWN, *unread.flags)
            return Reading(None, unread.note or "not given", flags)
        read = _against_orientation(dataset, named, "View Position")
        return _with_unread(read, unread)
    source = "View Code Sequence" + (f" ({', '.join(modifiers)})" if modifiers else "")
    # View Position cannot say a modifier: naming the unmodified view is no conflict.
    if named is not None and named not in (view, coded):
        return Reading(view, f"{source}; but View Position says {named}", (QualityFlag.VIEW_CONFLICT,))
    return _with_unread(_against_orientation(dataset, view, source), unread)


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


def _unread_views(dataset: Dataset, *, is_named: bool, is_coded: bool) -> Reading[None]:
    """What of the view stands in the header and is none, in words with its flag."""
    codes = items(dataset, "ViewCodeSequence")[:1]
    unknown_code = [
        f"View Code Sequence '{'/'.join(current_code(item))}' is no mammographic view"
        for item in codes
        if not is_coded and any(current_code(item))
    ]
    no_sequence = unread_sequence(dataset, "ViewCodeSequence")
    is_said = not is_named and is_stated(dataset, "ViewPosition")
    notes = [
        *([f"{unread_word(dataset, 'ViewPosition')}: it is no mammographic view"] if is_said else []),
        *unknown_code,
        *([no_sequence] if no_sequence else []),
    ]
    return Reading(None, "; ".join(notes), (QualityFlag.HEADER_UNREADABLE,) if notes else ())


def _with_unread(read: Reading[ViewPosition | None], unread: Reading[None]) -> Reading[ViewPosition | None]:
    note = "; ".join(filter(None, [read.note, unread.note]))
    return Reading(read.value, note, (*read.flags, *unread.flags))


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


class _Side(NamedTuple):
    """What one attribute says of the side."""

    name: str
    side: Laterality | None
    unread: str = ""


def _sides(dataset: Dataset) -> list[_Side]:
    """Every attribute that says a side, the one that is believed first in front."""
    shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
    anatomy = [frame for group in shared for frame in items(group, "FrameAnatomySequence")]
    regions = [region for owner in (dataset, *anatomy) for region in items(owner, "AnatomicRegionSequence")]
    coded = [
        code for region in regions for code in (region, *items(region, "AnatomicRegionModifierSequence"))
    ]
    return [
        _side("Image Laterality", dataset, "ImageLaterality"),
        *(_side("Frame Laterality", frame, "FrameLaterality") for frame in anatomy[:1]),
        *(_Side("Anatomic Region Sequence", _coded_side(code)) for code in coded),
        # Last: it is of the series, and a series may hold both breasts.
        _side("Laterality", dataset, "Laterality"),
    ]


def _side(name: str, dataset: Dataset, keyword: str) -> _Side:
    said = {letter.upper() for letter in words(dataset, keyword)} - {""}
    # U (unpaired) is a value of the Standard and says no side; a breast without side is looked for elsewhere.
    if not said - {"U"}:
        is_unread = holds_no_text(dataset, keyword)
        return _Side(name, None, unread_word(dataset, keyword) if is_unread else "")
    side = _SIDE_WORDS.get(next(iter(said))) if len(said) == 1 else None
    return _Side(name, side, "" if side else unread_word(dataset, keyword))


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


def _oblique_side(dataset: Dataset, view: ViewPosition | None) -> list[_Side]:
    """The side that Patient Orientation of an oblique view implies; empty for other views."""
    # Only a tilted beam projects left and right onto the columns in a way that differs by side.
    if view not in (ViewPosition.MLO, ViewPosition.LMO):
        return []
    # The second value is the direction down the columns (C.7.6.1.1.1).
    down = [part.upper() for part in words(dataset, "PatientOrientation")[1:2]]
    return [_Side("Patient Orientation", _OBLIQUE_SIDES[part]) for part in down if part in _OBLIQUE_SIDES]
