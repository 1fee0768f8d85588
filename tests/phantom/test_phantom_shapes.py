from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.image import ViewPosition
from calcwatch.phantom import (
    Distribution,
    Ellipsoid,
    GroupPlan,
    ImageTruth,
    Morphology,
    PhantomSettings,
    ProjectedSolid,
    Solid,
    render_calcifications,
    trace_solid,
)
from tests.phantom.views import SMALL, examine, one_group

SIDE = np.eye(3)


def ball(diameter_mm: float, **parts: object) -> Solid:
    sphere = Ellipsoid(np.zeros(3), np.eye(3) * diameter_mm / 2, **parts)  # type: ignore[arg-type]
    return Solid("ball", np.zeros(3), (sphere,), 1.0)


@pytest.mark.parametrize("place", [(1.0, 1.0), (1.013, 0.977), (1.035, 1.061)])
@pytest.mark.parametrize("diameter_mm", [0.15, 0.4, 2.0])
def test_a_ball_has_the_area_volume_and_center_of_a_ball(
    diameter_mm: float, place: tuple[float, float]
) -> None:
    """The traced silhouette of a sphere agrees with geometry wherever it lies between the pixels."""
    traced = trace_solid(ProjectedSolid(ball(diameter_mm), *place, SIDE), 0.07)
    volume = float(traced.thickness.sum()) * 0.07**2
    assert volume == pytest.approx(np.pi / 6 * diameter_mm**3, rel=0.01)
    assert traced.area_mm2 == pytest.approx(np.pi / 4 * diameter_mm**2, rel=0.03)
    assert traced.half_maximum_area_mm2 == pytest.approx(0.75 * np.pi / 4 * diameter_mm**2, rel=0.03)
    assert traced.largest_mm == pytest.approx(diameter_mm, rel=0.01)
    assert (traced.row * 0.07, traced.column * 0.07) == pytest.approx(place, abs=0.002)


def test_a_cavity_is_taken_away() -> None:
    """A shell has the volume of the ball less its cavity, and is thinnest in the middle."""
    shell = Solid("shell", np.zeros(3), (*ball(2.0).parts, *ball(1.6, hollow=True).parts), 1.0)
    traced = trace_solid(ProjectedSolid(shell, 2.0, 2.0, SIDE), 0.05)
    assert traced.thickness.sum() * 0.05**2 == pytest.approx(np.pi / 6 * (2.0**3 - 1.6**3), rel=0.01)
    middle = traced.thickness[traced.thickness.shape[0] // 2, traced.thickness.shape[1] // 2]
    assert middle == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
def test_sediment_keeps_its_volume_in_every_view(degrees: float) -> None:
    """Milk of calcium fills the bottom of its cyst: another outline in each view, one volume."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = np.array([[0.0, -cos, -sin], [1.0, 0.0, 0.0], [0.0, -sin, cos]])
    sediment = trace_solid(ProjectedSolid(ball(2.0, level=-0.4), 2.0, 2.0, axes), 0.05)
    cap = np.pi * 0.6**2 * (3 * 1.0 - 0.6) / 3
    assert sediment.thickness.sum() * 0.05**2 == pytest.approx(cap, rel=0.01)


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


def test_a_map_adds_up_and_is_cut_at_the_border() -> None:
    """The thickness map of two balls, one half outside, holds one and a half of them."""
    solids = [ProjectedSolid(ball(1.0), 5.0, 5.0, SIDE), ProjectedSolid(ball(1.0), -0.05, 5.0, SIDE)]
    total = render_calcifications(solids, (100, 100), 0.1).sum() * 0.1**2
    assert total == pytest.approx(1.5 * np.pi / 6, rel=0.01)
    assert render_calcifications([], (10, 12), 0.1).shape == (10, 12)


@pytest.mark.parametrize("morphology", Morphology)
def test_every_morphology_is_made(morphology: Morphology) -> None:
    """Each shape of BI-RADS is made in the asked number, in the size that names it."""
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


def spread_mm(truth: ImageTruth) -> tuple[float, float]:
    """Standard deviations of the members' places along and across their main direction."""
    places = np.array([[item.row, item.column] for item in truth.calcifications]) * 0.2
    values = np.linalg.eigvalsh(np.cov(places.T))
    return float(np.sqrt(values[1])), float(np.sqrt(max(values[0], 0)))


@pytest.fixture(scope="module")
def spreads() -> dict[Distribution, tuple[float, float]]:
    """Median spread of three groups of each distribution."""
    large = PhantomSettings(
        field_mm=(200, 150), pixel_spacing_mm=0.2, views=(ViewPosition.CC,), non_lesions=()
    )
    found = {}
    for distribution in set(Distribution) - {Distribution.SINGLE}:
        settings = replace(large, groups=one_group(Morphology.PUNCTATE, distribution, 24), texture=False)
        each = [spread_mm(examine(seed, settings).images[0].truth) for seed in range(40, 43)]
        found[distribution] = (
            float(np.median([one[0] for one in each])),
            float(np.median([one[1] for one in each])),
        )
    return found


def test_every_distribution_is_spread_as_its_name_says(
    spreads: dict[Distribution, tuple[float, float]],
) -> None:
    """Grouped is tight, linear is thin, regional is wider, segmental is long, diffuse is everywhere."""
    along = {distribution: value[0] for distribution, value in spreads.items()}
    assert along[Distribution.GROUPED] < 5.0
    assert spreads[Distribution.LINEAR][1] < 1.0
    assert along[Distribution.LINEAR] > 3.0
    assert along[Distribution.GROUPED] < along[Distribution.REGIONAL] < along[Distribution.DIFFUSE]
    assert along[Distribution.SEGMENTAL] > 1.5 * spreads[Distribution.SEGMENTAL][1]
    assert along[Distribution.DIFFUSE] > 12.0


def test_loose_calcifications_belong_to_no_group() -> None:
    """With the distribution single there are calcifications and no group."""
    image = examine(46, replace(SMALL, groups=one_group(Morphology.ROUND, Distribution.SINGLE, 3))).images[0]
    assert len(image.truth.calcifications) == 3
    assert image.truth.groups == ()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [({"count": 0}, "count 0"), ({"density": 0.0}, "density"), ({"diameter_mm": (0.5, 0.2)}, "diameter_mm")],
)
def test_an_impossible_group_is_refused(wrong: dict[str, object], complaint: str) -> None:
    """A plan for no members, no density or a reversed range of sizes is refused by name."""
    with pytest.raises(ValueError, match=complaint):
        GroupPlan(Morphology.ROUND, Distribution.GROUPED, **wrong)  # type: ignore[arg-type]
