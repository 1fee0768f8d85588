"""The weights with which groups of two views are paired, fitted to phantoms.

They are numbers in :mod:`calcwatch.exam.correspondence`: a base and a weight for each difference of two
groups, fitted so that each group's true partner, or that it has none, is likeliest (softmax).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize

from calcwatch.exam.correspondence import differences
from calcwatch_lab.bench.description.pairs import (
    PairCounts,
    analyze_two_views,
    count_pairs_of,
    held_by_groups,
    nipple_error_mm,
    report_pairs,
)
from calcwatch_lab.parallel import run_tasks
from calcwatch_lab.seeds import VIEW_PAIRS_FIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_RIDGE = (
    2e-3  # how much large weights cost, against the mean surprise of a group: a few rare pairs fit nothing
)
_START = 2.0, -0.5  # base and weights that the search begins with


class PairExample(NamedTuple):
    """Two views of one phantom.

    Attributes:
        differences: How each group of the first view differs from each of the second, n x m x differences.
        same: Whether both hold the same true group, n x m.
        counts: What is stated of them with the weights that are shipped.
        nipple_errors_mm: Distance of each view's nipple from its true place; ``None`` where none was found.

    """

    differences: NDArray[np.float64]
    same: NDArray[np.bool_]
    counts: PairCounts
    nipple_errors_mm: tuple[float | None, float | None]


def train_view_pairs(
    count: int,
    *,
    spacing_mm: float,
    workers: int | None = None,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Fit the weights to phantoms.

    Args:
        count: Number of phantoms.
        spacing_mm: Distance of two pixels.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of phantoms that are done and that of all.

    Returns:
        How often the shipped weights pair them right, and base and weights that fit them best, a line each.

    Raises:
        TaskFailed: A phantom cannot be analyzed.

    """
    seeds = VIEW_PAIRS_FIT.take(count)
    examples = run_tasks(
        partial(make_example, spacing_mm=spacing_mm), seeds, workers=workers, on_done=on_done
    )
    weights = fit_weights(examples)
    return [
        *report_pairs(
            seeds,
            [example.counts for example in examples],
            [example.nipple_errors_mm for example in examples],
        ),
        "base and weights: " + ", ".join(f"{weight:.2f}" for weight in weights),
    ]


def make_example(seed: int, *, spacing_mm: float) -> PairExample:
    """Analyze both views of a phantom.

    Args:
        seed: Seed of the phantom.
        spacing_mm: Distance of two pixels.

    Returns:
        How its groups differ, and which are the same.

    """
    views = analyze_two_views(seed, spacing_mm=spacing_mm)
    first, second = views
    held = [held_by_groups(view.findings, view.truth, view.spacing_mm) for view in views]
    same = [[bool(names.keys() & others.keys()) for others in held[1]] for names in held[0]]
    return PairExample(
        differences(first.findings, second.findings),
        np.array(same, bool),
        count_pairs_of(first, second),
        (nipple_error_mm(first), nipple_error_mm(second)),
    )


def fit_weights(examples: Sequence[PairExample]) -> NDArray[np.float64]:
    """Fit base and weights with which each group's partner, or that it has none, is likeliest.

    Args:
        examples: Two views of phantoms; those without a pair of groups do not count.

    Returns:
        The base, and a weight for each difference, none above 0: no difference speaks for a pair.

    """
    used = [example for example in examples if example.differences.size]
    groups = sum(sum(example.same.shape) for example in used)

    def cost(weights: NDArray[np.float64]) -> float:
        total = sum(
            _surprise(weights[0] + example.differences @ weights[1:], example.same) for example in used
        )
        # The base is free: it only says how common a partner is.
        return float(total / groups + _RIDGE * (weights[1:] ** 2).sum())

    count = used[0].differences.shape[2]
    base, weight = _START
    # A difference may never speak for two groups being the same.
    bounds = [(None, None), *[(None, 0.0)] * count]
    start = np.concatenate([[base], np.full(count, weight)])
    return np.asarray(minimize(cost, start, bounds=bounds, method="L-BFGS-B").x)


def _surprise(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """Minus the logarithm of how likely the true partners are, over the groups of both views."""
    total = 0.0
    for table, truth in ((scores, same), (scores.T, same.T)):
        # A column of zeros stands for "no partner": the choice every group has.
        everything = np.logaddexp.reduce(np.pad(table, ((0, 0), (0, 1))), axis=1)
        partners = np.logaddexp.reduce(np.where(truth, table, -np.inf), axis=1)
        total += float((everything - np.where(truth.any(axis=1), partners, 0.0)).sum())
    return total
