"""Which images belong together, what does not fit, and that nothing is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.compare import Compared, compare_exams, compare_with_prior
from calcwatch.domain.change import Alignment, ChangeKind, SurgicalBedPosition
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.domain.treatment import Operation, OperationKind, SurgicalBedMark, Treatment
from calcwatch.models.learned import suspicion_model
from calcwatch.service.files.rules import read_rules
from tests.comparison.aligned import PIXEL_MM, a_cluster, a_day, a_tissue, dated, half_strange

CLUSTER = a_cluster(60.0, 30.0, 10)
CC, MLO = ViewPosition.CC, ViewPosition.MLO


def a_prior(name: str = "a", *, seed: int = 3, view: ViewPosition = CC) -> ImageFindings:
    return dated(a_day(name, CLUSTER, tissue=a_tissue(seed=seed), view=view), "20230110")


def a_current(name: str = "b", *, seed: int = 3, view: ViewPosition = CC) -> ImageFindings:
    return dated(a_day(name, CLUSTER, tissue=a_tissue(seed=seed, noise=0.2), view=view), "20240115")


def of_side(image: ImageFindings, side: Laterality | None) -> ImageFindings:
    return replace(image, description=replace(image.description, image_laterality=side))


def test_a_pair_is_compared() -> None:
    """Side and view pair two images; the interval, the error and the matches are told."""
    comparison = compare_exams([a_prior()], [a_current()])
    (pair,) = comparison.pairs
    assert (pair.prior, pair.current, pair.alignment) == (0, 0, Alignment.GOOD)
    assert pair.interval_months == pytest.approx(12.2, abs=0.1)
    assert pair.error_mm is not None
    assert pair.error_mm < 2
    assert [(match.prior, match.current) for match in pair.matches] == [
        (f"a.0.{n}", f"b.0.{n}") for n in range(10)
    ]
    (change,) = comparison.changes
    assert (change.kind, change.tracking_uid) == (ChangeKind.NO_SIGNIFICANT_CHANGE, "a.0")
    assert (change.groups, change.prior_groups) == (("b.0",), ("a.0",))
    assert comparison.not_paired == ()
    assert pair.registration is not None


def test_what_only_one_image_shows_has_a_place_on_both() -> None:
    """A new group has the place on the prior where it would lie; a resolved one where it lay."""
    empty = dated(a_day("a"), "20230110")
    (new,) = compare_exams([empty], [a_current()]).changes
    assert new.kind is ChangeKind.NEW
    assert new.prior_place == pytest.approx(new.place, abs=15)
    (gone,) = compare_exams([a_prior()], [dated(a_day("b"), "20240115")]).changes
    assert gone.kind is ChangeKind.RESOLVED
    assert gone.tracking_uid == "a.0"
    assert gone.place == pytest.approx(gone.prior_place, abs=15)


def test_views_pair_by_side_and_view_in_any_order() -> None:
    """The order of files does not matter."""
    prior = [a_prior("p1", view=MLO, seed=8), a_prior("p0")]
    comparison = compare_exams(prior, [a_current("c0"), a_current("c1", view=MLO, seed=8)])
    assert [(pair.prior, pair.current) for pair in comparison.pairs] == [(1, 0), (0, 1)]
    assert all(pair.comparable for pair in comparison.pairs)


def test_an_image_without_partner_is_named_and_its_groups_are_not_comparable() -> None:
    """Both a current image without prior and a prior without current image."""
    comparison = compare_exams([a_prior(view=MLO)], [a_current()])
    assert comparison.pairs == ()
    assert {change.kind for change in comparison.changes} == {ChangeKind.NOT_COMPARABLE}
    assert [(change.image, change.prior_image) for change in comparison.changes] == [(0, None), (None, 0)]
    assert "L CC has no prior" in comparison.not_paired[0]
    assert "prior L MLO is compared with nothing" in comparison.not_paired[1]


def test_a_repeated_view_is_paired_once() -> None:
    """Two current images of one view and one prior: the first is compared, the second says why not."""
    comparison = compare_exams([a_prior()], [a_current("b"), a_current("c")])
    assert len(comparison.pairs) == 1
    assert "no other image of that side and view" in comparison.not_paired[0]


def test_an_unknown_side_pairs_with_nothing() -> None:
    """It is not guessed, and the remedy is told."""
    comparison = compare_exams([of_side(a_prior(), None)], [of_side(a_current(), None)])
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
    """Tissue that is the same in part only: local correlation and inverse consistency decide."""
    current = dated(a_day("b", CLUSTER, tissue=half_strange(share, seed)), "20240115")
    (pair,) = compare_exams([a_prior()], [current]).pairs
    assert (pair.alignment, *pair.notes) == (alignment, *filter(None, [words]))


def test_another_woman_is_not_comparable() -> None:
    """Tissue of someone else: failed, nothing is new and nothing resolved, all groups are there."""
    comparison = compare_exams([a_prior(seed=5)], [a_current()])
    (pair,) = comparison.pairs
    assert (pair.alignment, pair.comparable, pair.matches) == (Alignment.FAILED, False, ())
    assert [change.kind for change in comparison.changes] == [ChangeKind.NOT_COMPARABLE] * 2
    assert pair.registration is None


def test_a_prior_that_stands_upside_down_is_caught() -> None:
    """The tissue fits once it is turned: the note says so."""
    prior = a_prior()
    assert prior.tissue_map is not None
    turned = replace(
        prior.tissue_map,
        pattern=np.ascontiguousarray(prior.tissue_map.pattern[::-1]),
        mask=np.ascontiguousarray(prior.tissue_map.mask[::-1]),
    )
    (pair,) = compare_exams([replace(prior, tissue_map=turned)], [a_current()]).pairs
    assert not pair.comparable
    assert "upside down" in " ".join(pair.notes)


@pytest.mark.parametrize(
    ("flag", "words"), [(QualityFlag.UPSIDE_DOWN, "upside down"), (QualityFlag.TURNED, "turned by a quarter")]
)
def test_a_prior_that_lies_otherwise_by_its_header_is_not_compared(flag: QualityFlag, words: str) -> None:
    """Images that do not lie the same way, say their headers, are not laid over each other."""
    prior, current = a_prior(), a_current()
    (pair,) = compare_exams([replace(prior, quality_flags=(flag,))], [current]).pairs
    assert not pair.comparable
    assert words in " ".join(pair.notes)
    alike = [replace(image, quality_flags=(flag,)) for image in (prior, current)]
    assert compare_exams(alike[:1], alike[1:]).pairs[0].comparable


def test_views_that_were_labeled_wrong_are_caught() -> None:
    """CC called MLO and MLO called CC: the note names the image that fits better."""
    prior = [a_prior("p0", seed=8), a_prior("p1", seed=3, view=MLO)]
    comparison = compare_exams(prior, [a_current("c0", seed=3), a_current("c1", seed=8, view=MLO)])
    assert not any(pair.comparable for pair in comparison.pairs)
    assert "looks more like the prior L MLO" in " ".join(comparison.pairs[0].notes)


def test_a_mirrored_file_is_noted() -> None:
    """One of two files turned left to right is compared, and said."""
    prior = a_prior()
    assert prior.tissue_map is not None
    turned = replace(prior, tissue_map=replace(prior.tissue_map, mirrored=True))
    (pair,) = compare_exams([turned], [a_current()]).pairs
    assert "mirrored" in " ".join(pair.notes)


def test_a_prior_that_shows_little_of_the_breast_is_not_comparable() -> None:
    """With less than four tenths in common nothing is said."""
    prior = a_prior()
    assert prior.tissue_map is not None
    mask = prior.tissue_map.mask.copy()
    mask[60:] = 0
    cut = replace(prior, tissue_map=replace(prior.tissue_map, mask=mask))
    (pair,) = compare_exams([cut], [a_current()]).pairs
    assert not pair.comparable


def test_findings_without_tissue_are_refused() -> None:
    """Findings that were read from a file cannot be aligned: the file is named."""
    with pytest.raises(ValueError, match=r"b\.dcm: findings without tissue cannot be aligned"):
        compare_exams([a_prior()], [replace(a_current(), tissue_map=None)])


def test_examinations_without_images_give_an_empty_comparison() -> None:
    """Nothing on either day: nothing is said."""
    comparison = compare_exams([], [])
    assert (comparison.pairs, comparison.changes, comparison.not_paired) == ((), (), ())


def compared(prior: ImageFindings, current: ImageFindings, *earlier: Compared, bed: bool = False) -> Compared:
    """An image compared with its prior, with a bed drawn on it round the cluster."""
    row, column = (float(part) / PIXEL_MM for part in np.mean(CLUSTER, axis=0))
    date = current.description.study_date or ""
    mark = SurgicalBedMark(date, CC, row=row, column=column, radius_mm=12.0)
    operation = Operation("20220301", Laterality.LEFT, OperationKind.LUMPECTOMY, bed=(mark,))
    return compare_with_prior(
        [prior],
        [current],
        table=read_rules(),
        suspicion=suspicion_model(),
        treatment=Treatment((operation,)) if bed else None,
        earlier=earlier,
    )


def test_a_comparison_says_one_thing_of_a_group() -> None:
    """What a pair of images is told of a group is what the comparison knows: lasting UID, bed and reasons."""
    first = compared(a_prior(), a_current())
    second = compared(a_current(), dated(a_current("c"), "20250120"), first, bed=True)
    (pair,) = second.comparison.pairs
    (change,) = second.comparison.changes_of(pair)
    assert change is second.comparison.changes[0]
    assert (change.tracking_uid, change.groups, change.prior_groups) == ("a.0", ("c.0",), ("b.0",))
    assert change.in_bed is SurgicalBedPosition.INSIDE
    assert "lumpectomy" in change.reasons[-1]


def test_changes_of_a_pair_are_those_of_its_two_images() -> None:
    """Of two pairs each has its own changes; a failed pair has those of both of its images."""
    prior = [a_prior("p0"), a_prior("p1", view=MLO, seed=5)]
    comparison = compare_exams(prior, [a_current("c0"), a_current("c1", view=MLO, seed=8)])
    good, failed = comparison.pairs
    assert [change.tracking_uid for change in comparison.changes_of(good)] == ["p0.0"]
    assert [change.tracking_uid for change in comparison.changes_of(failed)] == ["c1.0", "p1.0"]
    assert not failed.comparable
