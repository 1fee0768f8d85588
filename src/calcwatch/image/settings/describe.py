"""Settings of the stages that group and describe calcifications, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, STANDARD, TRAINED, setting


@dataclass(frozen=True, kw_only=True)
class GroupSettings:
    """Calcifications that lie together."""

    outline_margin: float = setting(0.1, "1", CHOSEN, "margin round the members in grouping distances")
    outline_points: int = setting(
        12, "count", CHOSEN, "points of the circle round each member that the outline is the hull of"
    )
    score_midpoint: float = setting(
        40.0,
        "sigma",
        CHOSEN,
        "supported strength at which a group is as likely real as not (classical detector)",
    )
    score_width: float = setting(
        8.0, "sigma", CHOSEN, "how far beside that the score changes by a factor of e in its odds"
    )
    min_real: int = setting(3, "count", CHOSEN, "so many members must be real for a group to be")
    strength_weight: float = setting(
        0.5,
        "share",
        CHOSEN,
        "weight of supported strength in the score of a group; the rest is that of the members' own scores",
    )


@dataclass(frozen=True, kw_only=True)
class PatternSettings:
    """Fragments of a line, a region or a scatter that are one group."""

    reach: float = setting(
        2.0,
        "1",
        CHOSEN,
        "fragments of one region or line lie within this many grouping distances of each other",
    )
    scatter_reach: float = setting(
        4.0, "1", CHOSEN, "members of a diffuse scatter lie within so many grouping distances of each other"
    )
    min_score: float = setting(
        0.5,
        "share",
        CHOSEN,
        "points of a lower score are members of what they are close to, and never a reason to join",
    )
    min_scattered: float = setting(
        15.0, "count", CHOSEN, "expected number of real points from which on they are a diffuse scatter"
    )
    min_breast_share: float = setting(
        0.16, "share", CHOSEN, "hull of a scatter over the area of the breast; regions have less than 0.12"
    )
    straggler_spacing: float = setting(
        2.5, "1", CHOSEN, "times the usual spacing: a straggler, which makes no region a scatter"
    )
    min_in_region: int = setting(10, "count", CHOSEN, "fewer are no region")
    region_extent: float = setting(
        4.0,
        "1",
        STANDARD,
        "extent of a region in grouping distances of 5 mm: 2 cm",
        reference="BI-RADS 5th edition (2013): regional is wider than 2 cm",
    )
    min_in_line: int = setting(6, "count", CHOSEN, "fewer are no line")
    line_extent: float = setting(2.4, "1", CHOSEN, "least length of a line in grouping distances")
    line_width: float = setting(
        0.16, "1", CHOSEN, "standard deviation from a curved line, in grouping distances, at most"
    )
    dense_spacing: float = setting(
        0.5,
        "1",
        CHOSEN,
        "a fragment spaced this much closer than what lies round it is dense, and stays a group of its own",
    )
    min_dense: int = setting(
        5,
        "count",
        STANDARD,
        "members of a dense fragment, and number within 1 cm that is a group",
        reference="BI-RADS 5th edition (2013): grouped is at least five within 1 cm",
    )
    spacing_neighbor: int = setting(
        3,
        "count",
        CHOSEN,
        "spacing is the distance to this neighbor: two calcifications side by side are no density",
    )
    max_points: int = setting(
        1000, "count", CHOSEN, "no breast holds more that a reader would call a pattern"
    )


@dataclass(frozen=True, kw_only=True)
class ShapePatchSettings:
    """What the morphology networks see of a calcification."""

    near_mm: float = setting(
        0.08, "mm", TRAINED, "distance between the cells of the near patch, which shows 2.6 mm"
    )
    around_mm: float = setting(
        0.4, "mm", TRAINED, "distance between the cells of the patch of the surround, which shows 12.8 mm"
    )
    noise_scale: float = setting(3.0, "sigma", TRAINED, "gray is nearly linear up to so many units of noise")
    contrast_scale: float = setting(
        4.0, "sigma", TRAINED, "contrast is nearly linear up to so many units of noise"
    )
    max_branches: int = setting(4, "count", TRAINED, "more branches count as so many")
    close_up_range: tuple[float, float] = setting(
        (-0.7, 1.7),
        "1",
        TRAINED,
        "gray of a close-up in heights of its object: what lies outside is a neighbor and is clipped",
    )
    min_noise: float = setting(
        1e-5, "gray", TRAINED, "noise of a patch at least: rounding leaves some in every picture"
    )
    min_contrast: float = setting(
        1e-3, "sigma", TRAINED, "contrast at least, where height over contrast tells the noise"
    )
    reference_spacing_mm: float = setting(
        0.1, "mm", TRAINED, "the pixel spacing is given as the logarithm of its ratio to this"
    )
    reference_length_mm: float = setting(
        0.5, "mm", TRAINED, "diameter, length and width are given as logarithms of their ratio to this"
    )
    min_diameter_px: float = setting(0.5, "px", TRAINED, "shorter diameters count as this")
    max_edge_sharpness: float = setting(2.5, "1", TRAINED, "sharper edges count as this sharp")


@dataclass(frozen=True, kw_only=True)
class MorphologySettings:
    """Morphology of calcifications and groups, by the networks."""

    neighborhood_mm: float = setting(
        5.0, "mm", TRAINED, "a calcification in no group is classified beside those this near"
    )
    min_probability: float = setting(0.4, "share", CHOSEN, "no morphology is named below it")
    min_diameter_px: float = setting(
        4.0, "px", CHOSEN, "across fewer pixels the resolution is said to be why none is named"
    )
    max_logit: float = setting(
        8.0, "1", TRAINED, "logits are clipped to this before they enter the context network"
    )
    log_offset: float = setting(
        1e-3, "share", TRAINED, "added to probabilities before their logarithm, which has no end at 0"
    )
    log_scale: float = setting(
        4.0, "1", TRAINED, "mean logarithms are divided by this, to the size of the other features"
    )
    layout_offset_mm: float = setting(
        0.1, "mm", TRAINED, "added to extents and distances before their logarithm: nothing lies closer"
    )
    min_variance_mm2: float = setting(
        1e-6, "mm2", TRAINED, "variance of places along an axis, at least: points on a line have none across"
    )
    lone_layout: tuple[float, float, float, float, float] = setting(
        (0.0, -1.0, -1.0, 2.0, 0.0),
        "1",
        TRAINED,
        "logarithms of number, extents and neighbor distance, and elongation, of a calcification alone",
    )


@dataclass(frozen=True, kw_only=True)
class DistributionSettings:
    """Distribution of a group, from where calcifications lie."""

    reaches_mm: tuple[float, float] = setting(
        (10.0, 20.0),
        "mm",
        TRAINED,
        "what can be reached from a group in steps of at most this is the pattern that it is part of",
    )
    min_score: float = setting(0.5, "share", TRAINED, "points of a lower score are no part of a pattern")
    min_length_mm: float = setting(
        0.3, "mm", TRAINED, "shorter lengths count as this: nothing is measured finer"
    )


@dataclass(frozen=True, kw_only=True)
class GroupFeatureSettings:
    """What a group is told by."""

    cell_mm: float = setting(0.4, "mm", TRAINED, "side of the cells on which the tissue is looked at")
    vessel_mm: tuple[float, ...] = setting(
        (1.2, 2.2), "mm", TRAINED, "widths of the bright bands that are looked for: those of arteries"
    )
    directions: int = setting(12, "count", TRAINED, "directions that a band is looked for in")
    band_mm: float = setting(5.0, "mm", TRAINED, "length along which a band is looked for")
    speck_share: float = setting(
        0.25, "share", TRAINED, "of the spread of the breast's gray: higher above its surround is a speck"
    )
    tube_rank: float = setting(0.9, "share", TRAINED, "cells of a higher rank count as lying on a band")
    flow_mm: float = setting(2.0, "mm", TRAINED, "reach within which the direction of the tissue is taken")
    run_on_mm: float = setting(8.0, "mm", TRAINED, "how far beyond its ends a band may run on")
    crowd_mm: float = setting(5.0, "mm", TRAINED, "calcifications within this distance are a crowd")
    plain_score: float = setting(0.8, "share", TRAINED, "members of a higher score are likely real")
    plain_contrast: float = setting(
        0.6, "share", TRAINED, "of the highest contrast on its scale: higher members stand out"
    )
    ring_mm: float = setting(15.0, "mm", TRAINED, "calcifications this near a group are round it")


@dataclass(frozen=True, kw_only=True)
class KindSettings:
    """What a group is, told from itself and from what lies beside it."""

    neighbor_mm: float = setting(
        15.0, "mm", TRAINED, "what a neighbor is thought to be counts less by a factor of e so far away"
    )
    neighbor_prior: float = setting(
        0.3, "1", TRAINED, "weight of no neighbor at all: a single far one tells little"
    )
    log_offset: float = setting(1e-3, "share", TRAINED, "added to probabilities before their logarithm")
    artery_reach_mm: float = setting(
        20.0, "mm", CHOSEN, "pieces of an artery this near each other are told as one"
    )
    scatter_pieces: int = setting(
        3, "count", CHOSEN, "from so many pieces on what is scattered or typically benign is told once"
    )
    apart_suspicion: float = setting(
        0.125, "share", CHOSEN, "a piece more suspicious than this is told by itself, whatever lies round it"
    )
