"""Calcifications inserted into a given picture, with their truth."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.domain.findings import NonLesionKind
from calcwatch.phantom.insertion import Insertion, InsertionSettings, insert, noise_of
from calcwatch.phantom.shapes import ball

STEP = 1 / 4095


def _breast() -> tuple[np.ndarray, np.ndarray]:
    speckle = np.random.default_rng(3).normal(0.0, 0.01, (500, 400))
    return (0.4 + speckle).astype(np.float32), np.ones((500, 400), np.uint8)


def _inserted(seed: int = 5, **settings: object) -> tuple[np.ndarray, Insertion]:
    gray, area = _breast()
    chosen = InsertionSettings(**settings)  # type: ignore[arg-type]
    made = insert(np.random.default_rng(seed), gray, area, spacing_mm=0.1, gray_step=STEP, settings=chosen)
    return gray, made


def test_the_same_generator_gives_the_same_picture_and_leaves_the_input_alone() -> None:
    """Two insertions with one seed agree to the bit; the given picture is not changed."""
    given, first = _inserted()
    _, second = _inserted()
    assert np.array_equal(first.gray, second.gray)
    assert np.array_equal(given, _breast()[0])
    assert first.gray.dtype == np.float32
    assert len(first.calcifications) > 5


def test_the_truth_lies_where_the_picture_is_brighter() -> None:
    """At the peak of plain calcifications the picture is brighter by about the true contrast."""
    gray, made = _inserted(contrast=(15.0, 20.0), blanks=0)
    small = [item for item in made.calcifications if item.diameter_mm < 1.0]
    assert small
    for item in small:
        row, column = round(item.row), round(item.column)
        rise = (made.gray - gray)[row - 8 : row + 9, column - 8 : column + 9].max() / 0.01
        assert rise > 0.45 * item.contrast, item


def test_contrast_of_a_groups_median_member_is_the_planned_one() -> None:
    """The median contrast of each group lies in the planned range."""
    _, made = _inserted(contrast=(6.0, 8.0), scatters=12)
    for number in {item.group for item in made.calcifications}:
        members = [item.contrast for item in made.calcifications if item.group == number]
        assert 4.5 < np.median(members) < 10.5


def test_a_blank_changes_the_noise_and_not_the_mean() -> None:
    """Blank insertions alone leave no brighter spot and no truth."""
    gray, made = _inserted(scatters=0, blanks=40)
    change = made.gray - gray
    assert made.calcifications == ()
    assert np.count_nonzero(np.abs(change) > STEP) > 100
    assert abs(float(change.mean())) < 2e-4
    assert float(change.max()) < 0.06


def test_metal_is_recorded_as_what_it_is() -> None:
    """An inserted ball of steel is a marker in the truth, white in the picture, and no calcification."""
    _, made = _inserted(scatters=0, blanks=0, metal=((NonLesionKind.MARKER, ball(2.0), 10.0),))
    (marker,) = made.non_lesions
    assert marker.kind is NonLesionKind.MARKER
    assert made.gray[round(marker.row), round(marker.column)] > 0.95
    assert made.calcifications == ()


def test_the_noise_is_that_of_single_pixels() -> None:
    """White noise of 0.01 is measured as such."""
    gray, area = _breast()
    assert np.median(noise_of(gray, area, 0.1)) == pytest.approx(0.01, rel=0.05)


def test_no_room_is_an_error() -> None:
    """An empty area is refused."""
    gray, area = _breast()
    with pytest.raises(ValueError, match="area is empty"):
        insert(
            np.random.default_rng(0),
            gray,
            np.zeros_like(area),
            spacing_mm=0.1,
            gray_step=STEP,
            settings=InsertionSettings(),
        )
