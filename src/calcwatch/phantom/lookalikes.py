"""What is bright or fine and no calcification: metal, folds, powder, dust, letters, strands and moles.

Clips, markers, wires, skin folds and powder are solids in or on the breast, seen in every view. Dust and
letters belong to one image and never passed the x-rays' way. Strands, vessels end-on and moles are drawn on
real and synthetic backgrounds as more of what a normal breast holds anyway, so that a detector meets many
times what a few backgrounds hold a few times.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality
from calcwatch.phantom.settings import LookalikeSettings, draw_log_uniform, random_stream
from calcwatch.phantom.shapes import ball, draw_direction, straight_tube, tube
from calcwatch.phantom.solids import Lookalike, Solid
from calcwatch.phantom.truth import NonLesionTruth

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point, ViewPosition
    from calcwatch.phantom.arrangement import PositionedBreast
    from calcwatch.phantom.settings import PhantomSettings
    from calcwatch.phantom.solids import Parts

_SETTINGS = LookalikeSettings()
_SUBPIXEL = 16  # steps of a pixel in OpenCV's fixed point with shift=4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_PX = 22  # height of a capital of that font at scale 1


def place_lookalikes(positioned: PositionedBreast) -> tuple[Lookalike, ...]:
    """Place the look-alikes that lie in or on the breast.

    Args:
        positioned: The breast; its settings hold the kinds wanted, or none to draw them.

    Returns:
        The look-alikes; kinds that belong to the image are left out.

    """
    breast, settings = positioned.breast, positioned.settings
    rng = random_stream(breast.seed, "look-alikes", breast.laterality)
    kinds = settings.non_lesions
    if kinds is None:
        # A draw for every kind, so that changing one chance does not shift the draws of the next.
        kinds = tuple(kind for kind, chance in settings.lookalikes.chances if rng.random() < chance)
    placed: list[Lookalike] = []
    for kind in kinds:
        # Dust and letters are added to each image by add_marks.
        if kind in _PLACE:
            placed += _PLACE[kind](rng, positioned, f"{breast.laterality}-{kind}")
    return tuple(placed)


def _draw_point(
    rng: np.random.Generator,
    positioned: PositionedBreast,
    reach: float,
    margin_mm: float,
    corner: tuple[float, float, float] | None = None,
) -> NDArray[np.float64]:
    """A point at ``reach`` of the way to the skin, seen in every view; nearest to ``corner`` if given."""
    vectors = rng.normal(size=(positioned.settings.lookalikes.tries, 3))
    vectors *= reach / np.linalg.norm(vectors, axis=1, keepdims=True)
    # Forward of the chest wall, where the breast is.
    vectors[:, 0] = np.abs(vectors[:, 0])
    if corner is not None:
        vectors = vectors[np.argsort(np.linalg.norm(vectors - np.array(corner), axis=1))]
    points = vectors * positioned.breast.size.semi_axes_mm
    shown = points[positioned.shows(points, margin_mm)]
    return np.asarray(shown[0] if len(shown) else positioned.middle)


def _place_clips(rng: np.random.Generator, positioned: PositionedBreast, name: str) -> list[Lookalike]:
    """V-shaped or bar-shaped titanium clips round a surgical bed."""
    settings = positioned.settings.lookalikes
    center = _draw_point(rng, positioned, *settings.clip_place)
    clips = []
    for number in range(1, int(rng.integers(*settings.clip_count, endpoint=True)) + 1):
        bar, leg = _draw_clip_legs(rng, settings)
        position = center + draw_direction(rng) * rng.uniform(*settings.clip_spread_mm)
        parts = _bent_bar_or_folded(rng, bar, leg, settings)
        solid = Solid(f"{name}-{number}", position, parts, settings.titanium)
        clips.append(Lookalike(solid.id, NonLesionKind.CLIP, (solid,)))
    return clips


def draw_clip(rng: np.random.Generator, settings: LookalikeSettings = _SETTINGS) -> Parts:
    """Draw one surgical clip of titanium: a bar, more often bent to a V, or two bars side by side.

    Args:
        rng: Where it is drawn from.
        settings: Its size.

    Returns:
        Its parts, centered on its bar.

    """
    return _bent_bar_or_folded(rng, *_draw_clip_legs(rng, settings), settings)


def _draw_clip_legs(rng: np.random.Generator, settings: LookalikeSettings) -> tuple[Parts, Parts]:
    length, radius = rng.uniform(*settings.clip_length_mm), rng.uniform(*settings.clip_radius_mm)
    arm, leg = draw_direction(rng), draw_direction(rng)
    bar = straight_tube(-arm * length / 2, arm * length / 2, radius)
    return bar, straight_tube(-arm * length / 2, leg * length * settings.clip_leg - arm * length / 2, radius)


def _bent_bar_or_folded(
    rng: np.random.Generator, bar: Parts, leg: Parts, settings: LookalikeSettings
) -> Parts:
    # Both are always drawn, so that the stream goes on the same whether the clip is bent or not.
    clip = bar + leg if rng.random() < settings.clip_bent else bar
    # Nothing is drawn where no clip is folded: seeds keep the metal that they had before there were any.
    folded = settings.clip_folded > 0 and rng.random() < settings.clip_folded
    return _draw_folded_clip(rng, settings) if folded else clip


def _draw_folded_clip(rng: np.random.Generator, settings: LookalikeSettings) -> Parts:
    """Two bars side by side, joined at one end: a clip that was closed round a vessel."""
    length, radius = rng.uniform(*settings.folded_length_mm), rng.uniform(*settings.folded_radius_mm)
    frame = _draw_frame(rng)
    # The field of view shows hardly any clip end-on: few vessels run straight down.
    arm = frame[:, 0] * np.array([1.0, 1.0, settings.folded_tilt])
    along = arm / np.linalg.norm(arm) * length / 2
    apart = frame[:, 1] * radius * rng.uniform(*settings.folded_gap) / 2
    ends = (along + apart, -along + apart, -along - apart, along - apart)
    return tuple(part for first, last in pairwise(ends) for part in straight_tube(first, last, radius))


def draw_biopsy_marker(rng: np.random.Generator, settings: LookalikeSettings = _SETTINGS) -> Parts:
    """Draw one clip that a biopsy leaves behind: a coil, a ribbon, a ring or a bar.

    No phantom holds one by itself; it is inserted.

    Args:
        rng: Where it is drawn from.
        settings: Its size.

    Returns:
        Its parts, to be made of titanium or steel.

    """
    size, style, frame = rng.uniform(*settings.biopsy_marker_mm), int(rng.integers(0, 4)), _draw_frame(rng)
    if style == 0:
        turn = np.linspace(0, 2 * np.pi * rng.uniform(*settings.coil_turns), settings.coil_points)
        radius = settings.coil_radius * size
        rise = np.linspace(-0.5, 0.5, settings.coil_points) * size
        coil = np.stack([np.cos(turn) * radius, np.sin(turn) * radius, rise], 1)
        return tube(coil @ frame.T, np.full(len(coil), rng.uniform(*settings.coil_wire_mm)))
    if style == 1:
        side = np.linspace(-1, 1, settings.ribbon_points)
        wide, high = settings.ribbon_size
        # Two turns down for one across: the figure of a ribbon with one crossing.
        ribbon = [wide * size * np.cos(2.2 * side), high * size * np.sin(4.4 * side), 0 * side]
        path = np.stack(ribbon, 1)
        wire = rng.uniform(*settings.band_wire_mm)
        return tube((path - path.mean(axis=0)) @ frame.T, np.full(len(path), wire))
    if style == 2:
        turn = np.linspace(0, 2 * np.pi, settings.ring_points)
        ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1) * settings.biopsy_ring * size
        return tube(ring @ frame.T, np.full(len(ring), rng.uniform(*settings.band_wire_mm)))
    half = 0.5 * size * frame[:, 0]
    return straight_tube(-half, half, rng.uniform(*settings.biopsy_bar_mm))


def _draw_frame(rng: np.random.Generator) -> NDArray[np.float64]:
    """A random rotation, its columns the turned axes."""
    # The cross product of two random directions is at right angles to both.
    first, second = draw_direction(rng), draw_direction(rng)
    third = np.cross(first, second)
    third /= np.linalg.norm(third)
    return np.stack([first, np.cross(third, first), third], axis=1)


def _place_marker(rng: np.random.Generator, positioned: PositionedBreast, name: str) -> list[Lookalike]:
    """A metal ball, a ring or a wire on a scar, stuck to the skin."""
    settings = positioned.settings.lookalikes
    position = _draw_point(rng, positioned, *settings.marker_place)
    solid = Solid(name, position, draw_marker(rng, settings), settings.steel)
    return [Lookalike(name, NonLesionKind.MARKER, (solid,))]


def draw_marker(rng: np.random.Generator, settings: LookalikeSettings = _SETTINGS) -> Parts:
    """Draw one skin marker of steel: a ball, a ring or a wire on a scar.

    Args:
        rng: Where it is drawn from.
        settings: Its size.

    Returns:
        Its parts round its own center.

    """
    style = int(rng.integers(0, 3))
    if style == 0:
        return ball(rng.uniform(*settings.ball_mm))
    if style == 1:
        turn = np.linspace(0, 2 * np.pi, settings.ring_points)
        tilted = [np.cos(turn), np.sin(turn), settings.ring_tilt * np.cos(turn)]
        ring = np.stack(tilted, axis=1) * rng.uniform(*settings.ring_radius_mm)
        return tube(ring, np.full(len(ring), settings.ring_wire_mm))
    return _draw_bent_wire(rng, rng.uniform(*settings.scar_wire_mm), settings.scar_wire_radius_mm, settings)


def _draw_bent_wire(
    rng: np.random.Generator, length: float, radius: float, settings: LookalikeSettings
) -> Parts:
    count = settings.wire_points
    # A random walk of directions bends the more the longer it is.
    steps = np.cumsum(rng.normal(0, settings.wire_wander, size=(count, 3)), axis=0) + draw_direction(rng)
    steps *= length / count / np.linalg.norm(steps, axis=1, keepdims=True)
    path = np.cumsum(steps, axis=0)
    return tube(path - path.mean(axis=0), np.full(count, radius))


def _place_wire(rng: np.random.Generator, positioned: PositionedBreast, name: str) -> list[Lookalike]:
    """A steel suture left in the breast."""
    settings = positioned.settings.lookalikes
    parts = draw_wire(rng, settings)
    solid = Solid(name, _draw_point(rng, positioned, *settings.wire_place), parts, settings.steel)
    return [Lookalike(name, NonLesionKind.WIRE, (solid,))]


def draw_wire(rng: np.random.Generator, settings: LookalikeSettings = _SETTINGS) -> Parts:
    """Draw one steel suture: a wire with a loop.

    Args:
        rng: Where it is drawn from.
        settings: Its size.

    Returns:
        Its parts round its own center.

    """
    count, radius = settings.loop_points, settings.suture_radius_mm
    turn = np.linspace(0, 2 * np.pi * settings.loop_turns, count)
    loop = np.stack([np.cos(turn) - 1, np.sin(turn), settings.loop_lift * np.sin(turn)], axis=1)
    loop = loop * rng.uniform(*settings.loop_radius_mm)
    wire = _draw_bent_wire(rng, rng.uniform(*settings.suture_mm), radius, settings)
    return wire + tube(loop, np.full(count, radius))


def _place_skin_fold(rng: np.random.Generator, positioned: PositionedBreast, name: str) -> list[Lookalike]:
    """A crease of skin, far back: a band of tissue a few centimeters long."""
    settings = positioned.settings.lookalikes
    parts = _draw_bent_wire(rng, rng.uniform(*settings.fold_mm), settings.fold_radius_mm, settings)
    position = _draw_point(rng, positioned, *settings.fold_place)
    solid = Solid(name, position, parts, settings.fold_density)
    return [Lookalike(name, NonLesionKind.SKIN_FOLD, (solid,))]


def _place_powder(rng: np.random.Generator, positioned: PositionedBreast, name: str) -> list[Lookalike]:
    """A streak of deodorant on the skin toward the armpit: many fine bright specks."""
    settings = positioned.settings.lookalikes
    corner = _draw_point(rng, positioned, *settings.powder_place, settings.armpit)
    streak = draw_direction(rng) * rng.uniform(*settings.streak_mm)
    wide = draw_direction(rng) * rng.uniform(*settings.streak_width_mm)
    solids = []
    for number in range(1, int(rng.integers(*settings.speck_count, endpoint=True)) + 1):
        position = corner + streak * rng.uniform(-1, 1) + wide * rng.normal()
        parts = ball(2 * draw_log_uniform(rng, settings.speck_radius_mm))
        density = settings.powder * rng.uniform(*settings.powder_share)
        solids.append(Solid(f"{name}-{number}", position, parts, density))
    places = np.array([solid.position for solid in solids])
    # Specks are small and many: those off the image are dropped, not placed anew.
    shown = positioned.shows(places, settings.speck_margin_mm)
    kept = tuple(solid for solid, is_shown in zip(solids, shown, strict=True) if is_shown)
    return [Lookalike(name, NonLesionKind.POWDER, kept)] if kept else []


_PLACE: dict[NonLesionKind, Callable[[np.random.Generator, PositionedBreast, str], list[Lookalike]]] = {
    NonLesionKind.CLIP: _place_clips,
    NonLesionKind.MARKER: _place_marker,
    NonLesionKind.WIRE: _place_wire,
    NonLesionKind.SKIN_FOLD: _place_skin_fold,
    NonLesionKind.POWDER: _place_powder,
}


def add_marks(
    rng: np.random.Generator,
    gray: NDArray[np.float32],
    *,
    laterality: Laterality,
    view: ViewPosition,
    day: str,
    settings: PhantomSettings,
) -> tuple[NonLesionTruth, ...]:
    """Put on a picture, in place, what belongs to the image and not to the breast: dust and letters.

    Without a wish for look-alikes a film has both, and any other image neither.

    Args:
        rng: Where dust is drawn from.
        gray: Rows x columns in stored values, mirrored for a right breast.
        laterality: Which breast, the first letter.
        view: Its view, the other letters.
        day: ``current`` or ``prior``; names the dust, which is another every day.
        settings: The phantom's.

    Returns:
        What was put on, in pixels of ``gray``.

    """
    wanted = settings.non_lesions
    if wanted is None:
        # Dust gets between film and scanner or screen; labels are exposed on film.
        wanted = (NonLesionKind.DUST, NonLesionKind.TEXT) if settings.film else ()
    added: tuple[NonLesionTruth, ...] = ()
    if NonLesionKind.DUST in wanted:
        added += _add_dust(rng, gray, f"{laterality}-{view}-{day}-dust", settings)
    if NonLesionKind.TEXT in wanted:
        added += (_add_letters(gray, laterality, view, settings),)
    return added


def _add_dust(
    rng: np.random.Generator, gray: NDArray[np.float32], name: str, settings: PhantomSettings
) -> tuple[NonLesionTruth, ...]:
    """Put specks, hairs and scratches on the image in place, sharper than the system's blur."""
    numbers = settings.lookalikes
    added = []
    for number in range(1, int(rng.integers(*numbers.dust_count, endpoint=True)) + 1):
        first, last = numbers.dust_margin_px
        row, column = (float(rng.uniform(first, length - last)) for length in gray.shape)
        length = _draw_dust_length(rng, numbers)
        turn = rng.uniform(0, np.pi)
        half = np.array([np.sin(turn), np.cos(turn)]) * length / 2
        ends = np.array([row, column]) + np.array([-half, half])
        # Drawn on the finished picture without the system's blur, by which dust is told from calcium.
        _draw_line(gray, ends, settings.white * rng.uniform(*numbers.dust_level))
        outline = _boxed(ends, numbers.dust_outline_px)
        mark = NonLesionTruth(f"{name}-{number}", NonLesionKind.DUST, row, column, outline, ((row, column),))
        added.append(mark)
    return tuple(added)


