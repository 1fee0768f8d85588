"""Whole objects of metal: clips, skin markers, wires; told by whiteness and sharpness, then by shape.

Metal absorbs far more than calcium of the same width. What is displayed of it is a plateau at the top of the
gray scale, and that plateau begins as close to the outline as the blur of the system allows. A calcification
that is as white is wider, and it rises over a quarter of its width, because its thickness fades toward its
edge. So the way from the outline (half height) to the plateau tells the two apart, whatever the gray scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.arrays import longest_contour, mask_outline
from calcwatch.image.lookalikes.elongated import ElongatedObject, measure_elongated_object
from calcwatch.image.lookalikes.lookalike import Lookalike
from calcwatch.image.settings.lookalikes import MetalSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage

    Box = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class _ObjectCandidate:
    """One bright object in a window of the crop.

    Attributes:
        height: Gray over the surround, as a share of the way to white.
        mask: uint8, same shape, 1 on the object.
        top: Row of the crop at which the window begins.
        left: Column of the crop at which it begins.
        contact_px: How much of one border of the picture it touches, 0 when it is not cut off.
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

    @property
    def middle(self) -> Point:
        """Middle of the box round the object, in crop pixels."""
        left, top, width, height = cv2.boundingRect(self.mask)
        return self.top + top + height / 2, self.left + left + width / 2


class Metal(NamedTuple):
    """Metal of one image.

    Attributes:
        lookalikes: What is surely metal, from top to bottom; an empty tuple for nothing.
        covered: uint8, of the crop's shape, 1 on what belongs to it.
        doubtful: uint8, same shape, 1 on what is as white and as sharp as metal, and of no shape by which it
            could be told: a network may say that it is.
    """

    lookalikes: tuple[Lookalike, ...]
    covered: NDArray[np.uint8]
    doubtful: NDArray[np.uint8]


def find_metal(
    image: PreparedImage, breast: BreastRegion, *, settings: MetalSettings = MetalSettings()
) -> Metal:
    """Find clips, markers and wires.

    An object that could be a calcification is left alone: one that is as soft as calcium of its width, or
    almost any where the window saturates tissue.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: How metal looks.

    Returns:
        What is metal, what belongs to it, and what may be metal.
    """
    measured = [
        (
            candidate,
            measure_elongated_object(
                candidate.height, candidate.mask, image.working_mm, candidate.contact_px, settings=settings
            ),
        )
        for candidate in _object_candidates(image, breast, settings)
    ]
    metal = [
        (candidate, kind)
        for candidate, elongated in measured
        if (kind := kind_of(elongated, settings=settings)) is not None
    ]
    # tried only where something was taken for metal, and with metal left out of what is white
    if metal and _saturates_tissue(image, breast, [candidate for candidate, _ in metal], settings):
        metal = [
            (candidate, kind)
            for candidate, elongated in measured
            if _is_beyond_doubt(elongated, settings)
            and (kind := kind_of(elongated, settings=settings)) is not None
        ]
    else:
        # never where the window saturates: nearly sure is too little there
        metal += _clips_beside(metal, measured, image.px(settings.surgical_bed_mm), settings)
    named = (_named(candidate, kind, settings) for candidate, kind in metal)
    return Metal(
        tuple(sorted(named, key=lambda lookalike: (lookalike.row, lookalike.column))),
        _covered(image, [candidate for candidate, _ in metal], settings),
        _covered(image, [candidate for candidate, found in measured if _is_sharp(found, settings)], settings),
    )


def _covered(
    image: PreparedImage, candidates: Sequence[_ObjectCandidate], settings: MetalSettings
) -> NDArray[np.uint8]:
    """1 on objects and as near to them as a detection may sit that belongs to them."""
    covered = np.zeros(image.gray.shape, np.uint8)
    # wider than the outline: detections sit on the blurred rim as well
    reach = np.ones((2 * max(1, round(image.px(settings.reach_mm))) + 1,) * 2, np.uint8)
    for candidate in candidates:
        covered[candidate.part] |= np.asarray(cv2.dilate(candidate.mask, reach), np.uint8)
    return covered


