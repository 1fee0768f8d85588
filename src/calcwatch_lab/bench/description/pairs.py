"""How often the same group is recognized on two views of a phantom, and how near its nipple is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.exam.correspondence import pair_groups
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, random_stream
from calcwatch.phantom.truth import ImageTruth
from calcwatch_lab.bench.statistics.matching import Places, within
from calcwatch_lab.bench.truth.phantoms import AnalyzedView, analyze_view, mammogram_of, with_view
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.seeds import VIEW_PAIRS_TEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calcwatch.domain.findings import ImageFindings
    from calcwatch.domain.image import Point

    Held = tuple[dict[str, float], ...]

SCENES = ("as drawn", "two or three alike", "a single group")
"""What breasts hold by turns of their seeds: as phantoms draw it, groups of one shape, or a single group."""

_ALIKE = (
    Morphology.PUNCTATE,
    Morphology.FINE_PLEOMORPHIC,
    Morphology.AMORPHOUS,
    Morphology.ROUND,
    Morphology.COARSE_HETEROGENEOUS,
)  # shapes of groups
_LEAST_SHARE = 1 / 3  # of the members of a group that is found: then it holds the true group


@dataclass(frozen=True)
class PairCounts:
    """Links between two views or two days, counted.

    Attributes:
        both: True things found twice; of a group found twice each found one must be mostly it.
        right: Those of them that are rightly linked.
        stated: Links that are stated.
        false: Those of them whose ends hold nothing in common.

    """

    both: int = 0
    right: int = 0
    stated: int = 0
    false: int = 0

    def __add__(self, other: PairCounts) -> PairCounts:
        """Both counted together."""
        return PairCounts(
            self.both + other.both,
            self.right + other.right,
            self.stated + other.stated,
            self.false + other.false,
        )

    def words(self) -> str:
        """Write the counts as a phrase with their shares."""
        right, false = self.right / max(self.both, 1), self.false / max(self.stated, 1)
        return (
            f"paired right {self.right} of {self.both} ({right:.1%}), "
            f"false {self.false} of {self.stated} pairs ({false:.1%})"
        )


def analyze_two_views(seed: int, *, spacing_mm: float) -> tuple[AnalyzedView, AnalyzedView]:
    """Analyze the CC and the MLO view of a phantom; what it holds goes by turns of ``SCENES``.

    Args:
        seed: Seed of the phantom.
        spacing_mm: Distance of two pixels.

    Returns:
        Both views.

    """
    settings = PhantomSettings(pixel_spacing_mm=spacing_mm, groups=_plans(seed))
    images = make_examination(seed, settings=settings).images
    first, second = (analyze_view(with_view(mammogram_of(image), image), image) for image in images)
    return first, second


def measure_pairs(
    count: int, spacing_mm: float, *, workers: int | None = None, on_done: Callable[[int, int], None]
) -> PairCounts:
    """Count the pairs that are stated of phantoms that nothing was chosen on.

    Args:
        count: Number of phantoms.
        spacing_mm: Distance of two pixels.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of phantoms that are done and that of all.

    Returns:
        The counts of all of them.

    Raises:
        TaskFailed: A phantom cannot be analyzed; the figures would be of others than stated.

    """
    job = partial(_measure_phantom, spacing_mm=spacing_mm)
    counts = run_tasks(job, VIEW_PAIRS_TEST.take(count), workers=workers, on_done=on_done)
    return sum(counts, PairCounts())


def _measure_phantom(seed: int, *, spacing_mm: float) -> PairCounts:
    return count_pairs_of(*analyze_two_views(seed, spacing_mm=spacing_mm))


def count_pairs_of(first: AnalyzedView, second: AnalyzedView) -> PairCounts:
    """Count the pairs that are stated of two views of a phantom.

    Args:
        first: One view.
        second: The other.

    Returns:
        The counts.

    """
    groups = {group.id for view in (first, second) for group in view.truth.groups}
    held = [held_by_groups(view.findings, view.truth, view.spacing_mm) for view in (first, second)]
    return count_pairs(first.findings, second.findings, held[0], held[1], groups)


def count_pairs(
    first: ImageFindings, second: ImageFindings, first_held: Held, second_held: Held, true_groups: set[str]
) -> PairCounts:
    """Count what :func:`calcwatch.exam.correspondence.pair_groups` states of two views.

    Args:
        first: What was found in one view.
        second: What was found in the other.
        first_held: What each group of the first truly holds, as :func:`held_by_groups` says.
        second_held: The same of the second.
        true_groups: Names of the true groups; of all else that a group may hold, being found twice does not
            count.

    Returns:
        The counts.

    """
    first_number, second_number = (
        {group.tracking_uid: n for n, group in enumerate(image.groups)} for image in (first, second)
    )
    common = [
        first_held[first_number[pair.first]].keys() & second_held[second_number[pair.second]].keys()
        for pair in pair_groups(first, second)
    ]
    # Where two groups were run together into one, the smaller is mostly none of the found ones.
    found = true_groups & _mainly(first_held) & _mainly(second_held)
    right = found & set[str]().union(*common)
    return PairCounts(len(found), len(right), len(common), sum(not names for names in common))


def _mainly(held: Held) -> set[str]:
    """What is most of a found group."""
    return {max(shares, key=lambda name: shares[name]) for shares in held if shares}


def report_pairs(
    seeds: Sequence[int],
    counts: Sequence[PairCounts],
    nipple_errors_mm: Sequence[tuple[float | None, float | None]],
) -> list[str]:
    """Say how often pairs are right and how near nipples are found.

    Args:
        seeds: Seed of each phantom.
        counts: What is stated of its two views.
        nipple_errors_mm: Distance of the nipple from its true place on each; ``None`` where none was found.

    Returns:
        A line for all phantoms, one for each scene, one for the nipple on each view.

    """
    lines = [f"all: {sum(counts, PairCounts()).words()}"]
    for number, name in enumerate(SCENES):
        own = [count for seed, count in zip(seeds, counts, strict=True) if seed % len(SCENES) == number]
        lines.append(f"{name}: {sum(own, PairCounts()).words()}")
    for number, name in enumerate(("CC", "MLO")):
        known = np.array([errors[number] for errors in nipple_errors_mm if errors[number] is not None])
        lines.append(
            f"nipple on {name}: found in {known.size} of {len(nipple_errors_mm)}, median error "
            f"{np.median(known):.1f} mm, 95th percentile {np.quantile(known, 0.95):.1f} mm"
        )
    return lines


def nipple_error_mm(view: AnalyzedView) -> float | None:
    """Distance of the nipple from its true place.

    Args:
        view: An analyzed view.

    Returns:
        Millimeters; ``None`` where no nipple was found.

    """
    if view.findings.landmarks is None:
        return None
    off = np.array(view.findings.landmarks.nipple) - np.array(view.truth.nipple)
    return float(np.hypot(*off)) * view.spacing_mm


def _plans(seed: int) -> tuple[GroupPlan, ...] | None:
    scene = seed % len(SCENES)
    # None leaves it to the phantom what its breast holds.
    if scene == 0:
        return None
    rng = random_stream(seed, "pairs")
    shape = _ALIKE[int(rng.integers(len(_ALIKE)))]
    count = 2 + int(rng.integers(2)) if scene == 1 else 1
    groups = [GroupPlan(shape, Distribution.GROUPED) for _ in range(count)]
    return (*groups, GroupPlan(Morphology.PUNCTATE, Distribution.SINGLE))


def held_by_groups(findings: ImageFindings, truth: ImageTruth, spacing_mm: float) -> Held:
    """Tell what makes up at least a third of each found group.

    Args:
        findings: What was found in the image.
        truth: What is true of it.
        spacing_mm: Distance of two pixels.

    Returns:
        For each group the share of its members by name: a true group, a calcification in none, a look-alike.

    """
    spots = [(mark.row, mark.column) for mark in findings.calcifications]
    points = np.array(spots, np.float64).reshape(-1, 2)
    number = {mark.tracking_uid: place for place, mark in enumerate(findings.calcifications)}
    inside = {
        name: within(points, Places.of(places), spacing_mm=spacing_mm)
        for name, places in _true_places(truth).items()
    }
    held = []
    for group in findings.groups:
        members = [number[uid] for uid in group.members]
        shares = {name: float(inner[members].mean()) for name, inner in inside.items()}
        held.append({name: share for name, share in shares.items() if share >= _LEAST_SHARE})
    return tuple(held)


def _true_places(truth: ImageTruth) -> dict[str, list[tuple[float, float, tuple[Point, ...]]]]:
    """Everything bright by the name of what it belongs to."""
    group_of = {member: group.id for group in truth.groups for member in group.members}
    places: dict[str, list[tuple[float, float, tuple[Point, ...]]]] = {}
    for calcification in truth.calcifications:
        name = group_of.get(calcification.id, calcification.id)
        places.setdefault(name, []).append((calcification.row, calcification.column, calcification.outline))
    for non_lesion in truth.non_lesions:
        spots = non_lesion.points or ((non_lesion.row, non_lesion.column),)
        places[non_lesion.id] = [(row, column, non_lesion.outline) for row, column in spots]
    return places
