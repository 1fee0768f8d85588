"""Which calcification is which: constellations, strangers, crowds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.match import MOST_SPECKS, Matched, match_calcifications, points_of
from calcwatch.domain.findings import ImageFindings, TissueMap
from tests.comparison.aligned import Places, a_cluster, a_day, a_tissue, laid_over


def match(
    prior: ImageFindings, current: ImageFindings, *, off_mm: float = 0.0, error_mm: float = 2.0
) -> Matched:
    """Match two days under an alignment that is off by so much."""
    then, now = (_tissue(image) for image in (prior, current))
    aligned = laid_over(then, now, off_mm=off_mm, error_mm=error_mm)
    return match_calcifications(aligned, points_of(prior, then), points_of(current, now))


def _tissue(image: ImageFindings) -> TissueMap:
    assert image.tissue_map is not None
    return image.tissue_map


def pairs(found: Matched) -> dict[int, int]:
    return dict(zip(found.current.tolist(), found.prior.tolist(), strict=True))


CLUSTER = a_cluster(60.0, 30.0, 10)


@pytest.mark.parametrize("off_mm", [0.0, 1.5, -3.0])
def test_a_constellation_is_found_again_and_corrects_the_alignment(off_mm: float) -> None:
    """All of ten are matched though the alignment is off by more than they lie apart."""
    found = match(a_day("a", CLUSTER), a_day("b", CLUSTER), off_mm=off_mm)
    assert pairs(found) == {n: n for n in range(10)}
    assert found.apart.max() < 0.3
    assert found.probability.min() > 0.5
    middle = np.array([[60.0, 30.0]])
    assert np.abs(found.registration.to_prior(middle) - middle).max() < 0.4
    assert found.registration.error_mm(middle)[0] < 1.0


def test_what_came_and_what_went_has_no_partner() -> None:
    """Four that came and three that went are left alone; the others keep theirs."""
    came: Places = [(52.0, 40.0), (54.0, 42.0), (51.0, 43.0), (53.0, 45.0)]
    found = match(a_day("a", CLUSTER), a_day("b", CLUSTER[3:] + came), off_mm=1.0)
    assert pairs(found) == {n: n + 3 for n in range(7)}


def test_a_single_one_is_matched_by_place() -> None:
    """One on each day at the same place are the same; 15 mm apart they are not."""
    assert pairs(match(a_day("a", loose=[(60.0, 30.0)]), a_day("b", loose=[(60.8, 30.0)]))) == {0: 0}
    assert not pairs(match(a_day("a", loose=[(60.0, 30.0)]), a_day("b", loose=[(75.0, 30.0)])))


def test_looking_alike_decides_between_two() -> None:
    """Of two equally near, the one of the same size is the same."""
    prior = a_day("a", loose=[(59.4, 30.0), (60.6, 30.0)])
    small, large = prior.calcifications
    prior = replace(prior, calcifications=(small, replace(large, diameter_px=20.0, contrast=60.0)))
    now = a_day("b", loose=[(60.0, 30.0)])
    assert pairs(match(prior, now)) == {0: 0}


@pytest.mark.parametrize(("then", "now"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_matches_nothing(then: int, now: int) -> None:
    """A day without calcifications leaves all of the other alone, and the alignment as it was."""
    found = match(a_day("a", loose=CLUSTER[:then]), a_day("b", loose=CLUSTER[:now]), off_mm=1.0)
    assert not pairs(found)
    assert found.registration.error_mm(np.array([[60.0, 30.0]]))[0] == pytest.approx(2.0)


def test_hundreds_are_matched_within_bounds() -> None:
    """Of more than four hundred the most believable take part; nearly all of those are right."""
    rng = np.random.default_rng(5)
    many = [(float(r), float(c)) for r, c in rng.uniform((20, 5), (100, 60), (MOST_SPECKS + 50, 2))]
    found = match(a_day("a", loose=many), a_day("b", loose=many), error_mm=1.0)
    told = pairs(found)
    assert max(told) < MOST_SPECKS
    assert np.mean([n == m for n, m in told.items()]) > 0.97
    assert len(told) > 0.9 * MOST_SPECKS


def test_the_same_input_gives_the_same_answer() -> None:
    """There is no chance in it."""
    one, other = (match(a_day("a", CLUSTER), a_day("b", CLUSTER[2:]), off_mm=1.0) for _ in range(2))
    assert np.array_equal(one.registration.target, other.registration.target)
    assert pairs(one) == pairs(other)


def test_without_tissue_pixels_a_size_is_still_a_number() -> None:
    """Diameters and contrasts of zero are taken for the least there is, not for minus infinity."""
    image = a_day("a", loose=[(60.0, 30.0)], contrast=0.0, diameter_mm=0.0)
    assert np.isfinite(points_of(image, a_tissue()).looks).all()
