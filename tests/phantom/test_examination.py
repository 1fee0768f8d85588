"""Whole examinations: the same bytes for a seed, every view, and two days of one breast."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_examination, make_prior_and_current
from calcwatch.phantom.settings import GroupPlan, PlannedChange
from calcwatch.phantom.truth import truth_json
from tests.phantom.views import SMALL, examine

FREE = replace(SMALL, groups=None, non_lesions=None)


def test_same_seed_same_bytes() -> None:
    """A seed made twice gives the same pixels and the same truth, noise and all."""
    first, second = make_examination(50, settings=FREE), make_examination(50, settings=FREE)
    assert [image.stored.tobytes() for image in first.images] == [
        image.stored.tobytes() for image in second.images
    ]
    assert truth_json(first) == truth_json(second)


def test_another_seed_is_another_breast() -> None:
    """Different seeds differ in patient, pixels and truth."""
    first, second = examine(50, FREE), examine(51, FREE)
    assert first.patient_id == "PHANTOM-0050"
    assert second.patient_id == "PHANTOM-0051"
    assert np.mean(first.images[0].stored != second.images[0].stored) > 0.2
    assert first.images[0].truth.breast_area_cm2 != second.images[0].truth.breast_area_cm2


def test_an_examination_has_every_breast_and_view_asked_for() -> None:
    """Both breasts in CC and MLO make four numbered images of one patient and day."""
    both = replace(SMALL, lateralities=(Laterality.RIGHT, Laterality.LEFT), study_date="20240229")
    images = examine(52, both).images
    assert [(image.laterality, image.view_position) for image in images] == [
        (side, view)
        for side in (Laterality.RIGHT, Laterality.LEFT)
        for view in (ViewPosition.CC, ViewPosition.MLO)
    ]
    assert [image.instance for image in images] == [1, 2, 3, 4]
    assert {(image.patient_id, image.study_date) for image in images} == {("PHANTOM-0052", "20240229")}
    assert {image.stored.shape for image in images} == {(1200, 900)}
    assert {image.stored.dtype for image in images} == {np.dtype(np.uint16)}
    assert max(int(image.stored.max()) for image in images) <= 4095


def test_truth_is_ready_for_json() -> None:
    """The truth survives JSON unchanged, uses the words of the findings and holds every image."""
    examination = examine(50, FREE)
    truth = truth_json(examination)
    assert json.loads(json.dumps(truth, allow_nan=False)) == truth
    assert [image["view_position"] for image in truth["images"]] == ["CC", "MLO"]
    assert truth["images"][0]["breast_area_cm2"] == pytest.approx(
        examination.images[0].truth.breast_area_cm2, abs=1e-5
    )
    first = truth["images"][0]["calcifications"][0]
    assert {"id", "group_id", "row", "column", "diameter_mm", "area_mm2", "contrast", "outline"} <= set(first)


CHANGES = tuple(
    GroupPlan(Morphology.PUNCTATE, Distribution.GROUPED, 6, change=change, diameter_mm=(0.3, 0.5))
    for change in (
        PlannedChange.NO_SIGNIFICANT_CHANGE,
        PlannedChange.NEW,
        PlannedChange.INCREASED_IN_NUMBER,
        PlannedChange.INCREASED_IN_SIZE,
        PlannedChange.GONE,
    )
)


def test_prior_and_current_differ_as_stated() -> None:
    """Stable, new, more, larger and gone groups are what they say, id by id."""
    settings = replace(SMALL, groups=CHANGES, field_mm=(160, 120))
    prior, current = make_prior_and_current(53, settings=settings)
    assert prior.study_date < current.study_date
    for earlier, later in zip(prior.images, current.images, strict=True):
        prior_items = {item.id: item for item in earlier.truth.calcifications}
        current_items = {item.id: item for item in later.truth.calcifications}
        assert {item[:2] for item in prior_items} == {"L1", "L3", "L4", "L5"}
        assert {item[:2] for item in current_items} == {"L1", "L2", "L3", "L4"}
        assert [
            sum(item.startswith(group) for item in prior_items) for group in ("L1", "L3", "L4", "L5")
        ] == [
            6,
            3,
            6,
            6,
        ]
        assert [
            sum(item.startswith(group) for item in current_items) for group in ("L1", "L2", "L3", "L4")
        ] == [6] * 4
        for name in set(prior_items) & set(current_items):
            growth = current_items[name].diameter_mm / prior_items[name].diameter_mm
            assert 1.5 < growth < 2.1 if name.startswith("L4") else abs(growth - 1) < 0.04
            assert prior_items[name].position_mm == current_items[name].position_mm
        changes = {group.id: group.change for group in later.truth.groups}
        assert changes["L2"] is PlannedChange.NEW


def test_the_breast_is_positioned_anew() -> None:
    """Between prior and current the same calcification moves by millimeters, thickness changes too."""
    settings = replace(SMALL, groups=CHANGES[:1])
    prior, current = make_prior_and_current(54, settings=settings)
    for earlier, later in zip(prior.images, current.images, strict=True):
        moved = [
            np.hypot(first.row - second.row, first.column - second.column) * 0.1
            for first, second in zip(earlier.truth.calcifications, later.truth.calcifications, strict=True)
        ]
        assert 0.3 < float(np.median(moved)) < 20
        assert earlier.thickness_mm != later.thickness_mm
        assert earlier.truth.breast_area_cm2 != later.truth.breast_area_cm2


def test_the_current_examination_is_the_plain_one() -> None:
    """The current of a pair is bit for bit what a single examination of that seed gives."""
    _, current = make_prior_and_current(55, settings=SMALL)
    assert current.images[0].stored.tobytes() == examine(55, SMALL).images[0].stored.tobytes()


def test_tissue_is_the_same_on_both_days() -> None:
    """Prior and current share their texture: registered by the truth, patches correlate."""
    plans = (GroupPlan(Morphology.PUNCTATE, Distribution.DIFFUSE, 12, density=0.01),)
    settings = replace(SMALL, noise=False, groups=plans, breast_density="c")
    prior, current = make_prior_and_current(56, settings=settings)
    correlations = []
    for earlier, later in zip(
        prior.images[0].truth.calcifications, current.images[0].truth.calcifications, strict=True
    ):
        patches = [
            image.stored[
                round(item.row) - 20 : round(item.row) + 21, round(item.column) - 20 : round(item.column) + 21
            ]
            for image, item in ((prior.images[0], earlier), (current.images[0], later))
        ]
        correlations.append(np.corrcoef(patches[0].ravel(), patches[1].ravel())[0, 1])
    assert np.median(correlations) > 0.6


def test_a_negative_seed_is_refused() -> None:
    """A seed below 0 is refused by name."""
    with pytest.raises(ValueError, match="seed -1"):
        make_examination(-1)
