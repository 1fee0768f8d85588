"""Sentences of an examination where something is not known."""

from __future__ import annotations

from dataclasses import replace

from calcwatch.domain.context import (
    BiopsyResult,
    BreastContext,
    BreastDensity,
    ClinicalContext,
    RadiationKind,
    Sex,
)
from calcwatch.domain.image import ImageDescription, Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.exam.location import locate_group
from calcwatch.words.exam import (
    CANCER_NOTE,
    HIGH_RISK_NOTE,
    IMPLANT_NOTE,
    INJECTION_NOTE,
    MAN_NOTE,
    RECENT_RADIATION_NOTE,
    SYMPTOM_NOTE,
    found_words,
    group_words,
    notes_of_breast,
    pair_reason,
    single_words,
    view_note,
)
from tests.exam.two_views import a_group, a_view, described_views


def test_a_breast_has_notes_of_what_was_stated() -> None:
    """The most urgent first; of its own breast alone; a biopsy and a cancer ask of which finding they are."""
    context = ClinicalContext(
        sex=Sex.MALE,
        high_risk=True,
        breast_density=BreastDensity.C,
        left=BreastContext(
            symptom=True,
            biopsy=BiopsyResult.BENIGN_DISCORDANT,
            implants=True,
            injection=True,
            radiation=RadiationKind.INTRAOPERATIVE,
        ),
        right=BreastContext(biopsy=BiopsyResult.MALIGNANT),
    )
    assert notes_of_breast(context, Laterality.LEFT) == (
        SYMPTOM_NOTE,
        "A biopsy in this breast is stated (benign, discordant): state of which finding, it counts for that "
        "one alone.",
        HIGH_RISK_NOTE,
        MAN_NOTE,
        IMPLANT_NOTE,
        INJECTION_NOTE,
        RECENT_RADIATION_NOTE,
        "Density, as the report states it: c. It was not looked at here.",
    )
    right = notes_of_breast(context, Laterality.RIGHT)
    assert (right[0], len(right)) == (CANCER_NOTE, 4)
    assert CANCER_NOTE not in notes_of_breast(context, Laterality.RIGHT, cancer_is_placed=True)
    assert notes_of_breast(ClinicalContext(), None) == ()


def test_what_was_found_counts_what_a_person_rejected() -> None:
    """Groups and singles are counted, rejected groups once more."""
    assert found_words(0, 0) == "No calcification was marked."
    assert found_words(1, 1) == ("Marked on all its views together: 1 group and 1 calcification in no group.")
    assert found_words(2, 0, 1) == "Marked on all its views together: 2 groups (1 rejected by a person)."


def test_a_view_note_says_where_a_group_is_seen() -> None:
    """On two views, on one of two, or on the only one; a view that is not known is "this view"."""
    cc, mlo = ViewPosition.CC, ViewPosition.MLO
    assert view_note(cc, mlo, was_compared=True) == "seen on CC and MLO"
    assert view_note(cc, None, was_compared=True) == "seen on CC only"
    assert view_note(None, None, was_compared=False) == "no second view to compare this view with"


def test_a_pair_is_reasoned_in_millimeters_or_shares() -> None:
    """Without spacing nothing is said in mm, and no diameter at all."""
    assert pair_reason((40.0, 42.4), (3, 5), (0.3, 0.31)) == (
        "40 and 42 mm behind the nipple; 3 and 5 calcifications, median diameter 0.30 and 0.31 mm"
    )
    assert pair_reason((50.0, 53.0), (3, 5), None) == (
        "50 and 53 % of the breast's depth behind the nipple; 3 and 5 calcifications"
    )


def test_a_finding_that_was_not_described_says_so() -> None:
    """Shape not told, view not known."""
    image = a_view(ViewPosition.CC, a_group("a", 50, 0))
    place = replace(locate_group(image, image.groups[0]), words="somewhere")
    assert group_words(image.groups[0], place) == (
        "3 calcifications, shape not told; somewhere (suspicion 0.00)"
    )
    unknown = ImageDescription("a.png")
    assert single_words(image.calcifications[0], unknown) == (
        "a single calcification, shape not told; view not known"
    )


def test_a_finding_that_was_described_is_named() -> None:
    """Number, shape, distribution, place and suspicion; of a single one shape, side and view."""
    image = described_views(Morphology.FINE_LINEAR, (Distribution.GROUPED, Distribution.LINEAR))[0]
    place = replace(locate_group(image, image.groups[0]), words="somewhere")
    assert group_words(image.groups[0], place) == (
        "3 calcifications, fine linear, grouped; somewhere (suspicion 0.30)"
    )
    assert single_words(image.calcifications[0], image.description) == (
        "a single calcification, fine linear; L CC"
    )
