"""Solids and their exact projections."""

from __future__ import annotations

import numpy as np
import pytest

from calcwatch.phantom.solids import Ellipsoid, Solid, add_silhouette, trace_solid

SIDE = np.eye(3)


def ball(diameter_mm: float, **parts: object) -> Solid:
    sphere = Ellipsoid(np.zeros(3), np.eye(3) * diameter_mm / 2, **parts)  # type: ignore[arg-type]
    return Solid("ball", np.zeros(3), (sphere,), 1.0)


@pytest.mark.parametrize("place", [(1.0, 1.0), (1.013, 0.977), (1.035, 1.061)])
@pytest.mark.parametrize("diameter_mm", [0.15, 0.4, 2.0])
def test_a_ball_has_the_area_volume_and_center_of_a_ball(
    diameter_mm: float, place: tuple[float, float]
) -> None:
    """The traced silhouette of a sphere agrees with geometry wherever it lies between the pixels."""
    traced = trace_solid(ball(diameter_mm), place, SIDE, 0.07)
    volume = float(traced.thickness.sum()) * 0.07**2
    assert volume == pytest.approx(np.pi / 6 * diameter_mm**3, rel=0.01)
    assert traced.area_mm2 == pytest.approx(np.pi / 4 * diameter_mm**2, rel=0.03)
    assert traced.half_maximum_area_mm2 == pytest.approx(0.75 * np.pi / 4 * diameter_mm**2, rel=0.03)
    assert traced.largest_mm == pytest.approx(diameter_mm, rel=0.01)
    assert (traced.row * 0.07, traced.column * 0.07) == pytest.approx(place, abs=0.002)


def test_a_cavity_is_taken_away() -> None:
    """A shell has the volume of the ball less its cavity, and is thinnest in the middle."""
    shell = Solid("shell", np.zeros(3), (*ball(2.0).parts, *ball(1.6, hollow=True).parts), 1.0)
    traced = trace_solid(shell, (2.0, 2.0), SIDE, 0.05)
    assert traced.thickness.sum() * 0.05**2 == pytest.approx(np.pi / 6 * (2.0**3 - 1.6**3), rel=0.01)
    middle = traced.thickness[traced.thickness.shape[0] // 2, traced.thickness.shape[1] // 2]
    assert middle == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
def test_sediment_keeps_its_volume_in_every_view(degrees: float) -> None:
    """Milk of calcium fills the bottom of its cyst: another outline in each view, one volume."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = np.array([[0.0, -cos, -sin], [1.0, 0.0, 0.0], [0.0, -sin, cos]])
    sediment = trace_solid(ball(2.0, level=-0.4), (2.0, 2.0), axes, 0.05)
    cap = np.pi * 0.6**2 * (3 * 1.0 - 0.6) / 3
    assert sediment.thickness.sum() * 0.05**2 == pytest.approx(cap, rel=0.01)


def test_a_silhouette_adds_up_and_is_cut_at_the_border() -> None:
    """Of two balls, one half outside, an image holds one and a half; of one far outside, nothing."""
    total = np.zeros((100, 100), np.float32)
    for place in ((5.0, 5.0), (-0.05, 5.0), (-3.0, 5.0), (5.0, 14.0)):
        add_silhouette(total, trace_solid(ball(1.0), place, SIDE, 0.1), 1.0)
    assert total.sum() * 0.1**2 == pytest.approx(1.5 * np.pi / 6, rel=0.01)
