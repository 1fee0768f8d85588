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
from calcwatch.image.lookalikes.elongated import OUTLINE, PLATEAU, ElongatedObject, measure_elongated_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import NormalizedImage

    Box = tuple[slice, slice]

_LEAST_WHITE = 0.75  # a picture that is darker all over shows no metal
_MIN_HEADROOM = 0.12  # a surround this close to white leaves nothing to tell metal by
_COARSE_MM = 0.3  # white spots are looked for on pixels of this size
_SEED_MM2 = (0.03, 90.0)
_MAX_SEED_MM = 60.0
_MOST_SUSPECTS = 60  # a window that saturates tissue makes thousands
_PAD_MM = 2.5  # looked at round a white spot
_SURROUND_MM = (0.4, 1.5)  # where its surround is measured
_RIM_PX = 3  # this close to the border of the picture an object is cut off
_REACH_MM = 0.5  # a detection this close to metal belongs to it
_SATURATED = 0.985
_SATURATED_SHARE = 2.5e-4  # of the breast, beside metal: then the window saturates calcifications too

_LEAST_PLATEAU = 0.28  # share of the object; the thinnest wire has that much
_BLUR_MM, _BLUR_PX = 0.09, 0.18  # the softest edge that metal has, beside what coarse pixels add
_SOFT_MM = 0.13  # half of the width that is not white
_SHARP_MM = 0.085  # edge of metal that is wider than the blur
_THIN_MM = 0.62  # a stroke of more is no single clip
_WIDE_MM = 0.72
_WIDEST_MM = 2.2
_BALL_MM = (1.3, 4.0)
_BALL_ROUNDNESS = 0.7
_BRANCHED = 0.72  # solidity of what is bent or crossed
_LONG_MM = 9.5  # neither a clip nor a rod of calcium
_WIRE_MM = (0.25, 0.46)  # width of a suture of steel
_LINE_PX = 1.6  # a straight line this thin is a scratch or a fault of the scanner
_RING_MM = 5.0  # hole of a ring on the skin; a loop of wire has a smaller one
_BED_MM = 20.0  # clips of one operation lie this close
_DOUBT_MM = 0.02  # beside clips an edge may be softer by this
_MAX_CONTACT_MM = 3.0  # strips along the border are the rim of a film or of a collimator


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
    image: NormalizedImage, breast: BreastRegion
) -> tuple[tuple[Lookalike, ...], NDArray[np.uint8]]:
    """Clips, markers and wires, top to bottom, and a mask (uint8, crop size) of what belongs to them.

    An object that could be a calcification is left alone: one that is as soft as calcium of its width, or
    almost any where the window saturates tissue. Nothing found gives an empty tuple and a mask of zeros.
    """
    measured = [
        (
            suspect,
            measure_elongated_object(suspect.height, suspect.mask, image.working_mm, suspect.contact_px),
        )
        for suspect in find_object_candidates(image, breast)
    ]
    metal = [(suspect, kind) for suspect, stroke in measured if (kind := kind_of(stroke)) is not None]
    if metal and _saturates_tissue(image, breast, [suspect for suspect, _ in metal]):
        sure = [(suspect, stroke) for suspect, stroke in measured if is_beyond_doubt(stroke)]
        metal = [(suspect, kind) for suspect, stroke in sure if (kind := kind_of(stroke)) is not None]
    else:
        metal += _clips_beside(metal, measured, image.px(_BED_MM))
    covered = np.zeros(image.gray.shape, np.uint8)
    reach = np.ones((2 * max(1, round(image.px(_REACH_MM))) + 1,) * 2, np.uint8)
    for suspect, _ in metal:
        covered[suspect.part] |= np.asarray(cv2.dilate(suspect.mask, reach), np.uint8)
    named = (_named(suspect, kind) for suspect, kind in metal)
    return tuple(sorted(named, key=lambda x: (x.row, x.column))), covered


