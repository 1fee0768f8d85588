"""What becomes of each mark, group and look-alike, on findings written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.domain.findings import NonLesion, NonLesionKind
from calcwatch.image.find.candidates import detect_classical
from calcwatch_lab.bench.detection.judge import (
    MOST_MARKS,
    is_group,
    judge,
    judge_groups,
    judge_lookalikes,
    judge_marks,
)
from calcwatch_lab.bench.statistics.fate import Fate, Swept
from calcwatch_lab.bench.truth.truth import TrueGroup, TrueNonLesion, Truth
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
    swept = judge_marks(marks, truth, spacing_mm=SPACING_MM)
    assert [Fate(fate) for fate in swept.fate] == [
        Fate.AGAIN,
        Fate.HIT,
        Fate.LOOKALIKE,
        Fate.IGNORED,
        Fate.FALSE,
    ]
    assert swept.true_scores.tolist() == [0.9]
    assert sorted(swept.false_scores) == [0.4, 0.9, 0.9]


def test_what_is_not_found_has_no_score() -> None:
    """A calcification without a mark scores -1; no marks are no false ones."""
    swept = judge_marks([], Truth(calcifications=(true(5, 5),)), spacing_mm=SPACING_MM)
    assert swept.true_scores.tolist() == [-1.0]
    assert swept.false_scores.size == 0


MEMBERS = [mark(100, 100), mark(100, 120), mark(120, 100), mark(400, 400), mark(400, 420), mark(420, 400)]


def grouped_truth(*, located: bool = True) -> Truth:
    """Three calcifications in a group, as the first three marks lie, and three loose ones."""
    calcifications = tuple(true(one.row, one.column) for one in MEMBERS)
    groups = (TrueGroup(107.0, 107.0, 2.0, (0, 1, 2)),)
    return Truth(calcifications=calcifications, groups=groups, positive=True, located=located, grouped=True)


def test_a_group_hits_by_its_center_and_two_members() -> None:
    """The center in the circle and two true members are a hit; one member is not enough, and false."""
    marks = [*MEMBERS, mark(600, 600)]
    for members, fate, score in ((marks[:3], Fate.HIT, 0.8), ([marks[0], marks[6]], Fate.FALSE, -1.0)):
        found = findings(marks, [group(110, 110, members, 0.8)])
        swept = judge_groups(found, grouped_truth(), spacing_mm=SPACING_MM)
        assert (Fate(swept.fate[0]), swept.true_scores.tolist()) == (fate, [score])


def test_a_small_circle_is_taken_as_five_millimeters() -> None:
    """A center 4.9 mm away hits a circle of 2 mm, one 5.1 mm away does not."""
    for away, score in ((49, 0.8), (51, -1.0)):
        found = findings(MEMBERS, [group(107 + away, 107, MEMBERS[:3], 0.8)])
        assert judge_groups(found, grouped_truth(), spacing_mm=SPACING_MM).true_scores.tolist() == [score]


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
    swept = judge_groups(found, grouped_truth(), spacing_mm=SPACING_MM)
    assert [Fate(fate) for fate in swept.fate] == [Fate.IGNORED, Fate.HIT, Fate.HIT]
    assert swept.true_scores.tolist() == [0.6]
    assert swept.false_scores.size == 0


def test_where_only_circles_are_known_nothing_else_is_false() -> None:
    """Beside a circle of a labeled image there may be more; on a normal image every group is false."""
    circle = Truth(groups=(TrueGroup(107.0, 107.0, 6.0),), positive=True, grouped=True)
    found = findings(MEMBERS, [group(407, 407, MEMBERS[3:], 0.9), group(110, 107, MEMBERS[:3], 0.7)])
    swept = judge_groups(found, circle, spacing_mm=SPACING_MM)
    assert [Fate(fate) for fate in swept.fate] == [Fate.IGNORED, Fate.HIT]
    normal = judge_groups(found, Truth(positive=False, grouped=True), spacing_mm=SPACING_MM)
    assert normal.false_scores.tolist() == [0.9, 0.7]


def test_a_true_group_has_three_visible_members() -> None:
    """Two visible and one hidden calcification are no group to be found; a circle is one."""
    calcifications = (true(0, 0), true(0, 20), true(0, 40, 4.9))
    truth = Truth(calcifications=calcifications, groups=(TrueGroup(0, 20, 2, (0, 1, 2)), TrueGroup(0, 0, 6)))
    assert [is_group(truth, number) for number in (0, 1)] == [False, True]
    assert judge_groups(findings([]), truth, spacing_mm=SPACING_MM).true_scores.tolist() == [-1.0]


def test_a_lookalike_is_named_or_called() -> None:
    """A clip that was named, one on which a calcification was reported, and a calcification on a third."""
    things = tuple(
        TrueNonLesion("surgical_clip", box(row, 100, 8), ((float(row), 100.0),)) for row in (100, 200, 300)
    )
    truth = Truth(calcifications=(true(300, 100),), non_lesions=things)
    named = NonLesion(NonLesionKind.CLIP, 102.0, 100.0, box(102, 100, 5))
    fates = judge_lookalikes(
        findings([mark(203, 100), mark(300, 100)], non_lesions=[named]), truth, spacing_mm=SPACING_MM
    )
    assert [(fate.named, fate.called) for fate in fates] == [(True, False), (False, True), (False, False)]


def test_false_ones_are_all_but_hits_and_ignored() -> None:
    """Of five fates three are false."""
    swept = Swept(np.arange(5) / 10, np.array(list(Fate), np.int8), np.zeros(0))
    assert sorted(swept.false_scores) == sorted(
        score
        for score, fate in zip(np.arange(5) / 10, Fate, strict=True)
        if fate not in (Fate.HIT, Fate.IGNORED)
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

    judged = judge(mammogram_of(picture), truth, counting)  # type: ignore[arg-type]
    assert len(calls) == 1
    assert (judged.reported, judged.unseen) == (2, 1)
    assert (judged.positive, judged.corrected, judged.groups) == (True, False, None)
    assert judged.marks is not None
    assert judged.marks.true_scores[0] > 0.9
    assert judged.highest >= judged.marks.true_scores[0]
    assert judged.breast_cm2 == pytest.approx(7.63, rel=0.02)  # half an ellipse of 18 x 27 mm
    assert MOST_MARKS >= judged.marks.scores.size > 2
    assert judged.outlines is not None
    assert judged.outlines.hit.tolist() == [True]
    assert judged.apart_px.tolist() == [np.inf]


def test_an_image_without_spacing_is_not_judged() -> None:
    """A distance in mm means nothing there."""
    with pytest.raises(ValueError, match="spacing is unknown"):
        judge(mammogram_of(half_round_breast(), spacing_mm=None), Truth(), detect_classical)
