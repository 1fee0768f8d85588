"""Look-alikes are where their truth says, and look as they should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.lookalikes import draw_biopsy_marker, draw_clip, draw_marker, draw_strands, draw_wire
from calcwatch.phantom.settings import LookalikeSettings
from calcwatch.phantom.shapes import straight_tube
from calcwatch.phantom.solids import Ellipsoid
from calcwatch.phantom.truth import PhantomImage
from tests.phantom.views import SMALL, examine, one_group

CLEAN = replace(SMALL, noise=False)
IN_THE_BREAST = (
    NonLesionKind.CLIP,
    NonLesionKind.MARKER,
    NonLesionKind.WIRE,
    NonLesionKind.SKIN_FOLD,
    NonLesionKind.POWDER,
)


def near_truth(image: PhantomImage, kind: NonLesionKind, margin_px: int) -> NDArray[np.uint8]:
    """1 inside the true outlines of one kind and ``margin_px`` round them."""
    mask = np.zeros(image.stored.shape, np.uint8)
    for item in image.truth.non_lesions:
        assert item.kind is kind
        cv2.fillPoly(mask, [np.round(np.array(item.outline)[:, ::-1]).astype(np.int32)], 1)
    return np.asarray(
        cv2.dilate(mask, np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)), dtype=np.uint8
    )


def brightest(added: NDArray[np.integer], point: tuple[float, float]) -> int:
    """The largest difference within twelve pixels of a point."""
    row, column = max(round(point[0]) - 12, 0), max(round(point[1]) - 12, 0)
    return int(added[row : row + 25, column : column + 25].max())


@pytest.mark.parametrize("side", [Laterality.LEFT, Laterality.RIGHT])
@pytest.mark.parametrize("kind", NonLesionKind)
def test_each_look_alike_is_where_its_truth_says(kind: NonLesionKind, side: Laterality) -> None:
    """A wanted look-alike is there and bright, and nothing changes away from its outline."""
    bare = replace(CLEAN, lateralities=(side,))
    wanted = replace(bare, non_lesions=(kind,))
    for image, empty in zip(examine(80, wanted).images, examine(80, bare).images, strict=True):
        assert image.truth.non_lesions
        added = image.stored.astype(int) - empty.stored
        assert not added[near_truth(image, kind, 30) == 0].any()
        for item in image.truth.non_lesions:
            assert np.median([brightest(added, point) for point in item.points]) > 20


@pytest.mark.parametrize("kind", IN_THE_BREAST)
def test_what_lies_in_the_breast_is_in_both_views(kind: NonLesionKind) -> None:
    """Clips, markers, wires, folds and powder have the same ids in CC and MLO."""
    cranial, oblique = examine(80, replace(CLEAN, non_lesions=(kind,))).images
    assert {item.id for item in cranial.truth.non_lesions} == {item.id for item in oblique.truth.non_lesions}


@pytest.mark.parametrize(
    ("kind", "count", "place", "extent"),
    [
        (NonLesionKind.CLIP, 3, (515.7, 222.3), (16.3, 15.7)),
        (NonLesionKind.MARKER, 1, (766.4, 287.7), (206.0, 100.7)),
        (NonLesionKind.WIRE, 1, (750.7, 139.1), (58.0, 72.3)),
    ],
)
def test_metal_stays_what_its_seed_made_it(
    kind: NonLesionKind, count: int, place: tuple[float, float], extent: tuple[float, float]
) -> None:
    """The number, place and size of seed 80's metal are those of the first version."""
    items = examine(80, replace(CLEAN, non_lesions=(kind,))).images[0].truth.non_lesions
    assert len(items) == count
    assert (items[-1].row, items[-1].column) == pytest.approx(place, abs=0.1)
    assert tuple(np.ptp(np.array(items[-1].outline), axis=0)) == pytest.approx(extent, abs=0.5)


def largest_extent(parts: tuple[Ellipsoid, ...]) -> float:
    """The largest side of the box round a solid's parts, in mm."""
    low = np.min([part.center - np.linalg.norm(part.matrix, axis=1) for part in parts], axis=0)
    high = np.max([part.center + np.linalg.norm(part.matrix, axis=1) for part in parts], axis=0)
    return float((high - low).max())


@pytest.mark.parametrize(
    ("draw", "smallest_mm", "largest_mm"),
    [(draw_clip, 1.2, 7.0), (draw_marker, 1.4, 42.0), (draw_wire, 3.0, 20.0), (draw_biopsy_marker, 0.6, 3.9)],
)
def test_each_drawn_piece_of_metal_has_the_size_it_says(
    draw: Callable[[np.random.Generator], tuple[Ellipsoid, ...]], smallest_mm: float, largest_mm: float
) -> None:
    """Sixty drawn pieces keep to their sizes, differ, and come again from the same generator."""
    extents = [largest_extent(draw(np.random.default_rng(seed))) for seed in range(60)]
    assert smallest_mm <= min(extents)
    assert max(extents) <= largest_mm
    assert np.ptp(extents) > 0.2 * max(extents)
    assert largest_extent(draw(np.random.default_rng(0))) == extents[0]


