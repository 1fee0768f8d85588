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
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings.describe import GroupSettings


@dataclass(frozen=True, eq=False)
class Grouped:
    """One group, in the pixels of the points it was made of.

    Attributes:
        members: Indices of its points, the highest score first.
        row: Row of the center of the smallest circle round its points.
        column: Column of that center.
        radius_px: Radius of that circle in pixels.
        score: How likely calcifications lie together here, 0 to 1.
        outline: Corners of the convex hull round its points, with a margin.
    """

    members: tuple[int, ...]
    row: float
    column: float
    radius_px: float
    score: float
    outline: tuple[Point, ...]


def group(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    strengths: NDArray[np.float64] | None,
    *,
    distance_px: float,
    min_count: int,
    breast_area_px: float | None = None,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[Grouped, ...]:
    """Join points that lie together; fragments of a line, a region or a scatter are one (``patterns.py``).

    Args:
        points: n x 2, row and column in pixels; their order does not matter.
        scores: Score of each, 0 to 1.
        strengths: Strength of each with the support of its neighbors, in units of noise, where the scores do
            not count the neighbors; ``None`` where they do.
        distance_px: Points closer than this belong together.
        min_count: Fewer points are no group.
        breast_area_px: Area of the breast, which a diffuse scatter fills; ``None`` joins no scatter.
        settings: Settings of groups and patterns.

    Returns:
        Groups of at least ``min_count`` points, best score first, every point in one group at most; no points
        give no groups.
    """
    fragments = find_pieces(points, np.ones(len(points)), distance_px=distance_px, min_count=min_count)
    joined = join_fragments(
        points,
        scores,
        fragments,
        distance_px=distance_px,
        breast_area_px=breast_area_px,
        settings=settings.patterns,
    )
    groups = [
        make_group(
            points,
            scores,
            strengths,
            members,
            reach_px=reach_px,
            distance_px=distance_px,
            settings=settings,
        )
        for members, reach_px in joined
    ]
    return tuple(sorted(groups, key=lambda group: (-group.score, group.row, group.column)))


def find_pieces(
    points: NDArray[np.float64], marks: NDArray[np.float64], *, distance_px: float, min_count: int
) -> list[NDArray[np.intp]]:
    """Link points that lie together, however far the chain goes.

    Args:
        points: n x 2, row and column in pixels; their order does not matter.
        marks: How many detections lie on each: a large calcification has several and is a finding by itself.
        distance_px: Points closer than this belong together.
        min_count: Pieces of fewer detections are none.

    Returns:
        Indices of the points of each piece, rising; no points give no pieces.
    """
    # 5 mm is the length of a link, not the size of a group: 10 mm chained a whole breast (decision 10)
    return [members for members in linked(points, distance_px) if marks[members].sum() >= min_count]


def pieces_of(
    image: PreparedImage, calcifications: Sequence[MeasuredObject], settings: AnalysisSettings
) -> list[NDArray[np.intp]]:
    """Link the calcifications of an image that lie together.

    Args:
        image: The prepared image.
        calcifications: The calcifications, in crop pixels.
        settings: Every number of the analysis.

    Returns:
        Indices of the calcifications of each piece; a large one that holds several detections may be a piece.
    """
    points = np.array([(found.row, found.column) for found in calcifications])
    return find_pieces(
        points.reshape(-1, 2),
        np.array([1.0 + len(found.merged) for found in calcifications]),
        distance_px=image.px(settings.grouping_distance_mm),
        min_count=settings.min_group_count,
    )


def make_group(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    strengths: NDArray[np.float64] | None,
    members: NDArray[np.intp],
    *,
    reach_px: float,
    distance_px: float,
    settings: AnalysisSettings = AnalysisSettings(),
) -> Grouped:
    """Make a group of some points.

    Args:
        points: n x 2, row and column in pixels.
        scores: Score of each, 0 to 1.
        strengths: Strength of each with the support of its neighbors, in units of noise, where the scores do
            not count the neighbors; ``None`` where they do.
        members: Indices of those that are the group.
        reach_px: The distance that links them.
        distance_px: The grouping distance, which its outline keeps a share of round its members.
        settings: Settings of groups.

    Returns:
        The group.
    """
    own = points[members]
    if strengths is None:
        # at the distance that links this pattern: members of a scatter are no grouping distance apart
        score = close_score(own, scores[members], reach_px, settings=settings)
    else:
        score = group_score(scores[members], strengths[members], settings=settings)
    # equal scores are put in order of place, so that the order of the points leaves no trace
    order = np.lexsort((own[:, 1], own[:, 0], -scores[members]))
    (column, row), radius = cv2.minEnclosingCircle(own[order, ::-1].astype(np.float32))
    return Grouped(
        members=tuple(int(member) for member in members[order]),
        row=float(row),
        column=float(column),
        radius_px=float(radius),
        score=score,
        outline=_hull(own[order], distance_px, settings.group),
    )


def close_score(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    distance_px: float,
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> float:
    """Score a group whose members' scores count their neighbors already, as those of a network do.

    Args:
        points: Its members, n x 2, row and column in pixels, at least one.
        scores: Score of each, taken as a probability that depends on no other.
        distance_px: Members so close lie together.
        settings: How many must be real.

    Returns:
        Probability that at least three lie within ``distance_px`` of a member, where that is likeliest.
    """
    # the best spot decides: real calcifications are not made less likely by a tail of faint members
    near = cKDTree(points).query_ball_point(points, distance_px)
    return max(_enough_real(scores[np.asarray(members)], settings.group) for members in near)


def group_score(
    scores: NDArray[np.float64],
    strengths: NDArray[np.float64],
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> float:
    """Score a group whose members' scores do not count their neighbors, as those of the classical detector.

    The score weighs two views of the members: how likely at least three of them are real, each by itself; and
    how strong they are where they lie closest. So tight groups of faint specks count, and loose ones of plain
    specks.

    Args:
        scores: Score of each member, 0 to 1, at least one.
        strengths: Strength of each with the support of its neighbors, in units of noise.
        settings: Weight of the two views, and what strength is as likely real as not.

    Returns:
        The score, 0 to 1.
    """
    weight = settings.group.strength_weight
    excess = (float(strengths.max()) - settings.group.score_midpoint) / settings.group.score_width
    score = (1 - weight) * _enough_real(scores, settings.group) + weight * float(expit(excess))
    return float(np.clip(score, 0.0, 1.0))


def _enough_real(scores: NDArray[np.float64], settings: GroupSettings) -> float:
    """Probability that at least three of them are real (all, where there are fewer)."""
    # probability that 0, 1, ... of those seen so far are real: one more, and each moves up by its score
    # states from min_real on are left out: what is missing from 1 is their probability
    fewer = np.zeros(min(settings.min_real, scores.size))
    fewer[0] = 1.0
    for score in scores:
        fewer = fewer * (1 - score) + np.append(0.0, fewer[:-1]) * score
    return float(np.clip(1.0 - fewer.sum(), 0.0, 1.0))


def _hull(points: NDArray[np.float64], distance_px: float, settings: GroupSettings) -> tuple[Point, ...]:
    """Convex hull of circles round the points, so that two points or a line have an area, too."""
    angle = np.arange(settings.outline_points) * (2 * np.pi / settings.outline_points)
    circle = settings.outline_margin * distance_px * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    cloud = (points[:, None, :] + circle[None]).reshape(-1, 2).astype(np.float32)
    return tuple((float(row), float(column)) for row, column in cv2.convexHull(cloud)[:, 0, :])
