"""Confusion matrices and F1 worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch_lab.bench.statistics.confusion import Answer, confusion, f1_of

CLASSES = ("round", "rim", "amorphous")


def answers(*pairs: tuple[str, str | None]) -> list[Answer]:
    return [Answer(true, said, f"image {number % 2}") for number, (true, said) in enumerate(pairs)]


def test_counts_and_f1_are_those_worked_out_by_hand() -> None:
    """Two of three round and the one rim are right; one round was called rim."""
    told = confusion(
        answers(("round", "round"), ("round", "round"), ("round", "rim"), ("rim", "rim")), CLASSES
    )
    assert told.counts.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert told.f1 == {"round": pytest.approx(0.8), "rim": pytest.approx(2 / 3)}
    assert told.macro_f1.value == pytest.approx((0.8 + 2 / 3) / 2)
    assert told.macro_f1.low <= told.macro_f1.value <= told.macro_f1.high
    assert told.accuracy == 0.75


def test_cannot_tell_is_no_right_answer() -> None:
    """A finding that was not told counts against its class and against no other."""
    told = confusion(answers(("round", None), ("round", "round"), ("rim", "rim")), CLASSES)
    assert told.counts[0].tolist() == [1, 0, 0, 1]
    assert told.f1["round"] == pytest.approx(2 / 3)
    assert told.f1["rim"] == 1.0
    assert told.told == pytest.approx(2 / 3)


def test_a_class_that_never_occurs_has_no_f1() -> None:
    """Only classes with a true finding count in the mean."""
    scores = f1_of(np.array([[1, 0, 0], [0, 0, 0]]))
    assert scores[0] == 1.0
    assert np.isnan(scores[1])


def test_nothing_to_compare_is_refused() -> None:
    """Without answers there is no figure."""
    with pytest.raises(ValueError, match="nothing to compare"):
        confusion([], CLASSES)
