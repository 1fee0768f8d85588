"""Fitting both networks of a detector to examples, and calibrating the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from calcwatch.image.find.classify import CANDIDATE_CLASSES, context_features
from calcwatch_lab.train.detector.examples import TISSUE
from calcwatch_lab.train.detector.network import CandidateNetwork, context_network
from calcwatch_lab.train.examples import LEFT_OUT
from calcwatch_lab.train.fitting import (
    batch_count,
    begin_fit,
    fit_network,
    logits_of,
    tensor_of,
    turned,
    with_doubt,
    with_other_noise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from calcwatch_lab.train.detector.settings import DetectorTraining
    from calcwatch_lab.train.examples import Inputs, SceneExamples
    from calcwatch_lab.train.networks import FeatureNetwork

_UNKNOWN_LOSS = 9.0  # of an example that was not seen yet: as hard as can be
_EASY_EPOCHS = 2  # before anything is known to be hard
_CONTEXT_LEAST_SCALE = 1e-3  # of a feature that hardly varies
_CALIBRATION_STEPS = 100  # of L-BFGS, which needs far fewer


def fit_patch_network(
    inputs: Inputs, answer: NDArray[np.int8], settings: DetectorTraining, report: Callable[[str], None]
) -> CandidateNetwork:
    """Fit the first network: every epoch sees all that is not tissue, and the tissue it finds hardest.

    Args:
        inputs: What it sees of each example (detail, context, numbers).
        answer: Class of each.
        settings: How it is fitted.
        report: Called with a line an epoch.

    Returns:
        The fitted network.

    """
    fit = settings.patch_network
    rng = begin_fit(settings.seed)
    network = CandidateNetwork().to(memory_format=torch.channels_last)
    hardness = np.full(answer.size, _UNKNOWN_LOSS, np.float32)
    seen = [len(_choose(rng, answer, hardness, 0, settings))]

    def batches(epoch: int) -> list[NDArray[np.intp]]:
        rows = _choose(rng, answer, hardness, epoch, settings)
        seen.append(len(rows))
        return np.array_split(rng.permutation(rows), batch_count(len(rows), fit.batch))

    def loss_of(batch: NDArray[np.intp]) -> Tensor:
        rows = np.sort(batch)
        true = torch.from_numpy(answer[rows].astype(np.int64))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(*_varied(rng, inputs, rows, settings))
        # Unreduced: the loss of each example is how hard it is.
        losses = nn.functional.cross_entropy(
            logits.float(), true, reduction="none", label_smoothing=fit.label_smoothing
        )
        # Losses are of the sorted rows, but are kept in the order of the batch, which mixes up how hard its
        # examples are. The shipped weights were fitted so; rows[...] here would rank them rightly.
        hardness[batch] = losses.detach().numpy()
        return losses

    def on_epoch(epoch: int, losses: list[float]) -> None:
        report(f"epoch {epoch + 1} of {fit.rounds}: {seen[-1]} examples, loss {np.mean(losses):.4f}")

    return fit_network(
        network,
        fit,
        epochs=fit.rounds,
        steps=fit.rounds * batch_count(seen[0], fit.batch) + fit.rounds,  # an epoch may have a batch more
        batches=batches,
        loss_of=loss_of,
        on_epoch=on_epoch,
    )


def _choose(
    rng: np.random.Generator,
    answer: NDArray[np.int8],
    hardness: NDArray[np.float32],
    epoch: int,
    settings: DetectorTraining,
) -> NDArray[np.intp]:
    objects, tissue = np.flatnonzero(answer > TISSUE), np.flatnonzero(answer == TISSUE)
    # At first hardness is what an untrained network finds, which is noise.
    if epoch < _EASY_EPOCHS:
        count = int((settings.hard_share + settings.easy_share) * tissue.size)
        return np.concatenate([objects, rng.choice(tissue, count, replace=False)])
    hard = int(settings.hard_share * tissue.size)
    order = tissue[np.argsort(-hardness[tissue], kind="stable")]
    # Some easy tissue stays in, or the network would forget it.
    easy = rng.choice(order[hard:], int(settings.easy_share * tissue.size), replace=False)
    return np.concatenate([objects, order[:hard], easy])


def _varied(
    rng: np.random.Generator, inputs: Inputs, rows: NDArray[np.intp], settings: DetectorTraining
) -> tuple[Tensor, Tensor, Tensor]:
    """Turned and mirrored patches, with another idea of the noise and a little doubt about the numbers."""
    detail, context, numbers = (tensor_of(own[rows]) for own in inputs)
    mirrored = bool(rng.random() < 0.5)
    turns = int(rng.integers(4))
    detail, context = (turned(picture, turns, mirrored=mirrored) for picture in (detail, context))
    detail = with_other_noise(rng, detail, settings.noise_spread)
    return detail, context, with_doubt(rng, numbers, settings.numbers_spread)


def context_examples(
    network: CandidateNetwork, scenes: Sequence[SceneExamples], settings: DetectorTraining
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Describe the candidates that the shipped detector would look at, among their neighbors.

    Args:
        network: The fitted patch network.
        scenes: Examples of whole scenes.
        settings: How many candidates of each count.

    Returns:
        Features and class of each; those that teach nothing are left out.

    """
    features, answers = [], []
    for scene in scenes:
        count = min(settings.shipped_candidates, scene.answer.size)
        logits = logits_of(network, scene.inputs, len(CANDIDATE_CLASSES))[:count]
        numbers = np.asarray(scene.inputs[-1][:count], np.float32)
        rows = context_features(scene.places_mm[:count].astype(np.float32), numbers, logits)
        answer = scene.answer[:count]
        features.append(rows[answer != LEFT_OUT])
        answers.append(answer[answer != LEFT_OUT])
    return np.concatenate(features), np.concatenate(answers)


