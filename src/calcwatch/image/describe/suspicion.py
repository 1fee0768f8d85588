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
from calcwatch.image.settings.describe import SuspicionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import Calcification
    from calcwatch.domain.lexicon import Morphology

SCORES = 10
"""Highest examination score: the reference population is parted in tenths."""


@dataclass(frozen=True)
class SuspicionModel:
    """Fitted numbers; ``models/suspicion.json`` says where each comes from.

    The curve: logit of suspicion = ``intercept`` + ``slope`` x logit of the expected share + ``crowd`` x log
    of the number within 5 mm + ``gathered`` x log of the part of the image's calcifications in the group.

    Attributes:
        shape_odds: Odds of cancer among grouped calcifications of a morphology; one for each that the models
            tell.
        distribution_odds: Factor on these odds; one for every distribution.
        intercept: Of the curve.
        slope: Of the curve.
        crowd: Of the curve.
        gathered: Of the curve.
        deciles: Nine suspicions that part the reference population in ten, the smallest first.

    Raises:
        ValueError: A morphology or distribution has no odds, or the deciles are not nine rising numbers.
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
        if missing_distributions := sorted(set(Distribution) - set(self.distribution_odds)):
            raise ValueError(f"distribution_odds lacks {missing_distributions[0]}")
        if len(self.deciles) != SCORES - 1 or list(self.deciles) != sorted(self.deciles):
            raise ValueError(f"deciles {self.deciles} must be nine numbers, the smallest first")


def expected_share(
    morphologies: Mapping[Morphology, float],
    distributions: Mapping[Distribution, float],
    model: SuspicionModel,
) -> float:
    """Average the share of cancers among findings of a description over what it may be.

    Args:
        morphologies: Probability of each morphology; they add up to 1.
        distributions: Probability of each distribution; they add up to 1.
        model: The odds of each.

    Returns:
        Expected share of cancers, 0 to 1.
    """
    total = 0.0
    for morphology, probability in morphologies.items():
        for distribution, also in distributions.items():
            # odds multiply where shares would pass 1; morphology and distribution are taken as independent
            odds = model.shape_odds[morphology] * model.distribution_odds[distribution]
            # shares are averaged, not odds: a rare description of huge odds would outweigh all others
            total += probability * also * odds / (1 + odds)
    return total


def suspicion_of(
    share: float,
    *,
    crowd: int,
    gathered: float,
    score: float,
    model: SuspicionModel,
    settings: SuspicionSettings = SuspicionSettings(),
) -> float:
    """Say how suspicious a finding of such a description is.

    Args:
        share: What ``expected_share`` gives, 0 to 1.
        crowd: How many of its calcifications lie within 5 mm of one of them, at most; see ``crowd_of``.
        gathered: Part of the image's calcifications that it holds, above 0 to 1: one dense group says more
            than the same group in a scatter.
        score: The detector's score of it, 0 to 1.
        model: The fitted curve.
        settings: How far the share is kept from 0 and 1.

    Returns:
        Suspicion, 0 to 1; never above the score.
    """
    terms = curve_terms(share, crowd=crowd, gathered=gathered, settings=settings)
    at_share, of_crowd, of_gathered = terms
    curve = model.intercept + model.slope * at_share + model.crowd * of_crowd + model.gathered * of_gathered
    # what may be no calcification at all is no more suspicious than it is likely real
    return float(score * expit(curve))


def curve_terms(
    share: float, *, crowd: int, gathered: float, settings: SuspicionSettings = SuspicionSettings()
) -> tuple[float, float, float]:
    """Return what slope, crowd and gathered part of the curve are multiplied with.

    Args:
        share: What ``expected_share`` gives, 0 to 1.
        crowd: How many calcifications lie within 5 mm of one; 0 counts as 1.
        gathered: Part of the image's calcifications in the finding, 0 to 1.
        settings: How far the share and the part are kept from their ends.

    Returns:
        Logit of the share, natural logarithm of the crowd, natural logarithm of the part; all finite.
    """
    at_share = float(logit(np.clip(share, settings.min_share, 1 - settings.min_share)))
    return at_share, float(np.log(max(crowd, 1))), float(np.log(max(gathered, settings.min_share)))


def suspicion_of_single(
    calcification: Calcification,
    total: int,
    model: SuspicionModel,
    *,
    settings: SuspicionSettings = SuspicionSettings(),
) -> float:
    """Say how suspicious a calcification in no group is.

    Args:
        calcification: The calcification, with its description.
        total: How many calcifications its image shows, itself included.
        model: The fitted numbers.
        settings: How far shares are kept from 0 and 1.

    Returns:
        Suspicion, 0 to 1; 0 where it was not described.
    """
    if calcification.morphology is None or not calcification.morphology.probabilities:
        return 0.0
    morphologies = dict(calcification.morphology.probabilities)
    # in no group, hence the distribution is not in doubt
    share = expected_share(morphologies, {Distribution.SINGLE: 1.0}, model)
    return suspicion_of(
        share, crowd=1, gathered=1 / total, score=calcification.score, model=model, settings=settings
    )


def crowd_of(places_mm: NDArray[np.float64], *, settings: SuspicionSettings = SuspicionSettings()) -> int:
    """Count the points in the densest spot.

    Args:
        places_mm: Points, n x 2, in mm.
        settings: The radius of a crowd.

    Returns:
        Largest number of points within 5 mm of one of them, itself included; 0 for none.
    """
    if not len(places_mm):
        return 0
    # all pairs at once: a group has tens of members, rarely hundreds
    squared_mm2 = ((places_mm[:, None] - places_mm[None]) ** 2).sum(axis=2)
    return int((squared_mm2 <= settings.crowd_mm**2).sum(axis=1).max())


def score_of(suspicion: float, deciles: Sequence[float]) -> int:
    """Turn suspicion into an examination score.

    Args:
        suspicion: The highest of the examination, 0 to 1.
        deciles: The nine suspicions that part the reference population in ten, the smallest first.

    Returns:
        1 to 10: the tenth of the reference population that it falls in; on a border the higher one.
    """
    # a rank in a reference population, never a probability of cancer (decision 13)
    return 1 + int(np.searchsorted(np.asarray(deciles), suspicion, side="right"))
