"""Candidates -> what each is, by two networks: one sees each candidate, one sees it in its context.

The networks are functions that are handed in; what they are made of is none of the core's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from calcwatch.domain.findings import NonLesionKind
from calcwatch.image.find.candidates import find_candidates
from calcwatch.image.find.detections import Detections, kept
from calcwatch.image.find.patches import Patches, cut_patches
from calcwatch.image.settings.find import ClassifySettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.image.find.candidates import Candidates
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings


class CandidateClass(StrEnum):
    """What a candidate is.

    Attributes:
        TISSUE: Nothing: tissue or noise.
        CALCIFICATION: A calcification, not of a vessel.
        VASCULAR: A calcification in the wall of a vessel.
        CLIP: A surgical clip.
        MARKER: A marker on the skin.
        WIRE: A wire or a suture.
        DUST: Dust or a scratch on film.
    """

    TISSUE = "tissue"
    CALCIFICATION = "calcification"
    VASCULAR = "vascular"
    CLIP = "surgical_clip"
    MARKER = "marker"
    WIRE = "wire_or_suture"
    DUST = "dust_or_scratch"


CANDIDATE_CLASSES = (
    CandidateClass.TISSUE,
    CandidateClass.CALCIFICATION,
    CandidateClass.VASCULAR,
    CandidateClass.CLIP,
    CandidateClass.MARKER,
    CandidateClass.WIRE,
    CandidateClass.DUST,
)
"""The classes in the order of the outputs of the shipped weights; both networks have one output a class."""

CONTEXT_INPUTS = ("features",)
"""Name of the one input of the context network in the model file; see ``context_features``."""

LOOKALIKE_KINDS = {
    CandidateClass.CLIP: NonLesionKind.CLIP,
    CandidateClass.MARKER: NonLesionKind.MARKER,
    CandidateClass.WIRE: NonLesionKind.WIRE,
    CandidateClass.DUST: NonLesionKind.DUST,
}
"""The classes that are look-alikes, and the kind of non-lesion that each is reported as."""

_CALCIFICATION = CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION)
_VASCULAR = CANDIDATE_CLASSES.index(CandidateClass.VASCULAR)
_CALCIFICATIONS = [_CALCIFICATION, _VASCULAR]  # outputs whose sum is the score
_METAL = [
    CANDIDATE_CLASSES.index(metal)
    for metal in (CandidateClass.CLIP, CandidateClass.MARKER, CandidateClass.WIRE)
]
_DUST = CANDIDATE_CLASSES.index(CandidateClass.DUST)
_LOOKALIKES = [CANDIDATE_CLASSES.index(candidate_class) for candidate_class in LOOKALIKE_KINDS]


@dataclass(frozen=True)
class DetectorNetworks:
    """The two networks of a learned detector.

    Attributes:
        patch_network: Patches of n candidates -> logits, float32, n x ``CANDIDATE_CLASSES``, each candidate
            by itself.
        context_network: What ``context_features`` gives for n candidates -> class probabilities, float32,
            n x ``CANDIDATE_CLASSES``, calibrated.
        max_candidates: How many candidates of an image are classified, those of the highest rank.
    """

    patch_network: Callable[[Patches], NDArray[np.float32]]
    context_network: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    max_candidates: int


def detect_learned(
    image: PreparedImage, breast: BreastRegion, settings: AnalysisSettings, *, model: DetectorNetworks
) -> Detections:
    """Find candidates as the classical detector does, and let networks classify them.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        settings: Settings of the analysis.
        model: The networks; at most ``model.max_candidates`` and ``settings.max_candidates`` candidates are
            classified, the rest is left out.

    Returns:
        The candidates, highest score first, with their class probabilities; the score is the probability of a
        calcification, vascular or not.
    """
    candidates = find_candidates(image, breast, settings)
    patches = cut_patches(image, candidates, model.max_candidates, settings=settings.patches)
    count = len(patches.numbers)
    # each candidate by itself first, then all in the light of their neighbors (decision 9)
    logits = model.patch_network(patches)
    places_mm = np.stack([candidates.row[:count], candidates.column[:count]], axis=1) * image.working_mm
    probabilities = model.context_network(
        context_features(places_mm, patches.numbers, logits, settings=settings.classify)
    )
    probabilities, stays = _merge_grain(candidates, probabilities, settings.classify)
    score = probabilities[:, _CALCIFICATIONS].sum(axis=1)
    # candidates come by rank; a detector answers by score
    order = np.lexsort((candidates.column[:count], candidates.row[:count], -score))
    order = order[stays[order]]
    return Detections(
        row=candidates.row[order].astype(np.float32),
        column=candidates.column[order].astype(np.float32),
        sigma_px=candidates.sigma_px[order],
        strength=candidates.strength[order],
        supported_strength=candidates.supported_strength[order],
        score=score[order].astype(np.float32),
        class_probabilities=probabilities[order],
    )


def _merge_grain(
    candidates: Candidates, probabilities: NDArray[np.float32], settings: ClassifySettings
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Class probabilities with those of the grain on large bright objects given to these; what stays.

    A fine candidate that does not stand above its own surround, within two sigmas of a coarse one, is grain
    on it: the network sees the object best where it is centered on its brightest grain.
    """
    count = len(probabilities)
    row, column = candidates.row[:count], candidates.column[:count]
    sigma, strength = candidates.sigma_px[:count], candidates.strength[:count]
    # a copy, since input is never modified
    probabilities, stays = probabilities.copy(), np.ones(count, bool)
    for large in np.flatnonzero((sigma > settings.object_sigma_px) & (strength > 0)):
        on_it = np.hypot(row - row[large], column - column[large]) <= settings.object_reach * sigma[large]
        grain = np.flatnonzero(on_it & (strength < 0) & (sigma < sigma[large]) & stays)
        both = np.append(grain, large)
        likeliest = np.argmax(probabilities[both][:, _CALCIFICATIONS].sum(axis=1))
        probabilities[large] = probabilities[both[likeliest]]
        stays[grain] = False
    return probabilities, stays


