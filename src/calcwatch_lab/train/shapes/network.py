"""The network that looks at the patches of each calcification."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from calcwatch.image.describe.morphology import CONTEXT_FEATURES, OUTPUTS
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.measure.shape import CLOSE_PX
from calcwatch_lab.train.networks import FeatureNetwork, convolution

_HALVED = 8  # every branch halves the picture three times


def _branch(channels: int, width: int, *, fine: bool = False) -> nn.Sequential:
    """A square of 32 x 32 to ``width`` numbers; ``fine``: seen pixel by pixel before it is halved."""
    cells = (CLOSE_PX // _HALVED) ** 2
    first = (
        (convolution(channels, 16, 1, 5), convolution(16, 24, 2))
        # The close patch holds the finest detail, which an early stride would lose.
        if fine
        else (convolution(channels, 24, 2, 5),)
    )
    return nn.Sequential(
        *first,
        convolution(24, 32, 2),
        convolution(32, 48, 1),
        convolution(48, 48, 2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(48 * cells, width),
        nn.ReLU(),
    )


class ShapeNetwork(nn.Module):
    """Three convolutional branches (filled, to scale, surround) and the numbers of a calcification."""

    def __init__(self) -> None:
        """Make it with random weights."""
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
        """Compute logits.

        Args:
            close: The calcification filling its picture, n x 2 x 32 x 32.
            near: The same to scale, n x 1 x 32 x 32.
            around: Its surround, n x 2 x 32 x 32.
            numbers: Measurements of its outline, n x count.

        Returns:
            n x outputs.

        """
        seen = (self.close(close), self.near(near), self.around(around), numbers)
        return self.head(torch.cat(seen, dim=1))


def context_network() -> FeatureNetwork:
    """Return a context network with random weights: a calcification or group -> probabilities."""
    return FeatureNetwork(CONTEXT_FEATURES, OUTPUTS, widths=(96, 64), dropouts=(0.25, 0.0))
