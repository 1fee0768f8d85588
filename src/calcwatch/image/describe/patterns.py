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

from calcwatch.image.settings import PatternSettings

Members = tuple[NDArray[np.intp], float]
"""Indices of the points of a group, and the distance in pixels within which they are linked."""


def linked(points: NDArray[np.float64], distance_px: float) -> list[NDArray[np.intp]]:
    """Sets of points joined by steps of at most ``distance_px``; a lone point is a set of one."""
    if not len(points):
        return []
    pairs = cKDTree(points).query_pairs(distance_px, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
    count, label = connected_components(links, directed=False)
    return [np.flatnonzero(label == i) for i in range(count)]


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

    ``points``: n x 2. ``scores``: belief in each. ``fragments``: sets of points that are linked within
    ``distance_px``, loose points left out. ``breast_area_px``: ``None`` where it is not known, and then no
    scatter is. Every point is in one group at most.
    """
    alone = [(members, distance_px) for members in fragments]
    counted = np.flatnonzero(scores >= settings.min_score)
    if not settings.min_in_line <= counted.size <= settings.max_points:
        return alone
    scatter = _without_dense(points, counted, fragments, settings)
    if _fills_breast(points[scatter], scores[scatter], breast_area_px, settings):
        return _merged(alone, scatter, 2 * settings.reach * distance_px)
    joined = alone
    for pattern in linked(points[counted], settings.reach * distance_px):
        whole = _wide_pattern(points, counted[pattern], fragments, distance_px, settings)
        if whole is not None:
            joined = _merged(joined, whole, settings.reach * distance_px)
    return joined


def spacing_of(
    points: NDArray[np.float64],
    neighbor: int | None = None,
    *,
    settings: PatternSettings = PatternSettings(),
) -> NDArray[np.float64]:
    """Distance of each point to its third neighbor, or another; to the farthest where there are fewer.

    A point alone has no spacing: the answer is empty.
    """
    if len(points) < 2:
        return np.zeros(0)
    near = min(neighbor or settings.spacing_neighbor, len(points) - 1)
    return np.asarray(cKDTree(points).query(points, k=near + 1)[0][:, near])


def hull_area(points: NDArray[np.float64]) -> float:
    """Area of the convex hull of points."""
    if len(points) < 3:
        return 0.0
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))


def deviation_from_line(points: NDArray[np.float64]) -> tuple[float, float]:
    """Length along the principal axis, and the standard deviation from a parabola along it.

    Three points or fewer always lie on a parabola: the deviation is 0.
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
    spacing = spacing_of(points, settings=settings)
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
    if pattern.size < settings.min_in_line or largest == pattern.size:
        return None
    if _is_line(points[pattern], distance_px, settings):
        return pattern
    rest = _without_dense(points, pattern, fragments, settings)
    if rest.size < settings.min_in_region:
        return None
    length, _ = deviation_from_line(points[rest])
    loose = not _is_tight(points[rest], distance_px, settings)
    return rest if loose and length >= settings.region_extent * distance_px else None


def _without_dense(
    points: NDArray[np.float64],
    pattern: NDArray[np.intp],
    fragments: list[NDArray[np.intp]],
    settings: PatternSettings,
) -> NDArray[np.intp]:
    """The pattern without the fragments that are much denser than the rest of it, the densest taken first."""
    inside = [np.intersect1d(fragment, pattern) for fragment in fragments]
    spacing = [
        float(np.median(spacing_of(points[one], settings=settings))) if one.size > 1 else np.inf
        for one in inside
    ]
    rest = pattern
    for number in np.argsort(spacing, kind="stable"):
        others = np.setdiff1d(rest, inside[number])
        if min(inside[number].size, others.size) < settings.min_dense:
            continue
        if spacing[number] < settings.dense_spacing * np.median(
            spacing_of(points[others], settings=settings)
        ):
            rest = others
    return rest


def _is_tight(points: NDArray[np.float64], distance_px: float, settings: PatternSettings) -> bool:
    """Whether most of them have five within 1 cm, themselves included."""
    return bool(np.median(spacing_of(points, settings.min_dense - 1, settings=settings)) < distance_px)


def _is_line(points: NDArray[np.float64], distance_px: float, settings: PatternSettings) -> bool:
    """Whether they lie along a line, straight or gently bent."""
    length, deviation = deviation_from_line(points)
    narrow = deviation <= settings.line_width * distance_px
    return len(points) >= settings.min_in_line and narrow and length >= settings.line_extent * distance_px


def _merged(groups: list[Members], whole: NDArray[np.intp], reach_px: float) -> list[Members]:
    """The groups with all those that meet ``whole`` made one with it."""
    meets = [np.intersect1d(members, whole).size > 0 for members, _ in groups]
    parts = [members for (members, _), met in zip(groups, meets, strict=True) if met]
    one = np.unique(np.concatenate([whole, *parts]))
    return [group for group, met in zip(groups, meets, strict=True) if not met] + [(one, reach_px)]
