"""What truly became of each group, told from where its calcifications truly are on both days."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.comparison.change import lie_on_two_sides, one_sided_growth
from calcwatch.comparison.settings import DEFAULT
from calcwatch.domain.change import ChangeKind
from calcwatch.phantom.settings import PlannedChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import ImageFindings
    from calcwatch.phantom.truth import CalcificationTruth, ImageTruth
    from calcwatch_lab.bench.changes.scenes import Shot

_OFF_MM, _OFF_PX = 0.25, 1.5  # a found one may lie so far beyond the rim of the true one


def spacing_of(findings: ImageFindings) -> float:
    """Millimeters a pixel; phantoms always state it."""
    spacing = findings.description.pixel_spacing
    if spacing is None:
        raise ValueError(f"{findings.description.source}: a phantom without spacing")
    return spacing.mm


def true_ids(shot: Shot) -> tuple[str | None, ...]:
    """Which true calcification each found one is; ``None`` where none is."""
    found, true = shot.findings.calcifications, shot.truth.calcifications
    if not found or not true:
        return (None,) * len(found)
    mm = spacing_of(shot.findings)
    centers = np.array([(one.row, one.column) for one in true])
    reach = np.array([one.diameter_mm for one in true]) / 2 / mm
    spots = np.array([(one.row, one.column) for one in found])
    beyond = np.linalg.norm(spots[:, None] - centers[None], axis=2) - reach
    nearest = beyond.argmin(axis=1)
    near = beyond[np.arange(len(found)), nearest] <= max(_OFF_MM / mm, _OFF_PX)
    return tuple(true[n].id if is_near else None for n, is_near in zip(nearest, near, strict=True))


def group_ids(*truths: ImageTruth) -> dict[str, str]:
    """The group of each calcification that belongs to one, on any of the days."""
    return {one.id: one.group_id for truth in truths for one in truth.calcifications if one.group_id}


def true_kind(
    then: dict[str, CalcificationTruth],
    now: dict[str, CalcificationTruth],
    plan: PlannedChange,
    spacing_mm: float,
) -> ChangeKind:
    """The documented definition on the true members of a group; only what no count tells is the plan's."""
    same, new, gone = now.keys() & then.keys(), now.keys() - then.keys(), then.keys() - now.keys()
    if not now:
        return ChangeKind.RESOLVED
    if not then:
        return ChangeKind.NEW
    net, base = len(new) - len(gone), len(then)
    if plan is PlannedChange.RESHAPED:
        return ChangeKind.SHAPE_CHANGED
    if _is_change(net, base):
        wider = one_sided_growth(*(_places([now[one] for one in ones], spacing_mm) for ones in (new, same)))
        return (
            ChangeKind.INCREASED_IN_EXTENT
            if wider >= DEFAULT.change.extent_growth_mm
            else ChangeKind.INCREASED_IN_NUMBER
        )
    if _is_change(-net, base):
        part = lie_on_two_sides(*(_places([then[one] for one in ones], spacing_mm) for ones in (gone, same)))
        return ChangeKind.PARTIALLY_REMOVED if part else ChangeKind.DECREASED
    grown = bool(same) and median(now[one].diameter_mm / then[one].diameter_mm for one in same)
    return (
        ChangeKind.INCREASED_IN_SIZE
        if grown >= DEFAULT.change.size_ratio
        else ChangeKind.NO_SIGNIFICANT_CHANGE
    )


def _is_change(net: int, base: int) -> bool:
    return net >= DEFAULT.change.increase_share * base or net >= DEFAULT.change.increase_count


def _places(ones: Sequence[CalcificationTruth], spacing_mm: float) -> NDArray[np.float64]:
    return np.array([(one.row, one.column) for one in ones], np.float64).reshape(-1, 2) * spacing_mm
