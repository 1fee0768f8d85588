"""What became of a region, in DICOM's words (PS3.16 CID 6002, 6037); the numbers it was told from are kept.

A change is stated only where it exceeds what two images of an unchanged breast differ by. What the prior
could not show is never new.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist
from scipy.special import fdtrc

from calcwatch.comparison.visibility import Visibility
from calcwatch.domain.change import ChangeKind, GroupMeasurement
from calcwatch.domain.lexicon import RANKED_MORPHOLOGIES, Morphology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.comparison.regions import Region
    from calcwatch.comparison.visibility import PairVisibility
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings

MORE_SHARE, MORE_SPECKS = 0.30, 5
"""An increase in number: by so large a share, or by so many calcifications (rule C2)."""

WIDER_MM = 5.0
"""An increase in extent: new calcifications reach so far beyond the old ones, to one side (rule C2)."""

NOTHING = GroupMeasurement(0, 0, None, None, None, None)
"""What is measured where there is nothing, or no image."""

LARGER_RATIO = 1.35
"""An increase in size: the median diameter of the same calcifications grows by this factor."""

_LEAST_SPECKS = 3  # fewer are missed by chance
_SAME_SHARE = 0.35  # of what is there, where a day has no group: with fewer, nothing is sure
_LEAST_NET = 4  # of a group that is there on both days
_LEAST_UNSURE = 5  # where the alignment is uncertain
_MISSED_SHARE, _MOST_MISSED = 0.05, 0.5  # of the specks that an image should show, at least and at most
_DEVIATIONS = 2.2  # of a count, from what is missed
_SENSITIVITY_SHARE = 0.25  # of many specks, one image of the same breast may show so many more
_THERE_SHARE = 0.3  # of the specks of a day: so many seen on the other day, and the group was there
_LEAST_SAME = 4  # specks that tell a change of size or shape
_SURE_BEFORE, _SURE_AFTER = 0.9, 0.5  # of the shape on its own day
_MOST_OTHER_DAY = 0.03  # of the shape on the other day
_FINE_LINEAR = frozenset({Morphology.FINE_LINEAR, Morphology.FINE_LINEAR_BRANCHING})
_PLAIN = _FINE_LINEAR | {Morphology.FINE_PLEOMORPHIC}  # dose and blur alone make others of round ones
_APART_DEVIATIONS, _BY_CHANCE = 1.6, 0.1  # of two sets of specks that lie on two sides
_JITTER_MM2 = 0.01
_REACH = 0.9  # share of places that an area holds


@dataclass(frozen=True, eq=False)
class RegionChange:
    """What is said of one region, before where and when are added."""

    kind: ChangeKind
    reasons: tuple[str, ...]
    current: GroupMeasurement
    prior: GroupMeasurement
    counts: Counts
    size_ratio: float | None


@dataclass(frozen=True)
class Counts:
    """Calcifications of a region: on both days, faint on the other day, not assessable, on one day alone.

    ``likely_gone``: how many of those that the current image may have missed it would have shown.
    """

    same: int
    faint_then: int
    faint_now: int
    hidden_then: int
    hidden_now: int
    new: int
    gone: int
    likely_gone: float

    @property
    def there(self) -> int:
        """Those that were there on the prior and would be seen on both days."""
        return self.same + self.faint_then + self.faint_now + self.gone

    @property
    def more(self) -> float:
        """New minus gone: what is matched wrongly cancels out. What the prior may have missed is not new."""
        return self.new - self.gone

    @property
    def fewer(self) -> float:
        """Gone, likely ones included, minus new."""
        return self.gone + self.likely_gone - self.new


@dataclass(frozen=True, eq=False)
class _Scene:
    """A region with the places of its specks on the current image, in mm."""

    images: tuple[ImageFindings, ImageFindings]
    region: Region
    sight_now: NDArray[np.int_]
    sight_then: NDArray[np.int_]
    seen_then: NDArray[np.float64]
    now: NDArray[np.float64]
    then: NDArray[np.float64]
    in_mm: bool
    least: int
    missed: float


def missed_share(sights: PairVisibility, regions: Sequence[Region]) -> float:
    """Share of the specks of a pair that one of its images misses for no reason.

    In each region the fewer of those alone on either day: what came or went is alone on one day only.
    """
    missed = seen = 0
    for region in regions:
        now, then = sights.current[region.current], sights.prior[region.prior]
        alone = min(int((now == Visibility.UNMATCHED).sum()), int((then == Visibility.UNMATCHED).sum()))
        missed += alone
        seen += alone + int(((now == Visibility.MATCHED) | (now == Visibility.SUBTHRESHOLD)).sum())
    return missed / seen if seen else 0.0


def tell_change(
    sights: PairVisibility, region: Region, *, missed: float = 0.0, is_sure: bool = True
) -> RegionChange:
    """Say what became of a region.

    ``missed``: ``missed_share`` of the pair. ``is_sure``: the alignment is good; where it is not, more is
    asked before anything is new or gone.
    """
    registration, images = sights.registration, sights.images
    scene = _Scene(
        images=images,
        region=region,
        sight_now=sights.current[region.current],
        sight_then=sights.prior[region.prior],
        seen_then=sights.prior_visible_share[region.prior],
        now=sights.specks[1].places[region.current],
        then=registration.to_current(sights.specks[0].places[region.prior]),
        in_mm=registration.current.in_mm and registration.prior.in_mm,
        least=_LEAST_SPECKS if is_sure else _LEAST_UNSURE,
        missed=missed,
    )
    counts = _count(scene)
    ratio = _size_ratio(scene, sights)
    kind, reasons = _kind(scene, counts, ratio)
    return RegionChange(
        kind,
        reasons,
        _measured(images[1], region.groups, region.current, counts.faint_now),
        _measured(images[0], region.prior_groups, region.prior, counts.faint_then),
        counts,
        ratio,
    )


def _count(scene: _Scene) -> Counts:
    def number(sight: NDArray[np.int_], kind: Visibility) -> int:
        return int(np.count_nonzero(sight == kind))

    return Counts(
        same=number(scene.sight_now, Visibility.MATCHED),
        faint_then=number(scene.sight_now, Visibility.SUBTHRESHOLD),
        faint_now=number(scene.sight_then, Visibility.SUBTHRESHOLD),
        hidden_then=number(scene.sight_now, Visibility.NOT_VISIBLE),
        hidden_now=number(scene.sight_then, Visibility.NOT_VISIBLE),
        new=number(scene.sight_now, Visibility.UNMATCHED),
        gone=number(scene.sight_then, Visibility.UNMATCHED),
        likely_gone=float(scene.seen_then[scene.sight_then == Visibility.NOT_VISIBLE].sum()),
    )


def _kind(scene: _Scene, counts: Counts, ratio: float | None) -> tuple[ChangeKind, tuple[str, ...]]:
    one_day = _only_one_day(scene, counts)
    if one_day is not None:
        return one_day
    reshaped = _reshaped(scene) if counts.same >= _LEAST_SAME else None
    if reshaped is not None:
        return ChangeKind.SHAPE_CHANGED, (reshaped, _numbers(counts))
    if _exceeds_chance(counts.more, counts.there, scene.missed):
        return _grown(scene, counts, ratio)
    if _exceeds_chance(counts.fewer, counts.there + counts.likely_gone, scene.missed):
        return _shrunk(scene, counts)
    return _by_size(scene, counts, ratio)


def _by_size(scene: _Scene, counts: Counts, ratio: float | None) -> tuple[ChangeKind, tuple[str, ...]]:
    if ratio is not None and ratio >= LARGER_RATIO:
        return ChangeKind.INCREASED_IN_SIZE, (f"the same calcifications are {ratio:.2f} times as large",)
    if max(counts.hidden_then, counts.hidden_now) >= counts.same + counts.faint_then + counts.faint_now:
        return ChangeKind.NOT_COMPARABLE, (_numbers(counts), "too much of it could be seen on one day only")
    is_doubtful = counts.new + counts.gone > 0 and not (scene.region.groups and scene.region.prior_groups)
    if is_doubtful and counts.same < _SAME_SHARE * (counts.same + counts.faint_then + counts.faint_now):
        return ChangeKind.NOT_COMPARABLE, (_numbers(counts), "most of it is faint on one day: look at both")
    return ChangeKind.NO_SIGNIFICANT_CHANGE, (_numbers(counts),)


def _only_one_day(scene: _Scene, counts: Counts) -> tuple[ChangeKind, tuple[str, ...]] | None:
    """New, resolved, or not to be told, where the other day shows next to nothing of it."""
    if not scene.region.prior_groups and not _was_there(counts.same + counts.faint_then, scene.sight_now):
        return _appeared(scene.least, counts.new, counts.hidden_then, ChangeKind.NEW)
    if not scene.region.groups and not _was_there(counts.same + counts.faint_now, scene.sight_then):
        return _appeared(scene.least, counts.gone, counts.hidden_now, ChangeKind.RESOLVED)
    return None


def _was_there(seen: int, sight: NDArray[np.int_]) -> bool:
    return seen >= _THERE_SHARE * len(sight)


def _appeared(least: int, alone: int, hidden: int, kind: ChangeKind) -> tuple[ChangeKind, tuple[str, ...]]:
    other = "prior" if kind is ChangeKind.NEW else "current image"
    if alone < hidden:
        reason = f"{hidden} of its calcifications could not have been seen on the {other}"
        return ChangeKind.NOT_COMPARABLE, (f"{reason}: cut off, or lost in noise",)
    reasons = [f"{alone} of its calcifications are not seen on the {other}, which would have shown them"]
    if hidden:
        reasons.append(f"{hidden} more could not have been seen there")
    if alone < least:
        return ChangeKind.NOT_COMPARABLE, (*reasons, "too few to tell: look at both images")
    return kind, tuple(reasons)


def _exceeds_chance(net: float, base: float, missed: float) -> bool:
    """Whether so many more are an increase by the rule, and more than an image misses by chance."""
    if base == 0:
        return net >= _LEAST_SPECKS
    by_rule = net >= MORE_SHARE * base or net >= max(MORE_SPECKS, _SENSITIVITY_SHARE * base)
    share = min(max(missed, _MISSED_SHARE), _MOST_MISSED)
    variance = 2 * share * (1 - share) * base
    return by_rule and net >= max(_LEAST_NET, _DEVIATIONS * variance**0.5)


def _grown(scene: _Scene, counts: Counts, ratio: float | None) -> tuple[ChangeKind, tuple[str, ...]]:
    number = f"{counts.new} calcifications are new beside {counts.there} that were there"
    if ratio is not None and ratio >= LARGER_RATIO and counts.same >= _LEAST_SAME:
        return ChangeKind.INCREASED_IN_SIZE, (
            f"the same calcifications are {ratio:.2f} times as large",
            number,
        )
    wider = grown_mm(
        *(scene.now[scene.sight_now == sight] for sight in (Visibility.UNMATCHED, Visibility.MATCHED))
    )
    if scene.in_mm and wider >= WIDER_MM:
        return ChangeKind.INCREASED_IN_EXTENT, (f"it has grown by {wider:.0f} mm to one side", number)
    return ChangeKind.INCREASED_IN_NUMBER, (number,)


def _shrunk(scene: _Scene, counts: Counts) -> tuple[ChangeKind, tuple[str, ...]]:
    number = f"{counts.gone} of {counts.there} calcifications are gone"
    if counts.gone + counts.faint_now == len(scene.sight_then) - counts.hidden_now and not counts.same:
        return ChangeKind.RESOLVED, (number,)
    if one_sided(
        *(scene.then[scene.sight_then == sight] for sight in (Visibility.UNMATCHED, Visibility.MATCHED))
    ):
        return ChangeKind.PARTIALLY_REMOVED, (
            number,
            "what is gone lay on one side, as after a biopsy or excision; was there one?",
        )
    return ChangeKind.DECREASED, (number,)


def _numbers(counts: Counts) -> str:
    parts = [
        "1 calcification is the same" if counts.same == 1 else f"{counts.same} calcifications are the same"
    ]
    if faint := counts.faint_then + counts.faint_now:
        parts.append(f"{faint} {'is' if faint == 1 else 'are'} faint on one day")
    if counts.new or counts.gone:
        parts.append(
            f"{counts.new} on the current image alone and {counts.gone} on the prior alone, within error"
        )
    if hidden := counts.hidden_then + counts.hidden_now:
        parts.append(f"{hidden} could be seen on one day only")
    return "; ".join(parts)


def grown_mm(came: NDArray[np.float64], there: NDArray[np.float64]) -> float:
    """How far new places (n x 2, mm) reach beyond old ones, toward where they lie; nine tenths of each.

    0 where they do not lie on one side. A stray speck decides nothing, as it would for the largest distance.
    """
    if not one_sided(came, there):
        return 0.0
    toward = came.mean(axis=0) - there.mean(axis=0)
    toward /= np.linalg.norm(toward)
    return float(np.quantile(came @ toward, _REACH) - np.quantile(there @ toward, _REACH))


def _extent(places: NDArray[np.float64]) -> float:
    return float(pdist(places).max()) if len(places) > 1 else 0.0


def one_sided(some: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether two sets of places (n x 2, mm) lie on two sides: Hotelling's test of two means, well apart."""
    first, second = len(some), len(others)
    if min(first, second) < _LEAST_SPECKS:
        return False
    scatter = (first - 1) * np.cov(some.T) + (second - 1) * np.cov(others.T)
    off = some.mean(axis=0) - others.mean(axis=0)
    freedom = first + second - 2
    square = float(off @ np.linalg.solve(scatter / freedom + _JITTER_MM2 * np.eye(2), off))
    ratio = square * first * second / (first + second) * (freedom - 1) / (2 * freedom)
    return bool(square**0.5 >= _APART_DEVIATIONS and fdtrc(2, freedom - 1, ratio) <= _BY_CHANCE)


