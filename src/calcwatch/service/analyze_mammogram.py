"""Analyze one mammogram with the detector that is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch import pipeline
from calcwatch.inference import learned_detector

if TYPE_CHECKING:
    from calcwatch.domain import AnalysisSettings, ImageFindings, Mammogram
    from calcwatch.steps.detect import Detector


def analyze_image(
    mammogram: Mammogram, *, settings: AnalysisSettings | None = None, detector: Detector | None = None
) -> ImageFindings:
    """Find, measure and group the calcifications of one mammogram.

    The same mammogram gives the same answer, in the same order. ``detector``: the learned one unless given
    (``calcwatch.detect_classical`` needs no weights). Raises ``UnsuitableImage`` when the breast cannot be
    analyzed: that is an error, never "0 calcifications".
    """
    return pipeline.analyze_image(mammogram, settings=settings, detector=detector or learned_detector())
