"""Two examinations of one woman -> which images belong together, and what became of every group in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.comparison.align import align
from calcwatch.comparison.change import NOTHING, measure_group, missed_share, tell_change
from calcwatch.comparison.history import observed_of, with_lasting_uids
from calcwatch.comparison.match import match_calcifications, points_of
from calcwatch.comparison.regions import regions_of
from calcwatch.comparison.register import Registration, register
from calcwatch.comparison.treatment import (
    ClinicalStatement,
    TreatmentReading,
    find_surgical_beds,
    read_treatment,
    with_surgical_beds,
)
from calcwatch.comparison.visibility import visibility_of_pair
from calcwatch.domain.change import Alignment, CalcificationMatch, Change, ChangeKind, Comparison, ImagePair
from calcwatch.domain.dates import months_between
from calcwatch.exam.read import analyze_exam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.change import RegionChange
    from calcwatch.comparison.match import Matched
    from calcwatch.comparison.regions import Region
    from calcwatch.comparison.visibility import PairVisibility
    from calcwatch.domain.assessment import ExaminationFindings
    from calcwatch.domain.findings import ImageFindings, TissueMap
    from calcwatch.domain.image import ImageDescription, Point
    from calcwatch.exam.rule_table import RuleTable
    from calcwatch.image.describe.suspicion import SuspicionModel

GOOD_LOCAL_CORRELATION, MIN_LOCAL_CORRELATION = 0.42, 0.33
"""Mean correlation of aligned tissue: other breasts reached 0.38 and 0.33 at most in 1 and 9 of 10 cases."""

MAX_INVERSE_CONSISTENCY_MM = 3.0
"""So far may places come back from where they were: of priors of other women that are alike by chance, 33 of
42 go farther astray.
"""

MIN_OVERLAP = 0.4
"""So much of the current breast must the prior show."""


_BETTER = 0.04  # another orientation or image is likelier the right one
_PROVEN = 0.6  # so alike, nothing else needs to be tried


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """A pair with everything a picture of it needs; ``registration`` is ``None`` where there is none."""

    pair: ImagePair
    registration: Registration | None
    changes: tuple[Change, ...]


def compare_exams(
    prior: Sequence[ImageFindings], current: Sequence[ImageFindings]
) -> tuple[Comparison, tuple[ComparedPair, ...]]:
    """Compare every current image with the prior one of the same breast and view.

    Groups of images without a partner are ``NOT_COMPARABLE``, on either day: nothing is silently left out.
    Raises ``ValueError`` for findings without tissue (those that were read from a file).
    """
    partners, notes = _partners(prior, current)
    compared = [
        _compare_pair(prior, current, before, after)
        for after, before in enumerate(partners)
        if before is not None
    ]
    changes = [change for one in compared for change in one.changes]
    alone = [after for after, before in enumerate(partners) if before is None]
    lost = [before for before in range(len(prior)) if before not in partners]
    changes += [change for after in alone for change in _alone(current[after], after, is_current=True)]
    changes += [change for before in lost for change in _alone(prior[before], before, is_current=False)]
    return Comparison(tuple(one.pair for one in compared), tuple(changes), notes), tuple(compared)


def _partners(
    prior: Sequence[ImageFindings], current: Sequence[ImageFindings]
) -> tuple[list[int | None], tuple[str, ...]]:
    """For each current image the place of its prior; words on those that have none or are none's."""
    partners: list[int | None] = []
    notes = []
    taken: set[int] = set()
    for image in current:
        key = _view(image.description)
        found = [
            n
            for n, one in enumerate(prior)
            if n not in taken and key is not None and _view(one.description) == key
        ]
        partners.append(found[0] if found else None)
        taken.update(found[:1])
        if not found:
            notes.append(f"{_words(image.description)} has no prior: {_why(image.description, 'earlier')}")
    for number, image in enumerate(prior):
        if number not in taken:
            notes.append(
                f"prior {_words(image.description)} is compared with nothing: "
                f"{_why(image.description, 'current')}"
            )
    return partners, tuple(notes)


def _view(image: ImageDescription) -> tuple[str, str] | None:
    if image.image_laterality is None or image.view_position is None:
        return None
    return image.image_laterality, image.view_position


def _words(image: ImageDescription) -> str:
    return " ".join([image.image_laterality or "side not known", image.view_position or "view not known"])


def _why(image: ImageDescription, other: str) -> str:
    if _view(image) is None:
        return "its side or view is not known; give them with --table"
    return f"the {other} examination has no other image of that side and view"


