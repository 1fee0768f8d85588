"""The same group on two views of a breast: a view from above (CC) and one from the side (MLO, LMO, ML, LM).

What lies a certain way behind the nipple on one view lies about as far behind it on the other, and it
looks alike there. How the two are weighed was learned from phantoms; which groups belong together is
decided for all of them at once, so that similar groups compete.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from calcwatch.domain.assessment import ViewPair
from calcwatch.domain.lexicon import Distribution
from calcwatch.domain.views import are_paired, is_from_above, side_tilt_degrees
from calcwatch.exam.settings import CorrespondenceSettings, ExamSettings
from calcwatch.image.prepare.landmarks import from_nipple
from calcwatch.words.exam import pair_reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.domain.findings import CalcificationGroup, ImageFindings, Landmarks

_LOOSE = frozenset({Distribution.DIFFUSE, Distribution.REGIONAL})  # their middle is no exact place

DIFFERENCES = ("axis", "height", "count", "size", "members")
"""Names of what is compared, in the order of the last axis of ``differences``."""


@dataclass(frozen=True)
class Difference:
    """How two groups on two views differ; 0 is "not at all" throughout.

    Attributes:
        axis: Of how far forward they lie, in steps of the breast's depth, squared, once what compression
            spreads is taken back.
        height: How far above or below the nipple a thing would lie that both views show there, in half
            breasts, squared: outside the breast it cannot be.
        count: Of the members, as natural logarithm of the ratio.
        size: Of the median diameters, likewise.
        members: 0 to 1, how unlike the single members are in size and contrast, matched as well as may be.
    """

    axis: float
    height: float
    count: float
    size: float
    members: float


@dataclass(frozen=True, eq=False)
class _GroupOnView:
    """A group as one view shows it.

    Attributes:
        group: The group.
        forward: From the middle of the chest side, 1 on the skin line, as in a round breast; mean over the
            members.
        upward: Likewise.
        behind: The nipple, in mm; without spacing as if the breast had its usual depth.
        distance: From the nipple, in the same unit.
        members: Natural logarithms of diameter (same unit) and contrast, members x 2, largest first.
    """

    group: CalcificationGroup
    forward: float
    upward: float
    behind: float
    distance: float
    members: NDArray[np.float64]

    @property
    def log_diameter(self) -> float:
        """Logarithm of the median diameter."""
        return float(np.median(self.members[:, 0]))


def pair_groups(
    first: ImageFindings, second: ImageFindings, *, settings: ExamSettings = ExamSettings()
) -> tuple[ViewPair, ...]:
    """Find the groups that are the same on both views.

    A group without a partner is seen on one view only.

    Args:
        first: Findings of one view, with landmarks and outlines in file pixels.
        second: Findings of the other view, likewise. One of the two must be CC and the other MLO, LMO, ML or
            LM of the same breast, in either order.
        settings: How differences are weighed.

    Returns:
        Pairs, most probable first, each group in at most one; ``ViewPair.first`` is the group on the CC view.
        Empty where the views cannot be compared or show no groups.
    """
    # False sorts before True: the view from above comes first
    from_above, from_side = sorted(
        (first, second), key=lambda image: not is_from_above(image.description.view_position)
    )
    above, aside = _groups_on_views(from_above, from_side, settings)
    if not above or not aside:
        return ()
    tilt = _tilt_radians(from_side)
    odds = [[_odds(group, other, tilt, settings.correspondence) for other in aside] for group in above]
    # similar groups take probability from each other, and so may having no partner (decision 12)
    probability = marginal_probability(np.array(odds, np.float64), settings=settings.correspondence)
    # each group in a single pair; the largest of each row could take a group twice
    rows, columns = linear_sum_assignment(probability, maximize=True)
    in_mm = _in_mm(first, second)
    # a less likely pair is not named: the group is then said to be seen on a single view
    pairs = [
        _pair(above[row], aside[column], float(probability[row, column]), in_mm, settings)
        for row, column in zip(rows, columns, strict=True)
        if probability[row, column] >= settings.correspondence.min_probability
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.probability, pair.first)))


def can_be_compared(first: ImageFindings, second: ImageFindings) -> bool:
    """Whether groups of one view are looked for on the other.

    Args:
        first: Findings of one view.
        second: Findings of the other, in either order.

    Returns:
        ``True`` where the two views cross (``domain/views.py``), show the same breast, and both show where
        the nipple is and have an outline.
    """
    views = first.description, second.description
    return (
        are_paired(views[0].view_position, views[1].view_position)
        and views[0].image_laterality is not None
        and views[0].image_laterality is views[1].image_laterality
        and all(image.landmarks is not None and len(image.breast_outline) >= 3 for image in (first, second))
    )


def differences(
    from_above: ImageFindings, from_side: ImageFindings, *, settings: ExamSettings = ExamSettings()
) -> NDArray[np.float64]:
    """Measure every :class:`Difference` of the groups on two views; the weights are fitted to these.

    Args:
        from_above: Findings of a CC view.
        from_side: Findings of an MLO, LMO, ML or LM view of the same breast.
        settings: Units of the differences.

    Returns:
        Groups from above x groups from the side x 5, in the order of ``DIFFERENCES``; without any groups
        where the two cannot be compared.
    """
    above, aside = _groups_on_views(from_above, from_side, settings)
    tilt = _tilt_radians(from_side)
    values = [
        [_in_order(_difference(group, other, tilt, settings.correspondence)) for other in aside]
        for group in above
    ]
    return np.array(values, np.float64).reshape(len(above), len(aside), len(DIFFERENCES))


def marginal_probability(
    odds: NDArray[np.float64], *, settings: CorrespondenceSettings = CorrespondenceSettings()
) -> NDArray[np.float64]:
    """Turn the odds of each pair by itself into probabilities when all of them compete.

    No group may be in two pairs and each may be in none. Belief propagation (Williams and Lau, IEEE Trans
    Aerosp Electron Syst 50:2942, 2014): exact for one row or column, very close otherwise.

    Args:
        odds: Of each pair by itself, n x m, 0 or more.
        settings: How many rounds.

    Returns:
        Probability of each pair, n x m.
    """
    free = np.ones_like(odds)  # how far each column is left over by the other rows
    for _ in range(settings.rounds):
        wanted = odds * free
        claim = odds / (1 + wanted.sum(axis=1, keepdims=True) - wanted)
        free = 1 / (1 + claim.sum(axis=0, keepdims=True) - claim)
    wanted = odds * free
    return np.asarray(wanted / (1 + wanted.sum(axis=1, keepdims=True)))


def _in_mm(*images: ImageFindings) -> bool:
    """Whether lengths on all views can be given in mm, so that they can be compared."""
    return all(image.description.pixel_spacing is not None for image in images)


def _tilt_radians(from_side: ImageFindings) -> float:
    """Usual tilt of a view from the side; 0 where none is known."""
    return float(np.radians(side_tilt_degrees(from_side.description.view_position) or 0.0))


def _groups_on_views(
    from_above: ImageFindings, from_side: ImageFindings, settings: ExamSettings
) -> tuple[list[_GroupOnView], list[_GroupOnView]]:
    """Both views' groups in the same unit; none where the two cannot be compared in this order."""
    is_side = side_tilt_degrees(from_side.description.view_position) is not None
    if not is_side or not can_be_compared(from_above, from_side):
        return [], []
    in_mm = _in_mm(from_above, from_side)
    above, aside = (
        [_group_on_view(image, group, in_mm, settings) for group in image.groups]
        for image in (from_above, from_side)
    )
    return above, aside


