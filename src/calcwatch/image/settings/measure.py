"""Settings of the stages that outline and measure calcifications, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, MEASURED, STANDARD, TRAINED, setting


@dataclass(frozen=True, kw_only=True)
class OutlineSettings:
    """Outline of a calcification with the blur undone, its size and errors."""

    window_sigmas: float = setting(
        5.0, "sigma", CHOSEN, "half of the window round a detection in sigmas of its scale"
    )
    min_window_px: int = setting(8, "px", CHOSEN, "half of that window, at least")
    max_window_mm: float = setting(4.0, "mm", CHOSEN, "half of that window, at most")
    window_growth: float = setting(
        1.7, "1", CHOSEN, "the window grows by this factor while the object leaves it"
    )
    max_fill: float = setting(
        0.33, "share", CHOSEN, "of the window that the object fills: the window grows until it fills no more"
    )
    fine_window_px: int = setting(
        16, "px", CHOSEN, "half of a window that is small, at most: it is looked at more closely"
    )
    small_magnification: int = setting(
        4, "count", CHOSEN, "fine pixels along a pixel of a small window: its object has few pixels"
    )
    magnification: int = setting(2, "count", CHOSEN, "fine pixels along a pixel of a larger window")
    quantization_noise: float = setting(
        0.3,
        "1",
        STANDARD,
        "noise of a surround at least, in steps of gray: rounding alone leaves that much",
        reference="uniform distribution: 1 / sqrt(12)",
    )
    max_offset_diameters: float = setting(
        2.0, "1", CHOSEN, "an object whose center lies further from another's, in its diameters, is not on it"
    )
    same_place_px: float = setting(
        1.0, "px", CHOSEN, "two objects this close are one, whatever their outlines"
    )
    half_height: float = setting(
        0.5, "share", CHOSEN, "share of the height at which the core of an object ends"
    )
    raised_heights: tuple[float, ...] = setting(
        (0.65, 0.8),
        "share",
        CHOSEN,
        "tried in its place when a core leaves the largest window, as one that runs out into tissue",
    )
    upper_height: float = setting(
        0.75, "share", CHOSEN, "share of the height at which the width of its top is taken"
    )
    saddle_share: float = setting(
        0.72,
        "share",
        CHOSEN,
        "two peaks are two calcifications when the best way between them dips below this share",
    )
    peak_quantile: float = setting(
        0.9, "share", CHOSEN, "the height of an object is that which this share of its pixels does not exceed"
    )
    blur_mm: float = setting(0.06, "mm", CHOSEN, "blur of focal spot and detector of a mammography system")
    roundness: float = setting(
        1.12,
        "1",
        CHOSEN,
        "noise makes an outline rough: the half-width is at most so much more than what fits inside",
    )
    half_width: tuple[float, ...] = setting(
        (1.55, 1.75, 2.0, 2.4, 3.0, 4.0, 6.0, 9.0, 14.0, 40.0),
        "sigma",
        MEASURED,
        "half-width at half height in units of the blur for which the tables that follow are given",
        reference="scripts/edge_profile.py",
    )
    ball_level: tuple[float, ...] = setting(
        (0.49, 0.40, 0.36, 0.31, 0.28, 0.25, 0.22, 0.19, 0.17, 0.15),
        "share",
        MEASURED,
        "share of the height at the true edge of a ball",
        reference="scripts/edge_profile.py",
    )
    plate_level: tuple[float, ...] = setting(
        (0.50, 0.49, 0.46, 0.44, 0.43, 0.43, 0.43, 0.43, 0.43, 0.43),
        "share",
        MEASURED,
        "share of the height at the true edge of a plate",
        reference="scripts/edge_profile.py",
    )
    ball_growth: tuple[float, ...] = setting(
        (0.0, 0.23, 0.37, 0.54, 0.69, 0.87, 1.19, 1.62, 2.29, 5.5),
        "sigma",
        MEASURED,
        "how far outside of the outline at half height the edge of a ball lies",
        reference="scripts/edge_profile.py",
    )
    plate_growth: tuple[float, ...] = setting(
        (0.0, 0.01, 0.10, 0.17, 0.19, 0.17, 0.17, 0.17, 0.17, 0.17),
        "sigma",
        MEASURED,
        "how far outside of it the edge of a plate lies",
        reference="scripts/edge_profile.py",
    )
    ball_top: tuple[float, ...] = setting(
        (0.685, 0.687, 0.694, 0.716, 0.741, 0.768, 0.787, 0.787, 0.785, 0.785),
        "1",
        MEASURED,
        "width of a ball at three quarters of the height over that at half",
        reference="scripts/edge_profile.py",
    )
    plate_top: tuple[float, ...] = setting(
        (0.690, 0.692, 0.701, 0.738, 0.775, 0.820, 0.871, 0.915, 0.944, 0.970),
        "1",
        MEASURED,
        "width of a plate at three quarters of the height over that at half",
        reference="scripts/edge_profile.py",
    )
    min_top_difference: float = setting(
        0.07, "1", CHOSEN, "smaller differences between ball and plate tell nothing"
    )
    flatness_contrast: float = setting(
        10.0, "sigma", CHOSEN, "contrast from which on the shape of the top is seen"
    )
    unseen_flatness: float = setting(
        0.5,
        "share",
        CHOSEN,
        "where the top is not seen: 0 takes it for that of a ball, 1 for that of a plate",
    )
    min_growth: float = setting(
        0.5, "1", CHOSEN, "of the growth that the tables tell: noise at the foot moves the edge no further in"
    )
    max_growth: float = setting(
        1.2,
        "1",
        CHOSEN,
        "of the growth that the tables tell: noise at the foot moves the edge no further out",
    )
    profile_error: float = setting(
        0.04,
        "share",
        CHOSEN,
        "of the diameter, one standard deviation: the profile along the beam is not known",
    )
    flank_px: float = setting(3.0, "px", CHOSEN, "an edge rises over about so many pixels")
    pixel_error_px: float = setting(
        0.29,
        "px",
        STANDARD,
        "standard deviation of an edge that pixels cut",
        reference="uniform distribution: 1 / sqrt(12)",
    )


@dataclass(frozen=True, kw_only=True)
class WholeSettings:
    """What makes the marks on one large calcification one mark."""

    seed_mm: float = setting(0.5, "mm", CHOSEN, "marks of this diameter may lie on a larger whole")
    seed_sigma_mm: float = setting(
        0.3, "mm", CHOSEN, "so may those that were detected at this scale or above"
    )
    neighbor_mm: float = setting(1.0, "mm", CHOSEN, "so may those with another mark this near")
    half_window_mm: float = setting(2.2, "mm", CHOSEN, "half of the window in which a whole is sought")
    large_mm: float = setting(
        0.6, "mm", CHOSEN, "marks from this diameter on may lie on a whole that is larger"
    )
    large_window_mm: float = setting(5.0, "mm", CHOSEN, "half of the window in which that is sought")
    leak_level: float = setting(
        0.2, "share", CHOSEN, "of the height of the top: what leaves the window at this level is larger"
    )
    pixel_mm: float = setting(0.1, "mm", CHOSEN, "pixels are made about this large, finer ones are joined")
    blur_mm: float = setting(0.06, "mm", CHOSEN, "blur of focal spot and detector of a mammography system")
    smoothing_px: float = setting(0.6, "px", CHOSEN, "sigma that takes the grain off a border")
    peak_sigmas: float = setting(1.5, "sigma", CHOSEN, "the top lies this near a detection, in its scale")
    highest_level: float = setting(0.7, "share", CHOSEN, "of the height of the top: the highest level tried")
    lowest_level: float = setting(0.05, "share", CHOSEN, "of the height of the top: the lowest level tried")
    levels: int = setting(16, "count", CHOSEN, "levels tried, in equal ratios")
    min_length_mm: float = setting(1.2, "mm", CHOSEN, "a shorter region is no whole: it has one top")
    max_length_mm: float = setting(8.0, "mm", CHOSEN, "a longer region is no single calcification")
    max_length_to_width: float = setting(4.0, "1", CHOSEN, "longer ones are left in pieces: vessels")
    min_solidity: float = setting(0.85, "share", CHOSEN, "of its hull that a whole fills")
    lone_solidity: float = setting(0.9, "share", CHOSEN, "of its hull that a whole with one top fills")
    weak_quantile: float = setting(0.2, "share", CHOSEN, "of the border that may be weaker")
    min_weak_share: float = setting(0.3, "share", CHOSEN, "of its mean slope that the border keeps elsewhere")
    min_sharpness: float = setting(
        0.8, "1", CHOSEN, "slope of the border over that of a step as the system blurs it; tissue is softer"
    )
    min_step_share: float = setting(
        0.15, "share", CHOSEN, "of the top's height that the step across the border is"
    )
    lone_step_share: float = setting(0.3, "share", CHOSEN, "the same of a whole with one top")
    min_step_noise: float = setting(2.5, "1", CHOSEN, "step across the border over the unrest outside of it")
    min_saddle: float = setting(
        0.4,
        "share",
        CHOSEN,
        "of the height of the lower of two tops: no deeper dip parts most tops of a whole from its highest",
    )
    same_share: float = setting(
        0.7, "share", CHOSEN, "of the largest region's area: regions of lower levels that are the same object"
    )


@dataclass(frozen=True, kw_only=True)
class ShapeSettings:
    """Shape of a calcification in numbers."""

    field_of_view: float = setting(1.7, "1", TRAINED, "side of a close-up over the length of the object")
    min_field_px: float = setting(
        10.0, "px", TRAINED, "side of a close-up at least: smaller objects are shown with what is round them"
    )
    pyramid_levels: int = setting(
        4, "count", TRAINED, "levels of the pyramid a close-up is taken from, each half as fine"
    )
    rim_share: float = setting(0.45, "share", CHOSEN, "of the depth inside the outline: up to here is rim")
    core_share: float = setting(0.6, "share", CHOSEN, "of the depth inside the outline: from here on is core")
    min_core_depth: float = setting(
        2.0, "count", CHOSEN, "cells from the outline to the middle: a thinner object shows no lucency"
    )
    rim_quantile: float = setting(
        0.75, "share", CHOSEN, "quantile of the rim that a lucent center is darker than"
    )
    min_core_cells: int = setting(6, "count", CHOSEN, "a core of fewer cells shows no lucency")
    notch_share: float = setting(
        0.12, "share", CHOSEN, "of the object's length: a shallower notch of the outline parts no arms"
    )
    min_notch_cells: float = setting(
        2.0, "count", CHOSEN, "a notch shallower than so many cells parts no arms"
    )
    blur_mm: float = setting(0.06, "mm", CHOSEN, "blur of focal spot and detector of a mammography system")
    min_length_px: float = setting(
        0.5, "px", CHOSEN, "nothing is taken for shorter: an outline can shrink to a line"
    )
    micro_mm: float = setting(
        0.5,
        "mm",
        STANDARD,
        "diameter below which a calcification is a microcalcification",
        reference="textbook word (clinical usage), no BI-RADS descriptor",
    )
    macro_mm: float = setting(
        1.0,
        "mm",
        STANDARD,
        "diameter above which a calcification is a macrocalcification",
        reference="textbook word (clinical usage), no BI-RADS descriptor",
    )
    guard_mm: float = setting(
        0.1,
        "mm",
        CHOSEN,
        "diameters this near a limit, or on that border, are borderline: the error of a diameter",
    )
