"""Figures of a few images whose answers are plain."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from calcwatch_lab.bench.detection.judge import Judged, LookalikeFate
from calcwatch_lab.bench.detection.shifts import shift_figures
from calcwatch_lab.bench.statistics.fate import Fate, Swept
from calcwatch_lab.bench.statistics.figures import (
    DETECTABILITY_EDGES,
    FALSE_GROUPS,
    GROUPED,
    LABELED,
    LOCATED,
    Image,
    figures_of,
    gain,
)
from calcwatch_lab.bench.statistics.outlines import OutlineFigures


def swept(scores: list[float], fate: list[Fate], true: list[float]) -> Swept:
    """Marks written by hand."""
    return Swept(np.array(scores, np.float64), np.array(fate, np.int8), np.array(true, np.float64))


def located(
    scores: list[float], fate: list[Fate], true: list[float], strength: list[float], *, apart: float = 9.0
) -> Judged:
    """One image of 10 cm2 with located calcifications."""
    return Judged(
        breast_cm2=10.0,
        highest=max(scores, default=0.0),
        reported=sum(score >= 0.5 for score in scores),
        unseen=0,
        positive=bool(true),
        corrected=None,
        marks=swept(scores, fate, true),
        told=swept(
            [score for score in scores if score >= 0.5],
            [one for one, score in zip(fate, scores, strict=True) if score >= 0.5],
            [score if score >= 0.5 else -1 for score in true],
        ),
        detectability=np.array(strength, np.float64),
        apart_px=np.full(len(true), apart),
        names=tuple("abcdef"[: len(true)]),
    )


FIRST = located([0.9, 0.8, 0.3], [Fate.HIT, Fate.FALSE, Fate.HIT], [0.9, 0.3, -1], [40, 8, 2])
SECOND = located([0.7, 0.6], [Fate.AGAIN, Fate.LOOKALIKE], [], [])


def test_marks_by_hand() -> None:
    """Of three calcifications, two visible: one found with no false mark, two with one a 10 cm2."""
    figures = figures_of([Image("a", FIRST), Image("b", SECOND)])
    assert (figures.kind, figures.images, figures.positive, figures.patients) == (LOCATED, 2, 1, 2)
    assert figures.breast_cm2 == 20.0
    marks = figures.marks
    assert marks is not None
    assert marks.count == {"all": 3, "visible": 2}
    assert [one.value for one in marks.per_cm2["all"]] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert [one.value for one in marks.per_cm2["visible"]] == [0.5, 1.0, 1.0]
    assert [one.value for one in marks.per_image["visible"]][:2] == [0.5, 1.0]
    reported = {name: one.value for name, one in marks.reported.items()}
    assert reported["sensitivity"] == 0.5
    assert reported["false per cm2"] == pytest.approx(0.15)
    assert reported["false per image"] == 1.5
    assert (reported["again per image"], reported["lookalike per image"]) == (0.5, 0.5)


def test_a_gain_is_a_difference() -> None:
    """A detector that finds one of two where another finds both loses half, for certain with one patient."""
    worse = located([0.9, 0.8], [Fate.HIT, Fate.FALSE], [0.9, -1, -1], [40, 8, 2])
    found = gain([Image("a", worse)], [Image("a", FIRST)])
    assert (found.value, found.low, found.high) == (-0.5, -0.5, -0.5)


def test_detectability_by_hand() -> None:
    """At 0.4 false a cm2 everything found counts: the one below 5 is missed, those at 8 and 40 are found."""
    marks = figures_of([Image("a", FIRST), Image("b", SECOND)]).marks
    assert marks is not None
    bins = dict(zip(DETECTABILITY_EDGES, marks.by_detectability, strict=False))
    assert {edge: (count, one.value) for edge, (count, one) in bins.items() if count} == {
        0.0: (1, 0.0),
        7.0: (1, 1.0),
        25.0: (1, 1.0),
    }


def test_calibration_leaves_ignored_marks_out() -> None:
    """Three of five marks lie on calcifications, one a second time; an ignored sixth changes nothing."""
    ignored = located([0.95], [Fate.IGNORED], [], [])
    images = [Image("a", FIRST), Image("b", SECOND)]
    plain, more = figures_of(images).calibration, figures_of([*images, Image("c", ignored)]).calibration
    assert plain is not None
    assert more is not None
    assert (plain.marks, plain.real) == (more.marks, more.real) == (5, 3)
    expected = (0.1**2 + 0.8**2 + 0.7**2 + 0.3**2 + 0.6**2) / 5
    assert plain.brier == more.brier == pytest.approx(expected)


def labeled(highest: float, positive: bool, corrected: bool | None, reported: int, unseen: int) -> Judged:
    """One image of which only a label is known."""
    return Judged(
        breast_cm2=10.0,
        highest=highest,
        reported=reported,
        unseen=unseen,
        positive=positive,
        corrected=corrected,
    )


def test_labels_and_corrected_labels() -> None:
    """A high score on an image labeled 0 spoils the area; corrected to 1 it does not, in doubt it is out."""
    images = [
        Image("a", labeled(0.9, True, True, 5, 5)),
        Image("b", labeled(0.95, False, True, 4, 1)),
        Image("c", labeled(0.2, False, False, 0, 0)),
        Image("d", labeled(0.99, False, None, 2, 2)),
    ]
    figures = figures_of(images)
    assert figures.kind == LABELED
    assert figures.image_area.value == pytest.approx(1 / 3)
    assert figures.corrected_area is not None
    assert figures.corrected_area.value == 1.0
    assert figures.marks_on_negative is not None
    assert figures.unseen_on_negative is not None
    assert figures.marks_on_corrected is not None
    assert (figures.marks_on_negative.value, figures.unseen_on_negative.value) == (2.0, 1.0)
    assert figures.marks_on_corrected.value == 0.0
    assert (figures.marks, figures.groups, figures.calibration) == (None, {}, None)
    given = [Image(one.patient, replace(one.judged, corrected=None)) for one in images]
    assert figures_of(given).corrected_area is None
    assert (figures_of(given).unseen_on_negative, figures_of(given).marks_on_corrected) == (None, None)


def test_groups_count_false_ones_on_normal_images() -> None:
    """Of two clusters one scores above the false group of two normal images, the other below it."""
    hit = swept([0.9], [Fate.HIT], [0.9])
    weak = swept([0.2, 0.7], [Fate.HIT, Fate.IGNORED], [0.2])
    normal = swept([0.5], [Fate.FALSE], [])
    nothing = swept([], [], [])
    images = [
        Image(
            name,
            replace(
                labeled(0.5, positive, None, 0, 0),
                groups=groups,
                loose_groups=groups,
                counts_false_groups=not positive,
            ),
        )
        for name, positive, groups in (
            ("a", True, hit),
            ("b", True, weak),
            ("c", False, normal),
            ("d", False, nothing),
        )
    ]
    figures = figures_of(images)
    assert figures.kind == GROUPED
    loose = figures.groups["loose"]
    assert loose.count == 2
    assert dict(zip(FALSE_GROUPS, (one.value for one in loose.at_rates), strict=True)) == {
        0.1: 0.5,
        0.21: 0.5,
        0.5: 1.0,
        1.0: 1.0,
        2.0: 1.0,
    }


def test_outlines_and_lookalikes_are_pooled() -> None:
    """Means over objects and over images; counts of each kind of look-alike."""
    outlines = [
        OutlineFigures(np.array([0.5, 0.0]), np.array([True, False]), 0.3),
        OutlineFigures(np.array([0.8]), np.array([True]), 0.6),
        OutlineFigures(np.zeros(0), np.zeros(0, bool), math.nan),
    ]
    clip = LookalikeFate("surgical_clip", named=True, called=False)
    images = [
        Image(str(n), replace(SECOND, outlines=one, lookalikes=(clip,))) for n, one in enumerate(outlines)
    ]
    figures = figures_of(images)
    assert {name: round(one.value, 3) for name, one in figures.outlines.items()} == {
        "hits": 0.65,
        "all": 0.433,
        "foreground": 0.45,
    }
    assert figures.lookalikes == {"surgical_clip": (3, 3, 0)}


def test_a_shift_is_compared_on_the_same_calcifications() -> None:
    """Of two visible before one is hidden after: half is lost, of those visible in both nothing."""
    after = located([0.9, 0.8], [Fate.HIT, Fate.FALSE], [0.9, -1, -1], [30, 3, 2])
    shift = shift_figures("dose", "dose", [Image("a", FIRST)], [Image("a", after)])
    assert (shift.count, shift.sensitivity.value, shift.loss.value) == (2, 0.5, 50.0)
    assert (shift.both_count, shift.both_loss.value) == (1, 0.0)
    assert shift.kept_threshold == (0.5, 0.1)
    run_together = replace(after, apart_px=np.full(3, 2.9))
    shift = shift_figures("dose", "dose", [Image("a", FIRST)], [Image("a", run_together)])
    assert (shift.count, shift.both_count) == (2, 0)
    with pytest.raises(ValueError, match="not of the patients"):
        shift_figures("dose", "dose", [Image("a", FIRST)], [Image("b", after)])