def _size_ratio(scene: _Scene, sights: PairVisibility) -> float | None:
    """Median diameter now over then of the same calcifications, both in mm."""
    prior, current = scene.images
    pairs = [(int(n), int(sights.partner[n])) for n in scene.region.current if sights.partner[n] >= 0]
    ratios = [
        now / then
        for n, m in pairs
        if (now := current.calcifications[n].diameter_mm) and (then := prior.calcifications[m].diameter_mm)
    ]
    return median(ratios) if len(ratios) >= _LEAST_SAME else None


def _reshaped(scene: _Scene) -> str | None:
    """How the shape has changed toward a more worrying one, in words, where both days are sure of theirs."""
    prior, current = scene.images
    then = _described(prior, scene.region.prior_groups)
    now = _described(current, scene.region.groups)
    if then is None or now is None or then.morphology is None or now.morphology is None:
        return None
    before, after = then.morphology.likeliest, now.morphology.likeliest
    if before is None or after is None or not _is_worse(before, after):
        return None
    sure = then.morphology.of(before) >= _SURE_BEFORE and now.morphology.of(after) >= _SURE_AFTER
    apart = max(then.morphology.of(after), now.morphology.of(before)) <= _MOST_OTHER_DAY
    if not (sure and apart):
        return None
    return f"the shape was {before.replace('_', ' ')} and is {after.replace('_', ' ')}"


