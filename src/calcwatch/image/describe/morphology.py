"""Shapes of calcifications and groups by a learned model: a look at each, then one beside its neighbors.

The model was trained on phantoms, so a probability is one among shapes as phantoms have them; where none is
likely, "cannot tell" is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import softmax

from calcwatch.domain.findings import MorphologyDescription
from calcwatch.domain.lexicon import Morphology
from calcwatch.image.describe.shape_patches import SHAPE_NUMBERS
from calcwatch.image.settings import MorphologySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.image.describe.shape_patches import SeenShapes, ShapePatches

MORPHOLOGY_CLASSES = (
    Morphology.SKIN,
    Morphology.VASCULAR,
    Morphology.POPCORN,
    Morphology.ROD,
    Morphology.ROUND,
    Morphology.PUNCTATE,
    Morphology.RIM,
    Morphology.DYSTROPHIC,
    Morphology.MILK_OF_CALCIUM,
    Morphology.SUTURE,
    Morphology.AMORPHOUS,
    Morphology.COARSE_HETEROGENEOUS,
    Morphology.FINE_PLEOMORPHIC,
    Morphology.FINE_LINEAR,
    Morphology.FINE_LINEAR_BRANCHING,
)
"""Shapes that the model tells, in the order of its outputs; a further output says: no calcification.

A shape of the lexicon that is not here is one that no model has learned yet.
"""

OUTPUTS = len(MORPHOLOGY_CLASSES) + 1
"""Number of the model's outputs."""

SET_FEATURES = 2 * OUTPUTS + 2 * len(SHAPE_NUMBERS) + OUTPUTS + 5
"""How many features ``describe_set`` gives."""

WEIGHED_FEATURES = OUTPUTS + len(SHAPE_NUMBERS) + SET_FEATURES + 1
"""How many features the second network takes: own, those of the set, whether it stands for the set."""


@dataclass(frozen=True)
class MorphologyNetworks:
    """``patch_network``: patches -> logits, n x outputs; ``context_network``: features -> probabilities."""

    patch_network: Callable[[ShapePatches], NDArray[np.float32]]
    context_network: Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class MorphologyProbabilities:
    """Probabilities of each output: ``each`` has a row a calcification, ``groups`` one a group."""

    each: NDArray[np.float32]
    groups: NDArray[np.float32]


def classify_morphology(
    seen: SeenShapes,
    places_mm: NDArray[np.float64],
    groups: Sequence[Sequence[int]],
    model: MorphologyNetworks,
    *,
    settings: MorphologySettings = MorphologySettings(),
) -> MorphologyProbabilities:
    """Say what shape each calcification and each group has.

    ``places_mm``: n x 2, at the working scale. ``groups``: indices of the members of each.
    """
    features = weighed_features(
        model.patch_network(seen.patches), seen.patches.numbers, places_mm, groups, settings=settings
    )
    told = model.context_network(features)
    return MorphologyProbabilities(told[: len(places_mm)], told[len(places_mm) :])


def weighed_features(
    logits: NDArray[np.float32],
    numbers: NDArray[np.float32],
    places_mm: NDArray[np.float64],
    groups: Sequence[Sequence[int]],
    *,
    settings: MorphologySettings = MorphologySettings(),
) -> NDArray[np.float32]:
    """Features for the second network: a row for each calcification, then one for each group."""
    count = len(places_mm)
    if not count:
        return np.zeros((0, WEIGHED_FEATURES), np.float32)
    logits = np.clip(logits - logits.mean(axis=1, keepdims=True), -settings.max_logit, settings.max_logit)
    likely = softmax(logits, axis=1)
    own = np.concatenate([logits, numbers], axis=1)
    sets = _sets(places_mm, groups, settings)
    described = {members: describe_set(likely, numbers, places_mm, members) for members in set(sets)}
    rows = [np.concatenate([own[one], described[members], [0.0]]) for one, members in enumerate(sets[:count])]
    rows += [
        np.concatenate([own[list(members)].mean(axis=0), described[members], [1.0]])
        for members in sets[count:]
    ]
    return np.array(rows, np.float32)


def _sets(
    places_mm: NDArray[np.float64], groups: Sequence[Sequence[int]], settings: MorphologySettings
) -> list[tuple[int, ...]]:
    """The set that each calcification, and then each group, is weighed in."""
    near = cKDTree(places_mm).query_ball_point(places_mm, settings.neighborhood_mm)
    sets = [tuple(sorted(found)) for found in near]
    for members in groups:
        for one in members:
            sets[one] = tuple(sorted(members))
    return [*sets, *(tuple(sorted(members)) for members in groups)]


def describe_set(
    likely: NDArray[np.float32],
    numbers: NDArray[np.float32],
    places_mm: NDArray[np.float64],
    members: tuple[int, ...],
) -> NDArray[np.float32]:
    """Mean, spread and extremes of what its members look like, how many they are and how they lie."""
    rows = np.array(members)
    mine, own = likely[rows], numbers[rows]
    return np.concatenate(
        [
            mine.mean(axis=0),
            mine.max(axis=0),
            np.log(mine + 1e-3).mean(axis=0) / 4,
            own.mean(axis=0),
            own.std(axis=0),
            _layout(places_mm[rows]),
        ]
    ).astype(np.float32)


def _layout(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of number, extent along and across, and distance of neighbors; how much of a line it is."""
    if len(places) < 2:
        return np.array([0.0, -1.0, -1.0, 2.0, 0.0])
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(places.T)).clip(1e-6))
    nearest = cKDTree(places).query(places, k=2)[0][:, 1]
    return np.array(
        [
            np.log(len(places)),
            np.log(spread[1] + 0.1),
            np.log(spread[0] + 0.1),
            np.log(float(np.median(nearest)) + 0.1),
            1.0 - spread[0] / spread[1],
        ]
    )


def describe_morphology(
    told: NDArray[np.float32],
    *,
    diameter_px: float,
    is_lateral: bool,
    settings: MorphologySettings = MorphologySettings(),
) -> MorphologyDescription:
    """Probabilities of one row as a description; milk of calcium only where a true lateral shows it.

    ``diameter_px``: of the calcification, or the median of a group.
    """
    chance = told[: len(MORPHOLOGY_CLASSES)].astype(np.float64)
    if not is_lateral:
        chance[MORPHOLOGY_CLASSES.index(Morphology.MILK_OF_CALCIUM)] = 0.0
    chance /= max(float(chance.sum()), 1e-9)
    order = np.argsort(-chance, kind="stable")
    return MorphologyDescription(
        tuple((MORPHOLOGY_CLASSES[place], float(chance[place])) for place in order if chance[place] > 0),
        _why_not(float(chance.max()), diameter_px, settings),
    )


def _why_not(likeliest: float, diameter_px: float, settings: MorphologySettings) -> str:
    if likeliest >= settings.min_probability:
        return ""
    if diameter_px < settings.min_diameter_px:
        return f"cannot tell at this resolution: about {diameter_px:.1f} pixels across"
    return "cannot tell: several shapes are about as likely"
