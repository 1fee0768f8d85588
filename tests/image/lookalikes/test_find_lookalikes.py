"""Bright things that are no calcification."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.analyze import analyze_image
from tests.image.pictures import add_blob, half_round_breast, mammogram_of


def bar(gray: np.ndarray, length_px: int, width_px: int) -> np.ndarray:
    """A copy with a white bar of metal."""
    copy = gray.copy()
    copy[200 : 200 + width_px, 100 : 100 + length_px] = 1.0
    return copy


@pytest.mark.parametrize(
    ("length_px", "width_px", "kind"),
    [(35, 5, NonLesionKind.CLIP), (150, 3, NonLesionKind.WIRE), (150, 7, NonLesionKind.MARKER)],
)
def test_metal_is_named_by_its_shape(length_px: int, width_px: int, kind: NonLesionKind) -> None:
    """A bar of 3.5 mm is a clip, one of 15 mm a wire, or a marker's wire if thicker; none is counted."""
    found = analyze_image(mammogram_of(bar(half_round_breast(), length_px, width_px)))
    assert [thing.kind for thing in found.non_lesions] == [kind]
    assert found.non_lesions[0].row == pytest.approx(202.5, abs=1.6)
    assert found.calcifications == ()


def test_a_bright_edge_of_the_picture_is_no_metal() -> None:
    """A strip along the border is the rim of a film or collimator; what the border cuts across is metal."""
    gray = half_round_breast()
    gray[180:240, 0:6] = 1.0
    assert analyze_image(mammogram_of(gray)).non_lesions == ()
    gray = half_round_breast()
    gray[200:206, 0:35] = 1.0
    assert [thing.kind for thing in analyze_image(mammogram_of(gray)).non_lesions] == [NonLesionKind.CLIP]


def test_a_white_ball_of_two_millimeters_is_a_marker() -> None:
    """Round, saturated and sharp: a skin marker."""
    gray = half_round_breast()
    y, x = np.indices(gray.shape)
    gray[np.hypot(y - 200, x - 120) <= 10] = 1.0
    found = analyze_image(mammogram_of(gray))
    assert [thing.kind for thing in found.non_lesions] == [NonLesionKind.MARKER]
    assert found.calcifications == ()


def test_a_speck_sharper_than_the_blur_is_dust() -> None:
    """A single bright pixel cannot come from the breast; a blurred one can."""
    dusty = half_round_breast()
    dusty[200, 120] += 0.4
    found = analyze_image(mammogram_of(dusty))
    assert [(thing.kind, thing.row, thing.column) for thing in found.non_lesions] == [
        (NonLesionKind.DUST, 200, 120)
    ]
    assert found.calcifications == ()
    real = analyze_image(mammogram_of(add_blob(half_round_breast(), 200, 120, sigma_px=0.8, height=0.4)))
    assert real.non_lesions == ()
    assert len(real.calcifications) == 1


def test_a_dense_calcification_is_no_metal() -> None:
    """Bright but not white: it stays a calcification."""
    found = analyze_image(mammogram_of(add_blob(half_round_breast(), 200, 120, sigma_px=5, height=0.5)))
    assert found.non_lesions == ()
    assert len(found.calcifications) == 1
