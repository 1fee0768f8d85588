"""What a phantom may be asked to be, and the numbers of its generator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.domain.settings import described_settings, hash_of_settings
from calcwatch.phantom.insertion import InsertionSettings
from calcwatch.phantom.settings import AnatomySettings, GroupPlan, PhantomSettings
from tests.phantom.views import SMALL


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


def test_repositioning_has_bounds() -> None:
    """Below 0 or above 4 is refused, with the value."""
    with pytest.raises(ValueError, match=r"repositioning 5 is not between 0 and 4"):
        replace(SMALL, repositioning=5)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [({"count": 0}, "count 0"), ({"density": 0.0}, "density"), ({"diameter_mm": (0.5, 0.2)}, "diameter_mm")],
)
def test_an_impossible_group_is_refused(wrong: dict[str, object], complaint: str) -> None:
    """A plan for no members, no density or a reversed range of sizes is refused by name."""
    with pytest.raises(ValueError, match=complaint):
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, **wrong)  # type: ignore[arg-type]


def test_every_number_of_the_generator_says_what_it_is() -> None:
    """Each number has a unit, an origin and a meaning of its own; another number gives another hash."""
    users = {"mtf", "contrast", "scatters", "blanks", "gain", "edge_enhancement"}
    whole = (PhantomSettings(), InsertionSettings())
    numbers = [row for settings in whole for row in described_settings(settings) if "." in row[0]]
    assert len(numbers) > 250
    assert all(told["unit"] and told["meaning"] for name, _, told in numbers if name not in users)
    fewer = replace(PhantomSettings(), anatomy=AnatomySettings(vessel_count=3))
    assert hash_of_settings(fewer) != hash_of_settings(PhantomSettings())
