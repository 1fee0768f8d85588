"""Test phantoms: which they are, how they are shown, what is true of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch_lab.bench.truth.phantoms import (
    LOOKALIKES,
    PHANTOMS,
    REFERENCE,
    SHIFTS,
    imaging_variants,
    lookalike_cases,
    mammogram_of,
    phantom_cases,
    shifted_cases,
    truth_of_phantom,
)
from calcwatch_lab.bench.truth.truth import detectability
from calcwatch_lab.seeds import DETECTION_TEST, LOOKALIKE_TEST

SMALL = PhantomSettings(field_mm=(90, 70), pixel_spacing_mm=0.1)


def test_no_test_phantom_trains() -> None:
    """Phantoms of detection and of look-alikes are of the seeds that test, and of different ones."""
    assert DETECTION_TEST.first == 9000
    cases = phantom_cases(5, settings=SMALL) + lookalike_cases(5, settings=SMALL)
    seeds = {*DETECTION_TEST.seeds, *LOOKALIKE_TEST.seeds}
    assert all(int(case.patient) in seeds for case in cases)
    assert len({case.patient for case in cases}) == 10


def test_every_fourth_phantom_is_empty() -> None:
    """Views go by turns; the fourth has no calcification, the others have."""
    cases = phantom_cases(4, settings=SMALL)
    assert [case.name for case in cases] == [
        "9000 CC reference",
        "9001 MLO reference",
        "9002 CC reference",
        "9003 MLO reference",
    ]
    assert {case.data_set for case in cases} == {PHANTOMS}
    truths = [case.load()[1] for case in cases[2:]]
    assert [(truth.positive, bool(truth.calcifications)) for truth in truths] == [
        (True, True),
        (False, False),
    ]


def test_shifts_show_the_same_calcifications() -> None:
    """Every shift has the names of the reference; each changes the picture or the spacing."""
    usual, usual_truth = phantom_cases(1, settings=SMALL)[0].load()
    shifted = shifted_cases(1, settings=SMALL)
    assert [case.variant for case in shifted] == [variant.name for variant in imaging_variants(SMALL)]
    assert REFERENCE not in {case.variant for case in shifted}
    assert {case.data_set for case in shifted} == {SHIFTS}
    for case in shifted:
        mammogram, truth = case.load()
        names = {true.name for true in truth.calcifications}
        assert names == {true.name for true in usual_truth.calcifications}, case.variant
        if case.variant != "pixels of 0.1 mm":
            same = mammogram.gray.shape == usual.gray.shape
            assert not (same and np.array_equal(mammogram.gray, usual.gray)), case.variant


def test_lookalikes_are_of_every_kind() -> None:
    """Two phantoms hold all kinds there are between them."""
    cases = lookalike_cases(2, settings=SMALL)
    assert {case.data_set for case in cases} == {LOOKALIKES}
    kinds = {thing.kind for case in cases for thing in case.load()[1].non_lesions}
    assert {"surgical_clip", "marker", "wire_or_suture", "skin_fold", "deodorant_or_powder"} <= kinds
    assert {"dust_or_scratch", "burned_in_text"} <= kinds


def test_a_picture_is_windowed_and_rounded() -> None:
    """Eight bits have 256 levels; a window from 0.2 to 0.8 makes 0.5 stay and 0.8 white; gamma 2 squares."""
    settings = replace(SMALL, views=SMALL.views[:1], groups=(), non_lesions=())
    image = make_examination(9000, settings=settings).images[0]
    usual = mammogram_of(image)
    assert usual.gray_step == 1 / 4095
    coarse = mammogram_of(image, bits=8)
    assert coarse.gray_step == 1 / 255
    assert np.abs(coarse.gray - usual.gray).max() <= 0.5 / 255 + 1e-6
    assert np.unique(coarse.gray).size <= 256
    narrow = mammogram_of(image, window=(0.2, 0.8))
    expected = np.clip((usual.gray - 0.2) / 0.6, 0, 1)
    assert np.allclose(narrow.gray, expected, rtol=0, atol=1 / 4095)
    dark = mammogram_of(image, gamma=2.0)
    assert np.allclose(dark.gray, usual.gray**2, rtol=0, atol=1 / 4095)


def test_the_truth_keeps_members_and_sizes() -> None:
    """Members are numbers of calcifications; the outline at half height is smaller."""
    settings = replace(SMALL, views=SMALL.views[:1])
    image = make_examination(9000, settings=settings).images[0]
    truth = truth_of_phantom(image.truth, settings)
    for found, planned in zip(truth.groups, image.truth.groups, strict=True):
        assert [truth.calcifications[member].name for member in found.members] == list(planned.members)
    unknown = truth_of_phantom(
        make_examination(9000, settings=replace(settings, noise=False)).images[0].truth, settings
    )
    assert {true.detectability for true in unknown.calcifications} == {None}


def test_detectability_by_hand() -> None:
    """Contrast 4 on half of two square mm without blur, pixels of 0.1 mm: the root of a hundred pixels."""
    assert detectability(4, 2.0, spacing_mm=0.1, mtf=((1.0, 0.0),)) == pytest.approx(40, rel=0.002)
    blurred = detectability(4, 0.0, spacing_mm=0.1, mtf=((0.8, 0.1), (0.2, 0.5)))
    assert blurred == pytest.approx(4 * np.sqrt(np.pi * (1 + 1 / 12)))
