"""The shipped describer: whole, small, and refused with a clear word when a part of it is not."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.cards import (
    DISTRIBUTION,
    KINDS,
    MORPHOLOGY,
    NOT_A_CALCIFICATION,
    SHIPPED,
    SUSPICION,
    BadModel,
)
from calcwatch.models.learned import (
    description_hash,
    kind_model,
    learned_describer,
    named_describer,
    suspicion_model,
    suspicion_sources,
)
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.image.pictures import mammogram_of

FILES = (*MORPHOLOGY.files, *DISTRIBUTION.files, SUSPICION, KINDS)


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
        lambda tree: without(tree, "shape_odds", "rim"),
        lambda tree: without(tree, "distribution_odds", "linear"),
        lambda tree: tree["shape_odds"].update(star=1.0),
        lambda tree: tree["shape_odds"].update(rim="many"),
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
    """Classes in the order of the outputs; suspicion names groups, women and the reference population."""
    card = json.loads((SHIPPED / MORPHOLOGY.card).read_text())
    assert card["classes"] == [*(shape.value for shape in MORPHOLOGY_CLASSES), NOT_A_CALCIFICATION]
    assert card["trained_on"]
    sources = suspicion_sources()
    assert "INbreast" in sources.groups
    assert sources.group_count > 0
    assert sources.women
    assert "INbreast" in sources.reference


def test_suspicion_rises_with_the_alarm() -> None:
    """The shipped calibration has a positive slope, and the shipped deciles are all different."""
    assert kind_model().slope > 0
    assert len(set(suspicion_model().deciles)) == 9


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tree: tree["features"].reverse(),
        lambda tree: tree["features"].pop(),
        lambda tree: tree["classes"].reverse(),
        lambda tree: without(tree, "beside"),
        lambda tree: without(tree, "calibration", "slope"),
        lambda tree: tree["alarm"].update(weights="heavy"),
        lambda tree: tree["calibration"].update(slope=-1.0),
        lambda tree: tree["calibration"].update(intercept=float("nan")),
        lambda tree: tree.update(alarm=tree["alone"]),
        lambda tree: tree.update(beside=tree["alone"]),
    ],
)
def test_kinds_of_other_features_are_refused(folder: Path, spoil: Callable[[dict[str, Any]], object]) -> None:
    """Weights for features or kinds in another order, and missing ones, are refused by the file's name."""
    tree = json.loads((folder / KINDS).read_text())
    spoil(tree)
    (folder / KINDS).write_text(json.dumps(tree))
    for read in (kind_model, named_describer):
        with pytest.raises(BadModel, match=KINDS):
            read(folder)


@pytest.mark.parametrize("content", ["", "[]", "null", "[" * 100_000, '{"groups": "many"}'])
def test_damaged_kinds_are_refused_by_every_reader(folder: Path, content: str) -> None:
    """When the model is named, and not at the first image or when a report says what it was fitted to."""
    (folder / KINDS).write_text(content)
    for read in (kind_model, named_describer, suspicion_sources):
        with pytest.raises(BadModel, match=KINDS):
            read(folder)


GROUPS = (
    GroupPlan(Morphology.FINE_LINEAR_BRANCHING, Distribution.LINEAR, count=9, density=2.0),
    GroupPlan(Morphology.PUNCTATE, Distribution.SINGLE, count=3, density=2.0),
)


def described(settings: AnalysisSettings) -> ImageFindings:
    """One phantom with a line of calcifications and a few beside it, found by the classical detector."""
    phantom_settings = PhantomSettings(
        field_mm=(120, 90), pixel_spacing_mm=0.1, non_lesions=(), groups=GROUPS
    )
    phantom = make_examination(40, settings=phantom_settings).images[0]
    gray = (phantom.stored / 4095).astype(np.float32)
    return analyze_image(mammogram_of(gray), settings=settings, describer=learned_describer())


@cache
def described_by_default() -> ImageFindings:
    """The same with default settings."""
    return described(AnalysisSettings())


def descriptions(findings: ImageFindings) -> str:
    """All that describes calcifications and groups, as text."""
    groups = [(group.morphology, group.distribution, group.suspicion) for group in findings.groups]
    return repr((groups, [(mark.shape, mark.morphology) for mark in findings.calcifications]))


def test_the_phantom_for_changed_settings_shows_a_group() -> None:
    """What the next test changes is there, and the same settings describe the same."""
    assert described_by_default().groups
    assert described_by_default().groups[0].suspicion is not None
    assert descriptions(described(AnalysisSettings())) == descriptions(described_by_default())


@pytest.mark.parametrize(
    ("stage", "changed"),
    [
        ("shape", {"field_of_view": 3.0}),
        ("shape", {"notch_share": 0.0, "min_notch_cells": 0.0}),
        ("shape_patches", {"near_mm": 0.16}),
        ("shape_patches", {"close_up_range": (0.0, 0.5)}),
        ("shape_patches", {"reference_length_mm": 1.0}),
        ("morphology", {"log_offset": 0.1}),
        ("morphology", {"layout_offset_mm": 1.0}),
        ("morphology", {"min_probability": 1.0}),
        ("distribution", {"reaches_mm": (1000.0, 2000.0)}),
        ("distribution", {"min_length_mm": 5.0}),
        ("patterns", {"spacing_neighbor": 1}),
        ("group_features", {"cell_mm": 1.0}),
        ("group_features", {"crowd_mm": 0.5}),
        ("kind", {"log_offset": 0.1}),
        ("kind", {"apart_suspicion": 0.0, "artery_reach_mm": 1.0}),
    ],
)
def test_a_changed_setting_changes_the_description(stage: str, changed: dict[str, Any]) -> None:
    """The settings of an analysis reach every stage of the description, through the learned describer."""
    defaults = AnalysisSettings()
    settings = replace(defaults, **{stage: replace(getattr(defaults, stage), **changed)})
    found = described(settings)
    assert [mark.outline for mark in found.calcifications] == [
        mark.outline for mark in described_by_default().calcifications
    ]
    assert descriptions(found) != descriptions(described_by_default())
