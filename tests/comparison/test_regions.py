"""Which groups of two images are one region."""

from __future__ import annotations

import numpy as np

from calcwatch.comparison.regions import Region, regions_of
from calcwatch.domain.findings import ImageFindings
from tests.comparison.aligned import Places, a_cluster, a_day, visibility_of

CLUSTER = a_cluster(60.0, 30.0, 12, spread_mm=5.0)
APART = a_cluster(95.0, 30.0, 8, spread_mm=3.0, seed=9)


def regions(prior: ImageFindings, current: ImageFindings) -> tuple[Region, ...]:
    return regions_of(visibility_of(prior, current))


def test_a_group_in_pieces_is_one_region() -> None:
    """One group on the prior, two on the current image: one region, the larger piece first."""
    line: Places = [(45.0 + 2.0 * n, 30.0 + 0.3 * (n % 3)) for n in range(14)]
    (region,) = regions(a_day("a", line), a_day("b", line[9:], line[:8]))
    assert (region.groups, region.prior_groups) == ((1, 0), (0,))
    assert len(region.current) == 13


def test_groups_apart_are_regions_of_their_own() -> None:
    """Two groups on one image, one of them on the other: two regions, those with a current group first."""
    new = regions(a_day("a", CLUSTER), a_day("b", CLUSTER, APART))
    assert [(region.groups, region.prior_groups) for region in new] == [((0,), (0,)), ((1,), ())]
    gone = regions(a_day("a", CLUSTER, APART), a_day("b", CLUSTER))
    assert [(region.groups, region.prior_groups) for region in gone] == [((0,), (0,)), ((), (1,))]


def test_a_group_beside_one_with_a_partner_is_growth_of_it() -> None:
    """A new group within 8 mm of one that was there is one region with it."""
    beside = [(row + 13.0, column) for row, column in CLUSTER]
    (region,) = regions(a_day("a", CLUSTER), a_day("b", CLUSTER, beside))
    assert (region.groups, region.prior_groups, region.matched) == ((0, 1), (0,), 12)


def test_no_groups_no_regions() -> None:
    """Loose calcifications alone make no region."""
    assert regions(a_day("a", loose=CLUSTER[:2]), a_day("b", loose=CLUSTER[:3])) == ()


def test_a_region_counts_what_each_image_shows() -> None:
    """Matched, below the threshold, new and gone, on either image; matched wrongly cancels out."""
    prior = a_day("a", CLUSTER[:8], faint=CLUSTER[8:10])
    (region,) = regions(prior, a_day("b", CLUSTER[2:]))
    assert (region.matched, region.subthreshold_on_prior, region.subthreshold_on_current) == (6, 2, 0)
    assert (region.new, region.gone, region.present) == (2, 2, 10)
    assert (region.net_increase, region.net_decrease) == (0, 0)
    assert np.array_equal(region.prior, np.arange(8))
