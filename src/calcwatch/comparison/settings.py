"""Every number of the room that changes a result, with its unit and where it comes from.

Lengths are millimeters. Where the pixel spacing of an image is not known they count its working units, in
which a pixel of the file has 0.1 (``TissueMap``). All values were chosen on development phantoms, unless a
setting names something else.
"""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, MEASURED, setting

_REAL_PAIRS = "docs/evidence/real-pairs.md"
_DECISION = "docs/decisions/0014-aligned-by-tissue-then-by-specks.md"
_RULE_C2 = "rule C2 in docs/rules.md: what counts as an increase is set by the authors"


@dataclass(frozen=True, kw_only=True)
class RegistrationSettings:
    """How the tissue of two images is laid over each other (``register.py``)."""

    outline_sigma_mm: float = setting(
        8.0, "mm", CHOSEN, "Both masks are blurred so far before the outlines of the breasts are aligned"
    )
    affine_sigmas_mm: tuple[float, ...] = setting(
        (4.0, 2.0, 1.0), "mm", CHOSEN, "The tissue is blurred so far in each round of the affine alignment"
    )
    affine_iterations: int = setting(
        60, "count", CHOSEN, "Most iterations of the correlation maximization in one round"
    )
    affine_tolerance: float = setting(
        1e-4, "1", CHOSEN, "The maximization ends when the correlation rises by less than this"
    )
    min_common_cells: int = setting(
        50, "count", CHOSEN, "An affine map under which the breasts share fewer cells is the worst there is"
    )
    flow_sigma_mm: float = setting(
        0.7, "mm", CHOSEN, "The tissue is blurred so far before flow and local correlation are worked out"
    )
    flow_preset: int = setting(
        2, "1", CHOSEN, "Preset of the dense inverse search as OpenCV numbers them: 2 is medium"
    )
    flow_finest_scale: int = setting(
        1, "1", CHOSEN, "Finest level of the flow's image pyramid: 0 are the cells themselves, 1 half as many"
    )
    flow_smoothing_mm: tuple[float, ...] = setting(
        (12.0, 6.0), "mm", CHOSEN, "The flow of each round is smoothed over this distance: it bends no faster"
    )
    flow_agreement_mm: float = setting(
        0.7, "mm", CHOSEN, "Where flow and flow the other way differ by this much, the weight falls to 0.6"
    )
    min_flow_weight: float = setting(
        1e-3, "1", CHOSEN, "Weight of flow in the breast that does not agree with the flow the other way"
    )
    outside_flow_weight: float = setting(1e-6, "1", CHOSEN, "Weight of flow outside the breast")
    local_correlation_sigma_mm: float = setting(
        4.0, "mm", CHOSEN, "Size of the neighborhood in which the aligned tissue is correlated"
    )
    min_neighborhood_weight: float = setting(
        1e-3, "1", CHOSEN, "Added to the weight of a neighborhood, so that an empty one has a mean of 0"
    )
    min_neighborhood_variance: float = setting(
        1e-6, "1", CHOSEN, "Least product of two variances in a correlation: even tissue correlates with none"
    )
    rim_mm: float = setting(
        5.0, "mm", CHOSEN, "So much of the breast's rim does not count for the figures: skin is like skin"
    )
    min_error_mm: float = setting(
        1.5, "mm", CHOSEN, "Error of the alignment (one standard deviation) where the tissue is the same"
    )
    max_error_mm: float = setting(
        8.0, "mm", CHOSEN, "Error of the alignment (one standard deviation) where the tissue tells nothing"
    )
    inverse_iterations: int = setting(
        12, "count", CHOSEN, "Fixed-point iterations that take a place of the prior to the current image"
    )
    consistency_stride_cells: int = setting(
        4,
        "cells",
        CHOSEN,
        "Inverse consistency is worked out on cells so far apart, and interpolated between them",
    )
    reversal_gain: float = setting(
        0.02,
        "1",
        CHOSEN,
        "The alignment from the other side is taken if its local correlation is so much higher",
    )