def _draw_dust_length(rng: np.random.Generator, settings: LookalikeSettings) -> float:
    kind, (hair, scratch) = rng.random(), settings.dust_limits
    if kind > scratch:
        return float(rng.uniform(*settings.scratch_px))
    return float(rng.uniform(*settings.hair_px)) if kind > hair else settings.speck_px


def _draw_line(gray: NDArray[np.float32], ends: NDArray[np.float64], level: float) -> None:
    mask = np.zeros(gray.shape, np.uint8)
    first, last = (tuple(int(v) for v in np.round(end[::-1] * _SUBPIXEL)) for end in ends)
    cv2.line(mask, first, last, 255, 1, cv2.LINE_AA, shift=4)
    low = np.maximum(np.floor(ends.min(axis=0)).astype(int) - 3, 0)
    high = np.ceil(ends.max(axis=0)).astype(int) + 4
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    gray[window] += mask[window].astype(np.float32) / 255 * np.float32(level)


def _boxed(points: NDArray[np.float64], margin: float) -> tuple[Point, ...]:
    (top, left), (bottom, right) = points.min(axis=0) - margin, points.max(axis=0) + margin
    corners = ((top, left), (top, right), (bottom, right), (bottom, left))
    return tuple((float(row), float(column)) for row, column in corners)


