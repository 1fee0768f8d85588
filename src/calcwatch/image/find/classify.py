"""Candidates -> what each is, by a learned model: a look at each, then one in the light of the others.

The model is a pair of functions handed in; what they are made of is none of the core's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.find.candidates import find_candidates
from calcwatch.image.find.detections import Detections
from calcwatch.image.find.patches import Patches, cut_patches
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.candidates import Candidates
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage


class CandidateClass(StrEnum):
    """What a candidate is, in the order of the model's outputs; look-alikes bear their ``NonLesionKind``."""

    TISSUE = "tissue"
    CALCIFICATION = "calcification"
    VASCULAR = "vascular"
    CLIP = "surgical_clip"
    MARKER = "marker"
    WIRE = "wire_or_suture"
    DUST = "dust_or_scratch"


CANDIDATE_CLASSES = tuple(CandidateClass)
"""All looks in the order of the model's outputs."""

_CALCIFICATIONS = [
    CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION),
    CANDIDATE_CLASSES.index(CandidateClass.VASCULAR),
]
_LOOKALIKES = [number for number, look in enumerate(CANDIDATE_CLASSES) if look.value in set(NonLesionKind)]


@dataclass(frozen=True)
class DetectorNetworks:
    """Two functions and how many ``max_candidates`` are looked at in one image.

    ``patch_network``: patches -> logits, n x looks, each candidate by itself. ``context_network``: what
    ``context_features`` gives -> probabilities, n x looks, calibrated.
    """

    patch_network: Callable[[Patches], NDArray[np.float32]]
    context_network: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    max_candidates: int


def detect_learned(
    image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings, *, model: DetectorNetworks
) -> Detections:
    """Find candidates as the classical detector does, and let the model say what each is.

    ``score`` is the probability of a calcification, vascular or not. At most ``model.candidates`` and
    ``settings.max_candidates`` are looked at.
    """
    candidates = find_candidates(image, breast, settings)
    patches = cut_patches(image, candidates, model.max_candidates, settings=settings.patches)
    count = len(patches.numbers)
    logits = model.patch_network(patches)
    places = np.stack([candidates.row[:count], candidates.column[:count]], axis=1) * image.working_mm
    looks = model.context_network(context_features(places, patches.numbers, logits, settings=settings))
    looks, stays = _gathered(candidates, looks, settings)
    score = looks[:, _CALCIFICATIONS].sum(axis=1)
    order = np.lexsort((candidates.column[:count], candidates.row[:count], -score))
    order = order[stays[order]]
    return Detections(
        row=candidates.row[order].astype(np.float32),
        column=candidates.column[order].astype(np.float32),
        sigma_px=candidates.sigma_px[order],
        strength=candidates.strength[order],
        supported_strength=candidates.supported_strength[order],
        score=score[order].astype(np.float32),
        class_probabilities=looks[order],
    )


def _gathered(
    candidates: Candidates, looks: NDArray[np.float32], settings: AnalysisSettings
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Give what is seen on the back of a large bright thing to that thing; and which candidates stay.

    A fine peak that does not stand above its own surround, within two sigmas of a coarse one, is grain on it.
    """
    count = len(looks)
    row, column = candidates.row[:count], candidates.column[:count]
    sigma, strength = candidates.sigma_px[:count], candidates.strength[:count]
    looks, stays = looks.copy(), np.ones(count, bool)
    for large in np.flatnonzero((sigma > settings.classify.object_sigma_px) & (strength > 0)):
        on_it = np.hypot(row - row[large], column - column[large]) <= 2 * sigma[large]
        grain = np.flatnonzero(on_it & (strength < 0) & (sigma < sigma[large]) & stays)
        both = np.append(grain, large)
        looks[large] = looks[both[np.argmax(looks[both][:, _CALCIFICATIONS].sum(axis=1))]]
        stays[grain] = False
    return looks, stays


def is_vascular(looks: NDArray[np.float32]) -> bool:
    """Whether a calcification with these probabilities looks more like one of a vessel's wall than not."""
    return bool(
        looks[CANDIDATE_CLASSES.index(CandidateClass.VASCULAR)]
        > looks[CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION)]
    )


def is_lookalike(
    detections: Detections, *, settings: AnalysisSettings = AnalysisSettings()
) -> NDArray[np.bool_]:
    """Which detections are likely a look-alike with a name: a clip, a marker, a wire, dust."""
    if detections.class_probabilities is None:
        return np.zeros(detections.row.size, bool)
    return np.asarray(
        detections.class_probabilities[:, _LOOKALIKES].max(axis=1) >= settings.classify.lookalike_probability
    )


def lookalike_kind(looks: NDArray[np.float32]) -> NonLesionKind:
    """The look-alike that these probabilities speak for most."""
    return NonLesionKind(CANDIDATE_CLASSES[_LOOKALIKES[int(np.argmax(looks[_LOOKALIKES]))]].value)


def context_features(
    places_mm: NDArray[np.float32],
    numbers: NDArray[np.float32],
    logits: NDArray[np.float32],
    *,
    settings: AnalysisSettings = AnalysisSettings(),
) -> NDArray[np.float32]:
    """Each candidate's own logits and numbers, and what its neighbors look like: n x features, float32.

    ``places_mm``: n x 2, row and column in mm. Of the others within 1, 2.5, 5 and 10 mm: how many
    calcifications they are likely to be together, how many of those vascular, and the likeliest one.
    """
    likely = softmax(logits, axis=1)
    calcification = likely[:, _CALCIFICATIONS].sum(axis=1)
    vascular = likely[:, CANDIDATE_CLASSES.index(CandidateClass.VASCULAR)]
    places = places_mm.astype(np.float32)
    square = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    columns = [
        np.clip(
            logits - logits.mean(axis=1, keepdims=True),
            -settings.classify.max_logit,
            settings.classify.max_logit,
        ),
        numbers,
    ]
    for distance in settings.classify.context_distances_mm:
        near = square <= distance**2
        np.fill_diagonal(near, val=False)
        weight = near.astype(np.float32)
        together = weight @ np.stack([calcification, vascular], axis=1)
        highest = (weight * calcification).max(axis=1, initial=0.0)
        columns.append(np.stack([np.log1p(together[:, 0]), np.log1p(together[:, 1]), highest], axis=1))
    return np.concatenate(columns, axis=1).astype(np.float32)
