"""Which calcification is which: constellations, strangers, crowds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.comparison.match import Matched, match_calcifications, points_of
from calcwatch.comparison.register import error_at, to_prior
from calcwatch.comparison.settings import DEFAULT
from calcwatch.domain.findings import ImageFindings
from tests.comparison.aligned import Places, a_cluster, a_day, laid_over

MOST = DEFAULT.match.max_calcifications


def match(
    prior: ImageFindings, current: ImageFindings, *, off_mm: float = 0.0, error_mm: float = 2.0
) -> Matched:
    """Match two images under an alignment that is off by so much."""
    prior_points, points = points_of(prior), points_of(current)
    registration = laid_over(prior_points.tissue_map, points.tissue_map, off_mm=off_mm, error_mm=error_mm)
    return match_calcifications(registration, prior_points, points)


def pairs(found: Matched) -> dict[int, int]:
    return dict(zip(found.current.tolist(), found.prior.tolist(), strict=True))


CLUSTER = a_cluster(60.0, 30.0, 10)


@pytest.mark.parametrize("off_mm", [0.0, 1.5, -3.0])
def test_a_constellation_is_found_again_and_corrects_the_alignment(off_mm: float) -> None:
    """All of ten are matched though the alignment is off by more than they lie apart."""
    found = match(a_day("a", CLUSTER), a_day("b", CLUSTER), off_mm=off_mm)
    assert pairs(found) == {n: n for n in range(10)}
    assert found.distance.max() < 0.3
    assert found.probability.min() > 0.5
    middle = np.array([[60.0, 30.0]])
    assert np.abs(to_prior(found.registration, middle) - middle).max() < 0.4
    assert error_at(found.registration, middle)[0] < 1.0


def test_what_came_and_what_went_has_no_partner() -> None:
    """Four that came and three that went are left unmatched; the others keep theirs."""
    came: Places = [(52.0, 40.0), (54.0, 42.0), (51.0, 43.0), (53.0, 45.0)]
    found = match(a_day("a", CLUSTER), a_day("b", CLUSTER[3:] + came), off_mm=1.0)
    assert pairs(found) == {n: n + 3 for n in range(7)}


def test_a_single_one_is_matched_by_place() -> None:
    """One on each image at the same place are the same; 15 mm apart they are not."""
    assert pairs(match(a_day("a", loose=[(60.0, 30.0)]), a_day("b", loose=[(60.8, 30.0)]))) == {0: 0}
    assert not pairs(match(a_day("a", loose=[(60.0, 30.0)]), a_day("b", loose=[(75.0, 30.0)])))


def test_appearance_decides_between_two() -> None:
    """Of two equally near, the one of the same size is the same."""
    prior = a_day("a", loose=[(59.4, 30.0), (60.6, 30.0)])
    small, large = prior.calcifications
    prior = replace(prior, calcifications=(small, replace(large, diameter_px=20.0, contrast=60.0)))
    current = a_day("b", loose=[(60.0, 30.0)])
    assert pairs(match(prior, current)) == {0: 0}


@pytest.mark.parametrize(("prior", "current"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_matches_nothing(prior: int, current: int) -> None:
    """An image without calcifications leaves all of the other unmatched, and the alignment as it was."""
    found = match(a_day("a", loose=CLUSTER[:prior]), a_day("b", loose=CLUSTER[:current]), off_mm=1.0)
    assert not pairs(found)
    assert error_at(found.registration, np.array([[60.0, 30.0]]))[0] == pytest.approx(2.0)


def test_hundreds_are_matched_within_bounds() -> None:
    """Of more than four hundred those of the highest score take part; nearly all of those are right."""
    rng = np.random.default_rng(5)
    many = [(float(r), float(c)) for r, c in rng.uniform((20, 5), (100, 60), (MOST + 50, 2))]
    found = match(a_day("a", loose=many), a_day("b", loose=many), error_mm=1.0)
    matched = pairs(found)
    assert max(matched) < MOST
    assert np.mean([current == prior for current, prior in matched.items()]) > 0.97
    assert len(matched) > 0.9 * MOST


def test_the_same_input_gives_the_same_answer() -> None:
    """There is no chance in it."""
    first, second = (match(a_day("a", CLUSTER), a_day("b", CLUSTER[2:]), off_mm=1.0) for _ in range(2))
    assert np.array_equal(first.registration.target, second.registration.target)
    assert pairs(first) == pairs(second)


def test_without_tissue_pixels_a_size_is_still_a_number() -> None:
    """Diameters and contrasts of zero are taken for the least there is, not for minus infinity."""
    image = a_day("a", loose=[(60.0, 30.0)], contrast=0.0, diameter_mm=0.0)
    assert np.isfinite(points_of(image).appearance).all()
