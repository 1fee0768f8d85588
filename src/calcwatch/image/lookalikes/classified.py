"""Detections that the model took for a look-alike -> named non-lesions with their outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.image.find.classify import lookalike_kind
from calcwatch.image.lookalikes.find import Lookalike
from calcwatch.image.measure.outline import measure
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.prepare.normalize import PreparedImage


def name_lookalikes(
    image: PreparedImage, detections: Detections, *, settings: AnalysisSettings = AnalysisSettings()
) -> tuple[Lookalike, ...]:
    """One named non-lesion for each thing the detections lie on, top to bottom; none give an empty tuple.

    Raises ``ValueError`` for detections without looks, which nobody can name.
    """
    if detections.class_probabilities is None:
        if detections.row.size:
            raise ValueError("these detections do not tell what they look like")
        return ()
    looks = detections.class_probabilities
    found = [
        Lookalike(lookalike_kind(looks[thing.index]), thing.row, thing.column, thing.outline)
        for thing in measure(image, detections, settings=settings.outline)
    ]
    return tuple(sorted(found, key=lambda thing: (thing.row, thing.column)))
