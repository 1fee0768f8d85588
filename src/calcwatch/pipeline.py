"""The job on one page: normalize -> breast -> quality -> detect -> lookalike -> measure -> group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain import BLOCKING_FLAGS, AnalysisSettings, ImageFindings, QualityFlag, UnsuitableImage
from calcwatch.steps.breast import find_breast
from calcwatch.steps.detect import detect_classical, kept
from calcwatch.steps.group import group
from calcwatch.steps.learned import is_named
from calcwatch.steps.lookalike import find_lookalikes
from calcwatch.steps.measure import measure
from calcwatch.steps.name import name_lookalikes
from calcwatch.steps.normalize import normalize
from calcwatch.steps.place import in_file, place_calcifications, place_groups, place_non_lesions
from calcwatch.steps.quality import check

if TYPE_CHECKING:
    from calcwatch.domain import Mammogram
    from calcwatch.steps.detect import Detector

ANALYSIS_VERSION = "2"
"""Changes whenever any number in a result may change; stored with every result."""

_SENTENCES = {
    QualityFlag.NO_BREAST: "no breast was found: the picture is all dark or shows no solid shape; "
    "is it a mammogram, and is it inverted?",
    QualityFlag.BREAST_DARK: "the breast has almost no gray levels; check the window, and give "
    "--bits-stored if the pixels use fewer bits than the file has room for",
    QualityFlag.BREAST_SATURATED: "more than a quarter of the breast is pure white; check the window",
    QualityFlag.NOT_A_MAMMOGRAM: "the breast would be smaller than 5 or larger than 1000 square centimeters; "
    "check the pixel spacing, and that it is a mammogram",
}


def analyze_image(
    mammogram: Mammogram,
    *,
    settings: AnalysisSettings | None = None,
    detector: Detector = detect_classical,
) -> ImageFindings:
    """Find, measure and group the calcifications of one mammogram.

    The same mammogram gives the same answer, in the same order. ``detector`` finds the candidates; a learned
    model is handed in here. Raises ``UnsuitableImage`` when the breast cannot be analyzed: that is an error,
    never "0 calcifications".
    """
    settings = settings or AnalysisSettings()
    name = f"{mammogram.description.sha256}/{ANALYSIS_VERSION}"
    image = normalize(mammogram)
    breast = find_breast(image)
    flags = frozenset(mammogram.description.flags) | check(image, breast)
    if reason := reason_to_refuse(flags):
        raise UnsuitableImage(f"{mammogram.description.source}: {reason}")

    candidates = detector(image, breast, settings)
    likely = kept(candidates, (candidates.score >= settings.score_threshold) | is_named(candidates))
    objects_of_metal, remains = find_lookalikes(image, breast, likely)
    likely = kept(likely, remains)
    named = name_lookalikes(image, kept(likely, is_named(likely)))
    likely = kept(likely, ~is_named(likely))
    objects = [found for found in measure(image, likely) if found.contrast >= settings.min_contrast]
    calcifications = place_calcifications(objects, likely, image, name)
    groups = group(
        np.array([(c.row, c.column) for c in calcifications]).reshape(-1, 2),
        np.array([c.score for c in calcifications]),
        None
        if likely.looks is not None
        else likely.evidence[[found.index for found in objects]].astype(np.float64),
        distance_px=image.px(settings.grouping_distance_mm),
        min_count=settings.min_group_count,
    )
    return ImageFindings(
        description=mammogram.description,
        breast_area_cm2=breast.area_cm2(image.spacing_mm),
        breast_outline=in_file(breast.outline, image.frame),
        quality_flags=tuple(sorted(flags)),
        calcifications=calcifications,
        non_lesions=place_non_lesions((*objects_of_metal, *named), image.frame),
        groups=place_groups(groups, calcifications, image.spacing_mm, name),
    )


def check_image(mammogram: Mammogram) -> frozenset[QualityFlag]:
    """All that a reader of the numbers must know, without analyzing: the file's flags and the picture's."""
    image = normalize(mammogram)
    return frozenset(mammogram.description.flags) | check(image, find_breast(image))


def reason_to_refuse(flags: frozenset[QualityFlag]) -> str:
    """Why an image with these flags is not analyzed, in words; empty when it is."""
    return "; ".join(_SENTENCES[flag] for flag in sorted(flags & BLOCKING_FLAGS))
