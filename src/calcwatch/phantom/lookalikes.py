"""Bright things that are no calcifications: clips, markers, wires, skin folds, powder, dust and letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.phantom.anatomy import Breast
from calcwatch.phantom.geometry import ViewGeometry
from calcwatch.phantom.places import seen_everywhere
from calcwatch.phantom.settings import PhantomSettings, random_stream
from calcwatch.phantom.shapes import Parts, ball, draw_direction, straight_tube, tube
from calcwatch.phantom.solids import Solid
from calcwatch.phantom.truth import NonLesionTruth, Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Laterality, ViewPosition

TITANIUM = 6.0
"""How much more than dense calcium titanium attenuates: the ``Solid.density`` of clips."""

STEEL = 10.0
"""How much more than dense calcium steel attenuates: the ``Solid.density`` of markers and wires."""

_POWDER, _SKIN_TISSUE = 1.2, 0.04

_ARMPIT: Position = (0.35, 0.75, 0.55)


@dataclass(frozen=True, eq=False)
class NonLesionSolid:
    """One look-alike made of solids in or on the breast, seen in every view."""

    id: str
    kind: NonLesionKind
    solids: tuple[Solid, ...]


def place_non_lesions(
    breast: Breast, geometries: Sequence[ViewGeometry], settings: PhantomSettings
) -> tuple[NonLesionSolid, ...]:
    """Place the look-alikes that lie in or on the breast."""
    rng = random_stream(breast.seed, "look-alikes", breast.laterality)
    kinds = _draw_kinds(rng) if settings.non_lesions is None else settings.non_lesions
    placed: list[NonLesionSolid] = []
    for kind in kinds:
        if kind in _DRAW:
            placed += _DRAW[kind](
                rng, _Place(breast, tuple(geometries), settings), f"{breast.laterality}-{kind}"
            )
    return tuple(placed)


def _draw_kinds(rng: np.random.Generator) -> tuple[NonLesionKind, ...]:
    chances = {
        NonLesionKind.CLIP: 0.15,
        NonLesionKind.MARKER: 0.15,
        NonLesionKind.WIRE: 0.05,
        NonLesionKind.SKIN_FOLD: 0.2,
        NonLesionKind.POWDER: 0.08,
    }
    return tuple(kind for kind, chance in chances.items() if rng.random() < chance)


@dataclass(frozen=True, eq=False)
class _Place:
    breast: Breast
    geometries: tuple[ViewGeometry, ...]
    settings: PhantomSettings

    def point(
        self, rng: np.random.Generator, reach: float, margin_mm: float, corner: Position | None = None
    ) -> NDArray[np.float64]:
        """A point at ``reach`` of the way to the skin, seen in every view; nearest to ``corner`` if given."""
        vectors = rng.normal(size=(400, 3))
        vectors *= reach / np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[:, 0] = np.abs(vectors[:, 0])
        if corner is not None:
            vectors = vectors[np.argsort(np.linalg.norm(vectors - np.array(corner), axis=1))]
        size = self.breast.size
        points = vectors * np.array([size.depth_mm, size.radius_mm, size.radius_mm])
        seen = points[seen_everywhere(self.geometries, points, self.settings, margin_mm)]
        return np.asarray(seen[0] if len(seen) else [0.5 * size.depth_mm, 0.0, 0.0])


def _clips(rng: np.random.Generator, place: _Place, name: str) -> list[NonLesionSolid]:
    """V-shaped or bar-shaped titanium clips round an old operation's bed."""
    center = place.point(rng, 0.45, 14.0)
    clips = []
    for number in range(1, int(rng.integers(1, 5)) + 1):
        bar, leg = _clip_legs(rng)
        spot = center + draw_direction(rng) * rng.uniform(2, 9)
        solid = Solid(f"{name}-{number}", spot, _bent_or_bar(rng, bar, leg), TITANIUM)
        clips.append(NonLesionSolid(solid.id, NonLesionKind.CLIP, (solid,)))
    return clips


def draw_clip(rng: np.random.Generator) -> Parts:
    """Draw one surgical clip, centered on its bar: a bar of 2.2 to 3.8 mm, more often bent to a V.

    Made of ``TITANIUM``; 0.36 to 0.56 mm thick.
    """
    return _bent_or_bar(rng, *_clip_legs(rng))


def _clip_legs(rng: np.random.Generator) -> tuple[Parts, Parts]:
    length, radius = rng.uniform(2.2, 3.8), rng.uniform(0.18, 0.28)
    arm, other = draw_direction(rng), draw_direction(rng)
    bar = straight_tube(-arm * length / 2, arm * length / 2, radius)
    return bar, straight_tube(-arm * length / 2, other * length * 0.7 - arm * length / 2, radius)


def _bent_or_bar(rng: np.random.Generator, bar: Parts, leg: Parts) -> Parts:
    return bar + leg if rng.random() < 0.6 else bar


