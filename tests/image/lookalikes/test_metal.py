"""Clips, markers and wires as whole objects."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Point
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.lookalikes.lookalike import Lookalike
from calcwatch.image.lookalikes.metal import find_metal
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from tests.image.pictures import NOISE, half_round_breast, mammogram_of
from tests.phantom.views import SMALL, examine

METAL = (NonLesionKind.CLIP, NonLesionKind.MARKER, NonLesionKind.WIRE)
COARSE = PhantomSettings(field_mm=(180, 130), pixel_spacing_mm=0.14, groups=(), non_lesions=METAL)
DENSE = tuple(
    GroupPlan(morphology, Distribution.SINGLE, count=4, density=1.5)
    for morphology in (
        Morphology.POPCORN,
        Morphology.DYSTROPHIC,
        Morphology.ROD,
        Morphology.ROUND,
        Morphology.RIM,
        Morphology.SUTURE,
        Morphology.SKIN,
    )
)


def objects_in(gray: NDArray[np.float32]) -> tuple[tuple[Lookalike, ...], NDArray[np.uint8]]:
    """What is found in a picture of 0.1 mm pixels."""
    image = normalize(mammogram_of(gray))
    found = find_metal(image, find_breast(image))
    return found.lookalikes, found.covered


def kinds_in(gray: NDArray[np.float32]) -> list[NonLesionKind]:
    return [lookalike.kind for lookalike in objects_in(gray)[0]]


def drawn(mask: NDArray[np.uint8], *, sigma_px: float = 0.6, white: float = 1.0) -> NDArray[np.float32]:
    """A breast with white things that are 1 in ``mask`` (400 x 300), seen through a blur."""
    cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma_px)
    noise = np.random.default_rng(3).normal(0.0, NOISE, cover.shape)
    picture = (half_round_breast(noise=0.0) + noise) * (1 - cover) + white * cover
    return np.asarray(np.clip(picture, 0, white), dtype=np.float32)


def line(*points: tuple[int, int], width: int = 5) -> NDArray[np.uint8]:
    """Strokes from point to point (column, row)."""
    mask = np.zeros((400, 300), np.uint8)
    cv2.polylines(mask, [np.array(points, np.int32)], isClosed=False, color=1, thickness=width)
    return mask


def disk(radius: int, column: int = 120) -> NDArray[np.uint8]:
    mask = np.zeros((400, 300), np.uint8)
    cv2.circle(mask, (column, 200), radius, 1, cv2.FILLED)
    return mask


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (line((100, 200), (128, 210)), NonLesionKind.CLIP),
        (line((100, 200), (125, 190), (105, 175)), NonLesionKind.CLIP),
        (disk(9), NonLesionKind.MARKER),
        (line((60, 150), (120, 160), (200, 260), width=7), NonLesionKind.MARKER),
        (disk(60) - disk(52), NonLesionKind.MARKER),
        (line((60, 130), (120, 150), (200, 270), width=3), NonLesionKind.WIRE),
    ],
    ids=["bar", "bent clip", "ball", "scar wire", "ring", "suture"],
)
def test_metal_is_told_by_its_shape(mask: NDArray[np.uint8], kind: NonLesionKind) -> None:
    """Bars of 3 mm are clips, bent or not; balls, rings and thick wires are markers; thin ones are wires."""
    assert kinds_in(drawn(mask)) == [kind]


@pytest.mark.parametrize(
    "mask", [line((100, 200), (140, 210), width=8), disk(9), disk(4)], ids=["rod", "round", "speck"]
)
def test_what_fades_toward_its_edge_is_calcium(mask: NDArray[np.uint8]) -> None:
    """The same shapes, as white in the middle but soft all round, may be calcifications."""
    assert kinds_in(drawn(mask, sigma_px=2.6)) == []


def test_a_gray_scale_that_ends_early_hides_no_metal() -> None:
    """White is the brightest that there is: a clip shown at 0.85 is a clip."""
    assert kinds_in(drawn(line((100, 200), (128, 210)), white=0.85)) == [NonLesionKind.CLIP]


def test_no_ball_is_named_where_the_window_saturates_tissue() -> None:
    """With a white patch of tissue beside it, a white ball may be a calcification cut off by the window."""
    both = drawn(disk(9))
    both[260:330, 60:160] = 1.0
    assert kinds_in(both) == []


def test_all_of_a_wire_is_covered_and_what_lies_in_its_loop_is_not() -> None:
    """Every bright pixel of a ring belongs to it, the middle of the ring does not."""
    mask = disk(60) - disk(52)
    (marker,), covered = objects_in(drawn(mask))
    image = normalize(mammogram_of(drawn(mask)))
    ring = mask[image.frame.top :, image.frame.left :][: covered.shape[0], : covered.shape[1]]
    assert covered[ring > 0].all()
    row, column = 200 - image.frame.top, 120 - image.frame.left
    assert not covered[row - 30 : row + 31, column - 30 : column + 31].any()
    assert (marker.row, marker.column) == pytest.approx((row, column), abs=1.5)


def two_bars(*, single: float) -> NDArray[np.float32]:
    """A breast with two bars of 5 mm, joined at one end; apart from it each has the gray ``single``."""
    bars = [line((100, 200), (148, 206)), line((100, 203), (148, 213))]
    cover = [cv2.GaussianBlur(bar.astype(np.float32), (0, 0), 0.6) for bar in bars]
    noise = np.random.default_rng(3).normal(0.0, NOISE, cover[0].shape)
    picture = half_round_breast(noise=0.0) + noise
    added = (single - 0.4) * cover[0] + (single - 0.4) * cover[1]
    return np.asarray(np.clip(picture + added, 0, 1), np.float32)


def rod(*, dense: float) -> NDArray[np.float32]:
    """A breast with a straight rod of calcium, 5 mm long and 0.8 mm thick: brightest in its middle line."""
    y, x = np.indices((400, 300), dtype=np.float32)
    along, across = x - 124, y - 200
    thickness = np.sqrt(np.clip(1 - (across / 4) ** 2 - np.clip(np.abs(along) / 25, 0, 1) ** 8, 0, 1))
    noise = np.random.default_rng(3).normal(0.0, NOISE, y.shape)
    picture = half_round_breast(noise=0.0) + noise + cv2.GaussianBlur(dense * thickness, (0, 0), 0.8)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


@pytest.mark.parametrize("single", [0.9, 0.94, 1.0])
def test_two_bars_side_by_side_are_one_clip(single: float) -> None:
    """Where they lie over each other they are whiter than elsewhere, and between them is a valley."""
    assert kinds_in(two_bars(single=single)) == [NonLesionKind.CLIP]


@pytest.mark.parametrize("dense", [0.4, 0.58, 0.7])
def test_a_straight_rod_of_calcium_is_no_clip(dense: float) -> None:
    """It is as long, as straight and as white in its middle, but has no plateau."""
    assert kinds_in(rod(dense=dense)) == []


def test_a_straight_bar_beside_a_clip_is_one_too() -> None:
    """A surgeon leaves several; alone it may be a rod."""
    both = np.maximum(rod(dense=0.57), drawn(line((100, 230), (148, 236))))
    assert kinds_in(both) == [NonLesionKind.CLIP] * 2


def test_two_bars_that_the_border_cuts_off_are_a_clip() -> None:
    """Both bars together are 1.2 mm wide, as markers are."""
    assert kinds_in(drawn(line((0, 200), (14, 200), width=11))) == [NonLesionKind.CLIP]


def test_a_white_corner_of_the_picture_is_no_metal() -> None:
    """A collimator leaves one; a clip that two borders cut would have no shape left."""
    gray = half_round_breast()
    gray[:, 100:] = 0
    picture = np.vstack([np.full((30, 300), 0.4, np.float32), gray[30:]])
    picture[:14, :4] = 1.0
    assert kinds_in(picture) == []


def test_a_line_along_the_border_hides_no_clip() -> None:
    """It is brighter than all else, and says nothing of how bright white is."""
    gray = drawn(line((100, 200), (128, 210)), white=0.85)
    gray[150:250, 0:3] = 1.0
    assert kinds_in(gray) == [NonLesionKind.CLIP]


def test_the_place_of_a_bent_clip_lies_on_it() -> None:
    """The middle of the circle round a V is between its arms."""
    mask = line((100, 200), (125, 190), (105, 175))
    ((clip,), _) = objects_in(drawn(mask))
    frame = normalize(mammogram_of(drawn(mask))).frame
    row, column = frame.to_file(clip.row, clip.column)
    assert mask[round(row), round(column)]


def test_what_is_as_white_as_metal_and_has_no_shape_of_it_is_doubtful() -> None:
    """A dot seen alone may be a clip end-on: a network may say so. Of a soft one it may not."""
    sharp = normalize(mammogram_of(drawn(disk(4))))
    assert find_metal(sharp, find_breast(sharp)).lookalikes == ()
    assert find_metal(sharp, find_breast(sharp)).doubtful.any()
    soft = normalize(mammogram_of(drawn(disk(4), sigma_px=2.6)))
    assert not find_metal(soft, find_breast(soft)).doubtful.any()


def test_two_clips_close_together_are_two() -> None:
    """Clips 0.6 mm apart are named one by one, top to bottom."""
    mask = line((100, 200), (130, 200)) | line((100, 211), (130, 211))
    found, _ = objects_in(drawn(mask))
    assert [lookalike.kind for lookalike in found] == [NonLesionKind.CLIP] * 2
    assert found[1].row - found[0].row == pytest.approx(11, abs=1)


def test_a_clip_seen_end_on_is_one_beside_another() -> None:
    """A white sharp dot may be a calcification, but beside a clip it is a clip."""
    dot = disk(2, column=180)
    assert kinds_in(drawn(dot)) == []
    assert kinds_in(drawn(dot | line((100, 200), (128, 210)))) == [NonLesionKind.CLIP] * 2


def test_dots_that_outnumber_the_clips_stay() -> None:
    """Three dots beside one clip are a group of calcifications beside a clip."""
    dots = disk(2, column=180) | disk(2, column=195) | disk(2, column=210)
    assert kinds_in(drawn(dots | line((100, 200), (128, 210)))) == [NonLesionKind.CLIP]


def test_nothing_found_is_an_empty_answer() -> None:
    """A breast without metal gives no objects and a mask of zeros of the crop's size."""
    image = normalize(mammogram_of(half_round_breast()))
    found, covered, doubtful = find_metal(image, find_breast(image))
    assert found == ()
    assert covered.shape == image.gray.shape
    assert not covered.any()
    assert not doubtful.any()


