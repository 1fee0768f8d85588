"""Single calcifications -> groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from calcwatch.image.describe.patterns import join_fragments, linked
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Point


@dataclass(frozen=True, eq=False)
class Grouped:
    """One group in pixels: indices of its members, most believable first, the circle round them, its hull."""

    members: tuple[int, ...]
    row: float
    column: float
    radius_px: float
    score: float
    outline: tuple[Point, ...]


def group(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    evidence: NDArray[np.float64] | None,
    *,
    distance_px: float,
    min_count: int,
    breast_area_px: float | None = None,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[Grouped, ...]:
    """Join points closer than ``distance_px``; keep groups of at least ``min_count``, best score first.

    Fragments of a line, a region or a scatter over the breast are made one group (``patterns.py``).
    ``points``: n x 2, row and column in pixels. ``scores``: belief in each. ``evidence``: strength of each
    and of its neighbors in units of noise, where the scores do not count the neighbors; else ``None``.
    ``breast_area_px``: what a scatter is told from; ``None`` joins none. No points give no groups. The order
    of the points does not matter, but for the numbers in ``members``.
    """
    found = []
    fragments = [members for members in linked(points, distance_px) if members.size >= min_count]
    for members, reach_px in join_fragments(
        points,
        scores,
        fragments,
        distance_px=distance_px,
        breast_area_px=breast_area_px,
        settings=settings.patterns,
    ):
        own = points[members]
        if evidence is None:
            score = close_score(own, scores[members], reach_px, settings=settings)
        else:
            score = group_score(scores[members], evidence[members], settings=settings)
        found.append(_describe(own, scores[members], score, members, distance_px, settings=settings))
    return tuple(sorted(found, key=lambda g: (-g.score, g.row, g.column)))


def close_score(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    distance_px: float,
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> float:
    """Belief that calcifications lie together: three within ``distance_px`` of a member, where likeliest.

    ``scores`` are taken as probabilities that do not depend on each other.
    """
    near = cKDTree(points).query_ball_point(points, distance_px)
    return max(_at_least_three(scores[np.asarray(members)], settings) for members in near)


def _at_least_three(scores: NDArray[np.float64], settings: AnalysisSettings) -> float:
    """Probability that at least three of them are real (all, where there are fewer)."""
    fewer = np.zeros(min(settings.group.min_real, scores.size))  # probability that 0, 1, ... are real
    fewer[0] = 1.0
    for belief in scores:
        fewer = fewer * (1 - belief) + np.append(0.0, fewer[:-1]) * belief
    return float(np.clip(1.0 - fewer.sum(), 0.0, 1.0))


def group_score(
    scores: NDArray[np.float64],
    evidence: NDArray[np.float64],
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> float:
    """Belief that calcifications lie together, 0 to 1: the mean of two views of the members.

    One asks how likely at least three of them are real, each believed by itself; the other how strong the
    evidence is where they lie closest. So tight groups of faint specks count, and loose ones of plain specks.
    """
    tight = float(expit((float(evidence.max()) - settings.group.score_midpoint) / settings.group.score_width))
    return float(np.clip(0.5 * _at_least_three(scores, settings) + 0.5 * tight, 0.0, 1.0))


def _describe(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    score: float,
    names: NDArray[np.intp],
    distance_px: float,
    *,
    settings: AnalysisSettings,
) -> Grouped:
    order = np.lexsort((points[:, 1], points[:, 0], -scores))
    (column, row), radius = cv2.minEnclosingCircle(points[order, ::-1].astype(np.float32))
    return Grouped(
        members=tuple(int(i) for i in names[order]),
        row=float(row),
        column=float(column),
        radius_px=float(radius),
        score=score,
        outline=_hull(points[order], settings.group.outline_margin * distance_px, settings),
    )


def _hull(points: NDArray[np.float64], margin_px: float, settings: AnalysisSettings) -> tuple[Point, ...]:
    """Convex hull of circles of ``margin_px`` round the points."""
    angle = np.arange(settings.group.outline_points) * (2 * np.pi / settings.group.outline_points)
    circle = margin_px * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    cloud = (points[:, None, :] + circle[None]).reshape(-1, 2).astype(np.float32)
    return tuple((float(r), float(c)) for r, c in cv2.convexHull(cloud)[:, 0, :])
