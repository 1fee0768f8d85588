"""What the bench of shapes says of a phantom, and of findings made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from calcwatch.domain.findings import ImageFindings, MorphologyDescription
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.truth import CalcificationTruth
from calcwatch_lab.bench.description.morphology import TELLABLE_SHAPES, compare_shapes, measure_shapes
from tests.formats.result.examples import calcification, findings

SETTINGS = PhantomSettings(
    field_mm=(120, 90),
    pixel_spacing_mm=0.1,
    views=PhantomSettings().views[:1],
    groups=(
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=4),
        GroupPlan(Morphology.RIM, Distribution.SINGLE),
    ),
)


@cache
def truth() -> tuple[CalcificationTruth, ...]:
    return make_examination(5, settings=SETTINGS).images[0].truth.calcifications


def described(shape: Morphology) -> MorphologyDescription:
    return MorphologyDescription(((shape, 0.9), (Morphology.SUTURE, 0.1)))


def marked(shape: Morphology, *, shift: float = 0.0, only: str = "") -> ImageFindings:
    """A mark at each true place, or beside it, all told to have one shape."""
    marks = [
        replace(calcification(f"m{n}", true.row + shift, true.column, 0.9, 0.1), morphology=described(shape))
        for n, true in enumerate(truth())
        if true.morphology.value.startswith(only)
    ]
    return replace(findings(), calcifications=tuple(marks), groups=())


def test_marks_are_judged_by_what_they_lie_on() -> None:
    """All called round: the round ones are right, the rim is not."""
    found = compare_shapes(truth(), marked(Morphology.ROUND), spacing_mm=0.1, name="p")
    assert len(found["calcifications"]) == len(truth())
    assert {own.predicted for own in found["calcifications"]} == {"round"}
    assert sorted({own.true for own in found["planned"]}) == ["rim", "round"]
    assert found["missed"] == ()


def test_what_was_not_found_is_missed_and_what_lies_beside_counts_for_nothing() -> None:
    """Without a mark on the rim one planned thing is missed; marks 30 mm away are on nothing."""
    found = compare_shapes(truth(), marked(Morphology.ROUND, only="round"), spacing_mm=0.1, name="p")
    assert [(own.true, own.predicted) for own in found["missed"]] == [("rim", None)]
    beside = compare_shapes(truth(), marked(Morphology.ROUND, shift=300), spacing_mm=0.1, name="p")
    assert (beside["calcifications"], beside["planned"], len(beside["missed"])) == ((), (), 2)


def test_phantoms_go_through_the_whole_analysis() -> None:
    """One phantom of four or five shapes is measured; what is asked is the shapes that one view can tell."""
    done: list[tuple[int, int]] = []
    found = measure_shapes(1, 0.14, workers=1, on_done=lambda *at: done.append(at))
    assert done[-1] == (1, 1)
    assert found["calcifications"]
    assert {own.true for own in found["calcifications"]} <= set(TELLABLE_SHAPES)
    assert len(found["planned"]) + len(found["missed"]) in (4, 5)
