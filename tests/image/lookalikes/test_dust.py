"""Dust and scratches."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.lookalikes.dust import find_dust, whiter_than_calcium
from calcwatch.image.prepare.normalize import normalize
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.image.pictures import add_blob, half_round_breast, mammogram_of
from tests.phantom.views import examine


def is_dust(gray: NDArray[np.float32], row: int, column: int, spacing_mm: float = 0.1) -> bool:
    return bool(whiter_than_calcium(gray, np.array([row]), np.array([column]), spacing_mm)[0])


def scratched(length: int = 40) -> NDArray[np.float32]:
    """A breast with a thin bright diagonal line from row 200, column 100."""
    mask = np.zeros((400, 300), np.uint8)
    cv2.line(mask, (100, 200), (100 + length, 200 + length // 2), 255, 1, cv2.LINE_AA)
    return (half_round_breast() + 0.4 * mask.astype(np.float32) / 255).clip(0, 1)


def test_a_bright_dot_of_a_pixel_is_dust() -> None:
    """It is whiter than a tenth of a millimeter of calcium can be; a faint one may be anything."""
    for height, expected in ((0.4, True), (0.1, False)):
        gray = half_round_breast()
        gray[200, 120] += height
        assert is_dust(gray, 200, 120) is expected
        assert is_dust(gray, 201, 121) is expected  # the peak of a filter may lie a pixel beside


def test_a_blurred_dot_is_none() -> None:
    """What the blur of a system has widened lies in the breast."""
    assert not is_dust(add_blob(half_round_breast(), 200, 120, sigma_px=0.9, height=0.4), 200, 120)


def test_the_edge_of_something_larger_is_none() -> None:
    """A bright spot on a structure is no dust: the ground beside it is not even."""
    gray = half_round_breast()
    gray[196:205, 116:120] += 0.3
    gray[200, 120] += 0.4
    assert not is_dust(gray, 200, 120)


def test_coarse_pixels_tell_less() -> None:
    """A pixel of 0.3 mm may hold a calcification as bright."""
    gray = half_round_breast()
    gray[200, 120] += 0.4
    assert is_dust(gray, 200, 120, 0.1)
    assert not is_dust(gray, 200, 120, 0.3)


def test_a_scratch_is_one_thing() -> None:
    """Several peaks on one line are one scratch, its outline as long as the line."""
    image = normalize(mammogram_of(scratched()))
    points = np.array([(200 + i // 2, 100 + i) for i in (4, 14, 24, 34)]) - [
        image.frame.top,
        image.frame.left,
    ]
    found, on_it = find_dust(image, points[:, 0], points[:, 1])
    assert on_it.all()
    (scratch,) = found
    assert scratch.kind is NonLesionKind.DUST
    assert np.ptp([column for _, column in scratch.outline]) == pytest.approx(40, abs=6)


def test_no_peaks_give_an_empty_answer() -> None:
    """Nothing in, nothing out."""
    image = normalize(mammogram_of(half_round_breast()))
    none = np.zeros(0, np.intp)
    found, on_it = find_dust(image, none, none)
    assert found == ()
    assert on_it.shape == (0,)


@pytest.mark.parametrize("spacing_mm", [0.07, 0.14])
def test_no_fine_calcification_of_phantoms_is_dust(spacing_mm: float) -> None:
    """The finest calcifications, one and a half times as dense as usual, are wider or fainter."""
    groups = tuple(
        GroupPlan(morphology, Distribution.GROUPED, count=12, density=1.5)
        for morphology in (Morphology.PUNCTATE, Morphology.FINE_PLEOMORPHIC, Morphology.FINE_LINEAR)
    )
    settings = PhantomSettings(field_mm=(120, 90), pixel_spacing_mm=spacing_mm, groups=groups, non_lesions=())
    for image in examine(310, settings).images:
        gray = image.stored.astype(np.float32) / np.float32(4095)
        points = np.round([(item.row, item.column) for item in image.truth.calcifications]).astype(np.intp)
        assert not whiter_than_calcium(gray, points[:, 0], points[:, 1], spacing_mm).any()


def test_the_dust_of_a_fine_film_is_named() -> None:
    """Of a phantom's dust in the breast, on pixels of 0.07 mm, most is told apart."""
    settings = PhantomSettings(
        field_mm=(120, 90), pixel_spacing_mm=0.07, groups=(), non_lesions=(NonLesionKind.DUST,)
    )
    image = examine(311, settings).images[0]
    gray = image.stored.astype(np.float32) / np.float32(4095)
    inside = [
        item for item in image.truth.non_lesions if 0.15 < gray[round(item.row), round(item.column)] < 0.9
    ]
    points = np.round([(item.row, item.column) for item in inside]).astype(np.intp)
    assert len(points) >= 3
    assert whiter_than_calcium(gray, points[:, 0], points[:, 1], 0.07).mean() >= 0.6
