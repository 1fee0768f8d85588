"""What was asked and whether a figure reaches it."""

from __future__ import annotations

import math
from dataclasses import replace

from calcwatch_lab.bench.detection.evidence import Evidence
from calcwatch_lab.bench.detection.figures import LABELED, DataSetFigures, ShiftFigures
from calcwatch_lab.bench.detection.run import CLASSICAL
from calcwatch_lab.bench.detection.targets import Target, targets_of
from calcwatch_lab.bench.statistics.intervals import Estimate
from calcwatch_lab.bench.truth.phantoms import LOOKALIKES

LABELS = DataSetFigures(
    kind=LABELED,
    images=4,
    positive=2,
    patients=4,
    breast_cm2=400.0,
    image_area=Estimate(0.93, 0.8, 0.99),
    marks_on_corrected=Estimate(0.6),
)


def evidence(data_sets: dict[str, DataSetFigures], shifts: tuple[ShiftFigures, ...] = ()) -> Evidence:
    """What one contender reached."""
    return Evidence(
        contenders=(CLASSICAL,),
        data_sets={name: {"classical": figures} for name, figures in data_sets.items()},
        gains={},
        shifts={"classical": shifts} if shifts else {},
        refused={},
        left_out={},
    )


def shift(name: str, kind: str, loss: float) -> ShiftFigures:
    """A shift that loses some points."""
    return ShiftFigures(name, kind, 9, Estimate(0.8), Estimate(loss), 9, Estimate(loss), (0.8, 0.4))


def test_targets_of_labeled_images() -> None:
    """One area and the marks that are none; what the labels do not tell is no target."""
    targets = list(targets_of(evidence({"archive": LABELS})))
    assert [(target.words, target.is_met("classical")) for target in targets] == [
        ("images told apart (AUC), labels as given", True),
        ("marks an image that are no calcification", False),
    ]


def test_metal_is_told_where_there_is_enough() -> None:
    """Of ten clips and ten wires 19 named is 0.95, one called is too many; powder does not count."""
    counts = {
        "surgical_clip": (10, 10, 0),
        "wire_or_suture": (10, 9, 1),
        "deodorant_or_powder": (10, 0, 10),
    }
    figures = replace(LABELS, lookalikes=counts)
    targets = {target.words: target for target in targets_of(evidence({LOOKALIKES: figures}))}
    assert set(targets) == {"metal named", "metal called a calcification"}
    assert targets["metal named"].reached["classical"].value == 0.95
    assert targets["metal named"].is_met("classical")
    assert not targets["metal called a calcification"].is_met("classical")


def test_the_worst_shift_that_was_asked_for_counts() -> None:
    """Film loses most but was not asked for; half the dose loses 4 points, which is within 5."""
    shifts = (shift("film", "film", 20), shift("half the dose", "dose", 4), shift("8 bits", "window", -1))
    (target,) = targets_of(evidence({}, shifts))
    assert (target.reached["classical"].value, target.is_met("classical")) == (4, True)


def test_limits_include_themselves() -> None:
    """Exactly the limit is reached; what cannot be told is not."""
    for value, at_least, met in (
        (0.5, True, True),
        (0.5, False, True),
        (0.4, True, False),
        (math.nan, True, False),
    ):
        assert Target("set", "words", 0.5, at_least, {"one": Estimate(value)}).is_met("one") is met
