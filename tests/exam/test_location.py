"""Where a group lies, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcwatch.domain.assessment import Location
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.exam.location import locate_group
from tests.exam.two_views import a_group, a_view, mirrored

CC, MLO, ML = ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML


def placed(above: ImageFindings, aside: ImageFindings) -> Location:
    return locate_group(above, above.groups[0], (aside, aside.groups[0]))


@pytest.mark.parametrize(
    ("side", "outward", "upward", "quadrant", "clock"),
    [
        (Laterality.LEFT, 40, 24, "upper outer", 2),
        (Laterality.RIGHT, 40, 24, "upper outer", 10),
        (Laterality.LEFT, -40, 24, "upper inner", 10),
        (Laterality.RIGHT, -40, -24, "lower inner", 4),
        (Laterality.LEFT, 40, -24, "lower outer", 4),
        (Laterality.LEFT, 30, 0, "outer", 3),
        (Laterality.RIGHT, 30, 0, "outer", 9),
        (Laterality.LEFT, 0, 30, "upper", 12),
        (Laterality.RIGHT, 0, -30, "lower", 6),
        (Laterality.LEFT, 3, -3, "central", None),
    ],
)
def test_a_cc_and_a_lateral_view_tell_quadrant_and_clock(
    side: Laterality, outward: float, upward: float, quadrant: str, clock: int | None
) -> None:
    """Facing the woman, outward is 3 o'clock on the left breast and 9 o'clock on the right."""
    above = a_view(CC, a_group("a", 50, outward), side=side)
    aside = a_view(ML, a_group("b", 50, upward), side=side)
    found = placed(above, aside)
    assert found.quadrant == quadrant
    assert found.clock in (
        clock,
        None if clock is None else clock % 12 - 1,
    )  # 45 degrees lie between two hours
    assert found.laterality is side


@pytest.mark.parametrize(
    ("flag", "quadrant"),
    [
        (QualityFlag.UPSIDE_DOWN, "upper inner"),
        (QualityFlag.ORIENTATION_UNKNOWN, "upper"),
        (QualityFlag.ORIENTATION_CONFLICT, "upper"),
        (QualityFlag.TURNED, "upper"),
    ],
)
def test_the_place_follows_how_the_picture_lies(flag: QualityFlag, quadrant: str) -> None:
    """A view upside down is read the other way round; where the lie is not known, no half is told."""
    above = replace(a_view(CC, a_group("a", 50, 40)), quality_flags=(flag,))
    found = placed(above, a_view(ML, a_group("b", 50, 24)))
    assert found.quadrant == quadrant
    assert (found.clock is None) is (flag is not QualityFlag.UPSIDE_DOWN)
    alone = locate_group(above, above.groups[0])
    assert (alone.quadrant is None) is (flag is not QualityFlag.UPSIDE_DOWN)
    assert (alone.depth is None) is (flag is QualityFlag.TURNED)


def test_the_words_name_the_whole_place() -> None:
    """Side, quadrant, clock, third and distance in one phrase."""
    found = placed(a_view(CC, a_group("a", 20, 20)), a_view(ML, a_group("b", 20, 40)))
    assert found.words == (
        "left breast, upper outer quadrant, 1 o'clock, posterior third, 75 mm from the nipple"
    )
    assert found.nipple_distance_mm == pytest.approx((60**2 + 20**2 + 40**2) ** 0.5)


def test_the_tilt_of_an_oblique_view_is_undone() -> None:
    """What an oblique view shows at the nipple's height lies low if it lies outward, high if inward."""
    aside = a_view(MLO, a_group("b", 50, 0))
    assert placed(a_view(CC, a_group("a", 50, 30)), aside).quadrant == "lower outer"
    assert placed(a_view(CC, a_group("a", 50, -30)), aside).quadrant == "upper inner"


def test_one_view_tells_only_half() -> None:
    """One view gives a half and no clock position, and the words say that it is one view."""
    above = a_view(CC, a_group("a", 50, 30))
    found = locate_group(above, above.groups[0])
    assert (found.quadrant, found.clock, found.depth) == ("outer", None, "middle")
    assert "outer half (one view only)" in found.words
    aside = a_view(MLO, a_group("a", 70, -30))
    found = locate_group(aside, aside.groups[0])
    assert (found.quadrant, found.clock, found.depth) == ("lower", None, "anterior")


@pytest.mark.parametrize("view", [None, ViewPosition.AT])
def test_an_unknown_view_tells_no_half(view: ViewPosition | None) -> None:
    """Without a known view, depth is told and the quadrant is not."""
    image = a_view(view, a_group("a", 10, 30))
    found = locate_group(image, image.groups[0])
    assert (found.quadrant, found.clock, found.depth) == (None, None, "posterior")
    assert "quadrant not known" in found.words


def test_near_the_line_behind_the_nipple_no_half_is_named() -> None:
    """Within a centimeter of it, one view leaves the half open."""
    image = a_view(CC, a_group("a", 50, 5))
    assert locate_group(image, image.groups[0]).quadrant is None


def test_without_landmarks_nothing_is_guessed() -> None:
    """No nipple: no half, no depth, no distance."""
    image = a_view(CC, a_group("a", 50, 30), landmarks=False)
    found = locate_group(image, image.groups[0])
    assert (found.quadrant, found.depth, found.nipple_distance_mm) == (None, None, None)
    assert found.words == "left breast, quadrant not known, depth not known"


def test_unknown_side_and_spacing_stay_unknown() -> None:
    """No clock without the side, no distance without the spacing; quadrant and depth all the same."""
    above = a_view(CC, a_group("a", 50, 30), side=None, spacing_mm=None)
    aside = a_view(ML, a_group("b", 50, 30), side=None, spacing_mm=None)
    found = placed(above, aside)
    assert (found.laterality, found.clock, found.nipple_distance_mm) == (None, None, None)
    assert (found.quadrant, found.depth) == ("upper outer", "middle")
    assert found.words.startswith("side not known")


def test_mirroring_the_picture_does_not_move_the_group() -> None:
    """A left breast stored as a right one usually is has the same place."""
    above, aside = a_view(CC, a_group("a", 50, 30)), a_view(MLO, a_group("b", 50, 30))
    assert placed(mirrored(above), mirrored(aside)) == placed(above, aside)


def test_the_muscle_tilts_what_counts_as_up() -> None:
    """With a slanting chest wall, up runs halfway between the picture's vertical and the muscle."""
    image = a_view(MLO, a_group("a", 20, 12))
    assert image.landmarks is not None
    slanting = replace(image.landmarks, chest_wall=((0.0, 500.0), (1000.0, 0.0)))
    straight = locate_group(image, image.groups[0])
    tilted = locate_group(replace(image, landmarks=slanting), image.groups[0])
    assert (straight.quadrant, tilted.quadrant) == ("upper", None)
