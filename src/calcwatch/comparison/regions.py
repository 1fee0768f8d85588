"""Groups of two images that are the same: one region, whatever it fell into on either image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from calcwatch.comparison.register import error_at, to_prior
from calcwatch.comparison.settings import DEFAULT
from calcwatch.comparison.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.settings import RegionSettings
    from calcwatch.comparison.visibility import PairVisibility
    from calcwatch.domain.findings import ImageFindings


@dataclass(frozen=True, eq=False, kw_only=True)
class Region:
    """Groups of two images that are one, and what each image says of their calcifications.

    Attributes:
        groups: Places of its groups in the current image, the largest first; empty where there is none.
        prior_groups: The same in the prior image.
        current: Places of its calcifications in the current image, ascending: members of its groups, and
            those of no group that are matched to a member of a prior one.
        prior: The same in the prior image.
        current_visibility: ``Visibility`` of each current one on the prior image.
        prior_visibility: ``Visibility`` of each prior one on the current image.
        likely_gone: How many of the prior ones that the current image could not show for sure it would have
            shown.
    """

    groups: tuple[int, ...]
    prior_groups: tuple[int, ...]
    current: NDArray[np.intp]
    prior: NDArray[np.intp]
    current_visibility: NDArray[np.int_]
    prior_visibility: NDArray[np.int_]
    likely_gone: float

    @property
    def matched(self) -> int:
        """Calcifications that both images show."""
        return _count(self.current_visibility, Visibility.MATCHED)

    @property
    def subthreshold_on_prior(self) -> int:
        """Current calcifications that are below the threshold on the prior image."""
        return _count(self.current_visibility, Visibility.SUBTHRESHOLD)

    @property
    def subthreshold_on_current(self) -> int:
        """Prior calcifications that are below the threshold on the current image."""
        return _count(self.prior_visibility, Visibility.SUBTHRESHOLD)

    @property
    def subthreshold(self) -> int:
        """Calcifications that are below the threshold on either image."""
        return self.subthreshold_on_prior + self.subthreshold_on_current

    @property
    def not_visible_on_prior(self) -> int:
        """Current calcifications that the prior image could not show."""
        return _count(self.current_visibility, Visibility.NOT_VISIBLE)

    @property
    def not_visible_on_current(self) -> int:
        """Prior calcifications that the current image could not show."""
        return _count(self.prior_visibility, Visibility.NOT_VISIBLE)

    @property
    def new(self) -> int:
        """Current calcifications that the prior image does not show, though it could."""
        return _count(self.current_visibility, Visibility.UNMATCHED)

    @property
    def gone(self) -> int:
        """Prior calcifications that the current image does not show, though it could."""
        return _count(self.prior_visibility, Visibility.UNMATCHED)

    @property
    def present(self) -> int:
        """Calcifications that were there on the prior image and that both images could show."""
        return self.matched + self.subthreshold + self.gone

    @property
    def net_increase(self) -> float:
        """New less gone, so that what is matched wrongly cancels out; what the prior missed is not new."""
        # a wrong match leaves a calcification too many on both images, and the difference as it is
        return self.new - self.gone

    @property
    def net_decrease(self) -> float:
        """Gone, likely ones included, less new."""
        return self.gone + self.likely_gone - self.new


def _count(visibility: NDArray[np.int_], kind: Visibility) -> int:
    return int(np.count_nonzero(visibility == kind))


def regions_of(
    visibility: PairVisibility, *, settings: RegionSettings = DEFAULT.regions
) -> tuple[Region, ...]:
    """Put the groups of two images that are the same into regions.

    Args:
        visibility: What each image says of the calcifications of the other.
        settings: Numbers of this stage.

    Returns:
        Every group of both images in exactly one region, those with a current group first; empty where
        neither image has a group.
    """
    prior, current = (_members(points.image) for points in (visibility.prior, visibility.current))
    count = len(current) + len(prior)
    if count == 0:
        return ()
    joined = _joined(prior, current, visibility, settings)
    # nodes: current groups, then prior groups; what hangs together is a region, in however many pieces
    graph = np.zeros((count, count), bool)
    graph[: len(current), len(current) :] = joined
    graph[: len(current), : len(current)] = _growth(
        current, visibility.current.places, joined.sum(axis=1), settings
    )
    graph[len(current) :, len(current) :] = _growth(
        prior, visibility.prior.places, joined.sum(axis=0), settings
    )
    # undirected: it is enough that each link stands in a single direction
    labels = connected_components(coo_array(graph), directed=False)[1]
    return tuple(
        _region(np.flatnonzero(labels == label), prior, current, visibility)
        # labels in the order they are met: regions with a current group first
        for label in dict.fromkeys(labels.tolist())
    )


def _members(image: ImageFindings) -> list[NDArray[np.intp]]:
    """Places of the members of each group among the calcifications of the image."""
    place = {calcification.tracking_uid: number for number, calcification in enumerate(image.calcifications)}
    return [np.array([place[uid] for uid in group.members], np.intp) for group in image.groups]


def _joined(
    prior: Sequence[NDArray[np.intp]],
    current: Sequence[NDArray[np.intp]],
    visibility: PairVisibility,
    settings: RegionSettings,
) -> NDArray[np.bool_]:
    """Which current (rows) and prior groups (columns) are one, because members are matched or touch."""
    expected = to_prior(visibility.registration, visibility.current.places)
    error = error_at(visibility.registration, visibility.current.places)
    joined = np.zeros((len(current), len(prior)), bool)
    for row, members in enumerate(current):
        # per member: where the alignment is unsure, members touch from farther away
        reach = settings.touching_mm + settings.touching_errors * error[members][:, None]
        for column, prior_members in enumerate(prior):
            matched = int(np.isin(visibility.partner[members], prior_members).sum())
            near = cdist(expected[members], visibility.prior.places[prior_members]) <= reach
            # of either group: a small piece lies wholly within a large group, which hardly touches it
            touching = max(near.any(axis=1).mean(), near.any(axis=0).mean())
            smaller = min(len(members), len(prior_members))
            is_matched = matched > 0 and matched >= settings.min_matched_share * smaller
            joined[row, column] = is_matched or touching >= settings.min_touching_share
    return joined


def _growth(
    groups: Sequence[NDArray[np.intp]],
    places: NDArray[np.float64],
    partners: NDArray[np.intp],
    settings: RegionSettings,
) -> NDArray[np.bool_]:
    """Which groups of an image without partners (rows) lie beside one that has some (columns)."""
    beside = np.zeros((len(groups), len(groups)), bool)
    for row, piece in enumerate(groups):
        for column, group in enumerate(groups):
            # pieces join what has a partner, never each other: a chain of new groups would be a single growth
            if partners[column] and not partners[row]:
                distance = cdist(places[piece], places[group]).min()
                beside[row, column] = distance <= settings.growth_distance_mm
    return beside


def _region(
    nodes: NDArray[np.intp],
    prior: Sequence[NDArray[np.intp]],
    current: Sequence[NDArray[np.intp]],
    visibility: PairVisibility,
) -> Region:
    """One region; ``nodes``: its current groups, and its prior ones counted on from the last current one."""

    def by_size(numbers: NDArray[np.intp], members: Sequence[NDArray[np.intp]]) -> tuple[int, ...]:
        return tuple(sorted(numbers.tolist(), key=lambda number: (-len(members[number]), number)))

    groups = by_size(nodes[nodes < len(current)], current)
    prior_groups = by_size(nodes[nodes >= len(current)] - len(current), prior)
    # keeps the concatenation valid where one image has no group
    none = np.zeros(0, np.intp)
    members = np.concatenate([none, *(current[number] for number in groups)])
    prior_members = np.concatenate([none, *(prior[number] for number in prior_groups)])
    partners = visibility.partner[members]
    is_matched = visibility.current_visibility == Visibility.MATCHED
    # loose calcifications that are matched to a member belong to it: else they would be missing there
    matched = np.flatnonzero(np.isin(visibility.partner, prior_members) & is_matched)
    own = np.unique(np.concatenate([members, matched]))
    prior_own = np.unique(np.concatenate([prior_members, partners[partners >= 0]]))
    prior_visibility = visibility.prior_visibility[prior_own]
    share = visibility.prior_visible_share[prior_own]
    return Region(
        groups=groups,
        prior_groups=prior_groups,
        current=own,
        prior=prior_own,
        current_visibility=visibility.current_visibility[own],
        prior_visibility=prior_visibility,
        # an expected number: each counts by the chance that it would have been seen
        likely_gone=float(share[prior_visibility == Visibility.NOT_VISIBLE].sum()),
    )