@dataclass(frozen=True, kw_only=True)
class MatchSettings:
    """How calcifications of two images are matched (``match.py``)."""

    max_calcifications: int = setting(
        400, "count", CHOSEN, "So many of an image's calcifications take part, those of the highest score"
    )
    min_probability: float = setting(
        0.5, "share", CHOSEN, "Two calcifications are the same from this probability on"
    )
    presence_odds: float = setting(
        3.0, "1", CHOSEN, "Odds, before anything is compared, that a calcification is on the other image too"
    )
    tissue_length_mm: float = setting(
        40.0, "mm", CHOSEN, "Over this distance calcifications are off alike because the tissue is"
    )
    depth_length_mm: float = setting(
        8.0, "mm", CHOSEN, "Over this distance calcifications are off alike because they lie at one depth"
    )
    depth_error_mm: float = setting(
        0.8, "mm", CHOSEN, "Calcifications over each other part by this much when the breast is rolled"
    )
    max_sharpness_mm: float = setting(
        3.0, "mm", CHOSEN, "Places are compared so softly in the first round of matching and correcting"
    )
    min_sharpness_mm: float = setting(
        0.6, "mm", CHOSEN, "Places are compared so sharply in the last round of matching and correcting"
    )
    rounds: int = setting(
        8, "count", CHOSEN, "Rounds of matching and correcting; each is sharper by the same factor"
    )
    spread_share: float = setting(
        0.5, "share", CHOSEN, "So much of the error of the correction counts in the comparison of places"
    )
    place_error_mm: float = setting(
        0.35, "mm", CHOSEN, "Error of a matched calcification's place: outlines, and rotation of the breast"
    )
    crowd_radius_mm: float = setting(
        8.0, "mm", CHOSEN, "The density of other calcifications is counted within this distance"
    )
    min_density_per_mm2: float = setting(
        0.0005, "1/mm2", CHOSEN, "Least density of other calcifications: one is never sure to be alone"
    )
    diameter_step: float = setting(
        0.3, "1", CHOSEN, "Standard deviation of the natural logarithm of one calcification's two diameters"
    )
    contrast_step: float = setting(
        0.4, "1", CHOSEN, "Standard deviation of the natural logarithm of one calcification's two contrasts"
    )
    max_difference: float = setting(
        6.0, "1", CHOSEN, "The squared steps of diameter and contrast together count for no more than this"
    )
    appearance_gain: float = setting(
        1.0, "1", CHOSEN, "Natural logarithm of what diameters and contrasts that agree are worth in odds"
    )
    min_diameter_px: float = setting(
        0.2, "px", CHOSEN, "A smaller diameter is taken for this one, so that it has a logarithm"
    )
    min_contrast: float = setting(
        0.5, "sigma", CHOSEN, "A lower contrast is taken for this one, so that it has a logarithm"
    )
    min_weight: float = setting(
        1e-3, "1", CHOSEN, "Least weight of a calcification that has next to no partner in a round"
    )
    correction_grid_mm: float = setting(
        4.0, "mm", CHOSEN, "The correction of the alignment is worked out on places so far apart"
    )


@dataclass(frozen=True, kw_only=True)
class VisibilitySettings:
    """Whether an image could show a calcification of the other one (``visibility.py``)."""

    detection_contrast: float = setting(
        4.0,
        "sigma",
        CHOSEN,
        "Calcifications that are expected to stand out this much are taken to be found",
        reference=f"{_DECISION}: with 3 groups of real pairs were called new that eyes see unchanged",
    )
    detected_share: float = setting(
        0.8,
        "share",
        CHOSEN,
        "So many calcifications of the detection contrast are found; below it fewer, by the square root",
    )
    subthreshold_radius_mm: float = setting(
        0.7, "mm", CHOSEN, "A point below the threshold explains a calcification at least so far away"
    )
    subthreshold_errors: float = setting(
        1.6,
        "1",
        CHOSEN,
        "A point below the threshold explains a calcification so many standard deviations away",
    )
    max_subthreshold_radius_mm: float = setting(
        2.5,
        "mm",
        CHOSEN,
        "A point below the threshold explains nothing farther away, however unsure the place",
    )
    piece_radius_mm: float = setting(
        0.7, "mm", CHOSEN, "So near a calcification of the other image, one may be a piece of it"
    )
    blur_mm: float = setting(
        0.14, "mm", CHOSEN, "Blur of an imaging system, full width: small calcifications lose contrast by it"
    )
    tissue_weight: float = setting(
        2.0,
        "count",
        CHOSEN,
        "How much clearer one image is: the tissue's answer weighs as so many matched calcifications",
    )