def is_vascular(probabilities: NDArray[np.float32]) -> bool:
    """Tell whether a calcification is more likely one of a vessel's wall than not.

    Args:
        probabilities: Class probabilities of one detection, in the order of ``CANDIDATE_CLASSES``.

    Returns:
        Whether vascular is the likelier of the two classes of calcifications.
    """
    return bool(probabilities[_VASCULAR] > probabilities[_CALCIFICATION])


def is_lookalike(
    detections: Detections, *, settings: ClassifySettings = ClassifySettings()
) -> NDArray[np.bool_]:
    """Tell which detections are classified as a look-alike: a clip, a marker, a wire, dust.

    Args:
        detections: Detections of one image.
        settings: From which probability on.

    Returns:
        One mark each; none where the detector does not classify.
    """
    if detections.class_probabilities is None:
        return np.zeros(detections.row.size, bool)
    return np.asarray(
        detections.class_probabilities[:, _LOOKALIKES].max(axis=1) >= settings.lookalike_probability
    )


def without_metal(detections: Detections, ruled_out: NDArray[np.bool_]) -> Detections:
    """Take back what the networks say of metal, where it cannot be any.

    The other classes keep their odds: what was sure to be calcium or metal is calcium then. What looked more
    like metal than like dust is too large for dust, and is not that either.

    Args:
        detections: What a detector found.
        ruled_out: For each, whether it cannot be metal.

    Returns:
        The detections, highest score first again; as they were where nothing classified them.
    """
    if detections.class_probabilities is None or not ruled_out.any():
        return detections
    probabilities = detections.class_probabilities.copy()
    large = probabilities[:, _METAL].max(axis=1) >= probabilities[:, _DUST]
    probabilities[ruled_out & large, _DUST] = 0.0
    probabilities[np.ix_(ruled_out, np.array(_METAL))] = 0.0
    # never 0: no network is so sure of metal that single precision leaves the others nothing
    probabilities /= np.maximum(probabilities.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    score = np.where(ruled_out, probabilities[:, _CALCIFICATIONS].sum(axis=1), detections.score)
    order = np.lexsort((detections.column, detections.row, -score))
    changed = replace(
        detections, score=score.astype(np.float32), class_probabilities=probabilities.astype(np.float32)
    )
    return kept(changed, order)


def lookalike_kind(probabilities: NDArray[np.float32]) -> NonLesionKind:
    """Name the likeliest look-alike.

    Args:
        probabilities: Class probabilities of one detection, in the order of ``CANDIDATE_CLASSES``.

    Returns:
        The kind of the likeliest class among the look-alikes.
    """
    likeliest = _LOOKALIKES[int(np.argmax(probabilities[_LOOKALIKES]))]
    return LOOKALIKE_KINDS[CANDIDATE_CLASSES[likeliest]]


def context_features(
    places_mm: NDArray[np.float32],
    numbers: NDArray[np.float32],
    logits: NDArray[np.float32],
    *,
    settings: ClassifySettings = ClassifySettings(),
) -> NDArray[np.float32]:
    """Describe n candidates in their context, as the context network takes them.

    Args:
        places_mm: n x 2, row and column in millimeters.
        numbers: n x ``PATCH_NUMBERS``.
        logits: n x ``CANDIDATE_CLASSES``, of the patch network.
        settings: Distances within which neighbors count.

    Returns:
        float32, n x features: each candidate's own logits (their mean taken off, clipped) and numbers, and
        for each distance, of the others within it: log of 1 + the expected number of calcifications, the same
        of vascular ones, and the highest probability of a calcification.
    """
    likely = softmax(logits, axis=1)
    calcification = likely[:, _CALCIFICATIONS].sum(axis=1)
    places = places_mm.astype(np.float32)
    # all pairs at once: about a thousand candidates are classified
    square = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    # softmax does not see a constant added to all logits, the context network would
    centered = logits - logits.mean(axis=1, keepdims=True)
    columns = [np.clip(centered, -settings.max_logit, settings.max_logit), numbers]
    for distance in settings.context_distances_mm:
        near = square <= distance**2
        # no candidate is its own neighbor
        np.fill_diagonal(near, val=False)
        weight = near.astype(np.float32)
        # sums of probabilities are expected numbers: doubtful neighbors count in part
        together = weight @ np.stack([calcification, likely[:, _VASCULAR]], axis=1)
        highest = (weight * calcification).max(axis=1, initial=0.0)
        columns.append(np.stack([np.log1p(together[:, 0]), np.log1p(together[:, 1]), highest], axis=1))
    return np.concatenate(columns, axis=1).astype(np.float32)
