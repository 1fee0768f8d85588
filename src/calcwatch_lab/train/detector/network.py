"""The two networks: one looks at each candidate by itself, the other weighs it in the light of the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from calcwatch.image.find.classify import CANDIDATE_CLASSES
from calcwatch.image.find.patches import PATCH_NUMBERS, PATCH_PX

SURROUND_FEATURES = len(CANDIDATE_CLASSES) + len(PATCH_NUMBERS) + 12
"""How many features ``context_features`` gives for each candidate."""


def block(into: int, out: int, stride: int, size: int = 3) -> nn.Sequential:
    """A convolution, normalized and rectified; ``stride`` 2 halves the picture."""
    return nn.Sequential(
        nn.Conv2d(into, out, size, stride, size // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU()
    )


class CandidateClass(nn.Module):
    """Two small convolutional branches (pixels round the candidate; wider surround) and a few numbers.

    ``detail``: n x 1 x 32 x 32, ``context``: n x 2 x 32 x 32, ``numbers``: n x 8 -> logits n x looks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.detail = nn.Sequential(
            block(1, 16, 1, 5), block(16, 24, 2), block(24, 32, 2), block(32, 48, 1), block(48, 64, 2)
        )
        self.context = nn.Sequential(block(2, 16, 2), block(16, 32, 2), block(32, 48, 1), block(48, 48, 2))
        cells = (PATCH_PX // 8) ** 2  # both branches halve the picture three times
        self.of_detail = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * cells, 64), nn.ReLU())
        self.of_context = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(48 * cells, 48), nn.ReLU())
        self.head = nn.Sequential(
            nn.Linear(64 + 48 + len(PATCH_NUMBERS), 64),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(64, len(CANDIDATE_CLASSES)),
        )

    def forward(self, detail: Tensor, context: Tensor, numbers: Tensor) -> Tensor:
        """Return logits."""
        seen = (self.of_detail(self.detail(detail)), self.of_context(self.context(context)), numbers)
        return self.head(torch.cat(seen, dim=1))


class Weigh(nn.Module):
    """A small perceptron from a candidate's own logits and its neighbors' to calibrated probabilities.

    ``mean`` and ``scale`` of the features are learned from the training data and are part of the network;
    ``slope`` and ``shift`` of the logits come from the calibration.
    """

    mean: Tensor
    scale: Tensor
    slope: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, start in (("mean", 0.0), ("scale", 1.0)):
            self.register_buffer(name, torch.full((SURROUND_FEATURES,), start))
        self.register_buffer("slope", torch.ones(1))
        self.register_buffer("shift", torch.zeros(len(CANDIDATE_CLASSES)))
        self.layers = nn.Sequential(
            nn.Linear(SURROUND_FEATURES, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, 32), nn.ReLU()
        )
        self.out = nn.Linear(32, len(CANDIDATE_CLASSES))

    def logits(self, features: Tensor) -> Tensor:
        """Return logits before calibration."""
        return self.out(self.layers((features - self.mean) / self.scale))

    def forward(self, features: Tensor) -> Tensor:
        """Return probabilities, n x looks."""
        return torch.softmax(self.logits(features) * self.slope + self.shift, dim=1)