@dataclass(frozen=True, kw_only=True)
class RegionSettings:
    """Which groups of two images are one region (``regions.py``)."""

    min_matched_share: float = setting(
        0.15,
        "share",
        CHOSEN,
        "Two groups are one if so much of the smaller one is matched to members of the other",
    )
    touching_mm: float = setting(
        2.0, "mm", CHOSEN, "Members of two groups touch if they are so near, beyond the alignment's error"
    )
    touching_errors: float = setting(
        1.0,
        "1",
        CHOSEN,
        "The distance at which members touch grows by so many standard deviations of the alignment",
    )
    min_touching_share: float = setting(
        1 / 3, "share", CHOSEN, "Two groups are one if so many members of either touch the other"
    )
    growth_distance_mm: float = setting(
        8.0, "mm", CHOSEN, "A group without partner so near to one that has a partner is growth of that one"
    )


@dataclass(frozen=True, kw_only=True)
class ChangeSettings:
    """What is called a change (``change.py``)."""

    increase_share: float = setting(
        0.30, "share", CHOSEN, "An increase in number is by so large a share", reference=_RULE_C2
    )
    increase_count: int = setting(
        5, "count", CHOSEN, "An increase in number is by so many calcifications", reference=_RULE_C2
    )
    increase_share_of_many: float = setting(
        0.25,
        "share",
        CHOSEN,
        "An increase by count is so large a share too: of many, another image of the breast may show more",
    )
    extent_growth_mm: float = setting(
        5.0,
        "mm",
        CHOSEN,
        "An increase in extent: new calcifications reach so far beyond the matched ones, to one side",
        reference=_RULE_C2,
    )
    size_ratio: float = setting(
        1.35,
        "1",
        CHOSEN,
        "An increase in size: the median ratio of two diameters of a calcification is this or more",
        reference=_RULE_C2,
    )
    min_calcifications: int = setting(
        3, "count", CHOSEN, "Fewer are missed by chance: they are neither new nor gone, and have no sides"
    )
    min_calcifications_uncertain: int = setting(
        5,
        "count",
        CHOSEN,
        "Fewer are neither new nor gone where the alignment is uncertain",
        reference=_DECISION,
    )
    min_net: int = setting(
        4,
        "count",
        CHOSEN,
        "New less gone: fewer are no change of a group that both images show",
        reference=_DECISION,
    )
    chance_deviations: float = setting(
        2.2,
        "1",
        CHOSEN,
        "A change in number exceeds what is missed by chance by so many standard deviations",
        reference=f"{_REAL_PAIRS}: with 2 a real, unchanged group was called increased",
    )
    min_missed_share: float = setting(
        0.05,
        "share",
        CHOSEN,
        "An image is taken to miss so many of the calcifications it should show, at least",
    )
    max_missed_share: float = setting(
        0.5,
        "share",
        CHOSEN,
        "An image is taken to miss so many of the calcifications it should show, at most",
    )
    present_share: float = setting(
        0.3,
        "share",
        CHOSEN,
        "A group was there if the other image shows so much of it, matched or below threshold",
    )
    min_matched_share: float = setting(
        0.35,
        "share",
        CHOSEN,
        "Where one image has no group: with fewer of what it shows matched, nothing is sure",
    )
    min_matched: int = setting(
        4, "count", CHOSEN, "So many matched calcifications tell a change of size or shape"
    )
    min_prior_shape_probability: float = setting(
        0.9, "share", CHOSEN, "A change of shape: the prior is so sure of its shape", reference=_DECISION
    )
    min_current_shape_probability: float = setting(
        0.5, "share", CHOSEN, "A change of shape: the current image is so sure of its shape"
    )
    max_other_shape_probability: float = setting(
        0.03, "share", CHOSEN, "A change of shape: neither image gives the other one's shape more than this"
    )
    side_deviations: float = setting(
        1.6, "1", CHOSEN, "Two sets of places lie on two sides if their means are so many deviations apart"
    )
    side_chance: float = setting(
        0.1,
        "share",
        CHOSEN,
        "Two sets of places lie on two sides only if Hotelling's test gives chance no more than this",
    )
    scatter_floor_mm2: float = setting(
        0.01, "mm2", CHOSEN, "Added to the variance of places, so that those on a line have an inverse"
    )
    reach_quantile: float = setting(
        0.9, "share", CHOSEN, "How far a set of places reaches: a stray calcification decides nothing"
    )


