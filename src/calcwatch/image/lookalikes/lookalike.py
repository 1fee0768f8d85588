"""What a look-alike is: a thing that is as bright as a calcification and is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcwatch.domain.findings import NonLesionKind
    from calcwatch.domain.image import Point


@dataclass(frozen=True, eq=False)
class Lookalike:
    """A named non-lesion in crop pixels.

    Attributes:
        kind: What it is.
        row: Row of its middle.
        column: Column of its middle.
        outline: Polygon round it, (row, column).
    """

    kind: NonLesionKind
    row: float
    column: float
    outline: tuple[Point, ...]
