"""How one bright object is made: how white, how sharp, how wide, how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.image.settings.lookalikes import MetalSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ElongatedObject:
    """Measures of one object; lengths in mm at the working scale.

    Attributes:
        white: Share of its area on the plateau, 0 to 1.
        edge_mm: Mean way from the outline to the plateau.
        width_mm: Width of the band it is made of.
        length_mm: Length of that band, all arms together.
        extent_mm: Its longest side.
        roundness: Its area over that of the smallest circle round it, 0 to 1.
        solidity: Its area over that of its convex hull, 0 to 1.
        hole_mm: Diameter of the largest hole, 0 for none.
        contact_mm: Length of the border of the picture that it touches, 0 for none.
        spacing_mm: Millimeters a pixel of the picture it was found in.
        straight: Share of its outline in straight pieces as long as the side of a bar, 0 to 1.
        gap_mm: Length of the longest narrow valley within it, as between two bars; 0 for none.
        filled: Median height within it, away from the rim: 1 is white.
        rim_top: Height that is reached close behind nearly all of its rim: 1 is white all round.
        steepness: Steepest slope at nearly all of its rim, as a share of the height behind it, a millimeter.
    """

    white: float
    edge_mm: float
    width_mm: float
    length_mm: float
    extent_mm: float
    roundness: float
    solidity: float
    hole_mm: float
    contact_mm: float
    spacing_mm: float
    straight: float
    gap_mm: float
    filled: float
    rim_top: float
    steepness: float


def measure_elongated_object(
    height: NDArray[np.float32],
    mask: NDArray[np.uint8],
    spacing_mm: float,
    contact_px: int = 0,
    *,
    settings: MetalSettings = MetalSettings(),
) -> ElongatedObject:
    """Measure one object on a finer grid.

    Args:
        height: A window of the crop: share of the way from the surround to white.
        mask: uint8, same shape, 1 on the object and 0 on others that stand in the same window.
        spacing_mm: Millimeters a pixel.
        contact_px: How many pixels of the border of the picture it touches.
        settings: Where an object ends and its plateau begins.

    Returns:
        Its measures.

    Raises:
        ValueError: The mask is empty.
    """
    if not mask.any():
        raise ValueError("the mask of an object is empty; give one with at least one pixel")
    # kinds differ by tenths of a millimeter in width, which whole pixels would round away
    fine = int(np.clip(round(spacing_mm / settings.fine_mm), 1, settings.max_magnification))
    finer, solid = _finer(height, mask, fine, settings)
    mm = spacing_mm / fine
    outline, holes, length = _contours(solid, settings)
    area = cv2.countNonZero(solid) * mm**2
    # the band between outline and plateau: its area over its length is the mean width of the edge
    soft = np.count_nonzero((finer < settings.plateau_level) & (solid > 0)) * mm**2
    width = _width(solid, settings) * mm
    # contours run through the centers of pixels: half a pixel is added where a length is taken from them
    radius = (cv2.minEnclosingCircle(outline)[1] + 0.5) * mm
    hull = cv2.contourArea(cv2.convexHull(outline)) * mm**2
    return ElongatedObject(
        white=float(np.mean(height[mask > 0] >= settings.plateau_level)),
        edge_mm=soft / (length * mm),
        width_mm=width,
        length_mm=area / width,  # also of what is bent or branched, where no straight line is
        extent_mm=(max(cv2.minAreaRect(outline)[1]) + 1) * mm,
        roundness=area / (np.pi * radius**2),
        solidity=area / max(hull, area),
        hole_mm=2 * (max(holes, default=0.0) / np.pi) ** 0.5 * mm,
        contact_mm=contact_px * spacing_mm,
        spacing_mm=spacing_mm,
        straight=_straightness(outline, mm, settings),
        gap_mm=_gap(finer, solid, mm, settings),
        filled=_filled(finer, solid, mm, settings),
        **_rim(finer, outline, mm, settings),
    )


def _straightness(outline: NDArray[np.int32], mm: float, settings: MetalSettings) -> float:
    """Share of the outline in straight pieces: bars have long sides, what grew in the breast has none."""
    corners = cv2.approxPolyDP(outline, settings.straight_tolerance_mm / mm, closed=True)[:, 0]
    pieces = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) * mm
    # one pixel has a single corner and no side
    return float(pieces[pieces >= settings.straight_mm].sum() / max(pieces.sum(), mm))


def _filled(
    height: NDArray[np.float32], solid: NDArray[np.uint8], mm: float, settings: MetalSettings
) -> float:
    """Median height of what lies deeper than the blur of the rim; of all where nothing is as deep."""
    inner = cv2.erode(solid, _disk(settings.rim_mm / mm))
    return float(np.median(height[(inner if inner.any() else solid) > 0]))


def _gap(height: NDArray[np.float32], solid: NDArray[np.uint8], mm: float, settings: MetalSettings) -> float:
    """Length of the longest valley that is narrow, in mm: two bars side by side leave a darker line."""
    # black beside the object, so that a notch in its rim is no valley
    inside = np.where(solid > 0, height, np.float32(0))
    # closing fills what a disk does not fit into: valleys, and no slopes
    depth = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, _disk(settings.gap_mm / 2 / mm)) - inside
    valleys = ((depth > settings.gap_depth) & (cv2.erode(solid, _disk(settings.rim_mm / mm)) > 0)).view(
        np.uint8
    )
    contours, _ = cv2.findContours(valleys, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    sides = [sorted(side + 1 for side in cv2.minAreaRect(contour)[1]) for contour in contours]
    return mm * max((long for short, long in sides if long >= settings.gap_elongation * short), default=0.0)


def _disk(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * round(radius_px) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _rim(
    height: NDArray[np.float32], outline: NDArray[np.int32], mm: float, settings: MetalSettings
) -> dict[str, float]:
    """How white it gets close behind its rim, and how steep that rim is; the least of nearly all of it."""
    columns, rows = outline[:, 0].T
    reach = 2 * round(settings.behind_rim_mm / mm) + 1
    top = cv2.dilate(height, np.ones((reach, reach), np.uint8))[rows, columns]
    smooth = cv2.GaussianBlur(height, (0, 0), settings.slope_sigma_px)
    # Sobel's kernel sums eight differences of neighbors two apart, weighed one, two, one
    slope = np.hypot(*(cv2.Sobel(smooth, cv2.CV_32F, *axis) / 8 for axis in ((1, 0), (0, 1)))) / mm
    # outlines run on whole pixels: the steepest place may lie one beside
    steep = cv2.dilate(np.asarray(slope, np.float32), np.ones((3, 3), np.uint8))[rows, columns]
    return {
        "rim_top": float(np.quantile(top, settings.rim_quantile)),
        "steepness": float(
            np.quantile(steep / np.maximum(top, settings.outline_level), settings.rim_quantile)
        ),
    }


def _contours(
    solid: NDArray[np.uint8], settings: MetalSettings
) -> tuple[NDArray[np.int32], list[float], float]:
    """The longest outer contour, the areas of the holes, and the length of all contours, in pixels."""
    # RETR_CCOMP has two levels: outer rims, and the holes in them
    contours, tree = cv2.findContours(solid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    is_outer = tree[0][:, 3] < 0
    outer = [np.asarray(contour, np.int32) for contour, out in zip(contours, is_outer, strict=True) if out]
    holes = [
        float(cv2.contourArea(contour)) for contour, out in zip(contours, is_outer, strict=True) if not out
    ]
    # a chain of pixels is longer than the curve it follows
    length = settings.contour_length * sum(cv2.arcLength(contour, closed=True) for contour in contours)
    return max(outer, key=cv2.contourArea), holes, max(1.0, length)


def _finer(
    height: NDArray[np.float32], mask: NDArray[np.uint8], fine: int, settings: MetalSettings
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The box round the object with ``fine`` pixels to one, and the object in it with zeros round it."""
    left, top, columns, rows = cv2.boundingRect(mask)
    box = (
        slice(max(0, top - settings.margin_px), top + rows + settings.margin_px),
        slice(max(0, left - settings.margin_px), left + columns + settings.margin_px),
    )
    # finer pixels may pass the mask by one of its pixels, and never reach the next object
    near = cv2.dilate(mask[box], np.ones((3, 3), np.uint8))
    size = (near.shape[1] * fine, near.shape[0] * fine)
    # cubic keeps the flanks steep, which tell metal from calcium
    finer = cv2.resize(height[box], size, interpolation=cv2.INTER_CUBIC)
    solid = (finer >= settings.outline_level) & (cv2.resize(near, size, interpolation=cv2.INTER_NEAREST) > 0)
    if not solid.any():  # one pixel that interpolation flattens
        solid = cv2.resize(mask[box], size, interpolation=cv2.INTER_NEAREST) > 0
    # a frame of zeros: distances and contours need an outside on every side
    return np.pad(finer, 1).astype(np.float32), np.pad(solid, 1).astype(np.uint8)


def _width(solid: NDArray[np.uint8], settings: MetalSettings) -> float:
    """Median width along the middle line, in pixels."""
    # the middle line is where the way to the rim is longest; its shallow ends and spurs say nothing of width
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - settings.ridge_px) & (
        depth > settings.ridge_depth * depth.max()
    )
    return 2.0 * float(np.median(depth[ridge]))
