"""Shapes told on phantoms that trained nothing, through the whole analysis as a user gets it."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.models.learned import learned_describer, learned_detector
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.bench.detection.run import measured
from calcwatch_lab.bench.statistics.confusion import Answer
from calcwatch_lab.bench.truth.phantoms import Look, mammogram_of

if TYPE_CHECKING:
    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings
    from calcwatch.phantom.truth import CalcificationTruth

SHAPE_SEEDS = range(9500, 9700)
"""Seeds of the phantoms that shapes are measured on: nothing was trained or chosen on them."""

TOLD_SHAPES = tuple(shape for shape in Morphology if shape is not Morphology.MILK_OF_CALCIUM)
"""Shapes that a CC or MLO view can tell: sediment needs a true lateral."""

_LARGE = (Morphology.POPCORN, Morphology.RIM, Morphology.ROD, Morphology.SUTURE, Morphology.DYSTROPHIC)
_ON_IT_MM = 0.15
_OF_A_SCENE = 5


@dataclass(frozen=True)
class ShapeAnswers:
    """What was said of phantoms.

    ``groups``: of each found group of which at least half the members truly have one shape. ``each``: of each
    mark that is on a calcification. ``planned``: of each planned group or loose calcifications, by what holds
    most of it, so that what lies among others is judged by their shape. ``missed``: planned ones of which
    nothing was found.
    """

    groups: tuple[Answer, ...]
    each: tuple[Answer, ...]
    planned: tuple[Answer, ...]
    missed: int


def measure_shapes(
    count: int, spacing_mm: float, *, workers: int | None = None, on_done: Callable[[int, int], None]
) -> ShapeAnswers:
    """Analyze ``count`` phantoms of every shape with pixels ``spacing_mm`` apart.

    Raises ``RuntimeError`` when one cannot be analyzed: then the figures would be of others than stated.
    """
    seeds = list(SHAPE_SEEDS[:count])
    job = partial(_told_of_phantom, spacing_mm=spacing_mm)
    ordered = measured(job, seeds, workers=workers, on_done=on_done)
    return ShapeAnswers(
        groups=tuple(one for told in ordered for one in told.groups),
        each=tuple(one for told in ordered for one in told.each),
        planned=tuple(one for told in ordered for one in told.planned),
        missed=sum(told.missed for told in ordered),
    )


def _told_of_phantom(seed: int, *, spacing_mm: float) -> ShapeAnswers | str:
    cv2.setNumThreads(1)
    try:
        image = make_examination(seed, settings=_settings(seed, spacing_mm)).images[0]
        mammogram = mammogram_of(image, Look())
        description = replace(
            mammogram.description, view_position=image.view_position, image_laterality=image.laterality
        )
        findings = analyze_image(
            replace(mammogram, description=description),
            detector=learned_detector(),
            describer=learned_describer(),
        )
    except Exception:
        return traceback.format_exc()
    return compare_shapes(image.truth.calcifications, findings, spacing_mm=spacing_mm, name=str(seed))


def _settings(seed: int, spacing_mm: float) -> PhantomSettings:
    """Every shape equally often: five of them in a scene, two in three as a group or, if large, alone."""
    rng = np.random.default_rng([seed, 50])
    order = np.random.default_rng([seed // 3, 51]).permutation(len(TOLD_SHAPES))
    chosen = [TOLD_SHAPES[place] for place in order[_OF_A_SCENE * (seed % 3) :][:_OF_A_SCENE]]
    plans = tuple(GroupPlan(shape, _layout(rng, shape)) for shape in chosen)
    view = (ViewPosition.CC, ViewPosition.MLO)[seed % 2]
    return PhantomSettings(
        pixel_spacing_mm=spacing_mm, views=(view,), groups=plans, breast_density="abcd"[seed % 4]
    )


def _layout(rng: np.random.Generator, shape: Morphology) -> Distribution:
    if shape is Morphology.VASCULAR:
        return Distribution.LINEAR
    alone = 0.7 if shape in _LARGE else 0.25
    return Distribution.SINGLE if rng.random() < alone else Distribution.GROUPED


def compare_shapes(
    truth: Sequence[CalcificationTruth], findings: ImageFindings, *, spacing_mm: float, name: str
) -> ShapeAnswers:
    """Hold what was said against the truth; marks that are on no calcification do not count."""
    owner = _owners(truth, findings.calcifications, spacing_mm)
    planned = {_plan_of(one): one.morphology for one in truth}
    by_plan: dict[str, list[Calcification]] = {}
    for mark, one in owner:
        by_plan.setdefault(_plan_of(one), []).append(mark)
    return ShapeAnswers(
        groups=_of_groups(findings, {mark.tracking_uid: one.morphology for mark, one in owner}, name),
        each=tuple(Answer(one.morphology, _likeliest(mark), name) for mark, one in owner),
        planned=tuple(
            Answer(planned[plan], _said_of(marks, findings), name) for plan, marks in by_plan.items()
        ),
        missed=len(planned) - len(by_plan),
    )


def _plan_of(one: CalcificationTruth) -> str:
    return one.id.rpartition("-")[0]


def _of_groups(findings: ImageFindings, true: dict[str, Morphology], name: str) -> tuple[Answer, ...]:
    told = []
    for group in findings.groups:
        shape, count = Counter(true.get(uid) for uid in group.members).most_common(1)[0]
        if shape is not None and 2 * count >= len(group.members):
            told.append(Answer(shape, _likeliest(group), name))
    return tuple(told)


def _said_of(marks: Sequence[Calcification], findings: ImageFindings) -> str | None:
    """What the group says that holds most of these marks; where none is grouped, their commonest shape."""
    uids = {mark.tracking_uid for mark in marks}
    groups = [group for group in findings.groups if uids & set(group.members)]
    if groups:
        return _likeliest(max(groups, key=lambda group: len(uids & set(group.members))))
    return Counter(_likeliest(mark) for mark in marks).most_common(1)[0][0]


def _likeliest(found: Calcification | CalcificationGroup) -> str | None:
    return found.morphology.likeliest if found.morphology else None


def _owners(
    truth: Sequence[CalcificationTruth], marks: Sequence[Calcification], spacing_mm: float
) -> list[tuple[Calcification, CalcificationTruth]]:
    """Each mark that lies on a true calcification, with the nearest such."""
    if not truth:
        return []
    centers = np.array([(one.row, one.column) for one in truth])
    pairs = []
    for mark in marks:
        for place in np.argsort(np.hypot(*(centers - (mark.row, mark.column)).T), kind="stable")[:8]:
            outline = np.array(truth[place].outline, np.float32)
            away = cv2.pointPolygonTest(outline, (mark.row, mark.column), measureDist=True)
            if away >= -_ON_IT_MM / spacing_mm:
                pairs.append((mark, truth[place]))
                break
    return pairs
