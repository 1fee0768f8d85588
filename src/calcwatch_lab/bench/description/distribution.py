"""Distribution predicted on phantoms that trained nothing, through the whole analysis as a user gets it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.bench.description.morphology import Findings, pooled
from calcwatch_lab.bench.statistics.confusion import Classified
from calcwatch_lab.bench.truth.phantoms import analyze_view, mammogram_of
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.seeds import DISTRIBUTION_TEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcwatch.domain.findings import ImageFindings
    from calcwatch.phantom.truth import ImageTruth

_SHAPES = (
    Morphology.ROUND,
    Morphology.PUNCTATE,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_PLEOMORPHIC,
)  # plain to find: how faint ones are found is measured by the bench of detection
_LOOSE = (
    GroupPlan(Morphology.ROUND, Distribution.SINGLE),
    GroupPlan(Morphology.PUNCTATE, Distribution.SINGLE),
)  # beside the group
_VIEWS = (ViewPosition.CC, ViewPosition.MLO)  # by turns
_DRAWN_FROM = 60  # phantoms after these many are as they usually come
_DENSITY = (1.0, 1.4)  # of the group's calcifications, times the usual
_ON_IT_MM = 0.6  # a mark so near to a center is on the calcification
_LEAST_MEMBERS = 3  # of a planned group that can be missed


def measure_distributions(
    count: int, spacing_mm: float, *, workers: int | None = None, on_done: Callable[[int, int], None]
) -> Findings:
    """Analyze phantoms, by turns one of each distribution.

    Args:
        count: Number of phantoms.
        spacing_mm: Distance of two pixels.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of phantoms that are done and that of all.

    Returns:
        What :func:`compare_distributions` says, of all phantoms.

    Raises:
        TaskFailed: A phantom cannot be analyzed; the figures would be of others than stated.

    """
    job = partial(_measure_phantom, spacing_mm=spacing_mm)
    return pooled(run_tasks(job, DISTRIBUTION_TEST.take(count), workers=workers, on_done=on_done))


def _measure_phantom(seed: int, *, spacing_mm: float) -> Findings:
    image = make_examination(seed, settings=distribution_settings(seed, spacing_mm)).images[0]
    view = analyze_view(mammogram_of(image), image)
    return compare_distributions(view.truth, view.findings, spacing_mm=spacing_mm, name=str(seed))


def distribution_settings(seed: int, spacing_mm: float) -> PhantomSettings:
    """Settings of a phantom: a plain group of each distribution by turns, beside loose calcifications.

    Args:
        seed: Seed of the phantom, of those that test.
        spacing_mm: Distance of two pixels.

    Returns:
        The settings. The last seeds hold what phantoms usually hold: several groups or none, faint ones too.

    """
    view = _VIEWS[seed % len(_VIEWS)]
    place = seed - DISTRIBUTION_TEST.first
    if place >= _DRAWN_FROM:
        return PhantomSettings(views=(view,), pixel_spacing_mm=spacing_mm)
    rng = np.random.default_rng(seed)
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
    layout = DISTRIBUTION_CLASSES[place % len(DISTRIBUTION_CLASSES)]
    group = GroupPlan(shape, layout, density=float(rng.uniform(*_DENSITY)))
    return PhantomSettings(views=(view,), pixel_spacing_mm=spacing_mm, groups=(group, *_LOOSE))


def compare_distributions(
    truth: ImageTruth, findings: ImageFindings, *, spacing_mm: float, name: str
) -> Findings:
    """Hold predicted distributions against the truth: a found group is of the planned one of most members.

    Groups that are mostly of loose calcifications or of false positives have no true distribution and do not
    count; nor do planned ones of fewer than three.

    Args:
        truth: What is true of the image.
        findings: What was found.
        spacing_mm: Distance of two pixels.
        name: Name of the image.

    Returns:
        ``planned``: each planned group, by the found group that holds most of it. ``found``: each found group
        that is of a planned one. ``missed``: each planned group of which nothing was grouped.

    """
    group_of = _groups_of_marks(truth, findings, spacing_mm)
    planned = {group.id: group for group in truth.groups}
    predicted: dict[str, list[tuple[int, Distribution]]] = {}
    for group in findings.groups:
        # Loose calcifications and false positives count under the empty name, which is no planned group.
        best, held = Counter(group_of[member] for member in group.members).most_common(1)[0]
        if best in planned and group.distribution is not None:
            predicted.setdefault(best, []).append((held, group.distribution.likeliest))
    return {
        "planned": tuple(
            # A planned group that was found in pieces counts for its largest piece.
            Classified(planned[plan].distribution, max(own, key=lambda held: held[0])[1], name)
            for plan, own in predicted.items()
        ),
        "found": tuple(
            Classified(planned[plan].distribution, layout, name)
            for plan, own in predicted.items()
            for _, layout in own
        ),
        "missed": tuple(
            Classified(group.distribution, None, name)
            for group in truth.groups
            if group.id not in predicted and len(group.members) >= _LEAST_MEMBERS
        ),
    }


def _groups_of_marks(truth: ImageTruth, findings: ImageFindings, spacing_mm: float) -> dict[str, str]:
    """The planned group of the calcification that each mark is on, empty for a loose one and for none."""
    places = np.array([(true.row, true.column) for true in truth.calcifications]).reshape(-1, 2)
    group_of = {}
    for mark in findings.calcifications:
        away = np.hypot(*(places - (mark.row, mark.column)).T) * spacing_mm
        near = int(np.argmin(away)) if away.size else 0
        on_it = away.size > 0 and away[near] <= _ON_IT_MM
        group_of[mark.tracking_uid] = (truth.calcifications[near].group_id or "") if on_it else ""
    return group_of
