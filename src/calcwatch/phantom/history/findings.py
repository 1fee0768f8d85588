"""Every finding of a history over all dates: what of it is there on each, and what became of it.

A finding is planned as the life of its members: for each date a member is a solid or is not there. What
became of the finding from date to date follows from that alone. Members keep their place in the material of
the breast; on each date they lie where their tissue does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.arrangement import clear_place, pick, place_calcifications
from calcwatch.phantom.geometry import project_points
from calcwatch.phantom.history.settings import FindingKind, FindingState
from calcwatch.phantom.lookalikes import draw_clip
from calcwatch.phantom.settings import GroupPlan, draw_log_uniform, random_stream
from calcwatch.phantom.shapes import draw_density, draw_direction, draw_shape
from calcwatch.phantom.solids import Solid, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from calcwatch.phantom.arrangement import Group, PositionedBreast
    from calcwatch.phantom.history.settings import CourseSettings, HistorySettings
    from calcwatch.phantom.history.treatment import Excision, TreatedState
    from calcwatch.phantom.settings import LogRange, Range


@dataclass(frozen=True, eq=False)
class Stage:
    """A member on one date.

    Attributes:
        solid: It, at its place in the material of the breast.
        morphology: Its shape; ``None`` for a clip.
        size: Against its full size; tells growth from a mere other date.

    """

    solid: Solid
    morphology: Morphology | None
    size: float = 1.0


@dataclass(frozen=True, eq=False)
class Member:
    """One calcification, or one clip, over all dates.

    Attributes:
        id: Names it in every view and on every date.
        position_mm: (anterior, superior, lateral) in the material of the breast.
        stages: One for each date; ``None`` where it does not exist.

    """

    id: str
    position_mm: NDArray[np.float64]
    stages: tuple[Stage | None, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Course:
    """One finding over all dates.

    Attributes:
        id: Names it in every view and on every date.
        kind: What it is.
        distribution: How its members lie; ``SINGLE`` for what is no group.
        members: All that it ever has.
        changes: Of each date what became of it since each date before, the most telling first.

    """

    id: str
    kind: FindingKind
    distribution: Distribution
    members: tuple[Member, ...]
    changes: tuple[tuple[tuple[FindingState, ...], ...], ...]

    @property
    def states(self) -> tuple[tuple[FindingState, ...], ...]:
        """Of each date what became of it since the date before."""
        first = FindingState.BASELINE if self.stages_at(0) else FindingState.NOT_YET
        return ((first,), *(since[-1] for since in self.changes[1:]))

    def stages_at(self, date: int) -> tuple[Stage, ...]:
        """Tell which members are there on a date, and how.

        Args:
            date: Its number, from 0.

        Returns:
            Their stages.

        """
        return tuple(stage for member in self.members if (stage := member.stages[date]) is not None)

    def morphology_at(self, date: int) -> Morphology | None:
        """Tell the shape that most members have.

        Args:
            date: Its number, from 0.

        Returns:
            The shape; ``None`` where there is no calcification.

        """
        shapes = [stage.morphology for stage in self.stages_at(date) if stage.morphology is not None]
        # The first of those alike often, so that the answer does not depend on the order of a set.
        return max(shapes, key=shapes.count) if shapes else None


@dataclass(frozen=True, eq=False, kw_only=True)
class Site:
    """A breast, where things may lie in it, and when it is imaged.

    Attributes:
        before: The breast as it usually lay before any operation, in the views wanted always.
        last: As it usually lies on the last date; its points are those of that date.
        state: Of the last date.
        months: Of each date, from the operation.
        settings: Of the history.

    """

    before: PositionedBreast
    last: PositionedBreast
    state: TreatedState
    months: tuple[int, ...]
    settings: HistorySettings

    @property
    def excision(self) -> Excision | None:
        """What was cut out; ``None`` for the other breast."""
        return self.state.excision

    def stream(self, *names: str) -> np.random.Generator:
        """The generator for one purpose of this breast."""
        return _stream(self.before, *names)


def _stream(positioned: PositionedBreast, *names: str) -> np.random.Generator:
    return random_stream(positioned.breast.seed, "history", positioned.breast.laterality, *names)


@dataclass(frozen=True, eq=False)
class Background:
    """What lies in the breast whatever is operated on.

    Attributes:
        kind: What it is.
        group: Its members at their full number and size.
        change: What happens to it; ``None`` for nothing, or for what grows.

    """

    kind: FindingKind
    group: Group
    change: FindingState | None = None

    @property
    def positions_mm(self) -> NDArray[np.float64]:
        """N x 3 of the material."""
        return np.array([solid.position for solid in self.group.current]).reshape(-1, 3)


def draw_background(positioned: PositionedBreast, settings: HistorySettings) -> tuple[Background, ...]:
    """Draw and place what lies in the breast whatever is operated on.

    Args:
        positioned: The breast before any operation, in the views wanted always.
        settings: Of the history.

    Returns:
        Groups, single calcifications, an artery, a recurrence elsewhere, as wanted or drawn.

    """
    numbers = settings.courses
    wanted = draw_kinds(positioned, settings)
    rng = _stream(positioned, "background")
    changes = settings.changes
    if changes is None:
        changes = (pick(rng, numbers.changes),)
    asked: list[tuple[FindingKind, GroupPlan, FindingState | None]] = []
    if FindingKind.BENIGN_GROUP in wanted:
        asked.append(
            (FindingKind.BENIGN_GROUP, _group_plan(rng, pick(rng, numbers.benign_shapes), numbers), None)
        )
    if FindingKind.CHANGING_GROUP in wanted:
        for change in changes:
            shapes = numbers.benign_shapes + numbers.suspicious_shapes
            if change is FindingState.RESHAPED:
                shapes = numbers.suspicious_shapes
            plan = _group_plan(rng, pick(rng, shapes), numbers)
            asked.append((FindingKind.CHANGING_GROUP, plan, change))
    if FindingKind.OTHER_RECURRENCE in wanted:
        plan = _group_plan(rng, pick(rng, numbers.suspicious_shapes), numbers)
        asked.append((FindingKind.OTHER_RECURRENCE, plan, None))
    if FindingKind.ARTERY in wanted:
        asked.append((FindingKind.ARTERY, GroupPlan(Morphology.VASCULAR, Distribution.LINEAR), None))
    if FindingKind.LOOSE in wanted:
        for _ in range(int(rng.integers(*numbers.loose_count, endpoint=True))):
            plan = GroupPlan(pick(rng, numbers.loose_shapes), Distribution.SINGLE, 1)
            asked.append((FindingKind.LOOSE, plan, None))
    plans = tuple(plan for _, plan, _ in asked)
    groups = place_calcifications(replace(positioned, settings=replace(positioned.settings, groups=plans)))
    return tuple(
        Background(kind, group, change) for (kind, _, change), group in zip(asked, groups, strict=True)
    )


def draw_kinds(positioned: PositionedBreast, settings: HistorySettings) -> frozenset[FindingKind]:
    """Draw which kinds of findings a breast has.

    Args:
        positioned: The breast.
        settings: Of the history; its wish is kept.

    Returns:
        The kinds; findings of the bed are left out by the breast that is not treated.

    """
    if settings.kinds is not None:
        return settings.kinds
    rng = _stream(positioned, "kinds")
    # A draw for every kind, so that changing one chance does not shift the draws of the next.
    return frozenset(kind for kind, chance in settings.courses.chances if rng.random() < chance)


def _group_plan(rng: np.random.Generator, shape: Morphology, numbers: CourseSettings) -> GroupPlan:
    count = int(rng.integers(*numbers.group_count, endpoint=True))
    return GroupPlan(shape, Distribution.GROUPED, count, density=float(rng.uniform(*numbers.group_density)))


def follow_findings(site: Site, background: Sequence[Background]) -> tuple[Course, ...]:
    """Follow every finding of a breast over all dates.

    Args:
        site: The breast and its dates.
        background: What lies in it whatever is operated on.

    Returns:
        Those that exist on some date: groups, recurrence elsewhere, artery, single calcifications, then what
        comes of the operation.

    """
    counts: dict[FindingKind, int] = {}
    courses = []
    for item in background:
        counts[item.kind] = counts.get(item.kind, 0) + 1
        name = f"{site.before.breast.laterality}-{item.kind}-{counts[item.kind]}"
        courses.append(_follow_background(site, item, name))
    if site.excision is not None:
        taken = _taken(site, background)
        wanted = draw_kinds(site.before, site.settings)
        for kind, draw in _OF_OPERATION.items():
            # Drawn whether or not it is wanted: its places are taken all the same, so one wish moves nothing.
            drawn = draw(site, site.stream(kind), taken)
            courses += drawn if kind in wanted else []
    return tuple(course for course in courses if course.members)


def _taken(site: Site, background: Sequence[Background]) -> list[NDArray[np.float64]]:
    """Of each view of the last date: row and column in mm and diameter of what the background takes up."""
    places = site.state.place(np.concatenate([np.zeros((0, 3)), *(item.positions_mm for item in background)]))
    places = places[~np.isnan(places[:, 0])]
    return [
        np.column_stack([project_points(geometry, places)[:, :2], np.ones(len(places))])
        for geometry in site.last.geometries
    ]


def _follow_background(site: Site, item: Background, name: str) -> Course:
    """The life of a group, a single calcification or an artery."""
    rng = site.stream(name)
    solids = [
        replace(solid, id=f"{name}-{number:03d}") for number, solid in enumerate(item.group.current, start=1)
    ]
    shape, widens = item.group.plan.morphology, False
    stages = [[Stage(solid, shape) for _ in site.months] for solid in solids]
    if item.kind is FindingKind.ARTERY:
        numbers = site.settings.courses
        grows = (numbers.artery_grows, numbers.artery_step)
        shares = _growing(rng, site, 0, numbers.artery_share, grows=grows)
        kept = _kept_by_share(rng.permutation(len(solids)), shares)
    elif item.kind is FindingKind.OTHER_RECURRENCE:
        widens = bool(rng.random() < 0.5)
        kept = _recurrence_kept(rng, site, solids, widens=widens)
    else:
        widens = item.change is FindingState.WIDER
        kept, stages = _changed(rng, site, item.change, solids, shape)
    lives = [
        tuple(stage if is_there else None for stage, is_there in zip(life, there, strict=True))
        for life, there in zip(stages, kept, strict=True)
    ]
    return _course(
        site, name, item.kind, solids, lives, distribution=item.group.plan.distribution, widens=widens
    )


def _growing(
    rng: np.random.Generator, site: Site, first: int, begin: Range, *, grows: tuple[float, float]
) -> list[float]:
    """Share of the members that is there on each date: none before the date ``first``, then ever more."""
    share, shares = float(rng.uniform(*begin)), []
    for number in range(len(site.months)):
        grown = rng.random() < grows[0]
        if number > first and grown:
            share = min(share + grows[1], 1.0)
        shares.append(share if number >= first else 0.0)
    return shares


def _kept_by_share(order: NDArray[np.int_], shares: Sequence[float]) -> list[list[bool]]:
    """Whether each member is there on each date, the first of ``order`` first."""
    rank = np.argsort(order)
    # Rounded up: a finding that is there has a member.
    counts = [int(np.ceil(share * len(order))) for share in shares]
    return [[bool(place < count) for count in counts] for place in rank]


def _recurrence_kept(
    rng: np.random.Generator, site: Site, solids: Sequence[Solid], *, widens: bool
) -> list[list[bool]]:
    """Members of a recurrence: some at first, then more among them or round them."""
    numbers = site.settings.courses
    onset = draw_log_uniform(rng, numbers.recurrence_months)
    first = next((at for at, months in enumerate(site.months) if months >= onset), len(site.months))
    grows = (numbers.recurrence_grows, numbers.recurrence_step)
    shares = _growing(rng, site, first, numbers.recurrence_first, grows=grows)
    order = rng.permutation(len(solids))
    if widens:
        places = np.array([solid.position for solid in solids])
        order = np.argsort(np.linalg.norm(places - places[order[0]], axis=1), kind="stable")
    return _kept_by_share(order, shares)


def _changed(
    rng: np.random.Generator,
    site: Site,
    change: FindingState | None,
    solids: Sequence[Solid],
    shape: Morphology,
) -> tuple[list[list[bool]], list[list[Stage]]]:
    """A finding to which one thing happens once: who is there on each date, and how."""
    numbers, dates = site.settings.courses, range(len(site.months))
    # From the first date on which it has happened; never on the first of all.
    at = int(rng.integers(1, len(site.months)))
    half = max(len(solids) // 2, 1)
    order = rng.permutation(len(solids))
    if change is FindingState.WIDER:
        # What lies nearer the nipple does so in every view.
        order = np.argsort([solid.position[0] for solid in solids], kind="stable")
    is_kept = np.isin(np.arange(len(solids)), order[:half])
    stages = []
    for solid in solids:
        full = earlier = Stage(solid, shape)
        if change is FindingState.LARGER:
            size = float(rng.uniform(*numbers.smaller_before))
            earlier = Stage(scaled(solid, size), shape, size)
        if change is FindingState.RESHAPED:
            other = _draw_solid(rng, site, solid.id, solid.position, shape=numbers.shape_before)
            earlier = Stage(other, numbers.shape_before)
        stages.append([full if date >= at else earlier for date in dates])
    return [
        [_is_there(change, bool(kept), has_happened=date >= at) for date in dates] for kept in is_kept
    ], stages


def _is_there(change: FindingState | None, is_kept: bool, *, has_happened: bool) -> bool:
    """Whether a member is there before or after what happens to its finding; half of them are kept."""
    if change is FindingState.NEW:
        return has_happened
    if change is FindingState.RESOLVED:
        return not has_happened
    if change in (FindingState.MORE, FindingState.WIDER):
        return is_kept or has_happened
    if change is FindingState.FEWER:
        return is_kept or not has_happened
    return True


def _draw_solid(
    rng: np.random.Generator,
    site: Site,
    name: str,
    position: NDArray[np.float64],
    *,
    shape: Morphology,
    diameter_mm: LogRange | None = None,
) -> Solid:
    """A calcification of a shape at a place of the material."""
    shapes = site.settings.phantom.shapes
    diameter = draw_log_uniform(rng, diameter_mm or dict(shapes.usual)[shape][0])
    parts = draw_shape(rng, shape, diameter, draw_direction(rng), shapes)
    return Solid(name, position, parts, draw_density(rng, shape, diameter, shapes))


def _course(
    site: Site,
    name: str,
    kind: FindingKind,
    solids: Sequence[Solid],
    lives: Sequence[tuple[Stage | None, ...]],
    *,
    distribution: Distribution = Distribution.GROUPED,
    widens: bool = False,
) -> Course:
    """A finding, without what the operation took out, and what became of it from date to date."""
    members = []
    for solid, life in zip(solids, lives, strict=True):
        stages = life
        if _is_cut(site, solid):
            stages = tuple(
                None if months > 0 else stage for stage, months in zip(life, site.months, strict=True)
            )
        # What no date shows was never there to be found.
        if any(stage is not None for stage in stages):
            members.append(Member(solid.id, solid.position, stages))
    cut = {solid.id for solid in solids if _is_cut(site, solid)}
    return Course(
        id=name,
        kind=kind,
        distribution=distribution,
        members=tuple(members),
        changes=_changes(members, cut, len(site.months), widens=widens),
    )


def _is_cut(site: Site, solid: Solid) -> bool:
    return site.excision is not None and bool(site.excision.distance_mm(solid.position) < 0)


def _changes(
    members: Sequence[Member], cut: set[str], count: int, *, widens: bool
) -> tuple[tuple[tuple[FindingState, ...], ...], ...]:
    """For each date what became of a finding since each date before it, from who is there and how."""
    days = [
        {member.id: stage for member in members if (stage := member.stages[date]) is not None}
        for date in range(count)
    ]

    def since(first: int, second: int) -> tuple[FindingState, ...]:
        before, now = days[first], days[second]
        if before and now:
            return _between(before, now, cut, widens=widens)
        if now:
            return (FindingState.NEW,)
        if before:
            is_removed = all(name in cut for name in before)
            return (FindingState.REMOVED_WITH_BED if is_removed else FindingState.RESOLVED,)
        existed = any(days[:second])
        return (FindingState.GONE if existed else FindingState.NOT_YET,)

    return tuple(tuple(since(first, second) for first in range(second)) for second in range(count))


def _between(
    before: Mapping[str, Stage], now: Mapping[str, Stage], cut: set[str], *, widens: bool
) -> tuple[FindingState, ...]:
    """All that happened to a finding that is there on both of two dates."""
    lost, both = before.keys() - now.keys(), before.keys() & now.keys()
    happened = {
        FindingState.PARTLY_REMOVED: bool(lost & cut),
        FindingState.RESHAPED: any(before[name].morphology != now[name].morphology for name in both),
        FindingState.WIDER if widens else FindingState.MORE: bool(now.keys() - before.keys()),
        FindingState.LARGER: any(before[name].size < now[name].size for name in both),
        FindingState.FEWER: bool(lost - cut),
    }
    return tuple(state for state, is_so in happened.items() if is_so) or (FindingState.UNCHANGED,)


def _bed(site: Site) -> tuple[NDArray[np.float64], float]:
    bed = site.state.bed_mm
    assert bed is not None  # asked for treated breasts only
    return bed


def _place_in_bed(
    site: Site,
    candidates: NDArray[np.float64],
    diameter_mm: float,
    taken: list[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """The first of some places of the last date that is shown and clear, as a place of the material."""
    shown = candidates[site.last.shows(candidates, site.settings.courses.shown_margin_mm)]
    chosen = clear_place(site.last, shown if len(shown) else candidates, diameter_mm, taken)
    return np.asarray(site.state.source(chosen[None])[0])


def _round_the_bed(
    rng: np.random.Generator, site: Site, away_mm: Range, toward: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Places of the last date beyond the rim of the scar, N x 3; on one side of it where one is given."""
    middle, radius = _bed(site)
    ways = rng.normal(size=(site.settings.courses.candidates, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    if toward is not None:
        # Half a sphere round it, leaned toward its middle.
        ways = ways * np.sign(ways @ toward)[:, None] + toward
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    return np.asarray(middle + ways * (radius + rng.uniform(*away_mm, size=(len(ways), 1))))


def _since(
    site: Site, begin: float, stage: Stage, turns: float = np.inf, turned: Stage | None = None
) -> tuple[Stage | None, ...]:
    """A life from some months after the operation on, in another form from later months on."""
    return tuple(None if months < begin else stage if months < turns else turned for months in site.months)


def _name(site: Site, kind: FindingKind, number: int = 1) -> str:
    return f"{site.before.breast.laterality}-{kind}-{number}"


def _draw_lesion(site: Site, rng: np.random.Generator, taken: list[NDArray[np.float64]]) -> list[Course]:
    """What the operation was for: inside what was cut out, in some women partly left behind."""
    numbers, excision = site.settings.courses, site.excision
    assert excision is not None
    shape, count = (
        pick(rng, numbers.suspicious_shapes),
        int(rng.integers(*numbers.group_count, endpoint=True)),
    )
    extent = float(rng.uniform(*numbers.lesion_extent)) * excision.radius_mm
    off = float(rng.uniform(*numbers.lesion_off)) * excision.radius_mm
    is_left = bool(rng.random() < numbers.lesion_left)
    middle = excision.center_mm + draw_direction(rng) * (off if is_left else 0.0)
    name, solids = _name(site, FindingKind.LESION), []
    # Of before the operation: places of another date have no say in it.
    room = [np.zeros((0, 3)) for _ in site.before.geometries]
    for number in range(1, count + 1):
        solid = _draw_solid(rng, site, f"{name}-{number:03d}", middle, shape=shape)
        candidates = middle + _ball(rng, numbers) * extent
        if not is_left:
            inside = candidates[excision.distance_mm(candidates) < 0]
            candidates = inside if len(inside) else middle[None]
        diameter = dict(site.settings.phantom.shapes.usual)[shape][0][1]
        solids.append(replace(solid, position=clear_place(site.before, candidates, diameter, room)))
    lives = [tuple(Stage(solid, shape) for _ in site.months) for solid in solids]
    return [_course(site, name, FindingKind.LESION, solids, lives)]


def _ball(rng: np.random.Generator, numbers: CourseSettings) -> NDArray[np.float64]:
    """Places in a ball of radius 1, the later ones farther out to find room."""
    ways = rng.normal(size=(numbers.candidates, 3))
    ways *= rng.random((numbers.candidates, 1)) ** 0.5 / np.linalg.norm(ways, axis=1, keepdims=True)
    return np.asarray(ways * np.linspace(1.0, numbers.farther, numbers.candidates)[:, None])


def _draw_clips(site: Site, rng: np.random.Generator, taken: list[NDArray[np.float64]]) -> list[Course]:
    """Clips round the cavity, each a finding of its own."""
    numbers, lookalikes = site.settings.courses, site.settings.phantom.lookalikes
    courses = []
    for number in range(1, int(rng.integers(*numbers.clip_count, endpoint=True)) + 1):
        parts = draw_clip(rng, lookalikes)
        # Twice its length: clips mark the sides of a cavity, so they lie apart.
        room = 2 * lookalikes.clip_length_mm[1]
        place = _place_in_bed(site, _round_the_bed(rng, site, numbers.clip_away_mm), room, taken)
        name = _name(site, FindingKind.CLIP, number)
        solid = Solid(name, place, parts, lookalikes.titanium)
        lives = [_since(site, 1, Stage(solid, None))]
        courses.append(
            _course(site, name, FindingKind.CLIP, [solid], lives, distribution=Distribution.SINGLE)
        )
    return courses


def _draw_sutures(site: Site, rng: np.random.Generator, taken: list[NDArray[np.float64]]) -> list[Course]:
    """Sutures of the bed, all calcified from one time on."""
    numbers, name = site.settings.courses, _name(site, FindingKind.SUTURE)
    begin, toward = float(rng.uniform(*numbers.suture_months)), draw_direction(rng)
    solids = []
    for number in range(1, int(rng.integers(*numbers.suture_count, endpoint=True)) + 1):
        candidates = _round_the_bed(rng, site, numbers.suture_away_mm, toward)
        diameter = dict(site.settings.phantom.shapes.usual)[Morphology.SUTURE][0][0]
        place = _place_in_bed(site, candidates, diameter, taken)
        solids.append(_draw_solid(rng, site, f"{name}-{number:03d}", place, shape=Morphology.SUTURE))
    lives = [_since(site, begin, Stage(solid, Morphology.SUTURE)) for solid in solids]
    return [_course(site, name, FindingKind.SUTURE, solids, lives)]


def _draw_necrosis(site: Site, rng: np.random.Generator, taken: list[NDArray[np.float64]]) -> list[Course]:
    """Fat necrosis: rims at first, each dystrophic in the end, and dystrophic calcifications that follow."""
    numbers, name = site.settings.courses, _name(site, FindingKind.FAT_NECROSIS)
    begin, toward = draw_log_uniform(rng, numbers.necrosis_months), draw_direction(rng)
    rims = int(rng.integers(*numbers.rim_count, endpoint=True))
    count = rims + int(rng.integers(*numbers.dystrophic_count, endpoint=True))
    solids, lives = [], []
    for number in range(1, count + 1):
        is_rim, shape = number <= rims, Morphology.DYSTROPHIC
        diameter = draw_log_uniform(rng, numbers.rim_mm if is_rim else numbers.dystrophic_mm)
        candidates = _round_the_bed(rng, site, numbers.necrosis_away_mm, toward)
        place = _place_in_bed(site, candidates, diameter, taken)
        # A rim that turns dystrophic falls in a little and stays as large as it was else.
        turned = diameter * float(rng.uniform(*numbers.rim_turned)) if is_rim else diameter
        solid, rim = (
            _draw_solid(rng, site, f"{name}-{number:03d}", place, shape=form, diameter_mm=(size, size))
            for form, size in ((shape, turned), (Morphology.RIM, diameter))
        )
        lasts, later = rng.uniform(*numbers.rim_lasts_months), rng.uniform(*numbers.dystrophic_months)
        full, first = Stage(solid, shape), Stage(rim, Morphology.RIM)
        solids.append(solid)
        lives.append(
            _since(site, begin, first, begin + float(lasts), full)
            if is_rim
            else _since(site, begin + float(later), full)
        )
    return [_course(site, name, FindingKind.FAT_NECROSIS, solids, lives)]


def _draw_bed_recurrence(
    site: Site, rng: np.random.Generator, taken: list[NDArray[np.float64]]
) -> list[Course]:
    """A suspicious group at the edge of the bed."""
    numbers, name = site.settings.courses, _name(site, FindingKind.BED_RECURRENCE)
    shape, count = (
        pick(rng, numbers.suspicious_shapes),
        int(rng.integers(*numbers.group_count, endpoint=True)),
    )
    around = _round_the_bed(rng, site, numbers.recurrence_away_mm)
    shown = around[site.last.shows(around, numbers.shown_margin_mm)]
    middle = shown[0] if len(shown) else around[0]
    extent = float(rng.uniform(*numbers.recurrence_extent_mm))
    bed, radius = _bed(site)
    solids = []
    for number in range(1, count + 1):
        candidates = middle + _ball(rng, numbers) * extent
        # In tissue: the scar has none that could calcify.
        outside = candidates[np.linalg.norm(candidates - bed, axis=1) > radius]
        diameter = dict(site.settings.phantom.shapes.usual)[shape][0][1]
        place = _place_in_bed(site, outside if len(outside) else middle[None], diameter, taken)
        solids.append(_draw_solid(rng, site, f"{name}-{number:03d}", place, shape=shape))
    widens = bool(rng.random() < 0.5)
    kept = _recurrence_kept(rng, site, solids, widens=widens)
    lives = [
        tuple(Stage(solid, shape) if is_there else None for is_there in there)
        for solid, there in zip(solids, kept, strict=True)
    ]
    return [_course(site, name, FindingKind.BED_RECURRENCE, solids, lives, widens=widens)]


_OF_OPERATION: dict[
    FindingKind, Callable[[Site, np.random.Generator, list[NDArray[np.float64]]], list[Course]]
] = {
    FindingKind.LESION: _draw_lesion,
    FindingKind.CLIP: _draw_clips,
    FindingKind.SUTURE: _draw_sutures,
    FindingKind.FAT_NECROSIS: _draw_necrosis,
    FindingKind.BED_RECURRENCE: _draw_bed_recurrence,
}
