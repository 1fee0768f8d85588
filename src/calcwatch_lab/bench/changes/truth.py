"""What truly became of each group, told from where its calcifications truly are on both days.

The lab states by itself what was asked of the comparison, and measures it with geometry of its own: nothing
here comes from the code under test. Names of changes are those of DICOM (PS3.16 CID 6002); how much counts is
rule C2 of the brief, "in number by 30 percent or five calcifications, or in extent by 5 mm", whose limits are
engineering defaults, and what ``docs/comparing.md`` promises where the rule is silent.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist

from calcwatch.domain.change import ChangeKind
from calcwatch.phantom.settings import PlannedChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from calcwatch.phantom.truth import CalcificationTruth, ImageTruth
    from calcwatch_lab.bench.truth.phantoms import AnalyzedView

    Members = Mapping[str, CalcificationTruth]

NUMBER_SHARE, NUMBER_COUNT = 0.30, 5
"""So many more, as a share of those there were or by count, are an increase (rule C2); fewer likewise.
"""

EXTENT_MM = 5.0
"""So much longer is larger in extent (rule C2); the extent is the largest distance of two members, as a
radiologist measures it.
"""

SIZE_RATIO = 1.35
"""By this factor of the median diameter the same calcifications are larger (``docs/comparing.md``). Any one
from 1.1 to 1.5 gives the same truth: phantoms grow by 1.5 and more, or not at all.
"""

LEAST_ON_A_SIDE = 3
"""Fewer calcifications tell no side."""

SIDE_QUANTILE = 0.1
"""Two sets lie on two sides when a line parts nine tenths of each: a stray one decides nothing."""

_OFF_MM, _OFF_PX = 0.25, 1.5  # a found one may lie so far beyond the rim of the true one, whichever is more


def true_names(view: AnalyzedView) -> tuple[str | None, ...]:
    """Tell which true calcification each found one is.

    Args:
        view: An analyzed view of a phantom.

    Returns:
        A name for each found calcification, in their order; ``None`` where it is none.

    """
    marks, true = view.findings.calcifications, view.truth.calcifications
    if not marks or not true:
        return (None,) * len(marks)
    centers = np.array([(calcification.row, calcification.column) for calcification in true])
    radius_px = np.array([calcification.diameter_mm for calcification in true]) / 2 / view.spacing_mm
    points = np.array([(mark.row, mark.column) for mark in marks])
    # From the rim and not from the center: a large calcification may be marked far from its middle.
    beyond = np.linalg.norm(points[:, None] - centers[None], axis=2) - radius_px
    nearest = beyond.argmin(axis=1)
    near = beyond[np.arange(len(marks)), nearest] <= max(_OFF_MM / view.spacing_mm, _OFF_PX)
    return tuple(true[n].id if is_near else None for n, is_near in zip(nearest, near, strict=True))


def group_names(*truths: ImageTruth) -> dict[str, str]:
    """Name the group of each calcification that belongs to one.

    Args:
        *truths: What is true of a view on several days.

    Returns:
        Name of the group by name of the calcification, on any of the days.

    """
    return {
        calcification.id: calcification.group_id
        for truth in truths
        for calcification in truth.calcifications
        if calcification.group_id
    }


def true_change(prior: Members, current: Members, plan: PlannedChange, spacing_mm: float) -> ChangeKind:
    """Say what became of a group in one view.

    Args:
        prior: Its calcifications on the prior day, by name.
        current: Those on the current day.
        plan: What was planned; only a change of shape, which no count tells, is taken from it.
        spacing_mm: Distance of two pixels of the current image.

    Returns:
        The change, the first that applies: resolved, new, of shape, in extent, in number, fewer or removed on
        one side, in size, none.

    """
    same, new, gone = (
        current.keys() & prior.keys(),
        current.keys() - prior.keys(),
        prior.keys() - current.keys(),
    )
    if not current or not prior:
        return ChangeKind.NEW if current else ChangeKind.RESOLVED
    # By the plan, since a change of shape moves no calcification.
    if plan is PlannedChange.RESHAPED:
        return ChangeKind.SHAPE_CHANGED
    more = len(new) - len(gone)
    if _is_much(more, len(prior)):
        # Both extents are of the current image, so that compression and positioning cancel out.
        longer_mm = extent_mm(current.values(), spacing_mm) - extent_mm(_of(current, same), spacing_mm)
        return ChangeKind.INCREASED_IN_EXTENT if longer_mm >= EXTENT_MM else ChangeKind.INCREASED_IN_NUMBER
    if _is_much(-more, len(prior)):
        removed = lie_on_two_sides(_of(prior, gone), _of(prior, same))
        return ChangeKind.PARTIALLY_REMOVED if removed else ChangeKind.DECREASED
    # Each against itself and then the median: new or gone members do not bend it.
    ratio = median(current[name].diameter_mm / prior[name].diameter_mm for name in same) if same else 1.0
    return ChangeKind.INCREASED_IN_SIZE if ratio >= SIZE_RATIO else ChangeKind.NO_SIGNIFICANT_CHANGE


def extent_mm(members: Collection[CalcificationTruth], spacing_mm: float) -> float:
    """Measure the extent of a group.

    Args:
        members: Its calcifications in one image.
        spacing_mm: Distance of two pixels there.

    Returns:
        The largest distance of two centers in mm; 0 for fewer than two.

    """
    return float(pdist(_centers(members)).max()) * spacing_mm if len(members) > 1 else 0.0


def lie_on_two_sides(first: Collection[CalcificationTruth], second: Collection[CalcificationTruth]) -> bool:
    """Tell whether two parts of a group lie on two sides, as what an excision took and what it left.

    Args:
        first: One part.
        second: The other.

    Returns:
        Whether a line across the way between their centers parts nine tenths of each, of three and more.

    """
    if min(len(first), len(second)) < LEAST_ON_A_SIDE:
        return False
    points, others = _centers(first), _centers(second)
    way = points.mean(axis=0) - others.mean(axis=0)
    # Both sets are projected onto the line between their middles, and compared by their near ends.
    nearest = np.quantile(points @ way, SIDE_QUANTILE)
    return bool(nearest > np.quantile(others @ way, 1 - SIDE_QUANTILE))


def _is_much(net: int, base: int) -> bool:
    return net >= NUMBER_SHARE * base or net >= NUMBER_COUNT


def _of(members: Members, names: Iterable[str]) -> list[CalcificationTruth]:
    return [members[name] for name in names]


def _centers(members: Iterable[CalcificationTruth]) -> NDArray[np.float64]:
    places = [(calcification.row, calcification.column) for calcification in members]
    return np.array(places, np.float64).reshape(-1, 2)