def _add_letters(
    gray: NDArray[np.float32], laterality: Laterality, view: ViewPosition, settings: PhantomSettings
) -> NonLesionTruth:
    """Burn side and view into the corner away from the breast, in place."""
    numbers, spacing_mm = settings.lookalikes, settings.pixel_spacing_mm
    text, scale = f"{laterality} {view}", numbers.letter_mm / spacing_mm / _FONT_PX
    thick = max(round(numbers.letter_stroke_mm / spacing_mm), 1)
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, thick)
    margin = round(numbers.letter_margin_mm / spacing_mm)
    # A left breast has its chest wall at the left edge, so the right corner is free.
    left = gray.shape[1] - margin - width if laterality is Laterality.LEFT else margin
    mask = np.zeros(gray.shape, np.uint8)
    cv2.putText(mask, text, (left, margin + height), _FONT, scale, 255, thick, cv2.LINE_AA)
    # Maximum, not sum: burned-in letters are white whatever they cover.
    np.maximum(gray, mask.astype(np.float32) * np.float32(settings.white / 255), out=gray)
    rows, columns = np.nonzero(mask)
    outline = _boxed(np.array([[rows.min(), columns.min()], [rows.max(), columns.max()]], float), 1.0)
    row, column = float(rows.min() + rows.max()) / 2, float(columns.min() + columns.max()) / 2
    return NonLesionTruth(
        f"{laterality}-{view}-text", NonLesionKind.TEXT, row, column, outline, ((row, column),)
    )


