"""The training itself, on very few phantoms; needs the extra ``train``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason='needs torch: pip install "calcwatch[train]"')

from calcwatch.models.cards import DETECTOR, card_entries, read_card
from calcwatch.models.learned import learned_detector
from calcwatch_lab.train.detector.run import split_by_patient, train_detector
from calcwatch_lab.train.detector.settings import read_settings


def test_a_small_training_gives_a_model_that_runs(tmp_path: Path) -> None:
    """Two dozen phantoms and one epoch make a model that loads and finds something in its kind."""
    settings = replace(read_settings(), learn=16, weigh=8, epochs=1, candidates=300, shipped_candidates=200)
    told: list[str] = []
    card = train_detector(
        settings, (), tmp_path / "model", workers=2, report=told.append, on_done=lambda done, total: None
    )
    assert card["trained_on"] == []
    assert read_card(tmp_path / "model", DETECTOR) == card | card_entries(DETECTOR)
    learned_detector(tmp_path / "model")
    assert any("epoch 1 of 1" in line for line in told)


def test_no_woman_is_in_both_parts() -> None:
    """Backgrounds are split by woman, and a fifth of them goes to the second network."""
    from calcwatch.domain.image import GivenAttributes
    from calcwatch_lab.train.detector.backgrounds import Background

    some = [Background(Path(f"{n}.png"), GivenAttributes(patient_id=f"W{n // 2}"), ()) for n in range(20)]
    first, second = split_by_patient(some, 0.2)
    assert {one.patient for one in first}.isdisjoint({one.patient for one in second})
    assert len({one.patient for one in second}) == 2
    assert len(first) + len(second) == 20
    assert list(split_by_patient(some, 0.0)[0]) == some