def _clips_beside(
    metal: Sequence[tuple[_ObjectCandidate, NonLesionKind]],
    measured: Sequence[tuple[_ObjectCandidate, ElongatedObject]],
    reach_px: float,
    settings: MetalSettings,
) -> list[tuple[_ObjectCandidate, NonLesionKind]]:
    """What is nearly sure beside a clip is one, too: a surgeon leaves several, and one may be seen end-on.

    None are where they outnumber the clips: then they are a group of calcifications.
    """
    clips = [candidate.middle for candidate, kind in metal if kind is NonLesionKind.CLIP]
    beside = [
        (candidate, NonLesionKind.CLIP)
        for candidate, elongated in measured
        if kind_of(elongated, settings=settings) is None
        and _is_nearly_sure(elongated, settings)
        and any(math.dist(candidate.middle, clip) <= reach_px for clip in clips)
    ]
    return beside if len(beside) <= len(clips) else []


def kind_of(elongated: ElongatedObject, *, settings: MetalSettings = MetalSettings()) -> NonLesionKind | None:
    """Tell clip, marker, wire and scratch by their measures.

    Sizes are those of surgical clips (2 to 4 mm long, half a millimeter wide, often bent), balls, rings and
    wires stuck to the skin, and sutures of steel.

    Args:
        elongated: The measures of a bright object.
        settings: How metal looks.

    Returns:
        What it is; ``None`` for what may be a calcification.
    """
    if _is_made_of_bars(elongated, settings):
        return _kind_of_bars(elongated, settings)
    softest = _softest_mm(elongated, settings)
    if (
        elongated.white < settings.min_plateau
        or elongated.edge_mm > softest
        or elongated.width_mm > settings.max_width_mm
    ):
        return None
    # what the border cuts has no length, roundness or holes to go by: it is judged first, by whiteness
    if elongated.contact_mm:
        return _kind_cut_off(elongated, settings)
    if elongated.roundness >= settings.ball_roundness and elongated.hole_mm < settings.ball_mm[0]:
        return _kind_round(elongated, settings)
    if elongated.width_mm <= settings.max_thin_mm:
        return _kind_thin(elongated, settings)
    return _kind_thick(elongated, settings)