def _clips_beside(
    metal: Sequence[tuple[ObjectCandidate, NonLesionKind]],
    measured: Sequence[tuple[ObjectCandidate, ElongatedObject]],
    reach_px: float,
) -> list[tuple[ObjectCandidate, NonLesionKind]]:
    """What is nearly sure beside a clip is one, too: a surgeon leaves several, and one may be seen end-on.

    None are where they outnumber the clips: then they are a group of calcifications.
    """
    clips = [_middle(suspect) for suspect, kind in metal if kind is NonLesionKind.CLIP]
    beside = [
        (suspect, NonLesionKind.CLIP)
        for suspect, stroke in measured
        if kind_of(stroke) is None
        and is_nearly_sure(stroke)
        and any(math.dist(_middle(suspect), clip) <= reach_px for clip in clips)
    ]
    return beside if len(beside) <= len(clips) else []


def _middle(suspect: ObjectCandidate) -> Point:
    left, top, width, height = cv2.boundingRect(suspect.mask)
    return suspect.top + top + height / 2, suspect.left + left + width / 2


def kind_of(stroke: ElongatedObject) -> NonLesionKind | None:
    """Clip, marker, wire or scratch by its measures; ``None`` for what may be a calcification.

    Sizes are those of surgical clips (2 to 4 mm long, half a millimeter wide, often bent), balls, rings and
    wires stuck to the skin, and sutures of steel.
    """
    softest = _BLUR_MM + _BLUR_PX * stroke.spacing_mm
    if stroke.white < _LEAST_PLATEAU or stroke.edge_mm > softest or stroke.width_mm > _WIDEST_MM:
        return None
    if stroke.contact_mm:
        return _kind_cut_off(stroke)
    if stroke.roundness >= _BALL_ROUNDNESS and stroke.hole_mm < _BALL_MM[0]:
        return _kind_round(stroke)
    return _kind_thin(stroke) if stroke.width_mm <= _THIN_MM else _kind_thick(stroke)


def is_beyond_doubt(stroke: ElongatedObject) -> bool:
    """Whether it is metal even where the window saturates calcifications: sharp, wide enough, and no ball."""
    sharp = stroke.edge_mm <= _SHARP_MM and stroke.white >= 0.6 and stroke.width_mm >= 0.4
    return sharp and stroke.roundness < _BALL_ROUNDNESS


def is_nearly_sure(stroke: ElongatedObject) -> bool:
    """Whether it is whiter and sharper than calcium of its width, whatever its shape."""
    softest = _BLUR_MM + _BLUR_PX * stroke.spacing_mm + _DOUBT_MM
    soft = (1 - stroke.white) * stroke.width_mm / 2
    small = stroke.width_mm <= 0.75 and stroke.extent_mm <= _LONG_MM and not stroke.contact_mm
    return small and stroke.white >= 0.38 and stroke.edge_mm <= softest and soft <= _SOFT_MM + _DOUBT_MM / 2


def _kind_cut_off(stroke: ElongatedObject) -> NonLesionKind | None:
    """What the border of the picture cuts off shows no whole shape; it must be all the whiter."""
    sharp = stroke.white >= 0.6 and stroke.edge_mm <= _SHARP_MM and stroke.contact_mm <= _MAX_CONTACT_MM
    if not sharp or stroke.width_mm < 0.28 or not 0.8 <= stroke.extent_mm <= 20:
        return None
    thick = max(stroke.width_mm, stroke.contact_mm) > _THIN_MM
    return NonLesionKind.MARKER if thick else NonLesionKind.CLIP


def _kind_round(stroke: ElongatedObject) -> NonLesionKind | None:
    """A ball; a round calcification as white rises over a third of its radius."""
    sharp = stroke.white >= 0.75 and stroke.edge_mm <= _SHARP_MM
    return NonLesionKind.MARKER if sharp and _BALL_MM[0] <= stroke.extent_mm <= _BALL_MM[1] else None


def _kind_thick(stroke: ElongatedObject) -> NonLesionKind | None:
    """Longer than any clip it is the wire or ring of a marker, shorter a bent clip; calcium is softer."""
    if 1.5 <= stroke.hole_mm < _RING_MM and stroke.white >= 0.6 and stroke.edge_mm <= 0.09:
        return NonLesionKind.WIRE
    if stroke.length_mm >= _LONG_MM or stroke.hole_mm >= _RING_MM:
        return NonLesionKind.MARKER if stroke.white >= 0.6 else None
    wide = stroke.width_mm >= _WIDE_MM
    sharp = stroke.edge_mm <= (0.07 if wide else 0.082) and stroke.white >= (0.8 if wide else 0.66)
    bent = stroke.solidity <= _BRANCHED and stroke.edge_mm <= 0.1 and stroke.white >= 0.58
    return NonLesionKind.CLIP if (sharp or bent) and stroke.length_mm >= 2 * stroke.width_mm else None


