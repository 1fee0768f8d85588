"""Figures of a few images whose answers are plain."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from calcwatch_lab.bench.detection.evaluate import EvaluatedImage, LookalikeResult, OutlineOverlaps
from calcwatch_lab.bench.detection.figures import (
    DETECTABILITY_EDGES,
    FALSE_GROUPS,
    GROUPED,
    LABELED,
    LOCATED,
    figures_of,
    gain,
    shift_figures,
)
from calcwatch_lab.bench.statistics.matching import MarkClass, ScoredMarks


def scored(scores: list[float], classes: list[MarkClass], true: list[float]) -> ScoredMarks:
    """Marks written by hand."""
    return ScoredMarks(np.array(scores, np.float64), np.array(classes, np.int8), np.array(true, np.float64))


def located(
    scores: list[float],
    classes: list[MarkClass],
    true: list[float],
    strength: list[float],
    *,
    apart: float = 9.0,
) -> EvaluatedImage:
    """One image of 10 cm2 with located calcifications."""
    return EvaluatedImage(
        patient="",
        breast_cm2=10.0,
        highest=max(scores, default=0.0),
        reported_count=sum(score >= 0.5 for score in scores),
        unseen_count=0,
        positive=bool(true),
        corrected=None,
        marks=scored(scores, classes, true),
        reported=scored(
            [score for score in scores if score >= 0.5],
            [own for own, score in zip(classes, scores, strict=True) if score >= 0.5],
            [score if score >= 0.5 else -1 for score in true],
        ),
        detectability=np.array(strength, np.float64),
        apart_px=np.full(len(true), apart),
        names=tuple("abcdef"[: len(true)]),
    )


def of(patient: str, image: EvaluatedImage) -> EvaluatedImage:
    """The image as one of a patient."""
    return replace(image, patient=patient)


FIRST = located(
    [0.9, 0.8, 0.3],
    [MarkClass.MATCHED, MarkClass.FALSE_POSITIVE, MarkClass.MATCHED],
    [0.9, 0.3, -1],
    [40, 8, 2],
)
SECOND = located([0.7, 0.6], [MarkClass.DUPLICATE, MarkClass.LOOKALIKE], [], [])


def test_marks_by_hand() -> None:
    """Of three calcifications, two visible: one found with no false mark, two with one a 10 cm2."""
    figures = figures_of([of("a", FIRST), of("b", SECOND)])
    assert (figures.kind, figures.images, figures.positive, figures.patients) == (LOCATED, 2, 1, 2)
    assert figures.breast_cm2 == 20.0
    marks = figures.marks
    assert marks is not None
    assert marks.count == {"all": 3, "visible": 2}
    assert [rate.value for rate in marks.per_cm2["all"]] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert [rate.value for rate in marks.per_cm2["visible"]] == [0.5, 1.0, 1.0]
    assert [rate.value for rate in marks.per_image["visible"]][:2] == [0.5, 1.0]
    reported = {name: rate.value for name, rate in marks.reported.items()}
    assert reported["sensitivity"] == 0.5
    assert reported["false per cm2"] == pytest.approx(0.15)
    assert reported["false per image"] == 1.5
    assert (reported["again per image"], reported["lookalike per image"]) == (0.5, 0.5)


def test_a_gain_is_a_difference() -> None:
    """A detector that finds one of two where another finds both loses half, for certain with one patient."""
    worse = located([0.9, 0.8], [MarkClass.MATCHED, MarkClass.FALSE_POSITIVE], [0.9, -1, -1], [40, 8, 2])
    found = gain([of("a", worse)], [of("a", FIRST)])
    assert (found.value, found.low, found.high) == (-0.5, -0.5, -0.5)


def test_detectability_by_hand() -> None:
    """At 0.4 false a cm2 everything found counts: the one below 5 is missed, those at 8 and 40 are found."""
    marks = figures_of([of("a", FIRST), of("b", SECOND)]).marks
    assert marks is not None
    bins = dict(zip(DETECTABILITY_EDGES, marks.by_detectability, strict=False))
    assert {edge: (count, share.value) for edge, (count, share) in bins.items() if count} == {
        0.0: (1, 0.0),
        7.0: (1, 1.0),
        25.0: (1, 1.0),
    }


def test_calibration_leaves_ignored_marks_out() -> None:
    """Three of five marks lie on calcifications, one a second time; an ignored sixth changes nothing."""
    ignored = located([0.95], [MarkClass.IGNORED], [], [])
    images = [of("a", FIRST), of("b", SECOND)]
    plain, more = figures_of(images).calibration, figures_of([*images, of("c", ignored)]).calibration
    assert plain is not None
    assert more is not None
    assert (plain.marks, plain.real) == (more.marks, more.real) == (5, 3)
    expected = (0.1**2 + 0.8**2 + 0.7**2 + 0.3**2 + 0.6**2) / 5
    assert plain.brier == more.brier == pytest.approx(expected)


def labeled(
    highest: float, positive: bool, corrected: bool | None, reported: int, unseen: int
) -> EvaluatedImage:
    """One image of which only a label is known."""
    return EvaluatedImage(
        patient="",
        breast_cm2=10.0,
        highest=highest,
        reported_count=reported,
        unseen_count=unseen,
        positive=positive,
        corrected=corrected,
    )


def test_labels_and_corrected_labels() -> None:
    """A high score on an image labeled 0 spoils the area; corrected to 1 it does not, in doubt it is out."""
    images = [
        of("a", labeled(0.9, True, True, 5, 5)),
        of("b", labeled(0.95, False, True, 4, 1)),
        of("c", labeled(0.2, False, False, 0, 0)),
        of("d", labeled(0.99, False, None, 2, 2)),
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
    given = [replace(image, corrected=None) for image in images]
    assert figures_of(given).corrected_area is None
    assert (figures_of(given).unseen_on_negative, figures_of(given).marks_on_corrected) == (None, None)


def test_groups_count_false_ones_on_normal_images() -> None:
    """Of two clusters one scores above the false group of two normal images, the other below it."""
    hit = scored([0.9], [MarkClass.MATCHED], [0.9])
    weak = scored([0.2, 0.7], [MarkClass.MATCHED, MarkClass.IGNORED], [0.2])
    normal = scored([0.5], [MarkClass.FALSE_POSITIVE], [])
    nothing = scored([], [], [])
    images = [
        of(
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
    assert dict(zip(FALSE_GROUPS, (rate.value for rate in loose.at_rates), strict=True)) == {
        0.1: 0.5,
        0.21: 0.5,
        0.5: 1.0,
        1.0: 1.0,
        2.0: 1.0,
    }


def test_outlines_and_lookalikes_are_pooled() -> None:
    """Means over objects and over images; counts of each kind of look-alike."""
    outlines = [
        OutlineOverlaps(np.array([0.5, 0.0]), np.array([True, False]), 0.3),
        OutlineOverlaps(np.array([0.8]), np.array([True]), 0.6),
        OutlineOverlaps(np.zeros(0), np.zeros(0, bool), math.nan),
    ]
    clip = LookalikeResult("surgical_clip", named=True, called=False)
    images = [of(str(n), replace(SECOND, outlines=own, lookalikes=(clip,))) for n, own in enumerate(outlines)]
    figures = figures_of(images)
    assert {name: round(mean.value, 3) for name, mean in figures.outlines.items()} == {
        "hits": 0.65,
        "all": 0.433,
        "foreground": 0.45,
    }
    assert figures.lookalikes == {"surgical_clip": (3, 3, 0)}


def test_a_shift_is_compared_on_the_same_calcifications() -> None:
    """Of two visible before one is hidden after: half is lost, of those visible in both nothing."""
    after = located([0.9, 0.8], [MarkClass.MATCHED, MarkClass.FALSE_POSITIVE], [0.9, -1, -1], [30, 3, 2])
    shift = shift_figures("dose", "dose", [of("a", FIRST)], [of("a", after)])
    assert (shift.count, shift.sensitivity.value, shift.loss.value) == (2, 0.5, 50.0)
    assert (shift.both_count, shift.both_loss.value) == (1, 0.0)
    assert shift.kept_threshold == (0.5, 0.1)
    run_together = replace(after, apart_px=np.full(3, 2.9))
    shift = shift_figures("dose", "dose", [of("a", FIRST)], [of("a", run_together)])
    assert (shift.count, shift.both_count) == (2, 0)
    with pytest.raises(ValueError, match="not of the patients"):
        shift_figures("dose", "dose", [of("a", FIRST)], [of("b", after)])
