"""The training of shapes, on very few phantoms; needs the extra ``train``."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason='needs torch: pip install "calcwatch[train]"')
pytest.importorskip("onnx", reason='needs onnx: pip install "calcwatch[train]"')

from calcwatch.models.cards import MORPHOLOGY, read_card
from calcwatch_lab.train.settings import FitSettings
from calcwatch_lab.train.shapes.run import train_shapes
from calcwatch_lab.train.shapes.settings import ShapeTraining


def test_a_small_training_writes_both_networks_and_their_card(tmp_path: Path) -> None:
    """Ten phantoms and one epoch: the files are there, and the card says that no real image was used."""
    told: list[str] = []
    card = train_shapes(
        ShapeTraining(scenes=12, patch_network=FitSettings(rounds=1)),
        (),
        tmp_path / "model",
        workers=2,
        report=told.append,
        on_done=lambda done, total: None,
    )
    assert {file.name for file in (tmp_path / "model").iterdir()} == set(MORPHOLOGY.files)
    assert card["trained_on"] == []
    assert card["real_share"] == 0.0
    assert read_card(tmp_path / "model", MORPHOLOGY) == card
    assert any("epoch 1 of 1" in line for line in told)
