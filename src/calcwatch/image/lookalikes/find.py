"""Bright things that are no calcification: named and kept apart, never silently dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calcwatch.image.find.classify import lookalike_kind
from calcwatch.image.lookalikes.burned_in_text import find_burned_in_text
from calcwatch.image.lookalikes.dust import find_dust
from calcwatch.image.lookalikes.lookalike import Lookalike
from calcwatch.image.lookalikes.metal import find_metal
from calcwatch.image.measure.outline import measure
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.detections import Detections
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


class LookalikesFound(NamedTuple):
    """What rules found among the detections of one image.

    Attributes:
        lookalikes: Metal first, then dust, then text, each from top to bottom; an empty tuple for none.
        remains: For each detection whether it lies on none of them.
        may_be_metal: For each detection whether it lies on what is as white and as sharp as metal.
    """

    lookalikes: tuple[Lookalike, ...]
    remains: NDArray[np.bool_]
    may_be_metal: NDArray[np.bool_]


def find_lookalikes(
    image: PreparedImage,
    breast: BreastRegion,
    detections: Detections,
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> LookalikesFound:
    """Find look-alikes by rules that need no network.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        detections: What may lie on look-alikes, in crop pixels.
        settings: Settings of metal, dust and burned-in text.

    Returns:
        Look-alikes, and for each detection whether it lies on one; without look-alikes every detection
        remains.
    """
    metal, covered, doubtful = find_metal(image, breast, settings=settings.metal)
    rows, columns = detections.row.astype(np.intp), detections.column.astype(np.intp)
    # metal first: what lies on it is settled and is not tried as dust
    remains = covered[rows, columns] == 0
    # weak maxima are noise, which can be as sharp as dust
    plain = np.flatnonzero(remains & (detections.strength > settings.lookalikes.min_dust_strength))
    dust, on_dust = find_dust(image, rows[plain], columns[plain], settings=settings.dust)
    remains[plain[on_dust]] = False
    # text lies beside the breast, where nothing is detected: it takes no detection away
    text = find_burned_in_text(image, breast, settings=settings.burned_in_text)
    return LookalikesFound((*metal, *dust, *text), remains, doubtful[rows, columns] > 0)


def name_lookalikes(
    image: PreparedImage, detections: Detections, *, settings: AnalysisSettings = AnalysisSettings()
) -> tuple[Lookalike, ...]:
    """Outline and name what a network took for look-alikes.

    Args:
        image: The prepared image.
        detections: Detections that are classified as look-alikes, in crop pixels.
        settings: Settings of outlines.

    Returns:
        A look-alike for each object that the detections lie on, top to bottom; no detections give none.

    Raises:
        ValueError: The detections have no class probabilities, so nobody can name them.
    """
    if detections.class_probabilities is None:
        if detections.row.size:
            raise ValueError("these detections have no class probabilities, so nothing says what they are")
        return ()
    probabilities = detections.class_probabilities
    lookalikes = [
        Lookalike(lookalike_kind(probabilities[found.index]), found.row, found.column, found.outline)
        # outlines merge several detections of one object, so that it is named once
        for found in measure(image, detections, settings=settings.outline)
    ]
    return tuple(sorted(lookalikes, key=lambda lookalike: (lookalike.row, lookalike.column)))