def _is_made_of_bars(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether it is one bar, or two side by side, and no rod of calcium.

    Two bars that lie over each other are whiter than one, and between two there is a gap. So the plateau says
    little of them; straight sides do, and the valley between them. Rods of calcium are straight too, but they
    have no valley, and a single bar has more of a plateau.
    """
    parted = elongated.gap_mm >= settings.gap_length_mm
    return _is_straight(elongated, settings) and (parted or _is_saturated(elongated, settings))


def _is_straight(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether it has the straight sides of a bar, or of a rod of calcium, and is white up to a steep rim."""
    narrowest, widest = settings.bars_width_mm
    return (
        elongated.straight >= settings.bars_straight
        and elongated.filled >= settings.bars_filled
        and elongated.rim_top >= settings.bars_rim_top
        and _is_steep(elongated, settings)
        and narrowest <= elongated.width_mm <= widest
        and settings.bars_extent_mm <= elongated.extent_mm
        # what the border cuts is straight there
        and not elongated.contact_mm
    )


def _is_steep(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether its rim is as steep as metal's where pixels are as coarse as these."""
    fine_mm, a_pixel = settings.bars_softest
    return elongated.steepness * (fine_mm + a_pixel * elongated.spacing_mm) >= 1


def _is_saturated(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether hardly anything of it but its blur is not white; dense calcium is softer."""
    fine_mm, a_pixel = settings.saturated_edge
    sharp = elongated.edge_mm <= fine_mm + a_pixel * elongated.spacing_mm
    return sharp and elongated.white >= settings.saturated_plateau


def _soft_mm(elongated: ElongatedObject) -> float:
    """How much of the way from the rim to the middle line is not white."""
    return (1 - elongated.white) * elongated.width_mm / 2


def _kind_of_bars(elongated: ElongatedObject, settings: MetalSettings) -> NonLesionKind:
    """A clip, or what is longer than any: the wire of a marker, or a thinner one."""
    if elongated.extent_mm <= settings.long_mm:
        return NonLesionKind.CLIP
    thick = elongated.width_mm >= settings.marker_wire_width_mm
    return NonLesionKind.MARKER if thick else NonLesionKind.WIRE


def _softest_mm(elongated: ElongatedObject, settings: MetalSettings) -> float:
    """The softest edge that metal has where pixels are as coarse as these."""
    return settings.edge_blur_mm + settings.edge_blur_px * elongated.spacing_mm


def _is_sharp(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether whiteness and edge would let it be metal, whatever its shape; of calcium next to nothing is."""
    softest = _softest_mm(elongated, settings) + settings.doubt_mm
    return elongated.white >= settings.min_plateau and elongated.edge_mm <= softest


def _is_beyond_doubt(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether it is metal even where the window saturates tissue: bars, or sharp, wide, and no ball."""
    if _is_made_of_bars(elongated, settings):
        return True
    sharp = elongated.edge_mm <= settings.sharp_edge_mm and elongated.white >= settings.sure_plateau
    wide = elongated.width_mm >= settings.sure_width_mm
    return sharp and wide and elongated.roundness < settings.ball_roundness


def _is_nearly_sure(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """Whether it is whiter and sharper than calcium of its width, whatever its shape; or a bar, if no rod."""
    if _is_straight(elongated, settings) and elongated.extent_mm <= settings.long_mm:
        return True
    softest = _softest_mm(elongated, settings) + settings.doubt_mm
    small = elongated.width_mm <= settings.doubtful_width_mm and elongated.extent_mm <= settings.long_mm
    return (
        small
        and not elongated.contact_mm
        and elongated.white >= settings.doubtful_plateau
        and elongated.edge_mm <= softest
        # an edge softer by so much takes half of it off the plateau, the rest lies outside of the outline
        and _soft_mm(elongated) <= settings.max_soft_mm + settings.doubt_mm / 2
    )


def _kind_cut_off(elongated: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """What the border of the picture cuts off shows no whole shape; it must be all the whiter."""
    sharp = (
        elongated.white >= settings.sure_plateau
        and elongated.edge_mm <= _softest_mm(elongated, settings)
        and _is_steep(elongated, settings)
        and elongated.contact_mm <= settings.max_contact_mm
    )
    shortest, longest = settings.cut_off_extent_mm
    if (
        not sharp
        or elongated.width_mm < settings.cut_off_width_mm
        or not shortest <= elongated.extent_mm <= longest
    ):
        return None
    # of a clip half or all of both bars shows, of a marker a part of a ball or of a ring
    return NonLesionKind.MARKER if elongated.width_mm > settings.cut_off_clip_mm else NonLesionKind.CLIP


def _kind_round(elongated: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """A ball; a round calcification as white rises over a third of its radius."""
    sharp = elongated.white >= settings.ball_plateau and elongated.edge_mm <= settings.sharp_edge_mm
    smallest, largest = settings.ball_mm
    return NonLesionKind.MARKER if sharp and smallest <= elongated.extent_mm <= largest else None


def _kind_thick(elongated: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """Longer than any clip it is the wire or ring of a marker, shorter a bent clip; calcium is softer."""
    white = elongated.white >= settings.sure_plateau
    # the ring of a marker has a wider hole and is left to the next test
    loop = settings.loop_hole_mm <= elongated.hole_mm < settings.ring_mm
    if loop and white and elongated.edge_mm <= settings.loop_edge_mm:
        return NonLesionKind.WIRE
    if elongated.length_mm >= settings.long_mm or elongated.hole_mm >= settings.ring_mm:
        return NonLesionKind.MARKER if white else None
    # the wider an object is, the sharper and whiter calcium can look: a wide clip must be more so
    wide = elongated.width_mm >= settings.wide_mm
    parted = elongated.gap_mm >= settings.gap_length_mm and elongated.white >= settings.saturated_plateau
    sharp = (
        _is_saturated(elongated, settings) or parted
        if wide
        else elongated.edge_mm <= settings.clip_edge_mm and elongated.white >= settings.clip_plateau
    )
    # a bent or crossed bar is no shape of calcium: it may be a little softer
    bent = (
        elongated.solidity <= settings.branched_solidity
        and elongated.edge_mm <= settings.bent_clip_edge_mm
        and elongated.white >= settings.bent_clip_plateau
    )
    long = elongated.length_mm >= settings.clip_elongation * elongated.width_mm
    return NonLesionKind.CLIP if (sharp or bent) and long else None


def _kind_thin(elongated: ElongatedObject, settings: MetalSettings) -> NonLesionKind | None:
    """What is thin, by its length: a clip, a wire, or the wire of a marker, which is not as thin."""
    width_mm, length_mm = elongated.width_mm, elongated.length_mm
    if (
        width_mm >= settings.marker_wire_width_mm
        and length_mm >= settings.marker_wire_length_mm
        and elongated.white >= settings.sure_plateau
    ):
        return NonLesionKind.MARKER
    looped = elongated.hole_mm >= settings.knot_hole_mm and length_mm >= settings.knot_length_mm
    thinnest, thickest = settings.wire_mm
    is_wire = thinnest < width_mm < thickest and (length_mm >= settings.wire_length_mm or looped)
    if is_wire or length_mm >= settings.any_wire_length_mm:
        # straight and hardly wider than a pixel: a scratch, or a fault of the scanner
        line = (
            width_mm < settings.line_px * elongated.spacing_mm
            and elongated.solidity > settings.branched_solidity
        )
        return NonLesionKind.DUST if line else NonLesionKind.WIRE
    white = _soft_mm(elongated) <= settings.max_soft_mm and width_mm > settings.white_clip_width_mm
    long_enough = max(settings.white_clip_length_mm, settings.white_clip_elongation * width_mm)
    if white and length_mm >= long_enough:
        return NonLesionKind.CLIP
    return NonLesionKind.CLIP if _is_small_clip(elongated, settings) else None


def _is_small_clip(elongated: ElongatedObject, settings: MetalSettings) -> bool:
    """A stub of a clip, or what marks the place of a biopsy: a thin bar, a small ring or a ribbon."""
    sharp = elongated.edge_mm <= settings.sharp_edge_mm
    stub = (
        sharp
        and elongated.white >= settings.stub_plateau
        and elongated.width_mm > settings.stub_width_mm
        and elongated.length_mm >= max(settings.stub_length_mm, settings.stub_elongation * elongated.width_mm)
    )
    bar = (
        sharp
        and elongated.solidity > settings.bar_solidity
        and elongated.extent_mm >= settings.bar_extent_mm
        and elongated.white >= settings.bar_plateau
        and elongated.width_mm > settings.wire_mm[0]
    )
    # a ring this small is no calcified cyst: those are softer where they are as white
    ring = elongated.white >= settings.small_ring_plateau and elongated.hole_mm >= settings.small_ring_hole_mm
    return ring or bar or stub


def _object_candidates(
    image: PreparedImage, breast: BreastRegion, settings: MetalSettings
) -> list[_ObjectCandidate]:
    """Objects in the breast that are nearly white somewhere, those with the largest white spots first.

    White is the brightest gray in the breast, so that a gray scale which ends early hides nothing. Filters of
    a device leave bright lines along the border of a picture: it has no say.
    """
    border = round(image.px(settings.border_mm))
    inner = tuple(
        slice(min(border, length // 3), length - min(border, length // 3)) for length in image.gray.shape
    )
    white = max(settings.min_white, float(cv2.minMaxLoc(image.gray[inner], mask=breast.mask[inner])[1]))
    spots = (image.gray >= np.float32(settings.plateau_level * white)).view(np.uint8) & breast.mask
    taken = np.zeros_like(spots)
    candidates = []
    for part, seed in _seeds(spots, image, settings):
        if not (taken[part] & seed).any():  # an object of several white spots is grown once
            for candidate in _grow(image, breast.mask[part], part, seed, white=white, settings=settings):
                taken[candidate.part] |= candidate.mask
                candidates.append(candidate)
    return candidates


def _seeds(
    spots: NDArray[np.uint8], image: PreparedImage, settings: MetalSettings
) -> Iterator[tuple[Box, NDArray[np.uint8]]]:
    """White spots that are neither noise nor tissue: a window round each, and the spot in it.

    They are found on coarse pixels, each of which is white when one of its pixels is.
    """
    step = max(1, round(image.px(settings.seed_cell_mm)))
    # cells of 0.3 mm: a hundredth of the pixels to follow, and an object that noise breaks up is one spot
    coarse = cv2.dilate(spots, np.ones((step, step), np.uint8), anchor=(0, 0))[::step, ::step]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(coarse, connectivity=8)
    pad = round(image.px(settings.window_margin_mm) / step) + 1  # room for a surround to measure height by
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
) -> Iterator[_ObjectCandidate]:
    """The objects round white spots down to half their height; none without room for a height."""
    gray, mask = image.gray[part], seed
    for _ in range(2):  # the second time the surround is that of the whole object
        surround = _surround(gray, mask, inside, image, settings)
        # in a surround that is nearly white, half of the height is noise
        if white - surround < settings.min_headroom:
            return
        half = (gray >= surround + settings.outline_level * (white - surround)).astype(np.uint8)
        _, labels = cv2.connectedComponents(half, connectivity=8)
        touched = np.unique(labels[(seed & half) > 0])  # one spot may hold several objects
        mask = np.isin(labels, touched).astype(np.uint8) & half
    height = (gray - np.float32(surround)) / np.float32(white - surround)
    for label in touched:
        own = (labels == label).astype(np.uint8)
        contact = _contact(own, part, image.gray.shape, settings)
        yield _ObjectCandidate(height, own, part[0].start, part[1].start, contact)


def _surround(
    gray: NDArray[np.float32],
    mask: NDArray[np.uint8],
    inside: NDArray[np.uint8],
    image: PreparedImage,
    settings: MetalSettings,
) -> float:
    """Median gray of a ring round the object; of the breast alone, where it fills a third of the ring."""
    near, far = (np.ones((2 * round(image.px(mm)) + 1,) * 2, np.uint8) for mm in settings.surround_mm)
    # not from the outline on: blur brightens the first tenths of a millimeter
    ring = (cv2.dilate(mask, far) > 0) & (cv2.dilate(mask, near) == 0)
    of_breast = ring & (inside > 0)
    # air beside the breast is no surround to measure by, unless hardly anything else is there
    if np.count_nonzero(of_breast) > settings.min_breast_share * np.count_nonzero(ring):
        ring = of_breast
    return float(np.median(gray[ring])) if ring.any() else 1.0


def _contact(mask: NDArray[np.uint8], part: Box, shape: tuple[int, ...], settings: MetalSettings) -> int:
    """How many pixels of one border of the picture an object touches, or nearly; in a corner, all of them."""
    touched = []
    for axis in (0, 1):
        # transposed, the left and right borders are tested as top and bottom
        side = mask if axis == 0 else mask.T
        first = side[: max(0, settings.cut_off_px - part[axis].start)]
        last = side[max(0, shape[axis] - settings.cut_off_px - part[axis].start) :]
        touched.append(max(int(first.any(axis=0).sum()), int(last.any(axis=0).sum())))
    # what fills a corner is the rim of the field
    return max(shape) if all(touched) else max(touched)


def _saturates_tissue(
    image: PreparedImage, breast: BreastRegion, metal: Sequence[_ObjectCandidate], settings: MetalSettings
) -> bool:
    """Whether more is pure white than metal is: a window that narrow whitens calcifications, too."""
    white = (image.gray >= np.float32(settings.saturated_gray)).view(np.uint8) & breast.mask
    of_metal = sum(cv2.countNonZero(white[candidate.part] & candidate.mask) for candidate in metal)
    return cv2.countNonZero(white) - of_metal > settings.saturated_share * breast.area_px


def _named(candidate: _ObjectCandidate, kind: NonLesionKind, settings: MetalSettings) -> Lookalike:
    """The object with its outline and its middle, in crop pixels: in a hole, or else on it."""
    contour = longest_contour(candidate.mask)
    (column, row), _ = cv2.minEnclosingCircle(contour)
    if cv2.pointPolygonTest(contour, (column, row), measureDist=False) < 0:
        # bent: the middle of the circle lies between the arms, its nearest neighbor on the rim of one
        depth = cv2.distanceTransform(np.pad(candidate.mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
        points = np.argwhere(depth > settings.ridge_depth * depth.max())
        row, column = points[np.argmin(((points - (row, column)) ** 2).sum(axis=1))]
    outline = mask_outline(
        candidate.mask, settings.outline_tolerance_px, top=candidate.top, left=candidate.left
    )
    return Lookalike(kind, float(row) + candidate.top, float(column) + candidate.left, outline)
