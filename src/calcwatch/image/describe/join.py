"""Pieces of one kind -> groups: an artery is told once, a breast's scatter once, a tight focus by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calcwatch.domain.lexicon import GroupKind
from calcwatch.image.describe.kind import KIND_CLASSES
from calcwatch.image.describe.patterns import join_fragments, linked
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Joined(NamedTuple):
    """A group as it is told.

    Attributes:
        members: Indices of its points, rising.
        reach_px: The distance that links them.
        kinds: Probability of each of ``KIND_CLASSES``: the mean over its pieces by their size.
        suspicion: That of its most suspicious piece.
    """

    members: NDArray[np.intp]
    reach_px: float
    kinds: NDArray[np.float64]
    suspicion: float


def join_pieces(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    pieces: Sequence[NDArray[np.intp]],
    kinds: NDArray[np.float64],
    suspicion: NDArray[np.float64],
    *,
    px_per_mm: float,
    breast_area_px: float,
    settings: AnalysisSettings = AnalysisSettings(),
) -> list[Joined]:
    """Join pieces that are one thing; what looks suspicious is never joined to what does not.

    Args:
        points: n x 2, row and column in pixels.
        scores: Score of each, 0 to 1.
        pieces: Indices of points that are linked; loose points are in none.
        kinds: Probabilities of the kinds of each piece.
        suspicion: Of each piece, 0 to 1.
        px_per_mm: Pixels a millimeter.
        breast_area_px: Area of the breast in square pixels.
        settings: Grouping distance, patterns and kinds.

    Returns:
        Groups; every piece is in exactly one, loose points in one at most.
    """
    likeliest = kinds.argmax(axis=1)
    apart = suspicion > settings.kind.apart_suspicion
    distance_px = settings.grouping_distance_mm * px_per_mm
    loose = np.setdiff1d(np.arange(len(points)), np.concatenate([np.zeros(0, np.intp), *pieces]))
    patterns = partial(
        _patterns,
        points,
        scores,
        distance_px=distance_px,
        breast_area_px=breast_area_px,
        settings=settings,
    )
    sets: list[tuple[NDArray[np.intp], float]] = []
    for number, kind in enumerate(KIND_CLASSES):
        own = [pieces[k] for k in np.flatnonzero((likeliest == number) & ~apart).tolist()]
        if kind is GroupKind.VASCULAR:
            sets += _near_each_other(points, own, settings.kind.artery_reach_mm * px_per_mm, distance_px)
        elif kind is GroupKind.SCATTERED_ROUND:
            found = patterns(own, loose)
            sets += _told_once(found, settings.kind.scatter_pieces)
            # a loose point is in one group at most
            loose = np.setdiff1d(loose, np.concatenate([np.zeros(0, np.intp), *(part for part, _ in found)]))
        elif kind is GroupKind.TYPICALLY_BENIGN:
            sets += _told_once([(piece, distance_px) for piece in own], settings.kind.scatter_pieces)
        else:
            sets += [(piece, distance_px) for piece in own]
    suspects = [pieces[k] for k in np.flatnonzero(apart).tolist()]
    sets += patterns(suspects, loose)
    told = (_as_told(members, reach, pieces, kinds, suspicion) for members, reach in sets)
    return [group for group in told if group is not None]


def _patterns(
    points: NDArray[np.float64],
    scores: NDArray[np.float64],
    pieces: list[NDArray[np.intp]],
    loose: NDArray[np.intp],
    *,
    distance_px: float,
    breast_area_px: float,
    settings: AnalysisSettings,
) -> list[tuple[NDArray[np.intp], float]]:
    """Pieces and loose points that are a line, a region or a scatter are joined; the rest stays."""
    if not pieces:
        return []
    used = np.sort(np.concatenate([*pieces, loose]))
    found = join_fragments(
        points[used],
        scores[used],
        [np.searchsorted(used, piece) for piece in pieces],
        distance_px=distance_px,
        breast_area_px=breast_area_px,
        settings=settings.patterns,
    )
    return [(used[members], reach) for members, reach in found]


def _near_each_other(
    points: NDArray[np.float64], pieces: list[NDArray[np.intp]], reach_px: float, distance_px: float
) -> list[tuple[NDArray[np.intp], float]]:
    """Unions of pieces whose nearest members are within reach, however many steps it takes."""
    if not pieces:
        return []
    used = np.concatenate(pieces)
    # no shorter than what links a piece, which stays whole
    sets = linked(points[used], max(reach_px, distance_px))
    # in the order of their last pieces: groups are numbered by it
    return [(np.sort(used[own]), reach_px) for own in sorted(sets, key=lambda own: int(own[-1]))]


def _told_once(
    sets: list[tuple[NDArray[np.intp], float]], least: int
) -> list[tuple[NDArray[np.intp], float]]:
    """What lies all over the breast is one finding; a few pieces are told each, so that a new one shows."""
    if len(sets) < least:
        return sets
    members = np.unique(np.concatenate([part for part, _ in sets]))
    return [(members, max(reach for _, reach in sets))]


def _as_told(
    members: NDArray[np.intp],
    reach_px: float,
    pieces: Sequence[NDArray[np.intp]],
    kinds: NDArray[np.float64],
    suspicion: NDArray[np.float64],
) -> Joined | None:
    """A group with what its pieces are; loose points have no kind of their own, and alone are no group."""
    inside = [number for number, piece in enumerate(pieces) if np.isin(piece[0], members)]
    if not inside:
        return None
    weights = np.array([len(pieces[number]) for number in inside], np.float64)
    return Joined(
        members,
        reach_px,
        np.asarray(weights @ kinds[inside] / weights.sum()),
        float(suspicion[inside].max()),
    )
