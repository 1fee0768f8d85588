"""The table of views."""

from __future__ import annotations

from itertools import product

import pytest

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.views import (
    VIEWS,
    Beam,
    are_alike,
    are_paired,
    is_from_above,
    is_true_lateral,
    side_tilt_degrees,
)

STANDARD = {("CC", "MLO"), ("CC", "LMO"), ("CC", "ML"), ("CC", "LM")}


def test_every_view_has_a_row() -> None:
    """The table holds every view position that a file may name."""
    assert set(VIEWS) == set(ViewPosition)


@pytest.mark.parametrize(("first", "second"), list(product(ViewPosition, ViewPosition)))
def test_only_crossing_standard_views_are_paired(first: ViewPosition, second: ViewPosition) -> None:
    """CC is paired with MLO, LMO, ML and LM in either order, and nothing else with anything."""
    expected = (first.value, second.value) in STANDARD or (second.value, first.value) in STANDARD
    assert are_paired(first, second) is expected


@pytest.mark.parametrize(("first", "second"), list(product([*ViewPosition, None], [*ViewPosition, None])))
def test_two_days_are_compared_view_by_view(first: ViewPosition | None, second: ViewPosition | None) -> None:
    """Each view with its own kind alone; what is not known is like nothing, not even like itself."""
    assert are_alike(first, second) is (first is not None and first == second)
    assert not (are_alike(first, second) and are_paired(first, second))


def test_what_is_not_known_is_paired_with_nothing() -> None:
    """An unknown view is not from above, not from the side, and not paired."""
    assert not are_paired(None, ViewPosition.MLO)
    assert not are_paired(ViewPosition.CC, None)
    assert not is_from_above(None)
    assert not is_true_lateral(None)
    assert side_tilt_degrees(None) is None


def test_the_beam_tells_what_a_view_shows() -> None:
    """Views from above tell inner from outer, those from the side are tilted, two are true laterals."""
    above = {view for view in ViewPosition if is_from_above(view)}
    assert above == {view for view, row in VIEWS.items() if row.beam is Beam.VERTICAL}
    assert {str(view) for view in above} == {"CC", "XCC", "XCCL", "XCCM", "FB"}
    assert {str(view) for view in ViewPosition if is_true_lateral(view)} == {"ML", "LM"}
    tilts = {str(view): tilt for view in ViewPosition if (tilt := side_tilt_degrees(view)) is not None}
    assert tilts == {"MLO": 45.0, "LMO": 45.0, "ML": 0.0, "LM": 0.0}
