from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.phantom import (
    Distribution,
    GroupChange,
    GroupPlan,
    Morphology,
    PhantomSettings,
    make_examination,
    make_prior_and_current,
    truth_json,
)
from tests.phantom.views import SMALL, examine

FREE = replace(SMALL, groups=None, non_lesions=None)


def test_same_seed_same_bytes() -> None:
    """A seed made twice gives the same pixels and the same truth, noise and all."""
    one, other = make_examination(50, settings=FREE), make_examination(50, settings=FREE)
    assert [image.stored.tobytes() for image in one.images] == [
        image.stored.tobytes() for image in other.images
    ]
    assert truth_json(one) == truth_json(other)


def test_another_seed_is_another_breast() -> None:
    """Different seeds differ in patient, pixels and truth."""
    one, other = examine(50, FREE), examine(51, FREE)
    assert one.patient_id == "PHANTOM-0050"
    assert other.patient_id == "PHANTOM-0051"
    assert np.mean(one.images[0].stored != other.images[0].stored) > 0.2
    assert one.images[0].truth.breast_area_cm2 != other.images[0].truth.breast_area_cm2


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
        GroupChange.NO_SIGNIFICANT_CHANGE,
        GroupChange.NEW,
        GroupChange.INCREASED_IN_NUMBER,
        GroupChange.INCREASED_IN_SIZE,
        GroupChange.GONE,
    )
)


def test_prior_and_current_differ_as_stated() -> None:
    """Stable, new, more, larger and gone groups are what they say, id by id."""
    settings = replace(SMALL, groups=CHANGES, field_mm=(160, 120))
    prior, current = make_prior_and_current(53, settings=settings)
    assert prior.study_date < current.study_date
    for before, after in zip(prior.images, current.images, strict=True):
        old = {item.id: item for item in before.truth.calcifications}
        new = {item.id: item for item in after.truth.calcifications}
        assert {item[:2] for item in old} == {"L1", "L3", "L4", "L5"}
        assert {item[:2] for item in new} == {"L1", "L2", "L3", "L4"}
        assert [sum(item.startswith(group) for item in old) for group in ("L1", "L3", "L4", "L5")] == [
            6,
            3,
            6,
            6,
        ]
        assert [sum(item.startswith(group) for item in new) for group in ("L1", "L2", "L3", "L4")] == [6] * 4
        for name in set(old) & set(new):
            growth = new[name].diameter_mm / old[name].diameter_mm
            assert 1.5 < growth < 2.1 if name.startswith("L4") else abs(growth - 1) < 0.04
            assert old[name].position_mm == new[name].position_mm
        changes = {group.id: group.change for group in after.truth.groups}
        assert changes["L2"] is GroupChange.NEW


def test_the_breast_is_positioned_anew() -> None:
    """Between prior and current the same calcification moves by millimeters, thickness changes too."""
    settings = replace(SMALL, groups=CHANGES[:1])
    prior, current = make_prior_and_current(54, settings=settings)
    for before, after in zip(prior.images, current.images, strict=True):
        moved = [
            np.hypot(one.row - other.row, one.column - other.column) * 0.1
            for one, other in zip(before.truth.calcifications, after.truth.calcifications, strict=True)
        ]
        assert 0.3 < float(np.median(moved)) < 20
        assert before.thickness_mm != after.thickness_mm
        assert before.truth.breast_area_cm2 != after.truth.breast_area_cm2


def test_the_current_one_is_the_plain_examination() -> None:
    """The current of a pair is bit for bit what a single examination of that seed gives."""
    _, current = make_prior_and_current(55, settings=SMALL)
    assert current.images[0].stored.tobytes() == examine(55, SMALL).images[0].stored.tobytes()


def test_tissue_is_the_same_on_both_days() -> None:
    """Prior and current share their texture: registered by the truth, patches correlate."""
    plans = (GroupPlan(Morphology.PUNCTATE, Distribution.DIFFUSE, 12, density=0.01),)
    settings = replace(SMALL, noise=False, groups=plans, breast_density="c")
    prior, current = make_prior_and_current(56, settings=settings)
    likeness = []
    for one, other in zip(
        prior.images[0].truth.calcifications, current.images[0].truth.calcifications, strict=True
    ):
        patches = [
            image.stored[
                round(item.row) - 20 : round(item.row) + 21, round(item.column) - 20 : round(item.column) + 21
            ]
            for image, item in ((prior.images[0], one), (current.images[0], other))
        ]
        likeness.append(np.corrcoef(patches[0].ravel(), patches[1].ravel())[0, 1])
    assert np.median(likeness) > 0.6


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"pixel_spacing_mm": 0.3}, "pixel_spacing_mm 0.3"),
        ({"field_mm": (20, 90)}, "field_mm"),
        ({"bits_stored": 13}, "bits_stored 13"),
        ({"film": True, "for_processing": True}, "film or for_processing"),
        ({"mtf": ((0.5, 0.1),)}, "mtf"),
        ({"views": (ViewPosition.XCCL,)}, "view XCCL"),
        ({"lateralities": (Laterality.BOTH,)}, "not BOTH"),
        ({"breast_density": "e"}, "breast_density 'e'"),
        ({"thickness_mm": 5.0}, "thickness_mm 5.0"),
        ({"relative_dose": 0.0}, "relative_dose 0.0"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, object], complaint: str) -> None:
    """A setting that no phantom can have is refused, and the message names it."""
    with pytest.raises(ValueError, match=complaint):
        PhantomSettings(**wrong)  # type: ignore[arg-type]


def test_a_negative_seed_is_refused() -> None:
    """A seed below 0 is refused by name."""
    with pytest.raises(ValueError, match="seed -1"):
        make_examination(-1)
