"""The training itself, on very few phantoms; needs the extra ``train``."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason='needs torch: pip install "calcwatch[train]"')

from calcwatch.models.cards import DETECTOR, read_card
from calcwatch.models.learned import learned_detector
from calcwatch_lab.labels import LabeledImage
from calcwatch_lab.train.detector.run import split_by_patient, train_detector
from calcwatch_lab.train.detector.settings import DetectorTraining
from calcwatch_lab.train.settings import FitSettings


def test_a_small_training_gives_a_model_that_runs(tmp_path: Path) -> None:
    """Two dozen phantoms and one epoch make a model that loads and finds something in its kind."""
    settings = DetectorTraining(
        patch_scenes=16,
        context_scenes=8,
        candidates=300,
        shipped_candidates=200,
        patch_network=FitSettings(rounds=1),
    )
    told: list[str] = []
    card = train_detector(
        settings, (), tmp_path / "model", workers=2, report=told.append, on_done=lambda done, total: None
    )
    assert card["trained_on"] == []
    assert read_card(tmp_path / "model", DETECTOR) == card
    learned_detector(tmp_path / "model")
    assert any("epoch 1 of 1" in line for line in told)


def test_no_woman_is_in_both_parts() -> None:
    """Backgrounds are split by woman, and a fifth of them goes to the second network."""
    some = [LabeledImage(path=Path(f"{n}.png"), patient=f"W{n // 2}") for n in range(20)]
    first, second = split_by_patient(some, 0.2)
    assert {image.patient for image in first}.isdisjoint({image.patient for image in second})
    assert len({image.patient for image in second}) == 2
    assert len(first) + len(second) == 20
    assert list(split_by_patient(some, 0.0)[0]) == some