def _kind_thin(stroke: ElongatedObject) -> NonLesionKind | None:
    """Thin strokes by their length: a clip, a wire, or the wire of a marker, which is not as thin."""
    if stroke.width_mm >= 0.5 and stroke.length_mm >= 10 and stroke.white >= 0.6:
        return NonLesionKind.MARKER
    looped = stroke.hole_mm >= 1 and stroke.length_mm >= 4
    is_wire = _WIRE_MM[0] < stroke.width_mm < _WIRE_MM[1] and (stroke.length_mm >= 7 or looped)
    if is_wire or stroke.length_mm >= 12:
        line = stroke.width_mm < _LINE_PX * stroke.spacing_mm and stroke.solidity > _BRANCHED
        return NonLesionKind.DUST if line else NonLesionKind.WIRE
    white = (1 - stroke.white) * stroke.width_mm / 2 <= _SOFT_MM and stroke.width_mm > 0.34
    if white and stroke.length_mm >= max(1.5, 2.2 * stroke.width_mm):
        return NonLesionKind.CLIP
    return NonLesionKind.CLIP if _is_small_clip(stroke) else None


def _is_small_clip(stroke: ElongatedObject) -> bool:
    """A stub of a clip, or what marks the place of a biopsy: a thin bar, a small ring or a ribbon."""
    sharp = stroke.edge_mm <= _SHARP_MM
    stub = sharp and stroke.white >= 0.5 and stroke.width_mm > 0.4
    straight = stroke.solidity > 0.85 and stroke.extent_mm >= 2
    bar = sharp and straight and stroke.white >= 0.4 and stroke.width_mm > _WIRE_MM[0]
    ring = stroke.white >= 0.35 and stroke.hole_mm >= 0.8
    return ring or bar or (stub and stroke.length_mm >= max(1.15, 1.9 * stroke.width_mm))


def find_object_candidates(image: NormalizedImage, breast: BreastRegion) -> list[ObjectCandidate]:
    """Objects in the breast that are nearly white somewhere, those with the largest white spots first.

    White is the brightest gray in the breast, so that a gray scale which ends early hides nothing. At most
    sixty spots are looked at.
    """
    white = max(_LEAST_WHITE, float(cv2.minMaxLoc(image.gray, mask=breast.mask)[1]))
    spots = (image.gray >= np.float32(PLATEAU * white)).view(np.uint8) & breast.mask
    taken = np.zeros_like(spots)
    found = []
    for part, seed in _seeds(spots, image):
        if not (taken[part] & seed).any():
            for suspect in _grow(image, breast.mask[part], part, seed, white=white):
                taken[suspect.part] |= suspect.mask
                found.append(suspect)
    return found


def _seeds(spots: NDArray[np.uint8], image: NormalizedImage) -> Iterator[tuple[Box, NDArray[np.uint8]]]:
    """White spots that are neither noise nor tissue: a window round each, and the spot in it.

    They are found on coarse pixels, each of which is white when one of its pixels is.
    """
    step = max(1, round(image.px(_COARSE_MM)))
    coarse = cv2.dilate(spots, np.ones((step, step), np.uint8), anchor=(0, 0))[::step, ::step]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(coarse, connectivity=8)
    pad = round(image.px(_PAD_MM) / step) + 1
    for label in _largest(np.asarray(stats, np.int32), step / image.px(1.0)):
        left, top, width, height = stats[label, :4].tolist()
        rows = slice(max(0, top - pad), top + height + pad)
        columns = slice(max(0, left - pad), left + width + pad)
        own = np.repeat(np.repeat(labels[rows, columns] == label, step, axis=0), step, axis=1)
        part = (slice(rows.start * step, rows.stop * step), slice(columns.start * step, columns.stop * step))
        white = spots[part]
        yield part, white & own[: white.shape[0], : white.shape[1]]