def draw_strands(
    rng: np.random.Generator,
    area: NDArray[np.uint8],
    noise: NDArray[np.float32],
    *,
    spacing_mm: float,
    count: int,
    settings: LookalikeSettings = _SETTINGS,
) -> NDArray[np.float32]:
    """Draw fibrous strands, some in bundles, some ending in a knot (a vessel end-on), and a few moles.

    Args:
        rng: Where they are drawn from.
        area: 1 where they may begin.
        noise: Gray of one sigma of the local noise at each pixel.
        spacing_mm: Distance of the pixels.
        count: How many strands; bundles count once.
        settings: How large and how bright they are, in sigma of the noise.

    Returns:
        Gray to add to the picture, of the shape of ``noise``; 0 everywhere where ``area`` has no room.

    """
    added = np.zeros(noise.shape, np.float32)
    step = settings.strand_start_px
    # Starts on a coarse grid: a full list of pixels is long, and a strand is much wider than a step.
    rows, columns = np.nonzero(area[::step, ::step])
    for _ in range(count if rows.size else 0):
        chosen = int(rng.integers(rows.size))
        start = np.array([rows[chosen], columns[chosen]]) * float(step)
        # In units of the local noise, so that strands are as plain in one picture as in the next.
        level = float(noise[int(start[0]), int(start[1])])
        _add_bundle(rng, added, start, level, spacing_mm=spacing_mm, settings=settings)
        if rng.random() < settings.knot_share:
            _add_knot(rng, added, start, level, spacing_mm=spacing_mm, settings=settings)
    return added


