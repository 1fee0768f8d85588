"""Insertions into a picture made by hand: the truth fits the picture, and both come out the same again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcwatch.domain.errors import UnsuitableImage
from calcwatch.domain.image import GivenAttributes
from calcwatch_lab.bench.truth.insertions import breast_area, insertion_cases, load_inserted, load_untouched
from calcwatch_lab.labels import LabeledImage
from tests.image.pictures import half_round_breast, mammogram_of

GIVEN = GivenAttributes(pixel_spacing_mm=0.1)


@pytest.fixture
def background(tmp_path: Path) -> Path:
    """A breast of even gray in a file."""
    picture = (half_round_breast(600, 400) * 65535).astype(np.uint16)
    Image.fromarray(picture).save(tmp_path / "plain.png")
    return tmp_path / "plain.png"


def test_calcifications_are_where_the_truth_says(background: Path) -> None:
    """The picture changes at every visible calcification, and nowhere in air; twice gives the same."""
    (inserted, truth), (plain, nothing) = load_inserted(background, GIVEN), load_untouched(background, GIVEN)
    again, same_truth = load_inserted(background, GIVEN)
    assert np.array_equal(inserted.gray, again.gray)
    assert truth == same_truth
    assert nothing.calcifications == ()
    added = inserted.gray - plain.gray
    assert not added[plain.gray == 0].any()
    visible = [true for true in truth.calcifications if (true.detectability or 0) > 30]
    assert visible
    for true in visible:
        points = np.rint(np.array(true.outline)).astype(int)
        (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
        assert added[top : bottom + 1, left : right + 1].max() > 0.01
    assert inserted.description.sha256 != plain.description.sha256


def test_groups_hold_their_members(background: Path) -> None:
    """Every group has two members or more, all in its circle."""
    _, truth = load_inserted(background, GIVEN)
    assert truth.located
    assert truth.grouped
    assert truth.groups
    for group in truth.groups:
        assert len(group.members) > 1
        for member in group.members:
            true = truth.calcifications[member]
            assert np.hypot(true.row - group.row, true.column - group.column) * 0.1 <= group.radius_mm + 1e-6


def test_each_background_is_shown_twice(background: Path) -> None:
    """Once with calcifications and once as it is, both of one patient."""
    cases = insertion_cases("set", [LabeledImage(path=background, patient="P1", given=GIVEN, positive=False)])
    assert [(case.data_set, case.patient, case.variant) for case in cases] == [
        ("insertions, set", "P1", "inserted"),
        ("insertions, set", "P1", "as it is"),
    ]
    assert [case.load()[1].positive for case in cases] == [True, False]


def test_the_area_follows_the_file() -> None:
    """In a mirrored picture the area is mirrored; it keeps 3 mm from the skin."""
    gray = half_round_breast(600, 400)
    area, mirrored = breast_area(mammogram_of(gray)), breast_area(mammogram_of(gray[:, ::-1]))
    assert np.array_equal(area, mirrored[:, ::-1])
    assert area.shape == gray.shape
    assert not area[gray == 0].any()
    assert area[300, 5] == 1
    assert area[300, 355] == 0


def test_a_picture_without_a_breast_is_refused(tmp_path: Path) -> None:
    """There is nothing to insert into."""
    Image.fromarray(np.zeros((300, 200), np.uint8)).save(tmp_path / "black.png")
    with pytest.raises(UnsuitableImage, match="no breast to insert into"):
        load_inserted(tmp_path / "black.png", GIVEN)
