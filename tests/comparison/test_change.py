"""What became of a group, from what each day shows: sights, regions and the words for the change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.change import RegionChange, missed_share, tell_change
from calcwatch.comparison.match import match_calcifications, points_of
from calcwatch.comparison.regions import Region, regions_of
from calcwatch.comparison.visibility import PairVisibility, Visibility, visibility_of_pair
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.findings import ImageFindings, MorphologyDescription, TissueMap
from calcwatch.domain.lexicon import Morphology
from tests.comparison.aligned import ROWS, Places, a_cluster, a_day, a_tissue, laid_over

OLD = a_cluster(60.0, 30.0, 12, spread_mm=5.0)


def look(prior: ImageFindings, current: ImageFindings) -> PairVisibility:
    """What each day shows of the specks of the other."""
    then, now = (_tissue(image) for image in (prior, current))
    specks = points_of(prior, then), points_of(current, now)
    return visibility_of_pair(prior, current, specks, match_calcifications(laid_over(then, now), *specks))


def _tissue(image: ImageFindings) -> TissueMap:
    assert image.tissue_map is not None
    return image.tissue_map


def tell(
    prior: ImageFindings, current: ImageFindings, *, is_sure: bool = True
) -> list[tuple[Region, RegionChange]]:
    """Every region and what became of it."""
    sights = look(prior, current)
    regions = regions_of(sights)
    missed = missed_share(sights, regions)
    return [(one, tell_change(sights, one, missed=missed, is_sure=is_sure)) for one in regions]


def only(prior: ImageFindings, current: ImageFindings, *, is_sure: bool = True) -> RegionChange:
    """What became of the only region."""
    ((_, told),) = tell(prior, current, is_sure=is_sure)
    return told


def beside(places: Places, down_mm: float, count: int, *, seed: int = 9) -> Places:
    """Places in an area of their own, so far below."""
    middle = np.mean(places, axis=0)
    return a_cluster(float(middle[0]) + down_mm, float(middle[1]), count, spread_mm=3.0, seed=seed)


BETWEEN = a_cluster(60.0, 30.0, 22, spread_mm=5.0, seed=1)[12:]
KINDS: list[tuple[ChangeKind, ImageFindings, ImageFindings]] = [
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", OLD), a_day("b", OLD)),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", OLD), a_day("b", OLD[1:])),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", OLD[2:]), a_day("b", OLD[:-1])),
    (ChangeKind.NEW, a_day("a"), a_day("b", OLD)),
    (ChangeKind.NEW, a_day("a", loose=OLD[:2]), a_day("b", OLD)),
    (ChangeKind.RESOLVED, a_day("a", OLD), a_day("b")),
    (ChangeKind.RESOLVED, a_day("a", OLD), a_day("b", loose=OLD[:2])),
    (ChangeKind.INCREASED_IN_NUMBER, a_day("a", OLD), a_day("b", OLD + BETWEEN)),
    (ChangeKind.DECREASED, a_day("a", OLD + BETWEEN), a_day("b", OLD)),
    (ChangeKind.INCREASED_IN_EXTENT, a_day("a", OLD), a_day("b", OLD + beside(OLD, 13.0, 9))),
    (ChangeKind.PARTIALLY_REMOVED, a_day("a", OLD + beside(OLD, 13.0, 9)), a_day("b", OLD)),
    (ChangeKind.INCREASED_IN_SIZE, a_day("a", OLD), a_day("b", OLD, diameter_mm=0.6)),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", OLD), a_day("b", OLD, diameter_mm=0.48)),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", OLD, diameter_mm=0.6), a_day("b", OLD)),
]


@pytest.mark.parametrize(("kind", "prior", "current"), KINDS)
def test_each_kind_of_change(kind: ChangeKind, prior: ImageFindings, current: ImageFindings) -> None:
    """Each kind is told from where calcifications are on both days, with its numbers in words."""
    told = only(prior, current)
    assert told.kind is kind
    assert all(told.reasons)


def test_what_is_faint_on_the_prior_is_not_new() -> None:
    """Of a group some of which was there faintly nothing is new; if more is in doubt, a person looks."""
    told = only(a_day("a", OLD[:5], faint=OLD[5:]), a_day("b", OLD))
    assert told.kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    assert (told.counts.faint_then, told.counts.new, told.prior.subthreshold) == (7, 0, 7)
    assert only(a_day("a", faint=OLD), a_day("b", OLD)).kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    faint = only(a_day("a", faint=OLD[1:]), a_day("b", OLD))
    assert (faint.kind, "most of it is faint" in faint.reasons[-1]) == (ChangeKind.NOT_COMPARABLE, True)


def test_what_the_prior_could_not_show_is_not_new() -> None:
    """A noisy prior: not comparable, and the reason says why; the same the other way round."""
    noisy = a_tissue(contrast_to_noise=0.3)
    told = only(a_day("a", tissue=noisy), a_day("b", OLD))
    assert told.kind is ChangeKind.NOT_COMPARABLE
    assert "could not have been seen on the prior" in told.reasons[0]
    gone = only(a_day("a", OLD), a_day("b", tissue=noisy))
    assert gone.kind is ChangeKind.NOT_COMPARABLE
    assert "on the current image" in gone.reasons[0]


def test_what_lies_beyond_the_prior_is_not_new() -> None:
    """The prior was cut off above the group: not comparable."""
    cut = a_tissue()
    mask = cut.mask.copy()
    mask[ROWS // 3 :] = 0
    assert only(a_day("a", tissue=replace(cut, mask=mask)), a_day("b", OLD)).kind is ChangeKind.NOT_COMPARABLE


def test_two_specks_are_too_few_to_be_new() -> None:
    """A group of two that is not seen on the prior: a person looks; if little is alike, with four."""
    few = only(a_day("a"), a_day("b", OLD[:2]))
    assert (few.kind, few.reasons[-1]) == (
        ChangeKind.NOT_COMPARABLE,
        "too few to tell: look at both images",
    )
    assert only(a_day("a"), a_day("b", OLD[:4])).kind is ChangeKind.NEW
    assert only(a_day("a"), a_day("b", OLD[:4]), is_sure=False).kind is ChangeKind.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("before", "after", "is_change"),
    [
        (Morphology.ROUND, Morphology.FINE_LINEAR, True),
        (Morphology.PUNCTATE, Morphology.FINE_PLEOMORPHIC, True),
        (Morphology.FINE_LINEAR, Morphology.ROUND, False),
        (Morphology.FINE_LINEAR, Morphology.FINE_LINEAR_BRANCHING, False),
        (Morphology.ROUND, Morphology.RIM, False),
        (Morphology.ROUND, Morphology.COARSE_HETEROGENEOUS, False),
        (Morphology.ROUND, Morphology.ROUND, False),
    ],
)
def test_a_change_of_shape(before: Morphology, after: Morphology, *, is_change: bool) -> None:
    """Only toward a plainly worrying shape, and only where both days are sure of theirs."""
    prior, current = shaped(a_day("a", OLD), before, 0.95), shaped(a_day("b", OLD), after, 0.8)
    assert (only(prior, current).kind is ChangeKind.SHAPE_CHANGED) is is_change
    assert only(prior, shaped(a_day("b", OLD), after, 0.4)).kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    assert only(shaped(a_day("a", OLD), before, 0.8), current).kind is ChangeKind.NO_SIGNIFICANT_CHANGE


def shaped(image: ImageFindings, shape: Morphology, probability: float) -> ImageFindings:
    """The group of an image with a shape."""
    told = MorphologyDescription(((shape, probability), (Morphology.AMORPHOUS, 1 - probability)))
    return replace(image, groups=(replace(image.groups[0], morphology=told),))


def test_a_group_in_pieces_is_one_region() -> None:
    """One group then, two now: one region, no change, the larger piece first."""
    line: Places = [(45.0 + 2.0 * n, 30.0 + 0.3 * (n % 3)) for n in range(14)]
    ((region, told),) = tell(a_day("a", line), a_day("b", line[9:], line[:8]))
    assert (region.groups, region.prior_groups, told.kind) == ((1, 0), (0,), ChangeKind.NO_SIGNIFICANT_CHANGE)
    assert told.current.count == 13


def test_groups_apart_are_regions_of_their_own() -> None:
    """Two groups on both days, of which one came: two regions, and nothing is mixed."""
    other = beside(OLD, 35.0, 8)
    told = tell(a_day("a", OLD), a_day("b", OLD, other))
    assert [one.kind for _, one in told] == [ChangeKind.NO_SIGNIFICANT_CHANGE, ChangeKind.NEW]
    assert [region.prior_groups for region, _ in told] == [(0,), ()]
    gone = tell(a_day("a", OLD, other), a_day("b", OLD))
    assert [one.kind for _, one in gone] == [ChangeKind.NO_SIGNIFICANT_CHANGE, ChangeKind.RESOLVED]


def test_no_groups_no_regions() -> None:
    """Loose calcifications alone make no region."""
    assert tell(a_day("a", loose=OLD[:2]), a_day("b", loose=OLD[:3])) == []


def test_loose_specks_at_its_place_belong_to_a_region() -> None:
    """A group of now whose specks were there as loose ones has not changed."""
    told = only(a_day("a", loose=OLD), a_day("b", OLD))
    assert (told.kind, told.counts.same, told.prior.count) == (ChangeKind.NO_SIGNIFICANT_CHANGE, 12, 12)


def test_each_speck_has_one_sight() -> None:
    """The same, faint, and alone, in the order of the calcifications, with the partner's place."""
    prior = a_day("a", loose=[OLD[1], OLD[0], (80.0, 20.0)], faint=[OLD[2]])
    sights = look(prior, a_day("b", OLD[:4]))
    assert sights.current.tolist() == [
        Visibility.MATCHED,
        Visibility.MATCHED,
        Visibility.SUBTHRESHOLD,
        Visibility.UNMATCHED,
    ]
    assert sights.partner.tolist() == [1, 0, -1, -1]
    assert sights.prior.tolist() == [Visibility.MATCHED, Visibility.MATCHED, Visibility.UNMATCHED]


