"""Suspicion: what it follows from, and the score made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.findings import Calcification, MorphologyDescription
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe import suspicion
from calcwatch.image.describe.suspicion import (
    SuspicionModel,
    expected_share,
    score_of,
    suspicion_of_single,
)

MODEL = SuspicionModel(
    shape_odds={shape: 1.0 if shape is Morphology.FINE_LINEAR else 0.1 for shape in Morphology},
    distribution_odds={layout: 2.0 if layout is Distribution.LINEAR else 1.0 for layout in Distribution},
    deciles=tuple(0.1 * number for number in range(1, 10)),
)


def test_the_expected_share_is_averaged_over_what_it_may_be() -> None:
    """Half fine linear and half round in a group: the mean of both shares."""
    shapes = {Morphology.FINE_LINEAR: 0.5, Morphology.ROUND: 0.5}
    share = expected_share(shapes, {Distribution.GROUPED: 1.0}, MODEL)
    assert share == pytest.approx(0.5 * 0.5 + 0.5 * 0.1 / 1.1)


def test_a_worse_distribution_raises_the_share() -> None:
    """A line doubles the odds."""
    shapes = {Morphology.ROUND: 1.0}
    share = expected_share(shapes, {Distribution.LINEAR: 1.0}, MODEL)
    assert share == pytest.approx(0.2 / 1.2)


def single(morphology: MorphologyDescription | None) -> Calcification:
    return Calcification("1", 0, 0, 0.9, 5, 0.1, 20, 30, 1, 0.5, 0.01, 0.2, (), morphology=morphology)


def test_a_single_fine_line_is_more_suspicious_than_a_round_speck() -> None:
    """Alone, shape decides; what was not described is not suspicious."""
    line = single(MorphologyDescription(((Morphology.FINE_LINEAR, 1.0),)))
    speck = single(MorphologyDescription(((Morphology.ROUND, 1.0),)))
    assert suspicion_of_single(line, MODEL) > suspicion_of_single(speck, MODEL) > 0
    assert suspicion_of_single(single(None), MODEL) == 0.0


def test_what_may_be_nothing_is_as_much_less_suspicious() -> None:
    """Half the belief that it is real is half the suspicion."""
    sure = single(MorphologyDescription(((Morphology.FINE_LINEAR, 1.0),)))
    doubtful = replace(sure, score=sure.score / 2)
    assert suspicion_of_single(doubtful, MODEL) == pytest.approx(suspicion_of_single(sure, MODEL) / 2)


def test_the_score_is_a_decile_and_never_falls_with_suspicion() -> None:
    """Scores run from 1 to 10 with suspicion."""
    scores = [score_of(suspicion, MODEL.deciles) for suspicion in np.linspace(0, 1, 101)]
    assert scores == sorted(scores)
    assert (scores[0], scores[-1]) == (1, 10)
    assert score_of(0.25, MODEL.deciles) == 3


@pytest.mark.parametrize("deciles", [(0.1, 0.2), tuple(np.linspace(0.9, 0.1, 9))])
def test_deciles_must_be_nine_and_rise(deciles: tuple[float, ...]) -> None:
    """Fewer, or falling ones, are refused."""
    with pytest.raises(ValueError, match="nine numbers"):
        replace(MODEL, deciles=deciles)


def test_a_model_must_know_every_shape_and_distribution() -> None:
    """A shape or distribution without odds is refused by name."""
    with pytest.raises(ValueError, match="shape_odds lacks amorphous"):
        replace(MODEL, shape_odds={s: 1.0 for s in Morphology if s is not Morphology.AMORPHOUS})
    with pytest.raises(ValueError, match="distribution_odds lacks single"):
        replace(MODEL, distribution_odds={d: 1.0 for d in Distribution if d is not Distribution.SINGLE})


def test_a_shape_that_no_model_tells_needs_no_odds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of the lexicon that the networks have not learned can be left out of the odds."""
    told = tuple(shape for shape in Morphology if shape is not Morphology.AMORPHOUS)
    monkeypatch.setattr(suspicion, "MORPHOLOGY_CLASSES", told)
    odds: dict[Morphology, float] = dict.fromkeys(told, 1.0)
    assert replace(MODEL, shape_odds=odds).shape_odds == odds
