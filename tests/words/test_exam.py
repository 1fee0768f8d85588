"""Sentences of an examination where something is not known."""

from __future__ import annotations

from dataclasses import replace

from calcwatch.domain.image import ImageDescription, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.exam.location import locate_group
from calcwatch.words.exam import group_words, pair_reason, single_words, view_note
from tests.exam.two_views import a_group, a_view, described_views


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
