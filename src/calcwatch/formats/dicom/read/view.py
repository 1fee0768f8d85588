"""Laterality, view and implants, each with where it was read and what contradicts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcwatch.codes.concepts import BILATERAL, LEFT, RIGHT, VIEW_CODES, VIEW_MODIFIERS, ViewModifier
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.domain.views import is_from_above, is_true_lateral
from calcwatch.formats.dicom.read.header import is_code, items, word, words

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

_MODIFIED_VIEWS = {ViewModifier.CLEAVAGE: ViewPosition.CV, ViewModifier.AXILLARY_TAIL: ViewPosition.AT}


@dataclass(frozen=True)
class LateralityReading:
    """Which breast, where that was read, and conflicts in words and flags."""

    laterality: Laterality | None
    source: str
    flags: tuple[QualityFlag, ...]


@dataclass(frozen=True)
class ViewReading:
    """Which view with which modifiers, where that was read, and conflicts in words and flags."""

    view: ViewPosition | None
    modifiers: tuple[ViewModifier, ...]
    source: str
    flags: tuple[QualityFlag, ...]


def read_laterality(dataset: Dataset, view: ViewPosition | None) -> LateralityReading:
    """Read which breast: Image Laterality, Frame Laterality, the anatomic region, then series Laterality.

    The first one given is used; any other that differs, Patient Orientation of an oblique view included, is a
    conflict.
    """
    found = [(name, side) for name, side in _sides(dataset) if side is not None]
    if not found:
        return LateralityReading(None, "not given", (QualityFlag.LATERALITY_UNKNOWN,))
    source, side = found[0]
    checks = [*found[1:], *_oblique_side(dataset, view)]
    differing = [f"{name} says {other}" for name, other in checks if other != side]
    if not differing:
        return LateralityReading(side, source, ())
    return LateralityReading(
        side, f"{source}; but {', '.join(differing)}", (QualityFlag.LATERALITY_CONFLICT,)
    )


def read_view(dataset: Dataset) -> ViewReading:
    """Read the view: View Code Sequence (CID 4014) with its modifiers wins over View Position."""
    coded, modifiers = _coded_view(dataset)
    stated = word(dataset, "ViewPosition").upper()
    named = ViewPosition(stated) if stated in list(ViewPosition) else None
    view = next((_MODIFIED_VIEWS[modifier] for modifier in modifiers if modifier in _MODIFIED_VIEWS), coded)
    if view is None:
        return _without_code(dataset, named, stated, modifiers)
    source = "View Code Sequence" + (f" ({', '.join(modifiers)})" if modifiers else "")
    if named is not None and named not in (view, coded):
        return ViewReading(
            view, modifiers, f"{source}; but View Position says {named}", (QualityFlag.VIEW_CONFLICT,)
        )
    return _against_orientation(dataset, ViewReading(view, modifiers, source, ()))


def read_implant(
    dataset: Dataset, modifiers: tuple[ViewModifier, ...]
) -> tuple[str, tuple[QualityFlag, ...]]:
    """Read Breast Implant Present (0028,1300) and the implant displaced modifier; ``""`` when not given."""
    stated = word(dataset, "BreastImplantPresent").upper()
    if ViewModifier.IMPLANT_DISPLACED in modifiers:
        return f"displaced out of the view (Breast Implant Present {stated or 'not given'})", (
            QualityFlag.IMPLANT,
        )
    if stated == "YES":
        return "present", (QualityFlag.IMPLANT,)
    return {"NO": "not present", "": ""}.get(stated, stated.lower()), ()


def _without_code(
    dataset: Dataset, named: ViewPosition | None, stated: str, modifiers: tuple[ViewModifier, ...]
) -> ViewReading:
    if named is None:
        source = f"View Position {stated!r} is no mammographic view" if stated else "not given"
        return ViewReading(None, modifiers, source, (QualityFlag.VIEW_UNKNOWN,))
    return _against_orientation(dataset, ViewReading(named, modifiers, "View Position", ()))


def _coded_view(dataset: Dataset) -> tuple[ViewPosition | None, tuple[ViewModifier, ...]]:
    for item in items(dataset, "ViewCodeSequence"):
        coded = next((view for view, sct, old in VIEW_CODES if is_code(item, sct, old)), None)
        return coded, tuple(
            modifier
            for entry in items(item, "ViewModifierCodeSequence")
            for modifier, sct, old in VIEW_MODIFIERS
            if is_code(entry, sct, old)
        )
    return None, ()


def _against_orientation(dataset: Dataset, reading: ViewReading) -> ViewReading:
    """Compare the view with Patient Orientation: which body axes run along rows and columns (C.7.6.1.1.1)."""
    axes = set("".join(words(dataset, "PatientOrientation")).upper())
    if not axes:
        return reading
    side_on, top_down = axes & {"H", "F"}, axes & {"L", "R"}
    impossible = (is_from_above(reading.view) and side_on) or (is_true_lateral(reading.view) and top_down)
    if not impossible:
        return reading
    orientation = "\\".join(words(dataset, "PatientOrientation"))
    source = f"{reading.source}; but Patient Orientation {orientation} is not of a {reading.view}"
    return ViewReading(reading.view, reading.modifiers, source, (*reading.flags, QualityFlag.VIEW_CONFLICT))


def _sides(dataset: Dataset) -> list[tuple[str, Laterality | None]]:
    shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
    anatomy = [frame for group in shared for frame in items(group, "FrameAnatomySequence")]
    regions = [region for owner in (dataset, *anatomy) for region in items(owner, "AnatomicRegionSequence")]
    coded = [
        code for region in regions for code in (region, *items(region, "AnatomicRegionModifierSequence"))
    ]
    return [
        ("Image Laterality", _side(word(dataset, "ImageLaterality"))),
        *(("Frame Laterality", _side(word(frame, "FrameLaterality"))) for frame in anatomy[:1]),
        *(("Anatomic Region Sequence", _coded_side(word(code, "CodeValue"))) for code in coded),
        ("Laterality", _side(word(dataset, "Laterality"))),
    ]


def _side(value: str) -> Laterality | None:
    return Laterality(value.upper()) if value.upper() in list(Laterality) else None


def _coded_side(code: str) -> Laterality | None:
    sides = ((RIGHT, Laterality.RIGHT), (LEFT, Laterality.LEFT), (BILATERAL, Laterality.BOTH))
    return next((side for codes, side in sides if code in codes), None)


def _oblique_side(dataset: Dataset, view: ViewPosition | None) -> list[tuple[str, Laterality]]:
    if view not in (ViewPosition.MLO, ViewPosition.LMO):
        return []
    down = [part.upper() for part in words(dataset, "PatientOrientation")[1:2]]
    return [("Patient Orientation", _OBLIQUE_SIDES[part]) for part in down if part in _OBLIQUE_SIDES]