def _group_on_view(
    image: ImageFindings, group: CalcificationGroup, in_mm: bool, settings: ExamSettings
) -> _GroupOnView:
    landmarks = image.landmarks
    assert landmarks is not None  # can_be_compared has looked
    # file pixels, as the landmarks are
    outline, members = np.array(image.breast_outline), image.members_of(group)
    spacing = image.description.pixel_spacing
    # without a spacing on either view both get the same depth, so that sizes remain comparable
    unit = spacing.mm if in_mm and spacing else settings.usual_depth_mm / _depth_px(outline, landmarks)
    places = np.array([(member.row, member.column) for member in members], np.float64)
    # shares of the breast, not mm: compression moves skin to skin (decision 12)
    forward, upward = _in_round_breast(places, outline, landmarks, settings.correspondence).mean(axis=0)
    behind, above = from_nipple(places, landmarks).mean(axis=0) * unit
    least = settings.correspondence
    sizes = [max(member.diameter_px, least.min_diameter_px) * unit for member in members]
    contrasts = [max(member.contrast, least.min_contrast) for member in members]
    logarithms = np.log(np.array([sizes, contrasts]).T)
    return _GroupOnView(
        group=group,
        forward=float(forward),
        upward=float(upward),
        behind=float(behind),
        distance=float(np.hypot(behind, above)),
        # largest first: of large groups only the first members are compared
        members=logarithms[np.argsort(-logarithms[:, 0], kind="stable")],
    )


