"""Every shape of BI-RADS as a phantom shows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.settings import GroupPlan
from tests.phantom.views import SMALL, examine, one_group


def test_milk_of_calcium_is_a_cup_from_the_side_and_a_smudge_from_above() -> None:
    """In the lateral view the sediment is flat on top and wide; in CC it is round and fainter."""
    settings = replace(
        SMALL,
        views=(ViewPosition.CC, ViewPosition.ML),
        groups=(GroupPlan(Morphology.MILK_OF_CALCIUM, Distribution.SINGLE, 1, diameter_mm=(2.0, 2.0)),),
    )
    above, side = (image.truth.calcifications[0] for image in examine(30, settings).images)

    def slender(outline: tuple[tuple[float, float], ...]) -> float:
        height, width = np.ptp(np.array(outline), axis=0)
        return float(height / width)

    assert slender(above.outline) == pytest.approx(1.0, abs=0.1)
    assert slender(side.outline) < 0.6
    assert above.attenuation < 0.6 * side.attenuation


@pytest.mark.parametrize("morphology", Morphology)
def test_every_morphology_is_made(morphology: Morphology) -> None:
    """Each shape of BI-RADS is made in the planned number, in the size that names it."""
    distribution = Distribution.LINEAR if morphology is Morphology.VASCULAR else Distribution.GROUPED
    for image in examine(31, replace(SMALL, groups=one_group(morphology, distribution, 4))).images:
        items = image.truth.calcifications
        assert [item.morphology for item in items] == [morphology] * 4
        sizes = [item.diameter_mm for item in items]
        if morphology is Morphology.PUNCTATE:
            assert max(sizes) < 0.5
        if morphology in (Morphology.POPCORN, Morphology.RIM, Morphology.ROD):
            assert max(sizes) > 1.2
        if morphology in (Morphology.FINE_LINEAR, Morphology.FINE_LINEAR_BRANCHING):
            assert all(
                item.area_mm2 / np.ptp(np.array(item.outline), axis=0).max() / 0.1 < 0.9 for item in items
            )


@pytest.mark.parametrize("morphology", [Morphology.RIM, Morphology.SKIN])
def test_lucent_centers_are_darker_inside(morphology: Morphology) -> None:
    """Rim and skin calcifications are less bright in the middle than on their ring."""
    plan = GroupPlan(morphology, Distribution.SINGLE, 1, diameter_mm=(2.5, 2.5), density=0.7)
    clean = replace(SMALL, texture=False, noise=False)
    image, empty = (examine(32, replace(clean, groups=groups)).images[0] for groups in ((plan,), ()))
    (truth,) = image.truth.calcifications
    added = image.stored.astype(int) - empty.stored
    middle = added[round(truth.row), round(truth.column)]
    assert 0 < middle < 0.75 * truth.contrast_gray
