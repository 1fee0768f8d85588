"""One image, one detector: what it found against what is true, in numbers small enough to keep them all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.detections import kept
from calcwatch.image.settings import AnalysisSettings
from calcwatch_lab.bench.detection.mistakes import Mistake, false_positives, image_mistakes, misses
from calcwatch_lab.bench.statistics.froc import NEVER
from calcwatch_lab.bench.statistics.matching import (
    UNMATCHED,
    MarkClass,
    Places,
    ScoredMarks,
    match,
    possible_matches,
    within,
)
from calcwatch_lab.bench.statistics.overlap import area_px, covered, intersection_over_union, overlap
from calcwatch_lab.bench.truth.truth import ROSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings
    from calcwatch.domain.image import Mammogram
    from calcwatch.image.find.detections import Detections, Detector
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch_lab.bench.truth.truth import Truth

LOWEST_SCORE = 0.02
"""Marks are followed down to this score; below it a curve ends."""

MOST_MARKS = 1000
"""Most marks of an image that are followed, those of the highest scores; no curve goes so far."""

GROUP_MEMBERS_FROM = 0.2
"""Groups are also made of marks down to this score, since those reported are too few for a whole curve."""

SMALLEST_CIRCLE_MM = 5.0
"""Circles round true groups are taken to be at least this large in radius: a reader looks no closer."""

GROUP_COUNT = 3
"""Calcifications a true group has at least."""

_MEMBERS_FOUND = 2  # of a true group whose members are known, in a group that hits it
_ANY_SPACING_MM = 0.35  # stands for the spacing where a distance of one pixel is asked for
_SMALLEST_OUTLINE_PX = 1.0  # outlines of less area say nothing about how well they are drawn
_FOREGROUND_STEPS = 4  # cells a pixel, in each direction, for the foreground of a whole image


class LookalikeResult(NamedTuple):
    """What became of one true look-alike.

    Attributes:
        kind: What it is, a value of ``NonLesionKind``.
        named: Whether it was named as what is no calcification.
        called: Whether a calcification was reported there.

    """

    kind: str
    named: bool
    called: bool


class OutlineOverlaps(NamedTuple):
    """How well the outlines of an image are drawn, as intersection over union.

    Attributes:
        overlap: Of each true calcification larger than a pixel; 0 where it was not found.
        matched: Whether each was found.
        foreground: Of everything in the image; ``nan`` where no outline is true.

    """

    overlap: NDArray[np.float64]
    matched: NDArray[np.bool_]
    foreground: float


@dataclass(frozen=True, eq=False, kw_only=True)
class EvaluatedImage:
    """One image after one detector, held against the truth; ``None``: the truth does not tell.

    Attributes:
        patient: Whom it shows.
        breast_cm2: Area of the breast as the analysis finds it, which false positives are counted on.
        highest: Highest score of all marks.
        reported_count: Number of calcifications that are reported.
        unseen_count: Those of them that are not at a place where somebody saw one.
        positive: Whether the image shows a calcification.
        corrected: The same by its corrected label.
        marks: All marks down to ``LOWEST_SCORE``.
        reported: The reported marks alone.
        groups: Groups as reported.
        loose_groups: Groups made of marks down to ``GROUP_MEMBERS_FROM``.
        counts_false_groups: Whether a group that hits nothing is surely false here.
        detectability: Of each true calcification, in the order of the truth; infinite where unknown.
        apart_px: Distance of each from the nearest other, infinite where there is none.
        names: Its name in all images of one arrangement.
        outlines: How well outlines are drawn.
        lookalikes: What became of each look-alike.
        mistakes: The worst misses and false positives.

    """

    patient: str
    breast_cm2: float
    highest: float
    reported_count: int
    unseen_count: int
    positive: bool | None
    corrected: bool | None
    marks: ScoredMarks | None = None
    reported: ScoredMarks | None = None
    groups: ScoredMarks | None = None
    loose_groups: ScoredMarks | None = None
    counts_false_groups: bool = False
    detectability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    apart_px: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    names: tuple[str, ...] = ()
    outlines: OutlineOverlaps | None = None
    lookalikes: tuple[LookalikeResult, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def evaluate(mammogram: Mammogram, truth: Truth, detector: Detector, *, patient: str = "") -> EvaluatedImage:
    """Analyze one image and hold the answer against the truth.

    Args:
        mammogram: The image; its spacing must be known.
        truth: What is true of it.
        detector: What finds candidates in it.
        patient: Whom it shows.

    Returns:
        Everything that this truth can tell.

    Raises:
        UnsuitableImage: The image cannot be analyzed.
        ValueError: Its spacing is not known.

    """
    spacing = mammogram.description.pixel_spacing
    if spacing is None:
        raise ValueError(f"{mammogram.description.source}: its pixel spacing is unknown")
    # Three analyses differ in their threshold alone; the detector, the slow part, runs once.
    once = _remembering(detector)
    low, loose, reported = (
        analyze_image(mammogram, settings=AnalysisSettings(score_threshold=score), detector=once)
        for score in (LOWEST_SCORE, GROUP_MEMBERS_FROM, AnalysisSettings().score_threshold)
    )
    image = _evaluate_image(low, reported, truth, spacing.mm, patient)
    if truth.located:
        image = _evaluate_marks(image, low, reported, truth, mm=spacing.mm)
    else:
        contradictions = image_mistakes(reported.calcifications, image.highest, truth)
        image = replace(image, mistakes=tuple(contradictions))
    if truth.grouped:
        image = replace(
            image,
            groups=match_groups(reported, truth, spacing_mm=spacing.mm),
            loose_groups=match_groups(loose, truth, spacing_mm=spacing.mm),
            counts_false_groups=truth.located or not truth.positive,
        )
    return image


def _remembering(detector: Detector) -> Detector:
    """The detector's ``MOST_MARKS`` best, from memory from the second call on: the image is the same."""
    answer: list[Detections] = []

    def once(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
        if not answer:
            found = detector(image, breast, settings)
            answer.append(kept(found, np.arange(found.score.size) < MOST_MARKS))
        return answer[0]

    return once


def places_of(marks: Sequence[Calcification]) -> Places:
    """Collect where marks lie.

    Args:
        marks: Marks in pixels of the file.

    Returns:
        Their centers and outlines.

    """
    return Places.of([(mark.row, mark.column, mark.outline) for mark in marks])


def true_places(truth: Truth) -> Places:
    """Collect where the true calcifications lie.

    Args:
        truth: What is true of an image.

    Returns:
        Their centers and outlines.

    """
    return Places.of([(true.row, true.column, true.outline) for true in truth.calcifications])


def _scores(marks: Sequence[Calcification]) -> NDArray[np.float64]:
    return np.array([mark.score for mark in marks], np.float64)


def _match(marks: Sequence[Calcification], truth: Truth, mm: float) -> NDArray[np.intp]:
    """Number of the true calcification that each mark matches, ``UNMATCHED`` for the others."""
    return match(possible_matches(places_of(marks), true_places(truth), spacing_mm=mm), _scores(marks))


def _evaluate_image(
    low: ImageFindings, reported: ImageFindings, truth: Truth, mm: float, patient: str
) -> EvaluatedImage:
    marks = places_of(reported.calcifications)
    seen = np.array(truth.seen, np.float64).reshape(-1, 3)
    away = np.hypot(*(marks.points[:, None] - seen[None, :, :2]).transpose(2, 0, 1)) * mm
    return EvaluatedImage(
        patient=patient,
        breast_cm2=low.breast_area_cm2 or 0.0,
        highest=max((mark.score for mark in low.calcifications), default=0.0),
        reported_count=len(marks),
        unseen_count=int((away > seen[:, 2]).all(axis=1).sum()),
        positive=truth.positive,
        corrected=truth.corrected,
    )


def _evaluate_marks(
    image: EvaluatedImage, low: ImageFindings, reported: ImageFindings, truth: Truth, *, mm: float
) -> EvaluatedImage:
    # Unknown counts as plain: it is never left out of those that can be seen.
    strength = [np.inf if true.detectability is None else true.detectability for true in truth.calcifications]
    marks = match_marks(low.calcifications, truth, spacing_mm=mm)
    as_reported = match_marks(reported.calcifications, truth, spacing_mm=mm)
    return replace(
        image,
        marks=marks,
        reported=as_reported,
        mistakes=(*false_positives(low.calcifications, marks), *misses(truth, as_reported)),
        detectability=np.array(strength, np.float64),
        apart_px=_apart(true_places(truth).points),
        names=tuple(true.name for true in truth.calcifications),
        outlines=compare_outlines(reported.calcifications, truth, spacing_mm=mm),
        lookalikes=tuple(find_lookalikes(reported, truth, spacing_mm=mm)),
    )


def _apart(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point from the nearest other, infinite where there is none."""
    if len(points) < 2:
        return np.full(len(points), np.inf)
    return np.asarray(cKDTree(points).query(points, 2)[0][:, 1])


def match_marks(marks: Sequence[Calcification], truth: Truth, *, spacing_mm: float) -> ScoredMarks:
    """Hold marks against the true calcifications, one to one.

    Args:
        marks: Marks in pixels of the file.
        truth: What is true of the image.
        spacing_mm: Distance of two pixels.

    Returns:
        The marks with their class.

    """
    places, scores = places_of(marks), _scores(marks)
    matched = _match(marks, truth, spacing_mm)
    mark_class = np.full(len(places), MarkClass.FALSE_POSITIVE, np.int8)
    lookalike_points = [point for non_lesion in truth.non_lesions for point in non_lesion.points]
    lookalikes = Places(
        np.array(lookalike_points, np.float64).reshape(-1, 2),
        tuple(non_lesion.outline for non_lesion in truth.non_lesions),
    )
    regions = (
        (MarkClass.LOOKALIKE, lookalikes),
        (MarkClass.DUPLICATE, true_places(truth)),
        (MarkClass.IGNORED, Places(np.zeros((0, 2)), truth.ignored)),
    )
    # Later ones win: what nobody can judge is neither a duplicate nor false.
    for kind, region in regions:
        mark_class[within(places.points, region, spacing_mm=spacing_mm)] = kind
    # Last, since a match is one whatever else it lies on.
    mark_class[matched != UNMATCHED] = MarkClass.MATCHED
    true_scores = np.full(len(truth.calcifications), NEVER)
    true_scores[matched[matched != UNMATCHED]] = scores[matched != UNMATCHED]
    return ScoredMarks(scores, mark_class, true_scores)


def match_groups(findings: ImageFindings, truth: Truth, *, spacing_mm: float) -> ScoredMarks:
    """Hold found groups against true ones.

    A group matches when its center lies in the circle of a true group (at least ``SMALLEST_CIRCLE_MM``) and,
    where that one's members are known, two of them are among its own. Any other group is false, but for
    those that consist of real calcifications (three at least) or lie where only circles are known.

    Args:
        findings: What was found in the image.
        truth: What is true of it.
        spacing_mm: Distance of two pixels.

    Returns:
        The groups with their class; true groups that do not count (:func:`is_group`) have no score.

    """
    marks = findings.calcifications
    real = {
        mark.tracking_uid: int(number)
        for mark, number in zip(marks, _match(marks, truth, spacing_mm), strict=True)
        if number != UNMATCHED
    }
    scores, classes = [], []
    best = np.full(len(truth.groups), NEVER)
    for group in findings.groups:
        members = [real[uid] for uid in group.members if uid in real]
        matched = _groups_matched(group, members, truth, spacing_mm)
        best[matched] = np.maximum(best[matched], group.score)
        # Real calcifications that nobody planned as a group may still lie like a group: not false.
        unclear = len(members) >= GROUP_COUNT or bool(truth.groups and not truth.located)
        other = MarkClass.IGNORED if unclear else MarkClass.FALSE_POSITIVE
        scores.append(group.score)
        classes.append(MarkClass.MATCHED if matched else other)
    counts = np.array([is_group(truth, number) for number in range(len(truth.groups))], bool)
    return ScoredMarks(np.array(scores, np.float64), np.array(classes, np.int8), best[counts])


def is_group(truth: Truth, number: int) -> bool:
    """Tell whether a true group counts.

    Args:
        truth: What is true of an image.
        number: Number of the group.

    Returns:
        Whether it is a circle alone, or three of its members are visible.

    """
    group = truth.groups[number]
    visible = [truth.calcifications[member].detectability for member in group.members]
    return not visible or sum(strength is None or strength >= ROSE for strength in visible) >= GROUP_COUNT


def _groups_matched(
    group: CalcificationGroup, members: Sequence[int], truth: Truth, spacing_mm: float
) -> list[int]:
    matched = []
    for number, true in enumerate(truth.groups):
        radius = max(true.radius_mm, SMALLEST_CIRCLE_MM) / spacing_mm
        near = np.hypot(group.row - true.row, group.column - true.column) <= radius
        enough = not true.members or len(set(members) & set(true.members)) >= _MEMBERS_FOUND
        if near and enough:
            matched.append(number)
    return matched


def find_lookalikes(findings: ImageFindings, truth: Truth, *, spacing_mm: float) -> list[LookalikeResult]:
    """Tell what became of each true look-alike.

    Args:
        findings: What was found in the image.
        truth: What is true of it.
        spacing_mm: Distance of two pixels.

    Returns:
        One result a look-alike, in the order of the truth.

    """
    marks = places_of(findings.calcifications)
    pairs = possible_matches(marks, true_places(truth), spacing_mm=spacing_mm)
    # A mark that matches a true calcification beside a clip does not call the clip one.
    unmatched = marks.points[match(pairs, np.ones(len(marks))) == UNMATCHED]
    results = []
    for non_lesion in truth.non_lesions:
        region = Places(np.array(non_lesion.points, np.float64).reshape(-1, 2), (non_lesion.outline,))
        called = bool(within(unmatched, region, spacing_mm=spacing_mm).any())
        results.append(LookalikeResult(non_lesion.kind, _is_named(region, findings), called))
    return results


def _is_named(region: Places, findings: ImageFindings) -> bool:
    """Whether a named thing's center lies in the region, or the region's points in its outline."""
    named = [(found.row, found.column) for found in findings.non_lesions]
    centers = np.array(named, np.float64).reshape(-1, 2)
    outlines = Places(np.zeros((0, 2)), tuple(found.outline for found in findings.non_lesions))
    return bool(
        within(centers, region, spacing_mm=_ANY_SPACING_MM).any()
        or within(region.points, outlines, spacing_mm=_ANY_SPACING_MM).any()
    )


def compare_outlines(marks: Sequence[Calcification], truth: Truth, *, spacing_mm: float) -> OutlineOverlaps:
    """Compare the outlines of what is reported with the true ones.

    Args:
        marks: The reported marks.
        truth: What is true of the image.
        spacing_mm: Distance of two pixels.

    Returns:
        The overlap of each true calcification larger than a pixel, and of the whole foreground.

    """
    matched = _match(marks, truth, spacing_mm)
    drawn = {int(n): marks[mark].outline for mark, n in enumerate(matched) if n != UNMATCHED}
    outlines = true_places(truth).outlines
    known = [n for n, outline in enumerate(outlines) if area_px(outline) > _SMALLEST_OUTLINE_PX]
    foreground = float("nan")
    if any(outlines):
        foreground = intersection_over_union(
            covered(places_of(marks).outlines, _FOREGROUND_STEPS), covered(outlines, _FOREGROUND_STEPS)
        )
    return OutlineOverlaps(
        np.array([overlap(outlines[n], drawn.get(n, ())) for n in known], np.float64),
        np.array([n in drawn for n in known], bool),
        foreground,
    )
