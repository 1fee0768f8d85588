"""Whole objects of metal: clips, skin markers, wires; told by whiteness and sharpness, then by shape.

Metal absorbs far more than calcium of the same width. What is displayed of it is a plateau at the top of the
gray scale, and that plateau begins as close to the outline as the blur of the system allows. A calcification
that is as white is wider, and it rises over a quarter of its width, because its thickness fades toward its
edge. So the way from the outline (half height) to the plateau tells the two apart, whatever the gray scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.lookalikes.elongated import ElongatedObject, measure_elongated_object
from calcwatch.image.settings import MetalSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage

    Box = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Lookalike:
    """A named non-lesion in crop coordinates with its outline polygon."""

    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class ObjectCandidate:
    """One bright object in a window of the crop whose top-left pixel is ``top``, ``left``.

    ``height``: gray over the surround, as a share of the way to white. ``mask``: uint8, 1 on the object.
    ``contact_px``: how much of one border of the picture it touches, 0 when it is not cut off.
    """

    height: NDArray[np.float32]
    mask: NDArray[np.uint8]
    top: int
    left: int
    contact_px: int

    @property
    def part(self) -> Box:
        """The window, as slices of the crop."""
        rows, columns = self.mask.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)


def find_objects(
    image: PreparedImage, breast: BreastRegion, *, settings: MetalSettings = MetalSettings()
) -> tuple[tuple[Lookalike, ...], NDArray[np.uint8]]:
    """Clips, markers and wires, top to bottom, and a mask (uint8, crop size) of what belongs to them.

    An object that could be a calcification is left alone: one that is as soft as calcium of its width, or
    almost any where the window saturates tissue. Nothing found gives an empty tuple and a mask of zeros.
    """
    measured = [
        (
            suspect,
            measure_elongated_object(
                suspect.height, suspect.mask, image.working_mm, suspect.contact_px, settings=settings
            ),
        )
        for suspect in find_object_candidates(image, breast, settings=settings)
    ]
    metal = [
        (suspect, kind)
        for suspect, stroke in measured
        if (kind := kind_of(stroke, settings=settings)) is not None
    ]
    if metal and _saturates_tissue(image, breast, [suspect for suspect, _ in metal], settings):
        sure = [
            (suspect, stroke) for suspect, stroke in measured if is_beyond_doubt(stroke, settings=settings)
        ]
        metal = [
            (suspect, kind)
            for suspect, stroke in sure
            if (kind := kind_of(stroke, settings=settings)) is not None
        ]
    else:
        metal += _clips_beside(metal, measured, image.px(settings.surgical_bed_mm), settings)
    covered = np.zeros(image.gray.shape, np.uint8)
    reach = np.ones((2 * max(1, round(image.px(settings.reach_mm))) + 1,) * 2, np.uint8)
    for suspect, _ in metal:
        covered[suspect.part] |= np.asarray(cv2.dilate(suspect.mask, reach), np.uint8)
    named = (_named(suspect, kind) for suspect, kind in metal)
    return tuple(sorted(named, key=lambda x: (x.row, x.column))), covered


def _clips_beside(
    metal: Sequence[tuple[ObjectCandidate, NonLesionKind]],
    measured: Sequence[tuple[ObjectCandidate, ElongatedObject]],
    reach_px: float,
    settings: MetalSettings,
) -> list[tuple[ObjectCandidate, NonLesionKind]]:
    """What is nearly sure beside a clip is one, too: a surgeon leaves several, and one may be seen end-on.

    None are where they outnumber the clips: then they are a group of calcifications.
    """
    clips = [_middle(suspect) for suspect, kind in metal if kind is NonLesionKind.CLIP]
    beside = [
        (suspect, NonLesionKind.CLIP)
        for suspect, stroke in measured
        if kind_of(stroke, settings=settings) is None
        and is_nearly_sure(stroke, settings=settings)
        and any(math.dist(_middle(suspect), clip) <= reach_px for clip in clips)
    ]
    return beside if len(beside) <= len(clips) else []


def _middle(suspect: ObjectCandidate) -> Point:
    left, top, width, height = cv2.boundingRect(suspect.mask)
    return suspect.top + top + height / 2, suspect.left + left + width / 2


def kind_of(stroke: ElongatedObject, *, settings: MetalSettings = MetalSettings()) -> NonLesionKind | None:
    """Clip, marker, wire or scratch by its measures; ``None`` for what may be a calcification.

    Sizes are those of surgical clips (2 to 4 mm long, half a millimeter wide, often bent), balls, rings and
    wires stuck to the skin, and sutures of steel.
    """
    softest = settings.edge_blur_mm + settings.edge_blur_px * stroke.spacing_mm
    if (
        stroke.white < settings.min_plateau
        or stroke.edge_mm > softest
        or stroke.width_mm > settings.max_width_mm
    ):
        return None
    if stroke.contact_mm:
        return _kind_cut_off(stroke, settings)
    if stroke.roundness >= settings.ball_roundness and stroke.hole_mm < settings.ball_mm[0]:
        return _kind_round(stroke, settings)
    return (
        _kind_thin(stroke, settings)
        if stroke.width_mm <= settings.max_thin_mm
        else _kind_thick(stroke, settings)
    )


def is_beyond_doubt(stroke: ElongatedObject, *, settings: MetalSettings = MetalSettings()) -> bool:
    """Whether it is metal even where the window saturates calcifications: sharp, wide enough, and no ball."""
    sharp = stroke.edge_mm <= settings.sharp_edge_mm and stroke.white >= 0.6 and stroke.width_mm >= 0.4
    return sharp and stroke.roundness < settings.ball_roundness


def is_nearly_sure(stroke: ElongatedObject, *, settings: MetalSettings = MetalSettings()) -> bool:
    """Whether it is whiter and sharper than calcium of its width, whatever its shape."""
    softest = settings.edge_blur_mm + settings.edge_blur_px * stroke.spacing_mm + settings.doubt_mm
    soft = (1 - stroke.white) * stroke.width_mm / 2
    small = stroke.width_mm <= 0.75 and stroke.extent_mm <= settings.long_mm and not stroke.contact_mm
    return (
        small
        and stroke.white >= 0.38
        and stroke.edge_mm <= softest
        and soft <= settings.max_soft_mm + settings.doubt_mm / 2
    )


def _kind_cut_off(stroke: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """What the border of the picture cuts off shows no whole shape; it must be all the whiter."""
    sharp = (
        stroke.white >= 0.6
        and stroke.edge_mm <= settings.sharp_edge_mm
        and stroke.contact_mm <= settings.max_contact_mm
    )
    if not sharp or stroke.width_mm < 0.28 or not 0.8 <= stroke.extent_mm <= 20:
        return None
    thick = max(stroke.width_mm, stroke.contact_mm) > settings.max_thin_mm
    return NonLesionKind.MARKER if thick else NonLesionKind.CLIP


def _kind_round(stroke: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """A ball; a round calcification as white rises over a third of its radius."""
    sharp = stroke.white >= 0.75 and stroke.edge_mm <= settings.sharp_edge_mm
    return (
        NonLesionKind.MARKER
        if sharp and settings.ball_mm[0] <= stroke.extent_mm <= settings.ball_mm[1]
        else None
    )


def _kind_thick(stroke: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """Longer than any clip it is the wire or ring of a marker, shorter a bent clip; calcium is softer."""
    if 1.5 <= stroke.hole_mm < settings.ring_mm and stroke.white >= 0.6 and stroke.edge_mm <= 0.09:
        return NonLesionKind.WIRE
    if stroke.length_mm >= settings.long_mm or stroke.hole_mm >= settings.ring_mm:
        return NonLesionKind.MARKER if stroke.white >= 0.6 else None
    wide = stroke.width_mm >= settings.wide_mm
    sharp = stroke.edge_mm <= (0.07 if wide else 0.082) and stroke.white >= (0.8 if wide else 0.66)
    bent = stroke.solidity <= settings.branched_solidity and stroke.edge_mm <= 0.1 and stroke.white >= 0.58
    return NonLesionKind.CLIP if (sharp or bent) and stroke.length_mm >= 2 * stroke.width_mm else None


def _kind_thin(stroke: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """Thin strokes by their length: a clip, a wire, or the wire of a marker, which is not as thin."""
    if stroke.width_mm >= 0.5 and stroke.length_mm >= 10 and stroke.white >= 0.6:
        return NonLesionKind.MARKER
    looped = stroke.hole_mm >= 1 and stroke.length_mm >= 4
    is_wire = settings.wire_mm[0] < stroke.width_mm < settings.wire_mm[1] and (
        stroke.length_mm >= 7 or looped
    )
    if is_wire or stroke.length_mm >= 12:
        line = (
            stroke.width_mm < settings.line_px * stroke.spacing_mm
            and stroke.solidity > settings.branched_solidity
        )
        return NonLesionKind.DUST if line else NonLesionKind.WIRE
    white = (1 - stroke.white) * stroke.width_mm / 2 <= settings.max_soft_mm and stroke.width_mm > 0.34
    if white and stroke.length_mm >= max(1.5, 2.2 * stroke.width_mm):
        return NonLesionKind.CLIP
    return NonLesionKind.CLIP if _is_small_clip(stroke, settings) else None


def _is_small_clip(stroke: ElongatedObject, settings: MetalSettings) -> bool:
    """A stub of a clip, or what marks the place of a biopsy: a thin bar, a small ring or a ribbon."""
    sharp = stroke.edge_mm <= settings.sharp_edge_mm
    stub = sharp and stroke.white >= 0.5 and stroke.width_mm > 0.4
    straight = stroke.solidity > 0.85 and stroke.extent_mm >= 2
    bar = sharp and straight and stroke.white >= 0.4 and stroke.width_mm > settings.wire_mm[0]
    ring = stroke.white >= 0.35 and stroke.hole_mm >= 0.8
    return ring or bar or (stub and stroke.length_mm >= max(1.15, 1.9 * stroke.width_mm))


def find_object_candidates(
    image: PreparedImage, breast: BreastRegion, *, settings: MetalSettings = MetalSettings()
) -> list[ObjectCandidate]:
    """Objects in the breast that are nearly white somewhere, those with the largest white spots first.

    White is the brightest gray in the breast, so that a gray scale which ends early hides nothing. At most
    sixty spots are looked at.
    """
    white = max(settings.min_white, float(cv2.minMaxLoc(image.gray, mask=breast.mask)[1]))
    spots = (image.gray >= np.float32(settings.plateau_level * white)).view(np.uint8) & breast.mask
    taken = np.zeros_like(spots)
    found = []
    for part, seed in _seeds(spots, image, settings):
        if not (taken[part] & seed).any():
            for suspect in _grow(image, breast.mask[part], part, seed, white=white, settings=settings):
                taken[suspect.part] |= suspect.mask
                found.append(suspect)
    return found


def _seeds(
    spots: NDArray[np.uint8], image: PreparedImage, settings: MetalSettings
) -> Iterator[tuple[Box, NDArray[np.uint8]]]:
    """White spots that are neither noise nor tissue: a window round each, and the spot in it.

    They are found on coarse pixels, each of which is white when one of its pixels is.
    """
    step = max(1, round(image.px(settings.seed_cell_mm)))
    coarse = cv2.dilate(spots, np.ones((step, step), np.uint8), anchor=(0, 0))[::step, ::step]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(coarse, connectivity=8)
    pad = round(image.px(settings.window_margin_mm) / step) + 1
    for label in _largest(np.asarray(stats, np.int32), step / image.px(1.0), settings):
        left, top, width, height = stats[label, :4].tolist()
        rows = slice(max(0, top - pad), top + height + pad)
        columns = slice(max(0, left - pad), left + width + pad)
        own = np.repeat(np.repeat(labels[rows, columns] == label, step, axis=0), step, axis=1)
        part = (slice(rows.start * step, rows.stop * step), slice(columns.start * step, columns.stop * step))
        white = spots[part]
        yield part, white & own[: white.shape[0], : white.shape[1]]


def _largest(stats: NDArray[np.int32], coarse_mm: float, settings: MetalSettings) -> NDArray[np.intp]:
    """Labels of the spots of possible size, the largest first; 0 is the background."""
    area = stats[:, cv2.CC_STAT_AREA] * coarse_mm**2
    longest = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) * coarse_mm
    fits = (area >= settings.seed_mm2[0]) & (area <= settings.seed_mm2[1]) & (longest <= settings.max_seed_mm)
    fits[0] = False
    chosen = np.flatnonzero(fits)
    return chosen[np.argsort(-area[chosen], kind="stable")][: settings.max_object_candidates]


def _grow(
    image: PreparedImage,
    inside: NDArray[np.uint8],
    part: Box,
    seed: NDArray[np.uint8],
    *,
    white: float,
    settings: MetalSettings,
) -> Iterator[ObjectCandidate]:
    """The objects round white spots down to half their height; none without room for a height."""
    gray, mask = image.gray[part], seed
    for _ in range(2):  # the second time the surround is that of the whole object
        surround = _surround(gray, mask, inside, image, settings)
        if white - surround < settings.min_headroom:
            return
        half = (gray >= surround + settings.outline_level * (white - surround)).astype(np.uint8)
        _, labels = cv2.connectedComponents(half, connectivity=8)
        touched = np.unique(labels[(seed & half) > 0])
        mask = np.isin(labels, touched).astype(np.uint8) & half
    height = (gray - np.float32(surround)) / np.float32(white - surround)
    for label in touched:
        one = (labels == label).astype(np.uint8)
        contact = _contact(one, part, image.gray.shape, settings)
        yield ObjectCandidate(height, one, part[0].start, part[1].start, contact)


def _surround(
    gray: NDArray[np.float32],
    mask: NDArray[np.uint8],
    inside: NDArray[np.uint8],
    image: PreparedImage,
    settings: MetalSettings,
) -> float:
    """Median gray of a ring round the object; of the breast alone, where it fills a third of the ring."""
    near, far = (np.ones((2 * round(image.px(mm)) + 1,) * 2, np.uint8) for mm in settings.surround_mm)
    ring = (cv2.dilate(mask, far) > 0) & (cv2.dilate(mask, near) == 0)
    of_breast = ring & (inside > 0)
    if 3 * np.count_nonzero(of_breast) > np.count_nonzero(ring):
        ring = of_breast
    return float(np.median(gray[ring])) if ring.any() else 1.0


def _contact(mask: NDArray[np.uint8], part: Box, shape: tuple[int, ...], settings: MetalSettings) -> int:
    """How many pixels of one border of the picture an object touches, or nearly; the largest of the four."""
    longest = 0
    for axis in (0, 1):
        side = mask if axis == 0 else mask.T
        first = side[: max(0, settings.cut_off_px - part[axis].start)]
        last = side[max(0, shape[axis] - settings.cut_off_px - part[axis].start) :]
        longest = max(longest, int(first.any(axis=0).sum()), int(last.any(axis=0).sum()))
    return longest


def _saturates_tissue(
    image: PreparedImage, breast: BreastRegion, metal: Sequence[ObjectCandidate], settings: MetalSettings
) -> bool:
    """Whether more is pure white than metal is: a window that narrow whitens calcifications, too."""
    white = (image.gray >= np.float32(settings.saturated_gray)).view(np.uint8) & breast.mask
    of_metal = sum(cv2.countNonZero(white[suspect.part] & suspect.mask) for suspect in metal)
    return cv2.countNonZero(white) - of_metal > settings.saturated_share * breast.area_px


def _named(suspect: ObjectCandidate, kind: NonLesionKind) -> Lookalike:
    """The object with its outline and the middle of its smallest circle, in crop coordinates."""
    contours, _ = cv2.findContours(suspect.mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = np.asarray(max(contours, key=len), np.int32)
    (column, row), _ = cv2.minEnclosingCircle(contour)
    simple = cv2.approxPolyDP(contour, 0.7, closed=True)[:, 0, :]
    points = tuple((float(y) + suspect.top, float(x) + suspect.left) for x, y in simple)
    return Lookalike(kind, float(row) + suspect.top, float(column) + suspect.left, points)
