"""How calcifications are spread, and what changes between two days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_prior_and_current
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, PlannedChange
from calcwatch.phantom.truth import CalcificationTruth, ImageTruth
from tests.phantom.views import SMALL, examine, one_group

Day = dict[str, CalcificationTruth]


def days(
    change: PlannedChange,
    *,
    repositioning: float = 1.0,
    prior_shape: Morphology = Morphology.ROUND,
    shape: Morphology = Morphology.PUNCTATE,
) -> tuple[Day, Day]:
    """The calcifications of a group of ten on both days, in the first view."""
    group = GroupPlan(shape, Distribution.GROUPED, 10, change, density=1.5, prior_morphology=prior_shape)
    settings = replace(SMALL, groups=(group,), repositioning=repositioning)
    prior, current = make_prior_and_current(61, settings=settings)
    prior_day, current_day = (
        {item.id: item for item in examination.images[0].truth.calcifications}
        for examination in (prior, current)
    )
    return prior_day, current_day


def forward(day: Day) -> list[float]:
    return [item.position_mm[0] for item in day.values()]


def test_a_wider_group_grows_toward_the_nipple() -> None:
    """Half of it is new, and lies in front of all of the other half."""
    prior, current = days(PlannedChange.INCREASED_IN_EXTENT)
    new = {name: current[name] for name in current.keys() - prior.keys()}
    assert (len(prior), len(new)) == (5, 5)
    assert min(forward(new)) >= max(forward(prior))


def test_what_is_partly_removed_lay_on_one_side() -> None:
    """Half of it is gone, all of it in front of the other half, which stays where it was."""
    prior, current = days(PlannedChange.PARTIALLY_REMOVED)
    gone = {name: prior[name] for name in prior - current.keys()}
    assert (len(current), len(gone)) == (5, 5)
    assert min(forward(gone)) >= max(forward(current))
    assert all(current[name].position_mm == prior[name].position_mm for name in current)


def test_fewer_leaves_some() -> None:
    """Some are gone, none is new."""
    prior, current = days(PlannedChange.FEWER)
    assert current.keys() < prior.keys()


@pytest.mark.parametrize("prior_shape", [Morphology.ROUND, Morphology.PUNCTATE])
def test_a_reshaped_group_keeps_its_places(prior_shape: Morphology) -> None:
    """The same calcifications at the same places, of another shape on the prior."""
    prior, current = days(PlannedChange.RESHAPED, prior_shape=prior_shape, shape=Morphology.FINE_LINEAR)
    assert prior.keys() == current.keys()
    assert all(prior[name].position_mm == current[name].position_mm for name in current)
    outlines = [(prior[name].outline, current[name].outline) for name in current]
    assert all(earlier != later for earlier, later in outlines)


def test_without_repositioning_nothing_moves() -> None:
    """With 0 both days are positioned alike; with 2 the same breast moves more than with 1."""

    def moved(repositioning: float) -> float:
        prior, current = days(PlannedChange.NO_SIGNIFICANT_CHANGE, repositioning=repositioning)
        places = [
            (prior[name].row - current[name].row, prior[name].column - current[name].column) for name in prior
        ]
        return float(np.median(np.hypot(*np.array(places).T)))

    still, usual, much = (moved(strength) for strength in (0.0, 1.0, 2.0))
    assert still == pytest.approx(0.0, abs=1e-6)
    assert much > usual > 1.0


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
        spreads_mm = [spread_mm(examine(seed, settings).images[0].truth) for seed in range(40, 43)]
        found[distribution] = (
            float(np.median([along for along, _ in spreads_mm])),
            float(np.median([across for _, across in spreads_mm])),
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