def fit_context_network(
    features: NDArray[np.float32],
    answer: NDArray[np.int8],
    settings: DetectorTraining,
    report: Callable[[str], None],
) -> FeatureNetwork:
    """Fit the second network on scenes that the first has not learned from.

    Args:
        features: Candidates among their neighbors.
        answer: Class of each.
        settings: How it is fitted.
        report: Called with a line at the end.

    Returns:
        The fitted network, not yet calibrated.

    """
    fit = settings.context_network
    rng = begin_fit(settings.seed)
    network = context_network()
    network.standardize(features, _CONTEXT_LEAST_SCALE)

    def batches(epoch: int) -> Iterator[NDArray[np.intp]]:
        for _ in range(fit.rounds):
            yield rng.integers(0, len(answer), fit.batch)

    def loss_of(rows: NDArray[np.intp]) -> Tensor:
        logits = network.logits(torch.from_numpy(features[rows]))
        true = torch.from_numpy(answer[rows].astype(np.int64))
        return nn.functional.cross_entropy(logits, true, label_smoothing=fit.label_smoothing)

    def on_epoch(epoch: int, losses: list[float]) -> None:
        report(f"context network: {len(answer)} examples, loss {losses[-1]:.4f}")

    return fit_network(
        network,
        fit,
        epochs=1,
        steps=fit.rounds,
        batches=batches,
        loss_of=loss_of,
        on_epoch=on_epoch,
    )


def calibrate(
    network: FeatureNetwork,
    features: NDArray[np.float32],
    answer: NDArray[np.int8],
    settings: DetectorTraining,
) -> None:
    """Set slope and shift of the logits so that probabilities are frequencies.

    Args:
        network: The fitted context network; it changes.
        features: Candidates that were not learned from.
        answer: Class of each.
        settings: How far the shifts are held to 0.

    """
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(features))
    slope = torch.ones(1, requires_grad=True)
    shift = torch.zeros(len(CANDIDATE_CLASSES), requires_grad=True)
    optimizer = torch.optim.LBFGS([slope, shift], max_iter=_CALIBRATION_STEPS)
    true = torch.from_numpy(answer.astype(np.int64))

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(logits * slope + shift, true)
        # A shift common to all classes changes no probability; the ridge settles it, and holds rare classes.
        loss = loss + settings.shift_ridge * (shift**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    network.slope.copy_(slope.detach())
    network.shift.copy_(shift.detach())
