"""Settings of the stages that find candidates and classify them, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, STANDARD, TRAINED, setting


@dataclass(frozen=True, kw_only=True)
class FilterBankSettings:
    """Differences of Gaussians over the breast, in units of the local noise."""

    finest_mm: float = setting(0.0625, "mm", CHOSEN, "sigma of the finest Gaussian")
    coarsest_mm: float = setting(1.2, "mm", CHOSEN, "sigma of the coarsest Gaussian")
    min_sigma_px: float = setting(
        0.7, "px", CHOSEN, "no Gaussian is finer than this, whatever the pixel spacing"
    )
    scale_ratio: float = setting(
        1.6,
        "1",
        STANDARD,
        "ratio of the two Gaussians, and of neighboring scales: each is the surround of the last",
        reference="Marr and Hildreth, Proc R Soc Lond B 207:187 (1980): nearest to a Laplacian",
    )
    min_level_px: int = setting(
        4, "px", CHOSEN, "a picture with a side of fewer pixels is not reduced any further"
    )
    reducible_sigma_px: float = setting(
        1.8, "px", CHOSEN, "a Gaussian of this sigma bears pixels twice as large"
    )
    noise_window_mm: float = setting(5.0, "mm", CHOSEN, "side of the window in which noise is taken as even")
    noise_window_sigmas: float = setting(
        11.0, "sigma", CHOSEN, "side of that window in sigmas of the scale, at least"
    )
    noise_sample_sigmas: float = setting(
        1.5,
        "sigma",
        CHOSEN,
        "distance of samples of the noise in sigmas of the scale: closer ones say the same twice",
    )
    noise_map_mm: float = setting(0.8, "mm", CHOSEN, "cell of the map of single-pixel noise")
    quantization_noise: float = setting(
        0.29,
        "1",
        STANDARD,
        "standard deviation of rounding to steps of one",
        reference="uniform distribution: 1 / sqrt(12)",
    )
    min_response: float = setting(
        3.0, "sigma", CHOSEN, "local maxima of a lower response, in units of the noise, are noise"
    )
    maximum_px: int = setting(
        5, "px", CHOSEN, "side of the window in which a local maximum is the highest, on pixels of its level"
    )
    fill_samples: int = setting(
        7, "count", CHOSEN, "samples across the window that continues the breast past its skin"
    )
    ring_samples: int = setting(16, "count", CHOSEN, "samples on a ring round each local maximum")
    near_ring: float = setting(
        2.2,
        "sigma",
        CHOSEN,
        "radius of the near ring in sigmas of the scale: a line leaves it bright on opposite sides",
    )
    far_ring: float = setting(
        3.5, "sigma", CHOSEN, "radius of the far ring in sigmas of the scale: the surround"
    )
    ring_rank: int = setting(
        4,
        "count",
        CHOSEN,
        "rank, from the brightest, of the sample of the far ring that counts: a neighbor may be brighter",
    )
    line_weight: float = setting(1.3, "1", CHOSEN, "weight of the height over a line through the candidate")


@dataclass(frozen=True, kw_only=True)
class CandidateSettings:
    """Local maxima that may be calcifications: suppression of doubles, support by neighbors, score."""

    peaks_per_candidate: int = setting(
        4, "count", CHOSEN, "local maxima examined for each candidate: response alone does not decide"
    )
    skin_rim_mm: float = setting(1.0, "mm", CHOSEN, "so close to the skin nothing is a candidate")
    rim_steps: int = setting(4, "count", CHOSEN, "pixels across that rim on which it is looked at")
    border_px: int = setting(3, "px", CHOSEN, "so close to the border of the picture nothing is a candidate")
    fill_mm: float = setting(2.5, "mm", CHOSEN, "window over which the breast is continued past its skin")
    suppression_px: float = setting(
        2.9,
        "px",
        CHOSEN,
        "non-maximum suppression: a weaker maximum this near a stronger one belongs to it",
    )
    object_sigma_mm: float = setting(
        0.5, "mm", CHOSEN, "scales above this see objects, not small calcifications"
    )
    support_mm: float = setting(2.0, "mm", CHOSEN, "neighbors this close support each other")
    background_support_mm: float = setting(
        8.0, "mm", CHOSEN, "what neighbors this close lead to expect is taken off the support"
    )
    support_strength: float = setting(4.0, "sigma", CHOSEN, "weaker neighbors give no support")
    support_response: float = setting(
        3.5, "sigma", CHOSEN, "neighbors of a lower filter response give no support"
    )
    support_cells: int = setting(
        8, "count", CHOSEN, "cells of the grid of support, along the distance it reaches"
    )
    support_cap: float = setting(15.0, "sigma", CHOSEN, "one very bright neighbor counts as one neighbor")
    support_weight: float = setting(
        0.25, "1", CHOSEN, "weight of the support beside a candidate's own strength"
    )
    rank_strength_weight: float = setting(
        0.2, "1", CHOSEN, "weight of strength beside filter response in the order of candidates"
    )
    rank_support_weight: float = setting(0.06, "1", CHOSEN, "weight of support in that order")
    score_midpoint: float = setting(
        18.0, "sigma", CHOSEN, "strength with support at which the classical score is one half"
    )
    score_width: float = setting(
        4.0, "sigma", CHOSEN, "how far beside that the score changes by a factor of e in its odds"
    )
    sharp_spacing_mm: float = setting(
        0.12, "mm", CHOSEN, "coarser pixels blur calcifications: less strength is needed for the same score"
    )
    blur_exponent: float = setting(
        0.75, "1", CHOSEN, "exponent of that loss of strength with the pixel spacing"
    )
    sharp_window_px: int = setting(
        7, "px", CHOSEN, "side of the window whose median is the surround that such a height is over"
    )
    sharp_side_rank: int = setting(
        2,
        "count",
        CHOSEN,
        "rank, from the brightest, of the four pixels beside a peak that counts: a scratch has a bright one",
    )
    sharp_side_share: float = setting(
        0.12,
        "share",
        CHOSEN,
        "share of the height left one pixel beside a peak; the blur of a system leaves more, dust less",
    )
    sharp_sigma_px: float = setting(
        1.15, "px", CHOSEN, "only maxima of scales finer than this can be that sharp"
    )


@dataclass(frozen=True, kw_only=True)
class PatchSettings:
    """What the patch network sees of a candidate."""

    context_mm: float = setting(0.4, "mm", TRAINED, "distance between the pixels of a context patch")
    median_step_px: int = setting(
        4, "px", TRAINED, "the surround of a patch is the median over every such row and column"
    )
    detail_scale: float = setting(
        3.0, "sigma", TRAINED, "gray of a detail patch is nearly linear up to so many units of noise"
    )
    context_scale: float = setting(
        4.0, "sigma", TRAINED, "gray of a context patch is nearly linear up to so many units of noise"
    )
    strength_scale: float = setting(
        4.0, "sigma", TRAINED, "strengths are nearly linear up to so many units of noise"
    )
    head_room_scale: float = setting(
        10.0, "sigma", TRAINED, "gray left to white is nearly linear up to so many units of noise"
    )
    unit_mm: float = setting(
        0.1, "mm", TRAINED, "length whose logarithm is 0: pixel spacings and scales are told in it"
    )


@dataclass(frozen=True, kw_only=True)
class ClassifySettings:
    """Classes of candidates, by their patches and in context."""

    lookalike_probability: float = setting(
        0.5, "share", CHOSEN, "a candidate is named a look-alike from this class probability on"
    )
    object_sigma_px: float = setting(
        2.5, "px", CHOSEN, "fine candidates on an object of a coarser scale are grain of it"
    )
    object_reach: float = setting(
        2.0, "sigma", CHOSEN, "how far such an object reaches, in sigmas of its scale"
    )
    context_distances_mm: tuple[float, float, float, float] = setting(
        (1.0, 2.5, 5.0, 10.0),
        "mm",
        TRAINED,
        "distances within which the context network is told of neighbors",
    )
    max_logit: float = setting(
        8.0, "1", TRAINED, "logits are clipped to this before they enter the context network"
    )
