"""Letters beside the breast."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.lookalikes.burned_in_text import find_burned_in_text
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from tests.image.pictures import half_round_breast, mammogram_of


def written(text: str, *, row: int = 120, column: int = 400) -> NDArray[np.float32]:
    """A large picture of a breast with a word of letters 7 mm high."""
    mask = np.zeros((900, 600), np.uint8)
    cv2.putText(mask, text, (column, row), cv2.FONT_HERSHEY_SIMPLEX, 3.2, 255, 9, cv2.LINE_AA)
    return np.maximum(half_round_breast(900, 600), mask.astype(np.float32) / 255)


def letters_of(gray: NDArray[np.float32]) -> list[tuple[NonLesionKind, float, float]]:
    image = normalize(mammogram_of(gray))
    found = find_burned_in_text(image, find_breast(image))
    return [(word.kind, *image.frame.to_file(word.row, word.column)) for word in found]


def test_a_word_beside_the_breast_is_text() -> None:
    """Two letters in the corner are one word, named where they stand."""
    ((kind, row, column),) = letters_of(written("LC"))
    assert kind is NonLesionKind.TEXT
    assert row == pytest.approx(86, abs=6)
    assert column == pytest.approx(465, abs=12)


@pytest.mark.parametrize("picture", [half_round_breast(900, 600), written("I")], ids=["none", "one stroke"])
def test_without_a_word_there_is_no_text(picture: NDArray[np.float32]) -> None:
    """Air alone is no text, and one stroke is no word."""
    assert letters_of(picture) == []


def test_a_solid_label_is_no_letter() -> None:
    """Two bright rectangles are labels of lead, not letters."""
    gray = half_round_breast(900, 600)
    gray[60:130, 420:460] = 1.0
    gray[60:130, 490:530] = 1.0
    assert letters_of(gray) == []