def draw_biopsy_marker(rng: np.random.Generator) -> Parts:
    """Draw one clip that a biopsy leaves behind: a coil, a ribbon, a ring or a bar of 1 to 3 mm.

    Made of ``TITANIUM`` or ``STEEL``, 0.2 to 0.7 mm thick. No phantom holds one unasked.
    """
    size, style, frame = rng.uniform(1.0, 3.0), int(rng.integers(0, 4)), _turned(rng)
    if style == 0:
        turn = np.linspace(0, 2 * np.pi * rng.uniform(2, 4), 60)
        radius = 0.22 * size
        coil = np.stack([np.cos(turn) * radius, np.sin(turn) * radius, np.linspace(-0.5, 0.5, 60) * size], 1)
        return tube(coil @ frame.T, np.full(60, rng.uniform(0.10, 0.16)))
    if style == 1:
        side = np.linspace(-1, 1, 30)
        ribbon = np.stack([0.5 * size * np.cos(2.2 * side), 0.4 * size * np.sin(4.4 * side), 0 * side], 1)
        return tube((ribbon - ribbon.mean(axis=0)) @ frame.T, np.full(30, rng.uniform(0.12, 0.2)))
    if style == 2:
        turn = np.linspace(0, 2 * np.pi, 40)
        ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1) * 0.4 * size
        return tube(ring @ frame.T, np.full(40, rng.uniform(0.12, 0.2)))
    return straight_tube(-0.5 * size * frame[:, 0], 0.5 * size * frame[:, 0], rng.uniform(0.2, 0.35))


def _turned(rng: np.random.Generator) -> NDArray[np.float64]:
    """A random rotation, its columns the turned axes."""
    first, second = draw_direction(rng), draw_direction(rng)
    third = np.cross(first, second)
    third /= np.linalg.norm(third)
    return np.stack([first, np.cross(third, first), third], axis=1)


def _marker(rng: np.random.Generator, place: _Place, name: str) -> list[NonLesionSolid]:
    """A metal ball, a ring or a wire on a scar, stuck to the skin."""
    spot = place.point(rng, 0.97, 12.0)
    solid = Solid(name, spot, draw_marker(rng), STEEL)
    return [NonLesionSolid(name, NonLesionKind.MARKER, (solid,))]


def draw_marker(rng: np.random.Generator) -> Parts:
    """Draw one skin marker: a ball of 1.5 to 2.2 mm, a ring of 10 to 14 mm or a scar wire of 20 to 40 mm.

    Made of ``STEEL``; centered on its own origin. Ring and wire are 0.6 to 0.8 mm thick.
    """
    style = int(rng.integers(0, 3))
    if style == 0:
        return ball(rng.uniform(1.5, 2.2))
    if style == 1:
        turn = np.linspace(0, 2 * np.pi, 40)
        radius = rng.uniform(5, 7)
        ring = np.stack([np.cos(turn), np.sin(turn), 0.7 * np.cos(turn)], axis=1) * radius
        return tube(ring, np.full(40, 0.4))
    return _bent_wire(rng, rng.uniform(20, 40), 0.3)


def _bent_wire(rng: np.random.Generator, length: float, radius: float) -> Parts:
    steps = np.cumsum(rng.normal(0, 0.10, size=(30, 3)), axis=0) + draw_direction(rng)
    steps *= length / 30 / np.linalg.norm(steps, axis=1, keepdims=True)
    path = np.cumsum(steps, axis=0)
    return tube(path - path.mean(axis=0), np.full(30, radius))


def _wire(rng: np.random.Generator, place: _Place, name: str) -> list[NonLesionSolid]:
    """A steel suture left in the breast."""
    parts = draw_wire(rng)
    solid = Solid(name, place.point(rng, 0.5, 12.0), parts, STEEL)
    return [NonLesionSolid(name, NonLesionKind.WIRE, (solid,))]


def draw_wire(rng: np.random.Generator) -> Parts:
    """Draw one steel suture: a wire of 8 to 16 mm, 0.28 mm thick, with a loop; made of ``STEEL``."""
    turn = np.linspace(0, 2 * np.pi * 0.9, 24)
    loop = np.stack([np.cos(turn) - 1, np.sin(turn), 0.5 * np.sin(turn)], axis=1) * rng.uniform(1.0, 1.8)
    return _bent_wire(rng, rng.uniform(8, 16), 0.14) + tube(loop, np.full(24, 0.14))


def _skin_fold(rng: np.random.Generator, place: _Place, name: str) -> list[NonLesionSolid]:
    """A crease of skin, far back: a band of tissue a few centimeters long."""
    parts = _bent_wire(rng, rng.uniform(20, 35), 1.1)
    solid = Solid(name, place.point(rng, 0.9, 12.0), parts, _SKIN_TISSUE)
    return [NonLesionSolid(name, NonLesionKind.SKIN_FOLD, (solid,))]


