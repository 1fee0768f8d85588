"""How calcifications are spread over both breasts: on one side, on both, or evenly scattered over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import SMALL_ROUND, LateralityPattern
from calcwatch.exam.settings import LateralitySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.findings import CalcificationGroup, ImageFindings


def laterality_pattern(
    images: Sequence[ImageFindings], *, settings: LateralitySettings = LateralitySettings()
) -> LateralityPattern:
    """Classify how calcifications are spread over both breasts of an examination.

    A side counts when a view of it shows a group at or above ``min_group_score`` or enough calcifications
    for a scatter. A symmetric scatter needs, in every view, similar numbers of calcifications that are known
    to be round or punctate, and no group that dominates: where shapes were not described it is never said,
    for it may reassure.

    Args:
        images: Findings of all images; those of an unknown side count for neither breast.
        settings: What counts as a side and as a scatter.

    Returns:
        The pattern; ``NOT_KNOWN`` unless both breasts were imaged.
    """
    right, left = (
        [image for image in images if image.description.image_laterality is side]
        for side in (Laterality.RIGHT, Laterality.LEFT)
    )
    # a breast that was not imaged is not a breast without calcifications
    if not right or not left:
        return LateralityPattern.NOT_KNOWN
    shown = [any(_shows_some(image, settings) for image in side) for side in (right, left)]
    if not any(shown):
        return LateralityPattern.NONE
    if not all(shown):
        return LateralityPattern.UNILATERAL
    # every view must show it, since this pattern may reassure
    if _similar_numbers(right, left, settings) and all(
        _is_scatter(image, settings) for image in (*right, *left)
    ):
        return LateralityPattern.SYMMETRIC_SCATTER
    return LateralityPattern.BILATERAL


def _shows_some(image: ImageFindings, settings: LateralitySettings) -> bool:
    return bool(_likely_groups(image, settings)) or len(image.calcifications) >= settings.min_scattered


def _likely_groups(image: ImageFindings, settings: LateralitySettings) -> list[CalcificationGroup]:
    return [group for group in image.groups if group.score >= settings.min_group_score]


def _similar_numbers(
    right: Sequence[ImageFindings], left: Sequence[ImageFindings], settings: LateralitySettings
) -> bool:
    """Whether a view of one side shows about as many as one of the other, on average over the views."""
    # a mean over the views: a side with more images must not count more
    means = [sum(len(image.calcifications) for image in side) / len(side) for side in (right, left)]
    return max(means) <= settings.max_ratio * min(means)


def _is_scatter(image: ImageFindings, settings: LateralitySettings) -> bool:
    """Whether a view shows enough calcifications, nearly all round or punctate, and no group dominates."""
    count = len(image.calcifications)
    if count < settings.min_scattered:
        return False
    # a group that is hardly real does not dominate
    largest = max((group.count for group in _likely_groups(image, settings)), default=0)
    shapes = [found.morphology.likeliest for found in image.calcifications if found.morphology is not None]
    # counted against all: what was not described speaks against a scatter
    small_round = sum(shape in SMALL_ROUND for shape in shapes)
    return (
        largest <= settings.max_group_share * count and small_round >= settings.min_small_round_share * count
    )