def test_a_folded_clip_is_two_bars_of_the_length_it_says() -> None:
    """Two bars and what joins them, 3 to 7 mm long; where none is folded, clips are what they were."""
    folded = replace(LookalikeSettings(), clip_folded=1.0)
    clips = [draw_clip(np.random.default_rng(seed), folded) for seed in range(40)]
    bar = straight_tube(np.zeros(3), np.ones(3), 0.2)
    assert {len(clip) for clip in clips} == {3 * len(bar)}
    assert max(largest_extent(clip) for clip in clips) <= 7.0 + 0.7
    never = replace(LookalikeSettings(), clip_folded=0.0)
    same = zip(draw_clip(np.random.default_rng(1), never), draw_clip(np.random.default_rng(1)), strict=True)
    assert all((one_part.center == other.center).all() for one_part, other in same)


def test_metal_is_white_and_sharp() -> None:
    """Clips saturate nearly to white."""
    image = examine(81, replace(SMALL, non_lesions=(NonLesionKind.CLIP,))).images[0]
    for item in image.truth.non_lesions:
        row, column = round(item.row), round(item.column)
        assert image.stored[row - 10 : row + 11, column - 10 : column + 11].max() > 0.9 * 4095


def test_powder_is_many_fine_specks() -> None:
    """A streak of powder has at least twenty specks, each a true point inside its outline's box."""
    for image in examine(82, replace(CLEAN, non_lesions=(NonLesionKind.POWDER,))).images:
        (powder,) = image.truth.non_lesions
        assert len(powder.points) >= 20
        low, high = np.min(powder.outline, axis=0) - 0.01, np.max(powder.outline, axis=0) + 0.01
        assert all((low <= point).all() and (point <= high).all() for point in np.array(powder.points))


def test_dust_is_sharper_than_the_system() -> None:
    """Dust lies on the film: two pixels from a speck there is nothing, however wide the blur."""
    settings = replace(CLEAN, mtf=((1.0, 0.4),))
    image = examine(83, replace(settings, non_lesions=(NonLesionKind.DUST,))).images[0]
    empty = examine(83, settings).images[0]
    specks = [item for item in image.truth.non_lesions if np.ptp(np.array(item.outline), axis=0).max() < 5]
    assert specks
    added = image.stored.astype(int) - empty.stored
    for item in specks:
        row, column = round(item.row), round(item.column)
        ring = added[row - 3 : row + 4, column - 3 : column + 4].copy()
        ring[1:-1, 1:-1] = 0
        assert ring.max() == 0


def test_calcified_vessels_are_calcifications() -> None:
    """A vascular track is truth of calcifications along a vessel, not a look-alike."""
    truth = (
        examine(84, replace(SMALL, groups=one_group(Morphology.VASCULAR, Distribution.LINEAR, 40)))
        .images[0]
        .truth
    )
    assert len(truth.calcifications) == 40
    assert truth.non_lesions == ()
    places = np.array([[item.row, item.column] for item in truth.calcifications]) * 0.1
    along, across = np.sort(np.linalg.eigvalsh(np.cov(places.T)))[::-1]
    assert along > 6 * across


def test_without_a_plan_look_alikes_come_now_and_then() -> None:
    """Left to the seed, some breasts have look-alikes and others none."""
    counts = [
        len(
            examine(seed, replace(SMALL, non_lesions=None, views=SMALL.views[:1])).images[0].truth.non_lesions
        )
        for seed in range(85, 95)
    ]
    assert min(counts) == 0
    assert max(counts) > 0


def _drawn(seed: int = 3, count: int = 20) -> np.ndarray:
    area = np.zeros((400, 300), np.uint8)
    area[100:300, 50:250] = 1
    noise = np.full((400, 300), 0.01, np.float32)
    return draw_strands(np.random.default_rng(seed), area, noise, spacing_mm=0.1, count=count)


def test_strands_are_bright_lines_and_the_same_for_a_seed() -> None:
    """They only add, stand a few times above the noise, and cover a small share of the picture."""
    added = _drawn()
    assert np.array_equal(added, _drawn())
    assert added.min() >= 0
    assert 0.05 < added.max() < 2.0
    assert 0.001 < np.mean(added > 0.02) < 0.4


def test_a_count_of_zero_draws_nothing() -> None:
    """A count of 0 adds nothing, and so does an area without room."""
    assert not _drawn(count=0).any()
    empty = np.zeros((40, 40), np.uint8)
    noise = np.full((40, 40), 0.01, np.float32)
    assert not draw_strands(np.random.default_rng(0), empty, noise, spacing_mm=0.1, count=5).any()