def _largest(stats: NDArray[np.int32], coarse_mm: float) -> NDArray[np.intp]:
    """Labels of the spots of possible size, the largest first; 0 is the background."""
    area = stats[:, cv2.CC_STAT_AREA] * coarse_mm**2
    longest = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) * coarse_mm
    fits = (area >= _SEED_MM2[0]) & (area <= _SEED_MM2[1]) & (longest <= _MAX_SEED_MM)
    fits[0] = False
    chosen = np.flatnonzero(fits)
    return chosen[np.argsort(-area[chosen], kind="stable")][:_MOST_SUSPECTS]


def _grow(
    image: NormalizedImage, inside: NDArray[np.uint8], part: Box, seed: NDArray[np.uint8], *, white: float
) -> Iterator[ObjectCandidate]:
    """The objects round white spots down to half their height; none without room for a height."""
    gray, mask = image.gray[part], seed
    for _ in range(2):  # the second time the surround is that of the whole object
        surround = _surround(gray, mask, inside, image)
        if white - surround < _MIN_HEADROOM:
            return
        half = (gray >= surround + OUTLINE * (white - surround)).astype(np.uint8)
        _, labels = cv2.connectedComponents(half, connectivity=8)
        touched = np.unique(labels[(seed & half) > 0])
        mask = np.isin(labels, touched).astype(np.uint8) & half
    height = (gray - np.float32(surround)) / np.float32(white - surround)
    for label in touched:
        one = (labels == label).astype(np.uint8)
        contact = _contact(one, part, image.gray.shape)
        yield ObjectCandidate(height, one, part[0].start, part[1].start, contact)


def _surround(
    gray: NDArray[np.float32], mask: NDArray[np.uint8], inside: NDArray[np.uint8], image: NormalizedImage
) -> float:
    """Median gray of a ring round the object; of the breast alone, where it fills a third of the ring."""
    near, far = (np.ones((2 * round(image.px(mm)) + 1,) * 2, np.uint8) for mm in _SURROUND_MM)
    ring = (cv2.dilate(mask, far) > 0) & (cv2.dilate(mask, near) == 0)
    of_breast = ring & (inside > 0)
    if 3 * np.count_nonzero(of_breast) > np.count_nonzero(ring):
        ring = of_breast
    return float(np.median(gray[ring])) if ring.any() else 1.0


def _contact(mask: NDArray[np.uint8], part: Box, shape: tuple[int, ...]) -> int:
    """How many pixels of one border of the picture an object touches, or nearly; the largest of the four."""
    longest = 0
    for axis in (0, 1):
        side = mask if axis == 0 else mask.T
        first = side[: max(0, _RIM_PX - part[axis].start)]
        last = side[max(0, shape[axis] - _RIM_PX - part[axis].start) :]
        longest = max(longest, int(first.any(axis=0).sum()), int(last.any(axis=0).sum()))
    return longest


def _saturates_tissue(image: NormalizedImage, breast: BreastRegion, metal: Sequence[ObjectCandidate]) -> bool:
    """Whether more is pure white than metal is: a window that narrow whitens calcifications, too."""
    white = (image.gray >= np.float32(_SATURATED)).view(np.uint8) & breast.mask
    of_metal = sum(cv2.countNonZero(white[suspect.part] & suspect.mask) for suspect in metal)
    return cv2.countNonZero(white) - of_metal > _SATURATED_SHARE * breast.area_px


def _named(suspect: ObjectCandidate, kind: NonLesionKind) -> Lookalike:
    """The object with its outline and the middle of its smallest circle, in crop coordinates."""
    contours, _ = cv2.findContours(suspect.mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = np.asarray(max(contours, key=len), np.int32)
    (column, row), _ = cv2.minEnclosingCircle(contour)
    simple = cv2.approxPolyDP(contour, 0.7, closed=True)[:, 0, :]
    points = tuple((float(y) + suspect.top, float(x) + suspect.left) for x, y in simple)
    return Lookalike(kind, float(row) + suspect.top, float(column) + suspect.left, points)
