"""Morphology predicted on phantoms that trained nothing, through the whole analysis as a user gets it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.shapes import LARGE
from calcwatch_lab.bench.statistics.confusion import Classified
from calcwatch_lab.bench.truth.phantoms import analyze_view, mammogram_of, with_view
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.seeds import SHAPE_ORDER_STREAM, SHAPE_TEST, SHAPE_TEST_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings
    from calcwatch.phantom.truth import CalcificationTruth

TELLABLE_SHAPES = tuple(shape for shape in MORPHOLOGY_CLASSES if shape is not Morphology.MILK_OF_CALCIUM)
"""Shapes that a CC or MLO view can tell: sediment needs a true lateral."""

Findings = dict[str, tuple[Classified, ...]]
"""Classified findings by what they are of."""

_ON_IT_MM = 0.15  # a mark so near to an outline is on the calcification
_NEAREST = 8  # calcifications that a mark is tried on
_OF_A_PHANTOM, _A_ROUND = 5, 3  # shapes that one phantom holds; phantoms that hold all of them
_ALONE_CHANCE, _LARGE_ALONE_CHANCE = 0.25, 0.7  # that a shape lies alone; large ones mostly do


def measure_shapes(
    count: int, spacing_mm: float, *, workers: int | None = None, on_done: Callable[[int, int], None]
) -> Findings:
    """Analyze phantoms of every shape.

    Args:
        count: Number of phantoms.
        spacing_mm: Distance of two pixels.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of phantoms that are done and that of all.

    Returns:
        What :func:`compare_shapes` says, of all phantoms.

    Raises:
        TaskFailed: A phantom cannot be analyzed; the figures would be of others than stated.

    """
    job = partial(_measure_phantom, spacing_mm=spacing_mm)
    return pooled(run_tasks(job, SHAPE_TEST.take(count), workers=workers, on_done=on_done))


def pooled(parts: Sequence[Findings]) -> Findings:
    """Pool the findings of phantoms.

    Args:
        parts: Findings of each phantom, all with the same keys.

    Returns:
        All of them.

    """
    return {name: tuple(finding for part in parts for finding in part[name]) for name in parts[0]}


def _measure_phantom(seed: int, *, spacing_mm: float) -> Findings:
    image = make_examination(seed, settings=_settings(seed, spacing_mm)).images[0]
    view = analyze_view(with_view(mammogram_of(image), image), image)
    return compare_shapes(view.truth.calcifications, view.findings, spacing_mm=spacing_mm, name=str(seed))


def _settings(seed: int, spacing_mm: float) -> PhantomSettings:
    """Every shape equally often: three phantoms in a row share all shapes, five each."""
    rng = np.random.default_rng([seed, SHAPE_TEST_STREAM])
    # The order belongs to the three together, so that they share out all shapes without repeating any.
    trio, place_in_trio = divmod(seed, _A_ROUND)
    order = np.random.default_rng([trio, SHAPE_ORDER_STREAM]).permutation(len(TELLABLE_SHAPES))
    own = order[_OF_A_PHANTOM * place_in_trio :][:_OF_A_PHANTOM]
    chosen = [TELLABLE_SHAPES[place] for place in own]
    plans = tuple(GroupPlan(shape, _layout(rng, shape)) for shape in chosen)
    view = (ViewPosition.CC, ViewPosition.MLO)[seed % 2]
    return PhantomSettings(
        pixel_spacing_mm=spacing_mm, views=(view,), groups=plans, breast_density="abcd"[seed % 4]
    )


def _layout(rng: np.random.Generator, shape: Morphology) -> Distribution:
    if shape is Morphology.VASCULAR:
        return Distribution.LINEAR
    alone = _LARGE_ALONE_CHANCE if shape in LARGE else _ALONE_CHANCE
    return Distribution.SINGLE if rng.random() < alone else Distribution.GROUPED


def compare_shapes(
    truth: Sequence[CalcificationTruth], findings: ImageFindings, *, spacing_mm: float, name: str
) -> Findings:
    """Hold predicted shapes against the truth; marks that are on no calcification do not count.

    Args:
        truth: The true calcifications.
        findings: What was found.
        spacing_mm: Distance of two pixels.
        name: Name of the image.

    Returns:
        ``groups``: each found group of which at least half the members truly have one shape.
        ``calcifications``: each mark that is on a calcification. ``planned``: each planned group or loose
        calcifications, by what holds most of it, so that what lies among others is judged by their shape.
        ``missed``: those planned of which nothing was found.

    """
    on = _calcifications_of(truth, findings.calcifications, spacing_mm)
    planned = {_plan_of(true): true.morphology for true in truth}
    by_plan: dict[str, list[Calcification]] = {}
    for mark, true in on:
        by_plan.setdefault(_plan_of(true), []).append(mark)
    return {
        "groups": _of_groups(findings, {mark.tracking_uid: true.morphology for mark, true in on}, name),
        "calcifications": tuple(Classified(true.morphology, _likeliest(mark), name) for mark, true in on),
        "planned": tuple(
            Classified(planned[plan], _of_plan(marks, findings), name) for plan, marks in by_plan.items()
        ),
        "missed": tuple(
            Classified(shape, None, name) for plan, shape in planned.items() if plan not in by_plan
        ),
    }


def _plan_of(true: CalcificationTruth) -> str:
    """Name of the planned group, loose calcifications of one plan included."""
    return true.id.rpartition("-")[0]


def _of_groups(findings: ImageFindings, true: dict[str, Morphology], name: str) -> tuple[Classified, ...]:
    classified = []
    for group in findings.groups:
        # None counts too: a group that is mostly false marks has no true shape.
        shape, count = Counter(true.get(uid) for uid in group.members).most_common(1)[0]
        if shape is not None and 2 * count >= len(group.members):
            classified.append(Classified(shape, _likeliest(group), name))
    return tuple(classified)


def _of_plan(marks: Sequence[Calcification], findings: ImageFindings) -> str | None:
    """Shape of the group that holds most of these marks; where none is grouped, their commonest shape."""
    uids = {mark.tracking_uid for mark in marks}
    groups = [group for group in findings.groups if uids & set(group.members)]
    if groups:
        return _likeliest(max(groups, key=lambda group: len(uids & set(group.members))))
    return Counter(_likeliest(mark) for mark in marks).most_common(1)[0][0]


def _likeliest(found: Calcification | CalcificationGroup) -> str | None:
    return found.morphology.likeliest if found.morphology else None


def _calcifications_of(
    truth: Sequence[CalcificationTruth], marks: Sequence[Calcification], spacing_mm: float
) -> list[tuple[Calcification, CalcificationTruth]]:
    """Each mark that lies on a true calcification, with the nearest such."""
    if not truth:
        return []
    centers = np.array([(true.row, true.column) for true in truth])
    pairs = []
    for mark in marks:
        away = np.hypot(*(centers - (mark.row, mark.column)).T)
        for place in np.argsort(away, kind="stable")[:_NEAREST]:
            outline = np.array(truth[place].outline, np.float32)
            inside_px = cv2.pointPolygonTest(outline, (mark.row, mark.column), measureDist=True)
            if inside_px >= -_ON_IT_MM / spacing_mm:
                pairs.append((mark, truth[place]))
                break
    return pairs
