"""Settings of the analysis of one image: every number that can change its findings, by stage.

Each stage has a frozen class; ``AnalysisSettings`` holds them all beside the five numbers that a user may
want to change. Every field says its unit and where its value comes from (``domain/settings.py``); the hash of
all values is stored with every result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from calcwatch.domain.settings import CHOSEN, FITTED, MEASURED, STANDARD, TRAINED, setting
from calcwatch.image.settings.find import (
    CandidateSettings,
    ClassifySettings,
    FilterBankSettings,
    PatchSettings,
)
from calcwatch.image.settings.prepare import (
    BreastSettings,
    LandmarkSettings,
    NormalizeSettings,
    QualitySettings,
)


@dataclass(frozen=True, kw_only=True)
class OutlineSettings:
    """Outline of a calcification with the blur undone, its size and errors."""

    window_sigmas: float = setting(
        5.0, "sigma", CHOSEN, "half of the window round a detection in sigmas of its scale"
    )
    min_window_px: int = setting(8, "px", CHOSEN, "half of that window, at least")
    max_window_mm: float = setting(4.0, "mm", CHOSEN, "half of that window, at most")
    window_growth: float = setting(
        1.7, "1", CHOSEN, "the window grows by this factor while the object touches its rim"
    )
    fine_window_px: int = setting(
        16, "px", CHOSEN, "windows up to this are looked at four times finer, larger ones twice"
    )
    half_height: float = setting(
        0.5, "share", CHOSEN, "share of the height at which the core of an object ends"
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


@dataclass(frozen=True, kw_only=True)
class MetalSettings:
    """Clips, skin markers and wires: how white, how sharp, how wide, how long an object is."""

    min_white: float = setting(
        0.75, "gray", CHOSEN, "a picture whose breast is darker all over shows no metal"
    )
    min_headroom: float = setting(
        0.12, "gray", CHOSEN, "a surround this close to white leaves nothing to tell metal by"
    )
    seed_cell_mm: float = setting(0.3, "mm", CHOSEN, "white spots are looked for on cells of this size")
    seed_mm2: tuple[float, float] = setting(
        (0.03, 90.0), "mm2", CHOSEN, "least and greatest area of a white spot that is looked at"
    )
    max_seed_mm: float = setting(60.0, "mm", CHOSEN, "greatest length of a white spot that is looked at")
    max_object_candidates: int = setting(
        60,
        "count",
        CHOSEN,
        "white spots looked at, the largest first: a window that saturates tissue makes thousands",
    )
    window_margin_mm: float = setting(2.5, "mm", CHOSEN, "what is looked at round a white spot")
    surround_mm: tuple[float, float] = setting(
        (0.4, 1.5), "mm", CHOSEN, "nearest and farthest ring round an object that its surround is measured on"
    )
    cut_off_px: int = setting(3, "px", CHOSEN, "so close to the border of the picture an object is cut off")
    reach_mm: float = setting(0.5, "mm", CHOSEN, "a detection so close to metal belongs to it")
    saturated_gray: float = setting(0.985, "gray", CHOSEN, "gray from which on a pixel is pure white")
    saturated_share: float = setting(
        2.5e-4, "share", CHOSEN, "of the breast, beside metal: then the window saturates calcifications too"
    )
    plateau_level: float = setting(
        0.93, "share", CHOSEN, "share of the way from the surround to white above which metal is displayed"
    )
    outline_level: float = setting(0.5, "share", CHOSEN, "share of the same way at which an object ends")
    min_plateau: float = setting(
        0.28, "share", CHOSEN, "of the object's area; the thinnest wire has that much"
    )
    edge_blur_mm: float = setting(
        0.09, "mm", CHOSEN, "the softest edge that metal has, beside what coarse pixels add"
    )
    edge_blur_px: float = setting(0.18, "px", CHOSEN, "what coarse pixels add to it, in pixels")
    max_soft_mm: float = setting(0.13, "mm", CHOSEN, "half of the width that is not white, at most")
    sharp_edge_mm: float = setting(0.085, "mm", CHOSEN, "edge of metal that is wider than the blur")
    max_thin_mm: float = setting(0.62, "mm", CHOSEN, "a wider one is no single clip")
    wide_mm: float = setting(0.72, "mm", CHOSEN, "from this width on a clip must be sharper and whiter")
    max_width_mm: float = setting(2.2, "mm", CHOSEN, "nothing of metal is wider")
    ball_mm: tuple[float, float] = setting(
        (1.3, 4.0), "mm", CHOSEN, "least and greatest diameter of a ball on the skin"
    )
    ball_roundness: float = setting(
        0.7, "share", CHOSEN, "area over that of the smallest circle, from which on an object is round"
    )
    branched_solidity: float = setting(
        0.72, "share", CHOSEN, "solidity up to which an object is bent or crossed"
    )
    long_mm: float = setting(9.5, "mm", CHOSEN, "longer than any clip and any rod of calcium")
    wire_mm: tuple[float, float] = setting(
        (0.25, 0.46), "mm", CHOSEN, "least and greatest width of a suture of steel"
    )
    line_px: float = setting(
        1.6, "px", CHOSEN, "a straight line this thin is a scratch or a fault of the scanner"
    )
    ring_mm: float = setting(
        5.0, "mm", CHOSEN, "hole of a ring on the skin; a loop of wire has a smaller one"
    )
    surgical_bed_mm: float = setting(20.0, "mm", CHOSEN, "clips of one operation lie this close")
    doubt_mm: float = setting(0.02, "mm", CHOSEN, "beside clips an edge may be softer by this")
    max_contact_mm: float = setting(
        3.0, "mm", CHOSEN, "longer contact with the border is the rim of a film or of a collimator"
    )
    fine_mm: float = setting(0.04, "mm", CHOSEN, "objects are measured on pixels of about this size")
    margin_px: int = setting(2, "px", CHOSEN, "pixels round an object that are measured with it")
    ridge_px: float = setting(
        0.35, "px", CHOSEN, "a pixel whose neighbors are deeper by no more than this lies on the middle line"
    )
    ridge_depth: float = setting(
        0.5, "share", CHOSEN, "of the deepest pixel: shallower ones are no middle line"
    )
    contour_length: float = setting(
        0.95,
        "1",
        MEASURED,
        "true length of a curve over that of its chain of pixels",
        reference="mean over all directions of an 8-connected chain: pi / (8 (sqrt 2 - 1))",
    )


@dataclass(frozen=True, kw_only=True)
class DustSettings:
    """Dust and scratches: thinner than the blur of an x-ray image, too bright for calcium that thin."""

    radius_px: int = setting(3, "px", CHOSEN, "half of the patch round a peak")
    max_width_px: float = setting(1.9, "px", CHOSEN, "the blur of a system leaves more")
    gray_per_mm: float = setting(
        1.5, "1", CHOSEN, "height over width, in gray a millimeter; calcium reaches two thirds of it"
    )
    max_unevenness: float = setting(
        0.25, "share", CHOSEN, "of the height: what the patch beside the speck may vary by"
    )
    evenness_quantiles: tuple[float, float] = setting(
        (0.1, 0.6), "share", CHOSEN, "quantiles of the patch that a speck or a line leaves alone"
    )
    reach_px: int = setting(40, "px", CHOSEN, "a scratch is followed this far from each peak")
    outline_level: float = setting(0.4, "share", CHOSEN, "of the height: the outline of a scratch")
    max_area_px: int = setting(
        250, "px", CHOSEN, "a larger area is neither speck nor scratch: only the peak is taken"
    )


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """Letters burned into the picture beside the breast."""

    cell_mm: float = setting(0.4, "mm", CHOSEN, "letters are looked for on cells of this size")
    skin_mm: float = setting(2.0, "mm", CHOSEN, "nearer to the breast than this nothing is a letter")
    above_air: float = setting(0.5, "share", CHOSEN, "of the way from the air to white: letters are brighter")
    height_mm: tuple[float, float] = setting(
        (2.0, 16.0), "mm", CHOSEN, "least and greatest height of a letter"
    )
    width_mm: tuple[float, float] = setting((0.3, 16.0), "mm", CHOSEN, "least and greatest width of a letter")
    gap_mm: float = setting(6.0, "mm", CHOSEN, "greatest gap between the letters of a word")
    min_letters: int = setting(2, "count", CHOSEN, "fewer are no word")
    max_filled: float = setting(
        0.75, "share", CHOSEN, "of its box; what is fuller is a label or a frame, not a letter"
    )


@dataclass(frozen=True, kw_only=True)
class LookalikeSettings:
    """Which detections are held against look-alikes."""

    min_dust_strength: float = setting(8.0, "sigma", CHOSEN, "weaker detections are noise, never dust")


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


@dataclass(frozen=True, kw_only=True)
class PatternSettings:
    """Fragments of a line, a region or a scatter that are one group."""

    reach: float = setting(
        2.0,
        "1",
        CHOSEN,
        "fragments of one region or line lie within this many grouping distances of each other",
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


@dataclass(frozen=True, kw_only=True)
class DistributionSettings:
    """Distribution of a group, from where calcifications lie."""

    min_score: float = setting(0.5, "share", TRAINED, "points of a lower score are no part of a pattern")
    min_length_mm: float = setting(
        0.3, "mm", TRAINED, "shorter lengths count as this: nothing is measured finer"
    )


@dataclass(frozen=True, kw_only=True)
class SuspicionSettings:
    """Suspicion of a description."""

    min_share: float = setting(
        1e-4, "share", CHOSEN, "expected shares are kept this far from 0 and 1, where their logit has no end"
    )
    crowd_mm: float = setting(
        5.0,
        "mm",
        FITTED,
        "calcifications within this distance are a crowd",
        reference="calcwatch-lab train suspicion",
    )


@dataclass(frozen=True, kw_only=True)
class TissueMapSettings:
    """The map of the tissue that a later comparison aligns by."""

    min_subthreshold_score: float = setting(
        0.02, "share", CHOSEN, "candidates below the threshold and above this are kept for a comparison"
    )
    cell_mm: float = setting(0.5, "mm", CHOSEN, "size of a cell of the map")
    median_cells: int = setting(
        5, "count", CHOSEN, "median over so many cells: no calcification is left, strands and vessels are"
    )
    local_mm: float = setting(6.0, "mm", CHOSEN, "brightness and contrast are evened out over this distance")
    min_deviation: float = setting(
        0.15, "1", CHOSEN, "of the picture's own contrast: flat places are not blown up to noise"
    )
    contrast_to_noise_mm: float = setting(3.0, "mm", CHOSEN, "size of a cell of the map of contrast to noise")


@dataclass(frozen=True)
class AnalysisSettings:
    """Every number that changes the findings of an image.

    Attributes:
        score_threshold: Candidates of a lower score are not reported, 0 to 1.
        min_contrast: Nor are those that stand less than this many units of noise above their surround.
        grouping_distance_mm: Two calcifications closer than this belong together.
        min_group_count: Fewer calcifications are no group.
        max_candidates: How many of the strongest candidates are looked at in one image.
        normalize: Settings of the stage of that name.
        breast: Settings of the stage of that name.
        quality: Settings of the stage of that name.
        landmarks: Settings of the stage of that name.
        filter_bank: Settings of the stage of that name.
        candidates: Settings of the stage of that name.
        patches: Settings of the stage of that name.
        classify: Settings of the stage of that name.
        outline: Settings of the stage of that name.
        shape: Settings of the stage of that name.
        metal: Settings of the stage of that name.
        dust: Settings of the stage of that name.
        burned_in_text: Settings of the stage of that name.
        lookalikes: Settings of the stage of that name.
        group: Settings of the stage of that name.
        patterns: Settings of the stage of that name.
        shape_patches: Settings of the stage of that name.
        morphology: Settings of the stage of that name.
        distribution: Settings of the stage of that name.
        suspicion: Settings of the stage of that name.
        tissue_map: Settings of the stage of that name.

    Raises:
        ValueError: A number that makes no sense; the message names it and what is allowed.
    """

    score_threshold: float = setting(0.5, "share", CHOSEN, "candidates of a lower score are not reported")
    min_contrast: float = setting(1.0, "sigma", CHOSEN, "nor are those that stand less above their surround")
    grouping_distance_mm: float = setting(
        5.0, "mm", CHOSEN, "two calcifications closer than this belong together"
    )
    min_group_count: int = setting(3, "count", CHOSEN, "fewer calcifications are no group")
    max_candidates: int = setting(4000, "count", CHOSEN, "candidates looked at in one image, the strongest")
    normalize: NormalizeSettings = field(default_factory=NormalizeSettings)
    breast: BreastSettings = field(default_factory=BreastSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    landmarks: LandmarkSettings = field(default_factory=LandmarkSettings)
    filter_bank: FilterBankSettings = field(default_factory=FilterBankSettings)
    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    patches: PatchSettings = field(default_factory=PatchSettings)
    classify: ClassifySettings = field(default_factory=ClassifySettings)
    outline: OutlineSettings = OutlineSettings()
    shape: ShapeSettings = ShapeSettings()
    metal: MetalSettings = MetalSettings()
    dust: DustSettings = DustSettings()
    burned_in_text: TextSettings = TextSettings()
    lookalikes: LookalikeSettings = LookalikeSettings()
    group: GroupSettings = GroupSettings()
    patterns: PatternSettings = PatternSettings()
    shape_patches: ShapePatchSettings = ShapePatchSettings()
    morphology: MorphologySettings = MorphologySettings()
    distribution: DistributionSettings = DistributionSettings()
    suspicion: SuspicionSettings = SuspicionSettings()
    tissue_map: TissueMapSettings = TissueMapSettings()

    def __post_init__(self) -> None:
        if not 0.0 <= self.score_threshold <= 1.0:
            raise ValueError(f"score_threshold {self.score_threshold} is not between 0 and 1")
        if self.grouping_distance_mm <= 0:
            raise ValueError(f"grouping_distance_mm {self.grouping_distance_mm} must be above 0")
        if self.min_group_count < 2:
            raise ValueError(f"min_group_count {self.min_group_count} is no group; two is the least")
        if self.max_candidates < 1:
            raise ValueError(f"max_candidates {self.max_candidates} must be at least 1")

    def numbers(self) -> dict[str, float]:
        """Return the five numbers that a user may change, by name, as a result's provenance lists them."""
        return {
            number.name: value
            for number in fields(self)
            if isinstance(value := getattr(self, number.name), int | float)
        }