def test_one_faint_point_explains_one_speck() -> None:
    """Two specks near one faint point: one of them is still alone."""
    prior = a_day("a", faint=[(60.0, 30.0)])
    sights = look(prior, a_day("b", loose=[(60.1, 30.0), (60.0, 30.3)]))
    assert sorted(sights.current.tolist()) == [Visibility.SUBTHRESHOLD, Visibility.UNMATCHED]


def test_what_is_missed_on_both_days_is_chance() -> None:
    """Four of twelve missed on each day: the pair misses much, and four more in a region are no increase."""
    prior, current = a_day("a", OLD[4:]), a_day("b", OLD[:8])
    sights = look(prior, current)
    assert missed_share(sights, regions_of(sights)) >= 0.25
    assert missed_share(sights, ()) == 0.0
    assert only(prior, current).kind is ChangeKind.NO_SIGNIFICANT_CHANGE


def test_measures_are_those_of_each_day() -> None:
    """Counts, extent in mm and median diameter, for each day by itself."""
    told = only(a_day("a", OLD), a_day("b", OLD + BETWEEN, diameter_mm=0.44))
    assert (told.prior.count, told.current.count) == (12, 22)
    assert told.current.extent_mm is not None
    assert told.prior.extent_mm is not None
    assert told.current.extent_mm >= told.prior.extent_mm > 5
    assert (told.prior.diameter_mm, told.current.diameter_mm) == pytest.approx((0.4, 0.44))
    assert told.size_ratio == pytest.approx(1.1)


def test_without_spacing_nothing_is_in_millimeters() -> None:
    """Counts are told, extents and diameters are not, and no group is wider or larger."""

    def blind(image: ImageFindings) -> ImageFindings:
        return replace(
            image,
            description=replace(image.description, pixel_spacing=None),
            tissue_map=replace(_tissue(image), in_mm=False),
            calcifications=tuple(replace(one, diameter_mm=None) for one in image.calcifications),
        )

    told = only(blind(a_day("a", OLD)), blind(a_day("b", OLD + beside(OLD, 13.0, 9), diameter_mm=0.8)))
    assert told.kind is ChangeKind.INCREASED_IN_NUMBER
    assert (told.current.extent_mm, told.current.diameter_mm, told.size_ratio) == (None, None, None)
