"""Confusion matrices and F1 worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch_lab.bench.statistics.confusion import Classified, confusion, f1_of

CLASSES = ("round", "rim", "amorphous")


def findings(*pairs: tuple[str, str | None]) -> list[Classified]:
    return [
        Classified(true, predicted, f"image {number % 2}") for number, (true, predicted) in enumerate(pairs)
    ]


def test_counts_and_f1_are_those_worked_out_by_hand() -> None:
    """Two of three round and the one rim are right; one round was called rim."""
    matrix = confusion(
        findings(("round", "round"), ("round", "round"), ("round", "rim"), ("rim", "rim")), CLASSES
    )
    assert matrix.counts.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert matrix.f1 == {"round": pytest.approx(0.8), "rim": pytest.approx(2 / 3)}
    assert matrix.macro_f1.value == pytest.approx((0.8 + 2 / 3) / 2)
    assert matrix.macro_f1.low <= matrix.macro_f1.value <= matrix.macro_f1.high
    assert matrix.accuracy == 0.75


def test_cannot_tell_is_no_right_answer() -> None:
    """A finding that was not told counts against its class and against no other."""
    matrix = confusion(findings(("round", None), ("round", "round"), ("rim", "rim")), CLASSES)
    assert matrix.counts[0].tolist() == [1, 0, 0, 1]
    assert matrix.f1["round"] == pytest.approx(2 / 3)
    assert matrix.f1["rim"] == 1.0
    assert matrix.share_classified == pytest.approx(2 / 3)


def test_a_class_that_never_occurs_has_no_f1() -> None:
    """Only classes with a true finding count in the mean."""
    scores = f1_of(np.array([[1, 0, 0], [0, 0, 0]]))
    assert scores[0] == 1.0
    assert np.isnan(scores[1])


def test_nothing_to_compare_is_refused() -> None:
    """Without answers there is no figure."""
    with pytest.raises(ValueError, match="nothing to compare"):
        confusion([], CLASSES)
