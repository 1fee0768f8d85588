"""Changes that a phantom makes between two days beside more and fewer: wider, partly removed, reshaped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.phantom import (
    CalcificationTruth,
    Distribution,
    GroupChange,
    GroupPlan,
    Morphology,
    make_prior_and_current,
)
from tests.phantom.views import SMALL

Day = dict[str, CalcificationTruth]


def days(
    change: GroupChange,
    *,
    repositioning: float = 1.0,
    before: Morphology = Morphology.ROUND,
    after: Morphology = Morphology.PUNCTATE,
) -> tuple[Day, Day]:
    """The calcifications of a group of ten on both days, in the first view."""
    group = GroupPlan(after, Distribution.GROUPED, 10, change, density=1.5, prior_morphology=before)
    settings = replace(SMALL, groups=(group,), repositioning=repositioning)
    prior, current = make_prior_and_current(61, settings=settings)
    then, now = (
        {one.id: one for one in examination.images[0].truth.calcifications}
        for examination in (prior, current)
    )
    return then, now


def forward(day: Day) -> list[float]:
    return [one.position_mm[0] for one in day.values()]


def test_a_wider_group_grows_toward_the_nipple() -> None:
    """Half of it is new, and lies before all of the other half."""
    then, now = days(GroupChange.INCREASED_IN_EXTENT)
    new = {name: now[name] for name in now.keys() - then.keys()}
    assert (len(then), len(new)) == (5, 5)
    assert min(forward(new)) >= max(forward(then))


def test_what_is_partly_removed_lay_on_one_side() -> None:
    """Half of it is gone, all of it before the other half, which stays where it was."""
    then, now = days(GroupChange.PARTIALLY_REMOVED)
    gone = {name: then[name] for name in then - now.keys()}
    assert (len(now), len(gone)) == (5, 5)
    assert min(forward(gone)) >= max(forward(now))
    assert all(now[name].position_mm == then[name].position_mm for name in now)


def test_fewer_leaves_some() -> None:
    """Some are gone, none is new."""
    then, now = days(GroupChange.FEWER)
    assert now.keys() < then.keys()


@pytest.mark.parametrize("before", [Morphology.ROUND, Morphology.PUNCTATE])
def test_a_reshaped_group_keeps_its_places(before: Morphology) -> None:
    """The same calcifications at the same places, of another shape before."""
    then, now = days(GroupChange.RESHAPED, before=before, after=Morphology.FINE_LINEAR)
    assert then.keys() == now.keys()
    assert all(then[name].position_mm == now[name].position_mm for name in now)
    areas = [(then[name].outline, now[name].outline) for name in now]
    assert all(old != new for old, new in areas)


def test_without_repositioning_nothing_moves() -> None:
    """With 0 both days are positioned alike; with 2 the same breast moves more than with 1."""

    def moved(repositioning: float) -> float:
        then, now = days(GroupChange.NO_SIGNIFICANT_CHANGE, repositioning=repositioning)
        places = [(then[name].row - now[name].row, then[name].column - now[name].column) for name in then]
        return float(np.median(np.hypot(*np.array(places).T)))

    still, usual, much = (moved(strength) for strength in (0.0, 1.0, 2.0))
    assert still == pytest.approx(0.0, abs=1e-6)
    assert much > usual > 1.0


def test_repositioning_has_bounds() -> None:
    """Below 0 or above 4 is refused, with the value."""
    with pytest.raises(ValueError, match=r"repositioning 5 is not between 0 and 4"):
        replace(SMALL, repositioning=5)