def _depth_px(outline: NDArray[np.float64], landmarks: Landmarks) -> float:
    """From the nipple to the picture's border at the chest."""
    return max(1.0, float(np.abs(outline[:, 1] - landmarks.nipple[1]).max()))


def _in_round_breast(
    places: NDArray[np.float64],
    outline: NDArray[np.float64],
    landmarks: Landmarks,
    settings: CorrespondenceSettings,
) -> NDArray[np.float64]:
    """Forward and upward of points, n x 2, as shares of the way from the chest side to the skin.

    Compression moves skin to skin, so what lies half way on one view does so on another, whatever the
    outline of the breast.
    """
    depth, bin_degrees = _depth_px(outline, landmarks), settings.skin_bin_degrees
    # skin and members in the same polar frame, so that a share is a ratio of two distances
    skin_angle, skin = _polar(from_nipple(_dense(outline, settings.points_a_side), landmarks), depth)
    bins = np.rint(np.degrees(skin_angle) / bin_degrees).astype(np.intp)
    used = np.unique(bins)
    # Where an outline folds back, the skin is its farthest point.
    reach = np.array([skin[bins == number].max() for number in used])
    angle, away = _polar(from_nipple(places, landmarks), depth)
    # bins without an outline are filled from their neighbors
    share = away / np.interp(angle, np.radians(used * bin_degrees), reach)
    return np.stack([share * np.cos(angle), share * np.sin(angle)], axis=1)


