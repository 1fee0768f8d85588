"""How calcifications are spread over both breasts: on one side, on both, or evenly scattered over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import LateralityPattern, Morphology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.findings import CalcificationGroup, ImageFindings, MorphologyDescription

_LEAST_SCATTERED = 5  # calcifications in a view; fewer are a chance find
_BELIEVED = 0.5  # groups less likely than not say nothing about a side
_MOST_RATIO = 2.0  # similar numbers: no side has more than twice as many
_MOST_IN_GROUP = 0.4  # share of a view's calcifications; a group with more of them dominates
_LEAST_SMALL_ROUND = 0.8  # share of them that must be round or punctate


def laterality_pattern(images: Sequence[ImageFindings]) -> LateralityPattern:
    """Tell the pattern of an examination; ``NOT_KNOWN`` unless both breasts were imaged.

    A side counts when a view of it shows a believed group or at least five calcifications. A symmetric
    scatter needs, in every view, similar numbers of calcifications that are known to be round or punctate,
    and no group that dominates: where shapes were not described it is never said, for it may reassure.
    """
    sides = [_of_side(images, side) for side in (Laterality.RIGHT, Laterality.LEFT)]
    if not all(sides):
        return LateralityPattern.NOT_KNOWN
    shown = [any(_shows_some(image) for image in side) for side in sides]
    if not any(shown):
        return LateralityPattern.NONE
    if not all(shown):
        return LateralityPattern.UNILATERAL
    if _similar_numbers(*sides) and all(_is_scatter(image) for side in sides for image in side):
        return LateralityPattern.SYMMETRIC_SCATTER
    return LateralityPattern.BILATERAL


def _of_side(images: Sequence[ImageFindings], side: Laterality) -> list[ImageFindings]:
    return [image for image in images if image.description.image_laterality is side]


def _shows_some(image: ImageFindings) -> bool:
    return bool(_believed(image)) or len(image.calcifications) >= _LEAST_SCATTERED


def _believed(image: ImageFindings) -> list[CalcificationGroup]:
    return [group for group in image.groups if group.score >= _BELIEVED]


def _similar_numbers(right: Sequence[ImageFindings], left: Sequence[ImageFindings]) -> bool:
    """Whether a view of one side shows at most twice as many as one of the other, on average."""
    means = [sum(len(image.calcifications) for image in side) / len(side) for side in (right, left)]
    return max(means) <= _MOST_RATIO * min(means)


def _is_scatter(image: ImageFindings) -> bool:
    count = len(image.calcifications)
    if count < _LEAST_SCATTERED:
        return False
    largest = max((group.count for group in _believed(image)), default=0)
    small_round = sum(_small_and_round(one.morphology) for one in image.calcifications)
    return largest <= _MOST_IN_GROUP * count and small_round >= _LEAST_SMALL_ROUND * count


def _small_and_round(told: MorphologyDescription | None) -> bool:
    return told is not None and told.likeliest in (Morphology.ROUND, Morphology.PUNCTATE)
