"""Which images belong together, what does not fit, and that nothing is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.compare import compare_exams
from calcwatch.domain.change import Alignment, ChangeKind
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Laterality, ViewPosition
from tests.comparison.aligned import a_cluster, a_day, a_tissue, dated, half_strange

OLD = a_cluster(60.0, 30.0, 10)
CC, MLO = ViewPosition.CC, ViewPosition.MLO


def then(name: str = "a", *, seed: int = 3, view: ViewPosition = CC) -> ImageFindings:
    return dated(a_day(name, OLD, tissue=a_tissue(seed=seed), view=view), "20230110")


def now(name: str = "b", *, seed: int = 3, view: ViewPosition = CC) -> ImageFindings:
    return dated(a_day(name, OLD, tissue=a_tissue(seed=seed, noise=0.2), view=view), "20240115")


def of_side(image: ImageFindings, side: Laterality | None) -> ImageFindings:
    return replace(image, description=replace(image.description, image_laterality=side))


def test_a_pair_is_compared() -> None:
    """Side and view pair two images; the interval, the error and the matches are told."""
    comparison, compared = compare_exams([then()], [now()])
    (pair,) = comparison.pairs
    assert (pair.prior, pair.current, pair.alignment) == (0, 0, Alignment.GOOD)
    assert pair.interval_months == pytest.approx(12.2, abs=0.1)
    assert pair.error_mm is not None
    assert pair.error_mm < 2
    assert [(one.prior, one.current) for one in pair.matches] == [(f"a.0.{n}", f"b.0.{n}") for n in range(10)]
    (change,) = comparison.changes
    assert (change.kind, change.tracking_uid) == (ChangeKind.NO_SIGNIFICANT_CHANGE, "a.0")
    assert (change.groups, change.prior_groups) == (("b.0",), ("a.0",))
    assert comparison.not_paired == ()
    assert compared[0].registration is not None


def test_places_of_what_is_on_one_day_only_are_told_on_both() -> None:
    """A new group has the place on the prior where it would lie; a resolved one where it lay."""
    empty = dated(a_day("a"), "20230110")
    (new,) = compare_exams([empty], [now()])[0].changes
    assert new.kind is ChangeKind.NEW
    assert new.prior_place == pytest.approx(new.place, abs=15)
    gone = compare_exams([then()], [dated(a_day("b"), "20240115")])[0].changes[0]
    assert gone.kind is ChangeKind.RESOLVED
    assert gone.tracking_uid == "a.0"
    assert gone.place == pytest.approx(gone.prior_place, abs=15)


def test_views_pair_by_side_and_view_in_any_order() -> None:
    """The order of files does not matter."""
    prior = [then("p1", view=MLO, seed=8), then("p0")]
    comparison, _ = compare_exams(prior, [now("c0"), now("c1", view=MLO, seed=8)])
    assert [(one.prior, one.current) for one in comparison.pairs] == [(1, 0), (0, 1)]
    assert all(one.comparable for one in comparison.pairs)


def test_an_image_without_partner_is_named_and_its_groups_are_not_comparable() -> None:
    """Both an image of now without prior and a prior without successor."""
    comparison, _ = compare_exams([then(view=MLO)], [now()])
    assert comparison.pairs == ()
    assert {one.kind for one in comparison.changes} == {ChangeKind.NOT_COMPARABLE}
    assert [(one.image, one.prior_image) for one in comparison.changes] == [(0, None), (None, 0)]
    assert "L CC has no prior" in comparison.not_paired[0]
    assert "prior L MLO is compared with nothing" in comparison.not_paired[1]


def test_a_repeated_view_is_paired_once() -> None:
    """Two current images of one view and one prior: the first is compared, the second says why not."""
    comparison, _ = compare_exams([then()], [now("b"), now("c")])
    assert len(comparison.pairs) == 1
    assert "no other image of that side and view" in comparison.not_paired[0]


def test_an_unknown_side_pairs_with_nothing() -> None:
    """It is not guessed, and the remedy is told."""
    comparison, _ = compare_exams([of_side(then(), None)], [of_side(now(), None)])
    assert comparison.pairs == ()
    assert all("give them with --table" in words for words in comparison.not_paired)


@pytest.mark.parametrize(
    ("share", "seed", "alignment", "words"),
    [
        (0.35, 11, Alignment.UNCERTAIN, "much of the tissue fits one way only: look at them yourself"),
        (0.35, 19, Alignment.UNCERTAIN, "the tissue of the two is little alike: look at them yourself"),
        (0.25, 14, Alignment.FAILED, "the tissue of the two is little alike, and fits one way only"),
        (0.6, 14, Alignment.GOOD, ""),
    ],
)
def test_what_fits_in_part_says_so(share: float, seed: int, alignment: Alignment, words: str) -> None:
    """Tissue that is the same in part only: how much is alike, and whether both ways agree, decides."""
    current = dated(a_day("b", OLD, tissue=half_strange(share, seed)), "20240115")
    (pair,) = compare_exams([then()], [current])[0].pairs
    assert (pair.alignment, *pair.notes) == (alignment, *filter(None, [words]))


def test_another_woman_is_not_comparable() -> None:
    """Tissue of someone else: failed, nothing is new and nothing resolved, all groups are there."""
    comparison, compared = compare_exams([then(seed=5)], [now()])
    (pair,) = comparison.pairs
    assert (pair.alignment, pair.comparable, pair.matches) == (Alignment.FAILED, False, ())
    assert [one.kind for one in comparison.changes] == [ChangeKind.NOT_COMPARABLE] * 2
    assert compared[0].registration is None


def test_a_prior_that_stands_upside_down_is_caught() -> None:
    """The tissue fits once it is turned: the note says so."""
    prior = then()
    assert prior.tissue_map is not None
    turned = replace(
        prior.tissue_map,
        pattern=np.ascontiguousarray(prior.tissue_map.pattern[::-1]),
        mask=np.ascontiguousarray(prior.tissue_map.mask[::-1]),
    )
    (pair,) = compare_exams([replace(prior, tissue_map=turned)], [now()])[0].pairs
    assert not pair.comparable
    assert "upside down" in " ".join(pair.notes)


def test_views_that_were_labeled_wrong_are_caught() -> None:
    """CC called MLO and MLO called CC: the note names the image that fits better."""
    prior = [then("p0", seed=8), then("p1", seed=3, view=MLO)]
    comparison, _ = compare_exams(prior, [now("c0", seed=3), now("c1", seed=8, view=MLO)])
    assert not any(one.comparable for one in comparison.pairs)
    assert "looks more like the prior L MLO" in " ".join(comparison.pairs[0].notes)


def test_a_mirrored_file_is_noted() -> None:
    """One of two files turned left to right is compared, and said."""
    prior = then()
    assert prior.tissue_map is not None
    turned = replace(prior, tissue_map=replace(prior.tissue_map, mirrored=True))
    (pair,) = compare_exams([turned], [now()])[0].pairs
    assert "mirrored" in " ".join(pair.notes)


def test_a_prior_that_shows_little_of_the_breast_is_not_comparable() -> None:
    """With less than four tenths in common nothing is said."""
    prior = then()
    assert prior.tissue_map is not None
    mask = prior.tissue_map.mask.copy()
    mask[60:] = 0
    (pair,) = compare_exams([replace(prior, tissue_map=replace(prior.tissue_map, mask=mask))], [now()])[
        0
    ].pairs
    assert not pair.comparable


def test_findings_without_tissue_are_refused() -> None:
    """Findings that were read from a file cannot be aligned: the file is named."""
    with pytest.raises(ValueError, match=r"b\.dcm: findings without tissue cannot be aligned"):
        compare_exams([then()], [replace(now(), tissue_map=None)])


def test_examinations_without_images_give_an_empty_comparison() -> None:
    """Nothing on either day: nothing is said."""
    comparison, compared = compare_exams([], [])
    assert (comparison.pairs, comparison.changes, comparison.not_paired, compared) == ((), (), (), ())
