"""Fitting the networks for shapes; the same seed and examples give the same weights on the same machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from calcwatch.image.describe.morphology import OUTPUTS, WEIGHED_FEATURES, weighed_features
from calcwatch_lab.train.shapes.network import ShapeLook, ShapeWeigh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch_lab.train.shapes.examples import ShapeExamples

_BATCH = 256
_EMA = 0.995
_WEIGH_STEPS, _WEIGH_BATCH = 5000, 512
_MOST_OF_A_GROUP = 12  # examples of one scene and shape: a group of 40 is not 40 times as telling
_NEAR_WHITE = 0.08  # doubt about every number


def choose(rng: np.random.Generator, answer: NDArray[np.int8]) -> NDArray[np.intp]:
    """Rows of one scene to learn from: of each answer a few at most."""
    chosen = [
        rng.permutation(np.flatnonzero(answer == one))[:_MOST_OF_A_GROUP]
        for one in np.unique(answer[answer >= 0])
    ]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.intp)


def balance(answer: NDArray[np.int8]) -> NDArray[np.float32]:
    """Weight of each answer: rare shapes count more, by the root of how rare they are."""
    counts = np.bincount(answer, minlength=OUTPUTS).clip(1)
    weight = np.sqrt(counts.mean() / counts)
    return np.asarray(weight / weight.mean(), np.float32)


def fit_look(
    inputs: Sequence[NDArray[np.float16]],
    answer: NDArray[np.int8],
    *,
    epochs: int,
    seed: int,
    report: Callable[[str], None],
) -> ShapeLook:
    """Train the first network on patches (close, near, around, numbers), one row an example."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    torch.set_num_threads(
        1
    )  # threads that wait for each other on a busy machine take a hundred times as long
    rng = np.random.default_rng(seed)
    network = ShapeLook().to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_EMA), use_buffers=True)
    weight = torch.from_numpy(balance(answer))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    batches = -(-answer.size // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=epochs * batches + 1, pct_start=0.15
    )
    for epoch in range(epochs):
        losses = []
        network.train()
        for batch in np.array_split(rng.permutation(answer.size), batches):
            rows = np.sort(batch)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(*_varied(rng, inputs, rows))
            wanted = torch.from_numpy(answer[rows].astype(np.int64))
            loss = nn.functional.cross_entropy(logits.float(), wanted, weight=weight, label_smoothing=0.03)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            losses.append(float(loss.detach()))
        report(f"epoch {epoch + 1} of {epochs}: {answer.size} examples, loss {np.mean(losses):.4f}")
    fitted = average.module
    assert isinstance(fitted, ShapeLook)
    return fitted.eval()


def _varied(
    rng: np.random.Generator, inputs: Sequence[NDArray[np.float16]], rows: NDArray[np.intp]
) -> tuple[Tensor, ...]:
    """Turned and mirrored patches, other noise, a little doubt about the numbers."""
    *pictures, numbers = (torch.from_numpy(one[rows].astype(np.float32)) for one in inputs)
    turns, flip = int(rng.integers(4)), bool(rng.random() < 0.5)
    seen = []
    for picture in pictures:
        turned = torch.rot90(picture.flip(3) if flip else picture, turns, (2, 3))
        seen.append(turned.contiguous(memory_format=torch.channels_last))
    scale = np.exp(rng.normal(0, 0.12, (len(rows), 1, 1, 1))).astype(np.float32)
    seen[1] = torch.asinh(torch.sinh(seen[1]) * torch.from_numpy(scale))
    doubt = rng.normal(0, _NEAR_WHITE, tuple(numbers.shape)).astype(np.float32)
    return (*seen, numbers + torch.from_numpy(doubt))


def look_at(network: ShapeLook, inputs: Sequence[NDArray[np.generic]]) -> NDArray[np.float32]:
    """Logits of the first network for every row, n x outputs."""
    parts = [np.zeros((0, OUTPUTS), np.float32)]
    with torch.no_grad():
        for start in range(0, len(inputs[0]), _BATCH):
            batch = [torch.from_numpy(one[start : start + _BATCH].astype(np.float32)) for one in inputs]
            parts.append(network(*batch).numpy())
    return np.concatenate(parts)


def surrounds(
    network: ShapeLook, scenes: Sequence[ShapeExamples]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Features and answers of all calcifications and groups of whole scenes, for the second network."""
    features, answers = [np.zeros((0, WEIGHED_FEATURES), np.float32)], [np.zeros(0, np.int8)]
    for scene in scenes:
        patches = scene.patches
        logits = look_at(network, (patches.close, patches.near, patches.around, patches.numbers))
        rows = weighed_features(logits, patches.numbers, scene.places_mm, scene.groups)
        answer = np.concatenate([scene.answer, scene.group_answer])
        features.append(rows[answer >= 0])
        answers.append(answer[answer >= 0])
    return np.concatenate(features), np.concatenate(answers)


def fit_weigh(
    features: NDArray[np.float32],
    answer: NDArray[np.int8],
    *,
    seed: int,
    report: Callable[[str], None],
) -> ShapeWeigh:
    """Train the second network; groups, the last feature tells them, are drawn as often as calcifications."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = ShapeWeigh()
    network.mean.copy_(torch.from_numpy(features.mean(axis=0)))
    network.scale.copy_(torch.from_numpy(features.std(axis=0) + 1e-2))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=_WEIGH_STEPS)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_EMA), use_buffers=True)
    chance = _chances(features, answer)
    for _ in range(_WEIGH_STEPS):
        rows = rng.choice(answer.size, _WEIGH_BATCH, p=chance)
        doubt = 0.1 * rng.standard_normal((rows.size, features.shape[1]), np.float32)
        logits = network.logits(torch.from_numpy(features[rows]) + torch.from_numpy(doubt) * network.scale)
        wanted = torch.from_numpy(answer[rows].astype(np.int64))
        loss = nn.functional.cross_entropy(logits, wanted, label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(network)
    report(f"weighing network: {answer.size} examples, loss {float(loss.detach()):.4f}")
    fitted = average.module
    assert isinstance(fitted, ShapeWeigh)
    return fitted.eval()


def _chances(features: NDArray[np.float32], answer: NDArray[np.int8]) -> NDArray[np.float64]:
    """Chance of each row to be drawn: groups and single ones half each, rare shapes more often."""
    is_group = features[:, -1] > 0.5
    weight = balance(answer)[answer].astype(np.float64)
    for part in (is_group, ~is_group):
        weight[part] /= max(float(weight[part].sum()), 1e-9)
    return np.asarray(weight / weight.sum(), np.float64)


def calibrate(network: ShapeWeigh, features: NDArray[np.float32], answer: NDArray[np.int8]) -> None:
    """Set the slope of the logits so that probabilities are frequencies on these examples."""
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(features))
    wanted = torch.from_numpy(answer.astype(np.int64))
    slopes = torch.linspace(0.3, 2.0, 69)
    losses = [float(nn.functional.cross_entropy(logits * slope, wanted)) for slope in slopes]
    network.slope.copy_(slopes[int(np.argmin(losses))])
