"""Settings of the stages that prepare a picture, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, setting


@dataclass(frozen=True, kw_only=True)
class NormalizeSettings:
    """Which part of the picture is the breast, and which way it is turned."""

    assumed_spacing_mm: float = setting(
        0.1,
        "mm",
        CHOSEN,
        "pixel spacing that filters are chosen for where the file tells none; it never makes a length in mm",
    )
    histogram_bins: int = setting(
        512, "count", CHOSEN, "bins of the histogram of gray in which the background peak is sought"
    )
    background_range: float = setting(
        0.2, "share", CHOSEN, "the peak of the background lies in this darkest part of the gray range"
    )
    background_share: float = setting(
        0.02, "share", CHOSEN, "share of all pixels; with fewer in the peak the picture has no background"
    )
    above_background: float = setting(
        0.03,
        "share",
        CHOSEN,
        "part of the gray range above the background from which on something was imaged",
    )
    max_samples: int = setting(
        500_000, "count", CHOSEN, "pixels, evenly spread, that tell the gray range of a picture"
    )
    brightest_quantile: float = setting(
        0.999, "share", CHOSEN, "quantile of gray that ends the gray range: a few white pixels do not"
    )
    peak_bins: int = setting(
        2, "count", CHOSEN, "bins on either side of the background's peak that belong to it"
    )
    smoothing_px: int = setting(
        5, "px", CHOSEN, "side of the mean filter that keeps noise in the air from being taken for the breast"
    )
    reduction_px: int = setting(
        4, "px", CHOSEN, "the largest object is found on pixels this many times as large"
    )
    margin_px: int = setting(4, "px", CHOSEN, "air that the crop leaves round the breast")


@dataclass(frozen=True, kw_only=True)
class BreastSettings:
    """Where the breast is."""

    opening_mm: float = setting(
        3.0, "mm", CHOSEN, "labels, threads and frame edges thinner than this are no breast"
    )
    opening_steps: int = setting(
        4, "count", CHOSEN, "pixels in half of that width on which they are looked for"
    )
    film_rim_mm: float = setting(
        20.0, "mm", CHOSEN, "a bright strip along the border up to this deep may be the rim of a film"
    )
    film_rim_margin_mm: float = setting(3.0, "mm", CHOSEN, "what is taken off beyond that strip")
    film_rim_share: float = setting(
        0.9,
        "share",
        CHOSEN,
        "share of a row or column; no breast fills that much of one, but for the chest wall",
    )
    outline_tolerance_mm: float = setting(
        0.5, "mm", CHOSEN, "how far the polygon of the breast may run from its rim"
    )


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """Whether an image may be analyzed, and what a reader must know of it."""

    min_breast_cm2: float = setting(
        5.0, "cm2", CHOSEN, "a smaller breast is no mammogram, or its spacing is wrong"
    )
    max_breast_cm2: float = setting(
        1000.0, "cm2", CHOSEN, "a larger breast is no mammogram, or its spacing is wrong"
    )
    min_breast_share: float = setting(
        0.01, "share", CHOSEN, "share of the picture, where the spacing is unknown"
    )
    sample_step: int = setting(2, "px", CHOSEN, "gray is looked at in every such row and column")
    gray_quantiles: tuple[float, float] = setting(
        (0.02, 0.98), "share", CHOSEN, "quantiles of gray between which the levels of the breast are counted"
    )
    min_gray_levels: int = setting(
        24,
        "count",
        CHOSEN,
        "stored values between those quantiles; with fewer the breast is too dark to be analyzed",
    )
    few_gray_levels: int = setting(64, "count", CHOSEN, "with fewer, contrast and its error are rough")
    saturated_share: float = setting(
        0.25, "share", CHOSEN, "share of the breast that is pure white; with more nothing can be found in it"
    )
    partly_saturated_share: float = setting(
        0.01, "share", CHOSEN, "share of the breast that is pure white; with more a reader must know"
    )
    coarse_mm: float = setting(0.12, "mm", CHOSEN, "pixels farther apart lose or blur small calcifications")


@dataclass(frozen=True, kw_only=True)
class LandmarkSettings:
    """Nipple, pectoral muscle and chest wall."""

    cell_mm: float = setting(
        0.5, "mm", CHOSEN, "size of the cells on which landmarks are sought; none is known better"
    )
    border_cells: int = setting(
        2, "count", CHOSEN, "rim of the breast this near the border of the picture is no skin line"
    )
    min_skin_line_mm: float = setting(
        40.0, "mm", CHOSEN, "a shorter skin line shows too little of a breast to say where its nipple is"
    )
    muscle_sigma_mm: float = setting(1.5, "mm", CHOSEN, "blur before the front edge of the muscle is sought")
    muscle_top_mm: tuple[float, float, float] = setting(
        (14.0, 110.0, 2.0),
        "mm",
        CHOSEN,
        "first, last and step of the places where the edge may meet the upper border",
    )
    muscle_foot_mm: tuple[float, float, float] = setting(
        (40.0, 240.0, 4.0),
        "mm",
        CHOSEN,
        "first, last and step of the places where it may meet the chest wall",
    )
    muscle_steepness: tuple[float, float] = setting(
        (1.0, 9.0), "1", CHOSEN, "least and greatest steepness of the edge, rows over columns"
    )
    muscle_samples: tuple[float, float, int] = setting(
        (0.03, 0.97, 60),
        "1",
        CHOSEN,
        "first and last part of the way along the edge that is looked at, and number of samples",
    )
    max_muscle_foot: float = setting(
        1.05, "1", CHOSEN, "of the height of the picture: how far down the edge may be followed, at most"
    )
    muscle_fall_scale: float = setting(
        2.0,
        "1",
        CHOSEN,
        "falls of gray up to so many times the mean fall count in proportion, steeper ones hardly more",
    )
    muscle_length_exponent: float = setting(
        0.25, "1", CHOSEN, "exponent of the edge's length: of edges that fall alike the longer one is taken"
    )
    muscle_skin_mm: float = setting(
        4.0, "mm", CHOSEN, "so close to the skin, what falls off is the breast itself"
    )
    muscle_across_mm: float = setting(
        5.0, "mm", CHOSEN, "brightness is compared so far behind and before the edge"
    )
    min_muscle_step: float = setting(
        0.04, "share", CHOSEN, "share of the breast's mean gray by which the muscle is brighter, at least"
    )
    skin_fine_mm: float = setting(1.0, "mm", CHOSEN, "sigma of the skin line that still shows a nipple")
    skin_wide_mm: float = setting(14.0, "mm", CHOSEN, "sigma of the skin line that shows only the breast")
    bump_window: float = setting(
        3.0,
        "1",
        CHOSEN,
        "window, in sigmas of the wide skin line, whose median offset is the roundness of the breast",
    )
    nipple_bump_mm: float = setting(
        1.2, "mm", CHOSEN, "standing out of the skin line this far is a nipple in profile"
    )
    max_nipple_bump_mm: float = setting(
        3.0, "mm", CHOSEN, "what stands out further is no more of a nipple: a fold, a finger"
    )
    behind_nipple_mm: tuple[float, float, float] = setting(
        (4.0, 16.0, 1.0),
        "mm",
        CHOSEN,
        "first, last and step of the depths behind the skin at which dense tissue speaks for the nipple",
    )
    density_sigma_mm: float = setting(
        4.0, "mm", CHOSEN, "blur along the skin line of how bright the tissue behind it is"
    )
    forward_weight: float = setting(1.0, "1", CHOSEN, "weight of a millimeter the way a nipple points")
    bump_weight: float = setting(8.0, "1", CHOSEN, "weight of a millimeter out of the skin line")
    density_weight: float = setting(
        2.0, "mm", CHOSEN, "weight of a standard deviation of brightness behind the skin line"
    )