def _compare_pair(
    prior: Sequence[ImageFindings], current: Sequence[ImageFindings], before: int, after: int
) -> ComparedPair:
    then, now = prior[before], current[after]
    registration = align(_tissue(then), _tissue(now), _nipples(then, now))
    alignment, notes = _judge(registration, prior, now, before)
    months = months_between(then.description.study_date, now.description.study_date)
    pair = ImagePair(
        prior=before,
        current=after,
        image_laterality=now.description.image_laterality,
        view_position=now.description.view_position,
        interval_months=months,
        alignment=alignment,
        local_correlation=registration.local_correlation,
        overlap=registration.overlap,
        error_mm=None,
        matches=(),
        notes=notes,
    )
    if alignment is Alignment.FAILED:
        changes = (*_alone(now, after, is_current=True), *_alone(then, before, is_current=False))
        reason = "the images could not be laid over each other"
        failed = tuple(replace(one, reasons=(reason,), interval_months=months) for one in changes)
        return ComparedPair(pair, None, failed)
    specks = points_of(then, _tissue(then)), points_of(now, _tissue(now))
    matched = match_calcifications(registration, *specks)
    sights = visibility_of_pair(then, now, specks, matched)
    regions, is_sure = regions_of(sights), alignment is Alignment.GOOD
    tell = partial(tell_change, sights, missed=missed_share(sights, regions), is_sure=is_sure)
    changes = tuple(_change(sights, region, tell(region), pair) for region in regions)
    pair = replace(pair, error_mm=_error(matched, specks[1].places), matches=_matches(then, now, matched))
    return ComparedPair(pair, matched.registration, changes)


def _tissue(image: ImageFindings) -> TissueMap:
    if image.tissue_map is None:
        raise ValueError(
            f"{image.description.source}: findings without tissue cannot be aligned; analyze it anew"
        )
    return image.tissue_map


