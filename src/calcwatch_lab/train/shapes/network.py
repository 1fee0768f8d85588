"""The two networks for shapes: one looks at each calcification, the other weighs it beside its neighbors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from calcwatch.image.describe.morphology import OUTPUTS, WEIGHED_FEATURES
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.measure.shape import CLOSE_PX
from calcwatch_lab.train.detector.network import block


def _branch(channels: int, width: int, *, fine: bool = False) -> nn.Sequential:
    """A square of 32 x 32 to ``width`` numbers; ``fine``: seen cell by cell before it is halved."""
    cells = (CLOSE_PX // 8) ** 2
    first = (block(channels, 16, 1, 5), block(16, 24, 2)) if fine else (block(channels, 24, 2, 5),)
    return nn.Sequential(
        *first,
        block(24, 32, 2),
        block(32, 48, 1),
        block(48, 48, 2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(48 * cells, width),
        nn.ReLU(),
    )


class ShapeLook(nn.Module):
    """Three convolutional branches (filled, to scale, surround) and the numbers -> logits n x outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.close, self.near = _branch(2, 64, fine=True), _branch(1, 48)
        self.around = _branch(2, 48)
        self.head = nn.Sequential(
            nn.Linear(64 + 48 + 48 + len(SHAPE_NUMBERS), 96),
            nn.ReLU(),
            nn.Dropout(0.15),
            nn.Linear(96, OUTPUTS),
        )

    def forward(self, close: Tensor, near: Tensor, around: Tensor, numbers: Tensor) -> Tensor:
        """Return logits."""
        seen = (self.close(close), self.near(near), self.around(around), numbers)
        return self.head(torch.cat(seen, dim=1))


class ShapeWeigh(nn.Module):
    """A small perceptron: features of a calcification or group beside its neighbors -> probabilities.

    ``mean`` and ``scale`` of the features are learned from the training data, ``slope`` from the calibration.
    """

    mean: Tensor
    scale: Tensor
    slope: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(WEIGHED_FEATURES))
        self.register_buffer("scale", torch.ones(WEIGHED_FEATURES))
        self.register_buffer("slope", torch.ones(1))
        self.layers = nn.Sequential(
            nn.Linear(WEIGHED_FEATURES, 96), nn.ReLU(), nn.Dropout(0.25), nn.Linear(96, 64), nn.ReLU()
        )
        self.out = nn.Linear(64, OUTPUTS)

    def logits(self, features: Tensor) -> Tensor:
        """Return logits before calibration."""
        return self.out(self.layers((features - self.mean) / self.scale))

    def forward(self, features: Tensor) -> Tensor:
        """Return probabilities, n x outputs."""
        return torch.softmax(self.logits(features) * self.slope, dim=1)
