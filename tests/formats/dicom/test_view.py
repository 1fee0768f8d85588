"""Laterality, view and implants: their source, and every contradiction flagged."""

from __future__ import annotations

from typing import Any

import pytest

from calcwatch.codes.views import VIEW_MODIFIERS, VIEWS, ViewModifier
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.formats.dicom.read.view import read_implant, read_laterality, read_view, read_view_modifiers
from tests.formats.dicom.make import attributes, code

UNREADABLE = QualityFlag.HEADER_UNREADABLE
CONFLICT = (QualityFlag.VIEW_CONFLICT,)

WRITTEN_VIEWS: tuple[tuple[ViewPosition, str, str], ...] = (
    (ViewPosition.ML, "399260004", "R-10224"),
    (ViewPosition.MLO, "399368009", "R-10226"),
    (ViewPosition.LM, "399352003", "R-10228"),
    (ViewPosition.LMO, "399099002", "R-10230"),
    (ViewPosition.CC, "399162004", "R-10242"),
    (ViewPosition.FB, "399196006", "R-10244"),
    (ViewPosition.SIO, "399188001", "R-102D0"),
    (ViewPosition.ISO, "441555000", "R-40AAA"),
    (ViewPosition.XCCL, "399192008", "R-1024A"),
    (ViewPosition.XCCM, "399101009", "R-1024B"),
    (ViewPosition.XCCL, "399192008", "Y-X1770"),
    (ViewPosition.XCCM, "399101009", "Y-X1771"),
    (ViewPosition.XCC, "399265009", "R-102CF"),
)
"""View, SNOMED CT code, SNOMED-RT identifier, as PS3.16 prints CID 4014 with its retired entries."""

WRITTEN_MODIFIERS: tuple[tuple[ViewModifier, str, str], ...] = (
    (ViewModifier.CLEAVAGE, "399161006", "R-102D2"),
    (ViewModifier.AXILLARY_TAIL, "399011000", "R-102D1"),
    (ViewModifier.ROLLED_LATERAL, "399197002", "R-102D3"),
    (ViewModifier.ROLLED_MEDIAL, "399226006", "R-102D4"),
    (ViewModifier.ROLLED_INFERIOR, "414493004", "R-102CA"),
    (ViewModifier.ROLLED_SUPERIOR, "415670009", "R-102C9"),
    (ViewModifier.IMPLANT_DISPLACED, "399209000", "R-102D5"),
    (ViewModifier.MAGNIFICATION, "399163009", "R-102D6"),
    (ViewModifier.SPOT_COMPRESSION, "399055006", "R-102D7"),
    (ViewModifier.TANGENTIAL, "399110001", "R-102C2"),
    (ViewModifier.NIPPLE_IN_PROFILE, "442581004", "R-40AB3"),
    (ViewModifier.ANTERIOR_COMPRESSION, "441752004", "P2-00161"),
    (ViewModifier.INFRAMAMMARY_FOLD, "442593008", "R-40ABE"),
    (ViewModifier.AXILLARY_TISSUE, "442580003", "R-40AB2"),
)
"""Modifier, SNOMED CT code, SNOMED-RT identifier, as PS3.16 prints CID 4015."""


def coded(value: str, scheme: str = "SCT", *modifiers: tuple[str, str]) -> dict[str, Any]:
    items = [code(modifier, of) for modifier, of in modifiers]
    return {"ViewCodeSequence": [code(value, scheme, ViewModifierCodeSequence=items or None)]}


@pytest.mark.parametrize(("view", "sct", "old"), WRITTEN_VIEWS)
@pytest.mark.parametrize("scheme", ["SCT", "SRT", "SNM3", "99SDM"])
def test_view_codes(view: ViewPosition, sct: str, old: str, scheme: str) -> None:
    """Every view code is understood in the current and the older SNOMED schemes."""
    found = read_view(attributes(**coded(sct if scheme == "SCT" else old, scheme)))
    assert (found.value, found.note, found.flags) == (view, "View Code Sequence", ())


@pytest.mark.parametrize(("modifier", "sct", "old"), WRITTEN_MODIFIERS)
def test_view_modifiers(modifier: ViewModifier, sct: str, old: str) -> None:
    """Every view modifier is understood in the current and the older schemes, and named in the source."""
    for entry in ((sct, "SCT"), (old, "SNM3")):
        dataset = attributes(**coded("399162004", "SCT", entry))
        found = read_view(dataset)
        assert read_view_modifiers(dataset) == (modifier,)
        assert found.note == f"View Code Sequence ({modifier})"


