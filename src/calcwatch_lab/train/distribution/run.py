"""The training of the distribution on one page: point sets -> groups -> features -> a perceptron -> ONNX.

No picture is made: a distribution is told from points, and the phantoms' geometry gives them. Classes count
alike, so that a probability is that among five equally frequent distributions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from calcwatch import __version__
from calcwatch.image.describe.distribution import (
    DISTRIBUTION_CLASSES,
    FEATURES,
    BreastGeometry,
    measure_distribution,
)
from calcwatch.image.describe.group import Grouped, group
from calcwatch.image.settings import AnalysisSettings
from calcwatch.models.cards import DISTRIBUTION, card_entries
from calcwatch_lab.train.detector.export import export_network, write_card
from calcwatch_lab.train.distribution.sets import LOOSE, PointSet, as_detected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_STEPS, _BATCH = 6000, 512
_PLAIN = AnalysisSettings()
_LEAST_SHARE = 0.5  # of the members, that one planned group must own to name the distribution
_HELD_OUT = 0.1  # of the sets, for the temperature


@dataclass(frozen=True, eq=False)
class Examples:
    """Features of groups (n x ``FEATURES``), each one's place in ``DISTRIBUTION_CLASSES``, its weight.

    ``set_number``: which point set each is from; all fragments of one group weigh as much as one group.
    """

    features: NDArray[np.float32]
    answer: NDArray[np.int64]
    weight: NDArray[np.float32]
    set_number: NDArray[np.intp]


class TellNetwork(nn.Module):
    """A small perceptron, features -> probabilities; mean, scale and temperature are part of it."""

    mean: Tensor
    scale: Tensor
    temperature: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.register_buffer("temperature", torch.ones(1))
        self.layers = nn.Sequential(
            nn.Linear(FEATURES, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, 48), nn.ReLU(), nn.Dropout(0.1)
        )
        self.out = nn.Linear(48, len(DISTRIBUTION_CLASSES))

    def logits(self, features: Tensor) -> Tensor:
        """Return logits before calibration; what lies far outside of the training is pulled to its border."""
        return self.out(self.layers(torch.clamp((features - self.mean) / self.scale, -5.0, 5.0)))

    def forward(self, features: Tensor) -> Tensor:
        """Return probabilities, n x distributions."""
        return torch.softmax(self.logits(features) / self.temperature, dim=1)


def train_distribution(
    sets: Sequence[PointSet], out: Path, *, repeats: int, seed: int, report: Callable[[str], None]
) -> TellNetwork:
    """Fit the function to point sets, each detected ``repeats`` times anew, and write it into a folder.

    The same sets and seed give the same function on the same machine.
    """
    parts = [
        examples_of(as_detected(np.random.default_rng([seed, number, repeat]), one), number)
        for number, one in enumerate(sets)
        for repeat in range(repeats)
    ]
    examples = _balanced(joined_examples(parts))
    held = examples.set_number >= round((1 - _HELD_OUT) * len(sets))
    network = _fit(_part(examples, ~held), seed)
    _calibrate(network, _part(examples, held))
    report(
        f"{len(examples.answer)} groups; {_right(network, _part(examples, held)):.3f} of those held out right"
    )
    out.mkdir(parents=True, exist_ok=True)
    export_network(network, (torch.zeros(2, FEATURES),), out / "distribution.onnx", ("features",))
    write_card(
        {
            "calcwatch": __version__,
            "name": "distributions of phantom point sets",
            "seed": seed,
            "sets": len(sets),
        }
        | card_entries(DISTRIBUTION),
        out / DISTRIBUTION.card,
    )
    return network


def examples_of(found: PointSet, set_number: int = 0) -> Examples:
    """Group the points as an analysis does, and describe each group that is mostly of one planned group."""
    scores = np.ones(len(found.points))
    groups = group(
        found.points,
        scores,
        None,
        distance_px=_PLAIN.grouping_distance_mm,
        min_count=_PLAIN.min_group_count,
        breast_area_px=found.breast_area,
    )
    owners = np.array([_owner(found, one) for one in groups], np.intp)
    ground = BreastGeometry(
        1.0, 1.0, found.breast_area, None if found.nipple is None else _pair(found.nipple)
    )
    known = [(one, owner) for one, owner in zip(groups, owners, strict=True) if owner != LOOSE]
    rows = [
        measure_distribution(found.points, scores, members=np.array(one.members), ground=ground)[0]
        for one, _ in known
    ]
    return Examples(
        np.array(rows, np.float32).reshape(-1, FEATURES),
        np.array([DISTRIBUTION_CLASSES.index(found.distributions[owner]) for _, owner in known], np.int64),
        np.array([1.0 / np.count_nonzero(owners == owner) for _, owner in known], np.float32),
        np.full(len(known), set_number, np.intp),
    )


def joined_examples(parts: Sequence[Examples]) -> Examples:
    """All examples in their order. Raises ``ValueError`` where there are none."""
    if not parts:
        raise ValueError("no point sets, no examples; draw some")
    names = ("features", "answer", "weight", "set_number")
    return Examples(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def tell_with(network: TellNetwork, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of the fitted network, n x distributions."""
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(features)).numpy(), np.float32)


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _owner(found: PointSet, one: Grouped) -> int:
    """The planned group that most members are of, ``LOOSE`` where none has enough."""
    owners = found.owner[np.array(one.members)]
    numbers, counts = np.unique(owners, return_counts=True)
    best = int(np.argmax(counts))
    return int(numbers[best]) if counts[best] >= _LEAST_SHARE * owners.size else LOOSE


def _balanced(examples: Examples) -> Examples:
    """The same examples with weights that add up to as much for each distribution."""
    total = np.bincount(examples.answer, examples.weight, len(DISTRIBUTION_CLASSES))
    weight = examples.weight / np.maximum(total, 1e-6)[examples.answer]
    weight *= len(weight) / weight.sum()
    return Examples(examples.features, examples.answer, weight.astype(np.float32), examples.set_number)


def _part(examples: Examples, rows: NDArray[np.bool_]) -> Examples:
    return Examples(
        examples.features[rows], examples.answer[rows], examples.weight[rows], examples.set_number[rows]
    )


def _fit(examples: Examples, seed: int) -> TellNetwork:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = TellNetwork()
    network.mean.copy_(torch.from_numpy(examples.features.mean(axis=0)))
    network.scale.copy_(torch.from_numpy(examples.features.std(axis=0) + 1e-2))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=_STEPS)
    chance = examples.weight / examples.weight.sum()
    drawn = rng.choice(len(chance), (_STEPS, _BATCH), p=chance)
    for rows in drawn:
        logits = network.logits(torch.from_numpy(examples.features[rows]))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(examples.answer[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def _calibrate(network: TellNetwork, examples: Examples) -> None:
    """Set the temperature so that probabilities are frequencies on examples that were not learned from."""
    with torch.no_grad():
        logits = network.logits(torch.from_numpy(examples.features))
    weight, answer = torch.from_numpy(examples.weight), torch.from_numpy(examples.answer)
    temperature = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([temperature], max_iter=50)

    def closure() -> Tensor:
        optimizer.zero_grad()
        each = nn.functional.cross_entropy(logits / temperature.clamp(min=0.2), answer, reduction="none")
        loss = (each * weight).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    network.temperature.copy_(temperature.detach().clamp(min=0.2))


def _right(network: TellNetwork, examples: Examples) -> float:
    hit = tell_with(network, examples.features).argmax(axis=1) == examples.answer
    return float(np.average(hit, weights=examples.weight))
