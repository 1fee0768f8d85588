"""Places in an image: ours and DICOM's. The half pixel between them is added and taken away here alone.

Ours are ``(row, column)``, (0, 0) at the center of the top-left pixel of the file. DICOM's are ``(column,
row)``, (0, 0) at the top-left corner of that pixel (PS3.3 C.10.5 and C.18.6.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point

_HALF_PIXEL = 0.5
"""From the corner of a pixel to its center (PS3.3 C.10.5.1.2)."""


def to_dicom(point: Point) -> tuple[float, float]:
    """A place of ours as DICOM writes it.

    Args:
        point: ``(row, column)`` in file pixels, from the center of the first one.

    Returns:
        ``(column, row)`` in file pixels, from the corner of the first one.

    """
    row, column = point
    return column + _HALF_PIXEL, row + _HALF_PIXEL


def from_dicom(column: float, row: float) -> Point:
    """A place of DICOM's as ours.

    Args:
        column: In file pixels, from the corner of the first one.
        row: In file pixels, from the corner of the first one.

    Returns:
        ``(row, column)`` in file pixels, from the center of the first one.

    """
    return row - _HALF_PIXEL, column - _HALF_PIXEL


def closed_polyline(outline: Sequence[Point], rows: int, columns: int) -> tuple[tuple[float, float], ...]:
    """An outline as DICOM draws a closed polyline: the first point again at the end.

    What lies outside the image is drawn at its edge: viewers take no other place.

    Args:
        outline: Corners, ``(row, column)`` in file pixels, the first one not repeated.
        rows: Rows of the image.
        columns: Columns of the image.

    Returns:
        ``(column, row)`` as DICOM counts; empty for an empty outline.

    """
    points = tuple(
        # In DICOM's frame an image reaches from 0 to columns, so the far edge itself still belongs to it.
        (min(max(column, 0.0), float(columns)), min(max(row, 0.0), float(rows)))
        for column, row in map(to_dicom, outline)
    )
    return (*points, points[0]) if points else ()
