"""What a group is, before any word of the lexicon, and how likely a reader would call it suspicious.

Two linear models: the first tells the kind of each piece by itself, the second sees beside it what the first
thinks of the other pieces of the image, because an artery is told by the artery it belongs to. A third tells
how suspicious specks look; a plain artery is not suspicious, whatever its specks look like. All are fitted to
groups of real images that readers labeled; ``models/kinds.json`` holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, softmax

from calcwatch.domain.lexicon import WORDS_OF_KIND, GroupKind
from calcwatch.image.describe.morphology import MORPHOLOGY_CLASSES
from calcwatch.image.settings.describe import KindSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KIND_CLASSES = (
    GroupKind.VASCULAR,
    GroupKind.TYPICALLY_BENIGN,
    GroupKind.SCATTERED_ROUND,
    GroupKind.SMALL_SUSPICIOUS,
    GroupKind.NOT_A_CALCIFICATION,
)
"""The kinds in the order of the models' outputs."""

SPECK_KINDS = (GroupKind.SCATTERED_ROUND, GroupKind.SMALL_SUSPICIOUS)
"""The kinds whose specks a reader looks at to say how suspicious they are."""

CONTEXT_FEATURES = 3 * len(KIND_CLASSES) + 2
"""How many numbers ``kind_context`` gives for a piece."""

