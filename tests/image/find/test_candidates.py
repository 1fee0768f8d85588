"""The classical detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from calcwatch.image.find.candidates import detect_classical, find_candidates
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from tests.image.pictures import NOISE, add_blob, half_round_breast, mammogram_of

if TYPE_CHECKING:
    from calcwatch.image.find.detections import Detections


def detect(gray: np.ndarray, *, spacing_mm: float | None = 0.1, most: int = 4000) -> Detections:
    """Candidates of a picture whose crop starts at its own origin or four pixels off."""
    image = normalize(mammogram_of(gray, spacing_mm=spacing_mm))
    return detect_classical(image, find_breast(image), AnalysisSettings(max_candidates=most))


def test_a_bright_point_gets_a_high_score() -> None:
    """The strongest candidate is the point, at its place, and nothing else is above the threshold."""
    gray = add_blob(half_round_breast(), 200, 120)
    found = detect(gray)
    top = normalize(mammogram_of(gray)).frame.top
    assert (found.row[0] + top, found.column[0]) == (200, 120)
    assert found.score[0] > 0.9
    assert (found.score[1:] < 0.5).all()


def test_noise_alone_gets_no_high_score() -> None:
    """White noise makes candidates but none above the threshold."""
    assert not (detect(half_round_breast()).score >= 0.5).any()


def test_a_line_gets_no_high_score() -> None:
    """A ligament or vessel as bright as a calcification is discounted."""
    gray = half_round_breast()
    y, x = np.indices(gray.shape, dtype=np.float32)
    line = 0.2 * np.exp(-((y - 200 - 0.4 * (x - 120)) ** 2) / (2 * 1.5**2)) * ((x > 40) & (x < 200))
    found = detect((gray + line).astype(np.float32))
    away_from_ends = (found.column > 50) & (found.column < 190)
    assert not (found.score[away_from_ends] >= 0.5).any()


def test_the_skin_line_gives_no_candidates() -> None:
    """The steep edge of the breast is no candidate, and nothing within a millimeter of it is looked at."""
    found = detect(half_round_breast(gray=0.8))
    y, x = found.row, found.column
    inside = (y - y.mean()) ** 2 / 180**2 + x**2 / 270**2
    assert found.row.size == 0 or float(inside.max()) < 1.1
    assert not (found.score >= 0.5).any()


def test_strength_does_not_depend_on_the_gray_scale() -> None:
    """Units of noise: a darker rendering of the same values has the same strengths."""
    gray = add_blob(half_round_breast(), 200, 120, height=0.1)
    plain, dark = detect(gray), detect(gray / 16)
    np.testing.assert_allclose(plain.strength[:5], dark.strength[:5], rtol=0.02)


def test_neighbors_support_each_other() -> None:
    """A faint point among others gets a higher score than the same point alone."""
    alone = add_blob(half_round_breast(), 200, 120, height=0.05)
    together = alone
    for row, column in ((190, 115), (208, 127), (203, 108), (192, 130)):
        together = add_blob(together, row, column, height=0.1)
    top = normalize(mammogram_of(alone)).frame.top

    def score(found: Detections) -> float:
        near = np.hypot(found.row + top - 200, found.column - 120) < 3
        return float(found.score[near].max(initial=0.0))

    assert score(detect(together)) > 1.2 * score(detect(alone))


def test_the_number_of_candidates_is_bounded() -> None:
    """The strongest are kept, in order."""
    everything, few = detect(half_round_breast()), detect(half_round_breast(), most=5)
    assert few.row.size == 5 < everything.row.size
    assert (np.diff(few.score) <= 0).all()


def test_a_picture_full_of_points_stays_bounded() -> None:
    """Forty thousand points in a regular grid give no more candidates than asked for."""
    gray = half_round_breast(1200, 1000, gray=0.3)
    for row, column in np.ndindex(3, 3):
        gray[row + 2 :: 5, column + 2 :: 5] += 0.4 if (row, column) == (1, 1) else 0.2
    gray *= half_round_breast(1200, 1000) > 0
    assert detect(gray.clip(0, 1), most=300).row.size <= 300


def test_no_breast_gives_empty_arrays() -> None:
    """No candidates: arrays of length zero, of the same type."""
    found = detect(np.zeros((60, 50), np.float32))
    assert found.row.size == found.score.size == 0
    assert found.score.dtype == np.float32


def test_candidates_come_with_what_a_patch_is_cut_from() -> None:
    """Highest rank first, each with its noise, and the breast without its edge."""
    gray = add_blob(half_round_breast(), 200, 120)
    image = normalize(mammogram_of(gray))
    found = find_candidates(image, find_breast(image), AnalysisSettings())
    assert (np.diff(found.rank_score) <= 0).all()
    assert found.filled.shape == image.gray.shape
    assert found.filled[found.row[0], found.column[0]] == image.gray[found.row[0], found.column[0]]
    assert found.pixel_noise()[0] == pytest.approx(NOISE, rel=0.15)
    assert found.response[0] * found.noise[0] == pytest.approx(0.05, rel=0.4)


def test_what_stands_out_clearly_stays_where_candidates_are_few() -> None:
    """The rank decides which candidates are kept, so the points are among the first five of hundreds."""
    gray = half_round_breast()
    for row in (120, 160, 200, 240):
        gray = add_blob(gray, row, 120, height=0.1)
    found = detect(gray, most=5)
    top = normalize(mammogram_of(gray)).frame.top
    near = [np.hypot(found.row + top - row, found.column - 120).min() < 2 for row in (120, 160, 200, 240)]
    assert all(near)
