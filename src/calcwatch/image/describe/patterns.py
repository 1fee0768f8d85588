"""Fragments of a wide pattern -> one group: lines with gaps, regions, calcium scattered through the breast.

Calcifications a grouping distance apart are linked first. A region of thirty specks falls apart that way and
a scatter has hardly any links, though each is one finding. Joining is careful: a fragment much denser than
what lies round it stays a group of its own, because a tight group in a scatter is the finding that matters.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from calcwatch.image.settings.describe import PatternSettings

Members = tuple[NDArray[np.intp], float]
"""Indices of the points of a group, and the distance in pixels within which they are linked."""


def linked(points: NDArray[np.float64], distance_px: float) -> list[NDArray[np.intp]]:
    """Part points into sets that steps of a limited length join.

    Args:
        points: n x 2, row and column.
        distance_px: Longest step, in the unit of the points.

    Returns:
        Indices of each set, rising; a lone point is a set. No points give no sets.
    """
    if not len(points):
        return []
    # a tree gives the few close pairs without the distances of all
    pairs = cKDTree(points).query_pairs(distance_px, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
    count, label = connected_components(links, directed=False)
    return [np.flatnonzero(label == number) for number in range(count)]


def join_fragments(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    fragments: list[NDArray[np.intp]],
    *,
    distance_px: float,
    breast_area_px: float | None,
    settings: PatternSettings = PatternSettings(),
) -> list[Members]:
    """Join fragments and loose points that are one diffuse, regional or linear pattern; the rest stays.

    Args:
        points: n x 2, row and column in pixels.
        scores: Score of each, 0 to 1.
        fragments: Indices of points that are linked within ``distance_px``; loose points are in none.
        distance_px: The grouping distance.
        breast_area_px: Area of the breast in square pixels; ``None`` where it is not known, and then nothing
            is a diffuse scatter.
        settings: What a line, a region and a scatter are.

    Returns:
        Members of each group with the distance that links them; every point in one group at most.
    """
    alone = [(members, distance_px) for members in fragments]
    counted = np.flatnonzero(scores >= settings.min_score)
    # too few for the smallest pattern, or more than any pattern has
    if not settings.min_in_line <= counted.size <= settings.max_points:
        return alone
    # a scatter is asked for first: its parts would pass for regions
    scatter = _without_dense(points, counted, fragments, settings)
    if _fills_breast(points[scatter], scores[scatter], breast_area_px, settings):
        return _merged(alone, scatter, settings.scatter_reach * distance_px)
    joined = alone
    for pattern in linked(points[counted], settings.reach * distance_px):
        whole = _wide_pattern(points, counted[pattern], fragments, distance_px, settings)
        if whole is not None:
            joined = _merged(joined, whole, settings.reach * distance_px)
    return joined


def spacing_of(points: NDArray[np.float64], neighbor: int) -> NDArray[np.float64]:
    """Measure how far apart points lie.

    Args:
        points: n x 2, row and column.
        neighbor: Which neighbor counts, 1 for the nearest.

    Returns:
        Distance of each point to that neighbor, in the unit of the points; to the farthest where there are
        fewer. Empty for fewer than two points: a point alone has no spacing.
    """
    if len(points) < 2:
        return np.zeros(0)
    rank = min(neighbor, len(points) - 1)
    # the nearest to each point is the point itself
    return np.asarray(cKDTree(points).query(points, k=rank + 1)[0][:, rank])


def hull_area(points: NDArray[np.float64]) -> float:
    """Measure the convex hull of points.

    Args:
        points: n x 2, row and column.

    Returns:
        Its area in the square of their unit; 0 for fewer than three.
    """
    if len(points) < 3:
        return 0.0
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))


def deviation_from_line(points: NDArray[np.float64]) -> tuple[float, float]:
    """Measure how long and how line-like a cloud of points is; a line may be gently bent, as a duct is.

    Args:
        points: n x 2, row and column.

    Returns:
        Length along the principal axis, and standard deviation from the parabola along it that fits best, in
        the unit of the points. Three points or fewer always lie on a parabola: the deviation is 0.
    """
    if len(points) < 2:
        return 0.0, 0.0
    centered = points - points.mean(axis=0)
    along, across = (centered @ np.linalg.svd(centered, full_matrices=False)[2].T).T
    length = float(np.ptp(along))
    if len(points) <= 3 or length == 0.0:
        return length, 0.0
    t = along / length
    terms = np.stack([np.ones_like(t), t, t**2], axis=1)
    rest = across - terms @ np.linalg.lstsq(terms, across, rcond=None)[0]
    # the three numbers of the parabola are taken off the degrees of freedom
    return length, float(np.sqrt((rest**2).sum() / (len(points) - 3)))


def _fills_breast(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    breast_area_px: float | None,
    settings: PatternSettings,
) -> bool:
    """Whether enough of these points are real and all but a few stragglers lie all over the breast."""
    if breast_area_px is None or scores.sum() < settings.min_scattered:
        return False
    spacing = spacing_of(points, settings.spacing_neighbor)
    # a few false detections far off would stretch the hull over the whole breast
    core = points[spacing <= settings.straggler_spacing * np.median(spacing)]
    return hull_area(core) >= settings.min_breast_share * breast_area_px


def _wide_pattern(
    points: NDArray[np.float64],
    pattern: NDArray[np.intp],
    fragments: list[NDArray[np.intp]],
    distance_px: float,
    settings: PatternSettings,
) -> NDArray[np.intp] | None:
    """The points of a pattern that are one line or region; ``None``: they are not, or need no joining."""
    largest = max((np.isin(fragment, pattern).sum() for fragment in fragments), default=0)
    # all in a single fragment: links have joined it already
    if pattern.size < settings.min_in_line or largest == pattern.size:
        return None
    # a dense stretch of a line is part of it: lines are looked for before dense fragments are left out
    length, deviation = deviation_from_line(points[pattern])
    if deviation <= settings.line_width * distance_px and length >= settings.line_extent * distance_px:
        return pattern
    rest = _without_dense(points, pattern, fragments, settings)
    if rest.size < settings.min_in_region:
        return None
    length, _ = deviation_from_line(points[rest])
    # where most members have five within 1 cm, themselves included, it is a group, however wide
    spacing = spacing_of(points[rest], settings.min_dense - 1)
    loose = not np.median(spacing) < distance_px
    return rest if loose and length >= settings.region_extent * distance_px else None


def _without_dense(
    points: NDArray[np.float64],
    pattern: NDArray[np.intp],
    fragments: list[NDArray[np.intp]],
    settings: PatternSettings,
) -> NDArray[np.intp]:
    """The pattern without the fragments that are much denser than the rest of it, the densest taken first."""
    parts = [np.intersect1d(fragment, pattern) for fragment in fragments]
    spacing = [
        float(np.median(spacing_of(points[part], settings.spacing_neighbor))) if part.size > 1 else np.inf
        for part in parts
    ]
    rest = pattern
    for number in np.argsort(spacing, kind="stable"):
        # against what is left after denser fragments went, so that these do not make the rest look dense
        others = np.setdiff1d(rest, parts[number])
        # too few to be a group, or too few left to be denser than
        if min(parts[number].size, others.size) < settings.min_dense:
            continue
        usual = np.median(spacing_of(points[others], settings.spacing_neighbor))
        if spacing[number] < settings.dense_spacing * usual:
            rest = others
    return rest


def _merged(groups: list[Members], whole: NDArray[np.intp], reach_px: float) -> list[Members]:
    """The groups with all those that meet ``whole`` made one with it."""
    meets = [np.intersect1d(members, whole).size > 0 for members, _ in groups]
    parts = [members for (members, _), met in zip(groups, meets, strict=True) if met]
    # groups that only touch the pattern come whole, so that every point stays in a single group
    union = np.unique(np.concatenate([whole, *parts]))
    return [group for group, met in zip(groups, meets, strict=True) if not met] + [(union, reach_px)]
