"""What became of a region, in DICOM's words (PS3.16 CID 6002, 6037), with the numbers that it follows from.

A change is stated only where it exceeds what two images of an unchanged breast differ by. What the prior
could not show is never new.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist
from scipy.special import fdtrc

from calcwatch.comparison.register import error_at, to_current, to_prior
from calcwatch.comparison.settings import DEFAULT
from calcwatch.comparison.visibility import Visibility
from calcwatch.domain.change import Alignment, Change, ChangeKind, GroupMeasurement
from calcwatch.domain.lexicon import FINE_LINEAR, RANKED_MORPHOLOGIES, Morphology
from calcwatch.words.comparison import (
    FAINT_ON_ONE_DAY,
    GONE_ON_ONE_SIDE,
    SEEN_ON_ONE_DAY,
    TOO_FEW,
    counts_words,
    gone_words,
    growth_words,
    hidden_words,
    new_words,
    shape_words,
    size_words,
    unmatched_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.regions import Region
    from calcwatch.comparison.settings import ChangeSettings, ComparisonSettings
    from calcwatch.comparison.visibility import PairVisibility
    from calcwatch.domain.change import ImagePair
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings
    from calcwatch.domain.image import Point

    Outcome = tuple[ChangeKind, tuple[str, ...]]
    """What became of a region, and why, in words."""

_WORRYING = frozenset(FINE_LINEAR) | {Morphology.FINE_PLEOMORPHIC}
"""Toward these shapes a change is stated; dose and blur alone make the others of round ones."""


def missed_share(regions: Sequence[Region]) -> float:
    """Estimate how much the images of a pair miss for no reason.

    In each region the fewer of those unmatched on either image count as missed: what came or went is
    unmatched on one image only.

    Args:
        regions: Of one pair of images.

    Returns:
        Share of calcifications that one image misses, 0 to 1; 0 for no regions.
    """
    # a true change is one-sided: what both images miss in a region is chance
    missed = sum(min(region.new, region.gone) for region in regions)
    seen = sum(region.matched + region.subthreshold_on_prior for region in regions)
    return missed / (missed + seen) if missed + seen else 0.0


def change_of_region(
    pair: ImagePair,
    visibility: PairVisibility,
    region: Region,
    *,
    missed: float = 0.0,
    settings: ComparisonSettings = DEFAULT,
) -> Change:
    """Say what became of a region.

    Args:
        pair: The two images; where their alignment is uncertain, more is required before anything is new or
            gone.
        visibility: What each of them says of the calcifications of the other.
        region: Groups of the two that are one.
        missed: ``missed_share`` of the pair.
        settings: Numbers of all stages.

    Returns:
        The change, followed under the tracking UID of its prior group where there is one.

    Raises:
        ValueError: The region has no group on either image.
    """
    prior, current = visibility.prior.image, visibility.current.image
    registration = visibility.registration
    ratio = _size_ratio(visibility, region, settings.change)
    kind, reasons = _outcome(pair.alignment, visibility, region, ratio, missed=missed, settings=settings)
    prior_place, place = _places(visibility, region, settings)
    groups = tuple(current.groups[number].tracking_uid for number in region.groups)
    prior_groups = tuple(prior.groups[number].tracking_uid for number in region.prior_groups)
    error = error_at(registration, registration.current.to_working(np.array([place])))
    return Change(
        kind=kind,
        # the prior's name goes on, so that a group keeps its identifier (history.py)
        tracking_uid=(prior_groups or groups)[0],
        groups=groups,
        prior_groups=prior_groups,
        image_laterality=pair.image_laterality,
        view_position=pair.view_position,
        image=pair.current,
        prior_image=pair.prior,
        place=place,
        prior_place=prior_place,
        current=_measured(current, region.groups, region.current, region.subthreshold_on_current),
        prior=_measured(prior, region.prior_groups, region.prior, region.subthreshold_on_prior),
        matched=region.matched,
        new=region.new,
        gone=region.gone,
        not_assessable=region.not_visible_on_current + region.not_visible_on_prior,
        size_ratio=ratio,
        interval_months=pair.interval_months,
        # else in working units that rest on an assumed spacing (decision 4)
        error_mm=float(error[0]) if _is_in_mm(visibility) else None,
        reasons=reasons,
    )


def changes_not_comparable(
    image: ImageFindings,
    place: int,
    *,
    is_current: bool,
    reason: str,
    interval_months: float | None = None,
) -> tuple[Change, ...]:
    """Say of every group of an image that it is compared with nothing.

    Args:
        image: Findings of the image.
        place: Of the image in its examination, 0 first.
        is_current: Whether it is a current image; else it is a prior one.
        reason: Why nothing is compared, in words.
        interval_months: Since the prior image, where there is one.

    Returns:
        A change for each group, ``NOT_COMPARABLE``, with what was measured of it by itself.
    """
    places = {calcification.tracking_uid: number for number, calcification in enumerate(image.calcifications)}
    changes = []
    for number, group in enumerate(image.groups):
        members = np.array(sorted(places[uid] for uid in group.members), np.intp)
        own, center = _measured(image, [number], members, 0), (group.row, group.column)
        changes.append(
            Change(
                kind=ChangeKind.NOT_COMPARABLE,
                tracking_uid=group.tracking_uid,
                groups=(group.tracking_uid,) if is_current else (),
                prior_groups=() if is_current else (group.tracking_uid,),
                image_laterality=image.description.image_laterality,
                view_position=image.description.view_position,
                image=place if is_current else None,
                prior_image=None if is_current else place,
                place=center if is_current else None,
                prior_place=None if is_current else center,
                current=own if is_current else GroupMeasurement(),
                prior=GroupMeasurement() if is_current else own,
                matched=0,
                new=0,
                gone=0,
                # nothing is silently left out: all members are counted as not compared
                not_assessable=group.count,
                size_ratio=None,
                interval_months=interval_months,
                error_mm=None,
                reasons=(reason,),
            )
        )
    return tuple(changes)


def one_sided_growth(
    new: NDArray[np.float64],
    matched: NDArray[np.float64],
    *,
    settings: ChangeSettings = DEFAULT.change,
) -> float:
    """Measure how far new places reach beyond matched ones, toward where they lie.

    The reach is that of most places (``reach_quantile``): a stray one decides nothing, as it would for the
    largest distance.

    Args:
        new: Places of new calcifications, n x 2.
        matched: Places of matched calcifications, m x 2, in the same unit.
        settings: Numbers of this stage.

    Returns:
        A length in the unit of the places; 0 where the two do not lie on two sides.
    """
    # new calcifications among or all round the old are more in number, not a larger extent
    if not lie_on_two_sides(new, matched, settings=settings):
        return 0.0
    # not 0: the two means lie apart, as just tested
    toward = new.mean(axis=0) - matched.mean(axis=0)
    toward /= np.linalg.norm(toward)
    reach = settings.reach_quantile
    return float(np.quantile(new @ toward, reach) - np.quantile(matched @ toward, reach))


def lie_on_two_sides(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    *,
    settings: ChangeSettings = DEFAULT.change,
) -> bool:
    """Test whether two sets of places lie on two sides: Hotelling's test of two means, well apart.

    Args:
        first: Places, n x 2 in mm.
        second: Places, m x 2 in mm.
        settings: Numbers of this stage.

    Returns:
        Whether they do; false where either set has too few to tell.
    """
    count, second_count = len(first), len(second)
    if min(count, second_count) < settings.min_calcifications:
        return False
    scatter = (count - 1) * np.cov(first.T) + (second_count - 1) * np.cov(second.T)
    off = first.mean(axis=0) - second.mean(axis=0)
    freedom = count + second_count - 2
    # calcifications on a line have no variance across it
    covariance = scatter / freedom + settings.scatter_floor_mm2 * np.eye(2)
    square = float(off @ np.linalg.solve(covariance, off))
    # Hotelling's T squared as an F of 2 and freedom - 1, for places in two dimensions
    ratio = square * count * second_count / (count + second_count) * (freedom - 1) / (2 * freedom)
    chance = fdtrc(2, freedom - 1, ratio)
    # both: many points make a tiny offset certain, few make a large offset chance
    return bool(square**0.5 >= settings.side_deviations and chance <= settings.side_chance)


def _outcome(
    alignment: Alignment,
    visibility: PairVisibility,
    region: Region,
    ratio: float | None,
    *,
    missed: float,
    settings: ComparisonSettings,
) -> Outcome:
    """What became of a region: the first that applies."""
    # first of all: what only one image shows has no shape or size to compare
    if (outcome := _on_one_image(alignment, region, settings.change)) is not None:
        return outcome
    # before the number: the shape decides the category in any case (decision 14)
    if (shape := _changed_shape(visibility, region, settings.change)) is not None:
        return ChangeKind.SHAPE_CHANGED, (shape, _counts(region))
    if _exceeds_chance(region.net_increase, region.present, missed, settings.change):
        return _increased(visibility, region, ratio, settings.change)
    if _exceeds_chance(region.net_decrease, region.present + region.likely_gone, missed, settings.change):
        return _decreased(visibility, region, settings)
    return _by_size(region, ratio, settings.change)


def _on_one_image(alignment: Alignment, region: Region, settings: ChangeSettings) -> Outcome | None:
    """New, resolved, or not to be told, where the other image shows next to nothing of it; else ``None``."""
    on_prior = region.matched + region.subthreshold_on_prior
    on_current = region.matched + region.subthreshold_on_current
    if not region.prior_groups and on_prior < settings.present_share * len(region.current):
        kind, unmatched, not_visible = ChangeKind.NEW, region.new, region.not_visible_on_prior
    elif not region.groups and on_current < settings.present_share * len(region.prior):
        kind, unmatched, not_visible = ChangeKind.RESOLVED, region.gone, region.not_visible_on_current
    else:
        return None
    # mostly what the other image could not show: neither new nor resolved can be said
    if unmatched < not_visible:
        return ChangeKind.NOT_COMPARABLE, (hidden_words(not_visible, on_prior=kind is ChangeKind.NEW),)
    reasons = unmatched_words(unmatched, not_visible, on_prior=kind is ChangeKind.NEW)
    is_certain = alignment is Alignment.GOOD
    # an uncertain alignment may miss partners: more are required (decision 14)
    if unmatched < (settings.min_calcifications if is_certain else settings.min_calcifications_uncertain):
        return ChangeKind.NOT_COMPARABLE, (*reasons, TOO_FEW)
    return kind, reasons


def _changed_shape(visibility: PairVisibility, region: Region, settings: ChangeSettings) -> str | None:
    """How the shape moved toward a more worrying one, in words, where both images are sure of theirs."""
    prior = _described(visibility.prior.image, region.prior_groups)
    current = _described(visibility.current.image, region.groups)
    if region.matched < settings.min_matched or prior is None or current is None:
        return None
    if prior.morphology is None or current.morphology is None:
        return None
    prior_shape, shape = prior.morphology.likeliest, current.morphology.likeliest
    if prior_shape is None or shape is None or not _is_worse(prior_shape, shape):
        return None
    is_sure = (
        prior.morphology.of(prior_shape) >= settings.min_prior_shape_probability
        and current.morphology.of(shape) >= settings.min_current_shape_probability
    )
    # if either image gave the other's shape a chance, the same shape could have been seen twice
    confused = max(prior.morphology.of(shape), current.morphology.of(prior_shape))
    if not is_sure or confused > settings.max_other_shape_probability:
        return None
    return shape_words(prior_shape, shape)


def _is_worse(prior: Morphology, current: Morphology) -> bool:
    # One duct may show as fine linear or as branching: going from one to the other is no change of shape.
    if current not in _WORRYING or {prior, current} <= set(FINE_LINEAR):
        return False
    return RANKED_MORPHOLOGIES.index(current) > RANKED_MORPHOLOGIES.index(prior)


def _exceeds_chance(net: float, base: float, missed: float, settings: ChangeSettings) -> bool:
    """Whether so many more are an increase by the rule, and more than an image misses by chance."""
    # nothing on the prior to take a share of
    if base == 0:
        return net >= settings.min_calcifications
    # five alone are little among many: a share is required beside the count
    least = max(settings.increase_count, settings.increase_share_of_many * base)
    by_rule = net >= settings.increase_share * base or net >= least
    # bounded: the estimate rests on the few calcifications of one pair
    share = min(max(missed, settings.min_missed_share), settings.max_missed_share)
    # binomial, once for each image
    variance = 2 * share * (1 - share) * base
    return by_rule and net >= max(settings.min_net, settings.chance_deviations * variance**0.5)


def _increased(
    visibility: PairVisibility, region: Region, ratio: float | None, settings: ChangeSettings
) -> Outcome:
    """Increased in size, extent or number: the first that applies."""
    number = new_words(region.new, region.present)
    if ratio is not None and ratio >= settings.size_ratio and region.matched >= settings.min_matched:
        return ChangeKind.INCREASED_IN_SIZE, (size_words(ratio), number)
    places = visibility.current.places[region.current]
    growth = one_sided_growth(
        places[region.current_visibility == Visibility.UNMATCHED],
        places[region.current_visibility == Visibility.MATCHED],
        settings=settings,
    )
    # the limit is in millimeters: working units of an assumed spacing are none
    if _is_in_mm(visibility) and growth >= settings.extent_growth_mm:
        return ChangeKind.INCREASED_IN_EXTENT, (growth_words(growth), number)
    return ChangeKind.INCREASED_IN_NUMBER, (number,)


def _decreased(visibility: PairVisibility, region: Region, settings: ComparisonSettings) -> Outcome:
    """Resolved, partially removed or decreased: the first that applies."""
    number = gone_words(region.gone, region.present)
    visible = len(region.prior) - region.not_visible_on_current
    # nothing is matched and all that could be seen is gone or faint
    if region.gone + region.subthreshold_on_current == visible and not region.matched:
        return ChangeKind.RESOLVED, (number,)
    # matched and gone on the same image, that is the current, so that sides are compared in one frame
    places = to_current(
        visibility.registration,
        visibility.prior.places[region.prior],
        settings=settings.registration,
    )
    if lie_on_two_sides(
        places[region.prior_visibility == Visibility.UNMATCHED],
        places[region.prior_visibility == Visibility.MATCHED],
        settings=settings.change,
    ):
        return ChangeKind.PARTIALLY_REMOVED, (number, GONE_ON_ONE_SIDE)
    return ChangeKind.DECREASED, (number,)


def _by_size(region: Region, ratio: float | None, settings: ChangeSettings) -> Outcome:
    """Larger, not to be told, or unchanged, where the number is within chance."""
    if ratio is not None and ratio >= settings.size_ratio:
        return ChangeKind.INCREASED_IN_SIZE, (size_words(ratio),)
    both = region.matched + region.subthreshold
    # more hidden than seen on both: unchanged would be a guess
    if max(region.not_visible_on_prior, region.not_visible_on_current) >= both:
        return ChangeKind.NOT_COMPARABLE, (_counts(region), SEEN_ON_ONE_DAY)
    # a group on one image alone, mostly faint on the other: not plain enough for "unchanged"
    is_doubtful = region.new + region.gone > 0 and not (region.groups and region.prior_groups)
    if is_doubtful and region.matched < settings.min_matched_share * both:
        return ChangeKind.NOT_COMPARABLE, (_counts(region), FAINT_ON_ONE_DAY)
    return ChangeKind.NO_SIGNIFICANT_CHANGE, (_counts(region),)


def _counts(region: Region) -> str:
    return counts_words(
        matched=region.matched,
        subthreshold=region.subthreshold,
        new=region.new,
        gone=region.gone,
        not_visible=region.not_visible_on_prior + region.not_visible_on_current,
    )


def _size_ratio(visibility: PairVisibility, region: Region, settings: ChangeSettings) -> float | None:
    """Median ratio of the current to the prior diameter of matched calcifications, where both are in mm."""
    prior, current = visibility.prior.image.calcifications, visibility.current.image.calcifications
    diameters = [
        (current[number].diameter_mm, prior[visibility.partner[number]].diameter_mm)
        for number in region.current
        if visibility.partner[number] >= 0
    ]
    # of the same calcifications only: a new small member does not shrink the others
    ratios = [own / earlier for own, earlier in diameters if own and earlier]
    # a median: a single bad outline does not make a group grow
    return median(ratios) if len(ratios) >= settings.min_matched else None


def _is_in_mm(visibility: PairVisibility) -> bool:
    return visibility.current.tissue_map.in_mm and visibility.prior.tissue_map.in_mm


def _places(visibility: PairVisibility, region: Region, settings: ComparisonSettings) -> tuple[Point, Point]:
    """Middle of the largest group in the prior and the current file; without a group, where it would lie."""
    registration = visibility.registration
    own: list[Point | None] = []
    for points, groups in ((visibility.prior, region.prior_groups), (visibility.current, region.groups)):
        group = _described(points.image, groups)
        own.append(None if group is None else (group.row, group.column))
    prior_place, place = own
    # a reader needs the place on both images, to look for what is not there
    if place is None and prior_place is not None:
        center = registration.prior.to_working(np.array([prior_place]))
        found = to_current(registration, center, settings=settings.registration)
        place = _point(registration.current.to_file(found))
    if prior_place is None and place is not None:
        found = to_prior(registration, registration.current.to_working(np.array([place])))
        prior_place = _point(registration.prior.to_file(found))
    if place is None or prior_place is None:
        raise ValueError("a region without groups")
    return prior_place, place


def _point(places: NDArray[np.float64]) -> Point:
    return float(places[0, 0]), float(places[0, 1])


def _described(image: ImageFindings, groups: Sequence[int]) -> CalcificationGroup | None:
    """The largest of some groups of an image, which speaks for all of them."""
    return image.groups[groups[0]] if groups else None


def _measured(
    image: ImageFindings, groups: Sequence[int], places: NDArray[np.intp], subthreshold: int
) -> GroupMeasurement:
    """What was measured of some groups; ``places``: of their calcifications in the image."""
    members = [image.calcifications[int(number)] for number in places]
    spacing = image.description.pixel_spacing
    points = np.array([(member.row, member.column) for member in members], np.float64).reshape(-1, 2)
    extent_px = float(pdist(points).max()) if len(points) > 1 else 0.0
    diameters = [member.diameter_mm for member in members if member.diameter_mm is not None]
    contrasts = [member.contrast for member in members]
    group = _described(image, groups)
    return GroupMeasurement(
        count=len(members),
        subthreshold=subthreshold,
        extent_mm=extent_px * spacing.mm if spacing and members else None,
        diameter_mm=median(diameters) if diameters else None,
        contrast=median(contrasts) if contrasts else None,
        morphology=group.morphology.likeliest if group and group.morphology else None,
    )
