"""Pieces of the networks, and the one that most of them end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_LEAST_SCALE = 1e-2  # of a feature that hardly varies


def convolution(channels: int, outputs: int, stride: int, size: int = 3) -> nn.Sequential:
    """Make a convolution, normalized and rectified.

    Args:
        channels: Channels it sees.
        outputs: Channels it gives.
        stride: 2 halves the picture.
        size: Side of its kernel in pixels.

    Returns:
        The layers.

    """
    return nn.Sequential(
        # No bias: the normalization behind it would take it away again.
        nn.Conv2d(channels, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class FeatureNetwork(nn.Module):
    """A small perceptron from features to calibrated probabilities.

    Attributes:
        mean: Mean of each feature over the training data, part of the network.
        scale: Standard deviation of each.
        slope: Factor of the logits, from the calibration.
        shift: What is added to them, from the calibration.

    """

    mean: Tensor
    scale: Tensor
    slope: Tensor
    shift: Tensor

    def __init__(
        self,
        features: int,
        outputs: int,
        *,
        widths: Sequence[int],
        dropouts: Sequence[float],
        most_deviations: float | None = None,
    ) -> None:
        """Make it with random weights.

        Args:
            features: Number of features.
            outputs: Number of classes.
            widths: Width of each hidden layer.
            dropouts: Dropout after each; 0: none.
            most_deviations: A feature farther from the mean is pulled to there; ``None``: none is.

        """
        super().__init__()
        # Buffers and not parameters: they are written with the network and never fitted by descent.
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.register_buffer("slope", torch.ones(1))
        self.register_buffer("shift", torch.zeros(outputs))
        layers: list[nn.Module] = []
        for before, width, dropout in zip([features, *widths], widths, dropouts, strict=False):
            layers += [nn.Linear(before, width), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(*layers)
        self.out = nn.Linear(widths[-1], outputs)
        self.most_deviations = most_deviations

    def standardize(self, features: NDArray[np.float32], least_scale: float = _LEAST_SCALE) -> None:
        """Set mean and scale from training data.

        Args:
            features: n x features.
            least_scale: Added to each standard deviation.

        """
        self.mean.copy_(torch.from_numpy(features.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(features.std(axis=0) + least_scale))

    def logits(self, features: Tensor) -> Tensor:
        """Compute logits before calibration.

        Args:
            features: n x features.

        Returns:
            n x classes.

        """
        standard = (features - self.mean) / self.scale
        if self.most_deviations is not None:
            # What no example came near is treated as the farthest that did, instead of extrapolated.
            standard = torch.clamp(standard, -self.most_deviations, self.most_deviations)
        return self.out(self.layers(standard))

    def forward(self, features: Tensor) -> Tensor:
        """Compute probabilities.

        Args:
            features: n x features.

        Returns:
            n x classes; each row adds to 1.

        """
        return torch.softmax(self.logits(features) * self.slope + self.shift, dim=1)
