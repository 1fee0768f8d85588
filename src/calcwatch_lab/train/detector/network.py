"""The network that looks at the patch of each candidate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.find.patches import PATCH_NUMBERS, PATCH_PX
from calcwatch_lab.train.networks import FeatureNetwork, convolution

CONTEXT_FEATURES = len(CANDIDATE_CLASSES) + len(PATCH_NUMBERS) + 12
"""How many features ``context_features`` gives for each candidate: its own, and three at four distances."""

_HALVED = 8  # both branches halve the picture three times


class CandidateNetwork(nn.Module):
    """Two small convolutional branches (pixels round the candidate; wider surround) and a few numbers."""

    def __init__(self) -> None:
        """Make it with random weights."""
        super().__init__()
        self.detail = nn.Sequential(
            convolution(1, 16, 1, 5),
            convolution(16, 24, 2),
            convolution(24, 32, 2),
            convolution(32, 48, 1),
            convolution(48, 64, 2),
        )
        self.context = nn.Sequential(
            convolution(2, 16, 2), convolution(16, 32, 2), convolution(32, 48, 1), convolution(48, 48, 2)
        )
        cells = (PATCH_PX // _HALVED) ** 2
        self.of_detail = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * cells, 64), nn.ReLU())
        self.of_context = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(48 * cells, 48), nn.ReLU())
        self.head = nn.Sequential(
            nn.Linear(64 + 48 + len(PATCH_NUMBERS), 64),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(64, len(CANDIDATE_CLASSES)),
        )

    def forward(self, detail: Tensor, context: Tensor, numbers: Tensor) -> Tensor:
        """Compute logits.

        Args:
            detail: Patches, n x 1 x 32 x 32.
            context: Wider surround, n x 2 x 32 x 32.
            numbers: Numbers of each candidate, n x 8.

        Returns:
            n x classes.

        """
        # Joined late: each branch sees its own scale, and the numbers say what pixels cannot.
        seen = (self.of_detail(self.detail(detail)), self.of_context(self.context(context)), numbers)
        return self.head(torch.cat(seen, dim=1))


def context_network() -> FeatureNetwork:
    """Return a context network with random weights: a candidate among its neighbors -> probabilities."""
    return FeatureNetwork(CONTEXT_FEATURES, len(CANDIDATE_CLASSES), widths=(48, 32), dropouts=(0.1, 0.0))
