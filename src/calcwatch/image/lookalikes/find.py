"""Bright things that are no calcification: named and kept apart, never silently dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.image.lookalikes.burned_in_text import find_burned_in_text
from calcwatch.image.lookalikes.dust import find_dust
from calcwatch.image.lookalikes.metal import Lookalike, find_objects
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.detections import Detections
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage

__all__ = ["Lookalike", "find_lookalikes"]


def find_lookalikes(
    image: PreparedImage,
    breast: BreastRegion,
    detections: Detections,
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> tuple[tuple[Lookalike, ...], NDArray[np.bool_]]:
    """Non-lesions (metal, then dust, then letters), and for each detection whether it remains a candidate.

    No lookalikes give an empty tuple and every detection remains.
    """
    metal, covered = find_objects(image, breast, settings=settings.metal)
    rows, columns = detections.row.astype(np.intp), detections.column.astype(np.intp)
    remains = covered[rows, columns] == 0
    plain = np.flatnonzero(remains & (detections.strength > settings.lookalikes.min_dust_strength))
    dust, on_dust = find_dust(image, rows[plain], columns[plain], settings=settings.dust)
    remains[plain[on_dust]] = False
    return (*metal, *dust, *find_burned_in_text(image, breast, settings=settings.burned_in_text)), remains
