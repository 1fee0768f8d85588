"""Fitting both networks for morphology to examples, and calibrating the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from calcwatch.image.describe.morphology import CONTEXT_FEATURES, OUTPUTS, context_features
from calcwatch_lab.train.fitting import (
    batch_count,
    begin_fit,
    fit_network,
    in_batches,
    logits_of,
    tensor_of,
    turned,
    with_doubt,
    with_other_noise,
)
from calcwatch_lab.train.shapes.network import ShapeNetwork, context_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch_lab.train.examples import Inputs, SceneExamples
    from calcwatch_lab.train.networks import FeatureNetwork
    from calcwatch_lab.train.shapes.settings import ShapeTraining

_SLOPES = (0.3, 2.0, 69)  # that the calibration tries: from, to, how many
_LEAST_WEIGHT = 1e-9  # so that a part without examples divides nothing by 0


def choose(rng: np.random.Generator, answer: NDArray[np.int8], most: int) -> NDArray[np.intp]:
    """Choose rows of one scene to learn from.

    Args:
        rng: Draws them.
        answer: Class of each example.
        most: Examples of one class at most.

    Returns:
        The rows, sorted; none of what teaches nothing.

    """
    chosen = [rng.permutation(np.flatnonzero(answer == own))[:most] for own in np.unique(answer[answer >= 0])]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.intp)


def balance(answer: NDArray[np.int8]) -> NDArray[np.float32]:
    """Weigh classes: rare shapes count more, by the root of how rare they are.

    Args:
        answer: Class of each example.

    Returns:
        A weight for each output, 1 in the mean.

    """
    counts = np.bincount(answer, minlength=OUTPUTS).clip(1)
    # The root: full weights would let a handful of rare examples lead the fit.
    weight = np.sqrt(counts.mean() / counts)
    return np.asarray(weight / weight.mean(), np.float32)


def fit_patch_network(
    inputs: Inputs, answer: NDArray[np.int8], settings: ShapeTraining, report: Callable[[str], None]
) -> ShapeNetwork:
    """Fit the first network.

    Args:
        inputs: What it sees of each example (close, near, around, numbers).
        answer: Class of each.
        settings: How it is fitted.
        report: Called with a line an epoch.

    Returns:
        The fitted network.

    """
    fit = settings.patch_network
    rng = begin_fit(settings.seed)
    torch.set_num_threads(
        1
    )  # threads that wait for each other on a busy machine take a hundred times as long
    network = ShapeNetwork().to(memory_format=torch.channels_last)
    weight = torch.from_numpy(balance(answer))

    def batches(epoch: int) -> list[NDArray[np.intp]]:
        return in_batches(rng.permutation(answer.size), fit.batch)

    def loss_of(rows: NDArray[np.intp]) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(*_varied(rng, inputs, rows, settings))
        true = torch.from_numpy(answer[rows].astype(np.int64))
        return nn.functional.cross_entropy(
            logits.float(), true, weight=weight, label_smoothing=fit.label_smoothing
        )

    def on_epoch(epoch: int, losses: list[float]) -> None:
        report(f"epoch {epoch + 1} of {fit.rounds}: {answer.size} examples, loss {np.mean(losses):.4f}")

    return fit_network(
        network,
        fit,
        epochs=fit.rounds,
        steps=fit.rounds * batch_count(answer.size, fit.batch) + 1,
        batches=batches,
        loss_of=loss_of,
        on_epoch=on_epoch,
    )


def _varied(
    rng: np.random.Generator, inputs: Inputs, rows: NDArray[np.intp], settings: ShapeTraining
) -> tuple[Tensor, ...]:
    """Turned and mirrored patches, other noise, a little doubt about the numbers."""
    *pictures, numbers = (tensor_of(own[rows]) for own in inputs)
    turns, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)
    close, near, around = (turned(picture, turns, mirrored=mirrored) for picture in pictures)
    near = with_other_noise(rng, near, settings.noise_spread)  # the one that is in units of the noise
    return close, near, around, with_doubt(rng, numbers, settings.numbers_spread)


def context_examples(
    network: ShapeNetwork, scenes: Sequence[SceneExamples]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Describe all calcifications and groups of whole scenes among their neighbors.

    Args:
        network: The fitted patch network.
        scenes: Examples of whole scenes.

    Returns:
        Features and class of each; those that teach nothing are left out.

    """
    # An empty first part, so that no scenes at all still give arrays of the right width.
    features, answers = [np.zeros((0, CONTEXT_FEATURES), np.float32)], [np.zeros(0, np.int8)]
    for scene in scenes:
        logits = logits_of(network, scene.inputs, OUTPUTS)
        numbers = np.asarray(scene.inputs[-1], np.float32)
        rows = context_features(logits, numbers, scene.places_mm, scene.groups)
        answer = np.concatenate([scene.answer, scene.group_answer])
        features.append(rows[answer >= 0])
        answers.append(answer[answer >= 0])
    return np.concatenate(features), np.concatenate(answers)


