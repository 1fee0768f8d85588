"""What an operation does to the tissue round it, and how it heals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.context import RadiationKind
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.phantom.anatomy import draw_breast, draw_texture
from calcwatch.phantom.geometry import ViewGeometry, draw_geometry, project_points
from calcwatch.phantom.history.settings import TreatmentSettings
from calcwatch.phantom.history.treatment import TreatedState
from calcwatch.phantom.settings import PhantomSettings, random_stream
from calcwatch.phantom.tissue import project_tissue
from tests.phantom.history.women import MIDDLE, SIZE, inside, treat


@pytest.mark.parametrize("months", [2, 9, 60])
def test_where_tissue_lies_and_where_it_came_from_undo_each_other(months: int) -> None:
    """Moved to a date and back, every point that was not cut out is where it was, to a micrometer."""
    state = treat().state_at(months)
    points = inside(2000)
    moved = state.place(points)
    left = ~np.isnan(moved[:, 0])
    assert np.array_equal(left, np.linalg.norm(points - MIDDLE, axis=1) >= 14.0)
    assert 0.9 < left.mean() < 1
    assert np.abs(state.source(moved[left]) - points[left]).max() < 1e-6


def test_before_the_operation_nothing_moves() -> None:
    """On dates before, points lie where they always lay and no bed is told."""
    state = treat().state_at(-3)
    points = inside(50)
    assert np.array_equal(state.place(points), points)
    assert state.bed_mm is None
    assert not state.is_treated


def test_the_wall_closes_and_the_skin_stays_skin() -> None:
    """Tissue at the rim of what was cut out comes to the rim of the scar; skin moves with the size alone."""
    state = treat().state_at(40)
    ways = inside(300) - MIDDLE
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    assert state.bed_mm is not None
    middle, radius = state.bed_mm
    wall = state.place(MIDDLE + ways * (14.0 + 1e-9))
    assert np.linalg.norm(wall - middle, axis=1) == pytest.approx(radius, abs=1e-6)
    assert 3.0 < radius < 7.0
    skin = inside(300, seed=1)
    skin /= np.linalg.norm(skin / SIZE.semi_axes_mm, axis=1, keepdims=True)
    assert state.place(skin) == pytest.approx(skin * state.scale, abs=1e-6)
    assert 0.9 < state.scale < 0.99


def test_the_pull_fades_with_the_distance() -> None:
    """Along a ray tissue keeps its order, and the nearer it lay the more it was drawn in."""
    state = replace(treat().state_at(40), scale=1.0)
    line = MIDDLE + np.linspace(14.5, 45, 60)[:, None] * np.array([0.0, 0.6, 0.8])
    pull = np.linalg.norm(line - state.place(line), axis=1)
    assert np.all(np.diff(pull) < 0)
    assert np.all(np.diff(np.linalg.norm(state.place(line) - MIDDLE, axis=1)) > 0)


def test_edema_comes_and_goes_and_the_cavity_closes() -> None:
    """Edema is greatest in the first year or so and all but gone after five; fluid is followed by a scar."""
    course = treat(open_with_seroma=(0.8, 0.8), closed=(0.3, 0.3))
    course = replace(course, has_seroma=True, scar_density=0.5, radiation=RadiationKind.WHOLE_BREAST)
    states = {months: course.state_at(months) for months in (3, 6, 12, 24, 60)}
    edema = {months: state.edema for months, state in states.items()}
    assert max(edema, key=lambda months: edema[months]) == 12
    assert edema[60] < 0.1 * edema[12]
    assert states[60].skin_mm < 0.1 * states[12].skin_mm
    residual = [state.residual_mm for state in states.values()]
    assert residual == sorted(residual, reverse=True)
    assert states[6].filling > states[24].filling == 0.5


def attenuation(marked_mm: tuple[float, float, float] | None, state: TreatedState) -> NDArray[np.float32]:
    """A breast of fat with a ball of gland, 8 mm wide, as a view from above shows it without texture."""
    settings = PhantomSettings(field_mm=(180, 130), pixel_spacing_mm=0.2, texture=False)
    breast = draw_breast(3, Laterality.LEFT, SIZE, settings)
    depth, height, width = breast.gland.shape
    grid = np.stack(
        np.meshgrid(
            np.linspace(0, 1, depth), np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"
        ),
        axis=-1,
    )
    gland = np.zeros(breast.gland.shape, np.float32)
    if marked_mm is not None:
        gland[np.linalg.norm(grid * SIZE.semi_axes_mm - marked_mm, axis=-1) < 5] = 1
    geometry = geometry_of(state)
    texture = draw_texture(breast, ViewPosition.CC, settings)
    rng = random_stream(3, "muscle")
    return project_tissue(
        rng,
        replace(breast, gland=gland),
        texture,
        geometry=geometry,
        usual=geometry,
        settings=settings,
        state=state,
    ).attenuation


def geometry_of(state: TreatedState) -> ViewGeometry:
    settings = PhantomSettings(field_mm=(180, 130), pixel_spacing_mm=0.2)
    size = replace(SIZE, depth_mm=SIZE.depth_mm * state.scale, radius_mm=SIZE.radius_mm * state.scale)
    return draw_geometry(random_stream(3, "positioning"), size, ViewPosition.CC, settings)


@pytest.mark.parametrize("marked_mm", [(40.0, 15.0, 18.0), (66.0, 15.0, -10.0)])
def test_tissue_is_seen_where_it_was_drawn_to(marked_mm: tuple[float, float, float]) -> None:
    """A lump near or far from the cavity shows where the truth takes its middle, within 1 mm."""
    state = replace(treat().state_at(40), edema=0.0, skin_mm=0.0, bed_skin_mm=0.0)
    lump = attenuation(marked_mm, state) - attenuation(None, state)
    rows, columns = np.mgrid[: lump.shape[0], : lump.shape[1]] * 0.2
    found = np.array([(lump * rows).sum(), (lump * columns).sum()]) / lump.sum()
    half = 5 * inside(2000) / SIZE.semi_axes_mm
    ball = np.concatenate([marked_mm + half, marked_mm - half])
    true = project_points(geometry_of(state), state.place(ball))[:, :2].mean(axis=0)
    assert np.hypot(*(found - true)) < 1.0
    untouched = project_points(geometry_of(state), np.array([marked_mm]) * state.scale)[0, :2]
    assert np.hypot(*(true - untouched)) > 1.0


def test_what_was_cut_out_is_seen_no_more() -> None:
    """A lump in the middle of the cavity is plain before the operation and leaves no trace after it."""
    course, middle = treat(), (float(MIDDLE[0]), float(MIDDLE[1]), float(MIDDLE[2]))
    before, after = course.state_at(-1), course.state_at(40)
    assert (attenuation(middle, before) - attenuation(None, before)).max() > 0.1
    assert np.abs(attenuation(middle, after) - attenuation(None, after)).max() < 1e-3


def test_numbers_of_the_treatment_say_what_they_are() -> None:
    """Radiation is drawn in every kind that the settings name."""
    kinds = {treat(seed).radiation for seed in range(60)}
    assert kinds == {kind for kind, _ in TreatmentSettings().radiation_kinds}
