"""Analyze mammograms with what is shipped: the learned detector and describer, the rule table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.comparison import compare
from calcwatch.comparison.treatment import context_of_examination
from calcwatch.domain.context import ClinicalContext
from calcwatch.exam import read
from calcwatch.image import analyze
from calcwatch.models.learned import learned_describer, learned_detector, suspicion_model
from calcwatch.service.files.rules import read_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.comparison.compare import Compared
    from calcwatch.domain.assessment import ExaminationFindings
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.domain.image import Mammogram
    from calcwatch.domain.treatment import Treatment
    from calcwatch.image.find.detections import Detector
    from calcwatch.image.settings import AnalysisSettings


def analyze_image(
    mammogram: Mammogram, *, settings: AnalysisSettings | None = None, detector: Detector | None = None
) -> ImageFindings:
    """Find, measure, group and describe the calcifications of one mammogram.

    The same mammogram gives the same answer, in the same order. ``detector``: the learned one unless given
    (``calcwatch.detect_classical`` needs no weights). Raises ``UnsuitableImage`` when the breast cannot be
    analyzed: that is an error, never "0 calcifications".
    """
    return analyze.analyze_image(
        mammogram,
        settings=settings,
        detector=detector or learned_detector(),
        describer=learned_describer(),
    )


def analyze_exam(
    images: Sequence[ImageFindings], *, context: ClinicalContext | None = None
) -> ExaminationFindings:
    """Read the images of one woman and day together: pairs of views, suggested categories, a score.

    ``images``: what ``analyze_image`` gave for each; their order is kept. ``context``: what a person states;
    nothing unless given, and what is not known never reassures. Everything is a suggestion: a radiologist
    decides. Raises ``ValueError`` for no images.
    """
    return read.analyze_exam(images, table=read_rules(), suspicion=suspicion_model(), context=context)


def compare_with_prior(
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    *,
    context: ClinicalContext | None = None,
    treatment: Treatment | None = None,
    earlier: Sequence[Compared] = (),
) -> Compared:
    """Say what became of every group since the prior examination, and read the current one knowing it.

    ``prior``, ``current``: what ``analyze_image`` gave for each image of the two days. ``context`` and
    ``treatment``: what a person states. ``earlier``: the answers for the examinations before, the earliest
    first, so that a group keeps its tracking UID. Everything is a suggestion: a radiologist decides. Raises
    ``ValueError`` for no current image, and where context and treatment contradict each other.
    """
    return compare.compare_with_prior(
        prior,
        current,
        table=read_rules(),
        suspicion=suspicion_model(),
        context=context_of_examination(context or ClinicalContext(), treatment, current, prior),
        treatment=treatment,
        earlier=earlier,
    )
