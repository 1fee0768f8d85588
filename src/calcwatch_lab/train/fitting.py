"""The loop that fits a network; the same seed and examples give the same weights on the same machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from calcwatch_lab.train.examples import Inputs
    from calcwatch_lab.train.networks import FeatureNetwork
    from calcwatch_lab.train.settings import FitSettings

Network = TypeVar("Network", bound=nn.Module)

_LOOKED_AT = 256  # examples that a fitted network sees at once


def fit_network(
    network: Network,
    settings: FitSettings,
    *,
    epochs: int,
    steps: int,
    batches: Callable[[int], Iterable[NDArray[np.intp]]],
    loss_of: Callable[[NDArray[np.intp]], Tensor],
    on_epoch: Callable[[int, list[float]], None],
) -> Network:
    """Fit a network with AdamW, one cycle of the learning rate and a running average of the weights.

    Args:
        network: The network, its random weights drawn; its weights change.
        settings: How it is fitted.
        epochs: How often ``batches`` is asked.
        steps: Steps of the cycle, at least as many as there are batches in all.
        batches: Rows of the batches of an epoch, by its number.
        loss_of: Loss of the rows of a batch, one number or one a row.
        on_epoch: Called after each epoch with its number and the loss of each batch.

    Returns:
        The averaged network, or the network itself where nothing is averaged; ready to be used.

    """
    average = None
    if settings.averaging:
        keep = get_ema_multi_avg_fn(settings.averaging)
        # use_buffers: the statistics of batch normalization are averaged like the weights.
        average = AveragedModel(network, multi_avg_fn=keep, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=steps, pct_start=settings.warm_up_share
    )
    for epoch in range(epochs):
        losses = []
        network.train()
        for rows in batches(epoch):
            loss = loss_of(rows).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if average is not None:
                average.update_parameters(network)
            losses.append(float(loss.detach()))
        on_epoch(epoch, losses)
    # The average and not the last weights, which still move with each batch.
    fitted = network if average is None else average.module
    assert isinstance(fitted, type(network))
    return fitted.eval()


def begin_fit(seed: int) -> np.random.Generator:
    """Make everything that is drawn from here on follow a seed.

    Args:
        seed: Seed of the weights, the batches and what varies them.

    Returns:
        What draws the batches.

    """
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # tiny numbers cost a hundred times the time of others
    return np.random.default_rng(seed)


def logits_of(network: nn.Module, inputs: Inputs, outputs: int) -> NDArray[np.float32]:
    """Look at examples with a fitted patch network.

    Args:
        network: The network.
        inputs: What it sees of each example.
        outputs: Number of its outputs.

    Returns:
        Logits, n x outputs.

    """
    parts = [np.zeros((0, outputs), np.float32)]
    with torch.no_grad():
        for start in range(0, len(inputs[0]), _LOOKED_AT):
            batch = [tensor_of(own[start : start + _LOOKED_AT]) for own in inputs]
            parts.append(network(*batch).numpy())
    return np.concatenate(parts)


def probabilities_of(network: FeatureNetwork, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Classify features with a fitted network.

    Args:
        network: The network.
        features: n x features.

    Returns:
        Probabilities, n x classes.

    """
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(features)).numpy(), np.float32)


def tensor_of(rows: NDArray[np.generic]) -> Tensor:
    """Turn rows into what a network sees.

    Args:
        rows: Pictures (n x channels x height x width) or numbers (n x count).

    Returns:
        The same in float32, pictures with their channels last, which is faster.

    """
    tensor = torch.from_numpy(rows.astype(np.float32))
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def turned(picture: Tensor, turns: int, *, mirrored: bool) -> Tensor:
    """Mirror and turn pictures.

    Args:
        picture: n x channels x side x side.
        turns: Quarter turns.
        mirrored: Whether they are mirrored first.

    Returns:
        The pictures, their channels last.

    """
    first = picture.flip(3) if mirrored else picture
    # Eight ways to lie, none of which changes what a candidate is.
    return torch.rot90(first, turns, (2, 3)).contiguous(memory_format=torch.channels_last)


def with_other_noise(rng: np.random.Generator, picture: Tensor, spread: float) -> Tensor:
    """Pretend another noise: patches are in units of it, through an inverse hyperbolic sine.

    Args:
        rng: Draws how much.
        picture: n x channels x side x side.
        spread: Standard deviation of the logarithm of the factor.

    Returns:
        The pictures.

    """
    scale = np.exp(rng.normal(0, spread, (len(picture), 1, 1, 1))).astype(np.float32)
    # Undone, scaled and done again: on the compressed values a factor would mean something else.
    return torch.asinh(torch.sinh(picture) * torch.from_numpy(scale))


def with_doubt(rng: np.random.Generator, numbers: Tensor, spread: float) -> Tensor:
    """Add a little doubt to the numbers of examples.

    Args:
        rng: Draws it.
        numbers: n x count.
        spread: Its standard deviation.

    Returns:
        The numbers.

    """
    doubt = rng.normal(0, spread, tuple(numbers.shape)).astype(np.float32)
    return numbers + torch.from_numpy(doubt)


def in_batches(rows: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """Part rows into batches of about one size.

    Args:
        rows: Rows in the order in which they are seen.
        size: Most rows of a batch.

    Returns:
        The rows of each batch, sorted.

    """
    # Sorted rows are read from memory in order; the order within a batch means nothing to its mean loss.
    return [np.sort(batch) for batch in np.array_split(rows, batch_count(len(rows), size))]


def batch_count(rows: int, size: int) -> int:
    """Count batches.

    Args:
        rows: Number of rows.
        size: Most rows of a batch.

    Returns:
        Number of batches.

    """
    # Rounded up: the last batch is a smaller batch, not dropped.
    return -(-rows // size)
