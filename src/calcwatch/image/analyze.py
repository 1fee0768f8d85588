"""The job on one page.

One image: normalize -> breast -> quality -> detect -> lookalike -> measure -> group -> describe. All images
of an examination: correspond -> assess -> score. Two examinations: register -> match -> change -> read anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.errors import UnsuitableImage
from calcwatch.domain.findings import ANALYSIS_VERSION, ImageFindings
from calcwatch.domain.image import BLOCKING_FLAGS, QualityFlag, ViewPosition
from calcwatch.domain.views import is_true_lateral
from calcwatch.image.describe.describe import Describer, ToDescribe
from calcwatch.image.describe.distribution import BreastGeometry
from calcwatch.image.describe.group import group
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.classify import is_lookalike
from calcwatch.image.find.detections import kept
from calcwatch.image.findings import (
    in_file,
    place_calcifications,
    place_groups,
    place_landmarks,
    place_non_lesions,
    with_descriptions,
    with_shapes,
)
from calcwatch.image.lookalikes.classified import name_lookalikes
from calcwatch.image.lookalikes.find import find_lookalikes
from calcwatch.image.measure.outline import measure
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.landmarks import find_landmarks
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.prepare.quality import quality_flags
from calcwatch.image.settings import AnalysisSettings
from calcwatch.image.tissue_map import map_tissue, subthreshold_candidates

if TYPE_CHECKING:
    from calcwatch.domain.findings import SubthresholdCandidate
    from calcwatch.domain.image import Mammogram
    from calcwatch.image.describe.group import Grouped
    from calcwatch.image.find.detections import Detections, Detector
    from calcwatch.image.lookalikes.find import Lookalike
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


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
    describer: Describer | None = None,
) -> ImageFindings:
    """Find, measure, group and describe the calcifications of one mammogram.

    The same mammogram gives the same answer, in the same order. ``detector`` finds the candidates,
    ``describer`` says what they look like (``None``: nothing is described); learned models are handed in
    here. Raises ``UnsuitableImage`` when the breast cannot be analyzed: that is an error, never "0
    calcifications".
    """
    settings = settings or AnalysisSettings()
    name = f"{mammogram.description.sha256}/{ANALYSIS_VERSION}"
    image = normalize(mammogram, settings=settings.normalize)
    breast = find_breast(image, settings=settings.breast)
    flags = frozenset(mammogram.description.flags) | quality_flags(image, breast, settings=settings.quality)
    if reason := reason_to_refuse(flags):
        raise UnsuitableImage(f"{mammogram.description.source}: {reason}")

    view = mammogram.description.view_position
    landmarks = find_landmarks(image, breast, view, settings=settings.landmarks)
    found = find_objects(image, breast, settings=settings, detector=detector)
    calcifications = place_calcifications(found.objects, found.detections, image, name, settings=settings)
    grouped = group_objects(image, breast, found, settings=settings)
    groups = place_groups(grouped, calcifications, image.spacing_mm, name)
    if describer is not None:
        ground = BreastGeometry(
            image.working_mm, image.spacing_mm, breast.area_px, landmarks.nipple if landmarks else None
        )
        described = describer(image, _to_describe(found, grouped, ground, view))
        calcifications = with_shapes(calcifications, described)
        groups = with_descriptions(groups, described)
    return ImageFindings(
        description=mammogram.description,
        breast_area_cm2=breast.area_cm2(image.spacing_mm),
        breast_outline=in_file(breast.outline, image.frame),
        quality_flags=tuple(sorted(flags)),
        calcifications=calcifications,
        non_lesions=place_non_lesions(found.lookalikes, image.frame),
        groups=groups,
        landmarks=place_landmarks(landmarks, image.frame),
        tissue_map=map_tissue(image, breast, settings=settings),
        subthreshold=found.subthreshold,
    )


@dataclass(frozen=True, eq=False)
class FoundObjects:
    """What stands out in one image, in pixels of the crop.

    ``objects``: measured calcifications, most believable first. ``detections``: what their ``index`` counts.
    ``lookalikes``: everything that is named and kept apart. ``subthreshold``: what stays below the threshold,
    in the file's coordinates.
    """

    objects: tuple[MeasuredObject, ...]
    detections: Detections
    lookalikes: tuple[Lookalike, ...]
    subthreshold: tuple[SubthresholdCandidate, ...]


def find_objects(
    image: PreparedImage, breast: BreastRegion, *, settings: AnalysisSettings, detector: Detector
) -> FoundObjects:
    """Detect, keep look-alikes apart, and measure what is left."""
    candidates = detector(image, breast, settings)
    faint = subthreshold_candidates(image, candidates, settings)
    likely = kept(
        candidates,
        (candidates.score >= settings.score_threshold) | is_lookalike(candidates, settings=settings.classify),
    )
    objects_of_metal, remains = find_lookalikes(image, breast, likely, settings=settings)
    likely = kept(likely, remains)
    named = name_lookalikes(
        image, kept(likely, is_lookalike(likely, settings=settings.classify)), settings=settings
    )
    likely = kept(likely, ~is_lookalike(likely, settings=settings.classify))
    objects = tuple(
        found
        for found in measure(image, likely, settings=settings.outline)
        if found.contrast >= settings.min_contrast
    )
    return FoundObjects(objects, likely, (*objects_of_metal, *named), faint)


def group_objects(
    image: PreparedImage, breast: BreastRegion, found: FoundObjects, *, settings: AnalysisSettings
) -> tuple[Grouped, ...]:
    """Groups of the objects, in the file's coordinates; their members count ``found.objects``."""
    points = [image.frame.to_file(one.row, one.column) for one in found.objects]
    used = [one.index for one in found.objects]
    learned = found.detections.class_probabilities is not None
    return group(
        np.array(points).reshape(-1, 2),
        found.detections.score[used].astype(np.float64),
        None if learned else found.detections.supported_strength[used].astype(np.float64),
        distance_px=image.px(settings.grouping_distance_mm),
        min_count=settings.min_group_count,
        breast_area_px=breast.area_px,
        settings=settings,
    )


def _to_describe(
    found: FoundObjects, grouped: tuple[Grouped, ...], ground: BreastGeometry, view: ViewPosition | None
) -> ToDescribe:
    return ToDescribe(
        objects=found.objects,
        class_probabilities=found.detections.class_probabilities,
        scores=found.detections.score[[one.index for one in found.objects]].astype(np.float64),
        groups=grouped,
        geometry=ground,
        is_lateral=is_true_lateral(view),
    )


def check_image(
    mammogram: Mammogram, *, settings: AnalysisSettings = AnalysisSettings()
) -> frozenset[QualityFlag]:
    """All that a reader of the numbers must know, without analyzing: the file's flags and the picture's."""
    image = normalize(mammogram, settings=settings.normalize)
    return frozenset(mammogram.description.flags) | quality_flags(
        image, find_breast(image, settings=settings.breast), settings=settings.quality
    )


def reason_to_refuse(flags: frozenset[QualityFlag]) -> str:
    """Why an image with these flags is not analyzed, in words; empty when it is."""
    return "; ".join(_SENTENCES[flag] for flag in sorted(flags & BLOCKING_FLAGS))
