"""The training of distribution on one page: point sets -> groups -> features -> a perceptron -> ONNX.

No picture is made: a distribution is told from points, and the phantoms' geometry gives them. Classes count
alike, so that a probability is that among five equally frequent distributions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from calcwatch.image.describe.distribution import (
    DISTRIBUTION_CLASSES,
    FEATURES,
    BreastGeometry,
    measure_distribution,
)
from calcwatch.image.describe.group import Grouped, group
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.cards import DISTRIBUTION
from calcwatch_lab.seeds import DISTRIBUTION_BREASTS
from calcwatch_lab.train import export
from calcwatch_lab.train.distribution.sets import LOOSE, PointSet, as_detected, draw_many
from calcwatch_lab.train.fitting import begin_fit, fit_network, probabilities_of
from calcwatch_lab.train.networks import FeatureNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from calcwatch_lab.train.distribution.settings import DistributionTraining


_WIDTHS, _DROPOUTS = (96, 48), (0.2, 0.1)  # of the hidden layers
_PLAIN = AnalysisSettings()  # how an analysis groups
_LEAST_WEIGHT = 1e-6  # so that a distribution without examples divides nothing by 0
_CALIBRATION_STEPS = 50  # of L-BFGS, which needs far fewer


@dataclass(frozen=True, eq=False)
class GroupExamples:
    """Groups to learn from.

    Attributes:
        features: What is measured of each, n x ``FEATURES``.
        answer: Place of each one's distribution in ``DISTRIBUTION_CLASSES``.
        weight: How much each counts: all fragments of one group weigh as much as one group.
        set_number: Number of the point set each is from.

    """

    features: NDArray[np.float32]
    answer: NDArray[np.int64]
    weight: NDArray[np.float32]
    set_number: NDArray[np.intp]

    def rows(self, chosen: NDArray[np.bool_]) -> GroupExamples:
        """Take some of them.

        Args:
            chosen: Whether each is taken.

        Returns:
            Those.

        """
        return GroupExamples(
            self.features[chosen], self.answer[chosen], self.weight[chosen], self.set_number[chosen]
        )


def train_distribution(
    settings: DistributionTraining,
    out: Path,
    *,
    workers: int | None,
    report: Callable[[str], None],
    on_done: Callable[[int, int], None],
) -> FeatureNetwork:
    """Draw breasts, fit the network and write it.

    Args:
        settings: How distribution is trained.
        out: Folder to write to, which is made.
        workers: Number of processes; ``None``: one per processor core.
        report: Called with a line of progress.
        on_done: Called with the number of breasts that are drawn and that of all.

    Returns:
        The fitted and calibrated network.

    Raises:
        TrainingFailed: A breast could not be drawn.
        TooFewSeeds: More breasts are asked for than there are seeds.

    """
    seeds = DISTRIBUTION_BREASTS.take(settings.breasts)
    sets = draw_many(seeds, settings.draws, workers=workers, on_done=on_done)
    network = fit_distribution(sets, settings, report=report)
    write_distribution_model(network, out, settings)
    return network


def fit_distribution(
    sets: Sequence[PointSet], settings: DistributionTraining, *, report: Callable[[str], None]
) -> FeatureNetwork:
    """Fit the network to point sets, each detected several times anew.

    Args:
        sets: Views of breasts; the last of them calibrate the network.
        settings: How distribution is trained.
        report: Called with a line at the end.

    Returns:
        The fitted and calibrated network.

    Raises:
        ValueError: There are no point sets.

    """
    if not sets:
        raise ValueError("no point sets, no examples; draw some")
    parts = [
        examples_of(
            as_detected(np.random.default_rng([settings.seed, number, repeat]), view, settings.draws),
            settings.least_share,
            number,
        )
        for number, view in enumerate(sets)
        for repeat in range(settings.repeats)
    ]
    names = ("features", "answer", "weight", "set_number")
    pooled = GroupExamples(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    examples = _balanced(pooled)
    # Whole point sets: fragments and repeats of a set are too alike to be on both sides.
    is_held_out = examples.set_number >= round((1 - settings.held_out) * len(sets))
    network = _fit(examples.rows(~is_held_out), settings)
    held_out = examples.rows(is_held_out)
    _calibrate(network, held_out, settings.least_temperature)
    right = probabilities_of(network, held_out.features).argmax(axis=1) == held_out.answer
    share = float(np.average(right, weights=held_out.weight))
    report(f"{len(examples.answer)} groups; {share:.3f} of those held out right")
    return network


def examples_of(view: PointSet, least_share: float, set_number: int = 0) -> GroupExamples:
    """Group the points as an analysis does, and describe each group that is mostly of one planned group.

    Args:
        view: The points.
        least_share: Of a group's members that must be of the planned group.
        set_number: Number of the point set.

    Returns:
        The groups.

    """
    # All alike: what grouping makes of scores is no matter of layout.
    scores = np.ones(len(view.points))
    groups = group(
        view.points,
        scores,
        None,
        # Points are in mm here, so a pixel is taken to be 1 mm.
        distance_px=_PLAIN.grouping_distance_mm,
        min_count=_PLAIN.min_group_count,
        breast_area_px=view.breast_area,
    )
    owners = np.array([_owner(view, found, least_share) for found in groups], np.intp)
    nipple = None if view.nipple is None else (float(view.nipple[0]), float(view.nipple[1]))
    breast = BreastGeometry(1.0, 1.0, view.breast_area, nipple)
    known = [(found, owner) for found, owner in zip(groups, owners, strict=True) if owner != LOOSE]
    rows = [
        measure_distribution(view.points, scores, members=np.array(found.members), geometry=breast)[0]
        for found, _ in known
    ]
    return GroupExamples(
        np.array(rows, np.float32).reshape(-1, FEATURES),
        np.array([DISTRIBUTION_CLASSES.index(view.distributions[owner]) for _, owner in known], np.int64),
        np.array([1.0 / np.count_nonzero(owners == owner) for _, owner in known], np.float32),
        np.full(len(known), set_number, np.intp),
    )


def _owner(view: PointSet, found: Grouped, least_share: float) -> int:
    """The planned group that most members are of, ``LOOSE`` where none has enough."""
    owners = view.owner[np.array(found.members)]
    numbers, counts = np.unique(owners, return_counts=True)
    best = int(np.argmax(counts))
    return int(numbers[best]) if counts[best] >= least_share * owners.size else LOOSE


def _balanced(examples: GroupExamples) -> GroupExamples:
    """The same examples with weights that add up to as much for each distribution."""
    total = np.bincount(examples.answer, examples.weight, len(DISTRIBUTION_CLASSES))
    weight = examples.weight / np.maximum(total, _LEAST_WEIGHT)[examples.answer]
    weight *= len(weight) / weight.sum()
    return GroupExamples(examples.features, examples.answer, weight.astype(np.float32), examples.set_number)


def _fit(examples: GroupExamples, settings: DistributionTraining) -> FeatureNetwork:
    fit = settings.network
    rng = begin_fit(settings.seed)
    network = FeatureNetwork(
        FEATURES,
        len(DISTRIBUTION_CLASSES),
        widths=_WIDTHS,
        dropouts=_DROPOUTS,
        most_deviations=settings.most_deviations,
    )
    network.standardize(examples.features)
    chance = examples.weight / examples.weight.sum()
    drawn = rng.choice(len(chance), (fit.rounds, fit.batch), p=chance)

    def loss_of(rows: NDArray[np.intp]) -> Tensor:
        logits = network.logits(torch.from_numpy(examples.features[rows]))
        true = torch.from_numpy(examples.answer[rows])
        return nn.functional.cross_entropy(logits, true, label_smoothing=fit.label_smoothing)

    return fit_network(
        network,
        fit,
        epochs=1,
        steps=fit.rounds,
        batches=lambda epoch: list(drawn),
        loss_of=loss_of,
        on_epoch=lambda epoch, losses: None,
    )


def _calibrate(network: FeatureNetwork, examples: GroupExamples, least_temperature: float) -> None:
    """Set the slope so that probabilities are frequencies on examples that were not learned from."""
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(examples.features))
    weight, answer = torch.from_numpy(examples.weight), torch.from_numpy(examples.answer)
    temperature = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([temperature], max_iter=_CALIBRATION_STEPS)

    def closure() -> Tensor:
        optimizer.zero_grad()
        cooled = logits / temperature.clamp(min=least_temperature)
        losses = nn.functional.cross_entropy(cooled, answer, reduction="none")
        loss = (losses * weight).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    # The network multiplies, the fit divides by a temperature.
    network.slope.copy_(1 / temperature.detach().clamp(min=least_temperature))


def write_distribution_model(
    network: FeatureNetwork, folder: Path, settings: DistributionTraining
) -> dict[str, Any]:
    """Write the network and its card.

    Args:
        network: The fitted and calibrated network.
        folder: Folder to write to, which is made.
        settings: What it was trained with.

    Returns:
        The whole card.

    """
    folder.mkdir(parents=True, exist_ok=True)
    ((file, inputs),) = DISTRIBUTION.networks.items()
    export.export_network(network, (torch.zeros(2, FEATURES),), folder / file, inputs)
    card = {
        "name": "distributions of phantoms",
        "seed": settings.seed,
        "breasts": settings.breasts,
        "repeats": settings.repeats,
        "trained_on": [],
    }
    return export.write_card(folder, DISTRIBUTION, card)