def _is_worse(before: Morphology, after: Morphology) -> bool:
    if after not in _PLAIN or {before, after} <= _FINE_LINEAR:  # one duct may show as either
        return False
    return RANKED_MORPHOLOGIES.index(after) > RANKED_MORPHOLOGIES.index(before)


def _described(image: ImageFindings, groups: Sequence[int]) -> CalcificationGroup | None:
    return image.groups[groups[0]] if groups else None


def measure_group(image: ImageFindings, number: int) -> GroupMeasurement:
    """What was measured of one group of an image by itself."""
    members = set(image.groups[number].members)
    places = [n for n, one in enumerate(image.calcifications) if one.tracking_uid in members]
    return _measured(image, [number], np.array(places, np.intp), 0)


def _measured(
    image: ImageFindings, groups: Sequence[int], places: NDArray[np.intp], faint: int
) -> GroupMeasurement:
    members = [image.calcifications[int(n)] for n in places]
    spacing = image.description.pixel_spacing
    points = np.array([(one.row, one.column) for one in members], np.float64).reshape(-1, 2)
    diameters = [one.diameter_mm for one in members if one.diameter_mm is not None]
    contrasts = [one.contrast for one in members]
    described = _described(image, groups)
    return GroupMeasurement(
        count=len(members),
        subthreshold=faint,
        extent_mm=_extent(points) * spacing.mm if spacing and members else None,
        diameter_mm=median(diameters) if diameters else None,
        contrast=median(contrasts) if contrasts else None,
        morphology=described.morphology.likeliest if described and described.morphology else None,
    )
