"""Morphology of calcifications and groups: the patch network sees each, the context network their neighbors.

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
from calcwatch.image.settings.describe import MorphologySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.image.describe.shape_patches import ShapePatches

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
"""Number of outputs of both networks."""

_LAYOUT_FEATURES = 5  # what ``_layout`` gives

SET_FEATURES = 2 * OUTPUTS + 2 * len(SHAPE_NUMBERS) + OUTPUTS + _LAYOUT_FEATURES
"""How many features ``describe_set`` gives."""

CONTEXT_FEATURES = OUTPUTS + len(SHAPE_NUMBERS) + SET_FEATURES + 1
"""How many features the context network takes: own, those of the set, whether it stands for the set."""

_TINY = 1e-9  # keeps a sum of probabilities that are all 0 from being divided by


@dataclass(frozen=True)
class MorphologyNetworks:
    """The two networks that tell morphology.

    Attributes:
        patch_network: Patches of n calcifications -> logits, float32, n x ``OUTPUTS``, each by itself.
        context_network: What ``context_features`` gives for n calcifications and groups -> probabilities,
            float32, n x ``OUTPUTS``.
    """

    patch_network: Callable[[ShapePatches], NDArray[np.float32]]
    context_network: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def classify_morphology(
    logits: NDArray[np.float32],
    numbers: NDArray[np.float32],
    places_mm: NDArray[np.float64],
    groups: Sequence[Sequence[int]],
    *,
    context_network: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    settings: MorphologySettings = MorphologySettings(),
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Classify the morphology of calcifications and groups.

    Args:
        logits: What the patch network answers for n calcifications, n x ``OUTPUTS``.
        numbers: n x ``SHAPE_NUMBERS``, what it was given beside its patches.
        places_mm: Where they lie, n x 2 (row, column), in mm at the working scale.
        groups: For each group the indices of its members.
        context_network: The second network of the model.
        settings: Settings of the context.

    Returns:
        Probabilities of the calcifications, n x ``OUTPUTS``, and of the groups, a row each.
    """
    # calcifications and groups go through one network, told apart by its last feature
    probabilities = context_network(context_features(logits, numbers, places_mm, groups, settings=settings))
    return probabilities[: len(places_mm)], probabilities[len(places_mm) :]


def context_features(
    logits: NDArray[np.float32],
    numbers: NDArray[np.float32],
    places_mm: NDArray[np.float64],
    groups: Sequence[Sequence[int]],
    *,
    settings: MorphologySettings = MorphologySettings(),
) -> NDArray[np.float32]:
    """Compute what the context network takes: each calcification and group, and the set it stands in.

    Args:
        logits: n x ``OUTPUTS``, of the patch network.
        numbers: n x ``SHAPE_NUMBERS``.
        places_mm: Where the calcifications lie, n x 2 (row, column), in mm.
        groups: For each group the indices of its members.
        settings: Settings of the context.

    Returns:
        A row of ``CONTEXT_FEATURES`` for each calcification, then one for each group; no rows without
        calcifications.
    """
    count = len(places_mm)
    if not count:
        return np.zeros((0, CONTEXT_FEATURES), np.float32)
    # softmax does not see a constant added to all logits, the context network would
    logits = np.clip(logits - logits.mean(axis=1, keepdims=True), -settings.max_logit, settings.max_logit)
    probabilities = softmax(logits, axis=1)
    own = np.concatenate([logits, numbers], axis=1)
    sets = _sets(places_mm, groups, settings)
    # members of a group share a set: described once
    described = {
        members: describe_set(probabilities, numbers, places_mm, members, settings=settings)
        for members in set(sets)
    }
    rows = [
        np.concatenate([own[index], described[members], [0.0]]) for index, members in enumerate(sets[:count])
    ]
    rows += [
        # a group is described by the mean of its members where a calcification has itself
        np.concatenate([own[list(members)].mean(axis=0), described[members], [1.0]])
        for members in sets[count:]
    ]
    return np.array(rows, np.float32)