@dataclass(frozen=True, kw_only=True)
class PairSettings:
    """Whether two images belong together and are aligned (``compare.py``)."""

    good_local_correlation: float = setting(
        0.42,
        "1",
        MEASURED,
        "Mean local correlation of aligned tissue from which an alignment is good",
        reference=f"{_DECISION}: priors of other women reached 0.38 at most, in 40 pairs",
    )
    min_local_correlation: float = setting(
        0.33,
        "1",
        MEASURED,
        "Mean local correlation of aligned tissue below which an alignment has failed",
        reference=f"{_DECISION}: nine of ten priors of other women reached no more, in 40 pairs",
    )
    max_inverse_consistency_error_mm: float = setting(
        3.0,
        "mm",
        CHOSEN,
        "With a higher median inverse-consistency error an alignment is uncertain, or has failed",
        reference="33 of 42 priors of other women whose tissue was alike by chance exceeded it",
    )
    min_overlap: float = setting(
        0.4, "share", CHOSEN, "The prior must show so much of the breast that the current image shows"
    )
    proven_local_correlation: float = setting(
        0.6, "1", CHOSEN, "From this local correlation on no other orientation or image is tried"
    )
    better_gain: float = setting(
        0.04,
        "1",
        CHOSEN,
        "Another orientation or image is the right one if its local correlation is so much higher",
    )


@dataclass(frozen=True, kw_only=True)
class SurgicalBedSettings:
    """Where the bed of an operation lies (``surgical_bed.py``)."""

    clip_margin_mm: float = setting(
        10.0, "mm", CHOSEN, "A bed that is taken from clips or a scar marker lies so far round them"
    )
    circle_corners: int = setting(48, "count", CHOSEN, "Corners of the polygon that stands for a circle")
    max_carried_error_mm: float = setting(
        10.0, "mm", CHOSEN, "A bed that was carried over with a larger error is not known"
    )


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """The settings of all stages of a comparison.

    Attributes:
        registration: Of laying the tissue over each other.
        match: Of matching calcifications.
        visibility: Of what an image could show.
        regions: Of which groups are one.
        change: Of what is called a change.
        pairs: Of whether two images belong together.
        surgical_bed: Of where the bed of an operation lies.
    """

    registration: RegistrationSettings = RegistrationSettings()
    match: MatchSettings = MatchSettings()
    visibility: VisibilitySettings = VisibilitySettings()
    regions: RegionSettings = RegionSettings()
    change: ChangeSettings = ChangeSettings()
    pairs: PairSettings = PairSettings()
    surgical_bed: SurgicalBedSettings = SurgicalBedSettings()


DEFAULT = ComparisonSettings()
"""The settings that are taken where none are given."""
