"""How suspicious a finding looks, 0 to 1: what its description meant in studies, and a fitted curve.

The expected share of cancers among findings of such a description is averaged over what the description may
be, then carried through a curve fitted to images that radiologists have rated. It ranks findings and orders a
worklist; it is no probability for one woman.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from calcwatch.domain.lexicon import Distribution
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.image.settings import SuspicionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import Calcification
    from calcwatch.domain.lexicon import Morphology

SCORES = 10
"""Highest examination score."""


@dataclass(frozen=True)
class SuspicionModel:
    """Fitted numbers; ``models/suspicion.json`` says where each comes from.

    ``shape_odds``: odds of cancer among grouped calcifications of each shape that the models tell.
    ``distribution_odds``: factor on these odds. ``intercept``, ``slope``, ``crowd``, ``gathered``: of the
    curve, logit of suspicion = intercept + slope x logit of the expected share + crowd x log of the number
    within 5 mm + gathered x log of the part of the image's calcifications that the group holds.
    ``deciles``: nine suspicions that part the reference population in ten.
    """

    shape_odds: Mapping[Morphology, float]
    distribution_odds: Mapping[Distribution, float]
    intercept: float
    slope: float
    crowd: float
    gathered: float
    deciles: tuple[float, ...]

    def __post_init__(self) -> None:
        if missing := sorted(set(MORPHOLOGY_CLASSES) - set(self.shape_odds)):
            raise ValueError(f"shape_odds lacks {missing[0]}")
        if missing_layouts := sorted(set(Distribution) - set(self.distribution_odds)):
            raise ValueError(f"distribution_odds lacks {missing_layouts[0]}")
        if len(self.deciles) != SCORES - 1 or list(self.deciles) != sorted(self.deciles):
            raise ValueError(f"deciles {self.deciles} must be nine numbers, the smallest first")


def expected_share(
    shapes: Mapping[Morphology, float], layouts: Mapping[Distribution, float], model: SuspicionModel
) -> float:
    """Share of cancers among findings of this description, averaged over what it may be.

    ``shapes``, ``layouts``: probabilities, each adding to 1.
    """
    total = 0.0
    for shape, chance in shapes.items():
        for layout, also in layouts.items():
            odds = model.shape_odds[shape] * model.distribution_odds[layout]
            total += chance * also * odds / (1 + odds)
    return total


def suspect(
    share: float,
    *,
    crowd: int,
    gathered: float,
    belief: float,
    model: SuspicionModel,
    settings: SuspicionSettings = SuspicionSettings(),
) -> float:
    """Suspicion of one finding.

    ``share``: from ``expected_share``. ``crowd``: calcifications of it within 5 mm of one, at most.
    ``gathered``: part of the image's calcifications that it holds, above 0 to 1: one dense group says more
    than the same group in a scatter. ``belief``: the detector's.
    """
    at, dense, part = curve_terms(share, crowd=crowd, gathered=gathered, settings=settings)
    curve = model.intercept + model.slope * at + model.crowd * dense + model.gathered * part
    return float(belief * expit(curve))


def curve_terms(
    share: float, *, crowd: int, gathered: float, settings: SuspicionSettings = SuspicionSettings()
) -> tuple[float, float, float]:
    """What the slope, the crowd's and the gathered part's number of the curve are multiplied with."""
    at = float(logit(np.clip(share, settings.min_share, 1 - settings.min_share)))
    return at, float(np.log(max(crowd, 1))), float(np.log(max(gathered, settings.min_share)))


def suspect_single(
    found: Calcification,
    total: int,
    model: SuspicionModel,
    *,
    settings: SuspicionSettings = SuspicionSettings(),
) -> float:
    """Suspicion of a calcification in no group, one of ``total`` of its image; 0 if it was not described."""
    if found.morphology is None or not found.morphology.probabilities:
        return 0.0
    share = expected_share(dict(found.morphology.probabilities), {Distribution.SINGLE: 1.0}, model)
    return suspect(share, crowd=1, gathered=1 / total, belief=found.score, model=model, settings=settings)


def crowd_of(places_mm: NDArray[np.float64], *, settings: SuspicionSettings = SuspicionSettings()) -> int:
    """Largest number of points within 5 mm of one of them, itself included; 0 for none."""
    if not len(places_mm):
        return 0
    square = ((places_mm[:, None] - places_mm[None]) ** 2).sum(axis=2)
    return int((square <= settings.crowd_mm**2).sum(axis=1).max())


def score_of(suspicion: float, deciles: Sequence[float]) -> int:
    """Examination score 1 to 10: the decile of the reference population that a suspicion falls in."""
    return 1 + int(np.searchsorted(np.asarray(deciles), suspicion, side="right"))
