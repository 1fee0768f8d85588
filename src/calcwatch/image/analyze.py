"""The job on one page: one mammogram -> findings.

Mammogram -> (prepare) PreparedImage -> (find) Detections -> (look-alikes apart) -> (measure) -> (group) ->
(describe) -> ImageFindings. Everything is in crop pixels until ``image/findings.py`` turns it, last, into
file pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.errors import UnsuitableImage
from calcwatch.domain.findings import ANALYSIS_VERSION, ImageFindings
from calcwatch.domain.views import is_true_lateral
from calcwatch.image.describe.describe import Describer
from calcwatch.image.describe.distribution import BreastGeometry
from calcwatch.image.describe.group import group, make_group
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.find.classify import is_lookalike, without_metal
from calcwatch.image.find.detections import kept
from calcwatch.image.findings import (
    to_calcifications,
    to_groups,
    to_landmarks,
    to_non_lesions,
    to_polygon,
    to_subthreshold,
)
from calcwatch.image.lookalikes.find import find_lookalikes, name_lookalikes
from calcwatch.image.measure.outline import measure
from calcwatch.image.measure.whole import join_wholes
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.landmarks import find_landmarks
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.prepare.quality import quality_flags
from calcwatch.image.settings import AnalysisSettings
from calcwatch.image.tissue_map import map_tissue
from calcwatch.words.flags import reason_to_refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.image import Mammogram, QualityFlag
    from calcwatch.image.describe.describe import Described
    from calcwatch.image.describe.group import Grouped
    from calcwatch.image.find.detections import Detections, Detector
    from calcwatch.image.lookalikes.lookalike import Lookalike
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


def analyze_image(
    mammogram: Mammogram,
    *,
    settings: AnalysisSettings | None = None,
    detector: Detector = detect_classical,
    describer: Describer | None = None,
) -> ImageFindings:
    """Find, measure, group and describe the calcifications of one mammogram.

    Args:
        mammogram: Gray levels and what the file says of them; not modified.
        settings: Every number of the analysis; ``None`` takes the defaults.
        detector: What finds the candidates; a learned one is handed in here.
        describer: What says what calcifications and groups look like; ``None`` describes nothing.

    Returns:
        The findings in file pixels and, where the spacing is known, in mm. The same mammogram gives the same
        findings, in the same order; nothing found is an empty tuple.

    Raises:
        UnsuitableImage: The breast cannot be analyzed: that is an error, never "0 calcifications".
    """
    settings = settings or AnalysisSettings()
    image, breast, flags = prepare(mammogram, settings)
    # refused before anything is searched: no calcifications found there would reassure
    if reason := reason_to_refuse(flags):
        raise UnsuitableImage(f"{mammogram.description.source}: {reason}")
    view = mammogram.description.view_position
    landmarks = find_landmarks(image, breast, view, settings=settings.landmarks)

    candidates = detector(image, breast, settings)
    detections, lookalikes = separate_lookalikes(image, breast, candidates, settings=settings)
    measured = measure_calcifications(image, detections, settings=settings)
    described = None
    if describer is None:
        grouped = group_calcifications(image, breast, measured, detections, settings=settings)
    else:
        # working_mm scales features; only spacing_mm ever makes a length in mm (decision 4)
        geometry = BreastGeometry(
            image.working_mm, image.spacing_mm, breast.area_px, landmarks.nipple if landmarks else None
        )
        described = describer(
            image,
            breast,
            measured,
            detections,
            geometry=geometry,
            is_lateral=is_true_lateral(view),
            settings=settings,
        )
        grouped = told_groups(image, measured, detections, described, settings=settings)

    # made of content and analysis version, so that a second run gives the same identifiers
    name = f"{mammogram.description.sha256}/{ANALYSIS_VERSION}"
    calcifications = to_calcifications(measured, detections, described, image, name, settings=settings.shape)
    # kept for a later comparison: what is new there may have been here, only too faint to report
    below_threshold = (candidates.score >= settings.tissue_map.min_subthreshold_score) & (
        candidates.score < settings.score_threshold
    )
    return ImageFindings(
        description=mammogram.description,
        breast_area_cm2=breast.area_cm2(image.spacing_mm),
        breast_outline=to_polygon(breast.outline, image.frame),
        # a set has no order, and the same image must give the same bytes
        quality_flags=tuple(sorted(flags)),
        calcifications=calcifications,
        non_lesions=to_non_lesions(lookalikes, image.frame),
        groups=to_groups(grouped, calcifications, described, image.spacing_mm, name),
        landmarks=to_landmarks(landmarks, image.frame),
        tissue_map=map_tissue(image, breast, settings=settings.tissue_map),
        subthreshold=to_subthreshold(kept(candidates, below_threshold), image.frame),
    )


def check_image(
    mammogram: Mammogram, *, settings: AnalysisSettings = AnalysisSettings()
) -> frozenset[QualityFlag]:
    """Tell all that a reader of the numbers must know of an image, without analyzing it.

    Args:
        mammogram: Gray levels and what the file says of them; not modified.
        settings: Every number of the analysis.

    Returns:
        The file's flags and the picture's; an empty set when nothing is wrong.
    """
    _, _, flags = prepare(mammogram, settings)
    return flags


def separate_lookalikes(
    image: PreparedImage, breast: BreastRegion, candidates: Detections, *, settings: AnalysisSettings
) -> tuple[Detections, tuple[Lookalike, ...]]:
    """Keep what is likely a calcification, and name the look-alikes among the candidates.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        candidates: All that the detector found.
        settings: Every number of the analysis.

    Returns:
        Detections from the score threshold on that are no look-alikes, in the order of the candidates; and
        the look-alikes, those that rules find before those that the detector classified, in crop pixels.
    """
    # a look-alike scores low as a calcification: its own class lets it pass
    likely = kept(
        candidates,
        (candidates.score >= settings.score_threshold) | is_lookalike(candidates, settings=settings.classify),
    )
    # rules first: they outline a whole object, and what lies on it is not named a second time
    by_rule, remains, may_be_metal = find_lookalikes(image, breast, likely, settings=settings)
    # on real images a network takes rims and arteries for metal: it is believed only where that is possible
    likely = without_metal(kept(likely, remains), ~may_be_metal[remains])
    classified = is_lookalike(likely, settings=settings.classify)
    possible = classified | (likely.score >= settings.score_threshold)
    likely, classified = kept(likely, possible), classified[possible]
    by_network = name_lookalikes(image, kept(likely, classified), settings=settings)
    # look-alikes leave here, before groups are made: a clip is no member of any
    return kept(likely, ~classified), (*by_rule, *by_network)


def measure_calcifications(
    image: PreparedImage, detections: Detections, *, settings: AnalysisSettings
) -> tuple[MeasuredObject, ...]:
    """Outline and measure detections.

    Args:
        image: The prepared image.
        detections: Detections without look-alikes.
        settings: Every number of the analysis.

    Returns:
        Calcifications of enough contrast in crop pixels, highest score first; their ``index`` counts the
        detections.
    """
    pieces = measure(image, detections, settings=settings.outline)
    return tuple(
        calcification
        for calcification in join_wholes(
            image, pieces, detections, settings=settings.whole, outline_settings=settings.outline
        )
        # contrast is known once the object is outlined, so the faintest can go only here
        if calcification.contrast >= settings.min_contrast
    )


def told_groups(
    image: PreparedImage,
    measured: tuple[MeasuredObject, ...],
    detections: Detections,
    described: Described,
    *,
    settings: AnalysisSettings,
) -> tuple[Grouped, ...]:
    """Give the groups that were described their place and score.

    Args:
        image: The prepared image.
        measured: The calcifications.
        detections: What their ``index`` counts.
        described: The groups with their members.
        settings: Every number of the analysis.

    Returns:
        Groups in file pixels, in the order of the descriptions.
    """
    points, scores, strengths = _weighed(image, measured, detections)
    return tuple(
        make_group(
            points,
            scores,
            strengths,
            group.members,
            reach_px=group.reach_px,
            distance_px=image.px(settings.grouping_distance_mm),
            settings=settings,
        )
        for group in described.groups
    )


def group_calcifications(
    image: PreparedImage,
    breast: BreastRegion,
    measured: tuple[MeasuredObject, ...],
    detections: Detections,
    *,
    settings: AnalysisSettings,
) -> tuple[Grouped, ...]:
    """Group calcifications that lie together.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        measured: The calcifications.
        detections: What their ``index`` counts.
        settings: Every number of the analysis.

    Returns:
        Groups in file pixels, best score first; their members count ``measured``.
    """
    points, scores, strengths = _weighed(image, measured, detections)
    return group(
        points,
        scores,
        strengths,
        distance_px=image.px(settings.grouping_distance_mm),
        min_count=settings.min_group_count,
        breast_area_px=breast.area_px,
        settings=settings,
    )


def _weighed(
    image: PreparedImage, measured: tuple[MeasuredObject, ...], detections: Detections
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """Places in file pixels, scores, and what neighbors add to them where the scores do not count them."""
    # in file pixels, unlike all else here: see image/findings.py
    points = [image.frame.to_file(calcification.row, calcification.column) for calcification in measured]
    # detections that were merged into a stronger object have no place in the group
    used = [calcification.index for calcification in measured]
    # a network has seen the neighbors: its scores need no support by them
    classified = detections.class_probabilities is not None
    return (
        np.array(points).reshape(-1, 2),
        detections.score[used].astype(np.float64),
        None if classified else detections.supported_strength[used].astype(np.float64),
    )


def prepare(
    mammogram: Mammogram, settings: AnalysisSettings
) -> tuple[PreparedImage, BreastRegion, frozenset[QualityFlag]]:
    """Prepare an image, find its breast and what is wrong with it.

    Args:
        mammogram: Gray levels and what the file says of them; not modified.
        settings: Every number of the analysis.

    Returns:
        The prepared image, its breast, and the flags of the file and the picture.
    """
    image = normalize(mammogram, settings=settings.normalize)
    breast = find_breast(image, settings=settings.breast)
    flags = quality_flags(image, breast, settings=settings.quality)
    return image, breast, frozenset(mammogram.description.flags) | flags