def _sets(
    places_mm: NDArray[np.float64], groups: Sequence[Sequence[int]], settings: MorphologySettings
) -> list[tuple[int, ...]]:
    """The set that each calcification, and then each group, is seen in: its group, else its neighborhood."""
    near = cKDTree(places_mm).query_ball_point(places_mm, settings.neighborhood_mm)
    # neighborhoods for all, then overwritten where a group knows better
    sets = [tuple(sorted(neighbors)) for neighbors in near]
    for members in groups:
        for member in members:
            sets[member] = tuple(sorted(members))
    return [*sets, *(tuple(sorted(members)) for members in groups)]


def describe_set(
    probabilities: NDArray[np.float32],
    numbers: NDArray[np.float32],
    places_mm: NDArray[np.float64],
    members: tuple[int, ...],
    *,
    settings: MorphologySettings = MorphologySettings(),
) -> NDArray[np.float32]:
    """Describe a set of calcifications: what its members look like, how many they are and how they lie.

    Args:
        probabilities: Of n calcifications, n x ``OUTPUTS``.
        numbers: n x ``SHAPE_NUMBERS``.
        places_mm: Where they lie, n x 2 (row, column), in mm.
        members: Indices of those in the set, at least one.
        settings: Settings of the context.

    Returns:
        ``SET_FEATURES`` numbers: mean, greatest and mean logarithm of the probabilities, mean and standard
        deviation of the numbers, and the layout.
    """
    chosen = np.array(members)
    likely, own = probabilities[chosen], numbers[chosen]
    return np.concatenate(
        [
            likely.mean(axis=0),
            likely.max(axis=0),
            # the mean logarithm is what independent views of one shape would add up to
            np.log(likely + settings.log_offset).mean(axis=0) / settings.log_scale,
            own.mean(axis=0),
            own.std(axis=0),
            _layout(places_mm[chosen], settings),
        ]
    ).astype(np.float32)


def _layout(places_mm: NDArray[np.float64], settings: MorphologySettings) -> NDArray[np.float64]:
    """Logarithms of number, extent along and across, and distance of neighbors; how much of a line it is."""
    if len(places_mm) < 2:
        return np.array(settings.lone_layout)
    variances = np.linalg.eigvalsh(np.cov(places_mm.T))  # across the principal axis first, then along it
    across, along = np.sqrt(variances.clip(settings.min_variance_mm2))
    nearest = cKDTree(places_mm).query(places_mm, k=2)[0][:, 1]  # the first is the point itself
    offset = settings.layout_offset_mm
    return np.array(
        [
            np.log(len(places_mm)),
            np.log(along + offset),
            np.log(across + offset),
            np.log(float(np.median(nearest)) + offset),
            1.0 - across / along,
        ]
    )


def describe_morphology(
    probabilities: NDArray[np.float32],
    *,
    diameter_px: float,
    is_lateral: bool,
    settings: MorphologySettings = MorphologySettings(),
) -> MorphologyDescription:
    """Turn probabilities into a description.

    Args:
        probabilities: ``OUTPUTS`` of one calcification or group.
        diameter_px: Of the calcification, or the median of the group's members, in pixels.
        is_lateral: Whether the view is a true lateral; milk of calcium is described only there.
        settings: When no morphology is named.

    Returns:
        The morphologies of probability above 0, the likeliest first, adding up to 1: that it may be no
        calcification is left out; and the reason where none is likely enough to be named.
    """
    # the last output is no calcification: whether it is real was the detector's to say
    likely = probabilities[: len(MORPHOLOGY_CLASSES)].astype(np.float64)
    if not is_lateral:
        # seen from above, sediment is a smudge as amorphous calcifications are: naming it would reassure
        likely[MORPHOLOGY_CLASSES.index(Morphology.MILK_OF_CALCIUM)] = 0.0
    likely /= max(float(likely.sum()), _TINY)
    order = np.argsort(-likely, kind="stable")
    return MorphologyDescription(
        tuple((MORPHOLOGY_CLASSES[place], float(likely[place])) for place in order if likely[place] > 0),
        _why_undetermined(float(likely.max()), diameter_px, settings),
    )


def _why_undetermined(highest: float, diameter_px: float, settings: MorphologySettings) -> str:
    """Why no morphology is named; empty where one is likely enough."""
    if highest >= settings.min_probability:
        return ""
    if diameter_px < settings.min_diameter_px:
        return f"cannot tell at this resolution: about {diameter_px:.1f} pixels across"
    return "cannot tell: several shapes are about as likely"