def covered_share(image: PhantomImage, items: list[tuple[Point, ...]]) -> float:
    """Share of outlined things that the mask of metal touches."""
    gray = image.stored.astype(np.float32) / np.float32(2**image.bits_stored - 1)
    seen = normalize(mammogram_of(gray, spacing_mm=image.pixel_spacing_mm))
    covered = find_metal(seen, find_breast(seen)).covered
    whole = np.zeros(image.stored.shape, np.uint8)
    view = whole[:, ::-1] if seen.frame.mirrored else whole
    width = image.stored.shape[1]
    left = width - seen.frame.left - seen.frame.columns if seen.frame.mirrored else seen.frame.left
    rows, columns = seen.frame.rows, seen.frame.columns
    view[seen.frame.top : seen.frame.top + rows, left : left + columns] = covered
    hits = []
    for outline in items:
        own = np.zeros_like(whole)
        cv2.fillPoly(own, [np.round([point[::-1] for point in outline]).astype(np.int32)], 1)
        hits.append(bool((whole & own).any()))
    return float(np.mean(hits))


@pytest.mark.parametrize(
    "settings",
    [COARSE, replace(COARSE, pixel_spacing_mm=0.1, bits_stored=8), replace(COARSE, film=True)],
    ids=["0.14 mm", "0.1 mm, 8 bits", "film"],
)
def test_the_metal_of_phantoms_is_named(settings: PhantomSettings) -> None:
    """Of clips, markers and wires in six phantoms at least 95 percent are found."""
    shares = [
        covered_share(image, [item.outline for item in image.truth.non_lesions])
        for seed in range(300, 306)
        for image in examine(seed, settings).images
    ]
    assert np.mean(shares) >= 0.95


@pytest.mark.parametrize("film", [False, True], ids=["digital", "film"])
def test_no_dense_calcification_of_phantoms_is_metal(film: bool) -> None:
    """Popcorn, rods, rims, sutures and dystrophic ones of one and a half times the usual density stay."""
    settings = replace(SMALL, pixel_spacing_mm=0.14, field_mm=(180, 130), groups=DENSE, film=film)
    for seed in range(300, 304):
        for image in examine(seed, settings).images:
            assert covered_share(image, [item.outline for item in image.truth.calcifications]) == 0
