"""How suspicious a calcification in no group looks, and the examination score.

Groups are judged by what readers called suspicious (``kind.py``). Of a single calcification there is nothing
to learn from: the share of cancers that studies found is averaged over what its description may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.lexicon import Distribution
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcwatch.domain.findings import Calcification
    from calcwatch.domain.lexicon import Morphology

SCORES = 10
"""Highest examination score: the reference population is parted in tenths."""


@dataclass(frozen=True)
class SuspicionModel:
    """Numbers of studies, and the reference population; ``models/suspicion.json`` says where each is from.

    Attributes:
        shape_odds: Odds of cancer among grouped calcifications of a morphology; one for each that the models
            tell.
        distribution_odds: Factor on these odds; one for every distribution.
        deciles: Nine suspicions that part the reference population in ten, the smallest first.

    Raises:
        ValueError: A morphology or distribution has no odds, or the deciles are not nine rising numbers.
    """

    shape_odds: Mapping[Morphology, float]
    distribution_odds: Mapping[Distribution, float]
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


def suspicion_of_single(calcification: Calcification, model: SuspicionModel) -> float:
    """Say how suspicious a calcification in no group is: by what its description meant in studies.

    Args:
        calcification: The calcification, with its description.
        model: The odds of each.

    Returns:
        Expected share of cancers times the belief that it is real, 0 to 1; 0 where it was not described.
    """
    if calcification.morphology is None or not calcification.morphology.probabilities:
        return 0.0
    # in no group, hence the distribution is not in doubt
    share = expected_share(dict(calcification.morphology.probabilities), {Distribution.SINGLE: 1.0}, model)
    # what may be no calcification at all is no more suspicious than it is likely real
    return calcification.score * share


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