def _add_bundle(
    rng: np.random.Generator,
    added: NDArray[np.float32],
    start: NDArray[np.float64],
    level: float,
    *,
    spacing_mm: float,
    settings: LookalikeSettings,
) -> None:
    angle = rng.uniform(0, 2 * np.pi)
    is_bundle = rng.random() < settings.bundle_share
    for number in range(int(rng.integers(*settings.bundle_count, endpoint=True)) if is_bundle else 1):
        begin = start + (rng.normal(0, settings.bundle_spread_mm, 2) / spacing_mm if number else 0)
        way = angle + rng.normal(0, settings.bundle_turn)
        path = _draw_strand(rng, begin, way, spacing_mm=spacing_mm, settings=settings)
        height = level * draw_log_uniform(rng, settings.strand_contrast)
        width = draw_log_uniform(rng, settings.strand_width_mm) / spacing_mm
        _add_line(rng, added, path, height=height, width_px=width, settings=settings)


def _draw_strand(
    rng: np.random.Generator,
    start: NDArray[np.float64],
    angle: float,
    *,
    spacing_mm: float,
    settings: LookalikeSettings,
) -> NDArray[np.float64]:
    """A gently bending path, N x 2, rows and columns in pixels."""
    length = draw_log_uniform(rng, settings.strand_length_mm)
    count = max(4, round(length / settings.strand_step_mm))
    bend, wander = settings.strand_bend
    ways = angle + rng.normal(0, bend) * np.arange(count) + np.cumsum(rng.normal(0, wander, count))
    steps = np.stack([np.sin(ways), np.cos(ways)], axis=1) * (length / count / spacing_mm)
    return np.asarray(start + np.cumsum(steps, axis=0))


