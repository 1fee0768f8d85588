"""What the patch network is shown of each candidate."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from calcwatch.image.find.candidates import Candidates, find_candidates
from calcwatch.image.find.patches import PATCH_INPUTS, PATCH_NUMBERS, PATCH_PX, Patches, cut_patches
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import PreparedImage, normalize
from calcwatch.image.settings import AnalysisSettings
from tests.image.pictures import SPACING_MM, add_blob, half_round_breast, mammogram_of


def _cut(
    row: float = 200, column: float = 100, count: int = 1000
) -> tuple[PreparedImage, Candidates, Patches]:
    image = normalize(mammogram_of(add_blob(half_round_breast(), row, column)))
    candidates = find_candidates(image, find_breast(image), AnalysisSettings())
    return image, candidates, cut_patches(image, candidates, count)


def test_the_candidate_lies_in_the_middle_of_its_patch() -> None:
    """The brightest pixel of the strongest candidate's detail is at row and column 16."""
    _, _, patches = _cut()
    brightest = np.unravel_index(int(patches.detail[0, 0].argmax()), (PATCH_PX, PATCH_PX))
    assert max(abs(int(place) - PATCH_PX // 2) for place in brightest) <= 1


def test_the_inputs_have_the_names_of_the_model_file() -> None:
    """Fields of the patches, in the order in which the patch network takes them."""
    assert tuple(field.name for field in fields(Patches)) == PATCH_INPUTS
    assert len(PATCH_NUMBERS) == len(set(PATCH_NUMBERS)) == 8


def test_shapes_and_types() -> None:
    """Arrays have one row a candidate, at most as many as asked, and are float32."""
    _, candidates, patches = _cut(count=5)
    count = min(5, candidates.row.size)
    assert patches.detail.shape == (count, 1, PATCH_PX, PATCH_PX)
    assert patches.context.shape == (count, 2, PATCH_PX, PATCH_PX)
    assert patches.numbers.shape == (count, len(PATCH_NUMBERS))
    assert {patches.detail.dtype, patches.context.dtype, patches.numbers.dtype} == {np.dtype(np.float32)}


def test_the_context_shows_where_other_candidates_lie() -> None:
    """A second blob 4 mm below appears in the strength channel 10 context pixels below the middle."""
    picture = add_blob(add_blob(half_round_breast(), 200, 100), 240, 100)
    image = normalize(mammogram_of(picture))
    candidates = find_candidates(image, find_breast(image), AnalysisSettings())
    patches = cut_patches(image, candidates, 1)
    apart = round(4.0 / AnalysisSettings().patches.context_mm)
    below = patches.context[0, 1, 16 + apart - 1 : 16 + apart + 2, 15:18].max()
    above = patches.context[0, 1, 16 - apart - 1 : 16 - apart + 2, 15:18].max()
    assert max(below, above) > 1.0  # whichever of the two is the strongest


def test_patches_are_in_units_of_noise() -> None:
    """A picture with twice the contrast has the same patches: signal and noise doubled together."""
    base = half_round_breast(noise=0.01)
    weak = add_blob(base, 200, 100, height=0.15)
    strong = np.where(weak > 0, 0.2 + (weak - 0.4) * 1.8 + 0.2, 0).astype(np.float32)
    cut = []
    for picture in (weak, strong):
        image = normalize(mammogram_of(picture))
        cut.append(cut_patches(image, find_candidates(image, find_breast(image), AnalysisSettings()), 1))
    assert np.abs(cut[0].detail - cut[1].detail).max() < 0.12


def test_the_strongest_first_number_is_the_spacing() -> None:
    """The first number is the logarithm of the spacing over 0.1 mm."""
    _, _, patches = _cut()
    assert np.allclose(patches.numbers[:, 0], np.log(SPACING_MM / 0.1), atol=1e-6)


def test_no_candidates_give_empty_arrays() -> None:
    """An image without candidates has patches of the right shape and length 0."""
    image, candidates, _ = _cut()
    none = cut_patches(image, candidates, 0)
    assert none.detail.shape == (0, 1, PATCH_PX, PATCH_PX)
    assert none.numbers.shape == (0, len(PATCH_NUMBERS))
