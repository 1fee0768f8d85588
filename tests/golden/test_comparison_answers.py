"""Stored answers of registration, matching and changes: whoever changes a number must mean to.

When a change is meant, raise ``ANALYSIS_VERSION``, run ``python -m tests.golden.test_comparison_answers`` in
the folder of the project to store the new answers, and say in the change log what changed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import calcwatch
from calcwatch.comparison.compare import compare_exams
from calcwatch.comparison.match import match_calcifications, points_of
from calcwatch.comparison.register import align, error_at, inside, to_current, to_prior
from calcwatch.domain.change import Change
from calcwatch.domain.findings import ANALYSIS_VERSION, ImageFindings
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_prior_and_current
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, PlannedChange
from calcwatch.phantom.truth import PhantomImage
from tests.image.pictures import mammogram_of

STORED = Path(__file__).with_name("comparison_answers.json")
SETTINGS = PhantomSettings(
    field_mm=(120, 90),
    pixel_spacing_mm=0.1,
    breast_density="b",
    non_lesions=(),
    groups=(
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=10, density=2.0),
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, count=8, density=2.0, change=PlannedChange.NEW),
    ),
)
DATES = ("20230110", "20240115")
PLACES_MM = np.array([(row, column) for row in (30.0, 45.0, 60.0) for column in (10.0, 25.0, 40.0)])
"""Places of the current crop at which the registration is looked up."""


def findings(image: PhantomImage, date: str) -> ImageFindings:
    """What is found in a phantom image of a day."""
    mammogram = mammogram_of((image.stored / image.stored.max()).astype(np.float32))
    description = replace(
        mammogram.description,
        sha256=f"{date[-1]}" * 64,
        study_date=date,
        image_laterality=image.laterality,
        view_position=image.view_position,
    )
    return calcwatch.analyze_image(replace(mammogram, description=description))


@cache
def answers() -> dict[str, Any]:
    """The answer of each stage on two examinations of one phantom, as plain numbers."""
    days = make_prior_and_current(2, settings=SETTINGS)
    prior, current = (findings(day.images[0], date) for day, date in zip(days, DATES, strict=True))
    prior_points, points = points_of(prior), points_of(current)
    registration = align(prior_points.tissue_map, points.tissue_map)
    matched = match_calcifications(registration, prior_points, points)
    corrected = matched.registration
    comparison = compare_exams([prior], [current])
    (pair,) = comparison.pairs
    return {
        "analysis_version": ANALYSIS_VERSION,
        "worth": [
            registration.local_correlation,
            registration.overlap,
            registration.inverse_consistency_error,
            float(np.median(registration.error[registration.current.mask > 0])),
        ],
        "register": to_prior(registration, PLACES_MM).tolist(),
        "invert": to_current(registration, PLACES_MM).tolist(),
        "error": error_at(registration, PLACES_MM).tolist(),
        "inside": inside(registration.prior, to_prior(registration, PLACES_MM)).astype(int).tolist(),
        "correct": to_prior(corrected, PLACES_MM).tolist(),
        "match": [matched.current.tolist(), matched.prior.tolist()],
        "probability": matched.probability.tolist(),
        "distance": matched.distance.tolist(),
        "pair": [pair.local_correlation, pair.overlap, pair.error_mm, pair.interval_months],
        "changes": [numbers_of(change) for change in comparison.changes],
        "kinds": [change.kind.value for change in comparison.changes],
        "reasons": [list(change.reasons) for change in comparison.changes],
    }


def numbers_of(change: Change) -> list[float]:
    """What is measured of a change, -1 where it is not known."""
    values = (
        *(change.place or (None, None)),
        *(change.prior_place or (None, None)),
        *(change.matched, change.new, change.gone, change.not_assessable, change.size_ratio, change.error_mm),
        *(
            value
            for measured in (change.prior, change.current)
            for value in (measured.count, measured.subthreshold, measured.extent_mm, measured.diameter_mm)
        ),
    )
    return [-1.0 if value is None else float(value) for value in values]


@pytest.mark.parametrize(
    ("stage", "relative", "absolute"),
    [
        ("worth", 2e-2, 1e-2),
        ("register", 0.0, 0.1),
        ("invert", 0.0, 0.1),
        ("error", 5e-2, 0.05),
        ("inside", 0.0, 0.0),
        ("correct", 0.0, 0.1),
        ("match", 0.0, 0.0),
        ("probability", 5e-2, 1e-2),
        ("distance", 0.0, 0.05),
        ("pair", 5e-2, 1e-2),
        ("changes", 5e-2, 0.05),
    ],
)
def test_a_stage_of_a_comparison_answers_as_it_did(stage: str, relative: float, absolute: float) -> None:
    """The stored answer, within a tolerance that another build of the libraries may need."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert np.shape(answers()[stage]) == np.shape(stored[stage])
    np.testing.assert_allclose(answers()[stage], stored[stage], rtol=relative, atol=absolute)


@pytest.mark.parametrize("stage", ["kinds", "reasons"])
def test_what_is_said_of_a_group_is_as_it_was(stage: str) -> None:
    """The same words for the same groups, in the same order."""
    assert answers()[stage] == json.loads(STORED.read_text(encoding="utf-8"))[stage]


def test_the_stored_comparison_is_of_this_analysis_version() -> None:
    """New answers come with a new analysis version."""
    assert json.loads(STORED.read_text(encoding="utf-8"))["analysis_version"] == ANALYSIS_VERSION


if __name__ == "__main__":
    STORED.write_text(json.dumps(answers(), indent=1) + "\n", encoding="utf-8")
