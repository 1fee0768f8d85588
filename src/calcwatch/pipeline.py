"""The job on one page.

One image: normalize -> breast -> quality -> detect -> lookalike -> measure -> group -> describe. All images
of an examination: correspond -> assess -> score. Two examinations: register -> match -> change -> read anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.assessment import ExaminationFindings
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.errors import UnsuitableImage
from calcwatch.domain.findings import AnalysisSettings, ImageFindings
from calcwatch.domain.image import BLOCKING_FLAGS, QualityFlag, ViewPosition
from calcwatch.steps.breast import find_breast
from calcwatch.steps.compare import compare_exams
from calcwatch.steps.describe import Describer, ToDescribe
from calcwatch.steps.detect import detect_classical
from calcwatch.steps.detections import kept
from calcwatch.steps.distribution import Ground
from calcwatch.steps.examine import (
    Asked,
    pair_views,
    read_breasts,
    read_groups,
    suspicion_of,
    without_unproven_milk,
)
from calcwatch.steps.follow import observed_of, with_lasting_uids
from calcwatch.steps.group import group
from calcwatch.steps.landmarks import find_landmarks
from calcwatch.steps.laterality import laterality_pattern
from calcwatch.steps.learned import is_named
from calcwatch.steps.lookalike import find_lookalikes
from calcwatch.steps.measure import measure
from calcwatch.steps.name import name_lookalikes
from calcwatch.steps.normalize import normalize
from calcwatch.steps.place import (
    in_file,
    place_calcifications,
    place_groups,
    place_landmarks,
    place_non_lesions,
    with_descriptions,
    with_shapes,
)
from calcwatch.steps.quality import check
from calcwatch.steps.suspicion import score_of
from calcwatch.steps.tissue import faint_specks, picture_tissue
from calcwatch.steps.treated import Stated, find_beds, read_treatment, with_beds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcwatch.domain.change import Comparison
    from calcwatch.domain.findings import FaintSpeck
    from calcwatch.domain.image import Mammogram
    from calcwatch.steps.breast import BreastRegion
    from calcwatch.steps.compare import ComparedPair
    from calcwatch.steps.detect import Detector
    from calcwatch.steps.detections import Detections
    from calcwatch.steps.facts import Observed
    from calcwatch.steps.group import Grouped
    from calcwatch.steps.lookalike import Lookalike
    from calcwatch.steps.measure import MeasuredObject
    from calcwatch.steps.normalize import NormalizedImage
    from calcwatch.steps.rules import RuleTable
    from calcwatch.steps.suspicion import SuspicionModel
    from calcwatch.steps.treated import TreatmentReading

ANALYSIS_VERSION = "3"
"""Changes whenever any number in a result may change; stored with every result."""

TRUE_LATERAL = frozenset({ViewPosition.ML, ViewPosition.LM})
"""The only views that show sediment in a cyst as such."""

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
    image = normalize(mammogram)
    breast = find_breast(image)
    flags = frozenset(mammogram.description.flags) | check(image, breast)
    if reason := reason_to_refuse(flags):
        raise UnsuitableImage(f"{mammogram.description.source}: {reason}")

    view = mammogram.description.view_position
    landmarks = find_landmarks(image, breast, view)
    found = find_objects(image, breast, settings=settings, detector=detector)
    calcifications = place_calcifications(found.objects, found.detections, image, name)
    grouped = group_objects(image, breast, found, settings=settings)
    groups = place_groups(grouped, calcifications, image.spacing_mm, name)
    if describer is not None:
        ground = Ground(
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
        tissue=picture_tissue(image, breast),
        faint=found.faint,
    )


def analyze_exam(
    images: Sequence[ImageFindings],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    context: ClinicalContext | None = None,
    observed: Mapping[str, Observed] | None = None,
) -> ExaminationFindings:
    """Read all images of one woman and day together: the same group on two views, categories, a score.

    ``images``: findings of ``analyze_image``; their order is kept. ``context``: what a person states; nothing
    unless given. ``observed``: what a comparison says of groups, by their tracking UID. Everything is a
    suggestion. Raises ``ValueError`` for no images.
    """
    if not images:
        raise ValueError("an examination needs at least one image")
    asked = Asked(table, context or ClinicalContext(), observed or {})
    images = without_unproven_milk(images)
    pairs = pair_views(images)
    pattern = laterality_pattern(images)
    groups = read_groups(images, pairs, pattern, asked=asked)
    breasts = read_breasts(images, groups, pattern, asked=asked)
    highest, reasons = suspicion_of(images, groups, suspicion)
    score = score_of(highest, suspicion.deciles)
    return ExaminationFindings(images, pairs, groups, breasts, pattern, highest, score, reasons)


@dataclass(frozen=True, eq=False)
class Compared:
    """Two examinations of one woman: the current one as it is read with the prior at hand.

    ``aligned``: each pair with its alignment, for pictures. ``treatment``: what a stated treatment adds,
    ``None`` where none was stated.
    """

    prior: tuple[ImageFindings, ...]
    examination: ExaminationFindings
    comparison: Comparison
    aligned: tuple[ComparedPair, ...]
    treatment: TreatmentReading | None


def compare_with_prior(
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    stated: Stated | None = None,
    earlier: Sequence[Compared] = (),
) -> Compared:
    """Say what became of every group since the prior examination, and read the current one knowing it.

    ``prior``, ``current``: findings of ``analyze_image``, the latest earlier image of each view and those of
    the day. ``stated``: what a person states of the woman and her treatment. ``earlier``: the comparisons
    before, the earliest first, so that groups keep their identifier. Raises ``ValueError`` for no current
    image, and for findings without tissue.
    """
    stated = stated or Stated()
    before = [one.comparison for one in earlier]
    comparison, aligned = compare_exams(prior, current)
    comparison = with_lasting_uids(comparison, before)
    beds = find_beds(stated, prior, current, aligned)
    comparison = with_beds(comparison, current, beds, stated.treatment)
    examination = analyze_exam(
        current,
        table=table,
        suspicion=suspicion,
        context=stated.context,
        observed=observed_of(comparison, before),
    )
    reading = read_treatment(stated, comparison)
    return Compared(tuple(prior), examination, comparison, aligned, reading)


@dataclass(frozen=True, eq=False)
class FoundObjects:
    """What stands out in one image, in pixels of the crop.

    ``objects``: measured calcifications, most believable first. ``detections``: what their ``index`` counts.
    ``lookalikes``: everything that is named and kept apart. ``faint``: what stays below the threshold, in the
    file's coordinates.
    """

    objects: tuple[MeasuredObject, ...]
    detections: Detections
    lookalikes: tuple[Lookalike, ...]
    faint: tuple[FaintSpeck, ...]


def find_objects(
    image: NormalizedImage, breast: BreastRegion, *, settings: AnalysisSettings, detector: Detector
) -> FoundObjects:
    """Detect, keep look-alikes apart, and measure what is left."""
    candidates = detector(image, breast, settings)
    faint = faint_specks(image, candidates, settings)
    likely = kept(candidates, (candidates.score >= settings.score_threshold) | is_named(candidates))
    objects_of_metal, remains = find_lookalikes(image, breast, likely)
    likely = kept(likely, remains)
    named = name_lookalikes(image, kept(likely, is_named(likely)))
    likely = kept(likely, ~is_named(likely))
    objects = tuple(found for found in measure(image, likely) if found.contrast >= settings.min_contrast)
    return FoundObjects(objects, likely, (*objects_of_metal, *named), faint)


def group_objects(
    image: NormalizedImage, breast: BreastRegion, found: FoundObjects, *, settings: AnalysisSettings
) -> tuple[Grouped, ...]:
    """Groups of the objects, in the file's coordinates; their members count ``found.objects``."""
    points = [image.frame.to_file(one.row, one.column) for one in found.objects]
    used = [one.index for one in found.objects]
    learned = found.detections.looks is not None
    return group(
        np.array(points).reshape(-1, 2),
        found.detections.score[used].astype(np.float64),
        None if learned else found.detections.evidence[used].astype(np.float64),
        distance_px=image.px(settings.grouping_distance_mm),
        min_count=settings.min_group_count,
        breast_area_px=breast.area_px,
    )


def _to_describe(
    found: FoundObjects, grouped: tuple[Grouped, ...], ground: Ground, view: ViewPosition | None
) -> ToDescribe:
    return ToDescribe(
        objects=found.objects,
        looks=found.detections.looks,
        scores=found.detections.score[[one.index for one in found.objects]].astype(np.float64),
        groups=grouped,
        ground=ground,
        is_lateral=view in TRUE_LATERAL,
    )


def check_image(mammogram: Mammogram) -> frozenset[QualityFlag]:
    """All that a reader of the numbers must know, without analyzing: the file's flags and the picture's."""
    image = normalize(mammogram)
    return frozenset(mammogram.description.flags) | check(image, find_breast(image))


def reason_to_refuse(flags: frozenset[QualityFlag]) -> str:
    """Why an image with these flags is not analyzed, in words; empty when it is."""
    return "; ".join(_SENTENCES[flag] for flag in sorted(flags & BLOCKING_FLAGS))
