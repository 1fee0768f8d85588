"""Findings and truths written by hand, 0.1 mm a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
from calcwatch.domain.image import ImageDescription
from calcwatch_lab.bench.truth.truth import TrueCalcification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point

SPACING_MM = 0.1


def box(row: float, column: float, half: float = 2.0) -> tuple[Point, ...]:
    """A square outline about a center; ``half`` its half side in pixels."""
    return (
        (row - half, column - half),
        (row - half, column + half),
        (row + half, column + half),
        (row + half, column - half),
    )


def mark(row: float, column: float, score: float = 0.9, *, half: float = 2.0, uid: str = "") -> Calcification:
    """A calcification as the analysis gives it, its outline a square."""
    return Calcification(
        tracking_uid=uid or f"{row}/{column}",
        row=row,
        column=column,
        score=score,
        diameter_px=2 * half,
        diameter_error_px=0.1,
        area_px=4 * half**2,
        contrast=9.0,
        contrast_error=1.0,
        diameter_mm=None,
        diameter_error_mm=None,
        area_mm2=None,
        outline=box(row, column, half),
    )


def true(row: float, column: float, strength: float = 20.0, *, half: float = 2.0) -> TrueCalcification:
    """A true calcification, its outline a square."""
    return TrueCalcification(row, column, box(row, column, half), strength, name=f"{row}/{column}")


def group(row: float, column: float, members: Sequence[Calcification], score: float) -> CalcificationGroup:
    """A group as the analysis gives it."""
    names = tuple(member.tracking_uid for member in members)
    return CalcificationGroup("g", row, column, 10.0, 1.0, score, names, ())


def findings(
    marks: Sequence[Calcification],
    groups: Sequence[CalcificationGroup] = (),
    non_lesions: Sequence[NonLesion] = (),
) -> ImageFindings:
    """An analyzed image of one square centimeter."""
    return ImageFindings(
        description=ImageDescription("by hand"),
        breast_area_cm2=1.0,
        breast_outline=(),
        quality_flags=(),
        calcifications=tuple(marks),
        groups=tuple(groups),
        non_lesions=tuple(non_lesions),
    )
