"""Writing down the truth of one image: where everything lies, how large it is and how far it stands out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.lexicon import Distribution
from calcwatch.phantom.acquisition import Development
from calcwatch.phantom.calcifications import Group
from calcwatch.phantom.lookalikes import NonLesionSolid
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.solids import Silhouette, Solid
from calcwatch.phantom.tissue import Tissue
from calcwatch.phantom.truth import CalcificationTruth, GroupTruth, ImageTruth, NonLesionTruth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.image import Point

CALCIUM_PER_MM = 1.5
"""Attenuation of a millimeter of dense calcification beyond the tissue it displaces, near 20 keV."""

Traced = dict[str, tuple[Solid, Silhouette]]
"""Every solid of one view by its id, with its exact projection."""

PlacedGroups = tuple[tuple[Group, tuple[Solid, ...]], ...]
"""Each group with those of its solids that exist on the day."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One exposed view, left breast orientation: its tissue, its solids, and what the device made of it."""

    tissue: Tissue
    traced: Traced
    development: Development


def record_truth(
    groups: PlacedGroups, non_lesions: Sequence[NonLesionSolid], shot: Shot, settings: PhantomSettings
) -> ImageTruth:
    """Return the truth of one view, left breast orientation."""
    tissue, spacing = shot.tissue, settings.pixel_spacing_mm
    calcifications = tuple(
        _calcification(group, solid, shot, settings)
        for group, solids in groups
        for solid in solids
        if _on_image(shot.traced[solid.id][1], settings)
    )
    sigma = shot.development.sigma[::4, ::4][tissue.depth_mm[::4, ::4] > 3]
    return ImageTruth(
        calcifications=calcifications,
        groups=_groups(groups, calcifications, spacing),
        non_lesions=tuple(
            _non_lesion(item, shot.traced) for item in non_lesions if _seen(item, shot, settings)
        ),
        breast_outline=_outline(tissue.depth_mm > 0),
        breast_area_cm2=float(np.count_nonzero(tissue.depth_mm > 0)) * spacing**2 / 100,
        nipple=(tissue.nipple_mm[0] / spacing, tissue.nipple_mm[1] / spacing),
        pectoral_outline=_points(tissue.pectoral_mm / spacing),
        noise_gray=float(np.median(sigma)) if settings.noise else 0.0,
    )


def _on_image(silhouette: Silhouette, settings: PhantomSettings) -> bool:
    rows, columns = settings.shape
    return 0 <= silhouette.row <= rows - 1 and 0 <= silhouette.column <= columns - 1


def _calcification(group: Group, solid: Solid, shot: Shot, settings: PhantomSettings) -> CalcificationTruth:
    silhouette = shot.traced[solid.id][1]
    contrast, sigma = _contrast(silhouette, shot.development)
    plan: GroupPlan = group.plan
    anterior, superior, lateral = (float(value) for value in solid.position)
    return CalcificationTruth(
        id=solid.id,
        group_id=None if plan.distribution is Distribution.SINGLE else group.id,
        morphology=plan.morphology,
        distribution=plan.distribution,
        row=silhouette.row,
        column=silhouette.column,
        diameter_mm=2 * float(np.sqrt(silhouette.area_mm2 / np.pi)),
        area_mm2=silhouette.area_mm2,
        half_maximum_diameter_mm=2 * float(np.sqrt(silhouette.half_maximum_area_mm2 / np.pi)),
        attenuation=silhouette.largest_mm * solid.density * CALCIUM_PER_MM,
        contrast_gray=contrast,
        contrast=contrast / sigma if settings.noise else None,
        position_mm=(anterior, superior, lateral),
        outline=silhouette.outline,
    )


def _contrast(silhouette: Silhouette, development: Development) -> tuple[float, float]:
    """Highest difference from the image without calcifications, and the local noise, in stored values."""
    height, width = silhouette.thickness.shape
    rows = slice(max(silhouette.row0, 0), silhouette.row0 + height)
    columns = slice(max(silhouette.column0, 0), silhouette.column0 + width)
    top, left = rows.start - silhouette.row0, columns.start - silhouette.column0
    difference = np.abs(development.clean[rows, columns] - development.plain[rows, columns])
    inside = silhouette.thickness[top : top + difference.shape[0], left : left + difference.shape[1]] > 0
    return float(difference[inside].max()), float(np.median(development.sigma[rows, columns]))


def _groups(
    groups: PlacedGroups, calcifications: tuple[CalcificationTruth, ...], spacing_mm: float
) -> tuple[GroupTruth, ...]:
    found = []
    for group, _ in groups:
        members = [item for item in calcifications if item.group_id == group.id]
        if members:
            found.append(_group(group, members, spacing_mm))
    return tuple(found)


def _group(group: Group, members: list[CalcificationTruth], spacing_mm: float) -> GroupTruth:
    places = np.array([[item.column, item.row] for item in members], np.float32)
    (column, row), radius = cv2.minEnclosingCircle(places)
    return GroupTruth(
        id=group.id,
        morphology=group.plan.morphology,
        distribution=group.plan.distribution,
        change=group.plan.change,
        row=float(row),
        column=float(column),
        radius_mm=float(radius) * spacing_mm,
        members=tuple(item.id for item in members),
    )


def _seen(item: NonLesionSolid, shot: Shot, settings: PhantomSettings) -> bool:
    return any(_on_image(shot.traced[solid.id][1], settings) for solid in item.solids)


def _non_lesion(item: NonLesionSolid, traced: Traced) -> NonLesionTruth:
    silhouettes = [traced[solid.id][1] for solid in item.solids]
    points = tuple((silhouette.row, silhouette.column) for silhouette in silhouettes)
    row, column = (float(value) for value in np.mean(points, axis=0))
    outline = silhouettes[0].outline if len(silhouettes) == 1 else _hull(points)
    return NonLesionTruth(item.id, item.kind, row, column, outline, points)


def _hull(points: tuple[Point, ...]) -> tuple[Point, ...]:
    return _points(cv2.convexHull(np.array(points, np.float32)).reshape(-1, 2).astype(np.float64))


def _outline(mask: NDArray[np.bool_]) -> tuple[Point, ...]:
    """Polygon round the largest part of a mask, to about four pixels."""
    step = 4
    contours, _ = cv2.findContours(
        mask[::step, ::step].astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    longest = max(contours, key=cv2.contourArea)
    return _points(cv2.approxPolyDP(longest, 1.0, closed=True).reshape(-1, 2)[:, ::-1].astype(float) * step)


def _points(values: NDArray[np.floating]) -> tuple[Point, ...]:
    return tuple((float(row), float(column)) for row, column in values)


def mirror_truth(truth: ImageTruth, columns: int) -> ImageTruth:
    """Return the truth of the image mirrored left to right."""

    def across(column: float) -> float:
        return columns - 1 - column

    def line(points: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple((row, across(column)) for row, column in points)

    return replace(
        truth,
        calcifications=tuple(
            replace(item, column=across(item.column), outline=line(item.outline))
            for item in truth.calcifications
        ),
        groups=tuple(replace(group, column=across(group.column)) for group in truth.groups),
        non_lesions=tuple(
            replace(item, column=across(item.column), outline=line(item.outline), points=line(item.points))
            for item in truth.non_lesions
        ),
        breast_outline=line(truth.breast_outline),
        nipple=(truth.nipple[0], across(truth.nipple[1])),
        pectoral_outline=line(truth.pectoral_outline),
    )