_LEAST_SUSPICION = 1e-6  # far below what a few hundred labeled groups can tell


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Standardized inputs times weights.

    Attributes:
        mean: Of each input.
        scale: Each input is divided by it; above 0.
        weights: Outputs x inputs.
        bias: Of each output.
        limit: Standardized inputs are cut to this on both sides: what no reader's group was like must not
            decide by itself.

    Raises:
        ValueError: The numbers do not fit together, or one is not finite or a scale not above 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    limit: float

    def __post_init__(self) -> None:
        outputs, inputs = self.weights.shape
        if not self.mean.shape == self.scale.shape == (inputs,) or self.bias.shape != (outputs,):
            raise ValueError("means, scales, weights and biases are not of the same inputs and outputs")
        if not ((self.scale > 0).all() and self.limit > 0):
            raise ValueError("a scale or the limit is not above 0")
        if not all(np.isfinite(part).all() for part in (self.mean, self.scale, self.weights, self.bias)):
            raise ValueError("a weight is not finite")

    def logits(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the outputs.

        Args:
            inputs: Rows x inputs.

        Returns:
            Rows x outputs.
        """
        standardized = np.clip((inputs - self.mean) / self.scale, -self.limit, self.limit)
        return np.asarray(standardized @ self.weights.T + self.bias)


@dataclass(frozen=True, eq=False)
class KindModel:
    """Everything that tells kinds and suspicion.

    Attributes:
        alone: Features of a piece -> logits of its kind.
        beside: Features of a piece and its context -> logits of its kind.
        alarm: Features of a piece and the logarithms of its kinds -> logit that a reader calls it suspicious
            if it is of ``SPECK_KINDS``.
        elsewhere: Share of pieces of the other kinds that readers call suspicious, above 0.
        slope: The logit of suspicion is that of the mixture times this plus ``intercept``, a calibration;
            above 0.
        intercept: See ``slope``.

    Raises:
        ValueError: The models do not fit each other, or the calibration is none.
    """

    alone: LinearModel
    beside: LinearModel
    alarm: LinearModel
    elsewhere: float
    slope: float
    intercept: float

    def __post_init__(self) -> None:
        kinds, features = self.alone.weights.shape
        shapes = (self.alone.weights.shape, self.beside.weights.shape, self.alarm.weights.shape)
        fitting = (
            (len(KIND_CLASSES), features),
            (len(KIND_CLASSES), features + CONTEXT_FEATURES),
            (1, features + kinds),
        )
        if shapes != fitting:
            raise ValueError(f"the models have {shapes} weights, which do not fit each other: {fitting}")
        if not 0 < self.elsewhere < 1:
            raise ValueError(f"elsewhere {self.elsewhere} is no share above 0 and below 1")
        # a slope below 0 would call the most suspicious groups the least
        if not (np.isfinite([self.slope, self.intercept]).all() and self.slope > 0):
            raise ValueError(f"slope {self.slope} and intercept {self.intercept} are no calibration")


def classify_kinds(
    features: NDArray[np.float64],
    places_mm: Sequence[NDArray[np.float64]],
    model: KindModel,
    *,
    settings: KindSettings = KindSettings(),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tell the kind of each piece of an image and how likely a reader would call it suspicious.

    Args:
        features: n x features, of n pieces.
        places_mm: Places of the members of each piece, (row, column) in mm.
        model: The fitted models.
        settings: How far a neighbor speaks.

    Returns:
        Probabilities of the kinds, n x ``KIND_CLASSES``, and suspicion, n; no pieces give empty arrays.
    """
    if not len(features):
        return np.zeros((0, len(KIND_CLASSES))), np.zeros(0)
    alone = softmax(model.alone.logits(features), axis=1)
    context = kind_context(alone, places_mm, settings=settings)
    kinds = softmax(model.beside.logits(np.concatenate([features, context], axis=1)), axis=1)
    inputs = np.concatenate([features, log_kinds(kinds, settings=settings)], axis=1)
    mixed = mix_suspicion(model.alarm.logits(inputs)[:, 0], kinds, model.elsewhere)
    return kinds, np.asarray(expit(model.slope * logit(mixed) + model.intercept))


def mix_suspicion(
    alarm: NDArray[np.float64], kinds: NDArray[np.float64], elsewhere: float
) -> NDArray[np.float64]:
    """Weigh how suspicious specks look by how likely a piece is specks at all.

    Args:
        alarm: Logits that a reader calls each of n pieces suspicious if it is specks.
        kinds: Probabilities of the kinds, n x ``KIND_CLASSES``.
        elsewhere: Share of pieces of other kinds that are called suspicious.

    Returns:
        Suspicion of each piece before calibration, above 0 and below 1.
    """
    specks = kinds[:, [KIND_CLASSES.index(kind) for kind in SPECK_KINDS]].sum(axis=1)
    mixed = specks * expit(alarm) + (1 - specks) * elsewhere
    # a logit has no end at 0 and 1
    return np.asarray(np.clip(mixed, _LEAST_SUSPICION, 1 - _LEAST_SUSPICION))


def log_kinds(kinds: NDArray[np.float64], *, settings: KindSettings = KindSettings()) -> NDArray[np.float64]:
    """Take logarithms of probabilities, which have no end at 0.

    Args:
        kinds: Probabilities.
        settings: What is added to each.

    Returns:
        Their logarithms.
    """
    return np.asarray(np.log(kinds + settings.log_offset))


def kind_context(
    kinds: NDArray[np.float64],
    places_mm: Sequence[NDArray[np.float64]],
    *,
    settings: KindSettings = KindSettings(),
) -> NDArray[np.float64]:
    """Describe what the other pieces of the image are thought to be.

    Args:
        kinds: Probabilities of the kinds of n pieces, each by itself.
        places_mm: Places of the members of each piece, in mm.
        settings: How far a neighbor speaks.

    Returns:
        n x ``CONTEXT_FEATURES``: mean kinds of all others, of the near ones, how much there is of either, and
        the logarithms of its own.
    """
    count = len(kinds)
    weight = np.sqrt([len(places) for places in places_mm])
    near = weight * np.exp(-_distances(places_mm) / settings.neighbor_mm)
    np.fill_diagonal(near, 0.0)
    others = np.tile(weight, (count, 1))
    np.fill_diagonal(others, 0.0)
    total, close = others.sum(axis=1), near.sum(axis=1)
    return np.concatenate(
        [
            others @ kinds / np.maximum(total, 1e-9)[:, None],
            near @ kinds / (close + settings.neighbor_prior)[:, None],
            np.log1p(total)[:, None],
            np.log1p(close)[:, None],
            log_kinds(kinds, settings=settings),
        ],
        axis=1,
    )


def _distances(places_mm: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Least distance between the members of every two pieces."""
    count = len(places_mm)
    between = np.zeros((count, count))
    for first in range(count):
        for second in range(first):
            gaps = np.linalg.norm(places_mm[first][:, None] - places_mm[second][None], axis=2)
            between[first, second] = between[second, first] = gaps.min()
    return between


def words_of_kind(outputs: NDArray[np.float32], kind: GroupKind) -> NDArray[np.float32]:
    """Keep what the morphology network says of the words that may follow a kind.

    Args:
        outputs: Its probabilities of a group: morphologies, then "no calcification".
        kind: What the group is.

    Returns:
        The same with 0 for every other word; all 0 where no word may follow.
    """
    allowed = [word in WORDS_OF_KIND[kind] for word in MORPHOLOGY_CLASSES]
    return np.asarray(outputs * np.array([*allowed, False]), np.float32)