def _powder(rng: np.random.Generator, place: _Place, name: str) -> list[NonLesionSolid]:
    """A streak of deodorant on the skin toward the armpit: many fine bright specks."""
    corner = place.point(rng, 0.95, 11.0, _ARMPIT)
    streak, wide = draw_direction(rng) * rng.uniform(5, 10), draw_direction(rng) * rng.uniform(1.5, 3)
    solids = []
    for number in range(1, int(rng.integers(40, 110)) + 1):
        spot = corner + streak * rng.uniform(-1, 1) + wide * rng.normal()
        radius = np.exp(rng.uniform(np.log(0.05), np.log(0.16)))
        solids.append(Solid(f"{name}-{number}", spot, ball(2 * radius), _POWDER * rng.uniform(0.4, 1.0)))
    seen = seen_everywhere(
        place.geometries, np.array([solid.position for solid in solids]), place.settings, 1.0
    )
    kept = tuple(solid for solid, shown in zip(solids, seen, strict=True) if shown)
    return [NonLesionSolid(name, NonLesionKind.POWDER, kept)] if kept else []


_DRAW = {
    NonLesionKind.CLIP: _clips,
    NonLesionKind.MARKER: _marker,
    NonLesionKind.WIRE: _wire,
    NonLesionKind.SKIN_FOLD: _skin_fold,
    NonLesionKind.POWDER: _powder,
}


def wanted(kind: NonLesionKind, settings: PhantomSettings) -> bool:
    """Tell whether dust or letters, which belong to the image and not the breast, are to be put in."""
    return settings.film if settings.non_lesions is None else kind in settings.non_lesions


def add_dust(
    rng: np.random.Generator, gray: NDArray[np.float32], white: float, name: str
) -> tuple[NonLesionTruth, ...]:
    """Put dust and a scratch on the image in place, sharper than the system's blur; return their truth."""
    found = []
    for number in range(1, int(rng.integers(8, 30)) + 1):
        row, column = (float(rng.uniform(5, length - 6)) for length in gray.shape)
        kind = rng.random()
        length = rng.uniform(10, 60) if kind > 0.93 else (rng.uniform(3, 9) if kind > 0.7 else 1.5)
        turn = rng.uniform(0, np.pi)
        half = np.array([np.sin(turn), np.cos(turn)]) * length / 2
        ends = np.array([row, column]) + np.array([-half, half])
        _draw_line(gray, ends, white * rng.uniform(0.25, 0.8))
        outline = _boxed(ends, 1.5)
        found.append(
            NonLesionTruth(f"{name}-{number}", NonLesionKind.DUST, row, column, outline, ((row, column),))
        )
    return tuple(found)


def _draw_line(gray: NDArray[np.float32], ends: NDArray[np.float64], level: float) -> None:
    mask = np.zeros(gray.shape, np.uint8)
    (first, last) = (tuple(int(v) for v in np.round(end[::-1] * 16)) for end in ends)
    cv2.line(mask, first, last, 255, 1, cv2.LINE_AA, shift=4)
    low = np.maximum(np.floor(ends.min(axis=0)).astype(int) - 3, 0)
    high = np.ceil(ends.max(axis=0)).astype(int) + 4
    share = mask[low[0] : high[0], low[1] : high[1]].astype(np.float32) / 255
    part = gray[low[0] : high[0], low[1] : high[1]]
    part += share * np.float32(level)


def _boxed(points: NDArray[np.float64], margin: float) -> tuple[tuple[float, float], ...]:
    (top, left), (bottom, right) = points.min(axis=0) - margin, points.max(axis=0) + margin
    corners = ((top, left), (top, right), (bottom, right), (bottom, left))
    return tuple((float(row), float(column)) for row, column in corners)


def add_letters(
    gray: NDArray[np.float32], white: float, *, laterality: Laterality, view: ViewPosition, spacing_mm: float
) -> NonLesionTruth:
    """Burn side and view into the corner away from the breast, in place; return the truth."""
    text, scale = f"{laterality} {view}", 7.0 / spacing_mm / 22
    thick = max(round(0.9 / spacing_mm), 1)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    margin = round(6 / spacing_mm)
    left = gray.shape[1] - margin - width if str(laterality) == "L" else margin
    mask = np.zeros(gray.shape, np.uint8)
    cv2.putText(mask, text, (left, margin + height), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_AA)
    np.maximum(gray, mask.astype(np.float32) * np.float32(white / 255), out=gray)
    rows, columns = np.nonzero(mask)
    outline = _boxed(np.array([[rows.min(), columns.min()], [rows.max(), columns.max()]], float), 1.0)
    row, column = float(rows.min() + rows.max()) / 2, float(columns.min() + columns.max()) / 2
    return NonLesionTruth(
        f"{laterality}-{view}-text", NonLesionKind.TEXT, row, column, outline, ((row, column),)
    )
