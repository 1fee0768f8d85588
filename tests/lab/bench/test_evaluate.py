"""What becomes of each mark, group and look-alike, on findings written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcwatch.domain.findings import NonLesion, NonLesionKind
from calcwatch.image.find.candidates import detect_classical
from calcwatch_lab.bench.detection.evaluate import (
    MOST_MARKS,
    compare_outlines,
    evaluate,
    find_lookalikes,
    is_group,
    match_groups,
    match_marks,
)
from calcwatch_lab.bench.statistics.matching import MarkClass, ScoredMarks
from calcwatch_lab.bench.truth.truth import TrueCalcification, TrueGroup, TrueNonLesion, Truth
from tests.image.pictures import add_blob, half_round_breast, mammogram_of
from tests.lab.bench.by_hand import SPACING_MM, box, findings, group, mark, true


def test_each_mark_has_its_fate() -> None:
    """A hit, a second mark on the same, one on a clip, one in an ignored region, and a plain false one."""
    truth = Truth(
        calcifications=(true(50, 50),),
        non_lesions=(TrueNonLesion("surgical_clip", box(100, 100, 10), ((100.0, 100.0),)),),
        ignored=(box(200, 200, 20),),
        located=True,
    )
    marks = [mark(50, 50, 0.4), mark(50, 52, 0.9), mark(105, 100), mark(210, 210), mark(300, 300)]
    scored = match_marks(marks, truth, spacing_mm=SPACING_MM)
    assert [MarkClass(fate) for fate in scored.mark_class] == [
        MarkClass.DUPLICATE,
        MarkClass.MATCHED,
        MarkClass.LOOKALIKE,
        MarkClass.IGNORED,
        MarkClass.FALSE_POSITIVE,
    ]
    assert scored.true_scores.tolist() == [0.9]
    assert sorted(scored.false_scores) == [0.4, 0.9, 0.9]


def test_what_is_not_found_has_no_score() -> None:
    """A calcification without a mark scores -1; no marks are no false ones."""
    scored = match_marks([], Truth(calcifications=(true(5, 5),)), spacing_mm=SPACING_MM)
    assert scored.true_scores.tolist() == [-1.0]
    assert scored.false_scores.size == 0


MEMBERS = [mark(100, 100), mark(100, 120), mark(120, 100), mark(400, 400), mark(400, 420), mark(420, 400)]


def grouped_truth(*, located: bool = True) -> Truth:
    """Three calcifications in a group, as the first three marks lie, and three loose ones."""
    calcifications = tuple(true(one.row, one.column) for one in MEMBERS)
    groups = (TrueGroup(107.0, 107.0, 2.0, (0, 1, 2)),)
    return Truth(calcifications=calcifications, groups=groups, positive=True, located=located, grouped=True)


def test_a_group_hits_by_its_center_and_two_members() -> None:
    """The center in the circle and two true members are a hit; one member is not enough, and false."""
    marks = [*MEMBERS, mark(600, 600)]
    for members, fate, score in (
        (marks[:3], MarkClass.MATCHED, 0.8),
        ([marks[0], marks[6]], MarkClass.FALSE_POSITIVE, -1.0),
    ):
        found = findings(marks, [group(110, 110, members, 0.8)])
        scored = match_groups(found, grouped_truth(), spacing_mm=SPACING_MM)
        assert (MarkClass(scored.mark_class[0]), scored.true_scores.tolist()) == (fate, [score])


def test_a_small_circle_is_taken_as_five_millimeters() -> None:
    """A center 4.9 mm away hits a circle of 2 mm, one 5.1 mm away does not."""
    for away, score in ((49, 0.8), (51, -1.0)):
        found = findings(MEMBERS, [group(107 + away, 107, MEMBERS[:3], 0.8)])
        assert match_groups(found, grouped_truth(), spacing_mm=SPACING_MM).true_scores.tolist() == [score]


def test_a_group_of_real_calcifications_is_never_false() -> None:
    """Three loose calcifications found together hit no group and are not false; the best hit counts."""
    found = findings(
        MEMBERS,
        [
            group(407, 407, MEMBERS[3:], 0.9),
            group(107, 107, MEMBERS[:2], 0.3),
            group(107, 107, MEMBERS[:3], 0.6),
        ],
    )
    scored = match_groups(found, grouped_truth(), spacing_mm=SPACING_MM)
    assert [MarkClass(fate) for fate in scored.mark_class] == [
        MarkClass.IGNORED,
        MarkClass.MATCHED,
        MarkClass.MATCHED,
    ]
    assert scored.true_scores.tolist() == [0.6]
    assert scored.false_scores.size == 0


def test_where_only_circles_are_known_nothing_else_is_false() -> None:
    """Beside a circle of a labeled image there may be more; on a normal image every group is false."""
    circle = Truth(groups=(TrueGroup(107.0, 107.0, 6.0),), positive=True, grouped=True)
    found = findings(MEMBERS, [group(407, 407, MEMBERS[3:], 0.9), group(110, 107, MEMBERS[:3], 0.7)])
    scored = match_groups(found, circle, spacing_mm=SPACING_MM)
    assert [MarkClass(fate) for fate in scored.mark_class] == [MarkClass.IGNORED, MarkClass.MATCHED]
    normal = match_groups(found, Truth(positive=False, grouped=True), spacing_mm=SPACING_MM)
    assert normal.false_scores.tolist() == [0.9, 0.7]


def test_a_true_group_has_three_visible_members() -> None:
    """Two visible and one hidden calcification are no group to be found; a circle is one."""
    calcifications = (true(0, 0), true(0, 20), true(0, 40, 4.9))
    truth = Truth(calcifications=calcifications, groups=(TrueGroup(0, 20, 2, (0, 1, 2)), TrueGroup(0, 0, 6)))
    assert [is_group(truth, number) for number in (0, 1)] == [False, True]
    assert match_groups(findings([]), truth, spacing_mm=SPACING_MM).true_scores.tolist() == [-1.0]


def test_a_lookalike_is_named_or_called() -> None:
    """A clip that was named, one on which a calcification was reported, and a calcification on a third."""
    things = tuple(
        TrueNonLesion("surgical_clip", box(row, 100, 8), ((float(row), 100.0),)) for row in (100, 200, 300)
    )
    truth = Truth(calcifications=(true(300, 100),), non_lesions=things)
    named = NonLesion(NonLesionKind.CLIP, 102.0, 100.0, box(102, 100, 5))
    fates = find_lookalikes(
        findings([mark(203, 100), mark(300, 100)], non_lesions=[named]), truth, spacing_mm=SPACING_MM
    )
    assert [(fate.named, fate.called) for fate in fates] == [(True, False), (False, True), (False, False)]


def test_false_ones_are_all_but_hits_and_ignored() -> None:
    """Of five fates three are false."""
    scored = ScoredMarks(np.arange(5) / 10, np.array(list(MarkClass), np.int8), np.zeros(0))
    assert sorted(scored.false_scores) == sorted(
        score
        for score, fate in zip(np.arange(5) / 10, MarkClass, strict=True)
        if fate not in (MarkClass.MATCHED, MarkClass.IGNORED)
    )


def test_an_image_is_judged_whole() -> None:
    """Two blobs, one of them named by somebody who looked again: both reported, one unseen."""
    picture = add_blob(add_blob(half_round_breast(), 150, 80, height=0.3), 250, 90, height=0.3)
    truth = Truth(
        calcifications=(true(150, 80),),
        positive=True,
        corrected=False,
        seen=((151.0, 80.0, 1.0),),
        located=True,
    )
    calls = []

    def counting(*arguments: object) -> object:
        calls.append(arguments)
        return detect_classical(*arguments)  # type: ignore[arg-type]

    image = evaluate(mammogram_of(picture), truth, counting)  # type: ignore[arg-type]
    assert len(calls) == 1
    assert (image.reported_count, image.unseen_count) == (2, 1)
    assert (image.positive, image.corrected, image.groups) == (True, False, None)
    assert image.marks is not None
    assert image.marks.true_scores[0] > 0.9
    assert image.highest >= image.marks.true_scores[0]
    assert image.breast_cm2 == pytest.approx(7.63, rel=0.02)  # half an ellipse of 18 x 27 mm
    assert MOST_MARKS >= image.marks.scores.size > 2
    assert image.outlines is not None
    assert image.outlines.matched.tolist() == [True]
    assert image.apart_px.tolist() == [np.inf]


def test_an_image_without_spacing_is_not_judged() -> None:
    """A distance in mm means nothing there."""
    with pytest.raises(ValueError, match="spacing is unknown"):
        evaluate(mammogram_of(half_round_breast(), spacing_mm=None), Truth(), detect_classical)


def test_misses_count_as_nothing() -> None:
    """One outline drawn half as large, one missed, one true speck of a pixel that does not count."""
    truth = Truth(calcifications=(true(50, 50, half=4), true(90, 90), true(120, 120, half=0.5)))
    found = compare_outlines([mark(50, 50, half=2)], truth, spacing_mm=SPACING_MM)
    assert found.matched.tolist() == [True, False]
    assert found.overlap == pytest.approx([0.25, 0.0], abs=0.01)
    assert found.foreground == pytest.approx(16 / (64 + 16 + 1), abs=0.03)


def test_false_marks_spoil_the_image_not_the_object() -> None:
    """A false mark as large as the object halves the overlap of the image."""
    found = compare_outlines(
        [mark(50, 50), mark(90, 90)], Truth(calcifications=(true(50, 50),)), spacing_mm=SPACING_MM
    )
    assert found.overlap.tolist() == [1.0]
    assert found.foreground == pytest.approx(0.5, abs=0.01)


def test_points_have_no_outline() -> None:
    """Where only centers are known there is nothing to compare."""
    truth = Truth(calcifications=(TrueCalcification(50, 50),))
    found = compare_outlines([mark(50, 50)], truth, spacing_mm=SPACING_MM)
    assert found.overlap.size == 0
    assert math.isnan(found.foreground)
