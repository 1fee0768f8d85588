"""One image, one detector: what it found against what is true, in numbers small enough to keep them all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.detections import kept
from calcwatch.image.settings import AnalysisSettings
from calcwatch_lab.bench.detection.worst import Odd, odd_answer, odd_marks, odd_misses
from calcwatch_lab.bench.statistics.fate import Fate, Swept
from calcwatch_lab.bench.statistics.matching import NOBODY, Places, assign, possible_hits, within
from calcwatch_lab.bench.statistics.outlines import OutlineFigures, judge_outlines
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
"""Most marks of an image that are followed, the most believable; no curve goes so far."""

GROUP_MEMBERS_FROM = 0.2
"""Groups are also made of marks down to this score, since those reported are too few for a whole curve."""

SMALLEST_CIRCLE_MM = 5.0
"""Circles round true groups are taken to be at least this large: a reader looks no closer."""

GROUP_COUNT = 3
"""Calcifications a true group has at least."""

_MEMBERS_FOUND = 2


@dataclass(frozen=True)
class LookalikeFate:
    """One true look-alike: whether it was named as one, and whether a calcification was reported there."""

    kind: str
    named: bool
    called: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """One image judged. ``marks``: against the true calcifications, which follow in the same order.

    ``detectability`` and ``names`` of these, infinite and ``""`` where unknown; ``apart_px``: from the center
    of each to the nearest other. ``groups``:
    as reported; ``loose_groups``: made of marks down to ``GROUP_MEMBERS_FROM``. ``highest``: highest score of
    all marks. ``reported``: number of calcifications reported, ``unseen`` those not at a place where somebody
    saw one; ``told``: the reported ones as ``marks`` are. ``odd``: the worst misses and false
    marks. ``None``: cannot be told from this truth.
    """

    breast_cm2: float
    highest: float
    reported: int
    unseen: int
    positive: bool | None
    corrected: bool | None
    marks: Swept | None = None
    told: Swept | None = None
    groups: Swept | None = None
    loose_groups: Swept | None = None
    counts_false_groups: bool = False
    detectability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    apart_px: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    names: tuple[str, ...] = ()
    outlines: OutlineFigures | None = None
    lookalikes: tuple[LookalikeFate, ...] = ()
    odd: tuple[Odd, ...] = ()


def judge(mammogram: Mammogram, truth: Truth, detector: Detector) -> Judged:
    """Analyze one image and judge the answer.

    Raises ``UnsuitableImage`` when the image cannot be analyzed, ``ValueError`` when its spacing is unknown.
    """
    spacing = mammogram.description.pixel_spacing
    if spacing is None:
        raise ValueError(f"{mammogram.description.source}: its pixel spacing is unknown")
    once = _remembering(detector)
    low, loose, reported = (
        analyze_image(mammogram, settings=AnalysisSettings(score_threshold=score), detector=once)
        for score in (LOWEST_SCORE, GROUP_MEMBERS_FROM, AnalysisSettings().score_threshold)
    )
    judged = _judge_image(low, reported, truth, spacing.mm)
    if truth.located:
        judged = _judge_marks(judged, low, reported, truth, mm=spacing.mm)
    else:
        judged = replace(judged, odd=tuple(odd_answer(reported.calcifications, judged.highest, truth)))
    if truth.grouped:
        judged = replace(
            judged,
            groups=judge_groups(reported, truth, spacing_mm=spacing.mm),
            loose_groups=judge_groups(loose, truth, spacing_mm=spacing.mm),
            counts_false_groups=truth.located or not truth.positive,
        )
    return judged


def _remembering(detector: Detector) -> Detector:
    """Return the detector's ``MOST_MARKS`` best, from memory from the second call on: the image is one."""
    answer: list[Detections] = []

    def once(image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings) -> Detections:
        if not answer:
            found = detector(image, breast, settings)
            answer.append(kept(found, np.arange(found.score.size) < MOST_MARKS))
        return answer[0]

    return once


def places(found: Sequence[Calcification]) -> Places:
    """Where marks lie, with their outlines."""
    return Places.of([(mark.row, mark.column, mark.outline) for mark in found])


def true_places(truth: Truth) -> Places:
    """Where the true calcifications lie, with their outlines."""
    return Places.of([(one.row, one.column, one.outline) for one in truth.calcifications])


def _judge_image(low: ImageFindings, reported: ImageFindings, truth: Truth, mm: float) -> Judged:
    found = places(reported.calcifications)
    seen = np.array(truth.seen, np.float64).reshape(-1, 3)
    away = np.hypot(*(found.points[:, None] - seen[None, :, :2]).transpose(2, 0, 1)) * mm
    return Judged(
        breast_cm2=low.breast_area_cm2 or 0.0,
        highest=max((mark.score for mark in low.calcifications), default=0.0),
        reported=len(found),
        unseen=int((away > seen[:, 2]).all(axis=1).sum()),
        positive=truth.positive,
        corrected=truth.corrected,
    )


def _judge_marks(
    judged: Judged, low: ImageFindings, reported: ImageFindings, truth: Truth, *, mm: float
) -> Judged:
    strength = [np.inf if c.detectability is None else c.detectability for c in truth.calcifications]
    marks = judge_marks(low.calcifications, truth, spacing_mm=mm)
    told = judge_marks(reported.calcifications, truth, spacing_mm=mm)
    return replace(
        judged,
        marks=marks,
        told=told,
        odd=(*odd_marks(low.calcifications, marks), *odd_misses(truth, told)),
        detectability=np.array(strength, np.float64),
        apart_px=_apart(true_places(truth).points),
        names=tuple(one.name for one in truth.calcifications),
        outlines=judge_outlines(reported.calcifications, truth, spacing_mm=mm),
        lookalikes=judge_lookalikes(reported, truth, spacing_mm=mm),
    )


