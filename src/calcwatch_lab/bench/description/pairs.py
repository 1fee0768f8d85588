"""How often the same group is recognized on two views of a phantom, and how near its landmarks are found.

``python -m calcwatch_lab.bench.description.pairs`` prints both. With ``--fit`` it also prints weights for
``calcwatch.exam.correspondence``, fitted to the phantoms it has just looked at.
"""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import calcwatch
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Point
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.exam.correspondence import differences, pair_groups
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, random_stream
from calcwatch.phantom.truth import ImageTruth, PhantomImage
from calcwatch_lab.bench.detection.run import measured
from calcwatch_lab.bench.statistics.matching import Places, within
from calcwatch_lab.bench.truth.phantoms import Look, mammogram_of

FIRST_SEED = 9100
"""Phantoms from here on are looked at unless another seed is given; the weights were fitted to 7100-7399."""

UNSEEN_SEED = 9400
"""The evidence is measured on phantoms from here on: nothing about pairs was chosen on them."""

_ALIKE = (
    Morphology.PUNCTATE,
    Morphology.FINE_PLEOMORPHIC,
    Morphology.AMORPHOUS,
    Morphology.ROUND,
    Morphology.COARSE_HETEROGENEOUS,
)
_SCENES = ("as drawn", "two or three alike", "a single group")
_LEAST_SHARE = 1 / 3  # of the members of a group that is found: then it holds the true group
_RIDGE = 2e-3


@dataclass(frozen=True, eq=False)
class View:
    """One analyzed view; ``holds``: for each group that was found, what it truly holds, by identifier.

    ``mainly``: true groups that are most of a group that was found; where two were run together into one,
    the smaller is none of them. ``nipple_error_mm``: ``None`` where none was found.
    """

    findings: ImageFindings
    holds: tuple[frozenset[str], ...]
    mainly: frozenset[str]
    nipple_error_mm: float | None


@dataclass(frozen=True)
class PairFigures:
    """``both``: true things found twice, in two views or on two days; ``right``: those rightly paired.

    ``stated``: pairs that were stated; ``false``: those that hold nothing in common. Of a group found twice
    each found one must be mostly it.
    """

    both: int = 0
    right: int = 0
    stated: int = 0
    false: int = 0

    def __add__(self, other: PairFigures) -> PairFigures:
        """Both counted together."""
        return PairFigures(
            self.both + other.both,
            self.right + other.right,
            self.stated + other.stated,
            self.false + other.false,
        )

    def words(self) -> str:
        """The figures as one line."""
        right, false = self.right / max(self.both, 1), self.false / max(self.stated, 1)
        return (
            f"paired right {self.right} of {self.both} ({right:.1%}), "
            f"false {self.false} of {self.stated} pairs ({false:.1%})"
        )


def look_at(seed: int, *, spacing_mm: float) -> tuple[View, View]:
    """Analyze CC and MLO view of a phantom; by turns as drawn, with similar groups, with a single group."""
    settings = PhantomSettings(pixel_spacing_mm=spacing_mm, groups=_plans(seed))
    above, aside = make_examination(seed, settings=settings).images
    return _view(above), _view(aside)


def measure_pairs(
    count: int, spacing_mm: float, *, workers: int | None = None, on_done: Callable[[int, int], None]
) -> PairFigures:
    """Count what is stated of ``count`` examinations that nothing was chosen on.

    Raises ``RuntimeError`` when one cannot be analyzed: then the figures would be of others than stated.
    """
    seeds = range(UNSEEN_SEED, UNSEEN_SEED + count)
    job = partial(_judged, spacing_mm=spacing_mm)
    return sum(measured(job, seeds, workers=workers, on_done=on_done), PairFigures())


def _judged(seed: int, *, spacing_mm: float) -> PairFigures | str:
    cv2.setNumThreads(1)
    try:
        return judge(*look_at(seed, spacing_mm=spacing_mm))
    except Exception:
        return traceback.format_exc()


def judge(above: View, aside: View) -> PairFigures:
    """Count what :func:`calcwatch.exam.correspondence.pair_groups` states of two views."""
    places = [{g.tracking_uid: n for n, g in enumerate(v.findings.groups)} for v in (above, aside)]
    common = [
        above.holds[places[0][pair.first]] & aside.holds[places[1][pair.second]]
        for pair in pair_groups(above.findings, aside.findings)
    ]
    found = above.mainly & aside.mainly
    right = found.intersection(frozenset().union(*common))
    return PairFigures(len(found), len(right), len(common), sum(not each for each in common))


def fit(examinations: Sequence[tuple[View, View]]) -> NDArray[np.float64]:
    """Base and weights with which each group's partner, or that it has none, is likeliest (softmax)."""
    told = [differences(above.findings, aside.findings) for above, aside in examinations]
    same = [
        np.array([[bool(one & other) for other in aside.holds] for one in above.holds], bool)
        for above, aside in examinations
    ]
    sets = [(each, truth) for each, truth in zip(told, same, strict=True) if each.size]

    def surprise(weights: NDArray[np.float64]) -> float:
        total = sum(_surprise(weights[0] + each @ weights[1:], truth) for each, truth in sets)
        groups = sum(sum(truth.shape) for _, truth in sets)
        return float(total / groups + _RIDGE * (weights[1:] ** 2).sum())

    count = sets[0][0].shape[2]
    start = np.concatenate([[2.0], np.full(count, -0.5)])
    bounds = [(None, None), *[(None, 0.0)] * count]
    return np.asarray(minimize(surprise, start, bounds=bounds, method="L-BFGS-B").x)


