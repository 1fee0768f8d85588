"""The shipped describer: whole, small, and refused with a clear word when a part of it is not."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.models.cards import DISTRIBUTION, MORPHOLOGY, NOT_A_CALCIFICATION, SHIPPED, SUSPICION, BadModel
from calcwatch.models.learned import (
    description_hash,
    learned_describer,
    named_describer,
    suspicion_model,
    suspicion_sources,
)

FILES = (*MORPHOLOGY.files, *DISTRIBUTION.files, SUSPICION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped describer."""
    for name in FILES:
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def test_everything_learned_fits_into_a_wheel() -> None:
    """All models together stay below 8 MB."""
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 8e6


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """Each file is needed, and its name is told."""
    (folder / name).unlink()
    with pytest.raises(BadModel, match=name):
        learned_describer(folder)


def without(tree: dict[str, Any], *path: str) -> None:
    for name in path[:-1]:
        tree = tree[name]
    del tree[path[-1]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: without(tree, "curve", "slope"),
        lambda tree: without(tree, "shape_odds", "rim"),
        lambda tree: without(tree, "distribution_odds", "linear"),
        lambda tree: tree["shape_odds"].update(star=1.0),
        lambda tree: tree["curve"].update(slope="steep"),
        lambda tree: tree["reference"]["deciles"].reverse(),
        lambda tree: tree["reference"]["deciles"].pop(),
    ],
)
def test_spoiled_numbers_of_suspicion_are_refused(
    folder: Path, spoil: Callable[[dict[str, Any]], object]
) -> None:
    """A missing, an unknown and a senseless number are refused with the name of the file."""
    tree = json.loads((folder / SUSPICION).read_text())
    spoil(tree)
    (folder / SUSPICION).write_text(json.dumps(tree))
    with pytest.raises(BadModel, match=SUSPICION):
        suspicion_model(folder)


def test_the_hash_covers_every_part(folder: Path) -> None:
    """A result tells by it which weights and which numbers made it."""
    assert description_hash(folder) == description_hash() == named_describer().digest
    (folder / SUSPICION).write_text((folder / SUSPICION).read_text() + "\n")
    assert description_hash(folder) != description_hash()


def test_the_describer_travels() -> None:
    """It goes to other processes as a name of a folder."""
    assert len(pickle.dumps(learned_describer())) < 1000


def test_the_shipped_files_say_where_they_come_from() -> None:
    """Classes in the order of the outputs; suspicion names images, reference and the area left out."""
    card = json.loads((SHIPPED / MORPHOLOGY.card).read_text())
    assert card["classes"] == [*(shape.value for shape in MORPHOLOGY_CLASSES), NOT_A_CALCIFICATION]
    assert card["trained_on"]
    source, left_out, reference = suspicion_sources()
    assert "INbreast" in source
    assert left_out is not None
    assert 0.5 < left_out < 1
    assert "phantom" in reference


def test_suspicion_follows_the_description() -> None:
    """The shipped slope is positive and the shipped deciles are all different."""
    model = suspicion_model()
    assert model.slope > 0
    assert len(set(model.deciles)) == 9
