"""Distributions told on phantoms that trained nothing, through the whole analysis as a user gets it."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.describe.distribution import DISTRIBUTION_CLASSES
from calcwatch.models.learned import learned_describer, learned_detector
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch_lab.bench.detection.run import measured
from calcwatch_lab.bench.statistics.confusion import Answer
from calcwatch_lab.bench.truth.phantoms import Look, mammogram_of

if TYPE_CHECKING:
    from calcwatch.domain.findings import ImageFindings
    from calcwatch.phantom.truth import ImageTruth

DISTRIBUTION_SEEDS = range(9800, 9900)
"""Seeds of the phantoms that distributions are measured on: nothing was trained or chosen on them."""

_SHAPES = (
    Morphology.ROUND,
    Morphology.PUNCTATE,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_PLEOMORPHIC,
)
_LOOSE = (
    GroupPlan(Morphology.ROUND, Distribution.SINGLE),
    GroupPlan(Morphology.PUNCTATE, Distribution.SINGLE),
)
_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
_DRAWN_FROM = 60  # the seeds after these many hold scenes as phantoms usually have them
_ON_IT_MM = 0.6
_LEAST_MEMBERS = 3


@dataclass(frozen=True)
class DistributionAnswers:
    """What was said of phantoms.

    ``findings``: one a planned group, said by the found group that holds most of it. ``fragments``: one a
    found group that is of a planned one. ``missed``: one a planned group of three and more of which nothing
    was grouped, as "cannot tell".
    """

    findings: tuple[Answer, ...]
    fragments: tuple[Answer, ...]
    missed: tuple[Answer, ...]


def measure_distributions(
    count: int, spacing_mm: float, *, workers: int | None = None, on_done: Callable[[int, int], None]
) -> DistributionAnswers:
    """Analyze ``count`` phantoms with pixels ``spacing_mm`` apart, by turns one of each distribution.

    Raises ``RuntimeError`` when one cannot be analyzed: then the figures would be of others than stated.
    """
    seeds = list(DISTRIBUTION_SEEDS[:count])
    job = partial(_told_of_phantom, spacing_mm=spacing_mm)
    ordered = measured(job, seeds, workers=workers, on_done=on_done)
    return DistributionAnswers(
        findings=tuple(one for told in ordered for one in told.findings),
        fragments=tuple(one for told in ordered for one in told.fragments),
        missed=tuple(one for told in ordered for one in told.missed),
    )


def _told_of_phantom(seed: int, *, spacing_mm: float) -> DistributionAnswers | str:
    cv2.setNumThreads(1)
    try:
        settings = distribution_settings(seed, spacing_mm)
        image = make_examination(seed, settings=settings).images[0]
        findings = analyze_image(
            mammogram_of(image, Look()), detector=learned_detector(), describer=learned_describer()
        )
    except Exception:
        return traceback.format_exc()
    return compare_distributions(image.truth, findings, spacing_mm=spacing_mm, name=str(seed))


def distribution_settings(seed: int, spacing_mm: float) -> PhantomSettings:
    """The phantom of a seed: one plain group of each distribution by turns with loose calcifications.

    The last seeds hold what phantoms usually hold: several groups or none, faint ones too.
    """
    view = _VIEWS[seed % len(_VIEWS)]
    place = seed - DISTRIBUTION_SEEDS.start
    if place >= _DRAWN_FROM:
        return PhantomSettings(views=(view,), pixel_spacing_mm=spacing_mm)
    rng = np.random.default_rng(seed)
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
    group = GroupPlan(
        shape, DISTRIBUTION_CLASSES[place % len(DISTRIBUTION_CLASSES)], density=float(rng.uniform(1.0, 1.4))
    )
    return PhantomSettings(views=(view,), pixel_spacing_mm=spacing_mm, groups=(group, *_LOOSE))


def compare_distributions(
    truth: ImageTruth, findings: ImageFindings, *, spacing_mm: float, name: str
) -> DistributionAnswers:
    """Hold what was said against the truth: a found group is of the planned one that most members are of.

    Groups that are mostly of loose calcifications or of false marks have no true distribution and do not
    count; nor do planned ones of fewer than three.
    """
    owner = _owners(truth, findings, spacing_mm)
    planned = {group.id: group for group in truth.groups}
    told: dict[str, list[tuple[int, Distribution]]] = {}
    for group in findings.groups:
        best, held = Counter(owner[member] for member in group.members).most_common(1)[0]
        if best in planned and group.distribution is not None:
            told.setdefault(best, []).append((held, group.distribution.likeliest))
    return DistributionAnswers(
        findings=tuple(
            Answer(planned[one].distribution, max(said, key=lambda held: held[0])[1], name)
            for one, said in told.items()
        ),
        fragments=tuple(
            Answer(planned[one].distribution, layout, name)
            for one, said in told.items()
            for _, layout in said
        ),
        missed=tuple(
            Answer(group.distribution, None, name)
            for group in truth.groups
            if group.id not in told and len(group.members) >= _LEAST_MEMBERS
        ),
    )


def _owners(truth: ImageTruth, findings: ImageFindings, spacing_mm: float) -> dict[str, str]:
    """The planned group of the calcification that each mark is on, empty for a loose one and for none."""
    places = np.array([(one.row, one.column) for one in truth.calcifications]).reshape(-1, 2)
    owner = {}
    for mark in findings.calcifications:
        away = np.hypot(*(places - (mark.row, mark.column)).T) * spacing_mm
        near = int(np.argmin(away)) if away.size else 0
        on_it = away.size > 0 and away[near] <= _ON_IT_MM
        owner[mark.tracking_uid] = (truth.calcifications[near].group_id or "") if on_it else ""
    return owner