def test_modifiers_that_make_a_view() -> None:
    """A cleavage view and an axillary tail view are told by their modifier."""
    cleavage = read_view(attributes(**coded("399162004", "SCT", ("399161006", "SCT")), ViewPosition="CV"))
    tail = read_view(attributes(**coded("399368009", "SCT", ("R-102D1", "SRT")), ViewPosition="MLO"))
    assert (cleavage.value, cleavage.flags) == (ViewPosition.CV, ())
    assert (tail.value, tail.flags) == (ViewPosition.AT, ())


def test_lateral_is_not_oblique() -> None:
    """ML is not taken for MLO: the view code wins over View Position and the conflict is flagged."""
    found = read_view(attributes(**coded("399260004"), ViewPosition="MLO"))
    assert (found.value, found.flags) == (ViewPosition.ML, CONFLICT)
    assert found.note == "View Code Sequence; but View Position says MLO"


@pytest.mark.parametrize("word", list(ViewPosition))
def test_view_position_alone(word: str) -> None:
    """View Position is the source when there is no view code."""
    found = read_view(attributes(ViewPosition=word))
    assert (found.value, found.note, found.flags) == (word, "View Position", ())


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, "not given"),
        ({"ViewPosition": "AP"}, "View Position 'AP' cannot be read: it is no mammographic view"),
        (
            {"ViewCodeSequence": [code("399162004", "99XX")]},
            "View Code Sequence '99XX/399162004' is no mammographic view",
        ),
    ],
)
def test_unknown_view(given: dict[str, Any], source: str) -> None:
    """A view that is missing or no mammographic one is unknown and flagged."""
    found = read_view(attributes(**given))
    assert (found.value, found.note) == (None, source)
    assert found.flags == (QualityFlag.VIEW_UNKNOWN, *([UNREADABLE] if given else []))


@pytest.mark.parametrize(
    "given",
    [
        {**coded("399162004"), "ViewPosition": "AP"},
        {**coded("399162004", "99XX"), "ViewPosition": "CC"},
    ],
)
def test_a_second_view_that_cannot_be_read_is_named(given: dict[str, Any]) -> None:
    """Where only one of View Position and View Code Sequence is read, the other is named and flagged."""
    found = read_view(attributes(**given))
    assert (found.value, found.flags) == (ViewPosition.CC, (UNREADABLE,))
    assert "no mammographic view" in found.note


@pytest.mark.parametrize(
    ("view", "orientation", "flags"),
    [
        ("CC", ["P", "L"], ()),
        ("CC", ["A", "R"], ()),
        ("CC", ["P", "F"], CONFLICT),
        ("ML", ["P", "F"], ()),
        ("ML", ["P", "FL"], CONFLICT),
        ("LM", ["A", "L"], CONFLICT),
        ("MLO", ["A", "F"], ()),
        ("MLO", ["P", "FL"], ()),
        ("CC", None, ()),
    ],
)
def test_view_against_orientation(view: str, orientation: Any, flags: tuple[QualityFlag, ...]) -> None:
    """A Patient Orientation that the view cannot have is a flagged conflict."""
    found = read_view(attributes(ViewPosition=view, PatientOrientation=orientation))
    assert (found.value, found.flags) == (view, flags)


def region(side: str, scheme: str = "SCT") -> dict[str, Any]:
    return {
        "AnatomicRegionSequence": [
            code("76752008", AnatomicRegionModifierSequence=[code(side, scheme)]),
        ]
    }


@pytest.mark.parametrize(
    ("given", "side", "source"),
    [
        ({"ImageLaterality": "R", "Laterality": "R"}, "R", "Image Laterality"),
        ({"ImageLaterality": "B"}, "B", "Image Laterality"),
        ({"Laterality": "L"}, "L", "Laterality"),
        (region("7771000"), "L", "Anatomic Region Sequence"),
        (region("G-A100", "SRT"), "R", "Anatomic Region Sequence"),
        ({"AnatomicRegionSequence": [code("63762007")]}, "B", "Anatomic Region Sequence"),
        (
            {
                "SharedFunctionalGroupsSequence": [
                    attributes(FrameAnatomySequence=[attributes(FrameLaterality="L")])
                ]
            },
            "L",
            "Frame Laterality",
        ),
    ],
)
def test_laterality(given: dict[str, Any], side: str, source: str) -> None:
    """Laterality is read from the image, the frame, the region or the series, and its source is told."""
    found = read_laterality(attributes(**given), None)
    assert (found.value, found.note, found.flags) == (side, source, ())