def _nipples(
    then: ImageFindings, now: ImageFindings
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if then.landmarks is None or now.landmarks is None:
        return None
    return (
        _tissue(then).to_mm(np.array([then.landmarks.nipple])),
        _tissue(now).to_mm(np.array([now.landmarks.nipple])),
    )


def _judge(
    registration: Registration, prior: Sequence[ImageFindings], now: ImageFindings, before: int
) -> tuple[Alignment, tuple[str, ...]]:
    """How well the pair fits, whether anything fits better, and what a reader must know of it."""
    notes = _turned(prior[before], now)
    if registration.overlap < MIN_OVERLAP:
        share = f"{100 * registration.overlap:.0f} %"
        return Alignment.FAILED, (
            *notes,
            f"the prior shows only {share} of the breast that the current image does",
        )
    other = None
    if registration.local_correlation < _PROVEN:
        other = _better(registration.local_correlation + _BETTER, prior, now, before)
    if other is not None:
        return Alignment.FAILED, (*notes, other)
    alignment, doubt = _worth(registration)
    return alignment, (*notes, doubt) if doubt else notes


def _worth(registration: Registration) -> tuple[Alignment, str]:
    """How well the tissue fits, and the doubt in words."""
    if registration.local_correlation < MIN_LOCAL_CORRELATION:
        return Alignment.FAILED, "the tissue of the two is no more alike than that of two women"
    is_inconsistent = registration.inverse_consistency_mm > MAX_INVERSE_CONSISTENCY_MM
    if registration.local_correlation < GOOD_LOCAL_CORRELATION:
        if is_inconsistent:
            return Alignment.FAILED, "the tissue of the two is little alike, and fits one way only"
        return Alignment.UNCERTAIN, "the tissue of the two is little alike: look at them yourself"
    if is_inconsistent:
        return Alignment.UNCERTAIN, "much of the tissue fits one way only: look at them yourself"
    return Alignment.GOOD, ""


def _turned(then: ImageFindings, now: ImageFindings) -> tuple[str, ...]:
    if _tissue(then).mirrored is _tissue(now).mirrored:
        return ()
    return ("one of the two files is mirrored left to right: check its side mark",)


def _better(least: float, prior: Sequence[ImageFindings], now: ImageFindings, before: int) -> str | None:
    """What fits better than the pair as it is stated, in words."""
    upside_down = register(_flipped(_tissue(prior[before])), _tissue(now))
    if upside_down.local_correlation >= max(least, MIN_LOCAL_CORRELATION):
        return "one of the two files stands upside down"
    for number, other in enumerate(prior):
        if number == before or other.tissue_map is None:
            continue
        found = register(other.tissue_map, _tissue(now), _nipples(other, now))
        if found.local_correlation >= max(least, GOOD_LOCAL_CORRELATION):
            wrong = "a side or view may be labeled wrong"
            return f"it looks more like the prior {_words(other.description)}: {wrong}"
    return None


def _flipped(tissue: TissueMap) -> TissueMap:
    return replace(
        tissue,
        pattern=np.ascontiguousarray(tissue.pattern[::-1]),
        mask=np.ascontiguousarray(tissue.mask[::-1]),
        contrast_to_noise=np.ascontiguousarray(tissue.contrast_to_noise[::-1]),
    )


def _error(matched: Matched, places: NDArray[np.float64]) -> float | None:
    """Median error of the alignment at the specks, else in the breast."""
    registration = matched.registration
    if not (registration.current.in_mm and registration.prior.in_mm):
        return None
    if len(places):
        return float(np.median(registration.error_mm(places)))
    return float(np.median(registration.error[registration.current.mask > 0]))


def _matches(then: ImageFindings, now: ImageFindings, matched: Matched) -> tuple[CalcificationMatch, ...]:
    return tuple(
        CalcificationMatch(
            then.calcifications[m].tracking_uid,
            now.calcifications[n].tracking_uid,
            float(probability),
            float(apart),
        )
        for n, m, probability, apart in zip(
            matched.current, matched.prior, matched.probability, matched.apart, strict=True
        )
    )


def _change(sights: PairVisibility, region: Region, told: RegionChange, pair: ImagePair) -> Change:
    (then, now), registration = sights.images, sights.registration
    groups = tuple(now.groups[n].tracking_uid for n in region.groups)
    priors = tuple(then.groups[n].tracking_uid for n in region.prior_groups)
    here, there = _places(sights.images, region, registration)
    at = registration.error_mm(registration.current.to_mm(np.array([here])))
    return Change(
        kind=told.kind,
        tracking_uid=(priors or groups)[0],
        groups=groups,
        prior_groups=priors,
        image_laterality=pair.image_laterality,
        view_position=pair.view_position,
        image=pair.current,
        prior_image=pair.prior,
        place=here,
        prior_place=there,
        current=told.current,
        prior=told.prior,
        matched=told.counts.same,
        new=told.counts.new,
        gone=told.counts.gone,
        not_assessable=told.counts.hidden_now + told.counts.hidden_then,
        size_ratio=told.size_ratio,
        interval_months=pair.interval_months,
        error_mm=float(at[0]) if registration.current.in_mm and registration.prior.in_mm else None,
        reasons=told.reasons,
    )


def _places(
    images: tuple[ImageFindings, ImageFindings], region: Region, registration: Registration
) -> tuple[Point, Point]:
    """Middle of the group on the current and on the prior image; where there is none, where it would lie."""
    then, now = images
    here = _middle(now, region.groups)
    there = _middle(then, region.prior_groups)
    if here is None and there is not None:
        place = registration.to_current(registration.prior.to_mm(np.array([there])))
        here = _point(registration.current.to_file(place))
    if there is None and here is not None:
        place = registration.to_prior(registration.current.to_mm(np.array([here])))
        there = _point(registration.prior.to_file(place))
    if here is None or there is None:
        raise ValueError("a region without groups")
    return here, there


def _middle(image: ImageFindings, groups: Sequence[int]) -> Point | None:
    if not groups:
        return None
    first = image.groups[groups[0]]
    return first.row, first.column


def _point(places: NDArray[np.float64]) -> Point:
    return float(places[0, 0]), float(places[0, 1])


def _alone(image: ImageFindings, at: int, *, is_current: bool) -> tuple[Change, ...]:
    """Groups of an image that is compared with nothing: not comparable, each with what was measured."""
    reason = (
        "there is no earlier image of this side and view"
        if is_current
        else "no current image shows this view"
    )
    changes = []
    for number, group in enumerate(image.groups):
        own, place = measure_group(image, number), (group.row, group.column)
        changes.append(
            Change(
                kind=ChangeKind.NOT_COMPARABLE,
                tracking_uid=group.tracking_uid,
                groups=(group.tracking_uid,) if is_current else (),
                prior_groups=() if is_current else (group.tracking_uid,),
                image_laterality=image.description.image_laterality,
                view_position=image.description.view_position,
                image=at if is_current else None,
                prior_image=None if is_current else at,
                place=place if is_current else None,
                prior_place=None if is_current else place,
                current=own if is_current else NOTHING,
                prior=NOTHING if is_current else own,
                matched=0,
                new=0,
                gone=0,
                not_assessable=group.count,
                size_ratio=None,
                interval_months=None,
                error_mm=None,
                reasons=(reason,),
            )
        )
    return tuple(changes)


@dataclass(frozen=True, eq=False)
class Compared:
    """Two examinations of one woman: the current one as it is read with the prior at hand.

    ``aligned``: each pair with its alignment, for pictures. ``treatment``: what a stated treatment adds,
    ``None`` where none was stated.
    """

    prior: tuple[ImageFindings, ...]
    examination: ExaminationFindings
    comparison: Comparison
    aligned: tuple[ComparedPair, ...]
    treatment: TreatmentReading | None


def compare_with_prior(
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    stated: ClinicalStatement | None = None,
    earlier: Sequence[Compared] = (),
) -> Compared:
    """Say what became of every group since the prior examination, and read the current one knowing it.

    ``prior``, ``current``: findings of ``analyze_image``, the latest earlier image of each view and those of
    the day. ``stated``: what a person states of the woman and her treatment. ``earlier``: the comparisons
    before, the earliest first, so that groups keep their identifier. Raises ``ValueError`` for no current
    image, and for findings without tissue.
    """
    stated = stated or ClinicalStatement()
    before = [one.comparison for one in earlier]
    comparison, aligned = compare_exams(prior, current)
    comparison = with_lasting_uids(comparison, before)
    beds = find_surgical_beds(stated, prior, current, aligned)
    comparison = with_surgical_beds(comparison, current, beds, stated.treatment)
    examination = analyze_exam(
        current,
        table=table,
        suspicion=suspicion,
        context=stated.context,
        observed=observed_of(comparison, before),
    )
    reading = read_treatment(stated, comparison)
    return Compared(tuple(prior), examination, comparison, aligned, reading)
