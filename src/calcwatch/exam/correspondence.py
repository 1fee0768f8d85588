"""The same group on two views of a breast: a view from above (CC) and one from the side (MLO, ML, LM).

What lies a certain way behind the nipple on one view lies about as far behind it on the other, and it
looks alike there. How the two are weighed was learned from phantoms; which groups belong together is
decided for all of them at once, so that similar groups compete.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from calcwatch.domain.assessment import ViewPair
from calcwatch.domain.lexicon import Distribution
from calcwatch.domain.views import are_paired, is_from_above, side_tilt_degrees
from calcwatch.image.prepare.landmarks import from_nipple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, Landmarks

USUAL_DEPTH_MM = 80.0
"""From the nipple to the picture's border at the chest; taken for it where the pixel spacing is unknown."""

LEAST_PROBABILITY = 0.5
"""Two groups are said to be the same one from here on."""

_PRESS = 0.3  # exponent with which compression spreads what lies near a paddle
_MOST_OFF_CENTER = 0.9  # of half the breast; beyond it the formula would exaggerate
_AXIS_STEP = 0.1  # of the breast's depth: unit of differences along the axis
_BIN_DEGREES, _POINTS_A_SIDE = 2.0, 12  # how finely the skin line is looked at
_MOST = 9.0, 4.0  # what squared differences of place count at most: something may be wrong with a landmark
_SIZE_STEP, _CONTRAST_STEP, _MOST_UNLIKE = 0.25, 0.4, 8.0  # of natural logarithms; of two squared steps
_MOST_MEMBERS = 30  # the largest ones of a group tell what it looks like
_SMALLEST_PX, _SMALLEST_CONTRAST = 0.2, 0.5  # below these a logarithm says nothing
_ROUNDS = 40
_LOOSE = frozenset({Distribution.DIFFUSE, Distribution.REGIONAL})
_LOOSE_SHARE = 0.25  # what a difference of place counts between patterns that fill much of the breast

# Natural logarithm of odds, one weight for each difference in the order of `Difference`. Fitted by
# `calcwatch_lab.bench.description.pairs` to its phantoms 7100 to 7399 at 0.14 mm, times 1.3: so the
# probabilities come true.
# The base was lowered by 1 afterwards, so that fewer stated pairs are false.
_BASE = 5.8
_WEIGHTS = np.array([-0.77, -1.83, -2.5, -2.65, -2.59])

# Descriptions, where both groups have one: usual disagreement changes nothing. Chosen, with the base, on
# phantoms 7100 to 7219, 7300 to 7349 and 9200 to 9299.
_DESCRIPTION_WEIGHT, _USUAL_DISAGREEMENT = -2.0, 0.1


@dataclass(frozen=True)
class Difference:
    """How two groups on two views differ; 0 is "not at all" throughout.

    ``axis``: of how far forward they lie, in tenths of the breast's depth, squared, once what compression
    spreads is taken back. ``height``: how far above or below the nipple a thing would lie that both views
    show there, in half breasts, squared: outside the breast it cannot be. ``count``: of the members, as
    natural logarithm of the ratio. ``size``: of the median diameters, likewise. ``members``: 0 to 1, how
    unlike the single members are in size and contrast, matched as well as may be.
    """

    axis: float
    height: float
    count: float
    size: float
    members: float


@dataclass(frozen=True, eq=False)
class _Breast:
    """One view's breast: its outline n x 2 and landmarks in pixels, and what a pixel measures."""

    outline: NDArray[np.float64]
    landmarks: Landmarks
    unit: float


@dataclass(frozen=True, eq=False)
class _Seen:
    """A group as one view shows it.

    ``forward``, ``upward``: from the middle of the chest side, 1 on the skin line, as in a round breast (mean
    over the members). ``behind``, ``distance``: from the nipple; these two and the diameters are in mm
    or, without spacing, in 80ths of the breast's depth. ``looks``: logarithms of diameter and contrast,
    members x 2, largest first.
    """

    group: CalcificationGroup
    forward: float
    upward: float
    behind: float
    distance: float
    looks: NDArray[np.float64]

    @property
    def diameter(self) -> float:
        """Logarithm of the median diameter."""
        return float(np.median(self.looks[:, 0]))


def pair_groups(first: ImageFindings, second: ImageFindings) -> tuple[ViewPair, ...]:
    """Groups that are the same on both views, most probable first, each in at most one pair.

    One view must be CC and the other MLO, LMO, ML or LM of the same breast, each with its landmarks; else
    nothing can be said and there are no pairs. ``ViewPair.first`` is the group on the CC view. A group
    without a partner is seen on one view only.
    """
    above, aside = sorted(
        (first, second), key=lambda image: not is_from_above(image.description.view_position)
    )
    seen = _seen(above, aside)
    if not seen.above or not seen.aside:
        return ()
    probability = marginal_probability(seen.odds())
    rows, columns = linear_sum_assignment(probability, maximize=True)
    pairs = [
        _pair(seen.above[i], seen.aside[j], float(probability[i, j]), in_mm=seen.in_mm)
        for i, j in zip(rows, columns, strict=True)
        if probability[i, j] >= LEAST_PROBABILITY
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.probability, pair.first)))


