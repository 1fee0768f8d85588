"""Groups of both days that are the same: one region, whatever it fell into on either day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from calcwatch.comparison.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.visibility import PairVisibility
    from calcwatch.domain.findings import ImageFindings

_SAME_SHARE = 0.15  # of the smaller group: so many matched specks make two groups one
_NEAR_MM, _NEAR_ERRORS = 2.0, 1.0  # without: so near, beyond the error of the alignment
_NEAR_SHARE = 1 / 3
_BESIDE_MM = 8.0  # what came so near a group that was there is growth of it


@dataclass(frozen=True, eq=False)
class Region:
    """Groups of both days that are one, by their places in the images, largest first; and their specks.

    ``current``, ``prior``: places of the calcifications, those of no group that match a member included.
    """

    groups: tuple[int, ...]
    prior_groups: tuple[int, ...]
    current: NDArray[np.intp]
    prior: NDArray[np.intp]


def regions_of(sights: PairVisibility) -> tuple[Region, ...]:
    """Every group of both days in exactly one region, those with a current group first."""
    then, now = (_members(image) for image in sights.images)
    count = len(now) + len(then)
    if count == 0:
        return ()
    joined = _joined(then, now, sights)
    same = np.zeros((count, count), bool)
    same[: len(now), len(now) :] = joined
    same[: len(now), : len(now)] = _beside(now, sights.specks[1].places, joined.sum(axis=1))
    same[len(now) :, len(now) :] = _beside(then, sights.specks[0].places, joined.sum(axis=0))
    graph = coo_array(same)
    labels = connected_components(graph, directed=False)[1]
    found = [np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())]
    return tuple(_region(nodes, now, then, sights) for nodes in found)


def _members(image: ImageFindings) -> list[NDArray[np.intp]]:
    place = {one.tracking_uid: number for number, one in enumerate(image.calcifications)}
    return [np.array([place[uid] for uid in group.members], np.intp) for group in image.groups]


def _joined(
    then: Sequence[NDArray[np.intp]], now: Sequence[NDArray[np.intp]], sights: PairVisibility
) -> NDArray[np.bool_]:
    """Which current (rows) and prior groups (columns) are one."""
    places, here = (specks.places for specks in sights.specks)
    expected = sights.registration.to_prior(here)
    error = sights.registration.error_mm(here)
    joined = np.zeros((len(now), len(then)), bool)
    for row, mine in enumerate(now):
        for column, theirs in enumerate(then):
            same = int(np.isin(sights.partner[mine], theirs).sum())
            near = cdist(expected[mine], places[theirs])
            near = near <= _NEAR_MM + _NEAR_ERRORS * error[mine][:, None]
            touching = max(near.any(axis=1).mean(), near.any(axis=0).mean())
            enough = same >= _SAME_SHARE * min(len(mine), len(theirs)) and same > 0
            joined[row, column] = enough or touching >= _NEAR_SHARE
    return joined


def _beside(
    groups: Sequence[NDArray[np.intp]], places: NDArray[np.float64], partners: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which groups of a day without partners (rows) lie beside one that has some: they are pieces of it."""
    beside = np.zeros((len(groups), len(groups)), bool)
    for row, piece in enumerate(groups):
        for column, group in enumerate(groups):
            if partners[column] and not partners[row]:
                beside[row, column] = cdist(places[piece], places[group]).min() <= _BESIDE_MM
    return beside


def _region(
    nodes: NDArray[np.intp],
    now: Sequence[NDArray[np.intp]],
    then: Sequence[NDArray[np.intp]],
    sights: PairVisibility,
) -> Region:
    groups = sorted((int(n) for n in nodes if n < len(now)), key=lambda n: (-len(now[n]), n))
    priors = sorted((int(n) - len(now) for n in nodes if n >= len(now)), key=lambda n: (-len(then[n]), n))
    nothing = np.zeros(0, np.intp)
    mine = np.concatenate([nothing, *(now[n] for n in groups)])
    theirs = np.concatenate([nothing, *(then[n] for n in priors)])
    partners = sights.partner[mine]
    back = np.flatnonzero(np.isin(sights.partner, theirs) & (sights.current == Visibility.MATCHED))
    return Region(
        tuple(groups),
        tuple(priors),
        current=np.unique(np.concatenate([mine, back])),
        prior=np.unique(np.concatenate([theirs, partners[partners >= 0]])),
    )
