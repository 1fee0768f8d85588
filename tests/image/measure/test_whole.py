"""Marks on one large calcification are one mark."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.measure.outline import MeasuredObject, measure
from calcwatch.image.measure.whole import join_wholes
from tests.image.measure.test_outline import detections_at, image_of
from tests.image.pictures import add_blob, add_disk, half_round_breast


def wholes_at(
    gray: np.ndarray, *places: tuple[float, float], sigma: float = 1.5, likely: str = ""
) -> tuple[MeasuredObject, ...]:
    """What is made of the marks at these places of the file, of a class where one is named."""
    image = image_of(gray)
    detections = detections_at(image, *places, sigma=sigma)
    if likely:
        row = np.array([float(name == likely) for name in CANDIDATE_CLASSES], np.float32)
        detections = replace(detections, class_probabilities=np.tile(row, (len(places), 1)))
    return join_wholes(image, measure(image, detections), detections)


def blurred(gray: np.ndarray) -> np.ndarray:
    """As the system blurs an edge."""
    return np.asarray(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 0.7), np.float32)


def rim(*, gap: bool = False) -> np.ndarray:
    """A breast with a ring of 2.4 mm whose middle is dimmer than its rim, its upper part dimmer still."""
    ring = add_disk(half_round_breast(noise=0), 200, 120, radius_px=12)
    ring = ring - add_disk(half_round_breast(noise=0, gray=0), 200, 120, radius_px=9, height=0.22)
    if gap:
        ring[180:192, 115:126] -= 0.1
    return blurred(ring) + half_round_breast(gray=0, noise=0.006)


def test_a_rim_is_one_object() -> None:
    """Four marks along a ring are one, as large as the ring, in the name of the strongest."""
    (found,) = wholes_at(rim(gap=True), (210, 120), (200, 130), (200, 110), (193, 128))
    assert found.diameter_px == pytest.approx(24, rel=0.1)
    assert found.index == 0


def test_a_mark_in_the_lucent_middle_is_the_ring() -> None:
    """A filter of a coarse scale responds in the middle of a ring, where there is no top."""
    (found,) = wholes_at(rim(), (200, 120), sigma=6)
    assert found.diameter_px == pytest.approx(24, rel=0.1)


LUMPS = ((194, 118), (205, 125), (203, 113))


def lumpy() -> np.ndarray:
    """A breast with three dense lumps on a dimmer plate of 2.2 mm."""
    gray = add_disk(half_round_breast(noise=0), 200, 120, radius_px=11, height=0.15)
    for row, column in LUMPS:
        gray = add_blob(gray, row, column, sigma_px=2, height=0.2)
    return blurred(gray) + half_round_breast(gray=0, noise=0.006)


def test_an_uneven_calcification_is_one() -> None:
    """Lumps on a plate are marks of the plate."""
    (found,) = wholes_at(lumpy(), *LUMPS)
    assert found.diameter_px == pytest.approx(22, rel=0.12)
    assert found.merged == (1, 2)


def test_a_tight_cluster_stays_apart() -> None:
    """Five specks on a soft bright piece of tissue are five: it has no border of its own."""
    places = ((194, 118), (205, 125), (203, 113), (196, 127), (199, 120))
    gray = add_blob(half_round_breast(noise=0.006), 200, 120, sigma_px=9, height=0.1)
    for row, column in places:
        gray = add_blob(gray, row, column, sigma_px=1.2, height=0.25)
    assert len(wholes_at(gray, *places)) == 5


def test_two_dots_side_by_side_are_two() -> None:
    """Where the dip between two tops is deep, the level that joins them makes no whole."""
    gray = half_round_breast(noise=0.003)
    for column in (115, 125):
        gray = add_blob(gray, 200, column, sigma_px=2.2, height=0.3)
    assert len(wholes_at(gray, (200, 115), (200, 125))) == 2


def test_tracks_of_a_vessel_stay_in_pieces() -> None:
    """What is classified as calcium of a vessel's wall is not made one object."""
    assert len(wholes_at(lumpy(), *LUMPS, likely="calcification")) == 1
    assert len(wholes_at(lumpy(), *LUMPS, likely="vascular")) == 3


def test_small_specks_are_left_alone() -> None:
    """A single speck is the same object as before."""
    image = image_of(add_blob(half_round_breast(), 200, 120))
    detections = detections_at(image, (200, 120))
    pieces = measure(image, detections)
    assert join_wholes(image, pieces, detections)[0] is pieces[0]


def test_nothing_measured_is_nothing_joined() -> None:
    """No marks give an empty tuple."""
    assert wholes_at(half_round_breast()) == ()


def test_a_calcification_that_the_border_of_the_picture_cuts_is_one() -> None:
    """Half of a large disk at the chest wall is outlined up to the border."""
    gray = blurred(add_disk(half_round_breast(noise=0), 200, 2, radius_px=12)) + half_round_breast(
        gray=0, noise=0.006
    )
    (found,) = wholes_at(gray, (200, 4), (207, 3))
    rows = [row for row, _ in found.outline]
    assert max(rows) - min(rows) == pytest.approx(24, rel=0.12)