def fit_context_network(
    features: NDArray[np.float32],
    answer: NDArray[np.int8],
    settings: ShapeTraining,
    report: Callable[[str], None],
) -> FeatureNetwork:
    """Fit the second network; groups are drawn as often as single calcifications.

    Args:
        features: Calcifications and groups among their neighbors; the last feature tells groups.
        answer: Class of each.
        settings: How it is fitted.
        report: Called with a line at the end.

    Returns:
        The fitted network, not yet calibrated.

    """
    fit = settings.context_network
    rng = begin_fit(settings.seed)
    network = context_network()
    network.standardize(features)
    chance = _chances(features, answer)

    def batches(epoch: int) -> Iterator[NDArray[np.intp]]:
        for _ in range(fit.rounds):
            yield rng.choice(answer.size, fit.batch, p=chance)

    def loss_of(rows: NDArray[np.intp]) -> Tensor:
        doubt = settings.features_spread * rng.standard_normal((rows.size, features.shape[1]), np.float32)
        # In units of each feature's spread, so that doubt weighs alike on all.
        doubtful = torch.from_numpy(features[rows]) + torch.from_numpy(doubt) * network.scale
        true = torch.from_numpy(answer[rows].astype(np.int64))
        return nn.functional.cross_entropy(
            network.logits(doubtful), true, label_smoothing=fit.label_smoothing
        )

    def on_epoch(epoch: int, losses: list[float]) -> None:
        report(f"context network: {answer.size} examples, loss {losses[-1]:.4f}")

    return fit_network(
        network,
        fit,
        epochs=1,
        steps=fit.rounds,
        batches=batches,
        loss_of=loss_of,
        on_epoch=on_epoch,
    )


def _chances(features: NDArray[np.float32], answer: NDArray[np.int8]) -> NDArray[np.float64]:
    """Chance of each row to be drawn: groups and single ones half each, rare shapes more often."""
    # The last feature says whether a row is of a group.
    is_group = features[:, -1] > 0.5
    weight = balance(answer)[answer].astype(np.float64)
    for part in (is_group, ~is_group):
        weight[part] /= max(float(weight[part].sum()), _LEAST_WEIGHT)
    return np.asarray(weight / weight.sum(), np.float64)


def calibrate(network: FeatureNetwork, features: NDArray[np.float32], answer: NDArray[np.int8]) -> None:
    """Set the slope of the logits so that probabilities are frequencies.

    Args:
        network: The fitted context network; it changes.
        features: Calcifications and groups that were not learned from.
        answer: Class of each.

    """
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(features))
    true = torch.from_numpy(answer.astype(np.int64))
    slopes = torch.linspace(*_SLOPES)
    # Tried and not optimized: a single number between known bounds cannot run away.
    losses = [float(nn.functional.cross_entropy(logits * slope, true)) for slope in slopes]
    network.slope.copy_(slopes[int(np.argmin(losses))])
