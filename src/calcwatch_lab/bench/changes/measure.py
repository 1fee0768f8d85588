"""``calcwatch-lab bench changes``: alignment, matches, changes, what is refused, and the null test.

Phantom breasts are imaged on two days, by two devices, positioned and compressed anew. Seeds go two by two:
the prior of one stands in for another woman's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import calcwatch
from calcwatch.comparison.compare import compare_exams
from calcwatch.phantom.settings import random_stream
from calcwatch_lab.bench.changes.disturb import disturbed, labeled_like, upside_down, views_swapped
from calcwatch_lab.bench.changes.evaluate import PairResult, evaluate_pair
from calcwatch_lab.bench.changes.examinations import BreastOnTwoDays, analyze_two_days
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.seeds import CHANGES_STRONG_TEST, CHANGES_TEST, SeedRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from calcwatch.domain.change import Alignment, ChangeKind
    from calcwatch.domain.findings import ImageFindings
    from calcwatch_lab.bench.truth.phantoms import AnalyzedView

OTHER_WOMAN, VIEWS_SWAPPED, UPSIDE_DOWN = "another woman", "CC and MLO swapped", "upside down"
"""Priors that do not belong."""

STRONG_REPOSITIONING = 2.0
"""How differently breasts are positioned beside the usual: twice."""


@dataclass(frozen=True)
class BreastResult:
    """Everything measured of one breast.

    Attributes:
        seed: Seed of the phantom.
        film: Whether the prior is a film.
        pairs: Every pair of images.
        refusals: Kind of each prior that does not belong, and how well it was said to fit.
        null: What was said of each group of an image and the same image disturbed.

    """

    seed: int
    film: bool
    pairs: tuple[PairResult, ...]
    refusals: tuple[tuple[str, Alignment], ...]
    null: tuple[ChangeKind, ...]


def measure_sets(
    breasts: int, strong: int, *, workers: int | None, on_done: Callable[[str, int, int], None]
) -> dict[str, tuple[BreastResult, ...]]:
    """Measure the sets of breasts that the page shows.

    Args:
        breasts: Number of breasts positioned anew as usual.
        strong: Number of those positioned twice as differently.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with what is measured, how many are done and how many there are.

    Returns:
        By name: digital priors, film priors, and strong repositioning.

    Raises:
        TaskFailed: A breast cannot be analyzed.

    """
    usual = measure_changes(
        breasts, CHANGES_TEST, workers=workers, on_done=partial(on_done, "pairs of breasts")
    )
    otherwise = measure_changes(
        strong,
        CHANGES_STRONG_TEST,
        repositioning=STRONG_REPOSITIONING,
        workers=workers,
        on_done=partial(on_done, "positioned otherwise"),
    )
    return {
        "two digital examinations": tuple(breast for breast in usual if not breast.film),
        "a film and a digital examination": tuple(breast for breast in usual if breast.film),
        "two examinations positioned twice as differently": tuple(
            breast for breast in otherwise if not breast.film
        ),
    }


def measure_changes(
    count: int,
    seeds: SeedRange,
    *,
    repositioning: float = 1.0,
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[BreastResult, ...]:
    """Measure breasts.

    Args:
        count: Number of breasts, rounded up to an even one.
        seeds: Where their seeds are taken from.
        repositioning: How differently they are positioned, 1 being usual.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of pairs of breasts that are done and that of all.

    Returns:
        The results in the order of the seeds.

    Raises:
        TaskFailed: A breast cannot be analyzed; the figures would be of others than stated.

    """
    # An even number: each breast needs another as the woman it is not.
    chosen = seeds.take(count + count % 2)
    two_by_two = list(zip(chosen[::2], chosen[1::2], strict=True))
    if not two_by_two:
        return ()
    job = partial(_measure_two, repositioning=repositioning)
    results = run_tasks(job, two_by_two, workers=workers, on_done=on_done)
    return tuple(breast for both in results for breast in both)


def _measure_two(seeds: tuple[int, int], *, repositioning: float) -> tuple[BreastResult, ...]:
    first, second = (analyze_two_days(seed, repositioning=repositioning) for seed in seeds)
    # Two breasts are analyzed for two results: each is the other's wrong prior.
    return measure_breast(first, second), measure_breast(second, first)


def measure_breast(breast: BreastOnTwoDays, other: BreastOnTwoDays) -> BreastResult:
    """Compare both days, then the current one with what does not belong and with itself disturbed.

    Args:
        breast: A breast on two days.
        other: Another of the same side, whose prior stands in for another woman's.

    Returns:
        Everything measured of the breast.

    """
    comparison = compare_exams(_findings(breast.prior), _findings(breast.current))
    return BreastResult(
        seed=breast.seed,
        film=breast.film,
        pairs=tuple(
            evaluate_pair(
                breast.prior[pair.prior], breast.current[pair.current], pair, comparison.changes_of(pair)
            )
            for pair in comparison.pairs
        ),
        refusals=tuple(_refusals(breast, other)),
        null=tuple(_null_test(breast)),
    )


def _findings(views: Sequence[AnalyzedView]) -> list[ImageFindings]:
    return [view.findings for view in views]


def _refusals(breast: BreastOnTwoDays, other: BreastOnTwoDays) -> Iterator[tuple[str, Alignment]]:
    prior, current = _findings(breast.prior), _findings(breast.current)
    # Analyzed anew: a turned picture has another tissue map, which no relabeling would give.
    turned = [calcwatch.analyze_image(upside_down(view.mammogram)) for view in breast.prior]
    wrong = {
        OTHER_WOMAN: labeled_like(_findings(other.prior), prior),
        VIEWS_SWAPPED: views_swapped(prior),
        UPSIDE_DOWN: turned,
    }
    for kind, images in wrong.items():
        for pair in compare_exams(images, current).pairs:
            yield kind, pair.alignment


def _null_test(breast: BreastOnTwoDays) -> Iterator[ChangeKind]:
    """What is said of an image and the same image disturbed: nothing has changed."""
    for number, view in enumerate(breast.current):
        rng = random_stream(breast.seed, "null", str(number))
        again = calcwatch.analyze_image(disturbed(view.mammogram, rng))
        for change in compare_exams([view.findings], [again]).changes:
            yield change.kind