def can_be_compared(first: ImageFindings, second: ImageFindings) -> bool:
    """Whether groups of one view are looked for on the other.

    Two views are compared where they cross (``domain/views.py``), show the same breast, and both show where
    the nipple is.
    """
    one, other = first.description, second.description
    return (
        are_paired(one.view_position, other.view_position)
        and one.image_laterality is not None
        and one.image_laterality is other.image_laterality
        and all(image.landmarks is not None and len(image.breast_outline) >= 3 for image in (first, second))
    )


def differences(first: ImageFindings, second: ImageFindings) -> NDArray[np.float64]:
    """Every :class:`Difference` of the groups on a CC view and one from the side, as n x m x 5.

    Empty where the two cannot be compared. This is what the weights are fitted to.
    """
    seen = _seen(first, second)
    told = [[astuple(_difference(one, other, seen.angle)) for other in seen.aside] for one in seen.above]
    return np.array(told, np.float64).reshape(len(seen.above), len(seen.aside), len(_WEIGHTS))


def marginal_probability(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of each pair, n x m, when no group may be in two pairs and each may be in none.

    ``odds``: of each pair by itself, n x m. Belief propagation (Williams and Lau, IEEE Trans Aerosp Electron
    Syst 50:2942, 2014): exact for one row or column, very close otherwise.
    """
    free = np.ones_like(odds)  # how far each column is left over by the other rows
    for _ in range(_ROUNDS):
        wanted = odds * free
        claim = odds / (1 + wanted.sum(axis=1, keepdims=True) - wanted)
        free = 1 / (1 + claim.sum(axis=0, keepdims=True) - claim)
    wanted = odds * free
    return np.asarray(wanted / (1 + wanted.sum(axis=1, keepdims=True)))


@dataclass(frozen=True, eq=False)
class _Views:
    """The groups of a CC view and of one from the side; ``angle``: tilt of that one in radians."""

    above: tuple[_Seen, ...]
    aside: tuple[_Seen, ...]
    angle: float
    in_mm: bool

    def odds(self) -> NDArray[np.float64]:
        """Odds of each pair by itself."""
        return np.array(
            [[_odds(one, other, self.angle) for other in self.aside] for one in self.above], np.float64
        )


def _seen(above: ImageFindings, aside: ImageFindings) -> _Views:
    """Both views' groups in the same unit; none where the two cannot be compared."""
    in_mm = all(image.description.pixel_spacing is not None for image in (above, aside))
    tilt = side_tilt_degrees(aside.description.view_position)
    if tilt is None or not can_be_compared(above, aside):
        return _Views((), (), 0.0, in_mm)
    return _Views(_of_view(above, in_mm), _of_view(aside, in_mm), float(np.radians(tilt)), in_mm)


def _of_view(image: ImageFindings, in_mm: bool) -> tuple[_Seen, ...]:
    """The groups of one view; none without landmarks."""
    if image.landmarks is None or len(image.breast_outline) < 3:
        return ()
    outline, spacing = np.array(image.breast_outline), image.description.pixel_spacing
    unit = spacing.mm if in_mm and spacing else USUAL_DEPTH_MM / _depth_px(outline, image.landmarks)
    breast = _Breast(outline, image.landmarks, unit)
    known = {one.tracking_uid: one for one in image.calcifications}
    return tuple(_of_group(group, [known[uid] for uid in group.members], breast) for group in image.groups)


def _of_group(group: CalcificationGroup, members: Sequence[Calcification], breast: _Breast) -> _Seen:
    places = np.array([(one.row, one.column) for one in members], np.float64)
    forward, upward = _in_round_breast(places, breast.outline, breast.landmarks).mean(axis=0)
    behind, above = from_nipple(places, breast.landmarks).mean(axis=0) * breast.unit
    sizes = [max(one.diameter_px, _SMALLEST_PX) * breast.unit for one in members]
    contrasts = [max(one.contrast, _SMALLEST_CONTRAST) for one in members]
    looks = np.log(np.array([sizes, contrasts]).T)
    largest_first = looks[np.argsort(-looks[:, 0], kind="stable")]
    return _Seen(
        group, float(forward), float(upward), float(behind), float(np.hypot(behind, above)), largest_first
    )


def _depth_px(outline: NDArray[np.float64], landmarks: Landmarks) -> float:
    """From the nipple to the picture's border at the chest."""
    return max(1.0, float(np.abs(outline[:, 1] - landmarks.nipple[1]).max()))


def _in_round_breast(
    places: NDArray[np.float64], outline: NDArray[np.float64], landmarks: Landmarks
) -> NDArray[np.float64]:
    """Forward and upward of points, n x 2, as shares of the way from the chest side to the skin.

    Compression moves skin to skin, so what lies half way on one view does so on another, whatever the
    outline of the breast.
    """
    depth = _depth_px(outline, landmarks)
    skin_angle, skin = _polar(from_nipple(_dense(outline), landmarks), depth)
    bins = np.rint(np.degrees(skin_angle) / _BIN_DEGREES).astype(np.intp)
    used = np.unique(bins)
    reach = np.array([skin[bins == number].max() for number in used])
    angle, away = _polar(from_nipple(places, landmarks), depth)
    share = away / np.interp(angle, np.radians(used * _BIN_DEGREES), reach)
    return np.stack([share * np.cos(angle), share * np.sin(angle)], axis=1)


def _polar(
    behind_above: NDArray[np.float64], depth: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angle (0 toward the nipple, up is positive) and distance from the chest side behind the nipple."""
    forward, upward = np.maximum(depth - behind_above[:, 0], 1e-6), behind_above[:, 1]
    return np.arctan2(upward, forward), np.hypot(forward, upward)


def _dense(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """The closed polygon with points in between."""
    part = np.linspace(0.0, 1.0, _POINTS_A_SIDE, endpoint=False)[:, None, None]
    return np.asarray((outline + part * (np.roll(outline, -1, axis=0) - outline)).reshape(-1, 2))


def _odds(one: _Seen, other: _Seen, angle: float) -> float:
    found = np.array(astuple(_difference(one, other, angle)))
    if _is_loose(one.group) and _is_loose(other.group):
        found[:2] *= _LOOSE_SHARE
    told = [
        _disagreement(dict(mine.probabilities), dict(others.probabilities))
        for mine, others in (
            (one.group.morphology, other.group.morphology),
            (one.group.distribution, other.group.distribution),
        )
        if mine and others and mine.probabilities and others.probabilities
    ]
    if one.group.suspicion is not None and other.group.suspicion is not None:
        told.append(abs(one.group.suspicion - other.group.suspicion))
    described = _DESCRIPTION_WEIGHT * sum(each - _USUAL_DISAGREEMENT for each in told)
    return float(np.exp(_BASE + _WEIGHTS @ found + described))


def _disagreement(mine: dict[Any, float], others: dict[Any, float]) -> float:
    """0 for the same probabilities, 1 for no word in common."""
    return 1.0 - sum(min(share, others.get(word, 0.0)) for word, share in mine.items())


def _is_loose(group: CalcificationGroup) -> bool:
    return group.distribution is not None and group.distribution.likeliest in _LOOSE


def _difference(one: _Seen, other: _Seen, angle: float) -> Difference:
    """``one`` is seen from above, ``other`` from the side by a view tilted by ``angle``."""
    lateral = one.upward
    superior = (other.upward - lateral * np.sin(angle)) / np.cos(angle)
    toward_paddle = lateral * np.cos(angle) - superior * np.sin(angle)
    apart = one.forward / _spread(superior) - other.forward / _spread(toward_paddle)
    return Difference(
        axis=min((apart / _AXIS_STEP) ** 2, _MOST[0]),
        height=min(float(superior) ** 2, _MOST[1]),
        count=abs(float(np.log(len(one.looks) / len(other.looks)))),
        size=abs(one.diameter - other.diameter),
        members=_unlike(one.looks[:_MOST_MEMBERS], other.looks[:_MOST_MEMBERS]),
    )


def _spread(off_center: float) -> float:
    """How much farther from the chest wall compression moves what does not lie midway between the paddles.

    ``off_center``: in half breasts. The breast is round and the space between the paddles is not, so what
    lies near a paddle is pressed outward.
    """
    return float((1 - min(abs(off_center), _MOST_OFF_CENTER) ** 2) ** -_PRESS)


def _unlike(mine: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """0 where every member has one of its size and contrast in the other view, 1 where none has."""
    steps = (mine[:, None] - others[None]) / np.array([_SIZE_STEP, _CONTRAST_STEP])
    cost = np.minimum((steps**2).sum(axis=2), _MOST_UNLIKE)
    rows, columns = linear_sum_assignment(cost)
    return float(cost[rows, columns].mean()) / _MOST_UNLIKE


def _pair(one: _Seen, other: _Seen, probability: float, *, in_mm: bool) -> ViewPair:
    if in_mm:
        where = f"{one.behind:.0f} and {other.behind:.0f} mm behind the nipple"
        sizes = f", median diameter {np.exp(one.diameter):.2f} and {np.exp(other.diameter):.2f} mm"
    else:
        shares = [100 * seen.behind / USUAL_DEPTH_MM for seen in (one, other)]
        where = f"{shares[0]:.0f} and {shares[1]:.0f} % of the breast's depth behind the nipple"
        sizes = ""
    return ViewPair(
        first=one.group.tracking_uid,
        second=other.group.tracking_uid,
        probability=probability,
        difference_mm=abs(one.distance - other.distance) if in_mm else None,
        reason=f"{where}; {len(one.looks)} and {len(other.looks)} calcifications{sizes}",
    )