def _add_line(
    rng: np.random.Generator,
    added: NDArray[np.float32],
    path: NDArray[np.float64],
    *,
    height: float,
    width_px: float,
    settings: LookalikeSettings,
) -> None:
    """Add a line that fades at its ends and is uneven along its way."""
    pad = round(4 * width_px) + 4
    low = np.maximum(np.floor(path.min(axis=0)).astype(int) - pad, 0)
    high = np.minimum(np.ceil(path.max(axis=0)).astype(int) + pad, added.shape)
    if (high <= low).any():
        return
    uneven = np.clip(1 + rng.normal(0, settings.strand_unevenness, len(path)), 0, 2)
    along = np.sin(np.linspace(0, np.pi, len(path))) ** 0.5 * uneven
    mask = np.zeros(tuple(high - low), np.uint8)
    corners = np.rint((path - low)[:, ::-1] * _SUBPIXEL).astype(int)
    # Antialiased in 8 bits, a step at a time so that each has its own brightness, then blurred to its width.
    for first, second, share in zip(corners[:-1], corners[1:], along, strict=False):
        level = int(min(share, 2) * 120)  # twice the usual brightness still fits 8 bits
        cv2.line(mask, first.tolist(), second.tolist(), (level,), 1, cv2.LINE_AA, shift=4)
    soft = max(width_px, settings.strand_least_width_px)
    line = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), soft)
    # A quantile for the peak: a single bright crossing would dim the whole line.
    peak = float(np.quantile(line[line > 0], settings.strand_peak)) if (line > 0).any() else 1.0
    added[low[0] : high[0], low[1] : high[1]] += line * np.float32(height / peak)


def _add_knot(
    rng: np.random.Generator,
    added: NDArray[np.float32],
    start: NDArray[np.float64],
    level: float,
    *,
    spacing_mm: float,
    settings: LookalikeSettings,
) -> None:
    """Add something soft and round as a vessel end-on is, or a flat disk with a soft rim as a mole is."""
    mole = rng.random() < settings.mole_share
    size = float(rng.uniform(*(settings.mole_mm if mole else settings.knot_mm))) / spacing_mm
    reach = round(3 * size) + 2
    top, left = int(start[0]) - reach, int(start[1]) - reach
    rows = slice(max(top, 0), min(top + 2 * reach + 1, added.shape[0]))
    columns = slice(max(left, 0), min(left + 2 * reach + 1, added.shape[1]))
    y, x = np.mgrid[rows, columns]
    turn, flat = rng.uniform(0, np.pi), rng.uniform(*settings.knot_flatness)
    down, across = y - start[0], x - start[1]
    along, aside = down * np.sin(turn) + across * np.cos(turn), down * np.cos(turn) - across * np.sin(turn)
    distance = np.hypot(along, aside / flat) / size
    # Clipped where the logistic function is flat, so that it cannot overflow.
    rim = np.clip((distance - 1) * rng.uniform(*settings.mole_rim), -50, 50)
    # A vessel end-on has a flatter top than a blurred speck.
    steep = rng.uniform(*settings.knot_steepness)
    shape = 1 / (1 + np.exp(rim)) if mole else np.exp(-(distance ** (2 * steep)) / 2)
    height = level * draw_log_uniform(rng, settings.knot_contrast)
    added[rows, columns] += (height * shape).astype(np.float32)