def test_unknown_laterality() -> None:
    """A laterality that is missing or no letter of the Standard is unknown and flagged."""
    for given in ({}, {"ImageLaterality": "U"}, {"ImageLaterality": "X"}):
        found = read_laterality(attributes(**given), None)
        unread = (UNREADABLE,) if given.get("ImageLaterality") == "X" else ()
        assert (found.value, found.flags) == (None, (QualityFlag.LATERALITY_UNKNOWN, *unread))


@pytest.mark.parametrize("said", ["X", "1", ["L", "R"]])
def test_no_other_attribute_takes_the_place_of_an_unreadable_side(said: Any) -> None:
    """Where Image Laterality cannot be read, no side is taken from the series, and that is said."""
    found = read_laterality(attributes(ImageLaterality=said, Laterality="L"), None)
    assert (found.value, found.flags) == (None, (QualityFlag.LATERALITY_UNKNOWN, UNREADABLE))
    assert "Image Laterality" in found.note
    below = read_laterality(attributes(ImageLaterality="L", Laterality=said), None)
    assert (below.value, below.flags) == (Laterality.LEFT, (UNREADABLE,))


def test_a_side_written_out_is_read() -> None:
    """LEFT and RIGHT are read as L and R."""
    found = read_laterality(attributes(ImageLaterality="RIGHT"), None)
    assert (found.value, found.flags) == (Laterality.RIGHT, ())


def test_laterality_conflict() -> None:
    """Image Laterality wins over the series' Laterality, and the conflict is flagged."""
    found = read_laterality(attributes(ImageLaterality="R", Laterality="L"), None)
    assert (found.value, found.flags) == (Laterality.RIGHT, (QualityFlag.LATERALITY_CONFLICT,))
    assert found.note == "Image Laterality; but Laterality says L"


@pytest.mark.parametrize(
    ("side", "view", "orientation", "agrees"),
    [
        ("R", "MLO", ["P", "FL"], True),
        ("R", "MLO", ["A", "HR"], True),
        ("L", "MLO", ["A", "FR"], True),
        ("L", "MLO", ["A", "FL"], False),
        ("R", "LMO", ["P", "FR"], False),
        ("L", "MLO", ["A", "F"], True),
        ("L", "CC", ["A", "R"], True),
        ("L", "CC", ["A", "L"], True),
    ],
)
def test_laterality_against_orientation(side: str, view: str, orientation: list[str], agrees: bool) -> None:
    """The slant of an oblique view tells the breast; one that contradicts the laterality is flagged."""
    dataset = attributes(ImageLaterality=side, PatientOrientation=orientation)
    found = read_laterality(dataset, ViewPosition(view))
    assert found.value == side
    assert found.flags == (() if agrees else (QualityFlag.LATERALITY_CONFLICT,))


@pytest.mark.parametrize(
    ("present", "modifiers", "words", "flagged"),
    [
        (None, (), "", False),
        ("NO", (), "not present", False),
        ("UNKNOWN", (), "unknown", False),
        ("YES", (), "present", True),
        (
            "YES",
            (ViewModifier.IMPLANT_DISPLACED,),
            "displaced out of the view (Breast Implant Present YES)",
            True,
        ),
        (
            None,
            (ViewModifier.IMPLANT_DISPLACED,),
            "displaced out of the view (Breast Implant Present not given)",
            True,
        ),
    ],
)
def test_implant(present: str | None, modifiers: tuple[ViewModifier, ...], words: str, flagged: bool) -> None:
    """Implants are told by their attribute and by the implant displaced modifier, and flagged."""
    coded_modifiers = [(VIEW_MODIFIERS[modifier].value, "SCT") for modifier in modifiers]
    view = coded(VIEWS[ViewPosition.MLO].value, "SCT", *coded_modifiers)
    found = read_implant(attributes(**view, BreastImplantPresent=present))
    assert (found.value, found.flags) == (words, (QualityFlag.IMPLANT,) if flagged else ())