def _polar(
    behind_above: NDArray[np.float64], depth: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angle (0 toward the nipple, up is positive) and distance from the chest side behind the nipple."""
    # What lies behind the chest side is taken to lie on it: its angle stays within a quarter turn.
    forward, upward = np.maximum(depth - behind_above[:, 0], 1e-6), behind_above[:, 1]
    return np.arctan2(upward, forward), np.hypot(forward, upward)


def _dense(outline: NDArray[np.float64], points_a_side: int) -> NDArray[np.float64]:
    """The closed polygon with points in between, so that no bin of angles is left without skin."""
    part = np.linspace(0.0, 1.0, points_a_side, endpoint=False)[:, None, None]
    return np.asarray((outline + part * (np.roll(outline, -1, axis=0) - outline)).reshape(-1, 2))


def _odds(above: _GroupOnView, aside: _GroupOnView, tilt: float, settings: CorrespondenceSettings) -> float:
    """Odds that a group from above and one from the side are the same, by themselves."""
    difference = _difference(above, aside, tilt, settings)
    if _is_loose(above.group) and _is_loose(aside.group):
        share = settings.loose_share
        # the middle of what fills much of the breast is no exact place
        difference = replace(difference, axis=difference.axis * share, height=difference.height * share)
    disagreements = _disagreements(above.group, aside.group)
    # less the usual: descriptions that agree better than that speak for a pair
    described = settings.description_weight * sum(
        disagreement - settings.usual_disagreement for disagreement in disagreements
    )
    # odds of a logistic curve that was fitted to phantoms
    return float(np.exp(settings.base + _in_order(settings.weights) @ _in_order(difference) + described))


def _in_order(numbers: object) -> NDArray[np.float64]:
    """Differences or their weights as an array in the order of ``DIFFERENCES``."""
    return np.array([getattr(numbers, name) for name in DIFFERENCES], np.float64)


def _disagreements(above: CalcificationGroup, aside: CalcificationGroup) -> list[float]:
    """By how much shape, distribution and suspicion disagree, 0 to 1 each; those that both groups have."""
    descriptions = (above.morphology, aside.morphology), (above.distribution, aside.distribution)
    amounts = [
        _disagreement(dict(first.probabilities), dict(second.probabilities))
        for first, second in descriptions
        if first and second and first.probabilities and second.probabilities
    ]
    if above.suspicion is not None and aside.suspicion is not None:
        amounts.append(abs(above.suspicion - aside.suspicion))
    return amounts


def _disagreement(first: dict[Any, float], second: dict[Any, float]) -> float:
    """0 for the same probabilities, 1 for no word in common."""
    # overlap of two distributions of probability
    return 1.0 - sum(min(share, second.get(word, 0.0)) for word, share in first.items())


def _is_loose(group: CalcificationGroup) -> bool:
    return group.distribution is not None and group.distribution.likeliest in _LOOSE


def _difference(
    above: _GroupOnView, aside: _GroupOnView, tilt: float, settings: CorrespondenceSettings
) -> Difference:
    """Compare a group from above with one from the side by a view tilted by ``tilt`` radians."""
    lateral = above.upward
    # The tilted view shows what lies outward higher than it is, and the paddle lies across its beam.
    superior = (aside.upward - lateral * np.sin(tilt)) / np.cos(tilt)
    toward_paddle = lateral * np.cos(tilt) - superior * np.sin(tilt)
    # what compression spreads on each view is taken back before the two are compared
    apart = above.forward / _spread(superior, settings) - aside.forward / _spread(toward_paddle, settings)
    most = settings.max_members
    return Difference(
        # capped: a landmark that is wrong must not outvote everything else
        axis=min((apart / settings.axis_step) ** 2, settings.max_axis),
        height=min(float(superior) ** 2, settings.max_height),
        # a ratio: 3 and 6 differ as 30 and 60 do
        count=abs(float(np.log(len(above.members) / len(aside.members)))),
        size=abs(above.log_diameter - aside.log_diameter),
        members=_unlike(above.members[:most], aside.members[:most], settings),
    )


def _spread(off_center: float, settings: CorrespondenceSettings) -> float:
    """How much farther from the chest wall compression moves what does not lie midway between the paddles.

    ``off_center``: in half breasts. The breast is round and the space between the paddles is not, so what
    lies near a paddle is pressed outward.
    """
    # capped, since the power grows without end toward a paddle
    nearness = min(abs(off_center), settings.max_off_center)
    return float((1 - nearness**2) ** -settings.pressing_exponent)


def _unlike(
    first: NDArray[np.float64], second: NDArray[np.float64], settings: CorrespondenceSettings
) -> float:
    """0 where every member has one of its size and contrast in the other view, 1 where none has."""
    steps = (first[:, None] - second[None]) / np.array([settings.size_step, settings.contrast_step])
    cost = np.minimum((steps**2).sum(axis=2), settings.max_unlike)
    # each member has a single counterpart, or a bright member would serve for all
    rows, columns = linear_sum_assignment(cost)
    return float(cost[rows, columns].mean()) / settings.max_unlike


def _pair(
    above: _GroupOnView, aside: _GroupOnView, probability: float, in_mm: bool, settings: ExamSettings
) -> ViewPair:
    groups = above, aside
    # percent of the depth where there are no millimeters
    behind = [view.behind if in_mm else 100 * view.behind / settings.usual_depth_mm for view in groups]
    diameters = float(np.exp(above.log_diameter)), float(np.exp(aside.log_diameter))
    return ViewPair(
        first=above.group.tracking_uid,
        second=aside.group.tracking_uid,
        probability=probability,
        difference_mm=abs(above.distance - aside.distance) if in_mm else None,
        reason=pair_reason(
            (behind[0], behind[1]),
            (len(above.members), len(aside.members)),
            diameters if in_mm else None,
        ),
    )