def _apart(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point from the nearest other, infinite where there is none."""
    if len(points) < 2:
        return np.full(len(points), np.inf)
    return np.asarray(cKDTree(points).query(points, 2)[0][:, 1])


def judge_marks(found: Sequence[Calcification], truth: Truth, *, spacing_mm: float) -> Swept:
    """Match marks with the true calcifications, one to one."""
    marks, truths = places(found), true_places(truth)
    scores = np.array([mark.score for mark in found], np.float64)
    hit = assign(possible_hits(marks, truths, spacing_mm=spacing_mm), scores)
    fate = np.full(len(marks), Fate.FALSE, np.int8)
    regions = (
        (Fate.LOOKALIKE, _lookalike_places(truth)),
        (Fate.AGAIN, truths),
        (Fate.IGNORED, Places(np.zeros((0, 2)), truth.ignored)),
    )
    for kind, region in regions:
        fate[within(marks.points, region, spacing_mm=spacing_mm)] = kind
    fate[hit != NOBODY] = Fate.HIT
    true_scores = np.full(len(truths), -1.0)
    true_scores[hit[hit != NOBODY]] = scores[hit != NOBODY]
    return Swept(scores, fate, true_scores)


def judge_groups(findings: ImageFindings, truth: Truth, *, spacing_mm: float) -> Swept:
    """Match found groups with true ones.

    A group hits when its center lies in the circle of a true group (at least ``SMALLEST_CIRCLE_MM``) and,
    where that one's members are known, two of them are among its own. Any other group is false, but for
    those that consist of real calcifications (three at least) or lie where only circles are known.
    """
    real = _real_members(findings, truth, spacing_mm)
    score, fate = [], []
    best = np.full(len(truth.groups), -1.0)
    for found in findings.groups:
        members = [real[uid] for uid in found.members if uid in real]
        hits = _groups_hit(found, members, truth, spacing_mm)
        best[hits] = np.maximum(best[hits], found.score)
        unclear = len(members) >= GROUP_COUNT or bool(truth.groups and not truth.located)
        score.append(found.score)
        fate.append(Fate.HIT if hits else Fate.IGNORED if unclear else Fate.FALSE)
    kept = [is_group(truth, number) for number in range(len(truth.groups))]
    return Swept(np.array(score, np.float64), np.array(fate, np.int8), best[np.array(kept, bool)])


def is_group(truth: Truth, number: int) -> bool:
    """Whether a true group counts: a circle alone does, else three of its members must be visible."""
    group = truth.groups[number]
    visible = [truth.calcifications[member].detectability for member in group.members]
    return not visible or sum(strength is None or strength >= ROSE for strength in visible) >= GROUP_COUNT


def judge_lookalikes(
    findings: ImageFindings, truth: Truth, *, spacing_mm: float
) -> tuple[LookalikeFate, ...]:
    """Tell for each true look-alike whether it was named, and whether calcifications were seen in it."""
    named = np.array([(thing.row, thing.column) for thing in findings.non_lesions], np.float64).reshape(-1, 2)
    marks = places(findings.calcifications)
    hit = assign(possible_hits(marks, true_places(truth), spacing_mm=spacing_mm), np.ones(len(marks)))
    loose = marks.points[hit == NOBODY]
    fates = []
    for thing in truth.non_lesions:
        region = Places(np.array(thing.points, np.float64).reshape(-1, 2), (thing.outline,))
        called = within(loose, region, spacing_mm=spacing_mm).any()
        fates.append(
            LookalikeFate(thing.kind, _is_named(thing.outline, named, findings, region), bool(called))
        )
    return tuple(fates)


def _is_named(
    outline: Sequence[tuple[float, float]],
    named: NDArray[np.float64],
    findings: ImageFindings,
    region: Places,
) -> bool:
    """Whether a named thing's center lies in this one, or this one's center in a named thing's outline."""
    inside = within(named, region, spacing_mm=0.35)  # within a pixel of its points
    others = Places(np.zeros((0, 2)), tuple(thing.outline for thing in findings.non_lesions))
    return bool(inside.any()) or bool(within(region.points, others, spacing_mm=0.35).any())


def _groups_hit(
    found: CalcificationGroup, members: Sequence[int], truth: Truth, spacing_mm: float
) -> list[int]:
    hits = []
    for number, group in enumerate(truth.groups):
        radius = max(group.radius_mm, SMALLEST_CIRCLE_MM) / spacing_mm
        near = np.hypot(found.row - group.row, found.column - group.column) <= radius
        enough = not group.members or len(set(members) & set(group.members)) >= _MEMBERS_FOUND
        if near and enough:
            hits.append(number)
    return hits


def _real_members(findings: ImageFindings, truth: Truth, mm: float) -> dict[str, int]:
    """Number of the true calcification that each reported one hits, by its identifier."""
    marks = places(findings.calcifications)
    scores = np.array([mark.score for mark in findings.calcifications], np.float64)
    hit = assign(possible_hits(marks, true_places(truth), spacing_mm=mm), scores)
    return {
        mark.tracking_uid: int(number)
        for mark, number in zip(findings.calcifications, hit, strict=True)
        if number != NOBODY
    }


def _lookalike_places(truth: Truth) -> Places:
    points = [point for thing in truth.non_lesions for point in thing.points]
    return Places(
        np.array(points, np.float64).reshape(-1, 2), tuple(thing.outline for thing in truth.non_lesions)
    )
