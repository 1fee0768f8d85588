"""Patient Orientation: whether a picture hangs upright."""

from __future__ import annotations

import pytest

from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.orientation import Lie, lie_of

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT


@pytest.mark.parametrize(
    ("orientation", "view", "side", "lie"),
    [
        (r"A\R", "CC", LEFT, Lie.UPRIGHT),
        (r"P\L", "CC", RIGHT, Lie.UPRIGHT),
        (r"P\R", "CC", LEFT, Lie.UPRIGHT),
        (r"A\L", "CC", LEFT, Lie.UPSIDE_DOWN),
        (r"P\R", "XCCL", RIGHT, Lie.UPSIDE_DOWN),
        (r"A\R", "CC", None, Lie.UNKNOWN),
        (r"A\FL", "CC", LEFT, Lie.CONTRADICTED),
        (r"A\F", "CC", LEFT, Lie.CONTRADICTED),
        (r"R\A", "CC", LEFT, Lie.TURNED),
        (r"P\FL", "MLO", RIGHT, Lie.UPRIGHT),
        (r"P\F", "MLO", RIGHT, Lie.UPRIGHT),
        (r"A\FR", "MLO", LEFT, Lie.UPRIGHT),
        (r"A\HR", "MLO", RIGHT, Lie.UPSIDE_DOWN),
        (r"A\FL", "MLO", LEFT, Lie.CONTRADICTED),
        (r"A\R", "MLO", LEFT, Lie.CONTRADICTED),
        (r"F\A", "MLO", LEFT, Lie.TURNED),
        (r"A\F", "ML", LEFT, Lie.UPRIGHT),
        (r"A\H", "LM", LEFT, Lie.UPSIDE_DOWN),
        (r"A\FR", "ML", LEFT, Lie.CONTRADICTED),
        (r"A\F", None, LEFT, Lie.UPRIGHT),
        ("", "CC", LEFT, Lie.UNKNOWN),
        ("A", "CC", LEFT, Lie.CONTRADICTED),
        (r"AP\R", "CC", LEFT, Lie.CONTRADICTED),
        (r"X\R", "CC", LEFT, Lie.CONTRADICTED),
        (r"A\R\F", "CC", LEFT, Lie.CONTRADICTED),
        (r"A\P", "CC", LEFT, Lie.CONTRADICTED),
    ],
)
def test_how_a_picture_lies(orientation: str, view: str | None, side: Laterality | None, lie: Lie) -> None:
    """Side, view and orientation together tell which side of the picture is up, or that they cannot be."""
    assert lie_of(orientation, ViewPosition(view) if view else None, side) is lie
