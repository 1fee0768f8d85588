"""What became of a group, from what each image shows, and the words for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.change import change_of_region, changes_not_comparable, missed_share
from calcwatch.comparison.regions import Region, regions_of
from calcwatch.domain.change import Alignment, Change, ChangeKind, GroupMeasurement, ImagePair
from calcwatch.domain.findings import ImageFindings, MorphologyDescription
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Morphology
from tests.comparison.aligned import ROWS, Places, a_cluster, a_day, a_tissue, visibility_of

CLUSTER = a_cluster(60.0, 30.0, 12, spread_mm=5.0)


def a_pair(alignment: Alignment = Alignment.GOOD) -> ImagePair:
    """Two images, the first of each examination."""
    return ImagePair(
        prior=0,
        current=0,
        image_laterality=Laterality.LEFT,
        view_position=ViewPosition.CC,
        interval_months=12.0,
        alignment=alignment,
        local_correlation=0.8,
        overlap=1.0,
        error_mm=0.5,
        matches=(),
        notes=(),
    )


def compare(
    prior: ImageFindings, current: ImageFindings, alignment: Alignment = Alignment.GOOD
) -> list[tuple[Region, Change]]:
    """Every region and what became of it."""
    visibility = visibility_of(prior, current)
    regions = regions_of(visibility)
    missed = missed_share(regions)
    return [
        (region, change_of_region(a_pair(alignment), visibility, region, missed=missed)) for region in regions
    ]


def only(prior: ImageFindings, current: ImageFindings, alignment: Alignment = Alignment.GOOD) -> Change:
    """What became of the only region."""
    ((_, change),) = compare(prior, current, alignment)
    return change


def beside(places: Places, down_mm: float, count: int, *, seed: int = 9) -> Places:
    """Places in an area of their own, so far below."""
    middle = np.mean(places, axis=0)
    return a_cluster(float(middle[0]) + down_mm, float(middle[1]), count, spread_mm=3.0, seed=seed)


BETWEEN = a_cluster(60.0, 30.0, 22, spread_mm=5.0, seed=1)[12:]
KINDS: list[tuple[ChangeKind, ImageFindings, ImageFindings]] = [
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", CLUSTER), a_day("b", CLUSTER)),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", CLUSTER), a_day("b", CLUSTER[1:])),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", CLUSTER[2:]), a_day("b", CLUSTER[:-1])),
    (ChangeKind.NEW, a_day("a"), a_day("b", CLUSTER)),
    (ChangeKind.NEW, a_day("a", loose=CLUSTER[:2]), a_day("b", CLUSTER)),
    (ChangeKind.RESOLVED, a_day("a", CLUSTER), a_day("b")),
    (ChangeKind.RESOLVED, a_day("a", CLUSTER), a_day("b", loose=CLUSTER[:2])),
    (ChangeKind.INCREASED_IN_NUMBER, a_day("a", CLUSTER), a_day("b", CLUSTER + BETWEEN)),
    (ChangeKind.DECREASED, a_day("a", CLUSTER + BETWEEN), a_day("b", CLUSTER)),
    (ChangeKind.INCREASED_IN_EXTENT, a_day("a", CLUSTER), a_day("b", CLUSTER + beside(CLUSTER, 13.0, 9))),
    (ChangeKind.PARTIALLY_REMOVED, a_day("a", CLUSTER + beside(CLUSTER, 13.0, 9)), a_day("b", CLUSTER)),
    (ChangeKind.INCREASED_IN_SIZE, a_day("a", CLUSTER), a_day("b", CLUSTER, diameter_mm=0.6)),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", CLUSTER), a_day("b", CLUSTER, diameter_mm=0.48)),
    (ChangeKind.NO_SIGNIFICANT_CHANGE, a_day("a", CLUSTER, diameter_mm=0.6), a_day("b", CLUSTER)),
]


@pytest.mark.parametrize(("kind", "prior", "current"), KINDS)
def test_each_kind_of_change(kind: ChangeKind, prior: ImageFindings, current: ImageFindings) -> None:
    """Each kind follows from where calcifications are on both images, with its numbers in words."""
    change = only(prior, current)
    assert change.kind is kind
    assert change.reasons
    assert all(change.reasons)


def test_what_is_faint_on_the_prior_is_not_new() -> None:
    """Of a group some of which was there faintly nothing is new; if more is in doubt, a person looks."""
    ((region, change),) = compare(a_day("a", CLUSTER[:5], faint=CLUSTER[5:]), a_day("b", CLUSTER))
    assert change.kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    assert (region.subthreshold_on_prior, change.new, change.prior.subthreshold) == (7, 0, 7)
    faint = only(a_day("a", faint=CLUSTER), a_day("b", CLUSTER))
    assert faint.kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    doubtful = only(a_day("a", faint=CLUSTER[1:]), a_day("b", CLUSTER))
    assert doubtful.kind is ChangeKind.NOT_COMPARABLE
    assert "most of it is faint" in doubtful.reasons[-1]


def test_what_the_prior_could_not_show_is_not_new() -> None:
    """A noisy prior: not comparable, and the reason says why; the same the other way round."""
    noisy = a_tissue(contrast_to_noise=0.3)
    change = only(a_day("a", tissue=noisy), a_day("b", CLUSTER))
    assert change.kind is ChangeKind.NOT_COMPARABLE
    assert "could not have been seen on the prior" in change.reasons[0]
    gone = only(a_day("a", CLUSTER), a_day("b", tissue=noisy))
    assert gone.kind is ChangeKind.NOT_COMPARABLE
    assert "on the current image" in gone.reasons[0]


def test_what_lies_beyond_the_prior_is_not_new() -> None:
    """The prior was cut off above the group: not comparable."""
    cut = a_tissue()
    mask = cut.mask.copy()
    mask[ROWS // 3 :] = 0
    change = only(a_day("a", tissue=replace(cut, mask=mask)), a_day("b", CLUSTER))
    assert change.kind is ChangeKind.NOT_COMPARABLE


def test_two_calcifications_are_too_few_to_be_new() -> None:
    """Two that are not seen on the prior: a person looks; where the alignment is uncertain, four."""
    few = only(a_day("a"), a_day("b", CLUSTER[:2]))
    assert few.kind is ChangeKind.NOT_COMPARABLE
    assert few.reasons[-1] == "too few to tell: look at both images"
    assert only(a_day("a"), a_day("b", CLUSTER[:4])).kind is ChangeKind.NEW
    uncertain = only(a_day("a"), a_day("b", CLUSTER[:4]), Alignment.UNCERTAIN)
    assert uncertain.kind is ChangeKind.NOT_COMPARABLE
    assert only(a_day("a"), a_day("b", CLUSTER[:5]), Alignment.UNCERTAIN).kind is ChangeKind.NEW


@pytest.mark.parametrize(
    ("prior_shape", "current_shape", "is_change"),
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
def test_a_change_of_shape(prior_shape: Morphology, current_shape: Morphology, *, is_change: bool) -> None:
    """Only toward a plainly worrying shape, and only where both images are sure of theirs."""
    plain_prior, plain_current = a_day("a", CLUSTER), a_day("b", CLUSTER)
    prior, current = shaped(plain_prior, prior_shape, 0.95), shaped(plain_current, current_shape, 0.8)
    assert (only(prior, current).kind is ChangeKind.SHAPE_CHANGED) is is_change
    unsure, unsure_prior = shaped(plain_current, current_shape, 0.4), shaped(plain_prior, prior_shape, 0.8)
    assert only(prior, unsure).kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    assert only(unsure_prior, current).kind is ChangeKind.NO_SIGNIFICANT_CHANGE


def shaped(image: ImageFindings, shape: Morphology, probability: float) -> ImageFindings:
    """The group of an image with a shape."""
    described = MorphologyDescription(((shape, probability), (Morphology.AMORPHOUS, 1 - probability)))
    return replace(image, groups=(replace(image.groups[0], morphology=described),))


def test_a_group_in_pieces_has_not_changed() -> None:
    """One group on the prior, two on the current image: no change, measured over both pieces."""
    line: Places = [(45.0 + 2.0 * n, 30.0 + 0.3 * (n % 3)) for n in range(14)]
    change = only(a_day("a", line), a_day("b", line[9:], line[:8]))
    assert (change.groups, change.prior_groups) == (("b.1", "b.0"), ("a.0",))
    assert change.kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    assert change.current.count == 13


def test_groups_apart_change_by_themselves() -> None:
    """Two groups on both images, of which one came or went: nothing is mixed."""
    apart = beside(CLUSTER, 35.0, 8)
    came = compare(a_day("a", CLUSTER), a_day("b", CLUSTER, apart))
    assert [change.kind for _, change in came] == [ChangeKind.NO_SIGNIFICANT_CHANGE, ChangeKind.NEW]
    assert [change.prior_groups for _, change in came] == [("a.0",), ()]
    went = compare(a_day("a", CLUSTER, apart), a_day("b", CLUSTER))
    assert [change.kind for _, change in went] == [ChangeKind.NO_SIGNIFICANT_CHANGE, ChangeKind.RESOLVED]


def test_loose_calcifications_at_its_place_belong_to_a_region() -> None:
    """A current group whose calcifications were there as loose ones has not changed."""
    change = only(a_day("a", loose=CLUSTER), a_day("b", CLUSTER))
    assert change.kind is ChangeKind.NO_SIGNIFICANT_CHANGE
    assert (change.matched, change.prior.count) == (12, 12)


def test_what_is_missed_on_both_images_is_chance() -> None:
    """Four of twelve missed on each: the pair misses much, and four more in a region are no increase."""
    prior, current = a_day("a", CLUSTER[4:]), a_day("b", CLUSTER[:8])
    assert missed_share(regions_of(visibility_of(prior, current))) >= 0.25
    assert missed_share(()) == 0.0
    assert only(prior, current).kind is ChangeKind.NO_SIGNIFICANT_CHANGE


def test_measures_are_those_of_each_image() -> None:
    """Counts, extent in mm and median diameter, for each image by itself."""
    change = only(a_day("a", CLUSTER), a_day("b", CLUSTER + BETWEEN, diameter_mm=0.44))
    assert (change.prior.count, change.current.count) == (12, 22)
    assert change.current.extent_mm is not None
    assert change.prior.extent_mm is not None
    assert change.current.extent_mm >= change.prior.extent_mm > 5
    assert (change.prior.diameter_mm, change.current.diameter_mm) == pytest.approx((0.4, 0.44))
    assert change.size_ratio == pytest.approx(1.1)


def test_without_spacing_nothing_is_in_millimeters() -> None:
    """Counts are told, extents, diameters and errors are not, and no group is wider or larger."""

    def without_spacing(image: ImageFindings) -> ImageFindings:
        assert image.tissue_map is not None
        return replace(
            image,
            description=replace(image.description, pixel_spacing=None),
            tissue_map=replace(image.tissue_map, in_mm=False),
            calcifications=tuple(
                replace(calcification, diameter_mm=None) for calcification in image.calcifications
            ),
        )

    prior, current = a_day("a", CLUSTER), a_day("b", CLUSTER + beside(CLUSTER, 13.0, 9), diameter_mm=0.8)
    change = only(without_spacing(prior), without_spacing(current))
    assert change.kind is ChangeKind.INCREASED_IN_NUMBER
    assert (change.current.extent_mm, change.current.diameter_mm, change.size_ratio) == (None, None, None)
    assert change.error_mm is None


@pytest.mark.parametrize("is_current", [True, False])
def test_a_group_without_partner_is_measured_by_itself(*, is_current: bool) -> None:
    """It is not comparable, stands on its own side alone, and has its count."""
    image = a_day("a", CLUSTER, loose=[(90.0, 20.0)])
    (change,) = changes_not_comparable(image, 3, is_current=is_current, reason="no partner")
    assert (change.kind, change.reasons) == (ChangeKind.NOT_COMPARABLE, ("no partner",))
    assert (change.image, change.prior_image) == ((3, None) if is_current else (None, 3))
    own, other = (change.current, change.prior) if is_current else (change.prior, change.current)
    assert (own.count, other) == (12, GroupMeasurement())
