"""Stored answers of the description: shapes, morphologies, distributions and suspicion in one phantom."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.image.describe.suspicion import suspicion_of_single
from calcwatch.models.learned import learned_describer, suspicion_model
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.golden.stored import Golden, difference
from tests.image.pictures import mammogram_of

SETTINGS = PhantomSettings(
    field_mm=(130, 100),
    pixel_spacing_mm=0.1,
    non_lesions=(),
    groups=(
        GroupPlan(Morphology.FINE_LINEAR_BRANCHING, Distribution.LINEAR, count=9, density=2.0),
        GroupPlan(Morphology.PUNCTATE, Distribution.GROUPED, count=8, density=2.0),
        GroupPlan(Morphology.RIM, Distribution.SINGLE, count=2, density=2.0),
    ),
)
SHAPE_FIELDS = (
    "length_mm",
    "width_mm",
    "roundness",
    "solidity",
    "edge_sharpness",
    "lucent_center",
    "branches",
)
"""Fields of a measured shape that are stored."""

MEASURED_FIELDS = (
    *("count", "extent_mm", "length_mm", "width_mm", "hull_area_mm2", "nearest_neighbor_mm"),
    *("nipple_angle_degrees", "breast_share"),
)
"""Fields of a measured distribution that are stored."""


@cache
def answers() -> dict[str, Any]:
    """How the classical detector's findings in one phantom are described, each from top to bottom."""
    phantom = make_examination(40, settings=SETTINGS).images[0]
    mammogram = mammogram_of((phantom.stored / 4095).astype(np.float32))
    # a true lateral, on which milk of calcium is described as well
    description = replace(mammogram.description, view_position=ViewPosition.ML)
    found = analyze_image(replace(mammogram, description=description), describer=learned_describer())
    calcifications = sorted(found.calcifications, key=lambda c: (c.row, c.column))
    groups = sorted(found.groups, key=lambda g: (g.row, g.column))
    model = suspicion_model()
    return {
        "shapes": [_fields(c.shape, SHAPE_FIELDS) for c in calcifications],
        "morphologies": [_in_order(c.morphology, MORPHOLOGY_CLASSES) for c in calcifications],
        "single suspicion": _rounded([suspicion_of_single(c, model) for c in calcifications]),
        "group morphologies": [_in_order(g.morphology, MORPHOLOGY_CLASSES) for g in groups],
        "distributions": [_in_order(g.distribution, DISTRIBUTION_CLASSES) for g in groups],
        "measured distributions": [
            _fields(g.distribution.measurements, MEASURED_FIELDS) for g in groups if g.distribution
        ],
        "group suspicion": _rounded([g.suspicion for g in groups]),
    }


def _rounded(numbers: Any) -> list[float]:
    return list(np.round(np.asarray(numbers, np.float64), 4).tolist())


def _fields(thing: Any, names: tuple[str, ...]) -> list[float]:
    return _rounded([getattr(thing, name) for name in names])


def _in_order(description: Any, classes: tuple[Any, ...]) -> list[float]:
    """Probabilities in the order of the network's outputs; 0 where none is given."""
    probabilities = dict(description.probabilities)
    return _rounded([probabilities.get(name, 0.0) for name in classes])


GOLDEN = Golden(
    Path(__file__).with_name("description_answers.json"),
    answers,
    {
        "shapes": (3e-2, 2e-2),
        "morphologies": (0.0, 0.03),
        "single suspicion": (0.0, 0.03),
        "group morphologies": (0.0, 0.03),
        "distributions": (0.0, 0.03),
        "measured distributions": (3e-2, 1e-2),
        "group suspicion": (0.0, 0.03),
    },
)


@pytest.mark.parametrize("answer", GOLDEN.tolerances)
def test_findings_are_described_as_they_were(answer: str) -> None:
    """The stored answer, within a tolerance that another build of the libraries may need."""
    assert difference(GOLDEN, answer) == ""


def test_the_phantom_shows_what_is_described() -> None:
    """Two groups and single calcifications: no stored answer is empty, and shapes differ."""
    assert all(len(answer) for answer in answers().values())
    assert len(answers()["distributions"]) == 2
    assert len(answers()["shapes"]) > sum(group[0] for group in answers()["measured distributions"])
    assert len({int(np.argmax(row)) for row in answers()["morphologies"]}) > 2