def main(arguments: Sequence[str] | None = None) -> str:
    """Look at phantoms and return the figures; what the command prints."""
    parser = argparse.ArgumentParser(
        prog="python -m calcwatch_lab.bench.description.pairs", description=__doc__
    )
    parser.add_argument("--count", type=int, default=60, help="examinations")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--spacing-mm", type=float, default=0.07)
    parser.add_argument("--fit", action="store_true")
    given = parser.parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.count)
    seen = [look_at(seed, spacing_mm=given.spacing_mm) for seed in seeds]
    lines = report(seeds, seen)
    if given.fit:
        lines.append("base and weights: " + ", ".join(f"{weight:.2f}" for weight in fit(seen)))
    return "\n".join(lines)


def report(seeds: Sequence[int], seen: Sequence[tuple[View, View]]) -> list[str]:
    """The figures of all scenes together, of each, and of the nipple on each view."""
    figures = [judge(*views) for views in seen]
    nothing = PairFigures()
    lines = [f"all: {sum(figures, nothing).words()}"]
    for number, name in enumerate(_SCENES):
        own = [one for seed, one in zip(seeds, figures, strict=True) if seed % len(_SCENES) == number]
        lines.append(f"{name}: {sum(own, nothing).words()}")
    for number, view in enumerate(("CC", "MLO")):
        errors = [views[number].nipple_error_mm for views in seen]
        known = np.array([error for error in errors if error is not None])
        lines.append(
            f"nipple on {view}: found in {known.size} of {len(errors)}, median error "
            f"{np.median(known):.1f} mm, 95th percentile {np.quantile(known, 0.95):.1f} mm"
        )
    return lines


def _plans(seed: int) -> tuple[GroupPlan, ...] | None:
    """What the breast holds: as phantoms draw it, groups of one shape, or a single group."""
    scene = seed % len(_SCENES)
    if scene == 0:
        return None
    rng = random_stream(seed, "pairs")
    shape = _ALIKE[int(rng.integers(len(_ALIKE)))]
    count = 2 + int(rng.integers(2)) if scene == 1 else 1
    groups = [GroupPlan(shape, Distribution.GROUPED) for _ in range(count)]
    return (*groups, GroupPlan(Morphology.PUNCTATE, Distribution.SINGLE))


def _view(image: PhantomImage) -> View:
    mammogram = mammogram_of(image, Look())
    description = replace(
        mammogram.description, image_laterality=image.laterality, view_position=image.view_position
    )
    findings = calcwatch.analyze_image(replace(mammogram, description=description))
    held = shares(findings, image.truth, image.pixel_spacing_mm)
    true_groups = frozenset(group.id for group in image.truth.groups)
    return View(
        findings=findings,
        holds=tuple(frozenset(share) for share in held),
        mainly=true_groups.intersection(max(share, key=lambda name: share[name]) for share in held if share),
        nipple_error_mm=_nipple_error_mm(findings, image.truth, image.pixel_spacing_mm),
    )


def _nipple_error_mm(findings: ImageFindings, truth: ImageTruth, spacing_mm: float) -> float | None:
    if findings.landmarks is None:
        return None
    off = np.array(findings.landmarks.nipple) - np.array(truth.nipple)
    return float(np.hypot(*off)) * spacing_mm


def shares(findings: ImageFindings, truth: ImageTruth, spacing_mm: float) -> tuple[dict[str, float], ...]:
    """What makes up at least a third of each group: a true group, a large calcification, a look-alike."""
    spots = [(one.row, one.column) for one in findings.calcifications]
    points = np.array(spots, np.float64).reshape(-1, 2)
    number = {one.tracking_uid: place for place, one in enumerate(findings.calcifications)}
    members = [[number[uid] for uid in group.members] for group in findings.groups]
    inside = {
        name: within(points, Places.of(things), spacing_mm=spacing_mm)
        for name, things in _things(truth).items()
    }
    told = [{name: float(inner[own].mean()) for name, inner in inside.items()} for own in members]
    return tuple({name: share for name, share in each.items() if share >= _LEAST_SHARE} for each in told)


def _things(truth: ImageTruth) -> dict[str, list[tuple[float, float, tuple[Point, ...]]]]:
    """Everything bright by the name of what it belongs to."""
    group_of = {member: group.id for group in truth.groups for member in group.members}
    things: dict[str, list[tuple[float, float, tuple[Point, ...]]]] = {}
    for one in truth.calcifications:
        name = group_of.get(one.id, one.id)
        things.setdefault(name, []).append((one.row, one.column, one.outline))
    for other in truth.non_lesions:
        spots = other.points or ((other.row, other.column),)
        things[other.id] = [(row, column, other.outline) for row, column in spots]
    return things


def _surprise(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """Minus the logarithm of how likely the true partners are, over the groups of both views."""
    total = 0.0
    for table, truth in ((scores, same), (scores.T, same.T)):
        everything = np.logaddexp.reduce(np.pad(table, ((0, 0), (0, 1))), axis=1)
        partners = np.where(truth, table, -np.inf)
        best = np.logaddexp.reduce(partners, axis=1)
        total += float((everything - np.where(truth.any(axis=1), best, 0.0)).sum())
    return total


if __name__ == "__main__":
    print(main())  # noqa: T201
