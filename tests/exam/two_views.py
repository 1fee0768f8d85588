"""Findings of a CC and an MLO view of a round breast, written by hand: groups at known places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    Landmarks,
    MorphologyDescription,
)
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology

if TYPE_CHECKING:
    from collections.abc import Sequence

SPACING_MM = 0.1
ROWS, COLUMNS = 2000, 1000
NIPPLE = (1000.0, 800.0)


def a_group(
    name: str, forward_mm: float, upward_mm: float, *, diameters_mm: Sequence[float] = (0.3, 0.3, 0.4)
) -> tuple[CalcificationGroup, tuple[Calcification, ...]]:
    """A group so far before the chest wall and above the nipple, its members on a circle of 2 mm."""
    row, column = NIPPLE[0] - upward_mm / SPACING_MM, forward_mm / SPACING_MM
    turns = np.linspace(0, 2 * np.pi, len(diameters_mm), endpoint=False)
    members = tuple(
        _calcification(f"{name}.{n}", row + 20 * np.sin(turn), column + 20 * np.cos(turn), diameter)
        for n, (turn, diameter) in enumerate(zip(turns, diameters_mm, strict=True))
    )
    uids = tuple(member.tracking_uid for member in members)
    return CalcificationGroup(name, row, column, 20.0, 2.0, 0.9, uids, ()), members


def a_view(
    view: ViewPosition | None,
    *groups: tuple[CalcificationGroup, tuple[Calcification, ...]],
    side: Laterality | None = Laterality.LEFT,
    spacing_mm: float | None = SPACING_MM,
    landmarks: bool = True,
) -> ImageFindings:
    """One view of a breast 80 mm deep and 160 mm wide; a right one is mirrored, as devices store it."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 61)
    outline = [(1000.0 - 800.0 * np.sin(t), 800.0 * np.cos(t)) for t in turn]
    spacing = None if spacing_mm is None else PixelSpacing(spacing_mm, spacing_mm, "stated by the test")
    seen = Landmarks(NIPPLE, True, (), ((0.0, 0.0), (1999.0, 0.0)))
    findings = ImageFindings(
        description=ImageDescription(
            f"{view}.dcm",
            rows=ROWS,
            columns=COLUMNS,
            pixel_spacing=spacing,
            image_laterality=side,
            view_position=view,
        ),
        breast_area_cm2=None,
        breast_outline=tuple((float(row), float(column)) for row, column in outline),
        quality_flags=(),
        calcifications=tuple(member for _, members in groups for member in members),
        groups=tuple(group for group, _ in groups),
        landmarks=seen if landmarks else None,
    )
    return mirrored(findings) if side is Laterality.RIGHT else findings


def described_views(shape: Morphology, layouts: tuple[Distribution, Distribution]) -> list[ImageFindings]:
    """CC and MLO view of one group that may be of either distribution, its members of one shape."""
    morphology = MorphologyDescription(((shape, 0.7), (Morphology.ROUND, 0.3)))
    distribution = DistributionDescription(
        ((layouts[0], 0.55), (layouts[1], 0.45)),
        DistributionMeasurements(3, 4.0, 4.0, 1.0, 5.0, 2.0, 20.0, 0.01),
    )
    views = [a_view(ViewPosition.CC, a_group("a", 40, 10)), a_view(ViewPosition.MLO, a_group("b", 42, 10))]
    return [
        replace(
            view,
            calcifications=tuple(replace(member, morphology=morphology) for member in view.calcifications),
            groups=tuple(
                replace(group, morphology=morphology, distribution=distribution, suspicion=0.3)
                for group in view.groups
            ),
        )
        for view in views
    ]


def mirrored(findings: ImageFindings) -> ImageFindings:
    """The same findings with left and right of the picture exchanged."""
    last = COLUMNS - 1.0
    seen = findings.landmarks
    return replace(
        findings,
        breast_outline=tuple((row, last - column) for row, column in findings.breast_outline),
        calcifications=tuple(replace(found, column=last - found.column) for found in findings.calcifications),
        groups=tuple(replace(group, column=last - group.column) for group in findings.groups),
        landmarks=seen
        and replace(
            seen,
            nipple=(seen.nipple[0], last - seen.nipple[1]),
            chest_wall=((0.0, last), (1999.0, last)),
        ),
    )


def _calcification(name: str, row: float, column: float, diameter_mm: float) -> Calcification:
    diameter = diameter_mm / SPACING_MM
    return Calcification(
        tracking_uid=name,
        row=float(row),
        column=float(column),
        score=0.9,
        diameter_px=diameter,
        diameter_error_px=0.1,
        area_px=diameter**2,
        contrast=10.0,
        contrast_error=1.0,
        diameter_mm=diameter_mm,
        diameter_error_mm=0.01,
        area_mm2=diameter_mm**2,
        outline=(),
    )
