"""Fitting both networks to examples; the same seed and examples give the same weights on the same machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch_lab.train.detector.network import CandidateClass, Weigh

if TYPE_CHECKING:
    from numpy.typing import NDArray

Report = Callable[[str], None]

_BATCH = 256
_HARD_SHARE, _EASY_SHARE = 0.45, 0.15  # of the tissue examples, in every epoch after the first two
_EMA = 0.995
_WEIGH_STEPS, _WEIGH_BATCH = 4000, 1024


@dataclass(frozen=True, eq=False)
class Pool:
    """Examples of many scenes: network inputs (float16 patches), and the index of each one's look."""

    detail: NDArray[np.float16]
    context: NDArray[np.float16]
    numbers: NDArray[np.float32]
    answer: NDArray[np.int8]


def fit_look(pool: Pool, *, epochs: int, seed: int, report: Report) -> CandidateClass:
    """Train the first network: every epoch sees all that is not tissue, and the tissue it finds hardest."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # tiny numbers cost a hundred times the time of others
    rng = np.random.default_rng(seed)
    network = CandidateClass().to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_EMA), use_buffers=True)
    hardness = np.full(pool.answer.size, 9.0, np.float32)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps = epochs * -(-len(_choose(rng, pool.answer, hardness, epoch=0)) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=steps + epochs, pct_start=0.15
    )
    for epoch in range(epochs):
        rows = _choose(rng, pool.answer, hardness, epoch)
        losses = []
        network.train()
        for batch in np.array_split(rng.permutation(rows), -(-len(rows) // _BATCH)):
            loss = _loss(network, pool, batch, rng)
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            hardness[batch] = loss.detach().numpy()
            losses.append(float(loss.detach().mean()))
        report(f"epoch {epoch + 1} of {epochs}: {len(rows)} examples, loss {np.mean(losses):.4f}")
    fitted = average.module
    assert isinstance(fitted, CandidateClass)
    return fitted.eval()


def _choose(
    rng: np.random.Generator, answer: NDArray[np.int8], hardness: NDArray[np.float32], epoch: int
) -> NDArray[np.intp]:
    things, tissue = np.flatnonzero(answer > 0), np.flatnonzero(answer == 0)
    hard = int(_HARD_SHARE * tissue.size)
    if epoch < 2:
        return np.concatenate(
            [things, rng.choice(tissue, int((_HARD_SHARE + _EASY_SHARE) * tissue.size), replace=False)]
        )
    order = tissue[np.argsort(-hardness[tissue], kind="stable")]
    easy = rng.choice(order[hard:], int(_EASY_SHARE * tissue.size), replace=False)
    return np.concatenate([things, order[:hard], easy])


def _loss(network: CandidateClass, pool: Pool, batch: NDArray[np.intp], rng: np.random.Generator) -> Tensor:
    detail, context, numbers = _varied(rng, pool, np.sort(batch))
    answer = torch.from_numpy(pool.answer[np.sort(batch)].astype(np.int64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(detail, context, numbers)
    return nn.functional.cross_entropy(logits.float(), answer, reduction="none", label_smoothing=0.01)


def _varied(rng: np.random.Generator, pool: Pool, batch: NDArray[np.intp]) -> tuple[Tensor, Tensor, Tensor]:
    """Turned and mirrored patches, with another idea of the noise and a little doubt about the numbers."""
    detail = torch.from_numpy(pool.detail[batch].astype(np.float32))
    context = torch.from_numpy(pool.context[batch].astype(np.float32))
    if rng.random() < 0.5:
        detail, context = detail.flip(3), context.flip(3)
    turns = int(rng.integers(4))
    detail, context = torch.rot90(detail, turns, (2, 3)), torch.rot90(context, turns, (2, 3))
    scale = torch.from_numpy(np.exp(rng.normal(0, 0.15, (len(batch), 1, 1, 1))).astype(np.float32))
    detail = torch.asinh(torch.sinh(detail) * scale)
    doubt = rng.normal(0, 0.08, (len(batch), pool.numbers.shape[1])).astype(np.float32)
    numbers = torch.from_numpy(pool.numbers[batch] + doubt)
    return (
        detail.contiguous(memory_format=torch.channels_last),
        context.contiguous(memory_format=torch.channels_last),
        numbers,
    )


def look_at(network: CandidateClass, pool: Pool) -> NDArray[np.float32]:
    """Logits of the first network for every example, n x looks."""
    parts = []
    with torch.no_grad():
        for start in range(0, pool.answer.size, _BATCH):
            rows = slice(start, start + _BATCH)
            inputs = (pool.detail[rows], pool.context[rows], pool.numbers[rows])
            parts.append(network(*(_as_seen(x) for x in inputs)).numpy())
    return np.concatenate(parts) if parts else np.zeros((0, len(CANDIDATE_CLASSES)), np.float32)


def _as_seen(rows: NDArray[np.generic]) -> Tensor:
    tensor = torch.from_numpy(rows.astype(np.float32))
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def fit_weigh(features: NDArray[np.float32], answer: NDArray[np.int8], *, seed: int, report: Report) -> Weigh:
    """Train the second network on features of scenes that the first has not learned from."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Weigh()
    network.mean.copy_(torch.from_numpy(features.mean(axis=0)))
    network.scale.copy_(torch.from_numpy(features.std(axis=0) + 1e-3))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=_WEIGH_STEPS)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_EMA), use_buffers=True)
    for _ in range(_WEIGH_STEPS):
        rows = rng.integers(0, len(answer), _WEIGH_BATCH)
        logits = network.logits(torch.from_numpy(features[rows]))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(answer[rows].astype(np.int64)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(network)
    report(f"weighing network: loss {float(loss.detach()):.4f}")
    fitted = average.module
    assert isinstance(fitted, Weigh)
    return fitted.eval()


def weigh_of(network: Weigh, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of the second network, n x looks."""
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(features)).numpy(), dtype=np.float32)


def calibrate(network: Weigh, features: NDArray[np.float32], answer: NDArray[np.int8]) -> None:
    """Set slope and shift of the logits so that probabilities are frequencies on these examples."""
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(features))
    slope = torch.ones(1, requires_grad=True)
    shift = torch.zeros(len(CANDIDATE_CLASSES), requires_grad=True)
    optimizer = torch.optim.LBFGS([slope, shift], max_iter=100)
    wanted = torch.from_numpy(answer.astype(np.int64))

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(logits * slope + shift, wanted) + 1e-4 * (shift**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    network.slope.copy_(slope.detach())
    network.shift.copy_(shift.detach())


def joined(pools: Sequence[Pool]) -> Pool:
    """All examples of several pools, in their order."""
    names = ("detail", "context", "numbers", "answer")
    return Pool(*(np.concatenate([getattr(pool, name) for pool in pools]) for name in names))
