"""The numbers by which an examination is read, each with its unit and where it comes from.

The thresholds that turn measurements into facts for the rules are not among them: a clinician may change
those, so they stand in ``rules/facts.toml``. Every field says its unit and where its value comes from
(``domain/settings.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, FITTED, setting

_FIT = (
    "calcwatch-lab train view-pairs on phantoms 7100 to 7399 at 0.14 mm, times 1.3 so that the probabilities "
    "come true"
)
_DESCRIPTION_PHANTOMS = "with the base, on phantoms 7100 to 7219, 7300 to 7349 and 9200 to 9299"
_BELIEF_PROPAGATION = "Williams and Lau, IEEE Trans Aerosp Electron Syst 50:2942, 2014"


@dataclass(frozen=True, kw_only=True)
class DifferenceWeights:
    """What a difference of two groups adds to the logarithm of the odds that they are the same one."""

    axis: float = setting(-0.77, "1", FITTED, "of how far forward they lie", reference=_FIT)
    height: float = setting(-1.83, "1", FITTED, "of where both would have to lie", reference=_FIT)
    count: float = setting(-2.5, "1", FITTED, "of the numbers of members", reference=_FIT)
    size: float = setting(-2.65, "1", FITTED, "of the median diameters", reference=_FIT)
    members: float = setting(-2.59, "1", FITTED, "of the single members", reference=_FIT)


@dataclass(frozen=True, kw_only=True)
class CorrespondenceSettings:
    """The same group on two views."""

    min_probability: float = setting(
        0.5, "probability", CHOSEN, "two groups are said to be the same one from here on"
    )
    base: float = setting(
        5.8,
        "1",
        FITTED,
        "logarithm of the odds of a pair without any difference",
        reference=f"{_FIT}; lowered by 1 afterwards, so that fewer stated pairs are false",
    )
    weights: DifferenceWeights = DifferenceWeights()
    description_weight: float = setting(
        -2.0,
        "1",
        CHOSEN,
        "what each disagreement of two descriptions adds to the logarithm of the odds",
        reference=_DESCRIPTION_PHANTOMS,
    )
    usual_disagreement: float = setting(
        0.1,
        "share",
        CHOSEN,
        "a disagreement that changes nothing",
        reference=_DESCRIPTION_PHANTOMS,
    )

    pressing_exponent: float = setting(
        0.3, "1", CHOSEN, "exponent with which compression spreads what lies near a paddle"
    )
    max_off_center: float = setting(
        0.9,
        "half breasts",
        CHOSEN,
        "so far from midway between the paddles at most: beyond it too much is spread",
    )
    axis_step: float = setting(0.1, "breast depths", CHOSEN, "unit of differences along the axis")
    max_axis: float = setting(
        9.0, "squared steps", CHOSEN, "an axis difference counts this much at most: a landmark may be wrong"
    )
    max_height: float = setting(
        4.0,
        "squared half breasts",
        CHOSEN,
        "a height difference counts this much at most: a landmark may be wrong",
    )
    loose_share: float = setting(
        0.25, "share", CHOSEN, "of a difference of place between patterns that fill much of the breast"
    )
    skin_bin_degrees: float = setting(2.0, "degrees", CHOSEN, "how finely the skin line is looked at")
    points_a_side: int = setting(12, "count", CHOSEN, "points looked at on each side of the breast outline")

    size_step: float = setting(0.25, "log mm", CHOSEN, "difference of two members in size that counts 1")
    contrast_step: float = setting(
        0.4, "log sigma", CHOSEN, "difference of two members in contrast that counts 1"
    )
    max_unlike: float = setting(8.0, "squared steps", CHOSEN, "two members differ this much at most")
    max_members: int = setting(30, "count", CHOSEN, "the largest members tell what a group looks like")
    min_diameter_px: float = setting(0.2, "px", CHOSEN, "below it the logarithm of a diameter says nothing")
    min_contrast: float = setting(0.5, "sigma", CHOSEN, "below it the logarithm of a contrast says nothing")

    rounds: int = setting(
        40, "count", CHOSEN, "rounds of belief propagation, enough to settle", reference=_BELIEF_PROPAGATION
    )


@dataclass(frozen=True, kw_only=True)
class LocationSettings:
    """Where a group lies."""

    near_line_mm: float = setting(
        10.0,
        "mm",
        CHOSEN,
        "nearer to the line behind the nipple no half is named: landmarks are no more exact",
    )


@dataclass(frozen=True, kw_only=True)
class LateralitySettings:
    """How calcifications are spread over both breasts."""

    min_scattered: int = setting(5, "count", CHOSEN, "calcifications in a view; fewer are a chance find")
    min_group_score: float = setting(
        0.5, "probability", CHOSEN, "a group with a lower score says nothing about a side"
    )
    max_ratio: float = setting(
        2.0, "1", CHOSEN, "similar numbers: no side has more than so many times the other"
    )
    max_group_share: float = setting(
        0.4, "share", CHOSEN, "of a view's calcifications; a group with more of them dominates"
    )
    min_small_round_share: float = setting(
        0.8, "share", CHOSEN, "of a view's calcifications that must be round or punctate in a scatter"
    )


@dataclass(frozen=True, kw_only=True)
class StatementSettings:
    """Which group a person's statement of a place is of."""

    max_distance_mm: float = setting(
        5.0, "mm", CHOSEN, "from the stated place to the nearest calcification of the group, at most"
    )
    assumed_pixel_mm: float = setting(
        0.1, "mm", CHOSEN, "side of a pixel where the pixel spacing is unknown, for that distance alone"
    )


@dataclass(frozen=True, kw_only=True)
class ExamSettings:
    """Every number by which an examination is read.

    Attributes:
        usual_depth_mm: From the nipple to the chest side of a breast of unknown size.
        max_score_reasons: How many findings are named as reasons of the score.
        correspondence: Settings of the stage of that name.
        location: Settings of the stage of that name.
        laterality: Settings of the stage of that name.
        statements: Settings of the stage of that name.
    """

    usual_depth_mm: float = setting(
        80.0,
        "mm",
        CHOSEN,
        "from the nipple to the chest side; taken for it where the pixel spacing is unknown",
    )
    max_score_reasons: int = setting(3, "count", CHOSEN, "findings that are named as reasons of the score")
    correspondence: CorrespondenceSettings = CorrespondenceSettings()
    location: LocationSettings = LocationSettings()
    laterality: LateralitySettings = LateralitySettings()
    statements: StatementSettings = StatementSettings()
